// Package suspense is the work queue of money that waits: in suspense, because its
// owner is not certain, and unapplied, because its owner owes nothing that it could
// pay. It shows the oldest first with age, owner, reason, deadlines and history,
// suggests who the owner may be and why, and gives money to its owner or back to its
// sender.
//
// The package decides when a second person must agree and which suggestion is certain
// enough to be carried out by itself; the money is moved by the cashier. It knows no
// screen and no SQL.
//
// Invariants: a wire's number in free text is followed by itself only when it is the
// only one there and the payer's name or history agrees with its account; a near miss
// never is; every act stands in the item's history, which is only added to; whoever
// sees an item is recorded in the audit trail. Start reading at Desk.List, then
// Desk.Match in match.go and Desk.Release in act.go.
package suspense

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Kind says which of the two queues an item is in.
type Kind string

// The kinds.
const (
	Suspense  Kind = "suspense"
	Unapplied Kind = "unapplied"
)

// Item is money that waits.
type Item struct {
	Kind     Kind
	Ref      cashier.Ref
	Purse    chart.Purse
	Received calendar.Date
	Amount   money.Cents
	Open     money.Cents
	// What only an entry in suspense has.
	Rail     payment.Rail
	Reason   why.Reason
	OpenedAt time.Time
	Payment  payment.ID
	Details  why.Details
	// Account is whose unapplied money it is, 0 in suspense.
	Account ledger.BookNo

	Age      int    // days since it was received
	Owner    string // who of the staff has it, "" when nobody has
	Deadline Deadline
	Waiting  bool // a second person was asked and has not answered
}

// EventKind says what was done about an item.
type EventKind string

// The kinds of events.
const (
	Assigned   EventKind = "assigned"    // to a member of staff, or to nobody
	Noted      EventKind = "note"        //
	BankAsked  EventKind = "bank_asked"  // the bank was asked for the payer or the reference
	NoticeSent EventKind = "notice_sent" // the account holder was written to
	Asked      EventKind = "asked"       // for a second person's word on a release or return
	Released   EventKind = "released"    // to its owner
	SentBack   EventKind = "sent_back"   // to its sender
	Matched    EventKind = "matched"     // released by itself
)

// Event is one step of an item's history.
type Event struct {
	No     int64 // from 1, gap-free
	Kind   EventKind
	By     ident.Actor
	At     time.Time
	Owner  string        // of Assigned
	Note   string        // no personal data
	To     ledger.BookNo // the account that it was or is to be released to, 0 for none
	Amount money.Cents
}

// Cursor is where a page of the queue ends; the zero value is before its beginning.
type Cursor struct {
	Received calendar.Date
	Book     ledger.BookNo
	Seq      int64
}

// Store keeps the queue. Its methods return errors of package fault.
type Store interface {
	registry.Directory
	audit.Store
	// Suspense loads one entry. NotFound when there is none.
	Suspense(ctx context.Context, book ledger.BookNo, seq int64) (cashier.SuspenseEntry, error)
	// SuspenseAfter and UnappliedAfter list what is open after a place, the oldest first.
	SuspenseAfter(ctx context.Context, after Cursor, most int) ([]cashier.SuspenseEntry, error)
	UnappliedAfter(ctx context.Context, after Cursor, most int) ([]cashier.Unapplied, error)
	UnappliedOf(ctx context.Context, book ledger.BookNo) ([]cashier.Unapplied, error)
	// HeldEvents lists what was done about an item, in order.
	HeldEvents(ctx context.Context, ref cashier.Ref) ([]Event, error)
	// AddHeldEvent adds a step. cashier.ErrStale when its number is taken.
	AddHeldEvent(ctx context.Context, ref cashier.Ref, e Event) error
	// PaidBefore counts a payer's earlier payments by account.
	PaidBefore(ctx context.Context, print string) (map[ledger.BookNo]int, error)
	// PersonsOfName lists members of a last name, at most so many.
	PersonsOfName(ctx context.Context, last string, most int) ([]ledger.BookNo, error)
	Members(ctx context.Context, books []ledger.BookNo) ([]enrolment.Member, error)
	HouseholdOf(ctx context.Context, subscriber billpay.Number) ([]ledger.BookNo, error)
	Organisation(ctx context.Context, book ledger.BookNo) (enrolment.Organisation, error)
	Ties(ctx context.Context, subject billpay.Number) (registry.Ties, error)
	OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)
	BookOf(ctx context.Context, opaque ident.Opaque) (ledger.BookNo, error)
	Read(ctx context.Context, want cashier.Want) (cashier.Have, error)
}

// Books moves the money; cashier.Cashier does.
type Books interface {
	Release(ctx context.Context, order cashier.Order, entry cashier.Ref, amount money.Cents, to cashier.Target) (cashier.Done, error)
	Reverse(ctx context.Context, order cashier.Order, of cashier.Ref) (cashier.Done, error)
}

// Approvals is where a second person is asked; approval.Desk is one.
type Approvals interface {
	Ask(ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string) (approval.Request, error)
	Agreed(ctx context.Context, kind approval.Kind, subject string, digest [32]byte) (approval.Request, bool, error)
}

// House is what the desk must know of the installation.
type House interface {
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
	// DualControlAbove is the amount above which a second person must agree.
	DualControlAbove() money.Cents
}

// Desk works the queue.
type Desk struct {
	store     Store
	books     Books
	approvals Approvals
	house     House
	clock     clock.Clock
	trail     *audit.Trail
}

// New makes a desk.
func New(store Store, books Books, approvals Approvals, house House, clk clock.Clock) *Desk {
	return &Desk{store, books, approvals, house, clk, audit.New(store, clk)}
}

// Filter says which part of the queue is listed.
type Filter struct {
	Kind  Kind   // required
	Owner string // of this member of staff only, or "" for all
	Late  bool   // past a deadline only
}

// PageMax bounds a page of the queue.
const PageMax = 200

// Page is a part of the queue. More is false on the last.
type Page struct {
	Items []Item
	Next  Cursor
	More  bool
}

// List gives a page of the queue, the oldest first. A filter can leave a page with
// fewer items than asked for while there are More.
func (d *Desk) List(ctx context.Context, access audit.Access, f Filter, after Cursor, most int) (Page, error) {
	const op = "suspense.List"
	most = min(max(most, 1), PageMax)
	all, err := d.after(ctx, f.Kind, after, most+1)
	if err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	page := Page{More: len(all) > most}
	for _, item := range all[:min(most, len(all))] {
		page.Next = Cursor{item.Received, item.Ref.Book, item.Ref.Seq}
		events, err := d.store.HeldEvents(ctx, item.Ref)
		if err != nil {
			return Page{}, fault.Wrap(op, err)
		}
		d.judge(&item, events)
		if f.Owner != "" && item.Owner != f.Owner || f.Late && !item.Deadline.Late {
			continue
		}
		page.Items = append(page.Items, item)
	}
	return page, fault.Wrap(op, d.looked(ctx, access, page.Items))
}

func (d *Desk) after(ctx context.Context, kind Kind, after Cursor, most int) ([]Item, error) {
	var items []Item
	switch kind {
	case Suspense:
		entries, err := d.store.SuspenseAfter(ctx, after, most)
		for i := range entries {
			items = append(items, ofEntry(&entries[i]))
		}
		return items, err
	case Unapplied:
		rest, err := d.store.UnappliedAfter(ctx, after, most)
		for _, u := range rest {
			items = append(items, ofUnapplied(u))
		}
		return items, err
	}
	return nil, fault.New(fault.Invalid, "", "%q is neither suspense nor unapplied", kind)
}

func ofEntry(e *cashier.SuspenseEntry) Item {
	return Item{
		Kind: Suspense, Ref: cashier.Ref{Book: e.Book, Seq: e.Seq}, Purse: e.Purse, Received: e.Received, Amount: e.Amount, Open: e.Open,
		Rail: e.Rail, Reason: e.Reason, OpenedAt: e.OpenedAt, Payment: e.Payment, Details: e.Details,
	}
}

func ofUnapplied(u cashier.Unapplied) Item {
	return Item{
		Kind: Unapplied, Ref: cashier.Ref{Book: u.Book, Seq: u.Seq}, Purse: u.Purse, Received: u.Received, Amount: u.Amount, Open: u.Open,
		Account: u.Book,
	}
}

// looked records that items were seen: an entry can name a payer.
func (d *Desk) looked(ctx context.Context, access audit.Access, items []Item) error {
	if err := access.Check(); err != nil {
		return err
	}
	seen := map[ledger.BookNo]bool{}
	var books []ledger.BookNo
	for _, item := range items {
		if !seen[item.Ref.Book] {
			seen[item.Ref.Book] = true
			books = append(books, item.Ref.Book)
		}
	}
	if len(books) == 0 {
		return nil
	}
	return d.trail.Record(ctx, access, audit.ReadSuspense, books...)
}

// Whole is one item with what was done about it and who its owner may be.
type Whole struct {
	Item
	Events      []Event
	Suggestions []Suggestion // best first
	// SecondPerson says that a release of all that is open needs a second person.
	SecondPerson bool
}

// Item shows one item whole. NotFound when there is no such money.
func (d *Desk) Item(ctx context.Context, access audit.Access, ref cashier.Ref) (Whole, error) {
	const op = "suspense.Item"
	item, err := d.item(ctx, ref)
	if err != nil {
		return Whole{}, fault.Wrap(op, err)
	}
	if err := d.looked(ctx, access, []Item{item}); err != nil {
		return Whole{}, fault.Wrap(op, err)
	}
	whole := Whole{Item: item}
	if whole.Events, err = d.store.HeldEvents(ctx, ref); err != nil {
		return Whole{}, fault.Wrap(op, err)
	}
	d.judge(&whole.Item, whole.Events)
	if item.Kind == Suspense && item.Open > 0 {
		whole.SecondPerson = d.needsSecond(&item, item.Open)
		whole.Suggestions, err = d.suggest(ctx, access, &item)
	}
	return whole, fault.Wrap(op, err)
}

func (d *Desk) item(ctx context.Context, ref cashier.Ref) (Item, error) {
	if ref.Book.IsOperating() {
		entry, err := d.store.Suspense(ctx, ref.Book, ref.Seq)
		return ofEntry(&entry), err
	}
	all, err := d.store.UnappliedOf(ctx, ref.Book)
	for _, u := range all {
		if u.Seq == ref.Seq {
			return ofUnapplied(u), nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "", "no unapplied money stands under this reference")
	}
	return Item{}, err
}

// Name writes an item as screens and requests name it: the opaque id of its book, a
// colon, its number in the book.
func (d *Desk) Name(ctx context.Context, ref cashier.Ref) (string, error) {
	opaque, err := d.store.OpaqueOf(ctx, ref.Book)
	return fmt.Sprintf("%s:%d", opaque, ref.Seq), err
}

// Named reads what Name wrote. Invalid when it is none, NotFound when no book has the id.
func (d *Desk) Named(ctx context.Context, name string) (cashier.Ref, error) {
	const op = "suspense.Named"
	id, rest, _ := strings.Cut(name, ":")
	var seq int64
	if _, err := fmt.Sscanf(rest, "%d", &seq); err != nil || seq <= 0 {
		return cashier.Ref{}, fault.New(fault.Invalid, op, "this names no money that waits")
	}
	opaque, err := ident.ParseOpaque(id)
	if err != nil {
		return cashier.Ref{}, fault.Wrap(op, err)
	}
	book, err := d.store.BookOf(ctx, opaque)
	return cashier.Ref{Book: book, Seq: seq}, fault.Wrap(op, err)
}
