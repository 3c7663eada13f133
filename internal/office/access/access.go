// Package access knows the office's own people: who may do what, how each proves
// who they are, and how long that holds.
//
// It knows roles and permissions (role.go: one table), accounts of staff, passwords,
// second factors, recovery codes and sessions. It does not know pages, cookies or
// SQL, and not the protocol of passkeys, which an edge speaks; it keeps what that
// edge hands it.
//
// Invariants: nobody is in before a second factor was shown, and none can be set up
// but with an invitation; a code counts once; a wrong name and a wrong password get
// one answer in one time; a name is never given to another person; every change of
// roles and every end takes the person's sessions away at once; sign-ins, failures
// and changes stand in the audit trail. Secrets are kept sealed, hashed or as keyed
// hashes. Start reading at Desk.Invite, then Desk.Join and Desk.SignIn.
package access

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
)

// State is where an account stands.
type State string

// The states.
const (
	Invited State = "invited" // has no second factor yet
	Active  State = "active"
	Locked  State = "locked" // may not sign in until it is reset
	Ended   State = "ended"  // for ever
)

// Account is a person of the staff.
type Account struct {
	ID        ident.Opaque
	Name      string // for sign-in and in the books; lower case, never changed
	Display   string // how people call them
	Roles     []Role
	State     State
	CreatedAt time.Time
	CreatedBy ident.Actor
	ChangedAt time.Time
	ChangedBy ident.Actor
}

// Actor is the account as one who acts.
func (a *Account) Actor() ident.Actor { return ident.Actor{Kind: ident.Staff, Name: a.Name} }

// May reports whether the account has a permission.
func (a *Account) May(p Permission) bool { return a.State == Active && May(a.Roles, p) }

// Stored is an account as it is kept.
type Stored struct {
	Account
	Password   secret.Text // its hash, or none
	Invitation string      // keyed hash of the code, or ""
	InvitedTo  time.Time
	Version    int64
}

// FactorKind is what sort of second factor it is.
type FactorKind string

// The kinds.
const (
	TOTP    FactorKind = "totp"    // an app that shows codes (RFC 6238)
	Passkey FactorKind = "passkey" // WebAuthn
)

// Factor is a second factor.
type Factor struct {
	Staff   ident.Opaque
	ID      ident.Opaque
	Kind    FactorKind
	Secret  secret.Text // of an app; of a passkey what the edge keeps of it
	Step    int64       // of the last code that counted
	AddedAt time.Time
	UsedAt  time.Time // zero before
}

// Store keeps staff. Its methods return errors of package fault; a change of what
// moved meanwhile is Conflict.
type Store interface {
	// AddStaff adds an account. Conflict when the name is or was taken.
	AddStaff(ctx context.Context, s Stored) error
	// StaffNamed loads an account. NotFound when there is none.
	StaffNamed(ctx context.Context, name string) (Stored, error)
	// Staff lists every account by name.
	Staff(ctx context.Context) ([]Account, error)
	// SaveStaff writes an account whose version is one less, and with it ends factors
	// and recovery codes of before, where told so, and adds new ones.
	SaveStaff(ctx context.Context, s Stored, anew bool, factors []Factor, codes []string) error
	// Factors lists an account's factors that have not ended.
	Factors(ctx context.Context, id ident.Opaque) ([]Factor, error)
	// UseFactor writes a factor's secret and step when its step is still so.
	UseFactor(ctx context.Context, f Factor, step int64) error
	// UseRecovery ends a recovery code. NotFound when there is none.
	UseRecovery(ctx context.Context, id ident.Opaque, print string, at time.Time) (left int, err error)

	// StaffSession loads a session; found is false when there is none or it has
	// expired at now.
	StaffSession(ctx context.Context, digest string, now time.Time) (s Session, found bool, err error)
	// AddStaffSession adds one.
	AddStaffSession(ctx context.Context, digest string, s Session) error
	// SaveStaffSession writes one that is there. NotFound when it was ended meanwhile.
	SaveStaffSession(ctx context.Context, digest string, s Session) error
	// EndStaffSession removes one; it is no error when it is gone already.
	EndStaffSession(ctx context.Context, digest string) error
	// EndStaffSessions removes all of an account.
	EndStaffSessions(ctx context.Context, id ident.Opaque) error
	// EndOldStaffSessions removes those that have expired at now.
	EndOldStaffSessions(ctx context.Context, now time.Time) error
}

// Hasher makes the keyed hash of a secret for a purpose; the vault is one.
type Hasher interface {
	Fingerprint(value secret.Text, purpose string) ([]byte, error)
}

// Options are what a desk needs.
type Options struct {
	Store  Store
	Hasher Hasher
	Trail  *audit.Trail
	Limits *limit.Limits
	Clock  clock.Clock
	Plan   string // name of the plan, which apps show beside their codes
}

// Desk knows the office's people. It is safe for concurrent use.
type Desk struct{ Options }

// New makes a desk.
func New(o Options) *Desk { return &Desk{o} }

// From is where somebody tries from.
type From struct{ Address netip.Addr }

// InvitationLife is how long an invitation can be taken up.
const InvitationLife = 72 * time.Hour

// Bounds of names.
const (
	NameMax    = 32
	DisplayMax = 80
)

// checkName refuses what cannot stand in the books as "staff:name".
func checkName(name string) error {
	if len(name) < 2 || len(name) > NameMax || strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_')
	}) {
		return fault.New(fault.Invalid, "access.Invite", "a sign-in name has 2 to %d small letters, digits, dots, hyphens or underscores", NameMax)
	}
	return nil
}

// plainName is a name as it is kept.
func plainName(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// Invite makes an account and gives the code with which its person sets it up, once.
// Conflict when the name is or was somebody's, or the roles do not go together.
func (d *Desk) Invite(ctx context.Context, by ident.Actor, name, display string, roles []Role) (Account, secret.Text, error) {
	const op = "access.Invite"
	name, display = plainName(name), strings.TrimSpace(display)
	if err := checkName(name); err != nil {
		return Account{}, secret.Text{}, err
	}
	if display == "" || utf8.RuneCountInString(display) > DisplayMax || strings.ContainsFunc(display, unicode.IsControl) {
		return Account{}, secret.Text{}, fault.New(fault.Invalid, op, "say how people call them, in 1 to %d characters", DisplayMax)
	}
	if err := CheckRoles(roles); err != nil {
		return Account{}, secret.Text{}, err
	}
	now := d.Clock.Now()
	s := Stored{Account: Account{
		ID: ident.NewOpaque(), Name: name, Display: display, Roles: slices.Compact(slices.Sorted(slices.Values(roles))), State: Invited,
		CreatedAt: now, CreatedBy: by, ChangedAt: now, ChangedBy: by,
	}, Version: 1}
	code, err := d.invitation(&s)
	if err == nil {
		err = d.record(ctx, by, audit.StaffChange, "invite "+name+" as "+s.roleWords())
	}
	if err == nil {
		err = d.Store.AddStaff(ctx, s)
	}
	return s.Account, code, fault.Wrap(op, err)
}

func (a *Account) roleWords() string {
	words := make([]string, len(a.Roles))
	for i, r := range a.Roles {
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// invitation draws a new code for an account.
func (d *Desk) invitation(s *Stored) (secret.Text, error) {
	code := secret.New(string(ident.NewOpaque()))
	print, err := d.print(code, s.ID, "invitation")
	s.Invitation, s.InvitedTo = print, d.Clock.Now().Add(InvitationLife)
	return code, err
}

// List lists every account by name.
func (d *Desk) List(ctx context.Context) ([]Account, error) {
	all, err := d.Store.Staff(ctx)
	return all, fault.Wrap("access.List", err)
}

// SetRoles gives an account other roles and ends its sessions.
func (d *Desk) SetRoles(ctx context.Context, by ident.Actor, name string, roles []Role) (Account, error) {
	if err := CheckRoles(roles); err != nil {
		return Account{}, err
	}
	return d.change(ctx, "access.SetRoles", by, name, func(s *Stored) (string, error) {
		before := s.roleWords()
		s.Roles = slices.Compact(slices.Sorted(slices.Values(roles)))
		return "roles of " + s.Name + ": " + before + ", now " + s.roleWords(), nil
	})
}

// Lock keeps an account from signing in until it is reset, and ends its sessions.
func (d *Desk) Lock(ctx context.Context, by ident.Actor, name string) (Account, error) {
	return d.change(ctx, "access.Lock", by, name, func(s *Stored) (string, error) {
		s.State, s.Invitation = Locked, ""
		return "lock " + s.Name, nil
	})
}

// End ends an account for ever, with its sessions, from this moment on.
func (d *Desk) End(ctx context.Context, by ident.Actor, name string) (Account, error) {
	return d.change(ctx, "access.End", by, name, func(s *Stored) (string, error) {
		s.State, s.Password, s.Invitation = Ended, secret.Text{}, ""
		return "end " + s.Name, nil
	})
}

// Reset takes password, factors and sessions away and invites anew.
func (d *Desk) Reset(ctx context.Context, by ident.Actor, name string) (Account, secret.Text, error) {
	const op = "access.Reset"
	var code secret.Text
	a, err := d.change(ctx, op, by, name, func(s *Stored) (string, error) {
		s.State, s.Password = Invited, secret.Text{}
		var err error
		code, err = d.invitation(s)
		return "reset " + s.Name, err
	})
	if err == nil {
		err = fault.Wrap(op, d.Limits.StaffForgiven(ctx, a.Name))
	}
	return a, code, err
}

// change changes an account that has not ended, ends its sessions, and its factors
// where it is no longer to be signed in with them.
func (d *Desk) change(
	ctx context.Context, op string, by ident.Actor, name string, decide func(s *Stored) (what string, err error),
) (Account, error) {
	if by.IsZero() {
		return Account{}, fault.New(fault.Denied, op, "staff is not changed without a named actor")
	}
	s, err := d.Store.StaffNamed(ctx, plainName(name))
	if err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	if s.State == Ended {
		return Account{}, fault.New(fault.Conflict, op, "this account has ended").WithHint("Invite the person under another name.")
	}
	what, err := decide(&s)
	if err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	s.Version, s.ChangedAt, s.ChangedBy = s.Version+1, d.Clock.Now(), by
	anew := s.State != Active && s.State != Locked
	if err := d.record(ctx, by, audit.StaffChange, what); err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	if err := d.Store.SaveStaff(ctx, s, anew, nil, nil); err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	return s.Account, fault.Wrap(op, d.Store.EndStaffSessions(ctx, s.ID))
}

// record writes to the audit trail of the office itself, which is that of book 0.
func (d *Desk) record(ctx context.Context, by ident.Actor, action audit.Action, what string) error {
	access, err := audit.By(by, what, "office")
	if err != nil {
		return err
	}
	return d.Trail.Record(ctx, access, action, 0)
}
