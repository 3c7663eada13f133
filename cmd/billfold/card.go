package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

type cardCommand struct {
	List     cardListCommand     `cmd:"" help:"List what of card payments waits for staff: unknown outcomes, refunds, disputes."`
	Show     cardShowCommand     `cmd:"" help:"Show a payment by card."`
	Settle   cardSettleCommand   `cmd:"" help:"Ask the processor what became of a payment, or of all that are due."`
	Refund   cardRefundCommand   `cmd:"" help:"Send money of a payment back to its card."`
	Cancel   cardCancelCommand   `cmd:"" name:"cancel-refund" help:"Give up a refund that could not be sent; its money is the payer's again."`
	Payouts  cardPayoutsCommand  `cmd:"" help:"The processor's settlement reports: what it pays out, what it keeps, what is not known."`
	Disputes cardDisputesCommand `cmd:"" help:"List disputes by the day on which evidence is due."`
	Evidence cardEvidenceCommand `cmd:"" help:"Answer a dispute: the receipt and a statement go to the network, once."`
	WriteOff cardWriteOffCommand `cmd:"" name:"write-off" help:"Take what a dispute took beyond what was left as lost; a second person agrees first."`
	Link     cardLinkCommand     `cmd:"" help:"Make a link to the processor's own page, for a caller who pays by card."`
}

// unheard stands for the road of letters on the command line: what a payer has
// yet to be told is left to the process that serves the office.
type unheard struct{}

// Tell implements checkout.Teller.
func (unheard) Tell(context.Context, checkout.Attempt, checkout.News) error {
	return fault.New(fault.Unavailable, "", "the serving process tells payers")
}

// desk opens the office's desk for cards. Denied when the plan takes none.
func (r *run) desk(o *office, w *where) (*checkout.Desk, error) {
	log := slog.New(slog.NewTextHandler(r.errs, &slog.HandlerOptions{Level: slog.LevelError}))
	c, err := o.openCards(w.keys(), unheard{}, log)
	if err == nil && c == nil {
		err = fault.New(fault.Denied, "", "this plan takes no cards").WithHint("A processor is named in plan.yaml.")
	}
	if err != nil {
		return nil, err
	}
	return c.desk, nil
}

// withDesk opens the office and its desk for a command.
func (r *run) withDesk(w *where, do func(o *office, d *checkout.Desk) error) error {
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	d, err := r.desk(o, w)
	if err != nil {
		return err
	}
	return do(o, d)
}

// cardJSON is a payment by card as the command line shows it.
type cardJSON struct {
	ID        ident.Opaque   `json:"id"`
	State     checkout.State `json:"state"`
	Door      checkout.Door  `json:"door"`
	Amount    money.Cents    `json:"amount_cents"`
	Taken     money.Cents    `json:"taken_cents"`
	Payment   payment.ID     `json:"payment,omitempty"`
	Received  string         `json:"received_on,omitempty"`
	Cards     int            `json:"cards_tried"`
	Decline   string         `json:"decline,omitempty"`
	Late      bool           `json:"late_approval_released,omitempty"`
	CreatedAt time.Time      `json:"created_at"`
	LookAt    *time.Time     `json:"looked_at_next,omitempty"`
	Parts     []cardPartJSON `json:"parts"`
	Legs      []cardLegJSON  `json:"legs"`
	Refunds   []refundJSON   `json:"refunds"`
	Disputes  []disputeJSON  `json:"disputes"`
}

type cardPartJSON struct {
	Ending string      `json:"ending"` // of the number that was typed
	Fund   chart.Fund  `json:"fund"`
	Amount money.Cents `json:"amount_cents"`
}

type cardLegJSON struct {
	Leg      int               `json:"leg"`
	Entity   chart.EntityID    `json:"entity"`
	State    checkout.LegState `json:"state"`
	Amount   money.Cents       `json:"amount_cents"`
	Refunded money.Cents       `json:"refunded_cents"`
	Card     string            `json:"card,omitempty"`
	Merchant string            `json:"merchant"`
	Charge   string            `json:"charge,omitempty"` // at the processor
}

type refundJSON struct {
	Payment   ident.Opaque       `json:"card_payment"`
	No        int                `json:"refund"`
	Leg       int                `json:"leg"`
	Amount    money.Cents        `json:"amount_cents"`
	State     checkout.CaseState `json:"state"`
	Elsewhere bool               `json:"made_elsewhere,omitempty"`
	Processor string             `json:"processor_id,omitempty"`
	By        string             `json:"by"`
	Reason    string             `json:"reason"`
	Problem   string             `json:"problem,omitempty"`
}

type disputeJSON struct {
	Payment    ident.Opaque           `json:"card_payment"`
	ID         string                 `json:"id"`
	Leg        int                    `json:"leg"`
	Amount     money.Cents            `json:"amount_cents"`
	Status     checkout.DisputeStatus `json:"status"`
	Reason     string                 `json:"reason"`
	EvidenceBy *time.Time             `json:"evidence_by,omitempty"`
	Problem    string                 `json:"problem,omitempty"`
}

func refundView(c *checkout.RefundCase) refundJSON {
	return refundJSON{
		Payment: c.Attempt, No: c.No, Leg: c.Leg, Amount: c.Amount, State: c.State, Elsewhere: c.Elsewhere, Processor: c.Processor,
		By: c.Order.Actor.String(), Reason: c.Order.Reason, Problem: c.Problem,
	}
}

func disputeView(c *checkout.DisputeCase) disputeJSON {
	view := disputeJSON{
		Payment: c.Attempt, ID: c.ID, Leg: c.Leg, Amount: c.Amount, Status: c.Status, Reason: c.Reason, Problem: c.Problem,
	}
	if !c.EvidenceBy.IsZero() {
		view.EvidenceBy = &c.EvidenceBy
	}
	return view
}

func (o *office) cardView(a *checkout.Attempt) cardJSON {
	view := cardJSON{
		ID: a.ID, State: a.State, Door: a.Door, Amount: a.Amount(), Taken: a.Taken(), Payment: a.Payment, Cards: a.Cards, Late: a.Late,
		CreatedAt: a.CreatedAt, Parts: []cardPartJSON{}, Legs: []cardLegJSON{}, Refunds: []refundJSON{}, Disputes: []disputeJSON{},
	}
	if a.Payment != "" {
		view.Received = a.Received.String()
	}
	if a.State == checkout.Declined {
		view.Decline = string(a.Decline.Class)
	}
	if !a.LookAt.IsZero() {
		view.LookAt = &a.LookAt
	}
	for _, part := range a.Parts {
		digits := part.Reference
		view.Parts = append(view.Parts, cardPartJSON{Ending: digits[max(0, len(digits)-4):], Fund: part.Fund, Amount: part.Amount})
	}
	for i := range a.Legs {
		leg := &a.Legs[i]
		line := cardLegJSON{
			Leg: leg.No, Entity: o.house.EntityOf(leg.Purse.Entity).ID, State: leg.State, Amount: leg.Amount, Refunded: leg.Refunded,
			Merchant: leg.Merchant, Charge: leg.Charge.ID,
		}
		if leg.Card.Last4 != "" {
			line.Card = leg.Card.Brand + " ending " + leg.Card.Last4
		}
		view.Legs = append(view.Legs, line)
	}
	return view
}

type cardListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	JSON    bool `help:"Answer in JSON."`
}

// exceptionsJSON are the three lists.
type exceptionsJSON struct {
	Unclear  []cardJSON    `json:"unclear"`
	Refunds  []refundJSON  `json:"refunds"`
	Disputes []disputeJSON `json:"disputes"`
}

// Run implements the command.
func (c *cardListCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		found, err := d.Exceptions(r.ctx)
		if err != nil {
			return err
		}
		view := exceptionsJSON{Unclear: []cardJSON{}, Refunds: []refundJSON{}, Disputes: []disputeJSON{}}
		for i := range found.Unclear {
			if err := o.lookedAtCard(r.ctx, looking{&c.staffer, cardWork}, &found.Unclear[i]); err != nil {
				return err
			}
			view.Unclear = append(view.Unclear, o.cardView(&found.Unclear[i]))
		}
		for i := range found.Refunds {
			view.Refunds = append(view.Refunds, refundView(&found.Refunds[i]))
		}
		for i := range found.Disputes {
			view.Disputes = append(view.Disputes, disputeView(&found.Disputes[i]))
		}
		if c.JSON {
			return r.printJSON(view)
		}
		r.printExceptions(&view)
		return nil
	})
}

func (r *run) printExceptions(view *exceptionsJSON) {
	if len(view.Unclear)+len(view.Refunds)+len(view.Disputes) == 0 {
		r.printf("Nothing waits for staff.\n")
	}
	for _, a := range view.Unclear {
		r.printf("%s  unknown    %12s  ask the processor, then: billfold card settle %s\n", a.ID, a.Amount.Grouped(), a.ID)
	}
	for _, f := range view.Refunds {
		r.printf("%s  refund %-3d %12s  %s %s\n", f.Payment, f.No, f.Amount.Grouped(), f.State, f.Problem)
	}
	for _, d := range view.Disputes {
		by := "no evidence is due"
		if d.EvidenceBy != nil {
			by = "evidence by " + d.EvidenceBy.Format(time.DateOnly)
		}
		r.printf("%s  dispute    %12s  %s, %s %s\n", d.Payment, d.Amount.Grouped(), d.Reason, by, d.Problem)
	}
}

type cardShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The payment by card, as \"card list\" and the processor's records show it."`
	Reason  string `help:"Why; it stands in the audit trail." default:"work on card payments"`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *cardShowCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		return r.showCard(o, d, looking{&c.staffer, c.Reason}, id, c.JSON)
	})
}

// looking is who looks at a payment by card, and why.
type looking struct {
	*staffer
	reason string
}

// cardWork is the reason of a look that needs no other.
const cardWork = "work on card payments"

func parseCard(text string) (ident.Opaque, error) {
	id, err := ident.ParseOpaque(text)
	if err != nil {
		return "", fault.New(fault.Invalid, "", "%q names no payment by card: %v", text, err)
	}
	return id, nil
}

func (r *run) showCard(o *office, d *checkout.Desk, by looking, id ident.Opaque, asJSON bool) error {
	a, err := d.Look(r.ctx, id)
	if err != nil {
		return err
	}
	if err := o.lookedAtCard(r.ctx, by, &a); err != nil {
		return err
	}
	refunds, disputes, err := d.Cases(r.ctx, &a)
	if err != nil {
		return err
	}
	view := o.cardView(&a)
	for i := range refunds {
		view.Refunds = append(view.Refunds, refundView(&refunds[i]))
	}
	for i := range disputes {
		view.Disputes = append(view.Disputes, disputeView(&disputes[i]))
	}
	if asJSON {
		return r.printJSON(view)
	}
	r.printf("%s of %s: %s, %s taken\n", view.ID, view.CreatedAt.Format(time.DateTime), view.State, view.Taken.Grouped())
	for _, p := range view.Parts {
		r.printf("  %s for %s, number ending %s\n", p.Amount.Grouped(), p.Fund, p.Ending)
	}
	for _, l := range view.Legs {
		r.printf("  charge %d, %s: %s, %s, %s refunded, %s\n", l.Leg, l.Entity, l.Amount.Grouped(), l.State, l.Refunded.Grouped(), l.Card)
	}
	for _, f := range view.Refunds {
		r.printf("  refund %d of charge %d: %s, %s %s\n", f.No, f.Leg, f.Amount.Grouped(), f.State, f.Problem)
	}
	for _, s := range view.Disputes {
		r.printf("  dispute %s of charge %d: %s, %s, %s %s\n", s.ID, s.Leg, s.Amount.Grouped(), s.Status, s.Reason, s.Problem)
	}
	return nil
}

// lookedAtCard records that staff saw who was paid for.
func (o *office) lookedAtCard(ctx context.Context, by looking, a *checkout.Attempt) error {
	actor, err := by.actor()
	if err != nil {
		return err
	}
	access, err := audit.By(actor, by.reason, "cli")
	if err != nil {
		return err
	}
	var named []ledger.BookNo
	for _, part := range a.Parts {
		if no, err := billpay.Parse(part.Reference); err == nil {
			named = append(named, ledger.BookNo(no))
		}
	}
	have, err := o.store.Read(ctx, cashier.Want{Books: named})
	if err != nil {
		return err
	}
	slices.Sort(named)
	books := slices.DeleteFunc(slices.Compact(named), func(no ledger.BookNo) bool { _, ok := have.Books[no]; return !ok })
	if len(books) == 0 {
		return nil
	}
	return o.members.trail.Record(ctx, access, audit.ReadPayment, books...)
}

type cardSettleCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" optional:"" help:"The payment by card; all that are due when left out."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *cardSettleCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		if c.ID == "" {
			n, err := d.SettleDue(r.ctx)
			switch {
			case err != nil:
				return err
			case c.JSON:
				return r.printJSON(map[string]int{"settled": n})
			}
			r.printf("%d were due\n", n)
			return nil
		}
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		if _, err := d.Settle(r.ctx, id); err != nil {
			return err
		}
		return r.showCard(o, d, looking{&c.staffer, cardWork}, id, c.JSON)
	})
}

// aloneFor refuses a refund that one person may not make alone: what is above the
// limit is asked for as any other refund, so that a second person agrees.
func (o *office) aloneFor(ctx context.Context, d *checkout.Desk, id ident.Opaque, leg int, text string) error {
	amount, err := money.Parse(text)
	if text == "" {
		var a checkout.Attempt
		if a, err = d.Look(ctx, id); err == nil && leg >= 1 && leg <= len(a.Legs) {
			amount = a.Legs[leg-1].Amount - a.Legs[leg-1].Refunded
		}
	}
	if err != nil || amount <= o.plan.Limits.DualControlAbove {
		return nil // what is wrong is said by who refunds
	}
	return fault.New(fault.Denied, "", "a refund above %s needs a second person", o.plan.Limits.DualControlAbove.Grouped()).
		WithHint("Ask for it with \"billfold refund request NUMBER --part REF\", and have somebody else approve it.")
}

type cardRefundCommand struct {
	correction `embed:""`
	ID         string `arg:"" help:"The payment by card, as \"card show\" shows it."`
	Leg        int    `help:"The charge, as \"card show\" numbers them." default:"1"`
	Amount     string `help:"Dollars; all that is left of the charge when left out."`
}

// Run implements the command.
func (c *cardRefundCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(o *office, d *checkout.Desk) error {
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		if err := o.aloneFor(r.ctx, d, id, c.Leg, c.Amount); err != nil {
			return err
		}
		amount := money.Cents(0)
		if c.Amount != "" {
			if amount, err = money.Parse(c.Amount); err != nil || amount <= 0 {
				return fault.New(fault.Invalid, "", "--amount: write dollars above zero, such as 25.00")
			}
		}
		order, err := c.order()
		if err != nil {
			return err
		}
		made, err := d.Refund(r.ctx, order, id, c.Leg, amount)
		if err != nil {
			return err
		}
		return r.refunded(&made, c.JSON)
	})
}

func (r *run) refunded(made *checkout.RefundCase, asJSON bool) error {
	if asJSON {
		return r.printJSON(refundView(made))
	}
	says := map[checkout.CaseState]string{
		checkout.CaseSending:   "the processor has not answered; it is asked again by itself",
		checkout.CaseWaiting:   "the processor has it and will send it",
		checkout.CaseSent:      "on its way to the card",
		checkout.CaseFailed:    "it could not be sent; its money stays in refunds payable",
		checkout.CaseCancelled: "given up; its money is unapplied again",
	}
	r.printf("Refund %d, %s: %s %s\n", made.No, made.Amount.Grouped(), says[made.State], made.Problem)
	return nil
}

type cardCancelCommand struct {
	correction `embed:""`
	ID         string `arg:"" help:"The payment by card."`
	Refund     int    `arg:"" help:"The refund, as \"card show\" numbers them."`
}

// Run implements the command.
func (c *cardCancelCommand) Run(r *run) error {
	return r.withDesk(&c.where, func(_ *office, d *checkout.Desk) error {
		id, err := parseCard(c.ID)
		if err != nil {
			return err
		}
		order, err := c.order()
		if err != nil {
			return err
		}
		given, err := d.CancelRefund(r.ctx, order, id, c.Refund)
		if err != nil {
			return err
		}
		return r.refunded(&given, c.JSON)
	})
}
