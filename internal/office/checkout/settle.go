package checkout

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
)

// Settle asks the processor how an attempt's charges stand and finishes what can
// be finished: what was authorised while we were checking is captured and
// posted, a clear no is told, what nobody paid in time is ended, what was
// approved too late is released. What is still unknown is asked again, later
// each time, and after the horizon voided. It is what a job does for an attempt
// that is due, after a crash too; asking it at any time does no harm. It returns
// the attempt as it stands then.
func (d *Desk) Settle(ctx context.Context, id ident.Opaque) (Attempt, error) {
	return d.turn(ctx, "checkout.Settle", id, 0, func(ctx context.Context, w *work) error { return w.settle(ctx, ChargeRef{}) })
}

// settle does the work of Settle. Hint is a charge of which the processor sent
// word, or none.
func (w *work) settle(ctx context.Context, hint ChargeRef) error {
	a := &w.a
	if w.taken() {
		return nil
	}
	w.heed(hint)
	if a.State == Paying {
		a.State = Checking // whoever was at it is gone
	}
	if err := w.note(ctx); err != nil {
		return err
	}
	w.learn(ctx)
	if err := w.advance(ctx); err != nil {
		return err
	}
	if a.State == Checking {
		return w.warn(ctx)
	}
	return w.tidy(ctx)
}

// warn tells a payer that we are checking, when a look after his try did not
// make it known either: most lost answers are found within seconds.
func (w *work) warn(ctx context.Context) error {
	if !slices.Contains(w.a.News, NewsChecking) {
		return nil
	}
	next := w.a.LookAt
	if err := w.note(ctx); err != nil {
		return err
	}
	w.tellAll(ctx)
	return w.rest(ctx, Checking, next)
}

// heed makes sure that a charge which the processor tells of is looked at, even
// if no leg and no earlier card has it: its opening's answer was lost.
func (w *work) heed(hint ChargeRef) {
	if hint.ID == "" || w.a.knows(hint) {
		return
	}
	at := slices.IndexFunc(w.a.Legs, func(l Leg) bool { return l.Merchant == hint.Merchant })
	if at < 0 || w.a.Legs[at].Page.ID != "" && w.a.Legs[at].Charge.ID == "" {
		return // the page itself tells whether the charge is its own
	}
	w.a.Loose = append(w.a.Loose, Loose{
		// It may have been voided before, under an earlier key.
		Leg: w.a.Legs[at].No, Try: w.a.Cards, Round: int(w.a.Version), Charge: hint, Refused: true,
	})
}

// knows reports whether a charge is one of the attempt's that may take money.
func (a *Attempt) knows(ref ChargeRef) bool {
	return slices.ContainsFunc(a.Legs, func(l Leg) bool { return l.Charge == ref }) ||
		slices.ContainsFunc(a.Loose, func(l Loose) bool { return l.Charge == ref })
}

// taken reports whether another worker, of whatever process, is at the attempt.
func (w *work) taken() bool { return w.a.Held && w.d.clock.Now().Before(w.a.LookAt) }

// learn asks how each leg's charge stands.
func (w *work) learn(ctx context.Context) {
	if err := w.readPages(ctx); err != nil {
		w.d.o.Log.Warn("a page cannot be enquired about", "attempt", w.a.ID, "error", err)
	}
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		if leg.Charge.ID == "" || leg.State == LegCaptured || leg.State == LegOpened && leg.Page.ID == "" {
			continue
		}
		charge, err := w.d.processor.Enquire(ctx, leg.Charge)
		if err != nil {
			w.d.o.Log.Warn("a charge cannot be enquired about", "attempt", w.a.ID, "leg", leg.No, "error", err)
			continue
		}
		w.apply(leg, charge)
	}
}

// advance takes the attempt as far as it goes and leaves it at rest.
func (w *work) advance(ctx context.Context) error {
	now := w.d.clock.Now()
	captured := slices.ContainsFunc(w.a.Legs, func(l Leg) bool { return l.State == LegCaptured })
	switch w.a.State {
	case Checking:
		if !now.Before(w.a.TriedAt.Add(w.d.o.Horizon)) {
			return w.giveUp(ctx)
		}
		return w.forward(ctx)
	case Ready, Declined, Abandoned:
		switch {
		case captured:
			return w.finish(ctx) // captured money reaches the books, whoever captured it
		case w.a.State == Ready && w.entered():
			return w.takeUp(ctx)
		case w.a.State != Abandoned && !now.Before(w.unpaidAt()):
			return w.end(ctx)
		}
		return w.keepNo(ctx)
	}
	return nil
}

// giveUp voids what is still unknown after the horizon. If even that is not
// answered, staff see it and the job goes on asking.
func (w *work) giveUp(ctx context.Context) error {
	clear, captured := true, false
	for i := range w.a.Legs {
		ended, err := w.void(ctx, &w.a.Legs[i])
		if err != nil {
			return err
		}
		clear = clear && ended
		captured = captured || w.a.Legs[i].State == LegCaptured
	}
	switch {
	case !clear:
		return w.unclear(ctx)
	case captured:
		return w.post(ctx)
	}
	w.tell(NewsNotTaken)
	w.a.Token = ""
	return w.rest(ctx, Abandoned, w.d.clock.Now())
}

// keepNo releases what was approved after the answer had been no.
func (w *work) keepNo(ctx context.Context) error {
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		byPage := w.a.State == Ready && leg.State != LegVoiding
		if !leg.holds() || byPage {
			continue
		}
		if leg.State == LegAuthorised {
			w.tooLate()
		}
		if _, err := w.void(ctx, leg); err != nil {
			return err
		}
	}
	return nil
}

// tooLate notes that an approval came after the payer had been told no.
func (w *work) tooLate() {
	if w.a.ToldNo {
		w.a.Late = true
		w.tell(NewsReleased)
	}
}

// end closes an attempt that nobody paid in time.
func (w *work) end(ctx context.Context) error {
	held := false
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		if leg.Charge.ID == "" {
			w.cast(leg) // its page, if one is open
			leg.Page, leg.State = Page{}, LegNew
			continue
		}
		held = held || leg.State == LegAuthorised
		if leg.State == LegAuthorised && w.a.State == Declined {
			w.tooLate()
		}
		ended, err := w.void(ctx, leg)
		if err != nil {
			return err
		}
		switch {
		case leg.State == LegCaptured:
			return w.finish(ctx)
		case !ended:
			return w.rest(ctx, w.a.State, w.soon())
		}
	}
	if w.a.isPull() && w.a.State == Ready {
		w.tell(NewsNotTaken) // its node ended before it had begun
	}
	if held && w.a.State == Ready {
		w.tell(NewsNotTaken) // he entered a card for one legal entity and left before the next
	}
	return w.rest(ctx, Abandoned, w.d.clock.Now())
}

// SettleDue settles every attempt, refund and dispute whose time has come, and
// tells how many there were. One that fails is logged and stays due; the error
// is of the list itself.
func (d *Desk) SettleDue(ctx context.Context) (int, error) {
	const most = 500
	const op = "checkout.SettleDue"
	now := d.clock.Now()
	attempts, err := d.store.DueAttempts(ctx, now, most)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	refunds, err := d.store.DueRefunds(ctx, now, most)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	disputes, err := d.store.DueDisputes(ctx, now, most)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	var jobs []func() error
	for _, id := range attempts {
		jobs = append(jobs, func() error { _, err := d.Settle(ctx, id); return err })
	}
	for _, r := range refunds {
		jobs = append(jobs, func() error { _, err := d.settleRefund(ctx, r.Attempt, r.No); return err })
	}
	for _, c := range disputes {
		jobs = append(jobs, func() error { return d.lookAtDispute(ctx, c) })
	}
	d.together(ctx, jobs)
	return len(jobs), nil
}

// together does jobs, a bounded number at a time.
func (d *Desk) together(ctx context.Context, jobs []func() error) {
	next := make(chan func() error)
	var workers sync.WaitGroup
	for range min(d.o.Together, len(jobs)) {
		workers.Go(func() {
			for job := range next {
				if err := job(); err != nil && ctx.Err() == nil {
					d.o.Log.Error("a payment by card could not be settled; it is tried again", "error", err)
				}
			}
		})
	}
	for _, job := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- job
	}
	close(next)
	workers.Wait()
}

// Run settles what is due, and sweeps now and then, until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	tick := time.NewTicker(d.o.Every)
	defer tick.Stop()
	var swept time.Time
	for {
		if now := d.clock.Now(); now.Sub(swept) >= d.o.SweepEvery {
			swept = now
			if _, err := d.Sweep(ctx); err != nil && ctx.Err() == nil {
				d.o.Log.Warn("the processor cannot be asked for notices that did not come; it is asked again", "error", err)
			}
			if _, err := d.TakePayouts(ctx); err != nil && ctx.Err() == nil {
				d.o.Log.Warn("settlement reports cannot be taken; they are asked for again", "error", err)
			}
		}
		if _, err := d.SettleDue(ctx); err != nil && ctx.Err() == nil {
			d.o.Log.Error("what is due of card payments cannot be listed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
