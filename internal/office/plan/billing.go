package plan

import (
	"io/fs"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
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
	// Tolerance is how far employers and agencies may pay a month off its bill before
	// it counts as their arrears.
	Tolerance premium.Tolerance
	Rules     *rule.Set // the product's under the plan's own
	// AgingMonths is how far ahead children are listed who reach the age limit of
	// dependants, and AgingEnds says that terms without them are added where our own
	// rates say what they cost.
	AgingMonths int
	AgingEnds   bool
	Schedule    *Schedule // starts each day\'s run by itself; nil when people do
}

// toleranceDefault is a small difference of a list bill: both bounds hold.
var toleranceDefault = premium.Tolerance{Cents: 5_00, Share: 1_00}

// Schedule says when a day's run starts by itself, in the zone of the premium fund's
// legal entity.
type Schedule struct {
	Hour, Minute int
	DayBefore    bool // the run is of the day that is over
	Send         bool // what is due to partners and the claims system goes out after the run
}

// readSchedule reads when the run starts by itself. Without run_at it does not.
func (b *Billing) readSchedule(f yamldoc.Fields) {
	at := f.May("run_at")
	if !at.Present() {
		for _, key := range []string{"run_of", "send"} {
			f.May(key).Refuse("it says something of the run that starts by itself, and run_at does not say when it does")
		}
		return
	}
	begins, err := time.Parse("15:04", at.Text())
	if err != nil {
		at.Refuse("write a time of day in quotation marks, such as \"19:30\"")
	}
	b.Schedule = &Schedule{Hour: begins.Hour(), Minute: begins.Minute(), Send: f.May("send").Bool()}
	if of := f.May("run_of"); of.Present() {
		b.Schedule.DayBefore = of.OneOf("today", "yesterday") == "yesterday"
	}
}

// agingMonthsDefault leaves time to tell a family what other coverage there is.
const agingMonthsDefault = 3

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
	p.Billing = Billing{IssueOn: issueOnDefault, Proration: premium.FullMonth, Products: map[string]string{}, Rules: rule.Embedded(), AgingMonths: agingMonthsDefault,
		Tolerance: toleranceDefault}
	if !v.Present() {
		return ""
	}
	f := v.Fields("issue_on", "remit_to", "proration", "products", "rules", "tolerance", "run_at", "run_of", "send",
		"aging_out", "aging_out_months")
	p.Billing.readSchedule(f)
	if what := f.May("aging_out"); what.Present() {
		p.Billing.AgingEnds = what.OneOf("list", "end") == "end"
	}
	if months := f.May("aging_out_months"); months.Present() {
		p.Billing.AgingMonths = months.Int(0, 12)
	}
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
	if t := f.May("tolerance"); t.Present() {
		p.Billing.Tolerance = readTolerance(t)
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

func readTolerance(v yamldoc.Value) premium.Tolerance {
	f := v.Fields("amount", "percent")
	cents, err := money.Parse(f.Need("amount").Text())
	if err != nil || cents < 0 {
		f.Need("amount").Refuse("it must be dollars and cents, such as 5.00, not below zero")
	}
	return premium.Tolerance{Cents: cents, Share: premium.Share(f.Need("percent").Int(0, 100) * 100)}
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
