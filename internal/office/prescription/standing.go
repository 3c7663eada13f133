package prescription

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/cashier"
)

// Standing is how a participant stands. Part D coverage does not depend on it.
type Standing struct {
	Account     ident.Opaque  `json:"account"`
	Open        money.Cents   `json:"open_cents"`
	PastDue     money.Cents   `json:"past_due_cents"`
	UnpaidSince calendar.Date `json:"unpaid_since"`   // when the oldest unpaid bill was due; empty while none is past due
	TellBy      calendar.Date `json:"tell_by"`        // notice of failure to pay
	GraceFrom   calendar.Date `json:"grace_from"`     // whole calendar months
	GraceTo     calendar.Date `json:"grace_to"`       // its last day
	MayEndFrom  calendar.Date `json:"may_end_from"`   // from when participation may end, once the grace is over; empty before
	TellOfEndBy calendar.Date `json:"tell_of_end_by"` // notice that it ended
	Rule        string        `json:"rule"`           // of the grace
	Citation    string        `json:"citation"`
	Unconfirmed []string      `json:"unconfirmed,omitempty"` // rows among those used that nobody has confirmed
	book        ledger.BookNo
}

// Book gives whose account the standing is about, for the audit trail.
func (s *Standing) Book() ledger.BookNo { return s.book }

// pageBooks is how many participants are read at a time.
const pageBooks = 500

// Standings tells how every participant with something open stands on a day.
func (p *Plan) Standings(ctx context.Context, day calendar.Date, each func(Standing) error) error {
	const op = "prescription.Standings"
	for after := ledger.BookNo(0); ; {
		items, err := p.Store.PrescriptionOpen(ctx, after, pageBooks)
		if err != nil || len(items) == 0 {
			return fault.Wrap(op, err)
		}
		standings := gather(items, day)
		books := make([]ledger.BookNo, len(standings))
		for i := range standings {
			books[i] = standings[i].book
		}
		have, err := p.Store.Read(ctx, cashier.Want{Books: books})
		if err != nil {
			return fault.Wrap(op, err)
		}
		for i := range standings {
			s := &standings[i]
			s.Account = have.Books[s.book].Opaque
			if err := p.grace(s, day); err != nil {
				return fault.Wrap(op, err)
			}
			if err := each(*s); err != nil {
				return err
			}
		}
		after = books[len(books)-1]
	}
}

// gather adds up the open items of each participant.
func gather(items []openitem.Item, day calendar.Date) []Standing {
	var all []Standing
	for i := range items {
		item := &items[i]
		if n := len(all); n == 0 || all[n-1].book != item.Book {
			all = append(all, Standing{book: item.Book})
		}
		s := &all[len(all)-1]
		s.Open += item.Open
		if !item.DueOn.Before(day) {
			continue
		}
		s.PastDue += item.Open
		if s.UnpaidSince.IsZero() || item.DueOn.Before(s.UnpaidSince) {
			s.UnpaidSince = item.DueOn
		}
	}
	return all
}

// grace works out the days that follow from an unpaid bill. The grace counts whole
// calendar months, from the first of the month after the bill was due. A row that
// nobody has confirmed ends nobody's participation.
func (p *Plan) grace(s *Standing, day calendar.Date) error {
	if s.UnpaidSince.IsZero() {
		return nil
	}
	find := func(name rule.Name) (rule.Answer, error) {
		a, err := p.Rules.Find(name, rule.Place{Line: coverage.PDP}, s.UnpaidSince)
		if err == nil && !a.Confirmed {
			s.Unconfirmed = append(s.Unconfirmed, a.ID())
		}
		return a, err
	}
	months, err := find(rule.PrescriptionGraceMonths)
	if err != nil {
		return err
	}
	tell, err := find(rule.PrescriptionNotice)
	if err != nil {
		return err
	}
	end, err := find(rule.PrescriptionEnd)
	if err != nil {
		return err
	}
	first := calendar.MonthOf(s.UnpaidSince).Add(1)
	s.GraceFrom, s.GraceTo = first.First(), first.Add(months.Count()-1).Last()
	s.TellBy, s.Rule, s.Citation = s.UnpaidSince.AddDays(tell.Count()), months.ID(), months.Citation
	if day.After(s.GraceTo) && months.Confirmed {
		s.MayEndFrom, s.TellOfEndBy = s.GraceTo.AddDays(1), s.GraceTo.AddDays(end.Count())
	}
	return nil
}
