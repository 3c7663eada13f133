package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/clearing"
)

// Clearing is what the screens need of clearing.Desk.
type Clearing interface {
	Ask(ctx context.Context, no int64, by ident.Actor, reason string) (approval.Request, error)
	Release(ctx context.Context, no int64, by ident.Actor) (clearing.File, error)
}

// BankFiles finds files for the clearing house; the store does.
type BankFiles interface {
	ACHFile(ctx context.Context, no int64) (clearing.File, error)
	ACHFiles(ctx context.Context, most int) ([]clearing.File, error)
}

func (c *Console) achRoutes() []auth.Route {
	return []auth.Route{
		c.at("ach", "GET", path("ach"), access.ReadACH, (*screen).bankFiles),
		c.at("ach.file", "GET", path("ach", "{no}"), access.ReadACH, (*screen).bankFile),
		c.at("ach.file", "POST", path("ach", "{no}"), access.BuildACH, (*screen).workBankFile),
	}
}

// bankFilesShown is how many files are listed.
const bankFilesShown = 60

func (s *screen) bankFiles() {
	all, err := s.BankFiles.ACHFiles(s.Ctx(), bankFilesShown)
	if err != nil {
		s.FailWith(err)
		return
	}
	t := &table{
		ID: "ach", Caption: s.t("ach.caption"), Columns: s.columns("file", "day", "state", "live", "#entries", "#debits", "#credits"), Empty: s.t("ach.none"),
	}
	for i := range all {
		f := &all[i]
		t.add(path("ach", fmt.Sprint(f.No)), fmt.Sprintf("%d · %s", f.No, f.Window), s.day(f.Day), s.t("ach."+string(f.State)), s.live(f),
			fmt.Sprint(f.Entries), s.dollars(f.DebitCents), s.dollars(f.CreditCents))
	}
	s.show(http.StatusOK, page{Heading: s.t("menu.ach"), Intro: s.t("ach.intro"), Parts: []part{{Table: t}}})
}

func (s *screen) live(f *clearing.File) string {
	if f.Live {
		return s.t("ach.live")
	}
	return s.t("ach.trial")
}

// bankFileFacts is a file as staff see it: its control totals.
func (s *screen) bankFileFacts(f *clearing.File) *web.SummaryList {
	facts := &web.SummaryList{Lines: []web.SummaryLine{
		s.line("col.file", f.Name), s.line("col.day", s.day(f.Day)), s.line("col.window", f.Window), s.line("col.state", s.t("ach."+string(f.State))),
		s.line("col.live", s.live(f)), s.line("col.settles", s.day(f.EffectiveOn)), s.line("col.entries", fmt.Sprint(f.Entries)),
		s.line("col.debits", s.dollars(f.DebitCents)), s.line("col.credits", s.dollars(f.CreditCents)),
		s.line("col.hash", f.EntryHash), s.line("col.maker", s.person(f.Actor)),
	}}
	if f.ApprovedBy != "" {
		facts.Lines = append(facts.Lines, s.line("col.checker", f.ApprovedBy))
	}
	if f.Answer != "" {
		facts.Lines = append(facts.Lines, s.line("col.answer", f.Answer))
	}
	return facts
}

// fileAsked loads the file that the address names.
func (s *screen) fileAsked() (clearing.File, bool) {
	no, err := strconv.ParseInt(s.Value("no"), 10, 64)
	if err != nil {
		s.Fail(http.StatusNotFound)
		return clearing.File{}, false
	}
	f, err := s.BankFiles.ACHFile(s.Ctx(), no)
	if err != nil {
		s.FailWith(err)
		return f, false
	}
	return f, true
}

func (s *screen) bankFile() {
	if f, ok := s.fileAsked(); ok {
		s.showBankFile(http.StatusOK, &f, nil, "")
	}
}

func (s *screen) showBankFile(code int, f *clearing.File, problems []web.Problem, proof string) {
	p := page{
		Heading: s.t("ach.one", f.No), Back: web.Link{Href: path("ach"), Text: s.t("menu.ach")}, Problems: problems,
		Parts: []part{{Facts: s.bankFileFacts(f)}, {Digest: f.SHA256}},
	}
	if f.State == clearing.Built && s.Account.May(access.BuildACH) {
		to := path("ach", fmt.Sprint(f.No))
		asks := s.Proof(proof)
		if f.Live {
			p.Parts = append(p.Parts, part{Form: &form{
				Action: to, Summary: s.t("ach.ask"), Text: s.t("ach.ask.text"), Fields: []input{s.reason("reason", "col.why")},
				Buttons: web.ButtonRow{Primary: web.Button{Text: s.t("ach.ask"), Name: "do", Value: "ask"}},
			}})
		}
		p.Parts = append(p.Parts, part{Form: &form{
			Action: to, Summary: s.t("ach.release"), Text: s.t("ach.release.text"), Proof: &asks, Open: proof != "",
			Buttons: web.ButtonRow{Primary: web.Button{Text: s.t("ach.release"), Name: "do", Value: "release"}},
		}})
	}
	s.show(code, p)
}

func (s *screen) workBankFile() {
	f, ok := s.fileAsked()
	if !ok {
		return
	}
	done := "waiting.done"
	var err error
	if s.Text("do") == "release" {
		if wrong := s.Proved(); wrong != "" {
			s.showBankFile(http.StatusUnprocessableEntity, &f, problem("code", wrong), wrong)
			return
		}
		done = "ach.released.done"
		// A reader who goes away does not stop a file half-way.
		_, err = s.Clearing.Release(context.WithoutCancel(s.Ctx()), f.No, s.Actor())
	} else {
		_, err = s.Clearing.Ask(s.Ctx(), f.No, s.Actor(), s.Text("reason"))
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
		s.Note(s.t(done))
		s.SeeOther(path("ach", fmt.Sprint(f.No)))
	case kind == fault.Invalid || kind == fault.Conflict || kind == fault.Denied:
		s.showBankFile(http.StatusConflict, &f, problem("", fmt.Sprintf(s.t("said"), fault.MessageOf(err))), "")
	default:
		s.FailWith(err)
	}
}

// behindFile shows the file that a request is about.
func (s *screen) behindFile(r *approval.Request) ([]part, error) {
	book, err := s.Books.BookOf(s.Ctx(), ident.Opaque(r.Subject))
	if err != nil {
		return nil, nil // no file of ours; the digest still binds
	}
	all, err := s.BankFiles.ACHFiles(s.Ctx(), bankFilesShown)
	for i := range all {
		if all[i].Book == book {
			return []part{{Heading: s.t("approval.about"), Facts: s.bankFileFacts(&all[i])}}, err
		}
	}
	return nil, err
}
