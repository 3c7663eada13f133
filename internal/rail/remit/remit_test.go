package remit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/rail/remit"
	"github.com/billfold/billfold/internal/store/storetest"
)

const zooDir = "../../../testdata/zoo/x12"

func file(t testing.TB, items []railtest.Paid) []byte {
	t.Helper()
	total := money.Cents(0)
	for _, item := range items {
		total += item.Cents
	}
	var out bytes.Buffer
	w := x12.NewWriter(&out)
	_ = w.BeginInterchange(x12.Interchange{
		SenderQualifier: "ZZ", Sender: "OAKLINEMFG", ReceiverQualifier: "ZZ", Receiver: "CEDARVALLEY",
		Date: "261123", Time: "0800", Control: "000000101",
	})
	_ = w.BeginGroup(x12.Group{
		FunctionalID: "RA", Sender: "OAKLINEMFG", Receiver: "CEDARVALLEY", Date: "20261123", Time: "0800",
		Control: "101", Agency: "X", Version: x12.Guide820Group,
	})
	_ = w.BeginSet("820", "0001", x12.Guide820Group)
	_ = w.Segment("BPR", "C", total.String(), "C", "ACH", "CTX", "01", "121042882", "DA", "1", "1234567890", "",
		"01", "121042882", "DA", railtest.Account, "20261123")
	_ = w.Segment("TRN", "1", "OAK1123", "1234567890")
	_ = w.Segment("N1", "PE", "CEDAR VALLEY HEALTH", "FI", "000000072")
	_ = w.Segment("N1", "PR", "OAKLINE MANUFACTURING", "FI", "000000071")
	for i, item := range items {
		_ = w.Segment("ENT", strconv.Itoa(i+1), "2J", "ZZ", "E"+strconv.Itoa(item.No))
		_ = w.Segment("NM1", "IL", "1", "ALDER", "JUNE")
		_ = w.Segment("RMR", "IK", "INV-"+strconv.Itoa(item.No), "", item.Cents.String())
		_ = w.Segment("REF", "0F", item.Reference)
		_ = w.Segment("DTM", "582", "", "", "", "RD8", "20261201-20261231")
	}
	_ = w.EndSet()
	_ = w.EndGroup()
	if err := w.EndInterchange(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func importing(t *testing.T) railtest.Take {
	o := storetest.Open(t, "sqlite")
	h := house{storetest.House{Clock: o.Clock}}
	return railtest.Importing(intake.New(o.Store, o.Cashier, h, o.Clock, remit.Rail{}))
}

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: remit.Rail{}, File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, remit.Rail{}, zooDir, "820_*.txt", zoo, importing(t))
}

func TestSamples(t *testing.T) {
	folder := railtest.Samples("../../..", "x12-820")
	if folder == "" {
		return // the shared samples are not at hand
	}
	railtest.Folder(t, remit.Rail{}, folder, ".txt", samples, importing(t))
}

// What the rail makes of each file; lines of members nobody knows are items all the same.
var zoo = map[string]string{
	"820_employer_list_bill_full.txt":                   "2 items, 1012.50",
	"820_employer_list_bill_over.txt":                   "2 items, 1062.50",
	"820_employer_list_bill_partial.txt":                "2 items, 812.50",
	"820_employer_list_bill_short_with_reason.txt":      "2 items, 762.50",
	"820_employer_organization_and_earlier_payment.txt": "refuse, line 12, ",
	"820_employer_two_months_and_takes_back.txt":        "refuse, line 23, RMR04",
	"820_employer_unknown_person.txt":                   "2 items, 512.50",
	"820_exchange_initial_report_totals_zero.txt":       "refuse, line 4, ",
	"820_exchange_month_with_all_kinds.txt":             "refuse, line 4, ",
	"820_exchange_reduced_for_a_debt.txt":               "refuse, line 4, ",
	"820_group_payment_balances.txt":                    "2 items, 702.50",
	"bad_820_adjustment_without_reason.txt":             "refuse, line 20, ADX02",
	"bad_820_amount.txt":                                "refuse, line 19, RMR04",
	"bad_820_entity_order.txt":                          "refuse, line 17, ENT01",
	"bad_820_exchange_does_not_balance.txt":             "flag, line 4, BPR02",
	"bad_820_exchange_qualifier.txt":                    "refuse, line 17, RMR01",
	"bad_820_missing_payer.txt":                         "refuse, line 10, ",
	"bad_820_missing_trn.txt":                           "refuse, line 10, ",
	"bad_820_payment_differs_from_details.txt":          "flag, line 4, BPR02",
	"bad_820_period.txt":                                "refuse, line 16, DTM06",
	"bad_820_remittance_before_entity.txt":              "refuse, line 11, ",
	"bad_820_remittance_without_amount.txt":             "refuse, line 13, RMR04",
	"bad_820_version_004010.txt":                        "refuse, line 3, ST03",
	"bad_820_wrong_segment_count.txt":                   "flag, line 23, SE01",
}

// The public samples tell of money that comes by another way (BPR04 = NON); one
// is of 004010.
var samples = map[string]string{
	"sample.txt":        "refuse, line 1, ISA02",
	"sample_820_01.txt": "refuse, line 1, BPR04",
	"sample_820_04.txt": "refuse, line 1, BPR04",
}

// lines reads one of the zoo's files.
func lines(t *testing.T, name string) []remit.Line {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(zooDir, name))
	if err != nil {
		t.Fatal(err)
	}
	var list []remit.Line
	problems, err := remit.Read(bytes.NewReader(content), func(l remit.Line) error {
		list = append(list, l)
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("got %v and %v", problems, err)
	}
	return list
}

func TestRead_SaysWhoAndWhatIsPaid(t *testing.T) {
	l := lines(t, "820_employer_list_bill_full.txt")[1]
	if l.Amount != 60000 || l.Rail != payment.ACH || l.Received != calendar.MustParse("2026-11-30") || l.Line != 19 || l.Entity != 2 || l.Ordinal != 2 {
		t.Errorf("got %+v", l)
	}
	if got := strings.Join([]string{l.Subscriber, l.Member, l.Group, l.Invoice, l.Name, l.Month.String()}, ", "); got !=
		"CV100002, CV100002, OAK-0001, OAK-2612, SAM BIRCH, 2026-12" {
		t.Errorf("got %s", got)
	}
	for _, word := range []string{"OAK1130", "CV100002", "OAK-2612", "2026-12-01", "600.00"} {
		if !strings.Contains(l.Identity, word) {
			t.Errorf("the identity %q lacks %s", l.Identity, word)
		}
	}
}

func TestRead_TellsWhatDiffersFromTheBill(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"820_employer_list_bill_full.txt", "412.50[] 600.00[]"},
		{"820_employer_list_bill_partial.txt", "212.50[-200.00 less than billed] 600.00[]"},
		{"820_employer_list_bill_short_with_reason.txt", "412.50[] 350.00[-250.00 the person is no longer employed]"},
		{"820_employer_list_bill_over.txt", "462.50[50.00 remittance for an earlier underpayment] 600.00[]"},
	} {
		var got []string
		for _, l := range lines(t, test.file) {
			text := ""
			for _, d := range l.Discrepancies {
				text += fmt.Sprintf("%s %s", d.Cents, d.Words)
			}
			got = append(got, fmt.Sprintf("%s[%s]", l.Amount, text))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %v, want %s", test.file, got, test.want)
		}
	}
}

// changed replaces words of a good file.
func changed(t *testing.T, words ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(zooDir, "820_employer_list_bill_full.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer(words...).Replace(string(content)))
}

func TestRead_RefusesWhatBringsNoMoney(t *testing.T) {
	for _, test := range []struct {
		words []string
		says  string
	}{
		{[]string{"*C*ACH*", "*D*ACH*"}, "charges the plan"},
		{[]string{"*C*ACH*", "*C*NON*"}, `no money comes by the method "NON"`},
	} {
		called := 0
		problems, err := remit.Read(bytes.NewReader(changed(t, test.words...)), func(remit.Line) error { called++; return nil })
		if err != nil || called > 0 || len(problems) != 1 || !strings.Contains(problems[0].Message, test.says) || fault.Judge(problems) != fault.Refuse {
			t.Errorf("got %v, %v and %d lines, want a problem saying %q", problems, err, called, test.says)
		}
	}
}

func TestRead_NamesNoMonthOfSeveral(t *testing.T) {
	content := changed(t, "20261201-20261231~\nENT*2", "20261201-20270131~\nENT*2")
	var months []string
	if problems, err := remit.Read(bytes.NewReader(content), func(l remit.Line) error {
		months = append(months, l.Month.String())
		return nil
	}); err != nil || len(problems) > 0 || strings.Join(months, ",") != ",2026-12" {
		t.Errorf("got %v, %v and months %q, want none and December", problems, err, months)
	}
}

func TestRead_KeepsALineOfNothing(t *testing.T) {
	content := changed(t, "*1012.50*", "*600*", "**412.50*412.50", "**0*412.50")
	paid, items := 0, 0
	if problems, err := remit.Read(bytes.NewReader(content), func(l remit.Line) error {
		if l.Amount == 0 && l.Discrepancies[0].Cents == -41250 {
			paid++
		}
		return nil
	}); err != nil || len(problems) > 0 || paid != 1 {
		t.Errorf("got %v, %v and %d lines of nothing, want 1", problems, err, paid)
	}
	if _, err := (remit.Rail{}).Items(bytes.NewReader(content), func(intake.Item) error { items++; return nil }); err != nil || items != 1 {
		t.Errorf("got %d items, %v, want 1", items, err)
	}
}

func TestItems_SayWhatReceivedTheMoney(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  intake.Item
	}{
		{nil, intake.Item{Rail: payment.ACH, Receiving: intake.Receiving{Kind: "bank_account", ID: "2"}}},
		{
			[]string{"*C*ACH*CTX*01*000000000*DA*1*1234567890**01*000000000*DA*2*", "*C*CHK************"},
			intake.Item{Rail: payment.Lockbox, Receiving: intake.Receiving{Kind: "payee", ID: "000000072"}},
		},
	} {
		problems, err := (remit.Rail{}).Items(bytes.NewReader(changed(t, test.words...)), func(i intake.Item) error {
			if i.Rail != test.want.Rail || i.Receiving != test.want.Receiving {
				t.Errorf("got %+v, want %+v", i, test.want)
			}
			return nil
		})
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
	}
}

func TestItems_WhereTheNumberStands(t *testing.T) {
	const number, other = "472819036580", "69276167955"
	for _, test := range []struct {
		name  string
		words []string
		want  string
	}{
		{"the subscriber's id", nil, "CV100001"},
		{"a bill pay number as subscriber", []string{"REF*0F*CV100001", "REF*0F*4728-1903-6580"}, number},
		{"a bill pay number as invoice", []string{"AZ*OAK-2612**412.50", "AZ*" + number + "**412.50"}, number},
		{"a bill pay number as member", []string{"****N*CV100001", "****N*" + number}, number},
		{"two numbers", []string{"REF*0F*CV100001", "REF*0F*" + number, "****N*CV100001", "****N*" + other}, number + " " + other},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []intake.Item
			problems, err := (remit.Rail{}).Items(bytes.NewReader(changed(t, test.words...)), func(i intake.Item) error {
				got = append(got, i)
				return nil
			})
			if err != nil || len(problems) > 0 {
				t.Fatal(problems, err)
			}
			part := got[0].Parts[0]
			if part.Reference != test.want || (part.Doubt == suspense.ManyNumbers) != strings.Contains(test.want, " ") {
				t.Errorf("got %q with doubt %q, want %q", part.Reference, part.Doubt, test.want)
			}
		})
	}
}
