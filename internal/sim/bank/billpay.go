package bank

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
)

// Originator is who sends credits through the clearing house: a bank's bill pay, a
// consolidator of many banks, or a company.
type Originator struct {
	Name string `json:"name"` // at most 16 characters
	ID   string `json:"id"`   // company identification, ten characters
	ODFI string `json:"odfi"` // routing number of its bank, nine digits
}

// BillPay is one payment that reaches the plan through the clearing house.
type BillPay struct {
	ID       int           `json:"id"` // from 1
	Day      calendar.Date `json:"day"`
	Account  string        `json:"account"`
	From     Originator    `json:"from"`
	Class    string        `json:"class,omitempty"` // CIE, or CCD for a company's; CIE when empty
	Number   string        `json:"number"`          // as the payer typed it
	Payer    string        `json:"payer"`
	Amount   money.Cents   `json:"amount_cents"`
	Info     string        `json:"info,omitempty"`     // an addenda's text
	Reversal bool          `json:"reversal,omitempty"` // it takes an earlier payment back
	Trace    string        `json:"trace"`
	Settled  bool          `json:"settled,omitempty"`
}

// Send takes payments; they settle when the day closes, one file and one sum per
// originator and account.
func (b *Bank) Send(bills ...BillPay) ([]BillPay, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := slices.Clone(bills)
	for i := range taken {
		bill := &taken[i]
		if _, known := b.balance[bill.Account]; !known {
			return nil, fault.New(fault.NotFound, "bank.Send", "the bank has no such account")
		}
		if bill.Class == "" {
			bill.Class = ach.CIE
		}
		if bill.Amount <= 0 || len(bill.From.ODFI) != 9 || len(bill.From.ID) > 10 || bill.Class != ach.CIE && bill.Class != ach.CCD {
			return nil, fault.New(fault.Invalid, "bank.Send",
				"a payment has an amount, an originator with a routing number and the class CIE or CCD")
		}
		bill.ID, bill.Day, bill.Settled = len(b.bills)+i+1, b.day, false
		bill.Trace = fmt.Sprintf("%s%07d", bill.From.ODFI[:8], bill.ID%10_000_000)
	}
	return taken, b.write(record{Bills: taken})
}

// Bills gives every payment that came so, in order.
func (b *Bank) Bills() []BillPay {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bills)
}

// Skew makes the bank err: the next sum of an originator is booked with that many
// cents less than its file comes to.
func (b *Bank) Skew(originator string, cents money.Cents) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write(record{Skew: &slip{originator, cents}})
}

// settleBills makes the day's files of credits and books their sums.
func (b *Bank) settleBills(r *record) error {
	open := map[string][]BillPay{}
	for _, bill := range b.bills[b.firstOpenBill():] {
		if !bill.Settled {
			open[bill.From.ID] = append(open[bill.From.ID], bill)
		}
	}
	for _, id := range sortedKeys(open) {
		bills := open[id]
		content, err := achCredits(&b.options, bills, b.day, b.serials[serialKey("ach_credits", b.day)]+len(r.Documents))
		if err != nil {
			return err
		}
		file := b.document("ach_credits-"+strings.TrimSpace(id), "ach", content)
		file.Kind = "ach_credits"
		r.Documents = append(r.Documents, file)
		if err := b.bookNets(r, bills, file.Name); err != nil {
			return err
		}
		for _, bill := range bills {
			bill.Settled = true
			r.Bills = append(r.Bills, bill)
		}
	}
	return nil
}

// firstOpenBill is where the bills that are not settled begin: bills settle in the
// order in which they came.
func (b *Bank) firstOpenBill() int {
	at, _ := slices.BinarySearchFunc(b.bills, false, func(bill BillPay, _ bool) int {
		if bill.Settled {
			return -1
		}
		return 0
	})
	return at
}

// bookNets books what a file comes to, by account: credits less reversals.
func (b *Bank) bookNets(r *record, bills []BillPay, file string) error {
	nets, counts := map[string]money.Cents{}, map[string]int{}
	for _, bill := range bills {
		counts[bill.Account]++
		if bill.Reversal {
			nets[bill.Account] -= bill.Amount
		} else {
			nets[bill.Account] += bill.Amount
		}
	}
	from := bills[0].From
	for _, account := range sortedKeys(nets) {
		k := Booking{
			Account: account, Code: codeACH, Amount: nets[account], Customer: from.ID,
			Text: fmt.Sprintf("%s %s %d ENTRIES", from.Name, from.ID, counts[account]), Of: "file:" + file,
		}
		if skew := b.skew[from.ID]; skew != 0 && r.Skew == nil {
			k.Amount -= skew
			k.Wrong = fmt.Sprintf("settlement booked %s less than its file", skew)
			r.Skew = &slip{from.ID, 0}
		}
		if k.Amount < 0 {
			k.Code, k.Amount = codeACHDebit, -k.Amount
		}
		if err := b.bookWith(r, k); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// achCredits writes one originator's file: its credits by class, then what it takes
// back.
func achCredits(o *Options, bills []BillPay, day calendar.Date, nth int) ([]byte, error) {
	from := bills[0].From
	file := ach.NewFile()
	header := ach.NewFileHeader()
	header.ImmediateDestination, header.ImmediateDestinationName = o.Routing, o.Name
	header.ImmediateOrigin, header.ImmediateOriginName = from.ODFI, from.Name
	header.FileCreationDate, header.FileCreationTime = yymmdd(day), "0600"
	header.FileIDModifier = string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[nth%36])
	file.SetHeader(header)
	groups := map[string][]BillPay{}
	for _, bill := range bills {
		class := bill.Class
		if bill.Reversal {
			class = reversals
		}
		groups[class] = append(groups[class], bill)
	}
	for _, class := range sortedKeys(groups) {
		batch, err := creditBatch(class, groups[class], o.Routing, day)
		if err != nil {
			return nil, err
		}
		file.AddBatch(batch)
	}
	return written(file)
}

// reversals names the group of a file's entries that take payments back.
const reversals = "reversals"

func written(file *ach.File) ([]byte, error) {
	if err := file.Create(); err != nil {
		return nil, fault.New(fault.Internal, "bank.achCredits", "the file of credits cannot be made: %v", err)
	}
	var out bytes.Buffer
	writer := ach.NewWriter(&out)
	if err := writer.Write(file); err != nil {
		return nil, fault.New(fault.Internal, "bank.achCredits", "the file of credits cannot be written: %v", err)
	}
	writer.Flush()
	return out.Bytes(), nil
}

// creditBatch makes one batch. What a consolidator takes back comes as debits of the
// same class under the description REVERSAL; the library knows no debits of the class
// CIE, so that its check of the batch is left out there.
func creditBatch(class string, bills []BillPay, routing string, day calendar.Date) (ach.Batcher, error) {
	header := ach.NewBatchHeader()
	header.ServiceClassCode, header.CompanyEntryDescription = ach.CreditsOnly, "HEALTHPREM"
	header.StandardEntryClassCode = class
	from, back := bills[0].From, class == reversals
	if back {
		header.ServiceClassCode, header.CompanyEntryDescription, header.StandardEntryClassCode = ach.DebitsOnly, "REVERSAL", bills[0].Class
	}
	header.CompanyName, header.CompanyIdentification = from.Name, from.ID
	header.EffectiveEntryDate, header.ODFIIdentification = yymmdd(day), from.ODFI[:8]
	batch, err := ach.NewBatch(header)
	if err != nil {
		return nil, fault.New(fault.Internal, "bank.achCredits", "a batch cannot be made: %v", err)
	}
	if back {
		batch.SetValidation(&ach.ValidateOpts{BypassBatchValidation: true})
	}
	slices.SortFunc(bills, func(a, b BillPay) int { return cmp.Compare(a.Trace, b.Trace) })
	for _, bill := range bills {
		batch.AddEntry(creditEntry(header.StandardEntryClassCode, bill, routing))
	}
	if err := batch.Create(); err != nil {
		return nil, fault.New(fault.Internal, "bank.achCredits", "a batch of credits cannot be made: %v", err)
	}
	return batch, nil
}

func creditEntry(class string, bill BillPay, routing string) *ach.EntryDetail {
	entry := ach.NewEntryDetail()
	entry.TransactionCode = ach.CheckingCredit
	if bill.Reversal {
		entry.TransactionCode = ach.CheckingDebit
	}
	entry.SetRDFI(routing)
	entry.DFIAccountNumber, entry.Amount, entry.TraceNumber = bill.Account, int(bill.Amount), bill.Trace
	number, payer := plain(bill.Number), plain(bill.Payer)
	if class == ach.CIE { // Nacha Appendix Three: in CIE the name stands first, in 15 columns
		entry.IdentificationNumber = fmt.Sprintf("%-15.15s", payer)
		entry.IndividualName = fmt.Sprintf("%-22.22s", number)
	} else {
		entry.IdentificationNumber = fmt.Sprintf("%-15.15s", number)
		entry.IndividualName = fmt.Sprintf("%-22.22s", payer)
	}
	entry.Category = ach.CategoryForward
	if bill.Info != "" {
		addenda := ach.NewAddenda05()
		addenda.PaymentRelatedInformation, addenda.SequenceNumber = bill.Info, 1
		entry.AddAddenda05(addenda)
		entry.AddendaRecordIndicator = 1
	}
	return entry
}
