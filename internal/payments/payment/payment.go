// Package payment knows what a payment instruction is and what became of it:
// who sends how much over which rail for which numbers, under one idempotency
// key for ever.
//
// A rail's items and a screen's forms both become an Instruction; office/cashier
// carries it out. The package knows no file format, no screen and no posting.
package payment

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// Rail is the way by which money came.
type Rail string

// The rails.
const (
	Lockbox  Rail = "lockbox"  // cheques at the bank's lockbox
	BankBill Rail = "bankbill" // a bank's own bill pay: CIE and consolidators
	ACH      Rail = "ach"      // other credits of the clearing house: CCD, CTX, PPD
	Wire     Rail = "wire"
	Counter  Rail = "counter" // cash and cheques over a counter
	Card     Rail = "card"
	Debit    Rail = "debit"   // debits that we sent to the clearing house
	Bank     Rail = "bank"    // money that nothing but a line of the bank's statement tells of
	Sandbox  Rail = "sandbox" // no money: benches and integrators' tests
)

var clearing = map[Rail]chart.Code{
	Lockbox: chart.ClearLockbox, BankBill: chart.ClearACH, ACH: chart.ClearACH, Wire: chart.ClearWire,
	Counter: chart.ClearCounter, Card: chart.ClearCard, Debit: chart.ClearDebit, Bank: chart.Unidentified, Sandbox: chart.ClearCard,
}

// Clearing is the account on which the rail's money stands until the bank's
// statement shows it. It is false for an unknown rail.
func (r Rail) Clearing() (chart.Code, bool) {
	code, ok := clearing[r]
	return code, ok
}

// ByFile reports whether the rail's items come in files, where the same item can
// come again in another file.
func (r Rail) ByFile() bool { return r == Lockbox || r == BankBill || r == ACH || r == Wire }

// ID names a payment everywhere outside the journal: 26 characters computed
// from its idempotency key, so that a retry after a crash finds the same
// payment. It is not a secret and opens nothing.
type ID string

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// IDOf gives the payment id of an idempotency key.
func IDOf(key ident.Key) ID {
	sum := sha256.Sum256([]byte("billfold payment\x00" + key))
	return ID(idEncoding.EncodeToString(sum[:])[:26])
}

// Confirmation is the short form for people: twelve characters in groups of
// four, without letters that sound or look like others.
func (id ID) Confirmation() string {
	if len(id) < 12 {
		return strings.ToUpper(string(id))
	}
	s := strings.ToUpper(string(id[:12]))
	return s[:4] + "-" + s[4:8] + "-" + s[8:]
}

// Instruction is one payment as its source tells it.
type Instruction struct {
	Key      ident.Key
	Rail     Rail
	Amount   money.Cents   // positive; the parts sum to it
	Received calendar.Date // the day that counts for the payer
	// SentOn is the postmark, or zero when it is not known: a payment of continuation
	// coverage is made on the day on which it is sent (26 CFR 54.4980B-8 Q&A-5(e)). It
	// may be at most SentMax days before Received.
	SentOn calendar.Date
	Actor  ident.Actor
	Source ledger.BookNo // the operating book it belongs to: a file, a till, the day's suspense
	Parts  []Part        // at least one
	// Strong says that Key is made of what the network itself gave the payment and gives
	// no other (a UETR, an IMAD): the same key and amount in another file is the same
	// money told again, and not perhaps a second payment.
	Strong bool
}

// Part is the money of one payment for one number and one fund.
type Part struct {
	Reference string          // the number as given; the rail's text when none was found
	Amount    money.Cents     // positive
	Received  chart.Purse     // the purse whose bank account, lockbox or merchant id took the money
	For       chart.Fund      // the fund the payer named, or "" for the receiving purse's own
	Items     []ItemRef       // items that the payer named, in order, or none; all in one book
	Doubt     suspense.Reason // the rail's own reason not to place it, or ""
	Details   suspense.Details
}

// ItemRef names an open item.
type ItemRef struct {
	Book ledger.BookNo
	No   int64
}

// SentMax is how many days a payment may have been under way. No rule sets it: mail
// takes less, and more is a slip in the month or the year.
const SentMax = 60

// PartsMax bounds the numbers and funds in one payment.
const PartsMax = 50

// Validate checks an instruction by itself. It changes nothing.
func (in *Instruction) Validate() error {
	if _, err := ident.ParseKey(string(in.Key)); err != nil {
		return err
	}
	if _, ok := in.Rail.Clearing(); !ok {
		return fmt.Errorf("%q is no rail", in.Rail)
	}
	switch {
	case in.Amount <= 0 || in.Amount > money.Max:
		return fmt.Errorf("the amount must be above zero and at most %s", money.Max.Grouped())
	case in.Actor.IsZero():
		return fmt.Errorf("no money moves without a named actor")
	case in.Received.IsZero():
		return fmt.Errorf("a payment needs the date on which it was received")
	case !in.Source.IsOperating():
		return fmt.Errorf("a payment needs the operating book of its source")
	case len(in.Parts) == 0 || len(in.Parts) > PartsMax:
		return fmt.Errorf("a payment has 1 to %d parts", PartsMax)
	}
	if err := CheckSent(in.SentOn, in.Received); err != nil {
		return err
	}
	var sum money.Cents
	for i, p := range in.Parts {
		// The bound on each part also keeps their sum from running over.
		if p.Amount <= 0 || p.Amount > money.Max {
			return fmt.Errorf("part %d must be above zero and at most %s", i+1, money.Max.Grouped())
		}
		if p.For != "" && p.For.No() == 0 {
			return fmt.Errorf("part %d is for %q, which is no fund", i+1, p.For)
		}
		if p.Received.Entity == 0 || p.Received.Fund.No() == 0 {
			return fmt.Errorf("part %d names no legal entity and fund that received it", i+1)
		}
		sum += p.Amount
	}
	if sum != in.Amount {
		return fmt.Errorf("the parts sum to %s, not to %s", sum, in.Amount)
	}
	return nil
}

// CheckSent says why a payment that was received on a day cannot have been sent on
// another; nil when it can, or when the day of sending is not known (zero).
func CheckSent(sent, received calendar.Date) error {
	switch {
	case sent.After(received):
		return fmt.Errorf("a payment cannot be sent on %s, after it was received on %s", sent, received)
	case !sent.IsZero() && sent.Before(received.AddDays(-SentMax)):
		return fmt.Errorf("a payment that was received on %s is not taken as sent on %s, more than %d days before", received, sent, SentMax)
	}
	return nil
}

// BodyDigest digests everything that the payer decided, so that a repeated key
// with another body is refused. Actor and source are left out: a retry may come
// through another clerk's session.
func (in *Instruction) BodyDigest() [sha256.Size]byte {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) }
	text(string(in.Rail))
	number(int64(in.Amount))
	text(in.Received.String())
	for _, p := range in.Parts {
		text(p.Reference)
		number(int64(p.Amount))
		number(int64(p.Received.Entity))
		text(string(p.Received.Fund))
		text(string(p.For))
		number(int64(len(p.Items)))
		for _, item := range p.Items {
			number(int64(item.Book))
			number(item.No)
		}
	}
	if !in.SentOn.IsZero() { // payments of before it was known keep their digest
		text("sent")
		text(in.SentOn.String())
	}
	return sha256.Sum256(b)
}

// Act names the operation that a claim is for.
type Act string

// The acts.
const (
	Pay     Act = "pay"
	Bill    Act = "bill"
	Charge  Act = "charge" // a billing run's chunk
	Release Act = "release"
	Move    Act = "move"
	Reverse Act = "reverse"
	Apply   Act = "apply"
	Redebit Act = "redebit" // another debtor for an item
	Merge   Act = "merge"
	Unmerge Act = "unmerge"
	Settle  Act = "settle" // a payer's money as its remittance explains it

	BookLines Act = "book_lines" // lines of a bank's statement, and what explains them

	Refund       Act = "refund"
	SendRefund   Act = "send_refund"
	FailRefund   Act = "fail_refund"
	CancelRefund Act = "cancel_refund"
	Unclaim      Act = "unclaim" // a refund whose owner is lost
	Reclaim      Act = "reclaim"
	Remit        Act = "remit" // to the state
	Dispute      Act = "dispute"
	WinDispute   Act = "win_dispute"
	Fees         Act = "fees"      // a card processor's
	WriteOff     Act = "write_off" // a loss
	Regain       Act = "regain"    // of what was written off
)

// Claim is the durable hold on an idempotency key.
type Claim struct {
	ID         ID
	Key        ident.Key
	Act        Act
	Body       [sha256.Size]byte
	Rail       Rail
	Amount     money.Cents
	Received   calendar.Date
	RecordedAt time.Time
	Actor      ident.Actor
	Source     ledger.BookNo
	Parts      int
}

// Claim makes the claim that carrying out the instruction needs.
func (in *Instruction) Claim(at time.Time) Claim {
	return Claim{
		ID: IDOf(in.Key), Key: in.Key, Act: Pay, Body: in.BodyDigest(), Rail: in.Rail, Amount: in.Amount,
		Received: in.Received, RecordedAt: at, Actor: in.Actor, Source: in.Source, Parts: len(in.Parts),
	}
}

// Digest is the claim's document digest: its first part's transaction covers it.
func (c *Claim) Digest() ledger.DocDigest {
	return ledger.DocumentDigest("claim",
		[]int64{int64(c.Amount), c.RecordedAt.UnixMicro(), int64(c.Source), int64(c.Parts)},
		[]string{
			string(c.ID), string(c.Key), string(c.Act), string(c.Body[:]), string(c.Rail), c.Received.String(), c.Actor.String(),
		})
}

// ReceiptPart is the numbered proof of one part: what was received for which
// number, and how much of it found an item.
type ReceiptPart struct {
	Book      ledger.BookNo // where it was posted: a billing account, or an operating book for suspense
	Payment   ID
	No        int   // from 1, as in the instruction
	Seq       int64 // the transaction in Book
	PostedOn  calendar.Date
	SentOn    calendar.Date // as in the instruction
	Purse     chart.Purse   // where the money was applied
	About     ledger.BookNo // the billing account whose number was given, or 0
	Amount    money.Cents
	Applied   money.Cents
	Unapplied money.Cents // Amount = Applied + Unapplied, but in suspense, where both are zero
}

// Digest is the receipt part's document digest.
func (r *ReceiptPart) Digest() ledger.DocDigest {
	texts := []string{string(r.Payment), r.PostedOn.String()}
	if !r.SentOn.IsZero() { // receipts without it keep their digest
		texts = append(texts, r.SentOn.String())
	}
	return ledger.DocumentDigest("receipt",
		[]int64{
			int64(r.Book), int64(r.No), r.Seq, int64(r.Purse.Entity), int64(r.Purse.Fund.No()), int64(r.About),
			int64(r.Amount), int64(r.Applied), int64(r.Unapplied),
		},
		texts)
}

// InSuspense reports whether the part waits for its owner.
func (r *ReceiptPart) InSuspense() bool { return r.Book.IsOperating() }
