package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/region"
)

// titled is a page's content, which names the page.
type titled interface{ Title(w *Words) string }

// onForm is embedded in the content of a page whose main part is a form with the
// id "page-form": the language switch then sends that form along, so that
// nothing typed is lost.
type onForm struct{}

func (onForm) formPage() {}

// withProblems is embedded in the content of a page that may say what is wrong
// with a form.
type withProblems struct{ Problems []Problem }

func (p withProblems) problems() []Problem { return p.Problems }

// page is what every template is given.
type page struct {
	*Words
	Content   titled
	Plan      string
	Logo      string
	Region    regionHelp
	Switch    *Words // the language to switch to
	SwitchTo  string // this page's address in it, unless its form goes along
	Sheets    []*asset
	Fonts     []*asset
	Script    *asset
	Icon      *asset
	Processor *Processor // on the card page
	// IdleMinutes is how long the session lasts if nothing happens; 0 without one.
	IdleMinutes int
}

// Title is what the browser shows for the page. One that complains says so first,
// for whoever hears the title before anything else.
func (p page) Title() string {
	title := p.Content.Title(p.Words) + " – " + p.Plan
	if c, ok := p.Content.(interface{ problems() []Problem }); ok && len(c.problems()) > 0 {
		return p.Pieces.ErrorTitle + title
	}
	return title
}

// HasForm reports that the page's main part is its form.
func (p page) HasForm() bool {
	_, ok := p.Content.(interface{ formPage() })
	return ok
}

// show composes a page, saves the session and sends the page.
func (v *visit) show(code int, name string, content titled) {
	body := v.compose(name, content)
	if !v.endWell() {
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.words.Tag)
	h.Set("Vary", "Accept-Language, Cookie")
	v.send(code, body)
}

func (v *visit) compose(name string, content titled) []byte {
	other := otherLanguage(v.words)
	p := page{
		Words: v.words, Content: content, Plan: v.region.Brand.PlanName, Logo: v.region.Brand.LogoText, Switch: other,
		SwitchTo: v.inLanguage(other), Sheets: []*asset{v.assets.sheet, v.themes[string(v.region.ID)]},
		Fonts: v.assets.fonts, Script: v.assets.script, Icon: v.assets.icon,
		Region: regionHelpOf(v.words, v.region, footerPurposes, v.now()),
	}
	if v.route.loads == cardPage {
		p.Processor = v.Processor
	}
	if v.session.known != "" && !v.session.destroy {
		p.IdleMinutes = int(sessionIdle.Minutes())
	}
	var b bytes.Buffer
	if err := v.assets.pages[v.words].ExecuteTemplate(&b, name, p); err != nil {
		panic(fmt.Errorf("composing %s: %w", name, err))
	}
	return b.Bytes()
}

// footerPurposes are why people call from any page.
var footerPurposes = []region.Purpose{region.Billing, region.Hardship, region.LostNumber, region.Interpreter}

// inLanguage gives this page's address with another language. What else the
// address brought is not repeated: a stranger may have composed it.
func (v *visit) inLanguage(w *Words) string {
	path := "/"
	if v.route != &noRoute {
		path += strings.TrimLeft(v.r.URL.Path, "/")
	}
	return (&url.URL{Path: path, RawQuery: languageParam + "=" + w.Tag}).String()
}

// failurePage says what is wrong and where to go.
type failurePage struct {
	Failure
	Reference string // the request's id, when it helps whoever looks into it
	Home      string // what the way out is called
}

// Title implements titled.
func (f failurePage) Title(*Words) string { return f.Heading }

// fail answers with a plain page.
func (v *visit) fail(code int) {
	content := failurePage{Failure: v.words.Failures[code], Home: v.words.HomeLink}
	if code >= http.StatusInternalServerError {
		content.Reference = v.w.Header().Get("X-Request-Id")
		if v.r.Method == http.MethodPost {
			content.Failure = v.words.Pieces.Unsure
		}
	}
	v.show(code, "failure", content)
}

// sessionOver tells a reader that what he began is gone, and where to begin again.
func (v *visit) sessionOver() {
	v.endSession()
	v.show(http.StatusGone, "failure", failurePage{Failure: v.words.Pieces.SessionOver, Home: v.words.Pieces.StartAgain})
}

// functions are what templates call, in one language.
func functions(w *Words, a *assets) template.FuncMap {
	return template.FuncMap{
		"w":            func() *Words { return w },
		"money":        money.Cents.Grouped,
		"date":         func(d calendar.Date) template.HTML { return dateText(w, d) },
		"moment":       func(t time.Time) template.HTML { return timeText(w.Moment(t), t.Format(time.RFC3339)) },
		"last4":        func(of any) (template.HTML, error) { return last4(w, of) },
		"confirmation": func(id string) template.HTML { return spoken(strings.Split(id, "-"), "-") },
		"path":         a.picture,
		// What the templates of the pieces call themselves.
		"noticeLabel":    func(k NoticeKind) string { return w.Pieces.NoticeLabels[cmp.Or(k, NoticeInfo)] },
		"progressText":   func(p progress) string { return fmt.Sprintf(w.Pieces.Progress, p.Here(), len(p.Steps)) },
		"numberProblems": func() (string, error) { return numberProblems(w) },
		"cardField":      func(name, label, hint string) Field { return Field{Name: name, Label: label, Hint: hint} },
	}
}

// numberProblems gives the page's script the texts for the slips in a number
// that it can tell.
func numberProblems(w *Words) (string, error) {
	b, err := json.Marshal(map[string]any{
		"missing": w.Pieces.DigitsMissing, "tooMany": w.Pieces.DigitsTooMany,
		"letterAsDigit": w.Pieces.NumberProblems[billpay.LetterAsDigit], "letters": w.Pieces.NumberProblems[billpay.OtherLetters],
		"card": w.Pieces.NumberProblems[billpay.CardNumber], "zero": w.Pieces.NumberProblems[billpay.ZeroInFront],
		"digit": w.Pieces.NumberProblems[billpay.WrongDigit], "nothing": w.Pieces.NumberProblems[billpay.NothingTyped],
	})
	return string(b), err
}

func dateText(w *Words, d calendar.Date) template.HTML {
	day := d.Time()
	return timeText(w.Date(day.Year(), day.Month(), day.Day()), d.String())
}

func timeText(text, machine string) template.HTML {
	return template.HTML(`<time datetime="` + template.HTMLEscapeString(machine) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

// last4 writes how an account is named to somebody who may not know more of it.
func last4(w *Words, of any) (template.HTML, error) {
	digits := ""
	switch of := of.(type) {
	case billpay.Number:
		digits = of.Last4()
	case string:
		digits = of
	}
	if len(digits) != 4 {
		return "", fmt.Errorf("last4 takes a bill pay number or four digits, not a %T", of)
	}
	shown := spoken([]string{digits}, "")
	return template.HTML(strings.Replace(template.HTMLEscapeString(w.Pieces.EndingIn), "%s", string(shown), 1)), nil
}

// spoken writes groups of signs for eyes, joined as everywhere else, and for ears
// with each sign apart: a screen reader would make one word or one large number
// of them.
func spoken(groups []string, joint string) template.HTML {
	apart := make([]string, len(groups))
	for i, group := range groups {
		apart[i] = strings.Join(strings.Split(group, ""), " ")
	}
	return template.HTML(`<span class="code" aria-hidden="true">` + template.HTMLEscapeString(strings.Join(groups, joint)) +
		`</span><span class="ds-u-visibility--screen-reader">` + template.HTMLEscapeString(strings.Join(apart, ", ")) + `</span>`)
}
