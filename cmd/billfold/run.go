package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/office/warden"
)

type runCommand struct {
	Day  runDayCommand  `cmd:"" help:"Bill what became due and look at every payment status."`
	List runListCommand `cmd:"" help:"How the runs ended that began by themselves."`
}

type runDayCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Date    string `required:"" help:"The business day, such as 2026-11-10."`
	DryRun  bool   `help:"Show what would be billed, exceptions first, and bill nothing."`
	JSON    bool   `help:"Answer in JSON."`
}

// runLanes is how many chunks a run bills at the same time on a server; the
// embedded database writes one after another.
const runLanes = 4

// Run implements the command.
func (c *runDayCommand) Run(r *run) error {
	day, err := calendar.Parse(c.Date)
	if err != nil || day.IsZero() {
		return fault.New(fault.Invalid, "", "%q is no day", c.Date).WithHint("Write it as 2026-11-10.")
	}
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	view, err := o.runDay(r, day, actor, c.DryRun)
	if err != nil {
		return err
	}
	if c.JSON {
		err = r.printJSON(&view)
	} else {
		printBilling(r, &view.Billing)
		printPayers(r, view.Payers)
		if view.Applied > 0 {
			r.printf("Held money applied to what was billed anew: %d\n", view.Applied)
		}
		printStatuses(r, view.Status)
		printAging(r, &view.Aging)
		printAutopay(r, &view.Autopay)
		if view.Letters > 0 {
			r.printf("%d letters are due: billfold letters print\n", view.Letters)
		}
		if view.Bills > 0 {
			r.printf("%d bills are to be sent: billfold bills print\n", view.Bills)
		}
	}
	if err == nil && len(view.Billing.Problems) > 0 {
		return exitError(exitRefused)
	}
	return err
}

// runDay carries out a business day: bills, looks at every payment status and keeps
// the letters that are due. It may be repeated.
func (o *office) runDay(r *run, day calendar.Date, actor ident.Actor, dry bool) (view dayJSON, err error) {
	if !dry {
		if err := o.warden().Review(r.ctx, day.AddDays(-1)); err != nil {
			return view, err
		}
		if _, err := o.suspense().Match(r.ctx); err != nil {
			return view, err
		}
	}
	if view.Aging, err = o.agingOut(r.ctx, day, actor, dry); err != nil {
		return view, err
	}
	if view.Billing, err = o.bill(r, day, actor, dry); err != nil {
		return view, err
	}
	if err := o.billOthers(r, day, actor, dry, &view); err != nil {
		return view, err
	}
	if !dry && len(view.Billing.Problems) == 0 {
		if view.Applied, err = biller.ApplyHeld(r.ctx, o.store, o.cashier, day, actor); err != nil {
			return view, err
		}
		report, err := o.statuses(r, day)
		if err != nil {
			return view, err
		}
		view.Status = &report
		kept, problems, err := o.keepNotices(r.ctx, day)
		if err != nil {
			return view, err
		}
		view.Letters, report.Problems = kept, append(report.Problems, problems...)
		if view.Bills, err = o.mailDesk().KeepBills(r.ctx, day); err != nil {
			return view, err
		}
		if view.Autopay, err = o.runAutopay(r.ctx, day, actor, r.errs); err != nil {
			return view, err
		}
	}
	return view, nil
}

// agingOut looks for children who reach the age limit, before the day is billed.
func (o *office) agingOut(ctx context.Context, day calendar.Date, actor ident.Actor, dry bool) (policy.AgingReport, error) {
	access, err := audit.By(actor, "dependants' age limit", "run day")
	if err != nil {
		return policy.AgingReport{}, err
	}
	terms := &o.plan.Billing
	aging := policy.Aging{Store: o.store, Trail: o.members.trail, Rules: terms.Rules, Months: terms.AgingMonths, End: terms.AgingEnds}
	return aging.Look(ctx, access, day, terms.PeriodOn(day).Last(), dry)
}

// printAging writes who reaches the age limit of dependants.
func printAging(r *run, a *policy.AgingReport) {
	if a.Leaving == 0 && a.Ended == 0 {
		return
	}
	r.printf("Children who reach the age limit through %s: %d, for staff %d; policies changed now %d\n", a.Through, a.Leaving, a.Staff, a.Ended)
	for i := range a.List {
		v := &a.List[i]
		r.printf("  last day %s, account %s, policy %d, %s %s", v.LastDay, v.Account, v.Policy, v.State, v.Line)
		if v.Note != "" {
			r.printf(": %s", v.Note)
		}
		r.printf("\n")
	}
	if a.More > 0 {
		r.printf("  and %d more\n", a.More)
	}
}

// dayJSON is what a day's run did.
type dayJSON struct {
	Aging   policy.AgingReport `json:"aging_out"`
	Billing biller.Report      `json:"billing"`
	Payers  *payersJSON        `json:"payers,omitempty"` // what others owe
	Applied int                `json:"held_applied"`     // held money that pays what was billed anew
	Status  *warden.Report     `json:"status,omitempty"`
	Letters int                `json:"letters"` // newly due
	Bills   int                `json:"bills"`   // newly to be sent
	Autopay autopay.Report     `json:"autopay"`
}

// printStatuses writes what a day's look at the payment statuses found.
func printStatuses(r *run, s *warden.Report) {
	if s == nil {
		return
	}
	for _, p := range s.Problems {
		r.printf("Exception: %s\n", p)
	}
	r.printf("Payment statuses at the end of %s\n", s.Day)
	r.printf("  %-44s %16d\n", "policies looked at", s.Looked)
	r.printf("  %-44s %16d\n", "of them changed", s.Changed)
	for _, state := range grace.States() {
		if n := s.States[state]; n > 0 {
			r.printf("  %-44s %16d\n", string(state), n)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Duties)) {
		r.printf("  %-44s %16d\n", "due since today: "+kind, s.Duties[kind])
	}
}

// bill bills the month that a day's run is for.
func (o *office) bill(r *run, day calendar.Date, actor ident.Actor, dry bool) (biller.Report, error) {
	terms := o.plan.Billing
	if terms.RemitTo.Name == "" {
		return biller.Report{}, fault.New(fault.Invalid, "", "plan.yaml does not say how premiums are billed").
			WithHint("Add a section billing, with remit_to: docs/formats/plan-yaml.md.")
	}
	rates, err := o.store.Rates(r.ctx)
	if err != nil {
		return biller.Report{}, err
	}
	said := 0
	monthly := biller.Monthly{
		Store: o.store, Cashier: o.cashier, House: o.house, Rules: terms.Rules, Rates: rates, Lanes: runLanes,
		Terms: biller.Terms{RemitTo: terms.RemitTo, Proration: terms.Proration, Products: terms.Products},
		Progress: func(policies int) {
			if policies/10_000 > said {
				said = policies / 10_000
				fmt.Fprintf(r.errs, "  %d policies\n", policies)
			}
		},
	}
	return monthly.Bill(r.ctx, biller.Run{Kind: "premium", Period: terms.PeriodOn(day), Day: day, Actor: actor}, dry)
}

// printBilling writes a run's control report: what stands in the way first.
func printBilling(r *run, b *biller.Report) {
	what := "Billed"
	if b.DryRun {
		what = "Would bill"
	}
	for _, p := range b.Problems {
		r.printf("Stopped: %s\n", p)
	}
	if len(b.Problems) > 0 {
		r.printf("Nothing was billed.\n")
		return
	}
	for _, p := range b.Exceptions {
		r.printf("Exception: %s\n", p)
	}
	if left := b.Excepted - len(b.Exceptions); left > 0 {
		r.printf("and %d exceptions more\n", left)
	}
	for _, a := range b.Alarms {
		r.printf("Default rule: %s\n", a)
	}
	r.printf("%s for %s, on %s\n", what, b.Period, b.Day)
	line := func(name, value string) { r.printf("  %-44s %16s\n", name, value) }
	line("policies with something due", fmt.Sprint(b.Policies))
	line("of them covered in the month", fmt.Sprint(b.Billed))
	line("bills", fmt.Sprint(b.Invoices))
	line("the month's premium, all who owe", b.Gross.Grouped())
	line("of it members owe", b.Member.Grouped())
	line("of it others owe", b.Others.Grouped())
	line("adjustments of other months, members", b.Adjustments.Grouped())
	line("of them taken back", b.Credits.Grouped())
	for _, owner := range premium.Owners() {
		if cents, owes := b.Owners[owner]; owes {
			line("all told, owed by "+strings.ToUpper(string(owner)), cents.Grouped())
		}
	}
	if b.Before != nil {
		line("the month before, all who owe", b.Before.Gross.Grouped())
		line("the difference", (b.Gross - b.Before.Gross).Grouped())
		line("of it for more or fewer policies", fmt.Sprint(b.Billed-b.Before.Billed))
	}
}
