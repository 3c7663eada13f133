package store_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestScratch(t *testing.T) {
	engine := os.Getenv("SCRATCH")
	if engine == "" {
		return
	}
	o := storetest.Open(t, engine)
	s := &scenario{Office: o, t: t, numbers: o.Members(t, 20000)}
	start := time.Now()
	for from := 0; from < len(s.numbers); from += 500 {
		var items []openitem.Item
		for _, n := range s.numbers[from : from+500] {
			items = append(items, openitem.Item{Purse: premium, About: ledger.BookNo(n), Text: "x", DueOn: dueDay, Amount: 100000})
		}
		s.must(o.Cashier.Bill(t.Context(), s.order(), items, false))
	}
	for round := range 9 {
		for from := 0; from < len(s.numbers); from += 500 {
			var group []payment.Instruction
			for i := range 500 {
				in := s.instruction(premium, s.to(from+i, 1000))
				in.Key = ident.Key(fmt.Sprintf("b:%d:%d", round, from+i))
				group = append(group, in)
			}
			if _, err := o.Cashier.Post(t.Context(), group, (*cashier.Progress)(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Log("posted in", time.Since(start))
	keys := signing(t)
	start = time.Now()
	closeDay(t, o, keys)
	t.Log("closed in", time.Since(start))
	start = time.Now()
	r, err := proof.Verify(t.Context(), o.Store, keys, nil)
	t.Log("verified", r.Transactions, "in", time.Since(start), err, r.Broken)
}
