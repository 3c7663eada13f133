package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Refund sends money of one leg back to the card that it came from: amount, or
// all that is left of the leg when amount is zero. First the books move it to
// refunds payable, then the processor is asked. When its answer is lost a job
// asks again; when it cannot send the money, that stays in refunds payable and
// staff see it. The same order and content answers as before.
//
// Conflict when the payment is not paid, when less is left of the leg, when what
// it left unapplied was used since, while the answer to another refund of the leg
// is not known, or when the key was used for another refund.
func (d *Desk) Refund(
	ctx context.Context, order cashier.Order, attempt ident.Opaque, leg int, amount money.Cents,
) (RefundCase, error) {
	return d.refund(ctx, order, attempt, leg, amount, nil)
}

// refund takes the money from some shares, or finds it where there are none.
func (d *Desk) refund(
	ctx context.Context, order cashier.Order, attempt ident.Opaque, leg int, amount money.Cents, from []Share,
) (RefundCase, error) {
	const op = "checkout.Refund"
	if order.Actor.IsZero() || order.Reason == "" {
		return RefundCase{}, fault.New(fault.Invalid, op, "a refund needs who makes it and why")
	}
	if _, err := ident.ParseKey(string(order.Key)); err != nil || amount < 0 {
		return RefundCase{}, fault.New(fault.Invalid, op, "a refund needs an idempotency key, and an amount above zero")
	}
	end, mine := d.turns.take(ctx, caseTurn(attempt), d.o.Wait)
	if !mine {
		return RefundCase{}, fault.New(fault.Unavailable, op, "another works on this payment's refunds; try again")
	}
	defer end()
	ctx = context.WithoutCancel(ctx)
	for {
		r, err := d.newRefund(ctx, order, attempt, leg, amount, from)
		if errors.Is(err, ErrMoved) {
			continue // another refund took its number
		}
		if err == nil {
			r, err = d.refundTurn(ctx, attempt, r.No)
		}
		return r, fault.Wrap(op, err)
	}
}

// newRefund writes down what is to be refunded, or finds it under its key.
func (d *Desk) newRefund(
	ctx context.Context, order cashier.Order, attempt ident.Opaque, legNo int, amount money.Cents, shares []Share,
) (RefundCase, error) {
	a, err := d.store.Attempt(ctx, attempt)
	if err != nil {
		return RefundCase{}, err
	}
	leg, err := a.capturedLeg(legNo)
	if err != nil {
		return RefundCase{}, fault.New(fault.Conflict, "", "%v", err)
	}
	all, err := d.casesOf(ctx, attempt)
	if err != nil {
		return RefundCase{}, err
	}
	for _, r := range all.refunds {
		if r.Order.Key == order.Key {
			if r.Leg != legNo || amount != 0 && r.Amount != amount {
				return RefundCase{}, fault.New(fault.Conflict, "", "this idempotency key was used for another refund")
			}
			return r, nil
		}
		if r.Leg == legNo && (r.State == CaseBooking || r.State == CaseSending) {
			return RefundCase{}, fault.New(fault.Conflict, "", "it is not known yet what became of refund %d of this charge", r.No).
				WithHint("Try again when it is: two at once could not be told apart.")
		}
	}
	left := leg.Amount - all.gone(legNo)
	if amount == 0 {
		amount = left
	}
	if amount > left || left <= 0 {
		return RefundCase{}, fault.New(fault.Conflict, "", "only %s is left of this charge to refund", max(left, 0).Grouped())
	}
	if len(shares) == 0 {
		if shares, err = d.refundShares(ctx, &a, legNo, amount); err != nil {
			return RefundCase{}, err
		}
	}
	now := d.clock.Now()
	r := RefundCase{
		Attempt: attempt, No: len(all.refunds) + 1, Leg: legNo, Amount: amount, Shares: shares, State: CaseBooking, Order: order,
		CreatedAt: now, ChangedAt: now, LookAt: now.Add(d.o.Lease),
	}
	err = d.store.NewRefund(ctx, &r)
	return r, err
}

// cases are what took from an attempt's charges.
type cases struct {
	refunds  []RefundCase
	disputes []DisputeCase
}

func (d *Desk) casesOf(ctx context.Context, attempt ident.Opaque) (c cases, err error) {
	if c.refunds, err = d.store.RefundsOf(ctx, attempt); err == nil {
		c.disputes, err = d.store.DisputesOf(ctx, attempt)
	}
	return c, err
}

// gone is what refunds and disputes took from a leg.
func (c *cases) gone(leg int) money.Cents {
	sum := c.refunded(leg)
	for i := range c.disputes {
		if c.disputes[i].Leg == leg && c.disputes[i].counts() {
			sum += c.disputes[i].Amount
		}
	}
	return sum
}

func (c *cases) refunded(leg int) money.Cents {
	var sum money.Cents
	for i := range c.refunds {
		if c.refunds[i].Leg == leg && c.refunds[i].counts() {
			sum += c.refunds[i].Amount
		}
	}
	return sum
}

// goneOf is what refunds and disputes took from one part.
func (c *cases) goneOf(part int) money.Cents {
	var sum money.Cents
	count := func(shares []Share) {
		for _, s := range shares {
			if s.Part == part {
				sum += s.Amount
			}
		}
	}
	for i := range c.refunds {
		if c.refunds[i].counts() {
			count(c.refunds[i].Shares)
		}
	}
	for i := range c.disputes {
		if c.disputes[i].counts() {
			count(c.disputes[i].Shares)
		}
	}
	return sum
}

// refundShares says which parts of a leg give a refund, wherever their money
// stands now.
func (d *Desk) refundShares(ctx context.Context, a *Attempt, leg int, amount money.Cents) ([]Share, error) {
	placed, err := d.partsOf(ctx, a, leg)
	if err != nil {
		return nil, err
	}
	var shares []Share
	left := amount
	for _, at := range a.Legs[leg-1].Parts {
		stands, err := d.books.Stands(ctx, placed[at])
		if err != nil {
			return nil, err
		}
		for _, stand := range stands {
			if take := min(left, stand.Refundable); take > 0 {
				shares = append(shares, Share{Part: at, At: stand.At, Amount: take})
				left -= take
			}
		}
	}
	if left > 0 {
		return nil, fault.New(fault.Conflict, "checkout.refundShares",
			"%s of this charge can be taken back in the books; the rest has been used since", (amount - left).Grouped())
	}
	return shares, nil
}

// caseTurn names the turn at an attempt's refunds and disputes: its charges have
// another.
func caseTurn(attempt ident.Opaque) ident.Opaque { return "refund:" + attempt }

// settleRefund takes a refund as far as it goes and returns it as it stands then.
func (d *Desk) settleRefund(ctx context.Context, attempt ident.Opaque, no int) (RefundCase, error) {
	end, mine := d.turns.take(ctx, caseTurn(attempt), d.o.Wait)
	if !mine {
		return d.refundCase(ctx, attempt, no)
	}
	defer end()
	return d.refundTurn(context.WithoutCancel(ctx), attempt, no)
}

// refundTurn is settleRefund for whoever has the turn.
func (d *Desk) refundTurn(ctx context.Context, attempt ident.Opaque, no int) (RefundCase, error) {
	r, err := d.refundCase(ctx, attempt, no)
	if err != nil {
		return r, err
	}
	err = d.refundOn(ctx, &r)
	if errors.Is(err, ErrMoved) {
		return d.refundCase(ctx, attempt, no)
	}
	return r, err
}

func (d *Desk) refundCase(ctx context.Context, attempt ident.Opaque, no int) (RefundCase, error) {
	all, err := d.store.RefundsOf(ctx, attempt)
	if err != nil {
		return RefundCase{}, err
	}
	at := slices.IndexFunc(all, func(r RefundCase) bool { return r.No == no })
	if at < 0 {
		return RefundCase{}, fault.New(fault.NotFound, "checkout.refundCase", "this payment has no refund %d", no)
	}
	return all[at], nil
}

func (d *Desk) saveRefund(ctx context.Context, r *RefundCase) error {
	r.ChangedAt = d.clock.Now()
	return d.store.SaveRefund(ctx, r)
}

// refundOn does the next steps of a refund until it rests.
func (d *Desk) refundOn(ctx context.Context, r *RefundCase) error {
	a, err := d.store.Attempt(ctx, r.Attempt)
	if err != nil {
		return err
	}
	charge := a.Legs[r.Leg-1].Charge
	if r.State == CaseBooking {
		if err := d.bookRefund(ctx, &a, r); err != nil || r.State != CaseSending {
			return err
		}
	}
	switch r.State {
	case CaseSending:
		return d.sendRefund(ctx, r, charge)
	case CaseWaiting, CaseSent:
		refund, err := d.processor.EnquireRefund(ctx, charge.Merchant, r.Processor)
		if err != nil {
			return d.refundLater(ctx, r)
		}
		return d.refundStands(ctx, r, refund)
	}
	return nil
}

// act is the order of one step of a refund in the books, for one of its shares.
func (r *RefundCase) act(step string, share int) cashier.Order {
	return cashier.Order{
		Key:   ident.Key(fmt.Sprintf("card-refund:%s:%d:%d:%s", r.Attempt, r.No, share, step)),
		Actor: r.Order.Actor, Reason: r.Order.Reason,
	}
}

// bookRefund moves the money to refunds payable. What cannot be moved whole is
// not refunded at all, unless the processor has sent it already.
func (d *Desk) bookRefund(ctx context.Context, a *Attempt, r *RefundCase) error {
	if len(r.Shares) == 0 {
		if err := d.shareOut(ctx, a, r); err != nil || len(r.Shares) == 0 {
			return err
		}
	}
	for i, share := range r.Shares {
		err := d.book(ctx, r.act("book", i), share)
		if err == nil {
			continue
		}
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.Invalid && kind != fault.NotFound {
			return errors.Join(err, d.refundLater(ctx, r))
		}
		r.Problem = fault.MessageOf(err)
		if r.Elsewhere {
			return d.refundLater(ctx, r)
		}
		why := fault.New(fault.Conflict, "checkout.Refund", "nothing was refunded: %s", r.Problem)
		r.State, r.LookAt = CaseFailed, time.Time{}
		if err := d.saveRefund(ctx, r); err != nil {
			return err
		}
		return errors.Join(why, d.unbookRefund(ctx, r))
	}
	r.Problem = ""
	if r.Elsewhere {
		return d.refundStands(ctx, r, Refund{Status: RefundSent, ID: r.Processor})
	}
	r.State, r.LookAt, r.Looks = CaseSending, d.clock.Now().Add(d.o.Lease), 0
	return d.saveRefund(ctx, r)
}

// shareOut finds in the books the money of a refund that was made elsewhere. What
// is not there any more is for staff.
func (d *Desk) shareOut(ctx context.Context, a *Attempt, r *RefundCase) error {
	shares, err := d.refundShares(ctx, a, r.Leg, r.Amount)
	switch {
	case err == nil:
		r.Shares, r.Problem = shares, ""
		return d.saveRefund(ctx, r)
	case fault.KindOf(err) == fault.Conflict:
		r.Problem = fault.MessageOf(err)
		return d.refundLater(ctx, r)
	}
	return errors.Join(err, d.refundLater(ctx, r))
}

// unbookRefund gives back what the shares of a failed refund had moved; some may
// not have come so far.
func (d *Desk) unbookRefund(ctx context.Context, r *RefundCase) error {
	for i := range r.Shares {
		_, err := d.books.RefundCancelled(ctx, r.act("cancel", i), payment.IDOf(r.act("book", i).Key))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	r.State, r.LookAt, r.Problem = CaseCancelled, time.Time{}, ""
	return d.saveRefund(ctx, r)
}

// refundAnew is how long a refund waits for an answer under one key. After that
// no request for it can be under way any more, and it is asked for under another:
// processors remember their own failures under a key, and forget keys after a day.
const refundAnew = 5 * time.Minute

// sendRefund asks the processor to send the money. At first the key makes it send
// once; later, what the charge says was refunded in all comes before asking again.
func (d *Desk) sendRefund(ctx context.Context, r *RefundCase, charge ChargeRef) error {
	round, now := 0, d.clock.Now()
	if now.Sub(r.CreatedAt) >= refundAnew {
		made, err := d.refundWasMade(ctx, r, charge)
		switch {
		case err != nil:
			return d.refundLater(ctx, r)
		case made:
			return d.refundStands(ctx, r, Refund{Status: RefundSent})
		case now.Sub(r.CreatedAt) >= d.o.Horizon:
			r.Problem = "the processor never told what became of it, and the charge shows that it was not made"
			return d.refundStands(ctx, r, Refund{Status: RefundFailed})
		case now.Sub(r.ChangedAt) < refundAnew:
			return nil // it was asked for just now
		}
		round = r.Looks
	}
	refund, err := d.processor.Refund(ctx, RefundOrder{Charge: charge, Amount: r.Amount, Reason: "requested"},
		callKey(r.Attempt, r.Leg, r.No, round, "refund"))
	switch {
	case err == nil:
		return d.refundStands(ctx, r, refund)
	case fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.UnknownOutcome:
		return d.refundLater(ctx, r)
	}
	r.Problem = fault.MessageOf(err)
	return d.refundStands(ctx, r, Refund{Status: RefundFailed})
}

// refundWasMade tells from what was refunded of the charge in all whether a
// refund whose answer never came was made. No two of a leg are unknown at once.
func (d *Desk) refundWasMade(ctx context.Context, r *RefundCase, ref ChargeRef) (bool, error) {
	charge, err := d.processor.Enquire(ctx, ref)
	if err != nil {
		return false, err
	}
	all, err := d.casesOf(ctx, r.Attempt)
	return charge.Refunded >= all.refunded(r.Leg), err
}

// refundStands notes how the processor says that a refund stands, first in the
// books.
func (d *Desk) refundStands(ctx context.Context, r *RefundCase, refund Refund) error {
	if refund.ID != "" {
		r.Processor = refund.ID
	}
	step, next := "", r.State
	switch refund.Status {
	case RefundPending:
		next = CaseWaiting
	case RefundSent:
		step, next = "sent", CaseSent
	case RefundFailed:
		step, next = "failed", CaseFailed
	}
	for i := range r.Shares {
		if step == "" || next == r.State {
			break
		}
		do := d.books.RefundSent
		if step == "failed" {
			do = d.books.RefundFailed
		}
		if _, err := do(ctx, r.act(step, i), payment.IDOf(r.act("book", i).Key)); err != nil {
			return errors.Join(err, d.refundLater(ctx, r))
		}
	}
	if next == CaseSent {
		r.Problem = ""
	}
	if next == CaseWaiting {
		r.State = next
		return d.refundLater(ctx, r)
	}
	r.State, r.LookAt, r.Looks = next, time.Time{}, 0
	return d.saveRefund(ctx, r)
}

// refundLater leaves a refund to a job.
func (d *Desk) refundLater(ctx context.Context, r *RefundCase) error {
	r.LookAt = d.clock.Now().Add(backoff(r.Looks))
	r.Looks++
	return d.saveRefund(ctx, r)
}

// CancelRefund gives up a refund that could not be sent: its money becomes the
// payer's unapplied money again, for staff to send by another way or to leave.
// Conflict unless the refund failed.
func (d *Desk) CancelRefund(ctx context.Context, order cashier.Order, attempt ident.Opaque, no int) (RefundCase, error) {
	const op = "checkout.CancelRefund"
	r, err := d.refundCase(ctx, attempt, no)
	if err != nil || r.State == CaseCancelled {
		return r, fault.Wrap(op, err)
	}
	if r.State != CaseFailed {
		return r, fault.New(fault.Conflict, op, "only a refund that failed is given up; this one is %s", r.State)
	}
	if order.Actor.IsZero() || order.Reason == "" {
		return r, fault.New(fault.Invalid, op, "say who gives the refund up, and why")
	}
	r.Order.Actor, r.Order.Reason = order.Actor, order.Reason
	return r, fault.Wrap(op, d.unbookRefund(ctx, &r))
}

// reconcileRefunds books what was refunded of an attempt's charges elsewhere: at
// the processor's dashboard.
func (d *Desk) reconcileRefunds(ctx context.Context, a Attempt) error {
	all, err := d.casesOf(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, r := range all.refunds {
		if r.State == CaseSending || r.State == CaseWaiting || r.State == CaseSent && r.Processor != "" {
			if _, err := d.settleRefund(ctx, a.ID, r.No); err != nil {
				return err
			}
		}
	}
	for i := range a.Legs {
		if a.Legs[i].State == LegCaptured {
			if err := d.reconcileLeg(ctx, &a, &a.Legs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) reconcileLeg(ctx context.Context, a *Attempt, leg *Leg) error {
	charge, err := d.processor.Enquire(ctx, leg.Charge)
	if err != nil {
		return err
	}
	all, err := d.casesOf(ctx, a.ID)
	if err != nil {
		return err
	}
	more := charge.Refunded - all.refunded(leg.No)
	if more <= 0 {
		return nil
	}
	now := d.clock.Now()
	r := RefundCase{
		Attempt: a.ID, No: len(all.refunds) + 1, Leg: leg.No, Amount: more, State: CaseBooking, Elsewhere: true,
		Order: cashier.Order{
			Key:   ident.Key(fmt.Sprintf("card-refunded:%s:%d:%d", a.ID, leg.No, int64(charge.Refunded))),
			Actor: ident.Actor{Kind: ident.System, Name: "cards"}, Reason: "refunded at the processor",
		},
		CreatedAt: now, ChangedAt: now, LookAt: now,
	}
	if err := d.store.NewRefund(ctx, &r); err != nil && !errors.Is(err, ErrMoved) {
		return err
	}
	_, err = d.settleRefund(ctx, a.ID, r.No)
	return err
}
