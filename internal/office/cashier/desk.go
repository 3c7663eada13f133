package cashier

import (
	"context"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// desk is the working state of one group of acts: the books as they were read,
// moved on by each act that was decided, and the writes that came of it. Acts
// of one group see each other's effect, so two payments of one group never pay
// one item twice.
type desk struct {
	now    time.Time
	have   Have
	books  map[ledger.BookNo]*openBook
	order  []ledger.BookNo // the books that must not move before this is written
	writes Writes
}

type openBook struct {
	Book
	readSeq int64
	held    bool
	moves   map[int64]int // where an item's move stands in the writes
}

func newDesk(now time.Time, have Have) *desk {
	d := &desk{now: now, have: have, books: make(map[ledger.BookNo]*openBook, len(have.Books))}
	for no, b := range have.Books {
		b.Items = slices.Clone(b.Items)
		d.books[no] = &openBook{Book: b, readSeq: b.Head.Seq}
	}
	return d
}

// bring reads more onto the desk while an act is being decided. ErrStale when a
// book that lies there has moved.
func (c *Cashier) bring(ctx context.Context, d *desk, want Want) error {
	more, err := c.gather(ctx, want)
	if err != nil {
		return err
	}
	for no, fresh := range more.Books {
		b, here := d.books[no]
		if !here {
			d.books[no] = &openBook{Book: fresh, readSeq: fresh.Head.Seq}
			continue
		}
		if fresh.Head.Seq != b.readSeq || fresh.Status != b.Status {
			return ErrStale
		}
		for _, item := range fresh.Items {
			if b.item(item.No) == nil {
				b.Items = append(b.Items, item)
			}
		}
	}
	return nil
}

// post chains t to its book and notes it for writing. The book must have been read.
func (d *desk) post(t *ledger.Transaction) {
	b := d.books[t.Book]
	d.hold(b)
	t.RecordedAt = d.now
	b.Head = b.Head.Chain(t)
	d.writes.Transactions = append(d.writes.Transactions, *t)
}

// hold makes the write fail when b moved since it was read, also when nothing
// is posted to it.
func (d *desk) hold(b *openBook) {
	if !b.held {
		b.held = true
		d.order = append(d.order, b.No)
	}
}

// nextSeq is the number that the book's next transaction gets, needed by
// documents that name their transaction before it is chained.
func (d *desk) nextSeq(book ledger.BookNo) int64 { return d.books[book].Head.Seq + 1 }

// setOpen changes what is owed on an item that was read by delta cents.
func (d *desk) setOpen(b *openBook, no int64, delta money.Cents) {
	item := b.item(no)
	item.Open += delta
	open := item.Open
	if at, moved := b.moves[no]; moved {
		d.writes.Items[at].Open = open
		return
	}
	if b.moves == nil {
		b.moves = map[int64]int{}
	}
	b.moves[no] = len(d.writes.Items)
	d.writes.Items = append(d.writes.Items, ItemMove{Book: b.No, No: no, Open: open})
}

// item finds an item that was read, or nil.
func (b *openBook) item(no int64) *openitem.Item {
	at := slices.IndexFunc(b.Items, func(i openitem.Item) bool { return i.No == no })
	if at < 0 {
		return nil
	}
	return &b.Items[at]
}

// finish completes the writes with the moves of the books' heads, in ascending
// number: groups that meet in several books then wait for each other in turn
// and never in a circle.
func (d *desk) finish() *Writes {
	slices.Sort(d.order)
	for _, no := range d.order {
		b := d.books[no]
		d.writes.Heads = append(d.writes.Heads, HeadMove{
			Book: no, From: b.readSeq, Was: b.Status, To: b.Head, LastItem: b.LastItem,
		})
	}
	return &d.writes
}

// payable picks the items of b that money for a number and fund may reach
// without being named: on premium everything the debtor owes, on care what is
// about the number's person, and on the debtor's own number also what is
// ordinary about others. Items under a privacy class are paid by whoever holds
// the bill and names it, never by accident from someone else's money.
func payable(b *openBook, number ledger.BookNo, fund chart.Fund) []allocate.Item {
	var items []allocate.Item
	for _, i := range b.Items {
		if i.Purse.Fund != fund || i.Open == 0 {
			continue
		}
		own := i.About == number
		if fund != chart.Premium && !own && (b.No != number || i.Privacy != openitem.Ordinary) {
			continue
		}
		if own && b.No != number && i.Privacy != openitem.Ordinary {
			continue
		}
		items = append(items, allocationItem(i))
	}
	return items
}

func allocationItem(i openitem.Item) allocate.Item {
	return allocate.Item{No: i.No, DueOn: i.DueOn, Open: i.Open, Fee: i.Fee, Binder: i.Binder, Prescription: i.Prescription}
}

// named checks that the items a payer named are open in b for the fund, and
// gives their numbers.
func named(b *openBook, refs []payment.ItemRef, fund chart.Fund) (numbers []int64, items []allocate.Item, ok bool) {
	for _, ref := range refs {
		at := slices.IndexFunc(b.Items, func(i openitem.Item) bool {
			return i.Book == ref.Book && i.No == ref.No && i.Purse.Fund == fund && i.Open > 0
		})
		if at < 0 {
			return nil, nil, false
		}
		numbers = append(numbers, ref.No)
		items = append(items, allocationItem(b.Items[at]))
	}
	return numbers, items, true
}

func applied(parts []allocate.Part) []chart.Applied {
	out := make([]chart.Applied, len(parts))
	for i, p := range parts {
		out[i] = chart.Applied{Item: p.Item, Cents: p.Cents}
	}
	return out
}

// transaction starts a posted transaction of an act.
func transaction(book ledger.BookNo, event ledger.Event, by ident.Actor) ledger.Transaction {
	return ledger.Transaction{Book: book, Event: event, Phase: ledger.Posted, Actor: by}
}
