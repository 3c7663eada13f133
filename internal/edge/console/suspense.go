package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Suspense is what the screens need of suspense.Desk.
type Suspense interface {
	List(ctx context.Context, a audit.Access, f suspense.Filter, after suspense.Cursor, most int) (suspense.Page, error)
	Item(ctx context.Context, a audit.Access, ref cashier.Ref) (suspense.Whole, error)
	Name(ctx context.Context, ref cashier.Ref) (string, error)
	Named(ctx context.Context, name string) (cashier.Ref, error)
	Assign(ctx context.Context, by ident.Actor, ref cashier.Ref, owner string) error
	Note(ctx context.Context, by ident.Actor, ref cashier.Ref, kind suspense.EventKind, text string) error
	Release(ctx context.Context, o suspense.Order) (suspense.Outcome, error)
	SendBack(ctx context.Context, o suspense.Order) (suspense.Outcome, error)
	Meant(ctx context.Context, r approval.Request) (o suspense.Order, to ledger.BookNo, err error)
	CarryOut(ctx context.Context, r approval.Request) (suspense.Outcome, error)
}

func (c *Console) suspenseRoutes() []auth.Route {
	return []auth.Route{
		c.at("suspense", "GET", path("suspense"), access.ReadSuspense, (*screen).queue),
		c.at("unapplied", "GET", path("suspense", "unapplied"), access.ReadSuspense, (*screen).unapplied),
		c.at("suspense.item", "GET", path("suspense", "{ref}"), access.ReadSuspense, (*screen).held),
		c.at("suspense.item", "POST", path("suspense", "{ref}"), access.WorkSuspense, (*screen).workHeld),
	}
}

// queueShown bounds a page of the queue: the oldest are worked first, and what comes
// after them shows when they are done.
const queueShown = 100

func (s *screen) queue()     { s.showQueue(suspense.Suspense) }
func (s *screen) unapplied() { s.showQueue(suspense.Unapplied) }

func (s *screen) showQueue(kind suspense.Kind) {
	a, err := s.Access("the queue of money that waits")
	if err != nil {
		s.FailWith(err)
		return
	}
	list, err := s.Suspense.List(s.Ctx(), a, suspense.Filter{Kind: kind}, suspense.Cursor{}, queueShown)
	if err != nil {
		s.FailWith(err)
		return
	}
	t := &table{
		ID: "queue", Caption: s.t("suspense.caption." + string(kind)), Empty: s.t("suspense.none"),
		Columns: s.columns("received", "why", "payer", "fund", "#amount", "age", "owner", "deadline"),
	}
	if kind == suspense.Unapplied {
		t.Columns = s.columns("received", "account", "fund", "#amount", "age", "owner", "deadline")
	}
	for i := range list.Items {
		item := &list.Items[i]
		name, err := s.Suspense.Name(s.Ctx(), item.Ref)
		if err != nil {
			s.FailWith(err)
			return
		}
		why := []string{s.Words.Reasons[item.Reason], orNone(item.Details.PayerName, s.t("none"))}
		if kind == suspense.Unapplied {
			why = []string{s.ending(item.Account)}
		}
		owner := orNone(item.Owner, s.t("nobody"))
		if item.Waiting {
			owner += ", " + s.t("suspense.waiting")
		}
		texts := append([]string{s.day(item.Received)}, why...)
		t.add(path("suspense", name), append(texts, s.Words.Funds[item.Purse.Fund], s.dollars(item.Open), s.days(item.Age), owner, s.deadline(item))...)
	}
	p := page{Heading: s.t("menu.suspense"), Intro: s.t("suspense.intro." + string(kind)), Parts: []part{{Table: t}}}
	if list.More {
		p.Parts = append([]part{{Text: s.t("suspense.more", queueShown)}}, p.Parts...)
	}
	other := web.Link{Href: path("suspense", "unapplied"), Text: s.t("suspense.caption.unapplied")}
	if kind == suspense.Unapplied {
		other = web.Link{Href: path("suspense"), Text: s.t("suspense.caption.suspense")}
	}
	p.Parts = append(p.Parts, part{Link: &other})
	s.show(http.StatusOK, p)
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// deadline writes what is due about an item and when.
func (s *screen) deadline(item *suspense.Item) string {
	text := s.t("deadline."+item.Deadline.For) + ": " + s.day(item.Deadline.On)
	if item.Deadline.Late {
		text += ", " + s.t("late")
	}
	return text
}

// whole loads the item that the address names, and writes down that it was seen.
func (s *screen) whole() (suspense.Whole, bool) {
	var whole suspense.Whole
	ref, err := s.Suspense.Named(s.Ctx(), s.Value("ref"))
	if fault.KindOf(err) == fault.Invalid || err != nil && fault.KindOf(err) == fault.Internal {
		s.Fail(http.StatusNotFound) // an address that was not made by us
		return whole, false
	}
	if err == nil {
		var a audit.Access
		if a, err = s.Access("whose money this is"); err == nil {
			whole, err = s.Suspense.Item(s.Ctx(), a, ref)
		}
	}
	if err != nil {
		s.FailWith(err)
		return whole, false
	}
	return whole, true
}

func (s *screen) held() {
	if whole, ok := s.whole(); ok {
		s.showHeld(http.StatusOK, &whole, nil)
	}
}

func (s *screen) showHeld(code int, w *suspense.Whole, problems []web.Problem) {
	p := page{
		Heading: s.t("suspense.one", s.dollars(w.Open)), Back: web.Link{Href: path("suspense"), Text: s.t("menu.suspense")}, Problems: problems,
		Parts: []part{{Facts: s.heldFacts(&w.Item)}},
	}
	if w.Kind == suspense.Suspense && w.Open > 0 {
		p.Parts = append(p.Parts, s.suggestions(w)...)
	}
	if w.Waiting {
		p.Parts = append(p.Parts, part{Notice: &web.Notice{Kind: web.NoticeInfo, Text: []string{s.t("suspense.waits")}}})
	}
	p.Parts = append(p.Parts, s.heldForms(w)...)
	s.show(code, withHistory(p, s.heldHistory(w)))
}

func withHistory(p page, t *table) page {
	p.Parts = append(p.Parts, part{Table: t})
	return p
}

func (s *screen) heldFacts(item *suspense.Item) *web.SummaryList {
	facts := &web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.received", s.day(item.Received)), s.line("col.age", s.days(item.Age)), s.line("col.fund", s.Words.Funds[item.Purse.Fund]),
		s.line("col.amount", s.dollars(item.Amount)), s.line("col.open", s.dollars(item.Open)),
		s.line("col.owner", orNone(item.Owner, s.t("nobody"))), s.line("col.deadline", s.deadline(item)),
	}}
	if item.Kind == suspense.Unapplied {
		facts.Lines = append(facts.Lines, s.line("col.account", s.ending(item.Account)))
		return facts
	}
	facts.Lines = append(facts.Lines, s.line("col.why", s.Words.Reasons[item.Reason]), s.line("col.ref", strings.TrimSpace(item.Details.Reference)))
	for key, text := range map[string]string{"col.payer": item.Details.PayerName, "col.source": item.Details.Source} {
		if text != "" {
			facts.Lines = append(facts.Lines, s.line(key, text))
		}
	}
	return facts
}

// suggestions names who may own an item, best first, each with its reasons.
func (s *screen) suggestions(w *suspense.Whole) []part {
	parts := []part{{Heading: s.t("suspense.suggestions"), Text: s.t("suspense.suggestions.text")}}
	if len(w.Suggestions) == 0 {
		return append(parts, part{Text: s.t("suspense.suggestions.none")})
	}
	t := &table{ID: "suggestions", Caption: s.t("suspense.suggestions.caption"), Columns: s.columns("account", "reasons")}
	for i := range w.Suggestions {
		t.add("", s.ending(w.Suggestions[i].Account), s.grounds(&w.Suggestions[i]))
	}
	return append(parts, part{Table: t})
}

func (s *screen) grounds(of *suspense.Suggestion) string {
	var texts []string
	for _, g := range of.Grounds {
		texts = append(texts, s.t("ground."+string(g)))
	}
	return strings.Join(texts, "; ")
}

// heldForms are what the reader may do with an item.
func (s *screen) heldForms(w *suspense.Whole) []part {
	if w.Open == 0 || !s.Account.May(access.WorkSuspense) {
		return nil
	}
	kinds := &web.ChoiceGroup{Field: web.Field{Name: "kind", Label: s.t("suspense.note.kind")}}
	for _, k := range []suspense.EventKind{suspense.Noted, suspense.BankAsked, suspense.NoticeSent} {
		kinds.Choices = append(kinds.Choices, web.Choice{Value: string(k), Label: s.t("event." + string(k)), Chosen: k == suspense.Noted})
	}
	releases := w.Kind == suspense.Suspense && s.Account.May(access.Release)
	parts := []part{{Heading: s.t("do")}}
	if releases {
		f := s.heldForm("release", s.releaseFields(w)...)
		f.Open = true
		parts = append(parts, part{Form: f})
	}
	parts = append(parts, part{Form: s.heldForm("own")}, part{Form: s.heldForm("note", input{Choice: kinds}, s.reason("note", "col.note"))})
	if releases && w.Open == w.Amount {
		parts = append(parts, part{Form: s.heldForm("back", s.reason("back-why", "col.why"))})
	}
	return parts
}

// heldForm is one thing to do with an item.
func (s *screen) heldForm(do string, fields ...input) *form {
	return &form{
		Action: path("suspense", s.Value("ref")), Summary: s.t("suspense.do." + do), Text: s.t("suspense.do." + do + ".text"), Fields: fields,
		Buttons: web.ButtonRow{Primary: web.Button{Text: s.t("suspense.do." + do), Name: "do", Value: do}},
	}
}

// releaseFields ask to whom: one of those suggested, or a number.
func (s *screen) releaseFields(w *suspense.Whole) []input {
	var fields []input
	if len(w.Suggestions) > 0 {
		choices := &web.ChoiceGroup{Field: web.Field{Name: "to", Label: s.t("suspense.to"), Optional: true}}
		for i := range w.Suggestions {
			of := &w.Suggestions[i]
			opaque, err := s.Books.OpaqueOf(s.Ctx(), of.Account)
			if err != nil {
				continue // merged meanwhile; the number can still be typed
			}
			choices.Choices = append(choices.Choices, web.Choice{
				Value: string(opaque), Label: s.ending(of.Account), Hint: s.grounds(of), Chosen: s.Text("to") == string(opaque),
			})
		}
		fields = append(fields, input{Choice: choices})
	}
	return append(fields,
		input{Text: &web.TextField{
			Field: web.Field{Name: "number", Label: s.t("number"), Hint: s.t("suspense.number.hint"), Optional: len(w.Suggestions) > 0},
			Value: s.Text("number"), InputMode: "numeric", Width: 14,
		}},
		input{Money: &web.MoneyField{
			Field: web.Field{Name: "amount", Label: s.t("col.amount"), Hint: s.t("suspense.amount.hint"), Optional: true}, Value: s.Text("amount"),
		}},
		s.reason("reason", "col.why"),
	)
}

// heldHistory is what was done about an item.
func (s *screen) heldHistory(w *suspense.Whole) *table {
	t := &table{ID: "history", Caption: s.t("history"), Columns: s.columns("act", "who", "when", "owner", "#amount", "note"), Empty: s.t("history.none")}
	for _, e := range w.Events {
		amount, owner := "", ""
		if e.Amount > 0 {
			amount = s.dollars(e.Amount)
		}
		if e.Kind == suspense.Assigned {
			owner = orNone(e.Owner, s.t("nobody"))
		} else if e.To != 0 {
			owner = s.ending(e.To)
		}
		t.add("", s.t("event."+string(e.Kind)), s.person(e.By), s.moment(e.At), owner, amount, e.Note)
	}
	return t
}

// workHeld does what a form on an item asks for.
func (s *screen) workHeld() {
	w, ok := s.whole()
	if !ok {
		return
	}
	var err error
	done := "suspense.done"
	switch do := s.Text("do"); do {
	case "own":
		err = s.Suspense.Assign(s.Ctx(), s.Actor(), w.Ref, s.Account.Name)
	case "note":
		err = s.Suspense.Note(s.Ctx(), s.Actor(), w.Ref, suspense.EventKind(s.Text("kind")), s.Text("note"))
	case "release", "confirm", "back":
		if !s.Account.May(access.Release) {
			err = fault.New(fault.Denied, "console.workHeld", "these roles do not release money")
			break
		}
		s.moveHeld(&w, do)
		return
	default:
		err = fault.New(fault.Invalid, "console.workHeld", "say what is to be done")
	}
	if err != nil {
		s.failHeld(&w, err)
		return
	}
	s.Note(s.t(done))
	s.SeeOther(path("suspense", s.Value("ref")))
}

// failHeld shows an item again with what is wrong, or the failure itself.
func (s *screen) failHeld(w *suspense.Whole, err error) {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.NotFound:
		s.showHeld(http.StatusUnprocessableEntity, w, problem("", fmt.Sprintf(s.t("said"), fault.MessageOf(err))))
	default:
		s.FailWith(err)
	}
}

// moveHeld releases an item or sends it back: first it shows what would be done, and
// does it when that is confirmed.
func (s *screen) moveHeld(w *suspense.Whole, do string) {
	back := do == "back" || s.Text("back") != ""
	o, to, err := s.orderOf(w, back)
	if err != nil {
		s.failHeld(w, err)
		return
	}
	if do != "confirm" {
		s.confirmHeld(w, &o, to, back)
		return
	}
	act := s.Suspense.Release
	if back {
		act = s.Suspense.SendBack
	}
	out, err := act(s.Ctx(), o)
	if err != nil {
		s.failHeld(w, err)
		return
	}
	done := "suspense.moved"
	if out.Waiting != nil {
		done = "waiting.done"
	}
	s.Note(s.t(done))
	s.SeeOther(path("suspense"))
}

// orderOf reads the form of a release.
func (s *screen) orderOf(w *suspense.Whole, back bool) (o suspense.Order, to ledger.BookNo, err error) {
	const op = "console.orderOf"
	key := s.Text("key")
	if key == "" {
		key = string(ident.NewOpaque())
	}
	o = suspense.Order{Order: cashier.Order{Key: ident.Key("console:" + key), Actor: s.Actor(), Reason: s.Text("reason")}, Ref: w.Ref}
	if back && o.Reason == "" {
		o.Reason = s.Text("back-why")
	}
	if o.Reason == "" {
		return o, 0, fault.New(fault.Invalid, op, "%s", s.t("reason.needed"))
	}
	if back {
		return o, 0, nil
	}
	if typed := s.Text("amount"); typed != "" {
		if o.Amount, err = money.Parse(typed); err != nil || o.Amount <= 0 || o.Amount > w.Open {
			return o, 0, fault.New(fault.Invalid, op, "%s", s.t("amount.wrong"))
		}
	}
	if o.To = s.Text("number"); o.To != "" {
		number, err := billpay.Parse(o.To)
		if err == nil {
			to = ledger.BookNo(number)
		}
		return o, to, nil // else it may be an old number, which the desk knows
	}
	opaque, err := ident.ParseOpaque(s.Text("to"))
	if err != nil {
		return o, 0, fault.New(fault.Invalid, op, "%s", s.t("suspense.to.needed"))
	}
	if to, err = s.Books.BookOf(s.Ctx(), opaque); err != nil {
		return o, 0, err
	}
	o.To = billpay.Number(to).Digits()
	return o, to, nil
}

// confirmHeld shows what would be done, and asks whether it is meant.
func (s *screen) confirmHeld(w *suspense.Whole, o *suspense.Order, to ledger.BookNo, back bool) {
	amount := o.Amount
	if amount == 0 {
		amount = w.Open
	}
	owner, name := s.t("suspense.sender"), "suspense.do.back"
	keep := []hidden{{"key", strings.TrimPrefix(string(o.Key), "console:")}, {"reason", o.Reason}, {"do", "confirm"}}
	if back {
		keep = append(keep, hidden{"back", "yes"})
	} else {
		name, owner = "suspense.do.release", s.ending(to)
		if to == 0 {
			owner = o.To
		}
		keep = append(keep, hidden{"number", o.To}, hidden{"amount", s.Text("amount")})
	}
	facts := web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.what", s.t(name)), s.line("suspense.to", owner), s.line("col.amount", s.dollars(amount)),
		s.line("col.received", s.day(w.Received)), s.line("col.why", o.Reason),
	}}
	p := page{Heading: s.t("confirm"), Back: web.Link{Href: path("suspense", s.Value("ref")), Text: s.t("suspense.item")}, Parts: []part{{Facts: &facts}}}
	if back || w.SecondPerson {
		p.Parts = append(p.Parts, part{Notice: &web.Notice{Kind: web.NoticeInfo, Text: []string{s.t("suspense.second")}}})
	}
	p.Parts = append(p.Parts, part{Form: &form{Action: path("suspense", s.Value("ref")), Hidden: keep, Buttons: s.buttons("confirm.do")}})
	s.show(http.StatusOK, p)
}
