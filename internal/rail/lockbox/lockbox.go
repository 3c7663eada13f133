// Package lockbox is the rail of cheques that the bank opens, scans and
// deposits: its items, and where in them a bill pay number stands.
//
// The stub is keyed by the bank into columns of its own (overflow records, or
// the end of the cheque's record), so a number found there is what the payer
// sent back with the cheque, and matches by itself. The package knows the
// format and the instruction's words, and neither billing accounts nor posting.
package lockbox

import (
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Rail reads lockbox files of one bank's layout.
type Rail struct {
	Layout format.Layout
	House  House  // nil where no lockbox has columns of the bank's own
	Payers Payers // nil where payers are not remembered
}

// House is what the rail must know of the installation.
type House interface {
	// LockboxColumns gives the bank's own columns of a lockbox.
	LockboxColumns(lockbox string) plan.LockboxColumns
}

// Payers tells payers of before again; see rail/wire.
type Payers interface {
	PayerPrint(bank, account, name string) string
}

// New makes the rail for the layout that most banks send.
func New() Rail { return Rail{Layout: format.DefaultLayout()} }

// Name implements intake.Format.
func (Rail) Name() string { return "lockbox" }

// Recognises implements intake.Format.
func (Rail) Recognises(head []byte) bool { return format.Sniff(head) }

// Inspect implements intake.Format.
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return format.Inspect(r) }

// Sender implements intake.Deposits: record 1 has origin, date and time.
func (Rail) Sender(head []byte) string {
	first, _, _ := strings.Cut(strings.TrimLeft(string(head), "\r\n "), "\n")
	return strings.TrimRight(first, "\r ")
}

// Items implements intake.Deposits.
func (l Rail) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	_, problems, err := format.Scan(r, format.Options{Layout: l.Layout}, func(check format.Item) error {
		// A cheque for nothing is correspondence: there is no money to post.
		if check.Amount == 0 {
			return nil
		}
		return each(l.itemOf(&check))
	})
	return problems, err
}

func (l Rail) itemOf(check *format.Item) intake.Item {
	parts := partsOf(check)
	l.addOwn(check, parts)
	return intake.Item{
		// What is printed on the cheque and when it was deposited. Batch and item
		// number are left out: they change when a file is sent in another order.
		Identity: strings.Join([]string{
			check.Lockbox, check.DepositDate.String(), check.Routing, check.Account.Reveal(), check.CheckNumber, check.Amount.String(),
		}, "|"),
		Rail: payment.Lockbox, Amount: check.Amount, Received: check.DepositDate, Line: check.Line,
		Receiving: intake.Receiving{Kind: "lockbox", ID: check.Lockbox},
		Parts:     parts,
	}
}

// addOwn adds what the bank's own columns say of a cheque, to all that it pays.
func (l Rail) addOwn(check *format.Item, parts []intake.Part) {
	if l.House == nil {
		return
	}
	columns := l.House.LockboxColumns(check.Lockbox)
	text := func(s plan.Span) string {
		from, to := s.From-l.Layout.TailStart, s.To-l.Layout.TailStart+1
		if s.From == 0 || from < 0 || from >= len(check.Tail) {
			return ""
		}
		return strings.TrimSpace(check.Tail[from:min(to, len(check.Tail))])
	}
	print, remitter := "", text(columns.Remitter)
	if l.Payers != nil && remitter != "" {
		print = l.Payers.PayerPrint(check.Routing, check.Account.Reveal(), remitter)
	}
	doubt := columns.Markers[text(columns.Marker)]
	for i := range parts {
		d := &parts[i].Details
		d.Check, d.Image, d.PayerName, d.Payer = strings.TrimSpace(check.CheckNumber), text(columns.Image), remitter, print
		if doubt != "" {
			parts[i].Doubt = doubt
		}
	}
}

// partsOf finds the numbers that a cheque pays. A stub that splits the cheque
// over several accounts is followed when its amounts sum to the cheque.
func partsOf(check *format.Item) []intake.Part {
	if split := splitOf(check); split != nil {
		return split
	}
	var texts []string
	for _, o := range check.Overflow {
		texts = append(texts, o.Text)
	}
	stub := strings.TrimSpace(strings.Join(texts, " "))
	if own := billpay.Unpad(stub); own != stub {
		stub = own
	}
	numbers := billpay.CandidatesIn(stub, 2)
	if len(numbers) == 0 {
		numbers = billpay.CandidatesIn(check.Tail, 2)
	}
	part := intake.Part{Amount: check.Amount, Details: detailsOf(check)}
	switch {
	case len(numbers) == 1:
		part.Reference = numbers[0].Digits()
	case len(numbers) > 1:
		part.Doubt = suspense.ManyNumbers
		part.Reference = stub
	case stub != "":
		part.Reference = stub
	default:
		part.Reference = firstWord(check.Tail)
	}
	return []intake.Part{part}
}

func splitOf(check *format.Item) []intake.Part {
	if len(check.Overflow) < 2 || len(check.Overflow) > payment.PartsMax {
		return nil
	}
	var sum money.Cents
	parts := make([]intake.Part, 0, len(check.Overflow))
	for _, o := range check.Overflow {
		if !o.HasAmount || o.Amount <= 0 {
			return nil
		}
		sum += o.Amount
		parts = append(parts, intake.Part{Reference: billpay.Unpad(o.Text), Amount: o.Amount, Details: detailsOf(check)})
	}
	if sum != check.Amount {
		return nil
	}
	return parts
}

func firstWord(tail string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(tail), " ")
	return word
}

// detailsOf keeps what helps a clerk find the owner. The drawer's account is
// shown by its last four digits, as on any screen.
func detailsOf(check *format.Item) suspense.Details {
	source := fmt.Sprintf("lockbox %s, batch %d, item %d, cheque %s", check.Lockbox, check.Batch, check.Number, check.CheckNumber)
	if last := check.Account.Last4(); last != "" {
		source += ", drawn on an account ending " + last
	}
	return suspense.Details{Reference: strings.TrimSpace(overflowText(check) + " " + check.Tail), Source: source}
}

func overflowText(check *format.Item) string {
	var texts []string
	for _, o := range check.Overflow {
		texts = append(texts, o.Text)
	}
	return strings.Join(texts, " ")
}
