package allocate_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/payments/allocate"
)

var (
	march = calendar.MustParse("2026-03-01")
	april = calendar.MustParse("2026-04-01")
	may   = calendar.MustParse("2026-05-01")
)

// split writes a result as "1:150.00 2:50.00 +0.00".
func split(r allocate.Result) string {
	var b strings.Builder
	for _, p := range r.Parts {
		fmt.Fprintf(&b, "%d:%s ", p.Item, p.Cents)
	}
	return b.String() + "+" + r.Remainder.String()
}

func TestSpread_WorkedExamples(t *testing.T) {
	aprilMay := []allocate.Item{{No: 1, DueOn: april, Open: 15_000}, {No: 2, DueOn: may, Open: 15_000}}
	for _, tc := range []struct {
		name    string
		amount  money.Cents
		items   []allocate.Item
		earmark []int64
		rule    allocate.Rule
		want    string
	}{
		{"the older month first, the rest on the next", 20_000, aprilMay, nil, allocate.OldestDueFirst, "1:150.00 2:50.00 +0.00"},
		{"the order in which items stand does not matter", 20_000, []allocate.Item{aprilMay[1], aprilMay[0]}, nil, allocate.OldestDueFirst, "1:150.00 2:50.00 +0.00"},
		{"what is over is the remainder", 31_000, aprilMay, nil, allocate.OldestDueFirst, "1:150.00 2:150.00 +10.00"},
		{"nothing is open", 500, nil, nil, allocate.OldestDueFirst, "+5.00"},
		{"the payer named the later month", 15_000, aprilMay, []int64{2}, allocate.OldestDueFirst, "2:150.00 +0.00"},
		{"after the named month the oldest", 20_000, aprilMay, []int64{2}, allocate.OldestDueFirst, "2:150.00 1:50.00 +0.00"},
		{"the payer's order stands", 20_000, aprilMay, []int64{2, 1}, allocate.OldestDueFirst, "2:150.00 1:50.00 +0.00"},
		{"an item named twice is paid once", 20_000, aprilMay, []int64{2, 2}, allocate.OldestDueFirst, "2:150.00 1:50.00 +0.00"},
		{
			"a premium before a fee due the same day", 100,
			[]allocate.Item{{No: 1, DueOn: april, Open: 100, Fee: true}, {No: 2, DueOn: april, Open: 100}},
			nil, allocate.OldestDueFirst, "2:1.00 +0.00",
		},
		{
			"premium before an older bill of the prescription payment plan", 10_000,
			[]allocate.Item{{No: 1, DueOn: march, Open: 17_500, Prescription: true}, {No: 2, DueOn: may, Open: 4_200}, {No: 3, DueOn: april, Open: 4_200}},
			nil, allocate.OldestDueFirst, "3:42.00 2:42.00 1:16.00 +0.00",
		},
		{
			"the plan's bill when the payer named it", 10_000,
			[]allocate.Item{{No: 1, DueOn: march, Open: 17_500, Prescription: true}, {No: 2, DueOn: may, Open: 4_200}},
			[]int64{1}, allocate.OldestDueFirst, "1:100.00 +0.00",
		},
		{
			"shares of premium only, while that takes it", 6_000,
			[]allocate.Item{{No: 1, DueOn: march, Open: 17_500, Prescription: true}, {No: 2, DueOn: may, Open: 4_000}, {No: 3, DueOn: april, Open: 8_000}},
			nil, allocate.Proportional, "3:40.00 2:20.00 +0.00",
		},
		{
			"shares of the plan's bills from what premium leaves", 5_200,
			[]allocate.Item{{No: 1, DueOn: march, Open: 1_000, Prescription: true}, {No: 2, DueOn: may, Open: 4_000}, {No: 3, DueOn: april, Open: 3_000, Prescription: true}},
			nil, allocate.Proportional, "2:40.00 1:3.00 3:9.00 +0.00",
		},
		{
			"an older fee before a younger premium", 100,
			[]allocate.Item{{No: 1, DueOn: may, Open: 100}, {No: 2, DueOn: april, Open: 100, Fee: true}},
			nil, allocate.OldestDueFirst, "2:1.00 +0.00",
		},
		{
			"what a coverage waits for before what is older", 150,
			[]allocate.Item{{No: 1, DueOn: march, Open: 100}, {No: 2, DueOn: may, Open: 100, Binder: true}},
			nil, allocate.OldestDueFirst, "2:1.00 1:0.50 +0.00",
		},
		{
			"the lower number of two due the same day", 100,
			[]allocate.Item{{No: 9, DueOn: april, Open: 100}, {No: 4, DueOn: april, Open: 100}},
			nil, allocate.OldestDueFirst, "4:1.00 +0.00",
		},
		{
			"no due date comes last", 150,
			[]allocate.Item{{No: 1, Open: 100}, {No: 2, DueOn: may, Open: 100}},
			nil, allocate.OldestDueFirst, "2:1.00 1:0.50 +0.00",
		},
		{
			"shares of what is open, the odd cent to the largest fraction", 100,
			[]allocate.Item{{No: 1, DueOn: march, Open: 100}, {No: 2, DueOn: april, Open: 200}},
			nil, allocate.Proportional, "1:0.33 2:0.67 +0.00",
		},
		{
			"equal fractions: the odd cent to what is due first", 100,
			[]allocate.Item{{No: 3, DueOn: may, Open: 100}, {No: 2, DueOn: april, Open: 100}, {No: 1, DueOn: march, Open: 100}},
			nil, allocate.Proportional, "1:0.34 2:0.33 3:0.33 +0.00",
		},
		{
			"the named item first, then shares", 200,
			[]allocate.Item{{No: 1, DueOn: march, Open: 100}, {No: 2, DueOn: april, Open: 100}, {No: 3, DueOn: may, Open: 100}},
			[]int64{3}, allocate.Proportional, "3:1.00 1:0.50 2:0.50 +0.00",
		},
		{
			"a share below a cent is no part", 1,
			[]allocate.Item{{No: 1, DueOn: march, Open: 100}, {No: 2, DueOn: april, Open: 100}},
			nil, allocate.Proportional, "1:0.01 +0.00",
		},
		{"enough for everything needs no shares", 30_100, aprilMay, nil, allocate.Proportional, "1:150.00 2:150.00 +1.00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result, err := allocate.Spread(tc.amount, tc.items, tc.earmark, tc.rule)
			if err != nil {
				t.Fatal(err)
			}
			if got := split(result); got != tc.want {
				t.Errorf("%s over %+v, naming %v, by %s: got %s, want %s", tc.amount, tc.items, tc.earmark, tc.rule, got, tc.want)
			}
		})
	}
}

func TestSpread_RefusesWhatItCannotMean(t *testing.T) {
	items := []allocate.Item{{No: 1, DueOn: april, Open: 100}}
	for name, spread := range map[string]func() (allocate.Result, error){
		"an amount of nothing":   func() (allocate.Result, error) { return allocate.Spread(0, items, nil, allocate.OldestDueFirst) },
		"a negative amount":      func() (allocate.Result, error) { return allocate.Spread(-1, items, nil, allocate.OldestDueFirst) },
		"a named item not there": func() (allocate.Result, error) { return allocate.Spread(5, items, []int64{2}, allocate.OldestDueFirst) },
		"one there and one not": func() (allocate.Result, error) {
			return allocate.Spread(5, items, []int64{1, 2}, allocate.Proportional)
		},
		"an item named among none": func() (allocate.Result, error) { return allocate.Spread(5, nil, []int64{1}, allocate.OldestDueFirst) },
	} {
		if result, err := spread(); err == nil {
			t.Errorf("%s: got %s, want a refusal", name, split(result))
		}
	}
}

// drawn is a random input of Spread.
type drawn struct {
	amount  money.Cents
	items   []allocate.Item
	earmark []int64
	rule    allocate.Rule
}

func draw(t *rapid.T) drawn {
	n := rapid.IntRange(0, 8).Draw(t, "items")
	d := drawn{rule: rapid.SampledFrom([]allocate.Rule{allocate.OldestDueFirst, allocate.Proportional}).Draw(t, "rule")}
	for no := range n {
		item := allocate.Item{
			No: int64(no + 1), Open: money.Cents(rapid.Int64Range(1, 2_000).Draw(t, "open")), Fee: rapid.Bool().Draw(t, "fee"),
		}
		if rapid.IntRange(0, 9).Draw(t, "dated") > 0 {
			item.DueOn = march.AddDays(rapid.IntRange(0, 4).Draw(t, "due"))
		}
		d.items = append(d.items, item)
		if rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			d.earmark = append(d.earmark, item.No)
		}
	}
	d.items = rapid.Permutation(d.items).Draw(t, "order")
	d.earmark = rapid.Permutation(d.earmark).Draw(t, "named order")
	d.amount = money.Cents(rapid.Int64Range(1, 12_000).Draw(t, "amount"))
	return d
}

func spreadOf(t *rapid.T, d drawn) allocate.Result {
	before := slices.Clone(d.items)
	result, err := allocate.Spread(d.amount, d.items, d.earmark, d.rule)
	if err != nil {
		t.Fatalf("%v: %+v", err, d)
	}
	if !reflect.DeepEqual(before, d.items) {
		t.Fatalf("the items were changed: %+v", d)
	}
	return result
}

func TestSpread_EveryCentIsPlacedOnceAndNoItemIsOverpaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		result := spreadOf(t, d)
		sum, owed := result.Remainder, money.Cents(0)
		open, paid := map[int64]money.Cents{}, map[int64]bool{}
		for _, i := range d.items {
			open[i.No] = i.Open
			owed += i.Open
		}
		for _, p := range result.Parts {
			if p.Cents <= 0 || p.Cents > open[p.Item] || paid[p.Item] {
				t.Fatalf("%s puts %s on item %d with %s open, twice is %v: %+v", split(result), p.Cents, p.Item, open[p.Item], paid[p.Item], d)
			}
			paid[p.Item] = true
			sum += p.Cents
		}
		if sum != d.amount {
			t.Fatalf("%s sums to %s, want %s: %+v", split(result), sum, d.amount, d)
		}
		if want := max(0, d.amount-owed); result.Remainder != want {
			t.Fatalf("%s leaves %s, want %s: money stays over only when nothing is open: %+v", split(result), result.Remainder, want, d)
		}
	})
}

func TestSpread_TheEarmarkComesFirstWhateverTheDates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		result := spreadOf(t, d)
		left := d.amount
		for at, no := range d.earmark {
			if left == 0 {
				break
			}
			item := d.items[slices.IndexFunc(d.items, func(i allocate.Item) bool { return i.No == no })]
			want := allocate.Part{Item: no, Cents: min(left, item.Open)}
			if result.Parts[at] != want {
				t.Fatalf("part %d is %+v, want %+v: %+v", at, result.Parts[at], want, d)
			}
			left -= want.Cents
		}
	})
}

func TestSpread_OldestDueFirstFillsOneItemBeforeTheNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		d.rule, d.earmark = allocate.OldestDueFirst, nil
		result := spreadOf(t, d)
		ordered := slices.Clone(d.items)
		slices.SortFunc(ordered, byDue)
		left, want := d.amount, allocate.Result{}
		for _, i := range ordered {
			if left == 0 {
				break
			}
			want.Parts = append(want.Parts, allocate.Part{Item: i.No, Cents: min(left, i.Open)})
			left -= min(left, i.Open)
		}
		want.Remainder = left
		if split(result) != split(want) {
			t.Fatalf("got %s, want %s: %+v", split(result), split(want), d)
		}
	})
}

// byDue states the order anew: dated before undated, then date, premiums and
// charges before fees, lower number.
func byDue(a, b allocate.Item) int {
	key := func(i allocate.Item) string {
		date := i.DueOn.String()
		if i.DueOn.IsZero() {
			date = "9999"
		}
		return fmt.Sprintf("%s %v %03d", date, i.Fee, i.No) // "false" sorts before "true"
	}
	return cmp.Compare(key(a), key(b))
}

func TestSpread_ProportionalSharesAreWithinACentOfExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		d.rule, d.earmark = allocate.Proportional, nil
		result := spreadOf(t, d)
		owed := money.Cents(0)
		for _, i := range d.items {
			owed += i.Open
		}
		if d.amount >= owed {
			return // everything is paid in full
		}
		got := map[int64]money.Cents{}
		for _, p := range result.Parts {
			got[p.Item] = p.Cents
		}
		var up, down []allocate.Item // rounded up and down, of those with a fraction
		for _, i := range d.items {
			exact, fraction := d.amount*i.Open/owed, d.amount*i.Open%owed
			switch {
			case got[i.No] == exact+1 && fraction > 0:
				up = append(up, i)
			case got[i.No] == exact && fraction > 0:
				down = append(down, i)
			case got[i.No] != exact:
				t.Fatalf("item %d gets %s of an exact %d/%d: %+v", i.No, got[i.No], d.amount*i.Open, owed, d)
			}
		}
		for _, u := range up {
			for _, w := range down {
				fu, fw := d.amount*u.Open%owed, d.amount*w.Open%owed
				if fu < fw || fu == fw && byDue(u, w) > 0 {
					t.Fatalf("the odd cent went to item %d (fraction %d) before item %d (%d): %+v", u.No, fu, w.No, fw, d)
				}
			}
		}
	})
}

func TestInForce_RuleOfTheDay(t *testing.T) {
	rules := []allocate.Dated{{From: may, Rule: allocate.Proportional}, {From: march, Rule: allocate.OldestDueFirst}}
	for on, want := range map[string]allocate.Rule{
		"2026-01-01": allocate.OldestDueFirst, // none has begun
		"2026-03-01": allocate.OldestDueFirst,
		"2026-04-30": allocate.OldestDueFirst,
		"2026-05-01": allocate.Proportional,
		"2027-01-01": allocate.Proportional,
	} {
		if got := allocate.InForce(rules, calendar.MustParse(on)); got != want {
			t.Errorf("on %s: got %s, want %s", on, got, want)
		}
	}
}
