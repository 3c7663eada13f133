package premium_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/people/billpay"
)

const employer = billpay.Number(314159265352)

func employed(id, from, to string, all ...coverage.Terms) premium.Enrolled {
	h := policy(coverage.Group, from, to, all...)
	h.Group, h.SourceID, h.Product = employer, id, "SMALL-PPO"
	return premium.Enrolled{Held: h, Billed: map[calendar.Month][]premium.Line{}}
}

func (b billed) on(e premium.Enrolled) premium.Enrolled {
	for month, cents := range b {
		e.Billed[calendar.MustParseMonth(month)] = []premium.Line{{Kind: premium.Gross, Owner: premium.Employer, Cents: cents}}
	}
	return e
}

type billed map[string]money.Cents

func list(lines []premium.ListLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %s %v %s = %s + %s\n", l.MemberID, l.Tier, l.Month, l.Adjustment, l.Rate, l.Employer, l.Employee)
	}
	return b.String()
}

// §6: a line per subscriber with its split; adds and terms back to their date as
// adjustments of their month; what lies before the window is for somebody to decide.
func TestMakeListBill(t *testing.T) {
	single := terms("2026-01-01", 62000)
	single.Employer, single.Members = 50000, []coverage.Insured{insured("self", "1980-01-01")}
	married := single
	married.From, married.Rate, married.Employer = calendar.MustParse("2026-05-16"), 90000, 60000
	married.Members = append(married.Members, insured("spouse", "1981-01-01"))

	steady := billed{"2026-01": 62000, "2026-02": 62000, "2026-03": 62000, "2026-04": 62000, "2026-05": 62000}
	lateAdd := employed("B2", "2026-02-01", "", single)
	enrolled := []premium.Enrolled{
		steady.on(employed("A1", "2026-01-01", "", single, married)), // married in the middle of May
		lateAdd, // nothing billed so far
		steady.on(employed("C3", "2026-01-01", "2026-04-10", single)), // left in April
		steady.on(employed("D4", "2026-01-01", "", single)),
	}
	rules := func(calendar.Month) premium.Rules { return federal }
	june, since := calendar.MustParseMonth("2026-06"), calendar.MustParseMonth("2026-04")
	got, err := premium.MakeListBill(employer, june, since, enrolled, rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `A1 employee_spouse 2026-06 false 900.00 = 600.00 + 300.00
B2 employee 2026-06 false 620.00 = 500.00 + 120.00
D4 employee 2026-06 false 620.00 = 500.00 + 120.00
A1 employee_spouse 2026-05 true 144.52 = 96.35 + 48.17
B2 employee 2026-04 true 620.00 = 500.00 + 120.00
B2 employee 2026-05 true 620.00 = 500.00 + 120.00
C3 employee 2026-04 true -413.33 = -333.33 + -80.00
C3 employee 2026-05 true -620.00 = -500.00 + -120.00
`
	if list(got.Lines) != want {
		t.Errorf("got\n%swant\n%s", list(got.Lines), want)
	}
	beyond := "B2 employee 2026-02 true 620.00 = 500.00 + 120.00\nB2 employee 2026-03 true 620.00 = 500.00 + 120.00\n"
	if list(got.Beyond) != beyond {
		t.Errorf("beyond the window: got\n%s", list(got.Beyond))
	}
	if got.Current != 214000 || got.Adjustments != 35119 || got.Total() != 249119 || got.Group != employer {
		t.Errorf("got %s and %s", got.Current, got.Adjustments)
	}
	stranger := employed("X", "2026-01-01", "", single)
	stranger.Held.Group = 0
	if _, err := premium.MakeListBill(employer, june, since, []premium.Enrolled{stranger}, rules, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("somebody of another group: got %v", err)
	}
}

// What an earlier system billed is not billed again.
func TestMakeListBill_TakenOverPoliciesBeginWhenTheyAreReceived(t *testing.T) {
	e := employed("A1", "2019-01-01", "", terms("2019-01-01", 62000))
	e.Held.Entry, e.Held.ReceivedOn = coverage.Takeover, calendar.MustParse("2026-06-01")
	june := calendar.MustParseMonth("2026-06")
	got, err := premium.MakeListBill(employer, june, june.Add(-2), []premium.Enrolled{e}, func(calendar.Month) premium.Rules { return federal }, nil)
	if err != nil || len(got.Lines) != 1 || len(got.Beyond) > 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// §6: $5.00 and 1 %, both.
func TestTolerance_TellsDiscrepancyFromArrears(t *testing.T) {
	tolerance := premium.Tolerance{Cents: 500, Share: 100}
	for _, tc := range []struct {
		billed, paid money.Cents
		pending      bool
		want         premium.Paid
	}{
		{62000, 62000, false, premium.PaidAsBilled},
		{62000, 61500, false, premium.Discrepancy},
		{62000, 61499, false, premium.Short},
		{62000, 62500, false, premium.Discrepancy},
		{62000, 62501, false, premium.Over},
		{20000, 19800, false, premium.Discrepancy},
		{20000, 19799, false, premium.Short}, // within 5.00 and beyond 1 %
		{62000, 0, true, premium.Discrepancy},
		{62000, 0, false, premium.Short},
		{0, 62000, true, premium.Discrepancy}, // paid for somebody whose addition is not processed
		{0, 1, false, premium.Over},
	} {
		got, difference := tolerance.Judge(tc.billed, tc.paid, tc.pending)
		if got != tc.want || difference != tc.paid-tc.billed {
			t.Errorf("%s of %s, pending %v: got %s, %s, want %s", tc.paid, tc.billed, tc.pending, got, difference, tc.want)
		}
	}
}
