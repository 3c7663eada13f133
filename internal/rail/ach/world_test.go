package ach_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/ach"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	clerk   = ident.Actor{Kind: ident.Staff, Name: "clerk"}
	checker = ident.Actor{Kind: ident.Staff, Name: "checker"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	monday  = calendar.MustParse("2026-11-23") // the day of storetest.Start
)

// sandbox is a bank to which no file can go.
func sandbox() clearing.Bank {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return clearing.Bank{
		ODFI: "990000107", Destination: "990000107", DestinationName: "Sandbox Bank", Origin: "1555010001", OriginName: "Cedar Valley",
		Zone: zone, Folder: "outbound/ach",
		Windows: []clearing.Window{{Name: "standard", Hour: 20}, {Name: "midday", Hour: 14, Minute: 45, SameDay: true}},
		Companies: map[chart.Fund]clearing.Company{
			chart.Premium: {ID: "1555010001", Name: "CEDAR VALLEY", Description: "HEALTHPREM"},
			chart.Medical: {ID: "1555010002", Name: "CEDAR MEDICAL", Description: "MEDBILL"},
		},
	}
}

// outbox keeps files that were put, by name.
type outbox struct {
	files map[string][]byte
	puts  int
	fail  error
}

func (o *outbox) Put(_ context.Context, _, name string, data io.Reader) error {
	if o.fail != nil {
		return o.fail
	}
	content, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	o.files[name] = content
	o.puts++
	return nil
}

// payouts notes what the refunds' desk is told.
type payouts struct{ sent, returned []string }

func (p *payouts) Sent(_ context.Context, refund payment.ID, _ ident.Key, _ calendar.Date, _ ident.Actor) error {
	p.sent = append(p.sent, string(refund))
	return nil
}

func (p *payouts) Returned(_ context.Context, refund payment.ID, _ ident.Key, code string, _ calendar.Date, _ ident.Actor) error {
	p.returned = append(p.returned, string(refund)+" "+code)
	return nil
}

// world is an office that sends entries.
type world struct {
	*storetest.Office
	t         testing.TB
	desk      *clearing.Desk
	approvals *approval.Desk
	consents  *autopay.Desk
	outbox    *outbox
	payouts   *payouts
	intake    *intake.Intake
	bank      clearing.Bank
	numbers   []billpay.Number
}

func open(t testing.TB, engine string, bank clearing.Bank) *world {
	o := storetest.Open(t, engine)
	w := &world{Office: o, t: t, bank: bank, outbox: &outbox{files: map[string][]byte{}}, payouts: &payouts{}}
	w.wire(o.Store, o.Cashier, w.outbox)
	w.numbers = o.Members(t, 8)
	return w
}

// wire makes the desks over a store, as a process does when it starts.
func (w *world) wire(store clearing.Store, books clearing.Cashier, out clearing.Outbox) {
	h := house{storetest.House{Clock: w.Clock}}
	w.approvals = approval.New(w.Store, w.Clock)
	w.desk = clearing.New(clearing.Parts{
		Store: store, Bank: w.bank, House: h, Cashier: books, Approvals: w.approvals, Press: ach.Press{}, Outbox: out, Clock: w.Clock,
	})
	w.consents = &autopay.Desk{Store: w.Store, House: h, Clearing: w.desk, Clock: w.Clock}
	w.desk.Tell(w.consents, w.payouts)
	w.intake = intake.New(w.Store, w.Cashier, h, w.Clock, ach.New(w.desk))
}

type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return premium, true }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) book(n int) ledger.BookNo { return ledger.BookNo(w.numbers[n]) }

// method keeps a checking account of a member.
func (w *world) method(n int, validated bool) ident.Opaque {
	w.t.Helper()
	account, err := mandate.ParseBankAccount("121042882", fmt.Sprintf("7913468%03d", n), "checking", "José Núñez", false)
	w.must(err)
	m := mandate.Method{
		ID: ident.NewOpaque(), Book: w.book(n), Kind: mandate.Bank, State: mandate.MethodActive, Account: account, Shown: account.Mask(),
	}
	if validated {
		m.Validation, m.ValidatedOn = mandate.ByService, monday
	}
	w.must(w.Store.KeepMethod(context.Background(), m, mandate.Event{Subject: m.ID, Act: "keep", At: w.Clock.Now(), Actor: clerk}))
	return m.ID
}

// order debits a member on a day.
func (w *world) order(n int, method ident.Opaque, sec clearing.SEC, cents money.Cents, on calendar.Date) clearing.Entry {
	w.t.Helper()
	e, err := w.desk.Order(context.Background(), clearing.Order{
		Key: ident.Key(fmt.Sprintf("test:%d:%s:%s:%d", n, method, on, cents)), Direction: clearing.Debit, Book: w.book(n), Method: method,
		Purse: premium, SEC: sec, Amount: cents, CreditOn: on, Actor: clerk,
	})
	w.must(err)
	return e
}

// build makes the file of a window, which must be one.
func (w *world) build(day calendar.Date, window string) clearing.File {
	w.t.Helper()
	report, err := w.desk.Build(context.Background(), day, window, clerk)
	w.must(err)
	if len(report.Files) != 1 {
		w.t.Fatalf("%d files were made, want one: %+v", len(report.Files), report)
	}
	return report.Files[0]
}

func (w *world) release(no int64) clearing.File {
	w.t.Helper()
	f, err := w.desk.Release(context.Background(), no, clerk)
	w.must(err)
	return f
}

// read reads a file that was placed.
func (w *world) read(name string) (nacha.Summary, []nacha.Entry) {
	w.t.Helper()
	var entries []nacha.Entry
	sum, problems, err := nacha.Scan(bytes.NewReader(w.outbox.files[name]), func(e nacha.Entry) error {
		entries = append(entries, e)
		return nil
	})
	w.must(err)
	if len(problems) > 0 {
		w.t.Fatalf("our own file has problems: %v", problems)
	}
	return sum, entries
}

// advance moves the clock to a day, at the time at which it stands.
func (w *world) advance(day calendar.Date) {
	w.Clock.Advance(storetest.Start.AddDate(0, 0, day.Sub(monday)).Sub(w.Clock.Now()))
}

// bounce is a return or notification of change of an entry of ours.
type bounce struct {
	of        nacha.Entry
	code      string
	corrected string
	amount    money.Cents // when it is another than the entry's
	company   string
	credit    bool
}

// answers writes a file of answers, as our bank sends it. The letter tells files of one
// day apart.
func (w *world) answers(day calendar.Date, letter string, bounces ...bounce) []byte {
	w.t.Helper()
	var out bytes.Buffer
	writer := nacha.NewWriter(&out, nacha.Header{
		Destination: "121042882", Origin: "990000107", Date: day, Time: "0600", Modifier: letter,
	})
	for i, b := range bounces {
		sec, company, class := b.of.Batch.SECCode, b.company, 225
		if company == "" {
			company = "1555010001"
		}
		if strings.HasPrefix(b.code, "C") {
			sec, class = "COR", 200
		}
		e := nacha.Entry{
			TransactionCode: 26, RDFI: "990000107", Account: b.of.Account, Amount: b.of.Amount, IndividualID: b.of.IndividualID,
			IndividualName: b.of.IndividualName, Trace: fmt.Sprintf("12104288%s%06d", string('1'+letter[0]-'A'), i+1),
		}
		if b.amount > 0 {
			e.Amount = b.amount
		}
		if b.credit {
			e.TransactionCode, class = 21, 220
		}
		if strings.HasPrefix(b.code, "C") {
			e.Amount, e.TransactionCode = 0, 21
			e.Change = &nacha.Change{Code: b.code, OriginalTrace: b.of.Trace, OriginalRDFI: "12104288", Corrected: secretOf(b.corrected)}
		} else {
			e.Return = &nacha.Return{Code: b.code, OriginalTrace: b.of.Trace, OriginalRDFI: "12104288"}
		}
		w.must(writer.Batch(&nacha.Batch{
			ServiceClass: class, CompanyName: "CEDAR VALLEY", CompanyID: company, SECCode: sec, EntryDescription: "HEALTHPREM",
			EffectiveDate: day, ODFI: "12104288", Number: i + 1,
		}))
		w.must(writer.Entry(e))
	}
	w.must(writer.Close())
	return out.Bytes()
}

func (w *world) take(content []byte) (intake.Result, clearing.ReturnReport) {
	w.t.Helper()
	result, err := w.intake.Take(context.Background(), "answers.ach", bytes.NewReader(content), clerk, nil)
	w.must(err)
	report, _ := result.Report.(clearing.ReturnReport)
	return result, report
}

// paid is what a member's account has from debits that stand.
func (w *world) paid(n int) money.Cents {
	w.t.Helper()
	have, err := w.Store.UnappliedOf(context.Background(), w.book(n))
	w.must(err)
	var sum money.Cents
	for _, u := range have {
		sum += u.Open
	}
	return sum
}

func (w *world) entry(e clearing.Entry) clearing.Entry {
	w.t.Helper()
	now, err := w.Store.Entry(context.Background(), e.Ref())
	w.must(err)
	return now
}

var _ clearing.Cashier = (*cashier.Cashier)(nil)
