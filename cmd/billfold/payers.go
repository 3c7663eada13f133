package main

import (
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

type payerCommand struct {
	Add  payerAddCommand  `cmd:"" help:"Register an employer, HHS, CMS or a state's agency."`
	List payerListCommand `cmd:"" help:"List who owes premiums of others, and what is open."`

	Address payerAddressCommand `cmd:"" help:"Say where an organisation's bills go."`
}

type payerAddCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Owes    string   `arg:"" help:"What it owes of premiums: employer, hhs (tax credits), cms (withheld premiums, low-income subsidy), state (subsidies)." enum:"employer,hhs,cms,state"`
	Name    string   `required:"" help:"Its name."`
	ID      []string `required:"" help:"By which its 820s name it, such as its tax id; may be repeated."`
	Group   string   `help:"Of an employer with several groups: which one."`
	State   string   `help:"Of a state's agency: its state, such as CO."`
	Reason  string   `help:"Why; it stands in the audit trail." default:"registered at the command line"`
	JSON    bool     `help:"Answer in JSON."`
}

// payerJSON is a payer as the command line shows it. Its bill pay number is shown
// when it is registered: on payments and policies it names the payer.
type payerJSON struct {
	Account string        `json:"account"` // the opaque id
	Number  string        `json:"number,omitempty"`
	Ending  string        `json:"ending"`
	Owes    string        `json:"owes"`
	State   string        `json:"state,omitempty"`
	Name    string        `json:"name"`
	Group   string        `json:"group,omitempty"`
	Open    money.Cents   `json:"open_cents"`
	Overdue money.Cents   `json:"overdue_cents"`
	Since   calendar.Date `json:"overdue_since,omitzero"`
	Free    money.Cents   `json:"unapplied_cents"`
	Status  string        `json:"status,omitempty"` // EXPECTED_FROM_CMS: it comes with CMS's payments
	Months  []payerMonth  `json:"months,omitempty"`
}

// payerMonth is what a payer owes of a coverage month.
type payerMonth struct {
	Month  calendar.Month `json:"month"`
	Billed money.Cents    `json:"billed_cents"`
	Open   money.Cents    `json:"open_cents"`
}

func (o *office) payers() (*biller.Payers, error) {
	issuer, err := billpay.NewIssuer(o.plan.NumberLength)
	return &biller.Payers{
		Store: o.store, Cashier: o.cashier, House: o.house, Issuer: issuer, Clock: o.clock, RemitTo: o.plan.Billing.RemitTo,
	}, err
}

// Run implements the command.
func (c *payerAddCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	payers, err := o.payers()
	if err != nil {
		return err
	}
	p, err := payers.Add(r.ctx, access, biller.Payer{
		Owner: premium.Owner(c.Owes), State: strings.ToUpper(c.State), Name: c.Name, Group: c.Group, IDs: c.ID,
	})
	if err != nil {
		return err
	}
	view := payerView(&p)
	view.Number = p.Number.Digits()
	if c.JSON {
		return r.printJSON(view)
	}
	r.printf("%s has the number %s\n", p.Name, p.Number.Grouped())
	return nil
}

type payerAddressCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"The organisation's bill pay number."`
	Line1   string `required:"" help:"Street and number, or PO box." name:"line1"`
	Line2   string `help:"Suite or department." name:"line2"`
	City    string `required:"" help:"City."`
	State   string `required:"" help:"USPS code, such as CO."`
	ZIP     string `required:"" help:"ZIP code." name:"zip"`
	Region  string `help:"The region whose office writes to it; left out, the one that serves the address."`
	Reason  string `help:"Why; it stands in the audit trail." default:"address given at the command line"`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *payerAddressCommand) Run(r *run) error {
	number, err := billpay.Parse(c.Number)
	if err != nil {
		return err
	}
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	to := member.Address{Line1: c.Line1, Line2: c.Line2, City: c.City, State: strings.ToUpper(c.State), ZIP: c.ZIP}
	at := region.ID(c.Region)
	if at == "" {
		at = o.plan.RegionAt(to.State, to.ZIP)
	}
	if _, known := o.plan.Region(at); !known {
		return fault.New(fault.Invalid, "", "no region of the plan writes to this address").
			WithHint("Name one by --region, or list its state among what a region serves.")
	}
	payers, err := o.payers()
	if err != nil {
		return err
	}
	if err := payers.Address(r.ctx, access, number, to, at); err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]string{"region": string(at)})
	}
	r.printf("its bills go there, from the office of %s\n", at)
	return nil
}

func payerView(p *biller.Payer) payerJSON {
	view := payerJSON{
		Account: string(p.Opaque), Ending: p.Number.Last4(), Owes: string(p.Owner), State: p.State, Name: p.Name, Group: p.Group,
	}
	if p.Owner == premium.CMS {
		view.Status = biller.ExpectedFromCMS
	}
	return view
}

type payerListCommand struct {
	where `embed:""`
	JSON  bool `help:"A line of JSON for each."`
}

// Run implements the command.
func (c *payerListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	payers, err := o.store.Payers(r.ctx)
	if err != nil {
		return err
	}
	today := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	for i := range payers {
		view := payerView(&payers[i])
		if err := o.owedBy(r, &payers[i], today, &view); err != nil {
			return err
		}
		if c.JSON {
			err = r.printJSON(&view)
		} else {
			r.printf("%-10s %-34s ...%s %14s open, %14s overdue %s %s\n", strings.ToUpper(view.Owes), view.Name, view.Ending,
				view.Open.Grouped(), view.Overdue.Grouped(), view.Since, view.Status)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// owedBy fills in what is open in a payer's book. What is overdue is the payer's
// arrears and nobody else's: its employees' coverage does not depend on it.
func (o *office) owedBy(r *run, p *biller.Payer, today calendar.Date, view *payerJSON) error {
	book := ledger.BookNo(p.Number)
	have, err := o.store.Read(r.ctx, cashier.Want{Books: []ledger.BookNo{book}})
	if err != nil {
		return err
	}
	open := map[calendar.Month]money.Cents{}
	for _, item := range have.Books[book].Items {
		view.Open += item.Open
		open[calendar.MonthOf(item.ServiceOn)] += item.Open
		if item.DueOn.Before(today) {
			view.Overdue += item.Open
			if view.Since.IsZero() || item.DueOn.Before(view.Since) {
				view.Since = item.DueOn
			}
		}
	}
	free, err := o.store.UnappliedOf(r.ctx, book)
	if err != nil {
		return err
	}
	for _, u := range free {
		view.Free += u.Open
	}
	charges, err := o.store.PayerCharges(r.ctx, book)
	places := map[calendar.Month]int{}
	for _, charge := range charges {
		at, known := places[charge.Month]
		if !known {
			at = len(view.Months)
			places[charge.Month] = at
			view.Months = append(view.Months, payerMonth{Month: charge.Month, Open: open[charge.Month]})
		}
		view.Months[at].Billed += charge.Cents
	}
	return err
}

// payersJSON is what a day's run did about those who owe premiums of others.
type payersJSON struct {
	biller.PayersReport
	// NoAccount are parties that a dry run would bill and that are not registered.
	NoAccount []premium.Owner `json:"no_account,omitempty"`
	Settled   int             `json:"remittances_settled"`
	Waiting   int             `json:"remittances_waiting"`
}

// billOthers bills employers and agencies what the day's premium run made them owe,
// and settles the remittances whose money is here.
func (o *office) billOthers(r *run, day calendar.Date, actor ident.Actor, dry bool, view *dayJSON) error {
	payers, err := o.payers()
	if err != nil || len(view.Billing.Problems) > 0 {
		return err
	}
	view.Payers = &payersJSON{}
	if dry {
		view.Payers.NoAccount, err = payers.Missing(r.ctx, view.Billing.Owners)
		return err
	}
	today := biller.Run{Kind: biller.PremiumRun, Period: view.Billing.Period, Day: day, Actor: actor}
	if view.Payers.PayersReport, err = payers.Bill(r.ctx, today); err != nil {
		return err
	}
	outcomes, err := o.remittances.SettleOpen(r.ctx, actor)
	for _, outcome := range outcomes {
		if outcome.Done {
			view.Payers.Settled++
		} else {
			view.Payers.Waiting++
		}
	}
	return err
}

// printPayers writes what others were billed: first what stands in no account.
func printPayers(r *run, p *payersJSON) {
	if p == nil {
		return
	}
	for _, owner := range p.NoAccount {
		r.printf("Exception: %s owes premiums and has no account: billfold payer add\n", strings.ToUpper(string(owner)))
	}
	for _, u := range p.Unbilled {
		r.printf("Exception: %s\n", u)
	}
	line := func(name string, cents money.Cents) { r.printf("  %-44s %16s\n", name, cents.Grouped()) }
	for _, owner := range premium.Owners() {
		if cents, billed := p.Billed[owner]; billed {
			line("billed to "+strings.ToUpper(string(owner)), cents)
		}
	}
	if p.Credits > 0 {
		line("of it taken back", p.Credits)
	}
	if p.Expected != 0 {
		line(biller.ExpectedFromCMS, p.Expected)
	}
	if p.Settled+p.Waiting > 0 {
		r.printf("  %-44s %16d\n  %-44s %16d\n", "remittances settled", p.Settled, "remittances that wait for their money", p.Waiting)
	}
}
