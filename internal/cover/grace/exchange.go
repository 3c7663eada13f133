package grace

import (
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// exchangeTable is on-exchange coverage: the binder (45 CFR 155.400(e)), the
// grace with tax credit (156.270(d) to (g)), and state grace without it.
var exchangeTable = Table{
	Machine: ExchangeMachine,
	Title:   "On the exchange (EXCH_APTC, EXCH_NOAPTC)",
	Start:   []State{PendingBinder, Current},
	Arrows: slices.Concat(withdrawing(
		PendingBinder, Current, PastDue, GraceM1, GraceM2, GraceM3, GraceState, TermPending, Terminated, VoluntaryTerm,
	), []Arrow{
		{From: PendingBinder, On: NothingOwed, To: Current, Does: []Act{SendEffectuation}},
		{From: PendingBinder, On: BinderPaid, To: Current, Does: []Act{SendEffectuation}},
		{
			From: PendingBinder, On: OneMonthPaid, If: []Guard{RetroactiveEntry},
			To: Current, Does: []Act{StartProspectively, SendEffectuation},
		},
		{From: PendingBinder, On: BinderLapsed, If: []Guard{WasBilled, RowConfirmed}, To: Cancelled, Does: []Act{FixEnd, SendCancellation}},
		{
			From: Current, On: RetroactivePaid, If: []Guard{RetroactiveDeadline},
			To: Current, Does: []Act{StartFromBeginning, SendEffectuation},
		},
		{From: Current, On: GraceBegan, If: []Guard{CreditGraceApplies}, To: GraceM1, Does: []Act{StartClock, SendDelinquency}},
		{From: Current, On: GraceBegan, If: []Guard{CreditGraceNot}, To: GraceState, Does: []Act{StartClock, SendGraceNotice}},
		{From: Current, On: PaymentMissed, If: []Guard{CreditGraceNot}, To: PastDue, Does: []Act{SendGraceNotice}},
		{From: Current, On: PaymentMissed, To: PastDue},
		{From: PastDue, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: PastDue, On: GraceBegan, If: []Guard{CreditGraceApplies}, To: GraceM1, Does: []Act{StartClock, SendDelinquency}},
		{From: PastDue, On: GraceBegan, If: []Guard{CreditGraceNot}, To: GraceState, Does: []Act{StartClock, SendGraceNotice}},
		{From: GraceM1, On: GraceRanOut, If: []Guard{RowConfirmed}, To: TermPending, Does: []Act{FixEnd}},
		{From: GraceM1, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: GraceM1, On: CoverageEnded, To: VoluntaryTerm, Does: []Act{SendEndNotice}},
		{From: GraceM1, On: SecondMonth, To: GraceM2, Does: []Act{SendProviderNotice}},
		{From: GraceM2, On: EarlierEnd, To: VoluntaryTerm, Does: []Act{SendEndNotice}},
		{From: GraceM2, On: GraceRanOut, If: []Guard{RowConfirmed}, To: TermPending, Does: []Act{FixEnd}},
		{From: GraceM2, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: GraceM2, On: ThirdMonth, To: GraceM3},
		{From: GraceM3, On: EarlierEnd, To: VoluntaryTerm, Does: []Act{SendEndNotice}},
		{From: GraceM3, On: GraceRanOut, If: []Guard{RowConfirmed}, To: TermPending, Does: []Act{FixEnd}},
		{From: GraceM3, On: Settled, To: Current, Does: []Act{StopClock}},
	}, stateGraceArrows, []Arrow{
		{From: TermPending, On: CoolingOver, If: []Guard{NeverCovered}, To: Cancelled, Does: []Act{SendCancellation}},
		{From: TermPending, On: CoolingOver, To: Terminated, Does: []Act{SendTermination, SendReturnAPTC}},
	}, ending(Current, PastDue, GraceState), []Arrow{reinstating}),
}

// binder is the first payment's deadline and the row that sets it. Without a
// binder, or while it is not known, the date is zero.
func (r *run) binder() (calendar.Date, rule.Answer) {
	p := r.h.Policy
	from, name := p.From, rule.BinderRegular
	switch p.Entry {
	case coverage.SpecialEntry:
		name = rule.BinderSpecial
		if p.ReceivedOn.After(from) {
			from = p.ReceivedOn
		}
	case coverage.Retroactive:
		from, name = p.ReceivedOn, rule.BinderRetroactive
	}
	days := r.ruleOn(name, p.From)
	return from.AddDays(days.Count() + r.ruleOn(rule.BinderExtension, p.From).Count()), days
}

// binderCharges are the months that the first payment must cover: the first
// one, or of a retroactive enrolment all that are due (155.400(e)(1)(iii)).
func (r *run) binderCharges() (due []int) {
	last := calendar.MonthOf(r.h.Policy.From)
	if r.h.Policy.Entry == coverage.Retroactive {
		last = calendar.MonthOf(r.day)
		if next := r.ruleOn(rule.BinderProspectiveMonth, r.h.Policy.From); next.On() && next.Confirmed {
			last = last.Add(1)
		}
	}
	for i, c := range r.charges {
		if !c.BilledOn.After(r.day) && !c.Month.After(last) {
			due = append(due, i)
		}
	}
	return due
}

// creditGrace reports whether the oldest unpaid month has the three-month grace:
// tax credit in it, and a full month paid in the benefit year before it.
func (r *run) creditGrace() bool {
	if r.anchored {
		return r.credit
	}
	oldest := r.balance.oldest
	if oldest < 0 || r.monthAPTC(r.charges[oldest].clock) <= 0 {
		return false
	}
	year, paid := r.charges[oldest].clock.Year(), r.paidBefore(r.charges[oldest].clock.Year())
	for i, c := range r.charges {
		if c.first && c.Month.Year() == year && c.Month.Before(r.charges[oldest].clock) && !r.dueOn(c).After(r.day) &&
			(r.balance.open[i] == 0 || r.dueOn(c).Before(r.spanFrom)) {
			paid++
		}
	}
	return paid >= r.ruleOn(rule.CreditGracePaid, r.charges[oldest].clock.First()).Count()
}

// creditEnd is the last covered day when a grace with tax credit runs out.
func (r *run) creditEnd() calendar.Date {
	return r.anchor.clock.Add(r.rule(rule.CreditGraceCovered).Count() - 1).Last()
}

// paidBefore is how many months of a year count as paid at an earlier system: one,
// where coverage that was in force there came here within the year, for it would not
// have been in force unpaid.
func (r *run) paidBefore(year int) int {
	if p := r.h.Policy; p.Entry == coverage.Takeover && p.From.After(calendar.On(year, time.January, 31)) && calendar.MonthOf(p.From).Year() == year {
		return 1
	}
	return 0
}

// creditLast is the last day of the grace with tax credit: consecutive months
// from the first unpaid one, whatever is paid in part.
func (r *run) creditLast() (calendar.Date, rule.Answer) {
	months := r.rule(rule.CreditGraceMonths)
	return r.anchor.clock.Add(months.Count() - 1).Last(), months
}
