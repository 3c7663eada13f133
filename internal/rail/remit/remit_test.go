package remit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/remittance"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/rail/remit"
)

const zooDir = "../../../testdata/zoo/x12"

// outcome reads a file and says what it is: payments and their lines, or its first
// problem.
func outcome(content []byte) string {
	var said []string
	problems, err := remit.Read(bytes.NewReader(content), func(p remittance.Payment) error {
		said = append(said, fmt.Sprintf("%s by %s:", p.Amount, p.PayerID))
		return nil
	}, func(l remittance.Line) error {
		said = append(said, fmt.Sprintf("%s %s %s", l.Kind, l.Month, l.Cents))
		return nil
	})
	switch {
	case err != nil:
		return err.Error()
	case fault.Judge(problems) != fault.Accept:
		return fmt.Sprintf("%s, line %d, %s", fault.Judge(problems), problems[0].Line, problems[0].Field)
	}
	return strings.Join(said, " ")
}

// What the rail makes of each file.
var zoo = map[string]string{
	"820_employer_list_bill_full.txt":                   "1012.50 by 000000071: premium 2026-12 412.50 premium 2026-12 600.00",
	"820_employer_list_bill_over.txt":                   "1062.50 by 000000071: premium 2026-12 412.50 premium  50.00 premium 2026-12 600.00",
	"820_employer_list_bill_partial.txt":                "812.50 by 000000071: premium 2026-12 212.50 premium 2026-12 600.00",
	"820_employer_list_bill_short_with_reason.txt":      "762.50 by 000000071: premium 2026-12 412.50 premium 2026-12 350.00",
	"820_employer_organization_and_earlier_payment.txt": "5950.25 by 000000071: premium  -49.75 premium 2026-12 6000.00",
	"820_employer_two_months_and_takes_back.txt":        "725.00 by 000000071: premium 2026-11 412.50 premium 2026-12 412.50 premium 2026-10 -100.00",
	"820_employer_unknown_person.txt":                   "512.50 by 000000071: premium 2026-12 412.50 premium 2026-12 100.00",
	"820_exchange_initial_report_totals_zero.txt":       "0.00 by EX1: premium 2027-01 600.00 user_fee 2027-01 -28.43 exchange_balance 2027-01 -571.57",
	"820_exchange_month_with_all_kinds.txt": "1027.14 by EX1: premium 2027-01 600.00 cost_sharing 2027-01 120.55 user_fee 2027-01 -28.43 " +
		"premium 2026-11 -150.00 cost_sharing 2026-11 15.02 premium 2027-01 500.00 user_fee 2027-01 -20.00 premium 2026-10 40.00 " +
		"exchange_balance 2027-01 -50.00",
	"820_exchange_reduced_for_a_debt.txt":      "0.00 by EX1: premium 2027-01 600.00 user_fee 2027-01 -28.43 exchange_balance 2027-01 -571.57",
	"820_group_payment_balances.txt":           "702.50 by 000000071: premium 2026-12 412.50 premium 2026-12 300.00 premium  -10.00",
	"bad_820_adjustment_without_reason.txt":    "refuse, line 20, ADX02",
	"bad_820_amount.txt":                       "refuse, line 19, RMR04",
	"bad_820_entity_order.txt":                 "refuse, line 17, ENT01",
	"bad_820_exchange_does_not_balance.txt":    "flag, line 4, BPR02",
	"bad_820_exchange_qualifier.txt":           "refuse, line 17, RMR01",
	"bad_820_missing_payer.txt":                "refuse, line 10, ",
	"bad_820_missing_trn.txt":                  "refuse, line 10, ",
	"bad_820_payment_differs_from_details.txt": "flag, line 4, BPR02",
	"bad_820_period.txt":                       "refuse, line 16, DTM06",
	"bad_820_remittance_before_entity.txt":     "refuse, line 11, ",
	"bad_820_remittance_without_amount.txt":    "refuse, line 13, RMR04",
	"bad_820_version_004010.txt":               "refuse, line 3, ST03",
	"bad_820_wrong_segment_count.txt":          "flag, line 23, SE01",
}

func TestZoo(t *testing.T) { folder(t, zooDir, "*820_*.txt", zoo) }

// The public samples tell of money that comes by another way (BPR04 = NON); one
// is of 004010.
var samples = map[string]string{
	"sample.txt":        "refuse, line 1, ISA02",
	"sample_820_01.txt": "refuse, line 1, BPR04",
	"sample_820_04.txt": "refuse, line 1, BPR04",
}

func TestSamples(t *testing.T) {
	dir := railtest.Samples("../../..", "x12-820")
	if dir == "" {
		return // the shared samples are not at hand
	}
	folder(t, dir, "*.txt", samples)
}

func folder(t *testing.T, dir, pattern string, want map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) != len(want) {
		t.Errorf("got %d files and %v, want %d", len(files), err, len(want))
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(content); got != want[filepath.Base(name)] {
			t.Errorf("%s: got %s", filepath.Base(name), got)
		}
	}
}

// changed replaces words of a good file.
func changed(t testing.TB, words ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(zooDir, "820_employer_list_bill_full.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer(words...).Replace(string(content)))
}

func TestRead_Changed(t *testing.T) {
	for _, test := range []struct {
		name  string
		words []string
		want  string
	}{
		{"no method known", []string{"*C*ACH*", "*C*NON*"}, "refuse, line 4, BPR04"},
		{"charged to the plan", []string{
			"1012.50*C*ACH*", "1012.50*D*ACH*", "**412.50*412.50", "**-412.50", "**600*600", "**-600",
		}, "-1012.50 by 000000071: premium 2026-12 -412.50 premium 2026-12 -600.00"},
		{
			"two months in one line", []string{"20261201-20261231~\nENT*2", "20261201-20270131~\nENT*2"},
			"1012.50 by 000000071: premium  412.50 premium 2026-12 600.00",
		},
		{
			"a line of nothing", []string{"*1012.50*", "*600*", "**412.50*412.50", "**0*412.50"},
			"600.00 by 000000071: premium 2026-12 0.00 premium 2026-12 600.00",
		},
		{
			"the month only in the header", []string{"REF*38*OAK-0001~\nDTM*582****RD8*20261201-20261231~\nENT*2", "ENT*2", "SE*21", "SE*19"},
			"1012.50 by 000000071: premium 2026-12 412.50 premium 2026-12 600.00",
		},
	} {
		if got := outcome(changed(t, test.words...)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// The surest name of a person comes first.
func TestRead_References(t *testing.T) {
	read := func(name string) (l remittance.Line) {
		content, err := os.ReadFile(filepath.Join(zooDir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = remit.Read(bytes.NewReader(content), func(remittance.Payment) error { return nil }, func(each remittance.Line) error {
			if l.No == 0 {
				l = each
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	employer := read("820_employer_list_bill_full.txt")
	if got := strings.Join(employer.References, ","); got != "CV100001,OAK-2612" || employer.SSN.Reveal() != "000000101" ||
		employer.Text != "RMR*AZ*OAK-2612**412.50*412.50" || employer.FileLine != 13 {
		t.Errorf("an employer's line: got %s, %+v", got, employer)
	}
	exchange := read("820_exchange_month_with_all_kinds.txt")
	if got := strings.Join(exchange.References, ","); got != "EX500001,EXCH-POLICY-9,A1" || !exchange.Person {
		t.Errorf("an exchange's line: got %s, %+v", got, exchange)
	}
}

// Whatever comes, the lines of a file that is accepted sum to its payments.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(zooDir, "*820_*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var sums, amounts []money.Cents
		last := 0
		problems, err := remit.Read(bytes.NewReader(content), func(p remittance.Payment) error {
			sums, amounts, last = append(sums, 0), append(amounts, p.Amount), 0
			return nil
		}, func(l remittance.Line) error {
			if l.No != last+1 {
				t.Fatalf("line %d comes after %d", l.No, last)
			}
			last = l.No
			sums[len(sums)-1] += l.Cents
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if fault.Judge(problems) != fault.Accept {
			return
		}
		for i := range sums {
			if sums[i] != amounts[i] {
				t.Fatalf("payment %d of %s has lines of %s", i+1, amounts[i], sums[i])
			}
		}
	})
}
