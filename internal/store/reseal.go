package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

// sealedColumn is a column that holds sealed values; an empty value is none.
type sealedColumn struct {
	table, column string
	key           string // the first column of the key: a number or a text
	second        string // the second column of the key, a number, or ""
	context       func(key any, second int64) string
}

var sealedColumns = []sealedColumn{
	{"person", "ssn_sealed", "book_no", "", func(b any, _ int64) string { return ssnContext(bookOf(b)) }},
	{"person", "conflicts", "book_no", "", func(b any, _ int64) string { return conflictContext(bookOf(b)) }},
	{"suspense", "details", "book_no", "seq", func(b any, n int64) string { return suspenseContext(bookOf(b), n) }},
	{"bank_text", "sealed", "book_no", "line_no", func(b any, n int64) string { return lineContext(bookOf(b), n) }},
	{"recon_act", "sealed", "exception_id", "act_no", func(id any, n int64) string { return actContext(id.(string), n) }},
	{"kept_file_chunk", "sealed", "book_no", "chunk_no", func(b any, n int64) string { return chunkContext(bookOf(b), int(n)) }},
	{"ach_return", "sealed", "file_book", "item_no", func(b any, n int64) string { return achReturnContext(bookOf(b), n) }},
	{"check_register", "sealed", "account_id", "check_no", func(id any, n int64) string { return checkContext(id.(string), n) }},
	{"check_file", "sealed", "batch_id", "file_no", func(id any, n int64) string { return checkFileContext(id.(string), n) }},
	{"payment_method", "sealed", "method_id", "", func(id any, _ int64) string { return methodContext(id.(string)) }},
	{"mandate", "evidence", "mandate_id", "", func(id any, _ int64) string { return consentContext(id.(string)) }},
	{"unclaimed_report", "sealed", "report_id", "", func(id any, _ int64) string { return unclaimedContext(id.(string)) }},
	{"card_attempt", "sealed", "attempt_id", "", func(id any, _ int64) string { return attemptContext(id.(string)) }},
	{"staff", "password", "staff_id", "", func(id any, _ int64) string { return staffContext(ident.Opaque(id.(string))) }},
	{"staff_factor", "sealed", "factor_id", "", func(id any, _ int64) string { return factorContext(ident.Opaque(id.(string))) }},
}

func bookOf(key any) ledger.BookNo { return ledger.BookNo(key.(int64)) }

// textKeyed reports whether the column's rows are keyed by a text.
func (c sealedColumn) textKeyed() bool { return strings.HasSuffix(c.key, "_id") }

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
		at := sealedValue{key: any(int64(0)), second: -1}
		if column.textKeyed() {
			at.key = ""
		}
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
	key    any
	second int64
	sealed []byte
}

func (s *Store) sealedPage(ctx context.Context, c sealedColumn, after sealedValue) ([]sealedValue, error) {
	text := fmt.Sprintf(`SELECT %[1]s, 0, %[2]s FROM %[3]s WHERE %[1]s > $1 ORDER BY %[1]s LIMIT %[4]d`,
		c.key, c.column, c.table, resealRows)
	args := []any{after.key}
	if c.second != "" {
		text = fmt.Sprintf(`SELECT %[5]s, %[1]s, %[2]s FROM %[3]s WHERE (%[5]s, %[1]s) > ($1, $2)
			ORDER BY %[5]s, %[1]s LIMIT %[4]d`, c.second, c.column, c.table, resealRows, c.key)
		args = append(args, after.second)
	}
	var page []sealedValue
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) (err error) {
		var v sealedValue
		if c.textKeyed() {
			var key string
			err = scan(&key, &v.second, &v.sealed)
			v.key = key
		} else {
			var key int64
			err = scan(&key, &v.second, &v.sealed)
			v.key = key
		}
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
			where := c.context(v.key, v.second)
			plain, err := s.seal.Open(v.sealed, where)
			if err != nil {
				return fault.New(fault.Corrupt, "store.Reseal", "a value of %s.%s does not open (%s)", c.table, c.column, where)
			}
			fresh, err := s.seal.Seal(plain, where)
			if err != nil {
				return err
			}
			text := fmt.Sprintf(`UPDATE %[1]s SET %[2]s = $1 WHERE %[3]s = $2 AND %[2]s = $3`, c.table, c.column, c.key)
			args := []any{fresh, v.key, v.sealed}
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
