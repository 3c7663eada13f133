package processor_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/sim/processor"
)

const (
	plan     = "acct_premium" // a connected account
	pharmacy = "acct_pharmacy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// bench is a simulator over HTTP and an independent client of its protocol.
type bench struct {
	t     *testing.T
	p     *processor.Processor
	clock *clock.Fixed
	url   string
	api   *stripe.Client
}

// start runs a simulator on a new folder, unless the options name one.
func start(t *testing.T, o processor.Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock.At(noon)}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Clock == nil {
		o.Clock = b.clock
	}
	p, err := processor.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	b.p = p
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		p.Unplug()
		server.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	b.url = server.URL
	b.api = b.client(p.SecretKey().Reveal())
	return b
}

// client is Stripe's own library, told not to try again by itself.
func (b *bench) client(key string) *stripe.Client {
	return stripe.NewClient(key, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: &b.url, MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:    &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}},
	})))
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// token makes a payment method of the platform's.
func (b *bench) token(number string) string {
	b.t.Helper()
	m, err := b.tryToken(number)
	b.must(err)
	return m.ID
}

func (b *bench) tryToken(number string) (*stripe.PaymentMethod, error) {
	return b.api.V1PaymentMethods.Create(context.Background(), &stripe.PaymentMethodCreateParams{
		Type: stripe.String("card"),
		Card: &stripe.PaymentMethodCreateCardParams{
			Number: &number, ExpMonth: stripe.Int64(8), ExpYear: stripe.Int64(2029), CVC: stripe.String("123"),
		},
	})
}

// shared makes a token chargeable once on an account.
func (b *bench) shared(account, token string) string {
	b.t.Helper()
	params := &stripe.PaymentMethodCreateParams{PaymentMethod: &token}
	params.SetStripeAccount(account)
	m, err := b.api.V1PaymentMethods.Create(context.Background(), params)
	b.must(err)
	return m.ID
}

func (b *bench) card(account, number string) string { return b.shared(account, b.token(number)) }

func (b *bench) open(account string, cents int64, attempt string) string {
	b.t.Helper()
	params := &stripe.PaymentIntentCreateParams{
		Amount: &cents, Currency: stripe.String("usd"), CaptureMethod: stripe.String("manual"),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}), Metadata: map[string]string{"attempt": attempt, "leg": "1"},
	}
	params.SetStripeAccount(account)
	i, err := b.api.V1PaymentIntents.Create(context.Background(), params)
	b.must(err)
	return i.ID
}

func (b *bench) confirm(account, id, method, key string) (*stripe.PaymentIntent, error) {
	params := &stripe.PaymentIntentConfirmParams{PaymentMethod: &method, ErrorOnRequiresAction: stripe.Bool(true)}
	params.SetStripeAccount(account)
	if key != "" {
		params.SetIdempotencyKey(key)
	}
	return b.api.V1PaymentIntents.Confirm(context.Background(), id, params)
}

func (b *bench) capture(account, id, key string) (*stripe.PaymentIntent, error) {
	params := &stripe.PaymentIntentCaptureParams{}
	params.SetStripeAccount(account)
	if key != "" {
		params.SetIdempotencyKey(key)
	}
	return b.api.V1PaymentIntents.Capture(context.Background(), id, params)
}

func (b *bench) cancel(account, id string) (*stripe.PaymentIntent, error) {
	params := &stripe.PaymentIntentCancelParams{}
	params.SetStripeAccount(account)
	return b.api.V1PaymentIntents.Cancel(context.Background(), id, params)
}

func (b *bench) get(account, id string) *stripe.PaymentIntent {
	b.t.Helper()
	params := &stripe.PaymentIntentRetrieveParams{}
	params.SetStripeAccount(account)
	params.AddExpand("latest_charge")
	i, err := b.api.V1PaymentIntents.Retrieve(context.Background(), id, params)
	b.must(err)
	return i
}

// held opens an intent and authorises a card for it.
func (b *bench) held(account, number string, cents int64, attempt string) string {
	b.t.Helper()
	id := b.open(account, cents, attempt)
	_, err := b.confirm(account, id, b.card(account, number), "")
	b.must(err)
	return id
}

// paid is one that was captured, too.
func (b *bench) paid(account, number string, cents int64, attempt string) string {
	b.t.Helper()
	id := b.held(account, number, cents, attempt)
	_, err := b.capture(account, id, "")
	b.must(err)
	return id
}

func (b *bench) refund(account, intent string, cents int64) (*stripe.Refund, error) {
	params := &stripe.RefundCreateParams{PaymentIntent: &intent}
	if cents > 0 {
		params.Amount = &cents
	}
	params.SetStripeAccount(account)
	return b.api.V1Refunds.Create(context.Background(), params)
}

// refused reads an error as Stripe's library does.
func refused(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var no *stripe.Error
	if !errors.As(err, &no) {
		t.Fatalf("got %v, want a refusal of the processor", err)
	}
	return no
}

// ask sends a plain HTTP request with the secret key.
func (b *bench) ask(method, path, body string, headers ...string) (status int, text string) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	b.must(err)
	r.Header.Set("Authorization", "Bearer "+b.p.SecretKey().Reveal())
	if strings.HasPrefix(path, "/v1/") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	b.must(err)
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	b.must(err)
	return answer.StatusCode, string(read)
}

// tally gives what the simulator's own books say of an attempt on an account.
func (b *bench) tally(attempt, account string) processor.Tally {
	b.t.Helper()
	if have := b.p.Books().Attempts[attempt][account]; have != nil {
		return *have
	}
	return processor.Tally{}
}

func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}
