package enrolment

import (
	"context"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// recordDebtors adds to m's history what holds from a date on and is not in it.
func (e *Enrolment) recordDebtors(m *Member, from calendar.Date) error {
	var sponsor billpay.Number
	if m.Standing.SponsorPays {
		sponsor = m.Standing.Sponsor
	}
	entries, err := member.DebtorsFrom(member.Owing{
		Member:     member.Subject{Number: m.Number, Person: m.Record.Person},
		Subscriber: m.Standing.Subscriber, Sponsor: sponsor, Guarantor: m.Standing.Guarantor,
	}, from)
	if err != nil {
		return err
	}
	history := historyOf(m)
	for _, entry := range entries {
		if held, ok := history.On(m.Number, entry.Fund, entry.From); ok && held == entry.Debtor {
			continue
		}
		m.Debtors = append(m.Debtors, entry)
		history = history.With(entry)
	}
	m.Owing = owingOn(m, e.today(m))
	return nil
}

func historyOf(m *Member) member.Debtors {
	var history member.Debtors
	for _, entry := range m.Debtors {
		history = history.With(entry)
	}
	return history
}

// owingOn gives who owes on a date. Before the first entry of a fund, for
// coverage that has not begun, it is whoever the first entry names: a payment
// may come early.
func owingOn(m *Member, on calendar.Date) Owing {
	history := historyOf(m)
	owes := func(fund chart.Fund) billpay.Number {
		debtor, ok := history.On(m.Number, fund, on)
		if !ok {
			first := calendar.Date{}
			for _, entry := range m.Debtors {
				if entry.Fund == fund && (first.IsZero() || entry.From.Before(first)) {
					first, debtor = entry.From, entry.Debtor
				}
			}
		}
		if debtor.Number == m.Number {
			return 0
		}
		return debtor.Number
	}
	return Owing{Premium: owes(chart.Premium), Medical: owes(chart.Medical), Pharmacy: owes(chart.Pharmacy)}
}

// today is the civil date of the member's region. Without one it is the date in
// UTC, ahead of every clock in the United States: what ends by age ends no
// later than it must.
func (e *Enrolment) today(m *Member) calendar.Date {
	now := e.clock.Now()
	if pack, ok := e.house.Region(region.ID(m.Record.Person.Region)); ok && pack.Zone != nil {
		return calendar.In(now, pack.Zone)
	}
	return calendar.In(now, now.Location())
}

// firstDay is the day from which who owes for a new member matters.
func (e *Enrolment) firstDay(m *Member, c member.Change) calendar.Date {
	first := c.Effective
	for _, coverage := range m.Record.Coverages {
		for _, span := range coverage.Spans {
			if first.IsZero() || span.From.Before(first) {
				first = span.From
			}
		}
	}
	if first.IsZero() {
		return e.today(m)
	}
	return first
}

// TurnDebtors brings who owes today up to date for members whose history has an
// entry from a day in (after, to]: a minor came of age, a sponsor took over. The
// daily run calls it; running it twice changes nothing. It gives how many
// members changed.
func (e *Enrolment) TurnDebtors(ctx context.Context, access audit.Access, after, to calendar.Date) (int, error) {
	if err := access.Check(); err != nil {
		return 0, err
	}
	books, err := e.store.DebtorTurns(ctx, after, to)
	if err != nil {
		return 0, fault.Wrap("enrolment.TurnDebtors", err)
	}
	turned := 0
	for chunk := range slices.Chunk(books, chunkRows) {
		members, err := e.store.Members(ctx, chunk)
		if err != nil {
			return turned, fault.Wrap("enrolment.TurnDebtors", err)
		}
		var writes Writes
		for i := range members {
			before, m := &members[i], members[i].clone()
			if m.Owing = owingOn(m, e.today(m)); m.Owing == before.Owing {
				continue
			}
			m.Version++
			writes.Audit = append(writes.Audit, m.Audited.Entry(access, audit.Enrol, audit.Changed, book(m), e.clock.Now()))
			writes.Edits = append(writes.Edits, Edit{before, m})
		}
		if writes.isEmpty() {
			continue
		}
		if err := e.store.SaveMembers(ctx, &writes); err != nil {
			if errors.Is(err, ErrStale) {
				err = fault.New(fault.Unavailable, "", "a record changed meanwhile; run it again")
			}
			return turned, fault.Wrap("enrolment.TurnDebtors", err)
		}
		turned += len(writes.Edits)
	}
	return turned, nil
}
