package suspense

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/naming"
)

// Ground is a reason for a suggestion.
type Ground string

// The grounds, strongest first.
const (
	NumberGiven Ground = "number"      // the number stands in what the payer wrote
	OldNumber   Ground = "old_number"  // an earlier system's number stands there
	KnownPayer  Ground = "known_payer" // this bank account paid it before, under this name
	NameAgrees  Ground = "name"        // the payer's name is the holder's or of who may pay
	NameLikely  Ground = "name_likely" // with an initial, or one of two family names
	NearMiss    Ground = "near_miss"   // one slip away from what was written, and no other is
	AmountOwed  Ground = "amount"      // exactly this is open there
)

var weights = map[Ground]int{
	NumberGiven: 40, OldNumber: 35, KnownPayer: 30, NameAgrees: 20, NearMiss: 10, AmountOwed: 8, NameLikely: 5,
}

// Suggestion is an account that may own the money, and why. It is for staff and is
// never shown to a payer: it tells who exists.
type Suggestion struct {
	Account ledger.BookNo
	Grounds []Ground // strongest first
	Slip    billpay.Slip
	// Certain says that the grounds would do to release it without a person.
	Certain bool
}

func (s *Suggestion) weight() int {
	sum := 0
	for _, g := range s.Grounds {
		sum += weights[g]
	}
	return sum
}

func (s *Suggestion) has(g Ground) bool { return slices.Contains(s.Grounds, g) }

const (
	suggestionsMax = 5
	// candidatesMax bounds how many numbers of a text are looked at, and namesakesMax
	// how many persons of the payer's family name.
	candidatesMax = 10
	namesakesMax  = 100
	// knownPayments is how many earlier payments make a payer known.
	knownPayments = 3
)

// suggest finds who may own an entry, best first, and records whom it names.
func (d *Desk) suggest(ctx context.Context, access audit.Access, item *Item) ([]Suggestion, error) {
	found, err := d.candidates(ctx, item)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var books []ledger.BookNo
	for _, s := range found {
		books = append(books, s.Account)
	}
	return found, d.trail.Record(ctx, access, audit.FindPerson, books...)
}

// pool gathers suggestions by account.
type pool map[ledger.BookNo]*Suggestion

func (p pool) add(account ledger.BookNo, g Ground) *Suggestion {
	if p[account] == nil {
		p[account] = &Suggestion{Account: account}
	}
	if !p[account].has(g) {
		p[account].Grounds = append(p[account].Grounds, g)
	}
	return p[account]
}

func (d *Desk) candidates(ctx context.Context, item *Item) ([]Suggestion, error) {
	p := pool{}
	numbers := billpay.CandidatesIn(item.Details.Reference, candidatesMax)
	for _, step := range []func(context.Context, *Item, pool) error{
		func(ctx context.Context, _ *Item, p pool) error { return d.byNumber(ctx, numbers, p) },
		d.byOldNumber, d.byPayer, d.byName,
	} {
		if err := step(ctx, item, p); err != nil {
			return nil, err
		}
	}
	if err := d.weigh(ctx, item, p); err != nil {
		return nil, err
	}
	if err := d.byNearMiss(ctx, item, p); err != nil {
		return nil, err
	}
	return ranked(p, len(numbers) == 1), nil
}

// ranked puts the best first. A number is certain when it is the only one written and
// the payer's name or history agrees.
func ranked(p pool, onlyNumber bool) []Suggestion {
	var all []Suggestion
	for _, s := range p {
		s.Certain = onlyNumber && s.has(NumberGiven) && (s.has(NameAgrees) || s.has(KnownPayer))
		slices.SortFunc(s.Grounds, func(a, b Ground) int { return cmp.Compare(weights[b], weights[a]) })
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(a.Account, b.Account))
	})
	return all[:min(len(all), suggestionsMax)]
}

// onFile keeps the accounts that exist and take payments, following merges.
func (d *Desk) onFile(ctx context.Context, numbers []billpay.Number) (map[billpay.Number]ledger.BookNo, error) {
	want := cashier.Want{}
	for _, n := range numbers {
		want.Books = append(want.Books, ledger.BookNo(n))
	}
	have, err := d.store.Read(ctx, want)
	found := map[billpay.Number]ledger.BookNo{}
	for _, n := range numbers {
		b, there := have.Books[ledger.BookNo(n)]
		switch {
		case !there:
		case b.Status == cashier.Open:
			found[n] = b.No
		case b.Status == cashier.Merged:
			found[n] = b.MergedInto
		}
	}
	return found, err
}

func (d *Desk) byNumber(ctx context.Context, numbers []billpay.Number, p pool) error {
	found, err := d.onFile(ctx, numbers)
	for _, account := range found {
		p.add(account, NumberGiven)
	}
	return err
}

// byOldNumber looks each word up that can be an earlier system's number.
func (d *Desk) byOldNumber(ctx context.Context, item *Item, p pool) error {
	var handles []string
	for _, word := range strings.FieldsFunc(item.Details.Reference, func(c rune) bool { return c == ' ' || c == ',' || c == ';' || c == '/' }) {
		if !strings.ContainsAny(word, "0123456789") || len(handles) == candidatesMax {
			continue
		}
		if _, err := billpay.Parse(word); err == nil {
			continue // it is a number of ours
		}
		if alias, err := billpay.ParseAlias("any", word); err == nil {
			handles = append(handles, alias.Handle())
		}
	}
	if len(handles) == 0 {
		return nil
	}
	have, err := d.store.Read(ctx, cashier.Want{Aliases: handles})
	for _, owners := range have.Aliases {
		for _, account := range owners {
			p.add(account, OldNumber)
		}
	}
	return err
}

// byPayer finds what the same payer paid before.
func (d *Desk) byPayer(ctx context.Context, item *Item, p pool) error {
	if item.Details.Payer == "" {
		return nil
	}
	counts, err := d.store.PaidBefore(ctx, item.Details.Payer)
	for account, n := range counts {
		if n >= knownPayments {
			p.add(account, KnownPayer)
		}
	}
	return err
}

// byName finds members of the payer's name, where few enough have it to say anything.
func (d *Desk) byName(ctx context.Context, item *Item, p pool) error {
	for _, family := range familyNames(item.Details.PayerName) {
		books, err := d.store.PersonsOfName(ctx, family, namesakesMax+1)
		if err != nil {
			return err
		}
		if len(books) == 0 || len(books) > namesakesMax {
			continue
		}
		members, err := d.store.Members(ctx, books)
		if err != nil {
			return err
		}
		for i := range members {
			if naming.Agree(item.Details.PayerName, nameOf(&members[i])) == naming.Same {
				p.add(ledger.BookNo(members[i].Number), NameAgrees)
			}
		}
	}
	return nil
}

// familyNames gives the words of a written name that may be a family name: the last,
// and the first where a comma follows it or names are written that way round.
func familyNames(written string) []string {
	words := strings.FieldsFunc(written, func(c rune) bool { return c == ' ' || c == ',' })
	if len(words) < 2 {
		return nil
	}
	return []string{words[len(words)-1], words[0]}
}

// weigh adds what else speaks for accounts that were found.
func (d *Desk) weigh(ctx context.Context, item *Item, p pool) error {
	for account, s := range p {
		strength, err := d.payerIs(ctx, account, item)
		if err != nil {
			return err
		}
		switch {
		case s.has(NameAgrees):
		case strength == naming.Same:
			p.add(account, NameAgrees)
		case strength == naming.Likely:
			p.add(account, NameLikely)
		}
		owed, err := d.owes(ctx, account, item)
		if err != nil {
			return err
		}
		if owed {
			p.add(account, AmountOwed)
		}
	}
	return nil
}

// owes reports whether exactly the entry's amount is open on one item, or on all, of
// the fund that received it.
func (d *Desk) owes(ctx context.Context, account ledger.BookNo, item *Item) (bool, error) {
	have, err := d.store.Read(ctx, cashier.Want{Books: []ledger.BookNo{account}})
	if err != nil {
		return false, err
	}
	all := money.Cents(0)
	for _, i := range have.Books[account].Items {
		if i.Purse.Fund != item.Purse.Fund {
			continue
		}
		if i.Open == item.Open {
			return true, nil
		}
		all += i.Open
	}
	return all == item.Open, nil
}

// byNearMiss adds the one number on file that is one slip away, if the payer's name
// agrees with it: several neighbours, or one of a stranger, are no suggestion.
func (d *Desk) byNearMiss(ctx context.Context, item *Item, p pool) error {
	near := billpay.NearMisses(item.Details.Reference)
	if len(near) == 0 || item.Details.PayerName == "" {
		return nil
	}
	numbers := make([]billpay.Number, len(near))
	slips := map[billpay.Number]billpay.Slip{}
	for i, n := range near {
		numbers[i], slips[n.Number] = n.Number, n.Slip
	}
	found, err := d.onFile(ctx, numbers)
	if err != nil || len(found) != 1 {
		return err
	}
	for n, account := range found {
		strength, err := d.payerIs(ctx, account, item)
		if err != nil || strength == naming.Different {
			return err
		}
		s := p.add(account, NearMiss)
		s.Slip = slips[n]
		if strength == naming.Same {
			p.add(account, NameAgrees)
		} else {
			p.add(account, NameLikely)
		}
	}
	return nil
}
