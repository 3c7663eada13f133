package clearing

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// How an account is validated.
const (
	ByPrenote      = mandate.ByPrenote
	ByMicroEntries = mandate.ByMicroEntries
	ByService      = mandate.ByService
)

// ValidationState says how far a validation is.
type ValidationState string

// The states of a validation.
const (
	ValidationAsked  ValidationState = "asked"
	ValidationGood   ValidationState = "valid"
	ValidationFailed ValidationState = "failed"
)

// prenoteDays is how many banking days after its settlement a prenote that nobody
// answered means that the account takes entries (Nacha Operating Rules, subsection 2.6.2).
const prenoteDays = 3

// Validation is how a payment method's account is validated.
type Validation struct {
	Book   ledger.BookNo
	Method ident.Opaque
	Way    mandate.Validation
	State  ValidationState
	Entry  ident.Opaque  // that tries the account
	GoodOn calendar.Date // when it was found good
	Reason string
}

// Asked is a validation that waits, and when the entry settled that tries the account;
// zero while no file with it was released.
type Asked struct {
	Validation
	SettledOn calendar.Date
}

// ValidationReport is what a run of validations did.
type ValidationReport struct {
	Asked int `json:"asked"` // prenotes ordered
	Good  int `json:"valid"` // accounts found good: their first debits wait for a window
	Wait  int `json:"waiting"`
}

// Validate orders a prenote for each account for which a debit is held, and lets held
// debits go whose prenote nobody answered for three banking days. It is safe to repeat.
func (d *Desk) Validate(ctx context.Context, day calendar.Date, by ident.Actor) (ValidationReport, error) {
	const op = "clearing.Validate"
	var report ValidationReport
	if err := d.askAll(ctx, day, by, &report); err != nil {
		return report, fault.Wrap(op, err)
	}
	return report, fault.Wrap(op, d.judgeAll(ctx, day, &report))
}

func (d *Desk) askAll(ctx context.Context, day calendar.Date, by ident.Actor, report *ValidationReport) error {
	var after EntryRef
	for {
		held, err := d.store.Unvalidated(ctx, after, answersTogether)
		if err != nil || len(held) == 0 {
			return err
		}
		begun, tries := make([]Validation, len(held)), make([]Entry, len(held))
		for i := range held {
			e := &held[i]
			tries[i] = d.prenote(e, day, by)
			begun[i] = Validation{Book: e.Book, Method: e.Method, Way: ByPrenote, State: ValidationAsked, Entry: tries[i].ID}
			after = EntryRef{e.Book, e.Method}
		}
		if err := d.store.BeginValidation(ctx, begun, tries); err != nil {
			return err
		}
		report.Asked += len(held)
	}
}

// prenote is the entry of nothing that tries the account of a held one.
func (d *Desk) prenote(held *Entry, day calendar.Date, by ident.Actor) Entry {
	now := d.clock.Now()
	return Entry{
		Book: held.Book, ID: EntryID(ident.Key(fmt.Sprintf("prenote:%s", held.Method))), Direction: Debit, Kind: Prenote, Method: held.Method,
		Mandate: held.Mandate, Purse: held.Purse, SEC: held.SEC, Recurring: held.Recurring, CreditOn: day, SettleOn: SettlesOn(day),
		State: Ready, Actor: by, OrderedAt: now, ChangedAt: now,
	}
}

func (d *Desk) judgeAll(ctx context.Context, day calendar.Date, report *ValidationReport) error {
	var after EntryRef
	for {
		asked, err := d.store.Asked(ctx, after, answersTogether)
		if err != nil || len(asked) == 0 {
			return err
		}
		for i := range asked {
			a := &asked[i]
			after = EntryRef{a.Book, a.Method}
			if a.SettledOn.IsZero() || day.Before(a.SettledOn.AddBusinessDays(prenoteDays)) {
				report.Wait++
				continue
			}
			if err := d.good(ctx, a.Validation, day); err != nil {
				return err
			}
			report.Good++
		}
	}
}

// good lets the held debits of a method go, and tells whoever keeps the method.
func (d *Desk) good(ctx context.Context, v Validation, day calendar.Date) error {
	key := ident.Key(fmt.Sprintf("ach-valid:%s:%s", v.Method, v.Way))
	if err := d.consents.Validated(ctx, v.Book, v.Method, v.Way, day, key); err != nil {
		return err
	}
	v.State, v.GoodOn, v.Reason = ValidationGood, day, ""
	return d.store.EndValidation(ctx, v, d.clock.Now())
}

// Attest takes an outside word that an account exists and takes entries: two small
// entries that the payer told back, or a service's answer. A bad word ends the held
// debits of the method.
func (d *Desk) Attest(ctx context.Context, book ledger.BookNo, method ident.Opaque, way mandate.Validation, good bool, reason string) error {
	const op = "clearing.Attest"
	if way != ByMicroEntries && way != ByService {
		return fault.New(fault.Invalid, op, "an account is attested by %s or %s", ByMicroEntries, ByService)
	}
	v := Validation{Book: book, Method: method, Way: way, State: ValidationFailed, Reason: reason}
	begun := v
	begun.State = ValidationAsked
	if err := d.store.BeginValidation(ctx, []Validation{begun}, nil); err != nil {
		return fault.Wrap(op, err)
	}
	if good {
		return fault.Wrap(op, d.good(ctx, v, d.today()))
	}
	if reason == "" {
		return fault.New(fault.Invalid, op, "say why the account is not good")
	}
	return fault.Wrap(op, d.store.EndValidation(ctx, v, d.clock.Now()))
}
