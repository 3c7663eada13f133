package checkout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/checkout"
)

var checker = ident.Actor{Kind: ident.Staff, Name: "mdiaz"}

// disputed is the only dispute of a payment.
func (c *counter) disputed(a *checkout.Attempt) checkout.DisputeCase {
	c.Helper()
	_, all, err := c.desk.Cases(c.Context(), a)
	if err != nil || len(all) != 1 {
		c.Fatalf("the disputes are %+v (%v)", all, err)
	}
	return all[0]
}

// agree has a second person agree to what was asked.
func (c *counter) agreeTo(r approval.Request) {
	c.Helper()
	if _, err := approval.New(c.Store, c.Clock).Decide(c.Context(), r.ID, checker, true, "seen"); err != nil {
		c.Fatal(err)
	}
}

// A bank takes 100.00 of a payment of which 60.00 were refunded before: 40.00 come
// from what is left, and 60.00 are nobody's, until two people agree that they are lost.
func TestDispute_OfMoreThanIsLeftIsWrittenOffByTwo(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, end := range []checkout.DisputeStatus{checkout.DisputeLost, checkout.DisputeWon} {
			c.within(t, string(end), func(t *testing.T, c *counter) {
				before := c.balance(chart.ClearCard)
				a := c.pay(c.one(), "ok")
				c.refund("half:"+string(end), a, 1, 6_000)
				n := c.bank.dispute(a.Legs[0].Charge, 10_000)
				c.notice(n)
				got := c.disputed(&a)
				if !got.Booked || got.Problem != "" || got.Excess != 6_000 || len(got.Shares) != 1 || got.Shares[0].Amount != 4_000 {
					t.Fatalf("the dispute stands at %+v", got)
				}
				if e := c.exceptions(); len(e.Excess) != 1 || e.Excess[0].ID != n.Subject {
					t.Errorf("staff see %+v", e.Excess)
				}
				if moved := c.balance(chart.ClearCard) - before; moved != 0 {
					t.Errorf("%s moved on the books, want none: 100.00 came, 60.00 went back, 40.00 were taken", moved)
				}
				write := func() approval.Request {
					t.Helper()
					r, err := c.desk.WriteOff(t.Context(), order("w"), a.ID, n.Subject)
					if err != nil {
						t.Fatal(err)
					}
					return r
				}
				if r := write(); r.State != approval.Asked || r.Amount != 6_000 || c.balance(chart.Losses) != 0 {
					t.Errorf("asked: %+v", r)
				}
				c.agreeTo(write())
				for range 2 {
					write()
				}
				if c.balance(chart.Losses) != 6_000 || c.balance(chart.ClearCard)-before != -6_000 {
					t.Errorf("lost: %s, and %s on clearing", c.balance(chart.Losses), c.balance(chart.ClearCard)-before)
				}
				if e := c.exceptions(); len(e.Excess) != 0 {
					t.Errorf("staff still see %+v", e.Excess)
				}
				c.bank.decide(n.Subject, end)
				c.notice(n)
				want := money.Cents(6_000)
				if end == checkout.DisputeWon {
					want = 0
				}
				if lost := c.balance(chart.Losses); lost != want {
					t.Errorf("in the end %s are lost, want %s", lost, want)
				}
				if end == checkout.DisputeLost { // so that the next begins at nothing
					c.bank.decide(n.Subject, checkout.DisputeWon)
					c.notice(n)
				}
			})
		}
	})
}

// A refund that is not sent can still be cancelled: then its money is there to be
// taken, and nothing is lost.
func TestDispute_WaitsForARefundThatIsNotSent(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "refund pends")
		r := c.refund("f1", a, 1, 6_000)
		n := c.bank.dispute(a.Legs[0].Charge, 10_000)
		c.notice(n)
		if got := c.disputed(&a); got.Booked || got.Excess != 0 || !strings.Contains(got.Problem, "by $60.00") {
			t.Errorf("the dispute stands at %+v", got)
		}
		if _, err := c.desk.WriteOff(t.Context(), order("w"), a.ID, n.Subject); fault.KindOf(err) != fault.Conflict {
			t.Errorf("writing off: %v", err)
		}
		c.bank.mu.Lock()
		c.bank.refunds[r.Processor].Status = checkout.RefundFailed
		c.bank.mu.Unlock()
		c.after(2 * time.Hour)
		if _, err := c.desk.CancelRefund(t.Context(), order("c1"), a.ID, r.No); err != nil {
			t.Fatal(err)
		}
		c.after(2 * time.Hour)
		if got := c.disputed(&a); !got.Booked || got.Excess != 0 || got.Problem != "" {
			t.Errorf("the dispute stands at %+v", got)
		}
	})
}

func TestDispute_IsListedByUrgency(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		now := c.Clock.Now()
		var want []string
		for _, days := range []int{15, 2, -1, 7, 0} {
			a := c.pay(c.one(), "ok")
			n := c.bank.dispute(a.Legs[0].Charge, 100)
			c.bank.mu.Lock()
			c.bank.disputes[n.Subject].EvidenceBy = now.AddDate(0, 0, days)
			if days == 0 { // the processor tells no day: 20 days
				c.bank.disputes[n.Subject].EvidenceBy = time.Time{}
			}
			c.bank.mu.Unlock()
			c.notice(n)
			want = append(want, n.Subject)
		}
		e := c.exceptions()
		if len(e.Disputes) != 5 {
			t.Fatalf("staff see %+v", e.Disputes)
		}
		for i, w := range []struct {
			at      int
			urgency checkout.Urgency
		}{{2, checkout.Overdue}, {1, checkout.Urgent}, {3, checkout.Soon}, {0, checkout.Later}, {4, checkout.Later}} {
			if got := &e.Disputes[i]; got.ID != want[w.at] || got.Urgency(now) != w.urgency {
				t.Errorf("place %d: %s is %s, due %s", i+1, got.ID, got.Urgency(now), got.Deadline())
			}
		}
	})
}

func TestSubmitEvidence_SendsTheReceiptAndNothingOfAPerson(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		n := c.bank.dispute(a.Legs[0].Charge, 10_000)
		c.bank.mu.Lock()
		c.bank.disputes[n.Subject].Reason = "subscription_canceled"
		c.bank.mu.Unlock()
		c.notice(n)
		submit := func(statement string) error {
			_, err := c.desk.SubmitEvidence(t.Context(), order("e"), a.ID, n.Subject, statement)
			return err
		}
		for _, bad := range []string{"", strings.Repeat("x", 2_001), "number " + c.numbers[0].Digits(), "SSN 123-45-6789"} {
			if err := submit(bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v", bad, err)
			}
		}
		c.bank.next["evidence"] = []mishap{lostAfter}
		if err := submit("The cardholder paid on our page."); err == nil {
			t.Error("a lost answer is no success")
		}
		if err := submit("The cardholder paid on our page."); err != nil {
			t.Fatal(err)
		}
		sent := c.bank.evidence
		if len(sent) != 1 || sent[0].ServiceDate != a.Received.String() || !strings.Contains(sent[0].Explanation, a.Payment.Confirmation()) ||
			sent[0].Cancellation == "" || strings.Contains(sent[0].Explanation, c.numbers[0].Digits()) {
			t.Errorf("sent %+v", sent)
		}
		if got := c.disputed(&a); got.EvidenceAt.IsZero() || got.Urgency(c.Clock.Now()) != checkout.Answered {
			t.Errorf("the dispute stands at %+v", got)
		}
		if err := submit("once more"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second answer: %v", err)
		}
	})
}
