package x12

import (
	"io"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// memberSegmentsMax bounds what one member may hold in memory. The guide's
// largest, with 99 coverages, stays far below it.
const memberSegmentsMax = 5000

// headerSegmentsMax bounds what one header may hold, and headersMax how many
// headers a Summary keeps.
const (
	headerSegmentsMax = 50
	headersMax        = 100
)

// earlyDependentsMax bounds how many dependents without a subscriber before
// them are remembered, to notice that subscriber coming after them.
const earlyDependentsMax = 1 << 16

// Summary is what an 834 file holds, members with problems included.
type Summary struct {
	Result      *Result
	Headers     []*Header834 // of the first 100 834s, in file order
	Members     int
	Subscribers int
	Dependents  int
	Coverages   int
	ByType      map[Maintenance]int // members by INS03, the valid ones
}

// Read834 reads the 834s of r and calls each for every member that keeps the
// guide (005010X220 or X220A1), in file order. Members that break it are only
// counted. The problems are those of the whole file; the error is that of r or
// of each, which ends the reading.
//
// Members arrive before the trailers that prove the file: use nothing for good
// until fault.Judge of the problems says accept.
func Read834(r io.Reader, each func(Member834) error) (Summary, []fault.Problem, error) {
	c := newChecker()
	c.eachMember = each
	result, err := walk(r, c)
	c.members.Result = result
	return c.members, result.Problems(), err
}

// section is where in a member's loops the reading stands, which decides whom
// a REF, DTP, AMT, N3 or NM1 belongs to.
type section uint8

const (
	inHeader       section = iota
	inMember               // 2000, and the names of 2100
	inDisability           // 2200
	inCoverage             // 2300
	inProvider             // 2310
	inOther                // 2320 and 2330, other coverage: tolerated, not kept
	inReporting            // 2700
	afterReporting         // behind its LE, where the member ends
)

// enrolment reads one 834.
type enrolment struct {
	at      *reporter
	each    func(Member834) error
	summary *Summary
	header  *Header834

	section  section
	member   *Member834
	ins      Segment
	segments int
	good     bool               // nothing of the member was refused
	party    *Party             // whom N3, N4, PER and DMG describe
	began    bool               // the first INS or the SE was seen, so the header is over
	first    string             // the name of the header's first segment, which must be BGN
	quantity map[string]Segment // QTY by qualifier

	household string
	headed    bool // a subscriber was seen
	early     map[string]struct{}
	members   int
	subs      int
}

// isX220 reports whether an implementation is one that this package knows.
func isX220(version string) bool { return version == "005010X220A1" || version == "005010X220" }

func newEnrolment(set *Set, at *reporter, summary *Summary, each func(Member834) error) *enrolment {
	header := &Header834{Set: set}
	if len(summary.Headers) < headersMax {
		summary.Headers = append(summary.Headers, header)
	}
	return &enrolment{
		at: at, each: each, summary: summary, header: header,
		quantity: map[string]Segment{}, early: map[string]struct{}{},
	}
}

func (e *enrolment) segment(s Segment) error {
	switch s.ID {
	case "ST":
		e.begin(s)
		return nil
	case "SE":
		e.endHeader(s)
		return e.finishMember()
	case "INS":
		e.endHeader(s)
		if err := e.finishMember(); err != nil {
			return err
		}
		e.beginMember(s)
		return nil
	}
	e.segments++
	switch {
	case !e.began && e.within(s, headerSegmentsMax, "the header"):
		e.headerSegment(s)
	case e.began && e.within(s, memberSegmentsMax, "one member"):
		e.member.Last = s.Ordinal
		e.memberSegment(s)
	}
	return nil
}

// within bounds what is held in memory and reports the first segment too many.
func (e *enrolment) within(s Segment, most int, what string) bool {
	if e.segments == most+1 {
		e.refuse(s, 0, segmentTooMany, "%s has more than %d segments", what, most)
	}
	return e.segments <= most
}

// refuse reports against the member at hand as well.
func (e *enrolment) refuse(s Segment, element int, code, format string, args ...any) {
	e.good = false
	e.at.refuse(s, element, code, format, args...)
}

func (e *enrolment) missing(s Segment, id, format string, args ...any) {
	e.good = false
	e.at.missing(s, id, format, args...)
}

func (e *enrolment) begin(s Segment) {
	if version := e.header.Set.Version; !isX220(version) {
		e.refuse(s, 3, elementCode, "the implementation guide is %q, must be 005010X220A1 or 005010X220", shown(version))
	}
}

func (e *enrolment) headerSegment(s Segment) {
	h := e.header
	if e.first == "" {
		e.first = s.ID
		if s.ID != "BGN" {
			e.missing(s, "BGN", "BGN must follow the ST")
		}
	}
	switch s.ID {
	case "BGN":
		e.beginning(s)
	case "REF":
		if s.Element(1) == "38" {
			h.MasterPolicy = s.Element(2)
		}
	case "DTP":
		h.Dates = e.period(h.Dates, s)
	case "QTY":
		e.quantity[s.Element(1)] = s
		if s.Element(1) == "TO" {
			h.StatedMembers = s.Element(2)
		}
	case "N1":
		e.headerParty(s)
	case "N2", "N3", "N4", "PER":
		e.describe(s)
	case "ACT":
	default:
		e.refuse(s, 0, segmentUnexpected, "%s has no place before the first member", s.ID)
	}
}

func (e *enrolment) beginning(s Segment) {
	h := e.header
	if h.Reference != "" {
		e.refuse(s, 0, segmentTooMany, "a second BGN")
		return
	}
	h.Purpose, h.Reference, h.Original, h.Action = s.Element(1), s.Element(2), s.Element(6), Action(s.Element(8))
	e.oneOf(s, 1, "00", "15", "22")
	e.oneOf(s, 8, string(Change), string(Verify), string(Replace))
	if h.Reference == "" {
		e.refuse(s, 2, elementMissing, "the file's reference is missing")
	}
	date, err := parseDate(s.Element(3))
	if err != nil {
		e.refuse(s, 3, elementDate, "the file's date %q: %v", shown(s.Element(3)), err)
	}
	h.Date = date
}

func (e *enrolment) headerParty(s Segment) {
	h := e.header
	party := Party{Role: s.Element(1), Organization: true, Name: s.Element(2)}
	party.identify(s.Element(3), s.Element(4))
	e.party = &Party{} // of a role that is not kept
	switch party.Role {
	case "P5":
		h.Sponsor, e.party = party, &h.Sponsor
	case "IN":
		h.Payer, e.party = party, &h.Payer
	case "BO", "TV":
		h.Brokers = append(h.Brokers, party)
		e.party = &h.Brokers[len(h.Brokers)-1]
	}
}

// endHeader checks, at the first member or the end, that the header is whole.
func (e *enrolment) endHeader(s Segment) {
	if e.began {
		return
	}
	e.began = true
	if e.first == "" {
		e.missing(s, "BGN", "BGN must follow the ST")
	}
	if e.header.Sponsor.Role == "" {
		e.missing(s, "N1", "the sponsor, N1*P5, is missing before this segment")
	}
	if e.header.Payer.Role == "" {
		e.missing(s, "N1", "the payer, N1*IN, is missing before this segment")
	}
}

func (e *enrolment) beginMember(s Segment) {
	m := &Member834{
		Header: e.header, Line: s.Line, Segment: s.Ordinal, Last: s.Ordinal,
		Subscriber: s.Element(1) == "Y", Relationship: s.Element(2),
		Maintenance: Maintenance(s.Element(3)), Reason: s.Element(4), BenefitStatus: s.Element(5),
		Medicare: s.Element(6), CobraEvent: s.Element(7), Employment: s.Element(8), Student: s.Element(9),
		Handicapped: s.Element(10) == "Y", Confidentiality: s.Element(13), BirthSequence: s.Element(17),
	}
	e.member, e.ins, e.segments, e.good = m, s, 1, true
	e.section, e.party = inMember, nil
	e.oneOf(s, 1, "Y", "N")
	if m.Relationship == "" {
		e.refuse(s, 2, elementMissing, "the relationship to the subscriber is missing")
	}
	e.oneOf(s, 3, string(MaintChange), string(MaintAdd), string(MaintTerminate), string(MaintReinstate), string(MaintAudit))
	if s.Element(12) != "" {
		died, _, err := parsePeriod(s.Element(11), s.Element(12))
		if err != nil {
			e.refuse(s, 12, elementDate, "the date of death: %v", err)
		}
		m.Died = died
	}
	e.count(m)
}

func (e *enrolment) count(m *Member834) {
	e.members++
	e.summary.Members++
	if m.Subscriber {
		e.subs++
		e.summary.Subscribers++
	} else {
		e.summary.Dependents++
	}
	if e.good {
		e.summary.ByType[m.Maintenance]++
	}
}

func (e *enrolment) memberSegment(s Segment) {
	m := e.member
	if e.section == afterReporting && s.ID != "LS" {
		e.refuse(s, 0, segmentSequence, "%s stands behind the LE that ends the member", s.ID)
		return
	}
	switch s.ID {
	case "REF":
		e.reference(s)
	case "DTP":
		e.date(s)
	case "NM1":
		e.name(s)
	case "N1":
		e.category(s)
	case "N2", "N3", "N4", "PER", "DMG":
		e.describe(s)
	case "AMT":
		e.amount(s)
	case "LUI":
		m.Languages = append(m.Languages, Language{s.Element(1), s.Element(2), s.Element(3), s.Element(4)})
	case "HLH":
		m.Tobacco = s.Element(1)
	case "HD":
		e.coverage(s)
	case "DSB":
		e.section = inDisability
	case "COB":
		e.require(s, inCoverage, inProvider, inOther)
		e.section, e.party = inOther, nil
	case "LS":
		e.section, e.party = inReporting, nil
	case "LE":
		e.section, e.party = afterReporting, nil
	case "LX":
		if e.section != inReporting {
			e.require(s, inCoverage, inProvider)
			e.section, e.party = inProvider, nil
		}
	case "EC", "ICM", "IDC", "PLA":
		// employment class, income, card request, provider change: not kept
	default:
		e.refuse(s, 0, segmentUnexpected, "%s has no place in a member of an 834", s.ID)
	}
}

// require refuses a segment outside the loops where it belongs.
func (e *enrolment) require(s Segment, sections ...section) {
	for _, allowed := range sections {
		if e.section == allowed {
			return
		}
	}
	e.refuse(s, 0, segmentSequence, "%s stands before the loop that it belongs to", s.ID)
}

func (e *enrolment) reference(s Segment) {
	m := e.member
	r := Reference{s.Element(1), s.Element(2)}
	if r.Qualifier == "" || r.Value == "" {
		e.refuse(s, 0, segmentElements, "a reference needs a qualifier and a value")
		return
	}
	switch {
	case e.section == inOther || e.section == inDisability:
	case e.section == inReporting:
		e.categoryReference(s, r)
	case len(m.Coverages) > 0 && e.section != inMember:
		c := &m.Coverages[len(m.Coverages)-1]
		c.References = append(c.References, r)
	case r.Qualifier == "0F" && m.SubscriberID != "":
		e.refuse(s, 0, segmentTooMany, "a second subscriber number (REF*0F) for one member")
	case r.Qualifier == "0F":
		m.SubscriberID = r.Value
	case r.Qualifier == "1L":
		m.Group = r.Value
	case r.Qualifier == "SY":
		if m.SSN.IsZero() {
			m.SSN = secret.New(r.Value)
		}
	default:
		m.References = append(m.References, r)
	}
}

func (e *enrolment) date(s Segment) {
	m := e.member
	switch {
	case e.section == inOther || e.section == inDisability:
		e.period(nil, s) // checked, not kept
	case e.section == inReporting && len(m.Reporting) == 0:
		e.refuse(s, 0, segmentSequence, "a reporting date before its category (N1*75)")
	case e.section == inReporting:
		c := &m.Reporting[len(m.Reporting)-1]
		c.Dates = e.period(c.Dates, s)
	case e.section != inMember && len(m.Coverages) > 0:
		c := &m.Coverages[len(m.Coverages)-1]
		c.Dates = e.period(c.Dates, s)
	default:
		m.Dates = e.period(m.Dates, s)
	}
}

func (e *enrolment) period(dates []Period, s Segment) []Period {
	from, to, err := parsePeriod(s.Element(2), s.Element(3))
	if err != nil {
		element := 3
		if strings.Contains(err.Error(), "date format") {
			element = 2
		}
		e.refuse(s, element, elementDate, "DTP*%s, %q: %v", shown(s.Element(1)), shown(s.Element(3)), err)
		return dates
	}
	return append(dates, Period{s.Element(1), from, to})
}

func (e *enrolment) amount(s Segment) {
	m := e.member
	cents, err := parseAmount(s.Element(2))
	if err != nil {
		e.refuse(s, 2, elementCharacter, "AMT*%s: %v", shown(s.Element(1)), err)
		return
	}
	a := Amount{s.Element(1), cents}
	switch {
	case e.section == inMember:
		m.Amounts = append(m.Amounts, a)
	case e.section == inCoverage:
		c := &m.Coverages[len(m.Coverages)-1]
		c.Amounts = append(c.Amounts, a)
	case e.section != inDisability:
		e.refuse(s, 0, segmentSequence, "an amount outside the member and its coverages")
	}
}

func (e *enrolment) coverage(s Segment) {
	m := e.member
	e.oneOf(s, 1, "001", "002", "021", "024", "025", "026", "030", "032")
	if s.Element(3) == "" {
		e.refuse(s, 3, elementMissing, "the insurance line is missing")
	}
	e.checkCoverage()
	m.Coverages = append(m.Coverages, Coverage{
		Line: s.Line, Segment: s.Ordinal, Maintenance: Maintenance(s.Element(1)), InsuranceLine: s.Element(3),
		Plan: s.Element(4), Level: s.Element(5), LateEnrollment: s.Element(9) == "Y",
	})
	e.summary.Coverages++
	e.section, e.party = inCoverage, nil
}

// checkCoverage checks the latest coverage once it is whole.
func (e *enrolment) checkCoverage() {
	m := e.member
	if len(m.Coverages) == 0 {
		return
	}
	c := m.Coverages[len(m.Coverages)-1]
	if len(c.Dates) == 0 && e.good { // a bad date was reported already
		hd := Segment{ID: "HD", Line: c.Line, Ordinal: c.Segment, Position: e.ins.Position + c.Segment - m.Segment}
		e.missing(hd, "DTP", "the coverage has no date (DTP)")
	}
}

func (e *enrolment) category(s Segment) {
	if s.Element(1) != "75" {
		e.refuse(s, 1, elementCode, "N1*%s has no place in a member of an 834", shown(s.Element(1)))
		return
	}
	e.section, e.party = inReporting, nil
	e.member.Reporting = append(e.member.Reporting, Category{Name: s.Element(2), Line: s.Line})
}

func (e *enrolment) categoryReference(s Segment, r Reference) {
	m := e.member
	if len(m.Reporting) == 0 {
		e.refuse(s, 0, segmentSequence, "a reporting value before its category (N1*75)")
		return
	}
	c := &m.Reporting[len(m.Reporting)-1]
	c.Reference = r
	if !c.isAmount() {
		return
	}
	if _, err := c.Amount(); err != nil {
		e.refuse(s, 2, elementCharacter, "%s: %v", shown(c.Name), err)
	}
}

// finishMember checks the member at hand now that it is whole, and hands it on.
func (e *enrolment) finishMember() error {
	m := e.member
	if m == nil {
		return nil
	}
	e.checkCoverage()
	if m.Person.Role == "" {
		e.missing(e.ins, "NM1", "the member has no name (NM1*IL or NM1*74)")
	}
	if m.SubscriberID == "" {
		e.missing(e.ins, "REF", "the member has no subscriber number (REF*0F)")
	}
	if !m.Person.SSN.IsZero() {
		m.SSN = m.Person.SSN
	}
	e.checkOrder(m)
	m.Household = e.household
	e.member = nil
	if !e.good || e.each == nil {
		return nil
	}
	return e.each(*m)
}

// checkOrder holds the guide's rule for loop 2000: a subscriber precedes its
// dependents, or was sent in an earlier file. So a dependent may come without
// its subscriber in a change file, but never before it.
func (e *enrolment) checkOrder(m *Member834) {
	if m.Subscriber {
		if _, late := e.early[m.SubscriberID]; late && m.SubscriberID != "" {
			e.refuse(e.ins, 1, elementCode, "this subscriber comes after a dependent with its number (REF*0F)")
		}
		e.household, e.headed = m.SubscriberID, true
		return
	}
	if !e.headed && e.header.Action.Full() {
		e.refuse(e.ins, 1, elementCode, "a dependent comes before any subscriber in a full file")
	}
	// Where each person has a number of its own, a child who leaves its parents'
	// coverage comes again as a subscriber: no breach of the order.
	leaves := m.Maintenance == MaintTerminate
	const numberMax = 80
	if m.SubscriberID != e.household && !leaves && len(m.SubscriberID) <= numberMax && len(e.early) < earlyDependentsMax {
		e.early[strings.Clone(m.SubscriberID)] = struct{}{}
	}
}

// end holds the header's totals against what was counted.
func (e *enrolment) end() error {
	if err := e.finishMember(); err != nil { // the SE was missing
		return err
	}
	for _, total := range []struct {
		qualifier, of string
		counted       int
	}{
		{"TO", "members", e.members},
		{"ET", "subscribers", e.subs},
		{"DT", "dependents", e.members - e.subs},
	} {
		s, stated := e.quantity[total.qualifier]
		if !stated {
			continue
		}
		n, err := strconv.Atoi(s.Element(2))
		if err != nil {
			e.refuse(s, 2, elementCharacter, "the total of %s is %q, which is not a number", total.of, shown(s.Element(2)))
		} else if n != total.counted {
			e.at.flag(s, 2, "%s stated %d, counted %d", total.of, n, total.counted)
		}
	}
	return nil
}

// oneOf refuses an element with a value that the guide does not list.
func (e *enrolment) oneOf(s Segment, n int, codes ...string) {
	value := s.Element(n)
	for _, code := range codes {
		if value == code {
			return
		}
	}
	if value == "" {
		e.refuse(s, n, elementMissing, "%s is missing, must be one of %s", s.field(n), strings.Join(codes, ", "))
		return
	}
	e.refuse(s, n, elementCode, "%s is %q, must be one of %s", s.field(n), shown(value), strings.Join(codes, ", "))
}
