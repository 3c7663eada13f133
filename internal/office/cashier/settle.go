package cashier

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Settlement is an organisation's payment as its remittance explains it.
type Settlement struct {
	Remittance string        // which one
	Payer      ledger.BookNo // whose items it pays
	Purse      chart.Purse   // of the items
	On         calendar.Date // the day that counts for what the payer kept
	// Money is where the money is: what is left of entries in suspense, or the one
	// transaction that placed it in the payer's book. None where none comes.
	Money  []Ref
	Months []MonthPaid // what it pays of each coverage month, in order
	Others []OtherPaid // what is no premium
	// Held is for persons whom nobody knows: nobody was billed for them, so it pays no
	// item and lies unapplied until somebody has looked.
	Held money.Cents
}

// MonthPaid is what a payment is for a coverage month: below zero it is taken
// back. The zero Month is what names no month.
type MonthPaid struct {
	Month calendar.Month
	Cents money.Cents
}

// OtherPaid is what a payment brings beside premiums, or, below zero, what the
// payer kept of it.
type OtherPaid struct {
	Account chart.Code
	Cents   money.Cents
}

// Settle puts an organisation's money on its items as its remittance says, all in
// one storage transaction: each month's money on that month's items, what the
// payer kept as a payment of items all the same, and what is no premium on its own
// account. What it takes back is met from money that lies unapplied in its book;
// of what is not there items stay open. What finds no item lies unapplied.
//
// Where no money comes, what is left to the payer stands on chart.ExchangeBalance.
// Invalid when the parts do not sum to the money, Conflict when some of the money
// was used since.
func (c *Cashier) Settle(ctx context.Context, order Order, s Settlement) (Done, error) {
	const op = "cashier.Settle"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	content := struct {
		Remittance string
		Payer      ledger.BookNo
		Money      []Ref
	}{s.Remittance, s.Payer, s.Money}
	want := Want{Books: []ledger.BookNo{s.Payer}}
	var placed []ledger.Transaction
	for _, ref := range s.Money {
		want.Books = append(want.Books, ref.Book)
		if ref.Book != s.Payer {
			continue
		}
		t, _, err := c.placed(ctx, op, ref)
		if err != nil {
			return Done{}, err
		}
		placed = append(placed, t)
		want.Items = append(want.Items, paidItems(&t)...)
	}
	return c.act(ctx, payment.Settle, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		b := d.books[s.Payer]
		if b == nil || b.Status != Open {
			return nil, fault.New(fault.Conflict, op, "the payer has no open billing account")
		}
		w := &settling{c: c, d: d, op: op, order: order, claim: claim, s: &s, book: b}
		if err := w.take(ctx, placed); err != nil {
			return nil, err
		}
		err := w.carryOut(ctx)
		return w.refs, err
	})
}

// settling is a settlement under way.
type settling struct {
	c     *Cashier
	d     *desk
	op    string
	order Order
	claim *payment.Claim
	s     *Settlement
	book  *openBook
	refs  []Ref

	money   []moneyHere
	total   money.Cents                // of money
	kept    map[chart.Code]money.Cents // by the payer, above zero
	brought map[chart.Code]money.Cents // beside premiums, above zero
	owed    []allocate.Part            // what is to be put on items
}

// moneyHere is money that waits on the interaccount account.
type moneyHere struct {
	purse    chart.Purse
	cents    money.Cents
	received calendar.Date
	sent     calendar.Date // of its payment, if known
	payment  payment.ID
	part     int
	event    ledger.Event
}

// take takes the money from where it is.
func (w *settling) take(ctx context.Context, placed []ledger.Transaction) error {
	for _, ref := range w.s.Money {
		var m moneyHere
		var err error
		if at := slices.IndexFunc(placed, func(t ledger.Transaction) bool { return t.Book == ref.Book && t.Seq == ref.Seq }); at >= 0 {
			m, err = w.lift(ctx, &placed[at])
		} else {
			m, err = w.release(ctx, ref)
		}
		if err != nil {
			return err
		}
		w.money, w.total = append(w.money, m), w.total+m.cents
	}
	return nil
}

// release takes what is left of an entry out of suspense.
func (w *settling) release(ctx context.Context, ref Ref) (moneyHere, error) {
	held, err := w.c.store.Suspense(ctx, ref.Book, ref.Seq)
	if err != nil {
		return moneyHere{}, fault.Wrap(w.op, err)
	}
	if held.Open == 0 {
		return moneyHere{}, fault.New(fault.Conflict, w.op, "nothing is left of this entry in suspense")
	}
	receipt, err := w.c.store.Receipt(ctx, ref.Book, ref.Seq)
	if err != nil {
		return moneyHere{}, fault.Wrap(w.op, err)
	}
	out := w.transaction(ref.Book, chart.SuspenseReleased, held.Received, held.Purse)
	out.Of = ref.Seq
	out.Postings = []ledger.Posting{chart.Transfer(held.Purse, chart.Suspense, chart.Interaccount, held.Open, 0)}
	w.post(&out)
	w.d.writes.Released = append(w.d.writes.Released, SuspenseMove{ref.Book, ref.Seq, 0})
	return moneyHere{held.Purse, held.Open, held.Received, receipt.SentOn, held.Payment, held.PartNo, chart.PaymentPlaced}, nil
}

// lift takes money back off the items on which it was placed in the payer's book.
func (w *settling) lift(ctx context.Context, t *ledger.Transaction) (moneyHere, error) {
	receipt, err := w.c.store.Receipt(ctx, t.Book, t.Seq)
	if err != nil {
		return moneyHere{}, fault.Wrap(w.op, err)
	}
	postings, gone, err := w.c.remaining(ctx, t)
	if err != nil {
		return moneyHere{}, fault.Wrap(w.op, err)
	}
	if gone > 0 {
		return moneyHere{}, fault.New(fault.Conflict, w.op, "%s of this payment was refunded or disputed since", gone.Grouped())
	}
	if err := w.c.withdraw(ctx, w.d, w.op, t, postings); err != nil {
		return moneyHere{}, err
	}
	out := w.transaction(t.Book, chart.PaymentMovedOut, t.EffectiveOn, receipt.Purse)
	out.Of = t.Seq
	for _, p := range postings {
		out.Postings = append(out.Postings, ledger.Posting{
			Debit: p.Credit, Credit: receipt.Purse.Account(chart.Interaccount), Cents: p.Cents, Item: p.Item,
		})
	}
	w.post(&out)
	w.d.writes.Endings = append(w.d.writes.Endings, Ending{t.Book, t.Seq, out.Seq})
	return moneyHere{receipt.Purse, out.Total(), t.EffectiveOn, receipt.SentOn, receipt.Payment, receipt.No, chart.PaymentReapplied}, nil
}

// transaction starts a transaction of the settlement.
func (w *settling) transaction(book ledger.BookNo, event ledger.Event, effective calendar.Date, purse chart.Purse) ledger.Transaction {
	t := transaction(book, event, w.order.Actor)
	t.PostedOn, t.EffectiveOn = w.c.house.PostingDay(purse.Entity), effective
	t.Link, t.Reason = string(w.claim.ID), w.order.Reason
	return t
}

func (w *settling) post(t *ledger.Transaction) {
	t.Documents = append(t.Documents, w.documents()...)
	w.d.post(t)
	w.refs = append(w.refs, Ref{t.Book, t.Seq})
}

// documents are those of the next transaction: the first covers the claim.
func (w *settling) documents() []ledger.DocDigest {
	if len(w.refs) > 0 {
		return nil
	}
	return []ledger.DocDigest{w.claim.Digest()}
}

func (w *settling) carryOut(ctx context.Context) error {
	earlier, err := w.c.store.UnappliedOf(ctx, w.book.No)
	if err != nil {
		return fault.Wrap(w.op, err)
	}
	takenBack, err := w.sort()
	if err != nil {
		return err
	}
	w.charge()
	w.place()
	w.useUnapplied(earlier, takenBack)
	return nil
}

// sort splits the settlement into what the payer kept, what it brought beside
// premiums, and what items it pays; and gives how much it takes back.
func (w *settling) sort() (takenBack money.Cents, err error) {
	net := map[chart.Code]money.Cents{}
	sum := w.s.Held
	for _, o := range w.s.Others {
		net[o.Account], sum = net[o.Account]+o.Cents, sum+o.Cents
	}
	left := map[int64]money.Cents{} // of items, what is still open after the months before
	for i := range w.book.Items {
		left[w.book.Items[i].No] = w.book.Items[i].Open
	}
	for _, m := range w.s.Months {
		sum += m.Cents
		if m.Cents < 0 {
			takenBack -= m.Cents
			continue
		}
		w.demand(m, left)
	}
	switch {
	case len(w.money) > 0 && sum != w.total:
		return 0, fault.New(fault.Invalid, w.op, "the money is %s, and the remittance explains %s", w.total.Grouped(), sum.Grouped())
	case len(w.money) == 0 && sum > 0:
		return 0, fault.New(fault.Invalid, w.op, "the remittance explains %s, of which nothing came", sum.Grouped())
	case sum < 0:
		net[chart.ExchangeBalance] -= sum // to be taken by the payer by another way
	}
	w.kept, w.brought = map[chart.Code]money.Cents{}, map[chart.Code]money.Cents{}
	here := w.total
	for code, cents := range net {
		if cents < 0 {
			w.kept[code] = -cents
		} else if cents > 0 {
			w.brought[code] = cents
		}
		here -= cents
	}
	if here < 0 { // more is brought than came: the payer took premiums back against it
		short := -here
		kept := min(short, w.brought[chart.ExchangeBalance])
		w.brought[chart.ExchangeBalance] -= kept
		if short -= kept; short > 0 {
			w.kept[chart.ExchangeBalance] += short
		}
	}
	return takenBack, nil
}

// demand notes which items a month's money pays: those of the month, and for money
// that names none whichever is due first.
func (w *settling) demand(m MonthPaid, left map[int64]money.Cents) {
	items := slices.Clone(w.book.Items)
	slices.SortStableFunc(items, func(a, b openitem.Item) int { return cmp.Or(a.DueOn.Compare(b.DueOn), cmp.Compare(a.No, b.No)) })
	cents := m.Cents
	for i := range items {
		item := &items[i]
		if item.Purse != w.s.Purse || !m.Month.IsZero() && calendar.MonthOf(item.ServiceOn) != m.Month {
			continue
		}
		if put := min(cents, left[item.No]); put > 0 {
			w.owed = append(w.owed, allocate.Part{Item: item.No, Cents: put})
			left[item.No], cents = left[item.No]-put, cents-put
		}
	}
}

// next takes up to so many cents from what is to be put on items.
func (w *settling) next(cents money.Cents) []allocate.Part {
	var parts []allocate.Part
	for cents > 0 && len(w.owed) > 0 {
		part := w.owed[0]
		part.Cents = min(part.Cents, cents)
		cents -= part.Cents
		if w.owed[0].Cents -= part.Cents; w.owed[0].Cents == 0 {
			w.owed = w.owed[1:]
		}
		at := slices.IndexFunc(parts, func(p allocate.Part) bool { return p.Item == part.Item })
		if at < 0 {
			parts = append(parts, part)
			continue
		}
		parts[at].Cents += part.Cents
	}
	return parts
}

// charge posts what the payer kept: it pays for what came beside premiums, then
// items, and what is left of it is the payer's unapplied money.
func (w *settling) charge() {
	purse := w.s.Purse
	t := w.transaction(w.book.No, chart.RemittanceCharged, w.s.On, purse)
	unapplied := money.Cents(0)
	for _, code := range slices.Sorted(maps.Keys(w.kept)) {
		left := w.kept[code]
		for _, other := range slices.Sorted(maps.Keys(w.brought)) {
			if put := min(left, w.brought[other]); put > 0 && other != code {
				t.Postings = append(t.Postings, chart.Transfer(purse, code, other, put, 0))
				w.brought[other], left = w.brought[other]-put, left-put
			}
		}
		for _, part := range w.next(left) {
			t.Postings = append(t.Postings, chart.Transfer(purse, code, chart.Receivable, part.Cents, part.Item))
			w.d.settle(w.book, []allocate.Part{part})
			left -= part.Cents
		}
		if left > 0 {
			t.Postings = append(t.Postings, chart.Transfer(purse, code, chart.Unapplied, left, 0))
			unapplied += left
		}
	}
	if len(t.Postings) == 0 {
		return
	}
	w.post(&t)
	if unapplied > 0 {
		w.d.writes.Unapplied = append(w.d.writes.Unapplied, Unapplied{
			Book: w.book.No, Seq: t.Seq, Purse: purse, Received: t.EffectiveOn, Amount: unapplied, Open: unapplied,
		})
	}
}

// place puts the money on items, all but what is held, which lies unapplied, and
// what it brings beside premiums, which goes on to its accounts.
func (w *settling) place() {
	beside := w.s.Held
	for _, cents := range w.brought {
		beside += cents
	}
	forItems := max(0, w.total-beside)
	for _, m := range w.money {
		parts := w.next(min(m.cents, forItems))
		put := money.Cents(0)
		for _, p := range parts {
			put += p.Cents
		}
		forItems -= put
		receipt := w.d.place(w.c, placement{
			event: m.event, book: w.book, about: w.book.No, from: m.purse, source: chart.Interaccount, to: w.s.Purse,
			spread: allocate.Result{Parts: parts, Remainder: m.cents - put}, amount: m.cents, received: m.received, sent: m.sent,
			by: w.order.Actor, link: string(w.claim.ID), reason: w.order.Reason,
		}, m.payment, m.part, w.documents())
		w.refs = append(w.refs, Ref{receipt.Book, receipt.Seq})
		w.sortOut(receipt.Seq, m)
	}
}

// sortOut moves what a placement brought beside premiums from unapplied money to
// its accounts.
func (w *settling) sortOut(seq int64, m moneyHere) {
	at := slices.IndexFunc(w.d.writes.Unapplied, func(u Unapplied) bool { return u.Book == w.book.No && u.Seq == seq })
	if at < 0 {
		return
	}
	left := w.d.writes.Unapplied[at].Open
	t := w.transaction(w.book.No, chart.RemittanceSorted, m.received, w.s.Purse)
	t.Of = seq
	for _, code := range slices.Sorted(maps.Keys(w.brought)) {
		if put := min(left, w.brought[code]); put > 0 {
			t.Postings = append(t.Postings, chart.Transfer(w.s.Purse, chart.Unapplied, code, put, 0))
			w.brought[code], left = w.brought[code]-put, left-put
		}
	}
	if len(t.Postings) == 0 {
		return
	}
	w.post(&t)
	w.d.writes.Unapplied[at].Open = left
}

// useUnapplied meets what the payer takes back from money that lay unapplied in its
// book, such as of a month that was credited after it was paid.
func (w *settling) useUnapplied(earlier []Unapplied, takenBack money.Cents) {
	for _, u := range earlier {
		if u.Open == 0 || u.Purse != w.s.Purse || slices.ContainsFunc(w.d.writes.Spent, func(m UnappliedMove) bool {
			return m.Book == u.Book && m.Seq == u.Seq // lifted by this settlement
		}) {
			continue
		}
		parts := w.next(min(u.Open, takenBack))
		if len(parts) == 0 {
			continue
		}
		t := w.transaction(w.book.No, chart.PaymentApplied, u.Received, u.Purse)
		t.Of = u.Seq
		t.Postings = chart.Place(u.Purse, chart.Unapplied, u.Purse, applied(parts), 0)
		w.d.settle(w.book, parts)
		w.post(&t)
		w.d.writes.Spent = append(w.d.writes.Spent, UnappliedMove{u.Book, u.Seq, u.Open - t.Total()})
		takenBack -= t.Total()
	}
}
