// Package money counts United States dollars in whole cents.
//
// It knows integer cents, exact splitting and how an amount is written and
// read. It knows nothing of accounts, funds or rates. There are no floats:
// every amount that enters the product becomes Cents at its edge.
package money

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Cents is an amount of United States dollars in whole cents. The sign has
// whatever meaning the field that holds it gives; postings are always positive.
type Cents int64

// Max is the largest amount the product accepts for one item or payment:
// ten billion dollars, far above any premium and far below overflow when
// hundreds of thousands of them are summed.
const Max Cents = 1_000_000_000_000

// String writes the amount as dollars with two decimals and no grouping
// ("-1234.05"), the form used in files and logs.
func (c Cents) String() string {
	sign := ""
	abs := uint64(c)
	if c < 0 {
		sign = "-"
		abs = -abs
	}
	return fmt.Sprintf("%s%d.%02d", sign, abs/100, abs%100)
}

// Grouped writes the amount for people: "$1,234.05", "-$0.99".
func (c Cents) Grouped() string {
	s := c.String()
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, cents, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + "$" + whole + "." + cents
}

// Parse reads dollars as people and spreadsheets write them: "1234", "1,234.5",
// "$1,234.50", "-3.00". It refuses more than two decimals, misplaced grouping,
// and amounts beyond Max, and says which.
func Parse(s string) (Cents, error) {
	t := strings.TrimSpace(s)
	negative := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(strings.TrimPrefix(t, "-"), "$")
	whole, frac, hasPoint := strings.Cut(t, ".")
	if whole == "" && frac == "" {
		return 0, fmt.Errorf("%q is not an amount in dollars", s)
	}
	if hasPoint && (len(frac) == 0 || len(frac) > 2) {
		return 0, fmt.Errorf("%q must have one or two digits after the point", s)
	}
	if strings.Contains(whole, ",") {
		if !wellGrouped(whole) {
			return 0, fmt.Errorf("%q has a comma in the wrong place", s)
		}
		whole = strings.ReplaceAll(whole, ",", "")
	}
	if len(frac) == 1 {
		frac += "0"
	}
	if !hasPoint {
		frac = "00"
	}
	var cents Cents
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("%q is not an amount in dollars", s)
		}
		cents = cents*10 + Cents(r-'0')
		if cents > Max {
			return 0, fmt.Errorf("%q is above the largest amount accepted, %s", s, Max.Grouped())
		}
	}
	if negative {
		cents = -cents
	}
	return cents, nil
}

func wellGrouped(whole string) bool {
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if i == 0 && (len(g) == 0 || len(g) > 3) {
			return false
		}
		if i > 0 && len(g) != 3 {
			return false
		}
	}
	return true
}

// Add sums amounts and reports false when the sum leaves the range of Cents.
func Add(amounts ...Cents) (sum Cents, ok bool) {
	for _, a := range amounts {
		next := sum + a
		if (a > 0 && next < sum) || (a < 0 && next > sum) {
			return 0, false
		}
		sum = next
	}
	return sum, true
}

// SplitEqually divides total into n parts that differ by at most one cent and
// sum to total exactly; odd cents go to the first parts. Total must not be
// negative and n must be positive.
func SplitEqually(total Cents, n int) []Cents {
	if n <= 0 || total < 0 {
		panic(fmt.Sprintf("money: cannot split %d cents into %d parts", total, n))
	}
	parts := make([]Cents, n)
	share, odd := total/Cents(n), total%Cents(n)
	for i := range parts {
		parts[i] = share
		if Cents(i) < odd {
			parts[i]++
		}
	}
	return parts
}

// SplitByWeight divides total in proportion to the weights. Parts sum to total
// exactly: cents left over by rounding down go to the largest remainders, ties
// to the earlier part. Total and weights must not be negative and the weights
// must not all be zero.
func SplitByWeight(total Cents, weights []int64) []Cents {
	var sum uint64
	for _, w := range weights {
		if w < 0 || total < 0 {
			panic("money: a split takes no negative total or weight")
		}
		sum += uint64(w)
	}
	if sum == 0 || sum > math.MaxInt64 {
		panic("money: a split needs weights that sum to a positive int64")
	}
	parts := make([]Cents, len(weights))
	remainders := make([]uint64, len(weights))
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		quotient, remainder := bits.Div64(hi, lo, sum)
		parts[i], remainders[i] = Cents(quotient), remainder
		left -= parts[i]
	}
	for ; left > 0; left-- {
		largest := 0
		for i := range remainders {
			if remainders[i] > remainders[largest] {
				largest = i
			}
		}
		parts[largest]++
		remainders[largest] = 0
	}
	return parts
}
