package enrolfile

import (
	"fmt"
	"io"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/people/member"
)

// ReadPolicies reads the CSV of docs/formats/policies-csv.md as rows. It is a
// policy.Reader.
func ReadPolicies(r io.Reader, each func(policy.Row) error) ([]fault.Problem, error) {
	n := 0
	return coverage.ReadPolicies(r, func(line int, s coverage.Stated) error {
		n++
		return each(policy.Row{Line: line, Record: fmt.Sprintf("row %d", n), Stated: &s})
	})
}

// Policies834 reads the policies of 834s.
type Policies834 struct {
	// Sender gives what the plan knows of a sender, by ISA06; false when it does not.
	Sender     func(id string) (coverage.Sender, bool)
	ReceivedOn calendar.Date
}

// householdMost bounds the persons of one household that are held in memory. Who
// comes after them joins the policy in a row of their own.
const householdMost = 100

// Read is a policy.Reader: one row for each coverage of a household.
func (m Policies834) Read(r io.Reader, each func(policy.Row) error) ([]fault.Problem, error) {
	var household []x12.Member834
	flush := func() error {
		rows := m.rows(household)
		household = household[:0]
		for _, row := range rows {
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	}
	_, problems, err := x12.Read834(r, func(said x12.Member834) error {
		if len(household) > 0 && (said.Subscriber || len(household) == householdMost || said.Header != household[0].Header) {
			if err := flush(); err != nil {
				return err
			}
		}
		household = append(household, said)
		return nil
	})
	if err == nil {
		err = flush()
	}
	return problems, err
}

// rows gives what is said of one household: its subscriber, if one is there, and
// the dependants after them.
func (m Policies834) rows(household []x12.Member834) []policy.Row {
	var rows []policy.Row
	taken := map[*x12.Coverage]bool{} // coverages of dependants that stand in a row of the subscriber's
	for i := range household {
		said := &household[i]
		if !said.Subscriber {
			rows = append(rows, m.dependant(said, taken)...)
			continue
		}
		if len(said.Coverages) == 0 && (said.Maintenance == x12.MaintTerminate || said.Maintenance == x12.MaintReinstate) {
			rows = append(rows, m.every(said, policy.Whole))
		}
		for c := range said.Coverages {
			if row, says := m.whole(household, said, &said.Coverages[c], taken); says {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// maintenance is what is done to one coverage; see coverageKind.
func maintenance(said *x12.Member834, c *x12.Coverage) x12.Maintenance {
	own := said.Maintenance
	if own == x12.MaintChange || own == x12.MaintReinstate && c.Maintenance == x12.MaintAdd {
		return c.Maintenance
	}
	return own
}

func isEnd(m x12.Maintenance) bool { return m == x12.MaintTerminate || m == x12.MaintDelete }

// row begins a row about one coverage.
func (m Policies834) row(said *x12.Member834, c *x12.Coverage) policy.Row {
	id := said.Header.Set.Group.Interchange.Sender
	sender, listed := m.Sender(id)
	sender.Name = id
	subscriber := said.SubscriberID
	if !said.Subscriber && said.Household != "" {
		subscriber = said.Household
	}
	sent := &policy.Sent{
		Sender: sender, Unlisted: !listed, Subscriber: enrolment.Family{Source: id, SubscriberID: subscriber},
		Replace: said.Header.Action == x12.Replace,
		Sent: coverage.Sent{
			ReceivedOn: m.ReceivedOn, Maintenance: string(said.Maintenance), Reason: said.Reason, BenefitStatus: said.BenefitStatus,
			Event: said.CobraEvent, EventOn: said.Date("301"), SubscriberID: subscriber, PolicyID: said.Group,
			Categories: categories(said),
		},
	}
	row := policy.Row{Line: said.Line, Record: "INS", Segment: said.Segment, Sent: sent}
	if c == nil {
		return row
	}
	row.Line, row.Record, row.Segment = c.Line, "HD", c.Segment
	sent.Maintenance, sent.Insurance, sent.Product = string(maintenance(said, c)), c.InsuranceLine, c.Reference("CE")
	if sent.Product == "" {
		sent.Product = c.Plan
	}
	if own := c.Reference("1L"); own != "" {
		sent.PolicyID = own
	}
	sent.Begins, sent.Ends = c.Begins(), c.Ends()
	if isEnd(maintenance(said, c)) && sent.Ends.IsZero() {
		sent.Ends = ended(said)
	}
	return row
}

// ended is the member's own last day, where a coverage states none.
func ended(said *x12.Member834) calendar.Date {
	for _, qualifier := range []string{"357", "337"} {
		if day := said.Date(qualifier); !day.IsZero() {
			return day
		}
	}
	return calendar.Date{}
}

// every is a row about all coverages of a member who names none.
func (m Policies834) every(said *x12.Member834, part policy.Part) policy.Row {
	row := m.row(said, nil)
	row.Sent.Every, row.Sent.Part, row.Sent.Ends = true, part, ended(said)
	if part != policy.Whole {
		join(row.Sent, said)
	}
	return row
}

// whole is a row about a subscriber's coverage, with the dependants who have it too
// and stay. It says nothing where the 834 only says that employee information does
// not apply.
func (m Policies834) whole(household []x12.Member834, said *x12.Member834, c *x12.Coverage, taken map[*x12.Coverage]bool) (policy.Row, bool) {
	does := maintenance(said, c)
	row := m.row(said, c)
	join(row.Sent, said)
	for i := range household {
		dependant := &household[i]
		if dependant.Subscriber {
			continue
		}
		for j := range dependant.Coverages {
			own := &dependant.Coverages[j]
			if own.InsuranceLine != c.InsuranceLine || isEnd(maintenance(dependant, own)) && !isEnd(does) {
				continue
			}
			taken[own] = true
			join(row.Sent, dependant)
		}
	}
	return row, does != x12.MaintEmployer
}

// dependant gives the rows of a dependant whose coverage does not stand in the
// subscriber's: they join a policy or leave it.
func (m Policies834) dependant(said *x12.Member834, taken map[*x12.Coverage]bool) []policy.Row {
	if len(said.Coverages) == 0 && said.Maintenance == x12.MaintTerminate {
		return []policy.Row{m.every(said, policy.Leaves)}
	}
	var rows []policy.Row
	for i := range said.Coverages {
		c := &said.Coverages[i]
		does := maintenance(said, c)
		if taken[c] || does == x12.MaintEmployer {
			continue
		}
		row := m.row(said, c)
		row.Sent.Part = policy.Joins
		if isEnd(does) {
			row.Sent.Part = policy.Leaves
		}
		join(row.Sent, said)
		rows = append(rows, row)
	}
	return rows
}

// join adds a person to a row.
func join(sent *policy.Sent, said *x12.Member834) {
	sent.Persons = append(sent.Persons, member.Change{
		Relationship: relationship(said), Person: person(said),
		Identity: member.Identity{Source: sent.Sender.Name, SubscriberID: said.SubscriberID, Group: said.Group},
	})
	sent.Members = append(sent.Members, coverage.SentMember{
		Relationship: said.Relationship, Born: said.Person.Born, Categories: categories(said),
		Tobacco: slices.Contains([]string{"T", "X"}, said.Tobacco),
	})
}

// categories are the reporting categories of loop 2750, each from the first of its days.
func categories(said *x12.Member834) []coverage.Category {
	var all []coverage.Category
	for _, c := range said.Reporting {
		category := coverage.Category{Name: c.Name, Value: c.Reference.Value}
		if len(c.Dates) > 0 {
			category.From = c.Dates[0].From
		}
		all = append(all, category)
	}
	return all
}
