package checkout

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

const (
	// sweepFirst is how far back the first sweep of a merchant looks: as long as
	// processors keep what happened.
	sweepFirst = 30 * 24 * time.Hour
	// sweepAgain is how far before the last that was seen a sweep begins: a processor
	// may list what happened a little late, and not in order.
	sweepAgain = 10 * time.Minute
)

// Sweep asks the processor what happened to refunds and disputes since the last
// sweep, and follows it as if its notices had come: somebody may have refunded at
// the processor's own dashboard while we could not be reached. What was followed
// before does nothing again. It tells how much was followed; what could not be is
// logged and asked for again by the next sweep, for as long as the horizon.
func (d *Desk) Sweep(ctx context.Context) (int, error) {
	followed := 0
	var failed []error
	for _, merchant := range d.merchants.MerchantIDs() {
		n, err := d.sweep(ctx, merchant)
		followed += n
		failed = append(failed, err)
	}
	return followed, fault.Wrap("checkout.Sweep", errors.Join(failed...))
}

func (d *Desk) sweep(ctx context.Context, merchant string) (followed int, err error) {
	seen, err := d.store.SweptTo(ctx, merchant)
	if err != nil {
		return 0, err
	}
	since := seen.Add(-sweepAgain)
	if seen.IsZero() {
		since = d.clock.Now().Add(-sweepFirst)
	}
	notices, err := d.processor.PastNotices(ctx, merchant, since)
	if err != nil || len(notices) == 0 {
		return 0, err
	}
	to, held := notices[len(notices)-1].At, d.clock.Now().Add(-d.o.Horizon)
	done := map[Notice]bool{}
	for _, n := range notices {
		same := Notice{Kind: n.Kind, Charge: n.Charge, Subject: n.Subject}
		if done[same] {
			continue // how it stands now was asked already
		}
		done[same] = true
		if err := d.Notice(ctx, n); err != nil {
			d.o.Log.Error("what happened at the processor could not be followed", "notice", n.ID, "kind", string(n.Kind), "error", err)
			if n.At.Before(to) && n.At.After(held) {
				to = n.At
			}
			continue
		}
		followed++
	}
	return followed, d.store.SaveSwept(ctx, merchant, to)
}
