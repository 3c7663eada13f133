package warden_test

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// foresee answers for a day to come, with months billed on the tenth before them.
func (p *plan) foresee(number billpay.Number, on calendar.Date) grace.Status {
	p.t.Helper()
	monthly := biller.Monthly{Rules: p.rules, Terms: biller.Terms{Proration: premium.FullMonth}}
	through := calendar.MonthOf(on)
	if on.Sub(through.First()) >= 9 {
		through = through.Add(1)
	}
	answers, err := warden.Foresee(ctx, p.Store, p.rules, number, on, func(h *coverage.Held, was []coverage.Charge) ([]coverage.Charge, error) {
		return monthly.Expected(h, was, through, p.today().AddDays(1), func(m calendar.Month) calendar.Date { return m.Add(-1).First().AddDays(9) })
	})
	if err != nil || len(answers) != 1 {
		p.t.Fatalf("got %d answers and %v", len(answers), err)
	}
	return answers[0].Status
}

// What is foreseen of a day is what the run of that day finds when nothing happens
// until then.
func TestForesee_IsWhatComes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2026-12-20")
		p.pay(number, 150_00)
		p.until("2027-01-05")
		days := []struct {
			on    string
			state grace.State
			owed  money.Cents
		}{
			{"2027-01-31", grace.Current, 0},
			{"2027-02-02", grace.GraceM1, 150_00},
			{"2027-03-12", grace.GraceM2, 300_00},
			{"2027-04-30", grace.GraceM3, 450_00},
			{"2027-05-03", grace.Terminated, 150_00},
		}
		for _, d := range days {
			s := p.foresee(number, day(d.on))
			if s.State != d.state || s.Owed != d.owed || !strings.Contains(s.Words.English, "looks ahead") || !strings.Contains(s.Words.Spanish, "hacia adelante") {
				t.Errorf("foreseen of %s: %s, %s owed, %q; want %s, %s", d.on, s.State, s.Owed, s.Words.English, d.state, d.owed)
			}
		}
		for _, d := range days {
			p.until(d.on)
			p.stands(number, d.state, d.owed)
		}
	})
}
