// Package probe is what the product's posting is measured against: bare
// set-based SQL that writes the same rows as posting a file does, on the same
// tables and engine, without resolving, allocating, digests or proofs. It is
// for benches and posts no money.
package probe

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	// The engines that the probe can run on.
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/billfold/billfold/internal/base/clock"
)

// chunkRows is how many payments one transaction of the probe writes: the more,
// the faster, up to about here.
const chunkRows = 20_000

// Address says where the product's database is: a PostgreSQL address or the
// path of an embedded database file.
type Address struct{ DSN, Path string }

func (a Address) open() (*sql.DB, error) {
	if a.DSN != "" {
		return sql.Open("pgx", a.DSN)
	}
	// The same durability and cache as the product's own writer.
	return sql.Open("sqlite", "file:"+a.Path+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=cache_size(-32768)&_pragma=wal_autocheckpoint(16384)&_pragma=busy_timeout(10000)")
}

// Run writes rows for count payments, one for each of count billing accounts
// that have an open item, and gives the time that took. Run tells several runs
// on one database apart.
func Run(ctx context.Context, clk clock.Clock, at Address, count, run int) (time.Duration, error) {
	db, err := at.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := stage(ctx, db, count, run*count); err != nil {
		return 0, fmt.Errorf("probe: %w", err)
	}
	began := clk.Now()
	for from := run * count; from < (run+1)*count; from += chunkRows {
		if err := write(ctx, db, steps, from); err != nil {
			return 0, fmt.Errorf("probe: %w", err)
		}
	}
	return clk.Now().Sub(began), nil
}

// stage lists the payments in an order that jumps over the accounts, as the
// items of a file do.
func stage(ctx context.Context, db *sql.DB, count, first int) error {
	if _, err := db.ExecContext(ctx, `DROP TABLE IF EXISTS probe_item`); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `CREATE TABLE probe_item (
		n BIGINT NOT NULL PRIMARY KEY, book_no BIGINT NOT NULL, item_no BIGINT NOT NULL, amount_cents BIGINT NOT NULL)`)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO probe_item
		SELECT ROW_NUMBER() OVER (ORDER BY (book_no * 7919) % 1000003, book_no) - 1 + $2, book_no, item_no, 125
		FROM open_item WHERE open_cents > 125 AND item_no = 1 LIMIT $1`, count, first)
	return err
}

// steps are the statements of a chunk, for the rows from $1 up to $2; $3 is a digest.
var steps = []string{
	`UPDATE book SET seq = seq + 1, digest = $3 FROM probe_item p WHERE p.n >= $1 AND p.n < $2 AND book.book_no = p.book_no`,
	`INSERT INTO claim SELECT CAST(n AS TEXT) || ':probe:01234567890123', 'lockbox:0123456789abcdef0123456789abcdef:' || CAST(n AS TEXT),
		'pay', $3, 'lockbox', amount_cents, '2026-11-23', 1764000000000000, 'staff:probe', 1000, 1,
		'[{"book":' || CAST(book_no AS TEXT) || ',"seq":2}]', n FROM probe_item WHERE n >= $1 AND n < $2`,
	`INSERT INTO posting SELECT p.book_no, '2026-11-23', b.seq, 1, 10102, 10110, p.amount_cents, p.item_no, 1, 0, '2026-11-23',
		1764000000000000, 'payment.received', '', 'staff:probe', '', $3
		FROM probe_item p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`INSERT INTO receipt SELECT p.book_no, b.seq, CAST(p.n AS TEXT) || ':probe:01234567890123', 1, '2026-11-23', 1, 1, p.book_no,
		p.amount_cents, p.amount_cents, 0, p.n, ''
		FROM probe_item p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`UPDATE open_item SET open_cents = open_cents - p.amount_cents FROM probe_item p
		WHERE p.n >= $1 AND p.n < $2 AND open_item.book_no = p.book_no AND open_item.item_no = p.item_no`,
	`INSERT INTO outbox (book_no, seq, event, recorded_at) SELECT p.book_no, b.seq, 'payment.received', 1764000000000000
		FROM probe_item p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
}

// write runs a chunk's statements in one transaction.
func write(ctx context.Context, db *sql.DB, steps []string, from int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	digest := make([]byte, 32)
	for _, step := range steps {
		args := []any{from, from + chunkRows, digest}
		if !strings.Contains(step, "$3") {
			args = args[:2]
		}
		if _, err := tx.ExecContext(ctx, step, args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
