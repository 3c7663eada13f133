package calendar_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
)

// The holidays of the Federal Reserve Banks as published for 2026 and 2027; what
// falls on a Saturday is no holiday of theirs.
func TestIsBusinessDay_FollowsTheFederalReserve(t *testing.T) {
	closed := map[string]bool{}
	for _, day := range []string{
		"2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26",
		"2026-12-25",
		"2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-07-05", "2027-09-06", "2027-10-11", "2027-11-11", "2027-11-25",
	} {
		closed[day] = true
	}
	for d := calendar.MustParse("2026-01-01"); d.Before(calendar.MustParse("2028-01-01")); d = d.AddDays(1) {
		weekday := d.Time().Weekday()
		want := weekday != 0 && weekday != 6 && !closed[d.String()]
		if got := d.IsBusinessDay(); got != want {
			t.Errorf("%s, a %s: business day %v, want %v", d, weekday, got, want)
		}
	}
}

func TestAddBusinessDays_LeavesOutWeekendsAndHolidays(t *testing.T) {
	for _, tc := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-11-25", 1, "2026-11-27"}, // over Thanksgiving
		{"2026-11-27", 1, "2026-11-30"},
		{"2026-11-28", 1, "2026-11-30"}, // from a Saturday
		{"2026-04-02", 10, "2026-04-16"},
		{"2026-12-24", 0, "2026-12-24"},
	} {
		if got := calendar.MustParse(tc.from).AddBusinessDays(tc.n); got.String() != tc.want {
			t.Errorf("%d business days after %s: got %s, want %s", tc.n, tc.from, got, tc.want)
		}
	}
}
