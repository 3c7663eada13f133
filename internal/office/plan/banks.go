package plan

import (
	"slices"

	"github.com/billfold/billfold/internal/books/chart"
)

// EntityNos lists the legal entities by their numbers in the books, in order.
func (h *House) EntityNos() []chart.EntityNo {
	var all []chart.EntityNo
	for no := range h.zones {
		all = append(all, no)
	}
	slices.Sort(all)
	return all
}

// BankPurses lists the purses that have a bank account of their own, in the order in
// which the accounts are configured.
func (h *House) BankPurses() []chart.Purse {
	var all []chart.Purse
	for _, account := range h.plan.accounts {
		purse := chart.Purse{Entity: h.numbers[account.Entity], Fund: account.Fund}
		if account.Kind == BankAccount && !slices.Contains(all, purse) {
			all = append(all, purse)
		}
	}
	return all
}
