package x12

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Guide834 is the implementation guide of the 834s written here.
const Guide834 = "005010X220A1"

// Fact is what an 834 that we send says of a member's coverage.
type Fact string

// The facts. Each writes INS03 and HD01, and for an exchange the additional
// maintenance reason that its companion guides name.
const (
	// Effectuated confirms an enrolment: the coverage is in force from its
	// first day because what was due was paid, or nothing was.
	Effectuated Fact = "effectuated"
	// Cancelled says that the coverage never was in force: it ends on the day
	// on which it would have begun.
	Cancelled Fact = "cancelled"
	// Terminated says that the coverage ends after it was in force.
	Terminated Fact = "terminated"
	// Reinstated says that a coverage which had ended is in force again.
	Reinstated Fact = "reinstated"
	// Changed says that amounts or data of a coverage in force are others now.
	Changed Fact = "changed"
)

var factCodes = map[Fact]struct {
	maintenance Maintenance
	additional  string // of "ADDL MAINT REASON"
}{
	Effectuated: {MaintAdd, "CONFIRM"},
	Cancelled:   {MaintTerminate, "CANCEL"},
	Terminated:  {MaintTerminate, "TERM"},
	Reinstated:  {MaintReinstate, "REINSTATE"},
	Changed:     {MaintChange, ""},
}

// Maintenance reasons, INS04, that billing has cause to give. The guide lists more.
const (
	ReasonDeath             = "03"
	ReasonBenefitsEnd       = "07"
	ReasonVoluntary         = "14"
	ReasonChangeOfData      = "25"
	ReasonInitialEnrollment = "28"
	ReasonReenrollment      = "41"
	ReasonNonPayment        = "59"
	ReasonNoneGiven         = "AI"
)

// Opening834 is the header of an 834 that we send. It is always a change file
// (BGN08 = 2): facts about some members, silent of all others.
type Opening834 struct {
	Control      string    // ST02, 4 to 9 characters
	Reference    string    // BGN02, our name for the file, at most 50 characters
	At           time.Time // BGN03 and BGN04, written as it reads in its own zone
	MasterPolicy string    // REF*38, "" if there is none
	Sponsor      Party     // N1*P5: name and id
	Payer        Party     // N1*IN: ourselves
	// Members and Subscribers are how many events will be written, and how many
	// of them are of subscribers. They are stated in the header (QTY) and held
	// against what was written. Zero Members states nothing.
	Members     int
	Subscribers int
}

// Event834 is one fact about one member's coverage. Ids are those that the
// receiver knows the member by.
type Event834 struct {
	Fact          Fact
	Reason        string        // INS04, such as ReasonNonPayment
	Additional    string        // overrides the fact's "ADDL MAINT REASON", written to an exchange alone
	Subscriber    bool          // INS01
	Relationship  string        // INS02, "" is 18 for a subscriber and refused for a dependent
	BenefitStatus string        // INS05, "" is A
	Employment    string        // INS08, "" if not known
	Effective     calendar.Date // DTP*303, when we learnt or decided it; zero if it is not told

	SubscriberID       string // REF*0F: the exchange-assigned subscriber id, or the employer's
	MemberID           string // REF*17: the exchange-assigned member id
	PolicyID           string // REF*1L of the coverage: the exchange-assigned policy id
	Group              string // REF*1L of the member: an employer's group
	IssuerMemberID     string // REF*23: ours
	IssuerSubscriberID string // REF*ZZ: ours
	IssuerPolicyID     string // REF*X9 of the coverage: ours

	Person Party // name, SSN, birth date and gender are written

	InsuranceLine string // HD03, such as HLT
	Plan          string // HD04
	Level         string // HD05
	Begins        calendar.Date
	Ends          calendar.Date // the last day; of Cancelled it may be zero
	PaidThrough   calendar.Date // DTP*343, zero if it is not told

	// Exchange is what exchanges expect in the 2700 loops, nil to an employer.
	Exchange *ExchangeReport
}

// ExchangeReport is the part of an event that only exchanges take.
type ExchangeReport struct {
	From       calendar.Date // DTP*007: from when on the amounts hold
	SourceID   string        // "SOURCE EXCHANGE ID", "" to leave it out
	RatingArea string        // "RATING AREA", "" to leave it out
	Premium    money.Cents   // "PRE AMT 1": the member's own part of the premium
	Unrated    bool          // the member's own part is not known, and is left out
	// Totals stand with the subscriber, for the whole policy; nil leaves them out.
	Totals *ExchangeTotals
}

// ExchangeTotals are a policy's monthly amounts, whole cents, none negative.
// Responsible must be what Premium less Credit and Other comes to.
type ExchangeTotals struct {
	Premium     money.Cents // "PRE AMT TOT"
	Credit      money.Cents // "APTC AMT"
	Other       money.Cents // "OTH PAY AMT 1", such as a state's subsidy; left out if zero
	Reduction   money.Cents // "CSR AMT", left out if zero; no part of the sum
	Responsible money.Cents // "TOT RES AMT"
}

// Sender834 writes one 834 into the open group of a Writer.
type Sender834 struct {
	w           *Writer
	opening     Opening834
	members     int
	subscribers int
	early       map[string]bool // dependents' subscribers not written yet
	headed      map[string]bool
}

// Begin834 writes the header. The error is of kind fault.Invalid and leaves
// nothing written if the header would not be accepted.
func Begin834(w *Writer, o Opening834) (*Sender834, error) {
	d := draft{w: w, what: "the header"}
	d.need("the file's reference", o.Reference, 50)
	d.need("the sponsor's id", o.Sponsor.ID, 80)
	d.need("the payer's id", o.Payer.ID, 80)
	d.fits("the master policy", o.MasterPolicy, 50)
	d.fits("the sponsor's name", o.Sponsor.Name, 60)
	d.fits("the payer's name", o.Payer.Name, 60)
	if o.Subscribers > o.Members || o.Subscribers < 0 {
		d.fail("%d subscribers cannot be among %d members", o.Subscribers, o.Members)
	}
	if d.err != nil {
		return nil, d.err
	}
	if err := w.BeginSet("834", o.Control, Guide834); err != nil {
		return nil, err
	}
	_ = w.Segment("BGN", "00", o.Reference, o.At.Format("20060102"), o.At.Format("1504"), "", "", "", string(Change))
	if o.MasterPolicy != "" {
		_ = w.Segment("REF", "38", o.MasterPolicy)
	}
	if o.Members > 0 {
		_ = w.Segment("QTY", "TO", strconv.Itoa(o.Members))
		_ = w.Segment("QTY", "ET", strconv.Itoa(o.Subscribers))
		_ = w.Segment("QTY", "DT", strconv.Itoa(o.Members-o.Subscribers))
	}
	_ = w.Segment("N1", "P5", o.Sponsor.Name, cmp.Or(o.Sponsor.IDQualifier, "FI"), o.Sponsor.ID)
	err := w.Segment("N1", "IN", o.Payer.Name, cmp.Or(o.Payer.IDQualifier, "FI"), o.Payer.ID)
	return &Sender834{w: w, opening: o, early: map[string]bool{}, headed: map[string]bool{}}, err
}

// Write writes one event. An event that no partner could take is refused with
// fault.Invalid before anything of it is written, and the file can go on
// without it.
func (s *Sender834) Write(e Event834) error {
	if err := s.check(&e); err != nil {
		return err
	}
	s.members++
	if e.Subscriber {
		s.subscribers++
		s.headed[e.SubscriberID] = true
	} else if !s.headed[e.SubscriberID] {
		s.early[e.SubscriberID] = true
	}
	s.member(&e)
	s.coverage(&e)
	return s.report(&e)
}

// End writes the trailer. Events that do not come to the members stated in the
// header are an error, and the file must not be sent.
func (s *Sender834) End() error {
	o := s.opening
	if o.Members > 0 && (s.members != o.Members || s.subscribers != o.Subscribers) {
		return s.w.fail("the header states %d members, %d of them subscribers; written were %d and %d",
			o.Members, o.Subscribers, s.members, s.subscribers)
	}
	return s.w.EndSet()
}

// check completes an event and refuses what would not be accepted.
func (s *Sender834) check(e *Event834) error {
	d := draft{w: s.w, what: fmt.Sprintf("event %d", s.members+1)}
	codes, known := factCodes[e.Fact]
	if !known {
		d.fail("the fact %q is not known", shown(string(e.Fact)))
	}
	e.Additional = cmp.Or(e.Additional, codes.additional)
	e.BenefitStatus = cmp.Or(e.BenefitStatus, "A")
	if e.Subscriber {
		e.Relationship = cmp.Or(e.Relationship, "18")
	}
	d.need("the subscriber's id", e.SubscriberID, 50)
	d.need("the reason", e.Reason, 3)
	d.need("the relationship", e.Relationship, 2)
	d.need("the last name", e.Person.Name, 60)
	d.need("the insurance line", e.InsuranceLine, 3)
	for _, field := range []struct {
		what, value string
		most        int
	}{
		{"the first name", e.Person.First, 35}, {"the middle name", e.Person.Middle, 25}, {"the suffix", e.Person.Suffix, 10},
		{"the prefix", e.Person.Prefix, 10}, {"the qualifier of the person's id", e.Person.IDQualifier, 2},
		{"the member's id", e.MemberID, 50}, {"the policy's id", e.PolicyID, 50}, {"the group", e.Group, 50},
		{"our member id", e.IssuerMemberID, 50}, {"our subscriber id", e.IssuerSubscriberID, 50}, {"our policy id", e.IssuerPolicyID, 50},
		{"the person's id", e.Person.ID + e.Person.SSN.Reveal(), 80}, {"the gender", e.Person.Gender, 1},
		{"the plan", e.Plan, 50}, {"the level", e.Level, 3}, {"the benefit status", e.BenefitStatus, 1},
		{"the employment", e.Employment, 2}, {"the additional reason", e.Additional, 50},
	} {
		d.fits(field.what, field.value, field.most)
	}
	if e.Subscriber && s.early[e.SubscriberID] {
		d.fail("a subscriber comes before the dependents with its number, not after one")
	}
	d.dates(e)
	d.amounts(e)
	return d.err
}

// draft collects the first thing wrong with what is to be written.
type draft struct {
	w    *Writer
	what string
	err  error
}

func (d *draft) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fault.New(fault.Invalid, "x12.Sender834", "%s of the 834: %s", d.what, fmt.Sprintf(format, args...))
	}
}

func (d *draft) need(what, value string, most int) {
	if value == "" {
		d.fail("%s is missing", what)
	}
	d.fits(what, value, most)
}

// fits refuses a value that its element cannot hold. The value itself may be a
// person's and is not told.
func (d *draft) fits(what, value string, most int) {
	switch {
	case d.w.delimited(value):
		d.fail("%s has a delimiter of the file in it", what)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		d.fail("%s has bytes in it that are no text", what) // they would change how the rest of the segment reads
	case utf8.RuneCountInString(value) > most:
		d.fail("%s has more than %d characters", what, most)
	}
}

// dates holds an event's dates against its fact. An end on or before the first
// day reads as a cancellation everywhere, so a termination cannot have one.
func (d *draft) dates(e *Event834) {
	if e.Begins.IsZero() {
		d.fail("the day on which the coverage begins is missing")
	}
	switch e.Fact {
	case Cancelled:
		if e.Ends.IsZero() {
			e.Ends = e.Begins
		}
		if e.Ends != e.Begins {
			d.fail("a cancelled coverage ends on the day on which it would have begun")
		}
	case Terminated:
		if !e.Ends.After(e.Begins) {
			d.fail("a terminated coverage ends after its first day")
		}
	default:
		if !e.Ends.IsZero() && e.Ends.Before(e.Begins) {
			d.fail("the coverage ends before it begins")
		}
	}
}

func (d *draft) amounts(e *Event834) {
	x := e.Exchange
	if x == nil {
		return
	}
	if x.From.IsZero() {
		d.fail("the day from which the amounts hold is missing")
	}
	d.fits("the source exchange's id", x.SourceID, 50)
	d.fits("the rating area", x.RatingArea, 50)
	if x.Premium < 0 {
		d.fail("the member's premium is negative")
	}
	t := x.Totals
	if t == nil {
		return
	}
	if !e.Subscriber {
		d.fail("a policy's totals stand with its subscriber")
	}
	if min(t.Premium, t.Credit, t.Other, t.Reduction, t.Responsible) < 0 {
		d.fail("a total is negative")
	}
	if sum, ok := money.Add(t.Premium, -t.Credit, -t.Other); !ok || sum != t.Responsible {
		d.fail("the premium of %s less %s and %s does not come to the %s stated", t.Premium, t.Credit, t.Other, t.Responsible)
	}
}

// member writes loops 2000 and 2100A. The writer's errors stick, so the last
// segment of the event tells of all.
func (s *Sender834) member(e *Event834) {
	subscriber := "N"
	if e.Subscriber {
		subscriber = "Y"
	}
	_ = s.w.Segment("INS", subscriber, e.Relationship, string(factCodes[e.Fact].maintenance), e.Reason, e.BenefitStatus, "", "", e.Employment)
	s.reference("0F", e.SubscriberID)
	s.reference("1L", e.Group)
	s.reference("17", e.MemberID)
	s.reference("23", e.IssuerMemberID)
	s.reference("ZZ", e.IssuerSubscriberID)
	s.day("303", e.Effective)
	s.day("356", e.Begins)
	if e.Fact == Cancelled || e.Fact == Terminated {
		s.day("357", e.Ends)
	}
	p := e.Person
	qualifier, id := cmp.Or(p.IDQualifier, "ZZ"), p.ID
	if !p.SSN.IsZero() {
		qualifier, id = "34", p.SSN.Reveal()
	}
	if id == "" {
		qualifier = ""
	}
	_ = s.w.Segment("NM1", "IL", "1", p.Name, p.First, p.Middle, p.Prefix, p.Suffix, qualifier, id)
	if !p.Born.IsZero() {
		_ = s.w.Segment("DMG", "D8", p.Born.Time().Format("20060102"), p.Gender)
	}
}

// coverage writes loop 2300.
func (s *Sender834) coverage(e *Event834) {
	_ = s.w.Segment("HD", string(factCodes[e.Fact].maintenance), "", e.InsuranceLine, e.Plan, e.Level)
	s.day("348", e.Begins)
	s.day("349", e.Ends)
	s.day("343", e.PaidThrough)
	s.reference("1L", e.PolicyID)
	s.reference("X9", e.IssuerPolicyID)
}

// report writes the 2700 loops.
func (s *Sender834) report(e *Event834) error {
	x := e.Exchange
	if x == nil {
		return s.w.err
	}
	_ = s.w.Segment("LS", "2700")
	l := &reportLoops{s: s, from: x.From}
	if !x.Unrated {
		l.amount("PRE AMT 1", "9X", x.Premium)
	}
	if t := x.Totals; t != nil {
		l.amount("PRE AMT TOT", "9X", t.Premium)
		l.amount("APTC AMT", "9V", t.Credit)
		if t.Other != 0 {
			l.amount("OTH PAY AMT 1", "9V", t.Other)
		}
		if t.Reduction != 0 {
			l.amount("CSR AMT", "9V", t.Reduction)
		}
		l.amount("TOT RES AMT", "9V", t.Responsible)
	}
	l.text("RATING AREA", "9X", x.RatingArea)
	l.text("SOURCE EXCHANGE ID", "17", x.SourceID)
	l.text("ADDL MAINT REASON", "17", e.Additional)
	return s.w.Segment("LE", "2700")
}

// reportLoops numbers the reporting categories of one member.
type reportLoops struct {
	s    *Sender834
	from calendar.Date
	n    int
}

func (l *reportLoops) amount(name, qualifier string, cents money.Cents) {
	l.category(name, qualifier, cents.String())
	l.s.day("007", l.from)
}

func (l *reportLoops) text(name, qualifier, value string) {
	if value != "" {
		l.category(name, qualifier, value)
	}
}

func (l *reportLoops) category(name, qualifier, value string) {
	l.n++
	_ = l.s.w.Segment("LX", strconv.Itoa(l.n))
	_ = l.s.w.Segment("N1", "75", name)
	_ = l.s.w.Segment("REF", qualifier, value)
}

// reference writes a REF, unless there is no value.
func (s *Sender834) reference(qualifier, value string) {
	if value != "" {
		_ = s.w.Segment("REF", qualifier, value)
	}
}

// day writes a DTP, unless there is no date.
func (s *Sender834) day(qualifier string, date calendar.Date) {
	if !date.IsZero() {
		_ = s.w.Segment("DTP", qualifier, "D8", date.Time().Format("20060102"))
	}
}
