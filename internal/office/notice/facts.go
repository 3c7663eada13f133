package notice

import (
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/region"
)

// Facts are what a notice tells of its case. Which of them a kind must have is in
// the table requirements; what a kind does not speak of stays zero.
type Facts struct {
	Line coverage.Line `json:"line"`
	Plan string        `json:"plan,omitempty"` // the product's name in the plan's configuration, or ""

	Amount   money.Cents `json:"amount,omitempty"`   // what is to be paid, is held, or goes back
	Received money.Cents `json:"received,omitempty"` // of a shortfall: what came; of a return: the payment
	Fee      money.Cents `json:"fee,omitempty"`      // for a returned payment, within Amount, where it is lawful

	FirstMonth calendar.Month `json:"first_month,omitzero"` // of coverage that the amount is for
	LastMonth  calendar.Month `json:"last_month,omitzero"`

	PayBy       calendar.Date `json:"pay_by,omitzero"` // last day on which a payment counts
	GraceFrom   calendar.Date `json:"grace_from,omitzero"`
	GraceTo     calendar.Date `json:"grace_to,omitzero"`
	PendFrom    calendar.Date `json:"pend_from,omitzero"`    // first day whose claims are held
	CoverStarts calendar.Date `json:"cover_starts,omitzero"` // first covered day, also after a reinstatement
	CoverEnds   calendar.Date `json:"cover_ends,omitzero"`   // last covered day, as it is or would become
	CoverMost   calendar.Date `json:"cover_most,omitzero"`   // of COBRA: the last day that it can reach
	ElectedOn   calendar.Date `json:"elected_on,omitzero"`   // of COBRA
	ReceivedOn  calendar.Date `json:"received_on,omitzero"`  // the day that counts of the money
	DecideBy    calendar.Date `json:"decide_by,omitzero"`    // reinstated or refunded by then
	RequestBy   calendar.Date `json:"request_by,omitzero"`   // last day to ask: reinstatement, special enrolment
	SettleBy    calendar.Date `json:"settle_by,omitzero"`    // last day to pay all arrears for a reinstatement
	AppealBy    calendar.Date `json:"appeal_by,omitzero"`    // last day to appeal, where a rule names one
	SentOn      calendar.Date `json:"sent_on,omitzero"`      // of a refund

	Invoice string        `json:"invoice,omitempty"` // an invoice's number
	Reason  Reason        `json:"reason,omitempty"`  // why coverage ended or money went back
	Return  ReturnReason  `json:"return,omitempty"`
	Method  region.Tender `json:"method,omitempty"` // by which a refund travels
	Agency  string        `json:"agency,omitempty"` // "SSA" or "RRB"

	Autopay *Autopay `json:"autopay,omitempty"` // of letters about automatic payment
}

// Reason is why coverage ended or money went back.
type Reason string

// The reasons.
const (
	NotPaid      Reason = "not_paid"
	OtherGroup   Reason = "other_group" // covered by another group plan after the election
	OnMedicare   Reason = "on_medicare" // entitled to Medicare after the election
	PlanEnded    Reason = "plan_ended"  // the employer ended all group plans
	NotDisabled  Reason = "not_disabled"
	LongestTime  Reason = "longest_time" // the longest continuation is over
	AskedFor     Reason = "asked_for"
	MovedAway    Reason = "moved_away"
	Died         Reason = "died"
	NotEligible  Reason = "not_eligible"
	NeverStarted Reason = "never_started"
	CameTooLate  Reason = "came_too_late"
	PaidTooMuch  Reason = "paid_too_much"
	SourceEnded  Reason = "source_ended" // whoever enrolled, without saying why
	NotChosen    Reason = "not_chosen"   // continuation, in the time to elect it
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		NotPaid, OtherGroup, OnMedicare, PlanEnded, NotDisabled, LongestTime, AskedFor, MovedAway, Died, NotEligible,
		NeverStarted, CameTooLate, PaidTooMuch, SourceEnded, NotChosen,
	}
}

// ReturnReason is the class of reason for which a bank or card company gave a
// payment back.
type ReturnReason string

// The classes.
const (
	NoFunds      ReturnReason = "no_funds"
	NoAccount    ReturnReason = "no_account" // closed, or never there
	Stopped      ReturnReason = "stopped"    // by the payer
	Disputed     ReturnReason = "disputed"   // the payer told the bank that it was not authorised
	OtherReturns ReturnReason = "other"
)

// ReturnReasons lists every class.
func ReturnReasons() []ReturnReason {
	return []ReturnReason{NoFunds, NoAccount, Stopped, Disputed, OtherReturns}
}

// Fact names one of the Facts; in a text it stands in braces: "{pay_by}".
type Fact string

// The facts.
const (
	FactAmount      Fact = "amount"
	FactReceived    Fact = "received"
	FactFee         Fact = "fee"
	FactMonths      Fact = "months"
	FactPayBy       Fact = "pay_by"
	FactGraceFrom   Fact = "grace_from"
	FactGraceTo     Fact = "grace_to"
	FactPendFrom    Fact = "pend_from"
	FactCoverStarts Fact = "cover_starts"
	FactCoverEnds   Fact = "cover_ends"
	FactCoverMost   Fact = "cover_most"
	FactElectedOn   Fact = "elected_on"
	FactReceivedOn  Fact = "received_on"
	FactDecideBy    Fact = "decide_by"
	FactRequestBy   Fact = "request_by"
	FactSettleBy    Fact = "settle_by"
	FactAppealBy    Fact = "appeal_by"
	FactSentOn      Fact = "sent_on"
	FactInvoice     Fact = "invoice"
	FactReason      Fact = "reason"
	FactReturn      Fact = "return"
	FactMethod      Fact = "method"
	FactAgency      Fact = "agency"
)

// dates are the facts that are dates.
func (f *Facts) dates() map[Fact]calendar.Date {
	return map[Fact]calendar.Date{
		FactPayBy: f.PayBy, FactGraceFrom: f.GraceFrom, FactGraceTo: f.GraceTo, FactPendFrom: f.PendFrom,
		FactCoverStarts: f.CoverStarts, FactCoverEnds: f.CoverEnds, FactCoverMost: f.CoverMost, FactElectedOn: f.ElectedOn, FactReceivedOn: f.ReceivedOn,
		FactDecideBy: f.DecideBy, FactRequestBy: f.RequestBy, FactSettleBy: f.SettleBy, FactAppealBy: f.AppealBy, FactSentOn: f.SentOn,
	}
}

// has reports whether a fact is there.
func (f *Facts) has(fact Fact) bool {
	if date, is := f.dates()[fact]; is {
		return !date.IsZero()
	}
	switch fact {
	case FactAmount:
		return f.Amount > 0
	case FactReceived:
		return f.Received > 0
	case FactFee:
		return f.Fee > 0
	case FactMonths:
		return !f.FirstMonth.IsZero() && !f.LastMonth.Before(f.FirstMonth)
	case FactInvoice:
		return f.Invoice != ""
	case FactReason:
		return slices.Contains(Reasons(), f.Reason)
	case FactReturn:
		return slices.Contains(ReturnReasons(), f.Return)
	case FactMethod:
		return slices.Contains(region.Tenders(), f.Method)
	case FactAgency:
		return f.Agency == "SSA" || f.Agency == "RRB"
	}
	return f.Autopay.has(fact)
}

// check refuses facts that lack what the kind's rule demands. The message names
// the facts and the rule, and no value.
func (f *Facts) check(kind Kind) error {
	const op = "notice.New"
	if _, err := coverage.ParseLine(string(f.Line)); err != nil && !kind.OfAccount() {
		return fault.New(fault.Invalid, op, "a notice %s names no coverage line", kind)
	}
	needs := requirements[kind]
	var missing []string
	for _, fact := range needs.Facts {
		if !f.has(fact) {
			missing = append(missing, string(fact))
		}
	}
	if len(missing) > 0 {
		return fault.New(fault.Invalid, op, "a notice %s lacks %s (%s)", kind, strings.Join(missing, ", "), needs.Citation)
	}
	return nil
}

// Statement is something that a letter must say beside its facts.
type Statement string

// The statements.
const (
	Consequence  Statement = "consequence"   // what happens when it is not paid
	ClaimsPended Statement = "claims_pended" // later claims are held and may be denied
	TaxEffect    Statement = "tax_effect"
	Complaint    Statement = "complaint" // the right to complain to the regulator
	Appeal       Statement = "appeal"
	NoReturn     Statement = "no_return"   // paying now does not start coverage again by itself
	EnrolCaution Statement = "enrolment"   // when a special enrolment is open, and when not
	SentCounts   Statement = "sent_counts" // the day of sending counts (postmark)
	GoodCause    Statement = "good_cause"
	Alternatives Statement = "alternatives" // other coverage that one may have a right to
	MoneyHeld    Statement = "money_held"
	NoGap        Statement = "no_gap"
	HowItTravels Statement = "how_it_travels" // of a refund
	NothingToDo  Statement = "nothing_to_do"
	EachMember   Statement = "each_member" // everybody who lost the coverage may choose for himself
	Extension    Statement = "extension"   // when it can last longer, and who must be told
	HowToClaim   Statement = "how_to_claim"
	GoesToState  Statement = "goes_to_state" // when its owner stays silent
	NothingLost  Statement = "nothing_lost"  // the state keeps it for its owner
)

// Requirement is what a kind must tell, and which rule says so.
type Requirement struct {
	Facts    []Fact
	Says     []Statement
	Citation string
}

// Requirements gives what a kind must tell.
func Requirements(kind Kind) Requirement { return requirements[kind] }

var requirements = map[Kind]Requirement{
	Invoice: {
		// A bill whose amount is zero or a credit goes out too.
		Facts: []Fact{FactPayBy, FactMonths, FactInvoice}, Says: []Statement{Consequence},
		Citation: "state law and contract; 45 CFR 92.11 for the language line",
	},
	BinderReminder: {
		Facts: []Fact{FactAmount, FactPayBy, FactCoverStarts}, Says: []Statement{Consequence}, Citation: "45 CFR 155.400(e)",
	},
	BinderMissed: {
		Facts: []Fact{FactAmount, FactPayBy}, Says: []Statement{Consequence, Appeal, EnrolCaution}, Citation: "45 CFR 155.400(e), 155.430",
	},
	APTCDelinquency: {
		Facts:    []Fact{FactAmount, FactMonths, FactGraceFrom, FactGraceTo, FactPendFrom, FactCoverEnds},
		Says:     []Statement{Consequence, ClaimsPended, TaxEffect},
		Citation: "45 CFR 156.270(f), (d), (e), (g)",
	},
	ProviderGrace: {Facts: []Fact{FactGraceFrom, FactGraceTo, FactPendFrom}, Citation: "45 CFR 156.270(d)(3)"},
	StateGrace: {
		Facts: []Fact{FactAmount, FactGraceFrom, FactGraceTo, FactCoverEnds}, Says: []Statement{Consequence, Complaint},
		Citation: "state law, such as 28 CCR 1300.65",
	},
	Termination: {
		Facts: []Fact{FactCoverEnds, FactReason}, Says: []Statement{Appeal, NoReturn, EnrolCaution},
		Citation: "45 CFR 156.270(b), 155.430; 155.420(e) for the special enrolment",
	},
	Cancelled: {Facts: []Fact{FactReason}, Says: []Statement{Consequence, Appeal}, Citation: "45 CFR 155.430"},
	COBRAElection: {
		Facts: []Fact{FactCoverEnds, FactCoverStarts, FactCoverMost, FactRequestBy, FactAmount},
		Says:  []Statement{Consequence, SentCounts, EachMember, Extension, Alternatives}, Citation: "29 CFR 2590.606-4(b)(4)",
	},
	COBRAFirstPayment: {
		Facts: []Fact{FactAmount, FactMonths, FactElectedOn, FactPayBy}, Says: []Statement{Consequence, SentCounts},
		Citation: "26 CFR 54.4980B-8 Q&A-5(b), (e)",
	},
	COBRAShortfall: {
		Facts: []Fact{FactAmount, FactReceived, FactMonths, FactPayBy, FactCoverEnds}, Says: []Statement{Consequence, SentCounts},
		Citation: "26 CFR 54.4980B-8 Q&A-5(d), (e)",
	},
	COBRAEarlyEnd: {
		Facts: []Fact{FactCoverEnds, FactReason}, Says: []Statement{Alternatives, Appeal}, Citation: "29 CFR 2590.606-4(d)",
	},
	MedicareFailureToPay: {
		Facts: []Fact{FactAmount, FactMonths, FactGraceFrom, FactGraceTo, FactCoverEnds, FactRequestBy}, Says: []Statement{Consequence, GoodCause},
		Citation: "42 CFR 422.74(d)(1), 423.44(d)(1)",
	},
	MedicareDisenrolment: {
		Facts: []Fact{FactAmount, FactCoverEnds, FactRequestBy, FactSettleBy}, Says: []Statement{GoodCause, Appeal, Alternatives},
		Citation: "42 CFR 422.74(d)(1)(v), 423.44(d)(1)(vi)",
	},
	ReturnedPayment: {
		Facts: []Fact{FactReceived, FactReceivedOn, FactReturn, FactAmount, FactPayBy}, Says: []Statement{Consequence},
		Citation: "plan policy; state law on returned payment fees",
	},
	LateMoney: {
		Facts: []Fact{FactAmount, FactReceivedOn, FactPayBy, FactDecideBy}, Says: []Statement{MoneyHeld, NoReturn},
		Citation: "plan policy: decided or refunded within 10 business days",
	},
	Reinstatement: {Facts: []Fact{FactCoverStarts}, Says: []Statement{NoGap}, Citation: "45 CFR 155.430; 42 CFR 422.74(d)(1)(v)"},
	RefundMade: {
		Facts: []Fact{FactAmount, FactSentOn, FactReason, FactMethod}, Says: []Statement{HowItTravels, NothingToDo}, Citation: "plan policy; 42 CFR 423.800(e)",
	},
	DirectBill: {
		Facts: []Fact{FactAgency, FactAmount, FactMonths, FactPayBy}, Says: []Statement{Consequence}, Citation: "42 CFR 422.262(f), 423.293",
	},
	GroupEnded: {
		Facts: []Fact{FactCoverEnds, FactRequestBy}, Says: []Statement{EnrolCaution, Alternatives}, Citation: "45 CFR 155.420(d)(1); state law",
	},
	CoverageEnded: {
		Facts: []Fact{FactCoverEnds, FactReason}, Says: []Statement{Appeal, EnrolCaution}, Citation: "45 CFR 155.430",
	},
	UnclaimedMoney: {
		Facts: []Fact{FactAmount, FactRequestBy}, Says: []Statement{GoesToState, HowToClaim, NothingLost},
		Citation: "the state's unclaimed property law: due diligence",
	},
	AutopayStarted: {
		Facts: []Fact{FactAccount, FactPaidFor, FactDebitDay, FactAgreedOn}, Says: []Statement{HowToStop, NotRequired},
		Citation: "12 CFR 1005.10(b), (c), (e); Nacha Operating Rules",
	},
	AutopayChange: {
		Facts: []Fact{FactAmount, FactAccount, FactDebitOn}, Says: []Statement{HowToStop}, Citation: "12 CFR 1005.10(d)(1)",
	},
	AutopayStopped: {Facts: []Fact{FactAccount, FactPaidFor, FactStopped}, Says: []Statement{Consequence}, Citation: "plan policy"},
	CardExpiring:   {Facts: []Fact{FactAccount, FactPaidFor, FactExpires}, Says: []Statement{Consequence}, Citation: "plan policy"},
}
