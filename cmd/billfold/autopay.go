package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/payments/mandate"
)

type mandateShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Account string `arg:"" help:"Bill pay number, old number or opaque id."`
	Reason  string `help:"Why it is looked at; it stands in the audit trail." default:"looked at automatic payment"`
	JSON    bool   `help:"Answer in JSON."`
}

// methodJSON is a payment method as the command line shows it.
type methodJSON struct {
	Method      ident.Opaque        `json:"method"`
	Kind        mandate.Tender      `json:"kind"`
	Mask        string              `json:"mask"`
	State       mandate.MethodState `json:"state"`
	Validation  mandate.Validation  `json:"validation,omitempty"`
	ValidatedOn calendar.Date       `json:"validated_on,omitzero"`
	Expires     calendar.Month      `json:"expires,omitzero"`
	Reason      string              `json:"reason,omitempty"`
}

// autopayJSON is the automatic payment of a billing account.
type autopayJSON struct {
	Mandates []mandateJSON `json:"mandates"`
	Methods  []methodJSON  `json:"methods"`
}

// Run implements the command.
func (c *mandateShowCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	book, err := o.bookBy(r, c.Account)
	if err != nil {
		return err
	}
	mandates, methods, pulls, err := o.autopay().Show(r.ctx, access, book)
	if err != nil {
		return err
	}
	view := autopayJSON{Mandates: []mandateJSON{}, Methods: []methodJSON{}}
	for i := range mandates {
		m := viewOfMandate(&mandates[i])
		m.Debits = viewOfPulls(pulls[mandates[i].ID])
		view.Mandates = append(view.Mandates, m)
	}
	for _, m := range methods {
		view.Methods = append(view.Methods, methodJSON{m.ID, m.Kind, m.Shown, m.State, m.Validation, m.ValidatedOn, m.Card.Expires, m.Reason})
	}
	if c.JSON {
		return r.printJSON(&view)
	}
	for i := range view.Mandates {
		r.printMandate(&view.Mandates[i])
	}
	for _, m := range view.Methods {
		r.printf("%s %s, %s", m.Kind, m.Mask, m.State)
		if m.Validation != "" {
			r.printf(", validated by %s on %s", m.Validation, m.ValidatedOn)
		}
		r.printf(" (%s)\n", m.Method)
	}
	return nil
}

type mandateListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Most    int  `help:"Consents at most." default:"100"`
	JSON    bool `help:"Answer in JSON, a line for each."`
}

// Run implements the command.
func (c *mandateListCommand) Run(r *run) error {
	if _, err := c.actor(); err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	found, err := o.store.MandatesList(r.ctx, autopay.Place{}, c.Most)
	if err != nil {
		return err
	}
	for i := range found {
		view := viewOfMandate(&found[i])
		if !c.JSON {
			r.printMandate(&view)
			continue
		}
		if err := r.printJSON(&view); err != nil {
			return err
		}
	}
	return nil
}

// changing is what every change of a mandate has.
type changing struct {
	where   `embed:""`
	staffer `embed:""`
	Mandate string `arg:"" help:"The mandate's id, as \"mandate show\" gives it."`
	Key     string `help:"Names the change, so that the same one is made once; made up when left out."`
	Reason  string `required:"" help:"Why: what the payer said."`
	JSON    bool   `help:"Answer in JSON."`
}

func (c *changing) carry(r *run, act string, change func(d *autopay.Desk, o autopay.Order) (autopay.Done, error)) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	id, err := ident.ParseOpaque(c.Mandate)
	if err != nil {
		return fault.New(fault.Invalid, "", "%q names no mandate: %v", c.Mandate, err)
	}
	book, err := o.store.MandateHome(r.ctx, id)
	if err != nil {
		return err
	}
	answer, err := change(o.autopay(), autopay.Order{Key: keyOf(c.Key, act), Access: access, Book: book, Mandate: id})
	if err != nil {
		return err
	}
	return r.mandateDone(&answer, c.JSON)
}

type mandateResumeCommand struct{ changing }

// Run implements the command.
func (c *mandateResumeCommand) Run(r *run) error {
	return c.carry(r, "resume", func(d *autopay.Desk, o autopay.Order) (autopay.Done, error) { return d.Resume(r.ctx, o) })
}

type mandateSkipCommand struct{ changing }

// Run implements the command.
func (c *mandateSkipCommand) Run(r *run) error {
	return c.carry(r, "skip", func(d *autopay.Desk, o autopay.Order) (autopay.Done, error) { return d.Skip(r.ctx, o) })
}

type mandateCancelCommand struct {
	changing
	Because string `help:"Another cause than the payer's wish." enum:",payer_died,method_gone,account_closed" default:""`
}

// Run implements the command.
func (c *mandateCancelCommand) Run(r *run) error {
	return c.carry(r, "cancel", func(d *autopay.Desk, o autopay.Order) (autopay.Done, error) {
		if c.Because != "" {
			return d.End(r.ctx, o, mandate.Reason(c.Because))
		}
		return d.Cancel(r.ctx, o)
	})
}

type mandatePauseCommand struct {
	changing
	From string `help:"First day; today when left out."`
	To   string `help:"Last day; until \"mandate resume\" when left out."`
}

// Run implements the command.
func (c *mandatePauseCommand) Run(r *run) error {
	return c.carry(r, "pause", func(d *autopay.Desk, o autopay.Order) (autopay.Done, error) {
		from, err := calendar.Parse(c.From)
		if err != nil {
			return autopay.Done{}, fault.New(fault.Invalid, "", "%q is no day", c.From)
		}
		to, err := calendar.Parse(c.To)
		if err != nil {
			return autopay.Done{}, fault.New(fault.Invalid, "", "%q is no day", c.To)
		}
		return d.Pause(r.ctx, o, from, to)
	})
}

type mandateChangeCommand struct {
	changing
	Cap     string `help:"Most that one debit may take, in dollars: not more than before."`
	Day     string `help:"When: due, day:5, before:3."`
	Percent *int   `help:"Announce only changes of more than so many percent; 0 for every change."`
	Within  string `help:"Announce only changes of more than so many dollars."`
}

// Run implements the command.
func (c *mandateChangeCommand) Run(r *run) error {
	return c.carry(r, "change", func(d *autopay.Desk, o autopay.Order) (autopay.Done, error) {
		terms, err := c.terms()
		if err != nil {
			return autopay.Done{}, err
		}
		return d.Change(r.ctx, o, terms)
	})
}

func (c *mandateChangeCommand) terms() (t autopay.Terms, err error) {
	if c.Cap != "" {
		t.Cap = new(money.Cents)
		if err := dollars(c.Cap, t.Cap); err != nil {
			return t, err
		}
	}
	if c.Day != "" {
		day, err := mandate.ParseDayRule(c.Day)
		if err != nil {
			return t, err
		}
		t.Day = &day
	}
	if c.Percent != nil || c.Within != "" {
		t.Range = &mandate.Range{}
		if c.Percent != nil {
			t.Range.Percent = *c.Percent
		}
		if err := dollars(c.Within, &t.Range.Cents); err != nil {
			return t, err
		}
	}
	if t == (autopay.Terms{}) {
		return t, fault.New(fault.Invalid, "", "say what changes: --cap, --day, --percent or --within")
	}
	return t, nil
}

type autopayCommand struct {
	Run autopayRunCommand `cmd:"" help:"Plan, announce and send what is debited automatically; \"run day\" does so too."`
}

type autopayRunCommand struct {
	where   `embed:""`
	staffer `embed:""`
	AsOf    string `help:"The day that is run; today when left out."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *autopayRunCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	if c.AsOf != "" {
		if day, err = calendar.Parse(c.AsOf); err != nil {
			return fault.New(fault.Invalid, "", "%q is no day", c.AsOf).WithHint("Write it as 2026-11-10.")
		}
	}
	report, err := o.runAutopay(r.ctx, day, actor, r.errs)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&report)
	}
	printAutopay(r, &report)
	return nil
}

// runAutopay carries out a day of automatic payment, with the cards that are due where
// the plan takes cards.
func (o *office) runAutopay(ctx context.Context, day calendar.Date, actor ident.Actor, errs io.Writer) (autopay.Report, error) {
	desk := o.autopay()
	report, err := desk.Run(ctx, day, actor, o.mailDesk())
	if err != nil || o.plan.Processor == nil || o.keys == "" || report.Ordered.Cards == 0 && !o.cardsWait(ctx, day) {
		return report, err
	}
	c, err := o.openCards(o.keys, unheard{}, slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return report, err
	}
	tally, err := desk.PullCards(ctx, day, actor, c.desk)
	report.Cards = &tally
	return report, err
}

// cardsWait reports whether cards are to be charged on a day: without any, the
// processor's key need not be there.
func (o *office) cardsWait(ctx context.Context, day calendar.Date) bool {
	queue, err := o.store.CardQueue(ctx, day, autopay.Place{}, 1)
	return err != nil || len(queue) > 0
}

// printAutopay writes what a day of automatic payment did.
func printAutopay(r *run, a *autopay.Report) {
	p, s := &a.Planned, &a.Ordered
	if p.Debits+p.Skipped+s.Entries+s.Cards+s.Dropped+a.Carried == 0 && a.Letters == (autopay.Letters{}) {
		return
	}
	r.printf("Automatic payment on %s\n", a.Day)
	line := func(name string, n int, cents money.Cents) {
		if n > 0 && cents > 0 {
			r.printf("  %-44s %10d %16s\n", name, n, cents.Grouped())
		} else if n > 0 {
			r.printf("  %-44s %10d\n", name, n)
		}
	}
	line("debits planned", p.Debits, p.Cents)
	line("of them to be announced", p.Announce, 0)
	line("of them moved to be announced in time", p.Moved, 0)
	line("left out: paused or skipped", p.Skipped, 0)
	line("letters kept", a.Letters.Changed+a.Letters.Copies+a.Letters.Stopped+a.Letters.Expiring, 0)
	line("sent to the clearing desk", s.Entries, s.EntriesCents)
	line("of them held: the account is not validated", s.Held, 0)
	line("cards in the queue", s.Cards, s.CardsCents)
	line("dropped: paid otherwise, or no longer possible", s.Dropped, 0)
	line("taken along to surviving accounts", a.Carried, 0)
	if c := a.Cards; c != nil {
		line("cards charged", c.Paid, c.PaidCents)
		line("cards declined", c.Declined, 0)
		line("cards waiting", c.Waiting, 0)
	}
}

type takeDebitCommand struct {
	where     `embed:""`
	staffer   `embed:""`
	agreement `embed:""`
	Amount    string `required:"" help:"Dollars, such as 150.00."`
	Fund      string `help:"What it pays." enum:"premium,medical,pharmacy" default:"premium"`
	On        string `help:"Not before this day; today when left out."`
}

// debitJSON is a single debit that was ordered.
type debitJSON struct {
	Entry    ident.Opaque  `json:"entry"`
	State    string        `json:"state"`
	Why      string        `json:"why,omitempty"`
	Class    string        `json:"class"`
	Amount   money.Cents   `json:"amount_cents"`
	CreditOn calendar.Date `json:"credit_on"`
	SettleOn calendar.Date `json:"settle_on"`
}

// Run implements the command.
func (c *takeDebitCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	s := autopay.Single{
		Key: c.key("debit"), Access: access, Fund: chart.Fund(c.Fund), Channel: mandate.Channel(c.Channel), Language: c.Language, Evidence: c.evidence(),
	}
	if s.Book, err = o.bookBy(r, c.Account); err != nil {
		return err
	}
	if _, err := o.clearingDesk(); err != nil {
		return err
	}
	account, err := readAccount(r.path(c.AccountFile))
	if err != nil {
		return err
	}
	s.Account = *account
	if err := dollars(c.Amount, &s.Amount); err != nil {
		return err
	}
	if s.On, err = calendar.Parse(c.On); err != nil {
		return fault.New(fault.Invalid, "", "%q is no day", c.On)
	}
	if s.Agreed, err = c.digest(); err != nil {
		return err
	}
	desk := o.autopay()
	if c.Show {
		w, text, err := desk.SingleWords(s)
		if err != nil {
			return err
		}
		return r.showText(w, text, c.JSON)
	}
	e, err := desk.OneTime(r.ctx, s)
	if err != nil {
		return err
	}
	view := debitJSON{e.ID, string(e.State), e.Why, string(e.SEC), e.Amount, e.CreditOn, e.SettleOn}
	if c.JSON {
		return r.printJSON(&view)
	}
	r.printf("%s will be debited for %s (%s), settled on %s; it is %s", view.Amount.Grouped(), view.CreditOn, view.Class, view.SettleOn, view.State)
	if view.Why != "" {
		r.printf(": %s", view.Why)
	}
	r.printf("\nEntry %s\n", view.Entry)
	return nil
}
