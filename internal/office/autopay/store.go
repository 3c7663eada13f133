package autopay

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// ErrMoved is returned when what is changed was changed by somebody else since it was
// read; deciding again on what stands now is safe.
var ErrMoved = errors.New("the mandate or payment method was changed meanwhile")

// Store keeps payment methods, mandates and what they make due. Its methods return
// errors of package fault, or ErrMoved.
type Store interface {
	audit.Store
	registry.Directory

	// KeepMethod keeps a payment method and how it came about. Conflict when its id is taken.
	KeepMethod(ctx context.Context, m mandate.Method, e mandate.Event) error
	// Method opens a payment method. NotFound when the book has none of that id.
	Method(ctx context.Context, book ledger.BookNo, id ident.Opaque) (mandate.Method, error)
	// Methods lists the payment methods of a book as they may be shown: unopened.
	Methods(ctx context.Context, book ledger.BookNo) ([]mandate.Method, error)
	// EndMethod takes a method out of use, for the event's reason.
	EndMethod(ctx context.Context, book ledger.BookNo, id ident.Opaque, state mandate.MethodState, e mandate.Event) error

	// ReplaceMethod puts another account in the place of one, under the same id.
	ReplaceMethod(ctx context.Context, book ledger.BookNo, id ident.Opaque, account mandate.BankAccount, e mandate.Event) error
	// ReplaceCard does so for a card.
	ReplaceCard(ctx context.Context, book ledger.BookNo, id ident.Opaque, card mandate.StoredCard, e mandate.Event) error
	// NoteValidation notes how and when an account was found to take entries.
	NoteValidation(ctx context.Context, book ledger.BookNo, id ident.Opaque, way mandate.Validation, on calendar.Date, e mandate.Event) error
	// SameMethod lists where the same account or card is kept, in any book.
	SameMethod(ctx context.Context, value secret.Text, purpose string) ([]Place, error)

	// KeepMandate keeps a consent, its method where that is new, and closes the mandate
	// that it replaces, with what that had planned. Conflict when the id is taken, or
	// another mandate is live for the same purse.
	KeepMandate(ctx context.Context, g Giving) error
	// KeepMandates keeps consents in one transaction; those whose id is known already
	// change nothing. It gives how many were new.
	KeepMandates(ctx context.Context, givings []Giving) (int, error)
	// LiveIn lists the live mandates of books, without evidence.
	LiveIn(ctx context.Context, books []ledger.BookNo) ([]mandate.Mandate, error)
	// SaveMandate keeps a changed mandate, as it was read but for the change. ErrMoved
	// when it was changed meanwhile.
	SaveMandate(ctx context.Context, c Change) error
	// Mandate opens a mandate. NotFound when the book has none of that id.
	Mandate(ctx context.Context, book ledger.BookNo, id ident.Opaque) (mandate.Mandate, error)
	// Mandates lists the mandates of a book, evidence included, live ones first.
	Mandates(ctx context.Context, book ledger.BookNo) ([]mandate.Mandate, error)
	// MandateHome gives the book of a mandate. NotFound when there is none.
	MandateHome(ctx context.Context, id ident.Opaque) (ledger.BookNo, error)
	// MandatesList lists live mandates after a place, at most so many, without evidence.
	MandatesList(ctx context.Context, after Place, limit int) ([]mandate.Mandate, error)
	// EventOf finds what was done to a subject under a key; false when nothing was.
	EventOf(ctx context.Context, book ledger.BookNo, subject ident.Opaque, key ident.Key) (mandate.Event, bool, error)
	// EventsOf lists what became of a subject, in order.
	EventsOf(ctx context.Context, book ledger.BookNo, subject ident.Opaque) ([]mandate.Event, error)
	// MandateBody gives the digest of what a mandate was ordered with; "" for none.
	MandateBody(ctx context.Context, book ledger.BookNo, id ident.Opaque) (string, error)
	// PullsOf lists what a mandate made due, the newest first, at most so many.
	PullsOf(ctx context.Context, book ledger.BookNo, id ident.Opaque, limit int) ([]Pull, error)
	// PullByID gives a debit. NotFound when there is none.
	PullByID(ctx context.Context, id ident.Opaque) (Pull, error)
	// PullFor gives the debit of a mandate that is due on a day. NotFound when there is none.
	PullFor(ctx context.Context, id ident.Opaque, due calendar.Date) (Pull, error)
	// SavePull keeps how far a debit came, when it stands as it was. ErrMoved when not.
	SavePull(ctx context.Context, was, now Pull) error

	Runs
}

// Runs is what the daily run needs of storage.
type Runs interface {
	// MovedMandates lists live mandates of books that were merged into others.
	MovedMandates(ctx context.Context, limit int) ([]Moved, error)
	// PhaseProgress gives how far a phase of a day's run came and the reports of its chunks.
	PhaseProgress(ctx context.Context, day calendar.Date, phase string) (Progress, error)
	// PlanEnd gives the last book of the next chunk of live mandates after a book; 0
	// when there is none.
	PlanEnd(ctx context.Context, after ledger.BookNo, limit int) (ledger.BookNo, error)
	// Candidates gives, in the order of books, what is open for live mandates in a range
	// of books and due in a span of days, and was not taken under them before.
	Candidates(ctx context.Context, in Span, dueFrom, dueTo calendar.Date) ([]Candidate, error)
	// PulledDays gives the days from one on that have a debit, by mandate.
	PulledDays(ctx context.Context, in Span, from calendar.Date) (map[ident.Opaque]map[calendar.Date]bool, error)
	// SavePlans keeps what a chunk planned with its mark of progress. ErrMoved when some
	// of it was planned by another run a moment ago.
	SavePlans(ctx context.Context, p Plans) error
	// EndPhase marks a phase of a day as through: run again, it begins anew.
	EndPhase(ctx context.Context, day calendar.Date, phase string) error
	// OrderEnd is PlanEnd for planned debits that go out on a day.
	OrderEnd(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) (ledger.BookNo, error)
	// OrderPulls sends what is planned in a range of books and goes out on a day: bank
	// debits become entries for the clearing house, cards wait in the queue.
	OrderPulls(ctx context.Context, o Ordering) (Ordered, error)
	// Announce lists planned debits that are to be announced, after a place, with the
	// language of the payer.
	Announce(ctx context.Context, after Place, limit int) ([]Announced, error)
	// NoteAnnounced notes that the letters about debits were kept.
	NoteAnnounced(ctx context.Context, pulls []Pull) error
	// NewMandates lists live mandates that were given since a day, by the payer to us,
	// and of which no copy was kept as a letter.
	NewMandates(ctx context.Context, since calendar.Date, after Place, limit int) ([]LetterDue, error)
	// StoppedMandates lists mandates that are held or closed for one of some reasons,
	// changed since an instant, of which no letter tells.
	StoppedMandates(ctx context.Context, reasons []string, sinceMicros int64, after Place, limit int) ([]LetterDue, error)
	// ExpiringCards lists, but for those of whom a letter told, live mandates on cards that expire by the end of a month.
	ExpiringCards(ctx context.Context, by calendar.Month, after Place, limit int) ([]LetterDue, error)
	// CardQueue lists ordered card debits that are to be tried on a day, at most so many.
	CardQueue(ctx context.Context, day calendar.Date, after Place, limit int) ([]Pull, error)
}

// Place is where a listing stands.
type Place struct {
	Book ledger.BookNo
	ID   ident.Opaque
}

// Span is a range of books: after the first, through the last.
type Span struct{ After, To ledger.BookNo }

// Giving is a consent that is kept.
type Giving struct {
	Method  *mandate.Method // when it is new
	Mandate mandate.Mandate
	Event   mandate.Event
	Instead *Change // the mandate that it replaces
	Body    string  // digest of what was ordered, for a repeated key
}

// Change is a change of a mandate.
type Change struct {
	Mandate mandate.Mandate // after the change, under the version that was read
	Event   mandate.Event
	Drop    Drop
}

// Drop says what becomes of the planned debits of a mandate: those due in a span of
// days (zero To: without end) become skipped or dropped, for a reason. Planned is the
// way back: what was skipped for the reason is planned again.
type Drop struct {
	State    PullState // "" for nothing
	From, To calendar.Date
	First    bool // only the first of them
	Why      string
}

// PullState is how far a debit came.
type PullState string

// The states.
const (
	Planned  PullState = "planned"
	Sent     PullState = "ordered"  // to the clearing desk or the card queue
	Paid     PullState = "paid"     // of a card: captured
	Failed   PullState = "failed"   // of a card: every attempt declined
	Skipped  PullState = "skipped"  // as the payer chose
	Dropped  PullState = "dropped"  // nothing was due any more, or the mandate ended
	Returned PullState = "returned" // of a bank debit: it came back for good
)

// Pull is a debit that a mandate makes due.
type Pull struct {
	ID      ident.Opaque
	Book    ledger.BookNo
	Mandate ident.Opaque
	DueOn   calendar.Date // the day that the payer chose, which names it
	Method  ident.Opaque
	Tender  mandate.Tender
	Purse   chart.Purse
	Class   mandate.Class
	Amount  money.Cents
	Before  money.Cents // the debit before it
	State   PullState
	Notice  NoticeState
	Times   mandate.Times
	Tries   int
	Why     string
	Items   []int64 // of a plan: what it is for
}

// NoticeState says whether a debit has to be announced.
type NoticeState string

// The states.
const (
	NoNotice   NoticeState = ""
	NoticeDue  NoticeState = "due"
	NoticeKept NoticeState = "kept"
)

// Candidate is a live mandate and what is open for it.
type Candidate struct {
	mandate.Mandate
	Items []Item
}

// Item is an open item for which nothing was taken under the mandate.
type Item struct {
	No    int64
	DueOn calendar.Date
	Open  money.Cents
}

// Plans is what a chunk of books planned.
type Plans struct {
	Day    calendar.Date
	Span   Span
	Pulls  []Pull
	Spent  []Change // mandates whose one skip was used
	Report string
	At     time.Time
}

// Progress is how far a phase came.
type Progress struct {
	Done    bool
	Through ledger.BookNo
	Reports []string
}

// Ordering asks for what is planned to go out.
type Ordering struct {
	Day    calendar.Date
	Settle calendar.Date // the soonest banking day on which what is filed today settles
	Span   Span
	Actor  ident.Actor
}

// Ordered counts what went out.
type Ordered struct {
	Entries      int         `json:"entries"`
	EntriesCents money.Cents `json:"entries_cents"`
	Held         int         `json:"held"` // of the entries: the account is not validated yet
	Cards        int         `json:"cards"`
	CardsCents   money.Cents `json:"cards_cents"`
	Dropped      int         `json:"dropped"` // paid otherwise, or the method is gone
	Lowered      int         `json:"lowered"` // to what is still open
}

func (o *Ordered) add(p Ordered) {
	o.Entries, o.EntriesCents, o.Held = o.Entries+p.Entries, o.EntriesCents+p.EntriesCents, o.Held+p.Held
	o.Cards, o.CardsCents = o.Cards+p.Cards, o.CardsCents+p.CardsCents
	o.Dropped, o.Lowered = o.Dropped+p.Dropped, o.Lowered+p.Lowered
}

// Announced is a debit to be announced, and to whom.
type Announced struct {
	Pull
	Mask     string
	Language string
}

// LetterDue is a mandate about which a letter is due, and to whom.
type LetterDue struct {
	mandate.Mandate
	Mask     string
	Expires  calendar.Month
	Language string
}

// Moved is a live mandate whose book was merged into another.
type Moved struct {
	Place
	Survivor ledger.BookNo
}
