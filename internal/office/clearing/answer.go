package clearing

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// AnswerKind says what came back.
type AnswerKind string

// The kinds.
const (
	Return        AnswerKind = "return"
	Dishonoured   AnswerKind = "dishonoured"    // a return that a bank does not accept
	Contested     AnswerKind = "contested"      // and one that the receiving bank insists on
	Change        AnswerKind = "change"         // a notification of change
	ChangeRefused AnswerKind = "change_refused" // a bank refuses a notification
)

// AnswerState says how far an answer is.
type AnswerState string

// The states of an answer.
const (
	Taken  AnswerState = "taken"  // kept, and not carried out yet
	Done   AnswerState = "done"   // carried out, nothing is left to do
	ToDo   AnswerState = "open"   // somebody must see to it by DueOn
	Closed AnswerState = "closed" // somebody saw to it
)

// Outcome says what was done about an answer.
type Outcome string

// The outcomes.
const (
	Reversed      Outcome = "reversed"       // the payment was taken back
	SentAgain     Outcome = "sent_again"     // and goes out again
	RefundFailed  Outcome = "refund_failed"  // the refund's credit came back
	NotValid      Outcome = "not_valid"      // the account that was tried takes no entries
	Applied       Outcome = "applied"        // the payment method was corrected
	ChangeWrong   Outcome = "change_wrong"   // the notification is to be refused; why names the code
	Unmatched     Outcome = "unmatched"      // no entry of ours answers to it
	Repeated      Outcome = "repeated"       // the entry came back before
	NotReversed   Outcome = "not_reversed"   // the money could not be taken back from where it stands
	BetweenBanks  Outcome = "between_banks"  // our bank and the receiver's dispute it
	ForPerson     Outcome = "for_a_person"   // no rule carries it out by itself
	ReversalBack  Outcome = "reversal_back"  // our own reversal came back
	RefundUnknown Outcome = "refund_unknown" // a credit came back and its refund takes no word of it
)

// Answer is one item that came back.
type Answer struct {
	File      ledger.BookNo // the file that brought it, as intake keeps it
	No        int64         // within the file, from 1
	Line      int
	Kind      AnswerKind
	Code      string
	Company   string // to whom it is addressed
	Trace     Trace  // its own
	Original  Trace
	Amount    money.Cents
	Credit    bool // the direction of the entry that came back
	SettledOn calendar.Date
	TakenAt   time.Time
	Entry     EntryRef    // zero where none answers to it
	Purse     chart.Purse // of the entry
	State     AnswerState
	Outcome   Outcome
	Why       string
	DueOn     calendar.Date
	Rated     bool // counts to the return rates
	Corrected Correction
	Said      string // a return's own words
	ChangedAt time.Time
	ChangedBy string
}

// Correction is what a notification of change says should stand in the next entry; what
// it does not say is empty.
type Correction struct {
	Routing         string
	Number          secret.Text
	TransactionCode int
	Readable        bool // the code's fields were found where they belong
}

// FiledEntry is an entry that a trace names, with what its batch says.
type FiledEntry struct {
	Entry
	Company   string
	SettlesOn calendar.Date
	FileState FileState
}

// Settled is what an answer came to: the entry's new state and entries that follow.
type Settled struct {
	Answer Answer
	Was    State  // of the entry
	Entry  *Entry // changed, or nil
	Fresh  *Entry // sent again, or nil
}

// Returns keeps what came back. Its errors are of package fault.
type Returns interface {
	// ByTraces gives the entries of traces.
	ByTraces(ctx context.Context, traces []Trace) (map[Trace][]FiledEntry, error)
	// KeepAnswers keeps answers; those that are kept already do not change.
	KeepAnswers(ctx context.Context, answers []Answer) error
	// AnswersTaken gives at most so many answers of a file that were not carried out,
	// after one, in order.
	AnswersTaken(ctx context.Context, file ledger.BookNo, after int64, limit int) ([]Answer, error)
	// SettleAnswers keeps what answers came to, with their entries, all or none. Conflict
	// when one of them moved meanwhile.
	SettleAnswers(ctx context.Context, settled []Settled) error
	// CountAnswers counts a file's answers by outcome.
	CountAnswers(ctx context.Context, file ledger.BookNo) (map[Outcome]int, error)
	// Answer gives one. NotFound when there is none.
	Answer(ctx context.Context, file ledger.BookNo, no int64) (Answer, error)
	// OpenAnswers gives those that somebody must see to, the soonest due first.
	OpenAnswers(ctx context.Context, most int) ([]Answer, error)
	// AnswersOf gives what came back of an entry, in the order in which it came.
	AnswersOf(ctx context.Context, entry EntryRef) ([]Answer, error)
	// CloseAnswer closes one that is open. Conflict when it is not.
	CloseAnswer(ctx context.Context, a *Answer) error
	// Sent counts the debits that settled in a span of days, by company; Came the
	// returns of debits by company and code that settled in it.
	Sent(ctx context.Context, from, to calendar.Date) (map[string]int64, error)
	Came(ctx context.Context, from, to calendar.Date) (map[string]map[string]int64, error)
}

// Validations keeps how accounts are validated. Its errors are of package fault.
type Validations interface {
	// Unvalidated gives at most so many payment methods after one for which an entry is
	// held and nothing was begun, with the entry that waits first.
	Unvalidated(ctx context.Context, after EntryRef, limit int) ([]Entry, error)
	// BeginValidation keeps validations with the entries that try the accounts. Those
	// that are known already do not change.
	BeginValidation(ctx context.Context, begun []Validation, entries []Entry) error
	// Asked gives at most so many validations that wait, after one, each with the entry
	// that tries it and the day on which that settled.
	Asked(ctx context.Context, after EntryRef, limit int) ([]Asked, error)
	// EndValidation ends one: held entries of the method become ready, or failed.
	EndValidation(ctx context.Context, v Validation, at time.Time) error
	// Validation gives a method's. NotFound when there is none.
	Validation(ctx context.Context, book ledger.BookNo, method ident.Opaque) (Validation, error)
}
