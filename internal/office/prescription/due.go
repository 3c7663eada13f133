package prescription

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Statement is a bill of the plan as it was given out. Its lines sum to what is due.
type Statement struct {
	Number   string         `json:"number"` // "RX2601-01-14": as an invoice's, for this plan
	Account  billpay.Number `json:"account"`
	Month    calendar.Month `json:"month"`
	IssuedOn calendar.Date  `json:"issued_on"`
	DueOn    calendar.Date  `json:"due_on"`
	Lines    []Line         `json:"lines"`
	Due      money.Cents    `json:"due"`
}

// Line is one line of a statement.
type Line struct {
	Kind  LineKind    `json:"kind"`
	Cents money.Cents `json:"cents"`
}

// LineKind says what a line is.
type LineKind string

// The kinds of lines.
const (
	Previous   LineKind = "previous_balance" // of the plan, unpaid
	Bill       LineKind = "bill"             // the month's
	Correction LineKind = "correction"       // of the month's bill
	PaidBack   LineKind = "paid_before"      // of what is taken back, paid already: money of the account now
)

// due works out what a chunk of rows makes owed.
type due struct {
	p      *Plan
	purse  chart.Purse
	today  calendar.Date
	have   map[ledger.BookNo]cashier.Book
	billed map[ledger.BookNo][]cashier.PrescriptionBill
	open   map[ledger.BookNo]money.Cents
	out    cashier.Charging
	counts Counts
}

func newDue(p *Plan, have map[ledger.BookNo]cashier.Book, billed map[ledger.BookNo][]cashier.PrescriptionBill) *due {
	purse := p.House.PurseOf(chart.Premium)
	d := &due{p: p, purse: purse, today: p.House.PostingDay(purse.Entity), have: have, billed: billed, open: map[ledger.BookNo]money.Cents{}}
	for no, book := range have {
		for i := range book.Items {
			if book.Items[i].Prescription {
				d.open[no] += book.Items[i].Open
			}
		}
	}
	return d
}

// row bills a participant's month, or corrects what was billed of it.
func (d *due) row(r *row, found registry.Found) error {
	book := found.Book.No
	was := d.month(found, r.Month)
	before := money.Cents(0)
	for i := range was {
		before += was[i].Cents
	}
	change := r.Cents - before
	if change == 0 {
		d.counts.Unchanged++
		return nil
	}
	number, err := d.number(book, r.Month)
	if err != nil {
		return err
	}
	s := Statement{
		Number: number, Account: billpay.Number(book), Month: r.Month, IssuedOn: d.today, DueOn: r.DueOn, Due: d.open[book] + change,
		Lines: []Line{{Previous, d.open[book]}, {Correction, change}},
	}
	if s.DueOn.Before(d.today) {
		s.DueOn = d.today // what is billed late is due at once
	}
	switch {
	case len(was) == 0:
		s.Lines[1].Kind = Bill
		d.counts.Billed, d.counts.BilledCents = d.counts.Billed+1, d.counts.BilledCents+change
	case change > 0:
		d.counts.Corrected, d.counts.MoreCents = d.counts.Corrected+1, d.counts.MoreCents+change
	default:
		d.counts.Corrected, d.counts.LessCents = d.counts.Corrected+1, d.counts.LessCents-change
	}
	if change > 0 {
		return d.owe(book, &s, change, len(was) > 0)
	}
	return d.takeBack(book, &s, was, -change)
}

// month gives what was billed of a participant's month, also under a number that
// was merged into this one.
func (d *due) month(found registry.Found, month calendar.Month) []cashier.PrescriptionBill {
	var was []cashier.PrescriptionBill
	books := []ledger.BookNo{found.Book.No}
	if found.Given.No != found.Book.No {
		books = append(books, found.Given.No)
	}
	for _, book := range books {
		for _, b := range d.billed[book] {
			if b.Month == month {
				was = append(was, b)
			}
		}
	}
	return was
}

// number gives the next statement's number of a participant's month.
func (d *due) number(book ledger.BookNo, month calendar.Month) (string, error) {
	var numbers []string
	for _, b := range d.billed[book] {
		if b.Month == month && !slices.Contains(numbers, b.Number) {
			numbers = append(numbers, b.Number)
		}
	}
	number, err := invoice.NumberOf(billpay.Number(book), month, len(numbers)+1)
	return "RX" + string(number), err
}

func (d *due) owe(book ledger.BookNo, s *Statement, cents money.Cents, corrects bool) error {
	text := fmt.Sprintf("Prescription payment plan, %s %d", s.Month.Of(), s.Month.Year())
	if corrects {
		text += ", correction"
	}
	// The participant owes it, whoever pays the premium.
	d.out.Items = append(d.out.Items, openitem.Item{
		Book: book, Purse: d.purse, About: book, Invoice: s.Number, Text: text, Prescription: true,
		ServiceOn: s.Month.First(), DueOn: s.DueOn, Amount: cents,
	})
	d.open[book] += cents
	return d.keep(book, s, cents, book, -int64(len(d.out.Items))) // its number is given when it is billed
}

// takeBack takes an amount off the items on which a month was billed, the last
// first. What of it was paid becomes unapplied money.
func (d *due) takeBack(book ledger.BookNo, s *Statement, was []cashier.PrescriptionBill, cents money.Cents) error {
	type place struct {
		book ledger.BookNo
		no   int64
	}
	left := map[place]money.Cents{}
	var places []place
	for _, b := range was {
		at := place{b.ItemBook, b.ItemNo}
		if _, seen := left[at]; !seen {
			places = append(places, at)
		}
		left[at] += b.Cents
	}
	type part struct {
		place
		cents money.Cents
	}
	var parts []part
	paid := money.Cents(0)
	for _, at := range slices.Backward(places) {
		off := min(cents, left[at])
		if off <= 0 {
			continue
		}
		unpaid := min(off, d.openOn(at.book, at.no))
		paid += off - unpaid
		d.open[at.book] -= unpaid
		d.out.Credits = append(d.out.Credits, cashier.Credit{Book: at.book, Item: at.no, Purse: d.purse, Cents: off, Prescription: true})
		parts = append(parts, part{at, off})
		cents -= off
	}
	if paid > 0 {
		d.counts.UnappliedBack += paid
		s.Lines, s.Due = append(s.Lines, Line{PaidBack, paid}), s.Due+paid
	}
	for _, p := range parts {
		if err := d.keep(book, s, -p.cents, p.book, p.no); err != nil {
			return err
		}
	}
	return nil
}

func (d *due) openOn(book ledger.BookNo, no int64) money.Cents {
	for _, item := range d.have[book].Items {
		if item.No == no {
			return item.Open
		}
	}
	return 0
}

// keep notes a bill, or the part of one that is about an item.
func (d *due) keep(book ledger.BookNo, s *Statement, cents money.Cents, itemBook ledger.BookNo, item int64) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	bill := cashier.PrescriptionBill{
		Book: book, No: int64(len(d.billed[book]) + 1), Number: s.Number, Month: s.Month, Cents: cents, IssuedOn: s.IssuedOn,
		DueOn: s.DueOn, ItemBook: itemBook, ItemNo: item, Body: string(body),
	}
	d.billed[book] = append(d.billed[book], bill)
	d.out.Prescriptions = append(d.out.Prescriptions, bill)
	return nil
}
