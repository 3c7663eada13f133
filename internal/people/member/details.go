package member

import (
	"slices"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
)

// The fields that identify a person. A source may fill them once; stating
// another value later may mean another person, so staff decide.
const (
	fieldSSN          = "ssn"
	fieldBirthDate    = "birth_date"
	fieldDeathDate    = "death_date"
	fieldRecordNumber = "record_number"
	fieldName         = "name"
	fieldRelationship = "relationship"
)

// Conflict is a value that a source stated against our file. Once refused it
// stays, so that the next audit file does not raise it again.
type Conflict struct {
	Field        string
	Stated       Person // holds the stated value of Field, and nothing else
	Relationship Relationship
	Refused      bool
}

// Settle ends an open conflict of the record: staff accept what the source
// stated, or refuse it for good. It fails with fault.NotFound when about is no
// open conflict of the record.
func Settle(r Record, about Conflict, accept bool) (Record, error) {
	i := slices.Index(r.Conflicts, about)
	if i < 0 || about.Refused {
		return Record{}, fault.New(fault.NotFound, "member.Settle", "the record has no such open conflict about %s", about.Field)
	}
	next := r.clone()
	if !accept {
		next.Conflicts[i].Refused = true
		return next, nil
	}
	next.Conflicts = slices.Delete(next.Conflicts, i, i+1)
	switch about.Field {
	case fieldSSN:
		next.Person.SSN = about.Stated.SSN
	case fieldBirthDate:
		next.Person.BirthDate = about.Stated.BirthDate
	case fieldDeathDate:
		next.Person.DeathDate = about.Stated.DeathDate
	case fieldRecordNumber:
		next.Person.RecordNumber = about.Stated.RecordNumber
	case fieldName:
		next.Person.Name = about.Stated.Name
	case fieldRelationship:
		next.Relationship = about.Relationship
	}
	return next, nil
}

// mergeDetails takes over what a change states of the person.
func mergeDetails(r *Record, c Change) []Effect {
	var effects []Effect
	conflict := func(about Conflict) {
		if !slices.Contains(r.Conflicts, refused(about)) && !slices.Contains(r.Conflicts, about) {
			r.Conflicts = append(r.Conflicts, about)
			effects = append(effects, Effect{Kind: IdentityConflict, Field: about.Field})
		}
	}
	changed := func(field string) { effects = append(effects, Effect{Kind: DetailChanged, Field: field}) }

	have, stated := &r.Person, c.Person
	identify(fieldSSN, &have.SSN, stated.SSN, func() { conflict(Conflict{Field: fieldSSN, Stated: Person{SSN: stated.SSN}}) }, changed)
	identify(fieldBirthDate, &have.BirthDate, stated.BirthDate, func() {
		conflict(Conflict{Field: fieldBirthDate, Stated: Person{BirthDate: stated.BirthDate}})
	}, changed)
	identify(fieldDeathDate, &have.DeathDate, stated.DeathDate, func() {
		conflict(Conflict{Field: fieldDeathDate, Stated: Person{DeathDate: stated.DeathDate}})
	}, changed)
	identify(fieldRecordNumber, &have.RecordNumber, stated.RecordNumber, func() {
		conflict(Conflict{Field: fieldRecordNumber, Stated: Person{RecordNumber: stated.RecordNumber}})
	}, changed)
	if otherPerson(have.Name, stated.Name) {
		conflict(Conflict{Field: fieldName, Stated: Person{Name: stated.Name}})
	} else {
		mergeName(&have.Name, stated.Name, changed)
	}
	if c.Relationship != "" && c.Relationship != r.Relationship {
		// Who the subscriber is decides who owes the premium.
		if c.Relationship == Self || r.Relationship == Self {
			conflict(Conflict{Field: fieldRelationship, Relationship: c.Relationship})
		} else {
			r.Relationship = c.Relationship
			changed(fieldRelationship)
		}
	}
	take("suffix", &r.Identity.Suffix, c.Identity.Suffix, changed)
	take("group", &r.Identity.Group, c.Identity.Group, changed)
	mergeContacts(have, stated, changed)
	for _, named := range c.Responsible {
		if !slices.Contains(r.Responsible, named) {
			r.Responsible = append(r.Responsible, named)
			changed("responsible")
		}
	}
	return effects
}

func refused(c Conflict) Conflict {
	c.Refused = true
	return c
}

// identify fills an identifying value, or calls conflict for another one.
func identify[T comparable](field string, have *T, stated T, conflict func(), changed func(string)) {
	var none T
	switch {
	case stated == none || stated == *have:
	case *have == none:
		*have = stated
		changed(field)
	default:
		conflict()
	}
}

// take takes over a stated value that differs.
func take[T comparable](field string, have *T, stated T, changed func(string)) {
	var none T
	if stated == none || stated == *have {
		return
	}
	*have = stated
	changed(field)
}

func mergeContacts(have *Person, stated Person, changed func(string)) {
	take("sex", &have.Sex, stated.Sex, changed)
	take("residence", &have.Residence, stated.Residence, changed)
	take("mailing", &have.Mailing, stated.Mailing, changed)
	take("confidential", &have.Confidential, stated.Confidential, changed)
	take("phone", &have.Phone, stated.Phone, changed)
	take("email", &have.Email, stated.Email, changed)
	take("spoken_language", &have.SpokenLanguage, stated.SpokenLanguage, changed)
	take("written_language", &have.WrittenLanguage, stated.WrittenLanguage, changed)
	take("format", &have.Format, stated.Format, changed)
	take("contact_by", &have.ContactBy, stated.ContactBy, changed)
	take("region", &have.Region, stated.Region, changed)
}

// otherPerson reports whether a stated name is likely another person's: first
// and last name both differ. One alone changes by marriage or correction.
func otherPerson(have, stated Name) bool {
	return stated.First != "" && stated.Last != "" && have.First != "" && have.Last != "" &&
		!sameWord(have.First, stated.First) && !sameWord(have.Last, stated.Last)
}

// mergeName takes over name parts that differ in more than letter case and
// punctuation, which sources drop.
func mergeName(have *Name, stated Name, changed func(string)) {
	before := *have
	for _, part := range []struct {
		have   *string
		stated string
	}{
		{&have.Prefix, stated.Prefix}, {&have.First, stated.First}, {&have.Middle, stated.Middle},
		{&have.Last, stated.Last}, {&have.Suffix, stated.Suffix},
	} {
		if part.stated != "" && !sameWord(*part.have, part.stated) {
			*part.have = part.stated
		}
	}
	if before != *have {
		changed(fieldName)
	}
}

// sameWord compares names by their letters and digits, whatever their case.
func sameWord(a, b string) bool { return foldWord(a) == foldWord(b) }

func foldWord(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
