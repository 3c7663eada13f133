package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// replayed sums the journals of books in the program, as the store sums them in SQL.
func replayed(t *testing.T, o *storetest.Office, books []ledger.BookNo, f store.BalanceFilter) ledger.Balances {
	t.Helper()
	balances := ledger.Balances{}
	for _, book := range books {
		if f.Book != 0 && f.Book != book {
			continue
		}
		journal, err := o.Store.Journal(t.Context(), book)
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range journal {
			late := !f.RecordedUpTo.IsZero() && tx.RecordedAt.After(f.RecordedUpTo)
			if late || !f.EffectiveUpTo.IsZero() && tx.EffectiveOn.After(f.EffectiveUpTo) {
				continue
			}
			for _, p := range tx.Postings {
				balances.Add(tx.Phase, p)
			}
		}
	}
	return balances
}

func TestBalances_AtAnyPastInstantEqualAReplay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := &scenario{Office: o, t: t, numbers: o.Members(t, 3)}
		books := []ledger.BookNo{o.Till}
		for _, no := range s.numbers {
			books = append(books, ledger.BookNo(no))
		}
		var instants []time.Time
		tick := func() {
			instants = append(instants, o.Clock.Now())
			o.Clock.Advance(time.Hour)
		}
		s.bill(0, premium, 10_000)
		tick()
		first := s.pay(premium, s.to(0, 9_000))[0]
		tick()
		lost := s.pay(premium, s.to(1, 2_500), s.to(0, 300))[0]
		tick()
		s.must(o.Cashier.Reverse(t.Context(), s.order(), cashier.Ref{Book: first.Book, Seq: first.Seq}))
		tick()
		s.must(o.Cashier.Move(t.Context(), s.order(), cashier.Ref{Book: lost.Book, Seq: lost.Seq},
			cashier.Target{Reference: s.numbers[2].Digits()}))
		tick()
		var filters []store.BalanceFilter
		for _, at := range append(instants, time.Time{}, instants[0].Add(-time.Microsecond)) {
			for _, day := range []string{"", "2026-11-19", "2026-11-20", "2026-11-23"} {
				for _, book := range append([]ledger.BookNo{0}, books...) {
					filters = append(filters, store.BalanceFilter{Book: book, RecordedUpTo: at, EffectiveUpTo: calendar.MustParse("2026-11-01")})
					filters[len(filters)-1].EffectiveUpTo, _ = calendar.Parse(day)
				}
			}
		}
		for _, f := range filters {
			got, err := o.Store.Balances(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if want := replayed(t, o, books, f); !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: got %v, want %v", f, got, want)
			}
		}
		owed := func(at time.Time, day string) string {
			f := store.BalanceFilter{Book: books[1], RecordedUpTo: at}
			f.EffectiveUpTo, _ = calendar.Parse(day)
			balances, err := o.Store.Balances(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			return balances[premium.Account(chart.Receivable)].Net().String()
		}
		for _, tc := range []struct {
			situation string
			at        time.Time
			day, want string
		}{
			{"billed", instants[0], "", "105.00"},
			{"after the payment", instants[1], "", "15.00"},
			{"after the small one", instants[2], "", "12.00"},
			{"after the reversal", instants[3], "", "102.00"},
			{"now", time.Time{}, "", "102.00"},
			{"by the day of receipt nothing was billed yet and the payment stands reversed", time.Time{}, "2026-11-20", "-3.00"},
			{"what was known then of that day", instants[1], "2026-11-20", "-90.00"},
		} {
			if got := owed(tc.at, tc.day); got != tc.want {
				t.Errorf("%s: owed %s, want %s", tc.situation, got, tc.want)
			}
		}
	})
}
