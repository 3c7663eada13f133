package card

import (
	"context"
	"errors"
	"strconv"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

// A charge is a payment intent on the entity's account. Its data at the processor
// name our attempt and leg, so that a notice can be led back to them.
const (
	metaAttempt = "attempt"
	metaLeg     = "leg"
	metaReason  = "reason"

	methodCard    = "card"
	captureManual = "manual"
	// expandCharge asks for what the issuer said and what was given back.
	expandCharge = "latest_charge"
)

func metadata(order *checkout.ChargeOrder) map[string]string {
	return map[string]string{metaAttempt: string(order.Attempt), metaLeg: strconv.Itoa(order.Leg)}
}

// Open implements checkout.Processor.
func (c *Client) Open(ctx context.Context, order checkout.ChargeOrder, key ident.Key) (checkout.ChargeRef, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.PaymentIntentCreateParams{
		Amount:             stripe.Int64(int64(order.Amount)),
		Currency:           stripe.String(stripe.CurrencyUSD),
		CaptureMethod:      stripe.String(captureManual),
		PaymentMethodTypes: []*string{stripe.String(methodCard)},
		Metadata:           metadata(&order),
	}
	at(params, order.Merchant, key)
	intent, err := c.stripe.V1PaymentIntents.Create(ctx, params)
	if err != nil {
		return checkout.ChargeRef{}, c.fault("card.Open", movesNothing, err)
	}
	return checkout.ChargeRef{Merchant: order.Merchant, ID: intent.ID}, nil
}

// Authorise implements checkout.Processor.
func (c *Client) Authorise(ctx context.Context, ref checkout.ChargeRef, with checkout.Method, key ident.Key) (checkout.Charge, error) {
	const op = "card.Authorise"
	ctx, done := c.bounded(ctx)
	defer done()
	customer, method, err := unpair(op, "card", with.Credential)
	if err != nil {
		return checkout.Charge{}, err
	}
	clone := &stripe.PaymentMethodCreateParams{Customer: &customer, PaymentMethod: &method}
	at(clone, ref.Merchant, step(key, "clone"))
	cloned, err := c.stripe.V1PaymentMethods.Create(ctx, clone)
	if refused, ok := declined(ref, err); ok {
		return refused, nil
	}
	if err != nil {
		return checkout.Charge{}, c.fault(op, movesNothing, err)
	}
	params := &stripe.PaymentIntentConfirmParams{
		PaymentMethod: &cloned.ID,
		// A payer cannot be led through his bank's page by us, so such a card is declined.
		ErrorOnRequiresAction: stripe.Bool(true),
		Expand:                []*string{stripe.String(expandCharge)},
	}
	if with.OffSession {
		params.OffSession = stripe.Bool(true)
	}
	at(params, ref.Merchant, key)
	intent, err := c.stripe.V1PaymentIntents.Confirm(ctx, ref.ID, params)
	if refused, ok := declined(ref, err); ok {
		return refused, nil
	}
	if err != nil {
		return checkout.Charge{}, c.fault(op, movesMoney, err)
	}
	return chargeOf(ref, intent), nil
}

// Capture implements checkout.Processor. A charge that was captured before is no error.
func (c *Client) Capture(ctx context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	const op = "card.Capture"
	bounded, done := c.bounded(ctx)
	defer done()
	params := &stripe.PaymentIntentCaptureParams{Expand: []*string{stripe.String(expandCharge)}}
	at(params, ref.Merchant, key)
	intent, err := c.stripe.V1PaymentIntents.Capture(bounded, ref.ID, params)
	if err == nil {
		return chargeOf(ref, intent), nil
	}
	if stateForbids(err) {
		return c.reached(ctx, op, ref, checkout.ChargeCaptured)
	}
	return checkout.Charge{}, c.fault(op, movesMoney, err)
}

// Void implements checkout.Processor. A charge that was voided before is no error.
func (c *Client) Void(ctx context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	const op = "card.Void"
	bounded, done := c.bounded(ctx)
	defer done()
	params := &stripe.PaymentIntentCancelParams{Expand: []*string{stripe.String(expandCharge)}}
	at(params, ref.Merchant, key)
	intent, err := c.stripe.V1PaymentIntents.Cancel(bounded, ref.ID, params)
	if err == nil {
		return chargeOf(ref, intent), nil
	}
	if stateForbids(err) {
		return c.reached(ctx, op, ref, checkout.ChargeVoided)
	}
	return checkout.Charge{}, c.fault(op, movesMoney, err)
}

// reached tells how a charge stands whose state forbade a step: well when it has
// taken that step already, Conflict otherwise.
func (c *Client) reached(ctx context.Context, op string, ref checkout.ChargeRef, want checkout.ChargeStatus) (checkout.Charge, error) {
	charge, err := c.Enquire(ctx, ref)
	if err != nil {
		return checkout.Charge{}, fault.Wrap(op, err)
	}
	if charge.Status != want {
		return checkout.Charge{}, fault.New(fault.Conflict, op, "the charge is %s and cannot be %s", charge.Status, want)
	}
	return charge, nil
}

// Enquire implements checkout.Processor.
func (c *Client) Enquire(ctx context.Context, ref checkout.ChargeRef) (checkout.Charge, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.PaymentIntentRetrieveParams{Expand: []*string{stripe.String(expandCharge)}}
	params.SetStripeAccount(ref.Merchant)
	intent, err := c.stripe.V1PaymentIntents.Retrieve(ctx, ref.ID, params)
	if err != nil {
		return checkout.Charge{}, c.fault("card.Enquire", movesNothing, err)
	}
	return chargeOf(ref, intent), nil
}

// chargeOf puts a payment intent into our words.
func chargeOf(ref checkout.ChargeRef, intent *stripe.PaymentIntent) checkout.Charge {
	charge := checkout.Charge{
		Ref: ref, Status: statusOf(intent), Amount: money.Cents(intent.Amount), Captured: money.Cents(intent.AmountReceived),
	}
	if paid := intent.LatestCharge; paid != nil {
		charge.Refunded = money.Cents(paid.AmountRefunded)
		if paid.PaymentMethodDetails != nil && paid.PaymentMethodDetails.Card != nil {
			charge.Card = chargedCard(paid.PaymentMethodDetails.Card)
		}
	}
	if charge.Status != checkout.ChargeDeclined {
		return charge
	}
	charge.Decline = authenticationWanted
	if last := intent.LastPaymentError; last != nil {
		charge.Decline = declineOf(last)
		if paid := intent.LatestCharge; paid != nil && paid.Outcome != nil {
			charge.Decline.Network, charge.Decline.Advice = paid.Outcome.NetworkDeclineCode, paid.Outcome.NetworkAdviceCode
		}
		charge.Card = methodsCard(last.PaymentMethod)
	}
	return charge
}

// statusOf reads a payment intent's status. One that we do not know yet counts as
// not answered, so that it is asked for again and nobody is told yes or no.
func statusOf(intent *stripe.PaymentIntent) checkout.ChargeStatus {
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusRequiresConfirmation:
		if intent.LastPaymentError != nil {
			return checkout.ChargeDeclined
		}
		return checkout.ChargeOpened
	case stripe.PaymentIntentStatusRequiresAction:
		return checkout.ChargeDeclined
	case stripe.PaymentIntentStatusRequiresCapture:
		return checkout.ChargeAuthorised
	case stripe.PaymentIntentStatusSucceeded:
		return checkout.ChargeCaptured
	case stripe.PaymentIntentStatusCanceled:
		return checkout.ChargeVoided
	}
	return checkout.ChargePending
}

// declined reads an answer that declines a charge; false when err is none.
func declined(ref checkout.ChargeRef, err error) (checkout.Charge, bool) {
	var e *stripe.Error
	if !errors.As(err, &e) || e.Type != stripe.ErrorTypeCard {
		return checkout.Charge{}, false
	}
	charge := checkout.Charge{Ref: ref, Status: checkout.ChargeDeclined, Decline: declineOf(e), Card: methodsCard(e.PaymentMethod)}
	if e.PaymentIntent != nil {
		charge.Amount = money.Cents(e.PaymentIntent.Amount)
	}
	return charge, true
}
