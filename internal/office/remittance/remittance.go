// Package remittance takes what employers and agencies say of their payments of
// premiums (820): for each person and coverage month how much. It keeps every
// line, holds each month against what was billed, and has the money, which comes
// by another way, put where the remittance says.
//
// A remittance posts no cash. Its money is found by the payer's trace and amount,
// whichever of the two comes first, and moved by the cashier's one keyed act.
// Invariants: a remittance is taken whole or not at all, and once; each of its
// lines is kept, also one whose person nobody knows; what a payer pays too little
// for its members is the payer's, and changes nobody's coverage.
//
// It knows no file format: a Reader is handed to it. Start reading at
// Remittances.Take, then settle.go.
package remittance

import (
	"context"
	"io"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Payment is what a file says of one payment.
type Payment struct {
	Set        int           // which of its file, from 1
	FileLine   int           // on which it stands
	Guide      string        // the format's name of its rules
	Trace      string        // under which the money comes
	Originator string        // who gave the trace
	Method     string        // by which it comes, in the format's code
	PaidOn     calendar.Date // when the money is there
	Amount     money.Cents   // below zero: the payer takes it from the plan
	PayerID    string        // as the payer names itself
	PayerName  string
	Group      string // of the employer, "" where none is named
}

// Kind is what a line's money is.
type Kind string

// The kinds.
const (
	Premium     Kind = "premium"          // of a coverage month; an exchange's tax credit too
	CostSharing Kind = "cost_sharing"     // reductions of cost sharing, paid in advance
	UserFee     Kind = "user_fee"         // kept by an exchange
	Balance     Kind = "exchange_balance" // carried between an exchange's reports, debts, adjustments by hand
)

// accounts are where what is no premium stands.
var accounts = map[Kind]chart.Code{
	CostSharing: chart.CostSharing, UserFee: chart.UserFee, Balance: chart.ExchangeBalance,
}

// Line is one line of a payment.
type Line struct {
	No       int // within its payment, from 1
	FileLine int
	Kind     Kind
	Adjusts  bool           // of an earlier payment or month
	Month    calendar.Month // zero if it names none, or several
	Cents    money.Cents    // below zero: taken back
	// References name the person or policy, the surest first.
	References []string
	SSN        secret.Text
	Person     bool   // it is about a person; else about the payer's bill as a whole
	Text       string // as it stands in the file
}

// Reader reads a file's payments and their lines, in the file's order: begin before
// a payment's lines. The problems are of the whole file.
type Reader func(r io.Reader, begin func(Payment) error, each func(Line) error) ([]fault.Problem, error)

// Exception is why a line is for staff to look at.
type Exception string

// The exceptions of lines.
const (
	UnknownPerson   Exception = "unknown_person"   // nobody here has the references
	NotOfPayer      Exception = "not_of_payer"     // the person has no policy that this payer pays for
	AmbiguousPerson Exception = "ambiguous_person" // several have
	NoMonth         Exception = "no_month"         // the line names no coverage month, or several
	WholeBill       Exception = "whole_bill"       // about no person: it pays the bill as a whole
)

// Holding lists the exceptions of lines whose money pays nothing until somebody has
// looked: nobody was billed for these persons.
func Holding() []Exception { return []Exception{UnknownPerson, NotOfPayer, AmbiguousPerson} }

// Result is how a policy's month was paid.
type Result string

// The results: those of premium.Paid, and where there is nothing to compare.
const (
	Paid               = Result(premium.PaidAsBilled)
	Discrepancy        = Result(premium.Discrepancy)
	Short              = Result(premium.Short)
	Over               = Result(premium.Over)
	NotBilled   Result = "not_billed" // paid for a month that was not billed
	Missing     Result = "missing"    // billed, and the remittance of the month does not name it
)

// ID names a remittance: the kept file and the payment within it.
type ID struct {
	File ledger.BookNo
	Set  int
}

// Remittance is a payment as it was taken.
type Remittance struct {
	ID
	Payer billpay.Number
	Payment
	Month   calendar.Month // that it mainly pays; members that it leaves out are told of this one
	Lines   int
	TakenAt time.Time
	Actor   ident.Actor
	Settled bool
}

// KeptLine is a line as it is kept: whom it is for, and why staff must look at it.
type KeptLine struct {
	ID
	Line
	Policy    coverage.Key // zero where nobody was found
	Exception Exception
}

// PaidMonth is how much of a policy's month was paid.
type PaidMonth struct {
	Policy  coverage.Key
	Month   calendar.Month
	Paid    money.Cents // by this remittance
	Before  money.Cents // by earlier ones
	Billed  money.Cents // to the payer
	Pending bool        // something of the policy is known that is not billed yet
	Result  Result
}

// Sum is what a remittance brings of a kind for a month.
type Sum struct {
	Kind  Kind
	Month calendar.Month
	Held  bool // for persons who are not known, or not as this payer's
	Cents money.Cents
}

// References are what lines call their persons.
type References struct {
	Texts []string
	SSNs  []secret.Text
}

// Persons are whose policies references name: by text and by social security number.
type Persons struct {
	ByText map[string][]billpay.Number
	BySSN  map[secret.Text][]billpay.Number
	Policy map[string][]coverage.Key // by a policy's id at its source
}

// Store keeps remittances. Its methods return errors of package fault.
type Store interface {
	// PayersNamed gives the payers with an id.
	PayersNamed(ctx context.Context, id string) ([]biller.Payer, error)
	// PersonsNamed finds whom references name.
	PersonsNamed(ctx context.Context, refs References) (Persons, error)
	// PoliciesOf gives the policies of subscribers, in the order of their keys.
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	// Explained gives the remittance that explained a payer's trace of a day, and the
	// payment's amount; false when none did.
	Explained(ctx context.Context, payer billpay.Number, trace string, on calendar.Date) (ID, money.Cents, bool, error)
	// KeepLines keeps lines, but those that are kept already.
	KeepLines(ctx context.Context, lines []KeptLine) error
	// EachPaid calls each for every policy's month that a remittance's lines name, with
	// what the payer was billed for it and paid of it before.
	EachPaid(ctx context.Context, id ID, payer *biller.Payer, each func(PaidMonth) error) error
	// EachUnnamed calls each for every policy's month that the payer was billed and that
	// a remittance does not name.
	EachUnnamed(ctx context.Context, id ID, payer *biller.Payer, month calendar.Month, each func(PaidMonth) error) error
	// KeepMonths keeps how months were paid, but those that are kept already.
	KeepMonths(ctx context.Context, id ID, payer billpay.Number, months []PaidMonth) error
	// KeepRemittance keeps a remittance whose lines and months are kept. Conflict when
	// its trace was explained by another meanwhile.
	KeepRemittance(ctx context.Context, r Remittance) error
	// Remittances lists remittances, the newest first, or only those that are not
	// settled.
	Remittances(ctx context.Context, open bool) ([]Remittance, error)
	// Remittance gives one. NotFound when there is none.
	Remittance(ctx context.Context, id ID) (Remittance, error)
	// Sums adds a remittance's lines up by kind and month; what brings money under an
	// exception of Holding apart.
	Sums(ctx context.Context, id ID) ([]Sum, error)
	// ExceptedLines and ExceptedMonths give what staff must look at.
	ExceptedLines(ctx context.Context, id ID) ([]KeptLine, error)
	ExceptedMonths(ctx context.Context, id ID) ([]PaidMonth, error)
	// Results counts a remittance's months by result and sums what differs.
	Results(ctx context.Context, id ID) ([]ResultCount, error)
	// SuspendedPayments gives what is in suspense, where all of a payment is there and
	// it is of an amount.
	SuspendedPayments(ctx context.Context, amount money.Cents) ([]cashier.SuspenseEntry, error)
	// PlacedPayments gives payments of an amount that were placed in a book between two
	// days and still stand there, but those that a remittance explained.
	PlacedPayments(ctx context.Context, book ledger.BookNo, amount money.Cents, from, to calendar.Date) ([]cashier.Ref, error)
	// Settled marks a remittance as settled, once.
	Settled(ctx context.Context, id ID, claim string, actor ident.Actor) error
	// Read gives claims; see cashier.Store.
	Read(ctx context.Context, want cashier.Want) (cashier.Have, error)
}

// ResultCount is how often a result occurs in a remittance.
type ResultCount struct {
	Result     Result      `json:"result"`
	Months     int         `json:"months"`
	Difference money.Cents `json:"difference_cents"` // paid so far less billed
}

// House is what the package must know of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
}

// Remittances takes remittances and settles them.
type Remittances struct {
	store     Store
	cashier   *cashier.Cashier
	house     House
	clock     clock.Clock
	tolerance premium.Tolerance
}

// New makes Remittances. The tolerance is how far a month may be paid off the bill
// before it counts as arrears of the payer.
func New(store Store, c *cashier.Cashier, house House, clk clock.Clock, tolerance premium.Tolerance) *Remittances {
	return &Remittances{store, c, house, clk, tolerance}
}
