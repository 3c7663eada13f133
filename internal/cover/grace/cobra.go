package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// continuationTable is federal COBRA (26 CFR 54.4980B-6 and -8). Money counts
// from the day it was sent.
var continuationTable = Table{
	Machine: ContinuationMachine,
	Title:   "Federal continuation (COBRA)",
	Start:   []State{PendingBinder},
	Arrows: slices.Concat(withdrawing(PendingBinder, Current, GraceState, TermPending, Terminated, VoluntaryTerm), []Arrow{
		{From: PendingBinder, On: FirstLapsed, If: []Guard{RowConfirmed, WasBilled}, To: TermPending, Does: []Act{FixEnd}},
		{From: PendingBinder, On: FirstPaid, To: Current, Does: []Act{SendEffectuation}},
		{From: PendingBinder, On: ElectionLapsed, If: []Guard{RowConfirmed}, To: Cancelled, Does: []Act{FixEnd, SendCancellation}},
		{From: Current, On: GraceBegan, To: GraceState, Does: []Act{StartClock}},
		{From: GraceState, On: GraceRanOut, If: []Guard{RowConfirmed}, To: TermPending, Does: []Act{FixEnd}},
		{From: GraceState, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: GraceState, On: OldestPaid, To: GraceState, Does: []Act{StartClock}},
		{From: TermPending, On: Settled, To: Current, Does: []Act{StopClock}},
	}, lapsing, ending(Current, GraceState), []Arrow{reinstating}),
}

// electionLast is the last day to elect: from the later of the loss of coverage
// and the notice, and zero while no notice was given.
func (r *run) electionLast() (calendar.Date, rule.Answer) {
	c := r.h.Policy.Continuation
	days := r.ruleOn(rule.CobraElection, r.h.Policy.From)
	if c == nil || c.NoticeOn.IsZero() {
		return calendar.Date{}, days
	}
	from := c.NoticeOn
	if c.LossOn.After(from) {
		from = c.LossOn
	}
	return from.AddDays(days.Count()), days
}

func (r *run) elected() bool {
	c := r.h.Policy.Continuation
	return c != nil && !c.ElectedOn.IsZero() && !c.ElectedOn.After(r.day)
}

// firstLast is the last day for the first payment.
func (r *run) firstLast() (calendar.Date, rule.Answer) {
	days := r.ruleOn(rule.CobraFirstPayment, r.h.Policy.From)
	if !r.elected() {
		return calendar.Date{}, days
	}
	return r.h.Policy.Continuation.ElectedOn.AddDays(days.Count()), days
}

// periodLast is the last day to pay a period: its own grace, and never before
// the time for the first payment is over.
func (r *run) periodLast(c charge) (calendar.Date, rule.Answer) {
	days := r.ruleOn(rule.CobraGrace, c.clock.First())
	start := c.clock.First()
	if due := r.dueOn(c); due.After(start) {
		start = due
	}
	own := start.AddDays(days.Count())
	if first, row := r.firstLast(); first.After(own) {
		return first, row
	}
	return own, days
}

// cobraLast is the last day to pay what is oldest. An insignificant shortfall
// has the time that the notice of it gives, and no end before the notice. What
// counts is how much was short on the period's own last day: paying it later does
// not make the payment late.
func (r *run) cobraLast() (calendar.Date, rule.Answer) {
	last, row := r.periodLast(r.anchor)
	if !r.day.After(last) || !r.insignificant(r.anchor, last, r.weigh(last, last).open) {
		return last, row
	}
	days := r.rule(rule.CobraShortfallTime)
	sent := r.sent(NoticeShortfall, r.dueOn(r.anchor))
	if sent.IsZero() {
		return calendar.Date{}, days
	}
	if extended := sent.AddDays(days.Count()); extended.After(last) {
		return extended, days
	}
	return last, row
}

// insignificant reports whether what was short of the payment of a charge, with
// all that has the same last day, is no more than the lesser of the amount and
// the part of what was required (Q&A-5(d)); both limits included. Open is what is
// open of each charge.
func (r *run) insignificant(of charge, last calendar.Date, open []money.Cents) bool {
	required, short, _ := r.short(of, last, open)
	if short <= 0 {
		return false
	}
	amount := r.ruleOn(rule.CobraShortfallAmount, of.clock.First())
	part := r.ruleOn(rule.CobraShortfallPercent, of.clock.First())
	return short <= amount.Cents() && int64(short)*10000 <= int64(required)*part.BasisPoints()
}

// short gives what was required of a charge with all that has the same last day,
// what of it was short, and the last month of it.
func (r *run) short(of charge, last calendar.Date, open []money.Cents) (required, short money.Cents, through calendar.Month) {
	group, _ := r.periodLast(of)
	for i, c := range r.charges {
		if r.dueOn(c).After(last) {
			continue
		}
		if same, _ := r.periodLast(c); same == group {
			required += c.Owed
			short += open[i]
			if c.Month.After(through) {
				through = c.Month
			}
		}
	}
	return required, short, through
}

// treatsAsFull reports whether the plan takes an insignificant shortfall as
// full payment instead of asking for it.
func (r *run) treatsAsFull(c charge) bool {
	return r.ruleOn(rule.CobraShortfallAction, c.clock.First()).Word() == rule.TreatAsFull
}

// longest is the last day of the longest continuation: the months from the loss
// of coverage, month end to month end.
func (r *run) longest() calendar.Date {
	c := r.h.Policy.Continuation
	if c == nil || c.MonthsMost == 0 {
		return calendar.Date{}
	}
	lost := calendar.MonthOf(c.LossOn)
	last := lost.Add(c.MonthsMost).Last()
	if c.LossOn == lost.Last() {
		return last
	}
	if same := lost.Add(c.MonthsMost).First().AddDays(c.LossOn.Sub(lost.First())); same.Before(last) {
		return same
	}
	return last
}
