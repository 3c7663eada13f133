// Package apikey knows the keys by which other systems use the operations over
// HTTP: who made each, what it may do, and whether it still stands.
//
// A key is a token, shown once when it is made: bf_live_<id>_<secret>, or
// bf_test_ for a key that moves no money. The id is no secret; it names the key
// as an actor in the books and in logs. Of the secret only a keyed hash is kept.
//
// Invariants: a key's scopes never change and a revoked key never stands again;
// whatever is wrong with a token, the answer is one. The package knows no HTTP
// and no SQL. Start reading at Keys.Check.
package apikey

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
)

// Scope is something that a key may do.
type Scope string

// The scopes.
const (
	WritePayments Scope = "payments:write"
	ReadPayments  Scope = "payments:read"
	MatchAccounts Scope = "accounts:match"
	WritePolicies Scope = "policies:write" // and see what became of one's own batches
	ReadCoverage  Scope = "coverage:read"
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{WritePayments, ReadPayments, MatchAccounts, WritePolicies, ReadCoverage}
}

// Key is a key without its secret.
type Key struct {
	ID        ident.Opaque
	Name      string // whose it is, for staff
	Scopes    []Scope
	Sandbox   bool // moves no money
	CreatedAt time.Time
	CreatedBy ident.Actor
	RevokedAt time.Time // zero while it stands
	RevokedBy ident.Actor
}

// May reports whether the key may do what scope says.
func (k *Key) May(scope Scope) bool { return slices.Contains(k.Scopes, scope) }

// Revoked reports whether the key no longer stands.
func (k *Key) Revoked() bool { return !k.RevokedAt.IsZero() }

// Actor is the key as one who acts.
func (k *Key) Actor() ident.Actor { return ident.Actor{Kind: ident.Service, Name: string(k.ID)} }

// Stored is a key as it is kept.
type Stored struct {
	Key
	Print []byte // keyed hash of the secret
}

// Store keeps keys. Its methods return errors of package fault.
type Store interface {
	// AddAPIKey adds a key.
	AddAPIKey(ctx context.Context, key Stored) error
	// APIKey loads one. NotFound when there is none.
	APIKey(ctx context.Context, id ident.Opaque) (Stored, error)
	// APIKeys lists every key, the oldest first.
	APIKeys(ctx context.Context) ([]Key, error)
	// RevokeAPIKey ends a key. It does nothing for one that was ended before.
	RevokeAPIKey(ctx context.Context, id ident.Opaque, at time.Time, by ident.Actor) error
}

// Hasher makes the keyed hash of a secret for a purpose; the vault is one.
type Hasher interface {
	Fingerprint(value secret.Text, purpose string) ([]byte, error)
}

// NameMax bounds a key's name in bytes.
const NameMax = 100

// Order says which key to make.
type Order struct {
	Name    string
	Scopes  []Scope
	Sandbox bool
	By      ident.Actor
}

func (o *Order) validate() error {
	const op = "apikey.Create"
	switch {
	case o.By.IsZero():
		return fault.New(fault.Denied, op, "no key is made without a named actor")
	case strings.TrimSpace(o.Name) == "" || len(o.Name) > NameMax || strings.ContainsFunc(o.Name, unicode.IsControl):
		return fault.New(fault.Invalid, op, "a key needs a name of 1 to %d bytes that says whose it is", NameMax)
	case len(o.Scopes) == 0:
		return fault.New(fault.Invalid, op, "a key needs at least one scope: %s", scopeWords())
	}
	for _, scope := range o.Scopes {
		if !slices.Contains(Scopes(), scope) {
			return fault.New(fault.Invalid, op, "%q is no scope: choose from %s", scope, scopeWords())
		}
	}
	return nil
}

func scopeWords() string {
	var words []string
	for _, scope := range Scopes() {
		words = append(words, string(scope))
	}
	return strings.Join(words, ", ")
}
