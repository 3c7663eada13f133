// Package lockbox reads and writes BAI lockbox files: the cheques a bank
// opened, and what it keyed from their stubs, for one or more lockboxes.
//
// It knows the fixed-width records, their order, and the totals and counts the
// file states of itself. It does not know whose cheque it is, what a bill pay
// number looks like, or where files come from.
//
// A file is
//
//	1 file header
//	2 service header        one or more services
//	  5 deposit header      one or more deposits, each for a lockbox and a date
//	    6 cheque            the items of a batch ...
//	      4 overflow        ... each with any number of overflow lines
//	    7 batch total
//	  8 service total
//	9 file trailer
//
// and some banks write record 5 again before each batch. A batch and a deposit
// may be empty. Where a bank's columns differ from the usual ones a Layout
// says so.
//
// Invariants: one line and one item are held in memory at a time; every
// problem has its line; no problem's message repeats an account number; an
// item given to the caller has read without fault, but nothing may be posted
// before Scan has returned and fault.Judge accepts its problems.
//
// Start reading at Scan.
package lockbox

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

// Item is one cheque with what the bank keyed about it.
type Item struct {
	Lockbox     string        // the lockbox number, seven digits
	DepositDate calendar.Date // the day of the deposit header, zero when not given
	Batch       int           // 0-999
	Number      int           // the item's number in its batch, 0-999
	Amount      money.Cents   // what the cheque is for
	Routing     string        // the drawing bank's routing number, or ""
	Account     secret.Text   // the account the cheque is drawn on, or none
	CheckNumber string        // the cheque's serial number, or ""
	Tail        string        // the bank's own columns at the end of record 6, trailing blanks dropped
	Overflow    []Overflow
	Line        int // of its record 6
}

// Overflow is one continuation (record 4) of a cheque: an account or invoice
// the cheque pays, and how much of the cheque goes to it when the stub said so.
type Overflow struct {
	Text      string
	Amount    money.Cents
	HasAmount bool
	Line      int
}

// Header identifies a file: the same origin, date and time twice is the same
// file sent twice.
type Header struct {
	Destination string // ten characters, often the customer's number at the bank
	Origin      string // ten characters, often the bank's routing number
	Date        calendar.Date
	Time        string // HHMM
}

// Summary is what a scan counted itself, whatever the file's controls say.
type Summary struct {
	Header     Header
	Deposits   int
	Batches    int
	Checks     int
	CheckCents money.Cents
	Records    int
}

// Field is a run of columns, counted from 1 as bank guides print them. A Field
// of no width is not in the file.
type Field struct{ Start, Width int }

// of cuts the field from a record, which may be shorter than its columns:
// banks drop trailing blanks.
func (f Field) of(record string) string {
	from, to := f.Start-1, f.Start-1+f.Width
	if f.Width == 0 || from >= len(record) {
		return ""
	}
	return record[from:min(to, len(record))]
}

// Layout says where a bank puts the columns that differ between banks.
type Layout struct {
	Routing, Account, CheckNumber Field // of record 6
	TailStart                     int   // of record 6: the first of the bank's own columns
	OverflowText, OverflowAmount  Field // of record 4
}

// DefaultLayout is the usual layout of the BAI lockbox specification's
// widespread bank variants.
func DefaultLayout() Layout {
	return Layout{
		Routing:        Field{18, 9},
		Account:        Field{27, 10},
		CheckNumber:    Field{37, 9},
		TailStart:      46,
		OverflowText:   Field{12, 30},
		OverflowAmount: Field{42, 10},
	}
}

// Fixed columns, the same at every bank.
var (
	headerDestination = Field{4, 10}
	headerOrigin      = Field{14, 10}
	headerDate        = Field{24, 6}
	headerTime        = Field{30, 4}

	batchNumber = Field{2, 3}
	itemNumber  = Field{5, 3}

	lockboxNumber = Field{8, 7} // of records 5, 7 and 8
	depositDate   = Field{15, 6}

	itemAmount = Field{8, 10}

	overflowOf       = Field{8, 1}
	overflowSequence = Field{9, 2}
	overflowLast     = Field{11, 1}

	batchCount   = Field{21, 3}
	batchAmount  = Field{24, 10}
	serviceCount = Field{21, 4}
	serviceTotal = Field{25, 10}

	trailerCount = Field{2, 6}
)

// check refuses a layout whose columns overlap the fixed ones.
func (l Layout) check() error {
	fields := []struct {
		name  string
		field Field
		first int
	}{
		{"routing", l.Routing, 18}, {"account", l.Account, 18}, {"check number", l.CheckNumber, 18},
		{"overflow text", l.OverflowText, 12}, {"overflow amount", l.OverflowAmount, 12},
	}
	for _, f := range fields {
		if f.field.Width < 0 || f.field.Width > 0 && f.field.Start < f.first || f.field.Start+f.field.Width > widthMax {
			return fmt.Errorf("lockbox layout: %s at column %d, width %d, must lie between columns %d and %d",
				f.name, f.field.Start, f.field.Width, f.first, widthMax)
		}
	}
	if l.OverflowAmount.Width > amountDigitsMax {
		return fmt.Errorf("lockbox layout: overflow amount has %d digits, at most %d are read", l.OverflowAmount.Width, amountDigitsMax)
	}
	if l.TailStart < 18 || l.TailStart > widthMax {
		return fmt.Errorf("lockbox layout: tail starts at column %d, must lie between 18 and %d", l.TailStart, widthMax)
	}
	return nil
}

const (
	// widthMax bounds a record: the format says 80, banks append up to a few hundred.
	widthMax        = 1024
	amountDigitsMax = 12
)

// Sniff reports whether a file that begins with head looks like a lockbox file.
// A Nacha file header also begins with "1", a priority, names, a date and a
// time, but goes on with its record size, blocking and format in columns 35-40.
func Sniff(head []byte) bool {
	if len(head) < 33 || head[0] != '1' {
		return false
	}
	if _, ok := line.Digits(string(head[1:3])); !ok {
		return false
	}
	_, isNacha := line.Digits(string(head[min(34, len(head)):min(40, len(head))]))
	return !isNacha
}
