package processor

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// turn is one act on the state: what it read stays as it was, what it changed is
// in its record and taken in at the end, all or nothing.
type turn struct {
	*state
	now         time.Time
	delays      Delays
	terms       Terms
	account     string // "" is the platform's own
	publishable bool   // asked with the key that browsers have
	base        string // the simulator's own origin
	keys        *keys
	journal     *journal                     // of what was done before
	digest      func(parts ...string) []byte // keyed
	notify      bool                         // whether events go anywhere
	answer      testcard.Answer              // what becomes of the answer
	record      record
}

func (t *turn) enter(e Entry) {
	e.At, e.Account = t.now, t.account
	t.record.Entries = append(t.record.Entries, e)
}

// reply is an answer ready to be sent.
type reply struct {
	status   int
	kind     string // content type
	policy   string // content security policy, of a page
	location string
	body     []byte
	keep     bool            // for the idempotency key
	answer   testcard.Answer // what becomes of it
	replayed bool
}

// request is one thing asked of the simulator that faults may befall.
type request struct {
	endpoint string
	account  string
	key      string // under which it is done once, or ""
	digest   string // of what is asked, for the key
	// do carries it out on the state.
	do func(*turn) reply
	// refuse writes a refusal that has nothing to do with what is asked.
	refuse func(*refusal) reply
}

// perform carries a request out with the luck it draws, and sends the answer, or
// not.
func (p *Processor) perform(w http.ResponseWriter, r *http.Request, q request) {
	luck := p.dealer.request(q.endpoint, q.account, p.clock.Now())
	switch {
	case luck.lostBefore:
		cut(w)
		return
	case luck.fails429:
		send(w, q.refuse(tooMany))
		return
	case luck.fails503:
		send(w, q.refuse(outOfOrder))
		return
	}
	out, ok := p.once(r.Context(), r, q, luck)
	if !ok || luck.lostAfter || out.answer == testcard.Cut || p.powered().Err() != nil {
		cut(w)
		return
	}
	if out.answer == testcard.Never {
		<-r.Context().Done()
		cut(w)
		return
	}
	send(w, out)
}

// once carries a request out, unless its key was used before: then it gives the
// answer of that time. Not ok when the plug was pulled before it was done.
func (p *Processor) once(ctx context.Context, r *http.Request, q request, luck luck) (out reply, ok bool) {
	if q.key != "" {
		before, no := p.begin(q)
		if no != nil {
			return q.refuse(no), true
		}
		if before != nil {
			return p.again(q, *before), true
		}
		defer p.end(q.key)
	}
	if luck.delay > 0 && !p.wait(luck.delay) {
		return reply{}, false
	}
	out, err := p.act(q, p.baseURL(r), luck)
	if err == nil {
		err = p.journal.settle()
	}
	if err != nil {
		p.log.Error("the journal failed", "error", err)
		return q.refuse(outOfOrder), true
	}
	// A card that never answers and does nothing keeps its key in use meanwhile.
	if out.answer == testcard.Never && !out.keep {
		<-ctx.Done()
	}
	return out, true
}

// begin takes a key into use, or finds what it was answered.
func (p *Processor) begin(q request) (before *answered, no *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done, ok := p.state.answers[q.key]; ok {
		if done.digest != q.digest {
			return nil, keyMisused
		}
		return &done, nil
	}
	if p.busy[q.key] {
		return nil, keyInUse
	}
	p.busy[q.key] = true
	return nil, nil
}

func (p *Processor) end(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, key)
}

// again gives the answer that a key was given before.
func (p *Processor) again(q request, before answered) reply {
	err := p.journal.settle()
	var a *answer
	if err == nil {
		a, err = p.journal.answerAt(before.at)
	}
	if err != nil {
		p.log.Error("the journal failed", "error", err)
		return q.refuse(outOfOrder)
	}
	return reply{status: a.Status, kind: jsonKind, body: a.Body, replayed: true}
}

// wait waits for a time, or false when the plug is pulled meanwhile. It does not
// end when the asker goes away.
func (p *Processor) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.powered().Done():
		return false
	}
}

// act carries a request out on the state and notes it in the journal.
func (p *Processor) act(q request, base string, luck luck) (reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.turn(q.account)
	t.base = base
	var out reply
	if !luck.fails500 || luck.done {
		out = q.do(t)
		out.answer = t.answer
	}
	if luck.fails500 {
		out = q.refuse(broken)
		out.keep = true
	}
	if out.keep && q.key != "" && q.digest != "" {
		t.record.Answer = &answer{Key: q.key, Digest: q.digest, Status: out.status, Body: json.RawMessage(out.body)}
	}
	return out, p.commit(t)
}

// turn begins an act; the caller holds the lock.
func (p *Processor) turn(account string) *turn {
	return &turn{
		state: p.state, now: p.clock.Now(), delays: p.delays, terms: p.terms, account: account, keys: &p.keys, digest: p.fingerprint,
		notify: p.outbox.isAddressed(), base: p.options.URL, journal: p.journal,
	}
}

// commit notes what an act changed and takes it in; the caller holds the lock.
func (p *Processor) commit(t *turn) error {
	if t.record.isEmpty() {
		return nil
	}
	t.record.At = t.now
	lucks := p.outbox.deal(&t.record)
	at, err := p.journal.add(&t.record)
	if err != nil {
		return err
	}
	p.state.apply(&t.record, at)
	p.outbox.made(t.record.Events, lucks)
	return nil
}

// baseURL is the simulator's own origin as the asker reaches it.
func (p *Processor) baseURL(r *http.Request) string {
	if p.options.URL != "" {
		return p.options.URL
	}
	return "http://" + r.Host
}

func (p *Processor) digestOf(parts ...string) string {
	return hex.EncodeToString(p.fingerprint(parts...))
}

func send(w http.ResponseWriter, out reply) {
	h := w.Header()
	h.Set("Content-Type", out.kind)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if out.policy != "" {
		h.Set("Content-Security-Policy", out.policy)
	}
	if out.location != "" {
		h.Set("Location", out.location)
	}
	if out.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(out.status)
	w.Write(out.body)
}
