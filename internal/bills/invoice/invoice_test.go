package invoice_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/people/billpay"
)

var update = flag.Bool("update", false, "write the golden files anew")

const account = billpay.Number(314159265352)

var (
	day   = calendar.MustParse
	month = calendar.MustParseMonth
	remit = invoice.Address{Name: "Clear View Health Plan", Line1: "PO Box 1000", City: "Denver", State: "CO", ZIP: "80201-1000"}
)

func draft() invoice.Draft {
	return invoice.Draft{
		Account: account, Debtor: premium.Member, Period: month("2026-12"), Sequence: 1,
		IssuedOn: day("2026-11-10"), DueOn: day("2026-12-01"), RemitTo: remit,
	}
}

func line(kind premium.Kind, owner premium.Owner, m string, cents money.Cents) premium.Line {
	return premium.Line{Kind: kind, Owner: owner, Month: month(m), From: month(m).First(), To: month(m).Last(), Cents: cents}
}

// subsidised is the invoice of somebody with tax credit, a change of an earlier
// month, a payment and one that came back.
func subsidised() invoice.Draft {
	d := draft()
	d.Previous = 15000
	d.Payments = []invoice.Payment{{On: day("2026-10-30"), Cents: 15000}, {On: day("2026-10-30"), Cents: 15000, Returned: true}}
	half := line(premium.Gross, premium.Member, "2026-12", 27385)
	half.From = day("2026-12-15")
	d.Billed = []invoice.Billed{
		{Name: "Silver 2000", Month: month("2026-12"), Lines: []premium.Line{
			line(premium.Gross, premium.Member, "2026-12", 60000), line(premium.TaxCredit, premium.Member, "2026-12", -45000),
			line(premium.TaxCredit, premium.HHS, "2026-12", 45000),
		}},
		{Name: "Silver 2000", Month: month("2026-11"), Adjusts: true, Lines: []premium.Line{
			line(premium.TaxCredit, premium.Member, "2026-11", 5000), line(premium.TaxCredit, premium.HHS, "2026-11", -5000),
		}},
		{Name: "Dental", Month: month("2026-12"), Lines: []premium.Line{half}},
	}
	return d
}

func listBill() invoice.Draft {
	d := draft()
	d.Debtor, d.Previous = premium.Employer, -10000
	d.List = []premium.ListLine{
		{MemberID: "E-1", Tier: premium.Family, Month: month("2026-12"), Rate: 150000, Employer: 100000, Employee: 50000},
		{MemberID: "E-2", Tier: premium.EmployeeOnly, Month: month("2026-12"), Rate: 62000, Employer: 62000},
		{MemberID: "E-3", Tier: premium.EmployeeOnly, Month: month("2026-11"), Adjustment: true, Rate: -62000, Employer: -50000, Employee: -12000},
	}
	return d
}

func withheld() invoice.Draft {
	d := draft()
	d.Billed = []invoice.Billed{{Name: "Advantage Plus", Month: month("2026-12"), Lines: []premium.Line{
		line(premium.Gross, premium.Member, "2026-12", 4200), line(premium.Subsidy, premium.Member, "2026-12", -1000),
		line(premium.Subsidy, premium.CMS, "2026-12", 1000), line(premium.Penalty, premium.Member, "2026-12", 550),
		line(premium.Withholding, premium.Member, "2026-12", -3750), line(premium.Withholding, premium.SSA, "2026-12", 3750),
	}}}
	return d
}

func TestNew_GoldenDocuments(t *testing.T) {
	for name, d := range map[string]invoice.Draft{"subsidised": subsidised(), "list_bill": listBill(), "withheld": withheld()} {
		i, err := invoice.New(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.MarshalIndent(map[string]any{
			"invoice": i, "scan_line": i.Coupon().ScanLine, "words": []invoice.Worded{i.Words(invoice.English), i.Words(invoice.Spanish)},
		}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+name+".json", append(got, '\n'))

		// What is kept says the same when it is read again.
		kept, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		var again invoice.Invoice
		if err := json.Unmarshal(kept, &again); err != nil || again.Digest() != i.Digest() {
			t.Errorf("%s: read again it says other things: %v\n%s", name, err, kept)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the difference. Got\n%s", name, got)
	}
}

func TestNew_SumsAndKeepsOthersMoneyApart(t *testing.T) {
	i, err := invoice.New(subsidised())
	if err != nil {
		t.Fatal(err)
	}
	if i.Due != 15000+60000-45000+5000+27385 || i.Pay() != i.Due {
		t.Errorf("due %s", i.Due)
	}
	if paid := i.Sum(invoice.PaymentReceived); paid != -15000 {
		t.Errorf("payments: %s; the tax credit is no payment", paid)
	}
	if len(i.Others) != 2 || i.Others[0].Cents != 45000 || i.Others[1].Cents != -5000 {
		t.Errorf("others: %v", i.Others)
	}
	if i.From != day("2026-12-01") || i.To != day("2026-12-31") {
		t.Errorf("coverage from %s to %s; an adjusted month is not what is billed", i.From, i.To)
	}
	for _, l := range i.Lines {
		if l.Kind == invoice.Credit && l.Cents > 0 || l.Kind == invoice.Charge && l.Cents < 0 {
			t.Errorf("on the wrong side: %+v", l)
		}
	}
}

func TestNew_ACreditAsksForNothing(t *testing.T) {
	d := draft()
	d.Previous = -5000
	i, err := invoice.New(d)
	if err != nil || i.Due != -5000 || i.Pay() != 0 || i.Coupon().Amount != 0 {
		t.Errorf("got %s, %s, %v", i.Due, i.Coupon().Amount, err)
	}
	if text := i.Words(invoice.Spanish).Due.Text; !strings.Contains(text, "a su favor") {
		t.Errorf("got %q", text)
	}
	if i.From != day("2026-12-01") {
		t.Errorf("without charges it is about its period, not from %s", i.From)
	}
}

func TestNew_Refuses(t *testing.T) {
	for says, edit := range map[string]func(*invoice.Draft){
		"bill pay number":      func(d *invoice.Draft) { d.Account = 0 },
		"from 1 to 99":         func(d *invoice.Draft) { d.Sequence = 100 },
		"a period":             func(d *invoice.Draft) { d.Period = calendar.Month{} },
		"gets no invoice":      func(d *invoice.Draft) { d.Debtor = premium.HHS },
		"due on the day it is": func(d *invoice.Draft) { d.DueOn = day("2026-11-09") },
		"address":              func(d *invoice.Draft) { d.RemitTo.ZIP = "" },
		"amount above zero":    func(d *invoice.Draft) { d.Payments = []invoice.Payment{{On: day("2026-11-01")}} },
		"a coupon can carry":   func(d *invoice.Draft) { d.Previous = 1_000_000_000_000 },
	} {
		d := draft()
		edit(&d)
		if _, err := invoice.New(d); fault.KindOf(err) != fault.Invalid || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// A digest covers everything that is said: each field changed makes another.
func TestDigest_CoversEveryField(t *testing.T) {
	seen := map[string]bool{}
	for name, edit := range map[string]func(*invoice.Invoice){
		"as it is": func(*invoice.Invoice) {},
		"number":   func(i *invoice.Invoice) { i.Number += "1" }, "account": func(i *invoice.Invoice) { i.Account++ },
		"debtor": func(i *invoice.Invoice) { i.Debtor = "x" }, "period": func(i *invoice.Invoice) { i.Period = i.Period.Add(1) },
		"from": func(i *invoice.Invoice) { i.From = i.From.AddDays(1) }, "to": func(i *invoice.Invoice) { i.To = i.To.AddDays(1) },
		"issued": func(i *invoice.Invoice) { i.IssuedOn = i.IssuedOn.AddDays(1) }, "due on": func(i *invoice.Invoice) { i.DueOn = i.DueOn.AddDays(1) },
		"due": func(i *invoice.Invoice) { i.Due++ }, "remit": func(i *invoice.Invoice) { i.RemitTo.Line2 = "x" },
		"kind": func(i *invoice.Invoice) { i.Lines[0].Kind = "x" }, "for": func(i *invoice.Invoice) { i.Lines[0].For = "x" },
		"by": func(i *invoice.Invoice) { i.Lines[0].By = "x" }, "name": func(i *invoice.Invoice) { i.Lines[0].Name = "x" },
		"tier": func(i *invoice.Invoice) { i.Lines[0].Tier = "x" }, "month": func(i *invoice.Invoice) { i.Lines[0].Month = month("2020-01") },
		"line from": func(i *invoice.Invoice) { i.Lines[0].From = day("2020-01-01") }, "line to": func(i *invoice.Invoice) { i.Lines[0].To = day("2020-01-01") },
		"on": func(i *invoice.Invoice) { i.Lines[0].On = day("2020-01-01") }, "cents": func(i *invoice.Invoice) { i.Lines[0].Cents++ },
		"employee": func(i *invoice.Invoice) { i.Lines[0].Employee++ }, "line less": func(i *invoice.Invoice) { i.Lines = i.Lines[1:] },
		"other": func(i *invoice.Invoice) { i.Others[0].Cents++ }, "other owner": func(i *invoice.Invoice) { i.Others[0].Owner = "x" },
		"other for": func(i *invoice.Invoice) { i.Others[0].For = "x" }, "other month": func(i *invoice.Invoice) { i.Others[0].Month = month("2020-01") },
	} {
		i, err := invoice.New(subsidised())
		if err != nil {
			t.Fatal(err)
		}
		edit(&i)
		digest := i.Digest()
		if seen[string(digest[:])] {
			t.Errorf("%s: the same digest as another", name)
		}
		seen[string(digest[:])] = true
	}
}

// Both languages say every kind, owner, tier and month.
func TestWords_AreComplete(t *testing.T) {
	for _, language := range invoice.Languages() {
		for n, kind := range premium.Kinds() {
			for _, owner := range premium.Owners() {
				for _, tier := range premium.Tiers() {
					m := month("2026-01").Add(n % 12)
					i := invoice.Invoice{Number: "2612-01-00", From: m.First(), To: m.Last(), IssuedOn: m.First(), DueOn: m.Last(),
						Lines:  []invoice.Line{{Kind: invoice.Charge, For: kind, By: owner, Tier: tier, Month: m, From: m.First(), To: m.Last(), Employee: 1}},
						Others: []invoice.Other{{Owner: owner, For: kind, Month: m}}}
					w := i.Words(language)
					for _, text := range []string{w.Title, w.Coverage, w.Issued, w.Due.Text, w.OthersTitle, w.Lines[0].Text, w.Others[0].Text} {
						if text == "" || strings.Contains(text, "%!") || strings.Contains(text, ", ,") || strings.HasPrefix(text, ":") || strings.HasPrefix(text, ",") {
							t.Errorf("%s, %s, %s: %q", language, kind, owner, text)
						}
					}
				}
			}
		}
	}
}

func TestNumber_IsDeterministicAndTiedToItsAccount(t *testing.T) {
	number, err := invoice.NumberOf(account, month("2026-12"), 1)
	if err != nil || number != "2612-01-14" {
		t.Fatalf("got %q, %v", number, err)
	}
	for _, typed := range []string{"2612-01-14", "26120114", " 2612 01 14 "} {
		if got, err := invoice.ParseNumber(typed); err != nil || got != number {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
	for _, wrong := range []string{"", "2612-01-3", "2613-01-34", "2600-01-34", "2612-00-34", "2612-01-3x", "2612-01-144"} {
		if got, err := invoice.ParseNumber(wrong); err == nil {
			t.Errorf("%q was read as %s", wrong, got)
		}
	}
	if !number.Belongs(account) || number.Belongs(billpay.Number(271828182848)) {
		t.Error("a number belongs to its account and to no other")
	}
	seen := map[invoice.Number]bool{}
	for sequence := 1; sequence <= invoice.SequenceMost; sequence++ {
		for m := range 24 {
			n, err := invoice.NumberOf(account, month("2026-01").Add(m), sequence)
			if err != nil || seen[n] {
				t.Fatalf("%s comes twice, or %v", n, err)
			}
			seen[n] = true
		}
	}
}

// Whatever was printed reads as what it was, and no single misread digit or swap of
// neighbours passes.
func TestScan_ReadsWhatWasPrintedAndNothingMisread(t *testing.T) {
	issuer, err := billpay.NewIssuer(0)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		number := issuer.Draw(1)[0]
		n, err := invoice.NumberOf(number, month("2026-01").Add(rapid.IntRange(0, 600).Draw(t, "period")), rapid.IntRange(1, 99).Draw(t, "sequence"))
		if err != nil {
			t.Fatal(err)
		}
		want := invoice.Scan{
			Account: number, Invoice: n, Amount: money.Cents(rapid.Int64Range(0, 999_999_999_999).Draw(t, "amount")),
			DueOn: day("2026-01-01").AddDays(rapid.IntRange(0, 10000).Draw(t, "due")),
		}
		text := want.String()
		if got, err := invoice.ParseScan(text); err != nil || got != want {
			t.Fatalf("got %v, %v of %q", got, err, text)
		}
		digits := []byte(strings.ReplaceAll(text, " ", ""))
		at := rapid.IntRange(0, len(digits)-2).Draw(t, "at")
		swapped := bytes.Clone(digits)
		swapped[at], swapped[at+1] = digits[at+1], digits[at]
		wrong := bytes.Clone(digits)
		wrong[at] = '0' + (digits[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		for _, misread := range [][]byte{swapped, wrong} {
			if got, err := invoice.ParseScan(string(misread)); err == nil && !bytes.Equal(misread, digits) {
				t.Fatalf("%s was read as %v, printed was %s", misread, got, digits)
			}
		}
	})
}

func TestScan_ShortNumbersAndErrors(t *testing.T) {
	short, err := billpay.NewIssuer(10)
	if err != nil {
		t.Fatal(err)
	}
	number := short.Draw(1)[0]
	d := draft()
	d.Account = number
	i, err := invoice.New(d)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := invoice.ParseScan(i.Coupon().ScanLine); err != nil || got.Account != number {
		t.Errorf("a number of 10 digits: %v", err)
	}
	for _, text := range []string{"", "1", strings.Repeat("0", 40), strings.Repeat("1", 40), strings.Repeat("x", 40)} {
		if _, err := invoice.ParseScan(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func FuzzParseScan(f *testing.F) {
	i, err := invoice.New(subsidised())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(i.Coupon().ScanLine)
	f.Add(strings.Repeat("9", 40))
	f.Fuzz(func(t *testing.T, text string) {
		scan, err := invoice.ParseScan(text)
		if err != nil {
			return
		}
		if scan.String() != strings.Join(strings.Fields(scan.String()), " ") || scan.Amount < 0 || !scan.Invoice.Belongs(scan.Account) {
			t.Errorf("%q was read as %v", text, scan)
		}
		if again, err := invoice.ParseScan(scan.String()); err != nil || again != scan {
			t.Errorf("%q does not read as itself: %v", text, err)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	f.Add("2612-01-14")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := invoice.ParseNumber(text)
		if err != nil {
			return
		}
		if again, err := invoice.ParseNumber(string(n)); err != nil || again != n || len(n) != 10 {
			t.Errorf("%q was read as %q, which reads as %q, %v", text, n, again, err)
		}
	})
}
