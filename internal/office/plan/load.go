package plan

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/region"
)

// FileName is the configuration file in an installation's folder.
const FileName = "plan.yaml"

// What holds when the file does not say.
const (
	numberLengthDefault   = 12
	retentionYearsDefault = 10
	maxPaymentDefault     = money.Cents(100_000_00)
	dualControlDefault    = money.Cents(10_000_00)
)

// Load reads plan.yaml in a folder and the region packs that it names. With
// problems there is no Plan; each problem's Record is the file.
func Load(dir string) (*Plan, []fault.Problem) { return LoadFS(os.DirFS(dir)) }

// LoadFS is Load for any file system, such as one inside the binary.
func LoadFS(files fs.FS) (*Plan, []fault.Problem) {
	data, problem := readFile(files, FileName)
	if problem != nil {
		return nil, []fault.Problem{*problem}
	}
	plan, packs, rules, problems := parse(FileName, data)
	if rules != "" {
		problems = append(problems, plan.overlay(files, rules)...)
	}
	for _, name := range packs {
		data, problem := readFile(files, name)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		pack, wrong := region.Parse(name, data)
		problems = append(problems, wrong...)
		if _, twice := plan.Region(pack.ID); twice && len(wrong) == 0 {
			problems = append(problems, fault.Problem{Record: name, Field: "id", Message: "the region \"" + string(pack.ID) + "\" is in two packs"})
		}
		plan.Regions = append(plan.Regions, pack)
	}
	if len(problems) > fault.ProblemsMax {
		problems = problems[:fault.ProblemsMax]
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return plan, nil
}

func readFile(files fs.FS, name string) ([]byte, *fault.Problem) {
	f, err := files.Open(name)
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, yamldoc.SizeMax+1)); err == nil {
			return data, nil
		}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return nil, &fault.Problem{Record: name, Message: "the file cannot be read: " + err.Error()}
}

// parse reads plan.yaml and gives the names of the region packs and of the rules to
// load.
func parse(name string, data []byte) (plan *Plan, packs []string, rules string, problems []fault.Problem) {
	plan = &Plan{
		NumberLength: numberLengthDefault,
		Retention:    Retention{Years: retentionYearsDefault},
		Limits:       Limits{MaxPayment: maxPaymentDefault, DualControlAbove: dualControlDefault},
		owners:       map[chart.Fund]chart.EntityID{},
		allocation:   map[chart.Fund][]allocate.Dated{},
		receiving:    map[receivingKey]ReceivingAccount{},
		catchAll:     map[ReceivingKind]ReceivingAccount{},
	}
	file, root := yamldoc.Parse(name, data)
	if !root.Present() {
		return plan, nil, "", file.Problems()
	}
	top := root.Fields("name", "currency", "number_length", "entities", "funds", "receiving", "regions", "retention", "limits", "allocation",
		"sandbox", "processor", "billing", "senders", "partners", "claims", "reconcile", "clearing", "refunds")
	plan.Name = top.Need("name").Text()
	if currency := top.May("currency"); currency.Present() && currency.Text() != "USD" {
		currency.Refuse("an installation keeps its books in USD; another currency is not possible")
	}
	if length := top.May("number_length"); length.Present() {
		plan.NumberLength = length.Int(10, 12)
	}
	plan.readEntities(top.Need("entities"))
	plan.readFunds(top.Need("funds"))
	plan.readReceiving(top.Need("receiving"))
	plan.readRetention(top.May("retention"))
	plan.readLimits(top.May("limits"))
	plan.readAllocation(top.May("allocation"))
	plan.Sandbox = top.May("sandbox").Bool()
	plan.readProcessor(top.May("processor"))
	rules = plan.readBilling(top.May("billing"))
	plan.readSenders(top.May("senders"))
	plan.readPartners(top.May("partners"))
	plan.readClaims(top.May("claims"))
	plan.readReconcile(top.May("reconcile"))
	plan.readClearing(top.May("clearing"))
	plan.readRefunds(top.May("refunds"))
	packs = readPackNames(top.Need("regions"))
	return plan, packs, rules, file.Problems()
}

func (p *Plan) readEntities(v yamldoc.Value) {
	for _, entry := range v.List() {
		f := entry.Fields("id", "name", "time_zone")
		e := Entity{ID: chart.EntityID(f.Need("id").ID()), Name: f.Need("name").Text(), Zone: f.Need("time_zone").Zone()}
		if _, twice := p.Entity(e.ID); twice && e.ID != "" {
			f.May("id").Refuse("the entity %q is listed twice", e.ID)
		}
		p.Entities = append(p.Entities, e)
	}
	if len(p.Entities) == 0 {
		v.Refuse("a plan has at least one legal entity")
	}
}

func (p *Plan) readFunds(v yamldoc.Value) {
	var names []string
	for _, fund := range chart.Funds() {
		names = append(names, string(fund))
	}
	f := v.Fields(names...)
	for _, fund := range chart.Funds() {
		p.owners[fund] = p.readEntityRef(f.Need(string(fund)))
	}
}

// readEntityRef reads the id of an entity that the file has defined.
func (p *Plan) readEntityRef(v yamldoc.Value) chart.EntityID {
	id := chart.EntityID(v.Text())
	if _, ok := p.Entity(id); !ok && id != "" {
		v.Refuse("no entity has the id %q", id)
		return ""
	}
	return id
}

func (p *Plan) readReceiving(v yamldoc.Value) {
	var kinds, funds []string
	for _, kind := range ReceivingKinds() {
		kinds = append(kinds, string(kind))
	}
	for _, fund := range chart.Funds() {
		funds = append(funds, string(fund))
	}
	for _, entry := range v.List() {
		f := entry.Fields("kind", "id", "entity", "fund", "catch_all", "wires", "columns")
		account := ReceivingAccount{
			Kind:     ReceivingKind(f.Need("kind").OneOf(kinds...)),
			ID:       secret.New(f.Need("id").Text()),
			Entity:   p.readEntityRef(f.Need("entity")),
			Fund:     chart.Fund(f.Need("fund").OneOf(funds...)),
			CatchAll: f.May("catch_all").Bool(),
			Wires:    WiresByStatement,
		}
		if wires := f.May("wires"); wires.Present() {
			account.Wires = WireSource(wires.OneOf(string(WiresByStatement), string(WiresByAdvice), string(WiresByNotification)))
			if account.Kind != BankAccount {
				wires.Refuse("only a bank account receives wires")
			}
		}
		if columns := f.May("columns"); columns.Present() {
			account.Columns = readColumns(columns)
			if account.Kind != Lockbox {
				columns.Refuse("only a lockbox has columns of the bank's own")
			}
		}
		if owner := p.owners[account.Fund]; owner != "" && account.Entity != "" && owner != account.Entity {
			f.May("fund").Refuse("the fund %q belongs to %q and not to this account's entity %q", account.Fund, owner, account.Entity)
		}
		p.addReceiving(entry, account)
	}
}

// markable are the reasons for suspense that a bank's marker can stand for.
var markable = []string{string(suspense.PaidInFull), string(suspense.PostDated), string(suspense.Unsigned), string(suspense.Correspondence)}

func readColumns(v yamldoc.Value) LockboxColumns {
	f := v.Fields("image", "remitter", "marker", "markers")
	c := LockboxColumns{Image: readSpan(f.May("image")), Remitter: readSpan(f.May("remitter")), Marker: readSpan(f.May("marker"))}
	markers := f.May("markers")
	if markers.Present() != (c.Marker != Span{}) {
		v.Refuse("marker and markers go together: the columns, and what each code in them means")
	}
	if markers.Present() {
		c.Markers = map[string]suspense.Reason{}
		for _, m := range markers.Pairs() {
			c.Markers[m.Key] = suspense.Reason(m.Value.OneOf(markable...))
		}
	}
	return c
}

// lockboxTail is the first column that is the bank's own, and lockboxWidth the last one.
const lockboxTail, lockboxWidth = 46, 500

func readSpan(v yamldoc.Value) (s Span) {
	if !v.Present() {
		return s
	}
	if n, err := fmt.Sscanf(v.Text(), "%d-%d", &s.From, &s.To); n != 2 || err != nil || s.From < lockboxTail || s.To < s.From || s.To > lockboxWidth {
		v.Refuse("columns are written as their first and last, \"46-57\", from %d on", lockboxTail)
		return Span{}
	}
	return s
}

func (p *Plan) addReceiving(entry yamldoc.Value, account ReceivingAccount) {
	if account.Kind == "" || account.ID.IsZero() {
		return
	}
	key := receivingKey{account.Kind, account.ID}
	if _, twice := p.receiving[key]; twice {
		entry.Refuse("%s is listed twice", account.Label())
	}
	p.receiving[key] = account
	p.accounts = append(p.accounts, account)
	if !account.CatchAll {
		return
	}
	if first, twice := p.catchAll[account.Kind]; twice {
		entry.Refuse("%s and %s both are the catch-all of their kind; one may be", first.Label(), account.Label())
	}
	p.catchAll[account.Kind] = account
}

func (p *Plan) readRetention(v yamldoc.Value) {
	f := v.Fields("years", "legal_hold")
	if years := f.May("years"); years.Present() {
		p.Retention.Years = years.Int(6, 100)
	}
	p.Retention.LegalHold = f.May("legal_hold").Text()
}

func (p *Plan) readLimits(v yamldoc.Value) {
	f := v.Fields("max_payment", "dual_control_above")
	if limit := f.May("max_payment"); limit.Present() {
		p.Limits.MaxPayment = readAmount(limit)
	}
	if limit := f.May("dual_control_above"); limit.Present() {
		p.Limits.DualControlAbove = readAmount(limit)
	}
}

// readAllocation reads the dated rules by which each fund's money spreads.
func (p *Plan) readAllocation(v yamldoc.Value) {
	if !v.Present() {
		return
	}
	var funds []string
	for _, fund := range chart.Funds() {
		funds = append(funds, string(fund))
	}
	for _, entry := range v.List() {
		f := entry.Fields("fund", "rule", "from")
		fund := chart.Fund(f.Need("fund").OneOf(funds...))
		rule := allocate.Rule(f.Need("rule").OneOf(string(allocate.OldestDueFirst), string(allocate.Proportional)))
		from, err := calendar.Parse(f.Need("from").Text())
		if err != nil {
			f.May("from").Refuse("%v: write a date such as 2027-01-01", err)
		}
		p.allocation[fund] = append(p.allocation[fund], allocate.Dated{From: from, Rule: rule})
	}
}

func readAmount(v yamldoc.Value) money.Cents {
	text := v.Text()
	if text == "" {
		return 0
	}
	amount, err := money.Parse(text)
	if err != nil {
		v.Refuse("%v", err)
		return 0
	}
	if amount <= 0 {
		v.Refuse("%s must be above zero", amount)
	}
	return amount
}

func readPackNames(v yamldoc.Value) []string {
	var names []string
	for _, entry := range v.List() {
		name := entry.Text()
		if name == "" {
			continue
		}
		// fs.ValidPath keeps a pack inside the installation's folder.
		if !fs.ValidPath(name) {
			entry.Refuse("%q must be a path below the folder of %s", name, FileName)
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		v.Refuse("a plan has at least one region pack")
	}
	return names
}
