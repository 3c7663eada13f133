package x12

import (
	"io"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
)

// checker opens the body that proves each kind of transaction set, and counts
// the members of all 834s.
type checker struct {
	each    func(Member834) error
	members Summary
}

func newChecker(each func(Member834) error) *checker {
	return &checker{each: each, members: Summary{ByType: map[Maintenance]int{}}}
}

func (c *checker) open(set *Set, at *reporter) body {
	switch set.Type {
	case "834":
		return newEnrolment(set, at, &c.members, c.each)
	case "820":
		return &remittance820{at: at}
	case "835":
		return &remittance835{at: at}
	}
	return unread{}
}

// unread is the body of a set of which only the envelope is checked.
type unread struct{}

func (unread) segment(Segment) error { return nil }
func (unread) end() error            { return nil }

// Check reads r to its end and proves all that this package knows how to
// prove: envelopes of every set, the guide's rules of an 834, the balances of
// an 820 and 835. The error is that of r alone.
func Check(r io.Reader) (*Result, error) {
	return walk(r, newChecker(nil).open)
}

// Inspect gives the facts of an X12 file and everything wrong with it.
//
// The facts are interchanges and groups (int), transaction_sets (map[string]int
// by type), versions and isa_controls ([]string), ta1s (int, if there are any),
// and, if there is an 834, members, subscribers and dependents (int). They are
// given for a refused file too, as far as it could be read. A failure of r
// itself is a problem of the whole file.
func Inspect(r io.Reader) (facts map[string]any, problems []fault.Problem) {
	c := newChecker(nil)
	result, err := walk(r, c.open)
	problems = result.Problems()
	if err != nil {
		problems = append(problems[:min(len(problems), fault.ProblemsMax-1)], fault.Problem{Message: "the file cannot be read: " + err.Error()})
	}
	facts = result.facts()
	if len(c.members.Headers) > 0 {
		facts["members"] = c.members.Members
		facts["subscribers"] = c.members.Subscribers
		facts["dependents"] = c.members.Dependents
	}
	return facts, problems
}

// versionsMax bounds the list of different implementation guides among the facts.
const versionsMax = 20

func (r *Result) facts() map[string]any {
	byType := map[string]int{}
	versions := []string{}
	r.sets(func(set *Set) {
		if set.Type != "" {
			byType[set.Type]++
		}
		if len(versions) < versionsMax && !slices.Contains(versions, set.Version) {
			versions = append(versions, set.Version)
		}
	})
	controls := []string{}
	ta1s := 0
	for _, interchange := range r.Interchanges {
		controls = append(controls, interchange.Control)
		ta1s += interchange.TA1s
	}
	facts := map[string]any{
		"interchanges": len(r.Interchanges), "groups": r.groups(), "transaction_sets": byType,
		"versions": versions, "isa_controls": controls,
	}
	if ta1s > 0 {
		facts["ta1s"] = ta1s
	}
	return facts
}
