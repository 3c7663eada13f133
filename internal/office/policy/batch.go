package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/audit"
)

// Batch is a handful of stated rows that another system sends under a key of its
// own. It is carried out once, in one storage transaction with its answer.
type Batch struct {
	ID     string // what the sender's key came to
	Digest []byte // of everything that the sender decided
	Rows   []Row  // proved, with Line from 1 as their places in the batch
}

// BatchMax bounds the rows of a batch, so that one transaction takes all.
const BatchMax = chunkRows

// KeptBatch is a batch that was carried out.
type KeptBatch struct {
	ID     string
	Digest []byte
	At     time.Time
	By     ident.Actor
	Answer []byte // a Carried
}

// Carried is what became of a batch.
type Carried struct {
	At     time.Time   `json:"at"`
	Report Report      `json:"report"`
	Rows   []RowResult `json:"rows"` // in the batch's order
	// Replayed says that the batch came before and this is what became of it then.
	Replayed bool `json:"-"`
}

// RowResult is what became of one row.
type RowResult struct {
	Outcome Outcome      `json:"outcome"`
	Member  ident.Opaque `json:"member,omitempty"` // of the subscriber's account, where there is one
}

// CarryOut carries a batch out, or gives what became of it when it came before. A
// row that names nobody, or that contradicts what is on file, is refused by itself,
// as in a file. Conflict when the key was used for other content.
func (p *Policies) CarryOut(ctx context.Context, access audit.Access, batch Batch) (Carried, error) {
	const op = "policy.CarryOut"
	if err := access.Check(); err != nil {
		return Carried{}, fault.Wrap(op, err)
	}
	if len(batch.Rows) == 0 || len(batch.Rows) > BatchMax {
		return Carried{}, fault.New(fault.Invalid, op, "a batch has 1 to %d rows", BatchMax)
	}
	for range retriesMax {
		before, err := p.Carried(ctx, batch.ID, batch.Digest)
		if fault.KindOf(err) != fault.NotFound {
			return before, err
		}
		c, err := p.read(ctx, batch.Rows)
		if err != nil {
			return Carried{}, fault.Wrap(op, err)
		}
		c.decideAll()
		c.report.Verdict = fault.Accept
		done := Carried{At: p.clock.Now().UTC(), Report: c.report, Rows: c.results()}
		answer, err := json.Marshal(&done)
		if err != nil {
			return Carried{}, fault.Wrap(op, err)
		}
		if len(c.changed) > 0 {
			if err := p.trail.Record(ctx, access, audit.Enrol, c.books()...); err != nil {
				return Carried{}, fault.Wrap(op, err)
			}
		}
		kept := KeptBatch{ID: batch.ID, Digest: batch.Digest, At: done.At, By: access.Actor(), Answer: answer}
		if err = p.store.SaveBatch(ctx, c.changed, c.known, kept); fault.KindOf(err) != fault.Conflict {
			return done, fault.Wrap(op, err)
		}
	}
	return Carried{}, fault.New(fault.Unavailable, op, "policies moved too often; try again")
}

// Carried gives what became of a batch. NotFound when none was carried out under
// the id, Conflict when the one that was has another digest; a nil digest asks for
// whichever it was.
func (p *Policies) Carried(ctx context.Context, id string, digest []byte) (Carried, error) {
	const op = "policy.Carried"
	kept, err := p.store.Batch(ctx, id)
	if err != nil {
		return Carried{}, fault.Wrap(op, err)
	}
	if digest != nil && !bytes.Equal(kept.Digest, digest) {
		return Carried{}, fault.New(fault.Conflict, op, "this idempotency key was used for policies with other content").
			WithHint("Use a new key for new content; to learn what became of the first, ask by its key.")
	}
	done := Carried{Replayed: true}
	if err := json.Unmarshal(kept.Answer, &done); err != nil {
		return Carried{}, fault.New(fault.Corrupt, op, "the kept answer to a batch does not parse")
	}
	return done, nil
}

// results gives what became of each row, in the order in which the rows came.
func (c *chunk) results() []RowResult {
	results := make([]RowResult, len(c.decisions))
	for _, d := range c.decisions {
		results[d.row.Line-1] = RowResult{d.outcome, d.who.opaque}
	}
	return results
}
