package grace_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
)

var first = day("2026-01-01")

func drawDay(t *rapid.T, label string) calendar.Date {
	return first.AddDays(rapid.IntRange(0, 300).Draw(t, label))
}

// drawHistory makes up a policy with bills, money, returns, notices and
// decisions at random, known at once or later.
func drawHistory(t *rapid.T) grace.History {
	line := rapid.SampledFrom(coverage.Lines()).Draw(t, "line")
	h := grace.History{Policy: coverage.Policy{
		Line: line, State: rapid.SampledFrom([]string{"CO", "CA"}).Draw(t, "state"), From: first, ReceivedOn: first.AddDays(-20),
		Entry: rapid.SampledFrom([]coverage.Entry{coverage.NewEnrolment, coverage.SpecialEntry, coverage.Takeover, coverage.PassiveRenewal}).Draw(t, "entry"),
	}}
	if rapid.IntRange(0, 4).Draw(t, "retroactive") == 0 {
		h.Policy.Entry, h.Policy.ReceivedOn = coverage.Retroactive, day("2026-04-07")
	}
	if rapid.IntRange(0, 4).Draw(t, "source ends") == 0 {
		h.Policy.To, h.Policy.ToKnownOn = drawDay(t, "to").AddDays(-30), drawDay(t, "end known")
		if rapid.Bool().Draw(t, "from the beginning") {
			h.Policy.ToKnownOn = calendar.Date{}
		}
	}
	if line == coverage.COBRA {
		h.Policy.Continuation = &coverage.Continuation{LossOn: day("2025-12-31"), NoticeOn: first, ElectedOn: day("2026-02-10"), MonthsMost: 18}
	}
	if line.Medicare() && rapid.Bool().Draw(t, "withhold") {
		asked := drawDay(t, "asked")
		h.Policy.Withhold = []coverage.Withhold{{
			From: calendar.MonthOf(asked).Add(1), RequestedOn: asked, DecidedOn: asked.AddDays(rapid.IntRange(0, 60).Draw(t, "decided")),
			Status: rapid.SampledFrom([]coverage.WithholdStatus{coverage.WithholdAccepted, coverage.WithholdRejected}).Draw(t, "status"),
		}}
	}
	aptc := money.Cents(0)
	if line == coverage.ExchangeAPTC {
		aptc = 450_00
	}
	start := later(first.AddDays(-14), h.Policy.ReceivedOn)
	for i := range rapid.IntRange(0, 9).Draw(t, "months") {
		m := calendar.MonthOf(first).Add(i)
		h.Charges = append(h.Charges, grace.Charge{
			Month: m, BilledOn: later(start, m.First().AddDays(-14)), DueOn: m.First().AddDays(rapid.IntRange(-10, 10).Draw(t, "due")),
			Gross: 600_00, APTC: aptc, Owed: 600_00 - aptc,
		})
	}
	if len(h.Charges) > 0 && rapid.Bool().Draw(t, "adjusted") {
		on := drawDay(t, "adjusted on")
		h.Charges = append(h.Charges, grace.Charge{
			Month: h.Charges[0].Month, BilledOn: later(start, on), DueOn: on.AddDays(20), Owed: money.Cents(rapid.IntRange(-60_00, 60_00).Draw(t, "adjustment")),
		})
	}
	drawMoney(t, &h)
	drawFacts(t, &h)
	return h
}

func later(a, b calendar.Date) calendar.Date {
	if b.After(a) {
		return b
	}
	return a
}

// drawMoney makes a member who pays most months near their due date, and
// payments of any amount beside it.
func drawMoney(t *rapid.T, h *grace.History) {
	pays := rapid.IntRange(0, 10).Draw(t, "pays of ten")
	for i, c := range h.Charges {
		if c.Owed <= 0 || rapid.IntRange(1, 10).Draw(t, "paid") > pays {
			continue
		}
		on := c.DueOn.AddDays(rapid.SampledFrom([]int{-9, -1, 0, 0, 1, 5, 25, 31, 45, 70}).Draw(t, "after due"))
		m := grace.Money{
			ID: fmt.Sprintf("m%d", i), ReceivedOn: on, KnownOn: on.AddDays(rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "posted after")),
			SentOn: on.AddDays(-rapid.IntRange(0, 4).Draw(t, "sent before")), Cents: c.Owed, Month: c.Month,
		}
		if rapid.IntRange(0, 8).Draw(t, "nearly") == 0 {
			m.Cents -= m.Cents / 20
		}
		h.Money = append(h.Money, m)
		if rapid.IntRange(0, 8).Draw(t, "bounced") == 0 {
			known := m.KnownOn.AddDays(rapid.IntRange(0, 90).Draw(t, "bounced after"))
			h.Money = append(h.Money, grace.Money{ID: "r-" + m.ID, ReceivedOn: known, KnownOn: known, Cents: -m.Cents, Month: m.Month, Returns: m.ID})
		}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "payments") {
		on := drawDay(t, "received")
		m := grace.Money{
			ID: fmt.Sprintf("p%d", i), ReceivedOn: on, KnownOn: on.AddDays(rapid.SampledFrom([]int{0, 0, 1, 4, 20}).Draw(t, "lag")),
			Cents: money.Cents(rapid.SampledFrom([]int{150_00, 600_00, 149_99, 300_00, 1}).Draw(t, "cents")),
			Month: calendar.MonthOf(first).Add(rapid.IntRange(0, 8).Draw(t, "month")),
		}
		if rapid.IntRange(0, 5).Draw(t, "held") == 0 {
			m.Month = calendar.Month{}
		}
		h.Money = append(h.Money, m)
		if rapid.IntRange(0, 4).Draw(t, "returned") == 0 {
			known := m.KnownOn.AddDays(rapid.IntRange(0, 40).Draw(t, "returned after"))
			h.Money = append(h.Money, grace.Money{ID: "r-" + m.ID, ReceivedOn: known, KnownOn: known, Cents: -m.Cents, Month: m.Month, Returns: m.ID})
		}
	}
}

func drawFacts(t *rapid.T, h *grace.History) {
	kinds := []grace.FactKind{
		grace.NoticeSent, grace.NoticeSent, grace.NoticeSent, grace.Reinstated, grace.ReinstatementDenied, grace.Ended, grace.Died,
		grace.GoodCauseRequested, grace.GoodCauseApproved, grace.EndConfirmed, grace.GroupEnded,
	}
	notices := []grace.Notice{grace.NoticeGrace, grace.NoticeFailureToPay, grace.NoticeShortfall}
	for range rapid.IntRange(0, 5).Draw(t, "facts") {
		on := drawDay(t, "fact on")
		h.Facts = append(h.Facts, grace.Fact{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), On: on, KnownOn: on.AddDays(rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "known")),
			Notice: rapid.SampledFrom(notices).Draw(t, "notice"), Day: on.AddDays(rapid.IntRange(-40, 40).Draw(t, "day")),
		})
	}
}

func drawRules(t *rapid.T) *rule.Set {
	if rapid.Bool().Draw(t, "embedded") {
		return rule.Embedded()
	}
	set, problems := rule.Embedded().Overlay("rules.yaml", []byte(`rows:
  - {rule: threshold.net.use, jurisdiction: US, coverage_line: EXCH_APTC EXCH_NOAPTC, valid_from: "2014-01-01", value: true, citation: test, confirm: true}
  - {rule: binder.retroactive.deadline, jurisdiction: US, coverage_line: EXCH_APTC EXCH_NOAPTC, valid_from: "2014-01-01", confirm: true}
  - {rule: cobra.shortfall.action, jurisdiction: US, coverage_line: COBRA, valid_from: "2014-01-01", value: TREAT_AS_FULL, citation: test, confirm: true}
  - {rule: termination.cooling, jurisdiction: US, coverage_line: ALL, valid_from: "2014-01-01", value: 3, citation: test, confirm: true}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func replay(t *rapid.T, h grace.History, rules *rule.Set, on calendar.Date) grace.Status {
	status, err := grace.Replay(h, rules, on)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestReplay_SameHistorySameAnswerInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules, on := drawHistory(t), drawRules(t), drawDay(t, "on")
		want := replay(t, h, rules, on)
		shuffled := h
		shuffled.Money = rapid.Permutation(h.Money).Draw(t, "money")
		shuffled.Charges = rapid.Permutation(h.Charges).Draw(t, "charges")
		shuffled.Facts = rapid.Permutation(h.Facts).Draw(t, "facts")
		if got := replay(t, shuffled, rules, on); !reflect.DeepEqual(got, want) {
			t.Fatalf("another order:\n got %+v\nwant %+v", got, want)
		}
	})
}

// What was answered on a past day is what a longer history answers about it,
// and its log is the beginning of the later one.
func TestReplay_PastDaysAreReproducible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules := drawHistory(t), drawRules(t)
		on := later(drawDay(t, "on"), h.Policy.ReceivedOn)
		then := replay(t, h.Known(on), rules, on)
		if got := replay(t, h, rules, on); !reflect.DeepEqual(got, then) {
			t.Fatalf("a longer history says of %s:\n got %+v\nwant %+v", on, got, then)
		}
		now := replay(t, h, rules, on.AddDays(rapid.IntRange(0, 200).Draw(t, "later")))
		if len(now.Transitions) < len(then.Transitions) || !reflect.DeepEqual(now.Transitions[:len(then.Transitions)], then.Transitions) {
			t.Fatalf("the log of %s changed later:\nthen%s\nnow%s", on, logOf(then), logOf(now))
		}
		for _, d := range then.Duties {
			if !slices.ContainsFunc(now.Duties, func(o grace.Duty) bool { return o.Key == d.Key && o.Amount == d.Amount && o.DueBy == d.DueBy }) {
				t.Fatalf("the duty %s of %s is gone or changed on %s: %+v", d.Key, on, now.On, d)
			}
		}
	})
}

// What a run told in the course of a day stays in the log when money that became
// known later on the day, and was in time, changes the day's end.
func TestReplay_WhatWasToldStaysTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules := drawHistory(t), drawRules(t)
		if len(h.Money) == 0 {
			return
		}
		on := later(rapid.SampledFrom(h.Money).Draw(t, "posted").KnownOn, h.Policy.ReceivedOn)
		ofTheDay := func(m grace.Money) bool { return m.KnownOn == on }
		before := h
		before.Money = slices.DeleteFunc(slices.Clone(h.Money), ofTheDay)
		then := replay(t, before, rules, on)
		for _, tr := range then.Transitions {
			if tr.On == on && !tr.Rerun {
				h.Noted = append(h.Noted, grace.Noted{On: on, From: tr.From, To: tr.To, Event: tr.Event})
			}
		}
		now := replay(t, h, rules, on)
		from := grace.State("")
		for _, tr := range now.Transitions {
			if tr.From != from {
				t.Fatalf("the log has a gap:%s", logOf(now))
			}
			from = tr.To
		}
		if from != now.State {
			t.Fatalf("the log ends in %s, the state is %s", from, now.State)
		}
		unsaid := h
		unsaid.Noted = nil
		if plain := replay(t, unsaid, rules, on); plain.State != now.State || plain.Owed != now.Owed {
			t.Fatalf("what was told changes the state from %s to %s", plain.State, now.State)
		}
	})
}

func TestReplay_NothingChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules := drawHistory(t), drawRules(t)
		on := later(drawDay(t, "on"), h.Policy.ReceivedOn)
		known := h.Known(on)
		now := replay(t, known, rules, on)
		end := on.AddDays(120)
		if !now.Next.IsZero() {
			if !now.Next.After(on) {
				t.Fatalf("on %s the next day is %s", on, now.Next)
			}
			end = now.Next.AddDays(-1)
		}
		if !end.After(on) {
			return
		}
		then := replay(t, known, rules, end)
		if len(then.Transitions) != len(now.Transitions) || then.State != now.State || len(then.Duties) != len(now.Duties) {
			t.Fatalf("on %s Next is %s, but on %s:%s\nbefore%s\n%v\n%v", on, now.Next, end, logOf(then), logOf(now), then.Duties, now.Duties)
		}
	})
}

// The invariants of the machine on every day of a history.
func TestReplay_Invariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules := drawHistory(t), drawRules(t)
		on := later(drawDay(t, "on"), h.Policy.ReceivedOn)
		s := replay(t, h, rules, on)
		if s.State.InGrace() && (s.Owed == 0 || s.ToCure == 0 || s.GraceFrom.IsZero()) {
			t.Fatalf("%s beside a balance of %s, to cure %s, from %s", s.State, s.Owed, s.ToCure, s.GraceFrom)
		}
		if s.State == grace.PastDue && s.Owed == 0 {
			t.Fatal("PAST_DUE beside a balance of zero")
		}
		if s.ToCure > s.Owed || s.ToCure < 0 || s.Owed < 0 {
			t.Fatalf("to cure %s of %s", s.ToCure, s.Owed)
		}
		if h.Policy.Line == coverage.Group && s.Machine == grace.MemberMachine && s.State.InGrace() {
			t.Fatal("a member in the employer's grace")
		}
		keys := map[string]bool{}
		for _, d := range s.Duties {
			if keys[d.Key] {
				t.Fatalf("the duty %s twice", d.Key)
			}
			keys[d.Key] = true
			if !d.DueBy.IsZero() && d.DueBy.Before(d.On) && d.Notice != grace.NoticeFailureToPay {
				t.Fatalf("%s is due on %s, before it arose on %s", d.Key, d.DueBy, d.On)
			}
		}
		from := grace.State("")
		for i, tr := range s.Transitions {
			if tr.From != from || i > 0 && tr.On.Before(s.Transitions[i-1].On) {
				t.Fatalf("the log has a gap at %d:%s", i, logOf(s))
			}
			from = tr.To
		}
		if from != s.State || s.Words.English == "" || s.Words.Spanish == "" {
			t.Fatalf("the log ends in %s, the state is %s", from, s.State)
		}
	})
}

// Nobody's coverage ends for money by a row that nobody confirmed.
func TestReplay_UnconfirmedRowsEndNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		h.Facts = slices.DeleteFunc(h.Facts, func(f grace.Fact) bool {
			return f.Kind == grace.EndConfirmed || f.Kind == grace.GroupEnded || f.Kind == grace.Ended || f.Kind == grace.Died
		})
		h.Policy.To = calendar.Date{}
		set, problems := rule.Embedded().Overlay("rules.yaml", []byte(`rows:
  - {rule: termination.cooling, jurisdiction: US, coverage_line: ALL, valid_from: "2014-01-01", confirm: false}
  - {rule: binder.regular.deadline, jurisdiction: US, coverage_line: EXCH_APTC EXCH_NOAPTC, valid_from: "2014-01-01", confirm: false}
`))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if s := replay(t, h, set, drawDay(t, "on")); s.State == grace.Terminated || s.State == grace.Cancelled || s.State == grace.TermPending {
			t.Fatalf("%s by an unconfirmed row:%s", s.State, logOf(s))
		}
	})
}

func TestReplay_PayingMoreNeverEndsCoverage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, rules, on := drawHistory(t), drawRules(t), drawDay(t, "on")
		s := replay(t, h, rules, on)
		if !s.State.InGrace() || s.PayBy.Before(on) || s.Owed != s.ToCure {
			return
		}
		for i, m := range s.Months {
			if m.Open > 0 {
				h.Money = append(h.Money, grace.Money{ID: fmt.Sprintf("cure-%d", i), ReceivedOn: on, KnownOn: on, Cents: m.Open, Month: m.Month})
			}
		}
		if cured := replay(t, h, rules, on); cured.State != grace.Current && cured.State != grace.VoluntaryTerm || cured.Owed != 0 {
			t.Fatalf("all that is owed was paid in time, but the state is %s, owed %s:%s", cured.State, cured.Owed, logOf(cured))
		}
	})
}
