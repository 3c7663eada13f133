package compare_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/compare"
	"github.com/billfold/billfold/internal/sim/post"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

const (
	account = "000555010001"
	box     = "5501001"
)

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

// A day at the bank, taken by the product's own rails: both books say the same to the
// cent; and a file that was taken twice, or one that was lost, changes exactly what it
// must.
func TestDifferences_ADayAtTheBank(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	numbers := o.Members(t, 3)
	var box1 post.Memory
	office, err := post.Open(post.Options{Mailbox: &box1, Plan: post.Plan{Documents: []post.Fault{{Kind: "lockbox", Nth: []int{1}, Duplicated: 1}}}})
	must(t, err)
	b, err := bank.Open(bank.Options{
		Accounts: []bank.Account{{Number: account}}, Lockboxes: map[string]string{box: account}, Opens: calendar.MustParse("2026-11-23"), Deliver: office.Deliver,
	})
	must(t, err)
	for i := range 60 {
		no := numbers[i%len(numbers)].Digits()
		_, err = b.Receive(bank.Cheque{
			Lockbox: box, Amount: money.Cents(1000 + i), Routing: "121042882", Drawn: "7001", Stubs: []bank.Stub{{Reference: no}},
		})
		must(t, err)
		_, err = b.Send(bank.BillPay{
			Account: account, From: bank.Originator{Name: "BILLNET", ID: "9000000042", ODFI: "231380104"}, Number: no, Payer: "PAT", Amount: money.Cents(500 + i),
		})
		must(t, err)
	}
	_, err = b.Wire(bank.Wire{Account: account, Amount: 77_00, Structured: numbers[0].Digits(), Payer: "PAT"})
	must(t, err)
	_, err = b.CloseDay()
	must(t, err)

	in := intake.New(o.Store, o.Cashier, house{storetest.House{Clock: o.Clock}}, o.Clock, lockbox.New(), bankbill.Rail{}, wire.Rail{})
	o.Clock.Advance(24 * time.Hour)
	files := box1.Take()
	for _, f := range files {
		result, err := in.Take(t.Context(), f.Name, bytes.NewReader(f.Content), ident.Actor{Kind: ident.Staff, Name: "test"}, nil)
		if err != nil || result.Verdict != fault.Accept {
			t.Fatalf("%s: %v %v %v", f.Name, err, result.Verdict, result.Problems)
		}
	}
	if len(files) != 4 {
		t.Errorf("%d files came", len(files))
	}
	balances, err := o.Store.Balances(t.Context(), store.BalanceFilter{})
	must(t, err)
	ours := compare.OfLedger(balances, house{}.PurseOf(chart.Premium))
	theirs := compare.OfBank(b, account)
	if differ := compare.Differences(theirs, ours, compare.Lockbox, compare.ACH, compare.Wire); len(differ) > 0 {
		t.Errorf("the books differ: %v", differ)
	}
	if theirs[compare.Lockbox] != 617_70 || theirs[compare.Wire] != 77_00 {
		t.Errorf("the bank counted %v", theirs)
	}

	_, err = b.Receive(bank.Cheque{Lockbox: box, Amount: 1})
	must(t, err)
	_, err = b.CloseDay()
	must(t, err)
	if differ := compare.Differences(compare.OfBank(b, account), ours); len(differ) != 2 || !strings.Contains(strings.Join(differ, " "), "617.71") {
		t.Errorf("a cheque that the ledger has not shows as %v", differ)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
