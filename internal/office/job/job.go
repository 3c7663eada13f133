// Package job runs durable work: a job that was inserted is carried out at
// least once, by some node, until it succeeds, across restarts and crashes.
//
// It wraps River, so that the rest of the program sees three things: a worker
// per kind of typed arguments, an insert that makes no twin of a waiting job,
// and start and stop. It does not know in which database jobs are kept: the
// store opens a Queue (store.OpenJobs).
//
// Invariants:
//   - Work may be repeated, by two nodes even at once, so every worker's effect is
//     idempotent. Jobs may run in any order.
//   - A job that has failed too often is kept until a person decides, and never
//     dropped.
//   - Arguments and errors are stored readable: no secrets and no personal data.
//
// The queue's own times (retries, leases, retention) are the machine's. A
// worker for whom the time matters is made with the program's clock, and what
// is due on a business day is inserted on that day. Start reading at Register.
package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/billfold/billfold/internal/base/fault"
)

// Args are the arguments of a kind of job: they marshal to JSON, and Kind, on
// their zero value, names the kind ("event.publish").
type Args interface {
	Kind() string
}

// Workers are the kinds of job that a program carries out.
type Workers struct {
	bundle *river.Workers
}

// NewWorkers makes an empty set.
func NewWorkers() *Workers { return &Workers{river.NewWorkers()} }

// Register says how jobs of a kind are carried out. An error from work has the
// job tried again, later each time. The context ends after Options.Timeout. A
// kind that is registered already is fault.Conflict.
func Register[T Args](w *Workers, work func(ctx context.Context, args T) error) error {
	err := river.AddWorkerSafely(w.bundle, river.WorkFunc(func(ctx context.Context, j *river.Job[T]) error {
		return work(ctx, j.Args)
	}))
	if err != nil {
		return fault.New(fault.Conflict, "job.Register", "%v", err)
	}
	return nil
}

// Options says how a queue works. Zero values mean the defaults.
type Options struct {
	Workers   int           // jobs at a time on this node; 0 means 4
	Poll      time.Duration // how often to look for jobs; 0 means 100 ms, which SQLite's pick-up waits for
	Timeout   time.Duration // of one job; 0 means a minute
	Retention time.Duration // how long completed jobs are kept, and make no twins; 0 means an hour
	Log       *slog.Logger  // where failed jobs are reported; nil means nowhere
}

func (o Options) withDefaults() Options {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Retention == 0 {
		o.Retention = time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Database is where a queue keeps its jobs.
type Database[TTx any] struct {
	Driver riverdriver.Driver[TTx]
	Schema string // of River's tables, or "" for the connection's own
	Poll   bool   // no notices between nodes: jobs are found by polling
	Close  func() error
}

// Queue is an open job queue.
type Queue struct {
	client client
	close  func() error
}

// client is the part of River's client that does not depend on the engine.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// fetchCooldown is the shortest time between two looks for jobs while jobs keep
// coming. River's default of 100 ms would be the latency of a busy queue.
const fetchCooldown = 10 * time.Millisecond

// New makes a queue over a database that has River's tables. The queue owns the
// database from then on; when New fails it is closed.
func New[TTx any](db Database[TTx], w *Workers, o Options) (*Queue, error) {
	o = o.withDefaults()
	c, err := river.NewClient(db.Driver, &river.Config{
		Workers:           w.bundle,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}},
		Schema:            db.Schema,
		PollOnly:          db.Poll,
		FetchCooldown:     min(fetchCooldown, o.Poll),
		FetchPollInterval: o.Poll,
		JobTimeout:        o.Timeout,
		// A job whose node died counts as running until it is rescued. River waits
		// an hour by default, which is long for a notice of a payment.
		RescueStuckJobsAfter:        2 * o.Timeout,
		CompletedJobRetentionPeriod: o.Retention,
		DiscardedJobRetentionPeriod: -1, // what failed stays until a person decides
		CancelledJobRetentionPeriod: -1,
		// Rebuilding indexes needs the owner's role, which the program has not.
		ReindexerIndexNames: []string{},
		Logger:              o.Log,
	})
	if err != nil {
		return nil, errors.Join(fault.New(fault.Internal, "job.New", "%v", err), db.Close())
	}
	return &Queue{client: c, close: db.Close}, nil
}

// Start begins to carry out jobs, until ctx ends or Stop is called. At least one
// worker must be registered.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.client.Start(ctx); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "job.Start", Message: "the job queue does not start", Err: err}
	}
	return nil
}

// Stop takes up no more jobs and waits for those in work. When ctx ends first,
// they are told to stop and will be tried again.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err != nil {
		return fault.Wrap("job.Stop", q.client.StopAndCancel(context.WithoutCancel(ctx)))
	}
	return nil
}

// Close stops the queue and lets its database go.
func (q *Queue) Close() error {
	return errors.Join(q.Stop(context.Background()), q.close())
}

// InsertOnce makes a job durable and is true, or is false when a job of the same
// kind and arguments waits, runs, or was completed within the retention. A job
// that was given up or cancelled is no hindrance. Unavailable when the database
// does not answer: the job may exist, and inserting it again is safe.
func (q *Queue) InsertOnce(ctx context.Context, args Args) (bool, error) {
	result, err := q.client.Insert(ctx, args, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}})
	if err != nil {
		return false, &fault.Error{Kind: fault.Unavailable, Op: "job.InsertOnce", Message: "the job could not be made durable", Err: err}
	}
	return !result.UniqueSkippedAsDuplicate, nil
}
