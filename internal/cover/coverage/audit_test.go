package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
)

func TestCompareAudit_NamesEachDisagreement(t *testing.T) {
	ours := func() *coverage.Held {
		return &coverage.Held{
			Policy: coverage.Policy{From: day("2027-01-01"), Product: "12345IA0010001-01"},
			Terms:  []coverage.Terms{{No: 1, From: day("2027-01-01"), Rate: 81240, Stated: true, APTC: 60000}},
		}
	}
	for name, tc := range map[string]struct {
		edit func(*coverage.Held)
		want string
	}{
		"agrees":         {func(*coverage.Held) {}, ""},
		"first day":      {func(h *coverage.Held) { h.From = day("2027-02-01") }, "from: stated 2027-01-01, on file 2027-02-01"},
		"last day":       {func(h *coverage.Held) { h.To = day("2027-02-28") }, "to: stated none, on file 2027-02-28"},
		"plan":           {func(h *coverage.Held) { h.Product = "OTHER" }, "product: from 2027-01-01 the plan is another than on file"},
		"plan of terms":  {func(h *coverage.Held) { h.Terms[0].Product = "OTHER" }, "product: from 2027-01-01 the plan is another than on file"},
		"without terms":  {func(h *coverage.Held) { h.Terms = nil }, "premium: from 2027-01-01 stated 812.40, on file no premium"},
		"tax credit":     {func(h *coverage.Held) { h.Terms[0].APTC = 59000 }, "tax_credit: from 2027-01-01 stated 600.00, on file 590.00; responsible: from 2027-01-01 stated 212.40, on file 222.40"},
		"credit, capped": {func(h *coverage.Held) { h.Terms[0].APTC, h.Terms[0].Rate = 90000, 81240 }, "tax_credit: from 2027-01-01 stated 600.00, on file 900.00; responsible: from 2027-01-01 stated 212.40, on file 0.00"},
	} {
		s := fromExchange()
		s.Maintenance = "030"
		said, err := coverage.FromEnrolment(s, exchange)
		if err != nil {
			t.Fatal(err)
		}
		h := ours()
		tc.edit(h)
		var got []string
		for _, d := range coverage.CompareAudit(h, &said) {
			got = append(got, fmt.Sprintf("%s: %s", d.Field, d.Note))
		}
		if text := strings.Join(got, "; "); text != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, text, tc.want)
		}
	}
}

func TestAgingOut_ChildrenToTheEndOfTheirMonth(t *testing.T) {
	h := coverage.Held{Policy: coverage.Policy{From: day("2026-01-01"), To: day("2026-12-31")}, Terms: []coverage.Terms{{
		No:   1,
		From: day("2026-01-01"), Members: []coverage.Insured{
			{Relationship: "self", Born: day("2000-05-10")}, {Relationship: "spouse", Born: day("2000-05-10")},
			{Relationship: "child", Born: day("2000-05-10")}, {Relationship: "stepchild", Born: day("2000-02-29")}, {Relationship: "child", Born: day("2000-05-31")},
		},
	}, {No: 2, From: day("2026-05-20"), Members: []coverage.Insured{{Relationship: "child", Born: day("2000-05-10")}}}}}
	for month, want := range map[string]string{
		"2026-05": "2026-05-10 2026-05-31", // the other child left before the month's end
		"2026-03": "2026-03-01 2026-03-31", // born on a leap day
		"2026-02": "",
		"2027-05": "",
	} {
		var got []string
		for _, l := range h.AgingOut(calendar.MustParseMonth(month), 26) {
			got = append(got, fmt.Sprintf("%s %s", l.Birthday, l.LastDay))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: got %q, want %q", month, text, want)
		}
	}
}
