package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store/storetest"
)

// bank is a card processor in memory. A token says what becomes of its card:
// pm_ok, pm_poor is declined, pm_lost is captured without an answer, pm_away finds
// nobody there.
type bank struct {
	checkout.Processor // what these operations never call
	mu                 sync.Mutex
	charges            map[checkout.ChargeRef]*checkout.Charge
	tokens             map[string]string // by credential
	authorised         int
	lost               bool // no enquiry is answered
}

func newBank() *bank {
	return &bank{charges: map[checkout.ChargeRef]*checkout.Charge{}, tokens: map[string]string{}}
}

func (b *bank) Card(_ context.Context, token string) (checkout.Card, error) {
	if token == "pm_unknown" {
		return checkout.Card{}, fault.New(fault.Invalid, "bank.Card", "the processor knows no such card")
	}
	return checkout.Card{Brand: "visa", Last4: "4242", Fingerprint: token}, nil
}

func (b *bank) Keep(ctx context.Context, token string, _ ident.Key) (checkout.Kept, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if token == "pm_away" {
		return checkout.Kept{}, fault.New(fault.Unavailable, "bank.Keep", "not there")
	}
	credential := fmt.Sprintf("cus_%d", len(b.tokens))
	b.tokens[credential] = token
	card, err := b.Card(ctx, token)
	return checkout.Kept{Credential: credential, Card: card}, err
}

func (b *bank) Forget(context.Context, string) error { return nil }

func (b *bank) Open(_ context.Context, order checkout.ChargeOrder, _ ident.Key) (checkout.ChargeRef, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ref := checkout.ChargeRef{Merchant: order.Merchant, ID: fmt.Sprintf("pi_%d", len(b.charges))}
	b.charges[ref] = &checkout.Charge{Ref: ref, Status: checkout.ChargeOpened, Amount: order.Amount}
	return ref, nil
}

func (b *bank) Authorise(_ context.Context, ref checkout.ChargeRef, with checkout.Method, _ ident.Key) (checkout.Charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.charges[ref]
	b.authorised++
	c.Status = checkout.ChargeAuthorised
	if b.tokens[with.Credential] == "pm_poor" {
		c.Status, c.Decline = checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineFunds, Code: "insufficient_funds"}
	}
	b.lost = b.tokens[with.Credential] == "pm_lost"
	return *c, nil
}

func (b *bank) Capture(ctx context.Context, ref checkout.ChargeRef, _ ident.Key) (checkout.Charge, error) {
	b.mu.Lock()
	c := b.charges[ref]
	c.Status, c.Captured = checkout.ChargeCaptured, c.Amount
	b.mu.Unlock()
	return b.Enquire(ctx, ref)
}

func (b *bank) Void(_ context.Context, ref checkout.ChargeRef, _ ident.Key) (checkout.Charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.charges[ref].Status = checkout.ChargeVoided
	return *b.charges[ref], nil
}

func (b *bank) Enquire(_ context.Context, ref checkout.ChargeRef) (checkout.Charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost {
		return checkout.Charge{}, fault.New(fault.UnknownOutcome, "bank.Enquire", "no answer")
	}
	return *b.charges[ref], nil
}

func (b *bank) ReadNotice(header http.Header, body []byte) (checkout.Notice, error) {
	if header.Get("Stripe-Signature") != "good" {
		return checkout.Notice{}, fault.New(fault.Denied, "bank.ReadNotice", "the signature is not good")
	}
	merchant, id, _ := strings.Cut(string(body), "/")
	return checkout.Notice{Kind: checkout.NoticeCharge, Charge: checkout.ChargeRef{Merchant: merchant, ID: id}}, nil
}

type merchants struct{}

// MerchantOf implements checkout.Merchants.
func (merchants) MerchantIDs() []string { return nil }

func (merchants) MerchantOf(entity chart.EntityNo) (string, chart.Purse, bool) {
	fund := chart.Premium
	if entity == 2 {
		fund = chart.Medical
	}
	return fmt.Sprintf("acct_%d", entity), chart.Purse{Entity: entity, Fund: fund}, true
}

func serveCards(t *testing.T, o *storetest.Office) (*site, *bank) {
	t.Helper()
	b := newBank()
	desk := checkout.New(o.Store, b, o.Cashier, merchants{}, storetest.House{Clock: o.Clock}, o.Clock, checkout.Options{})
	return serve(t, o, func(options *api.Options) { options.Desk, options.Processor = desk, b }), b
}

func cardOrder(cents int, part, token string) string {
	return strings.Replace(order(cents, part), `{"type":"sandbox"}`, `{"type":"card","token":"`+token+`"}`, 1)
}

func (s *site) card(key, body string) answer {
	return s.send(request{token: s.live, key: key, body: body})
}

func TestCard_IsChargedOnceForAKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s, b := serveCards(t, o)
		number, account := s.member(3000)
		first := s.card("order-1", cardOrder(2000, byNumber(number), "pm_ok"))
		p := first.payment(t)
		if first.status != http.StatusCreated || p.Status != api.Paid || p.Parts[0].AppliedCents != 2000 || p.Parts[0].Account != string(account) {
			t.Fatalf("got %d and %s, want it paid", first.status, first.body)
		}
		if len(p.Confirmation) != 14 || p.ReceivedOn != "2026-11-23" || first.header.Get("Location") != "/api/v1/payments/"+p.ID {
			t.Errorf("got %s to %q", first.body, first.header.Get("Location"))
		}
		again := s.card("order-1", cardOrder(2000, byNumber(number), "pm_ok"))
		if again.status != http.StatusOK || again.body != first.body {
			t.Errorf("again: got %d and %s, want %s", again.status, again.body, first.body)
		}
		for what, body := range map[string]string{
			"another card":   cardOrder(2000, byNumber(number), "pm_other"),
			"another amount": cardOrder(2001, byNumber(number), "pm_ok"),
			"a receipt":      strings.Replace(cardOrder(2000, byNumber(number), "pm_ok"), "{", `{"receipt_mail":"a@example.com",`, 1),
		} {
			if got := s.card("order-1", body); got.status != http.StatusConflict || got.problem(t).Type != "/api/v1/problems#conflict" {
				t.Errorf("%s: got %d and %s, want a conflict", what, got.status, got.body)
			}
		}
		// The key may be of another integrator's newer API key: it is the same payment.
		_, other := s.key(false, apikey.Scopes()...)
		if got := s.send(request{token: other, key: "order-1", body: cardOrder(2000, byNumber(number), "pm_ok")}); got.body != first.body {
			t.Errorf("with another API key: got %d and %s, want %s", got.status, got.body, first.body)
		}
		for what, r := range map[string]request{
			"by id": {method: "GET", path: "/api/v1/payments/" + p.ID}, "by key": {method: "GET", key: "order-1"},
		} {
			r.token = s.live
			if got := s.send(r); got.status != http.StatusOK || got.body != first.body {
				t.Errorf("%s: got %d and %s, want %s", what, got.status, got.body, first.body)
			}
			r.token = s.test
			if got := s.send(r); got.status != http.StatusNotFound {
				t.Errorf("%s by a sandbox key: got %d and %s, want not found", what, got.status, got.body)
			}
		}
		if b.authorised != 1 {
			t.Errorf("the card was authorised %d times, want once", b.authorised)
		}
		trail, err := o.Store.AuditOf(t.Context(), ledger.BookNo(number))
		if err != nil || len(trail) != 2 || trail[0].Action != audit.ReadPayment {
			t.Errorf("got trail %v and %v, want both looks", trail, err)
		}
	})
}

func TestCard_SixtyFourCallersWithOneKeyChargeOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		for token, want := range map[string]api.Status{"pm_ok": api.Paid, "pm_poor": api.Declined} {
			s, b := serveCards(t, o)
			number, _ := s.member(10_000)
			body := cardOrder(100, byNumber(number), token)
			answers := make([]answer, 64)
			var callers sync.WaitGroup
			for i := range answers {
				callers.Go(func() { answers[i] = s.card(token, body) })
			}
			callers.Wait()
			for _, a := range answers {
				if a.status != 200 && a.status != 201 && a.status != 202 && a.status != 429 {
					t.Errorf("%s: got %d and %s", token, a.status, a.body)
				}
			}
			got := s.send(request{method: "GET", token: s.live, key: token}).payment(t)
			if got.Status != want || b.authorised != 1 {
				t.Errorf("%s: got it %s after %d authorisations, want %s after one", token, got.Status, b.authorised, want)
			}
		}
	})
}

func TestCard_ADeclineIsAnAnswerAndStaysOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s, b := serveCards(t, o)
		number, account := s.member(3000)
		first := s.card("order-1", cardOrder(2000, byNumber(number), "pm_poor"))
		p := first.payment(t)
		if first.status != http.StatusCreated || p.Status != api.Declined || p.Confirmation != "" || p.ReceivedOn != "" {
			t.Fatalf("got %d and %s, want it declined", first.status, first.body)
		}
		if p.Decline == nil || p.Decline.Class != checkout.DeclineFunds || p.Decline.Code != "insufficient_funds" {
			t.Errorf("got %+v, want why", p.Decline)
		}
		if p.Parts[0].Account != string(account) || p.Parts[0].AppliedCents != 0 || p.AmountCents != 2000 {
			t.Errorf("got %s", first.body)
		}
		if again := s.card("order-1", cardOrder(2000, byNumber(number), "pm_poor")); again.status != 200 || again.body != first.body {
			t.Errorf("again: got %d and %s, want %s", again.status, again.body, first.body)
		}
		if b.authorised != 1 {
			t.Errorf("the card was tried %d times, want once", b.authorised)
		}
		if next := s.card("order-2", cardOrder(2000, byNumber(number), "pm_ok")).payment(t); next.Status != api.Paid {
			t.Errorf("got %+v, want another card under another key to pay", next)
		}
	})
}

func TestCard_ALostAnswerIsCheckedAndANoticeEndsIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s, b := serveCards(t, o)
		number, _ := s.member(3000)
		body := cardOrder(2000, byNumber(number), "pm_lost")
		first := s.card("order-1", body)
		if p := first.payment(t); first.status != http.StatusAccepted || p.Status != api.Checking || p.Confirmation != "" {
			t.Fatalf("got %d and %s, want 202 checking", first.status, first.body)
		}
		if again := s.card("order-1", body); again.status != http.StatusAccepted || again.body != first.body {
			t.Errorf("again: got %d and %s, want %s", again.status, again.body, first.body)
		}
		b.mu.Lock()
		b.lost = false
		b.mu.Unlock()
		notice := httpRequest(s, "good", "acct_1/pi_0")
		if notice.status != http.StatusNoContent {
			t.Fatalf("the notice: got %d and %s", notice.status, notice.body)
		}
		paid := s.card("order-1", body)
		if p := paid.payment(t); paid.status != http.StatusOK || p.Status != api.Paid || p.Parts[0].AppliedCents != 2000 {
			t.Errorf("got %d and %s, want it paid", paid.status, paid.body)
		}
		if b.authorised != 1 {
			t.Errorf("the card was authorised %d times, want once", b.authorised)
		}
	})
}

func TestCard_WhatWasCertainlyNotDoneMayBeSentAgain(t *testing.T) {
	s, b := serveCards(t, storetest.Open(t, "sqlite"))
	number, _ := s.member(3000)
	body := cardOrder(2000, byNumber(number), "pm_away")
	for range 2 {
		if got := s.card("order-1", body); got.status != http.StatusServiceUnavailable || got.problem(t).Type != "/api/v1/problems#unavailable" {
			t.Fatalf("got %d and %s, want 503", got.status, got.body)
		}
	}
	if p := s.send(request{method: "GET", token: s.live, key: "order-1"}).payment(t); p.Status != api.Declined || p.Decline.Class != checkout.DeclineTechnical {
		t.Errorf("got %+v, want that nothing was taken", p)
	}
	if b.authorised != 0 {
		t.Error("something was charged")
	}
}

func TestCard_RefusesBeforeAnythingIsCharged(t *testing.T) {
	s, b := serveCards(t, storetest.Open(t, "sqlite"))
	number, _ := s.member(3000)
	unknown := "314159265352"
	for what, c := range map[string]struct {
		body   string
		status int
	}{
		"an unknown number": {cardOrder(2000, `"number":"`+unknown+`"`, "pm_ok"), 422},
		"a slip":            {cardOrder(2000, `"number":"314159265325"`, "pm_ok"), 422},
		"an unknown card":   {cardOrder(2000, byNumber(number), "pm_unknown"), 422},
		"below the least":   {cardOrder(99, byNumber(number), "pm_ok"), 422},
	} {
		if got := s.card("k-"+strings.ReplaceAll(what, " ", "-"), c.body); got.status != c.status || strings.Contains(got.body, unknown) {
			t.Errorf("%s: got %d and %s, want %d", what, got.status, got.body, c.status)
		}
	}
	if b.authorised != 0 {
		t.Errorf("%d cards were tried", b.authorised)
	}
	without := serve(t, s.Office)
	if got := without.card("k", cardOrder(2000, byNumber(number), "pm_ok")); got.status != http.StatusForbidden {
		t.Errorf("a plan without cards: got %d and %s, want 403", got.status, got.body)
	}
}

func TestCard_TooManyDeclinesAreRefusedWithATimeToWait(t *testing.T) {
	s, b := serveCards(t, storetest.Open(t, "sqlite"))
	number, _ := s.member(30_000)
	for i := range 30 {
		got := s.card(fmt.Sprint("order-", i), cardOrder(200, byNumber(number), "pm_poor"))
		if got.status == http.StatusCreated {
			continue
		}
		if p := got.problem(t); got.status != http.StatusTooManyRequests || p.Type != "/api/v1/problems#limit" || got.header.Get("Retry-After") == "" {
			t.Fatalf("got %d and %s, want 429 with a time to wait", got.status, got.body)
		}
		if b.authorised > 10 {
			t.Errorf("%d cards of one number went through", b.authorised)
		}
		return
	}
	t.Error("nothing was refused")
}

func httpRequest(s *site, signature, body string) answer {
	return s.sendWith(request{path: "/processor/notices", body: body}, http.Header{"Stripe-Signature": {signature}})
}

func TestNotices_AreTakenOnlyWithAGoodSignature(t *testing.T) {
	s, _ := serveCards(t, storetest.Open(t, "sqlite"))
	for what, c := range map[string]struct {
		got    answer
		status int
	}{
		"unsigned":            {httpRequest(s, "", "acct_1/pi_0"), 400},
		"of nothing we know":  {httpRequest(s, "good", "acct_9/pi_9"), 204},
		"too large":           {httpRequest(s, "good", strings.Repeat("x", 300<<10)), 413},
		"another method":      {s.send(request{method: "GET", path: "/processor/notices"}), 405},
		"another address":     {s.send(request{path: "/processor/other"}), 404},
		"a plan without card": {httpRequest(serve(t, s.Office), "good", "acct_1/pi_0"), 404},
	} {
		if c.got.status != c.status {
			t.Errorf("%s: got %d and %s, want %d", what, c.got.status, c.got.body, c.status)
		}
		if c.status >= 400 {
			c.got.problem(t)
		}
	}
}

// What waits for a payer's decision longer than a request may take was left by a
// process that stopped: the same request takes it up.
func TestCard_TakesUpWhatAStoppedProcessLeft(t *testing.T) {
	s, b := serveCards(t, storetest.Open(t, "sqlite"))
	number, _ := s.member(3000)
	body := cardOrder(2000, byNumber(number), "pm_ok")
	stopped := *s
	stopped.options.Desk = stopping{s.options.Desk}
	stopped.handler = api.New(stopped.options)
	if got := stopped.card("order-1", body); got.status != http.StatusInternalServerError {
		t.Fatalf("got %d and %s, want it to fail", got.status, got.body)
	}
	if got := s.card("order-1", body); got.status != http.StatusAccepted {
		t.Errorf("at once: got %d and %s, want 202: another request may be at it", got.status, got.body)
	}
	s.Clock.Advance(2 * time.Minute)
	if got := s.card("order-1", body); got.payment(t).Status != api.Paid || b.authorised != 1 {
		t.Errorf("later: got %d and %s, want it paid", got.status, got.body)
	}
}

// stopping is a desk whose process ends before it charges.
type stopping struct{ api.Desk }

func (stopping) Pay(context.Context, ident.Opaque, string) (checkout.Attempt, error) {
	panic("stopped")
}
