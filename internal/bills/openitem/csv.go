package openitem

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/nearest"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Row is one line of the CSV file of open items.
type Row struct {
	Line   int            // physical line, from 1
	Number billpay.Number // whom the item is about: this, or Alias, or Opaque
	Alias  billpay.Alias
	Opaque ident.Opaque
	Debtor billpay.Number // who owes it, or 0 for whoever the rules name
	Fund   chart.Fund
	Item   Item // without Book, Purse and About, which the office knows

	aliasHandle, aliasSource string // as written, until both are known
}

// column is one column of the file. Read is never given the empty string; its
// error does not repeat a value that would tell who somebody is.
type column struct {
	name     string
	required bool
	read     func(*Row, string) error
}

var columns = []column{
	{"number", false, func(r *Row, s string) (err error) { r.Number, err = parseNumber(s); return err }},
	{"alias", false, func(r *Row, s string) error { r.aliasHandle = s; return nil }},
	{"alias_source", false, func(r *Row, s string) error { r.aliasSource = s; return nil }},
	{"opaque_id", false, func(r *Row, s string) (err error) { r.Opaque, err = ident.ParseOpaque(s); return err }},
	{"fund", true, func(r *Row, s string) (err error) { r.Fund, err = chart.ParseFund(s); return err }},
	{"amount", true, func(r *Row, s string) (err error) { r.Item.Amount, err = money.Parse(s); return err }},
	{"due_on", true, dateInto(func(r *Row) *calendar.Date { return &r.Item.DueOn })},
	{"service_on", false, dateInto(func(r *Row) *calendar.Date { return &r.Item.ServiceOn })},
	{"invoice", false, func(r *Row, s string) error { r.Item.Invoice = s; return nil }},
	{"description", false, func(r *Row, s string) error { r.Item.Text = s; return nil }},
	{"fee", false, readFee},
	{"privacy", false, func(r *Row, s string) (err error) { r.Item.Privacy, err = ParsePrivacy(s); return err }},
	{"debtor", false, func(r *Row, s string) (err error) { r.Debtor, err = parseNumber(s); return err }},
	{"debtor_on", false, dateInto(func(r *Row) *calendar.Date { return &r.Item.DebtorOn })},
}

// Columns lists the columns in their documented order.
func Columns() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

func parseNumber(s string) (billpay.Number, error) {
	n, err := billpay.Parse(s)
	var why *fault.Error
	if errors.As(err, &why) {
		return 0, errors.New(why.Message) // the digits are not repeated
	}
	return n, err
}

func dateInto(at func(*Row) *calendar.Date) func(*Row, string) error {
	return func(r *Row, s string) error {
		d, err := calendar.Parse(s)
		if err != nil {
			return errors.New("is not a date of the form 2026-11-23")
		}
		*at(r) = d
		return nil
	}
}

func readFee(r *Row, s string) error {
	switch s {
	case "yes":
		r.Item.Fee = true
	case "no":
	default:
		return errors.New("write yes or no")
	}
	return nil
}

// Bounds of the text, so that no file can fill the memory.
const (
	cellMax   = 200
	recordMax = 16 << 10
)

// ReadCSV reads the file of docs/formats/open-items-csv.md and calls each with
// every good row, in the file's order and with bounded memory. Rows with
// problems are left out; a file with problems must not be used, so a caller
// reads twice.
//
// The error is each's own, which ends the reading, or that of r. Anything wrong
// with the text is a Problem with its line, its row as Record and its column as
// Field; reading stops at fault.ProblemsMax.
func ReadCSV(r io.Reader, each func(Row) error) ([]fault.Problem, error) {
	bounded := &boundedReader{r: r, left: recordMax}
	input := bufio.NewReader(bounded)
	if head, _ := input.Peek(3); string(head) == "\uFEFF" {
		_, _ = input.Discard(len(head))
	}
	p := &csvReader{csv: csv.NewReader(input), bounded: bounded}
	p.csv.FieldsPerRecord = -1
	p.csv.ReuseRecord = true
	err := p.read(each)
	return p.problems, err
}

type csvReader struct {
	csv      *csv.Reader
	bounded  *boundedReader
	columns  []*column // by position
	rows     int
	line     int // where the last readable record starts
	problems []fault.Problem
}

func (p *csvReader) read(each func(Row) error) error {
	header, err := p.next()
	if errors.Is(err, io.EOF) {
		p.refuse("header", "", "the file is empty; the first line names the columns")
		return nil
	}
	if err != nil {
		return p.textual(err)
	}
	p.header(header)
	for p.columns != nil && len(p.problems) < fault.ProblemsMax {
		record, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		p.rows++
		if err != nil {
			if err := p.textual(err); err != nil || p.bounded.left <= 0 {
				return err
			}
			continue
		}
		before := len(p.problems)
		row := p.row(record)
		if len(p.problems) > before {
			continue
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func (p *csvReader) next() ([]string, error) {
	p.bounded.left = recordMax
	record, err := p.csv.Read()
	if err == nil {
		p.line, _ = p.csv.FieldPos(0)
	}
	return record, err
}

// textual keeps a mistake in the text as a problem and gives back any other error.
func (p *csvReader) textual(err error) error {
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errRecordLong):
		p.refuse(p.record(), "", "after this line a record is longer than %d bytes; a quotation mark is probably not closed", recordMax)
	case errors.As(err, &syntax):
		p.line = syntax.Line
		p.refuse(p.record(), "", "character %d: %v", syntax.Column, syntax.Err)
	default:
		return fault.Wrap("openitem.ReadCSV", err)
	}
	return nil
}

func (p *csvReader) record() string {
	if p.rows == 0 {
		return "header"
	}
	return fmt.Sprintf("row %d", p.rows)
}

func (p *csvReader) refuse(record, field, format string, args ...any) {
	if len(p.problems) < fault.ProblemsMax {
		line := max(p.line, 1)
		p.problems = append(p.problems, fault.Problem{Line: line, Record: record, Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (p *csvReader) header(cells []string) {
	seen := map[string]bool{}
	var found []*column
	for _, raw := range cells {
		name := strings.ToLower(strings.TrimSpace(raw))
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		switch {
		case at < 0 && (len(name) > cellMax || !utf8.ValidString(name)):
			p.refuse("header", "", "a column's name is no text")
		case at < 0:
			hint := ""
			if near, ok := nearest.Word(name, Columns()); ok {
				hint = fmt.Sprintf(" (%q is meant?)", near)
			}
			p.refuse("header", name, "the column %q is not known%s", name, hint)
		case seen[name]:
			p.refuse("header", name, "the column is there twice")
		default:
			seen[name], found = true, append(found, &columns[at])
		}
	}
	for _, c := range columns {
		if c.required && !seen[c.name] {
			p.refuse("header", c.name, "the column is missing")
		}
	}
	if !seen["number"] && !seen["alias"] && !seen["opaque_id"] {
		p.refuse("header", "number", "one of the columns number, alias and opaque_id must say whom an item is about")
	}
	if len(p.problems) == 0 {
		p.columns = found
	}
}

func (p *csvReader) row(record []string) Row {
	row := Row{Line: p.line, Item: Item{Privacy: Ordinary}}
	if len(record) != len(p.columns) {
		p.refuse(p.record(), "", "the row has %d fields; the header names %d columns", len(record), len(p.columns))
		return row
	}
	before, isPrivacyStated := len(p.problems), false
	for i, c := range p.columns {
		value, err := cell(record[i])
		switch {
		case err != nil:
			p.refuse(p.record(), c.name, "%v", err)
		case value == "" && c.required:
			p.refuse(p.record(), c.name, "the value is missing")
		case value != "":
			isPrivacyStated = isPrivacyStated || c.name == "privacy"
			if err := c.read(&row, strings.Clone(value)); err != nil {
				p.refuse(p.record(), c.name, "%v", err)
			}
		}
	}
	if len(p.problems) == before {
		p.check(&row, isPrivacyStated)
	}
	return row
}

// cell gives the value of a cell, or says why it cannot be one. An apostrophe
// that shields a value from being run as a formula by a spreadsheet is taken away.
func cell(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errors.New("the text is not UTF-8")
	}
	value := strings.TrimSpace(raw)
	if rest, ok := strings.CutPrefix(value, "'"); ok && rest != "" && strings.ContainsRune("=+-@'", rune(rest[0])) {
		value = strings.TrimSpace(rest)
	}
	if len(value) > cellMax {
		return "", fmt.Errorf("the value has %d bytes; at most %d are taken", len(value), cellMax)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) && c != ' ' }) {
		return "", errors.New("the value has a line end, tab or other character that does not print")
	}
	return value, nil
}

// check checks what no column can know alone.
func (p *csvReader) check(row *Row, isPrivacyStated bool) {
	ways := 0
	for _, given := range []bool{!row.Number.IsZero(), row.aliasHandle != "", row.Opaque != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		p.refuse(p.record(), "number", "the row names the person in %d ways; give one of number, alias with alias_source, and opaque_id", ways)
	}
	if (row.aliasHandle == "") != (row.aliasSource == "") {
		p.refuse(p.record(), "alias", "alias and alias_source go together: an old number means nothing without its system")
	} else if row.aliasHandle != "" {
		alias, err := billpay.ParseAlias(row.aliasSource, row.aliasHandle)
		var why *fault.Error
		if errors.As(err, &why) {
			p.refuse(p.record(), "alias", "%s", why.Message)
		}
		row.Alias = alias
	}
	row.aliasHandle, row.aliasSource = "", ""
	// A source that cannot tell whether care is sensitive must not let it pass for
	// ordinary: others of the household would see it.
	if row.Fund != chart.Premium && !isPrivacyStated {
		p.refuse(p.record(), "privacy", "an item of care states its privacy class: ordinary, minor_consent, sensitive or confidential")
	}
	switch {
	case row.Item.Amount <= 0 || row.Item.Amount > money.Max:
		p.refuse(p.record(), "amount", "the amount must be above zero and at most %s", money.Max.Grouped())
	case len(row.Item.Text) > TextMax:
		p.refuse(p.record(), "description", "a description has at most %d bytes", TextMax)
	case len(row.Item.Invoice) > InvoiceMax:
		p.refuse(p.record(), "invoice", "an invoice number has at most %d bytes", InvoiceMax)
	}
}

var errRecordLong = errors.New("a record is too long")

// boundedReader stops when one record takes more than its share of bytes, so
// that an unclosed quotation mark does not read the whole file into memory.
type boundedReader struct {
	r    io.Reader
	left int
}

func (b *boundedReader) Read(buffer []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRecordLong
	}
	n, err := b.r.Read(buffer[:min(len(buffer), b.left)])
	b.left -= n
	return n, err
}
