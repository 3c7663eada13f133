package processor_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/sim/processor"
)

// Whatever is sent, the simulator answers, and never with a mistake of its own;
// and what it took it can read again.
func FuzzRequests(f *testing.F) {
	card := form("type", "card", "card[number]", visa, "card[exp_month]", "8", "card[exp_year]", "29", "card[cvc]", "123")
	intent := form("amount", "500", "currency", "usd", "capture_method", "manual", "payment_method_types[0]", "card", "metadata[attempt]", "a")
	session := form("mode", "payment", "payment_method_types[0]", "card", "payment_intent_data[capture_method]", "manual",
		"success_url", "https://plan.example/", "cancel_url", "https://plan.example/", "line_items[0][quantity]", "1", "line_items[0][price_data][currency]", "usd",
		"line_items[0][price_data][unit_amount]", "500", "line_items[0][price_data][product_data][name]", "Premium")
	f.Add("/v1/payment_methods", card, "")
	f.Add("/v1/payment_intents", intent, "plan")
	f.Add("/v1/checkout/sessions", session, "plan")
	f.Add("/v1/refunds", "payment_intent=pi_x&amount=1", "k")
	f.Add("/v1/payment_intents/pi_x/confirm", "payment_method=pm_x", "k")
	f.Add("/c/pay/cs_test_x", "number="+visa+"&expiry=08%2F29&cvc=123&zip=80301", "")
	f.Add("/control/webhooks", `{"hold":true}`, "")
	f.Add("/control/dispute", `{"charge":"ch_x"}`, "")
	dir := f.TempDir()
	p, err := processor.Open(processor.Options{Dir: dir, Clock: clock.At(noon)})
	if err != nil {
		f.Fatal(err)
	}
	authorization := "Bearer " + p.SecretKey().Reveal()
	f.Fuzz(func(t *testing.T, path, body, key string) {
		if strings.HasPrefix(path, "/control/unplug") || strings.HasPrefix(path, "/control/faults") || !strings.HasPrefix(path, "/") {
			return
		}
		r := httptest.NewRequest(http.MethodPost, (&url.URL{Scheme: "http", Host: "sim", Path: path}).String(), strings.NewReader(body))
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Idempotency-Key"] = []string{key}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("POST %q %q: %d %s", path, body, w.Code, w.Body)
		}
	})
	if err := p.Close(); err != nil {
		f.Fatal(err)
	}
	again, err := processor.Open(processor.Options{Dir: dir})
	if err != nil {
		f.Fatalf("what it wrote cannot be read: %v", err)
	}
	again.Close()
}
