package probe

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
)

// Billing writes rows as the billing run of a month does, for count policies,
// and gives the time that took: an item, its posting, the line, the bill, how far
// the policy is billed, the event, the book's head. Run tells several runs on one
// database apart.
func Billing(ctx context.Context, clk clock.Clock, at Address, count, run int) (time.Duration, error) {
	db, err := at.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := stagePolicies(ctx, db, count, run); err != nil {
		return 0, fmt.Errorf("probe: %w", err)
	}
	began := clk.Now()
	for from := 0; from < count; from += chunkRows {
		if err := write(ctx, db, billingSteps, from); err != nil {
			return 0, fmt.Errorf("probe: %w", err)
		}
	}
	return clk.Now().Sub(began), nil
}

// stagePolicies lists policies in the order of their keys, as a run does, with the
// month that this run of the probe bills.
func stagePolicies(ctx context.Context, db *sql.DB, count, run int) error {
	if _, err := db.ExecContext(ctx, `DROP TABLE IF EXISTS probe_policy`); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `CREATE TABLE probe_policy (
		n BIGINT NOT NULL PRIMARY KEY, book_no BIGINT NOT NULL, policy_no BIGINT NOT NULL, cents BIGINT NOT NULL, month TEXT NOT NULL)`)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO probe_policy
		SELECT ROW_NUMBER() OVER (ORDER BY book_no, policy_no) - 1, book_no, policy_no, rate_cents, $2
		FROM policy_terms WHERE terms_no = 1 ORDER BY book_no, policy_no LIMIT $1`, count, fmt.Sprintf("%d-01", 1990+run))
	return err
}

// billingSteps are the statements of a chunk, for the rows from $1 up to $2; $3 is
// a digest.
var billingSteps = []string{
	`UPDATE book SET seq = seq + 1, digest = $3, last_item = last_item + 1 FROM probe_policy p
		WHERE p.n >= $1 AND p.n < $2 AND book.book_no = p.book_no`,
	`INSERT INTO posting SELECT p.book_no, '2026-11-23', b.seq, 1, 10110, 10120, p.cents, b.last_item, 1, 0, '2026-11-23',
		1764000000000000, 'item.billed', '0123456789abcdef:probe', 'system:probe', '', $3
		FROM probe_policy p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`INSERT INTO open_item SELECT p.book_no, b.last_item, 1, 1, p.book_no, '2026-11-23', CAST(b.seq AS TEXT) || '-probe',
		'Health premium', 0, 'ordinary', p.month || '-01', p.month || '-01', p.cents, p.cents, b.seq, p.n, 0, 0
		FROM probe_policy p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`INSERT INTO premium_charge SELECT p.book_no, p.policy_no, p.month, 1, 'premium', 'member', p.cents,
		p.month || '-01', p.month || '-28', 1, '2026-11-23',
		p.book_no, b.last_item FROM probe_policy p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`INSERT INTO policy_billing SELECT book_no, policy_no, month, 0 FROM probe_policy WHERE n >= $1 AND n < $2
		ON CONFLICT (book_no, policy_no) DO UPDATE SET billed_through = excluded.billed_through`,
	`INSERT INTO invoice SELECT p.book_no, b.seq + 1000, CAST(b.seq AS TEXT) || '-probe', p.month, 1, b.seq, '2026-11-23', '2026-12-01', p.cents, 1,
		` + probeBody + ` FROM probe_policy p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
	`INSERT INTO outbox (book_no, seq, event, recorded_at) SELECT p.book_no, b.seq, 'item.billed', 1764000000000000
		FROM probe_policy p JOIN book b ON b.book_no = p.book_no WHERE p.n >= $1 AND p.n < $2`,
}

// probeBody is as long as a bill's document usually is.
const probeBody = `'{"number":"2612-01-51","account":"000000000000","debtor":"member","period":"2026-12","from":"2026-12-01",` +
	`"to":"2026-12-31","issued_on":"2026-11-23","due_on":"2026-12-01","lines":[{"kind":"charge","for":"premium","name":"Gold",` +
	`"month":"2026-12","cents":61234},{"kind":"credit","for":"tax_credit","by":"hhs","name":"Gold","month":"2026-12",` +
	`"cents":-45000}],"others":[{"owner":"hhs","for":"tax_credit","name":"Gold","month":"2026-12","cents":45000}],"due":16234,` +
	`"remit_to":{"name":"Bench","line1":"PO Box 1","city":"Denver","state":"CO","zip":"80202"}}'`
