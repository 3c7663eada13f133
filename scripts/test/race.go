package main

import (
	"fmt"
	"os/exec"
	"regexp"
)

// concurrent is how a package shows that its own code meets other goroutines.
var concurrent = regexp.MustCompile(`(?m)^\s*(go [\w(]|"sync"|"sync/atomic")`)

// looks names the tests that look at pages in a browser, and those that compute for
// long on a single goroutine: minutes under the detector, which learns nothing
// from them. What a browser sends is sent to the same code by tests without one,
// and by TestFields_TakeACard.
const looks = "InBrowser|^TestGallery|^TestFields_(AreAccessible|SetWhatIsTyped|SayWhatIsWrong)$|^Test(DetectionRates$|Attack_|Wave_|Stories_)"

// support is what only starts processes, with which it shares no memory: commands,
// and what tests are made with. The latter runs under the detector in the tests.
var support = regexp.MustCompile(`/cmd/|/scripts/|/browsertest|/throwaway|/stripemock`)

// unwatched builds the embedded database without the detector's marks: it is C in
// Go's clothes, whose every access to memory would be watched, at three times the
// time of our tests, and a race in it is not ours to find.
const unwatched = "-gcflags=modernc.org/sqlite/lib=-race=false"

// race runs the packages that are concurrent under the race detector, the only
// part that needs cgo. A machine without a C compiler says so and goes on: the
// detector is a stronger look at tests that have all run already.
func race(r *run) error {
	if _, err := exec.LookPath("gcc"); err != nil {
		fmt.Println("no gcc on this machine: the race detector is not run")
		return nil
	}
	all, err := r.packages()
	if err != nil {
		return err
	}
	var paths []string
	for _, p := range all {
		found, err := p.find(concurrent, p.GoFiles)
		if err != nil {
			return err
		}
		if len(found) > 0 && !support.MatchString(p.ImportPath) {
			paths = append(paths, p.ImportPath)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	if err := r.startCluster(); err != nil {
		return err
	}
	flags := []string{"test", "-json", "-race", "-short", vetted, together, unwatched, "-skip=" + looks, "-timeout=5m"}
	cmd := r.command("go", append(flags, paths...)...)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	return r.count(cmd)
}
