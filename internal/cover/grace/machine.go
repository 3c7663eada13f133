package grace

// Machine names a rule set's state machine.
type Machine string

// The machines.
const (
	ExchangeMachine     Machine = "exchange"
	StateMachine        Machine = "state"
	ContinuationMachine Machine = "cobra"
	MedicareMachine     Machine = "medicare"
	GroupMachine        Machine = "group"
	MemberMachine       Machine = "group_member"
)

// Event is what makes a transition, in words that a table and a drawing show.
type Event string

// The events. Each is a condition on the day, looked at after everything of the
// day is known, so that the order of facts on one day does not matter.
const (
	EnrolmentReceived Event = "enrolment received"
	NothingOwed       Event = "nothing is owed"
	BinderPaid        Event = "binder paid"
	OneMonthPaid      Event = "one month paid of a retroactive binder"
	RetroactivePaid   Event = "rest of the retroactive binder paid in time"
	BinderLapsed      Event = "binder deadline passed"
	ElectionLapsed    Event = "election period passed"
	FirstPaid         Event = "elected and all due periods paid"
	FirstLapsed       Event = "time for the first payment passed"
	PaymentMissed     Event = "due date passed unpaid"
	GraceBegan        Event = "grace began"
	SecondMonth       Event = "second month of grace began"
	ThirdMonth        Event = "third month of grace began"
	OldestPaid        Event = "oldest month paid, a later one not"
	Settled           Event = "all due paid, or within the tolerance"
	GraceRanOut       Event = "last day of grace passed"
	CoolingOver       Event = "days for money under way passed"
	CoverageEnded     Event = "coverage ended on its date"
	EarlierEnd        Event = "an earlier end became known"
	Withdrawn         Event = "withdrawn, never effective"
	StaffReinstated   Event = "reinstatement decided"
	GoodCause         Event = "good cause approved"
	WithholdAccepted  Event = "withhold accepted"
	WithholdEnded     Event = "withhold rejected or ended"
	EmployerEnded     Event = "the employer's coverage ended"
	PaymentReturned   Event = "a payment was returned"
	PostedLater       Event = "something of an earlier day became known"
)

// Guard is a further condition of an arrow, by name.
type Guard string

// The guards.
const (
	CreditGraceApplies  Guard = "tax credit in the month and a full month paid in the benefit year"
	CreditGraceNot      Guard = "no tax credit in the month, or no full month paid in the benefit year"
	CountsFromNotice    Guard = "grace counts from the notice"
	RowConfirmed        Guard = "rule row confirmed, or staff confirms the end"
	WasBilled           Guard = "the binder was billed"
	AllPaid             Guard = "all due is paid"
	NeverCovered        Guard = "no period was paid"
	PlanDisenrols       Guard = "the plan disenrols for non-payment"
	NoWithhold          Guard = "no withhold stands or is being set up"
	FailureNoticeSent   Guard = "notice of failure to pay was sent"
	AskedInTime         Guard = "asked for in time"
	ArrearsPaidInTime   Guard = "all arrears paid in time"
	RetroactiveEntry    Guard = "retroactive enrolment"
	RetroactiveDeadline Guard = "not after the binder deadline, nor after the coverage that one month bought has begun"
)

// Act is what a transition does besides changing the state, by name.
type Act string

// The acts.
const (
	SendEffectuation   Act = "effectuation out"
	SendCancellation   Act = "cancellation out and notice, refund"
	SendTermination    Act = "termination out and notice, refund"
	SendReturnAPTC     Act = "return tax credit of the uncovered months"
	SendDelinquency    Act = "delinquency notice, non-payment out"
	SendProviderNotice Act = "provider notice"
	SendGraceNotice    Act = "grace notice"
	SendFailureNotice  Act = "notice of failure to pay"
	SendReinstatement  Act = "reinstatement out and notice, held money applied"
	SendDirectBill     Act = "direct-bill notice"
	SendGroupNotice    Act = "notice with special enrolment"
	SendEndNotice      Act = "end out and notice, refund"
	StartProspectively Act = "coverage starts on the first of the next month, held money applied then"
	StartFromBeginning Act = "coverage starts on its first day"
	StartClock         Act = "clock starts"
	StopClock          Act = "clock stops"
	FixEnd             Act = "last moment and last covered day are fixed"
)

// Arrow is one row of a machine's table. The first arrow from a state whose
// event and guards hold on a day is taken, and again until none is. A grace that
// ran out comes before its settling, so that money of the day after is too late.
type Arrow struct {
	From State
	On   Event
	If   []Guard
	To   State
	Does []Act
}

// Table is the state machine of one rule set.
type Table struct {
	Machine Machine
	Title   string
	Start   []State // where a policy begins
	Arrows  []Arrow
}

// Tables lists the machines.
func Tables() []Table {
	return []Table{exchangeTable, stateTable, continuationTable, medicareTable, groupTable, memberTable}
}

// withdrawing are the arrows of every machine for coverage that never took effect
// after all, whatever its status has become by the day on which that is known.
// They come before the other arrows of a state.
func withdrawing(from ...State) []Arrow {
	var arrows []Arrow
	for _, s := range from {
		arrows = append(arrows, Arrow{From: s, On: Withdrawn, To: Cancelled, Does: []Act{SendCancellation}})
	}
	return arrows
}

// ending are the arrows of every machine for coverage that ends for another
// reason than money. Months 2 and 3 of a grace with tax credit wait for the
// grace to be decided, because it may end the coverage earlier.
func ending(from ...State) []Arrow {
	var arrows []Arrow
	for _, s := range from {
		arrows = append(arrows, Arrow{From: s, On: CoverageEnded, To: VoluntaryTerm, Does: []Act{SendEndNotice}})
	}
	for _, s := range []State{VoluntaryTerm, Terminated} {
		arrows = append(arrows, Arrow{From: s, On: EarlierEnd, To: VoluntaryTerm, Does: []Act{SendEndNotice}})
	}
	return arrows
}

// reinstating is the arrow of a staff decision.
var reinstating = Arrow{
	From: Terminated, On: StaffReinstated, If: []Guard{AllPaid}, To: Current, Does: []Act{StopClock, SendReinstatement},
}
