package deliver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/people/billpay"
)

// House is what letters must know of the installation; plan.House is one.
type House interface {
	// EntityOf gives a legal entity by its number in the books.
	EntityOf(no chart.EntityNo) plan.Entity
}

// Tell implements checkout.Teller: it writes to the payer of an attempt, if he
// gave an address.
func (p *Post) Tell(ctx context.Context, a checkout.Attempt, news checkout.News) error {
	if a.Mail == "" {
		return nil
	}
	return p.tell(ctx, &a, news, a.Mail, a.Language)
}

// Receipt writes the receipt of a paid attempt to an address that its payer gave
// afterwards. Conflict when it is not paid.
func (p *Post) Receipt(ctx context.Context, a checkout.Attempt, to, language string) error {
	if a.State != checkout.Paid {
		return fault.New(fault.Conflict, "deliver.Receipt", "a payment that is not made has no receipt")
	}
	return p.tell(ctx, &a, checkout.NewsReceipt, to, language)
}

func (p *Post) tell(ctx context.Context, a *checkout.Attempt, news checkout.News, to, language string) error {
	w := wordsFor(language)
	said, known := w.News[news]
	if !known {
		return fault.New(fault.Internal, "deliver.Tell", "there are no words for the news %q", news)
	}
	c := said.content()
	c.Facts = p.facts(w, a)
	// The address is part of the name: two readers' letters are two.
	return p.send(ctx, to, language, strings.Join([]string{string(news), string(a.ID), to}, ":"), c)
}

// facts are what a letter says of a payment: never what it was for, which tells
// of somebody's health.
func (p *Post) facts(w *words, a *checkout.Attempt) []fact {
	amount := a.Amount()
	if a.State == checkout.Paid {
		amount = a.Taken()
	}
	facts := []fact{{w.Amount, amount.Grouped()}}
	if a.State == checkout.Paid {
		facts = append(facts, fact{w.Confirmation, a.Payment.Confirmation()})
	}
	facts = append(facts, fact{w.Date, w.date(p.day(a))})
	for _, last4 := range accounts(a.Parts) {
		facts = append(facts, fact{w.Account, w.ending(last4)})
	}
	if card := cardOf(a.Legs); card.Last4 != "" {
		facts = append(facts, fact{w.Card, w.cardName(card)})
	}
	if a.State == checkout.Paid {
		facts = append(facts, p.shares(w, a)...)
	}
	return facts
}

// shares name who received how much. A payment to two legal entities may have
// succeeded for one.
func (p *Post) shares(w *words, a *checkout.Attempt) []fact {
	var facts []fact
	for i := range a.Legs {
		leg := &a.Legs[i]
		label, value := w.PaidTo, p.house.EntityOf(leg.Purse.Entity).Name
		if leg.State != checkout.LegCaptured {
			label = w.NotPaidTo
		}
		if len(a.Legs) > 1 {
			value = fmt.Sprintf(w.EntityShare, value, leg.Amount.Grouped())
		}
		facts = append(facts, fact{label, value})
	}
	return facts
}

// day is the one that counts for the payer, or on which he began.
func (p *Post) day(a *checkout.Attempt) calendar.Date {
	if !a.Received.IsZero() || len(a.Legs) == 0 {
		return a.Received
	}
	began := a.TriedAt
	if began.IsZero() {
		began = a.CreatedAt
	}
	return p.house.EntityOf(a.Legs[0].Purse.Entity).PostingDay(began)
}

// accounts gives the last four digits of each number that is paid for.
func accounts(parts []checkout.Part) []string {
	var all []string
	for _, part := range parts {
		number, err := billpay.Parse(part.Reference)
		if err == nil && !slices.Contains(all, number.Last4()) {
			all = append(all, number.Last4())
		}
	}
	return all
}

// cardOf gives the card that was used; every leg has the same.
func cardOf(legs []checkout.Leg) checkout.Card {
	for i := range legs {
		if legs[i].Card.Last4 != "" {
			return legs[i].Card
		}
	}
	return checkout.Card{}
}
