package card

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
)

// effect is what a call does if it is done.
type effect bool

const (
	movesMoney   effect = true
	movesNothing effect = false // or only prepares, the same again under the same key
)

// fault says in our words why a call failed. A card that was declined is the
// caller's to see before (declined).
func (c *Client) fault(op string, does effect, err error) error {
	var refused *stripe.Error
	if errors.As(err, &refused) {
		return refusal(op, does, refused)
	}
	var b *broken
	if errors.As(err, &b) && !b.done {
		return fault.New(fault.Unavailable, op, "the card processor cannot be asked: %s", b.why)
	}
	if b != nil {
		return lost(op, does, b.why)
	}
	// An answer that broke off or is not in the protocol.
	return lost(op, does, "its answer cannot be read")
}

// lost is the fault of a call that may have been done.
func lost(op string, does effect, why string) error {
	if does == movesMoney {
		return fault.New(fault.UnknownOutcome, op, "the card processor's answer was lost: %s", why)
	}
	return fault.New(fault.Unavailable, op, "the card processor did not answer: %s", why)
}

// stateCodes are those with which the processor says that an object's state
// forbids what was asked.
var stateCodes = []stripe.ErrorCode{
	stripe.ErrorCodePaymentIntentUnexpectedState,
	stripe.ErrorCodeIntentInvalidState,
	stripe.ErrorCodeChargeAlreadyCaptured,
	stripe.ErrorCodeChargeAlreadyRefunded,
	stripe.ErrorCodeChargeDisputed,
	stripe.ErrorCodeChargeExpiredForCapture,
	stripe.ErrorCodeCaptureChargeAuthorizationExpired,
	stripe.ErrorCodeCaptureUnauthorizedPayment,
	stripe.ErrorCodeChargeNotRefundable,
}

// refusal is the fault of an answer that says no.
func refusal(op string, does effect, e *stripe.Error) error {
	says := saying(e)
	switch {
	case e.HTTPStatusCode == http.StatusConflict || e.Code == stripe.ErrorCodeIdempotencyKeyInUse:
		// An earlier request under the same key is still being worked on.
		return lost(op, does, "the same call is under way"+says)
	case e.Type == stripe.ErrorTypeIdempotency:
		return fault.New(fault.Conflict, op, "the card processor was asked for something else under the same key%s", says)
	case e.Type == stripe.ErrorTypeAPI:
		return lost(op, does, "it failed"+says)
	case e.HTTPStatusCode == http.StatusUnauthorized || e.HTTPStatusCode == http.StatusForbidden:
		return fault.New(fault.Internal, op, "the card processor does not accept our key for this account%s", says).
			WithHint("Compare the key and the merchant ids in plan.yaml with the processor's dashboard.")
	case e.HTTPStatusCode == http.StatusNotFound:
		return fault.New(fault.NotFound, op, "the card processor knows no such thing%s", says)
	case slices.Contains(stateCodes, e.Code) || e.Type == stripe.ErrorTypeCard:
		return fault.New(fault.Conflict, op, "the card processor refuses it as things stand%s", says)
	case e.Code == stripe.ErrorCodeBalanceInsufficient:
		return fault.New(fault.Unavailable, op, "the account at the card processor holds too little at the moment%s", says)
	}
	return fault.New(fault.Invalid, op, "the card processor refuses the request%s", says)
}

// saying is what may be told of a refusal: its codes, and never its text, in
// which a payer's own words may stand.
func saying(e *stripe.Error) string {
	var parts []string
	for _, part := range []string{string(e.Type), string(e.Code), e.Param, e.RequestID} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// stateForbids reports whether the state of the object forbade what was asked.
func stateForbids(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && slices.Contains(stateCodes, e.Code)
}

// gone reports whether the processor does not know the object (any more), or does
// not know it as belonging to anything.
func gone(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && (e.HTTPStatusCode == http.StatusNotFound || e.Code == stripe.ErrorCodeResourceMissing)
}
