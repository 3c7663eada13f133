package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/suspense"
	"github.com/billfold/billfold/internal/payments/payment"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/wire"
)

// suspense is the desk at which money that waits is worked.
func (o *office) suspense() *suspense.Desk {
	return suspense.New(o.store, o.cashier, approval.New(o.store, o.clock), o.house, o.clock)
}

// wires is how the office reads wires.
func (o *office) wires() wire.Setting { return wire.Setting{House: o.house, Payers: o.store} }

// wireFile is a file of wires that is no statement: when its items are posted, those
// whose payer agrees with the number in their text go to their owners.
type wireFile struct {
	intake.Deposits
	office *office
}

// Reconcile implements intake.Statement.
func (f wireFile) Reconcile(ctx context.Context, _ intake.Kept, _ func() io.Reader) (any, error) {
	return f.office.suspense().Match(ctx)
}

type suspenseCommand struct {
	List    suspenseListCommand    `cmd:"" help:"List what is in suspense or unapplied, the oldest first."`
	Show    suspenseShowCommand    `cmd:"" help:"Show an entry, what was done about it, and who its owner may be."`
	Assign  suspenseAssignCommand  `cmd:"" help:"Give an entry to a member of staff to work on."`
	Note    suspenseNoteCommand    `cmd:"" help:"Note what was done about an entry: the bank was asked, the holder was written to."`
	Release suspenseReleaseCommand `cmd:"" help:"Give an entry to its owner; above the limit and for numbers that were not given plainly a second person agrees first."`
	Return  suspenseReturnCommand  `cmd:"" help:"Take an entry out of the books because it goes back to its sender; a second person agrees first."`
	Agree   suspenseAgreeCommand   `cmd:"" help:"Agree to a release or return as the second person, and carry it out."`
	Refuse  suspenseRefuseCommand  `cmd:"" help:"Refuse a release or return as the second person."`
	Match   suspenseMatchCommand   `cmd:"" help:"Give wires to their owners where number and payer agree; the day's run and every file of wires do it too."`
}

// suspenseDesk opens the office for a member of staff who works on money that waits.
func (r *run) suspenseDesk(w *where, s *staffer) (*office, audit.Access, func(), error) {
	actor, err := s.actor()
	if err != nil {
		return nil, audit.Access{}, nil, err
	}
	access, err := audit.By(actor, "work on suspense", "cli")
	if err != nil {
		return nil, audit.Access{}, nil, err
	}
	o, done, err := r.open(w)
	return o, access, done, err
}

type suspenseListCommand struct {
	where     `embed:""`
	staffer   `embed:""`
	Most      int    `help:"How many to list." default:"100"`
	Unapplied bool   `help:"Money of billing accounts that found nothing to pay, instead of money in suspense."`
	Owner     string `help:"Of this member of staff only."`
	Late      bool   `help:"Past a deadline only."`
	JSON      bool   `help:"Answer in JSON."`
}

// entryView is money that waits as the command line shows it.
type entryView struct {
	Ref         string           `json:"ref"`
	Reason      why.Reason       `json:"reason,omitempty"`
	Explanation string           `json:"explanation,omitempty"`
	Rail        payment.Rail     `json:"rail,omitempty"`
	Fund        chart.Fund       `json:"fund"`
	Received    string           `json:"received_on"`
	Age         int              `json:"age_days"`
	Owner       string           `json:"owner,omitempty"`
	Waiting     bool             `json:"waits_for_second_person,omitempty"`
	Open        money.Cents      `json:"open_cents"`
	Payment     payment.ID       `json:"payment,omitempty"`
	Details     why.Details      `json:"details"`
	Deadline    heldDeadlineView `json:"deadline"`
	Suggestions []suggestionView `json:"suggestions,omitempty"`
	History     []heldEventView  `json:"history,omitempty"`
}

type heldDeadlineView struct {
	On   calendar.Date `json:"on"`
	For  string        `json:"for"`
	Late bool          `json:"late,omitempty"`
}

type suggestionView struct {
	Number  string            `json:"number"`
	Why     string            `json:"why"`
	Grounds []suspense.Ground `json:"grounds"`
}

type heldEventView struct {
	At    string             `json:"at"`
	By    string             `json:"by"`
	Kind  suspense.EventKind `json:"kind"`
	Owner string             `json:"owner,omitempty"`
	Note  string             `json:"note,omitempty"`
}

func heldView(name string, item *suspense.Item) entryView {
	v := entryView{
		Ref: name, Reason: item.Reason, Rail: item.Rail, Fund: item.Purse.Fund, Received: item.Received.String(), Age: item.Age,
		Owner: item.Owner, Deadline: heldDeadlineView(item.Deadline), Waiting: item.Waiting, Open: item.Open, Payment: item.Payment,
		Details: item.Details,
	}
	v.Details.Payer = "" // a fingerprint says nothing to people
	if item.Kind == suspense.Suspense {
		v.Explanation = item.Reason.Explain()
	}
	return v
}

// Run implements the command.
func (c *suspenseListCommand) Run(r *run) error {
	o, access, done, err := r.suspenseDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	filter := suspense.Filter{Kind: suspense.Suspense, Owner: c.Owner, Late: c.Late}
	if c.Unapplied {
		filter.Kind = suspense.Unapplied
	}
	views := []entryView{}
	for cursor, more := (suspense.Cursor{}), true; more && len(views) < c.Most; {
		page, err := o.suspense().List(r.ctx, access, filter, cursor, min(c.Most-len(views), suspense.PageMax))
		if err != nil {
			return err
		}
		for i := range page.Items {
			name, err := o.suspense().Name(r.ctx, page.Items[i].Ref)
			if err != nil {
				return err
			}
			views = append(views, heldView(name, &page.Items[i]))
		}
		cursor, more = page.Next, page.More
	}
	if c.JSON {
		return r.printJSON(views)
	}
	if len(views) == 0 {
		r.printf("Nothing waits here.\n")
	}
	for _, v := range views {
		late := ""
		if v.Deadline.Late {
			late = ", late: " + strings.ReplaceAll(v.Deadline.For, "_", " ")
		}
		r.printf("%s  %s  %12s  %-18s %s%s\n", v.Ref, v.Received, v.Open.Grouped(), v.Reason, v.Details.Source, late)
	}
	return nil
}

type suspenseShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Entry   string `arg:"" help:"The entry, as \"suspense list\" shows it."`
	JSON    bool   `help:"Answer in JSON."`
}

var groundWords = map[suspense.Ground]string{
	suspense.NumberGiven: "the number stands in the reference", suspense.OldNumber: "an old number of this account stands in the reference",
	suspense.KnownPayer: "the same bank account paid it before", suspense.NameAgrees: "the payer's name agrees",
	suspense.NameLikely: "the payer's name may agree", suspense.NearMiss: "the number is one slip away",
	suspense.AmountOwed: "exactly this amount is open there",
}

var slipWords = map[billpay.Slip]string{
	billpay.Transposed: "two digits have changed places", billpay.Confused: "a digit was mistaken for one like it",
	billpay.Substituted: "one digit differs", billpay.Missing: "a digit is missing", billpay.Extra: "there is a digit too many",
}

func suggestionOf(s *suspense.Suggestion) suggestionView {
	v := suggestionView{Number: billpay.Number(s.Account).Grouped(), Grounds: s.Grounds}
	var words []string
	for _, g := range s.Grounds {
		text := groundWords[g]
		if slip := slipWords[s.Slip]; g == suspense.NearMiss && slip != "" {
			text = slip
		}
		words = append(words, text)
	}
	v.Why = strings.Join(words, ", ")
	return v
}

// Run implements the command.
func (c *suspenseShowCommand) Run(r *run) error {
	o, access, done, err := r.suspenseDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	ref, err := o.parseReference(r.ctx, c.Entry)
	if err != nil {
		return err
	}
	whole, err := o.suspense().Item(r.ctx, access, ref)
	if err != nil {
		return err
	}
	view := heldView(c.Entry, &whole.Item)
	for i := range whole.Suggestions {
		view.Suggestions = append(view.Suggestions, suggestionOf(&whole.Suggestions[i]))
	}
	for _, e := range whole.Events {
		view.History = append(view.History, heldEventView{e.At.Format("2006-01-02 15:04"), e.By.String(), e.Kind, e.Owner, e.Note})
	}
	if c.JSON {
		return r.printJSON(view)
	}
	c.print(r, &view)
	return nil
}

func (c *suspenseShowCommand) print(r *run, v *entryView) {
	r.printf("%s, received %s by %s, %s fund\n%s\nReference: %s\n", v.Open.Grouped(), v.Received, v.Rail, v.Fund,
		v.Explanation, strings.TrimSpace(v.Details.Reference))
	for _, line := range [][2]string{{"Payer", v.Details.PayerName}, {"Source", v.Details.Source}, {"With", v.Owner}} {
		if line[1] != "" {
			r.printf("%s: %s\n", line[0], line[1])
		}
	}
	r.printf("Due: %s by %s\n", strings.ReplaceAll(v.Deadline.For, "_", " "), v.Deadline.On)
	for _, e := range v.History {
		r.printf("%s %s %s %s%s\n", e.At, e.By, strings.ReplaceAll(string(e.Kind), "_", " "), e.Owner, e.Note)
	}
	for _, s := range v.Suggestions {
		r.printf("May be %s: %s\n", s.Number, s.Why)
	}
	r.printf("Give it to its owner: billfold suspense release %s --to NUMBER --reason TEXT\n", v.Ref)
}

type suspenseAssignCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Entry   string `arg:"" help:"The entry, as \"suspense list\" shows it."`
	To      string `help:"Who works on it; nobody when left out."`
}

// Run implements the command.
func (c *suspenseAssignCommand) Run(r *run) error {
	return r.held(&c.where, &c.staffer, c.Entry, func(o *office, by ident.Actor, ref cashier.Ref) error {
		return o.suspense().Assign(r.ctx, by, ref, c.To)
	})
}

type suspenseNoteCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Entry   string `arg:"" help:"The entry, as \"suspense list\" shows it."`
	Text    string `help:"What happened, without names or numbers of people."`
	Bank    bool   `help:"The bank was asked who paid or what for."`
	Notice  bool   `help:"The account's holder was written to."`
}

// Run implements the command.
func (c *suspenseNoteCommand) Run(r *run) error {
	kind := suspense.Noted
	switch {
	case c.Bank:
		kind = suspense.BankAsked
	case c.Notice:
		kind = suspense.NoticeSent
	}
	return r.held(&c.where, &c.staffer, c.Entry, func(o *office, by ident.Actor, ref cashier.Ref) error {
		return o.suspense().Note(r.ctx, by, ref, kind, c.Text)
	})
}

// held does something about one entry.
func (r *run) held(w *where, s *staffer, entry string, act func(o *office, by ident.Actor, ref cashier.Ref) error) error {
	actor, err := s.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	ref, err := o.parseReference(r.ctx, entry)
	if err == nil {
		err = act(o, actor, ref)
	}
	if err == nil {
		r.printf("Noted.\n")
	}
	return err
}

type suspenseReleaseCommand struct {
	correction `embed:""`
	Entry      string `arg:"" help:"The entry, as \"suspense list\" shows it."`
	To         string `required:"" help:"Bill pay number or old number of its owner."`
	Fund       string `help:"Another fund than the one that received it, on the payer's instruction." enum:",premium,medical,pharmacy" default:""`
	Amount     string `help:"Part of it, in dollars; all when left out."`
}

// Run implements the command.
func (c *suspenseReleaseCommand) Run(r *run) error {
	amount := money.Cents(0)
	if c.Amount != "" {
		var err error
		if amount, err = money.Parse(c.Amount); err != nil {
			return fault.New(fault.Invalid, "", "--amount: %v", err)
		}
	}
	return c.carry(r, c.Entry, "Released", func(d *suspense.Desk, o suspense.Order) (suspense.Outcome, error) {
		o.To, o.Fund, o.Amount = c.To, chart.Fund(c.Fund), amount
		return d.Release(r.ctx, o)
	})
}

type suspenseReturnCommand struct {
	correction `embed:""`
	Entry      string `arg:"" help:"The entry, as \"suspense list\" shows it."`
}

// Run implements the command.
func (c *suspenseReturnCommand) Run(r *run) error {
	return c.carry(r, c.Entry, "Sent back", func(d *suspense.Desk, o suspense.Order) (suspense.Outcome, error) {
		return d.SendBack(r.ctx, o)
	})
}

// carry gives an order to the desk and tells what became of it.
func (c *correction) carry(
	r *run, entry, say string, act func(d *suspense.Desk, o suspense.Order) (suspense.Outcome, error),
) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	ref, err := o.parseReference(r.ctx, entry)
	if err != nil {
		return err
	}
	order, err := c.order()
	if err != nil {
		return err
	}
	out, err := act(o.suspense(), suspense.Order{Order: order, Ref: ref})
	if err != nil {
		return err
	}
	return r.heldOutcome(o, out, c.JSON, say)
}

type waitingView struct {
	Approval ident.Opaque   `json:"approval"`
	State    approval.State `json:"state"`
}

func (r *run) heldOutcome(o *office, out suspense.Outcome, asJSON bool, say string) error {
	if out.Waiting == nil {
		return r.done(o, out.Done, asJSON, say)
	}
	if asJSON {
		return r.printJSON(waitingView{out.Waiting.ID, out.Waiting.State})
	}
	r.printf("This waits for a second person: billfold suspense agree %s\n", out.Waiting.ID)
	return nil
}

type suspenseAgreeCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The approval, as \"suspense release\" gave it."`
	Note    string `help:"What was looked at."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *suspenseAgreeCommand) Run(r *run) error {
	return r.decide(&c.where, &c.staffer, c.ID, true, c.Note, func(o *office, request approval.Request) error {
		out, err := o.suspense().CarryOut(r.ctx, request)
		if err != nil {
			return err
		}
		return r.heldOutcome(o, out, c.JSON, "Carried out")
	})
}

type suspenseRefuseCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The approval, as \"suspense release\" gave it."`
	Note    string `required:"" help:"Why."`
}

// Run implements the command.
func (c *suspenseRefuseCommand) Run(r *run) error {
	return r.decide(&c.where, &c.staffer, c.ID, false, c.Note, func(*office, approval.Request) error {
		r.printf("Refused.\n")
		return nil
	})
}

func (r *run) decide(
	w *where, s *staffer, text string, agree bool, note string, then func(o *office, request approval.Request) error,
) error {
	actor, err := s.actor()
	if err != nil {
		return err
	}
	id, err := ident.ParseOpaque(text)
	if err != nil {
		return fault.New(fault.Invalid, "", "%q names no approval: %v", text, err)
	}
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	approvals := approval.New(o.store, o.clock)
	request, err := approvals.Request(r.ctx, id)
	switch {
	case err != nil:
		return err
	case request.Kind != approval.SuspenseRelease:
		return fault.New(fault.Invalid, "", "this approval is not about money that waits")
	case request.State == approval.Asked || !agree:
		request, err = approvals.Decide(r.ctx, id, actor, agree, note)
	case request.State != approval.Agreed:
		err = fault.New(fault.Conflict, "", "this was %s", request.State)
	}
	if err != nil {
		return err
	}
	return then(o, request)
}

type suspenseMatchCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *suspenseMatchCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	tally, err := o.suspense().Match(r.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]int{"looked": tally.Looked, "matched": tally.Matched})
	}
	r.printf("Looked at %s, gave %d to their owners.\n", fmt.Sprint(tally.Looked), tally.Matched)
	return nil
}
