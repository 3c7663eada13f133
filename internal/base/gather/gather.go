// Package gather lets callers that arrive at the same time share one piece of
// work, such as a storage transaction: while one batch is being worked on, the
// next one collects. Nobody waits for company: a caller who is alone works at
// once, and there is no goroutine behind it that must be stopped.
//
// It knows nothing of what is worked on. Start reading at Gatherer.Do.
package gather

import (
	"context"
	"sync"
)

// Gatherer makes batches of what callers want done. The zero value is not ready;
// use New.
type Gatherer[T any] struct {
	work  func(ctx context.Context, batch []T)
	lanes int // batches that may be worked on at the same time
	most  int // items in a batch

	mu      sync.Mutex
	waiting []*turn[T]
	working int
}

// turn is one caller's item on its way.
type turn[T any] struct {
	item  T
	asked bool      // to lead; each is asked once, or a lane would be lost
	next  chan bool // true: this caller leads the next batch; false: its item is done
}

// New makes a gatherer of batches of at most so many items, of which so many
// lanes are worked on at the same time. What work finds out it leaves in the
// items, which are therefore pointers; an item says that nothing was done until
// work says otherwise, for work may panic. The context of a batch is one
// caller's, without its end: a caller who leaves does not take the others' work
// along.
func New[T any](lanes, most int, work func(ctx context.Context, batch []T)) *Gatherer[T] {
	return &Gatherer[T]{work: work, lanes: lanes, most: most}
}

// Do has an item worked on, in a batch with others, and returns when that is over.
func (g *Gatherer[T]) Do(ctx context.Context, item T) {
	mine := &turn[T]{item: item, next: make(chan bool, 2)}
	g.mu.Lock()
	g.waiting = append(g.waiting, mine)
	leads := g.working == 0 || g.working < g.lanes && g.unasked() >= enough
	if leads {
		g.working++
		mine.asked = true
	}
	g.mu.Unlock()
	for {
		if !leads && !<-mine.next {
			return
		}
		if g.lead(context.WithoutCancel(ctx), mine) {
			return
		}
		leads = false // another lane has this caller's item, or it waits still
	}
}

// enough is how many must wait before another lane opens beside one that works: a
// batch costs much the same however small it is.
const enough = 12

// unasked counts those who wait and lead nothing yet.
func (g *Gatherer[T]) unasked() int {
	n := 0
	for _, t := range g.waiting {
		if !t.asked {
			n++
		}
	}
	return n
}

// lead works on the next batch and hands its lane to whoever waits then. It tells
// whether the caller's own item was in the batch.
func (g *Gatherer[T]) lead(ctx context.Context, mine *turn[T]) (done bool) {
	batch := g.take()
	items := make([]T, len(batch))
	for i, t := range batch {
		items[i] = t.item
		done = done || t == mine
	}
	defer g.end(batch, mine) // also when the work panics: nobody waits for ever
	if len(items) > 0 {
		g.work(ctx, items)
	}
	return done
}

func (g *Gatherer[T]) take() []*turn[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), g.most)
	batch := g.waiting[:n:n]
	g.waiting = append([]*turn[T](nil), g.waiting[n:]...)
	return batch
}

func (g *Gatherer[T]) end(batch []*turn[T], leader *turn[T]) {
	for _, t := range batch {
		if t != leader {
			t.next <- false
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.waiting {
		if !t.asked {
			t.asked = true
			t.next <- true
			return
		}
	}
	g.working--
}
