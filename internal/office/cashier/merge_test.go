package cashier_test

import (
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

func TestMerge_TheSurvivorHasEverythingAndUnmergeGivesItBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		merged, survivor := c.member(), c.member()
		c.owes(merged, premium, 5_000, april)
		c.owes(merged, premium, 4_000, may)
		c.owes(merged, medical, 300, april)
		c.owes(survivor, premium, 1_000, april)
		c.pays(premium, to(merged, 1_000))
		c.pays(pharmacy, to(merged, 700))
		merge := c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(merged), ledger.BookNo(survivor)))
		c.wantOpen(merged, "")
		c.wantOpen(survivor, "1:10.00 2:40.00 3:40.00 4:3.00")
		if c.unapplied(merged) != 0 || c.unapplied(survivor) != 700 {
			t.Errorf("unapplied are %s and %s", c.unapplied(merged), c.unapplied(survivor))
		}
		r := c.pays(premium, to(merged, 1_500))[0]
		if r.Book != ledger.BookNo(survivor) || r.About != ledger.BookNo(survivor) {
			t.Errorf("a payment under the merged number: got %+v", r)
		}
		c.wantOpen(survivor, "2:35.00 3:40.00 4:3.00")
		_, err := c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(merged), ledger.BookNo(survivor))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(survivor), ledger.BookNo(merged))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(survivor), ledger.BookNo(survivor))
		c.wantKind(err, fault.NotFound)
		_, err = c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(survivor), 999_999_999_999)
		c.wantKind(err, fault.NotFound)
		_, err = c.Cashier.Unmerge(t.Context(), c.order(), ledger.BookNo(merged), "nosuchmerge")
		c.wantKind(err, fault.NotFound)

		c.did(c.Cashier.Unmerge(t.Context(), c.order(), ledger.BookNo(merged), merge.ID))
		c.wantOpen(survivor, "")
		c.wantOpen(merged, "4:35.00 5:40.00 6:3.00")
		if c.unapplied(merged) != 700 || c.unapplied(survivor) != 0 {
			t.Errorf("unapplied are %s and %s", c.unapplied(merged), c.unapplied(survivor))
		}
		if r := c.pays(premium, to(merged, 3_500))[0]; r.Book != ledger.BookNo(merged) || r.Applied != 3_500 {
			t.Errorf("a payment after the merge was undone: got %+v", r)
		}
		_, err = c.Cashier.Unmerge(t.Context(), c.order(), ledger.BookNo(merged), merge.ID)
		c.wantKind(err, fault.Conflict)
	})
}

// Records of one person can be joined one by one, each time into a newer one. The
// first number, and a dependant's debtor, still reach the last.
func TestMerge_ALongRowOfSurvivorsIsFollowedToItsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		first := c.member()
		child := c.dependant(cashier.Debtors{Premium: ledger.BookNo(first)})
		last := first
		for range 9 {
			next := c.member()
			c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(last), ledger.BookNo(next)))
			last = next
		}
		c.owes(child, premium, 5_000, april)
		c.wantOpen(last, "1:50.00")
		for _, under := range []billpay.Number{first, child} {
			if r := c.pays(premium, to(under, 1_000))[0]; r.Book != ledger.BookNo(last) || r.Applied != 1_000 {
				t.Errorf("a payment under %s went to %+v, want the last survivor", under, r)
			}
		}
	})
}

// Accounts on which nothing was ever posted have no sequence number that moves,
// so nothing but their status tells two merges apart.
func TestMerge_OfEmptyAccountsHappensOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for range 10 {
			a, b, d := ledger.BookNo(c.member()), ledger.BookNo(c.member()), ledger.BookNo(c.member())
			pairs := [][2]ledger.BookNo{{a, b}, {b, a}, {a, d}, {d, b}}
			var together sync.WaitGroup
			errs := make([]error, len(pairs))
			for i, pair := range pairs {
				order := c.order()
				together.Go(func() {
					_, errs[i] = c.Cashier.Merge(t.Context(), order, pair[0], pair[1])
				})
			}
			together.Wait()
			for i, err := range errs {
				if err != nil && fault.KindOf(err) != fault.Conflict {
					t.Fatalf("merge %d: %v", i+1, err)
				}
			}
			for _, no := range []ledger.BookNo{a, b, d} {
				r := c.pays(premium, to(billpay.Number(no), 100))[0]
				if r.InSuspense() {
					t.Fatalf("merges %v ended as %v and leave a number that reaches nobody", pairs, errs)
				}
				if got := c.read(r.Book).Status; got != cashier.Open {
					t.Fatalf("money was put into a book that is %s", got)
				}
			}
		}
	})
}
