package cashier

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Target says where a clerk sends money: a number or old number, a fund ("" for
// the fund in which the money stands), and items, if any are meant. What an act's
// key is bound to holds it as JSON: a new field is left out when it is not set.
type Target struct {
	Reference string
	Fund      chart.Fund
	Items     []payment.ItemRef
	// SentOn is the postmark of the payment, if it came to be known only now. It counts
	// as payment.Instruction says; zero keeps what is known.
	SentOn calendar.Date `json:",omitzero"`
}

// Release gives money in suspense to its owner: all that is left of the entry,
// or amount of it when that is above zero. The received date stays. NotFound
// when there is no such entry, Conflict when less is left, Invalid when the
// target takes no payments.
func (c *Cashier) Release(ctx context.Context, order Order, entry Ref, amount money.Cents, to Target) (Done, error) {
	const op = "cashier.Release"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	content := struct {
		Entry  Ref
		Amount money.Cents
		To     Target
	}{entry, amount, to}
	want := Want{Books: []ledger.BookNo{entry.Book}}
	want.addTarget(to)
	return c.act(ctx, payment.Release, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		held, err := c.store.Suspense(ctx, entry.Book, entry.Seq)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if amount < 0 || amount > held.Open || held.Open == 0 {
			return nil, fault.New(fault.Conflict, op, "only %s is left of this entry", held.Open.Grouped())
		}
		taken := amount
		if taken == 0 {
			taken = held.Open
		}
		came, err := c.store.Receipt(ctx, entry.Book, entry.Seq)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		p, err := c.target(d, op, to, held.Purse, taken, held.Received, came.SentOn)
		if err != nil {
			return nil, err
		}
		out := transaction(entry.Book, chart.SuspenseReleased, order.Actor)
		out.PostedOn, out.EffectiveOn = c.house.PostingDay(held.Purse.Entity), held.Received
		out.Of, out.Link, out.Reason = entry.Seq, string(claim.ID), order.Reason
		out.Postings = []ledger.Posting{chart.Transfer(held.Purse, chart.Suspense, chart.Interaccount, taken, 0)}
		out.Documents = []ledger.DocDigest{claim.Digest()}
		d.post(&out)
		d.writes.Released = append(d.writes.Released, SuspenseMove{entry.Book, entry.Seq, held.Open - taken})

		p.event, p.from, p.source = chart.PaymentPlaced, held.Purse, chart.Interaccount
		p.by, p.link, p.reason, p.payer = order.Actor, string(claim.ID), order.Reason, held.Details.Payer
		receipt := d.place(c, p, held.Payment, held.PartNo, nil)
		return []Ref{{out.Book, out.Seq}, {receipt.Book, receipt.Seq}}, nil
	})
}

func (w *Want) addTarget(to Target) {
	w.addReference(to.Reference)
	w.Items = append(w.Items, to.Items...)
}

// target plans money into the book that a clerk named; sent is what was known of its
// postmark.
func (c *Cashier) target(
	d *desk, op string, to Target, from chart.Purse, amount money.Cents, received, sent calendar.Date,
) (placement, error) {
	if err := payment.CheckSent(to.SentOn, received); err != nil {
		return placement{}, fault.New(fault.Invalid, op, "%v", err)
	}
	owner, reason := d.resolve(&payment.Part{Reference: to.Reference})
	if reason != "" {
		return placement{}, fault.New(fault.Invalid, op, "%s", reason.Explain())
	}
	fund := to.Fund
	if fund == "" {
		fund = from.Fund
	}
	p, ok := c.plan(d, destination{owner, fund, to.Items}, amount, received)
	if !ok {
		return placement{}, fault.New(fault.Invalid, op, "a named item is not open on that billing account in the %s fund", fund)
	}
	if p.sent = to.SentOn; p.sent.IsZero() {
		p.sent = sent
	}
	return p, nil
}

// Move takes a payment part out of the book in which it was placed and places
// it where it belongs: on another billing account, another fund, or other items
// of the same account. The received date stays; the old placement is ended once
// and for ever. The last reference of the answer is where the money stands now.
// What was refunded or disputed of it stays taken. A move to the account on which
// the payment is can give it its postmark. Conflict when it was ended before, when
// nothing is left of it, or when money it left unapplied has been used since.
func (c *Cashier) Move(ctx context.Context, order Order, from Ref, to Target) (Done, error) {
	const op = "cashier.Move"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	t, receipt, err := c.placed(ctx, op, from)
	if err != nil {
		return Done{}, err
	}
	content := struct {
		From Ref
		To   Target
	}{from, to}
	want := Want{Books: []ledger.BookNo{from.Book}, Items: paidItems(&t)}
	want.addTarget(to)
	return c.act(ctx, payment.Move, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		placed, _, err := c.remaining(ctx, &t)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if err := c.withdraw(ctx, d, op, &t, placed); err != nil {
			return nil, err
		}
		out := transaction(from.Book, chart.PaymentMovedOut, order.Actor)
		out.PostedOn, out.EffectiveOn = c.house.PostingDay(receipt.Purse.Entity), t.EffectiveOn
		out.Of, out.Link, out.Reason = t.Seq, string(claim.ID), order.Reason
		out.Documents = []ledger.DocDigest{claim.Digest()}
		for _, p := range placed {
			out.Postings = append(out.Postings, ledger.Posting{
				Debit: p.Credit, Credit: receipt.Purse.Account(chart.Interaccount), Cents: p.Cents, Item: p.Item,
			})
		}
		if len(placed) == 0 {
			return nil, fault.New(fault.Conflict, op, "nothing is left of this payment: it was refunded or disputed")
		}
		d.post(&out)
		d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Seq, out.Seq})
		refs := []Ref{{out.Book, out.Seq}}
		if b := d.books[t.Book]; b.Status == Merged {
			refs = append(refs, c.followMerge(d, order, claim, b, &t)...)
		}

		p, err := c.target(d, op, to, receipt.Purse, out.Total(), t.EffectiveOn, receipt.SentOn)
		if err != nil {
			return nil, err
		}
		p.event, p.from, p.source = chart.PaymentPlaced, receipt.Purse, chart.Interaccount
		if p.book.No == from.Book {
			p.event = chart.PaymentReapplied
		}
		p.by, p.link, p.reason = order.Actor, string(claim.ID), order.Reason
		there := d.place(c, p, receipt.Payment, receipt.No, nil)
		return append(refs, Ref{there.Book, there.Seq}), nil
	})
}

// Reverse takes a received payment part back as if it had never counted: a
// returned cheque or entry, or one that was entered by mistake. What it paid is
// owed again, by the survivor where the account was merged since. Money in
// suspense can be reversed too: it goes back to its sender; and so can an
// application of unapplied money, which is then unapplied as before. Conflict as
// with Move, and when some of it was refunded or disputed. A part that was moved or released is reversed after it is moved back.
func (c *Cashier) Reverse(ctx context.Context, order Order, of Ref) (Done, error) {
	const op = "cashier.Reverse"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	t, err := c.store.Transaction(ctx, of.Book, of.Seq)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	switch t.Event {
	case chart.PaymentReceived, chart.PaymentSuspended, chart.PaymentApplied:
	default:
		return Done{}, fault.New(fault.Invalid, op, "only a received payment or an application is reversed, not %q", t.Event).
			WithHint("Move money back first, then reverse the transaction that received it.")
	}
	want := Want{Books: []ledger.BookNo{of.Book}, Items: paidItems(&t)}
	return c.act(ctx, payment.Reverse, order, of, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		return c.takeAway(ctx, d, order, claim, &t)
	})
}

// takeAway reverses a transaction that received money or applied it.
func (c *Cashier) takeAway(ctx context.Context, d *desk, order Order, claim *payment.Claim, t *ledger.Transaction) ([]Ref, error) {
	const op = "cashier.Reverse"
	_, taken, err := c.remaining(ctx, t)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if taken > 0 {
		return nil, fault.New(fault.Conflict, op, "%s of this was refunded or disputed since", taken.Grouped())
	}
	if err := c.withdraw(ctx, d, op, t, t.Postings); err != nil {
		return nil, err
	}
	back, err := t.Reversal()
	if err != nil {
		return nil, fault.New(fault.Conflict, op, "%v", err)
	}
	purse, _, err := chart.Explain(t.Postings[0].Debit)
	if err != nil {
		return nil, fault.New(fault.Corrupt, op, "%v", err)
	}
	back.PostedOn, back.Actor, back.Reason = c.house.PostingDay(purse.Entity), order.Actor, order.Reason
	back.Link, back.Documents = string(claim.ID), []ledger.DocDigest{claim.Digest()}
	d.post(&back)
	d.writes.Endings = append(d.writes.Endings, Ending{t.Book, t.Seq, back.Seq})
	refs := []Ref{{back.Book, back.Seq}}
	if b := d.books[t.Book]; b.Status == Merged {
		refs = append(refs, c.followMerge(d, order, claim, b, t)...)
	}
	return refs, nil
}

// followMerge moves what taking a payment back reopened in a merged account to the survivor,
// where payments reach it.
func (c *Cashier) followMerge(d *desk, order Order, claim *payment.Claim, merged *openBook, t *ledger.Transaction) []Ref {
	var refs []Ref
	for _, ref := range paidItems(t) {
		refs = append(refs, c.toSurvivor(d, order, claim, merged.No, ref.No)...)
	}
	return refs
}

// placed loads a transaction that placed money in a billing account's book, and
// its receipt part.
func (c *Cashier) placed(ctx context.Context, op string, ref Ref) (ledger.Transaction, payment.ReceiptPart, error) {
	t, err := c.store.Transaction(ctx, ref.Book, ref.Seq)
	if err != nil {
		return t, payment.ReceiptPart{}, fault.Wrap(op, err)
	}
	switch t.Event {
	case chart.PaymentReceived, chart.PaymentPlaced, chart.PaymentReapplied:
	default:
		return t, payment.ReceiptPart{}, fault.New(fault.Invalid, op, "transaction %d did not place a payment, it is %q", ref.Seq, t.Event)
	}
	receipt, err := c.store.Receipt(ctx, ref.Book, ref.Seq)
	return t, receipt, fault.Wrap(op, err)
}

// paidItems lists the items that a transaction paid.
func paidItems(t *ledger.Transaction) []payment.ItemRef {
	var refs []payment.ItemRef
	for _, p := range t.Postings {
		if p.Item != 0 {
			refs = append(refs, payment.ItemRef{Book: t.Book, No: p.Item})
		}
	}
	return refs
}

// remaining gives what a placing transaction put on items and unapplied money,
// less what refunds and disputes took, and how much that was.
func (c *Cashier) remaining(ctx context.Context, t *ledger.Transaction) (left []ledger.Posting, taken money.Cents, err error) {
	later, err := c.store.Followers(ctx, t.Book, t.Seq)
	if err != nil {
		return nil, 0, err
	}
	later = slices.DeleteFunc(later, func(f ledger.Transaction) bool {
		return f.Event != chart.PaymentRefunded && f.Event != chart.PaymentDisputed
	})
	for _, p := range t.Postings {
		_, code, err := chart.Explain(p.Credit)
		if err != nil {
			return nil, 0, fault.New(fault.Corrupt, "cashier.remaining", "%v", err)
		}
		if code != chart.Receivable && code != chart.Unapplied && code != chart.Suspense {
			continue
		}
		gone := debited(later, p)
		taken += gone
		if p.Cents -= gone; p.Cents > 0 {
			left = append(left, p)
		}
	}
	return left, taken, nil
}

// withdraw undoes the effect that the postings of a placing transaction t still
// have on items, unapplied money and suspense, after checking that nothing was
// built upon it.
func (c *Cashier) withdraw(ctx context.Context, d *desk, op string, t *ledger.Transaction, postings []ledger.Posting) error {
	endings, err := c.store.Endings(ctx, t.Book)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if by, ended := endings[t.Seq]; ended {
		return fault.New(fault.Conflict, op, "transaction %d was taken back before, by transaction %d", t.Seq, by)
	}
	if t.Event == chart.PaymentApplied {
		if err := c.giveBack(ctx, d, op, t); err != nil {
			return err
		}
	}
	for _, p := range postings {
		_, code, err := chart.Explain(p.Credit)
		if err != nil {
			return fault.New(fault.Corrupt, op, "%v", err)
		}
		switch code {
		case chart.Receivable:
			b := d.books[t.Book]
			if b.item(p.Item) == nil {
				return ErrStale // it was reopened between the two look-ups that read open and paid items
			}
			d.setOpen(b, p.Item, p.Cents)
		case chart.Unapplied:
			err = c.takeUnapplied(ctx, d, op, t, p)
		case chart.Suspense:
			err = c.takeSuspense(ctx, d, op, t, p.Cents)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveBack leaves unapplied again what the application t had used.
func (c *Cashier) giveBack(ctx context.Context, d *desk, op string, t *ledger.Transaction) error {
	if d.books[t.Book].Status == Merged {
		return fault.New(fault.Conflict, op, "the account was merged since, so money cannot be left unapplied in it").
			WithHint("Undo the merge first, or move the payment.")
	}
	from, err := c.unapplied(ctx, op, Ref{t.Book, t.Of})
	if err != nil {
		return err
	}
	d.writes.Spent = append(d.writes.Spent, UnappliedMove{t.Book, t.Of, from.Open + t.Total()})
	return nil
}

func (c *Cashier) takeUnapplied(ctx context.Context, d *desk, op string, t *ledger.Transaction, p ledger.Posting) error {
	left, err := c.unapplied(ctx, op, Ref{t.Book, t.Seq})
	if err != nil {
		return err
	}
	if left.Open != p.Cents {
		return fault.New(fault.Conflict, op, "%s of what this payment left unapplied has been used since",
			(p.Cents - left.Open).Grouped()).WithHint("Reverse that application first.")
	}
	d.writes.Spent = append(d.writes.Spent, UnappliedMove{t.Book, t.Seq, 0})
	return nil
}

func (c *Cashier) takeSuspense(ctx context.Context, d *desk, op string, t *ledger.Transaction, cents money.Cents) error {
	held, err := c.store.Suspense(ctx, t.Book, t.Seq)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if held.Open != cents {
		return fault.New(fault.Conflict, op, "%s of this entry has been released since", (cents - held.Open).Grouped())
	}
	d.writes.Released = append(d.writes.Released, SuspenseMove{t.Book, t.Seq, 0})
	return nil
}

func (c *Cashier) unapplied(ctx context.Context, op string, ref Ref) (Unapplied, error) {
	all, err := c.store.UnappliedOf(ctx, ref.Book)
	if err != nil {
		return Unapplied{}, fault.Wrap(op, err)
	}
	for _, u := range all {
		if u.Seq == ref.Seq {
			return u, nil
		}
	}
	return Unapplied{}, fault.New(fault.NotFound, op, "transaction %d left nothing unapplied", ref.Seq)
}

// ApplyUnapplied puts unapplied money of a billing account on its open items of
// the same fund; items may be named, else the fund's rule decides. What finds
// no item stays unapplied. Conflict when nothing is left or nothing is open.
func (c *Cashier) ApplyUnapplied(ctx context.Context, order Order, from Ref, items []payment.ItemRef) (Done, error) {
	const op = "cashier.ApplyUnapplied"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	content := struct {
		From  Ref
		Items []payment.ItemRef
	}{from, items}
	want := Want{Books: []ledger.BookNo{from.Book}, Items: items}
	return c.act(ctx, payment.Apply, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		left, err := c.unapplied(ctx, op, from)
		if err != nil {
			return nil, err
		}
		b := d.books[from.Book]
		if left.Open == 0 || b == nil {
			return nil, fault.New(fault.Conflict, op, "nothing is left of this unapplied money")
		}
		p, ok := c.plan(d, destination{b, left.Purse.Fund, items}, left.Open, left.Received)
		if !ok || p.book.No != b.No || len(p.spread.Parts) == 0 {
			return nil, fault.New(fault.Conflict, op, "no item of the %s fund is open on this billing account", left.Purse.Fund)
		}
		t := transaction(b.No, chart.PaymentApplied, order.Actor)
		t.PostedOn, t.EffectiveOn = c.house.PostingDay(left.Purse.Entity), left.Received
		t.Of, t.Link, t.Reason = from.Seq, string(claim.ID), order.Reason
		t.Postings = chart.Place(left.Purse, chart.Unapplied, left.Purse, applied(p.spread.Parts), 0)
		t.Documents = []ledger.DocDigest{claim.Digest()}
		d.settle(b, p.spread.Parts)
		d.post(&t)
		d.writes.Spent = append(d.writes.Spent, UnappliedMove{from.Book, from.Seq, p.spread.Remainder})
		return []Ref{{t.Book, t.Seq}}, nil
	})
}

// settle takes applied money off the items of a book.
func (d *desk) settle(b *openBook, parts []allocate.Part) {
	for _, part := range parts {
		d.setOpen(b, part.Item, -part.Cents)
	}
}
