// Package checkout takes payments by card: from a payer's decision to money on
// the books, through every answer that a processor can give or fail to give.
//
// An attempt is one decision to pay. It has a leg per legal entity, because
// funds never mix: each is charged, captured, receipted, refunded and disputed
// by itself. All legs are authorised before any is captured; if one is
// declined, the others are released.
//
// A call to the processor is noted before it is made, so that a crash leaves a
// row that says what to ask. A lost answer is unknown, never a failure: the
// payer is told "we are checking; do not pay again", and a job enquires until it
// is known. A charge that is approved after its payer was told no is released.
// The notes that a processor sends are hints to enquire, and a sweep asks for
// those that did not come. An attempt in whose place its payer makes another is
// withdrawn first, and takes nothing from then on.
//
// The package knows no HTTP, no processor's own words and no SQL. Start reading
// at Desk.Pay.
package checkout

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Door is the way by which a payer came.
type Door string

// The doors.
const (
	DoorGuest Door = "guest" // the page without sign-in
	DoorAPI   Door = "api"
	// DoorPhone is a caller to whom a clerk gave a link to the processor's own page.
	DoorPhone Door = "phone"
	// DoorAutopay is no door of a payer's: a card that he stored is charged while he is
	// not there.
	DoorAutopay Door = "autopay"
)

// Draft is what a payer decided. Its ID makes it one payment: the same draft
// again is the same attempt, and another content under the same ID is refused.
type Draft struct {
	ID       ident.Opaque
	Door     Door
	Actor    ident.Actor
	Language string // BCP 47, in which the payer is told
	// Mail is where the receipt goes, or "". The store seals it.
	Mail  string
	Parts []Part
}

// Part is money for one number and fund.
type Part struct {
	Reference string // the number, in digits; the store seals it
	Fund      chart.Fund
	Amount    money.Cents
	Items     []payment.ItemRef // the items of a bill, or none
}

// Amount is the sum of the parts.
func (d *Draft) Amount() money.Cents {
	var sum money.Cents
	for _, p := range d.Parts {
		sum += p.Amount
	}
	return sum
}

// State is where an attempt stands.
type State string

// The states.
const (
	Ready     State = "ready"     // decided, no card yet, or declined and open for another card
	Paying    State = "paying"    // a call to the processor is under way
	Checking  State = "checking"  // unknown: the payer must not pay again
	Paid      State = "paid"      // captured and on the books
	Declined  State = "declined"  // the last card was declined; another may be tried
	Abandoned State = "abandoned" // nothing was taken, and nothing can be taken any more
)

// Attempt is one payment by card on its way.
type Attempt struct {
	Draft
	State     State
	Legs      []Leg
	Token     string       // the card as the payer entered it, until it is kept, or ""
	Kept      string       // the credential in use, or ""; it is forgotten at the end, unless it is a stored card's
	Method    ident.Opaque // the stored card, of an attempt that its holder is not there for
	Decline   Decline      // of the last card, when declined
	Cards     int          // how many were tried
	CreatedAt time.Time
	ChangedAt time.Time
	TriedAt   time.Time // when the payer last entered a card; zero when he has not
	LookAt    time.Time // when a job looks at it next; zero when nothing is due
	Looks     int       // how often a job has looked since the last change
	Version   int64     // for the store: counts changes
	// Held says that a worker is at it until LookAt. If it is still held then, the
	// worker is gone.
	Held bool
	// ToldNo says that the payer was told that nothing was taken. What is approved
	// after that is released, and he is told so.
	ToldNo bool
	// Late says that an approval came after that and was released.
	Late bool
	// Warned says that the payer was told that we are checking.
	Warned   bool
	Payment  payment.ID    // once paid
	Received calendar.Date // the day that counts for the payer: when he entered the card

	News  []News   // of which the payer has yet to be told
	Loose []Loose  // what earlier cards left at the processor and is not known to be ended
	Drop  []string // credentials of earlier cards, to be forgotten
}

// Taken is what was captured.
func (a *Attempt) Taken() money.Cents {
	var sum money.Cents
	for i := range a.Legs {
		if a.Legs[i].State == LegCaptured {
			sum += a.Legs[i].Amount
		}
	}
	return sum
}

// News is something of which the payer is told once.
type News string

// The news.
const (
	NewsReceipt  News = "receipt"   // he saw it paid; the receipt is due
	NewsChecking News = "checking"  // it is not known yet; he must not pay again
	NewsPaid     News = "paid"      // we were checking, and it is paid
	NewsNotTaken News = "not_taken" // we were checking, and nothing was taken
	NewsReleased News = "released"  // approved after he was told no, and released
	// NewsDeclined is for those who ordered a stored card to be charged.
	NewsDeclined News = "declined"
)

// Teller tells a payer what became of his payment. An error means that he was
// not told; it is tried again. After a crash the same news may come twice for an
// attempt, and is then for the teller to tell once.
type Teller interface {
	Tell(ctx context.Context, a Attempt, news News) error
}

// LegState is where one charge stands in our own books.
type LegState string

// The states of a leg. The ones that end in -ing were written before the call.
const (
	LegNew         LegState = "new"
	LegOpening     LegState = "opening"
	LegOpened      LegState = "opened"
	LegAuthorising LegState = "authorising"
	LegAuthorised  LegState = "authorised"
	LegCapturing   LegState = "capturing"
	LegCaptured    LegState = "captured"
	LegVoiding     LegState = "voiding"
	LegVoided      LegState = "voided"
	LegDeclined    LegState = "declined"
)

// Leg is the charge of one legal entity.
type Leg struct {
	No       int // from 1
	Purse    chart.Purse
	Merchant string
	Amount   money.Cents
	Parts    []int // of the draft, by index
	State    LegState
	Charge   ChargeRef
	Page     Page // on the processor's own page, when one was opened
	Card     Card
	Refunded money.Cents
	// Round counts how often a call was certainly not done. It is part of the next
	// call's key, so that a processor which remembers its failures does not answer
	// with an old one.
	Round int
	// Taking says that a capture was asked for: only a capture or a void that the
	// processor tells of settles it then.
	Taking bool
}

// Loose is a charge or page of an earlier card that is not known to be ended.
type Loose struct {
	Leg    int       `json:"leg"`
	Try    int       `json:"try"` // which card it was
	Round  int       `json:"round,omitempty"`
	Charge ChargeRef `json:"charge,omitzero"`
	Page   string    `json:"page,omitempty"` // when no charge of it is known
	// Refused says that the payer was told no about it: an approval is late then.
	Refused bool `json:"refused,omitempty"`
}

// ErrMoved is returned by Store when a row was changed since it was loaded.
// Nothing was written.
var ErrMoved = errors.New("it was changed meanwhile")

// Store keeps attempts. Its methods return errors of package fault.
type Store interface {
	// NewAttempt adds an attempt. Conflict when its id is there already.
	NewAttempt(ctx context.Context, a *Attempt) error
	// Attempt loads one. NotFound when there is none.
	Attempt(ctx context.Context, id ident.Opaque) (Attempt, error)
	// AttemptOfCharge finds the attempt of a charge at the processor, of an earlier
	// card too. NotFound when there is none.
	AttemptOfCharge(ctx context.Context, ref ChargeRef) (ident.Opaque, error)
	// SaveAttempt writes an attempt that was loaded at Version and counts it up.
	// ErrMoved when it was changed meanwhile; nothing was written.
	SaveAttempt(ctx context.Context, a *Attempt) error
	// DueAttempts gives the attempts whose LookAt has come, oldest first.
	DueAttempts(ctx context.Context, now time.Time, limit int) ([]ident.Opaque, error)
	// UnclearAttempts gives what is being checked since the payer entered a card at
	// an instant or before, oldest first.
	UnclearAttempts(ctx context.Context, triedBy time.Time, limit int) ([]ident.Opaque, error)
	// CardBook gives the operating book of card payments on a posting day, and opens
	// it with the day's first.
	CardBook(ctx context.Context, day calendar.Date) (ledger.BookNo, error)
	// SweptTo gives up to when a merchant's past notices were followed; zero when
	// they never were.
	SweptTo(ctx context.Context, merchant string) (time.Time, error)
	// SaveSwept writes that. Of two that write at once, either may count.
	SaveSwept(ctx context.Context, merchant string, to time.Time) error

	CaseStore
	PayoutStore
	PullStore
}
