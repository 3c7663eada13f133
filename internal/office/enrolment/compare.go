package enrolment

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// comparePage is how many of our members are compared at a time.
const comparePage = 2000

// compare lists our covered members whom a file that states everybody leaves
// out, and raises the alarm of member.CompareAudit. It is that comparison for
// files too large to hold: rows were compared as they came, and only numbers
// were kept.
func (r *run) compare(ctx context.Context) error {
	if len(r.named) == 0 {
		return nil
	}
	now := r.e.clock.Now()
	on := calendar.In(now, now.Location())
	var full Comparison
	sources := make([]string, 0, len(r.named))
	for source := range r.named {
		sources = append(sources, source)
	}
	slices.Sort(sources)
	for _, source := range sources {
		var after billpay.Number
		for {
			page, err := r.e.store.CoveredMembers(ctx, source, on, after, comparePage)
			if err != nil {
				return err
			}
			for _, m := range page {
				after = m.Number
				full.Covered++
				if r.named[source][m.Number] {
					continue
				}
				full.Absent++
				r.report.add(Line{Outcome: Absent, Note: "covered here and not in the file", Member: m.Opaque})
			}
			if len(page) < comparePage {
				break
			}
		}
	}
	full.Alarm = member.TooManyAbsent(full.Absent, full.Covered, member.AbsentAlarmDefault)
	r.report.Full = &full
	return nil
}
