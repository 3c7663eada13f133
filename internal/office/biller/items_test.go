package biller_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx   = context.Background()
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
)

const header = "number,alias,alias_source,fund,amount,due_on,description,privacy,debtor\n"

func billFile(t *testing.T, o *storetest.Office, csv string) biller.ItemsReport {
	t.Helper()
	b := biller.New(o.Store, o.Cashier, storetest.House{Clock: o.Clock})
	report, err := b.ImportItems(ctx, clerk, biller.ItemsFile{Open: func() io.Reader { return strings.NewReader(csv) }})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// owed sums what is open in a person's book.
func owed(t *testing.T, o *storetest.Office, number billpay.Number) (sum money.Cents) {
	t.Helper()
	no := ledger.BookNo(number)
	have, err := o.Store.Read(ctx, cashier.Want{Books: []ledger.BookNo{no}})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range have.Books[no].Items {
		sum += item.Open
	}
	return sum
}

func checkOwed(t *testing.T, o *storetest.Office, number billpay.Number, want money.Cents) {
	t.Helper()
	if got := owed(t, o, number); got != want {
		t.Errorf("got %s owed, want %s", got, want)
	}
}

func TestImportItems_TheSameFileTwiceBillsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		people := o.Members(t, 2)
		csv := header + people[0].Grouped() + ",,,premium,100.00,2026-12-01,December,,\n" +
			people[0].Digits() + ",,,medical,30.00,2026-12-01,Visit,ordinary," + people[1].Digits() + "\n"
		if report := billFile(t, o, csv); report.Billed != 2 || report.Cents != 13000 || report.Verdict != fault.Accept {
			t.Fatalf("got %+v, want two items billed", report)
		}
		if report := billFile(t, o, strings.ReplaceAll(csv, "\n", "\r\n")); report.Billed != 0 || report.Before != 2 {
			t.Errorf("the same file again: got %+v, want nothing billed", report)
		}
		checkOwed(t, o, people[0], 10000)
		checkOwed(t, o, people[1], 3000)
		// A merge since then resolves the number to another account; the file was
		// billed all the same.
		order := cashier.Order{Key: "merge", Actor: clerk, Reason: "one person"}
		if _, err := o.Cashier.Merge(ctx, order, ledger.BookNo(people[0]), ledger.BookNo(people[1])); err != nil {
			t.Fatal(err)
		}
		if report := billFile(t, o, csv); report.Billed != 0 {
			t.Errorf("after a merge: got %+v, want nothing billed", report)
		}
		checkOwed(t, o, people[1], 13000)
	})
}

func TestImportItems_SomebodyUnknownRefusesTheWholeFile(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	known := o.Members(t, 1)[0]
	report := billFile(t, o, header+known.Digits()+",,,premium,100.00,2026-12-01,December,,\n"+
		",OLD-9,oldbill,premium,1.00,2026-12-01,December,,\n")
	if report.Verdict != fault.Refuse || len(report.Problems) != 1 || report.Problems[0].Line != 3 {
		t.Errorf("got %+v, want line 3 refused", report)
	}
	checkOwed(t, o, known, 0)
}

func TestImportItems_IdenticalRowsOverSeveralChunks(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	person := o.Members(t, 1)[0]
	csv := header + strings.Repeat(person.Digits()+",,,premium,1.00,2026-12-01,Fee,,\n", 1201)
	if report := billFile(t, o, csv); report.Billed != 1201 {
		t.Fatalf("got %+v, want 1201 billed", report)
	}
	checkOwed(t, o, person, 120100)
}

func TestImportItems_NeedsAnActor(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	b := biller.New(o.Store, o.Cashier, storetest.House{Clock: o.Clock})
	if _, err := b.ImportItems(ctx, ident.Actor{}, biller.ItemsFile{}); fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v, want denied", err)
	}
}
