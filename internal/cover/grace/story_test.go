package grace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
)

func day(s string) calendar.Date    { return calendar.MustParse(s) }
func month(s string) calendar.Month { return calendar.MustParseMonth(s) }

func cents(s string) money.Cents {
	c, err := money.Parse(s)
	if err != nil {
		panic(err)
	}
	return c
}

// story is a history that a test tells line by line.
type story struct {
	grace.History
	rules *rule.Set
}

func tell(line coverage.Line, state, from string) *story {
	s := &story{rules: rule.Embedded()}
	s.Policy = coverage.Policy{Line: line, State: state, Entry: coverage.Takeover, From: day(from), ReceivedOn: day(from).AddDays(-30)}
	return s
}

// bills adds months from one on, each due on its first day and billed a
// fortnight before.
func (s *story) bills(from string, n int, gross, aptc string) *story {
	for i := range n {
		m := month(from).Add(i)
		s.Charges = append(s.Charges, grace.Charge{
			Month: m, BilledOn: m.First().AddDays(-14), DueOn: m.First(), Gross: cents(gross), APTC: cents(aptc), Owed: cents(gross) - cents(aptc),
		})
	}
	return s
}

func (s *story) billsOn(on, m, due, owed string) *story {
	s.Charges = append(s.Charges, grace.Charge{Month: month(m), BilledOn: day(on), DueOn: day(due), Gross: cents(owed), Owed: cents(owed)})
	return s
}

// pays puts money on months: "2026-04 150.00, 2026-05 50.00".
func (s *story) pays(on, parts string) *story { return s.posts(on, on, parts) }

func (s *story) posts(received, known, parts string) *story {
	id := fmt.Sprintf("pay-%d", len(s.Money))
	for part := range strings.SplitSeq(parts, ", ") {
		m, amount, _ := strings.Cut(part, " ")
		if m == "held" {
			m = ""
		}
		s.Money = append(s.Money, grace.Money{ID: id, ReceivedOn: day(received), KnownOn: day(known), Cents: cents(amount), Month: month(m)})
	}
	return s
}

// returns undoes the payment that brought the money at an index.
func (s *story) returns(known string, index int) *story {
	was := s.Money[index]
	for _, m := range slices.Clone(s.Money) {
		if m.ID == was.ID && m.Returns == "" {
			s.Money = append(s.Money, grace.Money{
				ID: "return-" + m.ID, ReceivedOn: day(known), KnownOn: day(known), Cents: -m.Cents, Month: m.Month, Returns: m.ID,
			})
		}
	}
	return s
}

func (s *story) fact(kind grace.FactKind, on string) *story {
	s.Facts = append(s.Facts, grace.Fact{Kind: kind, On: day(on)})
	return s
}

func (s *story) ends(kind grace.FactKind, on, last string) *story {
	s.Facts = append(s.Facts, grace.Fact{Kind: kind, On: day(on), Day: day(last)})
	return s
}

func (s *story) sends(n grace.Notice, on string) *story {
	s.Facts = append(s.Facts, grace.Fact{Kind: grace.NoticeSent, On: day(on), Notice: n})
	return s
}

// under puts an operator's rows over the rules: "rule state line value".
func (s *story) under(t *testing.T, rows ...string) *story {
	t.Helper()
	text := "rows:\n"
	for _, row := range rows {
		f := strings.Fields(row)
		text += fmt.Sprintf("  - {rule: %s, jurisdiction: %s, coverage_line: %s, valid_from: \"2014-01-01\", value: %s, citation: test, confirm: true}\n",
			f[0], f[1], f[2], f[3])
	}
	set, problems := s.rules.Overlay("rules.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s.rules = set
	return s
}

func (s *story) on(t *testing.T, date string) grace.Status {
	t.Helper()
	status, err := grace.Replay(s.History, s.rules, day(date))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// is checks a status against words: "STATE owed 1.00 to 2026-01-31 ends ...".
func (s *story) is(t *testing.T, row, date, want string) grace.Status {
	t.Helper()
	status := s.on(t, date)
	f := strings.Fields(want)
	if string(status.State) != f[0] {
		t.Errorf("%s, %s: got %s, want %s; log %s", row, date, status.State, f[0], logOf(status))
	}
	for i := 1; i+1 < len(f); i += 2 {
		got := map[string]string{
			"owed": status.Owed.String(), "cure": status.ToCure.String(), "by": dash(status.PayBy), "ends": dash(status.EndsOn),
			"grace": dash(status.GraceFrom), "to": dash(status.GraceTo), "paid": dash(status.PaidThrough), "from": dash(status.CoveredFrom),
			"next": dash(status.Next), "since": dash(status.Since),
		}[f[i]]
		if got != f[i+1] {
			t.Errorf("%s, %s: %s is %s, want %s; log %s", row, date, f[i], got, f[i+1], logOf(status))
		}
	}
	return status
}

func dash(d calendar.Date) string {
	if d.IsZero() {
		return "-"
	}
	return d.String()
}

func logOf(s grace.Status) string {
	var b strings.Builder
	for _, t := range s.Transitions {
		fmt.Fprintf(&b, "\n  %s %s -> %s (%s) %s", t.On, t.From, t.To, t.Event, t.Effective)
	}
	return b.String()
}

// owes finds a duty by the beginning of its key.
func owes(t *testing.T, s grace.Status, key string) grace.Duty {
	t.Helper()
	for _, d := range s.Duties {
		if strings.HasPrefix(d.Key, key) {
			return d
		}
	}
	var keys []string
	for _, d := range s.Duties {
		keys = append(keys, d.Key)
	}
	t.Errorf("%s: no duty %s among %v", s.On, key, keys)
	return grace.Duty{}
}

func owesNot(t *testing.T, s grace.Status, key string) {
	t.Helper()
	for _, d := range s.Duties {
		if strings.HasPrefix(d.Key, key) {
			t.Errorf("%s: a duty %s", s.On, d.Key)
		}
	}
}

// signals writes the claims of the months: "2026-04 pay, 2026-05 pend".
func signals(s grace.Status, from string) string {
	var words []string
	for _, m := range s.Months {
		if !m.Month.Before(month(from)) {
			words = append(words, string(m.Claims))
		}
	}
	return strings.Join(words, " ")
}
