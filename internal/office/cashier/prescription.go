package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// PrescriptionBill is a bill of the Medicare Prescription Payment Plan for a month,
// or the correction of one, as it was given out. Body is the document, which this
// package does not read.
type PrescriptionBill struct {
	Book     ledger.BookNo // the participant's
	No       int64         // within the book, from 1
	Number   string
	Month    calendar.Month
	Cents    money.Cents // signed: a correction may take back
	IssuedOn calendar.Date
	DueOn    calendar.Date
	ItemBook ledger.BookNo // of the open item that it made or changed
	ItemNo   int64
	Body     string
}

// ChargePrescriptions bills a chunk of a file of prescription payment plan bills,
// all in one storage transaction. File and part name the chunk: the same again is a
// repeat. Due is asked as with Charge.
func (c *Cashier) ChargePrescriptions(
	ctx context.Context, order Order, file string, part int, books []ledger.BookNo,
	due func(ctx context.Context, books map[ledger.BookNo]Book) (Charging, error),
) (Done, error) {
	const op = "cashier.ChargePrescriptions"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	content := struct {
		File string
		Part int
	}{file, part}
	want := Want{Books: books, ToWrite: true}
	return c.act(ctx, payment.Charge, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		found, refs, err := c.chargeDue(ctx, d, op, order, claim, due)
		if err != nil {
			return nil, err
		}
		d.writes.Prescriptions = found.Prescriptions
		return refs, nil
	})
}
