package x12

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
)

// members reads one of our good 834s.
func members(t *testing.T, name string) ([]Member834, Summary) {
	t.Helper()
	var list []Member834
	summary, problems, err := Read834(bytes.NewReader(zoo(t, name)), func(m Member834) error {
		list = append(list, m)
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("got %v and %v", err, problems)
	}
	return list, summary
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestRead834_Header(t *testing.T) {
	list, summary := members(t, "834_full_audit_two_households.txt")
	h := summary.Headers[0]
	equal(t, "purpose", h.Purpose, "00")
	equal(t, "reference", h.Reference, "OAK-20261123-01")
	equal(t, "date", h.Date, calendar.MustParse("2026-11-23"))
	equal(t, "full file", h.Action.Full(), true)
	equal(t, "master policy", h.MasterPolicy, "CV-MASTER-7")
	equal(t, "sponsor", h.Sponsor.Name, "OAKLINE MANUFACTURING")
	equal(t, "payer's tax id", h.Payer.ID, "000000072")
	equal(t, "broker", h.Brokers[0].ID, "BRK7")
	equal(t, "stated members", h.StatedMembers, "6")
	equal(t, "set", h.Set.Version, "005010X220A1")
	equal(t, "the member's header", list[3].Header, h)
	equal(t, "audits", summary.ByType[MaintAudit], 6)
	equal(t, "coverages", summary.Coverages, 7)
}

func TestRead834_SubscriberAndDependents(t *testing.T) {
	list, _ := members(t, "834_full_audit_two_households.txt")
	m := list[0]
	equal(t, "subscriber", m.Subscriber, true)
	equal(t, "number", m.SubscriberID, "CV100001")
	equal(t, "group", m.Group, "OAK-0001")
	equal(t, "SSN", m.SSN.Reveal(), "000000101")
	equal(t, "eligibility begins", m.Date("356"), calendar.MustParse("2026-12-01"))
	equal(t, "home phone", m.Person.Contact("HP"), "3195550101")
	equal(t, "e-mail", m.Person.Contact("EM"), "june@example.org")
	equal(t, "street", strings.Join(m.Person.Address.Lines, "; "), "14 MILL LANE; APT 2")
	equal(t, "county", m.Person.Address.County, "013")
	equal(t, "born", m.Person.Born, calendar.MustParse("1980-02-14"))
	equal(t, "speaks", m.Languages[0], Language{"LE", "ES", "", "7"})
	equal(t, "line", m.Line, 13)
	equal(t, "last segment is the one before the next INS", m.Last+1, list[1].Segment)
	equal(t, "plan", m.Coverages[0].Plan, "CV GOLD 1500")
	equal(t, "coverage begins", m.Coverages[0].Begins(), calendar.MustParse("2026-01-01"))

	child := list[2]
	equal(t, "child's surname", child.Person.Name, "REED-ALDER")
	equal(t, "relationship", child.Relationship, "19")
	equal(t, "household", child.Household, "CV100001")
	equal(t, "second household", list[5].Household, "CV100002")
	equal(t, "second coverage", list[3].Coverages[1].InsuranceLine, "DEN")
	equal(t, "no SSN", list[5].SSN.IsZero(), true)
}

func TestRead834_DependentAloneHasNoHousehold(t *testing.T) {
	list, _ := members(t, "834_dependent_alone_in_change_file.txt")
	equal(t, "number", list[0].SubscriberID, "CV100009")
	equal(t, "household", list[0].Household, "")
}

func TestRead834_Changes(t *testing.T) {
	list, summary := members(t, "834_change_add_term_reinstate.txt")
	got := []Maintenance{}
	for _, m := range list {
		got = append(got, m.Maintenance)
	}
	if want := []Maintenance{MaintAdd, MaintAdd, MaintChange, MaintTerminate, MaintReinstate}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	equal(t, "premium in cents", list[0].Coverages[0].Amounts[0], Amount{"P3", 41250})
	equal(t, "coverage ends", list[3].Coverages[0].Ends(), calendar.MustParse("2026-11-30"))
	equal(t, "eligibility ends", list[3].Date("357"), calendar.MustParse("2026-11-30"))
	equal(t, "a change of data has no coverage", len(list[2].Coverages), 0)
	equal(t, "full file", summary.Headers[0].Action.Full(), false)

	retro, _ := members(t, "834_retroactive_plan_change.txt")
	equal(t, "changes from", retro[0].Coverages[0].Begins(), calendar.MustParse("2026-08-01"))
	equal(t, "maintenance effective", retro[0].Coverages[0].Date("303"), calendar.MustParse("2026-11-23"))

	death, _ := members(t, "834_term_for_death.txt")
	equal(t, "died", death[0].Died, calendar.MustParse("2026-11-09"))
	equal(t, "reason", death[0].Reason, "03")

	moved, _ := members(t, "834_address_only_change.txt")
	equal(t, "city", moved[0].Person.Address.City, "DUBUQUE")
}

func TestRead834_PeopleAroundAMinor(t *testing.T) {
	list, _ := members(t, "834_minor_with_guardian_and_responsible_person.txt")
	m := list[1]
	equal(t, "mailing address", m.Mailing.Address.Zip, "50614")
	equal(t, "custodial parent", m.Custodian.Address.City, "WATERLOO")
	equal(t, "responsible parties", len(m.Responsible), 2)
	equal(t, "guardian", m.Responsible[0].Role+" "+m.Responsible[0].First, "GD DANA")
	equal(t, "guardian's SSN", m.Responsible[0].SSN.Reveal(), "000000109")
	equal(t, "guardian's e-mail", m.Responsible[0].Contact("EM"), "dana@example.org")
	equal(t, "responsible party", m.Responsible[1].Role, "QD")
	equal(t, "the child's own name stays", m.Person.First, "IVY")
}

func TestRead834_CorrectedNameAndLoopsThatAreTolerated(t *testing.T) {
	list, _ := members(t, "834_corrected_name_provider_and_other_coverage.txt")
	m := list[0]
	equal(t, "corrected", m.Corrected, true)
	equal(t, "right SSN", m.SSN.Reveal(), "000000111")
	equal(t, "wrong SSN", m.Incorrect.SSN.Reveal(), "000000101")
	equal(t, "right birth date", m.Person.Born, calendar.MustParse("1980-02-15"))
	equal(t, "wrong birth date", m.Incorrect.Born, calendar.MustParse("1980-02-14"))
	equal(t, "provider", m.Coverages[0].Providers[0].Name, "STONE")
	equal(t, "references of other coverage are not the coverage's", len(m.Coverages[0].References), 0)
	equal(t, "dates of other coverage are not the coverage's", len(m.Coverages[0].Dates), 1)
}

func TestRead834_ExchangeAmounts(t *testing.T) {
	list, _ := members(t, "834_exchange_with_premium_amounts.txt")
	for name, want := range map[string]int64{"PRE AMT 1": 51240, "PRE AMT TOT": 81240, "APTC AMT": 60000, "TOT RES AMT": 21240} {
		category, ok := list[0].Category(name)
		cents, err := category.Amount()
		if !ok || err != nil || int64(cents) != want {
			t.Errorf("%s: got %v, %v, want %d cents", name, cents, err, want)
		}
	}
	area, _ := list[0].Category("RATING AREA")
	equal(t, "rating area", area.Reference, Reference{"9X", "R-IA003"})
	equal(t, "from", dateOf(area.Dates, "007"), calendar.MustParse("2027-01-01"))
	equal(t, "tobacco", list[0].Tobacco, "N")
	equal(t, "exchange policy", list[0].Reference("17"), "EXCH-POLICY-9")
}

func TestRead834_SecretsStayHidden(t *testing.T) {
	for _, name := range []string{"834_minor_with_guardian_and_responsible_person.txt", "834_corrected_name_provider_and_other_coverage.txt"} {
		list, _ := members(t, name)
		for _, m := range list {
			asJSON, err := json.Marshal(m.SSN)
			if err != nil {
				t.Fatal(err)
			}
			shown := fmt.Sprintf("%+v %+v %s", m.Person, m.SSN, asJSON)
			if m.Incorrect != nil {
				shown += fmt.Sprintf("%+v", *m.Incorrect)
			}
			if strings.Contains(shown, "00000010") || strings.Contains(shown, "00000011") {
				t.Errorf("a social security number is printed in %s", name)
			}
		}
	}
	_, problems := Inspect(bytes.NewReader(zoo(t, "bad_834_birth_date.txt")))
	if strings.Contains(fmt.Sprint(problems), "19801345") {
		t.Errorf("a birth date is quoted: %v", problems)
	}
}

func TestRead834_WithheldBirthDateIsANote(t *testing.T) {
	list, summary := members(t, "834_birth_date_withheld.txt")
	if len(list[0].Notes) != 1 || list[0].Notes[0].Field != "DMG02" || !list[0].Person.Born.IsZero() {
		t.Errorf("got notes %v and born %v", list[0].Notes, list[0].Person.Born)
	}
	set := summary.Result.Interchanges[0].Groups[0].Sets[0]
	equal(t, "the set", set.Status(), AcceptedWithErrors)
}

func TestRead834_KeepsBrokenMembersBack(t *testing.T) {
	good, bad := memberText("CV1", "Y"), strings.Replace(memberText("CV2", "Y"), "NM1*IL*1*ALDER*JUNE~", "", 1)
	var got []string
	summary, problems, err := Read834(file834(good+bad+memberText("CV3", "Y"), 4+3*4-1), func(m Member834) error {
		got = append(got, m.SubscriberID)
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"CV1", "CV3"}) {
		t.Errorf("got %v, %v", got, err)
	}
	equal(t, "members counted", summary.Members, 3)
	equal(t, "verdict", fault.Judge(problems), fault.Refuse)
}

func TestRead834_ChildThatBecomesSubscriberIsInOrder(t *testing.T) {
	// Each person has a number of its own; the child leaves and comes again.
	child := strings.Replace(memberText("CV2", "N"), "*021*", "*024*", 1)
	_, problems, err := Read834(file834(memberText("CV1", "Y")+child+memberText("CV2", "Y"), 4+3*4), func(Member834) error { return nil })
	if err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v", problems, err)
	}
}

func TestRead834_RefusesWhatStandsInTheWrongPlace(t *testing.T) {
	const cover = "HD*021**HLT*GOLD*FAM~DTP*348*D8*20261201~"
	for _, test := range []struct {
		name, text    string
		segments      int
		record, field string
		says          string
	}{
		{"a reference behind the LE", "LS*2700~LE*2700~REF*0F*CV9~", 3, "REF", "", "behind the LE"},
		{"a date in no reporting category", cover + "LS*2700~LX*1~DTP*348*D8*20270101~LE*2700~", 6, "DTP", "", "before its category"},
		{"a reporting value in no category", "LS*2700~REF*9V*1~LE*2700~", 3, "REF", "", "before its category"},
		{"an amount among reporting categories", "LS*2700~AMT*P3*1~LE*2700~", 3, "AMT", "", "outside the member"},
		{"an exchange amount that is none", "LS*2700~LX*1~N1*75*APTC AMT~REF*9V*lots~LE*2700~", 5, "REF", "REF02", "APTC AMT"},
		{"a second subscriber number", "REF*0F*CV9~", 1, "REF", "", "second subscriber number"},
		{"a second name", "NM1*IL*1*BIRCH~", 1, "NM1", "", "second name"},
		{"a name of a role unknown", "NM1*ZZ*1*BIRCH~", 1, "NM1", "NM101", "no place"},
		{"a name behind a coverage", cover + "NM1*31*1~", 3, "NM1", "", "before the loop"},
		{"an address of nobody", cover + "N3*1 MAIN~", 3, "N3", "", "before the name"},
		{"a coverage without a date", "HD*021**HLT~", 1, "HD", "", "no date"},
		{"a coverage without a line", "HD*021~DTP*348*D8*20261201~", 2, "HD", "HD03", "insurance line"},
		{"a date of unknown format", "DTP*356*D6*261201~", 1, "DTP", "DTP02", "must be D8"},
		{"a range that runs backwards", "DTP*356*RD8*20261201-20261130~", 1, "DTP", "DTP03", "before it begins"},
		{"a contact without a number", "PER*IP**HP~", 1, "PER", "PER03", "needs a qualifier and a value"},
		{"a reference without a value", "REF*17~", 1, "REF", "", "needs a qualifier and a value"},
		{"a lower-case segment", "ref*17*1~", 1, "", "", "two or three capitals"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems, err := Read834(file834(memberText("CV1", "Y")+test.text, 8+test.segments), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkPlaces(t, problems, []place{{1, test.record, test.field, test.says}})
		})
	}
}

func TestRead834_RefusesASetInAGroupOfAnotherKind(t *testing.T) {
	data := bytes.Replace(zoo(t, "834_address_only_change.txt"), []byte("GS*BE"), []byte("GS*HP"), 1)
	_, problems, err := Read834(bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, problems, []place{{3, "ST", "ST01", "must be BE"}})
}

func BenchmarkRead834(b *testing.B) {
	const count = 10_000
	text := strings.Repeat(memberText("CV1", "Y"), count)
	for b.Loop() {
		summary, _, err := Read834(file834(text, 4+4*count), func(Member834) error { return nil })
		if err != nil || summary.Members != count {
			b.Fatal(summary.Members, err)
		}
	}
	b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "members/s")
}

func TestRead834_BoundsAMember(t *testing.T) {
	big := memberText("CV1", "Y") + strings.Repeat("REF*ZZ*1~", memberSegmentsMax)
	_, problems, err := Read834(file834(big, 4+4+memberSegmentsMax), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, problems, []place{{1, "REF", "", "more than 5000 segments"}})
}

func TestRead834_StreamsMembers(t *testing.T) {
	const count = 20_000
	source := &counting{from: file834(strings.Repeat(memberText("CV1", "Y"), count), 4+4*count)}
	first, n := 0, 0
	_, problems, err := Read834(source, func(Member834) error {
		if n++; n == 1 {
			first = source.bytes
		}
		return nil
	})
	if err != nil || len(problems) > 0 || n != count {
		t.Fatalf("got %d members, %v, %v", n, problems, err)
	}
	if first > 2*SegmentMax {
		t.Errorf("%d bytes were read before the first member was handed on", first)
	}
}

type counting struct {
	from  io.Reader
	bytes int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.bytes += n
	return n, err
}

// memberText is a member of four segments.
func memberText(id, subscriber string) string {
	return "INS*" + subscriber + "*18*021*EC*A~REF*0F*" + id + "~NM1*IL*1*ALDER*JUNE~DMG*D8*19800214*F~"
}

// file834 wraps members in an envelope and a header of four segments; count is
// what the SE states less itself.
func file834(members string, count int) io.Reader {
	return strings.NewReader(isa("*^:~") + "GS*BE*A*B*20261123*0800*1*X*005010X220A1~ST*834*0001*005010X220A1~" +
		"BGN*00*R1*20261123*0800****2~N1*P5*S*FI*1~N1*IN*P*FI*2~" + members +
		fmt.Sprintf("SE*%d*0001~GE*1*1~IEA*1*000000101~", count+1))
}

func TestParseAmount(t *testing.T) {
	for in, want := range map[string]int64{
		"412.5": 41250, "300.": 30000, "300": 30000, ".5": 50, "-5101.10": -510110, "0": 0, "12.500": 1250, "-.05": -5,
	} {
		if got, err := parseAmount(in); err != nil || int64(got) != want {
			t.Errorf("parseAmount(%q): got %d, %v, want %d cents", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-", ".", "1,000", "$5", "1.005", "1e3", "--1", "1-", "1.2.3", "99999999999999999999"} {
		if got, err := parseAmount(in); err == nil {
			t.Errorf("parseAmount(%q): got %d, want an error", in, got)
		}
	}
}
