package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// billKey begins the keys of bills; the number of the book's invoice follows.
const billKey = "bill:"

// KeyOfBill gives the key of the notice of a book's invoice by its number within
// the book.
func KeyOfBill(no int64) string { return fmt.Sprintf("%s%d", billKey, no) }

// IssuedBill is a bill that was issued.
type IssuedBill struct {
	No       int64        // within its book
	Policy   coverage.Key // one of those that it bills
	Line     coverage.Line
	Language string // as its reader wishes
	Kept     bool   // its notice is kept already
	Bill     invoice.Invoice
}

// notice makes the notice that sends the bill out; its letter is the bill itself.
func (b *IssuedBill) notice() (Notice, error) {
	bill := &b.Bill
	return New(Notice{
		Book: ledger.BookNo(bill.Account), Policy: b.Policy, Kind: Invoice, Key: KeyOfBill(b.No), DueBy: bill.DueOn, MadeOn: bill.IssuedOn,
		Language: b.Language, Bill: bill,
		Facts: Facts{
			Line: b.Line, Amount: bill.Pay(), PayBy: bill.DueOn, FirstMonth: calendar.MonthOf(bill.From), LastMonth: calendar.MonthOf(bill.To),
			Invoice: string(bill.Number),
		},
	})
}

// billDays is how old a bill may be that goes out for the first time. An older one
// asks for what the next one has asked for again.
const billDays = 62

// KeepBills makes the notices of the bills that are new on a day, each once, and
// says how many. It can be called again after any error.
func (d *Desk) KeepBills(ctx context.Context, on calendar.Date) (int, error) {
	const op = "notice.KeepBills"
	kept := 0
	for after := (IssuedBill{}); ; {
		bills, err := d.store.IssuedBills(ctx, on.AddDays(-billDays), after, keptTogether)
		if err != nil || len(bills) == 0 {
			return kept, fault.Wrap(op, err)
		}
		var notices []Notice
		for i := range bills {
			if bills[i].Kept {
				continue
			}
			one, err := bills[i].notice()
			if err != nil {
				return kept, fault.Wrap(op, err)
			}
			notices = append(notices, one)
		}
		n, err := d.store.KeepNotices(ctx, notices)
		if err != nil {
			return kept, fault.Wrap(op, err)
		}
		kept, after = kept+n, bills[len(bills)-1]
	}
}

// Bill is the part of a letter that only a bill has: its lines, what others pay,
// what is left to pay, and the coupon. Amounts are written as people read them.
type Bill struct {
	Title       string // "Invoice 2612-01-14"
	Coverage    string // the days that it is about
	Issued      string
	Heads       [2]string // of the lines: for what, how much
	Lines       []Row
	Total       Row    // what the reader pays, or the credit
	OthersTitle string // says that it is nobody's money but others'; "" without others
	Others      []Row
	Coupon      Coupon

	Amount money.Cents // to pay; 0 where there is a credit
}

// Coupon is the part of a bill that comes back with a check.
type Coupon struct {
	Cut    string // what to do with it
	Rows   []Row  // number, bill
	PayBy  Row    // the last day; empty where there is nothing to pay
	ToPay  Row    // the amount, set apart
	Paying string // label of the place where the payer writes what he pays
	MailTo []string
	Scan   string // the line for a reader: docs/formats/coupon.md
}

// bill puts an invoice into a letter's words.
func (w *words) bill(i *invoice.Invoice) *Bill {
	said, c := i.Words(invoice.Language(w.Tag)), i.Coupon()
	b := &Bill{
		Title: said.Title, Coverage: said.Coverage, Issued: said.Issued, Heads: [2]string{w.Bill.What, w.Bill.Amount},
		Lines: amounts(said.Lines), Total: Row{said.Due.Text, said.Due.Cents.Grouped()}, Others: othersLeft(i, said.Others),
		Amount: i.Pay(),
		Coupon: Coupon{
			Cut: w.Bill.Cut, ToPay: Row{w.Bill.ToPay, c.Amount.Grouped()}, Paying: w.Bill.Paying, MailTo: remitLines(c.RemitTo), Scan: c.ScanLine,
			Rows: []Row{{w.Number, c.BillPayNumber}, {w.Bill.Number, string(c.Invoice)}},
		},
	}
	if i.Pay() > 0 {
		b.Coupon.PayBy = Row{w.Bill.PayBy, w.date(c.DueOn)}
	}
	if len(b.Others) > 0 {
		b.OthersTitle = said.OthersTitle
	}
	return b
}

// othersLeft are what others pay that no line of the reader's own shows already, as
// the one of a tax credit does.
func othersLeft(i *invoice.Invoice, said []invoice.WordedLine) []Row {
	var left []invoice.WordedLine
	for n, o := range i.Others {
		shown := func(l invoice.Line) bool {
			return l.Kind == invoice.Credit && l.For == o.For && l.By == o.Owner && l.Month == o.Month && l.Name == o.Name && l.Cents == -o.Cents
		}
		if !slices.ContainsFunc(i.Lines, shown) {
			left = append(left, said[n])
		}
	}
	return amounts(left)
}

func amounts(lines []invoice.WordedLine) []Row {
	rows := make([]Row, len(lines))
	for i, l := range lines {
		rows[i] = Row{l.Text, l.Cents.Grouped()}
	}
	return rows
}

func remitLines(a invoice.Address) []string {
	lines := []string{a.Name, a.Line1}
	if a.Line2 != "" {
		lines = append(lines, a.Line2)
	}
	return append(lines, strings.TrimSpace(a.City+", "+a.State+" "+a.ZIP))
}

// billWords are the words of a bill beside those of the invoice itself.
type billWords struct {
	What, Amount  string // heads of the columns
	Number, PayBy string // labels on the coupon
	ToPay         string
	Paying        string
	Cut           string
}
