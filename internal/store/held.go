package store

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/office/suspense"
)

var (
	_ suspense.Store = (*Store)(nil)
	_ reversal.Store = (*Store)(nil)
)

func knownBulk(known []cashier.KnownPayer) *bulk {
	b := insertInto("known_payer", "print", "account_no", "placed_in", "placed_seq", "payment_id")
	for _, k := range known {
		b.add(k.Print, int64(k.Account), int64(k.Placed.Book), k.Placed.Seq, string(k.Payment))
	}
	return b
}

func toldAgainBulk(p *cashier.Progress) *bulk {
	b := insertInto("file_told_again", "book_no", "lane", "chunk_no", "items", "total_cents")
	if p != nil && p.Again > 0 {
		b.add(int64(p.File), int64(p.Lane), int64(p.Chunk), int64(p.Again), int64(p.AgainCents))
	}
	return b
}

// payerPrintLen is how many bytes of a fingerprint tell payers apart.
const payerPrintLen = 16

// PayerPrint gives the fingerprint of a payer: its bank, account and name, however
// they are spaced or spelled in capitals. It is "" when no account is known or the
// store has no keys to make one.
func (s *Store) PayerPrint(bank, account, name string) string {
	if account == "" {
		return ""
	}
	keys, ok := s.seal.(fingerprinter)
	if !ok {
		return ""
	}
	plain := func(t string) string { return strings.Join(strings.Fields(strings.ToUpper(t)), " ") }
	sum, err := keys.Fingerprint(secret.New(plain(bank)+"|"+plain(account)+"|"+plain(name)), "payer")
	if err != nil {
		return ""
	}
	return hex.EncodeToString(sum[:min(len(sum), payerPrintLen)])
}

// PaidBefore implements suspense.Store.
func (s *Store) PaidBefore(ctx context.Context, print string) (map[ledger.BookNo]int, error) {
	counts := map[ledger.BookNo]int{}
	err := s.engine.read(ctx, query{
		text: `SELECT account_no, COUNT(DISTINCT payment_id) FROM known_payer WHERE print = $1 GROUP BY account_no`,
		args: []any{print},
		each: func(scan func(...any) error) error {
			var account ledger.BookNo
			var n int
			err := scan(&account, &n)
			counts[account] = n
			return err
		},
	})
	return counts, err
}

// SuspenseAfter implements suspense.Store.
func (s *Store) SuspenseAfter(ctx context.Context, after suspense.Cursor, most int) ([]cashier.SuspenseEntry, error) {
	return s.suspense(ctx, `WHERE open_cents > 0 AND (received_on > $1 OR received_on = $1 AND (book_no > $2 OR book_no = $2 AND seq > $3))
		ORDER BY received_on, book_no, seq LIMIT $4`, after.Received.String(), int64(after.Book), after.Seq, int64(most))
}

// UnappliedAfter implements suspense.Store.
func (s *Store) UnappliedAfter(ctx context.Context, after suspense.Cursor, most int) ([]cashier.Unapplied, error) {
	var all []cashier.Unapplied
	err := s.engine.read(ctx, query{
		text: `SELECT ` + unappliedColumns + ` FROM unapplied
			WHERE open_cents > 0 AND (received_on > $1 OR received_on = $1 AND (book_no > $2 OR book_no = $2 AND seq > $3))
			ORDER BY received_on, book_no, seq LIMIT $4`,
		args: []any{after.Received.String(), int64(after.Book), after.Seq, int64(most)},
		each: func(scan func(...any) error) error {
			u, err := scanUnapplied(scan)
			all = append(all, u)
			return err
		},
	})
	return all, err
}

// HeldEvents implements suspense.Store.
func (s *Store) HeldEvents(ctx context.Context, ref cashier.Ref) ([]suspense.Event, error) {
	var all []suspense.Event
	err := s.engine.read(ctx, query{
		text: `SELECT event_no, kind, actor, made_at, owner, note, to_no, amount_cents FROM held_event
			WHERE book_no = $1 AND seq = $2 ORDER BY event_no`,
		args: []any{int64(ref.Book), ref.Seq},
		each: func(scan func(...any) error) error {
			var e suspense.Event
			var actor string
			var at int64
			err := scan(&e.No, &e.Kind, &actor, &at, &e.Owner, &e.Note, &e.To, &e.Amount)
			if err == nil {
				e.By, err = scanActor(actor)
			}
			e.At = instant(at)
			all = append(all, e)
			return err
		},
	})
	return all, err
}

// AddHeldEvent implements suspense.Store.
func (s *Store) AddHeldEvent(ctx context.Context, ref cashier.Ref, e suspense.Event) error {
	b := insertInto("held_event", "book_no", "seq", "event_no", "kind", "actor", "made_at", "owner", "note", "to_no", "amount_cents")
	b.add(int64(ref.Book), ref.Seq, e.No, string(e.Kind), e.By.String(), e.At.UnixMicro(), e.Owner, e.Note, int64(e.To), int64(e.Amount))
	return s.engine.write(ctx, b)
}

// PersonsOfName implements suspense.Store.
func (s *Store) PersonsOfName(ctx context.Context, last string, most int) ([]ledger.BookNo, error) {
	key := nameKey(last)
	if key == "" {
		return nil, nil
	}
	return s.bookList(ctx, `SELECT book_no FROM person WHERE last_key = $1 ORDER BY birth_date, book_no LIMIT $2`,
		key, int64(most))
}

// Standing implements reversal.Store.
func (s *Store) Standing(ctx context.Context, books []ledger.BookNo, like reversal.Like) ([]cashier.Ref, error) {
	var refs []cashier.Ref
	for _, book := range books {
		err := s.engine.read(ctx, query{
			text: `SELECT r.seq FROM receipt r JOIN claim c ON c.claim_id = r.payment_id
				LEFT JOIN ending e ON e.book_no = r.book_no AND e.seq = r.seq
				WHERE r.book_no = $1 AND r.about_no = $2 AND r.amount_cents = $3 AND e.seq IS NULL
					AND c.rail = $4 AND c.received_on >= $5 AND c.received_on <= $6 ORDER BY r.seq`,
			args: []any{int64(book), int64(like.About), int64(like.Amount), string(like.Rail), like.From.String(), like.To.String()},
			each: func(scan func(...any) error) error {
				ref := cashier.Ref{Book: book}
				err := scan(&ref.Seq)
				refs = append(refs, ref)
				return err
			},
		})
		if err != nil {
			return nil, err
		}
	}
	return refs, nil
}
