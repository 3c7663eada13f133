package biller

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

// PayersReport is what was billed to payers, for a run's control report.
type PayersReport struct {
	Payers   int                           `json:"payers"` // billed or credited now
	Items    int                           `json:"items"`
	Invoices int                           `json:"invoices"`
	Billed   map[premium.Owner]money.Cents `json:"billed_cents,omitempty"` // by who owes, credits taken off
	Credits  money.Cents                   `json:"credits_cents"`
	Expected money.Cents                   `json:"expected_from_cms_cents"` // of Billed
	// Unbilled is what stands in no account, because nobody is registered who owes it.
	Unbilled []Unbilled `json:"unbilled,omitempty"`
}

// Unbilled is what somebody owes who has no account.
type Unbilled struct {
	Owner premium.Owner  `json:"owner"`
	State string         `json:"state,omitempty"`
	Month calendar.Month `json:"month"`
	Cents money.Cents    `json:"cents"`
}

func (u Unbilled) String() string {
	whose := string(u.Owner)
	if u.State != "" {
		whose += " " + u.State
	}
	if u.Owner == premium.Employer {
		return fmt.Sprintf("%s owed by employers for %s stands in no account: their policies name no employer's number", u.Cents.Grouped(), u.Month)
	}
	return fmt.Sprintf("%s owed by %s for %s stands in no account: register the payer, then run the day again", u.Cents.Grouped(), whose, u.Month)
}

// Missing gives the parties among those who owe that have no account, which a dry
// run tells before anything is billed. Employers and states are told by the run.
func (b *Payers) Missing(ctx context.Context, owners map[premium.Owner]money.Cents) ([]premium.Owner, error) {
	who, err := b.directory(ctx)
	if err != nil {
		return nil, fault.Wrap("biller.Missing", err)
	}
	var missing []premium.Owner
	for _, owner := range []premium.Owner{premium.HHS, premium.CMS} {
		_, owes := owners[owner]
		if owner == premium.CMS {
			_, ssa := owners[premium.SSA]
			_, rrb := owners[premium.RRB]
			owes = owes || ssa || rrb
		}
		if owes && who.bookOf(owner, 0, "") == 0 {
			missing = append(missing, owner)
		}
	}
	return missing, nil
}

// directory finds who owes: a party's account.
type directory struct {
	agencies  map[string]ledger.BookNo // by owner and state
	employers map[billpay.Number]bool
}

func (b *Payers) directory(ctx context.Context) (directory, error) {
	d := directory{map[string]ledger.BookNo{}, map[billpay.Number]bool{}}
	payers, err := b.Store.Payers(ctx)
	for i := range payers {
		if p := &payers[i]; p.Owner == premium.Employer {
			d.employers[p.Number] = true
		} else {
			d.agencies[string(p.Owner)+p.State] = ledger.BookNo(p.Number)
		}
	}
	return d, err
}

// bookOf gives the account of who owes, or 0.
func (d directory) bookOf(owner premium.Owner, group billpay.Number, state string) ledger.BookNo {
	switch owner {
	case premium.Employer:
		if d.employers[group] {
			return ledger.BookNo(group)
		}
		return 0
	case premium.SSA, premium.RRB:
		owner = premium.CMS
	}
	return d.agencies[string(owner)+state]
}

// monthOwed is what a payer owes of a run for a month.
type monthOwed struct {
	month calendar.Month
	cents money.Cents
	owner premium.Owner
}

// Bill bills every payer what premium runs made it owe and was not billed yet: an
// item for each payer, run and coverage month, and to employers a list bill. What
// a run takes back comes off the month's items. Run again it bills nothing twice,
// and what was in nobody's account before is billed when its payer is registered.
// Run is the day's premium run.
func (b *Payers) Bill(ctx context.Context, run Run) (PayersReport, error) {
	const op = "biller.BillPayers"
	report := PayersReport{Billed: map[premium.Owner]money.Cents{}}
	who, err := b.directory(ctx)
	if err != nil {
		return report, fault.Wrap(op, err)
	}
	runs, err := b.Store.RunsToBill(ctx)
	if err != nil {
		return report, fault.Wrap(op, err)
	}
	for _, r := range runs {
		unbilled := len(report.Unbilled)
		if err := b.one(ctx, r, run, who, &report); err != nil {
			return report, fault.Wrap(op, err)
		}
		// The day's own run may still grow; an earlier one is over.
		if len(report.Unbilled) == unbilled && (r.Period != run.Period || r.Day != run.Day) {
			if err := b.Store.MarkPayersBilled(ctx, r.Run); err != nil {
				return report, fault.Wrap(op, err)
			}
		}
	}
	return report, nil
}

// one bills of one premium run.
func (b *Payers) one(ctx context.Context, r NumberedRun, today Run, who directory, report *PayersReport) error {
	owed, err := b.Store.OwedByOthers(ctx, r.No)
	if err != nil {
		return err
	}
	billed, err := b.Store.BilledToPayers(ctx, r.No)
	if err != nil {
		return err
	}
	type key struct {
		book  ledger.BookNo
		month calendar.Month
	}
	sums, before := map[key]monthOwed{}, map[key]money.Cents{}
	for _, o := range owed {
		book := who.bookOf(o.Owner, o.Group, o.State)
		if book == 0 {
			report.unbilled(Unbilled{o.Owner, o.State, o.Month, o.Cents})
			continue
		}
		k := key{book, o.Month}
		owner := o.Owner
		if owner == premium.SSA || owner == premium.RRB {
			owner = premium.CMS
		}
		sums[k] = monthOwed{o.Month, sums[k].cents + o.Cents, owner}
	}
	for _, c := range billed {
		before[key{c.Book, c.Month}] += c.Cents
	}
	due := map[ledger.BookNo][]monthOwed{}
	for k, sum := range sums {
		if sum.cents != before[k] {
			due[k.book] = append(due[k.book], sum)
		}
	}
	for _, book := range slices.Sorted(maps.Keys(due)) {
		months := due[book]
		slices.SortFunc(months, func(a, b monthOwed) int { return a.month.Compare(b.month) })
		if err := b.payer(ctx, &payerBill{run: r, today: today, book: book, owed: months}, report); err != nil {
			return err
		}
	}
	return nil
}

// unbilled notes what nobody is registered for, in one sum for each party and month.
func (p *PayersReport) unbilled(u Unbilled) {
	at := slices.IndexFunc(p.Unbilled, func(o Unbilled) bool {
		return o.Owner == u.Owner && o.State == u.State && o.Month == u.Month
	})
	if at < 0 {
		p.Unbilled = append(p.Unbilled, u)
		return
	}
	p.Unbilled[at].Cents += u.Cents
}

// payerBill is what one payer is billed of one run.
type payerBill struct {
	run    NumberedRun
	today  Run
	book   ledger.BookNo
	owed   []monthOwed           // of the run, months in which something is due or to be taken back
	known  []cashier.PayerCharge // everything that it was billed before
	months []monthOwed           // owed less what of the run it was billed before
}

// subtract finds what is left of what is owed, and counts the times that something
// of the run was billed.
func (p *payerBill) subtract() (times int64) {
	billed := map[calendar.Month]money.Cents{}
	for _, c := range p.known {
		if c.Run == p.run.No {
			billed[c.Month] += c.Cents
			times = max(times, c.No)
		}
	}
	for _, m := range p.owed {
		if m.cents -= billed[m.month]; m.cents != 0 {
			p.months = append(p.months, m)
		}
	}
	return times
}

// payer bills one payer in one transaction. Another process that bills the same
// at this moment has either its charges among those that are known, or takes the
// same key.
func (b *Payers) payer(ctx context.Context, p *payerBill, report *PayersReport) (err error) {
	if p.known, err = b.Store.PayerCharges(ctx, p.book); err != nil {
		return err
	}
	no := p.subtract() + 1
	if len(p.months) == 0 {
		return nil
	}
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("payer:%d:%d:%d", p.run.No, p.book, no)), Actor: p.today.Actor}
	var found cashier.Charging
	done, err := b.Cashier.ChargePayer(ctx, order, p.run.No, no, p.book, func(ctx context.Context, book cashier.Book) (cashier.Charging, error) {
		var err error
		found, err = b.charging(ctx, p, no, &book)
		return found, err
	})
	if err != nil || done.Replayed {
		return err // somebody else billed the same at this moment
	}
	report.add(p, &found)
	return nil
}

func (p *PayersReport) add(bill *payerBill, found *cashier.Charging) {
	p.Payers++
	p.Items, p.Invoices = p.Items+len(found.Items), p.Invoices+len(found.Invoices)
	for _, m := range bill.months {
		p.Billed[m.owner] += m.cents
		if m.owner == premium.CMS {
			p.Expected += m.cents
		}
		if m.cents < 0 {
			p.Credits -= m.cents
		}
	}
}

// charging finds what becomes owed and what is taken back.
func (b *Payers) charging(ctx context.Context, p *payerBill, no int64, book *cashier.Book) (cashier.Charging, error) {
	out := cashier.Charging{}
	purse := b.House.PurseOf(chart.Premium)
	dueOn := dueOn(p.today.Day, p.run.Period)
	for _, m := range p.months {
		charge := cashier.PayerCharge{
			Book: p.book, Run: p.run.No, Month: m.month, No: no, Cents: m.cents, BilledOn: p.today.Day,
		}
		if m.cents > 0 {
			out.Items = append(out.Items, openitem.Item{
				Purse: purse, About: p.book, Book: p.book, Text: payerText(m, m.month != p.run.Period),
				ServiceOn: m.month.First(), DueOn: dueOn, Amount: m.cents,
			})
			charge.ItemNo = -int64(len(out.Items))
		} else {
			credits := takenOff(p.known, m.month, -m.cents)
			for i := range credits {
				credits[i].Book, credits[i].Purse = p.book, purse
				charge.ItemNo = credits[i].Item
			}
			out.Credits = append(out.Credits, credits...)
		}
		out.Payers = append(out.Payers, charge)
	}
	if p.months[0].owner != premium.Employer {
		return out, nil
	}
	return out, b.listBill(ctx, p, no, book, dueOn, &out)
}

// takenOff spreads what a month costs less over the items that it was billed on,
// the last first.
func takenOff(known []cashier.PayerCharge, month calendar.Month, cents money.Cents) []cashier.Credit {
	billed := map[int64]money.Cents{}
	for _, c := range known {
		if c.Month == month {
			billed[c.ItemNo] += c.Cents
		}
	}
	var credits []cashier.Credit
	for _, item := range slices.Backward(slices.Sorted(maps.Keys(billed))) {
		if off := min(cents, billed[item]); off > 0 {
			credits = append(credits, cashier.Credit{Item: item, Cents: off})
			cents -= off
		}
	}
	return credits
}

// dueOn is when bills of a day are due: with the period's first day, and what is
// billed later than that at once.
func dueOn(day calendar.Date, period calendar.Month) calendar.Date {
	if first := period.First(); first.After(day) {
		return first
	}
	return day
}

// payerText says in a few words what a payer's item is for.
func payerText(m monthOwed, adjusts bool) string {
	what := map[premium.Owner]string{
		premium.Employer: "Group premiums", premium.HHS: "Advance premium tax credits", premium.State: "Premium subsidies",
		premium.CMS: ExpectedFromCMS + ": premiums withheld and subsidies",
	}[m.owner]
	text := fmt.Sprintf("%s, %s %d", what, m.month.Of(), m.month.Year())
	if adjusts {
		text += ", adjustment"
	}
	return text
}

// listBill makes an employer's bill of what it is billed: a line for each
// subscriber and month.
func (b *Payers) listBill(
	ctx context.Context, p *payerBill, no int64, book *cashier.Book, dueOn calendar.Date, out *cashier.Charging,
) error {
	lines, err := b.listLines(ctx, p, no)
	if err != nil {
		return err
	}
	lasts, err := b.Store.LastInvoices(ctx, []ledger.BookNo{p.book})
	if err != nil {
		return err
	}
	paid, err := b.Store.PaidSince(ctx, lasts)
	if err != nil {
		return err
	}
	last := lasts[p.book]
	sequence := 1
	if last.Period == p.run.Period {
		sequence = last.Sequence + 1
	}
	var previous money.Cents
	for i := range book.Items {
		previous += book.Items[i].Open
	}
	for _, payment := range paid[p.book] {
		previous += payment.Cents
	}
	bill, err := invoice.New(invoice.Draft{
		Account: billpay.Number(p.book), Debtor: premium.Employer, Period: p.run.Period, Sequence: sequence, IssuedOn: p.today.Day,
		DueOn: dueOn, Previous: previous, Payments: paid[p.book], List: lines, RemitTo: b.RemitTo,
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(&bill)
	if err != nil {
		return err
	}
	for i := range out.Items {
		out.Items[i].Invoice = string(bill.Number)
	}
	out.Invoices = append(out.Invoices, cashier.StoredInvoice{
		Book: p.book, No: last.No + 1, Number: string(bill.Number), Period: bill.Period, Sequence: sequence, IssuedOn: bill.IssuedOn,
		DueOn: bill.DueOn, Due: bill.Due, Run: p.run.No, Body: string(body),
	})
	return nil
}

// listLines gives the bill's lines, the period's first, in the order of subscribers.
func (b *Payers) listLines(ctx context.Context, p *payerBill, no int64) ([]premium.ListLine, error) {
	if no > 1 {
		// The run grew after it was billed here. Which of its lines are new is not told
		// apart any more, so the bill says what each month adds.
		var lines []premium.ListLine
		for _, m := range p.months {
			lines = append(lines, premium.ListLine{Month: m.month, Adjustment: true, Rate: m.cents, Employer: m.cents})
		}
		return lines, nil
	}
	charges, err := b.Store.ListCharges(ctx, p.run.No, billpay.Number(p.book))
	if err != nil {
		return nil, err
	}
	held := map[coverage.Key]*coverage.Held{}
	for chunk := range slices.Chunk(charges, chunkBooks) {
		var numbers []billpay.Number
		for _, c := range chunk {
			numbers = append(numbers, c.Policy.Number)
		}
		policies, err := b.Store.PoliciesOf(ctx, slices.Compact(numbers))
		if err != nil {
			return nil, err
		}
		for i := range policies {
			held[policies[i].Key()] = &policies[i]
		}
	}
	var lines []premium.ListLine
	for _, c := range charges {
		if c.Cents == 0 {
			continue
		}
		line := premium.Listed(held[c.Policy], c.Month, c.Cents)
		line.Adjustment = c.Before || c.Month != p.run.Period
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(x, y premium.ListLine) int {
		return cmp.Or(boolOrder(x.Adjustment, y.Adjustment), cmp.Compare(x.MemberID, y.MemberID))
	})
	return lines, nil
}

// boolOrder puts false first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
