package plan

import (
	"io/fs"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
)

// Billing says how premiums are billed.
type Billing struct {
	// IssueOn is the day of a month from which on the next month is billed.
	IssueOn   int
	RemitTo   invoice.Address   // where checks go
	Proration premium.Method    // of contracts; exchanges prorate by day
	Products  map[string]string // what people call a benefit plan, by its id
	Rules     *rule.Set         // the product's under the plan's own
}

// issueOnDefault leaves 15 days or more before the first of any month.
const issueOnDefault = 10

// PeriodOn gives the month that is billed on a day.
func (b *Billing) PeriodOn(day calendar.Date) calendar.Month {
	month := calendar.MonthOf(day)
	if day.Sub(month.First())+1 >= b.IssueOn {
		return month.Add(1)
	}
	return month
}

// readBilling reads how premiums are billed and gives the name of the file with
// the plan's own rules, or "".
func (p *Plan) readBilling(v yamldoc.Value) (rules string) {
	p.Billing = Billing{IssueOn: issueOnDefault, Proration: premium.FullMonth, Products: map[string]string{}, Rules: rule.Embedded()}
	if !v.Present() {
		return ""
	}
	f := v.Fields("issue_on", "remit_to", "proration", "products", "rules")
	if day := f.May("issue_on"); day.Present() {
		p.Billing.IssueOn = day.Int(1, 28)
	}
	if method := f.May("proration"); method.Present() {
		var names []string
		for _, m := range premium.Methods() {
			names = append(names, string(m))
		}
		p.Billing.Proration = premium.Method(method.OneOf(names...))
	}
	a := f.Need("remit_to").Fields("name", "line1", "line2", "city", "state", "zip")
	p.Billing.RemitTo = invoice.Address{
		Name: a.Need("name").Text(), Line1: a.Need("line1").Text(), Line2: a.May("line2").Text(), City: a.Need("city").Text(),
		State: a.Need("state").Text(), ZIP: a.Need("zip").Text(),
	}
	for _, entry := range f.May("products").List() {
		product := entry.Fields("id", "name")
		id := product.Need("id").Text()
		if _, twice := p.Billing.Products[id]; twice {
			entry.Refuse("the product %q is listed twice", id)
		}
		p.Billing.Products[id] = product.Need("name").Text()
	}
	name := f.May("rules")
	if !name.Present() {
		return ""
	}
	if rules = name.Text(); !fs.ValidPath(rules) {
		name.Refuse("%q must be a path below the folder of %s", rules, FileName)
		return ""
	}
	return rules
}

// overlay lays the plan's own rules over the product's.
func (p *Plan) overlay(files fs.FS, name string) []fault.Problem {
	data, problem := readFile(files, name)
	if problem != nil {
		return []fault.Problem{*problem}
	}
	rules, problems := p.Billing.Rules.Overlay(name, data)
	if len(problems) == 0 {
		p.Billing.Rules = rules
	}
	return problems
}
