package exchange

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/format/camt"
	"github.com/billfold/billfold/internal/format/fedwire"
	"github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/format/pacs"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/member"
)

// unread is the problem of a file whose reading broke off.
var unread = fault.Problem{Message: "the file could not be read to its end"}

// x12Document is any X12 interchange. The sets in it are among its facts.
type x12Document struct{}

func (x12Document) Name() string { return "x12" }

// Recognises also takes an interchange without its envelope or in small letters,
// so that it is refused as what it was meant to be.
func (x12Document) Recognises(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, utf8Mark), " \t\r\n")
	if len(head) >= 4 && bytes.EqualFold(head[:3], []byte("ISA")) {
		return isPunctuation(head[3])
	}
	return len(head) >= 3 && (string(head[:2]) == "GS" || string(head[:2]) == "ST") && strings.IndexByte("*|^", head[2]) >= 0
}

func isPunctuation(c byte) bool {
	isLetter := c|' ' >= 'a' && c|' ' <= 'z'
	isDigit := c >= '0' && c <= '9'
	return c > ' ' && c <= '~' && !isLetter && !isDigit
}

func (x12Document) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	facts, problems := x12.Inspect(r)
	// What others script against are counts. Versions and control numbers are for
	// whoever reads the interchange itself.
	delete(facts, "versions")
	delete(facts, "isa_controls")
	return facts, problems
}

// nachaDocument is a Nacha file of any entry class.
type nachaDocument struct{}

func (nachaDocument) Name() string { return "nacha" }

// Recognises also takes a file that lost its file header and begins with that of
// a batch: service class 200, 220, 225 or 280.
func (nachaDocument) Recognises(head []byte) bool {
	if nacha.Sniff(head) {
		return true
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	return len(bytes.TrimRight(first, "\r")) == 94 &&
		slices.Contains([]string{"5200", "5220", "5225", "5280"}, string(first[:4]))
}

func (nachaDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return nacha.Inspect(r) }

// lockboxDocument is a BAI lockbox file in the usual layout.
type lockboxDocument struct{}

func (lockboxDocument) Name() string                { return "lockbox" }
func (lockboxDocument) Recognises(head []byte) bool { return lockbox.Sniff(head) }
func (lockboxDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	return lockbox.Inspect(r)
}

// bai2Document is a BAI2 statement.
type bai2Document struct{}

func (bai2Document) Name() string                                          { return "bai2" }
func (bai2Document) Recognises(head []byte) bool                           { return bai2.Sniff(head) }
func (bai2Document) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return bai2.Inspect(r) }

// camtDocument is a bank's statement, report or notification in ISO 20022.
type camtDocument struct{}

func (camtDocument) Name() string                                          { return "camt" }
func (camtDocument) Recognises(head []byte) bool                           { return camt.Sniff(head) }
func (camtDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return camt.Inspect(r) }

// pacsDocument is a credit transfer between banks in ISO 20022, its return or the
// request for it.
type pacsDocument struct{}

func (pacsDocument) Name() string                                          { return "pacs" }
func (pacsDocument) Recognises(head []byte) bool                           { return pacs.Sniff(head) }
func (pacsDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return pacs.Inspect(r) }

// fedwireDocument is a file of Fedwire messages in the tag format.
type fedwireDocument struct{}

func (fedwireDocument) Name() string                { return "fedwire" }
func (fedwireDocument) Recognises(head []byte) bool { return fedwire.Sniff(head) }
func (fedwireDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	return fedwire.Inspect(r)
}

// rosterDocument is the CSV of docs/formats/roster-csv.md.
type rosterDocument struct{}

func (rosterDocument) Name() string { return "roster-csv" }

// Recognises counts names of columns, because a roster and open items share some.
func (rosterDocument) Recognises(head []byte) bool {
	return mostNamed(head, member.RosterColumns(), openitem.Columns())
}

func (rosterDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	rows := 0
	problems, err := member.ReadRoster(r, func(member.Row) error {
		rows++
		return nil
	})
	if err != nil {
		problems = append(problems, unread)
	}
	return map[string]any{"rows": rows}, problems
}

// openItemsDocument is the CSV of docs/formats/open-items-csv.md.
type openItemsDocument struct{}

func (openItemsDocument) Name() string { return "open-items-csv" }

func (openItemsDocument) Recognises(head []byte) bool {
	_, isNamed := columnsNamed(head, openitem.Columns())
	return isNamed
}

func (openItemsDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	var rows int
	var total money.Cents
	problems, err := openitem.ReadCSV(r, func(row openitem.Row) error {
		sum, ok := money.Add(total, row.Item.Amount)
		if !ok {
			return errTotal
		}
		rows++
		total = sum
		return nil
	})
	switch {
	case errors.Is(err, errTotal):
		problems = append(problems, fault.Problem{Field: "amount", Message: errTotal.Error()})
	case err != nil:
		problems = append(problems, unread)
	}
	return map[string]any{"rows": rows, "amount_cents": int64(total)}, problems
}

var errTotal = errors.New("the amounts add up to more than any amount can be")

// policiesDocument is the CSV of docs/formats/policies-csv.md.
type policiesDocument struct{}

func (policiesDocument) Name() string { return "policies-csv" }

// Recognises counts names of columns: a roster and open items share some.
func (policiesDocument) Recognises(head []byte) bool {
	return mostNamed(head, coverage.PolicyColumns(), member.RosterColumns(), openitem.Columns(), premium.RateColumns())
}

func (policiesDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	rows := 0
	problems, err := coverage.ReadPolicies(r, func(int, coverage.Stated) error {
		rows++
		return nil
	})
	if err != nil {
		problems = append(problems, unread)
	}
	return map[string]any{"rows": rows}, problems
}

// ratesDocument is the CSV of docs/formats/rates-csv.md.
type ratesDocument struct{}

func (ratesDocument) Name() string { return "rates-csv" }

func (ratesDocument) Recognises(head []byte) bool {
	return mostNamed(head, premium.RateColumns(), member.RosterColumns(), openitem.Columns(), coverage.PolicyColumns())
}

func (ratesDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	rates, problems, err := premium.ReadRates(r)
	if err != nil {
		problems = append(problems, unread)
	}
	rows := 0
	if rates != nil {
		rows = rates.Rows()
	}
	return map[string]any{"rows": rows}, problems
}

// prescriptionDocument is the CSV of docs/formats/prescription-bills-csv.md.
type prescriptionDocument struct{}

func (prescriptionDocument) Name() string { return "prescription-bills-csv" }

// Recognises counts names of columns: open items have all but the month.
func (prescriptionDocument) Recognises(head []byte) bool {
	return mostNamed(head, premium.PrescriptionColumns(), openitem.Columns(), member.RosterColumns(), coverage.PolicyColumns(), premium.RateColumns())
}

func (prescriptionDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	rows, total := 0, money.Cents(0)
	problems, err := premium.ReadPrescriptionBills(r, func(_ int, b premium.PrescriptionBill) error {
		sum, ok := money.Add(total, b.Cents)
		if !ok {
			return errTotal
		}
		rows, total = rows+1, sum
		return nil
	})
	switch {
	case errors.Is(err, errTotal):
		problems = append(problems, fault.Problem{Field: "amount", Message: errTotal.Error()})
	case err != nil:
		problems = append(problems, unread)
	}
	return map[string]any{"rows": rows, "amount_cents": int64(total)}, problems
}

// mandatesDocument is the CSV of docs/formats/mandates-csv.md.
type mandatesDocument struct{}

func (mandatesDocument) Name() string { return "mandates-csv" }

// Recognises counts names of columns: rosters and policies name accounts and sources too.
func (mandatesDocument) Recognises(head []byte) bool {
	return mostNamed(head, mandate.Columns(), member.RosterColumns(), openitem.Columns(), coverage.PolicyColumns(), premium.RateColumns())
}

func (mandatesDocument) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	rows := 0
	problems, err := mandate.ReadCSV(r, func(int, mandate.Row) error {
		rows++
		return nil
	})
	if err != nil {
		problems = append(problems, unread)
	}
	return map[string]any{"rows": rows}, problems
}

// mostNamed reports whether a file's first line names columns, and more of these
// than of any others.
func mostNamed(head []byte, own []string, others ...[]string) bool {
	count, isNamed := columnsNamed(head, own)
	for _, other := range others {
		if n, _ := columnsNamed(head, other); n >= count {
			return false
		}
	}
	return isNamed
}

// columnsNamed counts how many of a file's first line are known names of
// columns. The line is a list of them if that is at least two and half of its
// cells. Other separators than the comma are taken too: the reader refuses them
// and says so.
func columnsNamed(head []byte, known []string) (count int, isNamed bool) {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, utf8Mark), []byte("\n"))
	cells := strings.FieldsFunc(string(line), func(c rune) bool { return strings.ContainsRune(",;\t|", c) })
	for _, cell := range cells {
		if slices.Contains(known, strings.ToLower(strings.Trim(cell, "\" \r"))) {
			count++
		}
	}
	return count, count >= 2 && 2*count >= len(cells)
}
