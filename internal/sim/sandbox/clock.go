package sandbox

import (
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
)

// eastern is the zone of the bank and the clearing house. The zone's rules are part of
// the program, so that a machine without them keeps the same hours.
var eastern = sync.OnceValues(func() (*time.Location, error) { return time.LoadLocation("America/New_York") })

// Hours of a banking day, in the bank's own zone.
const (
	returnsAt = 8 * time.Hour  // returns and late documents of the day are there
	closesAt  = 19 * time.Hour // the day's books close; what comes later is the next day's
)

// businessClock is a clock that runs ahead of another by what it was moved, or behind.
type businessClock struct {
	base clock.Clock

	mu    sync.Mutex
	ahead time.Duration
}

// Now implements clock.Clock.
func (c *businessClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Now().Add(c.ahead)
}

// to moves the clock forward to an instant and gives how far ahead it is then. Invalid
// when that is behind.
func (c *businessClock) to(at time.Time) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := at.Sub(c.base.Now().Add(c.ahead))
	if by < 0 {
		return 0, fault.New(fault.Invalid, "sandbox.Move",
			"the clock stands at %s and does not go back", at.Add(-by).Format(time.RFC3339))
	}
	c.ahead += by
	return c.ahead, nil
}

func (c *businessClock) set(ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = ahead
}

// firstDay is the banking day whose books are open at an instant.
func firstDay(at time.Time) calendar.Date {
	day := calendar.In(at, at.Location())
	if sinceMidnight(at) >= closesAt {
		day = day.AddDays(1)
	}
	for !day.IsBusinessDay() {
		day = day.AddDays(1)
	}
	return day
}

func sinceMidnight(at time.Time) time.Duration {
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
}

// on gives an hour of a day in a zone.
func on(day calendar.Date, hour time.Duration, zone *time.Location) time.Time {
	d := day.Time()
	return time.Date(d.Year(), d.Month(), d.Day(), int(hour.Hours()), 0, 0, 0, zone)
}
