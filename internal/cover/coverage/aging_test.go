package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
)

func TestAgingOut_NamesWhoLeavesAndWhen(t *testing.T) {
	child := func(born string) coverage.Insured { return coverage.Insured{Relationship: "child", Born: day(born)} }
	h := coverage.Held{Policy: coverage.Policy{From: day("2026-01-01")}, Terms: []coverage.Terms{
		{No: 1, From: day("2026-01-01"), Members: []coverage.Insured{
			{Relationship: "self", Born: day("2000-05-10")}, {Relationship: "spouse", Born: day("2000-05-11")},
			child("2000-05-10"), {Relationship: "stepchild", Born: day("2000-02-29")}, child("2000-05-31"), child("2000-12-31"),
		}},
		{No: 2, From: day("2026-05-20"), Members: []coverage.Insured{
			{Relationship: "self", Born: day("2000-05-10")}, {Relationship: "stepchild", Born: day("2000-02-29")}, child("2000-05-31"), child("2000-12-31"),
		}},
	}}
	for _, tc := range []struct {
		from, to string
		when     coverage.Leaves
		age      int
		end      string // of the policy
		want     string
	}{
		{"2026-05-01", "2026-05-31", coverage.AtMonthEnd, 26, "", "2026-05-31"}, // one left before the month's end
		{"2026-03-31", "2026-03-31", coverage.AtMonthEnd, 26, "", "2026-03-31"}, // born on a leap day
		{"2026-02-01", "2026-02-28", coverage.AtMonthEnd, 26, "", ""},
		{"2026-01-01", "2026-12-31", coverage.AtMonthEnd, 26, "", "2026-03-31 2026-05-31 2026-12-31"},
		{"2026-01-01", "2026-12-31", coverage.AtMonthEnd, 26, "2026-12-31", "2026-03-31 2026-05-31"}, // the policy ends anyway
		{"2026-01-01", "2026-12-31", coverage.AtYearEnd, 26, "", "2026-12-31 2026-12-31 2026-12-31"},
		{"2026-01-01", "2026-12-31", coverage.AtBirthday, 26, "", "2026-02-28 2026-05-09 2026-05-30 2026-12-30"},
		{"2026-01-01", "2026-12-31", coverage.Never, 26, "", ""},
		{"2030-01-01", "2030-12-31", coverage.AtMonthEnd, 30, "", "2030-03-31 2030-05-31 2030-12-31"},
		{"2026-06-01", "2026-11-30", coverage.AtMonthEnd, 26, "", ""},
	} {
		h.To = day(tc.end)
		var got []string
		for _, l := range h.AgingOut(day(tc.from), day(tc.to), tc.age, tc.when) {
			got = append(got, fmt.Sprint(l.LastDay))
		}
		if text := strings.Join(got, " "); text != tc.want {
			t.Errorf("%s to %s, %s at %d, ends %q: got %q, want %q", tc.from, tc.to, tc.when, tc.age, tc.end, text, tc.want)
		}
	}
}
