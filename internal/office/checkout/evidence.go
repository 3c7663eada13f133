package checkout

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
)

// responseDays is how long a merchant has to answer where the processor tells no
// date: the shortest that a network gives (payment-rails, chargebacks).
const responseDays = 20

// Deadline is by when evidence must be there: the processor's date, which is the
// acquirer's and earlier than the network's, else the shortest that networks give.
func (c *DisputeCase) Deadline() time.Time {
	if !c.EvidenceBy.IsZero() {
		return c.EvidenceBy
	}
	return c.OpenedAt.AddDate(0, 0, responseDays)
}

// Urgency says how soon a dispute wants to be answered.
type Urgency string

// The urgencies, the most pressing first.
const (
	Overdue  Urgency = "overdue"
	Urgent   Urgency = "urgent" // within three days
	Soon     Urgency = "soon"   // within ten
	Later    Urgency = "later"
	Answered Urgency = "answered" // evidence was sent, or none is due any more
)

// Urgency tells it at an instant.
func (c *DisputeCase) Urgency(now time.Time) Urgency {
	left := c.Deadline().Sub(now)
	switch {
	case c.Status != DisputeOpen || c.Answered || !c.EvidenceAt.IsZero():
		return Answered
	case left < 0:
		return Overdue
	case left <= 3*24*time.Hour:
		return Urgent
	case left <= 10*24*time.Hour:
		return Soon
	}
	return Later
}

// statementMax bounds what staff write to a bank.
const statementMax = 2000

// personal finds what has the form of a number that names a person: a bill pay
// number, a Social Security number, a member's number. A bank is told no such.
var personal = regexp.MustCompile(`\d(?:[ -]?\d){8,}`)

// SubmitEvidence answers a dispute with the payment's receipt and what staff say of
// it. It names no person, no health matter and none of the bills that were paid.
// The network takes one answer: Conflict when there is one, or nothing is open.
// Invalid when the statement is missing, too long, or holds a number that names a
// person.
func (d *Desk) SubmitEvidence(
	ctx context.Context, order cashier.Order, attempt ident.Opaque, dispute, statement string,
) (DisputeCase, error) {
	const op = "checkout.SubmitEvidence"
	statement = strings.TrimSpace(statement)
	switch {
	case order.Actor.IsZero():
		return DisputeCase{}, fault.New(fault.Denied, op, "a dispute is answered by a named person")
	case statement == "" || len(statement) > statementMax:
		return DisputeCase{}, fault.New(fault.Invalid, op, "say in 1 to %d characters why the payment is good", statementMax)
	case personal.MatchString(statement):
		return DisputeCase{}, fault.New(fault.Invalid, op, "the statement holds a long number, which may name a person").
			WithHint("The receipt's confirmation number is sent with it and says enough.")
	}
	a, c, err := d.disputeOf(ctx, attempt, dispute)
	if err != nil {
		return c, fault.Wrap(op, err)
	}
	if u := c.Urgency(d.clock.Now()); u == Answered || u == Overdue {
		return c, fault.New(fault.Conflict, op, "this dispute takes no evidence: it is %s", u)
	}
	leg := &a.Legs[c.Leg-1]
	// One answer is taken, so that one key says enough.
	stands, err := d.processor.SubmitEvidence(ctx, leg.Merchant, c.ID, evidenceOf(&a, &c, statement), ident.Key("card-evidence:"+c.ID))
	if err != nil {
		return c, fault.Wrap(op, err)
	}
	d.o.Log.Info("a dispute was answered", "attempt", a.ID, "dispute", c.ID, "by", order.Actor.String())
	c, err = d.noteDispute(ctx, a.ID, c.ID, func(c *DisputeCase) { c.Answered, c.EvidenceAt = stands.Answered, d.clock.Now() })
	return c, fault.Wrap(op, err)
}

// evidenceOf puts a receipt and a statement together.
func evidenceOf(a *Attempt, c *DisputeCase, statement string) Evidence {
	leg := &a.Legs[c.Leg-1]
	way := map[Door]string{
		DoorGuest: "by the cardholder on our payment page", DoorAPI: "by the cardholder through our payment service",
		DoorPhone:   "by the cardholder on the card processor's page, to which a link was given on the phone",
		DoorAutopay: "under the cardholder's stored consent to automatic payment",
	}[a.Door]
	e := Evidence{
		Product: "Payment on a billing account", ServiceDate: a.Received.String(),
		Explanation: fmt.Sprintf("Paid on %s %s with the card ending in %s. Amount %s US dollars. Receipt confirmation %s.\n%s",
			a.Received, way, leg.Card.Last4, leg.Amount, a.Payment.Confirmation(), statement),
	}
	switch {
	case strings.Contains(c.Reason, "duplicate"):
		e.Duplicate = statement
	case strings.Contains(c.Reason, "cancel"):
		e.Cancellation = statement
	}
	return e
}
