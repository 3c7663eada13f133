package processor_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

const visa = "4242424242424242"

func TestIntent_AuthorisedCapturedRefunded(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.open(plan, 12_345, "a1")
	if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresPaymentMethod || i.Metadata["attempt"] != "a1" {
		t.Fatalf("opened: %s %v", i.Status, i.Metadata)
	}
	i, err := b.confirm(plan, id, b.card(plan, visa), "")
	b.must(err)
	if i.Status != stripe.PaymentIntentStatusRequiresCapture || i.AmountCapturable != 12_345 || i.AmountReceived != 0 {
		t.Fatalf("confirmed: %s, %d capturable, %d received", i.Status, i.AmountCapturable, i.AmountReceived)
	}
	i, err = b.capture(plan, id, "")
	b.must(err)
	if i.Status != stripe.PaymentIntentStatusSucceeded || i.AmountReceived != 12_345 || i.AmountCapturable != 0 {
		t.Fatalf("captured: %s, %d received", i.Status, i.AmountReceived)
	}
	r, err := b.refund(plan, id, 2_345)
	b.must(err)
	if r.Status != stripe.RefundStatusSucceeded || r.Amount != 2_345 {
		t.Fatalf("refunded: %s %d", r.Status, r.Amount)
	}
	charge := b.get(plan, id).LatestCharge
	if charge.AmountCaptured != 12_345 || charge.AmountRefunded != 2_345 || charge.Refunded || !charge.Captured {
		t.Errorf("charge: %d captured, %d refunded", charge.AmountCaptured, charge.AmountRefunded)
	}
	if c := charge.PaymentMethodDetails.Card; c.Brand != "visa" || c.Last4 != "4242" || c.Funding != "credit" || c.Fingerprint == "" || c.ExpYear != 2029 {
		t.Errorf("card: %+v", c)
	}
	got := b.tally("a1", plan)
	if got.Authorised.Count != 1 || got.Captured.Cents != 12_345 || got.Refunded.Cents != 2_345 || got.Held != 0 || got.Net != 10_000 {
		t.Errorf("books: %+v", got)
	}
}

func TestConfirm_EveryDecline(t *testing.T) {
	b := start(t, processor.Options{})
	own := map[string]bool{"expired_card": true, "incorrect_cvc": true, "incorrect_number": true, "processing_error": true, "authentication_required": true}
	for _, c := range testcard.All() {
		outcome := c.Behaviour.Outcome()
		if outcome.Decline == "" {
			continue
		}
		t.Run(string(c.Behaviour), func(t *testing.T) {
			attempt := "decline-" + string(c.Behaviour)
			id := b.open(plan, 5_000, attempt)
			_, err := b.confirm(plan, id, b.card(plan, c.Number), "")
			no := refused(t, err)
			wantCode := "card_declined"
			if own[outcome.Decline] {
				wantCode = outcome.Decline
			}
			if no.HTTPStatusCode != http.StatusPaymentRequired || no.Type != stripe.ErrorTypeCard || string(no.Code) != wantCode || string(no.DeclineCode) != outcome.Decline {
				t.Errorf("got %d %s %s %s, want 402 card_error %s %s", no.HTTPStatusCode, no.Type, no.Code, no.DeclineCode, wantCode, outcome.Decline)
			}
			if no.PaymentIntent == nil || no.PaymentIntent.ID != id || no.PaymentIntent.LastPaymentError == nil || no.ChargeID == "" {
				t.Errorf("the refusal names no payment intent, its last error, or charge: %+v", no)
			}
			if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresPaymentMethod || i.LatestCharge.Status != "failed" {
				t.Errorf("the intent is %s, its charge %s", i.Status, i.LatestCharge.Status)
			}
			if got := b.tally(attempt, plan); got.Refused.Count != 1 || got.Authorised.Count != 0 {
				t.Errorf("books: %+v", got)
			}
		})
	}
}

func TestConfirm_AnotherCardAfterADecline(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.open(plan, 5_000, "a1")
	_, err := b.confirm(plan, id, b.card(plan, "4000000000009995"), "")
	refused(t, err)
	i, err := b.confirm(plan, id, b.card(plan, visa), "")
	b.must(err)
	if i.Status != stripe.PaymentIntentStatusRequiresCapture || i.LastPaymentError != nil {
		t.Errorf("got %s with %+v", i.Status, i.LastPaymentError)
	}
}

// What may follow what, and what may not.
func TestIntent_Rules(t *testing.T) {
	b := start(t, processor.Options{})
	method := func() string { return b.card(plan, visa) }
	code := func(err error) string { return string(refused(t, err).Code) }
	const unexpected = "payment_intent_unexpected_state"

	t.Run("an opened intent cannot be captured", func(t *testing.T) {
		_, err := b.capture(plan, b.open(plan, 500, "x"), "")
		if got := code(err); got != unexpected {
			t.Errorf("got %s", got)
		}
	})
	t.Run("an opened intent is canceled and takes no card any more", func(t *testing.T) {
		id := b.open(plan, 500, "x")
		i, err := b.cancel(plan, id)
		b.must(err)
		if i.Status != stripe.PaymentIntentStatusCanceled {
			t.Errorf("got %s", i.Status)
		}
		_, err = b.confirm(plan, id, method(), "")
		no := refused(t, err)
		if string(no.Code) != unexpected || no.PaymentIntent == nil || no.PaymentIntent.Status != stripe.PaymentIntentStatusCanceled {
			t.Errorf("got %s with %+v", no.Code, no.PaymentIntent)
		}
	})
	t.Run("a held one is not confirmed twice, and is released by a cancel", func(t *testing.T) {
		id := b.held(plan, visa, 500, "released")
		_, err := b.confirm(plan, id, method(), "")
		if got := code(err); got != unexpected {
			t.Errorf("got %s", got)
		}
		_, err = b.cancel(plan, id)
		b.must(err)
		if got := b.tally("released", plan); got.Authorised.Count != 1 || got.Voided.Cents != 500 || got.Held != 0 {
			t.Errorf("books: %+v", got)
		}
		if charge := b.get(plan, id).LatestCharge; !charge.Refunded || charge.Captured {
			t.Errorf("a released charge reads refunded and not captured: %v %v", charge.Refunded, charge.Captured)
		}
	})
	t.Run("a captured one is neither captured again nor canceled", func(t *testing.T) {
		id := b.paid(plan, visa, 500, "x")
		_, err := b.capture(plan, id, "")
		if got := code(err); got != unexpected {
			t.Errorf("got %s", got)
		}
		_, err = b.cancel(plan, id)
		if got := code(err); got != unexpected {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a part is captured and the rest released", func(t *testing.T) {
		id := b.held(plan, visa, 1_000, "part")
		params := &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(600)}
		params.SetStripeAccount(plan)
		_, err := b.api.V1PaymentIntents.Capture(context.Background(), id, params)
		b.must(err)
		if got := b.tally("part", plan); got.Captured.Cents != 600 || got.Voided.Cents != 400 || got.Held != 0 {
			t.Errorf("books: %+v", got)
		}
		_, err = b.refund(plan, id, 601)
		refused(t, err)
		_, err = b.refund(plan, id, 600)
		b.must(err)
	})
	t.Run("a hold that nobody captures ends after seven days", func(t *testing.T) {
		id := b.held(plan, visa, 500, "stale")
		b.clock.Advance(7 * 24 * time.Hour)
		b.p.Settle(context.Background())
		if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusCanceled || i.CancellationReason != "automatic" {
			t.Errorf("got %s %s", i.Status, i.CancellationReason)
		}
	})
}

func TestRefund_Rules(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.held(plan, visa, 1_000, "a1")
	if _, err := b.refund(plan, id, 0); err == nil {
		t.Error("what was not captured was refunded")
	}
	_, err := b.capture(plan, id, "")
	b.must(err)
	if _, err := b.refund(plan, id, 1_001); err == nil {
		t.Error("more than the charge was refunded")
	}
	_, err = b.refund(plan, id, 400)
	b.must(err)
	if _, err := b.refund(plan, id, 601); err == nil {
		t.Error("more than was left was refunded")
	}
	_, err = b.refund(plan, id, 0) // the rest
	b.must(err)
	_, err = b.refund(plan, id, 0)
	if got := refused(t, err).Code; got != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("got %s", got)
	}
	if got := b.tally("a1", plan); got.Refunded.Count != 2 || got.Refunded.Cents != 1_000 || got.Net != 0 {
		t.Errorf("books: %+v", got)
	}
}

func TestRefund_ChangesAfterwards(t *testing.T) {
	for _, tc := range []struct {
		card        string
		first, last stripe.RefundStatus
		net         int64
	}{
		{testcard.Number(testcard.RefundFails), stripe.RefundStatusSucceeded, stripe.RefundStatusFailed, 1_000},
		{testcard.Number(testcard.RefundPends), stripe.RefundStatusPending, stripe.RefundStatusSucceeded, 0},
	} {
		b := start(t, processor.Options{})
		id := b.paid(plan, tc.card, 1_000, "a1")
		r, err := b.refund(plan, id, 0)
		b.must(err)
		if r.Status != tc.first {
			t.Errorf("%s: first %s", tc.card, r.Status)
		}
		b.clock.Advance(processor.DefaultDelays.Refund)
		b.p.Settle(context.Background())
		params := &stripe.RefundRetrieveParams{}
		params.SetStripeAccount(plan)
		r, err = b.api.V1Refunds.Retrieve(context.Background(), r.ID, params)
		b.must(err)
		if got := b.tally("a1", plan); r.Status != tc.last || int64(got.Net) != tc.net {
			t.Errorf("%s: then %s, books %+v", tc.card, r.Status, got)
		}
	}
}

func TestDispute_OpenedWonLost(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.paid(plan, testcard.Number(testcard.Fraudulent), 1_000, "a1")
	b.clock.Advance(processor.DefaultDelays.Dispute)
	b.p.Settle(context.Background())
	if charge := b.get(plan, id).LatestCharge; !charge.Disputed {
		t.Fatal("the card's holder did not dispute the charge")
	}
	if _, err := b.refund(plan, id, 0); refused(t, err).Code != "charge_disputed" {
		t.Errorf("a disputed charge was refunded: %v", err)
	}
	if got := b.tally("a1", plan); got.Disputed.Cents != 1_000 || got.Net != 0 {
		t.Errorf("books: %+v", got)
	}
	for _, won := range []bool{true, false} {
		paid := b.paid(plan, visa, 700, "a2")
		d, err := b.p.Dispute(paid, "", "duplicate")
		b.must(err)
		_, err = b.p.CloseDispute(d["id"].(string), won)
		b.must(err)
		status, text := b.ask("GET", "/v1/disputes/"+d["id"].(string), "", "Stripe-Account", plan)
		want := map[bool]string{true: `"status":"won"`, false: `"status":"lost"`}[won]
		if status != 200 || !strings.Contains(text, want) || !strings.Contains(text, `"reason":"duplicate"`) {
			t.Errorf("got %d %s", status, text)
		}
		if _, err := b.p.CloseDispute(d["id"].(string), won); err == nil {
			t.Error("a dispute was decided twice")
		}
	}
	if got := b.tally("a2", plan); got.Net != 700 || got.DisputeWon.Count != 1 || got.DisputeLost.Count != 1 {
		t.Errorf("books: %+v", got)
	}
}

func TestLateApproval_ComesAfterTheDecline(t *testing.T) {
	b := start(t, processor.Options{Delays: processor.Delays{Approval: time.Minute}})
	late := testcard.Number(testcard.ApprovedLate)

	t.Run("and holds the money", func(t *testing.T) {
		id := b.open(plan, 500, "late")
		_, err := b.confirm(plan, id, b.card(plan, late), "")
		refused(t, err)
		b.clock.Advance(59 * time.Second)
		b.p.Settle(context.Background())
		if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresPaymentMethod {
			t.Fatalf("too early: %s", i.Status)
		}
		b.clock.Advance(time.Second)
		b.p.Settle(context.Background())
		if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresCapture || i.AmountCapturable != 500 {
			t.Errorf("got %s", i.Status)
		}
		if got := b.tally("late", plan); got.Refused.Count != 1 || got.Authorised.Count != 1 || got.Held != 500 {
			t.Errorf("books: %+v", got)
		}
	})
	t.Run("and does nothing to what was canceled or paid otherwise", func(t *testing.T) {
		ended, other := b.open(plan, 500, "ended"), b.open(plan, 500, "other")
		for _, id := range []string{ended, other} {
			_, err := b.confirm(plan, id, b.card(plan, late), "")
			refused(t, err)
		}
		_, err := b.cancel(plan, ended)
		b.must(err)
		_, err = b.confirm(plan, other, b.card(plan, visa), "")
		b.must(err)
		b.clock.Advance(time.Hour)
		b.p.Settle(context.Background())
		if got := b.tally("ended", plan); got.Authorised.Count != 0 {
			t.Errorf("a canceled intent was approved: %+v", got)
		}
		if got := b.tally("other", plan); got.Authorised.Count != 1 {
			t.Errorf("an intent was approved twice: %+v", got)
		}
	})
	t.Run("by hand", func(t *testing.T) {
		id := b.open(plan, 500, "hand")
		_, err := b.confirm(plan, id, b.card(plan, "4000000000000002"), "")
		refused(t, err)
		status, text := b.ask("POST", "/control/approve", `{"payment_intent":"`+id+`"}`)
		if status != 200 || !strings.Contains(text, `"requires_capture"`) {
			t.Errorf("got %d %s", status, text)
		}
		if status, _ := b.ask("POST", "/control/approve", `{"payment_intent":"`+id+`"}`); status != http.StatusConflict {
			t.Errorf("approved twice: %d", status)
		}
	})
}

func TestMethod_KeptSharedAndForgotten(t *testing.T) {
	b := start(t, processor.Options{})
	ctx := context.Background()
	owner, err := b.api.V1Customers.Create(ctx, &stripe.CustomerCreateParams{})
	b.must(err)
	token := b.token(visa)
	kept, err := b.api.V1PaymentMethods.Attach(ctx, token, &stripe.PaymentMethodAttachParams{Customer: &owner.ID})
	b.must(err)
	if kept.Customer.ID != owner.ID {
		t.Fatalf("attached to %v", kept.Customer)
	}
	share := func(account, customer string) (*stripe.PaymentMethod, error) {
		params := &stripe.PaymentMethodCreateParams{PaymentMethod: &token}
		if customer != "" {
			params.Customer = &customer
		}
		params.SetStripeAccount(account)
		return b.api.V1PaymentMethods.Create(ctx, params)
	}
	if _, err := share(plan, ""); err == nil {
		t.Error("a customer's card was shared without naming the customer")
	}
	first, err := share(plan, owner.ID)
	b.must(err)
	second, err := share(pharmacy, owner.ID)
	b.must(err)
	if first.ID == second.ID || first.Card.Fingerprint != second.Card.Fingerprint {
		t.Errorf("clones %s and %s have fingerprints %s and %s", first.ID, second.ID, first.Card.Fingerprint, second.Card.Fingerprint)
	}
	if _, err := b.confirm(pharmacy, b.open(pharmacy, 500, "x"), first.ID, ""); refused(t, err).Code != stripe.ErrorCodeResourceMissing {
		t.Errorf("a card of one account was charged on another: %v", err)
	}
	_, err = b.confirm(plan, b.open(plan, 500, "x"), first.ID, "")
	b.must(err)
	if _, err := b.confirm(plan, b.open(plan, 500, "x"), first.ID, ""); err == nil {
		t.Error("a card without a customer was charged twice")
	}
	_, err = b.api.V1PaymentMethods.Detach(ctx, token, &stripe.PaymentMethodDetachParams{})
	b.must(err)
	if _, err := share(plan, owner.ID); err == nil {
		t.Error("a detached card was shared")
	}
	gone, err := b.api.V1Customers.Delete(ctx, owner.ID, nil)
	b.must(err)
	if !gone.Deleted {
		t.Error("the customer was not deleted")
	}
	if _, err := b.api.V1Customers.Delete(ctx, owner.ID, nil); refused(t, err).HTTPStatusCode != http.StatusNotFound {
		t.Errorf("a deleted customer was deleted: %v", err)
	}
}

// A customer's deletion takes his cards along, and nobody else's.
func TestCustomer_DeletionDetachesItsCards(t *testing.T) {
	b := start(t, processor.Options{})
	ctx := context.Background()
	var owners, tokens [2]string
	for i := range owners {
		owner, err := b.api.V1Customers.Create(ctx, &stripe.CustomerCreateParams{})
		b.must(err)
		owners[i], tokens[i] = owner.ID, b.token(testcard.Approved(i))
		_, err = b.api.V1PaymentMethods.Attach(ctx, tokens[i], &stripe.PaymentMethodAttachParams{Customer: &owners[i]})
		b.must(err)
	}
	_, err := b.api.V1Customers.Delete(ctx, owners[0], nil)
	b.must(err)
	for i, want := range []bool{false, true} {
		m, err := b.api.V1PaymentMethods.Retrieve(ctx, tokens[i], nil)
		b.must(err)
		if (m.Customer != nil) != want {
			t.Errorf("card %d has the customer %v", i, m.Customer)
		}
	}
}

func TestAttach_AsksTheIssuer(t *testing.T) {
	b := start(t, processor.Options{})
	ctx := context.Background()
	owner, err := b.api.V1Customers.Create(ctx, &stripe.CustomerCreateParams{})
	b.must(err)
	for number, want := range map[string]string{"4000000000009979": "stolen_card", "4200000000000018": "", visa: ""} {
		_, err := b.api.V1PaymentMethods.Attach(ctx, b.token(number), &stripe.PaymentMethodAttachParams{Customer: &owner.ID})
		if want == "" {
			b.must(err)
			continue
		}
		if no := refused(t, err); string(no.DeclineCode) != want || no.HTTPStatusCode != http.StatusPaymentRequired {
			t.Errorf("%s: %d %s", number, no.HTTPStatusCode, no.DeclineCode)
		}
	}
	if got := b.p.Books(); got.Verifications != 3 || got.AuthorisationAttempts != 0 || got.DistinctCards != 3 {
		t.Errorf("books: %d verifications, %d authorisations, %d cards", got.Verifications, got.AuthorisationAttempts, got.DistinctCards)
	}
}

func TestToken_RefusesWhatIsNoTestCard(t *testing.T) {
	b := start(t, processor.Options{})
	for number, want := range map[string]string{testcard.Wrong: "incorrect_number", "4111111111111111": "card_declined", "12": "incorrect_number"} {
		_, err := b.tryToken(number)
		no := refused(t, err)
		if string(no.Code) != want || no.HTTPStatusCode != http.StatusPaymentRequired {
			t.Errorf("%s: %d %s, want %s", number, no.HTTPStatusCode, no.Code, want)
		}
		if strings.Contains(err.Error(), number) && len(number) > 4 {
			t.Error("the refusal repeats the card number")
		}
	}
	for _, tc := range []struct{ month, year, cvc, want string }{
		{"13", "2029", "123", "invalid_expiry_month"}, {"0", "2029", "123", "invalid_expiry_month"}, {"10", "2026", "123", "invalid_expiry_year"},
		{"10", "26", "123", "invalid_expiry_year"}, {"11", "2026", "123", ""}, {"11", "26", "123", ""}, {"1", "2999", "123", "invalid_expiry_year"},
		{"1", "2030", "1234", "invalid_cvc"}, {"1", "2030", "12x", "invalid_cvc"}, {"1", "2030", "", ""},
	} {
		status, text := b.ask("POST", "/v1/payment_methods", form("type", "card", "card[number]", visa,
			"card[exp_month]", tc.month, "card[exp_year]", tc.year, "card[cvc]", tc.cvc))
		if (status == 200) != (tc.want == "") || tc.want != "" && !strings.Contains(text, `"`+tc.want+`"`) {
			t.Errorf("%+v: %d %s", tc, status, text)
		}
	}
}
