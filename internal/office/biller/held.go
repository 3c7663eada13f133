package biller

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
)

// HeldStore finds held money.
type HeldStore interface {
	// HeldMoney gives the unapplied premium money of subscribers of whom something is
	// open, and of whom a policy in force has its duty to apply held money noted on a
	// day or later.
	HeldMoney(ctx context.Context, since calendar.Date) ([]Held, error)
}

// Held is unapplied money that is to pay what was billed anew.
type Held struct {
	Money cashier.Ref
	Since calendar.Date // when it became due to be applied
}

// heldDays is how long after a reinstatement its months can be billed: a month's bills
// and some days for runs that were missed.
const heldDays = 45

// ApplyHeld has the money that is held of reinstated policies, and what was paid of
// months before a coverage began later than was enrolled for, pay what was billed anew:
// the oldest due first. It is done after a day's billing. Each payment is an act of its
// own, once a day; it gives how many there were.
func ApplyHeld(ctx context.Context, store HeldStore, c *cashier.Cashier, day calendar.Date, actor ident.Actor) (int, error) {
	const op = "biller.ApplyHeld"
	held, err := store.HeldMoney(ctx, day.AddDays(-heldDays))
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	applied := 0
	for _, h := range held {
		order := cashier.Order{
			Key: ident.Key(fmt.Sprintf("held:%d:%d:%s", h.Money.Book, h.Money.Seq, day)), Actor: actor,
			Reason: fmt.Sprintf("held money pays what was billed anew, by the payment status of %s", h.Since),
		}
		_, err := c.ApplyUnapplied(ctx, order, h.Money, nil)
		if fault.KindOf(err) == fault.Conflict {
			continue // what was open is paid meanwhile, or nothing is left
		}
		if err != nil {
			return applied, fault.Wrap(op, err)
		}
		applied++
	}
	return applied, nil
}
