package cashier

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Reversing is the wish to take a payment of one part back, as Reverse does.
type Reversing struct {
	Order   Order
	Payment payment.ID
}

// Undone is one reversal's result within a group.
type Undone struct {
	Done Done
	Err  error
}

// reading is how many look-ups of a group are under way side by side.
const reading = 6

// ReverseAll takes a group of payments back, in one storage transaction where that can
// be: each has its own outcome, with the errors of Reverse, and NotFound when there is
// no such payment. What the group cannot do as one is done one by one. Each is bound to
// its key as by Reverse.
func (c *Cashier) ReverseAll(ctx context.Context, group []Reversing) ([]Undone, error) {
	const op = "cashier.ReverseAll"
	ids := make([]payment.ID, 0, len(group))
	for i := range group {
		if err := group[i].Order.validate(op, true); err != nil {
			return nil, err
		}
		ids = append(ids, group[i].Payment)
	}
	have, err := c.store.Read(ctx, Want{Claims: ids})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	results := make([]Undone, len(group))
	refs := make([]Ref, len(group))
	var together, alone []int
	seen := map[ledger.BookNo]bool{}
	for i := range group {
		claim, known := have.Claims[group[i].Payment]
		switch {
		case !known || claim.Act != payment.Pay:
			results[i].Err = fault.New(fault.NotFound, op, "there is no such payment")
		case len(claim.Answer) != 1:
			results[i].Err = fault.New(fault.Conflict, op, "the payment has %d parts; reverse each", len(claim.Answer))
		default:
			refs[i] = claim.Answer[0]
			if seen[refs[i].Book] { // what the one does to the book the other must read
				alone = append(alone, i)
				continue
			}
			seen[refs[i].Book] = true
			together = append(together, i)
		}
	}
	if err := c.reverseTogether(ctx, group, refs, together, results); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		alone = append(alone, together...)
	}
	for _, i := range alone {
		results[i].Done, results[i].Err = c.Reverse(ctx, group[i].Order, refs[i])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return results, nil
}

// reverseTogether reverses in one storage transaction, or gives an error and does
// nothing.
func (c *Cashier) reverseTogether(ctx context.Context, group []Reversing, refs []Ref, which []int, results []Undone) error {
	if len(which) == 0 {
		return nil
	}
	taken, err := c.transactions(ctx, refs, which)
	if err != nil {
		return err
	}
	claims := make([]payment.Claim, len(which))
	var want Want
	for n, i := range which {
		body, err := json.Marshal(refs[i])
		if err != nil {
			return fault.Wrap("cashier.ReverseAll", err)
		}
		order := group[i].Order
		claims[n] = payment.Claim{
			ID: payment.IDOf(order.Key), Key: order.Key, Act: payment.Reverse, Actor: order.Actor,
			Body: sha256.Sum256(append([]byte(payment.Reverse+"\x00"), body...)),
		}
		want.Claims = append(want.Claims, claims[n].ID)
		want.Books = append(want.Books, refs[i].Book)
		want.Items = append(want.Items, paidItems(&taken[n])...)
	}
	have, err := c.gather(ctx, want)
	if err != nil {
		return err
	}
	seen, err := c.foresee(ctx, taken)
	if err != nil {
		return err
	}
	d := newDesk(c.clock.Now(), have)
	outcomes := make([]Undone, len(which))
	for n, i := range which {
		claim := claims[n]
		if earlier, used := have.Claims[claim.ID]; used {
			if earlier.Body != claim.Body {
				return fault.New(fault.Conflict, "cashier.ReverseAll", "an idempotency key was used for an operation with other content")
			}
			outcomes[n].Done = Done{ID: earlier.ID, Replayed: true, Refs: earlier.Answer}
			continue
		}
		claim.RecordedAt = d.now
		made, err := seen.takeAway(ctx, d, group[i].Order, &claim, &taken[n])
		if err != nil {
			return err
		}
		d.writes.Claims = append(d.writes.Claims, StoredClaim{Claim: claim, Answer: made})
		outcomes[n].Done = Done{ID: claim.ID, Refs: made}
	}
	if len(d.writes.Claims) > 0 {
		if err := c.store.Write(ctx, d.finish()); err != nil {
			return err
		}
	}
	for n, i := range which {
		results[i] = outcomes[n]
	}
	return nil
}

// transactions loads what is to be reversed.
func (c *Cashier) transactions(ctx context.Context, refs []Ref, which []int) ([]ledger.Transaction, error) {
	loaded := make([]ledger.Transaction, len(which))
	err := sideBySide(len(which), func(n int) error {
		t, err := c.store.Transaction(ctx, refs[which[n]].Book, refs[which[n]].Seq)
		if err == nil && t.Event != chart.PaymentReceived && t.Event != chart.PaymentSuspended {
			err = fault.New(fault.Invalid, "cashier.ReverseAll", "the transaction received no payment")
		}
		loaded[n] = t
		return err
	})
	return loaded, err
}

// foreseen is a store of which was read ahead what reversing a group asks for. No two of
// the group are of one book, and nothing of it is written before all is decided, so what
// was read is what each would read.
type foreseen struct {
	Store
	followers map[Ref][]ledger.Transaction
	endings   map[ledger.BookNo]map[int64]int64
	unapplied map[ledger.BookNo][]Unapplied
}

// Followers implements Store.
func (f *foreseen) Followers(ctx context.Context, book ledger.BookNo, seq int64) ([]ledger.Transaction, error) {
	if later, known := f.followers[Ref{book, seq}]; known {
		return slices.Clone(later), nil
	}
	return f.Store.Followers(ctx, book, seq)
}

// Endings implements Store.
func (f *foreseen) Endings(ctx context.Context, book ledger.BookNo) (map[int64]int64, error) {
	if ends, known := f.endings[book]; known {
		return ends, nil
	}
	return f.Store.Endings(ctx, book)
}

// UnappliedOf implements Store.
func (f *foreseen) UnappliedOf(ctx context.Context, book ledger.BookNo) ([]Unapplied, error) {
	if lies, known := f.unapplied[book]; known {
		return lies, nil
	}
	return f.Store.UnappliedOf(ctx, book)
}

// foresee gives a cashier that has read ahead.
func (c *Cashier) foresee(ctx context.Context, taken []ledger.Transaction) (*Cashier, error) {
	ahead := &foreseen{
		Store: c.store, followers: make(map[Ref][]ledger.Transaction, len(taken)),
		endings: make(map[ledger.BookNo]map[int64]int64, len(taken)), unapplied: make(map[ledger.BookNo][]Unapplied, len(taken)),
	}
	var mu sync.Mutex
	err := sideBySide(len(taken), func(n int) error {
		book, seq := taken[n].Book, taken[n].Seq
		later, err := c.store.Followers(ctx, book, seq)
		if err != nil {
			return err
		}
		ends, err := c.store.Endings(ctx, book)
		if err != nil {
			return err
		}
		lies, err := c.store.UnappliedOf(ctx, book)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		ahead.followers[Ref{book, seq}], ahead.endings[book], ahead.unapplied[book] = later, ends, lies
		return nil
	})
	return &Cashier{store: ahead, house: c.house, clock: c.clock}, err
}

// sideBySide looks up n things, several at a time, and gives the errors.
func sideBySide(n int, look func(n int) error) error {
	failed := make([]error, reading)
	var readers sync.WaitGroup
	for lane := range reading {
		readers.Go(func() {
			for at := lane; at < n && failed[lane] == nil; at += reading {
				failed[lane] = look(at)
			}
		})
	}
	readers.Wait()
	return errors.Join(failed...)
}
