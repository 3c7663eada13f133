// Package invoice knows the invoice: what one bill says, in figures and in words,
// and the coupon that comes back with a payment.
//
// It knows the document and its checks. It decides neither what is owed (package
// premium) nor what was paid, posts nothing and lays nothing out: whoever makes a
// page or paper of it takes the words of Words and the fields of Coupon.
//
// Invariants: the lines sum to what is due; every line is the debtor's own, and
// what others owe stands apart, as information. An invoice never changes once it
// is given out: its Digest covers everything that it says.
//
// Start reading at New. The coupon is in docs/formats/coupon.md.
package invoice

import (
	"cmp"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Kind is which part of an invoice a line stands in.
type Kind string

// The kinds, in the order in which they stand.
const (
	PreviousBalance Kind = "previous_balance"
	PaymentReceived Kind = "payment"
	PaymentReturned Kind = "returned_payment"
	Charge          Kind = "charge"     // new, what the debtor owes
	Credit          Kind = "credit"     // new, what another owes of it
	Adjustment      Kind = "adjustment" // of a month that was billed before
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{PreviousBalance, PaymentReceived, PaymentReturned, Charge, Credit, Adjustment}
}

// Line is one line of an invoice.
type Line struct {
	Kind     Kind           `json:"kind"`
	For      premium.Kind   `json:"for,omitempty"`      // of charges, credits and adjustments
	By       premium.Owner  `json:"by,omitempty"`       // who owes it instead, of what is taken off
	Name     string         `json:"name,omitempty"`     // of the plan, or the subscriber's id on a list bill
	Tier     premium.Tier   `json:"tier,omitempty"`     // on a list bill
	Month    calendar.Month `json:"month,omitzero"`     // of coverage
	From     calendar.Date  `json:"from,omitzero"`      // where only a part of the month is meant
	To       calendar.Date  `json:"to,omitzero"`        // likewise
	On       calendar.Date  `json:"on,omitzero"`        // of payments: the day that counts
	Cents    money.Cents    `json:"cents"`              // what it adds to the amount due; below zero, takes off
	Employee money.Cents    `json:"employee,omitempty"` // on a list bill, the employee's contribution within Cents
}

// Other is what somebody else owes of the months billed: information, never an
// amount of the debtor's.
type Other struct {
	Owner premium.Owner  `json:"owner"`
	For   premium.Kind   `json:"for"`
	Name  string         `json:"name,omitempty"`
	Month calendar.Month `json:"month"`
	Cents money.Cents    `json:"cents"`
}

// Address is where coupons and checks are sent, from the plan's configuration.
type Address struct {
	Name  string `json:"name"`
	Line1 string `json:"line1"`
	Line2 string `json:"line2,omitempty"`
	City  string `json:"city"`
	State string `json:"state"`
	ZIP   string `json:"zip"`
}

// Invoice is one bill.
type Invoice struct {
	Number   Number         `json:"number"`
	Account  billpay.Number `json:"account"` // in whose book it stands
	Debtor   premium.Owner  `json:"debtor"`  // the subscriber or the employer
	Period   calendar.Month `json:"period"`  // that is billed
	From     calendar.Date  `json:"from"`    // first covered day of what is new on it
	To       calendar.Date  `json:"to"`
	IssuedOn calendar.Date  `json:"issued_on"`
	DueOn    calendar.Date  `json:"due_on"`
	Lines    []Line         `json:"lines"`
	Others   []Other        `json:"others"`
	Due      money.Cents    `json:"due"` // below zero: a credit that stands for later bills
	RemitTo  Address        `json:"remit_to"`
}

// Payment is money since the last invoice.
type Payment struct {
	On       calendar.Date // the day that counts
	Cents    money.Cents   // above zero
	Returned bool          // it was given before and came back unpaid
}

// Billed is what one policy is billed for one month: all lines of package premium,
// those that others owe included.
type Billed struct {
	Name    string // of the plan, as people know it
	Month   calendar.Month
	Adjusts bool // the month was billed before; the lines are the difference
	Lines   []premium.Line
}

// Draft is what an invoice is made of.
type Draft struct {
	Account  billpay.Number
	Debtor   premium.Owner
	Period   calendar.Month
	Sequence int // within the account's period, from 1
	IssuedOn calendar.Date
	DueOn    calendar.Date
	Previous money.Cents // what the last invoice left to pay; below zero a credit
	Payments []Payment
	Billed   []Billed
	List     []premium.ListLine // of an employer's list bill
	RemitTo  Address
}

// New makes an invoice. The error is fault.Invalid and says what a bill cannot be:
// without number, dates or address, due before it is issued, or with money on the
// wrong side.
func New(d Draft) (Invoice, error) {
	number, err := NumberOf(d.Account, d.Period, d.Sequence)
	if err != nil {
		return Invoice{}, err
	}
	if err := d.check(); err != nil {
		return Invoice{}, err
	}
	i := Invoice{
		Number: number, Account: d.Account, Debtor: d.Debtor, Period: d.Period, IssuedOn: d.IssuedOn, DueOn: d.DueOn, RemitTo: d.RemitTo,
		Lines: []Line{}, Others: []Other{},
	}
	if d.Previous != 0 {
		i.Lines = append(i.Lines, Line{Kind: PreviousBalance, Cents: d.Previous})
	}
	for _, p := range d.Payments {
		line := Line{Kind: PaymentReceived, On: p.On, Cents: -p.Cents}
		if p.Returned {
			line.Kind, line.Cents = PaymentReturned, p.Cents
		}
		i.Lines = append(i.Lines, line)
	}
	for _, b := range d.Billed {
		i.bill(b)
	}
	for _, l := range d.List {
		i.list(l)
	}
	slices.SortStableFunc(i.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)), a.Month.Compare(b.Month))
	})
	for _, l := range i.Lines {
		i.Due += l.Cents
	}
	if i.From.IsZero() {
		i.From, i.To = d.Period.First(), d.Period.Last()
	}
	if max(i.Due, -i.Due) > dueMost {
		return Invoice{}, invalid("the amount due is above %s, more than a coupon can carry", dueMost.Grouped())
	}
	return i, nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "invoice.New", format, args...)
}

func (d *Draft) check() error {
	if d.Debtor != premium.Member && d.Debtor != premium.Employer {
		return invalid("%q gets no invoice: it is the member or the employer", d.Debtor)
	}
	if d.IssuedOn.IsZero() || d.DueOn.Before(d.IssuedOn) {
		return invalid("an invoice is due on the day it is issued or later; it is issued on %q and due on %q", d.IssuedOn, d.DueOn)
	}
	if r := d.RemitTo; r.Name == "" || r.Line1 == "" || r.City == "" || r.State == "" || r.ZIP == "" {
		return invalid("the address to which checks are sent has no name, line, city, state or ZIP code")
	}
	for _, p := range d.Payments {
		if p.Cents <= 0 || p.On.IsZero() {
			return invalid("a payment has a day and an amount above zero")
		}
	}
	return nil
}

// bill adds what a policy is billed for a month.
func (i *Invoice) bill(b Billed) {
	for _, l := range b.Lines {
		if l.Owner != i.Debtor {
			i.other(Other{Owner: l.Owner, For: l.Kind, Name: b.Name, Month: l.Month, Cents: l.Cents})
			continue
		}
		line := Line{Kind: Charge, For: l.Kind, Name: b.Name, Month: l.Month, Cents: l.Cents}
		switch {
		case b.Adjusts:
			line.Kind = Adjustment
		case l.Cents < 0:
			line.Kind = Credit
		}
		if l.From != l.Month.First() || l.To != l.Month.Last() {
			line.From, line.To = l.From, l.To
		}
		line.By = partner(b.Lines, l)
		i.Lines = append(i.Lines, line)
		if !b.Adjusts {
			i.cover(l.From, l.To)
		}
	}
}

// partner finds who owes what a line takes off, or no longer owes what it adds.
func partner(lines []premium.Line, l premium.Line) premium.Owner {
	for _, o := range lines {
		if o.Kind == l.Kind && o.Owner != l.Owner {
			return o.Owner
		}
	}
	return ""
}

// other adds what somebody else owes, in one sum for each kind and month.
func (i *Invoice) other(o Other) {
	for at := range i.Others {
		held := &i.Others[at]
		if held.Owner == o.Owner && held.For == o.For && held.Name == o.Name && held.Month == o.Month {
			held.Cents += o.Cents
			return
		}
	}
	i.Others = append(i.Others, o)
}

// list adds a line of a list bill.
func (i *Invoice) list(l premium.ListLine) {
	line := Line{Kind: Charge, For: premium.Gross, Name: l.MemberID, Tier: l.Tier, Month: l.Month, Cents: l.Rate, Employee: l.Employee}
	if l.Adjustment {
		line.Kind = Adjustment
	} else {
		i.cover(l.Month.First(), l.Month.Last())
	}
	i.Lines = append(i.Lines, line)
}

// cover widens the days that the invoice is about.
func (i *Invoice) cover(from, to calendar.Date) {
	if i.From.IsZero() || from.Before(i.From) {
		i.From = from
	}
	if i.To.Before(to) {
		i.To = to
	}
}

// Sum sums the lines of some kinds.
func (i *Invoice) Sum(kinds ...Kind) money.Cents {
	var sum money.Cents
	for _, l := range i.Lines {
		if slices.Contains(kinds, l.Kind) {
			sum += l.Cents
		}
	}
	return sum
}

// Pay is what is asked for: the amount due, and nothing where there is a credit.
func (i *Invoice) Pay() money.Cents { return max(0, i.Due) }

// Digest is the invoice's document digest: everything that it says, in the order
// in which it says it.
func (i *Invoice) Digest() ledger.DocDigest {
	ints := []int64{int64(i.Account), int64(i.Due), int64(len(i.Lines)), int64(len(i.Others))}
	texts := []string{
		string(i.Number), string(i.Debtor), i.Period.String(), i.From.String(), i.To.String(), i.IssuedOn.String(), i.DueOn.String(),
		i.RemitTo.Name, i.RemitTo.Line1, i.RemitTo.Line2, i.RemitTo.City, i.RemitTo.State, i.RemitTo.ZIP,
	}
	for _, l := range i.Lines {
		ints = append(ints, int64(l.Cents), int64(l.Employee))
		texts = append(texts, string(l.Kind), string(l.For), string(l.By), l.Name, string(l.Tier),
			l.Month.String(), l.From.String(), l.To.String(), l.On.String())
	}
	for _, o := range i.Others {
		ints = append(ints, int64(o.Cents))
		texts = append(texts, string(o.Owner), string(o.For), o.Name, o.Month.String())
	}
	return ledger.DocumentDigest("invoice", ints, texts)
}
