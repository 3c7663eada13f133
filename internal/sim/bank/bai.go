package bank

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// As-of modifiers of a BAI2 group: whether the day can still change.
const (
	final   = "2" // final, previous day
	interim = "3" // interim, same day
)

// baiWriter writes records and keeps the sums that its trailers state: BAI2 adds
// amounts up as they stand, debits too.
type baiWriter struct {
	out     bytes.Buffer
	sum     money.Cents // of the open account
	group   money.Cents
	records int // of the open account
	all     int // of the group
}

func (w *baiWriter) put(fields ...string) {
	w.records++
	w.all++
	fmt.Fprintf(&w.out, "%s/\n", strings.Join(fields, ","))
}

const textMax = 70 // of one line; longer texts go on in records 88

// baiStatement writes the accounts of a day as one BAI2 file.
func baiStatement(o *Options, statements []Statement, day, made calendar.Date, modifier string, id int) []byte {
	w := &baiWriter{}
	w.put("01", o.Name, o.Customer, yymmdd(made), "0600", fmt.Sprint(id), "", "", "2")
	w.all = 0
	w.put("02", o.Customer, o.Routing, "1", yymmdd(day), "2359", "USD", modifier)
	for _, s := range statements {
		w.account(s)
	}
	w.put("98", fmt.Sprint(int64(w.group)), fmt.Sprint(len(statements)), fmt.Sprint(w.all+1))
	fmt.Fprintf(&w.out, "99,%d,1,%d/\n", int64(w.group), w.all+2)
	return w.out.Bytes()
}

func (w *baiWriter) account(s Statement) {
	w.sum, w.records = 0, 0
	credits, debits, in, out := s.totals()
	amount := func(c money.Cents) string {
		w.sum += c
		return fmt.Sprint(int64(c))
	}
	w.put("03", s.Account.Number, "USD", "010", amount(s.Opening), "", "", "015", amount(s.Closing), "", "")
	w.put("88", "100", amount(in), fmt.Sprint(credits), "", "400", amount(out), fmt.Sprint(debits), "")
	for _, l := range s.Lines {
		pieces := wrap(l.Text, textMax)
		w.put("16", l.Code, amount(l.Amount), "0", l.Reference, l.Customer, pieces[0])
		for _, more := range pieces[1:] {
			w.put("88", more)
		}
	}
	w.put("49", fmt.Sprint(int64(w.sum)), fmt.Sprint(w.records+1))
	w.group += w.sum
}

func (s Statement) totals() (credits, debits int, in, out money.Cents) {
	for _, l := range s.Lines {
		if l.Credit() {
			credits++
			in += l.Amount
		} else {
			debits++
			out += l.Amount
		}
	}
	return credits, debits, in, out
}

// wrap parts a text into pieces of at most width characters, between words where it
// can; always at least one piece.
func wrap(text string, width int) []string {
	var pieces []string
	for len(text) > width {
		at := strings.LastIndexByte(text[:width], ' ')
		if at <= 0 {
			at = width
		}
		pieces = append(pieces, strings.TrimRight(text[:at], " "))
		text = strings.TrimLeft(text[at:], " ")
	}
	return append(pieces, text)
}

func yymmdd(d calendar.Date) string { return d.Time().Format("060102") }
