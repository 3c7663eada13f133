package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Batch is the work of one job: the transactions whose facts are to be
// published. Column by column it is half as long as a list of pairs. It names
// books by number and stays in the installation's own database.
type Batch struct {
	Books []ledger.BookNo `json:"books"`
	Seqs  []int64         `json:"seqs"` // as many as Books
}

// Kind names the job.
func (Batch) Kind() string { return "event.publish" }

func batchOf(refs []Ref) Batch {
	b := Batch{Books: make([]ledger.BookNo, len(refs)), Seqs: make([]int64, len(refs))}
	for i, r := range refs {
		b.Books[i], b.Seqs[i] = r.Book, r.Seq
	}
	return b
}

func (b Batch) refs() ([]Ref, error) {
	if len(b.Books) != len(b.Seqs) {
		return nil, fault.New(fault.Corrupt, "event.Publish", "a batch names %d books and %d sequence numbers", len(b.Books), len(b.Seqs))
	}
	refs := make([]Ref, len(b.Books))
	for i := range refs {
		refs[i] = Ref{b.Books[i], b.Seqs[i]}
	}
	return refs, nil
}

// Outbox is where posting leaves what is to be published. Errors are of package
// fault, Unavailable when the database does not answer.
type Outbox interface {
	// TakeOutbox lists up to most waiting transactions, the oldest first. They
	// stay until they are dropped, and another node may list them too.
	TakeOutbox(ctx context.Context, most int) ([]Ref, error)
	// DropOutbox removes transactions; those that are gone do not matter.
	DropOutbox(ctx context.Context, refs []Ref) error
}

// Options says how a relay works.
type Options struct {
	Batch int           // transactions per job, at most; 0 means 500
	Every time.Duration // how often to look without being woken; 0 means a second
	// Rest is the pause between batches; 0 means 100 ms. New rows gather in it
	// instead of making a job each, and what a big file left drains at a pace that
	// leaves the database to posting.
	Rest time.Duration
	Log  *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Batch == 0 {
		o.Batch = 500
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Rest == 0 {
		o.Rest = 100 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Relay moves transactions from the outbox to durable jobs. Any number of them
// may run over one database.
type Relay struct {
	outbox  Outbox
	enqueue func(ctx context.Context, batch Batch) error
	options Options
	wake    chan struct{}
}

// NewRelay makes a relay. Enqueue makes the batch's job durable before it
// returns, and makes no second one while a job of the same content is known.
func NewRelay(outbox Outbox, enqueue func(ctx context.Context, batch Batch) error, o Options) *Relay {
	return &Relay{outbox: outbox, enqueue: enqueue, options: o.withDefaults(), wake: make(chan struct{}, 1)}
}

// Wake tells a running relay that something was posted. It never waits.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Once relays one batch and gives its size; 0 says that the outbox is empty.
// The job is durable before the rows are dropped, so cut short in between it
// relays the same rows again, which publishes nothing twice.
func (r *Relay) Once(ctx context.Context) (int, error) {
	refs, err := r.outbox.TakeOutbox(ctx, r.options.Batch)
	if err != nil || len(refs) == 0 {
		return 0, fault.Wrap("event.Once", err)
	}
	if err := r.enqueue(ctx, batchOf(refs)); err != nil {
		return 0, fault.Wrap("event.Once", err)
	}
	if err := r.outbox.DropOutbox(ctx, refs); err != nil {
		return 0, fault.Wrap("event.Once", err)
	}
	return len(refs), nil
}

// Run relays until ctx ends. Failures are logged and tried again: nothing is
// lost while the outbox holds it.
func (r *Relay) Run(ctx context.Context) {
	poll := time.NewTicker(r.options.Every)
	defer poll.Stop()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
		}
		n, err := r.Once(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			r.options.Log.ErrorContext(ctx, "events wait in the outbox and are tried again", "error", err)
		}
		if n < r.options.Batch { // what is posted meanwhile gathers
			select {
			case <-ctx.Done():
				return
			case <-poll.C:
			case <-r.wake:
			}
		}
		rest.Reset(r.options.Rest)
	}
}
