// Package clearing sends entries through the clearing house and takes what comes back:
// debits of payers, credits of refunds, prenotes that try an account, and reversals of
// our own entries; returns, notifications of change and disputes.
//
// It knows which entries are ordered, in which window they go, which file holds each,
// who agreed to a live file, what each return code obliges us to do and by when, and how
// our return rates stand against the network's limits. It knows no file format, no folder
// and no SQL: a Press writes files, an Outbox puts them where the bank fetches them, a
// Store keeps everything.
//
// Invariants:
//   - An entry stands in exactly one file. A new attempt is a new entry that names the first.
//   - Traces of an originating bank run without a gap, over files and days.
//   - A file's bytes are kept before anyone agrees to them; what was agreed to is what is
//     posted and placed, by its digest. A live file goes nowhere without a second person.
//   - A plan that is a sandbox makes no live file, and its files can be told from live ones.
//   - A debit is posted once, when its file is released, for the day that was authorised,
//     and a returned one is reversed once, with that day kept.
//   - Nothing that comes back is dropped: what no entry answers to is open, with its reason.
//   - Accounts at banks stand sealed and print masked; no message quotes one.
//
// Sources: Nacha Operating Rules; 12 CFR 1005 (Regulation E); Federal Reserve holidays.
// Start reading at Desk.Order, then Desk.Build, Desk.Release and Desk.Return.
package clearing

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Direction says which way an entry moves money, as its receiver sees it.
type Direction string

// The directions.
const (
	Debit  Direction = "debit"  // a payer pays us
	Credit Direction = "credit" // we pay: a refund, or the reversal of a debit
)

// Kind says what an entry is for.
type Kind string

// The kinds.
const (
	Payment  Kind = "payment"  // a debit for what is owed, or a refund's credit
	Retry    Kind = "retry"    // a debit again that came back for want of money
	Prenote  Kind = "prenote"  // no money: it tries whether the account takes entries
	Reversal Kind = "reversal" // takes back an entry of ours that was a duplicate or wrong
)

// SEC is a standard entry class.
type SEC string

// The classes in which entries are originated.
const (
	PPD SEC = "PPD" // a consumer's consent on paper; a consumer's refund
	WEB SEC = "WEB" // a consumer's consent on the internet or a mobile
	TEL SEC = "TEL" // a consumer's consent by telephone
	CCD SEC = "CCD" // an organisation's account
)

// State says how far an entry is.
type State string

// The states.
const (
	Held      State = "held"      // waits until the account is validated
	Ready     State = "ready"     // waits for its window
	Filed     State = "filed"     // a file has it; the file's state says how far that is
	Returned  State = "returned"  // came back
	Cancelled State = "cancelled" // taken back before a file had it
	Failed    State = "failed"    // could not be sent; why says the reason
)

// NotValidated is why an entry is held whose account must be validated first.
const NotValidated = "the account is not validated yet"

// AmountMax is the most that an entry holds: ten digits of cents.
const AmountMax money.Cents = 99_999_999_99

// Order is the wish to debit or credit a payment method once.
type Order struct {
	Key       ident.Key // names the wish for ever: the same again is the same entry
	Direction Direction
	Book      ledger.BookNo // whose account it is for
	Method    ident.Opaque
	Mandate   ident.Opaque // the consent by which a debit is made; "" for a single one
	Purse     chart.Purse  // whose bank account it is settled on
	SEC       SEC
	Recurring bool
	Amount    money.Cents
	CreditOn  calendar.Date     // the day that counts for the member
	SettleOn  calendar.Date     // wished; zero is CreditOn, or the banking day after it
	Items     []payment.ItemRef // that a debit pays first; none leaves it to the fund's rule
	Refund    payment.ID        // that a credit sends
	Actor     ident.Actor
}

// Entry is one entry, ordered and on its way.
type Entry struct {
	Book       ledger.BookNo
	ID         ident.Opaque
	Direction  Direction
	Kind       Kind
	Method     ident.Opaque
	Mandate    ident.Opaque
	Refund     payment.ID
	Purse      chart.Purse
	SEC        SEC
	Recurring  bool
	Amount     money.Cents
	CreditOn   calendar.Date
	SettleOn   calendar.Date
	Items      []payment.ItemRef
	State      State
	Why        string
	Tries      int          // 0 for the first, 1 and 2 for a debit sent again
	First      ident.Opaque // the entry that this one sends again or reverses; "" for none
	File       int64        // 0 before a file has it
	Trace      Trace        // 0 before a file has it
	ReturnCode string
	ReturnedOn calendar.Date
	Actor      ident.Actor
	OrderedAt  time.Time
	ChangedAt  time.Time
}

// Key is the idempotency key under which the entry's money is posted.
func (e *Entry) Key() ident.Key { return ident.Key("ach:" + string(e.ID)) }

// payment is the id of the payment that the entry's money makes.
func (e *Entry) payment() payment.ID { return payment.IDOf(e.Key()) }

// Ref names the entry.
func (e *Entry) Ref() EntryRef { return EntryRef{e.Book, e.ID} }

// EntryRef names an entry.
type EntryRef struct {
	Book ledger.BookNo
	ID   ident.Opaque
}

// Trace is an entry's trace number: eight digits of the originating bank's routing
// number, then seven that count.
type Trace int64

// tracesMax is how many traces an originating bank's number has before they repeat.
const tracesMax = 9_999_999

// traceOf makes the n-th trace of an originating bank, given as eight digits.
func traceOf(odfi int64, n int64) Trace { return Trace(odfi*(tracesMax+1) + n) }

// Number is the count in the trace.
func (t Trace) Number() int64 { return int64(t) % (tracesMax + 1) }

// Method is what of a payment method decides whether an entry can go out.
type Method struct {
	Active    bool
	Bank      bool
	Business  bool
	Validated bool
}

// Orders keeps entries. Its errors are of package fault.
type Orders interface {
	// BankMethod tells of a payment method. NotFound when the book has none of the id.
	BankMethod(ctx context.Context, book ledger.BookNo, method ident.Opaque) (Method, error)
	// NewEntries keeps entries. Those whose id is known already change nothing.
	NewEntries(ctx context.Context, entries []Entry) error
	// Entry gives one. NotFound when there is none.
	Entry(ctx context.Context, ref EntryRef) (Entry, error)
	// EntriesOf gives the entries of a book, the newest first.
	EntriesOf(ctx context.Context, book ledger.BookNo) ([]Entry, error)
	// MoveEntry sets state, why, return code and day of an entry that is in a state.
	// Conflict when it is in another one.
	MoveEntry(ctx context.Context, was State, e *Entry) error
}
