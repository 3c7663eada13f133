package cashier

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Poster groups payments that wait at the same time into one storage
// transaction, which is what makes a payment cheaper than a transaction of its
// own. While a group commits the next one gathers; a lane that is free waits for
// as many callers as the group before had, half a millisecond at most, and a
// single caller is never kept waiting. Payments for one number go to one
// lane, so that lanes seldom meet in a book; correctness does not depend on it.
type Poster struct {
	cashier *Cashier
	lanes   []chan waiting
	done    sync.WaitGroup
	mu      sync.RWMutex
	closed  bool
}

type waiting struct {
	ctx     context.Context
	in      payment.Instruction
	outcome chan<- Outcome
}

// groupMax bounds a group: above it a group's latency grows and its cost per
// payment hardly falls.
const groupMax = 64

// NewPoster starts a poster with a number of lanes: one on an engine with a
// single writer, a few where commits can overlap.
func NewPoster(c *Cashier, lanes int) *Poster {
	p := &Poster{cashier: c, lanes: make([]chan waiting, lanes)}
	for i := range p.lanes {
		p.lanes[i] = make(chan waiting, 2*groupMax)
		p.done.Go(func() { p.serve(p.lanes[i]) })
	}
	return p
}

// Post posts one payment and returns when it is durable. Errors are those of
// Cashier.Post for this instruction; Unavailable after Close. When ctx ends
// first the payment may still be posted: ask again with the same key.
func (p *Poster) Post(ctx context.Context, in payment.Instruction) (Answer, error) {
	if err := in.Validate(); err != nil {
		return Answer{}, fault.New(fault.Invalid, "cashier.Post", "%v", err)
	}
	outcome := make(chan Outcome, 1)
	if err := p.enqueue(ctx, waiting{ctx, in, outcome}); err != nil {
		return Answer{}, err
	}
	select {
	case o := <-outcome:
		return o.Answer, o.Err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

func (p *Poster) enqueue(ctx context.Context, w waiting) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return fault.New(fault.Unavailable, "cashier.Post", "the program is stopping; try again with the same key")
	}
	select {
	case p.lanes[p.lane(&w.in)] <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Poster) lane(in *payment.Instruction) int {
	number := read(in.Parts[0].Reference).number
	return int(uint64(number) % uint64(len(p.lanes)))
}

// Close posts what waits and stops.
func (p *Poster) Close() {
	p.mu.Lock()
	p.closed = true
	for _, lane := range p.lanes {
		close(lane)
	}
	p.mu.Unlock()
	p.done.Wait()
}

// lingerMax bounds how long a lane waits for the callers of the group before to
// come back. Without it callers fall into two halves that take turns, and each
// commit carries half of what it could.
const lingerMax = 500 * time.Microsecond

func (p *Poster) serve(lane chan waiting) {
	group := make([]waiting, 0, groupMax)
	expected := 1
	for first := range lane {
		group = p.gather(append(group[:0], first), lane, expected)
		p.post(group)
		// Whoever was answered may send again, beside those who wait already.
		expected = min(len(group)+len(lane), groupMax)
	}
}

// gather takes what waits, and waits itself until as many as expected are there:
// never for a single caller, and never long.
func (p *Poster) gather(group []waiting, lane chan waiting, expected int) []waiting {
	var late <-chan time.Time
	for len(group) < groupMax {
		select {
		case w, open := <-lane:
			if !open {
				return group
			}
			group = append(group, w)
			continue
		default:
		}
		if len(group) >= expected {
			return group
		}
		if late == nil {
			timer := time.NewTimer(lingerMax)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case w, open := <-lane:
			if !open {
				return group
			}
			group = append(group, w)
		case <-late:
			return group
		}
	}
	return group
}

// post posts a group; when the group fails as a whole each payment is tried by
// itself, so that one bad item never fails its neighbours.
func (p *Poster) post(group []waiting) {
	instructions := make([]payment.Instruction, len(group))
	for i := range group {
		instructions[i] = group[i].in
	}
	// The group is not any one caller's: a caller who leaves must not take the
	// others' payments along.
	ctx := context.WithoutCancel(group[0].ctx)
	outcomes, err := p.cashier.Post(ctx, instructions, nil)
	if err != nil && len(group) > 1 && !errors.Is(err, context.Canceled) {
		for i := range group {
			p.post(group[i : i+1])
		}
		return
	}
	for i := range group {
		o := Outcome{Err: err}
		if err == nil {
			o = outcomes[i]
		}
		group[i].outcome <- o
	}
}
