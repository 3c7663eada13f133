package rule

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/cover/coverage"
)

//go:embed data/*.yaml
var embedded embed.FS

func readEmbedded() ([]Row, []fault.Problem) {
	entries, err := embedded.ReadDir("data")
	if err != nil {
		return nil, []fault.Problem{{Message: err.Error()}}
	}
	read := &reading{}
	for _, entry := range entries {
		text, err := embedded.ReadFile("data/" + entry.Name())
		if err != nil {
			return nil, []fault.Problem{{Record: entry.Name(), Message: err.Error()}}
		}
		read.name = entry.Name()
		file, root := yamldoc.Parse(read.name, text)
		for _, v := range root.Fields("rows").Need("rows").List() {
			read.product(v)
		}
		read.problems = append(read.problems, file.Problems()...)
	}
	read.checkOverlaps()
	if len(read.problems) == 0 {
		read.checkWindows(newSet(newLayer(read.rows), layer{}))
	}
	return read.rows, read.problems
}

// Overlay gives a new set in which an operator's rows lie over the product's of
// s; an earlier operator's rows are not kept. The text is YAML of the shape of
// the embedded files, with `confirm` in the place of `confirmed`; a row that
// names an embedded one by rule, jurisdiction, line and valid_from may leave out
// what does not change. Name is the file's, for problems, each of which has its
// line. With problems there is no set.
func (s *Set) Overlay(name string, text []byte) (*Set, []fault.Problem) {
	file, root := yamldoc.Parse(name, text)
	read := &reading{name: name, under: s}
	for _, v := range root.Fields("rows").Need("rows").List() {
		read.operator(v)
	}
	if problems := file.Problems(); len(problems) > 0 {
		return nil, problems
	}
	over := newSet(s.product, newLayer(read.rows))
	read.checkOverlaps()
	read.checkWindows(over)
	if len(read.problems) > 0 {
		return nil, read.problems
	}
	return over, nil
}

// reading is one layer of rows on its way from text. A row of several lines is
// kept once per line.
type reading struct {
	name     string // of the file that is being read
	under    *Set   // whose rows an operator's row may name
	rows     []Row
	places   []place // of rows, for problems found between rows
	problems []fault.Problem
}

type place struct {
	file string
	line int
}

func (l *reading) keep(v yamldoc.Value, row Row, lines []coverage.Line) {
	for _, line := range lines {
		row.Line = line
		l.rows = append(l.rows, row)
		l.places = append(l.places, place{l.name, v.Line()})
	}
}

func (l *reading) product(v yamldoc.Value) {
	f := v.Fields("rule", "jurisdiction", "coverage_line", "valid_from", "valid_to", "value", "citation", "confirmed", "default")
	row, definition, lines := readKey(f)
	row.To = readDate(f.May("valid_to"))
	row.Value = readValue(f.Need("value"), definition)
	row.Citation = f.Need("citation").Text()
	row.Confirmed = f.Need("confirmed").Bool()
	row.Default = f.May("default").Bool()
	l.keep(v, row, lines)
}

func (l *reading) operator(v yamldoc.Value) {
	f := v.Fields("rule", "jurisdiction", "coverage_line", "valid_from", "valid_to", "value", "citation", "confirm")
	row, definition, lines := readKey(f)
	row.Operator = true
	row.Confirmed = f.Need("confirm").Bool()
	for _, line := range lines {
		row := row
		row.Line = line
		named, known := l.named(row)
		row.To, row.Value, row.Citation = named.To, named.Value, named.Citation
		if f.May("valid_to").Present() {
			row.To = readDate(f.May("valid_to"))
		}
		if !known || f.May("value").Present() {
			row.Value = readValue(f.Need("value"), definition)
		}
		if !known || f.May("citation").Present() {
			row.Citation = f.Need("citation").Text()
		}
		if !row.To.IsZero() && row.To.Before(row.From) {
			f.May("valid_to").Refuse("the row ends before it begins")
		}
		l.keep(v, row, []coverage.Line{line})
	}
}

// named finds the product's row that an operator's row is about.
func (l *reading) named(row Row) (Row, bool) {
	for _, under := range l.under.product.byKey[row.key()] {
		if under.From == row.From {
			return under, true
		}
	}
	return Row{}, false
}

func readKey(f yamldoc.Fields) (Row, Definition, []coverage.Line) {
	var names []string
	for _, d := range definitions {
		names = append(names, string(d.Name))
	}
	row := Row{
		Rule:         Name(f.Need("rule").OneOf(names...)),
		Jurisdiction: readJurisdiction(f.Need("jurisdiction")),
		From:         readDate(f.Need("valid_from")),
	}
	definition, _ := define(row.Rule)
	return row, definition, readLines(f.Need("coverage_line"))
}

const jurisdictions = "US AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND " +
	"OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR VI GU AS MP"

func readJurisdiction(v yamldoc.Value) string {
	text := v.Text()
	if text != "" && !slices.Contains(strings.Fields(jurisdictions), text) {
		v.Refuse("%q is no jurisdiction; write US or a state's two letters", text)
	}
	return text
}

// readLines reads lines with blanks between them, or ALL.
func readLines(v yamldoc.Value) []coverage.Line {
	var lines []coverage.Line
	for word := range strings.FieldsSeq(v.Text()) {
		line := coverage.Line(word)
		if _, err := coverage.ParseLine(word); err != nil && line != anyLine {
			v.Refuse("%v", err)
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func readDate(v yamldoc.Value) calendar.Date {
	if !v.Present() {
		return calendar.Date{}
	}
	date, err := calendar.Parse(v.Text())
	if err != nil {
		v.Refuse("%v; write it as 2026-11-23", err)
	}
	return date
}

func readValue(v yamldoc.Value, d Definition) Value {
	switch d.Kind {
	case Days, BusinessDays, Months, Years, Persons:
		n := v.Int(int(d.Min), int(d.Max))
		return Value{strconv.Itoa(n), int64(n)}
	case Switch:
		if v.Bool() {
			return Value{"true", 1}
		}
		return Value{"false", 0}
	case Choice:
		return Value{text: v.OneOf(d.Words...)}
	case Percent, Dollars:
		return readDecimal(v, d)
	}
	return Value{} // the rule's name was refused already
}

// readDecimal reads dollars and percentages: both have two decimals at most.
func readDecimal(v yamldoc.Value, d Definition) Value {
	text := v.Text()
	if text == "" {
		return Value{}
	}
	n, err := money.Parse(text)
	if err != nil || int64(n) < d.Min || int64(n) > d.Max {
		v.Refuse("%q must be a number with at most two decimals from %s to %s", text, money.Cents(d.Min), money.Cents(d.Max))
		return Value{}
	}
	return Value{n.String(), int64(n)}
}

func (l *reading) refuse(i int, format string, args ...any) {
	if len(l.problems) >= fault.ProblemsMax {
		return
	}
	l.problems = append(l.problems, fault.Problem{
		Line: l.places[i].line, Record: l.places[i].file, Message: fmt.Sprintf(format, args...),
	})
}

func (l *reading) checkOverlaps() {
	seen := map[key][]int{}
	for i, row := range l.rows {
		if row.Rule == "" || row.From.IsZero() {
			continue
		}
		for _, j := range seen[row.key()] {
			if row.meets(l.rows[j]) {
				l.refuse(i, "the row %s holds on days on which the row of line %d holds", row.ID(), l.places[j].line)
			}
		}
		seen[row.key()] = append(seen[row.key()], i)
	}
}

// checkWindows refuses a choice outside the window that the law leaves on the
// row's first day.
func (l *reading) checkWindows(s *Set) {
	for i, row := range l.rows {
		d, _ := define(row.Rule)
		at := Place{row.Jurisdiction, row.Line}
		if floor, err := s.Find(d.Floor, at, row.From); d.Floor != "" && err == nil && row.Value.n < floor.Value.n {
			l.refuse(i, "%s is %s, below %s, the least that %s allows", row.Rule, row.Value, floor.Value, d.Floor)
		}
		if ceiling, err := s.Find(d.Ceiling, at, row.From); d.Ceiling != "" && err == nil && row.Value.n > ceiling.Value.n {
			l.refuse(i, "%s is %s, above %s, the most that %s allows", row.Rule, row.Value, ceiling.Value, d.Ceiling)
		}
	}
}
