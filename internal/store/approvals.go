package store

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
)

var _ approval.Store = (*Store)(nil)

const approvalColumns = `SELECT r.request_id, r.kind, r.subject, r.digest, r.amount_cents, r.maker, r.reason, r.made_at,
	COALESCE(d.state, 'asked'), COALESCE(d.checker, ''), COALESCE(d.decided_at, 0), COALESCE(d.note, '')
	FROM approval_request r LEFT JOIN approval_decision d ON d.request_id = r.request_id `

// AddApproval implements approval.Store.
func (s *Store) AddApproval(ctx context.Context, r approval.Request) (approval.Request, error) {
	b := insertInto("approval_request",
		"kind", "subject", "digest", "request_id", "amount_cents", "maker", "reason", "made_at")
	b.add(string(r.Kind), r.Subject, hex.EncodeToString(r.Digest[:]), string(r.ID), int64(r.Amount), r.Maker.String(), r.Reason,
		r.MadeAt.UnixMicro())
	err := s.engine.write(ctx, b)
	if err == nil || !errors.Is(err, cashier.ErrStale) {
		return r, err
	}
	kept, found, err := s.ApprovalOf(ctx, r.Kind, r.Subject, r.Digest)
	if err == nil && !found {
		err = fault.New(fault.Internal, "store.AddApproval", "a request that is there cannot be found")
	}
	return kept, err
}

// Approval implements approval.Store.
func (s *Store) Approval(ctx context.Context, id ident.Opaque) (approval.Request, error) {
	found, err := s.approvals(ctx, `WHERE r.request_id = $1`, string(id))
	if err != nil {
		return approval.Request{}, err
	}
	if len(found) == 0 {
		return approval.Request{}, fault.New(fault.NotFound, "store.Approval", "there is no such request for approval")
	}
	return found[0], nil
}

// ApprovalOf implements approval.Store.
func (s *Store) ApprovalOf(
	ctx context.Context, kind approval.Kind, subject string, digest [32]byte,
) (approval.Request, bool, error) {
	found, err := s.approvals(ctx, `WHERE r.kind = $1 AND r.subject = $2 AND r.digest = $3`,
		string(kind), subject, hex.EncodeToString(digest[:]))
	if err != nil || len(found) == 0 {
		return approval.Request{}, false, err
	}
	return found[0], true, nil
}

// DecideApproval implements approval.Store.
func (s *Store) DecideApproval(ctx context.Context, r approval.Request) error {
	b := insertInto("approval_decision", "request_id", "maker", "checker", "state", "decided_at", "note")
	b.add(string(r.ID), r.Maker.String(), r.Checker.String(), string(r.State), r.CheckedAt.UnixMicro(), r.Note)
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.DecideApproval", "this request was decided before")
	}
	return err
}

// OpenApprovals implements approval.Store.
func (s *Store) OpenApprovals(ctx context.Context) ([]approval.Request, error) {
	return s.approvals(ctx, `WHERE d.request_id IS NULL ORDER BY r.made_at, r.request_id`)
}

// DecidedApprovals implements approval.Store.
func (s *Store) DecidedApprovals(ctx context.Context, limit int) ([]approval.Request, error) {
	return s.approvals(ctx, `WHERE d.request_id IS NOT NULL ORDER BY d.decided_at DESC, d.request_id LIMIT $1`, int64(limit))
}

func (s *Store) approvals(ctx context.Context, where string, args ...any) ([]approval.Request, error) {
	var found []approval.Request
	err := s.engine.read(ctx, query{
		text: approvalColumns + where,
		args: args,
		each: func(scan func(...any) error) error {
			r, err := scanApproval(scan)
			found = append(found, r)
			return err
		},
	})
	return found, err
}

func scanApproval(scan func(...any) error) (r approval.Request, err error) {
	var digest, maker, checker string
	var made, decided int64
	err = scan(&r.ID, &r.Kind, &r.Subject, &digest, &r.Amount, &maker, &r.Reason, &made, &r.State, &checker, &decided, &r.Note)
	if err != nil {
		return r, err
	}
	bytes, err := hex.DecodeString(digest)
	if err != nil || copy(r.Digest[:], bytes) != len(r.Digest) {
		return r, fault.New(fault.Corrupt, "store.scan", "the digest of a request for approval does not parse")
	}
	r.MadeAt = instant(made)
	if r.Maker, err = scanActor(maker); err != nil || checker == "" {
		return r, err
	}
	r.CheckedAt = instant(decided)
	r.Checker, err = scanActor(checker)
	return r, err
}
