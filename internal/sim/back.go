package sim

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
	m := w.any()
	if m == nil {
		return
	}
	cents := w.atMost(w.audit.Refundable(m.place))
	if w.random.IntN(8) == 0 {
		cents += w.audit.Refundable(m.place) // too much
	}
	order, done := w.order(), cashier.Done{}
	w.note("refund %s of %s", cents, m)
	err := w.try(func() (err error) {
		done, err = w.cashier.Refund(w.ctx, order, m.ref, cents)
		return err
	})
	back := w.audit.Refund(m.place, cents)
	w.agree("a refund", err, back != nil)
	if back != nil {
		w.backs = append(w.backs, &wentBack{done.ID, m, back, false})
	}
}

func (w *world) dispute() {
	m := w.any()
	if m == nil || m.in.Rail != payment.Card {
		return
	}
	cents := w.atMost(w.audit.Left(m.place))
	if w.random.IntN(8) == 0 {
		cents += w.audit.Left(m.place)
	}
	order, done := w.order(), cashier.Done{}
	w.note("dispute %s of %s", cents, m)
	err := w.try(func() (err error) {
		done, err = w.cashier.Dispute(w.ctx, order, m.ref, cents)
		return err
	})
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
	w.note("the refund of %s of %s", b.back.Cents, b.of)
	told := func(what string, act func(*cashier.Cashier, context.Context, cashier.Order, payment.ID) (cashier.Done, error), can bool) cashier.Done {
		order, done := w.order(), cashier.Done{}
		err := w.try(func() (err error) {
			done, err = act(w.cashier, w.ctx, order, b.id)
			return err
		})
		w.agree(what, err, can)
		return done
	}
	switch w.random.IntN(4) {
	case 0, 1:
		told("a refund sent", (*cashier.Cashier).RefundSent, w.audit.Sent(b.back))
	case 2:
		told("a refund that failed", (*cashier.Cashier).RefundFailed, w.audit.Failed(b.back))
	default:
		again := w.audit.Cancelled(b.back)
		w.standsAt(b, told("a refund given up", (*cashier.Cashier).RefundCancelled, again != nil), again)
	}
}

func (w *world) win() {
	b := w.wentBack(true)
	if b == nil {
		return
	}
	order, done := w.order(), cashier.Done{}
	w.note("win the dispute of %s of %s", b.back.Cents, b.of)
	err := w.try(func() (err error) {
		done, err = w.cashier.DisputeWon(w.ctx, order, b.id)
		return err
	})
	again := w.audit.Won(b.back)
	w.agree("a dispute won", err, again != nil)
	w.standsAt(b, done, again)
}

// standsAt notes where money that came back was placed: the transactions of the
// answer that have receipts, in the auditor's order.
func (w *world) standsAt(b *wentBack, done cashier.Done, again []*audit.Placement) {
	for _, ref := range done.Refs {
		if _, err := w.store.Receipt(w.ctx, ref.Book, ref.Seq); err == nil {
			w.add(b.of.in, ref, again[0])
			again = again[1:]
		}
	}
	if len(again) != 0 {
		w.fail("the auditor placed %d more than the books", len(again))
	}
}
