package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/cashier"
)

var _ access.Store = (*Store)(nil)

const staffColumns = `sign_in, staff_id, display, roles, state, password, invitation, invited_to, version, created_at, created_by,
	changed_at, changed_by`

func staffContext(id ident.Opaque) string { return "staff/" + string(id) }

func factorContext(id ident.Opaque) string { return "staff_factor/" + string(id) }

// staffRow gives an account's columns after the key.
func (s *Store) staffRow(a access.Stored) ([]any, error) {
	sealed, err := s.seal.Seal([]byte(a.Password.Reveal()), staffContext(a.ID))
	if err != nil {
		return nil, err
	}
	roles := make([]string, len(a.Roles))
	for i, role := range a.Roles {
		roles[i] = string(role)
	}
	return []any{
		string(a.ID), a.Display, strings.Join(roles, " "), string(a.State), sealed, a.Invitation, microsOrZero(a.InvitedTo), a.Version,
		a.CreatedAt.UnixMicro(), a.CreatedBy.String(), a.ChangedAt.UnixMicro(), a.ChangedBy.String(),
	}, nil
}

// microsOrZero writes an instant, and 0 for none.
func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instantOrZero reads what microsOrZero wrote.
func instantOrZero(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return instant(micros)
}

// AddStaff implements access.Store.
func (s *Store) AddStaff(ctx context.Context, a access.Stored) error {
	row, err := s.staffRow(a)
	if err != nil {
		return fault.Wrap("store.AddStaff", err)
	}
	b := insertInto("staff", "sign_in", "staff_id", "display", "roles", "state", "password", "invitation", "invited_to", "version",
		"created_at", "created_by", "changed_at", "changed_by")
	b.add(append([]any{a.Name}, row...)...)
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.AddStaff", "this sign-in name is or was somebody's").WithHint("Take another.")
	}
	return err
}

// StaffNamed implements access.Store.
func (s *Store) StaffNamed(ctx context.Context, name string) (access.Stored, error) {
	found, err := s.staffWhere(ctx, `WHERE sign_in = $1`, name)
	if err != nil {
		return access.Stored{}, err
	}
	if len(found) == 0 {
		return access.Stored{}, fault.New(fault.NotFound, "store.StaffNamed", "there is no such account of the staff")
	}
	return found[0], nil
}

// Staff implements access.Store.
func (s *Store) Staff(ctx context.Context) ([]access.Account, error) {
	found, err := s.staffWhere(ctx, `ORDER BY sign_in`)
	accounts := make([]access.Account, len(found))
	for i := range found {
		accounts[i] = found[i].Account
	}
	return accounts, err
}

func (s *Store) staffWhere(ctx context.Context, where string, args ...any) ([]access.Stored, error) {
	var found []access.Stored
	err := s.engine.read(ctx, query{
		text: `SELECT ` + staffColumns + ` FROM staff ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			a, err := s.scanStaff(scan)
			found = append(found, a)
			return err
		},
	})
	return found, err
}

func (s *Store) scanStaff(scan func(...any) error) (a access.Stored, err error) {
	var roles, createdBy, changedBy string
	var sealed []byte
	var invited, created, changed int64
	err = scan(&a.Name, &a.ID, &a.Display, &roles, &a.State, &sealed, &a.Invitation, &invited, &a.Version, &created, &createdBy,
		&changed, &changedBy)
	if err != nil {
		return a, err
	}
	hash, err := s.seal.Open(sealed, staffContext(a.ID))
	if err != nil {
		return a, fault.New(fault.Corrupt, "store.scanStaff", "an account of the staff does not open: %v", err)
	}
	a.Password = secret.New(string(hash))
	for _, role := range strings.Fields(roles) {
		a.Roles = append(a.Roles, access.Role(role))
	}
	a.InvitedTo, a.CreatedAt, a.ChangedAt = instantOrZero(invited), instant(created), instant(changed)
	if a.CreatedBy, err = scanActor(createdBy); err != nil {
		return a, err
	}
	a.ChangedBy, err = scanActor(changedBy)
	return a, err
}

// SaveStaff implements access.Store.
func (s *Store) SaveStaff(ctx context.Context, a access.Stored, anew bool, factors []access.Factor, codes []string) error {
	const op = "store.SaveStaff"
	row, err := s.staffRow(a)
	if err != nil {
		return fault.Wrap(op, err)
	}
	b := updateOf("staff", 1, 1, "sign_in", "version", "staff_id", "display", "roles", "state", "password", "invitation", "invited_to",
		"version", "created_at", "created_by", "changed_at", "changed_by")
	b.add(append([]any{a.Name, a.Version - 1}, row...)...)
	bulks := []*bulk{b}
	if anew {
		ended, err := s.endFactors(ctx, a)
		if err != nil {
			return fault.Wrap(op, err)
		}
		bulks = append(bulks, ended...)
	}
	if len(factors) > 0 {
		added := insertInto("staff_factor", "staff_id", "factor_id", "kind", "sealed", "step", "added_at", "used_at", "ended_at")
		for _, f := range factors {
			sealed, err := s.seal.Seal([]byte(f.Secret.Reveal()), factorContext(f.ID))
			if err != nil {
				return fault.Wrap(op, err)
			}
			added.add(string(f.Staff), string(f.ID), string(f.Kind), sealed, f.Step, f.AddedAt.UnixMicro(), microsOrZero(f.UsedAt), int64(0))
		}
		bulks = append(bulks, added)
	}
	if len(codes) > 0 {
		added := insertInto("staff_recovery", "staff_id", "code_print", "made_at", "ended_at")
		for _, print := range codes {
			added.add(string(a.ID), print, a.ChangedAt.UnixMicro(), int64(0))
		}
		bulks = append(bulks, added)
	}
	err = s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "the account was changed meanwhile").WithHint("Look at it and try again.")
	}
	return err
}

// endFactors gives the rows that end what an account has beside the password.
func (s *Store) endFactors(ctx context.Context, a access.Stored) ([]*bulk, error) {
	factors := updateOf("staff_factor", 2, 0, "staff_id", "factor_id", "ended_at")
	codes := updateOf("staff_recovery", 2, 0, "staff_id", "code_print", "ended_at")
	now := a.ChangedAt.UnixMicro()
	collect := func(b *bulk) func(scan func(...any) error) error {
		return func(scan func(...any) error) error {
			var key string
			err := scan(&key)
			b.add(string(a.ID), key, now)
			return err
		}
	}
	err := s.engine.read(ctx,
		query{text: `SELECT factor_id FROM staff_factor WHERE staff_id = $1 AND ended_at = 0`, args: []any{string(a.ID)}, each: collect(factors)},
		query{text: `SELECT code_print FROM staff_recovery WHERE staff_id = $1 AND ended_at = 0`, args: []any{string(a.ID)}, each: collect(codes)})
	var ended []*bulk
	for _, b := range []*bulk{factors, codes} {
		if b.rows > 0 {
			ended = append(ended, b)
		}
	}
	return ended, err
}

// Factors implements access.Store.
func (s *Store) Factors(ctx context.Context, id ident.Opaque) ([]access.Factor, error) {
	var found []access.Factor
	err := s.engine.read(ctx, query{
		text: `SELECT factor_id, kind, sealed, step, added_at, used_at FROM staff_factor
			WHERE staff_id = $1 AND ended_at = 0 ORDER BY added_at, factor_id`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error {
			f := access.Factor{Staff: id}
			var sealed []byte
			var added, used int64
			if err := scan(&f.ID, &f.Kind, &sealed, &f.Step, &added, &used); err != nil {
				return err
			}
			value, err := s.seal.Open(sealed, factorContext(f.ID))
			if err != nil {
				return fault.New(fault.Corrupt, "store.Factors", "a second factor does not open: %v", err)
			}
			f.Secret, f.AddedAt, f.UsedAt = secret.New(string(value)), instant(added), instantOrZero(used)
			found = append(found, f)
			return nil
		},
	})
	return found, err
}

// UseFactor implements access.Store.
func (s *Store) UseFactor(ctx context.Context, f access.Factor, step int64) error {
	const op = "store.UseFactor"
	sealed, err := s.seal.Seal([]byte(f.Secret.Reveal()), factorContext(f.ID))
	if err != nil {
		return fault.Wrap(op, err)
	}
	b := updateOf("staff_factor", 2, 2, "staff_id", "factor_id", "step", "ended_at", "step", "used_at", "sealed")
	b.add(string(f.Staff), string(f.ID), step, int64(0), f.Step, f.UsedAt.UnixMicro(), sealed)
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "this second factor was used at the same time")
	}
	return err
}

// UseRecovery implements access.Store.
func (s *Store) UseRecovery(ctx context.Context, id ident.Opaque, print string, at time.Time) (left int, err error) {
	const op = "store.UseRecovery"
	b := updateOf("staff_recovery", 2, 1, "staff_id", "code_print", "ended_at", "ended_at")
	b.add(string(id), print, int64(0), at.UnixMicro())
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return 0, fault.New(fault.NotFound, op, "there is no such code")
	}
	if err != nil {
		return 0, err
	}
	err = s.engine.read(ctx, query{
		text: `SELECT COUNT(*) FROM staff_recovery WHERE staff_id = $1 AND ended_at = 0`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error { return scan(&left) },
	})
	return left, fault.Wrap(op, err)
}

func staffSessionContext(digest string) string { return "staff_session/" + digest }

// StaffSession implements access.Store.
func (s *Store) StaffSession(ctx context.Context, digest string, now time.Time) (found access.Session, is bool, err error) {
	const op = "store.StaffSession"
	var sealed []byte
	err = s.engine.read(ctx, query{
		text: `SELECT sealed FROM staff_session WHERE token_hash = $1 AND expires_at > $2`,
		args: []any{digest, now.UnixMicro()},
		each: func(scan func(...any) error) error {
			is = true
			return scan(&sealed)
		},
	})
	if err != nil || !is {
		return access.Session{}, false, err
	}
	text, err := s.seal.Open(sealed, staffSessionContext(digest))
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return access.Session{}, false, fault.New(fault.Corrupt, op, "a session does not open: %v", err)
	}
	return found, true, nil
}

func (s *Store) sealSession(digest string, session access.Session) ([]byte, error) {
	text, err := json.Marshal(session)
	if err != nil {
		return nil, err
	}
	return s.seal.Seal(text, staffSessionContext(digest))
}

// AddStaffSession implements access.Store.
func (s *Store) AddStaffSession(ctx context.Context, digest string, session access.Session) error {
	sealed, err := s.sealSession(digest, session)
	if err != nil {
		return fault.Wrap("store.AddStaffSession", err)
	}
	return s.changeSession(ctx, "store.AddStaffSession",
		`INSERT INTO staff_session (token_hash, staff_id, sealed, started_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		digest, string(session.Staff), sealed, session.StartedAt.UnixMicro(), session.SeenAt.UnixMicro(), session.ExpiresAt.UnixMicro())
}

// SaveStaffSession implements access.Store.
func (s *Store) SaveStaffSession(ctx context.Context, digest string, session access.Session) error {
	sealed, err := s.sealSession(digest, session)
	if err != nil {
		return fault.Wrap("store.SaveStaffSession", err)
	}
	return s.changeSession(ctx, "store.SaveStaffSession",
		`UPDATE staff_session SET sealed = $2, seen_at = $3, expires_at = $4 WHERE token_hash = $1`,
		digest, sealed, session.SeenAt.UnixMicro(), session.ExpiresAt.UnixMicro())
}

// EndStaffSession implements access.Store.
func (s *Store) EndStaffSession(ctx context.Context, digest string) error {
	return s.endSessions(ctx, "store.EndStaffSession", `DELETE FROM staff_session WHERE token_hash = $1`, digest)
}

// EndStaffSessions implements access.Store.
func (s *Store) EndStaffSessions(ctx context.Context, id ident.Opaque) error {
	return s.endSessions(ctx, "store.EndStaffSessions", `DELETE FROM staff_session WHERE staff_id = $1`, string(id))
}

// EndOldStaffSessions implements access.Store.
func (s *Store) EndOldStaffSessions(ctx context.Context, now time.Time) error {
	return s.endSessions(ctx, "store.EndOldStaffSessions", `DELETE FROM staff_session WHERE expires_at <= $1`, now.UnixMicro())
}

// endSessions removes sessions, or none.
func (s *Store) endSessions(ctx context.Context, op, text string, args ...any) error {
	err := s.changeSession(ctx, op, text, args...)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}
