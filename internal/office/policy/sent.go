package policy

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// sent carries out what an 834 says of a policy.
func (c *chunk) sent(d *decision) {
	s := d.row.Sent
	if d.said.Policy.Line == coverage.Group {
		if d.said.Policy.Group = d.who.sponsor; d.who.sponsor.IsZero() {
			c.refuse(d, "group", "the employer who is billed is not on file: the file names none (N1*P5)")
			return
		}
	}
	c.number(d)
	switch {
	case d.said.Does == coverage.DoesCompare:
		c.compareSent(d)
	case s.Part == Leaves:
		c.leave(d)
	case s.Part == Joins:
		c.join(d)
	case s.Every:
		c.endEvery(d)
	case d.said.Does == coverage.DoesBegin:
		c.begin(d)
	case d.said.Does == coverage.DoesChange:
		c.change(d)
	case d.said.Does == coverage.DoesReinstate:
		c.reinstate(d)
	case d.said.Does == coverage.DoesCancel:
		c.cancel(d)
	default:
		c.end(d, c.in(d, d.said.Policy.To))
	}
}

// number gives the persons of a row the numbers under which they are on file. Who
// is not on file stays without one, of which enrolment has told.
func (c *chunk) number(d *decision) {
	for i, change := range d.row.Sent.Persons {
		number := c.numberOf(d.row.Sent.Subscriber, change)
		for t := range d.said.Terms {
			if members := d.said.Terms[t].Members; i < len(members) {
				members[i].Number = number
			}
		}
	}
}

func (c *chunk) numberOf(family enrolment.Family, change member.Change) billpay.Number {
	own := change.Identity.SubscriberID
	change.Identity.SubscriberID = family.SubscriberID
	if own != family.SubscriberID {
		change.Identity.Suffix = own
	}
	members := c.have.Members[family]
	records := make([]member.Record, len(members))
	for i := range members {
		records[i] = members[i].Record
	}
	at, result := member.Match(records, change)
	if result != member.Matched {
		return 0
	}
	return members[at].Number
}

// in finds the stretch of a row's policy that a day lies in or after, or nil when
// the policy is not on file.
func (c *chunk) in(d *decision, day calendar.Date) *state {
	candidates := c.candidates(d)
	for _, s := range slices.Backward(candidates) {
		if day.IsZero() || !s.From.After(day) {
			return s
		}
	}
	if len(candidates) > 0 {
		return candidates[0]
	}
	return nil
}

const notOnFile = "the policy is not on file"

// begin carries out an addition. Of a policy that is on file it is a change from
// its day on, or an earlier first day; after an end with a gap, or one by payment
// status, it is a new stretch.
func (c *chunk) begin(d *decision) {
	p := &d.said.Policy
	s := c.in(d, p.From)
	switch {
	case s == nil:
		c.open(d)
	case neverBegan(&s.Policy) && s.From == p.From:
		c.refuse(d, "policy", "the policy is cancelled on file: a reinstatement (025) takes it up again")
	case neverBegan(&s.Policy) || !s.To.IsZero() && p.From.After(s.To.AddDays(1)) || !s.EndsOn.IsZero() && p.From.After(s.EndsOn):
		c.open(d)
	case !s.To.IsZero() && !p.From.After(s.To) && p.To.IsZero():
		c.refuse(d, "policy", fmt.Sprintf("the policy ends on file on %s: a reinstatement (025) takes it up again", s.To))
	case !s.To.IsZero() && !p.From.After(s.To) && p.To != s.To:
		c.refuse(d, "to", fmt.Sprintf("the addition states the last day %s, and the policy ends on file on %s", p.To, s.To))
	case !s.To.IsZero() && !p.From.After(s.To):
		c.outcome(d, s, c.apply(d, s), Changed)
	default: // it is open, or goes on without a gap
		extends := !s.To.IsZero()
		if extends || !p.To.IsZero() {
			s.To, s.EndReason = p.To, ""
		}
		earlier := p.From.Before(s.From)
		if earlier {
			s.From = p.From
		}
		c.outcome(d, s, c.apply(d, s) || extends || earlier || !p.To.IsZero(), Changed)
	}
}

// open keeps a new policy. Where the source's id is a former stretch's or that of
// the coverage which is continued, the policy has it with a number.
func (c *chunk) open(d *decision) {
	p := *d.policy()
	base := p.SourceID
	for n := 2; c.isTaken(d, handle{p.Source, p.SourceID}); n++ {
		p.SourceID = fmt.Sprintf("%s%s%d", base, again, n)
	}
	p.Number, p.No = d.who.number, 1
	for _, s := range c.policies[p.Number] {
		p.No = max(p.No, s.No+1)
	}
	s := &state{Held: coverage.Held{Policy: p}, isNew: true}
	s.Held = s.Clone() // nothing of the row is shared
	c.policies[p.Number] = append(c.policies[p.Number], s)
	c.owners[handle{p.Source, p.SourceID}] = p.Key()
	terms := d.said.Terms
	if d.row.Stated != nil {
		terms = []coverage.Terms{d.row.Stated.Terms}
	}
	for i, t := range terms {
		t.No, t.Members = int64(i+1), slices.Clone(t.Members)
		s.Terms = append(s.Terms, t)
	}
	d.outcome, d.retro = Began, p.Entry != coverage.Takeover && p.From.Before(p.ReceivedOn)
	if neverBegan(&p) {
		d.outcome = Cancelled
	}
	c.touch(d, s)
}

// isTaken reports whether a source's id names a policy. Numbered ids are looked
// for among the subscriber's own, which are all read.
func (c *chunk) isTaken(d *decision, h handle) bool {
	if _, taken := c.owners[h]; taken {
		return true
	}
	for _, number := range d.who.numbers {
		if slices.ContainsFunc(c.policies[number], func(s *state) bool { return s.Source == h.source && s.SourceID == h.id }) {
			return true
		}
	}
	return false
}

func neverBegan(p *coverage.Policy) bool { return !p.To.IsZero() && p.To.Before(p.From) }

// apply adds the row's terms and, on an exchange, the line that its tax credit
// means. It reports whether anything is another than before.
func (c *chunk) apply(d *decision, s *state) (changed bool) {
	sent := d.row.Sent
	isWhole := sent.Replace
	for i, t := range d.said.Terms {
		var until calendar.Date
		if i+1 < len(d.said.Terms) {
			until = d.said.Terms[i+1].From
		}
		if t.From.Before(s.From) {
			t.From = s.From
		}
		if s.recast(t.From, until, t.KnownOn, over(t, sent.Sender.Exchange, isWhole)) {
			changed = true
			d.retro = d.retro || t.From.Before(t.KnownOn)
		}
	}
	states := slices.ContainsFunc(d.said.Terms, func(t coverage.Terms) bool { return t.Stated })
	if line := d.said.Policy.Line; sent.Sender.Exchange && states && line != s.Line {
		s.Line, changed = line, true
	}
	return changed
}

// outcome notes what a row came to.
func (c *chunk) outcome(d *decision, s *state, changed bool, what Outcome) {
	d.outcome = Unchanged
	if changed {
		d.outcome = what
		c.touch(d, s)
	}
}

// change carries out a change of a policy on file: of what it costs or covers from
// a day, or of its end.
func (c *chunk) change(d *decision) {
	p := &d.said.Policy
	s := c.in(d, p.From)
	switch {
	case s == nil:
		c.refuse(d, "policy", notOnFile)
		return
	case neverBegan(&s.Policy):
		c.refuse(d, "policy", "the policy is cancelled on file")
		return
	case !s.To.IsZero() && p.From.After(s.To):
		c.refuse(d, "policy", fmt.Sprintf("the change is from %s on, and the policy ends on file on %s", p.From, s.To))
		return
	case !p.To.IsZero() && !s.To.IsZero() && p.To.After(s.To):
		c.refuse(d, "to", fmt.Sprintf("the change states the last day %s, and the policy ends on file on %s: a reinstatement (025) moves it", p.To, s.To))
		return
	}
	if !s.EndsOn.IsZero() && p.From.After(s.EndsOn) {
		c.staff(d, "policy", fmt.Sprintf("the policy ended on %s by its payment status, and the change is of later days", s.EndsOn))
	}
	changed := false
	if d.row.Sent.Sender.Exchange && p.From.Before(s.From) {
		s.From, changed = p.From, true
		d.retro = d.retro || p.From.Before(p.ReceivedOn)
	}
	if !p.To.IsZero() && p.To != s.To {
		s.To, changed = p.To, true
	}
	c.outcome(d, s, c.apply(d, s) || changed, Changed)
}

// end ends a stretch of a policy. Who left one plan for another that is on file
// from the next day has not left the policy.
func (c *chunk) end(d *decision, s *state) {
	p := &d.said.Policy
	switch {
	case s == nil:
		c.refuse(d, "policy", notOnFile)
	case p.To.Before(s.From):
		c.endOn(d, s, s.From.AddDays(-1), Cancelled)
	case s.To == p.To:
		d.outcome = Unchanged
	case neverBegan(&s.Policy):
		c.refuse(d, "policy", "the policy is cancelled on file")
	case !s.To.IsZero() && p.To.After(s.To):
		c.refuse(d, "to", fmt.Sprintf("the policy ends on file on %s, before the end of %s that is stated", s.To, p.To))
	case leftForAnother(s, p):
		d.outcome = Unchanged
	default:
		c.endOn(d, s, p.To, Ended)
	}
}

func leftForAnother(s *state, p *coverage.Policy) bool {
	next, ok := s.On(p.To.AddDays(1))
	was, had := s.On(p.To)
	return p.Product != "" && ok && had && s.ProductIn(was) == p.Product && s.ProductIn(next) != p.Product
}

// endOn sets a policy's last day. It keeps the reason that is known when the source
// gives none.
func (c *chunk) endOn(d *decision, s *state, last calendar.Date, what Outcome) {
	if neverBegan(&s.Policy) && what == Cancelled {
		d.outcome = Unchanged
		return
	}
	s.To = last
	if reason := d.said.Policy.EndReason; reason != "" {
		s.EndReason = reason
	}
	d.retro = last.Before(d.said.Policy.ReceivedOn)
	c.outcome(d, s, true, what)
}

// endEvery ends every policy that a source sent of a subscriber.
func (c *chunk) endEvery(d *decision) {
	if d.said.Does != coverage.DoesEnd {
		c.refuse(d, "coverage", "no coverage is named (HD), so which policy is meant is not known")
		return
	}
	all := c.ofSource(d)
	if len(all) == 0 {
		c.refuse(d, "policy", notOnFile)
		return
	}
	best := Unchanged
	for _, s := range all {
		if !s.To.IsZero() && !s.To.After(d.said.Policy.To) {
			continue
		}
		if c.end(d, s); d.outcome != Unchanged {
			best = d.outcome
		}
	}
	d.outcome = best
}

// ofSource gives the subscriber's policies of the row's source.
func (c *chunk) ofSource(d *decision) []*state {
	var all []*state
	for _, number := range d.who.numbers {
		for _, s := range c.policies[number] {
			if s.Source == d.said.Policy.Source && !neverBegan(&s.Policy) {
				all = append(all, s)
			}
		}
	}
	return all
}

// cancel takes back a policy from its start.
func (c *chunk) cancel(d *decision) {
	begins := d.row.Sent.Begins
	s := c.in(d, begins)
	switch {
	case s == nil:
		c.refuse(d, "policy", notOnFile)
	case !begins.IsZero() && begins.After(s.From) && leftForAnother(s, &d.said.Policy):
		d.outcome = Unchanged
	case !begins.IsZero() && begins.After(s.From) && !neverBegan(&s.Policy):
		c.refuse(d, "from", fmt.Sprintf("what is cancelled begins on %s, and the policy on file on %s: staff decide what is meant", begins, s.From))
	default:
		c.endOn(d, s, s.From.AddDays(-1), Cancelled)
	}
}

// reinstate takes a policy up again that had ended or was cancelled. With a gap it
// is a new stretch.
func (c *chunk) reinstate(d *decision) {
	p := &d.said.Policy
	s := c.in(d, p.From)
	switch {
	case s == nil:
		c.refuse(d, "policy", notOnFile)
	case s.To.IsZero():
		c.outcome(d, s, c.apply(d, s), Changed)
		if !s.EndsOn.IsZero() {
			c.staff(d, "policy", fmt.Sprintf("the policy ended on %s by its payment status, which a reinstatement by the source does not move: "+
				"staff decide", s.EndsOn))
		}
	case !neverBegan(&s.Policy) && p.From.After(s.To.AddDays(1)):
		c.open(d)
		d.outcome = Reinstated
	default:
		if neverBegan(&s.Policy) {
			s.From = p.From
		}
		was := s.To
		s.To, s.EndReason = p.To, p.EndReason
		c.apply(d, s)
		d.retro = d.retro || was.Before(p.ReceivedOn)
		c.outcome(d, s, true, Reinstated)
	}
}

// compareSent holds an audit's row against our file.
func (c *chunk) compareSent(d *decision) {
	s := c.in(d, d.said.Policy.From)
	if s == nil {
		d.outcome = Differs
		c.report.add(d.line(Differs, "policy", "the audit names a policy that is not on file"))
		c.findings = append(c.findings, Finding{Line: d.row.Line, Field: MissingHere, Stated: "in the audit", OnFile: "not on file"})
		return
	}
	source := d.said.Policy.Source
	c.named[source] = append(c.named[source], s.Key())
	c.compare(d, &s.Held, &d.said)
}

// join adds persons to a policy from a day.
func (c *chunk) join(d *decision) {
	from := d.said.Policy.From
	s := c.in(d, from)
	switch {
	case s == nil:
		c.refuse(d, "policy", notOnFile)
		return
	case neverBegan(&s.Policy) || !s.To.IsZero() && from.After(s.To):
		c.refuse(d, "policy", "the policy has ended on file before the person joins it")
		return
	case len(d.said.Terms) == 0 || !hasTerms(s, from):
		c.refuse(d, "policy", "nothing on file says what the policy covers on the day the person joins it")
		return
	}
	persons := d.said.Terms[0].Members
	if t, _ := s.On(from); d.said.Does == coverage.DoesChange && len(joined(t.Members, persons)) > len(t.Members) {
		c.refuse(d, "policy", "the person whose coverage changes is not on the policy on file")
		return
	}
	d.retro = from.Before(d.said.Policy.ReceivedOn)
	c.outcome(d, s, s.recast(from, calendar.Date{}, d.said.Policy.ReceivedOn, func(t coverage.Terms) coverage.Terms {
		t.Members = joined(t.Members, persons)
		return t
	}), Changed)
}

func hasTerms(s *state, on calendar.Date) bool {
	_, ok := s.On(on)
	return ok
}

// leave takes persons out of a policy after their last day.
func (c *chunk) leave(d *decision) {
	last, known := d.said.Policy.To, d.said.Policy.ReceivedOn
	policies := c.ofSource(d)
	if !d.row.Sent.Every {
		policies = nil
		if s := c.in(d, last); s != nil {
			policies = append(policies, s)
		}
	}
	if len(policies) == 0 {
		c.refuse(d, "policy", notOnFile)
		return
	}
	persons := c.leavers(d)
	d.outcome = Unchanged
	for _, s := range policies {
		next := last.AddDays(1)
		if next.Before(s.From) {
			next = s.From
		}
		if !hasTerms(s, next) || !s.To.IsZero() && next.After(s.To) {
			continue
		}
		if s.recast(next, calendar.Date{}, known, func(t coverage.Terms) coverage.Terms {
			t.Members = without(t.Members, persons)
			return t
		}) {
			d.retro = next.Before(known)
			c.outcome(d, s, true, Changed)
		}
	}
}

// leavers are the persons of a row that ends their coverage, whose terms an end
// does not state.
func (c *chunk) leavers(d *decision) []coverage.Insured {
	s := d.row.Sent
	persons := make([]coverage.Insured, len(s.Members))
	for i, m := range s.Members {
		persons[i] = coverage.Insured{Born: m.Born, Relationship: string(member.RelationshipOfCode(m.Relationship))}
		if i < len(s.Persons) {
			persons[i].Number = c.numberOf(s.Subscriber, s.Persons[i])
		}
	}
	return persons
}
