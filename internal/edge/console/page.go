package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
)

// page is what every screen is put together from; the template "office-page" shows
// its parts in their order.
type page struct {
	Heading  string
	Intro    string
	Back     web.Link
	Problems []web.Problem
	Parts    []part
}

// part is one of its fields.
type part struct {
	Heading string // of a section, or ""
	Text    string
	Notice  *web.Notice
	Facts   *web.SummaryList
	Table   *table
	Form    *form
	Tiles   []tile
	List    []string
	Digest  string
	Link    *web.Link
}

// table is rows of facts. The first column heads its row.
type table struct {
	ID, Caption string
	Columns     []column
	Rows        []row
	Empty       string // what is said without rows
}

type column struct {
	Label  string
	Figure bool
}

type row struct {
	Head  web.Link // Href may be ""
	Cells []cell
}

type cell struct {
	column
	Text string
}

// add adds a row of texts, one for each column.
func (t *table) add(href string, texts ...string) {
	r := row{Head: web.Link{Href: href, Text: texts[0]}}
	for i, text := range texts[1:] {
		r.Cells = append(r.Cells, cell{t.Columns[i+1], text})
	}
	t.Rows = append(t.Rows, r)
}

// form is something to do. Summary makes it one that opens when asked for.
type form struct {
	Action  string
	Summary string
	Text    string
	Fields  []input
	Hidden  []hidden
	Proof   *auth.Proof
	Buttons web.ButtonRow
	Open    bool
}

// input is one of its fields.
type input struct {
	Text   *web.TextField
	Money  *web.MoneyField
	Choice *web.ChoiceGroup
}

type hidden struct{ Name, Value string }

// tile is one queue of the board.
type tile struct {
	Href, Label, Count string
	Lines              []string
	Old                bool // something in it is past its time
}

// screen is a visit to one screen of the console.
type screen struct {
	*auth.Visit
	*Console
}

func (s *screen) show(code int, p page) { s.Show(code, "office-page", p.Heading, p) }

// t gives a text with values for its verbs.
func (s *screen) t(key string, values ...any) string {
	if text := s.T(key); len(values) > 0 {
		return fmt.Sprintf(text, values...)
	}
	return s.T(key)
}

// columns makes columns; a label that begins with "#" is one of figures.
func (s *screen) columns(keys ...string) []column {
	all := make([]column, len(keys))
	for i, key := range keys {
		name, figure := strings.CutPrefix(key, "#")
		all[i] = column{s.t("col." + name), figure}
	}
	return all
}

func (s *screen) day(d calendar.Date) string {
	if d.IsZero() {
		return s.t("none")
	}
	t := d.Time()
	return s.Words.Date(t.Year(), t.Month(), t.Day())
}

func (s *screen) moment(at time.Time) string { return s.Words.Moment(at.In(s.zone)) }

func (s *screen) dollars(c money.Cents) string { return c.Grouped() }

// days writes an age.
func (s *screen) days(n int) string {
	if n < 1 {
		return s.Words.DayZero
	}
	return s.Words.Day.Of(n)
}

// age is how long ago an instant was.
func (s *screen) age(at time.Time) string { return s.days(int(s.Now().Sub(at) / (24 * time.Hour))) }

func (s *screen) line(label, value string) web.SummaryLine {
	return web.SummaryLine{Label: s.t(label), Value: value}
}

// reason is the field for why something is done or looked at. Of several forms on a
// page each needs a name of its own, since a field's name is its place on the page.
func (s *screen) reason(name, label string) input {
	return input{Text: &web.TextField{
		Field: web.Field{Name: name, Label: s.t(label), Hint: s.t("reason.hint")}, Value: s.Text(name), MaxLength: 400,
	}}
}

func (s *screen) buttons(key string) web.ButtonRow {
	return web.ButtonRow{Primary: web.Button{Text: s.t(key)}}
}

// problem is one thing that is wrong with a form.
func problem(field, text string) []web.Problem { return []web.Problem{{Field: field, Text: text}} }
