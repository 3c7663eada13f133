package refund

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Hold puts a refund that came back aside as unclaimed property. The same again
// changes nothing. Conflict when its money does not stand on refunds-payable.
func (d *Desk) Hold(ctx context.Context, id payment.ID, by ident.Actor, why string) (back.Refund, error) {
	const op = "refund.Hold"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil || r.State == back.Unclaimed {
		return r, fault.Wrap(op, err)
	}
	if r.State != back.Returned {
		return r, fault.New(fault.Conflict, op, "only what came back is held for its owner; this refund is %s", r.State)
	}
	r.Try++
	r, err = d.hold(ctx, &r, by, why)
	return r, fault.Wrap(op, err)
}

func (d *Desk) hold(ctx context.Context, r *back.Refund, by ident.Actor, why string) (back.Refund, error) {
	order := d.order(r, by, "unclaimed")
	order.Reason = why
	if _, err := d.books.RefundUnclaimed(ctx, order, r.ID); err != nil {
		return *r, err
	}
	return d.take(ctx, d.step(r, by, back.Unclaimed, why))
}

// HoldCredit puts what lies unapplied in a fund of a billing account aside as unclaimed
// property, as a refund whose owner is lost, under a key. The same again gives it as it
// stands. Conflict when there is nothing. Money that several legal entities had received
// makes several.
func (d *Desk) HoldCredit(
	ctx context.Context, key ident.Key, book ledger.BookNo, fund chart.Fund, by ident.Actor, why string,
) ([]back.Refund, error) {
	const op = "refund.HoldCredit"
	r, err := d.store.RefundRequest(ctx, payment.IDOf(key))
	all := []back.Refund{r}
	switch {
	case err == nil:
		if all, err = d.family(ctx, &r); err != nil {
			return nil, fault.Wrap(op, err)
		}
	case fault.KindOf(err) == fault.NotFound:
		if all, err = d.newLost(ctx, key, book, fund, by, why); err != nil {
			return nil, fault.Wrap(op, err)
		}
	default:
		return nil, fault.Wrap(op, err)
	}
	for i := range all {
		if all[i].State != back.Approved {
			continue
		}
		order := cashier.Order{Key: all[i].Key, Actor: by, Reason: why}
		if _, err := d.books.RefundFrom(ctx, order, takesOf(&all[i])); err != nil {
			return nil, fault.Wrap(op, err)
		}
		if all[i], err = d.hold(ctx, &all[i], by, why); err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	return all, nil
}

// newLost writes down a refund for each purse through which the money came.
func (d *Desk) newLost(
	ctx context.Context, key ident.Key, book ledger.BookNo, fund chart.Fund, by ident.Actor, why string,
) ([]back.Refund, error) {
	r := back.Refund{
		ID: payment.IDOf(key), Key: key, Book: book, Purse: d.house.PurseOf(fund), Cause: back.Lost, Reason: why, By: by, MadeAt: d.clock.Now(),
	}
	piles, err := d.piles(ctx, &r, nil)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, p := range piles {
		at := -1
		for i := range changes {
			if changes[i].Refund.Through == p.through {
				at = i
			}
		}
		if at < 0 {
			one := r
			one.Key = sibling(key, len(changes))
			one.ID, one.Through = payment.IDOf(one.Key), p.through
			at, changes = len(changes), append(changes, d.step(&one, by, back.Approved, why))
		}
		into := &changes[at].Refund
		into.Sources, into.Amount = append(into.Sources, p.sources...), into.Amount+p.amount()
	}
	if _, err := d.store.ChangeRefunds(ctx, changes); err != nil {
		return nil, err
	}
	first, err := d.store.RefundRequest(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return d.family(ctx, &first)
}

// Reclaim gives unclaimed property back to its owner before a state has it: the refund
// stands on refunds-payable again, and every tender is open. Conflict when it is not
// held.
func (d *Desk) Reclaim(ctx context.Context, id payment.ID, by ident.Actor, why string) (back.Refund, error) {
	const op = "refund.Reclaim"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	if r.State != back.Unclaimed || by.IsZero() || why == "" {
		return r, fault.New(fault.Conflict, op, "only unclaimed property is reclaimed, by somebody with a reason; this refund is %s", r.State)
	}
	order := d.order(&r, by, "reclaimed")
	order.Reason = why
	if _, err := d.books.RefundReclaimed(ctx, order, id); err != nil {
		return r, fault.Wrap(op, err)
	}
	r.Tried, r.Way, r.Problem, r.Try = nil, back.Way{}, "", r.Try+1
	r, err = d.take(ctx, d.step(&r, by, back.Returned, why))
	return r, fault.Wrap(op, err)
}

// Remit records that unclaimed property was paid to a state. The same again changes
// nothing.
func (d *Desk) Remit(ctx context.Context, id payment.ID, tender back.Tender, by ident.Actor, note string) (back.Refund, error) {
	const op = "refund.Remit"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil || r.State == back.Remitted {
		return r, fault.Wrap(op, err)
	}
	if r.State != back.Unclaimed {
		return r, fault.New(fault.Conflict, op, "only unclaimed property goes to a state; this refund is %s", r.State)
	}
	order := d.order(&r, by, "remitted")
	order.Reason = note
	if _, err := d.books.RefundRemitted(ctx, order, id, tenders[tender]); err != nil {
		return r, fault.Wrap(op, err)
	}
	r, err = d.take(ctx, d.step(&r, by, back.Remitted, note))
	return r, fault.Wrap(op, err)
}
