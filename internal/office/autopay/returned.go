package autopay

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

var _ clearing.Consents = (*Desk)(nil)

// Bounced does to method and mandate what a debit that came back for good obliges us
// to, as the clearing desk's table of codes says. It may be called again for the same
// return.
func (d *Desk) Bounced(ctx context.Context, b clearing.Bounce) error {
	const op = "autopay.Bounced"
	e := &b.Entry
	if b.Actor.IsZero() {
		return fault.New(fault.Denied, op, "no mandate is changed without a named actor")
	}
	if err := d.pullReturned(ctx, e, b.Code); err != nil {
		return fault.Wrap(op, err)
	}
	if b.Consent == clearing.StopMethod {
		if err := d.endMethod(ctx, e.Book, e.Method, "returned "+b.Code, b.Actor); err != nil {
			return fault.Wrap(op, err)
		}
	}
	if e.Mandate == "" {
		return nil
	}
	switch b.Consent {
	case clearing.StopMethod, clearing.CancelMandate:
		return fault.Wrap(op, d.stop(ctx, e.Book, e.Mandate, b.Reason, "returned "+b.Code, b.Actor))
	case clearing.HoldMandate:
		return fault.Wrap(op, d.hold(ctx, e.Book, e.Mandate, b.Reason, "returned "+b.Code, b.Actor))
	}
	return nil
}

// pullReturned notes on the debit of a mandate that it came back. An entry that was
// sent again names the first one, which is the debit's.
func (d *Desk) pullReturned(ctx context.Context, e *clearing.Entry, code string) error {
	id := e.ID
	if e.First != "" {
		id = e.First
	}
	p, err := d.Store.PullByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && p.State != Sent {
		return nil
	}
	if err != nil {
		return err
	}
	now := p
	now.State, now.Why = Returned, code
	return d.Store.SavePull(ctx, p, now)
}

func (d *Desk) endMethod(ctx context.Context, book ledger.BookNo, id ident.Opaque, why string, actor ident.Actor) error {
	e := mandate.Event{Act: "stop", At: d.Clock.Now(), Actor: actor, Reason: why}
	err := d.Store.EndMethod(ctx, book, id, mandate.MethodDead, e)
	if fault.KindOf(err) == fault.Conflict {
		return nil // it is out of use already
	}
	return err
}

// stop ends a mandate for a reason that came from outside; one that is closed stays as
// it is.
func (d *Desk) stop(ctx context.Context, book ledger.BookNo, id ident.Opaque, reason mandate.Reason, why string, actor ident.Actor) error {
	return d.fromOutside(ctx, book, id, "stop", why, actor, func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		state := mandate.Ended
		if reason == mandate.Revoked {
			state = mandate.Cancelled
		}
		return Drop{State: Dropped, Why: string(reason)}, m.End(state, reason, today)
	})
}

// hold pauses a mandate until a person lets it go on.
func (d *Desk) hold(ctx context.Context, book ledger.BookNo, id ident.Opaque, reason mandate.Reason, why string, actor ident.Actor) error {
	return d.fromOutside(ctx, book, id, "hold", why, actor, func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		if m.State == mandate.Paused && m.Reason == reason {
			return Drop{State: Skipped, From: today, Why: whyPaused}, fault.New(fault.Conflict, "autopay.hold", "it is held already")
		}
		return Drop{State: Skipped, From: today, Why: whyPaused}, m.Pause(reason, today, calendar.Date{})
	})
}

func (d *Desk) fromOutside(
	ctx context.Context, book ledger.BookNo, id ident.Opaque, act, why string, actor ident.Actor,
	decide func(*mandate.Mandate, calendar.Date) (Drop, error),
) error {
	for range changeRetries {
		m, err := d.Store.Mandate(ctx, book, id)
		if err != nil {
			return err
		}
		drop, err := decide(&m, d.day(m.Purse.Fund))
		if fault.KindOf(err) == fault.Conflict { // closed or held already, or killed before it was taken back
			return d.withdraw(ctx, &m, actor, drop, &Done{})
		}
		if err != nil {
			return err
		}
		e := mandate.Event{Act: act, At: d.Clock.Now(), Actor: actor, Reason: why, Facts: string(m.Reason)}
		err = d.Store.SaveMandate(ctx, Change{Mandate: m, Event: e, Drop: drop})
		if err == nil {
			return d.withdraw(ctx, &m, actor, drop, &Done{})
		}
		if !errors.Is(err, ErrMoved) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "autopay."+act, "this mandate is being changed by others; try again")
}

// Account implements clearing.Consents.
func (d *Desk) Account(ctx context.Context, book ledger.BookNo, method ident.Opaque) (mandate.BankAccount, error) {
	m, err := d.Store.Method(ctx, book, method)
	if err == nil && m.Kind != mandate.Bank {
		err = fault.New(fault.NotFound, "autopay.Account", "the payment method is no bank account")
	}
	return m.Account, err
}

// clearingDesk is who changes methods at the word of a bank.
var clearingDesk = ident.Actor{Kind: ident.System, Name: "clearing"}

// Validated implements clearing.Consents.
func (d *Desk) Validated(
	ctx context.Context, book ledger.BookNo, method ident.Opaque, way mandate.Validation, on calendar.Date, key ident.Key,
) error {
	return d.atBanksWord(ctx, book, method, key, func(e mandate.Event) error {
		e.Act, e.Reason = "validate", "validated by "+string(way)
		return d.Store.NoteValidation(ctx, book, method, way, on, e)
	})
}

// Corrected implements clearing.Consents.
func (d *Desk) Corrected(
	ctx context.Context, book ledger.BookNo, method ident.Opaque, account mandate.BankAccount, key ident.Key, code string,
) error {
	return d.atBanksWord(ctx, book, method, key, func(e mandate.Event) error {
		e.Act, e.Reason = "correct", "notification of change "+code
		return d.Store.ReplaceMethod(ctx, book, method, account, e)
	})
}

// atBanksWord changes a method once for a key.
func (d *Desk) atBanksWord(ctx context.Context, book ledger.BookNo, method ident.Opaque, key ident.Key, change func(mandate.Event) error) error {
	for range changeRetries {
		_, known, err := d.Store.EventOf(ctx, book, method, key)
		if known || err != nil {
			return err
		}
		err = change(mandate.Event{Key: key, At: d.Clock.Now(), Actor: clearingDesk})
		if !errors.Is(err, ErrMoved) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "autopay.atBanksWord", "this payment method is being changed by others; try again")
}
