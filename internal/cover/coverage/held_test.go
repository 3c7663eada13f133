package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
)

func held(terms ...coverage.Terms) *coverage.Held {
	h := &coverage.Held{}
	for i, t := range terms {
		t.No = int64(i + 1)
		h.Terms = append(h.Terms, t)
	}
	return h
}

func from(day string, rate money.Cents) coverage.Terms {
	return coverage.Terms{From: calendar.MustParse(day), Rate: rate}
}

func TestHeld_WhatIsKnownLaterHoldsFromItsDateOn(t *testing.T) {
	h := held(from("2026-01-01", 100), from("2026-06-01", 200), from("2026-03-01", 300), from("2026-05-16", 400))
	for _, tc := range []struct{ month, want string }{
		{"2025-12", ""},
		{"2026-01", "2026-01-01 1.00"},
		{"2026-04", "2026-04-01 3.00"},
		{"2026-05", "2026-05-01 3.00, 2026-05-16 4.00"},
		{"2026-06", "2026-06-01 4.00"}, // the terms of June were known before those of 16 May
	} {
		var got []string
		for _, in := range h.In(calendar.MustParseMonth(tc.month)) {
			got = append(got, fmt.Sprintf("%s %s", in.From, in.Rate))
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %v, want %s", tc.month, got, tc.want)
		}
	}
}

func TestPolicy_CoversEveryMonthWithACoveredDay(t *testing.T) {
	p := coverage.Policy{From: calendar.MustParse("2026-02-15"), To: calendar.MustParse("2026-04-01")}
	for month, want := range map[string]bool{"2026-01": false, "2026-02": true, "2026-03": true, "2026-04": true, "2026-05": false} {
		if got := p.Covers(calendar.MustParseMonth(month)); got != want {
			t.Errorf("%s: covered %v, want %v", month, got, want)
		}
	}
	p.To = calendar.MustParse("2026-02-14")
	if p.Covers(calendar.MustParseMonth("2026-02")) {
		t.Error("a policy that was cancelled from its start covers its month")
	}
	p.To = calendar.Date{}
	if !p.Covers(calendar.MustParseMonth("2031-02")) {
		t.Error("a policy without a known end ends")
	}
}
