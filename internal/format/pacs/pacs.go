// Package pacs reads the messages in which banks pass a payment on, as a customer
// sees them in ISO 20022: the credit transfer (pacs.008), which over Fedwire is
// also the advice of an incoming wire, and by recognition alone the return of a
// payment (pacs.004) and the request to give one back (camt.056).
//
// It knows transfers, their references, parties, amounts and remittance
// information, and the totals that a message gives of itself. It does not know
// whom a payment is for or what is done with it.
//
// Rules of the messages that are easily got wrong: the amount that came is
// IntrBkSttlmAmt, and InstdAmt is what was sent before the banks in between took
// their charges; a Fedwire message's identification is its IMAD; NOTPROVIDED is
// no reference.
//
// Invariants: memory is bounded by one transfer; every problem has its line; no
// problem's message repeats a value of the file; nothing may be posted before
// Scan has returned and fault.Judge accepts its problems.
//
// Start reading at Scan.
package pacs

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/iso20022"
)

// Kind tells the messages apart.
type Kind string

// The kinds, as the standard names them.
const (
	CreditTransfer Kind = "pacs.008"
	Return         Kind = "pacs.004"
	ReturnRequest  Kind = "camt.056"
)

// Transfer is one payment of a pacs.008.
type Transfer struct {
	MessageID     string
	InstructionID string
	EndToEndID    string // "" also for NOTPROVIDED
	TransactionID string
	UETR          string
	ClearingRef   string
	// IMAD is Fedwire's accountability data where the message's identification or its
	// clearing reference is one, else "".
	IMAD            string
	AmountMinor     int64 // what was settled between the banks: what came
	Currency        string
	InstructedMinor int64 // what was sent, 0 when it is not said, in InstructedIn
	InstructedIn    string
	ChargeBearer    string
	SettledOn       calendar.Date

	Debtor           Party
	UltimateDebtor   Party
	Creditor         Party
	UltimateCreditor Party
	Structured       []string // creditors' references
	Unstructured     []string
	Documents        []string // numbers of documents that are paid
	Line             int
}

// Party is somebody that a transfer names.
type Party struct {
	Name    string
	Account secret.Text
	Bank    string // its number, code or name
}

// Summary is what a scan counted itself.
type Summary struct {
	Message      string // the definition: "pacs.008.001.08"
	MessageID    string
	Transactions int
	AmountMinor  int64  // the sum of what was settled
	Currency     string // of all transactions
}

// Kind is the message's, "" when it is none of this package.
func (s *Summary) Kind() Kind { return kindOf(s.Message) }

func kindOf(definition string) Kind {
	if len(definition) < len(CreditTransfer) {
		return ""
	}
	switch kind := Kind(definition[:len(CreditTransfer)]); kind {
	case CreditTransfer, Return, ReturnRequest:
		return kind
	}
	return ""
}

// Sniff reports whether a file that begins with head looks like one of these
// messages.
func Sniff(head []byte) bool { return kindOf(iso20022.Sniff(head)) != "" }
