package member

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
)

// MatchResult says how sure Match is.
type MatchResult uint8

// The results.
const (
	Unmatched MatchResult = iota // nobody on file: an addition enrols
	Matched                      // this one
	Doubtful                     // perhaps somebody on file: staff decide
)

// Match finds whom of a family a change means and gives the index into records.
// Records under another source or subscriber id never match. In this order:
// the same suffix; the subscriber for relationship self; the same SSN with the
// same first name or birth date; the same first name and birth date. A
// dependant with the same birth date and relationship but another first name
// (a twin, or a child just named), or the same name and another birth date, is
// doubtful.
func Match(records []Record, c Change) (int, MatchResult) {
	var family []int
	for i, r := range records {
		if r.Identity.sameFamily(c.Identity) {
			family = append(family, i)
		}
	}
	isSubscriber := c.Relationship == Self
	var open []int
	for _, i := range family {
		have, stated := records[i].Identity.Suffix, c.Identity.Suffix
		if have != "" && have == stated {
			return i, Matched
		}
		if have != "" && stated != "" {
			continue // both have a suffix and they differ: two people
		}
		if (records[i].Relationship == Self) == isSubscriber {
			open = append(open, i)
		}
	}
	if isSubscriber {
		return one(open)
	}
	for _, sure := range []func(Person, Person) bool{sameSSN, sameNameAndBirth} {
		if found := keep(open, func(i int) bool { return sure(records[i].Person, c.Person) }); len(found) > 0 {
			return one(found)
		}
	}
	for _, i := range open {
		if perhaps(records[i], c) {
			return i, Doubtful
		}
	}
	return -1, Unmatched
}

func one(found []int) (int, MatchResult) {
	switch len(found) {
	case 0:
		return -1, Unmatched
	case 1:
		return found[0], Matched
	}
	return found[0], Doubtful
}

func keep(indexes []int, ok func(int) bool) []int {
	return slices.DeleteFunc(slices.Clone(indexes), func(i int) bool { return !ok(i) })
}

func sameSSN(a, b Person) bool {
	return !a.SSN.IsZero() && a.SSN == b.SSN && (sameWord(a.Name.First, b.Name.First) || a.BirthDate == b.BirthDate)
}

func sameNameAndBirth(a, b Person) bool {
	return !a.BirthDate.IsZero() && a.BirthDate == b.BirthDate && sameWord(a.Name.First, b.Name.First)
}

func perhaps(r Record, c Change) bool {
	sameBirth := !r.Person.BirthDate.IsZero() && r.Person.BirthDate == c.Person.BirthDate
	sameName := sameWord(r.Person.Name.First, c.Person.Name.First) && sameWord(r.Person.Name.Last, c.Person.Name.Last)
	return sameName || sameBirth && r.Relationship == c.Relationship
}

// DiscrepancyKind is how an audit file and our file disagree about a member.
type DiscrepancyKind string

// The kinds of discrepancy.
const (
	AbsentFromFile DiscrepancyKind = "absent_from_file" // covered here, not in the file
	UnknownHere    DiscrepancyKind = "unknown_here"     // in the file, not here
	MatchDoubtful  DiscrepancyKind = "match_doubtful"   // perhaps the one here
	Disagrees      DiscrepancyKind = "disagrees"        // here and there, with differences
)

// Discrepancy is one disagreement. Nothing is done about it by itself.
type Discrepancy struct {
	Kind        DiscrepancyKind
	Ours        int      // index of our record, or -1
	Stated      int      // index of the file's member, or -1
	Differences []Effect // for Disagrees
}

// AbsentAlarmDefault is the share of covered members, in basis points, above
// which absence from an audit file raises the alarm: 2 %.
const AbsentAlarmDefault = 200

// TooManyAbsent reports whether a file that states everybody leaves out so many of
// those who are covered that it is more likely cut short than they are gone.
func TooManyAbsent(absent, covered, alarmBasisPoints int) bool {
	return absent*10_000 > covered*alarmBasisPoints
}

// AuditReport is what comparing an audit file finds.
type AuditReport struct {
	Discrepancies []Discrepancy
	Covered       int // our members covered on the day or later
	Absent        int // of them, how many the file does not name
	// Alarm is TooManyAbsent. Absence never terminates anybody in any case.
	Alarm bool
}

// CompareAudit compares a source's audit file with our records of that source,
// as they stand on a day. alarmBasisPoints is AbsentAlarmDefault unless the
// plan sets another.
func CompareAudit(file []Change, ours []Record, on calendar.Date, alarmBasisPoints int) AuditReport {
	families := map[Identity][]int{}
	for i, r := range ours {
		key := r.Identity.family()
		families[key] = append(families[key], i)
	}
	var report AuditReport
	named := make([]bool, len(ours))
	for stated, c := range file {
		indexes := families[c.Identity.family()]
		family := make([]Record, len(indexes))
		for j, i := range indexes {
			family[j] = ours[i]
		}
		j, result := Match(family, c)
		i := -1
		if j >= 0 {
			i = indexes[j]
			named[i] = true
		}
		report.add(i, stated, result, ours, c)
	}
	for i, r := range ours {
		if !r.coveredFrom(on) {
			continue
		}
		report.Covered++
		if !named[i] {
			report.Absent++
			report.Discrepancies = append(report.Discrepancies, Discrepancy{Kind: AbsentFromFile, Ours: i, Stated: -1})
		}
	}
	report.Alarm = TooManyAbsent(report.Absent, report.Covered, alarmBasisPoints)
	return report
}

func (report *AuditReport) add(i, stated int, result MatchResult, ours []Record, c Change) {
	d := Discrepancy{Ours: i, Stated: stated}
	switch result {
	case Unmatched:
		d.Kind = UnknownHere
	case Doubtful:
		d.Kind = MatchDoubtful
	case Matched:
		d.Kind = Disagrees
		d.Differences = differences(ours[i], c)
		if len(d.Differences) == 0 {
			return
		}
	}
	report.Discrepancies = append(report.Discrepancies, d)
}

// family is the part of an identity that subscriber and dependants share.
func (i Identity) family() Identity { return Identity{Source: i.Source, SubscriberID: i.SubscriberID} }

// coveredFrom reports whether the member is covered on a day or after it.
func (r Record) coveredFrom(on calendar.Date) bool {
	for _, c := range r.Coverages {
		for _, s := range c.Spans {
			if !s.Cancelled && s.reaches(on) {
				return true
			}
		}
	}
	return false
}

// differences gives what an audit states otherwise than the record.
func differences(r Record, c Change) []Effect {
	probe := r.clone()
	var effects []Effect
	for _, e := range mergeDetails(&probe, c) {
		effects = append(effects, Effect{Kind: Differs, Field: e.Field})
	}
	stated := map[string]bool{}
	for _, coverage := range c.Coverages {
		stated[coverage.Line] = true
		if !r.agrees(coverage) {
			effects = append(effects, Effect{Kind: Differs, Field: "coverage", Line: coverage.Line})
		}
	}
	for _, held := range r.Coverages {
		if !stated[held.Line] && len(c.Coverages) > 0 && slices.ContainsFunc(held.Spans, func(s Span) bool { return !s.Cancelled && s.reaches(c.AsOf) }) {
			effects = append(effects, Effect{Kind: Differs, Field: "coverage", Line: held.Line, Note: "the audit does not state this line"})
		}
	}
	return effects
}

// agrees reports whether a span on file is what an audit states. What the
// audit leaves out says nothing, but for the end: no end means none.
func (r Record) agrees(stated CoverageChange) bool {
	for _, held := range r.Coverages {
		if held.Line != stated.Line {
			continue
		}
		for _, s := range held.Spans {
			if !s.Cancelled && s.To == stated.To && (stated.From.IsZero() || s.From == stated.From) && (stated.Plan == "" || s.Plan == stated.Plan) {
				return true
			}
		}
	}
	return false
}
