package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/store"
)

// How long figures are kept: at least keepMin, and costShare times as long as it
// took to count them, so that however large the books and many the readers,
// counting takes at most a twentieth of the time.
const (
	keepMin   = 2 * time.Second
	costShare = 20
	countMax  = 10 * time.Second // a count that takes longer is given up
)

// figures counts the overview for all readers at once.
type figures struct {
	source Source
	house  House
	clock  clock.Clock
	log    *slog.Logger

	mu      sync.Mutex // held while counting: whoever comes meanwhile gets that count
	latest  store.Overview
	counted bool
	failed  error     // of the last count
	again   time.Time // when to count again
}

func newFigures(o Options) *figures {
	return &figures{source: o.Source, house: o.House, clock: o.Clock, log: o.Log}
}

// now gives the figures, at most a few seconds old on a small installation. When
// counting fails it gives the last that were counted, which say their time; the
// error is for when there are none.
func (f *figures) now(ctx context.Context) (store.Overview, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	began := f.clock.Now()
	if began.Before(f.again) {
		return f.have()
	}
	// The count is for everybody, so it outlives the reader who caused it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countMax)
	defer cancel()
	today := map[chart.EntityNo]calendar.Date{}
	for _, fund := range chart.Funds() {
		entity := f.house.PurseOf(fund).Entity
		today[entity] = f.house.PostingDay(entity)
	}
	counted, err := f.source.Overview(ctx, today)
	if f.failed = err; err == nil {
		f.latest, f.counted = counted, true
	} else {
		f.log.Warn("the overview cannot be counted", "error", err)
	}
	ended := f.clock.Now()
	f.again = ended.Add(max(keepMin, costShare*ended.Sub(began)))
	return f.have()
}

func (f *figures) have() (store.Overview, error) {
	if f.counted {
		return f.latest, nil
	}
	return store.Overview{}, f.failed
}
