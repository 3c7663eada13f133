package calendar_test

import (
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
)

func TestMonth_KnowsItsDays(t *testing.T) {
	for _, tc := range []struct {
		month, first, last string
		days               int
	}{
		{"2026-01", "2026-01-01", "2026-01-31", 31},
		{"2026-02", "2026-02-01", "2026-02-28", 28},
		{"2028-02", "2028-02-01", "2028-02-29", 29},
		{"2026-12", "2026-12-01", "2026-12-31", 31},
	} {
		m := calendar.MustParseMonth(tc.month)
		if m.First().String() != tc.first || m.Last().String() != tc.last || m.Days() != tc.days || m.String() != tc.month {
			t.Errorf("%s: got %s to %s, %d days", tc.month, m.First(), m.Last(), m.Days())
		}
	}
}

func TestMonth_CountsOverTheYear(t *testing.T) {
	december := calendar.MonthIn(2026, time.December)
	if next := december.Add(1); next.String() != "2027-01" || next.Year() != 2027 || next.Of() != time.January || next.Sub(december) != 1 {
		t.Errorf("got %s after %s", next, december)
	}
	if back := december.Add(-12); back.String() != "2025-12" {
		t.Errorf("a year before is %s", back)
	}
	if overflow := calendar.MonthIn(2026, 14); overflow.String() != "2027-02" {
		t.Errorf("month 14 is %s", overflow)
	}
	if !december.Holds(calendar.MustParse("2026-12-31")) || december.Holds(calendar.MustParse("2027-01-01")) {
		t.Error("a month holds other days than its own")
	}
	var none calendar.Month
	if !none.IsZero() || none.String() != "" || !none.First().IsZero() || !none.Last().IsZero() || !none.Before(december) {
		t.Error("no month is some month")
	}
	if _, err := calendar.ParseMonth("2026-13"); err == nil {
		t.Error("2026-13 was read")
	}
}
