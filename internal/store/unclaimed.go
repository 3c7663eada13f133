package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/office/unclaimed"
)

var _ unclaimed.Store = (*Store)(nil)

const (
	unclaimedColumns = `book_no, source, version, state_code, property_type, entity_no, fund_no, amount_cents, silent_since, report_year,
		letter_on, state, refund_id, report_id, changed_at`
	reportColumns = `report_id, version, state_code, report_year, entity_no, state, items, total_cents, sha256, actor, made_at`
)

func unclaimedContext(id string) string { return "unclaimed_report:" + id }

// SilentProperty implements unclaimed.Store.
func (s *Store) SilentProperty(ctx context.Context, before calendar.Date, after ledger.BookNo, limit int) ([]unclaimed.Found, error) {
	const op = "store.SilentProperty"
	for {
		books, err := s.bookList(ctx, `SELECT book_no FROM (
				SELECT u.book_no FROM unapplied u JOIN book b ON b.book_no = u.book_no
					WHERE u.open_cents > 0 AND u.received_on < $2 AND u.book_no > $1 AND u.book_no >= $4 AND b.status = 'open' AND NOT `+underWay+`
				UNION SELECT r.book_no FROM refund r WHERE r.state = 'returned' AND r.made_at < $5 AND r.book_no > $1) silent
			ORDER BY book_no LIMIT $3`, int64(after), before.String(), int64(limit), int64(ledger.FirstBillingBook), before.Time().UnixMicro())
		if err != nil || len(books) == 0 {
			return nil, fault.Wrap(op, err)
		}
		found, err := s.propertyOf(ctx, books, before)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if len(found) > 0 {
			slices.SortStableFunc(found, func(a, b unclaimed.Found) int { return cmp.Compare(a.Book, b.Book) })
			return found, fault.Wrap(op, s.fillOwners(ctx, books, found))
		}
		after = books[len(books)-1] // newer money beside the old keeps these from being silent
	}
}

func (s *Store) propertyOf(ctx context.Context, books []ledger.BookNo, before calendar.Date) ([]unclaimed.Found, error) {
	var found []unclaimed.Found
	of := func(column string) string { return s.engine.list(column, 1, integerColumn) }
	add := func(f unclaimed.Found, entity, fund int64) error {
		var err error
		f.Purse, err = scanPurse(entity, fund)
		found = append(found, f)
		return err
	}
	err := s.engine.read(ctx, query{
		text: `SELECT u.book_no, u.entity_no, u.fund_no, SUM(u.open_cents), MAX(u.received_on) FROM unapplied u
			WHERE ` + of("u.book_no") + ` AND u.open_cents > 0 AND NOT ` + underWay + `
			GROUP BY u.book_no, u.entity_no, u.fund_no HAVING MAX(u.received_on) < $2 ORDER BY u.book_no, u.fund_no`,
		args: []any{s.engine.ints(integers(books)), before.String()},
		each: func(scan func(...any) error) error {
			f := unclaimed.Found{Type: unclaimed.CreditBalance}
			var entity, fund int64
			var since string
			err := scan(&f.Book, &entity, &fund, &f.Amount, &since)
			if err == nil {
				f.Since, err = scanDate(since)
			}
			if err != nil {
				return err
			}
			return add(f, entity, fund)
		},
	}, query{
		text: `SELECT book_no, refund_id, through_entity, through_fund, amount_cents, made_at FROM refund
			WHERE ` + of("book_no") + ` AND state = 'returned' AND made_at < $2 ORDER BY book_no, refund_id`,
		args: []any{s.engine.ints(integers(books)), before.Time().UnixMicro()},
		each: func(scan func(...any) error) error {
			f := unclaimed.Found{Type: unclaimed.Uncashed}
			var entity, fund, made int64
			err := scan(&f.Book, &f.Refund, &entity, &fund, &f.Amount, &made)
			if err != nil {
				return err
			}
			at := moment(made)
			f.Since = calendar.On(at.Year(), at.Month(), at.Day())
			return add(f, entity, fund)
		},
	})
	return found, err
}

// fillOwners says who owns property, where, under which lines, and when they were
// heard of last. A payment is a word of the owner too.
func (s *Store) fillOwners(ctx context.Context, books []ledger.BookNo, found []unclaimed.Found) error {
	people, err := s.Addressees(ctx, books)
	if err != nil {
		return err
	}
	lines, heard, language := map[ledger.BookNo][]coverage.Line{}, map[ledger.BookNo]string{}, map[ledger.BookNo]string{}
	args := []any{s.engine.ints(integers(books))}
	word := func(scan func(...any) error) error {
		var book ledger.BookNo
		var on string
		err := scan(&book, &on)
		heard[book] = max(heard[book], on)
		return err
	}
	of := s.engine.list("book_no", 1, integerColumn)
	err = s.engine.read(ctx, query{
		text: `SELECT DISTINCT book_no, line FROM policy WHERE ` + of, args: args,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var line coverage.Line
			err := scan(&book, &line)
			lines[book] = append(lines[book], line)
			return err
		},
	}, query{text: `SELECT book_no, MAX(on_day) FROM owner_contact WHERE ` + of + ` GROUP BY book_no`, args: args, each: word},
		query{text: `SELECT p.book_no, MAX(p.effective_on) FROM posting p WHERE ` + s.engine.list("p.book_no", 1, integerColumn) + `
			AND p.event = 'payment.received' GROUP BY p.book_no`, args: args, each: word},
		query{
			text: `SELECT book_no, written_language FROM person WHERE ` + of, args: args,
			each: func(scan func(...any) error) error {
				var book ledger.BookNo
				var tag string
				err := scan(&book, &tag)
				language[book] = tag
				return err
			},
		})
	for i := range found {
		f := &found[i]
		to := people[f.Book]
		f.Owner, f.Address, f.Lines, f.Language = to.Name, to.Address, lines[f.Book], language[f.Book]
		if on := heard[f.Book]; on != "" && err == nil {
			f.HeardOf, err = scanDate(on)
		}
	}
	return err
}

// unclaimedError gives ErrMoved as the desk knows it.
func unclaimedError(op string, err error) error {
	if errors.Is(err, refund.ErrMoved) || errors.Is(err, unclaimed.ErrMoved) {
		return unclaimed.ErrMoved
	}
	return fault.Wrap(op, err)
}

// UnclaimedRows implements unclaimed.Store.
func (s *Store) UnclaimedRows(ctx context.Context, f unclaimed.Filter) ([]unclaimed.Row, error) {
	where, args := []string{"report_year > 0"}, []any{}
	add := func(text string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(text, len(args)))
	}
	if f.State != "" {
		add("state_code = $%d", f.State)
	}
	if f.Year != 0 {
		add("report_year = $%d", int64(f.Year))
	}
	if f.Report != "" {
		add("report_id = $%d", string(f.Report))
	}
	if len(f.Steps) > 0 {
		var steps []string
		for _, step := range f.Steps {
			args = append(args, string(step))
			steps = append(steps, fmt.Sprintf("$%d", len(args)))
		}
		where = append(where, "state IN ("+strings.Join(steps, ", ")+")")
	}
	all, err := s.unclaimedRows(ctx, strings.Join(where, " AND "), args...)
	return all, fault.Wrap("store.UnclaimedRows", err)
}

// UnclaimedOf implements unclaimed.Store.
func (s *Store) UnclaimedOf(ctx context.Context, books []ledger.BookNo) ([]unclaimed.Row, error) {
	all, err := s.unclaimedRows(ctx, s.engine.list("book_no", 1, integerColumn), s.engine.ints(integers(books)))
	return all, fault.Wrap("store.UnclaimedOf", err)
}

func (s *Store) unclaimedRows(ctx context.Context, where string, args ...any) ([]unclaimed.Row, error) {
	var all []unclaimed.Row
	err := s.engine.read(ctx, query{
		text: `SELECT ` + unclaimedColumns + ` FROM unclaimed WHERE ` + where + ` ORDER BY book_no, source, report_year`, args: args,
		each: func(scan func(...any) error) error {
			var r unclaimed.Row
			var entity, fund, changed int64
			var since, letter string
			err := scan(&r.Book, &r.Source, &r.Version, &r.State, &r.Type, &entity, &fund, &r.Amount, &since, &r.Year, &letter, &r.At, &r.Refund,
				&r.Report, &changed)
			if err == nil {
				r.Purse, err = scanPurse(entity, fund)
			}
			if err == nil {
				r.Since, err = scanDate(since)
			}
			if err == nil {
				r.LetterOn, err = dateOf(letter)
			}
			all = append(all, r)
			return err
		},
	})
	return all, err
}

// SaveUnclaimed implements unclaimed.Store.
func (s *Store) SaveUnclaimed(ctx context.Context, rows []unclaimed.Row) error {
	err := s.engine.exec(ctx, func(tx execer) error { return s.saveUnclaimed(ctx, tx, rows) })
	return unclaimedError("store.SaveUnclaimed", err)
}

func (s *Store) saveUnclaimed(ctx context.Context, tx execer, rows []unclaimed.Row) error {
	now := micros(s.clock.Now())
	for i := range rows {
		r := &rows[i]
		if r.Version > 0 {
			err := onlyOne(tx.ExecContext(ctx, `UPDATE unclaimed SET version = version + 1, state = $4, refund_id = $5, report_id = $6, amount_cents = $7,
				changed_at = $8 WHERE book_no = $1 AND source = $2 AND report_year = $3 AND version = $9`, int64(r.Book), r.Source, int64(r.Year),
				string(r.At), string(r.Refund), string(r.Report), int64(r.Amount), now, r.Version))
			if err != nil {
				return err
			}
			continue
		}
		err := onlyOne(tx.ExecContext(ctx, `INSERT INTO unclaimed (`+unclaimedColumns+`) VALUES (`+numbered(15)+`) ON CONFLICT DO NOTHING`,
			int64(r.Book), r.Source, int64(1), r.State, string(r.Type), int64(r.Purse.Entity), int64(r.Purse.Fund.No()), int64(r.Amount),
			r.Since.String(), int64(r.Year), r.LetterOn.String(), string(r.At), string(r.Refund), string(r.Report), now))
		if err != nil {
			return err
		}
	}
	return nil
}

// KeepUnclaimedReport implements unclaimed.Store.
func (s *Store) KeepUnclaimedReport(ctx context.Context, r unclaimed.Report, rows []unclaimed.Row) error {
	sealed, err := s.seal.Seal(r.Bytes, unclaimedContext(string(r.ID)))
	if err != nil {
		return fault.Wrap("store.KeepUnclaimedReport", err)
	}
	err = s.engine.exec(ctx, func(tx execer) error {
		err := onlyOne(tx.ExecContext(ctx, `INSERT INTO unclaimed_report (`+reportColumns+`, sealed) VALUES (`+numbered(12)+`) ON CONFLICT DO NOTHING`,
			string(r.ID), int64(1), r.State, int64(r.Year), int64(r.Entity), "made", int64(r.Items), int64(r.Total), r.SHA256, r.By.String(),
			micros(r.MadeAt), sealed))
		if err != nil {
			return err
		}
		return s.saveUnclaimed(ctx, tx, rows)
	})
	return unclaimedError("store.KeepUnclaimedReport", err)
}

// UnclaimedReport implements unclaimed.Store.
func (s *Store) UnclaimedReport(ctx context.Context, id ident.Opaque) (unclaimed.Report, error) {
	const op = "store.UnclaimedReport"
	all, err := s.unclaimedReports(ctx, `WHERE report_id = $1`, string(id))
	if err == nil && len(all) == 0 {
		return unclaimed.Report{}, fault.New(fault.NotFound, op, "there is no such report")
	}
	if err != nil {
		return unclaimed.Report{}, fault.Wrap(op, err)
	}
	r := all[0]
	err = s.engine.read(ctx, query{
		text: `SELECT sealed FROM unclaimed_report WHERE report_id = $1`, args: []any{string(id)},
		each: func(scan func(...any) error) error {
			var sealed []byte
			err := scan(&sealed)
			if err == nil {
				r.Bytes, err = s.seal.Open(sealed, unclaimedContext(string(id)))
			}
			return err
		},
	})
	return r, fault.Wrap(op, err)
}

// UnclaimedReports implements unclaimed.Store.
func (s *Store) UnclaimedReports(ctx context.Context) ([]unclaimed.Report, error) {
	all, err := s.unclaimedReports(ctx, `ORDER BY made_at DESC, report_id`)
	return all, fault.Wrap("store.UnclaimedReports", err)
}

func (s *Store) unclaimedReports(ctx context.Context, where string, args ...any) ([]unclaimed.Report, error) {
	var all []unclaimed.Report
	err := s.engine.read(ctx, query{
		text: `SELECT ` + reportColumns + ` FROM unclaimed_report ` + where, args: args,
		each: func(scan func(...any) error) error {
			var r unclaimed.Report
			var entity, made int64
			var state, actor string
			err := scan(&r.ID, &r.Version, &r.State, &r.Year, &entity, &state, &r.Items, &r.Total, &r.SHA256, &actor, &made)
			if err == nil {
				r.By, err = scanActor(actor)
			}
			r.Entity, r.Remit, r.MadeAt = chart.EntityNo(entity), state == "remitted", moment(made)
			all = append(all, r)
			return err
		},
	})
	return all, err
}

// SaveUnclaimedReport implements unclaimed.Store.
func (s *Store) SaveUnclaimedReport(ctx context.Context, r unclaimed.Report) error {
	state := "made"
	if r.Remit {
		state = "remitted"
	}
	err := s.engine.exec(ctx, func(tx execer) error {
		return onlyOne(tx.ExecContext(ctx, `UPDATE unclaimed_report SET version = version + 1, state = $2 WHERE report_id = $1 AND version = $3`,
			string(r.ID), state, r.Version))
	})
	return unclaimedError("store.SaveUnclaimedReport", err)
}

// NoteContact implements unclaimed.Store.
func (s *Store) NoteContact(ctx context.Context, book ledger.BookNo, on calendar.Date, how string, by ident.Actor) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO owner_contact (book_no, on_day, how, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			int64(book), on.String(), how, by.String())
		return err
	})
	return fault.Wrap("store.NoteContact", err)
}
