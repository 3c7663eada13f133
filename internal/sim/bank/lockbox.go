package bank

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Cheque is a cheque that came to a lockbox, with what the bank keyed from its stub.
type Cheque struct {
	ID      int           `json:"id"` // from 1
	Day     calendar.Date `json:"day"`
	Lockbox string        `json:"lockbox"`
	Amount  money.Cents   `json:"amount_cents"`
	Routing string        `json:"routing,omitempty"` // of the drawer's bank
	Drawn   string        `json:"drawn,omitempty"`   // the drawer's account
	Serial  string        `json:"serial,omitempty"`
	Stubs   []Stub        `json:"stubs,omitempty"`
	Memo    string        `json:"memo,omitempty"`
	Image   string        `json:"image,omitempty"` // the bank's name for the picture; made up when empty
	Bounced calendar.Date `json:"bounced,omitzero"`
}

// Stub is a line that the bank keyed: a number, and its part of the cheque when the
// payer wrote one.
type Stub struct {
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount_cents,omitempty"`
}

// The BAI2 types of deposits and what comes of them.
const (
	codeLockbox  = "115" // lockbox deposit
	codeACH      = "142" // ACH credit received
	codeACHDebit = "469" // miscellaneous ACH debit
	codeDeposit  = "301" // commercial deposit
	codeWire     = "195" // incoming money transfer
	codeBounced  = "555" // deposited item returned
	codePaid     = "475" // check paid
	codeFee      = "698" // miscellaneous fees
)

// Receive takes cheques into a lockbox; they are deposited when the day closes.
func (b *Bank) Receive(cheques ...Cheque) ([]Cheque, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := slices.Clone(cheques)
	for i := range taken {
		c := &taken[i]
		if _, known := b.options.Lockboxes[c.Lockbox]; !known || len(c.Lockbox) != 7 {
			return nil, fault.New(fault.NotFound, "bank.Receive", "the bank has no lockbox of that number")
		}
		if c.Amount < 0 || len(c.Routing) > 9 || len(c.Drawn) > 10 || len(c.Serial) > 9 {
			return nil, fault.New(fault.Invalid, "bank.Receive",
				"a cheque has an amount, at most 9 digits of routing, 10 of account and 9 of serial number")
		}
		c.ID, c.Day, c.Bounced = len(b.cheques)+i+1, b.day, calendar.Date{}
		if c.Serial == "" {
			c.Serial = fmt.Sprint(1000 + c.ID)
		}
		if c.Image == "" {
			c.Image = fmt.Sprintf("IMG%s-%05d", b.day.Time().Format("0102"), c.ID)
		}
	}
	return taken, b.write(record{Cheques: taken})
}

// Cheques gives every cheque that came, in order.
func (b *Bank) Cheques() []Cheque {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.cheques)
}

// Bounce returns a deposited cheque: the account is debited today. Conflict when it
// was not deposited yet or came back before.
func (b *Bank) Bounce(id int, reason string) (Line, error) {
	const op = "bank.Bounce"
	b.mu.Lock()
	defer b.mu.Unlock()
	if id < 1 || id > len(b.cheques) {
		return Line{}, fault.New(fault.NotFound, op, "no cheque has the id %d", id)
	}
	c := b.cheques[id-1]
	if !c.Day.Before(b.day) || !c.Bounced.IsZero() {
		return Line{}, fault.New(fault.Conflict, op, "cheque %d is not deposited yet, or came back before", id)
	}
	lines, err := b.linesOf(Booking{
		Account: b.options.Lockboxes[c.Lockbox], Code: codeBounced, Amount: c.Amount, Customer: c.Serial,
		Text: fmt.Sprintf("RETURNED ITEM %s LOCKBOX %s DEPOSITED %s CHECK %s", reason, c.Lockbox, c.Day, c.Serial),
		Of:   fmt.Sprintf("cheque:%d", c.ID),
	})
	if err != nil {
		return Line{}, err
	}
	c.Bounced = b.day
	return lines[0], b.write(record{Lines: lines, Cheques: []Cheque{c}})
}

// Shorten makes the bank err: the next deposit of a lockbox is booked with that many
// cents less than its file says; below zero, with more.
func (b *Bank) Shorten(lockbox string, cents money.Cents) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write(record{Short: &slip{lockbox, cents}})
}

// depositCheques books each lockbox's deposit and makes its file.
func (b *Bank) depositCheques(r *record) error {
	for _, box := range slices.Sorted(maps.Keys(b.options.Lockboxes)) {
		var today []Cheque
		var sum money.Cents
		for _, c := range b.cheques {
			if c.Day == b.day && c.Lockbox == box {
				today = append(today, c)
				sum += c.Amount
			}
		}
		if len(today) == 0 {
			continue
		}
		file := b.document("lockbox-"+box, "bai", lockboxFile(&b.options, today))
		file.Kind = "lockbox"
		booking := Booking{
			Account: b.options.Lockboxes[box], Code: codeLockbox, Amount: sum, Customer: box,
			Text: fmt.Sprintf("LOCKBOX DEPOSIT %s %d ITEMS", box, len(today)), Of: "file:" + file.Name,
		}
		if short := b.short[box]; short != 0 {
			booking.Amount -= short
			booking.Wrong = fmt.Sprintf("deposit booked %s less than its file", short)
			r.Short = &slip{box, 0}
		}
		if err := b.bookWith(r, booking); err != nil {
			return err
		}
		r.Documents = append(r.Documents, file)
	}
	return nil
}

// bookWith adds a booking to a record that is being made; nothing is booked for
// nothing.
func (b *Bank) bookWith(r *record, k Booking) error {
	if k.Amount == 0 {
		return nil
	}
	lines, err := b.linesOf(k)
	if err != nil {
		return err
	}
	lines[0].ID += len(r.Lines)
	lines[0].Reference = fmt.Sprintf("%s%06d", b.day.Time().Format("060102"), lines[0].ID)
	r.Lines = append(r.Lines, lines...)
	return nil
}

const batchMax = 200 // cheques of a batch

// lockboxFile writes a lockbox's day in the BAI lockbox layout of 80 columns.
func lockboxFile(o *Options, cheques []Cheque) []byte {
	var out bytes.Buffer
	records := 0
	put := func(format string, args ...any) {
		records++
		fmt.Fprintf(&out, format+"\n", args...)
	}
	first := cheques[0]
	date := yymmdd(first.Day)
	put("100%-10.10s%-10.10s%s1800", o.Customer, o.Routing, date)
	put("2%-10.10s%-10.10s000000000040008000801", o.Customer, o.Routing)
	put("5000000%s%s%-10.10s%-10.10s", first.Lockbox, date, o.Customer, o.Routing)
	var sum money.Cents
	items := len(cheques)
	for batch := 1; len(cheques) > 0; batch++ {
		n := min(batchMax, len(cheques))
		var total money.Cents
		for i, c := range cheques[:n] {
			total += c.Amount
			put("6%03d%03d%010d%-9s%-10s%-9s%s", batch, i+1, int64(c.Amount), c.Routing, c.Drawn, c.Serial, tail(c))
			for j, s := range c.Stubs {
				last := '0'
				if j == len(c.Stubs)-1 {
					last = '9'
				}
				amount := ""
				if s.Amount > 0 {
					amount = fmt.Sprintf("%010d", int64(s.Amount))
				}
				put("4%03d%03d6%02d%c%-30.30s%s", batch, i+1, j+1, last, plain(s.Reference), amount)
			}
		}
		put("7%03d000%s%s%03d%010d", batch, first.Lockbox, date, n, int64(total))
		sum += total
		cheques = cheques[n:]
	}
	put("8000000%s%s%04d%010d", first.Lockbox, date, items%10_000, int64(sum))
	put("9%06d", records+1)
	return out.Bytes()
}

// tail is what the bank writes after a cheque's columns: its picture's name and the
// memo.
func tail(c Cheque) string {
	text := c.Image
	if c.Memo != "" {
		text += " " + plain(c.Memo)
	}
	return text
}

// Deposit is money that the plan brought over a counter in a bag.
type Deposit struct {
	Account string      `json:"account"`
	Bag     string      `json:"bag"`
	Amount  money.Cents `json:"amount_cents"`
	Wrong   money.Cents `json:"wrong_cents,omitempty"` // how much less the bank counts
}

// Bring books a deposit by its bag's number.
func (b *Bank) Bring(d Deposit) (Line, error) {
	k := Booking{
		Account: d.Account, Code: codeDeposit, Amount: d.Amount - d.Wrong, Customer: d.Bag,
		Text: "COMMERCIAL DEPOSIT BAG " + d.Bag, Of: "bag:" + d.Bag,
	}
	if d.Wrong != 0 {
		k.Wrong = fmt.Sprintf("deposit counted %s less", d.Wrong)
	}
	return b.one(k)
}

// Charge books a fee that the bank takes.
func (b *Bank) Charge(account string, cents money.Cents, text string) (Line, error) {
	return b.one(Booking{Account: account, Code: codeFee, Amount: cents, Text: text, Of: "fee"})
}

func (b *Bank) one(k Booking) (Line, error) {
	lines, err := b.Book(k)
	if err != nil {
		return Line{}, err
	}
	return lines[0], nil
}
