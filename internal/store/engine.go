package store

import (
	"context"
	"database/sql"
)

// engine is what differs between the databases: how a statement over many rows
// is shaped, how several look-ups travel, and how errors are told apart.
type engine interface {
	// name is "sqlite" or "postgres".
	name() string
	// read runs look-ups; they may see different moments.
	read(ctx context.Context, queries ...query) error
	// readToWrite is read for what is about to be written.
	readToWrite(ctx context.Context, queries ...query) error
	// write runs statements over many rows in one transaction. It fails with
	// cashier.ErrStale when an update did not find its rows as guarded or a key was
	// taken, and nothing is kept.
	write(ctx context.Context, bulks ...*bulk) error
	// writeOpen is write for what is posted on days: it is stale too when one of them
	// is closed. No close can come between the look and the commit.
	writeOpen(ctx context.Context, days []postedDay, bulks ...*bulk) error
	// change runs one statement over many rows and then look-ups that see what it
	// did, in one transaction, and on a server in one round trip.
	change(ctx context.Context, b *bulk, queries ...query) error
	// changePassing is change for what is soon over, such as counts of tries: it does
	// not wait for the disk, and the last moment of it may be lost when the machine
	// stops. Whoever asks sees it at once.
	changePassing(ctx context.Context, b *bulk, queries ...query) error
	// list writes the condition "column is among the values of parameter n", whose
	// argument is made by ints or texts.
	list(column string, n int, kind columnType) string
	// given writes the rows of b as a table of b's name, from parameter 1 on.
	given(b *bulk) (source string, args []any)
	ints(values []int64) any
	texts(values []string) any
	// exec runs fn in one transaction, for everything outside the posting road.
	exec(ctx context.Context, fn func(tx execer) error) error
	// reader is the database for look-ups outside the posting road.
	reader() *sql.DB
	// conflict reports whether err says that a key exists already.
	conflict(err error) bool
	close() error
}

// execer runs statements within a transaction.
type execer interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// query is one look-up; each is called per row with that row's scan function.
type query struct {
	text string
	args []any
	each func(scan func(dest ...any) error) error
}
