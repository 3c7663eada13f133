// Package bankbill is the rail of credits that the clearing house delivers to
// the plan: a bank's own bill pay (CIE) and companies' payments (CCD, CTX).
//
// In a CIE entry the individual identification number is the bill pay number; a
// CCD or CTX entry carries it there or in an addenda's remittance. Debits,
// returns and notifications of change are not money received and stop a file of
// credits. The package knows the format and the instruction's words, and
// neither billing accounts nor posting.
package bankbill

import (
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Rail reads NACHA files of entries credited to the plan.
type Rail struct {
	// Answers says that returns and notifications of change are taken by another, so
	// that they do not stop a file.
	Answers bool
	// Reversals says that debits of a bill pay batch are taken by another (see Reversals
	// in reversal.go), so that they do not stop a file.
	Reversals bool
}

// Name implements intake.Format.
func (Rail) Name() string { return "nacha" }

// Recognises implements intake.Format.
func (Rail) Recognises(head []byte) bool { return nacha.Sniff(head) }

// Inspect implements intake.Format.
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return nacha.Inspect(r) }

// headerColumns is the width of a NACHA file header.
const headerColumns = 94

// Sender implements intake.Deposits: the file header has origin, date, time and
// a letter that tells the files of one day apart.
func (Rail) Sender(head []byte) string {
	first := strings.TrimLeft(string(head), "\r\n ")
	return strings.TrimRight(first[:min(headerColumns, len(first))], "\r\n ")
}

// Items implements intake.Deposits.
func (rail Rail) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	var own []fault.Problem
	_, problems, err := nacha.Scan(r, func(entry nacha.Entry) error {
		if rail.Answers && (entry.Return != nil || entry.Change != nil) {
			return nil
		}
		if rail.Reversals && isReversal(&entry) {
			return nil
		}
		if why := notReceived(&entry); why != "" {
			if len(own) < fault.ProblemsMax {
				own = append(own, fault.Problem{Line: entry.Line, Record: "6", Field: "transaction code", Message: why})
			}
			return nil
		}
		if entry.Prenote() || entry.Amount == 0 {
			return nil // it announces later entries and carries no money
		}
		return each(itemOf(&entry))
	})
	return append(problems, own...), err
}

// notReceived says why an entry is not money that came, or "".
func notReceived(entry *nacha.Entry) string {
	switch {
	case entry.Return != nil:
		return "a returned entry is not a payment received: this file answers entries that the plan originated"
	case entry.Change != nil:
		return "a notification of change is not a payment received: this file answers entries that the plan originated"
	case entry.Batch.SECCode != "CIE" && entry.Batch.SECCode != "CCD" && entry.Batch.SECCode != "CTX":
		return entry.Batch.SECCode + " credits are paid to consumers; payments to a plan come as CIE, CCD or CTX"
	case strings.EqualFold(strings.TrimSpace(entry.Batch.EntryDescription), "REVERSAL"):
		return "the batch takes earlier entries back (REVERSAL): it is not a payment received"
	case !entry.Credit():
		return fmt.Sprintf("transaction code %d debits the receiver: this file takes money and brings none", entry.TransactionCode)
	}
	return ""
}

func itemOf(entry *nacha.Entry) intake.Item {
	rail := payment.ACH
	if entry.Batch.SECCode == "CIE" {
		rail = payment.BankBill
	}
	received := entry.Batch.EffectiveDate
	return intake.Item{
		// A trace number is unique for its originating bank and day.
		Identity: strings.Join([]string{
			entry.Batch.ODFI, entry.Batch.CompanyID, received.String(), entry.Trace, entry.Account.Reveal(), entry.Amount.String(),
		}, "|"),
		Rail: rail, Amount: entry.Amount, Received: received, Line: entry.Line,
		Receiving: intake.Receiving{Kind: "bank_account", ID: strings.TrimSpace(entry.Account.Reveal())},
		Parts:     partsOf(entry),
	}
}

func partsOf(entry *nacha.Entry) []intake.Part {
	details := suspense.Details{
		Reference: billpay.Unpad(entry.IndividualID), PayerName: strings.TrimSpace(entry.IndividualName),
		Source: fmt.Sprintf("%s entry, trace %s, from %s", entry.Batch.SECCode, entry.Trace, strings.TrimSpace(entry.Batch.CompanyName)),
	}
	part := intake.Part{Reference: details.Reference, Amount: entry.Amount, Details: details}
	remittance := remittanceOf(entry)
	if trace := traceOf(remittance); trace != "" {
		details.Source += ", payment trace " + trace
		part.Details = details
	}
	if split := splitRemittance(remittance, entry.Amount, details); split != nil {
		return split
	}
	if readable(details.Reference) {
		return []intake.Part{part}
	}
	// Banks put words before the number in the field itself; only then is the
	// addenda looked at.
	numbers := billpay.CandidatesIn(details.Reference, 2)
	if len(numbers) == 0 {
		numbers = billpay.CandidatesIn(remittance, 2)
	}
	switch len(numbers) {
	case 0:
	case 1:
		part.Reference = numbers[0].Digits()
	default:
		part.Doubt = suspense.ManyNumbers
	}
	part.Details.Reference = strings.TrimSpace(details.Reference + " " + remittance)
	return []intake.Part{part}
}

func readable(reference string) bool {
	_, err := billpay.Parse(reference)
	return err == nil
}

// remittanceOf joins the addenda: an 820 runs on over their 80 columns.
func remittanceOf(entry *nacha.Entry) string {
	return strings.TrimSpace(strings.Join(entry.PaymentInfo, ""))
}

// traceOf gives the payer's own trace of the payment (TRN02), by which its 820 names
// it when that comes apart; "" where the addenda give none.
func traceOf(remittance string) string {
	for _, segment := range segments(remittance) {
		if elements := strings.Split(strings.TrimSpace(segment), "*"); elements[0] == "TRN" && len(elements) > 2 {
			return elements[2]
		}
	}
	return ""
}

func segments(remittance string) []string {
	return strings.FieldsFunc(remittance, func(r rune) bool { return r == '\\' || r == '~' })
}

// splitRemittance follows a remittance advice of RMR segments, one number each,
// when its amounts sum to the entry: RMR*IK*number**amount.
func splitRemittance(remittance string, amount money.Cents, details suspense.Details) []intake.Part {
	var parts []intake.Part
	var sum money.Cents
	for _, segment := range segments(remittance) {
		elements := strings.Split(strings.TrimSpace(segment), "*")
		if elements[0] != "RMR" || len(elements) < 5 {
			continue
		}
		cents, err := money.Parse(elements[4])
		if err != nil || cents <= 0 {
			return nil
		}
		sum += cents
		of := details
		of.Reference = elements[2]
		parts = append(parts, intake.Part{Reference: elements[2], Amount: cents, Details: of})
	}
	if sum != amount || len(parts) > payment.PartsMax {
		return nil
	}
	return parts
}
