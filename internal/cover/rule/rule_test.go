package rule_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

func overlay(t *testing.T, rows string) *rule.Set {
	t.Helper()
	set, problems := rule.Embedded().Overlay("rules.yaml", []byte("rows:\n"+rows))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return set
}

func TestFind_TheMostParticularRowInForceWins(t *testing.T) {
	for _, tc := range []struct {
		name      rule.Name
		state     string
		line      coverage.Line
		on        string
		want      string
		id        string
		confirmed bool
	}{
		{rule.StateGraceDays, "CA", coverage.Direct, "2026-06-01", "30", "grace.state.days/CA/DIRECT/2014-01-01", true},
		{rule.StateGraceDays, "CO", coverage.Direct, "2026-06-01", "31", "grace.state.days/US/DIRECT/2014-01-01", true},
		{rule.StateGraceFrom, "CA", coverage.ExchangeNoAPTC, "2026-06-01", "NOTICE", "grace.state.counts_from/CA/EXCH_NOAPTC/2014-01-01", true},
		{rule.Cooling, "CO", coverage.PDP, "2026-06-01", "1", "termination.cooling/US/ALL/2014-01-01", true},
		{rule.PenaltyBase, "CO", coverage.PDP, "2025-12-31", "36.78", "penalty.base_premium/US/PDP/2025-01-01", true},
		{rule.PenaltyBase, "CO", coverage.PDP, "2026-01-01", "38.99", "penalty.base_premium/US/PDP/2026-01-01", true},
		{rule.DrugThreshold, "CO", coverage.PDP, "2027-01-01", "2400.00", "part_d.out_of_pocket_threshold/US/PDP/2027-01-01", false},
		{rule.CobraPremium, "CA", coverage.StateCont, "2026-01-01", "110.00", "cobra.premium/CA/STATE_CONT/2014-01-01", false},
		{rule.CobraPremium, "CO", coverage.COBRA, "2026-01-01", "102.00", "cobra.premium/US/COBRA/2001-01-01", true},
		{rule.PastDueAttribution, "CO", coverage.ExchangeAPTC, "2022-12-31", "true", "past_due.attribution/US/EXCH_APTC/2017-06-19", true},
		{rule.PastDueAttribution, "CO", coverage.ExchangeAPTC, "2026-11-23", "false", "past_due.attribution/US/EXCH_APTC/2023-01-01", true},
		{rule.BinderRetroactive, "CO", coverage.ExchangeAPTC, "2026-11-23", "30", "binder.retroactive.deadline/US/EXCH_APTC/2014-01-01", false},
	} {
		answer, err := rule.Embedded().Find(tc.name, rule.Place{State: tc.state, Line: tc.line}, day(tc.on))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if answer.Value.String() != tc.want || answer.ID() != tc.id || answer.Confirmed != tc.confirmed || answer.Citation == "" {
			t.Errorf("got %s by %s, confirmed %v; want %s by %s", answer.Value, answer.ID(), answer.Confirmed, tc.want, tc.id)
		}
		if answer.Version != rule.Embedded().Version() {
			t.Errorf("%s: the answer is of version %q", tc.name, answer.Version)
		}
	}
}

func TestFind_AMissingRowIsItsOwnError(t *testing.T) {
	for _, tc := range []struct {
		name rule.Name
		on   string
	}{
		{rule.PenaltyBase, "2027-01-01"},           // §5.3: 2027 not confirmed
		{rule.ThresholdGrossPercent, "2026-06-01"}, // §2.2: removed by the June 2025 rule
	} {
		_, err := rule.Embedded().Find(tc.name, rule.Place{State: "CO", Line: coverage.MAPD}, day(tc.on))
		var missing *rule.Missing
		if !errors.As(err, &missing) || missing.Rule != tc.name || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
}

func TestFind_TypedValues(t *testing.T) {
	set := rule.Embedded()
	at := rule.Place{State: "CO", Line: coverage.COBRA}
	amount, _ := set.Find(rule.CobraShortfallAmount, at, day("2026-01-01"))
	part, _ := set.Find(rule.CobraShortfallPercent, at, day("2026-01-01"))
	action, _ := set.Find(rule.CobraShortfallAction, at, day("2026-01-01"))
	election, _ := set.Find(rule.CobraElection, at, day("2026-01-01"))
	if amount.Cents() != 5000 || part.BasisPoints() != 1000 || action.Word() != rule.NotifyShortfall || election.Count() != 60 {
		t.Errorf("got %d cents, %d basis points, %s, %d days", amount.Cents(), part.BasisPoints(), action.Word(), election.Count())
	}
	disenrols, _ := set.Find(rule.MedicareDisenrols, rule.Place{State: "CO", Line: coverage.MA}, day("2026-01-01"))
	if !disenrols.On() {
		t.Error("the switch is off")
	}
}

func TestOverlay_ConfirmsAndReplaces(t *testing.T) {
	set := overlay(t, `
  - {rule: binder.retroactive.deadline, jurisdiction: US, coverage_line: EXCH_APTC, valid_from: "2014-01-01", confirm: true}
  - {rule: grace.state.days, jurisdiction: CO, coverage_line: DIRECT EXCH_NOAPTC, valid_from: "2027-01-01", value: 30, citation: "CRS 10-16-140", confirm: true}
  - {rule: threshold.net.use, jurisdiction: US, coverage_line: EXCH_APTC, valid_from: "2014-01-01", value: true, citation: "plan", confirm: true}
`)
	find := func(name rule.Name, line coverage.Line, on string) rule.Answer {
		t.Helper()
		answer, err := set.Find(name, rule.Place{State: "CO", Line: line}, day(on))
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if a := find(rule.BinderRetroactive, coverage.ExchangeAPTC, "2026-01-01"); !a.Confirmed || a.Count() != 30 || !a.Operator {
		t.Errorf("got %+v", a)
	}
	if a := find(rule.BinderRetroactive, coverage.ExchangeNoAPTC, "2026-01-01"); a.Confirmed {
		t.Error("a line that was not named was confirmed")
	}
	if a := find(rule.StateGraceDays, coverage.Direct, "2026-12-31"); a.Count() != 31 || !a.Default {
		t.Errorf("the row holds before its first day: %+v", a)
	}
	if a := find(rule.StateGraceDays, coverage.Direct, "2027-01-01"); a.Count() != 30 || a.Default {
		t.Errorf("got %+v", a)
	}
	if a := find(rule.ThresholdNetUse, coverage.ExchangeAPTC, "2026-01-01"); !a.On() {
		t.Error("the operator's row of another first day does not win over the product's")
	}
	if set.Version() == rule.Embedded().Version() {
		t.Error("two sets of different rows have one version")
	}
}

func TestOverlay_SaysEveryMistakeWithItsLine(t *testing.T) {
	key := `jurisdiction: US, coverage_line: EXCH_APTC, valid_from: "2014-01-01"`
	for _, tc := range []struct{ row, want string }{
		{`{rule: binder.regular.deadlin, ` + key + `, confirm: true}`, `"binder.regular.deadline" is meant?`},
		{`{rule: binder.regular.deadline, ` + key + `}`, `"confirm" is missing`},
		{`{rule: binder.regular.deadline, ` + key + `, value: 31, confirm: true}`, `is 31, above 30`},
		{`{rule: binder.retroactive.deadline, ` + key + `, value: 29, confirm: true}`, `is 29, below 30`},
		{`{rule: termination.cooling, ` + key + `, value: 6, citation: x, confirm: true}`, `from 1 to 5`},
		{`{rule: threshold.net.percent, ` + key + `, value: 94.99, citation: x, confirm: true}`, `from 95.00 to 100.00`},
		{`{rule: grace.state.days, jurisdiction: XX, coverage_line: DIRECT, valid_from: "2014-01-01", confirm: true}`, `no jurisdiction`},
		{`{rule: grace.state.days, jurisdiction: US, coverage_line: DIRCT, valid_from: "2014-01-01", confirm: true}`, `no coverage line`},
		{`{rule: grace.state.days, jurisdiction: US, coverage_line: DIRECT, valid_from: "2014-13-01", confirm: true}`, `is not a date`},
		{`{rule: grace.state.days, jurisdiction: TX, coverage_line: DIRECT, valid_from: "2027-01-01", confirm: true}`, `"value" is missing`},
		{`{rule: grace.state.days, jurisdiction: US, coverage_line: DIRECT, valid_from: "2014-01-01", valid_to: "2013-01-01", confirm: true}`, `ends before`},
		{`{rule: grace.state.counts_from, jurisdiction: TX, coverage_line: DIRECT, valid_from: "2014-01-01", value: LETTER, citation: x, confirm: true}`, `DUE_DATE, NOTICE`},
	} {
		set, problems := rule.Embedded().Overlay("rules.yaml", []byte("rows:\n\n  - "+tc.row+"\n"))
		found := slices.ContainsFunc(problems, func(p fault.Problem) bool {
			return strings.Contains(p.Message, tc.want) && p.Line == 3 && p.Record == "rules.yaml"
		})
		if set != nil || !found {
			t.Errorf("%s: got %v, want %q at line 3", tc.row, problems, tc.want)
		}
	}
}

func TestOverlay_RefusesTwoRowsForOneDay(t *testing.T) {
	row := `  - {rule: grace.state.days, jurisdiction: TX, coverage_line: DIRECT, valid_from: "%s", %s value: 31, citation: x, confirm: true}` + "\n"
	_, problems := rule.Embedded().Overlay("rules.yaml", fmt.Appendf(nil, "rows:\n"+row+row, "2020-01-01", "", "2026-01-01", ""))
	if len(problems) != 1 || problems[0].Line != 3 || !strings.Contains(problems[0].Message, "line 2") {
		t.Errorf("got %v", problems)
	}
	_, problems = rule.Embedded().Overlay("rules.yaml",
		fmt.Appendf(nil, "rows:\n"+row+row, "2020-01-01", `valid_to: "2025-12-31",`, "2026-01-01", ""))
	if len(problems) != 0 {
		t.Errorf("rows that follow each other: got %v", problems)
	}
}

func TestGaps_NamesEachPlace(t *testing.T) {
	places := []rule.Place{
		{State: "CO", Line: coverage.Direct}, {State: "CA", Line: coverage.Direct}, {State: "CO", Line: coverage.MA}, {State: "CO", Line: coverage.Direct},
	}
	gaps := rule.Embedded().Gaps(day("2026-06-01"), places)
	if len(gaps) != 3 {
		t.Fatalf("got %v; want the three defaults of CO DIRECT", gaps)
	}
	for _, g := range gaps {
		if g.At != places[0] || g.Default == nil || !strings.Contains(g.String(), "CO DIRECT") {
			t.Errorf("got %s", g)
		}
	}
	early := rule.Embedded().Gaps(day("1999-01-01"), []rule.Place{{State: "CO", Line: coverage.COBRA}})
	if len(early) == 0 || early[0].Default != nil || early[0].Rule == "" {
		t.Errorf("got %v; want rules without any row", early)
	}
}

// Every line has what its status needs, today and in the years around.
func TestGaps_NoLineLacksARow(t *testing.T) {
	for _, line := range coverage.Lines() {
		for _, on := range []string{"2024-02-29", "2026-11-23", "2027-01-01", "2028-02-29"} {
			for _, gap := range rule.Embedded().Gaps(day(on), []rule.Place{{State: "CA", Line: line}, {State: "CO", Line: line}}) {
				if gap.Default == nil {
					t.Error(gap)
				}
			}
		}
	}
}

// What the domain's text marks as unconfirmed ends nobody's coverage until the
// operator says so.
func TestEmbedded_DoubtfulRowsAreUnconfirmed(t *testing.T) {
	want := []rule.Name{
		rule.BinderRetroactiveEarliest, rule.BinderRetroactive, rule.BinderProspectiveMonth, rule.ThresholdGrossPercent,
		rule.ThresholdFixedAmount, rule.ThresholdOnBinder, rule.LateMoneyDecision, rule.PastDueAttribution, rule.StateContMonths,
		rule.ReenrolmentBar, rule.WithholdMonthMax, rule.RetroInstalments, rule.DrugThreshold, rule.PrescriptionNotice,
		rule.PrescriptionEnd, rule.NoticeNonPayment, rule.CobraPremium, rule.CobraPremiumDisability,
	}
	got := map[rule.Name]bool{}
	for _, row := range rule.Embedded().Rows() {
		if !row.Confirmed {
			got[row.Rule] = true
		}
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s has no unconfirmed row", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s has an unconfirmed row", name)
	}
}

func FuzzOverlay(f *testing.F) {
	f.Add([]byte("rows:\n  - {rule: threshold.net.use, jurisdiction: US, coverage_line: EXCH_APTC, valid_from: \"2014-01-01\", value: true, citation: x, confirm: true}\n"))
	f.Add([]byte("rows:\n  - {rule: binder.retroactive.deadline, jurisdiction: US, coverage_line: EXCH_APTC EXCH_NOAPTC, valid_from: \"2014-01-01\", confirm: true}\n"))
	f.Add([]byte("rows: [{rule: penalty.base_premium, jurisdiction: CO, coverage_line: ALL, valid_from: \"2027-01-01\", value: 40.01, citation: x, confirm: false}]"))
	f.Add([]byte("rows: {}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, problems := rule.Embedded().Overlay("rules.yaml", text)
		if (set == nil) != (len(problems) > 0) {
			t.Fatalf("a set and %d problems", len(problems))
		}
		again, _ := rule.Embedded().Overlay("rules.yaml", text)
		if set != nil && (set.Version() != again.Version() || len(set.Version()) != 12) {
			t.Fatal("the version of one text is not one")
		}
		for _, p := range problems {
			if p.Record != "rules.yaml" {
				t.Fatalf("a problem without its file: %v", p)
			}
		}
	})
}
