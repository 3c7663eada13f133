package member

import (
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/secret"
)

func dependant(first, birth string, relationship Relationship) Record {
	return Record{
		Identity: anaID, Relationship: relationship,
		Person:    Person{Name: Name{First: first, Last: "Ruiz"}, BirthDate: day(birth)},
		Coverages: []Coverage{{"DIRECT", []Span{{Plan: "A", From: day("2026-01-01")}}}},
	}
}

func TestMatch_TellsAFamilyApart(t *testing.T) {
	family := []Record{
		dependant("Ana", "1984-03-09", Self),
		dependant("Leo", "2012-06-30", Child),
		dependant("Mia", "2012-06-30", Child),
		dependant("Max", "2015-01-02", Child),
	}
	family[1].Identity.Suffix = "02"
	family[3].Person.SSN = secret.New("219099999")
	stated := func(r Record, change func(*Change)) Change {
		c := Change{Identity: anaID, Relationship: r.Relationship, Person: Person{Name: r.Person.Name, BirthDate: r.Person.BirthDate}}
		change(&c)
		return c
	}
	for _, c := range []struct {
		situation string
		change    Change
		index     int
		want      MatchResult
	}{
		{"the subscriber by relationship, whatever the name", stated(family[0], func(c *Change) { c.Person.Name.Last = "Lindqvist" }), 0, Matched},
		{"a dependant by suffix, whatever else", stated(family[3], func(c *Change) { c.Identity.Suffix = "02" }), 1, Matched},
		{"a twin by first name", stated(family[2], func(*Change) {}), 2, Matched},
		{"a name in capitals", stated(family[2], func(c *Change) { c.Person.Name.First = "MIA" }), 2, Matched},
		{"by SSN and birth date under another first name", stated(family[3], func(c *Change) { c.Person.SSN, c.Person.Name.First = secret.New("219099999"), "Maximilian" }), 3, Matched},
		{"a child of the same birth date and another name", stated(family[2], func(c *Change) { c.Person.Name.First = "Eva" }), 1, Doubtful},
		{"the same name and another birth date", stated(family[3], func(c *Change) { c.Person.BirthDate = day("2015-02-01") }), 3, Doubtful},
		{"a new child", stated(family[3], func(c *Change) { c.Person.Name.First, c.Person.BirthDate = "Eva", day("2026-02-01") }), -1, Unmatched},
		{"another suffix is another person", stated(family[1], func(c *Change) { c.Identity.Suffix, c.Person.BirthDate = "09", day("2012-07-01") }), -1, Unmatched},
		{"another subscriber", stated(family[0], func(c *Change) { c.Identity.SubscriberID = "S2" }), -1, Unmatched},
		{"the same id from another source", stated(family[0], func(c *Change) { c.Identity.Source = "OTHER" }), -1, Unmatched},
	} {
		t.Run(c.situation, func(t *testing.T) {
			index, got := Match(family, c.change)
			if got != c.want || got != Doubtful && index != c.index {
				t.Errorf("Match = %d, %d; want %d, %d", index, got, c.index, c.want)
			}
		})
	}
}

// population makes n subscribers covered here and the changes of an audit file
// that states them as they are.
func population(n int) (file []Change, ours []Record) {
	for i := range n {
		r := dependant("Ana", "1984-03-09", Self)
		r.Identity.SubscriberID = fmt.Sprintf("S%04d", i)
		ours = append(ours, r)
		file = append(file, Change{
			Kind: Audit, Identity: r.Identity, Relationship: Self, Person: r.Person, AsOf: today,
			Coverages: []CoverageChange{{"DIRECT", "A", day("2026-01-01"), day("")}},
		})
	}
	return file, ours
}

func TestCompareAudit_AlarmsAboveTheThresholdOnly(t *testing.T) {
	for _, c := range []struct {
		absent int
		alarm  bool
	}{{0, false}, {2, false}, {3, true}, {100, true}} {
		t.Run(fmt.Sprintf("%d of 100 absent", c.absent), func(t *testing.T) {
			file, ours := population(100)
			report := CompareAudit(file[c.absent:], ours, today, AbsentAlarmDefault)
			if report.Alarm != c.alarm || report.Absent != c.absent || report.Covered != 100 || len(report.Discrepancies) != c.absent {
				t.Errorf("got %d of %d absent, alarm %v, %d discrepancies; want alarm %v", report.Absent, report.Covered, report.Alarm, len(report.Discrepancies), c.alarm)
			}
		})
	}
}

func TestCompareAudit_NamesEachDisagreement(t *testing.T) {
	file, ours := population(4)
	file[1].Coverages[0].To = day("2026-10-31")
	file[2].Identity.SubscriberID = "S9999"
	ours[3].Coverages[0].Spans[0].To = day("2025-12-31") // ended here, and not in the file
	file = file[:3]
	report := CompareAudit(file, ours, today, AbsentAlarmDefault)
	want := []Discrepancy{
		{Kind: Disagrees, Ours: 1, Stated: 1},
		{Kind: UnknownHere, Ours: -1, Stated: 2},
		{Kind: AbsentFromFile, Ours: 2, Stated: -1},
	}
	if len(report.Discrepancies) != len(want) {
		t.Fatalf("got %+v, want %+v", report.Discrepancies, want)
	}
	for i, w := range want {
		got := report.Discrepancies[i]
		if got.Kind != w.Kind || got.Ours != w.Ours || got.Stated != w.Stated {
			t.Errorf("discrepancy %d: got %+v, want %+v", i, got, w)
		}
	}
	if len(report.Discrepancies[0].Differences) != 1 {
		t.Errorf("differences: %+v", report.Discrepancies[0].Differences)
	}
}

func TestCodeOfRelationship_ReadsBack(t *testing.T) {
	for _, r := range Relationships() {
		if got := RelationshipOfCode(CodeOfRelationship(r)); got != r {
			t.Errorf("%s is written as %q, which reads as %s", r, CodeOfRelationship(r), got)
		}
	}
}

func TestRelationshipOfCode(t *testing.T) {
	for code, want := range map[string]Relationship{"18": Self, "19": Child, "01": Spouse, "G8": Other, "": Other} {
		if got := RelationshipOfCode(code); got != want {
			t.Errorf("RelationshipOfCode(%q) = %q, want %q", code, got, want)
		}
	}
}
