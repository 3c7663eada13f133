package plan

import (
	"slices"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/office/unclaimed"
	"github.com/billfold/billfold/internal/payments/mandate"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Refunds says when credit balances go back by themselves, and from which bank
// accounts checks are drawn.
type Refunds struct {
	Rules  back.Rules // the product's with the plan's own
	Checks []CheckAccount
	Laws   unclaimed.Laws // of dormancy, the product's under the plan's own
	Home   string         // the state whose law holds for owners without a known address
}

// CheckAccount is a bank account from which checks are drawn. Its number is not in the
// file: it is in the key folder or in the environment.
type CheckAccount struct {
	ID      string
	Fund    chart.Fund
	Payer   []string
	Bank    string
	Routing string
	First   int64
	Style   string
	Folder  string
	Stale   int
}

// Credential is the name of the file in the key folder that holds the number.
func (a *CheckAccount) Credential() string { return "check-account-" + a.ID }

// readRefunds reads how money goes back. Funds are read before.
func (p *Plan) readRefunds(v yamldoc.Value) {
	p.Refunds.Rules, p.Refunds.Laws = back.DefaultRules(), unclaimed.Embedded()
	if !v.Present() {
		return
	}
	f := v.Fields("sweep", "checks", "unclaimed")
	for _, entry := range f.May("sweep").List() {
		p.Refunds.Rules = append(p.Refunds.Rules, readSweep(entry))
	}
	for _, entry := range f.May("checks").List() {
		p.readChecks(entry)
	}
	if lost := f.May("unclaimed"); lost.Present() {
		p.readUnclaimed(lost)
	}
}

// readUnclaimed reads the state of incorporation and the plan's own rows of dormancy.
func (p *Plan) readUnclaimed(v yamldoc.Value) {
	f := v.Fields("home", "rows")
	if p.Refunds.Home = f.Need("home").Text(); len(p.Refunds.Home) != 2 {
		f.Need("home").Refuse("write the state of incorporation by its two letters")
	}
	if rows := f.May("rows"); rows.Present() {
		p.Refunds.Laws = append(p.Refunds.Laws, unclaimed.Read(rows)...)
	}
}

func readFund(v yamldoc.Value) chart.Fund {
	var funds []string
	for _, fund := range chart.Funds() {
		funds = append(funds, string(fund))
	}
	return chart.Fund(v.OneOf(funds...))
}

// The bounds of a sweep rule. Money does not wait longer than a year, and no plan
// keeps more than a hundred dollars of its members' money as too small.
const (
	afterDaysMax = 366
	minimumMax   = money.Cents(100_00)
)

func readSweep(v yamldoc.Value) back.SweepRule {
	f := v.Fields("fund", "lines", "from", "minimum", "after_days", "due_days", "authority")
	rule := back.SweepRule{
		Fund: readFund(f.Need("fund")), From: readDay(f.Need("from")), AfterDays: f.Need("after_days").Int(0, afterDaysMax),
		Authority: f.Need("authority").Text(),
	}
	minimum, err := money.Parse(f.Need("minimum").Text())
	if err != nil || minimum <= 0 || minimum > minimumMax {
		f.Need("minimum").Refuse("it must be dollars and cents, above zero and at most %s", minimumMax)
	}
	rule.Minimum = minimum
	if due := f.May("due_days"); due.Present() {
		rule.DueDays = due.Int(1, afterDaysMax)
	}
	var lines []string
	for _, line := range coverage.Lines() {
		lines = append(lines, string(line))
	}
	for _, line := range f.May("lines").List() {
		rule.Lines = append(rule.Lines, coverage.Line(line.OneOf(lines...)))
	}
	return rule
}

func (p *Plan) readChecks(v yamldoc.Value) {
	f := v.Fields("id", "fund", "payer", "bank", "routing", "first", "positive_pay", "folder", "stale_after_days")
	a := CheckAccount{
		ID: f.Need("id").ID(), Fund: readFund(f.Need("fund")), Bank: f.Need("bank").Text(), Routing: f.Need("routing").Text(),
		First: int64(f.Need("first").Int(1, 999_999_999)), Style: f.Need("positive_pay").OneOf("csv", "fixed"), Folder: readFolder(f.Need("folder")),
		Stale: refund.StaleAfter,
	}
	if days := f.May("stale_after_days"); days.Present() {
		a.Stale = days.Int(30, 366)
	}
	for _, line := range f.Need("payer").List() {
		a.Payer = append(a.Payer, line.Text())
	}
	if len(a.Payer) == 0 || len(a.Payer) > 4 {
		f.Need("payer").Refuse("a check shows a payer of one to four lines: name and address")
	}
	if err := mandate.CheckRouting(a.Routing); err != nil && a.Routing != "" {
		f.Need("routing").Refuse("it must be a bank's routing number of nine digits")
	}
	if slices.ContainsFunc(p.Refunds.Checks, func(o CheckAccount) bool { return o.ID == a.ID || o.Fund == a.Fund }) {
		v.Refuse("an account or a fund has its checks twice")
	}
	p.Refunds.Checks = append(p.Refunds.Checks, a)
}

// CheckAccounts gives the accounts for checks with the purses that they belong to.
// Number gives each its number; an account whose number is not there is left out.
func (h *House) CheckAccounts(number func(*CheckAccount) (secret.Text, error)) ([]refund.CheckAccount, error) {
	var all []refund.CheckAccount
	for i := range h.plan.Refunds.Checks {
		a := &h.plan.Refunds.Checks[i]
		no, err := number(a)
		if err != nil {
			return nil, err
		}
		if no.Reveal() == "" {
			continue
		}
		all = append(all, refund.CheckAccount{
			ID: a.ID, Purse: h.PurseOf(a.Fund), Payer: a.Payer, Bank: a.Bank, Routing: a.Routing, Number: no, First: a.First, Style: a.Style,
			Folder: a.Folder, Stale: a.Stale,
		})
	}
	return all, nil
}
