package chart_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

var codes = []chart.Code{
	chart.Cash, chart.ClearLockbox, chart.ClearACH, chart.ClearWire, chart.ClearCounter, chart.ClearCard, chart.Receivable,
	chart.Earned, chart.DrugAdvances, chart.Unapplied, chart.Suspense, chart.RefundsPayable, chart.Interaccount, chart.Interfund, chart.OpeningBalance,
	chart.UserFee, chart.CostSharing, chart.ExchangeBalance, chart.ClearDebit, chart.ClearCheck, chart.ClearPayout,
	chart.Unclaimed, chart.Unidentified, chart.BankOpening, chart.ProcessorFees, chart.BankCharges, chart.Losses,
}

func drawPurse(t *rapid.T, label string) chart.Purse {
	return chart.Purse{
		Entity: chart.EntityNo(rapid.Int32Range(1, 3).Draw(t, label+" entity")),
		Fund:   rapid.SampledFrom(chart.Funds()).Draw(t, label+" fund"),
	}
}

func TestAccount_NumbersAndNamesAreOneToOne(t *testing.T) {
	numbers, names := map[ledger.Account]bool{}, map[string]bool{}
	for entity := range chart.EntityNo(40) {
		for _, fund := range chart.Funds() {
			for _, code := range codes {
				purse := chart.Purse{Entity: entity + 1, Fund: fund}
				account := purse.Account(code)
				gotPurse, gotCode, err := chart.Explain(account)
				if err != nil || gotPurse != purse || gotCode != code {
					t.Fatalf("account %d of %v %v explains as %v %v (%v)", account, purse, code, gotPurse, gotCode, err)
				}
				name := chart.Name(account)
				if numbers[account] || names[name] {
					t.Fatalf("%d (%s) names two accounts", account, name)
				}
				numbers[account], names[name] = true, true
			}
		}
	}
	for _, no := range []ledger.Account{0, 99, 110, 10_000, 10_100, 10_166, 10_410, -10_110} {
		if purse, code, err := chart.Explain(no); err == nil {
			t.Errorf("%d explains as %v %v, want no ledger account", no, purse, code)
		}
	}
}

func TestPlace_MoneyArrivesWholeAndPursesStayBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawPurse(t, "from"), drawPurse(t, "to")
		var applied []chart.Applied
		var total money.Cents
		for i, cents := range rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 0, 5).Draw(t, "applied") {
			applied = append(applied, chart.Applied{Item: int64(i + 1), Cents: money.Cents(cents)})
			total += money.Cents(cents)
		}
		remainder := money.Cents(rapid.Int64Range(0, 1000).Draw(t, "remainder"))
		if total+remainder == 0 {
			remainder = 1
		}
		balances := ledger.Balances{}
		for _, p := range chart.Place(from, chart.ClearLockbox, to, applied, remainder) {
			tx := ledger.Transaction{Postings: []ledger.Posting{p}}
			if p.Cents <= 0 || p.Debit.Purse() != p.Credit.Purse() || tx.Total() != p.Cents {
				t.Fatalf("posting %+v mixes purses or moves nothing", p)
			}
			balances.Add(ledger.Posted, p)
		}
		want := ledger.Balances{}
		move := func(account ledger.Account, debit, credit money.Cents) {
			want.Merge(ledger.Balances{account: {PostedDebit: debit, PostedCredit: credit}})
		}
		move(from.Account(chart.ClearLockbox), total+remainder, 0)
		move(to.Account(chart.Receivable), 0, total)
		move(to.Account(chart.Unapplied), 0, remainder)
		if from != to {
			move(from.Account(chart.Interfund), 0, total+remainder)
			move(to.Account(chart.Interfund), total+remainder, 0)
		}
		for account, w := range want {
			if got := balances[account]; got != w {
				t.Fatalf("%s stands at %+v, want %+v", chart.Name(account), got, w)
			}
		}
		for account := range balances {
			if _, expected := want[account]; !expected {
				t.Fatalf("%s was touched", chart.Name(account))
			}
		}
	})
}

// What is taken back goes the way it came, so that taking everything back leaves
// every account as it was, and taking some leaves what is left of the rest.
func TestTakeBack_IsPlaceTheOtherWayRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawPurse(t, "from"), drawPurse(t, "to")
		var applied, taken []chart.Applied
		var rest money.Cents
		for i, cents := range rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 0, 5).Draw(t, "applied") {
			back := rapid.Int64Range(0, cents).Draw(t, "back")
			applied = append(applied, chart.Applied{Item: int64(i + 1), Cents: money.Cents(cents)})
			taken = append(taken, chart.Applied{Item: int64(i + 1), Cents: money.Cents(back)})
			rest += money.Cents(cents - back)
		}
		over := money.Cents(rapid.Int64Range(1, 1000).Draw(t, "over"))
		back := chart.TakeBack(to, chart.Taken{Unapplied: over, Items: taken}, from, chart.ClearCard)
		if last := back[len(back)-1]; last.Credit != from.Account(chart.ClearCard) {
			t.Fatalf("the last posting credits %s, not where the money goes", chart.Name(last.Credit))
		}
		balances := ledger.Balances{}
		for _, p := range append(chart.Place(from, chart.ClearCard, to, applied, over), back...) {
			if p.Cents <= 0 || p.Debit.Purse() != p.Credit.Purse() {
				t.Fatalf("posting %+v mixes purses or moves nothing", p)
			}
			balances.Add(ledger.Posted, p)
		}
		want := map[ledger.Account]money.Cents{from.Account(chart.ClearCard): rest, to.Account(chart.Receivable): -rest}
		if from != to {
			want[from.Account(chart.Interfund)], want[to.Account(chart.Interfund)] = -rest, rest
		}
		for account, b := range balances {
			if b.Net() != want[account] {
				t.Fatalf("%s stands at %s, want %s", chart.Name(account), b.Net(), want[account])
			}
		}
	})
}

func TestBilledPosting_OnlyWhatIsEarnedIsRevenue(t *testing.T) {
	purse := chart.Purse{Entity: 2, Fund: chart.Medical}
	item := chart.Applied{Item: 3, Cents: 500}
	for _, credit := range []chart.Code{chart.Earned, chart.OpeningBalance, chart.DrugAdvances} {
		want := ledger.Posting{Debit: purse.Account(chart.Receivable), Credit: purse.Account(credit), Cents: 500, Item: 3}
		if got := chart.BilledPosting(purse, item, credit); got != want {
			t.Errorf("%v: got %+v, want %+v", credit, got, want)
		}
	}
}
