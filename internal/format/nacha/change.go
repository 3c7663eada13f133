package nacha

import (
	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/secret"
)

// Correction is what a notification of change says should stand in the next entry; what
// its code does not correct is empty.
type Correction struct {
	RDFI            string
	Account         secret.Text
	TransactionCode int
}

// Correction takes the corrected data apart by the notification's code. It is false when
// the fields do not stand where the code has them.
func (c Change) Correction() (Correction, bool) {
	addenda := ach.NewAddenda98()
	addenda.ChangeCode, addenda.CorrectedData = c.Code, c.Corrected.Reveal()
	data := addenda.ParseCorrectedData()
	if data == nil {
		return Correction{}, false
	}
	return Correction{data.RoutingNumber, secret.New(data.AccountNumber), data.TransactionCode}, true
}
