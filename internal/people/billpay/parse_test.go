package billpay

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestParse_Reads(t *testing.T) {
	tests := []struct {
		name, text string
		want       Number
	}{
		{"ten digits", "4728190363", ten},
		{"eleven digits", "47281903658", eleven},
		{"twelve digits", "314159265352", twelve},
		{"ends in zero", "472819036580", 472819036580},
		{"printed groups", "3141 5926 5352", twelve},
		{"hyphens", "3141-5926-5352", twelve},
		{"dots", "3141.5926.5352", twelve},
		{"every dash there is", "3‐1‑4‒1–5—9―2−6-5﹣3－5֊2", twelve},
		{"no-break, thin and ideographic blanks", "3141\u00a05926\u2009535\u30002", twelve},
		{"zero-width blank, joiner, direction mark and BOM", "\ufeff3141\u200b5926\u200d535\u200e2", twelve},
		{"soft hyphen", "3141\u00ad5926\u00ad5352", twelve},
		{"full-width digits and hyphen", "３１４１－５９２６－５３５２", twelve},
		{"line end and tab", "\t3141 5926\r\n5352\n", twelve},
		{"double quotes of a cell", `"314159265352"`, twelve},
		{"curly quotes and full stop", "“3141 5926 5352”.", twelve},
		{"brackets", "(3141 5926 5352)", twelve},
		{"number sign", "# 314159265352", twelve},
		{"comma after", "314159265352,", twelve},
		{"apostrophe that keeps a cell as text", "'314159265352", twelve},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil || got != tt.want {
				t.Errorf("Parse(%q): got %q and %v, want %s", tt.text, got.Digits(), err, tt.want.Digits())
			}
		})
	}
}

func TestParse_Refuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       Reason
	}{
		{"nothing", "", Empty},
		{"only debris", " \"-().\u200b# ", Empty},
		{"a label", "No. 314159265352", HasLetters},
		{"letter O for zero", "4728I9O3658", HasLetters},
		{"scientific notation", "3.14159E+11", HasLetters},
		{"letters before junk", "31/41 abc", HasLetters},
		{"slash inside", "3141/5926/5352", HasJunk},
		{"comma inside", "314,159,265,352", HasJunk},
		{"bracket inside", "(3141) 5926 5352", HasJunk},
		{"quote inside", "3141'5926'5352", HasJunk},
		{"plus in front", "+314159265352", HasJunk},
		{"dollar sign", "$314159265352", HasJunk},
		{"nul byte", "314159265352\x00", HasJunk},
		{"not UTF-8", "3141\xff59265352", HasJunk},
		{"a spreadsheet's decimal tail", "47281903658.0", HasJunk},
		{"two decimals", "4728190363.00", HasJunk},
		{"digits of another script", "٣١٤١٥٩٢٦٥٣٥٢", HasJunk},
		{"nine digits", "314159265", TooShort},
		{"nine digits that pass", "000005724", TooShort},
		{"thirteen digits", "3141592653520", TooLong},
		{"a card", "4111 1111 1111 1111", TooLong},
		{"two numbers pasted", "314159265352\n314159265352", TooLong},
		{"zero in front", "047281903658", LeadingZero},
		{"all zeros", "0000000000", LeadingZero},
		{"swap of 03 and 30", "47281930658", CheckDigit},
		{"one digit wrong", "314159265353", CheckDigit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := Parse(tt.text)
			if n != 0 || ReasonOf(err) != tt.want {
				t.Fatalf("Parse(%q): got %q and reason %q, want reason %q", tt.text, n.Digits(), ReasonOf(err), tt.want)
			}
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("Parse(%q): got kind %v, want invalid", tt.text, fault.KindOf(err))
			}
			if fault.HintOf(err) == "" {
				t.Errorf("Parse(%q): the error does not say what to do", tt.text)
			}
			checkTellsNothing(t, tt.text, err)
		})
	}
}

// checkTellsNothing holds an error against the rule that it repeats no part of
// the number and says nothing of members.
func checkTellsNothing(t *testing.T, text string, err error) {
	t.Helper()
	said := strings.ToLower(err.Error() + fault.HintOf(err))
	for _, word := range []string{"member", "exist", "found", "unknown", "on file"} {
		if strings.Contains(said, word) {
			t.Errorf("the error for %q speaks of who is on file: %s", text, said)
		}
	}
	for digits := digitsOf(text); len(digits) >= 4; digits = digits[1:] {
		if strings.Contains(said, digits[:4]) {
			t.Errorf("the error for %q repeats its digits: %s", text, said)
		}
	}
}

func TestParse_CountsDigits(t *testing.T) {
	for text, want := range map[string]string{"3141 5926": "this has 8", strings.Repeat("9", 40): "this has 40"} {
		if _, err := Parse(text); !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): got %q, want it to say %q", text, err, want)
		}
	}
}

func TestReasons_Complete(t *testing.T) {
	for r := Empty; r <= CheckDigit; r++ {
		words := reasonWords[r]
		if words.message == "" || words.hint == "" || r.String() == "" {
			t.Errorf("reason %d lacks a name, message or hint", r)
		}
		if !errors.Is(refusal(fault.Invalid, "", r), r) {
			t.Errorf("errors.Is does not find %v in its refusal", r)
		}
	}
	if len(reasonWords) != int(CheckDigit)+1 || len(reasonNames) != len(reasonWords) {
		t.Errorf("%d wordings and %d names for %d reasons", len(reasonWords), len(reasonNames), CheckDigit)
	}
	if got := ReasonOf(errors.New("other")); got != 0 {
		t.Errorf("ReasonOf another error: got %v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"314159265352", "4728 1903 658", "4728-190-363", "“３１４１５９２６５３５２”", "47281903658.0", "no. 5", "\xff\x00", "047281903658",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			if ReasonOf(err) == 0 || n != 0 {
				t.Fatalf("Parse(%q): %v without a reason, or with number %s", text, err, n.Digits())
			}
			if near := NearMisses(text); len(near) > 60 {
				t.Fatalf("NearMisses(%q): %d suggestions", text, len(near))
			}
			return
		}
		if digits := digitsOf(text); n.Digits() != digits {
			t.Fatalf("Parse(%q): got %s, but the digits are %s", text, n.Digits(), digits)
		}
		for _, written := range []string{n.Digits(), n.Grouped(), strings.Join(n.Spoken(), " ")} {
			if again, err := Parse(written); again != n || err != nil {
				t.Fatalf("Parse(%q) of what was written: got %s and %v", written, again.Digits(), err)
			}
		}
		if stored, err := FromInt(int64(n)); stored != n || err != nil {
			t.Fatalf("FromInt(%d): got %s and %v", int64(n), stored.Digits(), err)
		}
		if !utf8.ValidString(text) {
			t.Fatalf("Parse took %q, which is not UTF-8", text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("3141 5926 5352"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestUnpad(t *testing.T) {
	for field, want := range map[string]string{
		"000047281903658":    "47281903658", // a fixed field of fifteen
		"0000 4728 190 3658": "4728 190 3658",
		" 47281903658 ":      "47281903658",
		"000123":             "000123", // an old number keeps its zeros
		"00047281930658":     "00047281930658",
		"A0047281903658":     "A0047281903658",
		"0000":               "0000",
		"":                   "",
	} {
		if got := Unpad(field); got != want {
			t.Errorf("Unpad(%q) = %q, want %q", field, got, want)
		}
	}
}
