package member

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

var anaID = Identity{Source: "CVEX", SubscriberID: "S1001"}

func day(s string) calendar.Date { return calendar.MustParse(s) }

func ana() Person {
	return Person{Name: Name{First: "Ana", Last: "Ruiz"}, BirthDate: day("1984-03-09"), SSN: secret.New("219099999")}
}

// spans writes the spans of a line as "A 2026-01-01..2026-06-30, ...", with
// "x" before a cancelled one.
func spans(r Record) string {
	var out []string
	for _, c := range r.Coverages {
		for _, s := range c.Spans {
			mark := ""
			if s.Cancelled {
				mark = "x"
			}
			out = append(out, fmt.Sprintf("%s%s %s..%s", mark, s.Plan, s.From, s.To))
		}
	}
	return strings.Join(out, ", ")
}

func kinds(effects []Effect) string {
	var out []string
	for _, e := range effects {
		kind := string(e.Kind)
		if e.Field != "" {
			kind += ":" + e.Field
		}
		if e.Retroactive {
			kind += " (retro)"
		}
		out = append(out, kind)
	}
	return strings.Join(out, ", ")
}

// cover makes a change to the line DIRECT made on 2026-06-15.
func cover(kind ChangeKind, plan, from, to string) Change {
	return Change{Kind: kind, Identity: anaID, AsOf: day("2026-06-15"), Coverages: []CoverageChange{{"DIRECT", plan, day(from), day(to)}}}
}

func enrolled(t *testing.T, changes ...Change) Record {
	t.Helper()
	first := Change{Kind: Add, Identity: anaID, Relationship: Self, Person: ana()}
	r, _, err := Apply(nil, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if r, _, err = Apply(&r, c); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestApply_EditsCoverage(t *testing.T) {
	open := cover(Add, "A", "2026-01-01", "")
	ended := cover(Terminate, "", "", "2026-03-31")
	for _, c := range []struct {
		situation   string
		before      []Change
		change      Change
		want, wants string
	}{
		{"an addition opens a span", nil, cover(Add, "A", "2026-07-01", ""), "A 2026-07-01..", "coverage_added"},
		{"an addition in the past is retroactive", nil, open, "A 2026-01-01..", "coverage_added (retro)"},
		{"the same addition in another file does nothing", []Change{open}, open, "A 2026-01-01..", ""},
		{"an addition inside coverage does nothing", []Change{open}, cover(Add, "A", "2026-04-01", ""), "A 2026-01-01..", ""},
		{"a retroactive addition moves the start back", []Change{cover(Add, "A", "2026-05-01", "")}, cover(Add, "A", "2026-03-01", ""), "A 2026-03-01..", "coverage_changed (retro)"},
		{"an addition after a gap", []Change{open, ended}, cover(Add, "A", "2026-06-01", ""), "A 2026-01-01..2026-03-31, A 2026-06-01..", "coverage_added (retro)"},
		{"another plan ends the one before", []Change{open}, cover(Add, "B", "2026-07-01", ""), "A 2026-01-01..2026-06-30, B 2026-07-01..", "coverage_changed, coverage_added"},
		{"a late copy of an addition does not undo a termination", []Change{open, ended}, open, "A 2026-01-01..2026-03-31", "needs_staff"},
		{"an addition that states another end is for staff", []Change{open}, cover(Add, "A", "2026-01-01", "2026-12-31"), "A 2026-01-01..", "needs_staff"},
		{"an addition that ends on its first day adds nothing", nil, cover(Add, "A", "2026-07-01", "2026-07-01"), "", "needs_staff"},
		{"an addition over two spans is for staff", []Change{open, ended, cover(Add, "A", "2026-06-01", "")}, cover(Add, "A", "2026-02-01", "2026-07-31"), "A 2026-01-01..2026-03-31, A 2026-06-01..", "needs_staff"},

		{"a termination ends coverage", []Change{open}, cover(Terminate, "", "", "2026-06-30"), "A 2026-01-01..2026-06-30", "coverage_changed"},
		{"a termination in the past is retroactive", []Change{open}, ended, "A 2026-01-01..2026-03-31", "coverage_changed (retro)"},
		{"a termination on the first day cancels", []Change{open}, cover(Terminate, "", "", "2026-01-01"), "xA 2026-01-01..2026-01-01", "coverage_canceled (retro)"},
		{"a termination before the first day cancels", []Change{open}, cover(Terminate, "", "", "2025-12-31"), "xA 2026-01-01..2026-01-01", "coverage_canceled (retro)"},
		{"an earlier termination cuts again", []Change{open, ended}, cover(Terminate, "", "", "2026-02-28"), "A 2026-01-01..2026-02-28", "coverage_changed (retro)"},
		{"a later termination extends nothing", []Change{open, ended}, cover(Terminate, "", "", "2026-05-31"), "A 2026-01-01..2026-03-31", "needs_staff"},
		{"a termination of all lines", []Change{open}, Change{Kind: Terminate, Identity: anaID, Effective: day("2026-06-30"), AsOf: day("2026-06-15")}, "A 2026-01-01..2026-06-30", "coverage_changed"},
		{"a termination of a line never held", []Change{open}, Change{Kind: Terminate, Identity: anaID, Coverages: []CoverageChange{{Line: "DENTAL", To: day("2026-06-30")}}}, "A 2026-01-01..", "needs_staff"},
		{"a termination without coverage", nil, Change{Kind: Terminate, Identity: anaID, Effective: day("2026-06-30")}, "", "needs_staff"},

		{"a reinstatement reopens what ended", []Change{open, ended}, cover(Reinstate, "", "2026-04-01", ""), "A 2026-01-01..", "coverage_changed (retro)"},
		{"a reinstatement without date reopens the latest", []Change{open, ended}, cover(Reinstate, "", "", ""), "A 2026-01-01..", "coverage_changed (retro)"},
		{"a reinstatement after a gap leaves the gap", []Change{open, ended}, cover(Reinstate, "A", "2026-07-01", ""), "A 2026-01-01..2026-03-31, A 2026-07-01..", "coverage_added"},
		{"a reinstatement of a cancelled span", []Change{open, cover(Terminate, "", "", "2026-01-01")}, cover(Reinstate, "", "2026-01-01", ""), "A 2026-01-01..", "coverage_changed (retro)"},
		{"a reinstatement in another plan is for staff", []Change{open, ended}, cover(Reinstate, "B", "2026-04-01", ""), "A 2026-01-01..2026-03-31", "needs_staff"},

		{"a change moves an end", []Change{open}, cover(Alter, "", "2026-01-01", "2026-12-31"), "A 2026-01-01..2026-12-31", "coverage_changed"},
		{"a change corrects a plan", []Change{open}, cover(Alter, "B", "2026-01-01", ""), "B 2026-01-01..", "coverage_changed (retro)"},
		{"a change that states nothing new", []Change{open}, cover(Alter, "A", "2026-01-01", ""), "A 2026-01-01..", ""},
		{"a change of a start never seen adds", []Change{open, ended}, cover(Alter, "A", "2026-07-01", ""), "A 2026-01-01..2026-03-31, A 2026-07-01..", "coverage_added"},
		{"an end moved over later coverage is for staff", []Change{open, ended, cover(Add, "A", "2026-06-01", "")}, cover(Alter, "", "2026-01-01", "2026-08-31"), "A 2026-01-01..2026-03-31, A 2026-06-01..", "needs_staff"},

		{"an audit changes nothing", []Change{open}, cover(Audit, "A", "2026-01-01", "2026-05-31"), "A 2026-01-01..", "differs:coverage"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			before := enrolled(t, c.before...)
			next, effects, err := Apply(&before, c.change)
			if err != nil {
				t.Fatal(err)
			}
			if got := spans(next); got != c.want {
				t.Errorf("spans: got %q, want %q", got, c.want)
			}
			if got := kinds(effects); got != c.wants {
				t.Errorf("effects: got %q, want %q", got, c.wants)
			}
		})
	}
}

func TestApply_NewMember(t *testing.T) {
	c := Change{Kind: Add, Identity: anaID, Relationship: Self, Person: ana(), Coverages: []CoverageChange{{Line: "DIRECT", From: day("2026-01-01")}}}
	r, effects, err := Apply(nil, c)
	if err != nil || kinds(effects) != "enrolled, coverage_added" {
		t.Fatalf("got %q, %v", kinds(effects), err)
	}
	if r.Identity != anaID || r.Person != ana() || !r.CoveredOn("DIRECT", day("2026-01-01")) || r.CoveredOn("DIRECT", day("2025-12-31")) {
		t.Errorf("record: %+v", r)
	}
}

func TestApply_Refuses(t *testing.T) {
	r := enrolled(t)
	for _, c := range []struct {
		situation string
		current   *Record
		change    Change
		want      fault.Kind
	}{
		{"a termination of nobody", nil, cover(Terminate, "", "", "2026-06-30"), fault.NotFound},
		{"an audit of nobody", nil, cover(Audit, "", "", ""), fault.NotFound},
		{"an addition without a name", nil, cover(Add, "A", "2026-01-01", ""), fault.Invalid},
		{"a change without a source", &r, Change{Kind: Alter, Identity: Identity{SubscriberID: "S1001"}}, fault.Invalid},
		{"a kind that does not exist", &r, Change{Kind: "delete", Identity: anaID}, fault.Invalid},
		{"a termination without a date", &r, Change{Kind: Terminate, Identity: anaID}, fault.Invalid},
		{"a line that ends before it starts", &r, cover(Add, "A", "2026-02-01", "2026-01-01"), fault.Invalid},
		{"a member of another subscriber", &r, Change{Kind: Alter, Identity: Identity{Source: "CVEX", SubscriberID: "S2"}}, fault.Conflict},
	} {
		t.Run(c.situation, func(t *testing.T) {
			if _, _, err := Apply(c.current, c.change); err == nil || fault.KindOf(err) != c.want {
				t.Errorf("got %v, want kind %s", err, c.want)
			}
		})
	}
}

func TestApply_Details(t *testing.T) {
	stated := func(change func(*Person)) Change {
		c := Change{Kind: Alter, Identity: anaID}
		change(&c.Person)
		return c
	}
	for _, c := range []struct {
		situation string
		change    Change
		want      string
		check     func(Record) bool
	}{
		{"a new address is taken over", stated(func(p *Person) { p.Residence = Address{Line1: "2 New St"} }), "detail_changed:residence", func(r Record) bool { return r.Person.Residence.Line1 == "2 New St" }},
		{"a missing value is filled", stated(func(p *Person) { p.RecordNumber = "MRN5" }), "detail_changed:record_number", func(r Record) bool { return r.Person.RecordNumber == "MRN5" }},
		{"another SSN is for staff", stated(func(p *Person) { p.SSN = secret.New("219098888") }), "identity_conflict:ssn", func(r Record) bool { return r.Person.SSN.Reveal() == "219099999" }},
		{"another birth date is for staff", stated(func(p *Person) { p.BirthDate = day("1984-09-03") }), "identity_conflict:birth_date", func(r Record) bool { return r.Person.BirthDate == day("1984-03-09") }},
		{"a married name is taken over", stated(func(p *Person) { p.Name = Name{First: "ANA", Last: "Lindqvist"} }), "detail_changed:name", func(r Record) bool { return r.Person.Name == Name{First: "Ana", Last: "Lindqvist"} }},
		{"another first and last name is for staff", stated(func(p *Person) { p.Name = Name{First: "Bo", Last: "Lindqvist"} }), "identity_conflict:name", func(r Record) bool { return r.Person.Name.First == "Ana" }},
		{"a name in capitals changes nothing", stated(func(p *Person) { p.Name = Name{First: "ANA", Last: "RUIZ"} }), "", func(r Record) bool { return r.Person.Name.Last == "Ruiz" }},
		{"a subscriber who would become a dependant is for staff", Change{Kind: Alter, Identity: anaID, Relationship: Spouse}, "identity_conflict:relationship", func(r Record) bool { return r.Relationship == Self }},
		{"a suffix is kept once known", Change{Kind: Alter, Identity: Identity{"CVEX", "S1001", "01", ""}}, "detail_changed:suffix", func(r Record) bool { return r.Identity.Suffix == "01" }},
		{"a person named as responsible is noted", Change{Kind: Alter, Identity: anaID, Responsible: []Responsible{{Role: "S1", Name: Name{Last: "Ruiz"}}}}, "detail_changed:responsible", func(r Record) bool { return len(r.Responsible) == 1 }},
	} {
		t.Run(c.situation, func(t *testing.T) {
			before := enrolled(t)
			next, effects, err := Apply(&before, c.change)
			if err != nil || kinds(effects) != c.want || !c.check(next) {
				t.Errorf("got effects %q, %v, record %+v; want %q", kinds(effects), err, next, c.want)
			}
			again, effects, err := Apply(&next, c.change)
			if err != nil || len(effects) > 0 || !reflect.DeepEqual(again, next) {
				t.Errorf("the same change again: %q, %v", kinds(effects), err)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	stated := Change{Kind: Alter, Identity: anaID, Relationship: Spouse, Person: Person{
		Name: Name{First: "Bo", Last: "Lindqvist"}, SSN: secret.New("219098888"),
		BirthDate: day("1984-09-03"), DeathDate: day("2026-06-01"), RecordNumber: "MRN9",
	}}
	first := Change{Kind: Alter, Identity: anaID, Person: Person{DeathDate: day("2026-06-02"), RecordNumber: "MRN1"}}
	r := enrolled(t, first)
	conflicted, _, err := Apply(&r, stated)
	if err != nil || len(conflicted.Conflicts) != 6 {
		t.Fatalf("got conflicts %+v, %v; want one for each identifying field", conflicted.Conflicts, err)
	}
	t.Run("all accepted, the stated values stand", func(t *testing.T) {
		got := conflicted
		for _, about := range conflicted.Conflicts {
			if got, err = Settle(got, about, true); err != nil {
				t.Fatal(err)
			}
		}
		if got.Person != stated.Person || got.Relationship != Spouse || len(got.Conflicts) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("all refused, they are not raised again", func(t *testing.T) {
		got := conflicted
		for _, about := range conflicted.Conflicts {
			if got, err = Settle(got, about, false); err != nil {
				t.Fatal(err)
			}
		}
		if got.Person != r.Person || got.Relationship != Self {
			t.Errorf("got %+v", got)
		}
		if _, effects, _ := Apply(&got, stated); len(effects) > 0 {
			t.Errorf("raised again: %s", kinds(effects))
		}
	})
	t.Run("a conflict that the record does not have", func(t *testing.T) {
		if _, err := Settle(r, conflicted.Conflicts[0], true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// genChange draws changes over a few dates and plans, so that they collide.
func genChange(t *rapid.T) Change {
	date := func(label string) calendar.Date {
		if n := rapid.IntRange(-1, 8).Draw(t, label); n >= 0 {
			return day("2026-01-01").AddDays(n * 15)
		}
		return calendar.Date{}
	}
	c := Change{Identity: anaID, Kind: rapid.SampledFrom(ChangeKinds()).Draw(t, "kind"), Effective: date("effective"), AsOf: day("2026-03-01")}
	for range rapid.IntRange(0, 2).Draw(t, "lines") {
		c.Coverages = append(c.Coverages, CoverageChange{
			Line: rapid.SampledFrom([]string{"DIRECT", "DENTAL"}).Draw(t, "line"),
			Plan: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "plan"),
			From: date("from"), To: date("to"),
		})
	}
	c.Person.Phone = rapid.SampledFrom([]string{"", "3035550142"}).Draw(t, "phone")
	c.Person.RecordNumber = rapid.SampledFrom([]string{"", "M1", "M2"}).Draw(t, "record")
	return c
}

func TestApply_AnySequenceKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, _, err := Apply(nil, Change{Kind: Add, Identity: anaID, Relationship: Self, Person: ana()})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			c := genChange(t)
			before := r.clone()
			next, _, err := Apply(&r, c)
			if err != nil {
				continue
			}
			if !reflect.DeepEqual(r, before) {
				t.Fatalf("the record given in was changed by %+v", c)
			}
			checkCoverages(t, before, next)
			if len(c.Coverages) < 2 { // two edits of one line in one change are two changes
				again, effects, err := Apply(&next, c)
				staff := slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind != NeedsStaff && e.Kind != Differs })
				if err != nil || staff || !reflect.DeepEqual(again, next) {
					t.Fatalf("%+v again: %s, %v\n got %s\nwant %s", c, kinds(effects), err, spans(again), spans(next))
				}
			}
			r = next
		}
	})
}

func checkCoverages(t *rapid.T, before, after Record) {
	t.Helper()
	if len(after.Coverages) < len(before.Coverages) {
		t.Fatalf("a line is gone: %s -> %s", spans(before), spans(after))
	}
	for i, c := range after.Coverages {
		if i < len(before.Coverages) && len(c.Spans) < len(before.Coverages[i].Spans) {
			t.Fatalf("a span is gone: %s -> %s", spans(before), spans(after))
		}
		for j, s := range c.Spans {
			if !s.To.IsZero() && s.To.Before(s.From) {
				t.Fatalf("a span ends before it starts: %s", spans(after))
			}
			for _, o := range c.Spans[j+1:] {
				if s.overlaps(o) {
					t.Fatalf("spans overlap: %s -> %s", spans(before), spans(after))
				}
			}
		}
	}
}
