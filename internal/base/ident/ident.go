// Package ident has the identifiers that every floor uses: opaque ids that may
// travel in addresses, logs and events, idempotency keys, and the actor without
// whom no money moves.
package ident

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
)

// Opaque is a random 128-bit id in 26 lower-case characters. It says nothing
// about what it names and stands wherever a bill pay number may not.
type Opaque string

var opaqueEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewOpaque makes a random id.
func NewOpaque() Opaque {
	var b [16]byte
	// crypto/rand.Read never fails: it ends the program when the system has no
	// randomness to give.
	_, _ = rand.Read(b[:])
	return Opaque(opaqueEncoding.EncodeToString(b[:]))
}

// ParseOpaque reads an id that came from outside.
func ParseOpaque(s string) (Opaque, error) {
	b, err := opaqueEncoding.DecodeString(strings.ToLower(s))
	if err != nil || len(b) != 16 {
		return "", fmt.Errorf("an id has 26 letters and digits")
	}
	return Opaque(strings.ToLower(s)), nil
}

// KeyMax bounds the length of an idempotency key in bytes.
const KeyMax = 200

// Key is an idempotency key: the source's own name for one thing that happens
// once ("cie:091000010000001", "counter:01J...").
type Key string

// ParseKey checks a key that came from outside: 1 to KeyMax printing ASCII characters.
func ParseKey(s string) (Key, error) {
	if s == "" || len(s) > KeyMax {
		return "", fmt.Errorf("an idempotency key has 1 to %d characters", KeyMax)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return "", fmt.Errorf("an idempotency key has printing ASCII characters only, without blanks")
		}
	}
	return Key(s), nil
}

// ActorKind says what sort of actor acts.
type ActorKind string

// The kinds of actor.
const (
	Staff   ActorKind = "staff"
	Service ActorKind = "service" // an integrator's key
	System  ActorKind = "system"  // the product itself: a run, an import job
	Member  ActorKind = "member"
	Guest   ActorKind = "guest"
)

// Actor is who does an act. No money act and no read of a person's data
// happens without one.
type Actor struct {
	Kind ActorKind
	Name string // a staff login, a service's key id, a job's name; never a person's data
}

// ParseActor reads "kind:name".
func ParseActor(s string) (Actor, error) {
	kind, name, ok := strings.Cut(s, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return Actor{}, fmt.Errorf("%q names no actor: write kind:name, such as staff:jlee", s)
	}
	switch k := ActorKind(kind); k {
	case Staff, Service, System, Member, Guest:
		return Actor{k, name}, nil
	}
	return Actor{}, fmt.Errorf("%q is no kind of actor", kind)
}

// String writes "kind:name".
func (a Actor) String() string { return string(a.Kind) + ":" + a.Name }

// IsZero reports whether no actor is named.
func (a Actor) IsZero() bool { return a.Name == "" }
