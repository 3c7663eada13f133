package event

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
)

// Feed is where the journal is read and published facts are kept. Errors are of
// package fault, Unavailable when the database does not answer.
type Feed interface {
	// EventSources gives what the books hold of transactions, in no order. What
	// does not exist is left out.
	EventSources(ctx context.Context, refs []Ref) ([]Source, error)
	// InsertEvents adds facts to the end of the feed in the given order, all or
	// none, and gives how many were new. A fact that was published before keeps its
	// place.
	InsertEvents(ctx context.Context, facts []Fact) (added int, err error)
}

// Publisher carries out the relay's jobs.
type Publisher struct {
	feed Feed
}

// NewPublisher makes a publisher.
func NewPublisher(feed Feed) *Publisher { return &Publisher{feed} }

// Publish composes a batch's facts and adds those that are new to the feed. It
// may be repeated, and run on several nodes at once. A transaction that cannot
// be told does not hold its neighbours up: they are published and the error,
// Corrupt, tells of the rest.
func (p *Publisher) Publish(ctx context.Context, batch Batch) error {
	const op = "event.Publish"
	refs, err := batch.refs()
	if err != nil {
		return err
	}
	sources, err := p.feed.EventSources(ctx, refs)
	if err != nil {
		return fault.Wrap(op, err)
	}
	facts, problems := composeAll(refs, sources)
	if _, err := p.feed.InsertEvents(ctx, facts); err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, problems)
}

// composeAll makes the facts in the order of the outbox.
func composeAll(refs []Ref, sources []Source) ([]Fact, error) {
	at := make(map[Ref]*Source, len(sources))
	for i := range sources {
		t := &sources[i].Transaction
		at[Ref{t.Book, t.Seq}] = &sources[i]
	}
	facts := make([]Fact, 0, len(refs))
	var problems error
	missing := 0
	for _, ref := range refs {
		source, found := at[ref]
		if !found {
			missing++
			continue
		}
		f, err := Compose(source)
		if err != nil {
			problems = errors.Join(problems, err)
			continue
		}
		facts = append(facts, f)
	}
	if missing > 0 {
		// How many and not which: the text is logged, and a book's number is not.
		problems = errors.Join(problems, fault.New(fault.Corrupt, "", "%d transactions of the outbox are not in the journal", missing).
			WithHint("Run verify: it names the first broken row."))
	}
	return facts, problems
}
