package bai2

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
	"github.com/billfold/billfold/internal/base/secret"
)

const zoo = "../../../testdata/zoo/bai2"

// outcome is what a file must give: problem is the first one's
// "line/record/field", or "" for none; total is nil for a file without trailer.
type outcome struct {
	verdict                        fault.Verdict
	problem                        string
	groups, accounts, transactions int
	credit, debit                  int64
	total                          any
	records                        int
}

func TestInspect_Zoo(t *testing.T) {
	tests := map[string]outcome{
		"prior-day.bai2":                     {fault.Accept, "", 1, 1, 2, 57550, 0, int64(372650), 10},
		"prior-day-crlf.bai2":                {fault.Accept, "", 1, 1, 2, 57550, 0, int64(372650), 10},
		"no-ending-on-last-line.bai2":        {fault.Accept, "", 1, 1, 2, 57550, 0, int64(372650), 10},
		"padded-lines.bai2":                  {fault.Accept, "", 1, 1, 2, 57550, 0, int64(372650), 10},
		"intraday.bai2":                      {fault.Accept, "", 1, 1, 1, 12550, 0, int64(12550), 7},
		"funds-types.bai2":                   {fault.Accept, "", 1, 1, 6, 1800, 0, int64(1800), 13},
		"returns.bai2":                       {fault.Accept, "", 1, 1, 3, 9900, 57550, int64(67450), 9},
		"several-currencies.bai2":            {fault.Accept, "", 2, 3, 3, 300, 300, int64(600), 15},
		"custom-and-unknown-type-codes.bai2": {fault.Accept, "", 1, 1, 4, 200, 300, int64(600), 10},
		"signed-amounts.bai2":                {fault.Accept, "", 1, 1, 1, 100, 0, int64(-400), 7},
		"account-without-transactions.bai2":  {fault.Accept, "", 1, 1, 0, 0, 0, int64(100), 6},
		"no-groups.bai2":                     {fault.Accept, "", 0, 0, 0, 0, 0, int64(0), 2},
		"bad-account-total.bai2":             {fault.Flag, "5/49/control total", 1, 1, 1, 100, 0, int64(101), 7},
		"bad-account-count.bai2":             {fault.Flag, "8/49/number of records", 1, 1, 2, 57550, 0, int64(372650), 10},
		"bad-group-total.bai2":               {fault.Flag, "6/98/control total", 1, 1, 1, 100, 0, int64(102), 7},
		"bad-group-accounts.bai2":            {fault.Flag, "6/98/number of accounts", 1, 1, 1, 100, 0, int64(100), 7},
		"bad-file-total.bai2":                {fault.Flag, "7/99/control total", 1, 1, 1, 100, 0, int64(103), 7},
		"bad-file-count.bai2":                {fault.Flag, "10/99/number of records", 1, 1, 2, 57550, 0, int64(372650), 10},
		"bad-file-groups.bai2":               {fault.Flag, "7/99/number of groups", 1, 1, 1, 100, 0, int64(100), 7},
		"debits-subtracted-in-total.bai2":    {fault.Flag, "6/49/control total", 1, 1, 2, 500, 200, int64(300), 8},
		"no-file-trailer.bai2":               {fault.Refuse, "9/99/", 1, 1, 2, 57550, 0, nil, 9},
		"truncated-inside-a-transaction.bai2": {
			fault.Refuse, "5/99/", 1, 1, 1, 4, 0, nil, 5},
		"letters-in-amount.bai2":           {fault.Refuse, "5/16/amount", 1, 1, 1, 0, 0, int64(372650), 8},
		"decimal-point-in-amount.bai2":     {fault.Refuse, "5/16/amount", 1, 1, 1, 0, 0, int64(372650), 8},
		"amount-missing.bai2":              {fault.Refuse, "5/16/amount", 1, 1, 1, 0, 0, int64(372650), 8},
		"amount-beyond-int64.bai2":         {fault.Refuse, "5/16/amount", 1, 1, 1, 0, 0, int64(372650), 8},
		"unknown-record-code.bai2":         {fault.Refuse, "8//record code", 1, 1, 2, 57550, 0, int64(372650), 11},
		"unknown-funds-type.bai2":          {fault.Refuse, "5/16/funds type", 1, 1, 1, 100, 0, int64(372650), 8},
		"transaction-outside-account.bai2": {fault.Refuse, "3/16/record code", 1, 0, 1, 100, 0, int64(0), 5},
		"continuation-first.bai2":          {fault.Refuse, "1/88/record code", 1, 1, 2, 57550, 0, int64(372650), 11},
		"continued-trailer.bai2":           {fault.Refuse, "10/88/record code", 1, 1, 2, 57550, 0, int64(372650), 11},
		"version-1.bai2":                   {fault.Refuse, "1/01/version", 1, 1, 2, 57550, 0, int64(372650), 10},
		"bad-as-of-date.bai2":              {fault.Refuse, "2/02/as-of date", 1, 1, 2, 57550, 0, int64(372650), 10},
		"no-file-header.bai2":              {fault.Refuse, "1/02/record code", 1, 1, 2, 57550, 0, int64(372650), 9},
		"records-after-trailer.bai2":       {fault.Refuse, "11/02/record code", 2, 1, 2, 57550, 0, int64(372650), 11},
		"type-code-of-two-digits.bai2":     {fault.Refuse, "5/16/type code", 1, 1, 1, 0, 0, int64(372650), 8},
		"too-many-distributions.bai2":      {fault.Refuse, "5/16/number of distributions", 1, 1, 1, 100, 0, int64(372650), 8},
		"not-ascii.bai2":                   {fault.Refuse, "5/16/", 1, 1, 1, 100, 0, int64(372650), 8},
		"line-too-long.bai2":               {fault.Refuse, "5//", 1, 1, 0, 0, 0, int64(372650), 7},
		"empty.bai2":                       {fault.Refuse, "0/99/", 0, 0, 0, 0, 0, nil, 0},
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
			check(t, filepath.Join(zoo, file.Name()), want)
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
	tests := map[string]outcome{
		"citi_example.bai2":     {fault.Accept, "", 1, 1, 1, 1, 0, int64(20001), 14},
		"sample1.txt":           {fault.Accept, "", 1, 2, 17, 320000, 320000, int64(1280000), 27},
		"sample-parseError.txt": {fault.Refuse, "1//record code", 0, 0, 0, 0, 0, nil, 1},
		"sample4-continuations-newline-delimited.txt": {
			fault.Flag, "22/49/control total", 1, 5, 17, 600731, 31349055, int64(13060195162), 116},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) { check(t, filepath.Join(folder, "bai2", name), want) })
	}
}

func check(t *testing.T, path string, want outcome) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	facts, problems := Inspect(bytes.NewReader(content))
	if got := fault.Judge(problems); got != want.verdict {
		t.Errorf("verdict %q, want %q: %v", got, want.verdict, problems)
	}
	if got := firstPlace(problems); got != want.problem {
		t.Errorf("first problem at %q, want %q: %v", got, want.problem, problems)
	}
	wantFacts := map[string]any{
		"groups": want.groups, "accounts": want.accounts, "transactions": want.transactions,
		"detail_credit_minor": want.credit, "detail_debit_minor": want.debit, "physical_records": want.records,
	}
	if want.total != nil {
		wantFacts["file_control_total"] = want.total
	}
	if !reflect.DeepEqual(facts, wantFacts) {
		t.Errorf("facts %v, want %v", facts, wantFacts)
	}
	if wantSniff := len(content) > 0 && content[2] == ','; Sniff(content) != wantSniff {
		t.Errorf("Sniff gave %v, want %v", !wantSniff, wantSniff)
	}
}

func firstPlace(problems []fault.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	p := problems[0]
	return fmt.Sprintf("%d/%s/%s", p.Line, p.Record, p.Field)
}

func open(t *testing.T, name string) io.Reader {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(zoo, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(content)
}

func scanAll(t *testing.T, r io.Reader) ([]Item, Summary) {
	t.Helper()
	var items []Item
	sum, problems, err := Scan(r, func(it Item) error { items = append(items, it); return nil })
	if err != nil || len(problems) > 0 {
		t.Fatalf("error %v, problems %v", err, problems)
	}
	return items, sum
}

func TestScan_TextMayHoldCommasSlashesAndContinuations(t *testing.T) {
	items, _ := scanAll(t, open(t, "prior-day.bai2"))
	day := calendar.MustParse("2026-11-22")
	want := Item{
		Group:   Group{Receiver: "CEDARVALLEY", Originator: "121042882", Status: "1", AsOf: day, AsOfTime: "2359", Currency: "USD", AsOfModifier: "2"},
		Account: secret.New("0071300455"), Currency: "USD", TypeCode: "142", AmountMinor: 12550,
		Funds: Funds{Type: "V", Date: day}, BankReference: "0001",
		Text: "CIE 472819036580, INVOICE 0000441207, 1/2 PAID\nNAME LEE OKAFOR", Line: 6,
	}
	if len(items) != 2 || !reflect.DeepEqual(items[1], want) {
		t.Errorf("items %+v, want the second to be %+v", items, want)
	}
}

func TestScan_FundsTypes(t *testing.T) {
	items, _ := scanAll(t, open(t, "funds-types.bai2"))
	want := []struct {
		funds    Funds
		bank     string
		customer string
	}{
		{Funds{Type: "S", Distribution: []Availability{{0, 100}, {1, 150}, {2, 50}}}, "R1", ""},
		{Funds{Type: "D", Distribution: []Availability{{0, 100}, {1, 150}, {5, 50}}}, "R2", "C2"},
		{Funds{Type: "1"}, "R3", ""},
		{Funds{Type: "2"}, "R4", "C4"},
		{Funds{}, "R5", ""},
		{Funds{Type: "D", Distribution: []Availability{{0, 100}, {1, 200}}}, "R6", ""},
	}
	for i, it := range items {
		if !reflect.DeepEqual(it.Funds, want[i].funds) || it.BankReference != want[i].bank || it.CustomerReference != want[i].customer {
			t.Errorf("item %d: %+v %q %q, want %+v", i, it.Funds, it.BankReference, it.CustomerReference, want[i])
		}
	}
}

func TestScan_CurrencyOfAccountThenGroupThenDollars(t *testing.T) {
	items, _ := scanAll(t, open(t, "several-currencies.bai2"))
	var got []string
	for _, it := range items {
		got = append(got, it.Currency)
	}
	if want := []string{"USD", "CAD", "EUR"}; !reflect.DeepEqual(got, want) {
		t.Errorf("currencies %v, want %v", got, want)
	}
}

func TestDirectionOf(t *testing.T) {
	tests := map[string]Direction{
		"100": Credit, "142": Credit, "399": Credit, "400": Debit, "555": Debit, "699": Debit,
		"099": Neither, "015": Neither, "700": Neither, "890": Neither, "925": Neither, "": Neither, "42": Neither, "1420": Neither,
	}
	for code, want := range tests {
		if got := DirectionOf(code); got != want {
			t.Errorf("DirectionOf(%q) = %v, want %v", code, got, want)
		}
	}
}

func TestScan_StopsAtTheCallersError(t *testing.T) {
	full, calls := errors.New("full"), 0
	_, _, err := Scan(open(t, "returns.bai2"), func(Item) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d items, want %v after 1", err, calls, full)
	}
}

func TestScan_ALongRecordIsRefusedInBoundedMemory(t *testing.T) {
	file := "01,A,B,261123,0600,1,,,2/\n02,B,A,1,261122,,USD,2/\n03,0071300455,USD/\n16,142,1,0,R,C,T\n" +
		strings.Repeat("88,"+strings.Repeat("x", 1000)+"\n", 2000)
	_, problems, err := Scan(strings.NewReader(file), func(Item) error { return nil })
	if err != nil || fault.Judge(problems) != fault.Refuse || len(problems) != 2 {
		t.Errorf("error %v, problems %v, want one for the length and one for the missing trailer", err, problems)
	}
}

func TestScan_ProblemsHoldNoAccountNumber(t *testing.T) {
	file := "01,A,B,261123,0600,1,,,2/\n02,B,A,1,261122,,USD,2/\n03,9876543210,usd,1x,9876543210/\n16,9876543210,9876x43210,9876543210/\n9876543210,\n"
	_, problems, err := Scan(strings.NewReader(file), func(Item) error { return nil })
	if err != nil || len(problems) < 4 {
		t.Fatalf("error %v, problems %v", err, problems)
	}
	for _, p := range problems {
		if strings.Contains(p.String(), "9876") {
			t.Errorf("problem %q shows what may be an account number", p)
		}
	}
}

// rewrite writes items again, each group and account as it changes.
func rewrite(header Header, items []Item) ([]byte, error) {
	var file bytes.Buffer
	w := NewWriter(&file, header)
	for i, it := range items {
		if i == 0 || it.Group != items[i-1].Group {
			if err := w.Group(it.Group); err != nil {
				return nil, err
			}
		}
		if i == 0 || it.Group != items[i-1].Group || it.Account != items[i-1].Account || it.Currency != items[i-1].Currency {
			if err := w.Account(it.Account, it.Currency, []Balance{{"015", -70}, {"100", 12}}); err != nil {
				return nil, err
			}
		}
		if err := w.Item(it); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return file.Bytes(), err
}

func withoutLines(items []Item) []Item {
	for i := range items {
		items[i].Line = 0
	}
	return items
}

func TestWriter_ScanGivesBackWhatWasWritten(t *testing.T) {
	for _, name := range []string{"prior-day.bai2", "funds-types.bai2", "returns.bai2", "several-currencies.bai2", "no-groups.bai2"} {
		t.Run(name, func(t *testing.T) {
			items, sum := scanAll(t, open(t, name))
			file, err := rewrite(sum.Header, items)
			if err != nil {
				t.Fatal(err)
			}
			again, rewritten := scanAll(t, bytes.NewReader(file))
			if !reflect.DeepEqual(withoutLines(again), withoutLines(items)) || rewritten.Header != sum.Header {
				t.Errorf("read %+v, wrote %+v", again, items)
			}
		})
	}
}

func TestWriter_RefusesWhatCannotStand(t *testing.T) {
	group := Group{Status: "1"}
	account := secret.New("0071300455")
	begin := func(w *Writer) { _ = w.Group(group); _ = w.Account(account, "USD", nil) }
	tests := map[string]func(*Writer) error{
		"an account without a group":       func(w *Writer) error { return w.Account(account, "USD", nil) },
		"a transaction without an account": func(w *Writer) error { return w.Item(Item{TypeCode: "142"}) },
		"a type code of two digits":        func(w *Writer) error { begin(w); return w.Item(Item{TypeCode: "42"}) },
		"a comma in a reference":           func(w *Writer) error { begin(w); return w.Item(Item{TypeCode: "142", BankReference: "a,b"}) },
		"a carriage return in the text":    func(w *Writer) error { begin(w); return w.Item(Item{TypeCode: "142", Text: "a\rb"}) },
		"a line break in a group's sender": func(w *Writer) error { return w.Group(Group{Originator: "a\nb"}) },
		"a header that cannot be written":  func(*Writer) error { return NewWriter(io.Discard, Header{Sender: "a,b"}).Close() },
		"an account number with a comma":   func(w *Writer) error { _ = w.Group(group); return w.Account(secret.New("1,2"), "USD", nil) },
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			if err := write(NewWriter(io.Discard, Header{})); fault.KindOf(err) != fault.Invalid {
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
		sum, problems, err := Scan(bytes.NewReader(content), func(it Item) error { items = append(items, it); return nil })
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
		file, err := rewrite(sum.Header, items)
		if err != nil {
			return // longer than the writer's lines
		}
		again, _ := scanAll(t, bytes.NewReader(file))
		if !reflect.DeepEqual(withoutLines(again), withoutLines(items)) {
			t.Errorf("read %+v\nwrote %+v\n%s", again, items, file)
		}
	})
}
