package registry

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// NoteAlias takes over the number that an earlier system gave an account: it
// resolves to the account for ever. Conflict when it is an issued number, or
// when the same system gave it to another account; two systems may have given
// it to two, and money that names it then waits in suspense. Noting it again
// does nothing.
func (r *Registry) NoteAlias(ctx context.Context, access audit.Access, reference string, alias billpay.Alias) error {
	const op = "registry.NoteAlias"
	if err := access.Check(); err != nil {
		return fault.Wrap(op, err)
	}
	ref, err := ParseReference(reference)
	if err != nil {
		return fault.Wrap(op, err)
	}
	found, err := Resolve(ctx, r.store, []Reference{ref})
	if err != nil {
		return fault.Wrap(op, err)
	}
	if found[0].Err != nil {
		return fault.Wrap(op, found[0].Err)
	}
	account := found[0].Given.No
	noted, err := r.isNoted(ctx, alias, account)
	if err != nil || noted {
		return fault.Wrap(op, err)
	}
	if err := r.trail.Record(ctx, access, audit.NoteAlias, account); err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, r.store.AddAlias(ctx, alias, account))
}

func (r *Registry) isNoted(ctx context.Context, alias billpay.Alias, account ledger.BookNo) (bool, error) {
	if alias.Source() == enrolment.IssuedHere {
		return false, fault.New(fault.Invalid, "", "no earlier system can be called %q", enrolment.IssuedHere)
	}
	holders, err := r.store.Holders(ctx, []string{alias.Handle()})
	if err != nil {
		return false, err
	}
	for _, h := range holders[alias.Handle()] {
		switch {
		case h.Source == alias.Source() && h.Book == account:
			return true, nil
		case h.Source == alias.Source():
			return false, fault.New(fault.Conflict, "", "this system gave the old number to another account")
		case h.Source == enrolment.IssuedHere:
			return false, fault.New(fault.Conflict, "", "the old number is the bill pay number of an account")
		}
	}
	return false, nil
}
