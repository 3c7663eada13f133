package cashier_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

func target(reference string) cashier.Target { return cashier.Target{Reference: reference} }

func (c *counter) loses(by chart.Purse, amount payment.Part) payment.ReceiptPart {
	c.Helper()
	amount.Reference = "nobody"
	return c.pays(by, amount)[0]
}

func TestRelease_GivesMoneyToItsOwner(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no, blocked := c.member(), c.member()
		c.setStatus(blocked, cashier.Blocked)
		c.owes(no, premium, 10_000, april)
		bill := c.owes(no, medical, 2_000, april)
		lost := c.loses(premium, payment.Part{Amount: 8_000})

		order := c.order()
		part := c.did(c.Cashier.Release(t.Context(), order, ref(lost), 3_000, target(no.Digits())))
		c.wantOpen(no, "1:70.00 2:20.00")
		placed, err := c.Store.Transaction(t.Context(), part.Refs[1].Book, part.Refs[1].Seq)
		if err != nil || placed.EffectiveOn != received || placed.Reason != order.Reason || placed.Actor != clerk {
			t.Errorf("released as %+v (%v), want the received date, the reason and the actor", placed, err)
		}
		receipt, err := c.Store.Receipt(t.Context(), placed.Book, placed.Seq)
		if err != nil || receipt.Payment != lost.Payment || receipt.No != lost.No || receipt.Applied != 3_000 {
			t.Errorf("the receipt is %+v (%v), want the part of the payment received", receipt, err)
		}
		again := c.did(c.Cashier.Release(t.Context(), order, ref(lost), 3_000, target(no.Digits())))
		if !again.Replayed || again.ID != part.ID {
			t.Errorf("the same release repeated: got %+v, want the answer %+v", again, part)
		}
		_, err = c.Cashier.Release(t.Context(), order, ref(lost), 3_001, target(no.Digits()))
		c.wantKind(err, fault.Conflict)

		for name, to := range map[string]cashier.Target{
			"a number that was never issued": target("999999999999"),
			"no number":                      target("nobody"),
			"a blocked account":              target(blocked.Digits()),
			"an item of another fund":        {Reference: no.Digits(), Fund: chart.Premium, Items: []payment.ItemRef{bill}},
			"an item of another account":     {Reference: no.Digits(), Items: []payment.ItemRef{{Book: ledger.BookNo(blocked), No: 1}}},
		} {
			if _, err := c.Cashier.Release(t.Context(), c.order(), ref(lost), 0, to); fault.KindOf(err) != fault.Invalid {
				t.Errorf("released to %s: %v, want it refused as invalid", name, err)
			}
		}
		_, err = c.Cashier.Release(t.Context(), c.order(), ref(lost), 5_001, target(no.Digits()))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Release(t.Context(), cashier.Order{Key: c.key(), Actor: clerk}, ref(lost), 0, target(no.Digits()))
		c.wantKind(err, fault.Invalid) // no reason
		_, err = c.Cashier.Release(t.Context(), c.order(), cashier.Ref{Book: lost.Book, Seq: 999}, 0, target(no.Digits()))
		c.wantKind(err, fault.NotFound)
		// What is partly released has been decided upon: it does not go back.
		_, err = c.Cashier.Reverse(t.Context(), c.order(), ref(lost))
		c.wantKind(err, fault.Conflict)

		c.did(c.Cashier.Release(t.Context(), c.order(), ref(lost), 0, cashier.Target{
			Reference: no.Digits(), Fund: chart.Medical, Items: []payment.ItemRef{bill},
		}))
		c.wantOpen(no, "1:70.00")
		if left := c.unapplied(no); left != 3_000 {
			t.Errorf("unapplied are %s, want 30.00", left)
		}
		_, err = c.Cashier.Release(t.Context(), c.order(), ref(lost), 0, target(no.Digits()))
		c.wantKind(err, fault.Conflict)
		if net := c.balance(0, premium.Account(chart.Suspense)); net != 0 {
			t.Errorf("suspense stands at %s after everything was released", net)
		}
	})
}

// Whatever is done with money, it stays known when it was sent, and staff can say so later.
func TestMove_AndReleaseKeepThePostmark(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no, other := c.member(), c.member()
		sent := received.AddDays(-3)
		sentOn := func(at cashier.Ref, want calendar.Date) {
			t.Helper()
			if r, err := c.Store.Receipt(t.Context(), at.Book, at.Seq); err != nil || r.SentOn != want {
				t.Errorf("the receipt says it was sent on %q (%v), want %q", r.SentOn, err, want)
			}
		}
		post := func(sent calendar.Date) cashier.Outcome {
			in := c.instruction(premium, payment.Part{Reference: "nobody", Amount: 5_000})
			in.SentOn = sent
			return c.post(in)[0]
		}
		taken := post(sent)
		if taken.Err != nil {
			t.Fatal(taken.Err)
		}
		lost := ref(taken.Answer.Parts[0])
		sentOn(lost, sent)
		released := c.did(c.Cashier.Release(t.Context(), c.order(), lost, 0, target(no.Digits())))
		sentOn(released.Refs[1], sent)
		moved := c.did(c.Cashier.Move(t.Context(), c.order(), released.Refs[1], target(other.Digits())))
		sentOn(moved.Refs[1], sent)
		late := target(other.Digits())
		late.SentOn = sent.AddDays(1)
		moved = c.did(c.Cashier.Move(t.Context(), c.order(), moved.Refs[1], late))
		sentOn(moved.Refs[1], late.SentOn)

		late.SentOn = received.AddDays(1)
		_, err := c.Cashier.Move(t.Context(), c.order(), moved.Refs[1], late)
		c.wantKind(err, fault.Invalid)
		c.wantKind(post(late.SentOn).Err, fault.Invalid)
	})
}

func TestMove_PutsAPaymentWhereItBelongs(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		wrong, right := c.member(), c.member()
		c.owes(wrong, premium, 5_000, april)
		c.owes(right, premium, 10_000, april)
		second := c.owes(right, premium, 10_000, may)
		r := c.pays(premium, to(wrong, 8_000))[0]
		moved := c.did(c.Cashier.Move(t.Context(), c.order(), ref(r), target(right.Digits())))
		c.wantOpen(wrong, "1:50.00")
		c.wantOpen(right, "1:20.00 2:100.00")
		if left := c.unapplied(wrong); left != 0 {
			t.Errorf("%s are still unapplied where the payment was", left)
		}
		for _, at := range moved.Refs {
			tx, err := c.Store.Transaction(t.Context(), at.Book, at.Seq)
			if err != nil || tx.EffectiveOn != received || tx.Link != string(moved.ID) {
				t.Errorf("transaction %+v keeps the received date %s and the link %q (%v)", at, tx.EffectiveOn, tx.Link, err)
			}
		}
		_, err := c.Cashier.Move(t.Context(), c.order(), ref(r), target(right.Digits()))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), ref(r))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), moved.Refs[1])
		c.wantKind(err, fault.Invalid)
		_, err = c.Cashier.Move(t.Context(), c.order(), moved.Refs[0], target(right.Digits()))
		c.wantKind(err, fault.Invalid)

		// The split of one account is corrected without another one.
		again := c.did(c.Cashier.Move(t.Context(), c.order(), moved.Refs[1],
			cashier.Target{Reference: right.Digits(), Items: []payment.ItemRef{second}}))
		c.wantOpen(right, "1:100.00 2:20.00")
		tx, err := c.Store.Transaction(t.Context(), again.Refs[1].Book, again.Refs[1].Seq)
		if err != nil || tx.Event != chart.PaymentReapplied {
			t.Errorf("the new split stands as %q (%v)", tx.Event, err)
		}
		// A refused move changes nothing.
		before := c.state(wrong, right)
		_, err = c.Cashier.Move(t.Context(), c.order(), again.Refs[1], target("nobody"))
		c.wantKind(err, fault.Invalid)
		if got := c.state(wrong, right); got != before {
			t.Errorf("a refused move changed\n%s into\n%s", before, got)
		}
		// Back where it came from, and then taken back for good.
		back := c.did(c.Cashier.Move(t.Context(), c.order(), again.Refs[1], target(wrong.Digits())))
		c.wantOpen(wrong, "")
		c.wantOpen(right, "1:100.00 2:100.00")
		if back.Refs[1].Book != ledger.BookNo(wrong) || c.unapplied(wrong) != 3_000 {
			t.Errorf("moved back to %+v with %s unapplied", back.Refs[1], c.unapplied(wrong))
		}
		// Into another fund, on instruction.
		c.owes(wrong, medical, 6_000, april)
		c.did(c.Cashier.Move(t.Context(), c.order(), back.Refs[1], cashier.Target{Reference: wrong.Digits(), Fund: chart.Medical}))
		c.wantOpen(wrong, "1:50.00")
		if got := c.balance(0, medical.Account(chart.Interfund)); got != 8_000 {
			t.Errorf("the medical purse is owed %s by the premium purse, want 80.00", got)
		}
	})
}

func TestReverse_TakesAPaymentBackOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 5_000, april)
		c.owes(no, medical, 500, april)
		parts := c.pays(premium, to(no, 6_000), naming(to(no, 700), chart.Medical))
		for _, r := range parts {
			c.did(c.Cashier.Reverse(t.Context(), c.order(), ref(r)))
		}
		c.wantOpen(no, "1:50.00 2:5.00")
		if left := c.unapplied(no); left != 0 {
			t.Errorf("%s are unapplied after the reversal", left)
		}
		for _, purse := range []chart.Purse{premium, medical} {
			for _, code := range []chart.Code{chart.ClearCounter, chart.Interfund, chart.Unapplied} {
				if net := c.balance(0, purse.Account(code)); net != 0 {
					t.Errorf("%s stands at %s after the reversal", chart.Name(purse.Account(code)), net)
				}
			}
		}
		journal, err := c.Store.Journal(t.Context(), ledger.BookNo(no))
		if err != nil || len(journal) != 6 {
			t.Errorf("the journal has %d entries (%v), want both bills, both payments and both reversals", len(journal), err)
		}
		_, err = c.Cashier.Reverse(t.Context(), c.order(), ref(parts[0]))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), cashier.Ref{Book: journal[4].Book, Seq: journal[4].Seq})
		c.wantKind(err, fault.Invalid)
		_, err = c.Cashier.Move(t.Context(), c.order(), ref(parts[0]), target(no.Digits()))
		c.wantKind(err, fault.Conflict)
		lost := c.loses(premium, payment.Part{Amount: 900})
		c.did(c.Cashier.Reverse(t.Context(), c.order(), ref(lost)))
		if open := c.suspended(lost).Open; open != 0 {
			t.Errorf("%s are still in suspense after they went back", open)
		}
		_, err = c.Cashier.Release(t.Context(), c.order(), ref(lost), 0, target(no.Digits()))
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Reverse(t.Context(), c.order(), cashier.Ref{Book: ledger.BookNo(no), Seq: 99})
		c.wantKind(err, fault.NotFound)
	})
}

func TestApplyUnapplied_UsesWhatWasOver(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		r := c.pays(premium, to(no, 5_000))[0]
		_, err := c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), nil)
		c.wantKind(err, fault.Conflict) // nothing is open
		c.owes(no, medical, 900, april)
		_, err = c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), nil)
		c.wantKind(err, fault.Conflict) // nothing is open in the fund of the money
		c.owes(no, premium, 2_000, april)
		second := c.owes(no, premium, 2_000, may)
		c.did(c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), []payment.ItemRef{second}))
		c.wantOpen(no, "1:9.00")
		if left := c.unapplied(no); left != 1_000 {
			t.Errorf("unapplied are %s, want 10.00", left)
		}
		_, err = c.Cashier.Reverse(t.Context(), c.order(), ref(r))
		c.wantKind(err, fault.Conflict) // some of it has been used since
		_, err = c.Cashier.Move(t.Context(), c.order(), ref(r), target(c.member().Digits()))
		c.wantKind(err, fault.Conflict)
		c.owes(no, premium, 1_500, may)
		done := c.did(c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), nil))
		tx, err := c.Store.Transaction(t.Context(), done.Refs[0].Book, done.Refs[0].Seq)
		if err != nil || tx.EffectiveOn != received {
			t.Errorf("applied as of %s (%v), want the day the money was received", tx.EffectiveOn, err)
		}
		c.wantOpen(no, "1:9.00 4:5.00")
		_, err = c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), nil)
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.ApplyUnapplied(t.Context(), c.order(), cashier.Ref{Book: ledger.BookNo(no), Seq: 2}, nil)
		c.wantKind(err, fault.NotFound)
	})
}

func TestRedebit_AnotherPersonOwesWhatIsOpen(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		guarantor, adult := c.member(), c.member()
		visit := c.owes(guarantor, medical, 5_000, april)
		paid := c.pays(medical, to(guarantor, 2_000))[0]
		from := calendar.MustParse("2026-11-01")
		done := c.did(c.Cashier.Redebit(t.Context(), c.order(), visit, ledger.BookNo(adult), from))
		c.wantOpen(guarantor, "")
		c.wantOpen(adult, "1:30.00")
		item := c.read(ledger.BookNo(adult)).Items[0]
		if item.DebtorOn != from || item.About != ledger.BookNo(guarantor) || item.DueOn != april {
			t.Errorf("the item stands as %+v", item)
		}
		if net := c.balance(0, medical.Account(chart.Interaccount)); net != 0 {
			t.Errorf("%s hang between the two books", net)
		}
		_, err := c.Cashier.Redebit(t.Context(), c.order(), visit, ledger.BookNo(adult), from)
		c.wantKind(err, fault.Conflict)
		_, err = c.Cashier.Redebit(t.Context(), c.order(), visit, ledger.BookNo(guarantor), from)
		c.wantKind(err, fault.NotFound)
		_, err = c.Cashier.Redebit(t.Context(), c.order(), visit, 999_999_999_999, from)
		c.wantKind(err, fault.NotFound)
		if len(done.Refs) != 2 {
			t.Errorf("got %+v, want a transaction in each book", done.Refs)
		}
		// A payment of the first debtor that comes back is owed by the first debtor.
		c.did(c.Cashier.Reverse(t.Context(), c.order(), ref(paid)))
		c.wantOpen(guarantor, "1:20.00")
	})
}

func TestReverse_OfAnApplicationLeavesTheMoneyUnappliedAsBefore(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		r := c.pays(premium, to(no, 5_000))[0]
		c.owes(no, premium, 2_000, april)
		used := c.did(c.Cashier.ApplyUnapplied(t.Context(), c.order(), ref(r), nil))
		c.did(c.Cashier.Reverse(t.Context(), c.order(), used.Refs[0]))
		c.wantOpen(no, "1:20.00")
		if left := c.unapplied(no); left != 5_000 {
			t.Errorf("unapplied are %s, want all 50.00 again", left)
		}
		// The cheque bounced: with its application taken back it can be reversed.
		c.did(c.Cashier.Reverse(t.Context(), c.order(), ref(r)))
		c.wantOpen(no, "1:20.00")
		_, err := c.Cashier.Reverse(t.Context(), c.order(), used.Refs[0])
		c.wantKind(err, fault.Conflict)
	})
}

func TestReverse_InAMergedAccountIsOwedByTheSurvivor(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		merged, survivor := c.member(), c.member()
		c.owes(merged, premium, 3_000, april)
		r := c.pays(premium, to(merged, 3_000))[0]
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(merged), ledger.BookNo(survivor)))
		c.did(c.Cashier.Reverse(t.Context(), c.order(), ref(r)))
		c.wantOpen(merged, "")
		c.wantOpen(survivor, "1:30.00")
		c.pays(premium, to(merged, 3_000))
		c.wantOpen(survivor, "")
	})
}
