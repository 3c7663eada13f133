package refund

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Tender is by what a refund leaves.
type Tender string

// The tenders.
const (
	Card  Tender = "card" // to the card that paid, and to no other
	ACH   Tender = "ach"  // a credit to a bank account through the clearing house
	Check Tender = "check"
)

// ParseTender reads a tender's name.
func ParseTender(s string) (Tender, error) {
	for _, known := range []Tender{Card, ACH, Check} {
		if string(known) == s {
			return known, nil
		}
	}
	return "", fault.New(fault.Invalid, "refund.ParseTender", "%q is no tender: write card, ach or check", s)
}

// Way is how a refund leaves.
type Way struct {
	Tender    Tender        `json:",omitempty"`
	Attempt   ident.Opaque  `json:",omitempty"` // the payment by card
	Leg       int           `json:",omitempty"` // its charge
	Case      int           `json:",omitempty"` // the refund of that payment at the processor, from 1
	Method    ident.Opaque  `json:",omitempty"` // the bank account
	Account   string        `json:",omitempty"` // of checks
	CheckNo   int64         `json:",omitempty"`
	NotBefore calendar.Date `json:",omitzero"`
	Rule      string        `json:",omitempty"` // why this way
}

// CardLeft is a card that paid and what can go back to it.
type CardLeft struct {
	Attempt ident.Opaque
	Leg     int
	Left    money.Cents // captured, less what went back already
}

// Facts are what the choice of a tender depends on.
type Facts struct {
	Amount   money.Cents
	Rail     payment.Rail // by which the money came; "" when it is not known
	Received calendar.Date
	Today    calendar.Date
	Card     *CardLeft    // of money that came by card
	Debited  ident.Opaque // the bank account that we debited, when it still takes credits
	// Validated is a bank account that the billing account's holder gave us and that
	// was proved to exist; "" without one.
	Validated ident.Opaque
	// Guest says that whoever paid is not the holder of the billing account and did
	// not say who he is.
	Guest   bool
	Address bool     // the holder has a postal address on file
	Tried   []Tender // that failed before
	Wanted  Tender   // that staff ask for, or ""
}

// DebitWait is how many business days a debit must be old before its money goes
// back: returns for want of funds reach us within two (payment-rails policy: five).
const DebitWait = 5

// Choose picks the tender: the original one first, then an ACH credit to an account
// that was proved, then a check. Conflict when no way is open; the message says what
// is missing. Invalid when staff wish for one that the rules forbid.
func Choose(f Facts) (Way, error) {
	const op = "refund.Choose"
	failed := func(t Tender) bool { return slices.Contains(f.Tried, t) }
	way := Way{NotBefore: f.Today}
	if f.Rail == payment.Debit {
		way.NotBefore = f.Received.AddBusinessDays(DebitWait)
	}
	switch {
	case f.Rail == payment.Card && f.Card != nil && !failed(Card) && (f.Wanted == "" || f.Wanted == Card):
		if f.Amount > f.Card.Left {
			return Way{}, fault.New(fault.Conflict, op, "only %s can go back to the card that paid", f.Card.Left.Grouped())
		}
		way.Tender, way.Attempt, way.Leg, way.Rule = Card, f.Card.Attempt, f.Card.Leg, "to the card that paid"
		return way, nil
	case f.Rail == payment.Card && f.Card != nil && !failed(Card):
		return Way{}, fault.New(fault.Invalid, op, "what was paid by card goes back to that card").
			WithHint("Only when the card refuses it is another tender open.")
	case f.Wanted == Card:
		return Way{}, fault.New(fault.Invalid, op, "this money did not come by card, or its card has refused it")
	case f.Guest:
		return Way{}, fault.New(fault.Conflict, op, "a guest paid, and is paid back to the original instrument only").
			WithHint("Ask the guest for proof of the instrument, never for an address by telephone; or cancel the refund, which leaves the money with the billing account.")
	case f.Rail == payment.Debit && f.Debited != "" && !failed(ACH) && f.Wanted != Check:
		way.Tender, way.Method, way.Rule = ACH, f.Debited, "to the account that was debited"
		return way, nil
	case f.Validated != "" && !failed(ACH) && f.Wanted != Check:
		way.Tender, way.Method, way.Rule = ACH, f.Validated, "to a bank account on file that was validated"
		return way, nil
	case f.Wanted == ACH:
		return Way{}, fault.New(fault.Conflict, op, "no bank account on file takes an ACH credit: none was validated, or it refused one")
	case failed(Check):
		return Way{}, fault.New(fault.Conflict, op, "a check came back or was never cashed, and no other way is open").
			WithHint("Find the owner: with a new address or bank account another check or credit can be asked for. Until then the money waits, and becomes unclaimed property.")
	case !f.Address:
		return Way{}, fault.New(fault.Conflict, op, "a check needs a postal address, and the billing account has none").
			WithHint("Ask the member for it in writing, or for a bank account.")
	}
	way.Tender, way.Rule = Check, "by check to the holder's address on file"
	return way, nil
}
