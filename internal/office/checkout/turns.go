package checkout

import (
	"context"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
)

// turns lets one worker of this process at a time work on an attempt. It spares
// the others their work and the payer an answer that is already old; what keeps
// processes apart, and a crash harmless, is the version in the store.
type turns struct {
	mu    sync.Mutex
	taken map[ident.Opaque]chan struct{} // closed when the turn ends
}

// take gives the turn on an attempt and what ends it. It waits for another's
// turn to end, but not longer than wait and not longer than ctx.
func (t *turns) take(ctx context.Context, id ident.Opaque, wait time.Duration) (end func(), ok bool) {
	var late <-chan time.Time
	for {
		ended := t.try(id)
		if ended == nil {
			return func() { t.end(id) }, true
		}
		if wait <= 0 {
			return nil, false
		}
		if late == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-ended:
		case <-late:
			return nil, false
		case <-ctx.Done():
			return nil, false
		}
	}
}

// try takes a turn that is free, else it gives what tells its end.
func (t *turns) try(id ident.Opaque) (ended <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ended, busy := t.taken[id]; busy {
		return ended
	}
	if t.taken == nil {
		t.taken = map[ident.Opaque]chan struct{}{}
	}
	t.taken[id] = make(chan struct{})
	return nil
}

func (t *turns) end(id ident.Opaque) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.taken[id])
	delete(t.taken, id)
}
