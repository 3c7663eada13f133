// Package ach is the rail of entries that we send through the clearing house: it writes
// them into NACHA files, and reads the files in which returns, notifications of change
// and credits come back.
//
// It knows the format and the words of office/clearing, and neither when a file goes out
// nor what a return obliges us to do. Credits in a file that also brings answers are the
// rail bankbill's.
//
// Invariants: a file is written by a stream, whatever its length; an entry's id in a file
// is no bill pay number; a sandbox's file says so in its header. Start reading at
// Press.Begin and Rail.
package ach

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Press writes files for the clearing house.
type Press struct{}

// Widths of columns of a record 6.
const (
	idWidth   = 15
	nameWidth = 22
)

// Service class codes of a batch header.
const (
	mixed       = 200
	creditsOnly = 220
	debitsOnly  = 225
)

// Begin implements clearing.Press.
func (Press) Begin(w io.Writer, bank *clearing.Bank, f *clearing.File) clearing.Printing {
	at := f.MadeAt.In(bank.Zone)
	header := nacha.Header{
		Destination: bank.Destination, Origin: bank.Origin, DestinationName: ascii(bank.DestinationName), OriginName: ascii(bank.OriginName),
		Date: calendar.In(f.MadeAt, bank.Zone), Time: at.Format("1504"), Modifier: f.Modifier,
	}
	if !f.Live {
		header.Reference = clearing.SandboxMark
	}
	return &printing{w: nacha.NewWriter(w, header), file: f, made: header.Date}
}

type printing struct {
	w     *nacha.Writer
	file  *clearing.File
	batch *clearing.Batch
	made  calendar.Date
	hash  int64
}

// Batch implements clearing.Printing.
func (p *printing) Batch(b *clearing.Batch) error {
	p.batch = b
	class := debitsOnly
	switch {
	case b.TraceLast-b.TraceFirst+1 > clearing.Trace(b.Entries):
		class = mixed
	case b.Direction == clearing.Credit:
		class = creditsOnly
	}
	return p.w.Batch(&nacha.Batch{
		Number: int(b.No), ServiceClass: class, SECCode: string(b.SEC), CompanyName: ascii(b.CompanyName), CompanyID: b.Company,
		EntryDescription: b.Description, DescriptiveDate: p.made.Time().Format("060102"), EffectiveDate: b.SettlesOn, ODFI: p.file.ODFI,
	})
}

// Entry implements clearing.Printing.
func (p *printing) Entry(o *clearing.Outgoing) error {
	account := &o.Account
	return p.write(nacha.Entry{
		TransactionCode: transactionCode(account.Kind, o.Direction, o.Kind == clearing.Prenote), RDFI: account.Routing, Account: account.Number,
		Amount: o.Amount, IndividualID: strings.ToUpper(cut(string(o.ID), idWidth)), IndividualName: cut(ascii(account.Holder), nameWidth),
		Discretionary: payment(o), Trace: fmt.Sprintf("%015d", int64(o.Trace)),
	})
}

// Offset implements clearing.Printing.
func (p *printing) Offset(b *clearing.Batch, own mandate.BankAccount) error {
	direction := clearing.Credit
	if b.Direction == clearing.Credit {
		direction = clearing.Debit
	}
	return p.write(nacha.Entry{
		TransactionCode: transactionCode(own.Kind, direction, false), RDFI: own.Routing, Account: own.Number, Amount: b.Amount,
		IndividualID: "OFFSET", IndividualName: cut(ascii(own.Holder), nameWidth), Trace: fmt.Sprintf("%015d", int64(b.TraceLast)),
	})
}

func (p *printing) write(e nacha.Entry) error {
	if err := p.w.Entry(e); err != nil {
		return err
	}
	var rdfi int64
	for _, digit := range e.RDFI[:8] {
		rdfi = rdfi*10 + int64(digit-'0')
	}
	p.hash += rdfi
	return nil
}

// hashModulus keeps the low ten digits of an entry hash.
const hashModulus = 10_000_000_000

// Close implements clearing.Printing.
func (p *printing) Close() (hash string, err error) {
	return fmt.Sprintf("%010d", p.hash%hashModulus), p.w.Close()
}

// transactionCode gives columns 2-3: a checking account's codes begin with 2, a savings
// account's with 3; 2 credits, 7 debits, 3 and 8 try the account.
func transactionCode(kind mandate.AccountKind, direction clearing.Direction, prenote bool) int {
	code := 22
	if kind == mandate.Savings {
		code = 32
	}
	if direction == clearing.Debit {
		code += 5
	}
	if prenote {
		code++
	}
	return code
}

// payment gives the payment type code of WEB and TEL entries: recurring or single.
func payment(o *clearing.Outgoing) string {
	switch {
	case o.SEC != clearing.WEB && o.SEC != clearing.TEL:
		return ""
	case o.Recurring:
		return "R"
	}
	return "S"
}

// ascii writes a name in the characters that the network takes: letters lose their
// accents, and what is left of others becomes a blank.
func ascii(name string) string {
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), name)
	if err != nil {
		folded = name
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return unicode.ToUpper(r)
	}, folded)
}

func cut(text string, width int) string { return text[:min(width, len(text))] }
