package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/recon"
)

// A stretch is some seconds of the journal, which one transaction can add up. The latest ones are reckoned anew each time:
// a posting is given its time before it is committed, and may come to be seen later.
const (
	stretch        = 10 * time.Second
	stretchesAgain = 60
	flowsProgress  = "clearing_flow"
)

// onClearing is the condition of the index posting_clearing, as it was written there.
const onClearing = `(debit_account % 100 IN (2, 3, 4, 5, 6, 7, 8, 9, 34) OR credit_account % 100 IN (2, 3, 4, 5, 6, 7, 8, 9, 34))
	AND event <> 'bank.booked' AND event <> 'bank.explained'`

// clearingSides lists both sides of the pairs of a stretch that stand on clearing
// accounts. What lines of the bank moved is not among them: it settles.
var clearingSides = func() string {
	side := func(account, sign string) string {
		return `SELECT book_no, seq, ` + account + ` AS account_no, ` + account + ` % 100 AS code, ` + sign + `amount_cents AS cents, posted_on,
			effective_on, event, link, of_seq FROM posting
			WHERE recorded_at >= $1 AND recorded_at < $2 AND ` + onClearing + ` AND ` + account + ` % 100 IN (2, 3, 4, 5, 6, 7, 8, 9, 34)
			AND phase IN (1, 3)`
	}
	return side("debit_account", "") + ` UNION ALL ` + side("credit_account", "-")
}()

// flowsOfStretch sums a stretch up by what the bank will show together: a file and its
// day, a drawer's day, a file that we sent, a day's captures, each wire. What
// goes back stands by itself; a check that was taken back stands with its own issue, as
// the bank shows neither.
var flowsOfStretch = `INSERT INTO clearing_flow (account_no, source, posted_on, stretch, effective_on, items, cents)
	SELECT account_no, source, posted_on, CAST($3 AS BIGINT), MIN(effective_on), COUNT(*), CAST(SUM(cents) AS BIGINT) FROM (
		SELECT t.account_no, t.cents, t.posted_on, t.effective_on, CASE
			WHEN t.code = 6 THEN 'd' || t.posted_on
			WHEN t.code = 8 AND t.event = 'payment.refund_returned' THEN 'x' || COALESCE(
				(SELECT o.link FROM posting o WHERE o.book_no = t.book_no AND o.seq = t.of_seq AND o.line = 1), t.link)
			WHEN c.claim_id IS NULL OR t.event NOT IN ('payment.received', 'payment.suspended') THEN 'x' || t.link
			WHEN t.code IN (4, 34) THEN 'p' || c.claim_id
			WHEN t.code IN (5, 7) THEN 'f' || CAST(c.source_book / 16 * 16 AS TEXT)
			ELSE 'f' || CAST(c.source_book / 16 * 16 AS TEXT) || '/' || t.effective_on END AS source
		FROM (` + clearingSides + `) t
		LEFT JOIN receipt r ON r.book_no = t.book_no AND r.seq = t.seq LEFT JOIN claim c ON c.claim_id = r.payment_id
	) named GROUP BY account_no, source, posted_on`

// ReckonFlows implements recon.Store. Each stretch is a transaction of its own.
func (s *Store) ReckonFlows(ctx context.Context) error {
	const op = "store.ReckonFlows"
	done, err := s.progressOf(ctx, flowsProgress)
	if err != nil {
		return fault.Wrap(op, err)
	}
	first := max(0, done-stretchesAgain)
	if done == 0 { // from the beginning, after a restoration too
		if err := s.engine.exec(ctx, func(tx execer) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM clearing_flow`)
			return err
		}); err != nil {
			return fault.Wrap(op, err)
		}
	}
	micros := stretch.Microseconds()
	for at := first; ; at++ {
		next := int64(-1)
		err := s.engine.reader().QueryRowContext(ctx, `SELECT COALESCE(MIN(recorded_at), -1) FROM posting WHERE recorded_at >= $1 AND `+onClearing,
			at*micros).Scan(&next)
		if err != nil {
			return fault.Wrap(op, err)
		}
		if next < 0 {
			return nil
		}
		at = next / micros
		if err := s.reckonStretch(ctx, at, micros); err != nil {
			return fault.Wrap(op, err)
		}
	}
}

func (s *Store) progressOf(ctx context.Context, name string) (position int64, err error) {
	err = s.engine.reader().QueryRowContext(ctx, `SELECT position FROM recon_progress WHERE name = $1`, name).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return position, err
}

func (s *Store) reckonStretch(ctx context.Context, at, micros int64) error {
	return s.engine.exec(ctx, func(tx execer) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM clearing_flow WHERE stretch = $1`, at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, flowsOfStretch, at*micros, (at+1)*micros, at); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO recon_progress (name, position) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET position = excluded.position`, flowsProgress, at)
		return err
	})
}

// base is the day from which it is reckoned when the bank shows a flow: its effective day
// for what came in a file or by wire, the posting day for all else.
const base = `CASE WHEN f.source LIKE 'f%/%' OR f.source LIKE 'p%' THEN f.effective_on ELSE f.posted_on END`

// expectedProgress is the stretch up to which flows were made expectations. The last ones
// are taken again, as they are reckoned again.
const expectedProgress = "expected"

// ReckonExpected implements recon.Store.
func (s *Store) ReckonExpected(ctx context.Context, place func(recon.NewExpected) (recon.Placed, error)) error {
	const op = "store.ReckonExpected"
	done, err := s.progressOf(ctx, expectedProgress)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var stretches []int64
	err = s.engine.read(ctx, query{
		text: `SELECT DISTINCT stretch FROM clearing_flow WHERE stretch >= $1 ORDER BY stretch`,
		args: []any{max(0, done-stretchesAgain)},
		each: func(scan func(...any) error) error {
			var at int64
			err := scan(&at)
			stretches = append(stretches, at)
			return err
		},
	})
	if err != nil {
		return fault.Wrap(op, err)
	}
	for _, at := range stretches {
		if err := s.expectStretch(ctx, at, place); err != nil {
			return fault.Wrap(op, err)
		}
	}
	if err := s.expectPayouts(ctx, place); err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, s.numberChecks(ctx))
}

// numberChecks gives checks that we issued the reference by which the bank shows them:
// their number. A refund's own acts have keys that begin with its id.
func (s *Store) numberChecks(ctx context.Context) error {
	b := updateOf("expected", 2, 0, "account_no", "source", "ref")
	err := s.engine.read(ctx, query{
		text: `SELECT e.account_no, e.source, MAX(k.check_no) FROM expected e
			JOIN claim c ON c.claim_id = substr(e.source, 2)
			JOIN check_register k ON c.idem_key LIKE 'refund:' || k.refund_id || ':%' AND k.refund_id <> '' AND k.state <> 'void'
			WHERE e.amount_cents <> e.settled_cents AND e.account_no % 100 = 8 AND e.ref = '' AND e.source LIKE 'x%'
			GROUP BY e.account_no, e.source`,
		each: func(scan func(...any) error) error {
			var account, number int64
			var source string
			err := scan(&account, &source, &number)
			b.add(account, source, fmt.Sprint(number))
			return err
		},
	})
	if err != nil || b.rows == 0 {
		return err
	}
	return s.engine.write(ctx, b)
}

// places asks where and when the flows of a condition are expected.
func (s *Store) places(ctx context.Context, text string, place func(recon.NewExpected) (recon.Placed, error), args ...any) (*bulk, error) {
	b := insertInto("place", "account_no", "base_on", "cash_account", "code_bit", "expected_on", "day_no", "overdue_on")
	err := s.engine.read(ctx, query{
		text: text, args: args,
		each: func(scan func(...any) error) error {
			var n recon.NewExpected
			var on string
			if err := scan(&n.Account, &on); err != nil {
				return err
			}
			var err error
			if n.On, err = scanDate(on); err != nil {
				return err
			}
			p, err := place(n)
			b.add(int64(n.Account), on, int64(p.Cash), p.CodeBit, p.ExpectOn.String(), dayNo(p.ExpectOn), p.OverdueOn.String())
			return err
		},
	})
	return b, err
}

const expectedInsert = `INSERT INTO expected (account_no, source, cash_account, code_bit, first_on, last_on, effective_on, expected_on, day_no,
	overdue_on, items, amount_cents, fee_cents, settled_cents, settled_on, ref, batch) `

// expectStretch adds up every source that moved in a stretch, over all of its stretches.
func (s *Store) expectStretch(ctx context.Context, at int64, place func(recon.NewExpected) (recon.Placed, error)) error {
	b, err := s.places(ctx, `SELECT DISTINCT f.account_no, `+base+` FROM clearing_flow f WHERE f.stretch = $1`, place, at)
	if err != nil || b.rows == 0 {
		return err
	}
	given, args := s.engine.given(b)
	text := expectedInsert + `SELECT f.account_no, f.source, MIN(place.cash_account), MIN(place.code_bit), MIN(a.posted_on),
			MAX(a.posted_on), MIN(a.effective_on), MIN(place.expected_on), MIN(place.day_no), MIN(place.overdue_on),
			CAST(SUM(a.items) AS BIGINT), CAST(SUM(a.cents) AS BIGINT) + CAST(COALESCE((SELECT SUM(o.cents) FROM payout_flow o
				WHERE o.account_no = f.account_no AND o.source = f.source), 0) AS BIGINT),
			0, 0, '', '', ` + batchOf + fmt.Sprintf(`
		FROM (SELECT account_no, source, MIN(%s) AS base_on FROM clearing_flow f WHERE stretch = %d GROUP BY account_no, source) f
		JOIN %s ON place.account_no = f.account_no AND place.base_on = f.base_on
		JOIN clearing_flow a ON a.account_no = f.account_no AND a.source = f.source
		WHERE 1 = 1 GROUP BY f.account_no, f.source
		ON CONFLICT (account_no, source) DO UPDATE SET items = excluded.items, amount_cents = excluded.amount_cents,
			first_on = excluded.first_on, last_on = excluded.last_on, effective_on = excluded.effective_on`, base, at, given)
	return s.engine.exec(ctx, func(tx execer) error {
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO recon_progress (name, position) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET position = excluded.position`, expectedProgress, at)
		return err
	})
}

// batchOf names what the bank may show in one sum with others: the days of one file, the
// drawers of a day less what was taken back there, the returns of a day, what
// we sent on a day. A check stands alone.
const batchOf = `CASE
	WHEN f.account_no % 100 IN (2, 3) AND f.source LIKE 'f%/%' THEN CAST(f.account_no AS TEXT) || substr(f.source, 1, length(f.source) - 11)
	WHEN f.account_no % 100 = 5 OR f.account_no % 100 IN (2, 3, 7, 9) AND f.source LIKE 'x%'
		THEN CAST(f.account_no AS TEXT) || '/' || MIN(a.posted_on)
	ELSE '' END`

// expectPayouts adds payouts that were taken and are not expected yet, and takes what
// they bring off the captures of days.
func (s *Store) expectPayouts(ctx context.Context, place func(recon.NewExpected) (recon.Placed, error)) error {
	b, err := s.places(ctx, `SELECT DISTINCT f.account_no, f.paid_on FROM payout_flow f WHERE f.source LIKE 'o%' AND NOT EXISTS
		(SELECT 1 FROM expected e WHERE e.account_no = f.account_no AND e.source = f.source)`, place)
	if err != nil || b.rows == 0 {
		return err
	}
	given, args := s.engine.given(b)
	return s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, expectedInsert+`SELECT f.account_no, f.source, place.cash_account, place.code_bit, f.posted_on, f.posted_on,
				f.paid_on, place.expected_on, place.day_no, place.overdue_on, f.items, f.cents, f.fee_cents, 0, '', f.trace, ''
			FROM payout_flow f JOIN `+given+` ON place.account_no = f.account_no AND place.base_on = f.paid_on
			WHERE f.source LIKE 'o%' ON CONFLICT (account_no, source) DO NOTHING`, args...)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE expected SET amount_cents =
				CAST(COALESCE((SELECT SUM(a.cents) FROM clearing_flow a WHERE a.account_no = expected.account_no AND a.source = expected.source), 0) AS BIGINT)
				+ CAST(COALESCE((SELECT SUM(o.cents) FROM payout_flow o WHERE o.account_no = expected.account_no AND o.source = expected.source), 0) AS BIGINT)
			WHERE (source LIKE 'd%' OR source LIKE 'o%') AND EXISTS (SELECT 1 FROM payout_flow o WHERE o.account_no = expected.account_no AND o.source = expected.source)`)
		return err
	})
}

// PayoutsToTake implements recon.Store.
func (s *Store) PayoutsToTake(ctx context.Context) ([]recon.Payout, error) {
	var all []recon.Payout
	err := s.engine.read(ctx, query{
		text: `SELECT p.merchant, p.payout_id, p.entity_no * 10000 + p.fund_no * 100 + 6, p.trace, p.paid_on, p.net_cents, p.fee_cents
			FROM card_payout p WHERE p.problem = '' AND NOT EXISTS (SELECT 1 FROM payout_flow f
				WHERE f.account_no = p.entity_no * 10000 + p.fund_no * 100 + 6 AND f.payout = p.merchant || '/' || p.payout_id)
			ORDER BY p.paid_on, p.merchant, p.payout_id`,
		each: func(scan func(...any) error) error {
			var p recon.Payout
			var on string
			err := scan(&p.Merchant, &p.ID, &p.Account, &p.Trace, &on, &p.Net, &p.Fee)
			if err == nil {
				p.PaidOn, err = scanDate(on)
			}
			all = append(all, p)
			return err
		},
	})
	for i := range all {
		if err != nil {
			break
		}
		p := &all[i]
		err = s.engine.read(ctx, query{
			text: `SELECT l.gross_cents, l.happened_at, CASE WHEN l.problem = '' OR k.line_id IS NOT NULL THEN 1 ELSE 0 END,
					CASE WHEN l.kind = 'payout_failed' THEN l.subject ELSE '' END
				FROM card_payout_line l LEFT JOIN card_payout_known k ON k.merchant = l.merchant AND k.line_id = l.line_id
				WHERE l.merchant = $1 AND l.payout_id = $2 ORDER BY l.line_id`,
			args: []any{p.Merchant, p.ID},
			each: func(scan func(...any) error) error {
				var line recon.PayoutLine
				var at, known int64
				err := scan(&line.Gross, &at, &known, &line.Failed)
				line.At, line.Known = instant(at), known == 1
				p.Lines = append(p.Lines, line)
				return err
			},
		})
	}
	return all, err
}

// TakePayout implements recon.Store.
func (s *Store) TakePayout(ctx context.Context, p recon.Payout, flows []recon.PayoutFlow) error {
	b := insertInto("payout_flow", "account_no", "payout", "source", "posted_on", "trace", "paid_on", "items", "cents", "fee_cents")
	b.taken, b.known = "ON CONFLICT DO NOTHING", true
	for _, f := range flows {
		b.add(int64(p.Account), p.Merchant+"/"+p.ID, f.Source, f.PostedOn.String(), recon.Normal(p.Trace), p.PaidOn.String(), f.Items,
			int64(f.Cents), int64(f.Fee))
	}
	return s.engine.write(ctx, b)
}

// OpenBySource implements recon.Store.
func (s *Store) OpenBySource(ctx context.Context, account ledger.Account, prefix string) (map[string]money.Cents, error) {
	open := map[string]money.Cents{}
	err := s.engine.read(ctx, query{
		text: `SELECT source, CAST(SUM(cents) AS BIGINT) FROM (
				SELECT source, cents FROM clearing_flow WHERE account_no = $1 AND source LIKE $2
				UNION ALL SELECT source, cents FROM payout_flow WHERE account_no = $1 AND source LIKE $2
			) f GROUP BY source`,
		args: []any{int64(account), prefix + "%"},
		each: func(scan func(...any) error) error {
			var source string
			var cents money.Cents
			err := scan(&source, &cents)
			open[source] = cents
			return err
		},
	})
	return open, err
}

const expectedColumns = `e.account_no, e.source, e.cash_account, e.code_bit, e.first_on, e.expected_on, e.overdue_on, e.items, e.amount_cents,
	e.fee_cents, e.settled_cents, e.ref, e.batch, e.settled_on`

func scanExpected(scan func(...any) error) (e recon.Expectation, err error) {
	var first, on, late, settled string
	err = scan(&e.Account, &e.Source, &e.Cash, &e.CodeBit, &first, &on, &late, &e.Items, &e.Amount, &e.Fee, &e.Settled, &e.Ref, &e.Batch, &settled)
	if err != nil {
		return e, err
	}
	return e, scanDates(map[*calendar.Date]string{&e.FirstOn: first, &e.On: on, &e.LateOn: late, &e.Settling: settled})
}

// ExpectedOf implements recon.Store.
func (s *Store) ExpectedOf(ctx context.Context, account ledger.Account, source string) (recon.Expectation, error) {
	all, err := s.expected(ctx, `WHERE e.account_no = $1 AND e.source = $2`, int64(account), source)
	if err == nil && len(all) == 0 {
		return recon.Expectation{}, fault.New(fault.NotFound, "store.ExpectedOf", "there is no such expected settlement")
	}
	if err != nil {
		return recon.Expectation{}, err
	}
	return all[0], nil
}

// ExpectedList implements recon.Store.
func (s *Store) ExpectedList(ctx context.Context, f recon.ExpectedFilter) ([]recon.Expectation, error) {
	where := []string{"1 = 1"}
	args := []any{int64(f.Near), int64(max(1, f.Limit))}
	if f.Open {
		where = append(where, "e.amount_cents <> e.settled_cents")
	}
	if f.Cash != 0 {
		args = append(args, int64(f.Cash))
		where = append(where, fmt.Sprintf("e.cash_account = $%d", len(args)))
	}
	if f.Codes != 0 {
		args = append(args, f.Codes)
		where = append(where, fmt.Sprintf("(e.code_bit & $%d) <> 0", len(args)))
	}
	return s.expected(ctx, `WHERE `+strings.Join(where, " AND ")+`
		ORDER BY CASE WHEN e.amount_cents - e.settled_cents = $1 THEN 0 ELSE 1 END, e.expected_on, e.account_no, e.source LIMIT $2`, args...)
}

func (s *Store) expected(ctx context.Context, where string, args ...any) ([]recon.Expectation, error) {
	var all []recon.Expectation
	err := s.engine.read(ctx, query{
		text: `SELECT ` + expectedColumns + ` FROM expected e ` + where, args: args,
		each: func(scan func(...any) error) error {
			e, err := scanExpected(scan)
			all = append(all, e)
			return err
		},
	})
	return all, err
}
