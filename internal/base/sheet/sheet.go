// Package sheet reads tables in CSV strictly: columns by name, every value
// checked, every problem with its line, row and column. It is the one way in which
// Billfold reads CSV. For those who write a table, Shield keeps spreadsheets from
// running its values.
//
// It knows the text and its bounds, not what a table is about: whoever has a
// table says its columns and what a row as a whole must satisfy. A file with
// problems must not be used at all, so a caller reads twice or keeps rows aside
// until the end. Memory is bounded by one record, whatever the file's size.
//
// Messages repeat a value only where a column's Read puts it into its error, so
// a column about a person does not. Start reading at Table.
package sheet

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/nearest"
)

// Column is one column of a table.
type Column[T any] struct {
	Name     string
	Required bool // in the header and in every row
	// Read puts a value into the row. It is never given the empty string.
	Read func(row *T, value string) error
}

// Refuse reports a problem of the row that is being checked, at a column, with the
// physical line of its field, or, by "", of the row as a whole.
type Refuse func(column, format string, args ...any)

// Choice is two or more columns of which a header must name at least one.
type Choice struct {
	Columns []string
	Must    string // what one of them must do, as the problem says it: "must say whose it is"
}

// Table says what a file holds.
type Table[T any] struct {
	Columns []Column[T]
	Choices []Choice
	// CellMax and RecordMax bound the value of a cell and a whole record, in bytes, so
	// that no file can fill the memory; 0 stands for 2000 and 16 KiB. A record of which
	// some was read ahead with the one before may be that much longer, at most 4 KiB.
	CellMax, RecordMax int
	// Check, if given, checks what no column can know alone. It is called for
	// rows without a problem, in the file's order, with the physical line.
	Check func(line int, row *T, refuse Refuse)
}

// Names lists the columns in their documented order.
func (t Table[T]) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// The bounds of a table that states none.
const (
	cellMax   = 2000
	recordMax = 16 << 10
)

// Read reads a table and calls each with every row that has no problem, in the
// file's order, with the physical line on which it begins.
//
// The error is each's own, which ends the reading, or that of r. Anything wrong
// with the text is a Problem with its line, its row as Record and its column as
// Field; reading stops at fault.ProblemsMax.
func (t Table[T]) Read(r io.Reader, each func(line int, row T) error) ([]fault.Problem, error) {
	t.CellMax, t.RecordMax = cmp.Or(t.CellMax, cellMax), cmp.Or(t.RecordMax, recordMax)
	bounded := &boundedReader{r: r, left: t.RecordMax}
	input := bufio.NewReader(bounded)
	head, err := input.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap("sheet.Read", err)
	}
	switch {
	case string(head) == "\uFEFF":
		_, _ = input.Discard(len(head))
	case strings.HasPrefix(string(head), "\xff\xfe"), strings.HasPrefix(string(head), "\xfe\xff"):
		return []fault.Problem{{Line: 1, Record: "header", Message: "the text is UTF-16; save the file as UTF-8"}}, nil
	}
	p := &reader[T]{table: t, csv: csv.NewReader(input), bounded: bounded}
	p.csv.FieldsPerRecord = -1
	p.csv.ReuseRecord = true
	err = p.read(each)
	return p.problems, err
}

type reader[T any] struct {
	table    Table[T]
	csv      *csv.Reader
	bounded  *boundedReader
	columns  []*Column[T] // by position
	rows     int
	line     int // where the last readable record starts
	problems []fault.Problem
}

func (p *reader[T]) read(each func(int, T) error) error {
	header, err := p.next()
	if errors.Is(err, io.EOF) {
		p.refuse("", "the file is empty; the first line names the columns")
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
			if err := p.textual(err); err != nil || p.bounded.long {
				return err
			}
			continue
		}
		row, ok := p.row(record)
		if !ok {
			continue
		}
		if err := each(p.line, row); err != nil {
			return err
		}
	}
	return nil
}

func (p *reader[T]) next() ([]string, error) {
	p.bounded.left = p.table.RecordMax
	record, err := p.csv.Read()
	if err == nil {
		p.line, _ = p.csv.FieldPos(0)
	}
	return record, err
}

// textual keeps a mistake in the text as a problem and gives back any other error.
func (p *reader[T]) textual(err error) error {
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errRecordLong):
		p.refuse("", "after this line a record is longer than %d bytes; a quotation mark is probably not closed", p.table.RecordMax)
	case errors.As(err, &syntax):
		p.line = syntax.Line
		p.refuse("", "character %d: %v", syntax.Column, syntax.Err)
	default:
		return fault.Wrap("sheet.Read", err)
	}
	return nil
}

func (p *reader[T]) record() string {
	if p.rows == 0 {
		return "header"
	}
	return fmt.Sprintf("row %d", p.rows)
}

// refuse is a Refuse.
func (p *reader[T]) refuse(column, format string, args ...any) {
	line := p.line
	if at := slices.IndexFunc(p.columns, func(c *Column[T]) bool { return c.Name == column }); at >= 0 {
		line, _ = p.csv.FieldPos(at)
	}
	p.refuseOn(line, column, format, args...)
}

// refuseOn reports a problem on a physical line: a field after a quoted line end
// stands below the line on which its record starts.
func (p *reader[T]) refuseOn(line int, column, format string, args ...any) {
	if len(p.problems) < fault.ProblemsMax {
		p.problems = append(p.problems, fault.Problem{
			Line: max(line, 1), Record: p.record(), Field: column, Message: fmt.Sprintf(format, args...),
		})
	}
}

func (p *reader[T]) header(cells []string) {
	if separator := otherSeparator(cells); separator != "" {
		p.refuse("", "the columns must be separated by commas; here they are separated by %s", separator)
		return
	}
	seen := map[string]bool{}
	var found []*Column[T]
	for i, raw := range cells {
		line, _ := p.csv.FieldPos(i)
		name := strings.ToLower(strings.TrimSpace(raw))
		at := slices.IndexFunc(p.table.Columns, func(c Column[T]) bool { return c.Name == name })
		switch {
		case at < 0 && (len(name) > 100 || !utf8.ValidString(name)):
			p.refuseOn(line, "", "a column's name is no text")
		case at < 0:
			hint := ""
			if near, ok := nearest.Word(name, p.table.Names()); ok {
				hint = fmt.Sprintf(" (%q is meant?)", near)
			}
			p.refuseOn(line, name, "the column %q is not known%s", name, hint)
		case seen[name]:
			p.refuseOn(line, name, "the column is there twice")
		default:
			seen[name], found = true, append(found, &p.table.Columns[at])
		}
	}
	p.missing(seen)
	if len(p.problems) == 0 {
		p.columns = found
	}
}

// otherSeparator names what separates the columns of a header in place of commas,
// or gives "".
func otherSeparator(cells []string) string {
	if len(cells) != 1 {
		return ""
	}
	switch cell := cells[0]; {
	case strings.Contains(cell, ";"):
		return "semicolons"
	case strings.Contains(cell, "\t"):
		return "tabs"
	case strings.Contains(cell, "|"):
		return "vertical bars"
	}
	return ""
}

// missing refuses a header that leaves out what must be there.
func (p *reader[T]) missing(seen map[string]bool) {
	for _, c := range p.table.Columns {
		if c.Required && !seen[c.Name] {
			p.refuse(c.Name, "the column is missing")
		}
	}
	for _, c := range p.table.Choices {
		if !slices.ContainsFunc(c.Columns, func(name string) bool { return seen[name] }) {
			last := len(c.Columns) - 1
			p.refuse(c.Columns[0], "one of the columns %s and %s %s", strings.Join(c.Columns[:last], ", "), c.Columns[last], c.Must)
		}
	}
}

func (p *reader[T]) row(record []string) (row T, ok bool) {
	if len(record) != len(p.columns) {
		p.refuse("", "the row has %d fields; the header names %d columns", len(record), len(p.columns))
		return row, false
	}
	before := len(p.problems)
	for i, c := range p.columns {
		value, err := cell(record[i], p.table.CellMax)
		switch {
		case err != nil:
			p.refuse(c.Name, "%v", err)
		case value == "" && c.Required:
			p.refuse(c.Name, "the value is missing")
		case value != "":
			if err := c.Read(&row, strings.Clone(value)); err != nil {
				p.refuse(c.Name, "%v", err)
			}
		}
	}
	if len(p.problems) == before && p.table.Check != nil {
		p.table.Check(p.line, &row, p.refuse)
	}
	return row, len(p.problems) == before
}

// cell gives the value of a cell, or says why it cannot be one.
func cell(raw string, most int) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errors.New("the text is not UTF-8")
	}
	value := strings.TrimSpace(unshield(strings.TrimSpace(raw)))
	if len(value) > most {
		return "", fmt.Errorf("the value has %d bytes; at most %d are taken", len(value), most)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) && c != ' ' }) {
		return "", errors.New("the value has a line end, tab or other character that does not print")
	}
	return value, nil
}

var errRecordLong = errors.New("a record is too long")

// boundedReader stops when one record takes more than its share of bytes, so
// that an unclosed quotation mark does not read the whole file into memory.
type boundedReader struct {
	r    io.Reader
	left int
	long bool // a record took more
}

func (b *boundedReader) Read(buffer []byte) (int, error) {
	if b.left <= 0 {
		b.long = true
		return 0, errRecordLong
	}
	n, err := b.r.Read(buffer[:min(len(buffer), b.left)])
	b.left -= n
	return n, err
}
