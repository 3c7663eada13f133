package x12

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
)

var update = flag.Bool("update", false, "write what is got as what is wanted")

// opened begins an interchange, a group and an 834 of ours.
func opened(t testing.TB, out io.Writer, o Opening834) *Sender834 {
	t.Helper()
	w := NewWriter(out)
	_ = w.BeginInterchange(Interchange{
		SenderQualifier: "ZZ", Sender: "CEDARVALLEY", ReceiverQualifier: "ZZ", Receiver: "STATEEXCH",
		Date: "270104", Time: "0615", Control: "000000301", Usage: "T",
	})
	_ = w.BeginGroup(Group{
		FunctionalID: "BE", Sender: "CEDARVALLEY", Receiver: "STATEEXCH", Date: "20270104", Time: "0615",
		Control: "301", Agency: "X", Version: Guide834,
	})
	o.Control, o.Reference, o.At = "0001", "CV-20270104-1", time.Date(2027, 1, 4, 6, 15, 0, 0, time.UTC)
	o.Sponsor = Party{Name: "STATE EXCHANGE", ID: "000000090"}
	o.Payer = Party{Name: "CEDAR VALLEY HEALTH", ID: "000000072"}
	s, err := Begin834(w, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closed ends all that opened began.
func closed(t testing.TB, s *Sender834) {
	t.Helper()
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	if err := s.w.EndGroup(); err != nil {
		t.Fatal(err)
	}
	if err := s.w.EndInterchange(); err != nil {
		t.Fatal(err)
	}
}

func date(s string) calendar.Date { return calendar.MustParse(s) }

// enrolled is an exchange enrolment in force; tests change what they are about.
func enrolled() Event834 {
	return Event834{
		Fact: Effectuated, Reason: ReasonInitialEnrollment, Subscriber: true, Effective: date("2027-01-04"),
		SubscriberID: "EX500001", MemberID: "EX500001", PolicyID: "EXCH-POLICY-9",
		IssuerMemberID: "CV100001-01", IssuerSubscriberID: "CV100001", IssuerPolicyID: "CVP-9",
		Person:        Party{Name: "ALDER", First: "JUNE", SSN: secret.New("000000101"), Born: date("1980-02-14"), Gender: "F"},
		InsuranceLine: "HLT", Plan: "12345IA0010001-01", Level: "FAM",
		Begins: date("2027-01-01"), PaidThrough: date("2027-01-31"),
		Exchange: &ExchangeReport{
			From: date("2027-01-01"), SourceID: "IA0", RatingArea: "R-IA003", Premium: 51240,
			Totals: &ExchangeTotals{Premium: 81240, Credit: 60000, Reduction: 12055, Responsible: 21240},
		},
	}
}

func exchangeFacts() []Event834 {
	spouse := enrolled()
	spouse.Subscriber, spouse.Relationship, spouse.MemberID, spouse.IssuerMemberID = false, "01", "EX500002", "CV100001-02"
	spouse.Person = Party{Name: "ALDER", First: "TOMAS", Born: date("1979-05-30"), Gender: "M"}
	spouse.Exchange = &ExchangeReport{From: date("2027-01-01"), Premium: 30000}

	named := func(e Event834, id, last, policy string) Event834 {
		e.SubscriberID, e.MemberID, e.PolicyID = id, id, policy
		e.IssuerMemberID, e.IssuerSubscriberID, e.IssuerPolicyID = "", "", ""
		e.Person = Party{Name: last, First: "SAM"}
		e.PaidThrough = calendar.Date{}
		return e
	}
	cancelled := named(enrolled(), "EX500003", "BIRCH", "EXCH-POLICY-12")
	cancelled.Fact, cancelled.Reason = Cancelled, ReasonNonPayment

	terminated := named(enrolled(), "EX500004", "CEDAR", "EXCH-POLICY-13")
	terminated.Fact, terminated.Reason = Terminated, ReasonNonPayment
	terminated.Begins, terminated.Ends = date("2026-01-01"), date("2026-10-31")
	terminated.Exchange.From = date("2026-01-01")

	reinstated := named(enrolled(), "EX500005", "ELM", "EXCH-POLICY-14")
	reinstated.Fact, reinstated.Reason = Reinstated, ReasonReenrollment

	changed := named(enrolled(), "EX500006", "FIR", "EXCH-POLICY-15")
	changed.Fact, changed.Reason = Changed, ReasonNoneGiven
	changed.Exchange = &ExchangeReport{
		From: date("2027-02-01"), Premium: 51240,
		Totals: &ExchangeTotals{Premium: 51240, Credit: 40000, Other: 1240, Responsible: 10000},
	}
	return []Event834{enrolled(), spouse, cancelled, terminated, reinstated, changed}
}

func employerTermination() Event834 {
	return Event834{
		Fact: Terminated, Reason: ReasonNonPayment, Subscriber: true, Employment: "FT",
		SubscriberID: "CV100002", Group: "OAK-0001", Person: Party{Name: "BIRCH", First: "SAM", IDQualifier: "ZZ", ID: "E-77"},
		InsuranceLine: "HLT", Plan: "CV GOLD 1500", Begins: date("2025-03-01"), Ends: date("2026-11-30"),
	}
}

func TestSender834_Golden(t *testing.T) {
	for _, test := range []struct {
		file    string
		opening Opening834
		events  []Event834
	}{
		{"834_outbound_exchange_facts.txt", Opening834{Members: 6, Subscribers: 5}, exchangeFacts()},
		{"834_outbound_employer_termination.txt", Opening834{MasterPolicy: "CV-MASTER-7"}, []Event834{employerTermination()}},
	} {
		var out bytes.Buffer
		s := opened(t, &out, test.opening)
		for _, e := range test.events {
			if err := s.Write(e); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, s)
		if *update {
			if err := os.WriteFile(filepath.Join(zooDir, test.file), out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := zoo(t, test.file); !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.file, out.Bytes(), want)
		}
		if result, err := Check(&out); err != nil || result.Verdict() != fault.Accept {
			t.Errorf("%s is not accepted: %v, %v", test.file, result.Problems(), err)
		}
	}
}

func TestSender834_ReadsBack(t *testing.T) {
	list, summary := members(t, "834_outbound_exchange_facts.txt")
	equal(t, "reference", summary.Headers[0].Reference, "CV-20270104-1")
	equal(t, "a change file", summary.Headers[0].Action, Change)
	equal(t, "stated members", summary.Headers[0].StatedMembers, "6")
	for i, want := range []struct {
		maintenance  Maintenance
		reason, more string
		begins, ends string
	}{
		{MaintAdd, "28", "CONFIRM", "2027-01-01", ""},
		{MaintAdd, "28", "CONFIRM", "2027-01-01", ""},
		{MaintTerminate, "59", "CANCEL", "2027-01-01", "2027-01-01"},
		{MaintTerminate, "59", "TERM", "2026-01-01", "2026-10-31"},
		{MaintReinstate, "41", "REINSTATE", "2027-01-01", ""},
		{MaintChange, "AI", "", "2027-01-01", ""},
	} {
		m := list[i]
		more, _ := m.Category("ADDL MAINT REASON")
		c := m.Coverages[0]
		got := []string{string(m.Maintenance), string(c.Maintenance), m.Reason, more.Reference.Value, c.Begins().String(), c.Ends().String()}
		wanted := []string{string(want.maintenance), string(want.maintenance), want.reason, want.more, want.begins, want.ends}
		if strings.Join(got, "|") != strings.Join(wanted, "|") {
			t.Errorf("event %d: got %v, want %v", i+1, got, wanted)
		}
	}
	m := list[0]
	equal(t, "subscriber's id", m.SubscriberID, "EX500001")
	equal(t, "member's id", m.Reference("17"), "EX500001")
	equal(t, "our member id", m.Reference("23"), "CV100001-01")
	equal(t, "our subscriber id", m.Reference("ZZ"), "CV100001")
	equal(t, "exchange's policy", m.Coverages[0].Reference("1L"), "EXCH-POLICY-9")
	equal(t, "our policy", m.Coverages[0].Reference("X9"), "CVP-9")
	equal(t, "SSN", m.SSN.Reveal(), "000000101")
	equal(t, "born", m.Person.Born, date("1980-02-14"))
	equal(t, "paid through", m.Coverages[0].Date("343"), date("2027-01-31"))
	equal(t, "decided on", m.Date("303"), date("2027-01-04"))
	equal(t, "eligible until", list[3].Date("357"), date("2026-10-31"))
	for name, want := range map[string]money.Cents{
		"PRE AMT 1": 51240, "PRE AMT TOT": 81240, "APTC AMT": 60000, "CSR AMT": 12055, "TOT RES AMT": 21240,
	} {
		category, ok := m.Category(name)
		if cents, err := category.Amount(); !ok || err != nil || cents != want || dateOf(category.Dates, "007") != date("2027-01-01") {
			t.Errorf("%s: got %s, %v from %v, want %s", name, cents, err, category.Dates, want)
		}
	}
	if _, ok := list[1].Category("PRE AMT TOT"); ok {
		t.Error("a dependent has the policy's totals")
	}
	equal(t, "a dependent's household", list[1].Household, "EX500001")

	employer, _ := members(t, "834_outbound_employer_termination.txt")
	equal(t, "group", employer[0].Group, "OAK-0001")
	equal(t, "person's id", employer[0].Person.ID, "E-77")
	equal(t, "no exchange loops", len(employer[0].Reporting), 0)
}

func TestSender834_RefusesWhatNobodyWouldTake(t *testing.T) {
	for _, test := range []struct {
		name, says string
		spoil      func(*Event834)
	}{
		{"an unknown fact", "not known", func(e *Event834) { e.Fact = "paused" }},
		{"no reason", "the reason is missing", func(e *Event834) { e.Reason = "" }},
		{"no subscriber's id", "subscriber's id is missing", func(e *Event834) { e.SubscriberID = "" }},
		{"a dependent without relationship", "relationship is missing", func(e *Event834) { e.Subscriber, e.Exchange = false, nil }},
		{"no name", "last name is missing", func(e *Event834) { e.Person.Name = "" }},
		{"a delimiter in a name", "first name has a delimiter", func(e *Event834) { e.Person.First = "JU*NE" }},
		{"bytes that are no text", "are no text", func(e *Event834) { e.Plan = "GOLD \xff" }},
		{"a control character", "are no text", func(e *Event834) { e.Person.First = "JU\x00NE" }},
		{"a name without end", "more than 60", func(e *Event834) { e.Person.Name = strings.Repeat("X", 61) }},
		{"no first day", "begins is missing", func(e *Event834) { e.Begins = calendar.Date{} }},
		{"a cancellation after the first day", "would have begun", func(e *Event834) { e.Fact, e.Ends = Cancelled, date("2027-01-31") }},
		{"a termination on the first day", "after its first day", func(e *Event834) { e.Fact, e.Ends = Terminated, e.Begins }},
		{"a termination without an end", "after its first day", func(e *Event834) { e.Fact = Terminated }},
		{"an end before the first day", "ends before it begins", func(e *Event834) { e.Ends = date("2026-12-31") }},
		{"totals that do not sum", "does not come to the 212.41", func(e *Event834) { e.Exchange.Totals.Responsible++ }},
		{"a negative total", "negative", func(e *Event834) { e.Exchange.Totals.Reduction = -1 }},
		{"a negative premium", "negative", func(e *Event834) { e.Exchange.Premium = -1 }},
		{"totals of a dependent", "with its subscriber", func(e *Event834) { e.Subscriber, e.Relationship = false, "19" }},
		{"amounts from no day", "from which the amounts hold", func(e *Event834) { e.Exchange.From = calendar.Date{} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			s := opened(t, &out, Opening834{})
			bad := enrolled()
			test.spoil(&bad)
			err := s.Write(bad)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error saying %q", err, test.says)
			}
			if strings.Contains(err.Error(), "ALDER") || strings.Contains(err.Error(), "EX500001") {
				t.Errorf("%v names a person", err)
			}
			if err := s.Write(enrolled()); err != nil {
				t.Errorf("the file cannot go on: %v", err)
			}
			closed(t, s)
			summary, problems, err := Read834(&out, nil)
			if err != nil || len(problems) > 0 || summary.Members != 1 {
				t.Errorf("the file without the bad event: %d members, %v, %v", summary.Members, problems, err)
			}
		})
	}
}

func TestSender834_HoldsItsCountsAndOrder(t *testing.T) {
	s := opened(t, io.Discard, Opening834{Members: 2, Subscribers: 1})
	if err := s.Write(enrolled()); err != nil {
		t.Fatal(err)
	}
	if err := s.End(); err == nil || !strings.Contains(err.Error(), "states 2 members") {
		t.Errorf("got %v, want the counts", err)
	}

	s = opened(t, io.Discard, Opening834{})
	child := enrolled()
	child.Subscriber, child.Relationship, child.Exchange = false, "19", nil
	if err := s.Write(child); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(enrolled()); err == nil || !strings.Contains(err.Error(), "comes before") {
		t.Errorf("got %v, want the order of subscriber and dependents", err)
	}

	for says, o := range map[string]Opening834{
		"reference is missing": {Payer: Party{ID: "1"}, Sponsor: Party{ID: "1"}},
		"cannot be among":      {Reference: "R", Payer: Party{ID: "1"}, Sponsor: Party{ID: "1"}, Members: 1, Subscribers: 2},
		"payer's id":           {Reference: "R", Sponsor: Party{ID: "1"}},
	} {
		if _, err := Begin834(NewWriter(io.Discard), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error saying %q", err, says)
		}
	}
}
