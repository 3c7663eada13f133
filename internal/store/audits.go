package store

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/policy"
)

// SaveFindings implements policy.Store.
func (s *Store) SaveFindings(ctx context.Context, file ledger.BookNo, from int, findings []policy.Finding) error {
	b := insertInto("audit_finding", "file_book", "finding_no", "book_no", "policy_no", "line", "field", "from_on", "stated", "on_file")
	b.taken, b.known = `ON CONFLICT (file_book, finding_no) DO NOTHING`, true
	for i := range findings {
		f := &findings[i]
		b.add(int64(file), int64(from+i+1), int64(f.Policy.Number), f.Policy.No, int64(f.Line), f.Field, f.From.String(), f.Stated, f.OnFile)
	}
	return fault.Wrap("store.SaveFindings", s.engine.write(ctx, b))
}

// SaveCompared implements policy.Store.
func (s *Store) SaveCompared(ctx context.Context, c policy.Compared) error {
	b := insertInto("audit_compared", "file_book", "compared_at", "source", "rows_read", "differing", "unknown", "covered", "absent")
	b.add(int64(c.File), c.At.UnixMicro(), c.Source, int64(c.Rows), int64(c.Differing), int64(c.Unknown), int64(c.Covered), int64(c.Absent))
	if err := s.engine.write(ctx, b); !errors.Is(err, cashier.ErrStale) {
		return fault.Wrap("store.SaveCompared", err)
	}
	return nil
}

// Audits gives the audit files that were compared last, newest first.
func (s *Store) Audits(ctx context.Context, most int) ([]policy.Compared, error) {
	var all []policy.Compared
	err := s.engine.read(ctx, query{
		text: `SELECT file_book, compared_at, source, rows_read, differing, unknown, covered, absent FROM audit_compared
			ORDER BY compared_at DESC, file_book LIMIT $1`,
		args: []any{int64(most)},
		each: func(scan func(...any) error) error {
			var c policy.Compared
			var at int64
			err := scan(&c.File, &at, &c.Source, &c.Rows, &c.Differing, &c.Unknown, &c.Covered, &c.Absent)
			c.At = instant(at)
			all = append(all, c)
			return err
		},
	})
	return all, fault.Wrap("store.Audits", err)
}

// Findings gives at most so many of an audit file's findings after a number, in
// order.
func (s *Store) Findings(ctx context.Context, file ledger.BookNo, after, most int) ([]policy.Finding, error) {
	var all []policy.Finding
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, line, field, from_on, stated, on_file FROM audit_finding
			WHERE file_book = $1 AND finding_no > $2 ORDER BY finding_no LIMIT $3`,
		args: []any{int64(file), int64(after), int64(most)},
		each: func(scan func(...any) error) error {
			var f policy.Finding
			var from string
			err := scan(&f.Policy.Number, &f.Policy.No, &f.Line, &f.Field, &from, &f.Stated, &f.OnFile)
			if err == nil {
				f.From, err = scanDate(from)
			}
			all = append(all, f)
			return err
		},
	})
	return all, fault.Wrap("store.Findings", err)
}
