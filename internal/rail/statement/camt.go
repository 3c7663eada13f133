package statement

import (
	"cmp"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/camt"
	"github.com/billfold/billfold/internal/office/recon"
)

// Camt reads camt.053 files that were proved. Reports of the day (camt.052) are interim,
// and notifications (camt.054) tell of money that the statement shows too: neither has
// lines here. Pages of one statement are one. Other currencies are passed over.
func Camt(r io.Reader, head func(recon.Head) error, line func(recon.Line) error) ([]fault.Problem, error) {
	f := camtFile{head: head, line: line, begun: map[int]bool{}}
	sum, problems, err := camt.Scan(r, f.entry)
	for i := range sum.Accounts {
		if err != nil || fault.Judge(problems) != fault.Accept {
			break
		}
		if a := &sum.Accounts[i]; !f.begun[a.Line] { // a day without entries
			err = f.begin(a, calendar.Date{})
		}
	}
	return problems, err
}

type camtFile struct {
	head  func(recon.Head) error
	line  func(recon.Line) error
	begun map[int]bool
	last  secret.Text
}

// begin gives an account's head unless it is a later page of the one before.
func (f *camtFile) begin(a *camt.Account, booked calendar.Date) error {
	f.begun[a.Line] = true
	if a.Kind != camt.Statement || a.Currency != "" && a.Currency != dollars || a.Page > 1 && f.last == a.Number {
		return nil
	}
	f.last = a.Number
	asOf := a.Closing.On
	for _, other := range []calendar.Date{a.To, booked, a.Created} {
		if asOf.IsZero() {
			asOf = other
		}
	}
	return f.head(recon.Head{
		Account: a.Number, AsOf: asOf,
		Opening: recon.Balance{Cents: money.Cents(a.Opening.AmountMinor), Said: a.Opening.Known},
		Closing: recon.Balance{Cents: money.Cents(a.Closing.AmountMinor), Said: a.Closing.Known},
	})
}

func (f *camtFile) entry(e camt.Entry) error {
	if e.Account.Kind != camt.Statement {
		return nil
	}
	if !f.begun[e.Account.Line] {
		if err := f.begin(e.Account, e.Booked); err != nil {
			return err
		}
	}
	if e.Currency != dollars || e.AmountMinor == 0 {
		return nil
	}
	l := recon.Line{
		Amount: money.Cents(e.AmountMinor), Code: e.Code.Family + "/" + e.Code.SubFamily, ValueOn: e.Value, BankRef: e.BankReference,
		CustomerRef: e.Ref, Text: e.Information,
	}
	if !e.Credit {
		l.Amount = -l.Amount
	}
	if len(e.Details) == 1 {
		d := &e.Details[0]
		l.CustomerRef = cmp.Or(d.CheckNumber, d.EndToEndID, e.Ref)
		l.Text = strings.Join(append(append([]string{}, d.Unstructured...), e.Information), " ")
	}
	l.Text = strings.Join(strings.Fields(l.Text), " ")
	return f.line(l)
}
