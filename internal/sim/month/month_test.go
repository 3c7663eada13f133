package month_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
	"github.com/billfold/billfold/internal/sim/month"
	"github.com/billfold/billfold/internal/sim/post"
)

const (
	account  = "000555010001"
	lockbox  = "5501001"
	company  = "9555010001"
	merchant = "acct_cvhp"
)

// payers are numbers of the right form; whose they are is the office's matter.
func payers(n int) (numbers []string) {
	for i := range n {
		numbers = append(numbers, fmt.Sprintf("4728190%05d", 36580+i*7))
	}
	return numbers
}

// size is 500 payments, or 100,000 in long runs.
func size() int {
	if os.Getenv("BILLFOLD_SOAK") != "" {
		return 100_000
	}
	return 500
}

// seed is 1, or what the environment says.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("BILLFOLD_SIM_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newMonth(t *testing.T, seed uint64, payments int) *month.Month {
	t.Helper()
	m, err := month.New(month.Options{
		Seed: seed, Payments: payments, Days: 22, Begins: calendar.MustParse("2026-12-01"), Payers: payers(60),
		Account: account, Lockbox: lockbox, Company: company, Merchant: merchant,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// office is the plainest there is: it pulls what it is told to pull and remembers
// everything that came.
type office struct {
	*testing.T
	files   []post.File
	payouts map[string]month.Payout
	bags    map[string]money.Cents
	issued  map[string]money.Cents
	traces  int
}

func play(t *testing.T, m *month.Month) *office {
	t.Helper()
	o := &office{T: t, payouts: map[string]month.Payout{}, bags: map[string]money.Cents{}, issued: map[string]money.Cents{}}
	for !m.Over() {
		day, err := m.Begin()
		if err != nil {
			t.Fatal(err)
		}
		o.files = append(o.files, day.Files...)
		for _, p := range day.Payouts {
			o.payouts[p.ID] = p
		}
		for _, c := range day.Counter {
			o.bags[day.Bag] += c.Amount
		}
		sent := month.Sent{Files: [][]byte{o.pulls(day)}, Issued: "account,check_number,amount,issue_date,action,payee\n"}
		for _, c := range day.Checks {
			o.issued[c.Serial] = c.Amount
			sent.Issued += fmt.Sprintf("%s,%s,%s,%s,I,%s\n", account, c.Serial, c.Amount, day.Date, c.Payee)
		}
		if err := m.End(sent); err != nil {
			t.Fatal(err)
		}
	}
	o.files = append(o.files, m.Rest()...)
	return o
}

// pulls writes the day's file of debits.
func (o *office) pulls(day month.Day) []byte {
	o.Helper()
	file := ach.NewFile()
	head := ach.NewFileHeader()
	head.ImmediateDestination, head.ImmediateOrigin, head.FileIDModifier = "102003154", company, "A"
	head.FileCreationDate, head.FileCreationTime = day.Date.Time().Format("060102"), "0800"
	head.ImmediateDestinationName, head.ImmediateOriginName = "BANK", "PLAN"
	file.SetHeader(head)
	batchHead := ach.NewBatchHeader()
	batchHead.ServiceClassCode, batchHead.StandardEntryClassCode = ach.DebitsOnly, ach.PPD
	batchHead.CompanyName, batchHead.CompanyIdentification, batchHead.CompanyEntryDescription = "PLAN", company, "PREMIUM"
	batchHead.EffectiveEntryDate, batchHead.ODFIIdentification = day.Date.AddBusinessDays(1).Time().Format("060102"), "10200315"
	batch, err := ach.NewBatch(batchHead)
	o.must(err)
	for _, p := range day.Pulls {
		o.traces++
		e := ach.NewEntryDetail()
		e.TransactionCode, e.DFIAccountNumber, e.Amount = ach.CheckingDebit, p.Account, int(p.Amount)
		e.SetRDFI("231380104")
		e.IdentificationNumber, e.IndividualName, e.Category = p.Number, "A PAYER", ach.CategoryForward
		e.SetTraceNumber("10200315", o.traces)
		batch.AddEntry(e)
	}
	o.must(batch.Create())
	file.AddBatch(batch)
	o.must(file.Create())
	var out bytes.Buffer
	writer := ach.NewWriter(&out)
	o.must(writer.Write(file))
	writer.Flush()
	return out.Bytes()
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// told is what a document says that it comes to, read the plainest way.
func (o *office) told(content []byte) (sum money.Cents) {
	o.Helper()
	if strings.HasPrefix(string(content), "101") {
		reader := ach.NewReader(bytes.NewReader(content))
		reader.SetValidation(&ach.ValidateOpts{BypassBatchValidation: true}) // it knows no debits of the class CIE
		file, err := reader.Read()
		o.must(err)
		return money.Cents(file.Control.TotalCreditEntryDollarAmountInFile - file.Control.TotalDebitEntryDollarAmountInFile)
	}
	for _, record := range strings.Split(string(content), "\n") {
		if strings.HasPrefix(record, "6") {
			cents, err := strconv.ParseInt(record[7:17], 10, 64)
			o.must(err)
			sum += money.Cents(cents)
		}
	}
	return sum
}

// odd gives what is wrong with a line of the bank, by the plainest reckoning, or "".
func (o *office) odd(m *month.Month, l bank.Line, seen map[string]bool) string {
	o.Helper()
	kind, of, _ := strings.Cut(l.Of, ":")
	expected := money.Cents(0)
	switch kind {
	case "file":
		d, err := m.Post.Made(of)
		o.must(err)
		expected = o.told(d.Content)
		if !slices.ContainsFunc(o.files, func(f post.File) bool { return bytes.Equal(f.Content, d.Content) }) {
			return "untold"
		}
	case "payout":
		expected = o.payouts[of].Net
	case "bag":
		expected = o.bags[of]
	case "check":
		if seen[of] {
			return "twice"
		}
		seen[of] = true
		expected = -o.issued[of]
	case "wire", "originated":
		return ""
	case "returned":
		for _, e := range m.House.Entries() {
			if e.Trace == of {
				expected = -e.Amount
			}
		}
	}
	if expected != l.Signed() {
		return kind
	}
	return ""
}

// Every cent of the month is told by a file or report, or is a break that was planted;
// each break that shows in the bank's lines shows there once.
func TestMonth_OnlyWhatWasPlantedIsOdd(t *testing.T) {
	m := newMonth(t, 1, size())
	o := play(t, m)
	planted := map[string]month.Kind{}
	for _, b := range m.Breaks() {
		planted[b.Subject] = b.Kind
	}
	lines, seen, found := m.Bank.Lines(), map[string]bool{}, map[month.Kind]int{}
	balance := money.Cents(1_000_000_00)
	for _, l := range lines {
		balance += l.Signed()
		why := o.odd(m, l, seen)
		kind := planted[l.Reference]
		if name, is := strings.CutPrefix(l.Of, "file:"); is && kind == "" {
			kind = planted[name]
		}
		if trace, is := strings.CutPrefix(l.Of, "returned:"); is && kind == "" {
			kind = planted[trace]
		}
		if why == "" {
			continue
		}
		if kind == "" {
			t.Errorf("line %s %s of %s is odd (%s) and nothing was planted", l.Reference, l.Code, l.Amount, why)
		}
		found[kind]++
	}
	if balance != m.Bank.Balance(account) {
		t.Errorf("the lines come to %s, the balance is %s", balance, m.Bank.Balance(account))
	}
	want := []month.Kind{
		month.DepositShort, month.DepositUntold, month.NetOff, month.PayoutShort, month.BagShort, month.CheckAltered, month.CheckTwice,
		month.FeeUnknown, month.ChequeBounced, month.ReturnOfNothing,
	}
	for _, kind := range want {
		if found[kind] != 1 {
			t.Errorf("%s shows %d times in the bank's lines", kind, found[kind])
		}
		delete(found, kind)
	}
	if len(found) > 0 {
		t.Errorf("shows in the lines, too: %v", found)
	}
}

func TestMonth_PlantsEachKindOnce(t *testing.T) {
	m := newMonth(t, 2, 500)
	o := play(t, m)
	counts := map[month.Kind]int{}
	for _, b := range m.Breaks() {
		counts[b.Kind]++
		if b.Subject == "" || b.Report == "" || b.Day.IsZero() {
			t.Errorf("%+v says too little", b)
		}
	}
	if len(counts) != 25 || slices.Max(slices.Collect(maps.Values(counts))) != 1 {
		t.Errorf("planted %v", counts)
	}
	verdicts := map[fault.Verdict]int{}
	for _, f := range o.files {
		if f.Kind != "ach_ack" {
			verdicts[exchange.Inspect(f.Name, bytes.NewReader(f.Content), int64(len(f.Content)))[0].Verdict]++
		}
	}
	if verdicts[fault.Refuse]+verdicts[fault.Flag] != 2 || verdicts[fault.Accept] < 22*4 {
		t.Errorf("the files are judged %v", verdicts)
	}
	returned := 0
	for _, e := range m.House.Entries() {
		if e.Outcome != "" && e.Back {
			returned++
		}
	}
	if returned != 3 || m.House.Doubled() != 0 {
		t.Errorf("%d entries came back, %d doubled", returned, m.House.Doubled())
	}
	duplicates := 0
	for _, f := range m.House.Files() {
		if f.Verdict == clearinghouse.Duplicate {
			duplicates++
		}
	}
	if duplicates != 1 {
		t.Errorf("%d of our files are duplicates", duplicates)
	}
	rails := map[month.Rail]int{}
	for _, p := range m.Payments() {
		rails[p.Rail]++
	}
	if len(rails) != 6 || len(m.Payments()) < 450 {
		t.Errorf("paid by %v", rails)
	}
}

func TestMonth_IsTheSameFromTheSameSeed(t *testing.T) {
	a, b, c := newMonth(t, 3, 500), newMonth(t, 3, 500), newMonth(t, 4, 500)
	play(t, a)
	play(t, b)
	play(t, c)
	documents := func(m *month.Month) (all []byte) {
		for _, s := range m.Post.Documents() {
			d, err := m.Post.Made(s.Name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, d.Content...)
		}
		return all
	}
	if !bytes.Equal(documents(a), documents(b)) || !slices.Equal(a.Breaks(), b.Breaks()) {
		t.Error("the same seed made another month")
	}
	if bytes.Equal(documents(a), documents(c)) {
		t.Error("another seed made the same month")
	}
}

func TestNew_Refuses(t *testing.T) {
	for _, o := range []month.Options{{Days: 19, Payments: 500, Payers: payers(20)}, {Days: 20, Payments: 499, Payers: payers(20)}, {Days: 20, Payments: 500}} {
		if _, err := month.New(o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
