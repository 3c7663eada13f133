package processor

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// state is everything the simulator knows, by id. It changes by records only, so
// that replaying the journal gives the same state.
type state struct {
	customers map[string]*customer
	methods   map[string]*method
	cards     map[string]map[string]bool // the methods kept with each customer
	intents   map[string]*intent
	charges   map[string]*charge
	refunds   map[string]*refund
	disputes  map[string]*dispute
	sessions  map[string]*session
	lines     map[string]*line
	unpaid    map[string]map[string]bool // by account, the lines that are not paid out
	settled   map[string][]string        // by payout, its lines
	payouts   map[string]*payout
	paidOut   map[string][]string // by account, its payouts
	lastPaid  map[string]int64    // by account, the day of its last daily payout
	refusals  map[string]int      // by card, how often its issuer said no
	entries   []Entry
	events    []past
	answers   map[string]answered // by key with account
	due       map[string]time.Time
}

// answered is what is held in memory of an answer; the rest stays in the journal.
type answered struct {
	digest string
	at     place
}

func newState() *state {
	return &state{
		customers: map[string]*customer{}, methods: map[string]*method{}, cards: map[string]map[string]bool{}, intents: map[string]*intent{},
		charges: map[string]*charge{}, refunds: map[string]*refund{}, disputes: map[string]*dispute{},
		lines: map[string]*line{}, unpaid: map[string]map[string]bool{}, settled: map[string][]string{}, payouts: map[string]*payout{},
		paidOut: map[string][]string{}, lastPaid: map[string]int64{}, refusals: map[string]int{},
		sessions: map[string]*session{}, answers: map[string]answered{}, due: map[string]time.Time{},
	}
}

// apply takes a record in. Records replace objects and never reach into them.
func (s *state) apply(r *record, at place) {
	for _, x := range r.Customers {
		s.customers[x.ID] = x
		if x.Deleted {
			delete(s.cards, x.ID) // the same record detaches them
		}
	}
	for _, x := range r.Methods {
		if before := s.methods[x.ID]; before != nil {
			delete(s.cards[before.Customer], x.ID)
		}
		if x.Customer != "" {
			if s.cards[x.Customer] == nil {
				s.cards[x.Customer] = map[string]bool{}
			}
			s.cards[x.Customer][x.ID] = true
		}
		s.methods[x.ID] = x
	}
	for _, x := range r.Intents {
		s.intents[x.ID] = x
		s.plan(x.ID, earliest(x.HeldUntil, x.LateAt))
	}
	for _, x := range r.Charges {
		s.charges[x.ID] = x
		s.plan(x.ID, x.DisputeAt)
	}
	for _, x := range r.Refunds {
		s.refunds[x.ID] = x
		s.plan(x.ID, x.ChangeAt)
	}
	for _, x := range r.Disputes {
		s.disputes[x.ID] = x
	}
	for _, x := range r.Sessions {
		s.sessions[x.ID] = x
		ends := time.Time{}
		if x.Status == sessionOpen {
			ends = time.Unix(x.ExpiresAt, 0)
		}
		s.plan(x.ID, ends)
	}
	for _, x := range r.Payouts {
		if s.payouts[x.ID] == nil {
			s.paidOut[x.Account] = append(s.paidOut[x.Account], x.ID)
			s.lastPaid[x.Account] = max(s.lastPaid[x.Account], dayOf(x.Created))
		}
		s.payouts[x.ID] = x
	}
	for _, x := range r.Lines {
		s.takeLine(x)
	}
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Kind == Refused {
			s.refusals[e.Card]++
		}
	}
	s.entries = append(s.entries, r.Entries...)
	for i := range r.Events {
		e := &r.Events[i]
		s.events = append(s.events, past{id: e.ID, kind: e.Kind, account: e.Account, created: e.Created, at: at})
	}
	if r.Answer != nil {
		s.answers[r.Answer.Key] = answered{r.Answer.Digest, at}
	}
}

// takeLine keeps a line among those that are not paid out, or with its payout.
func (s *state) takeLine(l *line) {
	s.lines[l.ID] = l
	if l.Payout != "" {
		s.settled[l.Payout] = append(s.settled[l.Payout], l.ID)
		delete(s.unpaid[l.Account], l.ID)
		return
	}
	if s.unpaid[l.Account] == nil {
		s.unpaid[l.Account] = map[string]bool{}
	}
	s.unpaid[l.Account][l.ID] = true
}

// dayOf is the midnight in UTC before an instant, both in seconds.
func dayOf(at int64) int64 { return at - at%(24*60*60) }

// plan notes when an object changes by itself; the zero time means never.
func (s *state) plan(id string, at time.Time) {
	if at.IsZero() {
		delete(s.due, id)
		return
	}
	s.due[id] = at
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// dueBy lists the objects whose time has come, in the order of their times.
func (s *state) dueBy(now time.Time) []string {
	ids := slices.Collect(maps.Keys(s.due))
	ids = slices.DeleteFunc(ids, func(id string) bool { return s.due[id].After(now) })
	slices.SortFunc(ids, func(a, b string) int {
		if order := s.due[a].Compare(s.due[b]); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
	return ids
}
