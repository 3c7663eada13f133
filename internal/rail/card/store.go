package card

import (
	"context"
	"errors"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

// usageOffSession says that a card is stored to be charged without its holder.
const usageOffSession = "off_session"

// Store implements checkout.Processor: the card becomes the only one of a customer
// without a name on the platform's account, and a setup intent asks its issuer as
// the networks want it of the first transaction of a stored credential. The
// processor keeps the network's transaction id and sends it with later charges.
func (c *Client) Store(ctx context.Context, token string, key ident.Key) (checkout.Kept, error) {
	const op = "card.Store"
	bounded, done := c.bounded(ctx)
	defer done()
	create := &stripe.CustomerCreateParams{}
	create.SetIdempotencyKey(string(step(key, "customer")))
	customer, err := c.stripe.V1Customers.Create(bounded, create)
	if err != nil {
		return checkout.Kept{}, c.fault(op, movesNothing, err)
	}
	params := &stripe.SetupIntentCreateParams{
		Customer: &customer.ID, PaymentMethod: &token, Usage: stripe.String(usageOffSession), Confirm: stripe.Bool(true),
		PaymentMethodTypes: []*string{stripe.String(methodCard)}, Expand: []*string{stripe.String("payment_method")},
	}
	params.SetIdempotencyKey(string(key))
	setup, err := c.stripe.V1SetupIntents.Create(bounded, params)
	if err == nil && setup.Status == stripe.SetupIntentStatusSucceeded && setup.PaymentMethod != nil {
		return checkout.Kept{Credential: pair(customer.ID, setup.PaymentMethod.ID), Card: methodsCard(setup.PaymentMethod)}, nil
	}
	// Nobody will ask to forget what we do not say was stored.
	_ = c.deleteCustomer(context.WithoutCancel(ctx), customer.ID)
	var refused *stripe.Error
	switch {
	case err == nil:
		wanted := authenticationWanted
		return checkout.Kept{Decline: &wanted}, nil
	case errors.As(err, &refused) && refused.Type == stripe.ErrorTypeCard:
		decline := declineOf(refused)
		return checkout.Kept{Card: methodsCard(refused.PaymentMethod), Decline: &decline}, nil
	}
	return checkout.Kept{}, c.fault(op, movesNothing, err)
}

// StoredCard implements checkout.Processor.
func (c *Client) StoredCard(ctx context.Context, credential string) (checkout.Card, error) {
	const op = "card.StoredCard"
	customer, method, err := unpair(op, "card", credential)
	if err != nil {
		return checkout.Card{}, err
	}
	ctx, done := c.bounded(ctx)
	defer done()
	found, err := c.stripe.V1PaymentMethods.Retrieve(ctx, method, &stripe.PaymentMethodRetrieveParams{})
	if err != nil {
		return checkout.Card{}, c.fault(op, movesNothing, err)
	}
	if found.Card == nil || found.Customer == nil || found.Customer.ID != customer {
		return checkout.Card{}, fault.New(fault.NotFound, op, "this card is not stored any more")
	}
	return methodsCard(found), nil
}
