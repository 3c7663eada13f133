// Package positivepay writes and reads the file by which a bank learns which checks
// were issued and which are void, so that it pays no other: as comma-separated values
// or in lines of a fixed width, both with counts and totals at the end.
//
// It knows bytes, totals and the places of errors. It knows no refund and no bank's
// own layout: docs/formats/positive-pay.md says what each field is. Start reading at
// Write and Scan.
package positivepay

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Style is how a file is laid out.
type Style string

// The styles.
const (
	CSV   Style = "csv"
	Fixed Style = "fixed"
)

// Styles lists the styles.
func Styles() []Style { return []Style{CSV, Fixed} }

// Record is one check.
type Record struct {
	Routing string // nine digits
	Account string // at most 17 digits
	Check   int64
	Amount  money.Cents
	Dated   calendar.Date
	Payee   string
	Void    bool // the bank must not pay it; else it was issued
}

// Totals are what the last line states.
type Totals struct {
	Issued, Void           int
	IssuedCents, VoidCents money.Cents
}

func (t *Totals) add(r *Record) {
	if r.Void {
		t.Void, t.VoidCents = t.Void+1, t.VoidCents+r.Amount
		return
	}
	t.Issued, t.IssuedCents = t.Issued+1, t.IssuedCents+r.Amount
}

// Bounds of a field. A wider value is refused when it is written.
const (
	accountWidth = 17
	checkWidth   = 10
	amountWidth  = 12
	payeeWidth   = 50
	countWidth   = 8
	sumWidth     = 14
	lineWidth    = 120
	recordsMax   = 1_000_000
)

var header = []string{"record", "routing", "account", "check_number", "amount", "issue_date", "action", "payee"}

const (
	issueMark = "I"
	voidMark  = "V"
)

func (r *Record) mark() string {
	if r.Void {
		return voidMark
	}
	return issueMark
}

func (r *Record) check() error {
	switch {
	case len(r.Routing) != 9 || !digits(r.Routing):
		return fmt.Errorf("a routing number has nine digits")
	case r.Account == "" || len(r.Account) > accountWidth || !digits(r.Account):
		return fmt.Errorf("an account number has 1 to %d digits", accountWidth)
	case r.Check <= 0 || len(strconv.FormatInt(r.Check, 10)) > checkWidth:
		return fmt.Errorf("a check number has 1 to %d digits", checkWidth)
	case r.Amount <= 0 || len(strconv.FormatInt(int64(r.Amount), 10)) > amountWidth:
		return fmt.Errorf("an amount is above zero and has at most %d digits", amountWidth)
	case r.Dated.IsZero() || len(r.Dated.String()) != len("2006-01-02"):
		return fmt.Errorf("a check has a date")
	}
	return nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// plain are letters and marks that do not fall apart into a plain one and its accent.
var plain = strings.NewReplacer("Ł", "L", "Ø", "O", "Đ", "D", "Æ", "AE", "Œ", "OE", "ß", "SS", "ẞ", "SS", "Þ", "TH", "’", "'", "‘", "'", "–", "-")

// Name writes a payee as banks compare it: capital letters of the English alphabet,
// at most fifty characters.
func Name(payee string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(plain.Replace(strings.ToUpper(payee))) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case c >= ' ' && c < 0x7f && c != '"':
			b.WriteRune(c)
		default:
			b.WriteByte(' ')
		}
	}
	name := strings.Join(strings.Fields(b.String()), " ")
	return strings.TrimSpace(name[:min(len(name), payeeWidth)])
}

// Write writes a file. Invalid when a record does not fit, and names its check.
func Write(w io.Writer, style Style, made calendar.Date, records []Record) (Totals, error) {
	const op = "positivepay.Write"
	var totals Totals
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	if style == CSV {
		_ = lines.Write(header) // to memory
	} else {
		fmt.Fprintf(&out, "%-*s\r\n", lineWidth, "H"+strings.ReplaceAll(made.String(), "-", ""))
	}
	for i := range records {
		r := &records[i]
		if err := r.check(); err != nil {
			return totals, fault.New(fault.Invalid, op, "check %d: %v", r.Check, err)
		}
		totals.add(r)
		if style == CSV {
			_ = lines.Write([]string{"check", r.Routing, r.Account, strconv.FormatInt(r.Check, 10), r.Amount.String(), r.Dated.String(), r.mark(), Name(r.Payee)})
			continue
		}
		line := fmt.Sprintf("D%s%017s%010d%012d%s%s%s", r.Routing, r.Account, r.Check, int64(r.Amount),
			strings.ReplaceAll(r.Dated.String(), "-", ""), r.mark(), Name(r.Payee))
		fmt.Fprintf(&out, "%-*s\r\n", lineWidth, line)
	}
	if style == CSV {
		_ = lines.Write([]string{"total", "", "", strconv.Itoa(totals.Issued), totals.IssuedCents.String(), made.String(), issueMark, ""})
		_ = lines.Write([]string{"total", "", "", strconv.Itoa(totals.Void), totals.VoidCents.String(), made.String(), voidMark, ""})
		lines.Flush()
	} else {
		fmt.Fprintf(&out, "%-*s\r\n", lineWidth, fmt.Sprintf("T%08d%014d%08d%014d", totals.Issued, int64(totals.IssuedCents), totals.Void, int64(totals.VoidCents)))
	}
	_, err := w.Write(out.Bytes())
	return totals, err
}
