package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/region"
)

type billsCommand struct {
	Print billsPrintCommand `cmd:"" help:"Put every bill that is due on paper into files for the printer."`
}

type billsPrintCommand struct {
	where     `embed:""`
	staffer   `embed:""`
	Out       string `required:"" help:"The folder for the files, which exists."`
	Batch     string `required:"" help:"The batch's name, one word: bills-2026-12-10."`
	Most      int    `help:"Bills in a file at most." default:"1000"`
	PublicURL string `help:"Where members pay and read letters, such as https://pay.example.org; it stands on bills." env:"BILLFOLD_PUBLIC_URL"`
	JSON      bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *billsPrintCommand) Run(r *run) error {
	if _, err := c.actor(); err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	desk, err := r.postDesk(o, &c.where, c.PublicURL)
	if err != nil {
		return err
	}
	out, today := r.path(c.Out), o.premiumDay()
	press, err := paper.NewPress(out)
	if err != nil {
		return err
	}
	if _, err := desk.KeepBills(r.ctx, today); err != nil {
		return err
	}
	printed, err := desk.PrintBills(r.ctx, today, c.Batch, press, c.Most)
	if err != nil {
		return err
	}
	m, err := o.manifest(r.ctx, c.Batch, printed)
	if err != nil {
		return err
	}
	if err := m.write(out); err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(struct {
			manifestJSON
			New        int `json:"new"`        // bills of this call
			Unreviewed int `json:"unreviewed"` // of them, in a translation that is not reviewed
		}{m, printed.Letters, printed.Unreviewed})
	}
	r.printf("%d bills, %d pages, %s, in %d files; %d held\n", printed.Letters, printed.Pages, printed.Cents.Grouped(), len(printed.Files), printed.Held)
	if printed.Unreviewed > 0 {
		r.printf("  %d in a translation that no qualified translator has read\n", printed.Unreviewed)
	}
	for _, h := range m.HeldBills {
		r.printf("  held: %s: %s\n", h.Account, h.Why)
	}
	return nil
}

// manifestJSON tells what is in a batch of bills, also of calls before this one,
// and which bills are held.
type manifestJSON struct {
	Batch      string         `json:"batch"`
	Files      []manifestFile `json:"files"`
	Pieces     int64          `json:"pieces"`
	Pages      int64          `json:"pages"`
	TotalCents int64          `json:"total_cents"`
	Held       int            `json:"held"`
	HeldBills  []heldJSON     `json:"held_bills"` // the first of them
}

type manifestFile struct {
	Name       string `json:"name"`
	Pieces     int64  `json:"pieces"`
	Pages      int64  `json:"pages"` // without the control sheet
	TotalCents int64  `json:"total_cents"`
	SHA256     string `json:"sha256"`
}

type heldJSON struct {
	Account ident.Opaque `json:"account"`
	Why     string       `json:"why"`
}

func (o *office) manifest(ctx context.Context, batch string, printed notice.Printed) (manifestJSON, error) {
	m := manifestJSON{Batch: batch, Files: []manifestFile{}, Held: printed.Held, HeldBills: []heldJSON{}}
	files, err := o.store.PrintFiles(ctx, batch)
	if err != nil {
		return m, err
	}
	for i := range files {
		f := &files[i]
		m.Files = append(m.Files, manifestFile{Name: f.Name + ".pdf", Pieces: f.Letters, Pages: f.Pages, TotalCents: int64(f.Cents), SHA256: f.SHA256})
		m.Pieces, m.Pages, m.TotalCents = m.Pieces+f.Letters, m.Pages+f.Pages, m.TotalCents+int64(f.Cents)
	}
	for _, h := range printed.Reasons {
		opaque, err := o.store.OpaqueOf(ctx, h.Ref.Book)
		if err != nil {
			return m, err
		}
		m.HeldBills = append(m.HeldBills, heldJSON{opaque, h.Why})
	}
	return m, nil
}

// write puts the manifest beside the files, whole or not at all.
func (m *manifestJSON) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, m.Batch+"-manifest.json")
	if err = os.WriteFile(path+".new", append(text, '\n'), 0o600); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Message: "the manifest cannot be written beside the print files", Err: err}
	}
	return nil
}

// postDesk keeps letters and bills and sees that they go out, by mail where there is
// a server for it and a site on which they are read.
func (r *run) postDesk(o *office, w *where, site string) (*notice.Desk, error) {
	if r.office != nil { // the process that serves knows its site and its mail
		return o.mailDesk(), nil
	}
	o.site = strings.TrimSuffix(site, "/")
	var err error
	o.post, err = o.openMail(serving{where: w})
	return o.mailDesk(), err
}

// mailDesk is the desk of an office that knows whether it sends mail.
func (o *office) mailDesk() *notice.Desk {
	from := sendersOnline{senders{o.plan}, o.site}
	if o.post == nil || !o.post.ReadsLetters() {
		return notice.NewDesk(o.store, from, nil, o.clock)
	}
	return notice.NewDesk(o.store, from, o.post, o.clock)
}

// sendersOnline are senders whose members can pay on a site.
type sendersOnline struct {
	senders
	site string
}

// Sender implements notice.Senders.
func (s sendersOnline) Sender(id region.ID) (notice.Sender, bool) {
	sender, ok := s.senders.Sender(id)
	sender.PayPage = s.site
	return sender, ok
}

// letterPath is where mailed letters are read.
const letterPath = "/letter/"

// mailEvery is how often letters that are due are mailed. A round has less time
// than that, so that two nodes are not at it at once.
const mailEvery = 2 * time.Minute

// lettersMail is the job of one round of mail.
type lettersMail struct {
	Round int64 `json:"round"` // mailEvery's since 1970: one round is one job, whichever nodes ask for it
}

// Kind implements job.Args.
func (lettersMail) Kind() string { return "letters.mail" }

// mailLetters is one round: what it does not come to, the next one does. So it never
// fails as a job, or old rounds would be tried again beside new ones.
func (o *office) mailLetters(ctx context.Context, log *slog.Logger) {
	done, err := o.mailDesk().Mail(ctx, o.premiumDay())
	if noted := o.noteSent(context.WithoutCancel(ctx), ident.Actor{Kind: ident.System, Name: "mail"}); noted != nil {
		err = errors.Join(err, noted)
	}
	if done.Sent+done.Refused+done.Waiting+done.Held > 0 {
		log.Info("letters mailed", "sent", done.Sent, "refused", done.Refused, "waiting", done.Waiting, "held", done.Held)
	}
	if err != nil {
		log.Error("letters could not be mailed; the next round tries again", "kind", fault.KindOf(err).String(), "error", err)
	}
}

// askForMail asks for a round of mail now and then, until ctx ends.
func (o *office) askForMail(ctx context.Context, queue *job.Queue, s serving) {
	tick := time.NewTicker(mailEvery)
	defer tick.Stop()
	for {
		round := o.clock.Now().Unix() / int64(mailEvery/time.Second)
		if _, err := queue.InsertOnce(ctx, lettersMail{round}); err != nil && ctx.Err() == nil {
			s.log.Error("a round of mail could not be asked for; the next is", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

type consentCommand struct {
	Give     consentGiveCommand     `cmd:"" help:"Note that a member agreed to electronic letters."`
	Withdraw consentWithdrawCommand `cmd:"" help:"Note that a member wants letters on paper again."`
	Show     consentShowCommand     `cmd:"" help:"Show what a member agreed to, and when."`
	Wording  consentWordingCommand  `cmd:"" help:"Print the text that members agree to."`
}

type consentGiveCommand struct {
	where    `embed:""`
	staffer  `embed:""`
	Number   string `arg:"" help:"Bill pay number, old number or opaque id."`
	Mail     string `required:"" help:"The address that letters are told of."`
	Channel  string `required:"" help:"How the member agreed: web or email. What was said or signed does not show that electronic letters can be opened."`
	Evidence string `required:"" help:"Where the proof is: the message's id, the form's number."`
	Wording  string `help:"The version of the text that was agreed to; the one in use when left out."`
	On       string `help:"The day on which it was given; today when left out."`
	JSON     bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *consentGiveCommand) Run(r *run) error {
	return r.consent(&c.where, &c.staffer, c.Number, c.On, c.JSON, func(desk *notice.Desk, one notice.Consent, on calendar.Date) error {
		one.GivenOn, one.Address, one.How, one.Evidence, one.Wording = on, c.Mail, notice.How(c.Channel), c.Evidence, c.Wording
		if one.Wording == "" {
			all := notice.Wordings()
			one.Wording = all[len(all)-1]
		}
		return desk.GiveConsent(r.ctx, one)
	})
}

type consentWithdrawCommand struct {
	where    `embed:""`
	staffer  `embed:""`
	Number   string `arg:"" help:"Bill pay number, old number or opaque id."`
	Channel  string `required:"" enum:"web,email,phone,paper,in_person" help:"How the member said so: web, email, phone, paper or in_person."`
	Evidence string `required:"" help:"Where the proof is: the message's id, the call's number."`
	On       string `help:"The day from which it counts; today when left out."`
	JSON     bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *consentWithdrawCommand) Run(r *run) error {
	return r.consent(&c.where, &c.staffer, c.Number, c.On, c.JSON, func(desk *notice.Desk, one notice.Consent, on calendar.Date) error {
		one.How, one.Evidence = notice.How(c.Channel), c.Evidence
		return desk.WithdrawConsent(r.ctx, one, on)
	})
}

type consentShowCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"Bill pay number, old number or opaque id."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *consentShowCommand) Run(r *run) error {
	return r.consent(&c.where, &c.staffer, c.Number, "", c.JSON, nil)
}

type consentWordingCommand struct {
	Version string `help:"Which text; the one in use when left out."`
	Spanish bool   `help:"In Spanish."`
}

// Run implements the command.
func (c *consentWordingCommand) Run(r *run) error {
	if c.Version == "" {
		all := notice.Wordings()
		c.Version = all[len(all)-1]
	}
	language := "en"
	if c.Spanish {
		language = "es"
	}
	text, err := notice.Wording(c.Version, language)
	if err == nil {
		r.printf("%s", text)
	}
	return err
}

// consent changes a member's consent, if there is anything to change, and shows
// how it stands afterwards.
func (r *run) consent(w *where, s *staffer, number, day string, asJSON bool, change func(*notice.Desk, notice.Consent, calendar.Date) error) error {
	o, access, done, err := r.openFor(w, s, "electronic letters")
	if err != nil {
		return err
	}
	defer done()
	on, err := o.dayOrToday(day)
	if err != nil {
		return err
	}
	account, err := o.members.registry.Account(r.ctx, access, number)
	if err != nil {
		return err
	}
	book := ledger.BookNo(account.Number)
	if change != nil {
		desk := notice.NewDesk(o.store, senders{o.plan}, nil, o.clock)
		if err := change(desk, notice.Consent{Book: book, Actor: access.Actor()}, on); err != nil {
			return err
		}
		if err := o.members.trail.Record(r.ctx, access, audit.ChangeConsent, book); err != nil {
			return err
		}
	}
	all, err := o.store.ConsentsOf(r.ctx, book)
	if err != nil {
		return err
	}
	return r.showConsents(account.Opaque, all, on, asJSON)
}

// consentJSON is one consent, or that it was taken back.
type consentJSON struct {
	GivenOn     calendar.Date `json:"given_on"`
	WithdrawnOn calendar.Date `json:"withdrawn_on,omitzero"`
	Wording     string        `json:"wording"`
	Mail        string        `json:"mail"`
	Channel     notice.How    `json:"channel"`
	Evidence    string        `json:"evidence"`
	Actor       string        `json:"actor"`
}

func (r *run) showConsents(account ident.Opaque, all []notice.Consent, on calendar.Date, asJSON bool) error {
	rows, stands := []consentJSON{}, false
	for _, c := range all {
		rows = append(rows, consentJSON{c.GivenOn, c.WithdrawnOn, c.Wording, c.Address, c.How, c.Evidence, c.Actor.String()})
		if !c.GivenOn.After(on) {
			stands = c.WithdrawnOn.IsZero() || c.WithdrawnOn.After(on)
		}
	}
	if asJSON {
		return r.printJSON(map[string]any{"account": account, "electronic": stands, "consents": rows})
	}
	for _, c := range rows {
		what, day := "agreed", c.GivenOn
		if !c.WithdrawnOn.IsZero() {
			what, day = "wants paper", c.WithdrawnOn
		}
		r.printf("%s  %-11s  by %s  %s  text %s  %s  (%s)\n", day, what, c.Channel, c.Mail, c.Wording, c.Evidence, c.Actor)
	}
	if stands {
		r.printf("Letters go by mail; those that end coverage on paper too.\n")
	} else {
		r.printf("Letters go on paper.\n")
	}
	return nil
}
