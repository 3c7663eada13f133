package paper

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

const billed = 314159265352

// invoiceOf is a bill for a month with a tax credit, an earlier balance, a payment,
// and so many months that changed afterwards.
func invoiceOf(t testing.TB, changed int) invoice.Invoice {
	t.Helper()
	period := calendar.MustParseMonth("2026-12")
	line := func(kind premium.Kind, owner premium.Owner, month calendar.Month, cents money.Cents) premium.Line {
		return premium.Line{Kind: kind, Owner: owner, Month: month, From: month.First(), To: month.Last(), Cents: cents}
	}
	draft := invoice.Draft{
		Account: billed, Debtor: premium.Member, Period: period, Sequence: 1, IssuedOn: calendar.MustParse("2026-11-10"),
		DueOn: calendar.MustParse("2026-12-01"), Previous: 150_00,
		Payments: []invoice.Payment{{On: calendar.MustParse("2026-11-02"), Cents: 140_00}},
		Billed: []invoice.Billed{{Name: "Cedar Valley Silver", Month: period, Lines: []premium.Line{
			line(premium.Gross, premium.Member, period, 600_00), line(premium.TaxCredit, premium.Member, period, -450_00),
			line(premium.TaxCredit, premium.HHS, period, 450_00),
		}}},
		RemitTo: invoice.Address{Name: "Cedar Valley Health", Line1: "P.O. Box 55010", City: "Denver", State: "CO", ZIP: "80255"},
	}
	for back := range changed {
		month := period.Add(-1 - back)
		draft.Billed = append(draft.Billed, invoice.Billed{
			Name: "Cedar Valley Silver", Month: month, Adjusts: true, Lines: []premium.Line{line(premium.Gross, premium.Member, month, -10_00)},
		})
	}
	bill, err := invoice.New(draft)
	if err != nil {
		t.Fatal(err)
	}
	return bill
}

func billSheet(t testing.TB, bill invoice.Invoice, language string) notice.Sheet {
	t.Helper()
	l, err := notice.Compose(notice.Notice{
		Book: ledger.BookNo(bill.Account), Policy: coverage.Key{Number: billpay.Number(bill.Account), No: 1}, Kind: notice.Invoice,
		Key: notice.KeyOfBill(1), MadeOn: bill.IssuedOn, Language: language, Bill: &bill,
		Facts: notice.Facts{
			Line: coverage.ExchangeAPTC, Plan: "Cedar Valley Silver", Amount: bill.Pay(), PayBy: bill.DueOn, FirstMonth: bill.Period,
			LastMonth: bill.Period, Invoice: string(bill.Number),
		},
	}, sender(t), notice.Addressee{
		Name: "María Ñandú O’Ruiz", Address: member.Address{Line1: "12 Juniper Street", Line2: "Apt 4", City: "Boulder", State: "CO", ZIP: "80302-1234"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return notice.Sheet{Letter: l}
}

func pageCount(doc []byte) int { return bytes.Count(doc, []byte("/Type /Page\n")) }

func TestBill_Golden(t *testing.T) {
	for _, language := range notice.Languages() {
		for name, tc := range map[string]struct {
			changed, pages int
			large          bool
		}{"bill": {1, 1, false}, "bill.long": {24, 2, false}, "bill.large": {0, 3, true}} {
			s := billSheet(t, invoiceOf(t, tc.changed), language)
			s.Large = tc.large
			doc := letterPDF(t, s)
			name = name + "." + language
			golden(t, name+".txt", strings.Join(texts(t, doc), "\n")+"\n")
			if got := pageCount(doc); got != tc.pages {
				t.Errorf("%s has %d pages, want %d", name, got, tc.pages)
			}
			if !bytes.Equal(doc, letterPDF(t, s)) {
				t.Errorf("%s has other bytes when it is made again", name)
			}
			if dir := os.Getenv(picturesEnv); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, name+".pdf"), doc, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// A bill with nothing to pay asks for nothing.
func TestBill_OfACredit(t *testing.T) {
	bill := invoiceOf(t, 24) // $240 less
	shown := strings.Join(texts(t, letterPDF(t, billSheet(t, bill, "en"))), "\n")
	if !strings.Contains(shown, "Credit: nothing to pay") || strings.Contains(shown, "How to pay") || strings.Contains(shown, "Please pay") {
		t.Errorf("a bill with a credit of %s says:\n%s", bill.Due.Grouped(), shown)
	}
}

// What others owe is never among what the reader pays, and the coupon says what
// the lockbox's reader will read.
func TestBill_SaysWhatItIsPaidWith(t *testing.T) {
	bill := invoiceOf(t, 0)
	for _, language := range notice.Languages() {
		pages := pages(t, letterPDF(t, billSheet(t, bill, language)))
		if len(pages) != 1 {
			t.Fatalf("%d pages", len(pages))
		}
		shown := strings.Join(texts(t, letterPDF(t, billSheet(t, bill, language))), "\n")
		for _, want := range []string{"3141 5926 5352", strings.ReplaceAll(bill.Coupon().ScanLine, " ", "\n"), "$160.00", "303-555-0143", "TTY 711", "P.O. Box 55010", "An interpreter is free"} {
			if !strings.Contains(shown, want) {
				t.Errorf("in %s it lacks %q", language, want)
			}
		}
		if read, err := invoice.ParseScan(bill.Coupon().ScanLine); err != nil || read.Amount != 160_00 {
			t.Errorf("the line reads %+v, %v", read, err)
		}
	}
}

// The window of the envelope shows the address alone; the box beside it stays out
// of it. Points from the lower left corner.
func TestBill_AddressInTheWindow(t *testing.T) {
	const top, bottom, left, right = 792 - 50*72/25.4, 792 - 88*72/25.4, 22 * 72 / 25.4, 136 * 72 / 25.4
	for _, large := range []bool{false, true} {
		s := billSheet(t, invoiceOf(t, 1), "es")
		s.Large = large
		inside := 0
		for _, at := range placed.FindAllStringSubmatch(pages(t, letterPDF(t, s))[0], -1) {
			var x, y float64
			if _, err := fmt.Sscan(at[1]+" "+at[2], &x, &y); err != nil {
				t.Fatal(err)
			}
			if y < top && y > bottom && x < right {
				inside++
				if x < left {
					t.Errorf("something stands at %v, %v", x, y)
				}
			}
		}
		if want := len(s.To); inside != want {
			t.Errorf("%d lines in the window, want %d", inside, want)
		}
	}
}
