package member

import (
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

const (
	childNumber   billpay.Number = 314159265352
	parentNumber  billpay.Number = 271828182845
	friendNumber  billpay.Number = 802516473903
	sponsorNumber billpay.Number = 472819036588
)

var (
	born    = calendar.MustParse("2010-05-20")
	today   = calendar.MustParse("2026-11-23")
	comesOf = calendar.MustParse("2028-05-20")

	minor = Subject{childNumber, Person{BirthDate: born}}
	adult = Subject{childNumber, Person{BirthDate: calendar.MustParse("1980-05-20")}}

	care    = Item{Fund: chart.Medical}
	premium = Item{Fund: chart.Premium}
)

func viewer(number billpay.Number, ties Ties) Viewer { return Viewer{number, MemberParty, ties} }

func grant(change func(*Grant)) Ties {
	g := Grant{By: adult.Number, Scope: Pay, Funds: []chart.Fund{chart.Medical}, Cap: 5000, From: today.AddDays(-10), Expires: today.AddDays(10)}
	change(&g)
	return Ties{Grants: []Grant{g}}
}

func represents(change func(*Representation)) Ties {
	r := Representation{Authority: PowerOfAttorney, From: today.AddDays(-10), Verified: true}
	change(&r)
	return Ties{Representations: []Representation{r}}
}

func TestMaySee(t *testing.T) {
	guarantor := viewer(parentNumber, Ties{Guarantor: true})
	dead := adult
	dead.Person.DeathDate = today
	for _, c := range []struct {
		situation, source string
		viewer            Viewer
		subject           Subject
		item              Item
		on                calendar.Date
		want              Decision
	}{
		{"a person sees every item of their own", "45 CFR 164.524", viewer(childNumber, Ties{}), minor, Item{chart.Medical, MinorConsent}, today, yes(IsSelf)},
		{"a stranger sees nothing", "45 CFR 164.502(a)", viewer(friendNumber, Ties{}), adult, care, today, no(NoTie)},
		{"nobody is not the person without a number", "45 CFR 164.502(a)", viewer(0, Ties{}), Subject{}, care, today, no(NoTie)},

		{"a guarantor sees a minor's ordinary item", "45 CFR 164.510(b)(1)(i)", guarantor, minor, care, today, yes(GuardsMinor)},
		{"a guarantor does not see what the minor consented to", "45 CFR 164.502(g)(3)(i)", guarantor, minor, Item{chart.Medical, MinorConsent}, today, no(Protected)},
		{"a guarantor does not see a sensitive item", "Cal. Civil Code 56.107", guarantor, minor, Item{chart.Pharmacy, Sensitive}, today, no(Protected)},
		{"a guarantor does not see a confidential item", "45 CFR 164.522(b)", guarantor, minor, Item{chart.Medical, ConfidentialCommunication}, today, no(Protected)},
		{"a guarantor sees on the day before the 18th birthday", "45 CFR 164.502(g)(2)", guarantor, minor, care, comesOf.AddDays(-1), yes(GuardsMinor)},
		{"a guarantor's access ends on the 18th birthday", "45 CFR 164.502(g)(2)", guarantor, minor, care, comesOf, no(OfAge)},
		{"a guarantor does not see a premium by that alone", "45 CFR 164.502(b)", guarantor, minor, premium, today, no(OutOfScope)},
		{"a birth date that is not on file makes nobody a minor", "45 CFR 164.502(b)", guarantor, Subject{Number: childNumber}, care, today, no(OfAge)},
		{"an employer marked as guarantor sees no care", "45 CFR 164.504(f)", Viewer{sponsorNumber, EmployerParty, Ties{Guarantor: true}}, minor, care, today, no(NoTie)},

		{"a subscriber sees the premium for a dependant", "45 CFR 164.506(c)", viewer(parentNumber, Ties{Subscriber: true}), adult, premium, today, yes(PaysPremium)},
		{"a subscriber does not see an adult dependant's care", "45 CFR 164.502(b)", viewer(parentNumber, Ties{Subscriber: true}), adult, care, today, no(OnlyPremium)},
		{"a subscriber who is guarantor sees a minor's care", "45 CFR 164.510(b)", viewer(parentNumber, Ties{Subscriber: true, Guarantor: true}), minor, care, today, yes(GuardsMinor)},
		{"an employer sees the premium", "45 CFR 164.504(f)", Viewer{sponsorNumber, EmployerParty, Ties{Sponsor: true}}, adult, premium, today, yes(PaysPremium)},
		{"an employer does not see care", "45 CFR 164.504(f)", Viewer{sponsorNumber, EmployerParty, Ties{Sponsor: true}}, adult, care, today, no(OnlyPremium)},

		{"a representative of an adult sees as the person", "45 CFR 164.502(g)(2)", viewer(friendNumber, represents(func(*Representation) {})), adult, Item{chart.Medical, Sensitive}, today, yes(IsRepresentative)},
		{"a representative whose document nobody saw", "45 CFR 164.514(h)", viewer(friendNumber, represents(func(r *Representation) { r.Verified = false })), adult, care, today, no(NotInForce)},
		{"a representative whose standing has ended", "45 CFR 164.502(g)", viewer(friendNumber, represents(func(r *Representation) { r.To = today.AddDays(-1) })), adult, care, today, no(NotInForce)},
		{"a representative refused for the person's safety", "45 CFR 164.502(g)(5)", viewer(friendNumber, represents(func(r *Representation) { r.Endangered = true })), adult, care, today, no(SafetyRefusal)},
		{"an executor while the person lives", "45 CFR 164.502(g)(4)", viewer(friendNumber, represents(func(r *Representation) { r.Authority = Executor })), adult, care, today, no(NotInForce)},
		{"an executor after death", "45 CFR 164.502(g)(4)", viewer(friendNumber, represents(func(r *Representation) { r.Authority = Executor })), dead, care, today, yes(IsRepresentative)},
		{"a parent as representative sees a minor's ordinary item", "45 CFR 164.502(g)(3)", viewer(parentNumber, represents(func(r *Representation) { r.Authority = ParentOfMinor })), minor, care, today, yes(IsRepresentative)},
		{"a parent as representative does not see what the minor consented to", "45 CFR 164.502(g)(3)(i)", viewer(parentNumber, represents(func(r *Representation) { r.Authority = ParentOfMinor })), minor, Item{chart.Medical, MinorConsent}, today, no(Protected)},
		{"a parent's representation ends on the 18th birthday", "45 CFR 164.502(g)(2)", viewer(parentNumber, represents(func(r *Representation) { r.Authority = ParentOfMinor })), minor, care, comesOf, no(OfAge)},

		{"an authorised payer sees amounts in scope", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(*Grant) {})), adult, care, today, yes(HasGrant)},
		{"an authorised payer in another fund", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(*Grant) {})), adult, Item{Fund: chart.Pharmacy}, today, no(OutOfScope)},
		{"an authorised payer and a sensitive item", "Cal. Civil Code 56.107", viewer(friendNumber, grant(func(*Grant) {})), adult, Item{chart.Medical, Sensitive}, today, no(Protected)},
		{"a grant on its last day", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(g *Grant) { g.Expires = today })), adult, care, today, yes(HasGrant)},
		{"a grant the day after it expired", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(g *Grant) { g.Expires = today.AddDays(-1) })), adult, care, today, no(NotInForce)},
		{"a grant revoked today", "45 CFR 164.508(b)(5)", viewer(friendNumber, grant(func(g *Grant) { g.Revoked = today })), adult, care, today, no(NotInForce)},
		{"a grant before it starts", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(g *Grant) { g.From = today.AddDays(1) })), adult, care, today, no(NotInForce)},
		{"a grant without scope", "45 CFR 164.510(b)", viewer(friendNumber, grant(func(g *Grant) { g.Scope = NoScope })), adult, care, today, no(OutOfScope)},
		{"a grant that a parent gave lapses at 18", "45 CFR 164.502(g)(2)", viewer(friendNumber, grant(func(g *Grant) { g.By = parentNumber })), adult, care, today, no(OfAge)},
		{"a lapsed grant beside one in force", "45 CFR 164.510(b)", viewer(friendNumber, Ties{Grants: []Grant{grant(func(g *Grant) { g.Revoked = today }).Grants[0], grant(func(*Grant) {}).Grants[0]}}), adult, care, today, yes(HasGrant)},
	} {
		t.Run(c.situation, func(t *testing.T) {
			if got := MaySee(c.viewer, c.subject, c.item, c.on); got != c.want {
				t.Errorf("MaySee = %+v, want %+v (%s) for %+v on %s", got, c.want, c.source, c.item, c.on)
			}
		})
	}
}

func TestMayPay(t *testing.T) {
	for _, c := range []struct {
		situation string
		viewer    Viewer
		subject   Subject
		item      Item
		amount    money.Cents
		want      Decision
	}{
		{"a person pays their own", viewer(childNumber, Ties{}), minor, Item{chart.Medical, MinorConsent}, 1, yes(IsSelf)},
		{"a guarantor pays a minor's ordinary item", viewer(parentNumber, Ties{Guarantor: true}), minor, care, 99_999, yes(GuardsMinor)},
		{"a guarantor may not choose a protected item", viewer(parentNumber, Ties{Guarantor: true}), minor, Item{chart.Medical, Sensitive}, 1, no(Protected)},
		{"an authorised payer up to the cap", viewer(friendNumber, grant(func(*Grant) {})), adult, care, 5000, yes(HasGrant)},
		{"an authorised payer a cent above the cap", viewer(friendNumber, grant(func(*Grant) {})), adult, care, 5001, no(OverCap)},
		{"an authorised payer without cap", viewer(friendNumber, grant(func(g *Grant) { g.Cap = 0 })), adult, care, 5001, yes(HasGrant)},
		{"a payer who may only see", viewer(friendNumber, grant(func(g *Grant) { g.Scope = SeeAmounts })), adult, care, 1, no(OutOfScope)},
		{"a payer with autopay may pay", viewer(friendNumber, grant(func(g *Grant) { g.Scope = Autopay })), adult, care, 1, yes(HasGrant)},
	} {
		t.Run(c.situation, func(t *testing.T) {
			if got := MayPay(c.viewer, c.subject, c.item, c.amount, today); got != c.want {
				t.Errorf("MayPay(%s) = %+v, want %+v", c.amount, got, c.want)
			}
		})
	}
}

func TestMaySee_EndsAtMidnightOfTheRegion(t *testing.T) {
	denver, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	guarantor := viewer(parentNumber, Ties{Guarantor: true})
	midnight := time.Date(2028, 5, 20, 0, 0, 0, 0, denver)
	if got := MaySee(guarantor, minor, care, calendar.In(midnight.Add(-time.Second), denver)); !got.Allowed {
		t.Errorf("a second before the birthday in Denver: %+v, though it is the birthday in UTC", got)
	}
	if got := MaySee(guarantor, minor, care, calendar.In(midnight, denver)); got.Allowed {
		t.Errorf("at 00:00 of the birthday in Denver: %+v", got)
	}
}

func TestPerson_BornOn29FebruaryComesOfAgeOn1March(t *testing.T) {
	p := Person{BirthDate: calendar.MustParse("2008-02-29")}
	if !p.MinorOn(calendar.MustParse("2026-02-28")) || p.MinorOn(calendar.MustParse("2026-03-01")) {
		t.Error("want a minor until 2026-02-28 and of age on 2026-03-01")
	}
}

func TestReason_EachCitesItsSource(t *testing.T) {
	for _, r := range []Reason{IsSelf, IsRepresentative, PaysPremium, GuardsMinor, HasGrant, NoTie, OnlyPremium, OfAge, Protected, OutOfScope, OverCap, NotInForce, SafetyRefusal} {
		if r.Source() == "" {
			t.Errorf("reason %s cites no source", r)
		}
	}
}

func TestPerson_AddressForFollowsTheConfidentialWish(t *testing.T) {
	home, po, safe := Address{Line1: "1 Home"}, Address{Line1: "PO Box 2"}, Address{Line1: "3 Safe"}
	for _, c := range []struct {
		situation string
		person    Person
		class     Class
		want      Address
	}{
		{"residence when nothing else", Person{Residence: home}, Sensitive, home},
		{"mailing address for ordinary mail", Person{Residence: home, Mailing: po, Confidential: safe}, Ordinary, po},
		{"confidential address for a sensitive item", Person{Residence: home, Mailing: po, Confidential: safe}, Sensitive, safe},
		{"confidential address for a minor's own", Person{Residence: home, Confidential: safe}, MinorConsent, safe},
	} {
		t.Run(c.situation, func(t *testing.T) {
			if got := c.person.AddressFor(c.class); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
