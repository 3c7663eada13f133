package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// TestPulls_OnABadWeek charges stored cards for what is due, day after day as the
// answers say, at a processor of whose answers a fifth is lost or late, with nodes
// that end in the middle of a call. By the processor's own books no debt may be
// taken twice and nothing may be unknown; what was paid out must be what our books
// have, less the fees, to the cent.
func TestPulls_OnABadWeek(t *testing.T) {
	debts, nodes := 240, 10 // 500 pulls on both engines together
	switch {
	case os.Getenv("BILLFOLD_SOAK") != "":
		debts = 20_000
	case testing.Short(): // under the race detector
		debts = 40
	}
	seed := rand.Uint64()
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		t.Logf("%s=%d, %d debts", seedEnv, seed, debts)
		q := &collector{cardCounter: openCounter(t, o, processor.Plan{}), debts: map[ident.Opaque]*debt{}}
		q.autopay = q
		q.store(rand.New(rand.NewPCG(seed, 0)), debts)
		plan := badDay
		plan.Seed = seed
		if err := q.simulator.SetPlan(plan); err != nil {
			t.Fatal(err)
		}
		for day := range 9 {
			var all sync.WaitGroup
			for n := range nodes {
				all.Go(func() { q.node(rand.New(rand.NewPCG(seed, uint64(1+day*nodes+n))), n, nodes) })
			}
			all.Wait()
			q.evening()
		}
		q.nightfall()
		q.judge(debts)
	})
}

// debt is what is due under one consent.
type debt struct {
	series ident.Opaque
	method *mandate.Method
	part   checkout.Part
	due    calendar.Date
	tries  int
	next   calendar.Date // zero: not before it is told
	ended  string        // why nothing more is tried
	told   []checkout.Outcome
}

// collector orders pulls and is told how they end.
type collector struct {
	*cardCounter
	debts   map[ident.Opaque]*debt
	order   []*debt
	renewed calendar.Month // until which a card is good that was told of last
}

func (q *collector) today() calendar.Date { return calendar.In(q.Clock.Now(), time.UTC) }

// store keeps a card for each debt, as members do on a quiet day.
func (q *collector) store(random *rand.Rand, debts int) {
	q.Helper()
	desk := q.desk(q.client)
	due := q.today()
	for range debts {
		number := storedCardOf(random)
		kept, err := desk.StoreCard(context.Background(), q.token(number), ident.Key("store:"+ident.NewOpaque()))
		for fault.KindOf(err) == fault.Unavailable { // a busy machine: the member tries again
			kept, err = desk.StoreCard(context.Background(), q.token(number), ident.Key("store:"+ident.NewOpaque()))
		}
		if err != nil || kept.Decline != nil {
			q.Fatalf("storing %s: %+v %v", number, kept, err)
		}
		d := &debt{
			series: ident.NewOpaque(), due: due, next: due,
			method: &mandate.Method{
				ID: ident.NewOpaque(), Kind: mandate.Card, State: mandate.MethodActive,
				Card: mandate.StoredCard{Token: secret.New(kept.Credential), Brand: kept.Card.Brand, Last4: kept.Card.Last4, Expires: kept.Card.Expires()},
			},
			part: checkout.Part{
				Reference: q.numbers[random.IntN(len(q.numbers))].Digits(), Fund: []chart.Fund{chart.Premium, chart.Medical}[random.IntN(2)],
				Amount: money.Cents(100 + random.IntN(50_000)),
			},
		}
		q.debts[d.series] = d
		q.order = append(q.order, d)
	}
}

// storedCardOf draws a card that an issuer lets be stored.
func storedCardOf(random *rand.Rand) string {
	n := random.IntN(1_000_000)
	switch random.IntN(100) {
	case 0:
		return testcard.Number(testcard.AuthorisedNoAnswer)
	case 1, 2:
		return testcard.Number(testcard.AuthorisedCut)
	case 3, 4:
		return testcard.Number(testcard.DeclinedAtCharge("revocation_of_authorization"))
	case 5, 6:
		return testcard.Number(testcard.DeclinedAtCharge("expired_card"))
	case 7, 8:
		return testcard.Number(testcard.DeclinedAtCharge("insufficient_funds"))
	case 9, 10:
		return testcard.Number(testcard.DeclinedAtCharge("issuer_not_available"))
	case 11, 12, 13:
		return testcard.Refused(n)
	case 14, 15:
		return testcard.Number(testcard.ApprovedLate)
	case 16, 17:
		return testcard.Number(testcard.FundsOnce)
	}
	return testcard.Approved(n)
}

// Pulled implements checkout.Autopay.
func (q *collector) Pulled(_ context.Context, o checkout.Outcome) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.debts[o.Series]
	d.told = append(d.told, o)
	if o.No < d.tries {
		return nil // told again of an earlier one
	}
	switch {
	case o.Result == checkout.PullTaken:
		d.ended = "taken"
	case o.Again.On.IsZero():
		d.ended = o.Again.Reason
	default:
		d.next = o.Again.On
	}
	return nil
}

// CardRenewed implements checkout.Autopay.
func (q *collector) CardRenewed(_ context.Context, _ secret.Text, card checkout.Card) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.renewed = card.Expires()
	return nil
}

// node orders what is due today of its share of the debts.
func (q *collector) node(random *rand.Rand, n, nodes int) {
	open := func() *checkout.Desk { return q.desk(&mortal{q.client, random}) }
	desk, today := open(), q.today()
	for i := n; i < len(q.order); i += nodes {
		d := q.order[i]
		q.mu.Lock()
		due := d.ended == "" && !d.next.IsZero() && !d.next.After(today)
		if due {
			d.tries, d.next = d.tries+1, calendar.Date{}
		}
		p := checkout.Pull{
			Key: ident.Key(fmt.Sprintf("pull:%s:%d", d.series, d.tries)), Series: d.series, Method: d.method, Parts: []checkout.Part{d.part},
			Actor: ident.Actor{Kind: ident.System, Name: "autopay"}, DueOn: d.due,
		}
		q.mu.Unlock()
		if !due {
			continue
		}
		for range 1 + random.IntN(2) { // some are ordered twice
			if !q.survives(func() { q.pull(desk, p) }) {
				desk = open()
			}
		}
		if random.IntN(4) == 0 && !q.survives(func() { q.job(desk) }) {
			desk = open()
		}
	}
}

func (q *collector) pull(desk *checkout.Desk, p checkout.Pull) {
	if _, err := desk.PullStored(context.Background(), p); err != nil && fault.KindOf(err) != fault.UnknownOutcome {
		q.Errorf("pull %s: %v", p.Key, err)
	}
}

// evening settles what is due until the next day.
func (q *collector) evening() {
	q.Helper()
	q.underWay.Wait()
	desk := q.desk(q.client)
	for range 8 {
		q.simulator.Settle(context.Background())
		q.simulator.Notify(context.Background())
		if _, err := desk.SettleDue(context.Background()); err != nil {
			q.Fatal(err)
		}
		q.Clock.Advance(3 * time.Hour)
	}
	q.retell(desk)
}

// retell orders again, under their keys, the tries that ended with a node before
// they were begun.
func (q *collector) retell(desk *checkout.Desk) {
	for _, d := range q.order {
		if d.ended != "" || !d.next.IsZero() {
			continue
		}
		q.pull(desk, checkout.Pull{
			Key: ident.Key(fmt.Sprintf("pull:%s:%d", d.series, d.tries)), Series: d.series, Method: d.method, Parts: []checkout.Part{d.part},
			Actor: ident.Actor{Kind: ident.System, Name: "autopay"}, DueOn: d.due,
		})
	}
}

// nightfall ends the bad week and lets two days go by.
func (q *collector) nightfall() {
	q.Helper()
	if err := q.simulator.SetPlan(processor.Plan{}); err != nil {
		q.Fatal(err)
	}
	q.underWay.Wait()
	desk, ctx := q.desk(q.client), context.Background()
	for range 60 {
		for {
			n, err := desk.SettleDue(ctx)
			if err != nil {
				q.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		q.Clock.Advance(time.Hour)
		q.simulator.Settle(ctx)
		q.simulator.Notify(ctx)
	}
}

// judge holds our books against the processor's.
func (q *collector) judge(debts int) {
	q.Helper()
	ctx := context.Background()
	books, ends := q.simulator.Books(), map[string]int{}
	pulls := 0
	for _, d := range q.order {
		tries, err := q.Store.TriesOf(ctx, d.series, d.due)
		if err != nil {
			q.Fatal(err)
		}
		pulls += len(tries)
		taken := 0
		for i := range tries {
			for account, tally := range books.Attempts[string(tries[i].Attempt)] {
				taken += tally.Captured.Count
				if tally.Held != 0 || tally.Captured.Count > 0 && tally.Captured.Cents != d.part.Amount {
					q.Errorf("try %d of %s at %s: %+v", tries[i].No, d.series, account, tally)
				}
			}
			if tries[i].State != checkout.Paid && tries[i].State != checkout.Abandoned {
				q.Errorf("try %d of %s is %s", tries[i].No, d.series, tries[i].State)
			}
		}
		if told := d.ended == "taken"; taken > 1 || told != (taken == 1) {
			q.Errorf("debt %s was taken %d times and ended as %q, told %+v", d.series, taken, d.ended, d.told)
		}
		if d.ended == "" && d.next.IsZero() {
			q.Errorf("of debt %s nothing was told: %d tries", d.series, len(tries))
		}
		ends[d.ended]++
	}
	if len(q.order) != debts || ends["taken"] < debts/2 {
		q.Errorf("%d debts, ended as %v", len(q.order), ends)
	}
	q.paidOut()
	if report, err := proof.Verify(ctx, q.Store, nil, nil); err != nil || report.Broken != nil {
		q.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
	q.Logf("%d pulls; ended as %v; %d nodes died", pulls, ends, q.crashes)
}

// paidOut has the processor pay everything out: by its reports our books stand at
// what its bank is to show.
func (q *collector) paidOut() {
	q.Helper()
	ctx := context.Background()
	desk := q.desk(q.client)
	for _, account := range (accounts{}).MerchantIDs() {
		if _, err := q.simulator.PayOut(account, calendar.Date{}); err != nil {
			q.Fatal(err)
		}
	}
	if n, err := desk.TakePayouts(ctx); err != nil || n != 2 {
		q.Errorf("%d settlement reports were taken: %v", n, err)
	}
	e, err := desk.Exceptions(ctx)
	if err != nil || len(e.Lines)+len(e.Payouts)+len(e.Unclear) != 0 {
		q.Errorf("staff see %+v (%v)", e, err)
	}
	balances, err := q.Store.Balances(ctx, store.BalanceFilter{})
	if err != nil {
		q.Fatal(err)
	}
	for _, entity := range []chart.EntityNo{1, 2} {
		account, purse, _ := accounts{}.MerchantOf(entity)
		tally := q.simulator.Books().Accounts[account]
		clearing, fees := balances[purse.Account(chart.ClearCard)].Net(), balances[purse.Account(chart.ProcessorFees)].Net()
		if clearing != tally.PaidOut.Cents || fees != tally.Fees.Cents || tally.Balance != 0 {
			q.Errorf("%s: %s on clearing and %s of fees, and the processor paid out %s and kept %s", account, clearing, fees,
				tally.PaidOut.Cents, tally.Fees.Cents)
		}
	}
}

// What happens to a stored card and to a payment afterwards: its issuer gives it a new
// date, its holder withdraws his consent, a dispute is answered and lost, and a bank
// refuses a payout. Each ends on our books as on the processor's.
func TestPulls_WhatComesAfterwards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		q := &collector{cardCounter: openCounter(t, o, processor.Plan{}), debts: map[ident.Opaque]*debt{}}
		q.autopay = q
		desk, ctx := q.desk(q.client), t.Context()
		pull := func(number string) (checkout.Attempt, *mandate.Method) {
			t.Helper()
			kept, err := desk.StoreCard(ctx, q.token(number), ident.Key("store:"+ident.NewOpaque()))
			if err != nil {
				t.Fatal(err)
			}
			d := &debt{series: ident.NewOpaque(), due: q.today()}
			d.method = &mandate.Method{
				ID: ident.NewOpaque(), Kind: mandate.Card, State: mandate.MethodActive, Card: mandate.StoredCard{Token: secret.New(kept.Credential)},
			}
			q.debts[d.series] = d
			a, err := desk.PullStored(ctx, checkout.Pull{
				Key: ident.Key("pull:" + d.series), Series: d.series, Method: d.method, Actor: clerk, DueOn: d.due,
				Parts: []checkout.Part{{Reference: q.numbers[0].Digits(), Fund: chart.Premium, Amount: 12_345}},
			})
			if err != nil {
				t.Fatal(err)
			}
			return a, d.method
		}
		pass := func() {
			q.Clock.Advance(10 * time.Second)
			q.simulator.Settle(ctx)
			q.simulator.DeliverWebhooks(ctx, true, 2)
			if _, err := desk.SettleDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		revoked, _ := pull(testcard.Number(testcard.DeclinedAtCharge("revocation_of_authorization")))
		if out, err := desk.OutcomeOf(ctx, &revoked); err != nil || !out.Again.Cancel || out.Decline.Network != "R1" {
			t.Errorf("a withdrawn consent: %+v (%v)", out, err)
		}
		waiting, _ := pull(testcard.Number(testcard.DeclinedAtCharge("issuer_not_available")))
		if out, err := desk.OutcomeOf(ctx, &waiting); err != nil || out.Again.On != q.today().AddDays(1) || out.Decline.Advice != "24" {
			t.Errorf("an issuer who is away: %+v (%v)", out, err)
		}
		disputed, method := pull(testcard.Number(testcard.Fraudulent))
		pass()
		_, disputes, err := desk.Cases(ctx, &disputed)
		if err != nil || len(disputes) != 1 {
			t.Fatal(disputes, err)
		}
		order := cashier.Order{Key: "e", Actor: clerk, Reason: "evidence"}
		answered, err := desk.SubmitEvidence(ctx, order, disputed.ID, disputes[0].ID, "The cardholder agreed to automatic payment.")
		if err != nil || answered.EvidenceAt.IsZero() {
			t.Fatalf("answered: %+v (%v)", answered, err)
		}
		if _, err := q.simulator.CloseDispute(disputes[0].ID, false); err != nil {
			t.Fatal(err)
		}
		pass()
		_, id, _ := strings.Cut(method.Card.Token.Reveal(), "/")
		if _, err := q.simulator.ReplaceCard(id, 9, 2031); err != nil {
			t.Fatal(err)
		}
		pass()
		if want := calendar.MustParseMonth("2031-09"); q.renewed != want {
			t.Errorf("the stored card is good until %s, want %s", q.renewed, want)
		}
		if err := desk.ForgetCard(ctx, method.Card.Token); err != nil {
			t.Error(err)
		}
		if _, err := desk.StoredCard(ctx, method.Card.Token); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a card that was forgotten: %v", err)
		}
		pull(testcard.Number(testcard.Approve))
		q.refusedPayout(desk, pass)
	})
}

// refusedPayout has a bank refuse a payout: what it was to bring comes with the next.
func (q *collector) refusedPayout(desk *checkout.Desk, pass func()) {
	q.Helper()
	ctx := context.Background()
	first, err := q.simulator.PayOut("acct_premium", calendar.Date{})
	if err != nil {
		q.Fatal(err)
	}
	pass()
	if _, err := q.simulator.FailPayout(first["id"].(string), "account_closed"); err != nil {
		q.Fatal(err)
	}
	pass()
	last, err := q.simulator.PayOut("acct_premium", calendar.Date{})
	if err != nil {
		q.Fatal(err)
	}
	pass()
	if _, err := desk.TakePayouts(ctx); err != nil {
		q.Fatal(err)
	}
	reports, err := desk.Reports(ctx, calendar.Date{}, calendar.Date{})
	if err != nil || len(reports) != 2 {
		q.Fatalf("the reports are %+v (%v)", reports, err)
	}
	refused, comes := 0, money.Cents(0)
	for _, r := range reports {
		if r.Status == checkout.PayoutFailed {
			refused++
			continue
		}
		comes += r.Net
	}
	balances, err := q.Store.Balances(ctx, store.BalanceFilter{})
	if err != nil {
		q.Fatal(err)
	}
	premium := chart.Purse{Entity: 1, Fund: chart.Premium}
	if got := balances[premium.Account(chart.ClearCard)].Net(); refused != 1 || got != comes || last["amount"] != comes {
		q.Errorf("%s on clearing, and %s come, %v by the last payout; %d were refused", got, comes, last["amount"], refused)
	}
	e, err := desk.Exceptions(ctx)
	if err != nil || len(e.Lines)+len(e.Payouts)+len(e.Excess)+len(e.Disputes) != 0 {
		q.Errorf("staff see %+v (%v)", e, err)
	}
}
