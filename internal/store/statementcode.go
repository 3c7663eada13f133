package store

import (
	"context"
	"encoding/hex"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/registry"
)

// StatementCodes makes a code for the bill of each book as it stands: the items
// that are there now, and none that is billed later. A code is kept as a keyed
// hash only: it is given away here and nowhere else. Expires is its last day.
func (s *Store) StatementCodes(ctx context.Context, books []ledger.BookNo, expires calendar.Date) ([]string, error) {
	const op = "store.StatementCodes"
	through, err := s.lastItems(ctx, books)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	rows := insertInto("statement_code", "code_print", "book_no", "expires_on", "through_item")
	codes := make([]string, len(books))
	for i, book := range books {
		codes[i] = registry.NewCode()
		print, err := s.statementPrint(secret.New(codes[i]))
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		rows.add(print, int64(book), expires.String(), through[book])
	}
	if rows.rows == 0 {
		return codes, nil
	}
	return codes, fault.Wrap(op, s.engine.write(ctx, rows))
}

// lastItems gives the number of each book's newest item.
func (s *Store) lastItems(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]int64, error) {
	last := make(map[ledger.BookNo]int64, len(books))
	if len(books) == 0 {
		return last, nil
	}
	return last, s.engine.read(ctx, query{
		text: `SELECT book_no, last_item FROM book WHERE ` + s.engine.list("book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var item int64
			err := scan(&book, &item)
			last[book] = item
			return err
		},
	})
}

func (s *Store) statementPrint(code secret.Text) (string, error) {
	sum, err := s.fingerprint(code, "statement/code")
	return hex.EncodeToString(sum), err
}

// CodedBill implements registry.Store.
func (s *Store) CodedBill(ctx context.Context, code secret.Text) (registry.CodedBill, error) {
	var coded registry.CodedBill
	print, err := s.statementPrint(code)
	if err != nil {
		return coded, fault.Wrap("store.CodedBill", err)
	}
	return coded, s.engine.read(ctx, query{
		text: `SELECT book_no, through_item, expires_on FROM statement_code WHERE code_print = $1`,
		args: []any{print},
		each: func(scan func(...any) error) error {
			var expires string
			err := scan(&coded.Book, &coded.ThroughItem, &expires)
			if err == nil {
				coded.Expires, err = scanDate(expires)
			}
			return err
		},
	})
}
