// Package refund carries out what package payments/refund decides: it takes requests
// for money to go back, has a second person agree to large ones, takes the money off
// the billing account, sends it by its tender, and begins anew with the next tender
// when it comes back.
//
// It knows billing accounts, requests, checks and the runs that find credit balances
// and duties. It knows no processor, no clearing house file, no PDF and no SQL: the
// desks of those carry out, and tell what became of it.
//
// Invariants:
//   - Each step is written with who made it and why, in the transaction of its change.
//   - Money moves in the books under keys made of the refund's id and its try, so a run
//     that was killed goes on where it stood.
//   - A refund above the limit moves nothing before a second person agreed to exactly it.
//   - Checks of an account are numbered without a gap, and no number is given twice. The
//     bank is told of every number.
//
// Start reading at Desk.Request, then Desk.Run in run.go and Desk.MakeChecks in check.go.
package refund

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/member"
)

// ErrMoved says that a row changed since it was read. Nothing was written.
var ErrMoved = errors.New("the refund changed since it was read")

// Change is a refund as it becomes, with the step that it takes. A Version of 0 makes
// a new one.
type Change struct {
	Refund back.Refund
	Step   back.Event
}

// Filter picks refunds. Zero values pick all.
type Filter struct {
	States []back.State
	Book   ledger.BookNo
	Tender back.Tender
	After  payment.ID // of the order of ids
	Limit  int
}

// CreditRow is what lies unapplied in one fund of a billing account.
type CreditRow struct {
	Book ledger.BookNo
	back.Credit
	Purse chart.Purse
}

// DutyRow is a refund of premium that a payment status made due.
type DutyRow struct {
	Policy coverage.Key
	Key    string
	Amount money.Cents
	On     calendar.Date // the status made it due on that day
	DueBy  calendar.Date
}

// Payee is to whom a check or a letter goes.
type Payee struct {
	Name    string
	Estate  bool
	Address member.Address
}

// Store keeps refunds and what of billing accounts they depend on. Its errors are of
// package fault, and ErrMoved.
type Store interface {
	// ChangeRefunds writes changes together. New ones whose id is known are passed
	// over; it gives how many were new. ErrMoved when one of the others was changed
	// meanwhile.
	ChangeRefunds(ctx context.Context, changes []Change) (int, error)
	// RefundRequest gives a refund. NotFound when there is none.
	RefundRequest(ctx context.Context, id payment.ID) (back.Refund, error)
	// RefundRequests lists refunds by id.
	RefundRequests(ctx context.Context, f Filter) ([]back.Refund, error)
	// RefundSteps lists what happened to a refund, the first step first.
	RefundSteps(ctx context.Context, id payment.ID) ([]back.Event, error)
	// CreditRows lists what lies unapplied since a day or longer in accounts of members
	// and payers that are open, owe nothing in that fund, and of which no refund of the
	// fund is under way, by book and fund, after an account.
	CreditRows(ctx context.Context, since calendar.Date, after ledger.BookNo, limit int) ([]CreditRow, error)
	// RefundDuties lists duties to refund that have no refund yet, by policy.
	RefundDuties(ctx context.Context, limit int) ([]DutyRow, error)
	// ValidatedMethod gives the bank account of a billing account that was validated
	// last and can be used; "" when there is none.
	ValidatedMethod(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)
	// Payees gives to whom checks of billing accounts go; those without a name or an
	// address on file are absent.
	Payees(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]Payee, error)

	CheckStore
}

// Books are the cashier's acts on money that goes back.
type Books interface {
	Overs(ctx context.Context, book ledger.BookNo) ([]cashier.Over, error)
	Came(ctx context.Context, at cashier.Ref) (cashier.Over, error)
	Stands(ctx context.Context, part cashier.Ref) ([]cashier.Stand, error)
	Find(ctx context.Context, id payment.ID) (payment.Claim, cashier.Answer, error)
	RefundFrom(ctx context.Context, order cashier.Order, takes []cashier.Take) (cashier.Done, error)
	RefundSentBy(ctx context.Context, order cashier.Order, refund payment.ID, by cashier.Tender) (cashier.Done, error)
	RefundFailed(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundCancelled(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundUnclaimed(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundReclaimed(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundRemitted(ctx context.Context, order cashier.Order, refund payment.ID, by cashier.Tender) (cashier.Done, error)
}

// Cards send refunds to cards.
type Cards interface {
	PaidBy(ctx context.Context, id payment.ID, part int) (checkout.CardPart, error)
	RefundShares(ctx context.Context, order cashier.Order, attempt ident.Opaque, leg int, shares []checkout.Share) (checkout.RefundCase, error)
	RefundOf(ctx context.Context, attempt ident.Opaque, no int) (checkout.RefundCase, error)
	CancelRefund(ctx context.Context, order cashier.Order, attempt ident.Opaque, no int) (checkout.RefundCase, error)
	Exceptions(ctx context.Context) (checkout.Exceptions, error)
}

// Clearing sends credits through the clearing house.
type Clearing interface {
	Order(ctx context.Context, o clearing.Order) (clearing.Entry, error)
	Cancel(ctx context.Context, ref clearing.EntryRef, by ident.Actor, reason string) (clearing.Entry, error)
}

// Entries finds what was sent through the clearing house.
type Entries interface {
	BankMethod(ctx context.Context, book ledger.BookNo, method ident.Opaque) (clearing.Method, error)
	EntriesOf(ctx context.Context, book ledger.BookNo) ([]clearing.Entry, error)
}

// Approvals has second persons agree.
type Approvals interface {
	Ask(
		ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string,
	) (approval.Request, error)
	Request(ctx context.Context, id ident.Opaque) (approval.Request, error)
	Agreed(ctx context.Context, kind approval.Kind, subject string, digest [32]byte) (approval.Request, bool, error)
	Decide(ctx context.Context, id ident.Opaque, by ident.Actor, agree bool, note string) (approval.Request, error)
}

// House is what the desk must know of the installation.
type House interface {
	PurseOf(fund chart.Fund) chart.Purse
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Options say by which rules the desk works.
type Options struct {
	DualControlAbove money.Cents // a larger refund needs a second person; 0 means every refund
	Rules            back.Rules
	Accounts         []CheckAccount
	Cards            Cards    // nil when the plan takes no cards
	Clearing         Clearing // nil when it sends nothing through the clearing house
	Entries          Entries  // of the clearing house; nil with Clearing
	Press            Press    // of checks; nil where none are made
}

// Desk carries refunds out.
type Desk struct {
	store     Store
	books     Books
	approvals Approvals
	house     House
	clock     clock.Clock
	o         Options
}

// New makes a desk.
func New(store Store, books Books, approvals Approvals, house House, clk clock.Clock, o Options) *Desk {
	if o.Rules == nil {
		o.Rules = back.DefaultRules()
	}
	return &Desk{store, books, approvals, house, clk, o}
}

// Refund gives a refund and its steps. NotFound when there is none.
func (d *Desk) Refund(ctx context.Context, id payment.ID) (back.Refund, []back.Event, error) {
	r, err := d.store.RefundRequest(ctx, id)
	if err != nil {
		return r, nil, fault.Wrap("refund.Refund", err)
	}
	steps, err := d.store.RefundSteps(ctx, id)
	return r, steps, fault.Wrap("refund.Refund", err)
}

// List lists refunds by id.
func (d *Desk) List(ctx context.Context, f Filter) ([]back.Refund, error) {
	all, err := d.store.RefundRequests(ctx, f)
	return all, fault.Wrap("refund.List", err)
}

// step makes the change of a refund to a state.
func (d *Desk) step(r *back.Refund, by ident.Actor, to back.State, note string) Change {
	now := d.clock.Now()
	next := *r
	next.State, next.ChangedAt = to, now
	return Change{Refund: next, Step: back.Event{At: now, By: by, State: to, Note: note}}
}

// take writes one change and gives the refund as it is then.
func (d *Desk) take(ctx context.Context, c Change) (back.Refund, error) {
	_, err := d.store.ChangeRefunds(ctx, []Change{c})
	if errors.Is(err, ErrMoved) {
		return c.Refund, &fault.Error{Kind: fault.Conflict, Op: "refund.take", Err: ErrMoved, Hint: "Look at it again."}
	}
	c.Refund.Version++
	return c.Refund, err
}

// order is what the cashier is told of one step.
func (d *Desk) order(r *back.Refund, by ident.Actor, step string) cashier.Order {
	return cashier.Order{Key: stepKey(r, step), Actor: by, Reason: r.Reason}
}
