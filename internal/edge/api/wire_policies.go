package api

import (
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/policy"
)

// PolicyBatch states policies: the rows of docs/formats/policies-csv.md.
type PolicyBatch struct {
	Policies []PolicyRow `json:"policies" minItems:"1" maxItems:"400" doc:"One entry is a policy and its terms from a day; further entries of the same policy beside it bring further terms."`
}

// PolicyRow is a policy, and its terms from a day.
type PolicyRow struct {
	Account      string `json:"account,omitempty" pattern:"^[0-9a-hjkmnp-tv-z]{26}$" doc:"The subscriber by the opaque id of their billing account. One of account, number, alias and subscriber_id." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Number       string `json:"number,omitempty" maxLength:"40" doc:"The subscriber's bill pay number." example:"3141 5926 5352"`
	Alias        string `json:"alias,omitempty" maxLength:"100" doc:"The subscriber's number in an earlier system, with alias_source." example:"LEG-77"`
	AliasSource  string `json:"alias_source,omitempty" maxLength:"100" doc:"The system that the alias comes from." example:"legacy"`
	SubscriberID string `json:"subscriber_id,omitempty" maxLength:"200" doc:"The subscriber's id at source, as roster and 834 give it." example:"S100234"`

	Source     string         `json:"source" minLength:"1" maxLength:"200" doc:"Who enrolled. With source_id it names the policy for ever." example:"exchange-co"`
	SourceID   string         `json:"source_id" minLength:"1" maxLength:"200" doc:"The policy's id there." example:"P-100"`
	Line       coverage.Line  `json:"line" enum:"EXCH_APTC,EXCH_NOAPTC,DIRECT,COBRA,STATE_CONT,MA,MAPD,PDP,GROUP" doc:"The coverage line. It does not change, but for an exchange's tax credit." example:"EXCH_APTC"`
	State      string         `json:"state" pattern:"^[A-Z]{2}$" doc:"State of issue, USPS code." example:"CO"`
	Product    string         `json:"product,omitempty" maxLength:"200" doc:"The plan's id. Another plan is terms.product." example:"12345CO0010001-01"`
	Group      string         `json:"group,omitempty" maxLength:"40" doc:"Bill pay number of the employer whose list bill it stands on; for GROUP only." example:"2718 2818 2840"`
	Entry      coverage.Entry `json:"entry" enum:"new,special,retroactive,passive_renewal,takeover" doc:"How the policy began, which decides whether a first payment is awaited." example:"new"`
	From       calendar.Date  `json:"from" format:"date" doc:"First covered day." example:"2026-01-01"`
	To         calendar.Date  `json:"to,omitempty" format:"date" doc:"Last covered day: it ends the policy. The day before from cancels it. Left out of a policy that ended, it takes the policy up again where terms.known_on is after the end on file." example:"2026-06-30"`
	EndReason  string         `json:"end_reason,omitempty" maxLength:"200" doc:"Why it ended." example:"voluntary"`
	ReceivedOn calendar.Date  `json:"received_on" format:"date" doc:"When the enrolment was received." example:"2025-11-20"`

	Terms        PolicyTerms         `json:"terms" doc:"What a month costs, from a day on."`
	Withhold     *PolicyWithhold     `json:"withhold,omitempty" doc:"Months whose premium SSA or RRB withholds; Medicare only."`
	Continuation *PolicyContinuation `json:"continuation,omitempty" doc:"What continuation depends on; COBRA and STATE_CONT only."`
}

// PolicyTerms are the facts about a policy's premium from a day on.
type PolicyTerms struct {
	From          calendar.Date   `json:"from,omitempty" format:"date" doc:"From when they hold; the policy's first day when left out." example:"2026-05-01"`
	KnownOn       calendar.Date   `json:"known_on,omitempty" format:"date" doc:"When they became known; received_on when left out." example:"2026-04-12"`
	Product       string          `json:"product,omitempty" maxLength:"200" doc:"The plan's id where these terms change it." example:"12345CO0010002-01"`
	Area          string          `json:"area,omitempty" maxLength:"200" doc:"The rating area." example:"3"`
	RateCents     money.Cents     `json:"rate_cents,omitempty" minimum:"0" maximum:"1000000000000" doc:"Total premium of a whole month; of continuation the applicable premium, before the 2 per cent. This or members." example:"60000"`
	Stated        bool            `json:"stated,omitempty" doc:"The exchange or employer stated the rate: our tables only check it." example:"true"`
	EHBCents      money.Cents     `json:"ehb_cents,omitempty" minimum:"0" maximum:"1000000000000" doc:"The part of the rate for essential health benefits." example:"58800"`
	APTCCents     money.Cents     `json:"aptc_cents,omitempty" minimum:"0" maximum:"1000000000000" doc:"Advance premium tax credit; on an exchange only." example:"45000"`
	EmployerCents money.Cents     `json:"employer_cents,omitempty" minimum:"0" maximum:"1000000000000" doc:"The employer's share." example:"30000"`
	SubsidyCents  money.Cents     `json:"subsidy_cents,omitempty" minimum:"0" maximum:"1000000000000" doc:"Low-income subsidy (Medicare) or a state's." example:"3500"`
	LEPMonths     int             `json:"lep_months,omitempty" minimum:"0" maximum:"1200" doc:"Months of late-enrolment penalty, as CMS reported them." example:"14"`
	LIS           bool            `json:"lis,omitempty" doc:"Eligible for the low-income subsidy." example:"false"`
	Members       []PolicyInsured `json:"members,omitempty" maxItems:"30" doc:"Who is covered, the subscriber (self) first. This or rate_cents."`
}

// PolicyInsured is one covered person, as rating needs it.
type PolicyInsured struct {
	Relationship string        `json:"relationship" enum:"self,spouse,partner,child,stepchild,adopted_child,foster_child,ward,grandchild,parent,other" doc:"To the subscriber." example:"self"`
	Born         calendar.Date `json:"born" format:"date" doc:"Birth date." example:"1980-05-04"`
	Tobacco      bool          `json:"tobacco,omitempty" doc:"Uses tobacco." example:"false"`
}

// PolicyWithhold is a stretch of months whose premium is withheld from a benefit.
type PolicyWithhold struct {
	From        calendar.Month          `json:"from" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"First month." example:"2026-03"`
	To          calendar.Month          `json:"to,omitempty" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"Last month, once it is known." example:"2026-12"`
	Agency      string                  `json:"agency" enum:"SSA,RRB" doc:"Who withholds." example:"SSA"`
	Status      coverage.WithholdStatus `json:"status" enum:"requested,accepted,rejected" doc:"How far it has come." example:"accepted"`
	RequestedOn calendar.Date           `json:"requested_on,omitempty" format:"date" doc:"The day of the request." example:"2026-01-15"`
	DecidedOn   calendar.Date           `json:"decided_on,omitempty" format:"date" doc:"The day of acceptance or rejection." example:"2026-02-20"`
}

// PolicyContinuation is what continuation coverage depends on.
type PolicyContinuation struct {
	EventOn      calendar.Date  `json:"event_on" format:"date" doc:"The qualifying event." example:"2026-03-15"`
	LossOn       calendar.Date  `json:"loss_on" format:"date" doc:"Last day of the coverage that was lost." example:"2026-03-31"`
	NoticeOn     calendar.Date  `json:"notice_on,omitempty" format:"date" doc:"When the election notice was given." example:"2026-04-10"`
	ElectedOn    calendar.Date  `json:"elected_on,omitempty" format:"date" doc:"When it was elected: the day on which that was sent." example:"2026-05-20"`
	MonthsMost   int            `json:"months_most" minimum:"1" maximum:"36" doc:"For how many months from loss_on at most: 18, 29 or 36." example:"18"`
	DisabledFrom calendar.Month `json:"disabled_from,omitempty" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"First month of the disability extension." example:"2027-10"`
}

// PolicyAnswer is what became of a batch.
type PolicyAnswer struct {
	CarriedOutAt time.Time      `json:"carried_out_at" doc:"When it was done." example:"2026-11-23T16:04:05.123456Z"`
	New          int            `json:"new" doc:"Policies that began." example:"1"`
	Changed      int            `json:"changed" doc:"Entries that changed days, terms, a withhold or continuation." example:"0"`
	Ended        int            `json:"ended" doc:"Policies that got a last day." example:"0"`
	Cancelled    int            `json:"cancelled" doc:"Policies that never take effect." example:"0"`
	Reinstated   int            `json:"reinstated" doc:"Policies that were taken up again." example:"0"`
	Unchanged    int            `json:"unchanged" doc:"Entries that say what is on file." example:"0"`
	Refused      int            `json:"refused" doc:"Entries of which nothing was done: results say why." example:"0"`
	Results      []PolicyResult `json:"results" doc:"What became of each entry, in their order."`
}

// PolicyResult is what became of one entry.
type PolicyResult struct {
	Outcome policy.Outcome `json:"outcome" enum:"new,changed,ended,cancelled,reinstated,unchanged,refused" doc:"What it did." example:"new"`
	Account string         `json:"account,omitempty" doc:"Opaque id of the subscriber's billing account; absent when the entry names nobody." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Notes   []PolicyNote   `json:"notes,omitempty" doc:"Why it was refused, or what staff must look at."`
}

// PolicyNote is something about an entry that somebody must look at.
type PolicyNote struct {
	Location string `json:"location" doc:"Where it stands in the request." example:"body.policies[0].terms.known_on"`
	Message  string `json:"message" doc:"What is the matter." example:"the subscriber is not on file"`
}
