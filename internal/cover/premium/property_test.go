package premium_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
)

var start = calendar.MustParse("2027-12-20")

func drawDay(t *rapid.T, name string) calendar.Date {
	return start.AddDays(rapid.IntRange(0, 120).Draw(t, name))
}

func drawCents(t *rapid.T, name string) money.Cents {
	return money.Cents(rapid.OneOf(rapid.Int64Range(0, 50), rapid.Int64Range(0, 200_000)).Draw(t, name))
}

// drawPolicy draws a policy with some terms, coherent only as far as law goes.
func drawPolicy(t *rapid.T) *coverage.Held {
	h := &coverage.Held{}
	h.Line = rapid.SampledFrom(coverage.Lines()).Draw(t, "line")
	h.From = drawDay(t, "from")
	if rapid.Bool().Draw(t, "ends") {
		h.To = drawDay(t, "to")
	}
	if rapid.Bool().Draw(t, "disabled") {
		h.Continuation = &coverage.Continuation{DisabledFrom: calendar.MonthOf(drawDay(t, "disabled from"))}
	}
	if rapid.Bool().Draw(t, "withheld") {
		h.Withhold = []coverage.Withhold{{From: calendar.MonthOf(drawDay(t, "withheld from")), Agency: "SSA", Status: coverage.WithholdAccepted}}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "terms") {
		from := h.From
		if i > 0 {
			from = drawDay(t, "terms from")
		}
		facts := coverage.Terms{
			No: int64(i + 1), From: from, Stated: true, Rate: drawCents(t, "rate"), EHB: drawCents(t, "ehb"),
			Employer: drawCents(t, "employer"), Subsidy: drawCents(t, "subsidy"), LEPMonths: rapid.IntRange(0, 200).Draw(t, "lep"),
			LISFull: rapid.Bool().Draw(t, "lis"),
		}
		if h.Line.OnExchange() {
			facts.APTC = drawCents(t, "aptc")
		}
		h.Terms = append(h.Terms, facts)
	}
	return h
}

func drawRules(t *rapid.T) premium.Rules {
	rules := by(rapid.SampledFrom(premium.Methods()).Draw(t, "method"))
	rules.CreditWithinEHB = rapid.Bool().Draw(t, "within EHB")
	return rules
}

// grossOf is what lines bring in before others take over parts of it.
func grossOf(lines []premium.Line) (gross money.Cents) {
	for _, l := range lines {
		if l.Kind == premium.Gross || l.Kind == premium.Continuation || l.Kind == premium.Penalty {
			gross += l.Cents
		}
	}
	return gross
}

func TestCompose_Invariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules := drawPolicy(t), drawRules(t)
		month := calendar.MonthOf(drawDay(t, "month"))
		lines, err := premium.Compose(h, month, rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > 0 && !h.Covers(month) {
			t.Fatalf("lines of a month that is not covered")
		}
		gross := grossOf(lines)
		if premium.Total(lines) != gross {
			t.Fatalf("the lines sum to %s, gross is %s\n%s", premium.Total(lines), gross, text(lines))
		}
		for _, owner := range premium.Owners() {
			if owed := premium.OwedBy(lines, owner); owed < 0 || owed > gross {
				t.Fatalf("%s owes %s of %s\n%s", owner, owed, gross, text(lines))
			}
		}
		transfers := map[premium.Kind]money.Cents{}
		for _, l := range lines {
			if l.From.After(l.To) || !month.Holds(l.From) || !month.Holds(l.To) || l.Month != month || l.Cents == 0 || l.Rule == "" {
				t.Fatalf("a line that is about no part of %s: %+v", month, l)
			}
			switch l.Kind {
			case premium.Gross, premium.Continuation, premium.Penalty:
				if l.Cents < 0 {
					t.Fatalf("a price below zero: %+v", l)
				}
			default: // taken off the member's share and owed by another, to the cent
				transfers[l.Kind] += l.Cents
				if (l.Owner == premium.Member) != (l.Cents < 0) {
					t.Fatalf("another party's money on the wrong side: %+v", l)
				}
			}
		}
		for kind, sum := range transfers {
			if sum != 0 {
				t.Fatalf("%s does not balance by %s", kind, sum)
			}
		}
	})
}

// net = max(0, gross - aptc) of a whole month, and the credit within the EHB part.
func TestCompose_NetIsGrossLessCredit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := terms("2027-01-01", drawCents(t, "rate"))
		facts.APTC, facts.EHB = drawCents(t, "aptc"), drawCents(t, "ehb")
		rules := drawRules(t)
		rules.Proration = rapid.SampledFrom([]premium.Method{premium.Daily, premium.FullMonth}).Draw(t, "whole month")
		h := policy(coverage.ExchangeAPTC, "2027-01-01", "", facts)
		lines, err := premium.Compose(h, calendar.MustParseMonth("2027-02"), rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		bound := facts.Rate
		if rules.CreditWithinEHB && facts.EHB > 0 {
			bound = min(bound, facts.EHB)
		}
		credit := min(facts.APTC, bound)
		if got := premium.OwedBy(lines, premium.HHS); got != credit {
			t.Fatalf("HHS owes %s, want %s", got, credit)
		}
		if got, want := premium.OwedBy(lines, premium.Member), max(0, facts.Rate-credit); got != want {
			t.Fatalf("the member owes %s, want %s", got, want)
		}
	})
}

// Whatever was billed, what is added makes the month what it should be, and a
// second look finds nothing more.
func TestDifference_ReachesWhatShouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		month := calendar.MonthOf(drawDay(t, "month"))
		was, err := premium.Compose(drawPolicy(t), month, drawRules(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		should, err := premium.Compose(drawPolicy(t), month, drawRules(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		billed := slices.Concat(was, premium.Difference(was, should))
		for _, owner := range premium.Owners() {
			if got, want := premium.OwedBy(billed, owner), premium.OwedBy(should, owner); got != want {
				t.Fatalf("%s owes %s, want %s", owner, got, want)
			}
		}
		if again := premium.Difference(billed, should); len(billed) > 0 && len(again) > 0 {
			t.Fatalf("a second look finds %v", again)
		}
	})
}

// 102 % and 150 % are caps of law, of parts of a month too.
func TestCompose_ContinuationIsNeverAboveItsCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := drawCents(t, "rate")
		h := policy(coverage.COBRA, "2027-01-01", "2027-03-01", terms("2027-01-01", rate))
		h.To = h.To.AddDays(rapid.IntRange(0, 30).Draw(t, "days"))
		lines, err := premium.Compose(h, calendar.MustParseMonth("2027-03"), federal, nil)
		if err != nil {
			t.Fatal(err)
		}
		days := money.Cents(h.To.Sub(calendar.MustParse("2027-03-01")) + 1)
		if got := premium.Total(lines); got*100*31 > rate*102*days || (got+1)*100*31 <= rate*102*days {
			t.Fatalf("%s of %s for %d days", got, rate, days)
		}
	})
}
