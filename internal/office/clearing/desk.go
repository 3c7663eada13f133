package clearing

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Store keeps entries, files and what came back.
type Store interface {
	Orders
	Files
	Validations
	Returns
	// Together runs acts and writes what they decided in one transaction. Conflict when
	// that cannot be; nothing is kept then, and each is done by itself.
	Together(ctx context.Context, acts func(ctx context.Context) error) error
}

// Cashier moves the money of entries.
type Cashier interface {
	Post(ctx context.Context, group []payment.Instruction, progress *cashier.Progress) ([]cashier.Outcome, error)
	Find(ctx context.Context, id payment.ID) (payment.Claim, cashier.Answer, error)
	Reverse(ctx context.Context, order cashier.Order, of cashier.Ref) (cashier.Done, error)
	ReverseAll(ctx context.Context, group []cashier.Reversing) ([]cashier.Undone, error)
}

// Approvals asks a second person.
type Approvals interface {
	Ask(ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string,
	) (approval.Request, error)
	Agreed(ctx context.Context, kind approval.Kind, subject string, digest [32]byte) (approval.Request, bool, error)
}

// House is what the desk must know of the installation.
type House interface {
	PurseOf(fund chart.Fund) chart.Purse
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Consents are the payers' payment methods and mandates, which what comes back changes.
// Each call is idempotent by its key.
type Consents interface {
	// Bounced tells that an entry came back, and what follows for method and mandate.
	Bounced(ctx context.Context, b Bounce) error
	// Validated tells that an account takes entries.
	Validated(ctx context.Context, book ledger.BookNo, method ident.Opaque, way mandate.Validation, on calendar.Date, key ident.Key) error
	// Account opens a method's bank account.
	Account(ctx context.Context, book ledger.BookNo, method ident.Opaque) (mandate.BankAccount, error)
	// Corrected replaces a method's account as a notification of change says, from the
	// next entry on.
	Corrected(ctx context.Context, book ledger.BookNo, method ident.Opaque, account mandate.BankAccount, key ident.Key, code string) error
}

// Bounce is an entry that came back.
type Bounce struct {
	Key     ident.Key
	Entry   Entry
	Code    string
	Consent Consequence
	Reason  mandate.Reason
	On      calendar.Date
	Again   bool // it is sent again by itself
	Actor   ident.Actor
}

// Payouts are the refunds that credits send.
type Payouts interface {
	// Sent tells that the file with a refund's credit was released.
	Sent(ctx context.Context, refund payment.ID, key ident.Key, on calendar.Date, by ident.Actor) error
	// Returned tells that a refund's credit came back.
	Returned(ctx context.Context, refund payment.ID, key ident.Key, code string, on calendar.Date, by ident.Actor) error
}

// Desk sends entries and takes what comes back.
type Desk struct {
	store     Store
	bank      Bank
	house     House
	cashier   Cashier
	approvals Approvals
	consents  Consents
	payouts   Payouts
	press     Press
	outbox    Outbox
	clock     clock.Clock
}

// Parts are what a desk works with.
type Parts struct {
	Store     Store
	Bank      Bank
	House     House
	Cashier   Cashier
	Approvals Approvals
	Press     Press
	Outbox    Outbox // nil for a desk that only looks
	Clock     clock.Clock
}

// New makes a desk. The bank was checked by whoever read it.
func New(p Parts) *Desk {
	return &Desk{
		store: p.Store, bank: p.Bank, house: p.House, cashier: p.Cashier, approvals: p.Approvals, press: p.Press, outbox: p.Outbox,
		clock: p.Clock,
	}
}

// Tell names who is told what becomes of entries. They order entries themselves, so that
// they can be made only after the desk.
func (d *Desk) Tell(consents Consents, payouts Payouts) { d.consents, d.payouts = consents, payouts }
