package autopay

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Bounds of a run. A chunk is one storage transaction; the embedded database must not
// be held up for longer than it takes.
const (
	planChunk  = 1000
	orderChunk = 1000

	// planAhead is how many days before a debit it is planned: the notice's ten, and time
	// to print and mail it.
	planAhead = mandate.NoticeDays + 6
	// arrearsDays is how old a debt may be that a mandate still takes.
	arrearsDays = 365
	// dueAhead is how far a due date may lie behind its debit: a day of the same month, or
	// the days before it that a payer may choose.
	dueAhead = 31
)

// Report is what a day's run did.
type Report struct {
	Day     calendar.Date `json:"day"`
	Carried int           `json:"carried"` // mandates that went over to a surviving account
	Planned Planning      `json:"planned"`
	Letters Letters       `json:"letters"`
	Ordered Ordered       `json:"ordered"`
	Cards   *CardTally    `json:"cards,omitempty"` // of the queue, where cards are pulled
}

// Planning counts what was planned.
type Planning struct {
	Mandates int         `json:"mandates"` // with something newly due
	Debits   int         `json:"debits"`
	Cents    money.Cents `json:"cents"`
	Announce int         `json:"to_announce"`
	Moved    int         `json:"moved"` // to a later day, so that they are announced in time
	Skipped  int         `json:"skipped"`
	Capped   int         `json:"capped"` // less than is due, because of the cap
}

func (p *Planning) add(o *Planning) {
	p.Mandates, p.Debits, p.Cents = p.Mandates+o.Mandates, p.Debits+o.Debits, p.Cents+o.Cents
	p.Announce, p.Moved, p.Skipped, p.Capped = p.Announce+o.Announce, p.Moved+o.Moved, p.Skipped+o.Skipped, p.Capped+o.Capped
}

// Run carries out a day: takes mandates along that were merged, plans what became due,
// keeps the letters that this asks for, and sends what goes out today. It may be cut
// short and repeated: nothing is planned, announced or sent twice. Cards are only put
// into the queue: PullCards works it.
func (d *Desk) Run(ctx context.Context, day calendar.Date, actor ident.Actor, post Post) (Report, error) {
	const op = "autopay.Run"
	if actor.IsZero() {
		return Report{}, fault.New(fault.Denied, op, "no money moves without a named actor")
	}
	report := Report{Day: day}
	var err error
	if report.Carried, err = d.carryMerged(ctx, actor, day); err != nil {
		return report, fault.Wrap(op, err)
	}
	if report.Planned, err = d.Plan(ctx, day, actor); err != nil {
		return report, fault.Wrap(op, err)
	}
	if post != nil {
		if report.Letters, err = d.keepLetters(ctx, day, post); err != nil {
			return report, fault.Wrap(op, err)
		}
	}
	report.Ordered, err = d.SendDue(ctx, day, actor)
	return report, fault.Wrap(op, err)
}

// Plan plans every debit that falls into the days ahead.
func (d *Desk) Plan(ctx context.Context, day calendar.Date, actor ident.Actor) (Planning, error) {
	const phase = "plan"
	var total Planning
	after, err := d.resume(ctx, day, phase, func(report string) error {
		var p Planning
		err := json.Unmarshal([]byte(report), &p)
		total.add(&p)
		return err
	})
	if err != nil {
		return total, err
	}
	for {
		to, err := d.Store.PlanEnd(ctx, after, planChunk)
		if err != nil {
			return total, err
		}
		if to == 0 {
			return total, d.Store.EndPhase(ctx, day, phase)
		}
		counts, err := d.planChunk(ctx, day, Span{after, to}, actor)
		if err != nil {
			return total, err
		}
		total.add(&counts)
		after = to
	}
}

// resume gives the book after which a phase goes on. A phase that was through begins
// anew, for what became known since.
func (d *Desk) resume(ctx context.Context, day calendar.Date, phase string, had func(report string) error) (ledger.BookNo, error) {
	progress, err := d.Store.PhaseProgress(ctx, day, phase)
	if err != nil || progress.Done {
		return 0, err
	}
	for _, report := range progress.Reports {
		if err := had(report); err != nil {
			return 0, fault.New(fault.Corrupt, "autopay.resume", "the report of a chunk of %s does not parse", day)
		}
	}
	return progress.Through, nil
}

func (d *Desk) planChunk(ctx context.Context, day calendar.Date, in Span, actor ident.Actor) (Planning, error) {
	var err error
	for range changeRetries {
		var found []Candidate
		found, err = d.Store.Candidates(ctx, in, day.AddDays(-arrearsDays), day.AddDays(planAhead+dueAhead))
		if err != nil {
			return Planning{}, err
		}
		var taken map[ident.Opaque]map[calendar.Date]bool
		if taken, err = d.Store.PulledDays(ctx, in, day); err != nil {
			return Planning{}, err
		}
		p := planner{day: day, taken: taken, at: mandate.Event{Act: "skip", At: d.Clock.Now(), Actor: actor, Reason: "the debit that was to be left out"}}
		for i := range found {
			p.plan(&found[i])
		}
		var report []byte
		if report, err = json.Marshal(&p.counts); err != nil {
			return Planning{}, err
		}
		err = d.Store.SavePlans(ctx, Plans{Day: day, Span: in, Pulls: p.pulls, Spent: p.spent, Report: string(report), At: d.Clock.Now()})
		if !errors.Is(err, ErrMoved) {
			return p.counts, err
		}
	}
	return Planning{}, err
}

// planner plans the debits of a chunk.
type planner struct {
	day    calendar.Date
	taken  map[ident.Opaque]map[calendar.Date]bool // days that have a debit already
	at     mandate.Event                           // of a mandate whose skip is used
	pulls  []Pull
	spent  []Change
	counts Planning
}

// plan groups what is open by the day of its debit and plans each group.
func (p *planner) plan(c *Candidate) {
	groups := map[calendar.Date]*Pull{}
	var days []calendar.Date
	for _, item := range c.Items {
		on := c.Day.DebitOn(item.DueOn)
		if earliest := max2(p.day, c.BeginsOn); on.Before(earliest) {
			on = earliest // arrears are taken together
		}
		for p.taken[c.ID][on] {
			on = on.AddDays(1) // a day has one debit
		}
		if on.After(p.day.AddDays(planAhead)) {
			continue
		}
		g := groups[on]
		if g == nil {
			g = &Pull{
				ID: ident.NewOpaque(), Book: c.Book, Mandate: c.ID, DueOn: on, Method: c.Method, Tender: c.Tender, Purse: c.Purse, Class: c.Class,
			}
			groups[on], days = g, append(days, on)
		}
		g.Amount += item.Open
		g.Items = append(g.Items, item.No)
	}
	if len(days) == 0 {
		return
	}
	p.counts.Mandates++
	slices.SortFunc(days, calendar.Date.Compare)
	before := c.Last
	for _, on := range days {
		before = p.decide(c, groups[on], before)
	}
}

// decide says what becomes of one debit and gives the amount with which the next one is
// compared.
func (p *planner) decide(c *Candidate, pull *Pull, before money.Cents) money.Cents {
	if capped := c.Capped(pull.Amount); capped < pull.Amount {
		pull.Amount = capped
		p.counts.Capped++
	}
	pull.Before, pull.State = before, Planned
	announce := c.Range.Asks(before, pull.Amount)
	if announce {
		pull.Notice = NoticeDue
	}
	pull.Times = mandate.Schedule(c.Tender, p.day, pull.DueOn, announce)
	switch {
	case c.PausedOn(pull.DueOn):
		pull.State, pull.Why = Skipped, whyPaused
	case !c.SkipFrom.IsZero() && !pull.DueOn.Before(c.SkipFrom):
		pull.State, pull.Why = Skipped, whySkipped
		p.spend(c)
	}
	if pull.State == Skipped {
		pull.Notice = NoNotice
		p.counts.Skipped++
		p.pulls = append(p.pulls, *pull)
		return before
	}
	p.counts.Debits++
	p.counts.Cents += pull.Amount
	if announce {
		p.counts.Announce++
	}
	if pull.Times.Credit.After(pull.DueOn) {
		p.counts.Moved++
	}
	p.pulls = append(p.pulls, *pull)
	return pull.Amount
}

// spend uses up the one skip that a payer asked for.
func (p *planner) spend(c *Candidate) {
	c.SkipFrom = calendar.Date{}
	p.spent = append(p.spent, Change{Mandate: c.Mandate, Event: p.at})
}

func max2(a, b calendar.Date) calendar.Date {
	if a.Before(b) {
		return b
	}
	return a
}

// SendDue sends every planned debit that goes out on a day.
func (d *Desk) SendDue(ctx context.Context, day calendar.Date, actor ident.Actor) (Ordered, error) {
	var total Ordered
	filed := day
	for !filed.IsBusinessDay() {
		filed = filed.AddDays(1)
	}
	after := ledger.BookNo(0)
	for {
		to, err := d.Store.OrderEnd(ctx, day, after, orderChunk)
		if err != nil || to == 0 {
			return total, err
		}
		sent, err := d.Store.OrderPulls(ctx, Ordering{Day: day, Settle: filed.AddBusinessDays(1), Span: Span{after, to}, Actor: actor})
		if err != nil {
			return total, err
		}
		total.add(sent)
		after = to
	}
}

// carryMerged takes live mandates of merged accounts along to the survivor, where no
// mandate is live for the fund; else they end, for one debit is enough. The consent
// stays the same: it is kept again, with its evidence, under the new account.
func (d *Desk) carryMerged(ctx context.Context, actor ident.Actor, day calendar.Date) (int, error) {
	carried := 0
	for {
		found, err := d.Store.MovedMandates(ctx, planChunk)
		if err != nil || len(found) == 0 {
			return carried, err
		}
		for _, m := range found {
			went, err := d.carry(ctx, m, actor, day)
			if err != nil {
				return carried, err
			}
			if went {
				carried++
			}
		}
	}
}

func (d *Desk) carry(ctx context.Context, at Moved, actor ident.Actor, day calendar.Date) (bool, error) {
	m, err := d.Store.Mandate(ctx, at.Book, at.ID)
	if err != nil {
		return false, err
	}
	others, err := d.Store.Mandates(ctx, at.Survivor)
	if err != nil {
		return false, err
	}
	e := mandate.Event{Act: "carry", At: d.Clock.Now(), Actor: actor, Reason: "the billing accounts were merged"}
	old := m
	if err := old.End(mandate.Ended, mandate.Merged, day); err != nil {
		return false, err
	}
	ended := Change{Mandate: old, Event: e, Drop: Drop{State: Dropped, Why: string(mandate.Merged)}}
	if slices.ContainsFunc(others, func(o mandate.Mandate) bool { return o.State.Live() && o.Purse == m.Purse }) {
		return false, d.Store.SaveMandate(ctx, ended)
	}
	method, err := d.Store.Method(ctx, at.Book, m.Method)
	if err != nil {
		return false, err
	}
	if m.Last, err = d.lastDebit(ctx, &m); err != nil {
		return false, err
	}
	key := ident.Key("merge:" + string(m.ID))
	method.ID, method.Book = idOf("method", key), at.Survivor
	m.ID, m.Book, m.Version, m.Method, m.Follows = idOf("mandate", key), at.Survivor, 1, method.ID, at.ID
	err = d.Store.KeepMandate(ctx, Giving{Method: &method, Mandate: m, Event: e, Instead: &ended, Body: "merge"})
	return err == nil, err
}

// lastDebit gives the amount of a mandate's last debit, or what was told with it.
func (d *Desk) lastDebit(ctx context.Context, m *mandate.Mandate) (money.Cents, error) {
	pulls, err := d.Store.PullsOf(ctx, m.Book, m.ID, pullsShown)
	for i := range pulls {
		switch pulls[i].State {
		case Sent, Paid, Returned, Planned:
			return pulls[i].Amount, err
		}
	}
	return m.Last, err
}
