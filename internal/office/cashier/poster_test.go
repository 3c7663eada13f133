package cashier_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// TestPoster_ManyCallersOnFewNumbers lets callers on two stores of one database
// (on the server) race for the same books: what one decided the other makes
// stale again and again.
func TestPoster_ManyCallersOnFewNumbers(t *testing.T) {
	const (
		callers  = 16
		each     = 15
		billed   = money.Cents(100_000)
		payments = callers * each
	)
	onEach(t, func(t *testing.T, c *counter) {
		numbers := []billpay.Number{c.member(), c.member(), c.member()}
		for _, no := range numbers {
			c.owes(no, premium, billed, april)
			c.owes(no, premium, billed, may)
		}
		posters := []*cashier.Poster{cashier.NewPoster(c.Cashier, 3)}
		if c.DSN != "" {
			other, err := store.Open(t.Context(), store.Options{DSN: c.DSN}, c.Vault, c.Clock)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { other.Close() })
			posters = append(posters, cashier.NewPoster(cashier.New(other, storetest.House{Clock: c.Clock}, c.Clock), 3))
		}
		pays := func(caller, i int) payment.Instruction {
			// Two numbers in one payment make books meet across lanes.
			in := c.instruction(premium, to(numbers[(caller+i)%3], 700), to(numbers[i%3], 300))
			in.Key = ident.Key(fmt.Sprintf("caller:%d:%d", caller, i))
			if i%5 == 0 { // some share one book of suspense
				in.Parts[1].Reference = "nobody"
			}
			return in
		}
		var prepared [callers][each]payment.Instruction
		for caller := range callers {
			for i := range each {
				prepared[caller][i] = pays(caller, i)
			}
		}
		var calling sync.WaitGroup
		for caller := range callers {
			calling.Go(func() {
				for i, in := range prepared[caller] {
					// The same key through every poster at once must count once.
					if _, err := posters[(caller+i)%len(posters)].Post(t.Context(), in); err != nil {
						t.Errorf("caller %d, payment %d: %v", caller, i, err)
					}
					if i%3 == 0 {
						if a, err := posters[caller%len(posters)].Post(t.Context(), in); err != nil || !a.Replayed {
							t.Errorf("caller %d, payment %d repeated: %+v %v", caller, i, a, err)
						}
					}
				}
			})
		}
		calling.Wait()
		for _, p := range posters {
			p.Close()
		}
		_, err := posters[0].Post(t.Context(), pays(0, 0))
		c.wantKind(err, fault.Unavailable)

		if got := c.balance(0, premium.Account(chart.ClearCounter)); got != payments*1_000 {
			t.Errorf("the counter took %s, want %s", got, money.Cents(payments*1_000))
		}
		suspended := money.Cents(payments / 5 * 300)
		placed := 3*2*billed - c.balance(0, premium.Account(chart.Receivable))
		for _, no := range numbers {
			placed += c.unapplied(no)
			journal, err := c.Store.Journal(t.Context(), ledger.BookNo(no))
			if err != nil {
				t.Fatal(err)
			}
			for i, tx := range journal {
				if tx.Seq != int64(i+1) {
					t.Fatalf("entry %d of the journal has the number %d", i+1, tx.Seq)
				}
			}
		}
		if want := payments*1_000 - suspended; placed != want {
			t.Errorf("%s reached the accounts, want %s", placed, want)
		}
	})
}

// failing is a store that breaks whatever group holds a certain claim.
type failing struct {
	cashier.Store
	on payment.ID
}

func (f failing) Write(ctx context.Context, w *cashier.Writes) error {
	for _, c := range w.Claims {
		if c.ID == f.on {
			return fault.New(fault.Internal, "test", "this one breaks the write")
		}
	}
	return f.Store.Write(ctx, w)
}

func TestPoster_OneBadPaymentDoesNotFailItsNeighbours(t *testing.T) {
	c := &counter{Office: storetest.Open(t, "sqlite"), TB: t}
	no := c.member()
	bad := c.instruction(premium, to(no, 100))
	broken := cashier.New(failing{c.Store, payment.IDOf(bad.Key)}, storetest.House{Clock: c.Clock}, c.Clock)
	poster := cashier.NewPoster(broken, 1)
	var calling sync.WaitGroup
	for range 20 {
		good := c.instruction(premium, to(no, 100))
		calling.Go(func() {
			if _, err := poster.Post(t.Context(), good); err != nil {
				t.Errorf("a good payment failed: %v", err)
			}
		})
	}
	calling.Go(func() {
		_, err := poster.Post(t.Context(), bad)
		c.wantKind(err, fault.Internal)
	})
	calling.Wait()
	poster.Close()
	if got := c.unapplied(no); got != 20*100 {
		t.Errorf("%s were posted, want the 20 good payments of 1.00", got)
	}
}
