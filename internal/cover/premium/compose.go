package premium

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// Compose gives the lines of one coverage month of a policy: what it costs and
// who owes which part, by the terms that are known now. A month without a covered
// or charged day has none.
//
// A rate that the terms state, or hold otherwise, is billed as it is; terms that
// hold none are rated by the tables. Errors are fault.Invalid and name what is
// missing or contradicts itself: no terms for a covered day, no rate, a tax
// credit off the exchanges, an unknown base premium. A policy with an error is not
// billed at all.
func Compose(h *coverage.Held, month calendar.Month, rules Rules, rates *Rates) ([]Line, error) {
	charged, err := chargedTerms(h, month, rules, rates)
	if err != nil || len(charged) == 0 {
		return nil, err
	}
	c := composer{policy: &h.Policy, month: month, rules: rules, charged: charged}
	if err := c.premium(); err != nil {
		return nil, err
	}
	c.shares()
	if err := c.penalty(); err != nil {
		return nil, err
	}
	if err := c.withhold(); err != nil {
		return nil, err
	}
	return c.lines, nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "premium.Compose", format, args...)
}

// chargedTerms gives the stretches of a month that are charged, with their terms,
// checked and rated.
func chargedTerms(h *coverage.Held, month calendar.Month, rules Rules, rates *Rates) ([]stretch[coverage.Terms], error) {
	covered, err := coveredTerms(h, month)
	if err != nil {
		return nil, err
	}
	charged, err := apply(rules.Proration, month, covered)
	if err != nil {
		return nil, invalid("%v", err)
	}
	for i := range charged {
		t := &charged[i].what
		if err := checkTerms(&h.Policy, t); err != nil {
			return nil, err
		}
		if t.Rate == 0 && !t.Stated {
			rated, err := rates.Rate(&h.Policy, *t, charged[i].from, rules)
			if err != nil {
				return nil, err
			}
			t.Rate = rated.Cents
		}
	}
	return charged, nil
}

// coveredTerms gives the covered days of a month with the terms that hold on them.
func coveredTerms(h *coverage.Held, month calendar.Month) ([]stretch[coverage.Terms], error) {
	if !h.Covers(month) {
		return nil, nil
	}
	first, last := h.From, month.Last()
	if first.Before(month.First()) {
		first = month.First()
	}
	if !h.To.IsZero() && h.To.Before(last) {
		last = h.To
	}
	var covered []stretch[coverage.Terms]
	for _, t := range h.In(month) {
		if t.From.After(last) {
			break
		}
		from := t.From
		if from.Before(first) {
			from = first
			covered = nil // these terms replaced the earlier ones before the first covered day
		}
		if len(covered) > 0 {
			covered[len(covered)-1].to = from.AddDays(-1)
		}
		covered = append(covered, stretch[coverage.Terms]{what: t, from: from, to: last})
	}
	if len(covered) == 0 || covered[0].from.After(first) {
		return nil, invalid("the policy has no terms on %s, a covered day: nothing says what it costs", first)
	}
	return covered, nil
}

func checkTerms(p *coverage.Policy, t *coverage.Terms) error {
	for _, amount := range []money.Cents{t.Rate, t.EHB, t.APTC, t.Employer, t.Subsidy} {
		if amount < 0 || amount > money.Max {
			return invalid("the terms from %s hold an amount below zero or above %s", t.From, money.Max.Grouped())
		}
	}
	switch {
	case t.APTC > 0 && !p.Line.OnExchange():
		return invalid("the terms from %s hold a tax credit, and %s is no line of an exchange", t.From, p.Line)
	case t.LEPMonths < 0 || t.LEPMonths > lepMonthsMost:
		return invalid("the terms from %s hold %d months of late-enrolment penalty", t.From, t.LEPMonths)
	}
	return nil
}

// What no penalty can depend on: more months than Part D (begun in 2006) will have
// for long, and more than any month's premium.
const (
	lepMonthsMost               = 1200
	basePremiumMost money.Cents = 1_000_00
)

// composer makes the lines of one month.
type composer struct {
	policy  *coverage.Policy
	month   calendar.Month
	rules   Rules
	charged []stretch[coverage.Terms]
	lines   []Line
}

func (c *composer) add(kind Kind, owner Owner, from, to calendar.Date, cents money.Cents, rule string) {
	if cents != 0 {
		c.lines = append(c.lines, Line{Kind: kind, Owner: owner, Month: c.month, From: from, To: to, Cents: cents, Rule: rule})
	}
}

// amounts gives one monthly amount of the terms over the month. Neighbours of the
// same amount become one stretch, so that a month in which it does not change is
// not rounded twice.
func (c *composer) amounts(of func(coverage.Terms) money.Cents) []stretch[money.Cents] {
	var all []stretch[money.Cents]
	for _, s := range c.charged {
		amount := of(s.what)
		if last := len(all) - 1; last >= 0 && all[last].what == amount {
			all[last].to, all[last].days = s.to, all[last].days+s.days
			continue
		}
		all = append(all, stretch[money.Cents]{amount, s.from, s.to, s.days, s.of})
	}
	return all
}

func sum(all []stretch[money.Cents]) money.Cents {
	var total money.Cents
	for _, s := range all {
		total += Prorate(s.what, s.days, s.of)
	}
	return total
}

// debtor is who owes the premium but for what others take over: of a group's list
// bill the employer, who pays the employees' contributions on.
func (c *composer) debtor() Owner {
	if c.policy.Line == coverage.Group {
		return Employer
	}
	return Member
}

func (c *composer) premium() error {
	share, err := c.continuation()
	if err != nil {
		return err
	}
	for _, s := range c.amounts(func(t coverage.Terms) money.Cents { return t.Rate }) {
		base, rule := Prorate(s.what, s.days, s.of), s.rule(c.rules.Proration)
		if share == 0 {
			c.add(Gross, c.debtor(), s.from, s.to, base, rule)
			continue
		}
		// The cap is on the whole: cut off in one step, and the applicable premium
		// within it gives way.
		total := s.what * money.Cents(share) * money.Cents(s.days) / (money.Cents(whole) * money.Cents(s.of))
		base = min(base, total)
		c.add(Gross, Member, s.from, s.to, base, rule)
		c.add(Continuation, Member, s.from, s.to, total-base, share.String())
	}
	return nil
}

// continuation gives what continuation charges of the applicable premium, and 0
// for any other coverage.
func (c *composer) continuation() (Share, error) {
	if !isContinuation(c.policy.Line) {
		return 0, nil
	}
	share := c.rules.Continuation
	if k := c.policy.Continuation; k != nil && !k.DisabledFrom.IsZero() && !c.month.Before(k.DisabledFrom) {
		share = c.rules.Disability
	}
	if share < whole || share > 2*whole {
		return 0, invalid("no rule says what part of the applicable premium %s charges in %s", c.policy.Line, c.month)
	}
	return share, nil
}

// shares takes off the member's share what others owe of it. Each takes no more
// than those before it left.
func (c *composer) shares() {
	if c.debtor() != Member {
		return
	}
	left := OwedBy(c.lines, Member)
	creditable := sum(c.amounts(c.creditable))
	c.share(TaxCredit, HHS, min(left, creditable), func(t coverage.Terms) money.Cents { return min(t.APTC, c.creditable(t)) })
	c.share(EmployerShare, Employer, OwedBy(c.lines, Member), func(t coverage.Terms) money.Cents { return t.Employer })
	c.share(Subsidy, c.subsidiser(), OwedBy(c.lines, Member), func(t coverage.Terms) money.Cents { return t.Subsidy })
}

// creditable is the part of a monthly rate that a tax credit may pay for.
func (c *composer) creditable(t coverage.Terms) money.Cents {
	if c.rules.CreditWithinEHB && t.EHB > 0 {
		return min(t.EHB, t.Rate)
	}
	return t.Rate
}

func (c *composer) subsidiser() Owner {
	if c.policy.Line.Medicare() {
		return CMS
	}
	return State
}

func (c *composer) share(kind Kind, owner Owner, most money.Cents, of func(coverage.Terms) money.Cents) {
	for _, s := range c.amounts(of) {
		cents := min(Prorate(s.what, s.days, s.of), most)
		most -= cents
		c.add(kind, Member, s.from, s.to, -cents, s.rule(c.rules.Proration))
		c.add(kind, owner, s.from, s.to, cents, s.rule(c.rules.Proration))
	}
}

// penalty adds the late-enrolment penalty of Part D, by the terms with which the
// month begins: CMS changes it from the first of a month on. Somebody eligible
// for the low-income subsidy owes none (42 CFR 423.780(e)).
func (c *composer) penalty() error {
	t := c.charged[0].what
	if c.policy.Line != coverage.MAPD && c.policy.Line != coverage.PDP || t.LISFull || t.LEPMonths == 0 {
		return nil
	}
	r := &c.rules
	if r.BasePremium <= 0 || r.BasePremium > basePremiumMost || r.PenaltyShare <= 0 || r.PenaltyShare > whole || r.PenaltyRounding <= 0 {
		return invalid("the national base beneficiary premium of %d is not known, or how a late-enrolment penalty follows from it", c.month.Year())
	}
	cents := r.lateEnrolmentPenalty(t.LEPMonths)
	rule := fmt.Sprintf("%s x %d x %s", r.PenaltyShare, t.LEPMonths, r.BasePremium)
	c.add(Penalty, Member, c.charged[0].from, c.charged[len(c.charged)-1].to, cents, rule)
	return nil
}

// withhold hands all that the member owes to the agency that withholds it. One
// option applies to the whole premium, penalty included (42 CFR 422.262(f)).
func (c *composer) withhold() error {
	w, ok := withheld(c.policy, c.month)
	if !ok {
		return nil
	}
	agency := map[string]Owner{"SSA": SSA, "RRB": RRB}[w.Agency]
	if agency == "" {
		return invalid("%q withholds no premium: it is SSA or RRB", w.Agency)
	}
	owed := OwedBy(c.lines, Member)
	from, to := c.charged[0].from, c.charged[len(c.charged)-1].to
	c.add(Withholding, Member, from, to, -owed, w.Agency)
	c.add(Withholding, agency, from, to, owed, w.Agency)
	return nil
}

// withheld gives the withhold that is in force in a month: of those about the
// month the one known last, if it was accepted. While it is only asked for, the
// member owes the premium.
func withheld(p *coverage.Policy, month calendar.Month) (coverage.Withhold, bool) {
	if !p.Line.Medicare() {
		return coverage.Withhold{}, false
	}
	for _, w := range slices.Backward(p.Withhold) {
		if !month.Before(w.From) && (w.To.IsZero() || !month.After(w.To)) {
			return w, w.Status == coverage.WithholdAccepted
		}
	}
	return coverage.Withhold{}, false
}
