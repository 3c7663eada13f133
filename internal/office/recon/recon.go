// Package recon holds the bank's statements against what the books expect, and
// closes the day.
//
// Each line of a bank's statement makes one transaction: cash against the clearing
// accounts of what it settles, or against unidentified under a named exception.
// What the postings put on clearing accounts and no line has shown is an expected
// settlement; it is reckoned from the journal and entered by nobody. A day closes when
// nothing is left that is neither zero nor a timing item or exception with an
// owner and a limit (docs/adr/0020).
//
// The package knows no SQL and no file format. Matching never guesses: an amount that
// fits two things equally well is no match, and there is no tolerance. Everything can be
// repeated, and a run that was killed goes on where it was. Start reading at Desk.Load,
// then Desk.Run and Desk.Close.
package recon

import (
	"context"
	"io"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// House is what reconciliation must know of the installation.
type House interface {
	// Receiver gives the purse of a bank account; false when it is not configured.
	Receiver(kind, id string) (chart.Purse, bool)
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
	// DayOf gives the legal entity's civil date at an instant.
	DayOf(entity chart.EntityNo, at time.Time) calendar.Date
	// EntityNos lists the legal entities.
	EntityNos() []chart.EntityNo
	// BankPurses lists the purses that have a bank account of their own.
	BankPurses() []chart.Purse
}

// Rules are the office's own numbers, from plan.yaml.
type Rules struct {
	Limits map[Kind]int    // business days that an exception of a kind may be open
	Owners map[Kind]string // who has it at first
	// Grace is how many business days after its day an expected settlement may be open
	// before it is late, by clearing account.
	Grace map[chart.Code]int
	// Decide is the amount above which a second person agrees to an explanation by hand.
	Decide money.Cents
}

// DefaultRules hold where plan.yaml says nothing.
func DefaultRules() Rules {
	return Rules{
		Limits: map[Kind]int{LineOpen: 5, Bounced: 3, Late: 5, Gap: 1, Differs: 1, Sum: 1},
		Owners: map[Kind]string{LineOpen: "treasury", Bounced: "treasury", Late: "treasury", Gap: "treasury", Differs: "treasury", Sum: "treasury"},
		Grace: map[chart.Code]int{
			chart.ClearLockbox: 1, chart.ClearACH: 1, chart.ClearWire: 1, chart.ClearCounter: 2, chart.ClearCard: 3,
			chart.ClearDebit: 2, chart.ClearCheck: 90, chart.ClearPayout: 2,
		},
		Decide: 10_000_00,
	}
}

// Balance is an amount that a statement may state.
type Balance struct {
	Cents money.Cents
	Said  bool
}

// Head begins a bank account's day in a statement file.
type Head struct {
	Account secret.Text
	AsOf    calendar.Date
	Interim bool // a final one follows for the same day
	Opening Balance
	Closing Balance
}

// Line is a line of a statement as the bank wrote it. Amount is above zero where the
// account grew.
type Line struct {
	Amount      money.Cents
	Code        string
	ValueOn     calendar.Date
	BankRef     string
	CustomerRef string
	Text        string
	// Payment is the payment that the same line of the file made, "" when it made none.
	Payment payment.ID
}

// Reader reads a statement file: each account's head, then its lines.
type Reader func(r io.Reader, head func(Head) error, line func(Line) error) ([]fault.Problem, error)

// Statement is a bank account's day as it is kept.
type Statement struct {
	Print   string // of the account's number, keyed
	AsOf    calendar.Date
	Take    int64
	Cash    ledger.Account
	Mask    string
	Opening Balance
	Closing Balance
	File    ledger.BookNo
	Status  Status
	TakenAt time.Time
	Book    ledger.BookNo // in which its lines stand, once they are being booked
}

// Status says what became of a statement.
type Status string

// The statuses.
const (
	Booked  Status = "booked"  // its lines stand in the books, or are on their way
	Interim Status = "interim" // a final one follows
	Same    Status = "same"    // the day again, with the same balances
	Other   Status = "other"   // the day again, with other balances: an exception
	Early   Status = "early"   // of a day before the account's first statement
)

// KeptLine is a line with what matching looks at.
type KeptLine struct {
	No     int64
	Family Family
	Ref    string
	Line
}

// LoadReport says what was found in a statement file.
type LoadReport struct {
	Statements int         `json:"statements"`
	Lines      int         `json:"lines"`
	Interim    int         `json:"interim,omitempty"`
	Again      int         `json:"again,omitempty"`
	Credits    money.Cents `json:"credit_cents"`
	Debits     money.Cents `json:"debit_cents"`
}

// Desk reconciles.
type Desk struct {
	store    Store
	cashier  *cashier.Cashier
	house    House
	clock    clock.Clock
	print    Fingerprint
	rules    Rules
	approval Approvals
	signer   Signer
}

// Fingerprint hashes a bank account's number under a key.
type Fingerprint func(number secret.Text) (string, error)

// New makes a desk.
func New(
	store Store, c *cashier.Cashier, house House, clk clock.Clock, print Fingerprint, rules Rules, approval Approvals, signer Signer,
) *Desk {
	return &Desk{store, c, house, clk, print, rules, approval, signer}
}

// cashOf gives the cash account on which a purse's money shows: its own, or where it
// has no bank account, the first of its legal entity that has one.
func (d *Desk) cashOf(purse chart.Purse) ledger.Account {
	var first chart.Purse
	for _, p := range d.house.BankPurses() {
		if p == purse {
			return purse.Account(chart.Cash)
		}
		if p.Entity == purse.Entity && first.Entity == 0 {
			first = p
		}
	}
	if first.Entity == 0 {
		first = purse
	}
	return first.Account(chart.Cash)
}

// purseOf gives the purse of an account.
func purseOf(a ledger.Account) (chart.Purse, chart.Code, error) {
	purse, code, err := chart.Explain(a)
	if err != nil {
		return purse, code, fault.New(fault.Corrupt, "recon", "%v", err)
	}
	return purse, code, nil
}

// openDay gives the day on which a line of a statement is posted: its own, so that cash
// of a day is what the bank says of that day, or the first that is still open.
func (d *Desk) openDay(ctx context.Context, entity chart.EntityNo, asOf calendar.Date) (calendar.Date, error) {
	held, err := d.store.HeldDay(ctx, entity)
	if err != nil {
		return calendar.Date{}, err
	}
	day := asOf
	if !held.IsZero() && !day.After(held) {
		day = held.AddDays(1)
	}
	if today := d.house.PostingDay(entity); day.After(today) {
		day = today
	}
	return day, nil
}
