package premium

import (
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/sheet"
	"github.com/billfold/billfold/internal/people/billpay"
)

// PrescriptionBill is a month's bill of the Medicare Prescription Payment Plan (42
// CFR 423.137), as whoever keeps the drug claims reckoned it. It is no premium: it
// has an invoice of its own, and not paying it never ends a policy. Of a month that
// was billed before it is the correction; 0 takes that month's bill back.
type PrescriptionBill struct {
	Number billpay.Number
	Month  calendar.Month
	Cents  money.Cents
	DueOn  calendar.Date
}

var prescriptionTable = sheet.Table[PrescriptionBill]{
	Columns: []sheet.Column[PrescriptionBill]{
		{Name: "number", Required: true, Read: func(b *PrescriptionBill, s string) (err error) {
			b.Number, err = billpay.Parse(s)
			return plainly(err)
		}},
		sheet.Must(sheet.Month("month", func(b *PrescriptionBill) *calendar.Month { return &b.Month })),
		sheet.Must(sheet.Cents("amount", func(b *PrescriptionBill) *money.Cents { return &b.Cents })),
		sheet.Must(sheet.Date("due_on", func(b *PrescriptionBill) *calendar.Date { return &b.DueOn })),
	},
	Check: func(_ int, b *PrescriptionBill, refuse sheet.Refuse) {
		if b.DueOn.Before(b.Month.First()) {
			refuse("due_on", "%s is before the month that is billed, %s", b.DueOn, b.Month)
		}
	},
}

// plainly takes the operation off an error, whose message repeats no digits.
func plainly(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, "", "%s", fault.MessageOf(err))
}

// PrescriptionColumns lists the columns of the file in their documented order.
func PrescriptionColumns() []string { return prescriptionTable.Names() }

// ReadPrescriptionBills reads the file of docs/formats/prescription-bills-csv.md
// and calls each with every good row, in the file's order and with bounded memory.
// A file with problems must not be used. The error is each's own or that of r.
func ReadPrescriptionBills(r io.Reader, each func(line int, b PrescriptionBill) error) ([]fault.Problem, error) {
	return prescriptionTable.Read(r, each)
}
