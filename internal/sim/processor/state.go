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
	s.entries = append(s.entries, r.Entries...)
	for i := range r.Events {
		e := &r.Events[i]
		s.events = append(s.events, past{id: e.ID, kind: e.Kind, account: e.Account, created: e.Created, at: at})
	}
	if r.Answer != nil {
		s.answers[r.Answer.Key] = answered{r.Answer.Digest, at}
	}
}

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
