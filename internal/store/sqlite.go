package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/libc"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
)

// sqlite has one connection that writes and several that read, over a
// write-ahead log synced in full at each commit.
type sqlite struct {
	readers *sql.DB
	writer  *sql.DB

	mu       sync.Mutex
	conn     *sql.Conn // the writer's only connection, held for its prepared statements
	prepared map[string]*sql.Stmt
	relaxed  bool // the writer does not sync its commits just now

	readMu    sync.Mutex
	readStmts map[string]*sql.Stmt

	written atomic.Int64  // rows since the log was last copied
	grown   chan struct{} // the log has grown enough to be copied
	keepers sync.WaitGroup
	stop    context.CancelFunc
}

// pagesTogether has SQLite allocate each connection's page cache as one block.
// Page by page, the allocator rounds a page and its header up to the next power
// of two, and a cache of 48 MB holds 96. It must come before the first
// connection of the process; later calls do nothing.
var pagesTogether = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	args := libc.Xmalloc(tls, 3*8)
	if args == 0 {
		return errors.New("no memory for SQLite's page cache")
	}
	defer libc.Xfree(tls, args)
	// No buffer of our own, no size of a page, and in kilobytes the most that one
	// cache takes at once; a cache never takes more than its own cache_size.
	const most = 1 << 20
	list := libc.VaList(args, uintptr(0), int32(0), int32(-most))
	if rc := sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_PAGECACHE, list); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite does not take the setting of its page cache: code %d", rc)
	}
	return nil
})

func openSQLite(ctx context.Context, path string) (*sqlite, error) {
	dsn := func(cacheKiB int, extra ...string) string {
		q := url.Values{}
		for _, pragma := range append([]string{
			"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "busy_timeout(10000)",
			fmt.Sprintf("cache_size(-%d)", cacheKiB),
			"shrink_memory", // forgets the pages read so far, so that the cache is allocated anew in its full size
			"temp_store(MEMORY)", "wal_autocheckpoint(131072)", "journal_size_limit(67108864)",
			"recursive_triggers(ON)", // else INSERT OR REPLACE removes rows past the triggers that refuse DELETE
		}, extra...) {
			q.Add("_pragma", pragma)
		}
		q.Set("_txlock", "immediate")
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	writer, err := sql.Open("sqlite", dsn(48<<10))
	if err != nil {
		return nil, fault.Wrap("store.Open", err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn(4<<10, "query_only(ON)"))
	if err != nil {
		return nil, fault.Wrap("store.Open", err)
	}
	reader.SetMaxOpenConns(max(4, runtime.NumCPU()))
	reader.SetMaxIdleConns(max(4, runtime.NumCPU()))
	if err := writer.PingContext(ctx); err != nil {
		return nil, fault.New(fault.Unavailable, "store.Open", "the database file cannot be opened: %v", err)
	}
	s := &sqlite{
		readers: reader, writer: writer, prepared: map[string]*sql.Stmt{}, readStmts: map[string]*sql.Stmt{},
		grown: make(chan struct{}, 1),
	}
	return s, s.keepLogShort(dsn(2<<10, "wal_autocheckpoint(0)"))
}

// logRows is after how many written rows the write-ahead log is copied into the
// database file: some 250 MB when every row touches a page of its own.
const logRows = 100_000

// keepLogShort copies the log into the database file beside posting. Left to
// the writer, that work would hold up whoever commits next.
func (s *sqlite) keepLogShort(dsn string) error {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fault.Wrap("store.Open", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.keepers.Go(func() {
		defer db.Close()
		for {
			select {
			case <-s.grown:
			case <-ctx.Done():
				return
			}
			s.written.Store(0)
			// When it fails, the writer's own limit is the safety net.
			_, _ = db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		}
	})
	return nil
}

func (s *sqlite) name() string    { return "sqlite" }
func (s *sqlite) reader() *sql.DB { return s.readers }

func (s *sqlite) close() error {
	s.stop()
	s.keepers.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.prepared { // a statement of a held connection is not closed with it, and keeps the file open
		stmt.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	return errors.Join(s.readers.Close(), s.writer.Close())
}

func (s *sqlite) list(column string, n int, _ columnType) string {
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", column, n)
}

func (s *sqlite) given(b *bulk) (string, []any) {
	columns := make([]string, len(b.cols))
	for i := range b.cols {
		columns[i] = fmt.Sprintf("json_extract(value, '$[%d]') AS %s", i, b.cols[i].name)
	}
	rows := make([][]any, b.rows)
	for row := range rows {
		for i := range b.cols {
			rows[row] = append(rows[row], b.cols[i].value(row))
		}
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM json_each($1)) AS " + b.table, []any{jsonText(rows)}
}

func (s *sqlite) ints(values []int64) any   { return jsonText(values) }
func (s *sqlite) texts(values []string) any { return jsonText(values) }

func jsonText(values any) string {
	b, err := json.Marshal(values)
	if err != nil {
		panic("store: numbers and texts always marshal: " + err.Error())
	}
	return string(b)
}

func (s *sqlite) read(ctx context.Context, queries ...query) error {
	return s.look(ctx, queries, s.readStmt)
}

// readToWrite reads on the writer's connection. A reader drops its page cache
// whenever somebody has written, and the pages read here are those that will be
// written next.
func (s *sqlite) readToWrite(ctx context.Context, queries ...query) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.hold(ctx); err != nil {
		return s.translate(err)
	}
	return s.look(ctx, queries, s.stmt)
}

func (s *sqlite) look(ctx context.Context, queries []query, prepare func(context.Context, string) (*sql.Stmt, error)) error {
	for _, q := range queries {
		stmt, err := prepare(ctx, q.text)
		if err != nil {
			return s.translate(err)
		}
		rows, err := stmt.QueryContext(ctx, q.args...)
		if err != nil {
			return s.translate(err)
		}
		for rows.Next() {
			if err := q.each(rows.Scan); err != nil {
				rows.Close()
				return err
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

func (s *sqlite) readStmt(ctx context.Context, text string) (*sql.Stmt, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	if stmt, ok := s.readStmts[text]; ok {
		return stmt, nil
	}
	stmt, err := s.readers.PrepareContext(ctx, text)
	if err == nil {
		s.readStmts[text] = stmt
	}
	return stmt, err
}

// rowsPerStatement is how many rows one prepared statement writes: enough that
// the cost of a call is spread, few enough that the statement stays cheap to
// bind. What is left over goes row by row.
const rowsPerStatement = 32

func (s *sqlite) write(ctx context.Context, bulks ...*bulk) error {
	return s.writeOpen(ctx, nil, bulks...)
}

func (s *sqlite) writeOpen(ctx context.Context, days []postedDay, bulks ...*bulk) error {
	rows := 0
	err := s.inTransaction(ctx, func() error {
		for _, day := range days {
			if err := s.look(ctx, []query{day.look()}, s.stmt); err != nil {
				return err
			}
		}
		for _, b := range bulks {
			if err := s.run(ctx, b); err != nil {
				return s.translate(err)
			}
			rows += b.rows
		}
		return nil
	})
	s.noteGrowth(rows)
	return err
}

// noteGrowth has the log copied when enough was written to it.
func (s *sqlite) noteGrowth(rows int) {
	if s.written.Add(int64(rows)) > logRows {
		select {
		case s.grown <- struct{}{}:
		default: // it is being copied
		}
	}
}

func (s *sqlite) change(ctx context.Context, b *bulk, queries ...query) error {
	defer s.noteGrowth(b.rows)
	return s.inTransaction(ctx, func() error { return s.changing(ctx, b, queries) })
}

func (s *sqlite) changing(ctx context.Context, b *bulk, queries []query) error {
	if err := s.run(ctx, b); err != nil {
		return s.translate(err)
	}
	return s.look(ctx, queries, s.stmt)
}

// changePassing commits without waiting for the disk. The next transaction that
// must last is synced in full, and takes what stands before it in the log along.
func (s *sqlite) changePassing(ctx context.Context, b *bulk, queries ...query) error {
	defer s.noteGrowth(b.rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.hold(ctx); err != nil {
		return s.translate(err)
	}
	if !s.relaxed {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return s.translate(err)
		}
		s.relaxed = true
	}
	return s.transact(ctx, func() error { return s.changing(ctx, b, queries) })
}

func (s *sqlite) exec(ctx context.Context, fn func(tx execer) error) error {
	return s.inTransaction(ctx, func() error { return fn(s.conn) })
}

func (s *sqlite) inTransaction(ctx context.Context, fn func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relaxed {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
			return s.translate(err)
		}
		s.relaxed = false
	}
	return s.transact(ctx, fn)
}

// transact runs fn in a transaction of the connection that the caller has locked.
func (s *sqlite) transact(ctx context.Context, fn func() error) error {
	if err := s.begin(ctx); err != nil {
		return s.translate(err)
	}
	if err := fn(); err != nil {
		s.rollback(ctx)
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		s.rollback(ctx)
		return s.translate(err)
	}
	return nil
}

func (s *sqlite) begin(ctx context.Context) error {
	if err := s.hold(ctx); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

// hold takes the writer's connection for as long as the database is open.
func (s *sqlite) hold(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.writer.Conn(ctx)
	s.conn = conn
	return err
}

func (s *sqlite) rollback(ctx context.Context) {
	// The statement fails when the engine has rolled back by itself; either way
	// no transaction is open afterwards.
	_, _ = s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
}

func (s *sqlite) run(ctx context.Context, b *bulk) error {
	found := int64(0)
	for from := 0; from < b.rows; {
		n := 1
		if b.rows-from >= rowsPerStatement {
			n = rowsPerStatement
		}
		affected, err := s.chunk(ctx, b, from, n)
		if err != nil {
			return err
		}
		found += affected
		from += n
	}
	if !b.known && found != int64(b.rows) {
		return cashier.ErrStale
	}
	return nil
}

func (s *sqlite) chunk(ctx context.Context, b *bulk, from, n int) (int64, error) {
	stmt, err := s.stmt(ctx, s.text(b, n))
	if err != nil {
		return 0, err
	}
	args := make([]any, 0, n*len(b.cols))
	for row := from; row < from+n; row++ {
		for i := range b.cols {
			args = append(args, b.cols[i].value(row))
		}
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *sqlite) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.prepared[text]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err == nil {
		s.prepared[text] = stmt
	}
	return stmt, err
}

func (s *sqlite) text(b *bulk, rows int) string {
	row := "(?" + strings.Repeat(", ?", len(b.cols)-1) + ")"
	values := "VALUES " + row + strings.Repeat(", "+row, rows-1)
	if b.update {
		return b.updateText("(" + values + ") AS v")
	}
	return "INSERT INTO " + b.table + " (" + b.names() + ") " + values + " " + b.taken
}

func (s *sqlite) conflict(err error) bool {
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func (s *sqlite) translate(err error) error {
	var e *sqlitedriver.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cashier.ErrStale), s.conflict(err):
		return cashier.ErrStale
	case errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB):
		return fault.New(fault.Corrupt, "store.sqlite", "the database file is damaged: %s", e.Error()).
			WithHint("Keep it as it is, take a copy, and restore the newest archive that proves.")
	case errors.As(err, &e):
		return fault.New(fault.Internal, "store.sqlite", "%s", e.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fault.New(fault.Unavailable, "store.sqlite", "the database did not answer: %v", err)
}
