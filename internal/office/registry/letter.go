package registry

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
)

// MatchBirth tells a reader of a mailed letter from a stranger who has the mail: the
// birth date is the one on file of the account's person. A book of 0 is nobody's:
// a link that leads nowhere. Both misses are ErrNoMatch (fault.NotFound), are told
// to told to be counted, and are answered at a fixed moment, so that they cannot be
// told apart. A hit is one entry in the account's audit trail.
func (r *Registry) MatchBirth(ctx context.Context, access audit.Access, book ledger.BookNo, born calendar.Date, told Told) error {
	const op = "registry.MatchBirth"
	since := r.clock.Now()
	if err := access.Check(); err != nil {
		return fault.Wrap(op, err)
	}
	members, err := r.store.Members(ctx, []ledger.BookNo{book})
	if err != nil {
		return fault.Wrap(op, err)
	}
	fits := len(members) == 1 && !born.IsZero() && members[0].Record.Person.BirthDate == born
	if err := told(ctx, fits, hitNumber(book, fits)); err != nil {
		r.hold(ctx, since)
		return err
	}
	if !fits {
		r.hold(ctx, since)
		return &fault.Error{Kind: fault.NotFound, Op: op, Err: ErrNoMatch}
	}
	return fault.Wrap(op, r.trail.Record(ctx, access, audit.ReadLetter, book))
}
