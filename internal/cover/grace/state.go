package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/rule"
)

// stateGraceArrows are the grace of state law: counted in days from the due
// date or, as in California, from the notice.
var stateGraceArrows = []Arrow{
	{From: GraceState, On: GraceRanOut, If: []Guard{RowConfirmed}, To: TermPending, Does: []Act{FixEnd}},
	{From: GraceState, On: Settled, To: Current, Does: []Act{StopClock}},
	{From: GraceState, On: OldestPaid, If: []Guard{CountsFromNotice}, To: PastDue, Does: []Act{StopClock, SendGraceNotice}},
	{From: GraceState, On: OldestPaid, To: GraceState, Does: []Act{StartClock}},
	{From: TermPending, On: Settled, To: Current, Does: []Act{StopClock}},
}

// lapsing are the arrows by which a grace that ran out ends the coverage.
var lapsing = []Arrow{
	{From: TermPending, On: CoolingOver, If: []Guard{NeverCovered}, To: Cancelled, Does: []Act{SendCancellation}},
	{From: TermPending, On: CoolingOver, To: Terminated, Does: []Act{SendTermination}},
}

// stateTable is coverage off the exchange and continuation under state law.
var stateTable = Table{
	Machine: StateMachine,
	Title:   "Under state law (DIRECT, STATE_CONT)",
	Start:   []State{Current},
	Arrows: slices.Concat(withdrawing(Current, PastDue, GraceState, TermPending, Terminated, VoluntaryTerm), []Arrow{
		{From: Current, On: GraceBegan, To: GraceState, Does: []Act{StartClock, SendGraceNotice}},
		{From: Current, On: PaymentMissed, To: PastDue, Does: []Act{SendGraceNotice}},
		{From: PastDue, On: Settled, To: Current, Does: []Act{StopClock}},
		{From: PastDue, On: GraceBegan, To: GraceState, Does: []Act{StartClock}},
	}, stateGraceArrows, lapsing, ending(Current, PastDue, GraceState), []Arrow{reinstating}),
}

// groupTable is the employer's own bill. Its employees are never in a grace for
// its arrears: they have memberTable.
var groupTable = Table{
	Machine: GroupMachine,
	Title:   "Employer (GROUP, the employer's bill)",
	Start:   []State{Current},
	Arrows:  stateTable.Arrows,
}

// memberTable is a member on an employer's list bill. What is unpaid is the
// employer's, so that only the end of the group or of the membership counts.
var memberTable = Table{
	Machine: MemberMachine,
	Title:   "Member of an employer group (GROUP, on a list bill)",
	Start:   []State{Current},
	Arrows: slices.Concat(withdrawing(Current, Terminated, VoluntaryTerm), []Arrow{
		{From: Current, On: EmployerEnded, To: Terminated, Does: []Act{SendGroupNotice}},
	}, ending(Current), []Arrow{
		{From: Terminated, On: StaffReinstated, To: Current, Does: []Act{SendReinstatement}},
	}),
}

// graceDays is the rule that gives the days of a grace of the state or contract.
func (r *run) graceDays() rule.Name {
	if r.table.Machine == GroupMachine {
		return rule.GroupGraceDays
	}
	return rule.StateGraceDays
}

// countsFromNotice reports whether the grace of a charge counts from its notice.
func (r *run) countsFromNotice(due calendar.Date) bool {
	return r.ruleOn(rule.StateGraceFrom, due).Word() == rule.FromNotice
}

// stateStart is the day on which the state grace of a charge begins, or zero
// while the notice that it counts from has not gone.
func (r *run) stateStart(c charge) calendar.Date {
	due := r.dueOn(c)
	if !r.countsFromNotice(due) {
		return due.AddDays(1)
	}
	return r.sent(NoticeGrace, due)
}

// stateLast is the last day of a state grace: that many days after the due
// date, or after the notice.
func (r *run) stateLast() (calendar.Date, rule.Answer) {
	due := r.dueOn(r.anchor)
	days := r.ruleOn(r.graceDays(), due)
	from := due
	if r.countsFromNotice(due) {
		from = r.sent(NoticeGrace, due)
	}
	if from.IsZero() {
		return calendar.Date{}, days
	}
	return from.AddDays(days.Count()), days
}

// stateEnd is the last covered day when a state grace has run out.
func (r *run) stateEnd() calendar.Date {
	if r.rule(rule.StateGraceEnd).Word() == rule.EndOfGrace {
		return r.lastMoment
	}
	return r.anchor.clock.First().AddDays(-1)
}
