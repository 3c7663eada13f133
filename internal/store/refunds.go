package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

var _ refund.Store = (*Store)(nil)

const requestColumns = `book_no, refund_id, version, idem_key, entity_no, fund_no, through_entity, through_fund, amount_cents, cause, reason,
	due_by, state, sources, tender, way, not_before, tried, try_no, actor, made_at, changed_at, approval_id, problem`

func requestRow(r *back.Refund) []any {
	return []any{
		string(r.Key), int64(r.Purse.Entity), int64(r.Purse.Fund.No()), int64(r.Through.Entity), int64(r.Through.Fund.No()), int64(r.Amount),
		string(r.Cause), r.Reason, r.DueBy.String(), string(r.State), jsonText(r.Sources), string(r.Way.Tender), jsonText(r.Way),
		r.Way.NotBefore.String(), jsonText(r.Tried), int64(r.Try), r.By.String(), micros(r.MadeAt), micros(r.ChangedAt), string(r.Approval),
		r.Problem,
	}
}

// ChangeRefunds implements refund.Store.
func (s *Store) ChangeRefunds(ctx context.Context, changes []refund.Change) (fresh int, err error) {
	err = s.engine.exec(ctx, func(tx execer) error {
		fresh, err = s.changeRefunds(ctx, tx, changes)
		return err
	})
	return fresh, refundError("store.ChangeRefunds", err)
}

// refundError gives ErrMoved as it is.
func refundError(op string, err error) error {
	if errors.Is(err, refund.ErrMoved) || errors.Is(err, cashier.ErrStale) {
		return refund.ErrMoved
	}
	return fault.Wrap(op, err)
}

func (s *Store) changeRefunds(ctx context.Context, tx execer, changes []refund.Change) (fresh int, err error) {
	for i := range changes {
		c := &changes[i]
		written, err := s.changeRefund(ctx, tx, &c.Refund)
		if err != nil {
			return fresh, err
		}
		if !written {
			if c.Refund.Version == 0 {
				continue // it is known already
			}
			return fresh, refund.ErrMoved
		}
		if c.Refund.Version == 0 {
			fresh++
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO refund_event (book_no, refund_id, event_no, at, actor, state, note)
			SELECT $1, $2, COALESCE(MAX(event_no), 0) + 1, $3, $4, $5, $6 FROM refund_event WHERE book_no = $1 AND refund_id = $2`,
			int64(c.Refund.Book), string(c.Refund.ID), micros(c.Step.At), c.Step.By.String(), string(c.Step.State), c.Step.Note)
		if err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// changeRefund writes one row; false when it is there already, or changed meanwhile.
func (s *Store) changeRefund(ctx context.Context, tx execer, r *back.Refund) (bool, error) {
	names := columnNames(requestColumns)
	args := append([]any{int64(r.Book), string(r.ID), r.Version + 1}, requestRow(r)...)
	text := "INSERT INTO refund (" + strings.Join(names, ", ") + ") VALUES (" + numbered(len(names)) + ") ON CONFLICT DO NOTHING"
	if r.Version > 0 {
		var set []string
		for i, name := range names[2:] {
			set = append(set, fmt.Sprintf("%s = $%d", name, i+3))
		}
		text = fmt.Sprintf("UPDATE refund SET %s WHERE book_no = $1 AND refund_id = $2 AND version = $%d", strings.Join(set, ", "), len(args)+1)
		args = append(args, r.Version)
	}
	done, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// numbered writes n parameters.
func numbered(n int) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(texts, ", ")
}

// RefundRequest implements refund.Store.
func (s *Store) RefundRequest(ctx context.Context, id payment.ID) (back.Refund, error) {
	all, err := s.requests(ctx, `WHERE refund_id = $1`, string(id))
	if err == nil && len(all) == 0 {
		return back.Refund{}, fault.New(fault.NotFound, "store.RefundRequest", "there is no such refund")
	}
	if err != nil {
		return back.Refund{}, fault.Wrap("store.RefundRequest", err)
	}
	return all[0], nil
}

// RefundRequests implements refund.Store.
func (s *Store) RefundRequests(ctx context.Context, f refund.Filter) ([]back.Refund, error) {
	where, args := []string{"refund_id > $1"}, []any{string(f.After)}
	add := func(text string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(text, len(args)))
	}
	if f.Book != 0 {
		add("book_no = $%d", int64(f.Book))
	}
	if f.Tender != "" {
		add("tender = $%d", string(f.Tender))
	}
	if len(f.States) > 0 {
		var states []string
		for _, state := range f.States {
			args = append(args, string(state))
			states = append(states, fmt.Sprintf("$%d", len(args)))
		}
		where = append(where, "state IN ("+strings.Join(states, ", ")+")")
	}
	tail := " ORDER BY refund_id"
	if f.Limit > 0 {
		args = append(args, int64(f.Limit))
		tail += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	all, err := s.requests(ctx, "WHERE "+strings.Join(where, " AND ")+tail, args...)
	return all, fault.Wrap("store.RefundRequests", err)
}

func (s *Store) requests(ctx context.Context, where string, args ...any) ([]back.Refund, error) {
	var all []back.Refund
	err := s.engine.read(ctx, query{
		text: `SELECT ` + requestColumns + ` FROM refund ` + where, args: args,
		each: func(scan func(...any) error) error {
			r, err := scanRequest(scan)
			all = append(all, r)
			return err
		},
	})
	return all, err
}

func scanRequest(scan func(...any) error) (r back.Refund, err error) {
	var entity, fund, throughEntity, throughFund, made, changed int64
	var due, sources, tender, way, not, tried, actor string
	err = scan(&r.Book, &r.ID, &r.Version, &r.Key, &entity, &fund, &throughEntity, &throughFund, &r.Amount, &r.Cause, &r.Reason, &due,
		&r.State, &sources, &tender, &way, &not, &tried, &r.Try, &actor, &made, &changed, &r.Approval, &r.Problem)
	if err != nil {
		return r, err
	}
	if r.Purse, err = scanPurse(entity, fund); err != nil {
		return r, err
	}
	if throughEntity != 0 {
		if r.Through, err = scanPurse(throughEntity, throughFund); err != nil {
			return r, err
		}
	}
	if r.DueBy, err = dateOf(due); err != nil {
		return r, err
	}
	if r.By, err = scanActor(actor); err != nil {
		return r, err
	}
	r.MadeAt, r.ChangedAt = moment(made), moment(changed)
	for text, into := range map[string]any{sources: &r.Sources, way: &r.Way, tried: &r.Tried} {
		if json.Unmarshal([]byte(text), into) != nil {
			return r, fault.New(fault.Corrupt, "store.refund", "a stored refund does not parse")
		}
	}
	return r, nil
}

// RefundSteps implements refund.Store.
func (s *Store) RefundSteps(ctx context.Context, id payment.ID) ([]back.Event, error) {
	var all []back.Event
	err := s.engine.read(ctx, query{
		text: `SELECT e.event_no, e.at, e.actor, e.state, e.note FROM refund r JOIN refund_event e ON e.book_no = r.book_no AND e.refund_id = r.refund_id
			WHERE r.refund_id = $1 ORDER BY e.event_no`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error {
			var e back.Event
			var at int64
			var actor string
			if err := scan(&e.No, &at, &actor, &e.State, &e.Note); err != nil {
				return err
			}
			e.At = moment(at)
			var err error
			e.By, err = scanActor(actor)
			all = append(all, e)
			return err
		},
	})
	return all, fault.Wrap("store.RefundSteps", err)
}

// underWay is the condition of a refund of the fund of u that will take money from u's
// account.
const underWay = `EXISTS (SELECT 1 FROM refund r WHERE r.book_no = u.book_no AND r.fund_no = u.fund_no AND r.state IN ('requested', 'approved'))`

// CreditRows implements refund.Store. A chunk ends with whole accounts.
func (s *Store) CreditRows(ctx context.Context, since calendar.Date, after ledger.BookNo, limit int) ([]refund.CreditRow, error) {
	var rows []refund.CreditRow
	lines := map[ledger.BookNo][]coverage.Line{}
	var last int64
	err := s.engine.read(ctx, query{
		text: `SELECT u.book_no, u.entity_no, u.fund_no, SUM(u.open_cents), MIN(u.received_on)
			FROM unapplied u JOIN book b ON b.book_no = u.book_no
			WHERE u.book_no > $1 AND u.book_no >= ` + fmt.Sprint(int64(ledger.FirstBillingBook)) + ` AND u.open_cents > 0 AND b.status = 'open'
				AND NOT EXISTS (SELECT 1 FROM open_item i WHERE i.book_no = u.book_no AND i.fund_no = u.fund_no AND i.open_cents > 0)
				AND NOT ` + underWay + `
			GROUP BY u.book_no, u.entity_no, u.fund_no HAVING MIN(u.received_on) <= $2
			ORDER BY u.book_no, u.fund_no LIMIT $3`,
		args: []any{int64(after), since.String(), int64(limit)},
		each: func(scan func(...any) error) error {
			var row refund.CreditRow
			var entity, fund int64
			var received string
			err := scan(&row.Book, &entity, &fund, &row.Amount, &received)
			if err == nil {
				row.Purse, err = scanPurse(entity, fund)
			}
			if err == nil {
				row.Since, err = scanDate(received)
			}
			row.Fund, last = row.Purse.Fund, int64(row.Book)
			rows = append(rows, row)
			return err
		},
	})
	if err != nil || len(rows) == 0 {
		return nil, fault.Wrap("store.CreditRows", err)
	}
	if len(rows) == limit && int64(rows[0].Book) != last { // the last account may have more funds than were read
		for len(rows) > 0 && int64(rows[len(rows)-1].Book) == last {
			rows = rows[:len(rows)-1]
		}
	}
	err = s.engine.read(ctx, query{
		text: `SELECT DISTINCT book_no, line FROM policy WHERE book_no > $1 AND book_no <= $2`,
		args: []any{int64(after), int64(rows[len(rows)-1].Book)},
		each: func(scan func(...any) error) error {
			var no ledger.BookNo
			var line coverage.Line
			err := scan(&no, &line)
			lines[no] = append(lines[no], line)
			return err
		},
	})
	for i := range rows {
		rows[i].Lines = lines[rows[i].Book]
	}
	return rows, fault.Wrap("store.CreditRows", err)
}

// RefundDuties implements refund.Store.
func (s *Store) RefundDuties(ctx context.Context, limit int) ([]refund.DutyRow, error) {
	var rows []refund.DutyRow
	err := s.engine.read(ctx, query{
		text: `SELECT d.book_no, d.policy_no, d.duty_key, d.cents, d.on_day, d.due_by FROM policy_duty d
			WHERE d.kind = 'refund' AND d.cents > 0 AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.book_no = d.book_no
				AND r.idem_key = 'duty:' || CAST(d.book_no AS TEXT) || ':' || CAST(d.policy_no AS TEXT) || ':' || d.duty_key)
			ORDER BY d.book_no, d.policy_no, d.duty_key LIMIT $1`,
		args: []any{int64(limit)},
		each: func(scan func(...any) error) error {
			var row refund.DutyRow
			var on, due string
			err := scan(&row.Policy.Number, &row.Policy.No, &row.Key, &row.Amount, &on, &due)
			if err == nil {
				row.On, err = scanDate(on)
			}
			if err == nil {
				row.DueBy, err = dateOf(due)
			}
			rows = append(rows, row)
			return err
		},
	})
	return rows, fault.Wrap("store.RefundDuties", err)
}

// ValidatedMethod implements refund.Store.
func (s *Store) ValidatedMethod(ctx context.Context, book ledger.BookNo) (method ident.Opaque, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT method_id FROM payment_method WHERE book_no = $1 AND kind = 'bank' AND state = 'active' AND validated_on <> ''
			ORDER BY validated_on DESC, method_id LIMIT 1`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error { return scan(&method) },
	})
	return method, fault.Wrap("store.ValidatedMethod", err)
}

// Payees implements refund.Store.
func (s *Store) Payees(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]refund.Payee, error) {
	people, err := s.Addressees(ctx, books)
	if err != nil {
		return nil, fault.Wrap("store.Payees", err)
	}
	payees := map[ledger.BookNo]refund.Payee{}
	for book, p := range people {
		if p.Name != "" && !p.Address.IsZero() {
			payees[book] = refund.Payee{Name: p.Name, Estate: p.Died, Address: p.Address}
		}
	}
	return payees, nil
}

// dateOf reads a date that may be missing.
func dateOf(text string) (calendar.Date, error) {
	if text == "" {
		return calendar.Date{}, nil
	}
	return scanDate(text)
}

// ReturnedUnpaid gives the days on which payments of an account came back for want of
// money, from a day on, each once.
func (s *Store) ReturnedUnpaid(ctx context.Context, book ledger.BookNo, since calendar.Date) ([]calendar.Date, error) {
	var days []calendar.Date
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT seq, posted_on, reason FROM posting WHERE book_no = $1 AND event = 'payment.received.reversed' AND posted_on >= $2
			ORDER BY seq`,
		args: []any{int64(book), since.String()},
		each: func(scan func(...any) error) error {
			var seq int64
			var on, reason string
			if err := scan(&seq, &on, &reason); err != nil || notice.ReturnOf(reason) != notice.NoFunds {
				return err
			}
			day, err := scanDate(on)
			days = append(days, day)
			return err
		},
	})
	return days, fault.Wrap("store.ReturnedUnpaid", err)
}

// LinesOf gives the lines of coverage under which an account has policies.
func (s *Store) LinesOf(ctx context.Context, book ledger.BookNo) ([]coverage.Line, error) {
	var lines []coverage.Line
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT line FROM policy WHERE book_no = $1 ORDER BY line`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			var line coverage.Line
			err := scan(&line)
			lines = append(lines, line)
			return err
		},
	})
	return lines, fault.Wrap("store.LinesOf", err)
}
