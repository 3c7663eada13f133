package card

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v84/webhook"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

const (
	signatureHeader = "Stripe-Signature"
	// noticeAge is how far from our time a notice may have been signed, so that one
	// that somebody recorded is not good for long. The processor signs anew each
	// time it sends.
	noticeAge = 5 * time.Minute
	// signaturesMax bounds how many signatures are compared; while a secret is being
	// replaced there are two.
	signaturesMax = 8
)

// ReadNotice implements checkout.Processor.
func (c *Client) ReadNotice(header http.Header, body []byte) (checkout.Notice, error) {
	const op = "card.ReadNotice"
	if err := c.verify(op, header.Get(signatureHeader), body); err != nil {
		return checkout.Notice{}, err
	}
	unreadable := fault.New(fault.Invalid, op, "a notice of the card processor is signed well and does not read")
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || e.Object != "event" {
		return checkout.Notice{}, unreadable
	}
	notice, err := e.notice(c.sandbox)
	if err != nil {
		return checkout.Notice{}, unreadable
	}
	return notice, nil
}

// verify checks signature and age ("t=1700000000,v1=hex,v1=hex"). The library's own
// check asks the machine for the time, which we are given.
func (c *Client) verify(op, header string, body []byte) error {
	denied := func(why string) error { return fault.New(fault.Denied, op, "a notice of the card processor %s", why) }
	var signed time.Time
	var signatures [][]byte
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || !signed.IsZero() {
				return denied("does not say when it was signed")
			}
			signed = time.Unix(seconds, 0)
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil && len(signatures) < signaturesMax {
				signatures = append(signatures, signature)
			}
		}
	}
	if signed.IsZero() || len(signatures) == 0 {
		return denied("is not signed")
	}
	want := webhook.ComputeSignature(signed, body, c.signing.Reveal())
	good := false
	for _, signature := range signatures {
		good = good || hmac.Equal(signature, want)
	}
	if !good {
		return denied("has a wrong signature")
	}
	if age := c.clock.Now().Sub(signed); age > noticeAge || age < -noticeAge {
		return denied("was signed too long ago, or our clock is wrong")
	}
	return nil
}

// event is what we read of an event: what it is about, and nothing of how that
// stands, since it may be late.
type event struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Livemode *bool  `json:"livemode"`
	Data     struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// subject is the object that an event is about.
type subject struct {
	ID            string   `json:"id"`
	PaymentIntent objectID `json:"payment_intent"`
	Customer      objectID `json:"customer"` // of a stored card
	Metadata      struct {
		Attempt string `json:"attempt"`
		Leg     string `json:"leg"`
	} `json:"metadata"`
}

// objectID is the id of an object, whether it is only named or stands there whole.
type objectID string

// UnmarshalJSON implements json.Unmarshaler.
func (id *objectID) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("{")) {
		var whole struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(text, &whole)
		*id = objectID(whole.ID)
		return err
	}
	return json.Unmarshal(text, (*string)(id))
}

// kind says what an event of a type is about.
func (e *event) kind() checkout.NoticeKind {
	switch {
	case strings.HasPrefix(e.Type, "charge.dispute."):
		return checkout.NoticeDispute
	case strings.HasPrefix(e.Type, "refund."), e.Type == "charge.refund.updated":
		return checkout.NoticeRefund
	case strings.HasPrefix(e.Type, "payment_intent."), strings.HasPrefix(e.Type, "charge."):
		return checkout.NoticeCharge
	case strings.HasPrefix(e.Type, "checkout.session."):
		return checkout.NoticePage
	case strings.HasPrefix(e.Type, "payout."):
		return checkout.NoticePayout
	case e.Type == "payment_method.automatically_updated":
		return checkout.NoticeMethod
	}
	return checkout.NoticeOther
}

// notice puts an event into our words. What is about no entity's account, or about
// the other sort of money, is nothing that we act on: the processor sends both sorts
// to one address.
func (e *event) notice(sandbox bool) (checkout.Notice, error) {
	other := checkout.Notice{ID: e.ID, Kind: checkout.NoticeOther}
	kind := e.kind()
	onPlatform := e.Account == ""
	if kind == checkout.NoticeOther || onPlatform != (kind == checkout.NoticeMethod) || (e.Livemode != nil && *e.Livemode == sandbox) {
		return other, nil
	}
	var of subject
	if err := json.Unmarshal(e.Data.Object, &of); err != nil {
		return other, err
	}
	charge := string(of.PaymentIntent)
	if strings.HasPrefix(e.Type, "payment_intent.") {
		charge = of.ID
	}
	if of.ID == "" || (kind == checkout.NoticeCharge && charge == "") {
		return other, nil
	}
	n := checkout.Notice{ID: e.ID, Kind: kind}
	switch kind {
	case checkout.NoticePayout:
		n.Subject, n.Charge.Merchant = of.ID, e.Account
		return n, nil
	case checkout.NoticeMethod:
		if of.Customer == "" {
			return other, nil
		}
		n.Subject = pair(string(of.Customer), of.ID)
		return n, nil
	case checkout.NoticePage:
		n.Subject = pair(e.Account, of.ID)
	case checkout.NoticeRefund, checkout.NoticeDispute:
		n.Subject = of.ID
	}
	if charge != "" {
		n.Charge = checkout.ChargeRef{Merchant: e.Account, ID: charge}
	}
	attempt, err := ident.ParseOpaque(of.Metadata.Attempt)
	leg, legErr := strconv.Atoi(of.Metadata.Leg)
	if err == nil && legErr == nil && leg > 0 {
		n.Attempt, n.Leg = attempt, leg
	}
	return n, nil
}
