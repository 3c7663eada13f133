// Package registry shows the people on file: to staff and integrators' keys, who
// must say who they are and why, and to whoever the rules of privacy allow.
//
// It knows how any reference leads to a billing account, what stands on one, and
// who may see it. It changes nobody's record but for representatives and
// authorised payers. It knows no screen and no SQL.
//
// Invariants: every function that gives a person's data takes an audit.Access
// and writes to the audit trail before it answers; when that fails it gives
// nothing. Numbers mask themselves wherever they are printed. Start reading at
// Account; Resolve in resolve.go finds accounts and gives no person's data, and
// Match in guest.go answers strangers.
package registry

import (
	"context"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// Store keeps people and their accounts. Its methods return errors of package fault.
type Store interface {
	Directory
	audit.Store
	// Members loads members by number, in ascending number; numbers that are not a
	// member's are left out.
	Members(ctx context.Context, books []ledger.BookNo) ([]enrolment.Member, error)
	// HouseholdOf lists the members of a subscriber's household.
	HouseholdOf(ctx context.Context, subscriber billpay.Number) ([]ledger.BookNo, error)
	// Organisation loads an employer, sponsor or agency. NotFound when there is none.
	Organisation(ctx context.Context, book ledger.BookNo) (enrolment.Organisation, error)
	// UnappliedOf lists the unapplied money of a book, oldest first.
	UnappliedOf(ctx context.Context, book ledger.BookNo) ([]cashier.Unapplied, error)
	// FindPersons lists members of a last name, whatever its letter case and
	// punctuation, and a birth date, at most so many.
	FindPersons(ctx context.Context, last string, born calendar.Date, most int) ([]ledger.BookNo, error)
	// ListMembers lists members that a filter fits, in ascending number after a
	// number, at most so many.
	ListMembers(ctx context.Context, filter Filter, after billpay.Number, most int) ([]ledger.BookNo, error)
	// Ties lists who stands in or pays for a person.
	Ties(ctx context.Context, subject billpay.Number) (Ties, error)
	// AddRepresentation and AddGrant record a tie. Conflict when another was
	// recorded meanwhile.
	AddRepresentation(ctx context.Context, subject billpay.Number, tie Representation) error
	AddGrant(ctx context.Context, subject billpay.Number, tie Grant) error
	// AddAlias adds an old number to the directory. Conflict when its source has it already.
	AddAlias(ctx context.Context, alias billpay.Alias, book ledger.BookNo) error
	// Nearest gives the account with a number or, when there is none, the one with
	// the next higher number or the last one, and the one account to which earlier
	// systems gave an old number, or 0. It does the same work whether or not the
	// number exists.
	Nearest(ctx context.Context, number ledger.BookNo, handle string) (Filed, ledger.BookNo, error)
	// CodedBill gives what a statement code stands for; of one that was never given
	// out the Book is 0.
	CodedBill(ctx context.Context, code secret.Text) (CodedBill, error)
	// RevokeGrants ends every grant of a subject to a payer from a day on.
	RevokeGrants(ctx context.Context, subject, payer billpay.Number, from calendar.Date) error
}

// House is what the registry must know of the installation.
type House interface {
	// Region finds a region's pack.
	Region(id region.ID) (region.Pack, bool)
}

// Registry shows the people on file.
type Registry struct {
	store Store
	house House
	clock clock.Clock
	trail *audit.Trail
	hold  Hold // of what a guest asked in vain
}

// New makes a registry.
func New(store Store, house House, clk clock.Clock) *Registry {
	return &Registry{store, house, clk, audit.New(store, clk), holdUntilMoment(clk)}
}

// Account is a billing account as staff see it.
type Account struct {
	Number       billpay.Number // masks itself when printed
	Opaque       ident.Opaque
	Status       cashier.Status
	Merged       bool             // another number was given, which was merged into this one
	Kind         member.PartyKind // what of the following is filled
	Organisation string
	Person       member.Person // without the social security number
	HasSSN       bool
	Relationship member.Relationship
	Standing     enrolment.Standing
	Owing        enrolment.Owing // who owes today; 0 is the person
	Coverages    []member.Coverage
	Conflicts    int // values that a source states against our file, for staff to settle
	Household    []Relative
	Funds        []FundItems
	Unapplied    []cashier.Unapplied
}

// Relative is somebody of the same household.
type Relative struct {
	Number       billpay.Number
	Opaque       ident.Opaque
	Name         member.Name
	Relationship member.Relationship
	Minor        bool
}

// FundItems is what is open in one fund: items in the account's own book, and
// items about its person in a debtor's.
type FundItems struct {
	Fund  chart.Fund
	Open  money.Cents
	Items []openitem.Item
}

// Account shows a billing account to staff or to a key. A reference that leads
// nowhere is fault.NotFound, an old number of several accounts fault.Conflict.
func (r *Registry) Account(ctx context.Context, access audit.Access, reference string) (Account, error) {
	const op = "registry.Account"
	if err := access.Check(); err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	ref, err := ParseReference(reference)
	if err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	found, err := Resolve(ctx, r.store, []Reference{ref})
	if err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	if found[0].Err != nil {
		if err := r.trail.Record(ctx, access, audit.ReadAccount); err != nil {
			return Account{}, fault.Wrap(op, err)
		}
		return Account{}, fault.Wrap(op, found[0].Err)
	}
	if err := r.trail.Record(ctx, access, audit.ReadAccount, found[0].Book.No); err != nil {
		return Account{}, fault.Wrap(op, err)
	}
	a, err := r.account(ctx, found[0])
	return a, fault.Wrap(op, err)
}

func (r *Registry) account(ctx context.Context, found Found) (Account, error) {
	b := found.Book
	a := Account{Number: billpay.Number(b.No), Status: b.Status, Merged: found.Given.No != b.No}
	members, err := r.store.Members(ctx, []ledger.BookNo{b.No})
	if err != nil {
		return a, err
	}
	if len(members) == 0 {
		o, err := r.store.Organisation(ctx, b.No)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return a, err
		}
		a.Kind, a.Organisation, a.Opaque = o.Kind, o.Name, o.Opaque
	} else if err := r.fillMember(ctx, &a, &members[0]); err != nil {
		return a, err
	}
	if a.Funds, err = r.openItems(ctx, b); err != nil {
		return a, err
	}
	a.Unapplied, err = r.store.UnappliedOf(ctx, b.No)
	a.Unapplied = slices.DeleteFunc(a.Unapplied, func(u cashier.Unapplied) bool { return u.Open == 0 })
	return a, err
}

func (r *Registry) fillMember(ctx context.Context, a *Account, m *enrolment.Member) error {
	a.Kind, a.Opaque, a.Person, a.Relationship = member.MemberParty, m.Opaque, m.Record.Person, m.Record.Relationship
	a.Standing, a.Owing, a.Coverages = m.Standing, m.Owing, m.Record.Coverages
	a.HasSSN, a.Person.SSN = !m.Record.Person.SSN.IsZero(), secret.Text{}
	for _, c := range m.Record.Conflicts {
		if !c.Refused {
			a.Conflicts++
		}
	}
	books, err := r.store.HouseholdOf(ctx, m.Standing.Subscriber)
	if err != nil {
		return err
	}
	household, err := r.store.Members(ctx, books)
	if err != nil {
		return err
	}
	for i := range household {
		if o := &household[i]; o.Number != m.Number {
			a.Household = append(a.Household, Relative{
				o.Number, o.Opaque, o.Record.Person.Name, o.Record.Relationship, o.Record.Person.MinorOn(r.today(o)),
			})
		}
	}
	return nil
}

// openItems gives what is open, by fund, in a book and about its person in the
// books of who owes for them.
func (r *Registry) openItems(ctx context.Context, b cashier.Book) ([]FundItems, error) {
	books := []ledger.BookNo{b.No}
	for _, fund := range chart.Funds() {
		if debtor := b.Debtors.For(fund, b.No); !slices.Contains(books, debtor) {
			books = append(books, debtor)
		}
	}
	have, err := r.store.Read(ctx, cashier.Want{Books: books})
	if err != nil {
		return nil, err
	}
	var funds []FundItems
	for _, fund := range chart.Funds() {
		of := FundItems{Fund: fund}
		for _, no := range books {
			for _, item := range have.Books[no].Items {
				if item.Purse.Fund == fund && (no == b.No || item.About == b.No) {
					of.Items, of.Open = append(of.Items, item), of.Open+item.Open
				}
			}
		}
		funds = append(funds, of)
	}
	return funds, nil
}

// today is the civil date of a member's region; see enrolment for one without.
func (r *Registry) today(m *enrolment.Member) calendar.Date {
	now := r.clock.Now()
	if pack, ok := r.house.Region(region.ID(m.Record.Person.Region)); ok && pack.Zone != nil {
		return calendar.In(now, pack.Zone)
	}
	return calendar.In(now, now.Location())
}

// findMax bounds how many people a search may show.
const findMax = 50

// Find lists people by last name and birth date, and by first name where one is
// given. Both of the former are needed: a search by one alone would show people
// whom nobody asked for (45 CFR 164.502(b)).
func (r *Registry) Find(ctx context.Context, access audit.Access, name member.Name, born calendar.Date) ([]Relative, error) {
	const op = "registry.Find"
	if err := access.Check(); err != nil {
		return nil, fault.Wrap(op, err)
	}
	if strings.TrimSpace(name.Last) == "" || born.IsZero() {
		return nil, fault.New(fault.Invalid, op, "a search needs the last name and the birth date")
	}
	books, err := r.store.FindPersons(ctx, name.Last, born, findMax)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	members, err := r.store.Members(ctx, books)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var found []Relative
	var shown []ledger.BookNo
	for i := range members {
		m := &members[i]
		if name.First != "" && !strings.EqualFold(m.Record.Person.Name.First, name.First) {
			continue
		}
		found = append(found, Relative{
			m.Number, m.Opaque, m.Record.Person.Name, m.Record.Relationship, m.Record.Person.MinorOn(r.today(m)),
		})
		shown = append(shown, ledger.BookNo(m.Number))
	}
	if err := r.trail.Record(ctx, access, audit.FindPerson, shown...); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return found, nil
}
