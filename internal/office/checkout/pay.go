package checkout

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
)

// Pay charges a card, which a token of the processor's own fields stands for,
// and returns how the attempt stands then: Paid, Declined (another card may be
// tried) or Checking (it is not known; a job finds out). However often it is
// asked, by two tabs or two nodes, one of them works and nothing is charged
// twice; the others get the attempt as it stands, Paying if it is not done in
// time. After Paid and Abandoned it charges nothing.
//
// Unavailable means that nothing was taken, and the payer may try again;
// UnknownOutcome that what became of it could not be written down, and the payer
// must not.
func (d *Desk) Pay(ctx context.Context, id ident.Opaque, token string) (Attempt, error) {
	const op = "checkout.Pay"
	if token == "" {
		return Attempt{}, fault.New(fault.Invalid, op, "no card was given")
	}
	mine := false
	a, err := d.turn(ctx, op, id, d.o.Wait, func(ctx context.Context, w *work) error {
		mine = true
		if w.a.State != Ready && w.a.State != Declined || w.a.isPull() {
			return nil
		}
		w.present = true
		if err := w.closePages(ctx); err != nil {
			return err
		}
		if w.entered() {
			return w.takeUp(ctx) // on the processor's page, before it could be closed
		}
		w.start()
		w.a.State, w.a.Cards, w.a.Token = Paying, w.a.Cards+1, token
		if err := w.note(ctx); err != nil {
			return err
		}
		return w.forward(ctx)
	})
	if err == nil && !mine && (a.State == Ready || a.State == Declined) {
		a.State = Paying // by another who has not written it down yet
	}
	return a, err
}

// start makes the attempt ready for another card. What earlier cards left at the
// processor is for a job to end.
func (w *work) start() {
	a := &w.a
	for i := range a.Legs {
		leg := &a.Legs[i]
		if leg.State == LegOpened && leg.Page.ID == "" {
			continue // no card was ever presented for it
		}
		w.cast(leg)
		*leg = leg.anew()
	}
	if a.Kept != "" {
		a.Drop, a.Kept = append(a.Drop, a.Kept), ""
	}
	a.Decline, a.ToldNo, a.Looks, a.Token = Decline{}, false, 0, ""
	w.dropNews(NewsNotTaken) // his new try shows that he knows
	a.TriedAt = w.d.clock.Now()
	a.Received = w.d.house.PostingDay(a.Legs[0].Purse.Entity)
}

// anew is the leg as it was before anything was asked for it.
func (l *Leg) anew() Leg {
	return Leg{
		No: l.No, Purse: l.Purse, Merchant: l.Merchant, Amount: l.Amount, Parts: l.Parts, State: LegNew, Refunded: l.Refunded,
	}
}

// cast leaves a leg's charge or page to a job, which ends it.
func (w *work) cast(leg *Leg) {
	loose := Loose{Leg: leg.No, Try: w.a.Cards, Round: leg.Round, Charge: leg.Charge, Refused: leg.State == LegDeclined}
	switch {
	case leg.State == LegVoided:
		return
	case leg.Charge.ID == "" && leg.Page.ID == "":
		return
	case leg.Charge.ID == "":
		loose.Page = leg.Page.ID
	}
	w.a.Loose = append(w.a.Loose, loose)
}

// keep turns the card that the payer entered into a credential. It moves no
// money, so that even a lost answer is a clear no for a payer who waits. With away
// comes what he is told.
func (w *work) keep(ctx context.Context) (verdict, error) {
	kept, err := w.d.processor.Keep(ctx, w.a.Token, callKey(w.a.ID, 0, w.a.Cards, 0, "keep"))
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Unavailable || kind == fault.UnknownOutcome:
		return away, fault.New(fault.Unavailable, "checkout.Pay", "the card could not be read; nothing was charged: %s", fault.MessageOf(err))
	case w.present:
		return away, err // the token is no good: used before, or not the processor's
	default:
		w.a.Token, w.a.Decline = "", Decline{Class: DeclineTechnical, Code: "refused"}
		return no, nil
	}
	w.a.Token = ""
	if kept.Decline != nil {
		w.a.Decline = *kept.Decline
		return no, nil
	}
	w.a.Kept = kept.Credential
	for i := range w.a.Legs {
		w.a.Legs[i].Card = kept.Card
	}
	return yes, nil
}
