package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
)

const (
	onlineCallers = 64
	itemCents     = money.Cents(1_000_000) // large enough that no run pays an item off
)

var clerk = ident.Actor{Kind: ident.System, Name: "bench"}

// sqliteLanes lets one group of payments be read and decided while another
// commits; the engine has one writer.
const sqliteLanes = 1

// postgresLanes is how many groups of payments commit side by side on
// PostgreSQL.
const postgresLanes = 4

func (o *office) lanes() int {
	if o.store.Engine() == "postgres" {
		return postgresLanes
	}
	return sqliteLanes
}

// online measures payments posted one by one by concurrent callers, each
// acknowledged when it is durable: resolve, allocate, post, receipt, event.
func (o *office) online(ctx context.Context, numbers []billpay.Number, seconds time.Duration) (Figure, error) {
	poster := cashier.NewPoster(o.cashier, o.lanes())
	defer poster.Close()
	run := func(d time.Duration) (int64, []time.Duration, error) {
		o.round++
		return callers(ctx, onlineCallers, d, func(ctx context.Context, caller int, i int64) error {
			_, err := poster.Post(ctx, o.payment(caller, i, numbers[rand.IntN(len(numbers))]))
			return err
		})
	}
	if _, _, err := run(seconds / 5); err != nil { // warm-up
		return Figure{}, err
	}
	n, latencies, err := run(seconds)
	return newFigure("online", o.store.Engine(), float64(n)/seconds.Seconds(), "payments/s", latencies), err
}

// onePerCommit is the reference on SQLite: the same payments by one caller,
// each a storage transaction of its own, synced in full.
func (o *office) onePerCommit(ctx context.Context, numbers []billpay.Number, seconds time.Duration) (float64, error) {
	o.round++
	n, _, err := callers(ctx, 1, seconds, func(ctx context.Context, caller int, i int64) error {
		in := o.payment(caller, i, numbers[rand.IntN(len(numbers))])
		outcomes, err := o.cashier.Post(ctx, []payment.Instruction{in}, nil)
		if err == nil {
			err = outcomes[0].Err
		}
		return err
	})
	return float64(n) / seconds.Seconds(), err
}

func (o *office) payment(caller int, i int64, number billpay.Number) payment.Instruction {
	purse := o.house.PurseOf(chart.Premium)
	return payment.Instruction{
		Key: ident.Key(fmt.Sprintf("bench:%d:%d:%d", o.round, caller, i)), Rail: payment.Sandbox, Amount: 125, Received: o.house.PostingDay(purse.Entity), Actor: clerk,
		Source: o.till,
		Parts:  []payment.Part{{Reference: number.Digits(), Amount: 125, Received: purse}},
	}
}

// openAccounts opens billing accounts with open premium items each.
func (o *office) openAccounts(ctx context.Context, n, items int) ([]billpay.Number, error) {
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		return nil, err
	}
	var numbers []billpay.Number
	for len(numbers) < n {
		free, err := o.store.Reserve(ctx, issuer.Draw(min(5000, n-len(numbers))))
		if err != nil {
			return nil, err
		}
		if err := o.openChunk(ctx, free, items); err != nil {
			return nil, err
		}
		numbers = append(numbers, free...)
	}
	return numbers, nil
}

func (o *office) openChunk(ctx context.Context, numbers []billpay.Number, items int) error {
	books := make([]store.NewBook, len(numbers))
	var owed []openitem.Item
	today := o.house.PostingDay(1)
	for i, no := range numbers {
		books[i] = store.NewBook{No: ledger.BookNo(no), Kind: "member", Opaque: ident.NewOpaque()}
		for k := range items {
			owed = append(owed, openitem.Item{
				About: ledger.BookNo(no), Purse: o.house.PurseOf(chart.Premium), Text: "Premium", Amount: itemCents,
				ServiceOn: today, DueOn: today.AddDays(30 * k),
			})
		}
	}
	if err := o.store.OpenBooks(ctx, books); err != nil {
		return err
	}
	if len(owed) == 0 {
		return nil
	}
	_, err := o.cashier.Bill(ctx, cashier.Order{Key: ident.Key("bench-bill:" + ident.NewOpaque()), Actor: clerk}, owed, true)
	return err
}

// callers runs act from n goroutines for a while and gives how often it was
// done and how long each took.
func callers(
	ctx context.Context, n int, d time.Duration, act func(ctx context.Context, caller int, i int64) error,
) (int64, []time.Duration, error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	latencies := make([][]time.Duration, n)
	deadline := time.Now().Add(d)
	var group sync.WaitGroup
	for caller := range n {
		group.Go(func() {
			for i := int64(0); ; i++ {
				began := time.Now()
				if began.After(deadline) || failed.Load() != nil {
					return
				}
				if err := act(ctx, caller, i); err != nil {
					failed.Store(&err)
					return
				}
				latencies[caller] = append(latencies[caller], time.Since(began))
				done.Add(1)
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return 0, nil, *err
	}
	return done.Load(), slices.Concat(latencies...), nil
}
