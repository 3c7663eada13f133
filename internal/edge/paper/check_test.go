package paper

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store/storetest"
)

var _ refund.Press = CheckPress{}

func checkBatch() (*refund.CheckAccount, *refund.Batch, []refund.Check) {
	account := &refund.CheckAccount{
		ID: "cvhp", Payer: []string{"Cedar Valley Health Plan", "PO Box 5501", "Denver CO 80217"}, Bank: "First Juniper Bank, Denver CO",
		Routing: "102000021", Number: secret.New("000555010001"), Style: "csv", Stale: 180,
	}
	to := refund.Payee{Name: "María Ñandú O’Ruiz", Address: member.Address{Line1: "12 Juniper Street", Line2: "Apt 4", City: "Boulder", State: "CO", ZIP: "80302-1234"}}
	batch := &refund.Batch{Account: "cvhp", No: 7, Dated: today, MadeAt: storetest.Start}
	return account, batch, []refund.Check{
		{No: 100001, Amount: 1_234_56, Dated: today, To: to, Memo: "Refund 7C2K-9XQ4-M0TR"},
		{No: 100002, Amount: 21_00, Dated: today, To: refund.Payee{Name: "Pat Lee", Estate: true, Address: to.Address}, Memo: "Refund AAAA-BBBB-CCCC"},
	}
}

func TestChecks_AreTheGoldenPages(t *testing.T) {
	account, batch, checks := checkBatch()
	doc, err := CheckPress{}.Checks(account, batch, checks)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(texts(t, doc), "\n"); strings.Contains(text, "$$") || !strings.Contains(text, "$**1,234.56") {
		t.Errorf("the amount is not written once with its sign:\n%s", text)
	}
	golden(t, "checks.txt", strings.Join(texts(t, doc), "\n")+"\n")
	again, _ := CheckPress{}.Checks(account, batch, checks)
	if string(again) != string(doc) {
		t.Error("the same checks made another document: what was agreed to must be what is printed")
	}
	pay, err := CheckPress{}.PositivePay(account, batch, checks[:1], checks[1:])
	if err != nil || !strings.Contains(string(pay), "000555010001,100002,21.00,2026-11-23,V,ESTATE OF PAT LEE") {
		t.Errorf("the bank is told %s (%v)", pay, err)
	}
}

func TestInWords_SaysWhatTheDigitsSay(t *testing.T) {
	for amount, want := range map[money.Cents]string{
		5: "Zero and 05/100 dollars", 1_00: "One and 00/100 dollars", 13_10: "Thirteen and 10/100 dollars", 40_00: "Forty and 00/100 dollars",
		99_99: "Ninety-nine and 99/100 dollars", 100_00: "One hundred and 00/100 dollars", 1_234_56: "One thousand two hundred thirty-four and 56/100 dollars",
		10_000_00: "Ten thousand and 00/100 dollars", 1_000_001_17: "One million one and 17/100 dollars",
		9_999_999_999_99: "Nine billion nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine and 99/100 dollars",
	} {
		if got := InWords(amount); got != want {
			t.Errorf("%s: got %q, want %q", amount, got, want)
		}
	}
}
