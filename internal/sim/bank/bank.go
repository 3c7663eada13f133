package bank

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/journal"
	"github.com/billfold/billfold/internal/sim/post"
)

// Account is an account that the plan has with the bank.
type Account struct {
	Number  string      `json:"number"`
	Owner   string      `json:"owner"` // the legal entity's name
	Opening money.Cents `json:"opening_cents"`
}

// Options say which bank it is.
type Options struct {
	Dir       string // folder of its journal; "" keeps nothing
	Name      string // as its files say; "SANDBANK" when empty
	Routing   string // its routing number; a made-up one when empty
	Customer  string // what its files call the plan; "PLAN" when empty
	Accounts  []Account
	Lockboxes map[string]string // lockbox number to the account of its deposits
	Opens     calendar.Date     // the first day; its books begin then
	BAI2      bool              // statements as BAI2; they are when neither is asked for
	Camt      bool              // statements as camt.053
	Advices   bool              // wires as pacs.008 advice and camt.054 notification on the day
	Deliver   func(post.Document) error
}

const defaultRouting = "102003154"

// Bank is a running bank. Its methods may be called by several at once.
type Bank struct {
	options Options
	journal *journal.Journal[record]

	mu      sync.Mutex // guards what follows
	day     calendar.Date
	closed  []calendar.Date
	lines   []Line
	byDay   map[dayOf][]int // lines by account and day
	opening map[dayOf]money.Cents
	balance map[string]money.Cents
	once    map[string]int // lines by key
	cheques []Cheque
	bills   []BillPay
	issued  map[string]Issued // by account and serial
	serials map[string]int    // counts the files of each kind per day
	short   map[string]money.Cents
	skew    map[string]money.Cents
	waiting []post.Document // made and not handed to the post
}

type dayOf struct {
	account string
	day     calendar.Date
}

// Line is one booking.
type Line struct {
	ID        int           `json:"id"` // from 1, in the order of the books
	Day       calendar.Date `json:"day"`
	Account   string        `json:"account"`
	Code      string        `json:"code"`               // BAI2 type
	Amount    money.Cents   `json:"amount_cents"`       // above zero; the code's range says which way
	Reference string        `json:"reference"`          // the bank's own
	Customer  string        `json:"customer,omitempty"` // the customer reference
	Text      string        `json:"text,omitempty"`
	Wire      *Wire         `json:"wire,omitempty"`
	Once      string        `json:"once,omitempty"`  // the key under which it was asked for
	Of        string        `json:"of,omitempty"`    // what it books: "lockbox:5501001", "ach:<file>", ...
	Wrong     string        `json:"wrong,omitempty"` // what the bank did wrong, on request
}

// Credit reports whether the line raises the balance.
func (l Line) Credit() bool { return l.Code < "400" }

// Signed gives the amount as it moves the balance.
func (l Line) Signed() money.Cents {
	if l.Credit() {
		return l.Amount
	}
	return -l.Amount
}

// record is one line of the journal.
type record struct {
	Lines     []Line          `json:"lines,omitempty"`
	Cheques   []Cheque        `json:"cheques,omitempty"` // received, or changed
	Bills     []BillPay       `json:"bills,omitempty"`
	Issued    []Issued        `json:"issued,omitempty"` // positive pay, or changed
	Documents []post.Document `json:"documents,omitempty"`
	Delivered int             `json:"delivered,omitempty"` // how many of those that wait
	Short     *slip           `json:"short,omitempty"`
	Skew      *slip           `json:"skew,omitempty"`
	Opened    calendar.Date   `json:"opened,omitzero"` // a new day; the one before is closed
}

// slip is an error to come: by how many cents the next deposit or settlement of a
// lockbox or originator is booked wrongly.
type slip struct {
	Of    string      `json:"of"`
	Cents money.Cents `json:"cents"`
}

// Open opens a bank on its folder and takes up its books where they were left.
func Open(o Options) (*Bank, error) {
	if o.Name == "" {
		o.Name = "SANDBANK"
	}
	if o.Routing == "" {
		o.Routing = defaultRouting
	}
	if o.Customer == "" {
		o.Customer = "PLAN"
	}
	b := &Bank{
		options: o, day: bankingDay(o.Opens), byDay: map[dayOf][]int{}, opening: map[dayOf]money.Cents{},
		balance: map[string]money.Cents{}, once: map[string]int{}, issued: map[string]Issued{}, serials: map[string]int{},
		short: map[string]money.Cents{}, skew: map[string]money.Cents{},
	}
	for _, a := range o.Accounts {
		b.balance[a.Number] = a.Opening
		b.opening[dayOf{a.Number, b.day}] = a.Opening
	}
	for box, account := range o.Lockboxes {
		if _, known := b.balance[account]; !known {
			return nil, fault.New(fault.Invalid, "bank.Open",
				"lockbox %s is deposited to an account that the bank has not", box)
		}
	}
	var err error
	if b.journal, err = journal.Open(o.Dir, "bank.jsonl", b.apply); err != nil {
		return nil, err
	}
	if err := b.deliver(); err != nil {
		b.journal.Close()
		return nil, err
	}
	return b, nil
}

// Close ends the bank.
func (b *Bank) Close() error { return b.journal.Close() }

// bankingDay gives the day itself, or the next that is one.
func bankingDay(d calendar.Date) calendar.Date {
	for !d.IsBusinessDay() {
		d = d.AddDays(1)
	}
	return d
}

func (b *Bank) apply(r record) error {
	for _, l := range r.Lines {
		b.lines = append(b.lines, l)
		at := dayOf{l.Account, l.Day}
		b.byDay[at] = append(b.byDay[at], len(b.lines)-1)
		b.balance[l.Account] += l.Signed()
		if l.Once != "" {
			b.once[l.Once] = len(b.lines) - 1
		}
	}
	for _, c := range r.Cheques {
		if c.ID <= len(b.cheques) {
			b.cheques[c.ID-1] = c
		} else {
			b.cheques = append(b.cheques, c)
		}
	}
	for _, bill := range r.Bills {
		if bill.ID <= len(b.bills) {
			b.bills[bill.ID-1] = bill
		} else {
			b.bills = append(b.bills, bill)
		}
	}
	for _, i := range r.Issued {
		b.issued[i.key()] = i
	}
	for _, d := range r.Documents {
		b.serials[serialKey(d.Kind, d.Day)]++
	}
	b.waiting = append(b.waiting, r.Documents...)
	b.waiting = b.waiting[min(r.Delivered, len(b.waiting)):]
	if r.Short != nil {
		b.short[r.Short.Of] = r.Short.Cents
	}
	if r.Skew != nil {
		b.skew[r.Skew.Of] = r.Skew.Cents
	}
	if !r.Opened.IsZero() {
		b.closed = append(b.closed, b.day)
		b.day = r.Opened
		for account, cents := range b.balance {
			b.opening[dayOf{account, b.day}] = cents
		}
	}
	return nil
}

func serialKey(kind string, day calendar.Date) string { return kind + " " + day.String() }

// write puts a record into the books and hands what it made to the post.
func (b *Bank) write(r record) error {
	if err := b.journal.Add(r); err != nil {
		return err
	}
	if err := b.apply(r); err != nil {
		return err
	}
	return b.deliver()
}

func (b *Bank) deliver() error {
	for _, d := range b.waiting {
		if b.options.Deliver != nil {
			if err := b.options.Deliver(d); err != nil {
				return err
			}
		}
	}
	if len(b.waiting) == 0 {
		return nil
	}
	r := record{Delivered: len(b.waiting)}
	if err := b.journal.Add(r); err != nil {
		return err
	}
	return b.apply(r)
}

// Day is the banking day whose books are open.
func (b *Bank) Day() calendar.Date {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.day
}

// Booking is a movement that somebody asks the bank to book today.
type Booking struct {
	Account  string      `json:"account"`
	Code     string      `json:"code"`
	Amount   money.Cents `json:"amount_cents"`
	Customer string      `json:"customer,omitempty"`
	Text     string      `json:"text,omitempty"`
	Of       string      `json:"of,omitempty"`
	Wrong    string      `json:"wrong,omitempty"`
	Once     string      `json:"once,omitempty"` // a key: asked for again, the line is the one there is
	Wire     *Wire       `json:"-"`
}

// Book books movements today, all or none, and gives their lines; one whose key was
// used before is not booked again. Invalid when an
// account is not the bank's, a code is not one of BAI2's details, or an amount is not
// above zero.
func (b *Bank) Book(bookings ...Booking) ([]Line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var known []Line
	anew := slices.DeleteFunc(slices.Clone(bookings), func(k Booking) bool {
		at, there := b.once[k.Once]
		if there {
			known = append(known, b.lines[at])
		}
		return there
	})
	lines, err := b.linesOf(anew...)
	if err != nil || len(lines) == 0 {
		return known, err
	}
	return append(known, lines...), b.write(record{Lines: lines})
}

func (b *Bank) linesOf(bookings ...Booking) ([]Line, error) {
	lines := make([]Line, 0, len(bookings))
	for _, k := range bookings {
		if _, known := b.balance[k.Account]; !known {
			return nil, fault.New(fault.NotFound, "bank.Book", "the bank has no such account")
		}
		if len(k.Code) != 3 || k.Code < "100" || k.Code > "699" || k.Amount <= 0 {
			return nil, fault.New(fault.Invalid, "bank.Book",
				"a booking has a BAI2 type from 100 to 699 and an amount above zero")
		}
		id := len(b.lines) + len(lines) + 1
		line := Line{
			ID: id, Day: b.day, Account: k.Account, Code: k.Code, Amount: k.Amount,
			Reference: fmt.Sprintf("%s%06d", b.day.Time().Format("060102"), id), Customer: plain(k.Customer), Text: plain(k.Text),
			Wire: k.Wire, Of: k.Of, Wrong: k.Wrong, Once: k.Once,
		}
		if k.Wire != nil {
			line.Reference = k.Wire.IMAD
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// plain leaves what bank files can carry: printable ASCII without commas and
// slashes, which BAI2 gives another meaning.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ',' || r == '/':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

// Lines gives every booking, in order.
func (b *Bank) Lines() []Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// Balance gives an account's balance with all that is booked.
func (b *Bank) Balance(account string) money.Cents {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.balance[account]
}

// Accounts gives the bank's accounts.
func (b *Bank) Accounts() []Account { return slices.Clone(b.options.Accounts) }

// LockboxAccount gives the account to which a lockbox is deposited, "" for none.
func (b *Bank) LockboxAccount(lockbox string) string { return b.options.Lockboxes[lockbox] }

// Wrongs gives the bookings that the bank made wrongly on request.
func (b *Bank) Wrongs() []Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	var wrongs []Line
	for _, l := range b.lines {
		if l.Wrong != "" {
			wrongs = append(wrongs, l)
		}
	}
	return wrongs
}

// Statement is what one account did on one day.
type Statement struct {
	Account          Account
	Day              calendar.Date
	Opening, Closing money.Cents
	Lines            []Line
}

// Statement gives an account's day, closed or open. NotFound for an account that the
// bank has not.
func (b *Bank) Statement(account string, day calendar.Date) (Statement, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.options.Accounts {
		if a.Number == account {
			return b.statement(a, day), nil
		}
	}
	return Statement{}, fault.New(fault.NotFound, "bank.Statement", "the bank has no such account")
}

func (b *Bank) statement(a Account, day calendar.Date) Statement {
	at := dayOf{a.Number, day}
	s := Statement{Account: a, Day: day, Opening: b.opening[at]}
	s.Closing = s.Opening
	for _, i := range b.byDay[at] {
		s.Lines = append(s.Lines, b.lines[i])
		s.Closing += b.lines[i].Signed()
	}
	return s
}

// CloseDay books what the day's deposits come to, sends the day's files and
// statements, and opens the next banking day, which it gives.
func (b *Bank) CloseDay() (calendar.Date, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := record{Opened: bankingDay(b.day.AddDays(1))}
	if err := b.depositCheques(&r); err != nil {
		return b.day, err
	}
	if err := b.settleBills(&r); err != nil {
		return b.day, err
	}
	statements := b.statementsWith(r.Lines)
	if b.options.BAI2 || !b.options.Camt {
		text := baiStatement(&b.options, statements, b.day, r.Opened, final, 1)
		r.Documents = append(r.Documents, b.document("statement", "bai2", text))
	}
	if b.options.Camt {
		text := camtStatement(&b.options, statements, b.day, r.Opened, len(b.closed)+1)
		r.Documents = append(r.Documents, b.document("camt053", "xml", text))
	}
	if err := b.write(r); err != nil {
		return b.day, err
	}
	return b.day, nil
}

// statementsWith gives every account's open day as it will be with lines that are
// about to be booked.
func (b *Bank) statementsWith(lines []Line) []Statement {
	var all []Statement
	for _, a := range b.options.Accounts {
		s := b.statement(a, b.day)
		for _, l := range lines {
			if l.Account == a.Number {
				s.Lines = append(s.Lines, l)
				s.Closing += l.Signed()
			}
		}
		all = append(all, s)
	}
	return all
}

// Interim sends a statement of the open day so far.
func (b *Bank) Interim() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.document("interim", "bai2", nil)
	d.Content = baiStatement(&b.options, b.statementsWith(nil), b.day, b.day, interim, 50+b.serials[serialKey("interim", b.day)])
	return b.write(record{Documents: []post.Document{d}})
}

// document names a document of the open day: kind, day, and a count.
func (b *Bank) document(kind, ending string, content []byte) post.Document {
	n := b.serials[serialKey(kind, b.day)] + 1
	name := fmt.Sprintf("%s-%s-%02d.%s", kind, b.day.Time().Format("20060102"), n, ending)
	return post.Document{Kind: kind, Name: name, Day: b.day, Content: content}
}
