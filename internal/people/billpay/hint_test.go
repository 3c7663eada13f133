package billpay

import "testing"

func TestHintFor_NamesTheSlip(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Hint
	}{
		{"a number", "3141 5926 5352", Hint{}},
		{"a number in full-width digits", "３１４１－５９２６－５３５２", Hint{}},
		{"nothing", " ", Hint{Kind: NothingTyped}},
		{"debris", "( - )", Hint{Kind: NothingTyped}},
		{"O and I for 0 and 1", "4728I9O3658", Hint{Kind: LetterAsDigit}},
		{"small l for 1", "3l4159265352", Hint{Kind: LetterAsDigit}},
		{"a label", "No. 314159265352", Hint{Kind: OtherLetters}},
		{"a word of lookalikes", "BOSS", Hint{Kind: OtherLetters}},
		{"letters of another alphabet", "Ω314159265352", Hint{Kind: OtherLetters}},
		{"a slash", "3141/5926/5352", Hint{Kind: OtherSigns}},
		{"a spreadsheet's tail", "47281903658.0", Hint{Kind: OtherSigns}},
		{"one digit", "3", Hint{TooFewDigits, 9}},
		{"nine digits", "314159265", Hint{TooFewDigits, 1}},
		{"thirteen digits", "3141592653520", Hint{TooManyDigits, 1}},
		{"two numbers", "314159265352 314159265352", Hint{TooManyDigits, 12}},
		{"a card of 16 digits", "4111 1111 1111 1111", Hint{Kind: CardNumber}},
		{"a card of 15 digits", "3782-822463-10005", Hint{Kind: CardNumber}},
		{"13 digits that pass a card's check", "4222222222222", Hint{TooManyDigits, 1}},
		{"16 digits that are no card", "4111 1111 1111 1112", Hint{TooManyDigits, 4}},
		{"a zero in front", "047281903658", Hint{Kind: ZeroInFront}},
		{"neighbours swapped", "47281930658", Hint{Kind: WrongDigit}},
		{"one digit wrong", "314159265353", Hint{Kind: WrongDigit}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := HintFor(tt.text); got != tt.want {
				t.Errorf("HintFor(%q): got %+v, want %+v", tt.text, got, tt.want)
			}
		})
	}
}

// Every kind but NoHint is listed once, so that whoever words the list words all.
func TestHintKinds_AreAll(t *testing.T) {
	for i, kind := range HintKinds() {
		if int(kind) != i+1 {
			t.Errorf("place %d holds %d", i, kind)
		}
	}
	if last := HintKinds()[len(HintKinds())-1]; last != WrongDigit {
		t.Errorf("the list ends with %d", last)
	}
}

func FuzzHintFor(f *testing.F) {
	for _, seed := range []string{"", "314159265352", "4111 1111 1111 1111", "47281903658.0", "O1", "\xff", "00000000000000000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hint := HintFor(text)
		if _, err := Parse(text); (err == nil) != (hint.Kind == NoHint) {
			t.Fatalf("%q: Parse says %v and the hint is %+v", text, err, hint)
		}
		if counted := hint.Kind == TooFewDigits || hint.Kind == TooManyDigits; counted != (hint.By > 0) {
			t.Fatalf("%q: %+v", text, hint)
		}
	})
}
