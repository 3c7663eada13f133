package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/recon"
)

// bankAccountPrint is what fingerprints of bank accounts on statements are for.
const bankAccountPrint = "bank statement"

// recon gives the desk that reconciles the office's bank accounts.
func (o *office) recon() *recon.Desk {
	print := func(number secret.Text) (string, error) {
		sum, err := o.vault.Fingerprint(number, bankAccountPrint)
		return hex.EncodeToString(sum), err
	}
	return recon.New(o.store, o.cashier, o.house, o.clock, print, o.plan.Reconcile, approval.New(o.store, o.clock), o.signing)
}

// statementFile is a bank's statement: its wires are payments, and all its lines are
// reconciled.
type statementFile struct {
	intake.Deposits
	office *office
	read   recon.Reader
}

// reconciled is what reconciliation made of a statement file.
type reconciled struct {
	Loaded recon.LoadReport `json:"loaded"`
	Run    recon.RunReport  `json:"reconciled"`
}

// Rest implements intake.Beside.
func (f statementFile) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	if _, err := f.office.suspense().Match(ctx); err != nil {
		return nil, err
	}
	desk := f.office.recon()
	loaded, err := desk.Load(ctx, file.Book, open, f.read)
	if err != nil {
		return nil, err
	}
	ran, err := desk.Run(ctx, file.Actor)
	return reconciled{loaded, ran}, err
}

type reconCommand struct {
	Run      reconRunCommand      `cmd:"" help:"Match what the bank showed with what is expected, and name what is left."`
	Expected reconExpectedCommand `cmd:"" help:"What the bank is expected to show."`
	List     reconListCommand     `cmd:"" help:"The exceptions, the oldest first."`
	Show     reconShowCommand     `cmd:"" help:"One exception with its history and what could explain it."`
	Note     reconNoteCommand     `cmd:"" help:"Add a remark to an exception."`
	Own      reconOwnCommand      `cmd:"" help:"Give an exception to somebody."`
	Extend   reconExtendCommand   `cmd:"" help:"Give an exception more time."`
	Explain  reconExplainCommand  `cmd:"" help:"Say which expected settlements a line settles."`
	WriteOff reconWriteOffCommand `cmd:"" help:"Take what is open off to bank charges or losses; a second person agrees first."`
	Suspend  reconSuspendCommand  `cmd:"" help:"Make a payment of what a line brought and nothing explains."`
	Settle   reconSettleCommand   `cmd:"" help:"End an exception about a second statement of a day; a second person agrees first."`
	Carry    reconCarryCommand    `cmd:"" help:"Carry out what was proposed about an exception and agreed to."`
	Unmatch  reconUnmatchCommand  `cmd:"" help:"Take back what explained a line."`
}

// reconDesk opens the office for a command about reconciliation.
func (r *run) reconDesk(w *where, s *staffer) (*office, *recon.Desk, ident.Actor, func(), error) {
	actor, err := s.actor()
	if err != nil {
		return nil, nil, actor, nil, err
	}
	o, done, err := r.open(w)
	if err != nil {
		return nil, nil, actor, nil, err
	}
	return o, o.recon(), actor, done, nil
}

type reconRunCommand struct {
	where   `embed:""`
	staffer `embed:""`
	JSON    bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *reconRunCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	report, err := desk.Run(r.ctx, actor)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(report)
	}
	r.printf("%d lines booked, of which %d match; %d earlier ones explained.\n", report.Lines, report.Matched, report.Explained)
	r.printf("Open: %d expected settlements, %d exceptions; %s of the bank's lines is not explained.\n",
		report.Expected, report.Exceptions, report.OpenCents.Grouped())
	return nil
}

type reconExpectedCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Limit   int  `help:"How many at most." default:"200"`
	JSON    bool `help:"A line of JSON for each."`
}

// Run implements the command.
func (c *reconExpectedCommand) Run(r *run) error {
	_, desk, _, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	all, err := desk.Expected(r.ctx, recon.ExpectedFilter{Open: true, Limit: c.Limit})
	if err != nil {
		return err
	}
	for i := range all {
		e := &all[i]
		if c.JSON {
			err = r.printJSON(map[string]any{
				"name": e.Name(), "account": chart.Name(e.Account), "expected_on": e.On, "late_on": e.LateOn, "items": e.Items,
				"open_cents": e.Open(), "comes_cents": e.Comes(), "reference": e.Ref,
			})
		} else {
			r.printf("%s  %-28s %16s  %s\n", e.On, chart.Name(e.Account), e.Comes().Grouped(), e.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type reconListCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Kind    string `help:"Only of this kind."`
	Owner   string `help:"Only of this owner."`
	Ended   bool   `help:"Those that ended, instead."`
	JSON    bool   `help:"A line of JSON for each."`
}

// Run implements the command.
func (c *reconListCommand) Run(r *run) error {
	_, desk, _, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	all, err := desk.Exceptions(r.ctx, recon.ExceptionFilter{Kind: recon.Kind(c.Kind), Owner: c.Owner, Ended: c.Ended})
	if err != nil {
		return err
	}
	for i := range all {
		if c.JSON {
			err = r.printJSON(all[i])
		} else {
			e := &all[i]
			r.printf("%s  %-17s %16s  until %s  %-12s %s\n", e.OpenedOn, e.Kind, e.Open.Grouped(), e.LimitOn, e.Owner, e.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type reconShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception, as list shows it."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *reconShowCommand) Run(r *run) error {
	_, desk, _, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	d, err := desk.Exception(r.ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(d)
	}
	r.printf("%s over %s, open since %s, to be ended by %s; it is with %s\n", d.Kind, d.Open.Grouped(), d.OpenedOn, d.LimitOn, d.Owner)
	if d.Line != nil {
		r.printf("  line %d of %s: %s, %s, reference %q %q\n  %s\n", d.Line.No, d.Line.AsOf, d.Line.Code, d.Line.Amount.Grouped(), d.Line.CustomerRef,
			d.Line.BankRef, d.Line.Text)
	}
	for _, a := range d.Acts {
		r.printf("  %s  %s  %s: %s\n", a.At.Format("2006-01-02 15:04"), a.Actor, a.Act, a.Note)
	}
	for i := range d.Candidates {
		e := &d.Candidates[i]
		r.printf("  could be: %s %16s  %s\n", e.On, e.Comes().Grouped(), e.Name())
	}
	return nil
}

type reconNoteCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
	Text    string `arg:"" help:"What is to be remembered."`
	Asked   bool   `help:"The bank was asked."`
}

// Run implements the command.
func (c *reconNoteCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	if c.Asked {
		return desk.AskedBank(r.ctx, c.ID, actor, c.Text)
	}
	return desk.Note(r.ctx, c.ID, actor, c.Text)
}

type reconOwnCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
	Owner   string `arg:"" help:"Who has it from now on."`
}

// Run implements the command.
func (c *reconOwnCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	return desk.Own(r.ctx, c.ID, actor, c.Owner)
}

type reconExtendCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
	To      string `required:"" help:"The day up to which it may be open, such as 2026-12-01."`
	Reason  string `required:"" help:"Why."`
}

// Run implements the command.
func (c *reconExtendCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	to, err := calendar.Parse(c.To)
	if err != nil {
		return fault.New(fault.Invalid, "", "--to: %v", err)
	}
	return desk.Extend(r.ctx, c.ID, actor, to, c.Reason)
}

// proposed tells what became of a proposal.
func (r *run) proposed(o recon.Outcome, err error) error {
	switch {
	case err != nil:
		return err
	case o.Waiting != nil:
		r.printf("This waits for a second person: approval %s, %s.\n", o.Waiting.ID, o.Waiting.State)
	case !o.Done:
		r.printf("Nothing was agreed to yet.\n")
	default:
		r.printf("Done.\n")
	}
	return nil
}

type reconExplainCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string   `arg:"" help:"The exception of the line."`
	With    []string `required:"" help:"Expected settlements, as expected and show name them; they sum to what is open of the line."`
	Reason  string   `required:"" help:"Why."`
}

// Run implements the command.
func (c *reconExplainCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	return r.proposed(desk.Explain(r.ctx, c.ID, actor, c.With, c.Reason))
}

type reconWriteOffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
	To      string `help:"To which account." enum:"losses,bank-charges" default:"losses"`
	Reason  string `required:"" help:"Why."`
}

// Run implements the command.
func (c *reconWriteOffCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	to := chart.Losses
	if c.To == chart.BankCharges.String() {
		to = chart.BankCharges
	}
	return r.proposed(desk.WriteOff(r.ctx, c.ID, actor, to, c.Reason))
}

type reconSuspendCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception of the line."`
	Number  string `help:"The bill pay number whose money it is; into suspense when left out."`
	Reason  string `required:"" help:"Why."`
}

// Run implements the command.
func (c *reconSuspendCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	return r.proposed(desk.ToSuspense(r.ctx, c.ID, actor, c.Number, c.Reason))
}

type reconSettleCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
	Reason  string `required:"" help:"What the bank said."`
}

// Run implements the command.
func (c *reconSettleCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	return r.proposed(desk.Settle(r.ctx, c.ID, actor, c.Reason))
}

type reconCarryCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The exception."`
}

// Run implements the command.
func (c *reconCarryCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	return r.proposed(desk.CarryAgreed(r.ctx, c.ID, actor))
}

type reconUnmatchCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Line    string `arg:"" help:"The line: its book and number, as l:BOOK:NUMBER or BOOK:NUMBER."`
	Reason  string `required:"" help:"Why."`
}

// Run implements the command.
func (c *reconUnmatchCommand) Run(r *run) error {
	_, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	var book ledger.BookNo
	var no int64
	text := c.Line
	if len(text) > 2 && text[:2] == "l:" {
		text = text[2:]
	}
	if _, err := fmt.Sscanf(text, "%d:%d", &book, &no); err != nil {
		return fault.New(fault.Invalid, "", "%q names no line of a bank's statement", c.Line)
	}
	return desk.Unmatch(r.ctx, book, no, actor, c.Reason)
}
