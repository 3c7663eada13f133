package refund

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// stepKey names one act on a refund's money in the books.
func stepKey(r *back.Refund, step string) ident.Key {
	return ident.Key(fmt.Sprintf("refund:%s:%d:%s", r.ID, r.Try, step))
}

// Ran tells what a run did.
type Ran struct {
	TakenUp int // wishes whose money and tender were found
	Begun   int // that were sent to a card, ordered at the clearing house, or wait for a check
	Sent    int // that a processor said it sent
	Waiting int // for a second person, a day or a processor
	Stuck   int // whose problem staff must solve
}

func (r Ran) String() string {
	return fmt.Sprintf("%d taken up, %d begun, %d sent, %d waiting, %d need staff", r.TakenUp, r.Begun, r.Sent, r.Waiting, r.Stuck)
}

// runTogether is how many refunds are read in one go.
const runTogether = 200

// Run takes every open refund as far as it goes today. It may be killed and run again
// at any moment. One that fails does not stop the others: its problem is kept with it.
func (d *Desk) Run(ctx context.Context, by ident.Actor) (Ran, error) {
	const op = "refund.Run"
	var ran Ran
	if by.IsZero() {
		return ran, fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	open := Filter{States: []back.State{back.Requested, back.Approved, back.Ordered, back.Returned}, Limit: runTogether}
	for {
		some, err := d.store.RefundRequests(ctx, open)
		if err != nil || len(some) == 0 {
			return ran, fault.Wrap(op, err)
		}
		for i := range some {
			if err := d.runOne(ctx, &some[i], by, &ran); err != nil {
				return ran, fault.Wrap(op, err)
			}
		}
		open.After = some[len(some)-1].ID
	}
}

// runOne works on one refund and keeps what stops it. Only what has nothing to do with
// the refund itself ends the run.
func (d *Desk) runOne(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	err := d.advance(ctx, r, by, ran)
	switch kind := fault.KindOf(err); {
	case err == nil || errors.Is(err, ErrMoved):
		return nil // done, or another works on it
	case kind == fault.Conflict || kind == fault.Invalid || kind == fault.NotFound || kind == fault.Denied:
		ran.Stuck++
		problem := fault.MessageOf(err)
		if r.Problem == problem {
			return nil
		}
		kept, err := d.store.RefundRequest(ctx, r.ID) // as far as it came
		if err != nil {
			return err
		}
		kept.Problem = problem
		_, err = d.store.ChangeRefunds(ctx, []Change{d.step(&kept, by, kept.State, "problem: "+problem)})
		if errors.Is(err, ErrMoved) {
			return nil // another works on it
		}
		return err
	}
	return err
}

func (d *Desk) advance(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	var err error
	next := *r
	if next.State == back.Requested && len(next.Sources) == 0 {
		if next, err = d.takeUpRow(ctx, &next, by); err != nil {
			return err
		}
		ran.TakenUp++
	}
	if next, err = d.asked(ctx, &next); err != nil {
		return err
	}
	if next.State == back.Requested && next.Approval != "" {
		if next, err = d.decided(ctx, &next); err != nil {
			return err
		}
	}
	switch next.State {
	case back.Approved, back.Returned:
		return d.send(ctx, &next, by, ran)
	case back.Ordered:
		return d.follow(ctx, &next, by, ran)
	case back.Requested:
		ran.Waiting++
	}
	return nil
}

// takeUpRow finds money and tender of what a run asked for. When the money was used
// since, nothing goes back.
func (d *Desk) takeUpRow(ctx context.Context, r *back.Refund, by ident.Actor) (back.Refund, error) {
	all, err := d.takeUp(ctx, r, &Wish{Cause: r.Cause, By: r.By})
	if fault.KindOf(err) == fault.Conflict {
		return d.take(ctx, d.step(r, by, back.Cancelled, "nothing goes back: "+fault.MessageOf(err)))
	}
	if err != nil {
		return *r, err
	}
	return all[0], nil
}

// send begins with the tender of a refund, once its day has come.
func (d *Desk) send(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	if r.Way.Tender == "" || slices.Contains(r.Tried, r.Way.Tender) {
		if err := d.chooseNext(ctx, r); err != nil {
			return err
		}
	}
	if r.Way.NotBefore.After(d.house.PostingDay(r.Through.Entity)) {
		ran.Waiting++
		return nil
	}
	if r.Way.Tender == back.Card {
		return d.toCard(ctx, r, by, ran)
	}
	if r.State == back.Approved {
		order := cashier.Order{Key: r.Key, Actor: r.By, Reason: r.Reason}
		if _, err := d.books.RefundFrom(ctx, order, takesOf(r)); err != nil {
			return err
		}
	}
	return d.orderOut(ctx, r, by, ran)
}

// chooseNext picks the next tender, after one failed or the facts changed.
func (d *Desk) chooseNext(ctx context.Context, r *back.Refund) error {
	p := pile{through: r.Through, sources: r.Sources, received: d.house.PostingDay(r.Through.Entity)}
	if len(r.Sources) > 0 {
		came, err := d.books.Came(ctx, cashier.Ref{Book: r.Book, Seq: r.Sources[len(r.Sources)-1].Seq})
		if err != nil {
			return err
		}
		var piles []pile
		if _, err := d.pileOf(ctx, &piles, &came); err != nil {
			return err
		}
		p = piles[0]
	}
	way, err := d.choose(ctx, r, &p, "")
	r.Way = way
	return err
}

// toCard has the processor send the money back. Its own desk moves it in the books.
func (d *Desk) toCard(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	if d.o.Cards == nil {
		return fault.New(fault.Conflict, "refund.toCard", "this plan takes no cards any more")
	}
	var shares []checkout.Share
	for _, s := range r.Sources {
		shares = append(shares, checkout.Share{At: cashier.Ref{Book: r.Book, Seq: s.Seq}, Amount: s.Amount, Over: !s.Items})
	}
	order := cashier.Order{Key: stepKey(r, "card"), Actor: r.By, Reason: r.Reason}
	made, err := d.o.Cards.RefundShares(ctx, order, r.Way.Attempt, r.Way.Leg, shares)
	if made.No == 0 {
		return err
	}
	next := *r
	next.Way.Case, next.Problem = made.No, ""
	next, err = d.take(ctx, d.step(&next, by, back.Ordered, fmt.Sprintf("asked the processor, refund %d of the payment by card", made.No)))
	if err != nil {
		return err
	}
	ran.Begun++
	return d.follow(ctx, &next, by, ran)
}

// takesOf is what the cashier is to take.
func takesOf(r *back.Refund) []cashier.Take {
	takes := make([]cashier.Take, len(r.Sources))
	for i, s := range r.Sources {
		takes[i] = cashier.Take{At: cashier.Ref{Book: r.Book, Seq: s.Seq}, Amount: s.Amount, Items: s.Items}
	}
	return takes
}

// orderOut has the clearing house's desk send a refund whose money stands on
// refunds-payable, or leaves it to the next batch of checks.
func (d *Desk) orderOut(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	next := *r
	next.Try, next.Problem = r.Try+1, ""
	note := "waits for the next checks"
	if next.Way.Tender == back.ACH {
		if d.o.Clearing == nil {
			return fault.New(fault.Conflict, "refund.orderOut", "this plan sends nothing through the clearing house")
		}
		entry, err := d.clear(ctx, &next)
		if err != nil {
			return err
		}
		note = "ordered at the clearing house, settles " + entry.SettleOn.String()
	} else if account, ok := d.accountFor(next.Through); ok {
		next.Way.Account = account.ID
	} else {
		return fault.New(fault.Conflict, "refund.orderOut", "plan.yaml names no bank account for checks of this fund")
	}
	if _, err := d.take(ctx, d.step(&next, by, back.Ordered, note)); err != nil {
		return err
	}
	ran.Begun++
	return nil
}

func (d *Desk) clear(ctx context.Context, r *back.Refund) (clearing.Entry, error) {
	method, err := d.o.Entries.BankMethod(ctx, r.Book, r.Way.Method)
	if err != nil {
		return clearing.Entry{}, err
	}
	class := clearing.PPD
	if method.Business {
		class = clearing.CCD
	}
	return d.o.Clearing.Order(ctx, clearing.Order{
		Key: stepKey(r, "ach"), Direction: clearing.Credit, Book: r.Book, Method: r.Way.Method, Purse: r.Through, SEC: class,
		Amount: r.Amount, CreditOn: r.Way.NotBefore, Refund: r.ID, Actor: r.By,
	})
}

// follow asks what became of a refund to a card. The others are told of.
func (d *Desk) follow(ctx context.Context, r *back.Refund, by ident.Actor, ran *Ran) error {
	if r.Way.Tender != back.Card {
		ran.Waiting++
		return nil
	}
	at, err := d.o.Cards.RefundOf(ctx, r.Way.Attempt, r.Way.Case)
	if err != nil {
		return err
	}
	switch at.State {
	case checkout.CaseSent:
		_, err = d.take(ctx, d.step(r, by, back.Sent, "the processor sent it"))
		ran.Sent++
	case checkout.CaseFailed, checkout.CaseCancelled:
		err = d.fromCard(ctx, r, by, at.Problem)
		ran.Waiting++
	default:
		ran.Waiting++
	}
	return err
}

// fromCard takes a refund back that the card refused: its money is the account's
// again, and the next tender takes it from where it lies then.
func (d *Desk) fromCard(ctx context.Context, r *back.Refund, by ident.Actor, why string) error {
	order := cashier.Order{Key: stepKey(r, "from-card"), Actor: by, Reason: "the card refused the refund"}
	if _, err := d.o.Cards.CancelRefund(ctx, order, r.Way.Attempt, r.Way.Case); err != nil {
		return err
	}
	came, err := d.books.Came(ctx, cashier.Ref{Book: r.Book, Seq: r.Sources[0].Seq})
	if err != nil {
		return err
	}
	sources, err := d.again(ctx, r, &came)
	if err != nil {
		return err
	}
	next := *r
	next.Sources, next.Tried, next.Try = sources, append(slices.Clone(r.Tried), back.Card), r.Try+1
	next.Way = back.Way{Rule: r.Way.Rule}
	_, err = d.take(ctx, d.step(&next, by, back.Approved, "the card refused it: "+why))
	return err
}

// again finds the unapplied money of the same payment as it lies now.
func (d *Desk) again(ctx context.Context, r *back.Refund, came *cashier.Over) ([]back.Source, error) {
	overs, err := d.books.Overs(ctx, r.Book)
	if err != nil {
		return nil, err
	}
	left := r.Amount
	var sources []back.Source
	for _, o := range slices.Backward(overs) { // what came back last
		if o.Payment != came.Payment || o.Through != r.Through || left == 0 {
			continue
		}
		take := min(left, o.Open)
		left -= take
		sources = append(sources, back.Source{Seq: o.At.Seq, Amount: take, Freed: o.Credited})
	}
	if left > 0 {
		return nil, fault.New(fault.Conflict, "refund.again", "%s of the money that the card refused was used since", left.Grouped())
	}
	return sources, nil
}

// Sent records that the clearing house's desk, or the bank, has a refund's money: it
// leaves refunds-payable. The same again changes nothing. NotFound when there is no
// such refund, Conflict when it is not under way.
func (d *Desk) Sent(ctx context.Context, id payment.ID, by ident.Actor, note string) error {
	const op = "refund.Sent"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if r.State == back.Sent {
		return nil
	}
	if r.State != back.Ordered || r.Way.Tender == back.Card {
		return fault.New(fault.Conflict, op, "this refund is %s", r.State)
	}
	if _, err := d.books.RefundSentBy(ctx, d.order(&r, by, "sent"), id, tenders[r.Way.Tender]); err != nil {
		return fault.Wrap(op, err)
	}
	_, err = d.take(ctx, d.step(&r, by, back.Sent, note))
	return fault.Wrap(op, err)
}

var tenders = map[back.Tender]cashier.Tender{back.ACH: cashier.ByACH, back.Check: cashier.ByCheck}

// Returned records that a refund came back, or could not go out: its money stands on
// refunds-payable, and the next run begins with the next tender. The same again
// changes nothing. NotFound when there is no such refund; Conflict when it is neither
// under way nor sent.
func (d *Desk) Returned(ctx context.Context, id payment.ID, by ident.Actor, why string) error {
	const op = "refund.Returned"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if r.State == back.Returned {
		return nil
	}
	if r.State != back.Sent && r.State != back.Ordered || r.Way.Tender == back.Card {
		return fault.New(fault.Conflict, op, "this refund is %s", r.State)
	}
	_, err = d.comesBack(ctx, &r, by, why, true)
	return fault.Wrap(op, err)
}

// comesBack puts a refund's money back on refunds-payable. Failed says that its tender
// is not tried again.
func (d *Desk) comesBack(ctx context.Context, r *back.Refund, by ident.Actor, why string, failed bool) (back.Refund, error) {
	order := d.order(r, by, "back")
	order.Reason = why
	if _, err := d.books.RefundFailed(ctx, order, r.ID); err != nil {
		return *r, err
	}
	next := *r
	if failed && !slices.Contains(next.Tried, r.Way.Tender) {
		next.Tried = append(slices.Clone(r.Tried), r.Way.Tender)
	}
	next.Way = back.Way{}
	return d.take(ctx, d.step(&next, by, back.Returned, why))
}

// Again lets a refund that came back take a tender again that had failed: the member
// gave a new address, or the account takes credits again. Conflict when it did not
// come back.
func (d *Desk) Again(ctx context.Context, id payment.ID, tender back.Tender, by ident.Actor, why string) (back.Refund, error) {
	const op = "refund.Again"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	switch {
	case by.IsZero() || why == "":
		return r, fault.New(fault.Invalid, op, "say who tries it again, and what is new")
	case r.State != back.Returned || tender == back.Card:
		return r, fault.New(fault.Conflict, op, "only a check or an ACH credit that came back is tried again; this refund is %s", r.State)
	}
	next := r
	next.Tried = slices.DeleteFunc(slices.Clone(r.Tried), func(t back.Tender) bool { return t == tender })
	next.Problem = ""
	r, err = d.take(ctx, d.step(&next, by, r.State, fmt.Sprintf("%s may be tried again: %s", tender, why)))
	return r, fault.Wrap(op, err)
}

// Cancel gives a refund up: what had been taken for it is unapplied money of the
// account again. Conflict when it is on its way: a check must be stopped first, and
// what a file of the clearing house holds must come back.
func (d *Desk) Cancel(ctx context.Context, id payment.ID, by ident.Actor, reason string) (back.Refund, error) {
	const op = "refund.Cancel"
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil || r.State == back.Cancelled {
		return r, fault.Wrap(op, err)
	}
	switch {
	case by.IsZero() || reason == "":
		return r, fault.New(fault.Invalid, op, "say who gives the refund up, and why")
	case !r.State.May(back.Cancelled):
		return r, fault.New(fault.Conflict, op, "a refund that is %s is not given up", r.State)
	case r.State == back.Ordered && (r.Way.Tender == back.Card || r.Way.CheckNo != 0):
		return r, fault.New(fault.Conflict, op, "this refund is on its way").
			WithHint("Void the check first; a refund to a card is given up when the card refuses it.")
	}
	if r.State == back.Ordered && r.Way.Tender == back.ACH {
		entry := clearing.EntryRef{Book: r.Book, ID: clearing.EntryID(stepKey(&r, "ach"))}
		if _, err := d.o.Clearing.Cancel(ctx, entry, by, reason); err != nil {
			return r, fault.Wrap(op, err)
		}
	}
	if r.State == back.Ordered || r.State == back.Returned {
		order := d.order(&r, by, "cancel")
		order.Reason = reason
		if _, err := d.books.RefundCancelled(ctx, order, id); err != nil {
			return r, fault.Wrap(op, err)
		}
	}
	r, err = d.take(ctx, d.step(&r, by, back.Cancelled, reason))
	return r, fault.Wrap(op, err)
}
