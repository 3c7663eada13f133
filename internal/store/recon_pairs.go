package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/recon"
)

// pairRows is how many lines or expectations one statement of matching looks at: others
// who write wait for it, and what it sorts lies in memory.
const pairRows = 5000

// ForgetPairs implements recon.Store. It also writes down what is open on both sides, in
// the order in which it is looked for.
func (s *Store) ForgetPairs(ctx context.Context) error {
	const op = "store.ForgetPairs"
	err := s.engine.exec(ctx, func(tx execer) error {
		for _, text := range []string{`DELETE FROM recon_pair`, `DELETE FROM recon_open`, `DELETE FROM recon_line`, linesUnderExceptions} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fault.Wrap(op, err)
	}
	if err := s.writeOpenExpected(ctx); err != nil {
		return fault.Wrap(op, err)
	}
	statements, err := s.Unbooked(ctx)
	for i := range statements {
		if err == nil {
			err = s.writeUnbooked(ctx, &statements[i])
		}
	}
	return fault.Wrap(op, err)
}

// writeOpenExpected fills recon_open, some rows at a time.
func (s *Store) writeOpenExpected(ctx context.Context) error {
	var cash, account int64
	source := ""
	for {
		const after = `FROM expected WHERE amount_cents <> settled_cents AND (cash_account, account_no, source) > ($1, $2, $3)
			ORDER BY cash_account, account_no, source`
		toCash, toAccount, toSource := cash, account, source
		err := s.engine.reader().QueryRowContext(ctx, fmt.Sprintf(`SELECT cash_account, account_no, source FROM (
			SELECT cash_account, account_no, source %s LIMIT %d) page ORDER BY cash_account DESC, account_no DESC, source DESC LIMIT 1`, after, pairRows),
			cash, account, source).Scan(&toCash, &toAccount, &toSource)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		err = s.engine.exec(ctx, func(tx execer) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO recon_open (cash_account, bank_cents, account_no, source, code_bit, day_no, ref)
				SELECT cash_account, CASE WHEN settled_cents = 0 THEN amount_cents - fee_cents ELSE amount_cents - settled_cents END,
					account_no, source, code_bit, day_no, ref
				FROM expected WHERE amount_cents <> settled_cents AND (cash_account, account_no, source) > ($1, $2, $3)
					AND (cash_account, account_no, source) <= ($4, $5, $6) ON CONFLICT DO NOTHING`,
				cash, account, source, toCash, toAccount, toSource)
			return err
		})
		if err != nil {
			return err
		}
		cash, account, source = toCash, toAccount, toSource
	}
}

const lineInto = `INSERT INTO recon_line (cash_account, cents, account_print, as_of, line_no, day_no, family, codes, ref, payment_id, book_no) `

// linesUnderExceptions are lines that were booked without explanation.
const linesUnderExceptions = lineInto + `SELECT s.cash_account, x.open_cents, l.account_print, l.as_of, l.line_no, s.day_no, l.family, l.codes,
		l.ref, l.payment_id, x.book_no
	FROM recon_exception x JOIN bank_day y ON y.book_no = x.book_no
	JOIN bank_line l ON l.account_print = y.account_print AND l.as_of = y.as_of AND l.line_no = x.line_no
	JOIN bank_statement s ON s.account_print = l.account_print AND s.as_of = l.as_of AND s.status = 'booked'
	WHERE x.state = 'open' AND x.book_no <> 0 AND x.open_cents <> 0`

// writeUnbooked adds the lines of a statement that are not in the books.
func (s *Store) writeUnbooked(ctx context.Context, st *recon.Statement) error {
	book, err := s.DayBook(ctx, st.Print, st.AsOf)
	if err != nil {
		return err
	}
	after, err := s.BookedUpTo(ctx, book)
	if err != nil {
		return err
	}
	last := int64(-1)
	if err := s.engine.reader().QueryRowContext(ctx, `SELECT COALESCE(MAX(line_no), -1) FROM bank_line WHERE account_print = $1 AND as_of = $2`,
		st.Print, st.AsOf.String()).Scan(&last); err != nil {
		return err
	}
	for ; after < last; after += pairRows {
		err := s.engine.exec(ctx, func(tx execer) error {
			_, err := tx.ExecContext(ctx, lineInto+`SELECT CAST($1 AS BIGINT), amount_cents, account_print, as_of, line_no, CAST($2 AS BIGINT), family, codes, ref, payment_id, 0
				FROM bank_line WHERE account_print = $3 AND as_of = $4 AND line_no > $5 AND line_no <= $6 AND codes <> 0 AND amount_cents <> 0`,
				int64(st.Cash), dayNo(st.AsOf), st.Print, st.AsOf.String(), after, after+pairRows)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fitting says that a line (c) and an expectation (e) of one account and amount can go
// together, within so many days.
func fitting(c, e, more string, within int) string {
	return fmt.Sprintf(`(%[2]s.code_bit & %[1]s.codes) <> 0 AND %[2]s.day_no BETWEEN %[1]s.day_no - %[3]d AND %[1]s.day_no + %[3]d AND %[4]s
		AND NOT EXISTS (SELECT 1 FROM bank_entry t WHERE %[1]s.book_no <> 0 AND t.book_no = %[1]s.book_no AND t.line_no = %[1]s.line_no
			AND t.account_no = %[2]s.account_no AND t.source = %[2]s.source AND t.rule = 'taken back')`, c, e, within, more)
}

// free says that a line or an expectation is in no pair.
func free(of string) string {
	if of[0] == 'c' {
		return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM recon_pair p WHERE p.account_print = %[1]s.account_print AND p.as_of = %[1]s.as_of
			AND p.line_no = %[1]s.line_no)`, of)
	}
	return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM recon_pair p WHERE p.account_no = %[1]s.account_no AND p.source = %[1]s.source)`, of)
}

// alike bounds how many lines or expectations of one amount are compared with each other
// by amount alone: beyond that none of them is the only one.
const alike = 50

// pairOn says what a line and an expectation must have in common, by step. A payment of the
// line's own stands on the wires' clearing account of the same purse.
func pairOn(step recon.Step, c, e string) string {
	switch step {
	case recon.ByPayment:
		return fmt.Sprintf(`%[1]s.payment_id <> '' AND %[2]s.account_no = %[1]s.cash_account + 3 AND %[2]s.source = 'p' || %[1]s.payment_id`, c, e)
	case recon.ByReference:
		return fmt.Sprintf(`%[1]s.ref <> '' AND %[2]s.ref <> '' AND %[2]s.ref = %[1]s.ref`, c, e)
	}
	return fmt.Sprintf(`(SELECT COUNT(*) FROM recon_line n WHERE n.cash_account = %[1]s.cash_account AND n.cents = %[1]s.cents) <= %[2]d
		AND (SELECT COUNT(*) FROM recon_open n WHERE n.cash_account = %[1]s.cash_account AND n.bank_cents = %[1]s.cents) <= %[2]d`, c, alike)
}

// PairLines implements recon.Store. A pair is kept when no other expectation fits its line
// and no other line its expectation.
func (s *Store) PairLines(ctx context.Context, step recon.Step, within int) (int64, error) {
	fits := func(c, e string) string { return fitting(c, e, pairOn(step, c, e), within) }
	others := fits
	if step == recon.BySum { // how many are alike is asked once for all of one amount
		others = func(c, e string) string { return fitting(c, e, "1 = 1", within) }
	}
	text := `INSERT INTO recon_pair (account_print, as_of, line_no, account_no, source, cents, rule)
		SELECT c.account_print, c.as_of, c.line_no, e.account_no, e.source, c.cents, '` + string(step) + `'
		FROM recon_line c JOIN recon_open e ON e.cash_account = c.cash_account AND e.bank_cents = c.cents AND ` + fits("c", "e") + `
		WHERE (c.cash_account, c.cents) > ($1, $2) AND (c.cash_account, c.cents) <= ($3, $4) AND ` + free("c") + ` AND ` + free("e") + `
			AND NOT EXISTS (SELECT 1 FROM recon_open e2 WHERE e2.cash_account = c.cash_account AND e2.bank_cents = c.cents
				AND (e2.account_no <> e.account_no OR e2.source <> e.source) AND ` + others("c", "e2") + ` AND ` + free("e2") + `)
			AND NOT EXISTS (SELECT 1 FROM recon_line c2 WHERE c2.cash_account = c.cash_account AND c2.cents = c.cents
				AND (c2.account_print <> c.account_print OR c2.as_of <> c.as_of OR c2.line_no <> c.line_no) AND ` + others("c2", "e") + ` AND ` + free("c2") + `)`
	var pairs int64
	cash, cents := int64(-1), int64(0)
	for {
		toCash, toCents := cash, cents
		err := s.engine.reader().QueryRowContext(ctx, fmt.Sprintf(`SELECT cash_account, cents FROM (SELECT cash_account, cents FROM recon_line
			WHERE (cash_account, cents) > ($1, $2) ORDER BY cash_account, cents LIMIT %d) page ORDER BY cash_account DESC, cents DESC LIMIT 1`, pairRows),
			cash, cents).Scan(&toCash, &toCents)
		if errors.Is(err, sql.ErrNoRows) {
			return pairs, nil
		}
		if err == nil {
			err = s.engine.exec(ctx, func(tx execer) error {
				result, err := tx.ExecContext(ctx, text, cash, cents, toCash, toCents)
				if err != nil {
					return err
				}
				n, err := result.RowsAffected()
				pairs += n
				return err
			})
		}
		if err != nil {
			return pairs, fault.Wrap("store.PairLines", err)
		}
		cash, cents = toCash, toCents
	}
}

// CashWithLoose implements recon.Store.
func (s *Store) CashWithLoose(ctx context.Context) ([]ledger.Account, error) {
	var all []ledger.Account
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT cash_account FROM recon_line ORDER BY cash_account`,
		each: func(scan func(...any) error) error {
			var cash int64
			err := scan(&cash)
			all = append(all, ledger.Account(cash))
			return err
		},
	})
	return all, err
}

// Loose implements recon.Store.
func (s *Store) Loose(ctx context.Context, cash ledger.Account, limit int) ([]recon.Candidate, []recon.Expectation, error) {
	var lines []recon.Candidate
	err := s.engine.read(ctx, query{
		text: `SELECT c.account_print, c.as_of, c.line_no, c.family, c.codes, c.ref, c.cents FROM recon_line c
			WHERE c.cash_account = $1 AND ` + free("c") + `
				AND NOT EXISTS (SELECT 1 FROM bank_entry t WHERE c.book_no <> 0 AND t.book_no = c.book_no AND t.line_no = c.line_no AND t.rule = 'taken back')
			ORDER BY c.as_of, c.account_print, c.line_no LIMIT $2`,
		args: []any{int64(cash), int64(limit)},
		each: func(scan func(...any) error) error {
			var c recon.Candidate
			var on string
			err := scan(&c.Print, &on, &c.No, &c.Family, &c.Codes, &c.Ref, &c.Amount)
			if err == nil {
				c.AsOf, err = scanDate(on)
			}
			lines = append(lines, c)
			return err
		},
	})
	if err != nil || len(lines) == 0 {
		return nil, nil, err
	}
	open, err := s.expected(ctx, `WHERE e.cash_account = $1 AND e.amount_cents <> e.settled_cents AND `+free("e")+`
		ORDER BY e.expected_on, e.account_no, e.source LIMIT $2`, int64(cash), int64(limit))
	return lines, open, err
}

// KeepPairs implements recon.Store.
func (s *Store) KeepPairs(ctx context.Context, pairs []recon.Pair) error {
	b := insertInto("recon_pair", "account_print", "as_of", "line_no", "account_no", "source", "cents", "rule")
	for _, p := range pairs {
		b.add(p.Print, p.AsOf.String(), p.No, int64(p.Account), p.Source, int64(p.Cents), p.Rule)
	}
	return s.engine.write(ctx, b)
}
