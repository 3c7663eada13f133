package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// medicareTable is Medicare Advantage and Part D (42 CFR 422.74(d)(1),
// 423.44(d)(1)). Nobody is disenrolled who was not told, or whose premium is
// withheld or about to be. LEP and IRMAA that others bill are not here.
var medicareTable = Table{
	Machine: MedicareMachine,
	Title:   "Medicare (MA, MAPD, PDP)",
	Start:   []State{Current},
	Arrows: slices.Concat(withdrawing(Current, PastDue, GraceState, Withheld, TermPending, Terminated, VoluntaryTerm), []Arrow{
		{From: Current, On: WithholdAccepted, To: Withheld},
		{From: Current, On: GraceBegan, To: GraceState, Does: []Act{StartClock, SendFailureNotice}},
		{From: Current, On: PaymentMissed, To: PastDue, Does: []Act{SendFailureNotice}},
		{From: PastDue, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: PastDue, On: WithholdAccepted, To: Withheld, Does: []Act{StopClock}},
		{From: PastDue, On: GraceBegan, To: GraceState, Does: []Act{StartClock, SendFailureNotice}},
		{
			From: GraceState, On: GraceRanOut, If: []Guard{NoWithhold, PlanDisenrols, FailureNoticeSent, RowConfirmed},
			To: TermPending, Does: []Act{FixEnd},
		},
		{From: GraceState, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: GraceState, On: WithholdAccepted, To: Withheld, Does: []Act{StopClock}},
		{From: GraceState, On: OldestPaid, To: GraceState, Does: []Act{StartClock, SendFailureNotice}},
		{From: TermPending, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: Withheld, On: WithholdEnded, To: Current, Does: []Act{SendDirectBill}},
		{
			From: Terminated, On: GoodCause, If: []Guard{AskedInTime, ArrearsPaidInTime},
			To: Current, Does: []Act{StopClock, SendReinstatement},
		},
	}, lapsing, ending(Current, PastDue, GraceState, Withheld), []Arrow{reinstating}),
}

// medicareStart is the first day of the month for which premium is unpaid, or of
// the month after it was asked for, whichever is later. A month whose withhold was
// rejected is asked for with the next cycle's bill.
func (r *run) medicareStart(c charge) calendar.Date {
	start := c.clock.First()
	if next := calendar.MonthOf(c.BilledOn).Add(1).First(); next.After(start) {
		start = next
	}
	return r.rejectedDue(c.Month, start)
}

// medicareLast is the end of the whole months of grace, or of the month in which
// the notice went if that was later: disenrolment is never for days gone by.
func (r *run) medicareLast() (calendar.Date, rule.Answer) {
	start := r.medicareStart(r.anchor)
	months := r.ruleOn(rule.MedicareGraceMonths, start)
	last := calendar.MonthOf(start).Add(months.Count() - 1).Last()
	if sent := r.sent(NoticeFailureToPay, r.anchor.BilledOn); sent.After(last) {
		last = calendar.MonthOf(sent).Last()
	}
	return last, months
}

// withholdOn gives a withhold's status on the day: requested until it is decided.
func (r *run) withholdOn(w coverage.Withhold) coverage.WithholdStatus {
	asked := w.RequestedOn
	if asked.IsZero() {
		asked = w.From.First()
	}
	switch {
	case !w.DecidedOn.IsZero() && !w.DecidedOn.After(r.day):
		return w.Status
	case w.DecidedOn.IsZero() && w.Status != coverage.WithholdRequested:
		return w.Status // decided before anybody wrote down when
	case asked.After(r.day):
		return ""
	}
	return coverage.WithholdRequested
}

func within(w coverage.Withhold, m calendar.Month) bool {
	return !m.Before(w.From) && (w.To.IsZero() || !m.After(w.To))
}

// protected reports whether the month is withheld, or will be when the request
// is granted.
func (r *run) protected(m calendar.Month) bool {
	return slices.ContainsFunc(r.h.Policy.Withhold, func(w coverage.Withhold) bool {
		status := r.withholdOn(w)
		return within(w, m) && (status == coverage.WithholdAccepted || status == coverage.WithholdRequested)
	})
}

// withholding reports whether a withhold stands in the day's month.
func (r *run) withholding() bool {
	return slices.ContainsFunc(r.h.Policy.Withhold, func(w coverage.Withhold) bool {
		return within(w, calendar.MonthOf(r.day)) && r.withholdOn(w) == coverage.WithholdAccepted
	})
}

// settingUp reports whether a withhold stands or is being set up, for the day's
// month or a later one.
func (r *run) settingUp() bool {
	return r.withholding() || slices.ContainsFunc(r.h.Policy.Withhold, func(w coverage.Withhold) bool {
		return r.withholdOn(w) == coverage.WithholdRequested && (w.To.IsZero() || !w.To.Before(calendar.MonthOf(r.day))) ||
			r.withholdOn(w) == coverage.WithholdAccepted && w.From.After(calendar.MonthOf(r.day))
	})
}

// rejectedDue moves the due date of a month whose withhold was rejected to the
// next billing cycle.
func (r *run) rejectedDue(m calendar.Month, due calendar.Date) calendar.Date {
	for _, w := range r.h.Policy.Withhold {
		if within(w, m) && r.withholdOn(w) == coverage.WithholdRejected && !w.DecidedOn.IsZero() {
			if next := calendar.MonthOf(w.DecidedOn).Add(1).First(); next.After(due) {
				due = next
			}
		}
	}
	return due
}

// goodCauseLast are the last days to ask for reinstatement and to pay for it,
// counted from the effective date of disenrolment.
func (r *run) goodCauseLast() (ask, pay calendar.Date) {
	effective := r.endsOn.AddDays(1)
	ask = effective.AddDays(r.ruleOn(rule.GoodCauseRequest, effective).Count())
	month := calendar.MonthOf(effective)
	pay = month.Add(r.ruleOn(rule.GoodCausePayment, effective).Count()).First().AddDays(effective.Sub(month.First()))
	return ask, pay
}
