package biller

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// due finds what is due in a chunk of books.
type due struct {
	w     *work
	purse chart.Purse
	have  map[ledger.BookNo]cashier.Book
	out   cashier.Charging
	tally Tally

	charged map[coverage.Key][]coverage.Charge
	last    map[ledger.BookNo]LastInvoice
	paid    map[ledger.BookNo][]invoice.Payment
	billed  []invoice.Billed // of the book at hand
}

func (d *due) find(ctx context.Context, books []ledger.BookNo) error {
	numbers := make([]billpay.Number, len(books))
	for i, no := range books {
		numbers[i] = billpay.Number(no)
	}
	store := d.w.m.Store
	policies, err := store.PoliciesOf(ctx, numbers)
	if err != nil {
		return err
	}
	if err := d.history(ctx, policies); err != nil {
		return err
	}
	if d.last, err = store.LastInvoices(ctx, books); err != nil {
		return err
	}
	if d.paid, err = store.PaidSince(ctx, d.last); err != nil {
		return err
	}
	for from := 0; from < len(policies); {
		to := from + 1
		for to < len(policies) && policies[to].Number == policies[from].Number {
			to++
		}
		if err := d.book(policies[from:to]); err != nil {
			return err
		}
		from = to
	}
	report, err := json.Marshal(&d.tally)
	d.out.Report = string(report)
	return err
}

// history reads what was billed for policies of which something new is known.
func (d *due) history(ctx context.Context, policies []coverage.Held) error {
	var changed []billpay.Number
	for i := range policies {
		if p := &policies[i]; p.Billed.Version > 0 && !d.simple(p) {
			changed = append(changed, p.Number)
		}
	}
	if changed = slices.Compact(changed); len(changed) == 0 {
		return nil
	}
	charges, err := d.w.m.Store.Charges(ctx, changed)
	if err != nil {
		return err
	}
	d.charged = map[coverage.Key][]coverage.Charge{}
	for _, c := range charges {
		d.charged[c.Policy] = append(d.charged[c.Policy], c)
	}
	return nil
}

// simple reports that only months after the last billed one can be due.
func (d *due) simple(p *coverage.Held) bool {
	return p.Unchanged() && p.Billed.Through.Before(d.w.run.Period)
}

// book bills the policies of one subscriber.
func (d *due) book(policies []coverage.Held) error {
	items, credits := len(d.out.Items), len(d.out.Credits)
	d.billed = d.billed[:0]
	for i := range policies {
		d.policy(&policies[i])
	}
	if len(d.out.Items) == items && len(d.out.Credits) == credits {
		return nil
	}
	book := ledger.BookNo(policies[0].Number)
	var open, taken money.Cents
	for _, item := range d.have[book].Items {
		if item.Purse == d.purse && !item.Prescription { // that plan has bills of its own
			open += item.Open
		}
	}
	for _, p := range d.paid[book] {
		taken += p.Cents
	}
	last := d.last[book]
	sequence := 1
	if last.Period == d.w.run.Period {
		sequence = last.Sequence + 1
	}
	bill, err := invoice.New(invoice.Draft{
		Account: policies[0].Number, Debtor: premium.Member, Period: d.w.run.Period, Sequence: sequence, IssuedOn: d.w.run.Day,
		DueOn: d.w.dueOn(), Previous: open + taken, Payments: d.paid[book], Billed: d.billed, RemitTo: d.w.m.Terms.RemitTo,
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(&bill)
	if err != nil {
		return err
	}
	for i := items; i < len(d.out.Items); i++ {
		d.out.Items[i].Invoice = string(bill.Number)
	}
	d.out.Invoices = append(d.out.Invoices, cashier.StoredInvoice{
		Book: book, No: last.No + 1, Number: string(bill.Number), Period: bill.Period, Sequence: sequence, IssuedOn: bill.IssuedOn,
		DueOn: bill.DueOn, Due: bill.Due, Run: d.w.no, Body: string(body),
	})
	d.tally.Invoices++
	return nil
}

// policy bills one policy: the months since the last billed one, and where
// something new is known every month since it began. One that cannot be billed is
// an exception: nothing of it is billed until somebody mends it.
func (d *due) policy(p *coverage.Held) {
	d.tally.Policies++
	period := d.w.run.Period
	first := p.Billed.Through.Add(1)
	if p.Billed.Version == 0 || !d.simple(p) {
		first = calendar.MonthOf(p.From)
	}
	was := byMonth(d.charged[p.Key()])
	last := period
	for month := range was {
		if month.Before(first) {
			first = month // it was billed, and is not covered any more
		}
		if month.After(last) {
			last = month
		}
	}
	type monthly struct {
		month calendar.Month
		lines []premium.Line
	}
	var months []monthly
	effective := p.Effective()
	for month := first; !month.After(last); month = month.Add(1) {
		lines, err := premium.Compose(&effective, month, d.w.rules(p, month), d.w.m.Rates)
		if err != nil {
			d.tally.except(fault.Problem{
				Record: string(d.have[ledger.BookNo(p.Number)].Opaque), Field: month.String(),
				Message: fmt.Sprintf("the policy in %s was not billed: %s", p.Line, fault.MessageOf(err)),
			})
			return
		}
		months = append(months, monthly{month, lines})
	}
	for _, m := range months {
		d.month(p, m.month, m.lines, was[m.month])
	}
	d.out.Billed[p.Key()] = p.BilledNow(period)
}

func byMonth(charges []coverage.Charge) map[calendar.Month][]coverage.Charge {
	if len(charges) == 0 {
		return nil
	}
	months := map[calendar.Month][]coverage.Charge{}
	for _, c := range charges {
		months[c.Month] = append(months[c.Month], c)
	}
	return months
}

// month bills the difference between what a month should cost and what was billed.
func (d *due) month(p *coverage.Held, month calendar.Month, should []premium.Line, was []coverage.Charge) {
	current := month == d.w.run.Period
	if current && len(should) > 0 {
		d.tally.Billed++
	}
	differences := premium.Difference(linesOf(was), should)
	if len(differences) == 0 {
		return
	}
	for _, line := range differences {
		d.count(line, current)
	}
	var item payment.ItemRef
	owed := premium.OwedBy(differences, premium.Member)
	switch {
	case owed > 0:
		d.out.Items = append(d.out.Items, openitem.Item{
			Purse: d.purse, About: ledger.BookNo(p.Number), Text: itemText(d.w.name(p), month, len(was) > 0),
			ServiceOn: month.First(), DueOn: d.w.dueOn(), Amount: owed, Binder: isBinder(p, was),
		})
		item.No = -int64(len(d.out.Items)) // its book and number are given when it is billed
		d.tally.Items++
	case owed < 0:
		item = d.credit(was, -owed)
	}
	for i, line := range differences {
		c := coverage.Charge{
			Policy: p.Key(), Month: month, No: int64(len(was) + i + 1), Kind: string(line.Kind), Owner: string(line.Owner),
			Cents: line.Cents, Run: d.w.no, BilledOn: d.w.run.Day, From: line.From, To: line.To,
		}
		if line.Owner == premium.Member {
			c.ItemBook, c.ItemNo = item.Book, item.No
		}
		d.out.Charges = append(d.out.Charges, c)
	}
	d.billed = append(d.billed, invoice.Billed{Name: d.w.name(p), Month: month, Adjusts: len(was) > 0, Lines: differences})
}

// isBinder reports that a coverage waits for an item: it is of the first months
// billed of a new enrolment on an exchange (45 CFR 155.400(e)).
func isBinder(p *coverage.Held, was []coverage.Charge) bool {
	isNew := p.Entry == coverage.NewEnrolment || p.Entry == coverage.SpecialEntry || p.Entry == coverage.Retroactive
	return p.Line.OnExchange() && isNew && p.Billed.Version == 0 && len(was) == 0
}

// itemText says in a few words what an item is for. What a bill says in the
// member's language is the invoice's.
func itemText(name string, month calendar.Month, adjusts bool) string {
	text := fmt.Sprintf("%s, %s %d", name, month.Of(), month.Year())
	if adjusts {
		text += ", adjustment"
	}
	if len(text) > openitem.TextMax {
		return fmt.Sprintf("Premium, %s %d", month.Of(), month.Year())
	}
	return text
}

func linesOf(charges []coverage.Charge) []premium.Line {
	lines := make([]premium.Line, len(charges))
	for i, c := range charges {
		lines[i] = premium.Line{
			Kind: premium.Kind(c.Kind), Owner: premium.Owner(c.Owner), Month: c.Month, From: c.From, To: c.To, Cents: c.Cents,
		}
	}
	return lines
}

func (d *due) count(line premium.Line, current bool) {
	d.tally.owes(line.Owner, line.Cents)
	switch {
	case !current && line.Owner == premium.Member:
		d.tally.Adjustments += line.Cents
	case current && line.Owner == premium.Member:
		d.tally.Member, d.tally.Gross = d.tally.Member+line.Cents, d.tally.Gross+line.Cents
	case current:
		d.tally.Others, d.tally.Gross = d.tally.Others+line.Cents, d.tally.Gross+line.Cents
	}
}

// credit takes back what a month costs less, off the items that it was billed on,
// the last first, and gives the item under which that is kept.
func (d *due) credit(was []coverage.Charge, cents money.Cents) (kept payment.ItemRef) {
	d.tally.Credits += cents
	billed := map[payment.ItemRef]money.Cents{} // by book and item
	var items []payment.ItemRef
	for _, c := range was {
		if c.ItemNo == 0 {
			continue
		}
		item := payment.ItemRef{Book: c.ItemBook, No: c.ItemNo}
		if _, seen := billed[item]; !seen {
			items = append(items, item)
		}
		billed[item] += c.Cents
	}
	for _, item := range slices.Backward(items) {
		off := min(cents, billed[item])
		if off <= 0 {
			continue
		}
		d.out.Credits = append(d.out.Credits, cashier.Credit{Book: item.Book, Item: item.No, Purse: d.purse, Cents: off})
		cents, kept = cents-off, item
	}
	return kept
}

// dueOn is when the run's bills are due: with the period's first day, and what is
// billed later than that at once.
func (w *work) dueOn() calendar.Date { return dueOn(w.run.Day, w.run.Period) }

// name is what people call a policy's plan.
func (w *work) name(p *coverage.Held) string {
	if name := w.m.Terms.Products[p.Product]; name != "" {
		return name
	}
	if p.Product != "" {
		return p.Product
	}
	return "Premium"
}

// rules gives the numbers of law and contract for a policy in a month.
func (w *work) rules(p *coverage.Held, month calendar.Month) premium.Rules {
	key := ruled{rule.Place{State: p.State, Line: p.Line}, month}
	if known, ok := w.known.Load(key); ok {
		return known.(premium.Rules)
	}
	r := w.find(key)
	w.known.Store(key, r)
	return r
}

// ruled is what rules of premium depend on.
type ruled struct {
	at    rule.Place
	month calendar.Month
}

// find looks the rules up. What they lack is 0, which package premium refuses
// where it matters.
func (w *work) find(key ruled) premium.Rules {
	r := premium.Rules{Proration: w.m.Terms.Proration, CreditWithinEHB: true}
	line := key.at.Line
	find := func(name rule.Name) (rule.Answer, bool) {
		a, err := w.m.Rules.Find(name, key.at, key.month.First())
		return a, err == nil
	}
	for name, into := range map[rule.Name]*int{
		rule.ChildrenCounted: &r.ChildrenCounted, rule.ChildrenUnder: &r.ChildrenUnder, rule.TobaccoAge: &r.TobaccoAge,
	} {
		if a, ok := find(name); ok {
			*into = a.Count()
		}
	}
	switch {
	case line.OnExchange():
		r.Proration = premium.Daily // 45 CFR 155.240(e)
	case line == coverage.COBRA, line == coverage.StateCont:
		if a, ok := find(rule.CobraPremium); ok {
			r.Continuation = premium.Share(a.BasisPoints())
		}
		if a, ok := find(rule.CobraPremiumDisability); ok {
			r.Disability = premium.Share(a.BasisPoints())
		}
	case line.Medicare():
		if a, ok := find(rule.PenaltyBase); ok {
			r.BasePremium = a.Cents()
		}
		if a, ok := find(rule.PenaltyPercent); ok {
			r.PenaltyShare = premium.Share(a.BasisPoints())
		}
		if a, ok := find(rule.PenaltyRounding); ok {
			r.PenaltyRounding = a.Cents()
		}
	}
	return r
}
