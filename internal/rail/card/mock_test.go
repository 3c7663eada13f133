package card

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/rail/card/stripemock"
)

// noon is when the tests play.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	testKey     = "sk_test_123"
	testSigning = "whsec_test"
	merchant    = "acct_cvhp"
	credential  = "cus_1/pm_1"
)

// newClient is a client of the processor at an address.
func newClient(t testing.TB, api string, timeout time.Duration) *Client {
	t.Helper()
	c, err := New(Options{
		API: api, Key: secret.New(testKey), Signing: secret.New(testSigning), Timeout: timeout, Sandbox: true, Clock: clock.At(noon),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	order = checkout.ChargeOrder{Attempt: "0123456789abcdefghjkmnpqrs", Leg: 1, Merchant: merchant, Amount: 125_00}
	ref   = checkout.ChargeRef{Merchant: merchant, ID: "pi_1"}
)

// keptOrGone passes over that the stand-in's card belongs to no customer.
func keptOrGone(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Every request that we send is held against the published description of the API.
func TestClient_SendsOnlyWhatTheAPIKnows(t *testing.T) {
	api := stripemock.Start(t)
	c, ctx := newClient(t, api, 10*time.Second), t.Context()
	key := func(name string) ident.Key { return ident.Key("test:" + name) }
	for name, call := range map[string]func() error{
		"open": func() error {
			got, err := c.Open(ctx, order, key("open"))
			if err == nil && (got.Merchant != merchant || !strings.HasPrefix(got.ID, "pi_")) {
				t.Errorf("Open gave %+v", got)
			}
			return err
		},
		"authorise": func() error {
			_, err := c.Authorise(ctx, ref, checkout.Method{Credential: credential}, key("authorise"))
			return err
		},
		"authorise, the payer not there": func() error {
			_, err := c.Authorise(ctx, ref, checkout.Method{Credential: credential, OffSession: true}, key("off"))
			return err
		},
		"capture": func() error { _, err := c.Capture(ctx, ref, key("capture")); return err },
		"void":    func() error { _, err := c.Void(ctx, ref, key("void")); return err },
		"enquire": func() error {
			got, err := c.Enquire(ctx, ref)
			if err == nil && (got.Ref != ref || got.Amount <= 0 || got.Status == "") {
				t.Errorf("Enquire gave %+v", got)
			}
			return err
		},
		"refund": func() error {
			got, err := c.Refund(ctx, checkout.RefundOrder{Charge: ref, Amount: 1_00, Reason: "twice"}, key("refund"))
			if err == nil && (!strings.HasPrefix(got.ID, "re_") || got.Amount <= 0) {
				t.Errorf("Refund gave %+v", got)
			}
			return err
		},
		"enquire refund": func() error { _, err := c.EnquireRefund(ctx, merchant, "re_1"); return err },
		"enquire dispute": func() error {
			got, err := c.EnquireDispute(ctx, merchant, "dp_1")
			if err == nil && (got.ID == "" || got.OpenedAt.IsZero() || got.Status == "") {
				t.Errorf("EnquireDispute gave %+v", got)
			}
			return err
		},
		"card": func() error {
			got, err := c.Card(ctx, "pm_1")
			if err == nil && (len(got.Last4) != 4 || got.ExpiryYear < 2000 || got.ExpiryMonth < 1) {
				t.Errorf("Card gave %+v", got)
			}
			return err
		},
		"keep": func() error {
			got, err := c.Keep(ctx, "pm_1", key("keep"))
			if err == nil && !strings.HasPrefix(got.Credential, "cus_") {
				t.Errorf("Keep gave %+v", got)
			}
			return err
		},
		"forget": func() error { return c.Forget(ctx, credential) },
		"open page": func() error {
			for _, language := range []string{"en", "es", "es-US", "xx"} {
				got, err := c.OpenPage(ctx, checkout.PageOrder{
					Charge: order, Language: language, Title: "Premium", Done: "https://pay.example.org/done", Back: "https://pay.example.org/back",
				}, key("page-"+language))
				if err != nil {
					return err
				}
				if !strings.HasPrefix(got.ID, merchant+"/cs_") || got.Status == "" {
					t.Errorf("OpenPage gave %+v", got)
				}
			}
			return nil
		},
		"enquire page": func() error { _, err := c.EnquirePage(ctx, merchant+"/cs_1"); return err },
		"past notices": func() error { _, err := c.PastNotices(ctx, merchant, noon); return err },
		"close page":   func() error { return c.ClosePage(ctx, merchant+"/cs_1") },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refusesUnknown(t, api)
}

// Likewise what settles and what is stored.
func TestClient_SettlesAndStoresByTheAPI(t *testing.T) {
	c, ctx := newClient(t, stripemock.Start(t), 10*time.Second), t.Context()
	key := func(name string) ident.Key { return ident.Key("test:" + name) }
	for name, call := range map[string]func() error{
		"payouts": func() error {
			got, err := c.Payouts(ctx, merchant, noon)
			if err == nil && (len(got) == 0 || !strings.HasPrefix(got[0].ID, "po_") || got[0].PaidOn.IsZero() || got[0].Merchant != merchant) {
				t.Errorf("Payouts gave %+v", got)
			}
			return err
		},
		"payout lines": func() error {
			got, err := c.PayoutLines(ctx, merchant, "po_1")
			if err == nil && (len(got) == 0 || !strings.HasPrefix(got[0].ID, "txn_") || got[0].Gross-got[0].Fee != got[0].Net) {
				t.Errorf("PayoutLines gave %+v", got)
			}
			return err
		},
		"evidence": func() error {
			_, err := c.SubmitEvidence(ctx, merchant, "dp_1", checkout.Evidence{
				Product: "Payment", ServiceDate: "2026-11-23", Explanation: "paid", Duplicate: "other", Cancellation: "none",
			}, key("evidence"))
			return err
		},
		"store":       func() error { _, err := c.Store(ctx, "pm_1", key("store")); return err },
		"stored card": func() error { _, err := c.StoredCard(ctx, credential); return keptOrGone(err) },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusesUnknown holds that the stand-in refuses what the description does not know.
func refusesUnknown(t *testing.T, api string) {
	t.Helper()
	// What the description does not know must be refused, or the above proves nothing.
	form := url.Values{"amount": {"100"}, "currency": {"usd"}, "colour": {"red"}}
	request, err := http.NewRequest(http.MethodPost, api+"/v1/payment_intents", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+testKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown parameter was answered with %s", response.Status)
	}
}
