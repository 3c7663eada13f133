package checkout

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
)

// OpenPage gives the address of the processor's own page for the next legal
// entity that is still to be paid: payers whose browser runs no script enter the
// card there. Done and back are where the processor sends the payer, to Returned
// in both cases. When nothing is left to enter it gives done. Conflict when the
// attempt takes no card now; Unavailable when the processor does not answer.
func (d *Desk) OpenPage(ctx context.Context, id ident.Opaque, done, back string) (string, error) {
	const op = "checkout.OpenPage"
	url := ""
	a, err := d.turn(ctx, op, id, d.o.Wait, func(ctx context.Context, w *work) (err error) {
		if (w.a.State == Ready || w.a.State == Declined) && !w.a.isPull() {
			url, err = w.openPage(ctx, done, back)
		}
		return err
	})
	if err == nil && url == "" {
		err = fault.New(fault.Conflict, op, "this payment takes no card now: it is %s", a.State)
	}
	return url, err
}

func (w *work) openPage(ctx context.Context, done, back string) (string, error) {
	if slices.ContainsFunc(w.a.Legs, func(l Leg) bool { return l.spent() }) {
		w.start()
	}
	if err := w.readPages(ctx); err != nil {
		return "", err
	}
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		switch {
		case leg.entered():
			continue
		case leg.Page.Status == PageOpen:
			return leg.Page.URL, nil
		}
		return w.newPage(ctx, leg, done, back)
	}
	return done, nil
}

// spent reports whether the leg's charge can take no card any more.
func (l *Leg) spent() bool {
	return l.State == LegVoiding || l.State == LegVoided || l.State == LegDeclined
}

// entered reports whether a card was entered for the leg, and not refused.
func (l *Leg) entered() bool {
	switch l.State {
	case LegAuthorising, LegAuthorised, LegCapturing, LegCaptured:
		return true
	}
	return false
}

// entered reports whether a card was entered for every leg.
func (w *work) entered() bool {
	return !slices.ContainsFunc(w.a.Legs, func(l Leg) bool { return !l.entered() })
}

func (w *work) newPage(ctx context.Context, leg *Leg, done, back string) (string, error) {
	w.cast(leg) // what was opened for a card that was never presented
	leg.Charge, leg.Page, leg.State = ChargeRef{}, Page{}, LegOpening
	w.a.State = Ready
	w.a.TriedAt, w.a.Looks = w.d.clock.Now(), 0
	w.a.Received = w.d.house.PostingDay(w.a.Legs[0].Purse.Entity)
	if err := w.note(ctx); err != nil {
		return "", err
	}
	page, err := w.d.processor.OpenPage(ctx, PageOrder{
		Charge:   ChargeOrder{Attempt: w.a.ID, Leg: leg.No, Merchant: leg.Merchant, Amount: leg.Amount},
		Language: w.a.Language, Title: w.title(leg), Done: done, Back: back,
	}, w.key(leg, "page"))
	if err == nil {
		leg.Page, leg.State = page, LegOpened
	} else {
		leg.State = LegNew // a page whose address nobody was given takes no card
		leg.Round++
	}
	if saved := w.rest(ctx, Ready, w.nextLook()); saved != nil {
		return "", saved
	}
	if err != nil {
		return "", fault.New(fault.Unavailable, "checkout.OpenPage", "the processor's page could not be opened: %s", fault.MessageOf(err))
	}
	return page.URL, nil
}

var titles = map[string]map[chart.Fund]string{
	"en": {chart.Premium: "Premium", chart.Medical: "Medical bill", chart.Pharmacy: "Pharmacy bill"},
	"es": {chart.Premium: "Prima", chart.Medical: "Factura médica", chart.Pharmacy: "Factura de farmacia"},
}

// title says what a leg is for, in the payer's language and without his data.
func (w *work) title(leg *Leg) string {
	words, ok := titles[strings.SplitN(w.a.Language, "-", 2)[0]]
	if !ok {
		words = titles["en"]
	}
	var all []string
	for _, fund := range chart.Funds() {
		for _, at := range leg.Parts {
			if w.a.Parts[at].Fund == fund {
				all = append(all, words[fund])
				break
			}
		}
	}
	return strings.Join(all, ", ")
}

// Returned takes up an attempt whose payer came back from the processor's page:
// if every legal entity's card was entered the money is taken, as by Pay. While
// it stays Ready, OpenPage gives the next page.
func (d *Desk) Returned(ctx context.Context, id ident.Opaque) (Attempt, error) {
	return d.turn(ctx, "checkout.Returned", id, d.o.Wait, func(ctx context.Context, w *work) error {
		if w.a.State != Ready {
			return nil
		}
		if err := w.readPages(ctx); err != nil {
			return err
		}
		w.present = true
		return w.takeUp(ctx)
	})
}

// takeUp takes the money of cards that were entered on the processor's page, or
// waits for the payer.
func (w *work) takeUp(ctx context.Context) error {
	if !w.entered() {
		return w.rest(ctx, Ready, w.nextLook())
	}
	w.a.State = Paying
	if err := w.note(ctx); err != nil {
		return err
	}
	w.learn(ctx)
	return w.forward(ctx)
}

// readPages asks how the legs' pages stand.
func (w *work) readPages(ctx context.Context) error {
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		if leg.Page.ID == "" || leg.Charge.ID != "" {
			continue
		}
		page, err := w.d.processor.EnquirePage(ctx, leg.Page.ID)
		if err != nil {
			return fault.New(fault.Unavailable, "checkout.readPages", "the processor does not tell of its page: %s", fault.MessageOf(err))
		}
		w.applyPage(leg, page)
	}
	return nil
}

// applyPage notes how the processor says that a page stands.
func (w *work) applyPage(leg *Leg, page Page) {
	switch page.Status {
	case PageDone:
		leg.Page, leg.Charge, leg.State = page, page.Charge, LegAuthorising
	case PageExpired:
		leg.Page, leg.State = Page{}, LegNew
		leg.Round++
	default:
		leg.Page = page
	}
}

// closePages ends the pages that are open, so that a card can be entered in one
// place only. One that was used meanwhile has its charge then.
func (w *work) closePages(ctx context.Context) error {
	for i := range w.a.Legs {
		leg := &w.a.Legs[i]
		if leg.Page.ID == "" || leg.Charge.ID != "" {
			continue
		}
		page := Page{Status: PageExpired}
		if err := w.d.processor.ClosePage(ctx, leg.Page.ID); err != nil {
			page, err = w.d.processor.EnquirePage(ctx, leg.Page.ID)
			if err != nil || page.Status == PageOpen {
				return fault.New(fault.Unavailable, "checkout.closePages",
					"the processor's own page of this payment cannot be closed now; nothing was charged")
			}
		}
		w.applyPage(leg, page)
	}
	return nil
}

// nextLook is when an attempt that waits for its payer is looked at next: for
// what he may have entered on the processor's page, or at its end.
func (w *work) nextLook() time.Time {
	end := w.unpaidAt()
	for i := range w.a.Legs {
		if w.a.Legs[i].Page.ID != "" {
			if soon := w.soon(); soon.Before(end) {
				return soon
			}
			return end
		}
	}
	return end
}

// unpaidAt is when an attempt that waits for its payer ends.
func (w *work) unpaidAt() time.Time {
	from := w.a.CreatedAt
	if w.a.TriedAt.After(from) {
		from = w.a.TriedAt
	}
	return from.Add(w.d.o.UnpaidAfter)
}
