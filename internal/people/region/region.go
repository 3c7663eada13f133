// Package region holds what differs between the regions of one plan: brand,
// addresses, telephone lines with their hours, languages, tenders taken,
// contacts, and the dated rules in force there.
//
// A region is data: one YAML file, its pack, described in
// docs/formats/region-pack.md. The package knows how a pack is written and
// what makes one fit to serve members; it knows no member, no money owed and
// no screen. A Pack given out by Parse without problems always has English and
// Spanish, a contact for every purpose, and rules that do not overlap.
//
// Start reading at Pack, then Parse in pack.go.
package region

import (
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
)

// ID names a region in configuration and on a member's record: lower-case
// letters, digits and hyphens, such as "front-range".
type ID string

// Pack is everything that is set per region.
type Pack struct {
	ID        ID
	Name      string         // the region's name for people, "Front Range"
	Zone      *time.Location // whose midnight and hours deadlines follow
	Serves    []Area         // where members live whose source names no region
	Brand     Brand
	Street    Address // the legal place of business
	Remit     Address // where cheques are sent
	Phones    []Phone
	Languages []Language
	Tenders   []Tender
	Rules     []Rule
	Contacts  []Contact
}

// Area is a state by its USPS code, "CO", or the first three to five digits of
// ZIP codes, "803".
type Area string

// Covers tells how closely the area describes an address: 0 is not at all, a ZIP
// prefix is closer than its state, and a longer one closer still.
func (a Area) Covers(state, zip string) int {
	switch {
	case a == "":
		return 0
	case string(a) == state:
		return 1
	case a[0] >= '0' && a[0] <= '9' && strings.HasPrefix(zip, string(a)):
		return len(a)
	}
	return 0
}

// Brand is how the plan shows itself in the region.
type Brand struct {
	PlanName string // the plan's display name
	LogoText string // what stands for the logo where no picture can
	Colours  Colours
}

// Colours are sRGB colours written "#rrggbb".
type Colours struct{ Primary, Accent string }

// Address is a United States postal address.
type Address struct {
	Name  string // the addressee
	Line1 string
	Line2 string // or ""
	City  string
	State string // USPS code
	ZIP   string // "80302" or "80302-1234"
}

// Number is a telephone number as it is dialled: ten digits of the North
// American plan, or "711", the relay service for TTY users (47 CFR 64.601).
type Number string

// String writes the number for people: "303-555-0142", "711".
func (n Number) String() string {
	if len(n) != 10 {
		return string(n)
	}
	return string(n[:3] + "-" + n[3:6] + "-" + n[6:])
}

// E164 writes a ten-digit number in international form for a telephone link;
// 711 has none and stays as it is.
func (n Number) E164() string {
	if len(n) != 10 {
		return string(n)
	}
	return "+1" + string(n)
}

// Phone is a telephone line that members call.
type Phone struct {
	ID     string // named by contacts
	Number Number
	TTY    Number         // printed beside the number wherever it appears
	Zone   *time.Location // whose clock Hours are on
	Hours  Week
}

// OpenAt reports whether somebody answers the line at t.
func (p Phone) OpenAt(t time.Time) bool {
	local := t.In(p.Zone)
	minute := local.Hour()*60 + local.Minute()
	for _, span := range p.Hours[local.Weekday()] {
		if minute >= span.Open && minute < span.Close {
			return true
		}
	}
	return false
}

// Week holds the hours of each weekday, Sunday first as time.Weekday counts.
// A day without spans is closed.
type Week [7][]Span

// Span is part of a day in minutes after local midnight; Close is not
// included and may be 1440.
type Span struct{ Open, Close int }

// Language is one in which the region serves members.
type Language struct {
	Tag  string // BCP 47, canonical: "es", "zh-Hant"
	Name string // in the language itself
	// Interpreter is the line, in the language, that says help is free and
	// where to call (45 CFR 92.11).
	Interpreter string
}

// Tender is a way to pay.
type Tender string

// The tenders that a region may take.
const (
	Card           Tender = "card"
	PrepaidCard    Tender = "prepaid_card"
	BankDebit      Tender = "bank_debit"
	BankBillPay    Tender = "bank_bill_pay"
	Cheque         Tender = "cheque"
	CashiersCheque Tender = "cashiers_cheque"
	MoneyOrder     Tender = "money_order"
	Cash           Tender = "cash"
	Wire           Tender = "wire"
)

// Tenders lists every tender.
func Tenders() []Tender {
	return []Tender{Card, PrepaidCard, BankDebit, BankBillPay, Cheque, CashiersCheque, MoneyOrder, Cash, Wire}
}

// requiredTenders must be taken for premiums: paper and cashier's cheques,
// money orders, electronic transfer and general-purpose prepaid cards
// (45 CFR 156.1240(a)(2)).
var requiredTenders = []Tender{Cheque, CashiersCheque, MoneyOrder, BankDebit, PrepaidCard}

// Takes reports whether the region takes a tender.
func (p Pack) Takes(tender Tender) bool { return slices.Contains(p.Tenders, tender) }

// Rule is a rule in force from one date to another. The value's meaning is the
// business of the package that asks for the rule.
type Rule struct {
	ID        string        // "premium.grace_days"
	Line      string        // coverage line, or AllLines
	Value     string        // as written
	ValidFrom calendar.Date // first day in force
	ValidTo   calendar.Date // last day in force; the zero Date means no end
	Citation  string        // where the rule is written down
}

// AllLines stands for every coverage line that has no rule of its own.
const AllLines = "all"

// InForce reports whether the rule holds on a date.
func (r Rule) InForce(on calendar.Date) bool {
	return !on.Before(r.ValidFrom) && (r.ValidTo.IsZero() || !on.After(r.ValidTo))
}

// RuleOn finds the rule in force on a date for a coverage line, else the one
// for all lines.
func (p Pack) RuleOn(id, line string, on calendar.Date) (Rule, bool) {
	found, ok := Rule{}, false
	for _, r := range p.Rules {
		if r.ID != id || !r.InForce(on) {
			continue
		}
		if r.Line == line {
			return r, true
		}
		if r.Line == AllLines {
			found, ok = r, true
		}
	}
	return found, ok
}

// CoverageType is the kind of coverage that decides who answers a question.
type CoverageType string

// The coverage types.
const (
	Exchange CoverageType = "exchange"
	Direct   CoverageType = "direct"
	COBRA    CoverageType = "cobra"
	Medicare CoverageType = "medicare"
	Employer CoverageType = "employer"
	AllTypes CoverageType = "all"
)

// CoverageTypes lists every coverage type, "all" last.
func CoverageTypes() []CoverageType {
	return []CoverageType{Exchange, Direct, COBRA, Medicare, Employer, AllTypes}
}

// Purpose is why somebody calls.
type Purpose string

// The purposes. Each has a contact in every region.
const (
	Billing      Purpose = "billing"
	Premiums     Purpose = "premiums"
	Hardship     Purpose = "hardship"
	Interpreter  Purpose = "interpreter"
	Registration Purpose = "registration"
	LostNumber   Purpose = "lost_number"
)

// Purposes lists every purpose.
func Purposes() []Purpose {
	return []Purpose{Billing, Premiums, Hardship, Interpreter, Registration, LostNumber}
}

// Contact says who answers for one purpose and coverage type.
type Contact struct {
	Purpose  Purpose
	Coverage CoverageType
	Phone    Phone
}

// Contact finds the contact for a purpose and coverage type, else the one for
// all types. A valid pack has one for every purpose.
func (p Pack) Contact(purpose Purpose, coverage CoverageType) (Contact, bool) {
	found, ok := Contact{}, false
	for _, c := range p.Contacts {
		if c.Purpose != purpose {
			continue
		}
		if c.Coverage == coverage {
			return c, true
		}
		if c.Coverage == AllTypes {
			found, ok = c, true
		}
	}
	return found, ok
}

// Language finds the language of the region that serves a member's wish: the
// same tag, else the same base language ("es" for "es-MX"), else English.
func (p Pack) Language(wish string) Language {
	var base, english Language
	wishBase, _, _ := strings.Cut(wish, "-")
	for _, l := range p.Languages {
		tagBase, _, _ := strings.Cut(l.Tag, "-")
		switch {
		case strings.EqualFold(l.Tag, wish):
			return l
		case base.Tag == "" && strings.EqualFold(tagBase, wishBase):
			base = l
		case l.Tag == "en":
			english = l
		}
	}
	if base.Tag != "" {
		return base
	}
	return english
}
