package autopay

import (
	"context"
	"crypto/sha256"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Single is the wish to debit a bank account once.
type Single struct {
	Key      ident.Key
	Access   audit.Access
	Book     ledger.BookNo
	Account  mandate.BankAccount
	Fund     chart.Fund
	Amount   money.Cents
	On       calendar.Date // not before; zero: today
	Items    []payment.ItemRef
	Channel  mandate.Channel // Web or Phone
	Language string
	Evidence mandate.Evidence
	Agreed   [sha256.Size]byte // digest of the text that the payer agreed to; zero where it is rendered here and now
}

// SingleWords gives the text to which the payer of a single debit is to agree.
func (d *Desk) SingleWords(s Single) (mandate.Wording, string, error) {
	w, err := mandate.WordingFor(s.Channel, mandate.Bank, true, s.Language)
	if err != nil {
		return w, "", err
	}
	company, phone := d.Creditor(s.Fund)
	today := d.day(s.Fund)
	on := s.On
	if on.Before(today) {
		on = today
	}
	text, err := w.Render(mandate.Terms{
		Company: company, Name: s.Evidence.Name, Tender: mandate.Bank, Account: s.Account.Mask(), Kind: s.Account.Kind, Amount: s.Amount, On: on,
		Phone: phone, AgreedOn: today,
	})
	return w, text, err
}

// OneTime keeps the consent to one debit with its account and orders the debit: WEB or
// TEL, CCD for an organisation's account. A WEB debit of an account that was never
// validated is held and not sent. The same key and content give the same entry.
func (d *Desk) OneTime(ctx context.Context, s Single) (clearing.Entry, error) {
	const op = "autopay.OneTime"
	if err := s.Access.Check(); err != nil {
		return clearing.Entry{}, fault.Wrap(op, err)
	}
	if s.Channel != mandate.Web && s.Channel != mandate.Phone {
		return clearing.Entry{}, fault.New(fault.Invalid, op, "a single debit is agreed to on the web or by telephone")
	}
	if _, err := ident.ParseKey(string(s.Key)); err != nil {
		return clearing.Entry{}, fault.New(fault.Invalid, op, "%v", err)
	}
	today := d.day(s.Fund)
	if s.On.Before(today) {
		s.On = today
	}
	method, err := d.singleMethod(ctx, &s, today)
	if err != nil {
		return clearing.Entry{}, fault.Wrap(op, err)
	}
	entry, err := d.Clearing.Order(ctx, clearing.Order{
		Key: s.Key, Direction: clearing.Debit, Book: s.Book, Method: method, Mandate: idOf("single", s.Key), Purse: d.House.PurseOf(s.Fund),
		SEC:    clearing.SEC(mandate.ClassFor(mandate.Bank, s.Channel, s.Account.Business)),
		Amount: s.Amount, CreditOn: s.On, SettleOn: mandate.Schedule(mandate.Bank, today, s.On, false).Settle, Items: s.Items, Actor: s.Access.Actor(),
	})
	return entry, fault.Wrap(op, err)
}

// singleMethod keeps the account with the consent to the debit, once for its key.
func (d *Desk) singleMethod(ctx context.Context, s *Single, today calendar.Date) (ident.Opaque, error) {
	id := idOf("method", s.Key)
	kept, err := d.Store.Method(ctx, s.Book, id)
	switch {
	case err == nil && kept.Account.Identity() != s.Account.Identity():
		return "", fault.New(fault.Conflict, "autopay.OneTime", "this key was used for another account")
	case err == nil:
		return id, nil
	case fault.KindOf(err) != fault.NotFound:
		return "", err
	}
	w, text, err := d.SingleWords(*s)
	if err != nil {
		return "", err
	}
	digest := mandate.DigestOf(text)
	if s.Agreed != [sha256.Size]byte{} && s.Agreed != digest {
		return "", fault.New(fault.Conflict, "autopay.OneTime", "the text is not the one that was agreed to: terms or wording changed since it was shown")
	}
	method := mandate.Method{ID: id, Book: s.Book, Version: 1, Kind: mandate.Bank, State: mandate.MethodActive, Account: s.Account}
	// An account that this payer used before and that was validated then needs no new try.
	if method.Validation, method.ValidatedOn, err = d.validatedBefore(ctx, &method); err != nil {
		return "", err
	}
	if s.Evidence.At.IsZero() {
		s.Evidence.At = d.Clock.Now()
	}
	s.Evidence.Text = text
	consent := mandate.Mandate{
		ID: idOf("single", s.Key), Book: s.Book, Version: 1, Method: id, Tender: mandate.Bank, Purse: d.House.PurseOf(s.Fund), Purpose: mandate.Balance,
		Class: mandate.ClassFor(mandate.Bank, s.Channel, s.Account.Business), Cap: s.Amount, Day: mandate.DayRule{Kind: mandate.OnDueDate},
		State: mandate.Active, BeginsOn: s.On, Consent: mandate.Consent{
			Channel: s.Channel, GivenBy: s.Channel, GivenOn: today, Language: w.Language, Wording: w.ID, Digest: digest, Evidence: s.Evidence,
		},
	}
	if err := consent.Check(); err != nil {
		return "", err
	}
	if err := consent.End(mandate.Ended, mandate.Single, s.On); err != nil {
		return "", err
	}
	if err := d.Trail.Record(ctx, s.Access, audit.ChangeAutopay, s.Book); err != nil {
		return "", err
	}
	err = d.Store.KeepMandate(ctx, Giving{Method: &method, Mandate: consent, Event: d.event("single", s.Key, s.Access, "")})
	return id, err
}

// validatedBefore finds whether the account of a method is validated under another id
// of the same book.
func (d *Desk) validatedBefore(ctx context.Context, m *mandate.Method) (mandate.Validation, calendar.Date, error) {
	value, purpose := m.Identity()
	places, err := d.Store.SameMethod(ctx, value, purpose)
	if err != nil {
		return "", calendar.Date{}, err
	}
	for _, p := range places {
		if p.Book != m.Book {
			continue
		}
		other, err := d.Store.Method(ctx, p.Book, p.ID)
		if err != nil {
			return "", calendar.Date{}, err
		}
		if other.State == mandate.MethodActive && other.Validation != mandate.NotValidated {
			return other.Validation, other.ValidatedOn, nil
		}
	}
	return mandate.NotValidated, calendar.Date{}, nil
}
