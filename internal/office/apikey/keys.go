package apikey

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
)

const (
	livePrefix = "bf_live_"
	testPrefix = "bf_test_"
	idLength   = 26
	// secretBytes are too many to try: the hash needs no slowness.
	secretBytes  = 32
	secretLength = 52 // in letters
	purpose      = "apikey/secret"
)

// FreshFor is how long a key is taken as it was read. A key that another process
// revoked is refused after this time at the latest, one that this process
// revoked at once.
const FreshFor = time.Second

// rememberedMax bounds the keys that are remembered; an installation has few.
const rememberedMax = 1000

var letters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Keys makes, checks and ends keys. It is safe for concurrent use.
type Keys struct {
	store Store
	hash  Hasher
	clock clock.Clock

	mu         sync.RWMutex
	remembered map[ident.Opaque]remembered
}

type remembered struct {
	stored *Stored
	readAt time.Time
}

// New makes the keys of an installation.
func New(store Store, hash Hasher, clk clock.Clock) *Keys {
	return &Keys{store: store, hash: hash, clock: clk, remembered: map[ident.Opaque]remembered{}}
}

// Create makes a key and gives its token, which cannot be had again.
func (k *Keys) Create(ctx context.Context, order Order) (Key, secret.Text, error) {
	if err := order.validate(); err != nil {
		return Key{}, secret.Text{}, err
	}
	key := Key{
		ID: ident.NewOpaque(), Name: strings.TrimSpace(order.Name), Sandbox: order.Sandbox, CreatedAt: k.clock.Now(),
		CreatedBy: order.By,
	}
	for _, scope := range Scopes() { // in one order, each once
		if slices.Contains(order.Scopes, scope) {
			key.Scopes = append(key.Scopes, scope)
		}
	}
	var random [secretBytes]byte
	_, _ = rand.Read(random[:]) // it ends the program when there is no randomness
	text := letters.EncodeToString(random[:])
	print, err := k.hash.Fingerprint(secret.New(text), purpose)
	if err != nil {
		return Key{}, secret.Text{}, fault.Wrap("apikey.Create", err)
	}
	if err := k.store.AddAPIKey(ctx, Stored{key, print}); err != nil {
		return Key{}, secret.Text{}, fault.Wrap("apikey.Create", err)
	}
	prefix := livePrefix
	if key.Sandbox {
		prefix = testPrefix
	}
	return key, secret.New(prefix + string(key.ID) + "_" + text), nil
}

// List gives every key, the oldest first.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	keys, err := k.store.APIKeys(ctx)
	return keys, fault.Wrap("apikey.List", err)
}

// Revoke ends a key for ever; ending it again changes nothing. NotFound when
// there is no such key.
func (k *Keys) Revoke(ctx context.Context, id ident.Opaque, by ident.Actor) (Key, error) {
	const op = "apikey.Revoke"
	if by.IsZero() {
		return Key{}, fault.New(fault.Denied, op, "no key is revoked without a named actor")
	}
	if err := k.store.RevokeAPIKey(ctx, id, k.clock.Now(), by); err != nil {
		return Key{}, fault.Wrap(op, err)
	}
	k.mu.Lock()
	delete(k.remembered, id)
	k.mu.Unlock()
	stored, err := k.store.APIKey(ctx, id)
	return stored.Key, fault.Wrap(op, err)
}

// Check gives the key of a token. It is Denied, always in the same words, for a
// token that is malformed, unknown or revoked.
func (k *Keys) Check(ctx context.Context, token string) (*Key, error) {
	sandbox := strings.HasPrefix(token, testPrefix)
	if !sandbox && !strings.HasPrefix(token, livePrefix) {
		return nil, refused()
	}
	rest := token[len(livePrefix):] // both are of one length
	if len(rest) != idLength+1+secretLength || rest[idLength] != '_' {
		return nil, refused()
	}
	print, err := k.hash.Fingerprint(secret.New(rest[idLength+1:]), purpose)
	if err != nil {
		return nil, fault.Wrap("apikey.Check", err)
	}
	stored, err := k.find(ctx, ident.Opaque(rest[:idLength]))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil, refused()
	}
	if err != nil {
		return nil, fault.Wrap("apikey.Check", err)
	}
	if subtle.ConstantTimeCompare(stored.Print, print) != 1 || stored.Sandbox != sandbox || stored.Revoked() {
		return nil, refused()
	}
	return &stored.Key, nil
}

func refused() error {
	return fault.New(fault.Denied, "apikey.Check", "this API key is not valid").
		WithHint("Send Authorization: Bearer and the whole token. A key that was lost or revoked is replaced by a new one.")
}

// find gives a key as it was read at most FreshFor ago. What it gives is shared
// and must not be changed.
func (k *Keys) find(ctx context.Context, id ident.Opaque) (*Stored, error) {
	now := k.clock.Now()
	k.mu.RLock()
	known, ok := k.remembered[id]
	k.mu.RUnlock()
	if ok && now.Sub(known.readAt) < FreshFor {
		return known.stored, nil
	}
	stored, err := k.store.APIKey(ctx, id)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.remembered) >= rememberedMax {
		clear(k.remembered)
	}
	k.remembered[id] = remembered{&stored, now}
	return &stored, nil
}
