package gather_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/billfold/billfold/internal/base/gather"
)

type item struct{ n, batch int }

func TestDo_WorksOnEveryItemOnce(t *testing.T) {
	for _, lanes := range []int{1, 3} {
		var batches, now, most atomic.Int64
		g := gather.New(lanes, 8, func(_ context.Context, batch []*item) {
			if at := now.Add(1); at > most.Load() {
				most.Store(at)
			}
			defer now.Add(-1)
			if len(batch) == 0 || len(batch) > 8 {
				t.Errorf("got a batch of %d, want 1 to 8", len(batch))
			}
			of := int(batches.Add(1))
			for _, i := range batch {
				i.n++
				i.batch = of
			}
		})
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				for range 200 {
					i := &item{}
					if g.Do(t.Context(), i); i.n != 1 {
						t.Errorf("an item was worked on %d times", i.n)
					}
				}
			})
		}
		callers.Wait()
		if most.Load() > int64(lanes) {
			t.Errorf("%d batches at the same time on %d lanes", most.Load(), lanes)
		}
		if batches.Load() < 64*200/8 {
			t.Errorf("got %d batches, want at least %d", batches.Load(), 64*200/8)
		}
	}
}

func TestDo_WhatWaitsTogetherIsOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		g := gather.New(1, 100, func(_ context.Context, batch []*item) {
			sizes = append(sizes, len(batch))
			<-time.After(time.Second)
		})
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() { g.Do(t.Context(), &item{}) })
			synctest.Wait() // each comes while the first works
		}
		callers.Wait()
		if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != 9 {
			t.Errorf("got batches of %v, want the first alone and the others together", sizes)
		}
	})
}

func TestDo_AnotherLaneOpensWhenManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		g := gather.New(2, 100, func(_ context.Context, batch []*item) {
			sizes = append(sizes, len(batch))
			<-time.After(time.Second)
		})
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() { g.Do(t.Context(), &item{}) })
			synctest.Wait()
		}
		callers.Wait()
		if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != 12 || sizes[2] != 7 {
			t.Errorf("got batches of %v, want one, twelve beside it, and the rest", sizes)
		}
	})
}

func TestDo_ACallerWhoLeavesDoesNotEndTheOthersWork(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	g := gather.New(1, 8, func(ctx context.Context, batch []*item) {
		if ctx.Err() != nil {
			t.Errorf("the batch ends with a caller: %v", ctx.Err())
		}
		batch[0].n++
	})
	i := &item{}
	if g.Do(ctx, i); i.n != 1 {
		t.Error("the item was not worked on")
	}
}

func TestDo_APanicLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		g := gather.New(1, 8, func(_ context.Context, batch []*item) {
			<-time.After(time.Second)
			if first {
				first = false
				panic("broken")
			}
			for _, i := range batch {
				i.n++
			}
		})
		var callers sync.WaitGroup
		callers.Go(func() {
			defer func() { recover() }()
			g.Do(t.Context(), &item{})
		})
		synctest.Wait()
		second := &item{}
		callers.Go(func() { g.Do(t.Context(), second) })
		callers.Wait()
		if second.n != 1 {
			t.Error("who came after the panic was not served")
		}
	})
}
