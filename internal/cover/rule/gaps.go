package rule

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// Gap is a rule that a place lacks on a day.
type Gap struct {
	At   Place
	Rule Name
	On   calendar.Date
	// Default is the product's own row that stands in, or nil when there is no
	// row at all. Without a row a run must stop; with a default it raises an alarm.
	Default *Row
}

func (g Gap) String() string {
	if g.Default == nil {
		return fmt.Sprintf("%s: no row of %s holds on %s", g.At, g.Rule, g.On)
	}
	return fmt.Sprintf("%s: no row of its own of %s holds on %s; the default %s stands in", g.At, g.Rule, g.On, g.Default.Value)
}

var exchangeNeeds = []Name{
	BinderRegular, BinderSpecial, BinderRetroactive, BinderProspectiveMonth, BinderExtension, ThresholdNetUse, ThresholdGrossUse,
	ThresholdFixedUse, ThresholdOnBinder, CreditGraceMonths, CreditGracePaid, CreditGraceCovered, NoticeDelinquency,
	NoticeBinderReminder,
}

var stateNeeds = []Name{StateGraceDays, StateGraceFrom, StateGraceEnd, StateGraceClaims, NoticeGrace}

var cobraNeeds = []Name{
	CobraElection, CobraFirstPayment, CobraGrace, CobraShortfallAmount, CobraShortfallPercent, CobraShortfallAction,
	CobraShortfallTime, CobraPremium, CobraPremiumDisability, NoticeCobraElection, NoticeCobraShortfall,
}

var medicareNeeds = []Name{MedicareDisenrols, MedicareGraceMonths, GoodCauseRequest, GoodCausePayment, NoticeNonPayment}

// Needs lists the rules that the status of a policy in a line asks for.
func Needs(line coverage.Line) []Name {
	needs := []Name{Cooling, LateMoneyDecision, NoticeTermination, NoticeReturned}
	switch {
	case line.OnExchange():
		return slices.Concat(needs, exchangeNeeds, stateNeeds)
	case line == coverage.COBRA:
		return append(needs, cobraNeeds...)
	case line == coverage.StateCont:
		return slices.Concat(needs, stateNeeds, []Name{CobraPremium, CobraPremiumDisability})
	case line.Medicare():
		return append(needs, medicareNeeds...)
	case line == coverage.Group:
		return append(needs, GroupGraceDays, StateGraceFrom, StateGraceEnd, StateGraceClaims, NoticeGrace)
	}
	return append(needs, stateNeeds...)
}

// Gaps lists what the places lack on a day, so that a run can stop before it
// posts and name each: rules without any row first, then those for which a
// default stands in, each by state, line and rule.
func (s *Set) Gaps(on calendar.Date, places []Place) []Gap {
	var gaps []Gap
	for _, at := range places {
		for _, name := range Needs(at.Line) {
			answer, err := s.Find(name, at, on)
			switch {
			case err != nil:
				gaps = append(gaps, Gap{At: at, Rule: name, On: on})
			case answer.Default:
				gaps = append(gaps, Gap{At: at, Rule: name, On: on, Default: &answer.Row})
			}
		}
	}
	slices.SortFunc(gaps, func(a, b Gap) int {
		if (a.Default == nil) != (b.Default == nil) {
			if a.Default == nil {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.At.State, b.At.State), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.CompactFunc(gaps, func(a, b Gap) bool { return a.At == b.At && a.Rule == b.Rule })
}
