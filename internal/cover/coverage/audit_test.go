package coverage_test

import (
	"fmt"
	"strings"
	"testing"

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
		"ended unpaid":   {func(h *coverage.Held) { h.EndsOn = day("2027-02-28") }, "status: stated in force, on file ended on 2027-02-28 by its payment status"},
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

// A source that carried our termination or cancellation out agrees with us.
func TestCompareAudit_TheSourceTookOurEnd(t *testing.T) {
	for _, tc := range []struct{ ends, stated, want string }{
		{"2027-02-28", "2027-02-28", ""},
		{"2027-02-28", "2027-12-31", "status"},
		{"2027-02-28", "2027-01-31", "to"},
		{"2026-12-31", "2027-01-01", ""}, // cancelled: the source writes the first day
		{"2026-12-31", "2027-06-30", "status"},
	} {
		h := coverage.Held{Policy: coverage.Policy{From: day("2027-01-01")}, EndsOn: day(tc.ends)}
		said := coverage.Enrolled{Policy: coverage.Policy{From: day("2027-01-01"), To: day(tc.stated)}}
		got := ""
		for _, d := range coverage.CompareAudit(&h, &said) {
			got += d.Field
		}
		if got != tc.want {
			t.Errorf("ended on %s, stated %s: got %q, want %q", tc.ends, tc.stated, got, tc.want)
		}
	}
}
