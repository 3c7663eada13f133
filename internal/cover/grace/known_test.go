package grace_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
)

// §8: the state of a past day is what was known then; an end makes due what it does
// from the day on which it became known.
func TestReplay_AnEndCountsFromTheDayItBecameKnown(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-01-01").bills("2026-01", 6, "400.00", "0.00")
	for _, m := range []string{"2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"} {
		s.pays(m+"-01", m+" 400.00")
	}
	s.Policy.To, s.Policy.ToKnownOn = day("2026-03-31"), day("2026-06-10")
	s.is(t, "§6 credit back", "2026-06-09", "CURRENT owed 0.00 paid 2026-06-30 ends -")
	status := s.is(t, "§6 credit back", "2026-06-10", "VOLUNTARY_TERM ends 2026-03-31 since 2026-06-10")
	if d := owes(t, status, "refund/"); d.On != day("2026-06-10") || d.Amount != cents("1200.00") {
		t.Errorf("refund of %s due from %s, want 1200.00 from 2026-06-10", d.Amount, d.On)
	}
	s.Policy.ToKnownOn = calendar.Date{}
	s.is(t, "§6, known from the beginning", "2026-04-01", "VOLUNTARY_TERM ends 2026-03-31 since 2026-04-01")
}

// §8 CANCELLED, whatever the status has become by then.
func TestReplay_WithdrawnFromEveryStatus(t *testing.T) {
	for _, row := range []struct{ known, was string }{
		{"2026-04-20", "GRACE_M1"}, {"2026-05-20", "GRACE_M2"}, {"2026-06-20", "GRACE_M3"}, {"2026-07-02", "TERMINATED"},
	} {
		s := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 6, "600.00", "450.00").
			pays("2026-01-01", "2026-01 150.00, 2026-02 150.00, 2026-03 150.00")
		s.Policy.To, s.Policy.ToKnownOn = day("2025-12-31"), day(row.known)
		s.is(t, "withdrawn on "+row.known, day(row.known).AddDays(-1).String(), row.was)
		status := s.is(t, "withdrawn on "+row.known, row.known, "CANCELLED ends 2025-12-31 owed 0.00")
		if d := owes(t, status, "refund/2025-12-31"); d.Amount != cents("450.00") {
			t.Errorf("withdrawn in %s: refund %s, want 450.00", row.was, d.Amount)
		}
	}
}

// §2.4 "pay on the last day": the end was told before the money was posted on the
// same day, so that it is taken back by telling of a reinstatement.
func TestReplay_AnEndThatWasToldIsTakenBack(t *testing.T) {
	s := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 7, "600.00", "450.00").
		pays("2026-01-01", "2026-01 150.00, 2026-02 150.00, 2026-03 150.00")
	told := s.is(t, "§2.4", "2026-07-01", "TERMINATED ends 2026-04-30")
	s.posts("2026-06-30", "2026-07-01", "2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	owesNot(t, s.is(t, "§2.4, not told", "2026-07-01", "GRACE_M1"), "outbound/reinstatement")
	for _, tr := range told.Transitions {
		s.Noted = append(s.Noted, grace.Noted{On: tr.On, From: tr.From, To: tr.To, Event: tr.Event})
	}
	status := s.is(t, "§2.4, told", "2026-07-01", "GRACE_M1 owed 150.00 ends -")
	if d := owes(t, status, "outbound/reinstatement"); d.On != day("2026-07-01") {
		t.Errorf("the reinstatement is of %s", d.On)
	}
	owes(t, status, "outbound/termination")
	owes(t, status, "notice/reinstatement")
	owes(t, status, "apply_held/2026-07-01")
}

// §4: the shortfall is what was short on the period's last day, so that paying it
// later, but in the time that its notice gives, keeps the coverage.
func TestCOBRA_AShortfallPaidAfterItsNotice(t *testing.T) {
	short := func(paid string) *story {
		s := tell(coverage.COBRA, "CO", "2026-04-01").bills("2026-04", 3, "712.00", "0.00").
			pays("2026-04-01", "2026-04 712.00, 2026-06 712.00").pays("2026-05-01", "2026-05 "+paid)
		s.Policy.Continuation = &coverage.Continuation{
			LossOn: day("2026-03-31"), NoticeOn: day("2026-03-20"), ElectedOn: day("2026-03-20"), MonthsMost: 18,
		}
		return s
	}
	insignificant := short("665.00").sends(grace.NoticeShortfall, "2026-06-03")
	insignificant.is(t, "§4 47.00", "2026-07-03", "GRACE_STATE owed 47.00 by 2026-07-03")
	insignificant.pays("2026-07-03", "2026-05 47.00")
	insignificant.is(t, "§4 47.00 paid on the last day", "2026-07-03", "CURRENT owed 0.00 paid 2026-06-30")
	significant := short("660.00").pays("2026-06-01", "2026-05 20.00")
	significant.is(t, "§4 52.00 is significant, and stays so when a part comes late", "2026-06-02", "TERMINATED ends 2026-04-30")
}

// §8 PENDING_BINDER: claims wait from the first day until the first payment.
func TestReplay_ClaimsWaitForTheFirstPayment(t *testing.T) {
	s := tell(coverage.ExchangeAPTC, "CO", "2027-01-01").billsOn("2026-12-10", "2027-01", "2027-01-01", "150.00").
		billsOn("2027-01-10", "2027-02", "2027-02-01", "150.00")
	s.Policy.Entry, s.Policy.ReceivedOn = coverage.NewEnrolment, day("2026-12-09")
	s.pays("2027-01-20", "2027-01 150.00")
	status := s.on(t, "2027-01-20")
	for key, on := range map[string]string{
		"claims/2027-01/pend": "2026-12-09", "claims/2027-02/pend": "2027-01-10", "claims/2027-01/pay": "2027-01-20", "claims/2027-02/pay": "2027-01-20",
	} {
		if d := owes(t, status, key); d.On != day(on) {
			t.Errorf("%s is of %s, want %s", key, d.On, on)
		}
	}
}
