package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// jobs is a queue for tests that stop between the steps: it keeps batches until
// they are told to run, and makes no twins.
type jobs struct {
	mu    sync.Mutex
	known map[string]event.Batch
}

func (j *jobs) enqueue(_ context.Context, b event.Batch) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	key, err := json.Marshal(b)
	if j.known == nil {
		j.known = map[string]event.Batch{}
	}
	j.known[string(key)] = b
	return err
}

// run carries out every batch that was ever enqueued, as a queue may.
func (j *jobs) run(t *testing.T, s *store.Store) {
	t.Helper()
	for _, b := range j.known {
		if err := event.NewPublisher(s).Publish(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
}

// instruction is a premium payment of a dollar for a reference.
func instruction(o *storetest.Office, key, reference string) payment.Instruction {
	return payment.Instruction{
		Key: ident.Key(key), Rail: payment.Lockbox, Amount: 100, Received: calendar.In(storetest.Start, time.UTC),
		Actor: ident.Actor{Kind: ident.System, Name: "import"}, Source: o.Till,
		Parts: []payment.Part{{
			Reference: reference, Amount: 100, Received: chart.Purse{Entity: 1, Fund: chart.Premium},
			Details: suspense.Details{Reference: reference, PayerName: "Wilhelmina Quackenbush", Source: "batch 1 item 77031"},
		}},
	}
}

// post posts n payments to as many members and gives their transactions.
func post(t testing.TB, o *storetest.Office, n int) []event.Ref {
	t.Helper()
	var group []payment.Instruction
	for i, no := range o.Members(t, n) {
		group = append(group, instruction(o, fmt.Sprint("pay-", i), no.Digits()))
	}
	outcomes, err := o.Cashier.Post(context.Background(), group, nil)
	if err != nil {
		t.Fatal(err)
	}
	refs := make([]event.Ref, n)
	for i, each := range outcomes {
		if each.Err != nil {
			t.Fatal(each.Err)
		}
		refs[i] = event.Ref{Book: each.Answer.Parts[0].Book, Seq: each.Answer.Parts[0].Seq}
	}
	return refs
}

// checkPublished demands that exactly the wanted transactions are in the feed.
func checkPublished(t *testing.T, s *store.Store, want []event.Ref) {
	t.Helper()
	facts, err := s.Events(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[event.Ref]int{}
	for i, f := range facts {
		seen[f.Ref]++
		if f.Position != event.Position(i+1) {
			t.Errorf("fact %d has position %d", i+1, f.Position)
		}
	}
	for _, ref := range want {
		if seen[ref] != 1 {
			t.Errorf("transaction %v was published %d times, want once", ref, seen[ref])
		}
	}
	if len(facts) != len(want) {
		t.Errorf("%d facts were published, want %d", len(facts), len(want))
	}
	if left, err := s.TakeOutbox(t.Context(), 1); err != nil || len(left) != 0 {
		t.Errorf("the outbox still holds %v, %v", left, err)
	}
}

func drain(t *testing.T, r *event.Relay) {
	t.Helper()
	for {
		n, err := r.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

var errKilled = errors.New("the process died here")

// dying is an outbox or a queue whose process dies at a step.
type dying struct {
	*store.Store
	beforeDrop, afterDrop bool
}

func (d dying) DropOutbox(ctx context.Context, refs []event.Ref) error {
	if d.beforeDrop {
		return errKilled
	}
	if err := d.Store.DropOutbox(ctx, refs); err != nil {
		return err
	}
	if d.afterDrop {
		return errKilled
	}
	return nil
}

func TestRelay_KilledBetweenTheSteps(t *testing.T) {
	for _, tc := range []struct {
		name    string
		outbox  func(s *store.Store) event.Outbox
		enqueue func(j *jobs) func(context.Context, event.Batch) error
		between func(t *testing.T, j *jobs, s *store.Store) // after the death, before the next start
	}{
		{
			name:   "before the job is durable",
			outbox: func(s *store.Store) event.Outbox { return s },
			enqueue: func(*jobs) func(context.Context, event.Batch) error {
				return func(context.Context, event.Batch) error { return errKilled }
			},
		},
		{
			name:   "after the job is durable and before its answer",
			outbox: func(s *store.Store) event.Outbox { return s },
			enqueue: func(j *jobs) func(context.Context, event.Batch) error {
				return func(ctx context.Context, b event.Batch) error { return errors.Join(j.enqueue(ctx, b), errKilled) }
			},
		},
		{
			name:   "between the job and the outbox",
			outbox: func(s *store.Store) event.Outbox { return dying{Store: s, beforeDrop: true} },
		},
		{
			name:    "between the job and the outbox, and the job ran meanwhile",
			outbox:  func(s *store.Store) event.Outbox { return dying{Store: s, beforeDrop: true} },
			between: func(t *testing.T, j *jobs, s *store.Store) { j.run(t, s) },
		},
		{
			name:   "between the job and the outbox, and the queue forgot the finished job",
			outbox: func(s *store.Store) event.Outbox { return dying{Store: s, beforeDrop: true} },
			between: func(t *testing.T, j *jobs, s *store.Store) {
				j.run(t, s)
				j.known = nil
			},
		},
		{
			name:   "after the outbox was cleared",
			outbox: func(s *store.Store) event.Outbox { return dying{Store: s, afterDrop: true} },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o *storetest.Office) {
				want := post(t, o, 5)
				queue := &jobs{}
				enqueue := queue.enqueue
				if tc.enqueue != nil {
					enqueue = tc.enqueue(queue)
				}
				_, err := event.NewRelay(tc.outbox(o.Store), enqueue, event.Options{Batch: 3}).Once(t.Context())
				if !errors.Is(err, errKilled) {
					t.Fatalf("got %v, want the death", err)
				}
				if tc.between != nil {
					tc.between(t, queue, o.Store)
				}
				// Other batches than before, as when older news commits late.
				drain(t, event.NewRelay(o.Store, queue.enqueue, event.Options{Batch: 2}))
				queue.run(t, o.Store)
				queue.run(t, o.Store)
				checkPublished(t, o.Store, want)
			})
		})
	}
}

func TestRelay_ManyNodes(t *testing.T) {
	o := storetest.Open(t, "postgres")
	want := post(t, o, 60)
	queue := &jobs{}
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			relay := event.NewRelay(o.Store, queue.enqueue, event.Options{Batch: 7})
			for n := 1; n > 0; {
				var err error
				if n, err = relay.Once(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	nodes.Wait()
	for _, b := range queue.known {
		for range 2 {
			nodes.Go(func() {
				if err := event.NewPublisher(o.Store).Publish(context.Background(), b); err != nil {
					t.Error(err)
				}
			})
		}
	}
	nodes.Wait()
	checkPublished(t, o.Store, want)
}

func TestPublish_WhatCannotBeToldHoldsNobodyUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		refs := post(t, o, 2)
		batch := event.Batch{Books: []ledger.BookNo{refs[0].Book, 483920175563, refs[1].Book}, Seqs: []int64{refs[0].Seq, 44, refs[1].Seq}}
		err := event.NewPublisher(o.Store).Publish(t.Context(), batch)
		if fault.KindOf(err) != fault.Corrupt || strings.Contains(err.Error(), "483920175563") {
			t.Errorf("got %v, want a corrupt one that names no number", err)
		}
		if err := o.Store.DropOutbox(t.Context(), refs); err != nil {
			t.Fatal(err)
		}
		checkPublished(t, o.Store, refs)
	})
}

func TestPublish_BrokenBatch(t *testing.T) {
	err := event.NewPublisher(nil).Publish(t.Context(), event.Batch{Books: []ledger.BookNo{5}})
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("got %v, want a corrupt one", err)
	}
}

// Every kind of act, with numbers, names and references that would be seen.
func TestPublish_NoNumberNameOrReferenceLeaves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		numbers := o.Members(t, 2)
		references := []string{numbers[0].Digits(), numbers[1].Grouped(), "Quackenbush rent", "999999999999"}
		var group []payment.Instruction
		for i, reference := range references {
			group = append(group, instruction(o, "cheque:77031-"+fmt.Sprint(i), reference))
		}
		card := instruction(o, "charge:77031", references[0])
		card.Rail = payment.Card
		outcomes, err := o.Cashier.Post(t.Context(), append(group, card), nil)
		if err != nil {
			t.Fatal(err)
		}
		part := func(i int) cashier.Ref {
			p := outcomes[i].Answer.Parts[0]
			return cashier.Ref{Book: p.Book, Seq: p.Seq}
		}
		order := func(key string) cashier.Order {
			return cashier.Order{Key: ident.Key(key), Actor: ident.Actor{Kind: ident.Staff, Name: "wquack"}, Reason: "Wilhelmina rang"}
		}
		target := cashier.Target{Reference: numbers[1].Digits()}
		_, released := o.Cashier.Release(t.Context(), order("release"), part(2), 0, target)
		_, moved := o.Cashier.Move(t.Context(), order("move"), part(0), target)
		_, reversed := o.Cashier.Reverse(t.Context(), order("reverse"), part(1))
		if err := errors.Join(released, moved, reversed, wayBack(t, o, part(len(group)), order)); err != nil {
			t.Fatal(err)
		}
		queue := &jobs{}
		drain(t, event.NewRelay(o.Store, queue.enqueue, event.Options{}))
		queue.run(t, o.Store)
		facts, err := o.Store.Events(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []ledger.Event
		for _, f := range facts {
			kinds = append(kinds, f.Type)
			text, err := json.Marshal(f.Fact)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range append(references, numbers[1].Digits(), "Quackenbush", "Wilhelmina", "wquack", "77031") {
				if strings.Contains(string(text), secret) {
					t.Errorf("%q leaves in %s", secret, text)
				}
			}
			if account := f.Account != ""; account == f.Ref.Book.IsOperating() {
				t.Errorf("a fact of book %d names the account %q", f.Ref.Book, f.Account)
			}
			if !strings.Contains(string(f.Data), `"payment":"`) {
				t.Errorf("%s does not say which payment it concerns: %s", f.Type, f.Data)
			}
		}
		for _, kind := range []ledger.Event{
			chart.PaymentReceived, chart.PaymentSuspended, chart.SuspenseReleased, chart.PaymentPlaced, chart.PaymentMovedOut,
			chart.PaymentReceived + ".reversed", chart.PaymentRefunded, chart.RefundSent, chart.RefundReturned,
			chart.RefundCancelled, chart.PaymentDisputed, chart.DisputeWon,
		} {
			if !slices.Contains(kinds, kind) {
				t.Errorf("no fact is %q among %v", kind, kinds)
			}
		}
	})
}

// wayBack refunds a part, gives the refund up after it came back, and disputes
// the part until the dispute is won.
func wayBack(t *testing.T, o *storetest.Office, part cashier.Ref, order func(string) cashier.Order) error {
	ctx := t.Context()
	refund, taken := o.Cashier.Refund(ctx, order("refund"), part, 10)
	_, sent := o.Cashier.RefundSent(ctx, order("sent"), refund.ID)
	_, failed := o.Cashier.RefundFailed(ctx, order("failed"), refund.ID)
	_, cancelled := o.Cashier.RefundCancelled(ctx, order("cancelled"), refund.ID)
	dispute, disputed := o.Cashier.Dispute(ctx, order("dispute"), part, 0)
	_, won := o.Cashier.DisputeWon(ctx, order("won"), dispute.ID)
	return errors.Join(taken, sent, failed, cancelled, disputed, won)
}

// The whole road, with the real queue: two nodes on PostgreSQL.
func TestRelay_OverTheDurableQueue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		want := post(t, o, 40)
		published := make(chan struct{}, 1000)
		nodes := 1
		if o.DSN != "" {
			nodes = 2
		}
		var queues []*job.Queue
		for range nodes {
			q := openQueue(t, o, func() { published <- struct{}{} })
			queues = append(queues, q)
			if err := q.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		relays, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, q := range queues {
			relay := event.NewRelay(o.Store, enqueueTo(q), event.Options{Batch: 6})
			running.Go(func() { relay.Run(relays) })
		}
		for count := 0; count < len(want); {
			<-published
			facts, err := o.Store.Events(t.Context(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			count = len(facts)
		}
		stop()
		running.Wait()
		for _, q := range queues {
			if err := q.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
		drain(t, event.NewRelay(o.Store, (&jobs{}).enqueue, event.Options{})) // what a stopped relay had not yet dropped
		checkPublished(t, o.Store, want)
	})
}

func enqueueTo(q *job.Queue) func(context.Context, event.Batch) error {
	return func(ctx context.Context, b event.Batch) error {
		_, err := q.InsertOnce(ctx, b)
		return err
	}
}

func openQueue(t testing.TB, o *storetest.Office, done func()) *job.Queue {
	t.Helper()
	workers := job.NewWorkers()
	publisher := event.NewPublisher(o.Store)
	err := job.Register(workers, func(ctx context.Context, b event.Batch) error {
		err := publisher.Publish(ctx, b)
		done()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := store.OpenJobs(context.Background(), store.Options{DSN: o.DSN, Dir: o.Dir}, workers, job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// counted is an outbox in memory, of transactions that are all alike.
type counted struct {
	mu      sync.Mutex
	waiting int
	fail    error
	batches []int
}

func (c *counted) TakeOutbox(_ context.Context, most int) ([]event.Ref, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	return make([]event.Ref, min(c.waiting, most)), nil
}

func (c *counted) DropOutbox(_ context.Context, refs []event.Ref) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting -= len(refs)
	return nil
}

func (c *counted) enqueue(_ context.Context, b event.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches = append(c.batches, len(b.Books))
	return nil
}

func (c *counted) set(waiting int, fail error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting, c.fail = waiting, fail
}

func TestRelay_Run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &counted{waiting: 5}
		relay := event.NewRelay(outbox, outbox.enqueue, event.Options{Batch: 2, Every: time.Minute, Rest: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { relay.Run(ctx); close(stopped) }()
		check := func(when string, want ...int) {
			t.Helper()
			synctest.Wait()
			outbox.mu.Lock()
			defer outbox.mu.Unlock()
			if !slices.Equal(outbox.batches, want) {
				t.Errorf("%s: got batches %v, want %v", when, outbox.batches, want)
			}
		}
		check("at the start", 2)
		<-time.After(3 * time.Second)
		check("while batches are full, one after each rest", 2, 2, 1)

		outbox.set(1, nil)
		relay.Wake()
		relay.Wake() // waking twice is waking once
		check("woken, it rests first so that more can gather", 2, 2, 1)
		outbox.set(2, nil)
		<-time.After(time.Second)
		check("after the rest, what gathered goes together", 2, 2, 1, 2)

		outbox.set(1, errors.New("the database is down"))
		<-time.After(90 * time.Second)
		outbox.set(1, nil)
		check("while the outbox fails", 2, 2, 1, 2)
		<-time.After(90 * time.Second)
		check("nobody woke it, and it looked again by itself", 2, 2, 1, 2, 1)
		cancel()
		<-stopped
	})
}

func TestRelay_RunLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan struct{})
	var once sync.Once
	relay := event.NewRelay(&counted{waiting: 1}, func(context.Context, event.Batch) error {
		once.Do(func() { close(first) })
		return nil
	}, event.Options{})
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx) })
	<-first
	cancel()
	running.Wait()
	goleak.VerifyNone(t, before)
}
