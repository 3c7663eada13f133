package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/member"
)

// Overview is how the installation stands at one moment. It holds counts and
// sums only: nothing in it names a person, a billing account or a payment.
type Overview struct {
	At         time.Time
	Members    int64
	Households int64 // people under one subscriber count as one
	Employers  int64
	Purses     map[chart.Purse]PurseOverview
	Trial      map[chart.EntityNo]Trial
	Suspense   []SuspenseOverview // by purse, largest sum first
	FilesTaken int64
	Files      []FileOverview // the latest, newest first
}

// PurseOverview is how one legal entity's fund stands. The books make these two
// sums equal: Received + Moved = Applied + Unapplied + Suspense + Refunding.
type PurseOverview struct {
	OpenItems int64
	Owed      money.Cents                // what is open on them
	ByRail    map[chart.Code]RailReceipt // by clearing account, those with a posting only
	Received  money.Cents                // all rails, less what was returned
	Moved     money.Cents                // from other funds on the payer's instruction, less what went to them
	Applied   money.Cents                // put on items
	Unapplied money.Cents                // of a known billing account, on no item
	Suspense  money.Cents                // without a certain owner
	Refunding money.Cents                // on its way back
	// Agrees says that open items, unapplied money and suspense sum up to what
	// the books have on the accounts that control them.
	Agrees bool
}

// RailReceipt is money that came in over a rail, less what was returned.
type RailReceipt struct{ Today, InAll money.Cents }

// Trial is a legal entity's trial balance in two sums.
type Trial struct{ Debits, Credits money.Cents }

// SuspenseOverview is what a purse has in suspense for one reason.
type SuspenseOverview struct {
	Purse  chart.Purse
	Reason suspense.Reason
	Items  int64
	Cents  money.Cents
	Oldest calendar.Date // received
}

// FileOverview is one file that came in.
type FileOverview struct {
	Name       string // as its sender called it
	Format     string
	Verdict    fault.Verdict
	Done       bool // carried out to its end
	Items      int64
	Cents      money.Cents
	ReceivedAt time.Time
}

// filesShown bounds Overview.Files.
const filesShown = 20

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	return s.snapshot(ctx, func(v *view) error {
		return v.read(query{
			text: `SELECT COUNT(*) FROM legal_entity`,
			each: func(scan func(...any) error) error { return scan(new(int64)) },
		})
	})
}

// Overview sums everything up in one read transaction; today gives each legal
// entity's posting day. It reads the whole journal and every open item once, so
// its cost grows with them (for figures see BenchmarkOverview): callers keep an
// answer for a time in proportion to what it cost.
func (s *Store) Overview(ctx context.Context, today map[chart.EntityNo]calendar.Date) (Overview, error) {
	c := overviewCount{
		Overview: Overview{At: s.clock.Now(), Purses: map[chart.Purse]PurseOverview{}, Trial: map[chart.EntityNo]Trial{}},
		today:    today, balances: ledger.Balances{}, documents: map[ledger.Account]money.Cents{},
	}
	queries := []query{c.people(), c.employers(), c.journal(), c.openItems(), c.unapplied(), c.suspense(), c.files(), c.filesTaken()}
	err := s.snapshot(ctx, func(v *view) error {
		for _, q := range queries {
			if err := v.read(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Overview{}, fault.Wrap("store.Overview", err)
	}
	return c.Overview, c.sum()
}

// read runs one look-up within the snapshot.
func (v *view) read(q query) error {
	rows, err := v.tx.QueryContext(v.ctx, q.text, q.args...)
	if err == nil {
		defer rows.Close()
		for rows.Next() {
			if err := q.each(rows.Scan); err != nil {
				return err
			}
		}
		err = rows.Err()
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return fault.New(fault.Unavailable, "store.Snapshot", "the rows cannot be read: %v", err)
}

// overviewCount gathers an Overview.
type overviewCount struct {
	Overview
	today     map[chart.EntityNo]calendar.Date
	balances  ledger.Balances                // posted in all
	documents map[ledger.Account]money.Cents // what the items themselves say of the account that controls them
}

func (c *overviewCount) people() query {
	return query{
		text: `SELECT COUNT(*), COUNT(DISTINCT subscriber_no) FROM person`,
		each: func(scan func(...any) error) error { return scan(&c.Members, &c.Households) },
	}
}

func (c *overviewCount) employers() query {
	return query{
		text: `SELECT COUNT(*) FROM organisation WHERE kind = $1`,
		args: []any{string(member.EmployerParty)},
		each: func(scan func(...any) error) error { return scan(&c.Employers) },
	}
}

// journal adds up pairs of accounts, of which there are a few dozen whatever the
// number of postings. Days before any entity's today fall together.
func (c *overviewCount) journal() query {
	first := calendar.Date{}
	for _, day := range c.today {
		if first.IsZero() || day.Before(first) {
			first = day
		}
	}
	return query{
		text: `SELECT debit_account, credit_account, CASE WHEN posted_on >= $1 THEN posted_on ELSE '' END AS day,
				CAST(SUM(amount_cents) AS BIGINT)
			FROM posting WHERE phase IN ($2, $3) GROUP BY debit_account, credit_account, day`,
		args: []any{first.String(), int64(ledger.Posted), int64(ledger.PostPending)},
		each: func(scan func(...any) error) error {
			var p ledger.Posting
			var day string
			if err := scan(&p.Debit, &p.Credit, &day, &p.Cents); err != nil {
				return err
			}
			purse, _, err := chart.Explain(p.Debit)
			if err != nil {
				return fault.New(fault.Corrupt, "store.Overview", "%v", err)
			}
			c.balances.Add(ledger.Posted, p)
			c.receive(purse, p, day != "" && day == c.today[purse.Entity].String())
			return nil
		},
	}
}

// receive counts a pair between a clearing account and whatever the money was
// for. A pair with the bank account is the same money's arrival there.
func (c *overviewCount) receive(purse chart.Purse, p ledger.Posting, today bool) {
	_, from, _ := chart.Explain(p.Debit) // codes of no account are refused by sum
	_, to, _ := chart.Explain(p.Credit)
	if isMoneyIn[from] == isMoneyIn[to] {
		return
	}
	code, cents := from, p.Cents
	if isMoneyIn[to] {
		code, cents = to, -p.Cents
	}
	if code == chart.Cash {
		return
	}
	figures := c.Purses[purse]
	if figures.ByRail == nil {
		figures.ByRail = map[chart.Code]RailReceipt{}
	}
	receipt := figures.ByRail[code]
	receipt.InAll += cents
	if today {
		receipt.Today += cents
	}
	figures.ByRail[code] = receipt
	figures.Received += cents
	c.Purses[purse] = figures
}

// documentSum adds up a table of documents by purse, under the account that
// controls them.
func (c *overviewCount) documentSum(table string, code chart.Code, count func(p *PurseOverview, n int64)) query {
	return query{
		text: `SELECT entity_no, fund_no, COUNT(*), CAST(SUM(open_cents) AS BIGINT) FROM ` + table +
			` WHERE open_cents > 0 GROUP BY entity_no, fund_no`,
		each: func(scan func(...any) error) error {
			var entity, n int64
			var fund int32
			var open money.Cents
			if err := scan(&entity, &fund, &n, &open); err != nil {
				return err
			}
			purse, err := scanPurse(entity, int64(fund))
			if err != nil {
				return err
			}
			c.documents[purse.Account(code)] += open
			p := c.Purses[purse]
			count(&p, n)
			c.Purses[purse] = p
			return nil
		},
	}
}

func (c *overviewCount) openItems() query {
	return c.documentSum("open_item", chart.Receivable, func(p *PurseOverview, n int64) { p.OpenItems = n })
}

func (c *overviewCount) unapplied() query {
	return c.documentSum("unapplied", chart.Unapplied, func(*PurseOverview, int64) {})
}

func (c *overviewCount) suspense() query {
	return query{
		text: `SELECT entity_no, fund_no, reason, COUNT(*), CAST(SUM(open_cents) AS BIGINT) AS open, MIN(received_on)
			FROM suspense WHERE open_cents > 0 GROUP BY entity_no, fund_no, reason ORDER BY entity_no, fund_no, open DESC, reason`,
		each: func(scan func(...any) error) error {
			var entity, fund int64
			var oldest string
			var g SuspenseOverview
			if err := scan(&entity, &fund, &g.Reason, &g.Items, &g.Cents, &oldest); err != nil {
				return err
			}
			var err error
			if g.Purse, err = scanPurse(entity, fund); err != nil {
				return err
			}
			if g.Oldest, err = scanDate(oldest); err != nil {
				return err
			}
			c.documents[g.Purse.Account(chart.Suspense)] += g.Cents
			c.Suspense = append(c.Suspense, g)
			return nil
		},
	}
}

func (c *overviewCount) files() query {
	return query{
		text: `SELECT f.name, f.format, f.verdict, CASE WHEN d.book_no IS NULL THEN 0 ELSE 1 END, f.items, f.total_cents, f.received_at
			FROM kept_file f LEFT JOIN file_done d ON d.book_no = f.book_no
			ORDER BY f.received_at DESC, f.book_no LIMIT $1`,
		args: []any{int64(filesShown)},
		each: func(scan func(...any) error) error {
			var f FileOverview
			var done, received int64
			err := scan(&f.Name, &f.Format, &f.Verdict, &done, &f.Items, &f.Cents, &received)
			f.Done, f.ReceivedAt = done == 1, instant(received)
			c.Files = append(c.Files, f)
			return err
		},
	}
}

func (c *overviewCount) filesTaken() query {
	return query{
		text: `SELECT COUNT(*) FROM kept_file`,
		each: func(scan func(...any) error) error { return scan(&c.FilesTaken) },
	}
}

// isMoneyIn lists the accounts on which money arrives and leaves: first each rail's
// clearing account, later the bank account, and what only the two know of, such as
// fees. Between them nothing is received: the same money moves on.
var isMoneyIn = map[chart.Code]bool{
	chart.Cash: true, chart.ClearLockbox: true, chart.ClearACH: true, chart.ClearWire: true, chart.ClearCounter: true,
	chart.ClearCard: true, chart.ClearDebit: true, chart.ClearCheck: true, chart.ClearPayout: true, chart.Unidentified: true,
	chart.BankOpening: true, chart.BankCharges: true, chart.ProcessorFees: true, chart.Losses: true,
}

// sum turns account totals into figures by purse. Corrupt when the books have
// an account that the chart does not know.
func (c *overviewCount) sum() error {
	for account, balance := range c.balances {
		purse, code, err := chart.Explain(account)
		if err != nil {
			return fault.New(fault.Corrupt, "store.Overview", "%v", err)
		}
		t := c.Trial[purse.Entity]
		t.Debits += balance.PostedDebit
		t.Credits += balance.PostedCredit
		c.Trial[purse.Entity] = t
		p := c.Purses[purse]
		p.add(code, balance.Net())
		c.Purses[purse] = p
	}
	for purse, p := range c.Purses {
		agrees := func(code chart.Code, says money.Cents) bool { return c.documents[purse.Account(code)] == says }
		p.Agrees = agrees(chart.Receivable, p.Owed) && agrees(chart.Unapplied, p.Unapplied) && agrees(chart.Suspense, p.Suspense)
		c.Purses[purse] = p
	}
	return nil
}

// add takes in one account's debits less credits. What was billed and is owed no
// longer was paid, so Applied is revenue and opening balance less receivable, less
// what payers kept of their payments.
func (p *PurseOverview) add(code chart.Code, net money.Cents) {
	switch code {
	case chart.Receivable:
		p.Owed += net
		p.Applied -= net
	case chart.Earned, chart.DrugAdvances, chart.OpeningBalance, chart.UserFee, chart.CostSharing, chart.ExchangeBalance:
		p.Applied -= net
	case chart.Unapplied:
		p.Unapplied -= net
	case chart.Suspense:
		p.Suspense -= net
	case chart.RefundsPayable, chart.Unclaimed: // on its way to its owner or to a state
		p.Refunding -= net
	case chart.Interfund:
		p.Moved += net
	}
}
