package suspense

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/naming"
)

// matcher is who acts when no person does.
var matcher = ident.Actor{Kind: ident.System, Name: "wire-matching"}

// matchPage is how many entries are read at a time.
const matchPage = 200

// Tally counts what Match did.
type Tally struct {
	Looked, Matched int
}

// Match gives wires in suspense to their owners where that is certain: one number
// alone stands in the text, its account is on file, and the payer is a person who may
// pay it (the holder, a guarantor, an authorised payer, somebody of the household) or
// the same bank account and name paid it three times before. It is safe to repeat.
func (d *Desk) Match(ctx context.Context) (Tally, error) {
	const op = "suspense.Match"
	var tally Tally
	access, err := audit.By(matcher, "wire: is the number in the text the payer's", "matching")
	if err != nil {
		return tally, fault.Wrap(op, err)
	}
	for after := (Cursor{}); ; {
		entries, err := d.store.SuspenseAfter(ctx, after, matchPage)
		if err != nil || len(entries) == 0 {
			return tally, fault.Wrap(op, err)
		}
		for i := range entries {
			e := &entries[i]
			after = Cursor{e.Received, e.Book, e.Seq}
			if e.Rail != payment.Wire || e.Reason != why.FreeText || e.Open != e.Amount {
				continue
			}
			tally.Looked++
			matched, err := d.match(ctx, access, e)
			if err != nil {
				return tally, fault.Wrap(op, err)
			}
			if matched {
				tally.Matched++
			}
		}
	}
}

func (d *Desk) match(ctx context.Context, access audit.Access, e *cashier.SuspenseEntry) (bool, error) {
	item := ofEntry(e)
	events, err := d.store.HeldEvents(ctx, item.Ref)
	if err != nil {
		return false, err
	}
	if d.judge(&item, events); item.Waiting || item.Owner != "" {
		return false, nil // a person has it
	}
	account, number, err := d.certain(ctx, access, &item)
	if err != nil || account == 0 {
		return false, err
	}
	name, err := d.Name(ctx, item.Ref)
	if err != nil {
		return false, err
	}
	order := cashier.Order{
		Key: ident.Key("matched:" + name), Actor: matcher,
		Reason: "the only number in the wire's text, and the payer's name or history agrees with its account",
	}
	done, err := d.books.Release(ctx, order, item.Ref, 0, cashier.Target{Reference: number.Digits()})
	if err != nil {
		return false, err
	}
	_, err = d.done(ctx, "suspense.match", Order{Order: order, Ref: item.Ref}, done, Event{Kind: Matched, To: account, Amount: item.Open}, nil)
	return err == nil, err
}

// certain gives the account of the only number in a text, when the payer agrees.
func (d *Desk) certain(ctx context.Context, access audit.Access, item *Item) (ledger.BookNo, billpay.Number, error) {
	numbers := billpay.CandidatesIn(item.Details.Reference, 2)
	if len(numbers) != 1 {
		return 0, 0, nil
	}
	found, err := d.onFile(ctx, numbers)
	account, onFile := found[numbers[0]]
	if err != nil || !onFile {
		return 0, 0, err
	}
	if err := d.trail.Record(ctx, access, audit.FindPerson, account); err != nil {
		return 0, 0, err
	}
	known, err := d.paid(ctx, account, item.Details.Payer)
	if err != nil || known {
		return account, numbers[0], err
	}
	strength, err := d.payerIs(ctx, account, item)
	if err != nil || strength != naming.Same {
		return 0, 0, err
	}
	return account, numbers[0], nil
}

func (d *Desk) paid(ctx context.Context, account ledger.BookNo, print string) (bool, error) {
	if print == "" {
		return false, nil
	}
	counts, err := d.store.PaidBefore(ctx, print)
	return counts[account] >= knownPayments, err
}

// payerIs tells how well an item's payer's name agrees with somebody who pays for an account:
// its holder, the household, who answers for the holder, and who was authorised to pay.
func (d *Desk) payerIs(ctx context.Context, account ledger.BookNo, item *Item) (naming.Strength, error) {
	written := item.Details.PayerName
	if written == "" {
		return naming.Different, nil
	}
	books, err := d.payersOf(ctx, account, d.house.PostingDay(item.Purse.Entity))
	if err != nil {
		return naming.Different, err
	}
	members, err := d.store.Members(ctx, books)
	if err != nil {
		return naming.Different, err
	}
	best := naming.Different
	for i := range members {
		best = max(best, naming.Agree(written, nameOf(&members[i])))
	}
	for _, book := range books {
		if slices.ContainsFunc(members, func(m enrolment.Member) bool { return ledger.BookNo(m.Number) == book }) {
			continue
		}
		o, err := d.store.Organisation(ctx, book)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return naming.Different, err
		}
		if err == nil {
			best = max(best, naming.AgreeOrganisation(written, o.Name))
		}
	}
	return best, nil
}

func nameOf(m *enrolment.Member) naming.Person {
	n := m.Record.Person.Name
	return naming.Person{First: n.First, Middle: n.Middle, Last: n.Last, Suffix: n.Suffix}
}

// payersOf lists the accounts of those who pay for one.
func (d *Desk) payersOf(ctx context.Context, account ledger.BookNo, today calendar.Date) ([]ledger.BookNo, error) {
	books := []ledger.BookNo{account}
	members, err := d.store.Members(ctx, books)
	if err != nil || len(members) == 0 {
		return books, err
	}
	m := &members[0]
	household, err := d.store.HouseholdOf(ctx, m.Standing.Subscriber)
	if err != nil {
		return nil, err
	}
	books = append(books, household...)
	for _, n := range []billpay.Number{m.Standing.Subscriber, m.Standing.Guarantor} {
		if !n.IsZero() {
			books = append(books, ledger.BookNo(n))
		}
	}
	ties, err := d.store.Ties(ctx, billpay.Number(account))
	if err != nil {
		return nil, err
	}
	books = append(books, tied(&ties, today)...)
	slices.Sort(books)
	return slices.Compact(books), nil
}

// tied gives who may act or pay for a person on a day. Whom it was refused to for the
// person's safety is not among them.
func tied(ties *registry.Ties, today calendar.Date) []ledger.BookNo {
	during := func(from, to calendar.Date) bool { return !today.Before(from) && (to.IsZero() || !today.After(to)) }
	var books []ledger.BookNo
	for _, r := range ties.Representations {
		if !r.Endangered && during(r.From, r.To) {
			books = append(books, ledger.BookNo(r.By))
		}
	}
	for _, g := range ties.Grants {
		revoked := !g.Revoked.IsZero() && !today.Before(g.Revoked)
		if g.Scope != member.NoScope && !revoked && during(g.From, g.Expires) {
			books = append(books, ledger.BookNo(g.To))
		}
	}
	return books
}
