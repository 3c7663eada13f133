package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

type refundCommand struct {
	Request refundRequestCommand `cmd:"" help:"Ask for money of a billing account to go back."`
	List    refundListCommand    `cmd:"" help:"List refunds that something is still to be done about, or all of a state."`
	Show    refundShowCommand    `cmd:"" help:"Show a refund and its steps."`
	Approve refundDecideCommand  `cmd:"" help:"Agree to a refund above the limit, as the second person."`
	Refuse  refundRefuseCommand  `cmd:"" help:"Refuse a refund above the limit, as the second person."`
	Cancel  refundCancelCommand  `cmd:"" help:"Give a refund up: its money is the account's again."`
	Again   refundAgainCommand   `cmd:"" help:"Let a refund that came back take a tender again that had failed."`
	Sweep   refundSweepCommand   `cmd:"" help:"Find the credit balances that are due back by rule."`
	Run     refundRunCommand     `cmd:"" help:"Take up what is due, and take every refund as far as it goes today."`
	Checks  checksCommand        `cmd:"" help:"Make, release and end checks."`
}

// checkNumber reads the number of an account for checks: from the environment, from
// the key folder or, in a sandbox, from where the fund receives. Without one no checks
// are made from it.
func (o *office) checkNumber(keys string) func(*plan.CheckAccount) (secret.Text, error) {
	return func(a *plan.CheckAccount) (secret.Text, error) {
		env := "BILLFOLD_CHECK_ACCOUNT_" + strings.ToUpper(strings.ReplaceAll(a.ID, "-", "_"))
		if value := os.Getenv(env); value != "" {
			return secret.New(value), nil
		}
		number, err := vault.Credential(keys, a.Credential())
		if fault.KindOf(err) != fault.NotFound || !o.plan.Sandbox {
			if fault.KindOf(err) == fault.NotFound {
				err = nil
			}
			return number, err
		}
		for _, receiving := range o.plan.ReceivingAccounts() {
			if receiving.Kind == plan.BankAccount && receiving.Fund == a.Fund {
				return receiving.ID, nil
			}
		}
		return number, nil
	}
}

// refunds opens the desk that sends money back.
func (r *run) refunds(o *office, w *where) (*refund.Desk, error) {
	options := refund.Options{DualControlAbove: o.plan.Limits.DualControlAbove, Rules: o.plan.Refunds.Rules, Press: paper.CheckPress{}}
	var err error
	if options.Accounts, err = o.house.CheckAccounts(o.checkNumber(w.keys())); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(r.errs, &slog.HandlerOptions{Level: slog.LevelError}))
	cards, err := o.openCards(w.keys(), unheard{}, log)
	if err != nil {
		return nil, err
	}
	if cards != nil {
		options.Cards = cards.desk
	}
	if o.clearing != nil {
		options.Clearing, options.Entries = o.clearing, o.store
	}
	return refund.New(o.store, o.cashier, approval.New(o.store, o.clock), o.house, o.clock, options), nil
}

// withRefunds opens the office and its desk for a command of a person.
func (r *run) withRefunds(w *where, s *staffer, do func(o *office, d *refund.Desk, by ident.Actor) error) error {
	actor, err := s.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	d, err := r.refunds(o, w)
	if err != nil {
		return err
	}
	return do(o, d, actor)
}

// refundDetail is a refund as the command line shows it.
type refundDetail struct {
	ID        payment.ID    `json:"refund"`
	Account   ident.Opaque  `json:"account"`
	Fund      chart.Fund    `json:"fund"`
	Amount    money.Cents   `json:"amount_cents"`
	State     back.State    `json:"state"`
	Cause     back.Cause    `json:"cause"`
	Reason    string        `json:"reason"`
	Tender    back.Tender   `json:"tender,omitempty"`
	Rule      string        `json:"why_this_tender,omitempty"`
	NotBefore string        `json:"not_before,omitempty"`
	DueBy     string        `json:"due_by,omitempty"`
	Check     int64         `json:"check_no,omitempty"`
	Tried     []back.Tender `json:"failed_tenders,omitempty"`
	By        string        `json:"by"`
	Approval  ident.Opaque  `json:"approval,omitempty"`
	Problem   string        `json:"problem,omitempty"`
	Steps     []stepJSON    `json:"steps,omitempty"`
}

type stepJSON struct {
	At    string     `json:"at"`
	By    string     `json:"by"`
	State back.State `json:"state"`
	Note  string     `json:"note"`
}

func (r *run) refundDetail(o *office, f *back.Refund, steps []back.Event) (refundDetail, error) {
	account, err := o.store.OpaqueOf(r.ctx, f.Book)
	view := refundDetail{
		ID: f.ID, Account: account, Fund: f.Purse.Fund, Amount: f.Amount, State: f.State, Cause: f.Cause, Reason: f.Reason, Tender: f.Way.Tender,
		Rule: f.Way.Rule, NotBefore: f.Way.NotBefore.String(), DueBy: f.DueBy.String(), Check: f.Way.CheckNo, Tried: f.Tried, By: f.By.String(),
		Approval: f.Approval, Problem: f.Problem,
	}
	for _, s := range steps {
		view.Steps = append(view.Steps, stepJSON{s.At.UTC().Format("2006-01-02T15:04:05Z"), s.By.String(), s.State, s.Note})
	}
	return view, err
}

// showRefunds writes refunds as JSON or as lines.
func (r *run) showRefunds(o *office, all []back.Refund, asJSON bool) error {
	views := []refundDetail{}
	for i := range all {
		view, err := r.refundDetail(o, &all[i], nil)
		if err != nil {
			return err
		}
		views = append(views, view)
	}
	if asJSON {
		return r.printJSON(views)
	}
	for i := range views {
		r.refundLine(&views[i])
	}
	if len(views) == 0 {
		r.printf("No refunds.\n")
	}
	return nil
}

func (r *run) refundLine(v *refundDetail) {
	r.printf("%s  %-9s  %12s  %-8s  %-5s  %s\n", v.ID, v.State, v.Amount.Grouped(), v.Fund, v.Tender, v.Reason)
	if v.Problem != "" {
		r.printf("    needs staff: %s\n", v.Problem)
	}
}

type refundRequestCommand struct {
	correction `embed:""`
	Number     string `arg:"" help:"Whose money: the bill pay number or an old number."`
	Fund       string `help:"premium, medical or pharmacy." default:"premium"`
	Amount     string `help:"Dollars; all that is there when left out."`
	Part       string `help:"A payment as \"account\" shows it: what it paid is taken back too."`
	Tender     string `help:"check or ach, where the rules leave a choice." enum:",card,ach,check" default:""`
}

// Run implements the command.
func (c *refundRequestCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	d, err := r.refunds(o, &c.where)
	if err != nil {
		return err
	}
	order, err := c.order()
	if err != nil {
		return err
	}
	wish := refund.Wish{Key: order.Key, Cause: back.Asked, Reason: order.Reason, By: order.Actor, Wanted: back.Tender(c.Tender)}
	if wish.Fund, err = chart.ParseFund(c.Fund); err != nil {
		return fault.New(fault.Invalid, "", "--fund: %v", err)
	}
	if c.Amount != "" {
		if wish.Amount, err = money.Parse(c.Amount); err != nil || wish.Amount <= 0 {
			return fault.New(fault.Invalid, "", "--amount: write dollars above zero, such as 25.00")
		}
	}
	if c.Part != "" {
		part, err := o.parseReference(r.ctx, c.Part)
		if err != nil {
			return err
		}
		wish.Part = &part
	}
	account, err := o.members.registry.Account(r.ctx, access, c.Number)
	if err != nil {
		return err
	}
	wish.Book = ledger.BookNo(account.Number)
	made, err := d.Request(r.ctx, wish)
	if err != nil {
		return err
	}
	return r.showRefunds(o, made, c.JSON)
}

type refundListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	State   []string `help:"Of these states; what is open when left out."`
	JSON    bool     `help:"Answer in JSON."`
}

// openRefunds are the states of refunds about which something is to be done.
var openRefunds = []back.State{back.Requested, back.Approved, back.Ordered, back.Returned}

// Run implements the command.
func (c *refundListCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, _ ident.Actor) error {
		filter := refund.Filter{States: openRefunds}
		if len(c.State) > 0 {
			filter.States = nil
		}
		for _, text := range c.State {
			state, err := back.ParseState(text)
			if err != nil {
				return fault.New(fault.Invalid, "", "--state: %v", err)
			}
			filter.States = append(filter.States, state)
		}
		all, err := d.List(r.ctx, filter)
		if err != nil {
			return err
		}
		return r.showRefunds(o, all, c.JSON)
	})
}

type refundShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The refund, as \"refund list\" shows it."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundShowCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, _ ident.Actor) error {
		f, steps, err := d.Refund(r.ctx, payment.ID(c.ID))
		if err != nil {
			return err
		}
		view, err := r.refundDetail(o, &f, steps)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(view)
		}
		r.refundLine(&view)
		if view.Rule != "" {
			r.printf("    %s, not before %s\n", view.Rule, view.NotBefore)
		}
		for _, s := range view.Steps {
			r.printf("    %s  %-9s  %s  %s\n", s.At, s.State, s.By, s.Note)
		}
		return nil
	})
}

type refundDecideCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The refund."`
	Note    string `help:"What was looked at."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundDecideCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		f, err := d.Approve(r.ctx, payment.ID(c.ID), by, c.Note)
		if err != nil {
			return err
		}
		return r.showRefunds(o, []back.Refund{f}, c.JSON)
	})
}

type refundRefuseCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The refund."`
	Note    string `required:"" help:"Why."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundRefuseCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		f, err := d.Refuse(r.ctx, payment.ID(c.ID), by, c.Note)
		if err != nil {
			return err
		}
		return r.showRefunds(o, []back.Refund{f}, c.JSON)
	})
}

type refundCancelCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The refund."`
	Reason  string `required:"" help:"Why; it stands in the books."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundCancelCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		f, err := d.Cancel(r.ctx, payment.ID(c.ID), by, c.Reason)
		if err != nil {
			return err
		}
		return r.showRefunds(o, []back.Refund{f}, c.JSON)
	})
}

type refundAgainCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The refund."`
	Tender  string `required:"" enum:"ach,check" help:"ach or check."`
	Reason  string `required:"" help:"What is new: an address, an account."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundAgainCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		f, err := d.Again(r.ctx, payment.ID(c.ID), back.Tender(c.Tender), by, c.Reason)
		if err != nil {
			return err
		}
		return r.showRefunds(o, []back.Refund{f}, c.JSON)
	})
}

type refundSweepCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Look    bool `help:"List what would go back, and ask for nothing."`
	JSON    bool `help:"Answer in JSON: a line for each balance, then the sums."`
}

// Run implements the command.
func (c *refundSweepCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		each := func(f refund.Candidate) error {
			account, err := o.store.OpaqueOf(r.ctx, f.Book)
			if err != nil {
				return err
			}
			if c.JSON {
				return r.printJSON(map[string]any{
					"account": account, "fund": f.Fund, "amount_cents": f.Amount, "since": f.Since, "verdict": f.Verdict, "rule": f.Rule.Authority,
					"due_by": f.DueBy.String(),
				})
			}
			r.printf("%s  %-8s  %12s  since %s  %-5s  %s\n", account, f.Fund, f.Amount.Grouped(), f.Since, f.Verdict, f.Rule.Authority)
			return nil
		}
		swept, err := d.Sweep(r.ctx, by, c.Look, each)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]any{
				"go_back": swept.Goes, "cents": swept.Cents, "too_small": swept.Small, "small_cents": swept.SmallCents, "asked": swept.Asked,
			})
		}
		r.printf("%s; %d refunds asked for\n", swept, swept.Asked)
		return nil
	})
}

type refundRunCommand struct {
	where   `embed:""`
	staffer `embed:""`
	JSON    bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *refundRunCommand) Run(r *run) error {
	return r.withRefunds(&c.where, &c.staffer, func(o *office, d *refund.Desk, by ident.Actor) error {
		duties, err := d.Duties(r.ctx, by)
		if err != nil {
			return err
		}
		cards, err := d.TakeOverCards(r.ctx, by)
		if err != nil {
			return err
		}
		ran, err := d.Run(r.ctx, by)
		if err != nil {
			return err
		}
		paid, err := d.TakePaid(r.ctx, by)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]any{
				"duties": duties, "cards_refused": cards, "taken_up": ran.TakenUp, "begun": ran.Begun, "sent": ran.Sent, "waiting": ran.Waiting,
				"need_staff": ran.Stuck, "checks_paid": paid,
			})
		}
		r.printf("%d duties, %d refused by cards; %s; %d checks paid\n", duties, cards, ran, paid)
		return nil
	})
}

// outbox is the folder where files for banks are fetched.
func (o *office) outbox() *exchange.Outbox { return exchange.NewOutbox(o.files) }
