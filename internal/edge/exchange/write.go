package exchange

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// advice says what to do about a file, by its verdict.
var advice = map[fault.Verdict]string{
	fault.Accept: "Its counts and totals agree with its contents.",
	fault.Flag: "It reads well, but what it says of itself disagrees with its contents, so nothing would be posted.\n" +
		"Ask the sender which of the two is right and for a new file; do not mend it by hand.",
	fault.Refuse: "Nothing would be posted. Send the lines above to the sender and ask for a new file.",
}

var verdictWords = map[fault.Verdict]string{fault.Accept: "accepted", fault.Flag: "flagged", fault.Refuse: "refused"}

// Write tells a person what a file is, what is wrong with it and where, and what
// to do. The error is w's.
func Write(w io.Writer, in Inspection) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s as %s\n", printing(in.File), verdictWords[in.Verdict], in.Format)
	for _, fact := range factLines(in.Facts) {
		fmt.Fprintf(&b, "  %s\n", fact)
	}
	for _, p := range in.Problems {
		fmt.Fprintf(&b, "  %s\n", printing(p.String()))
	}
	if len(in.Problems) >= fault.ProblemsMax {
		fmt.Fprintf(&b, "  There may be more: at most %d problems are told at a time.\n", fault.ProblemsMax)
	}
	fmt.Fprintln(&b, advice[in.Verdict])
	_, err := io.WriteString(w, b.String())
	return err
}

// factOrder is the order in which people count: what holds others comes first.
var factOrder = []string{
	"interchanges", "groups", "transaction_sets", "accounts", "batches", "entries", "addenda", "checks", "transactions",
	"members", "subscribers", "dependents", "rows",
}

func factLines(facts map[string]any) []string {
	rank := func(name string) int {
		if at := slices.Index(factOrder, name); at >= 0 {
			return at
		}
		return len(factOrder)
	}
	names := slices.SortedFunc(maps.Keys(facts), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = factLine(name, facts[name])
	}
	return lines
}

// factLine shows cents as dollars. Minor units of a bank statement may be of any
// currency and stay as they are.
func factLine(name string, value any) string {
	words := strings.ReplaceAll(name, "_", " ")
	switch v := value.(type) {
	case int64:
		what, isMoney := strings.CutSuffix(words, " cents")
		if what == "amount" {
			what = "total"
		}
		if isMoney {
			return fmt.Sprintf("%s amount: %s", what, money.Cents(v).Grouped())
		}
	case map[string]int:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("%d of type %s", v[key], printing(key)))
		}
		return fmt.Sprintf("%s: %s", words, strings.Join(parts, ", "))
	}
	return fmt.Sprintf("%s: %v", words, value)
}

// printing takes out what would move a terminal's cursor.
func printing(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, s)
}
