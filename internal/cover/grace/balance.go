package grace

import (
	"cmp"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// charge is a charge with its place in the clock.
type charge struct {
	Charge
	index int
	first bool // the month's premium, not an adjustment to it
	// clock is the month in which a grace for it would start: its own, or for an
	// adjustment the first one that begins on or after its due date, because a
	// month that was paid does not become unpaid by a later bill.
	clock calendar.Month
}

// credit is money on the day from which it counts.
type credit struct {
	Money
	on calendar.Date
}

// balance is what is owed on a day.
type balance struct {
	open        []money.Cents // by charge; zero of one that is not due
	outstanding money.Cents   // of all that is due
	overdue     money.Cents   // of what is due and whose day to be missed has come
	oldest      int           // the overdue charge by which a grace counts, or -1
}

func chargesOf(h History) []charge {
	sorted := slices.Clone(h.Charges)
	slices.SortStableFunc(sorted, func(a, b Charge) int {
		return cmp.Or(a.Month.Compare(b.Month), a.BilledOn.Compare(b.BilledOn), a.DueOn.Compare(b.DueOn),
			cmp.Compare(b.Owed, a.Owed), cmp.Compare(a.Gross, b.Gross), cmp.Compare(a.APTC, b.APTC))
	})
	charges := make([]charge, len(sorted))
	for i, c := range sorted {
		charges[i] = charge{Charge: c, index: i, first: i == 0 || sorted[i-1].Month != c.Month, clock: c.Month}
		if due := later(c.DueOn, c.BilledOn); !charges[i].first && due.After(c.Month.First()) {
			if charges[i].clock = calendar.MonthOf(due); due != charges[i].clock.First() {
				charges[i].clock = charges[i].clock.Add(1)
			}
		}
	}
	return charges
}

// creditsOf dates the money: from its postmark where that is known and counts, and
// what undoes a payment from that payment's day.
func creditsOf(h History) []credit {
	days := map[string]calendar.Date{}
	credits := make([]credit, len(h.Money))
	for i, m := range h.Money {
		credits[i] = credit{m, m.ReceivedOn}
		if !m.SentOn.IsZero() && m.SentOn.Before(m.ReceivedOn) {
			credits[i].on = m.SentOn
		}
		if day, ok := days[m.ID]; m.Returns == "" && (!ok || credits[i].on.Before(day)) {
			days[m.ID] = credits[i].on
		}
	}
	for i := range credits {
		if day, ok := days[credits[i].Returns]; ok && credits[i].Returns != "" {
			credits[i].on = day
		}
	}
	slices.SortStableFunc(credits, func(a, b credit) int {
		return cmp.Or(a.on.Compare(b.on), cmp.Compare(a.ID, b.ID), a.Month.Compare(b.Month), cmp.Compare(a.Cents, b.Cents),
			a.known().Compare(b.known()))
	})
	return credits
}

func later(a, b calendar.Date) calendar.Date {
	if b.After(a) {
		return b
	}
	return a
}

// dueOn is when a charge is due: not before it was billed, what lowers the bill
// at once, and never while the month is withheld (the zero Date).
func (r *run) dueOn(c charge) calendar.Date {
	if c.Owed < 0 {
		return c.BilledOn
	}
	due := later(c.DueOn, c.BilledOn)
	if r.table.Machine != MedicareMachine {
		return due
	}
	if r.protected(c.Month) {
		return calendar.Date{}
	}
	return r.rejectedDue(c.Month, due)
}

func (r *run) isDue(c charge, by calendar.Date) bool {
	due := r.dueOn(c)
	return !due.IsZero() && !due.After(by)
}

// missedFrom is the day from which an unpaid charge is missed: the day after
// its due date. Where grace counts in months from the first of the unpaid month,
// that first day is the latest, also if it is the due date itself (45 CFR
// 156.270(d); 42 CFR 422.74(d)(1)).
func (r *run) missedFrom(c charge) calendar.Date {
	due := r.dueOn(c)
	if r.byMonth(c) && due == r.monthStart(c) {
		return due
	}
	return due.AddDays(1)
}

func (r *run) byMonth(c charge) bool {
	return r.table.Machine == MedicareMachine || r.table.Machine == ExchangeMachine && r.monthAPTC(c.clock) > 0
}

// monthStart is the first day of the grace in months of a charge.
func (r *run) monthStart(c charge) calendar.Date {
	if r.table.Machine == MedicareMachine {
		return r.medicareStart(c)
	}
	return c.clock.First()
}

func (r *run) monthAPTC(m calendar.Month) (sum money.Cents) {
	for _, c := range r.charges {
		if c.Month == m && !c.BilledOn.After(r.day) {
			sum += c.APTC
		}
	}
	return sum
}

// weigh sets what is due by one day against what was credited by another.
func (r *run) weigh(dueBy, creditBy calendar.Date) balance {
	b := balance{open: make([]money.Cents, len(r.charges)), oldest: -1}
	carried := r.uncovered(creditBy)
	for start := 0; start < len(r.charges); {
		end := start
		for end < len(r.charges) && r.charges[end].Month == r.charges[start].Month {
			end++
		}
		if !r.charges[start].Month.Last().Before(r.coveredFrom) {
			own := max(r.creditedTo(r.charges[start].Month, creditBy), 0)
			carried = min(carried, r.settleMonth(&b, start, end, dueBy, own+carried))
		}
		start = end
	}
	r.pickOldest(&b, dueBy)
	return b
}

// settleMonth pays a month's charges in the order in which they were billed and
// gives what is left.
func (r *run) settleMonth(b *balance, start, end int, dueBy calendar.Date, pool money.Cents) money.Cents {
	for _, c := range r.charges[start:end] {
		if c.Owed < 0 && r.isDue(c, dueBy) {
			pool -= c.Owed
		}
	}
	for _, c := range r.charges[start:end] {
		if c.Owed <= 0 || !r.isDue(c, dueBy) {
			continue
		}
		paid := min(pool, c.Owed)
		pool -= paid
		b.open[c.index] = c.Owed - paid
		b.outstanding += c.Owed - paid
	}
	return pool
}

// nextDue is what the bills given out so far ask for next, less what is paid ahead,
// and when; zero when none asks for more than is due already.
func (r *run) nextDue() (money.Cents, calendar.Date) {
	var days []calendar.Date
	for _, c := range r.charges {
		if due := r.dueOn(c); c.Owed > 0 && due.After(r.day) && !c.BilledOn.After(r.day) {
			days = append(days, due)
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	now := r.weigh(r.day, r.day).outstanding
	for _, on := range days {
		if asked := r.weigh(on, r.day).outstanding; asked > now {
			return asked - now, on
		}
	}
	return 0, calendar.Date{}
}

func (r *run) pickOldest(b *balance, by calendar.Date) {
	for _, c := range r.charges {
		open := b.open[c.index]
		if open == 0 || r.missedFrom(c).After(by) || r.forgiven(c, *b) {
			continue
		}
		b.overdue += open
		inSpan := !r.dueOn(c).Before(r.spanFrom)
		older := b.oldest < 0 || c.clock.Before(r.charges[b.oldest].clock)
		if b.oldest >= 0 {
			was := !r.dueOn(r.charges[b.oldest]).Before(r.spanFrom)
			// What a tolerance let pass is owed, but starts no grace.
			older = inSpan && !was || inSpan == was && older
		}
		if older {
			b.oldest = c.index
		}
	}
}

// forgiven reports whether the plan takes what a COBRA period is short of as paid.
func (r *run) forgiven(c charge, b balance) bool {
	if r.table.Machine != ContinuationMachine || !r.treatsAsFull(c) {
		return false
	}
	last, _ := r.periodLast(c)
	return r.insignificant(c, last, b.open)
}

// creditedTo is the money applied to a month by a day.
func (r *run) creditedTo(m calendar.Month, by calendar.Date) (sum money.Cents) {
	for _, c := range r.credits {
		if c.Month == m && !c.on.After(by) {
			sum += c.Cents
		}
	}
	return sum
}

// uncovered is the money on months before a coverage that began later than was
// enrolled for; it pays the months that are covered.
func (r *run) uncovered(by calendar.Date) (sum money.Cents) {
	for _, c := range r.credits {
		if !c.Month.IsZero() && c.Month.Last().Before(r.coveredFrom) && !c.on.After(by) {
			sum += c.Cents
		}
	}
	return max(sum, 0)
}

// startSpan begins a new stretch for the tolerance when a charge falls due while
// nothing was missed: what was let pass until then is part of it, so that small
// shortfalls add up.
func (r *run) startSpan() {
	for _, c := range r.charges {
		if r.dueOn(c) != r.day || !r.isDue(c, r.day) {
			continue
		}
		if c.Owed > 0 && r.spanFrom != r.day && r.state == Current {
			r.spanBase = r.letPass(c)
			r.spanAPTC, r.spanFrom = 0, r.day
		}
		r.spanBase += c.Owed
		r.spanAPTC += c.APTC
	}
}

// letPass is what the tolerance of the stretch before left open when a charge was
// billed: the bill asked for both together, so that money which came since counts
// for both.
func (r *run) letPass(next charge) money.Cents {
	before := r.day.AddDays(-1)
	left := r.weigh(before, before).outstanding
	if billed := next.BilledOn; billed.Before(before) {
		asked := r.weigh(before, billed).outstanding
		left = max(left, min(asked, r.allowance(r.spanBase, r.spanAPTC, false)))
	}
	return left
}

// allowance is the most that may stay open of the stretch: by the best of the
// tolerances that are in use (45 CFR 155.400(g)). The part that must be paid is
// rounded up, because it is a minimum.
func (r *run) allowance(base, aptc money.Cents, binder bool) (most money.Cents) {
	if r.table.Machine != ExchangeMachine || base <= 0 {
		return 0
	}
	if on := later(r.spanFrom, r.h.Policy.From); r.tolerances.on != on {
		r.tolerances = r.tolerancesOn(on)
	}
	t := r.tolerances
	if t.net > 0 {
		most = base - atLeast(t.net, base)
	}
	if binder && !t.onBinder {
		return most
	}
	if t.gross > 0 {
		most = max(most, base+aptc-atLeast(t.gross, base+aptc))
	}
	return max(most, t.fixed)
}

// tolerances are those in use for a stretch; what is not used is zero.
type tolerances struct {
	on         calendar.Date
	net, gross int64 // basis points that must be paid
	fixed      money.Cents
	onBinder   bool // gross and fixed hold for the binder too
}

func (r *run) tolerancesOn(on calendar.Date) tolerances {
	return tolerances{
		on:       on,
		net:      r.tolerance(rule.ThresholdNetUse, rule.ThresholdNetPercent, on).BasisPoints(),
		gross:    r.tolerance(rule.ThresholdGrossUse, rule.ThresholdGrossPercent, on).BasisPoints(),
		fixed:    r.tolerance(rule.ThresholdFixedUse, rule.ThresholdFixedAmount, on).Cents(),
		onBinder: r.switchedOn(rule.ThresholdOnBinder, on),
	}
}

// tolerance gives the number of a tolerance that is in use and confirmed. Where
// no row holds, the law allows none.
func (r *run) tolerance(use, value rule.Name, on calendar.Date) rule.Answer {
	if !r.switchedOn(use, on) {
		return rule.Answer{}
	}
	if answer, err := r.rules.Find(value, r.place, on); err == nil && answer.Confirmed {
		return answer
	}
	return rule.Answer{}
}

func (r *run) switchedOn(name rule.Name, on calendar.Date) bool {
	answer, err := r.rules.Find(name, r.place, on)
	return err == nil && answer.On() && answer.Confirmed
}

func atLeast(basisPoints int64, of money.Cents) money.Cents {
	return money.Cents((int64(of)*basisPoints + 9999) / 10000)
}
