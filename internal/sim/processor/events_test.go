package processor_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// What happened is told to whoever asks, though its webhooks were dropped, after a
// restart too, by account, kind, time and page.
func TestEvents_AreKept(t *testing.T) {
	dir := t.TempDir()
	o := processor.Options{
		Dir: dir, Notify: "http://127.0.0.1:1", Plan: processor.Plan{Webhooks: processor.WebhookFault{Dropped: 1}},
	}
	b := start(t, o)
	for range 3 {
		_, err := b.refund(plan, b.paid(plan, testcard.Number(testcard.Approve), 5_000, "a"), 1_000)
		b.must(err)
		b.clock.Advance(time.Minute)
	}
	_, err := b.refund(pharmacy, b.paid(pharmacy, testcard.Number(testcard.Approve), 5_000, "b"), 0)
	b.must(err)
	if w := b.p.Webhooks(); w.Waiting != 0 || w.Dropped == 0 {
		t.Fatalf("the webhooks stand at %+v", w)
	}
	list := func(account string, since time.Time, page int64) (ids []string) {
		params := &stripe.EventListParams{
			Types: stripe.StringSlice([]string{"refund.created"}), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		}
		params.SetStripeAccount(account)
		params.Limit = &page
		for e, err := range b.api.V1Events.List(context.Background(), params) {
			b.must(err)
			if e.Type != "refund.created" || e.Data.Object["object"] != "refund" || len(ids) > 0 && ids[len(ids)-1] == e.ID {
				t.Errorf("got %s of %v", e.Type, e.Data.Object["object"])
			}
			ids = append(ids, e.ID)
		}
		return ids
	}
	for _, page := range []int64{1, 2, 3, 100} {
		if got := list(plan, noon, page); len(got) != 3 {
			t.Errorf("by pages of %d there are %d events, want 3", page, len(got))
		}
	}
	if got := list(plan, noon.Add(time.Minute), 100); len(got) != 2 {
		t.Errorf("since a minute later there are %d, want 2", len(got))
	}
	if got := list(pharmacy, noon, 100); len(got) != 1 {
		t.Errorf("the other account has %d, want 1", len(got))
	}
	before := list(plan, noon, 100)
	b.must(b.p.Close())
	b = start(t, o)
	if after := list(plan, noon, 100); len(after) != 3 || after[0] != before[0] {
		t.Errorf("after a restart there are %v, before %v", after, before)
	}
	for _, wrong := range []string{"limit=0", "limit=x", "created[gte]=x", "starting_after=evt_none", "what=ever"} {
		if status, _ := b.ask(http.MethodGet, "/v1/events?"+wrong, ""); status < 400 || status > 499 {
			t.Errorf("%s is answered with %d", wrong, status)
		}
	}
}
