package clearinghouse

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/post"
)

// Limits of Same Day ACH: the largest entry, and the last window's cut-off.
const (
	sameDayMax    money.Cents = 1_000_000_00
	sameDayCutoff             = 16*time.Hour + 45*time.Minute
)

// Acknowledgement is what the clearing house answers a file, as a document of JSON.
type Acknowledgement struct {
	File    string      `json:"file"`
	ID      string      `json:"id,omitempty"`
	Verdict Verdict     `json:"verdict"`
	Reason  string      `json:"reason,omitempty"`
	Entries int         `json:"entries"`
	Debits  money.Cents `json:"debit_cents"`
	Credits money.Cents `json:"credit_cents"`
}

// Take takes a file that the plan sent and answers it. At is the instant in the
// clearing house's own zone. The error is the disk's or the mailbox's; whatever is
// wrong with the file is in the answer.
func (h *House) Take(name string, content []byte, at time.Time) (Acknowledgement, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sum := sha256.Sum256(content)
	f := File{Name: name, Day: h.options.Bank.Day(), At: at.UTC(), SHA256: hex.EncodeToString(sum[:]), Verdict: Accepted}
	entries, err := h.read(&f, content, at)
	if err != nil {
		f.Verdict, f.Reason = Rejected, fault.MessageOf(err)
	}
	no := len(h.files) + 1
	switch {
	case slices.Contains(h.plan.Vanished, no):
		f.Verdict = vanished
	case h.isDuplicate(&f):
		f.Verdict, f.Reason = Duplicate, "the same file came before"
	case slices.Contains(h.plan.Rejected, no):
		f.Verdict, f.Reason = Rejected, "rejected as planned"
	}
	answer := Acknowledgement{f.Name, f.ID, f.Verdict, f.Reason, f.Entries, f.Debits, f.Credits}
	r := record{File: &f}
	if f.Verdict == Accepted {
		r.Entries = entries
	}
	if f.Verdict != vanished {
		r.Documents = []post.Document{h.acknowledge(answer, no, f.Day)}
	}
	return answer, h.write(r)
}

func (h *House) acknowledge(a Acknowledgement, no int, day calendar.Date) post.Document {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // it has texts and numbers only
	}
	name := fmt.Sprintf("ach_ack-%04d-%s.json", no, strings.ReplaceAll(a.File, "/", "_"))
	return post.Document{Kind: "ach_ack", Name: name, Day: day, Content: append(text, '\n')}
}

// isDuplicate reports whether the file came before and was accepted: its bytes, or
// its header with its totals.
func (h *House) isDuplicate(f *File) bool {
	return slices.ContainsFunc(h.files, func(before File) bool {
		return before.Verdict == Accepted && (before.SHA256 == f.SHA256 || f.Identity != "" && before.Identity == f.Identity)
	})
}

// read proves a file and gives its entries with what becomes of them.
func (h *House) read(f *File, content []byte, at time.Time) ([]Entry, error) {
	reader := ach.NewReader(bytes.NewReader(content))
	file, err := reader.Read()
	if err == nil {
		err = file.Validate()
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "clearinghouse.Take", "the file is not valid: %s", firstLine(err))
	}
	head, control := file.Header, file.Control
	f.ID = head.FileCreationDate + head.FileCreationTime + head.FileIDModifier
	f.Origin, f.Target = strings.TrimSpace(head.ImmediateOrigin), strings.TrimSpace(head.ImmediateDestination)
	f.Debits = money.Cents(control.TotalDebitEntryDollarAmountInFile)
	f.Credits = money.Cents(control.TotalCreditEntryDollarAmountInFile)
	f.Identity = fmt.Sprint(f.Origin, " ", f.ID, " ", control.EntryHash, " ", f.Debits, " ", f.Credits, " ",
		control.EntryAddendaCount)
	if len(file.IATBatches) > 0 || len(file.ADVControl.ID) > 0 {
		return nil, fault.New(fault.Invalid, "clearinghouse.Take", "the file has batches of a class that is not taken here")
	}
	var entries []Entry
	for _, b := range file.Batches {
		of, err := h.readBatch(b, at)
		if err != nil {
			return nil, err
		}
		entries = append(entries, of...)
	}
	for i := range entries {
		e := &entries[i]
		e.No, e.File = len(h.entries)+i+1, len(h.files)+1
		e.Doubled = slices.ContainsFunc(h.byTrace[e.Trace], func(i int) bool { return same(&h.entries[i], e) })
		e.Outcome, e.BackOn = h.plan.outcome(e)
	}
	f.Entries = len(entries)
	return entries, nil
}

func same(a, b *Entry) bool {
	return a.Company == b.Company && a.Amount == b.Amount && a.Account == b.Account && a.Code == b.Code
}

func (h *House) readBatch(b ach.Batcher, at time.Time) ([]Entry, error) {
	head := b.GetHeader()
	if _, err := h.account(head.CompanyIdentification); err != nil {
		return nil, err
	}
	wished, err := calendar.ParseLayout("060102", head.EffectiveEntryDate)
	if err != nil || wished.IsZero() {
		return nil, fault.New(fault.Invalid, "clearinghouse.Take", "batch %d has no effective entry date", head.BatchNumber)
	}
	var entries []Entry
	balanced := false
	for _, detail := range b.GetEntries() {
		if detail.Category != ach.CategoryForward {
			return nil, fault.New(fault.Invalid, "clearinghouse.Take",
				"batch %d returns entries: only new ones are taken here", head.BatchNumber)
		}
		e := Entry{
			Trace: detail.TraceNumber, Code: detail.TransactionCode, Class: head.StandardEntryClassCode,
			Company: strings.TrimSpace(head.CompanyIdentification), CompanyName: strings.TrimSpace(head.CompanyName),
			Description: strings.TrimSpace(head.CompanyEntryDescription), RDFI: detail.RDFIIdentification + detail.CheckDigit,
			Account: strings.TrimSpace(detail.DFIAccountNumber), Amount: money.Cents(detail.Amount),
			ID: strings.TrimSpace(detail.IdentificationNumber), Name: strings.TrimSpace(detail.IndividualName),
		}
		e.SettleOn = settlement(wished, h.options.Bank.Day(), e.Amount, at)
		e.Offset = e.RDFI == h.options.Routing && h.isOurs(e.Account)
		balanced = balanced || e.Offset
		entries = append(entries, e)
	}
	for i := range entries {
		entries[i].Covered = balanced && !entries[i].Offset
	}
	return entries, nil
}

// isOurs reports whether an account is one that entries settle with.
func (h *House) isOurs(account string) bool {
	for _, ours := range h.options.Companies {
		if ours == account {
			return true
		}
	}
	return false
}

// settlement gives the day on which an entry settles: the wished one, or the next
// banking day after it. What wishes for today or an earlier day settles today where
// Same Day ACH allows it, else on the next banking day.
func settlement(wished, today calendar.Date, amount money.Cents, at time.Time) calendar.Date {
	if wished.After(today) {
		for !wished.IsBusinessDay() {
			wished = wished.AddDays(1)
		}
		return wished
	}
	clock := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	if wished == today && amount <= sameDayMax && clock < sameDayCutoff {
		return today
	}
	return today.AddBusinessDays(1)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
