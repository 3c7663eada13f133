package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
)

// overviewPage is the overview in the reader's language, ready to be written.
type overviewPage struct {
	Notices []string
	AsOf    moment
	Counted bool // false when there are no figures to show
	Alarm   bool // the payment page is not as it was authorised
	Glance  []fact
	Moneys  []entityMoney
	Held    []heldMoney
	Files   []fileLine
	Steps   []stepLine
	Regions []regionHelp
}

// Title implements titled.
func (overviewPage) Title(w *Words) string { return w.Title }

// moment is an instant for people and for machines.
type moment struct{ Text, ISO string }

type fact struct{ Label, Value string }

// entityMoney is one legal entity's money: a table with a column per fund, and
// how it came in.
type entityMoney struct {
	ID, Name string
	Funds    []string
	Rows     []moneyRow
	Rails    []railRow
	Proofs   []proofLine
}

type moneyRow struct {
	Label, Note string
	Cells       []fact // by fund
}

type railRow struct{ Fund, Rail, Today, InAll string }

type proofLine struct {
	Good bool
	Text string
}

type heldMoney struct{ Fund, Reason, Items, Cents, Oldest string }

type fileLine struct {
	Name, Kind, Result, Items, Cents string
	Taken                            moment
	Class                            string // of the style sheet: good, bad or shut
}

type stepLine struct{ Title, Command string }

// overviewPath is where the overview stands.
const overviewPath = "/overview"

// overview serves the overview. Without figures it still says whom to call.
func (v *visit) overview() {
	o, err := v.figures.now(v.ctx())
	code := http.StatusOK
	if err != nil {
		code = http.StatusServiceUnavailable
	}
	content := v.composeOverview(v.words, o, err == nil)
	content.Alarm = v.watch.alarmed()
	if v.Troubles != nil {
		for _, trouble := range v.Troubles(v.ctx()) {
			content.Notices = append(content.Notices, v.words.In(trouble))
		}
	}
	v.show(code, "overview", content)
}

func (s *Site) composeOverview(w *Words, o store.Overview, counted bool) overviewPage {
	p := overviewPage{Counted: counted, Regions: regionsHelp(w, s.Plan.Regions, s.Clock.Now())}
	for _, n := range s.Notices {
		p.Notices = append(p.Notices, w.In(n))
	}
	for _, step := range s.Steps {
		p.Steps = append(p.Steps, stepLine{w.In(step.Title), step.Command})
	}
	if !counted {
		return p
	}
	zone := s.Plan.Entities[0].Zone
	p.AsOf = momentOf(w, o.At.In(zone))
	p.Glance = []fact{
		{w.Members, grouped(o.Members)}, {w.Households, grouped(o.Households)}, {w.Employers, grouped(o.Employers)},
		{w.Files, grouped(o.FilesTaken)},
	}
	for _, e := range s.Plan.Entities {
		if money := s.moneyOf(w, o, e); len(money.Funds) > 0 {
			p.Moneys = append(p.Moneys, money)
		}
	}
	for _, g := range o.Suspense {
		p.Held = append(p.Held, heldMoney{
			w.Funds[g.Purse.Fund], named(w.Reasons, g.Reason), grouped(g.Items), g.Cents.Grouped(),
			age(w, s.House.PostingDay(g.Purse.Entity), g.Oldest),
		})
	}
	for _, f := range o.Files {
		p.Files = append(p.Files, fileOf(w, f, zone))
	}
	return p
}

// moneyOf gathers the funds of one legal entity.
func (s *Site) moneyOf(w *Words, o store.Overview, e plan.Entity) entityMoney {
	m := entityMoney{ID: string(e.ID), Name: e.Name}
	var purses []store.PurseOverview
	var entity chart.EntityNo
	agree := true
	for _, fund := range chart.Funds() {
		if s.Plan.EntityOf(fund) != e.ID {
			continue
		}
		purse := s.House.PurseOf(fund)
		entity = purse.Entity
		figures, posted := o.Purses[purse] // a fund in which nothing happened agrees
		purses = append(purses, figures)
		agree = agree && (figures.Agrees || !posted)
		m.Funds = append(m.Funds, w.Funds[fund])
		m.Rails = append(m.Rails, railRows(w, fund, figures)...)
	}
	m.Rows = moneyRows(w, m.Funds, purses)
	m.Proofs = proofs(w, o.Trial[entity], agree)
	return m
}

// moneyRows turns funds from columns of figures into rows of words. Rows that
// are seldom used stand only where there is something in them.
func moneyRows(w *Words, funds []string, purses []store.PurseOverview) []moneyRow {
	all := []struct {
		label, note string
		cents       func(store.PurseOverview) money.Cents
		seldom      bool
	}{
		{w.Owed, "", func(p store.PurseOverview) money.Cents { return p.Owed }, false},
		{w.Received, "", func(p store.PurseOverview) money.Cents { return p.Received }, false},
		{w.Moved, w.MovedNote, func(p store.PurseOverview) money.Cents { return p.Moved }, true},
		{w.Applied, "", func(p store.PurseOverview) money.Cents { return p.Applied }, false},
		{w.Unapplied, w.UnappliedNote, func(p store.PurseOverview) money.Cents { return p.Unapplied }, false},
		{w.Held, w.HeldNote, func(p store.PurseOverview) money.Cents { return p.Suspense }, false},
		{w.Refunding, "", func(p store.PurseOverview) money.Cents { return p.Refunding }, true},
	}
	items := moneyRow{Label: w.OpenItems, Note: w.OwedNote}
	for i, p := range purses {
		items.Cells = append(items.Cells, fact{funds[i], grouped(p.OpenItems)})
	}
	rows := []moneyRow{items}
	for _, each := range all {
		row, used := moneyRow{Label: each.label, Note: each.note}, false
		for i, p := range purses {
			cents := each.cents(p)
			used = used || cents != 0
			row.Cells = append(row.Cells, fact{funds[i], cents.Grouped()})
		}
		if used || !each.seldom {
			rows = append(rows, row)
		}
	}
	return rows
}

func railRows(w *Words, fund chart.Fund, p store.PurseOverview) []railRow {
	var rows []railRow
	for _, rail := range railsShown {
		if r, used := p.ByRail[rail]; used {
			rows = append(rows, railRow{w.Funds[fund], w.Rails[rail], r.Today.Grouped(), r.InAll.Grouped()})
		}
	}
	return rows
}

func proofs(w *Words, t store.Trial, agree bool) []proofLine {
	balance, documents := proofLine{Good: t.Debits == t.Credits}, proofLine{Good: agree, Text: w.Agreeing}
	text := w.Balanced
	if !balance.Good {
		text = w.Unbalanced
	}
	balance.Text = fmt.Sprintf(text, t.Debits.Grouped(), t.Credits.Grouped())
	if !agree {
		documents.Text = w.Disagreeing
	}
	return []proofLine{balance, documents}
}

func fileOf(w *Words, f store.FileOverview, zone *time.Location) fileLine {
	result, class := fileResult(f.Verdict), "bad"
	switch {
	case f.Verdict == fault.Accept && !f.Done:
		result, class = underWay, "shut"
	case f.Verdict == fault.Accept:
		class = "good"
	}
	return fileLine{
		Name: withoutNumbers(f.Name), Kind: named(w.Formats, f.Format), Result: named(w.Verdicts, result), Items: grouped(f.Items),
		Cents: f.Cents.Grouped(), Taken: momentOf(w, f.ReceivedAt.In(zone)), Class: class,
	}
}

// withoutNumbers hides what could be a bill pay number in a text that a stranger
// wrote: one such number hides every digit of the name, since where a number
// ends among others is a guess.
func withoutNumbers(name string) string {
	if len(billpay.CandidatesIn(name, 1)) == 0 {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '•'
		}
		return r
	}, name)
}

// age says how long ago a day was.
func age(w *Words, today, day calendar.Date) string {
	days := today.Sub(day)
	if days <= 0 {
		return w.DayZero
	}
	return w.Day.Of(days)
}

func momentOf(w *Words, t time.Time) moment { return moment{w.Moment(t), t.Format(time.RFC3339)} }

// grouped writes a count as money writes dollars: "12,345".
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
