package returned_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/returned"
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

func TestJudge_FeeByStateAndGuaranteedFundsAtTheSecond(t *testing.T) {
	on := day("2026-11-23")
	fees := append(returned.Fees(), returned.FeeLaw{State: "CO", From: day("2026-12-01"), First: 20_00, Later: 20_00})
	for name, tc := range map[string]struct {
		state   string
		line    coverage.Line
		earlier []calendar.Date
		fee     money.Cents
		until   string
	}{
		"the first in California":        {"CA", coverage.Direct, nil, 25_00, ""},
		"the second within a year":       {"CA", coverage.Direct, []calendar.Date{day("2025-11-24")}, 35_00, "2027-11-23"},
		"the second after a year":        {"CA", coverage.Direct, []calendar.Date{day("2025-11-23")}, 35_00, ""},
		"a state that says nothing":      {"WY", coverage.Direct, []calendar.Date{on}, 0, "2027-11-23"},
		"a law of next month":            {"CO", coverage.Direct, nil, 0, ""},
		"Medicare is never charged":      {"CA", coverage.MAPD, nil, 0, ""},
		"Medicare, the second in a year": {"CA", coverage.PDP, []calendar.Date{day("2026-03-01")}, 0, "2027-11-23"},
	} {
		v := returned.Judge(returned.Account{State: tc.state, Lines: []coverage.Line{tc.line}, Earlier: tc.earlier}, fees, on)
		if v.Fee != tc.fee || v.Guaranteed != (tc.until != "") || v.Until.String() != tc.until {
			t.Errorf("%s: got %+v", name, v)
		}
	}
}

func TestTakes_NeverRefusesAFirstPayment(t *testing.T) {
	v := returned.Verdict{Guaranteed: true, Until: day("2027-11-23")}
	for _, tc := range []struct {
		guaranteed, binder bool
		on                 string
		want               bool
	}{
		{false, false, "2026-12-01", false}, {true, false, "2026-12-01", true}, {false, true, "2026-12-01", true}, {false, false, "2027-11-23", true},
	} {
		if got := v.Takes(tc.guaranteed, tc.binder, day(tc.on)); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

func TestFees_SayThatNobodyChecked(t *testing.T) {
	for _, law := range returned.Fees() {
		if !law.Unconfirmed || law.Source == "" {
			t.Errorf("%+v", law)
		}
	}
}
