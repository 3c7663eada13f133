// Package enrolfile turns files that sponsors and earlier systems send about
// members into rows of the office: an 834 (X12 005010X220A1) and the CSV roster
// into enrolment, and the policies of an 834 and of their CSV into policies.
//
// It knows what the codes of an 834 mean and which of them say something about
// a member's record. It decides nothing: people/member says what a change does,
// office/enrolment whom it means, cover/coverage what an 834's words say of a
// policy, office/policy what that does.
//
// Start reading at Read834 and Policies834; the mapping is documented in
// docs/formats/834.md.
package enrolfile

import (
	"io"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"unicode"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/member"
)

// Read834 reads the members of an 834 as rows. A member whose coverages are
// maintained in different ways stands for a row each. It is an enrolment.Reader;
// sponsors do not pay premiums unless Reader834 says so.
func Read834(r io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
	return Reader834{}.Read(r, each)
}

// Reader834 reads 834s of one kind of sender.
type Reader834 struct {
	// SponsorPays says that premiums are billed to the sponsors, as for groups, and
	// not to the subscribers.
	SponsorPays bool
}

// Read is an enrolment.Reader.
func (m Reader834) Read(r io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
	_, problems, err := x12.Read834(r, func(said x12.Member834) error {
		for _, row := range m.rows(&said) {
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	})
	return problems, err
}

// rows gives what is said of one member, a row for each kind of change.
func (m Reader834) rows(said *x12.Member834) []enrolment.Row {
	base := enrolment.Row{
		Line: said.Line, Record: "INS", Household: said.Household, Sponsor: m.sponsor(said),
		Replace: said.Header.Action == x12.Replace,
		Change: member.Change{
			Kind: kindOf(said.Maintenance), Relationship: relationship(said), Person: person(said),
			Identity: member.Identity{
				Source: said.Header.Set.Group.Interchange.Sender, SubscriberID: said.SubscriberID, Group: said.Group,
			},
			Responsible: responsible(said), Effective: effective(said), AsOf: said.Header.Date,
		},
	}
	if len(said.Coverages) == 0 {
		return []enrolment.Row{base}
	}
	var rows []enrolment.Row
	for i := range said.Coverages {
		c := &said.Coverages[i]
		kind := coverageKind(said, c)
		at := slices.IndexFunc(rows, func(r enrolment.Row) bool { return r.Change.Kind == kind })
		if at < 0 {
			row := base
			row.Change.Kind = kind
			rows, at = append(rows, row), len(rows)
		}
		rows[at].Change.Coverages = append(rows[at].Change.Coverages, coverageChange(c))
	}
	// Additions come first, so that a plan left for another is not refused for a
	// member who is only now enrolled.
	slices.SortStableFunc(rows, func(a, b enrolment.Row) int { return order(a.Change.Kind) - order(b.Change.Kind) })
	return rows
}

func order(k member.ChangeKind) int {
	if k == member.Add {
		return 0
	}
	return 1
}

// kinds are the maintenance types of INS03 and HD01. A correction changes; a
// deletion of a coverage ends it; "employee information not applicable" says
// nothing and changes nothing.
var kinds = map[x12.Maintenance]member.ChangeKind{
	x12.MaintChange: member.Alter, x12.MaintCorrect: member.Alter, x12.MaintEmployer: member.Alter,
	x12.MaintAdd: member.Add, x12.MaintTerminate: member.Terminate, x12.MaintDelete: member.Terminate,
	x12.MaintReinstate: member.Reinstate, x12.MaintAudit: member.Audit,
}

func kindOf(m x12.Maintenance) member.ChangeKind { return kinds[m] }

// coverageKind is what is done to one coverage. The member's own maintenance
// decides where the two contradict: nothing is done to a coverage in an audit,
// and a member who is added or ended takes the coverages along.
func coverageKind(said *x12.Member834, c *x12.Coverage) member.ChangeKind {
	own := kindOf(said.Maintenance)
	if own == member.Alter || own == member.Reinstate && c.Maintenance == x12.MaintAdd {
		return kindOf(c.Maintenance)
	}
	return own
}

func coverageChange(c *x12.Coverage) member.CoverageChange {
	out := member.CoverageChange{Line: c.InsuranceLine, Plan: c.Plan, From: c.Begins(), To: c.Ends()}
	ends := c.Maintenance == x12.MaintTerminate || c.Maintenance == x12.MaintDelete
	switch {
	case c.Maintenance == x12.MaintDelete && out.To.IsZero():
		out.To = out.From // it never was
	case out.To.IsZero() || !out.To.Before(out.From):
	case ends:
		out.From = calendar.Date{}
	default:
		// A sponsor cancels a coverage from its start by an end on the day before;
		// the file on members says so by an end on the first day.
		out.To = out.From
	}
	return out
}

// effective is the member's own date where a coverage states none: 357 or 337
// for an end, 356, 336 or 303 for a beginning.
func effective(said *x12.Member834) calendar.Date {
	qualifiers := []string{"356", "336", "303"}
	if said.Maintenance == x12.MaintTerminate {
		qualifiers = []string{"357", "337", "303"}
	}
	for _, q := range qualifiers {
		if d := said.Date(q); !d.IsZero() {
			return d
		}
	}
	return calendar.Date{}
}

func relationship(said *x12.Member834) member.Relationship {
	if said.Subscriber {
		return member.Self
	}
	if r := member.RelationshipOfCode(said.Relationship); r != member.Self {
		return r
	}
	return member.Other
}

// sponsor is who sponsors a subscriber's coverage. In an exchange's file for
// individuals the subscriber stands there in person: that is no organisation.
func (m Reader834) sponsor(said *x12.Member834) enrolment.Sponsor {
	p := said.Header.Sponsor
	if !said.Subscriber || p.ID == "" || p.IDQualifier == "34" || secret.New(p.ID) == said.SSN || isNamed(p.Name, said.Person) {
		return enrolment.Sponsor{}
	}
	kind := member.SponsorParty
	if slices.Contains(employed, said.Employment) {
		kind = member.EmployerParty
	}
	return enrolment.Sponsor{Kind: kind, ID: p.ID, Name: p.Name, Pays: m.SponsorPays}
}

// employed are the employment statuses of INS08 that only an employer states:
// full and part time, leave of absence, retired, terminated.
var employed = []string{"FT", "PT", "L1", "RT", "TE"}

// isNamed reports whether a text is a person's name, in whichever order.
func isNamed(text string, p x12.Party) bool {
	words := func(s string) []string {
		w := strings.Fields(strings.ToLower(s))
		slices.Sort(w)
		return w
	}
	return slices.Equal(words(text), words(p.First+" "+p.Name))
}

func person(said *x12.Member834) member.Person {
	p := &said.Person
	out := member.Person{
		Name: name(p), BirthDate: p.Born, DeathDate: said.Died, Sex: sex(p.Gender), SSN: ssn(said.SSN),
		Residence: address(p.Address), Phone: phone(p), Email: p.Contact("EM"),
	}
	if said.Mailing != nil {
		out.Mailing = address(said.Mailing.Address)
	}
	for _, l := range said.Languages {
		tag := languageTag(l)
		switch l.Use {
		case "5", "6":
			out.WrittenLanguage = tag
		case "7":
			out.SpokenLanguage = tag
		case "8":
			if out.SpokenLanguage == "" {
				out.SpokenLanguage = tag
			}
		}
	}
	return out
}

func name(p *x12.Party) member.Name {
	return member.Name{
		Prefix: printing(p.Prefix), First: printing(p.First), Middle: printing(p.Middle), Last: printing(p.Name), Suffix: printing(p.Suffix),
	}
}

func sex(code string) string {
	if slices.Contains([]string{"F", "M", "X", "U"}, code) {
		return code
	}
	return ""
}

// ssn takes nine digits; a source that has none fills the field with zeros or nines.
func ssn(stated secret.Text) secret.Text {
	digits := digitsOf(stated.Reveal())
	if len(digits) != 9 || strings.Trim(digits, "0") == "" || strings.Trim(digits, "9") == "" {
		return secret.Text{}
	}
	return secret.New(digits)
}

func address(a x12.Address) member.Address {
	out := member.Address{City: a.City, State: a.State, ZIP: zip(a.Zip), Country: a.Country}
	if out.Country == "US" || out.Country == "USA" {
		out.Country = ""
	}
	if len(a.Lines) > 0 {
		out.Line1 = a.Lines[0]
	}
	if len(a.Lines) > 1 {
		out.Line2 = a.Lines[1]
	}
	return out
}

// zip writes nine digits as people do.
func zip(code string) string {
	if len(code) == 9 && digitsOf(code) == code {
		return code[:5] + "-" + code[5:]
	}
	return code
}

// phone gives the first telephone number of ten digits, cell before home.
func phone(p *x12.Party) string {
	for _, qualifier := range []string{"CP", "HP", "TE", "WP", "AP", "BN"} {
		digits := digitsOf(p.Contact(qualifier))
		if len(digits) == 11 && digits[0] == '1' {
			digits = digits[1:]
		}
		if len(digits) == 10 {
			return digits
		}
	}
	return ""
}

func digitsOf(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

// languageTag gives the BCP 47 tag of a LUI, "" where its code is none. LD is
// NISO Z39.53, whose three letters differ from ISO 639 for some languages.
func languageTag(l x12.Language) string {
	code := strings.ToLower(l.Code)
	if other, ok := nisoTags[code]; ok && l.Qualifier == "LD" {
		code = other
	}
	tag, err := language.Parse(code)
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// nisoTags are the NISO Z39.53 codes that are not those of ISO 639-2.
var nisoTags = map[string]string{
	"spa": "es", "eng": "en", "fre": "fr", "ger": "de", "chi": "zh", "kor": "ko", "vie": "vi", "tag": "tl", "rus": "ru",
	"arm": "hy", "per": "fa", "cam": "km", "lao": "lo", "ara": "ar", "jpn": "ja", "por": "pt", "pol": "pl", "gre": "el",
	"hai": "ht", "ita": "it", "hin": "hi", "tha": "th", "ukr": "uk", "som": "so", "amh": "am", "guj": "gu", "urd": "ur",
}

// responsible names everybody whom the 834 names beside the member. Who of them
// answers for bills is QD; a guardian or custodial parent is a claim that makes
// nobody a representative before staff saw a document (45 CFR 164.514(h)).
func responsible(said *x12.Member834) []member.Responsible {
	var named []member.Responsible
	add := func(p *x12.Party) {
		named = append(named, member.Responsible{Role: p.Role, Name: name(p), Address: address(p.Address), Phone: phone(p)})
	}
	if said.Custodian != nil {
		add(said.Custodian)
	}
	for i := range said.Responsible {
		add(&said.Responsible[i])
	}
	return named
}

// printing drops what a screen or printer would obey instead of print: control
// and formatting characters.
func printing(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
}
