package store

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// sealedColumn is a column that holds sealed values; an empty value is none.
type sealedColumn struct {
	table, column string
	second        string // the second column of the key, or ""
	context       func(book ledger.BookNo, second int64) string
}

var sealedColumns = []sealedColumn{
	{"person", "ssn_sealed", "", func(b ledger.BookNo, _ int64) string { return ssnContext(b) }},
	{"person", "conflicts", "", func(b ledger.BookNo, _ int64) string { return conflictContext(b) }},
	{"suspense", "details", "seq", suspenseContext},
	{"kept_file_chunk", "sealed", "chunk_no", func(b ledger.BookNo, n int64) string { return chunkContext(b, int(n)) }},
}

// resealRows is how many values are sealed anew in one transaction: a piece of a
// kept file is half a megabyte.
const resealRows = 32

// Reseal seals every value anew that stale says is sealed under an older key,
// and gives how many. It works in small transactions beside the running office,
// leaves values that change meanwhile to their writer, and may be repeated until
// it finds nothing.
func (s *Store) Reseal(ctx context.Context, stale func(sealed []byte) bool, progress func(done int)) (int, error) {
	done := 0
	for _, column := range sealedColumns {
		at := sealedValue{second: -1}
		for {
			page, err := s.sealedPage(ctx, column, at)
			if err != nil {
				return done, fault.Wrap("store.Reseal", err)
			}
			if len(page) == 0 {
				break
			}
			at = page[len(page)-1]
			changed, err := s.resealPage(ctx, column, page, stale)
			if err != nil {
				return done, fault.Wrap("store.Reseal", err)
			}
			if done += changed; changed > 0 && progress != nil {
				progress(done)
			}
		}
	}
	return done, nil
}

type sealedValue struct {
	book   ledger.BookNo
	second int64
	sealed []byte
}

func (s *Store) sealedPage(ctx context.Context, c sealedColumn, after sealedValue) ([]sealedValue, error) {
	text := fmt.Sprintf(`SELECT book_no, 0, %s FROM %s WHERE book_no > $1 ORDER BY book_no LIMIT %d`, c.column, c.table, resealRows)
	args := []any{int64(after.book)}
	if c.second != "" {
		text = fmt.Sprintf(`SELECT book_no, %[1]s, %[2]s FROM %[3]s WHERE (book_no, %[1]s) > ($1, $2)
			ORDER BY book_no, %[1]s LIMIT %[4]d`, c.second, c.column, c.table, resealRows)
		args = append(args, after.second)
	}
	var page []sealedValue
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) error {
		var v sealedValue
		err := scan(&v.book, &v.second, &v.sealed)
		page = append(page, v)
		return err
	}})
	return page, err
}

func (s *Store) resealPage(ctx context.Context, c sealedColumn, page []sealedValue, stale func([]byte) bool) (int, error) {
	changed := 0
	err := s.engine.exec(ctx, func(tx execer) error {
		for _, v := range page {
			if len(v.sealed) == 0 || !stale(v.sealed) {
				continue
			}
			where := c.context(v.book, v.second)
			plain, err := s.seal.Open(v.sealed, where)
			if err != nil {
				return fault.New(fault.Corrupt, "store.Reseal", "a value of %s.%s does not open (%s)", c.table, c.column, where)
			}
			fresh, err := s.seal.Seal(plain, where)
			if err != nil {
				return err
			}
			text := fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE book_no = $2 AND %s = $3`, c.table, c.column, c.column)
			args := []any{fresh, int64(v.book), v.sealed}
			if c.second != "" {
				text += fmt.Sprintf(` AND %s = $4`, c.second)
				args = append(args, v.second)
			}
			result, err := tx.ExecContext(ctx, text, args...)
			if err != nil {
				return err
			}
			rows, err := result.RowsAffected()
			if err != nil {
				return err
			}
			changed += int(rows)
		}
		return nil
	})
	return changed, err
}
