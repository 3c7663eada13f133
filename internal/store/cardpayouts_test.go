package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store/storetest"
)

// cardReport is a settlement report with a line that is known and one that is not.
func cardReport() checkout.SettlementReport {
	at := storetest.Start
	ref := checkout.ChargeRef{Merchant: "acct_1", ID: "ch_1"}
	return checkout.SettlementReport{
		Payout: checkout.Payout{
			Merchant: "acct_1", ID: "po_1", Status: checkout.PayoutFinal, Trace: "tr", CreatedAt: at, PaidOn: calendar.MustParse("2026-11-25"), Net: 380,
		},
		Purse: premium, Fees: 20, Count: 2, Take: 1, TakenAt: at.Add(time.Second),
		Lines: []checkout.SettlementLine{
			{ID: "txn_1", Kind: checkout.LineCharge, Charge: ref, Gross: 500, Fee: 20, Net: 480, At: at, Attempt: "attempt", Leg: 1},
			{ID: "txn_2", Kind: checkout.LineRefund, Charge: ref, Subject: "re_1", Gross: -100, Net: -100, At: at, Problem: "not known"},
		},
	}
}

func TestReport_IsKeptWholeAndOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx, want := t.Context(), cardReport()
		if err := o.Store.KeepReport(ctx, &want); err != nil {
			t.Fatal(err)
		}
		same := func() {
			t.Helper()
			if got, err := o.Store.Report(ctx, "acct_1", "po_1"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("kept\n%+v\nas\n%+v (%v)", want, got, err)
			}
		}
		same()
		if err := o.Store.KeepReport(ctx, &want); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same take: %v", err)
		}
		other := cardReport()
		other.ID = "po_2" // a line is in one payout only
		if err := o.Store.KeepReport(ctx, &other); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same lines: %v", err)
		}
		if lines, err := o.Store.UnknownLines(ctx, 5); err != nil || len(lines) != 1 || lines[0].ID != "txn_2" || lines[0].Payout != "po_1" {
			t.Errorf("not known are %+v (%v)", lines, err)
		}
		for range 2 {
			if err := errors.Join(
				o.Store.KeepLineKnown(ctx, "acct_1", "txn_2", "later", 2, storetest.Start),
				o.Store.KeepPayoutFailed(ctx, "acct_1", "po_1", "account_closed", storetest.Start),
			); err != nil {
				t.Fatal(err)
			}
		}
		want.Lines[1].Attempt, want.Lines[1].Leg, want.Lines[1].Problem = "later", 2, ""
		want.Status, want.Reason = checkout.PayoutFailed, "account_closed"
		same()
		if lines, err := o.Store.UnknownLines(ctx, 5); err != nil || len(lines) != 0 {
			t.Errorf("still not known are %+v (%v)", lines, err)
		}
		if last, err := o.Store.LastPayout(ctx, "acct_1"); err != nil || !last.Equal(want.CreatedAt) {
			t.Errorf("the last payout was made at %s (%v)", last, err)
		}
		if last, err := o.Store.LastPayout(ctx, "acct_2"); err != nil || !last.IsZero() {
			t.Errorf("of another merchant at %s (%v)", last, err)
		}
	})
}

func TestTry_IsCountedByMethodAndDebt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx, a := t.Context(), cardAttempt()
		if err := o.Store.NewAttempt(ctx, &a); err != nil {
			t.Fatal(err)
		}
		due := calendar.MustParse("2026-12-01")
		want := checkout.Try{
			Series: "mandate", DueOn: due, No: 1, Key: "k1", Method: "card", Attempt: a.ID, Amount: 100, At: storetest.Start,
			On: calendar.MustParse("2026-11-23"),
		}
		if err := o.Store.KeepTry(ctx, &want); err != nil {
			t.Fatal(err)
		}
		again := want
		again.Key, again.Attempt = "k2", "another"
		if err := o.Store.KeepTry(ctx, &again); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same number: %v", err)
		}
		again.No, again.At = 2, want.At.Add(time.Hour)
		if err := o.Store.KeepTry(ctx, &again); err != nil {
			t.Fatal(err)
		}
		want.State = a.State
		got, err := o.Store.TriesOf(ctx, "mandate", due)
		if err != nil || !reflect.DeepEqual(got, []checkout.Try{want, again}) {
			t.Errorf("kept as %+v (%v)", got, err)
		}
		if one, err := o.Store.TryOf(ctx, a.ID); err != nil || one != want {
			t.Errorf("of the attempt: %+v (%v)", one, err)
		}
		if _, err := o.Store.TryOf(ctx, "none"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of no attempt: %v", err)
		}
		for since, want := range map[time.Time]int{storetest.Start.Add(-time.Second): 2, storetest.Start: 1, storetest.Start.Add(time.Hour): 0} {
			if n, err := o.Store.CountTries(ctx, "card", since); err != nil || n != want {
				t.Errorf("since %s: %d (%v), want %d", since, n, err, want)
			}
		}
	})
}
