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

// How often a dispute that is not decided is enquired about, in case the
// processor's word of its end was lost, and for how long a question of the bank
// may become one (payment-rails: a holder has 120 days).
const (
	disputeLook  = 24 * time.Hour
	inquiryUntil = 120 * 24 * time.Hour
)

// settleDispute follows word of a dispute: its money is taken off what it had
// paid while it is open or lost, and placed again with its received date when it
// is won, each once (payment-rails, chargebacks).
func (d *Desk) settleDispute(ctx context.Context, charge ChargeRef, id string) error {
	if charge.ID == "" {
		dispute, err := d.processor.EnquireDispute(ctx, charge.Merchant, id)
		if err != nil {
			return err
		}
		charge = dispute.Charge
	}
	attempt, err := d.store.AttemptOfCharge(ctx, charge)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil // a charge that is none of ours
	}
	if err != nil {
		return err
	}
	a, err := d.store.Attempt(ctx, attempt)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(a.Legs, func(l Leg) bool { return l.Charge == charge })
	if at < 0 || a.Legs[at].State != LegCaptured || a.State != Paid {
		return fault.New(fault.Conflict, "checkout.settleDispute", "the disputed charge of payment %s is not on the books", attempt)
	}
	return d.disputeTurn(ctx, &a, &a.Legs[at], id)
}

// lookAtDispute is settleDispute for one that is known.
func (d *Desk) lookAtDispute(ctx context.Context, c DisputeCase) error {
	a, err := d.store.Attempt(ctx, c.Attempt)
	if err != nil {
		return err
	}
	return d.disputeTurn(ctx, &a, &a.Legs[c.Leg-1], c.ID)
}

func (d *Desk) disputeTurn(ctx context.Context, a *Attempt, leg *Leg, id string) error {
	end, mine := d.turns.take(ctx, caseTurn(a.ID), d.o.Wait)
	if !mine {
		return fault.New(fault.Unavailable, "checkout.disputeTurn", "another works on this payment's refunds and disputes; try again")
	}
	defer end()
	ctx = context.WithoutCancel(ctx)
	for {
		c, err := d.disputeCase(ctx, a, leg, id)
		if err == nil {
			err = d.disputeOn(ctx, a, &c)
		}
		if !errors.Is(err, ErrMoved) {
			return err
		}
	}
}

// disputeCase loads a dispute with how it stands at the processor, which is asked
// after the row was read: whoever writes knows the newer.
func (d *Desk) disputeCase(ctx context.Context, a *Attempt, leg *Leg, id string) (DisputeCase, error) {
	all, err := d.store.DisputesOf(ctx, a.ID)
	if err != nil {
		return DisputeCase{}, err
	}
	dispute, err := d.processor.EnquireDispute(ctx, leg.Merchant, id)
	if err != nil {
		return DisputeCase{}, err
	}
	now := d.clock.Now()
	if at := slices.IndexFunc(all, func(c DisputeCase) bool { return c.ID == id }); at >= 0 {
		c := all[at]
		dispute.Amount = c.Amount // what was booked of it
		c.Dispute = dispute
		if dispute.Answered && c.EvidenceAt.IsZero() {
			c.EvidenceAt = now // at the processor's dashboard
		}
		return c, nil
	}
	c := DisputeCase{Dispute: dispute, Attempt: a.ID, Leg: leg.No, CreatedAt: now, ChangedAt: now, LookAt: now.Add(d.o.Lease)}
	return c, d.store.NewDispute(ctx, &c)
}

func (d *Desk) saveDispute(ctx context.Context, c *DisputeCase) error {
	c.ChangedAt = d.clock.Now()
	return d.store.SaveDispute(ctx, c)
}

// disputeOn brings the books to how a dispute stands.
func (d *Desk) disputeOn(ctx context.Context, a *Attempt, c *DisputeCase) error {
	won, now := c.Status == DisputeWon, d.clock.Now()
	if !c.Booked && (c.counts() || won && len(c.Shares) > 0) {
		if err := d.bookDispute(ctx, a, c); err != nil {
			return d.disputeStuck(ctx, c, err)
		}
	}
	if won && c.Booked && !c.Restored {
		if err := d.regain(ctx, a, c); err != nil {
			return d.disputeStuck(ctx, c, err)
		}
		for i := range c.Shares {
			if _, err := d.books.DisputeWon(ctx, c.act("won", i), payment.IDOf(c.act("open", i).Key)); err != nil {
				return d.disputeStuck(ctx, c, err)
			}
		}
		c.Restored = true
	}
	if c.Booked && (c.Status == DisputeLost || c.Restored) {
		if err := d.decided(ctx, a, c); err != nil {
			return d.disputeStuck(ctx, c, err)
		}
	}
	c.Problem, c.LookAt, c.Looks = "", time.Time{}, 0
	if c.Status == DisputeOpen || c.Status == DisputeInquiry && now.Before(c.OpenedAt.Add(inquiryUntil)) {
		c.LookAt = now.Add(disputeLook)
	}
	return d.saveDispute(ctx, c)
}

// decided lets a dispute count against the coverage that its money had paid: from
// when it is lost, or, where the money is placed again, not at all.
func (d *Desk) decided(ctx context.Context, a *Attempt, c *DisputeCase) error {
	on := d.house.PostingDay(a.Legs[c.Leg-1].Purse.Entity)
	for i := range c.Shares {
		if err := d.store.DecideDisputed(ctx, payment.IDOf(c.act("open", i).Key), on); err != nil {
			return err
		}
	}
	return nil
}

// bookDispute takes the disputed money off what it had paid.
func (d *Desk) bookDispute(ctx context.Context, a *Attempt, c *DisputeCase) error {
	placed, err := d.partsOf(ctx, a, c.Leg)
	if err != nil {
		return err
	}
	if len(c.Shares) == 0 && c.Excess == 0 {
		if err := d.shareDispute(ctx, a, c, placed); err != nil {
			return err
		}
	}
	for i, share := range c.Shares {
		if !d.o.CountDisputed {
			if err := d.store.HoldDisputed(ctx, payment.IDOf(c.act("open", i).Key), c.ID); err != nil {
				return err
			}
		}
		if _, err := d.books.Dispute(ctx, c.act("open", i), share.At, share.Amount); err != nil {
			return err
		}
	}
	c.Booked = true
	return nil
}

// shareDispute says which parts of a leg lose to a dispute, and writes it down. What
// has gone back already, by whatever way, cannot be taken again: that is the excess.
func (d *Desk) shareDispute(ctx context.Context, a *Attempt, c *DisputeCase, placed map[int]cashier.Ref) error {
	gone, err := d.casesOf(ctx, a.ID)
	if err != nil {
		return err
	}
	left := c.Amount
	var shares []Share
	for _, at := range a.Legs[c.Leg-1].Parts {
		there, err := d.standing(ctx, placed[at])
		if err != nil {
			return err
		}
		if take := min(left, a.Parts[at].Amount-gone.goneOf(at), there); take > 0 {
			shares = append(shares, Share{Part: at, At: placed[at], Amount: take})
			left -= take
		}
	}
	if left > 0 && gone.underWay(c.Leg) {
		return fault.New(fault.Conflict, "checkout.shareDispute", "more is disputed than is left of the charge, by %s", left.Grouped()).
			WithHint("A refund of it is not sent: cancel it, and the dispute takes its money.")
	}
	c.Shares, c.Excess = shares, left
	return d.saveDispute(ctx, c)
}

// standing is what of a part can still be taken, wherever it lies by now.
func (d *Desk) standing(ctx context.Context, part cashier.Ref) (sum money.Cents, err error) {
	stands, err := d.books.Stands(ctx, part)
	for _, s := range stands {
		sum += s.Refundable
	}
	return sum, err
}

// underWay reports whether money of a leg stands on refunds payable.
func (c *cases) underWay(leg int) bool {
	return slices.ContainsFunc(c.refunds, func(r RefundCase) bool {
		return r.Leg == leg && r.State != CaseSent && r.State != CaseCancelled
	})
}

// act is the order of one step of a dispute in the books, for one of its shares.
func (c *DisputeCase) act(step string, share int) cashier.Order {
	return cashier.Order{
		Key:    ident.Key(fmt.Sprintf("card-dispute:%s:%d:%s", c.ID, share, step)),
		Actor:  ident.Actor{Kind: ident.System, Name: "cards"},
		Reason: fmt.Sprintf("dispute at the bank: %s", c.Reason),
	}
}

// disputeStuck leaves a dispute to a job, and to staff when the books refuse it.
func (d *Desk) disputeStuck(ctx context.Context, c *DisputeCase, why error) error {
	if errors.Is(why, ErrMoved) {
		return why
	}
	c.Problem = fault.MessageOf(why)
	c.LookAt = d.clock.Now().Add(backoff(c.Looks))
	c.Looks++
	d.o.Log.Error("a dispute is not on the books yet", "attempt", c.Attempt, "dispute", c.ID, "error", why)
	return d.saveDispute(ctx, c)
}
