package checkout

import (
	"context"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// CardPart is a charge that paid a part of a payment.
type CardPart struct {
	Attempt ident.Opaque
	Leg     int
	Part    int         // of the draft, by index
	Left    money.Cents // of the charge, that did not go back yet
}

// PaidBy tells which charge paid a part of a payment in the books, counted from 1 as
// its receipt does. NotFound when the payment was not by card.
func (d *Desk) PaidBy(ctx context.Context, id payment.ID, part int) (CardPart, error) {
	const op = "checkout.PaidBy"
	claim, _, err := d.books.Find(ctx, id)
	if err != nil {
		return CardPart{}, fault.Wrap(op, err)
	}
	attempt, ours := strings.CutPrefix(string(claim.Key), string(postKey("")))
	if !ours || claim.Rail != payment.Card {
		return CardPart{}, fault.New(fault.NotFound, op, "this payment was not by card")
	}
	a, err := d.store.Attempt(ctx, ident.Opaque(attempt))
	if err != nil {
		return CardPart{}, fault.Wrap(op, err)
	}
	all, err := d.casesOf(ctx, a.ID)
	if err != nil {
		return CardPart{}, fault.Wrap(op, err)
	}
	next := 0 // receipt parts stand in the order of the captured legs and their parts
	for i := range a.Legs {
		leg := &a.Legs[i]
		if leg.State != LegCaptured {
			continue
		}
		for _, at := range leg.Parts {
			if next++; next == part {
				return CardPart{Attempt: a.ID, Leg: leg.No, Part: at, Left: leg.Amount - all.gone(leg.No)}, nil
			}
		}
	}
	return CardPart{}, fault.New(fault.NotFound, op, "this payment has no part %d", part)
}

// RefundShares is Refund of money that was looked up before: each share says where
// it stands and, with Over, that it is taken from what is unapplied there and from
// nothing else. Errors are those of Refund.
func (d *Desk) RefundShares(
	ctx context.Context, order cashier.Order, attempt ident.Opaque, leg int, shares []Share,
) (RefundCase, error) {
	var amount money.Cents
	for _, s := range shares {
		if s.Amount <= 0 {
			return RefundCase{}, fault.New(fault.Invalid, "checkout.RefundShares", "a refund takes positive amounts")
		}
		amount += s.Amount
	}
	return d.refund(ctx, order, attempt, leg, amount, shares)
}

// RefundOf gives a refund of a payment, by its number from 1. NotFound when there is
// none.
func (d *Desk) RefundOf(ctx context.Context, attempt ident.Opaque, no int) (RefundCase, error) {
	r, err := d.refundCase(ctx, attempt, no)
	return r, fault.Wrap("checkout.RefundOf", err)
}

// book takes the money of a share to refunds payable.
func (d *Desk) book(ctx context.Context, order cashier.Order, share Share) error {
	if !share.Over {
		_, err := d.books.Refund(ctx, order, share.At, share.Amount)
		return err
	}
	_, err := d.books.RefundFrom(ctx, order, []cashier.Take{{At: share.At, Amount: share.Amount}})
	return err
}
