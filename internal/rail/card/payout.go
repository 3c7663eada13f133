package card

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

// expandSource asks for what each line of a payout is about.
const expandSource = "data.source"

// linesMax bounds the lines of one payout, so that an answer without end fills no
// memory. It is far above what a plan's members pay in a day.
const linesMax = 200_000

// Payouts implements checkout.Processor, with a request for every hundred.
func (c *Client) Payouts(ctx context.Context, merchant string, since time.Time) ([]checkout.Payout, error) {
	var payouts []checkout.Payout
	for after := ""; ; {
		page, err := c.payoutPage(ctx, merchant, since, after)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			payouts = append(payouts, payoutOf(merchant, p))
		}
		if len(page) < pastPage {
			slices.Reverse(payouts) // the processor tells the newest first
			return payouts, nil
		}
		after = page[len(page)-1].ID
	}
}

func (c *Client) payoutPage(ctx context.Context, merchant string, since time.Time, after string) ([]*stripe.Payout, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.PayoutListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: max(since.Unix(), 0)}}
	params.Limit, params.Single = stripe.Int64(pastPage), true
	params.SetStripeAccount(merchant)
	if after != "" {
		params.StartingAfter = &after
	}
	var page []*stripe.Payout
	for p, err := range c.stripe.V1Payouts.List(ctx, params) {
		if err != nil {
			return nil, c.fault("card.Payouts", movesNothing, err)
		}
		page = append(page, p)
	}
	return page, nil
}

// payoutOf puts a payout into our words. The processor's arrival dates are midnights
// in UTC. Only of an automatic payout does it say which lines it is made of.
func payoutOf(merchant string, p *stripe.Payout) checkout.Payout {
	payout := checkout.Payout{
		Merchant: merchant, ID: p.ID, CreatedAt: time.Unix(p.Created, 0).UTC(), Net: money.Cents(p.Amount),
		PaidOn: calendar.In(time.Unix(p.ArrivalDate, 0), time.UTC), Status: checkout.PayoutOpen,
	}
	if p.TraceID != nil {
		payout.Trace = p.TraceID.Value
	}
	switch {
	case p.Status == stripe.PayoutStatusFailed, p.Status == stripe.PayoutStatusCanceled:
		payout.Status, payout.Reason = checkout.PayoutFailed, string(p.FailureCode)
	case p.ReconciliationStatus != stripe.PayoutReconciliationStatusInProgress:
		payout.Status = checkout.PayoutFinal
	}
	return payout
}

// PayoutLines implements checkout.Processor, with a request for every hundred.
func (c *Client) PayoutLines(ctx context.Context, merchant, payout string) ([]checkout.SettlementLine, error) {
	var lines []checkout.SettlementLine
	for after := ""; ; {
		page, err := c.linePage(ctx, merchant, payout, after)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			if t.Type == stripe.BalanceTransactionTypePayout {
				continue // the payout itself, which closes the account of its lines
			}
			lines = append(lines, lineOf(merchant, t))
		}
		switch {
		case len(page) < pastPage:
			return lines, nil
		case len(lines) > linesMax:
			return nil, fault.New(fault.Invalid, "card.PayoutLines", "payout %s has more than %d lines", payout, linesMax)
		}
		after = page[len(page)-1].ID
	}
}

func (c *Client) linePage(ctx context.Context, merchant, payout, after string) ([]*stripe.BalanceTransaction, error) {
	ctx, done := c.bounded(ctx)
	defer done()
	params := &stripe.BalanceTransactionListParams{Payout: &payout, Expand: []*string{stripe.String(expandSource)}}
	params.Limit, params.Single = stripe.Int64(pastPage), true
	params.SetStripeAccount(merchant)
	if after != "" {
		params.StartingAfter = &after
	}
	var page []*stripe.BalanceTransaction
	for t, err := range c.stripe.V1BalanceTransactions.List(ctx, params) {
		if err != nil {
			return nil, c.fault("card.PayoutLines", movesNothing, err)
		}
		page = append(page, t)
	}
	return page, nil
}

// lineOf puts a line of the processor's balance into our words.
func lineOf(merchant string, t *stripe.BalanceTransaction) checkout.SettlementLine {
	line := checkout.SettlementLine{
		ID: t.ID, Kind: checkout.LineOther, Gross: money.Cents(t.Amount), Fee: money.Cents(t.Fee), Net: money.Cents(t.Net),
		At: time.Unix(t.Created, 0).UTC(),
	}
	switch t.Type {
	case stripe.BalanceTransactionTypeStripeFee, stripe.BalanceTransactionTypeTaxFee:
		// A fee that stands by itself is told as an amount.
		line.Kind, line.Gross, line.Fee = checkout.LineFee, 0, line.Fee-line.Gross
		return line
	case stripe.BalanceTransactionTypePayoutFailure, stripe.BalanceTransactionTypePayoutCancel:
		line.Kind = checkout.LinePayoutFailed
		if t.Source != nil {
			line.Subject = t.Source.ID
		}
		return line
	}
	if t.Source != nil {
		about(&line, merchant, t)
	}
	return line
}

// about says which charge, refund or dispute a line is about.
func about(line *checkout.SettlementLine, merchant string, t *stripe.BalanceTransaction) {
	switch of := t.Source; {
	case of.Charge != nil && t.Type == stripe.BalanceTransactionTypeCharge:
		line.Kind, line.Charge = checkout.LineCharge, intentRef(merchant, of.Charge.PaymentIntent)
	case of.Refund != nil:
		line.Kind, line.Subject, line.Charge = checkout.LineRefund, of.Refund.ID, intentRef(merchant, of.Refund.PaymentIntent)
		if t.Type == stripe.BalanceTransactionTypeRefundFailure {
			line.Kind = checkout.LineRefundFailed
		}
	case of.Dispute != nil:
		line.Kind, line.Subject, line.Charge = checkout.LineDispute, of.Dispute.ID, intentRef(merchant, of.Dispute.PaymentIntent)
		if t.Amount > 0 {
			line.Kind = checkout.LineDisputeWon
		}
	}
}
