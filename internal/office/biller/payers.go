package biller

import (
	"context"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// PremiumRun is the kind of the run that bills a month's premiums.
const PremiumRun = "premium"

// PayerSource is the source of ids under which payers are registered here; those
// that a file enrols have the file's.
const PayerSource = "payer"

// ExpectedFromCMS says of what CMS owes that it comes with CMS's payments: what
// SSA and RRB withhold is neither the member's debt nor billed to anybody.
const ExpectedFromCMS = "EXPECTED_FROM_CMS"

// Payer is an organisation that owes premiums of others: it has a billing account
// like anybody, and is no person.
type Payer struct {
	Number billpay.Number
	Opaque ident.Opaque
	Kind   member.PartyKind
	Owner  premium.Owner // what of the premium lines it owes: employer, hhs, cms, state
	State  string        // of a state's agency: whose policies it pays for
	Name   string
	Group  string   // the employer's group, by its own id
	IDs    []string // by which its remittances name it, such as a tax id
}

// OwesOf gives the owners of premium lines that the payer pays for: what SSA and
// RRB withhold is paid out by CMS.
func (p *Payer) OwesOf() []premium.Owner {
	if p.Owner == premium.CMS {
		return []premium.Owner{premium.CMS, premium.SSA, premium.RRB}
	}
	return []premium.Owner{p.Owner}
}

// NumberedRun is a run that was begun.
type NumberedRun struct {
	No int64
	Run
}

// Owed is what a run's lines make one party owe for a month.
type Owed struct {
	Owner premium.Owner
	Group billpay.Number // of an employer; 0 when the policies name none
	State string         // of a state's subsidy
	Month calendar.Month
	Cents money.Cents
}

// ListCharge is what a run made an employer owe for a policy's month.
type ListCharge struct {
	Policy coverage.Key
	Month  calendar.Month
	Cents  money.Cents
	Before bool // the month had been billed before
}

// PayerStore keeps payers and what was billed to them. Its methods return errors
// of package fault.
type PayerStore interface {
	// Reserve reserves numbers and gives those that were free.
	Reserve(ctx context.Context, numbers []billpay.Number) (free []billpay.Number, err error)
	// Identifying gives those of some texts that are somebody's id or telephone number.
	Identifying(ctx context.Context, digits []string) (map[string]bool, error)
	// AddPayer opens a payer's account. Conflict when an id of it, or what it owes, is
	// another's already.
	AddPayer(ctx context.Context, p Payer, entry audit.Entry) error
	// AuditHeads tells where the audit trails of books stand.
	AuditHeads(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]audit.Head, error)
	// AddressPayer keeps where an organisation's bills go, and the region whose office
	// writes to it. Conflict when its audit trail went on since it was read.
	AddressPayer(ctx context.Context, number billpay.Number, to member.Address, at region.ID, entry audit.Entry) error
	// Payers gives every organisation that has an account, in the order of numbers.
	Payers(ctx context.Context) ([]Payer, error)
	// RunsToBill gives the premium runs that are not marked as billed to everybody who
	// owes of them, in order.
	RunsToBill(ctx context.Context) ([]NumberedRun, error)
	// MarkPayersBilled marks a premium run so.
	MarkPayersBilled(ctx context.Context, run Run) error
	// OwedByOthers adds up a run's lines that are not the members'.
	OwedByOthers(ctx context.Context, run int64) ([]Owed, error)
	// BilledToPayers gives what was billed to payers of a run.
	BilledToPayers(ctx context.Context, run int64) ([]cashier.PayerCharge, error)
	// PayerCharges gives what was billed to a payer, in the order of runs and months.
	PayerCharges(ctx context.Context, book ledger.BookNo) ([]cashier.PayerCharge, error)
	// ListCharges gives what a run made a group's employer owe, by policy and month.
	ListCharges(ctx context.Context, run int64, group billpay.Number) ([]ListCharge, error)
	// PoliciesOf, LastInvoices and PaidSince are as of PolicyStore.
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	LastInvoices(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]LastInvoice, error)
	PaidSince(ctx context.Context, last map[ledger.BookNo]LastInvoice) (map[ledger.BookNo][]invoice.Payment, error)
}

// Payers registers payers and bills them what premium runs made them owe.
type Payers struct {
	Store   PayerStore
	Cashier *cashier.Cashier
	House   House
	Issuer  *billpay.Issuer // of their numbers
	Clock   clock.Clock
	RemitTo invoice.Address
}

// numbersTried is how many numbers are drawn at once until one is free.
const numbersTried = 8

// Add registers a payer and gives it with its number. Invalid when something of it
// is missing or contradicts itself, Conflict when it is registered already.
func (b *Payers) Add(ctx context.Context, access audit.Access, p Payer) (Payer, error) {
	const op = "biller.AddPayer"
	if err := access.Check(); err != nil {
		return p, fault.Wrap(op, err)
	}
	if err := p.check(); err != nil {
		return p, err
	}
	p.Opaque, p.Kind = ident.NewOpaque(), member.AgencyParty
	if p.Owner == premium.Employer {
		p.Kind = member.EmployerParty
	}
	for p.Number.IsZero() {
		drawn := b.Issuer.Draw(numbersTried)
		texts := make([]string, len(drawn))
		for i, n := range drawn {
			texts[i] = n.Digits()
		}
		taken, err := b.Store.Identifying(ctx, texts)
		if err != nil {
			return p, fault.Wrap(op, err)
		}
		drawn = slices.DeleteFunc(drawn, func(n billpay.Number) bool { return taken[n.Digits()] })
		free, err := b.Store.Reserve(ctx, drawn[:min(1, len(drawn))])
		if err != nil {
			return p, fault.Wrap(op, err)
		}
		if len(free) > 0 {
			p.Number = free[0]
		}
	}
	var trail audit.Head
	entry := trail.Entry(access, audit.Enrol, audit.Changed, ledger.BookNo(p.Number), b.Clock.Now())
	return p, fault.Wrap(op, b.Store.AddPayer(ctx, p, entry))
}

// Address keeps where an organisation's bills go, and the region whose office
// writes to it. Invalid when the address is no postal one, NotFound when no
// organisation has the number.
func (b *Payers) Address(ctx context.Context, access audit.Access, number billpay.Number, to member.Address, at region.ID) error {
	const op = "biller.AddressPayer"
	if err := access.Check(); err != nil {
		return fault.Wrap(op, err)
	}
	if to.Line1 == "" || to.City == "" || to.State == "" || to.ZIP == "" {
		return fault.New(fault.Invalid, op, "an address needs its first line, city, state and ZIP code")
	}
	payers, err := b.Store.Payers(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if !slices.ContainsFunc(payers, func(p Payer) bool { return p.Number == number }) {
		return fault.New(fault.NotFound, op, "no organisation has this number")
	}
	book := ledger.BookNo(number)
	heads, err := b.Store.AuditHeads(ctx, []ledger.BookNo{book})
	if err != nil {
		return fault.Wrap(op, err)
	}
	trail := heads[book]
	entry := trail.Entry(access, audit.Enrol, audit.Changed, book, b.Clock.Now())
	return fault.Wrap(op, b.Store.AddressPayer(ctx, number, to, at, entry))
}

func (p *Payer) check() error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "biller.AddPayer", format, args...)
	}
	p.IDs = slices.DeleteFunc(p.IDs, func(id string) bool { return strings.TrimSpace(id) == "" })
	switch {
	case !slices.Contains([]premium.Owner{premium.Employer, premium.HHS, premium.CMS, premium.State}, p.Owner):
		return invalid("%q owes no premiums as an organisation: it is employer, hhs, cms or state", p.Owner)
	case strings.TrimSpace(p.Name) == "":
		return invalid("a payer needs a name")
	case len(p.IDs) == 0:
		return invalid("a payer needs an id by which its remittances name it, such as its tax id")
	case (p.Owner == premium.State) != (len(p.State) == 2):
		return invalid("a state's agency names its state in two letters, and nobody else names one")
	case p.Owner != premium.Employer && p.Group != "":
		return invalid("only an employer has a group")
	}
	return nil
}
