package processor_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/processor"
)

// outcomes counts how requests to an endpoint end: by status, or 0 when lost.
func (b *bench) outcomes(n int, endpoint func(i int) error) map[int]int {
	b.t.Helper()
	ended := map[int]int{}
	for i := range n {
		err := endpoint(i)
		if no, ok := err.(*stripe.Error); ok {
			ended[no.HTTPStatusCode]++
		} else if err != nil {
			ended[0]++
		} else {
			ended[http.StatusOK]++
		}
	}
	return ended
}

func (b *bench) createCustomer(int) error {
	_, err := b.api.V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{})
	return err
}

func TestPlan_DealsItsShares(t *testing.T) {
	b := start(t, processor.Options{Plan: processor.Plan{Seed: 7, Requests: []processor.Mishap{
		{Endpoint: "customers.*", LostAfter: .2, LostBefore: .1, Error500: .05, Error503: .1, Error429: .05},
	}}})
	const n = 1000
	got := b.outcomes(n, b.createCustomer)
	for status, share := range map[int]float64{0: .3, 500: .05, 503: .1, 429: .05, 200: .5} {
		if low, high := int(n*(share-.04)), int(n*(share+.04)); got[status] < low || got[status] > high {
			t.Errorf("%d ended with %d, want %d to %d", got[status], status, low, high)
		}
	}
	if err := b.createIntent(); err != nil {
		t.Errorf("an endpoint that the plan does not name: %v", err)
	}
}

func (b *bench) createIntent() error {
	status, _ := b.ask("POST", "/v1/payment_intents", form("amount", "500", "currency", "usd", "capture_method", "manual", "payment_method_types[]", "card"))
	if status != 200 {
		return fault.New(fault.Internal, "", "%d", status)
	}
	return nil
}

func TestPlan_SameSeedSameFaults(t *testing.T) {
	sequence := func(seed uint64) string {
		b := start(t, processor.Options{Plan: processor.Plan{Seed: seed, Requests: []processor.Mishap{{Endpoint: "*", Error503: .5}}}})
		var s strings.Builder
		for range 40 {
			if b.createCustomer(0) == nil {
				s.WriteByte('1')
			} else {
				s.WriteByte('0')
			}
		}
		return s.String()
	}
	one, again, other := sequence(1), sequence(1), sequence(2)
	if one != again {
		t.Errorf("the same seed dealt\n%s\n%s", one, again)
	}
	if one == other {
		t.Error("another seed dealt the same")
	}
}

// A lost answer was done or not, as the plan says, and the key tells which.
func TestPlan_LostAfterIsDoneLostBeforeIsNot(t *testing.T) {
	for _, tc := range []struct {
		mishap processor.Mishap
		done   int
	}{
		{processor.Mishap{Endpoint: "payment_intents.confirm", LostAfter: 1}, 1},
		{processor.Mishap{Endpoint: "payment_intents.confirm", LostBefore: 1}, 0},
		{processor.Mishap{Endpoint: "payment_intents.confirm", Error503: 1}, 0},
		{processor.Mishap{Endpoint: "payment_intents.confirm", Error429: 1}, 0},
	} {
		b := start(t, processor.Options{})
		id, method := b.open(plan, 500, "a1"), b.card(plan, visa)
		b.must(b.p.SetPlan(processor.Plan{Requests: []processor.Mishap{tc.mishap}}))
		if _, err := b.confirm(plan, id, method, "k1"); err == nil {
			t.Errorf("%+v: the answer came", tc.mishap)
		}
		if got := b.tally("a1", plan); got.Authorised.Count != tc.done {
			t.Errorf("%+v: %+v", tc.mishap, got)
		}
		b.must(b.p.SetPlan(processor.Plan{}))
		_, err := b.confirm(plan, id, method, "k1")
		b.must(err)
		if got := b.tally("a1", plan); got.Authorised.Count != 1 {
			t.Errorf("%+v: then %+v", tc.mishap, got)
		}
	}
}

// A 500 says nothing, and its key says it for ever.
func TestPlan_500IsDoneEverySecondTime(t *testing.T) {
	b := start(t, processor.Options{})
	const n = 40
	ids := make([]string, n)
	for i := range ids {
		ids[i] = b.held(plan, visa, 500, "a1")
	}
	b.must(b.p.SetPlan(processor.Plan{Seed: 3, Requests: []processor.Mishap{{Endpoint: "payment_intents.capture", Error500: 1}}}))
	ended := b.outcomes(n, func(i int) error { _, err := b.capture(plan, ids[i], ids[i]); return err })
	if ended[500] != n {
		t.Fatalf("ended %v", ended)
	}
	b.must(b.p.SetPlan(processor.Plan{}))
	if done := b.tally("a1", plan).Captured.Count; done < n/4 || done > 3*n/4 {
		t.Errorf("%d of %d were done", done, n)
	}
	_, err := b.capture(plan, ids[0], ids[0])
	if no := refused(t, err); no.HTTPStatusCode != 500 {
		t.Errorf("the key answers %d", no.HTTPStatusCode)
	}
}

// A delayed request is done even when its asker has gone away: an enquiry in
// between finds nothing, and later it is there.
func TestPlan_DelayedIsDoneAfterTheAskerLeft(t *testing.T) {
	b := start(t, processor.Options{})
	id, method := b.open(plan, 500, "a1"), b.card(plan, visa)
	b.must(b.p.SetPlan(processor.Plan{Requests: []processor.Mishap{{Endpoint: "payment_intents.confirm", Delayed: 1, DelayMS: 300}}}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	params := &stripe.PaymentIntentConfirmParams{PaymentMethod: &method}
	params.SetStripeAccount(plan)
	params.SetIdempotencyKey("k1")
	if _, err := b.api.V1PaymentIntents.Confirm(ctx, id, params); err == nil {
		t.Fatal("the answer came in time")
	}
	if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresPaymentMethod {
		t.Errorf("done too early: %s", i.Status)
	}
	if _, err := b.confirm(plan, id, method, "k1"); refused(t, err).HTTPStatusCode != http.StatusConflict {
		t.Errorf("the key is not in use: %v", err)
	}
	waitFor(t, func() bool { return b.tally("a1", plan).Authorised.Count == 1 })
}

func TestPlan_OutageOfOneAccountForATime(t *testing.T) {
	b := start(t, processor.Options{})
	id, other := b.held(plan, visa, 500, "a1"), b.held(pharmacy, visa, 500, "a1")
	b.must(b.p.SetPlan(processor.Plan{Outages: []processor.Outage{
		{Endpoint: "payment_intents.capture", Account: plan, AfterMS: 1_000, ForMS: 60_000},
	}}))
	tries := func() (status [2]int) {
		for i, account := range []string{plan, pharmacy} {
			_, err := b.capture(account, []string{id, other}[i], "")
			if no, ok := err.(*stripe.Error); ok {
				status[i] = no.HTTPStatusCode
			}
		}
		return status
	}
	b.clock.Advance(time.Second)
	if got := tries(); got != [2]int{503, 0} {
		t.Errorf("in the outage: %v", got)
	}
	b.clock.Advance(time.Minute)
	if got := tries(); got[0] != 0 {
		t.Errorf("after the outage: %v", got)
	}
}

func TestReadPlan_RefusesWhatItDoesNotKnow(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true,
		`{"seed":1,"requests":[{"endpoint":"payment_intents.*","lost_after":0.2}],"webhooks":{"doubled":0.1}}`: true,
		`{"requests":[{"endpoint":"payment_intent.*","lost_after":0.2}]}`:                                      false,
		`{"requests":[{"endpoint":"*","lost_after":0.8,"lost_before":0.3}]}`:                                   false,
		`{"requests":[{"endpoint":"*","lost_after":-0.1}]}`:                                                    false,
		`{"requests":[{"endpoint":"*","delayed":0.1}]}`:                                                        false,
		`{"requests":[{"endpoint":"*","lost":0.1}]}`:                                                           false,
		`{"outages":[{"endpoint":"refunds.create"}]}`:                                                          false,
		`{"webhooks":{"dropped":2}}`:                                                                           false,
		`{} {}`:                                                                                                false,
		`[`:                                                                                                    false,
		strings.Repeat(" ", 70_000):                                                                            false,
	} {
		if _, err := processor.ReadPlan(strings.NewReader(text)); (err == nil) != ok {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add(`{"seed":1,"requests":[{"endpoint":"*","lost_after":0.2,"delayed":0.1,"delay_ms":5}],"outages":[{"endpoint":"*","for_ms":1}]}`)
	f.Add(`{"webhooks":{"dropped":0.5,"reordered":0.5}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := processor.ReadPlan(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, m := range p.Requests {
			if sum := m.LostAfter + m.LostBefore + m.Delayed + m.Error500 + m.Error503 + m.Error429; sum < 0 || sum > 1 {
				t.Errorf("a plan was taken whose shares add up to %v", sum)
			}
		}
	})
}

func TestControl_SetsAndRefusesPlans(t *testing.T) {
	b := start(t, processor.Options{})
	if status, text := b.ask("POST", "/control/faults", `{"requests":[{"endpoint":"customers.create","error_503":1}]}`); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if err := b.createCustomer(0); err == nil {
		t.Error("the plan is not in force")
	}
	if status, _ := b.ask("POST", "/control/faults", `{"requests":[{"endpoint":"tokens.create"}]}`); status != http.StatusBadRequest {
		t.Errorf("a plan for no endpoint: %d", status)
	}
	if _, text := b.ask("GET", "/control/faults", ""); !strings.Contains(text, "customers.create") {
		t.Errorf("the plan in force reads %s", text)
	}
	if status, text := b.ask("POST", "/control/delays", `{"approval_ms":5}`); status != 200 || !strings.Contains(text, `"approval_ms":5`) {
		t.Errorf("delays: %d %s", status, text)
	}
	if status, _ := b.ask("POST", "/control/delays", `{"approval_ms":0}`); status != http.StatusBadRequest {
		t.Errorf("a delay of nothing: %d", status)
	}
}
