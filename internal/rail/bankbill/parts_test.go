package bankbill_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/rail/bankbill"
)

const (
	first  = "472819036580"
	second = "69276167955"
)

func TestItems_WhereTheNumberStands(t *testing.T) {
	for _, tc := range []struct {
		name, class, id string
		addenda         []string
		want            string
		rail            payment.Rail
	}{
		{"a bank's bill pay", "CIE", first, nil, first + "=10.00", payment.BankBill},
		{"in groups", "CIE", "4728-1903-6580", nil, "4728-1903-6580=10.00", payment.BankBill},
		{"an old number", "CIE", "OLD 77", nil, "OLD 77=10.00", payment.BankBill},
		{"the entry before its addenda", "CIE", first, []string{second}, first + "=10.00", payment.BankBill},
		{"in the addenda of an entry without one", "CIE", "INV 7", []string{"ACCOUNT " + first}, first + "=10.00", payment.BankBill},
		{"a company's credit", "CCD", first, nil, first + "=10.00", payment.ACH},
		{"in a company's addenda", "CCD", "GRP17", []string{"RMR*IK*" + first + `**10.00\`}, first + "=10.00", payment.ACH},
		{"two in free addenda", "CCD", "GRP17", []string{first + " AND " + second}, "GRP17=10.00 many_numbers", payment.ACH},
		{"a remittance advice that sums", "CTX", "GRP17", []string{"RMR*IK*" + first + "**6.00~RMR*IK*" + second + "**4.00~"}, first + "=6.00, " + second + "=4.00", payment.ACH},
		{"a remittance advice that does not sum", "CTX", "GRP17", []string{"RMR*IK*" + first + "**6.00~RMR*IK*" + second + "**3.00~"}, "GRP17=10.00 many_numbers", payment.ACH},
		{"no number at all", "CCD", "GRP17", []string{"THANK YOU"}, "GRP17=10.00", payment.ACH},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := entry(1)
			e.Amount, e.IndividualID, e.PaymentInfo = 1_000, tc.id, tc.addenda
			var got []string
			problems, err := bankbill.Rail{}.Items(bytes.NewReader(write(t, tc.class, e)), func(item intake.Item) error {
				for _, p := range item.Parts {
					text := fmt.Sprintf("%s=%s", p.Reference, p.Amount)
					if p.Doubt != "" {
						text += " " + string(p.Doubt)
					}
					got = append(got, text)
				}
				if item.Rail != tc.rail || item.Received != day {
					t.Errorf("got the rail %s of %s, want %s of %s", item.Rail, item.Received, tc.rail, day)
				}
				return nil
			})
			if err != nil || len(problems) > 0 || strings.Join(got, ", ") != tc.want {
				t.Errorf("got %q, want %q (%v %v)", got, tc.want, problems, err)
			}
		})
	}
}

func TestItems_APrenoteCarriesNoMoney(t *testing.T) {
	prenote, live := entry(1), entry(2)
	prenote.TransactionCode, prenote.IndividualID = 23, first
	live.Amount, live.IndividualID = 500, first
	items := 0
	problems, err := bankbill.Rail{}.Items(bytes.NewReader(write(t, "CIE", prenote, live)), func(item intake.Item) error {
		items++
		return nil
	})
	if err != nil || len(problems) > 0 || items != 1 {
		t.Errorf("got %d items, %v, %v; want the live entry alone", items, problems, err)
	}
}
