package console

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/recon"
)

func (c *Console) dayRoutes() []auth.Route {
	return []auth.Route{
		c.at("day", "GET", path("day"), access.ReadDay, (*screen).nextDay),
		c.at("day.of", "GET", path("day", "{day}"), access.ReadDay, (*screen).oneDay),
		c.at("day.of", "POST", path("day", "{day}"), access.CloseDay, (*screen).closeDay),
	}
}

// closesShown is how many past closes are listed for an entity.
const closesShown = 10

// nextDay shows the day that is to be closed next: the last business day that is
// over.
func (s *screen) nextDay() {
	day := s.today().AddDays(-1)
	for !day.IsBusinessDay() {
		day = day.AddDays(-1)
	}
	s.showDay(http.StatusOK, day, nil, "")
}

func (s *screen) dayAsked() (calendar.Date, bool) {
	day, err := calendar.Parse(s.Value("day"))
	if err != nil || day.IsZero() {
		s.Fail(http.StatusNotFound)
		return day, false
	}
	return day, true
}

func (s *screen) oneDay() {
	if day, ok := s.dayAsked(); ok {
		s.showDay(http.StatusOK, day, nil, "")
	}
}

// showDay shows for each legal entity what blocks the close of a day, what is named,
// and what is not explained.
func (s *screen) showDay(code int, day calendar.Date, problems []web.Problem, proof string) {
	p := page{Heading: s.t("day.one", s.day(day)), Intro: s.t("day.intro"), Problems: problems}
	blocked, open := false, false
	for _, entity := range s.House.EntityNos() {
		closes, err := s.Recon.Closes(s.Ctx(), entity, closesShown)
		if err != nil {
			s.FailWith(err)
			return
		}
		if len(closes) > 0 && !closes[0].Day.Before(day) {
			p.Parts = append(p.Parts, s.closed(entity, closes, day))
			continue
		}
		proved, err := s.Recon.Prove(s.Ctx(), entity, day)
		if err != nil {
			s.FailWith(err)
			return
		}
		open, blocked = true, blocked || len(proved.Blockers) > 0
		p.Parts = append(p.Parts, s.proofParts(entity, &proved)...)
	}
	if open && s.Account.May(access.CloseDay) {
		p.Parts = append(p.Parts, s.closeForm(day, blocked, proof))
	}
	p.Parts = append(p.Parts, s.lastCloses()...)
	s.show(code, p)
}

func (s *screen) closed(entity chart.EntityNo, closes []recon.DayClose, day calendar.Date) part {
	for _, c := range closes {
		if c.Day == day {
			return part{Heading: s.Entities[entity], Notice: &web.Notice{
				Kind: web.NoticeGood, Text: []string{s.t("day.closed", s.moment(c.ClosedAt), s.person(c.Actor))}},
				Digest: hex.EncodeToString(c.Digest[:])}
		}
	}
	return part{Heading: s.Entities[entity], Notice: &web.Notice{Kind: web.NoticeGood, Text: []string{s.t("day.closed.later", s.day(closes[0].Day))}}}
}

// proofParts are an entity's day: blockers first, then what is named, then every
// account that does not stand at zero.
func (s *screen) proofParts(entity chart.EntityNo, proof *recon.Proof) []part {
	var parts []part
	if len(proof.Blockers) == 0 {
		parts = append(parts, part{Heading: s.Entities[entity], Notice: &web.Notice{Kind: web.NoticeGood, Text: []string{s.t("day.free")}}})
	} else {
		blockers := &table{ID: fmt.Sprintf("blockers-%d", entity), Caption: s.t("day.blockers"), Columns: s.columns("why", "about")}
		for _, b := range proof.Blockers {
			href := ""
			if b.ID != "" && s.Account.May(access.ReadExceptions) {
				href = path("exceptions", slug(b.ID))
			}
			blockers.add(href, s.t("block."+b.Kind), b.What)
		}
		parts = append(parts, part{Heading: s.Entities[entity], Table: blockers})
	}
	var timing, late money.Cents
	accounts := &table{
		ID: fmt.Sprintf("accounts-%d", entity), Caption: s.t("day.accounts"),
		Columns: s.columns("account", "#balance", "#timing", "#late", "#lines", "#unexplained"), Empty: s.t("day.zero"),
	}
	for _, l := range append(proof.Accounts, proof.Control...) {
		timing, late = timing+l.Timing.Cents, late+l.Late.Cents
		if l.Balance == 0 && l.Unexplained == 0 {
			continue
		}
		accounts.add("", l.Account, s.dollars(l.Balance), s.named(l.Timing), s.named(l.Late), s.named(l.Lines), s.dollars(l.Unexplained))
	}
	facts := web.SummaryList{Lines: []web.SummaryLine{
		s.line("day.unexplained", s.dollars(proof.Unexplained)), s.line("day.timing", s.dollars(timing)), s.line("day.late", s.dollars(late)),
		s.line("day.exceptions", fmt.Sprint(len(proof.Open))),
	}}
	return append(parts, part{Facts: &facts}, part{Table: accounts})
}

func (s *screen) named(n recon.Named) string {
	if n.Count == 0 {
		return s.t("none")
	}
	return fmt.Sprintf("%s (%d)", s.dollars(n.Cents), n.Count)
}

func (s *screen) closeForm(day calendar.Date, blocked bool, proof string) part {
	if blocked {
		return part{Notice: &web.Notice{Kind: web.NoticeWarn, Text: []string{s.t("day.blocked")}}}
	}
	asks := s.Proof(proof)
	return part{Heading: s.t("day.close"), Form: &form{
		Action: path("day", day.String()), Text: s.t("day.close.text"), Proof: &asks, Buttons: s.buttons("day.close"),
	}}
}

func (s *screen) lastCloses() []part {
	t := &table{ID: "closes", Caption: s.t("day.last"), Columns: s.columns("day", "entity", "who", "when"), Empty: s.t("day.none")}
	for _, entity := range s.House.EntityNos() {
		closes, err := s.Recon.Closes(s.Ctx(), entity, closesShown)
		if err != nil {
			return nil
		}
		for _, c := range closes {
			t.add(path("day", c.Day.String()), s.day(c.Day), s.Entities[entity], s.person(c.Actor), s.moment(c.ClosedAt))
		}
	}
	return []part{{Table: t}}
}

func (s *screen) closeDay() {
	day, ok := s.dayAsked()
	if !ok {
		return
	}
	if wrong := s.Proved(); wrong != "" {
		s.showDay(http.StatusUnprocessableEntity, day, problem("code", wrong), wrong)
		return
	}
	_, err := s.Recon.Close(s.Ctx(), s.House.EntityNos(), day, s.Actor(), s.Seal)
	if kind := fault.KindOf(err); err != nil && (kind == fault.Conflict || kind == fault.Invalid) {
		s.showDay(http.StatusConflict, day, problem("", fmt.Sprintf(s.t("said"), fault.MessageOf(err))), "")
		return
	}
	if err != nil {
		s.FailWith(err)
		return
	}
	s.Note(s.t("day.done", s.day(day)))
	s.SeeOther(path("day", day.String()))
}
