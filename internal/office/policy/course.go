package policy

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// recast adds terms so that from a day on, and before another (zero: for good), each
// stretch of the policy's terms is what edit makes of it. Stretches that became
// known after this was are left as they are, and so are later ones: terms that are
// added hold for all days after them, so those are stated again. Where there are no
// terms yet, edit is given empty ones.
func (s *state) recast(from, before, known calendar.Date, edit func(coverage.Terms) coverage.Terms) (changed bool) {
	was := coverage.Held{Terms: slices.Clone(s.Terms)}
	for _, day := range daysFrom(was.Terms, from) {
		old, have := was.On(day)
		next := old
		isOurs := !old.KnownOn.After(known) && (before.IsZero() || day.Before(before))
		if isOurs {
			next = edit(old)
			next.KnownOn = known
		}
		if now, ok := s.On(day); ok && coverage.SameTerms(now, next) || !have && !isOurs {
			continue
		}
		next.From, next.No = day, int64(len(s.Terms)+1)
		s.Terms = append(s.Terms, next)
		changed = changed || isOurs
	}
	return changed
}

// daysFrom gives a day and those after it on which terms begin.
func daysFrom(terms []coverage.Terms, from calendar.Date) []calendar.Date {
	days := []calendar.Date{from}
	for _, t := range terms {
		if t.From.After(from) {
			days = append(days, t.From)
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	return slices.Compact(days)
}

// sameCourse reports whether two histories of terms come to the same on every day.
func sameCourse(a, b []coverage.Terms) bool {
	before, after := coverage.Held{Terms: a}, coverage.Held{Terms: b}
	for _, day := range daysFrom(slices.Concat(a, b), calendar.Date{}) {
		was, had := before.On(day)
		is, has := after.On(day)
		if had != has || had && !coverage.SameTerms(was, is) {
			return false
		}
	}
	return true
}

// over gives what a stretch of terms becomes when an 834 states others from its
// first day or an earlier one: what the file does not state holds on.
func over(stated coverage.Terms, isExchange, isWhole bool) func(coverage.Terms) coverage.Terms {
	return func(old coverage.Terms) coverage.Terms {
		t := stated
		statesShares := t.APTC+t.Employer+t.Subsidy > 0
		switch {
		case t.Stated && t.Rate == old.Rate, !t.Stated && statesShares && !isExchange:
			t.EHB = old.EHB
		case !t.Stated: // an exchange that states no total states nothing to bill by
			t.EHB, t.APTC, t.Employer, t.Subsidy = old.EHB, old.APTC, old.Employer, old.Subsidy
		}
		if !t.Stated {
			t.Rate, t.Stated = old.Rate, old.Stated
		}
		if t.Area == "" {
			t.Area = old.Area
		}
		if t.Product == "" {
			t.Product = old.Product
		}
		t.LEPMonths, t.LISFull = old.LEPMonths, old.LISFull
		if !isWhole {
			t.Members = joined(old.Members, t.Members)
		}
		return t
	}
}

// joined adds persons to those who are covered; one who is covered already is
// taken as stated now.
func joined(covered, persons []coverage.Insured) []coverage.Insured {
	all := slices.Clone(covered)
	for _, p := range persons {
		if at := slices.IndexFunc(all, samePerson(p)); at >= 0 {
			all[at] = p
		} else {
			all = append(all, p)
		}
	}
	return all
}

// without takes persons out of those who are covered.
func without(covered, persons []coverage.Insured) []coverage.Insured {
	return slices.DeleteFunc(slices.Clone(covered), func(c coverage.Insured) bool {
		return slices.ContainsFunc(persons, samePerson(c))
	})
}

// samePerson compares by number, or by birth date and relationship where one of two
// has none.
func samePerson(a coverage.Insured) func(coverage.Insured) bool {
	return func(b coverage.Insured) bool {
		if !a.Number.IsZero() && !b.Number.IsZero() {
			return a.Number == b.Number
		}
		return a.Born == b.Born && a.Relationship == b.Relationship
	}
}
