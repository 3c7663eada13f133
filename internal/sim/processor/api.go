package processor

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// shape is an object as it stands on the wire.
type shape = map[string]any

// action is one operation of the API on the thing that an id names, if any.
type action func(t *turn, id string, in *form) (shape, *refusal)

// endpoint is an operation of the API with the name by which faults find it.
type endpoint struct {
	pattern, name string
	act           action
	forBrowsers   bool // open to the publishable key
}

var endpoints = []endpoint{
	{"POST /v1/customers", "customers.create", (*turn).createCustomer, false},
	{"GET /v1/customers/{id}", "customers.get", (*turn).getCustomer, false},
	{"DELETE /v1/customers/{id}", "customers.delete", (*turn).deleteCustomer, false},
	{"POST /v1/payment_methods", "payment_methods.create", (*turn).createMethod, true},
	{"GET /v1/payment_methods/{id}", "payment_methods.get", (*turn).getMethod, false},
	{"POST /v1/payment_methods/{id}/attach", "payment_methods.attach", (*turn).attachMethod, false},
	{"POST /v1/payment_methods/{id}/detach", "payment_methods.detach", (*turn).detachMethod, false},
	{"POST /v1/payment_intents", "payment_intents.create", (*turn).createIntent, false},
	{"GET /v1/payment_intents/{id}", "payment_intents.get", (*turn).getIntent, false},
	{"POST /v1/payment_intents/{id}/confirm", "payment_intents.confirm", (*turn).confirmIntent, false},
	{"POST /v1/payment_intents/{id}/capture", "payment_intents.capture", (*turn).captureIntent, false},
	{"POST /v1/payment_intents/{id}/cancel", "payment_intents.cancel", (*turn).cancelIntent, false},
	{"POST /v1/refunds", "refunds.create", (*turn).createRefund, false},
	{"GET /v1/refunds/{id}", "refunds.get", (*turn).getRefund, false},
	{"GET /v1/disputes/{id}", "disputes.get", (*turn).getDispute, false},
	{"POST /v1/disputes/{id}", "disputes.update", (*turn).updateDispute, false},
	{"POST /v1/setup_intents", "setup_intents.create", (*turn).createSetup, false},
	{"GET /v1/payouts", "payouts.list", (*turn).listPayouts, false},
	{"GET /v1/payouts/{id}", "payouts.get", (*turn).getPayout, false},
	{"GET /v1/balance_transactions", "balance_transactions.list", (*turn).listLines, false},
	{"POST /v1/checkout/sessions", "checkout.sessions.create", (*turn).createSession, false},
	{"GET /v1/checkout/sessions/{id}", "checkout.sessions.get", (*turn).getSession, false},
	{"POST /v1/checkout/sessions/{id}/expire", "checkout.sessions.expire", (*turn).expireSession, false},
	{"GET /v1/events", "events.list", (*turn).listEvents, false},
}

// The hosted page's two endpoints.
const (
	pageShow = "checkout.page.show"
	pagePay  = "checkout.page.pay"
)

// endpointNames lists what a fault plan may name.
var endpointNames = func() []string {
	names := []string{pageShow, pagePay}
	for _, e := range endpoints {
		names = append(names, e.name)
	}
	return names
}()

// routes serves clients and browsers.
func (p *Processor) routes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range endpoints {
		mux.HandleFunc(e.pattern, p.api(e))
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		send(w, refuseJSON(&refusal{status: http.StatusNotFound, kind: invalidRequest, message: "Unrecognized request URL."}))
	})
	p.serveBrowsers(mux)
	return mux
}

const (
	jsonKind    = "application/json"
	bodyMax     = 64 << 10 // of a request
	keyMax      = 255      // characters of an idempotency key
	idKeyHeader = "Idempotency-Key"
)

var accountForm = regexp.MustCompile(`^acct_[A-Za-z0-9_]{1,60}$`)

// api serves one operation.
func (p *Processor) api(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", newID("req"))
		q, no := p.read(w, r, e)
		if no != nil {
			send(w, refuseJSON(no))
			return
		}
		p.perform(w, r, q)
	}
}

// read makes a request of what came over HTTP.
func (p *Processor) read(w http.ResponseWriter, r *http.Request, e endpoint) (request, *refusal) {
	publishable, no := p.keys.signIn(r)
	if no != nil {
		return request{}, no
	}
	if publishable && !e.forBrowsers {
		no := unauthorised("This API call cannot be made with a publishable API key. Please use a secret API key.")
		no.code = "secret_key_required"
		return request{}, no
	}
	account := r.Header.Get("Stripe-Account")
	if account != "" && !accountForm.MatchString(account) {
		return request{}, &refusal{
			status: http.StatusForbidden, kind: invalidRequest, code: "account_invalid", message: "The account is not well formed: acct_ and letters or digits.",
		}
	}
	values, no := readValues(w, r)
	if no != nil {
		return request{}, no
	}
	q := request{endpoint: e.name, account: account, refuse: refuseJSON}
	if key := r.Header.Get(idKeyHeader); key != "" && r.Method == http.MethodPost {
		if len(key) > keyMax {
			return request{}, badRequest("", "", "An idempotency key has at most %d characters.", keyMax)
		}
		q.key = account + "/" + key
		q.digest = p.digestOf(r.Method, r.URL.Path, values.Encode())
	}
	id := r.PathValue("id")
	q.do = func(t *turn) reply {
		t.publishable = publishable
		return t.run(e.act, id, newForm(values))
	}
	return q, nil
}

// run carries an action out and writes its answer. What a refusal other than a
// decline has changed is dropped.
func (t *turn) run(act action, id string, in *form) reply {
	body, no := act(t, id, in)
	if no != nil {
		if !no.kept() {
			t.record = record{}
		}
		out := t.refused(no)
		out.keep = no.kept()
		return out
	}
	if body == nil {
		return reply{}
	}
	out := replyJSON(http.StatusOK, body)
	out.keep = true
	return out
}

// readValues reads the parameters: of a POST from its form, else from the address.
func readValues(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	if r.Method != http.MethodPost {
		return r.URL.Query(), nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength != 0 && (err != nil || kind != "application/x-www-form-urlencoded") {
		return nil, badRequest("", "", "Invalid request: send application/x-www-form-urlencoded.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("", "", "Invalid request: the form cannot be read.")
	}
	return r.PostForm, nil
}

// refused writes a refusal with the objects that it names.
func (t *turn) refused(no *refusal) reply {
	body := no.shape()
	if no.intent != nil {
		body["payment_intent"] = t.showIntent(no.intent, nil)
	}
	if no.method != nil {
		body["payment_method"] = t.showMethod(no.method)
	}
	return replyJSON(no.status, shape{"error": body})
}

func refuseJSON(no *refusal) reply { return replyJSON(no.status, shape{"error": no.shape()}) }

func (r *refusal) shape() shape {
	body := shape{"type": r.kind, "message": r.message}
	network, advice := networkWords(r.declineCode)
	for name, value := range map[string]string{
		"code": r.code, "decline_code": r.declineCode, "param": r.param, "charge": r.charge,
		"network_decline_code": network, "network_advice_code": advice,
	} {
		if value != "" {
			body[name] = value
		}
	}
	return body
}

func replyJSON(status int, body any) reply {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Errorf("processor: writing an answer: %w", err))
	}
	return reply{status: status, kind: jsonKind, body: text}
}

// expansion reads which of an object's references are asked for whole.
func (f *form) expansion(known ...string) []string {
	asked := f.list("expand")
	for _, name := range asked {
		if !slices.Contains(known, name) {
			f.fail(badRequest("", "expand", "This property cannot be expanded (%s).", name))
		}
	}
	return asked
}
