// Package billpay knows the bill pay number: its grammar, its check digit, how
// a new one is drawn, how it is read from what people paste, and how it is shown.
//
// A bill pay number names a person for life and is the key of that person's
// billing account. It has 10, 11 or 12 digits, the first is 1-9, and the last
// is a Damm check digit (H. M. Damm, "Total anti-symmetrische Quasigruppen",
// Marburg 2004), which finds every wrong digit and every swap of neighbours.
// It is an identifier, never a credential: it may route money in, and tells
// nobody whether a member exists.
//
// The package does not know who holds a number, whether one is taken, or what
// an alias resolves to: that is the directory's to say. It never repairs a
// number; suggestions are for staff to choose from.
//
// Invariants: a Number from Parse, FromInt, Draw, CandidatesIn or NearMisses is
// well formed and passes its check. However it is formatted or logged it shows
// its last four digits only; Digits, Grouped, Spoken and MarshalText are the
// ways out, for the counter, the card, the statement and the files.
//
// Start reading at Number, then Parse. The rules are in docs/rules/bill-pay-number.md.
package billpay

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// DigitsMin and DigitsMax bound the length of a number, check digit included.
// All lengths between them are read for life, whatever length is issued now.
const (
	DigitsMin = 10
	DigitsMax = 12
)

// Number is a bill pay number. As an int64 it is the storage key, lossless
// because the first digit is never 0; pass int64(n) to a bigint column and
// Digits() to a text one. The zero Number means "none".
type Number int64

// FromInt takes a number from storage. A value that cannot be a bill pay number
// is fault.Corrupt with its Reason. So is 0: a column that may hold none is for
// the store to know.
func FromInt(stored int64) (Number, error) {
	if reason := judge(stored); reason != 0 {
		return 0, refusal(fault.Corrupt, "billpay.FromInt", reason)
	}
	return Number(stored), nil
}

// judge says why value is no bill pay number, or 0 when it is one.
func judge(value int64) Reason {
	switch {
	case value <= 0:
		return Empty
	case value < 1_000_000_000:
		return TooShort
	case value > 999_999_999_999:
		return TooLong
	case interim(uint64(value)) != 0:
		return CheckDigit
	}
	return 0
}

// IsZero reports whether there is no number.
func (n Number) IsZero() bool { return n == 0 }

// Digits gives the bare digits, for cards, statements and files: "314159265352".
// The zero Number gives "".
func (n Number) Digits() string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// groupings says how a number of each length is printed. Ten digits are not
// written 3-3-4, which would look like a telephone number.
var groupings = map[int][]int{
	10: {4, 3, 3},
	11: {4, 4, 3},
	12: {4, 4, 4},
}

func (n Number) groups() []string {
	digits := n.Digits()
	var groups []string
	for _, width := range groupings[len(digits)] {
		groups = append(groups, digits[:width])
		digits = digits[width:]
	}
	return groups
}

// Grouped gives the digits as printed for people: "3141 5926 5352",
// "4728 1903 658" for 11 digits and "4728 190 363" for 10.
func (n Number) Grouped() string { return strings.Join(n.groups(), " ") }

// Spoken gives the printed groups with each digit apart ("3 1 4 1"), so that a
// speech engine or screen reader says digits and not "three thousand ...". The
// words for the digits are the caller's language.
func (n Number) Spoken() []string {
	groups := n.groups()
	for i, g := range groups {
		groups[i] = strings.Join(strings.Split(g, ""), " ")
	}
	return groups
}

// Last4 gives the last four digits, the most that logs, receipts and guests see.
func (n Number) Last4() string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("%04d", int64(n)%10_000)
}

// String masks all but the last four digits: "••••••••5352".
func (n Number) String() string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("•", max(4, len(n.Digits())-4)) + n.Last4()
}

// Format masks the number under every verb: without it %d would print it whole.
func (n Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue masks the number when it is an attribute of its own. A struct that
// holds one and is logged as JSON goes through MarshalText instead: log the
// account's opaque id.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText writes all digits, so that JSON holds the number as text and
// never as a number that a reader might round. Marshal it only for the counter,
// the card, the statement and files; events, URLs and API paths carry the
// account's opaque id.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Digits()), nil }

// UnmarshalText reads a number as Parse does; no text is the zero Number.
func (n *Number) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = 0
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
