package ledger

import (
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/money"
)

// Balance holds one account's four running totals. There is no signed balance:
// whether a debit or a credit is good news depends on the account.
type Balance struct {
	PostedDebit, PostedCredit   money.Cents
	PendingDebit, PendingCredit money.Cents
}

// Net is posted debits less posted credits.
func (b Balance) Net() money.Cents { return b.PostedDebit - b.PostedCredit }

// Balances are the totals of the accounts of one book or of many.
type Balances map[Account]Balance

// Add counts one posting made in a phase.
func (bs Balances) Add(phase Phase, p Posting) {
	debit, credit := bs[p.Debit], bs[p.Credit]
	switch phase {
	case Posted:
		debit.PostedDebit += p.Cents
		credit.PostedCredit += p.Cents
	case Pending:
		debit.PendingDebit += p.Cents
		credit.PendingCredit += p.Cents
	case PostPending:
		debit.PostedDebit += p.Cents
		credit.PostedCredit += p.Cents
		debit.PendingDebit -= p.Cents
		credit.PendingCredit -= p.Cents
	case VoidPending:
		debit.PendingDebit -= p.Cents
		credit.PendingCredit -= p.Cents
	}
	bs[p.Debit], bs[p.Credit] = debit, credit
}

// Merge adds another set of totals.
func (bs Balances) Merge(other Balances) {
	for account, o := range other {
		b := bs[account]
		b.PostedDebit += o.PostedDebit
		b.PostedCredit += o.PostedCredit
		b.PendingDebit += o.PendingDebit
		b.PendingCredit += o.PendingCredit
		bs[account] = b
	}
}

// Sum adds every account's posted debits and credits; the two are equal in any
// set of whole transactions.
func (bs Balances) Sum() (debits, credits money.Cents) {
	for _, b := range bs {
		debits += b.PostedDebit
		credits += b.PostedCredit
	}
	return debits, credits
}

// Ordered lists the accounts in the order of their numbers: by legal entity,
// fund and role.
func (bs Balances) Ordered() []Account { return slices.Sorted(maps.Keys(bs)) }
