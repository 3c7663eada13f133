// Package card speaks to a card processor in Stripe's HTTP protocol. Its Client
// is the checkout.Processor of an installation whose plan.yaml names one.
//
// It knows Stripe's objects, states, codes and signatures, and nothing of billing
// accounts, purses or posting. No card number can reach it: cards come as tokens
// that the processor's own fields made in the payer's browser, or are entered on
// the processor's own page.
//
// Money never mixes: every charge, refund, dispute and page lives on the
// processor's account of one legal entity (a "direct charge"). Only a card that
// is kept for the time of a payment lives on the platform's account, and is
// cloned to an entity's account for each charge.
//
// Invariants:
//   - One call is one request (a list, one for each page). Nothing here or below repeats one by itself,
//     because whether to ask again is for checkout to decide (transport.go).
//   - A call that moves money (Authorise, Capture, Void, Refund) fails as
//     fault.UnknownOutcome when its answer was lost, and as fault.Unavailable only
//     when it was certainly not done. The others move nothing and do the same when
//     asked again under their key, so for them a lost answer is fault.Unavailable
//     too (answer.go).
//   - No answer of the processor is logged or stands in an error: it may hold a
//     payer's name. Errors carry its codes and the number of the request.
//
// Start reading at New, then Client.Authorise in charge.go and Client.fault in
// answer.go.
package card

import (
	"context"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/checkout"
)

// Options say which processor is spoken to.
type Options struct {
	API     string        // base address, without the version of the protocol
	Key     secret.Text   // the platform's secret key: "sk_test_..." or "sk_live_..."
	Signing secret.Text   // what notices are signed with: "whsec_..."
	Timeout time.Duration // of one call, until its last byte
	// Sandbox says that the installation plays with made-up money. The key must be
	// for tests then, and must not be otherwise.
	Sandbox bool
	Clock   clock.Clock
}

// Client is one processor.
type Client struct {
	stripe  *stripe.Client
	signing secret.Text
	timeout time.Duration
	sandbox bool
	clock   clock.Clock
}

var _ checkout.Processor = (*Client)(nil)

// New makes a client and calls nobody. Invalid when a secret is missing or the
// key is not of the installation's sort.
func New(o Options) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               &o.API,
		HTTPClient:        httpClient(),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	// Only the first is ever called; the library wants all four.
	all := &stripe.Backends{API: backend, Connect: backend, Uploads: backend, MeterEvents: backend}
	return &Client{
		stripe: stripe.NewClient(o.Key.Reveal(), stripe.WithBackends(all)), signing: o.Signing,
		timeout: o.Timeout, sandbox: o.Sandbox, clock: o.Clock,
	}, nil
}

func (o *Options) check() error {
	const op = "card.New"
	if o.Key.IsZero() || o.Signing.IsZero() {
		return fault.New(fault.Invalid, op, "the card processor's secret key or its signing secret is missing")
	}
	if o.Timeout <= 0 {
		return fault.New(fault.Invalid, op, "the time that a call to the card processor may take is missing")
	}
	// "sk_test_..." or, with restricted rights, "rk_test_...".
	kind, rest, _ := strings.Cut(o.Key.Reveal(), "_")
	if kind != "sk" && kind != "rk" {
		return fault.New(fault.Invalid, op, "the card processor's key is no secret key").WithHint("It begins with sk_ or rk_.")
	}
	switch mode, _, _ := strings.Cut(rest, "_"); {
	case mode == "live" && o.Sandbox:
		return fault.New(fault.Invalid, op, "the card processor's key takes real money, and the plan is a sandbox").
			WithHint("Use the key for tests, or set sandbox: false in plan.yaml.")
	case mode == "test" && !o.Sandbox:
		return fault.New(fault.Invalid, op, "the card processor's key is for tests: made-up money would be posted as real").
			WithHint("Use the live key, or set sandbox: true in plan.yaml.")
	case mode != "live" && mode != "test":
		return fault.New(fault.Invalid, op, "the card processor's key is neither live nor for tests")
	}
	return nil
}

// settings are what every kind of parameters of Stripe's library can be told.
type settings interface {
	SetStripeAccount(string)
	SetIdempotencyKey(string)
}

// at has a call made on a legal entity's account, once under its key.
func at(s settings, merchant string, key ident.Key) {
	s.SetStripeAccount(merchant)
	s.SetIdempotencyKey(string(key))
}

// step is the key of one of several requests that make up one call.
func step(key ident.Key, name string) ident.Key { return key + ident.Key("/"+name) }

// bounded gives a call its time.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.timeout)
}

// Two of the processor's own ids make one of ours: a page's is its account's and
// its own, a credential's is its customer's and its own.
const pairSign = "/"

func pair(first, second string) string { return first + pairSign + second }

func unpair(op, what, text string) (first, second string, err error) {
	first, second, ok := strings.Cut(text, pairSign)
	if !ok || first == "" || second == "" {
		return "", "", fault.New(fault.Invalid, op, "the %s was not made by this processor", what)
	}
	return first, second, nil
}
