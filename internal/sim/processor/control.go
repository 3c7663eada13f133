package processor

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// controlRoutes serves auditors and tests. All of it asks for the secret key: a
// page that a browser happens to show must not pull the plug.
func (p *Processor) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(r *http.Request) (any, error){
		"GET /books":                     p.showBooks,
		"GET /control/faults":            func(*http.Request) (any, error) { return p.dealer.current(), nil },
		"POST /control/faults":           p.controlFaults,
		"POST /control/unplug":           func(*http.Request) (any, error) { p.Unplug(); return plugged{false}, nil },
		"POST /control/plug":             func(*http.Request) (any, error) { p.PlugIn(); return plugged{true}, nil },
		"POST /control/delays":           p.controlDelays,
		"POST /control/approve":          p.controlApprove,
		"POST /control/dispute":          p.controlDispute,
		"POST /control/dispute/{id}/win": func(r *http.Request) (any, error) { return p.CloseDispute(r.PathValue("id"), true) },
		"POST /control/dispute/{id}/lose": func(r *http.Request) (any, error) {
			return p.CloseDispute(r.PathValue("id"), false)
		},
		"POST /control/payout":           p.controlPayout,
		"POST /control/payout/{id}/fail": p.controlFailPayout,
		"POST /control/card":             p.controlCard,
		"GET /control/webhooks":          func(*http.Request) (any, error) { return p.Webhooks(), nil },
		"POST /control/webhooks":         p.controlWebhooks,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := serve(r)
			if err != nil {
				send(w, refuseControl(err))
				return
			}
			send(w, replyJSON(http.StatusOK, body))
		})
	}
	mux.HandleFunc("GET /books/entries", p.showEntries)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if publishable, no := p.keys.signIn(r); no != nil || publishable {
			w.Header().Set("WWW-Authenticate", `Basic realm="simulator"`)
			send(w, refuseJSON(unauthorised("Give the simulator's secret key as the user name or as a bearer.")))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		mux.ServeHTTP(w, r)
	})
}

type plugged struct {
	Plugged bool `json:"plugged"`
}

func refuseControl(err error) reply {
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Limit:
		status = http.StatusBadRequest
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.Conflict:
		status = http.StatusConflict
	}
	return replyJSON(status, shape{"error": shape{"message": fault.MessageOf(err), "hint": fault.HintOf(err)}})
}

// showBooks sums up the books; ?attempt= narrows them to one.
func (p *Processor) showBooks(r *http.Request) (any, error) {
	return summed(p.Entries(), r.URL.Query().Get("attempt")), nil
}

// showEntries gives the books line by line.
func (p *Processor) showEntries(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	for _, e := range p.Entries() {
		if lines.Encode(e) != nil {
			return
		}
	}
}

func (p *Processor) controlFaults(r *http.Request) (any, error) {
	plan, err := ReadPlan(r.Body)
	if err != nil {
		return nil, err
	}
	return plan, p.SetPlan(plan)
}

// read takes a request's JSON and refuses fields that nobody knows.
func read[T any](r *http.Request) (T, error) {
	var body T
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return body, fault.New(fault.Invalid, "processor.control", "the request is not well formed: %v", err)
	}
	return body, nil
}

// delaysJSON are the delays on the wire; those left out stay as they are.
type delaysJSON struct {
	ApprovalMS *int64 `json:"approval_ms"`
	RefundMS   *int64 `json:"refund_ms"`
	DisputeMS  *int64 `json:"dispute_ms"`
	RetryMS    *int64 `json:"retry_ms"`
}

func (p *Processor) controlDelays(r *http.Request) (any, error) {
	wish, err := read[delaysJSON](r)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.delays
	for _, pair := range []struct {
		wish *int64
		have *time.Duration
	}{{wish.ApprovalMS, &now.Approval}, {wish.RefundMS, &now.Refund}, {wish.DisputeMS, &now.Dispute}, {wish.RetryMS, &now.Retry}} {
		if pair.wish == nil {
			continue
		}
		if *pair.wish < 1 || *pair.wish > int64(holdMax/time.Millisecond) {
			return nil, fault.New(fault.Invalid, "processor.control", "a delay is from 1 ms to 7 days")
		}
		*pair.have = time.Duration(*pair.wish) * time.Millisecond
	}
	p.delays = now
	return shape{
		"approval_ms": now.Approval.Milliseconds(), "refund_ms": now.Refund.Milliseconds(),
		"dispute_ms": now.Dispute.Milliseconds(), "retry_ms": now.Retry.Milliseconds(),
	}, nil
}

// about names a charge or the payment intent that it is of.
type about struct {
	Intent string `json:"payment_intent,omitempty"`
	Charge string `json:"charge,omitempty"`
	Reason string `json:"reason,omitempty"` // of a dispute, as the network says it
}

func (p *Processor) controlApprove(r *http.Request) (any, error) {
	what, err := read[about](r)
	if err != nil {
		return nil, err
	}
	return p.ApproveLate(what.Intent)
}

func (p *Processor) controlDispute(r *http.Request) (any, error) {
	what, err := read[about](r)
	if err != nil {
		return nil, err
	}
	return p.Dispute(what.Intent, what.Charge, what.Reason)
}

// ApproveLate approves a declined payment intent now, as an issuer does whose
// first answer got lost, and gives it as it stands then. Conflict when it is not
// waiting for a card.
func (p *Processor) ApproveLate(id string) (map[string]any, error) {
	return p.manual(func(t *turn) (shape, error) {
		i := t.intents[id]
		if i == nil {
			return nil, fault.New(fault.NotFound, "processor.ApproveLate", "there is no payment intent %s", id)
		}
		t.account = i.Account
		if i.LastDecline == nil || i.Status != needsMethod {
			return nil, fault.New(fault.Conflict, "processor.ApproveLate", "payment intent %s was not declined, or stands otherwise by now", id)
		}
		i = t.changeIntent(i)
		i.LateMethod = i.LastDecline.Method
		t.approveLate(i)
		return t.showIntent(t.intent(id), nil), nil
	})
}

// Dispute opens a dispute about a charge, or about the latest charge of a payment
// intent. Conflict when nothing is left to dispute.
func (p *Processor) Dispute(ofIntent, ofCharge, reason string) (map[string]any, error) {
	if reason == "" {
		reason = "fraudulent"
	}
	return p.manual(func(t *turn) (shape, error) {
		if i := t.intents[ofIntent]; i != nil {
			ofCharge = i.Charge
		}
		c := t.charges[ofCharge]
		if c == nil {
			return nil, fault.New(fault.NotFound, "processor.Dispute", "there is no such charge")
		}
		d, no := t.openDispute(c, reason)
		if no != nil {
			return nil, fault.New(fault.Conflict, "processor.Dispute", "%s", no.message)
		}
		return t.showDispute(d), nil
	})
}

// CloseDispute decides a dispute for the merchant, or against him.
func (p *Processor) CloseDispute(id string, won bool) (map[string]any, error) {
	return p.manual(func(t *turn) (shape, error) {
		d, no := t.closeDispute(id, won)
		if no == nil {
			return t.showDispute(d), nil
		}
		kind := fault.Conflict
		if no.status == http.StatusNotFound {
			kind = fault.NotFound
		}
		return nil, fault.New(kind, "processor.CloseDispute", "%s", no.message)
	})
}

// manual carries out an act that somebody does from outside the protocol.
func (p *Processor) manual(act func(*turn) (shape, error)) (shape, error) {
	p.mu.Lock()
	t := p.turn("")
	body, err := act(t)
	if err == nil {
		err = p.commit(t)
	}
	p.mu.Unlock()
	if err == nil {
		err = p.journal.settle()
	}
	return body, err
}

// webhooksJSON is what may be asked of webhooks; what is left out stays as it is.
type webhooksJSON struct {
	URL  *string `json:"url"`
	Hold *bool   `json:"hold"`
	// Deliver sends what waits, now.
	Deliver *struct {
		Reversed bool `json:"reversed"`
		Copies   int  `json:"copies"`
	} `json:"deliver"`
}

const copiesMax = 10

func (p *Processor) controlWebhooks(r *http.Request) (any, error) {
	wish, err := read[webhooksJSON](r)
	if err != nil {
		return nil, err
	}
	if wish.URL != nil {
		p.NotifyAt(*wish.URL)
	}
	if wish.Hold != nil {
		p.HoldWebhooks(*wish.Hold)
	}
	if d := wish.Deliver; d != nil {
		if d.Copies < 0 || d.Copies > copiesMax {
			return nil, fault.New(fault.Invalid, "processor.control", "copies are from 1 to %d", copiesMax)
		}
		p.DeliverWebhooks(r.Context(), d.Reversed, max(d.Copies, 1))
	}
	return p.Webhooks(), nil
}
