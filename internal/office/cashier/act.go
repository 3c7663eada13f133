package cashier

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Order is what every operation by staff or by a run carries: a key that binds
// it to its content for ever, who acts, and why.
type Order struct {
	Key    ident.Key
	Actor  ident.Actor
	Reason string
}

func (o Order) validate(op string, needsReason bool) error {
	if _, err := ident.ParseKey(string(o.Key)); err != nil {
		return fault.New(fault.Invalid, op, "%v", err)
	}
	if o.Actor.IsZero() {
		return fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	if needsReason && o.Reason == "" {
		return fault.New(fault.Invalid, op, "say why: the reason stands in the books beside the correction")
	}
	if len(o.Reason) > ledger.ReasonMax {
		return fault.New(fault.Invalid, op, "the reason is longer than %d bytes", ledger.ReasonMax)
	}
	return nil
}

// Done is what an operation did.
type Done struct {
	ID       payment.ID // of the operation, computed from its key
	Replayed bool       // the key had been used for the same content; nothing was done again
	Refs     []Ref      // the transactions that carried it out
}

// act carries out one keyed operation: it reads, decides and writes until the
// books stand still for it. Content is what the key is bound to. Decide posts to
// the desk and returns the transactions made; its first transaction must carry
// the claim's digest among its documents.
func (c *Cashier) act(
	ctx context.Context, act payment.Act, order Order, content any, want Want,
	decide func(d *desk, claim *payment.Claim) ([]Ref, error),
) (Done, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return Done{}, fault.Wrap("cashier.act", err)
	}
	claim := payment.Claim{
		ID: payment.IDOf(order.Key), Key: order.Key, Act: act, Body: sha256.Sum256(append([]byte(act+"\x00"), body...)),
		Actor: order.Actor,
	}
	want.Claims = append(want.Claims, claim.ID)
	for range retriesMax {
		done, err := c.actOnce(ctx, claim, want, decide)
		if !errors.Is(err, ErrStale) {
			return done, err
		}
		if ctx.Err() != nil {
			return Done{}, ctx.Err()
		}
	}
	return Done{}, fault.New(fault.Unavailable, "cashier.act", "the books moved too often; try again")
}

func (c *Cashier) actOnce(
	ctx context.Context, claim payment.Claim, want Want, decide func(d *desk, claim *payment.Claim) ([]Ref, error),
) (Done, error) {
	have, err := c.gather(ctx, want)
	if err != nil {
		return Done{}, err
	}
	if earlier, taken := have.Claims[claim.ID]; taken {
		if earlier.Body != claim.Body {
			return Done{}, fault.New(fault.Conflict, "cashier.act",
				"this idempotency key was used for an operation with other content")
		}
		return Done{ID: earlier.ID, Replayed: true, Refs: earlier.Answer}, nil
	}
	d := newDesk(c.clock.Now(), have)
	claim.RecordedAt = d.now
	refs, err := decide(d, &claim)
	if err != nil {
		return Done{}, err
	}
	d.writes.Claims = append(d.writes.Claims, StoredClaim{Claim: claim, Answer: refs})
	if err := c.store.Write(ctx, d.finish()); err != nil {
		return Done{}, err
	}
	return Done{ID: claim.ID, Refs: refs}, nil
}
