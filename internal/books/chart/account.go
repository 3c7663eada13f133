package chart

import (
	"fmt"

	"github.com/billfold/billfold/internal/books/ledger"
)

// EntityNo numbers a legal entity within its installation, from 1, in the order
// in which entities were first configured. It never changes.
type EntityNo int32

// Purse is one legal entity's fund: the unit that money never leaves by accident.
type Purse struct {
	Entity EntityNo
	Fund   Fund
}

// Code is an account's role within a purse.
type Code int32

// The roles. Each purse has one account of each.
const (
	Cash            Code = 1  // asset: the bank account, as the bank's statement will show it
	ClearLockbox    Code = 2  // asset: a deposit reported by the lockbox, not yet seen on the statement
	ClearACH        Code = 3  // asset: credits reported by the clearing house, not yet seen on the statement
	ClearWire       Code = 4  // asset: wires reported, not yet seen on the statement
	ClearCounter    Code = 5  // asset: taken at a counter, in a drawer or on the way to the bank
	ClearCard       Code = 6  // asset: captured by the processor, not yet settled
	ClearDebit      Code = 7  // asset: debits that we sent to the clearing house, not yet settled
	ClearCheck      Code = 8  // liability: checks that we issued, not yet paid by the bank
	ClearPayout     Code = 9  // liability: credits that we sent to the clearing house, not yet settled
	Receivable      Code = 10 // asset: what billing accounts owe
	Earned          Code = 20 // revenue: premiums and charges billed
	DrugAdvances    Code = 21 // asset: what pharmacies were paid for the prescription payment plan, less what was billed of it
	Unapplied       Code = 30 // liability: money whose billing account is known and whose item is not
	Suspense        Code = 31 // liability: money whose billing account is not known
	RefundsPayable  Code = 32 // liability: money on its way back
	Unclaimed       Code = 33 // liability: property of owners who were lost, until a state takes it
	Unidentified    Code = 34 // what a bank's statement moved and nothing explains yet; each cent has a named exception
	Interaccount    Code = 40 // zero in sum: between two books of this purse, both sides under one link
	Interfund       Code = 41 // due to or from another purse, on the payer's instruction
	OpeningBalance  Code = 50 // equity: what an earlier system's items brought in
	BankOpening     Code = 51 // equity: what stood in the bank account when its first statement began
	UserFee         Code = 60 // expense: what an exchange keeps of what it pays
	CostSharing     Code = 61 // liability: cost-sharing reductions advanced, held against claims
	ExchangeBalance Code = 62 // due to or from an exchange: balances carried, debts, adjustments by hand
	ProcessorFees   Code = 63 // expense: what a card processor keeps of what it settles, and charges for disputes
	BankCharges     Code = 64 // expense: what a bank charges
	Losses          Code = 65 // expense: money that went back beyond what was left to take it from, written off by decision
)

var codeNames = map[Code]string{
	Cash: "cash", ClearLockbox: "clearing-lockbox", ClearACH: "clearing-ach", ClearWire: "clearing-wire",
	ClearCounter: "clearing-counter", ClearCard: "clearing-card",
	ClearDebit: "clearing-debit", ClearCheck: "clearing-check", ClearPayout: "clearing-payout", Receivable: "receivable", Earned: "earned", DrugAdvances: "drug-advances",
	Unapplied: "unapplied", Suspense: "suspense", RefundsPayable: "refunds-payable", Unclaimed: "unclaimed", Unidentified: "unidentified",
	Interaccount: "interaccount", Interfund: "interfund", OpeningBalance: "opening-balance", BankOpening: "bank-opening",
	UserFee: "user-fee", CostSharing: "cost-sharing", ExchangeBalance: "exchange-balance",
	ProcessorFees: "processor-fees", BankCharges: "bank-charges", Losses: "losses",
}

func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code-%d", int32(c))
}

var fundNumbers = map[Fund]int32{Premium: 1, Medical: 2, Pharmacy: 3}

// No gives the fund's number in account numbers and stored rows; 0 for no fund.
func (f Fund) No() int32 { return fundNumbers[f] }

// FundOf gives the fund with a number.
func FundOf(no int32) (Fund, error) {
	for fund, n := range fundNumbers {
		if n == no {
			return fund, nil
		}
	}
	return "", fmt.Errorf("%d numbers no fund", no)
}

// Account gives the ledger account of a role in the purse.
func (p Purse) Account(c Code) ledger.Account {
	return ledger.Account(int32(p.Entity)*10_000 + p.Fund.No()*100 + int32(c))
}

// Explain takes an account number apart.
func Explain(a ledger.Account) (Purse, Code, error) {
	fund, err := FundOf(int32(a) / 100 % 100)
	if err != nil || a < 10_000 {
		return Purse{}, 0, fmt.Errorf("%d is no ledger account", a)
	}
	code := Code(a % 100)
	if _, known := codeNames[code]; !known {
		return Purse{}, 0, fmt.Errorf("%d is no ledger account: role %d is unknown", a, code)
	}
	return Purse{EntityNo(int32(a) / 10_000), fund}, code, nil
}

// Name writes an account for people and reports: "1/premium/receivable".
func Name(a ledger.Account) string {
	purse, code, err := Explain(a)
	if err != nil {
		return fmt.Sprintf("unknown/%d", a)
	}
	return fmt.Sprintf("%d/%s/%s", purse.Entity, purse.Fund, code)
}
