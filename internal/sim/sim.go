package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/store"
)

// Options says what to play.
type Options struct {
	Seed  uint64
	Steps int
	// Open opens the store of the run, empty at first, on a clock. It is called again
	// after each death of the program and must open the same store.
	Open func(ctx context.Context, clk clock.Clock) (*store.Store, error)
}

// Report is what a run that ended without a difference did.
type Report struct {
	Seed   uint64 `json:"seed"`
	Steps  int    `json:"steps"`
	Deaths int    `json:"deaths"` // how often the program died, before a write or after it
	Lost   int    `json:"lost"`   // answers lost though what was asked for was done
	Jumps  int    `json:"jumps"`  // of the clock
	// Digest is of every step and of what the books say at the end: the same seed
	// gives the same.
	Digest string `json:"digest"`
}

// Difference is where the product and the auditor disagree, or where the product
// failed. It is an error.
type Difference struct {
	Seed  uint64   `json:"seed"`
	Step  int      `json:"step"` // during which it showed; Options.Steps when at the end
	What  string   `json:"what"`
	Trail []string `json:"trail"` // the last steps
}

// trailMax is how many steps a difference names.
const trailMax = 40

func (d *Difference) Error() string {
	return fmt.Sprintf("seed %d, step %d: %s\nthe steps before:\n  %s", d.Seed, d.Step, d.What, strings.Join(d.Trail, "\n  "))
}

// Run plays a seed. The error is a *Difference, or what ended the context.
func Run(ctx context.Context, o Options) (report Report, err error) {
	w := &world{options: o, ctx: ctx, notes: sha256.New()}
	defer func() {
		if w.store != nil {
			w.store.Close()
		}
		switch failed := recover().(type) {
		case nil:
		case *Difference:
			err = failed
		default:
			panic(failed)
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
	}()
	w.begin()
	for w.step = range o.Steps {
		w.one()
	}
	w.step = o.Steps
	w.compare()
	report = Report{Seed: o.Seed, Steps: o.Steps, Deaths: w.deaths, Lost: w.lost, Jumps: w.jumps}
	report.Digest = hex.EncodeToString(w.notes.Sum(nil))
	return report, nil
}
