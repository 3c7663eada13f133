package processor

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// card is what may be kept of a card.
type card struct {
	Brand       string `json:"brand"`
	Last4       string `json:"last4"`
	Funding     string `json:"funding"`
	Fingerprint string `json:"fingerprint"` // keyed digest of the number
	Month       int    `json:"month"`
	Year        int    `json:"year"`
}

type customer struct {
	ID       string            `json:"id"`
	Account  string            `json:"account,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Created  int64             `json:"created"`
	Deleted  bool              `json:"deleted,omitempty"`
}

// method is a payment method: a card behind a token.
type method struct {
	ID        string             `json:"id"`
	Account   string             `json:"account,omitempty"`
	Card      card               `json:"card"`
	Behaviour testcard.Behaviour `json:"behaviour"`
	Customer  string             `json:"customer,omitempty"`
	Created   int64              `json:"created"`
	// Spent says that it may not be used again: it was charged or cloned without a
	// customer, or detached from one.
	Spent bool `json:"spent,omitempty"`
}

// intentStatus is Stripe's status of a payment intent.
type intentStatus string

const (
	needsMethod  intentStatus = "requires_payment_method"
	needsAction  intentStatus = "requires_action"
	needsCapture intentStatus = "requires_capture"
	succeeded    intentStatus = "succeeded"
	canceled     intentStatus = "canceled"
)

// intent is a payment intent.
type intent struct {
	ID           string            `json:"id"`
	Secret       string            `json:"secret"`
	Account      string            `json:"account,omitempty"`
	Amount       money.Cents       `json:"amount"`
	Received     money.Cents       `json:"received,omitempty"`
	Status       intentStatus      `json:"status"`
	Customer     string            `json:"customer,omitempty"`
	Method       string            `json:"method,omitempty"`
	Charge       string            `json:"charge,omitempty"` // the latest
	Metadata     map[string]string `json:"metadata,omitempty"`
	Created      int64             `json:"created"`
	CanceledAt   int64             `json:"canceled_at,omitempty"`
	CancelReason string            `json:"cancel_reason,omitempty"`
	LastDecline  *decline          `json:"last_decline,omitempty"`
	// HeldUntil is when an uncaptured authorisation ends by itself.
	HeldUntil time.Time `json:"held_until,omitzero"`
	// LateAt is when a declined charge is approved after all, with LateMethod.
	LateAt     time.Time `json:"late_at,omitzero"`
	LateMethod string    `json:"late_method,omitempty"`
}

// decline is why a card was refused, in Stripe's words.
type decline struct {
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"`
	Message     string `json:"message"`
	Charge      string `json:"charge,omitempty"`
	Method      string `json:"method,omitempty"`
}

// charge is one asking of the issuer.
type charge struct {
	ID       string            `json:"id"`
	Account  string            `json:"account,omitempty"`
	Intent   string            `json:"intent"`
	Method   string            `json:"method"`
	Card     card              `json:"card"`
	Amount   money.Cents       `json:"amount"`
	Captured money.Cents       `json:"captured,omitempty"`
	Refunded money.Cents       `json:"refunded,omitempty"` // Stripe counts what was released here, too
	Metadata map[string]string `json:"metadata,omitempty"`
	Created  int64             `json:"created"`
	Decline  *decline          `json:"decline,omitempty"` // when it failed
	Dispute  string            `json:"dispute,omitempty"`
	// DisputeAt is when its holder disputes it, for DisputeReason.
	DisputeAt     time.Time `json:"dispute_at,omitzero"`
	DisputeReason string    `json:"dispute_reason,omitempty"`
}

func (c *charge) isCaptured() bool { return c.Captured > 0 }

// refundStatus is Stripe's status of a refund.
type refundStatus string

const (
	refundPending   refundStatus = "pending"
	refundSucceeded refundStatus = "succeeded"
	refundFailed    refundStatus = "failed"
)

type refund struct {
	ID       string            `json:"id"`
	Account  string            `json:"account,omitempty"`
	Charge   string            `json:"charge"`
	Intent   string            `json:"intent"`
	Amount   money.Cents       `json:"amount"`
	Reason   string            `json:"reason,omitempty"`
	Status   refundStatus      `json:"status"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Created  int64             `json:"created"`
	// ChangeAt is when it turns into ChangeTo by itself.
	ChangeAt time.Time    `json:"change_at,omitzero"`
	ChangeTo refundStatus `json:"change_to,omitempty"`
}

// disputeStatus is Stripe's status of a dispute.
type disputeStatus string

const (
	disputeOpen disputeStatus = "needs_response"
	disputeHeld disputeStatus = "under_review" // it was answered
	disputeWon  disputeStatus = "won"
	disputeLost disputeStatus = "lost"
)

// isOpen reports whether it is not decided.
func (s disputeStatus) isOpen() bool { return s == disputeOpen || s == disputeHeld }

type dispute struct {
	ID      string        `json:"id"`
	Account string        `json:"account,omitempty"`
	Charge  string        `json:"charge"`
	Intent  string        `json:"intent"`
	Amount  money.Cents   `json:"amount"`
	Reason  string        `json:"reason"`
	Status  disputeStatus `json:"status"`
	Created int64         `json:"created"`
	DueBy   int64         `json:"due_by"`
	// Evidence is what the merchant sent, once: nothing is taken afterwards.
	Evidence map[string]string `json:"evidence,omitempty"`
	Answered bool              `json:"answered,omitempty"`
}

// sessionStatus is Stripe's status of a checkout session.
type sessionStatus string

const (
	sessionOpen     sessionStatus = "open"
	sessionComplete sessionStatus = "complete"
	sessionExpired  sessionStatus = "expired"
)

// session is a hosted page for one charge.
type session struct {
	ID             string            `json:"id"`
	Account        string            `json:"account,omitempty"`
	URL            string            `json:"url"`
	Title          string            `json:"title"` // what is paid for
	Amount         money.Cents       `json:"amount"`
	Status         sessionStatus     `json:"status"`
	Intent         string            `json:"intent,omitempty"` // once a card was entered
	IntentMetadata map[string]string `json:"intent_metadata,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	Reference      string            `json:"reference,omitempty"`
	Locale         string            `json:"locale,omitempty"`
	Success        string            `json:"success"`
	Back           string            `json:"back"`
	Created        int64             `json:"created"`
	ExpiresAt      int64             `json:"expires_at"`
}

// newID makes an id as Stripe forms them: a prefix that says what it names, and
// randomness.
func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()) }
