package nacha

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/line"
)

// Writer writes a Nacha file, computing every control and filling the last
// block. It holds only totals, so a file may be of any length. Entries follow
// the Batch they belong to; a batch ends where the next begins.
type Writer struct {
	out     *bufio.Writer
	header  *Batch // of the open batch
	batches int
	lines   int
	file    tally
	batch   tally
	err     error
}

// The largest totals that a control holds, in twelve digits of cents, and the
// largest amount of an entry, in ten.
const (
	totalMax  money.Cents = 999_999_999_999
	amountMax money.Cents = 9_999_999_999
)

// NewWriter begins a file. A header that cannot be written fails the first
// call after it.
func NewWriter(w io.Writer, h Header) *Writer {
	nw := &Writer{out: bufio.NewWriter(w)}
	nw.fits(text{"destination", h.Destination, 10}, text{"origin", h.Origin, 10}, text{"modifier", h.Modifier, 1},
		text{"time", h.Time, 4}, text{"destination name", h.DestinationName, 23}, text{"origin name", h.OriginName, 23},
		text{"reference", h.Reference, 8})
	nw.put("101%10s%10s%s%-4s%-1s094101%-23s%-23s%-8s",
		h.Destination, h.Origin, yymmdd(h.Date, "000000"), h.Time, h.Modifier, h.DestinationName, h.OriginName, h.Reference)
	return nw
}

// Batch begins a batch. The batch is read, never changed, until the next begins.
func (w *Writer) Batch(b *Batch) error {
	w.endBatch()
	w.fits(text{"company name", b.CompanyName, 16}, text{"company discretionary", b.CompanyDiscretionary, 20},
		text{"company identification", b.CompanyID, 10}, text{"standard entry class", b.SECCode, 3},
		text{"entry description", b.EntryDescription, 10}, text{"descriptive date", b.DescriptiveDate, 6}, text{"ODFI", b.ODFI, 8})
	record := fmt.Sprintf("5%03d%-16s%-20s%-10s%-3s%-10s%-6s%s   1%08s%07d", b.ServiceClass, b.CompanyName, b.CompanyDiscretionary,
		b.CompanyID, b.SECCode, b.EntryDescription, b.DescriptiveDate, yymmdd(b.EffectiveDate, "      "), b.ODFI, b.Number)
	header := ach.NewBatchHeader()
	header.Parse(record)
	w.accept("batch header", header.Validate())
	w.header, w.batch = b, tally{}
	w.batches++
	w.put("%s", record)
	return w.err
}

// Entry adds an entry and its addenda to the open batch. It refuses with
// fault.Invalid what the columns cannot hold; the file is then as it was
// before the call.
func (w *Writer) Entry(e Entry) error {
	if w.err != nil {
		return w.err
	}
	if w.header == nil {
		return invalid("an entry stands in a batch")
	}
	addenda := addendaOf(e)
	record, err := detailRecord(w.header.SECCode, e, len(addenda))
	if err != nil {
		return err
	}
	for _, a := range addenda {
		if len(a) != recordWidth || line.Unprintable(a) > 0 {
			return invalid("an addenda text does not fit its columns")
		}
	}
	if most := addendaMax(w.header.SECCode); len(e.PaymentInfo) > most {
		return invalid("an entry of class %s has more than %d addenda", w.header.SECCode, most)
	}
	if err := w.add(e, 1+len(addenda)); err != nil {
		return err
	}
	w.put("%s", record)
	for _, a := range addenda {
		w.put("%s", a)
	}
	return w.err
}

// Close ends the file with its controls and filler. It does not close the
// writer beneath.
func (w *Writer) Close() error {
	w.endBatch()
	blocks := (w.lines + 1 + 9) / 10
	w.put("9%06d%06d%08d%010d%012d%012d%39s", w.batches, blocks, w.file.records, w.file.hash%hashModulus, w.file.debit, w.file.credit, "")
	for w.lines%10 != 0 && w.err == nil {
		w.put("%s", filler)
	}
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

func (w *Writer) endBatch() {
	b := w.header
	if b == nil {
		return
	}
	w.put("8%03d%06d%010d%012d%012d%-10s%25s%08s%07d", b.ServiceClass, w.batch.records, w.batch.hash%hashModulus,
		w.batch.debit, w.batch.credit, b.CompanyID, "", b.ODFI, b.Number)
	w.header = nil
}

// add counts an entry, or refuses it when a control could not state the sum.
func (w *Writer) add(e Entry, records int) error {
	debit, credit := e.Amount, money.Cents(0)
	if e.Credit() {
		debit, credit = 0, e.Amount
	}
	if w.file.debit+debit > totalMax || w.file.credit+credit > totalMax || w.batch.records+records > 999_999 {
		return invalid("the batch or file would outgrow its control")
	}
	rdfi, _ := line.Digits(e.RDFI[:8])
	for _, t := range []*tally{&w.batch, &w.file} {
		t.records += records
		t.debit += debit
		t.credit += credit
		t.hash += rdfi
	}
	return nil
}

// detailRecord writes a record 6 with the fields where its class has them.
func detailRecord(secCode string, e Entry, addenda int) (string, error) {
	id, name := fmt.Sprintf("%-15s", e.IndividualID), fmt.Sprintf("%-22s", e.IndividualName)
	switch {
	case secCode == ach.CIE:
		id, name = fmt.Sprintf("%-15s", e.IndividualName), fmt.Sprintf("%-22s", e.IndividualID)
	case namesCountAddenda(secCode):
		name = fmt.Sprintf("%04d%-16s  ", addenda, e.IndividualName)
	}
	if e.Amount < 0 || e.Amount > amountMax {
		return "", invalid("the amount %s does not fit ten digits", e.Amount)
	}
	record := fmt.Sprintf("6%02d%9s%-17s%010d%s%s%-2s%d%15s",
		e.TransactionCode, e.RDFI, e.Account.Reveal(), e.Amount, id, name, e.Discretionary, min(addenda, 1), e.Trace)
	_, routed := line.Digits(e.RDFI)
	_, traced := line.Digits(e.Trace)
	if len(record) != recordWidth || line.Unprintable(record) > 0 || len(e.RDFI) != 9 || !routed || !traced {
		return "", invalid("a field of the entry does not fit its columns")
	}
	detail := ach.NewEntryDetail()
	detail.Parse(record)
	return record, reason("entry", detail.Validate())
}

// addendaOf writes the addenda an entry has; a text too long makes a record
// too long, which Entry refuses.
func addendaOf(e Entry) []string {
	var records []string
	for i, info := range e.PaymentInfo {
		records = append(records, fmt.Sprintf("705%-80s%04d%7s", info, i+1, lastSeven(e.Trace)))
	}
	if c := e.Change; c != nil {
		records = append(records, fmt.Sprintf("798%-3s%-15s%6s%-8s%-29s%15s%15s", c.Code, c.OriginalTrace, "", c.OriginalRDFI, c.Corrected.Reveal(), "", e.Trace))
	}
	if r := e.Return; r != nil {
		records = append(records, fmt.Sprintf("799%-3s%-15s%s%-8s%-44s%15s", r.Code, r.OriginalTrace, yymmdd(r.DateOfDeath, "      "), r.OriginalRDFI, r.Information, e.Trace))
	}
	return records
}

func lastSeven(trace string) string { return trace[max(0, len(trace)-7):] }

func yymmdd(d calendar.Date, none string) string {
	if d.IsZero() {
		return none
	}
	return d.Time().Format("060102")
}

func (w *Writer) put(format string, args ...any) {
	if w.err != nil {
		return
	}
	w.lines++
	_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
}

// text is a field of a header and how many columns it has.
type text struct {
	name, value string
	width       int
}

func (w *Writer) fits(fields ...text) {
	for _, f := range fields {
		if (len(f.value) > f.width || line.Unprintable(f.value) > 0) && w.err == nil {
			w.err = invalid("the %s does not fit its %d columns", f.name, f.width)
		}
	}
}

func (w *Writer) accept(record string, err error) {
	if w.err == nil {
		w.err = reason(record, err)
	}
}

// reason passes on what moov-io/ach finds wrong, without the value.
func reason(record string, err error) error {
	var field *ach.FieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return invalid("%s: %s %v", record, words(field.FieldName), field.Err)
	}
	return invalid("%s breaks a rule of its type", record)
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "nacha.Write", format, args...)
}
