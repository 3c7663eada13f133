package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Bill makes items owed, all in one storage transaction. Each item names the
// person it is about; its debtor's book is found by the fund, unless the item
// names a book. Opening says that the items come from an earlier system's
// books. The done order's references stand in the order of the items.
func (c *Cashier) Bill(ctx context.Context, order Order, items []openitem.Item, opening bool) (Done, error) {
	const op = "cashier.Bill"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	var want Want
	for i := range items {
		if err := items[i].Validate(); err != nil {
			return Done{}, fault.New(fault.Invalid, op, "item %d: %v", i+1, err)
		}
		want.Books = append(want.Books, items[i].About)
		if items[i].Book != 0 {
			want.Books = append(want.Books, items[i].Book)
		}
	}
	content := struct {
		Items   []openitem.Item
		Opening bool
	}{items, opening}
	return c.act(ctx, payment.Bill, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		refs := make([]Ref, 0, len(items))
		for i, item := range items {
			var documents []ledger.DocDigest
			if i == 0 {
				documents = append(documents, claim.Digest())
			}
			ref, err := c.billOne(d, op, order, claim, item, opening, documents)
			if err != nil {
				return nil, fault.Wrap(op, fault.New(fault.KindOf(err), "", "item %d: %v", i+1, err))
			}
			refs = append(refs, ref)
		}
		return refs, nil
	})
}

func (c *Cashier) billOne(
	d *desk, op string, order Order, claim *payment.Claim, item openitem.Item, opening bool, documents []ledger.DocDigest,
) (Ref, error) {
	about := d.books[item.About]
	if about == nil {
		return Ref{}, fault.New(fault.NotFound, op, "the person it is about has no billing account here")
	}
	if item.Privacy == "" {
		item.Privacy = openitem.Ordinary
	}
	if item.Book == 0 {
		item.Book = about.Debtors.For(item.Purse.Fund, about.No)
		// What a privacy class protects is owed by the person alone: a debtor
		// who is not told of the service cannot be billed for it.
		if item.Purse.Fund != chart.Premium && item.Privacy != openitem.Ordinary {
			item.Book = about.No
		}
	}
	b := d.survivor(d.books[item.Book])
	if b == nil || b.Status == Merged {
		return Ref{}, fault.New(fault.NotFound, op, "the debtor has no billing account that takes items")
	}
	if item.DebtorOn.IsZero() {
		item.DebtorOn = c.house.PostingDay(item.Purse.Entity)
	}
	posting := func(no int64) ledger.Posting {
		return chart.BilledPosting(item.Purse, chart.Applied{Item: no, Cents: item.Amount}, against(item.Prescription, opening))
	}
	t := transaction(b.No, chart.ItemBilled, order.Actor)
	t.Link, t.Reason, t.Documents = string(claim.ID), order.Reason, documents
	return c.owe(d, b, item, t, posting), nil
}

// against is the account against which an item is billed.
func against(prescription, opening bool) chart.Code {
	switch {
	case opening:
		return chart.OpeningBalance
	case prescription:
		return chart.DrugAdvances
	}
	return chart.Earned
}

// owe adds an item to a book by the transaction t, whose posting is made for
// the number that the item gets.
func (c *Cashier) owe(
	d *desk, b *openBook, item openitem.Item, t ledger.Transaction, posting func(no int64) ledger.Posting,
) Ref {
	b.LastItem++
	item.Book, item.No, item.Open, item.BilledSeq = b.No, b.LastItem, item.Amount, d.nextSeq(b.No)
	t.PostedOn = c.house.PostingDay(item.Purse.Entity)
	t.EffectiveOn = t.PostedOn
	t.Postings = []ledger.Posting{posting(item.No)}
	t.Documents = append(t.Documents, item.Digest())
	d.post(&t)
	d.writes.NewItems = append(d.writes.NewItems, item)
	b.Items = append(b.Items, item)
	return Ref{t.Book, t.Seq}
}

// Redebit makes another person owe what is still open on an item, from a date:
// a minor came of age, a guarantor changed, an employer took over. The item is
// closed in the old debtor's book and opened in the new one's.
func (c *Cashier) Redebit(
	ctx context.Context, order Order, ref payment.ItemRef, debtor ledger.BookNo, from calendar.Date,
) (Done, error) {
	const op = "cashier.Redebit"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	content := struct {
		Item   payment.ItemRef
		Debtor ledger.BookNo
		From   calendar.Date
	}{ref, debtor, from}
	want := Want{Books: []ledger.BookNo{ref.Book, debtor}, Items: []payment.ItemRef{ref}}
	return c.act(ctx, payment.Redebit, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		source, target := d.books[ref.Book], d.books[debtor]
		if source == nil || target == nil || target.Status != Open || ref.Book == debtor {
			return nil, fault.New(fault.NotFound, op, "both debtors need different, open billing accounts")
		}
		item := source.item(ref.No)
		if item == nil || item.Open == 0 {
			return nil, fault.New(fault.Conflict, op, "nothing is open on this item")
		}
		return c.carry(d, order, claim, []ledger.DocDigest{claim.Digest()}, source, target, *item, from), nil
	})
}

// carry moves what is open on an item to another book, in two linked
// transactions.
// Documents are those of the transaction by which it leaves.
func (c *Cashier) carry(
	d *desk, order Order, claim *payment.Claim, documents []ledger.DocDigest, source, target *openBook, item openitem.Item,
	from calendar.Date,
) []Ref {
	open := item.Open
	out := transaction(source.No, chart.ItemMovedOut, order.Actor)
	out.PostedOn = c.house.PostingDay(item.Purse.Entity)
	out.EffectiveOn, out.Link, out.Reason = from, string(claim.ID), order.Reason
	out.Postings = []ledger.Posting{chart.Transfer(item.Purse, chart.Interaccount, chart.Receivable, open, item.No)}
	out.Documents = documents
	d.setOpen(source, item.No, -open)
	d.post(&out)

	moved := item
	moved.Amount, moved.DebtorOn = open, from
	in := transaction(target.No, chart.ItemMovedIn, order.Actor)
	in.Link, in.Reason = string(claim.ID), order.Reason
	ref := c.owe(d, target, moved, in, func(no int64) ledger.Posting {
		return chart.Transfer(item.Purse, chart.Receivable, chart.Interaccount, open, no)
	})
	return []Ref{{out.Book, out.Seq}, ref}
}
