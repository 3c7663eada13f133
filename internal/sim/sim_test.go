package sim_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/sim"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// seedEnv names the environment variable with the seed of a run to repeat.
const seedEnv = "BILLFOLD_SIM_SEED"

// keptSeeds lists the seeds that once showed a difference, a line each. They are
// played before all others, for ever.
const keptSeeds = "testdata/seeds.txt"

var clerk = ident.Actor{Kind: ident.Staff, Name: "sim"}

// TestRun_AgreesWithTheAuditor plays the kept seeds, thirty new ones on the
// embedded engine and some of them on the server; ten thousand when soaking. A
// seed with a difference is added to the kept ones.
func TestRun_AgreesWithTheAuditor(t *testing.T) {
	seeds, steps, onServer := draw(t, 30), 120, 2
	switch {
	case os.Getenv("BILLFOLD_SOAK") != "":
		seeds, steps, onServer = draw(t, 10_000), 400, 200
	case testing.Short(): // under the race detector, which learns nothing from the same acts again
		seeds, onServer = draw(t, 2), 1
	}
	kept := readKept(t)
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			play := slices.Concat(kept, seeds)
			if engine == "postgres" {
				play = slices.Concat(kept, seeds[:min(onServer, len(seeds))])
			}
			for _, seed := range play {
				_, err := sim.Run(t.Context(), sim.Options{Seed: seed, Steps: steps, Open: reopens(t, engine)})
				var d *sim.Difference
				if errors.As(err, &d) {
					keep(t, seed)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestRun_TheSameSeedPlaysTheSame holds that a difference can be found again.
func TestRun_TheSameSeedPlaysTheSame(t *testing.T) {
	var first sim.Report
	for i := range 2 {
		report, err := sim.Run(t.Context(), sim.Options{Seed: 42, Steps: 150, Open: reopens(t, "sqlite")})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && report.Digest != first.Digest {
			t.Errorf("the second time seed 42 gave %+v, and the first time %+v", report, first)
		}
		first = report
	}
	if first.Deaths == 0 || first.Lost == 0 || first.Jumps == 0 {
		t.Errorf("nothing went wrong in %+v", first)
	}
}

// TestRun_FindsAMistake holds that a wrong product is told from a right one: money
// that is posted behind the auditor's back shows.
func TestRun_FindsAMistake(t *testing.T) {
	open := reopens(t, "sqlite")
	opened := 0
	_, err := sim.Run(t.Context(), sim.Options{Seed: 1, Steps: 150, Open: func(ctx context.Context, clk clock.Clock) (*store.Store, error) {
		s, err := open(ctx, clk)
		if opened++; opened == 2 && err == nil {
			err = behindTheBack(ctx, s, clk)
		}
		return s, err
	}})
	var d *sim.Difference
	if !errors.As(err, &d) || d.Seed != 1 || len(d.Trail) == 0 {
		t.Errorf("got %v, want a difference of seed 1", err)
	}
}

// reopens gives what opens one fresh store of an engine again and again.
func reopens(t *testing.T, engine string) func(context.Context, clock.Clock) (*store.Store, error) {
	o := storetest.Open(t, engine)
	if err := o.Store.Close(); err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, clk clock.Clock) (*store.Store, error) {
		return store.Open(ctx, store.Options{Dir: o.Dir, DSN: o.DSN}, o.Vault, clk)
	}
}

// draw gives new seeds, or the one to repeat.
func draw(t *testing.T, n int) []uint64 {
	if text := os.Getenv(seedEnv); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return []uint64{seed}
	}
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = rand.Uint64()
	}
	return seeds
}

func readKept(t *testing.T) (seeds []uint64) {
	file, err := os.Open(keptSeeds)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", keptSeeds, err)
		}
		seeds = append(seeds, seed)
	}
	return seeds
}

func keep(t *testing.T, seed uint64) {
	file, err := os.OpenFile(keptSeeds, os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = fmt.Fprintln(file, seed)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Errorf("seed %d could not be kept: %v", seed, err)
	}
}

// behindTheBack pays something of which the auditor is not told.
func behindTheBack(ctx context.Context, s *store.Store, clk clock.Clock) error {
	purse := storetest.House{}.PurseOf(chart.Premium)
	till, err := s.OpenOperatingBook(ctx, "till", 0)
	if err != nil {
		return err
	}
	_, err = cashier.New(s, storetest.House{Clock: clk}, clk).Post(ctx, []payment.Instruction{{
		Key: "behind-the-back", Rail: payment.Counter, Amount: 1, Received: calendar.MustParse("2026-11-20"), Actor: clerk, Source: till,
		Parts: []payment.Part{{Reference: "nobody", Amount: 1, Received: purse}},
	}}, nil)
	return err
}
