package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Tender is by what a refund leaves.
type Tender string

// The tenders.
const (
	ByOriginal Tender = "original" // back over the rail by which the money had come
	ByACH      Tender = "ach"      // a credit through the clearing house
	ByCheck    Tender = "check"
)

func (t Tender) known() bool { return t == ByOriginal || t == ByACH || t == ByCheck }

// clearing is the account on which money that has left stands until the bank shows it.
func (t Tender) clearing(original chart.Code) chart.Code {
	switch t {
	case ByACH:
		return chart.ClearPayout
	case ByCheck:
		return chart.ClearCheck
	}
	return original
}

// content is what a key is bound to. Refunds of before there was a choice keep theirs.
func (t Tender) content(refund payment.ID) any {
	if t == ByOriginal {
		return refund
	}
	return struct {
		Refund payment.ID
		By     Tender
	}{refund, t}
}

// origin is where money that goes back had begun: with a payment part, or with an
// item that was credited after it had been paid.
type origin struct {
	receipt  payment.ReceiptPart // zero when credited
	credited bool
	from     arrival
}

// originOf finds it. What a credit freed goes back through the purse of the item, by
// the rail of the last payment that this purse had received for the account; the
// source is 0 when there was none. Invalid when a transaction placed or took no
// money of a payment.
func (c *Cashier) originOf(ctx context.Context, ref Ref) (o origin, err error) {
	const op = "cashier.originOf"
	receipt, end, err := c.climb(ctx, ref)
	if err != nil {
		return o, err
	}
	if end.Book == 0 {
		o.receipt = receipt
		o.from, err = c.arrivalOf(ctx, &receipt)
		return o, err
	}
	if end.Event != chart.ItemCredited {
		return o, fault.New(fault.Invalid, op, "transaction %d did not place a payment, it is %q", end.Seq, end.Event)
	}
	purse, _, err := chart.Explain(end.Postings[len(end.Postings)-1].Credit)
	if err != nil {
		return o, fault.New(fault.Corrupt, op, "%v", err)
	}
	o.credited, o.from = true, arrival{at: Ref{end.Book, end.Seq}, purse: purse}
	last, found, err := c.store.LastPaid(ctx, end.Book, end.Seq, purse)
	if err != nil || !found {
		return o, err
	}
	paid, err := c.arrivalOf(ctx, &last)
	if err == nil && paid.purse == purse {
		o.from.source = paid.source
	}
	return o, err
}

// Over is unapplied money of a billing account, with the payment part to which it
// leads back.
type Over struct {
	At       Ref // the transaction that left it
	Purse    chart.Purse
	Received calendar.Date
	Open     money.Cents
	// Payment and Part are the payment and part by which it came. When an item was
	// credited after it had been paid, they are those of the last payment before that.
	Payment  payment.ID
	Part     int
	Credited bool
	Rail     payment.Rail // "" when no payment is known
	Through  chart.Purse  // that received it, and pays it back
}

// Overs lists the unapplied money of a billing account that can go back, the oldest
// received first. What leads back to no payment and no credit is left out.
func (c *Cashier) Overs(ctx context.Context, book ledger.BookNo) ([]Over, error) {
	const op = "cashier.Overs"
	all, err := c.store.UnappliedOf(ctx, book)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var overs []Over
	for _, u := range all {
		if u.Open == 0 {
			continue
		}
		over, err := c.Came(ctx, Ref{u.Book, u.Seq})
		if fault.KindOf(err) == fault.Invalid {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		over.Purse, over.Received, over.Open = u.Purse, u.Received, u.Open
		overs = append(overs, over)
	}
	return overs, nil
}

// Came tells by which payment the money came that a transaction placed or left; how
// much of it lies there is not told. Invalid when it leads back to no payment and no
// credit.
func (c *Cashier) Came(ctx context.Context, at Ref) (Over, error) {
	const op = "cashier.Came"
	o, err := c.originOf(ctx, at)
	if err != nil {
		return Over{}, err
	}
	t, err := c.store.Transaction(ctx, at.Book, at.Seq)
	if err != nil {
		return Over{}, fault.Wrap(op, err)
	}
	over := Over{At: at, Purse: o.receipt.Purse, Received: t.EffectiveOn, Credited: o.credited, Through: o.from.purse}
	came := o.receipt
	if o.credited {
		over.Purse = o.from.purse
		if came, _, err = c.store.LastPaid(ctx, o.from.at.Book, o.from.at.Seq, o.from.purse); err != nil {
			return Over{}, fault.Wrap(op, err)
		}
	}
	if came.Payment == "" {
		return over, nil
	}
	claim, err := c.claim(ctx, came.Payment)
	over.Payment, over.Part, over.Rail = came.Payment, came.No, claim.Rail
	return over, fault.Wrap(op, err)
}

// Take is some of the money that a transaction placed or left.
type Take struct {
	At     Ref
	Amount money.Cents
	// Items says that it is taken off items too, as Refund does, and not only where it
	// is unapplied.
	Items bool `json:",omitempty"`
}

// RefundFrom takes money of one billing account, from one or more transactions that
// placed or left it, to be sent back together: a refund like Refund's, with a
// transaction for each. Conflict when less is left of one, Invalid when one leads
// back to no payment and no credit.
func (c *Cashier) RefundFrom(ctx context.Context, order Order, takes []Take) (Done, error) {
	const op = "cashier.RefundFrom"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	var want Want
	for _, take := range takes {
		if take.Amount <= 0 || take.At.Book != takes[0].At.Book {
			return Done{}, fault.New(fault.Invalid, op, "a refund takes positive amounts out of one billing account")
		}
		want.Books = append(want.Books, take.At.Book)
	}
	if len(takes) == 0 {
		return Done{}, fault.New(fault.Invalid, op, "a refund takes something")
	}
	return c.act(ctx, payment.Refund, order, takes, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		var refs []Ref
		for _, take := range takes {
			made, err := c.takeOne(ctx, op, d, order, claim, take)
			if err != nil {
				return nil, err
			}
			refs = append(refs, made...)
		}
		return refs, nil
	})
}

func (c *Cashier) takeOne(ctx context.Context, op string, d *desk, order Order, claim *payment.Claim, take Take) ([]Ref, error) {
	o, err := c.originOf(ctx, take.At)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	pots, err := c.unappliedPot(ctx, op, take.At)
	if take.Items {
		pots, err = c.refundable(ctx, d, take.At)
	}
	if err != nil {
		return nil, err
	}
	taken, err := takeFrom(op, pots, take.Amount)
	if err != nil {
		return nil, err
	}
	return c.takeBack(ctx, d, order, claim, taken, chart.PaymentRefunded, o.from.purse, chart.RefundsPayable)
}

func (c *Cashier) unappliedPot(ctx context.Context, op string, ref Ref) ([]pot, error) {
	left, err := c.unapplied(ctx, op, ref)
	if err != nil {
		return nil, err
	}
	at, err := c.store.Transaction(ctx, ref.Book, ref.Seq)
	return []pot{{at: &at, purse: left.Purse, code: chart.Unapplied, cents: left.Open}}, fault.Wrap(op, err)
}

// uncredit gives money that a credit had freed back to the account as unapplied
// money: the survivor's, where it was merged since.
func (c *Cashier) uncredit(ctx context.Context, d *desk, order Order, claim *payment.Claim, r *refunded) ([]Ref, error) {
	cents, purse := arrived(r.taken), r.from.purse
	t := transaction(r.taken.Book, chart.RefundCancelled, order.Actor)
	t.PostedOn, t.EffectiveOn = c.house.PostingDay(purse.Entity), r.taken.EffectiveOn
	t.Of, t.Link, t.Reason = r.at, string(claim.ID), order.Reason
	d.first(&t, claim)
	home := d.books[t.Book]
	target := chart.Unapplied
	if home.Status == Merged {
		if err := c.bring(ctx, d, Want{Books: []ledger.BookNo{home.MergedInto}}); err != nil {
			return nil, err
		}
		target = chart.Interaccount
	}
	t.Postings = []ledger.Posting{chart.Transfer(purse, chart.RefundsPayable, target, cents, 0)}
	d.post(&t)
	d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Of, t.Seq})
	last := &t
	refs := []Ref{{t.Book, t.Seq}}
	if target == chart.Interaccount {
		survivor := d.survivor(home)
		if survivor == nil {
			return nil, fault.New(fault.Corrupt, "cashier.uncredit", "the surviving billing account is missing")
		}
		in := transaction(survivor.No, chart.PaymentPlaced, order.Actor)
		in.PostedOn, in.EffectiveOn, in.Link, in.Reason = t.PostedOn, t.EffectiveOn, t.Link, t.Reason
		in.Postings = []ledger.Posting{chart.Transfer(purse, chart.Interaccount, chart.Unapplied, cents, 0)}
		d.post(&in)
		last, refs = &in, append(refs, Ref{in.Book, in.Seq})
	}
	d.writes.Unapplied = append(d.writes.Unapplied, Unapplied{
		Book: last.Book, Seq: last.Seq, Purse: purse, Received: last.EffectiveOn, Amount: cents, Open: cents,
	})
	return refs, nil
}

// What becomes of a refund whose owner is lost. It waits on unclaimed of its purse
// until its owner is found or a state takes it.

// RefundUnclaimed puts a refund that stands on refunds-payable aside as unclaimed
// property. Conflict when it stands elsewhere, NotFound when there is no such refund.
func (c *Cashier) RefundUnclaimed(ctx context.Context, order Order, refund payment.ID) (Done, error) {
	const op = "cashier.RefundUnclaimed"
	return c.onRefund(ctx, op, payment.Unclaim, order, refund, refund, func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		if !r.payable() {
			return nil, r.refused(op)
		}
		return c.passOn(d, order, claim, r, chart.RefundUnclaimed, chart.RefundsPayable, chart.Unclaimed), nil
	})
}

// RefundReclaimed puts unclaimed property back on refunds-payable: its owner was
// found. Conflict when it does not stand on unclaimed, NotFound when there is none.
func (c *Cashier) RefundReclaimed(ctx context.Context, order Order, refund payment.ID) (Done, error) {
	const op = "cashier.RefundReclaimed"
	return c.onRefund(ctx, op, payment.Reclaim, order, refund, refund, func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		if r.event != chart.RefundUnclaimed {
			return nil, r.refused(op)
		}
		return c.passOn(d, order, claim, r, chart.RefundReclaimed, chart.Unclaimed, chart.RefundsPayable), nil
	})
}

// RefundRemitted records that unclaimed property was paid to a state, by check or
// as an ACH credit. Conflict when it does not stand on unclaimed, NotFound when
// there is none.
func (c *Cashier) RefundRemitted(ctx context.Context, order Order, refund payment.ID, by Tender) (Done, error) {
	const op = "cashier.RefundRemitted"
	if by != ByACH && by != ByCheck {
		return Done{}, fault.New(fault.Invalid, op, "a state is paid by check or as an ACH credit, not by %q", by)
	}
	return c.onRefund(ctx, op, payment.Remit, order, refund, by.content(refund), func(d *desk, claim *payment.Claim, r *refunded) ([]Ref, error) {
		if r.event != chart.RefundUnclaimed {
			return nil, r.refused(op)
		}
		return c.passOn(d, order, claim, r, chart.RefundRemitted, chart.Unclaimed, by.clearing(0)), nil
	})
}
