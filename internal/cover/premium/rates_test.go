package premium_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
)

const zoo = "../../../testdata/zoo/"

func readRates(t *testing.T, name string) (*premium.Rates, []fault.Problem) {
	t.Helper()
	f, err := os.Open(zoo + "rates/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rates, problems, err := premium.ReadRates(f)
	if err != nil {
		t.Fatal(err)
	}
	return rates, problems
}

func goodRates(t *testing.T) *premium.Rates {
	t.Helper()
	rates, problems := readRates(t, "good.csv")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rates
}

func TestReadRates_RefusesWholeAndNamesTheGap(t *testing.T) {
	for file, want := range map[string][]string{
		"gap_of_dates.csv": {`line 3, record rate, from: product "P" in CO, area 3 has no rate for 2026-07-01 to 2026-07-31, before this row`},
		"gap_of_ages.csv": {
			`line 3, record rate, age_from: product "P" in CO, area 3 has no rate for ages 21 to 21 for 2026-01-01 to 2026-12-31`,
			`line 3, record rate, age_to: product "P" in CO, area 3 has no rate for ages 64 and over for 2026-01-01 to 2026-12-31`,
		},
		"overlap.csv": {
			`line 3, record rate, from: product "P" in CO, area 3 has two rates for ages 21 to 21 for 2026-01-01 to 2026-12-31: here and on line 2`,
			`line 5, record rate, from: product "Q" in CO, tier rates of tier family has two rates for 2026-12-01 to 2026-12-31: here and on line 4`,
		},
		"period_of_eleven_months.csv": {"line 2, record row 1, to: an applicable premium holds for a determination period of 12 whole months"},
		"by_age_and_tier.csv":         {`line 3, record rate, basis: product "P" in CO, area 3, tier rates of tier employee has rates by age and by tier`},
		"age_without_band.csv": {
			"line 2, record row 1, age_from: a rate by age names the band's first age; age_to is empty in the last band",
			"line 3, record row 2, age_to: 4 is below the band's first age, 5",
			"line 4, record row 3, tier: a rate by age has no tier",
			"line 5, record row 4, tier: the value is missing: a rate that does not go by age goes by tier",
			"line 6, record row 5, age_from: a rate by tier has no ages",
			"line 7, record row 6, to: 2025-12-31 is before the first day, 2026-01-01",
			"line 8, record row 7, rate: a rate is above zero",
			`line 9, record row 8, age_from: "x" is no age in full years`,
		},
	} {
		rates, problems := readRates(t, file)
		var got []string
		for _, p := range problems {
			got = append(got, p.String())
		}
		if rates != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func insured(relationship, born string) coverage.Insured {
	return coverage.Insured{Relationship: relationship, Born: calendar.MustParse(born)}
}

func smoker(i coverage.Insured) coverage.Insured { i.Tobacco = true; return i }

// exchange makes a policy whose terms name who is covered and no rate.
func unrated(line coverage.Line, product, area, from string, members ...coverage.Insured) *coverage.Held {
	facts := coverage.Terms{From: calendar.MustParse(from), Area: area, Members: members}
	h := policy(line, from, "", facts)
	h.Product, h.State = product, "CO"
	return h
}

const silver = "12345CO0010001"

// 45 CFR 147.102: age on issue or renewal, the three oldest children under 21,
// tobacco from the age on that the rules name.
func TestCompose_RatesByAge(t *testing.T) {
	rates := goodRates(t)
	self, spouse := insured("self", "1980-05-04"), insured("spouse", "1962-06-15")
	for _, tc := range []struct {
		name    string
		from    string
		month   string
		members []coverage.Insured
		want    money.Cents
	}{
		{"self", "2026-01-01", "2026-05", []coverage.Insured{self}, 30000},
		{"a smoker pays the tobacco rate", "2026-01-01", "2026-05", []coverage.Insured{smoker(self)}, 36000},
		{"the spouse turns 64 within the year", "2026-01-01", "2026-12", []coverage.Insured{self, spouse}, 60000},
		{"and is 64 where coverage begins later", "2026-07-01", "2026-12", []coverage.Insured{self, spouse}, 120000},
		{"a factor on the rate, half a cent up", "2026-07-01", "2026-12", []coverage.Insured{smoker(spouse)}, 112545},
		{"by the new year's table and age", "2026-01-01", "2027-01", []coverage.Insured{self, spouse}, 80000},
		{
			"the three oldest children under 21 and every child from 21 on", "2026-01-01", "2026-05", []coverage.Insured{
				self, insured("child", "2012-01-01"), insured("child", "2025-09-01"), insured("adopted_child", "2009-12-31"),
				insured("stepchild", "2011-01-01"), insured("child", "2005-01-01"), insured("foster_child", "2020-01-01"),
			}, 30000 + 20000 + 22000 + 21000 + 30000,
		},
		{"21 on the day of issue is no child", "2026-01-01", "2026-05", []coverage.Insured{self, insured("child", "2005-01-01")}, 60000},
		{"20 on the day of issue is one", "2026-01-01", "2026-12", []coverage.Insured{self, insured("child", "2005-01-02")}, 52000},
		{"tobacco below the age", "2026-01-01", "2026-05", []coverage.Insured{self, smoker(insured("child", "2006-01-01"))}, 52000},
		{"nobody else counts as a child", "2026-01-01", "2026-05", []coverage.Insured{self, insured("other", "2012-01-01")}, 50000},
		{"born on a leap day", "2026-03-01", "2026-03", []coverage.Insured{insured("self", "1962-02-28"), insured("other", "2012-02-29")}, 110000},
	} {
		lines, err := premium.Compose(unrated(coverage.Direct, silver, "1", tc.from, tc.members...), calendar.MustParseMonth(tc.month), federal, rates)
		if err != nil || premium.Total(lines) != tc.want {
			t.Errorf("%s: got %s, %v, want %s", tc.name, premium.Total(lines), err, tc.want)
		}
	}
}

func TestCompose_RatesByTierAndApplicablePremium(t *testing.T) {
	rates := goodRates(t)
	self, spouse, child := insured("self", "1980-05-04"), insured("partner", "1962-06-15"), insured("ward", "2012-01-01")
	for _, tc := range []struct {
		line    coverage.Line
		month   string
		members []coverage.Insured
		want    money.Cents
	}{
		{coverage.Group, "2026-05", []coverage.Insured{self}, 62000},
		{coverage.Group, "2026-05", []coverage.Insured{self, spouse}, 90000},
		{coverage.Group, "2026-05", []coverage.Insured{self, child, child}, 104000},
		{coverage.Group, "2026-05", []coverage.Insured{self, spouse, child}, 150000},
		{coverage.COBRA, "2026-12", []coverage.Insured{self}, 71200},
		{coverage.COBRA, "2027-01", []coverage.Insured{self}, 73440},
	} {
		// A product with one rate for the state has it in each of its areas.
		h := unrated(tc.line, "SMALL-PPO", "7", "2026-02-01", tc.members...)
		lines, err := premium.Compose(h, calendar.MustParseMonth(tc.month), federal, rates)
		if err != nil || premium.Total(lines) != tc.want {
			t.Errorf("%s in %s: got %s, %v, want %s", tc.line, tc.month, premium.Total(lines), err, tc.want)
		}
	}
}

func TestCompose_AMissingRateStopsThePolicy(t *testing.T) {
	rates, self := goodRates(t), insured("self", "1980-05-04")
	for want, h := range map[string]*coverage.Held{
		`product "12345CO0010001" has no rate (by age) in CO, area 1 on 2025-12-01`:       unrated(coverage.Direct, silver, "1", "2025-12-01", self),
		`product "NONE" has no rate (tier, tier employee) in CO on 2025-12-01`:            unrated(coverage.Direct, "NONE", "", "2025-12-01", self),
		`product "SMALL-PPO" has no rate (applicable, tier employee) in CO on 2025-12-01`: unrated(coverage.COBRA, "SMALL-PPO", "", "2025-12-01", self),
	} {
		_, err := premium.Compose(h, calendar.MustParseMonth("2025-12"), federal, rates)
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := premium.Compose(unrated(coverage.Direct, silver, "1", "2026-12-01", coverage.Insured{}), calendar.MustParseMonth("2026-12"), federal, rates)
	if err == nil || !strings.Contains(err.Error(), "person 1") {
		t.Errorf("without a birth date: got %v", err)
	}
}

// Before a run: what will not be ratable, by product and place.
func TestGaps_NamesWhatTheTablesLackForAMonth(t *testing.T) {
	rates := goodRates(t)
	for _, tc := range []struct {
		line                  coverage.Line
		state, product, month string
		want                  string
	}{
		{coverage.Direct, "CO", silver, "2026-12", ""},
		{coverage.Direct, "CO", silver, "2031-01", ""},
		{coverage.Direct, "CO", silver, "2025-12", `product "12345CO0010001" in CO, area 1 has no rate for all of 2025-12`},
		{coverage.Direct, "CA", silver, "2026-12", `product "12345CO0010001" has no rates for DIRECT in CA`},
		{coverage.COBRA, "CO", "SMALL-PPO", "2027-12", ""},
		{coverage.COBRA, "CO", "SMALL-PPO", "2028-01", `product "SMALL-PPO" in CO, applicable rates of tier employee has no rate for all of 2028-01`},
		{coverage.COBRA, "CO", silver, "2026-12", `product "12345CO0010001" has no rates for COBRA in CO`},
	} {
		got := rates.Gaps(tc.line, tc.state, tc.product, calendar.MustParseMonth(tc.month))
		if strings.Join(got, "; ") != tc.want {
			t.Errorf("%s of %s in %s: got %q, want %q", tc.line, tc.product, tc.month, got, tc.want)
		}
	}
	var none *premium.Rates
	if got := none.Gaps(coverage.Direct, "CO", silver, calendar.MustParseMonth("2026-12")); len(got) != 1 {
		t.Errorf("without any table: got %q", got)
	}
}

// A stated rate is billed as it is; ours only raises an exception.
func TestCheck_AStatedRateIsComparedAndNeverReplaced(t *testing.T) {
	rates := goodRates(t)
	h := unrated(coverage.ExchangeAPTC, silver, "1", "2026-01-01", insured("self", "1980-05-04"))
	h.Terms[0].Stated, h.Terms[0].Rate = true, 31000
	month := calendar.MustParseMonth("2026-05")
	found, err := rates.Check(h, month, federal)
	if err != nil || len(found) != 1 || found[0].Stated != 31000 || found[0].Ours != 30000 || found[0].From.String() != "2026-05-01" {
		t.Errorf("got %v, %v", found, err)
	}
	lines, err := premium.Compose(h, month, federal, rates)
	if err != nil || premium.Total(lines) != 31000 {
		t.Errorf("billed %s, %v; the stated rate was to be billed", premium.Total(lines), err)
	}
	h.Terms[0].Rate = 30000
	if found, err := rates.Check(h, month, federal); err != nil || len(found) > 0 {
		t.Errorf("the rate that the tables give: got %v, %v", found, err)
	}
	h.Terms[0].Members = nil
	if found, err := rates.Check(h, month, federal); err != nil || len(found) > 0 {
		t.Errorf("nobody to rate: got %v, %v", found, err)
	}
}

func FuzzReadRates(f *testing.F) {
	files, err := filepath.Glob(zoo + "rates/*.csv")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		table, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(table))
	}
	f.Fuzz(func(t *testing.T, table string) {
		rates, problems, err := premium.ReadRates(strings.NewReader(table))
		if err != nil || len(problems) > fault.ProblemsMax || (rates == nil) != (len(problems) > 0) {
			t.Fatalf("got %v, %d problems and %v", rates, len(problems), err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without place or message: %+v", p)
			}
		}
		if rates == nil {
			return
		}
		// What was taken fits: on the first and last day of each row every age of its
		// band has a rate.
		for _, row := range rates.All() {
			if row.Cents <= 0 || row.Tobacco < row.Cents || row.Line < 2 {
				t.Errorf("a row that cannot rate: %+v", row)
			}
			if row.Basis != premium.ByAge {
				continue
			}
			h := unrated(coverage.Group, row.Product, row.Area, row.From.String(), coverage.Insured{Relationship: "self", Born: row.From.AddYears(-row.AgeFrom)})
			h.State = row.State
			if _, err := rates.Rate(&h.Policy, h.Terms[0], row.From, federal); err != nil && row.From.After(calendar.MustParse("0500-01-01")) {
				t.Errorf("no rate on the first day of %+v: %v", row, err)
			}
		}
	})
}

func TestReadPrescriptionBills(t *testing.T) {
	read := func(name string) (got []premium.PrescriptionBill, problems []fault.Problem) {
		f, err := os.Open(zoo + "prescription-bills/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		problems, err = premium.ReadPrescriptionBills(f, func(_ int, b premium.PrescriptionBill) error { got = append(got, b); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return got, problems
	}
	bills, problems := read("good.csv")
	if len(problems) > 0 || len(bills) != 2 || bills[0].Number != bills[1].Number || bills[1].Cents != 6591 || bills[1].Month.String() != "2026-02" {
		t.Errorf("got %v, %v", bills, problems)
	}
	bills, problems = read("swapped_digits_and_early_due_date.csv")
	// An amount of 0 takes a month's bill back.
	if len(bills) != 1 || bills[0].Cents != 0 || len(problems) != 2 || problems[0].Field != "number" || problems[1].Field != "due_on" {
		t.Errorf("got %v, %v", bills, problems)
	}
	for _, p := range problems {
		if strings.Contains(p.Message, "3141") || strings.Contains(p.Message, "5325") {
			t.Errorf("the message repeats a number: %v", p)
		}
	}
}

func FuzzReadPrescriptionBills(f *testing.F) {
	f.Add("number,month,amount,due_on\n3141 5926 5352,2026-01,175.00,2026-02-15\n")
	f.Fuzz(func(t *testing.T, text string) {
		problems, err := premium.ReadPrescriptionBills(strings.NewReader(text), func(line int, b premium.PrescriptionBill) error {
			if line < 2 || b.Cents < 0 || b.Number.IsZero() || b.Month.IsZero() || b.DueOn.IsZero() {
				t.Errorf("took %+v", b)
			}
			return nil
		})
		if err != nil || len(problems) > fault.ProblemsMax {
			t.Errorf("got %d problems and %v", len(problems), err)
		}
	})
}
