// Package coverage knows who is covered: a policy is one subscriber's coverage
// in one line, with the facts about its premium from the dates on which they
// hold, and the words in which files speak of both.
//
// It knows no money that moved and no bill: what a month costs is package
// premium's, what unpaid months lead to is package grace's. Start reading at
// Policy.
package coverage

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Line is a coverage line: under which law a policy is billed and ends.
type Line string

// The lines.
const (
	ExchangeAPTC   Line = "EXCH_APTC"   // on an exchange, with advance premium tax credit
	ExchangeNoAPTC Line = "EXCH_NOAPTC" // on an exchange, without
	Direct         Line = "DIRECT"      // individual and family, off exchange
	COBRA          Line = "COBRA"       // federal continuation
	StateCont      Line = "STATE_CONT"  // continuation under state law
	MA             Line = "MA"          // Medicare Advantage without drugs
	MAPD           Line = "MAPD"        // Medicare Advantage with drugs
	PDP            Line = "PDP"         // stand-alone Part D
	Group          Line = "GROUP"       // employer group, billed to the employer
)

// Lines lists every line.
func Lines() []Line {
	return []Line{ExchangeAPTC, ExchangeNoAPTC, Direct, COBRA, StateCont, MA, MAPD, PDP, Group}
}

// ParseLine reads a line's name.
func ParseLine(s string) (Line, error) {
	if l := Line(s); slices.Contains(Lines(), l) {
		return l, nil
	}
	return "", fmt.Errorf("%q is no coverage line: write one of %v", s, Lines())
}

// OnExchange reports whether an exchange enrols into the line.
func (l Line) OnExchange() bool { return l == ExchangeAPTC || l == ExchangeNoAPTC }

// Medicare reports whether the line is under CMS's rules for Medicare plans.
func (l Line) Medicare() bool { return l == MA || l == MAPD || l == PDP }

// Entry says how a policy began, which decides whether a binder is due.
type Entry string

// The ways in which a policy begins.
const (
	NewEnrolment   Entry = "new"             // regular effective date
	SpecialEntry   Entry = "special"         // special enrolment, on or after the day it was received
	Retroactive    Entry = "retroactive"     // effective before it was received
	PassiveRenewal Entry = "passive_renewal" // same issuer and product line, no gap: no new binder
	Takeover       Entry = "takeover"        // in force in an earlier system
)

// Policy is one subscriber's coverage in one line: what is billed, effectuated
// and ended as one. Its state of payment is package grace's.
type Policy struct {
	Number   billpay.Number // the subscriber's, in whose book it is kept
	No       int64          // within the book, from 1
	Line     Line
	State    string         // of issue, USPS code: "CO"
	Product  string         // the plan's id, "" when it is not known
	Source   string         // who enrolled: the exchange, employer or file
	SourceID string         // the policy's id there: exchange-assigned policy id, group and subscriber id
	Group    billpay.Number // of the employer whose list bill it stands on; 0 otherwise

	Entry Entry
	From  calendar.Date // first covered day
	To    calendar.Date // last covered day, or the zero Date while no end is known
	// ToKnownOn is the day on which To became known, or the zero Date when it was
	// known from the beginning: what an end makes due is due from that day, and a
	// day before it is not judged by what nobody knew then.
	ToKnownOn  calendar.Date
	EndReason  string        // why To stands, as the source said: "voluntary", "death", "moved", ...
	ReceivedOn calendar.Date // when the enrolment transaction was received

	Continuation *Continuation // of COBRA and state continuation
	Withhold     []Withhold    // of Medicare: months whose premium SSA or RRB withholds
}

// Continuation is what continuation coverage depends on (26 CFR 54.4980B).
type Continuation struct {
	EventOn    calendar.Date // the qualifying event
	LossOn     calendar.Date // last day of the coverage that was lost
	NoticeOn   calendar.Date // when the election notice was given
	ElectedOn  calendar.Date // when it was elected (date sent), or the zero Date
	MonthsMost int           // 18, 29 or 36 from LossOn
	// DisabledFrom is the month from which the disability extension's 150 % is
	// charged, or the zero Month.
	DisabledFrom calendar.Month
}

// WithholdStatus is how far a withhold has come (42 CFR 422.262(f)).
type WithholdStatus string

// The states of a withhold.
const (
	WithholdRequested WithholdStatus = "requested" // sent to CMS: no disenrolment meanwhile
	WithholdAccepted  WithholdStatus = "accepted"
	WithholdRejected  WithholdStatus = "rejected" // billed directly from the next cycle on
)

// Withhold is a stretch of months whose whole premium SSA or RRB withholds.
type Withhold struct {
	From, To calendar.Month // To zero while no end is known
	Agency   string         // "SSA" or "RRB"
	Status   WithholdStatus
	// RequestedOn is when it was asked for: nobody is disenrolled from that day
	// while it is set up. Zero is the first of From.
	RequestedOn calendar.Date
	DecidedOn   calendar.Date // of acceptance or rejection
}

// Terms are the facts about a policy's premium from a date until the next
// terms. Amounts are for a whole month.
type Terms struct {
	No      int64         // in the order in which they became known, from 1
	KnownOn calendar.Date // when they were received
	From    calendar.Date // a first of month, or the day of a mid-month change
	Product string        // the plan's id from that day, "" when it does not change
	// Area is the rating area within the policy's state, as rate tables name it, or
	// "". It is here and not on the policy because a move within the state changes
	// what later months cost and not what earlier ones did.
	Area string
	Rate money.Cents // total (gross) premium; for COBRA the applicable premium, before 102 %
	// Stated says that Rate is what the exchange or employer stated and not ours:
	// it is billed as it is, and our rating only checks it.
	Stated    bool
	EHB       money.Cents // the part of Rate for essential health benefits; 0 when it is not known
	APTC      money.Cents // advance premium tax credit applied, owed by HHS
	Employer  money.Cents // the employer's share, owed by it
	Subsidy   money.Cents // low-income subsidy or state subsidy, owed by CMS or the state
	LEPMonths int         // full uncovered months that CMS reported for the late-enrolment penalty
	LISFull   bool        // eligible for the low-income subsidy: no penalty while so
	Members   []Insured   // who is covered, the subscriber first; for rating
	// Cause says why terms were added that no source stated, such as AgedOut; "" of
	// all others.
	Cause string
}

// Insured is one covered person as rating needs it.
type Insured struct {
	Number       billpay.Number
	Born         calendar.Date
	Relationship string // "self", "spouse", "child", ... as in package member
	Tobacco      bool
}

// IsChild reports whether the person is covered as somebody's child, whom age
// limits are about.
func (p Insured) IsChild() bool {
	switch member.Relationship(p.Relationship) {
	case member.Child, member.Stepchild, member.AdoptedChild, member.FosterChild, member.Ward, member.Grandchild:
		return true
	}
	return false
}
