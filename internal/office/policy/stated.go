package policy

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/registry"
)

// stated carries out a row of a CSV, which states what is so: a policy that is not
// on file begins, and one that is becomes what the row says.
func (c *chunk) stated(at int, d *decision) {
	row := d.row.Stated
	p := &row.Policy
	if !p.Group.IsZero() {
		account := c.accounts[registry.Reference{Number: p.Group}]
		if account.Err != nil {
			c.refuse(d, "group", "no employer is on file under the number in group")
			return
		}
	}
	s := c.exactly(d)
	if s == nil {
		c.open(d)
		return
	}
	if field, note := contradicts(s, row); note != "" {
		c.refuse(d, field, note)
		return
	}
	what, changed := c.span(d, s)
	if p.Continuation != nil && (s.Continuation == nil || *s.Continuation != *p.Continuation) {
		continuation := *p.Continuation
		s.Continuation, changed = &continuation, true
	}
	if p.Line != s.Line {
		s.Line, changed = p.Line, true
	}
	for _, w := range p.Withhold {
		if !slices.Contains(s.Withhold, w) {
			s.Withhold, changed = append(s.Withhold, w), true
		}
	}
	t := row.Terms
	if s.recast(t.From, c.until(at), t.KnownOn, func(coverage.Terms) coverage.Terms { return t }) {
		d.retro, changed = d.retro || t.From.Before(t.KnownOn), true
	}
	c.outcome(d, s, changed, what)
}

// exactly finds the policy of a row by its id.
func (c *chunk) exactly(d *decision) *state {
	want := d.policy()
	for _, number := range d.who.numbers {
		for _, s := range c.policies[number] {
			if s.Source == want.Source && s.SourceID == want.SourceID {
				return s
			}
		}
	}
	return nil
}

// contradicts says what of a row cannot be so of the policy on file.
func contradicts(s *state, row *coverage.Stated) (field, note string) {
	p, t := &row.Policy, &row.Terms
	inForce, ok := s.On(t.From)
	switch {
	case p.Line != s.Line && !(p.Line.OnExchange() && s.Line.OnExchange()):
		return "line", fmt.Sprintf("the policy of this id is %s on file, not %s", s.Line, p.Line)
	case p.State != s.State:
		return "state", fmt.Sprintf("the policy of this id is issued in %s on file, not %s", s.State, p.State)
	case p.Product != s.Product:
		return "product", "the policy of this id is of another plan on file; a change of plan has a day: write terms_from and terms_product"
	case p.Group != s.Group:
		return "group", "the policy of this id stands on another employer's bill on file"
	case p.To.IsZero() && !s.To.IsZero() && !t.KnownOn.After(s.To):
		return "to", fmt.Sprintf("the policy ends on file on %s, and the row, which states no end, was known by then: it does not take the policy up again", s.To)
	case ok && inForce.KnownOn.After(t.KnownOn) && !coverage.SameTerms(inForce, *t):
		return "known_on", fmt.Sprintf("the terms became known on %s, and other terms from %s on are on file since %s", t.KnownOn, t.From, inForce.KnownOn)
	}
	return "", ""
}

// span takes over a policy's first and last day and says what that is.
func (c *chunk) span(d *decision, s *state) (what Outcome, changed bool) {
	p, known := &d.row.Stated.Policy, d.row.Stated.Terms.KnownOn
	what = Changed
	if p.From != s.From {
		d.retro = d.retro || p.From.Before(known)
		s.From, changed = p.From, true
	}
	if p.To == s.To {
		return what, changed
	}
	was := s.Policy
	s.To, s.EndReason = p.To, p.EndReason
	switch {
	case neverBegan(&s.Policy):
		what = Cancelled
	case !was.To.IsZero() && (p.To.IsZero() || p.To.After(was.To)):
		what = Reinstated
	default:
		what = Ended
	}
	if !p.To.IsZero() {
		d.retro = d.retro || p.To.Before(known)
	}
	return what, true
}

// until is the day from which a later row of the same policy states its terms, or
// zero: a row's terms hold until then.
func (c *chunk) until(at int) (day calendar.Date) {
	from := c.decisions[at].row.Stated.Terms.From
	for _, d := range c.decisions[at+1:] {
		if !sameStated(c.decisions[at].row, d.row) {
			break
		}
		if next := d.row.Stated.Terms.From; next.After(from) && (day.IsZero() || next.Before(day)) {
			day = next
		}
	}
	return day
}
