// Package unclaimed knows money whose owner is silent: from when on a state's law takes
// it, which letter goes out before, what is reported and paid to the state, and how its
// owner gets it back before that.
//
// Dormancy is dated data (dormancy.yaml, and rows of the plan over it). The package
// moves nothing itself: the refunds' desk holds, reclaims and remits.
//
// Invariants:
//   - An owner's word starts the time anew: a payment, and whatever contact is noted.
//   - Money that the federal government paid for Medicare coverage goes to no state.
//   - A report is made once for a state, year and legal entity, and kept as it was made.
//   - Nothing is paid to a state before a second person agreed to exactly that report.
//
// Start reading at Desk.Look, then Desk.Letters, Desk.Report and Desk.Remit.
package unclaimed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/member"
)

// ErrMoved says that a row changed since it was read. Nothing was written.
var ErrMoved = errors.New("unclaimed property changed since it was read")

// Found is property as the books hold it.
type Found struct {
	Book     ledger.BookNo
	Type     Type
	Refund   payment.ID // of a refund that came back; "" for a credit balance
	Purse    chart.Purse
	Amount   money.Cents
	Since    calendar.Date // the credit arose or the refund was made
	HeardOf  calendar.Date // the owner's last word; zero when there was none
	Lines    []coverage.Line
	Owner    string // of whom an address is on file, the name
	Address  member.Address
	Language string
}

// source names the property within its book.
func (f *Found) source() string {
	if f.Refund != "" {
		return string(f.Refund)
	}
	return fmt.Sprintf("credit:%d", f.Purse.Fund.No())
}

// Item is property with what the law says of it.
type Item struct {
	Found
	Law    Law
	State  string        // whose law: of the last known address, else of the entity's incorporation
	Silent calendar.Date // since when its owner is
	Timing
	Standing
}

// Standing is what is to be done about an item on a day.
type Standing string

// The standings.
const (
	Waits     Standing = "waits"      // its letter is not due yet
	LetterDue Standing = "letter_due" // now
	Noticed   Standing = "noticed"    // the letter went out
	Late      Standing = "late"       // no letter went out in time: it is for the next year, or for counsel
	Small     Standing = "small"      // too small for a letter
	Due       Standing = "due"        // to be reported
	Federal   Standing = "federal"    // no state takes it
)

// Row is what is kept of property that the law has taken hold of.
type Row struct {
	Book     ledger.BookNo
	Source   string
	Version  int64
	State    string
	Type     Type
	Purse    chart.Purse
	Amount   money.Cents
	Since    calendar.Date
	Year     int
	LetterOn calendar.Date
	At       Step
	Refund   payment.ID // that holds the money
	Report   ident.Opaque
}

// Step is how far a row is.
type Step string

// The steps.
const (
	AtNoticed   Step = "noticed"
	AtHeld      Step = "held"
	AtRemitted  Step = "remitted"
	AtReclaimed Step = "reclaimed"
)

// Report is what a state was told.
type Report struct {
	ID      ident.Opaque
	Version int64
	State   string
	Year    int
	Entity  chart.EntityNo
	Remit   bool // the money was paid
	Items   int
	Total   money.Cents
	SHA256  string
	Bytes   []byte // sealed by the store
	By      ident.Actor
	MadeAt  time.Time
}

// Filter picks rows. Zero values pick all.
type Filter struct {
	State  string
	Year   int
	Steps  []Step
	Report ident.Opaque
}

// Store keeps rows and reports. Its errors are of package fault, and ErrMoved.
type Store interface {
	// SilentProperty lists refunds that came back and credit balances that arose before
	// a day, of accounts after one, in chunks of whole accounts, by book.
	SilentProperty(ctx context.Context, before calendar.Date, after ledger.BookNo, limit int) ([]Found, error)
	// UnclaimedRows lists rows by book and source.
	UnclaimedRows(ctx context.Context, f Filter) ([]Row, error)
	// SaveUnclaimed writes rows; a Version of 0 makes a new one. ErrMoved when one was
	// changed meanwhile or is there already.
	SaveUnclaimed(ctx context.Context, rows []Row) error
	// UnclaimedOf gives the rows of some accounts.
	UnclaimedOf(ctx context.Context, books []ledger.BookNo) ([]Row, error)
	// KeepUnclaimedReport keeps a report with its rows. ErrMoved when there is one.
	KeepUnclaimedReport(ctx context.Context, r Report, rows []Row) error
	// UnclaimedReport gives a report. NotFound when there is none.
	UnclaimedReport(ctx context.Context, id ident.Opaque) (Report, error)
	// UnclaimedReports lists reports without their bytes, the newest first.
	UnclaimedReports(ctx context.Context) ([]Report, error)
	// SaveUnclaimedReport notes that a report's money was paid.
	SaveUnclaimedReport(ctx context.Context, r Report) error
	// NoteContact notes a word of an owner: "call", "visit", "letter" or "login". The
	// same again changes nothing.
	NoteContact(ctx context.Context, book ledger.BookNo, on calendar.Date, how string, by ident.Actor) error
}

// Refunds hold the money.
type Refunds interface {
	Refund(ctx context.Context, id payment.ID) (back.Refund, []back.Event, error)
	Hold(ctx context.Context, id payment.ID, by ident.Actor, why string) (back.Refund, error)
	HoldCredit(ctx context.Context, key ident.Key, book ledger.BookNo, fund chart.Fund, by ident.Actor, why string) ([]back.Refund, error)
	Reclaim(ctx context.Context, id payment.ID, by ident.Actor, why string) (back.Refund, error)
	Remit(ctx context.Context, id payment.ID, tender back.Tender, by ident.Actor, note string) (back.Refund, error)
}

// Letters keep letters that are due.
type Letters interface {
	Keep(ctx context.Context, notices []notice.Notice) (int, error)
}

// House is what the desk must know of the installation.
type House interface {
	PostingDay(entity chart.EntityNo) calendar.Date
	PurseOf(fund chart.Fund) chart.Purse
}

// Options say by which law the desk works.
type Options struct {
	Laws   Laws
	Home   string // the state of incorporation, for owners without a known address
	Holder string // the plan's name, in reports
}

// Desk works on unclaimed property.
type Desk struct {
	store     Store
	refunds   Refunds
	letters   Letters
	approvals Approvals
	house     House
	clock     clock.Clock
	o         Options
}

// New makes a desk.
func New(store Store, refunds Refunds, letters Letters, approvals Approvals, house House, clk clock.Clock, o Options) *Desk {
	if o.Laws == nil {
		o.Laws = Embedded()
	}
	return &Desk{store, refunds, letters, approvals, house, clk, o}
}

// medicare are the lines whose premium is in part federal money.
var medicare = []coverage.Line{coverage.MA, coverage.MAPD, coverage.PDP}

// silentMost is how long before a report property is looked for, in days.
const silentMost = 400

// propertyTogether is how many items are read in one go.
const propertyTogether = 500

func (d *Desk) today() calendar.Date {
	return d.house.PostingDay(d.house.PurseOf(chart.Premium).Entity)
}

// Look tells of everything that will fall to a state within some thirteen months of a
// day, by account, and changes nothing.
func (d *Desk) Look(ctx context.Context, on calendar.Date, each func(Item) error) error {
	const op = "unclaimed.Look"
	least := yearsMax
	for _, law := range d.o.Laws {
		least = min(least, law.Years)
	}
	before := on.AddDays(silentMost).AddYears(-least)
	for after := ledger.BookNo(0); ; {
		some, err := d.store.SilentProperty(ctx, before, after, propertyTogether)
		if err != nil || len(some) == 0 {
			return fault.Wrap(op, err)
		}
		after = some[len(some)-1].Book
		kept, err := d.kept(ctx, some)
		if err != nil {
			return fault.Wrap(op, err)
		}
		for i := range some {
			item, err := d.judge(&some[i], kept, on)
			if err != nil {
				return fault.Wrap(op, err)
			}
			if item.ReportBy.After(on.AddDays(silentMost)) {
				continue
			}
			if err := each(item); err != nil {
				return err
			}
		}
	}
}

func (d *Desk) kept(ctx context.Context, some []Found) ([]Row, error) {
	var books []ledger.BookNo
	for i := range some {
		if n := len(books); n == 0 || books[n-1] != some[i].Book {
			books = append(books, some[i].Book)
		}
	}
	return d.store.UnclaimedOf(ctx, books)
}

// judge says what the law makes of property on a day.
func (d *Desk) judge(f *Found, kept []Row, on calendar.Date) (Item, error) {
	item := Item{Found: *f, State: f.Address.State, Silent: f.Since}
	if item.State == "" {
		item.State = d.o.Home
	}
	if f.HeardOf.After(item.Silent) {
		item.Silent = f.HeardOf
	}
	var err error
	if item.Law, err = d.o.Laws.Find(item.State, f.Type, on); err != nil {
		return item, err
	}
	item.Timing = item.Law.Timing(item.Silent)
	noticed := slices.ContainsFunc(kept, func(r Row) bool {
		return r.Book == f.Book && r.Source == f.source() && r.Year == item.Year && r.At == AtNoticed
	})
	switch {
	case f.Purse.Fund == chart.Premium && slices.ContainsFunc(f.Lines, func(l coverage.Line) bool { return slices.Contains(medicare, l) }):
		item.Standing = Federal
	case on.Before(item.LetterFrom):
		item.Standing = Waits
	case f.Amount < item.Law.LetterFrom:
		item.Standing = Small
	case noticed && on.After(item.LetterTo):
		item.Standing = Due
	case noticed:
		item.Standing = Noticed
	case on.After(item.LetterTo):
		item.Standing = Late
	default:
		item.Standing = LetterDue
	}
	return item, nil
}

// Letters keeps the letters to owners that the law demands on a day, each once, and
// gives how many are new. They go out with the next letters that are printed or mailed.
func (d *Desk) Letters(ctx context.Context, by ident.Actor) (int, error) {
	const op = "unclaimed.Letters"
	if by.IsZero() {
		return 0, fault.New(fault.Invalid, op, "letters are kept by a named actor")
	}
	on, made := d.today(), 0
	err := d.Look(ctx, on, func(item Item) error {
		if item.Standing != LetterDue {
			return nil
		}
		n, err := notice.New(notice.Notice{
			Book: item.Book, Kind: notice.UnclaimedMoney, Key: fmt.Sprintf("unclaimed/%d/%s", item.Year, item.source()), MadeOn: on, DueBy: item.LetterTo,
			Language: item.Language, Facts: notice.Facts{Amount: item.Amount, RequestBy: item.ReportBy.AddDays(-answerDays)},
		})
		if err != nil {
			return err
		}
		if _, err := d.letters.Keep(ctx, []notice.Notice{n}); err != nil {
			return err
		}
		err = d.store.SaveUnclaimed(ctx, []Row{item.row(on)})
		if errors.Is(err, ErrMoved) {
			return nil // another did
		}
		made++
		return err
	})
	return made, fault.Wrap(op, err)
}

// answerDays before the report an answer must be here, so that the money is not in it.
const answerDays = 20

func (i *Item) row(letter calendar.Date) Row {
	return Row{
		Book: i.Book, Source: i.source(), State: i.State, Type: i.Type, Purse: i.Purse, Amount: i.Amount, Since: i.Silent, Year: i.Year,
		LetterOn: letter, At: AtNoticed, Refund: i.Found.Refund,
	}
}

// Heard notes a word of an owner, which starts the time anew.
func (d *Desk) Heard(ctx context.Context, book ledger.BookNo, on calendar.Date, how string, by ident.Actor) error {
	const op = "unclaimed.Heard"
	switch {
	case by.IsZero() || !slices.Contains([]string{"call", "visit", "letter", "login"}, how):
		return fault.New(fault.Invalid, op, "say who noted it, and how the owner was heard of: call, visit, letter or login")
	case on.IsZero() || on.After(d.today()):
		return fault.New(fault.Invalid, op, "an owner was heard of on a day that is not ahead")
	}
	return fault.Wrap(op, d.store.NoteContact(ctx, book, on, how, by))
}

// Reports lists the reports, the newest first.
func (d *Desk) Reports(ctx context.Context) ([]Report, error) {
	all, err := d.store.UnclaimedReports(ctx)
	return all, fault.Wrap("unclaimed.Reports", err)
}
