package calendar

import (
	"testing"
	"time"
)

func TestDate_ZeroComesBeforeEveryDate(t *testing.T) {
	for _, text := range []string{"0001-01-01", "1924-02-29", "1969-12-31", "1970-01-01", "2026-11-23", "9999-12-31"} {
		d := MustParse(text)
		if d.IsZero() || !(Date{}).Before(d) || (Date{}).Compare(d) >= 0 {
			t.Errorf("%s: got a date that is not after no date", text)
		}
		if d.String() != text {
			t.Errorf("got %s, want %s", d, text)
		}
	}
}

func TestDate_DayOfAnInstantIsTheZones(t *testing.T) {
	denver, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	instant := time.Date(2026, time.December, 1, 6, 59, 59, 0, time.UTC)
	if got := In(instant, denver).String(); got != "2026-11-30" {
		t.Errorf("got %s, want 2026-11-30: midnight in Denver is 07:00 UTC in winter", got)
	}
}

func TestDate_YearsFromALeapDay(t *testing.T) {
	born := MustParse("2008-02-29")
	if got := born.AddYears(18).String(); got != "2026-03-01" {
		t.Errorf("got %s, want 2026-03-01", got)
	}
	if got := MustParse("2026-03-01").Sub(MustParse("2026-02-01")); got != 28 {
		t.Errorf("got %d days, want 28", got)
	}
}
