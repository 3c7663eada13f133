package biller_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store/storetest"
)

func (b *bills) payers() *biller.Payers {
	b.t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		b.t.Fatal(err)
	}
	return &biller.Payers{
		Store: b.Store, Cashier: b.Cashier, House: storetest.House{Clock: b.Clock}, Issuer: issuer, Clock: b.Clock, RemitTo: terms.RemitTo,
	}
}

func (b *bills) payer(owner premium.Owner, state, name, id string) billpay.Number {
	b.t.Helper()
	access, err := audit.By(clerk, "a payer was added", "test")
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := b.payers().Add(ctx, access, biller.Payer{Owner: owner, State: state, Name: name, IDs: []string{id}})
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Number
}

// member keeps a policy of a line with its payer.
func (b *bills) covered(number billpay.Number, line coverage.Line, group billpay.Number, t coverage.Terms) {
	b.t.Helper()
	h := coverage.Held{Policy: coverage.Policy{
		Number: number, No: 1, Line: line, State: "CO", Product: "gold", Source: "test", SourceID: "E-" + number.Digits()[8:], Group: group,
		Entry: coverage.NewEnrolment, From: t.From, ReceivedOn: t.From,
	}, Terms: []coverage.Terms{t}}
	if line.Medicare() {
		h.Withhold = []coverage.Withhold{{From: month("2026-12"), Agency: "SSA", Status: coverage.WithholdAccepted, DecidedOn: t.From}}
	}
	if err := b.Store.SavePolicies(ctx, []coverage.Held{h}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// billPayers bills what the premium run of a day made others owe.
func (b *bills) billPayers(period, on string) biller.PayersReport {
	b.t.Helper()
	report, err := b.payers().Bill(ctx, biller.Run{Kind: biller.PremiumRun, Period: month(period), Day: day(on), Actor: clerk})
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func said(bill invoice.Invoice) string {
	var lines []string
	for _, l := range bill.Lines {
		lines = append(lines, fmt.Sprintf("%s %s %s", l.Kind, l.Month, l.Cents))
	}
	return strings.Join(lines, ", ")
}

func TestBillPayers_OneItemForEachPayerAndMonth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		people := o.Members(t, 5)
		oak, hhs := b.payer(premium.Employer, "", "Oakline", "71"), b.payer(premium.HHS, "", "HHS", "53-1")
		group := coverage.Terms{From: day("2026-12-01"), KnownOn: day("2026-11-01"), Rate: 500_00, Employer: 400_00, Stated: true}
		b.covered(people[0], coverage.Group, oak, group)
		b.covered(people[1], coverage.Group, oak, group)
		b.covered(people[2], coverage.ExchangeAPTC, 0, costs("2026-12-01", 600_00, 450_00))
		b.covered(people[3], coverage.ExchangeAPTC, 0, costs("2026-12-01", 600_00, 100_00))
		b.covered(people[4], coverage.MA, 0, costs("2026-12-01", 42_00, 0))
		b.run("2026-12", "2026-11-10", false)

		first := b.billPayers("2026-12", "2026-11-10")
		if first.Payers != 2 || first.Items != 2 || first.Invoices != 1 || first.Billed[premium.Employer] != 1000_00 ||
			first.Billed[premium.HHS] != 550_00 {
			t.Errorf("got %+v", first)
		}
		if len(first.Unbilled) != 1 || first.Unbilled[0].Owner != premium.SSA || first.Unbilled[0].Cents != 42_00 {
			t.Errorf("what nobody has an account for: got %+v", first.Unbilled)
		}
		checkOwed(t, o, oak, 1000_00)
		checkOwed(t, o, hhs, 550_00)
		checkOwed(t, o, people[0], 0)
		checkOwed(t, o, people[4], 0) // withheld: never the member's
		if again := b.billPayers("2026-12", "2026-11-10"); again.Payers != 0 || len(again.Unbilled) != 1 {
			t.Errorf("again: got %+v", again)
		}
		bills, err := o.Store.Invoices(ctx, ledger.BookNo(oak))
		if err != nil || len(bills) != 1 || bills[0].Due != 1000_00 || said(bills[0]) != "charge 2026-12 500.00, charge 2026-12 500.00" ||
			bills[0].Lines[0].Employee != 100_00 {
			t.Errorf("the list bill: got %+v and %v", bills, err)
		}

		// CMS is registered later: what it owed before is billed then, once.
		cms := b.payer(premium.CMS, "", "CMS", "77")
		b.run("2027-01", "2026-12-10", false)
		later := b.billPayers("2027-01", "2026-12-10")
		if later.Expected != 84_00 || len(later.Unbilled) != 0 || later.Billed[premium.Employer] != 1000_00 {
			t.Errorf("after CMS was registered: got %+v", later)
		}
		checkOwed(t, o, cms, 84_00)
		checkOwed(t, o, oak, 2000_00)
		b.prove()
	})
}

// What is learned later is billed or taken back for its own month, in a line of
// the next list bill.
func TestBillPayers_AdjustsEarlierMonths(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		people := o.Members(t, 2)
		oak := b.payer(premium.Employer, "", "Oakline", "71")
		group := coverage.Terms{From: day("2026-11-01"), KnownOn: day("2026-11-01"), Rate: 500_00, Employer: 500_00, Stated: true}
		for _, p := range people {
			b.covered(p, coverage.Group, oak, group)
		}
		b.run("2026-12", "2026-11-10", false)
		b.billPayers("2026-12", "2026-11-10")
		checkOwed(t, o, oak, 2000_00) // November and December of two
		b.change(people[0], func(h *coverage.Held) { h.To, h.EndReason = day("2026-10-31"), "left" })
		b.run("2027-01", "2026-12-10", false)
		report := b.billPayers("2027-01", "2026-12-10")
		if report.Credits != 1000_00 || report.Items != 1 || report.Billed[premium.Employer] != -500_00 {
			t.Errorf("got %+v", report)
		}
		checkOwed(t, o, oak, 1500_00)
		bills, err := o.Store.Invoices(ctx, ledger.BookNo(oak))
		if err != nil || len(bills) != 2 || bills[1].Due != 1500_00 ||
			said(bills[1]) != "previous_balance  2000.00, charge 2027-01 500.00, adjustment 2026-11 -500.00, adjustment 2026-12 -500.00" {
			t.Errorf("the list bill says %s; %v", said(bills[1]), err)
		}
		b.prove()
	})
}

// Two runs at once bill every payer once, and a run that grew bills what is new.
func TestBillPayers_BesideAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		people := o.Members(t, 12)
		slices.Sort(people)
		group := coverage.Terms{From: day("2026-12-01"), KnownOn: day("2026-11-01"), Rate: 500_00, Employer: 500_00, Stated: true}
		var employers []billpay.Number
		for i := range 10 {
			employers = append(employers, b.payer(premium.Employer, "", "Employer", fmt.Sprint("E", i)))
			b.covered(people[i], coverage.Group, employers[i], group)
		}
		b.run("2026-12", "2026-11-10", false)
		run := biller.Run{Kind: biller.PremiumRun, Period: month("2026-12"), Day: day("2026-11-10"), Actor: clerk}
		var both sync.WaitGroup
		for range 3 {
			both.Go(func() {
				if _, err := b.payers().Bill(ctx, run); err != nil && fault.KindOf(err) != fault.Unavailable {
					t.Errorf("Bill: %v", err)
				}
			})
		}
		both.Wait()
		b.billPayers("2026-12", "2026-11-10")
		for _, e := range employers {
			checkOwed(t, o, e, 500_00)
		}
		b.covered(people[11], coverage.Group, employers[0], group) // a book after those that the run has done
		b.run("2026-12", "2026-11-10", false)
		grown := b.billPayers("2026-12", "2026-11-10")
		if grown.Payers != 1 || grown.Billed[premium.Employer] != 500_00 {
			t.Errorf("the run grew: got %+v", grown)
		}
		checkOwed(t, o, employers[0], 1000_00)
		bills, err := o.Store.Invoices(ctx, ledger.BookNo(employers[0]))
		if err != nil || len(bills) != 2 || bills[1].Due != 1000_00 || said(bills[1]) != "previous_balance  500.00, adjustment 2026-12 500.00" {
			t.Errorf("the second bill says %s; %v", said(bills[1]), err)
		}
		b.prove()
	})
}

func TestAddPayer_RefusesWhatContradictsItself(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	b := &bills{Office: o, t: t}
	access, err := audit.By(clerk, "a payer was added", "test")
	if err != nil {
		t.Fatal(err)
	}
	good := biller.Payer{Owner: premium.State, State: "CO", Name: "State agency", IDs: []string{"84-1"}}
	if _, err := b.payers().Add(ctx, access, good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(p *biller.Payer) fault.Kind{
		"twice":            func(p *biller.Payer) fault.Kind { p.IDs = []string{"84-2"}; return fault.Conflict },
		"an id of another": func(p *biller.Payer) fault.Kind { p.State = "NM"; return fault.Conflict },
		"a member":         func(p *biller.Payer) fault.Kind { p.Owner = premium.Member; return fault.Invalid },
		"no name":          func(p *biller.Payer) fault.Kind { p.Name = " "; return fault.Invalid },
		"no id":            func(p *biller.Payer) fault.Kind { p.IDs = nil; return fault.Invalid },
		"no state":         func(p *biller.Payer) fault.Kind { p.State = ""; return fault.Invalid },
	} {
		p := good
		want := edit(&p)
		if _, err := b.payers().Add(ctx, access, p); fault.KindOf(err) != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if _, err := b.payers().Add(ctx, audit.Access{}, good); fault.KindOf(err) != fault.Denied {
		t.Errorf("without an actor: got %v", err)
	}
}

func TestAddressPayer_IsWhereItsBillsGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bills{Office: o, t: t}
		access, err := audit.By(clerk, "an address was given", "test")
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.payers().Add(ctx, access, biller.Payer{Owner: premium.Employer, Name: "Oakline", IDs: []string{"71"}})
		if err != nil {
			t.Fatal(err)
		}
		to := member.Address{Line1: "1 Mill Road", City: "Boulder", State: "CO", ZIP: "80301"}
		for _, line := range []string{"PO Box 1", "1 Mill Road"} { // the last one counts
			to.Line1 = line
			if err := b.payers().Address(ctx, access, p.Number, to, "front-range"); err != nil {
				t.Fatal(err)
			}
		}
		book := ledger.BookNo(p.Number)
		got, err := o.Store.Addressees(ctx, []ledger.BookNo{book})
		if err != nil || got[book].Name != "Oakline" || got[book].Address != to || got[book].Region != "front-range" {
			t.Errorf("got %+v, %v", got[book], err)
		}
		if err := b.payers().Address(ctx, access, p.Number+10, to, "front-range"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nobody's number: got %v", err)
		}
		to.ZIP = ""
		if err := b.payers().Address(ctx, access, p.Number, to, "front-range"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no ZIP code: got %v", err)
		}
	})
}
