package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/payments/mandate"
)

var _ autopay.Store = (*Store)(nil)

const (
	methodColumns = `book_no, method_id, version, kind, state, sealed, fingerprint, mask, account_kind, business, validation,
		validated_on, card_expires, reason, kept_at, changed_at`
	mandateColumns = `book_no, mandate_id, version, method_id, tender, entity_no, fund_no, purpose, sec, cap_cents, day_rule, day_no,
		range_percent, range_cents, last_cents, state, reason, paused_from, paused_to, skip_from, begins_on, ended_on, keep_until,
		channel, given_by, given_on, language, wording, text_digest, evidence, follows, body_digest, changed_at`
	eventColumns = `book_no, subject_id, event_no, act, order_key, at, actor, reason, facts`
)

func methodContext(id string) string  { return "payment/method/" + id }
func consentContext(id string) string { return "mandate/evidence/" + id }

// keyedPrint gives the text by which a sealed value is found again.
func (s *Store) keyedPrint(value secret.Text, purpose string) (string, error) {
	keys, ok := s.seal.(fingerprinter)
	if !ok {
		return "", fault.New(fault.Internal, "store.keyedPrint", "the store was opened without fingerprint keys")
	}
	sum, err := keys.Fingerprint(value, purpose)
	return hex.EncodeToString(sum), err
}

// sealMethod gives what of a method is sealed, and its fingerprint.
func (s *Store) sealMethod(m *mandate.Method) (sealed []byte, print string, err error) {
	plain, err := m.ToSeal()
	if err == nil {
		sealed, err = s.seal.Seal(plain, methodContext(string(m.ID)))
	}
	if err == nil {
		print, err = s.keyedPrint(m.Identity())
	}
	return sealed, print, fault.Wrap("store.method", err)
}

// addMethod adds the row of a new method.
func (s *Store) addMethod(b *bulk, m *mandate.Method) error {
	sealed, print, err := s.sealMethod(m)
	if err != nil {
		return err
	}
	at := s.clock.Now().UnixMicro()
	b.add(int64(m.Book), string(m.ID), int64(1), string(m.Kind), string(m.State), sealed, print, m.Mask(), string(m.Account.Kind),
		flag(m.Account.Business), string(m.Validation), m.ValidatedOn.String(), m.Card.Expires.String(), m.Reason, at, at)
	return nil
}

func addEvent(b *bulk, book ledger.BookNo, e *mandate.Event) {
	b.add(int64(book), string(e.Subject), e.No, e.Act, string(e.Key), e.At.UnixMicro(), e.Actor.String(), e.Reason, e.Facts)
}

func newMethods() *bulk { return insertInto("payment_method", columnNames(methodColumns)...) }
func newEvents() *bulk  { return insertInto("mandate_event", columnNames(eventColumns)...) }

// KeepMethod implements autopay.Store.
func (s *Store) KeepMethod(ctx context.Context, m mandate.Method, e mandate.Event) error {
	const op = "store.KeepMethod"
	if err := m.Check(); err != nil {
		return err
	}
	methods, events := newMethods(), newEvents()
	if err := s.addMethod(methods, &m); err != nil {
		return err
	}
	e.Subject, e.No = m.ID, 1
	addEvent(events, m.Book, &e)
	return taken(op, "there is a payment method with this id already", s.engine.write(ctx, methods, events))
}

// Method implements autopay.Store.
func (s *Store) Method(ctx context.Context, book ledger.BookNo, id ident.Opaque) (mandate.Method, error) {
	const op = "store.Method"
	var m mandate.Method
	err := s.engine.read(ctx, query{
		text: `SELECT ` + methodColumns + ` FROM payment_method WHERE book_no = $1 AND method_id = $2`,
		args: []any{int64(book), string(id)},
		each: func(scan func(...any) error) error {
			sealed, err := scanMethod(scan, &m)
			if err != nil {
				return err
			}
			plain, err := s.seal.Open(sealed, methodContext(string(m.ID)))
			if err != nil {
				return err
			}
			return m.Unseal(plain)
		},
	})
	if err == nil && m.ID == "" {
		err = fault.New(fault.NotFound, op, "the billing account has no such payment method")
	}
	return m, fault.Wrap(op, err)
}

// Methods implements autopay.Store.
func (s *Store) Methods(ctx context.Context, book ledger.BookNo) ([]mandate.Method, error) {
	var methods []mandate.Method
	err := s.engine.read(ctx, query{
		text: `SELECT ` + methodColumns + ` FROM payment_method WHERE book_no = $1 ORDER BY kept_at, method_id`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			var m mandate.Method
			_, err := scanMethod(scan, &m)
			methods = append(methods, m)
			return err
		},
	})
	return methods, fault.Wrap("store.Methods", err)
}

func scanMethod(scan func(...any) error, m *mandate.Method) (sealed []byte, err error) {
	var print, accountKind, validated, expires string
	var business, kept, changed int64
	err = scan(&m.Book, &m.ID, &m.Version, &m.Kind, &m.State, &sealed, &print, &m.Shown, &accountKind, &business, &m.Validation, &validated, &expires,
		&m.Reason, &kept, &changed)
	if err != nil {
		return nil, err
	}
	m.Account.Kind, m.Account.Business = mandate.AccountKind(accountKind), business == 1
	if expires != "" {
		if m.Card.Expires, err = scanMonth(expires); err != nil {
			return nil, err
		}
	}
	m.ValidatedOn, err = scanDate(validated)
	return sealed, err
}

// SameMethod implements autopay.Store.
func (s *Store) SameMethod(ctx context.Context, value secret.Text, purpose string) ([]autopay.Place, error) {
	print, err := s.keyedPrint(value, purpose)
	if err != nil {
		return nil, err
	}
	var places []autopay.Place
	err = s.engine.read(ctx, query{
		text: `SELECT book_no, method_id FROM payment_method WHERE fingerprint = $1 ORDER BY book_no, method_id`, args: []any{print},
		each: func(scan func(...any) error) error {
			var p autopay.Place
			err := scan(&p.Book, &p.ID)
			places = append(places, p)
			return err
		},
	})
	return places, fault.Wrap("store.SameMethod", err)
}

// EndMethod implements autopay.Store.
func (s *Store) EndMethod(ctx context.Context, book ledger.BookNo, id ident.Opaque, state mandate.MethodState, e mandate.Event) error {
	return s.changeMethod(ctx, book, id, e, func(m *mandate.Method) error {
		if m.State != mandate.MethodActive {
			return fault.New(fault.Conflict, "store.EndMethod", "this payment method is %s already", m.State)
		}
		m.State, m.Reason = state, e.Reason
		return nil
	})
}

// ReplaceMethod implements autopay.Store.
func (s *Store) ReplaceMethod(ctx context.Context, book ledger.BookNo, id ident.Opaque, account mandate.BankAccount, e mandate.Event) error {
	return s.changeMethod(ctx, book, id, e, func(m *mandate.Method) error {
		if m.Kind != mandate.Bank {
			return fault.New(fault.Conflict, "store.ReplaceMethod", "this payment method is a %s, not a bank account", m.Kind)
		}
		m.Account = account
		return m.Check()
	})
}

// ReplaceCard implements autopay.Store.
func (s *Store) ReplaceCard(ctx context.Context, book ledger.BookNo, id ident.Opaque, card mandate.StoredCard, e mandate.Event) error {
	return s.changeMethod(ctx, book, id, e, func(m *mandate.Method) error {
		if m.Kind != mandate.Card {
			return fault.New(fault.Conflict, "store.ReplaceCard", "this payment method is a %s account, not a card", m.Kind)
		}
		m.Card, m.State, m.Reason = card, mandate.MethodActive, ""
		return m.Check()
	})
}

// NoteValidation implements autopay.Store.
func (s *Store) NoteValidation(
	ctx context.Context, book ledger.BookNo, id ident.Opaque, way mandate.Validation, on calendar.Date, e mandate.Event,
) error {
	return s.changeMethod(ctx, book, id, e, func(m *mandate.Method) error {
		m.Validation, m.ValidatedOn = way, on
		return nil
	})
}

func (s *Store) changeMethod(
	ctx context.Context, book ledger.BookNo, id ident.Opaque, e mandate.Event, change func(*mandate.Method) error,
) error {
	m, err := s.Method(ctx, book, id)
	if err != nil {
		return err
	}
	if err := change(&m); err != nil {
		return err
	}
	sealed, print, err := s.sealMethod(&m)
	if err != nil {
		return err
	}
	b := updateOf("payment_method", 2, 1, "book_no", "method_id", "version", "version", "state", "sealed", "fingerprint", "mask",
		"account_kind", "business", "validation", "validated_on", "card_expires", "reason", "changed_at")
	b.add(int64(book), string(id), m.Version, m.Version+1, string(m.State), sealed, print, m.Mask(), string(m.Account.Kind),
		flag(m.Account.Business), string(m.Validation), m.ValidatedOn.String(), m.Card.Expires.String(), m.Reason, s.clock.Now().UnixMicro())
	events := newEvents()
	e.Subject, e.No = id, m.Version+1
	addEvent(events, book, &e)
	return moved("store.changeMethod", s.engine.write(ctx, b, events))
}

// addMandate adds the row of a new mandate.
func (s *Store) addMandate(b *bulk, m *mandate.Mandate, body string) error {
	plain, err := json.Marshal(m.Consent.Evidence)
	if err != nil {
		return fault.Wrap("store.mandate", err)
	}
	sealed, err := s.seal.Seal(plain, consentContext(string(m.ID)))
	if err != nil {
		return fault.Wrap("store.mandate", err)
	}
	c := &m.Consent
	b.add(int64(m.Book), string(m.ID), int64(1), string(m.Method), string(m.Tender), int64(m.Purse.Entity), int64(m.Purse.Fund.No()),
		string(m.Purpose), string(m.Class), int64(m.Cap), string(m.Day.Kind), int64(m.Day.N), int64(m.Range.Percent), int64(m.Range.Cents),
		int64(m.Last), string(m.State), string(m.Reason), m.PausedFrom.String(), m.PausedTo.String(), m.SkipFrom.String(), m.BeginsOn.String(),
		m.EndedOn.String(), m.KeepUntil.String(), string(c.Channel), string(c.GivenBy), c.GivenOn.String(), c.Language, c.Wording,
		hex.EncodeToString(c.Digest[:]), sealed, string(m.Follows), body, s.clock.Now().UnixMicro())
	return nil
}

// changeMandate adds the row that changes a mandate. What was told with the consent, and
// evidence, are never changed.
func (s *Store) changeMandate(b *bulk, m *mandate.Mandate) {
	b.add(int64(m.Book), string(m.ID), m.Version, m.Version+1, string(m.Method), string(m.Tender), string(m.Purpose), string(m.Class), int64(m.Cap),
		string(m.Day.Kind), int64(m.Day.N), int64(m.Range.Percent), int64(m.Range.Cents), string(m.State), string(m.Reason),
		m.PausedFrom.String(), m.PausedTo.String(), m.SkipFrom.String(), m.EndedOn.String(), m.KeepUntil.String(), s.clock.Now().UnixMicro())
}

func changedMandates() *bulk {
	return updateOf("mandate", 2, 1, "book_no", "mandate_id", "version", "version", "method_id", "tender", "purpose", "sec", "cap_cents", "day_rule",
		"day_no", "range_percent", "range_cents", "state", "reason", "paused_from", "paused_to", "skip_from", "ended_on", "keep_until", "changed_at")
}

// KeepMandate implements autopay.Store.
func (s *Store) KeepMandate(ctx context.Context, g autopay.Giving) error {
	const op = "store.KeepMandate"
	methods, mandates, events := newMethods(), insertInto("mandate", columnNames(mandateColumns)...), newEvents()
	var bulks []*bulk
	if g.Method != nil {
		if err := s.addMethod(methods, g.Method); err != nil {
			return err
		}
		bulks = append(bulks, methods)
		e := g.Event
		e.Subject, e.No, e.Key = g.Method.ID, 1, ""
		addEvent(events, g.Method.Book, &e)
	}
	if g.Instead != nil {
		changed := changedMandates()
		s.changeMandate(changed, &g.Instead.Mandate)
		bulks = append(bulks, changed)
		addChangeEvent(events, g.Instead)
	}
	if err := s.addMandate(mandates, &g.Mandate, g.Body); err != nil {
		return err
	}
	e := g.Event
	e.Subject, e.No = g.Mandate.ID, 1
	addEvent(events, g.Mandate.Book, &e)
	bulks = append(bulks, mandates, events)
	if g.Instead != nil {
		drops, err := s.drops(ctx, g.Instead)
		if err != nil {
			return err
		}
		bulks = append(bulks, drops...)
	}
	return taken(op, "the billing account has a mandate for this fund already, or it was given a moment ago", s.engine.write(ctx, bulks...))
}

// KeepMandates implements autopay.Store.
func (s *Store) KeepMandates(ctx context.Context, givings []autopay.Giving) (int, error) {
	const op = "store.KeepMandates"
	ids := make([]string, len(givings))
	for i := range givings {
		ids[i] = string(givings[i].Mandate.ID)
	}
	there := map[string]bool{}
	err := s.engine.read(ctx, query{
		text: `SELECT mandate_id FROM mandate WHERE ` + s.engine.list("mandate_id", 1, textColumn), args: []any{s.engine.texts(ids)},
		each: func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			there[id] = true
			return err
		},
	})
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	methods, mandates, events := newMethods(), insertInto("mandate", columnNames(mandateColumns)...), newEvents()
	for i := range givings {
		g := &givings[i]
		if there[string(g.Mandate.ID)] {
			continue
		}
		there[string(g.Mandate.ID)] = true
		if err := s.addMethod(methods, g.Method); err != nil {
			return 0, err
		}
		if err := s.addMandate(mandates, &g.Mandate, g.Body); err != nil {
			return 0, err
		}
		e := g.Event
		e.No, e.Subject = 1, g.Mandate.ID
		addEvent(events, g.Mandate.Book, &e)
		e.Subject, e.Key = g.Method.ID, ""
		addEvent(events, g.Mandate.Book, &e)
	}
	if mandates.rows == 0 {
		return 0, nil
	}
	return mandates.rows, taken(op, "an account of these has another mandate since the file was proved", s.engine.write(ctx, methods, mandates, events))
}

// LiveIn implements autopay.Store.
func (s *Store) LiveIn(ctx context.Context, books []ledger.BookNo) ([]mandate.Mandate, error) {
	return s.unopened(ctx, "store.LiveIn", `WHERE `+s.engine.list("book_no", 1, integerColumn)+` AND state IN ('active', 'paused')`,
		s.engine.ints(integers(books)))
}

// unopened reads mandates without their evidence.
func (s *Store) unopened(ctx context.Context, op, where string, args ...any) ([]mandate.Mandate, error) {
	var found []mandate.Mandate
	err := s.engine.read(ctx, query{
		text: `SELECT ` + mandateColumns + ` FROM mandate ` + where, args: args,
		each: func(scan func(...any) error) error {
			m, _, err := scanMandate(scan)
			found = append(found, m)
			return err
		},
	})
	return found, fault.Wrap(op, err)
}

func addChangeEvent(events *bulk, c *autopay.Change) {
	e := c.Event
	e.Subject, e.No = c.Mandate.ID, c.Mandate.Version+1
	addEvent(events, c.Mandate.Book, &e)
}

// SaveMandate implements autopay.Store.
func (s *Store) SaveMandate(ctx context.Context, c autopay.Change) error {
	changed, events := changedMandates(), newEvents()
	s.changeMandate(changed, &c.Mandate)
	addChangeEvent(events, &c)
	drops, err := s.drops(ctx, &c)
	if err != nil {
		return err
	}
	return moved("store.SaveMandate", s.engine.write(ctx, append([]*bulk{changed, events}, drops...)...))
}

// drops finds the planned debits that a change takes back.
func (s *Store) drops(ctx context.Context, c *autopay.Change) ([]*bulk, error) {
	d := &c.Drop
	if d.State == "" {
		return nil, nil
	}
	was, whose, why := autopay.Planned, "", d.Why
	if d.State == autopay.Planned {
		was, whose, why = autopay.Skipped, d.Why, ""
	}
	text := `SELECT due_on FROM autopay_pull WHERE book_no = $1 AND mandate_id = $2 AND state = $5 AND due_on >= $3
		AND ($4 = '' OR due_on <= $4) AND ($6 = '' OR why = $6) ORDER BY due_on`
	if d.First {
		text += ` LIMIT 1`
	}
	b := updateOf("autopay_pull", 3, 1, "book_no", "mandate_id", "due_on", "state", "state", "why", "changed_at")
	err := s.engine.read(ctx, query{
		text: text, args: []any{int64(c.Mandate.Book), string(c.Mandate.ID), d.From.String(), d.To.String(), string(was), whose},
		each: func(scan func(...any) error) error {
			var due string
			err := scan(&due)
			b.add(int64(c.Mandate.Book), string(c.Mandate.ID), due, string(was), string(d.State), why, s.clock.Now().UnixMicro())
			return err
		},
	})
	if err != nil || b.rows == 0 {
		return nil, fault.Wrap("store.drops", err)
	}
	return []*bulk{b}, nil
}

// Mandate implements autopay.Store.
func (s *Store) Mandate(ctx context.Context, book ledger.BookNo, id ident.Opaque) (mandate.Mandate, error) {
	const op = "store.Mandate"
	found, err := s.mandates(ctx, op, `WHERE book_no = $1 AND mandate_id = $2`, int64(book), string(id))
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, op, "the billing account has no such mandate")
	}
	if err != nil {
		return mandate.Mandate{}, err
	}
	return found[0], nil
}

// Mandates implements autopay.Store.
func (s *Store) Mandates(ctx context.Context, book ledger.BookNo) ([]mandate.Mandate, error) {
	return s.mandates(ctx, "store.Mandates", `WHERE book_no = $1
		ORDER BY CASE WHEN state IN ('active', 'paused') THEN 0 ELSE 1 END, given_on DESC, mandate_id`, int64(book))
}

// MandateBody gives the digest of what a mandate was ordered with.
func (s *Store) MandateBody(ctx context.Context, book ledger.BookNo, id ident.Opaque) (string, error) {
	var body string
	err := s.engine.read(ctx, query{
		text: `SELECT body_digest FROM mandate WHERE book_no = $1 AND mandate_id = $2`, args: []any{int64(book), string(id)},
		each: func(scan func(...any) error) error { return scan(&body) },
	})
	return body, fault.Wrap("store.MandateBody", err)
}

// MandateHome implements autopay.Store.
func (s *Store) MandateHome(ctx context.Context, id ident.Opaque) (ledger.BookNo, error) {
	var book ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT book_no FROM mandate WHERE mandate_id = $1`, args: []any{string(id)},
		each: func(scan func(...any) error) error { return scan(&book) },
	})
	if err == nil && book == 0 {
		err = fault.New(fault.NotFound, "store.MandateHome", "there is no such mandate")
	}
	return book, fault.Wrap("store.MandateHome", err)
}

// MandatesList implements autopay.Store.
func (s *Store) MandatesList(ctx context.Context, after autopay.Place, limit int) ([]mandate.Mandate, error) {
	return s.unopened(ctx, "store.MandatesList", `WHERE (book_no, mandate_id) > ($1, $2) AND state IN ('active', 'paused')
		ORDER BY book_no, mandate_id LIMIT $3`, int64(after.Book), string(after.ID), int64(limit))
}

func (s *Store) mandates(ctx context.Context, op, where string, args ...any) ([]mandate.Mandate, error) {
	var found []mandate.Mandate
	err := s.engine.read(ctx, query{
		text: `SELECT ` + mandateColumns + ` FROM mandate ` + where, args: args,
		each: func(scan func(...any) error) error {
			m, sealed, err := scanMandate(scan)
			if err == nil {
				err = s.openEvidence(&m, sealed)
			}
			found = append(found, m)
			return err
		},
	})
	return found, fault.Wrap(op, err)
}

func (s *Store) openEvidence(m *mandate.Mandate, sealed []byte) error {
	plain, err := s.seal.Open(sealed, consentContext(string(m.ID)))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, &m.Consent.Evidence); err != nil {
		return fault.New(fault.Corrupt, "store.mandate", "the stored evidence of a consent does not parse")
	}
	return nil
}

func scanMandate(scan func(...any) error) (m mandate.Mandate, sealed []byte, err error) {
	var fund int64
	var from, to, skip, begins, ended, keep, given, digest, body string
	var changed int64
	c := &m.Consent
	err = scan(&m.Book, &m.ID, &m.Version, &m.Method, &m.Tender, &m.Purse.Entity, &fund, &m.Purpose, &m.Class, &m.Cap, &m.Day.Kind, &m.Day.N,
		&m.Range.Percent, &m.Range.Cents, &m.Last, &m.State, &m.Reason, &from, &to, &skip, &begins, &ended, &keep,
		&c.Channel, &c.GivenBy, &given, &c.Language, &c.Wording, &digest, &sealed, &m.Follows, &body, &changed)
	if err != nil {
		return m, nil, err
	}
	if m.Purse.Fund, err = chart.FundOf(int32(fund)); err != nil {
		return m, nil, fault.New(fault.Corrupt, "store.mandate", "a stored mandate names no fund")
	}
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return m, nil, fault.New(fault.Corrupt, "store.mandate", "the digest of a consent does not parse")
	}
	c.Digest = [sha256.Size]byte(sum)
	return m, sealed, scanDates(map[*calendar.Date]string{
		&m.PausedFrom: from, &m.PausedTo: to, &m.SkipFrom: skip, &m.BeginsOn: begins, &m.EndedOn: ended, &m.KeepUntil: keep, &c.GivenOn: given,
	})
}

// EventOf implements autopay.Store.
func (s *Store) EventOf(ctx context.Context, book ledger.BookNo, subject ident.Opaque, key ident.Key) (mandate.Event, bool, error) {
	events, err := s.events(ctx, `AND order_key = $3`, int64(book), string(subject), string(key))
	if err != nil || len(events) == 0 {
		return mandate.Event{}, false, err
	}
	return events[0], true, nil
}

// EventsOf implements autopay.Store.
func (s *Store) EventsOf(ctx context.Context, book ledger.BookNo, subject ident.Opaque) ([]mandate.Event, error) {
	return s.events(ctx, ``, int64(book), string(subject))
}

func (s *Store) events(ctx context.Context, where string, args ...any) ([]mandate.Event, error) {
	var events []mandate.Event
	err := s.engine.read(ctx, query{
		text: fmt.Sprintf(`SELECT %s FROM mandate_event WHERE book_no = $1 AND subject_id = $2 %s ORDER BY event_no`, eventColumns, where), args: args,
		each: func(scan func(...any) error) error {
			var e mandate.Event
			var book, at int64
			var actor string
			err := scan(&book, &e.Subject, &e.No, &e.Act, &e.Key, &at, &actor, &e.Reason, &e.Facts)
			if err == nil {
				e.At = instant(at)
				e.Actor, err = scanActor(actor)
			}
			events = append(events, e)
			return err
		},
	})
	return events, fault.Wrap("store.EventsOf", err)
}
