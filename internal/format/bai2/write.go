package bai2

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/line"
)

// Balance is a status or summary amount of an account (record 03).
type Balance struct {
	TypeCode    string
	AmountMinor int64
}

// Writer writes a BAI2 file, computing every control total and count. It holds
// only totals, so a file may be of any length. Groups, accounts and items come
// in the order of the file; each begins by ending what stands open before it.
type Writer struct {
	out                    *bufio.Writer
	file, group, account   level
	groupOpen, accountOpen bool
	err                    error
}

// NewWriter begins a file. A header that cannot be written fails the first
// call after it.
func NewWriter(w io.Writer, header Header) *Writer {
	bw := &Writer{out: bufio.NewWriter(w)}
	bw.record("01", header.Sender, header.Receiver, yymmdd(header.Date), header.Time, header.ID, "", "", "2")
	return bw
}

// Group begins a group.
func (w *Writer) Group(g Group) error {
	w.endGroup()
	w.group, w.groupOpen = level{}, true
	w.record("02", g.Receiver, g.Originator, g.Status, yymmdd(g.AsOf), g.AsOfTime, g.Currency, g.AsOfModifier)
	return w.err
}

// Account begins an account of the open group, with its balances.
func (w *Writer) Account(number secret.Text, currency string, balances []Balance) error {
	if !w.groupOpen {
		return invalid("an account stands in a group")
	}
	w.endAccount()
	w.account, w.accountOpen = level{}, true
	w.group.parts++
	w.record("03", number.Reveal(), currency)
	for _, b := range balances {
		w.record("88", b.TypeCode, fmt.Sprint(b.AmountMinor), "", "")
		w.account.total += b.AmountMinor
	}
	return w.err
}

// Item adds a transaction to the open account. Its group, account, currency
// and line are those of where it is written.
func (w *Writer) Item(it Item) error {
	if !w.accountOpen {
		return invalid("a transaction stands in an account")
	}
	if !isTypeCode(it.TypeCode) || len(it.Text) > recordMax/2 {
		return invalid("a transaction has a type code of three digits and a text of at most %d characters", recordMax/2)
	}
	fields := append([]string{it.TypeCode, fmt.Sprint(it.AmountMinor)}, fundsFields(it.Funds)...)
	fields = append(fields, it.BankReference, it.CustomerReference)
	lines := strings.Split(it.Text, "\n")
	if err := checkText(lines); err != nil {
		return err
	}
	if err := checkFields(fields); err != nil {
		return err
	}
	w.account.total += it.AmountMinor
	w.line("16," + strings.Join(fields, ",") + "," + lines[0])
	for _, more := range lines[1:] {
		w.line("88," + more)
	}
	return w.err
}

// Close ends the file with its trailers. It does not close the writer beneath.
func (w *Writer) Close() error {
	w.endGroup()
	w.record("99", fmt.Sprint(w.file.total), fmt.Sprint(w.file.parts), fmt.Sprint(w.file.records+1))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

func (w *Writer) endAccount() {
	if !w.accountOpen {
		return
	}
	w.record("49", fmt.Sprint(w.account.total), fmt.Sprint(w.account.records+1))
	w.group.total += w.account.total
	w.accountOpen = false
}

func (w *Writer) endGroup() {
	w.endAccount()
	if !w.groupOpen {
		return
	}
	w.record("98", fmt.Sprint(w.group.total), fmt.Sprint(w.group.parts), fmt.Sprint(w.group.records+1))
	w.file.total += w.group.total
	w.file.parts++
	w.groupOpen = false
}

func (w *Writer) record(code string, fields ...string) {
	if err := checkFields(fields); err != nil && w.err == nil {
		w.err = err
	}
	w.line(code + "," + strings.Join(fields, ","))
}

// line ends every line with a slash, so that a text which ends with one of its
// own is read back whole.
func (w *Writer) line(text string) {
	if w.err != nil {
		return
	}
	w.file.records++
	w.group.records++
	w.account.records++
	_, w.err = w.out.WriteString(text + "/\n")
}

func fundsFields(f Funds) []string {
	fields := []string{f.Type}
	switch f.Type {
	case "V":
		return append(fields, yymmdd(f.Date), f.Time)
	case "D":
		fields = append(fields, fmt.Sprint(len(f.Distribution)))
		for _, part := range f.Distribution {
			fields = append(fields, fmt.Sprint(part.Days), fmt.Sprint(part.AmountMinor))
		}
	case "S":
		for days := range 3 {
			amount := int64(0)
			if days < len(f.Distribution) {
				amount = f.Distribution[days].AmountMinor
			}
			fields = append(fields, fmt.Sprint(amount))
		}
	}
	return fields
}

func yymmdd(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format("060102")
}

func checkFields(fields []string) error {
	for i, f := range fields {
		if strings.Contains(f, ",") || line.Unprintable(f) > 0 {
			return invalid("field %d holds a comma or a character that is not printable ASCII", i+1)
		}
	}
	return nil
}

func checkText(lines []string) error {
	for _, text := range lines {
		if line.Unprintable(text) > 0 || len(text) > widthMax/2 {
			return invalid("a line of text is longer than %d characters or not printable ASCII", widthMax/2)
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "bai2.Write", format, args...)
}
