package grace

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// acts are the acts of the tables. Starting, stopping and fixing the clock are
// done around the change of state, see run.take.
var acts = map[Act]func(*run){
	StartClock: func(*run) {},
	StopClock:  func(*run) {},
	FixEnd:     func(*run) {},

	SendEffectuation: func(r *run) { r.outbound(Effectuation, r.coveredFrom) },
	StartProspectively: func(r *run) {
		r.coveredFrom = calendar.MonthOf(r.day).Add(1).First()
		r.applyHeld(r.coveredFrom)
	},
	StartFromBeginning: func(r *run) { r.coveredFrom = r.h.Policy.From },
	SendCancellation:   (*run).cancel,
	SendTermination:    (*run).terminate,
	SendReturnAPTC:     (*run).returnAPTC,
	SendDelinquency:    (*run).delinquency,
	SendProviderNotice: func(r *run) {
		r.due(Duty{
			Key: "notice/" + string(NoticeProvider) + "/" + r.anchor.clock.String(), Kind: SendNotice, Notice: NoticeProvider,
			On: r.day, Month: r.anchor.clock.Add(1),
		}, rule.Answer{})
	},
	SendGraceNotice: func(r *run) {
		r.notice(NoticeGrace, r.anchor.clock.String(), later(r.day, r.dueOn(r.anchor).AddDays(1)), r.rule(rule.NoticeGrace))
	},
	SendFailureNotice: (*run).failureNotice,
	SendReinstatement: func(r *run) {
		r.outbound(Reinstatement, r.endsOn.AddDays(1))
		r.applyHeld(r.day)
		r.notice(NoticeReinstatement, r.day.String(), r.day, r.rule(rule.NoticeTermination))
	},
	SendDirectBill: func(r *run) {
		r.notice(NoticeDirectBill, r.day.String(), r.day, r.rule(rule.NoticeTermination))
	},
	SendGroupNotice: (*run).groupEnds,
	SendEndNotice:   (*run).ends,
}

func (r *run) cancel() {
	r.endsOn = r.h.Policy.From.AddDays(-1)
	r.outbound(Cancellation, r.endsOn)
	r.notice(NoticeCancellation, r.endsOn.String(), r.day, r.rule(rule.NoticeTermination))
	r.refund(r.paid(r.lastMoment))
}

func (r *run) terminate() {
	kind, key := NoticeTermination, r.endsOn.String()
	if r.table.Machine == MedicareMachine {
		kind = NoticeDisenrolment
	}
	r.outbound(Termination, r.endsOn)
	r.notice(kind, key, r.day, r.rule(rule.NoticeTermination))
	r.refund(r.overpaid())
}

// returnAPTC gives back the credit of the months of grace that are not covered
// (45 CFR 156.270(e)(2)).
func (r *run) returnAPTC() {
	if !r.credit {
		return
	}
	var sum money.Cents
	for m := calendar.MonthOf(r.endsOn).Add(1); !m.First().After(r.lastMoment); m = m.Add(1) {
		sum += r.monthAPTC(m)
	}
	if sum > 0 {
		r.due(Duty{Key: "return_aptc/" + r.endsOn.String(), Kind: ReturnAPTC, On: r.day, Amount: sum, Effective: r.endsOn}, rule.Answer{})
	}
}

func (r *run) delinquency() {
	on := later(r.day, r.dueOn(r.anchor).AddDays(1))
	r.notice(NoticeDelinquency, r.anchor.clock.String(), on, r.rule(rule.NoticeDelinquency))
	r.due(Duty{
		Key: "outbound/" + string(NonPayment) + "/" + r.anchor.clock.String(), Kind: SendFact, Outbound: NonPayment, On: on,
		Effective: r.anchor.clock.First(), Basis: r.basis,
	}, rule.Answer{})
}

// failureNotice is due within so many days of the due date, not of the grace.
func (r *run) failureNotice() {
	due, row := r.dueOn(r.anchor), r.rule(rule.NoticeNonPayment)
	r.due(Duty{
		Key: "notice/" + string(NoticeFailureToPay) + "/" + r.anchor.clock.String(), Kind: SendNotice, Notice: NoticeFailureToPay,
		On: later(r.day, due.AddDays(1)), DueBy: allow(due, row), Amount: r.balance.outstanding, Month: r.anchor.clock,
	}, row)
}

func (r *run) groupEnds() {
	for _, f := range r.facts {
		if f.Kind == GroupEnded && !f.On.After(r.day) {
			r.endsOn = f.Day
		}
	}
	r.outbound(Termination, r.endsOn)
	r.notice(NoticeGroupEnded, r.endsOn.String(), r.day, r.rule(rule.NoticeTermination))
}

func (r *run) ends() {
	if r.anchored {
		r.alarm(EndedBeforePaid, Basis{})
	}
	r.endsOn = r.planned()
	r.outbound(Termination, r.endsOn)
	r.notice(NoticeVoluntaryEnded, r.endsOn.String(), r.day, r.rule(rule.NoticeTermination))
	r.lastMoment = calendar.Date{}
	r.refund(r.overpaid())
}

func (r *run) refund(amount money.Cents) {
	if amount <= 0 {
		return
	}
	r.due(Duty{
		Key: "refund/" + r.endsOn.String(), Kind: Refund, On: r.day, Amount: amount, Effective: r.endsOn,
	}, r.rule(rule.LateMoneyDecision))
}

// paid is all money on months by a day, or by this day.
func (r *run) paid(by calendar.Date) (sum money.Cents) {
	if by.IsZero() {
		by = r.day
	}
	for _, c := range r.credits {
		if !c.Month.IsZero() && !c.on.After(by) {
			sum += c.Cents
		}
	}
	return max(sum, 0)
}

// overpaid is the money on months that are not covered, after it has paid what
// is open of those that are.
func (r *run) overpaid() money.Cents {
	by := r.lastMoment
	if by.IsZero() {
		by = r.day
	}
	var held money.Cents
	for _, c := range r.credits {
		if !c.Month.IsZero() && c.Month.First().After(r.endsOn) && !c.on.After(by) {
			held += c.Cents
		}
	}
	for _, c := range r.charges {
		if !c.Month.First().After(r.endsOn) {
			held -= r.balance.open[c.index]
		}
	}
	return max(held, 0)
}

// daily makes due what a state makes due by itself.
func (r *run) daily() {
	r.lateMoney()
	switch {
	case r.state == PendingBinder && r.table.Machine == ExchangeMachine:
		r.remindOfBinder()
	case r.state == PendingBinder:
		r.offerElection()
	case r.state == GraceState && r.table.Machine == ContinuationMachine:
		r.askShortfall()
	case r.state == GraceState && r.table.Machine != MedicareMachine && r.anchored:
		if last, row := r.last(); last.IsZero() {
			r.alarm(NoticeUnsent, basisOf(row))
		}
	}
}

func (r *run) remindOfBinder() {
	required, charged := r.required()
	if !charged || required <= 0 {
		return
	}
	last, row := r.binder()
	before := r.ruleOn(rule.NoticeBinderReminder, r.h.Policy.From)
	r.due(Duty{
		Key: "notice/" + string(NoticeBinder) + "/" + last.String(), Kind: SendNotice, Notice: NoticeBinder, On: r.day,
		DueBy: later(r.day, last.AddDays(-before.Count())), Amount: required, Effective: last, Basis: basisOf(row),
	}, rule.Answer{})
}

// offerElection asks for the election notice while none was given; until then
// no time to elect runs out. Of what was elected it tells the first payment, once
// that is billed.
func (r *run) offerElection() {
	c := r.h.Policy.Continuation
	if c == nil {
		return
	}
	if r.elected() && r.balance.oldest >= 0 {
		last, row := r.firstLast()
		oldest := r.charges[r.balance.oldest]
		_, short, through := r.short(oldest, last, r.weigh(last, r.day).open)
		r.due(Duty{
			Key: "notice/" + string(NoticeBinder) + "/" + c.ElectedOn.String(), Kind: SendNotice, Notice: NoticeBinder, On: r.day,
			Amount: short, Month: oldest.Month, Through: through, Basis: basisOf(row),
		}, rule.Answer{})
		return
	}
	if r.elected() || !c.NoticeOn.IsZero() {
		return
	}
	row := r.ruleOn(rule.NoticeCobraElection, r.h.Policy.From)
	from := c.EventOn
	if from.IsZero() {
		from = c.LossOn
	}
	r.due(Duty{
		Key: "notice/" + string(NoticeElection) + "/" + from.String(), Kind: SendNotice, Notice: NoticeElection, On: r.day,
		DueBy: later(allow(from, row), r.day), Basis: basisOf(row),
	}, rule.Answer{})
}

func (r *run) askShortfall() {
	last, _ := r.periodLast(r.anchor)
	if r.day.After(last) && r.insignificant(r.anchor, last, r.weigh(last, last).open) {
		required, short, through := r.short(r.anchor, last, r.weigh(last, last).open)
		r.due(Duty{
			Key: "notice/" + string(NoticeShortfall) + "/" + r.anchor.clock.String(), Kind: SendNotice, Notice: NoticeShortfall, On: r.day,
			Effective: r.anchor.clock.First().AddDays(-1), Amount: short, Received: required - short, Month: r.anchor.clock, Through: through,
		}, r.rule(rule.NoticeCobraShortfall))
	}
}
