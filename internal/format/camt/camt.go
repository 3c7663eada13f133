// Package camt reads what a bank says of its customer's accounts in ISO 20022:
// statements (camt.053), reports during the day (camt.052) and notifications of
// single credits and debits (camt.054), in every version from 001.02 on.
//
// It knows statements, entries, their details, balances and the totals that a
// statement gives of itself. It does not know which entry belongs to which rail,
// whose accounts these are, or where files come from.
//
// Rules of the messages that are easily got wrong: CdtDbtInd is the direction of
// the entry itself, also of a reversal; only entries with the status BOOK have
// moved the account; an entry's details can be in another currency than the
// entry; a notification and the statement tell of the same money.
//
// Invariants: memory is bounded by one entry with its details and one short
// record per statement; every problem has its line; no problem's message repeats
// a value of the file; an entry given to the caller has read without fault, but
// nothing may be posted before Scan has returned and fault.Judge accepts its
// problems.
//
// Start reading at Scan.
package camt

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/iso20022"
)

// Kind tells the messages apart.
type Kind string

// The kinds, as the standard names them.
const (
	Report       Kind = "camt.052" // what was known during the day
	Statement    Kind = "camt.053" // what was booked by the end of the day
	Notification Kind = "camt.054" // single credits and debits, told before the statement
)

// Account is one statement, report or notification of an account. While entries
// are given only its own head is known: balances that follow the entries, and
// what was counted, are there after Scan.
type Account struct {
	Kind      Kind
	MessageID string
	ID        string // the bank's name for this statement
	Sequence  string // electronic sequence number, or legal one, or ""
	Created   calendar.Date
	From, To  calendar.Date // of the period, where it is said
	// Copy is CODU, COPY or DUPL where the bank says that it sends one again or to
	// another besides.
	Copy     string
	Page     int  // from 1; 0 when the statement is not in pages
	LastPage bool // or not in pages
	Number   secret.Text
	Currency string // of the account, or of its first balance or entry
	Opening  Balance
	Closing  Balance
	// What was counted of booked entries in the account's currency.
	Entries                 int
	CreditMinor, DebitMinor int64
	Line                    int
}

// Balance is what was on an account, below zero when it was overdrawn.
type Balance struct {
	Known       bool
	AmountMinor int64
	Currency    string
	On          calendar.Date
	Line        int
}

// Code is a bank's transaction code: the standard's domain, family and subfamily
// (PMNT, RCDT, ESCT), or the bank's own, or both.
type Code struct{ Domain, Family, SubFamily, Own string }

// Entry is one booked movement of an account.
type Entry struct {
	Account *Account // what its statement said before it; not to be kept
	// Ref is the entry's number in its statement, if it has one.
	Ref string
	// BankReference is by what the bank knows the entry, the same in a notification
	// and in the statement: AcctSvcrRef.
	BankReference string
	Currency      string
	AmountMinor   int64 // without sign
	Credit        bool
	Reversal      bool // it takes an earlier entry back
	Booked, Value calendar.Date
	Code          Code
	Information   string
	Details       []Detail
	Line          int
}

// Detail is one transaction of an entry.
type Detail struct {
	EndToEndID    string // "" also for NOTPROVIDED
	UETR          string
	InstructionID string
	TransactionID string
	MessageID     string
	BankReference string
	ClearingRef   string // of the clearing system: an IMAD for Fedwire
	Own           []string
	CheckNumber   string
	// AmountMinor is in Currency; both are unset when the detail gives no amount of
	// its own.
	AmountMinor    int64
	Currency       string
	Debit          bool
	Debtor         Party
	UltimateDebtor Party
	Creditor       Party
	Unstructured   []string
	Structured     []string // creditors' references
	Documents      []string // numbers of documents that are paid
	ReturnReason   string
	Line           int
}

// Party is somebody that a transaction names.
type Party struct {
	Name    string
	Account secret.Text
	Bank    string // its code, number or name
}

// Statements is what a scan counted itself.
type Statements struct {
	Message  string // the definition: "camt.053.001.08"
	Accounts []Account
	// Entries counts all of a file, Booked those that Scan gave, Reversals those that
	// take an earlier entry back.
	Entries, Booked, Reversals, Details int
}

// Kind is the message's, "" when it is none of this package.
func (s *Statements) Kind() Kind { return kindOf(s.Message) }

func kindOf(definition string) Kind {
	if len(definition) < len(Statement) {
		return ""
	}
	switch kind := Kind(definition[:len(Statement)]); kind {
	case Report, Statement, Notification:
		return kind
	}
	return ""
}

// Sniff reports whether a file that begins with head looks like one of these
// messages.
func Sniff(head []byte) bool { return kindOf(iso20022.Sniff(head)) != "" }

// SniffKind gives which of them it looks like, or "".
func SniffKind(head []byte) Kind { return kindOf(iso20022.Sniff(head)) }
