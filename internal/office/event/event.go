// Package event publishes what the books record as facts for others: partner
// systems, notices and webhooks.
//
// Posting writes a row to the outbox in its own transaction and knows nothing
// else. The Relay takes those rows in batches, hands each batch to a durable
// job and drops them; the job is Publisher.Publish, which composes the facts
// from the journal and adds them to the feed. Each step can be repeated, so the
// process may die between any two: a fact is published once, and none is lost.
//
// Invariants:
//   - A fact carries no bill pay number, name or reference text, and its id cannot
//     be computed from a number.
//   - Feed positions run from 1 without a gap and become visible in their order,
//     so a reader that remembers the last position it saw never misses one.
//   - Within an account Data.Sequence gives the order of the books. The feed's
//     order may differ from it where batches were published at the same time, or
//     one failed and was published later.
//
// The package knows no SQL, no queue and no receiver. Start reading at Fact,
// then Relay.Once. The choices are told in docs/adr/0007-event-relay-and-jobs.md.
package event

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// Ref names the transaction that a fact is about. It stays inside the house: a
// billing account's book has its bill pay number.
type Ref struct {
	Book ledger.BookNo
	Seq  int64
}

// ID names a fact: 26 characters computed from its book's opaque id and its
// sequence number, so that the same fact always has the same id. Receivers
// recognise a repeated delivery by it.
type ID string

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// IDOf gives the id of a book's fact. It takes the opaque id and not the book's
// number because there are few enough numbers to try them all against a digest.
func IDOf(book ident.Opaque, seq int64) ID {
	b := binary.BigEndian.AppendUint64([]byte("billfold event\x00"+book+"\x00"), uint64(seq))
	sum := sha256.Sum256(b)
	return ID(idEncoding.EncodeToString(sum[:])[:26])
}

// Fact is one thing that happened, as it is told to others.
type Fact struct {
	ID      ID              `json:"id"`
	Type    ledger.Event    `json:"type"`              // such as "payment.received"
	Time    time.Time       `json:"time"`              // when the books recorded it
	Account ident.Opaque    `json:"account,omitempty"` // the billing account, or "" while money has no owner
	Data    json.RawMessage `json:"data"`              // a Data
	Ref     Ref             `json:"-"`
}

// Data is a fact's content. The order of its fields is the order in which they
// are published; new fields go to the end.
type Data struct {
	Payment     payment.ID      `json:"payment,omitempty"` // the payment that it concerns
	Part        int             `json:"part,omitempty"`    // of the payment, from 1
	Entity      chart.EntityNo  `json:"entity"`            // the legal entity, by number
	Fund        chart.Fund      `json:"fund"`
	Cents       money.Cents     `json:"cents"`
	Applied     money.Cents     `json:"applied_cents,omitempty"`   // of a placed payment: put on items
	Unapplied   money.Cents     `json:"unapplied_cents,omitempty"` // of a placed payment: found no item
	EffectiveOn calendar.Date   `json:"effective_on"`              // the day that counts: received, billed
	PostedOn    calendar.Date   `json:"posted_on"`
	Suspense    suspense.Reason `json:"suspense_reason,omitempty"`
	Item        int64           `json:"item,omitempty"`     // within the account, when the fact is about one item
	Of          ID              `json:"of,omitempty"`       // the fact that this one reverses, ends or uses
	Source      ident.Opaque    `json:"source,omitempty"`   // the file, till or day that money without an owner came in
	Sequence    int64           `json:"sequence,omitempty"` // orders the facts of an account, or of a source
}

// Source is what the books hold of one transaction.
type Source struct {
	Transaction ledger.Transaction
	Book        ident.Opaque         // the opaque id of the transaction's book
	Receipt     *payment.ReceiptPart // of the transaction, or nil
	OfReceipt   *payment.ReceiptPart // of the placement that it leads back to, or nil
	Suspense    suspense.Reason      // when it put money into suspense or took it out
}

// Compose makes the fact of a transaction. Corrupt when its postings name no
// ledger account.
func Compose(s *Source) (Fact, error) {
	t := &s.Transaction
	purse, cents, err := amount(t)
	if err != nil {
		return Fact{}, err
	}
	d := Data{
		Entity: purse.Entity, Fund: purse.Fund, Cents: cents, EffectiveOn: t.EffectiveOn, PostedOn: t.PostedOn,
		Suspense: s.Suspense, Sequence: t.Seq,
	}
	if about := s.Receipt; about != nil {
		d.Payment, d.Part, d.Applied, d.Unapplied = about.Payment, about.No, about.Applied, about.Unapplied
	} else if about := s.OfReceipt; about != nil {
		d.Payment, d.Part = about.Payment, about.No
	}
	if len(t.Postings) == 1 {
		d.Item = t.Postings[0].Item
	}
	if t.Of != 0 {
		d.Of = IDOf(s.Book, t.Of)
	}
	f := Fact{ID: IDOf(s.Book, t.Seq), Type: t.Event, Time: t.RecordedAt, Ref: Ref{t.Book, t.Seq}}
	if t.Book.IsOperating() {
		d.Source = s.Book
	} else {
		f.Account = s.Book
	}
	f.Data, err = json.Marshal(d)
	return f, fault.Wrap("event.Compose", err)
}

// amount gives the purse in which a transaction's money ends and how much it
// is. Money that crosses purses stands in the journal twice, once in each.
func amount(t *ledger.Transaction) (chart.Purse, money.Cents, error) {
	if len(t.Postings) == 0 {
		return chart.Purse{}, 0, fault.New(fault.Corrupt, "event.Compose", "a transaction has no postings")
	}
	last := t.Postings[len(t.Postings)-1].Debit
	purse, _, err := chart.Explain(last)
	if err != nil {
		return chart.Purse{}, 0, fault.New(fault.Corrupt, "event.Compose", "%v", err)
	}
	var cents money.Cents
	for _, p := range t.Postings {
		if p.Debit.Purse() == last.Purse() {
			cents += p.Cents
		}
	}
	return purse, cents, nil
}

// Position is a fact's place in the feed, from 1. A reader asks for what comes
// after the last position that it handled; 0 asks from the beginning.
type Position int64

// Published is a fact in the feed.
type Published struct {
	Fact
	Position    Position
	PublishedAt time.Time
}
