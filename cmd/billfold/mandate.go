package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/region"
)

type mandateCommand struct {
	Give   mandateGiveCommand   `cmd:"" help:"Keep a payer's consent to be debited, or show the text that the payer is to agree to."`
	Show   mandateShowCommand   `cmd:"" help:"Show the consents, payment methods and debits of a billing account."`
	List   mandateListCommand   `cmd:"" help:"List live consents."`
	Change mandateChangeCommand `cmd:"" help:"Change the cap, the day, or which changes of amount are announced."`
	Pause  mandatePauseCommand  `cmd:"" help:"Take nothing that falls due in a span of days."`
	Resume mandateResumeCommand `cmd:"" help:"End a pause."`
	Skip   mandateSkipCommand   `cmd:"" help:"Leave out the next debit."`
	Cancel mandateCancelCommand `cmd:"" help:"End a consent as its payer asks."`
}

// autopay is the office's desk for what is debited.
func (o *office) autopay() *autopay.Desk {
	return &autopay.Desk{
		Store: o.store, Trail: o.members.trail, House: o.house, Clock: o.clock, Creditor: o.creditor,
		Clearing: clearing.New(clearing.Parts{Store: o.store, House: o.house, Clock: o.clock}),
	}
}

// creditor gives who debits for a fund and whom a payer calls: the premium line of the
// first region that has one.
func (o *office) creditor(fund chart.Fund) (company, phone string) {
	entity, _ := o.plan.Entity(o.plan.EntityOf(fund)) // every fund has one
	for _, pack := range o.plan.Regions {
		if contact, ok := pack.Contact(region.Premiums, region.AllTypes); ok {
			return entity.Name, string(contact.Phone.Number)
		}
	}
	return entity.Name, ""
}

// bookBy finds a billing account, following merges.
func (o *office) bookBy(r *run, text string) (ledger.BookNo, error) {
	ref, err := registry.ParseReference(text)
	if err != nil {
		return 0, err
	}
	found, err := registry.Resolve(r.ctx, o.store, []registry.Reference{ref})
	if err != nil {
		return 0, err
	}
	return found[0].Book.No, found[0].Err
}

// mandatesFile is the CSV of mandates of another system.
type mandatesFile struct {
	intake.Format
	office *office
}

// Prove implements intake.Roster.
func (f mandatesFile) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return f.office.autopay().Prove(ctx, open)
}

// Apply implements intake.Roster.
func (f mandatesFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	access, err := audit.By(file.Actor, "mandates of another system", "file "+string(file.Opaque))
	if err != nil {
		return nil, err
	}
	return f.office.autopay().Import(ctx, access, open)
}

// bankFile is a bank account as a file tells it, so that its number stands in no
// command line.
type bankFile struct {
	Routing  string `json:"routing"`
	Number   string `json:"number"`
	Kind     string `json:"kind"`
	Holder   string `json:"holder"`
	Business bool   `json:"business"`
}

func readAccount(path string) (*mandate.BankAccount, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "", "the file with the bank account cannot be read")
	}
	var f bankFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fault.New(fault.Invalid, "", "the file with the bank account is not JSON").
			WithHint(`Write {"routing": "...", "number": "...", "kind": "checking", "holder": "..."}.`)
	}
	account, err := mandate.ParseBankAccount(f.Routing, f.Number, f.Kind, f.Holder, f.Business)
	return &account, err
}

// agreement is what every consent at the command line has.
type agreement struct {
	Key           string `help:"Names the consent, so that the same one is kept once; made up when left out."`
	Account       string `required:"" help:"Bill pay number, old number or opaque id."`
	AccountFile   string `help:"A JSON file with routing, number, kind (checking or savings), holder and business; nobody else may read it."`
	Channel       string `required:"" help:"Where the payer agreed." enum:"web,phone,paper,counter,staff"`
	Name          string `required:"" help:"The payer's name, as signed or spoken."`
	Authenticated string `help:"How it was made sure who agreed."`
	Recording     string `help:"Of a call: where its recording or the written confirmation is kept."`
	Document      string `help:"Of paper: where the signed form is kept."`
	Language      string `help:"In which the payer read or heard the text." default:"en"`
	Agreed        string `help:"Digest of the text as --show gave it: nothing else is kept."`
	Show          bool   `help:"Show the text and its digest, and keep nothing."`
	Reason        string `help:"Why; it stands in the audit trail." default:"a consent to be debited"`
	JSON          bool   `help:"Answer in JSON."`
}

func (a *agreement) evidence() mandate.Evidence {
	return mandate.Evidence{Name: a.Name, Authenticated: a.Authenticated, Recording: a.Recording, Document: a.Document}
}

func (a *agreement) key(act string) ident.Key { return keyOf(a.Key, act) }

// keyOf gives the key of an order, made up where none was given.
func keyOf(given, act string) ident.Key {
	if given != "" {
		return ident.Key(given)
	}
	return ident.Key(act + ":" + string(ident.NewOpaque()))
}

func (a *agreement) digest() (sum [32]byte, err error) {
	if a.Agreed == "" {
		return sum, nil
	}
	text, err := hex.DecodeString(a.Agreed)
	if err != nil || len(text) != len(sum) {
		return sum, fault.New(fault.Invalid, "", "--agreed is no digest: take it from --show")
	}
	return [32]byte(text), nil
}

// textJSON is a text to which a payer is to agree.
type textJSON struct {
	Wording  string         `json:"wording"`
	Language string         `json:"language"`
	Review   mandate.Review `json:"review"`
	Text     string         `json:"text"`
	Digest   string         `json:"digest"`
}

func (r *run) showText(w mandate.Wording, text string, asJSON bool) error {
	sum := mandate.DigestOf(text)
	view := textJSON{w.ID, w.Language, w.Review, text, hex.EncodeToString(sum[:])}
	if asJSON {
		return r.printJSON(&view)
	}
	r.printf("%s\n\nWording %s in %s, legal review: %s\nDigest %s\n", text, view.Wording, view.Language, view.Review, view.Digest)
	return nil
}

type mandateGiveCommand struct {
	where     `embed:""`
	staffer   `embed:""`
	agreement `embed:""`
	Method    string `help:"A payment method that is on file, by its id, instead of --account-file."`
	Fund      string `help:"What is paid." enum:"premium,medical,pharmacy" default:"premium"`
	Purpose   string `help:"Premiums only, or whatever is due in the fund." enum:"premium,balance" default:"balance"`
	Cap       string `help:"Most that one debit may take, in dollars; without it all that is due."`
	Day       string `help:"When: due, day:5 (of the month), before:3 (days before the due date)." default:"due"`
	Percent   int    `help:"Announce only changes of more than so many percent; without it every change."`
	Within    string `help:"Announce only changes of more than so many dollars."`
	Expected  string `help:"The first debit's amount, when the payer was told it."`
	From      string `help:"No debit before this day; the consent's own when left out."`
	Replace   bool   `help:"Put it in the place of a consent that is live for the fund."`
}

// Run implements the command.
func (c *mandateGiveCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	g, err := c.order(r, o, access)
	if err != nil {
		return err
	}
	desk := o.autopay()
	if c.Show {
		w, text, err := desk.Words(r.ctx, g)
		if err != nil {
			return err
		}
		return r.showText(w, text, c.JSON)
	}
	given, err := desk.Give(r.ctx, g)
	if err != nil {
		return err
	}
	return r.mandateDone(&given, c.JSON)
}

func (c *mandateGiveCommand) order(r *run, o *office, access audit.Access) (g autopay.Give, err error) {
	g = autopay.Give{
		Key: c.key("mandate"), Access: access, Fund: chart.Fund(c.Fund), Purpose: mandate.Purpose(c.Purpose), Replace: c.Replace, Method: ident.Opaque(c.Method),
		Channel: mandate.Channel(c.Channel), Language: c.Language, Evidence: c.evidence(), Range: mandate.Range{Percent: c.Percent},
	}
	if g.Book, err = o.bookBy(r, c.Account); err != nil {
		return g, err
	}
	if c.AccountFile != "" {
		if _, err := o.clearingDesk(); err != nil {
			return g, err
		}
		if g.Account, err = readAccount(r.path(c.AccountFile)); err != nil {
			return g, err
		}
	}
	if g.Day, err = mandate.ParseDayRule(c.Day); err != nil {
		return g, err
	}
	for text, into := range map[string]*money.Cents{c.Cap: &g.Cap, c.Within: &g.Range.Cents, c.Expected: &g.Expected} {
		if err := dollars(text, into); err != nil {
			return g, err
		}
	}
	if g.BeginsOn, err = calendar.Parse(c.From); err != nil {
		return g, fault.New(fault.Invalid, "", "%q is no day", c.From)
	}
	g.Agreed, err = c.digest()
	return g, err
}

// dollars reads an amount where one was given.
func dollars(text string, into *money.Cents) error {
	if text == "" {
		return nil
	}
	cents, err := money.Parse(text)
	if err != nil || cents < 0 {
		return fault.New(fault.Invalid, "", "%q is no amount in dollars", text)
	}
	*into = cents
	return nil
}

// mandateJSON is a consent as the command line shows it. No account shows but by its
// mask, and evidence only by what it is.
type mandateJSON struct {
	Mandate   ident.Opaque    `json:"mandate"`
	Method    ident.Opaque    `json:"method"`
	Tender    mandate.Tender  `json:"tender"`
	Fund      chart.Fund      `json:"fund"`
	Purpose   mandate.Purpose `json:"purpose"`
	Class     mandate.Class   `json:"class,omitempty"`
	Cap       money.Cents     `json:"cap_cents,omitempty"`
	Day       string          `json:"day"`
	Percent   int             `json:"announce_beyond_percent,omitempty"`
	Within    money.Cents     `json:"announce_beyond_cents,omitempty"`
	State     mandate.State   `json:"state"`
	Reason    mandate.Reason  `json:"reason,omitempty"`
	PausedTo  calendar.Date   `json:"paused_to,omitzero"`
	BeginsOn  calendar.Date   `json:"begins_on"`
	EndedOn   calendar.Date   `json:"ended_on,omitzero"`
	KeepUntil calendar.Date   `json:"keep_until,omitzero"`
	Channel   mandate.Channel `json:"channel"`
	GivenOn   calendar.Date   `json:"given_on"`
	Wording   string          `json:"wording"`
	Language  string          `json:"language"`
	Digest    string          `json:"text_digest"`
	Follows   ident.Opaque    `json:"follows,omitempty"`
	Replayed  bool            `json:"replayed,omitempty"`
	Withdrawn []pullJSON      `json:"withdrawn,omitempty"` // stopped in time
	Late      []pullJSON      `json:"gone_out,omitempty"`  // too late to stop here
	Debits    []pullJSON      `json:"debits,omitempty"`
}

// pullJSON is a debit as the command line shows it.
type pullJSON struct {
	Debit    ident.Opaque      `json:"debit"`
	DueOn    calendar.Date     `json:"due_on"`
	CreditOn calendar.Date     `json:"credit_on"`
	Amount   money.Cents       `json:"amount_cents"`
	State    autopay.PullState `json:"state"`
	Why      string            `json:"why,omitempty"`
	Tries    int               `json:"tries,omitempty"`
}

func viewOfMandate(m *mandate.Mandate) mandateJSON {
	return mandateJSON{
		Mandate: m.ID, Method: m.Method, Tender: m.Tender, Fund: m.Purse.Fund, Purpose: m.Purpose, Class: m.Class, Cap: m.Cap, Day: m.Day.String(),
		Percent: m.Range.Percent, Within: m.Range.Cents, State: m.State, Reason: m.Reason, PausedTo: m.PausedTo, BeginsOn: m.BeginsOn,
		EndedOn: m.EndedOn, KeepUntil: m.KeepUntil, Channel: m.Consent.Channel, GivenOn: m.Consent.GivenOn, Wording: m.Consent.Wording,
		Language: m.Consent.Language, Digest: hex.EncodeToString(m.Consent.Digest[:]), Follows: m.Follows,
	}
}

func viewOfPulls(pulls []autopay.Pull) []pullJSON {
	views := make([]pullJSON, len(pulls))
	for i, p := range pulls {
		views[i] = pullJSON{p.ID, p.DueOn, p.Times.Credit, p.Amount, p.State, p.Why, p.Tries}
	}
	return views
}

func (r *run) mandateDone(d *autopay.Done, asJSON bool) error {
	view := viewOfMandate(&d.Mandate)
	view.Replayed, view.Withdrawn, view.Late = d.Replayed, viewOfPulls(d.Withdrawn), viewOfPulls(d.Late)
	if asJSON {
		return r.printJSON(&view)
	}
	r.printMandate(&view)
	for _, p := range view.Withdrawn {
		r.printf("  stopped in time: %s due on %s\n", p.Amount.Grouped(), p.DueOn)
	}
	for _, p := range view.Late {
		r.printf("  gone out already, and can be stopped at the payer's bank only: %s due on %s\n", p.Amount.Grouped(), p.DueOn)
	}
	return nil
}

func (r *run) printMandate(v *mandateJSON) {
	r.printf("Mandate %s: %s of %s, from %s, on %s", v.Mandate, v.State, v.Fund, v.BeginsOn, v.Day)
	if v.Cap > 0 {
		r.printf(", at most %s", v.Cap.Grouped())
	}
	if v.Class != "" {
		r.printf(", %s", v.Class)
	}
	r.printf("\n  agreed on %s by %s, wording %s in %s\n", v.GivenOn, v.Channel, v.Wording, v.Language)
	if v.Reason != "" {
		r.printf("  %s: %s\n", v.State, v.Reason)
	}
	for _, p := range v.Debits {
		r.printf("  %s  %14s  %s\n", p.DueOn, p.Amount.Grouped(), p.State)
	}
}
