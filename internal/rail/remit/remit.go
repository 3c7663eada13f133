// Package remit is the rail of premium payments that an employer or agency
// explains by an X12 820: one line for each person and month, with who and what
// it pays for. It reads both guides, of employers and governments (005010X218) and
// of exchanges (005010X306).
//
// An 820 says how a payment divides, and brings no money: that comes by the
// clearing house, by wire or as a cheque under the same trace (TRN02). The package
// knows the format and the words of a remittance; it resolves no reference and
// knows neither billing accounts nor posting. Start reading at Read.
package remit

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/remittance"
)

// methods are those by which money comes; NON is a report without any.
var methods = []string{"ACH", "FWT", "CHK"}

// Read reads the premium payments of r: begin for each, and then each of its
// lines, those of nothing included, in the file's order. The problems are those of
// the file and the rail's own: money by no method known. Use nothing for good until
// fault.Judge of the problems says accept.
func Read(r io.Reader, begin func(remittance.Payment) error, each func(remittance.Line) error) ([]fault.Problem, error) {
	p := &payments{begin: begin, each: each}
	_, problems, err := x12.Read820(r, p.header, p.entry)
	return append(problems, p.own...), err
}

// payments follows the 820s of one file.
type payments struct {
	begin func(remittance.Payment) error
	each  func(remittance.Line) error
	own   []fault.Problem
	sets  int
	lines int            // of the payment at hand
	month calendar.Month // that the payment's header names
}

func (p *payments) refuse(line int, record, field, format string, args ...any) {
	if len(p.own) < fault.ProblemsMax {
		p.own = append(p.own, fault.Problem{Line: line, Record: record, Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (p *payments) header(h *x12.Header820) error {
	p.sets++
	p.lines, p.month = 0, calendar.Month{}
	if h.Amount != 0 && !slices.Contains(methods, h.Method) {
		p.refuse(h.Line, "BPR", "BPR04", "no money comes by the method %q, must be ACH, FWT or CHK", h.Method)
	}
	if h.Amount < 0 {
		p.refuse(h.Line, "BPR", "BPR02", "a payment below zero is stated as charged, by a D in BPR03")
	}
	for _, d := range h.Dates {
		if d.Qualifier == "582" {
			p.month = monthOf(d.From, d.To)
		}
	}
	amount := h.Amount
	if h.Debit {
		amount = -amount
	}
	payer := h.Payer.ID
	if payer == "" {
		payer = h.Originator
	}
	return p.begin(remittance.Payment{
		Set: p.sets, FileLine: h.Line, Guide: h.Set.Version, Trace: h.Trace, Originator: h.Originator, Method: h.Method,
		PaidOn: h.Date, Amount: amount, PayerID: payer, PayerName: h.Payer.Name, Group: h.Reference("38"),
	})
}

// monthOf is the coverage month of a period, zero if it is several.
func monthOf(from, to calendar.Date) calendar.Month {
	month := calendar.MonthOf(from)
	if !month.Holds(to) {
		return calendar.Month{}
	}
	return month
}

// earlier are the reasons (ADX02) for which an adjustment is of an earlier payment,
// also where it stands under a line of this one.
var earlier = []string{"52", "53", "86", "WO", "WW"}

func (p *payments) entry(e x12.Entry820) error {
	l := remittance.Line{
		FileLine: e.Line, Kind: remittance.Premium, Month: p.month, Cents: e.Paid,
		References: references(&e), SSN: e.Entity.SSN, Person: isPerson(e.Entity), Text: e.Text,
	}
	if from, to, given := e.Period(); given {
		l.Month = monthOf(from, to)
	}
	if e.Header.Exchange() {
		l.Kind, l.Adjusts = exchangeKind(e.Value)
	}
	var apart []remittance.Line
	for _, a := range e.Adjustments {
		if !e.Remittance || slices.Contains(earlier, a.Reason) {
			adjustment := l
			adjustment.FileLine, adjustment.Month, adjustment.Adjusts, adjustment.Cents = a.Line, calendar.Month{}, true, a.Cents
			adjustment.Text = a.Text
			apart = append(apart, adjustment)
			continue
		}
		sum, ok := money.Add(l.Cents, a.Cents)
		if !ok {
			p.refuse(a.Line, "ADX", "ADX01", "the line leaves the range of amounts")
			return nil
		}
		l.Cents = sum
	}
	if e.Remittance {
		apart = append([]remittance.Line{l}, apart...)
	}
	for _, line := range apart {
		p.lines++
		line.No = p.lines
		if err := p.each(line); err != nil {
			return err
		}
	}
	return nil
}

// isPerson reports whether an entity is somebody who is covered, or a group that an
// exchange enrolled: not the payer itself.
func isPerson(e *x12.Entity820) bool {
	return e.Person.Role != "" && !e.Person.Organization || !e.SSN.IsZero() || e.Reference("POL") != "" || e.Reference("0F") != ""
}

// exchangeKind says what an exchange's kind of payment (RMR02) is, and whether it
// adjusts an earlier month. Exchanges add kinds: what is not known is a balance
// with the exchange until somebody looks.
func exchangeKind(code string) (kind remittance.Kind, adjusts bool) {
	base := strings.TrimSuffix(code, "ADJ")
	if adjusts = base != code; adjusts {
		base = strings.TrimSuffix(base, "M")
	}
	switch base {
	case "APTC":
		return remittance.Premium, adjusts
	case "CSR":
		return remittance.CostSharing, adjusts
	case "UF":
		return remittance.UserFee, adjusts
	}
	return remittance.Balance, true
}

// references lists what the payer calls the person or policy, the surest first.
func references(e *x12.Entry820) []string {
	qualifiers := []string{"0F", "POL", "AZ", "23", "1L"}
	all := []string{}
	add := func(text string) {
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if e.Header.Exchange() {
		qualifiers = []string{"38", "POL", "AZ", "0F", "1L"}
	}
	for _, qualifier := range qualifiers {
		add(e.Reference(qualifier))
		add(e.Entity.Reference(qualifier))
	}
	add(e.Entity.Person.ID)
	if isPerson(e.Entity) {
		add(e.Entity.ID)
	}
	if e.Remittance && e.Qualifier == "AZ" {
		add(e.Value)
	}
	return all
}

// Rail takes 820 files.
type Rail struct{ Remittances *remittance.Remittances }

// Name implements intake.Format.
func (Rail) Name() string { return "820" }

// Recognises implements intake.Format: an interchange whose first group is of
// payments (GS01 = RA).
func (Rail) Recognises(head []byte) bool {
	text := strings.TrimLeft(strings.TrimPrefix(string(head), "\xef\xbb\xbf"), " \t\r\n")
	if len(text) < 4 || !strings.HasPrefix(text, "ISA") {
		return false
	}
	separator := text[3:4]
	_, group, _ := strings.Cut(text, "GS"+separator)
	return strings.HasPrefix(group, "RA"+separator)
}

// Inspect implements intake.Format.
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	facts, problems := x12.Inspect(r)
	if sets, _ := facts["transaction_sets"].(map[string]int); fault.Judge(problems) == fault.Accept {
		for set := range sets {
			if set != "820" {
				problems = append(problems, fault.Problem{Record: "ST", Field: "ST01", Message: fmt.Sprintf(
					"the file holds a %s beside its 820: send it apart", set)})
			}
		}
	}
	return facts, problems
}

// Prove implements intake.Roster.
func (f Rail) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return f.Remittances.Prove(ctx, open(), Read)
}

// Apply implements intake.Roster.
func (f Rail) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	return f.Remittances.Take(ctx, file.Book, open(), Read, file.Actor)
}

var _ intake.Roster = Rail{}
