package premium

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Rules are the numbers of law and contract that hold for one policy in one
// month. The caller takes them from dated data.
type Rules struct {
	Proration Method
	// Continuation is the most that continuation may charge of the applicable
	// premium, and Disability in the months of the disability extension: 102 % and
	// 150 % of federal law (26 CFR 54.4980B-8 Q&A-1).
	Continuation Share
	Disability   Share
	// BasePremium is the national base beneficiary premium of the month's year
	// (42 CFR 423.286(d)(3)): 38.99 in 2026. 0 says that it is not known. The penalty
	// is PenaltyShare of it (1 %) for each month, to the nearest PenaltyRounding (0.10).
	BasePremium     money.Cents
	PenaltyShare    Share
	PenaltyRounding money.Cents
	// CreditWithinEHB keeps a tax credit within the part of the premium that is for
	// essential health benefits, where that part is known (26 CFR 1.36B-3).
	CreditWithinEHB bool
	// Family rating counts no more than ChildrenCounted children, the oldest, who
	// are under ChildrenUnder (45 CFR 147.102(c)(1): 3 and 21).
	ChildrenCounted int
	ChildrenUnder   int
	// TobaccoAge is the age from which the tobacco rate may be used (45 CFR
	// 147.102(a)(1)(iv): who may legally use tobacco).
	TobaccoAge int
}

// Share is a part of a whole in hundredths of a per cent: 10200 is 102 %.
type Share int

// whole is all of something.
const whole Share = 10000

// String writes the share in per cent: "102 %", "2.50 %".
func (s Share) String() string {
	return strings.TrimSuffix(money.Cents(s).String(), ".00") + " %"
}

// lateEnrolmentPenalty is the monthly penalty of Part D for a number of full
// uncovered months (42 CFR 423.286(d)(3)); half goes up.
func (r *Rules) lateEnrolmentPenalty(months int) money.Cents {
	raw := money.Cents(months) * r.BasePremium * money.Cents(r.PenaltyShare)
	unit := r.PenaltyRounding * money.Cents(whole)
	return (2*raw + unit) / (2 * unit) * r.PenaltyRounding
}

// Method is a way to charge a month that is covered in part.
type Method string

// The methods of contracts, and of exchanges, which prorate premium and tax credit
// by day (45 CFR 155.240(e), 155.340(i)).
const (
	FullMonth   Method = "FULL_MONTH"    // any covered day costs the whole month
	Wash15      Method = "WASH_15"       // covered on the 15th and the 16th: the whole month, else nothing
	Daily       Method = "DAILY"         // by covered days, half a cent up
	FirstOfNext Method = "FIRST_OF_NEXT" // a start within a month is charged from the next one on; an end at the month's end
)

// Methods lists every method.
func Methods() []Method { return []Method{FullMonth, Wash15, Daily, FirstOfNext} }

// Prorate gives the part of a monthly amount, not below zero, that falls on days
// out of the days of a month; half a cent goes up.
func Prorate(monthly money.Cents, days, of int) money.Cents {
	return (2*monthly*money.Cents(days) + money.Cents(of)) / (2 * money.Cents(of))
}

// stretch is a run of days of one month on which one thing holds, with the part
// of the month that is charged for it.
type stretch[T any] struct {
	what     T
	from, to calendar.Date
	days, of int // charged days of the month's
}

// apply gives the stretches of a month that are charged. What comes in are the
// covered stretches, in order and without a gap.
//
// Where a month is charged as a whole and something changes within it, one side
// of the change stands for the month: by FULL_MONTH the later, since any day of
// it costs a month; by WASH_15 what holds on the 15th; by FIRST_OF_NEXT the
// earlier, since the change is charged from the next month on.
func apply[T any](m Method, month calendar.Month, covered []stretch[T]) ([]stretch[T], error) {
	if len(covered) == 0 {
		return nil, nil
	}
	first, last := covered[0].from, covered[len(covered)-1].to
	middle := month.First().AddDays(14)
	wholeMonth := func(s stretch[T]) []stretch[T] {
		return []stretch[T]{{s.what, first, last, 1, 1}}
	}
	switch m {
	case Daily:
		charged := make([]stretch[T], len(covered))
		for i, s := range covered {
			charged[i] = stretch[T]{s.what, s.from, s.to, s.to.Sub(s.from) + 1, month.Days()}
		}
		return charged, nil
	case FullMonth:
		return wholeMonth(covered[len(covered)-1]), nil
	case FirstOfNext:
		if first.After(month.First()) {
			return nil, nil
		}
		return wholeMonth(covered[0]), nil
	case Wash15:
		if first.After(middle) || !last.After(middle) {
			return nil, nil
		}
		for _, s := range covered {
			if !s.to.Before(middle) {
				return wholeMonth(s), nil
			}
		}
	}
	return nil, fmt.Errorf("%q is no method of proration: write one of %v", m, Methods())
}

// rule says in figures how much of the month is charged.
func (s stretch[T]) rule(m Method) string {
	if m == Daily {
		return fmt.Sprintf("%s %d/%d", m, s.days, s.of)
	}
	return string(m)
}
