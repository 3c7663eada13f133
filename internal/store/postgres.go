package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
)

// appRole is the role under which the program works: it may read and add, and
// update what is not append-only. See roles in postgresGrants.
const appRole = "billfold_app"

// postgres has three pools: one for the posting road, whose statements all look
// up by key, one of its kind whose commits do not wait for the disk, and one for
// everything else.
type postgres struct {
	pool    *pgxpool.Pool
	passing *pgxpool.Pool
	rest    *pgxpool.Pool
	db      *sql.DB // over rest
}

// passingConnections are few: what goes over them is gathered.
const passingConnections = 2

// keyedPlans keep the posting road on its indexes. A statement prepared while
// its table was nearly empty would otherwise keep a plan that scans the table
// for as long as the connection lives. With no choice left, a plan is made once
// and not for each call: planning a join anew costs more than running it.
var keyedPlans = []string{
	"SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_mergejoin = off",
	"SET plan_cache_mode = force_generic_plan",
	// Helpers are started, and machine code is made, for what the planner takes for a
	// long query of a large table; of rows by key either costs more than it saves.
	"SET max_parallel_workers_per_gather = 0", "SET jit = off",
}

func openPostgres(ctx context.Context, dsn string, connections int) (*postgres, error) {
	road, err := openPool(ctx, dsn, connections, keyedPlans)
	if err != nil {
		return nil, err
	}
	passing, err := openPool(ctx, dsn, passingConnections, append(keyedPlans[:len(keyedPlans):len(keyedPlans)], "SET synchronous_commit = off"))
	if err != nil {
		road.Close()
		return nil, err
	}
	rest, err := openPool(ctx, dsn, connections, nil)
	if err != nil {
		road.Close()
		passing.Close()
		return nil, err
	}
	return &postgres{pool: road, passing: passing, db: stdlib.OpenDBFromPool(rest), rest: rest}, nil
}

func openPool(ctx context.Context, dsn string, connections int, settings []string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fault.New(fault.Invalid, "store.Open", "the PostgreSQL address does not parse")
	}
	config.MaxConns = int32(connections)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for _, setting := range append([]string{"SET ROLE " + appRole}, settings...) {
			if _, err := conn.Exec(ctx, setting); err != nil {
				return err
			}
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "store.Open", "PostgreSQL does not answer: %v", err)
	}
	return pool, nil
}

func (p *postgres) name() string         { return "postgres" }
func (p *postgres) reader() *sql.DB      { return p.db }
func (p *postgres) ints(v []int64) any   { return v }
func (p *postgres) texts(v []string) any { return v }

func (p *postgres) close() error {
	err := p.db.Close()
	p.pool.Close()
	p.passing.Close()
	p.rest.Close()
	return err
}

var postgresTypes = [...]string{integerColumn: "bigint", textColumn: "text", bytesColumn: "bytea"}

func (p *postgres) list(column string, n int, kind columnType) string {
	return fmt.Sprintf("%s = ANY($%d::%s[])", column, n, postgresTypes[kind])
}

// read sends all look-ups in one round trip.
func (p *postgres) read(ctx context.Context, queries ...query) error {
	return p.changeOn(ctx, p.pool, nil, queries)
}

func (p *postgres) change(ctx context.Context, b *bulk, queries ...query) error {
	return p.changeOn(ctx, p.pool, b, queries)
}

func (p *postgres) changePassing(ctx context.Context, b *bulk, queries ...query) error {
	return p.changeOn(ctx, p.passing, b, queries)
}

// changeOn leaves the transaction to the server, which makes one of whatever
// arrives together.
func (p *postgres) changeOn(ctx context.Context, pool *pgxpool.Pool, b *bulk, queries []query) error {
	var batch pgx.Batch
	if b != nil {
		batch.Queue(p.text(b), b.arrays()...)
	}
	for _, q := range queries {
		batch.Queue(q.text, q.args...)
	}
	results := pool.SendBatch(ctx, &batch)
	defer results.Close()
	if b != nil {
		if _, err := results.Exec(); err != nil {
			return p.translate(err)
		}
	}
	for _, q := range queries {
		rows, err := results.Query()
		if err != nil {
			return p.translate(err)
		}
		for rows.Next() {
			if err := q.each(rows.Scan); err != nil {
				rows.Close()
				return err
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return p.translate(err)
		}
	}
	return p.translate(results.Close()) // where the server says that it committed
}

func (p *postgres) readToWrite(ctx context.Context, queries ...query) error {
	return p.read(ctx, queries...)
}

// write sends all statements in one round trip and commits in a second, after
// every update is known to have found its rows.
func (p *postgres) write(ctx context.Context, bulks ...*bulk) error {
	return p.writeOpen(ctx, nil, bulks...)
}

// writeOpen holds the lock of days in common with other writers until its commit;
// whoever closes a day takes it alone.
func (p *postgres) writeOpen(ctx context.Context, days []postedDay, bulks ...*bulk) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return p.translate(err)
	}
	// A failed commit or an early return leaves the transaction open; rolling a
	// committed one back does nothing.
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := p.send(ctx, tx, days, bulks); err != nil {
		return err
	}
	return p.translate(tx.Commit(ctx))
}

func (p *postgres) send(ctx context.Context, tx pgx.Tx, days []postedDay, bulks []*bulk) error {
	var batch pgx.Batch
	if len(days) > 0 {
		batch.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, dayLockKey)
	}
	for _, day := range days {
		q := day.look()
		batch.Queue(q.text, q.args...)
	}
	for _, b := range bulks {
		batch.Queue(p.text(b), b.arrays()...)
	}
	results := tx.SendBatch(ctx, &batch)
	defer results.Close()
	if err := p.openDays(results, days); err != nil {
		return err
	}
	for _, b := range bulks {
		tag, err := results.Exec()
		if err != nil {
			return p.translate(err)
		}
		if !b.known && tag.RowsAffected() != int64(b.rows) {
			return cashier.ErrStale
		}
	}
	return nil
}

// openDays reads what the looks at days gave.
func (p *postgres) openDays(results pgx.BatchResults, days []postedDay) error {
	if len(days) == 0 {
		return nil
	}
	if _, err := results.Exec(); err != nil {
		return p.translate(err)
	}
	for _, day := range days {
		err := day.look().each(results.QueryRow().Scan)
		if errors.Is(err, cashier.ErrStale) {
			return err
		}
		if err != nil {
			return p.translate(err)
		}
	}
	return nil
}

// unnest writes the rows of b as a source of rows.
func unnest(b *bulk) string {
	arrays := make([]string, len(b.cols))
	for i := range b.cols {
		arrays[i] = fmt.Sprintf("$%d::%s[]", i+1, postgresTypes[b.cols[i].kind])
	}
	return "unnest(" + strings.Join(arrays, ", ") + ")"
}

func (p *postgres) given(b *bulk) (string, []any) {
	return unnest(b) + " AS " + b.table + "(" + b.names() + ")", b.arrays()
}

func (p *postgres) text(b *bulk) string {
	unnest := unnest(b)
	if b.update {
		names := make([]string, len(b.cols))
		for i := range names {
			names[i] = fmt.Sprintf("column%d", i+1)
		}
		return b.updateText(unnest + " AS v(" + strings.Join(names, ", ") + ")")
	}
	return "INSERT INTO " + b.table + " (" + b.names() + ") SELECT * FROM " + unnest + " " + b.taken
}

func (p *postgres) exec(ctx context.Context, fn func(tx execer) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return p.translate(err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := fn(tx); err != nil {
		return err
	}
	return p.translate(tx.Commit())
}

// PostgreSQL's codes that tell a lost race: the act is decided again.
const (
	pgUniqueViolation      = "23505"
	pgSerializationFailure = "40001"
	pgDeadlock             = "40P01"
)

func (p *postgres) conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == pgUniqueViolation
}

func (p *postgres) translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		switch pg.Code {
		case pgUniqueViolation, pgSerializationFailure, pgDeadlock:
			return cashier.ErrStale
		}
		// The message names tables and columns; the detail would name values.
		return fault.New(fault.Internal, "store.postgres", "%s (%s)", pg.Message, pg.Code)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fault.New(fault.Unavailable, "store.postgres", "the database did not answer: %v", err)
}
