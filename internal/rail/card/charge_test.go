package card

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/checkout"
)

const intentCard = `{"payment_method_details":{"card":{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2030,"funding":"credit","fingerprint":"fp"}},"amount_refunded":500}`

var visa = checkout.Card{Brand: "visa", Last4: "4242", Funding: "credit", Fingerprint: "fp", ExpiryMonth: 12, ExpiryYear: 2030}

func TestEnquire_PutsEveryStatusIntoOurWords(t *testing.T) {
	declined := `"last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","payment_method":{"card":{"last4":"9995","brand":"unknown"}}}`
	for _, tc := range []struct {
		intent  string
		want    checkout.ChargeStatus
		decline checkout.Decline
		card    checkout.Card
	}{
		{`"status":"requires_payment_method"`, checkout.ChargeOpened, checkout.Decline{}, checkout.Card{}},
		{`"status":"requires_payment_method",` + declined, checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineFunds, Code: "insufficient_funds"}, checkout.Card{Last4: "9995"}},
		{`"status":"requires_confirmation"`, checkout.ChargeOpened, checkout.Decline{}, checkout.Card{}},
		{`"status":"requires_action"`, checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineIssuer, Code: "authentication_required"}, checkout.Card{}},
		{`"status":"processing"`, checkout.ChargePending, checkout.Decline{}, checkout.Card{}},
		{`"status":"requires_capture","latest_charge":` + intentCard, checkout.ChargeAuthorised, checkout.Decline{}, visa},
		// A charge that was declined before and approved after all.
		{`"status":"requires_capture",` + declined + `,"latest_charge":` + intentCard, checkout.ChargeAuthorised, checkout.Decline{}, visa},
		{`"status":"succeeded","amount_received":12500,"latest_charge":` + intentCard, checkout.ChargeCaptured, checkout.Decline{}, visa},
		{`"status":"canceled"`, checkout.ChargeVoided, checkout.Decline{}, checkout.Card{}},
		{`"status":"something_new"`, checkout.ChargePending, checkout.Decline{}, checkout.Card{}},
	} {
		c, _ := answering(t, status(200, `{"id":"pi_1","object":"payment_intent","amount":12500,`+tc.intent+`}`))
		got, err := c.Enquire(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != tc.want || got.Decline != tc.decline || got.Card != tc.card || got.Amount != 12500 || got.Ref != ref {
			t.Errorf("%s: got %+v", tc.intent, got)
		}
		if captured := tc.want == checkout.ChargeCaptured; captured != (got.Captured == 12500) || captured && got.Refunded != 500 {
			t.Errorf("%s: captured %s, refunded %s", tc.intent, got.Captured, got.Refunded)
		}
	}
}

// declineAnswer is how the processor says that a card is declined.
func declineAnswer(code, decline string) string {
	return fmt.Sprintf(`{"error":{"type":"card_error","code":%q,"decline_code":%q,"message":"Your card was declined.",
		"payment_method":{"card":{"brand":"visa","last4":"0002","funding":"unknown"}},
		"payment_intent":{"id":"pi_1","amount":12500,"status":"requires_payment_method"}}}`, code, decline)
}

func TestAuthorise_ADeclineIsAnAnswer(t *testing.T) {
	for _, at := range []string{"/v1/payment_methods", "/v1/payment_intents/pi_1/confirm"} {
		c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == at {
				status(402, declineAnswer("card_declined", "stolen_card"))(w, r)
				return
			}
			status(200, `{"id":"pm_2"}`)(w, r)
		})
		got, err := c.Authorise(t.Context(), ref, checkout.Method{Credential: credential}, "k")
		want := checkout.Charge{
			Ref: ref, Status: checkout.ChargeDeclined, Amount: 12500,
			Decline: checkout.Decline{Class: checkout.DeclineHard, Code: "stolen_card"}, Card: checkout.Card{Brand: "visa", Last4: "0002"},
		}
		if err != nil || got != want {
			t.Errorf("%s: got %+v and %v", at, got, err)
		}
	}
}

func TestAuthorise_ChargesTheCloneOnTheEntitysAccount(t *testing.T) {
	var cloned, confirmed string
	c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		said := r.Header.Get("Stripe-Account") + " " + r.Header.Get("Idempotency-Key") + " " + r.FormValue("customer") + " " + r.FormValue("payment_method")
		if r.URL.Path == "/v1/payment_methods" {
			cloned = said
			status(200, `{"id":"pm_clone"}`)(w, r)
			return
		}
		confirmed = said + " " + r.FormValue("error_on_requires_action") + " " + r.FormValue("off_session")
		status(200, `{"id":"pi_1","status":"requires_capture","amount":12500}`)(w, r)
	})
	got, err := c.Authorise(t.Context(), ref, checkout.Method{Credential: credential, OffSession: true}, "k")
	if err != nil || got.Status != checkout.ChargeAuthorised {
		t.Fatalf("got %+v and %v", got, err)
	}
	if cloned != "acct_cvhp k/clone cus_1 pm_1" || confirmed != "acct_cvhp k  pm_clone true true" {
		t.Errorf("cloned with %q, confirmed with %q", cloned, confirmed)
	}
}

func TestAuthorise_RefusesACredentialThatIsNone(t *testing.T) {
	c, asked := answering(t, status(200, `{}`))
	for _, credential := range []string{"", "cus_1", "/pm_1", "cus_1/"} {
		if _, err := c.Authorise(t.Context(), ref, checkout.Method{Credential: credential}, "k"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: got %v", credential, err)
		}
	}
	if asked.Load() != 0 {
		t.Error("the processor was asked")
	}
}

func TestCaptureAndVoid_WhenTheChargeHasMovedOn(t *testing.T) {
	for _, tc := range []struct {
		status        string
		capture, void fault.Kind // Corrupt stands for no error
	}{
		{"succeeded", fault.Corrupt, fault.Conflict},
		{"canceled", fault.Conflict, fault.Corrupt},
		{"requires_payment_method", fault.Conflict, fault.Conflict},
	} {
		c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				refusing(400, "invalid_request_error", "payment_intent_unexpected_state")(w, r)
				return
			}
			status(200, fmt.Sprintf(`{"id":"pi_1","status":%q}`, tc.status))(w, r)
		})
		check := func(call string, err error, want fault.Kind) {
			if (err == nil) != (want == fault.Corrupt) || err != nil && fault.KindOf(err) != want {
				t.Errorf("%s of a charge that is %s: got %v", call, tc.status, err)
			}
		}
		_, err := c.Capture(t.Context(), ref, "k")
		check("capture", err, tc.capture)
		_, err = c.Void(t.Context(), ref, "k")
		check("void", err, tc.void)
	}
}

func TestDeclineOf_SortsEveryCodeOfTheProcessor(t *testing.T) {
	for class, codes := range map[checkout.DeclineClass]string{
		checkout.DeclineHard: `card_not_supported currency_not_supported do_not_try_again fraudulent invalid_account lost_card
			merchant_blacklist not_permitted offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded
			restricted_card revocation_of_all_authorizations revocation_of_authorization service_not_allowed stolen_card
			stop_payment_order testmode_decline transaction_not_allowed`,
		checkout.DeclineData: `expired_card incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_cvc invalid_expiry_month
			invalid_expiry_year invalid_number invalid_pin new_account_information_available`,
		checkout.DeclineFunds:     `card_velocity_exceeded insufficient_funds invalid_amount withdrawal_count_limit_exceeded`,
		checkout.DeclineTechnical: `issuer_not_available processing_error reenter_transaction try_again_later`,
		checkout.DeclineIssuer: `approve_with_id authentication_required call_issuer do_not_honor duplicate_transaction generic_decline
			no_action_taken security_violation a_code_of_next_year`,
	} {
		for _, code := range strings.Fields(codes) {
			got := declineOf(&stripe.Error{Type: stripe.ErrorTypeCard, Code: stripe.ErrorCodeCardDeclined, DeclineCode: stripe.DeclineCode(code)})
			if got != (checkout.Decline{Class: class, Code: code}) {
				t.Errorf("%s is %+v, want class %s", code, got, class)
			}
		}
	}
	for _, tc := range []struct {
		code, decline string
		want          checkout.Decline
	}{
		{"expired_card", "", checkout.Decline{Class: checkout.DeclineData, Code: "expired_card"}},
		{"processing_error", "", checkout.Decline{Class: checkout.DeclineTechnical, Code: "processing_error"}},
		{"incorrect_cvc", "a_code_of_next_year", checkout.Decline{Class: checkout.DeclineData, Code: "a_code_of_next_year"}},
		{"", "", checkout.Decline{Class: checkout.DeclineIssuer, Code: "generic_decline"}},
	} {
		if got := declineOf(&stripe.Error{Code: stripe.ErrorCode(tc.code), DeclineCode: stripe.DeclineCode(tc.decline)}); got != tc.want {
			t.Errorf("%q, %q: got %+v", tc.code, tc.decline, got)
		}
	}
}

func TestKeep_LeavesNothingBehindWhenItFails(t *testing.T) {
	for _, tc := range []struct {
		situation string
		attach    http.HandlerFunc
		decline   checkout.Decline
		kind      fault.Kind // when no decline
	}{
		{"declined", status(402, declineAnswer("card_declined", "do_not_honor")), checkout.Decline{Class: checkout.DeclineIssuer, Code: "do_not_honor"}, 0},
		{"the token was used", refusing(400, "invalid_request_error", "payment_method_unexpected_state"), checkout.Decline{}, fault.Invalid},
		{"the answer was lost", cut(""), checkout.Decline{}, fault.Unavailable},
	} {
		var deleted string
		c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodDelete:
				deleted = r.URL.Path
				status(200, `{"id":"cus_9","deleted":true}`)(w, r)
			case r.URL.Path == "/v1/customers":
				status(200, `{"id":"cus_9"}`)(w, r)
			default:
				tc.attach(w, r)
			}
		})
		got, err := c.Keep(t.Context(), "pm_1", "k")
		if got.Credential != "" || deleted != "/v1/customers/cus_9" {
			t.Errorf("%s: got %+v, deleted %q", tc.situation, got, deleted)
		}
		if isDecline := tc.decline.Code != ""; isDecline && (err != nil || got.Decline == nil || *got.Decline != tc.decline) ||
			!isDecline && (err == nil || fault.KindOf(err) != tc.kind) {
			t.Errorf("%s: got %+v and %v", tc.situation, got, err)
		}
	}
}

func TestForget_IsNoErrorWhenGone(t *testing.T) {
	c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			refusing(404, "invalid_request_error", "resource_missing")(w, r)
			return
		}
		refusing(400, "invalid_request_error", "payment_method_unexpected_state")(w, r)
	})
	if err := c.Forget(t.Context(), credential); err != nil {
		t.Error(err)
	}
	c, _ = answering(t, status(503, ""))
	if err := c.Forget(t.Context(), credential); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("out of service: got %v", err)
	}
}

func TestClosePage_TellsClosedFromUsed(t *testing.T) {
	for stands, want := range map[string]fault.Kind{"expired": fault.Corrupt, "complete": fault.Conflict, "open": fault.Invalid} {
		c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				refusing(400, "invalid_request_error", "")(w, r)
				return
			}
			status(200, fmt.Sprintf(`{"id":"cs_1","status":%q,"payment_intent":"pi_7"}`, stands))(w, r)
		})
		err := c.ClosePage(t.Context(), "acct_1/cs_1")
		if (err == nil) != (want == fault.Corrupt) || err != nil && fault.KindOf(err) != want {
			t.Errorf("%s: got %v", stands, err)
		}
		page, err := c.EnquirePage(t.Context(), "acct_1/cs_1")
		if err != nil || page.ID != "acct_1/cs_1" || page.Charge != (checkout.ChargeRef{Merchant: "acct_1", ID: "pi_7"}) {
			t.Errorf("got %+v and %v", page, err)
		}
	}
}

func TestRefundAndDispute_PutEveryStatusIntoOurWords(t *testing.T) {
	for text, want := range map[string]checkout.RefundStatus{
		"succeeded": checkout.RefundSent, "pending": checkout.RefundPending, "requires_action": checkout.RefundPending,
		"failed": checkout.RefundFailed, "canceled": checkout.RefundFailed,
	} {
		c, _ := answering(t, status(200, fmt.Sprintf(`{"id":"re_1","amount":300,"payment_intent":"pi_1","status":%q}`, text)))
		got, err := c.EnquireRefund(t.Context(), merchant, "re_1")
		if err != nil || got != (checkout.Refund{ID: "re_1", Charge: ref, Amount: 300, Status: want}) {
			t.Errorf("refund %s: got %+v and %v", text, got, err)
		}
	}
	for text, want := range map[string]checkout.DisputeStatus{
		"needs_response": checkout.DisputeOpen, "under_review": checkout.DisputeOpen, "won": checkout.DisputeWon, "lost": checkout.DisputeLost,
		"warning_needs_response": checkout.DisputeInquiry, "warning_under_review": checkout.DisputeInquiry,
		"warning_closed": checkout.DisputeInquiry, "prevented": checkout.DisputeInquiry,
	} {
		c, _ := answering(t, status(200, fmt.Sprintf(
			`{"id":"dp_1","amount":300,"payment_intent":"pi_1","reason":"fraudulent","created":%d,"evidence_details":{"due_by":%d},"status":%q}`,
			noon.Unix(), noon.AddDate(0, 0, 9).Unix(), text)))
		got, err := c.EnquireDispute(t.Context(), merchant, "dp_1")
		if err != nil || got.Status != want || got.Charge != ref || !got.OpenedAt.Equal(noon) || !got.EvidenceBy.Equal(noon.AddDate(0, 0, 9)) || got.Reason != "fraudulent" {
			t.Errorf("dispute %s: got %+v and %v", text, got, err)
		}
	}
}

func TestNew_RefusesWhatWouldMixMoney(t *testing.T) {
	for _, tc := range []struct {
		key, signing string
		sandbox, ok  bool
	}{
		{"sk_test_1", "whsec_1", true, true},
		{"rk_test_1", "whsec_1", true, true},
		{"sk_live_1", "whsec_1", false, true},
		{"sk_live_1", "whsec_1", true, false},
		{"sk_test_1", "whsec_1", false, false},
		{"pk_test_1", "whsec_1", true, false},
		{"sk_other", "whsec_1", true, false},
		{"", "whsec_1", true, false},
		{"sk_test_1", "", true, false},
	} {
		o := Options{API: "http://127.0.0.1:1", Key: secret.New(tc.key), Signing: secret.New(tc.signing), Timeout: 1, Sandbox: tc.sandbox}
		_, err := New(o)
		if (err == nil) != tc.ok || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("key %q, sandbox %v: got %v", tc.key, tc.sandbox, err)
		}
		if printed := fmt.Sprintf("%v %+v %v", o, o, err); tc.key != "" && strings.Contains(printed, tc.key) {
			t.Errorf("the key is printed: %s", printed)
		}
	}
}
