package wire

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/iso20022"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// told is what any of the files says of one wire.
type told struct {
	account  string // that received it
	minor    int64
	currency string
	received calendar.Date
	line     int
	uetr     string
	imad     string
	own      string // the bank's reference and whatever else tells it apart without the two
	// structured are creditors' references, the field in which payers are told to put
	// the number; references are the payer's own.
	structured, references []string
	text                   []string
	old                    string // where an old number may stand by itself, or ""
	payer                  payer
	source                 string
}

type payer struct{ name, bank, account string }

// item makes a rail's item of it.
func (s Setting) item(w *told) intake.Item {
	item := intake.Item{
		Rail: payment.Wire, Amount: money.Cents(w.minor), Received: w.received, Line: w.line,
		Receiving: intake.Receiving{Kind: "bank_account", ID: w.account},
		Parts:     []intake.Part{s.part(w)},
	}
	switch {
	case w.uetr != "":
		item.Identity, item.Strong = "uetr|"+w.uetr, true
	case w.imad != "":
		item.Identity, item.Strong = "imad|"+w.imad, true
	default:
		item.Identity = strings.Join([]string{w.account, w.received.String(), w.own, fmt.Sprint(w.minor)}, "|")
	}
	return item
}

func (s Setting) part(w *told) intake.Part {
	text := strings.Join(strings.Fields(strings.Join(w.text, " ")), " ")
	all := slices.Concat(w.structured, w.references, []string{text})
	part := intake.Part{
		Amount: money.Cents(w.minor),
		Details: suspense.Details{
			Reference: strings.Join(strings.Fields(strings.Join(all, " ")), " "), PayerName: w.payer.name,
			Source: w.source, Payer: s.print(w.payer),
		},
	}
	part.Reference, part.Doubt = number(w.structured, w.references, text)
	if part.Reference == "" {
		part.Reference = w.old
	}
	return part
}

// number finds the number that a wire pays: first in creditors' references, then in
// the payer's own, where it must be all that the field holds. In free text it is
// never certain.
func number(structured, references []string, text string) (reference string, doubt suspense.Reason) {
	for _, fields := range [][]string{structured, references} {
		switch numbers := wholeNumbers(fields); len(numbers) {
		case 0:
		case 1:
			return numbers[0], ""
		default:
			return numbers[0], suspense.ManyNumbers
		}
	}
	fields := slices.Concat(structured, references)
	// Words around the number in a field make it free text too.
	switch len(billpay.CandidatesIn(strings.Join(append(fields, text), " | "), 2)) {
	case 0:
		return nearly(fields)
	case 1:
		return "", suspense.FreeText
	}
	return "", suspense.ManyNumbers
}

// nearly gives a field that would be a number if its check digit held.
func nearly(fields []string) (string, suspense.Reason) {
	for _, f := range fields {
		if _, err := billpay.Parse(f); err != nil && billpay.ReasonOf(err) == billpay.CheckDigit {
			return f, suspense.CheckDigit
		}
	}
	return "", ""
}

// wholeNumbers gives the different numbers that fill fields of their own.
func wholeNumbers(fields []string) []string {
	var found []string
	for _, f := range fields {
		own := billpay.Unpad(f)
		n, err := billpay.Parse(own)
		if err == nil && !slices.ContainsFunc(found, func(have string) bool { return sameNumber(have, n) }) {
			found = append(found, own)
		}
	}
	return found
}

func sameNumber(text string, n billpay.Number) bool {
	have, err := billpay.Parse(text)
	return err == nil && have == n
}

// imadIn finds the accountability data that banks print somewhere in a text.
func imadIn(texts ...string) string {
	for _, text := range texts {
		for _, word := range imadShape.FindAllString(text, -1) {
			if iso20022.IsIMAD(word) {
				return word
			}
		}
	}
	return ""
}

var imadShape = regexp.MustCompile(`\b[0-9]{8}[A-Z0-9]{8}[0-9]{6}\b`)

// foreign is the problem of a wire in another currency than the books'.
func foreign(w *told, record string) fault.Problem {
	return fault.Problem{
		Line: w.line, Record: record, Field: "currency",
		Message: fmt.Sprintf("the wire is in %s and the plan's books are in US dollars only", cmp.Or(w.currency, "no currency")),
	}
}

// give hands a wire on, or notes why it cannot be posted.
func (s Setting) give(w *told, record string, own *[]fault.Problem, each func(intake.Item) error) error {
	if w.minor == 0 {
		return nil
	}
	if w.currency != "USD" {
		if len(*own) < fault.ProblemsMax {
			*own = append(*own, foreign(w, record))
		}
		return nil
	}
	return each(s.item(w))
}
