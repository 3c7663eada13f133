package suspense

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/registry"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// NoteMax bounds a note in characters.
const NoteMax = 500

// Assign gives an item to a member of staff, or to nobody ("").
func (d *Desk) Assign(ctx context.Context, by ident.Actor, ref cashier.Ref, owner string) error {
	return d.add(ctx, "suspense.Assign", by, ref, Event{Kind: Assigned, Owner: strings.TrimSpace(owner)})
}

// Note adds a note, or that the bank was asked or the holder written to.
func (d *Desk) Note(ctx context.Context, by ident.Actor, ref cashier.Ref, kind EventKind, text string) error {
	const op = "suspense.Note"
	if !slices.Contains([]EventKind{Noted, BankAsked, NoticeSent}, kind) {
		return fault.New(fault.Invalid, op, "%q is no note", kind)
	}
	text = strings.TrimSpace(text)
	if text == "" && kind == Noted || utf8.RuneCountInString(text) > NoteMax {
		return fault.New(fault.Invalid, op, "a note has 1 to %d characters", NoteMax)
	}
	return d.add(ctx, op, by, ref, Event{Kind: kind, Note: text})
}

// addTries bounds how often an event is numbered anew because another came before it.
const addTries = 20

// add puts an event at the end of an item's history.
func (d *Desk) add(ctx context.Context, op string, by ident.Actor, ref cashier.Ref, e Event) error {
	if by.IsZero() {
		return fault.New(fault.Denied, op, "nothing is done here without a named actor")
	}
	if utf8.RuneCountInString(e.Owner) > NoteMax {
		return fault.New(fault.Invalid, op, "the name of who has it is too long")
	}
	if _, err := d.item(ctx, ref); err != nil {
		return fault.Wrap(op, err)
	}
	e.By, e.At = by, d.clock.Now()
	for range addTries {
		events, err := d.store.HeldEvents(ctx, ref)
		if err != nil {
			return fault.Wrap(op, err)
		}
		e.No = int64(len(events)) + 1
		if err = d.store.AddHeldEvent(ctx, ref, e); !errors.Is(err, cashier.ErrStale) {
			return fault.Wrap(op, err)
		}
	}
	return fault.New(fault.Unavailable, op, "too many work on this item at once; try again")
}

// Order says what is to be done with an entry in suspense. Its Key and Reason are the
// cashier's.
type Order struct {
	cashier.Order
	Ref cashier.Ref
	// Amount is how much of it, 0 for all that is open.
	Amount money.Cents
	// To is the number or old number of its owner, and Fund another fund than the one
	// that received it; both are empty when it goes back to its sender.
	To   string
	Fund chart.Fund
}

// Outcome is what became of an order: it is done, or waits for a second person.
type Outcome struct {
	Done    cashier.Done
	Waiting *approval.Request // asked, and not agreed to yet
}

// needsSecond reports whether a second person must agree to a release: above the limit,
// and whenever the number was not what the payer wrote where a number belongs.
func (d *Desk) needsSecond(item *Item, amount money.Cents) bool {
	return amount > d.house.DualControlAbove() ||
		slices.Contains([]why.Reason{why.FreeText, why.ManyNumbers, why.CheckDigit, why.UnknownNumber}, item.Reason)
}

// Release gives an entry to its owner, or asks a second person where one is needed.
// The same order again, by either of the two, carries out what was agreed to. NotFound
// when the entry or the account is not there, Conflict when less is open.
func (d *Desk) Release(ctx context.Context, o Order) (Outcome, error) {
	const op = "suspense.Release"
	item, err := d.entry(ctx, o)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	to, err := d.owner(ctx, o.To)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	if d.needsSecond(&item, or(o.Amount, item.Open)) {
		if waits, err := d.agreement(ctx, o, &item, to); waits != nil || err != nil {
			return Outcome{Waiting: waits}, fault.Wrap(op, err)
		}
	}
	done, err := d.books.Release(ctx, o.Order, o.Ref, o.Amount, cashier.Target{Reference: o.To, Fund: o.Fund})
	return d.done(ctx, op, o, done, Event{Kind: Released, To: to, Amount: or(o.Amount, item.Open)}, err)
}

// SendBack takes an entry out of the books because it goes back to its sender, which a
// second person must always agree to: the bank's return or our own wire then meets it
// on the clearing account. Only an entry that is whole can go back.
func (d *Desk) SendBack(ctx context.Context, o Order) (Outcome, error) {
	const op = "suspense.SendBack"
	o.To, o.Fund, o.Amount = "", "", 0
	item, err := d.entry(ctx, o)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	if waits, err := d.agreement(ctx, o, &item, 0); waits != nil || err != nil {
		return Outcome{Waiting: waits}, fault.Wrap(op, err)
	}
	done, err := d.books.Reverse(ctx, o.Order, o.Ref)
	return d.done(ctx, op, o, done, Event{Kind: SentBack, Amount: item.Open}, err)
}

func or(amount, all money.Cents) money.Cents {
	if amount == 0 {
		return all
	}
	return amount
}

func (d *Desk) entry(ctx context.Context, o Order) (Item, error) {
	switch {
	case o.Actor.IsZero():
		return Item{}, fault.New(fault.Denied, "", "no money moves without a named actor")
	case !o.Ref.Book.IsOperating():
		return Item{}, fault.New(fault.Invalid, "", "unapplied money has an owner: apply it to what is open, or refund it")
	case o.Reason == "":
		return Item{}, fault.New(fault.Invalid, "", "say why: the reason stands in the books beside the correction")
	}
	return d.item(ctx, o.Ref)
}

// owner finds the account that a reference names.
func (d *Desk) owner(ctx context.Context, reference string) (ledger.BookNo, error) {
	ref, err := registry.ParseReference(reference)
	if err != nil {
		return 0, err
	}
	found, err := registry.Resolve(ctx, d.store, []registry.Reference{ref})
	if err != nil {
		return 0, err
	}
	return found[0].Book.No, found[0].Err
}

// digest is of exactly what a second person agrees to.
func (o *Order) digest(to ledger.BookNo) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "suspense\x00%d\x00%d\x00%d\x00%d\x00%s", o.Ref.Book, o.Ref.Seq, o.Amount, to, o.Fund))
}

// agreement gives the request that still waits, or nil when a second person agreed.
func (d *Desk) agreement(ctx context.Context, o Order, item *Item, to ledger.BookNo) (*approval.Request, error) {
	subject, err := d.Name(ctx, o.Ref)
	if err != nil {
		return nil, err
	}
	digest := o.digest(to)
	if _, agreed, err := d.approvals.Agreed(ctx, approval.SuspenseRelease, subject, digest); agreed || err != nil {
		return nil, err
	}
	if or(o.Amount, item.Open) > item.Open || item.Open == 0 {
		return nil, fault.New(fault.Conflict, "", "only %s is left of this entry", item.Open.Grouped())
	}
	request, err := d.approvals.Ask(ctx, approval.SuspenseRelease, subject, digest, or(o.Amount, item.Open), o.Actor, o.Reason)
	if err != nil {
		return nil, err
	}
	if request.State == approval.Refused || request.State == approval.Withdrawn {
		return nil, fault.New(fault.Denied, "", "a second person was asked for this already, and it was %s", request.State)
	}
	events, err := d.store.HeldEvents(ctx, o.Ref)
	if err != nil {
		return nil, err
	}
	asked := Event{Kind: Asked, To: to, Amount: o.Amount, Note: o.Reason, Owner: string(o.Fund)}
	if !slices.ContainsFunc(events, func(e Event) bool {
		return e.Kind == Asked && e.To == asked.To && e.Amount == asked.Amount && e.Owner == asked.Owner
	}) {
		err = d.add(ctx, "suspense.ask", o.Actor, o.Ref, asked)
	}
	return &request, err
}

// done notes what was carried out, once.
func (d *Desk) done(ctx context.Context, op string, o Order, done cashier.Done, e Event, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	if !done.Replayed {
		e.Note = o.Reason
		err = d.add(ctx, op, o.Actor, o.Ref, e)
	}
	return Outcome{Done: done}, fault.Wrap(op, err)
}

// Meant gives the order that a request asks for, and the account that it names, 0 where
// the money goes back to its sender. NotFound when nothing was asked for that the
// request's digest fits.
func (d *Desk) Meant(ctx context.Context, request approval.Request) (o Order, to ledger.BookNo, err error) {
	const op = "suspense.Meant"
	ref, err := d.Named(ctx, request.Subject)
	if err != nil {
		return Order{}, 0, fault.Wrap(op, err)
	}
	events, err := d.store.HeldEvents(ctx, ref)
	if err != nil {
		return Order{}, 0, fault.Wrap(op, err)
	}
	for _, e := range events {
		o := Order{
			Order: cashier.Order{Key: ident.Key("held:" + string(request.ID)), Actor: request.Maker, Reason: request.Reason},
			Ref:   ref, Amount: e.Amount, Fund: chart.Fund(e.Owner),
		}
		if e.Kind != Asked || o.digest(e.To) != request.Digest {
			continue
		}
		if e.To != 0 {
			o.To = billpay.Number(e.To).Digits()
		}
		return o, e.To, nil
	}
	return Order{}, 0, fault.New(fault.NotFound, op, "nothing was asked for here that this request could mean")
}

// CarryOut does what a second person has agreed to. Who agreed stands with the request;
// in the books it is the act of who asked.
func (d *Desk) CarryOut(ctx context.Context, request approval.Request) (Outcome, error) {
	o, to, err := d.Meant(ctx, request)
	if err != nil {
		return Outcome{}, fault.Wrap("suspense.CarryOut", err)
	}
	if to == 0 {
		return d.SendBack(ctx, o)
	}
	return d.Release(ctx, o)
}
