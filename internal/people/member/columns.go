package member

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
)

// column is one column of the roster: how its text is read into a row and
// written from one. Read is never given the empty string. Its error does not
// repeat a value that would tell who somebody is.
type column struct {
	name     string
	required bool // in the header and in every row
	read     func(*Row, string) error
	write    func(Row) string
}

// rosterColumns are the columns in the order in which they are written.
var rosterColumns = []column{
	{"action", false, readAction, func(r Row) string { return string(r.Change.Kind) }},
	text("source", true, func(r *Row) *string { return &r.Change.Identity.Source }),
	text("subscriber_id", true, func(r *Row) *string { return &r.Change.Identity.SubscriberID }),
	text("member_suffix", false, func(r *Row) *string { return &r.Change.Identity.Suffix }),
	text("group_number", false, func(r *Row) *string { return &r.Change.Identity.Group }),
	oneOf("relationship", true, Relationships(), func(r *Row) *Relationship { return &r.Change.Relationship }),
	text("name_prefix", false, func(r *Row) *string { return &r.Change.Person.Name.Prefix }),
	text("first_name", false, func(r *Row) *string { return &r.Change.Person.Name.First }),
	text("middle_name", false, func(r *Row) *string { return &r.Change.Person.Name.Middle }),
	text("last_name", true, func(r *Row) *string { return &r.Change.Person.Name.Last }),
	text("name_suffix", false, func(r *Row) *string { return &r.Change.Person.Name.Suffix }),
	date("birth_date", true, func(r *Row) *calendar.Date { return &r.Change.Person.BirthDate }),
	date("death_date", false, func(r *Row) *calendar.Date { return &r.Change.Person.DeathDate }),
	oneOf("sex", false, []string{"F", "M", "X", "U"}, func(r *Row) *string { return &r.Change.Person.Sex }),
	// An export never carries social security numbers.
	{"ssn", false, readSSN, func(Row) string { return "" }},
	text("record_number", false, func(r *Row) *string { return &r.Change.Person.RecordNumber }),
	text("line1", false, func(r *Row) *string { return &r.Change.Person.Residence.Line1 }),
	text("line2", false, func(r *Row) *string { return &r.Change.Person.Residence.Line2 }),
	text("city", false, func(r *Row) *string { return &r.Change.Person.Residence.City }),
	shaped("state", stateForm, "must be a USPS state code of two capital letters", func(r *Row) *string { return &r.Change.Person.Residence.State }),
	shaped("zip", zipForm, "must be a ZIP code, 5 digits or 5-4; a spreadsheet may have dropped a zero in front", func(r *Row) *string { return &r.Change.Person.Residence.ZIP }),
	text("mailing_line1", false, func(r *Row) *string { return &r.Change.Person.Mailing.Line1 }),
	text("mailing_line2", false, func(r *Row) *string { return &r.Change.Person.Mailing.Line2 }),
	text("mailing_city", false, func(r *Row) *string { return &r.Change.Person.Mailing.City }),
	shaped("mailing_state", stateForm, "must be a USPS state code of two capital letters", func(r *Row) *string { return &r.Change.Person.Mailing.State }),
	shaped("mailing_zip", zipForm, "must be a ZIP code, 5 digits or 5-4; a spreadsheet may have dropped a zero in front", func(r *Row) *string { return &r.Change.Person.Mailing.ZIP }),
	text("confidential_line1", false, func(r *Row) *string { return &r.Change.Person.Confidential.Line1 }),
	text("confidential_line2", false, func(r *Row) *string { return &r.Change.Person.Confidential.Line2 }),
	text("confidential_city", false, func(r *Row) *string { return &r.Change.Person.Confidential.City }),
	shaped("confidential_state", stateForm, "must be a USPS state code of two capital letters", func(r *Row) *string { return &r.Change.Person.Confidential.State }),
	shaped("confidential_zip", zipForm, "must be a ZIP code, 5 digits or 5-4; a spreadsheet may have dropped a zero in front", func(r *Row) *string { return &r.Change.Person.Confidential.ZIP }),
	{"phone", false, readPhone, func(r Row) string { return r.Change.Person.Phone }},
	{"email", false, readEmail, func(r Row) string { return r.Change.Person.Email }},
	tag("spoken_language", func(r *Row) *string { return &r.Change.Person.SpokenLanguage }),
	tag("written_language", func(r *Row) *string { return &r.Change.Person.WrittenLanguage }),
	oneOf("format", false, Formats(), func(r *Row) *Format { return &r.Change.Person.Format }),
	oneOf("contact_by", false, Channels(), func(r *Row) *Channel { return &r.Change.Person.ContactBy }),
	text("region", false, func(r *Row) *string { return &r.Change.Person.Region }),
	text("coverage_line", false, func(r *Row) *string { return &r.coverage().Line }),
	text("coverage_plan", false, func(r *Row) *string { return &r.coverage().Plan }),
	date("coverage_from", false, func(r *Row) *calendar.Date { return &r.coverage().From }),
	date("coverage_to", false, func(r *Row) *calendar.Date { return &r.coverage().To }),
	date("as_of", false, func(r *Row) *calendar.Date { return &r.Change.AsOf }),
	text("alias", false, func(r *Row) *string { return &r.aliasHandle }),
	text("alias_source", false, func(r *Row) *string { return &r.aliasSource }),
}

// RosterColumns lists the columns of the roster in the order in which
// WriteRoster writes them.
func RosterColumns() []string {
	names := make([]string, len(rosterColumns))
	for i, c := range rosterColumns {
		names[i] = c.name
	}
	return names
}

// textMax bounds a cell in bytes; no name, id or address line is longer.
const textMax = 200

func text(name string, required bool, at func(*Row) *string) column {
	return column{name, required, func(r *Row, s string) error { *at(r) = s; return nil }, func(r Row) string { return *at(&r) }}
}

var (
	stateForm = regexp.MustCompile(`^[A-Z]{2}$`)
	zipForm   = regexp.MustCompile(`^[0-9]{5}(-[0-9]{4})?$`)
)

func shaped(name string, form *regexp.Regexp, otherwise string, at func(*Row) *string) column {
	c := text(name, false, at)
	c.read = func(r *Row, s string) error {
		if !form.MatchString(s) {
			return errors.New(otherwise)
		}
		*at(r) = s
		return nil
	}
	return c
}

func date(name string, required bool, at func(*Row) *calendar.Date) column {
	read := func(r *Row, s string) error {
		d, err := calendar.Parse(s)
		if err != nil {
			return errors.New("is not a date of the form 2026-11-23")
		}
		*at(r) = d
		return nil
	}
	return column{name, required, read, func(r Row) string { return at(&r).String() }}
}

func oneOf[T ~string](name string, required bool, set []T, at func(*Row) *T) column {
	read := func(r *Row, s string) error {
		if !slices.Contains(set, T(s)) {
			return fmt.Errorf("%q is not known; write one of %s", s, list(set))
		}
		*at(r) = T(s)
		return nil
	}
	return column{name, required, read, func(r Row) string { return string(*at(&r)) }}
}

func list[T ~string](set []T) string {
	names := make([]string, len(set))
	for i, member := range set {
		names[i] = string(member)
	}
	return strings.Join(names, ", ")
}

func tag(name string, at func(*Row) *string) column {
	read := func(r *Row, s string) error {
		t, err := language.Raw.Parse(s)
		if err != nil {
			return fmt.Errorf("%q is no known BCP 47 language tag", s)
		}
		*at(r) = t.String()
		return nil
	}
	return column{name, false, read, func(r Row) string { return *at(&r) }}
}

func readAction(r *Row, s string) error {
	if !slices.Contains(ChangeKinds(), ChangeKind(s)) {
		return fmt.Errorf("%q is not known; write one of %s", s, list(ChangeKinds()))
	}
	r.Change.Kind = ChangeKind(s)
	return nil
}

// readSSN takes nine digits, with or without hyphens, of the numbers that the
// Social Security Administration issues: no area 000, 666 or 9xx, no group 00,
// no serial 0000 (20 CFR 422.103; SSA randomization notice of 2011).
func readSSN(r *Row, s string) error {
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 9 || !allDigits(digits) {
		return errors.New("a social security number has 9 digits")
	}
	area, group, serial := digits[:3], digits[3:5], digits[5:]
	if area == "000" || area == "666" || area[0] == '9' || group == "00" || serial == "0000" {
		return errors.New("this is no social security number that is issued")
	}
	r.Change.Person.SSN = secret.New(digits)
	return nil
}

func readPhone(r *Row, s string) error {
	digits := strings.NewReplacer("-", "", " ", "", ".", "", "(", "", ")", "", "+1", "").Replace(s)
	if len(digits) != 10 || !allDigits(digits) || digits[0] < '2' || digits[3] < '2' {
		return errors.New("a telephone number has 10 digits, area code and exchange starting with 2 to 9")
	}
	r.Change.Person.Phone = digits
	return nil
}

func readEmail(r *Row, s string) error {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(domain, "@ ") || strings.Contains(local, " ") {
		return errors.New("an e-mail address has the form name@example.org")
	}
	r.Change.Person.Email = s
	return nil
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}
