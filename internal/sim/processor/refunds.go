package processor

import (
	"strconv"

	"github.com/billfold/billfold/internal/base/money"
)

func (t *turn) createRefund(_ string, in *form) (shape, *refusal) {
	ofIntent, ofCharge := in.text("payment_intent"), in.text("charge")
	amount := in.cents("amount")
	reason := in.choice("reason", "", "duplicate", "fraudulent", "requested_by_customer")
	metadata := in.metadata("metadata")
	if (ofIntent == "") == (ofCharge == "") {
		in.fail(badRequest("parameter_missing", "payment_intent", "Give either payment_intent or charge."))
	}
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.chargeToRefund(ofIntent, ofCharge)
	if no != nil {
		return nil, no
	}
	left := c.Amount - c.Refunded
	switch {
	case !c.isCaptured():
		return nil, badRequest("charge_not_refundable", "", "Charge %s was not captured; cancel its PaymentIntent instead.", c.ID)
	case c.Dispute != "":
		no := badRequest("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", c.ID)
		no.charge = c.ID
		return nil, no
	case left == 0:
		no := badRequest("charge_already_refunded", "", "Charge %s has already been refunded.", c.ID)
		no.charge = c.ID
		return nil, no
	case amount > left:
		return nil, badRequest("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)", amount.Grouped(), left.Grouped())
	}
	if amount == 0 {
		amount = left
	}
	return t.showRefund(t.refund(c, amount, reason, metadata)), nil
}

func (t *turn) chargeToRefund(ofIntent, ofCharge string) (*charge, *refusal) {
	if ofIntent != "" {
		i, no := t.ownIntent(ofIntent, "payment_intent")
		if no != nil {
			return nil, no
		}
		if i.Charge == "" {
			return nil, badRequest("", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", i.ID)
		}
		ofCharge = i.Charge
	}
	c := t.charges[ofCharge]
	if c == nil || c.Account != t.account {
		return nil, missing("charge", "charge", ofCharge)
	}
	return c, nil
}

func (t *turn) refund(c *charge, amount money.Cents, reason string, metadata map[string]string) *refund {
	r := t.changeRefund(&refund{
		ID: newID("re"), Account: t.account, Charge: c.ID, Intent: c.Intent, Amount: amount, Reason: reason,
		Status: refundSucceeded, Metadata: metadata, Created: t.now.Unix(),
	})
	outcome := t.methods[c.Method].Behaviour.Outcome()
	if outcome.RefundFails {
		r.ChangeAt, r.ChangeTo = t.now.Add(t.delays.Refund), refundFailed
	}
	if outcome.RefundPends {
		r.Status, r.ChangeAt, r.ChangeTo = refundPending, t.now.Add(t.delays.Refund), refundSucceeded
	}
	c = t.changeCharge(c)
	c.Refunded += amount
	t.enterFor(t.intent(c.Intent), Entry{Kind: Refunded, Charge: c.ID, Card: c.Card.Fingerprint, Cents: amount})
	t.moves(lineRefund, lineRefund, r.ID, -amount, 0)
	t.emit("refund.created", t.showRefund(r))
	t.emit("charge.refunded", t.showCharge(c))
	return r
}

func (t *turn) getRefund(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	r := t.refunds[id]
	if r == nil || r.Account != t.account {
		return nil, missing("refund", "refund", id)
	}
	return t.showRefund(r), nil
}

// changeRefundStatus is what becomes of a refund by itself. A failed one gives
// its money back to the merchant.
func (t *turn) changeRefundStatus(r *refund) {
	r = t.changeRefund(r)
	r.Status = r.ChangeTo
	r.ChangeAt, r.ChangeTo = zeroTime, ""
	if r.Status == refundFailed {
		c := t.changeCharge(t.charge(r.Charge))
		c.Refunded -= r.Amount
		t.enterFor(t.intent(c.Intent), Entry{Kind: RefundFailed, Charge: c.ID, Card: c.Card.Fingerprint, Cents: r.Amount})
		t.moves(lineRefundFailure, lineRefundFailure, r.ID, r.Amount, 0)
		t.emit("refund.failed", t.showRefund(r))
	}
	t.emit("refund.updated", t.showRefund(r))
}

func (t *turn) getDispute(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	d := t.disputes[id]
	if d == nil || d.Account != t.account {
		return nil, missing("dispute", "dispute", id)
	}
	return t.showDispute(d), nil
}

// evidenceMax is how long a merchant has to answer a dispute.
const evidenceMax = 20 * 24 * 60 * 60 // seconds

// openDispute takes a charge's money back until it is decided.
func (t *turn) openDispute(c *charge, reason string) (*dispute, *refusal) {
	amount := c.Captured - c.refundedOfCaptured()
	if amount <= 0 || c.Dispute != "" {
		return nil, badRequest("charge_not_disputable", "charge", "Charge %s has nothing to dispute.", c.ID)
	}
	t.account = c.Account
	d := t.changeDispute(&dispute{
		ID: newID("du"), Account: c.Account, Charge: c.ID, Intent: c.Intent, Amount: amount, Reason: reason, Status: disputeOpen,
		Created: t.now.Unix(), DueBy: t.now.Unix() + evidenceMax,
	})
	c = t.changeCharge(c)
	c.Dispute, c.DisputeAt, c.DisputeReason = d.ID, zeroTime, ""
	t.enterFor(t.intent(c.Intent), Entry{Kind: Disputed, Charge: c.ID, Card: c.Card.Fingerprint, Code: reason, Cents: amount})
	t.moves(lineAdjustment, "dispute", d.ID, -amount, t.terms.DisputeFee)
	t.emit("charge.dispute.created", t.showDispute(d))
	t.emit("charge.dispute.funds_withdrawn", t.showDispute(d))
	return d, nil
}

// refundedOfCaptured is what was refunded of the money that was taken: the charge
// counts the released rest of a partial capture as refunded, too.
func (c *charge) refundedOfCaptured() money.Cents { return c.Refunded - (c.Amount - c.Captured) }

// closeDispute decides a dispute for the merchant or against him.
func (t *turn) closeDispute(id string, won bool) (*dispute, *refusal) {
	d := t.disputes[id]
	if d == nil {
		return nil, missing("dispute", "dispute", id)
	}
	if !d.Status.isOpen() {
		return nil, badRequest("", "dispute", "The dispute is %s already.", strconv.Quote(string(d.Status)))
	}
	t.account = d.Account
	d = t.changeDispute(d)
	c := t.charge(d.Charge)
	e := Entry{Kind: DisputeLost, Charge: c.ID, Card: c.Card.Fingerprint, Code: d.Reason, Cents: d.Amount}
	d.Status = disputeLost
	if won {
		d.Status, e.Kind = disputeWon, DisputeWon
	}
	t.enterFor(t.intent(d.Intent), e)
	if won {
		t.moves(lineAdjustment, "dispute_reversal", d.ID, d.Amount, 0)
	}
	t.emit("charge.dispute.updated", t.showDispute(d))
	t.emit("charge.dispute.closed", t.showDispute(d))
	if won {
		t.emit("charge.dispute.funds_reinstated", t.showDispute(d))
	}
	return d, nil
}
