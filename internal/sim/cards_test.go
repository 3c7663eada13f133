package sim_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/card"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// A fifth of the processor's answers is lost: before anything was done, after it
// was done, in an outage that is remembered under the key, or while it is done
// later than anybody waits for it. Of its notices every fifth is dropped, doubled
// or comes in another order.
var badDay = processor.Plan{
	Requests: []processor.Mishap{{
		Endpoint: "*", LostAfter: .07, LostBefore: .05, Error500: .04, Error503: .02, Delayed: .02, DelayMS: 400,
	}},
	Webhooks: processor.WebhookFault{Dropped: .2, Doubled: .2, Reordered: .2},
}

// TestCards_OnABadDay lets many payers pay by card at a processor that
// misbehaves, with nodes that end in the middle of a call. By the processor's own
// books nobody may be charged twice, nothing may be unknown or held after the
// horizon, and what was captured must be on our books to the cent.
func TestCards_OnABadDay(t *testing.T) {
	payers, nodes := 500, 10
	switch {
	case os.Getenv("BILLFOLD_SOAK") != "":
		payers = 20_000
	case testing.Short(): // under the race detector
		payers = 80
	}
	seed := rand.Uint64()
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		t.Logf("%s=%d, %d payers", seedEnv, seed, payers)
		plan := badDay
		plan.Seed = seed
		c := openCounter(t, o, plan)
		var all sync.WaitGroup
		for n := range nodes {
			all.Go(func() { c.node(rand.New(rand.NewPCG(seed, uint64(n))), payers/nodes) })
		}
		all.Wait()
		c.nightfall()
		c.judge(payers / nodes * nodes)
	})
}

// cardCounter takes cards at a simulated processor over HTTP.
type cardCounter struct {
	*storetest.Office
	testing.TB
	simulator *processor.Processor
	url       string
	client    *card.Client
	numbers   []billpay.Number
	underWay  sync.WaitGroup // requests at the simulator
	autopay   checkout.Autopay

	mu      sync.Mutex
	drafts  []checkout.Draft
	told    map[ident.Opaque][]checkout.News
	crashes int
}

func openCounter(t *testing.T, o *storetest.Office, plan processor.Plan) *cardCounter {
	t.Helper()
	c := &cardCounter{Office: o, TB: t, numbers: o.Members(t, 40), told: map[ident.Opaque][]checkout.News{}}
	var err error
	c.simulator, err = processor.Open(processor.Options{Dir: t.TempDir(), Clock: o.Clock, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.underWay.Add(1)
		defer c.underWay.Done()
		c.simulator.ServeHTTP(w, r)
	}))
	notices := httptest.NewServer(http.HandlerFunc(c.takeNotice))
	t.Cleanup(func() {
		c.simulator.Unplug()
		server.Close()
		notices.Close()
		if err := c.simulator.Close(); err != nil {
			t.Error(err)
		}
	})
	c.url = server.URL
	c.simulator.NotifyAt(notices.URL)
	c.client, err = card.New(card.Options{
		API: server.URL, Key: c.simulator.SecretKey(), Signing: c.simulator.WebhookSecret(), Timeout: 300 * time.Millisecond,
		Sandbox: true, Clock: o.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// accounts are the merchant accounts of storetest's legal entities.
type accounts struct{}

func (accounts) MerchantIDs() []string { return []string{"acct_premium", "acct_care"} }

func (accounts) MerchantOf(entity chart.EntityNo) (string, chart.Purse, bool) {
	if entity == 1 {
		return "acct_premium", chart.Purse{Entity: 1, Fund: chart.Premium}, true
	}
	return "acct_care", chart.Purse{Entity: 2, Fund: chart.Medical}, true
}

func (c *cardCounter) desk(p checkout.Processor) *checkout.Desk {
	return checkout.New(c.Store, p, c.Cashier, accounts{}, storetest.House{Clock: c.Clock}, c.Clock, checkout.Options{
		Teller: c, Autopay: c.autopay, Wait: time.Millisecond,
	})
}

// Tell implements checkout.Teller.
func (c *cardCounter) Tell(_ context.Context, a checkout.Attempt, news checkout.News) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[a.ID] = append(c.told[a.ID], news)
	return nil
}

func (c *cardCounter) takeNotice(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		var n checkout.Notice
		if n, err = c.client.ReadNotice(r.Header, body); err == nil {
			err = c.desk(c.client).Notice(r.Context(), n)
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// token is what the payer's browser makes of a card.
func (c *cardCounter) token(number string) string {
	c.Helper()
	form := url.Values{
		"type": {"card"}, "card[number]": {number}, "card[exp_month]": {"8"}, "card[exp_year]": {"2029"}, "card[cvc]": {"123"},
	}
	for {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.url+"/v1/payment_methods", strings.NewReader(form.Encode()))
		if err != nil {
			c.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+c.simulator.PublishableKey())
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // the browser lets the payer try again
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if _, rest, ok := strings.Cut(string(text), `"id":"`); err == nil && answer.StatusCode == http.StatusOK && ok {
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
	}
}

// mortal is a processor on whose calls our own process ends now and then, before
// they are made or after.
type mortal struct {
	*card.Client
	random *rand.Rand
}

// death is how a node ends.
type death struct{}

func (m *mortal) step() {
	if m.random.IntN(100) == 0 {
		panic(death{})
	}
}

func (m *mortal) Keep(ctx context.Context, token string, key ident.Key) (checkout.Kept, error) {
	m.step()
	defer m.step()
	return m.Client.Keep(ctx, token, key)
}

func (m *mortal) Open(ctx context.Context, order checkout.ChargeOrder, key ident.Key) (checkout.ChargeRef, error) {
	m.step()
	defer m.step()
	return m.Client.Open(ctx, order, key)
}

func (m *mortal) Authorise(ctx context.Context, ref checkout.ChargeRef, with checkout.Method, key ident.Key) (checkout.Charge, error) {
	m.step()
	defer m.step()
	return m.Client.Authorise(ctx, ref, with, key)
}

func (m *mortal) Capture(ctx context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	m.step()
	defer m.step()
	return m.Client.Capture(ctx, ref, key)
}

func (m *mortal) Void(ctx context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	m.step()
	defer m.step()
	return m.Client.Void(ctx, ref, key)
}

func (m *mortal) Refund(ctx context.Context, order checkout.RefundOrder, key ident.Key) (checkout.Refund, error) {
	m.step()
	defer m.step()
	return m.Client.Refund(ctx, order, key)
}

// survives runs what a node does and reports whether it lived.
func (c *cardCounter) survives(do func()) (lived bool) {
	defer func() {
		if got := recover(); got != nil {
			if _, ours := got.(death); !ours {
				panic(got)
			}
			c.mu.Lock()
			c.crashes++
			c.mu.Unlock()
		}
	}()
	do()
	return true
}

// node serves some payers and does jobs between them. When it ends, another takes
// its place.
func (c *cardCounter) node(random *rand.Rand, payers int) {
	open := func() *checkout.Desk { return c.desk(&mortal{c.client, random}) }
	desk := open()
	for range payers {
		if !c.survives(func() { c.payer(desk, random) }) {
			desk = open()
		}
		c.Clock.Advance(time.Duration(random.IntN(3000)) * time.Millisecond)
		if !c.survives(func() { c.job(desk) }) {
			desk = open()
		}
		if random.IntN(10) == 0 {
			c.simulator.Settle(context.Background())
			c.simulator.Notify(context.Background())
		}
	}
}

// job does what is due, as Desk.SettleDue would, but so that it can die of it.
func (c *cardCounter) job(desk *checkout.Desk) {
	due, err := c.Store.DueAttempts(context.Background(), c.Clock.Now(), 3)
	if err != nil {
		c.Error(err)
	}
	for _, id := range due {
		if _, err := desk.Settle(context.Background(), id); err != nil {
			c.Errorf("settling: %v", err)
		}
	}
}

// cardOf draws what a payer holds, most often a good card.
func cardOf(random *rand.Rand) string {
	n := random.IntN(1_000_000)
	switch random.IntN(100) {
	case 0:
		return testcard.Number(testcard.AuthorisedNoAnswer)
	case 1:
		return testcard.Number(testcard.NothingNoAnswer)
	case 2, 3:
		return testcard.Number(testcard.AuthorisedCut)
	case 4, 5:
		return testcard.Number(testcard.ApprovedLate)
	case 6:
		return testcard.Number(testcard.Declined("lost_card"))
	case 7, 8, 9, 10, 11, 12, 13, 14:
		return testcard.Refused(n)
	}
	return testcard.Approved(n)
}

// payer pays as people do: twice in a hurry, with another card after a decline,
// again when he is told that he may.
func (c *cardCounter) payer(desk *checkout.Desk, random *rand.Rand) {
	ctx := context.Background()
	draft := checkout.Draft{
		ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "en",
		Mail: "payer@example.org",
	}
	for _, fund := range [][]chart.Fund{{chart.Premium}, {chart.Medical}, {chart.Premium, chart.Medical}}[random.IntN(3)] {
		number := c.numbers[random.IntN(len(c.numbers))]
		draft.Parts = append(draft.Parts, checkout.Part{
			Reference: number.Digits(), Fund: fund, Amount: money.Cents(100 + random.IntN(50_000)),
		})
	}
	c.mu.Lock()
	c.drafts = append(c.drafts, draft)
	c.mu.Unlock()
	if _, err := desk.Begin(ctx, draft); err != nil {
		c.Errorf("begin: %v", err)
		return
	}
	if random.IntN(8) == 0 {
		c.onPage(desk, &draft, random)
		return
	}
	for range 4 {
		token := c.token(cardOf(random))
		var second sync.WaitGroup
		if random.IntN(5) == 0 {
			second.Go(func() { c.desk(c.client).Pay(ctx, draft.ID, token) }) // a double click, at another node
		}
		a, err := desk.Pay(ctx, draft.ID, token)
		second.Wait()
		switch {
		case err != nil && fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Invalid:
			c.Errorf("pay: %v", err)
			return
		case err != nil, a.State == checkout.Ready:
			continue // he may try again
		case a.State == checkout.Declined:
			if err := desk.Tell(ctx, draft.ID); err != nil {
				c.Errorf("tell: %v", err)
			}
			continue
		case a.State == checkout.Paid && random.IntN(20) == 0:
			c.refund(desk, &a)
		}
		return // he was told: paid, or do not pay again
	}
}

// onPage pays on the processor's own page, or leaves it.
func (c *cardCounter) onPage(desk *checkout.Desk, draft *checkout.Draft, random *rand.Rand) {
	const done = "https://plan.example.org/pay/done"
	for range 4 {
		page, err := desk.OpenPage(context.Background(), draft.ID, done, "https://plan.example.org/pay/back")
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Unavailable && kind != fault.Conflict {
				c.Errorf("open page: %v", err)
			}
			continue
		}
		if page != done && random.IntN(6) == 0 {
			return
		}
		if page != done {
			c.fillIn(page, cardOf(random))
		}
		a, err := desk.Returned(context.Background(), draft.ID)
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			c.Errorf("returned: %v", err)
		}
		if err == nil && a.State != checkout.Ready {
			return
		}
	}
}

// fillIn enters a card on the processor's page. What becomes of it the browser may
// not learn.
func (c *cardCounter) fillIn(page, number string) {
	at, err := url.Parse(page)
	if err != nil {
		c.Fatal(err)
	}
	browser := http.Client{
		Timeout:       time.Second, // a card that is never answered
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := browser.PostForm(c.url+at.Path, url.Values{"number": {number}, "expiry": {"08 / 29"}, "cvc": {"123"}, "zip": {"80301"}})
	if err == nil {
		answer.Body.Close()
	}
}

func (c *cardCounter) refund(desk *checkout.Desk, a *checkout.Attempt) {
	order := cashier.Order{Key: ident.Key("refund:" + a.ID), Actor: clerk, Reason: "paid twice"}
	_, err := desk.Refund(context.Background(), order, a.ID, 1, a.Legs[0].Amount/2)
	if err != nil {
		c.Errorf("refund: %v", err)
	}
}

// nightfall ends the bad day and lets two days go by.
func (c *cardCounter) nightfall() {
	c.Helper()
	if err := c.simulator.SetPlan(processor.Plan{}); err != nil {
		c.Fatal(err)
	}
	c.underWay.Wait()
	desk, ctx := c.desk(c.client), context.Background()
	steps := slices.Concat(slices.Repeat([]time.Duration{10 * time.Second}, 12), slices.Repeat([]time.Duration{10 * time.Minute}, 18),
		slices.Repeat([]time.Duration{2 * time.Hour}, 24))
	for _, step := range steps {
		for {
			n, err := desk.SettleDue(ctx)
			if err != nil {
				c.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		c.Clock.Advance(step)
		c.simulator.Settle(ctx)
		c.simulator.Notify(ctx)
	}
}

// judge holds our books against the simulator's.
func (c *cardCounter) judge(payers int) {
	c.Helper()
	ctx := context.Background()
	if len(c.drafts) != payers {
		c.Errorf("%d payers came, want %d", len(c.drafts), payers)
	}
	books := c.simulator.Books()
	var taken money.Cents
	states := map[checkout.State]int{}
	for _, draft := range c.drafts {
		a, err := c.Store.Attempt(ctx, draft.ID)
		if err != nil {
			c.Error(err)
			continue
		}
		states[a.State]++
		taken += a.Taken()
		if a.State != checkout.Paid && a.State != checkout.Abandoned || !a.LookAt.IsZero() {
			c.Errorf("payment %s is %s, looked at %s: %+v", a.ID, a.State, a.LookAt, a.Legs)
		}
		if a.State == checkout.Paid && a.Taken() != draft.Amount() {
			c.Errorf("payment %s: %s were taken of %s", a.ID, a.Taken(), draft.Amount())
		}
		c.judgeOne(&a, books.Attempts[string(a.ID)])
	}
	var captured money.Cents
	balances, err := c.Store.Balances(ctx, store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	for _, purse := range []chart.Purse{{Entity: 1, Fund: chart.Premium}, {Entity: 2, Fund: chart.Medical}} {
		account, _, _ := accounts{}.MerchantOf(purse.Entity)
		tally := books.Accounts[account]
		captured += tally.Captured.Cents
		if tally.Held != 0 {
			c.Errorf("%s are still held at %s", tally.Held, account)
		}
		if got := balances[purse.Account(chart.ClearCard)].Net(); got != tally.Net {
			c.Errorf("our books have %s from cards of %s, and the processor's %s", got, account, tally.Net)
		}
	}
	if captured != taken {
		c.Errorf("the processor captured %s, and our payments took %s", captured, taken)
	}
	e, err := c.desk(c.client).Exceptions(ctx)
	if err != nil || len(e.Unclear)+len(e.Refunds) != 0 {
		c.Errorf("unknown after the horizon: %+v %+v (%v)", e.Unclear, e.Refunds, err)
	}
	if report, err := proof.Verify(ctx, c.Store, nil, nil); err != nil || report.Broken != nil {
		c.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
	c.Logf("%d paid, %d not; %s captured; %d nodes died; webhooks %+v", states[checkout.Paid], states[checkout.Abandoned],
		captured.Grouped(), c.crashes, c.simulator.Webhooks())
}

// judgeOne holds a payment against the simulator's books of it: an entity's money
// was taken once or not at all, and the payer was told what is true.
func (c *cardCounter) judgeOne(a *checkout.Attempt, accounts map[string]*processor.Tally) {
	c.Helper()
	for i := range a.Legs {
		leg := &a.Legs[i]
		var sum processor.Sum
		if tally := accounts[leg.Merchant]; tally != nil {
			sum = tally.Captured
		}
		want := processor.Sum{}
		if leg.State == checkout.LegCaptured {
			want = processor.Sum{Count: 1, Cents: leg.Amount}
		}
		if sum != want {
			c.Errorf("payment %s, charge %d is %s: captured %+v by the processor's books, want %+v", a.ID, leg.No, leg.State, sum, want)
		}
	}
	receipts := 0
	for _, news := range c.told[a.ID] {
		if news == checkout.NewsReceipt || news == checkout.NewsPaid {
			receipts++
		}
	}
	if want := map[bool]int{true: 1}[a.State == checkout.Paid]; receipts != want {
		c.Errorf("payment %s is %s, and the payer was told %v", a.ID, a.State, c.told[a.ID])
	}
}

// A chargeback by the simulator's network, won and lost, and refunds that pend and
// fail, end on our books as on its own.
func TestCards_WhatComesAfterwards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		c := openCounter(t, o, processor.Plan{})
		desk, ctx := c.desk(c.client), t.Context()
		pay := func(b testcard.Behaviour) checkout.Attempt {
			draft := checkout.Draft{
				ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "en",
				Parts: []checkout.Part{{Reference: c.numbers[0].Digits(), Fund: chart.Premium, Amount: 12_345}},
			}
			c.drafts = append(c.drafts, draft)
			if _, err := desk.Begin(ctx, draft); err != nil {
				t.Fatal(err)
			}
			a, err := desk.Pay(ctx, draft.ID, c.token(testcard.Number(b)))
			if err != nil || a.State != checkout.Paid {
				t.Fatal(a.State, err)
			}
			return a
		}
		pass := func() {
			c.Clock.Advance(10 * time.Second)
			c.simulator.Settle(ctx)
			c.simulator.DeliverWebhooks(ctx, true, 3)
			if _, err := desk.SettleDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var disputed []checkout.DisputeCase
		for _, b := range []testcard.Behaviour{testcard.Fraudulent, testcard.NotReceived} {
			a := pay(b)
			pass()
			_, disputes, err := desk.Cases(ctx, &a)
			if err != nil || len(disputes) != 1 || !disputes[0].Booked || disputes[0].Status != checkout.DisputeOpen {
				t.Fatalf("the dispute stands at %+v (%v)", disputes, err)
			}
			disputed = append(disputed, disputes[0])
		}
		for i, won := range []bool{true, false} {
			if _, err := c.simulator.CloseDispute(disputed[i].ID, won); err != nil {
				t.Fatal(err)
			}
		}
		for i, b := range []testcard.Behaviour{testcard.RefundPends, testcard.RefundFails, testcard.Approve} {
			a := pay(b)
			order := cashier.Order{Key: ident.Key(fmt.Sprintf("refund:%d", i)), Actor: clerk, Reason: "paid twice"}
			if _, err := desk.Refund(ctx, order, a.ID, 1, 2_345); err != nil {
				t.Fatal(err)
			}
		}
		for range 30 {
			pass()
		}
		e, err := desk.Exceptions(ctx)
		if err != nil || len(e.Refunds) != 1 || e.Refunds[0].State != checkout.CaseFailed || len(e.Disputes) != 0 {
			t.Fatalf("staff see %+v (%v)", e, err)
		}
		given := cashier.Order{Key: "given-up", Actor: clerk, Reason: "sent by cheque"}
		if _, err := desk.CancelRefund(ctx, given, e.Refunds[0].Attempt, e.Refunds[0].No); err != nil {
			t.Fatal(err)
		}
		c.nightfallOf(1)
	})
}

// No notice of the processor's ever comes. A refund made at its dashboard and a
// dispute are found by asking what happened.
func TestCards_SweepFindsWhatNoNoticeToldOf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		c := openCounter(t, o, processor.Plan{Webhooks: processor.WebhookFault{Dropped: 1}})
		desk, ctx := c.desk(c.client), t.Context()
		pay := func(b testcard.Behaviour) checkout.Attempt {
			draft := checkout.Draft{
				ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "en",
				Parts: []checkout.Part{{Reference: c.numbers[0].Digits(), Fund: chart.Premium, Amount: 12_345}},
			}
			c.drafts = append(c.drafts, draft)
			if _, err := desk.Begin(ctx, draft); err != nil {
				t.Fatal(err)
			}
			a, err := desk.Pay(ctx, draft.ID, c.token(testcard.Number(b)))
			if err != nil || a.State != checkout.Paid {
				t.Fatal(a.State, err)
			}
			return a
		}
		refunded, disputed := pay(testcard.Approve), pay(testcard.Fraudulent)
		c.refundElsewhere(refunded.Legs[0].Charge, "2345")
		c.Clock.Advance(10 * time.Second)
		c.simulator.Settle(ctx)
		c.simulator.DeliverWebhooks(ctx, false, 1)
		if w := c.simulator.Webhooks(); w.Delivered != 0 || w.Dropped == 0 {
			t.Fatalf("the notices stand at %+v", w)
		}
		for range 2 { // the second time it does nothing again
			if _, err := desk.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			refunds, _, err := desk.Cases(ctx, &refunded)
			if err != nil || len(refunds) != 1 || !refunds[0].Elsewhere || refunds[0].Amount != 2_345 {
				t.Fatalf("the refund stands at %+v (%v)", refunds, err)
			}
			_, disputes, err := desk.Cases(ctx, &disputed)
			if err != nil || len(disputes) != 1 || !disputes[0].Booked {
				t.Fatalf("the dispute stands at %+v (%v)", disputes, err)
			}
		}
		c.nightfallOf(1)
	})
}

// Payers who change the amount while the processor's page of the older amount is
// open finish both pages, and the processor loses its answers. Each pays once.
func TestCards_WithdrawnPagesTakeNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		c := openCounter(t, o, processor.Plan{
			Seed: 7, Requests: []processor.Mishap{
				{Endpoint: "checkout.sessions.expire", LostAfter: .3, LostBefore: .4}, {Endpoint: "checkout.sessions.get", LostBefore: .2},
				{Endpoint: "payment_intents.cancel", LostAfter: .2, LostBefore: .2},
			},
			Webhooks: processor.WebhookFault{Dropped: .3, Doubled: .2, Reordered: .2},
		})
		desk, ctx := c.desk(c.client), t.Context()
		const done = "https://plan.example.org/pay/done"
		begin := func(amount money.Cents) (checkout.Draft, string) {
			draft := checkout.Draft{
				ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "en",
				Parts: []checkout.Part{{Reference: c.numbers[0].Digits(), Fund: chart.Premium, Amount: amount}},
			}
			if _, err := desk.Begin(ctx, draft); err != nil {
				t.Fatal(err)
			}
			page, err := desk.OpenPage(ctx, draft.ID, done, done)
			if err != nil {
				t.Fatal(err)
			}
			return draft, page
		}
		good := testcard.Number(testcard.Approve)
		var older, newer []checkout.Draft
		for i := range 30 {
			first, page := begin(2_000)
			if i%3 == 0 {
				c.fillIn(page, good) // before the withdrawal, in another window
			}
			a, err := desk.Withdraw(ctx, first.ID)
			if err != nil || a.State != checkout.Abandoned {
				t.Fatal(a.State, err)
			}
			if i%3 == 1 {
				c.fillIn(page, good) // after it, if the page is still open
			}
			second, page := begin(3_500)
			c.fillIn(page, good)
			older, newer = append(older, first), append(newer, second)
		}
		for range 60 {
			c.Clock.Advance(time.Minute)
			c.simulator.Settle(ctx)
			c.simulator.DeliverWebhooks(ctx, true, 2)
			if _, err := desk.SettleDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.simulator.SetPlan(processor.Plan{}); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			c.Clock.Advance(time.Hour)
			if _, err := desk.SettleDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for i := range older {
			a, err := desk.Look(ctx, older[i].ID)
			if err != nil || a.State != checkout.Abandoned || len(a.Loose) > 0 || a.Late != slices.Contains(c.told[a.ID], checkout.NewsReleased) {
				t.Errorf("an older payment is %s with %d loose ends, told %v (%v)", a.State, len(a.Loose), c.told[a.ID], err)
			}
			if i%3 == 0 && !a.Late {
				t.Error("a card that was entered was not told of")
			}
			if b, err := desk.Look(ctx, newer[i].ID); err != nil || b.State != checkout.Paid {
				t.Errorf("the newer payment is %s (%v)", b.State, err)
			}
		}
		books := c.simulator.Books().Accounts["acct_premium"]
		if books.Net != 30*3_500 || books.Held != 0 {
			t.Errorf("the processor took %s and holds %s", books.Net, books.Held)
		}
		c.nightfallOf(1)
	})
}

// refundElsewhere sends money back at the processor's own dashboard.
func (c *cardCounter) refundElsewhere(ref checkout.ChargeRef, cents string) {
	c.Helper()
	form := url.Values{"payment_intent": {ref.ID}, "amount": {cents}}
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.url+"/v1/refunds", strings.NewReader(form.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Stripe-Account", ref.Merchant)
	r.SetBasicAuth(c.simulator.SecretKey().Reveal(), "")
	answered, err := http.DefaultClient.Do(r)
	if err != nil || answered.StatusCode != http.StatusOK {
		c.Fatal(answered, err)
	}
	answered.Body.Close()
}

// nightfallOf judges a quiet day at one legal entity.
func (c *cardCounter) nightfallOf(entity chart.EntityNo) {
	c.Helper()
	account, purse, _ := accounts{}.MerchantOf(entity)
	balances, err := c.Store.Balances(context.Background(), store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	if got, want := balances[purse.Account(chart.ClearCard)].Net(), c.simulator.Books().Accounts[account].Net; got != want {
		c.Errorf("our books have %s from cards, and the processor's %s", got, want)
	}
	if report, err := proof.Verify(context.Background(), c.Store, nil, nil); err != nil || report.Broken != nil {
		c.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
}
