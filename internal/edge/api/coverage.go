package api

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Statuses tells where the policies of a subscriber stand at the end of a day;
// the warden's answers are one.
type Statuses interface {
	Statuses(ctx context.Context, subscriber billpay.Number, day calendar.Date) ([]warden.Answer, error)
}

// CoverageOrder asks whether somebody is covered.
type CoverageOrder struct {
	Account  string        `json:"account,omitempty" pattern:"^[0-9a-hjkmnp-tv-z]{26}$" doc:"Opaque id of the person's billing account. Either this or number." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Number   string        `json:"number,omitempty" maxLength:"40" doc:"Bill pay number, or a number of an earlier system. Either this or account." example:"3141 5926 5352"`
	Date     calendar.Date `json:"date,omitempty" format:"date" doc:"The day at whose end to answer, at most ten years back and one ahead; today when left out. Of a day to come the months that will be billed until then count, by the policy of today, and no payment that has not come." example:"2026-11-23"`
	Language string        `json:"language,omitempty" enum:"en,es" default:"en" doc:"Of the words." example:"en"`
}

// CoveragePolicy answers "am I still covered?" for one policy. Days that are not
// known are empty.
type CoveragePolicy struct {
	Policy      int64       `json:"policy" doc:"Its number on the account." example:"1"`
	Line        string      `json:"line" doc:"The coverage line." example:"EXCH_APTC"`
	Product     string      `json:"product" doc:"The plan's id." example:"12345CO0010001-01"`
	Status      string      `json:"status" enum:"PENDING_BINDER,CURRENT,PAST_DUE,GRACE_M1,GRACE_M2,GRACE_M3,GRACE_STATE,TERM_PENDING,TERMINATED,CANCELLED,VOLUNTARY_TERM,WITHHOLD" doc:"The payment status." example:"GRACE_M1"`
	Since       string      `json:"since" doc:"Since when." example:"2026-11-02"`
	CoveredFrom string      `json:"covered_from" doc:"First covered day." example:"2026-01-01"`
	PaidThrough string      `json:"paid_through" doc:"Last day of the last month that is paid." example:"2026-10-31"`
	EndsOn      string      `json:"ends_on" doc:"Last covered day, once there is one." example:"2026-11-30"`
	GraceBegan  string      `json:"grace_began" doc:"First day of the grace." example:"2026-11-01"`
	GraceEnds   string      `json:"grace_ends" doc:"Last day of the grace." example:"2027-01-31"`
	Owed        money.Cents `json:"owed_cents" doc:"All that is due and unpaid." example:"15000"`
	ToCure      money.Cents `json:"to_pay_cents" doc:"What keeps the coverage when it is received by pay_by." example:"15000"`
	PayBy       string      `json:"pay_by" doc:"The last day to pay, to its last second where the plan is." example:"2027-01-31"`
	// What comes after the last moment is held and restores nothing by itself.
	HeldFrom    string      `json:"held_from" doc:"Money that is received on this day or later is held: it does not bring the coverage back by itself, and is decided upon or refunded." example:"2027-02-01"`
	Held        []HeldMoney `json:"held" doc:"Money that came too late and waits for a decision."`
	Rule        string      `json:"rule" doc:"The rule that pay_by rests on." example:"exchange.grace.months"`
	Citation    string      `json:"citation" doc:"Where it stands." example:"45 CFR 156.270(d)"`
	RuleVersion string      `json:"rule_version" doc:"Of the set of rules." example:"2026-11-23"`
	Words       string      `json:"words" doc:"The answer for a person, in plain words." example:"Yes. You are paid through November 30, 2026."`
}

// HeldMoney is money that came after the last moment to pay.
type HeldMoney struct {
	AmountCents money.Cents `json:"amount_cents" doc:"In cents of a US dollar." example:"15000"`
	ReceivedOn  string      `json:"received_on" doc:"When it came." example:"2027-02-03"`
	DecideBy    string      `json:"decide_by" doc:"By when it is decided upon or refunded." example:"2027-02-17"`
}

// Coverage is the answer about the policy that counts most, and about all.
type Coverage struct {
	CoveragePolicy
	Account  string           `json:"account" doc:"Opaque id of the billing account that was asked about." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Date     string           `json:"date" doc:"At whose end it holds." example:"2026-11-23"`
	Policies []CoveragePolicy `json:"policies" doc:"Every policy, the newest first. The fields beside are those of the newest that has not ended, else of the newest."`
}

type coverageInput struct{ Body CoverageOrder }

type coverageOutput struct{ Body *Coverage }

// How far from today a day may be that is asked about, in years.
const (
	yearsBack  = 10
	yearsAhead = 1
)

// coverage answers whether somebody is covered, and notes that it was asked.
func (s *service) coverage(ctx context.Context, in *coverageInput) (*coverageOutput, error) {
	order := &in.Body
	today := s.House.PostingDay(s.House.PurseOf(chart.Premium).Entity)
	switch {
	case (order.Account == "") == (order.Number == ""):
		return nil, mistaken("body", "name the person by either account or number")
	case order.Date.IsZero():
		order.Date = today
	case order.Date.Before(today.AddYears(-yearsBack)) || order.Date.After(today.AddYears(yearsAhead)):
		return nil, mistaken("body.date", "the day is more than ten years ago, or more than one year ahead")
	}
	found, err := s.named(ctx, order)
	if err != nil {
		return nil, err
	}
	subscriber := billpay.Number(found.Book.No)
	answers, err := s.Statuses.Statuses(ctx, subscriber, order.Date)
	if payer := found.Book.Debtors.For(chart.Premium, found.Book.No); err == nil && len(answers) == 0 && payer != found.Book.No {
		subscriber = billpay.Number(payer) // a dependant's stand with who owes for them
		answers, err = s.Statuses.Statuses(ctx, subscriber, order.Date)
	}
	if err != nil {
		return nil, err
	}
	if err := s.noteCoverage(ctx, found.Book.No, ledger.BookNo(subscriber)); err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, ofFault[fault.NotFound].problem("no policy is on file for this account", "Policies come with an 834, a file or POST /api/v1/policies.")
	}
	return &coverageOutput{Explain(found.Book.Opaque, order.Date, answers, order.Language == "es")}, nil
}

// named finds the account that is asked about. Numbers count as look-ups.
func (s *service) named(ctx context.Context, order *CoverageOrder) (registry.Found, error) {
	ref := registry.Reference{Opaque: ident.Opaque(order.Account)}
	if order.Number != "" {
		var err error
		if ref, err = registry.ParseReference(order.Number); err != nil {
			return registry.Found{}, mistaken("body.number", fault.MessageOf(err))
		}
	}
	found, err := registry.Resolve(ctx, s.Directory, []registry.Reference{ref})
	if err != nil {
		return registry.Found{}, err
	}
	if order.Number != "" {
		if err := s.looked(ctx, ref, found[0]); err != nil {
			return found[0], err
		}
	}
	if found[0].Err == nil {
		return found[0], nil
	}
	if err := s.noteCoverage(ctx); err != nil {
		return found[0], err
	}
	if fault.KindOf(found[0].Err) == fault.Conflict {
		return found[0], mistaken("body.number", "this old number belongs to several accounts; ask by the account's opaque id")
	}
	return found[0], ofFault[fault.NotFound].problem("no account is known by this", "Compare it with the card or the bill.")
}

// noteCoverage puts the look at coverage into the trails of accounts, or into that
// of looks that found nobody.
func (s *service) noteCoverage(ctx context.Context, books ...ledger.BookNo) error {
	access, err := audit.By(visitOf(ctx).key.Actor(), "asked whether the coverage stands", "api")
	if err != nil {
		return err
	}
	slices.Sort(books)
	return s.Trail.Record(ctx, access, audit.ReadCoverage, slices.Compact(books)...)
}

// Explain writes the answer about a person's policies, of which there is at least
// one, in English or Spanish.
func Explain(account ident.Opaque, day calendar.Date, answers []warden.Answer, spanish bool) *Coverage {
	c := &Coverage{Account: string(account), Date: day.String(), Policies: make([]CoveragePolicy, len(answers))}
	for i := range answers {
		c.Policies[i] = ExplainPolicy(&answers[i], spanish)
	}
	c.CoveragePolicy = c.Policies[foremost(answers)]
	return c
}

// foremost is the newest policy that has not ended, else the newest.
func foremost(answers []warden.Answer) int {
	return max(0, slices.IndexFunc(answers, func(a warden.Answer) bool { return !a.Status.State.Over() }))
}

// ExplainPolicy writes the answer about one policy.
func ExplainPolicy(a *warden.Answer, spanish bool) CoveragePolicy {
	s := &a.Status
	words := s.Words.English
	if spanish {
		words = s.Words.Spanish
	}
	p := CoveragePolicy{
		Policy: a.Policy.No, Line: string(a.Policy.Line), Product: a.Policy.Product, Status: string(s.State), Since: s.Since.String(),
		CoveredFrom: s.CoveredFrom.String(), PaidThrough: s.PaidThrough.String(), EndsOn: s.EndsOn.String(),
		GraceBegan: s.GraceFrom.String(), GraceEnds: s.GraceTo.String(), Owed: s.Owed, ToCure: s.ToCure, PayBy: s.PayBy.String(),
		Rule: s.Basis.Row, Citation: s.Basis.Citation, RuleVersion: s.Basis.Version, Words: words, Held: []HeldMoney{},
	}
	if last := lastMoment(s); !last.IsZero() {
		p.HeldFrom = last.AddDays(1).String()
	}
	for _, d := range s.Duties {
		if d.Kind == grace.Decide && !d.On.After(s.On) {
			p.Held = append(p.Held, HeldMoney{d.Amount, d.On.String(), d.DueBy.String()})
		}
	}
	return p
}

// lastMoment is the last day on which money still counts, where that presses or
// has passed; else the zero Date.
func lastMoment(s *grace.Status) calendar.Date {
	if !s.LastMoment.IsZero() {
		return s.LastMoment
	}
	return s.PayBy
}
