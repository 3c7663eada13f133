package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
)

var _ checkout.Store = (*Store)(nil)

const (
	attemptColumns = `attempt_id, version, state, door, actor, language, decline_class, decline_code, cards, created_at,
		changed_at, tried_at, look_at, looks, held, told_no, late, warned, payment_id, received_on, news, loose,
		sealed, method_id, network_code, network_advice`
	legColumns = `leg_no, entity_no, fund_no, merchant, amount_cents, parts, state, charge_id, page_id, card, round, taking`
)

func attemptContext(id string) string { return "card/attempt/" + id }

// sealedAttempt is what of an attempt is sealed: who pays for whom, and the
// credentials with which he could be charged.
type sealedAttempt struct {
	Mail  string          `json:"mail,omitempty"`
	Parts []checkout.Part `json:"parts"`
	Token string          `json:"token,omitempty"`
	Kept  string          `json:"kept,omitempty"`
	Drop  []string        `json:"drop,omitempty"`
}

// micros gives an instant as it is stored, 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment reads what micros wrote.
func moment(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return instant(at)
}

// attemptRow gives an attempt's changing columns in the order of attemptColumns,
// from state on.
func (s *Store) attemptRow(a *checkout.Attempt) ([]any, error) {
	plain, err := json.Marshal(sealedAttempt{a.Mail, a.Parts, a.Token, a.Kept, a.Drop})
	if err != nil {
		return nil, fault.Wrap("store.attempt", err)
	}
	sealed, err := s.seal.Seal(plain, attemptContext(string(a.ID)))
	if err != nil {
		return nil, fault.Wrap("store.attempt", err)
	}
	loose := ""
	if len(a.Loose) > 0 {
		loose = jsonText(a.Loose)
	}
	return []any{
		string(a.State), string(a.Door), a.Actor.String(), a.Language, string(a.Decline.Class), a.Decline.Code, int64(a.Cards),
		micros(a.CreatedAt), micros(a.ChangedAt), micros(a.TriedAt), micros(a.LookAt), int64(a.Looks), flag(a.Held),
		flag(a.ToldNo), flag(a.Late), flag(a.Warned), string(a.Payment), a.Received.String(), strings.Join(texts(a.News), " "), loose, sealed,
		string(a.Method), a.Decline.Network, a.Decline.Advice,
	}, nil
}

func legRow(leg *checkout.Leg) []any {
	card := ""
	if leg.Card != (checkout.Card{}) {
		card = jsonText(leg.Card)
	}
	return []any{
		int64(leg.No), int64(leg.Purse.Entity), int64(leg.Purse.Fund.No()), leg.Merchant, int64(leg.Amount), jsonText(leg.Parts),
		string(leg.State), leg.Charge.ID, leg.Page.ID, card, int64(leg.Round), flag(leg.Taking),
	}
}

// columnNames takes a list of columns apart.
func columnNames(list string) []string {
	names := strings.Split(list, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// NewAttempt implements checkout.Store.
func (s *Store) NewAttempt(ctx context.Context, a *checkout.Attempt) error {
	row, err := s.attemptRow(a)
	if err != nil {
		return err
	}
	attempt := insertInto("card_attempt", columnNames(attemptColumns)...)
	attempt.add(append([]any{string(a.ID), int64(1)}, row...)...)
	legs := insertInto("card_leg", append([]string{"attempt_id"}, columnNames(legColumns)...)...)
	for i := range a.Legs {
		legs.add(append([]any{string(a.ID)}, legRow(&a.Legs[i])...)...)
	}
	err = s.engine.write(ctx, attempt, legs)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.NewAttempt", "there is a payment with this id already")
	}
	if err == nil {
		a.Version = 1
	}
	return err
}

// SaveAttempt implements checkout.Store.
func (s *Store) SaveAttempt(ctx context.Context, a *checkout.Attempt) error {
	row, err := s.attemptRow(a)
	if err != nil {
		return err
	}
	names := columnNames(attemptColumns)
	attempt := updateOf("card_attempt", 1, 1, append([]string{"attempt_id", "version", "version"}, names[2:]...)...)
	attempt.add(append([]any{string(a.ID), a.Version, a.Version + 1}, row...)...)
	legs := updateOf("card_leg", 2, 0, append([]string{"attempt_id"}, columnNames(legColumns)...)...)
	for i := range a.Legs {
		legs.add(append([]any{string(a.ID)}, legRow(&a.Legs[i])...)...)
	}
	bulks := []*bulk{attempt, legs}
	fresh, err := s.freshCharges(ctx, a)
	if err != nil {
		return err
	}
	if fresh.rows > 0 {
		bulks = append(bulks, fresh)
	}
	err = s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return checkout.ErrMoved
	}
	if err == nil {
		a.Version++
	}
	return err
}

// freshCharges are the look-ups that are not written yet. A charge becomes known
// while its leg is opened or, on the processor's page, paid.
func (s *Store) freshCharges(ctx context.Context, a *checkout.Attempt) (*bulk, error) {
	b := insertInto("card_charge", "merchant", "charge_id", "attempt_id", "leg_no")
	for i := range a.Legs {
		leg := &a.Legs[i]
		if leg.Charge.ID == "" {
			continue
		}
		_, err := s.AttemptOfCharge(ctx, leg.Charge)
		switch fault.KindOf(err) {
		case fault.NotFound:
			b.add(leg.Charge.Merchant, leg.Charge.ID, string(a.ID), int64(leg.No))
		default:
			if err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// AttemptOfCharge implements checkout.Store.
func (s *Store) AttemptOfCharge(ctx context.Context, ref checkout.ChargeRef) (ident.Opaque, error) {
	var id ident.Opaque
	err := s.engine.read(ctx, query{
		text: `SELECT attempt_id FROM card_charge WHERE merchant = $1 AND charge_id = $2`,
		args: []any{ref.Merchant, ref.ID},
		each: func(scan func(...any) error) error { return scan(&id) },
	})
	if err == nil && id == "" {
		err = fault.New(fault.NotFound, "store.AttemptOfCharge", "this charge belongs to no payment of ours")
	}
	return id, err
}

// Attempt implements checkout.Store.
func (s *Store) Attempt(ctx context.Context, id ident.Opaque) (checkout.Attempt, error) {
	var a checkout.Attempt
	refunded := map[int]money.Cents{}
	err := s.engine.read(ctx, query{
		text: `SELECT ` + attemptColumns + ` FROM card_attempt WHERE attempt_id = $1`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error { return s.scanAttempt(scan, &a) },
	}, query{
		text: `SELECT ` + legColumns + ` FROM card_leg WHERE attempt_id = $1 ORDER BY leg_no`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error {
			leg, err := scanLeg(scan)
			a.Legs = append(a.Legs, leg)
			return err
		},
	}, query{
		text: `SELECT leg_no, amount_cents FROM card_refund WHERE attempt_id = $1 AND state NOT IN ('failed', 'cancelled')`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error {
			var leg int
			var cents money.Cents
			err := scan(&leg, &cents)
			refunded[leg] += cents
			return err
		},
	})
	if err != nil {
		return checkout.Attempt{}, err
	}
	if a.ID == "" {
		return checkout.Attempt{}, fault.New(fault.NotFound, "store.Attempt", "there is no payment by card with this id")
	}
	for i := range a.Legs {
		a.Legs[i].Refunded = refunded[a.Legs[i].No]
	}
	return a, nil
}

func (s *Store) scanAttempt(scan func(...any) error, a *checkout.Attempt) error {
	var actor, received, news, loose string
	var created, changed, tried, look, held, told, late, warned int64
	var sealed []byte
	err := scan(&a.ID, &a.Version, &a.State, &a.Door, &actor, &a.Language, &a.Decline.Class, &a.Decline.Code, &a.Cards, &created,
		&changed, &tried, &look, &a.Looks, &held, &told, &late, &warned, &a.Payment, &received, &news, &loose, &sealed, &a.Method, &a.Decline.Network,
		&a.Decline.Advice)
	if err != nil {
		return err
	}
	a.CreatedAt, a.ChangedAt, a.TriedAt, a.LookAt = moment(created), moment(changed), moment(tried), moment(look)
	a.Held, a.ToldNo, a.Late, a.Warned = held != 0, told != 0, late != 0, warned != 0
	if a.Actor, err = scanActor(actor); err != nil {
		return err
	}
	if err := scanDates(map[*calendar.Date]string{&a.Received: received}); err != nil {
		return err
	}
	for _, word := range strings.Fields(news) {
		a.News = append(a.News, checkout.News(word))
	}
	if loose != "" {
		if err := json.Unmarshal([]byte(loose), &a.Loose); err != nil {
			return fault.New(fault.Corrupt, "store.attempt", "the loose charges of payment %s do not parse", a.ID)
		}
	}
	return s.openAttempt(sealed, a)
}

func (s *Store) openAttempt(sealed []byte, a *checkout.Attempt) error {
	plain, err := s.seal.Open(sealed, attemptContext(string(a.ID)))
	if err != nil {
		return fault.New(fault.Corrupt, "store.attempt", "what is sealed of payment %s does not open: %v", a.ID, err)
	}
	var secret sealedAttempt
	if err := json.Unmarshal(plain, &secret); err != nil {
		return fault.New(fault.Corrupt, "store.attempt", "what is sealed of payment %s does not parse", a.ID)
	}
	a.Mail, a.Parts, a.Token, a.Kept, a.Drop = secret.Mail, secret.Parts, secret.Token, secret.Kept, secret.Drop
	return nil
}

func scanLeg(scan func(...any) error) (leg checkout.Leg, err error) {
	var entity, fund, taking int64
	var parts, card string
	err = scan(&leg.No, &entity, &fund, &leg.Merchant, &leg.Amount, &parts, &leg.State, &leg.Charge.ID, &leg.Page.ID, &card,
		&leg.Round, &taking)
	if err != nil {
		return leg, err
	}
	leg.Taking = taking != 0
	if leg.Charge.ID != "" {
		leg.Charge.Merchant = leg.Merchant
	}
	if err := json.Unmarshal([]byte(parts), &leg.Parts); err != nil {
		return leg, fault.New(fault.Corrupt, "store.leg", "the parts of a card charge do not parse")
	}
	if card != "" {
		if err := json.Unmarshal([]byte(card), &leg.Card); err != nil {
			return leg, fault.New(fault.Corrupt, "store.leg", "the card of a charge does not parse")
		}
	}
	leg.Purse, err = scanPurse(entity, fund)
	return leg, err
}

// DueAttempts implements checkout.Store.
func (s *Store) DueAttempts(ctx context.Context, now time.Time, limit int) ([]ident.Opaque, error) {
	return s.attemptList(ctx, `SELECT attempt_id FROM card_attempt WHERE look_at > 0 AND look_at <= $1
		ORDER BY look_at, attempt_id LIMIT $2`, now.UnixMicro(), int64(limit))
}

// UnclearAttempts implements checkout.Store. What is being checked is always due
// some day, so that the index of what is due finds it.
func (s *Store) UnclearAttempts(ctx context.Context, triedBy time.Time, limit int) ([]ident.Opaque, error) {
	return s.attemptList(ctx, `SELECT attempt_id FROM card_attempt WHERE look_at > 0 AND state = 'checking' AND tried_at <= $1
		ORDER BY tried_at, attempt_id LIMIT $2`, triedBy.UnixMicro(), int64(limit))
}

func (s *Store) attemptList(ctx context.Context, text string, args ...any) ([]ident.Opaque, error) {
	var ids []ident.Opaque
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) error {
		var id ident.Opaque
		err := scan(&id)
		ids = append(ids, id)
		return err
	}})
	return ids, err
}

// CardBook implements checkout.Store.
func (s *Store) CardBook(ctx context.Context, day calendar.Date) (ledger.BookNo, error) {
	find := func() (book ledger.BookNo, err error) {
		err = s.engine.read(ctx, query{
			text: `SELECT book_no FROM card_day WHERE day = $1`,
			args: []any{day.String()},
			each: func(scan func(...any) error) error { return scan(&book) },
		})
		return book, err
	}
	book, err := find()
	if err != nil || book != 0 {
		return book, err
	}
	if book, err = s.OpenOperatingBook(ctx, "card", 0); err != nil {
		return 0, err
	}
	b := insertInto("card_day", "day", "book_no")
	b.add(day.String(), int64(book))
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return find() // another payment opened it first; the book opened here stays empty
	}
	return book, err
}
