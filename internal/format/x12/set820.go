package x12

import (
	"io"
	"strconv"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
)

// entrySegmentsMax bounds what one ENT before its money, or one entry, may hold
// in memory. The guides allow a few dozen.
const entrySegmentsMax = 1000

// codesKeptMax bounds how many kinds of remittance a Summary820 tells apart.
const codesKeptMax = 100

// Summary820 is what an 820 file holds, entries with problems included where
// their amounts could be read.
type Summary820 struct {
	Result      *Result
	Payments    int         // 820s
	Total       money.Cents // the sum of BPR02; one that is charged (BPR03 = D) counts as it is written
	Remittances int         // RMR
	Adjustments int         // ADX
	// ByCode sums RMR04 by RMR01, or by RMR02 under ZZ: an exchange's kinds of
	// payment. The first 100 kinds are told apart.
	ByCode map[string]money.Cents
}

// Read820 reads the 820s of r, by 005010X218 or 005010X306. It calls header for
// each payment once its header is whole, and each for every entry that keeps
// its guide, in file order; entries of a payment whose header breaks the guide
// are only counted. Either may be nil. The problems are those of the whole
// file; the error is that of r, header or each, which ends the reading.
//
// Entries arrive before the trailers and the balance that prove them: use
// nothing for good until fault.Judge of the problems says accept.
func Read820(r io.Reader, header func(*Header820) error, each func(Entry820) error) (Summary820, []fault.Problem, error) {
	c := newChecker()
	c.eachHeader, c.eachEntry = header, each
	result, err := walk(r, c)
	c.payments.Result = result
	return c.payments, result.Problems(), err
}

// place820 is where in an 820's loops the reading stands.
type place820 uint8

const (
	beforeEntities place820 = iota
	inEntity                // 2000 and 2100
	inEntry                 // 2300, or 2200 with an ADX alone
	inInvoiceLine           // 2310, the IT1 of an organisation's bill: not kept
	inAdjustment            // 2320
)

// premiumPayment reads one 820.
type premiumPayment struct {
	at         *reporter
	balance    balance820
	summary    *Summary820
	eachHeader func(*Header820) error
	eachEntry  func(Entry820) error

	totalled   bool // the summary has the payment's amount
	known      bool // the guide is one of ours; else only the balance is proved
	header     *Header820
	headerGood bool
	traced     bool   // a TRN was seen
	first      string // the name of the segment behind the ST, which must be BPR
	place      place820
	segments   int // since the ST, ENT or RMR
	entity     *Entity820
	entityGood bool
	entry      *Entry820
	entryGood  bool
	entries    int
}

func newPremiumPayment(set *Set, at *reporter, c *checker) *premiumPayment {
	c.payments.Payments++
	return &premiumPayment{
		at: at, balance: balance820{at: at}, summary: &c.payments,
		eachHeader: c.eachHeader, eachEntry: c.eachEntry,
		known:  set.Version == Guide820Group || set.Version == Guide820Exchange,
		header: &Header820{Set: set}, headerGood: true,
	}
}

func (p *premiumPayment) segment(s Segment) error {
	p.balance.segment(s)
	p.total(s)
	if !p.known {
		if s.ID == "ST" {
			p.at.refuse(s, 3, elementCode, "the implementation guide is %q, must be %s or %s",
				shown(p.header.Set.Version), Guide820Group, Guide820Exchange)
		}
		return nil
	}
	switch s.ID {
	case "ST":
		return nil
	case "SE", "ENT":
		if err := p.endEntry(); err != nil {
			return err
		}
		if err := p.endHeader(s); err != nil || s.ID == "SE" {
			return err
		}
		p.beginEntity(s)
		return nil
	case "RMR":
		if err := p.endEntry(); err != nil {
			return err
		}
		p.beginRemittance(s)
		return nil
	}
	if p.place != inInvoiceLine { // of which nothing is kept
		p.segments++
	}
	switch {
	case p.place == beforeEntities:
		if p.within(s, headerSegmentsMax, "the header") {
			p.headerSegment(s)
		}
		return nil
	case !p.within(s, entrySegmentsMax, "one entity or entry"):
		return nil
	}
	return p.detail(s)
}

// total counts a segment for the summary, whether its place is right or not.
func (p *premiumPayment) total(s Segment) {
	switch s.ID {
	case "BPR":
		p.totalPaid(s)
	case "RMR":
		p.summary.Remittances++
		p.totalByCode(s)
	case "ADX":
		p.summary.Adjustments++
	}
}

func (p *premiumPayment) totalPaid(s Segment) {
	paid, err := parseAmount(s.Element(2))
	if err != nil || p.totalled {
		return // a bad amount, or a second one, is reported by the balance
	}
	p.totalled = true
	total, ok := money.Add(p.summary.Total, paid)
	if !ok {
		p.at.refuse(s, 2, elementCharacter, "the sum of the file's payments leaves the range of amounts")
		return
	}
	p.summary.Total = total
}

func (p *premiumPayment) totalByCode(s Segment) {
	code := s.Element(1)
	if code == "ZZ" {
		code = s.Element(2)
	}
	code = shown(code)
	sum, met := p.summary.ByCode[code]
	cents, err := parseAmount(s.Element(4))
	if err != nil || !met && len(p.summary.ByCode) == codesKeptMax {
		return // a bad amount is reported by the balance
	}
	if sum, ok := money.Add(sum, cents); ok {
		p.summary.ByCode[code] = sum
	}
}

// within bounds what is held in memory and reports the first segment too many.
func (p *premiumPayment) within(s Segment, most int, what string) bool {
	if p.segments == most+1 {
		p.refuse(s, 0, segmentTooMany, "%s has more than %d segments", what, most)
	}
	return p.segments <= most
}

// refuse reports against whatever is open: entry, entity or header.
func (p *premiumPayment) refuse(s Segment, element int, code, format string, args ...any) {
	p.spoil()
	p.at.refuse(s, element, code, format, args...)
}

func (p *premiumPayment) spoil() {
	switch p.place {
	case beforeEntities:
		p.headerGood = false
	case inEntity:
		p.entityGood = false
	default:
		p.entryGood = false
	}
}

// amount reads an amount that the balance reads too, and reports if it is bad.
func (p *premiumPayment) amount(s Segment, n int) money.Cents {
	cents, err := parseAmount(s.Element(n))
	if err != nil {
		p.spoil()
	}
	return cents
}

func (p *premiumPayment) reference(references []Reference, s Segment) []Reference {
	r := Reference{s.Element(1), s.Element(2)}
	if r.Qualifier == "" || r.Value == "" {
		p.refuse(s, 0, segmentElements, "a reference needs a qualifier and a value")
		return references
	}
	return append(references, r)
}

// date reads a DTM: a day in DTM02, or a period in DTM05 and DTM06.
func (p *premiumPayment) date(dates []Period, s Segment) []Period {
	format, value, element := "D8", s.Element(2), 2
	if value == "" {
		format, value, element = s.Element(5), s.Element(6), 6
	}
	from, to, err := parsePeriod(format, value)
	if err != nil {
		p.refuse(s, element, elementDate, "DTM*%s, %q: %v", shown(s.Element(1)), shown(value), err)
		return dates
	}
	return append(dates, Period{s.Element(1), from, to})
}

func (p *premiumPayment) beginEntity(s Segment) {
	last := 0
	if p.entity != nil {
		last = p.entity.Number
	}
	number, err := strconv.Atoi(s.Element(1))
	e := &Entity820{
		Line: s.Line, Segment: s.Ordinal, Number: number,
		Kind: s.Element(2), IDQualifier: s.Element(3),
	}
	p.entity, p.entityGood, p.place, p.segments = e, true, inEntity, 1
	switch {
	case s.Element(1) == "":
		p.refuse(s, 1, elementMissing, "the entity's number is missing")
	case err != nil || !isNumber(s.Element(1)):
		p.refuse(s, 1, elementCharacter, "the entity's number is %q, which is not a number", shown(s.Element(1)))
	case number != last+1:
		p.refuse(s, 1, elementCode, "the entity's number is %d, must be %d: one is missing, repeated or out of order", number, last+1)
	}
	if e.IDQualifier == "34" {
		e.SSN = secret.New(s.Element(4))
		return
	}
	e.ID = s.Element(4)
}

// begin opens an entry. One under no entity is reported and read as one of
// nobody, so that the rest of it can be checked.
func (p *premiumPayment) begin(s Segment) *Entry820 {
	p.entries++
	p.entry = &Entry820{
		Header: p.header, Entity: p.entity, Line: s.Line, Segment: s.Ordinal, Last: s.Ordinal, Ordinal: p.entries, Text: s.String(),
	}
	p.segments, p.place = 1, inEntry
	p.entryGood = p.headerGood && p.entityGood
	return p.entry
}

func (p *premiumPayment) beginRemittance(s Segment) {
	if p.entity == nil {
		p.refuse(s, 0, segmentSequence, "RMR stands before the first ENT")
		return
	}
	e := p.begin(s)
	e.Remittance, e.Qualifier, e.Value, e.Action = true, s.Element(1), s.Element(2), s.Element(3)
	switch {
	case e.Qualifier == "":
		p.refuse(s, 1, elementMissing, "the remittance's qualifier is missing")
	case p.header.Exchange() && e.Qualifier != "ZZ":
		p.refuse(s, 1, elementCode, "the remittance's qualifier is %q, must be ZZ from an exchange", shown(e.Qualifier))
	}
	if e.Value == "" {
		p.refuse(s, 2, elementMissing, "what the remittance is for is missing")
	}
	if s.Element(4) == "" {
		p.refuse(s, 4, elementMissing, "the amount paid is missing")
	} else {
		e.Paid = p.amount(s, 4)
	}
	e.Due, e.HasDue = p.optional(s, 5)
	e.Adjusted, _ = p.optional(s, 6)
}

// optional reads an amount that takes no part in the balance.
func (p *premiumPayment) optional(s Segment, n int) (money.Cents, bool) {
	if s.Element(n) == "" {
		return 0, false
	}
	cents, err := parseAmount(s.Element(n))
	if err != nil {
		p.refuse(s, n, elementCharacter, "%v", err)
	}
	return cents, err == nil
}

// detail takes a segment behind the first ENT that begins neither entity nor
// remittance.
func (p *premiumPayment) detail(s Segment) error {
	if p.entry != nil {
		p.entry.Last = s.Ordinal
	}
	switch s.ID {
	case "ADX":
		return p.adjustment(s)
	case "NM1":
		p.name(s)
	case "REF":
		p.detailReference(s)
	case "DTM":
		p.detailDate(s)
	case "IT1":
		p.lineOfInvoice(s)
	case "N1", "N2", "N3", "N4", "PER", "NTE", "AMT", "QTY", "PID", "SLN", "SAC", "TXI", "RDM":
		// addresses, contacts, notes and the parts of an invoice: not kept
	default:
		p.refuse(s, 0, segmentUnexpected, "%s has no place in an 820", s.ID)
	}
	return nil
}

func (p *premiumPayment) name(s Segment) {
	if p.place != inEntity {
		p.refuse(s, 0, segmentSequence, "NM1 stands behind its entity's money")
		return
	}
	e := p.entity
	party := Party{
		Role: s.Element(1), Organization: s.Element(2) == "2", Name: s.Element(3), First: s.Element(4),
		Middle: s.Element(5), Prefix: s.Element(6), Suffix: s.Element(7),
	}
	party.identify(s.Element(8), s.Element(9))
	if party.Role == "" {
		p.refuse(s, 1, elementMissing, "who the name is of is missing")
		return
	}
	if e.Person.Role != "" {
		e.Others = append(e.Others, party)
		return
	}
	e.Person = party
	if !party.SSN.IsZero() {
		e.SSN = party.SSN
	}
}

func (p *premiumPayment) detailReference(s Segment) {
	switch e := p.entity; p.place {
	case inEntity:
		if s.Element(1) == "SY" && s.Element(2) != "" {
			if e.SSN.IsZero() {
				e.SSN = secret.New(s.Element(2))
			}
			return
		}
		e.References = p.reference(e.References, s)
	case inAdjustment:
		a := &p.entry.Adjustments[len(p.entry.Adjustments)-1]
		a.References = p.reference(a.References, s)
	case inInvoiceLine:
		p.reference(nil, s) // checked, not kept
	default:
		p.entry.References = p.reference(p.entry.References, s)
	}
}

func (p *premiumPayment) detailDate(s Segment) {
	if p.place == inEntity || p.place == inInvoiceLine {
		p.date(nil, s) // checked, not kept
		return
	}
	p.entry.Dates = p.date(p.entry.Dates, s)
}

func (p *premiumPayment) lineOfInvoice(s Segment) {
	if p.entry == nil || !p.entry.Remittance {
		p.refuse(s, 0, segmentSequence, "IT1 stands before the RMR that it belongs to")
		return
	}
	p.place = inInvoiceLine
}

// adjustment takes an ADX: of the remittance at hand, or alone under its entity.
func (p *premiumPayment) adjustment(s Segment) error {
	if p.entry == nil || !p.entry.Remittance {
		if err := p.endEntry(); err != nil {
			return err
		}
		p.begin(s)
	}
	p.place = inAdjustment
	a := Adjustment820{Line: s.Line, Segment: s.Ordinal, Reason: s.Element(2), Text: s.String()}
	if s.Element(1) == "" {
		p.refuse(s, 1, elementMissing, "the adjustment's amount is missing")
	} else {
		a.Cents = p.amount(s, 1)
	}
	if a.Reason == "" {
		p.refuse(s, 2, elementMissing, "the adjustment's reason is missing")
	}
	if qualifier, value := s.Element(3), s.Element(4); qualifier != "" && value != "" {
		a.References = []Reference{{qualifier, value}}
	}
	p.entry.Adjustments = append(p.entry.Adjustments, a)
	return nil
}

// endEntry hands on the entry at hand.
func (p *premiumPayment) endEntry() error {
	e := p.entry
	p.entry = nil
	if e == nil || !p.entryGood || p.eachEntry == nil {
		return nil
	}
	return p.eachEntry(*e)
}

func (p *premiumPayment) end() error {
	if err := p.endEntry(); err != nil { // the SE was missing
		return err
	}
	if noBPR := p.header.Line == 0 && p.first != ""; p.known && noBPR {
		return nil // reported where it should have stood
	}
	p.balance.end()
	return nil
}
