package store

import (
	"context"
	"encoding/json"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// journalRow is one stored posting with everything its transaction carries.
type journalRow struct {
	t    ledger.Transaction
	line int64
	p    ledger.Posting
}

func scanPosting(scan func(...any) error) (journalRow, error) {
	var r journalRow
	var posted, effective, actor string
	var recorded int64
	var digest []byte
	err := scan(&r.t.Book, &posted, &r.t.Seq, &r.line, &r.p.Debit, &r.p.Credit, &r.p.Cents, &r.p.Item, &r.t.Phase, &r.t.Of,
		&effective, &recorded, &r.t.Event, &r.t.Link, &actor, &r.t.Reason, &digest)
	if err != nil {
		return r, err
	}
	r.t.RecordedAt = instant(recorded)
	if err := copyDigest(r.t.Chained[:], digest); err != nil {
		return r, err
	}
	if r.t.Actor, err = scanActor(actor); err != nil {
		return r, err
	}
	return r, scanDates(map[*calendar.Date]string{&r.t.PostedOn: posted, &r.t.EffectiveOn: effective})
}

// Transaction implements cashier.Store.
func (s *Store) Transaction(ctx context.Context, book ledger.BookNo, seq int64) (ledger.Transaction, error) {
	var t ledger.Transaction
	err := s.engine.read(ctx, query{
		text: `SELECT ` + postingColumns + ` FROM posting WHERE book_no = $1 AND seq = $2 ORDER BY line`,
		args: []any{int64(book), seq},
		each: func(scan func(...any) error) error {
			row, err := scanPosting(scan)
			if t.Seq == 0 {
				t = row.t
			}
			t.Postings = append(t.Postings, row.p)
			return err
		},
	})
	if err == nil && t.Seq == 0 {
		err = fault.New(fault.NotFound, "store.Transaction", "there is no such transaction")
	}
	return t, err
}

// Journal lists a book's transactions in order.
func (s *Store) Journal(ctx context.Context, book ledger.BookNo) ([]ledger.Transaction, error) {
	return s.journal(ctx, `WHERE book_no = $1`, int64(book))
}

// Followers implements cashier.Store.
func (s *Store) Followers(ctx context.Context, book ledger.BookNo, seq int64) ([]ledger.Transaction, error) {
	return s.journal(ctx, `WHERE book_no = $1 AND of_seq = $2`, int64(book), seq)
}

func (s *Store) journal(ctx context.Context, where string, args ...any) ([]ledger.Transaction, error) {
	var all []ledger.Transaction
	err := s.engine.read(ctx, query{
		text: `SELECT ` + postingColumns + ` FROM posting ` + where + ` ORDER BY seq, line`,
		args: args,
		each: func(scan func(...any) error) error {
			row, err := scanPosting(scan)
			if n := len(all); n == 0 || all[n-1].Seq != row.t.Seq {
				all = append(all, row.t)
			}
			last := &all[len(all)-1]
			last.Postings = append(last.Postings, row.p)
			return err
		},
	})
	return all, err
}

// Receipt implements cashier.Store.
func (s *Store) Receipt(ctx context.Context, book ledger.BookNo, seq int64) (payment.ReceiptPart, error) {
	var r payment.ReceiptPart
	err := s.engine.read(ctx, query{
		text: `SELECT ` + receiptColumns + ` FROM receipt WHERE book_no = $1 AND seq = $2`,
		args: []any{int64(book), seq},
		each: func(scan func(...any) error) (err error) {
			r, _, err = scanReceipt(scan)
			return err
		},
	})
	if err == nil && r.Seq == 0 {
		err = fault.New(fault.NotFound, "store.Receipt", "this transaction wrote no receipt")
	}
	return r, err
}

// Suspense implements cashier.Store.
func (s *Store) Suspense(ctx context.Context, book ledger.BookNo, seq int64) (cashier.SuspenseEntry, error) {
	found, err := s.suspense(ctx, `WHERE book_no = $1 AND seq = $2`, int64(book), seq)
	if err != nil {
		return cashier.SuspenseEntry{}, err
	}
	if len(found) == 0 {
		return cashier.SuspenseEntry{}, fault.New(fault.NotFound, "store.Suspense", "there is no such entry in suspense")
	}
	return found[0], nil
}

// OpenSuspense lists what is in suspense, the oldest first.
func (s *Store) OpenSuspense(ctx context.Context, most int) ([]cashier.SuspenseEntry, error) {
	return s.suspense(ctx, `WHERE open_cents > 0 ORDER BY received_on, book_no, seq LIMIT $1`, int64(most))
}

func (s *Store) suspense(ctx context.Context, where string, args ...any) ([]cashier.SuspenseEntry, error) {
	var entries []cashier.SuspenseEntry
	err := s.engine.read(ctx, query{
		text: `SELECT ` + suspenseColumns + ` FROM suspense ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			e, err := s.scanSuspense(scan)
			entries = append(entries, e)
			return err
		},
	})
	return entries, err
}

func (s *Store) scanSuspense(scan func(...any) error) (e cashier.SuspenseEntry, err error) {
	var entity, fund, opened int64
	var received string
	var sealed []byte
	err = scan(&e.Book, &e.Seq, &entity, &fund, &e.Rail, &e.Reason, &received, &opened, &e.Payment, &e.PartNo, &e.Amount,
		&e.Open, &sealed)
	if err != nil {
		return e, err
	}
	e.OpenedAt = instant(opened)
	if e.Purse, err = scanPurse(entity, fund); err != nil {
		return e, err
	}
	if e.Received, err = scanDate(received); err != nil {
		return e, err
	}
	plain, err := s.seal.Open(sealed, suspenseContext(e.Book, e.Seq))
	if err != nil {
		return e, fault.New(fault.Corrupt, "store.suspense", "the details of suspense entry %d/%d do not open: %v", e.Book, e.Seq, err)
	}
	if err := json.Unmarshal(plain, &e.Details); err != nil {
		return e, fault.New(fault.Corrupt, "store.suspense", "the details of suspense entry %d/%d do not parse", e.Book, e.Seq)
	}
	return e, nil
}

// Endings implements cashier.Store.
func (s *Store) Endings(ctx context.Context, book ledger.BookNo) (map[int64]int64, error) {
	endings := map[int64]int64{}
	err := s.engine.read(ctx, query{
		text: `SELECT seq, by_seq FROM ending WHERE book_no = $1`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			var seq, by int64
			err := scan(&seq, &by)
			endings[seq] = by
			return err
		},
	})
	return endings, err
}

// LastPaid implements cashier.Store.
func (s *Store) LastPaid(
	ctx context.Context, book ledger.BookNo, before int64, purse chart.Purse,
) (receipt payment.ReceiptPart, found bool, err error) {
	var seq int64
	err = s.engine.read(ctx, query{
		text: `SELECT MAX(seq) FROM receipt WHERE book_no = $1 AND seq < $2 AND entity_no = $3 AND fund_no = $4 AND applied_cents > 0 HAVING MAX(seq) > 0`,
		args: []any{int64(book), before, int64(purse.Entity), int64(purse.Fund.No())},
		each: func(scan func(...any) error) error { return scan(&seq) },
	})
	if err != nil || seq == 0 {
		return receipt, false, err
	}
	receipt, err = s.Receipt(ctx, book, seq)
	return receipt, err == nil, err
}

// UnappliedOf implements cashier.Store.
func (s *Store) UnappliedOf(ctx context.Context, book ledger.BookNo) ([]cashier.Unapplied, error) {
	var all []cashier.Unapplied
	err := s.engine.read(ctx, query{
		text: `SELECT ` + unappliedColumns + ` FROM unapplied WHERE book_no = $1 ORDER BY received_on, seq`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			u, err := scanUnapplied(scan)
			all = append(all, u)
			return err
		},
	})
	return all, err
}

func scanUnapplied(scan func(...any) error) (u cashier.Unapplied, err error) {
	var entity, fund int64
	var received string
	if err = scan(&u.Book, &u.Seq, &entity, &fund, &received, &u.Amount, &u.Open); err != nil {
		return u, err
	}
	if u.Purse, err = scanPurse(entity, fund); err != nil {
		return u, err
	}
	u.Received, err = scanDate(received)
	return u, err
}
