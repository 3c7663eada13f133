package cashier_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// charges posts one payment by card.
func (c *counter) charges(by chart.Purse, parts ...payment.Part) []payment.ReceiptPart {
	c.Helper()
	in := c.instruction(by, parts...)
	in.Rail = payment.Card
	outcome := c.post(in)[0]
	if outcome.Err != nil {
		c.Fatal(outcome.Err)
	}
	return outcome.Answer.Parts
}

// refunds takes amount of a part back out, and gives the refund's name.
func (c *counter) refunds(part cashier.Ref, amount money.Cents) payment.ID {
	c.Helper()
	return c.did(c.Cashier.Refund(c.Context(), c.order(), part, amount)).ID
}

// wantAccounts compares what stands on roles of a purse in some books, or in all:
// assets as debits, liabilities as credits.
func (c *counter) wantAccounts(purse chart.Purse, want map[chart.Code]money.Cents, books ...billpay.Number) {
	c.Helper()
	if len(books) == 0 {
		books = []billpay.Number{0}
	}
	for code, cents := range want {
		var net money.Cents
		for _, book := range books {
			net += c.balance(ledger.BookNo(book), purse.Account(code))
		}
		if code == chart.Unapplied || code == chart.Suspense || code == chart.RefundsPayable {
			net = -net
		}
		if net != cents {
			c.Errorf("%s stands at %s, want %s", chart.Name(purse.Account(code)), net, cents)
		}
	}
}

func TestRefund_TakesWhatWasOverThenTheLastPaid(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 5_000, april)
		c.owes(no, premium, 3_000, may)
		part := ref(c.charges(premium, to(no, 10_000))[0])
		order := c.order()
		first := c.did(c.Cashier.Refund(t.Context(), order, part, 2_500)) // 20.00 over, 5.00 of May
		c.wantOpen(no, "2:5.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{
			chart.RefundsPayable: 2_500, chart.Unapplied: 0, chart.ClearCard: 10_000, chart.Receivable: 500,
		})
		tx, err := c.Store.Transaction(t.Context(), first.Refs[0].Book, first.Refs[0].Seq)
		if err != nil || tx.EffectiveOn != received || tx.Of != part.Seq || tx.Reason != order.Reason || tx.Actor != clerk {
			t.Errorf("refunded as %+v (%v), want the received date, the placement, the reason and the actor", tx, err)
		}
		if again := c.did(c.Cashier.Refund(t.Context(), order, part, 2_500)); !again.Replayed || again.ID != first.ID {
			t.Errorf("the same refund repeated: got %+v, want the answer %+v", again, first)
		}
		_, err = c.Cashier.Refund(t.Context(), order, part, 2_501)
		c.wantKind(err, fault.Conflict)

		c.refunds(part, 3_000) // the other 25.00 of May, 5.00 of April
		c.wantOpen(no, "1:5.00 2:30.00")
		before := c.state(no)
		_, err = c.Cashier.Refund(t.Context(), c.order(), part, 4_501)
		c.wantKind(err, fault.Conflict)
		if got := c.state(no); got != before {
			t.Errorf("a refused refund changed\n%s into\n%s", before, got)
		}
		c.refunds(part, 0) // all that is left
		c.wantOpen(no, "1:50.00 2:30.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 10_000})
		_, err = c.Cashier.Refund(t.Context(), c.order(), part, 0)
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), part)
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Move(t.Context(), c.order(), part, target(c.member().Digits()))
		c.wantKind(err, fault.Conflict)
		// What is owed again can be paid again.
		c.pays(premium, to(no, 8_000))
		c.wantOpen(no, "")
	})
}

func TestRefund_RefusesWhatIsNoPlacement(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no, other := c.member(), c.member()
		c.owes(no, premium, 5_000, april)
		part := ref(c.charges(premium, to(no, 1_000))[0])
		moved := c.did(c.Cashier.Move(t.Context(), c.order(), part, target(other.Digits())))
		gone := ref(c.charges(premium, to(no, 700))[0])
		c.did(c.Cashier.Reverse(t.Context(), c.order(), gone))
		standing := moved.Refs[len(moved.Refs)-1]
		for name, tc := range map[string]struct {
			part   cashier.Ref
			amount money.Cents
			want   fault.Kind
		}{
			"moved to another account":    {part, 100, fault.Conflict},
			"reversed":                    {gone, 100, fault.Conflict},
			"more than the part":          {standing, 1_001, fault.Conflict},
			"a negative amount":           {standing, -1, fault.Invalid},
			"a bill":                      {cashier.Ref{Book: ledger.BookNo(no), Seq: 1}, 100, fault.Invalid},
			"the way out of a book":       {moved.Refs[0], 100, fault.Invalid},
			"a transaction of the future": {cashier.Ref{Book: ledger.BookNo(no), Seq: 99}, 100, fault.NotFound},
		} {
			if _, err := c.Cashier.Refund(t.Context(), c.order(), tc.part, tc.amount); fault.KindOf(err) != tc.want {
				t.Errorf("%s: got %v, want it refused as %v", name, err, tc.want)
			}
		}
		_, err := c.Cashier.Refund(t.Context(), cashier.Order{Key: c.key(), Actor: clerk}, standing, 100)
		c.wantKind(err, fault.Invalid) // no reason
		c.refunds(standing, 1_000)
		c.wantOpen(no, "1:50.00")
	})
}

// A refund's money after it was taken: each step and where the money stands
// then. A step after "!" is refused.
func TestRefund_GoesAndComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for steps, want := range map[string]struct{ card, payable, unapplied money.Cents }{
			"":                             {9_000, 4_000, 0},
			"sent":                         {5_000, 0, 0},
			"sent !sent":                   {5_000, 0, 0},
			"failed":                       {9_000, 4_000, 0},
			"sent failed":                  {9_000, 4_000, 0},
			"sent failed failed":           {9_000, 4_000, 0},
			"sent failed sent":             {5_000, 0, 0},
			"cancelled":                    {9_000, 0, 4_000},
			"sent failed cancelled":        {9_000, 0, 4_000},
			"sent !cancelled":              {5_000, 0, 0},
			"cancelled !sent":              {9_000, 0, 4_000},
			"cancelled !failed !cancelled": {9_000, 0, 4_000},
		} {
			c.within(t, steps, func(t *testing.T, c *counter) {
				no := c.member()
				c.owes(no, premium, 9_000, april)
				refund := c.refunds(ref(c.charges(premium, to(no, 9_000))[0]), 4_000)
				for _, step := range strings.Fields(steps) {
					c.refundStep(step, refund)
				}
				c.wantAccounts(premium, map[chart.Code]money.Cents{
					chart.ClearCard: want.card, chart.RefundsPayable: want.payable, chart.Unapplied: want.unapplied,
					chart.Receivable: 4_000, chart.Interaccount: 0,
				}, no)
				c.wantOpen(no, "1:40.00")
			})
		}
	})
}

// refundStep carries a step out twice under one key.
func (c *counter) refundStep(step string, refund payment.ID) {
	c.Helper()
	name, refused := strings.CutPrefix(step, "!")
	act := map[string]func(context.Context, cashier.Order, payment.ID) (cashier.Done, error){
		"sent": c.Cashier.RefundSent, "failed": c.Cashier.RefundFailed, "cancelled": c.Cashier.RefundCancelled,
	}[name]
	order := c.order()
	did, err := act(c.Context(), order, refund)
	if refused {
		c.wantKind(err, fault.Conflict)
		return
	}
	c.did(did, err)
	if again := c.did(act(c.Context(), order, refund)); again.Replayed != (len(did.Refs) > 0) || again.ID != did.ID {
		c.Errorf("%s repeated: got %+v, want %+v", name, again, did)
	}
}

func TestRefund_OfNoRefundIsNotFound(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		part := c.charges(premium, to(c.member(), 500))[0]
		for _, id := range []payment.ID{"nosuchrefund", part.Payment} {
			_, err := c.Cashier.RefundSent(t.Context(), c.order(), id)
			c.wantKind(err, fault.NotFound)
			_, err = c.Cashier.RefundFailed(t.Context(), c.order(), id)
			c.wantKind(err, fault.NotFound)
			_, err = c.Cashier.RefundCancelled(t.Context(), c.order(), id)
			c.wantKind(err, fault.NotFound)
			_, err = c.Cashier.DisputeWon(t.Context(), c.order(), id)
			c.wantKind(err, fault.NotFound)
		}
	})
}

// Premium's merchant id took money that the payer meant for pharmacy: it goes
// back through the purse that took it, and each purse's own books are whole.
func TestRefund_GoesBackOverTheFundsItCrossed(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, pharmacy, 500, april)
		part := ref(c.charges(premium, naming(to(no, 800), chart.Pharmacy))[0])
		refund := c.refunds(part, 600)
		c.wantOpen(no, "1:3.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 600, chart.ClearCard: 800, chart.Interfund: -200})
		c.wantAccounts(pharmacy, map[chart.Code]money.Cents{
			chart.RefundsPayable: 0, chart.Interfund: 200, chart.Unapplied: 0, chart.Receivable: 300,
		})
		c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund))
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 0, chart.ClearCard: 800, chart.Interfund: -800})
		c.wantAccounts(pharmacy, map[chart.Code]money.Cents{chart.Interfund: 800, chart.Unapplied: 600, chart.Receivable: 300})
		c.did(c.Cashier.RefundSent(t.Context(), c.order(), c.refunds(part, 200)))
		c.wantOpen(no, "1:5.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 0, chart.ClearCard: 600, chart.Interfund: -600})
		c.wantAccounts(pharmacy, map[chart.Code]money.Cents{chart.Interfund: 600, chart.Unapplied: 600, chart.Receivable: 500})
	})
}

// One payment, two legal entities: a refund of one part touches nothing of the other.
func TestRefund_OfOnePartLeavesTheOther(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 1_000, april)
		c.owes(no, medical, 2_000, april)
		in := c.instruction(premium, to(no, 1_000), naming(to(no, 2_000), chart.Medical))
		in.Rail, in.Parts[1].Received = payment.Card, medical
		parts := c.post(in)[0].Answer.Parts
		c.did(c.Cashier.RefundSent(t.Context(), c.order(), c.refunds(ref(parts[1]), 0)))
		c.wantOpen(no, "2:20.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 1_000, chart.RefundsPayable: 0, chart.Interfund: 0})
		c.wantAccounts(medical, map[chart.Code]money.Cents{chart.ClearCard: 0, chart.RefundsPayable: 0, chart.Interfund: 0})
	})
}

func TestRefund_InAMergedAccountIsOwedByTheSurvivor(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		merged, survivor, last := c.member(), c.member(), c.member()
		c.owes(merged, premium, 3_000, april)
		part := ref(c.charges(premium, to(merged, 5_000))[0])
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(merged), ledger.BookNo(survivor)))
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(survivor), ledger.BookNo(last)))
		// 20.00 were over and went along; 6.00 come off the item.
		refund := c.did(c.Cashier.Refund(t.Context(), c.order(), part, 2_600))
		c.wantOpen(merged, "")
		c.wantOpen(survivor, "")
		c.wantOpen(last, "1:6.00")
		if left := c.unapplied(last); left != 0 {
			t.Errorf("%s are unapplied, want nothing", left)
		}
		c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund.ID))
		if left := c.unapplied(last); left != 2_600 {
			t.Errorf("%s are unapplied after the refund was cancelled, want 26.00", left)
		}
		for _, purse := range []chart.Code{chart.RefundsPayable, chart.Interaccount} {
			c.wantAccounts(premium, map[chart.Code]money.Cents{purse: 0})
		}
		sent := c.refunds(part, 0) // 24.00 of the item
		c.wantOpen(last, "1:6.00 2:24.00")
		c.did(c.Cashier.RefundSent(t.Context(), c.order(), sent))
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.ClearCard: 2_600, chart.Unapplied: 2_600})
	})
}

func TestRefund_StopsAtWhatWasUsedSince(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 6_000, april)
		part := ref(c.charges(premium, to(no, 10_000))[0])
		c.owes(no, premium, 3_000, may)
		used := c.did(c.Cashier.ApplyUnapplied(t.Context(), c.order(), part, nil))
		_, err := c.Cashier.Refund(t.Context(), c.order(), part, 7_001)
		c.wantKind(err, fault.Conflict)
		c.refunds(part, 1_500) // the last 10.00 that are over, 5.00 of April
		c.wantOpen(no, "1:5.00")
		c.did(c.Cashier.Reverse(t.Context(), c.order(), used.Refs[0]))
		if left := c.unapplied(no); left != 3_000 {
			t.Errorf("%s are unapplied, want the 30.00 of the application", left)
		}
		c.refunds(part, 8_500)
		c.wantOpen(no, "1:60.00 2:30.00")
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.RefundsPayable: 10_000, chart.Unapplied: 0})
	})
}

func TestRefund_FromSuspenseAndBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		lost := c.charges(premium, payment.Part{Reference: "nobody", Amount: 900})[0]
		c.did(c.Cashier.Release(t.Context(), c.order(), ref(lost), 200, target(no.Digits())))
		_, err := c.Cashier.Refund(t.Context(), c.order(), ref(lost), 701)
		c.wantKind(err, fault.Conflict) // 2.00 found their owner
		refund := c.refunds(ref(lost), 300)
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.Suspense: 400, chart.RefundsPayable: 300, chart.Unapplied: 200})
		back := c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), refund))
		entry, err := c.Store.Suspense(t.Context(), back.Refs[0].Book, back.Refs[0].Seq)
		if err != nil || entry.Open != 300 || entry.Payment != lost.Payment || entry.PartNo != lost.No ||
			entry.Received != received || entry.Details.Reference != "nobody" {
			t.Errorf("back in suspense as %+v (%v)", entry, err)
		}
		c.did(c.Cashier.Release(t.Context(), c.order(), back.Refs[0], 0, target(no.Digits())))
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.Suspense: 400, chart.RefundsPayable: 0, chart.Unapplied: 500})
		c.did(c.Cashier.RefundSent(t.Context(), c.order(), c.refunds(ref(lost), 0)))
		c.wantAccounts(premium, map[chart.Code]money.Cents{chart.Suspense: 0, chart.ClearCard: 500})
	})
}

func TestMove_TakesWhatRefundsLeft(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		wrong, right := c.member(), c.member()
		c.owes(wrong, premium, 4_000, april)
		c.owes(right, premium, 4_000, april)
		part := ref(c.charges(premium, to(wrong, 6_000))[0])
		c.refunds(part, 2_500) // 20.00 over, 5.00 of the item
		moved := c.did(c.Cashier.Move(t.Context(), c.order(), part, target(right.Digits())))
		c.wantOpen(wrong, "1:40.00")
		c.wantOpen(right, "1:5.00")
		at := moved.Refs[len(moved.Refs)-1]
		stands, err := c.Cashier.Stands(t.Context(), part)
		if err != nil || len(stands) != 1 || stands[0] != (cashier.Stand{At: at, Refundable: 3_500}) {
			t.Errorf("the part stands at %+v (%v), want 35.00 at %+v", stands, err, at)
		}
		c.refunds(at, 3_500)
		c.wantOpen(right, "1:40.00")
		if stands, err = c.Cashier.Stands(t.Context(), at); err != nil || len(stands) != 0 {
			t.Errorf("the part stands at %+v (%v), want it all refunded", stands, err)
		}
	})
}

// Ten clerks refund 30.00 of 100.00 at once, each for reasons of their own.
func TestRefund_AtOnceNeverExceedsThePart(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 10_000, april)
		part := ref(c.charges(premium, to(no, 10_000))[0])
		var clerks sync.WaitGroup
		var done atomic.Int64
		for range 10 {
			order := c.order()
			clerks.Go(func() {
				switch _, err := c.Cashier.Refund(t.Context(), order, part, 3_000); {
				case err == nil:
					done.Add(1)
				case fault.KindOf(err) != fault.Conflict:
					t.Error(err)
				}
			})
		}
		clerks.Wait()
		if done.Load() != 3 {
			t.Errorf("%d refunds were made, want 3", done.Load())
		}
		c.wantOpen(no, "1:90.00")
	})
}

// standing writes where a part stands: "member:cents", in the order of Stands.
func (c *counter) standing(part cashier.Ref, names map[billpay.Number]string) string {
	c.Helper()
	stands, err := c.Cashier.Stands(c.Context(), part)
	if err != nil {
		c.Fatal(err)
	}
	var texts []string
	for _, s := range stands {
		name, member := names[billpay.Number(s.At.Book)]
		if !member {
			name = "suspense"
		}
		texts = append(texts, name+":"+s.Refundable.String())
	}
	return strings.Join(texts, " ")
}

func TestStands_FollowsAPartToEveryPlace(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a, b := c.member(), c.member()
		names := map[billpay.Number]string{a: "a", b: "b"}
		c.owes(b, premium, 100, april)
		lost := ref(c.charges(premium, payment.Part{Reference: "nobody", Amount: 1_000})[0])
		released := c.did(c.Cashier.Release(t.Context(), c.order(), lost, 300, target(a.Digits())))
		c.did(c.Cashier.Release(t.Context(), c.order(), lost, 200, target(b.Digits())))
		if got := c.standing(lost, names); got != "suspense:5.00 a:3.00 b:2.00" {
			t.Errorf("after two releases: %s", got)
		}
		c.did(c.Cashier.Move(t.Context(), c.order(), released.Refs[1], target(b.Digits())))
		c.did(c.Cashier.RefundCancelled(t.Context(), c.order(), c.refunds(lost, 400)))
		if got := c.standing(released.Refs[1], names); got != "suspense:1.00 b:3.00 b:2.00 suspense:4.00" {
			t.Errorf("after a move and a refund given up: %s", got)
		}
		_, err := c.Cashier.Stands(t.Context(), cashier.Ref{Book: ledger.BookNo(b), Seq: 1})
		c.wantKind(err, fault.Invalid)
		_, err = c.Cashier.Stands(t.Context(), cashier.Ref{Book: ledger.BookNo(b), Seq: 99})
		c.wantKind(err, fault.NotFound)
	})
}
