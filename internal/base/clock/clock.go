// Package clock says where "now" comes from. It is the only package that may
// read the machine's time; everything else is given a Clock.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	// Now gives the current instant in UTC, to the microsecond: the precision
	// that every storage engine keeps.
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now gives the machine's time.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fixed is a clock that stands still until it is moved, for tests and stories.
type Fixed struct {
	mu  sync.Mutex
	now time.Time
}

// At makes a clock that stands at t.
func At(t time.Time) *Fixed { return &Fixed{now: t.UTC().Truncate(time.Microsecond)} }

// Now gives the time the clock stands at.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock forward by d.
func (f *Fixed) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d).Truncate(time.Microsecond)
}
