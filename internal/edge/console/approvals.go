package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
)

func (c *Console) approvalRoutes() []auth.Route {
	return []auth.Route{
		c.at("approvals", "GET", path("approvals"), access.ReadApprovals, (*screen).approvals),
		c.at("approval", "GET", path("approvals", "{id}"), access.ReadApprovals, (*screen).approval),
		c.at("approval", "POST", path("approvals", "{id}"), access.ReadApprovals, (*screen).decide),
	}
}

// decidedShown is how many past decisions are listed.
const decidedShown = 30

func (s *screen) approvals() {
	open, err := s.Approvals.Open(s.Ctx())
	if err != nil {
		s.FailWith(err)
		return
	}
	decided, err := s.Approvals.Decided(s.Ctx(), decidedShown)
	if err != nil {
		s.FailWith(err)
		return
	}
	waiting := &table{
		ID: "waiting", Caption: s.t("approvals.waiting"), Columns: s.columns("what", "#amount", "maker", "age", "you"), Empty: s.t("approvals.none"),
	}
	for i := range open {
		r := &open[i]
		you := s.t("approvals.other")
		switch {
		case approval.SamePerson(r.Maker, s.Actor()):
			you = s.t("approvals.own")
		case s.mayDecide(r):
			you = s.t("approvals.yours")
		}
		waiting.add(path("approvals", string(r.ID)), s.kind(r.Kind), s.dollars(r.Amount), s.person(r.Maker), s.age(r.MadeAt), you)
	}
	past := &table{
		ID: "decided", Caption: s.t("approvals.decided"), Columns: s.columns("what", "#amount", "maker", "checker", "result", "when"),
		Empty: s.t("approvals.nothing"),
	}
	for i := range decided {
		r := &decided[i]
		past.add(path("approvals", string(r.ID)), s.kind(r.Kind), s.dollars(r.Amount), s.person(r.Maker), s.person(r.Checker),
			s.t("approval."+string(r.State)), s.moment(r.CheckedAt))
	}
	s.show(http.StatusOK, page{Heading: s.t("menu.approvals"), Intro: s.t("approvals.intro"), Parts: []part{{Table: waiting}, {Table: past}}})
}

func (s *screen) kind(k approval.Kind) string { return s.t("approval.kind." + string(k)) }

// person names an actor: staff by their login, the product itself by a word.
func (s *screen) person(a ident.Actor) string {
	switch a.Kind {
	case ident.Staff:
		return a.Name
	case "":
		return s.t("none")
	}
	return s.t("system") + " (" + a.Name + ")"
}

// asked loads the request that the address names.
func (s *screen) asked() (approval.Request, bool) {
	r, err := s.Approvals.Request(s.Ctx(), ident.Opaque(s.Value("id")))
	if err != nil {
		s.FailWith(err)
		return r, false
	}
	return r, true
}

func (s *screen) approval() {
	if r, ok := s.asked(); ok {
		s.showApproval(http.StatusOK, &r, nil, "")
	}
}

// showApproval shows exactly what was asked for, and to whom may decide, the choice.
func (s *screen) showApproval(code int, r *approval.Request, problems []web.Problem, proof string) {
	facts := web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.what", s.kind(r.Kind)), s.line("col.amount", s.dollars(r.Amount)), s.line("col.maker", s.person(r.Maker)),
		s.line("col.when", s.moment(r.MadeAt)), s.line("col.why", r.Reason), s.line("col.state", s.t("approval."+string(r.State))),
	}}
	if r.State != approval.Asked {
		facts.Lines = append(facts.Lines, s.line("col.checker", s.person(r.Checker)), s.line("col.decided", s.moment(r.CheckedAt)))
		if r.Note != "" {
			facts.Lines = append(facts.Lines, s.line("col.note", r.Note))
		}
	}
	p := page{
		Heading: s.kind(r.Kind) + ", " + s.dollars(r.Amount), Back: web.Link{Href: path("approvals"), Text: s.t("menu.approvals")}, Problems: problems,
		Parts: []part{{Facts: &facts}, {Text: s.t("approval.digest"), Digest: hex.EncodeToString(r.Digest[:])}},
	}
	more, err := s.behind(r)
	if err != nil {
		s.FailWith(err)
		return
	}
	p.Parts = append(p.Parts, more...)
	p.Parts = append(p.Parts, s.choice(r, problems, proof)...)
	s.show(code, p)
}

// choice gives what the reader may do about a request.
func (s *screen) choice(r *approval.Request, problems []web.Problem, proof string) []part {
	to := path("approvals", string(r.ID))
	note := &web.TextField{
		Field: web.Field{Name: "note", Label: s.t("approval.note"), Hint: s.t("approval.note.hint"), Optional: true}, Value: s.Text("note"),
		MaxLength: approval.TextMax,
	}
	for _, p := range problems {
		if p.Field == "note" {
			note.Error = p.Text
		}
	}
	switch {
	case r.State != approval.Asked:
		return nil
	case approval.SamePerson(r.Maker, s.Actor()):
		return []part{
			{Notice: &web.Notice{Kind: web.NoticeInfo, Text: []string{s.t("approval.own")}}},
			{Form: &form{Action: to, Summary: s.t("approval.withdraw"), Fields: []input{{Text: note}},
				Buttons: web.ButtonRow{Primary: web.Button{Text: s.t("approval.withdraw"), Name: "do", Value: "withdraw"}}}},
		}
	case !s.mayDecide(r):
		return []part{{Notice: &web.Notice{Kind: web.NoticeInfo, Text: []string{s.t("approval.notyours")}}}}
	}
	asks := s.Proof(proof)
	return []part{{Heading: s.t("approval.decide"), Form: &form{
		Action: to, Fields: []input{{Text: note}}, Proof: &asks,
		Buttons: web.ButtonRow{
			Primary: web.Button{Text: s.t("approval.agree"), Name: "do", Value: "agree"},
			Others:  []web.Button{{Text: s.t("approval.refuse"), Name: "do", Value: "refuse"}},
		},
	}}}
}

// behind gives exactly what would be done, where a screen knows it. What cannot be
// found any more is left out: the digest still binds.
func (s *screen) behind(r *approval.Request) ([]part, error) {
	switch {
	case r.Kind == approval.Refund && s.Refunds != nil:
		return s.behindRefund(r)
	case r.Kind == approval.SuspenseRelease && s.Suspense != nil:
		return s.behindRelease(r)
	case r.Kind == approval.ACHFile && s.Clearing != nil:
		return s.behindFile(r)
	case (r.Kind == approval.Exception || r.Kind == approval.WriteOff) && s.Recon != nil:
		return s.behindException(r)
	}
	return nil, nil
}

func (s *screen) behindRefund(r *approval.Request) ([]part, error) {
	of, _, err := s.Refunds.Refund(s.Ctx(), payment.ID(r.Subject))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil, nil // asked for otherwise than by the refunds' desk
	}
	if err == nil {
		err = s.seen(audit.ReadPayment, "a refund that waits for a second person", of.Book)
	}
	if err != nil {
		return nil, err
	}
	facts := s.refundFacts(&of)
	parts := []part{{Heading: s.t("approval.about"), Facts: &facts}}
	if s.Account.May(access.ReadRefunds) {
		parts = append(parts, part{Link: &web.Link{Href: path("refunds", string(of.ID)), Text: s.t("approval.open.refund")}})
	}
	return parts, nil
}

func (s *screen) behindRelease(r *approval.Request) ([]part, error) {
	o, to, err := s.Suspense.Meant(s.Ctx(), *r)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := s.Access("money that waits for a second person")
	if err != nil {
		return nil, err
	}
	whole, err := s.Suspense.Item(s.Ctx(), a, o.Ref)
	if err == nil && to != 0 {
		err = s.Trail.Record(s.Ctx(), a, audit.FindPerson, to)
	}
	if err != nil {
		return nil, err
	}
	owner := s.t("suspense.sender")
	if to != 0 {
		owner = s.ending(to)
	}
	facts := s.heldFacts(&whole.Item)
	facts.Lines = append([]web.SummaryLine{s.line("suspense.to", owner), s.line("col.asked", s.dollars(r.Amount))}, facts.Lines...)
	parts := []part{{Heading: s.t("approval.about"), Facts: facts}}
	if r.State == approval.Asked {
		parts = append(parts, s.suggestions(&whole)...)
	}
	return append(parts, part{Link: &web.Link{Href: path("suspense", r.Subject), Text: s.t("approval.open.item")}}), nil
}

func (s *screen) behindException(r *approval.Request) ([]part, error) {
	d, p, found, err := s.proposed(r)
	if err == nil && found && d.Line != nil {
		err = s.seen(audit.ReadPayment, "an exception that waits for a second person", d.Book)
	}
	if err != nil || !found {
		return nil, err
	}
	facts := s.exceptionFacts(&d)
	facts.Lines = append([]web.SummaryLine{s.line("col.act", s.t("act."+p.Act)), s.line("suspense.to", orNone(p.To, s.t("none")))}, facts.Lines...)
	parts := []part{{Heading: s.t("approval.about"), Facts: &facts}}
	if len(p.With) > 0 {
		parts = append(parts, part{Text: s.t("exception.candidates"), List: p.With})
	}
	return append(parts, part{Link: &web.Link{Href: path("exceptions", slug(d.ID)), Text: s.t("approval.open.exception")}}), nil
}

// proposed finds the open exception and the proposal about it that a request's digest
// fits: a request itself does not name an exception.
func (s *screen) proposed(r *approval.Request) (recon.Detail, recon.Proposal, bool, error) {
	open, err := s.Recon.Exceptions(s.Ctx(), recon.ExceptionFilter{})
	if err != nil {
		return recon.Detail{}, recon.Proposal{}, false, err
	}
	for i := range open {
		if max(open[i].Open, -open[i].Open) != r.Amount {
			continue
		}
		d, err := s.Recon.Exception(s.Ctx(), open[i].ID)
		if err != nil {
			return d, recon.Proposal{}, false, err
		}
		for _, a := range d.Acts {
			var p recon.Proposal
			if a.Act == recon.ActProposed && sha256.Sum256([]byte(a.Note)) == r.Digest && json.Unmarshal([]byte(a.Note), &p) == nil {
				return d, p, true, nil
			}
		}
	}
	return recon.Detail{}, recon.Proposal{}, false, nil
}

// decide takes the second person's word, or the maker's own withdrawal.
func (s *screen) decide() {
	r, ok := s.asked()
	if !ok {
		return
	}
	do, note := s.Text("do"), s.Text("note")
	if do == "withdraw" {
		if _, err := s.Approvals.Withdraw(s.Ctx(), r.ID, s.Actor(), note); err != nil {
			s.FailWith(err)
			return
		}
		s.Note(s.t("approval.withdrawn.done"))
		s.SeeOther(path("approvals"))
		return
	}
	if !s.mayDecide(&r) {
		s.showApproval(http.StatusForbidden, &r, problem("", s.t("approval.notyours")), "")
		return
	}
	if do != "agree" && note == "" {
		s.showApproval(http.StatusUnprocessableEntity, &r, problem("note", s.t("approval.note.needed")), "")
		return
	}
	if wrong := s.Proved(); wrong != "" {
		s.showApproval(http.StatusUnprocessableEntity, &r, problem("code", wrong), wrong)
		return
	}
	said, err := s.Approvals.Decide(s.Ctx(), r.ID, s.Actor(), do == "agree", note)
	if err != nil {
		s.FailWith(err)
		return
	}
	s.carry(said)
}

// carry has what was agreed to carried out, where that can be done at once; refunds
// and files for the bank leave with their next run.
func (s *screen) carry(r approval.Request) {
	text, err := s.t("approval."+string(r.State)+".done"), error(nil)
	carried := false
	switch {
	case r.State != approval.Agreed:
	case r.Kind == approval.SuspenseRelease && s.Suspense != nil:
		_, err = s.Suspense.CarryOut(s.Ctx(), r)
		carried = true
	case (r.Kind == approval.Exception || r.Kind == approval.WriteOff) && s.Recon != nil:
		var d recon.Detail
		if d, _, carried, err = s.proposed(&r); carried && err == nil {
			_, err = s.Recon.CarryAgreed(s.Ctx(), d.ID, s.Actor())
		}
	}
	if err != nil {
		s.FailWith(fault.Wrap("agreed, and not carried out yet", err))
		return
	}
	if carried {
		text = s.t("approval.carried")
	}
	s.Note(text)
	s.SeeOther(path("approvals"))
}
