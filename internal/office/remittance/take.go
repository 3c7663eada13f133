package remittance

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/people/billpay"
)

// chunkLines is how many lines are looked up and kept at once.
const chunkLines = 500

// Taken is what became of one payment of a file.
type Taken struct {
	Set        int            `json:"set"`
	Payer      string         `json:"payer"`
	Trace      string         `json:"trace"`
	Month      calendar.Month `json:"month,omitzero"`
	Amount     money.Cents    `json:"amount_cents"`
	Lines      int            `json:"lines"`
	Exceptions int            `json:"exceptions"` // lines that staff must look at
	Results    []ResultCount  `json:"results,omitempty"`
	Settled    bool           `json:"settled"`
	Duplicate  bool           `json:"duplicate,omitempty"` // it was taken before; nothing was taken again
	Why        string         `json:"why,omitempty"`       // it is not settled
	Message    string         `json:"message"`             // the above for people
}

// words says what became of the payment in a line.
func (t *Taken) words() string {
	text := fmt.Sprintf("%s, %s, trace %s, %d lines", t.Payer, t.Amount.Grouped(), t.Trace, t.Lines)
	for _, r := range t.Results {
		text += fmt.Sprintf(", %d %s", r.Months, r.Result)
	}
	if t.Exceptions > 0 {
		text += fmt.Sprintf(", %d exceptions", t.Exceptions)
	}
	switch {
	case t.Duplicate:
		return text + ": it was taken before, nothing was taken again"
	case t.Settled:
		return text + ": settled"
	}
	return text + ": waits, " + t.Why
}

// Report is what became of a file.
type Report struct {
	Payments []Taken `json:"payments"`
}

// Prove reads a file to its end for what would stop it from being taken: a payer
// that is not registered, or a trace that was explained before as another amount.
// The same payment explained again is no problem, and is not taken again.
func (m *Remittances) Prove(ctx context.Context, r io.Reader, read Reader) ([]fault.Problem, error) {
	var own []fault.Problem
	type traced struct {
		payer billpay.Number
		trace string
		on    calendar.Date
	}
	seen := map[traced]bool{}
	problems, err := read(r, func(p Payment) error {
		refuse := func(field, format string, args ...any) {
			if len(own) < fault.ProblemsMax {
				own = append(own, fault.Problem{Line: p.FileLine, Record: "820", Field: field, Message: fmt.Sprintf(format, args...)})
			}
		}
		payer, why, err := m.payer(ctx, &p)
		if err != nil {
			return err
		}
		if why != "" {
			refuse("payer", "%s", why)
			return nil
		}
		_, amount, explained, err := m.store.Explained(ctx, payer.Number, p.Trace, p.PaidOn)
		key := traced{payer.Number, p.Trace, p.PaidOn}
		if explained && amount != p.Amount || seen[key] {
			refuse("trace", "the payment with this trace of %s was explained before, otherwise: nothing of this file is taken", p.PaidOn)
		}
		seen[key] = true
		return err
	}, func(Line) error { return ctx.Err() })
	return append(problems, own...), fault.Wrap("remittance.Prove", err)
}

// payer finds who pays, or says why nobody is known.
func (m *Remittances) payer(ctx context.Context, p *Payment) (payer *biller.Payer, why string, err error) {
	if p.PayerID == "" {
		return nil, "the payer gives no id of its own, so it is not known whose bill is paid", nil
	}
	named, err := m.store.PayersNamed(ctx, p.PayerID)
	if err != nil {
		return nil, "", err
	}
	if len(named) > 1 && p.Group != "" {
		named = slices.DeleteFunc(named, func(n biller.Payer) bool { return !strings.EqualFold(n.Group, p.Group) })
	}
	numbers := map[billpay.Number]bool{}
	for i := range named {
		numbers[named[i].Number] = true
	}
	switch len(numbers) {
	case 0:
		return nil, "no payer is registered under the id that the file gives: add it with \"billfold payer add\" and send the file again", nil
	case 1:
		return &named[0], "", nil
	}
	return nil, "several payers are registered under the id that the file gives, and its group tells them not apart", nil
}

// Take takes the payments of a file that has proved good, and settles those whose
// money is here. Taking it again goes on where it was.
func (m *Remittances) Take(ctx context.Context, file ledger.BookNo, r io.Reader, read Reader, by ident.Actor) (Report, error) {
	t := &taking{m: m, ctx: ctx, file: file, by: by}
	problems, err := read(r, t.begin, t.line)
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Corrupt, "", "the kept file no longer proves: %s", problems[0])
	}
	if err == nil {
		err = t.end()
	}
	return t.report, fault.Wrap("remittance.Take", err)
}

// taking is a file under way.
type taking struct {
	m      *Remittances
	ctx    context.Context
	file   ledger.BookNo
	by     ident.Actor
	report Report

	payer      *biller.Payer // of the payment at hand, nil before the first
	payment    Payment
	waiting    []Line
	lines      int
	exceptions int
	months     map[calendar.Month]money.Cents // what lines bring that adjust nothing
	before     bool                           // another file explained the payment
}

func (t *taking) begin(p Payment) error {
	if err := t.end(); err != nil {
		return err
	}
	payer, why, err := t.m.payer(t.ctx, &p)
	if err == nil && why != "" {
		err = fault.New(fault.Conflict, "", "%s; it was registered when the file was proved", why)
	}
	t.payer, t.payment = payer, p
	t.lines, t.exceptions, t.months = 0, 0, map[calendar.Month]money.Cents{}
	if err != nil {
		return err
	}
	id, _, explained, err := t.m.store.Explained(t.ctx, payer.Number, p.Trace, p.PaidOn)
	t.before = explained && id != t.id()
	return err
}

func (t *taking) line(l Line) error {
	t.lines++
	if l.Kind == Premium && !l.Adjusts && !l.Month.IsZero() {
		t.months[l.Month] += l.Cents
	}
	if t.before {
		return nil
	}
	t.waiting = append(t.waiting, l)
	if len(t.waiting) < chunkLines {
		return nil
	}
	return t.flush()
}

func (t *taking) id() ID { return ID{t.file, t.payment.Set} }

func (t *taking) flush() error {
	if len(t.waiting) == 0 {
		return nil
	}
	kept, err := t.m.find(t.ctx, t.id(), t.payer, t.waiting)
	if err != nil {
		return err
	}
	for i := range kept {
		if kept[i].Exception != "" {
			t.exceptions++
		}
	}
	t.waiting = t.waiting[:0]
	return t.m.store.KeepLines(t.ctx, kept)
}

// end finishes the payment at hand.
func (t *taking) end() error {
	if t.payer == nil {
		return nil
	}
	if t.before {
		t.tell(Taken{
			Set: t.payment.Set, Payer: t.payer.Name, Trace: t.payment.Trace, Amount: t.payment.Amount, Lines: t.lines, Duplicate: true,
		})
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	r := Remittance{
		ID: t.id(), Payer: t.payer.Number, Payment: t.payment, Lines: t.lines, Month: mainMonth(t.months),
		TakenAt: t.m.clock.Now(), Actor: t.by,
	}
	if err := t.m.reconcile(t.ctx, &r, t.payer); err != nil {
		return err
	}
	if err := t.m.store.KeepRemittance(t.ctx, r); err != nil {
		return err
	}
	taken := Taken{
		Set: r.ID.Set, Payer: t.payer.Name, Trace: r.Trace, Month: r.Month, Amount: r.Amount, Lines: t.lines, Exceptions: t.exceptions,
	}
	var err error
	if taken.Results, err = t.m.store.Results(t.ctx, r.ID); err != nil {
		return err
	}
	settled, err := t.m.settle(t.ctx, &r, nil, t.by)
	if err != nil {
		return err
	}
	taken.Settled, taken.Why = settled.Done, settled.Why
	t.tell(taken)
	return nil
}

// tell notes what became of the payment at hand, which is done.
func (t *taking) tell(taken Taken) {
	taken.Message = taken.words()
	t.report.Payments = append(t.report.Payments, taken)
	t.payer = nil
}

// mainMonth is the month that gets most, the latest of those that get as much.
func mainMonth(months map[calendar.Month]money.Cents) (main calendar.Month) {
	for month, cents := range months {
		if main.IsZero() || cents > months[main] || cents == months[main] && month.After(main) {
			main = month
		}
	}
	return main
}

// find finds whom lines are for.
func (m *Remittances) find(ctx context.Context, id ID, payer *biller.Payer, lines []Line) ([]KeptLine, error) {
	var refs References
	for i := range lines {
		refs.Texts = append(refs.Texts, lines[i].References...)
		if !lines[i].SSN.IsZero() {
			refs.SSNs = append(refs.SSNs, lines[i].SSN)
		}
	}
	slices.Sort(refs.Texts)
	refs.Texts = slices.Compact(refs.Texts)
	persons, err := m.store.PersonsNamed(ctx, refs)
	if err != nil {
		return nil, err
	}
	numbers := map[billpay.Number]bool{}
	for _, found := range persons.ByText {
		for _, n := range found {
			numbers[n] = true
		}
	}
	for _, found := range persons.BySSN {
		for _, n := range found {
			numbers[n] = true
		}
	}
	for _, found := range persons.Policy {
		for _, key := range found {
			numbers[key.Number] = true
		}
	}
	held, err := m.store.PoliciesOf(ctx, slices.Sorted(maps.Keys(numbers)))
	if err != nil {
		return nil, err
	}
	policies := map[billpay.Number][]*coverage.Held{}
	for i := range held {
		policies[held[i].Number] = append(policies[held[i].Number], &held[i])
	}
	kept := make([]KeptLine, len(lines))
	for i := range lines {
		kept[i] = KeptLine{ID: id, Line: lines[i]}
		kept[i].Policy, kept[i].Exception = whom(&lines[i], payer, &persons, policies)
	}
	return kept, nil
}

// whom finds the policy of one line: the first of its references that names
// somebody decides.
func whom(l *Line, payer *biller.Payer, persons *Persons, policies map[billpay.Number][]*coverage.Held) (coverage.Key, Exception) {
	switch {
	case l.Kind != Premium:
		return coverage.Key{}, ""
	case !l.Person:
		return coverage.Key{}, WholeBill
	}
	exception := UnknownPerson
	for _, ref := range l.References {
		var candidates []*coverage.Held
		for _, key := range persons.Policy[ref] {
			at := slices.IndexFunc(policies[key.Number], func(h *coverage.Held) bool { return h.No == key.No })
			if at >= 0 {
				candidates = append(candidates, policies[key.Number][at])
			}
		}
		for _, number := range persons.ByText[ref] {
			candidates = append(candidates, policies[number]...)
		}
		key, e := choose(candidates, payer, l.Month)
		if e == "" || e == AmbiguousPerson {
			return key, dated(l, e)
		}
		exception = later(exception, e)
	}
	if !l.SSN.IsZero() {
		var candidates []*coverage.Held
		for _, number := range persons.BySSN[l.SSN] {
			candidates = append(candidates, policies[number]...)
		}
		key, e := choose(candidates, payer, l.Month)
		if e == "" || e == AmbiguousPerson {
			return key, dated(l, e)
		}
		exception = later(exception, e)
	}
	return coverage.Key{}, exception
}

// dated is the exception of a line whose policy is found, where it names no month.
func dated(l *Line, e Exception) Exception {
	if e == "" && l.Month.IsZero() {
		return NoMonth
	}
	return e
}

// later keeps that somebody was known, however many references were not.
func later(before, now Exception) Exception {
	if before == NotOfPayer {
		return before
	}
	return now
}

// choose picks the policy that a payer pays for in a month: one that covers it, or
// else the one that began last.
func choose(candidates []*coverage.Held, payer *biller.Payer, month calendar.Month) (coverage.Key, Exception) {
	if len(candidates) == 0 {
		return coverage.Key{}, UnknownPerson
	}
	own := slices.DeleteFunc(slices.Clone(candidates), func(h *coverage.Held) bool { return !paysFor(payer, h) })
	if len(own) == 0 {
		return coverage.Key{}, NotOfPayer
	}
	best := own[0]
	for _, h := range own[1:] {
		if h.Number != best.Number {
			return coverage.Key{}, AmbiguousPerson
		}
		if covers, did := h.Covers(month), best.Covers(month); covers && !did || covers == did && h.From.After(best.From) {
			best = h
		}
	}
	return best.Key(), ""
}

// paysFor reports whether a payer owes premiums of a policy.
func paysFor(payer *biller.Payer, h *coverage.Held) bool {
	switch payer.Owner {
	case premium.Employer:
		return h.Group == payer.Number
	case premium.HHS:
		return h.Line.OnExchange()
	case premium.CMS:
		return h.Line.Medicare()
	}
	return h.State == payer.State
}

// reconcile holds what a remittance's lines pay against what was billed.
func (m *Remittances) reconcile(ctx context.Context, r *Remittance, payer *biller.Payer) error {
	var waiting []PaidMonth
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		err := m.store.KeepMonths(ctx, r.ID, r.Payer, waiting)
		waiting = waiting[:0]
		return err
	}
	keep := func(p PaidMonth) error {
		waiting = append(waiting, p)
		if len(waiting) < chunkLines {
			return nil
		}
		return flush()
	}
	err := m.store.EachPaid(ctx, r.ID, payer, func(p PaidMonth) error {
		p.Result = m.judge(&p)
		return keep(p)
	})
	if err == nil {
		err = flush() // what is named must be kept before what is not is looked for
	}
	if err != nil || r.Month.IsZero() {
		return err
	}
	err = m.store.EachUnnamed(ctx, r.ID, payer, r.Month, func(p PaidMonth) error {
		if p.Before == p.Billed {
			return nil // it was paid before
		}
		if p.Result = Missing; p.Before != 0 {
			p.Result = m.judge(&p)
		}
		return keep(p)
	})
	if err != nil {
		return err
	}
	return flush()
}

func (m *Remittances) judge(p *PaidMonth) Result {
	if p.Billed == 0 && p.Before+p.Paid != 0 && !p.Pending {
		return NotBilled
	}
	result, _ := m.tolerance.Judge(p.Billed, p.Before+p.Paid, p.Pending)
	return Result(result)
}
