package member

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Class is the privacy class of an item of care.
type Class uint8

// The classes. Ordinary is the zero value because most items are; an importer
// that cannot tell must not use it.
const (
	Ordinary                  Class = iota
	MinorConsent                    // a minor lawfully consented alone, 45 CFR 164.502(g)(3)(i)
	Sensitive                       // e.g. Cal. Civil Code 56.05 sensitive services; 42 CFR part 2
	ConfidentialCommunication       // the person asked for it, 45 CFR 164.522(b)
)

var classNames = [...]string{"ordinary", "minor_consent", "sensitive", "confidential_communication"}

// Classes lists every class.
func Classes() []Class { return []Class{Ordinary, MinorConsent, Sensitive, ConfidentialCommunication} }

func (c Class) String() string {
	if int(c) >= len(classNames) {
		return "unknown class"
	}
	return classNames[c]
}

// Item is what a decision needs to know of an open item, bill or receipt line.
type Item struct {
	Fund  chart.Fund
	Class Class
}

// isPremium reports whether the item is the price of coverage, which says
// nothing about care and so has no class.
func (i Item) isPremium() bool { return i.Fund == chart.Premium }

// Subject is the person whom an item is about.
type Subject struct {
	Number billpay.Number
	Person Person
}

// Viewer is who asks, with every tie to the subject that is on file. Having no
// tie is the zero Ties.
type Viewer struct {
	Number billpay.Number
	Kind   PartyKind
	Ties   Ties
}

// Ties are the relations of one viewer to one subject. They are independent: a
// parent may be guarantor without being representative, and the reverse.
type Ties struct {
	Guarantor       bool // answers for the subject's care while a minor
	Subscriber      bool // holds the coverage that the subject is under
	Sponsor         bool // pays the subject's premium as employer, sponsor or agency
	Representations []Representation
	Grants          []Grant
}

// Authority is why somebody acts as another person (45 CFR 164.502(g)).
type Authority string

// The authorities.
const (
	ParentOfMinor   Authority = "parent"            // (g)(3); also one in loco parentis
	Guardian        Authority = "guardian"          // (g)(2), by a court
	PowerOfAttorney Authority = "power_of_attorney" // (g)(2)
	Executor        Authority = "executor"          // (g)(4), after death only
)

// Representation is one person's standing as another's representative.
type Representation struct {
	Authority  Authority
	From       calendar.Date
	To         calendar.Date // last day, or the zero Date
	Verified   bool          // staff saw the document (45 CFR 164.514(h))
	Endangered bool          // refused for the subject's safety (45 CFR 164.502(g)(5))
}

// Scope is what a Grant allows. Each scope includes those before it.
type Scope uint8

// The scopes. The zero Scope allows nothing.
const (
	NoScope    Scope = iota
	SeeAmounts       // see the amounts due
	Pay              // and pay them
	Autopay          // and pay them on a schedule
)

// Grant is a written delegation to an authorised payer (45 CFR 164.510(b)).
type Grant struct {
	By      billpay.Number // who granted it: the subject, or whoever acted for them
	Scope   Scope
	Funds   []chart.Fund // the funds it covers; none covers nothing
	Cap     money.Cents  // the most that one payment may be; zero means no cap
	From    calendar.Date
	Expires calendar.Date // last day in force, or the zero Date
	Revoked calendar.Date // revoked from this day on, or the zero Date
}

// Reason says why a decision came out as it did. It is a code for edges and
// logs and names nobody.
type Reason string

// The reasons for yes, then the reasons for no.
const (
	IsSelf           Reason = "self"
	IsRepresentative Reason = "representative"
	PaysPremium      Reason = "pays_premium"
	GuardsMinor      Reason = "guarantor_of_minor"
	HasGrant         Reason = "authorised_payer"

	NoTie         Reason = "no_tie"
	OnlyPremium   Reason = "only_premium"    // tied through the premium; this item is care
	OfAge         Reason = "of_age"          // the tie ended at 18
	Protected     Reason = "protected_class" // the item is not ordinary
	OutOfScope    Reason = "out_of_scope"
	OverCap       Reason = "over_cap"
	NotInForce    Reason = "not_in_force" // not yet, expired, revoked or unverified
	SafetyRefusal Reason = "safety"
)

// reasonSources cites the rule behind each reason.
var reasonSources = map[Reason]string{
	IsSelf:           "45 CFR 164.524(a)(1)",
	IsRepresentative: "45 CFR 164.502(g)(1)",
	PaysPremium:      "45 CFR 164.506(c), 164.504(f)",
	GuardsMinor:      "45 CFR 164.510(b)(1)(i)",
	HasGrant:         "45 CFR 164.510(b)(2)",
	NoTie:            "45 CFR 164.502(a)",
	OnlyPremium:      "45 CFR 164.504(f), 164.502(b)",
	OfAge:            "45 CFR 164.502(g)(2)",
	Protected:        "45 CFR 164.502(g)(3)(i), 164.522(b)(1)(ii)",
	OutOfScope:       "45 CFR 164.510(b)(2)",
	OverCap:          "45 CFR 164.510(b)(2)",
	NotInForce:       "45 CFR 164.514(h)",
	SafetyRefusal:    "45 CFR 164.502(g)(5)",
}

// Source cites the rule behind the reason.
func (r Reason) Source() string { return reasonSources[r] }

// Decision is a yes or no with its reason.
type Decision struct {
	Allowed bool
	Reason  Reason
}

func yes(r Reason) Decision { return Decision{true, r} }
func no(r Reason) Decision  { return Decision{false, r} }

// MaySee decides whether a viewer may be shown an item on a civil date of the
// subject's region, so that a parent's access ends at 00:00 there on the 18th
// birthday. Any one tie that allows is enough; when none does, the reason is
// that of the first tie that is on file.
func MaySee(v Viewer, s Subject, item Item, on calendar.Date) Decision {
	return decide(v, s, item, on, func(g Grant) Decision { return g.sees(s, item, on) })
}

// MayPay decides whether a viewer may choose an item and pay it. Paying against
// an item shows it, so nobody may pay what they may not see. It does not limit
// a payment to a bare number, which anyone may make and which shows nothing.
func MayPay(v Viewer, s Subject, item Item, amount money.Cents, on calendar.Date) Decision {
	return decide(v, s, item, on, func(g Grant) Decision { return g.pays(s, item, amount, on) })
}

func decide(v Viewer, s Subject, item Item, on calendar.Date, byGrant func(Grant) Decision) Decision {
	if v.Number == s.Number && !v.Number.IsZero() {
		return yes(IsSelf)
	}
	answers := make([]Decision, 0, 4)
	for _, r := range v.Ties.Representations {
		answers = append(answers, r.decide(s, item, on))
	}
	if v.Ties.Subscriber || v.Ties.Sponsor {
		answers = append(answers, byPremium(item))
	}
	// A guarantor is a person: an employer or agency never sees care, whatever
	// else is on file (45 CFR 164.504(f)).
	if v.Ties.Guarantor && v.Kind == MemberParty {
		answers = append(answers, byGuarantee(s, item, on))
	}
	for _, g := range v.Ties.Grants {
		answers = append(answers, byGrant(g))
	}
	for _, answer := range answers {
		if answer.Allowed {
			return answer
		}
	}
	if len(answers) == 0 {
		return no(NoTie)
	}
	return answers[0]
}

func byPremium(item Item) Decision {
	if !item.isPremium() {
		return no(OnlyPremium)
	}
	return yes(PaysPremium)
}

func byGuarantee(s Subject, item Item, on calendar.Date) Decision {
	switch {
	case item.isPremium():
		return no(OutOfScope)
	case !s.Person.MinorOn(on):
		return no(OfAge)
	case item.Class != Ordinary:
		return no(Protected)
	}
	return yes(GuardsMinor)
}

// decide treats a representative as the person, with two exceptions: a parent
// does not represent a minor in what the minor alone decides, nor a child who
// is of age; and an executor has no standing before death.
func (r Representation) decide(s Subject, item Item, on calendar.Date) Decision {
	switch {
	case r.Endangered:
		return no(SafetyRefusal)
	case !r.Verified || on.Before(r.From) || !r.To.IsZero() && on.After(r.To):
		return no(NotInForce)
	case r.Authority == Executor && (s.Person.DeathDate.IsZero() || on.Before(s.Person.DeathDate)):
		return no(NotInForce)
	case r.Authority == ParentOfMinor && !s.Person.MinorOn(on):
		return no(OfAge)
	case r.Authority == ParentOfMinor && item.Class != Ordinary && !item.isPremium():
		return no(Protected)
	}
	return yes(IsRepresentative)
}

func (g Grant) sees(s Subject, item Item, on calendar.Date) Decision {
	switch {
	case on.Before(g.From) || !g.Expires.IsZero() && on.After(g.Expires) || !g.Revoked.IsZero() && !on.Before(g.Revoked):
		return no(NotInForce)
	case g.By != s.Number && !s.Person.MinorOn(on):
		// What somebody else granted for a minor lapses at 18.
		return no(OfAge)
	case g.Scope < SeeAmounts || !g.covers(item.Fund):
		return no(OutOfScope)
	case item.Class != Ordinary && !item.isPremium():
		return no(Protected)
	}
	return yes(HasGrant)
}

func (g Grant) pays(s Subject, item Item, amount money.Cents, on calendar.Date) Decision {
	if seen := g.sees(s, item, on); !seen.Allowed {
		return seen
	}
	if g.Scope < Pay {
		return no(OutOfScope)
	}
	if g.Cap > 0 && amount > g.Cap {
		return no(OverCap)
	}
	return yes(HasGrant)
}

func (g Grant) covers(fund chart.Fund) bool { return slices.Contains(g.Funds, fund) }
