// Package rule holds the law's and the plan's numbers as dated rows: how many
// days a grace has, which tolerance is in use, when a notice must go. No other
// package writes such a number into code.
//
// It knows which row is in force for a rule in a state and a coverage line on a
// date, where the row comes from, and whether somebody has confirmed it. It does
// not know what a number is used for and reads no file: the rows of the product
// are embedded, and an operator's rows are given to Overlay as text.
//
// Invariants: two rows of one layer never hold on the same day for the same
// rule, jurisdiction and line; a choice lies within the window that the law
// leaves; a Set never changes after it was made, and equal rows give an equal
// Version on every machine.
//
// Start reading at Set.Find. The rows are in data/, the rules in catalogue.go.
package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// Name names a rule; catalogue.go lists them with their meaning and unit.
type Name string

// Nation is the jurisdiction whose rows hold where a state has none of its own.
const Nation = "US"

// anyLine stands in a row that holds for every coverage line without a row of its own.
const anyLine coverage.Line = "ALL"

// Place is where a rule is asked for: a state of issue and a coverage line.
type Place struct {
	State string // USPS code, "CO"
	Line  coverage.Line
}

func (p Place) String() string { return p.State + " " + string(p.Line) }

// Row is one dated value of a rule in one jurisdiction and line.
type Row struct {
	Rule         Name
	Jurisdiction string        // USPS code or Nation
	Line         coverage.Line // or "ALL"
	From         calendar.Date
	To           calendar.Date // last day, or the zero Date while no end is known
	Value        Value
	Citation     string
	// Confirmed says that the row was checked against its source or switched on
	// by the operator. Nobody's coverage is ended by a row that is not.
	Confirmed bool
	// Default marks the product's own value for states without a row: it is
	// used, and the state is named as a gap.
	Default  bool
	Operator bool // from the operator's file
}

// ID names the row: rule, jurisdiction, line and first day.
func (r Row) ID() string {
	return fmt.Sprintf("%s/%s/%s/%s", r.Rule, r.Jurisdiction, r.Line, r.From)
}

func (r Row) holds(on calendar.Date) bool {
	return !on.Before(r.From) && (r.To.IsZero() || !on.After(r.To))
}

func (r Row) meets(o Row) bool {
	return r.Rule == o.Rule && r.Jurisdiction == o.Jurisdiction && r.Line == o.Line &&
		(r.To.IsZero() || !o.From.After(r.To)) && (o.To.IsZero() || !r.From.After(o.To))
}

// Value is a row's value in the unit of its rule's kind. A value of one kind
// answers only for that kind.
type Value struct {
	text string
	n    int64
}

// String gives the value as the data writes it.
func (v Value) String() string { return v.text }

// Answer is the row in force, and of which rule set.
type Answer struct {
	Row
	Version string
}

// Count gives a number of days, business days, months or years.
func (a Answer) Count() int { return int(a.Value.n) }

// Cents gives an amount.
func (a Answer) Cents() money.Cents { return money.Cents(a.Value.n) }

// BasisPoints gives a percentage in hundredths of a percent: 95 % is 9500.
func (a Answer) BasisPoints() int64 { return a.Value.n }

// On reports whether a switch is on.
func (a Answer) On() bool { return a.Value.n != 0 }

// Word gives the choice made among a rule's words.
func (a Answer) Word() string { return a.Value.text }

// Set is a complete set of rules: the product's rows under the operator's.
type Set struct {
	product  layer
	operator layer
	version  string
}

// layer is the product's or the operator's rows.
type layer struct {
	list   []Row
	byKey  map[key][]Row
	digest [sha256.Size]byte
}

type key struct {
	rule         Name
	jurisdiction string
	line         coverage.Line
}

func (r Row) key() key { return key{r.Rule, r.Jurisdiction, r.Line} }

// Missing is the error of a lookup that finds no row.
type Missing struct {
	Rule Name
	At   Place
	On   calendar.Date
}

func (m *Missing) Error() string {
	return fmt.Sprintf("no row of the rule %s holds for %s on %s", m.Rule, m.At, m.On)
}

// Find gives the row of a rule in force on a day. The most particular row wins:
// the state's for the line, the state's for all lines, the nation's for the
// line, the nation's for all; at each step the operator's before the product's.
// Without a row the error is of kind Invalid and wraps *Missing.
func (s *Set) Find(name Name, at Place, on calendar.Date) (Answer, error) {
	for _, jurisdiction := range [2]string{at.State, Nation} {
		for _, line := range [2]coverage.Line{at.Line, anyLine} {
			k := key{name, jurisdiction, line}
			for _, l := range [2]*layer{&s.operator, &s.product} {
				for _, row := range l.byKey[k] {
					if row.holds(on) {
						return Answer{row, s.version}, nil
					}
				}
			}
		}
	}
	return Answer{}, &fault.Error{
		Kind: fault.Invalid, Op: "rule.Find", Message: "the rules have a gap", Err: &Missing{name, at, on},
		Hint: "Add a row for it to the operator's rules, with its citation and confirm: true.",
	}
}

// Version names the content of the set: the first 12 hexadecimal digits of a
// SHA-256 over all rows in a fixed order.
func (s *Set) Version() string { return s.version }

// Rows lists every row, the product's and the operator's, by rule,
// jurisdiction, line and date.
func (s *Set) Rows() []Row { return sorted(slices.Concat(s.product.list, s.operator.list)) }

func newSet(product, operator layer) *Set {
	digest := sha256.Sum256(slices.Concat(product.digest[:], operator.digest[:]))
	return &Set{product: product, operator: operator, version: hex.EncodeToString(digest[:])[:12]}
}

func newLayer(rows []Row) layer {
	l := layer{list: sorted(rows), byKey: map[key][]Row{}}
	digest := sha256.New()
	for _, r := range l.list {
		l.byKey[r.key()] = append(l.byKey[r.key()], r)
		fmt.Fprintf(digest, "%s|%s|%s|%s|%t|%t\n", r.ID(), r.To, r.Value, r.Citation, r.Confirmed, r.Default)
	}
	digest.Sum(l.digest[:0])
	return l
}

func sorted(rows []Row) []Row {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Jurisdiction, b.Jurisdiction), cmp.Compare(a.Line, b.Line),
			a.From.Compare(b.From))
	})
}

// Embedded gives the product's rules without an operator's.
var Embedded = sync.OnceValue(func() *Set {
	rows, problems := readEmbedded()
	if len(problems) > 0 {
		panic(fmt.Sprintf("rule: the embedded rules are broken: %v", problems))
	}
	return newSet(newLayer(rows), layer{})
})
