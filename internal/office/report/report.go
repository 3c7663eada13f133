// Package report says what each report of the billing office holds: its columns, what
// its rows mean and what they sum to.
//
// It knows no SQL, no paper and no screen: the store adds the rows up in sets, and the
// edges write a table as CSV, JSON, PDF or a picture. Amounts are cents from the books
// as they stand; nothing in a report names a person. Start reading at All, then Make.
package report

import (
	"context"
	"slices"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Name names a report.
type Name string

// The reports.
const (
	CashByRail   Name = "cash-by-rail"
	Receivables  Name = "receivables"
	Unapplied    Name = "unapplied"
	Deferred     Name = "deferred-premium"
	Returns      Name = "returns"
	Refunds      Name = "refunds"
	TrialBalance Name = "trial-balance"
	Ledger       Name = "general-ledger"
	Bank         Name = "bank-reconciliation"
)

// Kind is what a column's cells are.
type Kind uint8

// The kinds of cells: text, amounts and counts.
const (
	Text Kind = iota
	Amount
	Count
)

// Column is a column of a report.
type Column struct {
	ID    string // in CSV and JSON
	Title string // for people
	Kind  Kind
	Sum   bool // its sum means something
}

// Shape is what a report covers and what its picture shows.
type Shape struct {
	Name    Name
	Title   string
	Said    string // one sentence about what it holds
	Columns []Column
	// Bars are the columns of a picture: a label of each row, and an amount. Empty where
	// a picture would say nothing.
	Label, Bar string
}

// Table is a report that was made.
type Table struct {
	Shape
	From, To calendar.Date
	Rows     [][]Cell
}

// Cell is one value: a text, or a number of cents or things.
type Cell struct {
	Text   string
	Number int64
}

// T makes a cell of text.
func T(s string) Cell { return Cell{Text: s} }

// N makes a cell of a count or of cents.
func N[I ~int64 | ~int](n I) Cell { return Cell{Number: int64(n)} }

// Period is what a report covers: its first and last posting day.
type Period struct{ From, To calendar.Date }

// Store adds reports up.
type Store interface {
	// ReportRows gives a report's rows in its columns' order.
	ReportRows(ctx context.Context, name Name, p Period) ([][]Cell, error)
}

var ageing = []Column{
	{"not_due", "Not due", Amount, true}, {"days_1_30", "1-30 days", Amount, true}, {"days_31_60", "31-60 days", Amount, true},
	{"days_61_90", "61-90 days", Amount, true}, {"days_91", "91 days on", Amount, true}, {"total", "Total", Amount, true},
}

// shapes lists the reports in the order in which an office reads them.
var shapes = []Shape{
	{CashByRail, "Cash by rail", "What came in and went back over each rail, by the day on which it was posted.", []Column{
		{"day", "Day", Text, false}, {"account", "Rail", Text, false}, {"items", "Items", Count, true},
		{"in_cents", "In", Amount, true}, {"out_cents", "Back", Amount, true}, {"net_cents", "Net", Amount, true},
	}, "account", "net_cents"},
	{Receivables, "Aged receivables", "What is owed now, by how long it has been due on the last day.",
		append([]Column{{"account", "Fund", Text, false}, {"items", "Items", Count, true}}, ageing...), "account", "total"},
	{Unapplied, "Unapplied and suspense", "Money without an item or an owner now, by how long ago it was received.", []Column{
		{"account", "Account", Text, false}, {"entries", "Entries", Count, true}, {"days_0_5", "0-5 days", Amount, true},
		{"days_6_30", "6-30 days", Amount, true}, {"days_31_60", "31-60 days", Amount, true}, {"days_61_90", "61-90 days", Amount, true},
		{"days_91", "91 days on", Amount, true}, {"total", "Total", Amount, true},
	}, "account", "total"},
	{Deferred, "Deferred premium", "What is paid now of items whose service begins after the last day, by its month.", []Column{
		{"account", "Fund", Text, false}, {"month", "Month", Text, false}, {"items", "Items", Count, true},
		{"billed_cents", "Billed", Amount, true}, {"paid_cents", "Paid", Amount, true},
	}, "month", "paid_cents"},
	{Returns, "Returns", "Payments that were taken back, by rail and day.", []Column{
		{"day", "Day", Text, false}, {"account", "Rail", Text, false}, {"event", "Event", Text, false}, {"items", "Items", Count, true},
		{"cents", "Amount", Amount, true},
	}, "account", "cents"},
	{Refunds, "Refunds", "Money taken out to be sent back, sent, come back and given up, by day.", []Column{
		{"day", "Day", Text, false}, {"account", "Account", Text, false}, {"event", "Event", Text, false}, {"items", "Items", Count, true},
		{"cents", "Amount", Amount, true},
	}, "event", "cents"},
	{TrialBalance, "Trial balance", "Each account before, during and after the period.", []Column{
		{"account", "Account", Text, false}, {"before_cents", "Before", Amount, true}, {"debit_cents", "Debits", Amount, true},
		{"credit_cents", "Credits", Amount, true}, {"after_cents", "After", Amount, true},
	}, "", ""},
	{Ledger, "General ledger", "The period's postings for the general ledger: one row per day, event and pair of accounts. Its control totals are its sums.", []Column{
		{"day", "Day", Text, false}, {"event", "Event", Text, false}, {"debit_account", "Debit", Text, false},
		{"credit_account", "Credit", Text, false}, {"postings", "Postings", Count, true}, {"cents", "Amount", Amount, true},
	}, "", ""},
	{Bank, "Bank reconciliation", "Each bank account's balance and what lies between it and the books on the last day.", []Column{
		{"account", "Account", Text, false}, {"what", "What", Text, false}, {"count", "Count", Count, false}, {"cents", "Amount", Amount, false},
	}, "", ""},
}

// All lists the reports.
func All() []Shape { return slices.Clone(shapes) }

// Names lists their names.
func Names() []string {
	names := make([]string, len(shapes))
	for i := range shapes {
		names[i] = string(shapes[i].Name)
	}
	return names
}

// ShapeOf finds a report by its name. NotFound when there is none.
func ShapeOf(name Name) (Shape, error) {
	at := slices.IndexFunc(shapes, func(s Shape) bool { return s.Name == name })
	if at < 0 {
		return Shape{}, fault.New(fault.NotFound, "report.Make", "there is no report %q", name)
	}
	return shapes[at], nil
}

// Make makes a report over a period. NotFound when there is none of the name, Invalid when the
// period ends before it begins.
func Make(ctx context.Context, store Store, name Name, p Period) (Table, error) {
	shape, err := ShapeOf(name)
	if err != nil {
		return Table{}, err
	}
	if p.From.IsZero() || p.To.IsZero() || p.To.Before(p.From) {
		return Table{}, fault.New(fault.Invalid, "report.Make", "a period has a first day and a last one that is not before it")
	}
	rows, err := store.ReportRows(ctx, name, p)
	return Table{Shape: shape, From: p.From, To: p.To, Rows: rows}, fault.Wrap("report.Make", err)
}

// Sums adds up the columns whose sum means something; the others are empty cells.
func (t *Table) Sums() []Cell {
	sums := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		if !c.Sum {
			continue
		}
		for _, row := range t.Rows {
			sums[i].Number += row[i].Number
		}
	}
	return sums
}

// Write writes a cell for a reader: an amount with its decimal point and its groups, or plainly.
func (c Column) Write(cell Cell, grouped bool) string {
	switch {
	case c.Kind == Amount && grouped:
		return money.Cents(cell.Number).Grouped()
	case c.Kind == Amount:
		return money.Cents(cell.Number).String()
	case c.Kind == Count:
		return count(cell.Number)
	}
	return cell.Text
}

// Bars gives the labels and amounts of a table's picture: rows of one label together, in
// the order in which they first come. Nothing where the report has no picture.
func (t *Table) Bars() (labels []string, cents []money.Cents) {
	label := slices.IndexFunc(t.Columns, func(c Column) bool { return c.ID == t.Label })
	bar := slices.IndexFunc(t.Columns, func(c Column) bool { return c.ID == t.Bar })
	if label < 0 || bar < 0 {
		return nil, nil
	}
	for _, row := range t.Rows {
		at := slices.Index(labels, row[label].Text)
		if at < 0 {
			at, labels, cents = len(labels), append(labels, row[label].Text), append(cents, 0)
		}
		cents[at] += money.Cents(row[bar].Number)
	}
	return labels, cents
}

func count(n int64) string { return strconv.FormatInt(n, 10) }
