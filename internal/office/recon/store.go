package recon

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
)

// Approvals asks a second person.
type Approvals interface {
	Ask(ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string) (
		approval.Request, error)
	Agreed(ctx context.Context, kind approval.Kind, subject string, digest [32]byte) (approval.Request, bool, error)
}

// Signer signs with a key that lies outside the database.
type Signer interface {
	Sign(message []byte) (keyID string, signature []byte)
}

// Store keeps statements, expectations, exceptions and closes. Its methods return
// errors of package fault.
type Store interface {
	// StatementsOf gives the day of an account's first booked statement, zero for none,
	// and its booked statement of a day, or nil.
	StatementsOf(ctx context.Context, print string, asOf calendar.Date) (first calendar.Date, of *Statement, err error)
	// KeepStatement keeps a statement, once for its file.
	KeepStatement(ctx context.Context, s Statement) error
	// KeepBankLines keeps lines of a statement; those that are there already are passed over.
	KeepBankLines(ctx context.Context, s *Statement, lines []KeptLine) error
	// MarkStatement notes how far a statement has come; doing so again changes nothing.
	MarkStatement(ctx context.Context, print string, asOf calendar.Date, mark string, lines int64, net money.Cents) error
	// Unbooked lists the statements that are loaded and not booked, the oldest first.
	Unbooked(ctx context.Context) ([]Statement, error)
	// DayBook gives the operating book of an account's day, and opens it when there is none.
	DayBook(ctx context.Context, print string, asOf calendar.Date) (ledger.BookNo, error)

	// ReckonFlows brings the sums over clearing accounts up to date with the journal.
	ReckonFlows(ctx context.Context) error
	// ReckonExpected makes expected settlements of them; place is asked per account and day.
	ReckonExpected(ctx context.Context, place func(NewExpected) (Placed, error)) error
	// PayoutsToTake lists reports of payouts that prove and were not taken, with their lines.
	PayoutsToTake(ctx context.Context) ([]Payout, error)
	// TakePayout keeps where a payout's money comes from.
	TakePayout(ctx context.Context, p Payout, flows []PayoutFlow) error
	// OpenBySource gives what is open of sources of an account.
	OpenBySource(ctx context.Context, account ledger.Account, prefix string) (map[string]money.Cents, error)

	// ForgetPairs forgets what earlier runs found and did not book.
	ForgetPairs(ctx context.Context) error
	// PairLines pairs each line that is not explained with the one expectation that it
	// fits and that fits no other line, by a step. within bounds the days between them.
	PairLines(ctx context.Context, step Step, within int) (int64, error)
	// Loose lists lines and expectations of a cash account that are in no pair, the
	// oldest first, at most limit of each.
	Loose(ctx context.Context, cash ledger.Account, limit int) ([]Candidate, []Expectation, error)
	// CashWithLoose lists the cash accounts with lines that are not explained.
	CashWithLoose(ctx context.Context) ([]ledger.Account, error)
	// KeepPairs keeps pairs that were found by sums.
	KeepPairs(ctx context.Context, pairs []Pair) error

	// BookedUpTo gives the last line of a day's book that is booked, below zero for none:
	// lines are booked in their order.
	BookedUpTo(ctx context.Context, book ledger.BookNo) (int64, error)
	// LinesToBook gives a statement's next lines with the pairs that were found for them.
	LinesToBook(ctx context.Context, s *Statement, after int64, limit int) ([]PairedLine, error)
	// LinesToExplain gives lines under an open exception for which pairs were found, after
	// one, by book and line.
	LinesToExplain(ctx context.Context, afterBook ledger.BookNo, afterLine int64, limit int) ([]PairedLine, error)

	// NameExceptions opens exceptions for what is not explained or late, and ends those
	// whose cause is gone.
	NameExceptions(ctx context.Context, o Naming) error
	ReconCounts(ctx context.Context) (Counts, error)
	Exceptions(ctx context.Context, f ExceptionFilter) ([]Exception, error)
	Exception(ctx context.Context, id string) (Exception, error)
	Acts(ctx context.Context, id string) ([]Act, error)
	// AddAct adds to an exception's history and changes its owner or limit.
	AddAct(ctx context.Context, id string, act Act, owner string, limit calendar.Date) error
	// EndException ends one that a person has settled.
	EndException(ctx context.Context, id string, on calendar.Date) error
	// HoldAgainst notes that a payment made of a line stands against it.
	HoldAgainst(ctx context.Context, line *PairedLine, account ledger.Account, source string, cents money.Cents, on calendar.Date) error
	LineOf(ctx context.Context, book ledger.BookNo, line int64) (BookedLine, error)
	ExpectedOf(ctx context.Context, account ledger.Account, source string) (Expectation, error)
	ExpectedList(ctx context.Context, f ExpectedFilter) ([]Expectation, error)

	HeldDay(ctx context.Context, entity chart.EntityNo) (calendar.Date, error)
	HoldDay(ctx context.Context, entity chart.EntityNo, day calendar.Date) error
	LetDay(ctx context.Context, entity chart.EntityNo) error
	LastClose(ctx context.Context, entity chart.EntityNo) (DayClose, bool, error)
	Closes(ctx context.Context, entity chart.EntityNo, limit int) ([]DayClose, error)
	KeepClose(ctx context.Context, c DayClose) error
	// DaySums adds up a day for its proof, at one moment.
	DaySums(ctx context.Context, entity chart.EntityNo, day calendar.Date) (Sums, error)
	// StatementDays lists the booked statements of a legal entity's accounts up to a day,
	// by account and day.
	StatementDays(ctx context.Context, entity chart.EntityNo, to calendar.Date) ([]StatementDay, error)
}

// Counts are how many things are open.
type Counts struct {
	Expected   int64
	Exceptions int64
	OpenCents  money.Cents // of lines
}

// Candidate is a line that is not explained.
type Candidate struct {
	Print  string
	AsOf   calendar.Date
	No     int64
	Family Family
	Codes  int64
	Ref    string
	Amount money.Cents // what is not explained of it
}

// Expectation is an expected settlement.
type Expectation struct {
	Account  ledger.Account
	Source   string
	Cash     ledger.Account
	CodeBit  int64
	FirstOn  calendar.Date
	On       calendar.Date // when the bank is to show it
	LateOn   calendar.Date // the first day on which it is late
	Items    int64
	Amount   money.Cents
	Fee      money.Cents // of Amount, what does not come
	Settled  money.Cents
	Ref      string
	Batch    string
	Settling calendar.Date // when a line settled some of it last
}

// Open is what is still expected on the clearing account.
func (e *Expectation) Open() money.Cents { return e.Amount - e.Settled }

// Comes is what the bank is still to show of it: a fee is taken off only once.
func (e *Expectation) Comes() money.Cents {
	if e.Settled != 0 {
		return e.Open()
	}
	return e.Amount - e.Fee
}

// Pair is a line and what explains some or all of it.
type Pair struct {
	Print   string
	AsOf    calendar.Date
	No      int64
	Account ledger.Account
	Source  string
	Cents   money.Cents // of the line
	Rule    string
}

// PairedLine is a line with its pairs and the expectations as they stand.
type PairedLine struct {
	KeptLine
	Print string
	AsOf  calendar.Date
	Cash  ledger.Account
	Book  ledger.BookNo // of a line that is in the books
	Steps int64         // that it has
	First int64         // its transaction
	Open  money.Cents   // what is not explained of it
	Pairs []PairTo
}

// PairTo is a pair's expectation.
type PairTo struct {
	Pair
	Settled money.Cents // of it so far
	Fee     money.Cents // of it, not taken off yet
}

// BookedLine is a line in the books with the legs of all its steps.
type BookedLine struct {
	KeptLine
	Print string
	AsOf  calendar.Date
	Cash  ledger.Account
	Book  ledger.BookNo
	Legs  []cashier.BankEntry
}

// Stands gives how many steps a line has, its own transaction and what is not explained.
func (l *BookedLine) Stands() (steps, first int64, open money.Cents) {
	for _, leg := range l.Legs {
		steps = max(steps, leg.Step)
		if leg.Step == 1 {
			first = leg.Seq
		}
		if chart.Code(leg.Account%100) == chart.Unidentified && leg.Source == "" {
			open += leg.Cents
		}
	}
	return steps, first, open
}

// Payout is a card processor's payout as its report says.
type Payout struct {
	Merchant string
	ID       string
	Account  ledger.Account // the clearing account
	Trace    string
	PaidOn   calendar.Date
	Net, Fee money.Cents
	Lines    []PayoutLine
}

// PayoutLine is what one line of a payout takes out of a clearing account.
type PayoutLine struct {
	Gross money.Cents
	At    time.Time
	Known bool // it is of a payment that is in the books
	// Failed is an earlier payout that the bank refused and whose money this line brings,
	// "" for other lines.
	Failed string
}

// PayoutFlow is money of a clearing account that changes its name: from the captures of
// a day to the payout that brings it.
type PayoutFlow struct {
	Source   string
	PostedOn calendar.Date
	Items    int64
	Cents    money.Cents
	Fee      money.Cents
}
