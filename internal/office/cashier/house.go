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

// HouseSum is money of the house's own accounts of one purse: it is no billing
// account's, and stands in an operating book.
type HouseSum struct {
	Book  ledger.BookNo // of the day or file that it belongs to
	Purse chart.Purse
	On    calendar.Date // the day that it counts for
	Cents money.Cents
}

// ProcessorFees records what a card processor kept of what it settles, or gave
// back of that when the amount is negative.
func (c *Cashier) ProcessorFees(ctx context.Context, order Order, fees HouseSum) (Done, error) {
	return c.onHouse(ctx, "cashier.ProcessorFees", payment.Fees, order, chart.FeesKept, fees, chart.ProcessorFees, chart.ClearCard)
}

// WriteOff records as lost what a bank took of card payments beyond what was left
// to take it from. Who may decide that is the caller's to see to.
func (c *Cashier) WriteOff(ctx context.Context, order Order, loss HouseSum) (Done, error) {
	return c.onHouse(ctx, "cashier.WriteOff", payment.WriteOff, order, chart.LossWrittenOff, loss, chart.Losses, chart.ClearCard)
}

// Regain records that what was written off came back.
func (c *Cashier) Regain(ctx context.Context, order Order, loss HouseSum) (Done, error) {
	return c.onHouse(ctx, "cashier.Regain", payment.Regain, order, chart.LossRegained, loss, chart.ClearCard, chart.Losses)
}

// onHouse posts one pair between two accounts of a purse. Book and day may be others
// when it is asked again: those of the first time hold.
func (c *Cashier) onHouse(
	ctx context.Context, op string, act payment.Act, order Order, event ledger.Event, sum HouseSum, debit, credit chart.Code,
) (Done, error) {
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	if sum.Cents < 0 {
		debit, credit = credit, debit
	}
	if sum.Cents == 0 || !sum.Book.IsOperating() || sum.On.IsZero() {
		return Done{}, fault.New(fault.Invalid, op, "the house's money needs an amount, a day and an operating book")
	}
	content := struct {
		Purse chart.Purse
		Cents money.Cents
	}{sum.Purse, sum.Cents}
	want := Want{Books: []ledger.BookNo{sum.Book}}
	return c.act(ctx, act, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		if d.books[sum.Book] == nil {
			return nil, fault.New(fault.NotFound, op, "there is no such book")
		}
		t := transaction(sum.Book, event, order.Actor)
		t.PostedOn, t.EffectiveOn = c.house.PostingDay(sum.Purse.Entity), sum.On
		t.Link, t.Reason = string(claim.ID), order.Reason
		t.Postings = []ledger.Posting{chart.Transfer(sum.Purse, debit, credit, max(sum.Cents, -sum.Cents), 0)}
		d.first(&t, claim)
		d.post(&t)
		return []Ref{{t.Book, t.Seq}}, nil
	})
}
