package wire

import (
	"strings"

	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
)

// ItemOf gives the item that a line of a final BAI2 statement stands for, whichever file
// posts the account's wires; false when the line is no incoming wire. Unless the item's
// identity is strong, only a wire that the statement posts has it.
func (s Setting) ItemOf(line *bai2.Item) (intake.Item, bool) {
	if line.TypeCode != incomingTransfer || interim(line.Group) || line.AmountMinor == 0 {
		return intake.Item{}, false
	}
	account := strings.TrimSpace(line.Account.Reveal())
	item := s.item(toldByBAI2(line, account))
	return item, item.Strong || s.posts(ByStatement, account)
}
