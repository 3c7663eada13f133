package nacha

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

// widthMax bounds a line: 94 columns, and blanks that transports add.
const widthMax = 1024

// Scan reads a Nacha file, with or without line breaks, and gives each entry,
// with its addenda, to each. The error is only r's or each's; whatever is
// wrong with the file is in the problems.
func Scan(r io.Reader, each func(Entry) error) (Summary, []fault.Problem, error) {
	s := scanner{each: each, lines: line.NewReader(broken(r), widthMax)}
	err := s.scan()
	s.sum.EntryHash = fmt.Sprintf("%010d", s.file.hash%hashModulus)
	return s.sum, s.List(), err
}

// Inspect reads a whole file for its facts and problems, posting nothing. A
// file that cannot be read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, func(Entry) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	return map[string]any{
		"batches":      sum.Batches,
		"entries":      sum.Entries,
		"addenda":      sum.Addenda,
		"debit_cents":  int64(sum.DebitCents),
		"credit_cents": int64(sum.CreditCents),
		"entry_hash":   sum.EntryHash,
	}, problems
}

// tally is what a batch or a file adds up to.
type tally struct {
	records       int // entries and addenda
	debit, credit money.Cents
	hash          int64
}

type scanner struct {
	line.Problems
	each  func(Entry) error
	lines *line.Reader
	sum   Summary

	last      byte // the last record's type; 0 before the first
	file      tally
	batch     tally
	header    *Batch
	foreign   bool   // whether the batch has a layout that is not read
	lastTrace string // of the batch

	entry     Entry // being read, until a record other than its addenda comes
	reading   bool  // whether entry is being read
	faults    int   // refusals before the entry's first column was read
	indicated bool  // whether the entry says that addenda follow
	stated    int   // addenda stated in the name field; -1 where there is no such field
	addenda   int   // read so far
}

// follows lists, by record type, the types that may stand before it.
var follows = map[byte]string{'1': "\x00", '5': "18", '6': "567", '7': "67", '8': "567", '9': "18"}

var filler = strings.Repeat("9", recordWidth)

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
	if err := s.finishEntry(); err != nil {
		return err
	}
	if s.last != '9' {
		s.Refuse(s.lines.Number(), "9", "", "the file ends without its file control")
	}
	return nil
}

// take reads one line. Lines of nothing but blanks, and filler after the file
// control, are no records.
func (s *scanner) take(text []byte) error {
	at := s.lines.Number()
	if s.lines.TooLong() {
		s.Refuse(at, "", "", "the line is longer than %d characters", widthMax)
		return nil
	}
	record := strings.TrimRight(string(text), " ")
	if record == "" || (record == filler && s.last == '9') {
		return nil
	}
	kind := record[0]
	if kind != '7' {
		if err := s.finishEntry(); err != nil {
			return err
		}
		s.faults = s.Refusals() // what is wrong with the coming entry counts from here
	}
	before, known := follows[kind]
	if !known {
		s.Refuse(at, "", "record type", "unknown record type")
		return nil
	}
	if width := max(len(record), min(len(text), recordWidth)); width != recordWidth {
		s.Refuse(at, string(kind), "", "the record has %d characters, not %d", width, recordWidth)
	}
	if column := line.Unprintable(record); column > 0 {
		s.Refuse(at, string(kind), "", "column %d is not a printable ASCII character", column)
	}
	if strings.IndexByte(before, s.last) < 0 {
		where := "follow a record " + string(s.last)
		if s.last == 0 {
			where = "begin the file"
		}
		s.Refuse(at, string(kind), "record type", "a record %c may not %s", kind, where)
	}
	s.last = kind
	// What is too short or too long is told; its columns are read for all that.
	record = fmt.Sprintf("%-94.94s", record)
	switch kind {
	case '1':
		s.fileHeader(record)
	case '5':
		s.batchHeader(record)
	case '6':
		s.detail(record)
	case '7':
		s.addendum(record)
	case '8':
		s.batchControl(record)
	case '9':
		s.fileControl(record)
	}
	return nil
}

func (s *scanner) fileHeader(record string) {
	if columns(record, 2, 3) != "01" || columns(record, 35, 40) != "094101" {
		s.Refuse(s.lines.Number(), "1", "", "priority, record size, blocking and format are not 01, 094, 10 and 1")
	}
	s.sum.Header = Header{
		Destination:     columns(record, 4, 13),
		Origin:          columns(record, 14, 23),
		Date:            s.date(record, 24, "file creation date"),
		Time:            columns(record, 30, 33),
		Modifier:        columns(record, 34, 34),
		DestinationName: columns(record, 41, 63),
		OriginName:      columns(record, 64, 86),
		Reference:       columns(record, 87, 94),
	}
	header := ach.NewFileHeader()
	header.Parse(record)
	s.judge("1", header.Validate())
}

func (s *scanner) batchHeader(record string) {
	s.sum.Batches++
	s.batch, s.lastTrace = tally{}, ""
	b := &Batch{
		Number:               int(s.digits(record, 88, 94, "batch number")),
		ServiceClass:         int(s.digits(record, 2, 4, "service class code")),
		SECCode:              columns(record, 51, 53),
		CompanyName:          columns(record, 5, 20),
		CompanyID:            columns(record, 41, 50),
		CompanyDiscretionary: columns(record, 21, 40),
		EntryDescription:     columns(record, 54, 63),
		DescriptiveDate:      columns(record, 64, 69),
		ODFI:                 columns(record, 80, 87),
		Line:                 s.lines.Number(),
	}
	s.header = b
	s.foreign = b.SECCode == ach.IAT || b.SECCode == ach.ADV || b.CompanyName == ach.IATCOR
	if s.foreign {
		s.Refuse(b.Line, "5", "standard entry class", "entries of the classes IAT and ADV are not read")
		return
	}
	b.EffectiveDate = s.date(record, 70, "effective entry date")
	s.digits(record, 80, 87, "ODFI")
	header := ach.NewBatchHeader()
	header.Parse(record)
	s.judge("5", header.Validate())
}

func (s *scanner) detail(record string) {
	e := Entry{
		Batch:           s.header,
		TransactionCode: int(s.digits(record, 2, 3, "transaction code")),
		RDFI:            columns(record, 4, 12),
		Amount:          money.Cents(s.digits(record, 30, 39, "amount")),
		Account:         secret.New(columns(record, 13, 29)),
		IndividualID:    columns(record, 40, 54),
		IndividualName:  columns(record, 55, 76),
		Discretionary:   columns(record, 77, 78),
		Trace:           columns(record, 80, 94),
		Line:            s.lines.Number(),
	}
	s.tallyEntry(record, e)
	s.entry, s.reading, s.addenda, s.stated = e, true, 0, -1
	s.indicated = columns(record, 79, 79) == "1"
	if s.header == nil || s.foreign {
		s.reading = false // out of order or not read, and told so
		return
	}
	s.classFields(record)
	s.checkEntry(record)
}

func (s *scanner) tallyEntry(record string, e Entry) {
	s.sum.Entries++
	s.batch.records++
	rdfi := s.digits(record, 4, 11, "RDFI")
	s.batch.hash += rdfi
	s.file.hash += rdfi
	if e.Credit() {
		s.batch.credit += e.Amount
		s.sum.CreditCents += e.Amount
	} else {
		s.batch.debit += e.Amount
		s.sum.DebitCents += e.Amount
	}
}

// classFields puts right the fields that mean something else in this class.
func (s *scanner) classFields(record string) {
	switch {
	case s.header.SECCode == ach.CIE:
		s.entry.IndividualName = columns(record, 40, 54)
		s.entry.IndividualID = columns(record, 55, 76)
	case namesCountAddenda(s.header.SECCode):
		s.stated = int(s.digits(record, 55, 58, "number of addenda"))
		s.entry.IndividualName = columns(record, 59, 74)
	}
}

// checkEntry judges an entry by itself; what depends on its addenda waits for
// finishEntry.
func (s *scanner) checkEntry(record string) {
	at, e := s.lines.Number(), s.entry
	if indicator := record[78]; indicator != '0' && indicator != '1' {
		s.Refuse(at, "6", "addenda record indicator", "the indicator is neither 0 nor 1")
	}
	if _, ok := line.Digits(record[3:11]); ok {
		if want := checkDigit(record[3:11]); record[11] != byte('0'+want) {
			s.Refuse(at, "6", "check digit", "the routing number's check digit is %q, computed %d", record[11:12], want)
		}
	}
	s.checkTrace(record)
	detail := ach.NewEntryDetail()
	detail.SetValidation(&ach.ValidateOpts{AllowInvalidCheckDigit: true}) // judged above, stated and computed
	detail.Parse(record)
	s.judge("6", detail.Validate())
	switch class := s.header.ServiceClass; {
	case class == ach.CreditsOnly && !e.Credit():
		s.Refuse(at, "6", "transaction code", "a debit stands in a batch of credits only")
	case class == ach.DebitsOnly && e.Credit():
		s.Refuse(at, "6", "transaction code", "a credit stands in a batch of debits only")
	// What takes a consumer's credit back is a debit of the same class.
	case s.header.SECCode == ach.CIE && !e.Credit() && strings.TrimSpace(s.header.EntryDescription) != "REVERSAL":
		s.Refuse(at, "6", "transaction code", "a debit stands in a batch of class CIE")
	}
}

// checkTrace holds a trace number against the one before it in the batch.
func (s *scanner) checkTrace(record string) {
	s.digits(record, 80, 94, "trace number")
	trace := record[79:94]
	if _, ok := line.Digits(trace); !ok {
		return
	}
	if trace <= s.lastTrace {
		s.Refuse(s.lines.Number(), "6", "trace number", "trace numbers do not ascend within the batch")
	}
	s.lastTrace = trace
}

func (s *scanner) addendum(record string) {
	at := s.lines.Number()
	s.sum.Addenda++
	s.batch.records++
	s.addenda++
	if !s.reading {
		return
	}
	switch typeCode := columns(record, 2, 3); typeCode {
	case "05":
		s.paymentInfo(record)
	case "98":
		s.notification(record)
	case "99":
		s.returned(record)
	case "02": // terminal data of card entries; counted, not used
	default:
		s.Refuse(at, "7", "addenda type code", "unknown addenda type")
	}
}

func (s *scanner) paymentInfo(record string) {
	at := s.lines.Number()
	addenda := ach.NewAddenda05()
	addenda.Parse(record)
	s.judge("7", addenda.Validate())
	if sequence := s.digits(record, 84, 87, "addenda sequence number"); sequence != int64(len(s.entry.PaymentInfo)+1) {
		s.Refuse(at, "7", "addenda sequence number", "stated %d, computed %d", sequence, len(s.entry.PaymentInfo)+1)
	}
	if columns(record, 88, 94) != columns(s.entry.Trace, 9, 15) {
		s.Refuse(at, "7", "entry detail sequence number", "differs from the end of the entry's trace number")
	}
	if most := addendaMax(s.header.SECCode); len(s.entry.PaymentInfo) >= most {
		s.Refuse(at, "7", "", "more than %d addenda for an entry of class %s", most, s.header.SECCode)
		return
	}
	s.entry.PaymentInfo = append(s.entry.PaymentInfo, record[3:83])
}

func (s *scanner) notification(record string) {
	code := columns(record, 4, 6)
	if ach.IsRefusedChangeCode(code) {
		addenda := ach.NewAddenda98Refused()
		addenda.Parse(record)
		s.judge("7", addenda.Validate())
	} else {
		addenda := ach.NewAddenda98()
		addenda.Parse(record)
		s.judge("7", addenda.Validate())
	}
	s.single()
	s.entry.Change = &Change{
		Code: code, OriginalTrace: columns(record, 7, 21), OriginalRDFI: columns(record, 28, 35),
		Corrected: secret.New(columns(record, 36, 64)),
	}
}

func (s *scanner) returned(record string) {
	code := columns(record, 4, 6)
	s.entry.Return = &Return{
		Code: code, OriginalTrace: columns(record, 7, 21), OriginalRDFI: columns(record, 28, 35), Information: columns(record, 36, 79),
	}
	s.single()
	switch {
	case ach.IsDishonoredReturnCode(code):
		addenda := ach.NewAddenda99Dishonored()
		addenda.Parse(record)
		s.judge("7", addenda.Validate())
	case ach.IsContestedReturnCode(code):
		addenda := ach.NewAddenda99Contested()
		addenda.Parse(record)
		s.judge("7", addenda.Validate())
	default:
		addenda := ach.NewAddenda99()
		addenda.Parse(record)
		s.judge("7", addenda.Validate())
		s.entry.Return.DateOfDeath = s.date(record, 22, "date of death")
	}
}

// single refuses a second addendum beside one that must stand alone.
func (s *scanner) single() {
	if s.addenda > 1 {
		s.Refuse(s.lines.Number(), "7", "addenda type code", "a return or notification of change has more than one addenda record")
	}
}

// finishEntry gives the entry being read to the caller, once its addenda are known.
func (s *scanner) finishEntry() error {
	if !s.reading {
		return nil
	}
	s.reading = false
	e := s.entry
	if s.Refusals() == s.faults {
		s.checkWithAddenda(e)
	}
	if s.Refusals() > s.faults {
		return nil
	}
	return s.each(e)
}

// checkWithAddenda judges an entry that has read without fault by what depends
// on its addenda.
func (s *scanner) checkWithAddenda(e Entry) {
	// A return or notification repeats the original's fields as they were.
	forward := e.Return == nil && e.Change == nil
	switch {
	case s.indicated && s.addenda == 0:
		s.Refuse(e.Line, "6", "addenda record indicator", "says that addenda follow, none do")
	case !s.indicated && s.addenda > 0:
		s.Refuse(e.Line, "6", "addenda record indicator", "says that no addenda follow, %d do", s.addenda)
	case e.Batch.SECCode == ach.COR && e.Change == nil:
		s.Refuse(e.Line, "6", "addenda record indicator", "an entry of class COR has no notification of change")
	case forward && !strings.HasPrefix(e.Trace, e.Batch.ODFI):
		s.Refuse(e.Line, "6", "trace number", "does not begin with the ODFI of its batch")
	case forward && s.stated >= 0 && s.stated != s.addenda:
		s.Control(e.Line, "6", "number of addenda", "stated %d, computed %d", s.stated, s.addenda)
	}
	s.checkAmount(e)
}

// checkAmount refuses money where there can be none, and none where there must
// be some. The classes that only acknowledge or enrol carry no money.
func (s *scanner) checkAmount(e Entry) {
	mustBeZero := e.Change != nil || isPrenote(e.TransactionCode) || isZeroDollar(e.TransactionCode)
	switch e.Batch.SECCode {
	case ach.ACK, ach.ATX, ach.ENR, ach.DNE:
		return
	}
	switch {
	case e.Return != nil:
	case mustBeZero && e.Amount != 0:
		s.Refuse(e.Line, "6", "amount", "a prenote, zero-dollar entry or notification of change has an amount")
	case !mustBeZero && e.Amount == 0:
		s.Refuse(e.Line, "6", "amount", "the amount is zero")
	}
}

func (s *scanner) batchControl(record string) {
	at := s.lines.Number()
	s.hold("8", "entry/addenda count", s.digits(record, 5, 10, "entry/addenda count"), int64(s.batch.records))
	s.hold("8", "entry hash", s.digits(record, 11, 20, "entry hash"), s.batch.hash%hashModulus)
	s.holdCents("8", "total debit", s.digits(record, 21, 32, "total debit"), s.batch.debit)
	s.holdCents("8", "total credit", s.digits(record, 33, 44, "total credit"), s.batch.credit)
	if s.batch.records == 0 {
		s.Refuse(at, "8", "", "the batch has no entries")
	}
	s.file.records += s.batch.records
	if s.header == nil {
		return // out of order, and told so
	}
	s.hold("8", "service class code", s.digits(record, 2, 4, "service class code"), int64(s.header.ServiceClass))
	s.hold("8", "batch number", s.digits(record, 88, 94, "batch number"), int64(s.header.Number))
	if columns(record, 45, 54) != s.header.CompanyID {
		s.Control(at, "8", "company identification", "differs from the batch header's")
	}
	if columns(record, 80, 87) != s.header.ODFI {
		s.Control(at, "8", "ODFI", "differs from the batch header's")
	}
	s.header = nil
}

func (s *scanner) fileControl(record string) {
	s.digits(record, 8, 13, "block count")
	s.hold("9", "batch count", s.digits(record, 2, 7, "batch count"), int64(s.sum.Batches))
	s.hold("9", "entry/addenda count", s.digits(record, 14, 21, "entry/addenda count"), int64(s.file.records))
	s.hold("9", "entry hash", s.digits(record, 22, 31, "entry hash"), s.file.hash%hashModulus)
	s.holdCents("9", "total debit", s.digits(record, 32, 43, "total debit"), s.sum.DebitCents)
	s.holdCents("9", "total credit", s.digits(record, 44, 55, "total credit"), s.sum.CreditCents)
}

// hold notes a control problem when what the file states is not what it holds.
func (s *scanner) hold(record, name string, stated, computed int64) {
	if stated != computed {
		s.Control(s.lines.Number(), record, name, "stated %d, computed %d", stated, computed)
	}
}

func (s *scanner) holdCents(record, name string, stated int64, computed money.Cents) {
	if money.Cents(stated) != computed {
		s.Control(s.lines.Number(), record, name, "stated %s, computed %s", money.Cents(stated), computed)
	}
}

// judge tells what moov-io/ach finds wrong with a record's values. Its errors
// hold the value itself, which may be an account number, so only the field and
// the reason are passed on.
func (s *scanner) judge(record string, err error) {
	if err == nil || errors.Is(err, ach.ErrNonAlphanumeric) {
		return // take has told of every character that may not be
	}
	var field *ach.FieldError
	if errors.As(err, &field) {
		s.Refuse(s.lines.Number(), record, words(field.FieldName), "%v", field.Err)
		return
	}
	s.Refuse(s.lines.Number(), record, "", "the record breaks a rule of its type")
}

// words writes a Go field name as the format's documents write it:
// "StandardEntryClassCode" as "standard entry class code".
func words(name string) string {
	var b strings.Builder
	isUpper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	for i := range len(name) {
		begins := i > 0 && isUpper(i) && !isUpper(i-1)
		ends := i > 0 && isUpper(i) && isUpper(i-1) && i+1 < len(name) && !isUpper(i+1)
		if begins || ends {
			b.WriteByte(' ')
		}
		inAcronym := isUpper(i) && (isUpper(i+1) || i > 0 && isUpper(i-1) && !ends)
		if isUpper(i) && !inAcronym {
			b.WriteByte(name[i] - 'A' + 'a')
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// digits reads columns that must be filled with digits.
func (s *scanner) digits(record string, from, to int, name string) int64 {
	n, ok := line.Digits(record[from-1 : to])
	if !ok {
		s.Refuse(s.lines.Number(), record[:1], name, "columns %d-%d are not digits", from, to)
	}
	return n
}

// date reads YYMMDD from a column on; blanks and zeros are no date.
func (s *scanner) date(record string, from int, name string) calendar.Date {
	text := columns(record, from, from+5)
	if strings.Trim(text, "0") == "" {
		return calendar.Date{}
	}
	day, err := calendar.ParseLayout("060102", text)
	if err != nil {
		s.Refuse(s.lines.Number(), record[:1], name, "columns %d-%d are not a date YYMMDD", from, from+5)
	}
	return day
}

// columns cuts the columns from-to, counted from 1, without blanks around them.
func columns(record string, from, to int) string {
	if len(record) < to {
		return ""
	}
	return strings.TrimSpace(record[from-1 : to])
}
