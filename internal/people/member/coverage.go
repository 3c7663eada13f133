package member

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
)

// Coverage is a member's history in one line.
type Coverage struct {
	Line  string
	Spans []Span // by From; those not cancelled do not overlap
}

// Span is a stretch of coverage, first and last day included.
type Span struct {
	Plan string        // benefit plan, or ""
	From calendar.Date // first day
	To   calendar.Date // last day, or the zero Date while no end is known
	// Cancelled says that the coverage never took effect. A source says so by a
	// termination on or before the first day (834: term date = effective date),
	// so no termination can leave a single day of coverage.
	Cancelled bool
}

func (s Span) covers(on calendar.Date) bool {
	return !s.Cancelled && !on.Before(s.From) && s.reaches(on)
}

// reaches reports whether the span has not ended before a date.
func (s Span) reaches(on calendar.Date) bool { return s.To.IsZero() || !s.To.Before(on) }

func (s Span) overlaps(o Span) bool {
	return !s.Cancelled && !o.Cancelled && s.reaches(o.From) && o.reaches(s.From)
}

// editCoverages applies what a change says about coverage, line by line.
func editCoverages(r *Record, c Change) []Effect {
	if c.Kind == Terminate && len(c.Coverages) == 0 {
		return terminateAll(r, c)
	}
	var effects []Effect
	for _, stated := range c.Coverages {
		i := slices.IndexFunc(r.Coverages, func(held Coverage) bool { return held.Line == stated.Line })
		if i < 0 && c.Kind == Terminate {
			effects = append(effects, review(stated.Line, "a termination of a line that the member never had"))
			continue
		}
		if i < 0 {
			i = len(r.Coverages)
			r.Coverages = append(r.Coverages, Coverage{Line: stated.Line})
		}
		e := editor{line: stated.Line, spans: r.Coverages[i].Spans, asOf: c.AsOf}
		e.apply(c.Kind, stated)
		r.Coverages[i].Spans = e.spans
		effects = append(effects, e.effects...)
	}
	// A line that came to nothing leaves no trace.
	r.Coverages = slices.DeleteFunc(r.Coverages, func(held Coverage) bool { return len(held.Spans) == 0 })
	return effects
}

// terminateAll ends every line, for a member's termination that names none.
func terminateAll(r *Record, c Change) []Effect {
	var effects []Effect
	ended := false
	for i := range r.Coverages {
		e := editor{line: r.Coverages[i].Line, spans: r.Coverages[i].Spans, asOf: c.AsOf}
		ended = e.terminate(c.Effective) || ended
		effects = append(effects, e.effects...)
	}
	if !ended {
		return []Effect{review("", "a termination meets no coverage in force on its date")}
	}
	return effects
}

func review(line, note string) Effect { return Effect{Kind: NeedsStaff, Line: line, Note: note} }

// editor edits the spans of one line and keeps what came of it.
type editor struct {
	line    string
	spans   []Span
	asOf    calendar.Date
	effects []Effect
}

func (e *editor) apply(kind ChangeKind, stated CoverageChange) {
	want := Span{Plan: stated.Plan, From: stated.From, To: stated.To}
	switch kind {
	case Add:
		e.add(want)
	case Alter:
		e.alter(want)
	case Reinstate:
		e.reinstate(want)
	case Terminate:
		if !e.terminate(want.To) {
			e.review("a termination meets no coverage in force on its date")
		}
	}
}

// add puts a span in. It never moves an end that is known: a late copy of an
// old addition must not undo a termination.
func (e *editor) add(want Span) {
	if want.From == want.To {
		e.review("coverage that ends on its first day never took effect; there is nothing to add")
		return
	}
	if i := e.find(want); i >= 0 {
		held := e.spans[i]
		switch {
		case held.Cancelled, want.To.IsZero() && !held.To.IsZero():
			e.review("an addition of coverage that has ended; a reinstatement is wanted")
		case held.To != want.To:
			e.review("an addition of coverage that is on file with another end; a change is wanted")
		}
		return
	}
	overlapping := e.overlapping(want, -1)
	switch len(overlapping) {
	case 0:
		e.insert(want)
	case 1:
		e.addOver(overlapping[0], want)
	default:
		e.review("an addition overlaps several stretches of coverage")
	}
}

// addOver adds a span that overlaps the one held at i and starts on another
// day or is of another plan.
func (e *editor) addOver(i int, want Span) {
	held := e.spans[i]
	samePlan := want.Plan == "" || want.Plan == held.Plan
	switch {
	case samePlan && want.To == held.To && want.From.After(held.From):
		// The days added are covered already.
	case samePlan && want.To == held.To:
		e.replace(i, Span{held.Plan, want.From, held.To, false})
	case !samePlan && held.From.Before(want.From):
		e.replace(i, Span{held.Plan, held.From, want.From.AddDays(-1), false})
		e.insert(want)
	default:
		e.review("an addition overlaps coverage that it does not continue")
	}
}

// alter moves the end or plan of the span that starts on the stated date, or
// adds the span when none does.
func (e *editor) alter(want Span) {
	i := -1
	for j, held := range e.spans {
		if !held.Cancelled && (held.From == want.From || want.From.IsZero()) {
			i = j
		}
	}
	switch {
	case i < 0 && want.From.IsZero():
		e.review("a change without a first day meets no coverage")
		return
	case i < 0:
		e.add(want)
		return
	}
	next := e.spans[i]
	if want.Plan != "" {
		next.Plan = want.Plan
	}
	if !want.To.IsZero() {
		next.To = want.To
	}
	if !want.To.IsZero() && !next.From.Before(next.To) {
		if want.From.IsZero() {
			e.review("a change that would cancel coverage does not name its first day")
			return
		}
		next.To, next.Cancelled = next.From, true
	}
	if next == e.spans[i] {
		return
	}
	if len(e.overlapping(next, i)) > 0 {
		e.review("a changed end overlaps later coverage")
		return
	}
	e.replace(i, next)
}

// terminate ends coverage after its last day: what starts on or after that day
// is cancelled, what reaches beyond it is cut. It reports whether the date fits
// the line, also when the line had ended so before.
func (e *editor) terminate(last calendar.Date) bool {
	fits := false
	for i, held := range e.spans {
		switch {
		case held.Cancelled:
			fits = fits || !held.From.Before(last)
		case !held.From.Before(last):
			e.replace(i, Span{held.Plan, held.From, held.From, true})
			fits = true
		case held.To.IsZero() || held.To.After(last):
			e.replace(i, Span{held.Plan, held.From, last, false})
			fits = true
		case held.To == last:
			fits = true
		}
	}
	return fits
}

// reinstate reopens the span that ended just before the stated first day, or
// the latest one when none is stated; after a gap it adds a span.
func (e *editor) reinstate(want Span) {
	i := -1
	for j, held := range e.spans {
		switch {
		case want.From.IsZero():
			i = j
		case held.Cancelled && held.From == want.From:
			i = j
		case !held.Cancelled && !held.From.After(want.From) && held.reaches(want.From.AddDays(-1)):
			i = j
		}
	}
	switch {
	case i < 0 && want.From.IsZero():
		e.review("a reinstatement without a first day meets no coverage")
		return
	case i < 0:
		e.add(want)
		return
	}
	held := e.spans[i]
	next := Span{held.Plan, held.From, want.To, false}
	if next == held {
		return
	}
	if !next.To.IsZero() && !next.From.Before(next.To) {
		e.review("a reinstatement does not outlast the first day that it reopens")
		return
	}
	if want.Plan != "" && want.Plan != held.Plan {
		e.review("a reinstatement in another plan than the one that ended")
		return
	}
	if len(e.overlapping(next, i)) > 0 {
		e.review("a reinstatement overlaps later coverage")
		return
	}
	e.replace(i, next)
}

// find gives the index of the span that starts where want does in the same
// plan, or -1.
func (e *editor) find(want Span) int {
	return slices.IndexFunc(e.spans, func(held Span) bool {
		return held.From == want.From && (want.Plan == "" || held.Plan == want.Plan)
	})
}

// overlapping gives the indexes of spans, but for except, that overlap s.
func (e *editor) overlapping(s Span, except int) []int {
	var found []int
	for i, held := range e.spans {
		if i != except && held.overlaps(s) {
			found = append(found, i)
		}
	}
	return found
}

func (e *editor) insert(s Span) {
	i := slices.IndexFunc(e.spans, func(held Span) bool { return held.From.After(s.From) })
	if i < 0 {
		i = len(e.spans)
	}
	e.spans = slices.Insert(e.spans, i, s)
	e.effects = append(e.effects, Effect{Kind: CoverageAdded, Line: e.line, Now: s, Retroactive: e.isBack(s.From)})
}

func (e *editor) replace(i int, next Span) {
	was := e.spans[i]
	e.spans[i] = next
	kind := CoverageChanged
	if next.Cancelled && !was.Cancelled {
		kind = CoverageCanceled
	}
	e.effects = append(e.effects, Effect{Kind: kind, Line: e.line, Was: was, Now: next, Retroactive: e.isBack(firstDifference(was, next))})
}

// firstDifference gives the first day on which two versions of a span differ.
func firstDifference(was, next Span) calendar.Date {
	if was.From != next.From || was.Cancelled != next.Cancelled || was.Plan != next.Plan {
		return earlier(was.From, next.From)
	}
	return earlier(was.To, next.To).AddDays(1)
}

// earlier gives the earlier date; the zero Date means no date and loses.
func earlier(a, b calendar.Date) calendar.Date {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// isBack reports whether a day lies before the change was made.
func (e *editor) isBack(day calendar.Date) bool { return !e.asOf.IsZero() && day.Before(e.asOf) }

func (e *editor) review(note string) { e.effects = append(e.effects, review(e.line, note)) }
