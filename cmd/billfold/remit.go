package main

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/remittance"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/remit"
)

type remitCommand struct {
	List   remitListCommand   `cmd:"" help:"List remittances, the newest first."`
	Show   remitShowCommand   `cmd:"" help:"Show one: what it pays, and what staff must look at."`
	Settle remitSettleCommand `cmd:"" help:"Put a remittance's money where it says, or that of every one whose money is here."`
}

// remittanceJSON is a remittance as the command line shows it.
type remittanceJSON struct {
	Remittance string                   `json:"remittance"` // by which show and settle name it
	Payer      string                   `json:"payer"`      // the opaque id of its account
	Name       string                   `json:"name"`
	Trace      string                   `json:"trace"`
	PaidOn     calendar.Date            `json:"paid_on"`
	Month      calendar.Month           `json:"month,omitzero"`
	Amount     money.Cents              `json:"amount_cents"`
	Lines      int                      `json:"lines"`
	Settled    bool                     `json:"settled"`
	Results    []remittance.ResultCount `json:"results"`

	Brings     []broughtJSON     `json:"brings,omitempty"`
	Exceptions []exceptionJSON   `json:"exceptions,omitempty"`
	Months     []monthDifferJSON `json:"differences,omitempty"`
}

// broughtJSON is what a remittance brings of a kind for a month.
type broughtJSON struct {
	Kind  remittance.Kind `json:"kind"`
	Month calendar.Month  `json:"month,omitzero"`
	Held  bool            `json:"held,omitempty"` // for persons who are not known: it pays nothing yet
	Cents money.Cents     `json:"cents"`
}

// exceptionJSON is a line that staff must look at, as it stands in the file.
type exceptionJSON struct {
	Line       int                  `json:"line"` // of the file
	Exception  remittance.Exception `json:"exception"`
	Month      calendar.Month       `json:"month,omitzero"`
	Cents      money.Cents          `json:"cents"`
	Segment    string               `json:"segment"`
	References []string             `json:"references,omitempty"`
}

// monthDifferJSON is a month that was not paid as billed.
type monthDifferJSON struct {
	Account string            `json:"account"` // the subscriber's opaque id
	Policy  int64             `json:"policy"`
	Month   calendar.Month    `json:"month"`
	Billed  money.Cents       `json:"billed_cents"`
	Paid    money.Cents       `json:"paid_cents"`
	Before  money.Cents       `json:"paid_before_cents"`
	Result  remittance.Result `json:"result"`
}

func (o *office) remittanceView(r *run, m *remittance.Remittance) (remittanceJSON, error) {
	id, err := o.reference(r.ctx, cashier.Ref{Book: m.File, Seq: int64(m.ID.Set)})
	if err != nil {
		return remittanceJSON{}, err
	}
	payer, err := o.store.Organisation(r.ctx, ledger.BookNo(m.Payer))
	if err != nil {
		return remittanceJSON{}, err
	}
	results, err := o.store.Results(r.ctx, m.ID)
	return remittanceJSON{
		Remittance: id, Payer: string(payer.Opaque), Name: payer.Name, Trace: m.Trace, PaidOn: m.PaidOn, Month: m.Month, Amount: m.Amount,
		Lines: m.Lines, Settled: m.Settled, Results: results,
	}, err
}

func (v *remittanceJSON) print(r *run) {
	state := "waits for its money"
	if v.Settled {
		state = "settled"
	}
	r.printf("%s  %s  %s  trace %s  %s  %s  %s\n", v.Remittance, v.PaidOn, v.Name, v.Trace, v.Month, v.Amount.Grouped(), state)
	for _, result := range v.Results {
		r.printf("    %-12s %6d  %14s\n", result.Result, result.Months, result.Difference.Grouped())
	}
}

type remitListCommand struct {
	where `embed:""`
	Open  bool `help:"Only those that wait for their money."`
	JSON  bool `help:"A line of JSON for each."`
}

// Run implements the command.
func (c *remitListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	all, err := o.store.Remittances(r.ctx, c.Open)
	if err != nil {
		return err
	}
	for i := range all {
		view, err := o.remittanceView(r, &all[i])
		if err != nil {
			return err
		}
		if !c.JSON {
			view.print(r)
		} else if err := r.printJSON(&view); err != nil {
			return err
		}
	}
	return nil
}

type remitShowCommand struct {
	where      `embed:""`
	staffer    `embed:""`
	Remittance string `arg:"" help:"As remit list shows it."`
	Reason     string `help:"Why it is looked at; it stands in the audit trail." default:"work on remittances"`
	JSON       bool   `help:"Answer in JSON."`
}

func (o *office) remittanceID(r *run, text string) (remittance.ID, error) {
	ref, err := o.parseReference(r.ctx, text)
	return remittance.ID{File: ref.Book, Set: int(ref.Seq)}, err
}

// Run implements the command.
func (c *remitShowCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	id, err := o.remittanceID(r, c.Remittance)
	if err != nil {
		return err
	}
	m, err := o.store.Remittance(r.ctx, id)
	if err != nil {
		return err
	}
	view, err := o.remittanceView(r, &m)
	if err != nil {
		return err
	}
	if err := o.fillRemittance(r, access, &m, &view); err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&view)
	}
	view.print(r)
	for _, b := range view.Brings {
		held := ""
		if b.Held {
			held = "held: for persons who are not known"
		}
		r.printf("  %-18s %s  %14s  %s\n", b.Kind, b.Month, b.Cents.Grouped(), held)
	}
	for _, e := range view.Exceptions {
		r.printf("Exception: line %d, %s, %s: %s\n", e.Line, e.Exception, e.Cents.Grouped(), e.Segment)
	}
	for _, d := range view.Months {
		r.printf("%-12s %s  %s  billed %s, paid %s\n", d.Result, d.Account, d.Month, d.Billed.Grouped(), (d.Before + d.Paid).Grouped())
	}
	return nil
}

// fillRemittance adds what a remittance brings and what staff must look at. Who
// looks is recorded at every account that is shown.
func (o *office) fillRemittance(r *run, access audit.Access, m *remittance.Remittance, view *remittanceJSON) error {
	sums, err := o.store.Sums(r.ctx, m.ID)
	if err != nil {
		return err
	}
	for _, s := range sums {
		view.Brings = append(view.Brings, broughtJSON{s.Kind, s.Month, s.Held, s.Cents})
	}
	content, err := o.intake.Reopen(r.ctx, m.File)
	if err != nil {
		return err
	}
	excepted, err := o.remittances.Exceptions(r.ctx, m.ID, content, remit.Read)
	if err != nil {
		return err
	}
	shown := map[billpay.Number]string{}
	books := []ledger.BookNo{ledger.BookNo(m.Payer)}
	for i := range excepted.Months {
		number := excepted.Months[i].Policy.Number
		if _, known := shown[number]; known {
			continue
		}
		opaque, err := o.store.OpaqueOf(r.ctx, ledger.BookNo(number))
		if err != nil {
			return err
		}
		shown[number] = string(opaque)
		books = append(books, ledger.BookNo(number))
	}
	if err := o.members.trail.Record(r.ctx, access, audit.ReadPayment, books...); err != nil {
		return err
	}
	for i := range excepted.Lines {
		l := &excepted.Lines[i]
		view.Exceptions = append(view.Exceptions, exceptionJSON{l.FileLine, l.Exception, l.Month, l.Cents, l.Text, l.References})
	}
	for i := range excepted.Months {
		d := &excepted.Months[i]
		view.Months = append(view.Months, monthDifferJSON{
			shown[d.Policy.Number], d.Policy.No, d.Month, d.Billed, d.Paid, d.Before, d.Result,
		})
	}
	return nil
}

type remitSettleCommand struct {
	where      `embed:""`
	staffer    `embed:""`
	Remittance string   `arg:"" optional:"" help:"As remit list shows it; every one whose money is here when left out."`
	Money      []string `help:"Where its money is, as suspense list or account show it, where it is not found by its trace; may be repeated."`
	JSON       bool     `help:"A line of JSON for each."`
}

// settledJSON is what became of settling a remittance.
type settledJSON struct {
	Remittance string `json:"remittance"`
	Settled    bool   `json:"settled"`
	Why        string `json:"why,omitempty"`
}

// Run implements the command.
func (c *remitSettleCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	actor, err := c.actor()
	if err != nil {
		return err
	}
	outcomes, err := c.settle(r, o, actor)
	if err != nil {
		return err
	}
	for _, outcome := range outcomes {
		id, err := o.reference(r.ctx, cashier.Ref{Book: outcome.File, Seq: int64(outcome.Set)})
		if err != nil {
			return err
		}
		view := settledJSON{id, outcome.Done, outcome.Why}
		if c.JSON {
			err = r.printJSON(&view)
		} else {
			r.printf("%s  %s\n", view.Remittance, settledWords(&view))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func settledWords(v *settledJSON) string {
	if v.Settled {
		return "settled"
	}
	return fmt.Sprintf("waits: %s", v.Why)
}

func (c *remitSettleCommand) settle(r *run, o *office, actor ident.Actor) ([]remittance.Outcome, error) {
	if c.Remittance == "" {
		return o.remittances.SettleOpen(r.ctx, actor)
	}
	id, err := o.remittanceID(r, c.Remittance)
	if err != nil {
		return nil, err
	}
	var money []cashier.Ref
	for _, text := range c.Money {
		ref, err := o.parseReference(r.ctx, text)
		if err != nil {
			return nil, err
		}
		money = append(money, ref)
	}
	outcome, err := o.remittances.Settle(r.ctx, id, money, actor)
	return []remittance.Outcome{outcome}, err
}
