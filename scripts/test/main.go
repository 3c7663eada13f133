// Command test proves the repository: it is `make test`, and what CI runs.
//
// It takes its steps in order, stops at the first that makes the following
// ones meaningless, says how long each took, and ends with one line of counts.
// Nothing is skipped for want of a tool: what the machine lacks is fetched from
// npm or the Go module proxy, and what cannot be had fails by name. With step
// names as arguments it takes only those: `go run ./scripts/test needs`.
//
// Start reading at steps.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/store/throwaway"
	"github.com/billfold/billfold/internal/store/throwaway/pgtest"
)

// run is one run of the steps and what they add up to.
type run struct {
	ctx     context.Context
	passed  int
	failed  int
	skipped int
	cluster *throwaway.Cluster // the PostgreSQL that all test binaries share, once a step needed it
}

type step struct {
	name string
	why  string
	do   func(r *run) error
	must bool // the steps after it mean nothing if it fails
}

var steps = []step{
	{"needs", "PostgreSQL, a browser, axe-core and stripe-mock are at hand", needs, true},
	{"assets", "the pages' style sheet, fonts and script are built", assets, true},
	{"house", "formatting, source text and import rules", house, false},
	{"vet", "go vet", vet, false},
	{"tests", "every test, on both engines", tests, false},
	{"race", "concurrent packages under the race detector", race, false},
	{"fuzz", "every parser, a few seconds each", fuzz, false},
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	r := &run{ctx: ctx}
	ok := r.take(os.Args[1:])
	if r.cluster != nil {
		r.cluster.Stop()
	}
	cancel()
	if !ok {
		os.Exit(1)
	}
}

// take runs the named steps, or all, and reports whether all is well.
func (r *run) take(names []string) bool {
	began := time.Now()
	var broken []string
	for _, s := range steps {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		stepBegan := time.Now()
		fmt.Printf("== %s: %s\n", s.name, s.why)
		err := s.do(r)
		fmt.Printf("== %s took %.1f s\n", s.name, time.Since(stepBegan).Seconds())
		if err == nil {
			continue
		}
		fmt.Printf("== %s FAILED: %v\n", s.name, err)
		if hint := fault.HintOf(err); hint != "" {
			fmt.Println("   " + hint)
		}
		broken = append(broken, s.name)
		if s.must || r.ctx.Err() != nil {
			break
		}
	}
	verdict := "all steps passed"
	if len(broken) > 0 {
		verdict = "failed: " + strings.Join(broken, ", ")
	}
	fmt.Printf("%d passed, %d failed, %d skipped in %.0f s; %s\n", r.passed, r.failed, r.skipped, time.Since(began).Seconds(), verdict)
	return len(broken) == 0 && r.failed == 0
}

// ci reports whether a machine of CI runs us, where no answer may be old.
func ci() bool { return os.Getenv("CI") != "" }

// soaking reports whether the long runs are meant; the tests themselves look at
// the same variable.
func soaking() bool { return os.Getenv("BILLFOLD_SOAK") != "" }

func assets(r *run) error { return r.show(r.command("go", "run", "./scripts/assets")) }

func house(r *run) error { return r.goTest("-count=1", ".") }

func vet(r *run) error { return r.show(r.command("go", "vet", "./...")) }

// vetted keeps go test from looking again, in each build that a step makes, for a
// part of what the vet step has looked for.
const vetted = "-vet=off"

// together is how many packages' tests run at once: more than there are cores, as
// tests of servers, browsers and jobs wait often.
var together = fmt.Sprintf("-p=%d", runtime.NumCPU()+1)

func tests(r *run) error {
	if err := r.startCluster(); err != nil {
		return err
	}
	all, err := r.packages()
	if err != nil {
		return err
	}
	args := []string{"-timeout=8m", vetted, together}
	if soaking() {
		args = []string{"-timeout=6h", vetted}
	}
	if ci() || soaking() {
		args = append(args, "-count=1") // else results that still hold come from the cache
	}
	for _, p := range all {
		args = append(args, p.ImportPath)
	}
	return r.goTest(args...)
}

// startCluster starts the shared server for the steps that run store tests; a
// server that the caller named is used instead.
func (r *run) startCluster() error {
	if r.cluster != nil || os.Getenv(pgtest.DSNEnv) != "" {
		return nil
	}
	cluster, err := throwaway.Start(r.ctx, pgtest.Options())
	if err != nil {
		return err
	}
	r.cluster = cluster
	return nil
}

// command is a program run from the root of the repository, without cgo as the
// product is built.
func (r *run) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.ctx, name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if r.cluster != nil {
		cmd.Env = append(cmd.Env, pgtest.DSNEnv+"="+r.cluster.DSN("postgres"))
	}
	return cmd
}

// show runs a command with its output before the reader's eyes.
func (r *run) show(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
