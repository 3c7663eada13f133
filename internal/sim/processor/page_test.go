package processor_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// session opens a hosted page and gives it.
func (b *bench) session(account, locale, attempt string) *stripe.CheckoutSession {
	b.t.Helper()
	return b.sessionTo(account, locale, attempt, "https://plan.example/done?s={CHECKOUT_SESSION_ID}", "https://plan.example/back")
}

func (b *bench) sessionTo(account, locale, attempt, success, back string) *stripe.CheckoutSession {
	b.t.Helper()
	params := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String("payment"), PaymentMethodTypes: stripe.StringSlice([]string{"card"}), Locale: &locale,
		SuccessURL: &success, CancelURL: &back, ExpiresAt: stripe.Int64(b.clock.Now().Add(time.Hour).Unix()),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String("usd"), UnitAmount: stripe.Int64(123_456),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String("Premium")},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			CaptureMethod: stripe.String("manual"), Metadata: map[string]string{"attempt": attempt, "leg": "1"},
		},
	}
	params.SetStripeAccount(account)
	c, err := b.api.V1CheckoutSessions.Create(context.Background(), params)
	b.must(err)
	return c
}

func (b *bench) sessionNow(account, id string) *stripe.CheckoutSession {
	b.t.Helper()
	params := &stripe.CheckoutSessionRetrieveParams{}
	params.SetStripeAccount(account)
	c, err := b.api.V1CheckoutSessions.Retrieve(context.Background(), id, params)
	b.must(err)
	return c
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// submit fills in the page's form.
func (b *bench) submit(c *stripe.CheckoutSession, number string, change ...string) (*http.Response, string) {
	b.t.Helper()
	values := url.Values{"number": {number}, "expiry": {"08 / 29"}, "cvc": {"123"}, "zip": {"80301"}}
	for i := 0; i+1 < len(change); i += 2 {
		values.Set(change[i], change[i+1])
	}
	answer, err := noRedirects.PostForm(c.URL, values)
	b.must(err)
	return answer, textOf(b, answer)
}

func textOf(b *bench, answer *http.Response) string {
	b.t.Helper()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	b.must(err)
	return string(text)
}

func (b *bench) look(c *stripe.CheckoutSession) (*http.Response, string) {
	b.t.Helper()
	answer, err := noRedirects.Get(c.URL)
	b.must(err)
	return answer, textOf(b, answer)
}

func TestPage_PaysAndSendsBack(t *testing.T) {
	b := start(t, processor.Options{})
	c := b.session(plan, "es", "a1")
	if c.Status != stripe.CheckoutSessionStatusOpen || c.PaymentIntent != nil || c.AmountTotal != 123_456 {
		t.Fatalf("opened: %+v", c)
	}
	answer, text := b.look(c)
	for _, want := range []string{`lang="es"`, "$1,234.56", "Premium", "Volver", `href="https://plan.example/back"`, `autocomplete="cc-number"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if policy := answer.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "form-action 'self' https://plan.example") {
		t.Errorf("the policy is %q", policy)
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "style=") {
		t.Error("the page has a script or an inline style")
	}
	answer, text = b.submit(c, "4000 0000 0000 9995")
	if answer.StatusCode != http.StatusPaymentRequired || !strings.Contains(text, "fondos") || strings.Contains(text, "9995") {
		t.Errorf("declined: %d", answer.StatusCode)
	}
	answer, _ = b.submit(c, visa)
	if want := "https://plan.example/done?s=" + c.ID; answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != want {
		t.Fatalf("paid: %d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	now := b.sessionNow(plan, c.ID)
	if now.Status != stripe.CheckoutSessionStatusComplete || now.PaymentIntent == nil || now.PaymentStatus != stripe.CheckoutSessionPaymentStatusUnpaid {
		t.Fatalf("after it: %s %+v", now.Status, now.PaymentIntent)
	}
	if i := b.get(plan, now.PaymentIntent.ID); i.Status != stripe.PaymentIntentStatusRequiresCapture || i.Metadata["attempt"] != "a1" || i.Amount != 123_456 {
		t.Errorf("its intent is %s of %d", i.Status, i.Amount)
	}
	// Twice, the back button, a reload: one charge.
	for range 2 {
		if answer, _ := b.submit(c, visa); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("again: %d", answer.StatusCode)
		}
		if answer, _ := b.look(c); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("looked at again: %d", answer.StatusCode)
		}
	}
	if got := b.tally("a1", plan); got.Authorised.Count != 1 || got.Refused.Count != 1 {
		t.Errorf("books: %+v", got)
	}
}

func TestPage_SaysWhatIsWrong(t *testing.T) {
	b := start(t, processor.Options{})
	c := b.session(plan, "en", "a1")
	for _, tc := range []struct{ name, value, want string }{
		{"number", "", "incomplete"}, {"number", testcard.Wrong, "not valid"}, {"number", "4242x", "incomplete"}, {"expiry", "0829x", "incomplete"},
		{"expiry", "13/29", "month must be"}, {"expiry", "10/26", "in the past"}, {"cvc", "", "incomplete"}, {"cvc", "1234", "not valid"}, {"zip", "8030", "5 digits"},
	} {
		answer, text := b.submit(c, visa, tc.name, tc.value)
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, tc.want) || !strings.Contains(text, `id="`+tc.name+`-wrong"`) ||
			!strings.Contains(text, "<title>Error: ") {
			t.Errorf("%s=%q: %d %s", tc.name, tc.value, answer.StatusCode, text)
		}
	}
	for _, expiry := range []string{"0829", "08/29", "8/2029", "08-29", " 08 / 29 "} {
		if answer, _ := b.submit(c, "4000000000000002", "expiry", expiry); answer.StatusCode != http.StatusPaymentRequired {
			t.Errorf("expiry %q is not taken: %d", expiry, answer.StatusCode)
		}
	}
}

func TestPage_Expires(t *testing.T) {
	b := start(t, processor.Options{})
	closed, timed, ended := b.session(plan, "en", "a1"), b.session(plan, "en", "a2"), b.session(plan, "en", "a3")
	b.submit(closed, "4000000000000002") // begun and declined
	params := &stripe.CheckoutSessionExpireParams{}
	params.SetStripeAccount(plan)
	_, err := b.api.V1CheckoutSessions.Expire(context.Background(), closed.ID, params)
	b.must(err)
	_, err = b.api.V1CheckoutSessions.Expire(context.Background(), closed.ID, params)
	if refused(t, err).HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("expired twice: %v", err)
	}
	if i := b.get(plan, b.sessionNow(plan, closed.ID).PaymentIntent.ID); i.Status != stripe.PaymentIntentStatusCanceled {
		t.Errorf("what was begun on it is %s", i.Status)
	}
	b.submit(ended, "4000000000000002")
	_, err = b.cancel(plan, b.sessionNow(plan, ended.ID).PaymentIntent.ID)
	b.must(err)
	b.clock.Advance(time.Hour)
	b.p.Settle(context.Background())
	if got := b.sessionNow(plan, timed.ID).Status; got != stripe.CheckoutSessionStatusExpired {
		t.Errorf("after its time it is %s", got)
	}
	for _, c := range []*stripe.CheckoutSession{closed, timed, ended} {
		if answer, text := b.submit(c, visa); answer.StatusCode != http.StatusGone || !strings.Contains(text, "https://plan.example/back") {
			t.Errorf("an ended page took a card: %d", answer.StatusCode)
		}
	}
	if got := b.p.Books(); got.Accounts[plan].Authorised.Count != 0 {
		t.Errorf("books: %+v", got.Accounts[plan])
	}
}

// While a submission runs, a second one is told to wait.
func TestPage_OneSubmissionAtATime(t *testing.T) {
	b := start(t, processor.Options{})
	c := b.session(plan, "en", "a1")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		http.PostForm(c.URL, url.Values{"number": {testcard.Number(testcard.NothingNoAnswer)}, "expiry": {"0829"}, "cvc": {"123"}, "zip": {"80301"}})
	}()
	waitFor(t, func() bool { return b.tally("a1", plan).Unanswered.Count == 1 })
	answer, text := b.submit(c, visa)
	if answer.StatusCode != http.StatusConflict || !strings.Contains(text, "Do not pay again") {
		t.Errorf("got %d %s", answer.StatusCode, text)
	}
	b.p.Unplug()
	<-ended
	b.p.PlugIn()
	if answer, _ := b.submit(c, visa); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("afterwards: %d", answer.StatusCode)
	}
}

func TestPage_FaultsAndStrangers(t *testing.T) {
	b := start(t, processor.Options{})
	c := b.session(plan, "en", "a1")
	b.must(b.p.SetPlan(processor.Plan{Requests: []processor.Mishap{{Endpoint: "checkout.page.pay", Error503: 1}}}))
	if answer, text := b.submit(c, visa); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "Go back") {
		t.Errorf("out of order: %d", answer.StatusCode)
	}
	b.must(b.p.SetPlan(processor.Plan{Requests: []processor.Mishap{{Endpoint: "checkout.page.pay", LostAfter: 1}}}))
	if _, err := noRedirects.PostForm(c.URL, url.Values{"number": {visa}, "expiry": {"0829"}, "cvc": {"123"}, "zip": {"80301"}}); err == nil {
		t.Error("a lost answer came")
	}
	if got := b.sessionNow(plan, c.ID); got.Status != stripe.CheckoutSessionStatusComplete {
		t.Errorf("after a lost answer the page is %s", got.Status)
	}
	answer, err := http.Get(b.url + "/c/pay/cs_test_nowhere")
	b.must(err)
	if answer.Body.Close(); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a page that is none: %d", answer.StatusCode)
	}
}

func TestSession_RefusesWhatItDoesNotKnow(t *testing.T) {
	b := start(t, processor.Options{})
	good := map[string]string{
		"mode": "payment", "payment_method_types[0]": "card", "payment_intent_data[capture_method]": "manual",
		"success_url": "https://plan.example/", "cancel_url": "https://plan.example/", "line_items[0][quantity]": "1",
		"line_items[0][price_data][currency]": "usd", "line_items[0][price_data][unit_amount]": "500",
		"line_items[0][price_data][product_data][name]": "Premium",
	}
	for _, tc := range []struct{ name, key, value string }{
		{"as it is", "", ""}, {"a subscription", "mode", "subscription"}, {"no lines", "line_items[0][price_data][unit_amount]", ""},
		{"a script", "success_url", "javascript:alert(1)"}, {"a policy", "success_url", "https://a;script-src/"}, {"captured at once", "payment_intent_data[capture_method]", "automatic"},
		{"too soon", "expires_at", "1795435200"}, {"a misspelt one", "sucess_url", "x"}, {"too many", "line_items[0][quantity]", "1001"},
	} {
		var pairs []string
		for key, value := range good {
			if key != tc.key {
				pairs = append(pairs, key, value)
			}
		}
		if tc.key != "" {
			pairs = append(pairs, tc.key, tc.value)
		}
		if status, text := b.ask("POST", "/v1/checkout/sessions", form(pairs...)); (status == 200) != (tc.key == "") {
			t.Errorf("%s: %d %s", tc.name, status, text)
		}
	}
}

// A text in one language and not in another is a hole in a page.
func TestWords_AreCompleteInEveryLanguage(t *testing.T) {
	all := processor.Languages()
	for _, w := range all {
		value := reflect.ValueOf(*w)
		for i := range value.NumField() {
			if field := value.Field(i); field.Kind() == reflect.String && field.String() == "" {
				t.Errorf("%s has no %s", w.Tag, value.Type().Field(i).Name)
			}
		}
		for _, other := range all {
			for code, text := range other.Messages {
				if w.Messages[code] == "" || text == "" {
					t.Errorf("%s has no message for %s", w.Tag, code)
				}
			}
			for kind := range other.Fields {
				if w.Fields[kind].Label == "" || w.Fields[kind].Placeholder == "" {
					t.Errorf("%s has no words for the field %s", w.Tag, kind)
				}
			}
		}
	}
}
