// Package console is the office's own screens: the board, money without an owner,
// exceptions of the reconciliation, refunds, what waits for a second person, the
// close of a day, files, and the look at one billing account.
//
// It knows pages and which permission opens each. It decides nothing and posts
// nothing: the desks of the office do, through the small interfaces of this file. A
// screen whose desk is not given is left out of menu and addresses.
//
// Invariants: a person's data is shown only after the look was written to the audit
// trail under the reader's name with a reason; a bill pay number is shown by its last
// four digits but to those who need all of it, and stands in no address; nobody
// decides on what they asked for; an approval and a close need the second factor
// anew; all words are in every language (texts.go). Start reading at New.
package console

import (
	"context"
	"embed"
	"maps"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store"
)

//go:embed assets/*.html
var files embed.FS

// Approvals is where second persons decide; approval.Desk is one.
type Approvals interface {
	Open(ctx context.Context) ([]approval.Request, error)
	Decided(ctx context.Context, limit int) ([]approval.Request, error)
	Request(ctx context.Context, id ident.Opaque) (approval.Request, error)
	Decide(ctx context.Context, id ident.Opaque, by ident.Actor, agree bool, note string) (approval.Request, error)
	Withdraw(ctx context.Context, id ident.Opaque, by ident.Actor, note string) (approval.Request, error)
}

// Reconciler is what the screens need of recon.Desk.
type Reconciler interface {
	Exceptions(ctx context.Context, f recon.ExceptionFilter) ([]recon.Exception, error)
	Exception(ctx context.Context, id string) (recon.Detail, error)
	Note(ctx context.Context, id string, by ident.Actor, text string) error
	Own(ctx context.Context, id string, by ident.Actor, owner string) error
	Explain(ctx context.Context, id string, by ident.Actor, with []string, reason string) (recon.Outcome, error)
	WriteOff(ctx context.Context, id string, by ident.Actor, to chart.Code, reason string) (recon.Outcome, error)
	ToSuspense(ctx context.Context, id string, by ident.Actor, reference, reason string) (recon.Outcome, error)
	CarryAgreed(ctx context.Context, id string, by ident.Actor) (recon.Outcome, error)
	Prove(ctx context.Context, entity chart.EntityNo, day calendar.Date) (recon.Proof, error)
	Close(ctx context.Context, entities []chart.EntityNo, day calendar.Date, by ident.Actor, seal recon.Seal) ([]recon.Proof, error)
	Closes(ctx context.Context, entity chart.EntityNo, limit int) ([]recon.DayClose, error)
}

// Refunds is what the screens need of refund.Desk.
type Refunds interface {
	List(ctx context.Context, f refund.Filter) ([]back.Refund, error)
	Refund(ctx context.Context, id payment.ID) (back.Refund, []back.Event, error)
	Request(ctx context.Context, w refund.Wish) ([]back.Refund, error)
	Cancel(ctx context.Context, id payment.ID, by ident.Actor, reason string) (back.Refund, error)
}

// Directory shows people, each look under a named access; registry.Registry is one.
type Directory interface {
	Account(ctx context.Context, a audit.Access, reference string) (registry.Account, error)
	Find(ctx context.Context, a audit.Access, name member.Name, born calendar.Date) ([]registry.Relative, error)
}

// Books tells a billing account's number and opaque id apart; the store does.
type Books interface {
	OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)
	BookOf(ctx context.Context, opaque ident.Opaque) (ledger.BookNo, error)
}

// House is what the screens must know of the installation.
type House interface {
	EntityNos() []chart.EntityNo
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Options are what the console shows and works on. What is nil has no screen.
type Options struct {
	Figures   func(ctx context.Context) (store.Overview, error)
	House     House
	Entities  map[chart.EntityNo]string // names of the legal entities
	Zone      *time.Location
	Trail     *audit.Trail
	Books     Books
	Directory Directory
	Approvals Approvals
	Suspense  Suspense
	Recon     Reconciler
	Refunds   Refunds
	Clearing  Clearing
	BankFiles BankFiles // with Clearing
	Seal      recon.Seal
	// DualControlAbove is shown beside forms: above it a second person is asked.
	DualControlAbove money.Cents
}

// Console is the screens.
type Console struct {
	Options
	zone *time.Location
}

// New makes the screens behind the office's door.
func New(o Options) auth.Screens {
	c := &Console{Options: o, zone: o.Zone}
	if c.zone == nil {
		c.zone = time.UTC
	}
	s := auth.Screens{Files: files, Texts: maps.Clone(texts)}
	for _, of := range []struct {
		given  bool
		menu   auth.MenuItem
		routes []auth.Route
	}{
		{o.Figures != nil, menu("board", access.ReadBoard), c.boardRoutes()},
		{o.Suspense != nil, menu("suspense", access.ReadSuspense), c.suspenseRoutes()},
		{o.Recon != nil, menu("exceptions", access.ReadExceptions), c.exceptionRoutes()},
		{o.Refunds != nil, menu("refunds", access.ReadRefunds), c.refundRoutes()},
		{o.Clearing != nil, menu("ach", access.ReadACH), c.achRoutes()},
		{o.Approvals != nil, menu("approvals", access.ReadApprovals), c.approvalRoutes()},
		{o.Recon != nil, menu("day", access.ReadDay), c.dayRoutes()},
		{o.Figures != nil, menu("files", access.ReadFiles), c.fileRoutes()},
		{o.Directory != nil, menu("accounts", access.ReadAccount), c.accountRoutes()},
	} {
		if of.given {
			s.Menu, s.Routes = append(s.Menu, of.menu), append(s.Routes, of.routes...)
		}
	}
	return s
}

func menu(name string, needs access.Permission) auth.MenuItem {
	return auth.MenuItem{Path: path(name), Label: "menu." + name, Needs: needs}
}

// path is where a screen stands; what follows the name is given as it is.
func path(name string, more ...string) string {
	p := auth.Root + "/" + name
	for _, m := range more {
		p += "/" + m
	}
	return p
}

// at makes a route of a screen.
func (c *Console) at(name, method, address string, needs access.Permission, serve func(s *screen)) auth.Route {
	return auth.Route{Name: name, Pattern: method + " " + address, Needs: needs, Serve: func(v *auth.Visit) { serve(&screen{v, c}) }}
}

// seen writes down that the reader sees the data of books, before it is shown.
func (s *screen) seen(action audit.Action, reason string, books ...ledger.BookNo) error {
	if len(books) == 0 {
		return nil
	}
	a, err := s.Access(reason)
	if err != nil {
		return err
	}
	return s.Trail.Record(s.Ctx(), a, action, books...)
}

// ending is how an account is named to the reader: whole for those who need it.
func (s *screen) ending(book ledger.BookNo) string {
	if book.IsOperating() {
		return s.t("none")
	}
	number := numberOf(book)
	if s.Account.May(access.ReadNumber) {
		return number.Grouped()
	}
	return "•••• " + number.Last4()
}
