package cashier_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

// settled is one drawn settlement and what it met.
type settled struct {
	payer  ledger.BookNo
	s      cashier.Settlement
	billed map[string]money.Cents // by month
	free   money.Cents            // unapplied before
	sum    money.Cents
}

// Whatever a remittance says, every cent of the money and of what the payer kept is
// on an item, an account of its own or unapplied; no item is paid beyond what was
// said of its month; and the books prove.
func TestSettle_EveryCentIsSomewhere(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	purse := storetest.House{}.PurseOf(chart.Premium)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		d := drawSettlement(rt, t, o, n)
		done, err := o.Cashier.Settle(context.Background(), cashier.Order{Key: ident.Key(fmt.Sprintf("settle-%d", n)), Actor: clerk, Reason: "test"}, d.s)
		if err != nil {
			rt.Fatal(err)
		}
		again, err := o.Cashier.Settle(context.Background(), cashier.Order{Key: ident.Key(fmt.Sprintf("settle-%d", n)), Actor: clerk, Reason: "test"}, d.s)
		if err != nil || !again.Replayed || again.ID != done.ID {
			rt.Fatalf("again: %+v, %v", again, err)
		}
		have, err := o.Store.Read(context.Background(), cashier.Want{Books: []ledger.BookNo{d.payer}})
		if err != nil {
			rt.Fatal(err)
		}
		open := map[string]money.Cents{}
		owes := money.Cents(0)
		for _, item := range have.Books[d.payer].Items {
			open[item.ServiceOn.String()[:7]] += item.Open
			owes += item.Open
		}
		paid := money.Cents(0)
		for _, m := range d.s.Months {
			if m.Month.IsZero() {
				continue
			}
			on := d.billed[m.Month.String()] - open[m.Month.String()]
			if on > max(m.Cents, 0) {
				rt.Fatalf("%s of %s was paid, %s was said", on, m.Month, m.Cents)
			}
			paid += on
		}
		left := money.Cents(0)
		free, err := o.Store.UnappliedOf(context.Background(), d.payer)
		if err != nil {
			rt.Fatal(err)
		}
		for _, u := range free {
			left += u.Open
		}
		premiums := d.sum
		for _, other := range d.s.Others {
			premiums -= other.Cents
		}
		if paid+left-d.free < min(premiums, 0) || paid+left-d.free > max(premiums, 0) {
			rt.Fatalf("%s of premiums: %s paid, %s unapplied, %s before", premiums, paid, left, d.free)
		}
	})
	report, err := proof.Verify(context.Background(), o.Store, nil, nil)
	if err != nil || report.Broken != nil {
		t.Fatalf("verify: %v, %+v", err, report.Broken)
	}
	for _, code := range []chart.Code{chart.Suspense, chart.Interaccount} {
		if b := report.Accounts[purse.Account(code)]; b.Net() != 0 {
			t.Errorf("%s stands at %s", code, b.Net())
		}
	}
}

func drawSettlement(rt *rapid.T, t *testing.T, o *storetest.Office, n int) settled {
	purse := storetest.House{}.PurseOf(chart.Premium)
	d := settled{payer: ledger.BookNo(o.Members(t, 1)[0]), billed: map[string]money.Cents{}}
	cents := func(label string, lo, hi int64) money.Cents {
		return money.Cents(rapid.Int64Range(lo, hi).Draw(rt, label))
	}
	var items []openitem.Item
	for _, m := range []string{"2026-10", "2026-11", "2026-12"} {
		first := calendar.MustParseMonth(m)
		for range rapid.IntRange(0, 2).Draw(rt, "items") {
			amount := cents("item", 1, 500)
			d.billed[m] += amount
			items = append(items, openitem.Item{Purse: purse, About: d.payer, Text: "premiums", ServiceOn: first.First(), DueOn: first.First(), Amount: amount})
		}
		if rapid.Bool().Draw(rt, "said") {
			d.s.Months = append(d.s.Months, cashier.MonthPaid{Month: first, Cents: cents("month", -300, 900)})
		}
	}
	pay := func(what string, amount money.Cents, reference string) {
		out, err := o.Cashier.Post(context.Background(), []payment.Instruction{{
			Key: ident.Key(fmt.Sprintf("%s-%d", what, n)), Rail: payment.ACH, Actor: clerk, Source: o.Till, Received: calendar.MustParseMonth("2026-12").First(), Amount: amount,
			Parts: []payment.Part{{Reference: reference, Amount: amount, Received: purse}},
		}}, nil)
		if err != nil || out[0].Err != nil {
			rt.Fatal(err, out)
		}
		if reference == "" {
			p := out[0].Answer.Parts[0]
			d.s.Money = []cashier.Ref{{Book: p.Book, Seq: p.Seq}}
		}
	}
	if rapid.Bool().Draw(rt, "credit") {
		d.free = cents("free", 1, 300)
		pay("free", d.free, fmt.Sprint(int64(d.payer)))
	}
	if len(items) > 0 {
		if _, err := o.Cashier.Bill(context.Background(), cashier.Order{Key: ident.Key(fmt.Sprintf("bill-%d", n)), Actor: clerk}, items, false); err != nil {
			rt.Fatal(err)
		}
	}
	for _, code := range []chart.Code{chart.UserFee, chart.CostSharing, chart.ExchangeBalance} {
		if rapid.Bool().Draw(rt, "other") {
			d.s.Others = append(d.s.Others, cashier.OtherPaid{Account: code, Cents: cents("other", -200, 200)})
		}
	}
	d.s.Held = cents("held", 0, 100)
	d.sum = d.s.Held
	for _, m := range d.s.Months {
		d.sum += m.Cents
	}
	for _, other := range d.s.Others {
		d.sum += other.Cents
	}
	d.s.Remittance, d.s.Payer, d.s.Purse, d.s.On = fmt.Sprint(n), d.payer, purse, calendar.MustParseMonth("2026-12").First()
	if d.sum > 0 {
		pay("money", d.sum, "")
	}
	return d
}

func TestSettle_RefusesWhatDoesNotSum(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	payer := ledger.BookNo(o.Members(t, 1)[0])
	s := cashier.Settlement{
		Remittance: "1", Payer: payer, Purse: storetest.House{}.PurseOf(chart.Premium), On: calendar.MustParseMonth("2026-12").First(),
		Months: []cashier.MonthPaid{{Month: calendar.MustParseMonth("2026-12"), Cents: 500}},
	}
	if _, err := o.Cashier.Settle(context.Background(), cashier.Order{Key: "s-1", Actor: clerk, Reason: "test"}, s); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without its money: got %v", err)
	}
	s.Payer = 1
	if _, err := o.Cashier.Settle(context.Background(), cashier.Order{Key: "s-2", Actor: clerk, Reason: "test"}, s); fault.KindOf(err) != fault.Conflict {
		t.Errorf("of a payer without an account: got %v", err)
	}
	if _, err := o.Cashier.Settle(context.Background(), cashier.Order{Key: "s-3", Actor: clerk}, s); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a reason: got %v", err)
	}
}
