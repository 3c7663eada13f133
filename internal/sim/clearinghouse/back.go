package clearinghouse

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/post"
)

// Return sends what comes back on the bank's open day, as one file, and has the bank
// book it: debits that come back take money from the plan, credits that come back
// bring it.
func (h *House) Return() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	day := h.options.Bank.Day()
	var back []Entry
	for _, e := range h.entries {
		if e.Outcome != "" && !e.Back && e.Settled && !e.BackOn.After(day) {
			back = append(back, e)
		}
	}
	return h.sendBack(back, false)
}

// Stray makes the clearing house err: it returns an entry that the plan never sent,
// with the given trace. Its company must be known.
func (h *House) Stray(company, trace, code string, amount money.Cents) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := h.account(company); err != nil {
		return err
	}
	if len(trace) != 15 || !isReturn(code) || amount <= 0 {
		return fault.New(fault.Invalid, "clearinghouse.Stray",
			"a return has a trace of 15 digits, a code such as R01 and an amount above zero")
	}
	return h.sendBack([]Entry{{
		Trace: trace, Code: ach.CheckingDebit, Class: ach.PPD, Company: company, CompanyName: "PLAN", Description: "PREMIUM",
		RDFI: h.options.Routing, Account: "0000000000", Amount: amount, ID: "UNKNOWN", Name: "UNKNOWN", Outcome: code,
	}}, true)
}

func (h *House) sendBack(back []Entry, stray bool) error {
	if len(back) == 0 {
		return nil
	}
	day := h.options.Bank.Day()
	content, err := h.returnFile(back, day)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("ach_returns-%s-%03d.ach", day.Time().Format("20060102"), h.sent+1)
	if bookings := h.bookingsOf(back, day, name); len(bookings) > 0 {
		if _, err := h.options.Bank.Book(bookings...); err != nil {
			return err
		}
	}
	made := post.Document{Kind: "ach_returns", Name: name, Day: day, Content: content}
	r := record{Sent: true, Stray: stray, Documents: []post.Document{made}}
	for _, e := range back {
		if e.No > 0 {
			r.Back = append(r.Back, e.No)
		}
	}
	return h.write(r)
}

// bookingsOf gives what the bank books for a file of returns.
func (h *House) bookingsOf(back []Entry, day calendar.Date, file string) []bank.Booking {
	var all []bank.Booking
	sums := map[string]money.Cents{}
	for _, e := range back {
		if e.Outcome[0] != 'R' || e.Amount == 0 {
			continue
		}
		account, code := h.options.Companies[e.Company], "557"
		if e.Credit() {
			code = "257"
		}
		if h.plan.Summed {
			sums[account+" "+code] += e.Amount
			continue
		}
		all = append(all, bank.Booking{
			Account: account, Code: code, Amount: e.Amount, Customer: e.Trace,
			Text: fmt.Sprintf("ACH RETURN %s %s TRACE %s", e.Outcome, e.Company, e.Trace),
			Of:   "returned:" + e.Trace, Once: "return " + file + " " + e.Trace,
		})
	}
	for _, key := range sortedKeys(sums) {
		account, code, _ := strings.Cut(key, " ")
		booked := map[string]string{"557": "466", "257": "166"}[code]
		all = append(all, bank.Booking{
			Account: account, Code: booked, Amount: sums[key], Customer: strings.TrimSuffix(file, ".ach"),
			Text: "ACH RETURNS " + day.String(), Of: "file:" + file, Once: "returns " + file + " " + key,
		})
	}
	return all
}

func sortedKeys(m map[string]money.Cents) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// returnFile writes returns and notifications of change: a batch for each company and
// class, numbered anew, from the operator's side.
func (h *House) returnFile(back []Entry, day calendar.Date) ([]byte, error) {
	file := ach.NewFile()
	head := ach.NewFileHeader()
	head.ImmediateDestination, head.ImmediateDestinationName = h.options.Routing, "PLAN"
	head.ImmediateOrigin, head.ImmediateOriginName = h.options.Routing, "CLEARING HOUSE"
	head.FileCreationDate, head.FileCreationTime = day.Time().Format("060102"), "0700"
	head.FileIDModifier = string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[h.sent%36])
	file.SetHeader(head)
	batches := map[string][]Entry{}
	var order []string
	for _, e := range back {
		class := e.Class
		if e.Outcome[0] == 'C' {
			class = ach.COR
		}
		key := strings.Join([]string{e.Company, class, e.Description, e.direction()[:1]}, "|")
		if batches[key] == nil {
			order = append(order, key)
		}
		batches[key] = append(batches[key], e)
	}
	seq := 0
	for _, key := range order {
		batch, err := h.returnBatch(batches[key], day, &seq)
		if err != nil {
			return nil, err
		}
		file.AddBatch(batch)
	}
	if err := file.Create(); err != nil {
		return nil, fault.New(fault.Internal, "clearinghouse.Return", "the file of returns cannot be made: %v", err)
	}
	var out bytes.Buffer
	writer := ach.NewWriter(&out)
	if err := writer.Write(file); err != nil {
		return nil, fault.New(fault.Internal, "clearinghouse.Return", "the file of returns cannot be written: %v", err)
	}
	writer.Flush()
	return out.Bytes(), nil
}

func (h *House) returnBatch(entries []Entry, day calendar.Date, seq *int) (ach.Batcher, error) {
	first := entries[0]
	head := ach.NewBatchHeader()
	head.ServiceClassCode, head.StandardEntryClassCode = ach.MixedDebitsAndCredits, first.Class
	if first.Outcome[0] == 'C' {
		head.StandardEntryClassCode = ach.COR
	}
	head.CompanyName, head.CompanyIdentification = first.CompanyName, first.Company
	head.CompanyEntryDescription, head.EffectiveEntryDate = first.Description, day.Time().Format("060102")
	head.ODFIIdentification = h.options.Routing[:8]
	batch, err := ach.NewBatch(head)
	if err != nil {
		return nil, fault.New(fault.Internal, "clearinghouse.Return", "a batch cannot be made: %v", err)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.No, b.No) })
	for _, e := range entries {
		*seq++
		batch.AddEntry(h.backEntry(e, *seq))
	}
	if err := batch.Create(); err != nil {
		return nil, fault.New(fault.Internal, "clearinghouse.Return", "a batch of returns cannot be made: %v", err)
	}
	return batch, nil
}

// backEntry makes the entry that brings another back, or asks for a change of it.
func (h *House) backEntry(e Entry, seq int) *ach.EntryDetail {
	entry := ach.NewEntryDetail()
	entry.TransactionCode = e.Code/10*10 + 6
	if e.Credit() {
		entry.TransactionCode = e.Code/10*10 + 1
	}
	entry.SetRDFI(e.RDFI)
	entry.DFIAccountNumber, entry.IdentificationNumber, entry.IndividualName = e.Account, e.ID, e.Name
	entry.TraceNumber = fmt.Sprintf("%s%07d", h.options.Routing[:8], (h.sent*10_000+seq)%10_000_000)
	entry.AddendaRecordIndicator = 1
	if e.Outcome[0] == 'C' {
		entry.Category = ach.CategoryNOC
		change := ach.NewAddenda98()
		change.ChangeCode, change.OriginalTrace, change.OriginalDFI = e.Outcome, e.Trace, e.RDFI[:8]
		change.CorrectedData, change.TraceNumber = corrected(e), entry.TraceNumber
		entry.Addenda98 = change
		return entry
	}
	entry.Amount, entry.Category = int(e.Amount), ach.CategoryReturn
	why := ach.NewAddenda99()
	why.ReturnCode, why.OriginalTrace, why.OriginalDFI, why.TraceNumber = e.Outcome, e.Trace, e.RDFI[:8], entry.TraceNumber
	if e.Outcome == "R14" || e.Outcome == "R15" {
		why.DateOfDeath = e.SettleOn.AddDays(-30).Time().Format("060102")
	}
	entry.Addenda99 = why
	return entry
}

// otherBank is where a change of routing number moves accounts to.
const otherBank = "121042882"

// corrected makes up what a notification of change says instead, in the columns of
// the Nacha rules: the last digit of the account one higher, another bank, the other
// kind of account.
func corrected(e Entry) string {
	account := []byte(e.Account)
	if n := len(account); n > 0 {
		account[n-1] = '0' + (account[n-1]-'0'+1)%10
	}
	kind := e.Code + 10
	if e.Code >= 30 {
		kind = e.Code - 10
	}
	switch e.Outcome {
	case "C01":
		return string(account)
	case "C02":
		return otherBank
	case "C03":
		return fmt.Sprintf("%s   %s", otherBank, account)
	case "C05":
		return fmt.Sprint(kind)
	case "C06":
		return fmt.Sprintf("%-17s   %d", account, kind)
	case "C07":
		return fmt.Sprintf("%s%-17s%d", otherBank, account, kind)
	}
	return e.ID
}
