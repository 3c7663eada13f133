package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// DutyKind says what sort of thing is due.
type DutyKind string

// The kinds of duty.
const (
	SendNotice  DutyKind = "notice"       // Notice says which
	SignalClaim DutyKind = "claim_signal" // Month and Signal
	SendFact    DutyKind = "outbound"     // Outbound, Effective
	ReturnAPTC  DutyKind = "return_aptc"  // Amount, for the months of the grace that are not covered
	Refund      DutyKind = "refund"       // Amount, to the member
	Decide      DutyKind = "decide"       // about Amount that came too late: reinstate or refund
	ApplyHeld   DutyKind = "apply_held"   // money that is held pays what is billed anew
	Alarm       DutyKind = "alarm"        // a person must look: Reason says why
)

// Notice is a kind of letter.
type Notice string

// The notices that status makes due.
const (
	NoticeBinder         Notice = "binder_reminder"
	NoticeDelinquency    Notice = "delinquency" // start of the grace with tax credit
	NoticeProvider       Notice = "provider"
	NoticeGrace          Notice = "grace"
	NoticeTermination    Notice = "termination"
	NoticeCancellation   Notice = "cancellation"
	NoticeElection       Notice = "cobra_election"
	NoticeShortfall      Notice = "shortfall"
	NoticeFailureToPay   Notice = "failure_to_pay" // Medicare
	NoticeDisenrolment   Notice = "disenrolment"   // Medicare
	NoticeReturned       Notice = "returned_payment"
	NoticeLateMoney      Notice = "late_money"
	NoticeDirectBill     Notice = "direct_bill" // a withhold was rejected or ended
	NoticeReinstatement  Notice = "reinstatement"
	NoticeGroupEnded     Notice = "group_ended" // with the right to a special enrolment
	NoticeVoluntaryEnded Notice = "ended"
)

// Outbound is a fact for the exchange, CMS or carrier that enrolled.
type Outbound string

// The outbound facts.
const (
	Effectuation  Outbound = "effectuation"
	Cancellation  Outbound = "cancellation"
	Termination   Outbound = "termination"
	Reinstatement Outbound = "reinstatement"
	NonPayment    Outbound = "non_payment"
)

// Reason says why a person must look.
type Reason string

// The reasons of alarms.
const (
	RowUnconfirmed  Reason = "row_unconfirmed"   // coverage would have ended by a row that nobody confirmed
	RowIsDefault    Reason = "row_is_default"    // the state has no row of its own
	NoticeUnsent    Reason = "notice_unsent"     // coverage cannot end before the notice has gone
	NotBilled       Reason = "not_billed"        // a binder cannot lapse that was never asked for
	NotAllPaid      Reason = "not_all_paid"      // a reinstatement was decided but not all is paid
	AskedTooLate    Reason = "asked_too_late"    // good cause was approved, but not asked for in time
	EndedBeforePaid Reason = "ended_before_paid" // coverage ended while months were unpaid in a grace
)

// Duty is something that a state or transition makes due. Whoever carries it
// out does so once per Key, on On or later. One with an On after the day of the
// replay is announced: it is to be carried out only if a replay of that day
// still has it.
type Duty struct {
	Key       string
	Kind      DutyKind
	On        calendar.Date // from when it can be done
	DueBy     calendar.Date // the last day for it; zero when no rule names one
	DoneOn    calendar.Date // of a notice: when one of this kind was sent since On
	Notice    Notice
	Outbound  Outbound
	Reason    Reason
	Month     calendar.Month
	Signal    Signal
	Effective calendar.Date // last covered day, or the first one of an effectuation
	Amount    money.Cents
	Basis     Basis

	// What a notice about money says of it.
	ReceivedOn calendar.Date  // of late or returned money: the day that counts of it
	Received   money.Cents    // of a shortfall: what came; Amount is what is missing
	Through    calendar.Month // of a shortfall or first payment of continuation: the last month that is asked for with Month
	Why        string         // of a returned payment: the reason as the books have it

	allowed rule.Answer // the time that the rule gives from On
}

// due adds a duty, once, with the time that a rule gives unless it has its own.
func (r *run) due(d Duty, within rule.Answer) {
	if slices.ContainsFunc(r.duties, func(o Duty) bool { return o.Key == d.Key }) {
		return
	}
	d.allowed = within
	if within.Rule != "" {
		if d.DueBy.IsZero() {
			d.DueBy = allow(d.On, within)
		}
		if d.Basis.Row == "" {
			d.Basis = basisOf(within)
		}
	}
	r.duties = append(r.duties, d)
}

// allow counts the time that a row gives from a day.
func allow(from calendar.Date, a rule.Answer) calendar.Date {
	switch ruleKinds[a.Rule] {
	case rule.BusinessDays:
		return from.AddBusinessDays(a.Count())
	case rule.Days:
		return from.AddDays(a.Count())
	}
	return calendar.Date{}
}

var ruleKinds = func() map[rule.Name]rule.Kind {
	kinds := map[rule.Name]rule.Kind{}
	for _, d := range rule.Definitions() {
		kinds[d.Name] = d.Kind
	}
	return kinds
}()

func (r *run) notice(n Notice, key string, on calendar.Date, within rule.Answer) {
	r.due(Duty{
		Key: "notice/" + string(n) + "/" + key, Kind: SendNotice, Notice: n, On: on,
		Effective: r.endsOn, Amount: r.balance.outstanding, Month: r.anchor.clock,
	}, within)
}

func (r *run) outbound(o Outbound, effective calendar.Date) {
	key := "outbound/" + string(o) + "/" + effective.String()
	if o == Reinstatement {
		key += "/" + r.day.String()
	}
	r.due(Duty{Key: key, Kind: SendFact, Outbound: o, On: r.day, Effective: effective, Basis: r.basis}, rule.Answer{})
}

// applyHeld has held money pay what is billed from a day on.
func (r *run) applyHeld(on calendar.Date) {
	r.due(Duty{Key: "apply_held/" + on.String(), Kind: ApplyHeld, On: on, Basis: r.basis}, rule.Answer{})
}

// alarm is raised once for what it is about, not every day.
func (r *run) alarm(reason Reason, basis Basis) {
	about := r.anchor.clock.String()
	r.due(Duty{
		Key: "alarm/" + string(reason) + "/" + about + "/" + basis.Row, Kind: Alarm, Reason: reason, On: r.day,
		Month: r.anchor.clock, Basis: basis,
	}, rule.Answer{})
}

// lateMoney asks for a decision about money that came after the last moment, or
// that nothing is owed for when the coverage ended for another reason than money.
// It never reinstates by itself.
func (r *run) lateMoney() {
	over := r.lastMoment
	switch {
	case r.state != TermPending && !r.state.Over():
		return
	case over.IsZero():
		over = r.since
	}
	amounts := map[string]money.Cents{}
	for _, c := range r.credits {
		if c.on.After(over) && !c.on.After(r.day) && (!r.lastMoment.IsZero() || c.Month.IsZero()) {
			amounts[c.ID] += c.Cents
		}
	}
	for _, c := range r.credits {
		amount := amounts[c.ID]
		if amount <= 0 || r.decided(c.on) {
			continue
		}
		delete(amounts, c.ID)
		row := r.rule(rule.LateMoneyDecision)
		decide := Duty{
			Key: "decide/" + c.ID, Kind: Decide, On: c.on, DueBy: allow(c.ReceivedOn, row), Amount: amount, ReceivedOn: c.ReceivedOn,
			Basis: basisOf(row),
		}
		tell := decide
		tell.Key, tell.Kind, tell.Notice = "notice/"+string(NoticeLateMoney)+"/"+c.ID, SendNotice, NoticeLateMoney
		within := row
		if c.known().After(c.on) {
			within = rule.Answer{} // posted late by us: its time runs from the receipt
		}
		r.due(decide, within)
		r.due(tell, within)
	}
}

// decided reports whether a reinstatement was decided on or after a day.
func (r *run) decided(since calendar.Date) bool {
	return r.has(Reinstated, since) || r.has(ReinstatementDenied, since)
}
