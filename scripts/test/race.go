package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// concurrent is how a package shows that its own code meets other goroutines.
var concurrent = regexp.MustCompile(`(?m)^\s*(go [\w(]|"sync"|"sync/atomic")`)

// looks names the tests that look at pages in a browser: minutes under the
// detector, of which the browser's share tells it nothing.
const looks = "InBrowser|^TestGallery"

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
		// Test support and commands start processes; they share no memory with them.
		if len(found) > 0 && !strings.Contains(p.ImportPath, "/cmd/") && !strings.Contains(p.ImportPath, "/scripts/") && !strings.Contains(p.ImportPath, "/browsertest") {
			paths = append(paths, p.ImportPath)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	if err := r.startCluster(); err != nil {
		return err
	}
	cmd := r.command("go", append([]string{"test", "-json", "-race", "-short", "-skip=" + looks, "-timeout=5m"}, paths...)...)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	return r.count(cmd)
}
