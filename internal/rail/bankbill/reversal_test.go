package bankbill_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/rail/bankbill"
)

// A consolidator's day of 1,300.00 paid and 50.00 taken back nets to what the bank
// credits; the debit is no payment and stops nothing.
func TestReversals_StandBesidePayments(t *testing.T) {
	// The file is made line by line: the writer makes no debits of this class.
	record := func(text string) string { return fmt.Sprintf("%-94s\n", text) }
	detail := func(code int, cents money.Cents, no int) string {
		return record(fmt.Sprintf("6%d12104288200%-15s%010d%-15s%-22s  0231380100%06d", code, "13004552", int64(cents), "PAT RIVERA", "472819036580", no))
	}
	content := []byte(record("101 121042882 2313801042611230600A094101CEDAR BANK             PEOPLES BANK") +
		record("5220CONSOLIDATOR                        9876543210CIEHEALTHPREMNOV 26261124   1231380100000001") +
		detail(22, 800_00, 1) + detail(22, 500_00, 2) +
		record("82200000020024208576000000000000000000130000"+"9876543210                         231380100000001") +
		record("5225CONSOLIDATOR                        9876543210CIEREVERSAL  NOV 26261124   1231380100000002") +
		detail(27, 50_00, 3) +
		record("82250000010012104288000000005000000000000000"+"9876543210                         231380100000002") +
		record("9000002000001000000030036312864000000005000000000130000"))
	net := money.Cents(0)
	problems, err := bankbill.Rail{Reversals: true}.Items(bytes.NewReader(content), func(item intake.Item) error {
		net += item.Amount
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	problems, err = bankbill.Reversals(bytes.NewReader(content), func(r reversal.Wanted) error {
		net -= r.Amount
		if r.Number.Digits() != "472819036580" || r.On != day || r.Line == 0 || r.Identity == "" {
			t.Errorf("got %+v", r)
		}
		return nil
	})
	if err != nil || len(problems) > 0 || net != 1_250_00 {
		t.Errorf("the net is %s (%v, %v)", net, problems, err)
	}
	if problems, err = (bankbill.Rail{}).Items(bytes.NewReader(content), func(intake.Item) error { return nil }); err != nil || len(problems) != 1 {
		t.Errorf("a debit is taken for money that came: %v %v", problems, err)
	}
}
