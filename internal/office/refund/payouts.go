package refund

import (
	"context"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Payouts is the desk as the clearing house's desk tells it what became of credits.
func (d *Desk) Payouts() clearing.Payouts { return payouts{d} }

type payouts struct{ desk *Desk }

// Sent implements clearing.Payouts.
func (p payouts) Sent(ctx context.Context, id payment.ID, key ident.Key, on calendar.Date, by ident.Actor) error {
	if _, err := p.of(ctx, "refund.Sent", id, key); err != nil {
		return err
	}
	return p.desk.Sent(ctx, id, by, "credited through the clearing house, settles "+on.String())
}

// Returned implements clearing.Payouts.
func (p payouts) Returned(ctx context.Context, id payment.ID, key ident.Key, code string, on calendar.Date, by ident.Actor) error {
	r, err := p.of(ctx, "refund.Returned", id, key)
	if err != nil || r.State == back.Returned {
		return err
	}
	why := "the credit could not be sent on " + on.String() + ": the account is no longer in use"
	if rule, known := clearing.RuleFor(code); known {
		why = "the credit came back on " + on.String() + ": " + code + " " + rule.Meaning
	}
	return p.desk.Returned(ctx, id, by, why)
}

// of loads the refund that an entry sends. Conflict when another tender has begun
// since: what comes back then is for staff.
func (p payouts) of(ctx context.Context, op string, id payment.ID, key ident.Key) (back.Refund, error) {
	r, err := p.desk.store.RefundRequest(ctx, id)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	if !strings.HasSuffix(string(key), string(clearing.EntryID(stepKey(&r, "ach")))) {
		return r, fault.New(fault.Conflict, op, "this refund has gone another way since")
	}
	return r, nil
}
