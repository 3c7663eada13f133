package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// walk goes on through every day on which something can happen, up to a day.
func (r *run) walk(to calendar.Date) {
	if r.day.IsZero() {
		r.day = firstDay(r.h)
		r.begin()
		r.settleDay()
	}
	for {
		next := r.wakeup()
		if i, _ := slices.BinarySearchFunc(r.steps, r.day.AddDays(1), calendar.Date.Compare); i < len(r.steps) {
			if next.IsZero() || r.steps[i].Before(next) {
				next = r.steps[i]
			}
		}
		if next.IsZero() || next.After(to) || r.err != nil {
			break
		}
		r.day = next
		r.settleDay()
	}
	if r.day != to {
		r.day = to
		r.balance = r.weighed()
	}
}

// stepDays are the days that the history itself names.
func (r *run) stepDays() []calendar.Date {
	var days []calendar.Date
	for _, c := range r.charges {
		days = append(days, c.BilledOn, later(c.DueOn, c.BilledOn))
	}
	for _, c := range r.credits {
		days = append(days, c.on)
	}
	for _, f := range r.facts {
		days = append(days, f.On)
	}
	for _, w := range r.h.Policy.Withhold {
		days = append(days, w.RequestedOn, w.DecidedOn, w.From.First())
	}
	if c := r.h.Policy.Continuation; c != nil {
		days = append(days, c.ElectedOn)
	}
	slices.SortFunc(days, calendar.Date.Compare)
	return slices.Compact(days)
}

// wakeup is the first later day on which an arrow can hold without a new fact.
func (r *run) wakeup() calendar.Date {
	var first calendar.Date
	at := func(d calendar.Date) {
		if d.After(r.day) && (first.IsZero() || d.Before(first)) {
			first = d
		}
	}
	if end := r.planned(); !end.IsZero() {
		at(end.AddDays(1))
	}
	if r.coveredFrom.After(r.h.Policy.From) {
		at(r.coveredFrom) // the months before are taken back then
	}
	for _, f := range r.facts {
		at(f.On)
		if f.Kind == GroupEnded {
			at(f.Day.AddDays(1))
		}
	}
	if r.state.Over() {
		return first
	}
	r.wakeForCharges(at)
	r.wakeForWithhold(at)
	if last, _ := r.last(); !last.IsZero() {
		at(last.AddDays(1))
		at(last.AddBusinessDays(r.rule(rule.Cooling).Count()))
	}
	if !r.lastMoment.IsZero() {
		at(r.lastMoment.AddBusinessDays(r.rule(rule.Cooling).Count()))
	}
	if r.credit {
		at(r.anchor.clock.Add(1).First())
		at(r.anchor.clock.Add(2).First())
	}
	return first
}

// wakeForCharges are the days on which a charge falls due, is missed or brings
// a grace about. One that is paid before is passed over, unless a shortfall
// stands that a tolerance let pass: a new month changes what that is a part of.
func (r *run) wakeForCharges(at func(calendar.Date)) {
	for _, c := range r.charges {
		due := r.dueOn(c)
		if c.BilledOn.After(r.day) {
			at(c.BilledOn)
			continue
		}
		if due.IsZero() || c.Owed <= 0 || r.balance.outstanding == 0 && r.paidAhead(c) {
			continue
		}
		at(due)
		at(due.AddDays(1))
		at(r.missedFrom(c))
		if r.byMonth(c) {
			at(r.monthStart(c))
		}
		if r.table.Machine == ContinuationMachine {
			last, _ := r.periodLast(c)
			at(last.AddDays(1))
		}
	}
}

// paidAhead reports whether the money of a charge's month covers the month.
func (r *run) paidAhead(c charge) bool {
	var owed money.Cents
	for _, o := range r.charges {
		if o.Month == c.Month && !o.BilledOn.After(r.day) {
			owed += o.Owed
		}
	}
	return r.creditedTo(c.Month, r.day) >= owed
}

func (r *run) wakeForWithhold(at func(calendar.Date)) {
	for _, w := range r.h.Policy.Withhold {
		at(w.RequestedOn)
		at(w.DecidedOn)
		at(w.From.First())
		if !w.To.IsZero() {
			at(w.To.Add(1).First())
		}
	}
}
