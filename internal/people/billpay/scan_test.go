package billpay

import (
	"slices"
	"strings"
	"testing"
)

func TestCandidatesIn(t *testing.T) {
	tests := []struct {
		name, text string
		most       int
		want       []Number
	}{
		{"nothing", "", 5, nil},
		{"alone", "314159265352", 5, []Number{twelve}},
		{"in a remittance line", "PMT REF:47281903658/INV 2026-11-23 USD150.00", 5, []Number{eleven}},
		{"beside letters", "ACCT4728190363X", 5, []Number{ten}},
		{"one of each length, in order", "4728190363,314159265352;47281903658", 5, []Number{ten, twelve, eleven}},
		{"no more than asked for", "4728190363 314159265352 47281903658", 2, []Number{ten, twelve}},
		{"none asked for", "4728190363", 0, nil},
		{"twice the same", "314159265352 3141 5926 5352 314159265352", 5, []Number{twelve}},
		{"printed groups of twelve", "to 3141 5926 5352, thanks", 5, []Number{twelve}},
		{"hyphens, eleven", "to 4728-1903-658", 5, []Number{eleven}},
		{"dots, ten", "to 4728.190.363", 5, []Number{ten}},
		{"other digits in front of the groups", "INV 17 3141 5926 5352", 5, []Number{twelve}},
		{"mixed signs between groups", "3141 5926-5352", 5, nil},
		{"two blanks between groups", "3141  5926 5352", 5, nil},
		{"other groupings", "314 159 265 352", 5, nil},
		{"four groups of four, as on a card", "3141 5926 5352 3141", 5, nil},
		{"card whose tail would pass", "1111 3141 5926 5352", 5, nil},
		{"part of a longer run", "0314159265352 9314159265352 3141592653529", 5, nil},
		{"fails its check", "314159265353 3141 5926 5353", 5, nil},
		{"starts with zero", "031415926535 0314 1592 6535", 5, nil},
		{"a telephone number", "call 215-555-0123", 5, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := CandidatesIn(tt.text, tt.most); !slices.Equal(got, tt.want) {
				t.Errorf("CandidatesIn(%q, %d): got %s, want %s", tt.text, tt.most, allDigits(got), allDigits(tt.want))
			}
		})
	}
}

func allDigits(numbers []Number) (all []string) {
	for _, n := range numbers {
		all = append(all, n.Digits())
	}
	return all
}

func FuzzCandidatesIn(f *testing.F) {
	for _, seed := range []string{
		"PMT REF:47281903658/INV", "3141 5926 5352", "3141-5926-5352-1", "4728.190.363 314159265352", "١٢\xff4728190363", "0 0 0",
	} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		got := CandidatesIn(text, most)
		if len(got) > max(most, 0) {
			t.Fatalf("CandidatesIn(%q, %d): %d numbers", text, most, len(got))
		}
		for i, n := range got {
			if _, err := FromInt(int64(n)); err != nil || slices.Contains(got[:i], n) {
				t.Fatalf("CandidatesIn(%q): %s is repeated or wrong: %v", text, n.Digits(), err)
			}
			joined := strings.NewReplacer(" ", "", "-", "", ".", "").Replace(text)
			if !strings.Contains(joined, n.Digits()) {
				t.Fatalf("CandidatesIn(%q): %s does not stand there", text, n.Digits())
			}
		}
	})
}
