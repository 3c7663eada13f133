package cashier

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// A refund sends money of a payment part back to where it came from. It has two
// halves, because an office decides before a bank acts: Refund takes the money
// off items and unapplied money and puts it on refunds-payable of the purse that
// received it; RefundSent takes it from there to the rail's clearing account
// once the processor has sent it. What cannot be sent stays on refunds-payable
// until it is sent again or cancelled.
//
// A refund does not end the placement of which it took some. Each is a
// transaction of its own that refers to the placement; what is left of a
// placement is its credits less those, so together they never exceed it. What
// happens to the refund's own money then, once each, does end what came before.
//
// A refund is named by the id of the operation that made it, Done.ID of Refund.

// Refund takes a payment part, or amount of it when that is above zero, back out
// of where it was placed, to be sent back. Part is the transaction that placed
// it: a receipt part's book and sequence number. First comes what it left
// unapplied, then its items, the last paid first; what they lose is owed again,
// by the survivor where the account was merged since. A part in suspense gives
// what is still there. The received date stays.
//
// Several refunds of one part are allowed; together they never exceed it.
// Conflict when the part was moved or reversed (Stands tells where its money is
// now), when less is left of it, or when what it left unapplied was used since.
// Invalid when the transaction placed no payment, NotFound when there is none.
func (c *Cashier) Refund(ctx context.Context, order Order, part Ref, amount money.Cents) (Done, error) {
	const op = "cashier.Refund"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	if amount < 0 {
		return Done{}, fault.New(fault.Invalid, op, "a refund is of a positive amount, not %s", amount)
	}
	receipt, err := c.receiptAt(ctx, op, part)
	if err != nil {
		return Done{}, err
	}
	from, err := c.arrivalOf(ctx, &receipt)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	content := struct {
		Part   Ref
		Amount money.Cents
	}{part, amount}
	want := Want{Books: []ledger.BookNo{part.Book}}
	return c.act(ctx, payment.Refund, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		pots, err := c.refundable(ctx, d, part)
		if err != nil {
			return nil, err
		}
		taken, err := takeFrom(op, pots, amount)
		if err != nil {
			return nil, err
		}
		return c.takeBack(ctx, d, order, claim, taken, chart.PaymentRefunded, from.purse, chart.RefundsPayable)
	})
}

// refundable lists what Refund can take from a placement. The desk may be nil.
func (c *Cashier) refundable(ctx context.Context, d *desk, part Ref) ([]pot, error) {
	endings, err := c.store.Endings(ctx, part.Book)
	if err != nil {
		return nil, err
	}
	if by, ended := endings[part.Seq]; ended {
		return nil, fault.New(fault.Conflict, "cashier.Refund", "transaction %d was taken back before, by transaction %d", part.Seq, by).
			WithHint("If it was moved, refund it from where it stands now.")
	}
	w := &trail{cashier: c, desk: d, along: acrossMerges}
	if err := w.follow(ctx, part, 0); err != nil {
		return nil, err
	}
	newestFirst(w.pots)
	return w.pots, nil
}

// RefundSent is RefundSentBy for a refund that goes back over the rail by which
// its money had come.
func (c *Cashier) RefundSent(ctx context.Context, order Order, refund payment.ID) (Done, error) {
	return c.RefundSentBy(ctx, order, refund, ByOriginal)
}

// RefundSentBy records that a refund has left: refunds-payable of its purse
// against the clearing account of the tender. Conflict when it does not stand on
// refunds-payable, or when it should go back as it had come and that is not known;
// NotFound when there is no such refund.
func (c *Cashier) RefundSentBy(ctx context.Context, order Order, refund payment.ID, by Tender) (Done, error) {
	const op = "cashier.RefundSent"
	if !by.known() {
		return Done{}, fault.New(fault.Invalid, op, "%q is no tender of a refund", by)
	}
	return c.onRefund(ctx, op, payment.SendRefund, order, refund, by.content(refund), func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		over := by.clearing(r.from.source)
		if !r.payable() {
			return nil, r.refused(op)
		}
		if over == 0 {
			return nil, fault.New(fault.Conflict, op, "nothing says by which rail this money had come").
				WithHint("Send it by check or as an ACH credit.")
		}
		return c.passOn(d, order, claim, r, chart.RefundSent, chart.RefundsPayable, over), nil
	})
}

// errNothingMoves ends an act that has nothing to write.
var errNothingMoves = errors.New("nothing moves")

// RefundFailed records that a refund could not be sent, or came back after it had
// been: its money stands on refunds-payable, to be sent again or cancelled. When
// it was never recorded as sent nothing moves, the key stays free, and Done has
// no references. Conflict when it was cancelled, NotFound when there is no such
// refund.
func (c *Cashier) RefundFailed(ctx context.Context, order Order, refund payment.ID) (Done, error) {
	const op = "cashier.RefundFailed"
	done, err := c.onRefund(ctx, op, payment.FailRefund, order, refund, refund, func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		switch {
		case r.event == chart.RefundSent:
			return c.passOn(d, order, claim, r, chart.RefundReturned, r.on, chart.RefundsPayable), nil
		case r.payable():
			return nil, errNothingMoves
		}
		return nil, r.refused(op)
	})
	if errors.Is(err, errNothingMoves) {
		return Done{ID: payment.IDOf(order.Key)}, nil
	}
	return done, err
}

// RefundCancelled gives up a refund that stands on refunds-payable: its money
// becomes unapplied money of the billing account from which it was taken, or
// goes back to suspense, with its received date. Conflict when it was sent and
// did not come back, or was cancelled before; NotFound when there is no such
// refund. The last reference of the answer is where the money stands now.
func (c *Cashier) RefundCancelled(ctx context.Context, order Order, refund payment.ID) (Done, error) {
	const op = "cashier.RefundCancelled"
	return c.onRefund(ctx, op, payment.CancelRefund, order, refund, refund, func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		if !r.payable() {
			return nil, r.refused(op)
		}
		if r.credited {
			return c.uncredit(ctx, d, order, claim, r)
		}
		return c.putBack(ctx, d, order, claim, &returning{
			taken: r.taken, of: r.at, event: chart.RefundCancelled, source: chart.RefundsPayable, receipt: r.receipt,
		})
	})
}

// refunded is one transaction of a refund, and what has become of its money.
type refunded struct {
	origin
	taken *ledger.Transaction
	at    int64        // the transaction of its book that moved the money last
	event ledger.Event // of that
	on    chart.Code   // the account on which that put it
}

// payable reports whether the money stands on refunds-payable.
func (r *refunded) payable() bool { return r.on == chart.RefundsPayable }

func (r *refunded) refused(op string) error {
	switch r.event {
	case chart.RefundCancelled:
		return fault.New(fault.Conflict, op, "this refund was cancelled, by transaction %d", r.at)
	case chart.RefundUnclaimed:
		return fault.New(fault.Conflict, op, "this refund is held as unclaimed property, by transaction %d", r.at).
			WithHint("If its owner was found, reclaim it first.")
	case chart.RefundRemitted:
		return fault.New(fault.Conflict, op, "a state holds this money, by transaction %d", r.at).
			WithHint("Its owner claims it there.")
	}
	return fault.New(fault.Conflict, op, "this refund has left already, by transaction %d", r.at).
		WithHint("If it came back, record that first.")
}

// onRefund carries out an act on each transaction of a refund.
func (c *Cashier) onRefund(
	ctx context.Context, op string, act payment.Act, order Order, refund payment.ID, content any,
	decide func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error),
) (Done, error) {
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	taken, err := c.takenBy(ctx, op, refund, payment.Refund, chart.PaymentRefunded)
	if err != nil {
		return Done{}, err
	}
	want := Want{}
	for i := range taken {
		want.Books = append(want.Books, taken[i].Book)
	}
	return c.act(ctx, act, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		var refs []Ref
		for i := range taken {
			r, err := c.refundNow(ctx, &taken[i])
			if err != nil {
				return nil, fault.Wrap(op, err)
			}
			made, err := decide(d, claim, r)
			if err != nil {
				return nil, err
			}
			refs = append(refs, made...)
		}
		return refs, nil
	})
}

// refundNow follows what became of a refund's money.
func (c *Cashier) refundNow(ctx context.Context, taken *ledger.Transaction) (*refunded, error) {
	r := &refunded{taken: taken, at: taken.Seq, event: taken.Event, on: chart.RefundsPayable}
	var err error
	if r.origin, err = c.originOf(ctx, Ref{taken.Book, taken.Seq}); err != nil {
		return nil, err
	}
	endings, err := c.store.Endings(ctx, taken.Book)
	if err != nil {
		return nil, err
	}
	for by, ended := endings[r.at]; ended; by, ended = endings[r.at] {
		t, err := c.store.Transaction(ctx, taken.Book, by)
		if err != nil {
			return nil, err
		}
		r.at, r.event = by, t.Event
		if _, r.on, err = chart.Explain(t.Postings[0].Credit); err != nil {
			return nil, fault.New(fault.Corrupt, "cashier.refundNow", "%v", err)
		}
	}
	return r, nil
}

// passOn moves a refund's whole money between two accounts of the purse from which
// it is paid.
func (c *Cashier) passOn(
	d *desk, order Order, claim *payment.Claim, r *refunded, event ledger.Event, debit, credit chart.Code,
) []Ref {
	t := transaction(r.taken.Book, event, order.Actor)
	t.PostedOn, t.EffectiveOn = c.house.PostingDay(r.from.purse.Entity), r.taken.EffectiveOn
	t.Of, t.Link, t.Reason = r.at, string(claim.ID), order.Reason
	t.Postings = []ledger.Posting{chart.Transfer(r.from.purse, debit, credit, arrived(r.taken), 0)}
	d.first(&t, claim)
	d.post(&t)
	d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Of, t.Seq})
	return []Ref{{t.Book, t.Seq}}
}

// Stand is money of a payment part at the transaction that placed it.
type Stand struct {
	At         Ref         // what Refund takes as its part
	Refundable money.Cents // what Refund can take from there now
}

// Stands tells where the money of a payment part stands now, however often it
// was moved, released or won back since. Part is any transaction that has a
// receipt of the part. Empty when nothing can be refunded.
func (c *Cashier) Stands(ctx context.Context, part Ref) ([]Stand, error) {
	const op = "cashier.Stands"
	receipt, err := c.partOf(ctx, part)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	from, err := c.arrivalOf(ctx, &receipt)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	w := &trail{cashier: c, along: everywhere}
	if err := w.follow(ctx, from.at, 0); err != nil {
		return nil, fault.Wrap(op, err)
	}
	var stands []Stand
	for _, at := range w.visited {
		if _, err := c.receiptAt(ctx, op, at); fault.KindOf(err) == fault.Invalid {
			continue // what lies there is reached from the placement before it
		} else if err != nil {
			return nil, err
		}
		pots, err := c.refundable(ctx, nil, at)
		if fault.KindOf(err) == fault.Conflict {
			continue // it was moved on
		}
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if sum := potTotal(pots); sum > 0 {
			stands = append(stands, Stand{at, sum})
		}
	}
	return stands, nil
}
