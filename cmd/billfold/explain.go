package main

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/warden"
)

type explainCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"Bill pay number, old number or opaque id."`
	Date    string `help:"The day to answer for; today when left out."`
	Spanish bool   `help:"Answer in Spanish."`
	Reason  string `help:"Why it is looked at; it stands in the audit trail." default:"asked whether the coverage stands"`
	JSON    bool   `help:"Answer in JSON."`
}

// explainJSON answers "am I still covered?" for one policy.
type explainJSON struct {
	Policy      int64       `json:"policy"`
	Line        string      `json:"line"`
	Product     string      `json:"product"`
	Status      string      `json:"status"`
	Since       string      `json:"since"`
	CoveredFrom string      `json:"covered_from"`
	PaidThrough string      `json:"paid_through"`
	EndsOn      string      `json:"ends_on"`
	GraceBegan  string      `json:"grace_began"`
	GraceEnds   string      `json:"grace_ends"`
	Owed        money.Cents `json:"owed_cents"`
	ToCure      money.Cents `json:"to_pay_cents"` // what keeps the coverage when paid by pay_by
	PayBy       string      `json:"pay_by"`
	Rule        string      `json:"rule"`
	Citation    string      `json:"citation"`
	RuleVersion string      `json:"rule_version"`
	Words       string      `json:"words"`
}

// explanationJSON is the answer about the policy that counts most, and the others.
type explanationJSON struct {
	explainJSON
	Account  string        `json:"account"`
	Date     string        `json:"date"`
	Policies []explainJSON `json:"policies"`
}

// Run implements the command.
func (c *explainCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	day := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	if c.Date != "" {
		if day, err = calendar.Parse(c.Date); err != nil {
			return fault.New(fault.Invalid, "", "%q is no day", c.Date).WithHint("Write it as 2026-11-10.")
		}
	}
	account, err := o.members.registry.Account(r.ctx, access, c.Number)
	if err != nil {
		return err
	}
	answers, err := warden.Status(r.ctx, o.store, o.plan.Billing.Rules, account.Number, day)
	if err == nil && len(answers) == 0 && !account.Owing.Premium.IsZero() { // a dependant's stand with who owes for them
		answers, err = warden.Status(r.ctx, o.store, o.plan.Billing.Rules, account.Owing.Premium, day)
	}
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return fault.New(fault.NotFound, "", "no policy is on file for the account ending %s", account.Number.Last4()).
			WithHint("Policies come with an 834 or a file of policies: docs/formats/policies-csv.md.")
	}
	view := explanationJSON{Account: string(account.Opaque), Date: day.String(), Policies: []explainJSON{}}
	for i := range answers {
		view.Policies = append(view.Policies, explain(&answers[i], c.Spanish))
	}
	view.explainJSON = view.Policies[foremost(answers)]
	if c.JSON {
		return r.printJSON(&view)
	}
	for _, p := range view.Policies {
		r.printf("%s %s: %s since %s\n", p.Line, p.Product, p.Status, p.Since)
		r.printf("  %s\n", p.Words)
		if p.PayBy != "" {
			r.printf("  pay %s by the end of %s (%s, %s)\n", p.ToCure.Grouped(), p.PayBy, p.Rule, p.Citation)
		}
	}
	return nil
}

// foremost is the newest policy that has not ended, else the newest.
func foremost(answers []warden.Answer) int {
	for i := range answers {
		if !answers[i].Status.State.Over() {
			return i
		}
	}
	return 0
}

func explain(a *warden.Answer, spanish bool) explainJSON {
	s := &a.Status
	words := s.Words.English
	if spanish {
		words = s.Words.Spanish
	}
	return explainJSON{
		Policy: a.Policy.No,
		Line:   string(a.Policy.Line), Product: a.Policy.Product, Status: string(s.State), Since: s.Since.String(),
		CoveredFrom: s.CoveredFrom.String(), PaidThrough: s.PaidThrough.String(), EndsOn: s.EndsOn.String(),
		GraceBegan: s.GraceFrom.String(), GraceEnds: s.GraceTo.String(), Owed: s.Owed, ToCure: s.ToCure, PayBy: s.PayBy.String(),
		Rule: s.Basis.Row, Citation: s.Basis.Citation, RuleVersion: s.Basis.Version, Words: words,
	}
}

// statuses brings the statuses of all policies to the end of a day.
func (o *office) statuses(r *run, day calendar.Date) (warden.Report, error) {
	said := 0
	w := warden.Warden{Store: o.store, Rules: o.plan.Billing.Rules, Lanes: runLanes, Progress: func(policies int) {
		if policies/10_000 > said {
			said = policies / 10_000
			fmt.Fprintf(r.errs, "  %d statuses\n", policies)
		}
	}}
	return w.Run(r.ctx, day)
}
