package notice

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
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
	SHA256  string // of the file, in hex
	Control string // the control sheet in plain text
	MadeAt  time.Time
}

// Consent is a member's agreement to receive letters electronically (15 U.S.C.
// 7001(c)).
type Consent struct {
	Book        ledger.BookNo
	GivenOn     calendar.Date
	WithdrawnOn calendar.Date // zero while it stands
	Wording     string        // version of the text that was agreed to
	Address     string        // where mail goes
}

// Consents tells whose consent stands.
type Consents interface {
	// StandingConsents gives the consents that stand on a day, by book.
	StandingConsents(ctx context.Context, books []ledger.BookNo, on calendar.Date) (map[ledger.BookNo]Consent, error)
}

// Store keeps notices, what is due and what was sent.
type Store interface {
	Consents
	// KeepNotices keeps the notices whose book and key are new, makes their roads
	// due, and says how many there were. One that is there already stays as it is.
	KeepNotices(ctx context.Context, notices []Notice) (int, error)
	// DueRefs gives what is due after a Ref, in the order of book, key and road.
	DueRefs(ctx context.Context, after Ref, limit int) ([]Ref, error)
	// DueOf gives everything that is due to books, in the order of book, key and road.
	DueOf(ctx context.Context, books []ledger.BookNo) ([]Due, error)
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
