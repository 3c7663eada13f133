package processor

import (
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/money"
)

// The wire shows null where Stripe does, so that a client that relies on a field
// being there finds it.

func orNull[T comparable](value T) any {
	var none T
	if value == none {
		return nil
	}
	return value
}

func metadataOf(pairs map[string]string) map[string]string {
	if pairs == nil {
		return map[string]string{}
	}
	return pairs
}

func showCustomer(c *customer) shape {
	return shape{"id": c.ID, "object": "customer", "created": c.Created, "livemode": false, "metadata": metadataOf(c.Metadata)}
}

func (c card) shape() shape {
	return shape{
		"brand": c.Brand, "last4": c.Last4, "funding": c.Funding, "fingerprint": c.Fingerprint,
		"exp_month": c.Month, "exp_year": c.Year, "country": "US",
	}
}

func (t *turn) showMethod(m *method) shape {
	return shape{
		"id": m.ID, "object": "payment_method", "type": "card", "card": m.Card.shape(), "customer": orNull(m.Customer),
		"created": m.Created, "livemode": false, "metadata": shape{},
	}
}

func (t *turn) showIntent(in *intent, expand []string) shape {
	capturable := money.Cents(0)
	if in.Status == needsCapture {
		capturable = in.Amount
	}
	s := shape{
		"id": in.ID, "object": "payment_intent", "amount": in.Amount, "amount_capturable": capturable, "amount_received": in.Received,
		"canceled_at": orNull(in.CanceledAt), "cancellation_reason": orNull(in.CancelReason), "capture_method": "manual",
		"client_secret": in.Secret, "confirmation_method": "automatic", "created": in.Created, "currency": "usd",
		"customer": orNull(in.Customer), "last_payment_error": t.showLastDecline(in), "latest_charge": orNull(in.Charge),
		"livemode": false, "metadata": metadataOf(in.Metadata), "next_action": nil, "payment_method": orNull(in.Method),
		"payment_method_types": []string{"card"}, "status": in.Status,
	}
	if in.Status == needsAction {
		s["next_action"] = shape{"type": "use_stripe_sdk", "use_stripe_sdk": shape{}}
	}
	if slices.Contains(expand, "latest_charge") && in.Charge != "" {
		s["latest_charge"] = t.showCharge(t.charge(in.Charge))
	}
	return s
}

func (t *turn) showLastDecline(in *intent) any {
	d := in.LastDecline
	if d == nil {
		return nil
	}
	s := shape{"type": cardError, "code": d.Code, "decline_code": d.DeclineCode, "message": d.Message, "charge": orNull(d.Charge)}
	if m := t.method(d.Method); m != nil {
		s["payment_method"] = t.showMethod(m)
	}
	return s
}

func (t *turn) showCharge(c *charge) shape {
	s := shape{
		"id": c.ID, "object": "charge", "amount": c.Amount, "amount_captured": c.Captured, "amount_refunded": c.Refunded,
		"captured": c.isCaptured(), "created": c.Created, "currency": "usd", "disputed": c.Dispute != "", "livemode": false,
		"metadata": metadataOf(c.Metadata), "paid": c.Decline == nil, "payment_intent": c.Intent, "payment_method": c.Method,
		"refunded": c.Decline == nil && c.Refunded == c.Amount, "status": "succeeded", "failure_code": nil, "failure_message": nil,
		"outcome": shape{"network_status": "approved_by_network", "reason": nil, "type": "authorized"},
	}
	details := c.Card.shape()
	details["amount_authorized"] = c.Amount
	details["capture_before"] = c.Created + int64(holdMax/time.Second)
	s["payment_method_details"] = shape{"type": "card", "card": details}
	if d := c.Decline; d != nil {
		s["status"], s["failure_code"], s["failure_message"] = "failed", d.Code, d.Message
		network, advice := networkWords(d.DeclineCode)
		s["outcome"] = shape{
			"network_status": "declined_by_network", "reason": d.DeclineCode, "type": "issuer_declined",
			"network_decline_code": orNull(network), "network_advice_code": orNull(advice),
		}
	}
	return s
}

func (t *turn) showRefund(r *refund) shape {
	s := shape{
		"id": r.ID, "object": "refund", "amount": r.Amount, "charge": r.Charge, "created": r.Created, "currency": "usd",
		"metadata": metadataOf(r.Metadata), "payment_intent": r.Intent, "reason": orNull(r.Reason), "status": r.Status,
	}
	if r.Status == refundFailed {
		s["failure_reason"] = "expired_or_canceled_card"
	}
	return s
}

func (t *turn) showDispute(d *dispute) shape {
	return shape{
		"id": d.ID, "object": "dispute", "amount": d.Amount, "charge": d.Charge, "created": d.Created, "currency": "usd",
		"evidence_details": shape{
			"due_by": d.DueBy, "has_evidence": len(d.Evidence) > 0, "past_due": d.Status.isOpen() && t.now.Unix() > d.DueBy,
			"submission_count": map[bool]int{true: 1}[d.Answered],
		},
		"is_charge_refundable": false, "livemode": false, "metadata": shape{}, "payment_intent": d.Intent, "reason": d.Reason, "status": d.Status,
	}
}

func (t *turn) showSession(c *session, expand []string) shape {
	s := shape{
		"id": c.ID, "object": "checkout.session", "amount_subtotal": c.Amount, "amount_total": c.Amount, "cancel_url": c.Back,
		"client_reference_id": orNull(c.Reference), "created": c.Created, "currency": "usd", "expires_at": c.ExpiresAt, "livemode": false,
		"locale": orNull(c.Locale), "metadata": metadataOf(c.Metadata), "mode": "payment", "payment_intent": orNull(c.Intent),
		"payment_method_types": []string{"card"}, "payment_status": "unpaid", "status": c.Status, "success_url": c.Success, "url": nil,
	}
	if c.Status == sessionOpen {
		s["url"] = c.URL
	}
	if in := t.intent(c.Intent); in != nil {
		if in.Status == succeeded {
			s["payment_status"] = "paid"
		}
		if slices.Contains(expand, "payment_intent") {
			s["payment_intent"] = t.showIntent(in, nil)
		}
	}
	return s
}
