package openitem

import (
	"errors"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/sheet"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Row is one line of the CSV file of open items.
type Row struct {
	Line   int            // physical line, from 1
	Number billpay.Number // whom the item is about: this, or Alias, or Opaque
	Alias  billpay.Alias
	Opaque ident.Opaque
	Debtor billpay.Number // who owes it, or 0 for whoever the rules name
	Fund   chart.Fund
	Item   Item // without Book, Purse and About, which the office knows

	aliasHandle, aliasSource string // as written, until both are known
}

var table = sheet.Table[Row]{
	Columns: []sheet.Column[Row]{
		{Name: "number", Read: readNumber(func(r *Row) *billpay.Number { return &r.Number })},
		sheet.Text("alias", func(r *Row) *string { return &r.aliasHandle }),
		sheet.Text("alias_source", func(r *Row) *string { return &r.aliasSource }),
		{Name: "opaque_id", Read: func(r *Row, s string) (err error) { r.Opaque, err = ident.ParseOpaque(s); return err }},
		{Name: "fund", Required: true, Read: func(r *Row, s string) (err error) { r.Fund, err = chart.ParseFund(s); return err }},
		sheet.Must(sheet.Cents("amount", func(r *Row) *money.Cents { return &r.Item.Amount })),
		sheet.Must(sheet.Date("due_on", func(r *Row) *calendar.Date { return &r.Item.DueOn })),
		sheet.Date("service_on", func(r *Row) *calendar.Date { return &r.Item.ServiceOn }),
		sheet.Text("invoice", func(r *Row) *string { return &r.Item.Invoice }),
		sheet.Text("description", func(r *Row) *string { return &r.Item.Text }),
		sheet.YesNo("fee", func(r *Row) *bool { return &r.Item.Fee }),
		{Name: "privacy", Read: func(r *Row, s string) (err error) { r.Item.Privacy, err = ParsePrivacy(s); return err }},
		{Name: "debtor", Read: readNumber(func(r *Row) *billpay.Number { return &r.Debtor })},
		sheet.Date("debtor_on", func(r *Row) *calendar.Date { return &r.Item.DebtorOn }),
	},
	Choices: []sheet.Choice{{Columns: []string{"number", "alias", "opaque_id"}, Must: "must say whom an item is about"}},
	CellMax: 200,
	Check:   func(line int, r *Row, refuse sheet.Refuse) { r.Line = line; r.check(refuse) },
}

// Columns lists the columns in their documented order.
func Columns() []string { return table.Names() }

func readNumber(at func(*Row) *billpay.Number) func(*Row, string) error {
	return func(r *Row, s string) error {
		n, err := billpay.Parse(s)
		if err != nil {
			return errors.New(fault.MessageOf(err)) // the digits are not repeated
		}
		*at(r) = n
		return nil
	}
}

// ReadCSV reads the file of docs/formats/open-items-csv.md and calls each with
// every good row, in the file's order and with bounded memory. Rows with
// problems are left out; a file with problems must not be used, so a caller
// reads twice.
//
// The error is each's own, which ends the reading, or that of r. Anything wrong
// with the text is a Problem with its line, its row as Record and its column as
// Field; reading stops at fault.ProblemsMax.
func ReadCSV(r io.Reader, each func(Row) error) ([]fault.Problem, error) {
	return table.Read(r, func(_ int, row Row) error { return each(row) })
}

// check checks what no column can know alone, and completes the row.
func (r *Row) check(refuse sheet.Refuse) {
	r.checkWho(refuse)
	// A source that cannot tell whether care is sensitive must not let it pass for
	// ordinary: others of the household would see it.
	if r.Item.Privacy == "" && r.Fund != chart.Premium {
		refuse("privacy", "an item of care states its privacy class: ordinary, minor_consent, sensitive or confidential")
	}
	if r.Item.Privacy == "" {
		r.Item.Privacy = Ordinary
	}
	switch {
	case r.Item.Amount <= 0 || r.Item.Amount > money.Max:
		refuse("amount", "the amount must be above zero and at most %s", money.Max.Grouped())
	case len(r.Item.Text) > TextMax:
		refuse("description", "a description has at most %d bytes", TextMax)
	case len(r.Item.Invoice) > InvoiceMax:
		refuse("invoice", "an invoice number has at most %d bytes", InvoiceMax)
	}
}

func (r *Row) checkWho(refuse sheet.Refuse) {
	ways := 0
	for _, given := range []bool{!r.Number.IsZero(), r.aliasHandle != "", r.Opaque != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		refuse("number", "the row names the person in %d ways; give one of number, alias with alias_source, and opaque_id", ways)
	}
	if (r.aliasHandle == "") != (r.aliasSource == "") {
		refuse("alias", "alias and alias_source go together: an old number means nothing without its system")
	} else if r.aliasHandle != "" {
		alias, err := billpay.ParseAlias(r.aliasSource, r.aliasHandle)
		if err != nil {
			refuse("alias", "%s", fault.MessageOf(err))
		}
		r.Alias = alias
	}
	r.aliasHandle, r.aliasSource = "", ""
}
