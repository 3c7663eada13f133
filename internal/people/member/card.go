package member

import (
	"encoding/csv"
	"io"
	"iter"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/sheet"
	"github.com/billfold/billfold/internal/people/billpay"
)

// CardRow is what a card printer needs of one member, and no more: no birth
// date, address or record number (45 CFR 164.502(b)).
type CardRow struct {
	Number   billpay.Number
	Name     Name
	Region   string // id of the region pack
	Plan     string // the plan's display name in that region
	Language string // BCP 47, of the printed text
}

// cardColumns is the header of the card printer's file.
var cardColumns = []string{
	"number_grouped", "number_plain", "full_name", "first_name", "middle_name", "last_name", "name_suffix", "region", "plan", "language",
}

// WriteCardRoster writes the card printer's file as CSV. The number is written
// in groups for print and plain for the magnetic stripe or bar code; values
// are shielded as in WriteRoster.
func WriteCardRoster(w io.Writer, rows iter.Seq[CardRow]) error {
	const op = "member.WriteCardRoster"
	out := csv.NewWriter(w)
	if err := out.Write(cardColumns); err != nil {
		return fault.Wrap(op, err)
	}
	for row := range rows {
		if row.Number.IsZero() {
			return fault.New(fault.Invalid, op, "a member without a number gets no card")
		}
		record := []string{
			row.Number.Grouped(), row.Number.Digits(), row.Name.Full(), row.Name.First, row.Name.Middle, row.Name.Last, row.Name.Suffix,
			row.Region, row.Plan, row.Language,
		}
		for i := range record {
			record[i] = sheet.Shield(record[i])
		}
		if err := out.Write(record); err != nil {
			return fault.Wrap(op, err)
		}
	}
	out.Flush()
	return fault.Wrap(op, out.Error())
}
