package card

import (
	"context"
	"errors"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

// Card implements checkout.Processor.
func (c *Client) Card(ctx context.Context, token string) (checkout.Card, error) {
	const op = "card.Card"
	ctx, done := c.bounded(ctx)
	defer done()
	method, err := c.stripe.V1PaymentMethods.Retrieve(ctx, token, &stripe.PaymentMethodRetrieveParams{})
	if err != nil {
		return checkout.Card{}, c.fault(op, movesNothing, err)
	}
	if method.Card == nil {
		return checkout.Card{}, fault.New(fault.Invalid, op, "what was entered is no card")
	}
	return methodsCard(method), nil
}

// Keep implements checkout.Processor: the card becomes the only one of a customer
// without a name on the platform's account.
func (c *Client) Keep(ctx context.Context, token string, key ident.Key) (checkout.Kept, error) {
	const op = "card.Keep"
	bounded, done := c.bounded(ctx)
	defer done()
	create := &stripe.CustomerCreateParams{}
	create.SetIdempotencyKey(string(step(key, "customer")))
	customer, err := c.stripe.V1Customers.Create(bounded, create)
	if err != nil {
		return checkout.Kept{}, c.fault(op, movesNothing, err)
	}
	attach := &stripe.PaymentMethodAttachParams{Customer: &customer.ID}
	attach.SetIdempotencyKey(string(key))
	method, err := c.stripe.V1PaymentMethods.Attach(bounded, token, attach)
	if err == nil {
		return checkout.Kept{Credential: pair(customer.ID, method.ID), Card: methodsCard(method)}, nil
	}
	// Nobody will ask to forget what we do not say was kept. Should this fail too, a
	// customer without a name stays with the processor.
	_ = c.deleteCustomer(context.WithoutCancel(ctx), customer.ID)
	var refused *stripe.Error
	if errors.As(err, &refused) && refused.Type == stripe.ErrorTypeCard {
		decline := declineOf(refused)
		return checkout.Kept{Card: methodsCard(refused.PaymentMethod), Decline: &decline}, nil
	}
	return checkout.Kept{}, c.fault(op, movesNothing, err)
}

// Forget implements checkout.Processor.
func (c *Client) Forget(ctx context.Context, credential string) error {
	const op = "card.Forget"
	customer, method, err := unpair(op, "card", credential)
	if err != nil {
		return err
	}
	bounded, done := c.bounded(ctx)
	defer done()
	_, err = c.stripe.V1PaymentMethods.Detach(bounded, method, &stripe.PaymentMethodDetachParams{})
	var refused *stripe.Error
	if err != nil && !errors.As(err, &refused) {
		return c.fault(op, movesNothing, err)
	}
	// One that cannot be detached, as after an earlier try, goes with its customer.
	if err := c.deleteCustomer(ctx, customer); err != nil {
		return c.fault(op, movesNothing, err)
	}
	return nil
}

// deleteCustomer drops a customer and its card; well when it is gone already.
func (c *Client) deleteCustomer(ctx context.Context, id string) error {
	ctx, done := c.bounded(ctx)
	defer done()
	_, err := c.stripe.V1Customers.Delete(ctx, id, &stripe.CustomerDeleteParams{})
	if gone(err) {
		return nil
	}
	return err
}

// methodsCard is what may be shown of a payment method; nothing when it is no card.
func methodsCard(method *stripe.PaymentMethod) checkout.Card {
	if method == nil || method.Card == nil {
		return checkout.Card{}
	}
	c := method.Card
	return checkout.Card{
		Brand: word(c.Brand), Last4: c.Last4, Funding: word(c.Funding), Fingerprint: c.Fingerprint,
		ExpiryMonth: int(c.ExpMonth), ExpiryYear: int(c.ExpYear),
	}
}

// chargedCard is what may be shown of the card that a charge was made on.
func chargedCard(c *stripe.ChargePaymentMethodDetailsCard) checkout.Card {
	return checkout.Card{
		Brand: word(c.Brand), Last4: c.Last4, Funding: word(c.Funding), Fingerprint: c.Fingerprint,
		ExpiryMonth: int(c.ExpMonth), ExpiryYear: int(c.ExpYear),
	}
}

// word is a word of the processor's about a card, "" when it does not know.
func word[T ~string](w T) string {
	if w == "unknown" {
		return ""
	}
	return string(w)
}
