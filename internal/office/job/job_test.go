package job_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/store"
)

// count is a job for tests.
type count struct {
	To int `json:"to"`
}

func (count) Kind() string { return "test.count" }

func open(t *testing.T, work func(ctx context.Context, c count) error) *job.Queue {
	t.Helper()
	workers := job.NewWorkers()
	if err := job.Register(workers, work); err != nil {
		t.Fatal(err)
	}
	q, err := store.OpenJobs(context.Background(), store.Options{Dir: t.TempDir()}, workers, job.Options{Poll: 5 * time.Millisecond})
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

func start(t *testing.T, q *job.Queue, args job.Args) {
	t.Helper()
	if err := q.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.InsertOnce(context.Background(), args); err != nil {
		t.Fatal(err)
	}
}

func TestRegister_OneWorkerPerKind(t *testing.T) {
	work := func(context.Context, count) error { return nil }
	workers := job.NewWorkers()
	if err := job.Register(workers, work); err != nil {
		t.Fatal(err)
	}
	if err := job.Register(workers, work); fault.KindOf(err) != fault.Conflict {
		t.Errorf("registering a kind twice: got %v, want a conflict", err)
	}
}

func TestQueue_AFailedJobIsTriedAgain(t *testing.T) {
	tries := make(chan int, 10)
	n := 0 // one job is tried by one worker at a time
	q := open(t, func(_ context.Context, c count) error {
		n++
		tries <- c.To
		if n == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	start(t, q, count{To: 3})
	if first, second := <-tries, <-tries; first != 3 || second != 3 {
		t.Errorf("got the arguments %d and %d, want 3 both times", first, second)
	}
}

func TestStop_WaitsForWorkUntilItsContextEnds(t *testing.T) {
	begun, told := make(chan struct{}), make(chan struct{})
	q := open(t, func(ctx context.Context, _ count) error {
		close(begun)
		<-ctx.Done()
		close(told)
		return ctx.Err()
	})
	start(t, q, count{})
	<-begun
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Stop(impatient); err != nil {
		t.Error(err)
	}
	select {
	case <-told:
	default:
		t.Error("Stop returned while a job was in work")
	}
}

func TestInsertOnce_UnknownKind(t *testing.T) {
	q := open(t, func(context.Context, count) error { return nil })
	if _, err := q.InsertOnce(t.Context(), other{}); err == nil {
		t.Error("a job was accepted that nobody can carry out")
	}
}

type other struct{}

func (other) Kind() string { return "test.other" }
