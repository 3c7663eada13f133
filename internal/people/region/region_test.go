package region

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
)

func good(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func loadGood(t *testing.T) Pack {
	t.Helper()
	p, problems := Load(filepath.Join("testdata", "good.yaml"))
	if len(problems) > 0 {
		t.Fatalf("the good pack is refused: %v", problems)
	}
	return p
}

func TestParse_RefusesWithLineAndReason(t *testing.T) {
	// Each case breaks the good pack in one place; the line named is the one
	// that holds mark, counted in the broken text.
	for _, c := range []struct{ situation, old, new, mark, want string }{
		{"a phone with nine digits", "303-555-0142\n", "303-555-014\n", "number: 303-555-014\n", "has 9 digits; a United States telephone number has 10"},
		{"a phone with eleven digits", "303-555-0142\n", "303-555-01422\n", "number: 303-555-01422", "has 11 digits"},
		{"an area code that starts with 1", "number: 303-555-0142", "number: 103-555-0142", "number: 103", "no area code is 103"},
		{"an exchange that starts with 0", "number: 303-555-0142", "number: 303-055-0142", "number: 303-055", "no exchange is 055"},
		{"an emergency code as exchange", "number: 303-555-0142", "number: 303-911-0142", "number: 303-911", "no exchange is 911"},
		{"letters in a phone", "number: 303-555-0142", "number: 303-555-CARE", "number: 303-555-CARE", "is no telephone number"},
		{"a TTY line that is not 711", "number: 303-555-0142\n    tty: 711", "number: 303-555-0142\n    tty: 712", "tty: 712", "has 3 digits"},
		{"a missing TTY line", "number: 303-555-0142\n    tty: 711", "number: 303-555-0142", "id: member-billing", `"tty" is missing`},
		{"hours that end before they start", `mon-fri: "08:00-18:00"`, `mon-fri: "18:00-08:00"`, "18:00-08:00", "are no hours"},
		{"hours past midnight", `mon-fri: "08:00-18:00"`, `mon-fri: "08:00-25:00"`, "25:00", "are no hours"},
		{"hours with twelve-hour letters", `mon-fri: "08:00-18:00"`, `mon-fri: "8am-6pm"`, "8am", "are no hours"},
		{"hours that overlap", `"08:00-12:00, 13:00-17:00"`, `"08:00-12:00, 11:00-17:00"`, "11:00-17:00", "overlap"},
		{"a day given twice", `      sat: "09:00-13:00"`, `      fri: "09:00-13:00"`, `fri: "09:00-13:00"`, "the hours of fri are given twice"},
		{"an unknown day", `      sat: "09:00-13:00"`, `      sab: "09:00-13:00"`, "sab:", `"sab" is no day`},
		{"an area that is neither a state nor ZIP codes", "serves: [CO]", "serves: [CO, Boulder]", "serves:", `"Boulder" must be a state's USPS code`},
		{"an unknown zone", "America/Denver", "America/Boulder", "America/Boulder", "is no IANA time zone"},
		{"the machine's own zone", "America/Denver", "Local", "Local", "is no IANA time zone"},
		{"an unknown key", "time_zone: America/Denver", "timezone: America/Denver", "timezone", `the key "timezone" is not known ("time_zone" is meant?)`},
		{"an unknown language tag", "tag: vi", "tag: xx", "tag: xx", "is no known BCP 47 language tag"},
		{"Spanish missing", "tag: es", "tag: fr", "languages:", `the language "es" is required`},
		{"a language twice", "tag: vi", "tag: en", "tag: en\n    name: Tiếng", "is listed twice"},
		{"no interpreter line", "    interpreter: An interpreter is free. Call 303-555-0147 (TTY 711).\n", "", "tag: en", `"interpreter" is missing`},
		{"a tender of 45 CFR 156.1240 missing", "money_order, ", "", "tenders:", `"money_order" must be taken for premiums (45 CFR 156.1240(a)(2))`},
		{"an unknown tender", "wire]", "barter]", "barter", `"barter" is not known`},
		{"a purpose without contact", "  - { purpose: lost_number, coverage: all, phone: member-billing }\n", "", "contacts:", `purpose "lost_number" needs a contact for coverage "all"`},
		{"a contact's phone that does not exist", "coverage: medicare, phone: medicare", "coverage: medicare, phone: medicaid", "medicaid", `no phone has the id "medicaid"`},
		{"two contacts for one purpose and coverage", "coverage: medicare, phone", "coverage: exchange, phone", "coverage: exchange, phone: medicare", "has two contacts"},
		{"overlapping rules", "valid_to: 2026-12-31", "valid_to: 2027-01-01", "valid_from: 2027-01-01", "overlaps the one from 2020-01-01"},
		{"two rules without end", "    valid_to: 2026-12-31\n", "", "valid_from: 2027-01-01", "overlaps"},
		{"a rule that ends before it starts", "valid_to: 2026-12-31", "valid_to: 2019-12-31", "valid_to: 2019", "before it starts"},
		{"a rule without citation", "    citation: 45 CFR 156.270(d)\n", "", "id: premium.grace_months", `"citation" is missing`},
		{"a date that does not exist", "valid_to: 2026-12-31", "valid_to: 2026-02-30", "2026-02-30", "is not a date"},
		{"an unknown state", "state: CO\n    zip: \"80302\"", "state: CL\n    zip: \"80302\"", "state: CL", "no USPS state code"},
		{"a short ZIP code", `zip: "80302"`, `zip: "8030"`, "8030\"", "no ZIP code"},
		{"a colour by name", `"#1f5c4a"`, `green`, "green", "must be a colour"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			text := strings.Replace(good(t), c.old, c.new, 1)
			at := strings.Index(text, c.mark)
			if at < 0 || text == good(t) {
				t.Fatalf("the case does not break the pack: %q not found", c.mark)
			}
			line := strings.Count(text[:at], "\n") + 1
			_, problems := Parse("good.yaml", []byte(text))
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
				// A list is told at its entry's first key, which may stand
				// above the mark.
				if p.Record == "good.yaml" && p.Line <= line && p.Line >= line-4 && strings.Contains(p.Message, c.want) {
					return
				}
			}
			t.Errorf("want %q near line %d; got:\n%s", c.want, line, strings.Join(got, "\n"))
		})
	}
}

func TestLoad_MissingFileIsAProblemWithoutItsFolder(t *testing.T) {
	_, problems := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if len(problems) != 1 || problems[0].Record != "none.yaml" || strings.Contains(problems[0].Message, string(filepath.Separator)) {
		t.Errorf("got %v; want one problem that names none.yaml only", problems)
	}
}

func TestPack_ContactFallsBackToAllCoverageTypes(t *testing.T) {
	p := loadGood(t)
	for _, c := range []struct {
		purpose  Purpose
		coverage CoverageType
		phone    string
	}{
		{Premiums, Exchange, "exchange-premiums"},
		{Premiums, COBRA, "member-billing"},
		{Hardship, Medicare, "financial-help"},
		{Interpreter, AllTypes, "interpreters"},
	} {
		got, ok := p.Contact(c.purpose, c.coverage)
		if !ok || got.Phone.ID != c.phone {
			t.Errorf("Contact(%s, %s) = %q, %v; want %q", c.purpose, c.coverage, got.Phone.ID, ok, c.phone)
		}
	}
	if _, ok := p.Contact("parking", AllTypes); ok {
		t.Error("a purpose that no pack knows has a contact")
	}
}

func TestPhone_OpenAtFollowsItsOwnZone(t *testing.T) {
	p := loadGood(t)
	billing, _ := p.Contact(Billing, AllTypes)
	for _, c := range []struct {
		situation, at string
		want          bool
	}{
		{"the minute it opens, Denver winter", "2026-11-23T15:00:00Z", true},
		{"a minute before", "2026-11-23T14:59:59Z", false},
		{"the minute it closes", "2026-11-24T01:00:00Z", false},
		{"the same UTC hour in summer is an hour later in Denver", "2026-07-20T14:00:00Z", true},
		{"Saturday afternoon", "2026-11-21T21:00:00Z", false},
		{"Sunday", "2026-11-22T18:00:00Z", false},
	} {
		t.Run(c.situation, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := billing.Phone.OpenAt(at); got != c.want {
				t.Errorf("OpenAt(%s) = %v, want %v", c.at, got, c.want)
			}
		})
	}
	interpreters, _ := p.Contact(Interpreter, AllTypes)
	if !interpreters.Phone.OpenAt(time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)) {
		t.Error("a line open from 00:00 to 24:00 is closed at night")
	}
}

func TestPack_RuleOnUsesTheDateAndTheLine(t *testing.T) {
	p := loadGood(t)
	for _, c := range []struct{ id, line, on, want string }{
		{"premium.grace_days", "DIRECT", "2026-12-31", "31"},
		{"premium.grace_days", "DIRECT", "2027-01-01", "30"},
		{"premium.grace_months", "EXCH_APTC", "2026-05-01", "3"},
		{"premium.grace_months", "DIRECT", "2026-05-01", ""},
		{"premium.grace_days", "DIRECT", "2019-12-31", ""},
	} {
		rule, ok := p.RuleOn(c.id, c.line, calendar.MustParse(c.on))
		if rule.Value != c.want || ok != (c.want != "") {
			t.Errorf("RuleOn(%s, %s, %s) = %q, %v; want %q", c.id, c.line, c.on, rule.Value, ok, c.want)
		}
	}
}

func TestPack_LanguageFallsBackToItsBaseThenToEnglish(t *testing.T) {
	p := loadGood(t)
	for wish, want := range map[string]string{"es-MX": "es", "zh-Hant": "zh-Hant", "zh": "zh-Hant", "fr": "en", "": "en", "VI": "vi"} {
		if got := p.Language(wish).Tag; got != want {
			t.Errorf("Language(%q) = %q, want %q", wish, got, want)
		}
	}
}

func TestPack_TakesTheTendersListed(t *testing.T) {
	p := loadGood(t)
	if !p.Takes(Wire) || p.Takes("barter") {
		t.Errorf("Takes(wire) = %v, Takes(barter) = %v", p.Takes(Wire), p.Takes("barter"))
	}
}

func TestParseNumber_ReadsHowPeopleWriteNumbers(t *testing.T) {
	for _, written := range []string{"3035550142", "303-555-0142", "(303) 555-0142", "+1 303.555.0142", "1-303-555-0142"} {
		got, err := ParseNumber(written)
		if err != nil || got.String() != "303-555-0142" || got.E164() != "+13035550142" {
			t.Errorf("ParseNumber(%q) = %v, %v", written, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good(f)))
	f.Add([]byte("id: [\n"))
	f.Add([]byte("phones:\n - - - {a: [b, {c: d}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := Parse("fuzz.yaml", data)
		if len(problems) > 0 {
			return
		}
		for _, purpose := range Purposes() {
			c, ok := p.Contact(purpose, Exchange)
			if !ok || len(c.Phone.Number) != 10 {
				t.Fatalf("an accepted pack has no good contact for %s: %+v", purpose, c)
			}
		}
		if p.Language("es").Tag != "es" || p.Zone == nil {
			t.Fatalf("an accepted pack lacks Spanish or a zone: %+v", p)
		}
	})
}
