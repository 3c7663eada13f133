// Package partnerfile writes what partners are told about enrolment as X12 834s
// (005010X220A1), and reads their answers, 999 and TA1.
//
// It knows which codes say what a payment status made due, and which of our ids a
// partner is given: opaque ones, never a bill pay number, and no social security
// number. It decides nothing: office/outbound says what is due and what became of
// it. Start reading at Press.Write and ReadAnswers; the mapping is documented in
// docs/finance-office/enrolment-facts.md.
package partnerfile

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/outbound"
	"github.com/billfold/billfold/internal/people/member"
)

// Press writes 834s. It is an outbound.Press. At times are written as they read in
// Zone.
type Press struct{ Zone *time.Location }

var _ outbound.Press = Press{}

// facts are the words of an 834 for what is due. Non-payment has none of its own: it
// is a change, told by the partner's word for it.
var facts = map[grace.Outbound]x12.Fact{
	grace.Effectuation: x12.Effectuated, grace.Cancellation: x12.Cancelled, grace.Termination: x12.Terminated,
	grace.Reinstatement: x12.Reinstated, grace.NonPayment: x12.Changed,
}

// reasons are INS04 for why a source ended a policy; any other end is for non-payment.
var reasons = map[string]string{
	"death": x12.ReasonDeath, "died": x12.ReasonDeath, "voluntary": x12.ReasonVoluntary, "ended_by_sponsor": x12.ReasonBenefitsEnd,
	"not_given": x12.ReasonNoneGiven,
}

// Refuses implements outbound.Press: it writes the message where nobody reads it.
func (p Press) Refuses(to *outbound.Partner, m *outbound.Message) error {
	if m.What == grace.NonPayment && to.Words[grace.NonPayment] == "" {
		return fault.New(fault.Invalid, "partnerfile.Refuses",
			"an 834 has no word of its own for non-payment; agree on one with the partner and put it under words in plan.yaml, or list it under not_told")
	}
	_, _, err := p.write(io.Discard, to, 1, time.Unix(0, 0), []outbound.Message{*m})
	return err
}

// Write implements outbound.Press.
func (p Press) Write(to *outbound.Partner, control int64, at time.Time, messages []outbound.Message) ([]byte, int, error) {
	var out bytes.Buffer
	sets, members, err := p.write(&out, to, control, at, messages)
	if err != nil {
		return nil, 0, err
	}
	read, begun := 0, map[string]bool{}
	_, problems, err := x12.Read834(bytes.NewReader(out.Bytes()), func(m x12.Member834) error {
		read++
		begun[m.Header.Set.Control] = true
		return nil
	})
	if err == nil && (fault.Judge(problems) != fault.Accept || len(begun) != sets || read != members) {
		err = fault.New(fault.Internal, "partnerfile.Write", "the file written for %s does not prove: %d problems", to.Source, len(problems))
	}
	return out.Bytes(), members, err
}

func (p Press) write(out io.Writer, to *outbound.Partner, control int64, at time.Time, messages []outbound.Message) (sets, members int, err error) {
	if p.Zone != nil {
		at = at.In(p.Zone)
	}
	e := &to.Envelope
	usage := "P"
	if e.Test {
		usage = "T"
	}
	w := x12.NewWriter(out)
	err = w.BeginInterchange(x12.Interchange{
		SenderQualifier: e.SenderQualifier, Sender: e.Sender, ReceiverQualifier: e.ReceiverQualifier, Receiver: e.Receiver,
		Date: at.Format("060102"), Time: at.Format("1504"), Control: fmt.Sprintf("%09d", control), AckRequested: true, Usage: usage,
	})
	if err == nil {
		err = w.BeginGroup(x12.Group{
			FunctionalID: "BE", Sender: e.GroupSender, Receiver: e.GroupReceiver, Date: at.Format("20060102"), Time: at.Format("1504"),
			Control: fmt.Sprint(control), Agency: "X", Version: x12.Guide834,
		})
	}
	for i := range messages {
		if err != nil {
			return 0, 0, err
		}
		var n int
		n, err = set(w, to, fmt.Sprintf("%04d", i+1), fmt.Sprintf("%d-%d", control, i+1), at, &messages[i])
		members += n
	}
	if err == nil {
		err = w.EndGroup()
	}
	if err == nil {
		err = w.EndInterchange()
	}
	return len(messages), members, err
}

// set writes one transaction set: a fact about one policy, so that a partner who
// rejects it rejects nothing else.
func set(w *x12.Writer, to *outbound.Partner, control, reference string, at time.Time, m *outbound.Message) (members int, err error) {
	members = 1 + len(m.Dependants)
	s, err := x12.Begin834(w, x12.Opening834{
		Control: control, Reference: reference, At: at, Members: members, Subscribers: 1,
		Sponsor: x12.Party{Name: to.Sponsor.Name, IDQualifier: to.Sponsor.Qualifier, ID: to.Sponsor.ID},
		Payer:   x12.Party{Name: to.Payer.Name, IDQualifier: to.Payer.Qualifier, ID: to.Payer.ID},
	})
	if err != nil {
		return 0, err
	}
	subscriber := event(to, m)
	if err := s.Write(subscriber); err != nil {
		return 0, err
	}
	for i := range m.Dependants {
		d := &m.Dependants[i]
		dependant := subscriber
		dependant.Subscriber, dependant.Relationship = false, member.CodeOfRelationship(member.Relationship(d.Relationship))
		dependant.IssuerMemberID, dependant.Person = string(d.Opaque), person(&d.Member)
		if x := subscriber.Exchange; x != nil {
			dependant.Exchange = &x12.ExchangeReport{From: x.From, Unrated: true}
		}
		if err := s.Write(dependant); err != nil {
			return 0, err
		}
	}
	return members, s.End()
}

// event says a fact of the subscriber.
func event(to *outbound.Partner, m *outbound.Message) x12.Event834 {
	h, identity := &m.Held, &m.Subscriber.Record.Identity
	e := x12.Event834{
		Fact: facts[m.What], Reason: reason(m), Additional: to.Words[m.What], Subscriber: true, Effective: m.On,
		SubscriberID: identity.SubscriberID, IssuerMemberID: string(m.Subscriber.Opaque), IssuerSubscriberID: string(m.Subscriber.Opaque),
		IssuerPolicyID: fmt.Sprintf("%s-%d", m.Subscriber.Opaque, h.No), Person: person(&m.Subscriber),
		InsuranceLine: to.Insurance, Ends: h.To,
	}
	effective := h.Effective() // of a retroactive enrolment paid in part the later first day
	begins := effective.From
	e.Begins = begins
	switch m.What {
	case grace.Effectuation, grace.Reinstatement:
		if !m.Effective.IsZero() {
			begins = m.Effective
		}
		e.Begins = begins
	case grace.Cancellation:
		e.Begins, e.Ends = h.From, calendar.Date{} // it ends on the day on which it would have begun
	case grace.Termination:
		e.Ends = m.Effective
	}
	terms, _ := h.On(begins)
	e.Plan = h.ProductIn(terms)
	if !to.Exchange {
		e.Group = identity.Group
		if tail := h.SourceID[strings.LastIndex(h.SourceID, "/")+1:]; tail != h.SourceID && len(tail) <= 3 {
			e.InsuranceLine = tail // an employer's policies of one subscriber are told apart by it
		}
		return e
	}
	e.PolicyID = h.SourceID
	e.Exchange = amounts(&terms, begins)
	return e
}

// amounts are a policy's monthly ones. What each person's part of the premium is
// stands in the exchange's own file and not in ours, unless there is one person.
func amounts(t *coverage.Terms, begins calendar.Date) *x12.ExchangeReport {
	x := &x12.ExchangeReport{From: begins, RatingArea: t.Area, Premium: t.Rate, Unrated: len(t.Members) != 1 || t.Rate == 0}
	if t.From.After(begins) {
		x.From = t.From
	}
	credit := min(t.APTC, t.Rate)
	other := min(t.Subsidy+t.Employer, t.Rate-credit)
	if t.Rate > 0 {
		x.Totals = &x12.ExchangeTotals{Premium: t.Rate, Credit: credit, Other: other, Responsible: money.Cents(t.Rate - credit - other)}
	}
	return x
}

// reason gives INS04. A policy that its source ended on the day told ended for the
// source's reason; any other end is for non-payment.
func reason(m *outbound.Message) string {
	switch m.What {
	case grace.Effectuation:
		if m.Held.Entry == coverage.PassiveRenewal {
			return x12.ReasonReenrollment
		}
		return x12.ReasonInitialEnrollment
	case grace.Reinstatement:
		return x12.ReasonReenrollment
	}
	if m.What != grace.NonPayment && m.Held.EndReason != "" && m.Held.To == m.Effective {
		return cmp.Or(reasons[m.Held.EndReason], x12.ReasonNoneGiven)
	}
	return x12.ReasonNonPayment
}

func person(m *enrolment.Member) x12.Party {
	p := &m.Record.Person
	gender := p.Sex
	if gender != "F" && gender != "M" {
		gender = "U"
	}
	return x12.Party{
		Name: p.Name.Last, First: p.Name.First, Middle: p.Name.Middle, Prefix: p.Name.Prefix, Suffix: p.Name.Suffix,
		Born: p.BirthDate, Gender: gender,
	}
}
