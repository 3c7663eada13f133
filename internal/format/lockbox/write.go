package lockbox

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/line"
)

// Writer writes a lockbox file in DefaultLayout, computing every control. It
// holds one batch's totals, so a file may be of any length. Items come in the
// order of the file; a new deposit begins by itself when the lockbox, the date
// or the run of batches changes or when a total would outgrow its columns.
type Writer struct {
	out     *bufio.Writer
	header  Header
	records int

	lockbox     string
	date        calendar.Date
	depositOpen bool // a deposit is open
	batchOpen   bool // a batch is open
	number      int
	batch       total
	deposit     total
	err         error
}

const (
	batchChecksMax   = 999
	serviceChecksMax = 9999
	amountMax        = 9_999_999_999 // ten digits of cents
)

// NewWriter begins a file. A header that cannot be written fails the first call after it.
func NewWriter(w io.Writer, header Header) *Writer {
	lw := &Writer{out: bufio.NewWriter(w), header: header, number: -1}
	if _, ok := line.Digits(header.Time); !ok || len(header.Time) != headerTime.Width || line.Unprintable(header.Destination+header.Origin) > 0 {
		lw.err = invalid("a header has a time HHMM and printable names")
	}
	lw.put("100%-10.10s%-10.10s%s%s", header.Destination, header.Origin, yymmdd(header.Date), header.Time)
	lw.put("2%-10.10s%-10.10s000000000040008000801", header.Destination, header.Origin)
	return lw
}

// Write adds one cheque. It refuses with fault.Invalid what the columns cannot
// hold; the file is then as it was before the call.
func (w *Writer) Write(it Item) error {
	if err := checkItem(it); err != nil {
		return err
	}
	if err := w.place(it.Lockbox, it.DepositDate, it.Batch, it.Amount); err != nil {
		return err
	}
	w.batchOpen = true
	w.batch.checks++
	w.batch.amount += it.Amount
	w.put("6%03d%03d%010d%-9s%-10s%-9s%s", it.Batch, it.Number, it.Amount, it.Routing, it.Account.Reveal(), it.CheckNumber, it.Tail)
	for i, o := range it.Overflow {
		indicator := '0'
		if i == len(it.Overflow)-1 {
			indicator = '9'
		}
		amount := ""
		if o.HasAmount {
			amount = fmt.Sprintf("%010d", o.Amount)
		}
		w.put("4%03d%03d6%02d%c%-30s%s", it.Batch, it.Number, (i+1)%100, indicator, o.Text, amount)
	}
	return w.err
}

// WriteEmptyBatch adds a batch without a cheque.
func (w *Writer) WriteEmptyBatch(lockbox string, date calendar.Date, batch int) error {
	if err := checkBatch(lockbox, batch); err != nil {
		return err
	}
	w.endBatch()
	if err := w.place(lockbox, date, batch, 0); err != nil {
		return err
	}
	w.batchOpen = true
	return w.err
}

// Close ends the file with its totals and trailer. It does not close the
// writer beneath.
func (w *Writer) Close() error {
	w.endDeposit()
	w.put("9%06d", (w.records+1)%trailerCountMax)
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

// place ends and begins batches and deposits so that the next item can stand
// in its own.
func (w *Writer) place(lockbox string, date calendar.Date, batch int, amount money.Cents) error {
	full := w.deposit.amount+w.batch.amount+amount > amountMax
	another := lockbox != w.lockbox || date != w.date || batch < w.number
	if w.depositOpen && (another || full) {
		w.endDeposit()
	}
	if w.batchOpen && (batch != w.number || w.batch.checks == batchChecksMax) {
		w.endBatch()
	}
	if w.depositOpen && !w.batchOpen && batch == w.number {
		w.endDeposit() // a batch number stands once in a deposit
	}
	if !w.depositOpen {
		w.lockbox, w.date, w.depositOpen = lockbox, date, true
		w.put("5000000%s%s%-10.10s%-10.10s", lockbox, yymmdd(date), w.header.Destination, w.header.Origin)
	}
	w.number = batch
	return w.err
}

func (w *Writer) endBatch() {
	if !w.batchOpen {
		return
	}
	w.put("7%03d000%s%s%03d%010d", w.number, w.lockbox, yymmdd(w.date), w.batch.checks, w.batch.amount)
	w.deposit.checks += w.batch.checks
	w.deposit.amount += w.batch.amount
	w.batch, w.batchOpen = total{}, false
}

func (w *Writer) endDeposit() {
	w.endBatch()
	if !w.depositOpen {
		return
	}
	count := w.deposit.checks
	if count > serviceChecksMax {
		count = 0 // "not stated", as some banks do
	}
	w.put("8000000%s%s%04d%010d", w.lockbox, yymmdd(w.date), count, w.deposit.amount)
	w.deposit, w.depositOpen, w.number = total{}, false, -1
}

func (w *Writer) put(format string, args ...any) {
	if w.err != nil {
		return
	}
	w.records++
	_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
}

func yymmdd(d calendar.Date) string {
	if d.IsZero() {
		return "000000"
	}
	return d.Time().Format("060102")
}

func checkBatch(lockbox string, batch int) error {
	if _, ok := line.Digits(lockbox); !ok || len(lockbox) != lockboxNumber.Width {
		return invalid("a lockbox number has %d digits", lockboxNumber.Width)
	}
	if batch < 0 || batch > 999 {
		return invalid("batch %d does not fit three digits", batch)
	}
	return nil
}

func checkItem(it Item) error {
	if err := checkBatch(it.Lockbox, it.Batch); err != nil {
		return err
	}
	layout := DefaultLayout()
	switch {
	case it.Number < 0 || it.Number > 999:
		return invalid("item %d does not fit three digits", it.Number)
	case it.Amount < 0 || it.Amount > amountMax:
		return invalid("the amount %s does not fit ten digits", it.Amount)
	case !numeric(it.Routing, layout.Routing), !numeric(it.Account.Reveal(), layout.Account), !numeric(it.CheckNumber, layout.CheckNumber):
		return invalid("routing, account or check number of item %d does not fit its columns", it.Number)
	case line.Unprintable(it.Tail) > 0 || len(it.Tail) > widthMax-layout.TailStart-2:
		return invalid("the tail of item %d does not fit its columns", it.Number)
	case len(it.Overflow) > overflowsMax:
		return invalid("item %d has more than %d overflows", it.Number, overflowsMax)
	}
	for _, o := range it.Overflow {
		if line.Unprintable(o.Text) > 0 || len(o.Text) > layout.OverflowText.Width || o.Amount < 0 || o.Amount > amountMax {
			return invalid("an overflow of item %d does not fit its columns", it.Number)
		}
	}
	return nil
}

// numeric reports whether text can stand in a field that holds digits or blanks.
func numeric(text string, f Field) bool {
	return len(text) <= f.Width && strings.Trim(text, "0123456789- ") == ""
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "lockbox.Write", format, args...)
}
