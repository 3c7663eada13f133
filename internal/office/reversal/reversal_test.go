package reversal_test

import (
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	bank = ident.Actor{Kind: ident.System, Name: "test"}
	day  = calendar.MustParse("2026-11-20")
)

func TestTake_ReversesTheOnePaymentThatItMeans(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		numbers := o.Members(t, 3)
		pay := func(key string, n billpay.Number, rail payment.Rail, cents money.Cents, on calendar.Date) {
			t.Helper()
			outcomes, err := o.Cashier.Post(t.Context(), []payment.Instruction{{
				Key: ident.Key(key), Rail: rail, Amount: cents, Received: on, Actor: bank, Source: o.Till,
				Parts: []payment.Part{{Reference: n.Digits(), Amount: cents, Received: chart.Purse{Entity: 1, Fund: chart.Premium}}},
			}}, nil)
			if err != nil || outcomes[0].Err != nil {
				t.Fatal(err, outcomes)
			}
		}
		unapplied := func(n billpay.Number) (sum money.Cents) {
			t.Helper()
			all, err := o.Store.UnappliedOf(t.Context(), ledger.BookNo(n))
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range all {
				sum += u.Open
			}
			return sum
		}
		pay("1", numbers[0], payment.BankBill, 50_00, day)
		pay("2", numbers[0], payment.BankBill, 60_00, day)
		pay("3", numbers[1], payment.BankBill, 50_00, day)
		pay("4", numbers[1], payment.BankBill, 50_00, day.AddDays(1)) // two that fit
		pay("5", numbers[2], payment.Lockbox, 50_00, day)             // another rail
		pay("6", numbers[2], payment.BankBill, 50_00, day.AddDays(-60))
		desk := reversal.New(o.Store, o.Cashier)
		for range 2 { // carrying out is safe to repeat
			report, err := desk.Take(t.Context(), bank, func(each func(reversal.Wanted) error) error {
				for i, n := range append([]billpay.Number{0}, numbers...) {
					w := reversal.Wanted{Identity: fmt.Sprint(i), Number: n, Amount: 50_00, On: day.AddDays(3), Line: i}
					if err := each(w); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if report.Reversed != 1 || report.ReversedCents != 50_00 || len(report.Unmatched) != 3 || report.Unmatched[1].Found != 2 {
				t.Errorf("got %+v", report)
			}
		}
		for i, want := range []money.Cents{60_00, 100_00, 100_00} {
			if got := unapplied(numbers[i]); got != want {
				t.Errorf("member %d has %s, want %s", i, got, want)
			}
		}
	})
}
