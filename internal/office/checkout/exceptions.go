package checkout

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
)

// Exceptions are what of card payments waits for staff.
type Exceptions struct {
	Unclear  []Attempt     // unknown beyond the horizon: ask the processor
	Refunds  []RefundCase  // that could not be sent, or booked
	Disputes []DisputeCase // open, by the date on which evidence is due, and those that could not be booked
	// Payouts are settlement reports that do not prove, and Lines what of others is not
	// known to be ours.
	Payouts []SettlementReport
	Lines   []UnknownLine
	// Excess are chargebacks of more than was left, on which nobody has decided.
	Excess []DisputeCase
}

// exceptionsMax bounds each list of exceptions.
const exceptionsMax = 200

// Exceptions lists what waits for staff, oldest first.
func (d *Desk) Exceptions(ctx context.Context) (Exceptions, error) {
	const op = "checkout.Exceptions"
	var e Exceptions
	ids, err := d.store.UnclearAttempts(ctx, d.clock.Now().Add(-d.o.Horizon), exceptionsMax)
	if err != nil {
		return e, fault.Wrap(op, err)
	}
	for _, id := range ids {
		a, err := d.store.Attempt(ctx, id)
		if err != nil {
			return e, fault.Wrap(op, err)
		}
		e.Unclear = append(e.Unclear, a)
	}
	if e.Refunds, err = d.store.StuckRefunds(ctx, exceptionsMax); err != nil {
		return e, fault.Wrap(op, err)
	}
	if e.Disputes, err = d.store.OpenDisputes(ctx, exceptionsMax); err != nil {
		return e, fault.Wrap(op, err)
	}
	slices.SortStableFunc(e.Disputes, func(a, b DisputeCase) int { return a.Deadline().Compare(b.Deadline()) })
	if e.Excess, err = d.store.ExcessDisputes(ctx, exceptionsMax); err != nil {
		return e, fault.Wrap(op, err)
	}
	if e.Lines, err = d.store.UnknownLines(ctx, exceptionsMax); err != nil {
		return e, fault.Wrap(op, err)
	}
	e.Payouts, err = d.store.UnprovedReports(ctx, exceptionsMax)
	return e, fault.Wrap(op, err)
}

// Cases gives the refunds and disputes of an attempt.
func (d *Desk) Cases(ctx context.Context, a *Attempt) ([]RefundCase, []DisputeCase, error) {
	all, err := d.casesOf(ctx, a.ID)
	return all.refunds, all.disputes, fault.Wrap("checkout.Cases", err)
}
