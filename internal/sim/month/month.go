package month

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
	"github.com/billfold/billfold/internal/sim/post"
)

// Options say which month is made up. All are needed.
type Options struct {
	Seed     uint64
	Payments int           // in all, over all rails
	Days     int           // banking days, 20 at least
	Begins   calendar.Date // the first is this one, or the next banking day
	Payers   []string      // bill pay numbers, as they are printed
	Account  string        // the plan's bank account
	Lockbox  string
	Company  string // the plan's company identification at the clearing house
	Merchant string // the plan's merchant account at the processor
}

// Rail is how a payment comes.
type Rail string

// The rails.
const (
	Lockbox Rail = "lockbox"
	Bills   Rail = "bills" // banks' bill pay and a consolidator
	Wire    Rail = "wire"
	Pulled  Rail = "pulled" // debits that the office sends
	Card    Rail = "card"   // taken by the office
	Counter Rail = "counter"
)

// shares are of 100 payments.
var shares = []struct {
	rail Rail
	of   int
}{{Lockbox, 25}, {Bills, 30}, {Wire, 2}, {Pulled, 25}, {Card, 15}, {Counter, 3}}

// Payment is one payment that is made.
type Payment struct {
	Key     string // names it in the month
	Rail    Rail
	Number  string // whose it is
	Amount  money.Cents
	Account string // of the payer's bank, when it is pulled
}

// routing is the payers' bank.
const routing = "231380104"

// Payout is what the processor settles of one day's cards, with its report.
type Payout struct {
	ID, Trace string
	Made      calendar.Date // the day of the captures
	Arrives   calendar.Date
	Lines     []PayoutLine
	Net       money.Cents
}

// PayoutLine is one line of a settlement report; a dispute's gross is below zero.
type PayoutLine struct {
	Payment string // the key
	Kind    string // charge or dispute
	Gross   money.Cents
	Fee     money.Cents
}

// Check is a refund that the office sends by check: the day's first payment at the
// counter, all of it.
type Check struct {
	Serial string
	Amount money.Cents
	Payee  string
}

// Day is a banking day as it begins for the office.
type Day struct {
	Date    calendar.Date
	No      int         // from 1
	Files   []post.File // what came since the day before began, in order
	Payouts []Payout    // whose reports came
	// What the office does on it:
	Pulls   []Payment
	Cards   []Payment
	Counter []Payment
	Bag     string // in which the counter's money goes to the bank
	Checks  []Check
}

// Month is a month that is played.
type Month struct {
	options Options
	random  *rand.Rand
	Bank    *bank.Bank
	House   *clearinghouse.House
	Post    *post.Office
	mailbox post.Memory

	day      Day
	payments []Payment
	breaks   []Break
	keys     int
	serial   int
	payouts  []Payout
	checks   map[int][]Check // issued on a day of the month
	carded   []Payment
	sums     []paidOnce // what the consolidator brought
}

// paidOnce is a consolidator's payment that can be taken back.
type paidOnce struct {
	number string
	amount money.Cents
}

var (
	consolidator = bank.Originator{Name: "BILLNET", ID: "9000000042", ODFI: "231380104"}
	billPayBank  = bank.Originator{Name: "FIRST VALLEY", ID: "9000000007", ODFI: "121042882"}
)

// New makes up a month. Invalid when it is too short or has too few payments for its
// breaks.
func New(o Options) (*Month, error) {
	if o.Days < daysMin || o.Payments < 25*daysMin || len(o.Payers) < 10 {
		return nil, fault.New(fault.Invalid, "month.New",
			"a month has %d banking days, %d payments and 10 payers at least", daysMin, 25*daysMin)
	}
	m := &Month{options: o, random: rand.New(rand.NewPCG(o.Seed, 20)), checks: map[int][]Check{}}
	var err error
	if m.Post, err = post.Open(post.Options{Mailbox: &m.mailbox, Plan: documents(o.Seed), Today: o.Begins}); err != nil {
		return nil, err
	}
	m.Bank, err = bank.Open(bank.Options{
		Accounts:  []bank.Account{{Number: o.Account, Owner: "Plan", Opening: 1_000_000_00}},
		Lockboxes: map[string]string{o.Lockbox: o.Account},
		Opens:     o.Begins, Deliver: m.Post.Deliver,
	})
	if err != nil {
		return nil, err
	}
	m.House, err = clearinghouse.Open(clearinghouse.Options{
		Routing: "102003154", Companies: map[string]string{o.Company: o.Account}, Bank: m.Bank, Deliver: m.Post.Deliver,
		Plan: clearinghouse.Plan{Entries: []clearinghouse.Rule{{Account: lateAccount, Code: "R02", Days: 5}}},
	})
	return m, err
}

// Accounts of payers whose entries come back.
const (
	returnedAccount = "4455990002"
	changedAccount  = "4455980001"
	lateAccount     = "4455123888"
)

// documents is the post's plan: one lockbox file and one statement a day, so that the
// n-th is the n-th day's; two files of credits.
func documents(seed uint64) post.Plan {
	nth := func(kind Kind) int {
		return plan[slices.IndexFunc(plan, func(p planned) bool { return p.kind == kind })].day
	}
	return post.Plan{Seed: seed, Documents: []post.Fault{
		{Kind: "lockbox", Nth: []int{nth(DepositTwice)}, Duplicated: 1},
		{Kind: "lockbox", Nth: []int{nth(DepositUntold)}, Lost: 1},
		{Kind: "lockbox", Nth: []int{nth(DepositLate)}, Late: 1, Days: 2}, // in the evening of the day after
		{Kind: "lockbox", Nth: []int{nth(DepositCut)}, Partial: 1},
		{Kind: "statement", Nth: []int{nth(StatementLost)}, Lost: 1},
		{Kind: "statement", Nth: []int{nth(StatementTwice)}, Duplicated: 1},
		{Kind: "ach_credits", Nth: []int{2*nth(CreditsGarbled) - 1}, Garbage: 1},
	}}
}

// Payments gives every payment that was made so far.
func (m *Month) Payments() []Payment { return slices.Clone(m.payments) }

// Breaks gives every break that was planted so far.
func (m *Month) Breaks() []Break { return slices.Clone(m.breaks) }

// Over reports whether the month has ended.
func (m *Month) Over() bool { return m.day.No >= m.options.Days }

// Rest gives what came after the last day ended.
func (m *Month) Rest() []post.File { return m.mailbox.Take() }

// Begin begins the next banking day: what came, and what the office is to do.
func (m *Month) Begin() (Day, error) {
	m.day = Day{Date: m.Bank.Day(), No: m.day.No + 1}
	if err := m.Post.Day(m.day.Date); err != nil {
		return m.day, err
	}
	if err := m.House.Return(); err != nil {
		return m.day, err
	}
	if err := m.strays(); err != nil {
		return m.day, err
	}
	if err := m.askAgain(); err != nil {
		return m.day, err
	}
	m.day.Files = m.mailbox.Take()
	for _, p := range m.payouts {
		if p.Arrives == m.day.Date {
			m.day.Payouts = append(m.day.Payouts, p)
		}
	}
	m.work()
	return m.day, nil
}

// has reports whether a break is planted on the day that goes on.
func (m *Month) has(kind Kind) bool {
	return slices.ContainsFunc(plan, func(p planned) bool { return p.kind == kind && p.day == m.day.No })
}

// plant notes a break.
func (m *Month) plant(kind Kind, subject string, amount money.Cents) {
	at := slices.IndexFunc(plan, func(p planned) bool { return p.kind == kind })
	m.breaks = append(m.breaks, Break{kind, plan[at].report, m.day.Date, subject, amount})
}

func (m *Month) strays() error {
	if !m.has(ReturnOfNothing) {
		return nil
	}
	m.plant(ReturnOfNothing, "999999990000001", 44_44)
	return m.House.Stray(m.options.Company, "999999990000001", "R02", 44_44)
}

// askAgain has the bank send again what came damaged yesterday, or not at all the day
// before: the office asked for it.
func (m *Month) askAgain() error {
	for _, p := range m.Post.Planted() {
		again := p.Fault == post.Partial || p.Fault == post.Garbage || p.Fault == post.Lost && p.Kind == "statement"
		if !again || p.Day.AddBusinessDays(2) != m.day.Date {
			continue
		}
		if _, err := m.Post.Resend(p.Document); err != nil {
			return err
		}
	}
	return nil
}

// cents draws an amount; few are alike.
func (m *Month) cents() money.Cents { return money.Cents(1_000 + m.random.IntN(150_000)) }

func (m *Month) payer() string { return m.options.Payers[m.random.IntN(len(m.options.Payers))] }

func (m *Month) pay(rail Rail) Payment {
	m.keys++
	p := Payment{Key: fmt.Sprintf("month-%d-%d", m.options.Seed, m.keys), Rail: rail, Number: m.payer(), Amount: m.cents()}
	if rail == Pulled {
		p.Account = fmt.Sprintf("44%06d77777", m.random.IntN(1_000_000)) // never one of the test accounts
	}
	m.payments = append(m.payments, p)
	return p
}

// count is how many payments of a rail are made on a day, two at least.
func (m *Month) count(rail Rail) int {
	for _, s := range shares {
		if s.rail == rail {
			return max(2, m.options.Payments*s.of/100/m.options.Days)
		}
	}
	return 0
}

// work draws what the office does on the day.
func (m *Month) work() {
	d := &m.day
	for range m.count(Pulled) {
		d.Pulls = append(d.Pulls, m.pay(Pulled))
	}
	for _, odd := range []struct {
		kind    Kind
		account string
	}{{EntryReturned, returnedAccount}, {EntryBackLate, lateAccount}, {ChangeAsked, changedAccount}} {
		if m.has(odd.kind) {
			d.Pulls[0].Account = odd.account
			m.payments[len(m.payments)-len(d.Pulls)].Account = odd.account
			m.plant(odd.kind, d.Pulls[0].Key, d.Pulls[0].Amount)
		}
	}
	for range m.count(Card) {
		d.Cards = append(d.Cards, m.pay(Card))
	}
	for range m.count(Counter) {
		d.Counter = append(d.Counter, m.pay(Counter))
	}
	d.Bag = fmt.Sprintf("BAG%s", d.Date.Time().Format("060102"))
	m.serial++
	d.Checks = []Check{{fmt.Sprint(70_000 + m.serial), d.Counter[0].Amount, "A MEMBER"}}
	m.checks[d.No] = d.Checks
}

// Sent is what the office sent on a day.
type Sent struct {
	Files  [][]byte // for the clearing house
	Issued string   // its positive pay file, or "" for none
}

// End ends the day: what payers and banks do happens, and the bank's files are made.
func (m *Month) End(sent Sent) error {
	for _, step := range []func() error{
		func() error { return m.take(sent) }, m.lockbox, m.bills, m.wires, m.bag, m.cards, m.presented, m.bounced,
		m.House.Settle, m.fees,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if m.has(DepositShort) {
		if err := m.Bank.Shorten(m.options.Lockbox, 5_00); err != nil {
			return err
		}
	}
	if m.has(NetOff) {
		if err := m.Bank.Skew(consolidator.ID, 1); err != nil {
			return err
		}
	}
	day := m.day.Date
	if _, err := m.Bank.CloseDay(); err != nil {
		return err
	}
	m.noteClosed(day)
	return nil
}

// noteClosed notes the breaks that showed as the bank closed its day.
func (m *Month) noteClosed(day calendar.Date) {
	for _, l := range m.Bank.Wrongs() {
		if l.Day != day {
			continue
		}
		switch {
		case l.Code == "115":
			m.plant(DepositShort, l.Reference, l.Amount)
		case l.Code == "142":
			m.plant(NetOff, l.Reference, l.Amount)
		}
	}
	kinds := map[string]Kind{
		"lockbox duplicated": DepositTwice, "lockbox lost": DepositUntold, "lockbox late": DepositLate, "lockbox partial": DepositCut,
		"statement lost": StatementLost, "statement duplicated": StatementTwice, "ach_credits garbage": CreditsGarbled,
	}
	for _, p := range m.Post.Planted() {
		if p.Day == day {
			m.plant(kinds[p.Kind+" "+string(p.Fault)], p.Document, m.sumOf(p.Document))
		}
	}
}

// sumOf is what the bank booked for a document.
func (m *Month) sumOf(document string) (sum money.Cents) {
	for _, l := range m.Bank.Lines() {
		if l.Of == "file:"+document {
			sum += l.Signed()
		}
	}
	return sum
}

// take hands the office's files over, at noon in the clearing house's zone.
func (m *Month) take(sent Sent) error {
	if sent.Issued != "" {
		if _, err := m.Bank.TakeIssued(strings.NewReader(sent.Issued)); err != nil {
			return err
		}
	}
	d := m.day.Date.Time()
	noon := time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, time.UTC)
	for i, content := range sent.Files {
		name := fmt.Sprintf("office-%s-%d.ach", m.day.Date, i+1)
		answer, err := m.House.Take(name, content, noon)
		if err != nil {
			return err
		}
		if answer.Verdict == clearinghouse.Rejected {
			return fault.New(fault.Invalid, "month.End", "the clearing house rejects %s: %s", name, answer.Reason)
		}
		if i == 0 && m.has(OurFileTwice) {
			if answer, err = m.House.Take("again-"+name, content, noon); err != nil {
				return err
			}
			m.plant(OurFileTwice, answer.File, answer.Debits)
		}
	}
	return nil
}
