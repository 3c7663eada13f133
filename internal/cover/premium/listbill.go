package premium

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/billpay"
)

// ListLine is one line of an employer's list bill: a subscriber and a coverage
// month. Of a retroactive adjustment the amounts are the difference to what was
// billed for that month, and may be below zero.
type ListLine struct {
	Policy     coverage.Key
	MemberID   string // the subscriber's id with the employer
	Tier       Tier   // "" where the terms name nobody
	Product    string
	Month      calendar.Month
	Adjustment bool
	Rate       money.Cents // what the employer is billed for the month
	Employer   money.Cents // of Rate, the employer's share
	Employee   money.Cents // of Rate, the contribution that the employer takes from pay
}

// ListBill is what an employer is billed for a month (self-billing groups are
// held against the same list).
type ListBill struct {
	Group       billpay.Number
	Month       calendar.Month
	Lines       []ListLine // of the month first, then adjustments; by subscriber and month
	Current     money.Cents
	Adjustments money.Cents
	// Beyond are adjustments of months before the contract's retroactive window:
	// they are not billed, and somebody decides about them.
	Beyond []ListLine
}

// Total is what the list bill asks for; below zero it is a credit.
func (b *ListBill) Total() money.Cents { return b.Current + b.Adjustments }

// Enrolled is one policy of a group and what was billed for its months so far.
type Enrolled struct {
	Held   *coverage.Held
	Billed map[calendar.Month][]Line
}

// MakeListBill makes a group's list bill for a month. Months before it that were
// billed or are covered now are compared with what they should be; a difference
// is an adjustment line of its month, or stands in Beyond if the month is before
// since, the first of the contract's retroactive window. Rules are of each month.
//
// A policy that does not stand on the group's bill is fault.Invalid, as is what
// Compose refuses.
func MakeListBill(
	group billpay.Number, month, since calendar.Month, enrolled []Enrolled, rules func(calendar.Month) Rules, rates *Rates,
) (ListBill, error) {
	bill := ListBill{Group: group, Month: month}
	for _, e := range enrolled {
		if e.Held.Line != coverage.Group || e.Held.Group != group {
			return ListBill{}, fault.New(fault.Invalid, "premium.MakeListBill", "a policy that is not of the group's line stands among the group's")
		}
		for _, m := range monthsOf(e, month) {
			line, err := listLine(e, m, rules(m), rates)
			if err != nil {
				return ListBill{}, err
			}
			line.Adjustment = m != month
			bill.add(line, since)
		}
	}
	slices.SortStableFunc(bill.Lines, func(a, b ListLine) int {
		switch {
		case a.Adjustment == b.Adjustment:
			return 0
		case b.Adjustment:
			return -1
		}
		return 1
	})
	return bill, nil
}

func (b *ListBill) add(line ListLine, since calendar.Month) {
	switch {
	case line.Rate == 0:
	case !line.Adjustment:
		b.Lines, b.Current = append(b.Lines, line), b.Current+line.Rate
	case line.Month.Before(since):
		b.Beyond = append(b.Beyond, line)
	default:
		b.Lines, b.Adjustments = append(b.Lines, line), b.Adjustments+line.Rate
	}
}

// monthsOf lists the months up to the bill's in which a policy was billed or may
// have been covered. What an earlier system billed of a policy that was taken over
// is not billed again.
func monthsOf(e Enrolled, upTo calendar.Month) []calendar.Month {
	months, first := []calendar.Month{upTo}, calendar.MonthOf(e.Held.From)
	if e.Held.Entry == coverage.Takeover {
		first = calendar.MonthOf(e.Held.ReceivedOn)
	}
	for m := first; !m.IsZero() && m.Before(upTo); m = m.Add(1) {
		months = append(months, m)
	}
	for m := range e.Billed {
		if m.Before(upTo) {
			months = append(months, m)
		}
	}
	slices.SortFunc(months, calendar.Month.Compare)
	return slices.Compact(months)
}

// listLine is what a policy's month should cost, less what was billed for it.
func listLine(e Enrolled, month calendar.Month, rules Rules, rates *Rates) (ListLine, error) {
	should, err := Compose(e.Held, month, rules, rates)
	if err != nil {
		return ListLine{}, err
	}
	return Listed(e.Held, month, OwedBy(should, Employer)-OwedBy(e.Billed[month], Employer)), nil
}

// Listed is the line of a list bill for an amount that a policy was billed for a
// month, shared between employer and employee as the terms of the month say.
func Listed(h *coverage.Held, month calendar.Month, cents money.Cents) ListLine {
	line := ListLine{Policy: h.Key(), MemberID: h.SourceID, Product: h.Product, Month: month, Rate: cents}
	in := h.In(month)
	if len(in) == 0 {
		line.Employer = cents
		return line
	}
	t := in[len(in)-1]
	if len(t.Members) > 0 {
		line.Tier = TierOf(t.Members)
	}
	if t.Product != "" {
		line.Product = t.Product
	}
	line.Employer = employerPart(line.Rate, t)
	line.Employee = line.Rate - line.Employer
	return line
}

// employerPart is the employer's share of an amount, in the proportion of the
// terms: an adjustment and a part of a month are shared as the whole month is.
func employerPart(amount money.Cents, t coverage.Terms) money.Cents {
	if t.Rate <= 0 {
		return amount
	}
	share := min(t.Employer, t.Rate)
	if amount < 0 {
		return -employerPart(-amount, t)
	}
	return money.SplitByWeight(amount, []int64{int64(share), int64(t.Rate - share)})[0]
}

// Tolerance is how far an employer may pay off the list before it counts as
// arrears. Both bounds hold: a difference must keep within each.
type Tolerance struct {
	Cents money.Cents // such as 5.00
	Share Share       // of what was billed, such as 1 %
}

// Paid is how a subscriber's month was paid.
type Paid string

// The ways in which it can have been paid.
const (
	PaidAsBilled Paid = "paid"
	// Discrepancy is a small difference, or one that a change of enrolment explains
	// which is not processed yet: it is looked into, and nobody is in arrears.
	Discrepancy Paid = "discrepancy"
	Short       Paid = "short" // arrears, of the group and never of its member
	Over        Paid = "over"
)

// Judge says how a subscriber's month was paid. Pending says that a change of
// enrolment about it has been received and is not processed.
func (t Tolerance) Judge(billed, paid money.Cents, pending bool) (Paid, money.Cents) {
	difference := paid - billed
	size := max(difference, -difference)
	switch {
	case difference == 0:
		return PaidAsBilled, 0
	case pending, size <= t.Cents && size*money.Cents(whole) <= max(billed, -billed)*money.Cents(t.Share):
		return Discrepancy, difference
	case difference < 0:
		return Short, difference
	}
	return Over, difference
}
