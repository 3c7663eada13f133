package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

var _ clearing.Files = (*Store)(nil)

const (
	achFileColumns = `file_no, version, odfi, day, send_window, part_no, state, live, same_day, balanced, effective_on, modifier, made_at,
		book_no, name, trace_first, trace_last, batches, entries, debit_cents, credit_cents, entry_hash, bytes, chunks, sha256, actor,
		approved_by, released_at, placed_at, answered_at, answer, why`
	achBatchColumns = `file_no, batch_no, entity_no, fund_no, direction, kind, sec, company, company_name, description, settles_on,
		trace_first, trace_last, entries, amount_cents`
)

// achGroup is the condition that an entry is ready and of a group, from parameter 1 on,
// settles by a day and is no more than an amount.
const achGroup = `state = 'ready' AND entity_no = $1 AND fund_no = $2 AND direction = $3 AND sec = $4 AND kind = $5
	AND settle_on <= $6 AND amount_cents <= $7`

func groupArgs(t *clearing.Take) []any {
	return []any{
		int64(t.Purse.Entity), int64(t.Purse.Fund.No()), string(t.Direction), string(t.SEC), string(t.Kind), t.SettleBy.String(),
		int64(t.EachMax),
	}
}

func achFileRow(f *clearing.File) []any {
	return []any{
		f.ODFI, f.Day.String(), f.Window, f.Part, string(f.State), flag(f.Live), flag(f.SameDay), flag(f.Balanced), f.EffectiveOn.String(),
		f.Modifier, micros(f.MadeAt), int64(f.Book), f.Name, int64(f.TraceFirst), int64(f.TraceLast), f.Batches, f.Entries,
		int64(f.DebitCents), int64(f.CreditCents), f.EntryHash, f.Bytes, f.Chunks, f.SHA256, f.Actor.String(), f.ApprovedBy,
		micros(f.ReleasedAt), micros(f.PlacedAt), micros(f.AnsweredAt), f.Answer, f.Why,
	}
}

func scanAchFile(scan func(...any) error) (clearing.File, error) {
	var f clearing.File
	var live, sameDay, balanced, made, released, placed, answered int64
	var day, effective, actor string
	err := scan(&f.No, &f.Version, &f.ODFI, &day, &f.Window, &f.Part, &f.State, &live, &sameDay, &balanced, &effective, &f.Modifier, &made,
		&f.Book, &f.Name, &f.TraceFirst, &f.TraceLast, &f.Batches, &f.Entries, &f.DebitCents, &f.CreditCents, &f.EntryHash, &f.Bytes,
		&f.Chunks, &f.SHA256, &actor, &f.ApprovedBy, &released, &placed, &answered, &f.Answer, &f.Why)
	if err != nil {
		return f, err
	}
	f.Live, f.SameDay, f.Balanced = live == 1, sameDay == 1, balanced == 1
	f.MadeAt, f.ReleasedAt, f.PlacedAt, f.AnsweredAt = moment(made), moment(released), moment(placed), moment(answered)
	if f.Actor, err = scanActor(actor); err != nil {
		return f, err
	}
	return f, scanDates(map[*calendar.Date]string{&f.Day: day, &f.EffectiveOn: effective})
}

// BeginFile implements clearing.Files.
func (s *Store) BeginFile(ctx context.Context, f *clearing.File) error {
	row := insertInto("ach_file", columnNames(achFileColumns)...)
	row.add(append([]any{f.No, f.Version}, achFileRow(f)...)...)
	err := s.engine.write(ctx, row)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.BeginFile", "another run makes a file at this moment; look again when it has ended")
	}
	return fault.Wrap("store.BeginFile", err)
}

// SaveFile implements clearing.Files.
func (s *Store) SaveFile(ctx context.Context, f *clearing.File) error {
	names := columnNames(achFileColumns)
	row := updateOf("ach_file", 1, 1, append([]string{"file_no", "version", "version"}, names[2:]...)...)
	row.add(append([]any{f.No, f.Version, f.Version + 1}, achFileRow(f)...)...)
	err := s.engine.write(ctx, row)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.SaveFile", "the file moved on meanwhile; look again")
	}
	if err == nil {
		f.Version++
	}
	return fault.Wrap("store.SaveFile", err)
}

func (s *Store) achFiles(ctx context.Context, where string, args ...any) ([]clearing.File, error) {
	var files []clearing.File
	err := s.engine.read(ctx, query{
		text: `SELECT ` + achFileColumns + ` FROM ach_file ` + where, args: args,
		each: func(scan func(...any) error) error {
			f, err := scanAchFile(scan)
			files = append(files, f)
			return err
		},
	})
	return files, fault.Wrap("store.Files", err)
}

// BuildingFile implements clearing.Files.
func (s *Store) BuildingFile(ctx context.Context, odfi string) (*clearing.File, error) {
	files, err := s.achFiles(ctx, `WHERE odfi = $1 AND state = 'building'`, odfi)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	return &files[0], nil
}

// LastFile implements clearing.Files.
func (s *Store) LastFile(
	ctx context.Context, odfi string, day calendar.Date, window string,
) (no int64, trace clearing.Trace, part, ofDay int64, err error) {
	err = s.engine.read(ctx,
		query{
			text: `SELECT COALESCE(MAX(file_no), 0) FROM ach_file`,
			each: func(scan func(...any) error) error { return scan(&no) },
		},
		query{
			text: `SELECT trace_last FROM ach_file WHERE odfi = $1 ORDER BY file_no DESC LIMIT 1`, args: []any{odfi},
			each: func(scan func(...any) error) error { return scan(&trace) },
		},
		query{
			text: `SELECT COALESCE(MAX(CASE WHEN send_window = $3 THEN part_no ELSE 0 END), 0), COUNT(*) FROM ach_file
				WHERE odfi = $1 AND day = $2`,
			args: []any{odfi, day.String(), window},
			each: func(scan func(...any) error) error { return scan(&part, &ofDay) },
		})
	return no, trace, part, ofDay, fault.Wrap("store.LastFile", err)
}

// ACHFile implements clearing.Files.
func (s *Store) ACHFile(ctx context.Context, no int64) (clearing.File, error) {
	files, err := s.achFiles(ctx, `WHERE file_no = $1`, no)
	if err == nil && len(files) == 0 {
		err = fault.New(fault.NotFound, "store.ACHFile", "there is no such file")
	}
	if err != nil {
		return clearing.File{}, err
	}
	return files[0], nil
}

// ACHFiles implements clearing.Files.
func (s *Store) ACHFiles(ctx context.Context, most int) ([]clearing.File, error) {
	return s.achFiles(ctx, `ORDER BY file_no DESC LIMIT $1`, int64(most))
}

// FilesIn implements clearing.Files.
func (s *Store) FilesIn(ctx context.Context, states ...clearing.FileState) ([]clearing.File, error) {
	return s.achFiles(ctx, `WHERE `+s.engine.list("state", 1, textColumn)+` ORDER BY file_no`, s.engine.texts(texts(states)))
}

// Batches implements clearing.Files.
func (s *Store) Batches(ctx context.Context, file int64) ([]clearing.Batch, error) {
	var batches []clearing.Batch
	err := s.engine.read(ctx, query{
		text: `SELECT ` + achBatchColumns + ` FROM ach_batch WHERE file_no = $1 ORDER BY batch_no`, args: []any{file},
		each: func(scan func(...any) error) error {
			var b clearing.Batch
			var entity, fund int64
			var settles string
			err := scan(&b.File, &b.No, &entity, &fund, &b.Direction, &b.Kind, &b.SEC, &b.Company, &b.CompanyName, &b.Description, &settles,
				&b.TraceFirst, &b.TraceLast, &b.Entries, &b.Amount)
			if err != nil {
				return err
			}
			if b.Purse, err = scanPurse(entity, fund); err != nil {
				return err
			}
			batches = append(batches, b)
			return scanDates(map[*calendar.Date]string{&batches[len(batches)-1].SettlesOn: settles})
		},
	})
	return batches, fault.Wrap("store.Batches", err)
}

// DeadCredits implements clearing.Files.
func (s *Store) DeadCredits(ctx context.Context) ([]clearing.Entry, error) {
	entries, err := s.achEntries(ctx, `WHERE state = 'ready' AND direction = 'credit' AND kind = 'payment' AND NOT EXISTS (
			SELECT 1 FROM payment_method m WHERE m.book_no = ach_entry.book_no AND m.method_id = ach_entry.method_id AND m.state = 'active')
		ORDER BY book_no, entry_id`)
	return entries, fault.Wrap("store.DeadCredits", err)
}

// FailUnsendable implements clearing.Files.
func (s *Store) FailUnsendable(ctx context.Context, at time.Time) (failed int64, err error) {
	const method, consent = "the payment method is no longer in use", "the authorisation to debit has ended"
	err = s.engine.exec(ctx, func(tx execer) error {
		if _, err := tx.ExecContext(ctx, `UPDATE ach_entry SET state = 'failed', why = $1, changed_at = $2
			WHERE state = 'ready' AND kind = 'reversal' AND NOT EXISTS (SELECT 1 FROM ach_entry o WHERE o.book_no = ach_entry.book_no
				AND o.entry_id = ach_entry.first_entry_id AND o.state = 'filed')`, "the debit came back by itself", at.UnixMicro()); err != nil {
			return err
		}
		for why, gone := range map[string]string{
			method: `NOT EXISTS (SELECT 1 FROM payment_method m WHERE m.book_no = ach_entry.book_no AND m.method_id = ach_entry.method_id
				AND m.state = 'active')`,
			consent: `mandate_id <> '' AND EXISTS (SELECT 1 FROM mandate n WHERE n.book_no = ach_entry.book_no
				AND n.mandate_id = ach_entry.mandate_id AND n.state = 'cancelled')`,
		} {
			result, err := tx.ExecContext(ctx,
				`UPDATE ach_entry SET state = 'failed', why = $1, changed_at = $2 WHERE state = 'ready' AND kind <> 'reversal' AND direction = 'debit' AND `+gone,
				why, at.UnixMicro())
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			failed += n
		}
		return nil
	})
	return failed, fault.Wrap("store.FailUnsendable", err)
}

// Waiting implements clearing.Files.
func (s *Store) Waiting(ctx context.Context, settleBy calendar.Date) ([]clearing.Waiting, error) {
	var waiting []clearing.Waiting
	err := s.engine.read(ctx, query{
		text: `SELECT entity_no, fund_no, direction, sec, kind, COUNT(*), CAST(SUM(amount_cents) AS BIGINT) FROM ach_entry
			WHERE state = 'ready' AND settle_on <= $1 GROUP BY entity_no, fund_no, direction, sec, kind
			ORDER BY entity_no, fund_no, direction, sec, kind`,
		args: []any{settleBy.String()},
		each: func(scan func(...any) error) error {
			var w clearing.Waiting
			var entity, fund int64
			err := scan(&entity, &fund, &w.Direction, &w.SEC, &w.Kind, &w.Entries, &w.Cents)
			if err != nil {
				return err
			}
			w.Purse, err = scanPurse(entity, fund)
			waiting = append(waiting, w)
			return err
		},
	})
	return waiting, fault.Wrap("store.Waiting", err)
}

// Fits implements clearing.Files.
func (s *Store) Fits(ctx context.Context, t clearing.Take) (fits bool, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT 1 FROM ach_entry WHERE ` + achGroup + ` LIMIT 1`, args: groupArgs(&t),
		each: func(scan func(...any) error) error {
			fits = true
			var one int64
			return scan(&one)
		},
	})
	return fits, fault.Wrap("store.Fits", err)
}

// TakeBatch implements clearing.Files. The window functions run over the rows that the
// innermost look-up was limited to, and not over everything that waits.
func (s *Store) TakeBatch(ctx context.Context, f *clearing.File, b *clearing.Batch, t clearing.Take) error {
	now := *f
	err := s.engine.exec(ctx, func(tx execer) error {
		args := append(groupArgs(&t), int64(t.Limit), int64(t.SumMax), f.No, int64(f.TraceLast), s.clock.Now().UnixMicro())
		_, err := tx.ExecContext(ctx, `UPDATE ach_entry SET state = 'filed', file_no = $10, trace = $11 + v.place, changed_at = $12
			FROM (SELECT book_no, entry_id, ROW_NUMBER() OVER (ORDER BY book_no, entry_id) AS place,
					SUM(amount_cents) OVER (ORDER BY book_no, entry_id) AS running
				FROM (SELECT book_no, entry_id, amount_cents FROM ach_entry WHERE `+achGroup+` ORDER BY book_no, entry_id LIMIT $8) w) v
			WHERE ach_entry.book_no = v.book_no AND ach_entry.entry_id = v.entry_id AND v.running <= $9`, args...)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) FROM ach_entry
			WHERE trace > $1 AND trace <= $2 AND file_no = $3 AND trace > 0`,
			int64(f.TraceLast), int64(f.TraceLast)+int64(t.Limit), f.No).Scan(&b.Entries, &b.Amount)
		if err != nil || b.Entries == 0 {
			return err
		}
		b.TraceFirst, b.TraceLast = f.TraceLast+1, f.TraceLast+clearing.Trace(b.Entries)
		if t.Offset {
			b.TraceLast++
		}
		now.TraceLast, now.Batches, now.Entries = b.TraceLast, b.No, f.Entries+b.Entries
		if b.Direction == clearing.Debit || t.Offset {
			now.DebitCents += b.Amount
		}
		if b.Direction == clearing.Credit || t.Offset {
			now.CreditCents += b.Amount
		}
		return keepBatch(ctx, tx, f, &now, b)
	})
	if err != nil {
		return fault.Wrap("store.TakeBatch", err)
	}
	*f = now
	return nil
}

func keepBatch(ctx context.Context, tx execer, was, now *clearing.File, b *clearing.Batch) error {
	result, err := tx.ExecContext(ctx, `UPDATE ach_file SET version = version + 1, trace_last = $1, batches = $2, entries = $3,
		debit_cents = $4, credit_cents = $5 WHERE file_no = $6 AND version = $7`,
		int64(now.TraceLast), now.Batches, now.Entries, int64(now.DebitCents), int64(now.CreditCents), was.No, was.Version)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fault.New(fault.Conflict, "store.TakeBatch", "another run fills this file; look again when it has ended")
	}
	now.Version = was.Version + 1
	_, err = tx.ExecContext(ctx, `INSERT INTO ach_batch (`+achBatchColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		b.File, b.No, int64(b.Purse.Entity), int64(b.Purse.Fund.No()), string(b.Direction), string(b.Kind), string(b.SEC), b.Company,
		b.CompanyName, b.Description, b.SettlesOn.String(), int64(b.TraceFirst), int64(b.TraceLast), b.Entries, int64(b.Amount))
	return err
}

// FiledEntries implements clearing.Files.
func (s *Store) FiledEntries(
	ctx context.Context, f *clearing.File, after clearing.Trace, limit int, accounts bool,
) ([]clearing.Outgoing, error) {
	sealed := `''`
	if accounts {
		sealed = `m.sealed`
	}
	var entries []clearing.Outgoing
	columns := "e." + strings.Join(columnNames(achEntryColumns), ", e.")
	err := s.engine.read(ctx, query{
		text: `SELECT ` + columns + `, m.version, ` + sealed + ` FROM ach_entry e
			JOIN payment_method m ON m.book_no = e.book_no AND m.method_id = e.method_id
			WHERE e.trace > $1 AND e.trace <= $2 AND e.trace > 0 AND e.file_no = $3 ORDER BY e.trace LIMIT $4`,
		args: []any{int64(after), int64(f.TraceLast), f.No, int64(limit)},
		each: func(scan func(...any) error) error {
			var o clearing.Outgoing
			var version int64
			var blob []byte
			var err error
			if o.Entry, err = scanAchEntry(scan, &version, &blob); err != nil {
				return err
			}
			if accounts {
				if o.Account, err = s.openAccount(&o.Entry, blob); err != nil {
					return err
				}
			}
			entries = append(entries, o)
			return nil
		},
	})
	return entries, fault.Wrap("store.FiledEntries", err)
}

func (s *Store) openAccount(e *clearing.Entry, sealed []byte) (mandate.BankAccount, error) {
	plain, err := s.seal.Open(sealed, methodContext(string(e.Method)))
	if err != nil {
		return mandate.BankAccount{}, fault.Wrap("store.openAccount", err)
	}
	return mandate.UnsealedAccount(plain)
}

// GiveBack implements clearing.Files.
func (s *Store) GiveBack(ctx context.Context, f *clearing.File, limit int, at time.Time) (given int64, err error) {
	err = s.engine.exec(ctx, func(tx execer) error {
		result, err := tx.ExecContext(ctx, `UPDATE ach_entry SET state = 'ready', file_no = 0, trace = 0, changed_at = $1
			FROM (SELECT book_no, entry_id FROM ach_entry WHERE trace BETWEEN $2 AND $3 AND trace > 0 AND file_no = $4 AND state = 'filed'
				ORDER BY trace LIMIT $5) v
			WHERE ach_entry.book_no = v.book_no AND ach_entry.entry_id = v.entry_id`,
			at.UnixMicro(), int64(f.TraceFirst), int64(f.TraceLast), f.No, int64(limit))
		if err != nil {
			return err
		}
		given, err = result.RowsAffected()
		return err
	})
	return given, fault.Wrap("store.GiveBack", err)
}
