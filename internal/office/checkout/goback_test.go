package checkout_test

import (
	"context"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
)

// A month that was paid by card is taken back: its money goes back to the card, and
// the month is not owed again.
func TestRefundShares_OfWhatACreditFreed(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		c.bill(0, premium, draft.Parts[0].Amount)
		a := c.pay(draft, "ok")
		book := ledger.BookNo(c.numbers[0])
		credit := func(context.Context, cashier.Book) (cashier.Charging, error) {
			return cashier.Charging{Credits: []cashier.Credit{{Book: book, Item: 1, Purse: premium, Cents: draft.Parts[0].Amount}}}, nil
		}
		if _, err := c.Cashier.ChargePayer(t.Context(), order("credit"), 1, 1, book, credit); err != nil {
			t.Fatal(err)
		}
		overs, err := c.Cashier.Overs(t.Context(), book)
		if err != nil || len(overs) != 1 || overs[0].Open != draft.Parts[0].Amount {
			t.Fatalf("over are %+v, %v", overs, err)
		}
		paid, err := c.desk.PaidBy(t.Context(), overs[0].Payment, overs[0].Part)
		if err != nil || paid.Attempt != a.ID || paid.Leg != 1 || paid.Left != draft.Parts[0].Amount {
			t.Fatalf("it was paid by %+v, %v", paid, err)
		}
		shares := []checkout.Share{{Part: paid.Part, At: overs[0].At, Amount: overs[0].Open, Over: true}}
		r, err := c.desk.RefundShares(t.Context(), order("r1"), a.ID, 1, shares)
		if err != nil || r.State != checkout.CaseSent || c.look(a.ID).Legs[0].Refunded != overs[0].Open {
			t.Fatalf("refunded as %+v, %v", r, err)
		}
		if owed := c.owed(0, chart.Premium); owed != 0 || c.payable() != 0 {
			t.Errorf("%s is owed again, %s stands on refunds-payable", owed, c.payable())
		}
		again, err := c.desk.RefundShares(t.Context(), order("r1"), a.ID, 1, shares)
		if err != nil || again.No != r.No {
			t.Errorf("the same again made refund %d, %v", again.No, err)
		}
		if _, err := c.desk.RefundShares(t.Context(), order("r2"), a.ID, 1, shares); fault.KindOf(err) != fault.Conflict {
			t.Errorf("more than the charge: %v", err)
		}
		if paid, err = c.desk.PaidBy(t.Context(), overs[0].Payment, overs[0].Part); err != nil || paid.Left != 0 {
			t.Errorf("left on the card: %+v, %v", paid, err)
		}
		c.agree()
	})
}
