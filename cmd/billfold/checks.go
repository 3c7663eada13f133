package main

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/refund"
)

type checksCommand struct {
	Make    checksMakeCommand    `cmd:"" help:"Number and print the refunds that wait for a check, and write the file for the bank."`
	Agree   checksAgreeCommand   `cmd:"" help:"Agree to a batch, as the second person."`
	Release checksReleaseCommand `cmd:"" help:"Put an agreed batch's files where they are fetched: its checks are issued."`
	Refuse  checksRefuseCommand  `cmd:"" help:"Void a batch that must not go out."`
	List    checksListCommand    `cmd:"" help:"List batches, or checks of a state."`
	End     checksEndCommand     `cmd:"" help:"Stop a check, void it, or write it off as stale."`
	Stale   checksStaleCommand   `cmd:"" help:"Write off every check that is too old to be paid."`
	Paid    checksPaidCommand    `cmd:"" help:"Note that the bank paid a check, where its statement does not say so by itself."`
}

// batchJSON is a batch of checks as the command line shows it.
type batchJSON struct {
	ID      ident.Opaque      `json:"batch"`
	Name    string            `json:"name"`
	Account string            `json:"account"`
	State   refund.BatchState `json:"state"`
	Issued  int               `json:"checks"`
	Total   money.Cents       `json:"total_cents"`
	Voided  int               `json:"ended"`
	Voids   money.Cents       `json:"ended_cents"`
	Digest  string            `json:"sha256"`
	By      string            `json:"by"`
}

func batchView(b *refund.Batch) batchJSON {
	return batchJSON{b.ID, b.Name(), b.Account, b.State, b.Issued, b.Total, b.Voided, b.Voids, b.Digest, b.By.String()}
}

func (r *run) showBatch(b *refund.Batch, asJSON bool) error {
	view := batchView(b)
	if asJSON {
		return r.printJSON(view)
	}
	r.printf("%s  %s  %s  %d checks of %s, %d ended of %s\n", view.ID, view.Name, view.State, view.Issued, view.Total.Grouped(), view.Voided,
		view.Voids.Grouped())
	return nil
}

type checksMakeCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string `arg:"" help:"The account for checks, as plan.yaml names it."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *checksMakeCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(_ *office, d *refund.Desk, by ident.Actor) error {
		b, made, err := d.MakeChecks(r.ctx, c.Account, by)
		if err != nil {
			return err
		}
		if !made {
			if c.JSON {
				return r.printJSON(nil)
			}
			r.printf("No refund waits for a check, and the bank knows of every check that ended.\n")
			return nil
		}
		return r.showBatch(&b, c.JSON)
	})
}

// batchCommand works on one batch.
type batchCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Batch   string `arg:"" help:"The batch, as \"refund checks list\" shows it."`
	JSON    bool   `help:"Answer in JSON."`
}

func (c *batchCommand) on(r *run, do func(o *office, d *refund.Desk, id ident.Opaque, by ident.Actor) (refund.Batch, error)) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		id, err := ident.ParseOpaque(c.Batch)
		if err != nil {
			return fault.New(fault.Invalid, "", "%q names no batch: %v", c.Batch, err)
		}
		b, err := do(o, d, id, by)
		if err != nil {
			return err
		}
		return r.showBatch(&b, c.JSON)
	})
}

type checksAgreeCommand struct {
	batchCommand `embed:""`
	Note         string `help:"What was looked at."`
}

// Run implements the command.
func (c *checksAgreeCommand) Run(r *run) error {
	return c.on(r, func(_ *office, d *refund.Desk, id ident.Opaque, by ident.Actor) (refund.Batch, error) {
		return d.AgreeToChecks(r.ctx, id, by, c.Note)
	})
}

type checksReleaseCommand struct {
	batchCommand `embed:""`
}

// Run implements the command.
func (c *checksReleaseCommand) Run(r *run) error {
	return c.on(r, func(o *office, d *refund.Desk, id ident.Opaque, by ident.Actor) (refund.Batch, error) {
		return d.ReleaseChecks(r.ctx, id, by, o.outbox())
	})
}

type checksRefuseCommand struct {
	batchCommand `embed:""`
	Reason       string `required:"" help:"Why."`
}

// Run implements the command.
func (c *checksRefuseCommand) Run(r *run) error {
	return c.on(r, func(_ *office, d *refund.Desk, id ident.Opaque, by ident.Actor) (refund.Batch, error) {
		return d.RefuseChecks(r.ctx, id, by, c.Reason)
	})
}

type checksListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string   `help:"Of one account."`
	State   []string `help:"List checks of these states instead: made, issued, paid, stopped, void, stale."`
	JSON    bool     `help:"Answer in JSON."`
}

// listMost bounds a list.
const listMost = 200

// Run implements the command.
func (c *checksListCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(_ *office, d *refund.Desk, _ ident.Actor) error {
		if len(c.State) > 0 {
			return c.checks(r, d)
		}
		all, err := d.Batches(r.ctx, c.Account, listMost)
		if err != nil {
			return err
		}
		views := []batchJSON{}
		for i := range all {
			views = append(views, batchView(&all[i]))
		}
		if c.JSON {
			return r.printJSON(views)
		}
		for i := range all {
			if err := r.showBatch(&all[i], false); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkJSON is a check as the command line shows it: without its payee.
type checkJSON struct {
	Account string            `json:"account"`
	No      int64             `json:"check_no"`
	State   refund.CheckState `json:"state"`
	Amount  money.Cents       `json:"amount_cents"`
	Dated   string            `json:"dated"`
	PaidOn  string            `json:"paid_on,omitempty"`
	Reason  string            `json:"reason,omitempty"`
}

func (c *checksListCommand) checks(r *run, d *refund.Desk) error {
	filter := refund.CheckFilter{Account: c.Account, Limit: listMost}
	for _, state := range c.State {
		filter.States = append(filter.States, refund.CheckState(state))
	}
	all, err := d.Checks(r.ctx, filter)
	if err != nil {
		return err
	}
	views := []checkJSON{}
	for _, k := range all {
		views = append(views, checkJSON{k.Account, k.No, k.State, k.Amount, k.Dated.String(), k.PaidOn.String(), k.Reason})
	}
	if c.JSON {
		return r.printJSON(views)
	}
	for _, v := range views {
		r.printf("%s %d  %-7s  %12s  %s  %s\n", v.Account, v.No, v.State, v.Amount.Grouped(), v.Dated, v.Reason)
	}
	return nil
}

type checksEndCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string `arg:"" help:"The account for checks."`
	No      int64  `arg:"" help:"The check's number."`
	To      string `required:"" enum:"stopped,void,stale" help:"stopped (tell the bank at once too), void or stale."`
	Another bool   `help:"Make another check with the next batch: this one was lost or wrong."`
	Reason  string `required:"" help:"Why."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *checksEndCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(_ *office, d *refund.Desk, by ident.Actor) error {
		e := refund.Ending{To: refund.CheckState(c.To), Another: c.Another, Why: c.Reason, By: by}
		k, err := d.EndCheck(r.ctx, c.Account, c.No, e)
		if err != nil {
			return err
		}
		return r.showCheck(&k, c.JSON)
	})
}

func (r *run) showCheck(k *refund.Check, asJSON bool) error {
	if asJSON {
		return r.printJSON(checkJSON{k.Account, k.No, k.State, k.Amount, k.Dated.String(), k.PaidOn.String(), k.Reason})
	}
	r.printf("Check %d of %s is %s\n", k.No, k.Account, k.State)
	return nil
}

type checksStaleCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string `arg:"" help:"The account for checks."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *checksStaleCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(_ *office, d *refund.Desk, by ident.Actor) error {
		n, err := d.EndStale(r.ctx, c.Account, by)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]any{"stale": n})
		}
		r.printf("%d checks are stale; their money waits for its owners\n", n)
		return nil
	})
}

type checksPaidCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string `arg:"" help:"The account for checks."`
	No      int64  `arg:"" help:"The check's number."`
	Amount  string `required:"" help:"What the bank paid, in dollars."`
	On      string `required:"" help:"The day on the bank's statement."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *checksPaidCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(_ *office, d *refund.Desk, by ident.Actor) error {
		amount, err := money.Parse(c.Amount)
		if err != nil {
			return fault.New(fault.Invalid, "", "--amount: write dollars, such as 25.00")
		}
		on, err := calendar.Parse(c.On)
		if err != nil {
			return fault.New(fault.Invalid, "", "--on: %q is no day; write it as 2026-11-10", c.On)
		}
		k, err := d.CheckPaid(r.ctx, c.Account, c.No, amount, on, by)
		if err != nil {
			return err
		}
		return r.showCheck(&k, c.JSON)
	})
}
