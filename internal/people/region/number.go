package region

import (
	"fmt"
	"strings"
)

// ParseNumber reads a United States telephone number as people write it, with
// blanks, points, hyphens, brackets or a leading +1. Area code and exchange
// start with 2 to 9 and are not of the form N11, which are service codes
// (47 CFR 52.13; North American Numbering Plan).
func ParseNumber(s string) (Number, error) {
	var digits strings.Builder
	for _, r := range strings.TrimPrefix(s, "+") {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case strings.ContainsRune(" .-()", r):
		default:
			return "", fmt.Errorf("%q is no telephone number: %q has no place in it", s, r)
		}
	}
	d := digits.String()
	if len(d) == 11 {
		d = strings.TrimPrefix(d, "1")
	}
	if len(d) != 10 {
		return "", fmt.Errorf("%q has %d digits; a United States telephone number has 10", s, digits.Len())
	}
	if !startsCall(d[:3]) {
		return "", fmt.Errorf("%q: no area code is %s", s, d[:3])
	}
	if !startsCall(d[3:6]) {
		return "", fmt.Errorf("%q: no exchange is %s", s, d[3:6])
	}
	return Number(d), nil
}

// startsCall reports whether three digits may be an area code or exchange.
func startsCall(code string) bool { return code[0] >= '2' && code[1:] != "11" }
