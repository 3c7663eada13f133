package console

import (
	"fmt"
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/billpay"
)

func (c *Console) refundRoutes() []auth.Route {
	return []auth.Route{
		c.at("refunds", "GET", path("refunds"), access.ReadRefunds, (*screen).refunds),
		c.at("refunds.new", "GET", path("refunds", "new", "{account}"), access.RequestRefund, (*screen).newRefund),
		c.at("refunds.new", "POST", path("refunds", "new", "{account}"), access.RequestRefund, (*screen).requestRefund),
		c.at("refund", "GET", path("refunds", "{id}"), access.ReadRefunds, (*screen).refund),
		c.at("refund", "POST", path("refunds", "{id}"), access.RequestRefund, (*screen).cancelRefund),
	}
}

// listMax bounds a list on one page.
const listMax = 500

// openRefunds are the states in which something is still to be done.
var openRefunds = []back.State{back.Requested, back.Approved, back.Ordered, back.Returned, back.Unclaimed}

func numberOf(book ledger.BookNo) billpay.Number { return billpay.Number(book) }

func (s *screen) refunds() {
	open, err := s.Refunds.List(s.Ctx(), refund.Filter{States: openRefunds, Limit: listMax})
	if err != nil {
		s.FailWith(err)
		return
	}
	t := &table{
		ID: "refunds", Caption: s.t("refunds.caption"), Columns: s.columns("made", "account", "fund", "#amount", "state", "tender", "age"),
		Empty: s.t("refunds.none"),
	}
	var books []ledger.BookNo
	for i := range open {
		r := &open[i]
		books = append(books, r.Book)
		t.add(path("refunds", string(r.ID)), s.moment(r.MadeAt), s.ending(r.Book), s.Words.Funds[r.Purse.Fund], s.dollars(r.Amount),
			s.t("refund."+string(r.State)), s.tender(r.Way.Tender), s.age(r.MadeAt))
	}
	if err := s.seen(audit.ReadPayment, "the list of refunds", unique(books)...); err != nil {
		s.FailWith(err)
		return
	}
	p := page{Heading: s.t("menu.refunds"), Intro: s.t("refunds.intro"), Parts: []part{{Table: t}}}
	if s.Account.May(access.RequestRefund) && s.Directory != nil {
		p.Parts = append(p.Parts, part{Link: &web.Link{Href: path("accounts"), Text: s.t("refunds.new")}})
	}
	s.show(http.StatusOK, p)
}

func unique(books []ledger.BookNo) []ledger.BookNo {
	var kept []ledger.BookNo
	known := map[ledger.BookNo]bool{}
	for _, b := range books {
		if !known[b] {
			known[b], kept = true, append(kept, b)
		}
	}
	return kept
}

func (s *screen) tender(t back.Tender) string {
	if t == "" {
		return s.t("none")
	}
	return s.t("tender." + string(t))
}

// refundFacts is a refund as staff see it.
func (s *screen) refundFacts(r *back.Refund) web.SummaryList {
	facts := web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.account", s.ending(r.Book)), s.line("col.fund", s.Words.Funds[r.Purse.Fund]), s.line("col.amount", s.dollars(r.Amount)),
		s.line("col.state", s.t("refund."+string(r.State))), s.line("col.cause", s.t("cause."+string(r.Cause))),
		s.line("col.why", r.Reason), s.line("col.maker", s.person(r.By)), s.line("col.when", s.moment(r.MadeAt)),
		s.line("col.tender", s.tender(r.Way.Tender)),
	}}
	if !r.DueBy.IsZero() {
		facts.Lines = append(facts.Lines, s.line("col.due", s.day(r.DueBy)))
	}
	if r.Way.CheckNo != 0 {
		facts.Lines = append(facts.Lines, s.line("col.check", fmt.Sprint(r.Way.CheckNo)))
	}
	if r.Problem != "" {
		facts.Lines = append(facts.Lines, s.line("col.problem", r.Problem))
	}
	return facts
}

func (s *screen) refund() { s.showRefund(http.StatusOK, nil) }

func (s *screen) showRefund(code int, problems []web.Problem) {
	r, steps, err := s.Refunds.Refund(s.Ctx(), payment.ID(s.Value("id")))
	if err == nil {
		err = s.seen(audit.ReadPayment, "a refund", r.Book)
	}
	if err != nil {
		s.FailWith(err)
		return
	}
	facts := s.refundFacts(&r)
	p := page{
		Heading: s.t("refund.one", s.dollars(r.Amount)), Back: web.Link{Href: path("refunds"), Text: s.t("menu.refunds")}, Problems: problems,
		Parts: []part{{Facts: &facts}},
	}
	if r.State == back.Requested && r.Approval != "" && s.Approvals != nil && s.Account.May(access.ReadApprovals) {
		p.Parts = append(p.Parts, part{Link: &web.Link{Href: path("approvals", string(r.Approval)), Text: s.t("refund.waits")}})
	}
	if r.State.May(back.Cancelled) && s.Account.May(access.RequestRefund) {
		p.Parts = append(p.Parts, part{Form: &form{
			Action: path("refunds", string(r.ID)), Summary: s.t("refund.cancel"), Text: s.t("refund.cancel.text"),
			Fields: []input{s.reason("reason", "col.why")}, Buttons: s.buttons("refund.cancel"),
		}})
	}
	t := &table{ID: "history", Caption: s.t("history"), Columns: s.columns("state", "who", "when", "note"), Empty: s.t("history.none")}
	for _, e := range steps {
		t.add("", s.t("refund."+string(e.State)), s.person(e.By), s.moment(e.At), e.Note)
	}
	p.Parts = append(p.Parts, part{Table: t})
	s.show(code, p)
}

func (s *screen) cancelRefund() {
	reason := s.Text("reason")
	if reason == "" {
		s.showRefund(http.StatusUnprocessableEntity, problem("reason", s.t("reason.needed")))
		return
	}
	_, err := s.Refunds.Cancel(s.Ctx(), payment.ID(s.Value("id")), s.Actor(), reason)
	if fault.KindOf(err) == fault.Conflict && err != nil {
		s.showRefund(http.StatusConflict, problem("", fmt.Sprintf(s.t("said"), fault.MessageOf(err))))
		return
	}
	if err != nil {
		s.FailWith(err)
		return
	}
	s.Note(s.t("refund.cancelled.done"))
	s.SeeOther(path("refunds", s.Value("id")))
}

func (s *screen) newRefund() { s.showNewRefund(http.StatusOK, string(ident.NewOpaque()), nil) }

// showNewRefund is the form by which a refund is asked for. Its key is in it, so that
// the same form sent twice is one refund.
func (s *screen) showNewRefund(code int, key string, problems []web.Problem) {
	book, err := s.Books.BookOf(s.Ctx(), ident.Opaque(s.Value("account")))
	if err != nil {
		s.FailWith(err)
		return
	}
	funds := &web.ChoiceGroup{Field: web.Field{Name: "fund", Label: s.t("col.fund")}}
	for _, fund := range chart.Funds() {
		funds.Choices = append(funds.Choices, web.Choice{Value: string(fund), Label: s.Words.Funds[fund], Chosen: s.Text("fund") == string(fund)})
	}
	amount := &web.MoneyField{
		Field: web.Field{Name: "amount", Label: s.t("col.amount"), Hint: s.t("refund.amount.hint"), Optional: true}, Value: s.Text("amount"),
	}
	tenders := &web.ChoiceGroup{Field: web.Field{Name: "tender", Label: s.t("col.tender"), Hint: s.t("refund.tender.hint"), Optional: true}}
	for _, t := range []back.Tender{back.ACH, back.Check} {
		tenders.Choices = append(tenders.Choices, web.Choice{Value: string(t), Label: s.tender(t), Chosen: s.Text("tender") == string(t)})
	}
	reason := s.reason("reason", "col.why")
	for _, p := range problems {
		switch p.Field {
		case "amount":
			amount.Error = p.Text
		case "fund":
			funds.Error = p.Text
		case "reason":
			reason.Text.Error = p.Text
		}
	}
	s.show(code, page{
		Heading: s.t("refunds.new"), Back: web.Link{Href: path("refunds"), Text: s.t("menu.refunds")}, Problems: problems,
		Intro: s.t("refund.new.intro", s.ending(book), s.dollars(s.DualControlAbove)),
		Parts: []part{{Form: &form{
			Action: path("refunds", "new", s.Value("account")), Hidden: []hidden{{"key", key}},
			Fields:  []input{{Choice: funds}, {Money: amount}, {Choice: tenders}, reason},
			Buttons: s.buttons("refund.ask"),
		}}},
	})
}

func (s *screen) requestRefund() {
	refuse := func(field, text string) {
		s.showNewRefund(http.StatusUnprocessableEntity, s.Text("key"), problem(field, text))
	}
	book, err := s.Books.BookOf(s.Ctx(), ident.Opaque(s.Value("account")))
	if err != nil {
		s.FailWith(err)
		return
	}
	var amount money.Cents
	if typed := s.Text("amount"); typed != "" {
		if amount, err = money.Parse(typed); err != nil || amount <= 0 {
			refuse("amount", s.t("amount.wrong"))
			return
		}
	}
	key, err := ident.ParseOpaque(s.Text("key"))
	switch {
	case err != nil:
		refuse("", s.t("form.old"))
		return
	case s.Text("fund") == "":
		refuse("fund", s.t("fund.needed"))
		return
	case s.Text("reason") == "":
		refuse("reason", s.t("reason.needed"))
		return
	}
	made, err := s.Refunds.Request(s.Ctx(), refund.Wish{
		Key: ident.Key("console:" + key), Book: book, Fund: chart.Fund(s.Text("fund")), Amount: amount, Wanted: back.Tender(s.Text("tender")),
		Cause: back.Asked, Reason: s.Text("reason"), By: s.Actor(),
	})
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.Conflict) {
		refuse("", fmt.Sprintf(s.t("said"), fault.MessageOf(err)))
		return
	}
	if err != nil || len(made) == 0 {
		s.FailWith(err)
		return
	}
	done := "refund.asked.done"
	if made[0].State == back.Requested {
		done = "waiting.done"
	}
	s.Note(s.t(done))
	s.SeeOther(path("refunds", string(made[0].ID)))
}
