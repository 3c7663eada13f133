package x12

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

func seed(f *testing.F) {
	for _, name := range zooNames(f) {
		f.Add(zoo(f, name))
	}
}

// checkProblems proves what every report of a file must keep.
func checkProblems(t *testing.T, data []byte, problems []fault.Problem) {
	t.Helper()
	if len(problems) > fault.ProblemsMax {
		t.Errorf("%d problems are reported, at most %d may be", len(problems), fault.ProblemsMax)
	}
	lines := 1 + bytes.Count(data, []byte{'\n'})
	for _, p := range problems {
		if p.Line < 0 || p.Line > lines || p.Line == 0 && len(bytes.TrimSpace(data)) > 3 {
			t.Errorf("%v: the file has %d lines", p, lines)
		}
		if p.Message == "" {
			t.Errorf("a problem at line %d says nothing", p.Line)
		}
	}
}

func FuzzReader(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewScanner(bytes.NewReader(data))
		for ordinal := 1; ; ordinal++ {
			segment, err := s.Next()
			var syntax *SyntaxError
			if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &syntax) {
				t.Fatalf("an error without a position: %v", err)
			}
			if err != nil {
				break
			}
			if segment.Ordinal != ordinal || segment.Line < 1 || segment.Line > 1+bytes.Count(data, []byte{'\n'}) {
				t.Fatalf("segment %d says that it is %d, on line %d", ordinal, segment.Ordinal, segment.Line)
			}
		}
		result, err := Check(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, result.Problems())
		if got := fault.Judge(result.Problems()); got != result.Verdict() {
			t.Errorf("the problems say %s, the result %s", got, result.Verdict())
		}
		answer, err := Acknowledge(result, stamp)
		if err != nil {
			t.Fatalf("no acknowledgement: %v", err)
		}
		if _, problems := Inspect(bytes.NewReader(answer)); len(answer) > 0 && len(problems) > 0 {
			t.Errorf("the acknowledgement does not read: %v\n%s", problems, answer)
		}
	})
}

func FuzzRead834(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		members := 0
		summary, problems, err := Read834(bytes.NewReader(data), func(m Member834) error {
			members++
			if m.Person.Role == "" || m.SubscriberID == "" || m.Last < m.Segment {
				t.Errorf("a member without a name or number was handed on, or one that ends before it begins")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, problems)
		if summary.Subscribers+summary.Dependents != summary.Members {
			t.Errorf("%d subscribers and %d dependents are not %d members", summary.Subscribers, summary.Dependents, summary.Members)
		}
		if fault.Judge(problems) == fault.Accept && members != summary.Members {
			t.Errorf("%d of %d members of an accepted file were handed on", members, summary.Members)
		}
	})
}

func FuzzRead820(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		remitted, adjusted, entries, headers := money.Cents(0), money.Cents(0), 0, map[*Header820]bool{}
		summary, problems, err := Read820(bytes.NewReader(data), func(h *Header820) error {
			if headers[h] || h.Trace == "" || h.Date.IsZero() || h.Payer.Role == "" {
				t.Errorf("a payment was handed on twice, or one without trace, date or payer")
			}
			headers[h] = true
			return nil
		}, func(e Entry820) error {
			entries++
			remitted += e.Paid
			for _, a := range e.Adjustments {
				adjusted += a.Cents
			}
			if !headers[e.Header] || e.Entity == nil || e.Last < e.Segment || e.Remittance == (e.Qualifier == "") {
				t.Errorf("an entry of no payment or entity was handed on, or one that ends before it begins: %+v", e)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, problems)
		if fault.Judge(problems) != fault.Accept {
			return
		}
		if remitted+adjusted != summary.Total {
			t.Errorf("an accepted file of %s has entries of %s and adjustments of %s", summary.Total, remitted, adjusted)
		}
		if entries < summary.Remittances || len(headers) != summary.Payments {
			t.Errorf("%d entries of %d remittances and %d of %d payments were handed on", entries, summary.Remittances, len(headers), summary.Payments)
		}
	})
}

func FuzzReadAnswers(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		groups, accepted, rejected, ta1s := 0, 0, 0, 0
		summary, problems, err := ReadAnswers(bytes.NewReader(data), func(a Answer) error {
			switch a.Of {
			case OfGroup:
				groups++
				accepted, rejected = accepted+a.Accepted, rejected+a.Received-a.Accepted
			case OfInterchange:
				ta1s++
			}
			if a.By == nil || a.Line < 1 || a.Verdict == "" || a.Of == OfGroup && a.Group.Control == "" || len(a.Complaints) > fault.ProblemsMax {
				t.Errorf("an answer says too little or too much: %+v", a)
			}
			for _, c := range a.Complaints {
				if c.Words() == "" {
					t.Errorf("%+v is not told", c)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, problems)
		if fault.Judge(problems) != fault.Accept {
			return
		}
		if groups != summary.Sets || ta1s != summary.TA1s || accepted != summary.SetsAccepted || rejected != summary.SetsRejected {
			t.Errorf("%d groups, %d TA1s, %d and %d sets of %+v were handed on", groups, ta1s, accepted, rejected, summary)
		}
	})
}

// FuzzSender834 proves that whatever the writer takes, the reader takes.
func FuzzSender834(f *testing.F) {
	f.Add("EX500001", "ALDER", "JUNE", "CV GOLD", "59", int64(81240), int64(60000), 31)
	f.Add("EX~1", "REED*ALDER", "", " ", "", int64(-1), int64(0), -5)
	f.Fuzz(func(t *testing.T, id, last, first, plan, reason string, premium, credit int64, days int) {
		total, back := money.Cents(premium%1e9), money.Cents(credit%1e9)
		begins := calendar.MustParse("2027-01-01")
		e := Event834{
			Fact: Terminated, Reason: reason, Subscriber: true, SubscriberID: id, InsuranceLine: "HLT", Plan: plan,
			Person: Party{Name: last, First: first}, Begins: begins, Ends: begins.AddDays(days % 10_000),
			Exchange: &ExchangeReport{From: begins, Premium: total, Totals: &ExchangeTotals{Premium: total, Credit: back, Responsible: total - back}},
		}
		var out bytes.Buffer
		s := opened(t, &out, Opening834{})
		refused := s.Write(e)
		closed(t, s)
		list := []Member834{}
		_, problems, err := Read834(bytes.NewReader(out.Bytes()), func(m Member834) error { list = append(list, m); return nil })
		if err != nil || len(problems) > 0 || (refused == nil) != (len(list) == 1) {
			t.Fatalf("refused with %v, read %d members with %v, %v\n%s", refused, len(list), problems, err, out.Bytes())
		}
		if refused != nil {
			return
		}
		responsible, _ := list[0].Category("TOT RES AMT")
		cents, err := responsible.Amount()
		if err != nil || cents != total-back || list[0].Coverages[0].Ends() != e.Ends || list[0].Person.Name != last {
			t.Errorf("wrote %+v, read %+v", e, list[0])
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		once, ok := rewrite(t, data, nil)
		if !ok {
			return
		}
		again, ok := rewrite(t, once, nil)
		if !ok || !bytes.Equal(once, again) {
			t.Errorf("written once:\n%q\nand again:\n%q", once, again)
		}
	})
}
