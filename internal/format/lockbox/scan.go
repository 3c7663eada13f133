package lockbox

import (
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

// Options say how a file is to be read. The zero value reads DefaultLayout.
type Options struct{ Layout Layout }

// Scan reads a lockbox file and gives each cheque, with its overflow, to each.
// The error is only r's, each's, or of a layout that cannot be; whatever is
// wrong with the file is in the problems.
func Scan(r io.Reader, opts Options, each func(Item) error) (Summary, []fault.Problem, error) {
	if opts.Layout == (Layout{}) {
		opts.Layout = DefaultLayout()
	}
	if err := opts.Layout.check(); err != nil {
		return Summary{}, nil, fault.New(fault.Invalid, "lockbox.Scan", "%v", err)
	}
	s := scanner{layout: opts.Layout, each: each, lines: line.NewReader(r, widthMax)}
	err := s.scan()
	return s.sum, s.List(), err
}

// Inspect reads a whole file for its facts and problems, posting nothing. A
// file that cannot be read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, Options{}, func(Item) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	return map[string]any{
		"batches":     sum.Batches,
		"checks":      sum.Checks,
		"check_cents": int64(sum.CheckCents),
	}, problems
}

// total is what a batch or a service adds up to.
type total struct {
	checks int
	amount money.Cents
}

type scanner struct {
	line.Problems
	layout Layout
	each   func(Item) error
	lines  *line.Reader
	sum    Summary

	last    byte // the last record's type; 0 before the first
	deposit struct {
		lockbox string
		date    calendar.Date
	}
	item    Item // being read, until a record other than its overflow comes
	reading bool // whether item is being read
	faults  int  // refusals before the item's first column was read
	ended   bool // whether item's last overflow was marked as the last

	open    bool // whether a batch is open
	number  int  // the open batch
	batch   total
	stated  total // what the batches of this service say of themselves
	seen    [1000]bool
	batches [1000]bool // totalled in this service
}

// follows lists, by record type, the types that may stand before it.
var follows = map[byte]string{
	'1': "\x00", '2': "18", '5': "278", '6': "5647", '4': "64", '7': "5647", '8': "57", '9': "28",
}

func (s *scanner) scan() error {
	for {
		text, err := s.lines.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := s.take(text); err != nil {
			return err
		}
	}
	if err := s.finishItem(); err != nil {
		return err
	}
	if s.last != '9' {
		s.Refuse(s.lines.Number(), "9", "", "the file ends without its trailer")
	}
	return nil
}

// take reads one line. Lines of nothing but blanks are no records.
func (s *scanner) take(text []byte) error {
	at := s.lines.Number()
	if s.lines.TooLong() {
		s.Refuse(at, "", "", "the line is longer than %d characters", widthMax)
		return nil
	}
	record := strings.TrimRight(string(text), " ")
	if record == "" {
		return nil
	}
	kind := record[0]
	if kind != '4' {
		if err := s.finishItem(); err != nil {
			return err
		}
		s.faults = s.Refusals() // what is wrong with the coming item counts from here
	}
	before, known := follows[kind]
	if !known {
		s.Refuse(at, printable(kind), "record type", "unknown record type")
		return nil
	}
	s.sum.Records++
	if column := line.Unprintable(record); column > 0 {
		s.Refuse(at, string(kind), "", "column %d is not a printable ASCII character", column)
	}
	if strings.IndexByte(before, s.last) < 0 {
		s.Refuse(at, string(kind), "record type", "a record %c may not %s", kind, place(s.last))
	}
	s.last = kind
	s.record(kind, record)
	return nil
}

func place(last byte) string {
	if last == 0 {
		return "begin the file"
	}
	return "follow a record " + string(last)
}

func printable(kind byte) string {
	if line.Unprintable([]byte{kind}) > 0 {
		return "?"
	}
	return string(kind)
}

func (s *scanner) record(kind byte, record string) {
	switch kind {
	case '1':
		s.fileHeader(record)
	case '4':
		s.overflow(record)
	case '5':
		s.depositHeader(record)
	case '6':
		s.check(record)
	case '7':
		s.batchTotal(record)
	case '8':
		s.serviceTotal(record)
	case '9':
		s.trailer(record)
	}
}

func (s *scanner) fileHeader(record string) {
	s.sum.Header = Header{
		Destination: strings.TrimSpace(headerDestination.of(record)),
		Origin:      strings.TrimSpace(headerOrigin.of(record)),
		Date:        s.date(headerDate, record, "file date"),
		Time:        headerTime.of(record),
	}
	if _, ok := line.Digits(s.sum.Header.Time); !ok || len(s.sum.Header.Time) != headerTime.Width {
		s.Refuse(s.lines.Number(), "1", "file time", "the time is not four digits, HHMM")
	}
}

func (s *scanner) depositHeader(record string) {
	s.deposit.lockbox = lockboxNumber.of(record)
	if _, ok := line.Digits(s.deposit.lockbox); !ok || len(s.deposit.lockbox) != lockboxNumber.Width {
		s.Refuse(s.lines.Number(), "5", "lockbox number", "the lockbox number is not %d digits", lockboxNumber.Width)
	}
	s.deposit.date = s.date(depositDate, record, "deposit date")
	s.sum.Deposits++
}

func (s *scanner) check(record string) {
	at := s.lines.Number()
	batch := int(s.digits(batchNumber, record, "batch number"))
	number := int(s.digits(itemNumber, record, "item number"))
	amount := money.Cents(s.digits(itemAmount, record, "amount"))
	s.openBatch(batch)
	s.item = Item{
		Lockbox: s.deposit.lockbox, DepositDate: s.deposit.date, Batch: batch, Number: number, Amount: amount,
		Routing:     s.optional(s.layout.Routing, record, "routing number"),
		Account:     secret.New(s.optional(s.layout.Account, record, "account number")),
		CheckNumber: s.optional(s.layout.CheckNumber, record, "check number"),
		Tail:        Field{s.layout.TailStart, widthMax}.of(record),
		Line:        at,
	}
	if s.seen[number] {
		s.Control(at, "6", "item number", "item %d stands twice in batch %d", number, batch)
	}
	s.seen[number] = true
	s.sum.Checks++
	s.sum.CheckCents += amount
	s.batch.checks++
	s.batch.amount += amount
	s.reading, s.ended = true, true
}

// openBatch begins a batch at its first cheque; a cheque of another batch may
// only come after the batch total.
func (s *scanner) openBatch(batch int) {
	if !s.open {
		s.open, s.number = true, batch
		s.sum.Batches++
		return
	}
	if batch != s.number {
		s.Refuse(s.lines.Number(), "6", "batch number", "batch %d begins before the total of batch %d", batch, s.number)
	}
}

func (s *scanner) overflow(record string) {
	at := s.lines.Number()
	batch := int(s.digits(batchNumber, record, "batch number"))
	number := int(s.digits(itemNumber, record, "item number"))
	sequence := int(s.digits(overflowSequence, record, "sequence"))
	if !s.reading {
		return // out of order, and told so
	}
	if batch != s.item.Batch || number != s.item.Number {
		s.Refuse(at, "4", "item number", "overflow of batch %d item %d stands under batch %d item %d",
			batch, number, s.item.Batch, s.item.Number)
	}
	if overflowOf.of(record) != "6" {
		s.Refuse(at, "4", "record type overflowed", "only a record 6 may overflow")
	}
	// Sequences have two digits: the hundredth overflow begins them again.
	if want := (len(s.item.Overflow) + 1) % 100; sequence != want {
		s.Refuse(at, "4", "sequence", "sequence %d, expected %d", sequence, want)
	}
	if len(s.item.Overflow) > 0 && s.ended {
		s.Refuse(at, "4", "indicator", "an overflow follows the one marked as the last")
	}
	indicator := overflowLast.of(record)
	if indicator != "0" && indicator != "9" {
		s.Refuse(at, "4", "indicator", "the indicator is neither 0 (more) nor 9 (last)")
	}
	s.ended = indicator == "9"
	if len(s.item.Overflow) == overflowsMax {
		s.Refuse(at, "4", "", "more than %d overflows of one item", overflowsMax)
	}
	if len(s.item.Overflow) < overflowsMax {
		s.item.Overflow = append(s.item.Overflow, s.overflowLine(record))
	}
}

// overflowsMax bounds what one cheque may hold in memory.
const overflowsMax = 10_000

func (s *scanner) overflowLine(record string) Overflow {
	o := Overflow{Text: strings.TrimSpace(s.layout.OverflowText.of(record)), Line: s.lines.Number()}
	if strings.TrimSpace(s.layout.OverflowAmount.of(record)) == "" {
		return o
	}
	o.Amount = money.Cents(s.digits(s.layout.OverflowAmount, record, "amount"))
	o.HasAmount = true
	return o
}

// finishItem gives the item being read to the caller, once its overflow is known.
func (s *scanner) finishItem() error {
	if !s.reading {
		return nil
	}
	s.reading = false
	if !s.ended {
		s.Refuse(s.item.Line, "4", "indicator", "no overflow of batch %d item %d is marked as the last", s.item.Batch, s.item.Number)
	}
	if s.Refusals() > s.faults {
		return nil
	}
	return s.each(s.item)
}

func (s *scanner) batchTotal(record string) {
	at := s.lines.Number()
	batch := int(s.digits(batchNumber, record, "batch number"))
	count := int(s.digits(batchCount, record, "count"))
	amount := money.Cents(s.digits(batchAmount, record, "amount"))
	if !s.open {
		s.sum.Batches++
		s.number = batch
	}
	if batch != s.number {
		s.Refuse(at, "7", "batch number", "a total of batch %d ends batch %d", batch, s.number)
	}
	s.sameDeposit("7", record)
	if s.batches[batch] {
		s.Control(at, "7", "batch number", "batch %d was already totalled in this service", batch)
	}
	if count != s.batch.checks {
		s.Control(at, "7", "count", "stated %d checks, computed %d", count, s.batch.checks)
	}
	if amount != s.batch.amount {
		s.Control(at, "7", "amount", "stated %s, computed %s", amount, s.batch.amount)
	}
	s.batches[batch] = true
	s.stated.checks += count
	s.stated.amount += amount
	s.open, s.batch, s.seen = false, total{}, [1000]bool{}
}

func (s *scanner) serviceTotal(record string) {
	at := s.lines.Number()
	count := int(s.digits(serviceCount, record, "count"))
	amount := money.Cents(s.digits(serviceTotal, record, "amount"))
	s.sameDeposit("8", record)
	// Some banks leave the count at zero, so zero says nothing.
	if count != 0 && count != s.stated.checks {
		s.Control(at, "8", "count", "stated %d checks, batch totals sum to %d", count, s.stated.checks)
	}
	if amount != s.stated.amount {
		s.Control(at, "8", "amount", "stated %s, batch totals sum to %s", amount, s.stated.amount)
	}
	s.stated, s.batches = total{}, [1000]bool{}
}

// trailer proves the record count, headers and trailer included. A file of
// more records than the field holds states the low-order digits.
func (s *scanner) trailer(record string) {
	count := int(s.digits(trailerCount, record, "record count"))
	if computed := s.sum.Records; count != computed%trailerCountMax {
		s.Control(s.lines.Number(), "9", "record count", "stated %d, computed %d", count, computed)
	}
}

const trailerCountMax = 1_000_000

// sameDeposit holds a total's lockbox and date against its deposit header's.
func (s *scanner) sameDeposit(kind, record string) {
	if lockbox := lockboxNumber.of(record); lockbox != s.deposit.lockbox {
		s.Control(s.lines.Number(), kind, "lockbox number", "the total names another lockbox than its deposit header")
	}
	if day := s.date(depositDate, record, "deposit date"); day != s.deposit.date {
		s.Control(s.lines.Number(), kind, "deposit date", "stated %s, the deposit header says %s", day, s.deposit.date)
	}
}

// digits reads a field that must be filled with digits.
func (s *scanner) digits(f Field, record, name string) int64 {
	text := f.of(record)
	n, ok := line.Digits(text)
	if len(text) < f.Width {
		s.Refuse(s.lines.Number(), record[:1], name, "the record ends before column %d", f.Start+f.Width-1)
		return 0
	}
	if !ok {
		s.Refuse(s.lines.Number(), record[:1], name, "columns %d-%d are not digits", f.Start, f.Start+f.Width-1)
	}
	return n
}

// optional reads a field of digits that a cheque may lack; banks leave it
// blank when the scanner could not read the cheque's magnetic line.
func (s *scanner) optional(f Field, record, name string) string {
	text := strings.TrimSpace(f.of(record))
	for i := 0; i < len(text); i++ {
		if (text[i] < '0' || text[i] > '9') && text[i] != '-' && text[i] != ' ' {
			s.Refuse(s.lines.Number(), record[:1], name, "columns %d-%d are neither digits nor blank", f.Start, f.Start+f.Width-1)
			return ""
		}
	}
	return text
}

// date reads YYMMDD; blanks and zeros are no date.
func (s *scanner) date(f Field, record, name string) calendar.Date {
	text := strings.TrimSpace(f.of(record))
	if strings.Trim(text, "0") == "" {
		return calendar.Date{}
	}
	day, err := calendar.ParseLayout("060102", text)
	if err != nil {
		s.Refuse(s.lines.Number(), record[:1], name, "columns %d-%d are not a date YYMMDD", f.Start, f.Start+f.Width-1)
	}
	return day
}
