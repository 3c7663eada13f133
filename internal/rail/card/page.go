package card

import (
	"context"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

// pageTags are the languages in which the processor writes its own page.
var pageTags = []string{
	"bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it",
	"ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi",
	"zh", "zh-HK", "zh-TW",
}

// pageLocale gives the nearest language that the processor has; "auto" lets it ask
// the payer's browser.
func pageLocale(tag string) string {
	if slices.Contains(pageTags, tag) {
		return tag
	}
	if primary, _, _ := strings.Cut(tag, "-"); slices.Contains(pageTags, primary) {
		return primary
	}
	return "auto"
}

// OpenPage implements checkout.Processor: a checkout session on the entity's account.
// It closes by itself a day later.
func (c *Client) OpenPage(ctx context.Context, order checkout.PageOrder, key ident.Key) (checkout.Page, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	// No time of our own stands in it: asked again under its key, it must be the same.
	params := &stripe.CheckoutSessionCreateParams{
		Mode:               stripe.String(stripe.CheckoutSessionModePayment),
		PaymentMethodTypes: []*string{stripe.String(methodCard)},
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency:    stripe.String(stripe.CurrencyUSD),
				UnitAmount:  stripe.Int64(int64(order.Charge.Amount)),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: &order.Title},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			CaptureMethod: stripe.String(captureManual), Metadata: metadata(&order.Charge),
		},
		Metadata:   metadata(&order.Charge),
		Locale:     stripe.String(pageLocale(order.Language)),
		SuccessURL: &order.Done,
		CancelURL:  &order.Back,
	}
	at(params, order.Charge.Merchant, key)
	session, err := c.stripe.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return checkout.Page{}, c.fault("card.OpenPage", movesNothing, err)
	}
	return pageOf(order.Charge.Merchant, session), nil
}

// EnquirePage implements checkout.Processor.
func (c *Client) EnquirePage(ctx context.Context, id string) (checkout.Page, error) {
	const op = "card.EnquirePage"
	merchant, session, err := unpair(op, "page", id)
	if err != nil {
		return checkout.Page{}, err
	}
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.CheckoutSessionRetrieveParams{}
	params.SetStripeAccount(merchant)
	found, err := c.stripe.V1CheckoutSessions.Retrieve(ctx, session, params)
	if err != nil {
		return checkout.Page{}, c.fault(op, movesNothing, err)
	}
	return pageOf(merchant, found), nil
}

// ClosePage implements checkout.Processor. It is no error when the page is closed
// already, and Conflict when a card was entered.
func (c *Client) ClosePage(ctx context.Context, id string) error {
	const op = "card.ClosePage"
	merchant, session, err := unpair(op, "page", id)
	if err != nil {
		return err
	}
	bounded, done := c.bounded(ctx)
	defer done()
	params := &stripe.CheckoutSessionExpireParams{}
	params.SetStripeAccount(merchant)
	if _, err = c.stripe.V1CheckoutSessions.Expire(bounded, session, params); err == nil {
		return nil
	}
	refused := c.fault(op, movesNothing, err)
	if kind := fault.KindOf(refused); kind != fault.Invalid && kind != fault.Conflict {
		return refused
	}
	// The processor refuses to close what is not open any more.
	page, err := c.EnquirePage(ctx, id)
	switch {
	case err != nil:
		return fault.Wrap(op, err)
	case page.Status == checkout.PageExpired:
		return nil
	case page.Status == checkout.PageDone:
		return fault.New(fault.Conflict, op, "a card was entered on the page")
	}
	return refused
}

func pageOf(merchant string, s *stripe.CheckoutSession) checkout.Page {
	page := checkout.Page{ID: pair(merchant, s.ID), URL: s.URL, Charge: intentRef(merchant, s.PaymentIntent)}
	switch s.Status {
	case stripe.CheckoutSessionStatusComplete:
		page.Status = checkout.PageDone
	case stripe.CheckoutSessionStatusExpired:
		page.Status = checkout.PageExpired
	default:
		page.Status = checkout.PageOpen
	}
	return page
}
