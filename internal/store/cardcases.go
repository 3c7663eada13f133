package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/payment"
)

const (
	refundColumns = `attempt_id, refund_no, version, leg_no, amount_cents, shares, state, processor_id, elsewhere, idem_key,
		actor, reason, problem, created_at, changed_at, look_at, looks`
	disputeColumns = `attempt_id, dispute_id, version, leg_no, amount_cents, shares, status, reason, opened_at, evidence_by,
		booked, restored, problem, created_at, changed_at, look_at, looks, excess_cents, written_off, evidence_sent_at`
)

func refundRow(r *checkout.RefundCase) []any {
	return []any{
		int64(r.Leg), int64(r.Amount), jsonText(r.Shares), string(r.State), r.Processor, flag(r.Elsewhere), string(r.Order.Key),
		r.Order.Actor.String(), r.Order.Reason, r.Problem, micros(r.CreatedAt), micros(r.ChangedAt), micros(r.LookAt),
		int64(r.Looks),
	}
}

func disputeRow(d *checkout.DisputeCase) []any {
	return []any{
		int64(d.Leg), int64(d.Amount), jsonText(d.Shares), string(d.Status), d.Reason, micros(d.OpenedAt), micros(d.EvidenceBy),
		flag(d.Booked), flag(d.Restored), d.Problem, micros(d.CreatedAt), micros(d.ChangedAt), micros(d.LookAt), int64(d.Looks),
		int64(d.Excess), flag(d.WrittenOff), micros(d.EvidenceAt),
	}
}

// NewRefund implements checkout.CaseStore.
func (s *Store) NewRefund(ctx context.Context, r *checkout.RefundCase) error {
	b := insertInto("card_refund", columnNames(refundColumns)...)
	b.add(append([]any{string(r.Attempt), int64(r.No), int64(1)}, refundRow(r)...)...)
	return s.saveCase(ctx, b, &r.Version)
}

// SaveRefund implements checkout.CaseStore.
func (s *Store) SaveRefund(ctx context.Context, r *checkout.RefundCase) error {
	names := columnNames(refundColumns)
	b := updateOf("card_refund", 2, 1, append([]string{"attempt_id", "refund_no", "version", "version"}, names[3:]...)...)
	b.add(append([]any{string(r.Attempt), int64(r.No), r.Version, r.Version + 1}, refundRow(r)...)...)
	return s.saveCase(ctx, b, &r.Version)
}

// NewDispute implements checkout.CaseStore.
func (s *Store) NewDispute(ctx context.Context, d *checkout.DisputeCase) error {
	b := insertInto("card_dispute", columnNames(disputeColumns)...)
	b.add(append([]any{string(d.Attempt), d.ID, int64(1)}, disputeRow(d)...)...)
	return s.saveCase(ctx, b, &d.Version)
}

// SaveDispute implements checkout.CaseStore.
func (s *Store) SaveDispute(ctx context.Context, d *checkout.DisputeCase) error {
	names := columnNames(disputeColumns)
	b := updateOf("card_dispute", 2, 1, append([]string{"attempt_id", "dispute_id", "version", "version"}, names[3:]...)...)
	b.add(append([]any{string(d.Attempt), d.ID, d.Version, d.Version + 1}, disputeRow(d)...)...)
	return s.saveCase(ctx, b, &d.Version)
}

// saveCase writes a row and counts its version up.
func (s *Store) saveCase(ctx context.Context, b *bulk, version *int64) error {
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return checkout.ErrMoved
	}
	if err == nil {
		*version++
	}
	return err
}

// RefundsOf implements checkout.CaseStore.
func (s *Store) RefundsOf(ctx context.Context, attempt ident.Opaque) ([]checkout.RefundCase, error) {
	return s.refunds(ctx, `WHERE attempt_id = $1 ORDER BY refund_no`, string(attempt))
}

// DueRefunds implements checkout.CaseStore.
func (s *Store) DueRefunds(ctx context.Context, now time.Time, limit int) ([]checkout.RefundCase, error) {
	return s.refunds(ctx, `WHERE look_at > 0 AND look_at <= $1 ORDER BY look_at, attempt_id, refund_no LIMIT $2`,
		now.UnixMicro(), int64(limit))
}

// StuckRefunds implements checkout.CaseStore.
func (s *Store) StuckRefunds(ctx context.Context, limit int) ([]checkout.RefundCase, error) {
	return s.refunds(ctx, `WHERE state = 'failed' OR problem <> '' ORDER BY changed_at, attempt_id, refund_no LIMIT $1`, int64(limit))
}

func (s *Store) refunds(ctx context.Context, where string, args ...any) ([]checkout.RefundCase, error) {
	var all []checkout.RefundCase
	err := s.engine.read(ctx, query{
		text: `SELECT ` + refundColumns + ` FROM card_refund ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			r, err := scanRefund(scan)
			all = append(all, r)
			return err
		},
	})
	return all, err
}

func scanRefund(scan func(...any) error) (r checkout.RefundCase, err error) {
	var shares, actor string
	var elsewhere, created, changed, look int64
	err = scan(&r.Attempt, &r.No, &r.Version, &r.Leg, &r.Amount, &shares, &r.State, &r.Processor, &elsewhere, &r.Order.Key, &actor,
		&r.Order.Reason, &r.Problem, &created, &changed, &look, &r.Looks)
	if err != nil {
		return r, err
	}
	r.Elsewhere = elsewhere != 0
	r.CreatedAt, r.ChangedAt, r.LookAt = moment(created), moment(changed), moment(look)
	if r.Order.Actor, err = scanActor(actor); err != nil {
		return r, err
	}
	return r, scanShares(shares, &r.Shares)
}

func scanShares(text string, into *[]checkout.Share) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fault.New(fault.Corrupt, "store.shares", "the shares of a refund or dispute do not parse")
	}
	return nil
}

// DisputesOf implements checkout.CaseStore.
func (s *Store) DisputesOf(ctx context.Context, attempt ident.Opaque) ([]checkout.DisputeCase, error) {
	return s.disputes(ctx, `WHERE attempt_id = $1 ORDER BY opened_at, dispute_id`, string(attempt))
}

// DueDisputes implements checkout.CaseStore.
func (s *Store) DueDisputes(ctx context.Context, now time.Time, limit int) ([]checkout.DisputeCase, error) {
	return s.disputes(ctx, `WHERE look_at > 0 AND look_at <= $1 ORDER BY look_at, attempt_id, dispute_id LIMIT $2`,
		now.UnixMicro(), int64(limit))
}

// OpenDisputes implements checkout.CaseStore.
func (s *Store) OpenDisputes(ctx context.Context, limit int) ([]checkout.DisputeCase, error) {
	return s.disputes(ctx, `WHERE status = 'open' OR problem <> '' ORDER BY evidence_by, attempt_id, dispute_id LIMIT $1`,
		int64(limit))
}

// HoldDisputed implements checkout.CaseStore.
func (s *Store) HoldDisputed(ctx context.Context, claim payment.ID, dispute string) error {
	b := insertInto("card_dispute_hold", "claim_id", "dispute_id", "decided_on")
	b.add(string(claim), dispute, "")
	return s.onceOnly(ctx, b)
}

// DecideDisputed implements checkout.CaseStore.
func (s *Store) DecideDisputed(ctx context.Context, claim payment.ID, on calendar.Date) error {
	held := false
	err := s.engine.read(ctx, query{
		text: `SELECT claim_id FROM card_dispute_hold WHERE claim_id = $1 AND decided_on = ''`,
		args: []any{string(claim)},
		each: func(scan func(...any) error) error { held = true; return scan(new(string)) },
	})
	if err != nil || !held {
		return err
	}
	b := updateOf("card_dispute_hold", 1, 0, "claim_id", "decided_on")
	b.add(string(claim), on.String())
	return s.engine.write(ctx, b)
}

// ExcessDisputes implements checkout.CaseStore.
func (s *Store) ExcessDisputes(ctx context.Context, limit int) ([]checkout.DisputeCase, error) {
	return s.disputes(ctx, `WHERE excess_cents > 0 AND written_off = 0 AND status <> 'won' ORDER BY opened_at, attempt_id, dispute_id LIMIT $1`,
		int64(limit))
}

func (s *Store) disputes(ctx context.Context, where string, args ...any) ([]checkout.DisputeCase, error) {
	var all []checkout.DisputeCase
	err := s.engine.read(ctx, query{
		text: `SELECT ` + disputeColumns + ` FROM card_dispute ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			d, err := scanDispute(scan)
			all = append(all, d)
			return err
		},
	})
	return all, err
}

func scanDispute(scan func(...any) error) (d checkout.DisputeCase, err error) {
	var shares string
	var opened, evidence, booked, restored, created, changed, look, writtenOff, answered int64
	err = scan(&d.Attempt, &d.ID, &d.Version, &d.Leg, &d.Amount, &shares, &d.Status, &d.Reason, &opened, &evidence, &booked,
		&restored, &d.Problem, &created, &changed, &look, &d.Looks, &d.Excess, &writtenOff, &answered)
	if err != nil {
		return d, err
	}
	d.OpenedAt, d.EvidenceBy, d.Booked, d.Restored = moment(opened), moment(evidence), booked != 0, restored != 0
	d.CreatedAt, d.ChangedAt, d.LookAt = moment(created), moment(changed), moment(look)
	d.WrittenOff, d.EvidenceAt = writtenOff != 0, moment(answered)
	return d, scanShares(shares, &d.Shares)
}
