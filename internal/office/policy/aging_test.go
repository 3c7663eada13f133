package policy_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// family puts a policy with children on file.
func family(t *testing.T, o *storetest.Office, number billpay.Number, line coverage.Line, rated bool, born ...string) coverage.Key {
	t.Helper()
	h := coverage.Held{
		Policy: coverage.Policy{
			Number: number, No: 1, Line: line, State: "CO", Product: "CVH-GOLD-01", Source: "aging", SourceID: number.Digits(), Entry: coverage.NewEnrolment,
			From: day("2026-01-01"), ReceivedOn: day("2025-12-01"),
		},
		Terms: []coverage.Terms{{From: day("2026-01-01"), KnownOn: day("2025-12-01"), Members: []coverage.Insured{
			{Number: number, Born: day("1970-01-01"), Relationship: "self"},
		}}},
	}
	if !rated {
		h.Terms[0].Stated, h.Terms[0].Rate = true, 90000
	}
	for _, b := range born {
		h.Terms[0].Members = append(h.Terms[0].Members, coverage.Insured{Born: day(b), Relationship: "child"})
	}
	if err := o.Store.SavePolicies(context.Background(), []coverage.Held{h}, nil); err != nil {
		t.Fatal(err)
	}
	return h.Key()
}

func TestLook_ListsWhoAgesOutAndEndsWhatWeRate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := context.Background()
		numbers := o.Members(t, 4)
		rated := family(t, o, numbers[0], coverage.Direct, true, "2000-12-15", "2001-01-10", "2010-01-01")
		family(t, o, numbers[1], coverage.Direct, false, "2000-11-30")
		family(t, o, numbers[2], coverage.ExchangeNoAPTC, true, "2000-12-01")
		family(t, o, numbers[3], coverage.Direct, true, "2000-10-02") // should have left in October
		access, err := audit.By(ident.Actor{Kind: ident.System, Name: "test"}, "age limit", "test")
		if err != nil {
			t.Fatal(err)
		}
		aging := policy.Aging{Store: o.Store, Trail: audit.New(o.Store, o.Clock), Rules: rule.Embedded(), Months: 2, End: true}
		look := func(on string, dry bool) policy.AgingReport {
			t.Helper()
			report, err := aging.Look(ctx, access, day(on), calendar.MonthOf(day(on)).Add(1).Last(), dry)
			if err != nil {
				t.Fatal(err)
			}
			return report
		}
		tell := func(r policy.AgingReport) (told []string) {
			for _, v := range r.List {
				staff := "ours"
				if v.Note != "" {
					staff = "staff"
				}
				told = append(told, fmt.Sprint(v.LastDay, " ", v.Line, " ", staff))
			}
			slices.Sort(told)
			return told
		}
		want := []string{"2026-10-31 DIRECT staff", "2026-11-30 DIRECT staff", "2026-12-31 DIRECT ours", "2026-12-31 EXCH_NOAPTC staff", "2027-01-31 DIRECT ours"}
		for _, dry := range []bool{true, false} {
			report := look("2026-11-12", dry)
			if got := tell(report); !slices.Equal(got, want) || report.Ended != 0 || report.Staff != 3 {
				t.Errorf("dry %v: got %v, %+v\nwant %v", dry, got, report, want)
			}
		}
		// From December's issue day January is billed, so that its terms are added now.
		if report := look("2026-12-10", true); report.Ended != 1 {
			t.Errorf("a dry run says that %d policies would change", report.Ended)
		}
		report := look("2026-12-10", false)
		if report.Ended != 1 || report.Staff != 3 {
			t.Errorf("got %+v", report)
		}
		held, err := o.Store.PoliciesOf(ctx, []billpay.Number{rated.Number})
		if err != nil {
			t.Fatal(err)
		}
		added := held[0].Terms[len(held[0].Terms)-1]
		if len(held[0].Terms) != 2 || added.From != day("2027-01-01") || added.Cause != coverage.AgedOut || len(added.Members) != 3 ||
			added.KnownOn != day("2026-12-10") || held[0].Version != 2 {
			t.Errorf("got %+v", held[0])
		}
		if again := look("2026-12-11", false); again.Ended != 0 || slices.Contains(tell(again), "2026-12-31 DIRECT ours") {
			t.Errorf("ended twice: %+v", again)
		}
		aging.End = false
		if report := look("2027-01-15", false); report.Ended != 0 || !slices.Contains(tell(report), "2027-01-31 DIRECT staff") {
			t.Errorf("a plan that only lists: %v", tell(report))
		}
	})
}

func TestLook_FollowsTheRuleOfStateAndLine(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	number := o.Members(t, 1)[0]
	family(t, o, number, coverage.Direct, true, "2000-03-15")
	access, err := audit.By(ident.Actor{Kind: ident.System, Name: "test"}, "age limit", "test")
	if err != nil {
		t.Fatal(err)
	}
	for rows, want := range map[string]string{
		"": "", // left in March
		`rows:
  - {rule: dependant.coverage_ends, jurisdiction: CO, coverage_line: DIRECT, valid_from: "2026-01-01", value: END_OF_YEAR, citation: "contract", confirm: true}`: "2026-12-31",
		`rows:
  - {rule: dependant.coverage_ends, jurisdiction: CO, coverage_line: DIRECT, valid_from: "2026-01-01", value: NEVER, citation: "contract", confirm: true}`: "",
		`rows:
  - {rule: dependant.age_limit, jurisdiction: CO, coverage_line: ALL, valid_from: "2026-01-01", value: 27, citation: "statute", confirm: true}`: "",
	} {
		rules := rule.Embedded()
		if rows != "" {
			var problems any
			if rules, problems = overlay(rules, rows); problems != nil {
				t.Fatal(problems)
			}
		}
		aging := policy.Aging{Store: o.Store, Trail: audit.New(o.Store, o.Clock), Rules: rules, Months: 2}
		report, err := aging.Look(context.Background(), access, day("2026-11-12"), day("2026-12-31"), false)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(report.List) > 0 {
			got = report.List[0].LastDay.String()
		}
		if got != want {
			t.Errorf("%s\ngot %q, want %q", rows, got, want)
		}
	}
}

func overlay(rules *rule.Set, rows string) (*rule.Set, any) {
	set, problems := rules.Overlay("rules.yaml", []byte(rows))
	if len(problems) > 0 {
		return nil, problems
	}
	return set, nil
}
