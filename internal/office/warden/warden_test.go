package warden_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx   = context.Background()
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

// plan is a plan whose days a test goes through: each bills and looks at statuses.
type plan struct {
	*storetest.Office
	t     testing.TB
	rules *rule.Set
	at    calendar.Date
	paid  int
}

func open(t testing.TB, o *storetest.Office) *plan {
	return &plan{Office: o, t: t, rules: rule.Embedded(), at: calendar.In(o.Clock.Now(), time.UTC)}
}

// today is the day at which the plan stands: the last one that was run.
func (p *plan) today() calendar.Date { return calendar.In(p.Clock.Now(), time.UTC) }

// until runs every day after the last one up to a day.
func (p *plan) until(to string) {
	p.t.Helper()
	for ; !p.at.After(day(to)); p.at = p.at.AddDays(1) {
		p.Clock.Advance(p.at.Time().Add(12 * time.Hour).Sub(p.Clock.Now()))
		period := calendar.MonthOf(p.at)
		if p.at.Sub(period.First()) >= 9 {
			period = period.Add(1)
		}
		monthly := biller.Monthly{
			Store: p.Store, Cashier: p.Cashier, House: storetest.House{Clock: p.Clock}, Rules: p.rules,
			Terms: biller.Terms{
				RemitTo:   invoice.Address{Name: "Plan", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
				Proration: premium.FullMonth,
			},
		}
		w := warden.Warden{Store: p.Store, Rules: p.rules}
		if err := w.Review(ctx, p.at.AddDays(-1)); err != nil {
			p.t.Fatalf("looking again before %s: %v", p.at, err)
		}
		report, err := monthly.Bill(ctx, biller.Run{Kind: "premium", Period: period, Day: p.at, Actor: clerk}, false)
		if err != nil || len(report.Problems) > 0 || report.Excepted > 0 {
			p.t.Fatalf("billing on %s: %v, %+v", p.at, err, report)
		}
		if _, err := biller.ApplyHeld(ctx, p.Store, p.Cashier, p.at, clerk); err != nil {
			p.t.Fatalf("applying held money on %s: %v", p.at, err)
		}
		looked, err := w.Run(ctx, p.at)
		if err != nil || len(looked.Problems) > 0 {
			p.t.Fatalf("statuses on %s: %v, %+v", p.at, err, looked)
		}
	}
}

// enrol keeps an exchange policy with a premium of 600.00 and a credit of 450.00.
func (p *plan) enrol(from, received string) billpay.Number {
	p.t.Helper()
	number := p.Members(p.t, 1)[0]
	h := coverage.Held{Policy: coverage.Policy{
		Number: number, No: 1, Line: coverage.ExchangeAPTC, State: "CO", Product: "silver", Source: "exchange", SourceID: number.Digits(),
		Entry: coverage.NewEnrolment, From: day(from), ReceivedOn: day(received),
	}, Terms: []coverage.Terms{{From: day(from), KnownOn: day(received), Rate: 600_00, APTC: 450_00, Stated: true}}}
	if err := p.Store.SavePolicies(ctx, []coverage.Held{h}, nil); err != nil {
		p.t.Fatal(err)
	}
	return number
}

// pay takes money on the day at which the plan stands.
func (p *plan) pay(number billpay.Number, cents money.Cents) {
	p.t.Helper()
	p.take(number, cents, p.today(), nil)
}

// take posts money that was received on a day, to items if any are named, and gives
// where it was posted.
func (p *plan) take(number billpay.Number, cents money.Cents, received calendar.Date, items []payment.ItemRef) cashier.Ref {
	p.t.Helper()
	return p.takeSent(number, cents, received, calendar.Date{}, items)
}

// takeSent takes money whose postmark is known, or zero.
func (p *plan) takeSent(number billpay.Number, cents money.Cents, received, sent calendar.Date, items []payment.ItemRef) cashier.Ref {
	p.t.Helper()
	p.paid++
	outcomes, err := p.Cashier.Post(ctx, []payment.Instruction{{
		Key: ident.Key(fmt.Sprintf("cash-%d", p.paid)), Rail: payment.Counter, Actor: clerk, Source: p.Till,
		Received: received, SentOn: sent, Amount: cents,
		Parts: []payment.Part{{
			Reference: number.Digits(), Amount: cents, Received: storetest.House{}.PurseOf(chart.Premium), Items: items,
		}},
	}}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		p.t.Fatal(err)
	}
	part := outcomes[0].Answer.Parts[0]
	return cashier.Ref{Book: part.Book, Seq: part.Seq}
}

// status answers for the last day that was run.
func (p *plan) status(number billpay.Number) grace.Status {
	p.t.Helper()
	answers, err := warden.Status(ctx, p.Store, p.rules, number, p.at.AddDays(-1))
	if err != nil || len(answers) != 1 {
		p.t.Fatalf("got %d answers and %v", len(answers), err)
	}
	return answers[0].Status
}

func (p *plan) stands(number billpay.Number, want grace.State, owed money.Cents) {
	p.t.Helper()
	s := p.status(number)
	if s.State != want || s.Owed != owed {
		p.t.Errorf("%s: %s, %s owed; want %s, %s", p.at.AddDays(-1), s.State, s.Owed, want, owed)
	}
	kept, err := p.Store.Standings(ctx, []billpay.Number{number})
	if at := kept[coverage.Key{Number: number, No: 1}]; err != nil || at.State != want {
		p.t.Errorf("%s: the copy says %s (%v), want %s", p.at.AddDays(-1), at.State, err, want)
	}
}

func (p *plan) duties(number billpay.Number, kind grace.DutyKind) string {
	p.t.Helper()
	var said []string
	for _, d := range p.status(number).Duties {
		if d.Kind == kind {
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s%s %s", d.Notice, d.Outbound, d.Amount)))
		}
	}
	return strings.Join(said, ", ")
}

// coverage-and-premiums.md §2.4, the row of 249.99 on the last day, a year later.
func TestRun_ThreeMonthsOfGraceRunOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2026-12-20")
		p.stands(number, grace.PendingBinder, 150_00)
		p.pay(number, 150_00)
		p.until("2026-12-21")
		p.stands(number, grace.Current, 0)
		for _, d := range []string{"2027-02-01", "2027-03-01"} {
			p.until(d)
			p.pay(number, 150_00)
		}
		p.until("2027-04-05")
		p.stands(number, grace.GraceM1, 150_00)
		p.until("2027-05-20")
		p.stands(number, grace.GraceM2, 300_00)
		p.pay(number, 200_00)
		p.until("2027-05-21")
		p.stands(number, grace.GraceM2, 100_00) // the clock does not change
		p.until("2027-06-30")
		p.stands(number, grace.GraceM3, 250_00)
		p.pay(number, 249_99)
		p.until("2027-07-15")
		s := p.status(number)
		if s.State != grace.Terminated || s.EndsOn != day("2027-04-30") {
			t.Errorf("got %s, ended on %s, want terminated with 30 April", s.State, s.EndsOn)
		}
		if got := p.duties(number, grace.ReturnAPTC); got != "900.00" {
			t.Errorf("tax credit to return: %s, want 900.00", got)
		}
		if got := p.duties(number, grace.Refund); got != "299.99" {
			t.Errorf("refund due: %s, want 299.99", got)
		}
		left, err := o.Store.UnappliedOf(ctx, ledger.BookNo(number))
		sum := money.Cents(0)
		for _, u := range left {
			sum += u.Open
		}
		if err != nil || sum != 299_99 {
			t.Errorf("%s unapplied (%v), want 299.99: what May to July were billed was taken back", sum, err)
		}
		if report, err := proof.Verify(ctx, o.Store, nil, nil); err != nil || report.Broken != nil {
			t.Errorf("verify: %v, %+v", err, report.Broken)
		}
	})
}

func TestRun_PaidOnTheLastDayKeepsTheCoverage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2026-12-31")
		p.pay(number, 150_00)
		p.until("2027-04-30") // February is unpaid: grace to 30 April
		p.stands(number, grace.GraceM3, 450_00)
		p.pay(number, 450_00)
		p.until("2027-05-01")
		p.stands(number, grace.GraceM1, 150_00) // May is due, and a new grace begins
	})
}

func TestRun_AnUnpaidBinderIsCancelledAndNothingStaysOwed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		p.until("2026-12-09")
		number := p.enrol("2027-01-01", "2026-12-09")
		p.until("2027-02-12")
		p.stands(number, grace.Cancelled, 0)
		if got := p.duties(number, grace.SendFact); !strings.Contains(got, "cancellation") {
			t.Errorf("outbound facts are %q, want a cancellation", got)
		}
		have, err := o.Store.Charges(ctx, []billpay.Number{number})
		if sum := premiumOf(have); err != nil || sum != 0 {
			t.Errorf("%s is billed for coverage that never began (%v)", sum, err)
		}
	})
}

func premiumOf(charges []coverage.Charge) (sum money.Cents) {
	for _, c := range charges {
		sum += c.Cents
	}
	return sum
}
