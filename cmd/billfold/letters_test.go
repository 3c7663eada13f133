package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
)

var updateLetters = flag.Bool("update-letters", false, "write testdata/letters.golden anew")

// story is a policy's history, told from a day to a day.
type story struct {
	name     string
	policy   coverage.Policy
	owed     money.Cents // of each month, by the member
	aptc     money.Cents
	from, to string // months billed, each on the 10th before
	money    []grace.Money
	facts    []grace.Fact
	until    string
	sends    bool // letters go out on the day on which they are made
}

func civil(s string) calendar.Date { return calendar.MustParse(s) }

func paid(on string, cents money.Cents, month string) grace.Money {
	m := grace.Money{ID: "paid/" + on + month, ReceivedOn: civil(on), Cents: cents}
	if month != "" {
		m.Month = calendar.MustParseMonth(month)
	}
	return m
}

func covered(line coverage.Line, state, from string, change func(p *coverage.Policy)) coverage.Policy {
	p := coverage.Policy{
		Number: billpay.Number(314159265352), No: 1, Line: line, State: state, Product: "gold", Source: "source", SourceID: "P",
		Entry: coverage.Takeover, From: civil(from), ReceivedOn: civil(from).AddDays(-30),
	}
	if change != nil {
		change(&p)
	}
	return p
}

func stories() []story {
	exchange := func(entry coverage.Entry) coverage.Policy {
		return covered(coverage.ExchangeAPTC, "CO", "2027-01-01", func(p *coverage.Policy) { p.Entry = entry })
	}
	continuation := covered(coverage.COBRA, "CO", "2026-04-01", func(p *coverage.Policy) {
		p.Entry = coverage.NewEnrolment
		p.Continuation = &coverage.Continuation{
			EventOn: civil("2026-03-15"), LossOn: civil("2026-03-31"), NoticeOn: civil("2026-04-10"), ElectedOn: civil("2026-05-20"), MonthsMost: 18,
		}
	})
	unelected := continuation
	unelected.Continuation = &coverage.Continuation{EventOn: civil("2026-03-15"), LossOn: civil("2026-03-31"), MonthsMost: 18}
	medicare := func(w ...coverage.Withhold) coverage.Policy {
		return covered(coverage.MAPD, "CO", "2026-01-01", func(p *coverage.Policy) { p.Withhold = w })
	}
	firstPaid := []grace.Money{paid("2026-12-20", 150_00, "2027-01")}
	return []story{
		{name: "a first payment that never comes", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00, from: "2027-01", to: "2027-02", until: "2027-02-20"},
		{name: "arrears with tax credit to the end, and money after it", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00, from: "2027-01", to: "2027-05",
			money: append(slices.Clone(firstPaid), paid("2027-05-14", 450_00, "")), until: "2027-05-20"},
		{name: "a payment that a bank gave back", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00, from: "2027-01", to: "2027-03",
			money: append(slices.Clone(firstPaid), paid("2027-01-28", 150_00, "2027-02"),
				grace.Money{ID: "back", ReceivedOn: civil("2027-01-28"), KnownOn: civil("2027-02-03"), Cents: -150_00, Month: calendar.MustParseMonth("2027-02"),
					Returns: "paid/2027-01-282027-02", Why: "R01: insufficient funds"}), until: "2027-02-10"},
		{name: "a payment that was taken back by mistake or for a reason that nobody gave", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00,
			from: "2027-01", to: "2027-03",
			money: append(slices.Clone(firstPaid), paid("2027-01-28", 150_00, "2027-02"),
				grace.Money{ID: "back", ReceivedOn: civil("2027-01-28"), KnownOn: civil("2027-02-03"), Cents: -150_00, Month: calendar.MustParseMonth("2027-02"),
					Returns: "paid/2027-01-282027-02", Why: "entered twice"}), until: "2027-02-04"},
		{name: "withdrawn after it was paid", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00, from: "2027-01", to: "2027-01", money: firstPaid,
			facts: []grace.Fact{{Kind: grace.NeverEffective, On: civil("2026-12-28")}}, until: "2026-12-30"},
		{name: "reinstated by staff", policy: exchange(coverage.NewEnrolment), owed: 150_00, aptc: 450_00, from: "2027-01", to: "2027-05",
			money: append(slices.Clone(firstPaid), paid("2027-05-14", 150_00, "2027-02"), paid("2027-05-14", 150_00, "2027-03"),
				paid("2027-05-14", 150_00, "2027-04"), paid("2027-05-14", 150_00, "2027-05")),
			facts: []grace.Fact{{Kind: grace.Reinstated, On: civil("2027-05-17")}}, until: "2027-05-20"},
		{name: "arrears by state law", policy: covered(coverage.Direct, "CO", "2027-01-01", nil), owed: 600_00, from: "2027-01", to: "2027-04",
			money: []grace.Money{paid("2026-12-20", 600_00, "2027-01")}, until: "2027-03-20"},
		{name: "arrears of a first month, before which nothing was paid", policy: covered(coverage.Direct, "CO", "2027-01-01", nil), owed: 600_00, from: "2027-01", to: "2027-01",
			until: "2027-01-10"},
		{name: "arrears in California, whose grace counts from its notice", policy: covered(coverage.Direct, "CA", "2027-01-01", nil), owed: 600_00, from: "2027-01", to: "2027-04",
			money: []grace.Money{paid("2026-12-20", 600_00, "2027-01")}, until: "2027-03-31", sends: true},
		{name: "continuation to elect", policy: unelected, owed: 712_00, from: "2026-04", to: "2026-04", until: "2026-04-10"},
		{name: "a first payment of continuation", policy: continuation, owed: 712_00, from: "2026-04", to: "2026-07", until: "2026-07-20"},
		{name: "a shortfall of continuation", policy: continuation, owed: 712_00, from: "2026-04", to: "2026-09",
			money: []grace.Money{paid("2026-06-01", 712_00, "2026-04"), paid("2026-06-01", 712_00, "2026-05"), paid("2026-06-01", 712_00, "2026-06"), paid("2026-07-01", 712_00, "2026-07"),
				paid("2026-08-01", 665_00, "2026-08")}, until: "2026-10-20", sends: true},
		{name: "arrears of Medicare", policy: medicare(), owed: 42_00, from: "2026-01", to: "2026-07",
			money: []grace.Money{paid("2026-01-01", 42_00, "2026-01"), paid("2026-02-01", 42_00, "2026-02"), paid("2026-03-01", 42_00, "2026-03")}, until: "2026-06-20", sends: true},
		{name: "a withhold that was rejected", policy: medicare(coverage.Withhold{
			From: calendar.MustParseMonth("2026-03"), Agency: "RRB", Status: coverage.WithholdRejected, RequestedOn: civil("2026-02-01"), DecidedOn: civil("2026-03-20"),
		}), owed: 42_00, from: "2026-01", to: "2026-05",
			money: []grace.Money{paid("2026-01-01", 42_00, "2026-01"), paid("2026-02-01", 42_00, "2026-02")}, until: "2026-05-05"},
		{name: "a withhold that ended", policy: medicare(coverage.Withhold{
			From: calendar.MustParseMonth("2026-01"), To: calendar.MustParseMonth("2026-03"), Agency: "SSA", Status: coverage.WithholdAccepted,
			RequestedOn: civil("2025-11-01"), DecidedOn: civil("2025-12-10"),
		}), owed: 42_00, from: "2026-01", to: "2026-05", until: "2026-05-05"},
		{name: "continuation that nobody elected", policy: covered(coverage.COBRA, "CO", "2026-04-01", func(p *coverage.Policy) {
			p.Entry = coverage.NewEnrolment
			p.Continuation = &coverage.Continuation{EventOn: civil("2026-03-15"), LossOn: civil("2026-03-31"), NoticeOn: civil("2026-04-10"), MonthsMost: 18}
		}), owed: 712_00, from: "2026-04", to: "2026-06", until: "2026-06-15"},
		{name: "an employer's end", policy: covered(coverage.Group, "CO", "2026-01-01", func(p *coverage.Policy) { p.Group = 271828182840 }), from: "2026-01", to: "2026-01",
			facts: []grace.Fact{{Kind: grace.GroupEnded, On: civil("2026-06-10"), Day: civil("2026-06-30")}}, until: "2026-07-05"},
		{name: "an end that the member asked for", policy: covered(coverage.Direct, "CO", "2027-01-01", func(p *coverage.Policy) { p.To, p.EndReason = civil("2027-02-28"), "voluntary" }),
			owed: 600_00, from: "2027-01", to: "2027-02",
			money: []grace.Money{paid("2026-12-20", 600_00, "2027-01"), paid("2027-01-20", 600_00, "2027-02")}, until: "2027-03-05"},
		{name: "an end of which its source did not say why", policy: covered(coverage.Direct, "CO", "2027-01-01", func(p *coverage.Policy) { p.To = civil("2027-01-31") }),
			owed: 600_00, from: "2027-01", to: "2027-01", money: []grace.Money{paid("2026-12-20", 600_00, "2027-01")}, until: "2027-02-05"},
	}
}

func (s *story) history() grace.History {
	h := grace.History{Policy: s.policy, Money: s.money, Facts: slices.Clone(s.facts)}
	for m := calendar.MustParseMonth(s.from); !m.After(calendar.MustParseMonth(s.to)); m = m.Add(1) {
		h.Charges = append(h.Charges, grace.Charge{
			Month: m, BilledOn: m.Add(-1).First().AddDays(9), DueOn: m.First(), Owed: s.owed, Gross: s.owed + s.aptc, APTC: s.aptc,
		})
	}
	return h
}

// tell goes through the story day by day, as the run does, and writes the letters.
func (s *story) tell(t *testing.T, o *office, made map[notice.Kind]bool) string {
	var told strings.Builder
	fmt.Fprintf(&told, "# %s\n", s.name)
	h, asked := s.history(), map[string]bool{}
	for day := h.Charges[0].BilledOn; !day.After(civil(s.until)); day = day.AddDays(1) {
		status, err := grace.Replay(h, o.plan.Billing.Rules, day)
		if err != nil {
			t.Fatalf("%s on %s: %v", s.name, day, err)
		}
		a := warden.Answer{Policy: s.policy, Status: status, Facts: h.Facts}
		for _, d := range status.Duties {
			if d.Kind != grace.SendNotice || d.On.After(day) || asked[d.Key] {
				continue
			}
			asked[d.Key] = true
			n, is := o.letter(&a, warden.NoticeDuty{Policy: s.policy.Key(), Key: d.Key, Language: "en"}, day)
			if is && n.Kind == notice.BinderMissed {
				n, err = binderMissed(n, &a, func(on calendar.Date) ([]warden.Answer, error) {
					before, err := grace.Replay(h, o.plan.Billing.Rules, on)
					return []warden.Answer{{Policy: s.policy, Status: before}}, err
				})
			}
			if !is || err != nil {
				t.Fatalf("%s: no letter for %s: %v", s.name, d.Notice, err)
			}
			if _, err := notice.New(n); err != nil {
				fmt.Fprintf(&told, "%s %s: not made: %s\n", day, n.Kind, fault.MessageOf(err))
				continue
			}
			facts, err := json.Marshal(n.Facts)
			if err != nil {
				t.Fatal(err)
			}
			made[n.Kind] = true
			fmt.Fprintf(&told, "%s %s: %s\n", day, n.Kind, facts)
			if s.sends {
				h.Facts = append(h.Facts, grace.Fact{Kind: grace.NoticeSent, On: day, KnownOn: day, Notice: d.Notice})
			}
		}
	}
	return told.String()
}

// Every letter is made of what a real history says, and says nothing else.
func TestLetters_SayWhatTheStatusSays(t *testing.T) {
	o := &office{plan: &plan.Plan{Billing: plan.Billing{Rules: rule.Embedded(), Products: map[string]string{"gold": "Cedar Gold"}}}}
	made := map[notice.Kind]bool{}
	var all strings.Builder
	for _, s := range stories() {
		all.WriteString(s.tell(t, o, made))
	}
	const path = "testdata/letters.golden"
	if *updateLetters {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != all.String() {
		t.Errorf("the letters are other than testdata/letters.golden (%v); look at them and run with -update-letters:\n%s", err, all.String())
	}
	others := []notice.Kind{ // no letters of a status
		notice.RefundMade, notice.Invoice, notice.AutopayStarted, notice.AutopayChange, notice.AutopayStopped, notice.CardExpiring,
		notice.UnclaimedMoney,
	}
	for _, kind := range notice.Kinds() {
		if !made[kind] && !slices.Contains(others, kind) {
			t.Errorf("no story makes a letter %s", kind)
		}
	}
}
