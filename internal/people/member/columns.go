package member

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/sheet"
)

// column is one column of the roster: how its text is read into a row and
// written from one. Read's error does not repeat a value that would tell who
// somebody is.
type column struct {
	sheet.Column[Row]
	write func(Row) string
}

// rosterColumns are the columns in the order in which they are written.
var rosterColumns = []column{
	oneOf("action", ChangeKinds(), func(r *Row) *ChangeKind { return &r.Change.Kind }),
	must(text("source", func(r *Row) *string { return &r.Change.Identity.Source })),
	must(text("subscriber_id", func(r *Row) *string { return &r.Change.Identity.SubscriberID })),
	text("member_suffix", func(r *Row) *string { return &r.Change.Identity.Suffix }),
	text("group_number", func(r *Row) *string { return &r.Change.Identity.Group }),
	must(oneOf("relationship", Relationships(), func(r *Row) *Relationship { return &r.Change.Relationship })),
	text("name_prefix", func(r *Row) *string { return &r.Change.Person.Name.Prefix }),
	text("first_name", func(r *Row) *string { return &r.Change.Person.Name.First }),
	text("middle_name", func(r *Row) *string { return &r.Change.Person.Name.Middle }),
	must(text("last_name", func(r *Row) *string { return &r.Change.Person.Name.Last })),
	text("name_suffix", func(r *Row) *string { return &r.Change.Person.Name.Suffix }),
	must(date("birth_date", func(r *Row) *calendar.Date { return &r.Change.Person.BirthDate })),
	date("death_date", func(r *Row) *calendar.Date { return &r.Change.Person.DeathDate }),
	oneOf("sex", []string{"F", "M", "X", "U"}, func(r *Row) *string { return &r.Change.Person.Sex }),
	// An export never carries social security numbers.
	{sheet.Column[Row]{Name: "ssn", Read: readSSN}, func(Row) string { return "" }},
	text("record_number", func(r *Row) *string { return &r.Change.Person.RecordNumber }),
	text("line1", func(r *Row) *string { return &r.Change.Person.Residence.Line1 }),
	text("line2", func(r *Row) *string { return &r.Change.Person.Residence.Line2 }),
	text("city", func(r *Row) *string { return &r.Change.Person.Residence.City }),
	state("state", func(r *Row) *string { return &r.Change.Person.Residence.State }),
	zip("zip", func(r *Row) *string { return &r.Change.Person.Residence.ZIP }),
	text("mailing_line1", func(r *Row) *string { return &r.Change.Person.Mailing.Line1 }),
	text("mailing_line2", func(r *Row) *string { return &r.Change.Person.Mailing.Line2 }),
	text("mailing_city", func(r *Row) *string { return &r.Change.Person.Mailing.City }),
	state("mailing_state", func(r *Row) *string { return &r.Change.Person.Mailing.State }),
	zip("mailing_zip", func(r *Row) *string { return &r.Change.Person.Mailing.ZIP }),
	text("confidential_line1", func(r *Row) *string { return &r.Change.Person.Confidential.Line1 }),
	text("confidential_line2", func(r *Row) *string { return &r.Change.Person.Confidential.Line2 }),
	text("confidential_city", func(r *Row) *string { return &r.Change.Person.Confidential.City }),
	state("confidential_state", func(r *Row) *string { return &r.Change.Person.Confidential.State }),
	zip("confidential_zip", func(r *Row) *string { return &r.Change.Person.Confidential.ZIP }),
	{sheet.Column[Row]{Name: "phone", Read: readPhone}, func(r Row) string { return r.Change.Person.Phone }},
	{sheet.Column[Row]{Name: "email", Read: readEmail}, func(r Row) string { return r.Change.Person.Email }},
	tag("spoken_language", func(r *Row) *string { return &r.Change.Person.SpokenLanguage }),
	tag("written_language", func(r *Row) *string { return &r.Change.Person.WrittenLanguage }),
	oneOf("format", Formats(), func(r *Row) *Format { return &r.Change.Person.Format }),
	oneOf("contact_by", Channels(), func(r *Row) *Channel { return &r.Change.Person.ContactBy }),
	text("region", func(r *Row) *string { return &r.Change.Person.Region }),
	text("coverage_line", func(r *Row) *string { return &r.coverage().Line }),
	text("coverage_plan", func(r *Row) *string { return &r.coverage().Plan }),
	date("coverage_from", func(r *Row) *calendar.Date { return &r.coverage().From }),
	date("coverage_to", func(r *Row) *calendar.Date { return &r.coverage().To }),
	date("as_of", func(r *Row) *calendar.Date { return &r.Change.AsOf }),
	text("alias", func(r *Row) *string { return &r.aliasHandle }),
	text("alias_source", func(r *Row) *string { return &r.aliasSource }),
}

// RosterColumns lists the columns of the roster in the order in which
// WriteRoster writes them.
func RosterColumns() []string { return rosterTable.Names() }

func must(c column) column {
	c.Required = true
	return c
}

func text(name string, at func(*Row) *string) column {
	return column{sheet.Text(name, at), func(r Row) string { return *at(&r) }}
}

func state(name string, at func(*Row) *string) column {
	return column{sheet.State(name, at), func(r Row) string { return *at(&r) }}
}

var zipForm = regexp.MustCompile(`^[0-9]{5}(-[0-9]{4})?$`)

func zip(name string, at func(*Row) *string) column {
	const otherwise = "must be a ZIP code, 5 digits or 5-4; a spreadsheet may have dropped a zero in front"
	return column{sheet.Shaped(name, zipForm, otherwise, at), func(r Row) string { return *at(&r) }}
}

func date(name string, at func(*Row) *calendar.Date) column {
	return column{sheet.Date(name, at), func(r Row) string { return at(&r).String() }}
}

func oneOf[T ~string](name string, set []T, at func(*Row) *T) column {
	return column{sheet.OneOf(name, set, at), func(r Row) string { return string(*at(&r)) }}
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
	return column{sheet.Column[Row]{Name: name, Read: read}, func(r Row) string { return *at(&r) }}
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

var phoneMarks = strings.NewReplacer("-", "", " ", "", ".", "", "(", "", ")", "", "+1", "")

func readPhone(r *Row, s string) error {
	digits := phoneMarks.Replace(s)
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
