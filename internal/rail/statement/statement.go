// Package statement reads the bank's statements in the words of reconciliation.
//
// It knows the formats and which of their lines move money; it knows neither the books
// nor what was expected. A line's amount is above zero where the account grew. Start
// reading at BAI2, then Camt in camt.go.
package statement

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/rail/wire"
)

// BAI2's codes of a ledger balance.
const (
	openingLedger = "010"
	closingLedger = "015"
)

// nonMonetary is a notice without money.
const nonMonetary = "890"

// dollars is the one currency of the books.
const dollars = "USD"

// BAI2 reads BAI2 files that were proved. A code without a direction (9xx) has no line:
// nobody can say which way it moved the account, and the statement's balances then show
// the difference. Accounts in another currency are passed over. Wires tell which
// payment a line made.
func BAI2(wires wire.Setting) recon.Reader {
	return func(r io.Reader, head func(recon.Head) error, line func(recon.Line) error) ([]fault.Problem, error) {
		f := bai2File{wires: wires, line: line, seen: map[uint64]uint32{}}
		_, problems, err := bai2.ScanAccounts(r, func(a bai2.Account) error {
			if a.Currency != dollars {
				return nil
			}
			return head(headOf(&a))
		}, f.item)
		return problems, err
	}
}

type bai2File struct {
	wires wire.Setting
	line  func(recon.Line) error
	seen  map[uint64]uint32 // wires that cannot be told apart, by the head of their identity's hash
}

func headOf(a *bai2.Account) recon.Head {
	return recon.Head{
		Account: secret.New(strings.TrimSpace(a.Number.Reveal())), AsOf: a.Group.AsOf,
		Interim: a.Group.AsOfModifier == "1" || a.Group.AsOfModifier == "3",
		Opening: balance(a, openingLedger), Closing: balance(a, closingLedger),
	}
}

func balance(a *bai2.Account, code string) recon.Balance {
	minor, said := a.Balance(code)
	return recon.Balance{Cents: money.Cents(minor), Said: said}
}

func (f *bai2File) item(item bai2.Item) error {
	if item.TypeCode == nonMonetary || item.AmountMinor == 0 || item.Currency != dollars || item.Direction() == bai2.Neither {
		return nil
	}
	l := recon.Line{
		Amount: money.Cents(item.AmountMinor), Code: item.TypeCode, ValueOn: valueOn(&item), BankRef: item.BankReference,
		CustomerRef: item.CustomerReference, Text: strings.Join(strings.Fields(item.Text), " "), Payment: f.paymentOf(&item),
	}
	if item.Direction() == bai2.Debit {
		l.Amount = -l.Amount
	}
	return f.line(l)
}

// paymentOf names the payment that a wire's line made.
func (f *bai2File) paymentOf(item *bai2.Item) payment.ID {
	wired, ok := f.wires.ItemOf(item)
	if !ok {
		return ""
	}
	n := uint32(1)
	if !wired.Strong {
		hash := sha256.Sum256([]byte(wired.Identity))
		short := binary.BigEndian.Uint64(hash[:8])
		f.seen[short]++
		n = f.seen[short]
	}
	return payment.IDOf(intake.KeyOf(&wired, n))
}

func valueOn(item *bai2.Item) calendar.Date {
	if !item.Funds.Date.IsZero() {
		return item.Funds.Date
	}
	return item.Group.AsOf
}
