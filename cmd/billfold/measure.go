package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"time"

	"github.com/billfold/billfold/cmd/billfold/bench"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/store/probe"
)

type benchCommand struct {
	Name    string        `arg:"" help:"online, web, file, billing, status, lookup, numbers, autopay, ach, returns, reconcile, or all."`
	Engine  string        `help:"Which database." enum:"sqlite,postgres" default:"sqlite"`
	DSN     string        `help:"Address of an empty PostgreSQL database; a throw-away cluster when left out."`
	Dir     string        `help:"Where the bench keeps its files, on the disk to be measured." type:"existingdir"`
	Seconds time.Duration `help:"How long a rate is measured." default:"10s"`
	Items   int           `help:"Items in the file of the file bench; accounts of the lookup bench; policies of the billing and status benches; mandates of the autopay bench." default:"1000000" aliases:"mandates"`
	Numbers int           `help:"Numbers that the numbers bench issues." default:"12600000"`
	JSON    bool          `help:"A line of JSON per figure."`
}

// Run implements the command.
func (c *benchCommand) Run(r *run) error {
	names := []string{c.Name}
	if c.Name == "all" {
		names = bench.Names
	}
	options := bench.Options{
		Engine: c.Engine, DSN: c.DSN, Dir: c.Dir, Seconds: c.Seconds, Items: c.Items, Numbers: c.Numbers,
		Probe: probeApart,
		Say:   func(format string, args ...any) { fmt.Fprintf(r.errs, "  "+format+"\n", args...) },
	}
	for _, name := range names {
		err := bench.Run(r.ctx, name, options, func(f bench.Figure) error {
			if c.JSON {
				return r.printJSON(f)
			}
			r.printf("%s\n", f)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// probeOrder tells a process of its own what reference rows to write. It goes
// through the standard input because an address may hold a password.
type probeOrder struct {
	At         probe.Address
	Count, Run int
}

// probeCommand writes the reference rows of the file bench.
type probeCommand struct{}

// Run implements the command.
func (*probeCommand) Run(r *run) error {
	var order probeOrder
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		return fault.New(fault.Invalid, "", "the bench starts this command: %v", err)
	}
	took, err := probe.Run(r.ctx, clock.System{}, order.At, order.Count, order.Run)
	if err != nil {
		return err
	}
	return r.printJSON(took)
}

// probeApart runs the reference in a process of its own, so that the memory
// measured is the product's.
func probeApart(ctx context.Context, at probe.Address, count, run int) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	order, err := json.Marshal(probeOrder{at, count, run})
	if err != nil {
		return 0, err
	}
	child := exec.CommandContext(ctx, self, "probe")
	child.Stdin, child.Stderr = bytes.NewReader(order), os.Stderr
	out, err := child.Output()
	if err != nil {
		return 0, fault.New(fault.Internal, "", "the reference failed: %v", err)
	}
	var took time.Duration
	return took, json.Unmarshal(out, &took)
}

type versionCommand struct{}

// Run implements the command.
func (*versionCommand) Run(r *run) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fault.New(fault.Internal, "", "this binary carries no build information")
	}
	revision := "unknown"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	r.printf("billfold %s (revision %s, %s)\n", info.Main.Version, revision, info.GoVersion)
	return nil
}
