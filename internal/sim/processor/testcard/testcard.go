// Package testcard lists the card numbers that the processor simulator knows and
// what each does: which are approved, how the others are declined, and which make
// an answer late, lost or never come.
//
// It knows numbers and their outcomes and no protocol. Where Stripe publishes a
// test number for an outcome, that one is used; the others begin with 4200 00 and
// are our own. No other number is taken, so that a real card which somebody types
// by mistake is refused before anything is kept of it.
//
// Start reading at All and Behaviour.Outcome.
package testcard

import (
	"fmt"
	"strings"
)

// Behaviour names what happens to a card. It is all that the simulator keeps of
// a number beside its last four digits.
type Behaviour string

// The behaviours that are not declines; those are made by Declined and
// DeclinedAtCharge.
const (
	Approve Behaviour = "approve"
	// NeedsAuthentication cards are charged only after their holder proved who he is.
	NeedsAuthentication Behaviour = "needs_authentication"
	// AuthorisedNoAnswer holds the money, and the answer never comes.
	AuthorisedNoAnswer Behaviour = "authorised_no_answer"
	// NothingNoAnswer does nothing, and the answer never comes.
	NothingNoAnswer Behaviour = "nothing_no_answer"
	// AuthorisedCut holds the money and cuts the connection instead of answering.
	AuthorisedCut Behaviour = "authorised_cut"
	// ApprovedLate is declined, and approved some time afterwards.
	ApprovedLate Behaviour = "approved_late"
	// RefundFails takes a refund and reports some time afterwards that it failed.
	RefundFails Behaviour = "refund_fails"
	// RefundPends takes a refund as pending and sends it some time afterwards.
	RefundPends Behaviour = "refund_pends"
	// FundsOnce has not enough money the first time, and enough ever after.
	FundsOnce Behaviour = "funds_once"
	// Fraudulent and NotReceived are disputed soon after the money was taken.
	Fraudulent  Behaviour = "dispute_fraudulent"
	NotReceived Behaviour = "dispute_product_not_received"
)

const (
	declined         = "declined_"
	declinedAtCharge = "charge_declined_"
)

// Declined is a card that the issuer declines, both when it is to be kept and
// when it is charged. The code is Stripe's decline code.
func Declined(code string) Behaviour { return Behaviour(declined + code) }

// DeclinedAtCharge is a card that may be kept and is declined when it is charged.
func DeclinedAtCharge(code string) Behaviour { return Behaviour(declinedAtCharge + code) }

// Answer says what becomes of the answer to a charge.
type Answer int

// The answers.
const (
	Given Answer = iota
	Never        // the connection stays open and nothing comes
	Cut          // the connection ends
)

// Outcome is what a behaviour amounts to.
type Outcome struct {
	Decline     string // Stripe's decline code, or "" when the issuer approves
	AtAttach    bool   // the decline comes already when the card is to be kept
	Nothing     bool   // no issuer is asked
	Answer      Answer
	Late        bool   // approved some time after the decline
	RefundFails bool   // some time after it was sent
	RefundPends bool   // and is sent some time afterwards
	Once        bool   // declined the first time only
	Dispute     string // the network's reason, when disputed soon after the capture
}

// Outcome says what a behaviour does. A behaviour of no other kind is approved.
func (b Behaviour) Outcome() Outcome {
	if code, ok := strings.CutPrefix(string(b), declined); ok {
		return Outcome{Decline: code, AtAttach: true}
	}
	if code, ok := strings.CutPrefix(string(b), declinedAtCharge); ok {
		return Outcome{Decline: code}
	}
	switch b {
	case NeedsAuthentication:
		return Outcome{Decline: "authentication_required"}
	case AuthorisedNoAnswer:
		return Outcome{Answer: Never}
	case NothingNoAnswer:
		return Outcome{Nothing: true, Answer: Never}
	case AuthorisedCut:
		return Outcome{Answer: Cut}
	case ApprovedLate:
		return Outcome{Decline: "processing_error", Late: true}
	case FundsOnce:
		return Outcome{Decline: "insufficient_funds", Once: true}
	case RefundFails:
		return Outcome{RefundFails: true}
	case RefundPends:
		return Outcome{RefundPends: true}
	case Fraudulent:
		return Outcome{Dispute: "fraudulent"}
	case NotReceived:
		return Outcome{Dispute: "product_not_received"}
	}
	return Outcome{}
}

// Card is a number that the simulator knows.
type Card struct {
	Number    string // digits
	Brand     string // "visa", "mastercard", "amex", "discover"
	Funding   string // "credit", "debit", "prepaid"
	Behaviour Behaviour
	Meaning   string // for the documentation
}

// Wrong is a number with a wrong check digit: no card at all. A payer's browser
// says so already, and the processor answers incorrect_number.
const Wrong = "4242424242424241"

// All lists every single number; the two series come on top.
func All() []Card {
	return []Card{
		{"4242424242424242", "visa", "credit", Approve, "approved"},
		{"5555555555554444", "mastercard", "credit", Approve, "approved"},
		{"4000056655665556", "visa", "debit", Approve, "approved"},
		{"5200828282828210", "mastercard", "debit", Approve, "approved"},
		{"5105105105105100", "mastercard", "prepaid", Approve, "approved"},
		{"378282246310005", "amex", "credit", Approve, "approved; its code has four digits"},
		{"6011111111111117", "discover", "credit", Approve, "approved"},

		{"4000000000009979", "visa", "credit", Declined("stolen_card"), "hard: stolen"},
		{"4000000000009987", "visa", "credit", Declined("lost_card"), "hard: lost"},
		{"4000000000000069", "visa", "credit", Declined("expired_card"), "data: expired"},
		{"4000000000000127", "visa", "credit", Declined("incorrect_cvc"), "data: wrong security code"},
		{"4000000000009995", "visa", "credit", Declined("insufficient_funds"), "funds: not enough money"},
		{"4000000000006975", "visa", "credit", Declined("card_velocity_exceeded"), "funds: above a limit"},
		{"4000000000000119", "visa", "credit", Declined("processing_error"), "technical"},
		{"4000000000000002", "visa", "credit", Declined("generic_decline"), "issuer: no reason"},

		{"4200000000000018", "visa", "credit", DeclinedAtCharge("stolen_card"), "hard: stolen"},
		{"4200000000000026", "visa", "credit", DeclinedAtCharge("lost_card"), "hard: lost"},
		{"4200000000000042", "visa", "credit", DeclinedAtCharge("expired_card"), "data: expired"},
		{"4200000000000059", "visa", "credit", DeclinedAtCharge("incorrect_cvc"), "data: wrong security code"},
		{"4200000000001065", "visa", "credit", DeclinedAtCharge("incorrect_number"), "data: no such number"},
		{"4200000000000067", "visa", "credit", DeclinedAtCharge("insufficient_funds"), "funds: not enough money"},
		{"4200000000000075", "visa", "credit", DeclinedAtCharge("card_velocity_exceeded"), "funds: above a limit"},
		{"4200000000000083", "visa", "credit", DeclinedAtCharge("processing_error"), "technical"},
		{"4200000000000091", "visa", "credit", DeclinedAtCharge("do_not_honor"), "issuer: no reason"},
		{"4000000000000341", "visa", "credit", DeclinedAtCharge("generic_decline"), "issuer: no reason"},
		{"4000002760003184", "visa", "credit", NeedsAuthentication, "issuer: the holder must prove who he is"},

		{"4200000000002006", "visa", "credit", DeclinedAtCharge("revocation_of_authorization"), "hard: the holder withdrew his consent"},
		{"4200000000002014", "visa", "credit", DeclinedAtCharge("issuer_not_available"), "technical: wait an hour"},
		{"4200000000002022", "visa", "credit", FundsOnce, "funds the first time, and approved ever after"},

		{"4200000000001016", "visa", "credit", AuthorisedNoAnswer, "authorised, and the answer never comes"},
		{"4200000000001024", "visa", "credit", NothingNoAnswer, "nothing is done, and the answer never comes"},
		{"4200000000001032", "visa", "credit", AuthorisedCut, "authorised, and the connection is cut before the answer"},
		{"4200000000001040", "visa", "credit", ApprovedLate, "declined, and approved some time afterwards"},

		{"4000000000005126", "visa", "credit", RefundFails, "approved; a refund is sent and fails some time afterwards"},
		{"4000000000007726", "visa", "credit", RefundPends, "approved; a refund is pending and is sent some time afterwards"},
		{"4000000000000259", "visa", "credit", Fraudulent, "approved; disputed as fraudulent soon after the capture"},
		{"4000000000002685", "visa", "credit", NotReceived, "approved; disputed as not received soon after the capture"},
	}
}

// The beginnings of the two series, each of a billion cards, for tests that need
// many different ones.
const (
	approvedSeries = "420001"
	declinedSeries = "420002"
)

// Approved is card n of the series of approved cards.
func Approved(n int) string { return withCheckDigit(fmt.Sprintf("%s%09d", approvedSeries, n)) }

// Refused is card n of the series that is declined with do_not_honor when charged.
func Refused(n int) string { return withCheckDigit(fmt.Sprintf("%s%09d", declinedSeries, n)) }

// Number gives the first card of a behaviour; it panics when there is none.
func Number(b Behaviour) string {
	for _, c := range All() {
		if c.Behaviour == b {
			return c.Number
		}
	}
	panic("testcard: no card of behaviour " + string(b))
}

// Find gives the card of a number, which must have a right check digit.
func Find(number string) (Card, bool) {
	if !Checks(number) {
		return Card{}, false
	}
	for _, c := range All() {
		if c.Number == number {
			return c, true
		}
	}
	if len(number) == 16 && strings.HasPrefix(number, approvedSeries) {
		return Card{number, "visa", "credit", Approve, "approved"}, true
	}
	if len(number) == 16 && strings.HasPrefix(number, declinedSeries) {
		return Card{number, "visa", "credit", DeclinedAtCharge("do_not_honor"), "issuer: no reason"}, true
	}
	return Card{}, false
}

// Checks reports whether a number has the digits of a card and ends in the right
// check digit (ISO/IEC 7812-1, Luhn).
func Checks(number string) bool {
	if len(number) < 13 || len(number) > 19 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	return withCheckDigit(number[:len(number)-1]) == number
}

func withCheckDigit(payload string) string {
	sum := 0
	for i := range len(payload) {
		digit := int(payload[len(payload)-1-i] - '0')
		if i%2 == 0 {
			digit *= 2
			digit -= 9 * (digit / 10)
		}
		sum += digit
	}
	return payload + string(rune('0'+(10-sum%10)%10))
}
