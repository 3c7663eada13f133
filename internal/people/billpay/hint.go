package billpay

import (
	"strings"
	"unicode"
)

// HintKind is the closed set of things that can be told a payer about a number
// that does not read. Each comes from the typed text alone: nobody was looked
// up, and none says whether anybody has the number.
type HintKind uint8

// The kinds. NoHint is a text that reads as a number.
const (
	NoHint        HintKind = iota
	NothingTyped           // no digit and no letter
	LetterAsDigit          // letters that look like digits: O for 0, I or l for 1
	OtherLetters           // letters that no digit was meant by, such as a name
	OtherSigns             // a sign that cannot stand in a number, or a decimal tail
	TooFewDigits           // By are missing at least
	TooManyDigits          // By are too many at least
	CardNumber             // the digits of a payment card, which belong elsewhere
	ZeroInFront            // a number never starts with 0
	WrongDigit             // one digit is wrong, or two neighbours changed places
)

// HintKinds lists every kind but NoHint, for whoever words them.
func HintKinds() []HintKind {
	return []HintKind{
		NothingTyped, LetterAsDigit, OtherLetters, OtherSigns, TooFewDigits, TooManyDigits, CardNumber, ZeroInFront, WrongDigit,
	}
}

// Hint is the likely slip in a typed number.
type Hint struct {
	Kind HintKind
	By   int // how many digits, for TooFewDigits and TooManyDigits
}

// HintFor names the likely slip in a text that Parse refuses; for one that it
// reads it gives NoHint. Which of several numbers was meant cannot be told: the
// check digit proves that something is wrong, not where.
func HintFor(text string) Hint {
	r := read(text)
	switch r.judge(r.value()) {
	case 0:
		return Hint{}
	case Empty:
		return Hint{Kind: NothingTyped}
	case HasLetters:
		return Hint{Kind: letters(text)}
	case HasJunk:
		return Hint{Kind: OtherSigns}
	case TooShort:
		return Hint{TooFewDigits, DigitsMin - r.count}
	case TooLong:
		if isCardNumber(text, r.count) {
			return Hint{Kind: CardNumber}
		}
		return Hint{TooManyDigits, r.count - DigitsMax}
	case LeadingZero:
		return Hint{Kind: ZeroInFront}
	}
	return Hint{Kind: WrongDigit}
}

// lookalikes are letters that people type for the digits that they look like.
const lookalikes = "OoQIilLSsBZz"

// letters tells letters that stand for digits from others. More than a few are a
// word, whatever they look like.
func letters(text string) HintKind {
	const mostForDigits = 3
	found := 0
	for _, c := range text {
		if !unicode.IsLetter(c) {
			continue
		}
		if found++; found > mostForDigits || !strings.ContainsRune(lookalikes, c) {
			return OtherLetters
		}
	}
	return LetterAsDigit
}

// isCardNumber reports whether a text has the digits of a payment card: 14 to 19
// of them that pass Luhn's check (ISO/IEC 7812-1). Cards of 13 digits are no
// longer given out, and one digit too many is the likelier slip.
func isCardNumber(text string, count int) bool {
	if count < 14 || count > 19 {
		return false
	}
	sum, place := 0, count
	for _, c := range text {
		d, isDigit := digitOf(c)
		if !isDigit {
			continue
		}
		value := int(d)
		if place--; place%2 == 1 {
			value *= 2
			value -= 9 * (value / 10)
		}
		sum += value
	}
	return sum%10 == 0
}
