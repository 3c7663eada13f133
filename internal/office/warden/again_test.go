package warden_test

import (
	"reflect"
	"testing"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// kept is everything that is kept of a subscriber's statuses.
func (p *plan) kept(number billpay.Number) any {
	p.t.Helper()
	numbers := []billpay.Number{number}
	standings, err := p.Store.Standings(ctx, numbers)
	if err != nil {
		p.t.Fatal(err)
	}
	duties, err := p.Store.NotedDuties(ctx, numbers)
	if err != nil {
		p.t.Fatal(err)
	}
	return []any{standings, duties}
}

func TestRun_TwiceOnADayChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2026-12-20")
		p.pay(number, 150_00)
		for _, to := range []string{"2026-12-20", "2027-02-01", "2027-03-01", "2027-05-03", "2027-05-10"} {
			p.until(to)
			if to == "2027-05-03" {
				p.pay(number, 450_00) // too late, so that it is held
				p.until("2027-05-04")
			}
			once := p.kept(number)
			w := warden.Warden{Store: p.Store, Rules: p.rules}
			if err := w.Review(ctx, p.today()); err != nil {
				t.Fatal(err)
			}
			if _, err := biller.ApplyHeld(ctx, p.Store, p.Cashier, p.today(), clerk); err != nil {
				t.Fatal(err)
			}
			report, err := w.Run(ctx, p.today())
			if twice := p.kept(number); err != nil || report.Looked != 0 || !reflect.DeepEqual(once, twice) {
				t.Errorf("%s again: looked at %d (%v):\n%+v\nwas\n%+v", to, report.Looked, err, twice, once)
			}
		}
		p.stands(number, grace.Terminated, 0)
	})
}

// Money in time that is posted between two runs of one day keeps what was billed:
// the second run looks again before it bills.
func TestRun_MoneyInTimeBetweenTwoRunsOfADay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2026-12-20")
		p.pay(number, 150_00)
		p.until("2027-05-03")
		p.stands(number, grace.Terminated, 150_00)
		p.take(number, 450_00, day("2027-04-30"), nil)
		p.at = p.today() // once more
		p.until("2027-05-03")
		p.stands(number, grace.GraceM1, 150_00)
		left, err := o.Store.UnappliedOf(ctx, ledger.BookNo(number))
		if have, also := o.Store.Charges(ctx, []billpay.Number{number}); err != nil || also != nil || len(left) != 0 || premiumOf(have) != 5*600_00 {
			t.Errorf("%d parts are unapplied, %s is billed (%v, %v); want none, and five months", len(left), premiumOf(have), err, also)
		}
	})
}

// A renewal's answer is about the policy before it too: the copy of both is made with
// it, so that neither is looked at on days on which nothing happens, and nothing that
// was noted before the renewal is noted again of it.
func TestRun_ARenewedPolicyIsKeptWithItsRenewal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		former, next := coverage.Key{Number: number, No: 1}, coverage.Key{Number: number, No: 2}
		p.until("2026-12-20")
		for range 11 {
			p.pay(number, 150_00)
			p.until(p.today().AddDays(30).String())
		}
		held, err := p.Store.PoliciesOf(ctx, []billpay.Number{number})
		if err != nil {
			t.Fatal(err)
		}
		ended, renewal := held[0].Clone(), held[0].Clone()
		ended.To, ended.EndReason = day("2027-12-31"), "renewed"
		renewal.No, renewal.SourceID, renewal.Version = 2, renewal.SourceID+"-2", 0
		renewal.Entry, renewal.From, renewal.ReceivedOn = coverage.PassiveRenewal, day("2028-01-01"), p.today()
		renewal.Terms[0].From, renewal.Billed = renewal.From, coverage.Billed{}
		if err := p.Store.SavePolicies(ctx, []coverage.Held{ended, renewal}, map[coverage.Key]coverage.Held{former: held[0]}); err != nil {
			t.Fatal(err)
		}
		p.until(p.today().AddDays(1).String())
		for range 3 {
			p.pay(number, 150_00)
			p.until(p.today().AddDays(30).String())
		}
		noted, err := p.Store.NotedDuties(ctx, []billpay.Number{number})
		if err != nil || !noted[former]["outbound/effectuation/2027-01-01"] || noted[next]["outbound/effectuation/2027-01-01"] {
			t.Errorf("noted (%v): of the former %v, of the renewal %v", err, noted[former], noted[next])
		}
		standings, err := p.Store.Standings(ctx, []billpay.Number{number})
		if err != nil || standings[former].State != standings[next].State {
			t.Errorf("the former is %s, its renewal %s (%v)", standings[former].State, standings[next].State, err)
		}
		books, err := p.Store.StatusBooks(ctx, p.today().AddDays(1), 0, 10)
		if err != nil || len(books) != 0 || standings[next].State != grace.Current {
			t.Errorf("%s on %s: %d books to look at on the next day (%v)", standings[next].State, p.today(), len(books), err)
		}
	})
}
