package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// conditions are the events of the tables.
var conditions map[Event]func(*run) bool

// guards are the guards of the tables.
var guards map[Guard]func(*run) bool

func init() {
	conditions = map[Event]func(*run) bool{
		NothingOwed: func(r *run) bool {
			required, charged := r.required()
			return charged && required <= 0
		},
		BinderPaid:       (*run).binderPaid,
		OneMonthPaid:     (*run).oneMonthPaid,
		RetroactivePaid:  (*run).retroactivePaid,
		BinderLapsed:     (*run).lapsed,
		ElectionLapsed:   func(r *run) bool { return !r.elected() && r.lapsed() },
		FirstPaid:        (*run).firstPaid,
		FirstLapsed:      (*run).firstLapsed,
		PaymentMissed:    func(r *run) bool { return r.missed() && r.day.After(r.dueOn(r.anchor)) },
		GraceBegan:       (*run).graceBegan,
		SecondMonth:      func(r *run) bool { return !r.day.Before(r.anchor.clock.Add(1).First()) },
		ThirdMonth:       func(r *run) bool { return !r.day.Before(r.anchor.clock.Add(2).First()) },
		OldestPaid:       func(r *run) bool { return r.missed() && r.balance.oldest != r.anchor.index },
		Settled:          (*run).settled,
		GraceRanOut:      (*run).past,
		CoolingOver:      func(r *run) bool { return !r.day.Before(r.lastMoment.AddBusinessDays(r.rule(rule.Cooling).Count())) },
		CoverageEnded:    func(r *run) bool { end := r.planned(); return !end.IsZero() && r.day.After(end) },
		EarlierEnd:       (*run).earlierEnd,
		Withdrawn:        func(r *run) bool { return r.has(NeverEffective, calendar.Date{}) || r.endedBefore() },
		StaffReinstated:  func(r *run) bool { return r.has(Reinstated, r.since) },
		GoodCause:        func(r *run) bool { return r.has(GoodCauseApproved, r.since) },
		WithholdAccepted: (*run).withholding,
		WithholdEnded:    func(r *run) bool { return !r.withholding() },
		EmployerEnded:    (*run).employerEnded,
	}
	guards = map[Guard]func(*run) bool{
		CreditGraceApplies: (*run).creditGrace,
		CreditGraceNot:     func(r *run) bool { return !r.creditGrace() },
		CountsFromNotice:   func(r *run) bool { return r.countsFromNotice(r.dueOn(r.anchor)) },
		RowConfirmed: func(r *run) bool {
			unconfirmed := func(a rule.Answer) bool { return !a.Confirmed }
			return !slices.ContainsFunc(r.endingRows(), unconfirmed) || r.has(EndConfirmed, r.since)
		},
		WasBilled:           func(r *run) bool { _, charged := r.required(); return charged },
		AllPaid:             func(r *run) bool { return r.weigh(r.day, r.day).overdue == 0 },
		NeverCovered:        (*run).neverCovered,
		PlanDisenrols:       func(r *run) bool { return r.rule(rule.MedicareDisenrols).On() },
		NoWithhold:          func(r *run) bool { return !r.settingUp() },
		FailureNoticeSent:   func(r *run) bool { return !r.sent(NoticeFailureToPay, r.anchor.BilledOn).IsZero() },
		AskedInTime:         (*run).askedInTime,
		ArrearsPaidInTime:   (*run).arrearsPaidInTime,
		RetroactiveEntry:    func(r *run) bool { return r.h.Policy.Entry == coverage.Retroactive },
		RetroactiveDeadline: func(r *run) bool { last, _ := r.binder(); return !r.day.After(last) && !r.day.After(r.coveredFrom) },
	}
}

// required is what the first payment must come to, and whether it was billed.
func (r *run) required() (sum money.Cents, charged bool) {
	if r.table.Machine == ContinuationMachine {
		for _, c := range r.charges {
			if r.isDue(c, r.day) {
				sum, charged = sum+c.Owed, true
			}
		}
		return sum, charged
	}
	for _, i := range r.binderCharges() {
		sum, charged = sum+r.charges[i].Owed, true
	}
	return sum, charged
}

// toBinder is the money that counts for the first payment.
func (r *run) toBinder() (sum money.Cents) {
	due := r.binderCharges()
	for i, at := range due {
		if i == 0 || r.charges[at].Month != r.charges[due[i-1]].Month {
			sum += r.creditedTo(r.charges[at].Month, r.creditBy())
		}
	}
	return sum
}

func (r *run) binderPaid() bool {
	required, charged := r.required()
	var aptc money.Cents
	for _, i := range r.binderCharges() {
		aptc += r.charges[i].APTC
	}
	return charged && required-r.toBinder() <= r.allowance(required, aptc, true)
}

// oneMonthPaid reports whether a month was paid of a retroactive binder, which
// then buys coverage for the time to come only.
func (r *run) oneMonthPaid() bool {
	due := r.binderCharges()
	if len(due) == 0 {
		return false
	}
	var month money.Cents
	for _, i := range due {
		if r.charges[i].Month == r.charges[due[0]].Month {
			month += r.charges[i].Owed
		}
	}
	return month > 0 && r.toBinder() >= month
}

func (r *run) retroactivePaid() bool {
	if r.h.Policy.Entry != coverage.Retroactive || r.coveredFrom == r.h.Policy.From {
		return false
	}
	required, _ := r.required()
	return r.toBinder() >= required
}

// firstPaid reports whether a COBRA election stands and every period was paid
// that the first payment must cover, but for what is insignificant. A period
// whose own grace lasts longer is no part of it.
func (r *run) firstPaid() bool {
	if _, charged := r.required(); !charged || !r.elected() {
		return false
	}
	first, _ := r.firstLast()
	for _, c := range r.charges {
		if r.balance.open[c.index] == 0 {
			continue
		}
		if last, _ := r.periodLast(c); !last.After(first) && !r.insignificant(c, last, r.balance.open) {
			return false
		}
	}
	return true
}

// firstLapsed reports whether the time for the first payment is over while a
// period of it is unpaid, or while none was billed.
func (r *run) firstLapsed() bool {
	_, charged := r.required()
	return r.elected() && r.past() && (!charged || r.balance.oldest >= 0)
}

// lapsed reports whether a deadline and the days for money under way are over.
func (r *run) lapsed() bool {
	last, _ := r.last()
	return !last.IsZero() && !r.day.Before(last.AddBusinessDays(r.rule(rule.Cooling).Count()))
}

// past reports whether the last day to pay is over.
func (r *run) past() bool {
	last, _ := r.last()
	return !last.IsZero() && r.day.After(last)
}

// missed reports whether something is unpaid that should have been paid, beyond
// the tolerance.
func (r *run) missed() bool {
	return r.balance.oldest >= 0 && r.balance.overdue > r.allowance(r.spanBase, r.spanAPTC, false)
}

func (r *run) graceBegan() bool {
	if !r.missed() {
		return false
	}
	switch {
	case r.table.Machine == MedicareMachine || r.table.Machine == ExchangeMachine && r.creditGrace():
		return !r.day.Before(r.monthStart(r.anchor))
	case r.table.Machine == ContinuationMachine:
		return true
	}
	start := r.stateStart(r.anchor)
	return !start.IsZero() && !r.day.Before(start)
}

// settled reports whether a grace or arrears are over. The grace with tax
// credit needs all that is due by the day, also what fell due in it.
func (r *run) settled() bool {
	allowance := r.allowance(r.spanBase, r.spanAPTC, false)
	switch {
	case r.state == TermPending && !r.credit:
		return r.balance.open[r.anchor.index] == 0 || r.balance.overdue <= allowance
	case r.credit:
		return r.balance.outstanding <= allowance
	}
	return r.balance.overdue <= allowance
}

// endedBefore reports whether the coverage ended before its first day.
func (r *run) endedBefore() bool {
	end := r.planned()
	return !end.IsZero() && end.Before(r.h.Policy.From)
}

// earlierEnd reports whether an end is known that is earlier than the one by
// money, as it is fixed or as the grace with tax credit would bring it about.
func (r *run) earlierEnd() bool {
	end, byMoney := r.planned(), r.endsOn
	if byMoney.IsZero() && r.credit {
		byMoney = r.creditEnd()
	}
	return !end.IsZero() && end.Before(byMoney)
}

// neverCovered reports whether nothing was paid of a coverage that is new; what
// was in force before ends on its last day there.
func (r *run) neverCovered() bool {
	entry := r.h.Policy.Entry
	return r.endsOn.Before(r.coveredFrom) && entry != coverage.PassiveRenewal && entry != coverage.Takeover
}

func (r *run) employerEnded() bool {
	return slices.ContainsFunc(r.facts, func(f Fact) bool {
		return f.Kind == GroupEnded && !f.On.After(r.day) && r.day.After(f.Day)
	})
}

func (r *run) askedInTime() bool {
	ask, _ := r.goodCauseLast()
	return slices.ContainsFunc(r.facts, func(f Fact) bool {
		return f.Kind == GoodCauseRequested && !f.On.After(r.day) && !f.On.After(ask)
	})
}

func (r *run) arrearsPaidInTime() bool {
	_, pay := r.goodCauseLast()
	by := r.day
	if pay.Before(by) {
		by = pay
	}
	return r.weigh(r.endsOn, by).outstanding == 0
}
