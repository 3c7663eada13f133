package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/returned"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

type takeCommand struct {
	Cash  takeCashCommand  `cmd:"" help:"Take cash at a counter and print the receipt."`
	Debit takeDebitCommand `cmd:"" help:"Debit a bank account once, as its holder agreed on the telephone or on the web."`
}

type takeCashCommand struct {
	where   `embed:""`
	Number  string   `required:"" help:"Bill pay number, or an old number."`
	Amount  string   `required:"" help:"Dollars, such as 150.00."`
	Fund    string   `help:"What it is for: premium, medical or pharmacy. The drawer's own fund when left out." enum:",premium,medical,pharmacy" default:""`
	Staff   string   `required:"" help:"Staff login of who takes the cash."`
	Drawer  string   `required:"" help:"The drawer, as plan.yaml names it."`
	SentOn  string   `help:"Postmark of a payment that came by mail, such as 2026-07-04: for continuation coverage that day counts."`
	Key     string   `help:"Idempotency key: the same key and content answers as before and takes nothing again."`
	Also    []string `help:"Another number of the same payment and its amount, such as 472819036578=25.00; may be repeated. --amount is then the first number's own."`
	Hold    bool     `name:"to-suspense" help:"Take the money even if no account has the number; it waits in suspense."`
	Preview bool     `help:"Show how the money would spread, and take nothing."`
	JSON    bool     `help:"Answer in JSON."`
}

// Run implements the command.
func (c *takeCashCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	in, err := c.instruction(r, o)
	if err != nil {
		return err
	}
	preview, err := o.cashier.Preview(r.ctx, in)
	if err == nil && !c.Hold {
		err = c.owned(&preview)
	}
	if err != nil {
		return err
	}
	if c.Preview {
		return r.receipt(o, preview, c.JSON, true)
	}
	outcomes, err := o.cashier.Post(r.ctx, []payment.Instruction{in}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		return err
	}
	return r.receipt(o, outcomes[0].Answer, c.JSON, false)
}

// owned refuses cash for a number that no account has while the payer still
// stands at the counter and can show the card.
func (c *takeCashCommand) owned(preview *cashier.Answer) error {
	for i, part := range preview.Parts {
		if !part.InSuspense() {
			continue
		}
		number, _, _ := strings.Cut(append([]string{c.Number}, c.Also...)[i], "=")
		why := "no billing account that takes payments has this number"
		if _, err := billpay.Parse(number); err != nil {
			why = fault.MessageOf(err)
		}
		return fault.New(fault.NotFound, "", "number %d: %s", i+1, why).
			WithHint("Compare it with the card. To take the money all the same and let it wait in suspense, add --to-suspense.")
	}
	return nil
}

func (c *takeCashCommand) instruction(r *run, o *office) (payment.Instruction, error) {
	amount, err := money.Parse(c.Amount)
	if err != nil {
		return payment.Instruction{}, fault.New(fault.Invalid, "", "--amount: %v", err)
	}
	purse, ok := o.house.Receiver(string(plan.Counter), c.Drawer)
	if !ok {
		return payment.Instruction{}, fault.New(fault.Invalid, "", "--drawer: %q is not a counter of the plan", c.Drawer).
			WithHint("Counters are listed in plan.yaml under \"receiving\" with kind: counter.")
	}
	if amount <= 0 {
		return payment.Instruction{}, fault.New(fault.Invalid, "", "--amount: it must be above zero")
	}
	if c.Key == "" {
		c.Key = "counter:" + string(ident.NewOpaque())
	}
	till, err := o.store.TillOf(r.ctx, c.Drawer, o.house.PostingDay(purse.Entity))
	if err != nil {
		return payment.Instruction{}, err
	}
	in := payment.Instruction{
		Key: ident.Key(c.Key), Rail: payment.Counter, Received: o.house.PostingDay(purse.Entity),
		Actor: ident.Actor{Kind: ident.Staff, Name: c.Staff}, Source: till,
	}
	add := func(number string, cents money.Cents) {
		in.Amount += cents
		in.Parts = append(in.Parts, payment.Part{
			Reference: number, Amount: cents, Received: purse, For: chart.Fund(c.Fund),
			Details: suspense.Details{Source: "counter, drawer " + c.Drawer},
		})
	}
	add(c.Number, amount)
	for _, also := range c.Also {
		number, text, _ := strings.Cut(also, "=")
		cents, err := money.Parse(text)
		if err != nil {
			return in, fault.New(fault.Invalid, "", "--also: write a number, an equals sign and an amount: %v", err)
		}
		add(number, cents)
	}
	if in.SentOn, err = sentOn(c.SentOn); err != nil {
		return in, err
	}
	if limit := o.plan.Limits.MaxPayment; limit > 0 && in.Amount > limit {
		return in, fault.New(fault.Invalid, "", "--amount: the plan takes at most %s in one payment", limit.Grouped())
	}
	return in, nil
}

// sentOn reads the option --sent-on; nothing is the zero Date.
func sentOn(text string) (calendar.Date, error) {
	if text == "" {
		return calendar.Date{}, nil
	}
	on, err := calendar.Parse(text)
	if err != nil {
		return on, fault.New(fault.Invalid, "", "--sent-on: %v", err)
	}
	return on, nil
}

// receiptView is a receipt as the command line shows it.
type receiptView struct {
	Payment      payment.ID    `json:"payment"`
	Confirmation string        `json:"confirmation"`
	Replayed     bool          `json:"replayed"`
	Preview      bool          `json:"preview,omitempty"`
	Parts        []receiptLine `json:"parts"`
}

type receiptLine struct {
	Ref       string      `json:"ref,omitempty"` // what move and reverse take
	Account   string      `json:"account,omitempty"`
	Ending    string      `json:"ending,omitempty"` // last four of the number that was given
	Fund      chart.Fund  `json:"fund"`
	Amount    money.Cents `json:"amount_cents"`
	Applied   money.Cents `json:"applied_cents"`
	Unapplied money.Cents `json:"unapplied_cents"`
	Suspense  bool        `json:"in_suspense"`
	PostedOn  string      `json:"posted_on"`
}

func (r *run) receipt(o *office, a cashier.Answer, asJSON, preview bool) error {
	view := receiptView{
		Payment: a.Payment, Confirmation: a.Payment.Confirmation(), Replayed: a.Replayed, Preview: preview,
		Parts: []receiptLine{},
	}
	for _, part := range a.Parts {
		line, err := o.receiptLine(r, part, preview)
		if err != nil {
			return err
		}
		view.Parts = append(view.Parts, line)
	}
	if asJSON {
		return r.printJSON(view)
	}
	head := "Receipt " + view.Confirmation
	if preview {
		head = "Preview: nothing was taken"
	}
	r.printf("%s\n", head)
	for _, l := range view.Parts {
		r.printf("  %s for %s, account ending %s: %s applied, %s left unapplied\n",
			l.Amount.Grouped(), l.Fund, l.Ending, l.Applied.Grouped(), l.Unapplied.Grouped())
		if l.Suspense {
			r.printf("  in suspense until its owner is known: billfold suspense show %s\n", l.Ref)
		}
	}
	return nil
}

func (o *office) receiptLine(r *run, part payment.ReceiptPart, preview bool) (receiptLine, error) {
	line := receiptLine{
		Fund: part.Purse.Fund, Amount: part.Amount, Applied: part.Applied, Unapplied: part.Unapplied,
		Suspense: part.InSuspense(), PostedOn: part.PostedOn.String(),
	}
	if part.About != 0 {
		digits := fmt.Sprint(int64(part.About))
		line.Ending = digits[len(digits)-4:]
		opaque, err := o.store.OpaqueOf(r.ctx, part.About)
		if err != nil {
			return line, err
		}
		line.Account = string(opaque)
	}
	if preview {
		return line, nil
	}
	var err error
	line.Ref, err = o.reference(r.ctx, cashier.Ref{Book: part.Book, Seq: part.Seq})
	return line, err
}

// correction is what every act of staff on posted money carries.
type correction struct {
	where   `embed:""`
	staffer `embed:""`
	Reason  string `required:"" help:"Why; it stands in the books."`
	Key     string `help:"Idempotency key: the same key and content answers as before and does nothing again."`
	JSON    bool   `help:"Answer in JSON."`
}

func (c *correction) order() (cashier.Order, error) {
	actor, err := c.actor()
	if c.Key == "" {
		c.Key = "staff:" + string(ident.NewOpaque())
	}
	return cashier.Order{Key: ident.Key(c.Key), Actor: actor, Reason: c.Reason}, err
}

type doneView struct {
	ID       payment.ID `json:"id"`
	Replayed bool       `json:"replayed"`
	Refs     []string   `json:"refs"`
}

func (r *run) done(o *office, d cashier.Done, asJSON bool, say string) error {
	view := doneView{ID: d.ID, Replayed: d.Replayed, Refs: []string{}}
	for _, ref := range d.Refs {
		text, err := o.reference(r.ctx, ref)
		if err != nil {
			return err
		}
		view.Refs = append(view.Refs, text)
	}
	if asJSON {
		return r.printJSON(view)
	}
	if d.Replayed {
		say += " (before; nothing was done again)"
	}
	r.printf("%s; in the books as\n", say)
	for _, ref := range view.Refs {
		r.printf("  %s\n", ref)
	}
	return nil
}

type paymentCommand struct {
	Move    paymentMoveCommand    `cmd:"" help:"Take a payment to the account or fund where it belongs; the received date stays."`
	Reverse paymentReverseCommand `cmd:"" help:"Take a payment back: a returned cheque, or one entered by mistake."`
	Apply   paymentApplyCommand   `cmd:"" help:"Put unapplied money on open items."`
}

type paymentMoveCommand struct {
	correction `embed:""`
	Ref        string `arg:"" help:"The payment, as \"account\" shows it."`
	To         string `required:"" help:"Bill pay number or old number."`
	Fund       string `help:"Another fund, on the payer's instruction." enum:",premium,medical,pharmacy" default:""`
	SentOn     string `help:"Postmark of the payment, when it comes to be known: for continuation coverage that day counts."`
}

// Run implements the command.
func (c *paymentMoveCommand) Run(r *run) error {
	sent, err := sentOn(c.SentOn)
	if err != nil {
		return err
	}
	return c.act(r, c.Ref, "Moved", func(o *office, order cashier.Order, ref cashier.Ref) (cashier.Done, error) {
		return o.cashier.Move(r.ctx, order, ref, cashier.Target{Reference: c.To, Fund: chart.Fund(c.Fund), SentOn: sent})
	})
}

type paymentReverseCommand struct {
	correction `embed:""`
	Ref        string `arg:"" help:"The payment or suspense entry, as \"account\" or \"suspense list\" shows it."`
	Returned   string `help:"A bank gave it back, and why; the payer gets a letter that says so: no_funds, no_account, stopped, disputed or other." enum:",no_funds,no_account,stopped,disputed,other" default:""`
}

// Run implements the command.
func (c *paymentReverseCommand) Run(r *run) error {
	var unpaid *returned.Verdict
	err := c.act(r, c.Ref, "Reversed", func(o *office, order cashier.Order, ref cashier.Ref) (cashier.Done, error) {
		if c.Returned != "" {
			order.Reason = c.Returned + ": " + order.Reason // where notice.ReturnOf finds it
		}
		done, err := o.cashier.Reverse(r.ctx, order, ref)
		if err == nil && c.Returned == string(notice.NoFunds) {
			unpaid, err = o.unpaid(r.ctx, ref.Book)
		}
		return done, err
	})
	if err == nil && unpaid != nil && !c.JSON {
		r.unpaid(unpaid)
	}
	return err
}

// unpaid says what follows from a payment that came back for want of money just now.
func (o *office) unpaid(ctx context.Context, book ledger.BookNo) (*returned.Verdict, error) {
	if book.IsOperating() {
		return nil, nil
	}
	on := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	days, err := o.store.ReturnedUnpaid(ctx, book, on.AddYears(-1))
	if err != nil || len(days) == 0 {
		return nil, err
	}
	people, err := o.store.Payees(ctx, []ledger.BookNo{book})
	if err != nil {
		return nil, err
	}
	policies, err := o.store.LinesOf(ctx, book)
	if err != nil {
		return nil, err
	}
	account := returned.Account{State: people[book].Address.State, Lines: policies, Earlier: days[:len(days)-1]}
	v := returned.Judge(account, returned.Fees(), on)
	return &v, nil
}

func (r *run) unpaid(v *returned.Verdict) {
	if v.Guaranteed {
		r.printf("It is the second within a year: ask for guaranteed funds until %s. A first payment is taken however it is made.\n", v.Until)
	}
	if v.Fee > 0 {
		r.printf("%s allows a fee of %s (not confirmed by counsel); none was charged.\n", v.Source, v.Fee.Grouped())
	}
}

type paymentApplyCommand struct {
	correction `embed:""`
	Ref        string `arg:"" help:"The unapplied money, as \"account\" shows it."`
}

// Run implements the command.
func (c *paymentApplyCommand) Run(r *run) error {
	return c.act(r, c.Ref, "Applied", func(o *office, order cashier.Order, ref cashier.Ref) (cashier.Done, error) {
		return o.cashier.ApplyUnapplied(r.ctx, order, ref, nil)
	})
}

func (c *correction) act(
	r *run, ref, say string, do func(o *office, order cashier.Order, ref cashier.Ref) (cashier.Done, error),
) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	at, err := o.parseReference(r.ctx, ref)
	if err != nil {
		return err
	}
	order, err := c.order()
	if err != nil {
		return err
	}
	d, err := do(o, order, at)
	if err != nil {
		return err
	}
	return r.done(o, d, c.JSON, say)
}
