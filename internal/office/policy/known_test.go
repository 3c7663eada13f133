package policy_test

import (
	"context"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// What an end makes due is due from the day on which it became known.
func TestImport_AnEndKeepsTheDayOnWhichItBecameKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		wants := func(after string, want calendar.Date) {
			t.Helper()
			held, err := o.Store.PoliciesOf(context.Background(), []billpay.Number{d.numbers["S1"]})
			if err != nil || len(held) != 1 || held[0].ToKnownOn != want {
				t.Errorf("after %s: %+v (%v), want the end known on %q", after, held, err, want)
			}
		}
		d.send(row())
		wants("an addition", calendar.Date{})
		d.send(row(does("024", "2026-07-12"), ends("2026-04-30", "14")))
		wants("an end", day("2026-07-12"))
		d.send(row(does("024", "2026-07-13"), ends("2026-04-30", "14")))
		wants("the same end again", day("2026-07-12"))
		d.send(row(does("025", "2026-07-20"), begins("2026-05-01")))
		wants("a reinstatement", calendar.Date{})
		d.csv(header + "{S1},,EXCHANGE-CO,P1,EXCH_APTC,CO,GOLD,new,2026-01-01,2026-08-31,moved,2025-11-20,,,800.00,yes,600.00,,,,\n")
		wants("a file whose terms are as old as the policy", calendar.In(o.Clock.Now(), time.UTC))
	})
}
