package lockbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
)

const zoo = "../../../testdata/zoo/lockbox"

// TestInspect_Zoo reads every file of the zoo: problem is the first one's
// "line/record/field", or "" for none.
func TestInspect_Zoo(t *testing.T) {
	tests := map[string]struct {
		verdict         fault.Verdict
		problem         string
		batches, checks int
		cents           int64
	}{
		"one-check.bai":                          {fault.Accept, "", 1, 1, 45000},
		"one-check-crlf.bai":                     {fault.Accept, "", 1, 1, 45000},
		"one-check-padded-lines.bai":             {fault.Accept, "", 1, 1, 45000},
		"no-ending-on-last-line.bai":             {fault.Accept, "", 1, 1, 45000},
		"several-batches.bai":                    {fault.Accept, "", 2, 3, 67450},
		"two-lockboxes.bai":                      {fault.Accept, "", 2, 2, 53000},
		"deposit-header-before-each-batch.bai":   {fault.Accept, "", 2, 2, 45100},
		"batch-without-checks.bai":               {fault.Accept, "", 1, 0, 0},
		"no-deposit.bai":                         {fault.Accept, "", 0, 0, 0},
		"invoice-split-over-three-overflows.bai": {fault.Accept, "", 1, 1, 60000},
		"two-identical-genuine-checks.bai":       {fault.Accept, "", 1, 2, 90000},
		"bad-batch-total.bai":                    {fault.Flag, "5/7/amount", 1, 1, 45000},
		"bad-batch-count.bai":                    {fault.Flag, "5/7/count", 1, 1, 45000},
		"bad-service-total.bai":                  {fault.Flag, "6/8/amount", 1, 1, 45000},
		"bad-service-count.bai":                  {fault.Flag, "6/8/count", 1, 1, 45000},
		"bad-record-count.bai":                   {fault.Flag, "8/9/record count", 1, 1, 45000},
		"repeated-item.bai":                      {fault.Flag, "5/6/item number", 1, 2, 90000},
		"repeated-batch.bai":                     {fault.Flag, "7/7/batch number", 2, 2, 200},
		"total-of-another-lockbox.bai":           {fault.Flag, "5/7/lockbox number", 1, 1, 100},
		"no-trailer.bai":                         {fault.Refuse, "7/9/", 1, 1, 45000},
		"truncated-inside-a-check.bai":           {fault.Refuse, "4/6/amount", 1, 1, 0},
		"letters-in-amount.bai":                  {fault.Refuse, "4/6/amount", 1, 1, 0},
		"letters-in-routing.bai":                 {fault.Refuse, "4/6/routing number", 1, 1, 45000},
		"unknown-record-type.bai":                {fault.Refuse, "4/3/record type", 1, 1, 45000},
		"check-before-deposit-header.bai":        {fault.Refuse, "3/6/record type", 1, 1, 45000},
		"overflow-before-check.bai":              {fault.Refuse, "4/4/record type", 1, 1, 45000},
		"overflow-of-another-item.bai":           {fault.Refuse, "5/4/item number", 1, 1, 45000},
		"overflow-never-ends.bai":                {fault.Refuse, "4/4/indicator", 1, 1, 45000},
		"overflow-sequence-skips.bai":            {fault.Refuse, "6/4/sequence", 1, 1, 45000},
		"batch-without-total.bai":                {fault.Refuse, "5/6/batch number", 1, 2, 200},
		"records-after-trailer.bai":              {fault.Refuse, "9/5/record type", 1, 1, 45000},
		"bad-deposit-date.bai":                   {fault.Refuse, "3/5/deposit date", 1, 1, 100},
		"not-ascii.bai":                          {fault.Refuse, "4/6/", 1, 1, 100},
		"line-too-long.bai":                      {fault.Refuse, "4//", 1, 0, 0},
		"empty.bai":                              {fault.Refuse, "0/9/", 0, 0, 0},
	}
	files, err := os.ReadDir(zoo)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(tests) {
		t.Errorf("the zoo has %d files, the table %d", len(files), len(tests))
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			want, ok := tests[file.Name()]
			if !ok {
				t.Fatal("not in the table")
			}
			facts, problems := inspectFile(t, filepath.Join(zoo, file.Name()))
			if got := fault.Judge(problems); got != want.verdict {
				t.Errorf("verdict %q, want %q: %v", got, want.verdict, problems)
			}
			if got := firstPlace(problems); got != want.problem {
				t.Errorf("first problem at %q, want %q: %v", got, want.problem, problems)
			}
			wantFacts := map[string]any{"batches": want.batches, "checks": want.checks, "check_cents": want.cents}
			if !reflect.DeepEqual(facts, wantFacts) {
				t.Errorf("facts %v, want %v", facts, wantFacts)
			}
		})
	}
}

// TestInspect_PublicSamples reads the files others published, where they are at hand.
func TestInspect_PublicSamples(t *testing.T) {
	folder := os.Getenv("BILLFOLD_SAMPLES")
	if folder == "" {
		folder = "../../../../shared/samples"
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no public samples here")
	}
	facts, problems := inspectFile(t, filepath.Join(folder, "bai-lockbox/test_lockbox.bai"))
	want := map[string]any{"batches": 1, "checks": 1, "check_cents": int64(700000)}
	if len(problems) > 0 || !reflect.DeepEqual(facts, want) {
		t.Errorf("facts %v, problems %v, want %v and none", facts, problems, want)
	}
}

func inspectFile(t *testing.T, path string) (map[string]any, []fault.Problem) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) > 0 && !Sniff(content) {
		t.Errorf("Sniff does not know %s", path)
	}
	return Inspect(bytes.NewReader(content))
}

func firstPlace(problems []fault.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	p := problems[0]
	return fmt.Sprintf("%d/%s/%s", p.Line, p.Record, p.Field)
}

func TestScan_ItemCarriesItsOverflow(t *testing.T) {
	file, err := os.Open(filepath.Join(zoo, "invoice-split-over-three-overflows.bai"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	items, _ := scanAll(t, file, Options{})
	want := Item{
		Lockbox: "0004417", DepositDate: calendar.MustParse("2026-11-23"), Batch: 1, Number: 1, Amount: 60000,
		Routing: "121042882", Account: secret.New("0071300455"), CheckNumber: "000001204", Tail: "PAT RIVERA", Line: 4,
		Overflow: []Overflow{
			{Text: "47281903658", Amount: 25000, HasAmount: true, Line: 5},
			{Text: "80251647390", Amount: 25000, HasAmount: true, Line: 6},
			{Text: "INV 0000441207", Amount: 10000, HasAmount: true, Line: 7},
		},
	}
	if len(items) != 1 || !reflect.DeepEqual(items[0], want) {
		t.Errorf("items %+v, want %+v", items, want)
	}
}

func TestScan_LayoutOfAnotherBank(t *testing.T) {
	layout := DefaultLayout()
	layout.CheckNumber = Field{37, 10}
	layout.TailStart = 47
	layout.OverflowText, layout.OverflowAmount = Field{12, 12}, Field{24, 8}
	file := strings.Join([]string{
		"100CEDARVALLY01210428822611231800",
		"2CEDARVALLY",
		"50000000004417261123",
		"6001001" + "0000045000" + "121042882" + "0071300455" + "0000012045" + "88BOB",
		"4001001" + "6019" + "472819036580" + "00045000",
		"70010000004417261123" + "001" + "0000045000",
		"80000000004417261123" + "0001" + "0000045000",
		"9000008",
	}, "\n")
	items, _ := scanAll(t, strings.NewReader(file), Options{Layout: layout})
	if len(items) != 1 {
		t.Fatalf("%d items, want 1", len(items))
	}
	got := items[0]
	if got.CheckNumber != "0000012045" || got.Tail != "88BOB" || got.Overflow[0].Text != "472819036580" || got.Overflow[0].Amount != 45000 {
		t.Errorf("check number %q, tail %q, overflow %+v", got.CheckNumber, got.Tail, got.Overflow)
	}
}

func TestScan_RefusesALayoutOverFixedColumns(t *testing.T) {
	layout := DefaultLayout()
	layout.Account = Field{8, 10}
	if _, _, err := Scan(strings.NewReader(""), Options{Layout: layout}, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
	}
}

func TestScan_StopsAtTheCallersError(t *testing.T) {
	file, err := os.Open(filepath.Join(zoo, "several-batches.bai"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	full, calls := errors.New("full"), 0
	_, _, err = Scan(file, Options{}, func(Item) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d items, want %v after 1", err, calls, full)
	}
}

func TestScan_ProblemsHoldNoAccountNumber(t *testing.T) {
	const account = "98765A3210"
	file := "100CEDARVALLY01210428822611231800\n2X\n50000000004417261123\n60010010000045000121042882" + account + "\n"
	_, problems, err := Scan(strings.NewReader(file), Options{}, func(Item) error { return nil })
	if err != nil || len(problems) == 0 {
		t.Fatalf("error %v, problems %v", err, problems)
	}
	for _, p := range problems {
		if strings.Contains(p.String(), "98765") {
			t.Errorf("problem %q shows the account number", p)
		}
	}
}

func scanAll(t *testing.T, r io.Reader, opts Options) ([]Item, Summary) {
	t.Helper()
	var items []Item
	sum, problems, err := Scan(r, opts, func(it Item) error { items = append(items, it); return nil })
	if err != nil || len(problems) > 0 {
		t.Fatalf("error %v, problems %v", err, problems)
	}
	return items, sum
}

func TestWriter_ScanGivesBackWhatWasWritten(t *testing.T) {
	header := Header{Destination: "CEDARVALLY", Origin: "0121042882", Date: calendar.MustParse("2026-11-23"), Time: "1800"}
	day := calendar.MustParse("2026-11-23")
	item := func(lockbox string, batch, number int, amount money.Cents) Item {
		return Item{Lockbox: lockbox, DepositDate: day, Batch: batch, Number: number, Amount: amount, Routing: "121042882",
			Account: secret.New("71300455"), CheckNumber: "1204", Tail: "PAT RIVERA"}
	}
	split := item("0004417", 2, 1, 60000)
	split.Overflow = []Overflow{{Text: "47281903658", Amount: 60000, HasAmount: true}, {Text: "ADDRESS CHANGED"}}
	tests := []struct {
		name     string
		items    []Item
		deposits int
	}{
		{"nothing", nil, 0},
		{"two batches and an overflow", []Item{item("0004417", 1, 1, 100), item("0004417", 1, 2, 100), split}, 1},
		{"another lockbox", []Item{item("0004417", 1, 1, 100), item("0004418", 1, 1, 100)}, 2},
		{"the batch numbers begin again", []Item{item("0004417", 999, 1, 100), item("0004417", 1, 1, 100)}, 2},
		{"a total that would outgrow its columns", []Item{item("0004417", 1, 1, amountMax), item("0004417", 1, 2, 1)}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var file bytes.Buffer
			w := NewWriter(&file, header)
			for _, it := range test.items {
				if err := w.Write(it); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, sum := scanAll(t, &file, Options{})
			for i := range got {
				got[i].Line = 0
				for j := range got[i].Overflow {
					got[i].Overflow[j].Line = 0
				}
			}
			if !reflect.DeepEqual(got, test.items) {
				t.Errorf("read %+v, wrote %+v", got, test.items)
			}
			if sum.Header != header || sum.Deposits != test.deposits {
				t.Errorf("header %+v and %d deposits, want %+v and %d", sum.Header, sum.Deposits, header, test.deposits)
			}
		})
	}
}

func TestWriter_EmptyBatch(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, Header{Time: "1800"})
	for _, batch := range []int{1, 2} {
		if err := w.WriteEmptyBatch("0004417", calendar.MustParse("2026-11-23"), batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, sum := scanAll(t, &file, Options{}); sum.Batches != 2 || sum.Checks != 0 {
		t.Errorf("%d batches, %d checks, want 2 and 0", sum.Batches, sum.Checks)
	}
}

func TestWriter_RefusesWhatDoesNotFit(t *testing.T) {
	good := Item{Lockbox: "0004417", Batch: 1, Number: 1, Amount: 1}
	tests := map[string]func(*Item){
		"a negative amount":            func(it *Item) { it.Amount = -1 },
		"an amount of eleven digits":   func(it *Item) { it.Amount = amountMax + 1 },
		"an item of four digits":       func(it *Item) { it.Number = 1000 },
		"a batch of four digits":       func(it *Item) { it.Batch = 1000 },
		"a lockbox of six digits":      func(it *Item) { it.Lockbox = "004417" },
		"an account of eleven digits":  func(it *Item) { it.Account = secret.New("12345678901") },
		"letters in the routing":       func(it *Item) { it.Routing = "12A" },
		"a line break in the tail":     func(it *Item) { it.Tail = "A\n9000001" },
		"an overflow text of 31 bytes": func(it *Item) { it.Overflow = []Overflow{{Text: strings.Repeat("x", 31)}} },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			it := good
			spoil(&it)
			w := NewWriter(io.Discard, Header{Time: "1800"})
			if err := w.Write(it); fault.KindOf(err) != fault.Invalid {
				t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(zoo, "*"))
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		lines := bytes.Count(content, []byte("\n")) + 1
		var items []Item
		sum, problems, err := Scan(bytes.NewReader(content), Options{}, func(it Item) error { items = append(items, it); return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines {
				t.Errorf("problem %v beyond the file's %d lines", p, lines)
			}
		}
		if fault.Judge(problems) != fault.Accept {
			return
		}
		var file bytes.Buffer
		w := NewWriter(&file, sum.Header)
		for _, it := range items {
			if err := w.Write(it); err != nil {
				return // a batch or overflow larger than the writer's columns
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		again, rewritten := scanAll(t, &file, Options{})
		if len(again) != len(items) || rewritten.CheckCents != sum.CheckCents || rewritten.Header != sum.Header {
			t.Errorf("wrote %d items of %s, read %d of %s", len(items), sum.CheckCents, len(again), rewritten.CheckCents)
		}
	})
}

// BenchmarkScan reads a file of a million cheques, half with an overflow;
// what is written is not counted.
func BenchmarkScan(b *testing.B) {
	const checks = 1_000_000
	var file bytes.Buffer
	if err := writeMany(&file, checks); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		sum, problems, err := Scan(bytes.NewReader(file.Bytes()), Options{}, func(Item) error { return nil })
		if err != nil || len(problems) > 0 || sum.Checks != checks {
			b.Fatalf("%d checks, problems %v, error %v", sum.Checks, problems, err)
		}
	}
}

// BenchmarkWriter writes such a file.
func BenchmarkWriter(b *testing.B) {
	for b.Loop() {
		if err := writeMany(io.Discard, 1_000_000); err != nil {
			b.Fatal(err)
		}
	}
}

func writeMany(out io.Writer, checks int) error {
	w := NewWriter(out, Header{Destination: "CEDARVALLY", Origin: "0121042882", Date: calendar.MustParse("2026-11-23"), Time: "1800"})
	for i := range checks {
		it := Item{Lockbox: "0004417", DepositDate: calendar.MustParse("2026-11-23"), Batch: i/999%999 + 1, Number: i%999 + 1,
			Amount: 45000, Routing: "121042882", Account: secret.New("0071300455"), CheckNumber: "000001204"}
		if i%2 == 0 {
			it.Overflow = []Overflow{{Text: "47281903658", Amount: 45000, HasAmount: true}}
		}
		if err := w.Write(it); err != nil {
			return err
		}
	}
	return w.Close()
}

func TestSniff_LeavesANachaFile(t *testing.T) {
	nacha := "101 121042882 2313801042611230600A094101CEDAR BANK             PEOPLES BANK                   "
	if Sniff([]byte(nacha)) {
		t.Error("Sniff takes a Nacha file header")
	}
}
