package biller

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
)

// Expected gives the lines that runs to come will bill of a policy in force through a
// month, as everything stands now: what its months should cost less what was billed. A
// change of months that were billed is billed by the next run, and a later month on the
// day that issuedOn gives. It is Invalid where a month cannot be priced.
func (m *Monthly) Expected(
	p *coverage.Held, was []coverage.Charge, through calendar.Month, next calendar.Date, issuedOn func(calendar.Month) calendar.Date,
) ([]coverage.Charge, error) {
	if !p.EndsOn.IsZero() {
		return nil, nil // by its payment status, from which what is taken back follows
	}
	first := p.Billed.Through.Add(1)
	if p.Billed.Version == 0 || !p.Unchanged() {
		first = calendar.MonthOf(p.From)
	}
	w := work{m: m}
	billed, effective := byMonth(was), p.Effective()
	var expected []coverage.Charge
	for month := first; !month.After(through); month = month.Add(1) {
		should, err := premium.Compose(&effective, month, w.rules(p, month), m.Rates)
		if err != nil {
			return nil, err
		}
		on := next
		if issued := issuedOn(month); month.After(p.Billed.Through) && issued.After(next) {
			on = issued
		}
		for i, line := range premium.Difference(linesOf(billed[month]), should) {
			expected = append(expected, coverage.Charge{
				Policy: p.Key(), Month: month, No: int64(len(billed[month]) + i + 1), Kind: string(line.Kind), Owner: string(line.Owner),
				Cents: line.Cents, BilledOn: on, From: line.From, To: line.To,
			})
		}
	}
	return expected, nil
}
