package billpay

import (
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
)

// Identifiers is what is on file of one person that a number must not resemble.
type Identifiers struct {
	Records   []string // medical record, subscriber and employer ids, in any format
	Aliases   []Alias  // numbers from earlier systems
	SSN       secret.Text
	BirthDate calendar.Date
	Phones    []string
}

// recordDigitsMin is the shortest record number that is looked for inside a
// candidate. Shorter ones turn up in random digits too often to mean anything.
const recordDigitsMin = 6

const (
	ssnDigits        = 9
	localPhoneDigits = 7 // a telephone number without its area code
)

// Conflicts reports whether n equals, contains or is contained in something on
// file, comparing digits only: a record number or alias of 6 digits or more
// (with or without zeros in front), the SSN, the last 7 digits of a phone, or
// the birth date as YYYYMMDD, MMDDYYYY, DDMMYYYY, MMDDYY or YYMMDD. A candidate
// that conflicts is thrown away and another one drawn.
func Conflicts(n Number, onFile Identifiers) bool {
	digits := n.Digits()
	for _, record := range onFile.Records {
		if resembles(digits, record) {
			return true
		}
	}
	for _, alias := range onFile.Aliases {
		if resembles(digits, alias.handle) {
			return true
		}
	}
	for _, phone := range onFile.Phones {
		p := digitsOf(phone)
		if len(p) >= localPhoneDigits && strings.Contains(digits, p[len(p)-localPhoneDigits:]) {
			return true
		}
	}
	ssn := digitsOf(onFile.SSN.Reveal())
	if len(ssn) == ssnDigits && strings.Contains(digits, ssn) {
		return true
	}
	return containsDate(digits, onFile.BirthDate)
}

func resembles(digits, record string) bool {
	padded := digitsOf(record)
	r := strings.TrimLeft(padded, "0")
	if len(r) < recordDigitsMin {
		r = padded
	}
	return len(r) >= recordDigitsMin && (strings.Contains(digits, r) || strings.Contains(r, digits))
}

func containsDate(digits string, d calendar.Date) bool {
	if d.IsZero() {
		return false
	}
	iso := d.Time().Format("20060102")
	year, shortYear, month, day := iso[:4], iso[2:4], iso[4:6], iso[6:]
	return strings.Contains(digits, iso) ||
		strings.Contains(digits, month+day+year) ||
		strings.Contains(digits, day+month+year) ||
		strings.Contains(digits, month+day+shortYear) ||
		strings.Contains(digits, shortYear+month+day)
}

func digitsOf(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, c := range text {
		if d, ok := digitOf(c); ok {
			b.WriteByte('0' + d)
		}
	}
	return b.String()
}
