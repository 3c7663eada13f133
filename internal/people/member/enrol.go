package member

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
)

// Identity is how a sponsor or exchange names a member. Subscriber and
// dependants may share SubscriberID; Match tells them apart.
type Identity struct {
	Source       string // the sponsor or exchange, by its own id
	SubscriberID string // as the source writes it
	Suffix       string // the member's suffix under the subscriber, or ""
	Group        string // group or policy number, or ""
}

// sameFamily reports whether both are named under one subscriber.
func (i Identity) sameFamily(o Identity) bool {
	return i.Source == o.Source && i.SubscriberID == o.SubscriberID
}

// Responsible is somebody whom an enrolment names beside a member. It is a
// claim of the source: being named makes nobody a representative, for which
// staff must see a document (45 CFR 164.514(h)).
type Responsible struct {
	Role    string // the entity code of 834 loop 2100F or 2100G, "S1" for a parent
	Name    Name
	Address Address
	Phone   string
}

// Record is what enrolment knows of one member. Only Apply and Settle change it.
type Record struct {
	Identity     Identity
	Relationship Relationship
	Person       Person
	Responsible  []Responsible
	Coverages    []Coverage
	Conflicts    []Conflict // what a source stated against our file, open or refused
}

func (r Record) clone() Record {
	c := r
	c.Responsible = slices.Clone(r.Responsible)
	c.Conflicts = slices.Clone(r.Conflicts)
	c.Coverages = slices.Clone(r.Coverages)
	for i := range c.Coverages {
		c.Coverages[i].Spans = slices.Clone(c.Coverages[i].Spans)
	}
	return c
}

// CoveredOn reports whether the member has coverage in a line on a date; the
// empty line asks for any.
func (r Record) CoveredOn(line string, on calendar.Date) bool {
	for _, c := range r.Coverages {
		if line != "" && c.Line != line {
			continue
		}
		for _, s := range c.Spans {
			if s.covers(on) {
				return true
			}
		}
	}
	return false
}

// ChangeKind is what an enrolment change asks for.
type ChangeKind string

// The kinds, with the maintenance type codes of 834 INS03 that mean them.
const (
	Add       ChangeKind = "add"       // 021
	Alter     ChangeKind = "change"    // 001
	Terminate ChangeKind = "terminate" // 024
	Reinstate ChangeKind = "reinstate" // 025
	Audit     ChangeKind = "audit"     // 030
)

// ChangeKinds lists every kind.
func ChangeKinds() []ChangeKind { return []ChangeKind{Add, Alter, Terminate, Reinstate, Audit} }

// Change is one member's maintenance, filled from an 834 or a roster. An empty
// field of Person, Relationship or Responsible says nothing about that field.
type Change struct {
	Kind         ChangeKind
	Identity     Identity
	Relationship Relationship
	Person       Person
	Responsible  []Responsible
	Coverages    []CoverageChange
	// Effective is the member's own date where a coverage states none: the last
	// day for Terminate, the first for Add and Reinstate.
	Effective calendar.Date
	AsOf      calendar.Date // the day the source made the change; decides Retroactive
}

// CoverageChange is what a change says about one line of coverage.
type CoverageChange struct {
	Line string        // coverage line or insurance line code, as the plan maps it
	Plan string        // the benefit plan, or "" when the source does not say
	From calendar.Date // first day of coverage, or the zero Date
	To   calendar.Date // last day of coverage, or the zero Date
}

// EffectKind is what came of a change.
type EffectKind string

// The effects.
const (
	Enrolled         EffectKind = "enrolled"          // a new member; issue a number
	CoverageAdded    EffectKind = "coverage_added"    // Now is new
	CoverageChanged  EffectKind = "coverage_changed"  // Was became Now
	CoverageCanceled EffectKind = "coverage_canceled" // Was never took effect
	DetailChanged    EffectKind = "detail_changed"    // Field has a new value
	IdentityConflict EffectKind = "identity_conflict" // Field is stated against our file; staff decide
	NeedsStaff       EffectKind = "needs_staff"       // nothing was done, for the reason in Note
	Differs          EffectKind = "differs"           // an audit states otherwise; nothing was done
)

// Effect is one consequence of a change. It names fields and never values.
type Effect struct {
	Kind        EffectKind
	Field       string
	Line        string
	Was, Now    Span
	Retroactive bool // reaches back before the change was made: bills may need correcting
	Note        string
}

// Apply applies a change to a member's record, nil for a member who is not on
// file. It never changes current. Applying the same change again gives the same
// record and no effect but a repeated NeedsStaff; nothing is ever deleted.
//
// Errors: fault.Invalid when the change cannot mean anything, fault.NotFound
// when anything but an addition meets no record, fault.Conflict when current is
// under another subscriber than the change.
func Apply(current *Record, change Change) (Record, []Effect, error) {
	change = change.withDates()
	if err := change.check(); err != nil {
		return Record{}, nil, err
	}
	if current == nil {
		return enrol(change)
	}
	if !current.Identity.sameFamily(change.Identity) {
		return Record{}, nil, fault.New(fault.Conflict, "member.Apply", "the change is for a member under another subscriber")
	}
	next := current.clone()
	if change.Kind == Audit {
		return next, differences(next, change), nil
	}
	effects := mergeDetails(&next, change)
	effects = append(effects, editCoverages(&next, change)...)
	return next, effects, nil
}

// withDates gives the change with the member's own date in each coverage that
// states none.
func (c Change) withDates() Change {
	c.Coverages = slices.Clone(c.Coverages)
	for i := range c.Coverages {
		coverage := &c.Coverages[i]
		switch {
		case c.Kind == Terminate && coverage.To.IsZero():
			coverage.To = c.Effective
		case (c.Kind == Add || c.Kind == Reinstate) && coverage.From.IsZero():
			coverage.From = c.Effective
		}
	}
	return c
}

func (c Change) check() error {
	const op = "member.Apply"
	if !slices.Contains(ChangeKinds(), c.Kind) {
		return fault.New(fault.Invalid, op, "%q is no kind of change", c.Kind)
	}
	if c.Identity.Source == "" || c.Identity.SubscriberID == "" {
		return fault.New(fault.Invalid, op, "a change names its source and a subscriber id")
	}
	for _, coverage := range c.Coverages {
		if coverage.Line == "" {
			return fault.New(fault.Invalid, op, "a coverage change names its line")
		}
		if !coverage.To.IsZero() && coverage.To.Before(coverage.From) {
			return fault.New(fault.Invalid, op, "line %s ends on %s, before it starts on %s", coverage.Line, coverage.To, coverage.From)
		}
		if c.Kind == Terminate && coverage.To.IsZero() {
			return fault.New(fault.Invalid, op, "the termination of line %s has no date", coverage.Line)
		}
		if c.Kind == Add && coverage.From.IsZero() {
			return fault.New(fault.Invalid, op, "the addition of line %s has no date", coverage.Line)
		}
	}
	if c.Kind == Terminate && len(c.Coverages) == 0 && c.Effective.IsZero() {
		return fault.New(fault.Invalid, op, "the termination has no date")
	}
	return nil
}

func enrol(c Change) (Record, []Effect, error) {
	if c.Kind != Add {
		return Record{}, nil, fault.New(fault.NotFound, "member.Apply", "a %s meets no member on file", c.Kind).
			WithHint("Ask the source for an addition, or look for the member under another id.")
	}
	if c.Relationship == "" || c.Person.Name.Last == "" {
		return Record{}, nil, fault.New(fault.Invalid, "member.Apply", "an addition states the relationship and a last name")
	}
	r := Record{Identity: c.Identity, Relationship: c.Relationship, Person: c.Person, Responsible: slices.Clone(c.Responsible)}
	effects := []Effect{{Kind: Enrolled}}
	return r, append(effects, editCoverages(&r, c)...), nil
}
