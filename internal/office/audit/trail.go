package audit

import (
	"context"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/gather"
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

// Trail records accesses. What several callers record at the same time shares a
// transaction.
type Trail struct {
	store   Store
	clock   clock.Clock
	records *gather.Gatherer[*record]
}

// record is what one caller records.
type record struct {
	access Access
	action Action
	result Result
	books  []ledger.BookNo
	head   *Head // of the only book, where the caller has read it
	err    error
}

var errNotRecorded = fault.New(fault.Internal, "audit.Record", "the access was not recorded")

// New makes a trail.
func New(store Store, clk clock.Clock) *Trail {
	t := &Trail{store: store, clock: clk}
	t.records = gather.New(lanes, callersMax, t.recordTogether)
	return t
}

const (
	chunkRows  = 1000 // entries that one caller has written at a time
	callersMax = 64   // callers that share a transaction at most
	lanes      = 3    // transactions that may be under way: the disk syncs them together
	retriesMax = 50   // how often entries are chained again because a trail grew
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
	case action == ChangeStanding || action == Settle || action == Enrol || action == StaffChange:
		result = Changed
	case action == StaffRefused:
		result = Refused
	}
	for chunk := range slices.Chunk(books, chunkRows) {
		r := &record{access: a, action: action, result: result, books: chunk, err: errNotRecorded}
		t.records.Do(ctx, r)
		if r.err != nil {
			return fault.Wrap("audit.Record", r.err)
		}
	}
	return nil
}

// RecordAfter is Record for one book whose head the caller has just read with the
// record itself, which saves a look-up.
func (t *Trail) RecordAfter(ctx context.Context, a Access, action Action, book ledger.BookNo, head Head) error {
	if err := a.Check(); err != nil {
		return err
	}
	r := &record{access: a, action: action, result: Shown, books: []ledger.BookNo{book}, head: &head, err: errNotRecorded}
	t.records.Do(ctx, r)
	return fault.Wrap("audit.Record", r.err)
}

// recordTogether records for several callers, each by itself when they cannot together.
func (t *Trail) recordTogether(ctx context.Context, batch []*record) {
	err := t.record(ctx, batch)
	if err != nil && len(batch) > 1 {
		for i := range batch {
			t.recordTogether(ctx, batch[i:i+1])
		}
		return
	}
	for _, r := range batch {
		r.err = err
	}
}

func (t *Trail) record(ctx context.Context, batch []*record) error {
	for try := range retriesMax {
		heads, err := t.heads(ctx, batch, try == 0)
		if err != nil {
			return err
		}
		at := t.clock.Now()
		var entries []Entry
		for _, r := range batch {
			for _, book := range r.books {
				head := heads[book]
				entries = append(entries, head.Entry(r.access, r.action, r.result, book, at))
				heads[book] = head
			}
		}
		err = t.store.AppendAudit(ctx, entries)
		if !errors.Is(err, ErrStale) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "audit.Record", "the audit trail moved too often; try again")
}

// heads gives where the trails of a batch's books stand. What callers have read is
// trusted at the first try: if it is old, the entries do not follow and are refused.
func (t *Trail) heads(ctx context.Context, batch []*record, trust bool) (map[ledger.BookNo]Head, error) {
	known := map[ledger.BookNo]Head{}
	var books []ledger.BookNo
	for _, r := range batch {
		if trust && r.head != nil {
			known[r.books[0]] = *r.head
			continue
		}
		books = append(books, r.books...)
	}
	if len(books) == 0 {
		return known, nil
	}
	heads, err := t.store.AuditHeads(ctx, books)
	for book, head := range known {
		if _, read := heads[book]; !read && err == nil {
			heads[book] = head
		}
	}
	return heads, err
}
