// Package member knows who the people of a plan are to one another: persons,
// households, guarantors, representatives, authorised payers, sponsors; who
// may see and pay what; who owes; and how an enrolment change from a sponsor
// or exchange edits a person's record.
//
// Everything here is pure: values in, values out. The package knows no money
// owed, no rail, no SQL and no file format but the roster CSV that it documents
// (docs/formats/roster-csv.md). Its invariants:
//
//   - An enrolment change never deletes: coverage ends by a date, and a value
//     that identifies a person is never overwritten but becomes a Conflict for
//     staff.
//   - Being guarantor is not being representative (45 CFR 164.502(g)(3)): a
//     guarantor sees and pays a minor's ordinary items and no others.
//   - A debtor always may see the items that they owe; DebtorOf and MaySee are
//     tested against each other.
//
// Start reading at Person, then MaySee in privacy.go, DebtorOf in debtor.go and
// Apply in enrol.go. The rules with their sources are listed in
// docs/rules/privacy-household.md.
package member

import (
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Majority is the age in years at which a person stops being a minor. Three
// states set it higher for some purposes; the plan's privacy rules use 18.
const Majority = 18

// Name is a person's name in parts, as the source wrote it.
type Name struct{ Prefix, First, Middle, Last, Suffix string }

// Full writes the name for people, "Ana M Ruiz Jr".
func (n Name) Full() string {
	return strings.Join(strings.Fields(strings.Join([]string{n.Prefix, n.First, n.Middle, n.Last, n.Suffix}, " ")), " ")
}

// Address is a postal address. Country is an ISO 3166 code, "" for the United
// States.
type Address struct{ Line1, Line2, City, State, ZIP, Country string }

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a == Address{} }

// Format is a form in which a person wishes to be written to (45 CFR 92.202).
type Format string

// The formats. The zero value is ordinary print.
const (
	LargePrint Format = "large_print"
	Braille    Format = "braille"
	Audio      Format = "audio"
	DataCD     Format = "data_cd"
)

// Formats lists every format besides ordinary print.
func Formats() []Format { return []Format{LargePrint, Braille, Audio, DataCD} }

// Channel is a way in which a person wishes to be reached.
type Channel string

// The channels.
const (
	ByMail  Channel = "mail"
	ByEmail Channel = "email"
	ByText  Channel = "text"
	ByPhone Channel = "phone"
)

// Channels lists every channel.
func Channels() []Channel { return []Channel{ByMail, ByEmail, ByText, ByPhone} }

// Person is what is on file of one human being. Set by enrolment, changed only
// through Apply or by staff with a reason. Two persons compare equal under ==.
type Person struct {
	Name         Name
	BirthDate    calendar.Date
	DeathDate    calendar.Date // the zero Date while alive
	Sex          string        // as on file: "F", "M", "X" or "U"
	SSN          secret.Text   // nine digits, or none
	RecordNumber string        // medical record number, or ""

	Residence    Address
	Mailing      Address // or none: mail goes to Residence
	Confidential Address // asked for under 45 CFR 164.522(b), or none
	Phone        string  // ten digits, or ""
	Email        string

	SpokenLanguage  string // BCP 47, or ""
	WrittenLanguage string // BCP 47, or ""
	Format          Format
	ContactBy       Channel // or "": by mail
	Region          string  // id of the region pack
}

// MinorOn reports whether the person is under age on a civil date of their
// region. Majority comes at 00:00 of the birthday, so that day is of age; a
// birth date that is not on file proves no minority.
func (p Person) MinorOn(on calendar.Date) bool {
	return !p.BirthDate.IsZero() && on.Before(p.BirthDate.AddYears(Majority))
}

// AddressFor gives the address for mail about an item of a privacy class. Bills,
// receipts and refunds follow it as much as explanations of benefits. Where the
// person asked for confidential communication, whatever is not ordinary goes
// there (45 CFR 164.522(b)(1)(ii); for sensitive services Cal. Civil Code 56.107).
func (p Person) AddressFor(class Class) Address {
	if class != Ordinary && !p.Confidential.IsZero() {
		return p.Confidential
	}
	if !p.Mailing.IsZero() {
		return p.Mailing
	}
	return p.Residence
}

// PartyKind says what sort of party holds a bill pay number.
type PartyKind string

// The kinds of party.
const (
	MemberParty   PartyKind = "member"
	EmployerParty PartyKind = "employer"
	SponsorParty  PartyKind = "sponsor" // an exchange, CMS, a union or trust
	AgencyParty   PartyKind = "agency"  // a public agency that pays for somebody
)

// Party is whoever holds a number: every member, and every employer, sponsor
// and agency that owes.
type Party struct {
	Number billpay.Number
	Kind   PartyKind
	Name   string // of an organisation; a member's is in Person
}

// Relationship is how a member stands to the subscriber of their coverage.
type Relationship string

// The relationships, with the individual relationship codes of X12 834 INS02
// that mean them.
const (
	Self         Relationship = "self"          // 18
	Spouse       Relationship = "spouse"        // 01
	Partner      Relationship = "partner"       // 53
	Child        Relationship = "child"         // 19
	Stepchild    Relationship = "stepchild"     // 17
	AdoptedChild Relationship = "adopted_child" // 09
	FosterChild  Relationship = "foster_child"  // 10
	Ward         Relationship = "ward"          // 15
	Grandchild   Relationship = "grandchild"    // 05
	Parent       Relationship = "parent"        // 03
	Other        Relationship = "other"         // any other code
)

// relationshipCodes are X12 data element 1069 as 834 uses it.
var relationshipCodes = map[string]Relationship{
	"18": Self, "01": Spouse, "53": Partner, "19": Child, "17": Stepchild, "09": AdoptedChild,
	"10": FosterChild, "15": Ward, "05": Grandchild, "03": Parent,
}

// Relationships lists every relationship.
func Relationships() []Relationship {
	return []Relationship{Self, Spouse, Partner, Child, Stepchild, AdoptedChild, FosterChild, Ward, Grandchild, Parent, Other}
}

// RelationshipOfCode gives the relationship that a code of 834 INS02 means;
// codes of rarer kin are Other.
func RelationshipOfCode(code string) Relationship {
	if r, ok := relationshipCodes[code]; ok {
		return r
	}
	return Other
}

// CodeOfRelationship gives the code of 834 INS02 for a relationship; kin without a
// code of their own are "other relationship", G8.
func CodeOfRelationship(r Relationship) string {
	for code, means := range relationshipCodes {
		if means == r {
			return code
		}
	}
	return "G8"
}

// Household is the people of one subscriber. The subscriber is a member of it.
type Household struct {
	Subscriber billpay.Number
	Guarantor  billpay.Number // who answers for the minors' care; often the subscriber
	Members    []billpay.Number
}
