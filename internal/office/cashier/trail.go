package cashier

import (
	"cmp"
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// A payment part leaves a trail. The transaction that received it puts its money
// on items, on unapplied money or in suspense; later ones refer to it (their Of)
// and use, move, release or take back some of it; what crosses to another book
// does so under one link. Following the trail tells where the money lies now,
// and climbing it tells which part some money belongs to. Nothing of this is
// stored beside the journal.

// pot is money of a payment part where it lies now.
type pot struct {
	at    *ledger.Transaction // that put it there
	purse chart.Purse
	code  chart.Code // Suspense, Unapplied or Receivable
	item  int64      // on Receivable
	cents money.Cents
	nth   int // the place of at in the answer of its act, where that made several
}

// trail follows money downwards.
type trail struct {
	cashier *Cashier
	// desk holds each book that is visited, so that what was seen of it still
	// stands when the act is written. It is nil for a look that writes nothing.
	desk *desk
	// along says whether to follow what a later transaction did with the money.
	along   func(ledger.Event) bool
	pots    []pot
	visited []Ref
}

// everywhere follows the money wherever it went.
func everywhere(ledger.Event) bool { return true }

// acrossMerges follows unapplied money that a merge carried to the surviving
// account: it is still the same unapplied money.
func acrossMerges(e ledger.Event) bool { return e == chart.PaymentMovedOut }

// follow goes on from a transaction that stands at a place in the answer of its act.
func (w *trail) follow(ctx context.Context, ref Ref, nth int) error {
	if err := w.hold(ctx, ref.Book); err != nil {
		return err
	}
	t, err := w.cashier.store.Transaction(ctx, ref.Book, ref.Seq)
	if err != nil {
		return err
	}
	return w.visit(ctx, &t, nth)
}

// hold reads the book's head before anything else of it.
func (w *trail) hold(ctx context.Context, no ledger.BookNo) error {
	if w.desk == nil {
		return nil
	}
	if w.desk.books[no] == nil {
		if err := w.cashier.bring(ctx, w.desk, Want{Books: []ledger.BookNo{no}}); err != nil {
			return err
		}
	}
	b := w.desk.books[no]
	if b == nil {
		return fault.New(fault.NotFound, "cashier.trail", "there is no such book")
	}
	w.desk.hold(b)
	return nil
}

func (w *trail) visit(ctx context.Context, t *ledger.Transaction, nth int) error {
	w.visited = append(w.visited, Ref{t.Book, t.Seq})
	later, err := w.cashier.store.Followers(ctx, t.Book, t.Seq)
	if err != nil {
		return err
	}
	if passedOn(t) {
		next, nth, err := w.cashier.placedNext(ctx, t)
		if err != nil {
			return err
		}
		if err := w.follow(ctx, next, nth); err != nil {
			return err
		}
	}
	if err := w.look(ctx, t, later, nth); err != nil {
		return err
	}
	for i := range later {
		if w.along(later[i].Event) {
			if err := w.visit(ctx, &later[i], 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// passedOn reports whether the money left for another transaction of its act.
func passedOn(t *ledger.Transaction) bool {
	_, code, err := chart.Explain(t.Postings[0].Credit)
	return err == nil && code == chart.Interaccount
}

// look notes what still lies where t put it. What followed t is taken off items;
// unapplied money and suspense keep their own count.
func (w *trail) look(ctx context.Context, t *ledger.Transaction, later []ledger.Transaction, nth int) error {
	for _, p := range t.Postings {
		purse, code, err := chart.Explain(p.Credit)
		if err != nil {
			return fault.New(fault.Corrupt, "cashier.trail", "%v", err)
		}
		var left money.Cents
		switch code {
		case chart.Receivable:
			left = p.Cents - debited(later, p)
		case chart.Unapplied:
			left, err = w.cashier.unappliedAt(ctx, t)
		case chart.Suspense:
			var held SuspenseEntry
			held, err = w.cashier.store.Suspense(ctx, t.Book, t.Seq)
			left = held.Open
		}
		if err != nil {
			return err
		}
		if left > 0 {
			w.pots = append(w.pots, pot{t, purse, code, p.Item, left, nth})
		}
	}
	return nil
}

// unappliedAt is what is still open of what t left unapplied; nothing when t
// only gave it back to where it had been before.
func (c *Cashier) unappliedAt(ctx context.Context, t *ledger.Transaction) (money.Cents, error) {
	u, err := c.unapplied(ctx, "cashier.trail", Ref{t.Book, t.Seq})
	if fault.KindOf(err) == fault.NotFound {
		return 0, nil
	}
	return u.Open, err
}

// debited is how much later transactions took off what the posting p credited.
func debited(later []ledger.Transaction, p ledger.Posting) (sum money.Cents) {
	for i := range later {
		for _, l := range later[i].Postings {
			if l.Debit == p.Credit && l.Item == p.Item {
				sum += l.Cents
			}
		}
	}
	return sum
}

// newestFirst puts pots into the order in which money is taken back: from
// suspense, from what is unapplied, then off items, the last paid first.
func newestFirst(pots []pot) {
	rank := map[chart.Code]int{chart.Suspense: 0, chart.Unapplied: 1, chart.Receivable: 2}
	slices.Reverse(pots) // within a transaction
	slices.SortStableFunc(pots, func(a, b pot) int {
		return cmp.Or(cmp.Compare(rank[a.code], rank[b.code]), b.at.RecordedAt.Compare(a.at.RecordedAt),
			cmp.Compare(b.nth, a.nth))
	})
}

func potTotal(pots []pot) (sum money.Cents) {
	for _, p := range pots {
		sum += p.cents
	}
	return sum
}

// placedNext finds the transaction by which money that t passed on was placed,
// and its place in the answer of their act.
func (c *Cashier) placedNext(ctx context.Context, t *ledger.Transaction) (Ref, int, error) {
	answer, at, err := c.answerWith(ctx, t)
	if err != nil {
		return Ref{}, 0, err
	}
	for nth := at + 1; nth < len(answer); nth++ {
		next, err := c.store.Transaction(ctx, answer[nth].Book, answer[nth].Seq)
		if err != nil {
			return Ref{}, 0, err
		}
		if next.Event == chart.PaymentPlaced || next.Event == chart.PaymentReapplied {
			return answer[nth], nth, nil
		}
	}
	return Ref{}, 0, fault.New(fault.Corrupt, "cashier.trail", "money that left a book arrived nowhere").
		WithHint("Run verify: it names the first broken row.")
}

// answerWith gives the answer of the act that t is part of, and t's place in it.
func (c *Cashier) answerWith(ctx context.Context, t *ledger.Transaction) ([]Ref, int, error) {
	claim, err := c.claim(ctx, payment.ID(t.Link))
	if err != nil {
		return nil, 0, err
	}
	at := slices.Index(claim.Answer, Ref{t.Book, t.Seq})
	if at < 0 {
		return nil, 0, fault.New(fault.Corrupt, "cashier.trail", "the claim of a transaction does not name it")
	}
	return claim.Answer, at, nil
}

// claim loads a claim. NotFound when there is none.
func (c *Cashier) claim(ctx context.Context, id payment.ID) (StoredClaim, error) {
	have, err := c.store.Read(ctx, Want{Claims: []payment.ID{id}})
	if err != nil {
		return StoredClaim{}, err
	}
	claim, known := have.Claims[id]
	if !known {
		return claim, fault.New(fault.NotFound, "cashier.claim", "there is no such operation")
	}
	return claim, nil
}

// receiptAt loads the receipt that a transaction wrote. Invalid when it wrote
// none, NotFound when there is no such transaction.
func (c *Cashier) receiptAt(ctx context.Context, op string, ref Ref) (payment.ReceiptPart, error) {
	receipt, err := c.store.Receipt(ctx, ref.Book, ref.Seq)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return receipt, fault.Wrap(op, err)
	}
	t, err := c.store.Transaction(ctx, ref.Book, ref.Seq)
	if err != nil {
		return receipt, fault.Wrap(op, err)
	}
	return receipt, fault.New(fault.Invalid, op, "transaction %d did not place a payment, it is %q", ref.Seq, t.Event)
}

// climbMax bounds how many acts can stand between some money and its receipt.
const climbMax = 100

// partOf climbs to the nearest receipt of the part whose money a transaction
// placed or took. Invalid when it did neither.
func (c *Cashier) partOf(ctx context.Context, ref Ref) (payment.ReceiptPart, error) {
	receipt, end, err := c.climb(ctx, ref)
	if err == nil && end.Book != 0 {
		err = fault.New(fault.Invalid, "cashier.partOf", "transaction %d did not place a payment, it is %q", end.Seq, end.Event)
	}
	return receipt, err
}

// climb goes up from a transaction to the nearest receipt of its money. Where there
// is none it gives the transaction at which the money begins.
func (c *Cashier) climb(ctx context.Context, ref Ref) (receipt payment.ReceiptPart, end ledger.Transaction, err error) {
	for range climbMax {
		receipt, err = c.store.Receipt(ctx, ref.Book, ref.Seq)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return receipt, end, err
		}
		t, err := c.store.Transaction(ctx, ref.Book, ref.Seq)
		if err != nil {
			return receipt, end, err
		}
		switch {
		case t.Of != 0:
			ref = Ref{t.Book, t.Of}
		case t.Event == chart.PaymentPlaced: // a merge carried it here, or the end of a refund in a merged account
			answer, at, err := c.answerWith(ctx, &t)
			if err != nil || at == 0 {
				return receipt, end, err
			}
			ref = answer[at-1]
		default:
			return receipt, t, nil
		}
	}
	return receipt, end, fault.New(fault.Corrupt, "cashier.climb", "money has no receipt to which it leads back")
}

// arrival is how a part's money came in.
type arrival struct {
	at     Ref
	purse  chart.Purse // that received it
	source chart.Code  // the clearing account of its rail
}

func (c *Cashier) arrivalOf(ctx context.Context, receipt *payment.ReceiptPart) (arrival, error) {
	claim, err := c.claim(ctx, receipt.Payment)
	if err != nil {
		return arrival{}, err
	}
	if receipt.No < 1 || receipt.No > len(claim.Answer) {
		return arrival{}, fault.New(fault.Corrupt, "cashier.arrivalOf", "a receipt is of a part that its payment does not have")
	}
	a := arrival{at: claim.Answer[receipt.No-1]}
	t, err := c.store.Transaction(ctx, a.at.Book, a.at.Seq)
	if err != nil {
		return a, err
	}
	a.purse, a.source, err = chart.Explain(t.Postings[0].Debit)
	return a, fault.Wrap("cashier.arrivalOf", err)
}
