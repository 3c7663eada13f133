package checkout

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Pull is an order to charge a stored card while its holder is not there. Its key
// makes it one try: the same key again is the same try.
type Pull struct {
	Key    ident.Key
	Series ident.Opaque    // the consent under which it is made
	Method *mandate.Method // the stored card, opened
	Parts  []Part
	Actor  ident.Actor
	DueOn  calendar.Date // the day for which the debit is: with the series it names the debt
	// CreditOn is the day that counts for the payer; DueOn when zero.
	CreditOn calendar.Date
}

// Try is a pull as it was made.
type Try struct {
	Series  ident.Opaque
	DueOn   calendar.Date
	No      int // from 1, for what is due on this day
	Key     ident.Key
	Method  ident.Opaque
	Attempt ident.Opaque
	Amount  money.Cents
	At      time.Time
	On      calendar.Date // the legal entity's day then
	State   State         // of the attempt; "" when it never began
}

// PullStore keeps tries.
type PullStore interface {
	// KeepTry adds a try. Conflict when its number was given meanwhile.
	KeepTry(ctx context.Context, t *Try) error
	// TriesOf lists the tries for what is due on a day, in their order.
	TriesOf(ctx context.Context, series ident.Opaque, due calendar.Date) ([]Try, error)
	// TryOf gives the try that an attempt is. NotFound when it is none.
	TryOf(ctx context.Context, attempt ident.Opaque) (Try, error)
	// CountTries counts how often a method was tried since an instant.
	CountTries(ctx context.Context, method ident.Opaque, since time.Time) (int, error)
}

// Result is how a pull ended.
type Result string

// The results.
const (
	PullTaken    Result = "taken"
	PullDeclined Result = "declined"
	PullNotTaken Result = "not_taken" // it was never answered, and is ended: nothing was taken or will be
)

// Outcome is how a pull ended, as those who ordered it are told.
type Outcome struct {
	Try
	Result  Result
	Payment payment.ID // when taken
	Card    Card
	Decline Decline
	Again   Again
}

// Autopay is who orders pulls. It is told at least once of each pull's end, also
// when Pull returned it; after a crash the same may come twice. An error means
// that it was not told; it is tried again.
type Autopay interface {
	Pulled(ctx context.Context, o Outcome) error
	// CardRenewed tells that a stored card has another date or number now.
	CardRenewed(ctx context.Context, credential secret.Text, card Card) error
}

// isPull reports whether a stored card is charged without its holder.
func (a *Attempt) isPull() bool { return a.Door == DoorAutopay }

// pullID is the attempt of a pull's key.
func pullID(key ident.Key) ident.Opaque { return ident.Opaque(payment.IDOf("card-pull:" + key)) }

// PullStored charges a stored card, by the same attempt and legs as any payment by
// card, and returns how it stands then: Paid, Declined, or Checking, which a job
// finds out: whoever ordered it waits for Autopay.Pulled and orders nothing
// meanwhile. Asked again under its key it is the same try.
//
// Limit means that one of the Limits forbids a try now; Conflict that an earlier
// try for the same day is not known yet or was taken, or that the key was used for
// another pull. Nothing was charged then.
func (d *Desk) PullStored(ctx context.Context, p Pull) (Attempt, error) {
	const op = "checkout.PullStored"
	draft := Draft{ID: pullID(p.Key), Door: DoorAutopay, Actor: p.Actor, Parts: p.Parts}
	err := p.validate()
	if err == nil {
		err = draft.validate()
	}
	if err != nil {
		return Attempt{}, fault.New(fault.Invalid, op, "%v", err)
	}
	if _, err := d.legsOf(&draft); err != nil {
		return Attempt{}, err // before a try is counted
	}
	if err := d.counted(ctx, &p, &draft); err != nil {
		return Attempt{}, err
	}
	if _, err := d.Begin(ctx, draft); err != nil {
		return Attempt{}, err
	}
	return d.turn(ctx, op, draft.ID, d.o.Wait, func(ctx context.Context, w *work) error {
		if w.a.State != Ready || w.a.Cards > 0 {
			return nil
		}
		w.start()
		w.a.State, w.a.Cards, w.a.Method, w.a.Kept = Paying, 1, p.Method.ID, p.Method.Card.Token.Reveal()
		w.a.Received = p.CreditOn
		if w.a.Received.IsZero() {
			w.a.Received = p.DueOn
		}
		if err := w.note(ctx); err != nil {
			return err
		}
		return w.forward(ctx)
	})
}

func (p *Pull) validate() error {
	switch {
	case p.Method == nil || p.Method.Kind != mandate.Card || p.Method.Card.Token.IsZero():
		return errors.New("a pull needs a stored card")
	case p.Method.State != mandate.MethodActive:
		return errors.New("this card is not in use any more")
	case p.Series == "" || p.DueOn.IsZero():
		return errors.New("a pull needs the consent under which it is made and the day for which it is due")
	}
	_, err := ident.ParseKey(string(p.Key))
	return err
}

// counted notes the try, unless a limit forbids it.
func (d *Desk) counted(ctx context.Context, p *Pull, draft *Draft) error {
	const op = "checkout.PullStored"
	for {
		tries, err := d.store.TriesOf(ctx, p.Series, p.DueOn)
		if err != nil {
			return fault.Wrap(op, err)
		}
		known := false
		for _, t := range tries {
			known = known || t.Attempt == draft.ID
		}
		if known {
			return nil
		}
		if _, err := d.store.Attempt(ctx, draft.ID); err == nil || fault.KindOf(err) != fault.NotFound {
			if err == nil {
				err = fault.New(fault.Conflict, op, "this key was used for another pull")
			}
			return err
		}
		if err := d.allowed(ctx, p, draft, tries); err != nil {
			return err
		}
		try := Try{
			Series: p.Series, DueOn: p.DueOn, No: len(tries) + 1, Key: p.Key, Method: p.Method.ID, Attempt: draft.ID,
			Amount: draft.Amount(), At: d.clock.Now(), On: d.dayOf(draft),
		}
		err = d.store.KeepTry(ctx, &try)
		if err == nil || fault.KindOf(err) != fault.Conflict {
			return fault.Wrap(op, err)
		}
	}
}

// allowed says why a further try may not be made now, or nil.
func (d *Desk) allowed(ctx context.Context, p *Pull, draft *Draft, tries []Try) error {
	const op = "checkout.PullStored"
	now := d.clock.Now()
	today := d.dayOf(draft)
	limit := LimitsOn(today)
	onDay := 0
	for i := range tries {
		switch t := &tries[i]; t.State {
		case Paid:
			return fault.New(fault.Conflict, op, "what is due on %s was taken by an earlier try", p.DueOn)
		case "", Ready, Paying, Checking:
			return fault.New(fault.Conflict, op, "it is not known yet what became of the try before").
				WithHint("Its end is told; order nothing until then.")
		}
		if tries[i].On == today {
			onDay++
		}
	}
	switch {
	case len(tries) >= limit.PerDue:
		return fault.New(fault.Limit, op, "the card was tried %d times for what is due on %s", len(tries), p.DueOn)
	case onDay >= limit.PerDay:
		return fault.New(fault.Limit, op, "the card was tried today already for what is due on %s", p.DueOn)
	}
	month, day := limit.network(p.Method.Card.Brand)
	for most, since := range map[int]time.Duration{month: 30 * 24 * time.Hour, day: 24 * time.Hour} {
		n, err := d.store.CountTries(ctx, p.Method.ID, now.Add(-since))
		if err != nil {
			return fault.Wrap(op, err)
		}
		if n >= most {
			return fault.New(fault.Limit, op, "the card was tried %d times within %s, as often as its network allows", n, since)
		}
	}
	return nil
}

// dayOf is the civil day of the legal entity that a draft's money is for.
func (d *Desk) dayOf(draft *Draft) calendar.Date {
	return d.house.PostingDay(d.house.PurseOf(draft.Parts[0].Fund).Entity)
}

// StoreCard keeps a card at the processor to be charged later, as its holder agrees
// while he is there. The answer is a decline when its issuer refuses. Nothing of it
// is kept here: the caller keeps the credential, sealed, with the consent.
func (d *Desk) StoreCard(ctx context.Context, token string, key ident.Key) (Kept, error) {
	const op = "checkout.StoreCard"
	if _, err := ident.ParseKey(string(key)); token == "" || err != nil {
		return Kept{}, fault.New(fault.Invalid, op, "storing a card needs the processor's token and a key")
	}
	kept, err := d.processor.Store(ctx, token, key)
	return kept, fault.Wrap(op, err)
}

// StoredCard asks the processor what may be shown of a stored card now. NotFound when
// it is gone.
func (d *Desk) StoredCard(ctx context.Context, credential secret.Text) (Card, error) {
	c, err := d.processor.StoredCard(ctx, credential.Reveal())
	return c, fault.Wrap("checkout.StoredCard", err)
}

// ForgetCard removes a stored card at the processor. It is no error when it is gone.
func (d *Desk) ForgetCard(ctx context.Context, credential secret.Text) error {
	return fault.Wrap("checkout.ForgetCard", d.processor.Forget(ctx, credential.Reveal()))
}

// cardRenewed follows word of a stored card that its issuer replaced.
func (d *Desk) cardRenewed(ctx context.Context, credential string) error {
	if d.o.Autopay == nil {
		return fault.New(fault.Unavailable, "checkout.cardRenewed", "nobody here keeps stored cards")
	}
	card, err := d.processor.StoredCard(ctx, credential)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil // taken out meanwhile
		}
		return err
	}
	return d.o.Autopay.CardRenewed(ctx, secret.New(credential), card)
}

// pulled tells those who ordered a pull how it ended.
func (d *Desk) pulled(ctx context.Context, a *Attempt, result Result) error {
	if d.o.Autopay == nil {
		return fault.New(fault.Unavailable, "checkout.pulled", "the serving process tells those who ordered it")
	}
	o, err := d.OutcomeOf(ctx, a)
	if err != nil {
		return err
	}
	o.Result = result
	return d.o.Autopay.Pulled(ctx, o)
}

// OutcomeOf says how a pull stands, for those who ordered it: the same that they are
// told. Result is empty while it is not known.
func (d *Desk) OutcomeOf(ctx context.Context, a *Attempt) (Outcome, error) {
	const op = "checkout.OutcomeOf"
	try, err := d.store.TryOf(ctx, a.ID)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	try.State = a.State
	o := Outcome{Try: try, Payment: a.Payment, Decline: a.Decline, Card: a.Legs[0].Card}
	switch a.State {
	case Paid:
		o.Result = PullTaken
		return o, nil
	case Declined:
		o.Result = PullDeclined
	case Abandoned:
		o.Result = PullNotTaken
		if a.Decline.Class != "" {
			o.Result = PullDeclined
		}
	default:
		return o, nil
	}
	decline := a.Decline
	if o.Result == PullNotTaken {
		decline = Decline{Class: DeclineTechnical}
	}
	tries, err := d.store.TriesOf(ctx, try.Series, try.DueOn)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	o.Again = After(decline, try.No, tries[0].On, try.On)
	o.Again.NotTried = o.Result == PullNotTaken
	return o, nil
}
