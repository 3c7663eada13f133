package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// pay posts one premium payment of some cents for a reference.
func pay(t testing.TB, o *storetest.Office, key, reference string, cents money.Cents) payment.ReceiptPart {
	t.Helper()
	purse := chart.Purse{Entity: 1, Fund: chart.Premium}
	outcomes, err := o.Cashier.Post(context.Background(), []payment.Instruction{{
		Key: ident.Key(key), Rail: payment.Counter, Amount: cents, Received: calendar.In(storetest.Start, time.UTC),
		Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, Source: o.Till,
		Parts: []payment.Part{{Reference: reference, Amount: cents, Received: purse}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		t.Fatalf("posting %s: %v %v", key, err, outcomes)
	}
	return outcomes[0].Answer.Parts[0]
}

func take(t *testing.T, s *store.Store, most int) []event.Ref {
	t.Helper()
	refs, err := s.TakeOutbox(context.Background(), most)
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

func TestTakeOutbox_OldestFirstAndNoMoreThanAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		var want []event.Ref
		for i, no := range o.Members(t, 4) {
			receipt := pay(t, o, fmt.Sprint("pay-", i), no.Digits(), 100)
			want = append(want, event.Ref{Book: receipt.Book, Seq: receipt.Seq})
			o.Clock.Advance(time.Second)
		}
		if got := take(t, o.Store, 3); !slices.Equal(got, want[:3]) {
			t.Errorf("took %v, want the oldest %v", got, want[:3])
		}
		if got := take(t, o.Store, 9); !slices.Equal(got, want) {
			t.Errorf("taking leaves rows: got %v, want %v", got, want)
		}
	})
}

// Two books with two transactions each: dropping one of either must not drop
// the pairs that the two make crosswise.
func TestDropOutbox_DropsThePairsAndNoOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		var all []event.Ref
		for i, no := range o.Members(t, 2) {
			for j := range 2 {
				receipt := pay(t, o, fmt.Sprintf("pay-%d-%d", i, j), no.Digits(), 100)
				all = append(all, event.Ref{Book: receipt.Book, Seq: receipt.Seq})
				o.Clock.Advance(time.Second)
			}
		}
		dropped := []event.Ref{all[0], all[3], {Book: 77, Seq: 1}}
		if err := o.Store.DropOutbox(context.Background(), dropped); err != nil {
			t.Fatal(err)
		}
		if got, want := take(t, o.Store, 9), all[1:3]; !slices.Equal(got, want) {
			t.Errorf("after dropping %v: got %v, want %v", dropped, got, want)
		}
	})
}

func TestEventSources_GiveTheTransactionsAskedForWithTheirDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		number := o.Members(t, 1)[0].Digits()
		placed := pay(t, o, "pay-1", number, 100)
		pay(t, o, "pay-2", number, 200)
		held := pay(t, o, "pay-3", "no number", 300)
		held2 := pay(t, o, "pay-4", "no number", 400)
		refs := []event.Ref{{Book: placed.Book, Seq: placed.Seq}, {Book: held2.Book, Seq: held2.Seq}, {Book: held.Book, Seq: 99}}
		sources, err := o.Store.EventSources(context.Background(), refs)
		if err != nil || len(sources) != 2 {
			t.Fatalf("got %d sources and %v, want the two that exist of %v", len(sources), err, refs)
		}
		for _, s := range sources {
			want := placed
			if s.Transaction.Book == held2.Book {
				want = held2
			}
			if s.Receipt == nil || *s.Receipt != want {
				t.Errorf("transaction %d/%d: got receipt %+v, want %+v", s.Transaction.Book, s.Transaction.Seq, s.Receipt, want)
			}
			if s.Book == "" || len(s.Transaction.Postings) != 1 {
				t.Errorf("transaction %d/%d: got book %q and postings %v", s.Transaction.Book, s.Transaction.Seq, s.Book, s.Transaction.Postings)
			}
			if inSuspense := want.InSuspense(); (s.Suspense != "") != inSuspense {
				t.Errorf("transaction %d/%d: got suspense reason %q", s.Transaction.Book, s.Transaction.Seq, s.Suspense)
			}
		}
	})
}

func fact(book ledger.BookNo, seq int64) event.Fact {
	id := ident.Opaque(fmt.Sprint("opaque-", book))
	return event.Fact{
		ID: event.IDOf(id, seq), Type: chart.PaymentReceived, Time: storetest.Start, Account: id,
		Data: json.RawMessage(`{"cents":1}`), Ref: event.Ref{Book: book, Seq: seq},
	}
}

func TestInsertEvents_AddsEachFactOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		a, b, c := fact(1_000_000_001, 1), fact(1_000_000_001, 2), fact(1_000_000_002, 2)
		for _, step := range []struct {
			facts []event.Fact
			added int
		}{
			{nil, 0}, {[]event.Fact{a, b, a}, 2}, {[]event.Fact{a, b}, 0}, {[]event.Fact{b, c}, 1},
		} {
			added, err := o.Store.InsertEvents(t.Context(), step.facts)
			if err != nil || added != step.added {
				t.Errorf("inserting %d facts: added %d and %v, want %d", len(step.facts), added, err, step.added)
			}
		}
		got, err := o.Store.Events(t.Context(), 0, 10)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %d facts and %v, want 3", len(got), err)
		}
		for i, want := range []event.Fact{a, b, c} {
			if g := got[i]; g.Position != event.Position(i+1) || g.ID != want.ID || g.Account != want.Account ||
				string(g.Data) != string(want.Data) || !g.Time.Equal(want.Time) || g.Ref != want.Ref || !g.PublishedAt.Equal(o.Clock.Now()) {
				t.Errorf("fact %d: got %+v, want %+v", i+1, g, want)
			}
		}
	})
}

// Four publishers with overlapping work, and a reader who pages while they
// commit: it sees every position once, in order, whenever it looks.
func TestEvents_AReaderMissesNoLateCommit(t *testing.T) {
	const publishers, facts = 4, 300
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		var publishing sync.WaitGroup
		for p := range publishers {
			publishing.Go(func() {
				for from := p; from < facts; from += 3 { // overlaps the others'
					batch := []event.Fact{fact(1_000_000_001, int64(from+1)), fact(1_000_000_001, int64((from+7)%facts+1))}
					if _, err := o.Store.InsertEvents(context.Background(), batch); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { publishing.Wait(); close(done) }()
		seen := map[event.ID]bool{}
		last := event.Position(0)
		for finished := false; ; {
			select {
			case <-done:
				finished = true
			default:
			}
			page, err := o.Store.Events(t.Context(), last, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page {
				if p.Position != last+1 || seen[p.ID] {
					t.Fatalf("after position %d the reader got %d (seen before: %v)", last, p.Position, seen[p.ID])
				}
				last, seen[p.ID] = p.Position, true
			}
			if finished && len(page) == 0 {
				break
			}
		}
		if len(seen) != facts {
			t.Errorf("the reader saw %d facts, want %d", len(seen), facts)
		}
	})
}

// greet is a job for tests.
type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "test.greet" }

// openJobs opens a queue whose worker sends each name on the channel.
func openJobs(t *testing.T, o *storetest.Office) (*job.Queue, <-chan string) {
	t.Helper()
	done := make(chan string, 100)
	workers := job.NewWorkers()
	err := job.Register(workers, func(_ context.Context, g greet) error { done <- g.Name; return nil })
	if err != nil {
		t.Fatal(err)
	}
	q, err := store.OpenJobs(context.Background(), store.Options{DSN: o.DSN, Dir: o.Dir}, workers, job.Options{Poll: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return q, done
}

func insertOnce(t *testing.T, q *job.Queue, name string, want bool) {
	t.Helper()
	if fresh, err := q.InsertOnce(context.Background(), greet{name}); err != nil || fresh != want {
		t.Errorf("inserting %q: fresh is %v and %v, want %v", name, fresh, err, want)
	}
}

func TestOpenJobs_KeepsJobsOverARestartAndMakesNoTwins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		first, _ := openJobs(t, o)
		insertOnce(t, first, "ann", true)
		insertOnce(t, first, "ann", false)
		insertOnce(t, first, "bea", true)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second, done := openJobs(t, o)
		defer second.Close()
		insertOnce(t, second, "ann", false)
		if err := second.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := []string{<-done, <-done}
		slices.Sort(got)
		if !slices.Equal(got, []string{"ann", "bea"}) {
			t.Errorf("after the restart the jobs %v ran, want each once", got)
		}
		if err := second.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		insertOnce(t, second, "ann", false) // completed, and still known
	})
}

func TestOpenJobs_NodesThatStartTogether(t *testing.T) {
	o := storetest.Open(t, "postgres")
	var opening sync.WaitGroup
	for range 3 {
		opening.Go(func() {
			q, err := store.OpenJobs(context.Background(), store.Options{DSN: o.DSN}, job.NewWorkers(), job.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
}

// The program works with River's rows and may not change its tables.
func TestOpenJobs_TheProgramsRoleDoesNotOwnTheTables(t *testing.T) {
	o := storetest.Open(t, "postgres")
	q, _ := openJobs(t, o)
	defer q.Close()
	conn, err := pgx.Connect(t.Context(), o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SET ROLE billfold_app"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "DELETE FROM river.river_job"); err != nil {
		t.Errorf("the program's role cannot delete a job: %v", err)
	}
	for _, forbidden := range []string{
		"ALTER TABLE river.river_job ADD COLUMN x TEXT", "CREATE TABLE river.x (y TEXT)", "UPDATE published_event SET data = ''",
		"DELETE FROM published_event", "DELETE FROM feed",
	} {
		if _, err := conn.Exec(t.Context(), forbidden); err == nil {
			t.Errorf("the program's role may %q", forbidden)
		}
	}
}

func TestQueue_LeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	o := &storetest.Office{Dir: t.TempDir()}
	q, _ := openJobs(t, o)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
