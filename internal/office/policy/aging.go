package policy

import (
	"context"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/billpay"
)

// AgingStore keeps policies whose children may age out.
type AgingStore interface {
	// PolicyPlaces gives every state and line in which there are policies.
	PolicyPlaces(ctx context.Context) ([]rule.Place, error)
	// BornBooks gives at most so many books after one, in order, with a policy on which
	// somebody is or was covered who was born in one of some months.
	BornBooks(ctx context.Context, months []calendar.Month, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	SavePolicies(ctx context.Context, held []coverage.Held, known map[coverage.Key]coverage.Held) error
	OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)
}

// Aging looks for children who reach the age limit of dependants.
type Aging struct {
	Store AgingStore
	Trail *audit.Trail
	Rules *rule.Set
	// Months is how far ahead it looks.
	Months int
	// End adds terms without them where our own rates say what the policy then costs;
	// else they are listed and staff or the source end them.
	End bool
}

// agingPast is how many months back it looks for children who should have left.
const agingPast = 3

// Leaving is a child who reaches the age limit.
type Leaving struct {
	Account ident.Opaque  `json:"account"` // of the subscriber
	Policy  int64         `json:"policy"`
	Person  ident.Opaque  `json:"person,omitempty"` // the child's own account
	Line    coverage.Line `json:"line"`
	State   string        `json:"state"`
	LastDay calendar.Date `json:"last_day"`
	Note    string        `json:"note,omitempty"` // what staff must do; "" when nothing is to be done yet
}

// AgingReport is what a look found.
type AgingReport struct {
	From    calendar.Date `json:"from"`
	Through calendar.Date `json:"through"`
	Leaving int           `json:"leaving"`   // children whose last day lies between the two
	Ended   int           `json:"ended"`     // policies to which terms without them were added now
	Staff   int           `json:"for_staff"` // children whose leaving somebody must see to
	List    []Leaving     `json:"list,omitempty"`
	More    int           `json:"more,omitempty"`
}

// bornBooksTogether is how many accounts are looked at together.
const bornBooksTogether = 500

// Look lists the children who leave in the months to come, and those who should have
// left. Terms of days through billed are changed where Aging says so: what is billed
// next must be right. A dry run changes nothing.
func (a *Aging) Look(ctx context.Context, access audit.Access, day, billed calendar.Date, dry bool) (AgingReport, error) {
	const op = "policy.Look"
	month := calendar.MonthOf(day)
	report := AgingReport{From: month.Add(-agingPast).First(), Through: month.Add(a.Months).Last()}
	months, err := a.birthMonths(ctx, &report)
	if err != nil || len(months) == 0 {
		return report, fault.Wrap(op, err)
	}
	for after := ledger.BookNo(0); ; {
		books, err := a.Store.BornBooks(ctx, months, after, bornBooksTogether)
		if err != nil || len(books) == 0 {
			return report, fault.Wrap(op, err)
		}
		after = books[len(books)-1]
		if err := a.books(ctx, access, books, day, billed, dry, &report); err != nil {
			return report, fault.Wrap(op, err)
		}
	}
}

// birthMonths gives the months in which somebody was born who may leave in the
// report's days, by any rule that is in force for a policy. Within a year's end all
// of its months may.
func (a *Aging) birthMonths(ctx context.Context, report *AgingReport) ([]calendar.Month, error) {
	places, err := a.Store.PolicyPlaces(ctx)
	if err != nil {
		return nil, err
	}
	var months []calendar.Month
	for _, place := range places {
		age, when, err := a.limit(place, report.Through)
		if err != nil {
			return nil, err
		}
		from, to := calendar.MonthOf(report.From), calendar.MonthOf(report.Through).Add(1)
		switch when {
		case coverage.Never:
			continue
		case coverage.AtYearEnd:
			from = calendar.MonthIn(from.Year(), time.January)
		}
		for m := from; !m.After(to); m = m.Add(1) {
			months = append(months, m.Add(-12*age))
		}
	}
	slices.SortFunc(months, calendar.Month.Compare)
	return slices.Compact(months), nil
}

// limit gives the age limit in force in a place.
func (a *Aging) limit(place rule.Place, on calendar.Date) (int, coverage.Leaves, error) {
	age, err := a.Rules.Find(rule.DependantAge, place, on)
	if err != nil {
		return 0, "", err
	}
	when, err := a.Rules.Find(rule.DependantLeaves, place, on)
	return age.Count(), coverage.Leaves(when.Word()), err
}

// books looks at the policies of some subscribers, again when one changed meanwhile.
func (a *Aging) books(
	ctx context.Context, access audit.Access, books []ledger.BookNo, day, billed calendar.Date, dry bool, report *AgingReport,
) error {
	numbers := make([]billpay.Number, len(books))
	for i, book := range books {
		numbers[i] = billpay.Number(book)
	}
	var err error
	for range retriesMax {
		before := *report
		before.List = slices.Clone(report.List)
		var held []coverage.Held
		if held, err = a.Store.PoliciesOf(ctx, numbers); err != nil {
			return err
		}
		l := &look{Aging: a, day: day, billed: billed, report: report, known: map[coverage.Key]coverage.Held{}}
		for i := range held {
			if err := l.policy(ctx, &held[i]); err != nil {
				return err
			}
		}
		if dry || len(l.changed) == 0 {
			return nil
		}
		if err := a.Trail.Record(ctx, access, audit.Enrol, l.books()...); err != nil {
			return err
		}
		if err = a.Store.SavePolicies(ctx, l.changed, l.known); fault.KindOf(err) != fault.Conflict || err == nil {
			return err
		}
		*report = before
	}
	return err
}

// look is one look at some policies.
type look struct {
	*Aging
	day, billed calendar.Date
	report      *AgingReport
	changed     []coverage.Held
	known       map[coverage.Key]coverage.Held
}

func (l *look) books() []ledger.BookNo {
	var books []ledger.BookNo
	for i := range l.changed {
		books = append(books, ledger.BookNo(l.changed[i].Number))
	}
	slices.Sort(books)
	return slices.Compact(books)
}

func (l *look) policy(ctx context.Context, h *coverage.Held) error {
	age, when, err := l.limit(rule.Place{State: h.State, Line: h.Line}, l.report.Through)
	if err != nil {
		return err
	}
	leavers := h.AgingOut(l.report.From, l.report.Through, age, when)
	if len(leavers) == 0 {
		return nil
	}
	account, err := l.Store.OpaqueOf(ctx, ledger.BookNo(h.Number))
	if err != nil {
		return err
	}
	s := &state{Held: h.Clone()}
	changed := false
	for _, leaver := range leavers {
		note := l.note(h, leaver)
		if l.End && note == "" && leaver.LastDay.Before(l.billed) {
			changed = s.recast(leaver.LastDay.AddDays(1), calendar.Date{}, l.day, func(old coverage.Terms) coverage.Terms {
				old.Members = without(old.Members, []coverage.Insured{leaver.Person})
				old.Cause = coverage.AgedOut
				return old
			}) || changed
		}
		if err := l.list(ctx, Leaving{Account: account, Policy: h.No, Line: h.Line, State: h.State, LastDay: leaver.LastDay, Note: note}, leaver); err != nil {
			return err
		}
	}
	if changed {
		l.report.Ended++
		l.known[h.Key()] = *h
		l.changed = append(l.changed, s.Held)
	}
	return nil
}

// note says what staff must do about a leaver. A premium that a source stated is not
// ours to compute anew; what the plan does not have ended is not ended.
func (l *look) note(h *coverage.Held, leaver coverage.Leaver) string {
	terms, _ := h.On(leaver.LastDay.AddDays(1))
	switch {
	case leaver.LastDay.Before(l.day): // to end it now would take back coverage (45 CFR 147.128)
		return "should have left; have the source end the coverage, or import terms without the child"
	case l.End && !terms.Stated && !h.Line.OnExchange():
		return ""
	case terms.Stated || h.Line.OnExchange():
		return "the premium is stated by the source; it must send new terms, or an end"
	}
	return "import terms without the child from the day after"
}

func (l *look) list(ctx context.Context, v Leaving, leaver coverage.Leaver) error {
	l.report.Leaving++
	if v.Note != "" {
		l.report.Staff++
	}
	if len(l.report.List) >= LinesMax {
		l.report.More++
		return nil
	}
	if !leaver.Person.Number.IsZero() {
		person, err := l.Store.OpaqueOf(ctx, ledger.BookNo(leaver.Person.Number))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		v.Person = person
	}
	l.report.List = append(l.report.List, v)
	return nil
}
