package month

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Kind is a kind of break.
type Kind string

// The kinds.
const (
	DepositShort    Kind = "deposit_short"      // the bank books less than the lockbox file says
	DepositTwice    Kind = "deposit_file_twice" // the lockbox file comes twice
	DepositUntold   Kind = "deposit_untold"     // a deposit is booked and its file never comes
	DepositLate     Kind = "deposit_file_late"  // the file comes a day later
	DepositCut      Kind = "deposit_file_cut"   // the file ends in its middle; it is sent again
	ChequeBounced   Kind = "cheque_bounced"
	NetOff          Kind = "net_off"         // a consolidator's net differs by a cent: 1,249.99 for 1,250.00
	CreditReversed  Kind = "credit_reversed" // a consolidator takes a payment back
	CreditsGarbled  Kind = "credits_garbled" // a file of credits has garbage in it; it is sent again
	NumberSlipped   Kind = "number_slipped"  // a payer exchanged two digits
	TwoNumbers      Kind = "two_numbers"     // a wire names two accounts
	WireToldThrice  Kind = "wire_told_thrice"
	StatementLost   Kind = "statement_lost" // and sent again two days later
	StatementTwice  Kind = "statement_twice"
	EntryReturned   Kind = "entry_returned"    // R02 on its lawful day
	EntryBackLate   Kind = "entry_back_late"   // R02 after its lawful day
	ReturnOfNothing Kind = "return_of_nothing" // of a trace that was never sent
	ChangeAsked     Kind = "change_asked"      // a notification of change
	OurFileTwice    Kind = "our_file_twice"    // the office sends a file again
	PayoutShort     Kind = "payout_short"      // the processor keeps a fee that its report does not have
	Chargeback      Kind = "chargeback"
	BagShort        Kind = "bag_short" // the bank counts less than was in the bag
	CheckAltered    Kind = "check_altered"
	CheckTwice      Kind = "check_paid_twice"
	FeeUnknown      Kind = "fee_unknown"
)

// Report is what the office must say of a break.
type Report string

// The reports.
const (
	OpenLine       Report = "open_line"        // an exception about a line of the statement
	ReturnedItem   Report = "returned_item"    // an exception about a returned deposit or entry
	FileRefused    Report = "file_refused"     // with line and reason
	FileKnown      Report = "file_known"       // taken before; nothing posts
	StatementGap   Report = "statement_gap"    // an exception about a missing statement
	InSuspense     Report = "in_suspense"      // with its reason
	PaymentBack    Report = "payment_back"     // the payment was reversed or disputed, with its received date
	MethodChanged  Report = "method_changed"   // by what the notification says
	PostedOnce     Report = "posted_once"      // and nothing else
	MatchedLater   Report = "matched_later"    // a timing item until then
	DuplicateSaid  Report = "duplicate_said"   // the clearing house's answer is noted
	UnknownPayback Report = "unknown_returned" // a return without an entry waits for a person
)

// planned says on which banking day of the month a break is planted, from 1, and what
// the office must report of it.
type planned struct {
	kind   Kind
	day    int
	report Report
}

// plan spreads the breaks so that no document has two.
var plan = []planned{
	{DepositShort, 2, OpenLine}, {DepositTwice, 4, FileKnown}, {DepositUntold, 6, OpenLine}, {DepositLate, 8, MatchedLater},
	{DepositCut, 10, FileRefused},
	{ChequeBounced, 5, ReturnedItem},
	{NetOff, 3, OpenLine}, {CreditReversed, 9, PaymentBack}, {CreditsGarbled, 7, FileRefused}, {NumberSlipped, 2, InSuspense},
	{TwoNumbers, 5, InSuspense}, {WireToldThrice, 4, PostedOnce},
	{StatementLost, 6, StatementGap}, {StatementTwice, 11, FileKnown},
	{EntryReturned, 3, PaymentBack}, {EntryBackLate, 2, PaymentBack}, {ReturnOfNothing, 12, UnknownPayback},
	{ChangeAsked, 5, MethodChanged},
	{OurFileTwice, 8, DuplicateSaid},
	{PayoutShort, 7, OpenLine}, {Chargeback, 10, PaymentBack}, {BagShort, 9, OpenLine},
	{CheckAltered, 8, OpenLine}, {CheckTwice, 11, OpenLine}, {FeeUnknown, 12, OpenLine},
}

// daysMin is the shortest month: the last break's day, and time for what comes back.
const daysMin = 20

// Break is one break that was planted.
type Break struct {
	Kind    Kind          `json:"kind"`
	Report  Report        `json:"report"`
	Day     calendar.Date `json:"day"`     // on which it was planted
	Subject string        `json:"subject"` // the document's name, the line's reference, the trace, or the reference as written
	Amount  money.Cents   `json:"amount_cents,omitempty"`
}
