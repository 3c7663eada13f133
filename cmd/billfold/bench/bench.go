// Package bench measures the product on the machine it runs on and says against
// what: each figure stands beside a reference that was measured in the same
// run, because absolute figures of a shared machine mean little.
package bench

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/store"
)

// postgresLanes is how many groups of payments commit side by side on
// PostgreSQL.
var postgresLanes = envInt("LANES", 4)

type reference struct {
	Name string  `json:"name"`
	Rate float64 `json:"rate"`
}

type figure struct {
	Bench     string    `json:"bench"`
	Engine    string    `json:"engine"`
	Rate      float64   `json:"rate"`
	Unit      string    `json:"unit"`
	P50       float64   `json:"p50_ms"`
	P99       float64   `json:"p99_ms"`
	RSS       int64     `json:"rss_mib"`
	Reference reference `json:"reference"`
	Ratio     float64   `json:"ratio"`
}

func newFigure(bench, engine string, rate float64, unit string, latencies []time.Duration) figure {
	slices.Sort(latencies)
	f := figure{Bench: bench, Engine: engine, Rate: rate, Unit: unit}
	if n := len(latencies); n > 0 {
		f.P50 = milliseconds(latencies[n/2])
		f.P99 = milliseconds(latencies[n*99/100])
	}
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (f figure) against(name string, rate float64) figure {
	f.Reference = reference{name, rate}
	if rate > 0 {
		f.Ratio = f.Rate / rate
	}
	return f
}

// house is the plan that benches bill for.
type house struct{ clock clock.Clock }

func (house) PurseOf(fund chart.Fund) chart.Purse { return chart.Purse{Entity: 1, Fund: fund} }
func (h house) PostingDay(chart.EntityNo) calendar.Date {
	return calendar.In(h.clock.Now(), time.UTC)
}
func (house) RuleFor(chart.Fund, calendar.Date) allocate.Rule { return allocate.OldestDueFirst }

type office struct {
	store   *store.Store
	cashier *cashier.Cashier
	house   house
	till    ledger.BookNo
	round   int
}

func openOffice(ctx context.Context, o store.Options) (*office, error) {
	keys, err := os.MkdirTemp("", "billfold-bench-keys-")
	if err != nil {
		return nil, err
	}
	v, err := vault.Create(filepath.Join(keys, "keys"))
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, o, v, clock.System{})
	if err != nil {
		return nil, err
	}
	h := house{clock.System{}}
	b := &office{store: s, house: h, cashier: cashier.New(s, h, clock.System{})}
	b.till, err = s.OpenOperatingBook(ctx, "bench", 0)
	return b, err
}
