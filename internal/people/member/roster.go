package member

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/nearest"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Row is one line of a roster: one member and at most one line of coverage. A
// member with several lines stands on several rows.
type Row struct {
	Line   int // physical line, from 1; not written
	Change Change
	Alias  billpay.Alias // the member's number in an earlier system, or zero

	aliasHandle, aliasSource string // as written, until both are known
}

// coverage is the row's one coverage change, made on first use.
func (r *Row) coverage() *CoverageChange {
	if len(r.Change.Coverages) == 0 {
		r.Change.Coverages = make([]CoverageChange, 1)
	}
	return &r.Change.Coverages[0]
}

// recordMax bounds one record in bytes, quoted line ends included.
const recordMax = 64 << 10

// ReadRoster reads a roster in the CSV form of docs/formats/roster-csv.md and
// calls each with every good row, in the file's order and with bounded memory.
// Rows with problems are left out; a file with problems must not be used, so a
// caller either stages rows or reads twice.
//
// The error is each's own, which ends the reading, or that of r. Anything wrong
// with the text is a Problem with its line, its row as Record and its column as
// Field; reading stops at fault.ProblemsMax.
func ReadRoster(r io.Reader, each func(Row) error) ([]fault.Problem, error) {
	bounded := &boundedReader{r: r, left: recordMax}
	input := bufio.NewReader(bounded)
	first, err := input.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap("member.ReadRoster", err)
	}
	switch {
	case string(first) == "\uFEFF":
		_, _ = input.Discard(len("\uFEFF"))
	case len(first) >= 2 && (string(first[:2]) == "\xff\xfe" || string(first[:2]) == "\xfe\xff"):
		return []fault.Problem{{Line: 1, Message: "the text is UTF-16; save the file as UTF-8"}}, nil
	}
	reader := &rosterReader{csv: csv.NewReader(input), bounded: bounded}
	reader.csv.FieldsPerRecord = -1
	reader.csv.ReuseRecord = true
	return reader.read(each)
}

type rosterReader struct {
	csv      *csv.Reader
	bounded  *boundedReader
	columns  []*column // by position; nil for one that is refused
	rows     int
	fields   int // of the record read last, 0 when it could not be read
	line     int // where the last readable record starts
	problems []fault.Problem
}

func (p *rosterReader) read(each func(Row) error) ([]fault.Problem, error) {
	header, err := p.next()
	if errors.Is(err, io.EOF) {
		return []fault.Problem{{Line: 1, Record: "header", Message: "the file is empty; the first line names the columns"}}, nil
	}
	if err != nil {
		return p.problems, p.fatal(err)
	}
	p.readHeader(header)
	for len(p.problems) == 0 || p.columns != nil && len(p.problems) < fault.ProblemsMax {
		record, err := p.next()
		if errors.Is(err, io.EOF) {
			break
		}
		p.rows++
		if err != nil {
			if err := p.fatal(err); err != nil || errors.Is(p.bounded.err, errRecordLong) {
				return p.problems, err
			}
			continue
		}
		row, ok := p.readRow(record)
		if !ok {
			continue
		}
		if err := each(row); err != nil {
			return p.problems, err
		}
	}
	return p.problems, nil
}

func (p *rosterReader) next() ([]string, error) {
	p.bounded.left = recordMax
	record, err := p.csv.Read()
	if err != nil {
		p.fields = 0
		return nil, err
	}
	p.fields = len(record)
	p.line, _ = p.csv.FieldPos(0)
	return record, nil
}

// fatal keeps a mistake in the text as a problem and gives back any other error.
func (p *rosterReader) fatal(err error) error {
	if errors.Is(err, errRecordLong) {
		p.problems = append(p.problems, fault.Problem{
			Line: p.line, Record: p.record(), Message: fmt.Sprintf("after this line a record is longer than %d bytes; a quotation mark is probably not closed", recordMax),
		})
		return nil
	}
	var syntax *csv.ParseError
	if !errors.As(err, &syntax) {
		return fault.Wrap("member.ReadRoster", err)
	}
	p.problems = append(p.problems, fault.Problem{
		Line: syntax.Line, Record: p.record(), Message: fmt.Sprintf("character %d: %v", syntax.Column, syntax.Err),
	})
	return nil
}

// lineOf gives the physical line of a field of the record read last; a quoted
// field may stand lines below the record's start.
func (p *rosterReader) lineOf(field int) int {
	if field >= p.fields {
		return p.line
	}
	line, _ := p.csv.FieldPos(field)
	return line
}

func (p *rosterReader) record() string {
	if p.columns == nil && p.rows == 0 {
		return "header"
	}
	return fmt.Sprintf("row %d", p.rows)
}

func (p *rosterReader) refuse(field int, name, format string, args ...any) {
	if len(p.problems) >= fault.ProblemsMax {
		return
	}
	p.problems = append(p.problems, fault.Problem{Line: p.lineOf(field), Record: p.record(), Field: name, Message: fmt.Sprintf(format, args...)})
}

func (p *rosterReader) readHeader(header []string) {
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		p.refuse(0, "", "the columns must be separated by commas")
		return
	}
	seen := map[string]bool{}
	var columns []*column
	for i, cell := range header {
		name := strings.ToLower(strings.TrimSpace(cell))
		if !utf8.ValidString(name) || len(name) > textMax {
			name = "?"
		}
		at := slices.IndexFunc(rosterColumns, func(c column) bool { return c.name == name })
		if at < 0 {
			p.refuse(i, name, "the column %q is not known%s", name, hint(name))
			continue
		}
		if seen[name] {
			p.refuse(i, name, "the column is there twice")
		}
		seen[name] = true
		columns = append(columns, &rosterColumns[at])
	}
	for _, c := range rosterColumns {
		if c.required && !seen[c.name] {
			p.refuse(0, c.name, "the column is missing")
		}
	}
	if len(p.problems) == 0 {
		p.columns = columns
	}
}

func hint(name string) string {
	if near, ok := nearest.Word(name, RosterColumns()); ok {
		return fmt.Sprintf(" (%q is meant?)", near)
	}
	return ""
}

func (p *rosterReader) readRow(record []string) (Row, bool) {
	before := len(p.problems)
	if len(record) != len(p.columns) {
		p.refuse(0, "", "the row has %d fields; the header names %d columns", len(record), len(p.columns))
		return Row{}, false
	}
	row := Row{Line: p.line, Change: Change{Kind: Add}}
	for i, c := range p.columns {
		value, err := cell(record[i])
		switch {
		case err != nil:
			p.refuse(i, c.name, "%v", err)
		case value == "" && c.required:
			p.refuse(i, c.name, "the value is missing")
		case value != "":
			if err := c.read(&row, strings.Clone(value)); err != nil {
				p.refuse(i, c.name, "%v", err)
			}
		}
	}
	if len(p.problems) == before {
		p.checkRow(&row)
	}
	return row, len(p.problems) == before
}

// cell gives the value of a cell, or says why it cannot be one.
func cell(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errors.New("the text is not UTF-8")
	}
	value := strings.TrimSpace(unshield(strings.TrimSpace(raw)))
	if len(value) > textMax {
		return "", fmt.Errorf("the value has %d bytes; at most %d are taken", len(value), textMax)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) && c != ' ' }) {
		return "", errors.New("the value has a line end, tab or other character that does not print")
	}
	return value, nil
}

// checkRow checks what no column can know alone.
func (p *rosterReader) checkRow(row *Row) {
	if (row.aliasHandle == "") != (row.aliasSource == "") {
		p.refuse(0, "alias", "alias and alias_source go together: an old number means nothing without its system")
	} else if row.aliasHandle != "" {
		alias, err := billpay.ParseAlias(row.aliasSource, row.aliasHandle)
		if err != nil {
			var why *fault.Error
			if errors.As(err, &why) {
				p.refuse(0, "alias", "%s", why.Message)
			}
		}
		row.Alias = alias
	}
	row.aliasHandle, row.aliasSource = "", ""
	person := row.Change.Person
	if !person.DeathDate.IsZero() && person.DeathDate.Before(person.BirthDate) {
		p.refuse(0, "death_date", "the date is before the birth date")
	}
	p.checkCoverage(row.Change)
}

func (p *rosterReader) checkCoverage(c Change) {
	if len(c.Coverages) == 0 {
		if c.Kind == Terminate {
			p.refuse(0, "coverage_to", "a termination needs its last day of coverage")
		}
		return
	}
	switch coverage := c.Coverages[0]; {
	case coverage.Line == "":
		p.refuse(0, "coverage_line", "the row says something of coverage and names no line")
	case c.Kind == Add && coverage.From.IsZero():
		p.refuse(0, "coverage_from", "an addition needs its first day of coverage")
	case c.Kind == Terminate && coverage.To.IsZero():
		p.refuse(0, "coverage_to", "a termination needs its last day of coverage")
	case !coverage.To.IsZero() && coverage.To.Before(coverage.From):
		p.refuse(0, "coverage_to", "%s is before the first day, %s", coverage.To, coverage.From)
	}
}

// WriteRoster writes rows as a roster that ReadRoster takes, all columns in
// their documented order, with every value shielded from being run as a formula
// by a spreadsheet. Social security numbers are left out.
func WriteRoster(w io.Writer, rows iter.Seq[Row]) error {
	out := csv.NewWriter(w)
	if err := out.Write(RosterColumns()); err != nil {
		return fault.Wrap("member.WriteRoster", err)
	}
	record := make([]string, len(rosterColumns))
	for row := range rows {
		row.aliasHandle, row.aliasSource = row.Alias.Handle(), row.Alias.Source()
		for i, c := range rosterColumns {
			record[i] = shield(c.write(row))
		}
		if err := out.Write(record); err != nil {
			return fault.Wrap("member.WriteRoster", err)
		}
	}
	out.Flush()
	return fault.Wrap("member.WriteRoster", out.Error())
}

var errRecordLong = errors.New("a record is too long")

// boundedReader stops when one record takes more than its share of bytes, so
// that an unclosed quotation mark does not read the whole file into memory.
type boundedReader struct {
	r    io.Reader
	left int
	err  error
}

func (b *boundedReader) Read(buffer []byte) (int, error) {
	if b.left <= 0 {
		b.err = errRecordLong
		return 0, b.err
	}
	n, err := b.r.Read(buffer[:min(len(buffer), b.left)])
	b.left -= n
	return n, err
}
