// Package warden keeps watch over the payment status of policies: it replays what
// was billed, paid and decided, keeps a copy of where each policy stands, and
// notes what that makes due.
//
// It knows where the facts come from and hands them to cover/grace, which decides.
// It moves no money, writes no letter and knows no SQL. Invariants: a status is
// derived anew each time it is looked at; what it made due is noted once, however
// often a day is run; a policy about which nothing can have changed is not looked
// at. Start reading at Warden.Run.
package warden

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Store keeps what a status follows from, and copies of statuses.
type Store interface {
	// StatusBooks gives at most so many books after one, in order, with a policy whose
	// status may be another at the end of a day than the copy says.
	StatusBooks(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	// MovedBooks gives at most so many books after one, in order, with a policy by whose
	// status less is covered than its source says, and about which something was decided
	// or in whose books something was posted since that was found.
	MovedBooks(ctx context.Context, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	// SeenSeqs says how far the books have come in which the money of subscribers'
	// policies lies.
	SeenSeqs(ctx context.Context, numbers []billpay.Number) (map[billpay.Number]int64, error)
	// NotedDuties gives the keys of the duties that are noted of subscribers' policies.
	NotedDuties(ctx context.Context, numbers []billpay.Number) (map[coverage.Key]map[string]bool, error)
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	Charges(ctx context.Context, numbers []billpay.Number) ([]coverage.Charge, error)
	// PremiumMoves gives every posting of the premium fund in books, in the order of
	// book and sequence.
	PremiumMoves(ctx context.Context, books []ledger.BookNo) ([]Move, error)
	// DueDates gives when the items of books are due.
	DueDates(ctx context.Context, books []ledger.BookNo) (map[ItemKey]calendar.Date, error)
	PolicyFacts(ctx context.Context, numbers []billpay.Number) (map[coverage.Key][]grace.Fact, error)
	Standings(ctx context.Context, numbers []billpay.Number) (map[coverage.Key]Standing, error)
	// SaveStandings keeps copies, the changes that are new, and what they made due, all
	// or none. Conflict when a policy changed meanwhile.
	SaveStandings(ctx context.Context, updates []Update) error
}

// ItemKey names an open item.
type ItemKey struct {
	Book ledger.BookNo
	No   int64
}

// Move is one posting of the premium fund in a billing account's book.
type Move struct {
	Book          ledger.BookNo
	Seq, Of       int64
	Item          int64
	Event         ledger.Event
	Debit, Credit chart.Code
	Cents         money.Cents
	EffectiveOn   calendar.Date
	PostedOn      calendar.Date
	SentOn        calendar.Date // of what has a receipt: when the payment was sent, if that is known
	Reason        string        // of a correction
	// Of what a chargeback took and does not count before it is decided: whether that is
	// so, and the day on which it was.
	Undecided bool
	DecidedOn calendar.Date
}

// Standing is the copy of a policy's status.
type Standing struct {
	State    grace.State
	AsOf     calendar.Date // the day at whose end it holds
	StartsOn calendar.Date // as in Update
	EndsOn   calendar.Date
	Version  int64 // of the policy when it was made
	Changes  int   // the number of the last change that is kept
	Kept     map[Kept]bool
}

// Kept is a change that was noted. What becomes known later on the same day can
// make a change that was noted during the day no change of the day's end: it
// stays noted, and what came of it is noted after it.
type Kept struct {
	On, Effective calendar.Date
	From, To      grace.State
	Event         grace.Event
	Rerun         bool
}

// Update is a new copy of a policy's status.
type Update struct {
	Key     coverage.Key
	Version int64 // of the policy that was read
	Before  Standing
	Status  grace.Status
	// StartsOn is the first covered day, once it has come, where it is later than the
	// policy's; EndsOn the last one, once it is decided. What is billed follows them.
	StartsOn, EndsOn calendar.Date
	SeenSeq          int64 // how far its books had come
	// Former says that another policy goes on with the coverage by passive renewal, and
	// keeps the changes and duties of both.
	Former bool
}

// New gives the changes that are not kept yet.
func (u *Update) New() []grace.Transition {
	var added []grace.Transition
	for _, t := range u.Status.Transitions {
		if !u.Before.Kept[Kept{t.On, t.Effective, t.From, t.To, t.Event, t.Rerun}] {
			added = append(added, t)
		}
	}
	return added
}

// Warden keeps watch.
type Warden struct {
	Store Store
	Rules *rule.Set
	Lanes int
	// Progress is told how many policies were looked at; it may be nil.
	Progress func(policies int)
}

// Report is what a day's run found.
type Report struct {
	Day      calendar.Date       `json:"day"`
	Looked   int                 `json:"looked_at"`
	Changed  int                 `json:"changed"`
	States   map[grace.State]int `json:"states"` // of those looked at
	Duties   map[string]int      `json:"duties"` // newly noted, by kind
	Problems []fault.Problem     `json:"exceptions,omitempty"`
}

const chunkBooks = 500

// Run brings the statuses of all policies to the end of a day.
func (w *Warden) Run(ctx context.Context, day calendar.Date) (Report, error) {
	report, err := w.look(ctx, day, func(ctx context.Context, after ledger.BookNo) ([]ledger.BookNo, error) {
		return w.Store.StatusBooks(ctx, day, after, chunkBooks)
	})
	return report, fault.Wrap("warden.Run", err)
}

// Review looks again, as of the end of a day that was run, at policies of which less
// is covered than their source says and of which something new is known: money that was
// posted since, a decision. It is done before the next day's billing: money that was in
// time after all then keeps what was billed, instead of having it taken back and
// billed anew.
func (w *Warden) Review(ctx context.Context, day calendar.Date) error {
	_, err := w.look(ctx, day, func(ctx context.Context, after ledger.BookNo) ([]ledger.BookNo, error) {
		return w.Store.MovedBooks(ctx, after, chunkBooks)
	})
	return fault.Wrap("warden.Review", err)
}

// next gives the next books to look at after one, in order.
type next func(ctx context.Context, after ledger.BookNo) ([]ledger.BookNo, error)

func (w *Warden) look(ctx context.Context, day calendar.Date, books next) (Report, error) {
	total := &tally{Report: Report{Day: day, States: map[grace.State]int{}, Duties: map[string]int{}}, tell: w.Progress}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	chunks := make(chan []ledger.BookNo)
	var lanes sync.WaitGroup
	for range max(1, w.Lanes) {
		lanes.Go(func() {
			for books := range chunks {
				if err := w.chunk(ctx, day, books, total); err != nil {
					stop(err)
				}
			}
		})
	}
	err := feed(ctx, books, chunks)
	close(chunks)
	lanes.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return total.Report, err
}

func feed(ctx context.Context, books next, chunks chan<- []ledger.BookNo) error {
	for after := ledger.BookNo(0); ; {
		chunk, err := books(ctx, after)
		if err != nil || len(chunk) == 0 {
			return err
		}
		after = chunk[len(chunk)-1]
		select {
		case chunks <- chunk:
		case <-ctx.Done():
			return nil // the cause says why
		}
	}
}

// retries is how often a chunk is looked at again because a policy changed.
const retries = 5

func (w *Warden) chunk(ctx context.Context, day calendar.Date, books []ledger.BookNo, total *tally) error {
	numbers := make([]billpay.Number, len(books))
	for i, no := range books {
		numbers[i] = billpay.Number(no)
	}
	var err error
	for range retries {
		var found Found
		if found, err = Load(ctx, w.Store, numbers); err != nil {
			return err
		}
		if found.noted, err = w.Store.NotedDuties(ctx, found.formers()); err != nil {
			return err
		}
		updates, problems := w.judge(&found, day)
		if err = w.Store.SaveStandings(ctx, updates); fault.KindOf(err) == fault.Conflict {
			continue
		}
		if err == nil {
			total.note(updates, problems)
		}
		return err
	}
	return err
}

// judge replays policies. One that cannot be placed is a problem that names it. A copy
// is never made older than it is.
func (w *Warden) judge(f *Found, day calendar.Date) (updates []Update, problems []fault.Problem) {
	for i := range f.Policies {
		p := &f.Policies[i]
		if f.renewed(p) {
			continue // its renewal's answer is about both
		}
		on := day
		if asOf := f.Standings[p.Key()].AsOf; asOf.After(on) {
			on = asOf
		}
		status, err := grace.Replay(f.History(p), w.Rules, on)
		if err != nil {
			problems = append(problems, fault.Problem{Record: p.SourceID, Field: string(p.Line) + " " + p.State, Message: fault.MessageOf(err)})
			continue
		}
		u := f.update(p, status)
		if status.CoveredFrom.After(p.From) && !status.CoveredFrom.After(on) && p.Entry == coverage.Retroactive {
			u.StartsOn = status.CoveredFrom // until then the rest may still be paid
		}
		if status.State.Over() {
			u.EndsOn = status.EndsOn // while money in time may still be posted, what is billed stays
		}
		for former := f.before(p); former != nil; former = f.before(former) {
			updates = append(updates, f.former(former, &u))
		}
		updates = append(updates, u)
	}
	return updates, problems
}

func (f *Found) update(p *coverage.Held, status grace.Status) Update {
	return Update{Key: p.Key(), Version: p.Version, Before: f.Standings[p.Key()], Status: status, SeenSeq: f.seen[p.Number]}
}

// former is the copy of a policy whose coverage another one goes on with. A grace
// that began in its time may end the coverage in its time (45 CFR 156.270(g)). What was
// noted of it before it was renewed is not noted again of its renewal.
func (f *Found) former(p *coverage.Held, renewal *Update) Update {
	status := renewal.Status
	status.Transitions, status.Duties = nil, nil
	u := f.update(p, status)
	u.Former = true
	if end := renewal.EndsOn; !end.IsZero() && end.Before(p.To) {
		u.EndsOn = end
	}
	kept := map[Kept]bool{}
	maps.Copy(kept, u.Before.Kept)
	maps.Copy(kept, renewal.Before.Kept)
	renewal.Before.Kept = kept
	noted := f.noted[p.Key()]
	renewal.Status.Duties = slices.DeleteFunc(renewal.Status.Duties, func(d grace.Duty) bool { return noted[d.Key] })
	return u
}

// tally adds up what the lanes found.
type tally struct {
	mu sync.Mutex
	Report
	tell func(policies int)
}

func (t *tally) note(updates []Update, problems []fault.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range updates {
		u := &updates[i]
		if u.Former {
			continue
		}
		t.Looked++
		t.States[u.Status.State]++
		if len(u.New()) > 0 {
			t.Changed++
		}
		for _, d := range u.Status.Duties {
			if d.On == t.Day {
				t.Duties[string(d.Kind)]++
			}
		}
	}
	t.Problems = append(t.Problems, problems...)
	if t.tell != nil {
		t.tell(t.Looked)
	}
}

// Status answers for one policy on a day, without keeping anything.
func Status(ctx context.Context, s Store, rules *rule.Set, number billpay.Number, day calendar.Date) ([]Answer, error) {
	const op = "warden.Status"
	found, err := Load(ctx, s, []billpay.Number{number})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	answers, err := found.answers(rules, day)
	return answers, fault.Wrap(op, err)
}

// answers replays every coverage, the newest first.
func (f *Found) answers(rules *rule.Set, day calendar.Date) ([]Answer, error) {
	var answers []Answer
	for i := range f.Policies {
		p := &f.Policies[i]
		if f.renewed(p) {
			continue
		}
		status, err := grace.Replay(f.History(p), rules, day)
		if err != nil {
			return nil, fmt.Errorf("policy %d: %w", p.No, err)
		}
		answers = append(answers, Answer{p.Policy, status, f.facts[p.Key()]})
	}
	slices.SortStableFunc(answers, func(a, b Answer) int { return b.Policy.From.Compare(a.Policy.From) })
	return answers, nil
}

// Answer is a policy and where it stands.
type Answer struct {
	Policy coverage.Policy
	Status grace.Status
	Facts  []grace.Fact // that were noted about it
}

// NoticeDuty is a letter that a policy's status made due.
type NoticeDuty struct {
	Policy   coverage.Key
	Key      string // of the duty, within the policy
	Language string // that its reader reads, or ""
}

// SentNotice is a letter that has gone out.
type SentNotice struct {
	Policy coverage.Key
	Key    string // of the letter, within the book
	Notice grace.Notice
	At     time.Time
}
