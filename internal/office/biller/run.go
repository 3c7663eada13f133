package biller

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

// PolicyStore keeps policies and what was billed for them.
type PolicyStore interface {
	// PolicyBooks gives at most so many books after one, in order, that hold policies
	// which are not billed through a period on all that is known.
	PolicyBooks(ctx context.Context, period calendar.Month, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	// PoliciesOf gives the policies of subscribers, in the order of their keys.
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	// Charges gives everything that was billed for the policies of subscribers.
	Charges(ctx context.Context, numbers []billpay.Number) ([]coverage.Charge, error)
	// PolicyKinds gives every combination of line, state and product among policies
	// that cover a day of a month.
	PolicyKinds(ctx context.Context, month calendar.Month) ([]PolicyKind, error)
	// BeginRun gives the number of the run of a kind for a period on a day, the same
	// whenever it is asked for again.
	BeginRun(ctx context.Context, run Run) (int64, error)
	// RunChunks gives what a run has done so far, in the order of books.
	RunChunks(ctx context.Context, run int64) ([]cashier.RunChunk, error)
	// LastInvoices gives the last bill of each book that has one.
	LastInvoices(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]LastInvoice, error)
	// PaidSince gives what was applied to premium items of books by payments that were
	// posted after their last bill, in order.
	PaidSince(ctx context.Context, last map[ledger.BookNo]LastInvoice) (map[ledger.BookNo][]invoice.Payment, error)
	// LastRun gives the number of the last run of a kind for a period, or 0.
	LastRun(ctx context.Context, kind string, period calendar.Month) (int64, error)
	// Read reads books without the wish to write them.
	Read(ctx context.Context, want cashier.Want) (cashier.Have, error)
}

// PolicyKind is what rules and rates depend on.
type PolicyKind struct {
	Line    coverage.Line
	State   string
	Product string
	Rated   bool // some of them by our tables, not as stated
}

// LastInvoice is what the next bill must know of the one before.
type LastInvoice struct {
	No       int64
	Period   calendar.Month
	Sequence int   // within the period
	Posted   int64 // the book's transactions when it was made
}

// Run identifies a billing run: running it again goes on where it was.
type Run struct {
	Kind   string // "premium"
	Period calendar.Month
	Day    calendar.Date
	Actor  ident.Actor
}

// Terms are the plan's own terms of billing.
type Terms struct {
	RemitTo   invoice.Address
	Proration premium.Method    // of contracts; exchanges prorate by day whatever it says
	Products  map[string]string // what people call a plan, by its id
}

// Monthly runs the billing of a month.
type Monthly struct {
	Store   PolicyStore
	Cashier *cashier.Cashier
	House   House
	Rules   *rule.Set
	Rates   *premium.Rates // nil when every premium is stated
	Terms   Terms
	Lanes   int // chunks that are billed at the same time
	// Progress is told how many policies are done; it may be nil.
	Progress func(policies int)
}

// Tally is what a run billed, for its control report.
type Tally struct {
	Policies    int                           `json:"policies"`
	Billed      int                           `json:"billed"` // policies with a line for the period
	Items       int                           `json:"items"`
	Gross       money.Cents                   `json:"gross_cents"`       // the period's lines of all owners
	Member      money.Cents                   `json:"member_cents"`      // of them what members owe
	Others      money.Cents                   `json:"others_cents"`      // and what others owe
	Adjustments money.Cents                   `json:"adjustments_cents"` // of earlier months, what members owe
	Credits     money.Cents                   `json:"credits_cents"`     // of it what was taken back
	Invoices    int                           `json:"invoices"`
	Owners      map[premium.Owner]money.Cents `json:"owners_cents"` // by who owes
	// Exceptions are policies that were not billed, and why; the first of Excepted.
	Exceptions []fault.Problem `json:"exceptions,omitempty"`
	Excepted   int             `json:"excepted"`
}

func (t *Tally) add(o *Tally) {
	t.Policies, t.Billed, t.Items, t.Invoices = t.Policies+o.Policies, t.Billed+o.Billed, t.Items+o.Items, t.Invoices+o.Invoices
	t.Gross, t.Member, t.Others = t.Gross+o.Gross, t.Member+o.Member, t.Others+o.Others
	t.Adjustments, t.Credits = t.Adjustments+o.Adjustments, t.Credits+o.Credits
	for owner, cents := range o.Owners {
		t.owes(owner, cents)
	}
	excepted := t.Excepted + o.Excepted
	t.except(o.Exceptions...)
	t.Excepted = excepted
}

func (t *Tally) owes(owner premium.Owner, cents money.Cents) {
	if t.Owners == nil {
		t.Owners = map[premium.Owner]money.Cents{}
	}
	t.Owners[owner] += cents
}

// exceptionsMax bounds the exceptions that are listed; all are counted.
const exceptionsMax = 1000

func (t *Tally) except(problems ...fault.Problem) {
	t.Excepted += len(problems)
	t.Exceptions = append(t.Exceptions, problems[:min(len(problems), exceptionsMax-min(len(t.Exceptions), exceptionsMax))]...)
}

// Report is what a run did, or in a dry run would do.
type Report struct {
	Run      int64           `json:"run,omitempty"`
	Period   calendar.Month  `json:"period"`
	Day      calendar.Date   `json:"day"`
	DryRun   bool            `json:"dry_run"`
	Problems []fault.Problem `json:"problems,omitempty"` // why nothing was billed
	Alarms   []string        `json:"alarms,omitempty"`   // rules for which the product's default stands in
	Tally
	Before *Tally `json:"previous,omitempty"` // what was billed for the month before
}

// chunkBooks is how many books one storage transaction bills.
const chunkBooks = 500

// Bill runs a month: what every policy should cost through the period, less what
// was billed. Run again it bills what became due since, and goes on where a run
// that was cut short had come. Problems stop it before anything is billed.
func (m *Monthly) Bill(ctx context.Context, run Run, dry bool) (Report, error) {
	const op = "biller.Bill"
	report := Report{Period: run.Period, Day: run.Day, DryRun: dry}
	kinds, err := m.Store.PolicyKinds(ctx, run.Period)
	if err != nil {
		return report, fault.Wrap(op, err)
	}
	if report.Problems, report.Alarms = m.gaps(kinds, run.Period); len(report.Problems) > 0 {
		return report, nil
	}
	if !dry {
		if report.Run, err = m.Store.BeginRun(ctx, run); err != nil {
			return report, fault.Wrap(op, err)
		}
	}
	done, err := m.Store.RunChunks(ctx, report.Run)
	if err != nil {
		return report, fault.Wrap(op, err)
	}
	w := &work{m: m, run: run, no: report.Run, dry: dry}
	for _, c := range done {
		if err := w.resume(c); err != nil {
			return report, fault.Wrap(op, err)
		}
	}
	if err := w.all(ctx, done); err != nil {
		return report, fault.Wrap(op, err)
	}
	report.Tally = w.tally
	if !dry {
		if report.Tally, err = m.tally(ctx, report.Run); err != nil {
			return report, fault.Wrap(op, err)
		}
	}
	before, err := m.Store.LastRun(ctx, run.Kind, run.Period.Add(-1))
	if err != nil || before == 0 {
		return report, fault.Wrap(op, err)
	}
	tally, err := m.tally(ctx, before)
	report.Before = &tally
	return report, fault.Wrap(op, err)
}

// gaps names every kind of policy for which a rule is missing, and those for
// which the product's default stands in.
func (m *Monthly) gaps(kinds []PolicyKind, period calendar.Month) (problems []fault.Problem, alarms []string) {
	var places []rule.Place
	for _, k := range kinds {
		if at := (rule.Place{State: k.State, Line: k.Line}); !slices.Contains(places, at) {
			places = append(places, at)
		}
		if !k.Rated {
			continue
		}
		for _, gap := range m.Rates.Gaps(k.Line, k.State, k.Product, period) {
			problems = append(problems, fault.Problem{Record: k.Product, Field: string(k.Line) + " " + k.State, Message: gap})
		}
	}
	for _, gap := range m.Rules.Gaps(period.First(), places) {
		if gap.Default != nil {
			alarms = append(alarms, gap.String())
			continue
		}
		problems = append(problems, fault.Problem{Record: gap.At.String(), Field: string(gap.Rule), Message: gap.String()})
	}
	return problems, alarms
}

// tally adds up what stands of a run, whoever did it.
func (m *Monthly) tally(ctx context.Context, run int64) (Tally, error) {
	done, err := m.Store.RunChunks(ctx, run)
	w := &work{m: &Monthly{}, no: run}
	for _, c := range done {
		if err := w.resume(c); err != nil {
			return Tally{}, err
		}
	}
	return w.tally, err
}

// work is one run under way.
type work struct {
	m   *Monthly
	run Run
	no  int64
	dry bool

	known sync.Map // premium.Rules by ruled

	mu    sync.Mutex
	tally Tally
}

func (w *work) resume(c cashier.RunChunk) error {
	var t Tally
	if err := json.Unmarshal([]byte(c.Report), &t); err != nil {
		return fault.New(fault.Corrupt, "biller.resume", "the report of a chunk of run %d does not parse", w.no)
	}
	w.note(&t)
	return nil
}

func (w *work) note(t *Tally) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.add(t)
	if w.m.Progress != nil {
		w.m.Progress(w.tally.Policies)
	}
}

// all hands chunks of books to the lanes, past those that are done.
func (w *work) all(ctx context.Context, done []cashier.RunChunk) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	chunks := make(chan []ledger.BookNo)
	var lanes sync.WaitGroup
	for range max(1, w.m.Lanes) {
		lanes.Go(func() {
			for books := range chunks {
				if err := w.chunk(ctx, books); err != nil {
					stop(err)
				}
			}
		})
	}
	err := w.feed(ctx, done, chunks)
	close(chunks)
	lanes.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (w *work) feed(ctx context.Context, done []cashier.RunChunk, chunks chan<- []ledger.BookNo) error {
	after := ledger.BookNo(0)
	for {
		books, err := w.m.Store.PolicyBooks(ctx, w.run.Period, after, chunkBooks)
		if err != nil || len(books) == 0 {
			return err
		}
		after = books[len(books)-1]
		left := slices.DeleteFunc(books, func(no ledger.BookNo) bool {
			at, _ := slices.BinarySearchFunc(done, no, func(c cashier.RunChunk, no ledger.BookNo) int { return cmp.Compare(c.To, no) })
			return at < len(done) && done[at].From <= no
		})
		if len(left) == 0 {
			continue
		}
		select {
		case chunks <- left:
		case <-ctx.Done():
			return nil // the cause says why
		}
	}
}

func (w *work) chunk(ctx context.Context, books []ledger.BookNo) error {
	var t Tally
	due := func(ctx context.Context, have map[ledger.BookNo]cashier.Book) (cashier.Charging, error) {
		d := &due{
			w: w, have: have, purse: w.m.House.PurseOf(chart.Premium),
			out: cashier.Charging{Billed: map[coverage.Key]coverage.Billed{}},
		}
		err := d.find(ctx, books)
		t = d.tally
		return d.out, err
	}
	if w.dry {
		have, err := w.m.Store.Read(ctx, cashier.Want{Books: books})
		if err == nil {
			_, err = due(ctx, have.Books)
		}
		if err != nil {
			return err
		}
		w.note(&t)
		return nil
	}
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("run:%d:%d", w.no, books[0])), Actor: w.run.Actor}
	chunk := cashier.RunChunk{Run: w.no, From: books[0], To: books[len(books)-1]}
	if _, err := w.m.Cashier.Charge(ctx, order, chunk, books, due); err != nil {
		return err
	}
	w.note(&t)
	return nil
}
