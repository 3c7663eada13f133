package cashier

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Merge joins two billing accounts of one person. What is open and what is
// unapplied moves to the survivor, and every payment under the merged number
// reaches the survivor from now on, for ever. The merged number stays with
// whoever first held it: it is never given to another, and Unmerge undoes a
// wrong merge.
func (c *Cashier) Merge(ctx context.Context, order Order, merged, survivor ledger.BookNo) (Done, error) {
	const op = "cashier.Merge"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	content := struct{ Merged, Survivor ledger.BookNo }{merged, survivor}
	want := Want{Books: []ledger.BookNo{merged, survivor}}
	return c.act(ctx, payment.Merge, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		source, target := d.books[merged], d.books[survivor]
		switch {
		case source == nil || target == nil || merged == survivor:
			return nil, fault.New(fault.NotFound, op, "a merge needs two billing accounts")
		case source.Status != Open || target.Status != Open:
			return nil, fault.New(fault.Conflict, op, "only open billing accounts are merged; one is %s and the other %s",
				source.Status, target.Status)
		}
		// Between empty accounts nothing is posted, and only this keeps two merges
		// from chasing each other in a circle.
		d.hold(source)
		d.hold(target)
		refs, err := c.moveAll(ctx, d, op, order, claim, source, target)
		if err != nil {
			return nil, err
		}
		d.writes.Accounts = append(d.writes.Accounts, AccountMove{
			Book: merged, At: source.Head.Seq, Status: Merged, MergedInto: survivor,
		})
		return refs, nil
	})
}

func (c *Cashier) moveAll(
	ctx context.Context, d *desk, op string, order Order, claim *payment.Claim, source, target *openBook,
) ([]Ref, error) {
	var refs []Ref
	for _, item := range slices.Clone(source.Items) {
		if item.Open > 0 {
			refs = append(refs, c.carry(d, order, claim, []ledger.DocDigest{claim.Digest()}, source, target, item,
				c.house.PostingDay(item.Purse.Entity))...)
		}
	}
	unapplied, err := c.store.UnappliedOf(ctx, source.No)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, u := range unapplied {
		if u.Open > 0 {
			refs = append(refs, c.carryUnapplied(d, order, claim, target, u)...)
		}
	}
	return refs, nil
}

func (c *Cashier) carryUnapplied(d *desk, order Order, claim *payment.Claim, target *openBook, u Unapplied) []Ref {
	day := c.house.PostingDay(u.Purse.Entity)
	out := transaction(u.Book, chart.PaymentMovedOut, order.Actor)
	out.PostedOn, out.EffectiveOn, out.Of = day, u.Received, u.Seq
	out.Link, out.Reason = string(claim.ID), order.Reason
	out.Postings = []ledger.Posting{chart.Transfer(u.Purse, chart.Unapplied, chart.Interaccount, u.Open, 0)}
	out.Documents = []ledger.DocDigest{claim.Digest()}
	d.post(&out)
	d.writes.Spent = append(d.writes.Spent, UnappliedMove{u.Book, u.Seq, 0})

	in := transaction(target.No, chart.PaymentPlaced, order.Actor)
	in.PostedOn, in.EffectiveOn = day, u.Received
	in.Link, in.Reason = string(claim.ID), order.Reason
	in.Postings = []ledger.Posting{chart.Transfer(u.Purse, chart.Interaccount, chart.Unapplied, u.Open, 0)}
	d.post(&in)
	d.writes.Unapplied = append(d.writes.Unapplied, Unapplied{
		Book: target.No, Seq: in.Seq, Purse: u.Purse, Received: u.Received, Amount: u.Open, Open: u.Open,
	})
	return []Ref{{out.Book, out.Seq}, {in.Book, in.Seq}}
}

// Unmerge undoes a wrong merge: the number's payments reach its own billing
// account again, and what the merge moved and is still open goes back. Payments
// received since stay where they were applied; Move takes each to its owner.
// Merging is the id of the operation that merged them.
func (c *Cashier) Unmerge(ctx context.Context, order Order, merged ledger.BookNo, merging payment.ID) (Done, error) {
	const op = "cashier.Unmerge"
	if err := order.validate(op, true); err != nil {
		return Done{}, err
	}
	content := struct {
		Merged  ledger.BookNo
		Merging payment.ID
	}{merged, merging}
	want := Want{Books: []ledger.BookNo{merged}, Claims: []payment.ID{merging}}
	return c.act(ctx, payment.Unmerge, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		merge, known := d.have.Claims[merging]
		home := d.books[merged]
		if !known || merge.Act != payment.Merge || home == nil {
			return nil, fault.New(fault.NotFound, op, "there is no such merge")
		}
		if home.Status != Merged {
			return nil, fault.New(fault.Conflict, op, "this billing account is not merged, it is %s", home.Status)
		}
		d.hold(home)
		refs, err := c.moveBack(ctx, d, op, order, claim, merge.Answer, home)
		if err != nil {
			return nil, err
		}
		d.writes.Accounts = append(d.writes.Accounts, AccountMove{Book: merged, At: home.Head.Seq, Status: Open})
		return refs, nil
	})
}

// moveBack returns to home what the transactions brought to the survivor and is
// still open there.
func (c *Cashier) moveBack(
	ctx context.Context, d *desk, op string, order Order, claim *payment.Claim, brought []Ref, home *openBook,
) ([]Ref, error) {
	var refs []Ref
	survivor := d.books[home.MergedInto]
	if survivor == nil {
		return nil, fault.New(fault.Corrupt, op, "the surviving billing account is missing")
	}
	for _, item := range slices.Clone(survivor.Items) {
		if item.Open > 0 && slices.Contains(brought, Ref{survivor.No, item.BilledSeq}) {
			refs = append(refs, c.carry(d, order, claim, []ledger.DocDigest{claim.Digest()}, survivor, home, item,
				c.house.PostingDay(item.Purse.Entity))...)
		}
	}
	unapplied, err := c.store.UnappliedOf(ctx, survivor.No)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, u := range unapplied {
		if u.Open > 0 && slices.Contains(brought, Ref{survivor.No, u.Seq}) {
			refs = append(refs, c.carryUnapplied(d, order, claim, home, u)...)
		}
	}
	return refs, nil
}
