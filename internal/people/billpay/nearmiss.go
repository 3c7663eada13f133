package billpay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Slip is the single mistake that would turn a suggested number into the text
// that was typed.
type Slip uint8

// The slips, likeliest first.
const (
	Transposed  Slip = iota + 1 // two neighbouring digits changed places
	Confused                    // one digit for one beside it on a keypad, or one that looks or sounds like it
	Substituted                 // one digit for any other
	Missing                     // one digit left out
	Extra                       // one digit too many
)

var slipNames = [...]string{"", "transposed", "confused", "substituted", "missing", "extra"}

func (s Slip) String() string {
	if int(s) >= len(slipNames) {
		return fmt.Sprintf("slip(%d)", uint8(s))
	}
	return slipNames[s]
}

// Suggestion is a number that passes its check and lies one slip from a text.
type Suggestion struct {
	Number Number
	Slip   Slip
	At     int // the digit where the slip is, from 1: of the text, or of Number for a missing one
}

// NearMisses gives the numbers one slip away from a text that has the digits of
// a number but does not pass, likeliest slip first, then by place. There are a
// few dozen at most; nearly all are on nobody's file, so a caller keeps those that
// are. They are for staff to choose from and are never shown to a payer: a list
// would say who exists. A text that passes, or has letters or junk, gives none.
func NearMisses(text string) []Suggestion {
	r := read(text)
	if r.letters || r.junk || r.count > digitsKept || r.judge(r.value()) == 0 {
		return nil
	}
	found := suggestions{}
	digits := r.kept()
	found.swap(digits)
	found.sayTeenForTy(digits)
	found.replace(digits)
	found.insert(digits)
	found.remove(digits)
	return found.ranked()
}

// suggestions keeps the likeliest slip for each number.
type suggestions map[Number]Suggestion

func (s suggestions) consider(digits []uint8, slip Slip, index int) {
	if len(digits) < DigitsMin || len(digits) > DigitsMax || digits[0] == 0 {
		return
	}
	value := valueOf(digits)
	if judge(value) != 0 {
		return
	}
	n := Number(value)
	if known, ok := s[n]; !ok || slip < known.Slip {
		s[n] = Suggestion{n, slip, index + 1}
	}
}

func (s suggestions) ranked() []Suggestion {
	list := make([]Suggestion, 0, len(s))
	for _, one := range s {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(a.Slip, b.Slip), cmp.Compare(a.At, b.At), cmp.Compare(a.Number, b.Number))
	})
	return list
}

func (s suggestions) swap(digits []uint8) {
	for i := range len(digits) - 1 {
		d := slices.Clone(digits)
		d[i], d[i+1] = d[i+1], d[i]
		s.consider(d, Transposed, i)
	}
}

// sayTeenForTy tries "thirteen" heard as "thirty", up to ninety, and back.
func (s suggestions) sayTeenForTy(digits []uint8) {
	for i := range len(digits) - 1 {
		d := slices.Clone(digits)
		switch first, second := d[i], d[i+1]; {
		case first == 1 && second >= 3:
			d[i], d[i+1] = second, 0
		case first >= 3 && second == 0:
			d[i], d[i+1] = 1, first
		default:
			continue
		}
		s.consider(d, Confused, i)
	}
}

// confusable lists, for each digit, its neighbours on a telephone keypad and in
// a keyboard's row, and those that look (1 7, 3 8) or sound (5 9) alike.
var confusable = [10]string{
	"89", "247", "135", "2468", "1357", "24689", "3579", "1468", "03579", "0568",
}

func (s suggestions) replace(digits []uint8) {
	for i, was := range digits {
		d := slices.Clone(digits)
		for d[i] = range uint8(10) {
			slip := Substituted
			if strings.IndexByte(confusable[was], '0'+d[i]) >= 0 {
				slip = Confused
			}
			s.consider(d, slip, i)
		}
	}
}

func (s suggestions) insert(digits []uint8) {
	for i := range len(digits) + 1 {
		for left := range uint8(10) {
			s.consider(slices.Insert(slices.Clone(digits), i, left), Missing, i)
		}
	}
}

func (s suggestions) remove(digits []uint8) {
	for i := range digits {
		s.consider(slices.Delete(slices.Clone(digits), i, i+1), Extra, i)
	}
}
