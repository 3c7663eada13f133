// Package plan holds the configuration of one installation: one health plan
// with its legal entities, the entity of each fund, the accounts at which money
// is received, its regions, and its limits.
//
// It knows plan.yaml and checks it as a whole: every name used exists, each
// fund has exactly one entity, and a receiving account's fund belongs to its
// entity. It knows no ledger, no file format and no rail. A Plan given out
// without problems is complete and never changes while the program runs.
//
// Start reading at Plan, then Load in load.go; the file is described in
// docs/formats/plan-yaml.md.
package plan

import (
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/outbound"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/region"
)

// Plan is one installation.
type Plan struct {
	Name         string
	NumberLength int      // digits of the bill pay numbers issued, 10 to 12
	Entities     []Entity // at least one
	Regions      []region.Pack
	Retention    Retention
	Limits       Limits
	// Sandbox says that the installation plays with made-up money: keys of other
	// systems and of the card processor that are for tests may be used, and only they.
	Sandbox   bool
	Processor *Processor // of cards; nil when none is used
	Billing   Billing
	Partners  []outbound.Partner     // who is told enrolment facts
	Reconcile recon.Rules            // how long things may be open at the bank, and who looks at them
	Claims    *outbound.ClaimsSystem // who is told what to do with claims; nil when nobody is
	Clearing  *Clearing              // how entries are sent through the clearing house; nil when none are
	Refunds   Refunds                // when credit balances go back, and how checks are drawn

	senders    map[string]coverage.Sender
	owners     map[chart.Fund]chart.EntityID
	allocation map[chart.Fund][]allocate.Dated
	receiving  map[receivingKey]ReceivingAccount
	catchAll   map[ReceivingKind]ReceivingAccount
	accounts   []ReceivingAccount
}

// String names the plan. It also keeps "%+v" from walking into the unexported
// maps, where fmt could not call the mask of a bank account number.
func (p Plan) String() string { return "plan " + p.Name }

// GoString does for "%#v" what String does.
func (p Plan) GoString() string { return p.String() }

// Entity is a legal entity with books and bank accounts of its own.
type Entity struct {
	ID   chart.EntityID
	Name string
	Zone *time.Location // whose midnight ends the posting day
}

// PostingDay gives the entity's posting day at an instant.
func (e Entity) PostingDay(at time.Time) calendar.Date { return calendar.In(at, e.Zone) }

// Entity finds a legal entity.
func (p *Plan) Entity(id chart.EntityID) (Entity, bool) {
	for _, e := range p.Entities {
		if e.ID == id {
			return e, true
		}
	}
	return Entity{}, false
}

// EntityOf gives the legal entity that a fund belongs to. Every fund of
// chart.Funds has one.
func (p *Plan) EntityOf(fund chart.Fund) chart.EntityID { return p.owners[fund] }

// Region finds a region's pack.
func (p *Plan) Region(id region.ID) (region.Pack, bool) {
	for _, r := range p.Regions {
		if r.ID == id {
			return r, true
		}
	}
	return region.Pack{}, false
}

// RegionAt finds the region that serves an address by what its pack says most
// closely of where members live; "" when none does.
func (p *Plan) RegionAt(state, zip string) (id region.ID) {
	best := 0
	for _, r := range p.Regions {
		for _, area := range r.Serves {
			if fits := area.Covers(state, zip); fits > best {
				id, best = r.ID, fits
			}
		}
	}
	return id
}

// ReceivingKind says what sort of place money arrives at.
type ReceivingKind string

// The kinds of receiving account.
const (
	Lockbox     ReceivingKind = "lockbox"      // id: the lockbox number
	BankAccount ReceivingKind = "bank_account" // id: the bank's account number
	ACHCompany  ReceivingKind = "ach_company"  // id: the ACH company identification
	Merchant    ReceivingKind = "merchant"     // id: the card merchant id
	Counter     ReceivingKind = "counter"      // id: the drawer
)

// ReceivingKinds lists every kind.
func ReceivingKinds() []ReceivingKind {
	return []ReceivingKind{Lockbox, BankAccount, ACHCompany, Merchant, Counter}
}

// ReceivingAccount is a place at which money arrives for one legal entity.
// Money without an earmark never leaves Fund.
type ReceivingAccount struct {
	Kind ReceivingKind
	// ID is the id as it stands in files. It is held as a secret because a bank
	// account number is one; two are the same when they compare equal.
	ID       secret.Text
	Entity   chart.EntityID
	Fund     chart.Fund
	CatchAll bool // takes ids of this kind that are not configured; for demonstrations
	// Wires is which of the bank's files post the wires that this account receives.
	Wires WireSource
	// Columns are the bank's own of a lockbox file's cheques.
	Columns LockboxColumns
}

// LockboxColumns says where in a cheque's record a bank puts what is its own: places
// from 1, both ends counted; zero where it has none.
type LockboxColumns struct {
	Image    Span // by what the bank's portal shows the cheque
	Remitter Span // who sent it
	Marker   Span // what is particular about it, in the bank's own codes
	Markers  map[string]suspense.Reason
}

// Span is a run of columns.
type Span struct{ From, To int }

// WireSource is a file of the bank that tells of incoming wires. One of them posts
// for each account; what the others tell of the same money is kept and not posted.
type WireSource string

// The sources.
const (
	WiresByStatement    WireSource = "statement"    // BAI2 or camt.053
	WiresByAdvice       WireSource = "advice"       // pacs.008
	WiresByNotification WireSource = "notification" // camt.054
)

// Label names the account for people without giving a bank account number away.
func (r ReceivingAccount) Label() string {
	if r.Kind != BankAccount {
		return string(r.Kind) + " " + r.ID.Reveal()
	}
	if last := r.ID.Last4(); last != "" {
		return string(r.Kind) + " ending " + last
	}
	return string(r.Kind)
}

type receivingKey struct {
	kind ReceivingKind
	id   secret.Text
}

// Receiving finds the receiving account that an id in a file means. An id that
// is not configured is the catch-all's of that kind, where there is one.
func (p *Plan) Receiving(kind ReceivingKind, id string) (ReceivingAccount, bool) {
	if account, ok := p.receiving[receivingKey{kind, secret.New(id)}]; ok {
		return account, true
	}
	account, ok := p.catchAll[kind]
	return account, ok
}

// ReceivingAccounts lists the receiving accounts in the file's order.
func (p *Plan) ReceivingAccounts() []ReceivingAccount {
	return append([]ReceivingAccount(nil), p.accounts...)
}

// Retention says how long records are kept.
type Retention struct {
	// Years that books, files and receipts are kept after the year they belong
	// to; 10 unless set, the longest that applies to a health plan
	// (42 CFR 422.504(d), 423.505(d)).
	Years     int
	LegalHold string // who places and lifts holds, which outlast Years
}

// Limits bound single money acts.
type Limits struct {
	MaxPayment       money.Cents // a larger payment is refused
	DualControlAbove money.Cents // a larger act needs a second person
}
