package x12

import (
	"strings"

	"github.com/billfold/billfold/internal/base/secret"
)

// name begins the loop of an NM1 within a member.
func (e *enrolment) name(s Segment) {
	m := e.member
	p := Party{
		Role: s.Element(1), Organization: s.Element(2) == "2", Name: s.Element(3), First: s.Element(4),
		Middle: s.Element(5), Prefix: s.Element(6), Suffix: s.Element(7),
	}
	p.identify(s.Element(8), s.Element(9))
	switch e.section {
	case inOther:
		e.party = &Party{} // whose other coverage it is: not kept
		return
	case inProvider:
		if len(m.Coverages) > 0 {
			c := &m.Coverages[len(m.Coverages)-1]
			c.Providers = append(c.Providers, p)
			e.party = &c.Providers[len(c.Providers)-1]
		}
		return
	}
	e.require(s, inMember)
	if m.Person.Role == "" && p.Role != "IL" && p.Role != "74" {
		e.refuse(s, 1, elementCode, "NM1*%s comes before the member's own name (NM1*IL or NM1*74)", shown(p.Role))
	}
	e.party = e.place(s, p)
}

// place keeps a party under its role and gives where it is kept.
func (e *enrolment) place(s Segment, p Party) *Party {
	m := e.member
	switch p.Role {
	case "IL", "74":
		if m.Person.Role != "" {
			e.refuse(s, 0, segmentTooMany, "a second name for one member")
		}
		if p.Name == "" {
			e.refuse(s, 3, elementMissing, "the member's last name is missing")
		}
		m.Person, m.Corrected = p, p.Role == "74"
		return &m.Person
	case "70":
		m.Incorrect = &p
	case "31":
		m.Mailing = &p
	case "S3":
		m.Custodian = &p
	case "45":
		m.DropOff = &p
	case "36":
		m.Employers = append(m.Employers, p)
		return &m.Employers[len(m.Employers)-1]
	case "M8":
		m.Schools = append(m.Schools, p)
		return &m.Schools[len(m.Schools)-1]
	// Loop 2100G: who answers for the member, from case manager to spouse.
	case "6Y", "9K", "E1", "EI", "EXS", "GB", "GD", "J6", "LR", "QD", "S1", "TZ", "X4":
		m.Responsible = append(m.Responsible, p)
		return &m.Responsible[len(m.Responsible)-1]
	default:
		e.refuse(s, 1, elementCode, "NM1*%s has no place in a member of an 834", shown(p.Role))
	}
	return &p
}

// identify sets a party's identifier; one qualified 34 is a social security number.
func (p *Party) identify(qualifier, value string) {
	p.IDQualifier = qualifier
	if qualifier == "34" {
		p.SSN = secret.New(value)
		return
	}
	p.ID = value
}

// describe adds an address, contacts or demographics to the latest party.
func (e *enrolment) describe(s Segment) {
	p := e.party
	if p == nil {
		if e.section != inOther && e.section != inProvider {
			e.refuse(s, 0, segmentSequence, "%s stands before the name that it describes", s.ID)
		}
		return
	}
	switch s.ID {
	case "N3":
		p.Address.Lines = nil
		for n := 1; n <= 2; n++ {
			if line := s.Element(n); line != "" {
				p.Address.Lines = append(p.Address.Lines, line)
			}
		}
	case "N4":
		p.Address.locate(s)
	case "PER":
		e.contacts(p, s)
	case "DMG":
		e.demographics(p, s)
	}
}

func (a *Address) locate(s Segment) {
	a.City, a.State, a.Zip, a.Country = s.Element(1), s.Element(2), s.Element(3), s.Element(4)
	if s.Element(5) == "CY" {
		a.County = s.Element(6)
		return
	}
	a.LocationType, a.Location = s.Element(5), s.Element(6)
}

// contacts reads the three pairs of qualifier and number of a PER.
func (e *enrolment) contacts(p *Party, s Segment) {
	for n := 3; n <= 7; n += 2 {
		qualifier, value := s.Element(n), s.Element(n+1)
		if qualifier == "" && value == "" {
			continue
		}
		if qualifier == "" || value == "" {
			e.refuse(s, n, elementMissing, "a contact needs a qualifier and a value")
			continue
		}
		p.Contacts = append(p.Contacts, Contact{s.Element(2), qualifier, value})
	}
}

func (e *enrolment) demographics(p *Party, s Segment) {
	p.Gender, p.MaritalStatus, p.Ethnicity, p.Citizenship = s.Element(3), s.Element(4), s.Element(5), s.Element(6)
	value := s.Element(2)
	if value == "" {
		return
	}
	born, _, err := parsePeriod(s.Element(1), value)
	if err == nil {
		p.Born = born
		return
	}
	// Words in place of a birth date are a sender's way to withhold it and
	// cannot be taken for one. Figures that are no date are a mistake that
	// could put a person into the wrong age band.
	if s.Element(1) == "D8" && !strings.ContainsAny(value[:1], "0123456789") {
		e.member.Notes = append(e.member.Notes, e.at.note(s, 2, elementDate, "the birth date is withheld under a placeholder"))
		return
	}
	e.refuse(s, 2, elementDate, "the birth date: %v", err)
}
