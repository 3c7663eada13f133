package billpay

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
)

// Reason is the closed set of ways a text can fail to be a bill pay number. It
// is an error, so that errors.Is(err, billpay.CheckDigit) holds. None of them
// says anything about who is on file.
type Reason uint8

// The reasons, in order of precedence: a text with several gets the first.
const (
	Empty       Reason = iota + 1 // nothing was given
	HasLetters                    // a letter stands anywhere in it
	HasJunk                       // a sign other than a blank, hyphen or dot, or a decimal tail
	TooShort                      // fewer than DigitsMin digits
	TooLong                       // more than DigitsMax digits
	LeadingZero                   // starts with 0
	CheckDigit                    // right shape, but the check digit disagrees
)

var reasonNames = [...]string{
	"", "empty", "has_letters", "has_junk", "too_short", "too_long", "leading_zero", "check_digit",
}

func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// Error gives the reason's name, for machines; the fault.Error around it has
// the message for people.
func (r Reason) Error() string { return r.String() }

// ReasonOf finds the Reason in err's chain, or 0.
func ReasonOf(err error) Reason {
	var r Reason
	if errors.As(err, &r) {
		return r
	}
	return 0
}

var reasonWords = [...]struct{ message, hint string }{
	Empty: {"there is no bill pay number",
		"Type the 10 to 12 digits printed on the card or the statement."},
	HasLetters: {"a bill pay number has digits only and this has a letter",
		"Type the digits without words before them; for the letters O and I use the digits 0 and 1."},
	HasJunk: {"a sign that cannot stand in a bill pay number is among the digits",
		"Type the digits only; blanks, hyphens and dots between groups do no harm."},
	TooShort: {"a bill pay number has 10 to 12 digits and this has fewer",
		"Look for a digit left out and compare each group with the card or the statement."},
	TooLong: {"a bill pay number has 10 to 12 digits and this has more",
		"Look for a digit typed twice, or another number pasted along with it."},
	LeadingZero: {"a bill pay number never starts with 0",
		"Leave out zeros that a spreadsheet or form put in front, and check that the whole number is there."},
	CheckDigit: {"the digits do not agree with the check digit: one is wrong or two have changed places",
		"Compare each digit with the card or the statement."},
}

// digitsKept is how many digits of a text are remembered: one more than a
// number has, so that an extra digit can be found.
const digitsKept = DigitsMax + 1

// reading is what a text shows of a number before it is judged.
type reading struct {
	digits  [digitsKept]uint8
	count   int // all digits, also those beyond digitsKept
	letters bool
	junk    bool
}

// Parse reads a number as people type and paste it. Blanks, zero-width
// characters, hyphens and dashes of all kinds, and dots may stand anywhere;
// quotes, brackets, '#' and punctuation may stand at the ends; full-width digits
// count as digits. Anything else is refused, never skipped. The error is
// fault.Invalid around a Reason; it never repeats the text.
func Parse(text string) (Number, error) {
	r := read(text)
	value := r.value()
	if reason := r.judge(value); reason != 0 {
		err := refusal(fault.Invalid, "billpay.Parse", reason)
		if reason == TooShort || reason == TooLong {
			err.Message = fmt.Sprintf("a bill pay number has %d to %d digits and this has %d", DigitsMin, DigitsMax, r.count)
		}
		return 0, err
	}
	return Number(value), nil
}

func (r *reading) judge(value int64) Reason {
	switch {
	case r.letters:
		return HasLetters
	case r.junk:
		return HasJunk
	case r.count == 0:
		return Empty
	case r.count < DigitsMin:
		return TooShort
	case r.count > DigitsMax:
		return TooLong
	case r.digits[0] == 0:
		return LeadingZero
	}
	return judge(value)
}

func (r *reading) kept() []uint8 { return r.digits[:min(r.count, digitsKept)] }

func (r *reading) value() int64 { return valueOf(r.kept()) }

func valueOf(digits []uint8) (value int64) {
	for _, d := range digits {
		value = value*10 + int64(d)
	}
	return value
}

// read collects the digits of text and notes what else stands among them.
func read(text string) (r reading) {
	sinceDot, dotted := 0, false
	for _, c := range strings.TrimFunc(text, isEdge) {
		d, isDigit := digitOf(c)
		switch {
		case isDigit:
			if r.count < digitsKept {
				r.digits[r.count] = d
			}
			r.count++
			sinceDot++
		case isDot(c):
			sinceDot, dotted = 0, true
		case isSeparator(c):
		case unicode.IsLetter(c):
			r.letters = true
		default:
			r.junk = true
		}
	}
	// A spreadsheet writes 47281903658 as "47281903658.0". Taking the dot for a
	// separator would make another number of it, and one that passes: Damm finds
	// no zero added after a valid number.
	if dotted && sinceDot <= 2 {
		r.junk = true
	}
	return r
}

// digitOf takes ASCII and full-width digits; East Asian keyboards give the latter.
func digitOf(c rune) (uint8, bool) {
	switch {
	case c >= '0' && c <= '9':
		return uint8(c - '0'), true
	case c >= '０' && c <= '９':
		return uint8(c - '０'), true
	}
	return 0, false
}

func isDot(c rune) bool { return c == '.' || c == '．' || c == '·' }

// isSeparator takes blanks of every width, zero-width and direction marks
// (category Cf, with the soft hyphen), and dashes with the minus sign.
func isSeparator(c rune) bool {
	return c == ' ' || c == '-' || c == '\u2212' ||
		unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Pd, c)
}

const edgeDebris = "\"'`´“”„‟‘’‚‛«»‹›()[]{}<>#＃*.,;:!?"

// isEdge takes what clings to a number copied out of a sentence or a cell.
func isEdge(c rune) bool { return isSeparator(c) || isDot(c) || strings.ContainsRune(edgeDebris, c) }

// refusal words a reason for a person; it names the slip, never the digits.
func refusal(kind fault.Kind, op string, reason Reason) *fault.Error {
	words := reasonWords[reason]
	return &fault.Error{Kind: kind, Op: op, Message: words.message, Hint: words.hint, Err: reason}
}

// Unpad takes the zeros off that a bank's fixed field puts before a number: a
// bill pay number never starts with 0. A text that is no number without them is
// only trimmed, because the zeros of an old number belong to it.
func Unpad(field string) string {
	text := strings.TrimSpace(field)
	bare := strings.TrimLeft(text, "0 ")
	if _, err := Parse(bare); err != nil || strings.Trim(text[:len(text)-len(bare)], "0 ") != "" {
		return text
	}
	return bare
}
