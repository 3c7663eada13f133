package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}

// house is the test plan with the names of its legal entities.
type house struct{ storetest.House }

func (house) EntityOf(no chart.EntityNo) plan.Entity {
	return plan.Entity{ID: chart.EntityID(fmt.Sprintf("entity-%d", no))}
}

// site is a served installation.
type site struct {
	*storetest.Office
	t       testing.TB
	handler http.Handler
	keys    *apikey.Keys
	log     *bytes.Buffer
	options api.Options
	live    string // token of a live key that may do everything
	test    string // token of a sandbox key that may do everything
	testID  ident.Opaque
}

func serve(t testing.TB, o *storetest.Office, change ...func(*api.Options)) *site {
	t.Helper()
	poster := cashier.NewPoster(o.Cashier, 1)
	t.Cleanup(poster.Close)
	s := &site{Office: o, t: t, keys: apikey.New(o.Store, o.Vault, o.Clock), log: &bytes.Buffer{}}
	s.options = api.Options{
		Plan: "Cedar Valley Health", Sandbox: true, MaxPayment: 5_000_000, Keys: s.keys, House: house{storetest.House{Clock: o.Clock}},
		Directory: o.Store, Poster: poster, Finder: o.Cashier, Trail: audit.New(o.Store, o.Clock), Clock: o.Clock,
		Limits: limit.New(o.Store, limit.Defaults(), o.Clock), Orders: o.Store,
		Policies: policy.New(o.Store, audit.New(o.Store, o.Clock), o.Clock), Statuses: statuses{o},
		Log: slog.New(slog.NewTextHandler(&locked{w: s.log}, nil)),
	}
	for _, c := range change {
		c(&s.options)
	}
	s.handler = api.New(s.options)
	_, s.live = s.key(false, apikey.Scopes()...)
	s.testID, s.test = s.key(true, apikey.Scopes()...)
	return s
}

// locked lets several requests write one log.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (s *site) key(sandbox bool, scopes ...apikey.Scope) (ident.Opaque, string) {
	s.t.Helper()
	key, token, err := s.keys.Create(s.t.Context(), apikey.Order{Name: "Kiosks", Scopes: scopes, Sandbox: sandbox, By: clerk})
	if err != nil {
		s.t.Fatal(err)
	}
	return key.ID, token.Reveal()
}

// request is what a caller sends; header names follow curl.
type request struct {
	method, path, token, key, body string
	contentType                    string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) send(r request) answer { return s.sendWith(r, nil) }

func (s *site) sendWith(r request, header http.Header) answer {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.path == "" {
		r.path = "/api/v1/payments"
	}
	if r.contentType == "" {
		r.contentType = "application/json"
	}
	in := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	in.Header.Set("Content-Type", r.contentType)
	if r.token != "" {
		in.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		in.Header.Set("Idempotency-Key", r.key)
	}
	for name, values := range header {
		in.Header[name] = values
	}
	out := httptest.NewRecorder()
	s.handler.ServeHTTP(out, in)
	return answer{out.Code, out.Header(), out.Body.String()}
}

func (a answer) payment(t testing.TB) api.Payment {
	t.Helper()
	var p api.Payment
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("status %d, %q is no payment: %v", a.status, a.body, err)
	}
	return p
}

func (a answer) problem(t testing.TB) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("status %d, %q is no problem: %v", a.status, a.body, err)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("got content type %q, want a problem's", got)
	}
	if p.Status != a.status || p.Title == "" || p.Hint == "" || !strings.HasPrefix(p.Type, "/api/v1/problems#") {
		t.Errorf("got %+v with status %d, want a whole problem", p, a.status)
	}
	if p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("got request id %q, want that of the header, %q", p.RequestID, a.header.Get("X-Request-Id"))
	}
	return p
}

// member opens a billing account that owes amounts of premium, and gives its
// number and opaque id.
func (s *site) member(owed ...money.Cents) (billpay.Number, ident.Opaque) {
	s.t.Helper()
	number := s.Members(s.t, 1)[0]
	opaque, err := s.Store.OpaqueOf(s.t.Context(), ledger.BookNo(number))
	if err != nil {
		s.t.Fatal(err)
	}
	var items []openitem.Item
	today := storetest.House{Clock: s.Clock}.PostingDay(1)
	for i, amount := range owed {
		items = append(items, openitem.Item{
			About: ledger.BookNo(number), Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, Text: "Premium", Amount: amount,
			ServiceOn: today, DueOn: today.AddDays(30 * i),
		})
	}
	if len(items) > 0 {
		order := cashier.Order{Key: ident.Key("bill:" + ident.NewOpaque()), Actor: clerk}
		if _, err := s.Cashier.Bill(s.t.Context(), order, items, false); err != nil {
			s.t.Fatal(err)
		}
	}
	return number, opaque
}

func order(cents int, part string) string {
	return fmt.Sprintf(`{"amount_cents":%d,"parts":[{%s,"fund":"premium","amount_cents":%d}],"method":{"type":"sandbox"}}`, cents, part, cents)
}

func byNumber(n billpay.Number) string { return `"number":"` + n.Grouped() + `"` }
func byAccount(id ident.Opaque) string { return `"account":"` + string(id) + `"` }
func (s *site) sandbox(key, body string) answer {
	return s.send(request{token: s.test, key: key, body: body})
}

func TestPay_ANewPaymentIsAnsweredWhenItIsOnTheBooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member(3000, 1000)
		got := s.sandbox("kiosk3-1", order(4500, byNumber(number)))
		p := got.payment(t)
		if got.status != http.StatusCreated || got.header.Get("Location") != "/api/v1/payments/"+p.ID {
			t.Fatalf("got %d to %q, want 201 with the payment's address: %s", got.status, got.header.Get("Location"), got.body)
		}
		want := api.PaymentPart{
			Account: string(account), Fund: chart.Premium, Entity: "entity-1", AmountCents: 4500, AppliedCents: 4000, UnappliedCents: 500,
		}
		if p.Status != api.Paid || p.AmountCents != 4500 || len(p.Parts) != 1 || p.Parts[0] != want || p.ReceivedOn != "2026-11-23" {
			t.Errorf("got %+v, want it paid with %+v", p, want)
		}
		if len(p.Confirmation) != 14 || !p.CreatedAt.Equal(storetest.Start) || p.Decline != nil {
			t.Errorf("got confirmation %q of %v, want one of now", p.Confirmation, p.CreatedAt)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" ||
			got.header.Get("Content-Type") != "application/json" {
			t.Errorf("got headers %v", got.header)
		}
		// Who paid stands in the books.
		claim, _, err := o.Cashier.Find(t.Context(), paymentID(p.ID))
		if err != nil || claim.Actor != (ident.Actor{Kind: ident.Service, Name: string(s.testID)}) {
			t.Errorf("got actor %v and %v, want the key", claim.Actor, err)
		}
	})
}

func TestPay_TheSameKeyGivesTheSameAnswerAndTakesNothingAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member(3000)
		first := s.sandbox("kiosk3-1", order(2000, byNumber(number)))
		if first.status != http.StatusCreated {
			t.Fatalf("got %d: %s", first.status, first.body)
		}
		for what, body := range map[string]string{
			"the same body":         order(2000, byNumber(number)),
			"other blanks":          strings.ReplaceAll(order(2000, byNumber(number)), ",", " ,\n "),
			"a day later, the same": order(2000, byNumber(number)),
		} {
			if strings.Contains(what, "day") {
				o.Clock.Advance(24 * 3600e9)
			}
			again := s.sandbox("kiosk3-1", body)
			if again.status != http.StatusOK || again.body != first.body {
				t.Errorf("%s: got %d and %s, want 200 and %s", what, again.status, again.body, first.body)
			}
		}
		for what, body := range map[string]string{
			"another amount":  order(2001, byNumber(number)),
			"another fund":    strings.Replace(order(2000, byNumber(number)), "premium", "medical", 1),
			"another account": order(2000, byNumber(s.Members(t, 1)[0])),
			"a postmark":      strings.Replace(order(2000, byNumber(number)), "{", `{"sent_on":"2026-11-20",`, 1),
			"another day":     strings.Replace(order(2000, byNumber(number)), "{", `{"received_on":"2026-11-20",`, 1),
		} {
			again := s.sandbox("kiosk3-1", body)
			if p := again.problem(t); again.status != http.StatusConflict || p.Type != "/api/v1/problems#conflict" {
				t.Errorf("%s: got %d and %s, want a conflict", what, again.status, again.body)
			}
		}
		other := s.sandbox("kiosk3-2", order(1000, byAccount(account)))
		if p := other.payment(t); other.status != http.StatusCreated || p.Parts[0].AppliedCents != 1000 {
			t.Errorf("got %d and %s, want the rest of 1000 applied: the first was taken once", other.status, other.body)
		}
	})
}

func TestPay_SixtyFourCallersWithOneKeyMakeOnePayment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member(10_000)
		answers := make([]answer, 64)
		var callers sync.WaitGroup
		for i := range answers {
			callers.Go(func() { answers[i] = s.sandbox("one", order(100, byNumber(number))) })
		}
		callers.Wait()
		statuses := map[int]int{}
		for _, a := range answers {
			statuses[a.status]++
			if a.body != answers[0].body {
				t.Fatalf("got %s and %s, want one answer", a.body, answers[0].body)
			}
		}
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != 63 {
			t.Errorf("got statuses %v, want one 201 and 63 times 200", statuses)
		}
		rest := s.sandbox("rest", order(10_000, byAccount(account))).payment(t)
		if rest.Parts[0].AppliedCents != 9_900 {
			t.Errorf("got %d applied, want 9900: 100 were taken before", rest.Parts[0].AppliedCents)
		}
	})
}

func TestPay_SeveralPartsAndNamedBills(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		one, oneID := s.member(1000, 2000)
		two, _ := s.member(500)
		body := fmt.Sprintf(`{"amount_cents":2400,"received_on":"2026-11-20","method":{"type":"sandbox"},"parts":[
			{"number":"%s","fund":"premium","amount_cents":2000,"items":["%s:2"]},
			{"number":"%s","fund":"premium","amount_cents":300},
			{"number":"%s","fund":"medical","amount_cents":100}]}`, one.Digits(), oneID, two.Digits(), two.Digits())
		got := s.sandbox("family", body)
		p := got.payment(t)
		if got.status != http.StatusCreated || len(p.Parts) != 3 || p.ReceivedOn != "2026-11-20" {
			t.Fatalf("got %d and %s, want three parts", got.status, got.body)
		}
		if p.Parts[0].AppliedCents != 2000 || p.Parts[1].AppliedCents != 300 || p.Parts[2].UnappliedCents != 100 || p.Parts[2].Entity != "entity-2" {
			t.Errorf("got %s", got.body)
		}
		// The second bill was paid, so that 1000 are left on the first.
		rest := s.sandbox("rest", order(3000, byNumber(one))).payment(t)
		if rest.Parts[0].AppliedCents != 1000 {
			t.Errorf("got %d applied, want the first bill's 1000", rest.Parts[0].AppliedCents)
		}
	})
}

func TestPay_MoneyForAnUnknownNumberWaitsInSuspense(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		for key, number := range map[string]string{"unknown": "314159265352", "slip": "314159265325", "words": "my daughter's"} {
			first := s.sandbox(key, order(700, `"number":"`+number+`"`))
			p := first.payment(t)
			if first.status != http.StatusCreated || !p.Parts[0].InSuspense || p.Parts[0].Account != "" || p.Parts[0].AppliedCents != 0 {
				t.Errorf("%s: got %d and %s, want it in suspense", key, first.status, first.body)
			}
			if again := s.sandbox(key, order(700, `"number":"`+number+`"`)); again.status != 200 || again.body != first.body {
				t.Errorf("%s, again: got %d and %s, want %s", key, again.status, again.body, first.body)
			}
			look := s.send(request{method: "GET", token: s.test, key: key})
			if look.status != 200 || look.body != first.body {
				t.Errorf("%s, looked up: got %d and %s, want %s", key, look.status, look.body, first.body)
			}
		}
	})
}

func TestGet_ShowsAPaymentByIDAndByKeyAndNotesIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, _ := s.member(3000)
		first := s.sandbox("kiosk3/?#%", order(2000, byNumber(number)))
		id := first.payment(t).ID
		for what, r := range map[string]request{
			"by id":  {method: "GET", path: "/api/v1/payments/" + id, token: s.test},
			"by key": {method: "GET", key: "kiosk3/?#%", token: s.test},
		} {
			if got := s.send(r); got.status != http.StatusOK || got.body != first.body {
				t.Errorf("%s: got %d and %s, want %s", what, got.status, got.body, first.body)
			}
		}
		for what, r := range map[string]request{
			"an unknown id":            {method: "GET", path: "/api/v1/payments/" + string(ident.NewOpaque()), token: s.test},
			"an unknown key":           {method: "GET", key: "kiosk3-2", token: s.test},
			"a live key, by key":       {method: "GET", key: "kiosk3/?#%", token: s.live},
			"a live key, by id":        {method: "GET", path: "/api/v1/payments/" + id, token: s.live},
			"of the counter, not ours": {method: "GET", path: "/api/v1/payments/" + counterPayment(t, o, number), token: s.test},
		} {
			if got := s.send(r); got.status != http.StatusNotFound || got.problem(t).Type != "/api/v1/problems#not-found" {
				t.Errorf("%s: got %d and %s, want not found", what, got.status, got.body)
			}
		}
		trail, err := o.Store.AuditOf(t.Context(), ledger.BookNo(number))
		if err != nil || len(trail) != 2 {
			t.Fatalf("got %d entries and %v, want one per look", len(trail), err)
		}
		if e := trail[0]; e.Action != audit.ReadPayment || e.Actor.Name != string(s.testID) || e.Source != "api" {
			t.Errorf("got %+v, want the key's look", e)
		}
	})
}

// fromCaller finds what only the caller can have written: numbers, ids, tokens.
var fromCaller = regexp.MustCompile(`[0-9]{8}|[0-9]{4} [0-9]{4}|[0-9a-z]{26}|bf_|pm_|a@example|dental|cash`)

// cases are requests that are refused, with the status and problem that each gets.
func (s *site) refusals() map[string]struct {
	request
	status int
	name   string
} {
	number, account := s.member(1000)
	operating, err := s.Store.OpaqueOf(s.t.Context(), s.Till)
	if err != nil {
		s.t.Fatal(err)
	}
	good := order(500, byNumber(number))
	_, reader := s.key(true, apikey.ReadPayments)
	_, writer := s.key(true, apikey.WritePayments)
	_, enroller := s.key(false, apikey.WritePolicies)
	stated := `{"policies":[` + entry(byNumber(number), "P-1", "") + `]}`
	to := func(path, token, body string) request {
		return request{path: "/api/v1/" + path, token: token, body: body}
	}
	both := order(500, byNumber(number)+","+byAccount(account))
	card := func(method string) string { return strings.Replace(good, `{"type":"sandbox"}`, method, 1) }
	type refusal = struct {
		request
		status int
		name   string
	}
	return map[string]refusal{
		"not JSON":                    {request{body: `{"amount_cents":`}, 400, "malformed"},
		"nothing":                     {request{}, 400, "malformed"},
		"two documents":               {request{body: good + good}, 400, "malformed"},
		"no token":                    {request{token: "-", body: good}, 401, "unauthenticated"},
		"a wrong token":               {request{token: s.test + "x", body: good}, 401, "unauthenticated"},
		"no scope to write":           {request{token: reader, body: good}, 403, "denied"},
		"no scope to read":            {request{method: "GET", token: writer, key: "k"}, 403, "denied"},
		"a live key in the sandbox":   {request{token: s.live, body: good}, 403, "denied"},
		"a sandbox key with a card":   {request{body: card(`{"type":"card","token":"pm_1"}`)}, 403, "denied"},
		"an unknown address":          {request{path: "/api/v1/nothing", body: good}, 404, "not-found"},
		"the root":                    {request{method: "GET", path: "/api/"}, 404, "not-found"},
		"DELETE":                      {request{method: "DELETE", body: good}, 405, "method-not-allowed"},
		"POST of a payment":           {request{path: "/api/v1/payments/" + string(account), body: good}, 405, "method-not-allowed"},
		"GET of a match":              {request{method: "GET", path: "/api/v1/accounts/match"}, 405, "method-not-allowed"},
		"PUT of the contract":         {request{method: "PUT", path: "/api/v1/openapi.json"}, 405, "method-not-allowed"},
		"too large":                   {request{body: `{"x":"` + strings.Repeat("1", 300<<10) + `"}`}, 413, "too-large"},
		"a form":                      {request{contentType: "application/x-www-form-urlencoded", body: "amount_cents=500"}, 415, "unsupported-media-type"},
		"no idempotency key":          {request{key: "-", body: good}, 422, "invalid"},
		"a key with a blank":          {request{key: "a b", body: good}, 422, "invalid"},
		"a long key":                  {request{key: strings.Repeat("k", 201), body: good}, 422, "invalid"},
		"no parts":                    {request{body: `{"amount_cents":1,"parts":[],"method":{"type":"sandbox"}}`}, 422, "invalid"},
		"an array":                    {request{body: `[` + good + `]`}, 422, "invalid"},
		"a sum that is not the parts": {request{body: strings.Replace(good, "500", "501", 1)}, 422, "invalid"},
		"nothing to pay":              {request{body: strings.ReplaceAll(good, "500", "0")}, 422, "invalid"},
		"less than nothing":           {request{body: strings.ReplaceAll(good, "500", "-500")}, 422, "invalid"},
		"half cents":                  {request{body: strings.ReplaceAll(good, "500", "500.5")}, 422, "invalid"},
		"a point":                     {request{body: strings.ReplaceAll(good, "500", "500.0")}, 422, "invalid"},
		"an amount as text":           {request{body: strings.ReplaceAll(good, ":500", `:"500"`)}, 422, "invalid"},
		"more than there is":          {request{body: strings.ReplaceAll(good, "500", "9223372036854775807")}, 422, "invalid"},
		"more than the plan takes":    {request{body: strings.ReplaceAll(good, "500", "5000001")}, 422, "invalid"},
		"an unknown fund":             {request{body: strings.Replace(good, "premium", "dental", 1)}, 422, "invalid"},
		"an unknown field":            {request{body: strings.Replace(good, "{", `{"note":"x",`, 1)}, 422, "invalid"},
		"a name in another case":      {request{body: strings.Replace(good, "fund", "Fund", 1)}, 422, "invalid"},
		"a number for a name":         {request{body: strings.Replace(good, "{", `{"`+number.Digits()+`":1,`, 1)}, 422, "invalid"},
		"number and account":          {request{body: both}, 422, "invalid"},
		"neither":                     {request{body: strings.Replace(good, byNumber(number)+",", "", 1)}, 422, "invalid"},
		"a number as a JSON number":   {request{body: order(500, `"number":`+number.Digits())}, 422, "invalid"},
		"an unknown account":          {request{body: order(500, byAccount(ident.NewOpaque()))}, 422, "invalid"},
		"the account of a till":       {request{body: order(500, byAccount(operating))}, 422, "invalid"},
		"a number as account":         {request{body: order(500, `"account":"`+number.Digits()+`"`)}, 422, "invalid"},
		"a bill without a number":     {request{body: order(500, byNumber(number)+`,"items":["`+string(account)+`"]`)}, 422, "invalid"},
		"tomorrow":                    {request{body: strings.Replace(good, "{", `{"received_on":"2026-11-24",`, 1)}, 422, "invalid"},
		"last year":                   {request{body: strings.Replace(good, "{", `{"received_on":"2025-11-23",`, 1)}, 422, "invalid"},
		"sent after it was received":  {request{body: strings.Replace(good, "{", `{"received_on":"2026-11-20","sent_on":"2026-11-21",`, 1)}, 422, "invalid"},
		"sent long before":            {request{body: strings.Replace(good, "{", `{"received_on":"2026-11-20","sent_on":"2026-09-20",`, 1)}, 422, "invalid"},
		"a card by mail":              {request{token: s.live, body: card(`{"type":"card","token":"pm_1"},"sent_on":"2026-11-20"`)}, 422, "invalid"},
		"no day":                      {request{body: strings.Replace(good, "{", `{"received_on":"2026-02-30",`, 1)}, 422, "invalid"},
		"a method without name":       {request{body: card(`{}`)}, 422, "invalid"},
		"an unknown method":           {request{body: card(`{"type":"cash"}`)}, 422, "invalid"},
		"a card without token":        {request{token: s.live, body: card(`{"type":"card"}`)}, 422, "invalid"},
		"a card number for a token":   {request{token: s.live, body: card(`{"type":"card","token":"4242424242424242"}`)}, 422, "invalid"},
		"a token for the sandbox":     {request{body: card(`{"type":"sandbox","token":"pm_1"}`)}, 422, "invalid"},
		"mail from the sandbox":       {request{body: strings.Replace(good, "{", `{"receipt_mail":"a@example.com",`, 1)}, 422, "invalid"},
		"no scope to enrol":           {to("policies", writer, stated), 403, "denied"},
		"no scope to find policies":   {request{method: "GET", path: "/api/v1/policies", token: writer}, 403, "denied"},
		"no scope to ask coverage":    {to("accounts/coverage", enroller, `{`+byNumber(number)+`}`), 403, "denied"},
		"no policies":                 {to("policies", s.live, `{"policies":[]}`), 422, "invalid"},
		"too many policies":           {to("policies", s.live, `{"policies":[`+strings.Repeat(`{},`, 400)+`{}]}`), 422, "invalid"},
		"a batch too large":           {to("policies", s.live, `{"x":"`+strings.Repeat("1", 1<<20)+`"}`), 413, "too-large"},
		"policies by DELETE":          {request{method: "DELETE", path: "/api/v1/policies", token: s.live}, 405, "method-not-allowed"},
		"an unknown batch":            {request{method: "GET", path: "/api/v1/policies", token: s.live, key: "none"}, 404, "not-found"},
		"coverage by GET":             {request{method: "GET", path: "/api/v1/accounts/coverage", token: s.live}, 405, "method-not-allowed"},
		"coverage of nobody":          {to("accounts/coverage", s.live, `{}`), 422, "invalid"},
		"coverage of both":            {to("accounts/coverage", s.live, `{`+byNumber(number)+`,`+byAccount(account)+`}`), 422, "invalid"},
		"coverage of no number":       {to("accounts/coverage", s.live, `{"number":" - "}`), 422, "invalid"},
		"coverage of a till":          {to("accounts/coverage", s.live, `{`+byAccount(operating)+`}`), 404, "not-found"},
		"coverage without a policy":   {to("accounts/coverage", s.live, `{`+byNumber(number)+`}`), 404, "not-found"},
		"coverage in 2099":            {to("accounts/coverage", s.live, `{`+byNumber(number)+`,"date":"2099-01-01"}`), 422, "invalid"},
		"coverage in 1999":            {to("accounts/coverage", s.live, `{`+byNumber(number)+`,"date":"1999-01-01"}`), 422, "invalid"},
		"coverage in Klingon":         {to("accounts/coverage", s.live, `{`+byNumber(number)+`,"language":"tlh"}`), 422, "invalid"},
		"a short payment id":          {request{method: "GET", path: "/api/v1/payments/abc"}, 422, "invalid"},
	}
}

func TestRefusals_EachIsAProblemOfItsTypeAndRepeatsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		for what, c := range s.refusals() {
			r := c.request
			switch r.token {
			case "":
				r.token = s.test
			case "-":
				r.token = ""
			}
			switch r.key {
			case "":
				r.key = "kiosk3-1"
			case "-":
				r.key = ""
			}
			got := s.send(r)
			if p := got.problem(t); got.status != c.status || p.Type != "/api/v1/problems#"+c.name {
				t.Errorf("%s: got %d %s, want %d %s: %s", what, got.status, p.Type, c.status, c.name, got.body)
			}
			ours := strings.ReplaceAll(got.body, got.header.Get("X-Request-Id"), "")
			if found := fromCaller.FindString(ours); found != "" {
				t.Errorf("%s: the answer repeats %s: %s", what, found, got.body)
			}
			if strings.Contains(got.body, "json:") || strings.Contains(got.body, "Go ") {
				t.Errorf("%s: the answer speaks of our code: %s", what, got.body)
			}
			if c.status == http.StatusUnauthorized && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: got no challenge", what)
			}
			if c.status == http.StatusMethodNotAllowed && got.header.Get("Allow") == "" {
				t.Errorf("%s: got no Allow", what)
			}
		}
		for _, line := range strings.Split(s.log.String(), "\n") {
			for _, field := range strings.Fields(line) {
				name, value, _ := strings.Cut(field, "=")
				// A random id may have nine digits in a row by chance.
				if name != "time" && name != "us" && name != "request_id" && regexp.MustCompile(`[0-9]{9}`).MatchString(value) {
					t.Errorf("the log holds %s", field)
				}
			}
		}
		if strings.Contains(s.log.String(), "nothing") || !strings.Contains(s.log.String(), `route="POST /api/v1/payments"`) {
			t.Error("the log holds addresses, or no routes")
		}
	})
}

func TestKeys_ARevokedKeyIsRefusedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, _ := s.member(1000)
		if got := s.sandbox("a", order(100, byNumber(number))); got.status != http.StatusCreated {
			t.Fatalf("got %d: %s", got.status, got.body)
		}
		if _, err := s.keys.Revoke(t.Context(), s.testID, clerk); err != nil {
			t.Fatal(err)
		}
		for _, r := range []request{{key: "b", body: order(100, byNumber(number))}, {method: "GET", key: "a"}} {
			r.token = s.test
			if got := s.send(r); got.status != http.StatusUnauthorized || got.problem(t).Type != "/api/v1/problems#unauthenticated" {
				t.Errorf("got %d and %s, want 401", got.status, got.body)
			}
		}
	})
}

func TestSandbox_KeysAreRefusedInService(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"), func(o *api.Options) { o.Sandbox = false })
	number, _ := s.member(1000)
	for what, r := range map[string]request{
		"pay":  {key: "a", body: order(100, byNumber(number))},
		"look": {method: "GET", key: "a"},
	} {
		r.token = s.test
		if got := s.send(r); got.status != http.StatusForbidden || got.problem(t).Type != "/api/v1/problems#denied" {
			t.Errorf("%s: got %d and %s, want 403", what, got.status, got.body)
		}
	}
}

func paymentID(text string) payment.ID { return payment.ID(text) }

// counterPayment takes cash at a counter and gives the payment's id.
func counterPayment(t testing.TB, o *storetest.Office, number billpay.Number) string {
	t.Helper()
	in := payment.Instruction{
		Key: ident.Key("counter:" + ident.NewOpaque()), Rail: payment.Counter, Amount: 100, Actor: clerk, Source: o.Till,
		Received: storetest.House{Clock: o.Clock}.PostingDay(1),
		Parts:    []payment.Part{{Reference: number.Digits(), Amount: 100, Received: chart.Purse{Entity: 1, Fund: chart.Premium}}},
	}
	outcomes, err := o.Cashier.Post(t.Context(), []payment.Instruction{in}, nil)
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes[0].Err)
	}
	return string(outcomes[0].Answer.Payment)
}
