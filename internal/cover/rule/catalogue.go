package rule

import (
	"slices"

	"github.com/billfold/billfold/internal/cover/coverage"
)

// Kind is the unit of a rule's value.
type Kind string

// The kinds.
const (
	Days         Kind = "days"
	BusinessDays Kind = "business days"
	Persons      Kind = "persons"
	Months       Kind = "months"
	Years        Kind = "years"
	Percent      Kind = "percent"
	Dollars      Kind = "dollars"
	Switch       Kind = "switch"
	Choice       Kind = "choice"
)

// Definition says what a rule means and which values it takes.
type Definition struct {
	Name    Name
	Kind    Kind
	Min     int64    // of the value in its unit: days, cents, basis points
	Max     int64    // as Min; not looked at for switches and choices
	Words   []string // of a choice
	Floor   Name     // the rule whose value this one must not be below, or ""
	Ceiling Name     // the rule whose value this one must not exceed, or ""
	// Ends marks a rule by which coverage is cancelled or terminated.
	Ends    bool
	Meaning string
}

// Binder payment on the exchanges.
const (
	BinderRegularEarliest     Name = "binder.regular.earliest"
	BinderRegularLatest       Name = "binder.regular.latest"
	BinderRegular             Name = "binder.regular.deadline"
	BinderSpecialEarliest     Name = "binder.special.earliest"
	BinderSpecialLatest       Name = "binder.special.latest"
	BinderSpecial             Name = "binder.special.deadline"
	BinderRetroactiveEarliest Name = "binder.retroactive.earliest"
	BinderRetroactive         Name = "binder.retroactive.deadline"
	BinderProspectiveMonth    Name = "binder.retroactive.next_month"
	BinderExtension           Name = "binder.extension"
)

// Tolerance for small balances.
const (
	ThresholdNetUse       Name = "threshold.net.use"
	ThresholdNetPercent   Name = "threshold.net.percent"
	ThresholdGrossUse     Name = "threshold.gross.use"
	ThresholdGrossPercent Name = "threshold.gross.percent"
	ThresholdFixedUse     Name = "threshold.fixed.use"
	ThresholdFixedAmount  Name = "threshold.fixed.amount"
	ThresholdOnBinder     Name = "threshold.binder.gross_or_fixed"
)

// Grace with tax credit and by state law.
const (
	CreditGraceMonths    Name = "grace.credit.months"
	CreditGracePaid      Name = "grace.credit.paid_months"
	CreditGraceCovered   Name = "grace.credit.covered_months"
	StateGraceDays       Name = "grace.state.days"
	StateGraceFrom       Name = "grace.state.counts_from"
	StateGraceEnd        Name = "grace.state.coverage_ends"
	StateGraceClaims     Name = "grace.state.claims"
	Cooling              Name = "termination.cooling"
	LateMoneyDecision    Name = "late_money.decision"
	PastDueAttribution   Name = "past_due.attribution"
	FutureCreditMonths   Name = "credit.future_months"
	GroupGraceDays       Name = "group.grace.days"
	GroupToleranceAmount Name = "group.tolerance.amount"
	GroupTolerance       Name = "group.tolerance.percent"
	GroupRetroDays       Name = "group.retro.days"
	RescissionNotice     Name = "rescission.notice"
	SpecialEnrolment     Name = "special_enrolment.days"
)

// Continuation coverage.
const (
	CobraElection          Name = "cobra.election"
	CobraFirstPayment      Name = "cobra.first_payment"
	CobraGrace             Name = "cobra.grace"
	CobraPaymentFrom       Name = "cobra.payment.counts_from"
	CobraShortfallAmount   Name = "cobra.shortfall.amount"
	CobraShortfallPercent  Name = "cobra.shortfall.percent"
	CobraShortfallAction   Name = "cobra.shortfall.action"
	CobraShortfallTime     Name = "cobra.shortfall.time"
	CobraPremium           Name = "cobra.premium"
	CobraPremiumDisability Name = "cobra.premium.disability"
	StateContMonths        Name = "state_continuation.months"
)

// Medicare plans.
const (
	MedicareDisenrols       Name = "medicare.disenrols"
	MedicareGraceMonths     Name = "medicare.grace.months"
	GoodCauseRequest        Name = "medicare.good_cause.request"
	GoodCausePayment        Name = "medicare.good_cause.payment"
	ReenrolmentBar          Name = "medicare.reenrolment_bar"
	WithholdMonthMax        Name = "medicare.withhold.month_max"
	RetroInstalments        Name = "medicare.retro.instalments"
	PenaltyBase             Name = "penalty.base_premium"
	PenaltyPercent          Name = "penalty.month_percent"
	PenaltyRounding         Name = "penalty.rounding"
	PenaltyGap              Name = "penalty.gap"
	SubsidyRefund           Name = "subsidy.refund"
	SubsidyDeMinimis        Name = "subsidy.de_minimis"
	DrugThreshold           Name = "part_d.out_of_pocket_threshold"
	PrescriptionGraceMonths Name = "prescription_plan.grace.months"
	PrescriptionNotice      Name = "prescription_plan.notice"
	PrescriptionEnd         Name = "prescription_plan.termination_notice"
)

// Notices and records.
const (
	NoticeDelinquency    Name = "notice.delinquency"
	NoticeGrace          Name = "notice.grace"
	NoticeTermination    Name = "notice.termination"
	NoticeBinderReminder Name = "notice.binder_reminder"
	NoticeInvoice        Name = "notice.invoice"
	NoticeReturned       Name = "notice.returned_payment"
	NoticeAutopay        Name = "notice.autopay_amount"
	NoticeNonPayment     Name = "notice.medicare_failure_to_pay"
	NoticeCobraGeneral   Name = "notice.cobra_general"
	NoticeCobraElection  Name = "notice.cobra_election"
	NoticeCobraEmployer  Name = "notice.cobra_election_employer"
	NoticeCobraShortfall Name = "notice.cobra_shortfall"
	KeepPremiumRecords   Name = "records.premium"
)

// Dependants.
const (
	DependantAge    Name = "dependant.age_limit"
	DependantLeaves Name = "dependant.coverage_ends"
)

// Rating.
const (
	ChildrenCounted Name = "rating.children.counted"
	ChildrenUnder   Name = "rating.children.under"
	TobaccoAge      Name = "rating.tobacco.from"
)

// Words of the choices.
const (
	FromDueDate     = "DUE_DATE"
	FromNotice      = "NOTICE"
	FromSent        = "SENT"
	FromReceived    = "RECEIVED"
	EndOfPaidPeriod = "END_OF_PAID_PERIOD"
	EndOfGrace      = "END_OF_GRACE"
	PayClaims       = "PAY"
	PendClaims      = "PEND"
	NotifyShortfall = "NOTIFY"
	TreatAsFull     = "TREAT_AS_FULL"
)

const centsMax = 1_000_000

func days(name Name, lo, hi int64, meaning string) Definition {
	return Definition{Name: name, Kind: Days, Min: lo, Max: hi, Meaning: meaning}
}

func businessDays(name Name, lo, hi int64, meaning string) Definition {
	return Definition{Name: name, Kind: BusinessDays, Min: lo, Max: hi, Meaning: meaning}
}

func months(name Name, lo, hi int64, meaning string) Definition {
	return Definition{Name: name, Kind: Months, Min: lo, Max: hi, Meaning: meaning}
}

func percent(name Name, lo, hi int64, meaning string) Definition {
	return Definition{Name: name, Kind: Percent, Min: lo * 100, Max: hi * 100, Meaning: meaning}
}

func dollars(name Name, meaning string) Definition {
	return Definition{Name: name, Kind: Dollars, Max: centsMax, Meaning: meaning}
}

func onOff(name Name, meaning string) Definition {
	return Definition{Name: name, Kind: Switch, Max: 1, Meaning: meaning}
}

func choice(name Name, meaning string, words ...string) Definition {
	return Definition{Name: name, Kind: Choice, Words: words, Meaning: meaning}
}

// between sets the window that the law leaves for the plan's choice.
func (d Definition) between(floor, ceiling Name) Definition {
	d.Floor, d.Ceiling = floor, ceiling
	return d
}

func (d Definition) ends() Definition {
	d.Ends = true
	return d
}

var definitions = []Definition{
	days(BinderRegularEarliest, 0, 365, "regular effective date: earliest permitted deadline, after the effective date"),
	days(BinderRegularLatest, 0, 365, "regular effective date: latest permitted deadline, after the effective date"),
	days(BinderRegular, 0, 365, "regular effective date: the plan's deadline, after the effective date").
		between(BinderRegularEarliest, BinderRegularLatest).ends(),
	days(BinderSpecialEarliest, 0, 365, "special effective date: earliest permitted deadline, after the effective date"),
	days(BinderSpecialLatest, 0, 365, "special effective date: latest permitted deadline, after the later of effective date and receipt"),
	days(BinderSpecial, 0, 365, "special effective date: the plan's deadline, after the later of effective date and receipt").
		between(BinderSpecialEarliest, BinderSpecialLatest).ends(),
	days(BinderRetroactiveEarliest, 0, 365, "retroactive effective date: earliest permitted deadline, after receipt"),
	days(BinderRetroactive, 0, 365, "retroactive effective date: the plan's deadline, after receipt").
		between(BinderRetroactiveEarliest, "").ends(),
	onOff(BinderProspectiveMonth, "a retroactive binder includes the first month after the payment"),
	days(BinderExtension, 0, 90, "added to every binder deadline after a technical failure or high volume; for all alike, documented"),

	onOff(ThresholdNetUse, "use the tolerance by the member's share"),
	percent(ThresholdNetPercent, 95, 100, "paid enough from this part of the member's cumulative share"),
	onOff(ThresholdGrossUse, "use the tolerance by the total premium"),
	percent(ThresholdGrossPercent, 98, 100, "paid enough when member and tax credit make this part of the total premium"),
	onOff(ThresholdFixedUse, "use the tolerance by a fixed amount"),
	dollars(ThresholdFixedAmount, "paid enough when no more than this is still owed"),
	onOff(ThresholdOnBinder, "the gross and fixed tolerances hold for the binder payment too"),

	months(CreditGraceMonths, 1, 12, "grace with tax credit: consecutive months, from the first day of the first unpaid one").ends(),
	months(CreditGracePaid, 0, 12, "full months that must have been paid in the benefit year for the grace with tax credit").ends(),
	months(CreditGraceCovered, 1, 12, "months of the grace that stay covered, and whose claims are paid, when it runs out").ends(),
	days(StateGraceDays, 1, 120, "state grace: days to pay after its start").ends(),
	choice(StateGraceFrom, "state grace: what it counts from", FromDueDate, FromNotice).ends(),
	choice(StateGraceEnd, "state grace: last covered day when it runs out", EndOfPaidPeriod, EndOfGrace).ends(),
	choice(StateGraceClaims, "state grace: what happens to claims meanwhile", PayClaims, PendClaims),
	businessDays(Cooling, 1, 5, "days in which money received in time may still be posted before coverage ends").ends(),
	businessDays(LateMoneyDecision, 1, 30, "time to decide about money received after the last moment, or to refund it"),
	onOff(PastDueAttribution, "a payment for a new enrolment may be put to an old debt first"),
	months(FutureCreditMonths, 0, 12, "months' premium that may stand as credit before the rest is reviewed for refund"),

	days(GroupGraceDays, 1, 120, "employer's grace after the due date").ends(),
	dollars(GroupToleranceAmount, "difference of a list bill that is a discrepancy and no delinquency"),
	percent(GroupTolerance, 0, 100, "the same as a part of the bill"),
	days(GroupRetroDays, 0, 365, "how far back an employer's adds and terminations are billed"),
	days(RescissionNotice, 0, 120, "notice before a rescission"),
	days(SpecialEnrolment, 30, 120, "time to choose other coverage after coverage was lost, from its last day"),

	days(CobraElection, 60, 365, "time to elect, from the later of loss of coverage and notice").ends(),
	days(CobraFirstPayment, 45, 365, "time for the first payment, from the election").ends(),
	days(CobraGrace, 30, 365, "time for a later payment, from the first day of the period").ends(),
	choice(CobraPaymentFrom, "the day on which a payment of continuation coverage is made: when it was sent, as far as that is known, or received",
		FromSent, FromReceived).ends(),
	dollars(CobraShortfallAmount, "a shortfall up to the lesser of this and the percentage is insignificant"),
	percent(CobraShortfallPercent, 0, 100, "the same as a part of the amount required"),
	choice(CobraShortfallAction, "what is done with an insignificant shortfall", NotifyShortfall, TreatAsFull).ends(),
	days(CobraShortfallTime, 30, 120, "time to pay an insignificant shortfall, from the notice of it").ends(),
	percent(CobraPremium, 100, 150, "highest premium as a part of the applicable premium; cents are cut off"),
	percent(CobraPremiumDisability, 100, 150, "the same in the disability extension"),
	months(StateContMonths, 1, 60, "longest continuation under state law"),

	onOff(MedicareDisenrols, "the plan disenrols for unpaid premium; it must do so for all alike or for none").ends(),
	months(MedicareGraceMonths, 2, 24, "whole calendar months of grace").ends(),
	days(GoodCauseRequest, 60, 365, "time to ask for reinstatement for good cause, from the effective date of disenrolment"),
	months(GoodCausePayment, 3, 12, "time to pay all arrears for it, from the same date"),
	onOff(ReenrolmentBar, "a new enrolment may be declined until arrears are paid"),
	dollars(WithholdMonthMax, "most that Social Security deducts in one month for a retroactive accumulation"),
	onOff(RetroInstalments, "arrears without the member's fault may be paid in as many months as are owed"),
	dollars(PenaltyBase, "national base beneficiary premium of the year"),
	percent(PenaltyPercent, 0, 100, "late-enrolment penalty for each full uncovered month"),
	dollars(PenaltyRounding, "the penalty is rounded to a multiple of this"),
	days(PenaltyGap, 0, 365, "days without coverage from which a penalty is due"),
	days(SubsidyRefund, 0, 120, "time to refund after a retroactive low-income subsidy"),
	dollars(SubsidyDeMinimis, "premium above the regional benchmark that a plan may waive"),
	dollars(DrugThreshold, "Part D out-of-pocket threshold of the year"),
	months(PrescriptionGraceMonths, 2, 24, "prescription payment plan: whole calendar months of grace"),
	days(PrescriptionNotice, 0, 120, "prescription payment plan: notice of failure to pay, after the due date"),
	days(PrescriptionEnd, 0, 120, "prescription payment plan: notice of its end, after the grace"),

	businessDays(NoticeDelinquency, 1, 10, "delinquency notice, from the day on which non-payment should be seen"),
	businessDays(NoticeGrace, 1, 30, "notice of the start of a state grace, from the day after the due date"),
	businessDays(NoticeTermination, 1, 30, "notice of termination or cancellation, from the day of it"),
	days(NoticeBinderReminder, 1, 30, "reminder of a binder deadline, before it"),
	days(NoticeInvoice, 0, 60, "invoice, before the due date"),
	businessDays(NoticeReturned, 1, 10, "notice of a returned payment, from the day it is known"),
	days(NoticeAutopay, 10, 60, "notice of a varying automatic payment, before it"),
	days(NoticeNonPayment, 1, 60, "Medicare notice of failure to pay, from the due date"),
	days(NoticeCobraGeneral, 0, 120, "general notice of COBRA rights, from the start of coverage"),
	days(NoticeCobraElection, 0, 60, "COBRA election notice by the administrator"),
	days(NoticeCobraEmployer, 0, 60, "COBRA election notice when the employer is the administrator"),
	businessDays(NoticeCobraShortfall, 1, 30, "notice of an insignificant shortfall, from the end of the grace"),
	Definition{Name: DependantAge, Kind: Years, Min: 18, Max: 40, Meaning: "age that a covered child reaches before the coverage as a child ends"},
	choice(DependantLeaves, "when it ends: at the end of the birthday's month or year, on the day before the birthday, or never",
		string(coverage.AtMonthEnd), string(coverage.AtYearEnd), string(coverage.AtBirthday), string(coverage.Never)),
	Definition{Name: ChildrenCounted, Kind: Persons, Min: 1, Max: 20, Meaning: "children, the oldest, who count in a family's premium"},
	Definition{Name: ChildrenUnder, Kind: Years, Min: 18, Max: 30, Meaning: "age below which only so many children count"},
	Definition{Name: TobaccoAge, Kind: Years, Min: 18, Max: 30, Meaning: "age from which the tobacco rate may be used"},
	Definition{Name: KeepPremiumRecords, Kind: Years, Min: 7, Max: 50, Meaning: "premium records by coverage month are kept"},
}

// Definitions lists every rule.
func Definitions() []Definition { return slices.Clone(definitions) }

func define(name Name) (Definition, bool) {
	i := slices.IndexFunc(definitions, func(d Definition) bool { return d.Name == name })
	if i < 0 {
		return Definition{}, false
	}
	return definitions[i], true
}
