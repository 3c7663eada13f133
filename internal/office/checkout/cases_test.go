package checkout_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var due = calendar.MustParse("2026-12-01")

func order(key string) cashier.Order {
	return cashier.Order{Key: ident.Key(key), Actor: clerk, Reason: "paid twice"}
}

// bill makes a member owe.
func (c *counter) bill(member int, purse chart.Purse, amount money.Cents) {
	c.Helper()
	item := openitem.Item{Purse: purse, About: ledger.BookNo(c.numbers[member]), Text: "December", DueOn: due, Amount: amount}
	if _, err := c.Cashier.Bill(c.Context(), order("bill:"+string(ident.NewOpaque())), []openitem.Item{item}, false); err != nil {
		c.Fatal(err)
	}
}

// payable is what stands on refunds payable of the premium fund.
func (c *counter) payable() money.Cents {
	c.Helper()
	balances, err := c.Store.Balances(c.Context(), store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	return -balances[premium.Account(chart.RefundsPayable)].Net()
}

func (c *counter) owed(member int, fund chart.Fund) money.Cents {
	c.Helper()
	no := ledger.BookNo(c.numbers[member])
	have, err := c.Store.Read(c.Context(), cashier.Want{Books: []ledger.BookNo{no}})
	if err != nil {
		c.Fatal(err)
	}
	var sum money.Cents
	for _, item := range have.Books[no].Items {
		if item.Purse.Fund == fund {
			sum += item.Open
		}
	}
	return sum
}

func (c *counter) refund(key string, a checkout.Attempt, leg int, amount money.Cents) checkout.RefundCase {
	c.Helper()
	r, err := c.desk.Refund(c.Context(), order(key), a.ID, leg, amount)
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func TestRefund_GoesBackToTheCardOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		c.bill(0, premium, 8_000)
		a := c.pay(c.both(), "ok")
		r := c.refund("r1", a, 1, 3_000)
		if r.State != checkout.CaseSent || r.No != 1 || c.look(a.ID).Legs[0].Refunded != 3_000 {
			t.Errorf("got %+v", r)
		}
		if owed := c.owed(0, chart.Premium); owed != 1_000 {
			t.Errorf("%s are owed again, want 10.00: the 20.00 left unapplied go first", owed)
		}
		if again := c.refund("r1", a, 1, 3_000); again.No != 1 || c.bank.count("refund") != 1 {
			t.Errorf("the same order again made %+v", again)
		}
		if _, err := c.desk.Refund(t.Context(), order("r1"), a.ID, 1, 500); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another amount under the key: got %v, want Conflict", err)
		}
		if _, err := c.desk.Refund(t.Context(), order("r2"), a.ID, 1, 7_001); fault.KindOf(err) != fault.Conflict {
			t.Errorf("more than is left: got %v, want Conflict", err)
		}
		if r := c.refund("r3", a, 2, 0); r.Amount != 3_200 || r.State != checkout.CaseSent || len(r.Shares) != 2 {
			t.Errorf("all of the second charge, of two parts: got %+v", r)
		}
		if r := c.refund("r4", a, 1, 0); r.Amount != 7_000 || c.owed(0, chart.Premium) != 8_000 {
			t.Errorf("the rest: got %+v", r)
		}
		if _, err := c.desk.Refund(t.Context(), order("r5"), a.ID, 1, 0); fault.KindOf(err) != fault.Conflict {
			t.Errorf("when nothing is left: got %v, want Conflict", err)
		}
		if got := c.payable(); got != 0 {
			t.Errorf("%s are on refunds payable", got)
		}
	})
}

func TestRefund_Refuses(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	a, declined := c.pay(c.one(), "ok"), c.pay(c.one(), "declined")
	for _, tc := range []struct {
		name    string
		order   cashier.Order
		attempt ident.Opaque
		leg     int
		amount  money.Cents
		want    fault.Kind
	}{
		{"no reason", cashier.Order{Key: "k", Actor: clerk}, a.ID, 1, 100, fault.Invalid},
		{"nobody", cashier.Order{Key: "k", Reason: "x"}, a.ID, 1, 100, fault.Invalid},
		{"no key", cashier.Order{Actor: clerk, Reason: "x"}, a.ID, 1, 100, fault.Invalid},
		{"a negative amount", order("k"), a.ID, 1, -100, fault.Invalid},
		{"no such leg", order("k"), a.ID, 2, 100, fault.Conflict},
		{"not paid", order("k"), declined.ID, 1, 100, fault.Conflict},
		{"no such payment", order("k"), ident.NewOpaque(), 1, 100, fault.NotFound},
	} {
		if _, err := c.desk.Refund(t.Context(), tc.order, tc.attempt, tc.leg, tc.amount); fault.KindOf(err) != tc.want {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
	if n := c.bank.count("refund"); n != 0 {
		t.Errorf("the processor was asked %d times", n)
	}
}

func TestRefund_EveryMishapEndsRight(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, tc := range []struct {
			name   string
			luck   []mishap
			answer checkout.CaseState
			end    checkout.CaseState
			sent   money.Cents
		}{
			{"answer lost", []mishap{lostAfter}, checkout.CaseSending, checkout.CaseSent, 4_000},
			{"request lost", []mishap{lostBefore}, checkout.CaseSending, checkout.CaseSent, 4_000},
			{"away", []mishap{away, away, away}, checkout.CaseSending, checkout.CaseSent, 4_000},
			{"refused", []mishap{refused}, checkout.CaseFailed, checkout.CaseFailed, 0},
			{"never answered, made", append([]mishap{lostAfter}, slices.Repeat([]mishap{lostBefore}, 100)...), checkout.CaseSending, checkout.CaseSent, 4_000},
			{"never answered, not made", slices.Repeat([]mishap{lostBefore}, 100), checkout.CaseSending, checkout.CaseFailed, 0},
		} {
			c.within(t, tc.name, func(t *testing.T, c *counter) {
				a := c.pay(c.one(), "ok")
				c.bank.next = map[string][]mishap{"refund": tc.luck}
				r := c.refund(tc.name[:3]+string(a.ID), a, 1, 4_000)
				if r.State != tc.answer {
					t.Errorf("it is %s at first, want %s", r.State, tc.answer)
				}
				c.after(30 * time.Hour)
				refunds, _, err := c.desk.Cases(t.Context(), &a)
				if err != nil || len(refunds) != 1 || refunds[0].State != tc.end || !refunds[0].LookAt.IsZero() {
					t.Errorf("it ended as %+v, want %s (%v)", refunds, tc.end, err)
				}
				c.bank.mu.Lock()
				defer c.bank.mu.Unlock()
				if got := c.bank.charges[a.Legs[0].Charge].refunded; got != tc.sent {
					t.Errorf("the bank sent %s back, want %s", got, tc.sent)
				}
			})
		}
		// What failed stays in refunds payable, where staff see it, and is given up.
		if got := c.payable(); got != 8_000 {
			t.Errorf("%s are on refunds payable, want 80.00", got)
		}
		e := c.exceptions()
		if len(e.Refunds) != 2 {
			t.Fatalf("staff see %+v", e.Refunds)
		}
		for _, r := range e.Refunds {
			for range 2 {
				if r, err := c.desk.CancelRefund(t.Context(), order("c1"), r.Attempt, r.No); err != nil || r.State != checkout.CaseCancelled {
					t.Errorf("giving up: %+v (%v)", r, err)
				}
			}
			if a := c.look(r.Attempt); a.Legs[0].Refunded != 0 {
				t.Errorf("%s of a charge count as refunded", a.Legs[0].Refunded)
			}
		}
		if e := c.exceptions(); len(e.Refunds) != 0 || c.payable() != 0 {
			t.Errorf("staff still see %+v, %s on refunds payable", e.Refunds, c.payable())
		}
	})
}

// While it is not known whether one refund was made, no other of the charge may
// begin: what was refunded in all could then be either's.
func TestRefund_OneUnknownAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.both(), "ok")
		c.bank.next = map[string][]mishap{"refund": slices.Repeat([]mishap{lostBefore}, 5)}
		if r := c.refund("n1", a, 2, 500); r.State != checkout.CaseSending {
			t.Fatal(r.State)
		}
		if _, err := c.desk.Refund(t.Context(), order("n2"), a.ID, 2, 500); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another of the charge: got %v, want Conflict", err)
		}
		c.bank.next = nil
		c.refund("n3", a, 1, 500)
		c.bank.next = map[string][]mishap{"refund": slices.Repeat([]mishap{lostBefore}, 5)}
		for range 20 { // notices make the job look often, and not ask under ever new keys
			c.notice(checkout.Notice{Kind: checkout.NoticeRefund, Charge: a.Legs[1].Charge})
		}
		c.after(2 * time.Hour)
		if refunds, _, err := c.desk.Cases(t.Context(), &a); err != nil || refunds[0].State != checkout.CaseSent {
			t.Errorf("got %+v (%v)", refunds, err)
		}
		c.refund("n2", a, 2, 500)
	})
}

func TestRefund_SurvivesACrash(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, luck := range []mishap{crashBefore, crashAfter} {
			a := c.pay(c.both(), "ok")
			c.bank.next = map[string][]mishap{"refund": {luck}}
			if !crashing(func() { c.desk.Refund(t.Context(), order("x"+string(a.ID)), a.ID, 2, 3_000) }) {
				t.Fatal("it did not crash")
			}
			c.restart()
			c.after(time.Hour)
			refunds, _, err := c.desk.Cases(t.Context(), &a)
			if err != nil || len(refunds) != 1 || refunds[0].State != checkout.CaseSent {
				t.Errorf("%s: got %+v (%v)", luck, refunds, err)
			}
		}
	})
}

func TestRefund_PendsIsSentOrFails(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "refund pends")
		sent, failed := c.refund("p1", a, 1, 1_000), c.refund("p2", a, 1, 2_000)
		if sent.State != checkout.CaseWaiting || c.payable() != 3_000 {
			t.Errorf("it is %s, %s on refunds payable", sent.State, c.payable())
		}
		c.bank.mu.Lock()
		c.bank.refunds[sent.Processor].Status = checkout.RefundSent
		c.bank.refunds[failed.Processor].Status = checkout.RefundFailed
		c.bank.charges[a.Legs[0].Charge].refunded = 1_000
		c.bank.mu.Unlock()
		c.notice(checkout.Notice{Kind: checkout.NoticeRefund, Charge: a.Legs[0].Charge, Subject: sent.Processor})
		refunds, _, err := c.desk.Cases(t.Context(), &a)
		if err != nil || refunds[0].State != checkout.CaseSent || refunds[1].State != checkout.CaseFailed || c.payable() != 2_000 {
			t.Errorf("got %+v (%v), %s on refunds payable", refunds, err, c.payable())
		}
		// One that was sent comes back.
		c.bank.mu.Lock()
		c.bank.refunds[sent.Processor].Status = checkout.RefundFailed
		c.bank.charges[a.Legs[0].Charge].refunded = 0
		c.bank.mu.Unlock()
		c.notice(checkout.Notice{Kind: checkout.NoticeRefund, Charge: a.Legs[0].Charge})
		if refunds, _, _ = c.desk.Cases(t.Context(), &a); refunds[0].State != checkout.CaseFailed || c.payable() != 3_000 {
			t.Errorf("got %s, %s on refunds payable", refunds[0].State, c.payable())
		}
	})
}

// A refund that somebody made at the processor's dashboard is noticed and booked,
// once, however often and in whatever order the notices come.
func TestRefund_MadeElsewhereIsBooked(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.both(), "ok")
		ours := c.refund("o1", a, 2, 200)
		elsewhere := func(amount money.Cents) {
			c.bank.mu.Lock()
			defer c.bank.mu.Unlock()
			ref := a.Legs[1].Charge
			c.bank.charges[ref].refunded += amount
			id := c.bank.number("re")
			c.bank.refunds[id] = &checkout.Refund{ID: id, Charge: ref, Amount: amount, Status: checkout.RefundSent}
		}
		elsewhere(500)
		elsewhere(900)
		for range 3 {
			c.notice(checkout.Notice{Kind: checkout.NoticeRefund, Charge: a.Legs[1].Charge, Subject: ours.Processor})
			c.notice(checkout.Notice{Kind: checkout.NoticeCharge, Charge: a.Legs[1].Charge})
		}
		refunds, _, err := c.desk.Cases(t.Context(), &a)
		if err != nil || len(refunds) != 2 || !refunds[1].Elsewhere || refunds[1].Amount != 1_400 || refunds[1].State != checkout.CaseSent {
			t.Errorf("got %+v (%v)", refunds, err)
		}
		if _, err := c.desk.Refund(t.Context(), order("o2"), a.ID, 2, 1_601); fault.KindOf(err) != fault.Conflict {
			t.Errorf("more than is left: got %v, want Conflict", err)
		}
	})
}

// Money that was used since it was paid cannot be taken back: a refund by us is
// not made, and one that was made elsewhere is shown to staff.
func TestRefund_OfMoneyThatWasUsedSince(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		_, answer, err := c.Cashier.Find(t.Context(), a.Payment)
		if err != nil {
			t.Fatal(err)
		}
		at := cashier.Ref{Book: answer.Parts[0].Book, Seq: answer.Parts[0].Seq}
		moved := cashier.Target{Reference: c.numbers[2].Digits()}
		if _, err := c.Cashier.Move(t.Context(), order("m1"), at, moved); err != nil {
			t.Fatal(err)
		}
		if r := c.refund("u1", a, 1, 4_000); r.State != checkout.CaseSent {
			t.Errorf("from where it was moved to: got %+v", r)
		}
	})
}

func TestRefund_TwoAtOnceNeverExceedTheCharge(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		other := checkout.New(c.Store, c.bank, c.books, merchants{}, storetest.House{Clock: c.Clock}, c.Clock, checkout.Options{})
		var clerks sync.WaitGroup
		for i, desk := range []*checkout.Desk{c.desk, other, c.desk, other} {
			clerks.Go(func() {
				_, err := desk.Refund(t.Context(), order("t"+string(rune('a'+i))), a.ID, 1, 4_000)
				if kind := fault.KindOf(err); err != nil && kind != fault.Conflict && kind != fault.Unavailable {
					t.Error(err)
				}
			})
		}
		clerks.Wait()
		c.after(time.Hour)
		if got := c.look(a.ID).Legs[0].Refunded; got != 4_000 && got != 8_000 {
			t.Errorf("%s were refunded, want 40.00 or 80.00", got)
		}
	})
}

func TestDispute_IsTakenBackAndWonAgain(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, end := range []checkout.DisputeStatus{checkout.DisputeWon, checkout.DisputeLost} {
			c.within(t, string(end), func(t *testing.T, c *counter) {
				c.bill(0, premium, 9_000)
				a := c.pay(c.both(), "ok")
				if owed := c.owed(0, chart.Premium); owed != 0 {
					t.Fatalf("%s are owed", owed)
				}
				notice := c.bank.dispute(a.Legs[0].Charge, 10_000)
				for range 3 {
					c.notice(notice)
				}
				if owed := c.owed(0, chart.Premium); owed != 9_000 {
					t.Errorf("%s are owed while it is disputed, want 90.00", owed)
				}
				if e := c.exceptions(); len(e.Disputes) != 1 || e.Disputes[0].EvidenceBy.IsZero() || e.Disputes[0].Attempt != a.ID {
					t.Errorf("staff see %+v", e.Disputes)
				}
				if _, err := c.desk.Refund(t.Context(), order("d"+string(a.ID)), a.ID, 1, 0); fault.KindOf(err) != fault.Conflict {
					t.Errorf("a refund of disputed money: got %v, want Conflict", err)
				}
				c.bank.decide(notice.Subject, end)
				for range 2 {
					c.notice(notice)
				}
				want := money.Cents(0)
				if end == checkout.DisputeLost {
					want = 9_000
				}
				if owed := c.owed(0, chart.Premium); owed != want {
					t.Errorf("%s are owed in the end, want %s", owed, want)
				}
				if e := c.exceptions(); len(e.Disputes) != 0 {
					t.Errorf("staff still see %+v", e.Disputes)
				}
			})
		}
	})
}

// The word of a dispute's end comes first, or never; a part of two parts is
// disputed; a question of the bank moves nothing until it becomes a dispute.
func TestDispute_OutOfOrderAndUnheard(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		decided, unheard, parts, asked := c.pay(c.one(), "ok"), c.pay(c.one(), "ok"), c.pay(c.both(), "ok"), c.pay(c.one(), "ok")
		first := c.bank.dispute(decided.Legs[0].Charge, 10_000)
		c.bank.decide(first.Subject, checkout.DisputeWon)
		c.notice(first)
		second := c.bank.dispute(unheard.Legs[0].Charge, 4_000)
		c.notice(second)
		c.notice(c.bank.dispute(parts.Legs[1].Charge, 3_000))
		question := c.bank.dispute(asked.Legs[0].Charge, 10_000)
		c.bank.decide(question.Subject, checkout.DisputeInquiry)
		c.notice(question)
		_, disputes, err := c.desk.Cases(t.Context(), &parts)
		if err != nil || len(disputes) != 1 || len(disputes[0].Shares) != 2 || !disputes[0].Booked {
			t.Errorf("of two parts: got %+v (%v)", disputes, err)
		}
		for _, a := range []checkout.Attempt{decided, asked} {
			if _, disputes, err = c.desk.Cases(t.Context(), &a); err != nil || len(disputes) != 1 || disputes[0].Booked {
				t.Errorf("where nothing moved: got %+v (%v)", disputes, err)
			}
		}
		c.bank.decide(second.Subject, checkout.DisputeWon)
		c.bank.decide(question.Subject, checkout.DisputeOpen)
		c.after(25 * time.Hour)
		if _, disputes, err = c.desk.Cases(t.Context(), &unheard); err != nil || !disputes[0].Restored {
			t.Errorf("won unheard: got %+v (%v)", disputes, err)
		}
		if _, disputes, err = c.desk.Cases(t.Context(), &asked); err != nil || !disputes[0].Booked {
			t.Errorf("a question that became a dispute: got %+v (%v)", disputes, err)
		}
		unknown := checkout.Notice{Kind: checkout.NoticeDispute, Charge: checkout.ChargeRef{Merchant: "acct_one", ID: "ch_other"}, Subject: "dp_9"}
		c.notice(unknown) // another system's charge on the same account
	})
}

func TestNotice_ThatIsNotOursOrNotUnderstood(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	a := c.pay(c.one(), "ok")
	version := c.look(a.ID).Version
	for _, n := range []checkout.Notice{
		{Kind: checkout.NoticeOther, Attempt: a.ID},
		{Kind: checkout.NoticeCharge, Charge: checkout.ChargeRef{Merchant: "acct_one", ID: "ch_other"}},
		{Kind: checkout.NoticeCharge, Attempt: ident.NewOpaque()},
		{Kind: checkout.NoticePage},
	} {
		c.notice(n)
	}
	if got := c.look(a.ID).Version; got != version {
		t.Errorf("a notice of something else changed the payment")
	}
	c.bank.next = map[string][]mishap{"enquire": {lostBefore}}
	err := c.desk.Notice(t.Context(), checkout.Notice{Kind: checkout.NoticeRefund, Charge: a.Legs[0].Charge})
	if fault.KindOf(err) != fault.UnknownOutcome {
		t.Errorf("a notice that could not be followed: got %v, want an error, so that it is sent again", err)
	}
}
