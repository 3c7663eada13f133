package warden_test

import (
	"testing"

	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/store/storetest"
)

// What a letter says of a returned payment comes out of the books: why, and which
// day had counted.
func TestStatus_AReturnSaysWhyAndOfWhichDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o)
		number := p.enrol("2027-01-01", "2026-11-20")
		p.until("2026-12-11")
		p.pay(number, 150_00)
		p.until("2027-01-20")
		paid := p.take(number, 150_00, day("2027-01-18"), nil)
		p.until("2027-01-25")
		order := cashier.Order{Key: "back", Actor: clerk, Reason: "R01: insufficient funds"}
		if _, err := p.Cashier.Reverse(ctx, order, paid); err != nil {
			t.Fatal(err)
		}
		p.until("2027-02-02")
		answers, err := warden.Status(ctx, p.Store, p.rules, number, day("2027-02-02"))
		if err != nil || len(answers) != 1 {
			t.Fatal(answers, err)
		}
		var told []grace.Duty
		for _, d := range answers[0].Status.Duties {
			if d.Notice == grace.NoticeReturned {
				told = append(told, d)
			}
		}
		if len(told) != 1 || told[0].Why != order.Reason || told[0].ReceivedOn != day("2027-01-18") || told[0].Amount != 150_00 {
			t.Errorf("got %+v, want the payment of 18 January with the reason", told)
		}
	})
}
