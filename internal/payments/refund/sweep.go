package refund

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// SweepRule says from when on a credit balance goes back without being asked for.
type SweepRule struct {
	Fund      chart.Fund
	Lines     []coverage.Line // that the account is covered under; none means any
	From      calendar.Date   // from which day on the rule holds
	Minimum   money.Cents     // what is less stays, with a notice
	AfterDays int             // since the oldest of it was received or freed
	DueDays   int             // within how many days it must be back; 0 when nothing says
	Authority string
}

// Rules are the rules in force, the product's under the plan's own.
type Rules []SweepRule

// DefaultRules are the product's. The general wait lies within the 60 to 90 days
// after which an overpayment is returned by policy. For Medicare there is no amount
// too small: all that was collected wrongly is refunded (42 CFR 422.270(b)).
func DefaultRules() Rules {
	always := calendar.On(2014, 1, 1)
	medicare := []coverage.Line{coverage.MA, coverage.MAPD, coverage.PDP}
	rules := Rules{
		{Fund: chart.Premium, Lines: medicare, From: always, Minimum: 1, AfterDays: 60, Authority: "42 CFR 422.270"},
		{Fund: chart.Premium, Lines: []coverage.Line{coverage.ExchangeAPTC}, From: always, Minimum: 1, AfterDays: 30, DueDays: 45,
			Authority: "45 CFR 156.460(c)"},
	}
	for _, fund := range chart.Funds() {
		rules = append(rules, SweepRule{Fund: fund, From: always, Minimum: 5_00, AfterDays: 60, Authority: "plan policy"})
	}
	return rules
}

// Credit is what lies unapplied in one fund of a billing account.
type Credit struct {
	Fund   chart.Fund
	Lines  []coverage.Line // under which the account has policies
	Amount money.Cents
	Since  calendar.Date // the oldest of it
}

// Verdict is what the rules say of a credit balance.
type Verdict string

// The verdicts.
const (
	Waits Verdict = "waits" // it is not old enough
	Small Verdict = "small" // it stays, with a notice
	Goes  Verdict = "goes"
)

// Judgement is a verdict with its rule.
type Judgement struct {
	Verdict Verdict
	Rule    SweepRule
	DueBy   calendar.Date // zero when nothing says
}

// Judge says what becomes of a credit balance on a day. Of several rules the one
// holds that names a line of the account before one that names none, then the one
// that began last; of two lines the one that pays back sooner. Without a rule it
// waits.
func (r Rules) Judge(c Credit, today calendar.Date) Judgement {
	best := -1
	for i, rule := range r {
		if rule.Fund != c.Fund || rule.From.After(today) || !rule.covers(c.Lines) {
			continue
		}
		if best < 0 || rule.before(r[best]) {
			best = i
		}
	}
	if best < 0 {
		return Judgement{Verdict: Waits}
	}
	j := Judgement{Verdict: Goes, Rule: r[best]}
	if j.Rule.DueDays > 0 {
		j.DueBy = c.Since.AddDays(j.Rule.DueDays)
	}
	switch {
	case c.Since.AddDays(j.Rule.AfterDays).After(today):
		j.Verdict = Waits
	case c.Amount < j.Rule.Minimum:
		j.Verdict = Small
	}
	return j
}

func (r SweepRule) covers(lines []coverage.Line) bool {
	return len(r.Lines) == 0 || slices.ContainsFunc(r.Lines, func(l coverage.Line) bool { return slices.Contains(lines, l) })
}

// before reports whether r holds rather than o.
func (r SweepRule) before(o SweepRule) bool {
	if (len(r.Lines) > 0) != (len(o.Lines) > 0) {
		return len(r.Lines) > 0
	}
	if slices.Equal(r.Lines, o.Lines) {
		return r.From.After(o.From)
	}
	return r.AfterDays < o.AfterDays
}

// ShortestWait is the fewest days after which any rule of a day lets money go.
func (r Rules) ShortestWait(today calendar.Date) int {
	least := -1
	for _, rule := range r {
		if !rule.From.After(today) && (least < 0 || rule.AfterDays < least) {
			least = rule.AfterDays
		}
	}
	return max(0, least)
}
