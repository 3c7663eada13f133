// Package premium knows what a coverage month costs and who owes which part of
// it: rates and their tables, proration, tax credit, employer's share, low-income
// subsidy, late-enrolment penalty, continuation, withholds, and the employer's
// list bill.
//
// It knows no money that moved, no bill and no date of today, and it holds no
// number of the law: those come as Rules, which the caller takes from dated data
// for the policy's line, state and month.
//
// Invariants of a month's lines (Compose):
//   - they sum to the gross of the month, whoever owes it;
//   - what one party owes is never below zero;
//   - a tax credit is never above the part of the premium that it may pay for;
//   - what another party owes is taken off the member's share by a line of the
//     same kind, never shown as money that the member paid.
//
// Start reading at Compose. The rules are in docs/rules/premium.md.
package premium

import (
	"cmp"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Kind is what a line is for.
type Kind string

// The kinds, in the order in which bills show them.
const (
	Gross         Kind = "premium"                // the plan's price; for continuation the applicable premium
	Continuation  Kind = "continuation"           // what continuation adds to the applicable premium: 2 %, 50 %
	Penalty       Kind = "late_enrolment_penalty" // of Part D, 42 CFR 423.46
	TaxCredit     Kind = "tax_credit"             // advance premium tax credit, 45 CFR 155.340
	EmployerShare Kind = "employer_share"
	Subsidy       Kind = "subsidy"  // low-income subsidy of Part D, or a state's
	Withholding   Kind = "withhold" // taken from a benefit by SSA or RRB, 42 CFR 422.262(f)
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Gross, Continuation, Penalty, TaxCredit, EmployerShare, Subsidy, Withholding}
}

// Owner is who owes a line.
type Owner string

// The owners.
const (
	Member   Owner = "member" // the subscriber
	HHS      Owner = "hhs"
	Employer Owner = "employer"
	CMS      Owner = "cms"
	State    Owner = "state"
	SSA      Owner = "ssa" // withholds and is paid out by CMS
	RRB      Owner = "rrb"
)

// Owners lists every owner.
func Owners() []Owner { return []Owner{Member, HHS, Employer, CMS, State, SSA, RRB} }

// Line is one part of what a coverage month costs.
type Line struct {
	Kind     Kind
	Owner    Owner
	Month    calendar.Month
	From, To calendar.Date // the days of the month that the line is about
	Cents    money.Cents   // below zero: taken off what the owner owes
	// Rule says in figures how the amount came about, for whoever must explain it:
	// "DAILY 17/30", "102 %", "1 % x 14 x 38.99".
	Rule string
}

// OwedBy sums what one party owes.
func OwedBy(lines []Line, owner Owner) money.Cents {
	var sum money.Cents
	for _, l := range lines {
		if l.Owner == owner {
			sum += l.Cents
		}
	}
	return sum
}

// Total sums lines: what they bring in, whoever owes it.
func Total(lines []Line) money.Cents {
	var sum money.Cents
	for _, l := range lines {
		sum += l.Cents
	}
	return sum
}

// Difference gives what must still be billed or credited for a month: lines that,
// added to what was billed, make each party owe of each kind what it should.
// Nothing that was billed is changed. Where nothing was billed yet, the lines are
// those that should be, as they are; else there is one line for each kind and
// party that differs, about the whole month.
func Difference(was, should []Line) []Line {
	if len(was) == 0 {
		return slices.Clone(should)
	}
	type key struct {
		month calendar.Month
		kind  Kind
		owner Owner
	}
	sums := map[key]money.Cents{}
	for _, l := range should {
		sums[key{l.Month, l.Kind, l.Owner}] += l.Cents
	}
	for _, l := range was {
		sums[key{l.Month, l.Kind, l.Owner}] -= l.Cents
	}
	var lines []Line
	for k, cents := range sums {
		if cents != 0 {
			lines = append(lines, Line{
				Kind: k.kind, Owner: k.owner, Month: k.month, From: k.month.First(), To: k.month.Last(), Cents: cents, Rule: "adjustment",
			})
		}
	}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(
			a.Month.Compare(b.Month),
			cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)),
			cmp.Compare(slices.Index(Owners(), a.Owner), slices.Index(Owners(), b.Owner)),
		)
	})
	return lines
}
