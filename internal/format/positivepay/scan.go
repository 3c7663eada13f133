package positivepay

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Scan reads a file of either style and calls each with every record. It proves the
// counts and totals of the last lines. Invalid, with the line, when it does not hold
// together.
func Scan(r io.Reader, each func(Record) error) (Totals, error) {
	src := bufio.NewReader(r)
	first, err := src.Peek(1)
	if err != nil {
		return Totals{}, wrong(1, "the file is empty")
	}
	s := scanner{each: each}
	if first[0] == 'H' {
		err = s.fixed(src)
	} else {
		err = s.csv(src)
	}
	if err == nil && (!s.ended || s.stated != s.found) {
		err = wrong(s.line, "the totals are not those of the checks")
	}
	return s.found, err
}

func wrong(line int, why string) error {
	return fault.New(fault.Invalid, "positivepay.Scan", "line %d: %s", line, why)
}

type scanner struct {
	each          func(Record) error
	line          int
	found, stated Totals
	ended         bool
}

func (s *scanner) take(r Record) error {
	if s.ended {
		return wrong(s.line, "a check after the totals")
	}
	if err := r.check(); err != nil {
		return wrong(s.line, err.Error())
	}
	if s.found.Issued+s.found.Void == recordsMax {
		return wrong(s.line, "too many checks")
	}
	s.found.add(&r)
	return s.each(r)
}

func (s *scanner) csv(r io.Reader) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(header)
	for totals := 0; ; {
		row, err := in.Read()
		s.line++
		if errors.Is(err, io.EOF) {
			s.ended = totals == 2
			return nil
		}
		if err != nil {
			return wrong(s.line, "it is no row of eight columns")
		}
		if s.line == 1 {
			if !slices.Equal(row, header) {
				return wrong(1, "the first row must name the columns")
			}
			continue
		}
		switch row[0] {
		case "check":
			if totals > 0 {
				return wrong(s.line, "a check after the totals")
			}
			err = s.csvCheck(row)
		case "total":
			totals++
			err = s.csvTotal(row)
		default:
			err = wrong(s.line, "a row is of a check or a total")
		}
		if err != nil {
			return err
		}
	}
}

func (s *scanner) csvCheck(row []string) error {
	no, err := strconv.ParseInt(row[3], 10, 64)
	amount, bad := money.Parse(row[4])
	dated, undated := calendar.Parse(row[5])
	if err != nil || bad != nil || undated != nil || row[6] != issueMark && row[6] != voidMark {
		return wrong(s.line, "a number, amount, date or action does not parse")
	}
	return s.take(Record{
		Routing: row[1], Account: row[2], Check: no, Amount: amount, Dated: dated, Void: row[6] == voidMark, Payee: row[7],
	})
}

func (s *scanner) csvTotal(row []string) error {
	count, err := strconv.Atoi(row[3])
	amount, bad := money.Parse(row[4])
	if err != nil || bad != nil || row[6] != issueMark && row[6] != voidMark {
		return wrong(s.line, "a total does not parse")
	}
	if row[6] == issueMark {
		s.stated.Issued, s.stated.IssuedCents = count, amount
	} else {
		s.stated.Void, s.stated.VoidCents = count, amount
	}
	return nil
}

func (s *scanner) fixed(r io.Reader) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4*lineWidth), 4*lineWidth)
	for in.Scan() {
		s.line++
		text := strings.TrimSuffix(in.Text(), "\r")
		if len(text) != lineWidth {
			return wrong(s.line, "a line has 120 characters")
		}
		var err error
		switch {
		case s.ended:
			err = wrong(s.line, "a line after the totals")
		case (text[0] == 'H') != (s.line == 1):
			err = wrong(s.line, "the header is the first line")
		case text[0] == 'D':
			err = s.fixedCheck(text[1:])
		case text[0] == 'T':
			err = s.fixedTotal(text[1:])
		case text[0] != 'H':
			err = wrong(s.line, "a line begins with H, D or T")
		}
		if err != nil {
			return err
		}
	}
	if in.Err() != nil {
		return wrong(s.line+1, "the line is too long")
	}
	return nil
}

// fields cuts a text into fields of given widths.
func fields(text string, widths ...int) []string {
	cut := make([]string, len(widths))
	for i, w := range widths {
		cut[i], text = text[:w], text[w:]
	}
	return cut
}

func (s *scanner) fixedCheck(text string) error {
	f := fields(text, 9, accountWidth, checkWidth, amountWidth, 8, 1, payeeWidth)
	no, err := strconv.ParseInt(f[2], 10, 64)
	amount, bad := strconv.ParseInt(f[3], 10, 64)
	dated, undated := calendar.ParseLayout("20060102", f[4])
	if err != nil || bad != nil || undated != nil || f[5] != issueMark && f[5] != voidMark {
		return wrong(s.line, "a number, amount, date or action does not parse")
	}
	account := strings.TrimLeft(f[1], "0")
	if account == "" {
		account = "0"
	}
	return s.take(Record{
		Routing: f[0], Account: account, Check: no, Amount: money.Cents(amount), Dated: dated, Void: f[5] == voidMark,
		Payee: strings.TrimSpace(f[6]),
	})
}

func (s *scanner) fixedTotal(text string) error {
	f := fields(text, countWidth, sumWidth, countWidth, sumWidth)
	var numbers [4]int64
	for i := range f {
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return wrong(s.line, "a total does not parse")
		}
		numbers[i] = n
	}
	s.stated = Totals{
		Issued: int(numbers[0]), IssuedCents: money.Cents(numbers[1]), Void: int(numbers[2]), VoidCents: money.Cents(numbers[3]),
	}
	s.ended = true
	return nil
}
