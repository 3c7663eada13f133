package notice

import (
	"context"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
)

type anyMailer struct{}

func (anyMailer) Notice(context.Context, string, string, string, string) (string, error) {
	return "", nil
}

// A letter waits for the mail only where the mail can still serve its reader.
func TestWaits_OnlyWhatTheMailCanServe(t *testing.T) {
	n := sample(StateGrace) // made on April 14
	for _, tc := range []struct {
		situation string
		mailer    Mailer
		stands    bool
		died      bool
		dueBy     calendar.Date
		days      int
		want      bool
	}{
		{"agreed to mail", anyMailer{}, true, false, calendar.Date{}, 0, true},
		{"agreed to nothing", anyMailer{}, false, false, calendar.Date{}, 0, false},
		{"there is no mail", nil, true, false, calendar.Date{}, 0, false},
		{"nobody reads it any more", anyMailer{}, true, true, calendar.Date{}, 0, false},
		{"the sixth day", anyMailer{}, true, false, calendar.Date{}, 6, true},
		{"a week", anyMailer{}, true, false, calendar.Date{}, 7, false},
		{"its last day", anyMailer{}, true, false, day("2026-04-16"), 2, false},
		{"the day before", anyMailer{}, true, false, day("2026-04-16"), 1, true},
	} {
		n.DueBy = tc.dueBy
		d := &Desk{mailer: tc.mailer}
		if got := d.waits(&n, tc.stands, Addressee{Died: tc.died}, n.MadeOn.AddDays(tc.days)); got != tc.want {
			t.Errorf("%s: got %v", tc.situation, got)
		}
	}
}
