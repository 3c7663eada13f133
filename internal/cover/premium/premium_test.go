package premium_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
)

var federal = premium.Rules{
	Proration: premium.Daily, Continuation: 10200, Disability: 15000, BasePremium: 3899, PenaltyShare: 100, PenaltyRounding: 10,
	CreditWithinEHB: true,
	ChildrenCounted: 3, ChildrenUnder: 21, TobaccoAge: 21,
}

func by(m premium.Method) premium.Rules {
	rules := federal
	rules.Proration = m
	return rules
}

// policy makes a policy of a line from one day to another ("" while there is no end).
func policy(line coverage.Line, from, to string, terms ...coverage.Terms) *coverage.Held {
	h := &coverage.Held{Terms: terms}
	h.Line, h.From, h.To = line, calendar.MustParse(from), calendar.MustParse(to)
	for i := range h.Terms {
		h.Terms[i].No = int64(i + 1)
	}
	return h
}

func terms(from string, rate money.Cents) coverage.Terms {
	return coverage.Terms{From: calendar.MustParse(from), Rate: rate, Stated: true}
}

func compose(t *testing.T, h *coverage.Held, month string, rules premium.Rules) []premium.Line {
	t.Helper()
	lines, err := premium.Compose(h, calendar.MustParseMonth(month), rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func text(lines []premium.Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %s..%s %s (%s)\n", l.Kind, l.Owner, l.From, l.To, l.Cents, l.Rule)
	}
	return b.String()
}

func same(t *testing.T, got []premium.Line, want ...string) {
	t.Helper()
	if w := strings.Join(want, "\n") + "\n"; len(want) > 0 && text(got) != w || len(want) == 0 && len(got) > 0 {
		t.Errorf("got\n%swant\n%s", text(got), w)
	}
}

// §2.3: 483.27 for 17 of 30 days and 17 of 31.
func TestProrate_HalfUpAtTheLastStep(t *testing.T) {
	for _, tc := range []struct {
		monthly  money.Cents
		days, of int
		want     money.Cents
	}{
		{48327, 17, 30, 27385}, {48327, 17, 31, 26502}, {62000, 15, 30, 31000}, {62000, 10, 30, 20667},
		{1, 1, 2, 1}, {1, 14, 30, 0}, {1, 15, 30, 1}, {48327, 31, 31, 48327}, {0, 3, 28, 0}, {money.Max, 29, 29, money.Max},
	} {
		if got := premium.Prorate(tc.monthly, tc.days, tc.of); got != tc.want {
			t.Errorf("%s for %d/%d: got %s, want %s", tc.monthly, tc.days, tc.of, got, tc.want)
		}
	}
}

// §2.3 on a policy: premium and credit are each prorated by day.
func TestCompose_ExchangeProratesPremiumAndCreditByDay(t *testing.T) {
	covered := terms("2026-06-14", 48327)
	covered.APTC = 30000
	same(t, compose(t, policy(coverage.ExchangeAPTC, "2026-06-14", "", covered), "2026-06", federal),
		"premium member 2026-06-14..2026-06-30 273.85 (DAILY 17/30)",
		"tax_credit member 2026-06-14..2026-06-30 -170.00 (DAILY 17/30)",
		"tax_credit hhs 2026-06-14..2026-06-30 170.00 (DAILY 17/30)")
	ends := policy(coverage.ExchangeAPTC, "2026-01-01", "2026-05-17", covered)
	ends.Terms[0].From = calendar.MustParse("2026-01-01")
	lines := compose(t, ends, "2026-05", federal)
	if premium.Total(lines) != 26502 || premium.OwedBy(lines, premium.HHS) != 16452 || premium.OwedBy(lines, premium.Member) != 10050 {
		t.Errorf("got\n%s", text(lines))
	}
}

// §6, rate 620.00 in June, and what a change within a month means by each method.
func TestCompose_ProrationMethods(t *testing.T) {
	for _, tc := range []struct {
		name     string
		method   premium.Method
		from, to string
		change   string // day from which 900.00 holds
		want     money.Cents
	}{
		{"add 06-15", premium.Wash15, "2026-06-15", "", "", 62000},
		{"add 06-16", premium.Wash15, "2026-06-16", "", "", 0},
		{"add 06-16", premium.Daily, "2026-06-16", "", "", 31000},
		{"term 06-10", premium.Daily, "2026-01-01", "2026-06-10", "", 20667},
		{"tier change 06-16", premium.Daily, "2026-01-01", "", "2026-06-16", 76000},
		{"term 06-15", premium.Wash15, "2026-01-01", "2026-06-15", "", 0},
		{"term 06-16", premium.Wash15, "2026-01-01", "2026-06-16", "", 62000},
		{"both within the month", premium.Wash15, "2026-06-15", "2026-06-16", "", 62000},
		{"a day late", premium.Wash15, "2026-06-16", "2026-06-30", "", 0},
		{"tier change 06-15", premium.Wash15, "2026-01-01", "", "2026-06-15", 90000},
		{"tier change 06-16", premium.Wash15, "2026-01-01", "", "2026-06-16", 62000},
		{"add on the last day", premium.FullMonth, "2026-06-30", "", "", 62000},
		{"term on the first day", premium.FullMonth, "2026-01-01", "2026-06-01", "", 62000},
		{"tier change 06-30", premium.FullMonth, "2026-01-01", "", "2026-06-30", 90000},
		{"add 06-01", premium.FirstOfNext, "2026-06-01", "", "", 62000},
		{"add 06-02", premium.FirstOfNext, "2026-06-02", "", "", 0},
		{"term 06-10", premium.FirstOfNext, "2026-01-01", "2026-06-10", "", 62000},
		{"tier change 06-02", premium.FirstOfNext, "2026-01-01", "", "2026-06-02", 62000},
		{"ended before", premium.FullMonth, "2026-01-01", "2026-05-31", "", 0},
		{"never began", premium.FullMonth, "2026-06-10", "2026-06-09", "", 0},
	} {
		all := []coverage.Terms{terms("2026-01-01", 62000)}
		if tc.change != "" {
			all = append(all, terms(tc.change, 90000))
		}
		lines := compose(t, policy(coverage.Direct, tc.from, tc.to, all...), "2026-06", by(tc.method))
		if got := premium.Total(lines); got != tc.want {
			t.Errorf("%s by %s: got %s, want %s\n%s", tc.name, tc.method, got, tc.want, text(lines))
		}
	}
}

func TestCompose_LeapFebruary(t *testing.T) {
	lines := compose(t, policy(coverage.Direct, "2028-02-29", "", terms("2028-01-01", 29000)), "2028-02", federal)
	same(t, lines, "premium member 2028-02-29..2028-02-29 10.00 (DAILY 1/29)")
	same(t, compose(t, policy(coverage.Direct, "2028-01-01", "2028-02-15", terms("2028-01-01", 29000)), "2028-02", by(premium.Wash15)))
}

// Two terms of one rate in a month of 31 days would each be rounded, and a month
// that costs the same all along would cost a cent more or less.
func TestCompose_WhatDoesNotChangeIsNotRoundedTwice(t *testing.T) {
	first, second := terms("2026-01-01", 48329), terms("2026-05-18", 48329)
	first.APTC, second.APTC = 10001, 20001
	same(t, compose(t, policy(coverage.ExchangeAPTC, "2026-01-01", "", first, second), "2026-05", federal),
		"premium member 2026-05-01..2026-05-31 483.29 (DAILY 31/31)",
		"tax_credit member 2026-05-01..2026-05-17 -54.84 (DAILY 17/31)",
		"tax_credit hhs 2026-05-01..2026-05-17 54.84 (DAILY 17/31)",
		"tax_credit member 2026-05-18..2026-05-31 -90.33 (DAILY 14/31)",
		"tax_credit hhs 2026-05-18..2026-05-31 90.33 (DAILY 14/31)")
}

// §2.3: net = max(0, gross - aptc), and the credit stays within the EHB part.
func TestCompose_TaxCreditStaysWithinItsBounds(t *testing.T) {
	for _, tc := range []struct {
		name                         string
		gross, ehb, aptc, member, us money.Cents
		within                       bool
	}{
		{"plain", 60000, 0, 45000, 15000, 45000, true},
		{"above gross", 60000, 0, 70000, 0, 60000, true},
		{"above the EHB part", 60000, 59000, 70000, 1000, 59000, true},
		{"the EHB part does not bound", 60000, 59000, 70000, 0, 60000, false},
		{"no credit left", 60000, 59000, 0, 60000, 0, true},
	} {
		facts := terms("2026-01-01", tc.gross)
		facts.EHB, facts.APTC = tc.ehb, tc.aptc
		rules := federal
		rules.CreditWithinEHB = tc.within
		lines := compose(t, policy(coverage.ExchangeAPTC, "2026-01-01", "", facts), "2026-03", rules)
		if got := premium.OwedBy(lines, premium.Member); got != tc.member {
			t.Errorf("%s: the member owes %s, want %s", tc.name, got, tc.member)
		}
		if got := premium.OwedBy(lines, premium.HHS); got != tc.us {
			t.Errorf("%s: HHS owes %s, want %s", tc.name, got, tc.us)
		}
	}
}

func TestCompose_SharesOfOthers(t *testing.T) {
	facts := terms("2026-01-01", 60000)
	facts.APTC, facts.Employer, facts.Subsidy = 30000, 20000, 99900
	same(t, compose(t, policy(coverage.ExchangeAPTC, "2026-01-01", "", facts), "2026-03", by(premium.FullMonth)),
		"premium member 2026-03-01..2026-03-31 600.00 (FULL_MONTH)",
		"tax_credit member 2026-03-01..2026-03-31 -300.00 (FULL_MONTH)",
		"tax_credit hhs 2026-03-01..2026-03-31 300.00 (FULL_MONTH)",
		"employer_share member 2026-03-01..2026-03-31 -200.00 (FULL_MONTH)",
		"employer_share employer 2026-03-01..2026-03-31 200.00 (FULL_MONTH)",
		"subsidy member 2026-03-01..2026-03-31 -100.00 (FULL_MONTH)",
		"subsidy state 2026-03-01..2026-03-31 100.00 (FULL_MONTH)")
}

// §4: cut off, never over the cap; 150 % from the month of the disability extension on.
func TestCompose_ContinuationNeverExceedsItsCap(t *testing.T) {
	for _, tc := range []struct {
		applicable money.Cents
		disabled   string
		want       money.Cents
	}{
		{69804, "", 71200}, {33333, "", 33999}, {69804, "2026-05", 104706}, {69804, "2026-06", 71200},
	} {
		h := policy(coverage.COBRA, "2026-01-01", "", terms("2026-01-01", tc.applicable))
		h.Continuation = &coverage.Continuation{DisabledFrom: calendar.MustParseMonth(tc.disabled)}
		lines := compose(t, h, "2026-05", federal)
		if got := premium.Total(lines); got != tc.want || got != premium.OwedBy(lines, premium.Member) {
			t.Errorf("%s, disabled from %q: got %s, want %s", tc.applicable, tc.disabled, got, tc.want)
		}
	}
	same(t, compose(t, policy(coverage.COBRA, "2026-01-01", "", terms("2026-01-01", 69804)), "2026-05", by(premium.FullMonth)),
		"premium member 2026-05-01..2026-05-31 698.04 (FULL_MONTH)",
		"continuation member 2026-05-01..2026-05-31 13.96 (102 %)")
	state := federal
	state.Continuation = 11000
	if got := premium.Total(compose(t, policy(coverage.StateCont, "2026-01-01", "", terms("2026-01-01", 10000)), "2026-05", state)); got != 11000 {
		t.Errorf("state continuation at 110 %%: got %s", got)
	}
}

// §5.3, every row.
func TestCompose_LateEnrolmentPenaltyIsRoundedToTenCents(t *testing.T) {
	for _, tc := range []struct {
		months     int
		base, want money.Cents
	}{
		{14, 3899, 550}, {7, 3899, 270}, {12, 3899, 470}, {22, 3899, 860}, {31, 3678, 1140}, {0, 3899, 0}, {5, 3900, 200}, {5, 3899, 190},
	} {
		facts := terms("2026-01-01", 0)
		facts.LEPMonths = tc.months
		rules := by(premium.FullMonth)
		rules.BasePremium = tc.base
		if got := premium.Total(compose(t, policy(coverage.PDP, "2026-01-01", "", facts), "2026-03", rules)); got != tc.want {
			t.Errorf("%d months of %s: got %s, want %s", tc.months, tc.base, got, tc.want)
		}
	}
}

func TestCompose_MedicarePremiumPenaltyAndSubsidy(t *testing.T) {
	facts := terms("2026-01-01", 4200)
	facts.LEPMonths, facts.Subsidy = 14, 3000
	rules := by(premium.FullMonth)
	same(t, compose(t, policy(coverage.PDP, "2026-01-01", "", facts), "2026-03", rules),
		"premium member 2026-03-01..2026-03-31 42.00 (FULL_MONTH)",
		"subsidy member 2026-03-01..2026-03-31 -30.00 (FULL_MONTH)",
		"subsidy cms 2026-03-01..2026-03-31 30.00 (FULL_MONTH)",
		"late_enrolment_penalty member 2026-03-01..2026-03-31 5.50 (1 % x 14 x 38.99)")
	facts.LISFull = true
	if got := premium.Total(compose(t, policy(coverage.PDP, "2026-01-01", "", facts), "2026-03", rules)); got != 4200 {
		t.Errorf("with the low-income subsidy there is no penalty: got %s", got)
	}
	if got := premium.Total(compose(t, policy(coverage.MA, "2026-01-01", "", facts), "2026-03", rules)); got != 4200 {
		t.Errorf("a plan without drugs has no penalty: got %s", got)
	}
	// The penalty is owed on a plan whose premium is zero, and no subsidy pays it.
	free := terms("2026-01-01", 0)
	free.LEPMonths, free.Subsidy = 14, 3000
	if got := premium.OwedBy(compose(t, policy(coverage.MAPD, "2026-01-01", "", free), "2026-03", rules), premium.Member); got != 550 {
		t.Errorf("a zero premium with penalty: got %s", got)
	}
}

// §5.2: what an agency withholds, the member does not owe; only while it is accepted.
func TestCompose_WithheldMonthsAreNotTheMembers(t *testing.T) {
	facts := terms("2026-01-01", 4200)
	facts.LEPMonths = 14
	h := policy(coverage.MAPD, "2026-01-01", "", facts)
	month := calendar.MustParseMonth
	h.Withhold = []coverage.Withhold{
		{From: month("2026-02"), Agency: "SSA", Status: coverage.WithholdRequested},
		{From: month("2026-03"), Agency: "SSA", Status: coverage.WithholdAccepted},
		{From: month("2026-06"), Agency: "SSA", Status: coverage.WithholdRejected},
		{From: month("2026-08"), To: month("2026-08"), Agency: "RRB", Status: coverage.WithholdAccepted},
	}
	rules := by(premium.FullMonth)
	for m, want := range map[string]struct {
		owner premium.Owner
		cents money.Cents
	}{
		"2026-01": {premium.Member, 4750}, "2026-02": {premium.Member, 4750}, "2026-03": {premium.SSA, 4750}, "2026-05": {premium.SSA, 4750},
		"2026-06": {premium.Member, 4750}, "2026-08": {premium.RRB, 4750}, "2026-09": {premium.Member, 4750},
	} {
		lines := compose(t, h, m, rules)
		if premium.OwedBy(lines, want.owner) != want.cents || premium.Total(lines) != want.cents {
			t.Errorf("%s: want %s owed by %s, got\n%s", m, want.cents, want.owner, text(lines))
		}
	}
}

// §6: nobody of a group owes the plan; the employer does.
func TestCompose_AGroupsPremiumIsTheEmployers(t *testing.T) {
	facts := terms("2026-01-01", 62000)
	facts.Employer = 50000
	lines := compose(t, policy(coverage.Group, "2026-01-01", "", facts), "2026-03", by(premium.FullMonth))
	same(t, lines, "premium employer 2026-03-01..2026-03-31 620.00 (FULL_MONTH)")
}

func TestCompose_RefusesWhatCannotBeBilled(t *testing.T) {
	credit := terms("2026-01-01", 60000)
	credit.APTC = 100
	lep := terms("2026-01-01", 60000)
	lep.LEPMonths = 3
	unknownBase, noShare, noMethod := federal, federal, federal
	unknownBase.BasePremium, noShare.Continuation, noMethod.Proration = 0, 0, ""
	stranger := policy(coverage.MA, "2026-01-01", "", terms("2026-01-01", 1))
	stranger.Withhold = []coverage.Withhold{{From: calendar.MustParseMonth("2026-01"), Agency: "OPM", Status: coverage.WithholdAccepted}}
	unrated := terms("2026-01-01", 0)
	unrated.Stated = false
	for name, tc := range map[string]struct {
		held  *coverage.Held
		rules premium.Rules
		says  string
	}{
		"no terms":        {policy(coverage.Direct, "2026-01-01", ""), federal, "no terms on 2026-03-01"},
		"terms too late":  {policy(coverage.Direct, "2026-01-01", "", terms("2026-03-02", 1)), federal, "no terms on 2026-03-01"},
		"credit":          {policy(coverage.COBRA, "2026-01-01", "", credit), federal, "no line of an exchange"},
		"negative":        {policy(coverage.Direct, "2026-01-01", "", terms("2026-01-01", -1)), federal, "below zero"},
		"base premium":    {policy(coverage.PDP, "2026-01-01", "", lep), unknownBase, "base beneficiary premium of 2026"},
		"no share":        {policy(coverage.COBRA, "2026-01-01", "", terms("2026-01-01", 1)), noShare, "no rule says what part"},
		"no method":       {policy(coverage.Direct, "2026-01-01", "", terms("2026-01-01", 1)), noMethod, "no method of proration"},
		"other agency":    {stranger, federal, "SSA or RRB"},
		"nobody to rate":  {policy(coverage.Direct, "2026-01-01", "", unrated), federal, "neither a rate nor who is covered"},
		"too many months": {policy(coverage.PDP, "2026-01-01", "", coverage.Terms{From: calendar.MustParse("2026-01-01"), LEPMonths: 5000}), federal, "5000 months"},
	} {
		lines, err := premium.Compose(tc.held, calendar.MustParseMonth("2026-03"), tc.rules, nil)
		if fault.KindOf(err) != fault.Invalid || err == nil || !strings.Contains(err.Error(), tc.says) || lines != nil {
			t.Errorf("%s: got %v and %v, want an error saying %q", name, lines, err, tc.says)
		}
	}
}

func TestDifference_AdjustsAndNeverEdits(t *testing.T) {
	month := calendar.MustParseMonth("2026-05")
	line := func(kind premium.Kind, owner premium.Owner, cents money.Cents) premium.Line {
		return premium.Line{Kind: kind, Owner: owner, Month: month, Cents: cents}
	}
	was := []premium.Line{
		line(premium.Gross, premium.Member, 60000), line(premium.TaxCredit, premium.Member, -45000), line(premium.TaxCredit, premium.HHS, 45000),
	}
	should := []premium.Line{
		line(premium.Gross, premium.Member, 30000), line(premium.Gross, premium.Member, 30000),
		line(premium.TaxCredit, premium.Member, -40000), line(premium.TaxCredit, premium.HHS, 40000),
	}
	more := premium.Difference(was, should)
	same(t, more,
		"tax_credit member 2026-05-01..2026-05-31 50.00 (adjustment)",
		"tax_credit hhs 2026-05-01..2026-05-31 -50.00 (adjustment)")
	if again := premium.Difference(slices.Concat(was, more), should); len(again) > 0 {
		t.Errorf("the second time there is %v more", again)
	}
	if first := premium.Difference(nil, should); !slices.Equal(first, should) {
		t.Errorf("nothing billed: got %v", first)
	}
	same(t, premium.Difference(was, nil),
		"premium member 2026-05-01..2026-05-31 -600.00 (adjustment)",
		"tax_credit member 2026-05-01..2026-05-31 450.00 (adjustment)",
		"tax_credit hhs 2026-05-01..2026-05-31 -450.00 (adjustment)")
}
