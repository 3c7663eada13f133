package store

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// WebSession is a session of the pages at rest.
type WebSession struct {
	Data      []byte // sealed in the table
	StartedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

func sessionContext(digest string) string { return "web_session/" + digest }

// Session loads the session whose token has a digest; found is false when there
// is none or it has expired at now.
func (s *Store) Session(ctx context.Context, digest string, now time.Time) (w WebSession, found bool, err error) {
	var started, seen, expires int64
	var sealed []byte
	err = s.engine.read(ctx, query{
		text: `SELECT sealed, started_at, seen_at, expires_at FROM web_session WHERE token_hash = $1 AND expires_at > $2`,
		args: []any{digest, now.UnixMicro()},
		each: func(scan func(...any) error) error {
			found = true
			return scan(&sealed, &started, &seen, &expires)
		},
	})
	if err != nil || !found {
		return WebSession{}, false, err
	}
	w = WebSession{StartedAt: instant(started), SeenAt: instant(seen), ExpiresAt: instant(expires)}
	if w.Data, err = s.seal.Open(sealed, sessionContext(digest)); err != nil {
		return WebSession{}, false, fault.New(fault.Corrupt, "store.Session", "a session does not open: %v", err)
	}
	return w, true, nil
}

// AddSession adds a session.
func (s *Store) AddSession(ctx context.Context, digest string, w WebSession) error {
	sealed, err := s.seal.Seal(w.Data, sessionContext(digest))
	if err != nil {
		return fault.Wrap("store.AddSession", err)
	}
	return s.changeSession(ctx, "store.AddSession",
		`INSERT INTO web_session (token_hash, sealed, started_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		digest, sealed, w.StartedAt.UnixMicro(), w.SeenAt.UnixMicro(), w.ExpiresAt.UnixMicro())
}

// SaveSession writes a session that is there. NotFound when it was ended
// meanwhile; nothing is written then.
func (s *Store) SaveSession(ctx context.Context, digest string, w WebSession) error {
	sealed, err := s.seal.Seal(w.Data, sessionContext(digest))
	if err != nil {
		return fault.Wrap("store.SaveSession", err)
	}
	return s.changeSession(ctx, "store.SaveSession",
		`UPDATE web_session SET sealed = $2, seen_at = $3, expires_at = $4 WHERE token_hash = $1`,
		digest, sealed, w.SeenAt.UnixMicro(), w.ExpiresAt.UnixMicro())
}

// EndSession removes a session; it is no error when it is gone already.
func (s *Store) EndSession(ctx context.Context, digest string) error {
	err := s.changeSession(ctx, "store.EndSession", `DELETE FROM web_session WHERE token_hash = $1`, digest)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

func (s *Store) changeSession(ctx context.Context, op, text string, args ...any) error {
	return s.engine.exec(ctx, func(tx execer) error {
		result, err := tx.ExecContext(ctx, text, args...)
		if err != nil {
			return fault.Wrap(op, err)
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			return fault.New(fault.NotFound, op, "there is no such session")
		}
		return nil
	})
}

// EndOldSessions removes the sessions that have expired at now and gives how many.
func (s *Store) EndOldSessions(ctx context.Context, now time.Time) (ended int, err error) {
	err = s.engine.exec(ctx, func(tx execer) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM web_session WHERE expires_at <= $1`, now.UnixMicro())
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		ended = int(rows)
		return err
	})
	return ended, fault.Wrap("store.EndOldSessions", err)
}

// LastScript gives the digest that was noted last for a payment page's script,
// or "" when none was.
func (s *Store) LastScript(ctx context.Context, address string) (sha256 string, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT sha256 FROM payment_script WHERE address = $1 ORDER BY seen_at DESC LIMIT 1`,
		args: []any{address},
		each: func(scan func(...any) error) error { return scan(&sha256) },
	})
	return sha256, err
}

// NoteScript adds the digest of a payment page's script as it was seen at an instant.
func (s *Store) NoteScript(ctx context.Context, address, sha256 string, at time.Time) error {
	return s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO payment_script (address, seen_at, sha256) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, address, at.UnixMicro(), sha256)
		return fault.Wrap("store.NoteScript", err)
	})
}
