package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/job"
)

// JobsFile is the name of the embedded job queue within the data folder. It is
// apart from the books so that taking up a job never waits for posting, nor
// posting for it. A backup copies it after the books: what then stands in both
// is published once, and the other order could lose a fact between them.
const JobsFile = "jobs.db"

// jobSchema holds River's tables on PostgreSQL.
const jobSchema = "river"

// OpenJobs opens the job queue of an installation whose store is open, and
// brings its tables up to date. The options are the store's. Unavailable when
// the database cannot be reached.
func OpenJobs(ctx context.Context, o Options, w *job.Workers, jo job.Options) (*job.Queue, error) {
	if o.DSN != "" {
		return openServerJobs(ctx, o, w, jo)
	}
	return openFileJobs(ctx, filepath.Join(o.Dir, JobsFile), w, jo)
}

func openFileJobs(ctx context.Context, path string, w *job.Workers, jo job.Options) (*job.Queue, error) {
	q := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range []string{"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "journal_size_limit(16777216)"} {
		q.Add("_pragma", pragma)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fault.Wrap("store.OpenJobs", err)
	}
	db.SetMaxOpenConns(1) // River's parts would otherwise meet each other's locks
	driver := riversqlite.New(db)
	if err := migrateJobs(ctx, driver, ""); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fault.Wrap("store.OpenJobs", err), db.Close())
	}
	// One process owns the folder, so there is nobody to send notices to.
	return job.New(job.Database[*sql.Tx]{Driver: driver, Poll: true, Close: db.Close}, w, jo)
}

// jobConnections bounds the queue's own pool: one listens, the rest fetch and
// complete jobs, which takes them a moment each. Workers use the store's pool.
const jobConnections = 4

// openServerJobs migrates under the owner's role and works under the program's,
// which may read and write River's rows and not change its tables.
func openServerJobs(ctx context.Context, o Options, w *job.Workers, jo job.Options) (*job.Queue, error) {
	owner := o.OwnerDSN
	if owner == "" {
		owner = o.DSN
	}
	if err := prepareJobSchema(ctx, owner); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, fault.New(fault.Invalid, "store.OpenJobs", "the PostgreSQL address does not parse")
	}
	config.MaxConns = jobConnections
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET ROLE "+appRole)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "store.OpenJobs", "PostgreSQL does not answer: %v", err)
	}
	return job.New(job.Database[pgx.Tx]{
		Driver: riverpgxv5.New(pool), Schema: jobSchema, Close: func() error { pool.Close(); return nil },
	}, w, jo)
}

// jobSchemaLock keeps nodes that start together from migrating together: River
// takes no lock of its own.
const jobSchemaLock = 0x62696c6c_6a6f6273 // "billjobs"

var jobGrants = []string{
	`GRANT USAGE ON SCHEMA ` + jobSchema + ` TO ` + appRole,
	`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ` + jobSchema + ` TO ` + appRole,
	`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ` + jobSchema + ` TO ` + appRole,
}

func prepareJobSchema(ctx context.Context, dsn string) error {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return fault.New(fault.Invalid, "store.OpenJobs", "the PostgreSQL address does not parse")
	}
	config.MaxConns = 2 // the lock's holder and the migrations
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fault.New(fault.Unavailable, "store.OpenJobs", "PostgreSQL does not answer: %v", err)
	}
	defer pool.Close()
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		// The lock is the session's, and goes with it when the pool closes.
		if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(jobSchemaLock)); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+jobSchema); err != nil {
			return err
		}
		if err := migrateJobs(ctx, riverpgxv5.New(pool), jobSchema); err != nil {
			return err
		}
		for _, grant := range jobGrants {
			if _, err := conn.Exec(ctx, grant); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fault.New(fault.Unavailable, "store.OpenJobs", "the job tables could not be brought up to date: %v", err)
	}
	return nil
}

func migrateJobs[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], schema string) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: schema})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "store.OpenJobs", "the job tables could not be brought up to date: %v", err)
	}
	return nil
}
