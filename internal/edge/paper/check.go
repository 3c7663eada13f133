package paper

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/positivepay"
	"github.com/billfold/billfold/internal/office/refund"
)

// CheckPress implements refund.Press: a page for each check, with the check in its
// upper third, and the file for the bank.
//
// The line for the bank's readers stands where readers look for it and in the letters
// by which fonts of E-13B are set (A transit, C on-us). The product brings no such
// font: who prints sets that line in one, with magnetic toner.
type CheckPress struct{}

// What a check looks like. Millimetres; a check is a third of a page.
const (
	checkHeight = 93.1
	checkTop    = 12.0
	checkPayee  = 35.0
	checkLabel  = 40.0
	checkWords  = 44.5
	checkWindow = 53.0
	checkSign   = 75.0
	micrTop     = 83.5 // the clear band is the lowest 5/8 of an inch
	micrPitch   = 3.175
	stubTop     = checkHeight + 12
)

// Checks implements refund.Press.
func (CheckPress) Checks(account *refund.CheckAccount, b *refund.Batch, checks []refund.Check) ([]byte, error) {
	s := newSheet(about{"Checks " + b.Name(), strings.Join(account.Payer[:min(1, len(account.Payer))], ""), "en-US", b.MadeAt})
	s.SetAutoPageBreak(false, margin)
	for i := range checks {
		s.AddPage()
		s.check(account, &checks[i])
		s.stub(account, &checks[i])
	}
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fault.New(fault.Internal, "paper.Checks", "%v", err)
	}
	return out.Bytes(), nil
}

// PositivePay implements refund.Press.
func (CheckPress) PositivePay(account *refund.CheckAccount, b *refund.Batch, issued, void []refund.Check) ([]byte, error) {
	var records []positivepay.Record
	for _, part := range []struct {
		checks []refund.Check
		void   bool
	}{{issued, false}, {void, true}} {
		for _, c := range part.checks {
			records = append(records, positivepay.Record{
				Routing: account.Routing, Account: account.Number.Reveal(), Check: c.No, Amount: c.Amount, Dated: c.Dated, Payee: PayeeLine(c.To), Void: part.void,
			})
		}
	}
	var out bytes.Buffer
	_, err := positivepay.Write(&out, positivepay.Style(account.Style), b.Dated, records)
	return out.Bytes(), err
}

// PayeeLine is to whose order a check is.
func PayeeLine(to refund.Payee) string {
	if to.Estate {
		return "Estate of " + to.Name
	}
	return to.Name
}

// MICR is the line for the bank's readers, in the letters by which E-13B is set.
func MICR(account *refund.CheckAccount, no int64) string {
	return fmt.Sprintf("C%010dC A%sA %sC", no, account.Routing, account.Number.Reveal())
}

func (s *sheet) check(account *refund.CheckAccount, c *refund.Check) {
	right := margin + s.width
	s.SetXY(margin, checkTop)
	for i, line := range account.Payer {
		s.regular(smallSize)
		if i == 0 {
			s.bold(smallSize)
		}
		s.CellFormat(s.width/2, windowLine-0.5, line, "", 2, "L", false, 0, "")
	}
	s.at(right-60, checkTop, 60, "R", headSize, "No. "+strconv.FormatInt(c.No, 10))
	s.at(right-60, checkTop+8, 60, "R", smallSize, "Date "+c.Dated.Time().Format("January 2, 2006"))
	s.at(right-70, checkTop+14, 70, "R", smallSize-2, "Void after "+strconv.Itoa(account.Stale)+" days")
	s.at(margin, checkPayee, 30, "L", smallSize-2, "PAY TO THE ORDER OF")
	s.bold(bodySize)
	s.SetXY(margin+checkLabel, checkPayee-1)
	s.CellFormat(s.width-checkLabel-40, windowLine+1, PayeeLine(c.To), "B", 0, "L", false, 0, "")
	s.SetXY(right-38, checkPayee-1)
	s.CellFormat(38, windowLine+1, stars(c.Amount), "1", 0, "R", false, 0, "")
	s.regular(bodySize)
	s.SetXY(margin, checkWords)
	s.CellFormat(s.width, windowLine+1, InWords(c.Amount)+" "+strings.Repeat("*", 8), "B", 0, "L", false, 0, "")
	s.regular(smallSize)
	s.SetXY(windowLeft, checkWindow)
	for _, line := range addressLines(c.To) {
		s.CellFormat(s.width/2, windowLine-0.7, line, "", 2, "L", false, 0, "")
	}
	s.at(right-75, checkWindow, 75, "R", smallSize-2, account.Bank)
	s.SetXY(right-75, checkSign)
	s.CellFormat(75, windowLine, "Authorized signature", "T", 0, "L", false, 0, "")
	s.at(margin, checkSign+0.5, 60, "L", smallSize-2, "Memo: "+c.Memo)
	s.micr(MICR(account, c.No))
	s.SetXY(margin, checkHeight)
	s.CellFormat(s.width, 0.1, "", "T", 0, "", false, 0, "")
}

// at sets a text in a place of its own.
func (s *sheet) at(x, y, width float64, align string, size float64, text string) {
	s.regular(size)
	s.SetXY(x, y)
	s.CellFormat(width, windowLine, text, "", 0, align, false, 0, "")
}

// micr sets the line for readers at eight characters to the inch.
func (s *sheet) micr(line string) {
	s.regular(scanSize)
	for i, c := range line {
		s.SetXY(margin+12+float64(i)*micrPitch, micrTop)
		s.CellFormat(micrPitch, 5, string(c), "", 0, "C", false, 0, "")
	}
}

// stub says what the check is for. It names no service, diagnosis or policy.
func (s *sheet) stub(account *refund.CheckAccount, c *refund.Check) {
	s.SetXY(margin, stubTop)
	s.bold(headSize)
	s.MultiCell(s.width, lineHeight+1, "Your refund", "", "L", false)
	for _, line := range []Line{
		{"Check", strconv.FormatInt(c.No, 10)}, {"Date", c.Dated.Time().Format("January 2, 2006")}, {"Amount", c.Amount.Grouped()},
		{"For", c.Memo}, {"Paid by", strings.Join(account.Payer[:min(1, len(account.Payer))], "")},
	} {
		s.line(line)
	}
	s.Ln(3)
	s.regular(bodySize)
	s.MultiCell(s.width, lineHeight, "This is money that you or somebody for you paid and that was not needed. Please cash this check within "+
		strconv.Itoa(account.Stale)+" days. After that it is not paid any more: call us, and we send another one.", "", "L", false)
	s.MultiCell(s.width, lineHeight, "A refund does not change your coverage.", "", "L", false)
}

func addressLines(to refund.Payee) []string {
	a := to.Address
	lines := []string{PayeeLine(to), a.Line1}
	if a.Line2 != "" {
		lines = append(lines, a.Line2)
	}
	lines = append(lines, strings.TrimSpace(a.City+" "+a.State+" "+a.ZIP))
	if a.Country != "" && a.Country != "US" {
		lines = append(lines, a.Country)
	}
	return lines
}

// stars writes an amount so that no digit can be put before it.
func stars(amount money.Cents) string { return "$**" + strings.TrimPrefix(amount.Grouped(), "$") }

var ones = [...]string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
	"fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
}

var tens = [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// InWords writes an amount as a check does: "One thousand two hundred thirty-four and
// 56/100 dollars". Of an amount in words and in digits that differ the words hold
// (UCC 3-114).
func InWords(amount money.Cents) string {
	dollars, cents := int64(amount)/100, int64(amount)%100
	words := spelled(dollars)
	return strings.ToUpper(words[:1]) + words[1:] + fmt.Sprintf(" and %02d/100 dollars", cents)
}

func spelled(n int64) string {
	for _, big := range []struct {
		size int64
		name string
	}{{1_000_000_000, "billion"}, {1_000_000, "million"}, {1000, "thousand"}, {100, "hundred"}} {
		if n >= big.size {
			text := spelled(n/big.size) + " " + big.name
			if rest := n % big.size; rest > 0 {
				text += " " + spelled(rest)
			}
			return text
		}
	}
	if n < 20 {
		return ones[n]
	}
	if n%10 == 0 {
		return tens[n/10]
	}
	return tens[n/10] + "-" + ones[n%10]
}
