package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
)

var _ intake.Store = (*Store)(nil)

const fileColumns = `book_no, opaque_id, name, format, sha256, bytes, business_id, verdict, facts, problems, items,
	total_cents, received_at, actor, chunks, row_digest`

func chunkContext(file ledger.BookNo, n int) string { return fmt.Sprintf("file/%d/%d", file, n) }

// KeepChunk implements intake.Store.
func (s *Store) KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error {
	sealed, err := s.seal.Seal(data, chunkContext(file, n))
	if err != nil {
		return fault.Wrap("store.KeepChunk", err)
	}
	b := insertInto("kept_file_chunk", "book_no", "chunk_no", "sealed")
	b.add(int64(file), int64(n), sealed)
	return s.engine.write(ctx, b)
}

// Chunk implements intake.Store.
func (s *Store) Chunk(ctx context.Context, file ledger.BookNo, n int) ([]byte, error) {
	var sealed []byte
	err := s.engine.read(ctx, query{
		text: `SELECT sealed FROM kept_file_chunk WHERE book_no = $1 AND chunk_no = $2`,
		args: []any{int64(file), int64(n)},
		each: func(scan func(...any) error) error { return scan(&sealed) },
	})
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		return nil, fault.New(fault.NotFound, "store.Chunk", "the file has no piece %d", n)
	}
	plain, err := s.seal.Open(sealed, chunkContext(file, n))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "store.Chunk", "piece %d of kept file %d does not open: %v", n, file, err)
	}
	return plain, nil
}

// KeepFile implements intake.Store.
func (s *Store) KeepFile(ctx context.Context, file intake.Kept) (ledger.BookNo, error) {
	row, err := fileRow(&file)
	if err != nil {
		return 0, err
	}
	identity := insertInto("file_identity", "business_id", "book_no")
	identity.add(file.BusinessID, int64(file.Book))
	err = s.engine.write(ctx, identity, row)
	if !errors.Is(err, cashier.ErrStale) {
		return file.Book, err
	}
	var first ledger.BookNo
	err = s.engine.read(ctx, query{
		text: `SELECT book_no FROM file_identity WHERE business_id = $1`,
		args: []any{file.BusinessID},
		each: func(scan func(...any) error) error { return scan(&first) },
	})
	return first, err
}

func fileRow(file *intake.Kept) (*bulk, error) {
	facts, err := json.Marshal(file.Facts)
	if err != nil {
		return nil, fault.Wrap("store.KeepFile", err)
	}
	problems, err := json.Marshal(file.Problems)
	if err != nil {
		return nil, fault.Wrap("store.KeepFile", err)
	}
	b := insertInto("kept_file", "book_no", "opaque_id", "name", "format", "sha256", "bytes", "business_id", "verdict",
		"facts", "problems", "items", "total_cents", "received_at", "actor", "chunks", "row_digest")
	digest := FileDigest(file, string(facts), string(problems))
	b.add(int64(file.Book), string(file.Opaque), file.Name, file.Format, file.SHA256[:], file.Bytes, file.BusinessID,
		string(file.Verdict), string(facts), string(problems), int64(file.Items), int64(file.Total),
		file.ReceivedAt.UnixMicro(), file.Actor.String(), int64(file.Chunks), digest[:])
	return b, nil
}

// FileDigest is the digest that a kept file's row carries of its other columns;
// facts and problems are the stored texts.
func FileDigest(file *intake.Kept, facts, problems string) ledger.DocDigest {
	return ledger.DocumentDigest("file",
		[]int64{
			int64(file.Book), file.Bytes, int64(file.Items), int64(file.Total), file.ReceivedAt.UnixMicro(),
			int64(file.Chunks),
		},
		[]string{
			string(file.Opaque), file.Name, file.Format, string(file.SHA256[:]), file.BusinessID, string(file.Verdict),
			facts, problems, file.Actor.String(),
		})
}

// File implements intake.Store.
func (s *Store) File(ctx context.Context, book ledger.BookNo) (intake.Kept, error) {
	files, err := s.files(ctx, `WHERE book_no = $1`, int64(book))
	if err != nil {
		return intake.Kept{}, err
	}
	if len(files) == 0 {
		return intake.Kept{}, fault.New(fault.NotFound, "store.File", "there is no such file")
	}
	return files[0], nil
}

// Files lists the files that came in last.
func (s *Store) Files(ctx context.Context, most int) ([]intake.Kept, error) {
	return s.files(ctx, `ORDER BY received_at DESC, book_no LIMIT $1`, int64(most))
}

func (s *Store) files(ctx context.Context, where string, args ...any) ([]intake.Kept, error) {
	var files []intake.Kept
	err := s.engine.read(ctx, query{
		text: `SELECT ` + fileColumns + ` FROM kept_file ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			file, err := scanFile(scan)
			files = append(files, file.Kept)
			return err
		},
	})
	return files, err
}

// storedFile is a kept file's row with the texts and the digest that prove it.
type storedFile struct {
	intake.Kept
	facts, problems string
	digest          []byte
}

func scanFile(scan func(...any) error) (f storedFile, err error) {
	var sha []byte
	var received int64
	var actor string
	err = scan(&f.Book, &f.Opaque, &f.Name, &f.Format, &sha, &f.Bytes, &f.BusinessID, &f.Verdict, &f.facts, &f.problems,
		&f.Items, &f.Total, &received, &actor, &f.Chunks, &f.digest)
	if err != nil {
		return f, err
	}
	if len(sha) != sha256.Size {
		return f, fault.New(fault.Corrupt, "store.scan", "a kept file's hash has %d bytes", len(sha))
	}
	copy(f.SHA256[:], sha)
	f.ReceivedAt = instant(received)
	if f.Actor, err = scanActor(actor); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(f.facts), &f.Facts); err != nil {
		return f, fault.New(fault.Corrupt, "store.scan", "a kept file's facts do not parse")
	}
	if err := json.Unmarshal([]byte(f.problems), &f.Problems); err != nil {
		return f, fault.New(fault.Corrupt, "store.scan", "a kept file's problems do not parse")
	}
	return f, nil
}

// Unfinished implements intake.Store.
func (s *Store) Unfinished(ctx context.Context) ([]ledger.BookNo, error) {
	var books []ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT f.book_no FROM kept_file f LEFT JOIN file_done d ON d.book_no = f.book_no
			WHERE f.verdict = 'accept' AND d.book_no IS NULL ORDER BY f.received_at, f.book_no`,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			err := scan(&book)
			books = append(books, book)
			return err
		},
	})
	return books, err
}

// Progress implements intake.Store.
func (s *Store) Progress(ctx context.Context, file ledger.BookNo) (map[intake.LaneChunk]bool, error) {
	done := map[intake.LaneChunk]bool{}
	err := s.engine.read(ctx, query{
		text: `SELECT lane, chunk_no FROM file_progress WHERE book_no = $1`,
		args: []any{int64(file)},
		each: func(scan func(...any) error) error {
			var at intake.LaneChunk
			err := scan(&at.Lane, &at.Chunk)
			done[at] = true
			return err
		},
	})
	return done, err
}

// Tally implements intake.Store.
func (s *Store) Tally(ctx context.Context, file ledger.BookNo, lanes int) (intake.Tally, error) {
	var t intake.Tally
	err := s.engine.read(ctx, query{
		text: `SELECT COUNT(*), CAST(COALESCE(SUM(items), 0) AS BIGINT), CAST(COALESCE(SUM(total_cents), 0) AS BIGINT) FROM file_progress WHERE book_no = $1`,
		args: []any{int64(file)},
		each: func(scan func(...any) error) error {
			var chunks int
			return scan(&chunks, &t.Items, &t.Cents)
		},
	}, query{
		text: `SELECT COUNT(*), CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) FROM suspense WHERE book_no BETWEEN $1 AND $2`,
		args: []any{int64(file), int64(file) + int64(lanes)},
		each: func(scan func(...any) error) error { return scan(&t.Suspended, &t.SuspendedCents) },
	})
	return t, err
}

// FinishFile implements intake.Store.
func (s *Store) FinishFile(ctx context.Context, file ledger.BookNo, report []byte) error {
	b := insertInto("file_done", "book_no", "done_at", "report")
	b.add(int64(file), s.clock.Now().UnixMicro(), string(report))
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return nil
	}
	return err
}
