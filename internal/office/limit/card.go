package limit

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Classes of a decline that are told apart here; they are those of the checkout.
const (
	classHard      = "hard"      // this card never again
	classTechnical = "technical" // nobody's decision
)

// Card asks whether a card may go to the processor for an amount. When it
// allows, Approved, Declined or Unused must tell what came of it; a card of which
// nothing is told counts as a decline for a while. A card that is entered on the
// processor's own page is asked for before the page is opened, without its
// fingerprint, and told of with it. An amount below the least is fault.Invalid.
func (l *Limits) Card(ctx context.Context, who Who, amount money.Cents) (Verdict, error) {
	const op = "limit.Card"
	if least := l.Least(who.Bill); amount < least {
		return Verdict{}, fault.New(fault.Invalid, op, "the least that is taken by card is %s", least.Grouped()).
			WithHint("Name a larger amount, or pay the bill whole.")
	}
	v, err := l.decide(ctx, l.trying(who))
	return v, fault.Wrap(op, err)
}

// Least is the least amount that is taken by card, when so much is open on the
// bill that is paid, or 0 when no bill is.
func (l *Limits) Least(bill money.Cents) money.Cents {
	if bill > 0 {
		return min(bill, l.rules.Cards.Least)
	}
	return l.rules.Cards.Least
}

// trying counts and judges a card.
func (l *Limits) trying(who Who) *inquiry {
	r, s := &l.rules.Cards, subjectsOf(who)
	q := l.inquiry(s)
	credit := Window{s.address, approved, r.Address.Within}
	from := limited{AddressCards, s.address, r.Address}
	if s.address.Kind == Key {
		from = limited{KeyCards, s.address, r.Key}
	}
	for _, limit := range []limited{{NumberCards, s.number, r.Number}, {DeviceCards, s.device, r.Device}, from, {CardDay, s.card, r.Day}} {
		q.steps(limit.rule, limit.steps, against{
			failures: Window{limit.subject, declined, limit.steps.Within}, going: Window{limit.subject, trying, r.Going}, credit: credit,
		})
	}
	q.steps(CardMonth, r.Month, against{failures: Window{s.card, declined, r.Month.Within}})
	q.barred(s.card, r)
	known, unknown := Window{s.visit, carded, r.Visit.Within}, Window{s.visit, paged, r.Visit.Within}
	if s.card.IsZero() {
		q.different(VisitCards, r.Visit, q.reads(known), q.tries(unknown, Subject{}))
	} else {
		q.different(VisitCards, r.Visit, q.tries(known, s.card), q.reads(unknown))
	}
	if !s.number.IsZero() {
		q.different(CardNumbers, r.Numbers, q.tries(Window{s.card, carded, r.Numbers.Within}, s.number), -1)
	}
	q.wave(r)
	return q
}

// different adds a limit on how many different things were tried: those at known,
// and so many at unknown of which it cannot be told.
func (q *inquiry) different(rule Rule, steps Steps, known, unknown int) {
	q.judges = append(q.judges, func(sums []Sum, solved bool) Verdict {
		n := at(sums, known).Abouts + max(0, at(sums, unknown).N)
		return steps.judge(rule, n, 0, at(sums, known).Last, q.now, solved)
	})
}

// barred refuses a card of which its issuer said "never".
func (q *inquiry) barred(card Subject, r *Cards) {
	place := q.reads(Window{card, barred, r.Barred})
	q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
		s := at(sums, place)
		if until := s.Last.Add(r.Barred); s.N > 0 && until.After(q.now) {
			return Verdict{Refuse, until, CardBarred}
		}
		return Verdict{}
	})
}

// wave adds the breaker: while the installation's declines are above what its
// approvals make plausible, every card needs a challenge, and those that have it
// go at a pace that approvals quicken.
func (q *inquiry) wave(r *Cards) {
	going := q.tries(Window{everyone, trying, r.Going}, Subject{})
	type places struct{ declined, approved int }
	var windows []places
	for _, w := range r.Waves {
		windows = append(windows, places{q.reads(Window{everyone, declined, w.Within}), q.reads(Window{everyone, approved, w.Within})})
	}
	inWave := func(sums []Sum) bool {
		for i, w := range r.Waves {
			n := at(sums, windows[i].declined).N + max(0, at(sums, going).N-int64(r.AtOnce))
			if !w.holds(n, at(sums, windows[i].approved).N) {
				return true
			}
		}
		return false
	}
	pace := Window{everyone, stepped, r.Pace.Within}
	paced, approvals := q.reads(pace), q.reads(Window{everyone, approved, r.Pace.Within})
	q.also = func(sums []Sum, solved bool) []Count {
		if !solved || !inWave(sums) {
			return nil
		}
		return []Count{{Window: pace, N: 1}}
	}
	q.judges = append(q.judges, func(sums []Sum, solved bool) Verdict {
		switch {
		case !inWave(sums):
			return Verdict{}
		case !solved:
			return Verdict{Answer: Challenge, Rule: DeclineWave}
		case !r.Pace.holds(at(sums, paced).N, at(sums, approvals).N):
			return Verdict{Refuse, q.now.Add(r.Wait), WavePace}
		}
		return Verdict{}
	})
}

// Approved tells that a card that was allowed was approved.
func (l *Limits) Approved(ctx context.Context, who Who) error {
	r, s := &l.rules.Cards, subjectsOf(who)
	counts := append(l.tried(s), Count{Window: Window{s.address, approved, r.Address.Within}, About: s.card, N: 1})
	return fault.Wrap("limit.Approved", l.count(ctx, append(counts, l.ofEveryone(approved)...)))
}

// Declined tells that a card that was allowed was declined, and the class of the
// decline. What was nobody's decision counts against nobody.
func (l *Limits) Declined(ctx context.Context, who Who, class string) error {
	if class == classTechnical {
		return l.Unused(ctx, who)
	}
	r, s := &l.rules.Cards, subjectsOf(who)
	counts := l.tried(s)
	for _, w := range []Window{
		{s.number, declined, r.Number.Within}, {s.device, declined, r.Device.Within}, {s.address, declined, r.Address.Within},
		{s.card, declined, r.Day.Within}, {s.card, declined, r.Month.Within},
	} {
		counts = append(counts, Count{Window: w, N: 1, Mark: true})
	}
	if class == classHard {
		counts = append(counts, Count{Window: Window{s.card, barred, r.Barred}, N: 1, Mark: true})
	}
	return fault.Wrap("limit.Declined", l.count(ctx, append(counts, l.ofEveryone(declined)...)))
}

// Unused tells that a card that was allowed was decided by nobody: it never
// reached its issuer, or the payer left the processor's page.
func (l *Limits) Unused(ctx context.Context, who Who) error {
	s := subjectsOf(who)
	visit := Count{Window: Window{s.visit, paged, l.rules.Cards.Visit.Within}, N: -1}
	if !s.card.IsZero() {
		visit = Count{Window: Window{s.visit, carded, l.rules.Cards.Visit.Within}, About: s.card, N: -1}
	}
	return fault.Wrap("limit.Unused", l.count(ctx, append(l.tried(s), visit)))
}

// tried ends what Card counted as under way.
func (l *Limits) tried(s subjects) []Count {
	var counts []Count
	for _, subject := range []Subject{s.number, s.device, s.address, s.card, everyone} {
		counts = append(counts, Count{Window: Window{subject, trying, l.rules.Cards.Going}, N: -1})
	}
	return counts
}

// ofEveryone counts an outcome in every window that the breaker reads.
func (l *Limits) ofEveryone(m Measure) []Count {
	r := &l.rules.Cards
	within := map[Window]bool{}
	var counts []Count
	for _, c := range append([]Crowd{r.Pace}, r.Waves...) {
		if w := (Window{everyone, m, c.Within}); !within[w] {
			within[w] = true
			counts = append(counts, Count{Window: w, N: 1})
		}
	}
	return counts
}
