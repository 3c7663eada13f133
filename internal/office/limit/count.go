package limit

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/secret"
)

// Kind says what sort of thing a subject is.
type Kind string

// The kinds of subject.
const (
	Number   Kind = "number"
	Device   Kind = "device"
	Address  Kind = "address"
	Key      Kind = "key" // an integrator's, in place of the address
	Card     Kind = "card"
	Visit    Kind = "visit"
	Mail     Kind = "mail"
	Domain   Kind = "domain"
	Everyone Kind = "everyone" // the whole installation
)

// Subject is who or what is counted. It never prints its value; the zero Subject
// is nobody and is not counted.
type Subject struct {
	Kind  Kind
	value secret.Text
	print string // when the value itself is not known
}

// SubjectOf names a subject by its value; no value is nobody.
func SubjectOf(kind Kind, value string) Subject {
	if value == "" {
		return Subject{}
	}
	return Subject{Kind: kind, value: secret.New(value)}
}

// Printed names a subject by the fingerprint that Print gave before.
func Printed(kind Kind, print string) Subject { return Subject{Kind: kind, print: print} }

// IsZero reports whether the subject is nobody.
func (s Subject) IsZero() bool { return s.value.IsZero() && s.print == "" }

// Print gives the text under which a subject is stored, made by a keyed hash of
// its value for a purpose of its own.
func (s Subject) Print(hash func(value secret.Text, purpose string) (string, error)) (string, error) {
	if s.print != "" || s.IsZero() {
		return s.print, nil
	}
	return hash(s.value, "limit/"+string(s.Kind))
}

// Measure is what is counted of a subject.
type Measure string

// The measures.
const (
	missed   Measure = "missed"   // look-ups that found nothing
	found    Measure = "found"    // of an address: the numbers found
	trying   Measure = "trying"   // cards under way
	declined Measure = "declined" // cards declined
	approved Measure = "approved" // of an address: the cards approved; of everyone: approvals
	carded   Measure = "carded"   // of a visit: the cards tried; of a card: the numbers it was tried for
	paged    Measure = "paged"    // of a visit: the processor's pages opened for cards that were not known
	barred   Measure = "barred"   // of a card: declines that say never again
	stepped  Measure = "stepped"  // of everyone: cards tried after a challenge during a wave
	solved   Measure = "solved"   // of a device: challenges solved
	mailed   Measure = "mailed"   // codes sent
	unlocked Measure = "unlocked" // of a mail address, domain, address: the devices that its codes unlocked
)

// Window is what was counted of one subject in the time before now.
type Window struct {
	Subject Subject
	Measure Measure
	Within  time.Duration
}

// Count is a change of a window.
type Count struct {
	Window
	About Subject // what it was about, where different ones count; or nobody
	N     int64
	Mark  bool // this is a failure: pauses begin now
}

// Sum is what stands in a window.
type Sum struct {
	N      int64
	Abouts int64     // how many different ones it was about
	Last   time.Time // of the last failure, or zero
}

// Store keeps counts and codes. Its methods return errors of package fault.
type Store interface {
	// TallyLimits changes counts and then gives what stands in windows, in their order,
	// in one transaction and one round trip. Of two calls at once the later sees
	// what the earlier counted, but on another node for Address and Everyone, whose
	// counts are spread over rows so that nobody waits: it may miss those under way.
	TallyLimits(ctx context.Context, now time.Time, add []Count, windows []Window) ([]Sum, error)
	// KeepCode keeps a code for a device in place of the one before it.
	KeepCode(ctx context.Context, code Code) error
	// TryCode compares a code with the one that is kept for a device, at most
	// triesMax times, and lets it be right once.
	TryCode(ctx context.Context, now time.Time, device Subject, typed secret.Text, triesMax int) (Tried, error)
	// SweepLimits removes at most so many counts and as many codes that ended
	// before now, and gives how many.
	SweepLimits(ctx context.Context, now time.Time, most int) (int, error)
}

// subjects are those of one Who.
type subjects struct{ number, device, address, card, visit Subject }

func subjectsOf(who Who) subjects {
	s := subjects{
		number: SubjectOf(Number, who.Number.Digits()), device: SubjectOf(Device, who.Device),
		address: SubjectOf(Address, addressText(who.Address)), card: SubjectOf(Card, who.Card), visit: SubjectOf(Visit, who.Visit),
	}
	if who.Handle != "" {
		s.number = SubjectOf(Number, "handle "+who.Handle) // a blank is in no number
	}
	if who.Key != "" {
		s.address = SubjectOf(Key, who.Key)
	}
	return s
}

// everyone is the whole installation.
var everyone = SubjectOf(Everyone, string(Everyone))

// addressText is an address as it is counted: one of IPv6 by its /64, of which a
// subscriber has all.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	net, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	return net.String()
}

// mailSubjects gives the subjects of a mail address. Variants that reach one
// mailbox are one: a tag after "+", dots, and letter case.
func mailSubjects(mail string) (address, domain Subject) {
	local, host, _ := strings.Cut(strings.ToLower(mail), "@")
	local, _, _ = strings.Cut(local, "+")
	local = strings.ReplaceAll(local, ".", "")
	return SubjectOf(Mail, local+"@"+host), SubjectOf(Domain, host)
}

// count writes counts; those of nobody are left out.
func (l *Limits) count(ctx context.Context, counts []Count) error {
	counts = ofSomebody(counts)
	if len(counts) == 0 {
		return nil
	}
	_, err := l.store.TallyLimits(ctx, l.clock.Now(), counts, nil)
	return err
}

func ofSomebody(counts []Count) []Count {
	kept := make([]Count, 0, len(counts))
	for _, c := range counts {
		if !c.Subject.IsZero() {
			kept = append(kept, c)
		}
	}
	return kept
}

// takenBack gives the counts that undo others.
func takenBack(counts []Count) []Count {
	back := make([]Count, len(counts))
	for i, c := range counts {
		c.N, c.Mark = -c.N, false
		back[i] = c
	}
	return back
}

// inquiry is one decision: what the try itself counts, what is read, and the
// limits that judge by it.
type inquiry struct {
	now     time.Time
	counts  []Count
	windows []Window
	// credits are windows that are read only where the verdict without them is not
	// to allow: they grow with the successes. Their places follow those of windows.
	credits []Window
	judges  []judge
	solved  int // the place of the device's solved challenges among windows, or -1
	// also adds counts that depend on what stands; nil when there are none.
	also func(sums []Sum, solved bool) []Count
}

// judge gives a verdict by what stands in the windows, the try itself counted.
type judge func(sums []Sum, solved bool) Verdict

func (l *Limits) inquiry(s subjects) *inquiry {
	q := &inquiry{now: l.clock.Now(), solved: -1}
	if !s.device.IsZero() {
		q.solved = q.reads(Window{s.device, solved, l.rules.Solved})
	}
	return q
}

// reads adds a window and gives its place; nobody's has none.
func (q *inquiry) reads(w Window) int {
	if w.Subject.IsZero() {
		return -1
	}
	if known := slices.Index(q.windows, w); known >= 0 {
		return known
	}
	q.windows = append(q.windows, w)
	return len(q.windows) - 1
}

// tries counts the try itself in a window, once, and gives the window's place.
func (q *inquiry) tries(w Window, about Subject) int {
	count := Count{Window: w, About: about, N: 1}
	if !w.Subject.IsZero() && !slices.Contains(q.counts, count) {
		q.counts = append(q.counts, count)
	}
	return q.reads(w)
}

func at(sums []Sum, place int) Sum {
	if place < 0 {
		return Sum{}
	}
	return sums[place]
}

// against are the windows that a limit compares.
type against struct {
	failures Window // what failed
	itself   bool   // the try itself is not among the failures, and counts with them
	going    Window // what is under way: it may fail; nobody's where nothing is
	credit   Window // the different successes, for limits that are net of them
}

// steps adds a limit on one subject.
func (q *inquiry) steps(rule Rule, steps Steps, a against) {
	if a.failures.Subject.IsZero() {
		return
	}
	failures, going, credit := q.reads(a.failures), q.tries(a.going, Subject{}), -1
	if steps.Per > 0 && !a.credit.Subject.IsZero() {
		credit = len(q.credits)
		q.credits = append(q.credits, a.credit)
	}
	q.judges = append(q.judges, func(sums []Sum, solved bool) Verdict {
		n := at(sums, failures).N + max(0, at(sums, going).N)
		if a.itself {
			n++
		}
		successes := int64(0)
		if place := len(q.windows) + credit; credit >= 0 && place < len(sums) {
			successes = sums[place].Abouts
		}
		return steps.judge(rule, n, successes, at(sums, failures).Last, q.now, solved)
	})
}

// verdict judges by what stands in the windows.
func (q *inquiry) verdict(sums []Sum) Verdict {
	v, isSolved := Verdict{}, at(sums, q.solved).N > 0
	for _, judge := range q.judges {
		v = worst(v, judge(sums, isSolved))
	}
	return v
}

// withTries gives sums as they will stand when the try itself is counted, but for
// what it is about: whether that is a new one only the store can tell.
func (q *inquiry) withTries(sums []Sum) []Sum {
	if q.also != nil {
		q.counts = append(q.counts, q.also(sums, at(sums, q.solved).N > 0)...)
	}
	for _, c := range q.counts {
		if place := slices.Index(q.windows, c.Window); place >= 0 {
			sums[place].N += c.N
		}
	}
	return sums
}

// decide judges a try and counts it when it may go. It counts the try and judges
// by what stands with all others that came at the same time; a try that may not
// go is taken back. Where a door was closed a moment ago it reads first, so that
// hammering it writes nothing.
func (l *Limits) decide(ctx context.Context, q *inquiry) (Verdict, error) {
	if len(q.windows) == 0 {
		return Verdict{}, nil
	}
	if q.also != nil || l.closed.any(q) {
		v, err := l.judge(ctx, q, nil)
		if err != nil || v.Answer != Allow {
			return v, err
		}
	}
	v, err := l.judge(ctx, q, q.counts)
	if err != nil || v.Answer == Allow {
		return v, err
	}
	l.closed.note(q)
	return v, l.count(ctx, takenBack(q.counts))
}

// judge counts and gives the verdict on what stands then, or with no counts on
// what would stand with the try.
func (l *Limits) judge(ctx context.Context, q *inquiry, counts []Count) (Verdict, error) {
	sums, err := l.store.TallyLimits(ctx, q.now, counts, q.windows)
	if err != nil {
		return Verdict{}, err
	}
	if counts == nil {
		sums = q.withTries(sums)
	}
	v := q.verdict(sums)
	if v.Answer == Allow || len(q.credits) == 0 {
		return v, nil
	}
	credits, err := l.store.TallyLimits(ctx, q.now, nil, q.credits)
	if err != nil {
		return Verdict{}, err
	}
	return q.verdict(append(sums[:len(q.windows):len(q.windows)], credits...)), nil
}

// closed remembers whom a limit stopped a moment ago. No verdict comes of it: it
// only says where reading first saves a write.
type closed struct {
	mu    sync.Mutex
	until map[Subject]time.Time
}

const (
	closedFor = time.Minute
	closedMax = 10_000
)

func (c *closed) note(q *inquiry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.until) >= closedMax {
		clear(c.until)
	}
	for _, w := range q.windows {
		c.until[w.Subject] = q.now.Add(closedFor)
	}
}

func (c *closed) any(q *inquiry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(q.windows, func(w Window) bool { return c.until[w.Subject].After(q.now) })
}
