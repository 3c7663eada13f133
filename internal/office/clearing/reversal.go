package clearing

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
)

// reversalDays is how many banking days after settlement we may reverse an entry of ours
// (Nacha Operating Rules, section 2.9).
const reversalDays = 5

// Mistake is why an entry of ours is reversed. The network allows no other reason.
type Mistake string

// The mistakes.
const (
	Duplicate     Mistake = "duplicate"
	WrongAmount   Mistake = "wrong_amount"
	WrongReceiver Mistake = "wrong_receiver"
	WrongDay      Mistake = "wrong_day"
)

// Reverse orders the credit that gives a debit of ours back whole, which was a mistake.
// Its payment is taken back when the credit's file is released. Conflict after five
// banking days, and when the debit came back or was not sent.
func (d *Desk) Reverse(ctx context.Context, ref EntryRef, why Mistake, by ident.Actor) (Entry, error) {
	const op = "clearing.Reverse"
	switch why {
	case Duplicate, WrongAmount, WrongReceiver, WrongDay:
	default:
		return Entry{}, fault.New(fault.Invalid, op, "an entry is reversed for being %s, %s, %s or %s, and for nothing else",
			Duplicate, WrongAmount, WrongReceiver, WrongDay)
	}
	if by.IsZero() {
		return Entry{}, fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	e, err := d.store.Entry(ctx, ref)
	if err != nil {
		return e, fault.Wrap(op, err)
	}
	if e.State != Filed || e.Direction != Debit || e.Kind == Prenote {
		return e, fault.New(fault.Conflict, op, "the entry is no debit that was sent and stands")
	}
	f, err := d.store.ACHFile(ctx, e.File)
	if err != nil {
		return e, fault.Wrap(op, err)
	}
	today := d.today()
	if !f.State.sent() || today.After(f.EffectiveOn.AddBusinessDays(reversalDays)) {
		return e, fault.New(fault.Conflict, op, "an entry is reversed from its release until %d banking days after it settled", reversalDays).
			WithHint("Refund the payment instead.")
	}
	back := e
	back.ID = EntryID(ident.Key("reversal:" + string(e.ID)))
	back.Direction, back.Kind, back.State, back.Why = Credit, Reversal, Ready, string(why)
	back.First, back.Tries, back.File, back.Trace = e.ID, 0, 0, 0
	back.Items, back.CreditOn, back.SettleOn = nil, today, SettlesOn(today)
	back.Actor, back.OrderedAt, back.ChangedAt = by, d.clock.Now(), d.clock.Now()
	if err := d.store.NewEntries(ctx, []Entry{back}); err != nil {
		return back, fault.Wrap(op, err)
	}
	kept, err := d.store.Entry(ctx, back.Ref())
	return kept, fault.Wrap(op, err)
}

// reverseOwn takes the payment of a debit back that our reversal gives back.
func (d *Desk) reverseOwn(ctx context.Context, e *Entry, by ident.Actor) error {
	first := Entry{Book: e.Book, ID: e.First}
	undone, err := d.cashier.ReverseAll(ctx, []cashier.Reversing{{
		Order:   cashier.Order{Key: ident.Key("ach-reversal:" + string(e.First)), Actor: by, Reason: "other: our own debit was a mistake, " + e.Why},
		Payment: first.payment(),
	}})
	if err != nil {
		return err
	}
	if err := undone[0].Err; err != nil {
		return fault.New(fault.KindOf(err), "clearing.reverseOwn", "the payment of entry %s cannot be taken back: %s", e.First, fault.MessageOf(err))
	}
	return nil
}

func traceText(t Trace) string { return fmt.Sprintf("%015d", int64(t)) }
