package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/refund"
)

const (
	checkColumns = `account_id, check_no, version, batch_id, book_no, refund_id, amount_cents, dated, state, sealed, reason, paid_on,
		changed_at, told_in`
	batchColumns = `batch_id, version, account_id, batch_no, state, dated, issued, total_cents, voided, void_cents, digest, actor, made_at,
		changed_at`
)

func checkContext(account string, no int64) string { return fmt.Sprintf("check:%s:%d", account, no) }

func checkFileContext(batch string, no int64) string {
	return fmt.Sprintf("check_file:%s:%d", batch, no)
}

// sealedCheck is what of a check names a person.
type sealedCheck struct {
	To   refund.Payee `json:"to"`
	Memo string       `json:"memo"`
}

// LastCheck implements refund.CheckStore.
func (s *Store) LastCheck(ctx context.Context, account string) (check, batch int64, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(check_no), 0) FROM check_register WHERE account_id = $1`, args: []any{account},
		each: func(scan func(...any) error) error { return scan(&check) },
	}, query{
		text: `SELECT COALESCE(MAX(batch_no), 0) FROM check_batch WHERE account_id = $1`, args: []any{account},
		each: func(scan func(...any) error) error { return scan(&batch) },
	})
	return check, batch, fault.Wrap("store.LastCheck", err)
}

// KeepBatch implements refund.CheckStore.
func (s *Store) KeepBatch(
	ctx context.Context, b refund.Batch, files []refund.File, checks []refund.CheckChange, refunds []refund.Change,
) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO check_batch (`+batchColumns+`) VALUES (`+numbered(14)+`) ON CONFLICT DO NOTHING`,
			string(b.ID), int64(1), b.Account, b.No, string(b.State), b.Dated.String(), int64(b.Issued), int64(b.Total), int64(b.Voided),
			int64(b.Voids), b.Digest, b.By.String(), micros(b.MadeAt), micros(b.MadeAt))
		if err := onlyOne(done, err); err != nil {
			return err
		}
		for _, f := range files {
			sealed, err := s.seal.Seal(f.Bytes, checkFileContext(string(b.ID), int64(f.No)))
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO check_file (batch_id, file_no, name, sha256, sealed) VALUES ($1, $2, $3, $4, $5)`,
				string(b.ID), int64(f.No), f.Name, f.SHA256, sealed)
			if err != nil {
				return err
			}
		}
		if err := s.changeChecks(ctx, tx, checks); err != nil {
			return err
		}
		_, err = s.changeRefunds(ctx, tx, refunds)
		return err
	})
	return refundError("store.KeepBatch", err)
}

// onlyOne turns a statement that changed no row into ErrMoved.
func onlyOne(done interface{ RowsAffected() (int64, error) }, err error) error {
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n != 1 {
		err = refund.ErrMoved
	}
	return err
}

// ChangeChecks implements refund.CheckStore.
func (s *Store) ChangeChecks(ctx context.Context, changes []refund.CheckChange) error {
	err := s.engine.exec(ctx, func(tx execer) error { return s.changeChecks(ctx, tx, changes) })
	return refundError("store.ChangeChecks", err)
}

func (s *Store) changeChecks(ctx context.Context, tx execer, changes []refund.CheckChange) error {
	for i := range changes {
		c := &changes[i].Check
		if err := s.changeCheck(ctx, tx, &changes[i]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO check_event (account_id, check_no, event_no, at, actor, state, note)
			SELECT $1, $2, COALESCE(MAX(event_no), 0) + 1, $3, $4, $5, $6 FROM check_event WHERE account_id = $1 AND check_no = $2`,
			c.Account, c.No, micros(changes[i].At), changes[i].By.String(), string(c.State), changes[i].Note)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) changeCheck(ctx context.Context, tx execer, change *refund.CheckChange) error {
	c := &change.Check
	if c.Version > 0 {
		return onlyOne(tx.ExecContext(ctx, `UPDATE check_register SET version = version + 1, state = $3, reason = $4, paid_on = $5, changed_at = $6,
			told_in = $7 WHERE account_id = $1 AND check_no = $2 AND version = $8`,
			c.Account, c.No, string(c.State), c.Reason, c.PaidOn.String(), micros(change.At), string(c.ToldIn), c.Version))
	}
	plain, err := json.Marshal(sealedCheck{c.To, c.Memo})
	if err != nil {
		return err
	}
	sealed, err := s.seal.Seal(plain, checkContext(c.Account, c.No))
	if err != nil {
		return err
	}
	return onlyOne(tx.ExecContext(ctx, `INSERT INTO check_register (`+checkColumns+`) VALUES (`+numbered(14)+`) ON CONFLICT DO NOTHING`,
		c.Account, c.No, int64(1), string(c.Batch), int64(c.Book), string(c.Refund), int64(c.Amount), c.Dated.String(), string(c.State), sealed,
		c.Reason, c.PaidOn.String(), micros(change.At), string(c.ToldIn)))
}

// CheckBatch implements refund.CheckStore.
func (s *Store) CheckBatch(ctx context.Context, id ident.Opaque) (refund.Batch, error) {
	all, err := s.checkBatches(ctx, `WHERE batch_id = $1`, string(id))
	if err == nil && len(all) == 0 {
		return refund.Batch{}, fault.New(fault.NotFound, "store.CheckBatch", "there is no such batch of checks")
	}
	if err != nil {
		return refund.Batch{}, fault.Wrap("store.CheckBatch", err)
	}
	return all[0], nil
}

// CheckBatches implements refund.CheckStore.
func (s *Store) CheckBatches(ctx context.Context, account string, limit int) ([]refund.Batch, error) {
	all, err := s.checkBatches(ctx, `WHERE account_id = $1 OR $1 = '' ORDER BY made_at DESC, account_id, batch_no DESC LIMIT $2`, account, int64(limit))
	return all, fault.Wrap("store.CheckBatches", err)
}

func (s *Store) checkBatches(ctx context.Context, where string, args ...any) ([]refund.Batch, error) {
	var all []refund.Batch
	err := s.engine.read(ctx, query{
		text: `SELECT ` + batchColumns + ` FROM check_batch ` + where, args: args,
		each: func(scan func(...any) error) error {
			var b refund.Batch
			var dated, actor string
			var made, changed int64
			err := scan(&b.ID, &b.Version, &b.Account, &b.No, &b.State, &dated, &b.Issued, &b.Total, &b.Voided, &b.Voids, &b.Digest, &actor, &made,
				&changed)
			if err == nil {
				b.Dated, err = scanDate(dated)
			}
			if err == nil {
				b.By, err = scanActor(actor)
			}
			b.MadeAt = moment(made)
			all = append(all, b)
			return err
		},
	})
	return all, err
}

// CheckFiles implements refund.CheckStore.
func (s *Store) CheckFiles(ctx context.Context, id ident.Opaque) ([]refund.File, error) {
	var all []refund.File
	err := s.engine.read(ctx, query{
		text: `SELECT file_no, name, sha256, sealed FROM check_file WHERE batch_id = $1 ORDER BY file_no`, args: []any{string(id)},
		each: func(scan func(...any) error) error {
			f := refund.File{Batch: id}
			var sealed []byte
			err := scan(&f.No, &f.Name, &f.SHA256, &sealed)
			if err == nil {
				f.Bytes, err = s.seal.Open(sealed, checkFileContext(string(id), int64(f.No)))
			}
			all = append(all, f)
			return err
		},
	})
	return all, fault.Wrap("store.CheckFiles", err)
}

// SaveCheckBatch implements refund.CheckStore.
func (s *Store) SaveCheckBatch(ctx context.Context, b refund.Batch) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		return onlyOne(tx.ExecContext(ctx, `UPDATE check_batch SET version = version + 1, state = $2, changed_at = $3 WHERE batch_id = $1 AND version = $4`,
			string(b.ID), string(b.State), micros(s.clock.Now()), b.Version))
	})
	return refundError("store.SaveCheckBatch", err)
}

// Checks implements refund.CheckStore.
func (s *Store) Checks(ctx context.Context, f refund.CheckFilter) ([]refund.Check, error) {
	where, args := []string{"check_no > 0"}, []any{}
	add := func(text string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(text, len(args)))
	}
	if f.Account != "" {
		add("account_id = $%d", f.Account)
	}
	if f.Batch != "" {
		add("batch_id = $%d", string(f.Batch))
	}
	if !f.DatedBefore.IsZero() {
		add("dated < $%d", f.DatedBefore.String())
	}
	if f.Untold {
		where = append(where, "state IN ('stopped', 'void', 'stale') AND told_in = ''")
	}
	if len(f.States) > 0 {
		var states []string
		for _, state := range f.States {
			args = append(args, string(state))
			states = append(states, fmt.Sprintf("$%d", len(args)))
		}
		where = append(where, "state IN ("+strings.Join(states, ", ")+")")
	}
	tail := " ORDER BY account_id, check_no"
	if f.Limit > 0 {
		args = append(args, int64(f.Limit))
		tail += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	all, err := s.checks(ctx, "WHERE "+strings.Join(where, " AND ")+tail, args...)
	return all, fault.Wrap("store.Checks", err)
}

// Check implements refund.CheckStore.
func (s *Store) Check(ctx context.Context, account string, no int64) (refund.Check, error) {
	all, err := s.checks(ctx, `WHERE account_id = $1 AND check_no = $2`, account, no)
	if err == nil && len(all) == 0 {
		return refund.Check{}, fault.New(fault.NotFound, "store.Check", "no check %d was drawn on this account", no)
	}
	if err != nil {
		return refund.Check{}, fault.Wrap("store.Check", err)
	}
	return all[0], nil
}

// SettledChecks implements refund.CheckStore.
func (s *Store) SettledChecks(ctx context.Context, account string, on ledger.Account) (map[int64]calendar.Date, error) {
	settled := map[int64]calendar.Date{}
	err := s.engine.read(ctx, query{
		text: `SELECT k.check_no, MAX(e.settled_on) FROM check_register k JOIN expected e ON e.account_no = $2 AND e.ref = CAST(k.check_no AS TEXT)
			WHERE k.account_id = $1 AND k.state = 'issued' AND e.amount_cents = e.settled_cents AND e.settled_on <> '' AND k.refund_id <> ''
				AND NOT EXISTS (SELECT 1 FROM check_register o WHERE o.refund_id = k.refund_id AND o.check_no <> k.check_no)
			GROUP BY k.check_no`,
		args: []any{account, int64(on)},
		each: func(scan func(...any) error) error {
			var no int64
			var day string
			err := scan(&no, &day)
			if err == nil {
				settled[no], err = scanDate(day)
			}
			return err
		},
	})
	return settled, fault.Wrap("store.SettledChecks", err)
}

func (s *Store) checks(ctx context.Context, where string, args ...any) ([]refund.Check, error) {
	var all []refund.Check
	err := s.engine.read(ctx, query{
		text: `SELECT ` + checkColumns + ` FROM check_register ` + where, args: args,
		each: func(scan func(...any) error) error {
			c, err := s.scanCheck(scan)
			all = append(all, c)
			return err
		},
	})
	return all, err
}

func (s *Store) scanCheck(scan func(...any) error) (c refund.Check, err error) {
	var dated, paid string
	var sealed []byte
	var changed int64
	err = scan(&c.Account, &c.No, &c.Version, &c.Batch, &c.Book, &c.Refund, &c.Amount, &dated, &c.State, &sealed, &c.Reason, &paid, &changed, &c.ToldIn)
	if err != nil {
		return c, err
	}
	if c.Dated, err = scanDate(dated); err != nil {
		return c, err
	}
	if c.PaidOn, err = dateOf(paid); err != nil {
		return c, err
	}
	plain, err := s.seal.Open(sealed, checkContext(c.Account, c.No))
	if err != nil {
		return c, err
	}
	var said sealedCheck
	if json.Unmarshal(plain, &said) != nil {
		return c, fault.New(fault.Corrupt, "store.check", "what was sealed of check %d does not parse", c.No)
	}
	c.To, c.Memo = said.To, said.Memo
	return c, nil
}
