package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/sim"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/throwaway"
)

// simCommand plays whole days of a plan against an auditor with books of its own.
// It works in a folder of its own and touches no office.
type simCommand struct {
	Seeds int    `help:"How many seeds are played." default:"30"`
	First uint64 `help:"The first seed; the others follow it." default:"1"`
	Steps int    `help:"How many things happen to each." default:"120"`
	JSON  bool   `help:"Answer in JSON."`
}

// simJSON is what a run without a difference says.
type simJSON struct {
	Seeds       int    `json:"seeds"`
	First       uint64 `json:"first"`
	Steps       int    `json:"steps"`
	Deaths      int    `json:"deaths"`
	Lost        int    `json:"lost"`
	Jumps       int    `json:"jumps"`
	Differences int    `json:"differences"`
}

// Run implements the command.
func (c *simCommand) Run(r *run) error {
	if c.Seeds < 1 || c.Steps < 1 {
		return fault.New(fault.Invalid, "", "play at least one seed of one step")
	}
	dir, err := os.MkdirTemp(throwaway.Memory(), "billfold-sim-")
	if err != nil {
		return fault.New(fault.Unavailable, "", "no folder for the simulation can be made: %v", err)
	}
	defer os.RemoveAll(dir)
	p, err := newPlayground(r.ctx, dir)
	if err != nil {
		return err
	}
	sum, err := c.play(r.ctx, p)
	var d *sim.Difference
	switch {
	case errors.As(err, &d):
		if c.JSON {
			err = r.printJSON(d)
		} else {
			r.printf("%s\nPlay it again: billfold sim --seeds 1 --first %d --steps %d\n", d, d.Seed, c.Steps)
			err = nil
		}
		return errors.Join(err, exitError(exitProofFailed))
	case err != nil:
		return err
	case c.JSON:
		return r.printJSON(sum)
	}
	r.printf("%d seeds from %d on, %d steps each: no difference.\nThe program died %d times, %d answers were lost, the clock jumped %d times.\n",
		sum.Seeds, sum.First, sum.Steps, sum.Deaths, sum.Lost, sum.Jumps)
	return nil
}

// play plays the seeds side by side, in order, until one shows a difference.
func (c *simCommand) play(ctx context.Context, p *playground) (sum simJSON, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	sum = simJSON{Seeds: c.Seeds, First: c.First, Steps: c.Steps}
	var mu sync.Mutex
	next := 0
	take := func() (seed uint64, more bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return c.First + uint64(next-1), next <= c.Seeds && ctx.Err() == nil
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed, more := take(); more; seed, more = take() {
				report, err := p.run(ctx, seed, c.Steps)
				if err != nil {
					stop(err) // the first one counts
					return
				}
				mu.Lock()
				sum.Deaths, sum.Lost, sum.Jumps = sum.Deaths+report.Deaths, sum.Lost+report.Lost, sum.Jumps+report.Jumps
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return sum, context.Cause(ctx)
}

// playground is where seeds are played: a folder each, which begins with the file
// of an empty store.
type playground struct {
	dir   string
	keys  *vault.Vault
	empty []byte
}

func newPlayground(ctx context.Context, dir string) (*playground, error) {
	keys, err := vault.Create(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	first := filepath.Join(dir, "empty")
	s, err := store.Open(ctx, store.Options{Dir: first}, keys, clock.System{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	empty, err := os.ReadFile(filepath.Join(first, store.DatabaseFile)) // closing has emptied the log into it
	return &playground{dir, keys, empty}, err
}

func (p *playground) run(ctx context.Context, seed uint64, steps int) (sim.Report, error) {
	dir := filepath.Join(p.dir, strconv.FormatUint(seed, 10))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return sim.Report{}, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, store.DatabaseFile), p.empty, 0o600); err != nil {
		return sim.Report{}, err
	}
	return sim.Run(ctx, sim.Options{
		Seed: seed, Steps: steps,
		Open: func(ctx context.Context, clk clock.Clock) (*store.Store, error) {
			return store.Open(ctx, store.Options{Dir: dir}, p.keys, clk)
		},
	})
}
