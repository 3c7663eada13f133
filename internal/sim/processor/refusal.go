package processor

import (
	"fmt"
	"net/http"
)

// refusal is an answer that says no, in Stripe's words.
type refusal struct {
	status      int
	kind        string // Stripe's error type
	code        string
	declineCode string
	message     string
	param       string
	charge      string
	intent      *intent
	method      *method
}

// kept reports whether an idempotency key remembers the refusal. Stripe remembers
// what was carried out, a decline as well, and not what was wrong with the
// request itself.
func (r *refusal) kept() bool { return r.status == http.StatusPaymentRequired }

const (
	invalidRequest   = "invalid_request_error"
	cardError        = "card_error"
	apiError         = "api_error"
	idempotencyError = "idempotency_error"
)

func badRequest(code, param, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, kind: invalidRequest, code: code, param: param, message: fmt.Sprintf(format, args...)}
}

func missing(what, param, id string) *refusal {
	return &refusal{
		status: http.StatusNotFound, kind: invalidRequest, code: "resource_missing", param: param,
		message: fmt.Sprintf("No such %s: '%s'", what, id),
	}
}

// wrongState says that a payment intent stands where the act is not possible.
func wrongState(in *intent, act string) *refusal {
	r := badRequest("payment_intent_unexpected_state", "", "You cannot %s this PaymentIntent because it has a status of %s.", act, in.Status)
	r.intent = in
	return r
}

func unauthorised(message string) *refusal {
	return &refusal{status: http.StatusUnauthorized, kind: invalidRequest, message: message}
}

// refusedCard is a decline as an answer.
func refusedCard(d *decline, in *intent, m *method) *refusal {
	return &refusal{
		status: http.StatusPaymentRequired, kind: cardError, code: d.Code, declineCode: d.DeclineCode, message: d.Message,
		charge: d.Charge, intent: in, method: m,
	}
}

// The refusals that have nothing to do with the request.
var (
	tooMany = &refusal{
		status: http.StatusTooManyRequests, kind: invalidRequest, code: "rate_limit", message: "Too many requests in a short time.",
	}
	outOfOrder = &refusal{status: http.StatusServiceUnavailable, kind: apiError, message: "The service is not available. Nothing was done."}
	broken     = &refusal{
		status: http.StatusInternalServerError, kind: apiError, message: "An error occurred. Whether anything was done is not known.",
	}
	keyInUse = &refusal{
		status: http.StatusConflict, kind: idempotencyError, code: "idempotency_key_in_use",
		message: "There is currently another in-progress request using this idempotency key.",
	}
	keyMisused = &refusal{
		status: http.StatusBadRequest, kind: idempotencyError,
		message: "Keys for idempotent requests can only be used with the same parameters and address they were first used with.",
	}
)

// declineOf says how a decline code reads on the wire. Stripe gives some codes of
// their own; the others are card_declined.
func declineOf(declineCode string) *decline {
	d := &decline{Code: "card_declined", DeclineCode: declineCode, Message: "Your card was declined."}
	switch declineCode {
	case "expired_card":
		d.Code, d.Message = declineCode, "Your card has expired."
	case "incorrect_cvc":
		d.Code, d.Message = declineCode, "Your card's security code is incorrect."
	case "incorrect_number":
		d.Code, d.Message = declineCode, "Your card number is incorrect."
	case "processing_error":
		d.Code, d.Message = declineCode, "An error occurred while processing your card. Try again in a little bit."
	case "authentication_required":
		d.Code, d.Message = declineCode, "Your card was declined. This transaction requires authentication."
	case "insufficient_funds":
		d.Message = "Your card has insufficient funds."
	}
	return d
}
