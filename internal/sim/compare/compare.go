// Package compare holds the books of simulated counterparties against the product's
// own: what a bank and a clearing house say that came, went and lies on an account,
// and what the ledger says, subject by subject, to the cent. It decides nothing and
// changes nothing. Start reading at Differences.
package compare

import (
	"fmt"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
)

// Subject is what money is counted for.
type Subject string

// The subjects. Those that came are counted as the counterparties' files told of them,
// whatever the bank booked for them. What came back is counted again, as both stand on
// the debit side of a clearing account once the bank has shown them.
const (
	Cash    Subject = "cash"    // on the bank account
	Lockbox Subject = "lockbox" // cheques
	ACH     Subject = "ach"     // credits that others sent, and again what of them they took back
	Wire    Subject = "wire"
	Debits  Subject = "debits" // what we pulled, and again what of it came back
)

// Sums are cents by subject; a subject that is not there is zero.
type Sums map[Subject]money.Cents

// OfBank counts what a bank's books say of one account, up to its last closed day.
func OfBank(b *bank.Bank, account string) Sums {
	sums, today := Sums{}, b.Day()
	for _, a := range b.Accounts() {
		if a.Number == account {
			sums[Cash] = a.Opening
		}
	}
	for _, l := range b.Lines() {
		if l.Account != account || !l.Day.Before(today) {
			continue
		}
		sums[Cash] += l.Signed()
		if l.Wire != nil {
			sums[Wire] += l.Amount
		}
	}
	for _, c := range b.Cheques() {
		if b.LockboxAccount(c.Lockbox) == account && c.Day.Before(today) {
			sums[Lockbox] += c.Amount
		}
	}
	for _, bill := range b.Bills() {
		if bill.Account == account && bill.Settled {
			sums[ACH] += bill.Amount
		}
	}
	return sums
}

// OfHouse counts what a clearing house took from the plan for the accounts of one
// company.
func OfHouse(h *clearinghouse.House, company string) Sums {
	sums := Sums{}
	for _, e := range h.Entries() {
		if e.Company == company && !e.Credit() && !e.Prenote() && !e.Offset {
			sums[Debits] += e.Amount
			if e.Back && e.Outcome[0] == 'R' {
				sums[Debits] += e.Amount
			}
		}
	}
	return sums
}

// OfLedger counts what the ledger says of one purse: cash as it stands, and what was
// received on each clearing account.
func OfLedger(balances ledger.Balances, purse chart.Purse) Sums {
	received := func(code chart.Code) money.Cents { return balances[purse.Account(code)].PostedDebit }
	return Sums{
		Cash: balances[purse.Account(chart.Cash)].Net(), Lockbox: received(chart.ClearLockbox), ACH: received(chart.ClearACH),
		Wire: received(chart.ClearWire), Debits: received(chart.ClearDebit),
	}
}

// Differences lists where two counts of the same subjects are not equal, in words; of
// all subjects when none is named.
func Differences(theirs, ours Sums, of ...Subject) []string {
	if len(of) == 0 {
		all := maps.Clone(theirs)
		maps.Copy(all, ours)
		of = slices.Sorted(maps.Keys(all))
	}
	var differ []string
	for _, subject := range of {
		if theirs[subject] != ours[subject] {
			differ = append(differ, fmt.Sprintf("%s: the counterparty says %s, the ledger %s", subject, theirs[subject], ours[subject]))
		}
	}
	return differ
}
