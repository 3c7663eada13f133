package processor

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// apiVersion is the version of Stripe's API that events say they are of.
const apiVersion = "2026-02-25.clover"

// event is something that happened, as it is sent.
type event struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Account string          `json:"account,omitempty"`
	Created int64           `json:"created"`
	Body    json.RawMessage `json:"body"`
}

// emit makes an event of the account at hand. While webhooks go nowhere there are
// none.
func (t *turn) emit(kind string, subject shape) {
	if !t.notify {
		return
	}
	e := shape{
		"id": newID("evt"), "object": "event", "api_version": apiVersion, "created": t.now.Unix(), "data": shape{"object": subject},
		"livemode": false, "pending_webhooks": 1, "request": shape{"id": nil, "idempotency_key": nil}, "type": kind,
	}
	if t.account != "" {
		e["account"] = t.account
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Errorf("processor: writing an event: %w", err))
	}
	t.record.Events = append(t.record.Events, event{ID: e["id"].(string), Kind: kind, Account: t.account, Created: t.now.Unix(), Body: body})
}

// letter is an event on its way.
type letter struct {
	event   event
	due     time.Time
	tries   int
	sending bool
	// waitsForNext says that it goes behind the event that comes next, or when it is
	// due if none comes.
	waitsForNext bool
}

// outbox holds what was not taken yet, in the order in which it was made.
type outbox struct {
	processor *Processor
	client    *http.Client
	senders   int

	mu      sync.Mutex
	url     string
	letters []*letter
	held    bool // nothing is sent by itself
	counts  Webhooks
}

// Webhooks says how webhooks stand.
type Webhooks struct {
	Waiting   int  `json:"waiting"`
	Delivered int  `json:"delivered"` // copies that were taken
	Failed    int  `json:"failed"`    // tries that were not
	Dropped   int  `json:"dropped"`   // by the fault plan
	Held      bool `json:"held"`
}

const (
	sendMax       = 10 * time.Second // for one webhook to be taken
	retryMax      = 30 * time.Second // between two tries
	reorderMax    = 2 * time.Second  // that a reordered event waits for the next one
	sendersNormal = 8
)

func newOutbox(p *Processor) *outbox {
	o := &outbox{processor: p, client: p.options.Client, senders: p.options.Senders, url: p.options.Notify}
	if o.client == nil {
		o.client = &http.Client{Timeout: sendMax}
	}
	if o.senders == 0 {
		o.senders = sendersNormal
	}
	return o
}

func (o *outbox) isAddressed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.url != ""
}

// replayed takes up what was not taken when the simulator stopped.
func (o *outbox) replayed(r *record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range r.Events {
		o.letters = append(o.letters, &letter{event: e, due: r.At})
	}
	o.letters = slices.DeleteFunc(o.letters, func(l *letter) bool { return slices.Contains(r.Done, l.event.ID) })
}

// deal draws what befalls new events. Those that are never sent are noted as done
// in their own record.
func (o *outbox) deal(r *record) []webhookLuck {
	lucks := make([]webhookLuck, len(r.Events))
	for i, e := range r.Events {
		lucks[i] = o.processor.dealer.webhook()
		if lucks[i].dropped {
			r.Done = append(r.Done, e.ID)
		}
	}
	return lucks
}

// made takes up new events with their luck.
func (o *outbox) made(events []event, lucks []webhookLuck) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.processor.clock.Now()
	for i, e := range events {
		luck := lucks[i]
		if luck.dropped {
			o.counts.Dropped++
			continue
		}
		one := &letter{event: e, due: now.Add(luck.delay)}
		o.letters = append(o.letters, one)
		if luck.reordered {
			one.due, one.waitsForNext = now.Add(reorderMax), true
			continue
		}
		if luck.doubled {
			o.letters = append(o.letters, &letter{event: e, due: one.due})
		}
		o.release(now)
	}
}

// release lets the reordered events go, behind the one that came after them.
func (o *outbox) release(now time.Time) {
	var late []*letter
	o.letters = slices.DeleteFunc(o.letters, func(l *letter) bool {
		if l.waitsForNext && !l.sending {
			late = append(late, l)
			return true
		}
		return false
	})
	for _, l := range late {
		l.due, l.waitsForNext = now, false
	}
	o.letters = append(o.letters, late...)
}

// Notify sends the webhooks that are due and returns when they were answered.
func (p *Processor) Notify(ctx context.Context) {
	o, on := p.outbox, p.powered().Err() == nil // before the lock: acts take theirs first
	o.mu.Lock()
	var due []*letter
	if o.url != "" && !o.held && on {
		now := p.clock.Now()
		for _, l := range o.letters {
			if !l.sending && !l.due.After(now) {
				l.sending = true
				due = append(due, l)
			}
		}
	}
	o.mu.Unlock()
	o.deliver(ctx, due, o.senders)
}

// deliver sends letters, a few at a time, and waits for all.
func (o *outbox) deliver(ctx context.Context, letters []*letter, senders int) {
	var sending sync.WaitGroup
	places := make(chan struct{}, senders)
	for _, l := range letters {
		places <- struct{}{}
		sending.Go(func() {
			defer func() { <-places }()
			o.ended(l, o.post(ctx, l.event))
		})
	}
	sending.Wait()
}

// ended notes whether a letter was taken; one that was not is tried again later.
func (o *outbox) ended(l *letter, taken bool) {
	p := o.processor
	wait := p.retryDelay() // before the lock: acts take theirs first
	o.mu.Lock()
	defer o.mu.Unlock()
	l.sending = false
	if !taken {
		o.counts.Failed++
		l.due = p.clock.Now().Add(min(wait<<min(l.tries, 10), retryMax))
		l.tries++
		return
	}
	o.counts.Delivered++
	o.letters = slices.DeleteFunc(o.letters, func(have *letter) bool { return have == l })
	// The note needs no flush: an event that is sent twice is no harm.
	if _, err := p.journal.add(&record{At: p.clock.Now(), Done: []string{l.event.ID}}); err != nil {
		p.log.Error("the journal failed", "error", err)
	}
}

// post sends an event once and reports whether it was taken: answered with 2xx.
func (o *outbox) post(ctx context.Context, e event) bool {
	o.mu.Lock()
	url := o.url
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, sendMax)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(e.Body))
	if err != nil {
		o.processor.log.Warn("a webhook cannot be sent", "error", err)
		return false
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", o.processor.sign(e.Body))
	answered, err := o.client.Do(r)
	if err != nil {
		o.processor.log.Info("a webhook was not taken", "event", e.ID, "error", err)
		return false
	}
	defer answered.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answered.Body, 1<<16))
	if answered.StatusCode/100 != 2 {
		o.processor.log.Info("a webhook was not taken", "event", e.ID, "status", answered.StatusCode)
		return false
	}
	return true
}

// sign makes Stripe's signature: the time, and the keyed digest of time and body.
func (p *Processor) sign(body []byte) string {
	at := strconv.FormatInt(p.clock.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(p.keys.Webhook))
	io.WriteString(mac, at+".")
	mac.Write(body)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Webhooks tells how webhooks stand.
func (p *Processor) Webhooks() Webhooks {
	o := p.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := o.counts
	counts.Waiting, counts.Held = len(o.letters), o.held
	return counts
}

// HoldWebhooks keeps events back until they are delivered by DeliverWebhooks, or
// lets them go by themselves again.
func (p *Processor) HoldWebhooks(hold bool) {
	p.outbox.mu.Lock()
	defer p.outbox.mu.Unlock()
	p.outbox.held = hold
}

// NotifyAt says where webhooks go from now on; "" is nowhere.
func (p *Processor) NotifyAt(url string) {
	p.outbox.mu.Lock()
	defer p.outbox.mu.Unlock()
	p.outbox.url = url
}

// DeliverWebhooks sends everything that waits, now, one after the other: in the
// order in which it was made or the reverse, each so many times. It returns when
// all were answered.
func (p *Processor) DeliverWebhooks(ctx context.Context, reversed bool, copies int) {
	o := p.outbox
	o.mu.Lock()
	var letters []*letter
	for _, l := range o.letters {
		if l.sending {
			continue
		}
		l.sending, l.waitsForNext = true, false
		letters = append(letters, l)
	}
	o.mu.Unlock()
	if reversed {
		slices.Reverse(letters)
	}
	for _, l := range letters {
		for range copies - 1 {
			o.post(ctx, l.event)
		}
		o.ended(l, o.post(ctx, l.event))
	}
}

func (p *Processor) retryDelay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delays.Retry
}
