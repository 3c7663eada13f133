package event_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// The figures of docs/adr/0007-event-relay-and-jobs.md come from here:
//
//	go test -run '^$' -bench Drain -benchtime 1000000x ./internal/office/event
//	go test -run '^$' -bench PostingBeside -benchtime 30000x ./internal/office/event

// backlog posts n payments in groups, as a file's posting does.
func backlog(b *testing.B, o *storetest.Office, numbers []billpay.Number, n int) {
	b.Helper()
	const perGroup = 500
	for from := 0; from < n; from += perGroup {
		group := make([]payment.Instruction, 0, perGroup)
		for i := from; i < min(n, from+perGroup); i++ {
			group = append(group, instruction(o, fmt.Sprint("backlog-", i), numbers[i%len(numbers)].Digits()))
		}
		if _, err := o.Cashier.Post(context.Background(), group, nil); err != nil {
			b.Fatal(err)
		}
		o.Clock.Advance(time.Microsecond)
	}
}

// runRelay relays into q until the returned function is called.
func runRelay(b *testing.B, o *storetest.Office, q *job.Queue) (relay *event.Relay, stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if err := q.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	relay = event.NewRelay(o.Store, enqueueTo(q), event.Options{})
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx) })
	return relay, func() {
		cancel()
		running.Wait()
		if err := q.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkDrain publishes b.N payments that a file left in the outbox.
func BenchmarkDrain(b *testing.B) {
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			o := storetest.Open(b, engine)
			backlog(b, o, members(b, o, max(500, b.N/10)), b.N)
			jobDone := make(chan struct{}, b.N)
			q := openQueue(b, o, func() { jobDone <- struct{}{} })
			b.ResetTimer()
			_, stop := runRelay(b, o, q)
			for last := event.Position(0); int(last) < b.N; {
				<-jobDone
				last += event.Position(publishedAfter(b, o, last))
			}
			b.StopTimer()
			stop()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}

func publishedAfter(b *testing.B, o *storetest.Office, last event.Position) int {
	b.Helper()
	facts, err := o.Store.Events(context.Background(), last, 1000)
	if err != nil {
		b.Fatal(err)
	}
	return len(facts)
}

// members opens n billing accounts, some at a time.
func members(b *testing.B, o *storetest.Office, n int) []billpay.Number {
	b.Helper()
	var all []billpay.Number
	for len(all) < n {
		all = append(all, o.Members(b, min(5000, n-len(all)))...)
	}
	return all
}

// BenchmarkPostingBeside shows what the relay and its jobs do to online posting:
// b.N payments of 64 callers, while a backlog drains beside them.
func BenchmarkPostingBeside(b *testing.B) {
	for _, tc := range []struct {
		name   string
		engine string
		open   func(b *testing.B, o *storetest.Office) *job.Queue // nil for no relay
	}{
		{"sqlite/no relay", "sqlite", nil},
		{"sqlite/jobs in a file of their own", "sqlite", quietQueue},
		{"sqlite/jobs in the books' file", "sqlite", queueInBooksFile},
		{"postgres/no relay", "postgres", nil},
		{"postgres/jobs in a pool of their own", "postgres", quietQueue},
	} {
		b.Run(tc.name, func(b *testing.B) {
			o := storetest.Open(b, tc.engine)
			numbers := members(b, o, 5000)
			backlog(b, o, numbers, 2*b.N)
			wake, stop := func() {}, func() {}
			if tc.open != nil {
				var relay *event.Relay
				relay, stop = runRelay(b, o, tc.open(b, o))
				wake = relay.Wake
			}
			b.ResetTimer()
			latencies := online(b, o, numbers, wake)
			b.StopTimer()
			stop()
			slices.Sort(latencies)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(latencies[len(latencies)-1].Microseconds())/1000, "max-ms")
			left, err := o.Store.TakeOutbox(context.Background(), 4*b.N)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(left)), "left-in-outbox")
		})
	}
}

func quietQueue(b *testing.B, o *storetest.Office) *job.Queue { return openQueue(b, o, func() {}) }

// online posts b.N payments from 64 callers and gives how long each waited.
func online(b *testing.B, o *storetest.Office, numbers []billpay.Number, wake func()) []time.Duration {
	b.Helper()
	lanes := 1
	if o.DSN != "" {
		lanes = 4
	}
	poster := cashier.NewPoster(o.Cashier, lanes)
	defer poster.Close()
	latencies := make([]time.Duration, b.N)
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				start := clock.System{}.Now()
				_, err := poster.Post(context.Background(), instruction(o, fmt.Sprint("online-", i), numbers[i%int64(len(numbers))].Digits()))
				if err != nil {
					b.Error(err)
				}
				latencies[i] = clock.System{}.Now().Sub(start)
				wake()
			}
		})
	}
	callers.Wait()
	return latencies
}

// queueInBooksFile is the arrangement that was measured and not chosen.
func queueInBooksFile(b *testing.B, o *storetest.Office) *job.Queue {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, store.DatabaseFile)+
		"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := migrator.Migrate(context.Background(), rivermigrate.DirectionUp, nil); err != nil {
		b.Fatal(err)
	}
	workers := job.NewWorkers()
	if err := job.Register(workers, event.NewPublisher(o.Store).Publish); err != nil {
		b.Fatal(err)
	}
	q, err := job.New(job.Database[*sql.Tx]{Driver: driver, Poll: true, Close: db.Close}, workers, job.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { q.Close() })
	return q
}
