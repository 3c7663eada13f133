package store

import (
	"context"
	"errors"
	"iter"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
)

var _ audit.Store = (*Store)(nil)

// AuditHeads implements audit.Store.
func (s *Store) AuditHeads(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]audit.Head, error) {
	heads := make(map[ledger.BookNo]audit.Head, len(books))
	err := s.engine.read(ctx, s.auditHeadQuery(books, func(book ledger.BookNo, head audit.Head) { heads[book] = head }))
	return heads, err
}

func (s *Store) auditHeadQuery(books []ledger.BookNo, each func(ledger.BookNo, audit.Head)) query {
	return query{
		text: `SELECT book_no, entry_no, row_digest FROM audit_entry a WHERE ` + s.engine.list("book_no", 1, integerColumn) +
			` AND entry_no = (SELECT MAX(l.entry_no) FROM audit_entry l WHERE l.book_no = a.book_no)`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var head audit.Head
			var digest []byte
			if err := scan(&book, &head.No, &digest); err != nil {
				return err
			}
			if err := copyDigest(head.Digest[:], digest); err != nil {
				return err
			}
			each(book, head)
			return nil
		},
	}
}

// AppendAudit implements audit.Store.
func (s *Store) AppendAudit(ctx context.Context, entries []audit.Entry) error {
	err := s.engine.change(ctx, auditBulk(entries)) // one round trip
	if errors.Is(err, cashier.ErrStale) {
		return audit.ErrStale
	}
	return err
}

func auditBulk(entries []audit.Entry) *bulk {
	b := insertInto("audit_entry", "book_no", "entry_no", "acted_at", "actor", "action", "reason", "source", "result", "row_digest")
	for i := range entries {
		e := &entries[i]
		b.add(int64(e.Book), e.No, e.At.UnixMicro(), e.Actor.String(), string(e.Action), e.Reason, e.Source, string(e.Result),
			e.Digest[:])
	}
	return b
}

// auditPage is how many entries AuditEntries reads at a time.
const auditPage = 2000

// AuditEntries gives the whole trail in the order of book and number, page by
// page, for audit.Prove. An error ends it.
func (s *Store) AuditEntries(ctx context.Context) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		last := audit.Entry{Book: -1}
		for {
			page, err := s.auditPage(ctx, last)
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < auditPage {
				return
			}
			last = page[len(page)-1]
		}
	}
}

// AuditOf lists the trail of one book, oldest first.
func (s *Store) AuditOf(ctx context.Context, book ledger.BookNo) ([]audit.Entry, error) {
	return s.auditRows(ctx, `WHERE book_no = $1 ORDER BY entry_no`, int64(book))
}

func (s *Store) auditPage(ctx context.Context, after audit.Entry) ([]audit.Entry, error) {
	return s.auditRows(ctx, `WHERE (book_no, entry_no) > ($1, $2) ORDER BY book_no, entry_no LIMIT $3`,
		int64(after.Book), after.No, int64(auditPage))
}

func (s *Store) auditRows(ctx context.Context, where string, args ...any) ([]audit.Entry, error) {
	var entries []audit.Entry
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, entry_no, acted_at, actor, action, reason, source, result, row_digest FROM audit_entry ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			var e audit.Entry
			var at int64
			var actor string
			var digest []byte
			err := scan(&e.Book, &e.No, &at, &actor, &e.Action, &e.Reason, &e.Source, &e.Result, &digest)
			if err != nil {
				return err
			}
			e.At = instant(at)
			if e.Actor, err = scanActor(actor); err != nil {
				return err
			}
			entries = append(entries, e)
			return copyDigest(entries[len(entries)-1].Digest[:], digest)
		},
	})
	return entries, err
}
