package cashier_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// A group of reversals is what each would be by itself: one that cannot be done, two of
// one account, money in suspense, and all of it again.
func TestReverseAll_EachHasItsOutcome(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		first, second := c.member(), c.member()
		c.owes(first, premium, 10_000, april)
		pay := func(part payment.Part) payment.ReceiptPart { return c.pays(premium, part)[0] }
		applied := pay(payment.Part{Reference: first.Digits(), Amount: 4_000})
		sameBook := pay(payment.Part{Reference: first.Digits(), Amount: 1_000})
		over := pay(payment.Part{Reference: second.Digits(), Amount: 700})
		lost := pay(payment.Part{Reference: "nobody", Amount: 300})
		moved := pay(payment.Part{Reference: second.Digits(), Amount: 900})
		c.did(c.Cashier.Move(t.Context(), c.order(), ref(moved), target(first.Digits())))
		c.wantOpen(first, "1:41.00")

		var group []cashier.Reversing
		for _, part := range []payment.ReceiptPart{applied, sameBook, over, lost, moved} {
			group = append(group, cashier.Reversing{Order: c.order(), Payment: part.Payment})
		}
		group = append(group, cashier.Reversing{Order: c.order(), Payment: payment.IDOf("unknown")})
		want := []fault.Kind{0, 0, 0, 0, fault.Conflict, fault.NotFound}
		for round := range 2 {
			undone, err := c.Cashier.ReverseAll(t.Context(), group)
			if err != nil {
				t.Fatal(err)
			}
			for i := range group {
				if want[i] == 0 && (undone[i].Err != nil || undone[i].Done.Replayed != (round == 1) || len(undone[i].Done.Refs) == 0) {
					t.Errorf("round %d, %d: %+v (%v)", round, i, undone[i].Done, undone[i].Err)
				}
				if want[i] != 0 && fault.KindOf(undone[i].Err) != want[i] {
					t.Errorf("round %d, %d: %v, want %v", round, i, undone[i].Err, want[i])
				}
			}
			c.wantOpen(first, "1:91.00") // what was moved there stays
			if got := c.unapplied(second); got != 0 {
				t.Errorf("%s is left unapplied", got)
			}
		}
		// The key is bound to its payment, also when it comes alone.
		again := cashier.Reversing{Order: group[0].Order, Payment: over.Payment}
		undone, err := c.Cashier.ReverseAll(t.Context(), []cashier.Reversing{again})
		if err != nil || fault.KindOf(undone[0].Err) != fault.Conflict {
			t.Errorf("a used key was taken for another payment: %+v (%v)", undone, err)
		}
		back := c.did(c.Cashier.Reverse(t.Context(), group[0].Order, ref(applied)))
		if !back.Replayed {
			t.Error("a reversal by itself under the same key is another one")
		}
	})
}
