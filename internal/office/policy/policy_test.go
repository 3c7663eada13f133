package policy_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

type house struct{}

func (house) RegionAt(state, zip string) region.ID { return "" }

func (house) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC}, true
}

// desk is an office with policies to work on.
type desk struct {
	t        *testing.T
	o        *storetest.Office
	access   audit.Access
	policies *policy.Policies
	numbers  map[string]billpay.Number // by subscriber id
}

const source = "EXCHANGE-CO"

// newDesk enrols a family (subscriber S1 with a spouse and a child) and somebody
// alone (S2).
func newDesk(t *testing.T, o *storetest.Office) *desk {
	t.Helper()
	access, err := audit.By(ident.Actor{Kind: ident.System, Name: "import"}, "policies file", "test")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	people := enrolment.New(o.Store, house{}, issuer, o.Clock)
	report, err := people.Import(context.Background(), access, enrolment.File{
		Open: func() io.Reader { return nil },
		Read: func(_ io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
			for i, c := range []member.Change{june(), tomas(), noor(), sam()} {
				c.Kind, c.Effective = member.Add, day("2026-01-01")
				if err := each(enrolment.Row{Line: i + 1, Record: "INS", Change: c, Household: c.Identity.SubscriberID}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	})
	if err != nil || report.Added != 4 {
		t.Fatalf("enrolling: %+v, %v", report, err)
	}
	d := &desk{t, o, access, policy.New(o.Store, audit.New(o.Store, o.Clock), o.Clock), map[string]billpay.Number{}}
	have, err := o.Store.LoadMembers(context.Background(), enrolment.Want{Families: []enrolment.Family{{Source: source, SubscriberID: "S1"}, {Source: source, SubscriberID: "S2"}}})
	if err != nil {
		t.Fatal(err)
	}
	for family, members := range have.Members {
		d.numbers[family.SubscriberID] = members[0].Standing.Subscriber
	}
	return d
}

func somebody(id, first, born string, r member.Relationship) member.Change {
	return member.Change{
		Relationship: r, Identity: member.Identity{Source: source, SubscriberID: id},
		Person: member.Person{Name: member.Name{First: first, Last: "Alder"}, BirthDate: day(born), SSN: secret.Text{}},
	}
}

func june() member.Change  { return somebody("S1", "June", "1980-02-14", member.Self) }
func tomas() member.Change { return somebody("S1", "Tomas", "1979-05-30", member.Spouse) }
func noor() member.Change  { return somebody("S1", "Noor", "2000-12-11", member.Child) }
func sam() member.Change   { return somebody("S2", "Sam", "1991-01-01", member.Self) }

// send carries rows out and gives the report.
func (d *desk) send(rows ...policy.Row) policy.Report {
	d.t.Helper()
	return d.take(func(_ io.Reader, each func(policy.Row) error) ([]fault.Problem, error) {
		for _, row := range rows {
			if err := each(row); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

func (d *desk) take(read policy.Reader) policy.Report {
	d.t.Helper()
	report, err := d.policies.Import(context.Background(), d.access, policy.File{Open: func() io.Reader { return nil }, Read: read})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, number := range d.numbers {
		if text := fmt.Sprintf("%+v", report); strings.Contains(text, number.Digits()) {
			d.t.Errorf("the report names a number: %s", text)
		}
	}
	return report
}

// csv carries out a policies file whose cells may name the subscribers as {S1} and {S2}.
func (d *desk) csv(text string) policy.Report {
	d.t.Helper()
	for id, number := range d.numbers {
		text = strings.ReplaceAll(text, "{"+id+"}", number.Digits())
	}
	return d.take(func(_ io.Reader, each func(policy.Row) error) ([]fault.Problem, error) {
		return coverage.ReadPolicies(strings.NewReader(text), func(line int, s coverage.Stated) error {
			return each(policy.Row{Line: line, Record: fmt.Sprintf("row %d", line-1), Stated: &s})
		})
	})
}

// held gives a subscriber's policies as text: line, days, reason, terms.
func (d *desk) held(id string) string {
	d.t.Helper()
	held, err := d.o.Store.PoliciesOf(context.Background(), []billpay.Number{d.numbers[id]})
	if err != nil {
		d.t.Fatal(err)
	}
	var texts []string
	for _, h := range held {
		text := fmt.Sprintf("%s %s %s..%s", h.SourceID, h.Line, h.From, h.To)
		if h.EndReason != "" {
			text += " " + h.EndReason
		}
		for _, t := range h.Terms {
			text += fmt.Sprintf(" [%s %s-%s x%d", t.From, t.Rate, t.APTC, len(t.Members))
			if t.Product != "" && t.Product != h.Product {
				text += " " + t.Product
			}
			text += "]"
		}
		for _, w := range h.Withhold {
			text += fmt.Sprintf(" %s %s %s", w.Agency, w.Status, w.From)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

func (d *desk) wants(id, want string) {
	d.t.Helper()
	if got := d.held(id); got != want {
		d.t.Errorf("got  %s\nwant %s", got, want)
	}
}

var exchange = coverage.Sender{Name: source, Exchange: true, State: "CO"}

// edit changes what a row sends.
type edit func(*policy.Sent)

// row is the family's policy P1 as the exchange adds it on 2025-11-20 for 2026.
func row(edits ...edit) policy.Row {
	s := &policy.Sent{
		Sender: exchange, Subscriber: enrolment.Family{Source: source, SubscriberID: "S1"},
		Persons: []member.Change{june(), tomas(), noor()},
		Sent: coverage.Sent{
			ReceivedOn: day("2025-11-20"), Maintenance: "021", Reason: "EC", SubscriberID: "S1", PolicyID: "P1", Insurance: "HLT", Product: "GOLD",
			Begins: day("2026-01-01"),
			Members: []coverage.SentMember{
				{Relationship: "18", Born: day("1980-02-14")}, {Relationship: "01", Born: day("1979-05-30")}, {Relationship: "19", Born: day("2000-12-11")},
			},
			Categories: []coverage.Category{
				{Name: "PRE AMT TOT", Value: "800.00", From: day("2026-01-01")}, {Name: "APTC AMT", Value: "600.00", From: day("2026-01-01")},
			},
		},
	}
	for _, e := range edits {
		e(s)
	}
	return policy.Row{Line: 7, Record: "HD", Segment: 21, Sent: s}
}

func does(maintenance, received string) edit {
	return func(s *policy.Sent) { s.Maintenance, s.ReceivedOn = maintenance, day(received) }
}

func begins(on string) edit {
	return func(s *policy.Sent) {
		s.Begins = day(on)
		for i := range s.Categories {
			s.Categories[i].From = day(on)
		}
	}
}

func ends(on, reason string) edit {
	return func(s *policy.Sent) { s.Ends, s.Reason, s.Begins = day(on), reason, calendar.Date{} }
}

func credit(value, from string) edit {
	return func(s *policy.Sent) {
		s.Categories = append(s.Categories[:len(s.Categories):len(s.Categories)], coverage.Category{Name: "APTC AMT", Value: value, From: day(from)})
	}
}

// only leaves one person of the household, by place, in the row.
func only(part policy.Part, at int) edit {
	return func(s *policy.Sent) {
		s.Part, s.Persons, s.Members = part, s.Persons[at:at+1], s.Members[at:at+1]
	}
}

// The life of a policy on an exchange: each step is a file of its own, and every
// file again changes nothing.
func TestImport_WhatFilesDoToAPolicy(t *testing.T) {
	const first = "P1 EXCH_APTC 2026-01-01.. [2026-01-01 800.00-600.00 x3]"
	for _, tc := range []struct {
		name  string
		steps []policy.Row
		last  policy.Outcome
		want  string
	}{
		{"added", []policy.Row{row()}, policy.Began, first},
		{"tax credit from May", []policy.Row{row(), row(does("001", "2026-04-12"), credit("550.00", "2026-05-01"))}, policy.Changed,
			first + " [2026-05-01 800.00-550.00 x3]"},
		{"tax credit back to what it was, from the start", []policy.Row{
			row(), row(does("001", "2026-04-12"), credit("550.00", "2026-05-01")), row(does("001", "2026-06-01")),
		}, policy.Changed, first + " [2026-05-01 800.00-550.00 x3] [2026-05-01 800.00-600.00 x3]"},
		{"without tax credit", []policy.Row{row(), row(does("001", "2026-04-12"), func(s *policy.Sent) { s.Categories[1].Value = "0" })}, policy.Changed,
			"P1 EXCH_NOAPTC 2026-01-01.. [2026-01-01 800.00-600.00 x3] [2026-01-01 800.00-0.00 x3]"},
		{"an address changes: nothing is stated", []policy.Row{row(), row(does("001", "2026-04-12"), func(s *policy.Sent) { s.Categories = nil })}, policy.Unchanged, first},
		{"ended", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-04-30", "14"))}, policy.Ended,
			"P1 EXCH_APTC 2026-01-01..2026-04-30 voluntary [2026-01-01 800.00-600.00 x3]"},
		{"death, back-dated", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-03-17", "03"))}, policy.Ended,
			"P1 EXCH_APTC 2026-01-01..2026-03-17 death [2026-01-01 800.00-600.00 x3]"},
		{"ended earlier than said before", []policy.Row{
			row(), row(does("024", "2026-04-12"), ends("2026-04-30", "14")), row(does("024", "2026-04-13"), ends("2026-03-31", "43")),
		}, policy.Ended, "P1 EXCH_APTC 2026-01-01..2026-03-31 moved [2026-01-01 800.00-600.00 x3]"},
		{"ended later than it ends", []policy.Row{
			row(), row(does("024", "2026-04-12"), ends("2026-03-31", "14")), row(does("024", "2026-04-13"), ends("2026-04-30", "14")),
		}, policy.Refused, "P1 EXCH_APTC 2026-01-01..2026-03-31 voluntary [2026-01-01 800.00-600.00 x3]"},
		{"cancelled", []policy.Row{row(), row(does("024", "2025-12-20"), func(s *policy.Sent) { s.Ends = s.Begins })}, policy.Cancelled,
			"P1 EXCH_APTC 2026-01-01..2025-12-31 EC [2026-01-01 800.00-600.00 x3]"},
		{"cancelled, then added again", []policy.Row{
			row(), row(does("024", "2025-12-20"), func(s *policy.Sent) { s.Ends = s.Begins }), row(does("021", "2025-12-21")),
		}, policy.Refused, "P1 EXCH_APTC 2026-01-01..2025-12-31 EC [2026-01-01 800.00-600.00 x3]"},
		{"cancelled, then reinstated", []policy.Row{
			row(), row(does("024", "2025-12-20"), func(s *policy.Sent) { s.Ends = s.Begins }), row(does("025", "2025-12-21")),
		}, policy.Reinstated, first},
		{"reinstated without a gap", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-03-31", "59")), row(does("025", "2026-04-20"), begins("2026-04-01"))},
			policy.Reinstated, first},
		{"back after a gap", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-03-31", "14")), row(does("021", "2026-08-20"), begins("2026-09-01"))},
			policy.Began, "P1 EXCH_APTC 2026-01-01..2026-03-31 voluntary [2026-01-01 800.00-600.00 x3]; P1#2 EXCH_APTC 2026-09-01.. [2026-09-01 800.00-600.00 x3]"},
		{"goes on after its end", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-03-31", "14")), row(does("021", "2026-04-13"), begins("2026-04-01"))},
			policy.Changed, first},
		{"added from an earlier day", []policy.Row{row(begins("2026-03-01")), row(does("021", "2026-03-10"))}, policy.Changed,
			"P1 EXCH_APTC 2026-01-01.. [2026-03-01 800.00-600.00 x3] [2026-01-01 800.00-600.00 x3]"},
		{"another plan from July", []policy.Row{row(), row(does("001", "2026-06-10"), begins("2026-07-01"), func(s *policy.Sent) { s.Product = "SILVER" })}, policy.Changed,
			first + " [2026-07-01 800.00-600.00 x3 SILVER]"},
		{"the plan that was left ends", []policy.Row{
			row(), row(does("001", "2026-06-10"), begins("2026-07-01"), func(s *policy.Sent) { s.Product = "SILVER" }),
			row(does("024", "2026-06-11"), ends("2026-06-30", "22")),
		}, policy.Unchanged, first + " [2026-07-01 800.00-600.00 x3 SILVER]"},
		{"a child leaves", []policy.Row{row(), row(does("024", "2026-06-10"), ends("2026-06-30", "14"), only(policy.Leaves, 2))}, policy.Changed,
			first + " [2026-07-01 800.00-600.00 x2]"},
		{"a child left, and the tax credit of all months changes", []policy.Row{
			row(), row(does("024", "2026-06-10"), ends("2026-06-30", "14"), only(policy.Leaves, 2)),
			row(does("001", "2026-08-01"), credit("500.00", "2026-01-01"), only(policy.Whole, 0)),
		}, policy.Changed, first + " [2026-07-01 800.00-600.00 x2] [2026-01-01 800.00-500.00 x3] [2026-07-01 800.00-500.00 x2]"},
		{"a spouse joins", []policy.Row{row(only(policy.Whole, 0)), row(does("021", "2026-06-10"), begins("2026-07-01"), only(policy.Joins, 1))}, policy.Changed,
			"P1 EXCH_APTC 2026-01-01.. [2026-01-01 800.00-600.00 x1] [2026-07-01 800.00-600.00 x2]"},
		{"change of what nobody sent", []policy.Row{row(does("001", "2026-04-12"))}, policy.Refused, ""},
		{"change after the end", []policy.Row{row(), row(does("024", "2026-04-12"), ends("2026-03-31", "14")), row(does("001", "2026-04-13"), begins("2026-05-01"))},
			policy.Refused, "P1 EXCH_APTC 2026-01-01..2026-03-31 voluntary [2026-01-01 800.00-600.00 x3]"},
		{"another subscriber's policy id", []policy.Row{row(), row(func(s *policy.Sent) { s.Subscriber.SubscriberID = "S2" })}, policy.Refused, first},
		{"a stranger", []policy.Row{row(func(s *policy.Sent) { s.Subscriber.SubscriberID = "S9" })}, policy.Refused, ""},
		{"all coverages end", []policy.Row{
			row(), row(func(s *policy.Sent) { s.PolicyID = "P2" }),
			row(does("024", "2026-04-12"), ends("2026-04-30", "14"), func(s *policy.Sent) { s.Every, s.PolicyID, s.Insurance = true, "", "" }),
		}, policy.Ended, "P1 EXCH_APTC 2026-01-01..2026-04-30 voluntary [2026-01-01 800.00-600.00 x3]; P2 EXCH_APTC 2026-01-01..2026-04-30 voluntary [2026-01-01 800.00-600.00 x3]"},
		{"renewed under RX", []policy.Row{row(does("030", "2025-11-20"), func(s *policy.Sent) { s.Replace = true })}, policy.Began, first},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o *storetest.Office) {
				d := newDesk(t, o)
				var report policy.Report
				for _, step := range tc.steps {
					report = d.send(step)
				}
				if got := outcomes(report); got != string(tc.last) {
					t.Errorf("got %s, want %s: %+v", got, tc.last, report)
				}
				if tc.last == policy.Refused && (len(report.Lines) == 0 || report.Lines[0].Line != 7 || report.Lines[0].Segment != 21) {
					t.Errorf("a refusal without its place: %+v", report.Lines)
				}
				d.wants("S1", tc.want)
				last := tc.steps[len(tc.steps)-1]
				if again := d.send(last); outcomes(again) != string(policy.Unchanged) && tc.last != policy.Refused {
					t.Errorf("the last file again: %+v", again)
				}
				d.wants("S1", tc.want)
			})
		})
	}
}

// outcomes names what the rows of a report came to.
func outcomes(r policy.Report) string {
	var all []string
	for _, o := range []struct {
		n    int
		what policy.Outcome
	}{
		{r.New, policy.Began}, {r.Changed, policy.Changed}, {r.Ended, policy.Ended}, {r.Cancelled, policy.Cancelled},
		{r.Reinstated, policy.Reinstated}, {r.Unchanged, policy.Unchanged}, {r.Differs, policy.Differs}, {r.Refused, policy.Refused},
	} {
		for range o.n {
			all = append(all, string(o.what))
		}
	}
	return strings.Join(all, " ")
}

// One file with a whole story in it, twice: the second time nothing changes.
func TestImport_AStoryInOneFileTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		story := []policy.Row{
			row(), row(does("001", "2025-11-20"), credit("550.00", "2026-05-01")), row(does("001", "2025-11-20"), credit("500.00", "2026-05-01")),
			row(does("024", "2025-11-20"), ends("2026-06-30", "14"), only(policy.Leaves, 2)),
		}
		first := d.send(story...)
		if outcomes(first) != "new changed changed changed" || first.Terms == 0 {
			t.Errorf("got %s, %+v", outcomes(first), first)
		}
		before := d.held("S1")
		if again := d.send(story...); outcomes(again) != "unchanged unchanged unchanged unchanged" || again.Terms != 0 {
			t.Errorf("again: got %s, %+v", outcomes(again), again)
		}
		d.wants("S1", before)
	})
}

func TestImport_AnAuditFileTellsAndChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		d.send(row(), row(func(s *policy.Sent) { s.PolicyID = "P2" }))
		before := d.held("S1")
		report := d.send(
			row(does("030", "2026-02-01"), func(s *policy.Sent) { s.Categories[1].Value = "590.00" }),
			row(does("030", "2026-02-01"), func(s *policy.Sent) { s.PolicyID = "P7" }),
		)
		if report.Differs != 2 || report.Full == nil || report.Full.Covered != 2 || report.Full.Absent != 1 || !report.Full.Alarm {
			t.Errorf("got %+v, %+v", report, report.Full)
		}
		var told []string
		for _, l := range report.Lines {
			told = append(told, fmt.Sprintf("%s %s: %s", l.Outcome, l.Field, l.Note))
		}
		want := []string{
			"differs tax_credit: from 2026-01-01 stated 590.00, on file 600.00",
			"differs responsible: from 2026-01-01 stated 210.00, on file 200.00",
			"differs policy: the audit names a policy that is not on file",
			"absent : covered here and not in the file",
		}
		if strings.Join(told, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		d.wants("S1", before)
		if same := d.send(row(does("030", "2026-02-01")), row(does("030", "2026-02-01"), func(s *policy.Sent) { s.PolicyID = "P2" })); same.Unchanged != 2 || same.Full.Absent != 0 {
			t.Errorf("an audit that agrees: %+v", same)
		}
	})
}

func TestImport_EmployersAndContinuation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		employer := func(s *policy.Sent) {
			s.Sender = coverage.Sender{Name: source, Line: coverage.Group, State: "CO", ContinuationMonths: map[string]int{"1": 18}}
			s.PolicyID, s.Categories = "GROUP-7", nil
		}
		if got := d.send(row(employer)); got.Refused != 1 || got.Lines[0].Field != "group" {
			t.Errorf("an employer who is not on file: %+v", got)
		}
		direct := func(s *policy.Sent) { employer(s); s.Sender.Line = coverage.Direct }
		continued := func(s *policy.Sent) {
			employer(s)
			s.Sender.Line, s.BenefitStatus, s.Event, s.EventOn = coverage.COBRA, "C", "1", day("2026-03-15")
		}
		d.send(row(direct), row(direct, func(s *policy.Sent) { s.Insurance = "DEN" }))
		d.send(row(direct, does("024", "2026-03-20"), ends("2026-03-31", "08")))
		d.send(row(continued, does("021", "2026-04-20"), begins("2026-04-01")))
		d.wants("S1", "GROUP-7/S1/HLT DIRECT 2026-01-01..2026-03-31 employment_ended [2026-01-01 0.00-0.00 x3]; "+
			"GROUP-7/S1/DEN DIRECT 2026-01-01.. [2026-01-01 0.00-0.00 x3]; "+
			"GROUP-7/S1/HLT#2 COBRA 2026-04-01.. [2026-04-01 0.00-0.00 x3]")
		if again := d.send(row(continued, does("021", "2026-04-20"), begins("2026-04-01"))); again.Unchanged != 1 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestImport_WhoDoesNotStandInThePlanMakesNoPolicies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		stranger := func(s *policy.Sent) { s.Unlisted = true }
		report := d.send(row(stranger), row(stranger))
		if report.Unlisted != 2 || len(report.Lines) != 1 || report.Lines[0].Field != "sender" || report.Refused != 0 {
			t.Errorf("got %+v", report)
		}
		d.wants("S1", "")
	})
}

const header = "number,subscriber_id,source,source_id,line,state,product,entry,from,to,end_reason,received_on,terms_from,known_on,rate,stated,aptc," +
	"withhold_from,withhold_agency,withhold_status,withhold_decided_on\n"

func TestImport_PoliciesOfACSV(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		const start = header +
			// in another order than they became known
			"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,2026-05-01,2026-04-12,800.00,yes,550.00,,,,\n" +
			"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n" +
			",S2,EXCHANGE-CO,M2,MAPD,CO,SENIOR,takeover,2026-01-01,,,2025-12-01,,,30.00,yes,,2026-03,SSA,requested,\n"
		const p1 = "P1 EXCH_APTC 2026-01-01.. [2026-01-01 800.00-600.00 x0] [2026-05-01 800.00-550.00 x0]"
		if report := d.csv(start); outcomes(report) != "new new changed" || report.Retroactive != 0 {
			t.Errorf("got %s: %+v", outcomes(report), report)
		}
		d.wants("S1", p1)
		d.wants("S2", "M2 MAPD 2026-01-01.. [2026-01-01 30.00-0.00 x0] SSA requested 2026-03")
		if again := d.csv(start); outcomes(again) != "unchanged unchanged unchanged" {
			t.Errorf("again: %+v", again)
		}
		d.wants("S1", p1)

		report := d.csv(header +
			"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,2026-08-31,moved,2025-11-20,2026-05-01,2026-04-12,800.00,yes,550.00,,,,\n" +
			",S2,EXCHANGE-CO,M2,MAPD,CO,SENIOR,takeover,2026-01-01,,,2025-12-01,,,30.00,yes,,2026-03,SSA,accepted,2026-02-20\n")
		if outcomes(report) != "changed ended" {
			t.Errorf("got %s: %+v", outcomes(report), report)
		}
		d.wants("S1", "P1 EXCH_APTC 2026-01-01..2026-08-31 moved [2026-01-01 800.00-600.00 x0] [2026-05-01 800.00-550.00 x0]")
		d.wants("S2", "M2 MAPD 2026-01-01.. [2026-01-01 30.00-0.00 x0] SSA requested 2026-03 SSA accepted 2026-03")

		// The first file, made anew, does not take the policy up again; one that was
		// known after its end does.
		if stale := d.csv(start); stale.Refused != 2 || stale.Lines[0].Field != "to" || stale.Lines[0].Line == 0 {
			t.Errorf("got %+v", stale)
		}
		if back := d.csv(header + "{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,2026-05-01,2026-09-10,800.00,yes,550.00,,,,\n"); back.Reinstated != 1 {
			t.Errorf("got %+v", back)
		}
		d.wants("S1", p1)
	})
}

func TestImport_RowsOfACSVThatCannotBe(t *testing.T) {
	const first = "{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,,2026-02-01,800.00,yes,600.00,,,,\n"
	for name, tc := range map[string]struct{ row, field string }{
		"nobody on file":             {",S9,EXCHANGE-CO,P9,EXCH_APTC,CO,GOLD,new,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n", "subscriber"},
		"a number of nobody":         {"314159265352,,EXCHANGE-CO,P9,EXCH_APTC,CO,GOLD,new,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n", "subscriber"},
		"another subscriber's":       {"{S2},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,new,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n", "source_id"},
		"another line":               {"{S1},,EXCHANGE-CO,P1,DIRECT,CO,GOLD,takeover,2026-01-01,,,2025-11-20,,,800.00,yes,,,,,\n", "line"},
		"another state":              {"{S1},,EXCHANGE-CO,P1,EXCH_APTC,WY,GOLD,takeover,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n", "state"},
		"another plan without a day": {"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,SILVER,takeover,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n", "product"},
		"older than what is on file": {"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,,2026-01-10,790.00,yes,600.00,,,,\n", "known_on"},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o *storetest.Office) {
				d := newDesk(t, o)
				d.csv(header + first)
				before := d.held("S1")
				report := d.csv(header + tc.row)
				if report.Refused != 1 || len(report.Lines) != 1 || report.Lines[0].Field != tc.field || report.Lines[0].Line != 2 {
					t.Errorf("got %+v, want a refusal of %s", report, tc.field)
				}
				d.wants("S1", before)
				d.wants("S2", "")
			})
		})
	}
}

// A broken file does nothing at all.
func TestImport_ABrokenCSVIsRefusedWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		report := d.csv(header +
			"{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2026-01-01,,,2025-11-20,,,800.00,yes,600.00,,,,\n" +
			"{S1},,EXCHANGE-CO,P2,EXCH_APTC,CO,GOLD,takeover,01/01/2026,,,2025-11-20,,,800.00,yes,600.00,,,,\n")
		if report.Verdict != fault.Refuse || len(report.Problems) == 0 || report.New != 0 {
			t.Errorf("got %+v", report)
		}
		d.wants("S1", "")
	})
}

// Terms are added a chunk at a time; a policy of many rows is decided as one.
func TestImport_ManyRowsOfOnePolicyTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		var text strings.Builder
		text.WriteString(header)
		from := day("2020-01-01")
		const rows = 450 // more than a chunk
		for i := range rows {
			fmt.Fprintf(&text, "{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,takeover,2020-01-01,,,2019-11-20,%s,,%d.00,yes,,,,,\n", from.AddDays(i), 500+i%3)
		}
		if report := d.csv(text.String()); report.New != 1 || report.Changed != rows-1 || report.Terms != rows {
			t.Errorf("got %+v", report)
		}
		if again := d.csv(text.String()); again.Unchanged != rows || again.Terms != 0 {
			t.Errorf("again: got %+v", again)
		}
	})
}
