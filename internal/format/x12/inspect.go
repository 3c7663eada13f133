package x12

import (
	"io"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// checker opens the body that proves each kind of transaction set, counts what
// the sets of a file hold and hands it on where it is wanted (nil is not).
type checker struct {
	eachMember func(Member834) error
	eachHeader func(*Header820) error
	eachEntry  func(Entry820) error
	eachAnswer func(Answer) error

	members  Summary
	payments Summary820
	answers  AnswerSummary
}

func newChecker() *checker {
	return &checker{
		members:  Summary{ByType: map[Maintenance]int{}},
		payments: Summary820{ByCode: map[string]money.Cents{}},
	}
}

func (c *checker) open(set *Set, at *reporter) body {
	switch set.Type {
	case "834":
		return newEnrolment(set, at, &c.members, c.eachMember)
	case "820":
		return newPremiumPayment(set, at, c)
	case "835":
		return &remittance835{at: at}
	case "999":
		return newAcknowledgement(set, at, c)
	}
	return unread{}
}

// unread is the body of a set of which only the envelope is checked.
type unread struct{}

func (unread) segment(Segment) error { return nil }
func (unread) end() error            { return nil }

// Check reads r to its end and proves all that this package knows how to
// prove: envelopes of every set, the guide's rules of an 834, 820 and 999, the
// balances of an 820 and 835. The error is that of r alone.
func Check(r io.Reader) (*Result, error) {
	return walk(r, newChecker())
}

// Inspect gives the facts of an X12 file and everything wrong with it.
//
// The facts are interchanges and groups (int), transaction_sets (map[string]int
// by type), versions and isa_controls ([]string). If there is an 834: members,
// subscribers and dependents (int). If there is an 820: total_cents (int64, the
// sum of BPR02) and remittances (int, the RMR). If there is a 999:
// sets_accepted and sets_rejected (int, as its AK9 count them). If there is a
// TA1: ta1s, ta1s_accepted and ta1s_rejected (int). They are given for a refused
// file too, as far as it could be read. A failure of r itself is a problem of
// the whole file.
func Inspect(r io.Reader) (facts map[string]any, problems []fault.Problem) {
	c := newChecker()
	result, err := walk(r, c)
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
	if c.payments.Payments > 0 {
		facts["total_cents"] = int64(c.payments.Total)
		facts["remittances"] = c.payments.Remittances
	}
	if c.answers.Sets > 0 {
		facts["sets_accepted"] = c.answers.SetsAccepted
		facts["sets_rejected"] = c.answers.SetsRejected
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
	for _, interchange := range r.Interchanges {
		controls = append(controls, interchange.Control)
	}
	facts := map[string]any{
		"interchanges": len(r.Interchanges), "groups": r.groups(), "transaction_sets": byType,
		"versions": versions, "isa_controls": controls,
	}
	if ta1s, rejected := r.ta1s(); ta1s > 0 {
		facts["ta1s"], facts["ta1s_accepted"], facts["ta1s_rejected"] = ta1s, ta1s-rejected, rejected
	}
	return facts
}

// ta1s counts the acknowledgements of interchanges, and those that reject.
func (r *Result) ta1s() (all, rejected int) {
	for _, interchange := range r.Interchanges {
		all += interchange.TA1s
		rejected += interchange.TA1sRejected
	}
	return all, rejected
}
