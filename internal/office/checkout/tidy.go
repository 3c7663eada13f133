package checkout

import (
	"context"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/payments/payment"
)

// tidy does what is left to do for an attempt at rest: ends what earlier cards
// left at the processor, forgets credentials, and tells the payer. What fails is
// done again later.
func (w *work) tidy(ctx context.Context) error {
	if w.untidy() {
		if err := w.note(ctx); err != nil {
			return err
		}
		w.endLoose(ctx)
		w.forget(ctx)
		w.tellAll(ctx)
	}
	return w.rest(ctx, w.a.State, w.restLook())
}

func (w *work) untidy() bool {
	return len(w.a.Loose) > 0 || len(w.a.Drop) > 0 || w.a.Kept != "" || len(w.a.News) > 0
}

// restLook is when an attempt at rest is looked at next, zero for never.
func (w *work) restLook() time.Time {
	voiding := slices.ContainsFunc(w.a.Legs, func(l Leg) bool { return l.State == LegVoiding })
	if voiding || w.untidy() {
		return w.soon()
	}
	switch w.a.State {
	case Ready:
		return w.nextLook()
	case Declined:
		end := w.unpaidAt()
		if soon := w.soon(); soon.Before(end) {
			return soon
		}
		return end
	}
	return time.Time{}
}

// endLoose ends the charges and pages of earlier cards.
func (w *work) endLoose(ctx context.Context) {
	left := w.a.Loose[:0:0]
	for _, loose := range w.a.Loose {
		if loose.Page != "" {
			loose = w.endPage(ctx, loose)
		}
		if loose.Charge.ID != "" {
			loose = w.endCharge(ctx, loose)
		}
		if loose.Charge.ID != "" || loose.Page != "" {
			left = append(left, loose)
		}
	}
	w.a.Loose = left
}

// endPage closes a page. It gives what is left of it: nothing, itself, or the
// charge of the card that was entered there.
func (w *work) endPage(ctx context.Context, loose Loose) Loose {
	if err := w.d.processor.ClosePage(ctx, loose.Page); err == nil {
		return Loose{}
	}
	page, err := w.d.processor.EnquirePage(ctx, loose.Page)
	switch {
	case err != nil || page.Status == PageOpen:
		return loose
	case page.Status == PageDone:
		loose.Page, loose.Charge = "", page.Charge
		return loose
	}
	return Loose{}
}

// endCharge voids a charge of an earlier card. It gives what is left of it.
func (w *work) endCharge(ctx context.Context, loose Loose) Loose {
	charge, err := w.d.processor.Enquire(ctx, loose.Charge)
	if err != nil {
		return loose
	}
	switch charge.Status {
	case ChargeVoided:
		return Loose{}
	case ChargeCaptured:
		return w.enterLoose(ctx, loose)
	case ChargeAuthorised:
		if loose.Refused {
			w.a.Late = true
			w.tell(NewsReleased)
		}
	}
	charge, err = w.d.processor.Void(ctx, loose.Charge, callKey(w.a.ID, loose.Leg, loose.Try, loose.Round, "void"))
	if err == nil && charge.Status == ChargeVoided {
		return Loose{}
	}
	loose.Round++
	return loose
}

// enterLoose brings to the books what somebody captured at the processor's own
// dashboard: it is the payer's money, and staff can give it back.
func (w *work) enterLoose(ctx context.Context, loose Loose) Loose {
	in := payment.Instruction{
		Key: postKey(w.a.ID) + ident.Key(":"+loose.Charge.ID), Rail: payment.Card, Received: w.a.Received, Actor: w.a.Actor,
	}
	w.a.addLeg(&in, &w.a.Legs[loose.Leg-1])
	if _, err := w.d.enter(ctx, in); err != nil {
		w.d.o.Log.Error("money that was captured elsewhere is not on the books yet", "attempt", w.a.ID, "error", err)
		return loose
	}
	w.d.o.Log.Warn("a charge of an earlier card was captured elsewhere; it is on the books", "attempt", w.a.ID)
	return Loose{}
}

// forget drops the credentials that were kept for this payment alone.
func (w *work) forget(ctx context.Context) {
	if w.a.isPull() {
		w.a.Kept = "" // it stays stored
	}
	if w.a.Kept != "" {
		w.a.Drop, w.a.Kept = append(w.a.Drop, w.a.Kept), ""
	}
	w.a.Drop = slices.DeleteFunc(w.a.Drop, func(credential string) bool {
		err := w.d.processor.Forget(ctx, credential)
		if err != nil {
			w.d.o.Log.Warn("a card could not be forgotten; it is tried again", "attempt", w.a.ID, "error", err)
		}
		return err == nil
	})
}

// tellAll tells the payer what he has yet to be told.
func (w *work) tellAll(ctx context.Context) {
	w.a.News = slices.DeleteFunc(w.a.News, func(news News) bool {
		if err := w.d.tellOne(ctx, &w.a, news); err != nil {
			w.d.o.Log.Warn("a payer could not be told; it is tried again", "attempt", w.a.ID, "news", string(news), "error", err)
			return false
		}
		w.a.ToldNo = w.a.ToldNo || news == NewsNotTaken
		w.a.Warned = w.a.Warned || news == NewsChecking
		return true
	})
}

// tellOne tells a payer, or those who ordered his stored card to be charged.
func (d *Desk) tellOne(ctx context.Context, a *Attempt, news News) error {
	if !a.isPull() {
		return d.o.Teller.Tell(ctx, *a, news)
	}
	switch news {
	case NewsReceipt, NewsPaid:
		return d.pulled(ctx, a, PullTaken)
	case NewsDeclined:
		return d.pulled(ctx, a, PullDeclined)
	case NewsNotTaken:
		return d.pulled(ctx, a, PullNotTaken)
	}
	return nil // released: nobody ever thought that it was taken
}
