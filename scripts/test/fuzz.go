package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// How long fuzzing may take: each target its full time while they are few, a
// share of the whole when they are many.
const (
	fuzzEach  = 3 * time.Second
	fuzzLeast = 800 * time.Millisecond
	fuzzWhole = 50 * time.Second
	fuzzSoak  = 2 * time.Minute // each, when soaking
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// fuzz runs every fuzz target there is, found in the source so that none has to
// be listed. A package's binary is built once for all its targets.
func fuzz(r *run) error {
	all, err := r.packages()
	if err != nil {
		return err
	}
	targets := make([][]string, len(all))
	count := 0
	for i, p := range all {
		if targets[i], err = p.find(fuzzTarget, p.TestGoFiles, p.XTestGoFiles); err != nil {
			return err
		}
		count += len(targets[i])
	}
	each := min(fuzzEach, max(fuzzLeast, fuzzWhole/time.Duration(max(count, 1))))
	if soaking() {
		each = fuzzSoak
	}
	fmt.Printf("%d targets, %v each\n", count, each.Round(100*time.Millisecond))
	heavy, err := r.linkDatabase()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "billfold-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// A package is built while the one before it is fuzzed: each keeps a processor busy.
	built := make(chan fuzzed, 1)
	go func() {
		defer close(built)
		for i, p := range all {
			if len(targets[i]) > 0 {
				built <- r.buildFuzz(p, targets[i], guide(heavy[p.ImportPath]), filepath.Join(dir, fmt.Sprintf("%d.test", i)))
			}
		}
	}()
	var errs []error
	for f := range built {
		errs = append(errs, r.fuzzPackage(f, each))
	}
	return errors.Join(errs...)
}

// fuzzed is a package that was built for fuzzing.
type fuzzed struct {
	listed
	targets []string
	binary  string
	said    []byte // by a build that failed
	err     error
}

func (r *run) buildFuzz(p listed, targets []string, guide, binary string) fuzzed {
	f := fuzzed{listed: p, targets: targets, binary: binary}
	f.said, f.err = r.command("go", "test", "-c", vetted, guide, "-o", binary, p.ImportPath).CombinedOutput()
	return f
}

// guide is the flag by which a build marks the code whose branches lead fuzzing.
// Everything is marked; where the embedded database is linked, our own code only:
// the database's branches lead nowhere that a parser is, and marking them takes
// longer than all fuzzing.
func guide(database bool) string {
	if database {
		return "-gcflags=" + modulePath + "/...=-d=libfuzzer"
	}
	return "-fuzz=Fuzz"
}

// linkDatabase names the packages whose test binaries link the embedded database.
func (r *run) linkDatabase() (map[string]bool, error) {
	out, err := r.command("go", "list", "-e", "-test", "-f", "{{.ImportPath}} {{.Deps}}", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	links := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, deps, _ := strings.Cut(line, " ")
		if tested, ok := strings.CutSuffix(path, ".test"); ok && strings.Contains(deps, "modernc.org/sqlite") {
			links[tested] = true
		}
	}
	return links, nil
}

func (r *run) fuzzPackage(f fuzzed, each time.Duration) error {
	if f.err != nil {
		fmt.Printf("%s", f.said)
		return fmt.Errorf("%s: %w", f.ImportPath, f.err)
	}
	defer os.Remove(f.binary)
	var errs []error
	for _, target := range f.targets {
		out, err := r.fuzzTarget(f, target, each)
		if err != nil && endedLate(out) {
			out, err = r.fuzzTarget(f, target, each)
		}
		if err != nil {
			fmt.Printf("%s", out)
			errs = append(errs, fmt.Errorf("%s %s: %w", f.ImportPath, target, err))
			r.failed++
			continue
		}
		fmt.Printf("ok    %s %s\n", f.ImportPath, target)
		r.passed++
	}
	return errors.Join(errs...)
}

func (r *run) fuzzTarget(f fuzzed, target string, each time.Duration) ([]byte, error) {
	workers := "-test.parallel=1" // the next package is built beside it
	if soaking() {
		workers = "-test.parallel=2"
	}
	cmd := r.command(f.binary, "-test.run=^$", "-test.fuzz=^"+target+"$", "-test.fuzztime="+each.String(),
		"-test.fuzzcachedir="+f.binary+".cache", workers)
	cmd.Dir = f.Dir // seeds and new failures lie in the package's testdata
	return cmd.CombinedOutput()
}

// endedLate reports that the fuzzer found nothing but was itself too slow to stop in
// time, as it is now and then on a busy machine: that says nothing of the target,
// which gets its time once more. A finding always names the input that it wrote.
func endedLate(out []byte) bool {
	return bytes.Contains(out, []byte("context deadline exceeded")) && !bytes.Contains(out, []byte("Failing input"))
}
