package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/people/billpay"
)

type cardPayoutsCommand struct {
	List  payoutListCommand  `cmd:"" help:"List settlement reports by the day on which the bank is to show them, and what of them is not known."`
	Show  payoutShowCommand  `cmd:"" help:"Show a settlement report line by line."`
	Fetch payoutFetchCommand `cmd:"" help:"Ask the processor for settlement reports that are new."`
}

// payoutJSON is a settlement report as the command line shows it.
type payoutJSON struct {
	Merchant string           `json:"merchant"`
	Payout   string           `json:"payout"`
	Entity   chart.EntityID   `json:"entity"`
	Fund     chart.Fund       `json:"fund"`
	PaidOn   string           `json:"paid_on"`
	Net      money.Cents      `json:"net_cents"`
	Fees     money.Cents      `json:"fee_cents"`
	Count    int              `json:"lines"`
	Failed   string           `json:"refused_by_bank,omitempty"`
	Problem  string           `json:"problem,omitempty"`
	Lines    []payoutLineJSON `json:"detail,omitempty"`
}

type payoutLineJSON struct {
	ID      string            `json:"line"`
	Payout  string            `json:"payout,omitempty"` // in a list of unknown ones
	Kind    checkout.LineKind `json:"kind"`
	Gross   money.Cents       `json:"gross_cents"`
	Fee     money.Cents       `json:"fee_cents"`
	Net     money.Cents       `json:"net_cents"`
	Payment ident.Opaque      `json:"card_payment,omitempty"`
	Charge  string            `json:"charge,omitempty"`
	Subject string            `json:"subject,omitempty"`
	Problem string            `json:"problem,omitempty"`
}

func (o *office) payoutView(r *checkout.SettlementReport) payoutJSON {
	view := payoutJSON{
		Merchant: r.Merchant, Payout: r.ID, Entity: o.house.EntityOf(r.Purse.Entity).ID, Fund: r.Purse.Fund, PaidOn: r.PaidOn.String(),
		Net: r.Net, Fees: r.Fees, Count: r.Count, Problem: r.Problem,
	}
	if r.Status == checkout.PayoutFailed {
		view.Failed = r.Reason
	}
	for i := range r.Lines {
		view.Lines = append(view.Lines, payoutLineView(&r.Lines[i]))
	}
	return view
}

func payoutLineView(l *checkout.SettlementLine) payoutLineJSON {
	return payoutLineJSON{
		ID: l.ID, Kind: l.Kind, Gross: l.Gross, Fee: l.Fee, Net: l.Net, Payment: l.Attempt, Charge: l.Charge.ID, Subject: l.Subject,
		Problem: l.Problem,
	}
}

func (r *run) printPayout(p *payoutJSON) {
	r.printf("%s  %-28s %-12s %14s  fees %12s  %6d lines  %s%s\n", p.PaidOn, p.Payout, p.Entity, p.Net.Grouped(), p.Fees.Grouped(), p.Count,
		p.Failed, p.Problem)
}

func (r *run) printPayoutLine(l *payoutLineJSON) {
	r.printf("  %-14s %14s  fee %10s  %14s  %s%s %s\n", l.Kind, l.Gross.Grouped(), l.Fee.Grouped(), l.Net.Grouped(), l.Payment, l.Subject,
		l.Problem)
}

type payoutListCommand struct {
	where `embed:""`
	From  string `help:"The first day, such as 2026-11-01."`
	To    string `help:"The last day."`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *payoutListCommand) Run(r *run) error {
	from, err := calendar.Parse(c.From)
	if err != nil {
		return fault.New(fault.Invalid, "", "--from: %v", err)
	}
	to, err := calendar.Parse(c.To)
	if err != nil {
		return fault.New(fault.Invalid, "", "--to: %v", err)
	}
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		reports, err := d.Reports(r.ctx, from, to)
		if err != nil {
			return err
		}
		waits, err := d.Exceptions(r.ctx)
		if err != nil {
			return err
		}
		view := struct {
			Payouts []payoutJSON     `json:"payouts"`
			Unknown []payoutLineJSON `json:"unknown_lines"`
		}{[]payoutJSON{}, []payoutLineJSON{}}
		for i := range reports {
			view.Payouts = append(view.Payouts, o.payoutView(&reports[i]))
		}
		for i := range waits.Lines {
			line := payoutLineView(&waits.Lines[i].SettlementLine)
			line.Payout = waits.Lines[i].Payout
			view.Unknown = append(view.Unknown, line)
		}
		if c.JSON {
			return r.printJSON(view)
		}
		for i := range view.Payouts {
			r.printPayout(&view.Payouts[i])
		}
		if len(view.Unknown) > 0 {
			r.printf("Not known, %d lines:\n", len(view.Unknown))
		}
		for i := range view.Unknown {
			r.printPayoutLine(&view.Unknown[i])
		}
		return nil
	})
}

type payoutShowCommand struct {
	where    `embed:""`
	Merchant string `arg:"" help:"The merchant account, as \"card payouts list --json\" shows it."`
	Payout   string `arg:"" help:"The payout."`
	JSON     bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *payoutShowCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		report, err := d.Report(r.ctx, c.Merchant, c.Payout)
		if err != nil {
			return err
		}
		view := o.payoutView(&report)
		if c.JSON {
			return r.printJSON(view)
		}
		r.printPayout(&view)
		for i := range view.Lines {
			r.printPayoutLine(&view.Lines[i])
		}
		return nil
	})
}

type payoutFetchCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *payoutFetchCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(_ *office, d *checkout.Desk) error {
		n, err := d.TakePayouts(r.ctx)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return r.printJSON(map[string]int{"taken": n})
		}
		r.printf("%d settlement reports were new\n", n)
		return nil
	})
}

type cardDisputesCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// deadlineJSON is a dispute with its deadline.
type deadlineJSON struct {
	disputeJSON
	Deadline   time.Time        `json:"deadline"`
	Urgency    checkout.Urgency `json:"urgency"`
	EvidenceAt *time.Time       `json:"evidence_sent_at,omitempty"`
	Excess     money.Cents      `json:"excess_cents,omitempty"` // taken beyond what was left
	WrittenOff bool             `json:"written_off,omitempty"`
}

// Run implements the command.
func (c *cardDisputesCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		waits, err := d.Exceptions(r.ctx)
		if err != nil {
			return err
		}
		now := o.clock.Now()
		view := struct {
			Disputes []deadlineJSON `json:"disputes"`
			Excess   []deadlineJSON `json:"excess"`
		}{[]deadlineJSON{}, []deadlineJSON{}}
		for i := range waits.Disputes {
			view.Disputes = append(view.Disputes, deadlineView(&waits.Disputes[i], now))
		}
		for i := range waits.Excess {
			view.Excess = append(view.Excess, deadlineView(&waits.Excess[i], now))
		}
		if c.JSON {
			return r.printJSON(view)
		}
		for _, s := range view.Disputes {
			r.printf("%-9s evidence by %s  %s  %s  %12s  %s %s\n", s.Urgency, s.Deadline.Format(time.DateOnly), s.Payment, s.ID,
				s.Amount.Grouped(), s.Reason, s.Problem)
		}
		for _, s := range view.Excess {
			r.printf("beyond what was left: %12s  %s  %s; billfold card write-off, checked by a second person\n", s.Excess.Grouped(), s.Payment, s.ID)
		}
		return nil
	})
}

func deadlineView(c *checkout.DisputeCase, now time.Time) deadlineJSON {
	view := deadlineJSON{
		disputeJSON: disputeView(c), Deadline: c.Deadline(), Urgency: c.Urgency(now), Excess: c.Excess, WrittenOff: c.WrittenOff,
	}
	if !c.EvidenceAt.IsZero() {
		view.EvidenceAt = &c.EvidenceAt
	}
	return view
}

type cardEvidenceCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The payment by card."`
	Dispute string `arg:"" help:"The dispute, as \"card disputes\" shows it."`
	Say     string `required:"" help:"Why the payment is good. The receipt goes with it; name no person, number or health matter. It can be sent once."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *cardEvidenceCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		correction := correction{staffer: c.staffer, Reason: "evidence"}
		order, err := correction.order()
		if err != nil {
			return err
		}
		answered, err := d.SubmitEvidence(r.ctx, order, id, c.Dispute, c.Say)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(deadlineView(&answered, o.clock.Now()))
		}
		r.printf("The evidence was sent. The network decides, which takes weeks.\n")
		return nil
	})
}

type cardWriteOffCommand struct {
	correction `embed:""`
	ID         string `arg:"" help:"The payment by card."`
	Dispute    string `arg:"" help:"The dispute, as \"card disputes\" shows it."`
}

// Run implements the command.
func (c *cardWriteOffCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(_ *office, d *checkout.Desk) error {
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		order, err := c.order()
		if err != nil {
			return err
		}
		asked, err := d.WriteOff(r.ctx, order, id, c.Dispute)
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]any{"approval": asked.ID, "state": asked.State, "amount_cents": asked.Amount})
		}
		says := map[approval.State]string{
			approval.Asked: "waits for a second person; once agreed, give the command again", approval.Agreed: "is written off",
			approval.Refused: "was refused: it stays an exception", approval.Withdrawn: "was taken back",
		}
		r.printf("%s %s (approval %s)\n", asked.Amount.Grouped(), says[asked.State], asked.ID)
		return nil
	})
}

type cardLinkCommand struct {
	where    `embed:""`
	staffer  `embed:""`
	Number   string `arg:"" help:"The bill pay number, as the caller says it."`
	Fund     string `help:"What is paid for." enum:"premium,medical,pharmacy" default:"premium"`
	Amount   string `required:"" help:"Dollars, such as 150.00."`
	Mail     string `help:"Where the receipt goes."`
	Language string `help:"The caller's language." default:"en"`
	Site     string `required:"" help:"Where members reach the pages, such as https://pay.example.org: the processor sends the caller there at the end."`
	JSON     bool   `help:"Answer in JSON."`
}

// Run implements the command: the caller enters the card on the processor's own
// page, so that no clerk hears or types it.
func (c *cardLinkCommand) Run(r *run) error {
	amount, err := money.Parse(c.Amount)
	if err != nil || amount <= 0 {
		return fault.New(fault.Invalid, "", "--amount: write dollars above zero, such as 150.00")
	}
	number, err := billpay.Parse(c.Number)
	if err != nil {
		return fault.New(fault.Invalid, "", "this is no bill pay number: ask the caller for it again")
	}
	site := strings.TrimSuffix(c.Site, "/")
	if !strings.HasPrefix(site, "https://") && !strings.HasPrefix(site, "http://127.0.0.1") {
		return fault.New(fault.Invalid, "", "--site: write an address such as https://pay.example.org")
	}
	actor, err := c.actor()
	if err != nil {
		return err
	}
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		draft := checkout.Draft{
			ID: ident.NewOpaque(), Door: checkout.DoorPhone, Actor: actor, Language: c.Language, Mail: c.Mail,
			Parts: []checkout.Part{{Reference: number.Digits(), Fund: chart.Fund(c.Fund), Amount: amount}},
		}
		a, err := d.Begin(r.ctx, draft)
		if err != nil {
			return err
		}
		if err := o.lookedAtCard(r.ctx, looking{&c.staffer, "a caller pays by card"}, &a); err != nil {
			return err
		}
		link, err := d.OpenPage(r.ctx, a.ID, site+"/", site+"/")
		if err != nil {
			return err
		}
		if c.JSON {
			return r.printJSON(map[string]string{"card_payment": string(a.ID), "link": link})
		}
		fmt.Fprintf(r.out, "%s\nGood for an hour. What became of it: billfold card show %s\n", link, a.ID)
		return nil
	})
}
