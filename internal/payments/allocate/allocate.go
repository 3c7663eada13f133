// Package allocate decides how an amount spreads over open items. It is pure:
// amount, items, earmark and rule in; parts and remainder out, always the same
// for the same input, and always summing to the amount.
//
// The order of decision follows the default application order of the fund's
// rule: what the payer named comes first, then the rule, then the remainder is
// left unapplied. It knows no ledger, no rail and no database.
package allocate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Rule names how money without an earmark spreads.
type Rule string

// The rules.
const (
	// OldestDueFirst pays whole items in order of due date; on the same day
	// premiums and charges before fees, then the lower item number.
	OldestDueFirst Rule = "oldest_due_first"
	// Proportional spreads the money over all items by what is open on each.
	// Odd cents go to the largest fractions of a cent, ties to the item that
	// OldestDueFirst would have paid earlier.
	Proportional Rule = "proportional"
)

// Dated is a rule in force from a date, as rule data carries it.
type Dated struct {
	From calendar.Date
	Rule Rule
}

// InForce picks the rule in force on a day: the latest that has begun, or
// OldestDueFirst where none has.
func InForce(rules []Dated, on calendar.Date) Rule {
	chosen, since := OldestDueFirst, calendar.Date{}
	for _, r := range rules {
		if !r.From.After(on) && !r.From.Before(since) {
			chosen, since = r.Rule, r.From
		}
	}
	return chosen
}

// Item is an open item as allocation sees it.
type Item struct {
	No    int64         // its number within the book
	DueOn calendar.Date // zero when it has no due date: it then comes last
	Open  money.Cents   // what is still owed, positive
	Fee   bool          // a fee gives way to a premium or charge due the same day
	// Binder is owed before a coverage begins: it goes before what is older, or a new
	// enrolment would fail for an old debt (45 CFR 147.104(i)).
	Binder bool
	// Prescription is of the Medicare Prescription Payment Plan, which gives way to
	// all premium: unpaid premium ends coverage, and this does not (42 CFR 423.137).
	Prescription bool
}

// Part is money put on one item.
type Part struct {
	Item  int64
	Cents money.Cents
}

// Result is a spread amount: the parts in the order in which they were chosen,
// and what found no item.
type Result struct {
	Parts     []Part
	Remainder money.Cents
}

// Spread spreads a positive amount over items. The earmark lists items that the
// payer named, in the payer's order; they are paid first, whatever their dates.
// An earmarked item that is not among the items is an error: the caller decides
// whether that money is unapplied or in suspense.
func Spread(amount money.Cents, items []Item, earmark []int64, rule Rule) (Result, error) {
	if amount <= 0 {
		return Result{}, fmt.Errorf("an amount to spread is positive, not %s", amount)
	}
	ordered := slices.Clone(items)
	slices.SortFunc(ordered, dueOrder)
	named, rest, err := separate(ordered, earmark)
	if err != nil {
		return Result{}, err
	}
	var result Result
	left := result.inOrder(amount, named)
	plan := slices.IndexFunc(rest, func(i Item) bool { return i.Prescription })
	if plan < 0 {
		plan = len(rest)
	}
	left = result.byRule(left, rest[:plan], rule)
	result.Remainder = result.byRule(left, rest[plan:], rule)
	return result, nil
}

func (r *Result) byRule(amount money.Cents, items []Item, rule Rule) (left money.Cents) {
	if rule == Proportional && amount > 0 && amount < total(items) {
		r.byShare(amount, items)
		return 0
	}
	return r.inOrder(amount, items)
}

func dueOrder(a, b Item) int {
	if a.Prescription != b.Prescription {
		if a.Prescription {
			return 1
		}
		return -1
	}
	if a.Binder != b.Binder {
		if a.Binder {
			return -1
		}
		return 1
	}
	if a.DueOn.IsZero() != b.DueOn.IsZero() {
		if a.DueOn.IsZero() {
			return 1
		}
		return -1
	}
	if c := a.DueOn.Compare(b.DueOn); c != 0 {
		return c
	}
	if a.Fee != b.Fee {
		if a.Fee {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.No, b.No)
}

func separate(items []Item, earmark []int64) (named, rest []Item, err error) {
	taken := make(map[int64]bool, len(earmark))
	for _, no := range earmark {
		at := slices.IndexFunc(items, func(i Item) bool { return i.No == no })
		if at < 0 {
			return nil, nil, fmt.Errorf("item %d is not open in this book", no)
		}
		if !taken[no] {
			named = append(named, items[at])
		}
		taken[no] = true
	}
	for _, i := range items {
		if !taken[i.No] {
			rest = append(rest, i)
		}
	}
	return named, rest, nil
}

func (r *Result) inOrder(amount money.Cents, items []Item) (left money.Cents) {
	for _, i := range items {
		if amount == 0 {
			return 0
		}
		paid := min(amount, i.Open)
		r.Parts = append(r.Parts, Part{i.No, paid})
		amount -= paid
	}
	return amount
}

// byShare needs amount to be below the total of items, so that no share can
// exceed what is open on its item.
func (r *Result) byShare(amount money.Cents, items []Item) {
	weights := make([]int64, len(items))
	for i, item := range items {
		weights[i] = int64(item.Open)
	}
	for i, share := range money.SplitByWeight(amount, weights) {
		if share > 0 {
			r.Parts = append(r.Parts, Part{items[i].No, share})
		}
	}
}

func total(items []Item) (sum money.Cents) {
	for _, i := range items {
		sum += i.Open
	}
	return sum
}
