package clearinghouse

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/journal"
	"github.com/billfold/billfold/internal/sim/post"
)

// Options say which clearing house it is.
type Options struct {
	Dir       string            // folder of its journal; "" keeps nothing
	Routing   string            // of the plan's bank, through which it originates
	Companies map[string]string // company identification to the account that its entries settle with
	Bank      *bank.Bank
	Deliver   func(post.Document) error
	Plan      Plan
}

// House is a running clearing house. Its methods may be called by several at once.
type House struct {
	options Options
	journal *journal.Journal[record]

	mu      sync.Mutex // guards what follows
	plan    Plan
	files   []File
	entries []Entry
	byTrace map[string][]int
	strays  int
	sent    int // return files
	waiting []post.Document
}

// Verdict is what the clearing house says of a file.
type Verdict string

// The verdicts.
const (
	Accepted  Verdict = "accepted"
	Rejected  Verdict = "rejected"
	Duplicate Verdict = "duplicate"
	vanished  Verdict = "vanished" // lost on its way in: nobody hears of it
)

// File is one file that the plan sent.
type File struct {
	Name     string        `json:"name"`
	Verdict  Verdict       `json:"verdict"`
	Reason   string        `json:"reason,omitempty"`
	Day      calendar.Date `json:"day"`
	At       time.Time     `json:"at"`
	SHA256   string        `json:"sha256"`
	Identity string        `json:"identity"` // header and totals
	ID       string        `json:"id"`       // creation date, time and modifier, as statements quote it
	Origin   string        `json:"origin"`
	Target   string        `json:"target"`
	Entries  int           `json:"entries"`
	Debits   money.Cents   `json:"debit_cents"`
	Credits  money.Cents   `json:"credit_cents"`
}

// Entry is one entry of an accepted file.
type Entry struct {
	No          int           `json:"no"`   // from 1
	File        int           `json:"file"` // its number, from 1
	Trace       string        `json:"trace"`
	Code        int           `json:"code"` // transaction code
	Class       string        `json:"class"`
	Company     string        `json:"company"`
	CompanyName string        `json:"company_name"`
	Description string        `json:"description"`
	RDFI        string        `json:"rdfi"` // nine digits
	Account     string        `json:"account"`
	Amount      money.Cents   `json:"amount_cents"`
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	SettleOn    calendar.Date `json:"settle_on"`
	Settled     bool          `json:"settled,omitempty"`
	Outcome     string        `json:"outcome,omitempty"` // R01, C01, ...
	BackOn      calendar.Date `json:"back_on,omitzero"`
	Back        bool          `json:"back,omitempty"`
	Doubled     bool          `json:"doubled,omitempty"` // the same entry came before in another file
	Offset      bool          `json:"offset,omitempty"`  // settles its batch with our own account
	Covered     bool          `json:"covered,omitempty"` // its batch has such an entry
}

// Credit reports whether the entry pays the receiver.
func (e Entry) Credit() bool { unit := e.Code % 10; return unit >= 1 && unit <= 4 }

// Prenote reports whether it only announces others.
func (e Entry) Prenote() bool { unit := e.Code % 10; return unit == 3 || unit == 8 }

func (e Entry) direction() string {
	switch {
	case e.Prenote():
		return "prenote"
	case e.Credit():
		return "credit"
	}
	return "debit"
}

// record is one line of the journal.
type record struct {
	File      *File           `json:"file,omitempty"`
	Entries   []Entry         `json:"entries,omitempty"`
	Settled   []int           `json:"settled,omitempty"` // entries, by number
	Back      []int           `json:"back,omitempty"`
	Stray     bool            `json:"stray,omitempty"`
	Sent      bool            `json:"sent,omitempty"` // a file of returns was made
	Documents []post.Document `json:"documents,omitempty"`
	Delivered int             `json:"delivered,omitempty"`
	Plan      *Plan           `json:"plan,omitempty"`
}

// Open opens a clearing house on its folder and takes up its books where they were
// left.
func Open(o Options) (*House, error) {
	if err := o.Plan.Check(); err != nil {
		return nil, err
	}
	h := &House{options: o, plan: o.Plan, byTrace: map[string][]int{}}
	var err error
	if h.journal, err = journal.Open(o.Dir, "clearinghouse.jsonl", h.apply); err != nil {
		return nil, err
	}
	if err := h.deliver(); err != nil {
		h.journal.Close()
		return nil, err
	}
	return h, nil
}

// Close ends the clearing house.
func (h *House) Close() error { return h.journal.Close() }

func (h *House) apply(r record) error {
	if r.File != nil {
		h.files = append(h.files, *r.File)
	}
	for _, e := range r.Entries {
		h.entries = append(h.entries, e)
		h.byTrace[e.Trace] = append(h.byTrace[e.Trace], e.No-1)
	}
	for _, no := range r.Settled {
		h.entries[no-1].Settled = true
	}
	for _, no := range r.Back {
		h.entries[no-1].Back = true
	}
	if r.Stray {
		h.strays++
	}
	if r.Sent {
		h.sent++
	}
	if r.Plan != nil {
		h.plan = *r.Plan
	}
	h.waiting = append(h.waiting, r.Documents...)
	h.waiting = h.waiting[min(r.Delivered, len(h.waiting)):]
	return nil
}

func (h *House) write(r record) error {
	if err := h.journal.Add(r); err != nil {
		return err
	}
	if err := h.apply(r); err != nil {
		return err
	}
	return h.deliver()
}

func (h *House) deliver() error {
	if len(h.waiting) == 0 {
		return nil
	}
	for _, d := range h.waiting {
		if h.options.Deliver != nil {
			if err := h.options.Deliver(d); err != nil {
				return err
			}
		}
	}
	r := record{Delivered: len(h.waiting)}
	if err := h.journal.Add(r); err != nil {
		return err
	}
	return h.apply(r)
}

// Files gives every file that came, in order.
func (h *House) Files() []File {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.files)
}

// Entries gives every entry of accepted files, in order.
func (h *House) Entries() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.entries)
}

// Plan gives the plan in force.
func (h *House) Plan() Plan {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.plan
}

// SetPlan puts another plan in force for the files to come, also after a restart.
func (h *House) SetPlan(p Plan) error {
	if err := p.Check(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.write(record{Plan: &p})
}

// Settle books with the bank what settles on the bank's open day: per file and
// company, what its debits come to and what its credits come to; in a balanced file,
// what its offset entries say.
func (h *House) Settle() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	day := h.options.Bank.Day()
	type sumOf struct {
		file    int
		company string
		credit  bool
	}
	sums, counts := map[sumOf]money.Cents{}, map[sumOf]int{}
	var order []sumOf
	var settled []int
	for _, e := range h.entries {
		if e.Settled || e.SettleOn.After(day) {
			continue
		}
		settled = append(settled, e.No)
		if e.Amount == 0 || e.Covered {
			continue
		}
		of := sumOf{e.File, e.Company, e.Credit() != e.Offset}
		if counts[of] == 0 {
			order = append(order, of)
		}
		sums[of] += e.Amount
		counts[of]++
	}
	if len(settled) == 0 {
		return nil
	}
	var bookings []bank.Booking
	for _, of := range order {
		f := h.files[of.file-1]
		code, what := "166", "DEBITS"
		if of.credit {
			code, what = "466", "CREDITS"
		}
		bookings = append(bookings, bank.Booking{
			Account: h.options.Companies[of.company], Code: code, Amount: sums[of], Customer: f.ID,
			Text: fmt.Sprintf("ACH SETTLEMENT %s FILE %s %d %s", of.company, f.ID, counts[of], what),
			Of:   "originated:" + f.Name, Once: fmt.Sprintf("settle %d %s %s %s", of.file, of.company, what, day),
		})
	}
	if len(bookings) > 0 {
		if _, err := h.options.Bank.Book(bookings...); err != nil {
			return err
		}
	}
	return h.write(record{Settled: settled})
}

// Doubled counts accepted entries that had come before in another file.
func (h *House) Doubled() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, e := range h.entries {
		if e.Doubled {
			n++
		}
	}
	return n
}

func (h *House) account(company string) (string, error) {
	account := h.options.Companies[strings.TrimSpace(company)]
	if account == "" {
		return "", fault.New(fault.NotFound, "clearinghouse.Take",
			"the company identification is not one that the bank originates for")
	}
	return account, nil
}
