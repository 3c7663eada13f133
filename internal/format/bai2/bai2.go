// Package bai2 reads and writes BAI2 cash management files: what a bank says
// happened on its customer's accounts, per account, group and file.
//
// It knows the records 01, 02, 03, 16, 88, 49, 98 and 99, how continuation
// lines join, funds types, and the control totals and record counts at all
// three levels. It does not know which credit belongs to which rail, whose
// accounts these are, or where files come from.
//
// The reader is our own. The one kept library for the format ends the whole
// process when its input cannot be read, holds whole files in memory, checks
// no total and counts logical records instead of lines; a bank file that is to
// be staged and proved needs the opposite of all four.
//
// Rules of the format that are easily got wrong: amounts have no decimal point
// and are in the currency's minor unit; a control total is the signed sum of
// every amount below it exactly as given, so debits are added, not subtracted;
// text is the last field of a record 16 and may hold commas and slashes; a
// line ends at its line break, and a slash at its end is only a terminator.
//
// Invariants: memory is bounded by one logical record; every problem has its
// line; no problem's message repeats an account number; an item given to the
// caller has read without fault, but nothing may be posted before Scan has
// returned and fault.Judge accepts its problems.
//
// Start reading at Scan.
package bai2

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
)

// Item is one transaction detail (record 16).
type Item struct {
	Group             Group
	Account           secret.Text // the customer's account that the bank reports on
	Currency          string      // ISO 4217, from the account, else the group, else USD
	TypeCode          string      // three digits
	AmountMinor       int64       // in the currency's minor unit, as given: unsigned for debits too
	Funds             Funds
	BankReference     string
	CustomerReference string
	Text              string // continuation lines are parted by line feeds
	Line              int    // of its record 16
}

// Account is a customer's account on a day (record 03), with the balances and totals
// that the bank states of it.
type Account struct {
	Group    Group
	Number   secret.Text
	Currency string
	Balances []Balance
	Line     int
}

// Balance gives a stated balance or total by its type code; false when the bank does
// not state it.
func (a *Account) Balance(typeCode string) (int64, bool) {
	for _, b := range a.Balances {
		if b.TypeCode == typeCode {
			return b.AmountMinor, true
		}
	}
	return 0, false
}

// Direction says which way the item moves the account.
func (it Item) Direction() Direction { return DirectionOf(it.TypeCode) }

// Group is what a record 02 says of the accounts after it.
type Group struct {
	Receiver     string // ultimate receiver
	Originator   string // the bank
	Status       string // 1 update, 2 deletion, 3 correction, 4 test
	AsOf         calendar.Date
	AsOfTime     string // HHMM, 9999 for the end of the day, or ""
	Currency     string // "" means USD
	AsOfModifier string // 1 interim and 2 final previous day, 3 interim and 4 final same day, or ""
}

// Funds says when money becomes available.
type Funds struct {
	// Type is one of
	//	0 immediate, 1 next day, 2 two days or more, V on a date,
	//	S and D distributed, Z or "" not said
	Type         string
	Date         calendar.Date // type V
	Time         string        // type V: HHMM or ""
	Distribution []Availability
}

// Availability is a part of an amount and the days until it is available. Type
// S gives days 0, 1 and 2; type D gives its own.
type Availability struct {
	Days        int
	AmountMinor int64
}

// Header identifies a file; the same sender, date, time and id is the same file.
type Header struct {
	Sender, Receiver string
	Date             calendar.Date
	Time             string // HHMM
	ID               string
}

// Summary is what a scan counted itself. FileControlTotal alone is the file's
// own statement, there only when HasControlTotal.
type Summary struct {
	Header            Header
	Groups            int
	Accounts          int
	Transactions      int
	DetailCreditMinor int64
	DetailDebitMinor  int64
	FileControlTotal  int64
	HasControlTotal   bool
	PhysicalRecords   int
}

// Direction is which way an item moves its account.
type Direction uint8

// The directions. Neither is for codes that the bank and its customer define
// between them (9xx), and for codes outside the detail ranges.
const (
	Neither Direction = iota
	Credit
	Debit
)

// DirectionOf tells a type code's direction by its range: 100-399 credits,
// 400-699 debits, whether or not the code itself is known.
func DirectionOf(typeCode string) Direction {
	switch {
	case len(typeCode) != 3:
		return Neither
	case typeCode >= "100" && typeCode <= "399":
		return Credit
	case typeCode >= "400" && typeCode <= "699":
		return Debit
	}
	return Neither
}

var typeNames = map[string]string{
	"010": "opening ledger", "015": "closing ledger", "040": "opening available", "045": "closing available",
	"100": "total credits", "400": "total debits",
	"115": "lockbox deposit", "116": "item in lockbox deposit",
	"142": "ACH credit received", "164": "corporate trade payment credit", "165": "preauthorized ACH credit",
	"166": "ACH settlement credit", "169": "miscellaneous ACH credit",
	"174": "other deposit", "175": "check deposit package", "195": "incoming money transfer",
	"255": "check posted and returned", "257": "individual ACH return item (credit)",
	"275": "ZBA credit", "301": "commercial deposit", "399": "miscellaneous credit",
	"455": "preauthorized ACH debit", "466": "ACH settlement debit", "469": "miscellaneous ACH debit",
	"475": "check paid", "495": "outgoing money transfer",
	"555": "deposited item returned", "557": "individual ACH return item (debit)",
	"575": "ZBA debit", "699": "miscellaneous debit", "890": "non-monetary information",
}

// TypeName names the type codes that matter to a biller; any other gives "",
// and its direction still holds.
func TypeName(typeCode string) string { return typeNames[typeCode] }

// nonMonetary is the one detail code without an amount.
const nonMonetary = "890"

// Sniff reports whether a file that begins with head looks like BAI2: a record
// code of two digits and a comma.
func Sniff(head []byte) bool {
	isDigit := func(b byte) bool { return b >= '0' && b <= '9' }
	return len(head) >= 3 && isDigit(head[0]) && isDigit(head[1]) && head[2] == ','
}
