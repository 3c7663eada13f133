package bank

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Issued is a check that the plan says it issued (positive pay).
type Issued struct {
	Account string        `json:"account"`
	Serial  string        `json:"serial"`
	Amount  money.Cents   `json:"amount_cents"`
	Payee   string        `json:"payee"`
	Day     calendar.Date `json:"day"`
	Void    bool          `json:"void,omitempty"`
	Paid    calendar.Date `json:"paid,omitzero"`
	Refused string        `json:"refused,omitempty"` // why the last presentment was refused
}

func (i Issued) key() string { return i.Account + " " + strings.TrimLeft(i.Serial, "0") }

// TakeIssued reads a positive pay file, as CSV whose first line names the columns
// account, check_number, amount, payee, issue_date and action (I or V), or in lines of
// a fixed width that begin with H, D and T; totals are held against what stands above
// them. It gives how many checks the file lists.
func (b *Bank) TakeIssued(source io.Reader) (int, error) {
	text, err := io.ReadAll(io.LimitReader(source, issuedMax))
	if err != nil {
		return 0, fault.New(fault.Unavailable, "bank.TakeIssued", "the positive pay file cannot be read: %v", err)
	}
	f := &issuedFile{sums: map[bool]money.Cents{}, counts: map[bool]int{}}
	if len(text) > 0 && text[0] == 'H' {
		err = f.readFixed(string(text))
	} else {
		err = f.readCSV(string(text))
	}
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range f.checks {
		if err := b.place(&f.checks[i]); err != nil {
			return 0, err
		}
	}
	return len(f.checks), b.write(record{Issued: f.checks})
}

const issuedMax = 64 << 20

// place gives a check the account as the bank writes it, and keeps what is known of it.
func (b *Bank) place(i *Issued) error {
	for account := range b.balance {
		if strings.TrimLeft(account, "0") == strings.TrimLeft(i.Account, "0") {
			i.Account = account
			known := b.issued[i.key()]
			i.Paid, i.Refused = known.Paid, known.Refused
			return nil
		}
	}
	return fault.New(fault.NotFound, "bank.TakeIssued", "check %s is drawn on an account that the bank has not", i.Serial)
}

// issuedFile is a positive pay file that is read: its checks, and what they come to,
// by whether they are void.
type issuedFile struct {
	checks []Issued
	sums   map[bool]money.Cents
	counts map[bool]int
}

func (f *issuedFile) add(account, serial, amount, payee, day string, void bool) error {
	cents, err := money.Parse(amount)
	on, noDay := calendar.Parse(day)
	if err != nil || noDay != nil || cents <= 0 || on.IsZero() || serial == "" {
		return f.wrong("check %d of the file: its number, amount or date does not read", len(f.checks)+1)
	}
	f.checks = append(f.checks, Issued{Account: account, Serial: serial, Amount: cents, Payee: payee, Day: on, Void: void})
	f.sums[void] += cents
	f.counts[void]++
	return nil
}

// total holds a stated total against what stands above it.
func (f *issuedFile) total(count, sum string, void bool) error {
	n, noCount := strconv.Atoi(count)
	cents, noSum := money.Parse(sum)
	if noCount != nil || noSum != nil || n != f.counts[void] || cents != f.sums[void] {
		return f.wrong("a total of the file is not what its checks come to")
	}
	return nil
}

func (f *issuedFile) wrong(format string, args ...any) error {
	return fault.New(fault.Invalid, "bank.TakeIssued", format, args...)
}

func (f *issuedFile) readCSV(text string) error {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return f.wrong("the positive pay file is no CSV: %v", err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, need := range []string{"account", "check_number", "amount", "payee", "issue_date", "action"} {
		if _, there := at[need]; !there {
			return f.wrong("the positive pay file has no column %s", need)
		}
	}
	for _, row := range rows[1:] {
		cell := func(name string) string { return strings.TrimSpace(row[at[name]]) }
		void, i := cell("action") == "V", at["record"]
		if _, named := at["record"]; named && row[i] == "total" {
			if err := f.total(cell("check_number"), cell("amount"), void); err != nil {
				return err
			}
			continue
		}
		if err := f.add(cell("account"), cell("check_number"), cell("amount"), cell("payee"), cell("issue_date"), void); err != nil {
			return err
		}
	}
	return nil
}

const fixedWidth = 120

// readFixed reads lines of 120 columns: D, routing 9, account 17, number 10, amount in
// cents 12, date 8, I or V, payee; and T with count 8 and cents 14 of each.
func (f *issuedFile) readFixed(text string) error {
	ended := false
	for _, line := range strings.Split(strings.TrimRight(text, "\r\n"), "\n") {
		line = fmt.Sprintf("%-*s", fixedWidth, strings.TrimRight(line, "\r"))
		var err error
		switch line[0] {
		case 'H':
		case 'D':
			day := line[49:53] + "-" + line[53:55] + "-" + line[55:57]
			serial, payee := strings.TrimLeft(line[27:37], "0"), strings.TrimSpace(line[58:])
			err = f.add(line[10:27], serial, decimal(line[37:49]), payee, day, line[57] == 'V')
		case 'T':
			ended = true
			if err = f.total(line[1:9], decimal(line[9:23]), false); err == nil {
				err = f.total(line[23:31], decimal(line[31:45]), true)
			}
		default:
			err = f.wrong("a line of the positive pay file is neither H, D nor T")
		}
		if err != nil {
			return err
		}
	}
	if !ended {
		return f.wrong("the positive pay file ends without its totals")
	}
	return nil
}

// decimal puts the point before the last two digits.
func decimal(cents string) string { return cents[:len(cents)-2] + "." + cents[len(cents)-2:] }

// Presented is a check that somebody brought to the bank for payment.
type Presented struct {
	Account string      `json:"account"`
	Serial  string      `json:"serial"`
	Amount  money.Cents `json:"amount_cents"`
	// Force pays it although the positive pay file says otherwise: the bank errs.
	Force bool `json:"force,omitempty"`
}

// Present pays a check that agrees with the positive pay file and refuses any other,
// with Conflict and the reason.
func (b *Bank) Present(p Presented) (Line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	issued, known := b.issued[Issued{Account: p.Account, Serial: p.Serial}.key()]
	why := refusal(issued, known, p)
	if why != "" && !p.Force {
		if known {
			issued.Refused = why
			if err := b.write(record{Issued: []Issued{issued}}); err != nil {
				return Line{}, err
			}
		}
		return Line{}, fault.New(fault.Conflict, "bank.Present", "check %s is not paid: %s", p.Serial, why)
	}
	lines, err := b.linesOf(Booking{
		Account: p.Account, Code: codePaid, Amount: p.Amount, Customer: p.Serial, Text: "CHECK PAID " + p.Serial,
		Of: "check:" + p.Serial, Wrong: why,
	})
	if err != nil {
		return Line{}, err
	}
	r := record{Lines: lines}
	if known {
		issued.Paid = b.day
		r.Issued = []Issued{issued}
	}
	return lines[0], b.write(r)
}

func refusal(issued Issued, known bool, p Presented) string {
	switch {
	case !known:
		return "no such check was issued"
	case issued.Void:
		return "it was voided"
	case !issued.Paid.IsZero():
		return "it was paid before"
	case issued.Amount != p.Amount:
		return fmt.Sprintf("it was issued for %s", issued.Amount)
	}
	return ""
}

// Checks gives every check of the positive pay files, by account and serial number.
func (b *Bank) Checks() []Issued {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Issued, 0, len(b.issued))
	for _, key := range slices.Sorted(maps.Keys(b.issued)) {
		all = append(all, b.issued[key])
	}
	return all
}
