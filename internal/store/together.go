package store

import (
	"context"
	"errors"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
)

// collected are the statements that would have been written one by one.
type collected struct {
	mu    sync.Mutex
	bulks []*bulk     // under mu
	days  []postedDay // of what was posted, under mu
}

type collectedKey struct{}

// collecting is an engine that gathers what is written under a context of Together.
type collecting struct{ engine }

// write implements engine.
func (c collecting) write(ctx context.Context, bulks ...*bulk) error {
	if into, ok := ctx.Value(collectedKey{}).(*collected); ok {
		into.mu.Lock()
		defer into.mu.Unlock()
		into.bulks = append(into.bulks, bulks...)
		return nil
	}
	return c.engine.write(ctx, bulks...)
}

// writeOpen implements engine.
func (c collecting) writeOpen(ctx context.Context, days []postedDay, bulks ...*bulk) error {
	into, ok := ctx.Value(collectedKey{}).(*collected)
	if !ok {
		return c.engine.writeOpen(ctx, days, bulks...)
	}
	into.mu.Lock()
	defer into.mu.Unlock()
	into.bulks = append(into.bulks, bulks...)
	for _, d := range days {
		into.days = withDay(into.days, d.entity, d.day)
	}
	return nil
}

// Together runs many small acts and writes what they decided in one transaction, all or
// none: a commit of its own for each would wait for the disk as often. An act does not
// see what others of the same call decided; where two touch one row, or a row moved
// meanwhile, it is Conflict, nothing is kept, and the caller does them one by one. Acts
// may be meant only that write guarded by what they read; they may run side by side.
func (s *Store) Together(ctx context.Context, acts func(ctx context.Context) error) error {
	const op = "store.Together"
	var all collected
	if err := acts(context.WithValue(ctx, collectedKey{}, &all)); err != nil {
		return err
	}
	if len(all.bulks) == 0 {
		return nil
	}
	err := s.engine.writeOpen(ctx, all.days, joined(all.bulks)...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "two acts touch one row, or a row moved meanwhile")
	}
	return fault.Wrap(op, err)
}

// joined puts rows of the same statement together, in the order in which each statement
// first came.
func joined(bulks []*bulk) []*bulk {
	var out []*bulk
	first := map[string]*bulk{}
	for _, b := range bulks {
		key := b.table + " " + b.names() + " " + b.taken
		if b.update {
			key = "update " + key
		}
		into, ok := first[key]
		if !ok || into.keys != b.keys || into.guards != b.guards || into.known != b.known {
			first[key] = b
			out = append(out, b)
			continue
		}
		into.append(b)
	}
	return out
}

// append adds the rows of another bulk of the same statement.
func (b *bulk) append(o *bulk) {
	for i := range b.cols {
		b.cols[i].ints = append(b.cols[i].ints, o.cols[i].ints...)
		b.cols[i].texts = append(b.cols[i].texts, o.cols[i].texts...)
		b.cols[i].blobs = append(b.cols[i].blobs, o.cols[i].blobs...)
	}
	b.rows += o.rows
}

// insert implements inserter.
func (c collecting) insert(ctx context.Context, tx execer, b *bulk) error {
	into, ok := c.engine.(inserter)
	if !ok {
		return fault.New(fault.Internal, "store.insert", "%s takes no archive", c.engine.name())
	}
	return into.insert(ctx, tx, b)
}
