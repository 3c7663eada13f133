package paper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}

// billMembers gives each member a policy and has the monthly run bill December.
func billMembers(t testing.TB, o *storetest.Office, numbers []billpay.Number, day calendar.Date) {
	t.Helper()
	var held []coverage.Held
	from := calendar.MustParse("2026-12-01")
	for _, number := range numbers {
		held = append(held, coverage.Held{
			Policy: coverage.Policy{
				Number: number, No: 1, Line: coverage.ExchangeAPTC, State: "CO", Product: "silver", Source: "test", SourceID: number.Digits(),
				Entry: coverage.NewEnrolment, From: from, ReceivedOn: from,
			},
			Terms: []coverage.Terms{{From: from, KnownOn: day, Rate: 600_00, APTC: 450_00, Stated: true}},
		})
	}
	if err := o.Store.SavePolicies(t.Context(), held, nil); err != nil {
		t.Fatal(err)
	}
	monthly := biller.Monthly{
		Store: o.Store, Cashier: o.Cashier, House: storetest.House{Clock: o.Clock}, Rules: rule.Embedded(), Lanes: 1,
		Terms: biller.Terms{
			RemitTo:   invoice.Address{Name: "Cedar Valley Health", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
			Proration: premium.FullMonth, Products: map[string]string{"silver": "Cedar Silver"},
		},
	}
	report, err := monthly.Bill(t.Context(), biller.Run{Kind: "premium", Period: calendar.MonthOf(from), Day: day, Actor: clerk}, false)
	if err != nil || report.Invoices != len(numbers) {
		t.Fatalf("billed %+v, %v", report, err)
	}
}

// killed is a press whose process ends while it releases its second file.
type killed struct {
	*Press
	released int
}

var errKilled = errors.New("killed")

func (k *killed) Release(name string) error {
	if k.released++; k.released == 2 {
		return errKilled
	}
	return k.Press.Release(name)
}

// From the run's bills to files for the printer: each bill once, in postal order,
// with control totals, also when it is killed in the middle.
func TestPress_EachBillOnce(t *testing.T) {
	const members, most = 40, 15
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		zips := make([]string, members)
		for i := range zips {
			zips[i] = fmt.Sprintf("%05d", 90000-i)
		}
		zips[7] = ""
		numbers := o.Residents(t, "front-range", zips...)
		billMembers(t, o, numbers, today)
		desk := notice.NewDesk(o.Store, senders{sender(t)}, nil, clock.At(storetest.Start))
		for _, want := range []int{members, 0} {
			if kept, err := desk.KeepBills(t.Context(), today); err != nil || kept != want {
				t.Fatalf("%d bills were new, want %d; %v", kept, want, err)
			}
		}
		dir := t.TempDir()
		press, err := NewPress(dir)
		if err != nil {
			t.Fatal(err)
		}
		// Letters are another pile: none is printed with the bills, and the other way round.
		if done, err := desk.Print(t.Context(), today, "letters", press, most); err != nil || done.Letters+done.Held != 0 {
			t.Errorf("among the letters: %+v, %v", done, err)
		}
		if _, err := desk.PrintBills(t.Context(), today, "bills", &killed{Press: press}, most); !errors.Is(err, errKilled) {
			t.Fatalf("got %v", err)
		}
		done, err := desk.PrintBills(t.Context(), today, "bills", press, most)
		if err != nil || done.Held != 1 || done.Reasons[0].Ref.Book != ledger.BookNo(numbers[7]) || !strings.Contains(done.Reasons[0].Why, "address") {
			t.Fatalf("got %+v, %v", done, err)
		}
		files, err := o.Store.PrintFiles(t.Context(), "bills")
		if err != nil || len(files) != 3 {
			t.Fatalf("%d files are recorded, %v", len(files), err)
		}
		var readers []string
		pieces, pages, cents := int64(0), int64(0), int64(0)
		for i := range files {
			pieces, pages, cents = pieces+files[i].Letters, pages+files[i].Pages, cents+int64(files[i].Cents)
			doc, err := os.ReadFile(filepath.Join(dir, files[i].Name+".pdf"))
			if err != nil {
				t.Fatal(err)
			}
			if got := int64(pageCount(doc)); got != files[i].Pages+1 {
				t.Errorf("%s has %d pages and a control sheet, recorded are %d", files[i].Name, got-1, files[i].Pages)
			}
			readers = append(readers, regexp.MustCompile(`Reader\d+`).FindAllString(strings.Join(texts(t, doc), "\n"), -1)...)
		}
		if pieces != members-1 || pages != members-1 || cents != (members-1)*150_00 {
			t.Errorf("%d pieces, %d pages, %d cents", pieces, pages, cents)
		}
		if want := wantedReaders(members, 7); !slices.Equal(readers, want) {
			t.Errorf("printed for %v, want %v", readers, want)
		}
		if again, err := desk.PrintBills(t.Context(), today, "bills", press, most); err != nil || again.Letters != 0 || again.Held != 1 {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// wantedReaders are all but one, in the order of their ZIP codes.
func wantedReaders(n, without int) []string {
	var all []string
	for i := n - 1; i >= 0; i-- {
		if i != without {
			all = append(all, fmt.Sprint("Reader", i))
		}
	}
	return all
}

// A bill of long ago is not sent: the next one asked for the same again.
func TestKeepBills_NoneOfLongAgo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		billMembers(t, o, o.Residents(t, "front-range", "80302"), today)
		desk := notice.NewDesk(o.Store, senders{sender(t)}, nil, clock.At(storetest.Start))
		if kept, err := desk.KeepBills(t.Context(), today.AddDays(63)); err != nil || kept != 0 {
			t.Errorf("%d kept, %v", kept, err)
		}
		if kept, err := desk.KeepBills(t.Context(), today.AddDays(62)); err != nil || kept != 1 {
			t.Errorf("%d kept, %v", kept, err)
		}
	})
}

// BenchmarkPress_Bills makes one file of bills after the other.
func BenchmarkPress_Bills(b *testing.B) {
	press, err := NewPress(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	const file = 1000
	sheets := slices.Repeat([]notice.Sheet{billSheet(b, invoiceOf(b, 1), "es")}, file)
	pages := 0
	for b.Loop() {
		out, err := press.Print("bench", notice.Control{Name: "bench", On: today, Letters: file}, sheets)
		if err != nil {
			b.Fatal(err)
		}
		pages += out.Pages
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
}
