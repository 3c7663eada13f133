package member

import (
	"encoding/csv"
	"io"
	"iter"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/sheet"
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

// Bounds of the text in bytes: no name, id or address line is longer than a cell,
// and all of them fit a record with their quotation marks.
const (
	cellMax   = 200
	recordMax = 64 << 10
)

var rosterTable = sheet.Table[Row]{
	Columns: rosterReaders(), CellMax: cellMax, RecordMax: recordMax,
	Check: func(line int, r *Row, refuse sheet.Refuse) { r.Line = line; r.check(refuse) },
}

func rosterReaders() []sheet.Column[Row] {
	readers := make([]sheet.Column[Row], len(rosterColumns))
	for i, c := range rosterColumns {
		readers[i] = c.Column
	}
	return readers
}

// ReadRoster reads a roster in the CSV form of docs/formats/roster-csv.md and
// calls each with every good row, in the file's order and with bounded memory.
// Rows with problems are left out; a file with problems must not be used, so a
// caller either stages rows or reads twice.
//
// The error is each's own, which ends the reading, or that of r. Anything wrong
// with the text is a Problem with its line, its row as Record and its column as
// Field; reading stops at fault.ProblemsMax.
func ReadRoster(r io.Reader, each func(Row) error) ([]fault.Problem, error) {
	return rosterTable.Read(r, func(_ int, row Row) error { return each(row) })
}

// check checks what no column can know alone, and completes the row.
func (r *Row) check(refuse sheet.Refuse) {
	if r.Change.Kind == "" {
		r.Change.Kind = Add
	}
	if (r.aliasHandle == "") != (r.aliasSource == "") {
		refuse("alias", "alias and alias_source go together: an old number means nothing without its system")
	} else if r.aliasHandle != "" {
		alias, err := billpay.ParseAlias(r.aliasSource, r.aliasHandle)
		if err != nil {
			refuse("alias", "%s", fault.MessageOf(err))
		}
		r.Alias = alias
	}
	r.aliasHandle, r.aliasSource = "", ""
	person := &r.Change.Person
	if !person.DeathDate.IsZero() && person.DeathDate.Before(person.BirthDate) {
		refuse("death_date", "the date is before the birth date")
	}
	r.checkCoverage(refuse)
}

func (r *Row) checkCoverage(refuse sheet.Refuse) {
	kind := r.Change.Kind
	if len(r.Change.Coverages) == 0 {
		if kind == Terminate {
			refuse("coverage_to", "a termination needs its last day of coverage")
		}
		return
	}
	switch coverage := r.Change.Coverages[0]; {
	case coverage.Line == "":
		refuse("coverage_line", "the row says something of coverage and names no line")
	case kind == Add && coverage.From.IsZero():
		refuse("coverage_from", "an addition needs its first day of coverage")
	case kind == Terminate && coverage.To.IsZero():
		refuse("coverage_to", "a termination needs its last day of coverage")
	case !coverage.To.IsZero() && coverage.To.Before(coverage.From):
		refuse("coverage_to", "%s is before the first day, %s", coverage.To, coverage.From)
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
			record[i] = sheet.Shield(c.write(row))
		}
		if err := out.Write(record); err != nil {
			return fault.Wrap("member.WriteRoster", err)
		}
	}
	out.Flush()
	return fault.Wrap("member.WriteRoster", out.Error())
}
