package card

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/office/checkout"
)

// pastTypes are the events of refunds and disputes.
var pastTypes = []string{
	"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
	"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
}

// pastPage is how many events one request gives, the most that the processor allows.
const pastPage = 100

// PastNotices implements checkout.Processor, with a request for every hundred
// events. The processor keeps them for 30 days.
func (c *Client) PastNotices(ctx context.Context, merchant string, since time.Time) ([]checkout.Notice, error) {
	var notices []checkout.Notice
	for after := ""; ; {
		events, err := c.pastEvents(ctx, merchant, since, after)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			// One that does not read is nothing that the next sweep could read.
			if n, err := e.notice(c.sandbox); err == nil && n.Kind != checkout.NoticeOther {
				n.At = e.at
				notices = append(notices, n)
			}
		}
		if len(events) < pastPage {
			slices.Reverse(notices) // the processor tells the newest first
			return notices, nil
		}
		after = events[len(events)-1].ID
	}
}

// pastEvent is an event of the list.
type pastEvent struct {
	event
	at time.Time
}

// pastEvents gives one page of the list, behind an event or from its beginning.
func (c *Client) pastEvents(ctx context.Context, merchant string, since time.Time, after string) ([]pastEvent, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.EventListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}, Types: stripe.StringSlice(pastTypes),
	}
	params.Limit, params.Single = stripe.Int64(pastPage), true
	params.SetStripeAccount(merchant)
	if after != "" {
		params.StartingAfter = &after
	}
	var events []pastEvent
	for found, err := range c.stripe.V1Events.List(ctx, params) {
		if err != nil {
			return nil, c.fault("card.PastNotices", movesNothing, err)
		}
		e := pastEvent{
			event: event{ID: found.ID, Type: string(found.Type), Account: merchant, Livemode: &found.Livemode},
			at:    time.Unix(found.Created, 0).UTC(),
		}
		if found.Data != nil {
			e.Data.Object = found.Data.Raw
		}
		events = append(events, e)
	}
	return events, nil
}
