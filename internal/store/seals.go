package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
)

// WriteSeal implements proof.SealStore.
func (s *Store) WriteSeal(ctx context.Context, seal *proof.Seal, books []proof.SealedBook) error {
	head := insertInto("seal", "close_no", "closed_on", "closed_at", "transactions", "root", "totals", "previous", "digest",
		"key_id", "signature")
	head.add(seal.No, seal.Day.String(), seal.At, seal.Transactions, seal.Root[:], seal.Totals[:], seal.Previous[:],
		seal.Digest[:], seal.KeyID, seal.Signature)
	ranges := insertInto("seal_range", "close_no", "range_no", "leaves", "root")
	for _, r := range seal.Ranges {
		ranges.add(seal.No, int64(r.Range), r.Leaves, r.Root[:])
	}
	totals := insertInto("seal_total", "close_no", "account_no", "debit_cents", "credit_cents")
	for _, t := range seal.Accounts {
		totals.add(seal.No, int64(t.Account), int64(t.Debit), int64(t.Credit))
	}
	covered := insertInto("seal_book", "book_no", "close_no", "seq_from", "seq_to")
	for _, b := range books {
		covered.add(int64(b.Book), b.Close, b.From, b.To)
	}
	bulks := []*bulk{head}
	for _, b := range []*bulk{ranges, totals, covered} {
		if b.rows > 0 {
			bulks = append(bulks, b)
		}
	}
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.WriteSeal", "another close was made meanwhile").WithHint("Try again.")
	}
	return err
}

// Seals implements proof.Snapshot.
func (v *view) Seals() iter.Seq2[proof.Seal, error] {
	x := newValues()
	const text = `SELECT close_no, closed_on, closed_at, transactions, root, totals, previous, digest, key_id, signature
		FROM seal ORDER BY close_no`
	seals := stream(v, fetchRows, text, func(scan func(...any) error) (proof.Seal, error) {
		var s proof.Seal
		var day, root, totals, previous, digest sql.RawBytes
		err := scan(&s.No, &day, &s.At, &s.Transactions, &root, &totals, &previous, &digest, &s.KeyID, &s.Signature)
		if err != nil {
			return s, err
		}
		s.Day = x.date(day)
		x.digest(s.Root[:], root)
		x.digest(s.Totals[:], totals)
		x.digest(s.Previous[:], previous)
		x.digest(s.Digest[:], digest)
		s.Bad = x.take()
		return s, nil
	})
	return func(yield func(proof.Seal, error) bool) {
		for s, err := range seals {
			if err == nil {
				err = v.sealParts(&s)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// sealParts reads what belongs to one seal: at most a row per range and per account.
func (v *view) sealParts(s *proof.Seal) error {
	x := newValues()
	ranges := fmt.Sprintf(`SELECT range_no, leaves, root FROM seal_range WHERE close_no = %d ORDER BY range_no`, s.No)
	rows := stream(v, fetchRows, ranges, func(scan func(...any) error) (r proof.RangeRoot, err error) {
		var root sql.RawBytes
		if err := scan(&r.Range, &r.Leaves, &root); err != nil {
			return r, err
		}
		x.digest(r.Root[:], root)
		return r, nil
	})
	for r, err := range rows {
		if err != nil {
			return err
		}
		s.Ranges = append(s.Ranges, r)
	}
	totals := fmt.Sprintf(`SELECT account_no, debit_cents, credit_cents FROM seal_total WHERE close_no = %d ORDER BY account_no`, s.No)
	accounts := stream(v, fetchRows, totals, func(scan func(...any) error) (t proof.Total, err error) {
		var account int64
		err = scan(&account, &t.Debit, &t.Credit)
		t.Account = ledger.Account(x.small(account))
		return t, err
	})
	for t, err := range accounts {
		if err != nil {
			return err
		}
		s.Accounts = append(s.Accounts, t)
	}
	if bad := x.take(); s.Bad == nil {
		s.Bad = bad
	}
	return nil
}

// SealedBooks implements proof.Snapshot.
func (v *view) SealedBooks() iter.Seq2[proof.SealedBook, error] {
	const text = `SELECT book_no, close_no, seq_from, seq_to FROM seal_book ORDER BY book_no, close_no`
	return stream(v, fetchRows, text, func(scan func(...any) error) (b proof.SealedBook, err error) {
		return b, scan(&b.Book, &b.Close, &b.From, &b.To)
	})
}

// Unsealed implements proof.Snapshot. Books that did not move since the last
// close cost one look-up each.
func (v *view) Unsealed() iter.Seq2[proof.Line, error] {
	return v.lines(`WITH due AS (SELECT b.book_no, b.seq,
			COALESCE((SELECT MAX(s.seq_to) FROM seal_book s WHERE s.book_no = b.book_no), 0) AS sealed FROM book b)
		SELECT p.book_no, p.posted_on, p.seq, p.line, p.debit_account, p.credit_account, p.amount_cents, p.item_no, p.phase,
			p.of_seq, p.effective_on, p.recorded_at, p.event, p.link, p.actor, p.reason, p.digest
		FROM due d JOIN posting p ON p.book_no = d.book_no AND p.seq > d.sealed
		WHERE d.seq > d.sealed ORDER BY p.book_no, p.seq, p.line`)
}

// CloseOf implements proof.Snapshot.
func (v *view) CloseOf(book ledger.BookNo, seq int64) (no int64, err error) {
	const text = `SELECT close_no FROM seal_book WHERE book_no = $1 AND seq_from < $2 AND seq_to >= $2`
	err = v.tx.QueryRowContext(v.ctx, text, int64(book), seq).Scan(&no)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return no, fault.Wrap("store.CloseOf", err)
}

// SealedLinks implements proof.Snapshot.
func (v *view) SealedLinks(no int64, first, last ledger.BookNo) iter.Seq2[proof.Link, error] {
	text := fmt.Sprintf(`SELECT p.book_no, p.seq, p.digest
		FROM seal_book s JOIN posting p ON p.book_no = s.book_no AND p.seq > s.seq_from AND p.seq <= s.seq_to AND p.line = 1
		WHERE s.close_no = %d AND s.book_no BETWEEN %d AND %d ORDER BY p.book_no, p.seq`, no, first, last)
	return stream(v, fetchRows, text, func(scan func(...any) error) (l proof.Link, err error) {
		var digest sql.RawBytes
		if err := scan(&l.Book, &l.Seq, &digest); err != nil {
			return l, err
		}
		return l, copyDigest(l.Link[:], digest)
	})
}
