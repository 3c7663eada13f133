package registry

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Guest is the billing account that a guest named. It holds no name, no amount
// and no coverage, for a guest is shown none.
type Guest struct {
	Account ident.Opaque
	Number  billpay.Number // of the account that stands now, after merges; masks itself
}

// ErrNoMatch is the one answer to an unknown number, to a fact that is not on
// file, and to an account that takes no payments.
var ErrNoMatch = errors.New("the number and the ZIP code or last name do not go together")

// Filed is what the directory has of an account for a guest's question.
type Filed struct {
	Book       ledger.BookNo
	Opaque     ident.Opaque
	Status     cashier.Status
	MergedInto ledger.BookNo
	Facts      member.OnFile
	Trail      audit.Head // where the account's audit trail stands
}

// Told is told what a look-up came to before anything of it is given away, for
// package limit to count, and on a hit whose account it was. Its error is given in
// place of the answer, and at the moment of a miss, so that whoever may not know
// cannot tell the two apart.
type Told func(ctx context.Context, hit bool, number billpay.Number) error

// Match finds the billing account that a guest names by its number, or an old
// number of an earlier system, when the fact beside it is on file: the ZIP code
// of a current address or the last name, for an organisation its name. Numbers
// lead where a payment with them would. Everything that does not go together is
// ErrNoMatch (fault.NotFound); a text that can be no number or no fact is
// fault.Invalid, which says nothing about who is on file.
//
// Every miss makes the same look-ups and comparisons: where a number is not on
// file, the account with the next number stands in for it. And it is answered at
// a fixed moment after the call began, so that what is left of a difference does
// not show. A hit is one entry in the account's audit trail; a miss is nobody's
// and is for told to count.
func (r *Registry) Match(ctx context.Context, access audit.Access, number, fact string, told Told) (Guest, error) {
	const op = "registry.Match"
	since := r.clock.Now()
	if err := access.Check(); err != nil {
		return Guest{}, fault.Wrap(op, err)
	}
	named, err := readNumber(number)
	if err != nil {
		return Guest{}, fault.Wrap(op, err)
	}
	typed, err := member.ParseFact(fact)
	if err != nil {
		return Guest{}, fault.Wrap(op, err)
	}
	filed, fits, err := r.match(ctx, named, typed)
	if err != nil {
		return Guest{}, fault.Wrap(op, err)
	}
	if err := told(ctx, fits, hitNumber(filed.Book, fits)); err != nil {
		r.hold(ctx, since)
		return Guest{}, err
	}
	if !fits {
		r.hold(ctx, since)
		return Guest{}, &fault.Error{Kind: fault.NotFound, Op: op, Err: ErrNoMatch}
	}
	if err := r.trail.RecordAfter(ctx, access, audit.MatchGuest, filed.Book, filed.Trail); err != nil {
		return Guest{}, fault.Wrap(op, err)
	}
	return Guest{filed.Opaque, billpay.Number(filed.Book)}, nil
}

func hitNumber(book ledger.BookNo, hit bool) billpay.Number {
	if !hit {
		return 0
	}
	return billpay.Number(book)
}

// readNumber reads a number or old number; unlike staff, a guest names nothing
// by an opaque id.
func readNumber(text string) (Reference, error) {
	var ref Reference
	if alias, err := billpay.ParseAlias(anySource, text); err == nil {
		ref.Handle = alias.Handle()
	}
	number, err := billpay.Parse(text)
	if err != nil && ref.Handle == "" {
		return ref, err
	}
	ref.Number = number
	return ref, nil
}

// survivorsMax bounds how far merges are followed here, where a decoy may have been
// merged too. Only a damaged book leads further.
const survivorsMax = 64

// match gives the account that a reference leads to, and whether it exists, takes
// payments and has the fact.
func (r *Registry) match(ctx context.Context, named Reference, fact member.Fact) (Filed, bool, error) {
	filed, owner, err := r.store.Nearest(ctx, ledger.BookNo(named.Number), named.Handle)
	if err != nil {
		return Filed{}, false, err
	}
	exists := filed.Book != 0 && filed.Book == ledger.BookNo(named.Number)
	if !exists && owner != 0 {
		if filed, _, err = r.store.Nearest(ctx, owner, ""); err != nil {
			return Filed{}, false, err
		}
		exists = filed.Book == owner
	}
	fits := fact.Fits(filed.Facts)
	// The person of a merged number and its survivor are one, whose name or address
	// may have changed in between: either's will do.
	for hops := 0; filed.Status == cashier.Merged && hops < survivorsMax; hops++ {
		into := filed.MergedInto
		if filed, _, err = r.store.Nearest(ctx, into, ""); err != nil {
			return Filed{}, false, err
		}
		exists = exists && filed.Book == into
		fits = fact.Fits(filed.Facts) || fits
	}
	return filed, exists && fits && filed.Status == cashier.Open, nil
}

// missMoment is when a miss is answered. It is longer than the look-ups take on a
// busy machine, and short enough for a person who mistyped.
const missMoment = 400 * time.Millisecond

// Hold delays an answer until a moment that depends only on when the call began.
type Hold func(ctx context.Context, since time.Time)

// HoldMisses has misses of Match and Bill wait by another rule than the fixed
// moment, for tests. It is called before the registry is used.
func (r *Registry) HoldMisses(hold Hold) { r.hold = hold }

// holdUntilMoment answers at the fixed moment; what took longer waits for the
// next one, so that a slow answer still says nothing.
func holdUntilMoment(clk clock.Clock) Hold {
	return func(ctx context.Context, since time.Time) {
		timer := time.NewTimer(untilMoment(clk.Now().Sub(since)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// untilMoment is how long a miss waits whose look-ups took so long.
func untilMoment(took time.Duration) time.Duration { return missMoment - took%missMoment }
