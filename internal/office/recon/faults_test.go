package recon_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var errKilled = errors.New("killed")

// dying is a store whose program dies at one of its writes, before or after it.
type dying struct {
	*store.Store
	left  int
	after bool
}

func (d *dying) Write(ctx context.Context, w *cashier.Writes) error {
	if d.left--; d.left != 0 {
		return d.Store.Write(ctx, w)
	}
	if d.after {
		if err := d.Store.Write(ctx, w); err != nil {
			return err
		}
	}
	return errKilled
}

func (d *dying) MarkStatement(ctx context.Context, print string, asOf calendar.Date, mark string, lines int64, net money.Cents) error {
	if d.left--; d.left == 0 {
		return errKilled
	}
	return d.Store.MarkStatement(ctx, print, asOf, mark, lines, net)
}

func TestRun_GoesOnWhereItWasKilled(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; at <= 5; at++ {
			o := storetest.Open(t, "sqlite")
			b := newBench(t, o)
			today := b.today()
			b.pay(payment.Lockbox, b.source(), today, 10_00)
			lines := []recon.Line{line("142", 3_00), line("115", 10_00)}
			for range 600 { // more than one storage transaction takes
				lines = append(lines, line("698", -1))
			}
			d := &dying{Store: o.Store, left: at, after: after}
			print := func(number secret.Text) (string, error) {
				sum, err := o.Vault.Fingerprint(number, "bank account")
				return hex.EncodeToString(sum), err
			}
			b.desk = recon.New(d, cashier.New(d, storetest.House{Clock: o.Clock}, o.Clock), house{storetest.House{Clock: o.Clock}}, o.Clock, print,
				recon.DefaultRules(), b.approve, b.keys)
			one := day{on: today, opening: 0, closing: 7_00, lines: lines}
			for {
				_, err := b.desk.Load(t.Context(), 7, nothing, reader(one))
				if err == nil {
					_, err = b.desk.Run(t.Context(), clerk)
				}
				if err == nil {
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
			if p := b.prove(today); p.Unexplained != 0 || !hasLines(p, 3_00) || p.Bank[0].Closing != 7_00 {
				t.Errorf("killed at write %d: %+v", at, p)
			}
			b.verify()
		}
	}
}

func TestRun_PayoutsSettleCapturesLessTheirFee(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Card, b.source(), today, 100_00, 50_00)
		report := &checkout.SettlementReport{
			Payout: checkout.Payout{Merchant: "acct_1", ID: "po_1", Status: checkout.PayoutFinal, Trace: "TR-77", CreatedAt: b.Clock.Now(), PaidOn: today.AddDays(1), Net: 96_80},
			Purse:  premium, Fees: 3_20, Count: 1, Take: 1, TakenAt: b.Clock.Now(),
			Lines: []checkout.SettlementLine{{
				ID: "li_1", Kind: checkout.LineCharge, Charge: checkout.ChargeRef{Merchant: "acct_1", ID: "ch_1"}, Gross: 100_00, Fee: 3_20, Net: 96_80, At: b.Clock.Now(),
				Attempt: "at", Leg: 1,
			}},
		}
		if err := o.Store.KeepReport(t.Context(), report); err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(24 * time.Hour)
		paid := line("142", 96_80)
		paid.CustomerRef = "tr 77"
		r, _ := b.statement(b.today(), 0, paid)
		if r.Matched != 1 || r.Expected != 1 || r.Exceptions != 0 {
			t.Errorf("got %+v, want the capture of 50.00 left", r)
		}
		p := b.prove(b.today())
		if p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		for _, a := range p.Accounts {
			if a.Account == chart.Name(premium.Account(chart.ClearCard)) && (a.Balance != 50_00 || a.Timing.Cents != 50_00) {
				t.Errorf("got %+v", a)
			}
		}
		b.verify()
	})
}

// What the statement shows is the money that the rails told of, once.
func TestOverview_CountsMoneyOnceThatTheBankShows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Lockbox, b.source(), today, 10_00)
		b.statement(today, 500_00, line("115", 10_00), line("142", 2_00), line("698", -1_00))
		got, err := o.Store.Overview(t.Context(), map[chart.EntityNo]calendar.Date{1: today})
		if err != nil {
			t.Fatal(err)
		}
		if f := got.Purses[premium]; f.Received != 10_00 || f.Suspense != 10_00 || f.Applied != 0 || f.Received+f.Moved != f.Applied+f.Unapplied+f.Suspense+f.Refunding {
			t.Errorf("got %+v", f)
		}
	})
}

func nothing() io.Reader { return bytes.NewReader(nil) }
