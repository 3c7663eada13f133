package processor_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"
	"github.com/stripe/stripe-go/v84/webhook"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// receiver takes webhooks and notes them, once their signature is good.
type receiver struct {
	url    string
	secret func() string

	mu     sync.Mutex
	status int // of the answers, 200 when 0
	events []stripe.Event
	bad    []error
}

func receive(t *testing.T) *receiver {
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		event, err := webhook.ConstructEventIgnoringTolerance(body, q.Header.Get("Stripe-Signature"), r.secret())
		if err != nil {
			r.bad = append(r.bad, err)
		}
		if r.status != 0 {
			w.WriteHeader(r.status)
			return
		}
		r.events = append(r.events, event)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// types lists what arrived, in order.
func (r *receiver) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.events {
		all = append(all, string(e.Type))
	}
	return all
}

func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.events {
		all = append(all, e.ID)
	}
	return all
}

func startNotified(t *testing.T, o processor.Options) (*bench, *receiver) {
	r := receive(t)
	o.Notify, o.Senders = r.url, 1
	b := start(t, o)
	r.secret = func() string { return b.p.WebhookSecret().Reveal() }
	return b, r
}

func TestWebhooks_TellWhatHappened(t *testing.T) {
	b, r := startNotified(t, processor.Options{})
	id := b.paid(plan, testcard.Number(testcard.Fraudulent), 1_000, "a1")
	b.clock.Advance(processor.DefaultDelays.Dispute)
	b.p.Settle(t.Context())
	refunded := b.paid(pharmacy, testcard.Number(testcard.RefundFails), 500, "a1")
	_, err := b.refund(pharmacy, refunded, 0)
	b.must(err)
	b.clock.Advance(processor.DefaultDelays.Refund)
	b.p.Settle(t.Context())
	_, err = b.confirm(plan, b.open(plan, 500, "a2"), b.card(plan, "4000000000000002"), "")
	refused(t, err)
	_, err = b.cancel(plan, b.open(plan, 500, "a3"))
	b.must(err)
	b.p.Notify(t.Context())
	want := []string{
		"payment_intent.amount_capturable_updated", "payment_intent.succeeded", "charge.dispute.created", "charge.dispute.funds_withdrawn",
		"payment_intent.amount_capturable_updated", "payment_intent.succeeded", "refund.created", "charge.refunded", "refund.failed", "refund.updated",
		"payment_intent.payment_failed", "payment_intent.canceled",
	}
	if got := r.types(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(r.bad) > 0 {
		t.Errorf("a signature or version is not good: %v", r.bad[0])
	}
	if first, fifth := r.events[0], r.events[4]; first.Account != plan || fifth.Account != pharmacy || first.GetObjectValue("id") != id ||
		first.GetObjectValue("metadata", "attempt") != "a1" {
		t.Errorf("the first event is of %s about %s", first.Account, first.GetObjectValue("id"))
	}
	if got := b.p.Webhooks(); got.Waiting != 0 || got.Delivered != len(want) {
		t.Errorf("the outbox says %+v", got)
	}
}

// A receiver that is not told the time by us holds the signature to its own clock.
func TestWebhooks_AreFresh(t *testing.T) {
	var got error
	var p *processor.Processor
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		_, got = webhook.ConstructEvent(body, q.Header.Get("Stripe-Signature"), p.WebhookSecret().Reveal())
	}))
	t.Cleanup(server.Close)
	b := start(t, processor.Options{Clock: clock.System{}, Notify: server.URL})
	p = b.p
	b.held(plan, visa, 500, "a1")
	p.Notify(t.Context())
	if b.p.Webhooks().Delivered != 1 || got != nil {
		t.Errorf("got %v", got)
	}
}

func TestWebhooks_AreTriedUntilTaken(t *testing.T) {
	b, r := startNotified(t, processor.Options{})
	r.answer(http.StatusInternalServerError)
	b.held(plan, visa, 500, "a1")
	for _, wait := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second} {
		b.clock.Advance(wait - time.Millisecond)
		failed := b.p.Webhooks().Failed
		b.p.Notify(t.Context())
		if wait > 0 && b.p.Webhooks().Failed != failed {
			t.Errorf("tried again before %v were over", wait)
		}
		b.clock.Advance(time.Millisecond)
		b.p.Notify(t.Context())
	}
	if got := b.p.Webhooks(); got.Failed != 4 || got.Waiting != 1 {
		t.Fatalf("the outbox says %+v", got)
	}
	r.answer(0)
	b.clock.Advance(time.Minute)
	b.p.Notify(t.Context())
	if got := b.p.Webhooks(); got.Delivered != 1 || got.Waiting != 0 {
		t.Errorf("the outbox says %+v", got)
	}
}

func TestWebhooks_SurviveARestart(t *testing.T) {
	dir := t.TempDir()
	b, r := startNotified(t, processor.Options{Dir: dir})
	b.held(plan, visa, 500, "a1")
	b.p.Notify(t.Context())
	r.answer(http.StatusBadGateway)
	b.held(plan, visa, 500, "a2")
	b.p.Notify(t.Context())
	b.must(b.p.Close())
	r.answer(0)
	again := start(t, processor.Options{Dir: dir, Notify: r.url, Senders: 1, Clock: b.clock})
	again.p.Notify(t.Context())
	if ids := r.ids(); len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("%d events arrived: %v", len(ids), ids)
	}
}

func TestWebhooks_HeldReversedAndDoubled(t *testing.T) {
	b, r := startNotified(t, processor.Options{})
	if status, _ := b.ask("POST", "/control/webhooks", `{"hold":true}`); status != 200 {
		t.Fatal(status)
	}
	b.paid(plan, visa, 500, "a1")
	b.p.Notify(t.Context())
	if got := r.types(); len(got) != 0 {
		t.Fatalf("%v came in spite of the hold", got)
	}
	b.ask("POST", "/control/webhooks", `{"deliver":{"reversed":true,"copies":2}}`)
	want := []string{"payment_intent.succeeded", "payment_intent.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.amount_capturable_updated"}
	if got := r.types(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if ids := r.ids(); len(ids) == 4 && (ids[0] != ids[1] || ids[0] == ids[2]) {
		t.Errorf("copies have the ids %v", ids)
	}
}

func TestWebhooks_FaultPlan(t *testing.T) {
	const n = 400
	b, r := startNotified(t, processor.Options{Plan: processor.Plan{Seed: 5, Webhooks: processor.WebhookFault{
		Dropped: .1, Doubled: .2, Delayed: .1, DelayMS: 60_000, Reordered: .1,
	}}})
	for i := range n {
		b.cancel(plan, b.open(plan, 500, fmt.Sprint(i)))
	}
	b.p.Notify(t.Context())
	soon := len(r.ids())
	b.clock.Advance(time.Minute)
	b.p.Notify(t.Context())
	ids := r.ids()
	distinct := slices.Clone(ids)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	near := func(what string, got, want int) {
		if got < want-n/20 || got > want+n/20 {
			t.Errorf("%s: %d, want about %d", what, got, want)
		}
	}
	near("dropped", n-len(distinct), n/10)
	near("doubled", len(ids)-len(distinct), n/5)
	near("delayed", len(ids)-soon, n/10)
	swapped := 0
	for i := 1; i < soon; i++ {
		if attemptNo(r.events[i]) < attemptNo(r.events[i-1]) {
			swapped++
		}
	}
	near("reordered", swapped, n/10)
}

func attemptNo(e stripe.Event) (n int) {
	fmt.Sscan(e.GetObjectValue("metadata", "attempt"), &n)
	return n
}

// Run does both by itself.
func TestRun_SettlesAndNotifies(t *testing.T) {
	r := receive(t)
	b := start(t, processor.Options{Clock: clock.System{}, Notify: r.url, Delays: processor.Delays{Dispute: time.Millisecond}})
	r.secret = func() string { return b.p.WebhookSecret().Reveal() }
	ended := make(chan struct{})
	go func() { b.p.Run(t.Context()); close(ended) }()
	t.Cleanup(func() { <-ended })
	b.paid(plan, testcard.Number(testcard.Fraudulent), 500, "a1")
	waitFor(t, func() bool { return slices.Contains(r.types(), "charge.dispute.created") })
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
