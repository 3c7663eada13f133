package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/recon"
)

// entityAccounts bounds the accounts of a legal entity.
func entityAccounts(entity chart.EntityNo) (from, to int64) {
	return int64(entity) * 10_000, int64(entity)*10_000 + 9_999
}

const exceptionColumns = `exception_id, kind, cash_account, book_no, line_no, account_no, subject, cents, open_cents, opened_on, limit_on,
	owner, state, ended_on`

const openOnLine = `(SELECT CAST(COALESCE(SUM(b.cents), 0) AS BIGINT) FROM bank_entry b WHERE b.book_no = recon_exception.book_no
	AND b.line_no = recon_exception.line_no AND b.account_no % 100 = 34 AND b.source = '')`

// again opens an exception anew whose cause is there again, and follows its amount.
const again = ` ON CONFLICT (exception_id) DO UPDATE SET open_cents = excluded.open_cents, state = 'open', ended_on = ''`

// NameExceptions implements recon.Store.
func (s *Store) NameExceptions(ctx context.Context, o recon.Naming) error {
	for entity, today := range o.Today {
		statements, err := s.StatementDays(ctx, entity, today)
		if err != nil {
			return fault.Wrap("store.NameExceptions", err)
		}
		err = s.engine.exec(ctx, func(tx execer) error {
			n := naming{ctx: ctx, tx: tx, o: &o, today: today}
			n.from, n.to = entityAccounts(entity)
			for _, step := range []func() error{n.lines, n.sweeps, n.late, n.repeated, func() error { return n.breaks(statements) }} {
				if err := step(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fault.Wrap("store.NameExceptions", err)
		}
	}
	return nil
}

// naming opens and ends the exceptions of a legal entity.
type naming struct {
	ctx      context.Context
	tx       execer
	o        *recon.Naming
	today    calendar.Date
	from, to int64
}

func (n *naming) do(text string, args ...any) error {
	_, err := n.tx.ExecContext(n.ctx, text, args...)
	return err
}

func (n *naming) limit(kind recon.Kind) string { return n.o.LimitOn(kind, n.today).String() }

// lines names what is unidentified, line by line.
func (n *naming) lines() error {
	returned := `l.family IN ('deposit_bounced', 'return_debit')`
	err := n.do(`INSERT INTO recon_exception (`+exceptionColumns+`)
		SELECT 'l:' || CAST(e.book_no AS TEXT) || ':' || CAST(e.line_no AS TEXT), CASE WHEN `+returned+` THEN $1 ELSE $2 END, s.cash_account,
			e.book_no, e.line_no, e.account_no, '', e.open, e.open, l.as_of, CASE WHEN `+returned+` THEN $3 ELSE $4 END,
			CASE WHEN `+returned+` THEN $5 ELSE $6 END, 'open', ''
		FROM (SELECT book_no, line_no, account_no, CAST(SUM(cents) AS BIGINT) AS open FROM bank_entry
			WHERE account_no % 100 = 34 AND source = '' AND account_no BETWEEN $7 AND $8
			GROUP BY book_no, line_no, account_no HAVING SUM(cents) <> 0) e
		JOIN bank_day y ON y.book_no = e.book_no
		JOIN bank_line l ON l.account_print = y.account_print AND l.as_of = y.as_of AND l.line_no = e.line_no
		JOIN bank_statement s ON s.account_print = l.account_print AND s.as_of = l.as_of AND s.status = 'booked'
		WHERE 1 = 1`+again,
		string(recon.Bounced), string(recon.LineOpen), n.limit(recon.Bounced), n.limit(recon.LineOpen),
		n.o.Rules.Owners[recon.Bounced], n.o.Rules.Owners[recon.LineOpen], n.from, n.to)
	if err != nil {
		return err
	}
	return n.do(`UPDATE recon_exception SET open_cents = 0, state = 'ended', ended_on = $1
		WHERE state = 'open' AND book_no <> 0 AND account_no BETWEEN $2 AND $3 AND `+openOnLine+` = 0`, n.today.String(), n.from, n.to)
}

// sweeps names days on which what the bank moved between our accounts is not zero.
func (n *naming) sweeps() error {
	err := n.do(`INSERT INTO recon_exception (`+exceptionColumns+`)
		SELECT 's:' || CAST(account_no AS TEXT) || ':' || source, $1, account_no - 33, 0, 0, account_no, source, open, open, $2, $3, $4, 'open', ''
		FROM (SELECT account_no, source, CAST(SUM(cents) AS BIGINT) AS open FROM bank_entry
			WHERE account_no % 100 = 34 AND source LIKE 'sweep/%' AND account_no BETWEEN $5 AND $6
			GROUP BY account_no, source HAVING SUM(cents) <> 0) e WHERE 1 = 1`+again,
		string(recon.Swept), n.today.String(), n.limit(recon.Swept), n.o.Rules.Owners[recon.LineOpen], n.from, n.to)
	if err != nil {
		return err
	}
	return n.do(`UPDATE recon_exception SET open_cents = 0, state = 'ended', ended_on = $1
		WHERE state = 'open' AND kind = $2 AND account_no BETWEEN $3 AND $4 AND (SELECT CAST(COALESCE(SUM(b.cents), 0) AS BIGINT)
			FROM bank_entry b WHERE b.account_no = recon_exception.account_no AND b.source = recon_exception.subject) = 0`,
		n.today.String(), string(recon.Swept), n.from, n.to)
}

// late names expected settlements that the bank has not shown in their usual days.
func (n *naming) late() error {
	err := n.do(`INSERT INTO recon_exception (`+exceptionColumns+`)
		SELECT 'e:' || CAST(account_no AS TEXT) || ':' || source, $1, cash_account, 0, 0, account_no, source, amount_cents - settled_cents,
			amount_cents - settled_cents, $2, $3, $4, 'open', ''
		FROM expected WHERE amount_cents <> settled_cents AND overdue_on <= $2 AND cash_account BETWEEN $5 AND $6`+again,
		string(recon.Late), n.today.String(), n.limit(recon.Late), n.o.Rules.Owners[recon.Late], n.from, n.to)
	if err != nil {
		return err
	}
	return n.do(`UPDATE recon_exception SET open_cents = 0, state = 'ended', ended_on = $1
		WHERE state = 'open' AND kind = $2 AND account_no BETWEEN $3 AND $4 AND NOT EXISTS (SELECT 1 FROM expected e
			WHERE e.account_no = recon_exception.account_no AND e.source = recon_exception.subject AND e.amount_cents <> e.settled_cents)`,
		n.today.String(), string(recon.Late), n.from, n.to)
}

// repeated names second statements of a day with other balances. They end when a
// person has settled with the bank which one holds.
func (n *naming) repeated() error {
	return n.do(`INSERT INTO recon_exception (`+exceptionColumns+`)
		SELECT 't:' || o.account_print || ':' || o.as_of || ':' || CAST(o.take_no AS TEXT), $1, o.cash_account, 0, 0, o.cash_account, o.as_of,
			o.closing_cents - s.closing_cents, o.closing_cents - s.closing_cents, $2, $3, $4, 'open', ''
		FROM bank_statement o JOIN bank_statement s ON s.account_print = o.account_print AND s.as_of = o.as_of AND s.status = 'booked'
		WHERE o.status = 'other' AND o.cash_account BETWEEN $5 AND $6 ON CONFLICT (exception_id) DO NOTHING`,
		string(recon.Differs), n.today.String(), n.limit(recon.Differs), n.o.Rules.Owners[recon.Differs], n.from, n.to)
}

// breaks names statements that do not begin where the one before ended, or whose lines
// do not lead from their opening to their closing balance.
func (n *naming) breaks(statements []recon.StatementDay) error {
	there := map[string]bool{}
	for i := range statements {
		st := &statements[i]
		if i > 0 && statements[i-1].Print == st.Print && st.Opening.Said {
			before := &statements[i-1]
			if from := before.End(0); (before.Closing.Said || before.Opening.Said) && from != st.Opening.Cents {
				if err := n.broken("g", recon.Gap, st, st.Opening.Cents-from, there); err != nil {
					return err
				}
			}
		}
		if st.Opening.Said && st.Closing.Said && st.Opening.Cents+st.Net != st.Closing.Cents {
			if err := n.broken("m", recon.Sum, st, st.Closing.Cents-st.Opening.Cents-st.Net, there); err != nil {
				return err
			}
		}
	}
	open, err := n.openBreaks()
	if err != nil {
		return err
	}
	for _, id := range open {
		if there[id] {
			continue
		}
		err := n.do(`UPDATE recon_exception SET open_cents = 0, state = 'ended', ended_on = $1 WHERE exception_id = $2`, n.today.String(), id)
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *naming) broken(prefix string, kind recon.Kind, st *recon.StatementDay, cents money.Cents, there map[string]bool) error {
	id := fmt.Sprintf("%s:%s:%s", prefix, st.Print, st.AsOf)
	there[id] = true
	return n.do(`INSERT INTO recon_exception (`+exceptionColumns+`)
		VALUES ($1, $2, $3, 0, 0, $3, $4, $5, $5, $6, $7, $8, 'open', '')`+again,
		id, string(kind), int64(st.Cash), st.AsOf.String(), int64(cents), n.today.String(), n.limit(kind), n.o.Rules.Owners[kind])
}

func (n *naming) openBreaks() (ids []string, err error) {
	rows, err := n.tx.QueryContext(n.ctx, `SELECT exception_id FROM recon_exception WHERE state = 'open' AND kind IN ($1, $2)
		AND cash_account BETWEEN $3 AND $4`, string(recon.Gap), string(recon.Sum), n.from, n.to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// ReconCounts implements recon.Store.
func (s *Store) ReconCounts(ctx context.Context) (c recon.Counts, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COUNT(*) FROM expected WHERE amount_cents <> settled_cents`,
		each: func(scan func(...any) error) error { return scan(&c.Expected) },
	}, query{
		text: `SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN book_no <> 0 THEN open_cents ELSE 0 END), 0) AS BIGINT)
			FROM recon_exception WHERE state = 'open'`,
		each: func(scan func(...any) error) error { return scan(&c.Exceptions, &c.OpenCents) },
	})
	return c, err
}

func scanException(scan func(...any) error) (e recon.Exception, err error) {
	var opened, limit, ended string
	err = scan(&e.ID, &e.Kind, &e.Cash, &e.Book, &e.Line, &e.Account, &e.Subject, &e.Cents, &e.Open, &opened, &limit, &e.Owner, &e.State, &ended)
	if err != nil {
		return e, err
	}
	return e, scanDates(map[*calendar.Date]string{&e.OpenedOn: opened, &e.LimitOn: limit, &e.EndedOn: ended})
}

// Exceptions implements recon.Store.
func (s *Store) Exceptions(ctx context.Context, f recon.ExceptionFilter) ([]recon.Exception, error) {
	state := recon.StateOpen
	if f.Ended {
		state = recon.StateEnded
	}
	where, args := []string{"state = $1"}, []any{state}
	if f.Kind != "" {
		args = append(args, string(f.Kind))
		where = append(where, fmt.Sprintf("kind = $%d", len(args)))
	}
	if f.Owner != "" {
		args = append(args, f.Owner)
		where = append(where, fmt.Sprintf("owner = $%d", len(args)))
	}
	if f.After != "" {
		last, err := s.Exception(ctx, f.After)
		if err != nil {
			return nil, err
		}
		args = append(args, last.OpenedOn.String(), last.ID)
		where = append(where, fmt.Sprintf("(opened_on > $%d OR opened_on = $%d AND exception_id > $%d)", len(args)-1, len(args)-1, len(args)))
	}
	args = append(args, int64(f.Limit))
	return s.exceptions(ctx, fmt.Sprintf(`WHERE %s ORDER BY opened_on, exception_id LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
}

func (s *Store) exceptions(ctx context.Context, where string, args ...any) ([]recon.Exception, error) {
	var all []recon.Exception
	err := s.engine.read(ctx, query{
		text: `SELECT ` + exceptionColumns + ` FROM recon_exception ` + where, args: args,
		each: func(scan func(...any) error) error {
			e, err := scanException(scan)
			all = append(all, e)
			return err
		},
	})
	return all, err
}

// Exception implements recon.Store.
func (s *Store) Exception(ctx context.Context, id string) (recon.Exception, error) {
	all, err := s.exceptions(ctx, `WHERE exception_id = $1`, id)
	if err == nil && len(all) == 0 {
		return recon.Exception{}, fault.New(fault.NotFound, "store.Exception", "there is no such exception")
	}
	if err != nil {
		return recon.Exception{}, err
	}
	return all[0], nil
}

func actContext(id string, no int64) string { return fmt.Sprintf("recon_act/%s/%d", id, no) }

// Acts implements recon.Store.
func (s *Store) Acts(ctx context.Context, id string) ([]recon.Act, error) {
	var acts []recon.Act
	err := s.engine.read(ctx, query{
		text: `SELECT act_no, done_at, actor, act, sealed FROM recon_act WHERE exception_id = $1 ORDER BY act_no`,
		args: []any{id},
		each: func(scan func(...any) error) error {
			var a recon.Act
			var no, at int64
			var actor string
			var sealed []byte
			err := scan(&no, &at, &actor, &a.Act, &sealed)
			if err != nil {
				return err
			}
			a.At = instant(at)
			if a.Actor, err = scanActor(actor); err != nil {
				return err
			}
			note, err := s.seal.Open(sealed, actContext(id, no))
			if err != nil {
				return fault.New(fault.Corrupt, "store.Acts", "a note of an exception does not open: %v", err)
			}
			a.Note = string(note)
			acts = append(acts, a)
			return nil
		},
	})
	return acts, err
}

// AddAct implements recon.Store.
func (s *Store) AddAct(ctx context.Context, id string, act recon.Act, owner string, limit calendar.Date) error {
	return s.engine.exec(ctx, func(tx execer) error {
		var no int64
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) + 1 FROM recon_act WHERE exception_id = $1`, id).Scan(&no); err != nil {
			return err
		}
		sealed, err := s.seal.Seal([]byte(act.Note), actContext(id, no))
		if err != nil {
			return fault.Wrap("store.AddAct", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO recon_act (exception_id, act_no, done_at, actor, act, sealed) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, no, act.At.UnixMicro(), act.Actor.String(), act.Act, sealed); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE recon_exception SET owner = CASE WHEN $1 = '' THEN owner ELSE $1 END,
			limit_on = CASE WHEN $2 = '' THEN limit_on ELSE $2 END WHERE exception_id = $3`, owner, limit.String(), id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "store.AddAct", "there is no such exception")
		}
		return nil
	})
}

// EndException ends an exception that a person has settled.
func (s *Store) EndException(ctx context.Context, id string, on calendar.Date) error {
	return s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `UPDATE recon_exception SET open_cents = 0, state = 'ended', ended_on = $1 WHERE exception_id = $2`,
			on.String(), id)
		return err
	})
}
