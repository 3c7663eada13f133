package coverage

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Sent is what an enrolment file says of one policy, in the words of an X12 834
// (005010X220A1): the subscriber's loop with one of its coverages, and who else is
// covered. Codes are as sent.
type Sent struct {
	ReceivedOn    calendar.Date
	Maintenance   string // HD01, or INS03 where the coverage has none
	Reason        string // INS04
	BenefitStatus string // INS05
	Event         string // INS07, the qualifying event of continuation
	EventOn       calendar.Date
	SubscriberID  string // REF*0F
	PolicyID      string // REF*1L of the coverage, or of the member: the exchange's policy id
	// Insurance is HD03: HLT, DEN, ... An employer's REF*1L is the group's, so its
	// policies of one subscriber are told apart by this.
	Insurance    string
	Product      string // REF*CE of the coverage, or HD04
	Begins, Ends calendar.Date
	Categories   []Category // of the subscriber
	Members      []SentMember
}

// Category is a reporting category of an 834 (loop 2750): the name in N102, the
// value of its REF, and the days that its DTP states.
type Category struct {
	Name, Value string
	From        calendar.Date
}

// SentMember is one covered person of a Sent, the subscriber first.
type SentMember struct {
	Number       billpay.Number // 0 while the person has none
	Relationship string         // INS02
	Born         calendar.Date
	Tobacco      bool       // HLH01 is T or X
	Categories   []Category // the person's own: "PRE AMT 1"
}

// Sender is what is known of who sends enrolment, from the plan's configuration.
type Sender struct {
	Name     string // the source of what it sends
	Exchange bool
	Line     Line           // of a sender that is no exchange
	State    string         // of issue
	Group    billpay.Number // the employer's, of the line GROUP
	// ContinuationMonths is how long continuation lasts by the code of its
	// qualifying event.
	ContinuationMonths map[string]int
}

// Does is what a Sent does to a policy.
type Does string

// What it can do.
const (
	DoesBegin     Does = "begin"
	DoesChange    Does = "change"
	DoesEnd       Does = "end"    // Policy.To is the last covered day
	DoesCancel    Does = "cancel" // it never takes effect: Policy.To is the day before its first
	DoesReinstate Does = "reinstate"
	DoesCompare   Does = "compare" // an audit file: nothing changes, differences are told
)

// Enrolled is a Sent in the words of this package. Policy is without Number and
// No; Terms are without No, by date, and what they state is billed as it is.
type Enrolled struct {
	Does   Does
	Policy Policy
	Terms  []Terms
	// Exceptions are what does not fit together in what was sent, for staff. They
	// hold amounts and dates, and nothing that tells who somebody is.
	Exceptions []string
}

// Names of reporting categories, as the companion guides of the exchanges give them.
const (
	categoryTotal       = "PRE AMT TOT"
	categoryPerson      = "PRE AMT 1"
	categoryCredit      = "APTC AMT"
	categoryResponsible = "TOT RES AMT"
	categoryEmployer    = "TOT EMP RES AMT"
	categoryOther       = "OTH PAY AMT 1" // a state's subsidy
	categoryOther2      = "OTH PAY AMT 2"
	categoryArea        = "RATING AREA"
	categorySpecial     = "SEP REASON"
	categoryMaintenance = "ADDL MAINT REASON" // says CANCEL, TERM, ... beside INS04
)

// reasons are the words for why a policy ended, by INS04. Any other code is kept
// as it was sent.
var reasons = map[string]string{
	"01": "divorce", "03": "death", "07": "ended_by_sponsor", "08": "employment_ended", "14": "voluntary", "43": "moved",
	"59": "non_payment", "AI": "not_given", "XN": "notification_only",
}

// reenrolment is the INS04 by which an exchange renews a policy.
const reenrolment = "41"

// FromEnrolment puts what an enrolment file says of a policy into the words of
// this package. It knows nothing of what is on file: the caller finds the policy
// by Source and SourceID and decides what changes. CSR AMT is between HHS and the
// plan and no part of a premium. Errors are fault.Invalid: what was sent cannot be
// understood, and nothing may be done by it.
func FromEnrolment(s Sent, from Sender) (Enrolled, error) {
	e := &enroller{sent: s, from: from}
	if err := e.does(); err != nil {
		return Enrolled{}, err
	}
	if err := e.terms(); err != nil {
		return Enrolled{}, err
	}
	e.policy()
	return e.out, nil
}

func unclear(format string, args ...any) error {
	return fault.New(fault.Invalid, "coverage.FromEnrolment", format, args...)
}

type enroller struct {
	sent Sent
	from Sender
	out  Enrolled
}

func (e *enroller) exception(format string, args ...any) {
	e.out.Exceptions = append(e.out.Exceptions, fmt.Sprintf(format, args...))
}

func (e *enroller) category(name string) string {
	for _, c := range e.sent.Categories {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (e *enroller) does() error {
	s := &e.sent
	cancels := e.category(categoryMaintenance) == "CANCEL" || !s.Ends.IsZero() && !s.Begins.IsZero() && !s.Ends.After(s.Begins)
	switch s.Maintenance {
	case "021":
		e.out.Does = DoesBegin
	case "001", "026":
		e.out.Does = DoesChange
	case "002", "024":
		e.out.Does = DoesEnd
	case "025":
		e.out.Does = DoesReinstate
	case "030":
		e.out.Does = DoesCompare
	default:
		return unclear("the maintenance type %q is not known", s.Maintenance)
	}
	switch {
	case cancels && (e.out.Does == DoesEnd || e.out.Does == DoesChange):
		e.out.Does = DoesCancel
	case e.out.Does == DoesEnd && s.Ends.IsZero():
		return unclear("an end of coverage names no day (DTP*349)")
	}
	if s.Begins.IsZero() && e.out.Does != DoesEnd {
		return unclear("the coverage names no first day (DTP*348)")
	}
	if s.PolicyID == "" && s.SubscriberID == "" {
		return unclear("neither a policy id (REF*1L) nor a subscriber id (REF*0F) says which policy is meant")
	}
	return nil
}

func (e *enroller) policy() {
	s := &e.sent
	p := Policy{
		Line: e.line(), State: e.from.State, Product: s.Product, Source: e.from.Name, SourceID: s.PolicyID,
		Entry: e.entry(), From: s.Begins, To: s.Ends, ReceivedOn: s.ReceivedOn,
	}
	if p.SourceID == "" {
		p.SourceID = s.SubscriberID
	}
	if !e.from.Exchange && s.PolicyID != "" && s.SubscriberID != "" {
		p.SourceID = s.PolicyID + "/" + s.SubscriberID // an employer's REF*1L is the group's, not the policy's
	}
	if !e.from.Exchange && s.Insurance != "" {
		p.SourceID += "/" + s.Insurance
	}
	if p.Line == Group {
		p.Group = e.from.Group
	}
	if e.out.Does == DoesEnd || e.out.Does == DoesCancel {
		p.EndReason = s.Reason
		if word, ok := reasons[s.Reason]; ok {
			p.EndReason = word
		}
	}
	if e.out.Does == DoesCancel {
		p.To = s.Begins.AddDays(-1)
	}
	if p.Line == COBRA {
		p.Continuation = &Continuation{EventOn: s.EventOn, LossOn: s.Begins.AddDays(-1), MonthsMost: e.from.ContinuationMonths[s.Event]}
		if p.Continuation.MonthsMost == 0 && e.out.Does == DoesBegin {
			e.exception("the qualifying event %q does not say how long continuation lasts", s.Event)
		}
	}
	e.out.Policy = p
}

func (e *enroller) line() Line {
	if !e.from.Exchange {
		const cobra = "C"
		if e.from.Line == Group && e.sent.BenefitStatus == cobra {
			return COBRA
		}
		return e.from.Line
	}
	if slices.ContainsFunc(e.out.Terms, func(t Terms) bool { return t.APTC > 0 }) {
		return ExchangeAPTC
	}
	return ExchangeNoAPTC
}

func (e *enroller) entry() Entry {
	s := &e.sent
	switch {
	case e.from.Exchange && s.Reason == reenrolment:
		return PassiveRenewal
	case s.Begins.Before(s.ReceivedOn):
		return Retroactive
	case e.category(categorySpecial) != "":
		return SpecialEntry
	}
	return NewEnrolment
}

// terms makes the terms: one for each day from which an amount or the rating area
// is stated. What a day does not state holds on from the day before.
func (e *enroller) terms() error {
	if e.out.Does == DoesEnd || e.out.Does == DoesCancel {
		return nil
	}
	e.sent.Categories = slices.Clone(e.sent.Categories) // the caller keeps its own
	var days []calendar.Date
	for i := range e.sent.Categories {
		c := &e.sent.Categories[i]
		if c.From.Before(e.sent.Begins) {
			c.From = e.sent.Begins // none is stated, or one of the policy before
		}
		if isTerm(c.Name) {
			days = append(days, c.From)
		}
	}
	if len(days) == 0 {
		days = []calendar.Date{e.sent.Begins}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	for _, day := range slices.Compact(days) {
		t, err := e.termsOn(day)
		if err != nil {
			return err
		}
		e.out.Terms = append(e.out.Terms, t)
	}
	return e.persons()
}

func isTerm(category string) bool {
	switch category {
	case categoryTotal, categoryCredit, categoryResponsible, categoryEmployer, categoryOther, categoryOther2, categoryArea:
		return true
	}
	return false
}

func (e *enroller) termsOn(day calendar.Date) (Terms, error) {
	t := Terms{KnownOn: e.sent.ReceivedOn, From: day, Product: e.sent.Product, Members: e.insured()}
	if area, ok := e.holds(categoryArea, day); ok {
		t.Area = area.Value
	}
	var responsible, other money.Cents
	var isResponsible bool
	for _, amount := range []struct {
		name  string
		into  *money.Cents
		found *bool
	}{
		{categoryTotal, &t.Rate, &t.Stated}, {categoryCredit, &t.APTC, nil}, {categoryEmployer, &t.Employer, nil},
		{categoryOther, &t.Subsidy, nil}, {categoryOther2, &other, nil}, {categoryResponsible, &responsible, &isResponsible},
	} {
		c, ok := e.holds(amount.name, day)
		if !ok {
			continue
		}
		cents, err := money.Parse(c.Value)
		if err != nil || cents < 0 {
			return Terms{}, unclear("%s from %s is no amount in dollars", amount.name, day)
		}
		*amount.into = cents
		if amount.found != nil {
			*amount.found = true
		}
	}
	t.Subsidy += other
	e.hold(t, responsible, isResponsible)
	return t, nil
}

// holds finds the category of a name that is in force on a day.
func (e *enroller) holds(name string, day calendar.Date) (held Category, ok bool) {
	for _, c := range e.sent.Categories {
		if c.Name == name && !c.From.After(day) && (!ok || !c.From.Before(held.From)) {
			held, ok = c, true
		}
	}
	return held, ok
}

// hold holds the amounts of one day against each other.
func (e *enroller) hold(t Terms, responsible money.Cents, isResponsible bool) {
	switch {
	case e.from.Exchange && !t.Stated:
		e.exception("from %s the exchange states no total premium", t.From)
		return
	case t.APTC > t.Rate && t.Stated:
		e.exception("from %s the tax credit of %s is above the premium of %s", t.From, t.APTC, t.Rate)
	}
	left := max(0, t.Rate-t.APTC-t.Employer-t.Subsidy)
	if isResponsible && t.Stated && responsible != left {
		e.exception("from %s the amount that the member is responsible for is stated as %s; the premium of %s less what others owe is %s",
			t.From, responsible, t.Rate, left)
	}
}

func (e *enroller) insured() []Insured {
	insured := make([]Insured, len(e.sent.Members))
	for i, m := range e.sent.Members {
		insured[i] = Insured{
			Number: m.Number, Born: m.Born, Relationship: string(member.RelationshipOfCode(m.Relationship)), Tobacco: m.Tobacco,
		}
	}
	return insured
}

// persons holds what is stated of each person against the first total.
func (e *enroller) persons() error {
	first := e.out.Terms[0]
	var sum money.Cents
	stated := 0
	for _, m := range e.sent.Members {
		at := slices.IndexFunc(m.Categories, func(c Category) bool { return c.Name == categoryPerson })
		if at < 0 {
			continue
		}
		cents, err := money.Parse(m.Categories[at].Value)
		if err != nil {
			return unclear("%s of a person is no amount in dollars", categoryPerson)
		}
		sum, stated = sum+cents, stated+1
	}
	if first.Stated && stated > 0 && stated == len(e.sent.Members) && sum != first.Rate {
		e.exception("from %s the premiums of the persons sum to %s, and the total is %s", first.From, sum, first.Rate)
	}
	return nil
}
