package processor

import (
	"encoding/base32"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

func (t *turn) createCustomer(_ string, in *form) (shape, *refusal) {
	metadata := in.metadata("metadata")
	in.ignore("description")
	if no := in.done(); no != nil {
		return nil, no
	}
	c := t.changeCustomer(&customer{ID: newID("cus"), Account: t.account, Metadata: metadata, Created: t.now.Unix()})
	return showCustomer(c), nil
}

func (t *turn) getCustomer(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.ownCustomer(id)
	if no != nil {
		return nil, no
	}
	return showCustomer(c), nil
}

// deleteCustomer drops a customer and detaches its cards.
func (t *turn) deleteCustomer(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.ownCustomer(id)
	if no != nil {
		return nil, no
	}
	t.changeCustomer(c).Deleted = true
	for _, id := range slices.Sorted(maps.Keys(t.cards[c.ID])) {
		m := t.changeMethod(t.method(id))
		m.Customer, m.Spent = "", true
	}
	return shape{"id": c.ID, "object": "customer", "deleted": true}, nil
}

// createMethod makes a token of a card, or a token on another account of a token
// of the platform's.
func (t *turn) createMethod(_ string, in *form) (shape, *refusal) {
	if original := in.text("payment_method"); original != "" {
		return t.cloneMethod(original, in)
	}
	in.choice("type", "card")
	typed := typedCard{
		number: in.required("card[number]"), month: in.number("card[exp_month]"), year: in.number("card[exp_year]"), cvc: in.text("card[cvc]"),
	}
	// Who pays is of no consequence here, and so it is not kept.
	in.ignore("billing_details")
	in.metadata("metadata")
	if no := in.done(); no != nil {
		return nil, no
	}
	m, no := t.token(typed)
	if no != nil {
		return nil, no
	}
	return t.showMethod(m), nil
}

// typedCard is what a payer typed. It lives for one request.
type typedCard struct {
	number      string
	month, year int64
	cvc         string
}

// The codes by which Stripe says what is wrong with a card as it was typed.
const (
	wrongNumber = "incorrect_number"
	wrongMonth  = "invalid_expiry_month"
	wrongYear   = "invalid_expiry_year"
	wrongCVC    = "invalid_cvc"
	notATest    = "test_mode_live_card" // the decline code; the code is card_declined
)

// token keeps a card as a payment method. A number that is no test card is
// refused here: should somebody type a real one, nothing of it is kept.
func (t *turn) token(typed typedCard) (*method, *refusal) {
	number := strings.NewReplacer(" ", "", "-", "").Replace(typed.number)
	year := typed.year
	if year >= 0 && year < 100 {
		year += 2000
	}
	last := time.Date(int(year), time.Month(typed.month)+1, 1, 0, 0, 0, 0, time.UTC)
	known, isTest := testcard.Find(number)
	switch {
	case !testcard.Checks(number):
		return nil, mistyped(wrongNumber, "number", "Your card number is incorrect.")
	case typed.month < 1 || typed.month > 12:
		return nil, mistyped(wrongMonth, "exp_month", "Your card's expiration month is invalid.")
	case year > int64(t.now.Year())+50 || !last.After(t.now):
		return nil, mistyped(wrongYear, "exp_year", "Your card's expiration year is invalid.")
	case !isTest:
		no := mistyped("card_declined", "", "Your card was declined. This is a simulator, and your card is not one of its test cards.")
		no.declineCode = notATest
		return nil, no
	case typed.cvc != "" && (len(typed.cvc) != cvcLength(known.Brand) || strings.Trim(typed.cvc, "0123456789") != ""):
		return nil, mistyped(wrongCVC, "cvc", "Your card's security code is invalid.")
	}
	mark := base32.StdEncoding.EncodeToString(t.digest("card", number))
	return t.changeMethod(&method{
		ID: newID("pm"), Account: t.account, Behaviour: known.Behaviour, Created: t.now.Unix(),
		Card: card{
			Brand: known.Brand, Last4: number[len(number)-4:], Funding: known.Funding, Fingerprint: mark[:16],
			Month: int(typed.month), Year: int(year),
		},
	}), nil
}

func cvcLength(brand string) int {
	if brand == "amex" {
		return 4
	}
	return 3
}

func mistyped(code, param, message string) *refusal {
	return &refusal{status: http.StatusPaymentRequired, kind: cardError, code: code, param: param, message: message}
}

// cloneMethod makes a card of the platform's chargeable on a connected account.
func (t *turn) cloneMethod(original string, in *form) (shape, *refusal) {
	owner := in.text("customer")
	if no := in.done(); no != nil {
		return nil, no
	}
	if t.publishable {
		return nil, unauthorised("This API call cannot be made with a publishable API key. Please use a secret API key.")
	}
	if t.account == "" {
		return nil, badRequest("", "payment_method", "A PaymentMethod is shared with a connected account: send Stripe-Account.")
	}
	m := t.methods[original]
	if m == nil || m.Account != "" {
		return nil, missing("PaymentMethod", "payment_method", original)
	}
	if no := usable(m, owner); no != nil {
		return nil, no
	}
	if m.Customer == "" {
		t.changeMethod(m).Spent = true
	}
	clone := t.changeMethod(&method{
		ID: newID("pm"), Account: t.account, Card: m.Card, Behaviour: m.Behaviour, Created: t.now.Unix(),
	})
	return t.showMethod(clone), nil
}

// usable refuses a card that was used up, or that belongs to another customer.
func usable(m *method, customer string) *refusal {
	switch {
	case m.Spent:
		return badRequest("payment_method_unexpected_state", "payment_method",
			"This PaymentMethod was used, shared or detached before and may not be used again. To use one several times, attach it to a Customer first.")
	case m.Customer != "" && customer == "":
		return badRequest("", "payment_method", "The payment method belongs to a Customer: include the customer.")
	case m.Customer != "" && m.Customer != customer:
		return badRequest("", "payment_method", "The payment method does not belong to that Customer.")
	}
	return nil
}

func (t *turn) getMethod(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	m, no := t.ownMethod(id, "payment_method")
	if no != nil {
		return nil, no
	}
	return t.showMethod(m), nil
}

// attachMethod keeps a card with a customer. The issuer is asked, and may decline.
func (t *turn) attachMethod(id string, in *form) (shape, *refusal) {
	owner := in.required("customer")
	if no := in.done(); no != nil {
		return nil, no
	}
	m, no := t.ownMethod(id, "payment_method")
	if no != nil {
		return nil, no
	}
	c, no := t.ownCustomer(owner)
	if no != nil {
		return nil, no
	}
	if m.Customer != "" && m.Customer != c.ID {
		return nil, badRequest("", "payment_method", "The payment method is attached to another customer already.")
	}
	if m.Customer == c.ID {
		return t.showMethod(m), nil
	}
	if no := usable(m, ""); no != nil {
		return nil, no
	}
	if outcome := m.Behaviour.Outcome(); outcome.AtAttach {
		t.enter(Entry{Kind: VerifyRefused, Card: m.Card.Fingerprint, Code: outcome.Decline})
		return nil, refusedCard(declineOf(outcome.Decline), nil, m)
	}
	t.enter(Entry{Kind: Verified, Card: m.Card.Fingerprint})
	m = t.changeMethod(m)
	m.Customer = c.ID
	return t.showMethod(m), nil
}

func (t *turn) detachMethod(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	m, no := t.ownMethod(id, "payment_method")
	if no != nil {
		return nil, no
	}
	if m.Customer == "" {
		return nil, badRequest("", "payment_method", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m = t.changeMethod(m)
	m.Customer, m.Spent = "", true
	return t.showMethod(m), nil
}
