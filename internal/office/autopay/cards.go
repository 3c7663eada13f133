package autopay

import (
	"context"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/billpay"
)

var _ checkout.Autopay = (*Desk)(nil)

// Cards charges a stored card without its holder. The checkout desk is one: it keeps
// the networks' limits, says when a declined card may be tried again, and tells Pulled
// of each end, also when that comes later.
type Cards interface {
	PullStored(ctx context.Context, p checkout.Pull) (checkout.Attempt, error)
	OutcomeOf(ctx context.Context, a *checkout.Attempt) (checkout.Outcome, error)
}

// CardTally counts what a pass over the queue came to.
type CardTally struct {
	Paid      int         `json:"paid"`
	PaidCents money.Cents `json:"paid_cents"`
	Declined  int         `json:"declined"`
	Waiting   int         `json:"waiting"` // a limit forbids a try today, or the answer is not known yet
	Dropped   int         `json:"dropped"` // the card is out of use
}

// PullCards tries every card debit that is due on a day. What is unknown is told later,
// through Pulled; the next pass asks for it under the same key.
func (d *Desk) PullCards(ctx context.Context, day calendar.Date, actor ident.Actor, cards Cards) (CardTally, error) {
	const op = "autopay.PullCards"
	var tally CardTally
	for after := (Place{}); ; {
		queue, err := d.Store.CardQueue(ctx, day, after, lettersTogether)
		if err != nil || len(queue) == 0 {
			return tally, fault.Wrap(op, err)
		}
		for i := range queue {
			if err := d.pullCard(ctx, queue[i], day, actor, cards, &tally); err != nil {
				return tally, fault.Wrap(op, err)
			}
		}
		last := &queue[len(queue)-1]
		after = Place{last.Book, last.ID}
	}
}

// whyAsked marks a debit whose try has begun: whether it is paid is the processor's to
// say, and nothing takes it back.
const whyAsked = "asked"

func (d *Desk) pullCard(ctx context.Context, p Pull, day calendar.Date, actor ident.Actor, cards Cards, tally *CardTally) error {
	method, err := d.Store.Method(ctx, p.Book, p.Method)
	if err != nil {
		return err
	}
	if p.Why != whyAsked {
		begun := p
		if begun.Why = whyAsked; method.State != mandate.MethodActive {
			begun.State, begun.Why = Dropped, string(mandate.MethodGone)
			tally.Dropped++
		}
		if err := d.Store.SavePull(ctx, p, begun); err != nil || begun.State == Dropped {
			return err
		}
		p = begun
	}
	attempt, err := cards.PullStored(ctx, checkout.Pull{
		Key: ident.Key(fmt.Sprintf("autopay:%s:%d", p.ID, p.Tries+1)), Series: p.Mandate, Method: &method, Actor: actor, DueOn: p.DueOn,
		CreditOn: p.Times.Credit,
		Parts:    []checkout.Part{{Reference: billpay.Number(p.Book).Digits(), Fund: p.Purse.Fund, Amount: p.Amount}},
	})
	switch fault.KindOf(err) {
	case fault.Limit:
		tally.Waiting++
		later := p
		later.Why, later.Times.Order = "", day.AddDays(1)
		return d.Store.SavePull(ctx, p, later)
	case fault.Conflict:
		tally.Waiting++
		return nil // an earlier try is not known yet; its end is told
	}
	if err != nil {
		return err
	}
	outcome, err := cards.OutcomeOf(ctx, &attempt)
	if err != nil {
		return err
	}
	switch outcome.Result {
	case checkout.PullTaken:
		tally.Paid, tally.PaidCents = tally.Paid+1, tally.PaidCents+p.Amount
	case checkout.PullDeclined, checkout.PullNotTaken:
		tally.Declined++
	default:
		tally.Waiting++
		return nil
	}
	return d.Pulled(ctx, outcome)
}

// Pulled implements checkout.Autopay: it notes how a try ended and does to card and
// mandate what a decline asks for. It may be told the same end several times.
func (d *Desk) Pulled(ctx context.Context, o checkout.Outcome) error {
	const op = "autopay.Pulled"
	p, err := d.Store.PullFor(ctx, o.Series, o.DueOn)
	if fault.KindOf(err) == fault.NotFound {
		return nil // not of a mandate of ours
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	if p.State != Sent || p.Tries >= o.No {
		return nil // told before
	}
	now := p
	now.Tries, now.Why = o.No, o.Decline.Code
	switch {
	case o.Result == checkout.PullTaken:
		now.State, now.Why = Paid, ""
	case o.Again.On.IsZero():
		now.State = Failed
	default:
		now.Times.Order = o.Again.On
	}
	if err := d.Store.SavePull(ctx, p, now); err != nil {
		return fault.Wrap(op, err)
	}
	if now.State != Failed {
		return nil
	}
	return fault.Wrap(op, d.cardFailed(ctx, &p, &o))
}

// cardFailed does what the end of the tries asks for. Where they are only used up the
// mandate stays: what is due next is tried anew.
func (d *Desk) cardFailed(ctx context.Context, p *Pull, o *checkout.Outcome) error {
	actor, why := ident.Actor{Kind: ident.System, Name: "autopay"}, "declined "+o.Decline.Code
	switch {
	case o.Again.Cancel:
		return d.stop(ctx, p.Book, p.Mandate, mandate.Revoked, why, actor)
	case o.Again.Stop:
		if err := d.endMethod(ctx, p.Book, p.Method, why, actor); err != nil {
			return err
		}
		return d.stop(ctx, p.Book, p.Mandate, mandate.CardDeclined, why, actor)
	case o.Again.NewData:
		return d.hold(ctx, p.Book, p.Mandate, mandate.CardData, why, actor)
	}
	return nil
}

// CardRenewed implements checkout.Autopay: a stored card has another date or number now.
func (d *Desk) CardRenewed(ctx context.Context, credential secret.Text, card checkout.Card) error {
	const op = "autopay.CardRenewed"
	places, err := d.Store.SameMethod(ctx, credential, mandate.CardPurpose)
	if err != nil {
		return fault.Wrap(op, err)
	}
	for _, at := range places {
		if err := d.renew(ctx, at, card); err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}

func (d *Desk) renew(ctx context.Context, at Place, card checkout.Card) error {
	m, err := d.Store.Method(ctx, at.Book, at.ID)
	if err != nil {
		return err
	}
	fresh := m.Card
	fresh.Brand, fresh.Last4, fresh.Expires = card.Brand, card.Last4, calendar.MonthIn(card.ExpiryYear, time.Month(card.ExpiryMonth))
	if m.State == mandate.MethodEnded || fresh == m.Card {
		return nil
	}
	e := mandate.Event{Act: "renew", At: d.Clock.Now(), Actor: ident.Actor{Kind: ident.System, Name: "autopay"}, Reason: "the issuer renewed the card"}
	return d.Store.ReplaceCard(ctx, at.Book, at.ID, fresh, e)
}
