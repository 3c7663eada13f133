package refund

import (
	"context"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Wish is what somebody asks to go back.
type Wish struct {
	Key    ident.Key // the same wish again is the same refund
	Book   ledger.BookNo
	Fund   chart.Fund
	Amount money.Cents // 0 takes all that is there
	// Part is a placement of one payment: what it paid is taken back too, the last paid
	// first. Without it only unapplied money goes, the oldest received first.
	Part   *cashier.Ref
	Wanted back.Tender // or "" for what the rules say
	Cause  back.Cause
	Reason string
	DueBy  calendar.Date
	By     ident.Actor
}

func (w *Wish) check(op string) error {
	if _, err := ident.ParseKey(string(w.Key)); err != nil {
		return fault.New(fault.Invalid, op, "%v", err)
	}
	switch {
	case w.By.IsZero() || w.Reason == "":
		return fault.New(fault.Invalid, op, "a refund needs who asks for it and why")
	case w.Amount < 0:
		return fault.New(fault.Invalid, op, "a refund is of an amount above zero")
	case w.Book.IsOperating():
		return fault.New(fault.Invalid, op, "a refund is of a billing account's money; money in suspense is reversed to its sender")
	case w.Fund.No() == 0:
		return fault.New(fault.Invalid, op, "say of which fund")
	case len(w.Reason) > ledger.ReasonMax:
		return fault.New(fault.Invalid, op, "the reason is longer than %d bytes", ledger.ReasonMax)
	}
	return nil
}

// Request takes a wish, finds the money and the tender of each part of it, and gives
// the refunds that come of it: one for each instrument to which some goes back. Above
// the limit they wait for a second person; else they are approved, and Run carries
// them out. The same wish again gives what became of it.
//
// Invalid when the wish is not whole; Conflict when less is there, or no tender is
// open.
func (d *Desk) Request(ctx context.Context, w Wish) ([]back.Refund, error) {
	const op = "refund.Request"
	if err := w.check(op); err != nil {
		return nil, err
	}
	first := payment.IDOf(w.Key)
	known, err := d.store.RefundRequest(ctx, first)
	if err == nil && known.Book != w.Book {
		return nil, fault.New(fault.Conflict, op, "this idempotency key was used for another refund")
	}
	if err == nil && len(known.Sources) > 0 {
		return d.family(ctx, &known)
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, fault.Wrap(op, err)
	}
	r := back.Refund{
		ID: first, Key: w.Key, Book: w.Book, Purse: d.house.PurseOf(w.Fund), Amount: w.Amount, Cause: w.Cause, Reason: w.Reason, DueBy: w.DueBy,
		State: back.Requested, By: w.By, MadeAt: d.clock.Now(),
	}
	refunds, err := d.takeUp(ctx, &r, &w)
	return refunds, fault.Wrap(op, err)
}

// familyMax bounds how many instruments one wish can go back to.
const familyMax = 50

func sibling(key ident.Key, no int) ident.Key {
	if no == 0 {
		return key
	}
	return ident.Key(fmt.Sprintf("%s/%d", key, no+1))
}

// family lists the refunds of one wish.
func (d *Desk) family(ctx context.Context, r *back.Refund) ([]back.Refund, error) {
	all := []back.Refund{*r}
	for no := 1; no < familyMax; no++ {
		next, err := d.store.RefundRequest(ctx, payment.IDOf(sibling(r.Key, no)))
		if fault.KindOf(err) == fault.NotFound {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return all, nil
}

// takeUp finds the money of a wish and its tenders, and writes the refunds.
func (d *Desk) takeUp(ctx context.Context, r *back.Refund, w *Wish) ([]back.Refund, error) {
	piles, err := d.piles(ctx, r, w.Part)
	if err != nil {
		return nil, err
	}
	var total money.Cents
	for _, p := range piles {
		total += p.amount()
	}
	changes := make([]Change, 0, len(piles))
	for no, p := range piles {
		one := *r
		one.Key = sibling(r.Key, no)
		one.ID, one.Amount, one.Sources, one.Through = payment.IDOf(one.Key), p.amount(), p.sources, p.through
		if no > 0 {
			one.Version = 0
		}
		if one.Way, err = d.choose(ctx, &one, &p, w.Wanted); err != nil {
			if w.Cause == back.Asked || fault.KindOf(err) != fault.Conflict {
				return nil, err
			}
			one.Problem = fault.MessageOf(err)
		}
		change := d.step(&one, w.By, back.Approved, "asked for: "+one.Reason)
		if total > d.o.DualControlAbove {
			change = d.step(&one, w.By, back.Requested, "asked for, waits for a second person: "+one.Reason)
		}
		changes = append(changes, change)
	}
	if _, err := d.store.ChangeRefunds(ctx, changes); err != nil {
		return nil, err
	}
	refunds := make([]back.Refund, len(changes))
	for i := range changes {
		if refunds[i], err = d.store.RefundRequest(ctx, changes[i].Refund.ID); err != nil {
			return nil, err
		}
		if refunds[i], err = d.asked(ctx, &refunds[i]); err != nil {
			return nil, err
		}
	}
	return refunds, nil
}

// asked has a second person asked for a refund that waits for one, once.
func (d *Desk) asked(ctx context.Context, r *back.Refund) (back.Refund, error) {
	if r.State != back.Requested || r.Approval != "" || len(r.Sources) == 0 {
		return *r, nil
	}
	asked, err := d.approvals.Ask(ctx, approval.Refund, string(r.ID), r.Digest(), r.Amount, r.By, r.Reason)
	if err != nil {
		return *r, err
	}
	next := *r
	next.Approval = asked.ID
	return d.take(ctx, d.step(&next, r.By, back.Requested, "a second person is asked"))
}

// pile is money that came by one instrument.
type pile struct {
	sources  []back.Source
	through  chart.Purse
	rail     payment.Rail
	received calendar.Date // the newest of it
	payment  payment.ID    // one of those by which it came, and its part
	part     int
	guest    bool
	card     *back.CardLeft
	cardPart int
	debited  ident.Opaque
}

func (p *pile) amount() (sum money.Cents) {
	for _, s := range p.sources {
		sum += s.Amount
	}
	return sum
}

// piles finds the money that a wish is about, and sorts it by the instrument by which
// it came, the oldest first.
func (d *Desk) piles(ctx context.Context, r *back.Refund, part *cashier.Ref) ([]pile, error) {
	const op = "refund.piles"
	overs, err := d.lying(ctx, r, part)
	if err != nil {
		return nil, err
	}
	var there money.Cents
	for _, o := range overs {
		there += o.Open
	}
	left := r.Amount
	if left == 0 {
		left = there
	}
	if left > there || there == 0 {
		return nil, fault.New(fault.Conflict, op, "only %s can go back in this fund", there.Grouped()).
			WithHint("What is in other refunds, or was applied since, does not count. Name a payment to take back what it paid.")
	}
	var piles []pile
	for _, o := range overs {
		take := min(left, o.Open)
		if take == 0 {
			break
		}
		left -= take
		at, err := d.pileOf(ctx, &piles, &o)
		if err != nil {
			return nil, err
		}
		p := &piles[at]
		p.sources = append(p.sources, back.Source{Seq: o.At.Seq, Amount: take, Items: part != nil, Freed: o.Credited})
		if o.Received.After(p.received) {
			p.received = o.Received
		}
	}
	return piles, nil
}

// lying lists the money: what is unapplied in the fund, or what is left of a payment.
func (d *Desk) lying(ctx context.Context, r *back.Refund, part *cashier.Ref) ([]cashier.Over, error) {
	if part == nil {
		overs, err := d.books.Overs(ctx, r.Book)
		if err != nil {
			return nil, err
		}
		return d.notTaken(ctx, r, slices.DeleteFunc(overs, func(o cashier.Over) bool { return o.Purse != r.Purse }))
	}
	stands, err := d.books.Stands(ctx, *part)
	if err != nil {
		return nil, err
	}
	came, err := d.books.Came(ctx, *part)
	if err != nil {
		return nil, err
	}
	var overs []cashier.Over
	for _, s := range stands {
		if s.At.Book == r.Book {
			came.At, came.Open = s.At, s.Refundable
			overs = append(overs, came)
		}
	}
	return d.notTaken(ctx, r, overs)
}

// notTaken leaves out what other refunds that have not taken their money yet will take.
func (d *Desk) notTaken(ctx context.Context, r *back.Refund, overs []cashier.Over) ([]cashier.Over, error) {
	others, err := d.store.RefundRequests(ctx, Filter{Book: r.Book, States: []back.State{back.Requested, back.Approved}})
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if o.ID == r.ID {
			continue
		}
		for _, s := range o.Sources {
			for i := range overs {
				if overs[i].At.Seq == s.Seq {
					overs[i].Open = max(0, overs[i].Open-s.Amount)
				}
			}
		}
	}
	return slices.DeleteFunc(overs, func(o cashier.Over) bool { return o.Open == 0 }), nil
}

// pileOf finds the pile of the instrument by which money came, or begins it.
func (d *Desk) pileOf(ctx context.Context, piles *[]pile, o *cashier.Over) (int, error) {
	p := pile{through: o.Through, rail: o.Rail, received: o.Received, payment: o.Payment, part: o.Part}
	if o.Payment != "" {
		claim, _, err := d.books.Find(ctx, o.Payment)
		if err != nil {
			return 0, err
		}
		p.guest = claim.Actor.Kind == ident.Guest
		if o.Rail == payment.Card && d.o.Cards != nil {
			paid, err := d.o.Cards.PaidBy(ctx, o.Payment, o.Part)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return 0, err
			}
			if err == nil {
				p.card = &back.CardLeft{Attempt: paid.Attempt, Leg: paid.Leg, Left: paid.Left}
				p.cardPart = paid.Part
			}
		}
		if p.debited, err = d.debited(ctx, &claim, o); err != nil {
			return 0, err
		}
	}
	at := slices.IndexFunc(*piles, func(q pile) bool { return q.sameInstrument(&p) })
	if at < 0 {
		at, *piles = len(*piles), append(*piles, p)
	}
	return at, nil
}

// sameInstrument reports whether money of two piles goes back the same way. What goes
// by check or to an account on file goes together.
func (p *pile) sameInstrument(q *pile) bool {
	if p.through != q.through || p.guest != q.guest || (p.card == nil) != (q.card == nil) || p.debited != q.debited ||
		(p.rail == payment.Debit) != (q.rail == payment.Debit) {
		return false
	}
	return p.card == nil || p.card.Attempt == q.card.Attempt && p.card.Leg == q.card.Leg
}

// debited finds the bank account of a debit, if it still takes credits.
func (d *Desk) debited(ctx context.Context, claim *payment.Claim, o *cashier.Over) (ident.Opaque, error) {
	if o.Rail != payment.Debit || d.o.Entries == nil {
		return "", nil
	}
	entries, err := d.o.Entries.EntriesOf(ctx, o.At.Book)
	if err != nil {
		return "", err
	}
	for i := range entries {
		if entries[i].Key() != claim.Key {
			continue
		}
		method, err := d.o.Entries.BankMethod(ctx, o.At.Book, entries[i].Method)
		if fault.KindOf(err) == fault.NotFound || err == nil && !(method.Active && method.Bank) {
			return "", nil
		}
		return entries[i].Method, err
	}
	return "", nil
}

// choose picks the tender of a refund.
func (d *Desk) choose(ctx context.Context, r *back.Refund, p *pile, wanted back.Tender) (back.Way, error) {
	facts := back.Facts{
		Amount: r.Amount, Rail: p.rail, Received: p.received, Today: d.house.PostingDay(p.through.Entity), Card: p.card, Debited: p.debited,
		Guest: p.guest, Tried: r.Tried, Wanted: wanted,
	}
	var err error
	if d.o.Clearing != nil {
		if facts.Validated, err = d.store.ValidatedMethod(ctx, r.Book); err != nil {
			return back.Way{}, err
		}
	} else {
		facts.Debited = ""
	}
	payees, err := d.store.Payees(ctx, []ledger.BookNo{r.Book})
	if err != nil {
		return back.Way{}, err
	}
	_, facts.Address = payees[r.Book]
	return back.Choose(facts)
}

// Approve has a second person agree to a refund, who is not its maker. Denied when it
// is; Conflict when it waits for nobody.
func (d *Desk) Approve(ctx context.Context, id payment.ID, by ident.Actor, note string) (back.Refund, error) {
	return d.decide(ctx, "refund.Approve", id, by, true, note)
}

// Refuse has a second person refuse a refund, which cancels it. Nothing had moved.
func (d *Desk) Refuse(ctx context.Context, id payment.ID, by ident.Actor, note string) (back.Refund, error) {
	return d.decide(ctx, "refund.Refuse", id, by, false, note)
}

func (d *Desk) decide(ctx context.Context, op string, id payment.ID, by ident.Actor, agree bool, note string) (back.Refund, error) {
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	if r.State != back.Requested || r.Approval == "" {
		return r, fault.New(fault.Conflict, op, "this refund waits for no second person: it is %s", r.State)
	}
	if _, err := d.approvals.Decide(ctx, r.Approval, by, agree, note); err != nil {
		return r, fault.Wrap(op, err)
	}
	r, err = d.decided(ctx, &r)
	return r, fault.Wrap(op, err)
}

// decided takes over what the second person said, wherever that was said.
func (d *Desk) decided(ctx context.Context, r *back.Refund) (back.Refund, error) {
	said, err := d.approvals.Request(ctx, r.Approval)
	if err != nil {
		return *r, err
	}
	switch said.State {
	case approval.Asked:
		return *r, nil
	case approval.Agreed:
		if said.Digest != r.Digest() {
			return *r, fault.New(fault.Corrupt, "refund.decided", "the second person agreed to another refund")
		}
		return d.take(ctx, d.step(r, said.Checker, back.Approved, "agreed: "+said.Note))
	}
	return d.take(ctx, d.step(r, said.Checker, back.Cancelled, string(said.State)+": "+said.Note))
}
