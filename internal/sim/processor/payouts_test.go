package processor_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// linesOf sums a payout's lines up by their type; the payout itself is one.
func (b *bench) linesOf(payout string) (sums map[string]money.Cents, net money.Cents) {
	b.t.Helper()
	params := &stripe.BalanceTransactionListParams{Payout: &payout, Expand: []*string{stripe.String("data.source")}}
	params.SetStripeAccount(plan)
	sums = map[string]money.Cents{}
	for line, err := range b.api.V1BalanceTransactions.List(b.t.Context(), params) {
		if err != nil {
			b.t.Fatal(err)
		}
		if line.Amount-line.Fee != line.Net {
			b.t.Errorf("line %+v", line)
		}
		if line.Type == stripe.BalanceTransactionTypeCharge && line.Source.Charge == nil {
			b.t.Errorf("a charge's line shows %+v", line.Source)
		}
		sums[string(line.Type)] += money.Cents(line.Net)
		net += money.Cents(line.Net)
	}
	return sums, net
}

func (b *bench) payoutsOf(account string) []*stripe.Payout {
	b.t.Helper()
	params := &stripe.PayoutListParams{}
	params.SetStripeAccount(account)
	var all []*stripe.Payout
	for p, err := range b.api.V1Payouts.List(b.t.Context(), params) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestPayouts_PayEveryBusinessDayWhatIsAvailable(t *testing.T) {
	b := start(t, processor.Options{Terms: processor.Terms{Daily: true}}) // a Monday
	b.charged(10_000)
	b.clock.Advance(24 * time.Hour)
	b.charged(345) // 10.005 cents of share, rounded half up
	b.p.Settle(t.Context())
	if got := b.payoutsOf(plan); len(got) != 0 {
		t.Fatalf("paid out too early: %+v", got)
	}
	b.clock.Advance(24 * time.Hour)
	b.p.Settle(t.Context())
	b.p.Settle(t.Context())
	got := b.payoutsOf(plan)
	if len(got) != 1 || got[0].Amount != 10_000-320 || calendar.In(time.Unix(got[0].ArrivalDate, 0), time.UTC).String() != "2026-11-25" {
		t.Fatalf("on Wednesday: %+v", got)
	}
	if sums, net := b.linesOf(got[0].ID); net != 0 || sums["charge"] != 9_680 {
		t.Errorf("its lines sum to %s: %v", net, sums)
	}
	b.clock.Advance(24 * time.Hour) // Thanksgiving
	b.p.Settle(t.Context())
	if got := b.payoutsOf(plan); len(got) != 1 {
		t.Errorf("paid out on a holiday: %+v", got)
	}
	b.clock.Advance(24 * time.Hour)
	b.p.Settle(t.Context())
	if got := b.payoutsOf(plan); len(got) != 2 || got[0].Amount != 345-10-30 {
		t.Errorf("on Friday: %+v", got[0])
	}
	if tally := b.p.Books().Accounts[plan]; tally.Balance != 0 || tally.Fees.Cents != 320+40 || tally.PaidOut.Count != 2 {
		t.Errorf("its books: %+v", tally)
	}
}

// charged is a charge of the plan's, captured.
func (b *bench) charged(cents int64) (intent string) {
	return b.paid(plan, testcard.Number(testcard.Approve), cents, "")
}

// control asks for an act from outside the protocol.
func (b *bench) control(path, body string) (answer map[string]any) {
	b.t.Helper()
	status, text := b.ask(http.MethodPost, path, body)
	if status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, status, text)
	}
	b.must(json.Unmarshal([]byte(text), &answer))
	return answer
}

func TestPayouts_RefundsAndDisputesMakeThemNegativeAndABankRefuses(t *testing.T) {
	b := start(t, processor.Options{})
	intent := b.charged(10_000)
	first := b.control("/control/payout", `{"account":"`+plan+`","arrives_on":"2026-11-27"}`)
	if first["amount"] != 9_680.0 || first["arrival_date"] != float64(calendar.MustParse("2026-11-27").Time().Unix()) {
		t.Fatalf("paid out on demand: %v", first)
	}
	disputed, err := b.p.Dispute(intent, "", "fraudulent")
	if err != nil {
		t.Fatal(err)
	}
	second := b.control("/control/payout", `{"account":"`+plan+`","fee_cents":99}`)
	if second["amount"] != -11_599.0 {
		t.Errorf("a dispute with its fee, and a fee: %v", second)
	}
	if sums, net := b.linesOf(second["id"].(string)); net != 0 || sums["adjustment"] != -11_500 || sums["stripe_fee"] != -99 {
		t.Errorf("its lines sum to %s: %v", net, sums)
	}
	if _, err := b.p.CloseDispute(disputed["id"].(string), true); err != nil {
		t.Fatal(err)
	}
	failed := b.control("/control/payout/"+first["id"].(string)+"/fail", `{"reason":"account_closed"}`)
	if failed["status"] != "failed" || failed["failure_code"] != "account_closed" {
		t.Errorf("refused: %v", failed)
	}
	third := b.control("/control/payout", `{"account":"`+plan+`"}`)
	if third["amount"] != 19_680.0 {
		t.Errorf("what was won, and what was refused: %v", third)
	}
	if sums, net := b.linesOf(third["id"].(string)); net != 0 || sums["payout_failure"] != 9_680 || sums["adjustment"] != 10_000 {
		t.Errorf("its lines sum to %s: %v", net, sums)
	}
	if tally := b.p.Books().Accounts[plan]; tally.Balance != 0 {
		t.Errorf("its books: %+v", tally)
	}
}

func TestPayouts_AreTheSameAfterARestart(t *testing.T) {
	dir := t.TempDir()
	b := start(t, processor.Options{Dir: dir})
	b.charged(10_000)
	made, err := b.p.PayOut(plan, calendar.Date{})
	if err != nil {
		t.Fatal(err)
	}
	b.charged(5_000)
	if err := b.p.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, processor.Options{Dir: dir, Clock: b.clock})
	if sums, net := again.linesOf(made["id"].(string)); net != 0 || sums["charge"] != 9_680 {
		t.Errorf("its lines sum to %s: %v", net, sums)
	}
	if next, err := again.p.PayOut(plan, calendar.Date{}); err != nil || next["amount"] != money.Cents(5_000-175) {
		t.Errorf("what was left: %v (%v)", next, err)
	}
	if _, err := again.p.PayOut(plan, calendar.Date{}); err == nil {
		t.Error("nothing was paid out")
	}
}
