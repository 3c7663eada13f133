// Package refund knows what money that goes back is: what it was asked for, which
// states it passes, by which tender it may leave, and when a credit balance is due
// to its owner by rule.
//
// It moves nothing: office/refund carries out what is decided here, and the cashier
// posts it. It knows no file, no check and no processor.
//
// Invariants:
//   - A refund leaves by one tender at a time, the original one first.
//   - Nothing is kept back: no fee is taken off a refund, and no surcharge was taken
//     for a payment (42 CFR 422.262(f) for Medicare; elsewhere by choice).
//   - A debit is not paid back before its return is unlikely.
//   - A guest is paid back to what he paid with and nowhere else.
//
// Start reading at Refund, then Choose in tender.go and Rules.Judge in sweep.go.
package refund

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// State is how far a refund is.
type State string

// The states.
const (
	Requested State = "requested" // it waits for a second person; nothing has moved
	Approved  State = "approved"  // it may be carried out; nothing has moved
	Ordered   State = "ordered"   // its money stands on refunds-payable, and its tender is under way
	Sent      State = "sent"
	Returned  State = "returned"  // it could not be delivered: its money stands on refunds-payable
	Unclaimed State = "unclaimed" // its owner is lost
	Remitted  State = "remitted"  // a state holds it
	Cancelled State = "cancelled" // nothing goes back
)

// Back to approved goes what a card refused: its money is the account's again.
var steps = map[State][]State{
	Requested: {Approved, Cancelled},
	Approved:  {Ordered, Unclaimed, Cancelled},
	Ordered:   {Sent, Returned, Approved, Cancelled},
	Sent:      {Returned, Approved},
	Returned:  {Ordered, Unclaimed, Cancelled},
	Unclaimed: {Returned, Remitted},
}

// May reports whether a refund goes from one state to another. To stay is no step.
func (s State) May(to State) bool { return slices.Contains(steps[s], to) }

// Open reports whether something is still to be done.
func (s State) Open() bool { return s != Sent && s != Remitted && s != Cancelled }

// ParseState reads a state's name.
func ParseState(s string) (State, error) {
	for _, known := range []State{Requested, Approved, Ordered, Sent, Returned, Unclaimed, Remitted, Cancelled} {
		if string(known) == s {
			return known, nil
		}
	}
	return "", fmt.Errorf("%q is no state of a refund", s)
}

// Cause is why money goes back.
type Cause string

// The causes.
const (
	Asked  Cause = "asked"  // somebody asked for it
	Duty   Cause = "duty"   // coverage ended or never began: premium is due back
	Swept  Cause = "swept"  // a credit balance that nobody used for too long
	Failed Cause = "failed" // a refund to a card could not be delivered
	Lost   Cause = "lost"   // its owner is silent, and a state's law takes it
)

// Source is money of a billing account that a refund takes.
type Source struct {
	Seq    int64 // the transaction of its book that placed or left it
	Amount money.Cents
	// Items says that it is taken off items too, and not only where it is unapplied.
	Items bool `json:",omitempty"`
	// Freed says that a credit had freed it: the item that it had paid is not owed.
	Freed bool `json:",omitempty"`
}

// Refund is money of one billing account on its way back by one tender.
type Refund struct {
	ID      payment.ID // of its key, and of the cashier's act that takes its money
	Key     ident.Key
	Version int64 // counts changes
	Book    ledger.BookNo
	// Purse is the legal entity's fund in which the money lies; Through the one that
	// received it and pays it back, zero until it is taken up.
	Purse, Through chart.Purse
	Amount         money.Cents
	Cause          Cause
	Reason         string
	DueBy          calendar.Date // by law or policy; zero when nothing says
	State          State
	Sources        []Source
	Way            Way
	Tried          []Tender // that failed
	Try            int      // how often a tender was begun
	By             ident.Actor
	MadeAt         time.Time
	ChangedAt      time.Time
	Approval       ident.Opaque // of a second person, or ""
	Problem        string       // for staff: why it does not go on
}

// Digest is what a second person agrees to.
func (r *Refund) Digest() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "refund\x00%s\x00%d\x00%d\x00%d\x00%d\x00%s", r.ID, r.Book, r.Purse.Entity, r.Purse.Fund.No(), r.Amount, r.Reason))
}

// Event is one step of a refund, as it happened.
type Event struct {
	No    int
	At    time.Time
	By    ident.Actor
	State State // into which it went, or in which it stayed
	Note  string
}
