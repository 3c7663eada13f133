package refund_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/refund"
)

var today = calendar.MustParse("2026-11-23") // a Monday

func TestChoose_TheOriginalTenderFirst(t *testing.T) {
	card := &refund.CardLeft{Attempt: "a", Leg: 1, Left: 5_000}
	tried := func(all ...refund.Tender) []refund.Tender { return all }
	for name, tc := range map[string]struct {
		facts  refund.Facts
		tender refund.Tender
		method string
		not    string // before this day
		kind   fault.Kind
	}{
		"a card takes it back":                   {facts: refund.Facts{Rail: payment.Card, Card: card, Validated: "b", Address: true}, tender: refund.Card},
		"a guest's card too":                     {facts: refund.Facts{Rail: payment.Card, Card: card, Guest: true}, tender: refund.Card},
		"never beyond what it paid":              {facts: refund.Facts{Rail: payment.Card, Card: &refund.CardLeft{Left: 10}, Address: true}, kind: fault.Conflict},
		"no check while the card is open":        {facts: refund.Facts{Rail: payment.Card, Card: card, Wanted: refund.Check, Address: true}, kind: fault.Invalid},
		"a closed card: the account on file":     {facts: refund.Facts{Rail: payment.Card, Card: card, Validated: "b", Tried: tried(refund.Card), Address: true}, tender: refund.ACH, method: "b"},
		"a closed card: a check":                 {facts: refund.Facts{Rail: payment.Card, Card: card, Tried: tried(refund.Card), Address: true}, tender: refund.Check},
		"a guest's closed card: nobody":          {facts: refund.Facts{Rail: payment.Card, Card: card, Tried: tried(refund.Card), Guest: true, Address: true}, kind: fault.Conflict},
		"a debit: the same account, later":       {facts: refund.Facts{Rail: payment.Debit, Received: today, Debited: "d", Validated: "b", Address: true}, tender: refund.ACH, method: "d", not: "2026-12-01"},
		"a debit by check waits too":             {facts: refund.Facts{Rail: payment.Debit, Received: today, Debited: "d", Wanted: refund.Check, Address: true}, tender: refund.Check, not: "2026-12-01"},
		"an old debit waits no more":             {facts: refund.Facts{Rail: payment.Debit, Received: today.AddDays(-30), Debited: "d"}, tender: refund.ACH, method: "d", not: "2026-10-30"},
		"a refused debit account: a check":       {facts: refund.Facts{Rail: payment.Debit, Received: today.AddDays(-30), Debited: "d", Tried: tried(refund.ACH), Address: true}, tender: refund.Check, not: "2026-10-30"},
		"a cheque: the account on file":          {facts: refund.Facts{Rail: payment.Lockbox, Validated: "b", Address: true}, tender: refund.ACH, method: "b"},
		"a cheque: a check as asked":             {facts: refund.Facts{Rail: payment.Lockbox, Validated: "b", Address: true, Wanted: refund.Check}, tender: refund.Check},
		"a wire without an account":              {facts: refund.Facts{Rail: payment.Wire, Address: true}, tender: refund.Check},
		"cash without an address":                {facts: refund.Facts{Rail: payment.Counter}, kind: fault.Conflict},
		"bank bill pay, ACH asked, none on file": {facts: refund.Facts{Rail: payment.BankBill, Address: true, Wanted: refund.ACH}, kind: fault.Conflict},
		"a check that nobody cashed":             {facts: refund.Facts{Rail: payment.Lockbox, Address: true, Tried: tried(refund.Check)}, kind: fault.Conflict},
		"such a check, and an account since":     {facts: refund.Facts{Rail: payment.Lockbox, Address: true, Validated: "b", Tried: tried(refund.Check)}, tender: refund.ACH, method: "b"},
		"a card for what came by cheque":         {facts: refund.Facts{Rail: payment.Lockbox, Address: true, Wanted: refund.Card}, kind: fault.Invalid},
	} {
		f := tc.facts
		f.Amount, f.Today = 5_000, today
		way, err := refund.Choose(f)
		if tc.kind != fault.Internal {
			if fault.KindOf(err) != tc.kind {
				t.Errorf("%s: got %v, %v, want it refused as %v", name, way, err, tc.kind)
			}
			continue
		}
		not := today.String()
		if tc.not != "" {
			not = tc.not
		}
		if err != nil || way.Tender != tc.tender || string(way.Method) != tc.method || way.NotBefore.String() != not || way.Rule == "" {
			t.Errorf("%s: got %+v, %v, want %s to %q not before %s", name, way, err, tc.tender, tc.method, not)
		}
	}
}

func TestJudge_ByLineAgeAndAmount(t *testing.T) {
	rules := append(refund.DefaultRules(), refund.SweepRule{
		Fund: chart.Premium, From: today.AddDays(-10), Minimum: 10_00, AfterDays: 90, Authority: "the plan's own, newer",
	}, refund.SweepRule{Fund: chart.Premium, From: today.AddDays(1), Minimum: 1, AfterDays: 1})
	for name, tc := range map[string]struct {
		fund   chart.Fund
		lines  []coverage.Line
		amount money.Cents
		age    int
		want   refund.Verdict
		due    string
	}{
		"young":                                  {chart.Premium, nil, 50_00, 89, refund.Waits, ""},
		"old enough by the plan's newer rule":    {chart.Premium, []coverage.Line{coverage.Direct}, 50_00, 90, refund.Goes, ""},
		"small":                                  {chart.Premium, []coverage.Line{coverage.Direct}, 9_99, 400, refund.Small, ""},
		"Medicare keeps no cent":                 {chart.Premium, []coverage.Line{coverage.MAPD}, 1, 60, refund.Goes, ""},
		"Medicare, young":                        {chart.Premium, []coverage.Line{coverage.MAPD}, 1, 59, refund.Waits, ""},
		"tax credit, back within 45 days":        {chart.Premium, []coverage.Line{coverage.ExchangeAPTC}, 3, 30, refund.Goes, "2026-12-08"},
		"two lines: the one that pays sooner":    {chart.Premium, []coverage.Line{coverage.MA, coverage.ExchangeAPTC}, 3, 31, refund.Goes, "2026-12-07"},
		"another fund has its own":               {chart.Medical, []coverage.Line{coverage.MA}, 4_99, 60, refund.Small, ""},
		"another fund, enough":                   {chart.Medical, nil, 5_00, 60, refund.Goes, ""},
		"a rule of tomorrow does not hold today": {chart.Premium, nil, 2, 30, refund.Waits, ""},
	} {
		got := rules.Judge(refund.Credit{Fund: tc.fund, Lines: tc.lines, Amount: tc.amount, Since: today.AddDays(-tc.age)}, today)
		due := ""
		if !got.DueBy.IsZero() {
			due = got.DueBy.String()
		}
		if got.Verdict != tc.want || due != tc.due {
			t.Errorf("%s: got %s by %q due %s, want %s due %s", name, got.Verdict, got.Rule.Authority, due, tc.want, tc.due)
		}
	}
	if got := rules.ShortestWait(today); got != 30 {
		t.Errorf("the shortest wait is %d days, want 30", got)
	}
	if got := (refund.Rules{}).Judge(refund.Credit{Amount: 1}, today); got.Verdict != refund.Waits {
		t.Errorf("without a rule: %s, want it to wait", got.Verdict)
	}
}

func TestState_OnlyItsSteps(t *testing.T) {
	for from, bad := range map[refund.State]refund.State{
		refund.Requested: refund.Ordered, refund.Approved: refund.Sent, refund.Sent: refund.Cancelled, refund.Cancelled: refund.Requested,
		refund.Remitted: refund.Returned, refund.Unclaimed: refund.Sent, refund.Ordered: refund.Unclaimed,
	} {
		if from.May(bad) {
			t.Errorf("%s goes to %s", from, bad)
		}
	}
	if !refund.Sent.May(refund.Returned) || refund.Sent.Open() || !refund.Returned.Open() {
		t.Error("what was sent can come back, and then waits for work")
	}
}
