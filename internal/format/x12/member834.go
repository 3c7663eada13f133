package x12

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
)

// Header834 is what one 834 says of itself before its first member.
type Header834 struct {
	Set           *Set
	Purpose       string        // BGN01: 00 original, 15 re-submission, 22 information copy
	Reference     string        // BGN02, the sender's name for this file
	Date          calendar.Date // BGN03
	Original      string        // BGN06, the Reference that a 15 or 22 repeats
	Action        Action        // BGN08
	MasterPolicy  string        // REF*38
	Dates         []Period      // 007 effective, 303 maintenance effective, 382 enrolment, ...
	Sponsor       Party         // N1*P5, who pays for or sponsors the coverage
	Payer         Party         // N1*IN, the plan
	Brokers       []Party       // N1*BO and N1*TV
	StatedMembers string        // QTY*TO as written, "" if absent
}

// Action says what an 834 does to the members on file, BGN08.
type Action string

// The actions of 005010X220A1.
const (
	Change  Action = "2"  // only what changed is here
	Verify  Action = "4"  // everybody is here, for comparison: a full or audit file
	Replace Action = "RX" // everybody is here, to replace what is on file
)

// Full reports whether a member's absence from the file says something.
func (a Action) Full() bool { return a == Verify || a == Replace }

// Maintenance says what is done to a member (INS03) or a coverage (HD01).
type Maintenance string

// The maintenance types of 005010X220A1; HD01 knows a few more.
const (
	MaintChange    Maintenance = "001"
	MaintDelete    Maintenance = "002" // HD01 only
	MaintAdd       Maintenance = "021"
	MaintTerminate Maintenance = "024" // cancellation or termination
	MaintReinstate Maintenance = "025"
	MaintCorrect   Maintenance = "026" // HD01 only
	MaintAudit     Maintenance = "030" // audit or compare: the state, not a change
	MaintEmployer  Maintenance = "032" // HD01 only: employee information not applicable
)

// Member834 is one INS loop: what a sponsor says of one subscriber or
// dependent. Codes are as sent; their meanings are those of 005010X220A1.
type Member834 struct {
	Header  *Header834
	Line    int // of the INS
	Segment int // the INS's ordinal in the file
	Last    int // the ordinal of the member's last segment

	Subscriber      bool          // INS01
	Relationship    string        // INS02: 18 self, 01 spouse, 19 child, 53 life partner, ...
	Maintenance     Maintenance   // INS03
	Reason          string        // INS04: 01 divorce, 03 death, 07 termination of benefits, 25 change in identifying data, 43 change of location, AI none given, ...
	BenefitStatus   string        // INS05: A active, C COBRA, S surviving insured, T TEFRA
	Medicare        string        // INS06, composite as sent: plan, then reason
	CobraEvent      string        // INS07, the COBRA qualifying event
	Employment      string        // INS08: FT, PT, RT, TE, ...
	Student         string        // INS09
	Handicapped     bool          // INS10
	Died            calendar.Date // INS12
	Confidentiality string        // INS13: R restricted, U unrestricted
	BirthSequence   string        // INS17, for twins with the same name

	// SubscriberID is REF*0F. The guide has dependents carry their
	// subscriber's; some sponsors send each person's own. So look for a
	// subscriber of that number first, then fall back on Household.
	SubscriberID string

	// Household is the SubscriberID of the subscriber that stands before this
	// member in the file, "" if none does: a change file may send a dependent
	// alone. For a subscriber it is the member's own.
	Household string

	Group      string      // REF*1L
	SSN        secret.Text // NM109 under NM108 = 34, or else REF*SY
	References []Reference // all other REF of the member: 17, 23, 3H, 6O, DX, F6, Q4, ZZ, ...
	Dates      []Period    // all DTP of the member: 336, 337, 338, 348, 349, 356, 357, 286, 303, ...

	Person      Party  // NM1*IL, or NM1*74 with corrected data
	Corrected   bool   // Person came as NM1*74
	Incorrect   *Party // NM1*70, what was on file before a correction
	Mailing     *Party // NM1*31, where to write if not to Person.Address
	Custodian   *Party // NM1*S3, the custodial parent
	DropOff     *Party // NM1*45
	Responsible []Party
	Employers   []Party // NM1*36
	Schools     []Party // NM1*M8

	Languages []Language
	Tobacco   string   // HLH01: N none, T tobacco, S substance, X both
	Amounts   []Amount // AMT of the member
	Coverages []Coverage
	Reporting []Category // the 2700 loops, where exchanges put premium amounts

	// Notes are errors that do not stop the member and are reported to the
	// sender: a birth date withheld under a placeholder.
	Notes []fault.Problem
}

// Party is a person or organisation that the file names.
type Party struct {
	Role         string // NM101 or N101: IL, 74, 31, QD, S1, GD, E1, P5, IN, ...
	Organization bool   // NM102 = 2, or any N1
	Name         string // the last name, or the organisation's
	First        string
	Middle       string
	Prefix       string
	Suffix       string
	IDQualifier  string // NM108 or N103: ZZ, FI, XX, ...; "34" has its value in SSN
	ID           string
	SSN          secret.Text

	Contacts      []Contact
	Address       Address
	Born          calendar.Date // DMG02
	Gender        string        // DMG03: F, M, U
	MaritalStatus string        // DMG04
	Ethnicity     string        // DMG05 as sent
	Citizenship   string        // DMG06
}

// Contact is one way to reach a party, from a PER.
type Contact struct {
	Name      string // PER02
	Qualifier string // HP home, CP cell, WP work, TE telephone, EM e-mail, FX fax, EX extension, ...
	Value     string
}

// Address is an N3 and N4.
type Address struct {
	Lines        []string
	City         string
	State        string
	Zip          string
	Country      string // N404, "" in the United States
	County       string // N406 under N405 = CY
	LocationType string // N405 where it is not CY
	Location     string // N406 where N405 is not CY
}

// IsZero reports whether there is no address.
func (a Address) IsZero() bool {
	return len(a.Lines) == 0 && a.City == "" && a.State == "" && a.Zip == ""
}

// Language is a LUI.
type Language struct {
	Qualifier   string // LUI01: LD (NISO Z39.53) or LE (ISO 639)
	Code        string // LUI02
	Description string // LUI03
	Use         string // LUI04: 5 reading, 6 writing, 7 speaking, 8 native
}

// Reference is a REF.
type Reference struct{ Qualifier, Value string }

// Period is a DTP. A single day begins and ends on it.
type Period struct {
	Qualifier string
	From, To  calendar.Date
}

// Amount is an AMT.
type Amount struct {
	Qualifier string // P3 premium, B9 co-insurance, C1 co-payment, D2 deductible, FK other, R spend-down
	Cents     money.Cents
}

// Coverage is one HD loop.
type Coverage struct {
	Line, Segment  int         // of the HD
	Maintenance    Maintenance // HD01
	InsuranceLine  string      // HD03: HLT health, DEN dental, VIS vision, PDG drug, PPO, HMO, LTC, ...
	Plan           string      // HD04, the plan's description or code
	Level          string      // HD05: IND, FAM, EMP, ESP, ECH, ...
	LateEnrollment bool        // HD09
	Dates          []Period    // 348 begins, 349 ends, 303 maintenance effective, 343 premium paid to, ...
	Amounts        []Amount
	References     []Reference // 1L, CE, 17, 9V, RB, X9, ZX, ZZ, ...
	Providers      []Party     // NM1 under LX, the primary care provider
}

// Category is one reporting category, N1*75 in loop 2750.
type Category struct {
	Name      string // "APTC AMT", "PRE AMT 1", "TOT RES AMT", "RATING AREA", ...
	Reference Reference
	Dates     []Period
	Line      int
}

// Amount reads the category's value as dollars.
func (c Category) Amount() (money.Cents, error) {
	if c.Reference.Value == "" {
		return 0, fmt.Errorf("reporting category %q has no value", shown(c.Name))
	}
	return parseAmount(c.Reference.Value)
}

// isAmount reports whether the exchanges' companion guides make the category a
// sum of money by its name.
func (c Category) isAmount() bool {
	return strings.HasSuffix(c.Name, " AMT") || strings.HasPrefix(c.Name, "PRE AMT")
}

// Date gives the first day of the DTP with a qualifier, or the zero Date.
func (m *Member834) Date(qualifier string) calendar.Date { return dateOf(m.Dates, qualifier) }

// Reference gives the value of the first REF with a qualifier, or "".
func (m *Member834) Reference(qualifier string) string { return referenceOf(m.References, qualifier) }

// Category finds a reporting category by its name.
func (m *Member834) Category(name string) (Category, bool) {
	for _, c := range m.Reporting {
		if c.Name == name {
			return c, true
		}
	}
	return Category{}, false
}

// Date gives the first day of the DTP with a qualifier, or the zero Date.
func (c *Coverage) Date(qualifier string) calendar.Date { return dateOf(c.Dates, qualifier) }

// Begins is DTP*348, the first day of the coverage.
func (c *Coverage) Begins() calendar.Date { return c.Date("348") }

// Ends is DTP*349, the last day of the coverage. A sponsor that cancels a
// coverage from its start sends the day it would have begun, or one before.
func (c *Coverage) Ends() calendar.Date { return c.Date("349") }

// Reference gives the value of the first REF with a qualifier, or "".
func (c *Coverage) Reference(qualifier string) string { return referenceOf(c.References, qualifier) }

// Contact gives the value of the first contact with a qualifier, or "".
func (p *Party) Contact(qualifier string) string {
	for _, c := range p.Contacts {
		if c.Qualifier == qualifier {
			return c.Value
		}
	}
	return ""
}

func dateOf(dates []Period, qualifier string) calendar.Date {
	for _, d := range dates {
		if d.Qualifier == qualifier {
			return d.From
		}
	}
	return calendar.Date{}
}

func referenceOf(references []Reference, qualifier string) string {
	for _, r := range references {
		if r.Qualifier == qualifier {
			return r.Value
		}
	}
	return ""
}
