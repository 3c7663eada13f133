package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Elapsed    float64
	Output     string
}

// goTest runs `go test` with args, shows one line per package and all that a
// failing test said, and counts.
func (r *run) goTest(args ...string) error {
	return r.count(r.command("go", append([]string{"test", "-json"}, args...)...))
}

func (r *run) count(cmd *exec.Cmd) error {
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := r.tally(events)
	return errors.Join(readErr, cmd.Wait())
}

// tally keeps what each test says until it is known whether anybody wants it.
func (r *run) tally(events io.Reader) error {
	said := map[string]*strings.Builder{}
	for decoder := json.NewDecoder(events); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		subject := e.Package + " " + e.Test
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "output":
			if said[subject] == nil {
				said[subject] = &strings.Builder{}
			}
			said[subject].WriteString(e.Output)
		case "pass", "fail", "skip":
			r.note(e, said[subject])
			delete(said, subject)
		}
	}
}

// note takes in how a test or, without a test's name, a package ended.
func (r *run) note(e event, said *strings.Builder) {
	if e.Action == "fail" && said != nil {
		fmt.Print(said.String())
	}
	switch {
	case e.Test == "" && e.Action == "pass":
		fmt.Printf("ok    %6.1f s  %s\n", e.Elapsed, e.Package)
	case e.Test == "" && e.Action == "fail":
		fmt.Printf("FAIL  %6.1f s  %s\n", e.Elapsed, e.Package)
	case e.Test == "": // a package without tests
	case e.Action == "pass":
		r.passed++
	case e.Action == "fail":
		r.failed++
	case e.Action == "skip":
		r.skipped++
	}
}

const modulePath = "github.com/billfold/billfold"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

// packages lists those of the repository below its root, whose own tests are the
// house step, in a stable order. A package that does not build is listed too:
// whoever uses it reports that.
func (r *run) packages() ([]listed, error) {
	out, err := r.command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			return nil, err
		}
		if p.ImportPath != modulePath {
			all = append(all, p)
		}
	}
	return all, nil
}

// find gives the first group of each match of pattern in files of p.
func (p listed) find(pattern *regexp.Regexp, files ...[]string) ([]string, error) {
	var found []string
	for _, name := range slices.Concat(files...) {
		text, err := os.ReadFile(p.Dir + "/" + name)
		if err != nil {
			return nil, err
		}
		for _, match := range pattern.FindAllSubmatch(text, -1) {
			found = append(found, string(match[1]))
		}
	}
	return found, nil
}
