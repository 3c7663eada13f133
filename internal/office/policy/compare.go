package policy

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// comparePage is how many of our policies are compared at a time.
const comparePage = 5000

// Finding is one thing that an exchange's audit file states otherwise than our file.
// Nothing is done about it by itself.
type Finding struct {
	Line   int           // of the audit file; 0 for a policy that it leaves out
	Policy coverage.Key  // zero when it names none that is on file
	Field  string        // as in coverage.Difference, or or one of those below
	From   calendar.Date // from when on, of what depends on the day
	Stated string
	OnFile string
}

// The fields of a Finding about a whole policy.
const (
	MissingHere  = "missing_here"  // the audit names a policy that is not on file
	MissingThere = "missing_there" // a policy that covers is not in the audit
	Unclear      = "unclear"       // a row of the audit cannot be understood
)

// Compared is the comparison of an audit file.
type Compared struct {
	File      ledger.BookNo // the file's book
	At        time.Time
	Source    string // the exchange; several, with commas
	Rows      int    // policies that the file states
	Differing int    // of them, that differ
	Unknown   int    // of them, that are not on file
	Covered   int    // our policies of the exchange that cover the day or a later one
	Absent    int    // of them, that the file leaves out
}

// compare holds an audit's row against our file; nothing is changed by it.
func (c *chunk) compare(d *decision, h *coverage.Held, said *coverage.Enrolled) {
	differences := coverage.CompareAudit(h, said)
	if len(differences) == 0 {
		d.outcome = Unchanged
		return
	}
	d.outcome = Differs
	for _, difference := range differences {
		c.report.add(d.line(Differs, difference.Field, difference.Note))
		c.findings = append(c.findings, Finding{d.row.Line, h.Key(), difference.Field, difference.From, difference.Stated, difference.OnFile})
	}
}

// compared counts the rows of a chunk that an audit states.
func (c *chunk) compared(into *Compared) {
	for _, d := range c.decisions {
		s := d.row.Sent
		if s == nil || s.Maintenance != auditType || s.Replace || s.Part != Whole || s.Unlisted {
			continue
		}
		into.Rows++
		switch {
		case d.outcome == Refused && d.err != nil: // the file's report says what is unclear
			c.findings = append(c.findings, Finding{Line: d.row.Line, Field: Unclear, Stated: "unclear", OnFile: "not compared"})
		case d.outcome == Refused: // the subscriber is not on file
			into.Unknown++
			c.findings = append(c.findings, Finding{Line: d.row.Line, Field: MissingHere, Stated: "in the audit", OnFile: "not on file"})
		case d.outcome == Differs && slices.ContainsFunc(c.findings, func(f Finding) bool { return f.Line == d.row.Line && f.Field == MissingHere }):
			into.Unknown++
		case d.outcome == Differs:
			into.Differing++
		}
	}
}

// keep keeps what a file of an audit stated otherwise, after the findings of the
// chunks before.
func (r *run) keep(ctx context.Context, findings []Finding) error {
	if r.book == 0 || len(findings) == 0 {
		return nil
	}
	from := r.found
	r.found += len(findings)
	return r.p.store.SaveFindings(ctx, r.book, from, findings)
}

// conclude keeps the comparison as a whole, when the file was one of an audit.
func (r *run) conclude(ctx context.Context) error {
	if r.book == 0 || r.audit.Rows == 0 {
		return nil
	}
	r.audit.File, r.audit.At = r.book, r.p.clock.Now()
	r.audit.Source = strings.Join(slices.Sorted(maps.Keys(r.named)), ", ")
	if full := r.report.Full; full != nil {
		r.audit.Covered, r.audit.Absent = full.Covered, full.Absent
	}
	return r.p.store.SaveCompared(ctx, r.audit)
}

// absent lists our policies that cover today or a later day and that a file which
// states everybody leaves out.
func (r *run) absent(ctx context.Context) error {
	if len(r.named) == 0 {
		return nil
	}
	now := r.p.clock.Now()
	on := calendar.In(now, now.Location())
	var full Comparison
	for _, source := range slices.Sorted(maps.Keys(r.named)) {
		var after coverage.Key
		for {
			page, err := r.p.store.CoveredPolicies(ctx, source, on, after, comparePage)
			if err != nil {
				return err
			}
			var left []Finding
			for _, key := range page {
				after = key
				full.Covered++
				if r.named[source][key] {
					continue
				}
				full.Absent++
				left = append(left, Finding{Policy: key, Field: MissingThere, Stated: "not in the audit", OnFile: "covered"})
				if err := r.leftOut(ctx, key); err != nil {
					return err
				}
			}
			if r.audit.Rows > 0 {
				if err := r.keep(ctx, left); err != nil {
					return err
				}
			}
			if len(page) < comparePage {
				break
			}
		}
	}
	full.judge()
	r.report.Full = &full
	return nil
}

// leftOut lists a policy by its subscriber's account. A file cut short leaves out
// most of them, so they are looked up only while there is room to list them.
func (r *run) leftOut(ctx context.Context, key coverage.Key) error {
	line := Line{Outcome: Absent, Note: "covered here and not in the file"}
	if len(r.report.Lines) < LinesMax {
		opaque, err := r.p.opaque(ctx, key.Number)
		if err != nil {
			return err
		}
		line.Member = opaque
	}
	r.report.add(line)
	return nil
}
