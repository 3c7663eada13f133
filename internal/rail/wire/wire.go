// Package wire is the rail of incoming money transfers, as the bank's BAI2
// statement reports them.
//
// Only an incoming wire (type 195) is money that no other file brings: lockbox
// deposits, clearing house credits and card settlements stand on the same
// statement as sums of files that come by themselves, and are left for
// reconciliation. A number in the customer reference matches by itself; one
// that stands only in free text is for a person to confirm, because digits in
// free text can be anything. The package knows the format and the instruction's
// words, and neither billing accounts nor posting.
package wire

import (
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// incomingTransfer is BAI2's type of an incoming money transfer.
const incomingTransfer = "195"

// Rail reads BAI2 statements for the wires in them.
type Rail struct{}

// Name implements intake.Format.
func (Rail) Name() string { return "bai2" }

// Recognises implements intake.Format.
func (Rail) Recognises(head []byte) bool { return bai2.Sniff(head) }

// Inspect implements intake.Format.
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return bai2.Inspect(r) }

// Sender implements intake.Deposits: record 01 has sender, date, time and the
// file's number.
func (Rail) Sender(head []byte) string {
	first, _, _ := strings.Cut(strings.TrimLeft(string(head), "\r\n "), "/")
	return first
}

// Items implements intake.Deposits.
func (Rail) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	var own []fault.Problem
	_, problems, err := bai2.Scan(r, func(line bai2.Item) error {
		if line.TypeCode != incomingTransfer || line.AmountMinor == 0 || interim(line.Group) {
			return nil
		}
		if line.Currency != "USD" {
			if len(own) < fault.ProblemsMax {
				own = append(own, fault.Problem{
					Line: line.Line, Record: "16", Field: "currency",
					Message: fmt.Sprintf("the wire is in %s and the plan's books are in US dollars only", line.Currency),
				})
			}
			return nil
		}
		return each(itemOf(&line))
	})
	return append(problems, own...), err
}

// interim reports whether a statement will be followed by a final one for the
// same day, which reports the same wires again. Only final statements post.
func interim(group bai2.Group) bool { return group.AsOfModifier == "1" || group.AsOfModifier == "3" }

func itemOf(line *bai2.Item) intake.Item {
	return intake.Item{
		Identity: strings.Join([]string{
			line.Account.Reveal(), line.Group.AsOf.String(), line.BankReference, line.CustomerReference, line.Text,
			fmt.Sprint(line.AmountMinor),
		}, "|"),
		Rail: payment.Wire, Amount: money.Cents(line.AmountMinor), Received: line.Group.AsOf, Line: line.Line,
		Receiving: intake.Receiving{Kind: "bank_account", ID: strings.TrimSpace(line.Account.Reveal())},
		Parts:     []intake.Part{partOf(line)},
	}
}

func partOf(line *bai2.Item) intake.Part {
	text := strings.Join(strings.Fields(line.Text), " ")
	part := intake.Part{
		Reference: billpay.Unpad(line.CustomerReference), Amount: money.Cents(line.AmountMinor),
		Details: suspense.Details{
			Reference: strings.TrimSpace(line.CustomerReference + " " + text),
			Source:    fmt.Sprintf("wire of %s, bank reference %s", line.Group.AsOf, line.BankReference),
		},
	}
	if _, err := billpay.Parse(part.Reference); err == nil {
		return part
	}
	switch numbers := billpay.CandidatesIn(text, 2); len(numbers) {
	case 0:
	case 1:
		part.Doubt = suspense.FreeText
	default:
		part.Doubt = suspense.ManyNumbers
	}
	return part
}
