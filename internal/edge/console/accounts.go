package console

import (
	"net/http"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/member"
)

func (c *Console) accountRoutes() []auth.Route {
	return []auth.Route{
		c.at("accounts", "GET", path("accounts"), access.ReadAccount, (*screen).accounts),
		c.at("accounts", "POST", path("accounts"), access.ReadAccount, (*screen).findAccount),
	}
}

func (s *screen) accounts() { s.showSearch(http.StatusOK, nil) }

// showSearch asks for whom and why. A search is sent as a form, so that no number and
// no name stands in an address.
func (s *screen) showSearch(code int, problems []web.Problem, found ...part) {
	text := func(name, autocomplete string, width int) *web.TextField {
		f := &web.TextField{
			Field: web.Field{Name: name, Label: s.t("account." + name), Optional: true}, Value: s.Text(name), Autocomplete: autocomplete, Width: width,
		}
		if name == "number" || name == "born" {
			f.Hint = s.t("account." + name + ".hint")
		}
		for _, p := range problems {
			if p.Field == name {
				f.Error = p.Text
			}
		}
		return f
	}
	reason := s.reason("reason", "account.reason")
	for _, p := range problems {
		if p.Field == "reason" {
			reason.Text.Error = p.Text
		}
	}
	p := page{Heading: s.t("menu.accounts"), Intro: s.t("account.intro"), Problems: problems, Parts: append(found, part{Form: &form{
		Action: path("accounts"), Buttons: s.buttons("account.find"),
		Fields: []input{{Text: text("number", "off", 14)}, {Text: text("last", "off", 30)}, {Text: text("born", "off", 14)}, reason},
	}})}
	s.show(code, p)
}

func (s *screen) findAccount() {
	refuse := func(field, text string) { s.showSearch(http.StatusUnprocessableEntity, problem(field, text)) }
	reason := s.Text("reason")
	if reason == "" {
		refuse("reason", s.t("reason.needed"))
		return
	}
	a, err := s.Access(reason)
	if err != nil {
		s.FailWith(err)
		return
	}
	if number := s.Text("number"); number != "" {
		s.showAccount(a, number)
		return
	}
	born, err := calendar.Parse(s.Text("born"))
	if s.Text("last") == "" || err != nil || born.IsZero() {
		refuse("number", s.t("account.needed"))
		return
	}
	found, err := s.Directory.Find(s.Ctx(), a, member.Name{Last: s.Text("last")}, born)
	if err != nil {
		s.FailWith(err)
		return
	}
	switch len(found) {
	case 0:
		s.showSearch(http.StatusNotFound, problem("last", s.t("account.none")))
		return
	case 1:
		s.showAccount(a, string(found[0].Opaque))
		return
	}
	parts := []part{{Text: s.t("account.many", len(found))}}
	for i := range found {
		r := &found[i]
		parts = append(parts, part{Form: &form{
			Action: path("accounts"), Text: r.Name.Full() + ", " + s.numberShown(r.Number.Grouped(), r.Number.Last4()),
			Hidden: []hidden{{"number", string(r.Opaque)}, {"reason", reason}}, Buttons: s.buttons("account.show"),
		}})
	}
	s.showSearch(http.StatusOK, nil, parts...)
}

func (s *screen) numberShown(whole, last4 string) string {
	if s.Account.May(access.ReadNumber) {
		return whole
	}
	return "•••• " + last4
}

// showAccount shows a billing account: who, what is owed, what is not applied.
func (s *screen) showAccount(a audit.Access, reference string) {
	account, err := s.Directory.Account(s.Ctx(), a, reference)
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Invalid || kind == fault.Conflict) {
		s.showSearch(http.StatusNotFound, problem("number", s.t("account.none")))
		return
	}
	if err != nil {
		s.FailWith(err)
		return
	}
	p := page{
		Heading: s.numberShown(account.Number.Grouped(), account.Number.Last4()), Intro: s.t("account.seen"),
		Back:  web.Link{Href: path("accounts"), Text: s.t("account.again")},
		Parts: []part{{Facts: s.accountFacts(&account)}, {Table: s.itemTable(&account)}, {Table: s.unappliedTable(&account)}},
	}
	if s.Refunds != nil && s.Account.May(access.RequestRefund) && account.Opaque != "" {
		p.Parts = append(p.Parts, part{Link: &web.Link{Href: path("refunds", "new", string(account.Opaque)), Text: s.t("refunds.new")}})
	}
	s.show(http.StatusOK, p)
}

func (s *screen) accountFacts(a *registry.Account) *web.SummaryList {
	name := a.Organisation
	if name == "" {
		name = a.Person.Name.Full()
	}
	facts := &web.SummaryList{Lines: []web.SummaryLine{
		s.line("account.name", name), s.line("account.number", s.numberShown(a.Number.Grouped(), a.Number.Last4())),
		s.line("col.state", s.t("account.status."+string(a.Status))),
	}}
	if a.Merged {
		facts.Lines = append(facts.Lines, s.line("account.merged", s.t("yes")))
	}
	for _, f := range a.Funds {
		facts.Lines = append(facts.Lines, web.SummaryLine{Label: s.t("account.owed") + ": " + s.Words.Funds[f.Fund], Value: s.dollars(f.Open)})
	}
	return facts
}

func (s *screen) itemTable(a *registry.Account) *table {
	t := &table{ID: "items", Caption: s.t("account.items"), Columns: s.columns("what", "fund", "due", "#open"), Empty: s.t("account.items.none")}
	for _, f := range a.Funds {
		for i := range f.Items {
			item := &f.Items[i]
			what := item.Text
			if item.Privacy != openitem.Ordinary { // the amount is what the office needs (45 CFR 164.502(b))
				what = s.t("account.item.private")
			}
			t.add("", what, s.Words.Funds[f.Fund], s.day(item.DueOn), s.dollars(item.Open))
		}
	}
	return t
}

func (s *screen) unappliedTable(a *registry.Account) *table {
	t := &table{
		ID: "unapplied", Caption: s.t("account.unapplied"), Columns: s.columns("received", "fund", "#open"), Empty: s.t("account.unapplied.none"),
	}
	for i := range a.Unapplied {
		u := &a.Unapplied[i]
		t.add("", s.day(u.Received), s.Words.Funds[u.Purse.Fund], s.dollars(u.Open))
	}
	return t
}
