// Package audit knows who looked at or changed whose record: actor, action,
// reason, place, result and time, in rows that are only ever added
// (45 CFR 164.312(b)).
//
// Whatever reads a person for staff or for an integrator's key takes an Access,
// which cannot be made without an actor and a reason, and records it before it
// gives anything away. The package knows no screen, no person's data and no SQL.
//
// Invariants: the entries of one book are numbered from 1 without a gap, and the
// digest of each covers the one before it, so that a changed, missing or added
// entry shows. Entries cut off at the end of a book show only against a head
// that was kept elsewhere, such as in a daily seal. Start reading at Access,
// then Trail.Record and Prove.
package audit

import (
	"fmt"
	"iter"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

// ReasonMax bounds a reason in bytes.
const ReasonMax = 500

// Access is who asks, why, and from where. Its zero value opens nothing.
type Access struct {
	actor  ident.Actor
	reason string
	source string
}

// By makes an Access. The reason is the purpose of use in a few words; source
// says where the actor sits ("console", "cli", a file's opaque id) and may be
// empty. No actor or no reason is fault.Denied.
func By(actor ident.Actor, reason, source string) (Access, error) {
	switch {
	case actor.IsZero():
		return Access{}, fault.New(fault.Denied, "audit.By", "nobody's data is read or changed without a named actor")
	case reason == "":
		return Access{}, fault.New(fault.Denied, "audit.By", "say why: the reason stands in the audit trail")
	case len(reason) > ReasonMax || len(source) > ReasonMax:
		return Access{}, fault.New(fault.Invalid, "audit.By", "reason and source have at most %d bytes", ReasonMax)
	}
	return Access{actor, reason, source}, nil
}

// Actor gives who asks.
func (a Access) Actor() ident.Actor { return a.actor }

// Reason gives why.
func (a Access) Reason() string { return a.reason }

// Check refuses the zero Access, for what must not begin before it is known who asks.
func (a Access) Check() error {
	if a.actor.IsZero() || a.reason == "" {
		return fault.New(fault.Denied, "audit.Check", "nobody's data is read or changed without a named actor and a reason")
	}
	return nil
}

// Action is what was done to a record.
type Action string

// The actions.
const (
	ReadAccount    Action = "account.read"
	ReadPayment    Action = "payment.read"
	ReadCoverage   Action = "coverage.read"
	FindPerson     Action = "person.find"
	ReadVisible    Action = "items.visible"
	ExportCards    Action = "export.cards"
	ExportRoster   Action = "export.roster"
	Enrol          Action = "enrol"
	ReadSuspense   Action = "suspense.read"
	NoteAlias      Action = "alias.note"
	MatchGuest     Action = "guest.match"     // a guest named the number and a fact on file
	ReadBill       Action = "bill.read"       // by a statement code
	ChangeStanding Action = "standing.change" // representatives and authorised payers
	Settle         Action = "conflict.settle"
	ReadLetter     Action = "letter.read"    // by a mailed link and a fact on file
	ChangeConsent  Action = "consent.change" // to electronic letters
	ReadAutopay    Action = "autopay.read"   // mandates and payment methods, masked
	ChangeAutopay  Action = "autopay.change"

	// Of the office's own people, on the trail of book 0.
	StaffSignIn  Action = "staff.sign_in"
	StaffRefused Action = "staff.refused"
	StaffChange  Action = "staff.change"
)

// Result is what came of it.
type Result string

// The results.
const (
	Shown   Result = "shown"
	Changed Result = "changed"
	Nobody  Result = "nobody" // nothing matched; kept under the book 0
	Refused Result = "refused"
)

// Entry is one row of the trail.
type Entry struct {
	Book   ledger.BookNo // whose record, or 0 where nobody was found
	No     int64         // gap-free within Book, from 1
	At     time.Time
	Actor  ident.Actor
	Action Action
	Reason string
	Source string
	Result Result
	Digest ledger.Digest // set by Chain
}

// Head is where a book's trail stands. The zero Head is an empty trail.
type Head struct {
	No     int64
	Digest ledger.Digest
}

// Entry makes the next entry of a trail for this access.
func (h *Head) Entry(a Access, action Action, result Result, book ledger.BookNo, at time.Time) Entry {
	e := Entry{
		Book: book, No: h.No + 1, At: at, Actor: a.actor, Action: action, Reason: a.reason, Source: a.source, Result: result,
	}
	e.Digest = e.digest(h.Digest)
	*h = Head{e.No, e.Digest}
	return e
}

func (e *Entry) digest(previous ledger.Digest) ledger.Digest {
	return ledger.Digest(ledger.DocumentDigest("audit",
		[]int64{int64(e.Book), e.No, e.At.UnixMicro()},
		[]string{
			string(previous[:]), e.Actor.String(), string(e.Action), e.Reason, e.Source, string(e.Result),
		}))
}

// Prove walks entries in the order of book and number and fails with
// fault.Corrupt at the first that does not follow from the one before it. It
// gives how many entries it proved.
func Prove(entries iter.Seq2[Entry, error]) (proved int, err error) {
	var head Head
	var book ledger.BookNo
	for e, err := range entries {
		if err != nil {
			return proved, err
		}
		if proved == 0 || e.Book != book {
			book, head = e.Book, Head{}
		}
		if e.No != head.No+1 || e.digest(head.Digest) != e.Digest {
			return proved, fault.New(fault.Corrupt, "audit.Prove", "audit entry %s does not follow from the entry before it", e.place())
		}
		head = Head{e.No, e.Digest}
		proved++
	}
	return proved, nil
}

// place names an entry without giving a bill pay number away.
func (e *Entry) place() string {
	return fmt.Sprintf("%d of the book ending %04d", e.No, int64(e.Book)%10_000)
}
