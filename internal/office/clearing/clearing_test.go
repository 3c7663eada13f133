package clearing

import (
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/mandate"
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

func bank(t *testing.T) Bank {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return Bank{
		ODFI: "990000107", Destination: "990000107", Origin: "1555010001", Zone: zone,
		Windows:   []Window{{Name: "morning", Hour: 10, Minute: 30, SameDay: true}, {Name: "standard", Hour: 20}},
		Companies: map[chart.Fund]Company{chart.Premium: {ID: "1555010001", Name: "CEDAR", Description: "HEALTHPREM"}},
	}
}

// A sandbox can never reach a bank: not by its word, not by its numbers.
func TestCheck_SandboxReachesNoBank(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(b *Bank)
		sandbox bool
		good    bool
	}{
		"a sandbox with its own numbers":        {func(*Bank) {}, true, true},
		"a sandbox that says it is live":        {func(b *Bank) { b.Live = true }, true, false},
		"a sandbox with a bank's destination":   {func(b *Bank) { b.Destination = "121042882" }, true, false},
		"a sandbox with a bank's ODFI":          {func(b *Bank) { b.ODFI = "121042882" }, true, false},
		"a wrong check digit":                   {func(b *Bank) { b.Destination = "990000108" }, true, false},
		"live files with a sandbox's numbers":   {func(b *Bank) { b.Live = true }, false, false},
		"live files to a bank":                  {func(b *Bank) { b.Live, b.ODFI, b.Destination = true, "121042882", "021000021" }, false, true},
		"a plan with money and files to no one": {func(*Bank) {}, false, true},
		"no window":                             {func(b *Bank) { b.Windows = nil }, true, false},
		"a company's name of 17": {func(b *Bank) {
			b.Companies = map[chart.Fund]Company{chart.Premium: {"1", "SEVENTEEN LETTERS", "X", "", mandate.BankAccount{}}}
		}, true, false},
		"balanced without our account": {func(b *Bank) { b.Balanced = true }, true, false},
	} {
		b := bank(t)
		tc.change(&b)
		if err := b.Check(tc.sandbox); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Cut-offs are civil times of the bank's zone; holidays and weekends have no window.
func TestSoonest_FollowsCutOffsAndHolidays(t *testing.T) {
	b := bank(t)
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, b.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for when, want := range map[string]string{
		"2026-11-23 09:00": "2026-11-23", // same day
		"2026-11-23 10:30": "2026-11-24", // the window is over at its cut-off
		"2026-11-23 19:59": "2026-11-24",
		"2026-11-23 20:00": "2026-11-24", // tomorrow's same-day window
		"2026-11-25 12:00": "2026-11-27", // Thanksgiving is between
		"2026-11-27 21:00": "2026-11-30", // a Friday night
		"2026-07-02 12:00": "2026-07-03", // a holiday on a Saturday leaves Friday open
		"2027-07-02 12:00": "2027-07-06", // one on a Sunday closes Monday
	} {
		if got := b.Soonest(at(when)); got.String() != want {
			t.Errorf("ordered at %s it settles on %s, want %s", when, got, want)
		}
	}
	for when, want := range map[string]int{
		"2026-11-23 09:59": 0, "2026-11-23 10:00": 1, "2026-11-23 10:30": 0, "2026-11-23 19:30": 1, "2026-11-26 10:15": 0, "2026-11-28 10:15": 0,
	} {
		if _, due := b.DueWindows(at(when), 30*time.Minute); len(due) != want {
			t.Errorf("at %s %d windows are due, want %d", when, len(due), want)
		}
	}
}

func TestLimit_SameDayIsDated(t *testing.T) {
	b := bank(t)
	same, standard := b.Windows[0], b.Windows[1]
	for on, want := range map[string]money.Cents{"2020-01-02": 0, "2021-01-04": 100_000_00, "2026-11-23": 1_000_000_00} {
		if got := b.limit(same, day(on)); got != want {
			t.Errorf("on %s the limit is %s, want %s", on, got, want)
		}
	}
	if got := b.limit(standard, day("2026-11-23")); got != AmountMax {
		t.Errorf("the standard window's limit is %s", got)
	}
	b.Limits = append(SameDayLimits(), SameDayLimit{From: day("2027-03-19"), Amount: 10_000_000_00})
	if got := b.limit(same, day("2027-03-19")); got != 10_000_000_00 {
		t.Errorf("a limit of the plan is %s", got)
	}
}

// Each code of the rules has a meaning, a reach, and something to do or nothing to undo.
func TestReturnRules_CoverTheTable(t *testing.T) {
	for _, code := range []string{
		"R01", "R02", "R03", "R04", "R05", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15", "R16", "R17", "R20", "R21", "R22", "R23",
		"R24", "R29", "R31", "R37", "R38", "R51", "R52", "R53", "R80", "R81", "R82", "R83", "R84", "R85",
	} {
		if _, known := RuleFor(code); !known {
			t.Errorf("%s has no rule", code)
		}
	}
	again, rates := map[string]bool{}, map[Rate]map[string]bool{Unauthorised: {}, Administrative: {}, Overall: {}}
	for _, r := range ReturnRules() {
		if r.Meaning == "" || r.Reach == "" || r.Source == "" || (r.Person != "") != (r.Days > 0) {
			t.Errorf("%s is not whole: %+v", r.Code, r)
		}
		if r.Again && r.Consent != Nothing {
			t.Errorf("%s is sent again on a consent that ended", r.Code)
		}
		again[r.Code] = r.Again
		rates[r.Rate][r.Code] = true
	}
	for code, is := range again {
		if is != (code == "R01" || code == "R09") {
			t.Errorf("is %s sent again? %v", code, is)
		}
	}
	if u := rates[Unauthorised]; len(u) != 6 || !u["R05"] || !u["R07"] || !u["R10"] || !u["R11"] || !u["R29"] || !u["R51"] {
		t.Errorf("unauthorised are %v", u)
	}
	if a := rates[Administrative]; len(a) != 3 || !a["R02"] || !a["R03"] || !a["R04"] {
		t.Errorf("administrative are %v", a)
	}
	for code, want := range map[string]AnswerKind{"R60": "", "R61": Dishonoured, "R70": Dishonoured, "R71": Contested, "R77": Contested, "R80": ""} {
		if got, _ := Disputed(code); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
}

func TestInTime_ByCodeAndClass(t *testing.T) {
	settled := day("2026-06-01")
	for _, tc := range []struct {
		code, came string
		sec        SEC
		want       bool
	}{
		{"R01", "2026-06-03", PPD, true}, {"R01", "2026-06-04", PPD, false},
		{"R10", "2026-07-31", WEB, true}, {"R10", "2026-08-01", WEB, false},
		{"R29", "2026-06-03", CCD, true}, {"R29", "2026-06-10", CCD, false},
		{"R05", "2026-07-31", CCD, true}, {"R31", "2026-09-01", CCD, true},
	} {
		rule, _ := RuleFor(tc.code)
		if got := rule.inTime(tc.sec, settled, day(tc.came)); got != tc.want {
			t.Errorf("%s of a %s debit on %s: in time %v, want %v", tc.code, tc.sec, tc.came, got, tc.want)
		}
	}
}

// Settled on Monday the first of June, back on Wednesday: the retries are those of the
// rule's own example, and a third is none.
func TestNextTry_TwiceWithinHalfAYear(t *testing.T) {
	e := Entry{}
	if on, ok := nextTry(&e, day("2026-06-01"), day("2026-06-03")); !ok || on != day("2026-06-05") {
		t.Errorf("the first retry is on %s", on)
	}
	e.Tries = 1
	if on, ok := nextTry(&e, day("2026-06-01"), day("2026-06-09")); !ok || on != day("2026-06-12") {
		t.Errorf("the second retry is on %s", on)
	}
	e.Tries = 2
	if _, ok := nextTry(&e, day("2026-06-01"), day("2026-06-16")); ok {
		t.Error("a third retry is a breach of the rules")
	}
	e.Tries = 1
	if _, ok := nextTry(&e, day("2026-01-02"), day("2026-07-01")); ok {
		t.Error("a retry after half a year is a breach of the rules")
	}
}

func TestCorrect_WhatEachCodeChanges(t *testing.T) {
	own := mandate.BankAccount{Routing: "121042882", Number: secret.New("1234567"), Kind: mandate.Checking, Holder: "A Payer"}
	for _, tc := range []struct {
		code            string
		said            Correction
		routing, number string
		kind            mandate.AccountKind
		refused         string
	}{
		{"C01", Correction{Number: secret.New("998877"), Readable: true}, "121042882", "998877", mandate.Checking, ""},
		{"C02", Correction{Routing: "021000021", Readable: true}, "021000021", "1234567", mandate.Checking, ""},
		{"C03", Correction{Routing: "021000021", Number: secret.New("998877"), Readable: true}, "021000021", "998877", mandate.Checking, ""},
		{"C05", Correction{TransactionCode: 37, Readable: true}, "121042882", "1234567", mandate.Savings, ""},
		{"C06", Correction{Number: secret.New("998877"), TransactionCode: 37, Readable: true}, "121042882", "998877", mandate.Savings, ""},
		{"C07", Correction{"021000021", secret.New("998877"), 37, true}, "021000021", "998877", mandate.Savings, ""},
		{"C02", Correction{Routing: "021000022", Readable: true}, "", "", "", "C67"},
		{"C01", Correction{Number: secret.New("9"), Readable: true}, "", "", "", "C68"},
		{"C05", Correction{TransactionCode: 47, Readable: true}, "", "", "", "C69"},
		{"C03", Correction{}, "", "", "", "C65"},
		{"C99", Correction{Readable: true}, "", "", "", "C65"},
		{"C09", Correction{Readable: true}, "", "", "", byPerson},
	} {
		got, refused := correct(own, &Answer{Code: tc.code, Corrected: tc.said})
		if refused != tc.refused {
			t.Errorf("%s: refused with %q, want %q", tc.code, refused, tc.refused)
			continue
		}
		if refused == "" && (got.Routing != tc.routing || got.Number.Reveal() != tc.number || got.Kind != tc.kind) {
			t.Errorf("%s makes %s, %s", tc.code, got.Routing, got.Kind)
		}
	}
}

func TestStanding_AgainstTheNetworksLimits(t *testing.T) {
	for _, tc := range []struct {
		rate            Rate
		debits, returns int64
		alarm, over     bool
	}{
		{Unauthorised, 1000, 3, false, false}, {Unauthorised, 1000, 4, true, false}, {Unauthorised, 1000, 5, true, false},
		{Unauthorised, 1000, 6, true, true}, {Administrative, 1000, 31, true, true}, {Overall, 1000, 150, true, false},
		{Overall, 1000, 151, true, true}, {Overall, 0, 0, false, false}, {Overall, 0, 1, true, true},
	} {
		s := standing("1", tc.rate, tc.debits, tc.returns)
		if s.Alarm != tc.alarm || s.Over != tc.over {
			t.Errorf("%d of %d as %s: alarm %v, over %v", tc.returns, tc.debits, tc.rate, s.Alarm, s.Over)
		}
	}
}

func TestOrder_RefusesWhatCannotBeSent(t *testing.T) {
	good := func() Order {
		return Order{
			Key: "k", Direction: Debit, Book: 472819036580, Method: "m", Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, SEC: WEB, Amount: 100,
			CreditOn: day("2026-11-24"), Actor: actor,
		}
	}
	o := good()
	if err := o.validate("test"); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(o *Order){
		"no key": func(o *Order) { o.Key = "" }, "no actor": func(o *Order) { o.Actor.Name = "" }, "no method": func(o *Order) { o.Method = "" },
		"no amount": func(o *Order) { o.Amount = 0 }, "more than ten digits": func(o *Order) { o.Amount = AmountMax + 1 },
		"no day": func(o *Order) { o.CreditOn = calendar.Date{} }, "another class": func(o *Order) { o.SEC = "IAT" },
		"a house account": func(o *Order) { o.Book = 16 }, "no direction": func(o *Order) { o.Direction = "" },
		"a debit that refunds":   func(o *Order) { o.Refund = "r" },
		"a credit on the web":    func(o *Order) { o.Direction, o.Refund = Credit, "r" },
		"a credit for nothing":   func(o *Order) { o.Direction, o.SEC = Credit, PPD },
		"a credit under consent": func(o *Order) { o.Direction, o.SEC, o.Refund, o.Mandate = Credit, PPD, "r", "m" },
	} {
		o := good()
		spoil(&o)
		if err := o.validate("test"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := SettlesOn(day("2026-11-28")); got != day("2026-11-30") {
		t.Errorf("what counts on a Saturday settles on %s", got)
	}
}

var actor = ident.Actor{Kind: ident.Staff, Name: "clerk"}
