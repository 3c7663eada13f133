package limit_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/store/storetest"
)

// behind is the one address of all of an integrator's payers.
var behind = netip.MustParseAddr("198.51.100.7")

// integrator gives what a payer of an integrator's is known by: the number, and
// the address that all of them share.
func (d *door) integrator(key string) limit.Who {
	who := d.stranger()
	return limit.Who{Number: who.Number, Key: key, Address: behind, Card: who.Card}
}

func TestKey_AnIntegratorIsLimitedByItsKeyAndNotByItsAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		var callers sync.WaitGroup
		for range 64 {
			who := d.integrator("kiosks")
			callers.Go(func() {
				v, err := d.Looked(ctx, who, true, who.Number)
				if err != nil || v.Answer != limit.Allow {
					t.Errorf("got %v and %v, want 64 at once to go", v, err)
				}
			})
		}
		callers.Wait()
		most := d.rules.Looks.Key.Most + 64/d.rules.Looks.Key.Per
		for i := range most {
			if v := d.miss(d.integrator("kiosks")); v.Answer != limit.Allow {
				t.Fatalf("miss %d: got %v, want %d to go after 64 hits", i+1, v, most)
			}
		}
		if v := d.miss(d.integrator("kiosks")); v.Answer != limit.Refuse || v.Rule != limit.KeyLooks || v.Until.IsZero() {
			t.Errorf("got %v, want the key refused", v)
		}
		if v := d.miss(d.integrator("another")); v.Answer != limit.Allow {
			t.Errorf("another key: got %v, want it to go", v)
		}
		payer := d.stranger()
		payer.Address = behind
		if v := d.look(payer); v.Answer != limit.Allow {
			t.Errorf("a payer at that address: got %v, want nothing counted against it", v)
		}
	})
}

func TestKey_CardsOfAnIntegratorAreLimitedToo(t *testing.T) {
	d := newDoor(t, storetest.Open(t, "sqlite"))
	d.rules.Cards.Key.Free, d.rules.Cards.Key.Most = 8, 8
	d.Limits = limit.New(d.Store, d.rules, d.Clock)
	refused := false
	for range 9 {
		v := d.decline(d.integrator("kiosks"))
		refused = refused || v.Rule == limit.KeyCards
	}
	if !refused {
		t.Error("nine declines of one key go, want eight")
	}
}

// writes counts what is written to a store of limits.
type writes struct {
	limit.Store
	n atomic.Int64
}

func (w *writes) TallyLimits(ctx context.Context, now time.Time, add []limit.Count, windows []limit.Window) ([]limit.Sum, error) {
	if len(add) > 0 {
		w.n.Add(1)
	}
	return w.Store.TallyLimits(ctx, now, add, windows)
}

func TestLook_WhoeverHammersAClosedDoorWritesNothing(t *testing.T) {
	d := newDoor(t, storetest.Open(t, "sqlite"))
	store := &writes{Store: d.Store}
	d.Limits = limit.New(store, d.rules, d.Clock)
	guesser := d.stranger()
	for d.miss(guesser).Answer == limit.Allow {
	}
	before := store.n.Load()
	for range 20 {
		if v := d.look(guesser); v.Answer == limit.Allow {
			t.Fatal("the door is open")
		}
	}
	if after := store.n.Load(); after != before {
		t.Errorf("hammering wrote %d times", after-before)
	}
	d.Clock.Advance(25 * time.Hour)
	if v := d.look(guesser); v.Answer != limit.Allow {
		t.Errorf("a day later: got %v, want the door open again", v)
	}
}
