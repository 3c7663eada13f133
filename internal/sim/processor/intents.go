package processor

import (
	"time"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// holdMax is how long an authorisation stands that nobody captures.
const holdMax = 7 * 24 * time.Hour

func (t *turn) createIntent(_ string, in *form) (shape, *refusal) {
	amount := t.amount(in)
	in.choice("capture_method", "automatic", "manual")
	if in.text("capture_method") != "manual" {
		in.fail(badRequest("parameter_invalid", "capture_method", "The simulator knows capture_method manual only."))
	}
	cardsOnly(in)
	owner, metadata := in.text("customer"), in.metadata("metadata")
	in.ignore("description")
	if no := in.done(); no != nil {
		return nil, no
	}
	if owner != "" {
		if _, no := t.ownCustomer(owner); no != nil {
			return nil, no
		}
	}
	return t.showIntent(t.newIntent(amount, owner, metadata), nil), nil
}

// amount reads amount and currency of a charge.
func (t *turn) amount(in *form) money.Cents {
	in.required("amount")
	if in.required("currency") != "usd" {
		in.fail(badRequest("parameter_invalid", "currency", "The simulator knows usd only."))
	}
	amount := in.cents("amount")
	checkAmount(in, amount, "amount")
	return amount
}

// amountMin is the least that Stripe charges in dollars.
const amountMin money.Cents = 50

func checkAmount(in *form, amount money.Cents, param string) {
	if amount < amountMin {
		in.fail(badRequest("amount_too_small", param, "Amount must be at least $0.50 usd"))
	}
}

// cardsOnly refuses other means of payment than cards.
func cardsOnly(in *form) {
	kinds := in.list("payment_method_types")
	if len(kinds) != 1 || kinds[0] != "card" {
		in.fail(badRequest("parameter_invalid", "payment_method_types", "The simulator knows payment_method_types card only, and wants it said."))
	}
}

func (t *turn) newIntent(amount money.Cents, owner string, metadata map[string]string) *intent {
	id := newID("pi")
	return t.changeIntent(&intent{
		ID: id, Secret: newID(id + "_secret"), Account: t.account, Amount: amount, Status: needsMethod, Customer: owner,
		Metadata: metadata, Created: t.now.Unix(),
	})
}

func (t *turn) getIntent(id string, in *form) (shape, *refusal) {
	expand := in.expansion("latest_charge")
	in.ignore("client_secret")
	if no := in.done(); no != nil {
		return nil, no
	}
	i, no := t.ownIntent(id, "intent")
	if no != nil {
		return nil, no
	}
	return t.showIntent(i, expand), nil
}

// confirmIntent charges a card.
func (t *turn) confirmIntent(id string, in *form) (shape, *refusal) {
	with := in.required("payment_method")
	strict := in.flag("error_on_requires_action")
	in.flag("off_session")
	expand := in.expansion("latest_charge")
	in.ignore("return_url")
	if no := in.done(); no != nil {
		return nil, no
	}
	i, no := t.ownIntent(id, "intent")
	if no != nil {
		return nil, no
	}
	if i.Status != needsMethod && i.Status != needsAction {
		return nil, wrongState(i, "confirm")
	}
	m, no := t.ownMethod(with, "payment_method")
	if no != nil {
		return nil, no
	}
	if no := usable(m, i.Customer); no != nil {
		return nil, no
	}
	if m.Behaviour == testcard.NeedsAuthentication && !strict {
		i = t.changeIntent(i)
		i.Status, i.Method = needsAction, m.ID
		return t.showIntent(i, expand), nil
	}
	i, no = t.authorise(i, m)
	if no != nil || i == nil {
		return nil, no
	}
	return t.showIntent(i, expand), nil
}

// authorise asks a card's issuer for an intent's amount and does what the card's
// behaviour says. It gives the intent, nothing at all when no issuer was reached,
// or the decline.
func (t *turn) authorise(i *intent, m *method) (*intent, *refusal) {
	outcome := m.Behaviour.Outcome()
	t.answer = outcome.Answer
	if outcome.Nothing {
		t.enterFor(i, Entry{Kind: Unanswered, Card: m.Card.Fingerprint, Cents: i.Amount})
		return nil, nil
	}
	i = t.changeIntent(i)
	i.Method = m.ID
	if outcome.Decline == "" || outcome.Once && t.refusals[m.Card.Fingerprint] > 0 {
		t.hold(i, m)
		return i, nil
	}
	d := declineOf(outcome.Decline)
	d.Method = m.ID
	c := t.newCharge(i, m, d)
	d.Charge = c.ID
	i.Status, i.Method, i.Charge, i.LastDecline, i.LateAt, i.LateMethod = needsMethod, "", c.ID, d, zeroTime, ""
	if outcome.Late {
		i.LateAt, i.LateMethod = t.now.Add(t.delays.Approval), m.ID
	}
	t.enterFor(i, Entry{Kind: Refused, Charge: c.ID, Card: m.Card.Fingerprint, Code: d.DeclineCode, Cents: i.Amount})
	t.emit("payment_intent.payment_failed", t.showIntent(i, nil))
	return nil, refusedCard(d, i, m)
}

// hold notes an approval: the amount is held until it is captured or released.
func (t *turn) hold(i *intent, m *method) {
	c := t.newCharge(i, m, nil)
	if outcome := m.Behaviour.Outcome(); outcome.Dispute != "" {
		c.DisputeReason = outcome.Dispute
	}
	if m.Customer == "" {
		t.changeMethod(m).Spent = true
	}
	i.Status, i.Method, i.Charge, i.LastDecline = needsCapture, m.ID, c.ID, nil
	i.LateAt, i.LateMethod, i.HeldUntil = zeroTime, "", t.now.Add(holdMax)
	t.enterFor(i, Entry{Kind: Authorised, Charge: c.ID, Card: m.Card.Fingerprint, Cents: i.Amount})
	t.emit("payment_intent.amount_capturable_updated", t.showIntent(i, nil))
}

func (t *turn) newCharge(i *intent, m *method, d *decline) *charge {
	return t.changeCharge(&charge{
		ID: newID("ch"), Account: i.Account, Intent: i.ID, Method: m.ID, Card: m.Card, Amount: i.Amount, Metadata: i.Metadata,
		Created: t.now.Unix(), Decline: d,
	})
}

// enterFor adds an entry about an intent.
func (t *turn) enterFor(i *intent, e Entry) {
	e.Intent, e.Attempt, e.Leg = i.ID, i.Metadata["attempt"], i.Metadata["leg"]
	t.enter(e)
}

// captureIntent takes what is held, or a part of it and releases the rest.
func (t *turn) captureIntent(id string, in *form) (shape, *refusal) {
	amount := in.cents("amount_to_capture")
	expand := in.expansion("latest_charge")
	if no := in.done(); no != nil {
		return nil, no
	}
	i, no := t.ownIntent(id, "intent")
	if no != nil {
		return nil, no
	}
	if i.Status != needsCapture {
		return nil, wrongState(i, "capture")
	}
	if amount == 0 {
		amount = i.Amount
	}
	if amount > i.Amount {
		return nil, badRequest("amount_too_large", "amount_to_capture", "The amount to capture is above the amount that is held.")
	}
	i, c := t.changeIntent(i), t.changeCharge(t.charge(i.Charge))
	i.Status, i.Received, i.HeldUntil = succeeded, amount, zeroTime
	c.Captured = amount
	if c.DisputeReason != "" {
		c.DisputeAt = t.now.Add(t.delays.Dispute)
	}
	t.enterFor(i, Entry{Kind: Captured, Charge: c.ID, Card: c.Card.Fingerprint, Cents: amount})
	t.moves(lineCharge, lineCharge, c.ID, amount, t.terms.fee(amount))
	if rest := c.Amount - amount; rest > 0 {
		t.enterFor(i, Entry{Kind: Voided, Charge: c.ID, Card: c.Card.Fingerprint, Cents: rest})
		c.Refunded = rest
	}
	t.emit("payment_intent.succeeded", t.showIntent(i, nil))
	return t.showIntent(i, expand), nil
}

// cancelIntent ends an intent that was not captured and releases what it holds.
func (t *turn) cancelIntent(id string, in *form) (shape, *refusal) {
	reason := in.choice("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	expand := in.expansion("latest_charge")
	if no := in.done(); no != nil {
		return nil, no
	}
	i, no := t.ownIntent(id, "intent")
	if no != nil {
		return nil, no
	}
	if i.Status == succeeded || i.Status == canceled {
		return nil, wrongState(i, "cancel")
	}
	return t.showIntent(t.cancel(i, reason), expand), nil
}

func (t *turn) cancel(i *intent, reason string) *intent {
	held := i.Status == needsCapture
	i = t.changeIntent(i)
	i.Status, i.CanceledAt, i.CancelReason = canceled, t.now.Unix(), reason
	i.HeldUntil, i.LateAt, i.LateMethod = zeroTime, zeroTime, ""
	if held {
		c := t.changeCharge(t.charge(i.Charge))
		c.Refunded = c.Amount
		t.enterFor(i, Entry{Kind: Voided, Charge: c.ID, Card: c.Card.Fingerprint, Cents: c.Amount})
	}
	t.emit("payment_intent.canceled", t.showIntent(i, nil))
	return i
}
