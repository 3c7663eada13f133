package coverage

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/sheet"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Entries lists the ways in which a policy begins.
func Entries() []Entry {
	return []Entry{NewEnrolment, SpecialEntry, Retroactive, PassiveRenewal, Takeover}
}

// Stated is one row of the policies file: a policy, and terms of it. Who is meant
// is said in one of four ways, of which the office knows how to resolve each.
type Stated struct {
	Number       billpay.Number
	Alias        billpay.Alias
	Opaque       ident.Opaque
	SubscriberID string // at the policy's source

	Policy Policy // without Number and No; of Withhold at most one
	Terms  Terms  // without No

	aliasHandle, aliasSource string // as written, until both are known
	continuation             Continuation
	withhold                 Withhold
}

var policyTable = sheet.Table[Stated]{
	Columns: []sheet.Column[Stated]{
		{Name: "number", Read: readNumber(func(s *Stated) *billpay.Number { return &s.Number })},
		sheet.Text("alias", func(s *Stated) *string { return &s.aliasHandle }),
		sheet.Text("alias_source", func(s *Stated) *string { return &s.aliasSource }),
		{Name: "opaque_id", Read: func(s *Stated, v string) (err error) { s.Opaque, err = ident.ParseOpaque(v); return err }},
		sheet.Text("subscriber_id", func(s *Stated) *string { return &s.SubscriberID }),
		sheet.Must(sheet.Text("source", func(s *Stated) *string { return &s.Policy.Source })),
		sheet.Must(sheet.Text("source_id", func(s *Stated) *string { return &s.Policy.SourceID })),
		sheet.Must(sheet.OneOf("line", Lines(), func(s *Stated) *Line { return &s.Policy.Line })),
		sheet.Must(sheet.State("state", func(s *Stated) *string { return &s.Policy.State })),
		sheet.Text("product", func(s *Stated) *string { return &s.Policy.Product }),
		{Name: "group", Read: readNumber(func(s *Stated) *billpay.Number { return &s.Policy.Group })},
		sheet.Must(sheet.OneOf("entry", Entries(), func(s *Stated) *Entry { return &s.Policy.Entry })),
		sheet.Must(sheet.Date("from", func(s *Stated) *calendar.Date { return &s.Policy.From })),
		sheet.Date("to", func(s *Stated) *calendar.Date { return &s.Policy.To }),
		sheet.Text("end_reason", func(s *Stated) *string { return &s.Policy.EndReason }),
		sheet.Must(sheet.Date("received_on", func(s *Stated) *calendar.Date { return &s.Policy.ReceivedOn })),
		sheet.Date("terms_from", func(s *Stated) *calendar.Date { return &s.Terms.From }),
		sheet.Date("known_on", func(s *Stated) *calendar.Date { return &s.Terms.KnownOn }),
		sheet.Text("terms_product", func(s *Stated) *string { return &s.Terms.Product }),
		sheet.Text("area", func(s *Stated) *string { return &s.Terms.Area }),
		sheet.Cents("rate", func(s *Stated) *money.Cents { return &s.Terms.Rate }),
		sheet.YesNo("stated", func(s *Stated) *bool { return &s.Terms.Stated }),
		sheet.Cents("ehb", func(s *Stated) *money.Cents { return &s.Terms.EHB }),
		sheet.Cents("aptc", func(s *Stated) *money.Cents { return &s.Terms.APTC }),
		sheet.Cents("employer", func(s *Stated) *money.Cents { return &s.Terms.Employer }),
		sheet.Cents("subsidy", func(s *Stated) *money.Cents { return &s.Terms.Subsidy }),
		sheet.Whole("lep_months", 0, 1200, func(s *Stated) *int { return &s.Terms.LEPMonths }),
		sheet.YesNo("lis", func(s *Stated) *bool { return &s.Terms.LISFull }),
		{Name: "members", Read: readMembers},
		sheet.Month("withhold_from", func(s *Stated) *calendar.Month { return &s.withhold.From }),
		sheet.Month("withhold_to", func(s *Stated) *calendar.Month { return &s.withhold.To }),
		sheet.OneOf("withhold_agency", []string{"SSA", "RRB"}, func(s *Stated) *string { return &s.withhold.Agency }),
		sheet.OneOf("withhold_status", WithholdStatuses(), func(s *Stated) *WithholdStatus { return &s.withhold.Status }),
		sheet.Date("withhold_requested_on", func(s *Stated) *calendar.Date { return &s.withhold.RequestedOn }),
		sheet.Date("withhold_decided_on", func(s *Stated) *calendar.Date { return &s.withhold.DecidedOn }),
		sheet.Date("event_on", func(s *Stated) *calendar.Date { return &s.continuation.EventOn }),
		sheet.Date("loss_on", func(s *Stated) *calendar.Date { return &s.continuation.LossOn }),
		sheet.Date("notice_on", func(s *Stated) *calendar.Date { return &s.continuation.NoticeOn }),
		sheet.Date("elected_on", func(s *Stated) *calendar.Date { return &s.continuation.ElectedOn }),
		sheet.Whole("months_most", 1, 36, func(s *Stated) *int { return &s.continuation.MonthsMost }),
		sheet.Month("disabled_from", func(s *Stated) *calendar.Month { return &s.continuation.DisabledFrom }),
	},
}

// WithholdStatuses lists the states of a withhold.
func WithholdStatuses() []WithholdStatus {
	return []WithholdStatus{WithholdRequested, WithholdAccepted, WithholdRejected}
}

// PolicyColumns lists the columns of the policies file in their documented order.
func PolicyColumns() []string { return policyTable.Names() }

// ReadPolicies reads the file of docs/formats/policies-csv.md and calls each with
// every good row, in the file's order and with bounded memory. Several rows of one
// source and source id are terms of one policy. A file with problems must not be
// used, so a caller reads twice. The error is each's own or that of r.
func ReadPolicies(r io.Reader, each func(line int, s Stated) error) ([]fault.Problem, error) {
	table, above := policyTable, Stated{}
	table.Check = func(_ int, s *Stated, refuse sheet.Refuse) {
		s.check(refuse)
		if s.Policy.Source == above.Policy.Source && s.Policy.SourceID == above.Policy.SourceID && !s.agrees(&above) {
			refuse("source_id", "the row above is of the same policy and says other things of it; rows of one policy differ in its terms and withholds only")
		}
		above = *s
	}
	return table.Read(r, each)
}

// agrees reports whether two rows say the same of who has which policy.
func (s *Stated) agrees(o *Stated) bool {
	a, b := s.Policy, o.Policy
	a.Withhold, b.Withhold = nil, nil
	return s.Number == o.Number && s.Alias == o.Alias && s.Opaque == o.Opaque && s.SubscriberID == o.SubscriberID && reflect.DeepEqual(a, b)
}

func readNumber(at func(*Stated) *billpay.Number) func(*Stated, string) error {
	return func(s *Stated, v string) error {
		n, err := billpay.Parse(v)
		if err != nil {
			return errors.New(fault.MessageOf(err)) // the digits are not repeated
		}
		*at(s) = n
		return nil
	}
}

// membersMost bounds who can stand in one row.
const membersMost = 30

// readMembers reads who is covered, the subscriber first: "self 1980-05-04;spouse
// 1981-06-07 tobacco". The error repeats no birth date.
func readMembers(s *Stated, v string) error {
	for i, part := range strings.Split(v, ";") {
		words := strings.Fields(part)
		if len(words) < 2 || len(words) > 3 || len(words) == 3 && words[2] != "tobacco" || i >= membersMost {
			return fmt.Errorf("person %d: write relationship, birth date and, for who uses it, tobacco; at most %d persons, with semicolons between", i+1, membersMost)
		}
		relationship := member.Relationship(words[0])
		if !slices.Contains(member.Relationships(), relationship) || (relationship == member.Self) != (i == 0) {
			return fmt.Errorf("person %d: %q is no relationship, or not the subscriber's (self) in the first place", i+1, relationship)
		}
		born, err := calendar.Parse(words[1])
		if err != nil {
			return fmt.Errorf("person %d: the birth date is not of the form 1980-05-04", i+1)
		}
		s.Terms.Members = append(s.Terms.Members, Insured{Born: born, Relationship: words[0], Tobacco: len(words) == 3})
	}
	return nil
}

// check checks what no column can know alone, and completes the row.
func (s *Stated) check(refuse sheet.Refuse) {
	s.checkWho(refuse)
	p, t := &s.Policy, &s.Terms
	if t.From.IsZero() {
		t.From = p.From
	}
	if t.KnownOn.IsZero() {
		t.KnownOn = p.ReceivedOn
	}
	// The day before the first says that the policy was cancelled from its start.
	if !p.To.IsZero() && p.To.Before(p.From.AddDays(-1)) {
		refuse("to", "%s is before the first day, %s; a policy that never began ends the day before it", p.To, p.From)
	}
	if t.From.Before(p.From) {
		refuse("terms_from", "%s is before the policy's first day, %s", t.From, p.From)
	}
	if (p.Line == Group) != !p.Group.IsZero() {
		refuse("group", "a policy of the line GROUP names the employer's number, and no other does")
	}
	s.checkPremium(refuse)
	s.checkWithhold(refuse)
	s.checkContinuation(refuse)
}

func (s *Stated) checkWho(refuse sheet.Refuse) {
	ways := 0
	for _, given := range []bool{!s.Number.IsZero(), s.aliasHandle != "", s.Opaque != "", s.SubscriberID != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		refuse("number", "the row names the subscriber in %d ways; give one of number, alias with alias_source, opaque_id and subscriber_id", ways)
	}
	if (s.aliasHandle == "") != (s.aliasSource == "") {
		refuse("alias", "alias and alias_source go together: an old number means nothing without its system")
	} else if s.aliasHandle != "" {
		alias, err := billpay.ParseAlias(s.aliasSource, s.aliasHandle)
		if err != nil {
			refuse("alias", "%s", fault.MessageOf(err))
		}
		s.Alias = alias
	}
	s.aliasHandle, s.aliasSource = "", ""
}

func (s *Stated) checkPremium(refuse sheet.Refuse) {
	line, t := s.Policy.Line, &s.Terms
	switch {
	case t.Stated && t.Rate == 0 && !line.Medicare():
		refuse("rate", "a stated rate is above zero, but for Medicare plans without a premium")
	case !t.Stated && t.Rate == 0 && len(t.Members) == 0:
		refuse("rate", "without a rate the row says who is covered (members), so that the tables can rate it")
	case t.EHB > t.Rate && t.Rate > 0:
		refuse("ehb", "%s is above the rate, %s", t.EHB, t.Rate)
	case t.APTC > 0 && !line.OnExchange():
		refuse("aptc", "only policies of an exchange have a tax credit")
	case t.LEPMonths > 0 && line != MAPD && line != PDP:
		refuse("lep_months", "only Medicare plans with drugs have a late-enrolment penalty")
	case t.LISFull && !line.Medicare():
		refuse("lis", "only Medicare plans know the low-income subsidy")
	}
}

func (s *Stated) checkWithhold(refuse sheet.Refuse) {
	w := s.withhold
	if w == (Withhold{}) {
		return
	}
	switch {
	case !s.Policy.Line.Medicare():
		refuse("withhold_from", "only premiums of Medicare plans are withheld")
	case w.From.IsZero() || w.Agency == "" || w.Status == "":
		refuse("withhold_from", "a withhold has its first month (withhold_from), withhold_agency and withhold_status")
	case !w.To.IsZero() && w.To.Before(w.From):
		refuse("withhold_to", "%s is before the first month, %s", w.To, w.From)
	case w.DecidedOn.IsZero() != (w.Status == WithholdRequested):
		refuse("withhold_decided_on", "who accepted or rejected did so on a day; what is only requested has none")
	}
	s.Policy.Withhold = []Withhold{w}
}

func (s *Stated) checkContinuation(refuse sheet.Refuse) {
	c := s.continuation
	isContinuation := s.Policy.Line == COBRA || s.Policy.Line == StateCont
	switch {
	case !isContinuation && c == (Continuation{}):
		return
	case !isContinuation:
		refuse("event_on", "only continuation coverage has a qualifying event")
	case c.EventOn.IsZero() || c.LossOn.IsZero() || c.MonthsMost == 0:
		refuse("event_on", "continuation has its event_on, loss_on and months_most")
	case !c.ElectedOn.IsZero() && c.ElectedOn.Before(c.EventOn):
		refuse("elected_on", "%s is before the qualifying event, %s", c.ElectedOn, c.EventOn)
	case !s.Policy.From.After(c.LossOn):
		refuse("from", "%s is not after the last day of the coverage that was lost, %s", s.Policy.From, c.LossOn)
	}
	s.Policy.Continuation = &c
}
