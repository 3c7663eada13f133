package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/ach"
)

// returnsMost is how many items the bench's file of returns has at most.
const returnsMost = 50_000

// together is how many rows the benches write at a time while they prepare.
const together = 5_000

// placed keeps the file that was put last, on disk.
type placed struct{ dir, name string }

func (p *placed) Put(_ context.Context, _, name string, data io.Reader) error {
	file, err := os.CreateTemp(p.dir, "ach-*")
	if err != nil {
		return err
	}
	defer file.Close()
	p.name = file.Name()
	_, err = io.Copy(file, data)
	return err
}

// clearingBank is a sandbox's: no file of a bench can reach a bank.
func clearingBank() (clearing.Bank, error) {
	zone, err := time.LoadLocation("America/New_York")
	return clearing.Bank{
		ODFI: "990000107", Destination: "990000107", Origin: "1555010001", Zone: zone, Folder: "ach",
		Windows:   []clearing.Window{{Name: "standard", Hour: 20}},
		Companies: map[chart.Fund]clearing.Company{chart.Premium: {ID: "1555010001", Name: "BENCH", Description: "HEALTHPREM"}},
	}, err
}

// clearing makes the desk, with the folder into which it puts files.
func (o *office) clearing() (*clearing.Desk, *placed, error) {
	bank, err := clearingBank()
	if err != nil {
		return nil, nil, err
	}
	out := &placed{dir: o.dir}
	desk := clearing.New(clearing.Parts{
		Store: o.store, Bank: bank, House: o.house, Cashier: o.cashier, Approvals: approval.New(o.store, clock.System{}), Press: ach.Press{},
		Outbox: out, Clock: clock.System{},
	})
	desk.Tell(&autopay.Desk{Store: o.store, House: o.house, Clearing: desk, Clock: clock.System{}}, nil)
	return desk, out, nil
}

// bankingDay is the next day on which the bank takes a file.
func bankingDay() calendar.Date {
	day := calendar.In(clock.System{}.Now(), time.UTC)
	if day.IsBusinessDay() {
		return day
	}
	return day.AddBusinessDays(1)
}

// debits gives every account a mandate on a bank account of its own, and an entry that
// is ready to go out.
func (o *office) debits(ctx context.Context, numbers []billpay.Number, day calendar.Date) error {
	now := clock.System{}.Now()
	for from := 0; from < len(numbers); from += together {
		chunk := numbers[from:min(from+together, len(numbers))]
		givings, entries := make([]autopay.Giving, len(chunk)), make([]clearing.Entry, len(chunk))
		for i, number := range chunk {
			book := ledger.BookNo(number)
			account, err := mandate.ParseBankAccount("121042882", fmt.Sprintf("%09d", from+i), "checking", "A Payer", false)
			if err != nil {
				return err
			}
			method := mandate.Method{
				ID: ident.NewOpaque(), Book: book, Kind: mandate.Bank, State: mandate.MethodActive, Account: account, Shown: account.Mask(),
				Validation: mandate.ByService, ValidatedOn: day,
			}
			consent := mandate.Consent{Channel: mandate.Web, GivenBy: mandate.Web, GivenOn: day, Language: "en", Wording: "bench"}
			consent.Digest[0] = 1
			m := mandate.Mandate{
				ID: ident.NewOpaque(), Book: book, Method: method.ID, Tender: mandate.Bank, Purse: o.house.PurseOf(chart.Premium),
				Purpose: mandate.Premium, Class: mandate.WEB, Day: mandate.DayRule{Kind: mandate.OnDueDate}, State: mandate.Active, BeginsOn: day,
				Consent: consent,
			}
			givings[i] = autopay.Giving{
				Method: &method, Mandate: m, Event: mandate.Event{Subject: m.ID, Act: "give", At: now, Actor: clerk}, Body: "bench",
			}
			entries[i] = clearing.Entry{
				Book: book, ID: ident.NewOpaque(), Direction: clearing.Debit, Kind: clearing.Payment, Method: method.ID, Mandate: m.ID,
				Purse: m.Purse, SEC: clearing.WEB, Recurring: true, Amount: 125, CreditOn: day, SettleOn: day, State: clearing.Ready, Actor: clerk,
				OrderedAt: now, ChangedAt: now,
			}
		}
		if _, err := o.store.KeepMandates(ctx, givings); err != nil {
			return err
		}
		if err := o.store.NewEntries(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// achFile measures the file of everything that is ready, from the first entry taken to
// the last byte kept, against a plain copy of its bytes on the same disk.
func (o *office) achFile(ctx context.Context, desk *clearing.Desk, day calendar.Date, want int) (Figure, clearing.File, error) {
	forgetPeakMemory()
	began := time.Now()
	report, err := desk.Build(ctx, day, "standard", clerk)
	if err != nil {
		return Figure{}, clearing.File{}, err
	}
	took := time.Since(began)
	if len(report.Files) != 1 || report.Files[0].Entries != int64(want) {
		return Figure{}, clearing.File{}, fmt.Errorf("the file does not hold the %d entries: %+v", want, report)
	}
	f := newFigure("ach_file", o.store.Engine(), float64(want)/took.Seconds(), "entries/s", nil)
	lines, err := readLines(desk.Content(ctx, &report.Files[0]))
	return f.against("plain read of the file's records", lines), report.Files[0], err
}

// readLines reads text by lines and gives how many a second.
func readLines(r io.Reader) (float64, error) {
	began := time.Now()
	lines, scanner := 0, bufio.NewScanner(r)
	for scanner.Scan() {
		lines++
	}
	return float64(lines) / time.Since(began).Seconds(), scanner.Err()
}

// benchACH measures the file of as many debits as there are items.
func benchACH(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts with a debit each", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 1)
	if err != nil {
		return Figure{}, err
	}
	day := bankingDay()
	if err := b.debits(ctx, numbers, day); err != nil {
		return Figure{}, err
	}
	desk, _, err := b.clearing()
	if err != nil {
		return Figure{}, err
	}
	f, _, err := b.achFile(ctx, desk, day, len(numbers))
	return f, err
}

// benchReturns measures a file that brings back every debit of another file: kept,
// proved, matched, reversed, sent again or ended, against a plain read of the same file.
func benchReturns(ctx context.Context, b *office, o Options, each func(Figure) error) error {
	items := min(o.Items, returnsMost)
	o.Say("opening %d accounts with a debit each", items)
	numbers, err := b.openAccounts(ctx, items, 1)
	if err != nil {
		return err
	}
	day := bankingDay()
	if err := b.debits(ctx, numbers, day); err != nil {
		return err
	}
	desk, out, err := b.clearing()
	if err != nil {
		return err
	}
	f, file, err := b.achFile(ctx, desk, day, items)
	if err != nil {
		return err
	}
	if err := each(f); err != nil {
		return err
	}
	o.Say("releasing the file")
	if _, err := desk.Release(ctx, file.No, clerk); err != nil {
		return err
	}
	back, err := returnsOf(out.name, day)
	if err != nil {
		return err
	}
	lines, err := readLines(bytes.NewReader(back))
	if err != nil {
		return err
	}
	forgetPeakMemory()
	taking := intake.New(b.store, b.cashier, b.house, clock.System{}, ach.New(desk))
	began := time.Now()
	result, err := taking.Take(ctx, "returns.ach", bytes.NewReader(back), clerk, nil)
	if err != nil {
		return err
	}
	took := time.Since(began)
	report, _ := result.Report.(clearing.ReturnReport)
	if report.Outcomes[clearing.SentAgain]+report.Outcomes[clearing.Reversed] != items {
		return fmt.Errorf("not every return was carried out: %+v", report)
	}
	g := newFigure("returns", b.store.Engine(), float64(items)/took.Seconds(), "items/s", nil)
	return each(g.against("plain read of the file's records", lines))
}

// returnCodes are what comes back, in the shares in which it does: mostly want of funds.
var returnCodes = []string{"R01", "R01", "R01", "R01", "R01", "R01", "R09", "R02", "R03", "R10"}

// returnsOf writes the file by which every entry of a file comes back.
func returnsOf(path string, day calendar.Date) ([]byte, error) {
	sent, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer sent.Close()
	var out bytes.Buffer
	w := nacha.NewWriter(&out, nacha.Header{Destination: "990000107", Origin: "990000107", Date: day, Time: "0600", Modifier: "A"})
	settled := day.AddBusinessDays(1)
	n, batches := 0, 0
	_, problems, err := nacha.Scan(sent, func(e nacha.Entry) error {
		if n%together == 0 {
			batches++
			err := w.Batch(&nacha.Batch{
				Number: batches, ServiceClass: 225, CompanyName: "BENCH", CompanyID: "1555010001", SECCode: "WEB", EntryDescription: "HEALTHPREM",
				EffectiveDate: settled, ODFI: "12104288",
			})
			if err != nil {
				return err
			}
		}
		n++
		e.Return = &nacha.Return{Code: returnCodes[n%len(returnCodes)], OriginalTrace: e.Trace, OriginalRDFI: e.RDFI[:8]}
		e.TransactionCode, e.RDFI, e.Trace = 26, "990000107", fmt.Sprintf("12104288%07d", n)
		return w.Entry(e)
	})
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("our own file does not read: %s", problems[0])
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}
