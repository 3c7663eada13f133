package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/probe"
)

// benchBilling holds a month's billing run against bare set-based SQL that writes
// the same rows into the same tables, for a quarter of the policies just before
// and a quarter just after. Its latencies are those of members who look at their
// accounts meanwhile.
func benchBilling(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 0)
	if err != nil {
		return Figure{}, err
	}
	period := calendar.MonthOf(b.house.PostingDay(1)).Add(1)
	o.Say("keeping %d policies", o.Items)
	if err := b.insure(ctx, numbers, period); err != nil {
		return Figure{}, err
	}
	bare := func(run int) (float64, error) {
		count := max(1, o.Items/4)
		took, err := probe.Billing(ctx, clock.System{}, b.probeAddress(), count, run)
		return float64(count) / took.Seconds(), err
	}
	o.Say("bare SQL")
	before, err := bare(1)
	if err != nil {
		return Figure{}, err
	}
	f, err := b.billing(ctx, o, period, numbers)
	if err != nil {
		return Figure{}, err
	}
	o.Say("bare SQL")
	after, err := bare(2)
	return f.against("bare set-based SQL, the same rows", before, after), err
}

// runLanes is how many chunks a run works on at the same time, as `billfold run` does.
const runLanes = 4

const (
	premiumCents = money.Cents(612_34)
	creditCents  = money.Cents(450_00)
)

func onExchange(i int) bool { return i%10 < 4 }

// insure keeps a policy for each account: four in ten on an exchange with a tax
// credit, the others bought direct.
func (b *office) insure(ctx context.Context, numbers []billpay.Number, period calendar.Month) error {
	const together = 2000
	for from := 0; from < len(numbers); from += together {
		var held []coverage.Held
		for i, no := range numbers[from:min(len(numbers), from+together)] {
			i += from
			h := coverage.Held{Policy: coverage.Policy{
				Number: no, No: 1, Line: coverage.Direct, State: "CO", Product: "gold", Source: "bench", SourceID: no.Digits(),
				Entry: coverage.Takeover, From: period.First(), ReceivedOn: period.First(),
			}, Terms: []coverage.Terms{{From: period.First(), KnownOn: period.First(), Rate: premiumCents, Stated: true}}}
			if onExchange(i) {
				h.Line, h.Terms[0].APTC = coverage.ExchangeAPTC, creditCents
			}
			held = append(held, h)
		}
		if err := b.store.SavePolicies(ctx, held, nil); err != nil {
			return err
		}
	}
	return nil
}

// lookEvery is how long it is from one look of a member at an account to the next,
// while a run is under way.
const lookEvery = 10 * time.Millisecond

// lookMeanwhile looks at accounts until it is told to stop, and then gives how long
// each look took.
func (b *office) lookMeanwhile(ctx context.Context, numbers []billpay.Number) (stop func() ([]time.Duration, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var latencies []time.Duration
	var failed error
	var looking sync.WaitGroup
	looking.Go(func() {
		for tick := time.NewTicker(lookEvery); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			began := time.Now()
			_, err := b.store.Read(ctx, cashier.Want{Books: []ledger.BookNo{ledger.BookNo(numbers[rand.IntN(len(numbers))])}})
			if ctx.Err() != nil {
				continue
			}
			latencies, failed = append(latencies, time.Since(began)), errors.Join(failed, err)
		}
	})
	return func() ([]time.Duration, error) {
		cancel()
		looking.Wait()
		return latencies, failed
	}
}

func (b *office) billing(ctx context.Context, o Options, period calendar.Month, numbers []billpay.Number) (Figure, error) {
	forgetPeakMemory()
	said := 0
	monthly := biller.Monthly{
		Store: b.store, Cashier: b.cashier, House: b.house, Rules: rule.Embedded(), Lanes: runLanes,
		Terms: biller.Terms{
			RemitTo:   invoice.Address{Name: "Bench", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
			Proration: premium.FullMonth, Products: map[string]string{"gold": "Gold"},
		},
		Progress: func(policies int) {
			if policies/100_000 > said {
				said = policies / 100_000
				o.Say("%d policies billed", policies)
			}
		},
	}
	looked := b.lookMeanwhile(ctx, numbers)
	began := time.Now()
	report, err := monthly.Bill(ctx, biller.Run{Kind: "premium", Period: period, Day: b.house.PostingDay(1), Actor: clerk}, false)
	took := time.Since(began)
	latencies, failed := looked()
	if err = errors.Join(err, failed); err != nil {
		return Figure{}, err
	}
	if report.Billed != o.Items || report.Items != o.Items {
		return Figure{}, fault.New(fault.Internal, "", "%d of %d policies were billed: %+v", report.Billed, o.Items, report)
	}
	return newFigure("billing", b.store.Engine(), float64(o.Items)/took.Seconds(), "members/s", latencies), nil
}
