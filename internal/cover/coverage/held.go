package coverage

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Key names a policy.
type Key struct {
	Number billpay.Number // the subscriber's
	No     int64
}

// Key gives the policy's own.
func (p *Policy) Key() Key { return Key{p.Number, p.No} }

// Covers reports whether any day of a month is covered.
func (p *Policy) Covers(m calendar.Month) bool {
	return !p.From.After(m.Last()) && (p.To.IsZero() || !p.To.Before(m.First())) && !p.neverBegan()
}

// neverBegan reports that the policy was cancelled from its start: its last day
// lies before its first.
func (p *Policy) neverBegan() bool { return !p.To.IsZero() && p.To.Before(p.From) }

// Billed says how far a policy is billed, and on what it was known then.
type Billed struct {
	Through calendar.Month
	Version int64 // that Held had; 0 when it was never billed
}

// Held is a policy with all terms that were ever known of it, in the order in
// which they became known.
type Held struct {
	Policy
	Version int64 // counts the changes of the policy, its terms and withholds, from 1
	Terms   []Terms
	Billed  Billed
	// EndsOn is the last covered day by the payment status, or the zero Date; To is
	// that of the source.
	EndsOn calendar.Date
	// StartsOn is the first covered day by the payment status where that is later than
	// From, or the zero Date: one month paid of a retroactive first payment buys no
	// coverage of the months before (45 CFR 155.400(e)(1)(iii)).
	StartsOn calendar.Date
}

// Effective is the policy with its first and last day by the payment status, where
// it covers less than the source says: what is billed and charged goes by it.
func (h *Held) Effective() Held {
	e := *h
	if h.StartsOn.After(h.From) {
		e.From = h.StartsOn
	}
	if !h.EndsOn.IsZero() && (h.To.IsZero() || h.EndsOn.Before(h.To)) {
		e.To = h.EndsOn
	}
	return e
}

// Unchanged reports that nothing became known since the policy was billed.
func (h *Held) Unchanged() bool { return h.Billed.Version == h.Version }

// BilledNow says that the policy is billed through a month on all that is known.
func (h *Held) BilledNow(through calendar.Month) Billed {
	if through.Before(h.Billed.Through) {
		through = h.Billed.Through
	}
	return Billed{through, h.Version}
}

// On gives the terms in force on a day: of those that begin by then, the one that
// became known last. What is received later of an earlier date therefore holds
// from that date on.
func (h *Held) On(day calendar.Date) (Terms, bool) {
	for _, t := range slices.Backward(h.Terms) {
		if !t.From.After(day) {
			return t, true
		}
	}
	return Terms{}, false
}

// In gives the terms in force within a month, each from the day on which it
// begins to hold there; the first From is the month's first day or the day from
// which there are terms.
func (h *Held) In(m calendar.Month) []Terms {
	days := []calendar.Date{m.First()}
	for _, t := range h.Terms {
		if m.Holds(t.From) {
			days = append(days, t.From)
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	var in []Terms
	for _, day := range slices.Compact(days) {
		t, ok := h.On(day)
		if !ok || len(in) > 0 && in[len(in)-1].No == t.No {
			continue
		}
		t.From = day
		in = append(in, t)
	}
	return in
}

// Charge is one line that was billed for a policy's month. A month's lines sum
// to what it costs so far; what changes it is a further line.
type Charge struct {
	Policy   Key
	Month    calendar.Month
	No       int64 // within the policy's month, from 1
	Kind     string
	Owner    string
	Cents    money.Cents   // signed: a credit is below zero
	From, To calendar.Date // the days that it is about
	Run      int64
	BilledOn calendar.Date
	// Item is the open item that the line made or changed; none of a line that
	// another party owes.
	ItemBook ledger.BookNo
	ItemNo   int64
}

// Clone copies the policy with everything that is known of it.
func (h *Held) Clone() Held {
	c := *h
	c.Terms, c.Withhold = slices.Clone(h.Terms), slices.Clone(h.Withhold)
	if h.Continuation != nil {
		continuation := *h.Continuation
		c.Continuation = &continuation
	}
	return c
}
