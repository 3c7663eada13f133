package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Dispute records a chargeback: the bank has taken amount of a payment part
// back until it decides, or all that is left of it when amount is zero. The
// money is followed to wherever it stands now: in suspense, unapplied, or on
// items, the last paid first, also after moves, releases, applications and
// merges. What items lose is owed again. The purse that received the money loses
// it from its clearing account.
//
// Part is any transaction that has a receipt of the part. The order's key names
// the bank's dispute, so that it is recorded once. The received date stays.
// Conflict when less than amount is left: what stands on refunds-payable does
// not count, cancel such a refund first. Invalid when the money did not come by
// card: other rails' returns are reversals.
func (c *Cashier) Dispute(ctx context.Context, order Order, part Ref, amount money.Cents) (Done, error) {
	const op = "cashier.Dispute"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	if amount < 0 {
		return Done{}, fault.New(fault.Invalid, op, "a dispute is about a positive amount, not %s", amount)
	}
	receipt, err := c.partOf(ctx, part)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	from, err := c.arrivalOf(ctx, &receipt)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if from.source != chart.ClearCard {
		return Done{}, fault.New(fault.Invalid, op, "this payment did not come by card").
			WithHint("Reverse a returned cheque or entry.")
	}
	content := struct {
		Part   Ref
		Amount money.Cents
	}{part, amount}
	want := Want{Books: []ledger.BookNo{from.at.Book}}
	return c.act(ctx, payment.Dispute, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		w := &trail{cashier: c, desk: d, along: everywhere}
		if err := w.follow(ctx, from.at, 0); err != nil {
			return nil, err
		}
		newestFirst(w.pots)
		taken, err := takeFrom(op, w.pots, amount)
		if err != nil {
			return nil, err
		}
		return c.takeBack(ctx, d, order, claim, taken, chart.PaymentDisputed, from.purse, from.source)
	})
}

// DisputeWon records that the bank gave the money of a dispute back: it is placed
// again where it had stood, with its original received date, first on the items
// that the dispute had opened. Dispute is Done.ID of Dispute. When a dispute is
// lost nothing is recorded: nothing more moves. Conflict when it was won before,
// NotFound when there is no such dispute.
func (c *Cashier) DisputeWon(ctx context.Context, order Order, dispute payment.ID) (Done, error) {
	const op = "cashier.DisputeWon"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	taken, err := c.takenBy(ctx, op, dispute, payment.Dispute, chart.PaymentDisputed)
	if err != nil {
		return Done{}, err
	}
	var want Want
	for i := range taken {
		want.Books = append(want.Books, taken[i].Book)
	}
	return c.act(ctx, payment.WinDispute, order, dispute, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		var refs []Ref
		for i := range taken {
			placed, err := c.winBack(ctx, d, op, order, claim, &taken[i])
			if err != nil {
				return nil, err
			}
			refs = append(refs, placed...)
		}
		return refs, nil
	})
}

func (c *Cashier) winBack(
	ctx context.Context, d *desk, op string, order Order, claim *payment.Claim, taken *ledger.Transaction,
) ([]Ref, error) {
	endings, err := c.store.Endings(ctx, taken.Book)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if by, won := endings[taken.Seq]; won {
		return nil, fault.New(fault.Conflict, op, "this dispute was won before, by transaction %d", by)
	}
	receipt, err := c.partOf(ctx, Ref{taken.Book, taken.Seq})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return c.putBack(ctx, d, order, claim, &returning{
		taken: taken, of: taken.Seq, event: chart.DisputeWon, source: chart.ClearCard, receipt: receipt, spread: true,
	})
}
