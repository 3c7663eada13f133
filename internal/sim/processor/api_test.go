package processor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/sim/processor"
)

func TestAccounts_DoNotSeeEachOther(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.paid(plan, visa, 500, "a1")
	for _, account := range []string{pharmacy, ""} {
		status, _ := b.ask("GET", "/v1/payment_intents/"+id, "", "Stripe-Account", account)
		if status != http.StatusNotFound {
			t.Errorf("account %q sees another's payment intent: %d", account, status)
		}
		_, err := b.refund(account, id, 0)
		if refused(t, err).HTTPStatusCode != http.StatusNotFound {
			t.Errorf("account %q refunded another's charge", account)
		}
	}
	if status, _ := b.ask("GET", "/v1/payment_intents/"+id, "", "Stripe-Account", "plan/../x"); status != http.StatusForbidden {
		t.Errorf("an account that is none: %d", status)
	}
}

func TestKeys_OpenWhatTheyShould(t *testing.T) {
	b := start(t, processor.Options{})
	browser := "Bearer " + b.p.PublishableKey()
	card := form("type", "card", "card[number]", visa, "card[exp_month]", "8", "card[exp_year]", "29")
	for _, tc := range []struct {
		name, method, path, body, authorization string
		want                                    int
	}{
		{"no key", "POST", "/v1/customers", "", "", 401},
		{"a wrong key", "POST", "/v1/customers", "", "Bearer sk_test_x", 401},
		{"a browser tokenises", "POST", "/v1/payment_methods", card, browser, 200},
		{"a browser does not share cards", "POST", "/v1/payment_methods", form("payment_method", "pm_x"), browser, 401},
		{"a browser does not charge", "POST", "/v1/payment_intents", "", browser, 401},
		{"a browser does not read the books", "GET", "/books", "", browser, 401},
		{"nobody reads the books without a key", "GET", "/books", "", "", 401},
		{"nobody pulls the plug without a key", "POST", "/control/unplug", "", "", 401},
		{"what is not there", "POST", "/v1/tokens", "", "Bearer " + b.p.SecretKey().Reveal(), 404},
	} {
		if status, text := b.ask(tc.method, tc.path, tc.body, "Authorization", tc.authorization); status != tc.want {
			t.Errorf("%s: got %d %s, want %d", tc.name, status, text, tc.want)
		}
	}
}

func TestForm_RefusesWhatItDoesNotKnow(t *testing.T) {
	b := start(t, processor.Options{})
	good := []string{"amount", "500", "currency", "usd", "capture_method", "manual", "payment_method_types[]", "card"}
	for _, tc := range []struct {
		name  string
		pairs []string
		code  string
	}{
		{"as it is", good, ""},
		{"a misspelt parameter", append(good, "metdata[attempt]", "1"), "parameter_unknown"},
		{"no amount", good[2:], "parameter_missing"},
		{"too little", append(good[2:], "amount", "49"), "amount_too_small"},
		{"too much", append(good[2:], "amount", "100000000"), "amount_too_large"},
		{"no number", append(good[2:], "amount", "5.00"), "parameter_invalid_integer"},
		{"twice", append(good, "amount", "600"), "parameter_invalid"},
		{"another currency", []string{"amount", "500", "currency", "eur", "capture_method", "manual", "payment_method_types[]", "card"}, "parameter_invalid"},
		{"captured at once", []string{"amount", "500", "currency", "usd", "payment_method_types[]", "card"}, "parameter_invalid"},
		{"any means", good[:6], "parameter_invalid"},
		{"a long metadata key", append(good, "metadata["+strings.Repeat("k", 41)+"]", "1"), "parameter_invalid"},
	} {
		status, text := b.ask("POST", "/v1/payment_intents", form(tc.pairs...))
		if (status == 200) != (tc.code == "") || tc.code != "" && !strings.Contains(text, `"code":"`+tc.code+`"`) {
			t.Errorf("%s: %d %s", tc.name, status, text)
		}
	}
	if status, _ := b.ask("POST", "/v1/payment_intents", `{"amount":500}`, "Content-Type", "application/json"); status != http.StatusBadRequest {
		t.Errorf("JSON was taken: %d", status)
	}
}
