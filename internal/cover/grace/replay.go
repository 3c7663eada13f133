package grace

import (
	"cmp"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// Replay gives the status at the end of a day, from what was known by then.
//
// The log holds transitions in the order in which they became known. What
// belongs to an earlier day than the one on which it was known - a payment
// posted later, one that was returned - does not change the log: the machine
// runs again from that earlier day, and a difference is one more transition on
// the day of knowledge, with Rerun set.
//
// An error is of kind Invalid when a rule has no row for the policy (it wraps
// *rule.Missing) or when the policy says too little to be placed in a machine.
func Replay(h History, rules *rule.Set, on calendar.Date) (Status, error) {
	h = h.whole().Known(on).dated()
	if h.Policy.From.IsZero() || on.IsZero() {
		return Status{}, fault.New(fault.Invalid, "grace.Replay", "a policy without a first covered day, or no day to replay to, has no status")
	}
	if h.Policy.Entry == coverage.Retroactive && h.Policy.ReceivedOn.IsZero() {
		return Status{}, fault.New(fault.Invalid, "grace.Replay", "a retroactive enrolment needs the day on which it was received")
	}
	h, err := h.postmarked(rules)
	if err != nil {
		return Status{}, fault.Wrap("grace.Replay", err)
	}
	on = later(on, firstDay(h))
	log := &chronicle{seen: map[string]bool{}, signals: map[calendar.Month]Signal{}}
	r, from := newRun(h, rules, firstDay(h)), firstDay(h)
	lessons := knownLater(h, on)
	r.keep = len(lessons) > 0
	for _, cut := range append(lessons, lesson{known: on.AddDays(1)}) {
		r.walk(cut.known.AddDays(-1))
		if r.err != nil {
			return Status{}, fault.Wrap("grace.Replay", r.err)
		}
		log.add(r, from)
		if cut.of.IsZero() {
			break
		}
		again := r.back(cut.of, cut.known)
		again.walk(cut.known.AddDays(-1))
		if told := r.told(again, cut.known); told != nil {
			log.add(told, cut.known)
		}
		r, from = again, cut.known
		log.jump(r, h, from)
	}
	log.returned(r)
	log.claimSignals(r)
	return r.status(log), nil
}

// told gives the walk through a day on which changes were told that what became
// known later on the day undoes, or nil. Again is the walk that knows it.
func (r *run) told(again *run, day calendar.Date) *run {
	if !slices.ContainsFunc(r.h.Noted, func(n Noted) bool { return n.On == day }) {
		return nil
	}
	before, after := r.fork(), again.fork()
	before.walk(day)
	after.walk(day)
	if before.state == after.state {
		return nil
	}
	for _, t := range before.log {
		if t.On == day && !slices.Contains(r.h.Noted, Noted{t.On, t.From, t.To, t.Event}) {
			return nil
		}
	}
	return before
}

// lesson is a day on which something became known of an earlier day; of the
// earliest such day.
type lesson struct{ known, of calendar.Date }

func knownLater(h History, by calendar.Date) []lesson {
	start := firstDay(h)
	var lessons []lesson
	learn := func(known, of calendar.Date) {
		if !known.After(of) || known.After(by) || !known.After(start) {
			return
		}
		i := slices.IndexFunc(lessons, func(l lesson) bool { return l.known == known })
		if i < 0 {
			lessons = append(lessons, lesson{known, of})
		} else if of.Before(lessons[i].of) {
			lessons[i].of = of
		}
	}
	for _, c := range creditsOf(h) {
		learn(c.known(), c.on)
	}
	for _, f := range h.Facts {
		learn(f.known(), f.On)
	}
	slices.SortFunc(lessons, func(a, b lesson) int { return a.known.Compare(b.known) })
	return lessons
}

// chronicle is what was logged so far, append-only.
type chronicle struct {
	log     []Transition
	duties  []Duty
	seen    map[string]bool
	signals map[calendar.Month]Signal
}

// add appends what a walk found from a day on, and duties that are new.
func (l *chronicle) add(r *run, from calendar.Date) {
	for _, t := range r.log {
		if !t.On.Before(from) || len(l.log) == 0 {
			l.log = append(l.log, t)
		}
	}
	for _, d := range r.duties {
		l.owe(d, from)
	}
}

// owe keeps a duty once. One that belongs to an earlier day than the day on
// which its cause became known has its time from then.
func (l *chronicle) owe(d Duty, known calendar.Date) {
	if l.seen[d.Key] {
		return
	}
	l.seen[d.Key] = true
	if d.On.Before(known) && len(l.log) > 1 {
		d.On = known
		if d.allowed.Rule != "" {
			d.DueBy = allow(known, d.allowed)
		} else if !d.DueBy.IsZero() {
			d.DueBy = later(d.DueBy, known)
		}
	}
	l.duties = append(l.duties, d)
}

// jump logs the difference between what was logged and what the machine says
// now about the day before.
func (l *chronicle) jump(r *run, h History, on calendar.Date) {
	last := l.log[len(l.log)-1]
	now := r.log[len(r.log)-1]
	if last.To == now.To && last.claims == now.claims {
		return
	}
	event := PostedLater
	if slices.ContainsFunc(h.Money, func(m Money) bool { return m.Returns != "" && m.known() == on }) {
		event = PaymentReturned
	}
	t := Transition{On: on, From: last.To, To: now.To, Event: event, Basis: now.Basis, Effective: now.Effective, Rerun: true, claims: now.claims}
	l.log = append(l.log, t)
	if (last.To == Terminated || last.To == Cancelled) && !now.To.Over() {
		l.owe(Duty{
			Key: "outbound/" + string(Reinstatement) + "/" + on.String(), Kind: SendFact, Outbound: Reinstatement, On: on,
			Effective: r.coveredFrom,
		}, on)
		l.owe(Duty{Key: "apply_held/" + on.String(), Kind: ApplyHeld, On: on}, on)
		answer := r.rule(rule.NoticeTermination)
		l.owe(Duty{
			Key: "notice/" + string(NoticeReinstatement) + "/" + on.String(), Kind: SendNotice, Notice: NoticeReinstatement, On: on,
			DueBy: allow(on, answer), Basis: basisOf(answer), allowed: answer,
		}, on)
	}
}

// returned makes the notices of payments that came back.
func (l *chronicle) returned(r *run) {
	row := r.rule(rule.NoticeReturned)
	sums := map[string]Money{}
	var ids []string
	for _, c := range r.credits {
		if c.Returns == "" || c.Cents >= 0 {
			continue
		}
		m, ok := sums[c.ID]
		if !ok {
			ids = append(ids, c.ID)
			m.KnownOn, m.Why, m.ReceivedOn = c.known(), c.Why, r.receivedOn(c.Returns)
		}
		m.Cents -= c.Cents
		sums[c.ID] = m
	}
	for _, id := range ids {
		m := sums[id]
		l.owe(Duty{
			Key: "notice/" + string(NoticeReturned) + "/" + id, Kind: SendNotice, Notice: NoticeReturned, On: m.KnownOn,
			DueBy: allow(m.KnownOn, row), Amount: m.Cents, ReceivedOn: m.ReceivedOn, Why: m.Why, Basis: basisOf(row), allowed: row,
		}, m.KnownOn)
	}
}

// receivedOn is the day that counted of a payment, before it was returned; zero
// when it is not known.
func (r *run) receivedOn(payment string) calendar.Date {
	for _, m := range r.h.Money {
		if m.ID == payment {
			return m.ReceivedOn
		}
	}
	return calendar.Date{}
}

// claimSignals makes a signal of every change of what is done with a month's
// claims. A month without a signal is one whose claims are paid. While a coverage
// waits for its first payment, its first month is told of at once and a later one
// when it is billed.
func (l *chronicle) claimSignals(r *run) {
	for i, t := range l.log {
		until := r.day.AddDays(1)
		if i+1 < len(l.log) {
			until = l.log[i+1].On
		}
		if until == t.On {
			continue // what lasts less than a day is told to nobody
		}
		for _, m := range r.months(t.On) {
			l.signal(m, t, t.On)
		}
		for m := range l.signals {
			l.signal(m, t, t.On)
		}
		if t.To != PendingBinder {
			continue
		}
		l.signal(calendar.MonthOf(r.h.Policy.From), t, t.On)
		for _, c := range r.charges {
			if c.BilledOn.After(t.On) && c.BilledOn.Before(until) {
				l.signal(c.Month, t, c.BilledOn)
			}
		}
	}
	slices.SortStableFunc(l.duties, func(a, b Duty) int { return cmp.Or(a.On.Compare(b.On), cmp.Compare(a.Key, b.Key)) })
}

// signal tells from a day on what a transition makes of a month's claims.
func (l *chronicle) signal(m calendar.Month, t Transition, on calendar.Date) {
	signal := t.claims.of(m)
	before, told := l.signals[m]
	if !told {
		before = Pay
	}
	if signal == before {
		return
	}
	l.signals[m] = signal
	l.owe(Duty{
		Key: "claims/" + m.String() + "/" + string(signal) + "/" + on.String(), Kind: SignalClaim, On: on,
		Month: m, Signal: signal, Basis: t.Basis,
	}, on)
}

// months lists the coverage months billed by a day, and the day's own.
func (r *run) months(by calendar.Date) []calendar.Month {
	var months []calendar.Month
	for _, c := range r.charges {
		if !c.BilledOn.After(by) {
			months = append(months, c.Month)
		}
	}
	return slices.Compact(months)
}

// status puts together the answer of the last walk.
func (r *run) status(l *chronicle) Status {
	s := Status{
		On: r.day, Machine: r.table.Machine, State: r.state, Transitions: l.log, Duties: l.duties,
		EndsOn: r.planned(), GraceFrom: r.graceFrom(), Owed: r.balance.outstanding, Next: r.wakeup(),
	}
	for _, t := range l.log {
		if t.From != t.To {
			s.Since = t.On
		}
	}
	if r.state.Over() || r.state == TermPending {
		s.EndsOn = r.endsOn
	}
	if r.state != PendingBinder && r.state != Cancelled {
		s.CoveredFrom = r.coveredFrom
	}
	if r.state.Over() {
		s.Owed = r.owedAtEnd()
	}
	r.press(&s)
	r.amounts(&s)
	s.PaidThrough = r.paidThrough()
	for i := range s.Duties {
		if d := &s.Duties[i]; d.Kind == SendNotice {
			d.DoneOn = r.sent(d.Notice, d.On)
		}
	}
	s.Words = r.words(s)
	return s
}

// owedAtEnd is what is still owed of the months that were covered, when money
// on months that it can no longer buy has paid for them.
func (r *run) owedAtEnd() (owed money.Cents) {
	open := r.weigh(r.day, r.day).open
	for _, c := range r.charges {
		if !c.Month.First().After(r.endsOn) {
			owed += open[c.index]
		}
	}
	for _, c := range r.credits {
		if !c.Month.IsZero() && c.Month.First().After(r.endsOn) && !c.on.After(r.day) {
			owed -= c.Cents
		}
	}
	return max(owed, 0)
}

// press fills in what must be paid by when.
func (r *run) press(s *Status) {
	allowance := r.allowance(r.spanBase, r.spanAPTC, false)
	last, row := r.last()
	s.LastMoment = r.lastMoment
	switch {
	case r.state == PendingBinder && r.table.Machine == ExchangeMachine:
		required, _ := r.required()
		s.Owed = max(required-r.toBinder(), 0)
		s.ToCure = s.Owed
	case r.state == PendingBinder:
		s.ToCure = r.balance.outstanding
	case r.state == PastDue:
		s.ToCure = r.balance.overdue - min(allowance, r.balance.overdue)
		return
	case r.state.InGrace():
		s.ToCure = r.balance.overdue - min(allowance, r.balance.overdue)
		if r.credit {
			s.ToCure = r.balance.outstanding - min(allowance, r.balance.outstanding)
		}
		s.GraceTo = last
	case r.state == TermPending:
		s.GraceTo = r.lastMoment
		return
	default:
		return
	}
	s.PayBy = last
	if row.Rule != "" {
		s.Basis = basisOf(row)
	}
}

// amounts fills in the months.
func (r *run) amounts(s *Status) {
	b := r.weigh(r.day, r.day)
	claims := s.Transitions[len(s.Transitions)-1].claims
	for _, m := range r.months(r.day) {
		month := Month{Month: m, Paid: r.creditedTo(m, r.day), Claims: claims.of(m)}
		for _, c := range r.charges {
			if c.Month == m && !c.BilledOn.After(r.day) {
				month.Gross, month.APTC, month.Owed = month.Gross+c.Gross, month.APTC+c.APTC, month.Owed+c.Owed
				month.Open += b.open[c.index]
			}
		}
		if month.Expected = r.protected(m); month.Expected {
			month.Owed = 0
		}
		s.Months = append(s.Months, month)
	}
}

// paidThrough is the last day of the last month that is paid, counted from the
// first covered one without a gap. What a tolerance let pass counts as paid.
func (r *run) paidThrough() calendar.Date {
	if r.state == PendingBinder || r.state == Cancelled {
		return calendar.Date{}
	}
	var through calendar.Date
	satisfied := r.state == Current || r.state == Withheld
	for _, m := range r.months(r.day) {
		if m.Last().Before(r.coveredFrom) {
			continue
		}
		if !r.monthPaid(m, satisfied) {
			break
		}
		through = m.Last()
	}
	if end := r.endsOn; r.state.Over() && through.After(end) {
		return end
	}
	if end := r.planned(); !end.IsZero() && through.After(end) {
		return end
	}
	return through
}

func (r *run) monthPaid(m calendar.Month, satisfied bool) bool {
	var owed money.Cents
	due := true
	for _, c := range r.charges {
		if c.Month != m || c.BilledOn.After(r.day) {
			continue
		}
		owed += c.Owed
		due = due && (r.isDue(c, r.day.AddDays(-1)) || c.Owed <= 0)
	}
	if r.protected(m) || r.creditedTo(m, r.day) >= owed {
		return true
	}
	// While nothing is missed, what is short of a month that was due is within a
	// tolerance; so is what came before the stretch that is counted now.
	return satisfied && due || !r.spanFrom.IsZero() && m.First().Before(r.spanFrom) && r.table.Machine == ExchangeMachine && due &&
		r.beforeSpan(m)
}

func (r *run) beforeSpan(m calendar.Month) bool {
	for _, c := range r.charges {
		if c.Month == m && !r.dueOn(c).Before(r.spanFrom) {
			return false
		}
	}
	return true
}
