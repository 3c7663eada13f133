// Package remit is the rail of premium payments that an employer or agency
// explains by an X12 820: one line for each person and month, with who and what
// it pays for.
//
// An 820 says how a payment divides. The money itself comes by the clearing
// house, by wire or as a cheque under the same trace (TRN02), and must be taken
// once: whoever posts these lines must not post that credit as well. Every line
// says what it pays (a [Line]) and how that differs from what was billed (its
// Discrepancies), which is reported and is not money. What an exchange reports
// by 005010X306 is reconciled by its own rules and is refused here.
//
// The package knows the format and the instruction's words; it resolves no
// reference and knows neither billing accounts nor posting. Start reading at
// Read.
package remit

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Line is what one remittance (RMR) of an 820 pays.
type Line struct {
	// Identity tells the line from others: the payment's trace, whom the line is
	// for, what it pays and how much. Where a line stands in the file is no part
	// of it; identical lines are told apart by whoever counts them.
	Identity string
	Payment  *x12.Header820
	Rail     payment.Rail // by which the money comes
	Line     int          // of the RMR
	Entity   int          // ENT01
	Ordinal  int          // which entry of its transaction set

	Amount   money.Cents   // what came: RMR04 and the ADX of its loop; zero where nothing did
	Received calendar.Date // BPR16

	// References to resolve, "" where the payer gave none.
	Subscriber string // REF*0F of the line, or else of the person
	Member     string // NM109, unless it is a social security number
	Group      string // REF*38 of the line, the person or the payment
	Invoice    string // RMR02
	Name       string // for staff, first name first

	Month         calendar.Month // the coverage month that the payer means (DTM*582); zero if it names none or several
	Discrepancies []Discrepancy
}

// Discrepancy is what the payer says of a line that differs from the bill.
type Discrepancy struct {
	Line   int
	Cents  money.Cents // negative: less than billed
	Reason string      // ADX02, or "" for a difference that the payer leaves unexplained
	Words  string
}

// rails says by which rail the money of a payment method (BPR04) comes.
var rails = map[string]payment.Rail{"ACH": payment.ACH, "FWT": payment.Wire, "CHK": payment.Lockbox}

// Read reads the premium payments of r and calls each per remittance, those of
// nothing included. The problems are those of the file and the rail's own: a
// payment in which no money comes, by no method known, from an exchange, or
// with lines that take money back, which only staff can place. Use nothing for
// good until fault.Judge of the problems says accept.
func Read(r io.Reader, each func(Line) error) ([]fault.Problem, error) {
	p := &payments{each: each}
	_, problems, err := x12.Read820(r, p.begin, p.entry)
	return append(problems, p.own...), err
}

// payments follows the 820s of one file.
type payments struct {
	each    func(Line) error
	own     []fault.Problem
	refused bool // the payment at hand
}

func (p *payments) refuse(line int, record, field, format string, args ...any) {
	if len(p.own) < fault.ProblemsMax {
		p.own = append(p.own, fault.Problem{Line: line, Record: record, Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (p *payments) begin(h *x12.Header820) error {
	before := len(p.own)
	switch {
	case h.Exchange():
		p.refuse(h.Line, "BPR", "", "an exchange's report is reconciled, not posted as premiums of members")
	case h.Debit:
		p.refuse(h.Line, "BPR", "BPR03", "the payment charges the plan and brings no money")
	case h.Amount > 0 && rails[h.Method] == "":
		p.refuse(h.Line, "BPR", "BPR04", "no money comes by the method %q, must be ACH, FWT or CHK", h.Method)
	}
	p.refused = len(p.own) > before || len(p.own) == fault.ProblemsMax
	return nil
}

func (p *payments) entry(e x12.Entry820) error {
	if p.refused {
		return nil
	}
	if !e.Remittance {
		p.refuse(e.Line, "ADX", "", "an adjustment of an earlier payment stands alone: staff must place its %s", e.Adjustments[0].Cents)
		return nil
	}
	amount := e.Paid
	for _, a := range e.Adjustments {
		sum, ok := money.Add(amount, a.Cents)
		if !ok {
			p.refuse(a.Line, "ADX", "ADX01", "the line leaves the range of amounts")
			return nil
		}
		amount = sum
	}
	if amount < 0 {
		p.refuse(e.Line, "RMR", "RMR04", "the line takes back %s: staff must place it", -amount)
		return nil
	}
	return p.each(lineOf(&e, amount))
}

func lineOf(e *x12.Entry820, amount money.Cents) Line {
	h, person := e.Header, e.Entity.Person
	l := Line{
		Payment: h, Rail: rails[h.Method], Line: e.Line, Entity: e.Entity.Number, Ordinal: e.Ordinal,
		Amount: amount, Received: h.Date,
		Subscriber: cmp.Or(e.Reference("0F"), e.Entity.Reference("0F")), Member: person.ID,
		Group:   cmp.Or(e.Reference("38"), e.Entity.Reference("38"), h.Reference("38")),
		Invoice: e.Value, Name: strings.TrimSpace(person.First + " " + person.Name),
		Discrepancies: discrepancies(e),
	}
	from, to, given := e.Period()
	if month := calendar.MonthOf(from); given && month.Holds(to) {
		l.Month = month
	}
	l.Identity = strings.Join([]string{
		h.Originator, h.Payer.ID, h.Trace, h.Date.String(), l.Group, l.Subscriber, l.Member, l.Name,
		e.Qualifier, l.Invoice, from.String(), to.String(), l.Amount.String(),
	}, "|")
	return l
}

// discrepancies lists the adjustments of a line, and the difference between
// what was remitted and billed that they leave.
func discrepancies(e *x12.Entry820) []Discrepancy {
	var list []Discrepancy
	for _, a := range e.Adjustments {
		words := x12.AdjustmentReason(a.Reason)
		if words == "" {
			words = "a reason outside the guide's list"
		}
		list = append(list, Discrepancy{Line: a.Line, Cents: a.Cents, Reason: a.Reason, Words: words})
	}
	switch difference := e.Paid - e.Due; {
	case !e.HasDue || difference == 0:
	case difference < 0:
		list = append(list, Discrepancy{Line: e.Line, Cents: difference, Words: "less than billed"})
	default:
		list = append(list, Discrepancy{Line: e.Line, Cents: difference, Words: "more than billed"})
	}
	return list
}

// Rail takes 820 files as deposits.
type Rail struct{}

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
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return x12.Inspect(r) }

// Sender implements intake.Deposits: the ISA has sender, date, time and the
// interchange's control number.
func (Rail) Sender(head []byte) string {
	const length = 105 // of an ISA before its terminator
	text := strings.Join(strings.FieldsFunc(string(head[:min(len(head), 2*length)]), isLineEnd), "")
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	return text[:min(len(text), length)]
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

// Items implements intake.Deposits. A line of nothing has no item.
func (Rail) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	return Read(r, func(l Line) error {
		if l.Amount == 0 {
			return nil
		}
		return each(l.item())
	})
}

func (l *Line) item() intake.Item {
	return intake.Item{
		Identity: l.Identity, Rail: l.Rail, Amount: l.Amount, Received: l.Received, Line: l.Line,
		Receiving: receiving(l.Payment.Account, l.Payment.Payee), Parts: []intake.Part{l.part()},
	}
}

// receiving names the account that is credited, or the payee where the payment
// names none, as with a cheque.
func receiving(account secret.Text, payee x12.Party) intake.Receiving {
	if !account.IsZero() {
		return intake.Receiving{Kind: "bank_account", ID: strings.TrimSpace(account.Reveal())}
	}
	return intake.Receiving{Kind: "payee", ID: cmp.Or(payee.ID, payee.Name)}
}

// part says whom the line is for: by the one bill pay number among its
// references, or else by what the payer calls the subscriber.
func (l *Line) part() intake.Part {
	part := intake.Part{Amount: l.Amount, Reference: cmp.Or(l.Subscriber, l.Member, l.Invoice), Details: l.details()}
	var numbers []string
	for _, text := range []string{l.Subscriber, l.Member, l.Invoice} {
		number, err := billpay.Parse(billpay.Unpad(text))
		if err == nil && !slices.Contains(numbers, number.Digits()) {
			numbers = append(numbers, number.Digits())
		}
	}
	switch len(numbers) {
	case 0:
	case 1:
		part.Reference = numbers[0]
	default:
		part.Reference, part.Doubt = strings.Join(numbers, " "), suspense.ManyNumbers
	}
	return part
}

// details keeps what helps a clerk find the owner.
func (l *Line) details() suspense.Details {
	var known []string
	for _, fact := range []struct{ what, value string }{
		{"subscriber", l.Subscriber}, {"member", l.Member}, {"", l.Name}, {"group", l.Group},
		{"invoice", l.Invoice}, {"month", l.Month.String()},
	} {
		if fact.value != "" {
			known = append(known, strings.TrimSpace(fact.what+" "+fact.value))
		}
	}
	return suspense.Details{
		Reference: strings.Join(known, ", "), PayerName: l.Payment.Payer.Name,
		Source: fmt.Sprintf("premium payment %s of %s", l.Payment.Trace, l.Received),
	}
}
