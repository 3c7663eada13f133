// Package cashier is the one road of money: every rail, screen and operation
// that moves money goes through it. It resolves numbers, allocates, posts,
// writes receipts and events, each act in one storage transaction.
//
// An act works on a desk: it reads the books it needs, decides with pure rules,
// and writes everything at once. Books are not locked; a book's sequence number
// is its version, and an act whose books moved meanwhile is refused by the
// store and decided again. Acts are grouped for speed (see Poster), and a group
// can always be ungrouped.
//
// The package knows no HTTP, no SQL and no file format. Start reading at
// Cashier.Post.
package cashier

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// ErrStale is returned by Store.Write when a book moved since it was read.
// Nothing was written; deciding again on fresh books is safe.
var ErrStale = errors.New("a book moved since it was read")

// Store keeps the books. Its methods return errors of package fault.
type Store interface {
	// Read gives what the wanted claims, books and old numbers are now. Claims
	// and books that do not exist are absent from the answer.
	Read(ctx context.Context, want Want) (Have, error)
	// Write commits everything in one storage transaction, or nothing. It fails
	// with ErrStale when a head is not where Writes says it was, or a claim was
	// taken meanwhile.
	Write(ctx context.Context, writes *Writes) error
	// Transaction loads one transaction. NotFound when there is none.
	Transaction(ctx context.Context, book ledger.BookNo, seq int64) (ledger.Transaction, error)
	// Followers lists the transactions of a book that are of an earlier one: that
	// reverse, move, use, refund or end it. In order.
	Followers(ctx context.Context, book ledger.BookNo, seq int64) ([]ledger.Transaction, error)
	// Suspense loads one entry. NotFound when there is none.
	Suspense(ctx context.Context, book ledger.BookNo, seq int64) (SuspenseEntry, error)
	// Receipt loads the receipt part that a transaction wrote. NotFound when it wrote none.
	Receipt(ctx context.Context, book ledger.BookNo, seq int64) (payment.ReceiptPart, error)
	// Endings tells which of a book's transactions were reversed or ended, by which.
	Endings(ctx context.Context, book ledger.BookNo) (map[int64]int64, error)
	// UnappliedOf lists the unapplied money of a book, oldest first.
	UnappliedOf(ctx context.Context, book ledger.BookNo) ([]Unapplied, error)
	// LastPaid loads the receipt of the last payment that a purse applied in a book
	// before a transaction; false when there was none.
	LastPaid(ctx context.Context, book ledger.BookNo, before int64, purse chart.Purse) (payment.ReceiptPart, bool, error)
}

// Want is what an act needs to read.
type Want struct {
	Claims  []payment.ID
	Books   []ledger.BookNo
	Items   []payment.ItemRef // to be among their books' items even when nothing is open on them
	Aliases []string          // old numbers, normalised

	// ToWrite says that the books are about to be written, so that a store can
	// read them where it will write them.
	ToWrite bool

	// spare are old numbers to look up only where a number was never issued.
	spare map[ledger.BookNo]string
}

// Have is what an act has read.
type Have struct {
	Claims  map[payment.ID]StoredClaim
	Books   map[ledger.BookNo]Book
	Aliases map[string][]ledger.BookNo // every account that some source gave the old number to
}

// StoredClaim is a claim with its answer.
type StoredClaim struct {
	payment.Claim
	Answer []Ref // the transactions that carried it out, a part each
}

// Ref names a transaction.
type Ref struct {
	Book ledger.BookNo `json:"book"`
	Seq  int64         `json:"seq"`
}

// Status says whether a billing account takes payments.
type Status string

// The statuses.
const (
	Open    Status = "open"
	Merged  Status = "merged"  // payments go to the surviving account
	Blocked Status = "blocked" // payments go to suspense until staff decide
)

// Book is a book as an act sees it.
type Book struct {
	No         ledger.BookNo
	Opaque     ident.Opaque // by which it may be named outside
	Status     Status
	MergedInto ledger.BookNo // the survivor, when merged
	Debtors    Debtors       // who owes for the person whose number this is
	Head       ledger.Head
	LastItem   int64           // the highest item number given so far
	Items      []openitem.Item // with something still open, and those asked for
}

// Debtors says, per fund, whose book holds what the person of a number owes; 0
// means the person's own.
type Debtors struct{ Premium, Medical, Pharmacy ledger.BookNo }

// For gives the debtor's book of a fund for the person of number.
func (d Debtors) For(fund chart.Fund, number ledger.BookNo) ledger.BookNo {
	debtor := d.Premium
	switch fund {
	case chart.Medical:
		debtor = d.Medical
	case chart.Pharmacy:
		debtor = d.Pharmacy
	}
	if debtor == 0 {
		return number
	}
	return debtor
}

// Unapplied is money of a billing account that found no item.
type Unapplied struct {
	Book     ledger.BookNo
	Seq      int64 // the transaction that left it
	Purse    chart.Purse
	Received calendar.Date
	Amount   money.Cents
	Open     money.Cents
}

// SuspenseEntry is money without a certain owner.
type SuspenseEntry struct {
	Book     ledger.BookNo // the operating book of its source
	Seq      int64
	Purse    chart.Purse // whose bank account received it
	Rail     payment.Rail
	Reason   suspense.Reason
	Received calendar.Date
	OpenedAt time.Time
	Payment  payment.ID
	PartNo   int
	Amount   money.Cents
	Open     money.Cents
	Details  suspense.Details // sealed by the store
}

// Writes is everything that one group of acts commits.
type Writes struct {
	Claims       []StoredClaim
	Heads        []HeadMove
	Transactions []ledger.Transaction
	Receipts     []payment.ReceiptPart
	NewItems     []openitem.Item
	Items        []ItemMove
	Unapplied    []Unapplied
	Spent        []UnappliedMove
	Suspense     []SuspenseEntry
	Released     []SuspenseMove
	Endings      []Ending
	Accounts     []AccountMove
	Progress     *Progress // of the file whose items these are, or nil

	// What a billing run keeps beside the items that it makes owed.
	Charges  []coverage.Charge
	Payers   []PayerCharge
	Billed   map[coverage.Key]coverage.Billed
	Invoices []StoredInvoice
	Chunk    *RunChunk

	Prescriptions []PrescriptionBill

	// Known are payers who paid an account, to know them by the next time.
	Known []KnownPayer

	// What lines of a bank's statement were put against, and what they settled.
	BankEntries []BankEntry
	Settled     []SettledMove
}

// KnownPayer notes that a payer's money went to a billing account.
type KnownPayer struct {
	Print   string        // the payer's fingerprint, as in suspense.Details
	Account ledger.BookNo // whose number was given
	Payment payment.ID
	Placed  Ref // the transaction that gave it the money
}

// HeadMove advances a book's chain.
type HeadMove struct {
	Book     ledger.BookNo
	From     int64  // the sequence number that was read
	Was      Status // the status that was read
	To       ledger.Head
	LastItem int64
}

// ItemMove sets what is still owed on an item.
type ItemMove struct {
	Book ledger.BookNo
	No   int64
	Open money.Cents
}

// UnappliedMove sets what is left of unapplied money.
type UnappliedMove struct {
	Book ledger.BookNo
	Seq  int64
	Open money.Cents
}

// SuspenseMove sets what is left of a suspense entry.
type SuspenseMove struct {
	Book ledger.BookNo
	Seq  int64
	Open money.Cents
}

// Ending records that a transaction was reversed or that a pending one ended:
// once, for ever.
type Ending struct {
	Book  ledger.BookNo
	Seq   int64
	BySeq int64
}

// AccountMove changes where a number's payments go.
type AccountMove struct {
	Book       ledger.BookNo
	At         int64 // the sequence number at which its head stands after this act
	Status     Status
	MergedInto ledger.BookNo
}

// Progress marks how far a file's posting has come.
type Progress struct {
	File  ledger.BookNo
	Lane  int
	Chunk int
	Items int
	Cents money.Cents
	// Again are items that another file had brought, which are not among Items.
	Again      int
	AgainCents money.Cents
}

// Answer tells what became of an act.
type Answer struct {
	Payment    payment.ID
	Replayed   bool // the key had been used for the same body; nothing was done again
	Received   calendar.Date
	RecordedAt time.Time // when it was first carried out
	Parts      []payment.ReceiptPart
	// Accounts are the ids by which the billing accounts of the parts may be named,
	// "" for a part in suspense.
	Accounts []ident.Opaque
}
