package checkout

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Notice takes what the processor sent by itself as a hint to enquire. What it
// says is not believed, so that one that is late, repeated, out of order or
// forged does no harm. An error means that it was not followed: the processor is
// to send it again.
func (d *Desk) Notice(ctx context.Context, n Notice) error {
	const op = "checkout.Notice"
	if n.Kind == NoticeOther {
		return nil
	}
	if n.Kind == NoticeMethod {
		return fault.Wrap(op, d.cardRenewed(ctx, n.Subject))
	}
	if n.Kind == NoticePayout {
		_, err := d.takePayouts(ctx, n.Charge.Merchant)
		return fault.Wrap(op, err)
	}
	if n.Kind == NoticeDispute {
		return fault.Wrap(op, d.settleDispute(ctx, n.Charge, n.Subject))
	}
	id, err := d.attemptOf(ctx, n)
	if err != nil || id == "" {
		return fault.Wrap(op, err)
	}
	followed := false
	a, err := d.turn(ctx, op, id, 0, func(ctx context.Context, w *work) error {
		followed = !w.taken()
		return w.settle(ctx, n.Charge)
	})
	if err != nil {
		return err
	}
	if !followed && n.Charge.ID != "" && !a.knows(n.Charge) {
		return fault.New(fault.Unavailable, op, "another works on this payment now; send the notice again")
	}
	if a.State == Paid && (n.Kind == NoticeRefund || n.Kind == NoticeCharge) {
		return fault.Wrap(op, d.reconcileRefunds(ctx, a))
	}
	return nil
}

// attemptOf finds the attempt that a notice is about, "" when it is none of ours.
func (d *Desk) attemptOf(ctx context.Context, n Notice) (ident.Opaque, error) {
	if n.Charge.ID != "" {
		id, err := d.store.AttemptOfCharge(ctx, n.Charge)
		if fault.KindOf(err) != fault.NotFound || err == nil {
			return id, err
		}
	}
	if n.Attempt == "" {
		return "", nil
	}
	_, err := d.store.Attempt(ctx, n.Attempt)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return n.Attempt, err
}

// partsOf gives the transactions that brought a leg's money to the books, by the
// index of the draft's part.
func (d *Desk) partsOf(ctx context.Context, a *Attempt, leg int) (map[int]cashier.Ref, error) {
	_, answer, err := d.books.Find(ctx, payment.IDOf(postKey(a.ID)))
	if err != nil {
		return nil, fault.Wrap("checkout.partsOf", err)
	}
	placed := map[int]cashier.Ref{}
	next := 0 // receipt parts stand in the order of the captured legs and their parts
	for i := range a.Legs {
		if a.Legs[i].State != LegCaptured {
			continue
		}
		for _, at := range a.Legs[i].Parts {
			if next == len(answer.Parts) {
				return nil, fault.New(fault.Corrupt, "checkout.partsOf", "the receipt of payment %s has too few parts", a.ID)
			}
			receipt := answer.Parts[next]
			next++
			if a.Legs[i].No == leg {
				placed[at] = cashier.Ref{Book: receipt.Book, Seq: receipt.Seq}
			}
		}
	}
	return placed, nil
}

// capturedLeg gives a leg of a paid attempt that was captured.
func (a *Attempt) capturedLeg(no int) (*Leg, error) {
	if a.State != Paid || no < 1 || no > len(a.Legs) || a.Legs[no-1].State != LegCaptured {
		return nil, errors.New("no charge of this payment was captured there")
	}
	return &a.Legs[no-1], nil
}
