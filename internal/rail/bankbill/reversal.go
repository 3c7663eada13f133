package bankbill

import (
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/people/billpay"
)

// isReversal reports whether an entry takes an earlier bill payment back: consolidators
// send it as a debit, in a batch that says so, of a later file.
func isReversal(entry *nacha.Entry) bool {
	return entry.Batch.SECCode == "CIE" && strings.TrimSpace(entry.Batch.EntryDescription) == "REVERSAL" &&
		entry.Return == nil && entry.Change == nil && !entry.Credit() && !entry.Prenote() && entry.Amount > 0
}

// Reversals reads a file that was proved for the payments that it takes back, in the
// file's order. One whose number cannot be read has the number 0.
func Reversals(r io.Reader, each func(reversal.Wanted) error) ([]fault.Problem, error) {
	_, problems, err := nacha.Scan(r, func(entry nacha.Entry) error {
		if !isReversal(&entry) {
			return nil
		}
		w := reversal.Wanted{Identity: itemOf(&entry).Identity, Amount: entry.Amount, On: entry.Batch.EffectiveDate, Line: entry.Line}
		parts := partsOf(&entry)
		if number, err := billpay.Parse(strings.TrimSpace(parts[0].Reference)); err == nil && len(parts) == 1 && parts[0].Doubt == "" {
			w.Number = number
		}
		return each(w)
	})
	return problems, err
}
