package money

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want Cents
		ok   bool
	}{
		{"0", 0, true}, {"1234", 123400, true}, {"1,234.5", 123450, true}, {"$1,234.56", 123456, true}, {"-3.00", -300, true},
		{" 12.30 ", 1230, true}, {".99", 99, true},
		{"", 0, false}, {".", 0, false}, {"12.", 0, false}, {"1.234", 0, false}, {"12,34", 0, false}, {"1,2345", 0, false},
		{"1e5", 0, false}, {"twelve", 0, false}, {"--1", 0, false}, {"99999999999999999999", 0, false},
	} {
		got, err := Parse(c.text)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("Parse(%q) = %d, %v; want %d, ok %v", c.text, got, err, c.want, c.ok)
		}
	}
}

func TestString_ReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cents(rapid.Int64Range(-int64(Max), int64(Max)).Draw(t, "cents"))
		for _, text := range []string{c.String(), c.Grouped()} {
			if got, err := Parse(text); err != nil || got != c {
				t.Fatalf("%d wrote %q, which reads as %d, %v", c, text, got, err)
			}
		}
	})
}

func TestSplit_SumsToTheTotalAndIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Cents(rapid.Int64Range(0, int64(Max)).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1_000_000), 1, 12).Draw(t, "weights")
		weights[0]++
		var sum, weight Cents
		parts := SplitByWeight(total, weights)
		for i, p := range parts {
			sum += p
			weight += Cents(weights[i])
			if weights[i] == 0 && p > 1 {
				t.Fatalf("a part without weight got %d", p)
			}
		}
		if sum != total {
			t.Fatalf("split %d by %v into %v, which sums to %d", total, weights, parts, sum)
		}
	})
}

func TestSplitEqually_OddCentsGoFirst(t *testing.T) {
	got := SplitEqually(100000, 3)
	if got[0] != 33334 || got[1] != 33333 || got[2] != 33333 {
		t.Errorf("got %v, want the odd cent first", got)
	}
}
