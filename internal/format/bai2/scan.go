package bai2

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

const (
	// widthMax bounds a line and recordMax a record with its continuations;
	// both are far above what banks send.
	widthMax  = 16 << 10
	recordMax = 256 << 10
	// distributionMax bounds the pairs of a funds type D.
	distributionMax = 366
)

// Scan reads a BAI2 file and gives each transaction detail to each. The error
// is only r's or each's; whatever is wrong with the file is in the problems.
func Scan(r io.Reader, each func(Item) error) (Summary, []fault.Problem, error) {
	return ScanAccounts(r, func(Account) error { return nil }, each)
}

// ScanAccounts is Scan that gives each account (record 03) before its items too.
func ScanAccounts(r io.Reader, account func(Account) error, each func(Item) error) (Summary, []fault.Problem, error) {
	s := scanner{open: account, each: each, lines: line.NewReader(r, widthMax)}
	err := s.scan()
	return s.sum, s.List(), err
}

// Inspect reads a whole file for its facts and problems, posting nothing. A
// file that cannot be read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, func(Item) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	facts := map[string]any{
		"groups":              sum.Groups,
		"accounts":            sum.Accounts,
		"transactions":        sum.Transactions,
		"detail_credit_minor": sum.DetailCreditMinor,
		"detail_debit_minor":  sum.DetailDebitMinor,
		"physical_records":    sum.PhysicalRecords,
	}
	if sum.HasControlTotal {
		facts["file_control_total"] = sum.FileControlTotal
	}
	return facts, problems
}

// level is what a file, group or account adds up to, to be held against its
// trailer.
type level struct {
	total   int64 // of amounts in an account, else of the control totals stated below
	parts   int   // groups of a file, accounts of a group
	records int   // lines
}

type scanner struct {
	line.Problems
	open  func(Account) error
	each  func(Item) error
	lines *line.Reader
	sum   Summary

	last     string // the last logical record's code, "" before the first
	pending  record // read, but perhaps continued by the next line
	faults   int    // refusals before the pending record's first column was read
	file     level
	group    level
	account  level
	header   Group
	number   secret.Text
	currency string
}

// follows lists, by record code, the codes that may stand before it. A code
// before the first record is "".
var follows = map[string][]string{
	"01": {""}, "02": {"01", "98"}, "03": {"02", "49"}, "16": {"03", "16"},
	"49": {"03", "16"}, "98": {"02", "49"}, "99": {"01", "98"},
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
	if err := s.finish(); err != nil {
		return err
	}
	if s.last != "99" {
		s.Refuse(s.lines.Number(), "99", "", "the file ends without its trailer")
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
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return nil
	}
	s.sum.PhysicalRecords++
	code, _, _ := strings.Cut(strings.TrimSuffix(trimmed, "/"), ",")
	if code != "88" {
		if err := s.finish(); err != nil {
			return err
		}
		s.faults = s.Refusals() // what is wrong with the coming record counts from here
	}
	if column := line.Unprintable(trimmed); column > 0 {
		s.Refuse(at, known(code), "", "column %d is not a printable ASCII character", column)
	}
	if code == "88" {
		s.continueRecord(content(trimmed))
		return nil
	}
	if known(code) == "" {
		s.Refuse(at, "", "record code", "unknown record code")
		return nil
	}
	s.pending = record{code: code, line: at}
	s.continueRecord(content(trimmed))
	return nil
}

// known gives back a record code of the format, else "".
func known(code string) string {
	if _, ok := follows[code]; ok || code == "88" {
		return code
	}
	return ""
}

// continueRecord adds a line to the pending record.
func (s *scanner) continueRecord(text string) {
	at := s.lines.Number()
	switch s.pending.code {
	case "":
		s.Refuse(at, "88", "record code", "there is no record to continue")
		return
	case "49", "98", "99":
		if s.pending.line != at {
			s.Refuse(at, "88", "record code", "a record %s is not continued", s.pending.code)
		}
	}
	s.pending.lines++
	if s.pending.size > recordMax {
		return // told when it grew too large
	}
	s.pending.pieces = append(s.pending.pieces, text)
	s.pending.size += len(text) + len("88,")
	if s.pending.size > recordMax {
		s.Refuse(at, s.pending.code, "", "the record and its continuations are longer than %d characters", recordMax)
	}
}

// finish reads the pending record, now that all of it is known.
func (s *scanner) finish() error {
	r := s.pending
	s.pending = record{}
	if r.code == "" {
		return nil
	}
	s.order(&r)
	s.count(&r)
	switch r.code {
	case "01":
		s.fileHeader(&r)
	case "02":
		s.groupHeader(&r)
	case "03":
		return s.accountHeader(&r)
	case "16":
		return s.detail(&r)
	case "49":
		s.accountTrailer(&r)
	case "98":
		s.groupTrailer(&r)
	case "99":
		s.fileTrailer(&r)
	}
	return nil
}

// order holds a record against the one before it.
func (s *scanner) order(r *record) {
	if !slices.Contains(follows[r.code], s.last) {
		where := "follow a record " + s.last
		if s.last == "" {
			where = "begin the file"
		}
		s.Refuse(r.line, r.code, "record code", "a record %s may not %s", r.code, where)
	}
	s.last = r.code
}

// count adds a record's lines to every level that it belongs to.
func (s *scanner) count(r *record) {
	switch r.code {
	case "02":
		s.group = level{}
	case "03":
		s.account = level{}
	}
	s.file.records += r.lines
	if r.code != "01" && r.code != "99" {
		s.group.records += r.lines
	}
	if r.code == "03" || r.code == "16" || r.code == "49" {
		s.account.records += r.lines
	}
}

func (s *scanner) fileHeader(r *record) {
	s.sum.Header = Header{Sender: r.field(), Receiver: r.field(), Date: s.date(r, "file date"), Time: s.clock(r, "file time"), ID: r.field()}
	r.field() // physical record length: lines end where they end
	r.field() // block size
	if version := r.field(); version != "2" {
		s.Refuse(r.line, r.code, "version", "the version is not 2")
	}
}

func (s *scanner) groupHeader(r *record) {
	s.header = Group{
		Receiver: r.field(), Originator: r.field(), Status: r.field(),
		AsOf: s.date(r, "as-of date"), AsOfTime: s.clock(r, "as-of time"),
		Currency: s.currencyCode(r), AsOfModifier: r.field(),
	}
	if h := s.header; len(h.Status) != 1 || h.Status < "1" || h.Status > "4" {
		s.Refuse(r.line, r.code, "group status", "the status is not 1, 2, 3 or 4")
	}
	if m := s.header.AsOfModifier; m != "" && (len(m) != 1 || m < "1" || m > "4") {
		s.Refuse(r.line, r.code, "as-of-date modifier", "the modifier is not 1, 2, 3 or 4")
	}
	s.sum.Groups++
}

// accountHeader reads an account and its balances and totals.
func (s *scanner) accountHeader(r *record) error {
	balances := []Balance{}
	s.number = secret.New(r.field())
	if s.number.IsZero() {
		s.Refuse(r.line, r.code, "account number", "the account number is missing")
	}
	s.currency = cmp.Or(s.currencyCode(r), s.header.Currency, "USD")
	for r.more() {
		typeCode, amount := r.field(), r.field()
		if typeCode != "" && !isTypeCode(typeCode) {
			s.Refuse(r.line, r.code, "type code", "a type code is not three digits")
			return nil // without knowing where a summary starts, the rest would only be noise
		}
		if amount != "" {
			minor := s.amount(r, amount, "amount")
			s.addTo(&s.account.total, minor, r)
			balances = append(balances, Balance{typeCode, minor})
		}
		if count := r.field(); count != "" {
			if _, ok := line.Digits(count); !ok {
				s.Refuse(r.line, r.code, "item count", "an item count is not digits")
			}
		}
		s.funds(r)
	}
	s.sum.Accounts++
	s.group.parts++
	if s.Refusals() > s.faults {
		return nil
	}
	return s.open(Account{Group: s.header, Number: s.number, Currency: s.currency, Balances: balances, Line: r.line})
}

func (s *scanner) detail(r *record) error {
	it := Item{Group: s.header, Account: s.number, Currency: s.currency, TypeCode: r.field(), Line: r.line}
	if !isTypeCode(it.TypeCode) {
		s.Refuse(r.line, r.code, "type code", "the type code is not three digits")
	}
	amount := r.field()
	if amount == "" && it.TypeCode != nonMonetary {
		s.Refuse(r.line, r.code, "amount", "the amount is missing")
	}
	if amount != "" {
		it.AmountMinor = s.amount(r, amount, "amount")
	}
	it.Funds = s.funds(r)
	it.BankReference, it.CustomerReference, it.Text = r.field(), r.field(), r.text()
	s.addTo(&s.account.total, it.AmountMinor, r)
	s.sum.Transactions++
	switch it.Direction() {
	case Credit:
		s.addTo(&s.sum.DetailCreditMinor, it.AmountMinor, r)
	case Debit:
		s.addTo(&s.sum.DetailDebitMinor, it.AmountMinor, r)
	}
	if s.Refusals() > s.faults {
		return nil
	}
	return s.each(it)
}

func (s *scanner) accountTrailer(r *record) {
	total := s.amount(r, r.field(), "control total")
	s.hold(r, "control total", total, s.account.total, "amounts sum to")
	s.hold(r, "number of records", s.whole(r, "number of records"), int64(s.account.records), "computed")
	s.addTo(&s.group.total, total, r)
}

func (s *scanner) groupTrailer(r *record) {
	total := s.amount(r, r.field(), "control total")
	s.hold(r, "control total", total, s.group.total, "account control totals sum to")
	s.hold(r, "number of accounts", s.whole(r, "number of accounts"), int64(s.group.parts), "computed")
	s.hold(r, "number of records", s.whole(r, "number of records"), int64(s.group.records), "computed")
	s.addTo(&s.file.total, total, r)
	s.file.parts++
}

func (s *scanner) fileTrailer(r *record) {
	total := s.amount(r, r.field(), "control total")
	s.sum.FileControlTotal, s.sum.HasControlTotal = total, true
	s.hold(r, "control total", total, s.file.total, "group control totals sum to")
	s.hold(r, "number of groups", s.whole(r, "number of groups"), int64(s.file.parts), "computed")
	s.hold(r, "number of records", s.whole(r, "number of records"), int64(s.file.records), "computed")
}

// hold notes a control problem when what the file states is not what it holds.
func (s *scanner) hold(r *record, name string, stated, computed int64, how string) {
	if stated != computed {
		s.Control(r.line, r.code, name, "stated %d, %s %d", stated, how, computed)
	}
}

// addTo sums without leaving the range of int64.
func (s *scanner) addTo(sum *int64, amount int64, r *record) {
	next := *sum + amount
	if (amount > 0 && next < *sum) || (amount < 0 && next > *sum) {
		s.Refuse(r.line, r.code, "amount", "the sum of amounts is too large")
		return
	}
	*sum = next
}

// amount reads digits with an optional sign; there is no decimal point.
func (s *scanner) amount(r *record, text, name string) int64 {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	n, ok := line.Digits(digits)
	if !ok {
		s.Refuse(r.line, r.code, name, "the %s is not a whole number of at most 18 digits", name)
	}
	if negative {
		return -n
	}
	return n
}

func (s *scanner) whole(r *record, name string) int64 {
	n, ok := line.Digits(r.field())
	if !ok {
		s.Refuse(r.line, r.code, name, "the %s is not digits", name)
	}
	return n
}

// funds reads a funds type and what comes with it.
func (s *scanner) funds(r *record) Funds {
	f := Funds{Type: r.field()}
	switch f.Type {
	case "", "Z", "0", "1", "2":
	case "V":
		f.Date, f.Time = s.date(r, "value date"), s.clock(r, "value time")
	case "S":
		for days := range 3 {
			f.Distribution = append(f.Distribution, Availability{days, s.available(r)})
		}
	case "D":
		f.Distribution = s.distribution(r)
	default:
		s.Refuse(r.line, r.code, "funds type", "the funds type is none of Z, 0, 1, 2, S, V and D")
	}
	return f
}

func (s *scanner) distribution(r *record) []Availability {
	pairs := s.whole(r, "number of distributions")
	if pairs > distributionMax {
		s.Refuse(r.line, r.code, "number of distributions", "stated %d distributions, at most %d are read", pairs, distributionMax)
		return nil
	}
	var parts []Availability
	for range pairs {
		days := s.whole(r, "days")
		parts = append(parts, Availability{int(days), s.available(r)})
	}
	return parts
}

// available reads an amount that may be left empty for none.
func (s *scanner) available(r *record) int64 {
	text := r.field()
	if text == "" {
		return 0
	}
	return s.amount(r, text, "available amount")
}

func (s *scanner) currencyCode(r *record) string {
	code := r.field()
	if code == "" {
		return ""
	}
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		s.Refuse(r.line, r.code, "currency", "the currency is not three capital letters")
		return ""
	}
	return code
}

// date reads YYMMDD, or nothing.
func (s *scanner) date(r *record, name string) calendar.Date {
	day, err := calendar.ParseLayout("060102", r.field())
	if err != nil {
		s.Refuse(r.line, r.code, name, "the %s is not a date YYMMDD", name)
	}
	return day
}

// clock reads HHMM, or nothing. 2400 and 9999 both mean the end of the day.
func (s *scanner) clock(r *record, name string) string {
	text := r.field()
	if text == "" {
		return ""
	}
	n, ok := line.Digits(text)
	if !ok || len(text) != 4 || (n > 2400 && n != 9999) || (n <= 2400 && n%100 > 59) {
		s.Refuse(r.line, r.code, name, "the %s is not HHMM", name)
	}
	return text
}

func isTypeCode(text string) bool {
	_, ok := line.Digits(text)
	return ok && len(text) == 3
}
