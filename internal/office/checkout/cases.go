package checkout

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Share is what one part of a payment gives to a refund or loses to a dispute.
type Share struct {
	Part   int         `json:"part"` // of the draft, by index
	At     cashier.Ref `json:"at"`   // where its money stands in the books
	Amount money.Cents `json:"amount"`
	// Over says that it is taken from unapplied money only, and off no item.
	Over bool `json:"over,omitempty"`
}

// CaseState is where a refund stands in our own books.
type CaseState string

// The states of a refund.
const (
	CaseBooking   CaseState = "booking"   // its money is on the way to refunds payable
	CaseSending   CaseState = "sending"   // the processor is asked, and has not told what became of it
	CaseWaiting   CaseState = "waiting"   // the processor has it and has not sent it
	CaseSent      CaseState = "sent"      // on its way to the card
	CaseFailed    CaseState = "failed"    // it cannot be sent; its money stays in refunds payable
	CaseCancelled CaseState = "cancelled" // given up; its money is the payer's again
)

// RefundCase is money of one leg going back to its card.
type RefundCase struct {
	Attempt   ident.Opaque
	No        int // from 1, within the attempt
	Leg       int
	Amount    money.Cents
	Shares    []Share
	State     CaseState
	Processor string // the processor's id, once known
	// Elsewhere says that it was made at the processor's own dashboard and noticed.
	Elsewhere bool
	Order     cashier.Order
	Problem   string // for staff: what keeps it, or ""
	CreatedAt time.Time
	ChangedAt time.Time
	LookAt    time.Time // when a job looks at it next; zero when nothing is due
	Looks     int
	Version   int64
}

// counts reports whether the refund takes from what its charge brought.
func (r *RefundCase) counts() bool { return r.State != CaseFailed && r.State != CaseCancelled }

// DisputeCase is a chargeback of one leg.
type DisputeCase struct {
	Dispute
	Attempt ident.Opaque
	Leg     int
	Shares  []Share
	Booked  bool // the money was taken off what it had paid
	// Excess is what of it found nothing to be taken from, because it had gone back
	// already. It stands on the clearing account until it is written off or won.
	Excess     money.Cents
	WrittenOff bool
	EvidenceAt time.Time // when evidence was sent; zero when none was
	Restored   bool      // the dispute was won, and the money is placed again
	Problem    string    // for staff: what keeps it, or ""
	CreatedAt  time.Time
	ChangedAt  time.Time
	LookAt     time.Time
	Looks      int
	Version    int64
}

// counts reports whether the dispute takes from what its charge brought.
func (d *DisputeCase) counts() bool { return d.Status == DisputeOpen || d.Status == DisputeLost }

// CaseStore keeps refunds and disputes.
type CaseStore interface {
	// NewRefund adds a refund. ErrMoved when its number was given meanwhile.
	NewRefund(ctx context.Context, r *RefundCase) error
	// RefundsOf lists an attempt's refunds by number.
	RefundsOf(ctx context.Context, attempt ident.Opaque) ([]RefundCase, error)
	// SaveRefund writes a refund that was loaded at Version and counts it up, or ErrMoved.
	SaveRefund(ctx context.Context, r *RefundCase) error
	// DueRefunds lists the refunds whose LookAt has come, oldest first.
	DueRefunds(ctx context.Context, now time.Time, limit int) ([]RefundCase, error)
	// StuckRefunds lists those that wait for staff, oldest first.
	StuckRefunds(ctx context.Context, limit int) ([]RefundCase, error)

	// NewDispute adds a dispute. ErrMoved when it was added meanwhile.
	NewDispute(ctx context.Context, d *DisputeCase) error
	// DisputesOf lists an attempt's disputes, oldest first.
	DisputesOf(ctx context.Context, attempt ident.Opaque) ([]DisputeCase, error)
	// SaveDispute writes a dispute that was loaded at Version and counts it up, or ErrMoved.
	SaveDispute(ctx context.Context, d *DisputeCase) error
	// DueDisputes lists the disputes whose LookAt has come, oldest first.
	DueDisputes(ctx context.Context, now time.Time, limit int) ([]DisputeCase, error)
	// OpenDisputes lists those that are open or wait for staff, by the date on which
	// evidence is due.
	OpenDisputes(ctx context.Context, limit int) ([]DisputeCase, error)
	// HoldDisputed notes that what the act of a claim takes does not count against
	// anybody's coverage before the dispute is decided. The same again does nothing.
	HoldDisputed(ctx context.Context, claim payment.ID, dispute string) error
	// DecideDisputed notes the day on which it was decided, once.
	DecideDisputed(ctx context.Context, claim payment.ID, on calendar.Date) error
	// ExcessDisputes lists those that took more than was left, that were not won, and
	// whose excess is not written off, oldest first.
	ExcessDisputes(ctx context.Context, limit int) ([]DisputeCase, error)
}
