package processor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// Options say how a simulator is run. Dir is needed; the rest has defaults.
type Options struct {
	Dir   string      // folder of the journal and keys
	Clock clock.Clock // the machine's when nil
	Log   *slog.Logger
	// URL is how browsers reach the simulator ("http://127.0.0.1:9000"); when empty,
	// it is taken from each request.
	URL string
	// Merchant is the name that the hosted page shows; a general one when empty.
	Merchant string
	// Keys that are given here are used instead of the folder's own.
	SecretKey, WebhookSecret secret.Text
	Notify                   string // where webhooks go; "" is nowhere
	Plan                     Plan
	Delays                   Delays
	Terms                    Terms
	// Senders bounds how many webhooks are under way at once; 8 when 0. With 1 they
	// arrive in the order in which they were made.
	Senders int
	Client  *http.Client // sends webhooks; one with a time limit when nil
}

// Delays says how long things take that happen by themselves. Zeros are replaced
// by DefaultDelays.
type Delays struct {
	Approval time.Duration // from the decline to the late approval
	Refund   time.Duration // from a refund to its failure or sending
	Dispute  time.Duration // from the capture to the dispute
	Retry    time.Duration // from a webhook that was not taken to its next try; doubled each time
}

// DefaultDelays are those of a simulator that nobody tells otherwise.
var DefaultDelays = Delays{Approval: 2 * time.Minute, Refund: 5 * time.Second, Dispute: 2 * time.Second, Retry: time.Second}

// filled replaces what is missing.
func (d Delays) filled() Delays {
	for _, pair := range []struct{ have, standard *time.Duration }{
		{&d.Approval, &DefaultDelays.Approval}, {&d.Refund, &DefaultDelays.Refund},
		{&d.Dispute, &DefaultDelays.Dispute}, {&d.Retry, &DefaultDelays.Retry},
	} {
		if *pair.have == 0 {
			*pair.have = *pair.standard
		}
	}
	return d
}

// Processor is a running simulator. It serves HTTP; Run does what happens by itself.
type Processor struct {
	options Options
	keys    keys
	clock   clock.Clock
	log     *slog.Logger
	journal *journal
	dealer  *dealer
	outbox  *outbox
	pages   http.Handler // everything but /books and /control
	control http.Handler

	mu     sync.Mutex // guards what follows
	state  *state
	delays Delays
	terms  Terms
	busy   map[string]bool // idempotency keys whose first request is under way
	power  context.Context // ends when the plug is pulled
	pull   context.CancelFunc
}

// Open starts a simulator on a folder, which it makes when there is none and
// takes up where it was left otherwise. Unavailable when another one uses it,
// Corrupt when its journal cannot be read.
func Open(o Options) (*Processor, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Plan.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "processor.Open", "the data folder cannot be made: %v", err)
	}
	k, err := openKeys(o.Dir)
	if err != nil {
		return nil, err
	}
	p := &Processor{
		options: o, keys: k.with(o), clock: o.Clock, log: o.Log, state: newState(), delays: o.Delays.filled(),
		terms: o.Terms.filled(), busy: map[string]bool{}, dealer: newDealer(o.Plan, o.Clock.Now()),
	}
	p.outbox = newOutbox(p)
	if p.journal, err = openJournal(o.Dir, p.replayed); err != nil {
		return nil, err
	}
	p.power, p.pull = context.WithCancel(context.Background())
	p.pages, p.control = p.routes(), p.controlRoutes()
	return p, nil
}

// replayed takes in a record of the journal at start.
func (p *Processor) replayed(r *record, at place) error {
	p.state.apply(r, at)
	p.outbox.replayed(r)
	return nil
}

// Close ends what is under way and closes the journal.
func (p *Processor) Close() error {
	p.Unplug()
	return p.journal.close()
}

// PublishableKey is what a browser may know.
func (p *Processor) PublishableKey() string { return p.keys.Publishable }

// SecretKey is what a client signs in with.
func (p *Processor) SecretKey() secret.Text { return secret.New(p.keys.Secret) }

// WebhookSecret is what webhooks are signed with.
func (p *Processor) WebhookSecret() secret.Text { return secret.New(p.keys.Webhook) }

// Books sums up the simulator's own books.
func (p *Processor) Books() Books { return summed(p.Entries(), "") }

// Entries gives every entry of the books in the order in which they were made.
func (p *Processor) Entries() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Entry(nil), p.state.entries...)
}

// SetPlan puts another fault plan in force. Invalid when it is not well formed.
func (p *Processor) SetPlan(plan Plan) error {
	if err := plan.check(); err != nil {
		return err
	}
	p.dealer.set(plan, p.clock.Now())
	return nil
}

// Unplug pulls the plug: what is under way is cut off, whatever is asked is cut
// off, and nothing is sent. What was done stays done.
func (p *Processor) Unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pull()
}

// PlugIn ends an Unplug.
func (p *Processor) PlugIn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.power.Err() != nil {
		p.power, p.pull = context.WithCancel(context.Background())
	}
}

// powered gives the context that ends when the plug is pulled.
func (p *Processor) powered() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.power
}

// ServeHTTP answers clients, browsers, auditors and tests.
func (p *Processor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/books" || strings.HasPrefix(r.URL.Path, "/books/") || strings.HasPrefix(r.URL.Path, "/control/") {
		p.control.ServeHTTP(w, r)
		return
	}
	power := p.powered()
	if power.Err() != nil {
		cut(w)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(power, cancel)()
	p.pages.ServeHTTP(w, r.WithContext(ctx))
}

// cut ends a connection instead of answering. It sends the beginning of a status
// line first: a Go client sends a request again by itself when a connection that
// it used before ends without one byte, and then the loss would not show.
func cut(w http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	buffered.WriteString("HTTP/1.1 ")
	buffered.Flush()
	conn.Close()
}

// workEvery is how often Run looks for what is due.
const workEvery = 25 * time.Millisecond

// Run does what happens by itself, until ctx ends: late approvals, failing
// refunds, disputes, expiries, and webhooks.
func (p *Processor) Run(ctx context.Context) {
	var parts sync.WaitGroup
	for _, work := range []func(context.Context){p.Settle, p.Notify} {
		parts.Go(func() {
			tick := time.NewTicker(workEvery)
			defer tick.Stop()
			for {
				work(ctx)
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	parts.Wait()
}

// fingerprint is the keyed digest by which cards and requests are told apart.
// Without a key, all card numbers could be tried.
func (p *Processor) fingerprint(parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(p.keys.Fingerprint))
	for _, part := range parts {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return mac.Sum(nil)
}
