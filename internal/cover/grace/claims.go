package grace

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/rule"
)

// claims is all that decides the signal of a month: a picture of the state that
// lasts until the next transition.
type claims struct {
	state  State
	from   calendar.Date // first covered day
	ends   calendar.Date // last covered day, when one is fixed
	second calendar.Date // first day whose claims are pended
}

func (r *run) claims() claims {
	c := claims{state: r.state, from: r.coveredFrom, ends: r.endsOn}
	if !r.anchored || !(r.state.InGrace() || r.state == TermPending) {
		return c
	}
	switch {
	case r.credit:
		c.second = r.anchor.clock.Add(r.rule(rule.CreditGraceCovered).Count()).First()
	case r.table.Machine == MedicareMachine || r.table.Machine == ContinuationMachine:
		// Covered, subject to what happens later: claims are paid meanwhile.
	case r.rule(rule.StateGraceClaims).Word() == rule.PendClaims:
		c.second = r.anchor.clock.First()
	}
	return c
}

// of gives the signal for claims of a month.
func (c claims) of(m calendar.Month) Signal {
	switch {
	case c.state == Cancelled:
		return Deny
	case c.state == PendingBinder:
		return Pend
	case m.Last().Before(c.from):
		return Deny
	case c.state.Over() && m.First().After(c.ends):
		return Deny
	case c.state == TermPending && m.First().After(c.ends):
		return Hold
	case !c.second.IsZero() && !m.First().Before(c.second) && c.state != TermPending:
		return Pend
	}
	return Pay
}
