package store

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
)

const (
	payoutColumns = `merchant, payout_id, take_no, entity_no, fund_no, trace, created_at, paid_on, net_cents, fee_cents, line_count,
		problem, taken_at`
	payoutLineColumns = `merchant, line_id, payout_id, kind, charge_id, subject, gross_cents, fee_cents, net_cents, happened_at,
		attempt_id, leg_no, problem`
	// linesTogether bounds the rows of one statement.
	linesTogether = 1000
)

// KeepReport implements checkout.PayoutStore.
func (s *Store) KeepReport(ctx context.Context, r *checkout.SettlementReport) error {
	head := insertInto("card_payout", columnNames(payoutColumns)...)
	head.add(r.Merchant, r.ID, int64(r.Take), int64(r.Purse.Entity), int64(r.Purse.Fund.No()), r.Trace, micros(r.CreatedAt),
		r.PaidOn.String(), int64(r.Net), int64(r.Fees), int64(r.Count), r.Problem, micros(r.TakenAt))
	bulks := []*bulk{head}
	for at := range r.Lines {
		if at%linesTogether == 0 {
			bulks = append(bulks, insertInto("card_payout_line", columnNames(payoutLineColumns)...))
		}
		l := &r.Lines[at]
		bulks[len(bulks)-1].add(r.Merchant, l.ID, r.ID, string(l.Kind), l.Charge.ID, l.Subject, int64(l.Gross), int64(l.Fee),
			int64(l.Net), micros(l.At), string(l.Attempt), int64(l.Leg), l.Problem)
	}
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.KeepReport", "payout %s, or a line of it, was taken before", r.ID)
	}
	return err
}

// KeepPayoutFailed implements checkout.PayoutStore.
func (s *Store) KeepPayoutFailed(ctx context.Context, merchant, payout, reason string, at time.Time) error {
	b := insertInto("card_payout_failed", "merchant", "payout_id", "reason", "known_at")
	b.add(merchant, payout, reason, micros(at))
	return s.onceOnly(ctx, b)
}

// KeepLineKnown implements checkout.PayoutStore.
func (s *Store) KeepLineKnown(ctx context.Context, merchant, line string, attempt ident.Opaque, leg int, at time.Time) error {
	b := insertInto("card_payout_known", "merchant", "line_id", "attempt_id", "leg_no", "known_at")
	b.add(merchant, line, string(attempt), int64(leg), micros(at))
	return s.onceOnly(ctx, b)
}

// onceOnly adds rows that are there already when another added them.
func (s *Store) onceOnly(ctx context.Context, b *bulk) error {
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return nil
	}
	return err
}

// lastTakes are reports as they were last read, and whether the bank refused them.
const lastTakes = `SELECT p.merchant, p.payout_id, p.take_no, p.entity_no, p.fund_no, p.trace, p.created_at, p.paid_on, p.net_cents,
		p.fee_cents, p.line_count, p.problem, p.taken_at, CASE WHEN f.payout_id IS NULL THEN 0 ELSE 1 END, COALESCE(f.reason, '')
	FROM card_payout p LEFT JOIN card_payout_failed f ON f.merchant = p.merchant AND f.payout_id = p.payout_id
	WHERE p.take_no = (SELECT MAX(t.take_no) FROM card_payout t WHERE t.merchant = p.merchant AND t.payout_id = p.payout_id)`

// Report implements checkout.PayoutStore.
func (s *Store) Report(ctx context.Context, merchant, payout string) (checkout.SettlementReport, error) {
	all, err := s.reports(ctx, lastTakes+` AND p.merchant = $1 AND p.payout_id = $2`, merchant, payout)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "store.Report", "no settlement report of this payout was taken")
	}
	if err != nil {
		return checkout.SettlementReport{}, err
	}
	r := all[0]
	err = s.engine.read(ctx, query{
		text: knownLines + ` WHERE l.merchant = $1 AND l.payout_id = $2 ORDER BY l.happened_at, l.line_id`,
		args: []any{merchant, payout},
		each: func(scan func(...any) error) error {
			u, err := scanPayoutLine(scan)
			r.Lines = append(r.Lines, u.SettlementLine)
			return err
		},
	})
	return r, err
}

// Reports implements checkout.PayoutStore.
func (s *Store) Reports(ctx context.Context, from, to calendar.Date) ([]checkout.SettlementReport, error) {
	last := to.String()
	if to.IsZero() {
		last = "9999-12-31"
	}
	return s.reports(ctx, lastTakes+` AND p.paid_on >= $1 AND p.paid_on <= $2 ORDER BY p.paid_on, p.merchant, p.payout_id`,
		from.String(), last)
}

// UnprovedReports implements checkout.PayoutStore.
func (s *Store) UnprovedReports(ctx context.Context, limit int) ([]checkout.SettlementReport, error) {
	return s.reports(ctx, lastTakes+` AND p.problem <> '' ORDER BY p.paid_on, p.merchant, p.payout_id LIMIT $1`, int64(limit))
}

func (s *Store) reports(ctx context.Context, text string, args ...any) ([]checkout.SettlementReport, error) {
	var all []checkout.SettlementReport
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) error {
		var r checkout.SettlementReport
		var entity, fund, created, taken, failed int64
		var paid string
		err := scan(&r.Merchant, &r.ID, &r.Take, &entity, &fund, &r.Trace, &created, &paid, &r.Net, &r.Fees, &r.Count, &r.Problem,
			&taken, &failed, &r.Reason)
		if err != nil {
			return err
		}
		r.CreatedAt, r.TakenAt, r.Status = moment(created), moment(taken), checkout.PayoutFinal
		if failed != 0 {
			r.Status = checkout.PayoutFailed
		}
		if err := scanDates(map[*calendar.Date]string{&r.PaidOn: paid}); err != nil {
			return err
		}
		r.Purse, err = scanPurse(entity, fund)
		all = append(all, r)
		return err
	}})
	return all, err
}

// knownLines are lines with what was found out of them later.
const knownLines = `SELECT l.merchant, l.payout_id, l.line_id, l.kind, l.charge_id, l.subject, l.gross_cents, l.fee_cents, l.net_cents,
		l.happened_at, COALESCE(k.attempt_id, l.attempt_id), COALESCE(k.leg_no, l.leg_no),
		CASE WHEN k.line_id IS NULL THEN l.problem ELSE '' END
	FROM card_payout_line l LEFT JOIN card_payout_known k ON k.merchant = l.merchant AND k.line_id = l.line_id`

// UnknownLines implements checkout.PayoutStore.
func (s *Store) UnknownLines(ctx context.Context, limit int) ([]checkout.UnknownLine, error) {
	var all []checkout.UnknownLine
	err := s.engine.read(ctx, query{
		text: knownLines + ` WHERE l.problem <> '' AND k.line_id IS NULL ORDER BY l.happened_at, l.merchant, l.line_id LIMIT $1`,
		args: []any{int64(limit)},
		each: func(scan func(...any) error) error {
			u, err := scanPayoutLine(scan)
			all = append(all, u)
			return err
		},
	})
	return all, err
}

func scanPayoutLine(scan func(...any) error) (u checkout.UnknownLine, err error) {
	var happened int64
	err = scan(&u.Merchant, &u.Payout, &u.ID, &u.Kind, &u.Charge.ID, &u.Subject, &u.Gross, &u.Fee, &u.Net, &happened, &u.Attempt,
		&u.Leg, &u.Problem)
	u.At = moment(happened)
	if u.Charge.ID != "" {
		u.Charge.Merchant = u.Merchant
	}
	return u, err
}

// LastPayout implements checkout.PayoutStore.
func (s *Store) LastPayout(ctx context.Context, merchant string) (time.Time, error) {
	var last int64
	err := s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(created_at), 0) FROM card_payout WHERE merchant = $1`,
		args: []any{merchant},
		each: func(scan func(...any) error) error { return scan(&last) },
	})
	return moment(last), err
}
