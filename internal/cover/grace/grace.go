// Package grace knows the payment status of a policy: it replays what was
// billed, what was paid and what was decided into a state on a day, with every
// transition on the way, its cause and rule, and what each makes due.
//
// It is pure: it asks no clock, reads no store, moves no money and sends
// nothing. What a month costs is package premium's; every number of the law is a
// row of package rule. A state is never stored as the truth: it is derived, and
// whoever keeps it keeps a copy.
//
// Invariants: the same history gives the same answer, whatever the order of
// facts on one day; the log is append-only in the order in which things became
// known, so that the log up to a past day is the log that was made on that day;
// a state of grace never stands beside a balance of zero; an unconfirmed rule
// row cancels and terminates nobody.
//
// Start reading at Replay, then at Arrow in machine.go and one of the tables
// (exchange.go, state.go, cobra.go, medicare.go, group.go).
package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// History is what is known about a policy's premium.
type History struct {
	Policy  coverage.Policy
	Charges []Charge
	Money   []Money
	Facts   []Fact
	// Previous is the policy that this one renews passively, with the same
	// issuer and product line and no gap. A grace runs on over the renewal (45
	// CFR 156.270(d)), so both are replayed as one coverage and the answer is
	// about both. A new selection has none: it starts with its own binder.
	Previous *History
	// Noted are changes of status that were told in the course of their day. What
	// becomes known later on such a day does not make them never have been: it is
	// one more change, and what they made due is taken back by what that makes due.
	Noted []Noted
}

// Noted is a change of status that was told before its day was over.
type Noted struct {
	On       calendar.Date
	From, To State
	Event    Event
}

// Charge is one line of what the member owes for a coverage month: the month's
// premium, or an adjustment to it. Other parties' shares are not in Owed.
type Charge struct {
	Month    calendar.Month
	BilledOn calendar.Date // when the line became known
	DueOn    calendar.Date // a line billed later than that is due when it is billed
	Owed     money.Cents   // by the member; negative lowers what is owed from BilledOn on
	Gross    money.Cents   // the month's total premium, or the change to it
	APTC     money.Cents   // the advance credit in it, or the change to it
}

// Money is a part of a payment, or money that went back.
type Money struct {
	ID         string        // of the payment; its parts share it
	ReceivedOn calendar.Date // that of its credit: acceptance, submission or receipt, never settlement
	SentOn     calendar.Date // the postmark, zero when it is not known; for continuation coverage rule.CobraPaymentFrom says if it counts
	KnownOn    calendar.Date // when it was posted; zero is ReceivedOn
	Cents      money.Cents   // negative: returned, charged back, refunded or moved away
	// Month it was applied to. Money held unapplied has none and pays nothing;
	// when it is applied later, a negative part without month takes it from there.
	Month calendar.Month
	// Returns is the payment that this negative money undoes. The machine re-runs
	// from that payment's day, as if it had never been made.
	Returns string
	Why     string // of a return: the reason as the books have it, or ""
}

// FactKind says what a fact is about.
type FactKind string

// The facts.
const (
	NoticeSent          FactKind = "notice_sent"          // Notice says which
	Ended               FactKind = "ended"                // by the member or the source; Day is the last covered day
	Died                FactKind = "died"                 // Day is the last covered day
	NeverEffective      FactKind = "never_effective"      // withdrawn before it began, or returned in the free look
	GroupEnded          FactKind = "group_ended"          // the employer's coverage ended; Day is the last covered day
	Reinstated          FactKind = "reinstated"           // staff decided so
	ReinstatementDenied FactKind = "reinstatement_denied" // staff decided so
	GoodCauseRequested  FactKind = "good_cause_requested" // by a member of a Medicare plan
	GoodCauseApproved   FactKind = "good_cause_approved"
	EndConfirmed        FactKind = "end_confirmed" // staff ends this coverage by a row that is not confirmed
)

// Fact is something that happened or was decided.
type Fact struct {
	Kind    FactKind
	On      calendar.Date // from which it counts
	KnownOn calendar.Date // when it was recorded; zero is On
	Day     calendar.Date // what Kind says
	Notice  Notice        // of NoticeSent
}

func (m Money) known() calendar.Date {
	if m.KnownOn.IsZero() {
		return m.ReceivedOn
	}
	return m.KnownOn
}

func (f Fact) known() calendar.Date {
	if f.KnownOn.IsZero() {
		return f.On
	}
	return f.KnownOn
}

// Known gives the history as it was known at the end of a day.
func (h History) Known(by calendar.Date) History {
	k := h
	k.Charges, k.Money, k.Facts = nil, nil, nil
	if h.Policy.ToKnownOn.After(by) {
		k.Policy.To, k.Policy.ToKnownOn = calendar.Date{}, calendar.Date{}
	}
	for _, c := range h.Charges {
		if !c.BilledOn.After(by) {
			k.Charges = append(k.Charges, c)
		}
	}
	for _, m := range h.Money {
		if !m.known().After(by) {
			k.Money = append(k.Money, m)
		}
	}
	for _, f := range h.Facts {
		if !f.known().After(by) {
			k.Facts = append(k.Facts, f)
		}
	}
	if c := h.Policy.Continuation; c != nil && c.ElectedOn.After(by) {
		unelected := *c
		unelected.ElectedOn = calendar.Date{}
		k.Policy.Continuation = &unelected
	}
	k.Policy.Withhold = nil
	for _, w := range h.Policy.Withhold {
		if w.RequestedOn.After(by) {
			continue
		}
		if w.DecidedOn.After(by) {
			w.Status, w.DecidedOn = coverage.WithholdRequested, calendar.Date{}
		}
		k.Policy.Withhold = append(k.Policy.Withhold, w)
	}
	if h.Previous != nil {
		previous := h.Previous.Known(by)
		k.Previous = &previous
	}
	return k
}

// whole joins a policy with those that it renews passively.
func (h History) whole() History {
	if h.Previous == nil {
		return h
	}
	before := h.Previous.whole()
	joined := before
	joined.Policy.To, joined.Policy.ToKnownOn = h.Policy.To, h.Policy.ToKnownOn // the old end was the renewal
	joined.Policy.Withhold = append(append([]coverage.Withhold(nil), before.Policy.Withhold...), h.Policy.Withhold...)
	joined.Charges = append(append([]Charge(nil), before.Charges...), h.Charges...)
	joined.Money = append(append([]Money(nil), before.Money...), h.Money...)
	joined.Facts = append(append([]Fact(nil), before.Facts...), h.Facts...)
	joined.Noted = append(append([]Noted(nil), before.Noted...), h.Noted...)
	joined.Previous = nil
	return joined
}

// dated makes a fact of a source's end that became known later than the policy.
func (h History) dated() History {
	p := &h.Policy
	if p.To.IsZero() || p.ToKnownOn.IsZero() {
		return h
	}
	h.Facts = append(slices.Clip(h.Facts), Fact{Kind: Ended, On: p.ToKnownOn, Day: p.To})
	p.To, p.ToKnownOn = calendar.Date{}, calendar.Date{}
	return h
}
