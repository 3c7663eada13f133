package checkout

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
)

// Approvals is where a second person agrees to an act.
type Approvals interface {
	Ask(ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string,
	) (approval.Request, error)
}

// WriteOff decides that what a chargeback took beyond what was left is lost. The
// first time it asks for a second person's word, and posts nothing; once that
// person agreed, asking again carries it out. Conflict when there is no such
// excess, or it was won back.
func (d *Desk) WriteOff(ctx context.Context, order cashier.Order, attempt ident.Opaque, dispute string) (approval.Request, error) {
	const op = "checkout.WriteOff"
	if d.o.Approvals == nil {
		return approval.Request{}, fault.New(fault.Denied, op, "nobody can agree to a loss here")
	}
	a, c, err := d.disputeOf(ctx, attempt, dispute)
	if err != nil {
		return approval.Request{}, fault.Wrap(op, err)
	}
	if c.Excess == 0 || c.Status == DisputeWon || !c.Booked {
		return approval.Request{}, fault.New(fault.Conflict, op, "this chargeback has taken nothing beyond what was left")
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "card-excess\x00%s\x00%s\x00%d", a.ID, c.ID, int64(c.Excess)))
	asked, err := d.o.Approvals.Ask(ctx, approval.WriteOff, c.ID, digest, c.Excess, order.Actor, order.Reason)
	if err != nil || asked.State != approval.Agreed || c.WrittenOff {
		return asked, fault.Wrap(op, err)
	}
	loss, err := d.lossOf(ctx, &a, &c)
	if err != nil {
		return asked, fault.Wrap(op, err)
	}
	by := cashier.Order{Key: c.lossKey("lost"), Actor: asked.Maker, Reason: asked.Reason}
	if _, err := d.books.WriteOff(ctx, by, loss); err != nil {
		return asked, fault.Wrap(op, err)
	}
	_, err = d.noteDispute(ctx, a.ID, c.ID, func(c *DisputeCase) { c.WrittenOff = true })
	return asked, fault.Wrap(op, err)
}

// noteDispute changes a dispute's row, whatever a job does to it meanwhile.
func (d *Desk) noteDispute(ctx context.Context, attempt ident.Opaque, dispute string, change func(c *DisputeCase)) (DisputeCase, error) {
	for {
		_, c, err := d.disputeOf(ctx, attempt, dispute)
		if err != nil {
			return c, err
		}
		change(&c)
		if err := d.saveDispute(ctx, &c); !errors.Is(err, ErrMoved) {
			return c, err
		}
	}
}

func (c *DisputeCase) lossKey(step string) ident.Key {
	return ident.Key(fmt.Sprintf("card-excess:%s:%s", c.ID, step))
}

// lossOf is the money of a chargeback's excess, in the day's book of cards.
func (d *Desk) lossOf(ctx context.Context, a *Attempt, c *DisputeCase) (cashier.HouseSum, error) {
	purse := a.Legs[c.Leg-1].Purse
	book, err := d.store.CardBook(ctx, d.house.PostingDay(purse.Entity))
	return cashier.HouseSum{Book: book, Purse: purse, On: d.openedOn(c), Cents: c.Excess}, err
}

// openedOn is the day on which a dispute was opened: losses count for it.
func (d *Desk) openedOn(c *DisputeCase) calendar.Date {
	return calendar.In(c.OpenedAt, c.OpenedAt.Location())
}

// regain takes back that an excess was written off, because the dispute was won.
func (d *Desk) regain(ctx context.Context, a *Attempt, c *DisputeCase) error {
	if !c.WrittenOff {
		return nil
	}
	loss, err := d.lossOf(ctx, a, c)
	if err != nil {
		return err
	}
	_, err = d.books.Regain(ctx, cashier.Order{Key: c.lossKey("won"), Actor: cardsActor, Reason: "the dispute was won"}, loss)
	return err
}

// disputeOf loads a dispute and its payment. NotFound when there is none.
func (d *Desk) disputeOf(ctx context.Context, attempt ident.Opaque, dispute string) (Attempt, DisputeCase, error) {
	a, err := d.store.Attempt(ctx, attempt)
	if err != nil {
		return a, DisputeCase{}, err
	}
	all, err := d.store.DisputesOf(ctx, attempt)
	if err != nil {
		return a, DisputeCase{}, err
	}
	for _, c := range all {
		if c.ID == dispute {
			return a, c, nil
		}
	}
	return a, DisputeCase{}, fault.New(fault.NotFound, "checkout.dispute", "this payment has no such dispute")
}
