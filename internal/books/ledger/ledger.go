// Package ledger is the double-entry journal: books, transactions and the
// chain of digests that makes a changed byte visible.
//
// A Book is an ordered journal: a billing account's, or an operating one (a
// file, a till) whose number lies in a reserved range. A Transaction is one or
// more Postings, and a Posting is a pair: it debits one account and credits
// another by one positive amount, so an unbalanced entry cannot be written
// down. Nothing is edited: a correction is a reversal, linked and made once.
// Both sides of a posting share a purse (legal entity and fund), so funds and
// entities never mix; money crosses only through two purses' interfund
// accounts, in two postings.
//
// The package knows no member, no rail, no chart and no SQL. Start reading at
// Transaction, then Chain.
package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
)

// BookNo numbers a book. A billing account's book has its bill pay number; an
// operating book has a number below FirstBillingBook.
type BookNo int64

// FirstBillingBook is the lowest number a billing account's book can have: the
// smallest number of ten digits.
const FirstBillingBook BookNo = 1_000_000_000

// OperatingRun is how many operating books are opened together: a file's own and
// those of the lanes in which it is posted.
const OperatingRun = 16

// SameRun reports whether two operating books were opened together.
func (b BookNo) SameRun(o BookNo) bool { return b/OperatingRun == o/OperatingRun }

// IsOperating reports whether the book belongs to the office and not to a
// billing account.
func (b BookNo) IsOperating() bool { return b > 0 && b < FirstBillingBook }

// Account numbers a ledger account: legal entity x 10000 + fund x 100 + code.
// Package chart gives the numbers their meaning.
type Account int32

// purseSize is how many accounts one legal entity's fund can have.
const purseSize = 100

// Purse is the legal entity and fund an account belongs to.
func (a Account) Purse() int32 { return int32(a) / purseSize }

// Phase says what a transaction does to pending and posted totals.
type Phase uint8

// The phases. A Pending transaction holds amounts without moving them; it ends
// once, by PostPending, which moves them, or VoidPending, which lets them go.
const (
	Posted      Phase = 1
	Pending     Phase = 2
	PostPending Phase = 3
	VoidPending Phase = 4
)

// Posting is one pair: Debit is debited and Credit is credited by Cents.
type Posting struct {
	Debit, Credit Account
	Cents         money.Cents // positive
	Item          int64       // the open item of the book that this pays or bills, or 0
}

// Event names the business event that a transaction records, as package chart
// lists them.
type Event string

// ReversedSuffix ends the event of a reversal, after the event it takes back.
const ReversedSuffix = ".reversed"

// Transaction is one balanced, append-only entry of a book.
type Transaction struct {
	Book        BookNo
	Seq         int64         // gap-free within the book, from 1
	PostedOn    calendar.Date // the legal entity's posting day
	EffectiveOn calendar.Date // the day that counts for the payer: received, billed
	RecordedAt  time.Time     // when the program wrote it, to the microsecond
	Event       Event
	Phase       Phase
	Of          int64       // the Seq of this book that it reverses or ends, or 0
	Link        string      // joins the transactions of one act in several books, or ""
	Actor       ident.Actor // who acted; never empty
	Reason      string      // why, for corrections; "" otherwise
	Postings    []Posting   // at least one
	Documents   []DocDigest // of the claim, receipt and item written with it, in this order
	Chained     Digest      // its link of the book's chain, set by Chain
}

// DocDigest is the digest of a document that a transaction's digest covers.
type DocDigest [sha256.Size]byte

// Digest is a link of a book's chain.
type Digest [sha256.Size]byte

// Head is where a book's chain stands. The zero Head is an empty book.
type Head struct {
	Seq    int64
	Digest Digest
}

// ReasonMax bounds a transaction's reason, in bytes.
const ReasonMax = 500

// Validate checks everything about t that does not need the book. It changes nothing.
func (t *Transaction) Validate() error {
	switch {
	case t.Book <= 0:
		return fmt.Errorf("a transaction needs a book")
	case len(t.Postings) == 0:
		return fmt.Errorf("a transaction needs a posting")
	case t.PostedOn.IsZero() || t.EffectiveOn.IsZero() || t.RecordedAt.IsZero():
		return fmt.Errorf("a transaction needs its posting date, effective date and time of record")
	case t.Event == "":
		return fmt.Errorf("a transaction needs the business event that it records")
	case t.Actor.IsZero():
		return fmt.Errorf("no money moves without a named actor")
	case t.Phase < Posted || t.Phase > VoidPending:
		return fmt.Errorf("phase %d is unknown", t.Phase)
	case (t.Phase == PostPending || t.Phase == VoidPending) && t.Of == 0:
		return fmt.Errorf("ending a pending transaction needs its sequence number")
	case len(t.Reason) > ReasonMax:
		return fmt.Errorf("the reason is longer than %d bytes", ReasonMax)
	}
	for i, p := range t.Postings {
		if err := p.validate(); err != nil {
			return fmt.Errorf("posting %d: %w", i+1, err)
		}
	}
	return nil
}

func (p Posting) validate() error {
	switch {
	case p.Cents <= 0:
		return fmt.Errorf("the amount must be positive, not %s", p.Cents)
	case p.Debit == p.Credit:
		return fmt.Errorf("account %d cannot be both debited and credited", p.Debit)
	case p.Debit.Purse() != p.Credit.Purse():
		return fmt.Errorf("accounts %d and %d belong to different funds or legal entities", p.Debit, p.Credit)
	}
	return nil
}

// Total sums the postings.
func (t *Transaction) Total() money.Cents {
	var sum money.Cents
	for _, p := range t.Postings {
		sum += p.Cents
	}
	return sum
}

// Chain numbers t as the next entry after head and gives the book's new head.
// The digest covers every stored field of the transaction and the digests of
// its documents, so that changing one byte of any of them breaks the chain.
func (h Head) Chain(t *Transaction) Head {
	t.Seq = h.Seq + 1
	t.Chained = t.digest(h.Digest)
	return Head{Seq: t.Seq, Digest: t.Chained}
}

func (t *Transaction) digest(previous Digest) Digest {
	b := make([]byte, 0, 320)
	b = append(b, previous[:]...)
	b = appendInt(b, int64(t.Book), t.Seq, int64(t.Phase), t.Of, t.RecordedAt.UnixMicro())
	b = appendText(b, t.PostedOn.String(), t.EffectiveOn.String(), string(t.Event), t.Link, t.Actor.String(), t.Reason)
	b = appendInt(b, int64(len(t.Postings)))
	for _, p := range t.Postings {
		b = appendInt(b, int64(p.Debit), int64(p.Credit), int64(p.Cents), p.Item)
	}
	for _, d := range t.Documents {
		b = append(b, d[:]...)
	}
	return sha256.Sum256(b)
}

// DocumentDigest makes the digest of a document from its fields. Integers and
// texts are each written with their length, so that no two documents agree by
// moving a byte from one field to the next.
func DocumentDigest(kind string, ints []int64, texts []string) DocDigest {
	b := make([]byte, 0, 256)
	b = appendText(b, kind)
	b = appendInt(b, ints...)
	b = appendText(b, texts...)
	return sha256.Sum256(b)
}

func appendInt(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return b
}

func appendText(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// Reversal makes the transaction that takes t back: the same pairs with their
// sides exchanged. It keeps t's effective date, because a reversal corrects the
// record and not the day on which the payer's money counted; the caller sets
// posting date, time, actor and reason. A pending transaction is ended and not
// reversed, and a reversal is not itself reversed: enter the event anew.
func (t *Transaction) Reversal() (Transaction, error) {
	if t.Phase != Posted && t.Phase != PostPending {
		return Transaction{}, fmt.Errorf("a pending transaction is voided, not reversed")
	}
	if strings.HasSuffix(string(t.Event), ReversedSuffix) {
		return Transaction{}, fmt.Errorf("a reversal is not reversed: enter the event anew")
	}
	r := Transaction{
		Book: t.Book, EffectiveOn: t.EffectiveOn, Event: t.Event + ReversedSuffix, Phase: Posted, Of: t.Seq,
		Postings: make([]Posting, len(t.Postings)),
	}
	for i, p := range t.Postings {
		r.Postings[i] = Posting{Debit: p.Credit, Credit: p.Debit, Cents: p.Cents, Item: p.Item}
	}
	return r, nil
}

// Ending makes the transaction that posts or voids the pending transaction t;
// phase is PostPending or VoidPending. The caller sets dates and actor.
func (t *Transaction) Ending(phase Phase) (Transaction, error) {
	if t.Phase != Pending {
		return Transaction{}, fmt.Errorf("transaction %d is not pending", t.Seq)
	}
	if phase != PostPending && phase != VoidPending {
		return Transaction{}, fmt.Errorf("a pending transaction is posted or voided")
	}
	return Transaction{
		Book: t.Book, EffectiveOn: t.EffectiveOn, Event: t.Event, Phase: phase, Of: t.Seq,
		Postings: append([]Posting(nil), t.Postings...),
	}, nil
}
