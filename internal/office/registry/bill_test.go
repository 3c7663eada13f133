package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

func (o *office) code(t *testing.T, number billpay.Number) string {
	t.Helper()
	codes, err := o.Store.StatementCodes(ctx, []ledger.BookNo{ledger.BookNo(number)}, date("2026-11-23").AddDays(registry.CodeDays))
	if err != nil {
		t.Fatal(err)
	}
	return codes[0]
}

// shows writes a bill as "premium@1 100.00 [1]; ...".
func (o *office) shows(t *testing.T, code string) string {
	t.Helper()
	b, err := o.registry.Bill(ctx, byGuest(t), code, unlimited)
	if err != nil {
		t.Fatalf("Bill: %v", err)
	}
	var parts []string
	for _, d := range b.Dues {
		var items []string
		for _, i := range d.Items {
			items = append(items, fmt.Sprint(i.No))
		}
		parts = append(parts, fmt.Sprintf("%s@%d %s [%s]", d.Purse.Fund, d.Purse.Entity, d.Open, strings.Join(items, " ")))
	}
	return strings.Join(parts, "; ")
}

func (o *office) wantBill(t *testing.T, situation, code, want string) {
	t.Helper()
	if got := o.shows(t, code); got != want {
		t.Errorf("%s: got %q, want %q", situation, got, want)
	}
}

func TestBill_ShowsWhatWasOpenWhenTheCodeWasMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		none := f.code(t, f.ana)
		f.bill(t, "b1", f.ana, chart.Premium, openitem.Ordinary, 10000)
		f.bill(t, "b2", f.ana, chart.Medical, openitem.Ordinary, 3000)
		f.bill(t, "b3", f.ana, chart.Premium, openitem.Ordinary, 500)
		code := f.code(t, f.ana)
		f.bill(t, "b4", f.ana, chart.Premium, openitem.Ordinary, 77700)
		f.wantBill(t, "a bill without items", none, "")
		f.wantBill(t, "the bill", code, "premium@1 105.00 [1 3]; medical@2 30.00 [2]")
		f.pay(t, "p1", f.ana.Digits(), 4000)
		f.wantBill(t, "partly paid", code, "premium@1 65.00 [1 3]; medical@2 30.00 [2]")

		b, err := f.registry.Bill(ctx, byGuest(t), code, unlimited)
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.registry.Account(ctx, access(t), f.ana.Digits())
		if err != nil || b.Account != a.Opaque || b.Number != f.ana || b.Open() != 9500 {
			t.Errorf("got %+v and %v, want Ana's account and 95.00", b, err)
		}
		if want := (payment.ItemRef{Book: ledger.BookNo(f.ana), No: 1}); b.Dues[0].Items[0] != want {
			t.Errorf("got %+v, want %+v", b.Dues[0].Items[0], want)
		}
		trail, err := o.Store.AuditOf(ctx, ledger.BookNo(f.ana))
		if err != nil || !slices.ContainsFunc(trail, func(e audit.Entry) bool {
			return e.Action == audit.ReadBill && e.Actor.Kind == ident.Guest
		}) {
			t.Errorf("got %v: the trail does not say that the bill was read", err)
		}
		f.pay(t, "p2", f.ana.Digits(), 6500)
		f.wantBill(t, "the premium is paid", code, "medical@2 30.00 [2]")
	})
}

func TestBill_CodesAreReadAsPeopleTypeThem(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	f := newOffice(t, o)
	f.registry.HoldMisses(func(context.Context, time.Time) {})
	f.bill(t, "b1", f.ana, chart.Premium, openitem.Ordinary, 10000)
	code := f.code(t, f.ana)
	for _, typed := range []string{
		strings.ToLower(code), code[:5] + "-" + code[5:], " " + code[:4] + " " + code[4:] + "\r\n", code[:3] + "\u2013" + code[3:],
		strings.ReplaceAll(code, "5", "s"), "\u200b" + code,
	} {
		f.wantBill(t, fmt.Sprintf("typed as %d characters", len(typed)), typed, "premium@1 100.00 [1]")
	}
}

func TestBill_WhatIsNoCodeIsOneAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		held := 0
		f.registry.HoldMisses(func(context.Context, time.Time) { held++ })
		f.bill(t, "b1", f.ana, chart.Premium, openitem.Ordinary, 10000)
		f.bill(t, "b2", f.ben, chart.Medical, openitem.Ordinary, 10000)
		code, merged := f.code(t, f.ana), f.code(t, f.ben)
		if _, err := o.Cashier.Merge(ctx, cashier.Order{Key: "merge", Actor: clerk, Reason: "one person"},
			ledger.BookNo(f.ben), ledger.BookNo(f.leo)); err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for situation, typed := range map[string]string{
			"never given out": registry.NewCode(), "too short": code[:9], "too long": code + "2", "nothing": "", "other letters": "0000000000",
			"a number": f.ana.Digits(), "of a merged account": merged, "endless": strings.Repeat(code, 1000), "no text": "\xff\xfe",
		} {
			b, err := f.registry.Bill(ctx, byGuest(t), typed, unlimited)
			if !errors.Is(err, registry.ErrNoCode) || fault.KindOf(err) != fault.NotFound || b.Dues != nil {
				t.Errorf("%s: got %+v and %v, want no code", situation, b, err)
			}
			said[err.Error()] = true
		}
		if len(said) != 1 || held != 9 {
			t.Errorf("got %d answers, and %d of 9 were held", len(said), held)
		}
		o.Clock.Advance(registry.CodeDays * 24 * time.Hour)
		f.wantBill(t, "on its last day", code, "premium@1 100.00 [1]")
		o.Clock.Advance(24 * time.Hour)
		if _, err := f.registry.Bill(ctx, byGuest(t), code, unlimited); !errors.Is(err, registry.ErrCodeExpired) || held != 10 {
			t.Errorf("got %v on day 61, want expired", err)
		}
	})
}

// A bill lies about in a household: nobody learns from its code of care that is
// billed apart.
func TestBill_ShowsNoCareThatIsNotOrdinary(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		for i, privacy := range []openitem.Privacy{openitem.Ordinary, openitem.Sensitive, openitem.Confidential, openitem.MinorConsent} {
			f.bill(t, fmt.Sprint("own", i), f.ana, chart.Medical, privacy, 1000)
			f.bill(t, fmt.Sprint("premium", i), f.ana, chart.Premium, privacy, 100)
			f.bill(t, fmt.Sprint("child", i), f.leo, chart.Pharmacy, privacy, 10)
		}
		code := f.code(t, f.ana)
		b, err := f.registry.Bill(ctx, byGuest(t), code, unlimited)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range b.Dues {
			if want := map[chart.Fund]string{chart.Premium: "4.00", chart.Medical: "10.00", chart.Pharmacy: "0.10"}[d.Purse.Fund]; d.Open.String() != want {
				t.Errorf("%s: got %s, want %s", d.Purse.Fund, d.Open, want)
			}
		}
		f.registry.HoldMisses(func(context.Context, time.Time) {})
		f.wantBill(t, "the minor's own bill", f.code(t, f.leo), "")
		if rows := storetest.Rows(t, o, "statement_code"); strings.Contains(rows, code) {
			t.Error("a code stands in its table in clear")
		}
	})
}
