package remittance_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/remittance"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/remit"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx   = context.Background()
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
)

func month(s string) calendar.Month { return calendar.MustParseMonth(s) }

func day(s string) calendar.Date { return calendar.MustParse(s) }

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

// plan is a plan whose payers send 820s.
type plan struct {
	*storetest.Office
	t      *testing.T
	remits *remittance.Remittances
	intake *intake.Intake
	names  int
}

func newPlan(t *testing.T, o *storetest.Office) *plan {
	h := house{storetest.House{Clock: o.Clock}}
	p := &plan{Office: o, t: t}
	p.remits = remittance.New(o.Store, o.Cashier, h, o.Clock, premium.Tolerance{Cents: 5_00, Share: 1_00})
	p.intake = intake.New(o.Store, o.Cashier, h, o.Clock, remit.Rail{Remittances: p.remits})
	return p
}

func (p *plan) billing() *biller.Payers {
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		p.t.Fatal(err)
	}
	return &biller.Payers{
		Store: p.Store, Cashier: p.Cashier, House: storetest.House{Clock: p.Clock}, Issuer: issuer, Clock: p.Clock,
		RemitTo: invoice.Address{Name: "Cedar Valley Health", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
	}
}

func (p *plan) payer(owner premium.Owner, name, id string) billpay.Number {
	p.t.Helper()
	access, err := audit.By(clerk, "a payer was added", "test")
	if err != nil {
		p.t.Fatal(err)
	}
	added, err := p.billing().Add(ctx, access, biller.Payer{Owner: owner, Name: name, IDs: []string{id}})
	if err != nil {
		p.t.Fatal(err)
	}
	return added.Number
}

// enrol keeps a policy from December 2026 on and gives its subscriber.
func (p *plan) enrol(line coverage.Line, group billpay.Number, id string, rate, aptc money.Cents) billpay.Number {
	p.t.Helper()
	number := p.Members(p.t, 1)[0]
	from := day("2026-12-01")
	h := coverage.Held{Policy: coverage.Policy{
		Number: number, No: 1, Line: line, State: "CO", Product: "gold", Source: "test", SourceID: id, Group: group,
		Entry: coverage.NewEnrolment, From: from, ReceivedOn: from,
	}, Terms: []coverage.Terms{{From: from, KnownOn: from, Rate: rate, APTC: aptc, Employer: rate - aptc, Stated: true}}}
	if line != coverage.Group {
		h.Terms[0].Employer = 0
	}
	if err := p.Store.SavePolicies(ctx, []coverage.Held{h}, nil); err != nil {
		p.t.Fatal(err)
	}
	return number
}

// bill bills a month, members and payers.
func (p *plan) bill(period, on string) {
	p.t.Helper()
	run := biller.Run{Kind: biller.PremiumRun, Period: month(period), Day: day(on), Actor: clerk}
	monthly := biller.Monthly{
		Store: p.Store, Cashier: p.Cashier, House: storetest.House{Clock: p.Clock}, Rules: rule.Embedded(), Lanes: 1,
		Terms: biller.Terms{RemitTo: p.billing().RemitTo, Proration: premium.FullMonth},
	}
	if report, err := monthly.Bill(ctx, run, false); err != nil || len(report.Problems)+report.Excepted > 0 {
		p.t.Fatalf("Bill: %v, %+v", err, report)
	}
	if _, err := p.billing().Bill(ctx, run); err != nil {
		p.t.Fatal(err)
	}
}

// line is a line of an 820: of whom, of an exchange which kind, for which month.
type line struct {
	who, kind, month string
	cents            money.Cents
}

// file writes an 820 of a payer.
func file(t *testing.T, guide, payer, trace string, amount money.Cents, lines ...line) []byte {
	t.Helper()
	var out bytes.Buffer
	w := x12.NewWriter(&out)
	_ = w.BeginInterchange(x12.Interchange{
		SenderQualifier: "ZZ", Sender: "PAYER", ReceiverQualifier: "ZZ", Receiver: "CEDARVALLEY", Date: "261201", Time: "0800", Control: "000000101",
	})
	_ = w.BeginGroup(x12.Group{
		FunctionalID: "RA", Sender: "PAYER", Receiver: "CEDARVALLEY", Date: "20261201", Time: "0800", Control: "101", Agency: "X", Version: guide,
	})
	_ = w.BeginSet("820", "0001", guide)
	method, role, flag := "ACH", "PR", "C"
	if guide == x12.Guide820Exchange {
		role = "RM"
	}
	if amount == 0 {
		method = "NON"
	}
	stated := amount
	if amount < 0 {
		stated, flag = -amount, "D"
	}
	_ = w.Segment("BPR", "I", stated.String(), flag, method, "", "", "", "", "", "", "", "", "", "", "", "20261201")
	_ = w.Segment("TRN", "1", trace)
	_ = w.Segment("N1", "PE", "CEDAR VALLEY HEALTH", "FI", "000000072")
	_ = w.Segment("N1", role, "A PAYER", "FI", payer)
	for i, l := range lines {
		_ = w.Segment("ENT", strconv.Itoa(i+1))
		if l.who != "" {
			_ = w.Segment("NM1", "IL", "1", "ALDER", "JUNE")
			_ = w.Segment("REF", "0F", l.who)
		}
		if guide == x12.Guide820Exchange {
			_ = w.Segment("RMR", "ZZ", l.kind, "", l.cents.String())
		} else {
			_ = w.Segment("RMR", "IK", "BILL", "", l.cents.String())
		}
		if l.month != "" {
			m := month(l.month)
			_ = w.Segment("DTM", "582", "", "", "", "RD8",
				strings.ReplaceAll(m.First().String(), "-", "")+"-"+strings.ReplaceAll(m.Last().String(), "-", ""))
		}
	}
	_ = w.EndSet()
	_ = w.EndGroup()
	if err := w.EndInterchange(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// take takes a file that must be accepted.
func (p *plan) take(content []byte) remittance.Taken {
	p.t.Helper()
	result := p.offer(content)
	report, ok := result.Report.(remittance.Report)
	if result.Verdict != fault.Accept || !ok || len(report.Payments) != 1 {
		p.t.Fatalf("got %+v", result)
	}
	return report.Payments[0]
}

func (p *plan) offer(content []byte) intake.Result {
	p.t.Helper()
	p.names++
	result, err := p.intake.Take(ctx, fmt.Sprintf("remit-%d.txt", p.names), bytes.NewReader(content), clerk, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// pay brings money that names nobody, with what the bank tells of it.
func (p *plan) pay(cents money.Cents, source string) {
	p.t.Helper()
	p.post(cents, "", source)
}

func (p *plan) post(cents money.Cents, reference, source string) {
	p.t.Helper()
	p.names++
	outcomes, err := p.Cashier.Post(ctx, []payment.Instruction{{
		Key: ident.Key(fmt.Sprintf("money-%d", p.names)), Rail: payment.ACH, Actor: clerk, Source: p.Till, Received: day("2026-12-01"), Amount: cents,
		Parts: []payment.Part{{
			Reference: reference, Amount: cents, Received: storetest.House{}.PurseOf(chart.Premium), Details: suspense.Details{Source: source},
		}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		p.t.Fatal(err, outcomes)
	}
}

// owed says what is open in a payer's book, by month, and what lies unapplied.
func (p *plan) owed(number billpay.Number) string {
	p.t.Helper()
	no := ledger.BookNo(number)
	have, err := p.Store.Read(ctx, cashier.Want{Books: []ledger.BookNo{no}})
	if err != nil {
		p.t.Fatal(err)
	}
	var said []string
	for _, item := range have.Books[no].Items {
		said = append(said, fmt.Sprintf("%s %s", calendar.MonthOf(item.ServiceOn), item.Open))
	}
	slices.Sort(said)
	free, err := p.Store.UnappliedOf(ctx, no)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, u := range free {
		if u.Open > 0 {
			said = append(said, "unapplied "+u.Open.String())
		}
	}
	return strings.Join(said, ", ")
}

func (p *plan) prove() map[string]money.Cents {
	p.t.Helper()
	report, err := proof.Verify(ctx, p.Store, nil, nil)
	if err != nil || report.Broken != nil {
		p.t.Fatalf("verify: %v, %+v", err, report.Broken)
	}
	balances := map[string]money.Cents{}
	for account, balance := range report.Accounts {
		balances[chart.Name(account)] = balance.Net()
	}
	return balances
}

func results(taken remittance.Taken) string {
	var said []string
	for _, r := range taken.Results {
		said = append(said, fmt.Sprintf("%s %d %s", r.Result, r.Months, r.Difference))
	}
	return strings.Join(said, ", ")
}

// A month of three employers: one pays as billed, one too little and too much and
// for somebody nobody knows, and one pays a month late with an adjustment.
func TestMonth_OfThreeEmployers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := newPlan(t, o)
		oak, elm, ash := p.payer(premium.Employer, "Oakline", "71"), p.payer(premium.Employer, "Elm Works", "72"), p.payer(premium.Employer, "Ash", "73")
		for i := range 2 {
			p.enrol(coverage.Group, oak, fmt.Sprintf("OAK%d", i), 500_00, 0)
		}
		for i := range 5 {
			p.enrol(coverage.Group, elm, fmt.Sprintf("ELM%d", i), 300_00, 0)
		}
		p.enrol(coverage.Group, ash, "ASH0", 700_00, 0)
		p.bill("2026-12", "2026-11-10")
		if got := p.owed(elm); got != "2026-12 1500.00" {
			t.Fatalf("Elm owes %s", got)
		}

		// The money first: it waits in suspense, and the 820 finds it.
		p.pay(1000_00, "CCD entry, trace 000OAK1, from OAKLINE")
		exact := p.take(file(t, x12.Guide820Group, "71", "OAK1", 1000_00, line{"OAK0", "", "2026-12", 500_00}, line{"OAK1", "", "2026-12", 500_00}))
		if !exact.Settled || results(exact) != "paid 2 0.00" || p.owed(oak) != "" {
			t.Errorf("Oakline: got %+v, owes %s", exact, p.owed(oak))
		}

		// The 820 first.
		mixed := file(t, x12.Guide820Group, "72", "ELM1", 1347_00,
			line{"ELM0", "", "2026-12", 300_00}, line{"ELM1", "", "2026-12", 200_00}, line{"ELM2", "", "2026-12", 350_00},
			line{"ELM3", "", "2026-12", 298_00}, line{"WHO", "", "2026-12", 100_00}, line{"OAK0", "", "2026-12", 99_00})
		short := p.take(mixed)
		if short.Settled || short.Exceptions != 2 ||
			results(short) != "discrepancy 1 -2.00, missing 1 -300.00, over 1 50.00, paid 1 0.00, short 1 -100.00" {
			t.Errorf("Elm: got %+v", short)
		}
		p.pay(1347_00, "wire of 2026-12-01, bank reference ELM12") // another's
		if got := p.owed(elm); got != "2026-12 1500.00" {
			t.Errorf("Elm owes %s before its money came", got)
		}
		p.pay(1347_00, "wire of 2026-12-01, bank reference ELM1")
		outcomes, err := p.remits.SettleOpen(ctx, clerk)
		if err != nil || len(outcomes) != 1 || !outcomes[0].Done {
			t.Fatalf("got %+v and %v", outcomes, err)
		}
		if got := p.owed(elm); got != "2026-12 352.00, unapplied 199.00" {
			t.Errorf("Elm owes %s", got)
		}
		p.exceptions(mixed, "unknown_person 100.00 RMR*IK*BILL**100.00, not_of_payer 99.00 RMR*IK*BILL**99.00")

		// The money under the payer's own number: it is put where the 820 says.
		p.bill("2027-01", "2026-12-10")
		p.post(600_00, ash.Digits(), "CCD entry, trace 1")
		if got := p.owed(ash); got != "2026-12 100.00, 2027-01 700.00" {
			t.Errorf("Ash owes %s, the oldest paid first", got)
		}
		late := p.take(file(t, x12.Guide820Group, "73", "ASH1", 600_00, line{"ASH0", "", "2027-01", 700_00}, line{"ASH0", "", "2026-12", -100_00}))
		if !late.Settled || p.owed(ash) != "2026-12 700.00, 2027-01 100.00" {
			t.Errorf("Ash: got %+v, owes %s", late, p.owed(ash))
		}
		balances := p.prove()
		if balances["1/premium/clearing-ach"] != 1000_00+1347_00*2+600_00 || balances["1/premium/suspense"] != -1347_00 {
			t.Errorf("the money was counted otherwise: %v", balances)
		}
	})
}

func (p *plan) exceptions(content []byte, want string) {
	p.t.Helper()
	all, err := p.Store.Remittances(ctx, false)
	if err != nil || len(all) == 0 {
		p.t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(r remittance.Remittance) bool { return r.Trace == "ELM1" })
	excepted, err := p.remits.Exceptions(ctx, all[at].ID, bytes.NewReader(content), remit.Read)
	if err != nil {
		p.t.Fatal(err)
	}
	var said []string
	for _, l := range excepted.Lines {
		if l.FileLine == 0 {
			p.t.Errorf("an exception without its line: %+v", l)
		}
		said = append(said, fmt.Sprintf("%s %s %s", l.Exception, l.Cents, l.Text))
	}
	if got := strings.Join(said, ", "); got != want || len(excepted.Months) != 4 {
		p.t.Errorf("got %s and %d months, want %s", got, len(excepted.Months), want)
	}
}

// A payer that took back what was credited after it was paid uses that credit.
func TestMonth_TakenBackAfterACredit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := newPlan(t, o)
		oak := p.payer(premium.Employer, "Oakline", "71")
		p.enrol(coverage.Group, oak, "OAK0", 500_00, 0)
		leaver := p.enrol(coverage.Group, oak, "OAK1", 500_00, 0)
		p.bill("2026-12", "2026-11-10")
		p.pay(1000_00, "trace DEC")
		p.take(file(t, x12.Guide820Group, "71", "DEC", 1000_00, line{"OAK0", "", "2026-12", 500_00}, line{"OAK1", "", "2026-12", 500_00}))
		held, err := p.Store.PoliciesOf(ctx, []billpay.Number{leaver})
		if err != nil {
			t.Fatal(err)
		}
		ended := held[0]
		ended.To, ended.EndReason = day("2026-11-30"), "left"
		if err := p.Store.SavePolicies(ctx, []coverage.Held{ended}, map[coverage.Key]coverage.Held{ended.Key(): held[0]}); err != nil {
			t.Fatal(err)
		}
		p.bill("2027-01", "2026-12-10")
		if got := p.owed(oak); got != "2027-01 500.00, unapplied 500.00" {
			t.Fatalf("Oakline owes %s", got)
		}
		taken := p.take(file(t, x12.Guide820Group, "71", "JAN", 0, line{"OAK0", "", "2027-01", 500_00}, line{"OAK1", "", "2026-12", -500_00}))
		if !taken.Settled || p.owed(oak) != "" || results(taken) != "paid 2 0.00" {
			t.Errorf("got %+v, Oakline owes %s", taken, p.owed(oak))
		}
		p.prove()
	})
}

// An exchange's month: tax credits pay HHS's items; the fee that it keeps, what it
// brings for cost sharing and what it carries over stand on accounts of their own,
// so that the net is what came.
func TestMonth_OfAnExchange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := newPlan(t, o)
		hhs := p.payer(premium.HHS, "HHS", "EX1")
		for i := range 3 {
			p.enrol(coverage.ExchangeAPTC, 0, fmt.Sprintf("EX%d", i+10), 600_00, 400_00)
		}
		p.bill("2026-12", "2026-11-10")
		taken := p.take(file(t, x12.Guide820Exchange, "EX1", "X1", 730_00,
			line{"EX10", "APTC", "2026-12", 400_00}, line{"EX10", "CSR", "2026-12", 30_00}, line{"EX10", "UF", "2026-12", -20_00},
			line{"EX11", "APTC", "2026-12", 350_00}, line{"", "BAL", "2026-12", -30_00}))
		if taken.Settled || taken.Exceptions != 0 || results(taken) != "missing 1 -400.00, paid 1 0.00, short 1 -50.00" {
			t.Errorf("got %+v", taken)
		}
		p.pay(730_00, "CCD entry, trace X1")
		if _, err := p.remits.SettleOpen(ctx, clerk); err != nil {
			t.Fatal(err)
		}
		if got := p.owed(hhs); got != "2026-12 450.00" {
			t.Errorf("HHS owes %s", got)
		}
		balances := p.prove()
		for account, want := range map[string]money.Cents{
			"user-fee": 20_00, "cost-sharing": -30_00, "exchange-balance": 30_00, "suspense": 0, "unapplied": 0, "interaccount": 0,
		} {
			if got := balances["1/premium/"+account]; got != want {
				t.Errorf("%s stands at %s, want %s", account, got, want)
			}
		}

		// The exchange takes more back than it pays: what it will debit stands there
		// until it does.
		p.bill("2027-01", "2026-12-10")
		back := p.take(file(t, x12.Guide820Exchange, "EX1", "X2", -70_00,
			line{"EX10", "APTC", "2027-01", 10_00}, line{"EX10", "UF", "2027-01", -50_00}, line{"EX11", "APTCADJ", "2026-12", -30_00}))
		if !back.Settled {
			t.Errorf("got %+v", back)
		}
		balances = p.prove()
		if fee, carried := balances["1/premium/user-fee"], balances["1/premium/exchange-balance"]; fee != 70_00 || carried != 30_00-70_00+20_00 {
			t.Errorf("the fee is %s, the balance %s", fee, carried)
		}
		if got := p.owed(hhs); got != "2026-12 450.00, 2027-01 1200.00" {
			t.Errorf("HHS owes %s", got)
		}
	})
}

// A state pays subsidies of the policies that it knows by our bill pay numbers.
func TestMonth_OfAStatesAgency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := newPlan(t, o)
		access, err := audit.By(clerk, "a payer was added", "test")
		if err != nil {
			t.Fatal(err)
		}
		agency, err := p.billing().Add(ctx, access, biller.Payer{Owner: premium.State, State: "CO", Name: "State agency", IDs: []string{"84"}})
		if err != nil {
			t.Fatal(err)
		}
		var people []billpay.Number
		for i := range 2 {
			people = append(people, p.enrol(coverage.Direct, 0, fmt.Sprintf("D%d", i), 300_00, 0))
		}
		held, err := p.Store.PoliciesOf(ctx, people)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range held {
			after := before.Clone()
			terms := after.Terms[0]
			terms.Subsidy = 60_00
			after.Terms = append(after.Terms, terms)
			if err := p.Store.SavePolicies(ctx, []coverage.Held{after}, map[coverage.Key]coverage.Held{before.Key(): before}); err != nil {
				t.Fatal(err)
			}
		}
		p.bill("2026-12", "2026-11-10")
		if got := p.owed(agency.Number); got != "2026-12 120.00" {
			t.Fatalf("the agency owes %s", got)
		}
		p.pay(60_00, "trace CO1")
		taken := p.take(file(t, x12.Guide820Group, "84", "CO1", 60_00, line{people[0].Digits(), "", "2026-12", 60_00}))
		if !taken.Settled || results(taken) != "missing 1 -60.00, paid 1 0.00" || p.owed(agency.Number) != "2026-12 60.00" {
			t.Errorf("got %+v, the agency owes %s", taken, p.owed(agency.Number))
		}
		p.prove()
	})
}

func TestTake_WholeOrNotAtAllAndOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := newPlan(t, o)
		good := file(t, x12.Guide820Group, "71", "OAK1", 500_00, line{"OAK0", "", "2026-12", 500_00})
		if r := p.offer(good); r.Verdict != fault.Refuse || len(r.Problems) != 1 || r.Problems[0].Field != "payer" || r.Problems[0].Line == 0 {
			t.Errorf("of a payer nobody knows: got %+v", r)
		}
		oak := p.payer(premium.Employer, "Oakline", "71")
		p.enrol(coverage.Group, oak, "OAK0", 500_00, 0)
		p.bill("2026-12", "2026-11-10")
		off := bytes.Replace(good, []byte("BPR*I*500*"), []byte("BPR*I*501*"), 1)
		if bytes.Equal(off, good) {
			off = bytes.Replace(good, []byte("500.00"), []byte("501.00"), 1)
		}
		if r := p.offer(off); r.Verdict == fault.Accept || len(r.Problems) == 0 || r.Problems[0].Line == 0 {
			t.Errorf("whose lines do not sum: got %+v", r)
		}
		if all, err := p.Store.Remittances(ctx, false); err != nil || len(all) != 0 {
			t.Errorf("something of it was kept: %+v, %v", all, err)
		}
		p.take(good)
		if r := p.offer(good); !r.Duplicate {
			t.Errorf("the same file again: got %+v", r)
		}
		if again := p.take(bytes.Replace(good, []byte("*0800*"), []byte("*0900*"), 2)); !again.Duplicate || again.Settled {
			t.Errorf("the same payment in another file: got %+v", again)
		}
		other := file(t, x12.Guide820Group, "71", "OAK1", 400_00, line{"OAK0", "", "2026-12", 400_00})
		if r := p.offer(other); r.Verdict != fault.Refuse || len(r.Problems) != 1 || r.Problems[0].Field != "trace" {
			t.Errorf("another payment with its trace: got %+v", r)
		}
		p.pay(500_00, "trace OAK1")
		for range 2 {
			if _, err := p.remits.SettleOpen(ctx, clerk); err != nil {
				t.Fatal(err)
			}
		}
		all, err := p.Store.Remittances(ctx, false)
		if err != nil || len(all) != 1 || !all[0].Settled || p.owed(oak) != "" {
			t.Fatalf("got %+v and %v, Oakline owes %s", all, err, p.owed(oak))
		}
		// Cut short and taken up again, it ends as it was.
		report, err := p.remits.Take(ctx, all[0].File, bytes.NewReader(good), remit.Read, clerk)
		if err != nil || len(report.Payments) != 1 || !report.Payments[0].Settled || results(report.Payments[0]) != "paid 1 0.00" {
			t.Errorf("taken up again: got %+v and %v", report, err)
		}
		p.prove()
	})
}
