package sim_test

import (
	"context"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/sim/audit"
)

// wentBack is a refund or a dispute, with the auditor's view of it.
type wentBack struct {
	id      payment.ID
	of      *made
	back    *audit.Back
	dispute bool
}

// atMost draws an amount, everything now and then.
func (w *world) atMost(most money.Cents) money.Cents {
	if most <= 1 || w.random.IntN(3) == 0 {
		return max(most, 1)
	}
	return 1 + money.Cents(w.random.Int64N(int64(most)))
}

func (w *world) refund() {
	m := w.one()
	if m == nil {
		return
	}
	cents := w.atMost(w.audit.Refundable(m.place))
	if w.random.IntN(8) == 0 {
		cents += w.audit.Refundable(m.place) // too much
	}
	done, err := w.Cashier.Refund(w.Context(), w.order(), m.ref, cents)
	back := w.audit.Refund(m.place, cents)
	w.agree("a refund", err, back != nil)
	if back != nil {
		w.backs = append(w.backs, &wentBack{done.ID, m, back, false})
	}
}

func (w *world) dispute() {
	m := w.one()
	if m == nil || m.in.Rail != payment.Card {
		return
	}
	cents := w.atMost(w.audit.Left(m.place))
	if w.random.IntN(8) == 0 {
		cents += w.audit.Left(m.place)
	}
	done, err := w.Cashier.Dispute(w.Context(), w.order(), m.ref, cents)
	back := w.audit.Dispute(m.place, cents)
	w.agree("a dispute", err, back != nil)
	if back != nil {
		w.backs = append(w.backs, &wentBack{done.ID, m, back, true})
	}
}

// wentBack picks a refund or dispute, or nil.
func (w *world) wentBack(dispute bool) *wentBack {
	if len(w.backs) == 0 {
		return nil
	}
	if b := w.backs[w.random.IntN(len(w.backs))]; b.dispute == dispute {
		return b
	}
	return nil
}

// settle tells what became of a refund.
func (w *world) settle() {
	b := w.wentBack(false)
	if b == nil {
		return
	}
	told := func(what string, act func(context.Context, cashier.Order, payment.ID) (cashier.Done, error), can bool) cashier.Done {
		done, err := act(w.Context(), w.order(), b.id)
		w.agree(what, err, can)
		return done
	}
	switch w.random.IntN(4) {
	case 0, 1:
		told("a refund sent", w.Cashier.RefundSent, w.audit.Sent(b.back))
	case 2:
		told("a refund that failed", w.Cashier.RefundFailed, w.audit.Failed(b.back))
	default:
		again := w.audit.Cancelled(b.back)
		w.standsAt(b, told("a refund given up", w.Cashier.RefundCancelled, again != nil), again)
	}
}

func (w *world) win() {
	b := w.wentBack(true)
	if b == nil {
		return
	}
	done, err := w.Cashier.DisputeWon(w.Context(), w.order(), b.id)
	again := w.audit.Won(b.back)
	w.agree("a dispute won", err, again != nil)
	w.standsAt(b, done, again)
}

// standsAt notes where money that came back was placed: the transactions of the
// answer that have receipts, in the auditor's order.
func (w *world) standsAt(b *wentBack, done cashier.Done, again []*audit.Placement) {
	for _, ref := range done.Refs {
		if _, err := w.Store.Receipt(w.Context(), ref.Book, ref.Seq); err == nil {
			w.posted = append(w.posted, &made{b.of.in, ref, again[0]})
			again = again[1:]
		}
	}
	if len(again) != 0 {
		w.Fatalf("the auditor placed %d more than the books", len(again))
	}
}
