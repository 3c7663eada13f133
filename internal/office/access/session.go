package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/audit"
)

// How long a session lasts: the product's limit for inactivity of staff (45 CFR
// 164.312(a)(2)(iii)), a working day, and less while it is only half of one.
const (
	Idle     = 15 * time.Minute
	Absolute = 12 * time.Hour
	HalfLife = 10 * time.Minute
	// Fresh is how long a second factor that was shown counts for what needs it anew.
	Fresh = 5 * time.Minute
	// touchEvery is how exactly activity is noted.
	touchEvery = time.Minute
)

// Stage is how far somebody has come.
type Stage string

// The stages.
const (
	Joins  Stage = "joins"  // has shown an invitation
	Half   Stage = "half"   // has shown the password
	Inside Stage = "inside" // has shown the second factor
)

// Session is a visit of one person.
type Session struct {
	Staff     ident.Opaque
	Name      string
	Stage     Stage
	Joining   Joining // while joining
	Ceremony  []byte  // of a passkey, between question and answer
	Failures  int     // wrong tries of the last day, as they stood at sign-in
	CodesLeft int     // recovery codes, after one was used; -1 otherwise
	Recovery  []string
	Note      string // said once on the next page
	StartedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	SteppedAt time.Time // when the second factor was shown last
}

// Fresh reports whether the second factor was shown so lately that it counts for an
// approval or a close.
func (s *Session) Fresh(now time.Time) bool {
	return s.Stage == Inside && now.Sub(s.SteppedAt) < Fresh
}

// ends is when a session ends that is used at now.
func (s *Session) ends(now time.Time) time.Time {
	if s.Stage != Inside {
		return s.StartedAt.Add(HalfLife)
	}
	if last := s.StartedAt.Add(Absolute); now.Add(Idle).After(last) {
		return last
	}
	return now.Add(Idle)
}

// digestOf is what a token is kept as: whoever reads the table cannot take a
// session over.
func digestOf(token secret.Text) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Begin begins a session and gives its token.
func (d *Desk) Begin(ctx context.Context, s Session) (secret.Text, Session, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	token := secret.New(base64.RawURLEncoding.EncodeToString(random))
	now := d.Clock.Now()
	s.StartedAt, s.SeenAt = now, now
	s.ExpiresAt = s.ends(now)
	return token, s, fault.Wrap("access.Begin", d.Store.AddStaffSession(ctx, digestOf(token), s))
}

// Enter makes a half session whole, under a new token: one that somebody planted
// before is worth nothing. It is written to the audit trail first.
func (d *Desk) Enter(ctx context.Context, old secret.Text, s Session, by Shown) (secret.Text, Session, error) {
	const op = "access.Enter"
	if err := d.record(ctx, ident.Actor{Kind: ident.Staff, Name: s.Name}, audit.StaffSignIn, "sign in with "+string(by)); err != nil {
		return secret.Text{}, s, fault.Wrap(op, err)
	}
	if err := d.Store.EndStaffSession(ctx, digestOf(old)); err != nil {
		return secret.Text{}, s, fault.Wrap(op, err)
	}
	s.Stage, s.SteppedAt, s.Joining, s.Ceremony = Inside, d.Clock.Now(), Joining{}, nil
	return d.Begin(ctx, s)
}

// Step notes that the second factor was shown anew.
func (d *Desk) Step(ctx context.Context, token secret.Text, s *Session, by Shown) error {
	const op = "access.Step"
	if err := d.record(ctx, ident.Actor{Kind: ident.Staff, Name: s.Name}, audit.StaffSignIn, "second factor anew with "+string(by)); err != nil {
		return fault.Wrap(op, err)
	}
	s.SteppedAt, s.Ceremony = d.Clock.Now(), nil
	return d.Save(ctx, token, s)
}

// Session gives the session of a token and its account as it stands now. The zero
// Session when there is none, or its account may not be in.
func (d *Desk) Session(ctx context.Context, token secret.Text) (Session, Account, error) {
	const op = "access.Session"
	if token.IsZero() {
		return Session{}, Account{}, nil
	}
	now := d.Clock.Now()
	s, found, err := d.Store.StaffSession(ctx, digestOf(token), now)
	if err != nil || !found {
		return Session{}, Account{}, fault.Wrap(op, err)
	}
	if s.Stage == Joins {
		return s, Account{}, nil
	}
	kept, err := d.Store.StaffNamed(ctx, s.Name)
	if err != nil || kept.State != Active || kept.ID != s.Staff {
		return Session{}, Account{}, fault.Wrap(op, err)
	}
	if s.Stage == Inside && now.Sub(s.SeenAt) >= touchEvery {
		if err := d.Touch(ctx, token, &s); err != nil && fault.KindOf(err) != fault.NotFound {
			return Session{}, Account{}, fault.Wrap(op, err)
		}
	}
	return s, kept.Account, nil
}

// Touch notes that somebody is still there.
func (d *Desk) Touch(ctx context.Context, token secret.Text, s *Session) error {
	now := d.Clock.Now()
	s.SeenAt, s.ExpiresAt = now, s.ends(now)
	return d.Save(ctx, token, s)
}

// Save writes a session. NotFound when it was ended meanwhile.
func (d *Desk) Save(ctx context.Context, token secret.Text, s *Session) error {
	return fault.Wrap("access.Save", d.Store.SaveStaffSession(ctx, digestOf(token), *s))
}

// Leave ends a session.
func (d *Desk) Leave(ctx context.Context, token secret.Text) error {
	return fault.Wrap("access.Leave", d.Store.EndStaffSession(ctx, digestOf(token)))
}

// LeaveAll ends every session of an account, on all its devices.
func (d *Desk) LeaveAll(ctx context.Context, a Account) error {
	if err := d.record(ctx, a.Actor(), audit.StaffChange, "sign out everywhere"); err != nil {
		return fault.Wrap("access.LeaveAll", err)
	}
	return fault.Wrap("access.LeaveAll", d.Store.EndStaffSessions(ctx, a.ID))
}

// Sweep removes sessions that have ended. Whoever serves the office calls it now and
// then.
func (d *Desk) Sweep(ctx context.Context) error {
	return fault.Wrap("access.Sweep", d.Store.EndOldStaffSessions(ctx, d.Clock.Now()))
}
