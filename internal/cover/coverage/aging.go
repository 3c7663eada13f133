package coverage

import (
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
)

// Leaves says when a child who reaches the age limit of dependants leaves a policy.
type Leaves string

// When they leave.
const (
	AtMonthEnd Leaves = "END_OF_MONTH" // of the birthday
	AtYearEnd  Leaves = "END_OF_YEAR"
	AtBirthday Leaves = "BIRTHDAY" // the day before is the last one
	Never      Leaves = "NEVER"
)

// last gives the last covered day of a child who reaches the limit on a day.
func (l Leaves) last(birthday calendar.Date) calendar.Date {
	month := calendar.MonthOf(birthday)
	switch l {
	case AtYearEnd:
		return calendar.MonthIn(month.Year(), time.December).Last()
	case AtBirthday:
		return birthday.AddDays(-1)
	}
	return month.Last()
}

// AgedOut is the Cause of terms without a child who reached the age limit.
const AgedOut = "aged_out"

// Leaver is somebody who reaches the age limit of dependants.
type Leaver struct {
	Person  Insured
	LastDay calendar.Date // of their coverage
}

// AgingOut lists the children on a policy whose last day by an age limit is one of
// from to to, in that order, and who are covered on the day after it by what is
// known now. The age and when they leave are dated rule data of the policy's state
// and line: 26 under 45 CFR 147.120.
func (h *Held) AgingOut(from, to calendar.Date, age int, when Leaves) []Leaver {
	if when == Never {
		return nil
	}
	var leavers []Leaver
	seen := map[Insured]bool{}
	for _, terms := range h.Terms {
		for _, person := range terms.Members {
			if seen[person] || !person.IsChild() || person.Born.IsZero() {
				continue
			}
			seen[person] = true
			last := when.last(person.Born.AddYears(age))
			if !last.Before(from) && !last.After(to) && h.coveredOn(person, last) && h.coveredOn(person, last.AddDays(1)) {
				leavers = append(leavers, Leaver{person, last})
			}
		}
	}
	slices.SortStableFunc(leavers, func(a, b Leaver) int { return a.LastDay.Compare(b.LastDay) })
	return leavers
}

// coveredOn reports whether a person is covered on a day.
func (h *Held) coveredOn(person Insured, day calendar.Date) bool {
	if day.Before(h.From) || !h.To.IsZero() && day.After(h.To) || !h.EndsOn.IsZero() && day.After(h.EndsOn) {
		return false
	}
	terms, ok := h.On(day)
	return ok && slices.ContainsFunc(terms.Members, func(o Insured) bool {
		if !person.Number.IsZero() && !o.Number.IsZero() {
			return o.Number == person.Number
		}
		return o.Born == person.Born && o.Relationship == person.Relationship
	})
}
