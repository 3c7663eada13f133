package checkout

import (
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
)

// PayoutStatus is how a payout stands at the processor.
type PayoutStatus string

// The statuses.
const (
	PayoutOpen   PayoutStatus = "open"   // its lines may still change
	PayoutFinal  PayoutStatus = "final"  // its lines stand; the money is on its way or there
	PayoutFailed PayoutStatus = "failed" // the bank refused it; its money comes with a later one
)

// Payout is what a processor pays to a legal entity's bank account in one sum, or
// takes from it.
type Payout struct {
	Merchant  string
	ID        string
	Status    PayoutStatus
	Reason    string // of the bank, when it failed
	Trace     string // by which the bank's statement names it, or ""
	CreatedAt time.Time
	PaidOn    calendar.Date // when the bank is to show it
	Net       money.Cents   // negative when the processor takes it from the bank account
}

// LineKind says what a line of a payout settles.
type LineKind string

// The kinds.
const (
	LineCharge       LineKind = "charge"
	LineRefund       LineKind = "refund"
	LineRefundFailed LineKind = "refund_failed" // a refund came back
	LineDispute      LineKind = "dispute"
	LineDisputeWon   LineKind = "dispute_won"
	LineFee          LineKind = "fee"           // of no charge of its own
	LinePayoutFailed LineKind = "payout_failed" // money of an earlier payout, which the bank refused
	LineOther        LineKind = "other"
)

// SettlementLine is one line of a payout. Gross less fee is net; each is counted
// from our side: a refund is negative, a fee that the processor keeps positive.
type SettlementLine struct {
	ID      string // the processor's own: one line, in one payout, for ever
	Kind    LineKind
	Charge  ChargeRef // of a charge, refund or dispute
	Subject string    // the refund's, dispute's or failed payout's id
	Gross   money.Cents
	Fee     money.Cents
	Net     money.Cents
	At      time.Time // when it happened

	// What of ours it is. Problem says why that is not known, "" when it is, and for
	// a fee, which is the processor's own.
	Attempt ident.Opaque
	Leg     int
	Problem string
}

// SettlementReport is a payout as its report was taken.
type SettlementReport struct {
	Payout
	Purse   chart.Purse // the purse of the merchant account
	Fees    money.Cents // what the processor kept, all lines
	Count   int         // of the lines
	Take    int         // how often it was read, from 1
	Problem string      // why the report does not prove, "" when its lines sum to its net
	TakenAt time.Time
	Lines   []SettlementLine // not loaded with a list of reports
}
