package proof

import (
	"context"
	"iter"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Source is where the stored rows are. Snapshot calls fn once with a view that
// does not change while the system works on; the view ends when fn returns.
type Source interface {
	Snapshot(ctx context.Context, fn func(Snapshot) error) error
}

// Snapshot streams tables as they stood at one moment. Every sequence comes in
// the order of its key, holds a bounded number of rows in memory, and ends with
// an error when the rows cannot be read. A row whose stored values are not what
// their columns hold comes with Bad set and its key filled in.
type Snapshot interface {
	Claims() iter.Seq2[Claim, error]
	Books() iter.Seq2[Book, error]
	Lines() iter.Seq2[Line, error]       // by book, sequence number, line
	Receipts() iter.Seq2[Receipt, error] // by book, sequence number
	Items() iter.Seq2[Item, error]       // by book, number
	Unapplied() iter.Seq2[Unapplied, error]
	Suspense() iter.Seq2[Suspense, error] // with details opened
	Endings() iter.Seq2[cashier.Ending, error]
	Files() iter.Seq2[File, error]
	Chunks() iter.Seq2[Chunk, error] // by file, number; sealed
	// OpenChunk decrypts a chunk. Corrupt when it was altered, Unavailable when
	// the key that sealed it is missing.
	OpenChunk(c Chunk) ([]byte, error)
	Seals() iter.Seq2[Seal, error]             // with ranges and totals
	SealedBooks() iter.Seq2[SealedBook, error] // by book, close
	// Unsealed streams the lines that no seal covers, by book, sequence number, line.
	Unsealed() iter.Seq2[Line, error]
	// CloseOf gives the close that sealed a transaction, or 0.
	CloseOf(book ledger.BookNo, seq int64) (int64, error)
	// SealedLinks streams the links that a close sealed of books from first to last.
	SealedLinks(close int64, first, last ledger.BookNo) iter.Seq2[Link, error]
}

// Claim is a stored claim.
type Claim struct {
	cashier.StoredClaim
	Check int64 // its row check as stored
	Bad   error
}

// Book is a stored book.
type Book struct {
	No         ledger.BookNo
	Opaque     ident.Opaque
	Directed   ledger.BookNo // where the look-up by Opaque leads, 0 for nowhere
	Status     cashier.Status
	MergedInto ledger.BookNo
	Head       ledger.Head
	LastItem   int64
	Resolved   bool // its survivor and its debtors, where it names any, have books
	Bad        error
}

// Line is one stored posting with what its transaction carries; Postings is empty.
type Line struct {
	ledger.Transaction
	No   int64
	Pair ledger.Posting
	Bad  error
}

// Receipt is a stored receipt part.
type Receipt struct {
	payment.ReceiptPart
	Check int64
	Bad   error
}

// Item is a stored open item.
type Item struct {
	openitem.Item
	Check int64
	Bad   error
}

// Unapplied is stored unapplied money.
type Unapplied struct {
	cashier.Unapplied
	Bad error
}

// Suspense is a stored suspense entry.
type Suspense struct {
	cashier.SuspenseEntry
	Bad error // Unavailable when the key that sealed its details is missing
}

// File is a kept file and what was posted of it.
type File struct {
	Book      ledger.BookNo
	Opaque    ident.Opaque
	SHA256    []byte
	Bytes     int64
	Items     int64
	Total     money.Cents
	Chunks    int64
	RowDigest []byte           // as stored; nil when other rows name a file that has no row
	Digest    ledger.DocDigest // of all other columns
	Done      bool
	Posted    int64       // items that posting's progress counts
	Cents     money.Cents // cents that posting's progress counts
	// Again are items that another file had brought, by the network's own identity.
	Again      int64
	AgainCents money.Cents
}

// Chunk is a piece of a kept file as stored.
type Chunk struct {
	File   ledger.BookNo
	No     int64 // from 0
	Sealed []byte
}

// Link is one transaction's place and link of its book's chain.
type Link struct {
	Book ledger.BookNo
	Seq  int64
	Link ledger.Digest
}

// SealedBook says that a close sealed a book's transactions after From up to To.
type SealedBook struct {
	Book     ledger.BookNo
	Close    int64
	From, To int64
}

// Total is what a close's transactions posted to one ledger account.
type Total struct {
	Account       ledger.Account
	Debit, Credit money.Cents
}

// RangeRoot is the Merkle root over a close's transactions of one range of books.
type RangeRoot struct {
	Range  int
	Leaves int64
	Root   ledger.TreeHash
}

// Stamp says when a seal was made.
type Stamp struct {
	Day calendar.Date // the posting day that it closes
	At  int64         // the instant, in microseconds since 1970 UTC
}
