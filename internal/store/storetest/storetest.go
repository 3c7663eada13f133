// Package storetest opens stores for tests and holds the conformance suite that
// every engine passes. It is linked by tests only.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
)

// Engines lists the engines that the suite runs on.
var Engines = []string{"sqlite", "postgres"}

// Each runs a test on every engine, each time on a fresh store.
func Each(t *testing.T, test func(t *testing.T, o *Office)) {
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, engine))
		})
	}
}

// Office is an open store with the cashier that works on it.
type Office struct {
	Store   *store.Store
	Cashier *cashier.Cashier
	Clock   *clock.Fixed
	Vault   *vault.Vault
	DSN     string // of a PostgreSQL store
	Dir     string // of an embedded store
	Till    ledger.BookNo
}

// Start is where a test's clock stands at first: a Monday.
var Start = time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)

// Open opens a fresh store on an engine, with an operating book for payments.
func Open(t testing.TB, engine string) *Office {
	t.Helper()
	keys, err := vault.Create(folder(t) + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	o := &Office{Clock: clock.At(Start), Vault: keys}
	options := store.Options{}
	if engine == "postgres" {
		o.DSN = onServer.Database(t)
		options.DSN = o.DSN
	} else {
		o.Dir = folder(t)
		options.Dir = o.Dir
		newFile(t, o.Dir)
	}
	o.Store, err = store.Open(context.Background(), options, keys, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Store.Close() })
	o.Cashier = cashier.New(o.Store, House{o.Clock}, o.Clock)
	o.Till, err = o.Store.OpenOperatingBook(context.Background(), "till", 0)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// House is a plan of two legal entities: 1 has the premium fund, 2 the others.
type House struct{ Clock clock.Clock }

// PurseOf implements cashier.House.
func (House) PurseOf(fund chart.Fund) chart.Purse {
	if fund == chart.Premium {
		return chart.Purse{Entity: 1, Fund: fund}
	}
	return chart.Purse{Entity: 2, Fund: fund}
}

// PostingDay implements cashier.House.
func (h House) PostingDay(chart.EntityNo) calendar.Date { return calendar.In(h.Clock.Now(), time.UTC) }

// RuleFor implements cashier.House.
func (House) RuleFor(chart.Fund, calendar.Date) allocate.Rule { return allocate.OldestDueFirst }

// Members opens n billing accounts and gives their numbers.
func (o *Office) Members(t testing.TB, n int) []billpay.Number {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := o.Store.Reserve(context.Background(), issuer.Draw(n))
	if err != nil {
		t.Fatal(err)
	}
	books := make([]store.NewBook, len(numbers))
	for i, no := range numbers {
		books[i] = store.NewBook{No: ledger.BookNo(no), Kind: "member", Opaque: ident.NewOpaque()}
	}
	if err := o.Store.OpenBooks(context.Background(), books); err != nil {
		t.Fatal(err)
	}
	return numbers
}
