package clearing

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Order keeps the wish to debit or credit a payment method, once for its key. The
// entry goes out in the window in which it settles on its day. Invalid when it cannot
// be sent; Conflict when the key names another entry already.
func (d *Desk) Order(ctx context.Context, o Order) (Entry, error) {
	const op = "clearing.Order"
	if err := o.validate(op); err != nil {
		return Entry{}, err
	}
	method, err := d.store.BankMethod(ctx, o.Book, o.Method)
	if err != nil {
		return Entry{}, fault.Wrap(op, err)
	}
	switch {
	case !method.Bank || !method.Active:
		return Entry{}, fault.New(fault.Invalid, op, "the payment method is no bank account that can be used")
	case method.Business != (o.SEC == CCD):
		return Entry{}, fault.New(fault.Invalid, op, "an entry to an organisation's account is CCD, and no other is")
	}
	e := o.entry(d)
	if o.Direction == Debit && NeedsValidation(o.SEC) && !method.Validated {
		e.State, e.Why = Held, NotValidated
	}
	if err := d.store.NewEntries(ctx, []Entry{e}); err != nil {
		return Entry{}, fault.Wrap(op, err)
	}
	kept, err := d.store.Entry(ctx, e.Ref())
	if err != nil {
		return Entry{}, fault.Wrap(op, err)
	}
	if !kept.same(&e) {
		return Entry{}, fault.New(fault.Conflict, op, "this idempotency key was used for another entry")
	}
	return kept, nil
}

// NeedsValidation reports whether the first debit in a class waits until its account
// is validated (Nacha Operating Rules, WEB debits: account validation on first use).
func NeedsValidation(sec SEC) bool { return sec == WEB }

// SettlesOn is the day wished for when nobody wished for one: a day on which banks are
// open, never before the day that counts.
func SettlesOn(creditOn calendar.Date) calendar.Date {
	if creditOn.IsBusinessDay() {
		return creditOn
	}
	return creditOn.AddBusinessDays(1)
}

func (o *Order) validate(op string) error {
	if _, err := ident.ParseKey(string(o.Key)); err != nil {
		return fault.New(fault.Invalid, op, "%v", err)
	}
	switch {
	case o.Actor.IsZero():
		return fault.New(fault.Invalid, op, "no money moves without a named actor")
	case o.Book.IsOperating() || o.Method == "":
		return fault.New(fault.Invalid, op, "an entry is for a billing account and a payment method of it")
	case o.Purse.Entity == 0 || o.Purse.Fund.No() == 0:
		return fault.New(fault.Invalid, op, "an entry is settled for a legal entity and a fund")
	case o.Amount <= 0 || o.Amount > AmountMax:
		return fault.New(fault.Invalid, op, "the amount must be above zero and at most %s", AmountMax.Grouped())
	case o.CreditOn.IsZero():
		return fault.New(fault.Invalid, op, "an entry needs the day that counts for the member")
	case !slices.Contains([]SEC{PPD, WEB, TEL, CCD}, o.SEC):
		return fault.New(fault.Invalid, op, "%q is no class in which entries are sent: PPD, WEB, TEL and CCD are", o.SEC)
	}
	switch o.Direction {
	case Debit:
		if o.Refund != "" {
			return fault.New(fault.Invalid, op, "a debit sends no refund")
		}
	case Credit:
		if o.SEC != PPD && o.SEC != CCD {
			return fault.New(fault.Invalid, op, "a credit is PPD or CCD")
		}
		if o.Refund == "" || len(o.Items) > 0 || o.Mandate != "" {
			return fault.New(fault.Invalid, op, "a credit sends a refund, and needs neither items nor a mandate")
		}
	default:
		return fault.New(fault.Invalid, op, "an entry is a debit or a credit")
	}
	return nil
}

func (o *Order) entry(d *Desk) Entry {
	settle := o.SettleOn
	if settle.IsZero() {
		settle = SettlesOn(o.CreditOn)
	}
	now := d.clock.Now()
	return Entry{
		Book: o.Book, ID: EntryID(o.Key), Direction: o.Direction, Kind: Payment, Method: o.Method, Mandate: o.Mandate, Refund: o.Refund,
		Purse: o.Purse, SEC: o.SEC, Recurring: o.Recurring, Amount: o.Amount, CreditOn: o.CreditOn, SettleOn: settle, Items: o.Items,
		State: Ready, Actor: o.Actor, OrderedAt: now, ChangedAt: now,
	}
}

// EntryID is the id of the entry that a key names.
func EntryID(key ident.Key) ident.Opaque { return ident.Opaque(payment.IDOf("ach entry " + key)) }

// same reports whether two entries are the same wish.
func (e *Entry) same(o *Entry) bool {
	return e.Direction == o.Direction && e.Kind == o.Kind && e.Method == o.Method && e.Mandate == o.Mandate && e.Refund == o.Refund &&
		e.Purse == o.Purse && e.SEC == o.SEC && e.Recurring == o.Recurring && e.Amount == o.Amount && e.CreditOn == o.CreditOn &&
		e.SettleOn == o.SettleOn && slices.Equal(e.Items, o.Items) && e.First == o.First
}

// Cancel takes an entry back that no file has yet. Conflict when one has it, or it came
// to another end.
func (d *Desk) Cancel(ctx context.Context, ref EntryRef, by ident.Actor, reason string) (Entry, error) {
	const op = "clearing.Cancel"
	if by.IsZero() || reason == "" {
		return Entry{}, fault.New(fault.Invalid, op, "say who takes the entry back, and why")
	}
	e, err := d.store.Entry(ctx, ref)
	if err != nil {
		return e, fault.Wrap(op, err)
	}
	was := e.State
	switch was {
	case Cancelled:
		return e, nil
	case Held, Ready:
	default:
		return e, fault.New(fault.Conflict, op, "the entry is %s: only one that no file has is taken back", was)
	}
	e.State, e.Why, e.Actor, e.ChangedAt = Cancelled, reason, by, d.clock.Now()
	return e, fault.Wrap(op, d.store.MoveEntry(ctx, was, &e))
}
