package billpay

import (
	"slices"
	"testing"
)

func TestNearMisses_FindsTheNumberMeant(t *testing.T) {
	tests := []struct {
		name, text string
		meant      Number
		slip       Slip
		at         int
	}{
		{"03 and 30 changed places", "47281930658", eleven, Transposed, 7},
		{"check digit swapped with its neighbour", "47281903685", eleven, Transposed, 10},
		{"keypad neighbour", "47281903628", eleven, Confused, 10},
		{"nine said, five heard", "47281503658", eleven, Confused, 6},
		{"another digit altogether", "47281903058", eleven, Substituted, 9},
		{"a digit left out", "31415926532", twelve, Missing, 11},
		{"first digit left out", "7281903658", eleven, Missing, 1},
		{"a digit typed twice", "3141592653352", twelve, Extra, 10},
		{"blanks among the digits", "4728 1930 658", eleven, Transposed, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := NearMisses(tt.text)
			i := slices.IndexFunc(got, func(s Suggestion) bool { return s.Number == tt.meant })
			if i < 0 {
				t.Fatalf("NearMisses(%q): %s is not among %d suggestions", tt.text, tt.meant.Digits(), len(got))
			}
			if got[i].Slip != tt.slip || got[i].At != tt.at {
				t.Errorf("NearMisses(%q): got %v at %d for %s, want %v at %d",
					tt.text, got[i].Slip, got[i].At, tt.meant.Digits(), tt.slip, tt.at)
			}
		})
	}
}

func TestNearMisses_TeenForTy(t *testing.T) {
	for _, n := range mustIssuer(t, 12).Draw(2000) {
		digits := []byte(n.Digits())
		for i := range len(digits) - 1 {
			if digits[i] != '1' || digits[i+1] < '3' {
				continue
			}
			heard := slices.Clone(digits)
			heard[i], heard[i+1] = digits[i+1], '0'
			got := NearMisses(string(heard))
			if !slices.Contains(got, Suggestion{n, Confused, i + 1}) {
				t.Fatalf("%s said, %s heard: not suggested", digits, heard)
			}
		}
	}
}

func TestNearMisses_Ranked(t *testing.T) {
	for _, text := range []string{"47281930658", "314159265353", "31415926535", "3141592653521", "0314159265"} {
		got := NearMisses(text)
		if len(got) == 0 || len(got) > 60 {
			t.Errorf("NearMisses(%q): %d suggestions", text, len(got))
		}
		if !slices.IsSortedFunc(got, func(a, b Suggestion) int { return int(a.Slip) - int(b.Slip) }) {
			t.Errorf("NearMisses(%q) is not ranked by slip: %v", text, got)
		}
		seen := map[Number]bool{}
		for _, s := range got {
			if _, err := FromInt(int64(s.Number)); err != nil || seen[s.Number] {
				t.Errorf("NearMisses(%q): %s is repeated or wrong: %v", text, s.Number.Digits(), err)
			}
			seen[s.Number] = true
		}
	}
}

func TestNearMisses_None(t *testing.T) {
	for name, text := range map[string]string{
		"passes already": "47281903658", "has a letter": "4728193O658", "has junk": "4728/1930/658",
		"too short by two": "47281930", "too long by two": "31415926535211", "empty": "",
	} {
		if got := NearMisses(text); len(got) != 0 {
			t.Errorf("%s: NearMisses(%q) gives %d suggestions", name, text, len(got))
		}
	}
}

func TestConfusable_BothWays(t *testing.T) {
	for a, others := range confusable {
		for _, b := range others {
			if !slices.Contains([]byte(confusable[b-'0']), byte('0'+a)) {
				t.Errorf("%d may be taken for %c but not the other way", a, b)
			}
		}
	}
}
