package card

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

// Refund implements checkout.Processor.
func (c *Client) Refund(ctx context.Context, order checkout.RefundOrder, key ident.Key) (checkout.Refund, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.RefundCreateParams{
		PaymentIntent: &order.Charge.ID, Amount: stripe.Int64(int64(order.Amount)),
		Metadata: map[string]string{metaReason: order.Reason},
	}
	at(params, order.Charge.Merchant, key)
	refund, err := c.stripe.V1Refunds.Create(ctx, params)
	if err != nil {
		return checkout.Refund{}, c.fault("card.Refund", movesMoney, err)
	}
	return refundOf(order.Charge.Merchant, refund), nil
}

// EnquireRefund implements checkout.Processor.
func (c *Client) EnquireRefund(ctx context.Context, merchant, id string) (checkout.Refund, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.RefundRetrieveParams{}
	params.SetStripeAccount(merchant)
	refund, err := c.stripe.V1Refunds.Retrieve(ctx, id, params)
	if err != nil {
		return checkout.Refund{}, c.fault("card.EnquireRefund", movesNothing, err)
	}
	return refundOf(merchant, refund), nil
}

func refundOf(merchant string, r *stripe.Refund) checkout.Refund {
	refund := checkout.Refund{ID: r.ID, Amount: money.Cents(r.Amount), Charge: intentRef(merchant, r.PaymentIntent)}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		refund.Status = checkout.RefundSent
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		refund.Status = checkout.RefundFailed
	default:
		refund.Status = checkout.RefundPending
	}
	return refund
}

// EnquireDispute implements checkout.Processor.
func (c *Client) EnquireDispute(ctx context.Context, merchant, id string) (checkout.Dispute, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.DisputeRetrieveParams{}
	params.SetStripeAccount(merchant)
	dispute, err := c.stripe.V1Disputes.Retrieve(ctx, id, params)
	if err != nil {
		return checkout.Dispute{}, c.fault("card.EnquireDispute", movesNothing, err)
	}
	return disputeOf(merchant, dispute), nil
}

func disputeOf(merchant string, d *stripe.Dispute) checkout.Dispute {
	dispute := checkout.Dispute{
		ID: d.ID, Charge: intentRef(merchant, d.PaymentIntent), Amount: money.Cents(d.Amount), Reason: string(d.Reason),
		OpenedAt: time.Unix(d.Created, 0).UTC(),
	}
	if details := d.EvidenceDetails; details != nil {
		if details.DueBy > 0 {
			dispute.EvidenceBy = time.Unix(details.DueBy, 0).UTC()
		}
		dispute.Answered = details.SubmissionCount > 0
	}
	switch d.Status {
	case stripe.DisputeStatusWon:
		dispute.Status = checkout.DisputeWon
	case stripe.DisputeStatusLost:
		dispute.Status = checkout.DisputeLost
	case stripe.DisputeStatusWarningNeedsResponse, stripe.DisputeStatusWarningUnderReview,
		stripe.DisputeStatusWarningClosed, stripe.DisputeStatusPrevented:
		dispute.Status = checkout.DisputeInquiry
	default:
		dispute.Status = checkout.DisputeOpen
	}
	return dispute
}

// intentRef names the charge that an object is about; the zero value when none is named.
func intentRef(merchant string, intent *stripe.PaymentIntent) checkout.ChargeRef {
	if intent == nil || intent.ID == "" {
		return checkout.ChargeRef{}
	}
	return checkout.ChargeRef{Merchant: merchant, ID: intent.ID}
}
