package store

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/payments/payment"
)

var _ apikey.Store = (*Store)(nil)

const apiKeyColumns = `key_id, name, secret_print, scopes, sandbox, created_at, created_by, revoked_at, revoked_by`

// AddAPIKey implements apikey.Store.
func (s *Store) AddAPIKey(ctx context.Context, key apikey.Stored) error {
	scopes := make([]string, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = string(scope)
	}
	sandbox := int64(0)
	if key.Sandbox {
		sandbox = 1
	}
	b := insertInto("api_key", "key_id", "name", "secret_print", "scopes", "sandbox", "created_at", "created_by")
	b.add(string(key.ID), key.Name, hex.EncodeToString(key.Print), strings.Join(scopes, " "), sandbox,
		key.CreatedAt.UnixMicro(), key.CreatedBy.String())
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.AddAPIKey", "there is a key with this id already")
	}
	return err
}

// APIKey implements apikey.Store.
func (s *Store) APIKey(ctx context.Context, id ident.Opaque) (apikey.Stored, error) {
	found, err := s.apiKeys(ctx, `WHERE key_id = $1`, string(id))
	if err != nil {
		return apikey.Stored{}, err
	}
	if len(found) == 0 {
		return apikey.Stored{}, fault.New(fault.NotFound, "store.APIKey", "there is no such API key")
	}
	return found[0], nil
}

// APIKeys implements apikey.Store.
func (s *Store) APIKeys(ctx context.Context) ([]apikey.Key, error) {
	found, err := s.apiKeys(ctx, `ORDER BY created_at, key_id`)
	keys := make([]apikey.Key, len(found))
	for i := range found {
		keys[i] = found[i].Key
	}
	return keys, err
}

// RevokeAPIKey implements apikey.Store.
func (s *Store) RevokeAPIKey(ctx context.Context, id ident.Opaque, at time.Time, by ident.Actor) error {
	if _, err := s.APIKey(ctx, id); err != nil {
		return err
	}
	b := updateOf("api_key", 1, 1, "key_id", "revoked_at", "revoked_at", "revoked_by")
	b.add(string(id), int64(0), at.UnixMicro(), by.String())
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return nil // it was revoked before
	}
	return err
}

func (s *Store) apiKeys(ctx context.Context, where string, args ...any) ([]apikey.Stored, error) {
	var found []apikey.Stored
	err := s.engine.read(ctx, query{
		text: `SELECT ` + apiKeyColumns + ` FROM api_key ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			key, err := scanAPIKey(scan)
			found = append(found, key)
			return err
		},
	})
	return found, err
}

func scanAPIKey(scan func(...any) error) (k apikey.Stored, err error) {
	var print, scopes, createdBy, revokedBy string
	var sandbox, created, revoked int64
	if err = scan(&k.ID, &k.Name, &print, &scopes, &sandbox, &created, &createdBy, &revoked, &revokedBy); err != nil {
		return k, err
	}
	if k.Print, err = hex.DecodeString(print); err != nil {
		return k, fault.New(fault.Corrupt, "store.scan", "the hash of a stored API key does not parse")
	}
	for _, scope := range strings.Fields(scopes) {
		k.Scopes = append(k.Scopes, apikey.Scope(scope))
	}
	k.Sandbox, k.CreatedAt = sandbox == 1, instant(created)
	if k.CreatedBy, err = scanActor(createdBy); err != nil || revoked == 0 {
		return k, err
	}
	k.RevokedAt = instant(revoked)
	k.RevokedBy, err = scanActor(revokedBy)
	return k, err
}

// Order gives the digest of the body that a payment over HTTP is bound to, nil
// when there is none.
func (s *Store) Order(ctx context.Context, id payment.ID) ([]byte, error) {
	var text string
	err := s.engine.read(ctx, query{
		text: `SELECT body_digest FROM api_order WHERE payment_id = $1`,
		args: []any{string(id)},
		each: func(scan func(...any) error) error { return scan(&text) },
	})
	if err != nil || text == "" {
		return nil, err
	}
	digest, err := hex.DecodeString(text)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "store.Order", "a stored digest does not parse")
	}
	return digest, nil
}

// BindOrder binds a payment over HTTP to the digest of its body. Conflict when it
// is bound already.
func (s *Store) BindOrder(ctx context.Context, id payment.ID, digest []byte, at time.Time) error {
	b := insertInto("api_order", "payment_id", "body_digest", "bound_at")
	b.add(string(id), hex.EncodeToString(digest), at.UnixMicro())
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.BindOrder", "another request with this idempotency key came first").
			WithHint("Send the same again: the answer is that of the first.")
	}
	return err
}

// Batch implements policy.Store.
func (s *Store) Batch(ctx context.Context, id string) (policy.KeptBatch, error) {
	const op = "store.Batch"
	kept := policy.KeptBatch{ID: id}
	var digest, by, answer string
	var at int64
	err := s.engine.read(ctx, query{
		text: `SELECT body_digest, carried_at, actor, answer FROM api_batch WHERE batch_id = $1`,
		args: []any{id},
		each: func(scan func(...any) error) error { return scan(&digest, &at, &by, &answer) },
	})
	if err != nil {
		return kept, fault.Wrap(op, err)
	}
	if digest == "" {
		return kept, fault.New(fault.NotFound, op, "no policies came under this idempotency key")
	}
	if kept.Digest, err = hex.DecodeString(digest); err != nil {
		return kept, fault.New(fault.Corrupt, op, "a stored digest does not parse")
	}
	kept.At, kept.Answer = instant(at), []byte(answer)
	kept.By, err = scanActor(by)
	return kept, err
}

// SaveBatch implements policy.Store.
func (s *Store) SaveBatch(
	ctx context.Context, held []coverage.Held, known map[coverage.Key]coverage.Held, batch policy.KeptBatch,
) error {
	bulks, err := policyBulks(held, known)
	if err != nil {
		return err
	}
	b := insertInto("api_batch", "batch_id", "body_digest", "carried_at", "actor", "answer")
	b.add(batch.ID, hex.EncodeToString(batch.Digest), batch.At.UnixMicro(), batch.By.String(), string(batch.Answer))
	return s.writePolicies(ctx, "store.SaveBatch", append(bulks, b))
}
