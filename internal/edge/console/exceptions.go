package console

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/recon"
)

func (c *Console) exceptionRoutes() []auth.Route {
	return []auth.Route{
		c.at("exceptions", "GET", path("exceptions"), access.ReadExceptions, (*screen).exceptions),
		c.at("exception", "GET", path("exceptions", "{id}"), access.ReadExceptions, (*screen).exception),
		c.at("exception", "POST", path("exceptions", "{id}"), access.WorkExceptions, (*screen).workException),
	}
}

// slug writes an exception's id so that it can stand in an address.
func slug(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func unslug(text string) string {
	id, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(id)
}

func (s *screen) exceptions() {
	open, err := s.Recon.Exceptions(s.Ctx(), recon.ExceptionFilter{})
	if err != nil {
		s.FailWith(err)
		return
	}
	t := &table{
		ID: "open", Caption: s.t("exceptions.caption"), Columns: s.columns("what", "account", "#amount", "age", "limit", "owner"),
		Empty: s.t("exceptions.none"),
	}
	for i := range open {
		e := &open[i]
		t.add(path("exceptions", slug(e.ID)), s.t("exception."+string(e.Kind)), chart.Name(e.Account), s.dollars(e.Open), s.days(e.Age(s.today())),
			s.day(e.LimitOn), e.Owner)
	}
	s.show(http.StatusOK, page{Heading: s.t("menu.exceptions"), Intro: s.t("exceptions.intro"), Parts: []part{{Table: t}}})
}

func (s *screen) exception() {
	d, err := s.Recon.Exception(s.Ctx(), unslug(s.Value("id")))
	if err == nil && d.Line != nil { // a line can name whoever paid
		err = s.seen(audit.ReadPayment, "an exception of the reconciliation", d.Book)
	}
	if err != nil {
		s.FailWith(err)
		return
	}
	s.showException(http.StatusOK, &d, nil)
}

func (s *screen) showException(code int, d *recon.Detail, problems []web.Problem) {
	facts := s.exceptionFacts(d)
	p := page{
		Heading: s.t("exception." + string(d.Kind)), Back: web.Link{Href: path("exceptions"), Text: s.t("menu.exceptions")}, Problems: problems,
		Parts: []part{{Text: s.t("exception." + string(d.Kind) + ".why"), Facts: &facts}},
	}
	if d.State == recon.StateOpen && s.Account.May(access.WorkExceptions) {
		p.Parts = append(p.Parts, s.exceptionForms(d)...)
	}
	p.Parts = append(p.Parts, part{Table: s.acts(d)})
	s.show(code, p)
}

// exceptionFacts is an exception as staff see it.
func (s *screen) exceptionFacts(d *recon.Detail) web.SummaryList {
	facts := web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.what", s.t("exception."+string(d.Kind))), s.line("col.account", chart.Name(d.Account)),
		s.line("col.amount", s.dollars(d.Open)), s.line("col.opened", s.day(d.OpenedOn)), s.line("col.limit", s.day(d.LimitOn)),
		s.line("col.owner", d.Owner), s.line("col.about", d.Subject),
	}}
	if d.Line != nil {
		facts.Lines = append(facts.Lines, s.line("col.bankref", d.Line.BankRef), s.line("col.ref", d.Line.CustomerRef),
			s.line("col.text", d.Line.Text), s.line("col.value", s.day(d.Line.ValueOn)))
	}
	return facts
}

// acts is what was done about an exception.
func (s *screen) acts(d *recon.Detail) *table {
	t := &table{ID: "history", Caption: s.t("history"), Columns: s.columns("act", "who", "when", "note"), Empty: s.t("history.none")}
	for _, a := range d.Acts {
		note := a.Note
		if a.Act == recon.ActProposed {
			note = s.t("act.proposed.note")
		}
		t.add("", s.t("act."+a.Act), s.person(a.Actor), s.moment(a.At), note)
	}
	return t
}

// exceptionForms are what may be done: take it, note, explain, turn into a payment,
// write off.
func (s *screen) exceptionForms(d *recon.Detail) []part {
	to := path("exceptions", slug(d.ID))
	act := func(name string, fields ...input) part {
		return part{Form: &form{
			Action: to, Summary: s.t("exception.do." + name), Text: s.t("exception.do." + name + ".text"), Fields: fields,
			Buttons: web.ButtonRow{Primary: web.Button{Text: s.t("exception.do." + name), Name: "do", Value: name}},
		}}
	}
	parts := []part{{Heading: s.t("do")}, act("own"), act("note", s.reason("note", "col.note"))}
	if d.Line != nil && len(d.Candidates) > 0 {
		choices := web.ChoiceGroup{Field: web.Field{Name: "with", Label: s.t("exception.candidates")}, Many: true}
		for i := range d.Candidates {
			e := &d.Candidates[i]
			choices.Choices = append(choices.Choices, web.Choice{
				Value: e.Name(), Label: s.dollars(e.Comes()) + " · " + chart.Name(e.Account), Hint: e.Source + ", " + s.day(e.On),
			})
		}
		parts = append(parts, act("explain", input{Choice: &choices}, s.reason("explain-why", "col.why")))
	}
	if d.Line != nil && d.Open > 0 {
		number := &web.TextField{Field: web.Field{
			Name: "number", Label: s.t("number"), Hint: s.t("exception.number.hint"), Optional: true}, InputMode: "numeric", Width: 14}
		parts = append(parts, act("suspense", input{Text: number}, s.reason("suspense-why", "col.why")))
	}
	if d.Line != nil || d.Kind == recon.Late {
		choices := &web.ChoiceGroup{Field: web.Field{Name: "to", Label: s.t("exception.writeoff.to")}, Choices: []web.Choice{
			{Value: chart.BankCharges.String(), Label: s.t("charges")}, {Value: chart.Losses.String(), Label: s.t("losses")},
		}}
		parts = append(parts, act("writeoff", input{Choice: choices}, s.reason("writeoff-why", "col.why")))
	}
	return parts
}

func (s *screen) workException() {
	id := unslug(s.Value("id"))
	var out recon.Outcome
	var err error
	done := "exception.done"
	switch s.Text("do") {
	case "own":
		err = s.Recon.Own(s.Ctx(), id, s.Actor(), s.Account.Name)
	case "note":
		err = s.Recon.Note(s.Ctx(), id, s.Actor(), s.Text("note"))
	case "explain":
		out, err = s.Recon.Explain(s.Ctx(), id, s.Actor(), s.R.PostForm["with"], s.Text("explain-why"))
	case "suspense":
		out, err = s.Recon.ToSuspense(s.Ctx(), id, s.Actor(), s.Text("number"), s.Text("suspense-why"))
	case "writeoff":
		code := chart.BankCharges
		if s.Text("to") == chart.Losses.String() {
			code = chart.Losses
		}
		out, err = s.Recon.WriteOff(s.Ctx(), id, s.Actor(), code, s.Text("writeoff-why"))
	default:
		err = fault.New(fault.Invalid, "console.workException", "say what is to be done")
	}
	if err != nil {
		s.failException(id, err)
		return
	}
	if out.Waiting != nil {
		done = "waiting.done"
	}
	s.Note(s.t(done))
	s.SeeOther(path("exceptions", slug(id)))
}

// failException shows the exception again with what is wrong, or the failure itself.
func (s *screen) failException(id string, err error) {
	if fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Conflict {
		s.FailWith(err)
		return
	}
	d, again := s.Recon.Exception(s.Ctx(), id)
	if again != nil {
		s.FailWith(again)
		return
	}
	s.showException(http.StatusUnprocessableEntity, &d, problem("", fmt.Sprintf(s.t("said"), fault.MessageOf(err))))
}
