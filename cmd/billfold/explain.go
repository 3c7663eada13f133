package main

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
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
	answers, err := o.Statuses(r.ctx, account.Number, day)
	if err == nil && len(answers) == 0 && !account.Owing.Premium.IsZero() { // a dependant's stand with who owes for them
		answers, err = o.Statuses(r.ctx, account.Owing.Premium, day)
	}
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return fault.New(fault.NotFound, "", "no policy is on file for the account ending %s", account.Number.Last4()).
			WithHint("Policies come with an 834 or a file of policies: docs/formats/policies-csv.md.")
	}
	view := api.Explain(account.Opaque, day, answers, c.Spanish)
	if c.JSON {
		return r.printJSON(view)
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

// Statuses implements api.Statuses. Of a day to come it counts what will be billed by
// then.
func (o *office) Statuses(ctx context.Context, subscriber billpay.Number, day calendar.Date) ([]warden.Answer, error) {
	terms := &o.plan.Billing
	today := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	if !day.After(today) {
		return warden.Status(ctx, o.store, terms.Rules, subscriber, day)
	}
	rates, err := o.store.Rates(ctx)
	if err != nil {
		return nil, err
	}
	monthly := biller.Monthly{Rules: terms.Rules, Rates: rates, Terms: biller.Terms{Proration: terms.Proration}}
	issuedOn := func(m calendar.Month) calendar.Date { return m.Add(-1).First().AddDays(terms.IssueOn - 1) }
	return warden.Foresee(ctx, o.store, terms.Rules, subscriber, day, func(p *coverage.Held, was []coverage.Charge) ([]coverage.Charge, error) {
		return monthly.Expected(p, was, terms.PeriodOn(day), today.AddDays(1), issuedOn)
	})
}

// statuses brings the statuses of all policies to the end of a day.
func (o *office) statuses(r *run, day calendar.Date) (warden.Report, error) {
	w := o.warden()
	said := 0
	w.Progress = func(policies int) {
		if policies/10_000 > said {
			said = policies / 10_000
			fmt.Fprintf(r.errs, "  %d statuses\n", policies)
		}
	}
	return w.Run(r.ctx, day)
}

// warden keeps watch over the payment statuses.
func (o *office) warden() *warden.Warden {
	return &warden.Warden{Store: o.store, Rules: o.plan.Billing.Rules, Lanes: runLanes}
}
