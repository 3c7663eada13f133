package iso20022

import (
	"regexp"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/format/line"
)

// decimals are the digits after the point of currencies that do not have two
// (ISO 4217).
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// Decimals gives how many digits after the point a currency has; two where
// nothing else is known.
func Decimals(currency string) int {
	if n, known := decimals[currency]; known {
		return n
	}
	return 2
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// IsCurrency reports whether code has the form of a currency's code.
func IsCurrency(code string) bool { return currencyCode.MatchString(code) }

// amountDigits is how many digits an amount may have in all, before and after its
// point (ActiveCurrencyAndAmount).
const amountDigits = 18

// Minor reads an amount without a sign as its currency's minor units: "8.85" of
// EUR is 885. It is false when the text is no amount of that currency: another
// sign than digits and one point, more digits after the point than the currency
// has, or more than eighteen digits. Zeros at the end count as digits.
func Minor(text, currency string) (int64, bool) {
	whole, fraction, hasPoint := strings.Cut(text, ".")
	places := Decimals(currency)
	if hasPoint && fraction == "" || len(fraction) > places || len(whole) == 0 || len(whole)+len(fraction) > amountDigits {
		return 0, false
	}
	return line.Digits(whole + fraction + strings.Repeat("0", places-len(fraction)))
}

// Decimal writes minor units as an amount of a currency.
func Decimal(minor int64, currency string) string {
	places := Decimals(currency)
	digits := itoa(minor, places+1)
	if places == 0 {
		return digits
	}
	return digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}

func itoa(n int64, width int) string {
	var b [24]byte
	at := len(b)
	for ; n > 0 || width > 0; width-- {
		at--
		b[at] = byte('0' + n%10)
		n /= 10
	}
	return string(b[at:])
}

// Date reads an ISO date, or the date of an ISO date and time as the sender's
// clock says it; either may name its zone. It is false for anything else.
func Date(text string) (calendar.Date, bool) {
	if len(text) < len(time.DateOnly) {
		return calendar.Date{}, false
	}
	if len(text) > len(time.DateOnly) {
		if !dateTail.MatchString(text[len(time.DateOnly):]) {
			return calendar.Date{}, false
		}
		text = text[:len(time.DateOnly)]
	}
	d, err := calendar.Parse(text)
	return d, err == nil
}

// dateTail is what may follow a date: a time of day, a zone, or both.
var dateTail = regexp.MustCompile(
	`^(T(([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?|24:00:00(\.0{1,9})?))?(Z|[+-][0-9]{2}:[0-9]{2})?$`)

var uetr = regexp.MustCompile(`^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$`)

// IsUETR reports whether text is a transaction reference of the form that every
// network uses: a random UUID in small letters.
func IsUETR(text string) bool { return uetr.MatchString(text) }

var imad = regexp.MustCompile(`^([0-9]{8})[A-Z0-9]{8}[0-9]{6}$`)

// IsIMAD reports whether text is Fedwire's accountability data: a date, a source
// of eight characters and six digits.
func IsIMAD(text string) bool {
	m := imad.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	_, err := calendar.ParseLayout("20060102", m[1])
	return err == nil
}

// IsBIC reports whether text has the form of a bank's identifier code (ISO 9362).
func IsBIC(text string) bool { return bic.MatchString(text) }

var bic = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// IsIBAN reports whether text is an account number whose check digits hold
// (ISO 13616: modulo 97).
func IsIBAN(text string) bool {
	if !iban.MatchString(text) {
		return false
	}
	rest := 0
	for _, c := range text[4:] + text[:4] {
		switch {
		case c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			rest = (rest*100 + int(c-'a') + 10) % 97
		}
	}
	return rest == 1
}

var iban = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$`)
