// Package autopay keeps what payers agreed to have debited and sees that it happens:
// it takes consents, changes and stops, plans each debit, announces what the law wants
// announced, and hands debits on to the clearing desk and to the card processor.
//
// It knows no file format, no SQL and no screen, and it posts nothing: a bank debit is
// posted by office/clearing when its file is released, a card's by office/checkout when
// it is captured. The rules are in payments/mandate.
//
// Invariants:
//   - Nothing is debited without a live mandate, or a consent to one debit, with evidence.
//   - An item is taken once under a mandate; a day has one debit of a mandate, however
//     often a run is cut short and repeated.
//   - What is open decides at the last moment: a debit is never more than that, than the
//     cap, or than what was announced.
//   - A debit that must be announced goes out only after the letter was kept in time.
//   - A mandate hangs on a billing account and a fund, never on a policy.
//
// Start reading at Desk.Give, then Run in run.go.
package autopay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
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

// House is what must be known of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Clearing orders bank debits, and takes one back that no file has yet; Conflict when
// one has it. The clearing desk is one.
type Clearing interface {
	Order(ctx context.Context, o clearing.Order) (clearing.Entry, error)
	Cancel(ctx context.Context, ref clearing.EntryRef, by ident.Actor, reason string) (clearing.Entry, error)
}

// Desk keeps mandates.
type Desk struct {
	Store    Store
	Trail    *audit.Trail
	House    House
	Clearing Clearing
	Clock    clock.Clock
	// Creditor gives who debits for a fund, as the wording of a consent names them, and the
	// number that a payer calls in business hours.
	Creditor func(fund chart.Fund) (company, phone string)
}

// Give is the wish to have a consent kept.
type Give struct {
	Key    ident.Key
	Access audit.Access
	Book   ledger.BookNo // merges followed already

	// One of: a method that is on file, a bank account, a card that a processor stored.
	Method  ident.Opaque
	Account *mandate.BankAccount
	Card    *mandate.StoredCard
	// Validated says that another system had validated the account; "" for no.
	Validated   mandate.Validation
	ValidatedOn calendar.Date

	Fund     chart.Fund
	Purpose  mandate.Purpose
	Cap      money.Cents
	Day      mandate.DayRule
	Range    mandate.Range
	Expected money.Cents   // the amount of the first debit, when it was told with the consent
	BeginsOn calendar.Date // zero: from the day of the consent on
	Replace  bool          // put it in the place of a mandate that is live

	Channel  mandate.Channel
	GivenBy  mandate.Channel // of an import; else as Channel
	GivenOn  calendar.Date   // zero: today
	Language string
	Evidence mandate.Evidence
	// Agreed is the digest of the text that the payer saw or heard, as Wording gave it;
	// zero where it is rendered here and now. Of an import it may be the digest of the
	// other system's text, whose version Wording names.
	Agreed  [sha256.Size]byte
	Wording string
}

// Done tells what became of an order.
type Done struct {
	Mandate   mandate.Mandate
	Replayed  bool   // the key had been used for the same order
	Withdrawn []Pull // debits on their way that were stopped in time
	Late      []Pull // debits whose file has gone out: they cannot be stopped here
}

// idOf makes an id of a key, so that a repeated order names the same thing.
func idOf(what string, key ident.Key) ident.Opaque {
	return ident.Opaque(payment.IDOf(ident.Key(what) + " " + key))
}

// day is today, where the fund's legal entity is.
func (d *Desk) day(fund chart.Fund) calendar.Date {
	return d.House.PostingDay(d.House.PurseOf(fund).Entity)
}

// Words gives the wording for an order and the text that the payer is to agree to.
func (d *Desk) Words(ctx context.Context, g Give) (mandate.Wording, string, error) {
	m, method, err := d.draft(ctx, &g)
	if err != nil {
		return mandate.Wording{}, "", err
	}
	return d.words(&g, &m, &method)
}

func (d *Desk) words(g *Give, m *mandate.Mandate, method *mandate.Method) (mandate.Wording, string, error) {
	w, err := mandate.WordingFor(m.Consent.GivenBy, m.Tender, false, g.Language)
	if err != nil {
		return w, "", err
	}
	company, phone := d.Creditor(g.Fund)
	text, err := w.Render(mandate.Terms{
		Company: company, Name: g.Evidence.Name, Tender: m.Tender, Account: method.Mask(), Kind: method.Account.Kind, Purpose: m.Purpose,
		Cap: m.Cap, Day: m.Day, Range: m.Range, On: m.BeginsOn, Phone: phone, AgreedOn: m.Consent.GivenOn,
	})
	return w, text, err
}

// draft makes the mandate and its method of an order, without the wording.
func (d *Desk) draft(ctx context.Context, g *Give) (m mandate.Mandate, method mandate.Method, err error) {
	const op = "autopay.Give"
	if err := g.Access.Check(); err != nil {
		return m, method, err
	}
	if _, err := ident.ParseKey(string(g.Key)); err != nil {
		return m, method, fault.New(fault.Invalid, op, "%v", err)
	}
	if g.Fund.No() == 0 {
		return m, method, fault.New(fault.Invalid, op, "%q is no fund", g.Fund)
	}
	if method, err = d.methodOf(ctx, g); err != nil {
		return m, method, err
	}
	today := d.day(g.Fund)
	if g.GivenOn.IsZero() {
		g.GivenOn = today
	}
	if g.GivenOn.After(today) {
		return m, method, fault.New(fault.Invalid, op, "a consent cannot have been given on %s, which is to come", g.GivenOn)
	}
	if g.BeginsOn.IsZero() {
		g.BeginsOn = g.GivenOn
	}
	if g.GivenBy == "" {
		g.GivenBy = g.Channel
	}
	if g.Evidence.At.IsZero() {
		g.Evidence.At = d.Clock.Now()
	}
	m = mandate.Mandate{
		ID: idOf("mandate", g.Key), Book: g.Book, Version: 1, Method: method.ID, Tender: method.Kind, Purse: d.House.PurseOf(g.Fund),
		Purpose: g.Purpose, Class: mandate.ClassFor(method.Kind, g.GivenBy, method.Account.Business), Cap: g.Cap, Day: g.Day, Range: g.Range,
		Last: g.Expected, State: mandate.Active, BeginsOn: g.BeginsOn,
		Consent: mandate.Consent{Channel: g.Channel, GivenBy: g.GivenBy, GivenOn: g.GivenOn, Language: g.Language, Evidence: g.Evidence},
	}
	return m, method, nil
}

func (d *Desk) methodOf(ctx context.Context, g *Give) (mandate.Method, error) {
	const op = "autopay.Give"
	switch {
	case g.Method != "" && g.Account == nil && g.Card == nil:
		method, err := d.Store.Method(ctx, g.Book, g.Method)
		if err == nil && method.State != mandate.MethodActive {
			err = fault.New(fault.Conflict, op, "this payment method is %s", method.State)
		}
		return method, err
	case g.Account != nil && g.Method == "" && g.Card == nil:
		method := d.newMethod(g, mandate.Bank)
		method.Account = *g.Account
		return method, method.Check()
	case g.Card != nil && g.Method == "" && g.Account == nil:
		method := d.newMethod(g, mandate.Card)
		method.Card = *g.Card
		return method, method.Check()
	}
	return mandate.Method{}, fault.New(fault.Invalid, op, "a mandate is on one method: one on file, a bank account or a stored card")
}

func (d *Desk) newMethod(g *Give, kind mandate.Tender) mandate.Method {
	return mandate.Method{
		ID: idOf("method", g.Key), Book: g.Book, Version: 1, Kind: kind, State: mandate.MethodActive, Validation: g.Validated, ValidatedOn: g.ValidatedOn,
	}
}

// Give keeps a consent. The same key and content give the same mandate again. Invalid
// says what is missing; Conflict when another mandate is live for the fund, the text is
// not the one that was agreed to, or the key was used for another order.
func (d *Desk) Give(ctx context.Context, g Give) (Done, error) {
	const op = "autopay.Give"
	m, method, err := d.draft(ctx, &g)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if err := d.agree(&g, &m, &method); err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if err := m.Check(); err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	body := g.body(&method)
	if done, known, err := d.given(ctx, &m, body); known || err != nil {
		return done, fault.Wrap(op, err)
	}
	giving := Giving{Mandate: m, Event: d.event("give", g.Key, g.Access, ""), Body: body}
	if g.Method == "" {
		giving.Method = &method
	}
	var done Done
	if giving.Instead, err = d.instead(ctx, &g, &m); err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if giving.Instead != nil {
		giving.Mandate.Follows = giving.Instead.Mandate.ID
		m.Follows = giving.Instead.Mandate.ID
	}
	if err := d.Trail.Record(ctx, g.Access, audit.ChangeAutopay, g.Book); err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if err := d.Store.KeepMandate(ctx, giving); err != nil {
		if again, known, lookErr := d.given(ctx, &m, body); known && lookErr == nil {
			return again, nil // the same order came twice at once
		}
		return Done{}, fault.Wrap(op, err)
	}
	done.Mandate = m
	if giving.Instead == nil {
		return done, nil
	}
	err = d.withdraw(ctx, &giving.Instead.Mandate, g.Access.Actor(), Drop{State: Dropped, Why: string(mandate.Replaced)}, &done)
	return done, fault.Wrap(op, err)
}

// agree renders the text and holds it against what the payer agreed to.
func (d *Desk) agree(g *Give, m *mandate.Mandate, method *mandate.Method) error {
	c := &m.Consent
	if g.Channel == mandate.Import && g.Wording != "" {
		c.Wording, c.Digest = g.Wording, g.Agreed
		if g.Agreed == [sha256.Size]byte{} {
			c.Digest = mandate.DigestOf(g.Evidence.Text)
		}
		return nil
	}
	w, text, err := d.words(g, m, method)
	if err != nil {
		return err
	}
	c.Wording, c.Digest, c.Language, c.Evidence.Text = w.ID, mandate.DigestOf(text), w.Language, text
	if g.Agreed != [sha256.Size]byte{} && g.Agreed != c.Digest {
		return fault.New(fault.Conflict, "autopay.agree", "the text is not the one that was agreed to: terms or wording changed since it was shown")
	}
	return nil
}

// body digests what was ordered. Of the account it takes the mask only: a digest of a
// bank account's number could be tried out.
func (g *Give) body(method *mandate.Method) string {
	plain, err := json.Marshal([]any{
		int64(g.Book), g.Method, method.Mask(), g.Fund, g.Purpose, g.Cap, g.Day.String(), g.Range, g.Expected, g.BeginsOn, g.Replace,
		g.Channel, g.GivenBy, g.GivenOn, g.Language, g.Evidence.Name, g.Evidence.Recording, g.Evidence.Document, g.Wording,
	})
	if err != nil {
		panic(fmt.Sprintf("autopay: an order does not marshal: %v", err)) // texts and numbers always do
	}
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:])
}

// given finds what an earlier order under the key made.
func (d *Desk) given(ctx context.Context, m *mandate.Mandate, body string) (Done, bool, error) {
	had, err := d.Store.MandateBody(ctx, m.Book, m.ID)
	if err != nil || had == "" {
		return Done{}, false, err
	}
	if had != body {
		return Done{}, true, fault.New(fault.Conflict, "autopay.Give", "this key was used for another consent")
	}
	kept, err := d.Store.Mandate(ctx, m.Book, m.ID)
	return Done{Mandate: kept, Replayed: true}, true, err
}

// instead closes the mandate that is live for the same purse, when that was asked for.
func (d *Desk) instead(ctx context.Context, g *Give, m *mandate.Mandate) (*Change, error) {
	all, err := d.Store.Mandates(ctx, g.Book)
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		if !other.State.Live() || other.Purse != m.Purse {
			continue
		}
		if !g.Replace {
			return nil, fault.New(fault.Conflict, "autopay.Give", "autopay for %s is on already, from %s", m.Purse.Fund, other.BeginsOn).
				WithHint("Change or cancel it, or say that the new consent takes its place.")
		}
		if err := other.End(mandate.Ended, mandate.Replaced, d.day(g.Fund)); err != nil {
			return nil, err
		}
		return &Change{
			Mandate: other, Event: d.event("replace", "", g.Access, string(mandate.Replaced)),
			Drop: Drop{State: Dropped, Why: string(mandate.Replaced)},
		}, nil
	}
	return nil, nil
}

func (d *Desk) event(act string, key ident.Key, a audit.Access, facts string) mandate.Event {
	return mandate.Event{Act: act, Key: key, At: d.Clock.Now(), Actor: a.Actor(), Reason: a.Reason(), Facts: facts}
}

// Show gives the mandates and payment methods of a billing account, and what they made
// due lately.
func (d *Desk) Show(ctx context.Context, a audit.Access, book ledger.BookNo) ([]mandate.Mandate, []mandate.Method, map[ident.Opaque][]Pull, error) {
	const op = "autopay.Show"
	if err := d.Trail.Record(ctx, a, audit.ReadAutopay, book); err != nil {
		return nil, nil, nil, fault.Wrap(op, err)
	}
	mandates, err := d.Store.Mandates(ctx, book)
	if err != nil {
		return nil, nil, nil, fault.Wrap(op, err)
	}
	methods, err := d.Store.Methods(ctx, book)
	if err != nil {
		return nil, nil, nil, fault.Wrap(op, err)
	}
	pulls := map[ident.Opaque][]Pull{}
	for i := range mandates {
		if pulls[mandates[i].ID], err = d.Store.PullsOf(ctx, book, mandates[i].ID, pullsShown); err != nil {
			return nil, nil, nil, fault.Wrap(op, err)
		}
	}
	return mandates, methods, pulls, nil
}

// pullsShown is a year of debits and a few.
const pullsShown = 15

// since is how far back the run looks for letters that a failure kept from being made.
const since = 30 * 24 * time.Hour
