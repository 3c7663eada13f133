package checkout

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
)

// Withdraw ends an attempt in whose place its payer makes another, before
// anything was taken: its open page is closed and what it holds on a card is
// released. From then on it captures nothing. What the processor does not answer
// is asked again by a job, and what a payer enters on a page before its end is
// known there is released, and he is told so.
//
// It returns how the attempt stands then: Abandoned when it is withdrawn. One
// that is Paid, or of which it is not known, stays as it is. Unavailable means
// that it is not withdrawn and the payer may try again; NotFound that it never
// began.
func (d *Desk) Withdraw(ctx context.Context, id ident.Opaque) (Attempt, error) {
	const op = "checkout.Withdraw"
	written := false
	a, err := d.turn(ctx, op, id, d.o.Wait, func(ctx context.Context, w *work) error {
		if w.a.State != Ready && w.a.State != Declined {
			return nil
		}
		w.withdraw()
		if err := w.note(ctx); err != nil {
			return err
		}
		written = true
		w.endLoose(ctx)
		return w.rest(ctx, Abandoned, d.clock.Now()) // a job does the rest
	})
	switch {
	case written && a.ID != "":
		return a, nil // whatever failed after that is a job's to do again
	case err == nil && (a.State == Ready || a.State == Declined):
		err = fault.New(fault.Unavailable, op, "another works on this payment now; try again")
	}
	return a, err
}

// withdraw leaves everything that the attempt has at the processor to be ended.
// It is written down before anybody is asked: whoever takes over captures nothing.
func (w *work) withdraw() {
	held := slices.ContainsFunc(w.a.Legs, func(l Leg) bool { return l.entered() })
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		known := len(w.a.Loose)
		w.cast(leg)
		for at := known; at < len(w.a.Loose); at++ {
			// Nobody has seen a card there: if one is approved he is to hear that it was released.
			w.a.Loose[at].Refused = w.a.Loose[at].Refused || w.a.Loose[at].Page != ""
		}
		*leg = leg.anew()
	}
	if held {
		w.tell(NewsNotTaken) // he entered a card for one legal entity, and the next was still to come
	}
	w.a.State, w.a.Token, w.a.Looks = Abandoned, "", 0
}
