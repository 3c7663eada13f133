package notice

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Channel is how a letter travelled.
type Channel string

// The channels.
const (
	Paper Channel = "paper"
	Email Channel = "email"
)

// Result is what became of it on the way.
type Result string

// The results.
const (
	Sent    Result = "sent"
	Refused Result = "refused" // the address takes no mail; the letter goes on paper
)

// Road is how a notice that is due may travel.
type Road string

// The roads.
const (
	ByChoice Road = "choice" // on paper unless an e-consent stands
	OnPaper  Road = "paper"  // on paper whatever was consented to
	Copy     Road = "copy"   // by mail as well, where an e-consent stands
)

// Roads gives the roads on which a kind becomes due.
func (k Kind) Roads() []Road {
	switch {
	case !k.Letter():
		return nil
	case k.AlwaysPaper():
		return []Road{OnPaper, Copy}
	}
	return []Road{ByChoice}
}

// Ref names a notice that is due on a road.
type Ref struct {
	Book ledger.BookNo
	Key  string
	Road Road
}

// Due is a notice that is due on a road.
type Due struct {
	Notice
	Road Road
}

// Ref gives the due notice's own.
func (d *Due) Ref() Ref { return Ref{d.Book, d.Key, d.Road} }

// Delivery is the proof that a letter was sent.
type Delivery struct {
	Book     ledger.BookNo
	Key      string // of the notice
	Channel  Channel
	Result   Result
	At       time.Time
	Ref      string // the print file's name or the mail's Message-ID
	Digest   string // SHA-256 of the letter's plain text, in hex
	Language string // that it was written in
	Review   Review // of the translation on that day
}

// Settled is a due road with what was done about it. A road that is not needed
// after all, such as a copy where no consent stands, has no Delivery.
type Settled struct {
	Ref      Ref
	Delivery *Delivery
	Instead  Road // becomes due now, or ""
}

// PrintFile is what is kept of a file of letters.
type PrintFile struct {
	Name    string // of the file, without its ending
	Batch   string
	File    int64 // within the batch, from 1
	Letters int64
	Pages   int64       // without the control sheet
	Cents   money.Cents // asked for by the bills in it
	SHA256  string      // of the file, in hex
	Control string      // the control sheet in plain text
	MadeAt  time.Time
}

// Pile is a part of what is due.
type Pile string

// The piles.
const (
	Letters Pile = "letters" // everything but bills
	Bills   Pile = "bills"
	ToMail  Pile = "mail" // what may go by mail: bills and letters to who agreed to mail once, and copies that nobody may want
)

// Has reports whether a notice of a kind is in a pile of paper.
func (p Pile) Has(kind Kind) bool { return (kind == Invoice) == (p == Bills) }

// Store keeps notices, what is due and what was sent.
type Store interface {
	Consents
	Links
	// KeepNotices keeps the notices whose book and key are new, makes their roads
	// due, and says how many there were. One that is there already stays as it is.
	KeepNotices(ctx context.Context, notices []Notice) (int, error)
	// DueRefs gives what is due of a pile after a Ref, in the order of book, key and road.
	DueRefs(ctx context.Context, pile Pile, after Ref, limit int) ([]Ref, error)
	// DueOf gives everything that is due to books, bills with their invoice, in the
	// order of book, key and road.
	DueOf(ctx context.Context, books []ledger.BookNo) ([]Due, error)
	// NoticeOf gives a notice that was kept, a bill with its invoice. NotFound without.
	NoticeOf(ctx context.Context, book ledger.BookNo, key string) (Notice, error)
	// IssuedBills gives bills issued since a day, after one in the order of book and
	// number, at most so many.
	IssuedBills(ctx context.Context, since calendar.Date, after IssuedBill, limit int) ([]IssuedBill, error)
	// Settle takes roads from what is due and keeps their deliveries, with the file
	// that they are in if it is paper, all or nothing. Conflict when a road is not due
	// any more: somebody else sent it.
	Settle(ctx context.Context, settled []Settled, file *PrintFile) error
	// PrintFileOf gives a file by its name; found is false when it was never recorded.
	PrintFileOf(ctx context.Context, name string) (file PrintFile, found bool, err error)
	// LastPrintFile gives the number of a batch's last recorded file, 0 for none.
	LastPrintFile(ctx context.Context, batch string) (int64, error)
	// Addressees gives to whom letters to books go. A book whose owner is not on
	// file, or without an address, is left out or has none.
	Addressees(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]Addressee, error)
}
