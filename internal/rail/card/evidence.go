package card

import (
	"context"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

// SubmitEvidence implements checkout.Processor.
func (c *Client) SubmitEvidence(
	ctx context.Context, merchant, dispute string, evidence checkout.Evidence, key ident.Key,
) (checkout.Dispute, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.DisputeUpdateParams{Evidence: &stripe.DisputeUpdateEvidenceParams{}, Submit: stripe.Bool(true)}
	for field, text := range map[**string]string{
		&params.Evidence.ProductDescription: evidence.Product, &params.Evidence.ServiceDate: evidence.ServiceDate,
		&params.Evidence.UncategorizedText: evidence.Explanation, &params.Evidence.DuplicateChargeExplanation: evidence.Duplicate,
		&params.Evidence.CancellationRebuttal: evidence.Cancellation,
	} {
		if text != "" {
			*field = &text
		}
	}
	at(params, merchant, key)
	answered, err := c.stripe.V1Disputes.Update(ctx, dispute, params)
	if err != nil {
		// The same answer twice is the same answer: whether it arrived is asked of the dispute.
		return checkout.Dispute{}, c.fault("card.SubmitEvidence", movesNothing, err)
	}
	return disputeOf(merchant, answered), nil
}
