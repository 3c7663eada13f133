package cashier_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

func TestDispute_TakesTheMoneyBackUntilItIsDecided(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 5_000, april)
		c.owes(no, premium, 3_000, may)
		part := ref(c.charges(premium, to(no, 10_000))[0])
		order := c.order()
		dispute := c.did(c.Cashier.Dispute(t.Context(), order, part, 10_000))
		c.wantOpen(no, "1:50.00 2:30.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 0, chart.Unapplied: 0, chart.Receivable: 8_000})
		if again := c.did(c.Cashier.Dispute(t.Context(), order, part, 10_000)); !again.Replayed || again.ID != dispute.ID {
			t.Errorf("the same dispute told twice: got %+v, want the answer %+v", again, dispute)
		}
		_, err := c.Cashier.Dispute(t.Context(), c.order(), part, 1)
		c.wantKind(err, fault.Conflict) // nothing is left
		_, err = c.Cashier.Refund(t.Context(), c.order(), part, 1)
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), part)
		c.wantKind(err, fault.Conflict)

		// May is paid by other money before the bank decides: what comes back pays
		// April, and the rest is over.
		c.pays(premium, naming(to(no, 3_000), chart.Premium, payment.ItemRef{Book: ledger.BookNo(no), No: 2}))
		order = c.order()
		won := c.did(c.Cashier.DisputeWon(t.Context(), order, dispute.ID))
		c.wantOpen(no, "")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 10_000, chart.Unapplied: 5_000, chart.Interaccount: 0})
		for _, at := range won.Refs {
			tx, err := c.Store.Transaction(t.Context(), at.Book, at.Seq)
			if err != nil || tx.EffectiveOn != received {
				t.Errorf("won as of %s (%v), want the day the money was received", tx.EffectiveOn, err)
			}
		}
		if again := c.did(c.Cashier.DisputeWon(t.Context(), order, dispute.ID)); !again.Replayed {
			t.Errorf("the same decision told twice: got %+v", again)
		}
		_, err = c.Cashier.DisputeWon(t.Context(), c.order(), dispute.ID)
		c.wantKind(err, fault.Conflict)
		// The money is the account's as before: it can be disputed and refunded again.
		c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 6_000))
		c.wantOpen(no, "1:10.00")
		c.refunds(won.Refs[len(won.Refs)-1], 4_000)
		c.wantOpen(no, "1:50.00")
	})
}

// The table of docs/rules/ledger-and-chart.md.
func TestWayBack_AsTheRulesShowIt(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		aprils := c.owes(no, premium, 5_000, april)
		mays := c.owes(no, premium, 3_000, may)
		var part cashier.Ref
		var refund, dispute payment.ID
		for _, row := range []struct {
			act                             string
			do                              func()
			over, april, may, payable, card money.Cents
		}{
			{"received", func() { part = ref(c.charges(premium, to(no, 10_000))[0]) }, 2_000, 0, 0, 0, 10_000},
			{"refund", func() { refund = c.refunds(part, 2_500) }, 0, 0, 500, 2_500, 10_000},
			{"sent", func() { c.did(c.Cashier.RefundSent(t.Context(), c.order(), refund)) }, 0, 0, 500, 0, 7_500},
			{"dispute", func() {
				dispute = c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 4_000)).ID
			}, 0, 1_500, 3_000, 0, 3_500},
			{"other money", func() {
				c.pays(premium, naming(to(no, 3_000), chart.Premium, mays))
			}, 0, 1_500, 0, 0, 3_500},
			{"won", func() { c.did(c.Cashier.DisputeWon(t.Context(), c.order(), dispute)) }, 2_500, 0, 0, 0, 7_500},
		} {
			row.do()
			open := map[int64]money.Cents{}
			for _, item := range c.read(ledger.BookNo(no)).Items {
				open[item.No] = item.Open
			}
			if open[aprils.No] != row.april || open[mays.No] != row.may {
				t.Errorf("%s: open are %s and %s, want %s and %s", row.act, open[aprils.No], open[mays.No], row.april, row.may)
			}
			c.wantAccounts(premium, map[chart.Code]money.Cents{
				chart.Unapplied: row.over, chart.RefundsPayable: row.payable, chart.ClearCard: row.card,
			})
		}
	})
}

// A payment of 100.00 on 40.00 of April, while another member owes 90.00; what
// happened to it before the bank took 70.00 back, and what is owed and over then.
func TestDispute_FollowsTheMoney(t *testing.T) {
	type books struct {
		a, b string
		over money.Cents
	}
	onEach(t, func(t *testing.T, c *counter) {
		for name, tc := range map[string]struct {
			happened func(c *counter, part cashier.Ref)
			taken    books
			won      books
		}{
			"nothing": {func(*counter, cashier.Ref) {}, books{"1:10.00", "1:90.00", 0}, books{"", "1:90.00", 6_000}},
			"it was moved to b": {
				func(c *counter, part cashier.Ref) {
					c.did(c.Cashier.Move(c.Context(), c.order(), part, target(c.b.Digits())))
				},
				books{"1:40.00", "1:60.00", 0}, books{"1:40.00", "", 1_000},
			},
			"what was over was applied": {
				func(c *counter, part cashier.Ref) {
					c.owes(c.a, premium, 5_000, may)
					c.did(c.Cashier.ApplyUnapplied(c.Context(), c.order(), part, nil))
				},
				books{"1:10.00 2:50.00", "1:90.00", 0}, books{"", "1:90.00", 1_000},
			},
			"a was merged into b": {
				func(c *counter, part cashier.Ref) {
					c.did(c.Cashier.Merge(c.Context(), c.order(), ledger.BookNo(c.a), ledger.BookNo(c.b)))
				},
				books{"", "1:90.00 2:10.00", 0}, books{"", "1:20.00 2:10.00", 0},
			},
			"a was merged into b, which used what was over": {
				func(c *counter, part cashier.Ref) {
					c.did(c.Cashier.Merge(c.Context(), c.order(), ledger.BookNo(c.a), ledger.BookNo(c.b)))
					left, err := c.Store.UnappliedOf(c.Context(), ledger.BookNo(c.b))
					if err != nil || len(left) != 1 {
						c.Fatal(err, left)
					}
					c.did(c.Cashier.ApplyUnapplied(c.Context(), c.order(), cashier.Ref{Book: left[0].Book, Seq: left[0].Seq}, nil))
				},
				books{"", "1:90.00 2:10.00", 0}, books{"", "1:20.00 2:10.00", 0},
			},
			"some was refunded, and the refund given up": {
				func(c *counter, part cashier.Ref) {
					c.did(c.Cashier.RefundCancelled(c.Context(), c.order(), c.refunds(part, 7_500)))
				},
				books{"1:15.00", "1:90.00", 500}, books{"", "1:90.00", 6_000},
			},
		} {
			c.within(t, name, func(t *testing.T, c *counter) {
				c.a, c.b = c.member(), c.member()
				want := func(is books, card money.Cents) {
					t.Helper()
					c.wantOpen(c.a, is.a)
					c.wantOpen(c.b, is.b)
					c.wantAccounts(premium, map[chart.Code]money.Cents{
						chart.ClearCard: card, chart.Unapplied: is.over, chart.Interaccount: 0, chart.RefundsPayable: 0,
					}, c.a, c.b)
				}
				c.owes(c.a, premium, 4_000, april)
				c.owes(c.b, premium, 9_000, april)
				part := ref(c.charges(premium, to(c.a, 10_000))[0])
				tc.happened(c, part)
				dispute := c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 7_000))
				want(tc.taken, 3_000)
				c.did(c.Cashier.DisputeWon(t.Context(), c.order(), dispute.ID))
				want(tc.won, 10_000)
			})
		}
	})
}

// The money had been moved from pharmacy, to which the payer sent it, into
// medical; premium's merchant id had taken it.
func TestDispute_UnwindsThroughThePurseThatReceived(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, medical, 900, april)
		part := ref(c.charges(premium, naming(to(no, 800), chart.Pharmacy))[0])
		c.did(c.Cashier.Move(t.Context(), c.order(), part, cashier.Target{Reference: no.Digits(), Fund: chart.Medical}))
		c.wantOpen(no, "1:1.00")
		dispute := c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 0))
		c.wantOpen(no, "1:9.00")
		for _, purse := range []chart.Purse{premium, pharmacy, medical} {
			c.wantAccounts(purse, map[chart.Code]money.Cents{
				chart.Interfund: 0, chart.Interaccount: 0, chart.ClearCard: 0, chart.Unapplied: 0,
			})
		}
		c.did(c.Cashier.DisputeWon(t.Context(), c.order(), dispute.ID))
		c.wantOpen(no, "1:1.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.Interfund: -800, chart.ClearCard: 800})
		c.wantAccounts(pharmacy, map[chart.Code]money.Cents{chart.Interfund: 0})
		c.wantAccounts(medical, map[chart.Code]money.Cents{chart.Interfund: 800})
	})
}

// Care is paid for the person whose number was given. When the number was merged
// meanwhile, that is the survivor, as for any payment under it.
func TestDisputeWon_InAMergedAccountPaysTheSurvivorsCare(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		merged, survivor := c.member(), c.member()
		part := ref(c.charges(medical, to(merged, 800))[0])
		dispute := c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 800))
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(merged), ledger.BookNo(survivor)))
		c.owes(survivor, medical, 1_000, april)
		won := c.did(c.Cashier.DisputeWon(t.Context(), c.order(), dispute.ID))
		c.wantOpen(survivor, "1:2.00")
		receipt, err := c.Store.Receipt(t.Context(), won.Refs[1].Book, won.Refs[1].Seq)
		if err != nil || receipt.About != ledger.BookNo(survivor) || receipt.Applied != 800 {
			t.Errorf("the receipt is %+v (%v)", receipt, err)
		}
	})
}

func TestDispute_InSuspenseAndReleasedInPart(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 500, april)
		lost := ref(c.charges(premium, payment.Part{Reference: "nobody", Amount: 900})[0])
		c.did(c.Cashier.Release(t.Context(), c.order(), lost, 700, target(no.Digits()))) // 5.00 paid, 2.00 over
		dispute := c.did(c.Cashier.Dispute(t.Context(), c.order(), lost, 600))           // 2.00 here, 2.00 there, 2.00 off the item
		c.wantOpen(no, "1:2.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 300, chart.Suspense: 0, chart.Unapplied: 0})
		c.did(c.Cashier.DisputeWon(t.Context(), c.order(), dispute.ID))
		c.wantOpen(no, "")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 900, chart.Suspense: 200, chart.Unapplied: 200})
		entries, err := c.Store.OpenSuspense(t.Context(), 10)
		if err != nil || len(entries) != 1 || entries[0].Open != 200 || entries[0].Details.Reference != "nobody" {
			t.Fatalf("in suspense are %+v (%v)", entries, err)
		}
		c.did(c.Cashier.Release(t.Context(), c.order(), cashier.Ref{Book: entries[0].Book, Seq: entries[0].Seq}, 0, target(no.Digits())))
		c.did(c.Cashier.Dispute(t.Context(), c.order(), lost, 900))
		c.wantOpen(no, "1:5.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 0, chart.Suspense: 0, chart.Unapplied: 0})
	})
}

func TestDispute_AndARefundOfOnePart(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 1_000, april)
		part := ref(c.charges(premium, to(no, 1_000))[0])
		refund := c.refunds(part, 300)
		_, err := c.Cashier.Dispute(t.Context(), c.order(), part, 701)
		c.wantKind(err, fault.Conflict) // 3.00 are on their way back
		c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 600))
		c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund))
		c.did(c.Cashier.Dispute(t.Context(), c.order(), part, 400))
		c.wantOpen(no, "1:10.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 0, chart.Unapplied: 0, chart.RefundsPayable: 0})
	})
}

func TestDispute_IsOfACardPayment(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 1_000, april)
		cash := ref(c.pays(premium, to(no, 300))[0])
		card := ref(c.charges(premium, to(no, 300))[0])
		for name, tc := range map[string]struct {
			part   cashier.Ref
			amount money.Cents
			want   fault.Kind
		}{
			"cash":              {cash, 100, fault.Invalid},
			"a negative amount": {card, -1, fault.Invalid},
			"a bill":            {cashier.Ref{Book: ledger.BookNo(no), Seq: 1}, 100, fault.Invalid},
			"nothing":           {cashier.Ref{Book: ledger.BookNo(no), Seq: 99}, 100, fault.NotFound},
			"more than it was":  {card, 301, fault.Conflict},
		} {
			if _, err := c.Cashier.Dispute(t.Context(), c.order(), tc.part, tc.amount); fault.KindOf(err) != tc.want {
				t.Errorf("%s: got %v, want it refused as %v", name, err, tc.want)
			}
		}
	})
}
