package registry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
)

// However long the look-ups took, the answer comes at a moment that does not say.
func TestHold_AnswersAtFixedMoments(t *testing.T) {
	for took, after := range map[time.Duration]time.Duration{
		0: missMoment, time.Microsecond: missMoment, 3 * time.Millisecond: missMoment, missMoment - time.Microsecond: missMoment,
		missMoment: 2 * missMoment, missMoment + time.Millisecond: 2 * missMoment, 5*missMoment + 123*time.Millisecond: 6 * missMoment,
	} {
		synctest.Test(t, func(t *testing.T) {
			began := clock.System{}.Now()
			holdUntilMoment(clock.System{})(context.Background(), began.Add(-took))
			got := clock.System{}.Now().Sub(began) + took
			if got != after {
				t.Errorf("look-ups of %v are answered after %v, want %v", took, got, after)
			}
		})
	}
}

func TestHold_EndsWithItsCaller(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	leave()
	began := clock.System{}.Now()
	holdUntilMoment(clock.At(began))(ctx, began)
	took := clock.System{}.Now().Sub(began)
	if took >= missMoment {
		t.Errorf("a caller who left was held for %v", took)
	}
}
