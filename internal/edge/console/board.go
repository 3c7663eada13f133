package console

import (
	"fmt"
	"net/http"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/office/refund"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/store"
)

func (c *Console) boardRoutes() []auth.Route {
	return []auth.Route{c.at("board", "GET", path("board"), access.ReadBoard, (*screen).board)}
}

// closeBehind is how many days the last close may lie back, over a long weekend.
const closeBehind = 4

// oldAfter is how long something may wait before the board marks it.
const oldAfter = 5 * 24 * time.Hour

// board shows what needs work: how much, how old, which sums.
func (s *screen) board() {
	figures, err := s.Figures(s.Ctx())
	if err != nil {
		s.FailWith(err)
		return
	}
	p := page{Heading: s.t("menu.board"), Intro: s.t("board.intro", s.moment(figures.At))}
	tiles := part{}
	for _, of := range []struct {
		needs access.Permission
		tile  func(store.Overview) (tile, error)
		given bool
	}{
		{access.ReadApprovals, s.approvalTile, s.Approvals != nil},
		{access.ReadSuspense, s.suspenseTile, s.Suspense != nil},
		{access.ReadExceptions, s.exceptionTile, s.Recon != nil},
		{access.ReadRefunds, s.refundTile, s.Refunds != nil},
		{access.ReadDay, s.dayTile, s.Recon != nil},
		{access.ReadFiles, s.fileTile, true},
	} {
		if !of.given || !s.Account.May(of.needs) {
			continue
		}
		made, err := of.tile(figures)
		if err != nil {
			s.FailWith(err)
			return
		}
		if made.Old {
			made.Lines = append([]string{s.t("board.old")}, made.Lines...)
		}
		tiles.Tiles = append(tiles.Tiles, made)
	}
	p.Parts = append(p.Parts, tiles)
	if s.Account.May(access.ReadSuspense) {
		p.Parts = append(p.Parts, part{Table: s.heldTable(figures)})
	}
	s.show(http.StatusOK, p)
}

// tileOf makes a tile of a queue: its number, sum and oldest.
func (s *screen) tileOf(name string, count int, sum money.Cents, oldest string) tile {
	t := tile{Href: path(name), Label: s.t("menu." + name), Count: fmt.Sprint(count)}
	if count == 0 {
		t.Lines = []string{s.t("board.nothing")}
		return t
	}
	t.Lines = []string{s.t("board.sum", s.dollars(sum))}
	if oldest != "" {
		t.Lines = append(t.Lines, s.t("board.oldest", oldest))
	}
	return t
}

func (s *screen) approvalTile(store.Overview) (tile, error) {
	open, err := s.Approvals.Open(s.Ctx())
	if err != nil {
		return tile{}, err
	}
	mine, sum := 0, money.Cents(0)
	var oldest time.Time
	for i, r := range open {
		sum += r.Amount
		if i == 0 {
			oldest = r.MadeAt
		}
		if s.mayDecide(&open[i]) {
			mine++
		}
	}
	t := s.tileOf("approvals", len(open), sum, "")
	if len(open) > 0 {
		t.Lines = append(t.Lines, s.t("board.oldest", s.age(oldest)), s.t("board.yours", mine))
		t.Old = s.Now().Sub(oldest) > 24*time.Hour
	}
	return t, nil
}

func (s *screen) suspenseTile(o store.Overview) (tile, error) {
	count, sum := int64(0), money.Cents(0)
	var oldest calendar.Date
	for _, g := range o.Suspense {
		count, sum = count+g.Items, sum+g.Cents
		if oldest.IsZero() || g.Oldest.Before(oldest) {
			oldest = g.Oldest
		}
	}
	t := s.tileOf("suspense", int(count), sum, "")
	if count > 0 {
		days := s.today().Sub(oldest)
		t.Lines, t.Old = append(t.Lines, s.t("board.oldest", s.days(days))), days > int(oldAfter/(24*time.Hour))
	}
	return t, nil
}

// today is the posting day of the first legal entity.
func (s *screen) today() calendar.Date { return s.House.PostingDay(s.House.EntityNos()[0]) }

func (s *screen) exceptionTile(store.Overview) (tile, error) {
	open, err := s.Recon.Exceptions(s.Ctx(), recon.ExceptionFilter{})
	if err != nil {
		return tile{}, err
	}
	past, sum := 0, money.Cents(0)
	for i := range open {
		sum += max(open[i].Open, -open[i].Open)
		if open[i].LimitOn.Before(s.today()) {
			past++
		}
	}
	t := s.tileOf("exceptions", len(open), sum, "")
	if len(open) > 0 {
		t.Lines = append(t.Lines, s.t("board.oldest", s.days(open[0].Age(s.today()))), s.t("board.past", past))
		t.Old = past > 0
	}
	return t, nil
}

func (s *screen) refundTile(store.Overview) (tile, error) {
	open, err := s.Refunds.List(s.Ctx(), refund.Filter{States: openRefunds, Limit: listMax})
	if err != nil {
		return tile{}, err
	}
	waiting, returned, sum := 0, 0, money.Cents(0)
	var oldest time.Time
	for i := range open {
		r := &open[i]
		sum += r.Amount
		switch r.State {
		case back.Requested:
			waiting++
		case back.Returned:
			returned++
		}
		if oldest.IsZero() || r.MadeAt.Before(oldest) {
			oldest = r.MadeAt
		}
	}
	t := s.tileOf("refunds", len(open), sum, "")
	if len(open) > 0 {
		t.Lines = append(t.Lines, s.t("board.oldest", s.age(oldest)), s.t("board.refunds", waiting, returned))
		t.Old = returned > 0
	}
	return t, nil
}

func (s *screen) dayTile(store.Overview) (tile, error) {
	t := tile{Href: path("day"), Label: s.t("menu.day"), Count: s.t("none")}
	for _, entity := range s.House.EntityNos() {
		closes, err := s.Recon.Closes(s.Ctx(), entity, 1)
		if err != nil {
			return tile{}, err
		}
		if len(closes) == 0 {
			t.Lines = append(t.Lines, s.t("board.unclosed", s.Entities[entity]))
			continue
		}
		t.Old = t.Old || s.House.PostingDay(entity).Sub(closes[0].Day) > closeBehind
		t.Count = s.day(closes[0].Day)
		t.Lines = append(t.Lines, s.t("board.closed", s.Entities[entity], s.day(closes[0].Day)))
	}
	return t, nil
}

func (s *screen) fileTile(o store.Overview) (tile, error) {
	bad := 0
	for _, f := range o.Files {
		if f.Verdict != "accept" {
			bad++
		}
	}
	t := tile{Href: path("files"), Label: s.t("menu.files"), Count: fmt.Sprint(o.FilesTaken), Old: bad > 0}
	t.Lines = []string{s.t("board.files", bad, len(o.Files))}
	return t, nil
}

// heldTable shows what is in suspense by fund and reason.
func (s *screen) heldTable(o store.Overview) *table {
	t := &table{
		ID: "held", Caption: s.t("board.held"), Columns: s.columns("reason", "fund", "#items", "#amount", "oldest"), Empty: s.t("suspense.none"),
	}
	for _, g := range o.Suspense {
		t.add("", s.Words.Reasons[g.Reason], s.Words.Funds[g.Purse.Fund], fmt.Sprint(g.Items), s.dollars(g.Cents),
			s.days(s.House.PostingDay(g.Purse.Entity).Sub(g.Oldest)))
	}
	return t
}

func (c *Console) fileRoutes() []auth.Route {
	return []auth.Route{c.at("files", "GET", path("files"), access.ReadFiles, (*screen).files)}
}

// files lists the last files that came in.
func (s *screen) files() {
	figures, err := s.Figures(s.Ctx())
	if err != nil {
		s.FailWith(err)
		return
	}
	t := &table{
		ID: "files", Caption: s.t("files.caption"), Columns: s.columns("file", "kind", "result", "#items", "#amount", "taken"),
		Empty: s.t("files.none"),
	}
	for _, f := range figures.Files {
		kind := s.Words.Formats[f.Format]
		if kind == "" {
			kind = f.Format
		}
		result := s.t("file." + string(f.Verdict))
		if f.Verdict != "refuse" && !f.Done {
			result = s.t("file.under_way")
		}
		t.add("", f.Name, kind, result, fmt.Sprint(f.Items), s.dollars(f.Cents), s.moment(f.ReceivedAt))
	}
	s.show(http.StatusOK, page{Heading: s.t("menu.files"), Intro: s.t("files.intro"), Parts: []part{{Table: t}}})
}

// mayDecide reports whether the reader may be the second person for a request.
func (s *screen) mayDecide(r *approval.Request) bool {
	needs, known := access.CheckerOf(r.Kind)
	return known && r.State == approval.Asked && s.Account.May(needs) && !approval.SamePerson(r.Maker, s.Actor())
}
