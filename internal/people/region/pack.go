package region

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/yamldoc"
)

// Load reads the pack in a file. A file that cannot be read is a problem like
// any other.
func Load(path string) (Pack, []fault.Problem) {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return Pack{}, []fault.Problem{{Record: name, Message: "the region pack cannot be opened: " + reason(err)}}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, yamldoc.SizeMax+1))
	if err != nil {
		return Pack{}, []fault.Problem{{Record: name, Message: "the region pack cannot be read: " + reason(err)}}
	}
	return Parse(name, data)
}

func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// Parse reads a pack. Each problem has the file's name as its Record, the line,
// and the setting as its Field. A pack with problems must not be used.
func Parse(name string, data []byte) (Pack, []fault.Problem) {
	file, root := yamldoc.Parse(name, data)
	if !root.Present() {
		return Pack{}, file.Problems()
	}
	top := root.Fields("id", "name", "time_zone", "serves", "brand", "addresses", "phones", "languages", "tenders", "contacts", "rules")
	p := Pack{
		ID:    ID(top.Need("id").ID()),
		Name:  top.Need("name").Text(),
		Zone:  top.Need("time_zone").Zone(),
		Brand: readBrand(top.Need("brand")),
	}
	p.Serves = readAreas(top.May("serves"))
	addresses := top.Need("addresses").Fields("street", "remit")
	p.Street = readAddress(addresses.Need("street"))
	p.Remit = readAddress(addresses.Need("remit"))
	p.Phones = readPhones(top.Need("phones"), p.Zone)
	p.Languages = readLanguages(top.Need("languages"))
	p.Tenders = readTenders(top.Need("tenders"))
	p.Contacts = readContacts(top.Need("contacts"), p.Phones)
	p.Rules = readRules(top.May("rules"))
	problems := file.Problems()
	if len(problems) > 0 {
		return Pack{}, problems
	}
	return p, nil
}

var prefixForm = regexp.MustCompile(`^[0-9]{3,5}$`)

func readAreas(v yamldoc.Value) (areas []Area) {
	for _, item := range v.List() {
		area := item.Text()
		if area != "" && !prefixForm.MatchString(area) && !strings.Contains(states, " "+area+" ") {
			item.Refuse("%q must be a state's USPS code or the first three to five digits of ZIP codes", area)
		}
		areas = append(areas, Area(area))
	}
	return areas
}

var colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func readBrand(v yamldoc.Value) Brand {
	f := v.Fields("plan_name", "logo_text", "colours")
	colours := f.Need("colours").Fields("primary", "accent")
	return Brand{
		PlanName: f.Need("plan_name").Text(),
		LogoText: f.Need("logo_text").Text(),
		Colours:  Colours{readColour(colours.Need("primary")), readColour(colours.Need("accent"))},
	}
}

func readColour(v yamldoc.Value) string {
	colour := v.Text()
	if colour != "" && !colourForm.MatchString(colour) {
		v.Refuse("%q must be a colour written \"#rrggbb\"", colour)
	}
	return colour
}

// states are the USPS codes of states, territories and military post.
const states = " AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR GU VI AS MP AA AE AP "

var zipForm = regexp.MustCompile(`^[0-9]{5}(-[0-9]{4})?$`)

func readAddress(v yamldoc.Value) Address {
	f := v.Fields("name", "line1", "line2", "city", "state", "zip")
	a := Address{
		Name:  f.Need("name").Text(),
		Line1: f.Need("line1").Text(),
		City:  f.Need("city").Text(),
		State: f.Need("state").Text(),
		ZIP:   f.Need("zip").Text(),
	}
	if f.May("line2").Present() {
		a.Line2 = f.May("line2").Text()
	}
	if a.State != "" && !strings.Contains(states, " "+a.State+" ") {
		f.May("state").Refuse("%q is no USPS state code", a.State)
	}
	if a.ZIP != "" && !zipForm.MatchString(a.ZIP) {
		f.May("zip").Refuse("%q is no ZIP code: 5 digits, or 5-4", a.ZIP)
	}
	return a
}

func readPhones(v yamldoc.Value, zone *time.Location) []Phone {
	var phones []Phone
	seen := map[string]bool{}
	for _, entry := range v.List() {
		f := entry.Fields("id", "number", "tty", "time_zone", "hours")
		p := Phone{ID: f.Need("id").Text(), Number: readNumber(f.Need("number")), TTY: readTTY(f.Need("tty")), Zone: zone}
		if f.May("time_zone").Present() {
			p.Zone = f.May("time_zone").Zone()
		}
		p.Hours = readWeek(f.Need("hours"))
		if seen[p.ID] {
			f.May("id").Refuse("the phone %q is listed twice", p.ID)
		}
		seen[p.ID] = true
		phones = append(phones, p)
	}
	return phones
}

// readTTY reads the TTY line: 711, or a ten-digit number of the plan's own.
func readTTY(v yamldoc.Value) Number {
	if v.Text() == "711" {
		return "711"
	}
	return readNumber(v)
}

func readNumber(v yamldoc.Value) Number {
	text := v.Text()
	if text == "" {
		return ""
	}
	number, err := ParseNumber(text)
	if err != nil {
		v.Refuse("%v", err)
	}
	return number
}

// Weekdays by the names used in a pack, Monday first as people write them.
var (
	dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	dayOrder = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
)

func readWeek(v yamldoc.Value) Week {
	var week Week
	for _, pair := range v.Pairs() {
		first, last, isRange := strings.Cut(pair.Key, "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(dayNames, first), slices.Index(dayNames, last)
		if from < 0 || to < from {
			pair.Value.Refuse("%q is no day: write mon, tue, wed, thu, fri, sat or sun, or a range such as mon-fri", pair.Key)
			continue
		}
		spans := readSpans(pair.Value)
		for i := from; i <= to; i++ {
			day := dayOrder[i]
			if week[day] != nil {
				pair.Value.Refuse("the hours of %s are given twice", dayNames[i])
			}
			week[day] = spans
		}
	}
	if !slices.ContainsFunc(week[:], func(spans []Span) bool { return spans != nil }) {
		v.Refuse("the line is never open")
	}
	return week
}

func readSpans(v yamldoc.Value) []Span {
	text := v.Text()
	if text == "" {
		return nil
	}
	var spans []Span
	for _, part := range strings.Split(text, ",") {
		open, shut, ok := strings.Cut(strings.TrimSpace(part), "-")
		from, okFrom := parseMinute(open)
		to, okTo := parseMinute(shut)
		if !ok || !okFrom || !okTo || from >= to {
			v.Refuse("%q are no hours: write \"08:00-18:00\", later after earlier, with a comma between two parts of a day", text)
			return nil
		}
		if n := len(spans); n > 0 && from < spans[n-1].Close {
			v.Refuse("%q overlap or are out of order", text)
			return nil
		}
		spans = append(spans, Span{from, to})
	}
	return spans
}

// parseMinute reads "HH:MM", 00:00 to 24:00, as minutes after midnight.
func parseMinute(s string) (int, bool) {
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

func readLanguages(v yamldoc.Value) []Language {
	var languages []Language
	seen := map[string]bool{}
	for _, entry := range v.List() {
		f := entry.Fields("tag", "name", "interpreter")
		l := Language{Tag: readTag(f.Need("tag")), Name: f.Need("name").Text(), Interpreter: f.Need("interpreter").Text()}
		if l.Tag != "" && seen[l.Tag] {
			f.May("tag").Refuse("the language %q is listed twice", l.Tag)
		}
		seen[l.Tag] = true
		languages = append(languages, l)
	}
	for _, required := range []string{"en", "es"} {
		if !seen[required] {
			v.Refuse("the language %q is required in every region", required)
		}
	}
	return languages
}

func readTag(v yamldoc.Value) string {
	text := v.Text()
	if text == "" {
		return ""
	}
	tag, err := language.Raw.Parse(text)
	if err != nil {
		v.Refuse("%q is no known BCP 47 language tag", text)
		return ""
	}
	return tag.String()
}

func readTenders(v yamldoc.Value) []Tender {
	var tenders []Tender
	for _, entry := range v.List() {
		tender := Tender(entry.OneOf(words(Tenders())...))
		if tender == "" {
			continue
		}
		if slices.Contains(tenders, tender) {
			entry.Refuse("%q is listed twice", tender)
		}
		tenders = append(tenders, tender)
	}
	for _, required := range requiredTenders {
		if !slices.Contains(tenders, required) {
			v.Refuse("%q must be taken for premiums (45 CFR 156.1240(a)(2))", required)
		}
	}
	return tenders
}

func readContacts(v yamldoc.Value, phones []Phone) []Contact {
	type key struct {
		purpose  Purpose
		coverage CoverageType
	}
	var contacts []Contact
	seen, used := map[key]bool{}, map[string]bool{}
	for _, entry := range v.List() {
		f := entry.Fields("purpose", "coverage", "phone")
		c := Contact{
			Purpose:  Purpose(f.Need("purpose").OneOf(words(Purposes())...)),
			Coverage: CoverageType(f.Need("coverage").OneOf(words(CoverageTypes())...)),
		}
		id := f.Need("phone").Text()
		i := slices.IndexFunc(phones, func(p Phone) bool { return p.ID == id })
		if i < 0 && id != "" {
			f.May("phone").Refuse("no phone has the id %q", id)
		}
		if i >= 0 {
			c.Phone, used[id] = phones[i], true
		}
		k := key{c.Purpose, c.Coverage}
		if seen[k] && c.Purpose != "" && c.Coverage != "" {
			entry.Refuse("purpose %q for coverage %q has two contacts", c.Purpose, c.Coverage)
		}
		seen[k] = true
		contacts = append(contacts, c)
	}
	for _, purpose := range Purposes() {
		if !seen[key{purpose, AllTypes}] {
			v.Refuse("purpose %q needs a contact for coverage \"all\"", purpose)
		}
	}
	for _, p := range phones {
		if !used[p.ID] {
			v.Refuse("the phone %q is no contact for any purpose", p.ID)
		}
	}
	return contacts
}

var (
	ruleForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)
	lineForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
)

func readRules(v yamldoc.Value) []Rule {
	var rules []Rule
	for _, entry := range v.List() {
		f := entry.Fields("id", "line", "value", "valid_from", "valid_to", "citation")
		r := Rule{
			ID:        f.Need("id").Text(),
			Line:      f.Need("line").Text(),
			Value:     f.Need("value").Text(),
			ValidFrom: readDate(f.Need("valid_from")),
			ValidTo:   readDate(f.May("valid_to")),
			Citation:  f.Need("citation").Text(),
		}
		if r.ID != "" && !ruleForm.MatchString(r.ID) {
			f.May("id").Refuse("%q must have lower-case words joined by points, such as premium.grace_days", r.ID)
		}
		if r.Line != "" && !lineForm.MatchString(r.Line) {
			f.May("line").Refuse("%q must be one word, a coverage line or \"all\"", r.Line)
		}
		if !r.ValidTo.IsZero() && r.ValidTo.Before(r.ValidFrom) {
			f.May("valid_to").Refuse("the rule ends on %s, before it starts on %s", r.ValidTo, r.ValidFrom)
		}
		for _, earlier := range rules {
			if overlap(earlier, r) {
				entry.Refuse("rule %s for line %s from %s overlaps the one from %s", r.ID, r.Line, r.ValidFrom, earlier.ValidFrom)
				break
			}
		}
		rules = append(rules, r)
	}
	return rules
}

func overlap(a, b Rule) bool {
	if a.ID != b.ID || a.Line != b.Line || a.ValidFrom.IsZero() || b.ValidFrom.IsZero() {
		return false
	}
	return a.InForce(b.ValidFrom) || b.InForce(a.ValidFrom)
}

func readDate(v yamldoc.Value) calendar.Date {
	date, err := calendar.Parse(v.Text())
	if err != nil {
		v.Refuse("%v; write it as 2026-11-23", err)
	}
	return date
}

// words turns a closed set into its names.
func words[T ~string](set []T) []string {
	names := make([]string, len(set))
	for i, member := range set {
		names[i] = string(member)
	}
	return names
}
