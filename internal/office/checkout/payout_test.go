package checkout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store"
)

// pays has the bank pay lines out in one sum.
func (b *bank) pays(id string, status checkout.PayoutStatus, lines ...checkout.SettlementLine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := checkout.Payout{
		Merchant: "acct_one", ID: id, Status: status, CreatedAt: b.clock.Now(), PaidOn: calendar.In(b.clock.Now(), time.UTC).AddDays(2),
	}
	for i := range lines {
		lines[i].ID = fmt.Sprintf("%s-%d", id, i)
		lines[i].Net = lines[i].Gross - lines[i].Fee
		p.Net += lines[i].Net
		b.fees["acct_one"] += lines[i].Fee
	}
	b.payouts, b.lines[id] = append(b.payouts, p), lines
}

func (c *counter) balance(account chart.Code) money.Cents {
	c.Helper()
	balances, err := c.Store.Balances(c.Context(), store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	return balances[premium.Account(account)].Net()
}

func (c *counter) takePayouts(want int) {
	c.Helper()
	if n, err := c.desk.TakePayouts(c.Context()); err != nil || n != want {
		c.Errorf("%d settlement reports were taken, want %d (%v)", n, want, err)
	}
}

func (c *counter) report(id string) checkout.SettlementReport {
	c.Helper()
	r, err := c.desk.Report(c.Context(), "acct_one", id)
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func TestPayouts_EveryLineIsOursAndFeesAreBookedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a, b := c.pay(c.one(), "ok"), c.pay(c.one(), "ok")
		r := c.refund("r1", a, 1, 3_000)
		n := c.bank.dispute(b.Legs[0].Charge, 10_000)
		c.bank.pays("po_1", checkout.PayoutFinal,
			checkout.SettlementLine{Kind: checkout.LineCharge, Charge: a.Legs[0].Charge, Gross: 10_000, Fee: 320},
			checkout.SettlementLine{Kind: checkout.LineCharge, Charge: b.Legs[0].Charge, Gross: 10_000, Fee: 320},
			checkout.SettlementLine{Kind: checkout.LineRefund, Charge: a.Legs[0].Charge, Subject: r.Processor, Gross: -3_000},
			checkout.SettlementLine{Kind: checkout.LineDispute, Charge: b.Legs[0].Charge, Subject: n.Subject, Gross: -10_000, Fee: 1_500},
			checkout.SettlementLine{Kind: checkout.LineFee, Fee: 99})
		c.takePayouts(1) // no notice of the dispute came: its line is what tells of it
		c.takePayouts(0)
		c.restart()
		c.takePayouts(0)
		got := c.report("po_1")
		if got.Net != 7_000-320-320-1_500-99 || got.Fees != 2_239 || got.Count != 5 || len(got.Lines) != 5 || got.Problem != "" || got.Purse != premium {
			t.Errorf("the report is %+v", got)
		}
		for _, l := range got.Lines {
			if l.Problem != "" || l.Kind != checkout.LineFee && l.Attempt == "" {
				t.Errorf("line %s, %s is not known: %s", l.ID, l.Kind, l.Problem)
			}
		}
		if fees := c.balance(chart.ProcessorFees); fees != 2_239 {
			t.Errorf("%s of fees are booked, want 22.39", fees)
		}
		if clearing := c.balance(chart.ClearCard); clearing != got.Net {
			t.Errorf("%s stand on clearing, want what the bank is to show, %s", clearing, got.Net)
		}
		listed, err := c.desk.Reports(t.Context(), got.PaidOn, got.PaidOn)
		if err != nil || len(listed) != 1 || listed[0].ID != "po_1" || listed[0].Net != got.Net {
			t.Errorf("listed on its day: %+v (%v)", listed, err)
		}
		if none, err := c.desk.Reports(t.Context(), got.PaidOn.AddDays(1), calendar.Date{}); err != nil || len(none) != 0 {
			t.Errorf("listed after its day: %+v (%v)", none, err)
		}
	})
}

func TestPayouts_WhatDoesNotProveIsAnException(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		line := checkout.SettlementLine{Kind: checkout.LineCharge, Charge: a.Legs[0].Charge, Gross: 10_000, Fee: 320}
		c.bank.pays("po_1", checkout.PayoutFinal, line)
		c.bank.payouts[0].Net += 5
		c.takePayouts(1)
		c.takePayouts(0) // the same again is no other exception
		if r := c.report("po_1"); !strings.Contains(r.Problem, "sum to 96.80") || len(r.Lines) != 0 || c.balance(chart.ProcessorFees) != 0 {
			t.Errorf("the report is %+v", r)
		}
		if e, err := c.desk.Exceptions(t.Context()); err != nil || len(e.Payouts) != 1 {
			t.Errorf("staff see %+v (%v)", e, err)
		}
		c.bank.payouts[0].Net -= 5
		c.takePayouts(1)
		if r := c.report("po_1"); r.Problem != "" || r.Take != 2 || c.balance(chart.ProcessorFees) != 320 {
			t.Errorf("when it proves: %+v", r)
		}
		c.bank.pays("po_2", checkout.PayoutOpen, checkout.SettlementLine{Kind: checkout.LineFee, Fee: 10})
		c.takePayouts(0)
		c.bank.payouts[1].Status = checkout.PayoutFinal
		c.takePayouts(1)
		if r := c.report("po_2"); r.Net != -10 {
			t.Errorf("a payout that takes money: %+v", r)
		}
		if e, err := c.desk.Exceptions(t.Context()); err != nil || len(e.Payouts)+len(e.Lines) != 0 {
			t.Errorf("staff see %+v (%v)", e, err)
		}
	})
}

func TestPayouts_AnUnknownLineIsListedUntilItIsKnown(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		refunded := checkout.Refund{ID: "re_elsewhere", Charge: a.Legs[0].Charge, Amount: 2_000, Status: checkout.RefundSent}
		stranger := checkout.ChargeRef{Merchant: "acct_one", ID: "ch_stranger"}
		c.bank.pays("po_1", checkout.PayoutFinal,
			checkout.SettlementLine{Kind: checkout.LineCharge, Charge: stranger, Gross: 700, Fee: 50},
			checkout.SettlementLine{Kind: checkout.LineRefund, Charge: a.Legs[0].Charge, Subject: refunded.ID, Gross: -2_000},
			checkout.SettlementLine{Kind: checkout.LineOther, Gross: -1})
		c.takePayouts(1)
		e, err := c.desk.Exceptions(t.Context())
		if err != nil || len(e.Lines) != 3 {
			t.Fatalf("staff see %+v (%v)", e.Lines, err)
		}
		c.bank.mu.Lock()
		c.bank.refunds[refunded.ID] = &refunded
		c.bank.charges[a.Legs[0].Charge].refunded = 2_000
		c.bank.mu.Unlock()
		c.takePayouts(0)
		if e, err = c.desk.Exceptions(t.Context()); err != nil || len(e.Lines) != 2 {
			t.Fatalf("staff see %+v (%v)", e.Lines, err)
		}
		for _, l := range c.report("po_1").Lines {
			if known := l.Kind == checkout.LineRefund; known != (l.Problem == "") || known != (l.Attempt == a.ID) {
				t.Errorf("line %+v", l)
			}
		}
	})
}

func TestPayouts_ARefusedOneComesWithALater(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		a := c.pay(c.one(), "ok")
		c.bank.pays("po_1", checkout.PayoutFinal, checkout.SettlementLine{Kind: checkout.LineCharge, Charge: a.Legs[0].Charge, Gross: 10_000, Fee: 320})
		c.takePayouts(1)
		c.bank.payouts[0].Status, c.bank.payouts[0].Reason = checkout.PayoutFailed, "account_closed"
		if err := c.desk.Notice(t.Context(), checkout.Notice{Kind: checkout.NoticePayout, Charge: checkout.ChargeRef{Merchant: "acct_one"}, Subject: "po_1"}); err != nil {
			t.Fatal(err)
		}
		if r := c.report("po_1"); r.Status != checkout.PayoutFailed || r.Reason != "account_closed" {
			t.Errorf("the payout is %+v", r)
		}
		c.Clock.Advance(24 * time.Hour)
		c.bank.pays("po_2", checkout.PayoutFinal, checkout.SettlementLine{Kind: checkout.LinePayoutFailed, Subject: "po_1", Gross: 9_680})
		c.takePayouts(1)
		if r := c.report("po_2"); r.Net != 9_680 || r.Lines[0].Problem != "" || c.balance(chart.ProcessorFees) != 320 {
			t.Errorf("the later payout is %+v", r)
		}
	})
}
