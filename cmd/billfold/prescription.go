package main

import (
	"context"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/prescription"
)

func (o *office) prescriptions() *prescription.Plan {
	return &prescription.Plan{Store: o.store, Cashier: o.cashier, House: o.house, Rules: o.plan.Billing.Rules}
}

// prescriptionFile is the CSV of the prescription payment plan's bills.
type prescriptionFile struct {
	intake.Format
	office *office
}

// Prove implements intake.Roster.
func (f prescriptionFile) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return f.office.prescriptions().Prove(ctx, open)
}

// Apply implements intake.Roster.
func (f prescriptionFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	return f.office.prescriptions().Import(ctx, file.Actor, prescription.File{Open: open})
}

type drugPlanCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Date    string `help:"The day to answer for; today when left out."`
	PastDue bool   `help:"Only who is past due."`
	Reason  string `help:"Why it is looked at; it stands in the audit trail." default:"looked at unpaid bills of the prescription payment plan"`
	JSON    bool   `help:"Answer in JSON."`
}

// prescriptionJSON is how the plan's participants stand. Of what is paid nothing is
// said here.
type prescriptionJSON struct {
	Date         string                  `json:"date"`
	Participants int                     `json:"participants"` // with something open
	Open         money.Cents             `json:"open_cents"`
	PastDue      money.Cents             `json:"past_due_cents"`
	InGrace      int                     `json:"in_grace"`
	MayEnd       int                     `json:"may_end"` // participation, never coverage
	Standings    []prescription.Standing `json:"standings"`
}

// Run implements the command.
func (c *drugPlanCommand) Run(r *run) error {
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
	view := prescriptionJSON{Date: day.String(), Standings: []prescription.Standing{}}
	err = o.prescriptions().Standings(r.ctx, day, func(s prescription.Standing) error {
		view.Participants++
		view.Open, view.PastDue = view.Open+s.Open, view.PastDue+s.PastDue
		switch {
		case !s.MayEndFrom.IsZero():
			view.MayEnd++
		case s.PastDue > 0:
			view.InGrace++
		case c.PastDue:
			return nil
		}
		view.Standings = append(view.Standings, s)
		return o.members.trail.Record(r.ctx, access, audit.ReadAccount, s.Book())
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&view)
	}
	r.printf("%s with something open: %s, of it past due %s\n", counted(view.Participants, "participant"), view.Open.Grouped(), view.PastDue.Grouped())
	for _, s := range view.Standings {
		switch {
		case !s.MayEndFrom.IsZero():
			r.printf("  %s: %s past due since %s; participation may end from %s, coverage goes on (%s)\n",
				s.Account, s.PastDue.Grouped(), s.UnpaidSince, s.MayEndFrom, s.Citation)
		case s.PastDue > 0:
			r.printf("  %s: %s past due since %s; tell them by %s; grace through %s\n", s.Account, s.PastDue.Grouped(), s.UnpaidSince, s.TellBy, s.GraceTo)
		default:
			r.printf("  %s: %s open\n", s.Account, s.Open.Grouped())
		}
	}
	return nil
}
