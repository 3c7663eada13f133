package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/billpay"
)

const (
	// pulledCents is what each mandate of the bench takes.
	pulledCents money.Cents = 125
	// readTogether is how many books the plain read takes at a time.
	readTogether = 5_000
)

// benchAutopay measures a day on which every mandate is due: what is open is selected,
// the debits are planned and handed to the clearing desk, and its file is made. The
// reference reads the same mandates with their open items, and writes nothing.
func benchAutopay(ctx context.Context, b *office, o Options, each func(Figure) error) error {
	o.Say("opening %d accounts with an open item and a mandate each", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 0)
	if err != nil {
		return err
	}
	day := bankingDay()
	if err := b.mandates(ctx, numbers, day); err != nil {
		return err
	}
	if err := b.owe(ctx, numbers, day); err != nil {
		return err
	}
	desk, _, err := b.clearing()
	if err != nil {
		return err
	}
	before, err := b.readDue(ctx, day, len(numbers))
	if err != nil {
		return err
	}
	pull := &autopay.Desk{
		Store: b.store, Trail: audit.New(b.store, clock.System{}), House: b.house, Clearing: desk, Clock: clock.System{},
	}
	forgetPeakMemory()
	began := time.Now()
	report, err := pull.Run(ctx, day, clerk, nil)
	if err != nil {
		return err
	}
	took := time.Since(began)
	if report.Ordered.Entries != len(numbers) || report.Ordered.EntriesCents != pulledCents*money.Cents(len(numbers)) {
		return fault.New(fault.Internal, "", "%d of %d debits were ordered", report.Ordered.Entries, len(numbers))
	}
	f := newFigure("autopay", b.store.Engine(), float64(len(numbers))/took.Seconds(), "mandates/s", nil)
	name := fmt.Sprintf("plain read of the mandates and their items; the run took %.1f s", took.Seconds())
	if err := each(f.against(name, before)); err != nil {
		return err
	}
	file, _, err := b.achFile(ctx, desk, day, len(numbers))
	if err != nil {
		return err
	}
	return each(file)
}

// readDue reads every mandate with what is open for it and gives how many a second.
func (o *office) readDue(ctx context.Context, day calendar.Date, want int) (float64, error) {
	began, read := time.Now(), 0
	for after := ledger.BookNo(0); ; {
		to, err := o.store.PlanEnd(ctx, after, readTogether)
		if err != nil {
			return 0, err
		}
		if to == 0 {
			break
		}
		found, err := o.store.Candidates(ctx, autopay.Span{After: after, To: to}, day.AddDays(-1), day.AddDays(1))
		if err != nil {
			return 0, err
		}
		read, after = read+len(found), to
	}
	if read != want {
		return 0, fault.New(fault.Internal, "", "%d of %d mandates have something open", read, want)
	}
	return float64(read) / time.Since(began).Seconds(), nil
}

// mandates gives every account a mandate on a validated bank account of its own.
func (o *office) mandates(ctx context.Context, numbers []billpay.Number, day calendar.Date) error {
	now := clock.System{}.Now()
	for from := 0; from < len(numbers); from += together {
		chunk := numbers[from:min(from+together, len(numbers))]
		givings := make([]autopay.Giving, len(chunk))
		for i, number := range chunk {
			book := ledger.BookNo(number)
			account, err := mandate.ParseBankAccount("121042882", fmt.Sprintf("%09d", from+i), "checking", "A Payer", false)
			if err != nil {
				return err
			}
			method := mandate.Method{
				ID: ident.NewOpaque(), Book: book, Kind: mandate.Bank, State: mandate.MethodActive, Account: account,
				Validation: mandate.ByService, ValidatedOn: day,
			}
			m := mandate.Mandate{
				ID: ident.NewOpaque(), Book: book, Method: method.ID, Tender: mandate.Bank, Purse: o.house.PurseOf(chart.Premium),
				Purpose: mandate.Premium, Class: mandate.WEB, Day: mandate.DayRule{Kind: mandate.OnDueDate}, State: mandate.Active, BeginsOn: day,
				Last: pulledCents, Consent: mandate.Consent{
					Channel: mandate.Web, GivenBy: mandate.Web, GivenOn: day, Language: "en", Wording: "web-1", Digest: mandate.DigestOf("bench"),
				},
			}
			givings[i] = autopay.Giving{Method: &method, Mandate: m, Event: mandate.Event{Act: "give", At: now, Actor: clerk}, Body: "bench"}
		}
		if _, err := o.store.KeepMandates(ctx, givings); err != nil {
			return err
		}
	}
	return nil
}

// owe bills every account what its mandate takes, due on a day.
func (o *office) owe(ctx context.Context, numbers []billpay.Number, day calendar.Date) error {
	const billed = 500
	for from := 0; from < len(numbers); from += billed {
		var items []openitem.Item
		for _, number := range numbers[from:min(from+billed, len(numbers))] {
			items = append(items, openitem.Item{
				Purse: o.house.PurseOf(chart.Premium), About: ledger.BookNo(number), Text: "A month", Invoice: "BENCH", DueOn: day, Amount: pulledCents,
			})
		}
		order := cashier.Order{Key: ident.Key(fmt.Sprintf("bench-owe:%d", from)), Actor: clerk, Reason: "bench"}
		if _, err := o.cashier.Bill(ctx, order, items, false); err != nil {
			return err
		}
	}
	return nil
}
