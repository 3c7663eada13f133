// Package reversal takes payments back that a bank's bill pay or a consolidator sent
// and reverses in a later file.
//
// A reversal names the number, the amount and its own day, and not the payment. It
// takes back the one payment of that number, amount and rail that came in the days
// before and still stands; where none or several do, it takes back nothing and is
// listed, and the day does not reconcile until staff have worked it. The package knows
// no file format and no SQL. Start reading at Desk.Take.
package reversal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Wanted is one reversal as its file tells it.
type Wanted struct {
	Identity string // everything by which the file tells it from others
	Number   billpay.Number
	Amount   money.Cents
	On       calendar.Date // its own settlement
	Line     int
}

// Within is how many days before its reversal a payment may have come. Reversals are
// made within five banking days (Nacha); a weekend and a holiday may lie between.
const Within = 14

// Store finds payments. Its methods return errors of package fault.
type Store interface {
	// Read gives claims and books; see cashier.Store.
	Read(ctx context.Context, want cashier.Want) (cashier.Have, error)
	// Standing lists the transactions in some books that received a payment like one and
	// were not taken back.
	Standing(ctx context.Context, books []ledger.BookNo, like Like) ([]cashier.Ref, error)
}

// Like describes a payment that came between two days.
type Like struct {
	About    ledger.BookNo // the number that was given
	Rail     payment.Rail
	Amount   money.Cents
	From, To calendar.Date
}

// Books takes payments back; cashier.Cashier does.
type Books interface {
	Reverse(ctx context.Context, order cashier.Order, of cashier.Ref) (cashier.Done, error)
}

// Desk carries reversals out.
type Desk struct {
	store Store
	books Books
}

// New makes a desk.
func New(store Store, books Books) *Desk { return &Desk{store, books} }

// Report is what became of a file's reversals.
type Report struct {
	Reversed      int         `json:"reversed"`
	ReversedCents money.Cents `json:"reversed_cents"`
	Unmatched     []Unmatched `json:"unmatched,omitempty"`
}

// Unmatched is a reversal that named no payment for certain.
type Unmatched struct {
	Line  int         `json:"line"`
	Cents money.Cents `json:"amount_cents"`
	Found int         `json:"payments_found"` // that it could mean
}

// Take carries out the reversals of a file. It is safe to repeat.
func (d *Desk) Take(ctx context.Context, by ident.Actor, read func(each func(Wanted) error) error) (Report, error) {
	var report Report
	err := read(func(w Wanted) error {
		found, err := d.one(ctx, by, &w)
		switch {
		case err != nil:
			return err
		case found == 1:
			report.Reversed++
			report.ReversedCents += w.Amount
		default:
			report.Unmatched = append(report.Unmatched, Unmatched{w.Line, w.Amount, found})
		}
		return nil
	})
	return report, fault.Wrap("reversal.Take", err)
}

// one carries a reversal out and tells how many payments it could mean.
func (d *Desk) one(ctx context.Context, by ident.Actor, w *Wanted) (int, error) {
	hash := sha256.Sum256([]byte(w.Identity))
	key := ident.Key("bankbill-reversal:" + hex.EncodeToString(hash[:16]))
	account := ledger.BookNo(w.Number)
	have, err := d.store.Read(ctx, cashier.Want{Claims: []payment.ID{payment.IDOf(key)}, Books: []ledger.BookNo{account}})
	if err != nil {
		return 0, err
	}
	if _, before := have.Claims[payment.IDOf(key)]; before {
		return 1, nil
	}
	refs, err := d.store.Standing(ctx, booksOf(have.Books[account]), Like{
		About: account, Rail: payment.BankBill, Amount: w.Amount, From: w.On.AddDays(-Within), To: w.On,
	})
	if err != nil || len(refs) != 1 {
		return len(refs), err
	}
	order := cashier.Order{Key: key, Actor: by, Reason: "reversed by the bank that sent it"}
	_, err = d.books.Reverse(ctx, order, refs[0])
	if kind := fault.KindOf(err); err != nil && (kind == fault.Conflict || kind == fault.Invalid) {
		return 0, nil // moved, refunded or used since: for staff
	}
	return 1, err
}

// booksOf lists the books in which money for an account can stand: its own and those
// of who owes for it.
func booksOf(b cashier.Book) []ledger.BookNo {
	var books []ledger.BookNo
	for _, no := range []ledger.BookNo{b.No, b.Debtors.Premium, b.Debtors.Medical, b.Debtors.Pharmacy} {
		if no != 0 && !slices.Contains(books, no) {
			books = append(books, no)
		}
	}
	return books
}
