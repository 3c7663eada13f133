package bank_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/format/positivepay"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/post"
)

const (
	premium = "000555010001"
	medical = "000555010002"
	box     = "5501001"
)

var consolidator = bank.Originator{Name: "BILLNET", ID: "9000000042", ODFI: "231380104"}

// out collects what a bank sends.
type out struct{ documents []post.Document }

func (o *out) deliver(d post.Document) error {
	o.documents = append(o.documents, d)
	return nil
}

func (o *out) of(kind string) (found []post.Document) {
	for _, d := range o.documents {
		if d.Kind == kind {
			found = append(found, d)
		}
	}
	return found
}

func options(dir string, o *out) bank.Options {
	return bank.Options{
		Dir: dir, Accounts: []bank.Account{{Number: premium, Owner: "Plan, Inc.", Opening: 1_000_00}, {Number: medical, Owner: "Group"}},
		Lockboxes: map[string]string{box: premium}, Opens: calendar.MustParse("2026-11-25"), BAI2: true, Camt: true, Advices: true, Deliver: o.deliver,
	}
}

func open(t *testing.T, dir string, o *out) *bank.Bank {
	t.Helper()
	b, err := bank.Open(options(dir, o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// play books something of every kind on one day.
func play(t *testing.T, b *bank.Bank) {
	t.Helper()
	cheques := make([]bank.Cheque, 450)
	for i := range cheques {
		cheques[i] = bank.Cheque{
			Lockbox: box, Amount: money.Cents(100_00 + i), Routing: "121042882", Drawn: "7001", Stubs: []bank.Stub{{Reference: "472819036580"}},
		}
	}
	cheques[7].Stubs = []bank.Stub{{"472819036580", 50_00}, {"80251647390", 50_07}}
	must[[]bank.Cheque](t)(b.Receive(cheques...))
	must[[]bank.BillPay](t)(b.Send(
		bank.BillPay{Account: premium, From: consolidator, Number: "472819036580", Payer: "PAT RIVERA", Amount: 1_300_00},
		bank.BillPay{Account: premium, From: consolidator, Number: "80251647390", Payer: "S NGUYEN", Amount: 50_00, Reversal: true},
		bank.BillPay{Account: medical, From: consolidator, Number: "80251647390", Payer: "S NGUYEN", Amount: 20_00, Info: "INVOICE 1"},
		bank.BillPay{Account: premium, From: bank.Originator{Name: "ACME", ID: "1234567890", ODFI: "231380104"}, Class: "CCD", Number: "80251647390", Payer: "ACME INC", Amount: 70_00},
	))
	must[bank.Line](t)(b.Wire(bank.Wire{
		Account: premium, Amount: 500_00, Structured: "472819036580", Text: "premium, for Pat / thanks & <greetings> " + strings.Repeat("x", 60), Payer: "Rivera & Sons",
	}))
	must[bank.Line](t)(b.Bring(bank.Deposit{Account: premium, Bag: "BAG77", Amount: 40_00}))
	must[bank.Line](t)(b.Charge(premium, 12_34, "MONTHLY FEE"))
}

func TestCloseDay_FilesAreAcceptedByInspect(t *testing.T) {
	var sent out
	b := open(t, "", &sent)
	play(t, b)
	must[calendar.Date](t)(b.CloseDay())
	formats := map[string]string{"lockbox": "lockbox", "ach_credits": "nacha", "statement": "bai2", "camt053": "camt", "wire_advice": "pacs", "camt054": "camt"}
	for _, d := range sent.documents {
		want, known := formats[d.Kind]
		if !known {
			continue
		}
		seen := exchange.Inspect(d.Name, bytes.NewReader(d.Content), int64(len(d.Content)))[0]
		if seen.Format != want || seen.Verdict != fault.Accept {
			t.Errorf("%s: %s, %s, %v\n%.2000s", d.Name, seen.Format, seen.Verdict, seen.Problems, d.Content)
		}
	}
	if len(sent.of("lockbox")) != 1 || len(sent.of("ach_credits")) != 2 || len(sent.of("statement")) != 1 || len(sent.of("camt053")) != 1 ||
		len(sent.of("wire_advice")) != 1 || len(sent.of("camt054")) != 1 {
		t.Errorf("sent %d documents", len(sent.documents))
	}
}

// Both statements of a day say what the books say, line by line.
func TestCloseDay_StatementsAreTheBooks(t *testing.T) {
	var sent out
	b := open(t, "", &sent)
	play(t, b)
	day := b.Day()
	must[calendar.Date](t)(b.CloseDay())
	s := must[bank.Statement](t)(b.Statement(premium, day))
	sum := s.Opening
	for _, l := range s.Lines {
		sum += l.Signed()
	}
	if sum != s.Closing || b.Balance(premium) != s.Closing {
		t.Errorf("the day ends with %s, the lines come to %s, the balance is %s", s.Closing, sum, b.Balance(premium))
	}
	var told []string
	_, problems, err := bai2.Scan(bytes.NewReader(sent.of("statement")[0].Content), func(it bai2.Item) error {
		if it.Account.Reveal() == premium {
			told = append(told, fmt.Sprint(it.TypeCode, " ", it.AmountMinor, " ", it.BankReference, " ", it.CustomerReference))
		}
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var booked []string
	for _, l := range s.Lines {
		booked = append(booked, fmt.Sprint(l.Code, " ", int64(l.Amount), " ", l.Reference, " ", l.Customer))
	}
	if !slices.Equal(told, booked) {
		t.Errorf("BAI2 tells\n%s\nand booked is\n%s", strings.Join(told, "\n"), strings.Join(booked, "\n"))
	}
	if camt := camtLines(t, sent.of("camt053")[0].Content, premium); !slices.Equal(camt, booked) {
		t.Errorf("camt.053 tells\n%s\nand booked is\n%s", strings.Join(camt, "\n"), strings.Join(booked, "\n"))
	}
}

// camtLines reads the entries of one account the plainest way there is.
func camtLines(t *testing.T, content []byte, account string) (lines []string) {
	t.Helper()
	var doc struct {
		Stmts []struct {
			Account string `xml:"Acct>Id>Othr>Id"`
			Entries []struct {
				Amount    string `xml:"Amt"`
				Code      string `xml:"BkTxCd>Prtry>Cd"`
				Reference string `xml:"AcctSvcrRef"`
				EndToEnd  string `xml:"NtryDtls>TxDtls>Refs>EndToEndId"`
				Creditor  string `xml:"NtryDtls>TxDtls>RmtInf>Strd>CdtrRefInf>Ref"`
			} `xml:"Ntry"`
		} `xml:"BkToCstmrStmt>Stmt"`
	}
	if err := xml.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Stmts {
		for _, e := range s.Entries {
			if s.Account == account {
				cents := must[money.Cents](t)(money.Parse(e.Amount))
				customer := e.EndToEnd
				if e.Creditor != "" {
					customer = e.Creditor
				}
				lines = append(lines, fmt.Sprint(e.Code, " ", int64(cents), " ", e.Reference, " ", customer))
			}
		}
	}
	return lines
}

// The books agree with each file, as a reader that is not ours reads it.
func TestCloseDay_FilesSumToTheirLines(t *testing.T) {
	var sent out
	b := open(t, "", &sent)
	play(t, b)
	must[calendar.Date](t)(b.CloseDay())
	sums := map[string]money.Cents{}
	for _, l := range b.Lines() {
		if name, is := strings.CutPrefix(l.Of, "file:"); is {
			sums[name] += l.Signed()
		}
	}
	for _, d := range sent.of("ach_credits") {
		reader := ach.NewReader(bytes.NewReader(d.Content))
		reader.SetValidation(&ach.ValidateOpts{BypassBatchValidation: true}) // it knows no debits of the class CIE
		file, err := reader.Read()
		if err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		net := file.Control.TotalCreditEntryDollarAmountInFile - file.Control.TotalDebitEntryDollarAmountInFile
		if money.Cents(net) != sums[d.Name] {
			t.Errorf("%s comes to %d and is booked as %d", d.Name, net, sums[d.Name])
		}
	}
	d := sent.of("lockbox")[0]
	read, problems, err := lockbox.Scan(bytes.NewReader(d.Content), lockbox.Options{Layout: lockbox.DefaultLayout()}, func(lockbox.Item) error { return nil })
	if err != nil || len(problems) > 0 || read.CheckCents != sums[d.Name] || read.Checks != 450 {
		t.Errorf("the lockbox file has %d cheques of %s, booked as %s: %v %v", read.Checks, read.CheckCents, sums[d.Name], problems, err)
	}
}

func TestBank_ContinuesOverDaysAndRestarts(t *testing.T) {
	var sent out
	dir := t.TempDir()
	b := open(t, dir, &sent)
	play(t, b)
	day := b.Day()
	next := must[calendar.Date](t)(b.CloseDay())
	if next.String() != "2026-11-27" {
		t.Errorf("after the day before Thanksgiving comes %s", next)
	}
	closing := must[bank.Statement](t)(b.Statement(premium, day)).Closing
	must[bank.Line](t)(b.Bounce(3, "NSF"))
	if _, err := b.Bounce(3, "NSF"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a cheque bounced twice: %v", err)
	}
	lines := b.Lines()
	b.Close()

	b = open(t, dir, &sent)
	s := must[bank.Statement](t)(b.Statement(premium, next))
	if s.Opening != closing || s.Closing != closing-100_02 || len(s.Lines) != 1 || s.Lines[0].Code != "555" {
		t.Errorf("after the restart: %+v", s)
	}
	if len(b.Lines()) != len(lines) || b.Day() != next || len(b.Cheques()) != 450 {
		t.Errorf("after the restart there are %d lines, day %s", len(b.Lines()), b.Day())
	}
	before := len(sent.documents)
	must[calendar.Date](t)(b.CloseDay())
	if made := sent.documents[before:]; len(made) != 2 {
		t.Errorf("a day with one line sent %d documents", len(made))
	}
}

// A document that was made and not handed to the post goes out at the next start.
func TestBank_SendsWhatAKillKeptBack(t *testing.T) {
	dir := t.TempDir()
	broken := options(dir, &out{})
	broken.Deliver = func(post.Document) error { return fault.New(fault.Unavailable, "", "killed") }
	b := must[*bank.Bank](t)(bank.Open(broken))
	if _, err := b.CloseDay(); err == nil {
		t.Fatal("the post did not fail")
	}
	b.Close()
	var sent out
	b = open(t, dir, &sent)
	if len(sent.documents) != 2 || b.Day().String() != "2026-11-27" {
		t.Errorf("the restart sent %d documents on %s", len(sent.documents), b.Day())
	}
}

func TestBook_OncePerKey(t *testing.T) {
	b := open(t, "", &out{})
	k := bank.Booking{Account: premium, Code: "166", Amount: 5, Once: "a"}
	first := must[[]bank.Line](t)(b.Book(k))
	second := must[[]bank.Line](t)(b.Book(k, bank.Booking{Account: premium, Code: "166", Amount: 6, Once: "b"}))
	if len(b.Lines()) != 2 || second[0].ID != first[0].ID {
		t.Errorf("booked %v", b.Lines())
	}
}

// issued is a file of two checks, written by the product.
func issued(t *testing.T, style positivepay.Style) []byte {
	t.Helper()
	var out bytes.Buffer
	day := calendar.MustParse("2026-11-20")
	must[positivepay.Totals](t)(positivepay.Write(&out, style, day, []positivepay.Record{
		{Routing: "102003154", Account: premium, Check: 1001, Amount: 25_00, Dated: day, Payee: "PAT RIVERA"},
		{Routing: "102003154", Account: premium, Check: 1002, Amount: 30_00, Dated: day, Payee: "LEE OKAFOR"},
	}))
	return out.Bytes()
}

func TestTakeIssued_ReadsBothStyles(t *testing.T) {
	for _, style := range positivepay.Styles() {
		content := issued(t, style)
		b := open(t, "", &out{})
		n := must[int](t)(b.TakeIssued(bytes.NewReader(content)))
		if c := b.Checks(); n != 2 || c[1].Amount != 30_00 || c[1].Serial != "1002" || c[1].Account != premium || c[1].Payee != "LEE OKAFOR" {
			t.Errorf("%s was read as %+v", style, c)
		}
		for name, bad := range map[string][]byte{
			"a changed amount": bytes.Replace(bytes.Replace(content, []byte("30.00"), []byte("31.00"), 1), []byte("000003000"), []byte("000003100"), 1),
			"cut":              content[:len(content)/3], "nothing": nil,
			"another account": bytes.ReplaceAll(content, []byte(premium[3:]), []byte("999999999")),
		} {
			if _, err := b.TakeIssued(bytes.NewReader(bad)); err == nil {
				t.Errorf("%s, %s was taken", style, name)
			}
		}
	}
}

func TestPresent_PaysWhatWasIssued(t *testing.T) {
	b := open(t, "", &out{})
	n := must[int](t)(b.TakeIssued(bytes.NewReader(issued(t, positivepay.CSV))))
	if n != 2 {
		t.Fatalf("%d checks", n)
	}
	must[bank.Line](t)(b.Present(bank.Presented{Account: premium, Serial: "001001", Amount: 25_00}))
	for _, tc := range []bank.Presented{
		{Account: premium, Serial: "1001", Amount: 25_00}, {Account: premium, Serial: "1002", Amount: 30_01}, {Account: premium, Serial: "1003", Amount: 1},
	} {
		if _, err := b.Present(tc); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%+v was answered %v", tc, err)
		}
		tc.Force = true
		if l := must[bank.Line](t)(b.Present(tc)); l.Wrong == "" {
			t.Errorf("%+v was paid and is not marked", tc)
		}
	}
	if len(b.Wrongs()) != 3 {
		t.Errorf("%d wrong bookings", len(b.Wrongs()))
	}
}

func TestBank_ErrsOnRequest(t *testing.T) {
	var sent out
	b := open(t, "", &sent)
	play(t, b)
	if err := b.Shorten(box, 10_00); err != nil {
		t.Fatal(err)
	}
	if err := b.Skew(consolidator.ID, 1); err != nil {
		t.Fatal(err)
	}
	must[calendar.Date](t)(b.CloseDay())
	wrongs := b.Wrongs()
	if len(wrongs) != 2 {
		t.Errorf("the bank erred %d times: %+v", len(wrongs), wrongs)
	}
	play(t, b)
	must[calendar.Date](t)(b.CloseDay())
	if len(b.Wrongs()) != len(wrongs) {
		t.Error("an error asked for once came again")
	}
}

func TestBook_Refuses(t *testing.T) {
	b := open(t, "", &out{})
	for _, k := range []bank.Booking{
		{Account: "1", Code: "166", Amount: 1}, {Account: premium, Code: "99", Amount: 1}, {Account: premium, Code: "166"}, {Account: premium, Code: "900", Amount: 1},
	} {
		if _, err := b.Book(k); err == nil {
			t.Errorf("%+v was booked", k)
		}
	}
	if _, err := b.Receive(bank.Cheque{Lockbox: "1", Amount: 1}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a cheque for no lockbox: %v", err)
	}
	if len(b.Lines()) != 0 {
		t.Error("something was booked")
	}
}

func TestInterim_TellsTheDaySoFar(t *testing.T) {
	var sent out
	b := open(t, "", &sent)
	must[bank.Line](t)(b.Charge(premium, 1, "FEE"))
	if err := b.Interim(); err != nil {
		t.Fatal(err)
	}
	must[bank.Line](t)(b.Charge(premium, 2, "FEE"))
	if err := b.Interim(); err != nil {
		t.Fatal(err)
	}
	for i, d := range sent.of("interim") {
		sum, problems, err := bai2.Scan(bytes.NewReader(d.Content), func(bai2.Item) error { return nil })
		if err != nil || len(problems) > 0 || sum.Transactions != i+1 {
			t.Errorf("interim %d: %+v %v %v", i, sum, problems, err)
		}
	}
}

func FuzzTakeIssued(f *testing.F) {
	f.Add("account,check_number,amount,payee,issue_date,action\n" + premium + ",7,1.00,PAT,2026-12-01,I\n")
	f.Add("H20261201\nD102003154" + premium + "\nT")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := bank.Open(options("", &out{}))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.TakeIssued(strings.NewReader(text)); err != nil && len(b.Checks()) != 0 {
			t.Errorf("%d checks of a file that was refused", n)
		}
	})
}
