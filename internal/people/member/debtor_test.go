package member

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
)

func TestDebtorOf(t *testing.T) {
	family := Owing{Member: minor, Subscriber: parentNumber, Guarantor: parentNumber}
	group := Owing{Member: adult, Subscriber: adult.Number, Sponsor: sponsorNumber}
	for _, c := range []struct {
		situation string
		owing     Owing
		item      Item
		on        calendar.Date
		want      Debtor
	}{
		{"a dependant's premium is the subscriber's", family, premium, today, Debtor{parentNumber, OwesAsSubscriber}},
		{"a group's premium is the sponsor's", group, premium, today, Debtor{sponsorNumber, OwesAsSponsor}},
		{"an adult in a group owes their own care", group, care, today, Debtor{adult.Number, OwesAsSelf}},
		{"a minor's care is the guarantor's", family, care, today, Debtor{parentNumber, OwesAsGuarantor}},
		{"on the 18th birthday care becomes their own", family, care, comesOf, Debtor{minor.Number, OwesAsSelf}},
		{"what a minor consented to is the minor's", family, Item{chart.Medical, MinorConsent}, today, Debtor{minor.Number, OwesAsSelf}},
	} {
		t.Run(c.situation, func(t *testing.T) {
			got, err := DebtorOf(c.owing, c.item, c.on)
			if err != nil || got != c.want {
				t.Errorf("DebtorOf = %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
	t.Run("a minor without guarantor waits for staff", func(t *testing.T) {
		_, err := DebtorOf(Owing{Member: minor, Subscriber: parentNumber}, care, today)
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
	})
}

// A debtor who may not see an item could neither check nor dispute it.
func TestDebtorOf_NamesOnlyThoseWhoMaySee(t *testing.T) {
	for _, subject := range []Subject{minor, adult} {
		for _, fund := range chart.Funds() {
			for _, class := range Classes() {
				item := Item{fund, class}
				debtor, err := DebtorOf(Owing{Member: subject, Subscriber: parentNumber, Guarantor: parentNumber}, item, today)
				if err != nil {
					t.Fatal(err)
				}
				v := viewer(debtor.Number, Ties{Subscriber: debtor.Basis == OwesAsSubscriber, Guarantor: debtor.Basis == OwesAsGuarantor})
				if seen := MaySee(v, subject, item, today); !seen.Allowed {
					t.Errorf("%s owes a %s item of %s and may not see it: %s", debtor.Basis, class, fund, seen.Reason)
				}
			}
		}
	}
}

func TestDebtors_ResolvesByNumberFundAndDate(t *testing.T) {
	start := calendar.MustParse("2026-01-01")
	entries, err := DebtorsFrom(Owing{Member: minor, Subscriber: parentNumber, Guarantor: parentNumber}, start)
	if err != nil {
		t.Fatal(err)
	}
	var history Debtors
	for _, e := range entries {
		history = history.With(e)
	}
	for _, c := range []struct {
		situation string
		fund      chart.Fund
		on        calendar.Date
		want      Debtor
		found     bool
	}{
		{"before the first entry", chart.Medical, start.AddDays(-1), Debtor{}, false},
		{"on the first day", chart.Medical, start, Debtor{parentNumber, OwesAsGuarantor}, true},
		{"the day before majority", chart.Medical, comesOf.AddDays(-1), Debtor{parentNumber, OwesAsGuarantor}, true},
		{"from majority on", chart.Pharmacy, comesOf, Debtor{childNumber, OwesAsSelf}, true},
		{"the premium stays the subscriber's", chart.Premium, comesOf, Debtor{parentNumber, OwesAsSubscriber}, true},
	} {
		t.Run(c.situation, func(t *testing.T) {
			got, ok := history.On(childNumber, c.fund, c.on)
			if ok != c.found || got != c.want {
				t.Errorf("On(%s, %s) = %+v, %v; want %+v, %v", c.fund, c.on, got, ok, c.want, c.found)
			}
		})
	}
	t.Run("a correction of the same day wins and the old history stands", func(t *testing.T) {
		corrected := history.With(DebtorFrom{childNumber, chart.Medical, start, Debtor{friendNumber, OwesAsGuarantor}})
		if got, _ := corrected.On(childNumber, chart.Medical, start); got.Number != friendNumber {
			t.Errorf("corrected: %+v", got)
		}
		if got, _ := history.On(childNumber, chart.Medical, start); got.Number != parentNumber {
			t.Errorf("the earlier value changed: %+v", got)
		}
	})
}
