package grace

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/rule"
)

// State is a payment status.
type State string

// The states.
const (
	PendingBinder State = "PENDING_BINDER"
	Current       State = "CURRENT"
	PastDue       State = "PAST_DUE"
	GraceM1       State = "GRACE_M1"
	GraceM2       State = "GRACE_M2"
	GraceM3       State = "GRACE_M3"
	GraceState    State = "GRACE_STATE"
	TermPending   State = "TERM_PENDING"
	Terminated    State = "TERMINATED"
	Cancelled     State = "CANCELLED"
	VoluntaryTerm State = "VOLUNTARY_TERM"
	Withheld      State = "WITHHOLD"
)

// States lists every state.
func States() []State {
	return []State{
		PendingBinder, Current, PastDue, GraceM1, GraceM2, GraceM3, GraceState, TermPending, Terminated, Cancelled, VoluntaryTerm, Withheld,
	}
}

// InGrace reports whether the state is one of grace.
func (s State) InGrace() bool {
	return s == GraceM1 || s == GraceM2 || s == GraceM3 || s == GraceState
}

// Over reports whether coverage has ended or never began.
func (s State) Over() bool { return s == Terminated || s == Cancelled || s == VoluntaryTerm }

// Basis is the rule row that something rests on.
type Basis struct {
	Row      string // rule.Row.ID, or "" when no number was needed
	Citation string
	Version  string // of the rule set
}

func basisOf(a rule.Answer) Basis { return Basis{a.ID(), a.Citation, a.Version} }

// Transition is a change of state.
type Transition struct {
	On       calendar.Date
	From, To State // From is "" for the first
	Event    Event // the cause
	Basis    Basis
	// Effective is the last covered day of a transition that ends coverage, and
	// the first covered day of one that begins it.
	Effective calendar.Date
	// Rerun marks a change that comes of something which became known later than
	// the day it belongs to: the machine ran again from that day.
	Rerun bool

	claims claims
}

// Signal says what is done with claims for a month.
type Signal string

// The signals.
const (
	Pay  Signal = "pay"
	Pend Signal = "pend"
	Hold Signal = "hold" // for the few days in which money in time may still be posted
	Deny Signal = "deny"
)

// Month is a coverage month's amounts on the day.
type Month struct {
	Month            calendar.Month
	Gross, APTC      money.Cents
	Owed, Paid, Open money.Cents // of the member
	Claims           Signal
	Expected         bool // withheld by SSA or RRB: expected from CMS, not owed by the member
}

// Status is the answer of a replay.
type Status struct {
	On          calendar.Date
	Machine     Machine
	State       State
	Since       calendar.Date
	Transitions []Transition
	Duties      []Duty // in the order in which they arose; each once, by its Key

	CoveredFrom calendar.Date // first covered day; zero while no coverage has begun
	PaidThrough calendar.Date // last day of the last month that is paid, in sequence; zero when none is
	EndsOn      calendar.Date // last covered day when coverage has an end; the day before its start if it never was
	GraceFrom   calendar.Date
	GraceTo     calendar.Date // last day of the grace, or zero while nothing has set it
	Owed        money.Cents   // all that is due and unpaid on the day
	// ToCure is the least that keeps or starts the coverage if it is received by
	// PayBy; less than Owed where a tolerance is in use. What falls due until then
	// comes on top.
	ToCure money.Cents
	PayBy  calendar.Date // the last day to pay, to its last second in the plan's zone; zero when nothing presses
	// LastMoment is the last day that counted, once a grace or a deadline has run
	// out: what is received later is held and restores nothing by itself.
	LastMoment calendar.Date
	Basis      Basis // of PayBy
	Months     []Month
	// Next is the first later day on which the state can change without a new
	// fact; zero when there is none.
	Next  calendar.Date
	Words Words
}

// Words answer "am I still covered?".
type Words struct{ English, Spanish string }
