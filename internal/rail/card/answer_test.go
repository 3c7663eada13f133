package card

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/checkout"
)

// answering is a processor that gives one answer to everything, and counts.
func answering(t *testing.T, answer http.HandlerFunc) (c *Client, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return newClient(t, s.URL, 10*time.Second), asked
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req_1")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func refusing(code int, kind, what string) http.HandlerFunc {
	return status(code, fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"Jane Roe may not","param":"amount","payment_intent":{"id":"pi_1","client_secret":"pi_1_secret_x"}}}`, kind, what))
}

// cut ends the connection after some bytes.
func cut(said string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprint(conn, said)
			conn.Close()
		}
	}
}

// moving and resting are all calls, by whether they move money.
func moving(ctx context.Context, c *Client) map[string]error {
	_, capture := c.Capture(ctx, ref, "k")
	_, void := c.Void(ctx, ref, "k")
	_, refund := c.Refund(ctx, checkout.RefundOrder{Charge: ref, Amount: 100}, "k")
	return map[string]error{"capture": capture, "void": void, "refund": refund}
}

func resting(ctx context.Context, c *Client) map[string]error {
	_, open := c.Open(ctx, order, "k")
	_, enquire := c.Enquire(ctx, ref)
	_, enquireRefund := c.EnquireRefund(ctx, merchant, "re_1")
	_, enquireDispute := c.EnquireDispute(ctx, merchant, "dp_1")
	_, card := c.Card(ctx, "pm_1")
	_, keep := c.Keep(ctx, "pm_1", "k")
	_, openPage := c.OpenPage(ctx, checkout.PageOrder{Charge: order}, "k")
	_, enquirePage := c.EnquirePage(ctx, "acct_1/cs_1")
	_, past := c.PastNotices(ctx, merchant, noon)
	return map[string]error{
		"past notices": past,
		"open":         open, "enquire": enquire, "enquire refund": enquireRefund, "enquire dispute": enquireDispute, "card": card,
		"keep": keep, "open page": openPage, "enquire page": enquirePage,
	}
}

func checkKinds(t *testing.T, errs map[string]error, want fault.Kind) {
	t.Helper()
	for call, err := range errs {
		if err == nil || fault.KindOf(err) != want {
			t.Errorf("%s: got %v of kind %v, want kind %v", call, err, fault.KindOf(err), want)
		}
		if err != nil && (strings.Contains(err.Error(), "Jane") || strings.Contains(err.Error(), "secret_x") || strings.Contains(err.Error(), testKey)) {
			t.Errorf("%s: the error repeats what the processor said: %v", call, err)
		}
	}
}

func TestClient_SaysWhatIsKnownOfTheMoney(t *testing.T) {
	for _, tc := range []struct {
		situation string
		answer    http.HandlerFunc
		moves     fault.Kind // of calls that move money
		rests     fault.Kind // of the others
	}{
		{"cut before the answer", cut(""), fault.UnknownOutcome, fault.Unavailable},
		{"cut in the header", cut("HTTP/1.1 200 O"), fault.UnknownOutcome, fault.Unavailable},
		{"cut in the body", cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"), fault.UnknownOutcome, fault.Unavailable},
		{"an answer that is not in the protocol", status(200, "<html>"), fault.UnknownOutcome, fault.Unavailable},
		{"a refusal that is not in the protocol", status(403, "<html>"), fault.UnknownOutcome, fault.Unavailable},
		{"a redirect", status(302, ""), fault.UnknownOutcome, fault.Unavailable},
		{"an internal error", refusing(500, "api_error", ""), fault.UnknownOutcome, fault.Unavailable},
		{"a gateway's error", status(502, "<html>"), fault.UnknownOutcome, fault.Unavailable},
		{"out of service", status(503, ""), fault.UnknownOutcome, fault.Unavailable},
		{"the same call is under way", refusing(409, "idempotency_error", "idempotency_key_in_use"), fault.UnknownOutcome, fault.Unavailable},
		{"too many requests", refusing(429, "invalid_request_error", "rate_limit"), fault.Unavailable, fault.Unavailable},
		{"another request under the key", refusing(400, "idempotency_error", ""), fault.Conflict, fault.Conflict},
		{"a wrong request", refusing(400, "invalid_request_error", "parameter_missing"), fault.Invalid, fault.Invalid},
		{"no such thing", refusing(404, "invalid_request_error", "resource_missing"), fault.NotFound, fault.NotFound},
		{"a wrong key", refusing(401, "invalid_request_error", "api_key_expired"), fault.Internal, fault.Internal},
		{"no right to the account", refusing(403, "invalid_request_error", "account_invalid"), fault.Internal, fault.Internal},
		{"too little on the account", refusing(400, "invalid_request_error", "balance_insufficient"), fault.Unavailable, fault.Unavailable},
	} {
		t.Run(tc.situation, func(t *testing.T) {
			c, _ := answering(t, tc.answer)
			checkKinds(t, moving(t.Context(), c), tc.moves)
			checkKinds(t, resting(t.Context(), c), tc.rests)
		})
	}
}

// Until the charge is confirmed nothing can have moved.
func TestAuthorise_OnlyTheConfirmationMovesMoney(t *testing.T) {
	for _, tc := range []struct {
		lost string
		want fault.Kind
	}{
		{"/v1/payment_methods", fault.Unavailable},
		{"/v1/payment_intents/pi_1/confirm", fault.UnknownOutcome},
	} {
		c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == tc.lost {
				cut("")(w, r)
				return
			}
			status(200, `{"id":"pm_2","object":"payment_method"}`)(w, r)
		})
		_, err := c.Authorise(t.Context(), ref, checkout.Method{Credential: credential}, "k")
		if fault.KindOf(err) != tc.want {
			t.Errorf("%s lost: got %v of kind %v, want %v", tc.lost, err, fault.KindOf(err), tc.want)
		}
	}
}

func TestClient_NothingWasSentToWhomCannotBeReached(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	listener.Close()
	for situation, api := range map[string]string{"nobody listens": closed, "no such name": "http://billfold.invalid"} {
		t.Run(situation, func(t *testing.T) {
			c := newClient(t, api, 10*time.Second)
			checkKinds(t, moving(t.Context(), c), fault.Unavailable)
			checkKinds(t, resting(t.Context(), c), fault.Unavailable)
		})
	}
}

func TestClient_TimesOutAsUnknown(t *testing.T) {
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer s.Close()
	defer close(end)
	c := newClient(t, s.URL, 50*time.Millisecond)
	checkKinds(t, moving(t.Context(), c), fault.UnknownOutcome)
	_, err := c.Enquire(t.Context(), ref)
	checkKinds(t, map[string]error{"enquire": err}, fault.Unavailable)
}

// net/http would repeat a request with an idempotency key whose connection broke.
func TestClient_AsksOnce(t *testing.T) {
	var broken atomic.Bool
	c, asked := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			cut("")(w, r)
			return
		}
		status(200, `{"id":"pi_1","object":"payment_intent","status":"requires_capture"}`)(w, r)
	})
	for name, call := range map[string]func() error{
		"capture": func() error { _, err := c.Capture(t.Context(), ref, "k"); return err },
		"refund": func() error {
			_, err := c.Refund(t.Context(), checkout.RefundOrder{Charge: ref, Amount: 1}, "k")
			return err
		},
	} {
		broken.Store(false)
		if _, err := c.Enquire(t.Context(), ref); err != nil { // leaves a connection to use again
			t.Fatal(err)
		}
		broken.Store(true)
		before := asked.Load()
		if err := call(); fault.KindOf(err) != fault.UnknownOutcome {
			t.Errorf("%s: got %v", name, err)
		}
		if got := asked.Load() - before; got != 1 {
			t.Errorf("%s: sent %d times", name, got)
		}
	}
}

func TestClient_TellsTheProcessorWhatItNeedsAndNoMore(t *testing.T) {
	var got http.Header
	c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.Header().Set("Request-Id", "req_1")
		status(200, `{"id":"pi_1","object":"payment_intent"}`)(w, r)
	})
	for range 2 { // the second would carry the measure of the first
		if _, err := c.Open(t.Context(), order, "attempt:1"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "Stripe-Account": merchant, "Idempotency-Key": "attempt:1",
		"X-Stripe-Client-User-Agent": "", "X-Stripe-Client-Telemetry": "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}
