package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// legacySource is the source name under which a reference is normalised when it
// is looked up: the look-up spans every source.
const legacySource = "any"

// reference is what a part's text may name.
type reference struct {
	number ledger.BookNo // when it reads as a bill pay number
	alias  string        // when it may be an old number
	slip   suspense.Reason
}

// read takes a reference apart without asking whether anything exists.
func read(text string) reference {
	var ref reference
	if alias, err := billpay.ParseAlias(legacySource, text); err == nil {
		ref.alias = alias.Handle()
	}
	number, err := billpay.Parse(text)
	if err == nil {
		ref.number = ledger.BookNo(number)
		return ref
	}
	ref.slip = suspense.NoNumber
	if billpay.ReasonOf(err) == billpay.CheckDigit {
		ref.slip = suspense.CheckDigit
	}
	return ref
}

// resolve finds the billing account that a part's reference names, following a
// merge, or the reason why the money has no certain owner.
func (d *desk) resolve(part *payment.Part) (*openBook, suspense.Reason) {
	if part.Doubt != "" {
		return nil, part.Doubt
	}
	ref := read(part.Reference)
	b := d.books[ref.number]
	if b == nil {
		owners := d.have.Aliases[ref.alias]
		if len(owners) > 1 {
			return nil, suspense.AmbiguousAlias
		}
		if len(owners) == 1 {
			b = d.books[owners[0]]
		}
	}
	b = d.survivor(b)
	switch {
	case b == nil && ref.number != 0:
		return nil, suspense.UnknownNumber
	case b == nil:
		return nil, ref.slip
	case b.Status != Open:
		return nil, suspense.AccountBlocked
	}
	return b, ""
}

// survivor follows merges to the billing account that took the place of b,
// however often a survivor was merged itself. Only open accounts are merged, so
// the way has no circle; the count of books keeps a damaged one from being endless.
func (d *desk) survivor(b *openBook) *openBook {
	for hops := 0; b != nil && b.Status == Merged && hops < len(d.books); hops++ {
		b = d.books[b.MergedInto]
	}
	return b
}

// gather reads what want names and everything that follows from it: survivors
// of merges, debtors, and old numbers where a well-formed number was not issued.
func (c *Cashier) gather(ctx context.Context, want Want) (Have, error) {
	spare := want.spare
	all := Have{
		Claims:  map[payment.ID]StoredClaim{},
		Books:   map[ledger.BookNo]Book{},
		Aliases: map[string][]ledger.BookNo{},
	}
	asked := map[ledger.BookNo]bool{}
	for { // no book is asked for twice, so this ends
		want.ToWrite = true
		have, err := c.store.Read(ctx, want)
		if err != nil {
			return Have{}, fault.Wrap("cashier.gather", err)
		}
		for _, no := range want.Books {
			asked[no] = true
		}
		want = Want{}
		follow := func(no ledger.BookNo) {
			if no != 0 && !asked[no] {
				asked[no] = true
				want.Books = append(want.Books, no)
			}
		}
		for id, claim := range have.Claims {
			all.Claims[id] = claim
		}
		for alias, owners := range have.Aliases {
			all.Aliases[alias] = owners
			for _, no := range owners {
				follow(no)
			}
		}
		for no, alias := range spare {
			if _, issued := have.Books[no]; !issued {
				want.Aliases = append(want.Aliases, alias)
			}
		}
		spare = nil
		for no, b := range have.Books {
			all.Books[no] = b
			follow(b.MergedInto)
			follow(b.Debtors.Premium)
			follow(b.Debtors.Medical)
			follow(b.Debtors.Pharmacy)
		}
		if len(want.Books) == 0 && len(want.Aliases) == 0 {
			return all, nil
		}
	}
}
