package main

import (
	"os"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/unclaimed"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

type unclaimedCommand struct {
	Preview unclaimedPreviewCommand `cmd:"" help:"List what will fall to a state within thirteen months, and change nothing."`
	Letters unclaimedLettersCommand `cmd:"" help:"Keep the letters to owners that are due; \"letters print\" prints them."`
	Heard   unclaimedHeardCommand   `cmd:"" help:"Note that an owner was heard of: the time starts anew."`
	Report  unclaimedReportCommand  `cmd:"" help:"Make a state's report of a year, and put its money aside."`
	List    unclaimedListCommand    `cmd:"" help:"List the reports that were made."`
	Agree   unclaimedAgreeCommand   `cmd:"" help:"Agree to a report, as the second person."`
	Remit   unclaimedRemitCommand   `cmd:"" help:"Note that a report's money was paid to the state."`
	Reclaim unclaimedReclaimCommand `cmd:"" help:"Give money back to its owner, who was found before the state had it."`
}

// withUnclaimed opens the office and its desk for a command of a person.
func (r *run) withUnclaimed(w *where, s *staffer, do func(o *office, d *unclaimed.Desk, by ident.Actor) error) error {
	actor, err := s.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	refunds, err := r.refunds(o, w)
	if err != nil {
		return err
	}
	premium, _ := o.plan.Entity(o.plan.EntityOf(chart.Premium))
	d := unclaimed.New(o.store, refunds, o.mailDesk(), approval.New(o.store, o.clock), o.house, o.clock, unclaimed.Options{
		Laws: o.plan.Refunds.Laws, Home: o.plan.Refunds.Home, Holder: premium.Name,
	})
	return do(o, d, actor)
}

type unclaimedPreviewCommand struct {
	where   `embed:""`
	staffer `embed:""`
	On      string `help:"As it will stand on a day; today when left out."`
	JSON    bool   `help:"Answer in JSON, a line for each."`
}

// Run implements the command.
func (c *unclaimedPreviewCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, _ ident.Actor) error {
		on := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
		if c.On != "" {
			var err error
			if on, err = calendar.Parse(c.On); err != nil {
				return fault.New(fault.Invalid, "", "--on: %q is no day; write it as 2026-11-10", c.On)
			}
		}
		count, sum, unconfirmed := 0, money.Cents(0), false
		err := d.Look(r.ctx, on, func(i unclaimed.Item) error {
			count, sum, unconfirmed = count+1, sum+i.Amount, unconfirmed || i.Law.Unconfirmed
			account, err := o.store.OpaqueOf(r.ctx, i.Book)
			if err != nil {
				return err
			}
			if c.JSON {
				return r.printJSON(map[string]any{
					"account": account, "fund": i.Purse.Fund, "amount_cents": i.Amount, "type": i.Type, "state": i.State, "silent_since": i.Silent,
					"dormant_on": i.DormantOn, "report_by": i.ReportBy, "letter_from": i.LetterFrom, "letter_to": i.LetterTo, "standing": i.Standing,
					"rule": i.Law.Source, "unconfirmed": i.Law.Unconfirmed,
				})
			}
			r.printf("%s  %s  %12s  %-14s  silent since %s, report by %s  %s\n", account, i.State, i.Amount.Grouped(), i.Type, i.Silent, i.ReportBy, i.Standing)
			return nil
		})
		if err != nil || c.JSON {
			return err
		}
		r.printf("%d items of %s\n", count, sum.Grouped())
		if unconfirmed {
			r.printf("Rows of dormancy used here were not confirmed by counsel: see docs/finance-office/unclaimed-property.md\n")
		}
		return nil
	})
}

type unclaimedLettersCommand struct {
	where   `embed:""`
	staffer `embed:""`
	JSON    bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *unclaimedLettersCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(_ *office, d *unclaimed.Desk, by ident.Actor) error {
		n, err := d.Letters(r.ctx, by)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]any{"letters": n})
		}
		r.printf("%d letters are due and kept; print them with \"letters print\"\n", n)
		return nil
	})
}

type unclaimedHeardCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"The owner's bill pay number or an old number."`
	How     string `required:"" enum:"call,visit,letter,login" help:"call, visit, letter or login."`
	On      string `help:"The day; today when left out."`
	Reason  string `required:"" help:"Why the account was opened."`
}

// Run implements the command.
func (c *unclaimedHeardCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	account, err := o.members.registry.Account(r.ctx, access, c.Number)
	if err != nil {
		return err
	}
	on := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	if c.On != "" {
		if on, err = calendar.Parse(c.On); err != nil {
			return fault.New(fault.Invalid, "", "--on: %q is no day; write it as 2026-11-10", c.On)
		}
	}
	return r.withUnclaimed(&c.where, &c.staffer, func(_ *office, d *unclaimed.Desk, by ident.Actor) error {
		if err := d.Heard(r.ctx, ledger.BookNo(account.Number), on, c.How, by); err != nil {
			return err
		}
		r.printf("Noted.\n")
		return nil
	})
}

// reportJSON is a report to a state as the command line shows it.
type reportJSON struct {
	ID      ident.Opaque   `json:"report"`
	State   string         `json:"state"`
	Year    int            `json:"year"`
	Entity  chart.EntityID `json:"entity"`
	Items   int            `json:"items"`
	Total   money.Cents    `json:"total_cents"`
	Paid    bool           `json:"paid"`
	Digest  string         `json:"sha256"`
	MadeBy  string         `json:"by"`
	PaidNow *money.Cents   `json:"paid_cents,omitempty"`
}

func (r *run) showReport(o *office, u *unclaimed.Report, paid *money.Cents, asJSON bool) error {
	view := reportJSON{u.ID, u.State, u.Year, o.house.EntityOf(u.Entity).ID, u.Items, u.Total, u.Remit, u.SHA256, u.By.String(), paid}
	if asJSON {
		return r.printJSON(view)
	}
	r.printf("%s  %s %d  %s  %d items of %s", view.ID, view.State, view.Year, view.Entity, view.Items, view.Total.Grouped())
	if view.Paid {
		r.printf(", paid")
	}
	r.printf("\n")
	return nil
}

type unclaimedReportCommand struct {
	where          `embed:""`
	staffer        `embed:""`
	State          string `arg:"" help:"The state, by its two letters."`
	Year           int    `arg:"" help:"The year of the report."`
	Entity         string `required:"" help:"The legal entity that holds the money."`
	Out            string `required:"" help:"The file to write."`
	WithoutLetters bool   `help:"Counsel allows to report owners who got no letter."`
	JSON           bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *unclaimedReportCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, by ident.Actor) error {
		entity := chart.EntityNo(0)
		for _, fund := range chart.Funds() {
			if string(o.plan.EntityOf(fund)) == c.Entity {
				entity = o.house.PurseOf(fund).Entity
			}
		}
		if entity == 0 {
			return fault.New(fault.NotFound, "", "no fund belongs to a legal entity %q", c.Entity)
		}
		report, err := d.Report(r.ctx, c.State, c.Year, entity, c.WithoutLetters, by)
		if err != nil {
			return err
		}
		if err := os.WriteFile(r.path(c.Out), report.Bytes, 0o600); err != nil {
			return fault.New(fault.Unavailable, "", "the file cannot be written: %v", err)
		}
		return r.showReport(o, &report, nil, c.JSON)
	})
}

type unclaimedListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	JSON    bool `help:"Answer in JSON, a line for each."`
}

// Run implements the command.
func (c *unclaimedListCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, _ ident.Actor) error {
		all, err := d.Reports(r.ctx)
		if err != nil {
			return err
		}
		for i := range all {
			if err := r.showReport(o, &all[i], nil, c.JSON); err != nil {
				return err
			}
		}
		return nil
	})
}

type unclaimedAgreeCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Report  string `arg:"" help:"The report, as \"unclaimed list\" shows it."`
	Note    string `help:"What was looked at."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *unclaimedAgreeCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, by ident.Actor) error {
		report, err := d.Agree(r.ctx, ident.Opaque(c.Report), by, c.Note)
		if err != nil {
			return err
		}
		return r.showReport(o, &report, nil, c.JSON)
	})
}

type unclaimedRemitCommand struct {
	where     `embed:""`
	staffer   `embed:""`
	Report    string `arg:"" help:"The report."`
	By        string `required:"" enum:"ach,check" help:"How the state was paid: ach (a wire too) or check."`
	Reference string `required:"" help:"Of that payment at the bank."`
	JSON      bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *unclaimedRemitCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, by ident.Actor) error {
		report, paid, err := d.Remit(r.ctx, ident.Opaque(c.Report), back.Tender(c.By), c.Reference, by)
		if err != nil {
			return err
		}
		return r.showReport(o, &report, &paid, c.JSON)
	})
}

type unclaimedReclaimCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Refund  string `arg:"" help:"The refund that holds the money, as \"refund list --state unclaimed\" shows it."`
	Reason  string `required:"" help:"How the owner was found."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *unclaimedReclaimCommand) Run(r *run) error {
	return r.withUnclaimed(&c.where, &c.staffer, func(o *office, d *unclaimed.Desk, by ident.Actor) error {
		f, err := d.Reclaim(r.ctx, payment.ID(c.Refund), by, c.Reason)
		if err != nil {
			return err
		}
		return r.showRefunds(o, []back.Refund{f}, c.JSON)
	})
}
