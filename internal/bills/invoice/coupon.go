package invoice

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Number is an invoice's number, "2612-01-14": the period's year and month, which
// of the period's invoices it is, and two check digits over these and the bill pay
// number. It follows from account, period and sequence and is the only one of that
// account with them; another account's may be equal but for the check digits, so a
// number names an invoice together with its bill pay number. Numbers of an account
// sort by age as text.
type Number string

// SequenceMost is how many invoices an account can have for one period.
const SequenceMost = 99

// NumberOf gives the number of an account's invoice for a period. The error is
// fault.Invalid: no account, no period, a sequence beyond 1 to SequenceMost.
func NumberOf(account billpay.Number, period calendar.Month, sequence int) (Number, error) {
	if account.IsZero() || period.IsZero() || sequence < 1 || sequence > SequenceMost {
		return "", invalid("an invoice has a bill pay number, a period, and a sequence within it from 1 to %d", SequenceMost)
	}
	body := fmt.Sprintf("%02d%02d%02d", period.Year()%100, period.Of(), sequence)
	return Number(body[:4] + "-" + body[4:] + "-" + checkDigits(account.Digits()+body)), nil
}

// ParseNumber reads a number as it is printed or typed, with or without blanks and
// hyphens. Whose it is it cannot tell; Belongs does.
func ParseNumber(text string) (Number, error) {
	digits := strings.NewReplacer("-", "", " ", "").Replace(text)
	if !isDigits(digits, 8) || digits[2:4] < "01" || digits[2:4] > "12" || digits[4:6] == "00" {
		return "", fault.New(fault.Invalid, "invoice.ParseNumber", "an invoice number has the form 2612-01-14: year and month, sequence, check digits")
	}
	return Number(digits[:4] + "-" + digits[4:6] + "-" + digits[6:]), nil
}

// digits gives the number without hyphens.
func (n Number) digits() string { return strings.ReplaceAll(string(n), "-", "") }

// Belongs reports whether the number can be an invoice of an account: its check
// digits fit. Out of a hundred wrong pairs one fits by chance.
func (n Number) Belongs(account billpay.Number) bool {
	digits := n.digits()
	return isDigits(digits, 8) && checkDigits(account.Digits()+digits[:6]) == digits[6:]
}

// checkDigits gives the two check digits that make a row of digits leave 1 when
// divided by 97 (ISO/IEC 7064, MOD 97-10): they find every wrong digit, every swap
// of neighbours, and nearly every other slip of a scanner.
func checkDigits(digits string) string {
	return fmt.Sprintf("%02d", 98-modulo97(digits+"00"))
}

func modulo97(digits string) int {
	rest := 0
	for _, d := range digits {
		rest = (rest*10 + int(d-'0')) % 97
	}
	return rest
}

func isDigits(s string, length int) bool {
	return len(s) == length && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

// Coupon is the part of an invoice that comes back with a check.
type Coupon struct {
	BillPayNumber string // grouped, as on the card
	Invoice       Number
	Amount        money.Cents // never below zero
	DueOn         calendar.Date
	ScanLine      string
	RemitTo       Address
}

// Coupon gives the invoice's coupon.
func (i *Invoice) Coupon() Coupon {
	scan := Scan{Account: i.Account, Invoice: i.Number, Amount: i.Pay(), DueOn: i.DueOn}
	return Coupon{
		BillPayNumber: i.Account.Grouped(), Invoice: i.Number, Amount: i.Pay(), DueOn: i.DueOn, ScanLine: scan.String(), RemitTo: i.RemitTo,
	}
}

// Scan is what the line at a coupon's foot says to a lockbox's reader.
type Scan struct {
	Account billpay.Number
	Invoice Number
	Amount  money.Cents
	DueOn   calendar.Date
}

// The line's fields, in digits.
const (
	scanAccount = billpay.DigitsMax
	scanInvoice = 8
	scanAmount  = 12
	scanDue     = 6
	scanCheck   = 2
	scanLength  = scanAccount + scanInvoice + scanAmount + scanDue + scanCheck
)

// dueMost is what the amount's digits can say.
const dueMost money.Cents = 999_999_999_999

// String writes the line: digits only, in groups (docs/formats/coupon.md).
func (s Scan) String() string {
	fields := []string{
		fmt.Sprintf("%0*s", scanAccount, s.Account.Digits()), s.Invoice.digits(),
		fmt.Sprintf("%0*d", scanAmount, int64(s.Amount)), s.DueOn.Time().Format("060102"),
	}
	return strings.Join(append(fields, checkDigits(strings.Join(fields, ""))), " ")
}

// ParseScan reads the line, with or without blanks. It proves the check digits of
// the line, of the bill pay number and of the invoice number. The error is
// fault.Invalid, says which does not prove and repeats no digits.
func ParseScan(text string) (Scan, error) {
	refuse := func(format string, args ...any) (Scan, error) {
		return Scan{}, fault.New(fault.Invalid, "invoice.ParseScan", format, args...)
	}
	digits := strings.ReplaceAll(text, " ", "")
	if !isDigits(digits, scanLength) {
		return refuse("a coupon's line has %d digits", scanLength)
	}
	if modulo97(digits) != 1 {
		return refuse("the line's check digits do not fit: a digit was misread")
	}
	field := func(length int) string {
		f := digits[:length]
		digits = digits[length:]
		return f
	}
	var s Scan
	account, err := billpay.Parse(billpay.Unpad(field(scanAccount)))
	if err != nil {
		return refuse("the line's bill pay number does not prove")
	}
	s.Account = account
	if s.Invoice, err = ParseNumber(field(scanInvoice)); err != nil || !s.Invoice.Belongs(account) {
		return refuse("the line's invoice number is not one of its bill pay number's")
	}
	cents, err := strconv.ParseInt(field(scanAmount), 10, 64)
	if err != nil {
		return refuse("the line's amount is no number")
	}
	s.Amount = money.Cents(cents)
	if s.DueOn, err = calendar.ParseLayout("060102", field(scanDue)); err != nil {
		return refuse("the line's due date is no date")
	}
	return s, nil
}
