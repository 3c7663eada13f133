package wire

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/camt"
	"github.com/billfold/billfold/internal/office/intake"
)

// Camt reads statements and notifications of ISO 20022 for the wires in them.
// Reports during the day are read and post nothing: the statement repeats them.
type Camt struct{ Setting }

// Name implements intake.Format.
func (Camt) Name() string { return "camt" }

// Recognises implements intake.Format.
func (Camt) Recognises(head []byte) bool { return camt.Sniff(head) }

// Inspect implements intake.Format.
func (Camt) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return camt.Inspect(r) }

// Sender implements intake.Deposits.
func (Camt) Sender(head []byte) string { return messageID(head) }

// Items implements intake.Deposits.
func (rail Camt) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	var own []fault.Problem
	_, problems, err := camt.Scan(r, func(e camt.Entry) error {
		account := e.Account.Number.Reveal()
		if !isWire(&e) || !rail.posts(sourceOf[e.Account.Kind], account) {
			return nil
		}
		for _, w := range toldByCamt(&e, account) {
			if err := rail.give(w, "Ntry", &own, each); err != nil {
				return err
			}
		}
		return nil
	})
	return append(problems, own...), err
}

var sourceOf = map[camt.Kind]string{camt.Statement: ByStatement, camt.Notification: ByNotification}

// transfers are the subfamilies of received credit transfers that are wires: domestic,
// priority, same day value, cross-border. The others are the clearing house's and the
// bank's own.
var transfers = []string{"DMCT", "PRCT", "SDVA", "XBCT"}

// isWire tells incoming wires from other credits, by the bank's code or by a network
// reference that only they have.
func isWire(e *camt.Entry) bool {
	switch {
	case !e.Credit || e.Reversal:
		return false
	case e.Code.Own == incomingTransfer:
		return true
	case e.Code.Domain != "PMNT" || e.Code.Family != "RCDT":
		return false
	}
	return slices.Contains(transfers, e.Code.SubFamily) ||
		slices.ContainsFunc(e.Details, func(d camt.Detail) bool { return d.UETR != "" || imadOf(e, &d) != "" })
}

func imadOf(e *camt.Entry, d *camt.Detail) string {
	return imadIn(append([]string{d.ClearingRef, d.MessageID, d.BankReference, e.BankReference}, d.Own...)...)
}

// toldByCamt gives the wires of an entry: its details one by one where their amounts
// make up the entry, else the entry as one.
func toldByCamt(e *camt.Entry, account string) []*told {
	if !detailed(e) {
		one := toldByDetail(e, &camt.Detail{Line: e.Line}, account, e.AmountMinor)
		if len(e.Details) == 1 {
			one = toldByDetail(e, &e.Details[0], account, e.AmountMinor)
		}
		return []*told{one}
	}
	all := make([]*told, len(e.Details))
	for i := range e.Details {
		all[i] = toldByDetail(e, &e.Details[i], account, e.Details[i].AmountMinor)
	}
	return all
}

func detailed(e *camt.Entry) bool {
	sum := int64(0)
	for _, d := range e.Details {
		if d.Currency != e.Currency || d.Debit || d.AmountMinor > e.AmountMinor-sum {
			return false
		}
		sum += d.AmountMinor
	}
	return len(e.Details) > 1 && sum == e.AmountMinor
}

func toldByDetail(e *camt.Entry, d *camt.Detail, account string, minor int64) *told {
	received := e.Value
	if received.IsZero() {
		received = e.Booked
	}
	bank := cmp.Or(d.BankReference, e.BankReference)
	return &told{
		account: account, minor: minor, currency: e.Currency, received: received, line: d.Line,
		uetr: d.UETR, imad: imadOf(e, d),
		own:        strings.Join([]string{bank, d.EndToEndID, d.TransactionID, strings.Join(d.Unstructured, " ")}, "|"),
		structured: d.Structured, old: onlyOne(d.Structured),
		references: slices.Concat(given(d.EndToEndID), d.Documents), text: append(given(e.Information), d.Unstructured...),
		payer:  payer{cmp.Or(d.UltimateDebtor.Name, d.Debtor.Name), d.Debtor.Bank, d.Debtor.Account.Reveal()},
		source: fmt.Sprintf("wire of %s, bank reference %s", received, bank),
	}
}

func onlyOne(texts []string) string {
	if len(texts) != 1 {
		return ""
	}
	return texts[0]
}
