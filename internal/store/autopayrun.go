package store

import (
	"context"
	"database/sql"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/clearing"
)

// outgoing is the condition on planned debits that go out: in a range of books, through
// a day, and announced where they had to be.
const outgoing = `p.book_no > $1 AND p.book_no <= $2 AND p.state = 'planned' AND p.order_on <= $3 AND p.notice <> 'due'`

// The statements that send a chunk of planned debits, in order. Each looks only at what
// the one before it left planned, and cuts every table to the range of books by itself: a
// database that has not counted its tables yet would join them whole.
const (
	// A mandate that was closed or a method that was lost since sends nothing.
	dropLost = `UPDATE autopay_pull AS p SET state = 'dropped', why = 'method', changed_at = $4 WHERE ` + outgoing + `
		AND NOT EXISTS (SELECT 1 FROM mandate m JOIN payment_method q ON q.book_no = m.book_no AND q.method_id = p.method_id
			WHERE m.book_no = p.book_no AND m.mandate_id = p.mandate_id AND m.state IN ('active', 'paused') AND q.state = 'active'
				AND m.book_no > $1 AND m.book_no <= $2 AND q.book_no > $1 AND q.book_no <= $2)`

	// left is what is still open of what each was planned for.
	left = `(SELECT p.book_no, p.mandate_id, p.due_on, COALESCE(SUM(o.open_cents), 0) AS open_left
		FROM autopay_pull p LEFT JOIN autopay_item a ON a.book_no = p.book_no AND a.mandate_id = p.mandate_id AND a.due_on = p.due_on
			AND a.book_no > $1 AND a.book_no <= $2
		LEFT JOIN open_item o ON o.book_no = a.book_no AND o.item_no = a.item_no AND o.book_no > $1 AND o.book_no <= $2
		WHERE ` + outgoing + ` GROUP BY p.book_no, p.mandate_id, p.due_on, p.amount_cents HAVING COALESCE(SUM(o.open_cents), 0) < p.amount_cents) AS v`

	// What was paid otherwise meanwhile is not taken again.
	lowerPaid = `UPDATE autopay_pull SET changed_at = $4, state = CASE WHEN v.open_left = 0 THEN 'dropped' ELSE state END,
			why = CASE WHEN v.open_left = 0 THEN 'paid' ELSE why END,
			amount_cents = CASE WHEN v.open_left = 0 THEN amount_cents ELSE v.open_left END
		FROM ` + left + ` WHERE autopay_pull.book_no = v.book_no AND autopay_pull.mandate_id = v.mandate_id AND autopay_pull.due_on = v.due_on
		RETURNING state`

	// A cap that was lowered since holds at once.
	lowerCap = `UPDATE autopay_pull AS p SET amount_cents = m.cap_cents, changed_at = $4 FROM mandate m
		WHERE m.book_no = p.book_no AND m.book_no > $1 AND m.book_no <= $2 AND m.mandate_id = p.mandate_id AND m.cap_cents > 0 AND m.cap_cents < p.amount_cents AND ` + outgoing

	sendBank = `INSERT INTO ach_entry (book_no, entry_id, direction, kind, method_id, mandate_id, refund_id, entity_no, fund_no, sec, recurring,
			amount_cents, credit_on, settle_on, items, state, why, tries, first_entry_id, file_no, trace, return_code, returned_on, actor,
			ordered_at, changed_at)
		SELECT p.book_no, p.pull_id, 'debit', 'payment', p.method_id, p.mandate_id, '', p.entity_no, p.fund_no, p.sec, 1,
			p.amount_cents, p.credit_on, CASE WHEN p.settle_on < $4 THEN $4 ELSE p.settle_on END, '',
			CASE WHEN p.sec = 'WEB' AND q.validation = '' THEN 'held' ELSE 'ready' END,
			CASE WHEN p.sec = 'WEB' AND q.validation = '' THEN $7 ELSE '' END, 0, '', 0, 0, '', '', $5, $6, $6
		FROM autopay_pull p JOIN payment_method q ON q.book_no = p.book_no AND q.method_id = p.method_id AND q.book_no > $1 AND q.book_no <= $2
		WHERE ` + outgoing + ` AND p.tender = 'bank' ON CONFLICT DO NOTHING`

	countSent = `SELECT p.tender, COUNT(*), COALESCE(SUM(p.amount_cents), 0),
			COALESCE(SUM(CASE WHEN p.sec = 'WEB' AND q.validation = '' THEN 1 ELSE 0 END), 0)
		FROM autopay_pull p JOIN payment_method q ON q.book_no = p.book_no AND q.method_id = p.method_id AND q.book_no > $1 AND q.book_no <= $2
		WHERE ` + outgoing + ` GROUP BY p.tender`

	markSent = `UPDATE autopay_pull AS p SET state = 'ordered', changed_at = $4 WHERE ` + outgoing
)

// OrderPulls implements autopay.Runs.
func (s *Store) OrderPulls(ctx context.Context, o autopay.Ordering) (autopay.Ordered, error) {
	var done autopay.Ordered
	now := s.clock.Now().UnixMicro()
	reach := []any{int64(o.Span.After), int64(o.Span.To), o.Day.String()}
	with := func(more ...any) []any { return append(append([]any{}, reach...), more...) }
	err := s.engine.exec(ctx, func(tx execer) error {
		done = autopay.Ordered{}
		lost, err := affected(tx.ExecContext(ctx, dropLost, with(now)...))
		if err != nil {
			return err
		}
		done.Dropped = lost
		if err := lowerToOpen(ctx, tx, with(now), &done); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, lowerCap, with(now)...); err != nil {
			return err
		}
		if err := countOutgoing(ctx, tx, reach, &done); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, sendBank, with(o.Settle.String(), o.Actor.String(), now, clearing.NotValidated)...); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, markSent, with(now)...)
		return err
	})
	return done, fault.Wrap("store.OrderPulls", err)
}

// lowerToOpen takes debits back to what is still open, and drops those of which nothing is.
func lowerToOpen(ctx context.Context, tx execer, args []any, done *autopay.Ordered) error {
	rows, err := tx.QueryContext(ctx, lowerPaid, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state autopay.PullState
		if err := rows.Scan(&state); err != nil {
			return err
		}
		if state == autopay.Dropped {
			done.Dropped++
			continue
		}
		done.Lowered++
	}
	return rows.Err()
}

func countOutgoing(ctx context.Context, tx execer, reach []any, done *autopay.Ordered) error {
	rows, err := tx.QueryContext(ctx, countSent, reach...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var tender string
		var count, held int
		var cents money.Cents
		if err := rows.Scan(&tender, &count, &cents, &held); err != nil {
			return err
		}
		if tender == "card" {
			done.Cards, done.CardsCents = count, cents
			continue
		}
		done.Entries, done.EntriesCents, done.Held = count, cents, held
	}
	return rows.Err()
}

func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	rows, err := result.RowsAffected()
	return int(rows), err
}
