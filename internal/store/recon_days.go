package store

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/recon"
)

// StatementDays implements recon.Store.
func (s *Store) StatementDays(ctx context.Context, entity chart.EntityNo, to calendar.Date) ([]recon.StatementDay, error) {
	from, last := entityAccounts(entity)
	var all []recon.StatementDay
	err := s.engine.read(ctx, query{
		text: `SELECT s.account_print, s.account_mask, s.as_of, s.cash_account, s.opening_cents, s.opening_said, s.closing_cents, s.closing_said, m.net_cents
			FROM bank_statement s JOIN bank_mark m ON m.account_print = s.account_print AND m.as_of = s.as_of AND m.mark = 'loaded'
			WHERE s.status = 'booked' AND s.cash_account BETWEEN $1 AND $2 AND s.as_of <= $3 ORDER BY s.account_print, s.as_of`,
		args: []any{from, last, to.String()},
		each: func(scan func(...any) error) error {
			var st recon.StatementDay
			var asOf string
			var opening, closing int64
			err := scan(&st.Print, &st.Mask, &asOf, &st.Cash, &st.Opening.Cents, &opening, &st.Closing.Cents, &closing, &st.Net)
			if err == nil {
				st.AsOf, err = scanDate(asOf)
			}
			st.Opening.Said, st.Closing.Said = opening == 1, closing == 1
			all = append(all, st)
			return err
		},
	})
	return all, err
}

// namedOn says of each expected settlement that was open, or may have been, at the end of
// a day what was open of it then.
const namedOn = `SELECT e.account_no, e.overdue_on,
		CAST(COALESCE((SELECT SUM(f.cents) FROM clearing_flow f WHERE f.account_no = e.account_no AND f.source = e.source AND f.posted_on <= $1), 0) AS BIGINT)
		+ CAST(COALESCE((SELECT SUM(o.cents) FROM payout_flow o WHERE o.account_no = e.account_no AND o.source = e.source AND o.posted_on <= $1), 0) AS BIGINT)
		- CAST(COALESCE((SELECT SUM(b.cents) FROM bank_entry b WHERE b.account_no = e.account_no AND b.source = e.source AND b.posted_on <= $1), 0) AS BIGINT)
		AS open
	FROM expected e WHERE e.account_no BETWEEN $2 AND $3
		AND (e.amount_cents <> e.settled_cents OR e.settled_on > $1 OR e.last_on > $1
			OR EXISTS (SELECT 1 FROM payout_flow p WHERE p.account_no = e.account_no AND p.source = e.source AND p.posted_on > $1))`

// DaySums implements recon.Store. It reads the journal once.
func (s *Store) DaySums(ctx context.Context, entity chart.EntityNo, day calendar.Date) (recon.Sums, error) {
	c := daySums{accounts: map[ledger.Account]*recon.AccountSum{}, balances: ledger.Balances{}, rows: map[ledger.Account]money.Cents{}}
	c.from, c.to = entityAccounts(entity)
	on := day.String()
	err := s.snapshot(ctx, func(v *view) error {
		for _, q := range []query{
			c.journal(on), c.named(on), c.lines(on), c.control("open_item", chart.Receivable), c.control("unapplied", chart.Unapplied),
			c.control("suspense", chart.Suspense), c.exceptions(), c.files(), c.unbooked(on),
		} {
			if err := v.read(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return recon.Sums{}, fault.Wrap("store.DaySums", err)
	}
	return c.finish(), nil
}

type daySums struct {
	recon.Sums
	from, to int64
	accounts map[ledger.Account]*recon.AccountSum
	balances ledger.Balances // of all days
	rows     map[ledger.Account]money.Cents
}

func (c *daySums) at(account ledger.Account) *recon.AccountSum {
	if c.accounts[account] == nil {
		c.accounts[account] = &recon.AccountSum{Account: account}
	}
	return c.accounts[account]
}

// bankSide reports whether an account is proved against the bank and what is expected.
func bankSide(a ledger.Account) bool {
	code := chart.Code(a % 100)
	return code >= chart.Cash && code <= chart.ClearPayout || code == chart.Unidentified
}

func (c *daySums) journal(on string) query {
	return query{
		text: `SELECT debit_account, credit_account, CASE WHEN posted_on <= $1 THEN 1 ELSE 0 END AS upto, CAST(SUM(amount_cents) AS BIGINT)
			FROM posting WHERE phase IN (1, 3) AND debit_account BETWEEN $2 AND $3 GROUP BY debit_account, credit_account, upto`,
		args: []any{on, c.from, c.to},
		each: func(scan func(...any) error) error {
			var p ledger.Posting
			var upTo int64
			if err := scan(&p.Debit, &p.Credit, &upTo, &p.Cents); err != nil {
				return err
			}
			c.balances.Add(ledger.Posted, p)
			if upTo == 1 && bankSide(p.Debit) {
				c.at(p.Debit).Balance += p.Cents
			}
			if upTo == 1 && bankSide(p.Credit) {
				c.at(p.Credit).Balance -= p.Cents
			}
			return nil
		},
	}
}

func (c *daySums) named(on string) query {
	return query{
		text: `SELECT account_no, CASE WHEN overdue_on <= $1 THEN 1 ELSE 0 END AS late, COUNT(*), CAST(SUM(open) AS BIGINT)
			FROM (` + namedOn + `) n WHERE open <> 0 GROUP BY account_no, late`,
		args: []any{on, c.from, c.to},
		each: func(scan func(...any) error) error {
			var account ledger.Account
			var late int64
			var n recon.Named
			if err := scan(&account, &late, &n.Count, &n.Cents); err != nil {
				return err
			}
			if late == 1 {
				c.at(account).Late = n
			} else {
				c.at(account).Timing = n
			}
			return nil
		},
	}
}

// lines adds up what was unidentified, sweeps by their days.
func (c *daySums) lines(on string) query {
	return query{
		text: `SELECT account_no, COUNT(*), CAST(SUM(open) AS BIGINT) FROM (
				SELECT account_no, SUM(cents) AS open FROM bank_entry WHERE account_no % 100 = 34 AND source = '' AND posted_on <= $1
					AND account_no BETWEEN $2 AND $3 GROUP BY account_no, book_no, line_no HAVING SUM(cents) <> 0
				UNION ALL SELECT account_no, SUM(cents) AS open FROM bank_entry WHERE account_no % 100 = 34 AND source LIKE 'sweep/%'
					AND posted_on <= $1 AND account_no BETWEEN $2 AND $3 GROUP BY account_no, source HAVING SUM(cents) <> 0
			) u GROUP BY account_no`,
		args: []any{on, c.from, c.to},
		each: func(scan func(...any) error) error {
			var account ledger.Account
			var n recon.Named
			if err := scan(&account, &n.Count, &n.Cents); err != nil {
				return err
			}
			c.at(account).Lines = n
			return nil
		},
	}
}

func (c *daySums) control(table string, code chart.Code) query {
	return query{
		text: `SELECT entity_no * 10000 + fund_no * 100, CAST(SUM(open_cents) AS BIGINT) FROM ` + table + `
			WHERE open_cents > 0 AND entity_no = $1 GROUP BY entity_no, fund_no`,
		args: []any{c.from / 10_000},
		each: func(scan func(...any) error) error {
			var purse int64
			var cents money.Cents
			err := scan(&purse, &cents)
			c.rows[ledger.Account(purse)+ledger.Account(code)] = cents
			return err
		},
	}
}

func (c *daySums) exceptions() query {
	return query{
		text: `SELECT ` + exceptionColumns + ` FROM recon_exception WHERE state = 'open' AND cash_account BETWEEN $1 AND $2
			ORDER BY opened_on, exception_id`,
		args: []any{c.from, c.to},
		each: func(scan func(...any) error) error {
			e, err := scanException(scan)
			c.Exceptions = append(c.Exceptions, e)
			return err
		},
	}
}

func (c *daySums) files() query {
	return query{
		text: `SELECT COUNT(*) FROM kept_file f LEFT JOIN file_done d ON d.book_no = f.book_no WHERE f.verdict = 'accept' AND d.book_no IS NULL`,
		each: func(scan func(...any) error) error { return scan(&c.Files) },
	}
}

func (c *daySums) unbooked(on string) query {
	return query{
		text: `SELECT COUNT(*) FROM bank_statement s WHERE s.status = 'booked' AND s.as_of <= $1 AND s.cash_account BETWEEN $2 AND $3
			AND NOT EXISTS (SELECT 1 FROM bank_mark m WHERE m.account_print = s.account_print AND m.as_of = s.as_of AND m.mark = 'booked')`,
		args: []any{on, c.from, c.to},
		each: func(scan func(...any) error) error { return scan(&c.Unposted) },
	}
}

func (c *daySums) finish() recon.Sums {
	ordered := ledger.Balances{}
	for account := range c.accounts {
		ordered[account] = ledger.Balance{}
	}
	for _, account := range ordered.Ordered() {
		c.Accounts = append(c.Accounts, *c.accounts[account])
	}
	controlled := ledger.Balances{}
	for account := range c.rows {
		controlled[account] = ledger.Balance{}
	}
	for account := range c.balances {
		switch chart.Code(account % 100) {
		case chart.Receivable, chart.Unapplied, chart.Suspense:
			controlled[account] = ledger.Balance{}
		}
	}
	for _, account := range controlled.Ordered() {
		net := c.balances[account].Net()
		if chart.Code(account%100) != chart.Receivable {
			net = -net
		}
		c.Control = append(c.Control, recon.ControlSum{Account: account, Balance: net, Rows: c.rows[account]})
	}
	return c.Sums
}

const closeColumns = `entity_no, day, closed_at, actor, close_no, report, previous, digest, key_id, signature`

// LastClose implements recon.Store.
func (s *Store) LastClose(ctx context.Context, entity chart.EntityNo) (recon.DayClose, bool, error) {
	all, err := s.Closes(ctx, entity, 1)
	if err != nil || len(all) == 0 {
		return recon.DayClose{}, false, err
	}
	return all[0], true, nil
}

// Closes implements recon.Store.
func (s *Store) Closes(ctx context.Context, entity chart.EntityNo, limit int) ([]recon.DayClose, error) {
	var all []recon.DayClose
	err := s.engine.read(ctx, query{
		text: fmt.Sprintf(`SELECT %s FROM day_close WHERE entity_no = $1 ORDER BY day DESC LIMIT $2`, closeColumns),
		args: []any{int64(entity), int64(limit)},
		each: func(scan func(...any) error) error {
			var c recon.DayClose
			var day, actor string
			var at int64
			var previous, digest []byte
			err := scan(&c.Entity, &day, &at, &actor, &c.Seal, &c.Report, &previous, &digest, &c.KeyID, &c.Signature)
			if err != nil {
				return err
			}
			c.ClosedAt = instant(at)
			if c.Day, err = scanDate(day); err != nil {
				return err
			}
			if c.Actor, err = scanActor(actor); err != nil {
				return err
			}
			if err := copyDigest(c.Previous[:], previous); err != nil {
				return err
			}
			all = append(all, c)
			return copyDigest(all[len(all)-1].Digest[:], digest)
		},
	})
	return all, err
}

// KeepClose implements recon.Store.
func (s *Store) KeepClose(ctx context.Context, c recon.DayClose) error {
	b := insertInto("day_close", "entity_no", "day", "closed_at", "actor", "close_no", "report", "previous", "digest", "key_id", "signature")
	b.add(int64(c.Entity), c.Day.String(), c.ClosedAt.UnixMicro(), c.Actor.String(), c.Seal, c.Report, c.Previous[:], c.Digest[:], c.KeyID, c.Signature)
	return s.engine.write(ctx, b)
}
