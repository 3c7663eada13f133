package checkout

import (
	"context"
	"net/http"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
)

// Processor is a card processor, in words that every processor can be put into.
// A card number never reaches it from here: cards travel as tokens that the
// processor's own fields or page made.
//
// An error says what is known of the money:
//   - fault.UnknownOutcome: the answer was lost; whether it was done is not known.
//   - fault.Unavailable: it was certainly not done, and may be tried again.
//   - fault.Invalid, NotFound, Conflict, Denied, Internal: it was refused, not done.
//
// A decline is no error but an answer. Every call that moves money takes a key
// under which the processor does it once, however often it is asked.
type Processor interface {
	// Open registers a charge and moves nothing. The same order and key give the
	// same reference.
	Open(ctx context.Context, order ChargeOrder, key ident.Key) (ChargeRef, error)
	// Authorise asks the issuer to hold the charge's amount on a card.
	Authorise(ctx context.Context, ref ChargeRef, with Method, key ident.Key) (Charge, error)
	// Capture takes an authorised charge's whole amount.
	Capture(ctx context.Context, ref ChargeRef, key ident.Key) (Charge, error)
	// Void ends a charge that was not captured, so that it can never take money: an
	// opened one is closed, an authorised one is released. Conflict when it was captured.
	Void(ctx context.Context, ref ChargeRef, key ident.Key) (Charge, error)
	// Enquire tells how a charge stands now. NotFound when the processor never heard of it.
	Enquire(ctx context.Context, ref ChargeRef) (Charge, error)

	// Refund sends part or all of a captured charge back to its card.
	Refund(ctx context.Context, order RefundOrder, key ident.Key) (Refund, error)
	// EnquireRefund tells how a refund stands now.
	EnquireRefund(ctx context.Context, merchant, id string) (Refund, error)
	// EnquireDispute tells how a dispute stands now.
	EnquireDispute(ctx context.Context, merchant, id string) (Dispute, error)

	// Card tells what may be shown of the card behind a token.
	Card(ctx context.Context, token string) (Card, error)
	// Keep turns a token, which is good for once, into a credential that can be
	// charged for every legal entity. Whoever keeps one for a single payment forgets
	// it afterwards. An issuer may decline already here.
	Keep(ctx context.Context, token string, key ident.Key) (Kept, error)
	// Forget drops a kept credential. It is no error when it is gone already.
	Forget(ctx context.Context, credential string) error

	// OpenPage makes the processor's own page, for payers whose browser runs no
	// script: there the card is entered and the charge authorised.
	OpenPage(ctx context.Context, order PageOrder, key ident.Key) (Page, error)
	// EnquirePage tells what became of such a page.
	EnquirePage(ctx context.Context, id string) (Page, error)
	// ClosePage ends a page that was not used, so that it can take no card any more.
	ClosePage(ctx context.Context, id string) error

	// ReadNotice checks the signature and age of what the processor sent by itself
	// and reads it. Denied when the signature is not good. A notice is a hint to
	// enquire and never the truth: it may be late, repeated or out of order.
	ReadNotice(header http.Header, body []byte) (Notice, error)
	// PastNotices gives what happened to a merchant's refunds and disputes since an
	// instant, oldest first, whether notice of it came or not. The processor does not
	// remember for ever; what it has forgotten is left out.
	PastNotices(ctx context.Context, merchant string, since time.Time) ([]Notice, error)

	// Payouts gives what was paid out for a merchant since an instant, oldest first.
	Payouts(ctx context.Context, merchant string, since time.Time) ([]Payout, error)
	// PayoutLines gives what a payout is made of, in the processor's order.
	PayoutLines(ctx context.Context, merchant, payout string) ([]SettlementLine, error)
	// SubmitEvidence answers a dispute. The network takes one answer, so that nothing
	// can be added afterwards.
	SubmitEvidence(ctx context.Context, merchant, dispute string, evidence Evidence, key ident.Key) (Dispute, error)

	// Store is Keep for a card that is charged later without its holder being there,
	// as he agreed: the issuer is asked under the networks' stored-credential rules
	// while he is, and the processor keeps what later charges refer to.
	Store(ctx context.Context, token string, key ident.Key) (Kept, error)
	// StoredCard tells what may be shown of a stored card now: networks give issuers'
	// new numbers and dates to the processor. NotFound when it is gone.
	StoredCard(ctx context.Context, credential string) (Card, error)
}

// ChargeOrder is one charge for one legal entity.
type ChargeOrder struct {
	Attempt  ident.Opaque
	Leg      int    // from 1
	Merchant string // the entity's merchant id at the processor
	Amount   money.Cents
}

// ChargeRef names a charge at the processor.
type ChargeRef struct {
	Merchant string
	ID       string
}

// Method is the card to charge.
type Method struct {
	Credential string // what Keep gave
	// OffSession says that the payer is not there and agreed before: a
	// merchant-initiated transaction by the networks' stored-credential rules.
	OffSession bool
}

// Kept is a card that can be charged again.
type Kept struct {
	Credential string
	Card       Card
	Decline    *Decline // when the issuer refused it; Credential is then ""
}

// ChargeStatus is how a charge stands at the processor.
type ChargeStatus string

// The statuses.
const (
	ChargeOpened     ChargeStatus = "opened"     // nothing held
	ChargePending    ChargeStatus = "pending"    // the issuer has not answered
	ChargeAuthorised ChargeStatus = "authorised" // held, not taken
	ChargeCaptured   ChargeStatus = "captured"
	ChargeDeclined   ChargeStatus = "declined" // may be tried with another card
	ChargeVoided     ChargeStatus = "voided"
)

// Charge is how a charge stands.
type Charge struct {
	Ref      ChargeRef
	Status   ChargeStatus
	Amount   money.Cents
	Captured money.Cents
	Refunded money.Cents
	Decline  Decline // of the last try, when declined
	Card     Card
}

// Decline is why an issuer or processor said no.
type Decline struct {
	Class   DeclineClass
	Code    string // the processor's word
	Network string // the network's response code ("51", "R1"), or ""
	Advice  string // the network's advice on trying again ("03", "24"), or ""
}

// DeclineClass says what a payer may do next (payment-rails, cards).
type DeclineClass string

// The classes.
const (
	DeclineHard      DeclineClass = "hard"      // this card never; use another
	DeclineData      DeclineClass = "data"      // expired, wrong code or number: correct it
	DeclineFunds     DeclineClass = "funds"     // not enough money or above a limit
	DeclineTechnical DeclineClass = "technical" // nobody's decision: try again
	DeclineIssuer    DeclineClass = "issuer"    // the bank wants more or gives no reason
)

// DeclineClasses lists every class.
func DeclineClasses() []DeclineClass {
	return []DeclineClass{DeclineHard, DeclineData, DeclineFunds, DeclineTechnical, DeclineIssuer}
}

// Card is what may be shown and compared of a card.
type Card struct {
	Brand       string `json:"brand"` // "visa", "mastercard", ... or ""
	Last4       string `json:"last4"`
	Funding     string `json:"funding"`     // "credit", "debit", "prepaid" or ""
	Fingerprint string `json:"fingerprint"` // the processor's own digest: the same for the same card
	ExpiryMonth int    `json:"expiry_month"`
	ExpiryYear  int    `json:"expiry_year"`
}

// Expires is the last month in which the card is good; zero when that is not told.
func (c Card) Expires() calendar.Month {
	if c.ExpiryYear == 0 || c.ExpiryMonth == 0 {
		return calendar.Month{}
	}
	return calendar.MonthIn(c.ExpiryYear, time.Month(c.ExpiryMonth))
}

// RefundOrder sends money of a captured charge back.
type RefundOrder struct {
	Charge ChargeRef
	Amount money.Cents
	Reason string // for our own records at the processor; no personal data
}

// RefundStatus is how a refund stands.
type RefundStatus string

// The statuses.
const (
	RefundPending RefundStatus = "pending"
	RefundSent    RefundStatus = "sent"
	RefundFailed  RefundStatus = "failed" // the card is closed: another way must be found
)

// Refund is how a refund stands.
type Refund struct {
	ID     string
	Charge ChargeRef
	Amount money.Cents
	Status RefundStatus
}

// DisputeStatus is how a dispute stands.
type DisputeStatus string

// The statuses.
const (
	DisputeOpen DisputeStatus = "open" // the money is taken back until it is decided
	DisputeWon  DisputeStatus = "won"
	DisputeLost DisputeStatus = "lost"
	// DisputeInquiry is a question of the bank before a dispute, or one that came to
	// nothing: no money has moved.
	DisputeInquiry DisputeStatus = "inquiry"
)

// Dispute is a payer's objection at the bank: a chargeback.
type Dispute struct {
	ID         string
	Charge     ChargeRef
	Amount     money.Cents
	Status     DisputeStatus
	Reason     string    // the network's word
	OpenedAt   time.Time // at the processor
	EvidenceBy time.Time // zero when nothing is due
	// Answered says that evidence was sent, so that no more is taken.
	Answered bool
}

// Evidence answers a dispute. It says nothing of a person's health or coverage:
// neither which items were paid nor for whom.
type Evidence struct {
	Product      string // what was sold, in general words
	ServiceDate  string // the day that counts for the payer, ISO
	Explanation  string // the payment's own course: when, by which way, receipt number
	Duplicate    string // of a charge that is said to be one of two: why it is not
	Cancellation string // of a consent that is said to be withdrawn: how it can be, and was not
}

// PageOrder is one charge on the processor's own page.
type PageOrder struct {
	Charge   ChargeOrder
	Language string // BCP 47
	Title    string // what is paid for, without personal data: "Premium"
	Done     string // where the payer is sent when the card was entered
	Back     string // where he is sent when he turns back
}

// PageStatus is how a hosted page stands.
type PageStatus string

// The statuses.
const (
	PageOpen    PageStatus = "open"
	PageDone    PageStatus = "done"
	PageExpired PageStatus = "expired"
)

// Page is a hosted page.
type Page struct {
	ID     string
	URL    string // where the payer's browser goes
	Status PageStatus
	Charge ChargeRef // once a card was entered
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds.
const (
	NoticeCharge  NoticeKind = "charge"
	NoticePage    NoticeKind = "page"
	NoticeRefund  NoticeKind = "refund"
	NoticeDispute NoticeKind = "dispute"
	NoticePayout  NoticeKind = "payout"
	NoticeMethod  NoticeKind = "method" // a stored card is another now
	NoticeOther   NoticeKind = "other"  // nothing that we act on
)

// Notice is what a processor sends by itself.
type Notice struct {
	ID      string // the processor's own
	Kind    NoticeKind
	Charge  ChargeRef    // of a charge, refund or dispute; of a payout the merchant only
	Subject string       // the page's, refund's, dispute's or payout's id; a stored card's credential
	Attempt ident.Opaque // from the charge's own data, or ""
	Leg     int
	At      time.Time // when it happened; zero when that is not told
}

// Merchants tells a legal entity's merchant id at the processor, and the purse
// in which its money arrives.
type Merchants interface {
	MerchantOf(entity chart.EntityNo) (merchant string, purse chart.Purse, ok bool)
	// MerchantIDs lists every merchant id once.
	MerchantIDs() []string
}
