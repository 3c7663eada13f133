package prescription_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/prescription"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx   = context.Background()
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

// desk is a payment plan to work on.
type desk struct {
	*storetest.Office
	t    *testing.T
	plan *prescription.Plan
	paid int
}

func open(t *testing.T, o *storetest.Office) *desk {
	return &desk{Office: o, t: t, plan: &prescription.Plan{
		Store: o.Store, Cashier: o.Cashier, House: storetest.House{Clock: o.Clock}, Rules: rule.Embedded(),
	}}
}

const header = "number,month,amount,due_on\n"

func bill(n billpay.Number, month, amount, due string) string {
	return fmt.Sprintf("%s,%s,%s,%s\n", n.Digits(), month, amount, due)
}

func file(rows ...string) prescription.File {
	return prescription.File{Open: func() io.Reader { return strings.NewReader(header + strings.Join(rows, "")) }}
}

func (d *desk) take(rows ...string) prescription.Report {
	d.t.Helper()
	report, err := d.plan.Import(ctx, clerk, file(rows...))
	if err != nil {
		d.t.Fatal(err)
	}
	return report
}

// items writes what is open in a member's book as "text due open".
func (d *desk) items(n billpay.Number) string {
	d.t.Helper()
	var texts []string
	items := d.book(n).Items
	slices.SortFunc(items, func(a, b openitem.Item) int { return cmp.Compare(a.No, b.No) })
	for _, i := range items {
		texts = append(texts, fmt.Sprintf("%s %s %s", i.Text, i.DueOn, i.Open))
	}
	return strings.Join(texts, "; ")
}

func (d *desk) book(n billpay.Number) cashier.Book {
	d.t.Helper()
	have, err := d.Store.Read(ctx, cashier.Want{Books: []ledger.BookNo{ledger.BookNo(n)}})
	if err != nil {
		d.t.Fatal(err)
	}
	return have.Books[ledger.BookNo(n)]
}

// pay takes money at the counter today, to items if any are named.
func (d *desk) pay(n billpay.Number, cents money.Cents, items ...int64) {
	d.t.Helper()
	d.paid++
	part := payment.Part{Reference: n.Digits(), Amount: cents, Received: storetest.House{}.PurseOf(chart.Premium)}
	for _, no := range items {
		part.Items = append(part.Items, payment.ItemRef{Book: ledger.BookNo(n), No: no})
	}
	outcomes, err := d.Cashier.Post(ctx, []payment.Instruction{{
		Key: ident.Key(fmt.Sprintf("cash-%d", d.paid)), Rail: payment.Counter, Actor: clerk, Source: d.Till,
		Received: calendar.In(d.Clock.Now(), time.UTC), Amount: cents, Parts: []payment.Part{part},
	}}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// premium bills premium that is due on a day.
func (d *desk) premium(n billpay.Number, cents money.Cents, due string) {
	d.t.Helper()
	item := openitem.Item{
		About: ledger.BookNo(n), Purse: storetest.House{}.PurseOf(chart.Premium), Text: "Premium", Amount: cents,
		ServiceOn: day(due), DueOn: day(due),
	}
	order := cashier.Order{Key: ident.Key("bill-" + ident.NewOpaque()), Actor: clerk}
	if _, err := d.Cashier.Bill(ctx, order, []openitem.Item{item}, false); err != nil {
		d.t.Fatal(err)
	}
}

// covers keeps a Medicare policy with drugs.
func (d *desk) covers(n billpay.Number, from string, rate money.Cents) {
	d.t.Helper()
	held := coverage.Held{Policy: coverage.Policy{
		Number: n, No: 1, Line: coverage.MAPD, State: "CO", Source: "cms", SourceID: "M", Entry: coverage.Takeover,
		From: day(from), ReceivedOn: day(from).AddDays(-30),
	}, Terms: []coverage.Terms{{KnownOn: day(from).AddDays(-30), From: day(from), Rate: rate, Stated: true}}}
	if err := d.Store.SavePolicies(ctx, []coverage.Held{held}, nil); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) statements(n billpay.Number) []prescription.Statement {
	d.t.Helper()
	bills, err := d.Store.PrescriptionBills(ctx, []ledger.BookNo{ledger.BookNo(n)})
	if err != nil {
		d.t.Fatal(err)
	}
	var all []prescription.Statement
	for _, b := range bills[ledger.BookNo(n)] {
		var s prescription.Statement
		if err := json.Unmarshal([]byte(b.Body), &s); err != nil {
			d.t.Fatal(err)
		}
		if len(all) == 0 || all[len(all)-1].Number != s.Number {
			all = append(all, s)
		}
		sum := money.Cents(0)
		for _, l := range s.Lines {
			sum += l.Cents
		}
		if sum != s.Due || b.Number != s.Number {
			d.t.Errorf("statement %+v does not add up, or is not %s", s, b.Number)
		}
	}
	return all
}

func (d *desk) prove() {
	d.t.Helper()
	report, err := proof.Verify(ctx, d.Store, nil, nil)
	if err != nil || report.Broken != nil {
		d.t.Errorf("verify: %v, %+v", err, report.Broken)
	}
}

func TestImport_TheSameMonthIsBilledOnceAndCorrectedByTheDifference(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		n := d.Members(t, 1)[0]
		first := bill(n, "2026-11", "175.00", "2026-12-15")
		if got := d.take(first); got.Billed != 1 || got.BilledCents != 17500 || got.Rows != 1 {
			t.Fatalf("got %+v, want one bill", got)
		}
		if got := d.take(first); got.Before != 1 || got.Billed != 0 {
			t.Errorf("got %+v, want the file known", got)
		}
		if got := d.take(first, bill(n, "2026-12", "65.91", "2027-01-15")); got.Unchanged != 1 || got.Billed != 1 {
			t.Errorf("got %+v, want November unchanged", got)
		}
		want := "Prescription payment plan, November 2026 2026-12-15 175.00; Prescription payment plan, December 2026 2027-01-15 65.91"
		if got := d.items(n); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		// More: a further item. Less: taken off what is open.
		if got := d.take(bill(n, "2026-11", "180.00", "2026-12-15")); got.Corrected != 1 || got.MoreCents != 500 {
			t.Errorf("got %+v, want 5.00 more", got)
		}
		if got := d.take(bill(n, "2026-11", "150.00", "2026-12-15")); got.Corrected != 1 || got.LessCents != 3000 || got.UnappliedBack != 0 {
			t.Errorf("got %+v, want 30.00 less", got)
		}
		want = "Prescription payment plan, November 2026 2026-12-15 150.00; Prescription payment plan, December 2026 2027-01-15 65.91"
		if got := d.items(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		// What was paid already becomes money of the account.
		d.pay(n, 15000)
		if got := d.take(bill(n, "2026-11", "0", "2026-12-15")); got.LessCents != 15000 || got.UnappliedBack != 15000 {
			t.Errorf("got %+v, want November taken back", got)
		}
		var lines []string
		for _, s := range d.statements(n) {
			lines = append(lines, fmt.Sprintf("%s %s due %s by %s", s.Number[:8], s.Month, s.Due, s.DueOn))
		}
		wantLines := []string{
			"RX2611-0 2026-11 due 175.00 by 2026-12-15", "RX2612-0 2026-12 due 240.91 by 2027-01-15", "RX2611-0 2026-11 due 245.91 by 2026-12-15",
			"RX2611-0 2026-11 due 215.91 by 2026-12-15", "RX2611-0 2026-11 due 65.91 by 2026-12-15",
		}
		if strings.Join(lines, "\n") != strings.Join(wantLines, "\n") {
			t.Errorf("got statements\n%s, want\n%s", strings.Join(lines, "\n"), strings.Join(wantLines, "\n"))
		}
		d.prove()
	})
}

func TestImport_IsRefusedWholeWithLineAndColumn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		n := d.Members(t, 1)[0]
		good := bill(n, "2026-11", "175.00", "2026-12-15")
		issuer, err := billpay.NewIssuer(12)
		if err != nil {
			t.Fatal(err)
		}
		stranger := issuer.Draw(1)[0]
		for what, tc := range map[string]struct {
			rows  []string
			field string
			line  int
		}{
			"nobody's number":    {[]string{good, bill(stranger, "2026-11", "1.00", "2026-12-15")}, "number", 3},
			"a month twice":      {[]string{good, bill(n, "2026-12", "1.00", "2027-01-15"), good}, "month", 4},
			"a half cent":        {[]string{good, bill(n, "2026-12", "1.005", "2027-01-15")}, "amount", 3},
			"less than nothing":  {[]string{bill(n, "2026-12", "-1.00", "2027-01-15"), good}, "amount", 2},
			"due before its day": {[]string{good, bill(n, "2026-12", "1.00", "2026-11-30")}, "due_on", 3},
			"no month":           {[]string{good, bill(n, "2026-13", "1.00", "2027-11-30")}, "month", 3},
		} {
			report := d.take(tc.rows...)
			if report.Verdict == fault.Accept || len(report.Problems) != 1 || report.Problems[0].Field != tc.field || report.Problems[0].Line != tc.line {
				t.Errorf("%s: got %+v, want column %s of line %d", what, report, tc.field, tc.line)
			}
			if strings.Contains(fmt.Sprint(report.Problems), stranger.Digits()) {
				t.Errorf("%s: the problem repeats the number", what)
			}
			problems, err := d.plan.Prove(ctx, file(tc.rows...).Open)
			if err != nil || fmt.Sprint(problems) != fmt.Sprint(report.Problems) {
				t.Errorf("%s: got %v and %v in the proof", what, problems, err)
			}
		}
		if got := d.items(n); got != "" {
			t.Errorf("got %s, want nothing billed", got)
		}
	})
}

func TestImport_TwoAtOnceBillOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		numbers := d.Members(t, 20)
		var one, other []string
		for _, n := range numbers {
			one = append(one, bill(n, "2026-11", "175.00", "2026-12-15"))
			other = append(other, bill(n, "2026-11", "175.00", "2026-12-15"))
		}
		other = append(other, bill(numbers[0], "2026-12", "1.00", "2027-01-15")) // another file
		var both sync.WaitGroup
		var mu sync.Mutex
		var failed error
		for _, rows := range [][]string{one, other, one} {
			both.Go(func() {
				_, err := d.plan.Import(ctx, clerk, file(rows...))
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
			})
		}
		both.Wait()
		if failed != nil {
			t.Fatal(failed)
		}
		for i, n := range numbers {
			want := "Prescription payment plan, November 2026 2026-12-15 175.00"
			if i == 0 {
				want += "; Prescription payment plan, December 2026 2027-01-15 1.00"
			}
			if got := d.items(n); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		d.prove()
	})
}

func TestImport_ALargeFileGoesInChunks(t *testing.T) {
	d := open(t, storetest.Open(t, "sqlite"))
	var rows []string
	for _, n := range d.Members(t, 600) {
		rows = append(rows, bill(n, "2026-11", "10.00", "2026-12-15"), bill(n, "2026-12", "20.00", "2027-01-15"))
	}
	if got := d.take(rows...); got.Billed != 1200 || got.BilledCents != 1_800_000 {
		t.Errorf("got %+v, want 1200 bills", got)
	}
	seen, openCents := 0, money.Cents(0)
	err := d.plan.Standings(ctx, day("2026-11-23"), func(s prescription.Standing) error {
		seen, openCents = seen+1, openCents+s.Open
		return nil
	})
	if err != nil || seen != 600 || openCents != 1_800_000 {
		t.Errorf("got %d participants with %s and %v", seen, openCents, err)
	}
	d.prove()
}

// Premium is paid before the plan's bills unless the payer says otherwise, however
// old these are.
func TestPayment_PaysPremiumFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		n := d.Members(t, 1)[0]
		d.take(bill(n, "2026-10", "175.00", "2026-11-23"))
		d.premium(n, 4200, "2026-12-01")
		d.pay(n, 10000)
		want := "Prescription payment plan, October 2026 2026-11-23 117.00"
		if got := d.items(n); got != want {
			t.Errorf("got %s, want premium paid first: %s", got, want)
		}
		d.premium(n, 4200, "2027-01-01")
		d.pay(n, 5000, 1) // the plan's bill is named
		want = "Prescription payment plan, October 2026 2026-11-23 67.00; Premium 2027-01-01 42.00"
		if got := d.items(n); got != want {
			t.Errorf("got %s, want the named bill paid: %s", got, want)
		}
		d.prove()
	})
}

// The plan's bills are no revenue, no premium, and nobody's coverage hangs on them.
func TestBills_AreNoPremium(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		n := d.Members(t, 1)[0]
		d.covers(n, "2026-01-01", 0)
		d.take(bill(n, "2026-11", "175.00", "2026-11-30"))
		d.pay(n, 10000)
		answers, err := warden.Status(ctx, d.Store, rule.Embedded(), n, day("2027-06-30"))
		if err != nil || len(answers) != 1 {
			t.Fatal(answers, err)
		}
		if s := answers[0].Status; s.State != grace.Current || s.Owed != 0 || !s.EndsOn.IsZero() {
			t.Errorf("got %s owing %s, want it covered: the plan's arrears end nothing", s.State, s.Owed)
		}
		postings := map[string]money.Cents{}
		moves, err := d.Store.PremiumMoves(ctx, []ledger.BookNo{ledger.BookNo(n)})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moves {
			postings[m.Debit.String()+" "+m.Credit.String()] += m.Cents
		}
		if postings["receivable drug-advances"] != 17500 || postings["clearing-counter receivable"] != 10000 || len(postings) != 2 {
			t.Errorf("got %v, want the bill against what pharmacies were paid", postings)
		}
		d.prove()
	})
}

// A premium bill says nothing of the plan's bills: neither in what was left of the
// last one nor in what was paid.
func TestBills_AreNotOnPremiumBills(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		n := d.Members(t, 1)[0]
		d.covers(n, "2026-12-01", 4200)
		monthly := biller.Monthly{
			Store: d.Store, Cashier: d.Cashier, House: storetest.House{Clock: d.Clock}, Rules: rule.Embedded(),
			Terms: biller.Terms{
				RemitTo:   invoice.Address{Name: "Plan", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
				Proration: premium.FullMonth,
			},
		}
		run := func(period, on string) {
			t.Helper()
			d.Clock.Advance(day(on).Time().Add(12 * time.Hour).Sub(d.Clock.Now()))
			report, err := monthly.Bill(ctx, biller.Run{Kind: "premium", Period: calendar.MustParseMonth(period), Day: day(on), Actor: clerk}, false)
			if err != nil || len(report.Problems) > 0 || report.Excepted > 0 {
				t.Fatal(err, report)
			}
		}
		run("2026-12", "2026-11-24")
		d.take(bill(n, "2026-11", "175.00", "2026-12-15"))
		d.pay(n, 10000) // the premium, and 58.00 of the plan's bill
		d.pay(n, 1000)  // of the plan's bill alone
		run("2027-01", "2026-12-10")
		bills, err := d.Store.Invoices(ctx, ledger.BookNo(n))
		if err != nil || len(bills) != 2 {
			t.Fatal(bills, err)
		}
		var lines []string
		for _, l := range bills[1].Lines {
			lines = append(lines, fmt.Sprintf("%s %s", l.Kind, l.Cents))
		}
		if got := strings.Join(lines, "; "); got != "previous_balance 42.00; payment -42.00; charge 42.00" || bills[1].Due != 4200 {
			t.Errorf("got %s, due %s", got, bills[1].Due)
		}
		d.prove()
	})
}

func TestStandings_GraceIsWholeMonthsAndThenParticipationMayEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := open(t, o)
		numbers := d.Members(t, 2)
		n := numbers[0]
		d.take(bill(n, "2026-11", "175.00", "2026-12-15"), bill(n, "2026-12", "65.91", "2027-01-15"), bill(numbers[1], "2026-11", "1.00", "2026-12-15"))
		d.pay(numbers[1], 100)
		for at, want := range map[string]string{
			"2026-12-15": "240.91 0.00 .. ",
			"2026-12-16": "240.91 175.00 2027-01-01..2027-02-28 ",
			"2027-02-28": "240.91 240.91 2027-01-01..2027-02-28 ",
			"2027-03-01": "240.91 240.91 2027-01-01..2027-02-28 2027-03-01",
		} {
			var got []prescription.Standing
			if err := d.plan.Standings(ctx, day(at), func(s prescription.Standing) error { got = append(got, s); return nil }); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0].Account == "" || got[0].Book() != ledger.BookNo(n) {
				t.Fatalf("%s: got %+v, want one participant", at, got)
			}
			s := got[0]
			if text := fmt.Sprintf("%s %s %s..%s %s", s.Open, s.PastDue, s.GraceFrom, s.GraceTo, s.MayEndFrom); text != want {
				t.Errorf("%s: got %s, want %s", at, text, want)
			}
			if s.PastDue > 0 && (s.TellBy != day("2026-12-30") || s.Citation != "42 CFR 423.137" || len(s.Unconfirmed) != 2) {
				t.Errorf("%s: got %+v, want the notice by 30 December, by rows that nobody confirmed", at, s)
			}
		}
	})
}
