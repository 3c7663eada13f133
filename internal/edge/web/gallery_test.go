package web

import (
	"html/template"
	"net/http"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
)

// gallery is a page with every piece on it, at rest and complaining, on which
// looks, words, keyboard and script are tried.
const gallery = `{{define "gallery"}}{{template "top" .}}{{with .Content}}
{{template "error-summary" .Problems}}
<h1>{{.Heading}}</h1>
{{template "progress" .Progress}}
{{range .Boxes}}{{template "notice" .}}{{end}}
{{template "status" .Heading}}
<form id="page-form" method="post" action="/gallery" novalidate data-once>
{{template "number-field" .Number}}
{{template "details" .Find}}
{{template "text-field" .Fact}}
{{template "text-field" .Mail}}
{{template "choice-group" .For}}
{{template "choice-group" .Any}}
{{template "money-field" .Amount}}
{{if .Card.Key}}{{template "card-fields" .Card}}
<div data-no-card><button class="ds-c-button" name="hosted" value="1">Elsewhere</button></div>{{end}}
{{template "button-row" .Buttons}}
</form>
{{template "summary-list" .Summary}}
{{template "receipt" .Receipt}}
{{end}}{{template "bottom" .}}{{end}}`

type galleryPage struct {
	onForm
	withProblems
	Heading    string
	Progress   progress
	Boxes      []Notice
	Number     numberField
	Find       details
	Fact, Mail TextField
	For, Any   ChoiceGroup
	Amount     MoneyField
	Card       cardFields
	Buttons    ButtonRow
	Summary    SummaryList
	Receipt    receipt
}

func (p galleryPage) Title(*Words) string { return p.Heading }

// galleryOf fills the page in the reader's language with words that are there.
func galleryOf(v *visit, card, complaining bool) galleryPage {
	w := v.words
	p := galleryPage{
		Heading: w.Title, Progress: progress{Steps: []string{w.Members, w.Households, w.Employers}, At: 1},
		Number: numberField{Field{Name: "number", Label: w.Pieces.Account, Hint: w.Pieces.FindOnCard}, v.text("number")},
		Find:   numberHelp(w),
		Fact:   TextField{Field: Field{Name: "fact", Label: w.Members, Hint: w.OwedNote}, Value: v.text("fact"), Width: 10},
		Mail:   TextField{Field: Field{Name: "mail", Label: w.Files, Optional: true}, Value: v.text("mail"), Type: "email", Autocomplete: "email"},
		For: ChoiceGroup{Field: Field{Name: "for", Label: w.What}, Choices: []Choice{
			{Value: "a", Label: w.Owed, Hint: w.OwedNote, Chosen: v.text("for") == "a"}, {Value: "b", Label: w.Received, Chosen: v.text("for") == "b"},
		}},
		Any:     ChoiceGroup{Field: Field{Name: "any", Label: w.Items, Optional: true}, Many: true, Choices: []Choice{{Value: "x", Label: w.Moved}}},
		Amount:  MoneyField{Field{Name: "amount", Label: w.Dollars}, v.text("amount")},
		Buttons: ButtonRow{Primary: Button{Text: w.HomeLink}, Others: []Button{{Text: w.Today, Name: "other", Value: "1"}}, Back: Link{"/", w.Pieces.StartAgain}},
		Summary: SummaryList{[]SummaryLine{{Label: w.Owed, Value: "$1.00", Note: w.OwedNote, Change: Link{Href: "/gallery"}}}},
		Receipt: receipt{
			Confirmation: "7KQ2-M9X4-ABCD", PaidOn: calendar.MustParse("2026-11-23"), Account: "1234", Total: 125_00,
			Lines: []SummaryLine{{Label: w.Fund, Value: "$125.00"}},
		},
	}
	for _, kind := range []NoticeKind{NoticeInfo, NoticeGood, NoticeWarn, NoticeBad} {
		p.Boxes = append(p.Boxes, Notice{Kind: kind, Heading: w.StepsHeading, Text: []string{w.StepsIntro, w.HeldNote}})
	}
	if card {
		p.Card.Key = v.Processor.Key
	}
	if complaining {
		p.Number.Error = numberProblem(w, "123")
		p.Fact.Error, p.For.Error, p.Amount.Error = w.NoFigures, w.NoFigures, w.Pieces.AmountProblems[amountMissing]
		p.Problems = []Problem{{"number", p.Number.Error}, {"for", p.For.Error}, {"amount", p.Amount.Error}, {"", w.NoFigures}}
	}
	return p
}

// withGallery is a ground with the gallery; sent counts the forms that were
// really sent, and keeps the last.
func withGallery(t *testing.T) (*ground, *galleryForms) {
	t.Helper()
	forms := &galleryForms{}
	show := func(card, complaining bool) func(v *visit) {
		return func(v *visit) { v.show(http.StatusOK, "gallery", galleryOf(v, card, complaining)) }
	}
	g := onGround(t, append(noteRoutes(),
		route{name: "gallery", pattern: "GET /gallery", serve: show(false, false)},
		route{name: "gallery.errors", pattern: "GET /gallery/errors", serve: show(false, true)},
		route{name: "gallery.card", pattern: "GET /gallery/card", loads: cardPage, leaves: true, serve: show(true, false)},
		route{name: "gallery.send", pattern: "POST /gallery", serve: func(v *visit) {
			if v.switching() {
				show(false, false)(v)
				return
			}
			if v.has("hosted") {
				v.leave(v.Processor.Pages[0] + "/page")
				return
			}
			forms.add(v.r.PostForm)
			v.keep("seen", "yes")
			v.seeOther("/note")
		}},
	)...)
	for _, w := range languages {
		template.Must(g.site.assets.pages[w].Parse(gallery))
	}
	return g, forms
}
