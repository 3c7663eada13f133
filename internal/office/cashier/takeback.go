package cashier

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// What refunds and disputes share: taking money of a part out of where it lies,
// and putting it back.

// portion is what is taken from where one transaction put it.
type portion struct {
	at    *ledger.Transaction
	purse chart.Purse
	pots  []pot // with the cents to take
	left  []money.Cents
}

// takeFrom picks an amount from pots in their order, or everything for zero, and
// sorts it by the transaction that put it there.
func takeFrom(op string, pots []pot, amount money.Cents) ([]portion, error) {
	sum := potTotal(pots)
	if amount == 0 {
		amount = sum
	}
	if amount > sum || sum == 0 {
		return nil, fault.New(fault.Conflict, op, "only %s of this part is left to take back", sum.Grouped()).
			WithHint("What was refunded, disputed or moved does not count, nor unapplied money that was used since.")
	}
	var all []portion
	for _, p := range pots {
		cents := min(amount, p.cents)
		if cents == 0 {
			break
		}
		amount -= cents
		at := slices.IndexFunc(all, func(t portion) bool { return t.at.Book == p.at.Book && t.at.Seq == p.at.Seq })
		if at < 0 {
			at, all = len(all), append(all, portion{at: p.at, purse: p.purse})
		}
		all[at].left = append(all[at].left, p.cents-cents)
		p.cents = cents
		all[at].pots = append(all[at].pots, p)
	}
	return all, nil
}

// takeBack posts what is taken, a transaction for each that had put it there,
// onto an account of the purse to. What is owed again in a merged account is
// carried to the survivor. The transactions that took money come first in the
// answer.
func (c *Cashier) takeBack(
	ctx context.Context, d *desk, order Order, claim *payment.Claim, all []portion, event ledger.Event, to chart.Purse, target chart.Code,
) ([]Ref, error) {
	if err := c.bring(ctx, d, wantOf(all)); err != nil {
		return nil, err
	}
	var refs []Ref
	for _, from := range all {
		out := transaction(from.at.Book, event, order.Actor)
		out.PostedOn, out.EffectiveOn = c.house.PostingDay(to.Entity), from.at.EffectiveOn
		out.Of, out.Link, out.Reason = from.at.Seq, string(claim.ID), order.Reason
		sums, err := d.empty(from)
		if err != nil {
			return nil, err
		}
		out.Postings = chart.TakeBack(from.purse, sums, to, target)
		d.first(&out, claim)
		d.post(&out)
		refs = append(refs, Ref{out.Book, out.Seq})
	}
	for _, from := range all {
		for _, p := range from.pots {
			refs = append(refs, c.toSurvivor(d, order, claim, from.at.Book, p.item)...)
		}
	}
	return refs, nil
}

func wantOf(all []portion) Want {
	var want Want
	for _, from := range all {
		want.Books = append(want.Books, from.at.Book)
		for _, p := range from.pots {
			if p.item != 0 {
				want.Items = append(want.Items, payment.ItemRef{Book: from.at.Book, No: p.item})
			}
		}
	}
	return want
}

// empty takes the pots' cents off the rows that hold them.
func (d *desk) empty(from portion) (chart.Taken, error) {
	var sums chart.Taken
	b := d.books[from.at.Book]
	for i, p := range from.pots {
		switch p.code {
		case chart.Suspense:
			sums.Suspense += p.cents
			d.writes.Released = append(d.writes.Released, SuspenseMove{b.No, from.at.Seq, from.left[i]})
		case chart.Unapplied:
			sums.Unapplied += p.cents
			d.writes.Spent = append(d.writes.Spent, UnappliedMove{b.No, from.at.Seq, from.left[i]})
		default:
			if b.item(p.item) == nil {
				return sums, ErrStale // it was reopened between the two look-ups that read open and paid items
			}
			sums.Items = append(sums.Items, chart.Applied{Item: p.item, Cents: p.cents})
			d.setOpen(b, p.item, p.cents)
		}
	}
	return sums, nil
}

// toSurvivor carries an item that is owed again in a merged account to the
// account that payments reach.
func (c *Cashier) toSurvivor(d *desk, order Order, claim *payment.Claim, book ledger.BookNo, no int64) []Ref {
	merged := d.books[book]
	survivor := d.survivor(merged)
	item := merged.item(no)
	if item == nil || item.Open == 0 || survivor == nil || survivor == merged {
		return nil
	}
	return c.carry(d, order, claim, nil, merged, survivor, *item, c.house.PostingDay(item.Purse.Entity))
}

// first has the first transaction of an act cover its claim.
func (d *desk) first(t *ledger.Transaction, claim *payment.Claim) {
	if len(d.writes.Transactions) == 0 {
		t.Documents = append(t.Documents, claim.Digest())
	}
}

// arrived is how much a transaction put on the account of its last posting.
func arrived(t *ledger.Transaction) (sum money.Cents) {
	account := t.Postings[len(t.Postings)-1].Credit
	for _, p := range t.Postings {
		if p.Credit == account {
			sum += p.Cents
		}
	}
	return sum
}

// returning is money that was taken back and returns to where it had lain.
type returning struct {
	taken   *ledger.Transaction // that took it
	of      int64               // the transaction of its book that moved it last
	event   ledger.Event
	source  chart.Code // on which it stands, in the purse that received it
	receipt payment.ReceiptPart
	spread  bool // onto items, those from which it was taken first; else it is unapplied
}

// putBack places the money in the book from which it was taken or, where that
// was merged since, in the survivor's. The last transaction is where it stands.
func (c *Cashier) putBack(ctx context.Context, d *desk, order Order, claim *payment.Claim, g *returning) ([]Ref, error) {
	lain, _, err := chart.Explain(g.taken.Postings[0].Debit)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "cashier.putBack", "%v", err)
	}
	from, _, err := chart.Explain(g.taken.Postings[len(g.taken.Postings)-1].Credit)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "cashier.putBack", "%v", err)
	}
	t := transaction(g.taken.Book, g.event, order.Actor)
	t.PostedOn, t.EffectiveOn = c.house.PostingDay(from.Entity), g.taken.EffectiveOn
	t.Of, t.Link, t.Reason = g.of, string(claim.ID), order.Reason
	d.first(&t, claim)
	cents := arrived(g.taken)
	if t.Book.IsOperating() {
		return c.backToSuspense(ctx, d, &t, g, from, cents)
	}
	t.Postings = []ledger.Posting{chart.Transfer(from, g.source, chart.Interaccount, cents, 0)}
	d.post(&t)
	d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Of, t.Seq})

	if err := c.bring(ctx, d, Want{Books: []ledger.BookNo{g.receipt.About}}); err != nil {
		return nil, err
	}
	book, owner := d.survivor(d.books[t.Book]), d.survivor(d.books[g.receipt.About])
	if book == nil || owner == nil {
		return nil, fault.New(fault.Corrupt, "cashier.putBack", "the surviving billing account is missing")
	}
	p := placement{
		event: chart.PaymentReapplied, book: book, about: owner.No, from: from, source: chart.Interaccount, to: lain,
		spread: allocate.Result{Remainder: cents}, amount: cents, received: t.EffectiveOn, sent: g.receipt.SentOn, by: order.Actor,
		link: string(claim.ID), reason: order.Reason,
	}
	if book.No != t.Book {
		p.event = chart.PaymentPlaced
	}
	if g.spread {
		if p.spread, err = c.spreadAgain(book, &p, g.taken); err != nil {
			return nil, err
		}
	}
	placed := d.place(c, p, g.receipt.Payment, g.receipt.No, nil)
	return []Ref{{t.Book, t.Seq}, {placed.Book, placed.Seq}}, nil
}

// spreadAgain spreads money that came back: first over the items from which it
// was taken, where they are open and still in that book, then by the fund's rule.
func (c *Cashier) spreadAgain(book *openBook, p *placement, from *ledger.Transaction) (allocate.Result, error) {
	items := payable(book, p.about, p.to.Fund)
	var earmark []int64
	for _, line := range slices.Backward(from.Postings) {
		item := book.item(line.Item)
		if line.Item == 0 || book.No != from.Book || item == nil || item.Open == 0 {
			continue
		}
		earmark = append(earmark, line.Item)
		if !slices.ContainsFunc(items, func(i allocate.Item) bool { return i.No == line.Item }) {
			items = append(items, allocationItem(*item))
		}
	}
	spread, err := allocate.Spread(p.amount, items, earmark, c.house.RuleFor(p.to.Fund, p.received))
	return spread, fault.Wrap("cashier.spreadAgain", err)
}

// backToSuspense makes a new entry like the one from which the money was taken.
func (c *Cashier) backToSuspense(
	ctx context.Context, d *desk, t *ledger.Transaction, g *returning, purse chart.Purse, cents money.Cents,
) ([]Ref, error) {
	entry, err := c.store.Suspense(ctx, g.taken.Book, g.taken.Of)
	if err != nil {
		return nil, err
	}
	t.Postings = []ledger.Posting{chart.Transfer(purse, g.source, chart.Suspense, cents, 0)}
	receipt := payment.ReceiptPart{
		Book: t.Book, Payment: entry.Payment, No: entry.PartNo, Seq: d.nextSeq(t.Book), PostedOn: t.PostedOn, SentOn: g.receipt.SentOn,
		Purse: purse, Amount: cents,
	}
	t.Documents = append(t.Documents, receipt.Digest())
	d.post(t)
	d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Of, t.Seq})
	d.writes.Receipts = append(d.writes.Receipts, receipt)
	entry.Seq, entry.OpenedAt, entry.Amount, entry.Open = t.Seq, d.now, cents, cents
	d.writes.Suspense = append(d.writes.Suspense, entry)
	return []Ref{{t.Book, t.Seq}}, nil
}

// takenBy loads the transactions by which an operation took money. NotFound when
// there is no such operation or it was another act.
func (c *Cashier) takenBy(
	ctx context.Context, op string, id payment.ID, act payment.Act, event ledger.Event,
) ([]ledger.Transaction, error) {
	claim, err := c.claim(ctx, id)
	if err == nil && claim.Act != act {
		err = fault.New(fault.NotFound, op, "there is no such %s", act)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var all []ledger.Transaction
	for _, ref := range claim.Answer {
		t, err := c.store.Transaction(ctx, ref.Book, ref.Seq)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if t.Event == event {
			all = append(all, t)
		}
	}
	return all, nil
}
