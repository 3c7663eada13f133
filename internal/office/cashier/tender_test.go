package cashier_test

import (
	"context"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// credits takes cents back off an item that was paid, as a billing run does.
func (c *counter) credits(no billpay.Number, item int64, cents money.Cents) {
	c.Helper()
	c.keys++
	book := ledger.BookNo(no)
	c.did(c.Cashier.ChargePayer(c.Context(), c.order(), 1, int64(c.keys), book, func(context.Context, cashier.Book) (cashier.Charging, error) {
		return cashier.Charging{Credits: []cashier.Credit{{Book: book, Item: item, Purse: premium, Cents: cents}}}, nil
	}))
}

func (c *counter) overs(no billpay.Number) []cashier.Over {
	c.Helper()
	overs, err := c.Cashier.Overs(c.Context(), ledger.BookNo(no))
	if err != nil {
		c.Fatal(err)
	}
	return overs
}

func TestRefundSentBy_LeavesByTheTenderAndComesBackFromIt(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for by, over := range map[cashier.Tender]chart.Code{
			cashier.ByOriginal: chart.ClearCard, cashier.ByACH: chart.ClearPayout, cashier.ByCheck: chart.ClearCheck,
		} {
			no := c.member()
			book := ledger.BookNo(no)
			part := ref(c.charges(premium, to(no, 900))[0])
			refund := c.refunds(part, 900)
			order := c.order()
			c.did(c.Cashier.RefundSentBy(t.Context(), order, refund, by))
			if again := c.did(c.Cashier.RefundSentBy(t.Context(), order, refund, by)); !again.Replayed {
				t.Errorf("%s: sent twice under one key", by)
			}
			before := money.Cents(900)
			if over == chart.ClearCard {
				before = 0
			} else if got := c.balance(book, premium.Account(over)); got != -900 {
				t.Errorf("%s: %s stands at %s, want -9.00", by, over, got)
			}
			if got := c.balance(book, premium.Account(chart.ClearCard)); got != before {
				t.Errorf("%s: clearing-card stands at %s, want %s", by, got, before)
			}
			c.did(c.Cashier.RefundFailed(t.Context(), c.order(), refund)) // it comes back
			c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 900, chart.ClearCard: 900}, no)
			c.did(c.Cashier.RefundSentBy(t.Context(), c.order(), refund, cashier.ByCheck)) // by the next tender
			c.did(c.Cashier.RefundFailed(t.Context(), c.order(), refund))
			c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund))
			if c.unapplied(no) != 900 {
				t.Errorf("%s: the refund that was given up is not unapplied again", by)
			}
		}
		_, err := c.Cashier.RefundSentBy(t.Context(), c.order(), "x", "pigeon")
		c.wantKind(err, fault.Invalid)
	})
}

func TestRefundFrom_TakesSeveralPaymentsOldestFirstThroughWhoReceived(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.charges(premium, to(no, 1_000))
		c.pays(premium, to(no, 700))
		cross := to(no, 300)
		cross.For = chart.Premium
		c.charges(medical, cross) // received by the medical group, for premium
		overs := c.overs(no)
		if len(overs) != 3 || overs[0].Rail != payment.Card || overs[1].Rail == payment.Card || overs[2].Through != medical {
			t.Fatalf("got %+v, want the three payments with their rails and the purse that received each", overs)
		}
		var takes []cashier.Take
		for _, o := range overs {
			takes = append(takes, cashier.Take{At: o.At, Amount: o.Open})
		}
		takes[2].Amount = 100
		order := c.order()
		done := c.did(c.Cashier.RefundFrom(t.Context(), order, takes))
		if len(done.Refs) != 3 {
			t.Errorf("got %d transactions, want one for each payment", len(done.Refs))
		}
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 1_700, chart.Unapplied: 200}, no)
		c.wantAccounts(medical, map[chart.Code]money.Cents{chart.RefundsPayable: 100}, no)
		if again := c.did(c.Cashier.RefundFrom(t.Context(), order, takes)); !again.Replayed {
			t.Error("the same refund was made twice")
		}
		_, err := c.Cashier.RefundFrom(t.Context(), c.order(), takes[:1])
		c.wantKind(err, fault.Conflict)
		c.did(c.Cashier.RefundSentBy(t.Context(), c.order(), done.ID, cashier.ByCheck))
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCheck: -1_700, chart.RefundsPayable: 0}, no)
		c.wantAccounts(medical, map[chart.Code]money.Cents{chart.ClearCheck: -100, chart.RefundsPayable: 0}, no)
	})
}

func TestRefundFrom_GivesBackWhatACreditFreed(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, merged := range []bool{false, true} {
			no := c.member()
			item := c.owes(no, premium, 5_000, april)
			c.charges(premium, to(no, 5_000))
			c.credits(no, item.No, 5_000) // the month was taken back
			overs := c.overs(no)
			if len(overs) != 1 || !overs[0].Credited || overs[0].Rail != payment.Card || overs[0].Open != 5_000 {
				t.Fatalf("got %+v, want what the credit freed, paid by card", overs)
			}
			refund := c.did(c.Cashier.RefundFrom(t.Context(), c.order(), []cashier.Take{{At: overs[0].At, Amount: 5_000}})).ID
			c.wantOpen(no, "") // the month is not owed again
			home := no
			if merged {
				home = c.member()
				c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(no), ledger.BookNo(home)))
			}
			c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund))
			if got := c.unapplied(home); got != 5_000 {
				t.Errorf("merged %v: %s is unapplied after the refund was given up, want 50.00", merged, got)
			}
			overs = c.overs(home)
			refund = c.did(c.Cashier.RefundFrom(t.Context(), c.order(), []cashier.Take{{At: overs[0].At, Amount: 5_000}})).ID
			c.did(c.Cashier.RefundSent(t.Context(), c.order(), refund))
			if got := c.balance(ledger.BookNo(home), premium.Account(chart.ClearCard)) + c.balance(ledger.BookNo(no), premium.Account(chart.ClearCard)); merged && got != 0 {
				t.Errorf("clearing-card stands at %s after the money went back to the card", got)
			}
		}
	})
}

// A refund whose owner is lost. A step after "!" is refused.
func TestRefundUnclaimed_WaitsForItsOwnerOrTheState(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		refund := c.refunds(ref(c.pays(premium, to(no, 4_000))[0]), 0)
		step := func(what string) error {
			var err error
			switch what {
			case "unclaimed":
				_, err = c.Cashier.RefundUnclaimed(t.Context(), c.order(), refund)
			case "reclaimed":
				_, err = c.Cashier.RefundReclaimed(t.Context(), c.order(), refund)
			case "remitted":
				_, err = c.Cashier.RefundRemitted(t.Context(), c.order(), refund, cashier.ByCheck)
			case "sent":
				_, err = c.Cashier.RefundSentBy(t.Context(), c.order(), refund, cashier.ByCheck)
			case "failed":
				_, err = c.Cashier.RefundFailed(t.Context(), c.order(), refund)
			case "cancelled":
				_, err = c.Cashier.RefundCancelled(t.Context(), c.order(), refund)
			}
			return err
		}
		for _, s := range []string{
			"!reclaimed", "!remitted", "sent", "!unclaimed", "failed", "unclaimed", "!sent", "!cancelled", "!failed", "!unclaimed", "reclaimed",
			"unclaimed", "remitted", "!reclaimed", "!sent", "!cancelled", "!failed",
		} {
			want := s[0] != '!'
			if !want {
				s = s[1:]
			}
			err := step(s)
			if want && err != nil || !want && fault.KindOf(err) != fault.Conflict {
				t.Fatalf("%s: %v, want it taken: %v", s, err, want)
			}
		}
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 0, chart.Unclaimed: 0, chart.ClearCheck: -4_000}, no)
		_, err := c.Cashier.RefundRemitted(t.Context(), c.order(), refund, cashier.ByOriginal)
		c.wantKind(err, fault.Invalid)
	})
}
