package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// membersOffice is the half of the office that knows people.
type membersOffice struct {
	enrolment *enrolment.Enrolment
	registry  *registry.Registry
	biller    *biller.Biller
	policies  *policy.Policies
	trail     *audit.Trail
	office    *office
}

func newMembersOffice(o *office) (*membersOffice, error) {
	issuer, err := billpay.NewIssuer(o.plan.NumberLength)
	if err != nil {
		return nil, err
	}
	trail := audit.New(o.store, o.clock)
	return &membersOffice{
		enrolment: enrolment.New(o.store, o.plan, issuer, o.clock),
		policies:  policy.New(o.store, trail, o.clock),
		registry:  registry.New(o.store, o.plan, o.clock),
		biller:    biller.New(o.store, o.cashier, o.house),
		trail:     trail,
		office:    o,
	}, nil
}

// owedFile is the CSV of items that another system bills.
type owedFile struct {
	intake.Format
	office *office
}

// Prove implements intake.Roster.
func (f owedFile) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return f.office.members.biller.ProveItems(ctx, open)
}

// Apply implements intake.Roster.
func (f owedFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	return f.office.members.biller.ImportItems(ctx, file.Actor, biller.ItemsFile{Open: open})
}

// openFor opens the office for a member of staff who says why: everything that
// shows or changes a person's record goes through here.
func (r *run) openFor(w *where, s *staffer, reason string) (*office, audit.Access, func(), error) {
	actor, err := s.actor()
	if err != nil {
		return nil, audit.Access{}, nil, err
	}
	access, err := audit.By(actor, reason, "cli")
	if err != nil {
		return nil, audit.Access{}, nil, err
	}
	o, done, err := r.open(w)
	return o, access, done, err
}

type accountCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"Bill pay number, old number or opaque id."`
	Reason  string `help:"Why it is looked at; it stands in the audit trail." default:"looked up at the command line"`
	JSON    bool   `help:"Answer in JSON."`
}

// accountJSON is a billing account as the command line shows it. The number
// itself is not repeated: who asks has it.
type accountJSON struct {
	Account   string          `json:"account"` // the opaque id
	Ending    string          `json:"ending"`
	Status    string          `json:"status"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	BornOn    string          `json:"born_on,omitempty"`
	Region    string          `json:"region,omitempty"`
	ZIP       string          `json:"zip,omitempty"`
	OwedBy    []debtorJSON    `json:"owed_by"` // who owes for this person where it is another
	Due       money.Cents     `json:"due_cents"`
	Unapplied money.Cents     `json:"unapplied_cents"`
	Funds     []fundJSON      `json:"funds"`
	Money     []unappliedJSON `json:"unapplied"`
	Household []relativeJSON  `json:"household"`
	Coverages []coverageJSON  `json:"coverages"`
	Journal   []journalJSON   `json:"journal"`
}

type debtorJSON struct {
	Fund   chart.Fund `json:"fund"`
	Ending string     `json:"ending"`
}

type fundJSON struct {
	Fund  string      `json:"fund"`
	Due   money.Cents `json:"due_cents"`
	Items []itemJSON  `json:"items"`
}

type itemJSON struct {
	No      int64       `json:"item"`
	Invoice string      `json:"invoice,omitempty"`
	Text    string      `json:"text"`
	DueOn   string      `json:"due_on"`
	Amount  money.Cents `json:"amount_cents"`
	Open    money.Cents `json:"open_cents"`
}

type unappliedJSON struct {
	Ref      string      `json:"ref"`
	Fund     string      `json:"fund"`
	Open     money.Cents `json:"open_cents"`
	Received string      `json:"received_on"`
}

type relativeJSON struct {
	Account      string `json:"account"`
	Ending       string `json:"ending"`
	Name         string `json:"name"`
	Relationship string `json:"relationship"`
}

type coverageJSON struct {
	Line string `json:"line"`
	Plan string `json:"plan,omitempty"`
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

type journalJSON struct {
	Ref         string      `json:"ref"`
	Event       string      `json:"event"`
	PostedOn    string      `json:"posted_on"`
	EffectiveOn string      `json:"effective_on"`
	Amount      money.Cents `json:"amount_cents"`
	Actor       string      `json:"actor"`
	Reason      string      `json:"reason,omitempty"`
}

// Run implements the command.
func (c *accountCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	account, err := o.members.registry.Account(r.ctx, access, c.Number)
	if fault.KindOf(err) == fault.NotFound {
		if _, slip := billpay.Parse(c.Number); slip != nil {
			return fault.New(fault.NotFound, "", "%s; and it is no old number on file", fault.MessageOf(slip)).WithHint(fault.HintOf(slip))
		}
	}
	if err != nil {
		return err
	}
	view, err := o.accountView(r.ctx, &account)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(view)
	}
	r.account(&view)
	return nil
}

func (o *office) accountView(ctx context.Context, a *registry.Account) (accountJSON, error) {
	view := accountJSON{
		Account: string(a.Opaque), Ending: a.Number.Last4(), Status: string(a.Status), Kind: string(a.Kind),
		Name: a.Organisation, Funds: []fundJSON{}, Money: []unappliedJSON{}, Household: []relativeJSON{},
		Coverages: []coverageJSON{}, Journal: []journalJSON{}, OwedBy: []debtorJSON{},
	}
	for _, o := range []struct {
		fund chart.Fund
		by   billpay.Number
	}{{chart.Premium, a.Owing.Premium}, {chart.Medical, a.Owing.Medical}, {chart.Pharmacy, a.Owing.Pharmacy}} {
		if !o.by.IsZero() && o.by != a.Number {
			view.OwedBy = append(view.OwedBy, debtorJSON{o.fund, o.by.Last4()})
		}
	}
	if a.Organisation == "" {
		view.Name, view.BornOn = a.Person.Name.Full(), a.Person.BirthDate.String()
		view.Region, view.ZIP = a.Person.Region, a.Person.Residence.ZIP
	}
	for _, f := range a.Funds {
		fund := fundJSON{Fund: string(f.Fund), Due: f.Open, Items: []itemJSON{}}
		for _, i := range f.Items {
			fund.Items = append(fund.Items, itemView(&i))
		}
		view.Due += f.Open
		view.Funds = append(view.Funds, fund)
	}
	for _, u := range a.Unapplied {
		if u.Open == 0 {
			continue
		}
		view.Unapplied += u.Open
		view.Money = append(view.Money, unappliedJSON{
			fmt.Sprintf("%s:%d", a.Opaque, u.Seq), string(u.Purse.Fund), u.Open, u.Received.String(),
		})
	}
	for _, p := range a.Household {
		view.Household = append(view.Household, relativeJSON{string(p.Opaque), p.Number.Last4(), p.Name.Full(), string(p.Relationship)})
	}
	for _, s := range a.Coverages {
		for _, span := range s.Spans {
			view.Coverages = append(view.Coverages, coverageJSON{s.Line, span.Plan, span.From.String(), span.To.String()})
		}
	}
	journal, err := o.store.Journal(ctx, ledger.BookNo(a.Number))
	for _, t := range journal {
		view.Journal = append(view.Journal, journalJSON{
			fmt.Sprintf("%s:%d", a.Opaque, t.Seq), string(t.Event), t.PostedOn.String(), t.EffectiveOn.String(), chart.Moved(&t),
			t.Actor.String(), t.Reason,
		})
	}
	return view, err
}

func itemView(i *openitem.Item) itemJSON {
	return itemJSON{i.No, i.Invoice, i.Text, i.DueOn.String(), i.Amount, i.Open}
}

func (r *run) account(v *accountJSON) {
	r.printf("%s, account ending %s, %s (%s)\n", v.Name, v.Ending, v.Status, v.Account)
	r.printf("Owes %s, unapplied %s\n", v.Due.Grouped(), v.Unapplied.Grouped())
	for _, o := range v.OwedBy {
		r.printf("  %s is owed by the account ending %s: payments for it under this number are applied there\n", o.Fund, o.Ending)
	}
	for _, f := range v.Funds {
		for _, i := range f.Items {
			r.printf("  %-9s due %s %12s of %12s  %s %s\n", f.Fund, i.DueOn, i.Open.Grouped(), i.Amount.Grouped(), i.Text, i.Invoice)
		}
	}
	for _, p := range v.Household {
		r.printf("  household: %s, %s, ending %s\n", p.Name, p.Relationship, p.Ending)
	}
	for _, t := range v.Journal {
		r.printf("  %s  %s  %-24s %12s  %s %s\n", t.Ref, t.EffectiveOn, t.Event, t.Amount.Grouped(), t.Actor, t.Reason)
	}
}

type memberCommand struct {
	Merge   memberMergeCommand   `cmd:"" help:"Join two billing accounts of one person; both numbers reach the survivor for ever."`
	Unmerge memberUnmergeCommand `cmd:"" help:"Undo a wrong merge."`
	Alias   memberAliasCommand   `cmd:"" help:"Note the number that an earlier system gave an account."`
	Find    memberFindCommand    `cmd:"" help:"Find people by last name and birth date."`
}

type memberMergeCommand struct {
	correction `embed:""`
	Number     string `arg:"" help:"The number that is merged."`
	Into       string `required:"" help:"The number that survives."`
}

// Run implements the command.
func (c *memberMergeCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	order, err := c.order()
	if err != nil {
		return err
	}
	merged, err := billpay.Parse(c.Number)
	if err != nil {
		return err
	}
	survivor, err := billpay.Parse(c.Into)
	if err != nil {
		return err
	}
	d, err := o.cashier.Merge(r.ctx, order, ledger.BookNo(merged), ledger.BookNo(survivor))
	if err != nil {
		return err
	}
	return r.done(o, d, c.JSON, fmt.Sprintf("Merged; to undo it: billfold member unmerge NUMBER --merge %s", d.ID))
}

type memberUnmergeCommand struct {
	correction `embed:""`
	Number     string `arg:"" help:"The number that was merged."`
	Merge      string `required:"" help:"The id that the merge printed."`
}

// Run implements the command.
func (c *memberUnmergeCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	order, err := c.order()
	if err != nil {
		return err
	}
	merged, err := billpay.Parse(c.Number)
	if err != nil {
		return err
	}
	d, err := o.cashier.Unmerge(r.ctx, order, ledger.BookNo(merged), payment.ID(c.Merge))
	if err != nil {
		return err
	}
	return r.done(o, d, c.JSON, "Unmerged")
}

type exportCommand struct {
	Cards  exportCardsCommand  `cmd:"" help:"The card printer's file: names and numbers."`
	Roster exportRosterCommand `cmd:"" help:"Members as a roster that can be imported again."`
}

type exporting struct {
	where   `embed:""`
	staffer `embed:""`
	To      string `required:"" help:"The file to write; only its owner can read it."`
	Reason  string `required:"" help:"Why; it stands in the audit trail of every member in it."`
	Source  string `help:"Members of one sponsor or exchange only."`
	Region  string `help:"Members of one region only."`
}

type exportCardsCommand struct {
	exporting `embed:""`
}

// Run implements the command.
func (c *exportCardsCommand) Run(r *run) error {
	return c.write(r, func(o *office, access audit.Access, to io.Writer, f registry.Filter) (int, error) {
		return o.members.registry.ExportCards(r.ctx, access, to, f)
	})
}

type exportRosterCommand struct {
	exporting `embed:""`
}

// Run implements the command.
func (c *exportRosterCommand) Run(r *run) error {
	return c.write(r, func(o *office, access audit.Access, to io.Writer, f registry.Filter) (int, error) {
		return o.members.registry.ExportRoster(r.ctx, access, to, f)
	})
}

func (c *exporting) write(
	r *run, export func(o *office, access audit.Access, to io.Writer, f registry.Filter) (int, error),
) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	path := r.path(c.To)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.New(fault.Conflict, "", "%v", err)
	}
	rows, err := export(o, access, file, registry.Filter{Source: c.Source, Region: region.ID(c.Region)})
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(path) // half a roster is worse than none
		return err
	}
	r.printf("%d rows written to %s\n", rows, c.To)
	return nil
}

func remarshal(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

type memberFindCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Last    string `arg:"" help:"Last name."`
	Born    string `required:"" help:"Birth date, such as 1970-01-31."`
	Reason  string `required:"" help:"Why; it stands in the audit trail."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *memberFindCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	born, err := calendar.Parse(c.Born)
	if err != nil {
		return fault.New(fault.Invalid, "", "--born: %v", err)
	}
	found, err := o.members.registry.Find(r.ctx, access, member.Name{Last: c.Last}, born)
	if err != nil {
		return err
	}
	views := make([]relativeJSON, len(found))
	for i, p := range found {
		views[i] = relativeJSON{string(p.Opaque), p.Number.Last4(), p.Name.Full(), string(p.Relationship)}
	}
	if c.JSON {
		return r.printJSON(views)
	}
	if len(views) == 0 {
		r.printf("Nobody of that name and birth date is on file.\n")
	}
	for _, v := range views {
		r.printf("%s  %s, %s, ending %s\n", v.Account, v.Name, v.Relationship, v.Ending)
	}
	return nil
}

type memberAliasCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"Bill pay number of the account."`
	Old     string `required:"" help:"The old number, in whatever form the earlier system used."`
	System  string `required:"" help:"The earlier system's name: small letters, digits and hyphens."`
	Reason  string `required:"" help:"Why; it stands in the audit trail."`
}

// Run implements the command.
func (c *memberAliasCommand) Run(r *run) error {
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	alias, err := billpay.ParseAlias(c.System, c.Old)
	if err != nil {
		return err
	}
	if err := o.members.registry.NoteAlias(r.ctx, access, c.Number, alias); err != nil {
		return err
	}
	r.printf("Noted: payments under the old number reach this account for ever.\n")
	return nil
}
