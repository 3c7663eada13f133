package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// work is one worker's turn at an attempt. Whatever it is about to do at the
// processor it writes down first, and so does whoever takes over from it: if
// another has, the write fails with ErrMoved and the turn is over.
type work struct {
	d *Desk
	a Attempt
	// present says that the payer waits for the answer, so that what was certainly
	// not done is his to try again.
	present bool
	// open says that something was begun and not brought to rest: what follows an
	// error is not known then.
	open bool
}

// turn gives a worker its turn at an attempt and returns how the attempt stands
// then. When another is at it and does not end in time, the attempt is returned
// as it stands.
func (d *Desk) turn(
	ctx context.Context, op string, id ident.Opaque, wait time.Duration, do func(ctx context.Context, w *work) error,
) (Attempt, error) {
	end, mine := d.turns.take(ctx, id, wait)
	if !mine {
		return d.Look(ctx, id)
	}
	defer end()
	ctx = context.WithoutCancel(ctx) // a payer who leaves must not leave a charge half made
	a, err := d.store.Attempt(ctx, id)
	if err != nil {
		return Attempt{}, fault.Wrap(op, err)
	}
	w := &work{d: d, a: a}
	err = do(ctx, w)
	switch {
	case errors.Is(err, ErrMoved):
		return d.Look(ctx, id)
	case err != nil && w.open:
		d.o.Log.Error("a payment by card stands half done; a job finishes it", "attempt", id, "error", err)
		return w.a, fault.New(fault.UnknownOutcome, op, "it is not known yet whether the payment was made; it will be found out")
	}
	return w.a, fault.Wrap(op, err)
}

func (w *work) save(ctx context.Context) error {
	w.a.ChangedAt = w.d.clock.Now()
	err := w.d.store.SaveAttempt(ctx, &w.a)
	if err == nil {
		w.open = w.a.Held
	}
	return err
}

// note writes the attempt down before a call: if the worker does not come back
// from it, a job finds the attempt when the lease has run out.
func (w *work) note(ctx context.Context) error {
	w.a.Held, w.a.LookAt = true, w.d.clock.Now().Add(w.d.o.Lease)
	return w.save(ctx)
}

// rest ends the turn in a state, to be looked at again at an instant.
func (w *work) rest(ctx context.Context, state State, lookAt time.Time) error {
	w.a.State, w.a.Held, w.a.LookAt = state, false, lookAt
	if state != Checking {
		w.dropNews(NewsChecking) // he hears how it ended
	}
	return w.save(ctx)
}

// soon is when something unfinished is looked at next: later each time.
func (w *work) soon() time.Time {
	at := w.d.clock.Now().Add(backoff(w.a.Looks))
	w.a.Looks++
	return at
}

// backoff is how long to wait before the next look.
func backoff(looks int) time.Duration {
	steps := [...]time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	return steps[min(looks, len(steps)-1)]
}

// key is the idempotency key of a call: the same for the same step of the same
// card, after a crash too.
func (w *work) key(leg *Leg, verb string) ident.Key {
	return callKey(w.a.ID, leg.No, w.a.Cards, leg.Round, verb)
}

func callKey(id ident.Opaque, leg, try, round int, verb string) ident.Key {
	return ident.Key(fmt.Sprintf("%s-%d-%d-%d-%s", id, leg, try, round, verb))
}

// verdict is what became of a step.
type verdict int

const (
	yes     verdict = iota
	no              // refused or declined
	unknown         // the answer was lost, or has not come yet
	away            // certainly not done: the processor is not there
	waiting         // it is the payer's turn
)

// forward takes the money of every leg: all are authorised before any is
// captured. It ends the turn.
func (w *work) forward(ctx context.Context) error {
	if w.a.Token != "" {
		switch v, err := w.keep(ctx); {
		case v == away && w.present:
			return w.turnBack(ctx, err)
		case v == away:
			return w.unclear(ctx)
		case v == no:
			return w.release(ctx)
		}
	}
	for i := range w.a.Legs {
		v, err := w.authorise(ctx, &w.a.Legs[i])
		switch {
		case v == yes:
			continue
		case err != nil && v != away:
			return err
		case v == no:
			return w.release(ctx)
		case v == waiting:
			return w.rest(ctx, Ready, w.nextLook())
		case v == away && w.present:
			return w.turnBack(ctx, err)
		}
		return w.unclear(ctx)
	}
	clear := true
	for i := range w.a.Legs {
		v, err := w.capture(ctx, &w.a.Legs[i])
		switch {
		case err != nil:
			return err
		case v == no:
			return w.release(ctx)
		}
		clear = clear && v == yes
	}
	if !clear {
		return w.unclear(ctx)
	}
	return w.post(ctx)
}

// authorise brings a leg as far as authorised. With away comes the processor's
// error, else an error is the store's.
func (w *work) authorise(ctx context.Context, leg *Leg) (verdict, error) {
	switch leg.State {
	case LegAuthorised, LegCapturing, LegCaptured:
		return yes, nil
	case LegDeclined, LegVoiding, LegVoided:
		return no, nil
	case LegAuthorising:
		return unknown, nil
	}
	if w.a.Kept == "" {
		return waiting, nil
	}
	if leg.State != LegOpened {
		if v, err := w.register(ctx, leg); v != yes || err != nil {
			return v, err
		}
	}
	leg.State = LegAuthorising
	if err := w.note(ctx); err != nil {
		return unknown, err
	}
	charge, err := w.d.processor.Authorise(ctx, leg.Charge, Method{Credential: w.a.Kept, OffSession: w.a.isPull()}, w.key(leg, "authorise"))
	switch {
	case err == nil:
		w.apply(leg, charge)
		return standing(leg.State), nil
	case fault.KindOf(err) == fault.Unavailable:
		leg.State = LegOpened
		leg.Round++
		return away, err
	case fault.KindOf(err) == fault.UnknownOutcome:
		return unknown, nil
	}
	return w.refused(ctx, leg, err), nil
}

// register opens a leg's charge.
func (w *work) register(ctx context.Context, leg *Leg) (verdict, error) {
	leg.State = LegOpening
	if err := w.note(ctx); err != nil {
		return unknown, err
	}
	order := ChargeOrder{Attempt: w.a.ID, Leg: leg.No, Merchant: leg.Merchant, Amount: leg.Amount}
	ref, err := w.d.processor.Open(ctx, order, w.key(leg, "open"))
	switch {
	case err == nil:
		leg.Charge, leg.State = ref, LegOpened
		return yes, nil
	case fault.KindOf(err) == fault.Unavailable:
		leg.State = LegNew
		leg.Round++
		return away, err
	case fault.KindOf(err) == fault.UnknownOutcome:
		return unknown, nil
	}
	w.d.o.Log.Error("the processor refuses to open a charge", "attempt", w.a.ID, "merchant", leg.Merchant, "error", err)
	leg.State = LegNew
	w.a.Decline = Decline{Class: DeclineTechnical, Code: "refused"}
	return no, nil
}

// refused asks how a charge stands whose call the processor refused. What is
// still as it was before counts as declined.
func (w *work) refused(ctx context.Context, leg *Leg, why error) verdict {
	w.d.o.Log.Error("the processor refuses a call", "attempt", w.a.ID, "leg", leg.No, "state", string(leg.State), "error", why)
	charge, err := w.d.processor.Enquire(ctx, leg.Charge)
	if err != nil {
		return unknown
	}
	was := leg.State
	w.apply(leg, charge)
	if was == LegAuthorising && leg.State == LegOpened {
		leg.State = LegDeclined
		w.a.Decline = Decline{Class: DeclineTechnical, Code: "refused"}
	}
	return standing(leg.State)
}

// standing is what a leg's state means for a call that has been answered.
func standing(state LegState) verdict {
	switch state {
	case LegAuthorised, LegCaptured:
		return yes
	case LegDeclined, LegVoided:
		return no
	}
	return unknown
}

// capture takes an authorised leg's money.
func (w *work) capture(ctx context.Context, leg *Leg) (verdict, error) {
	switch leg.State {
	case LegCaptured:
		return yes, nil
	case LegCapturing:
		return unknown, nil
	}
	leg.State, leg.Taking = LegCapturing, true
	if err := w.note(ctx); err != nil {
		return unknown, err
	}
	charge, err := w.d.processor.Capture(ctx, leg.Charge, w.key(leg, "capture"))
	switch {
	case err == nil:
		w.apply(leg, charge)
	case fault.KindOf(err) == fault.Unavailable:
		leg.State = LegAuthorised
		leg.Round++
	case fault.KindOf(err) != fault.UnknownOutcome:
		w.refused(ctx, leg, err)
	}
	if leg.State == LegAuthorised {
		return unknown, nil // it is held and not taken; a job takes it
	}
	return standing(leg.State), nil
}

// void ends a leg's charge, so that it can never take money. It reports whether
// the charge is at its end, which for one that was captured meanwhile is its
// capture.
func (w *work) void(ctx context.Context, leg *Leg) (ended bool, err error) {
	if leg.Charge.ID == "" {
		leg.State = LegNew // an opened charge that nobody can name takes no card
		return true, nil
	}
	if leg.State == LegVoided || leg.State == LegCaptured {
		return true, nil
	}
	leg.State = LegVoiding
	if err := w.note(ctx); err != nil {
		return false, err
	}
	charge, err := w.d.processor.Void(ctx, leg.Charge, w.key(leg, "void"))
	switch {
	case err == nil:
		w.apply(leg, charge)
	case fault.KindOf(err) == fault.Unavailable:
		leg.Round++
	case fault.KindOf(err) != fault.UnknownOutcome:
		w.refused(ctx, leg, err)
	}
	return leg.State == LegVoided || leg.State == LegCaptured, nil
}

// apply notes how the processor says that a charge stands.
func (w *work) apply(leg *Leg, charge Charge) {
	if charge.Card != (Card{}) {
		leg.Card = charge.Card
	}
	switch charge.Status {
	case ChargeCaptured:
		leg.State = LegCaptured
	case ChargeVoided:
		leg.State = LegVoided
	case ChargeDeclined:
		if leg.State == LegVoiding {
			leg.Round++
			return
		}
		leg.State, w.a.Decline = LegDeclined, charge.Decline
	case ChargeAuthorised:
		if leg.State != LegAuthorising {
			leg.Round++ // the call was not done, or its effect has gone
		}
		if leg.State != LegVoiding {
			leg.State = LegAuthorised
		}
	case ChargeOpened:
		if leg.State == LegVoiding || leg.State == LegAuthorising {
			leg.Round++
		}
		if leg.State == LegAuthorising {
			leg.State = LegOpened
		}
	}
}

// release ends what is held, because a leg was refused: nothing is taken, or
// only what was taken already.
func (w *work) release(ctx context.Context) error {
	doubt, captured := false, false
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		if leg.holds() {
			ended, err := w.void(ctx, leg)
			if err != nil {
				return err
			}
			doubt = doubt || !ended && leg.Taking
		}
		captured = captured || leg.State == LegCaptured
	}
	switch {
	case doubt:
		return w.unclear(ctx)
	case captured:
		return w.finish(ctx)
	}
	switch {
	case w.a.isPull():
		w.tell(NewsDeclined)
	case w.a.State == Checking:
		w.tell(NewsNotTaken)
	}
	if w.a.Decline.Class == "" {
		w.a.Decline = Decline{Class: DeclineTechnical}
	}
	w.a.Looks = 0
	return w.rest(ctx, Declined, w.soon())
}

// holds reports whether the leg may hold money on the payer's card.
func (l *Leg) holds() bool {
	switch l.State {
	case LegAuthorising, LegAuthorised, LegCapturing, LegVoiding:
		return true
	}
	return false
}

// turnBack gives the payer his payment back to try again: the processor was not
// there, and nothing was taken.
func (w *work) turnBack(ctx context.Context, why error) error {
	for i := range w.a.Legs {
		if leg := &w.a.Legs[i]; leg.holds() {
			if _, err := w.void(ctx, leg); err != nil {
				return err
			}
		}
	}
	w.a.Looks, w.a.Token = 0, ""
	if err := w.rest(ctx, Ready, w.soon()); err != nil {
		return err
	}
	return why
}

// unclear ends the turn without an answer: a job asks again.
func (w *work) unclear(ctx context.Context) error {
	if w.a.State != Checking {
		w.a.Looks = 0
	}
	if !w.a.Warned && !w.a.isPull() {
		w.tell(NewsChecking)
	}
	return w.rest(ctx, Checking, w.soon())
}

// finish posts what was captured when nothing of the other legs can be any more.
func (w *work) finish(ctx context.Context) error {
	for i := range w.a.Legs {
		if leg := &w.a.Legs[i]; leg.holds() {
			ended, err := w.void(ctx, leg)
			if err != nil {
				return err
			}
			if !ended {
				return w.unclear(ctx)
			}
		}
	}
	return w.post(ctx)
}

// post brings captured money to the books and ends the turn. If the books cannot
// take it now a job tries again: the processor has the money, and the key keeps
// it from being posted twice.
func (w *work) post(ctx context.Context) error {
	if err := w.note(ctx); err != nil {
		return err
	}
	in := w.instruction()
	id, err := w.d.enter(ctx, in)
	if err != nil {
		w.d.o.Log.Error("captured money is not on the books yet", "attempt", w.a.ID, "error", err)
		return w.unclear(ctx)
	}
	news := NewsReceipt
	if w.a.State != Paying {
		news = NewsPaid
	}
	w.dropNews(NewsNotTaken)
	w.tell(news)
	w.a.Payment, w.a.Decline, w.a.Looks = id, Decline{}, 0
	return w.rest(ctx, Paid, w.d.clock.Now())
}

// enter posts an instruction in the day's book of cards.
func (d *Desk) enter(ctx context.Context, in payment.Instruction) (payment.ID, error) {
	book, err := d.store.CardBook(ctx, d.house.PostingDay(in.Parts[0].Received.Entity))
	if err != nil {
		return "", err
	}
	in.Source = book
	outcomes, err := d.books.Post(ctx, []payment.Instruction{in}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		return "", err
	}
	return outcomes[0].Answer.Payment, nil
}

// postKey is the idempotency key of an attempt's money in the books.
func postKey(id ident.Opaque) ident.Key { return ident.Key("card:" + id) }

// instruction is what was captured, in the cashier's words.
func (w *work) instruction() payment.Instruction {
	in := payment.Instruction{Key: postKey(w.a.ID), Rail: payment.Card, Received: w.a.Received, Actor: w.a.Actor}
	for i := range w.a.Legs {
		if leg := &w.a.Legs[i]; leg.State == LegCaptured {
			w.a.addLeg(&in, leg)
		}
	}
	return in
}

func (a *Attempt) addLeg(in *payment.Instruction, leg *Leg) {
	for _, at := range leg.Parts {
		part := &a.Parts[at]
		in.Amount += part.Amount
		in.Parts = append(in.Parts, payment.Part{
			Reference: part.Reference, Amount: part.Amount, Received: leg.Purse, For: part.Fund, Items: part.Items,
			Details: suspense.Details{Source: "card payment " + string(a.ID)},
		})
	}
}

// tell notes news for the payer, which a job then tells.
func (w *work) tell(news News) {
	if !slices.Contains(w.a.News, news) {
		w.a.News = append(w.a.News, news)
	}
}

// dropNews takes back news that are not true any more.
func (w *work) dropNews(news News) {
	w.a.News = slices.DeleteFunc(w.a.News, func(n News) bool { return n == news })
}
