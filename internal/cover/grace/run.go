package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// run is one walk through a history, from its first day on, with what was known
// at its end.
type run struct {
	h       History
	rules   *rule.Set
	place   rule.Place
	table   Table
	charges []charge
	credits []credit
	facts   []Fact
	err     error // the first rule that was missing

	day     calendar.Date
	state   State
	since   calendar.Date
	balance balance
	basis   Basis

	anchored bool // a grace runs, from anchor
	credit   bool // it is the grace with tax credit
	anchor   charge
	spanFrom calendar.Date // see startSpan
	spanBase money.Cents
	spanAPTC money.Cents

	coveredFrom calendar.Date
	lastMoment  calendar.Date // fixed when a grace or deadline ran out
	endsOn      calendar.Date

	tolerances tolerances // of the stretch, see allowance

	log    []Transition
	duties []Duty

	steps []calendar.Date // that the history itself names
	marks []*run          // the run after each day it stopped at, to walk on from; kept while keep is set
	keep  bool
}

// tableOf picks the machine of a policy.
func tableOf(p coverage.Policy) Table {
	switch {
	case p.Line == coverage.Group && p.Group != 0:
		return memberTable
	case p.Line == coverage.Group:
		return groupTable
	case p.Line.OnExchange():
		return exchangeTable
	case p.Line.Medicare():
		return medicareTable
	case p.Line == coverage.COBRA:
		return continuationTable
	}
	return stateTable
}

// newRun starts a walk with what was known at the end of a day, and with what
// became known on the very day from which it counts.
func newRun(h History, rules *rule.Set, known calendar.Date) *run {
	r := &run{
		h: h, rules: rules, place: rule.Place{State: h.Policy.State, Line: h.Policy.Line}, table: tableOf(h.Policy),
		charges: chargesOf(h), coveredFrom: h.Policy.From,
	}
	r.learn(known)
	return r
}

// learn takes up what was known at the end of a day, and what becomes known on
// the very day from which it counts.
func (r *run) learn(known calendar.Date) {
	r.credits, r.facts = nil, nil
	for _, c := range creditsOf(r.h) {
		if !c.known().After(known) || !c.known().After(c.on) {
			r.credits = append(r.credits, c)
		}
	}
	for _, f := range r.h.Facts {
		if !f.known().After(known) || !f.known().After(f.On) {
			r.facts = append(r.facts, f)
		}
	}
	slices.SortStableFunc(r.facts, func(a, b Fact) int { return a.On.Compare(b.On) })
	r.steps = r.stepDays()
}

// back gives the run as it was before a day, with what is known by another, to
// walk on from there. Only what counts from that day on may be new in it.
func (r *run) back(before, known calendar.Date) *run {
	last, _ := slices.BinarySearchFunc(r.marks, before, func(m *run, d calendar.Date) int { return m.day.Compare(d) })
	if last == 0 {
		again := newRun(r.h, r.rules, known)
		again.keep = r.keep
		return again
	}
	again := r.marks[last-1].fork()
	again.marks = slices.Clip(r.marks[:last])
	again.learn(known)
	return again
}

// fork gives a walk that goes on by itself from here.
func (r *run) fork() *run {
	f := *r
	f.log, f.duties, f.marks = slices.Clip(f.log), slices.Clip(f.duties), slices.Clip(f.marks)
	return &f
}

// firstDay is the day on which the walk begins.
func firstDay(h History) calendar.Date {
	first := h.Policy.From
	if on := h.Policy.ReceivedOn; !on.IsZero() && on.Before(first) {
		first = on
	}
	for _, c := range h.Charges {
		if c.BilledOn.Before(first) && !c.BilledOn.IsZero() {
			first = c.BilledOn
		}
	}
	return first
}

func (r *run) begin() {
	start := r.table.Start[0]
	if entry := r.h.Policy.Entry; start == PendingBinder && r.table.Machine == ExchangeMachine &&
		(entry == coverage.PassiveRenewal || entry == coverage.Takeover) {
		start = Current // no new binder in the same product line, nor for what was in force before
	}
	r.state, r.since = start, r.day
	r.log = append(r.log, Transition{On: r.day, To: start, Event: EnrolmentReceived, Effective: r.h.Policy.From, claims: r.claims()})
}

// settleDay takes arrows until none holds.
func (r *run) settleDay() {
	r.startSpan()
	// A table cannot circle on one day: every arrow needs money, a decision or a
	// date that the one before did not. The bound makes a mistake in one harmless.
	for range len(r.table.Arrows) {
		r.balance = r.weighed()
		if !r.anchored {
			r.anchor = charge{}
			if r.balance.oldest >= 0 {
				r.anchor = r.charges[r.balance.oldest]
			}
		}
		if !r.step() {
			break
		}
	}
	r.daily()
	if r.keep {
		mark := *r
		mark.marks = nil
		r.marks = append(r.marks, &mark)
	}
}

// weighed is the balance that counts in the state: when a last moment is fixed,
// what comes after it counts no more.
func (r *run) weighed() balance {
	if r.lastMoment.IsZero() {
		return r.weigh(r.day, r.creditBy())
	}
	return r.weigh(r.lastMoment, r.lastMoment)
}

// creditBy is the day up to which money counts: a first payment is made by its
// deadline or not at all, if the deadline is one that holds.
func (r *run) creditBy() calendar.Date {
	if r.state != PendingBinder {
		return r.day
	}
	last := r.binder
	if r.table.Machine == ContinuationMachine {
		last = r.firstLast
	}
	by, row := last()
	if by.IsZero() || !r.day.After(by) || !row.Confirmed {
		return r.day
	}
	return by
}

func (r *run) step() bool {
	for _, arrow := range r.table.Arrows {
		if arrow.From == r.state && conditions[arrow.On](r) && r.allowed(arrow) {
			r.take(arrow)
			return true
		}
	}
	return false
}

func (r *run) allowed(a Arrow) bool {
	for _, guard := range a.If {
		if !guards[guard](r) {
			r.refused(a, guard)
			return false
		}
	}
	return true
}

// refused raises the alarm of a guard that keeps coverage from ending.
func (r *run) refused(a Arrow, guard Guard) {
	switch guard {
	case RowConfirmed:
		for _, row := range r.endingRows() {
			if !row.Confirmed {
				r.alarm(RowUnconfirmed, basisOf(row))
			}
		}
	case WasBilled:
		r.alarm(NotBilled, Basis{})
	case FailureNoticeSent:
		r.alarm(NoticeUnsent, Basis{})
	case AllPaid:
		r.alarm(NotAllPaid, Basis{})
	case AskedInTime:
		if a.On == GoodCause {
			r.alarm(AskedTooLate, Basis{})
		}
	}
}

func (r *run) take(a Arrow) {
	from := r.state
	_, row := r.last()
	r.basis = Basis{}
	if row.Rule != "" {
		r.basis = basisOf(row)
	}
	if slices.Contains(a.Does, StartClock) {
		r.startClock(a.To)
	}
	if slices.Contains(a.Does, FixEnd) {
		r.fixEnd()
	}
	r.state = a.To
	if from != a.To {
		r.since = r.day
	}
	for _, act := range a.Does {
		acts[act](r)
	}
	t := Transition{On: r.day, From: from, To: a.To, Event: a.On, Basis: r.basis, claims: r.claims()}
	switch {
	case a.To.Over() || a.To == TermPending:
		t.Effective = r.endsOn
	case slices.Contains(a.Does, SendEffectuation):
		t.Effective = r.coveredFrom
	}
	r.log = append(r.log, t)
	if slices.Contains(a.Does, StopClock) {
		r.stopClock()
	}
}

func (r *run) startClock(to State) {
	r.credit = to == GraceM1
	r.anchored = true
	r.anchor = r.charges[r.balance.oldest]
	last, row := r.last()
	if row.Rule != "" {
		r.basis = basisOf(row)
	}
	if row.Default && !last.IsZero() {
		r.alarm(RowIsDefault, basisOf(row))
	}
}

func (r *run) stopClock() {
	r.anchored, r.credit, r.anchor = false, false, charge{}
	r.lastMoment, r.endsOn = calendar.Date{}, calendar.Date{}
}

// fixEnd writes down the last moment and the last covered day.
func (r *run) fixEnd() {
	r.lastMoment, _ = r.last()
	if r.table.Machine == ContinuationMachine && !r.anchored && r.balance.oldest >= 0 {
		r.anchor, r.anchored = r.charges[r.balance.oldest], true
	}
	switch {
	case !r.anchored:
		r.endsOn = r.coveredFrom.AddDays(-1)
	case r.credit:
		r.endsOn = r.creditEnd()
	case r.table.Machine == MedicareMachine:
		r.endsOn = r.lastMoment
	case r.table.Machine == ContinuationMachine:
		r.endsOn = r.anchor.clock.First().AddDays(-1)
	default:
		r.endsOn = r.stateEnd()
	}
	if end := r.planned(); !end.IsZero() && end.Before(r.endsOn) {
		r.endsOn = end
	}
	if before := r.coveredFrom.AddDays(-1); r.endsOn.Before(before) {
		r.endsOn = before
	}
}

// last is the last day to pay in the state, and the row that sets it; zero when
// nothing presses or when a notice must go first.
func (r *run) last() (calendar.Date, rule.Answer) {
	switch {
	case r.state == PendingBinder && r.table.Machine == ExchangeMachine:
		return r.binder()
	case r.state == PendingBinder && !r.elected():
		return r.electionLast()
	case r.state == PendingBinder && r.anchor.Month.IsZero():
		return r.firstLast()
	case r.state == PendingBinder:
		return r.cobraLast()
	case !r.anchored:
		return calendar.Date{}, rule.Answer{}
	case r.credit:
		return r.creditLast()
	case r.table.Machine == MedicareMachine:
		return r.medicareLast()
	case r.table.Machine == ContinuationMachine:
		return r.cobraLast()
	}
	return r.stateLast()
}

// graceFrom is the first day of the grace that runs.
func (r *run) graceFrom() calendar.Date {
	switch {
	case !r.anchored:
		return calendar.Date{}
	case r.table.Machine == ContinuationMachine:
		return r.anchor.clock.First()
	case r.credit || r.table.Machine == MedicareMachine:
		return r.monthStart(r.anchor)
	}
	return r.stateStart(r.anchor)
}

// endingRows are the rows by which the coverage would end now.
func (r *run) endingRows() []rule.Answer {
	_, row := r.last()
	rows := []rule.Answer{row, r.rule(rule.Cooling)}
	switch {
	case r.credit:
		rows = append(rows, r.rule(rule.CreditGraceCovered), r.rule(rule.CreditGracePaid))
	case r.anchored && (r.table.Machine == StateMachine || r.table.Machine == GroupMachine || r.table.Machine == ExchangeMachine):
		rows = append(rows, r.rule(rule.StateGraceEnd), r.rule(rule.StateGraceFrom))
	case r.table.Machine == MedicareMachine:
		rows = append(rows, r.rule(rule.MedicareDisenrols))
	}
	return rows
}

// planned is the last covered day that the source, the member or the longest
// continuation sets, as known on the day.
func (r *run) planned() calendar.Date {
	end := r.h.Policy.To
	for _, f := range r.facts {
		if (f.Kind == Ended || f.Kind == Died) && !f.On.After(r.day) && (end.IsZero() || f.Day.Before(end)) {
			end = f.Day
		}
	}
	if longest := r.longest(); !longest.IsZero() && (end.IsZero() || longest.Before(end)) {
		end = longest
	}
	return end
}

// has reports whether a fact of a kind counts on the day, from a day on.
func (r *run) has(kind FactKind, since calendar.Date) bool {
	return slices.ContainsFunc(r.facts, func(f Fact) bool {
		return f.Kind == kind && !f.On.After(r.day) && !f.On.Before(since)
	})
}

// sent is the first day since another on which a notice went, or zero.
func (r *run) sent(n Notice, since calendar.Date) calendar.Date {
	for _, f := range r.facts {
		if f.Kind == NoticeSent && f.Notice == n && !f.On.After(r.day) && !f.On.Before(since) {
			return f.On
		}
	}
	return calendar.Date{}
}

// rule finds a row as of the first day of what the grace is about.
func (r *run) rule(name rule.Name) rule.Answer {
	on := r.day
	if !r.anchor.Month.IsZero() {
		on = r.anchor.clock.First()
	}
	return r.ruleOn(name, on)
}

func (r *run) ruleOn(name rule.Name, on calendar.Date) rule.Answer {
	answer, err := r.rules.Find(name, r.place, on)
	if err != nil && r.err == nil {
		r.err = err
	}
	return answer
}
