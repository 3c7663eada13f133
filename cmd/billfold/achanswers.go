package main

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

type achValidateCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Date    string `help:"The day by which prenotes are judged; today when left out."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *achValidateCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day := o.clearingDay()
	if c.Date != "" {
		if day, err = o.dayOrToday(c.Date); err != nil {
			return err
		}
	}
	report, err := desk.Validate(r.ctx, day, actor)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(report)
	}
	r.printf("Accounts to try: %d new, %d wait, %d found good\n", report.Asked, report.Wait, report.Good)
	return nil
}

type achAttestCommand struct {
	where   `embed:""`
	Number  string `arg:"" help:"The bill pay number."`
	Method  string `arg:"" help:"The payment method, as \"mandate\" shows it."`
	Way     string `help:"How it was found." enum:"micro_entries,service" default:"service"`
	Bad     bool   `help:"The account is not good: held debits end."`
	Because string `help:"Why it is not good."`
}

// Run implements the command.
func (c *achAttestCommand) Run(r *run) error {
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	book, err := o.accountOf(c.Number)
	if err != nil {
		return err
	}
	method, err := ident.ParseOpaque(c.Method)
	if err != nil {
		return fault.New(fault.Invalid, "", "the payment method: %v", err)
	}
	return desk.Attest(r.ctx, book, method, mandate.Validation(c.Way), !c.Bad, c.Because)
}

type achEntriesCommand struct {
	where  `embed:""`
	Number string `arg:"" help:"The bill pay number."`
	JSON   bool   `help:"Answer in JSON."`
}

// achEntryJSON is an entry as the command line tells it.
type achEntryJSON struct {
	Entry      ident.Opaque       `json:"entry"`
	Direction  clearing.Direction `json:"direction"`
	Kind       clearing.Kind      `json:"kind"`
	SEC        clearing.SEC       `json:"sec"`
	Cents      int64              `json:"cents"`
	CreditOn   calendar.Date      `json:"credit_on"`
	SettleOn   calendar.Date      `json:"settle_on"`
	State      clearing.State     `json:"state"`
	Why        string             `json:"why,omitempty"`
	Tries      int                `json:"tries"`
	File       int64              `json:"file,omitempty"`
	ReturnCode string             `json:"return_code,omitempty"`
}

// Run implements the command.
func (c *achEntriesCommand) Run(r *run) error {
	o, _, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	book, err := o.accountOf(c.Number)
	if err != nil {
		return err
	}
	entries, err := o.store.EntriesOf(r.ctx, book)
	if err != nil {
		return err
	}
	list := []achEntryJSON{}
	for i := range entries {
		e := &entries[i]
		list = append(list, achEntryJSON{
			e.ID, e.Direction, e.Kind, e.SEC, int64(e.Amount), e.CreditOn, e.SettleOn, e.State, e.Why, e.Tries, e.File, e.ReturnCode,
		})
	}
	if c.JSON {
		return r.printJSON(map[string]any{"entries": list})
	}
	for i := range entries {
		e := &entries[i]
		r.printf("%s, %s %s %s of %s for %s, settles %s: %s", e.ID, e.SEC, e.Kind, e.Direction, e.Amount.Grouped(), e.CreditOn, e.SettleOn, e.State)
		if e.Why != "" {
			r.printf(" (%s)", e.Why)
		}
		r.printf("\n")
	}
	return nil
}

// achEntry names an entry and who acts.
type achEntry struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"The bill pay number."`
	Entry   string `arg:"" help:"The entry, as \"ach entries\" shows it."`
}

func (c *achEntry) do(r *run, act func(desk *clearing.Desk, ref clearing.EntryRef, by ident.Actor) (clearing.Entry, error)) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	book, err := o.accountOf(c.Number)
	if err != nil {
		return err
	}
	e, err := act(desk, clearing.EntryRef{Book: book, ID: ident.Opaque(c.Entry)}, actor)
	if err != nil {
		return err
	}
	r.printf("entry %s: %s\n", e.ID, e.State)
	return nil
}

type achCancelCommand struct {
	achEntry `embed:""`
	Reason   string `help:"Why." required:""`
}

// Run implements the command.
func (c *achCancelCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, ref clearing.EntryRef, by ident.Actor) (clearing.Entry, error) {
		return desk.Cancel(r.ctx, ref, by, c.Reason)
	})
}

type achReverseCommand struct {
	achEntry `embed:""`
	Mistake  string `help:"What was wrong." enum:"duplicate,wrong_amount,wrong_receiver,wrong_day" required:""`
}

// Run implements the command.
func (c *achReverseCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, ref clearing.EntryRef, by ident.Actor) (clearing.Entry, error) {
		return desk.Reverse(r.ctx, ref, clearing.Mistake(c.Mistake), by)
	})
}

type achReturnsCommand struct {
	where `embed:""`
	Most  int  `help:"How many, the soonest due first." default:"100"`
	JSON  bool `help:"Answer in JSON."`
}

// answerJSON is an open item as the command line tells it.
type answerJSON struct {
	Item     string              `json:"item"` // file and number, for "ach settle"
	Kind     clearing.AnswerKind `json:"kind"`
	Code     string              `json:"code"`
	Cents    int64               `json:"cents"`
	Credit   bool                `json:"credit"`
	Outcome  clearing.Outcome    `json:"outcome"`
	Why      string              `json:"why"`
	DueOn    calendar.Date       `json:"due_on"`
	Original string              `json:"original_trace"`
}

// Run implements the command.
func (c *achReturnsCommand) Run(r *run) error {
	o, _, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	open, err := o.store.OpenAnswers(r.ctx, c.Most)
	if err != nil {
		return err
	}
	list := []answerJSON{}
	for i := range open {
		a := &open[i]
		file, err := o.store.OpaqueOf(r.ctx, a.File)
		if err != nil {
			return err
		}
		list = append(list, answerJSON{
			fmt.Sprintf("%s:%d", file, a.No), a.Kind, a.Code, int64(a.Amount), a.Credit, a.Outcome, a.Why, a.DueOn,
			fmt.Sprintf("%015d", int64(a.Original)),
		})
	}
	if c.JSON {
		return r.printJSON(map[string]any{"open": list})
	}
	for i := range list {
		a := &list[i]
		r.printf("%s, due %s: %s %s of %s, %s: %s\n", a.Item, a.DueOn, a.Kind, a.Code, open[i].Amount.Grouped(), a.Outcome, a.Why)
	}
	return nil
}

type achSettleCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Item    string `arg:"" help:"The item, as \"ach returns\" shows it."`
	Note    string `help:"What was done about it." required:""`
}

// Run implements the command.
func (c *achSettleCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	ref, err := o.parseReference(r.ctx, c.Item)
	if err != nil {
		return err
	}
	a, err := desk.Settle(r.ctx, ref.Book, ref.Seq, actor, c.Note)
	if err != nil {
		return err
	}
	r.printf("%s: %s\n", c.Item, a.State)
	return nil
}

type achRatesCommand struct {
	where `embed:""`
	Date  string `help:"The last of the sixty days; today when left out."`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *achRatesCommand) Run(r *run) error {
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day := o.clearingDay()
	if c.Date != "" {
		if day, err = o.dayOrToday(c.Date); err != nil {
			return err
		}
	}
	standings, err := desk.Rates(r.ctx, day)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"rates": standings})
	}
	for _, s := range standings {
		mark := ""
		if s.Over {
			mark = ": OVER THE LIMIT"
		} else if s.Alarm {
			mark = ": near the limit"
		}
		r.printf("%s%s\n", s, mark)
	}
	return nil
}

type achCodesCommand struct{}

// Run implements the command.
func (c *achCodesCommand) Run(r *run) error {
	for _, rule := range clearing.ReturnRules() {
		var does []string
		for _, part := range []string{string(rule.Consent), rule.Person} {
			if part != "" {
				does = append(does, part)
			}
		}
		if rule.Again {
			does = append(does, "sent again, twice at most within 180 days")
		}
		r.printf("%s %s; %s; counts as %s; %s\n", rule.Code, rule.Meaning, rule.Reach, rule.Rate, strings.Join(does, "; "))
	}
	return nil
}
