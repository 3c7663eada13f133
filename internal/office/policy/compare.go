package policy

import (
	"context"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// comparePage is how many of our policies are compared at a time.
const comparePage = 5000

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
	}
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
			for _, key := range page {
				after = key
				full.Covered++
				if r.named[source][key] {
					continue
				}
				full.Absent++
				if err := r.leftOut(ctx, key); err != nil {
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
