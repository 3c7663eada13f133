package audit

import (
	"context"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// ErrStale is returned by Store.AppendAudit when a trail grew since its head was
// read. Nothing was written.
var ErrStale = errors.New("an audit trail grew since it was read")

// Store keeps the trail. Its methods return errors of package fault.
type Store interface {
	// AuditHeads tells where the trails of books stand; an empty one is absent.
	AuditHeads(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]Head, error)
	// AppendAudit adds entries, all or none, or fails with ErrStale.
	AppendAudit(ctx context.Context, entries []Entry) error
}

// Trail records accesses.
type Trail struct {
	store Store
	clock clock.Clock
}

// New makes a trail.
func New(store Store, clk clock.Clock) *Trail { return &Trail{store, clk} }

const (
	chunkRows  = 1000 // entries written at a time
	retriesMax = 50   // how often a chunk is chained again because a trail grew
)

// Record adds one entry to the trail of each book, or of nobody's where there
// are none. It comes before the data is given away: when it fails, the caller
// gives nothing.
func (t *Trail) Record(ctx context.Context, a Access, action Action, books ...ledger.BookNo) error {
	if err := a.Check(); err != nil {
		return err
	}
	result := Shown
	switch {
	case len(books) == 0:
		books, result = []ledger.BookNo{0}, Nobody
	case action == ChangeStanding || action == Settle:
		result = Changed
	}
	for chunk := range slices.Chunk(books, chunkRows) {
		if err := t.record(ctx, a, action, result, chunk); err != nil {
			return fault.Wrap("audit.Record", err)
		}
	}
	return nil
}

func (t *Trail) record(ctx context.Context, a Access, action Action, result Result, books []ledger.BookNo) error {
	for range retriesMax {
		heads, err := t.store.AuditHeads(ctx, books)
		if err != nil {
			return err
		}
		at := t.clock.Now()
		entries := make([]Entry, len(books))
		for i, book := range books {
			head := heads[book]
			entries[i] = head.Entry(a, action, result, book, at)
			heads[book] = head
		}
		err = t.store.AppendAudit(ctx, entries)
		if !errors.Is(err, ErrStale) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fault.New(fault.Unavailable, "audit.Record", "the audit trail moved too often; try again")
}
