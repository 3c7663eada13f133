// Package limit keeps guessers, card testers and mail bombers slow, and payers
// not: it counts failures per number, device, address and card across all doors,
// and says whether the next try may go, needs a challenge first, or must wait.
//
// It knows the rules (Rules, listed for operators in
// docs/operators/abuse-limits.md) and the challenge, a code by e-mail. It does
// not know whether a number exists, what a card is, or any page, and it judges by
// nothing in memory: every count is in the database, so that all doors and all
// nodes see the same. Whom it counts is stored as a keyed fingerprint only.
//
// Invariants: a card is counted before it is tried, a look-up before it is
// answered, and judged by what stands then, so that many at once get no more than
// one after another. A refused try leaves no trace: whoever hammers a closed door
// does not keep it closed. What is counted against an address is failures net of
// successes, because an office is not one person. Every limit heals when its
// window has passed.
//
// Start reading at Limits.Looked, then Limits.Card; Rules are in rules.go.
package limit

import (
	"context"
	"net/netip"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Who is everything that is known of whoever tries something. A field that is
// not known is its zero value and is not counted; a door that knows no device
// has no way to lift a challenge.
type Who struct {
	Number  billpay.Number // as typed, whether it exists or not
	Handle  string         // in place of Number: an earlier system's number, as it is looked up
	Device  string         // an opaque id of the browser
	Address netip.Addr     // of the client, as seen past our own proxies; IPv6 counts by /64
	// Key is the id of an integrator's key. It counts in place of the address, which
	// is the integrator's for all its payers.
	Key   string
	Card  string // the processor's fingerprint of the card
	Visit string // an opaque id of one sitting
	// Bill is what is open on the bill that is being paid, when it is one: it may
	// be paid whole though it is below the least amount.
	Bill money.Cents
}

// Answer is what may be done.
type Answer uint8

// The answers, from mild to hard.
const (
	Allow     Answer = iota
	Challenge        // a challenge must be solved on this device first
	Refuse           // not before Verdict.Until
)

func (a Answer) String() string { return [...]string{"allow", "challenge", "refuse"}[a] }

// Verdict is what may be done, and which rule says so. The rule is for staff and
// logs: shown to whoever tries, it would say what to avoid.
type Verdict struct {
	Answer Answer
	Until  time.Time // of Refuse: when another try makes sense
	Rule   Rule      // "" when allowed
}

// worst gives the harder of two verdicts; of two refusals the longer one.
func worst(a, b Verdict) Verdict {
	if b.Answer > a.Answer || b.Answer == a.Answer && b.Until.After(a.Until) {
		return b
	}
	return a
}

// Limits judges what may be tried. It is safe for concurrent use.
type Limits struct {
	store  Store
	rules  Rules
	clock  clock.Clock
	closed closed
}

// New makes limits that follow rules.
func New(store Store, rules Rules, clk clock.Clock) *Limits {
	return &Limits{store: store, rules: rules, clock: clk, closed: closed{until: map[Subject]time.Time{}}}
}

// Looked tells what a look-up by number and fact, or by statement code, came to,
// and gives whether its answer may be given. Whoever looks asks before the answer
// leaves, and when it may not, gives the same answer at the same moment to what
// was found and what was not. So of many guesses at once no more are answered
// than of guesses one after another, and one that is not answered leaves no trace.
//
// A miss counts against number, device and address. A hit takes nothing off the
// number's or the device's own misses, or whoever owns one good pair of number and
// fact could wash theirs away; the address is credited once per account that was
// found, which number names on a hit.
func (l *Limits) Looked(ctx context.Context, who Who, hit bool, number billpay.Number) (Verdict, error) {
	q := l.looked(who, hit, number)
	v, err := l.decide(ctx, q)
	if err == nil && v.Answer == Allow && !hit {
		err = l.count(ctx, marked(q.counts))
	}
	return v, fault.Wrap("limit.Looked", err)
}

// marked gives what has pauses begin now. That comes after the verdict: a pause is
// measured from the failure before.
func marked(counts []Count) []Count {
	marks := make([]Count, len(counts))
	for i, c := range counts {
		c.N, c.Mark = 0, true
		marks[i] = c
	}
	return marks
}

// looked counts and judges a look-up.
func (l *Limits) looked(who Who, hit bool, number billpay.Number) *inquiry {
	r, s := &l.rules.Looks, subjectsOf(who)
	q := l.inquiry(s)
	from := limited{AddressLooks, s.address, r.Address}
	if s.address.Kind == Key {
		from = limited{KeyLooks, s.address, r.Key}
	}
	credit := Window{s.address, found, r.Address.Within}
	for _, limit := range []limited{{NumberLooks, s.number, r.Number}, {DeviceLooks, s.device, r.Device}, from} {
		failures := Window{limit.subject, missed, limit.steps.Within}
		q.steps(limit.rule, limit.steps, against{failures: failures, credit: credit, itself: hit})
		if !hit {
			q.counts = append(q.counts, ofSomebody([]Count{{Window: failures, N: 1}})...)
		}
	}
	if hit {
		q.counts = append(q.counts, ofSomebody([]Count{{Window: credit, About: SubjectOf(Number, number.Digits()), N: 1}})...)
	}
	return q
}

// limited is a limit on one subject.
type limited struct {
	rule    Rule
	subject Subject
	steps   Steps
}

// Solved tells that a challenge was solved on a device, which lifts challenges
// there for a while. Challenger.Check calls it.
func (l *Limits) Solved(ctx context.Context, who Who) error {
	if who.Device == "" {
		return fault.New(fault.Invalid, "limit.Solved", "a challenge is solved on a device, and none is named")
	}
	s := subjectsOf(who)
	return fault.Wrap("limit.Solved", l.count(ctx, []Count{
		{Window: Window{s.device, solved, l.rules.Solved}, N: 1},
		{Window: Window{s.address, unlocked, l.rules.Codes.Address.Within}, About: s.device, N: 1},
	}))
}

// Sweep removes at most so many counts and codes that no longer matter, and
// gives how many. Whoever runs it repeats it until it gives fewer.
func (l *Limits) Sweep(ctx context.Context, most int) (int, error) {
	n, err := l.store.SweepLimits(ctx, l.clock.Now(), most)
	return n, fault.Wrap("limit.Sweep", err)
}
