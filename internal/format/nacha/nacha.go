// Package nacha reads and writes Nacha (ACH) files: entries credited or
// debited through the ACH network, prenotifications, returns and notifications
// of change.
//
// It knows the 94-column records, their order, and the counts, totals and
// entry hashes that batch and file controls state. It does not know whose
// entry it is, what a return obliges anyone to do, or where files come from.
// IAT and ADV batches have layouts of their own and are refused by name.
//
// Records are parsed and their values judged by moov-io/ach under its strictest
// options. Around it stands a reader of our own, because that library's reader
// holds whole files in memory, pads short lines, and answers a wrong total with
// the same error as an unreadable line; here memory is bounded by one entry,
// and a wrong control flags the file while a wrong record refuses it.
//
// Two fields mean something else in some entry classes, and are put right here
// and nowhere else: CIE holds the name in columns 40-54 and the identification
// number in 55-76 (Nacha Operating Rules, Appendix Three), and CTX, ENR, TRX
// and ATX begin the name with a count of addenda.
//
// The block count in the file control is not held against the file: filler
// lines are added and dropped on the way by transports, and nothing hangs on it.
//
// Invariants: every problem has its line; no problem's message repeats an
// account number or a name; an entry given to the caller has read without
// fault, but nothing may be posted before Scan has returned and fault.Judge
// accepts its problems.
//
// Start reading at Scan.
package nacha

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

// Header identifies a file: origin, date, time and modifier together are
// unique for a destination.
type Header struct {
	Destination     string // routing number
	Origin          string // routing number or company identification
	DestinationName string
	OriginName      string
	Date            calendar.Date
	Time            string // HHMM, or ""
	Modifier        string // A-Z, 0-9: tells files of one day apart
	Reference       string
}

// Batch is what a batch header says of every entry after it.
type Batch struct {
	Number               int
	ServiceClass         int    // 200 mixed, 220 credits only, 225 debits only
	SECCode              string // standard entry class: PPD, WEB, CIE, CTX, COR, ...
	CompanyName          string
	CompanyID            string
	CompanyDiscretionary string
	EntryDescription     string        // "HEALTHPREM", "REVERSAL", "RETRY PYMT", ...
	DescriptiveDate      string        // as the originator wrote it
	EffectiveDate        calendar.Date // the settlement wished for; zero when not given
	ODFI                 string        // first eight digits of the originating bank's routing number
	Line                 int           // of its record 5
}

// Entry is one entry (record 6) with its addenda (records 7).
type Entry struct {
	Batch           *Batch // shared by its entries, not to be changed
	TransactionCode int
	RDFI            string      // the receiving bank's routing number, nine digits
	Account         secret.Text // the account at the receiving bank
	Amount          money.Cents // never negative; Credit tells the direction
	IndividualID    string      // what the originator knows the receiver by; in CIE the bill pay number
	IndividualName  string
	Discretionary   string
	Trace           string   // fifteen digits
	PaymentInfo     []string // addenda 05 in order, all 80 columns of each: an 820 runs on over them
	Return          *Return  // of addenda 99
	Change          *Change  // of addenda 98
	Line            int      // of its record 6
}

// Return says why an entry came back (addenda 99), or in a dishonoured or
// contested return, why the return is disputed.
type Return struct {
	Code          string // R01-R85
	OriginalTrace string // of the entry that came back
	OriginalRDFI  string // eight digits
	DateOfDeath   calendar.Date
	Information   string // columns 36-79; for R61-R77 these hold the disputed return's own trace and code
}

// Change is a notification of change (addenda 98), or its refusal.
type Change struct {
	Code          string // C01-C14, or C61-C69 for a refusal
	OriginalTrace string
	OriginalRDFI  string
	Corrected     secret.Text // columns 36-64: often the right account number
}

// Credit reports whether the entry credits the receiver's account; otherwise
// it debits it. A return keeps the direction of the entry that came back.
func (e Entry) Credit() bool { return isCredit(e.TransactionCode) }

// Prenote reports whether the entry only announces later ones, without money.
func (e Entry) Prenote() bool { return isPrenote(e.TransactionCode) }

func isCredit(transactionCode int) bool {
	unit := transactionCode % 10
	return unit >= 1 && unit <= 4
}

func isPrenote(transactionCode int) bool {
	unit := transactionCode % 10
	return unit == 3 || unit == 8
}

// isZeroDollar reports the codes that carry only remittance data.
func isZeroDollar(transactionCode int) bool {
	unit := transactionCode % 10
	return unit == 4 || unit == 9
}

// Summary is what a scan counted itself, whatever the file's controls say.
type Summary struct {
	Header      Header
	Batches     int
	Entries     int
	Addenda     int
	DebitCents  money.Cents
	CreditCents money.Cents
	EntryHash   string // ten digits
}

// namesCountAddenda reports the entry classes whose name field begins with
// the number of addenda, and which may have up to 9,999 of them.
func namesCountAddenda(secCode string) bool {
	return secCode == "CTX" || secCode == "ENR" || secCode == "TRX" || secCode == "ATX"
}

// addendaMax is how many addenda 05 an entry of a class may have.
func addendaMax(secCode string) int {
	if namesCountAddenda(secCode) {
		return 9999
	}
	return 1
}

// checkDigit computes the ninth digit of a routing number from its first eight
// (weights 3, 7, 1).
func checkDigit(eight string) int {
	sum := 0
	for i, weight := range []int{3, 7, 1, 3, 7, 1, 3, 7} {
		sum += weight * int(eight[i]-'0')
	}
	return (10 - sum%10) % 10
}

const (
	recordWidth = 94
	hashModulus = 10_000_000_000 // entry hashes keep the low ten digits
)

// Sniff reports whether a file that begins with head looks like a Nacha file:
// its header says priority 01 and, in columns 35-40, six digits of record size,
// blocking and format, which a lockbox header has not.
func Sniff(head []byte) bool {
	if len(head) < 40 || string(head[:3]) != "101" {
		return false
	}
	_, ok := line.Digits(string(head[34:40]))
	return ok
}
