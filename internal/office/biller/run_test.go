package biller_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func month(s string) calendar.Month { return calendar.MustParseMonth(s) }

func day(s string) calendar.Date { return calendar.MustParse(s) }

var terms = biller.Terms{
	RemitTo:   invoice.Address{Name: "Cedar Valley Health", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
	Proration: premium.FullMonth, Products: map[string]string{"gold": "Cedar Gold"},
}

// bills is a plan that bills its members monthly.
type bills struct {
	*storetest.Office
	t     *testing.T
	lanes int
}

func (b *bills) run(period, on string, dry bool) biller.Report {
	b.t.Helper()
	report, err := b.monthly(nil).Bill(ctx, biller.Run{Kind: "premium", Period: month(period), Day: day(on), Actor: clerk}, dry)
	if err != nil || len(report.Problems) > 0 {
		b.t.Fatalf("Bill: %v, %v", err, report.Problems)
	}
	return report
}

func (b *bills) monthly(progress func(int)) *biller.Monthly {
	return &biller.Monthly{
		Store: b.Store, Cashier: b.Cashier, House: storetest.House{Clock: b.Clock}, Rules: rule.Embedded(), Terms: terms,
		Lanes: max(1, b.lanes), Progress: progress,
	}
}

// policy keeps a new policy.
func (b *bills) policy(number billpay.Number, from string, terms ...coverage.Terms) coverage.Held {
	b.t.Helper()
	h := coverage.Held{Policy: coverage.Policy{
		Number: number, No: 1, Line: coverage.ExchangeAPTC, State: "CO", Product: "gold", Source: "test", SourceID: number.Digits(),
		Entry: coverage.NewEnrolment, From: day(from), ReceivedOn: day(from),
	}, Terms: terms}
	if err := b.Store.SavePolicies(ctx, []coverage.Held{h}, nil); err != nil {
		b.t.Fatal(err)
	}
	return b.held(number)
}

func (b *bills) held(number billpay.Number) coverage.Held {
	b.t.Helper()
	held, err := b.Store.PoliciesOf(ctx, []billpay.Number{number})
	if err != nil || len(held) != 1 {
		b.t.Fatalf("got %d policies and %v", len(held), err)
	}
	return held[0]
}

// change keeps a policy with what edit does to it.
func (b *bills) change(number billpay.Number, edit func(h *coverage.Held)) {
	b.t.Helper()
	before := b.held(number)
	after := before
	edit(&after)
	if err := b.Store.SavePolicies(ctx, []coverage.Held{after}, map[coverage.Key]coverage.Held{before.Key(): before}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bills) prove() {
	b.t.Helper()
	report, err := proof.Verify(ctx, b.Store, nil, nil)
	if err != nil || report.Broken != nil {
		b.t.Errorf("verify: %v, %+v", err, report.Broken)
	}
}

func costs(from string, rate, aptc money.Cents) coverage.Terms {
	return coverage.Terms{From: day(from), KnownOn: day(from), Rate: rate, APTC: aptc, Stated: true}
}

// charges writes what was billed as "2026-12 premium member 150.00".
func (b *bills) charges(number billpay.Number) string {
	b.t.Helper()
	all, err := b.Store.Charges(ctx, []billpay.Number{number})
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, c := range all {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Month, c.Kind, c.Owner, c.Cents))
	}
	return strings.Join(lines, "; ")
}

func TestBill_AMonthIsBilledOnceHoweverOftenItRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		people := o.Members(t, 3)
		b.policy(people[0], "2026-12-01", costs("2026-12-01", 600_00, 450_00))
		b.policy(people[1], "2026-12-01", costs("2026-12-01", 200_00, 0))
		b.policy(people[2], "2027-01-01", costs("2027-01-01", 100_00, 0))

		dry := b.run("2026-12", "2026-11-10", true)
		checkOwed(t, o, people[0], 0)
		first := b.run("2026-12", "2026-11-10", false)
		if dry.Tally.Member != 350_00 || dry.Tally.Others != 450_00 || dry.Billed != 2 || first.Tally.Member != dry.Tally.Member ||
			first.Items != 2 || first.Invoices != 2 || first.Policies != 3 || first.Owners["hhs"] != 450_00 {
			t.Errorf("got %+v, in the dry run %+v", first, dry)
		}
		for range 2 {
			if again := b.run("2026-12", "2026-11-10", false); again.Run != first.Run || again.Tally.Member != first.Tally.Member {
				t.Errorf("again: got %+v, want the first run's report", again)
			}
		}
		later := b.run("2026-12", "2026-11-20", false) // another run of the same month finds nothing
		if later.Items != 0 || later.Invoices != 0 || later.Tally.Gross != 0 {
			t.Errorf("a later run of the month billed %+v", later)
		}
		checkOwed(t, o, people[0], 150_00)
		checkOwed(t, o, people[1], 200_00)
		checkOwed(t, o, people[2], 0)
		next := b.run("2027-01", "2026-12-10", false)
		if next.Tally.Member != 450_00 || next.Items != 3 || next.Adjustments != 0 {
			t.Errorf("the next month: got %+v", next)
		}
		checkOwed(t, o, people[0], 300_00)
		b.prove()
	})
}

func TestBill_WhatIsLearnedLaterBecomesAnAdjustment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		person := o.Members(t, 1)[0]
		b.policy(person, "2026-10-01", costs("2026-10-01", 200_00, 0))
		b.run("2026-12", "2026-11-10", false)
		checkOwed(t, o, person, 600_00) // October to December
		// From November on it costs more, and HHS bears a part.
		b.change(person, func(h *coverage.Held) { h.Terms = append(h.Terms, costs("2026-11-01", 250_00, 20_00)) })
		raised := b.run("2027-01", "2026-12-10", false)
		if raised.Adjustments != 60_00 || raised.Tally.Member != 230_00 || raised.Credits != 0 {
			t.Errorf("a higher rate: got %+v", raised)
		}
		checkOwed(t, o, person, 600_00+60_00+230_00)
		// The coverage had ended with October.
		b.change(person, func(h *coverage.Held) { h.To, h.EndReason = day("2026-10-31"), "moved" })
		ended := b.run("2027-02", "2027-01-10", false)
		if ended.Adjustments != -690_00 || ended.Credits != 690_00 || ended.Items != 0 {
			t.Errorf("an end in the past: got %+v", ended)
		}
		checkOwed(t, o, person, 200_00)
		want := "2026-10 premium member 200.00; 2026-11 premium member 200.00; 2026-11 premium member 50.00; " +
			"2026-11 tax_credit member -20.00; 2026-11 tax_credit hhs 20.00; 2026-11 premium member -250.00; " +
			"2026-11 tax_credit member 20.00; 2026-11 tax_credit hhs -20.00; "
		if got := b.charges(person); !strings.HasPrefix(got, want) {
			t.Errorf("charges are %s", got)
		}
		if again := b.run("2027-03", "2027-02-10", false); again.Tally.Gross != 0 || again.Adjustments != 0 {
			t.Errorf("after the end: got %+v", again)
		}
		b.prove()
	})
}

// What was paid of a month that turns out not to be covered is the member's again.
func TestBill_ACreditForWhatWasPaidIsUnappliedMoney(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		person := o.Members(t, 1)[0]
		b.policy(person, "2026-12-01", costs("2026-12-01", 200_00, 0))
		b.run("2026-12", "2026-11-10", false)
		_, err := o.Cashier.Post(ctx, []payment.Instruction{{
			Key: "cash-1", Rail: payment.Counter, Actor: clerk, Source: o.Till, Received: day("2026-11-23"), Amount: 150_00,
			Parts: []payment.Part{{
				Reference: person.Digits(), Amount: 150_00, Received: storetest.House{}.PurseOf(chart.Premium),
			}},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkOwed(t, o, person, 50_00)
		b.change(person, func(h *coverage.Held) { h.To = day("2026-11-30") }) // it never took effect
		b.run("2027-01", "2026-12-10", false)
		checkOwed(t, o, person, 0)
		left, err := o.Store.UnappliedOf(ctx, ledger.BookNo(person))
		if err != nil || len(left) != 1 || left[0].Open != 150_00 {
			t.Errorf("got %+v and %v, want $150.00 unapplied", left, err)
		}
		b.prove()
	})
}

// A run that dies goes on where it was, and two at once bill everything once.
func TestBill_StoppedAndBesideAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t, lanes: 2}
		people := o.Members(t, 1200)
		for _, p := range people {
			b.policy(p, "2026-12-01", costs("2026-12-01", 100_00, 0))
		}
		run := biller.Run{Kind: "premium", Period: month("2026-12"), Day: day("2026-11-10"), Actor: clerk}
		stopped, stop := context.WithCancel(ctx)
		if _, err := b.monthly(func(int) { stop() }).Bill(stopped, run, false); err == nil {
			t.Fatal("a run that was stopped ended without an error")
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				report, err := b.monthly(nil).Bill(ctx, run, false)
				if err != nil && fault.KindOf(err) != fault.Unavailable {
					t.Errorf("Bill: %v, %+v", err, report)
				}
			})
		}
		both.Wait()
		report := b.run("2026-12", "2026-11-10", false)
		if report.Tally.Member != 1200*100_00 || report.Items != 1200 || report.Policies != 1200 {
			t.Errorf("got %+v", report)
		}
		for _, p := range people {
			checkOwed(t, o, p, 100_00)
		}
		b.prove()
	})
}

func TestBill_AGapStopsTheRunBeforeItBills(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	b := &bills{Office: o, t: t}
	person := o.Members(t, 1)[0]
	b.policy(person, "1999-12-01", costs("1999-12-01", 100_00, 0)) // before any rule
	m := b.monthly(nil)
	report, err := m.Bill(ctx, biller.Run{Kind: "premium", Period: month("1999-12"), Day: day("1999-11-10"), Actor: clerk}, false)
	if err != nil || len(report.Problems) == 0 || report.Run != 0 || report.Problems[0].Record != "CO EXCH_APTC" {
		t.Errorf("got %+v and %v, want the gap named", report, err)
	}
	checkOwed(t, o, person, 0)
}

// One policy that cannot be billed is named, and the others are billed.
func TestBill_APolicyThatCannotBeBilledIsAnException(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	b := &bills{Office: o, t: t}
	people := o.Members(t, 2)
	b.policy(people[0], "2026-12-01", costs("2026-12-15", 100_00, 0)) // nothing says what its first days cost
	b.policy(people[1], "2026-12-01", costs("2026-12-01", 100_00, 0))
	report := b.run("2026-12", "2026-11-10", false)
	if report.Excepted != 1 || len(report.Exceptions) != 1 || report.Items != 1 || strings.Contains(report.Exceptions[0].String(), people[0].Digits()) {
		t.Errorf("got %+v, want one exception without a number", report)
	}
	checkOwed(t, o, people[0], 0)
	b.change(people[0], func(h *coverage.Held) { h.Terms = append(h.Terms, costs("2026-12-01", 90_00, 0)) })
	if mended := b.run("2026-12", "2026-11-11", false); mended.Excepted != 0 || mended.Items != 1 {
		t.Errorf("mended: got %+v", mended)
	}
	checkOwed(t, o, people[0], 90_00)
}

// A bill says what was paid since the one before.
func TestBill_SaysWhatWasPaidSinceTheLastOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		person := o.Members(t, 1)[0]
		b.policy(person, "2026-12-01", costs("2026-12-01", 600_00, 450_00))
		b.run("2026-12", "2026-11-10", false)
		_, err := o.Cashier.Post(ctx, []payment.Instruction{{
			Key: "cash-2", Rail: payment.Counter, Actor: clerk, Source: o.Till, Received: day("2026-11-20"), Amount: 100_00,
			Parts: []payment.Part{{Reference: person.Digits(), Amount: 100_00, Received: storetest.House{}.PurseOf(chart.Premium)}},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.run("2027-01", "2026-12-10", false)
		bills, err := o.Store.Invoices(ctx, ledger.BookNo(person))
		if err != nil || len(bills) != 2 {
			t.Fatalf("got %d bills and %v", len(bills), err)
		}
		var said []string
		for _, l := range bills[1].Lines {
			said = append(said, fmt.Sprintf("%s %s%s", l.Kind, l.On, l.Cents))
		}
		if got := strings.Join(said, ", "); got !=
			"previous_balance 150.00, payment 2026-11-20-100.00, charge 600.00, credit -450.00" || bills[1].Due != 200_00 ||
			len(bills[1].Others) != 1 {
			t.Errorf("the bill says %s; %s due; others %+v", got, bills[1].Due, bills[1].Others)
		}
	})
}

// What another owes for a subscriber is billed in the other's book, and taken back
// there, also when somebody else owes by then.
func TestBill_InTheBookOfWhoeverOwes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		debtor := o.Members(t, 1)[0]
		issuer, err := billpay.NewIssuer(12)
		if err != nil {
			t.Fatal(err)
		}
		free, err := o.Store.Reserve(ctx, issuer.Draw(1))
		if err != nil {
			t.Fatal(err)
		}
		subscriber := free[0]
		err = o.Store.OpenBooks(ctx, []store.NewBook{{
			No: ledger.BookNo(subscriber), Kind: "member", Opaque: ident.NewOpaque(),
			Debtors: cashier.Debtors{Premium: ledger.BookNo(debtor)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		b.policy(subscriber, "2026-12-01", costs("2026-12-01", 200_00, 0))
		b.run("2026-12", "2026-11-10", false)
		checkOwed(t, o, debtor, 200_00)
		checkOwed(t, o, subscriber, 0)
		b.change(subscriber, func(h *coverage.Held) { h.Terms = append(h.Terms, costs("2026-12-01", 150_00, 0)) })
		b.run("2027-01", "2026-12-10", false)
		checkOwed(t, o, debtor, 300_00) // 150.00 of December and of January
		b.prove()
	})
}
