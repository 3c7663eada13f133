package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/store"
)

// How long a guest's session lasts: the product's limit for inactivity (NIST SP
// 800-63B-4 allows an hour), and a limit that no activity moves.
const (
	sessionIdle     = 15 * time.Minute
	sessionAbsolute = 2 * time.Hour
	// touchEvery is how exactly activity is noted: a page that changes nothing is
	// not worth a write each time.
	touchEvery = time.Minute
)

// SessionStore keeps sessions where every process of an installation finds them.
// A session is known by the digest of its token, so that whoever reads the table
// cannot take one over.
type SessionStore interface {
	// Session loads what is kept under a digest; found is false when there is none
	// or it has expired at now.
	Session(ctx context.Context, digest string, now time.Time) (kept store.WebSession, found bool, err error)
	// AddSession adds one.
	AddSession(ctx context.Context, digest string, s store.WebSession) error
	// SaveSession writes one that is there. NotFound when it was ended meanwhile.
	SaveSession(ctx context.Context, digest string, s store.WebSession) error
	// EndSession removes one; it is no error when it is gone already.
	EndSession(ctx context.Context, digest string) error
	// EndOldSessions removes those that have expired at now.
	EndOldSessions(ctx context.Context, now time.Time) (ended int, err error)
}

// Sweep removes what has expired. Whoever serves the site calls it now and then.
func (s *Site) Sweep(ctx context.Context) {
	if s.Sessions == nil {
		return
	}
	if _, err := s.Sessions.EndOldSessions(ctx, s.Clock.Now()); err != nil && ctx.Err() == nil {
		s.Log.Warn("expired sessions could not be removed", "error", err)
	}
}

// sessions binds scs, which draws tokens and holds values, to our store, which
// knows the time: scs reads the machine's own clock, and its expiry is not used.
type sessions struct {
	scs.Store // none: scs calls the methods below, which know the visit
	scs       *scs.SessionManager
	rows      SessionStore
	clock     clock.Clock
}

// newSessions puts the manager together by hand: scs.New would start a store of
// its own, whose goroutine nobody can stop for certain.
func newSessions(rows SessionStore, clk clock.Clock) *sessions {
	s := &sessions{rows: rows, clock: clk}
	s.scs = &scs.SessionManager{Lifetime: sessionAbsolute, Store: s, Codec: scs.GobCodec{}, HashTokenInStore: true}
	return s
}

// session is one visit's. The zero session belongs to a request without any.
type session struct {
	ctx     context.Context  // holds scs's values once it is open
	known   string           // the token that the browser sent and the store knew, or ""
	row     store.WebSession // as loaded, when known
	sent    bool             // the browser sent a token
	renew   bool             // at the end: a new token
	destroy bool             // at the end: nothing is left
}

func (s *session) abandon() { *s = session{} }

type sessionKey struct{}

// openSession loads the session that the browser names.
func (v *visit) openSession() error {
	if v.sessions == nil {
		return nil
	}
	token := ""
	if cookie, err := v.r.Cookie(v.cookieName(sessionCookie)); err == nil {
		token, v.session.sent = cookie.Value, true
	}
	loaded, err := v.sessions.scs.Load(context.WithValue(v.r.Context(), sessionKey{}, &v.session), token)
	if err != nil {
		return err
	}
	v.session.ctx, v.session.known = loaded, v.sessions.scs.Token(loaded)
	return nil
}

// FindCtx implements scs.CtxStore.
func (s *sessions) FindCtx(ctx context.Context, digest string) ([]byte, bool, error) {
	row, found, err := s.rows.Session(ctx, digest, s.clock.Now())
	if err != nil || !found {
		return nil, false, err
	}
	ctx.Value(sessionKey{}).(*session).row = row
	return row.Data, true, nil
}

// CommitCtx implements scs.CtxStore. A session that was known is only ever
// written where it is: a page that was slow may not bring back one that another
// page has ended or renewed.
func (s *sessions) CommitCtx(ctx context.Context, digest string, data []byte, _ time.Time) error {
	of, now := ctx.Value(sessionKey{}).(*session), s.clock.Now()
	row := store.WebSession{Data: data, StartedAt: now, SeenAt: now}
	if of.known != "" {
		row.StartedAt = of.row.StartedAt
	}
	row.ExpiresAt = now.Add(sessionIdle)
	if last := row.StartedAt.Add(sessionAbsolute); row.ExpiresAt.After(last) {
		row.ExpiresAt = last
	}
	if of.known == "" || of.renew {
		return s.rows.AddSession(ctx, digest, row)
	}
	return s.rows.SaveSession(ctx, digest, row)
}

// DeleteCtx implements scs.CtxStore.
func (s *sessions) DeleteCtx(ctx context.Context, digest string) error {
	return s.rows.EndSession(ctx, digest)
}

// keep puts a value into the session under a name. It begins one when there is
// none.
func (v *visit) keep(name string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("web: what a session keeps always marshals: " + err.Error())
	}
	v.sessions.scs.Put(v.session.ctx, name, text)
}

// kept reads a value of the session. False when there is none, also because the
// session has expired.
func (v *visit) kept(name string, into any) bool {
	if v.session.ctx == nil {
		return false
	}
	text := v.sessions.scs.GetBytes(v.session.ctx, name)
	if text == nil {
		return false
	}
	if err := json.Unmarshal(text, into); err != nil {
		v.log.Error("a value of the session does not parse", "name", name)
		return false
	}
	return true
}

// drop takes a value out of the session.
func (v *visit) drop(name string) {
	if v.session.ctx != nil {
		v.sessions.scs.Remove(v.session.ctx, name)
	}
}

// rise gives the session a new token, as is due whenever it comes to mean more:
// a token that somebody planted before is worth nothing afterwards.
func (v *visit) rise() { v.session.renew = true }

// endSession ends the session with this answer.
func (v *visit) endSession() { v.session.destroy = true }

// saveSession writes the session before an answer goes out, and hands the
// browser its token. Nothing is written for a visit without a session.
func (v *visit) saveSession() error {
	s := &v.session
	if s.ctx == nil {
		return nil
	}
	manager := v.sessions.scs
	switch {
	case s.destroy:
		return v.finishSession()
	case s.renew && s.known != "":
		if err := manager.RenewToken(s.ctx); err != nil {
			return err
		}
	case manager.Status(s.ctx) == scs.Unmodified:
		return v.touchSession()
	}
	if manager.Status(s.ctx) != scs.Modified {
		return nil
	}
	if s.known == "" && len(manager.Keys(s.ctx)) == 0 {
		return nil
	}
	token, _, err := manager.Commit(s.ctx)
	if fault.KindOf(err) == fault.NotFound {
		v.log.Info("a session was ended by another page meanwhile")
		v.forgetCookie(sessionCookie)
		return nil
	}
	if err != nil {
		return err
	}
	if token != s.known {
		v.setCookie(sessionCookie, token, 0)
	}
	return nil
}

func (v *visit) finishSession() error {
	if v.session.known == "" {
		return nil
	}
	v.forgetCookie(sessionCookie)
	return v.sessions.scs.Destroy(v.session.ctx)
}

// touchSession notes that somebody is still there.
func (v *visit) touchSession() error {
	s := &v.session
	if s.known == "" || v.Clock.Now().Sub(s.row.SeenAt) < touchEvery {
		return nil
	}
	_, _, err := v.sessions.scs.Commit(s.ctx)
	if fault.KindOf(err) == fault.NotFound {
		return nil // it ended while the page was made; the next one says so
	}
	return err
}

// Cookies. Each is ours alone: no script reads it, no other site's form sends
// it, and over TLS no neighbouring name can set it (__Host-).
const (
	sessionCookie  = "session"
	deviceCookie   = "device"
	languageCookie = "language"
	regionCookie   = "region"

	yearSeconds = 365 * 24 * 60 * 60
)

func (v *visit) cookieName(name string) string {
	if v.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie for some seconds, or until the browser closes with 0.
func (v *visit) setCookie(name, value string, seconds int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.cookieName(name), Value: value, Path: "/", MaxAge: seconds, Secure: v.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}

func (v *visit) forgetCookie(name string) { v.setCookie(name, "", -1) }

// sessionPath keeps a session alive for a reader who asked for more time.
const sessionPath = "/session"

// stay answers the page's script when its reader wants more time (WCAG 2.2.1).
func (v *visit) stay() {
	if v.session.known == "" {
		v.status(http.StatusGone, `{"status":"ended"}`)
		return
	}
	v.session.row.SeenAt = time.Time{} // however short ago: this one is meant
	v.status(http.StatusOK, `{"status":"kept"}`)
}
