package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
)

// An archive is a gzip stream of JSON lines: an archiveHead, then for each table
// an archiveTable, its rows as arrays, and an archiveEnd; last an archiveEnd of
// the whole. docs/operators/backup.md describes it for other readers.
type (
	archiveHead struct {
		Archive string `json:"archive"`
		Version int    `json:"version"`
		Schema  int64  `json:"schema"` // the newest migration that the rows fit
		Engine  string `json:"engine"` // where it was taken; it restores into any
		TakenAt string `json:"taken_at"`
	}
	archiveTable struct {
		Table   string   `json:"table"`
		Columns []string `json:"columns"`
		Types   []string `json:"types"` // integer, text or bytes (in base64)
	}
	archiveEnd struct {
		End    string `json:"end"`    // the table, or archiveName
		Rows   int64  `json:"rows"`   // of the table, or of all
		SHA256 string `json:"sha256"` // of the rows' lines with their ends; of everything before, for the whole
	}
)

const (
	archiveName    = "billfold"
	archiveVersion = 1
	// archiveLineMax bounds a row: a piece of a kept file in base64 is the largest.
	archiveLineMax = 64 << 20
	restoreBytes   = 4 << 20 // rows are inserted when they hold about this much
)

var typeNames = [...]string{integerColumn: "integer", textColumn: "text", bytesColumn: "bytes"}

// Archived tells what an archive holds.
type Archived struct {
	Tables int
	Rows   int64
	SHA256 string // of the archive's lines before compression
}

// archivedTables lists every table of the product, in a fixed order.
func archivedTables() []string {
	tables := slices.Concat(appendOnly, updatable, queues)
	slices.Sort(tables)
	return tables
}

// Backup writes everything the database holds to one file, as it stood at one
// moment, while posting goes on. The file appears whole or not at all, readable
// by its owner only; one that exists is Conflict. Keys are not in it: without
// the key directory an archive's sealed values never open.
func (s *Store) Backup(ctx context.Context, to string) (Archived, error) {
	const op = "store.Backup"
	if _, err := os.Stat(to); err == nil {
		return Archived{}, fault.New(fault.Conflict, op, "%s exists already", to)
	}
	file, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".part-*") // made with mode 0600
	if err != nil {
		return Archived{}, fault.New(fault.Unavailable, op, "the archive cannot be written: %v", err)
	}
	done, err := s.archive(ctx, file)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), to)
	}
	if err != nil {
		return Archived{}, fault.Wrap(op, errors.Join(err, os.Remove(file.Name())))
	}
	return done, nil
}

func (s *Store) archive(ctx context.Context, to io.Writer) (Archived, error) {
	packed, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return Archived{}, err
	}
	w := &archiver{out: bufio.NewWriterSize(packed, 1<<16), whole: sha256.New()}
	err = s.snapshot(ctx, func(v *view) error { return w.all(s, v) })
	if err == nil {
		err = errors.Join(w.out.Flush(), packed.Close())
	}
	return w.done, err
}

// archiver writes the lines of an archive.
type archiver struct {
	out   *bufio.Writer
	whole hash.Hash
	table hash.Hash
	line  []byte
	done  Archived
}

func (w *archiver) all(s *Store, v *view) error {
	schema, err := schemaVersion()
	if err != nil {
		return err
	}
	head := archiveHead{archiveName, archiveVersion, schema, s.engine.name(), s.clock.Now().Format("2006-01-02T15:04:05Z07:00")}
	if err := w.object(head); err != nil {
		return err
	}
	for _, table := range archivedTables() {
		if err := w.rows(v, table); err != nil {
			return err
		}
		w.done.Tables++
	}
	w.done.SHA256 = hex.EncodeToString(w.whole.Sum(nil))
	return w.object(archiveEnd{archiveName, w.done.Rows, w.done.SHA256})
}

// schemaVersion is the newest migration that this program brings along, to
// which Open brings every database.
func schemaVersion() (int64, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil || len(files) == 0 {
		return 0, fault.New(fault.Internal, "store.schemaVersion", "there are no migrations: %v", err)
	}
	newest, _, _ := strings.Cut(files[len(files)-1].Name(), "_") // names begin with five digits and come sorted
	return strconv.ParseInt(newest, 10, 64)
}

func (w *archiver) object(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return w.write(append(line, '\n'))
}

func (w *archiver) write(line []byte) error {
	w.whole.Write(line) // a hash never fails
	_, err := w.out.Write(line)
	return err
}

func (w *archiver) rows(v *view, table string) error {
	shape, err := shapeOf(v.ctx, v.tx, table)
	if err != nil {
		return err
	}
	if err := w.object(archiveTable{table, shape.names(), shape.types()}); err != nil {
		return err
	}
	w.table = sha256.New()
	count := int64(0)
	page := fetchRows
	if table == "kept_file_chunk" {
		page = fetchChunks
	}
	rows := stream(v, page, "SELECT "+strings.Join(shape.names(), ", ")+" FROM "+table, func(scan func(...any) error) ([]byte, error) {
		return w.row(shape, scan)
	})
	for line, err := range rows {
		if err != nil {
			return err
		}
		w.table.Write(line)
		if err := w.write(line); err != nil {
			return err
		}
		count++
	}
	w.done.Rows += count
	return w.object(archiveEnd{table, count, hex.EncodeToString(w.table.Sum(nil))})
}

// row writes a row as a JSON array on one line.
func (w *archiver) row(shape shape, scan func(...any) error) ([]byte, error) {
	values := make([]sql.RawBytes, len(shape))
	into := make([]any, len(shape))
	for i := range values {
		into[i] = &values[i]
	}
	if err := scan(into...); err != nil {
		return nil, err
	}
	size := 2
	for _, v := range values {
		size += 4 + len(v)*2
	}
	line := append(make([]byte, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		switch shape[i].kind {
		case integerColumn:
			line = append(line, v...)
		case bytesColumn:
			line = append(line, '"')
			line = base64.StdEncoding.AppendEncode(line, v)
			line = append(line, '"')
		case textColumn:
			text, err := json.Marshal(string(v))
			if err != nil {
				return nil, err
			}
			line = append(line, text...)
		}
	}
	return append(line, ']', '\n'), nil
}

// shape is the columns of a table.
type shape []column

func (s shape) names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].name
	}
	return names
}

func (s shape) types() []string {
	types := make([]string, len(s))
	for i := range s {
		types[i] = typeNames[s[i].kind]
	}
	return types
}

// shapeOf asks the database for a table's columns; the engines name the
// schema's three types differently.
func shapeOf(ctx context.Context, tx execer, table string) (shape, error) {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	s := make(shape, len(types))
	for i, t := range types {
		s[i].name = t.Name()
		switch t.DatabaseTypeName() {
		case "BIGINT", "INT8":
			s[i].kind = integerColumn
		case "TEXT":
			s[i].kind = textColumn
		case "BYTEA":
			s[i].kind = bytesColumn
		default:
			return nil, fault.New(fault.Internal, "store.archive", "%s.%s is of type %s, which an archive does not hold",
				table, t.Name(), t.DatabaseTypeName())
		}
	}
	return s, rows.Err()
}

// Restore fills an empty database from an archive that either engine wrote, all
// or nothing. Conflict when the database holds rows or is of another schema;
// Corrupt when the archive's counts or hashes do not agree. Proving the books
// afterwards is for package proof.
func (s *Store) Restore(ctx context.Context, from string) (Archived, error) {
	const op = "store.Restore"
	file, err := os.Open(from)
	if err != nil {
		return Archived{}, fault.New(fault.Unavailable, op, "the archive cannot be read: %v", err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return Archived{}, fault.New(fault.Corrupt, op, "%s is not an archive", from)
	}
	r := &restorer{ctx: ctx, store: s, in: bufio.NewReaderSize(packed, 1<<16), whole: sha256.New()}
	err = s.engine.exec(ctx, func(tx execer) error {
		r.tx = tx
		return r.all()
	})
	return r.done, fault.Wrap(op, err)
}

// restorer reads the lines of an archive.
type restorer struct {
	ctx   context.Context
	store *Store
	tx    execer
	in    *bufio.Reader
	whole hash.Hash
	lines int
	done  Archived
}

func (r *restorer) corrupt(format string, args ...any) error {
	return fault.New(fault.Corrupt, "", "line %d of the archive: %s", r.lines, fmt.Sprintf(format, args...))
}

func (r *restorer) all() error {
	var head archiveHead
	if err := r.object(&head); err != nil {
		return err
	}
	if head.Archive != archiveName || head.Version != archiveVersion {
		return r.corrupt("it is not an archive of version %d", archiveVersion)
	}
	schema, err := schemaVersion()
	if err != nil {
		return err
	}
	if schema != head.Schema {
		return fault.New(fault.Conflict, "", "the archive is of schema %d and this database of %d", head.Schema, schema).
			WithHint("Restore with the release that wrote the archive, then upgrade.")
	}
	if err := r.empty(); err != nil {
		return err
	}
	for {
		before := hex.EncodeToString(r.whole.Sum(nil))
		line, err := r.read()
		if err != nil {
			return err
		}
		if ended, err := r.next(line, before); ended || err != nil {
			return err
		}
	}
}

// next restores a table, or checks the archive's end.
func (r *restorer) next(line []byte, before string) (ended bool, err error) {
	var table archiveTable
	if err := json.Unmarshal(line, &table); err != nil {
		return false, r.corrupt("it is no table and no end")
	}
	if table.Table != "" {
		r.done.Tables++
		return false, r.table(table)
	}
	r.done.SHA256 = before
	if r.done.Tables != len(archivedTables()) {
		return false, r.corrupt("the archive holds %d tables, not %d", r.done.Tables, len(archivedTables()))
	}
	if err := r.endOf(archiveName, line, r.done.Rows, before); err != nil {
		return false, err
	}
	// The end of the stream is where gzip compares its own checksum.
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return false, r.corrupt("something follows the archive's end, or the stream is damaged")
	}
	return true, nil
}

func (r *restorer) empty() error {
	for _, table := range archivedTables() {
		if _, hasFirstRow := seeded[table]; hasFirstRow {
			continue
		}
		var rows int64
		if err := r.tx.QueryRowContext(r.ctx, `SELECT COUNT(*) FROM `+table).Scan(&rows); err != nil {
			return err
		}
		if rows > 0 {
			return fault.New(fault.Conflict, "", "the database is not empty: %s has %d rows", table, rows)
		}
	}
	return nil
}

func (r *restorer) object(into any) error {
	line, err := r.read()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, into); err != nil {
		return r.corrupt("it does not parse")
	}
	return nil
}

// read gives the next line with its end. The slice is the caller's.
func (r *restorer) read() ([]byte, error) {
	r.lines++
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			r.whole.Write(line)
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, r.corrupt("the archive ends early: %v", err)
		case len(line) > archiveLineMax:
			return nil, r.corrupt("it is longer than %d bytes", archiveLineMax)
		}
	}
}

func (r *restorer) table(t archiveTable) error {
	if !slices.Contains(archivedTables(), t.Table) {
		return r.corrupt("there is no table %q", t.Table)
	}
	columns, err := shapeOf(r.ctx, r.tx, t.Table)
	if err != nil {
		return err
	}
	if !slices.Equal(columns.names(), t.Columns) || !slices.Equal(columns.types(), t.Types) {
		return r.corrupt("the columns of %s are not those of this schema", t.Table)
	}
	sum, count, held := sha256.New(), int64(0), 0
	rows := insertInto(t.Table, t.Columns...)
	for {
		line, err := r.read()
		if err != nil {
			return err
		}
		if line[0] != '[' {
			if err := r.insert(rows); err != nil {
				return err
			}
			r.done.Rows += count
			return r.endOf(t.Table, line, count, hex.EncodeToString(sum.Sum(nil)))
		}
		sum.Write(line)
		if err := r.row(rows, columns, line); err != nil {
			return err
		}
		count++
		if held += len(line); held >= restoreBytes {
			if err := r.insert(rows); err != nil {
				return err
			}
			rows, held = insertInto(t.Table, t.Columns...), 0
		}
	}
}

func (r *restorer) endOf(table string, line []byte, rows int64, sum string) error {
	want, err := json.Marshal(archiveEnd{table, rows, sum})
	if err != nil {
		return err
	}
	if got := bytes.TrimSuffix(line, []byte("\n")); !bytes.Equal(got, want) {
		return r.corrupt("the rows give %s, which is not what it says", want)
	}
	return nil
}

// row adds one archived row to the rows to insert.
func (r *restorer) row(rows *bulk, columns shape, line []byte) error {
	var cells []json.RawMessage
	if err := json.Unmarshal(line, &cells); err != nil || len(cells) != len(columns) {
		return r.corrupt("it is no row of %s", rows.table)
	}
	values := make([]any, len(cells))
	for i, cell := range cells {
		var err error
		switch columns[i].kind {
		case integerColumn:
			values[i], err = strconv.ParseInt(string(cell), 10, 64)
		case textColumn:
			var text string
			err = json.Unmarshal(cell, &text)
			values[i] = text
		case bytesColumn:
			blob := []byte{}
			err = json.Unmarshal(cell, &blob)
			values[i] = blob
		}
		if err != nil {
			return r.corrupt("%s.%s does not parse", rows.table, columns[i].name)
		}
	}
	rows.add(values...)
	return nil
}

func (r *restorer) insert(rows *bulk) error {
	if rows.rows == 0 {
		return nil
	}
	if key, ok := seeded[rows.table]; ok {
		return r.replace(rows, key)
	}
	engine, ok := r.store.engine.(inserter)
	if !ok {
		return fault.New(fault.Internal, "", "%s takes no archive", r.store.engine.name())
	}
	err := engine.insert(r.ctx, r.tx, rows)
	if errors.Is(err, cashier.ErrStale) {
		return r.corrupt("a row of %s stands twice", rows.table)
	}
	return err
}

// seeded are the tables in which a migration puts first rows, with their key:
// an archive's rows take the place of those.
var seeded = map[string]string{"feed": "feed"}

func (r *restorer) replace(rows *bulk, key string) error {
	marks, sets := make([]string, len(rows.cols)), make([]string, len(rows.cols))
	for i, c := range rows.cols {
		marks[i], sets[i] = fmt.Sprintf("$%d", i+1), c.name+" = excluded."+c.name
	}
	text := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s",
		rows.table, rows.names(), strings.Join(marks, ", "), key, strings.Join(sets, ", "))
	for row := range rows.rows {
		args := make([]any, len(rows.cols))
		for i := range args {
			args[i] = rows.cols[i].value(row)
		}
		if _, err := r.tx.ExecContext(r.ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// inserter is an engine that adds many rows within a transaction of exec.
type inserter interface {
	insert(ctx context.Context, tx execer, b *bulk) error
}

func (s *sqlite) insert(ctx context.Context, _ execer, b *bulk) error {
	return s.translate(s.run(ctx, b)) // exec holds the one connection that writes
}

func (p *postgres) insert(ctx context.Context, tx execer, b *bulk) error {
	args := make([]any, len(b.cols))
	for i := range b.cols {
		args[i] = b.cols[i].array()
	}
	_, err := tx.ExecContext(ctx, p.text(b), args...)
	return p.translate(err)
}
