package nacha

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

const zoo = "../../../testdata/zoo/nacha"

// outcome is what a file must give: problem is the first one's
// "line/record/field", or "" for none; given is how many entries read well.
type outcome struct {
	verdict                   fault.Verdict
	problem                   string
	batches, entries, addenda int
	debit, credit             int64
	hash                      string
	given                     int
}

func TestInspect_Zoo(t *testing.T) {
	tests := map[string]outcome{
		"addenda-announced-but-missing.ach":     {fault.Refuse, "3/6/addenda record indicator", 1, 1, 0, 0, 100, "0012104288", 0},
		"addenda-not-announced.ach":             {fault.Refuse, "3/6/addenda record indicator", 1, 1, 1, 0, 100, "0012104288", 0},
		"addenda-of-another-entry.ach":          {fault.Refuse, "4/7/entry detail sequence number", 1, 1, 1, 0, 100, "0012104288", 0},
		"addenda-sequence-skips.ach":            {fault.Refuse, "5/7/addenda sequence number", 1, 1, 2, 0, 100, "0012104288", 0},
		"bad-batch-company.ach":                 {fault.Flag, "4/8/company identification", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-batch-count.ach":                   {fault.Flag, "4/8/entry/addenda count", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-batch-credit-total.ach":            {fault.Flag, "4/8/total credit", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-batch-debit-total.ach":             {fault.Flag, "4/8/total debit", 1, 1, 0, 45000, 0, "0012104288", 1},
		"bad-batch-hash.ach":                    {fault.Flag, "4/8/entry hash", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-batch-number.ach":                  {fault.Flag, "4/8/batch number", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-batch-odfi.ach":                    {fault.Flag, "4/8/ODFI", 1, 1, 0, 0, 45000, "0012104288", 1},
		"bad-check-digit.ach":                   {fault.Refuse, "3/6/check digit", 1, 1, 0, 0, 45000, "0012104288", 0},
		"bad-effective-date.ach":                {fault.Refuse, "2/5/effective entry date", 1, 1, 0, 0, 100, "0012104288", 1},
		"bad-file-batches.ach":                  {fault.Flag, "8/9/batch count", 1, 3, 1, 0, 67450, "0036312864", 3},
		"bad-file-count.ach":                    {fault.Flag, "8/9/entry/addenda count", 1, 3, 1, 0, 67450, "0036312864", 3},
		"bad-file-credit-total.ach":             {fault.Flag, "8/9/total credit", 1, 3, 1, 0, 67450, "0036312864", 3},
		"bad-file-hash.ach":                     {fault.Flag, "8/9/entry hash", 1, 3, 1, 0, 67450, "0036312864", 3},
		"bad-record-size.ach":                   {fault.Refuse, "1/1/", 1, 3, 1, 0, 67450, "0036312864", 3},
		"batch-without-control.ach":             {fault.Refuse, "7/9/record type", 1, 3, 1, 0, 67450, "0036312864", 3},
		"batch-without-entries.ach":             {fault.Refuse, "3/8/", 1, 0, 0, 0, 0, "0000000000", 0},
		"ccd-credit.ach":                        {fault.Accept, "", 1, 1, 1, 0, 250000, "0012104288", 1},
		"cie-bill-pay-crlf.ach":                 {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"cie-bill-pay.ach":                      {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"cie-debit.ach":                         {fault.Refuse, "3/6/transaction code", 1, 1, 0, 100, 0, "0012104288", 0},
		"cie-two-addenda.ach":                   {fault.Refuse, "5/7/", 1, 1, 2, 0, 100, "0012104288", 0},
		"cor-without-addenda.ach":               {fault.Refuse, "3/6/addenda record indicator", 1, 1, 0, 0, 0, "0012104288", 0},
		"ctx-bad-addenda-count.ach":             {fault.Flag, "3/6/number of addenda", 1, 1, 1, 0, 2500, "0012104288", 1},
		"ctx-with-820-in-addenda.ach":           {fault.Accept, "", 1, 1, 4, 0, 250000, "0012104288", 1},
		"debit-in-batch-of-credits.ach":         {fault.Refuse, "3/6/transaction code", 1, 1, 0, 100, 0, "0012104288", 0},
		"dishonoured-and-contested-returns.ach": {fault.Accept, "", 1, 2, 2, 90000, 0, "0024208576", 2},
		"empty.ach":                             {fault.Refuse, "0/9/", 0, 0, 0, 0, 0, "0000000000", 0},
		"entry-outside-batch.ach":               {fault.Refuse, "2/6/record type", 0, 1, 0, 0, 45000, "0012104288", 0},
		"iat-batch.ach":                         {fault.Refuse, "2/5/standard entry class", 1, 1, 0, 0, 100, "0012104288", 0},
		"letters-in-amount.ach":                 {fault.Refuse, "3/6/amount", 1, 3, 1, 0, 22450, "0036312864", 2},
		"letters-in-trace.ach":                  {fault.Refuse, "3/6/trace number", 1, 1, 0, 0, 45000, "0012104288", 0},
		"line-too-long.ach":                     {fault.Refuse, "2//", 0, 3, 1, 0, 67450, "0036312864", 0},
		"long-line.ach":                         {fault.Refuse, "2/5/", 1, 3, 1, 0, 67450, "0036312864", 3},
		"no-batches.ach":                        {fault.Accept, "", 0, 0, 0, 0, 0, "0000000000", 0},
		"no-ending-on-last-line.ach":            {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"no-file-control.ach":                   {fault.Refuse, "7/9/", 1, 3, 1, 0, 67450, "0036312864", 3},
		"no-file-header.ach":                    {fault.Refuse, "1/5/record type", 1, 3, 1, 0, 67450, "0036312864", 3},
		"no-line-breaks.ach":                    {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"not-ascii.ach":                         {fault.Refuse, "3/6/", 1, 1, 0, 0, 100, "0012104288", 0},
		"notifications-of-change.ach":           {fault.Accept, "", 1, 7, 7, 0, 0, "0084730016", 7},
		"offset-balanced.ach":                   {fault.Accept, "", 1, 3, 0, 45100, 45100, "0036312864", 3},
		"padded-lines.ach":                      {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"prenote-then-live.ach":                 {fault.Accept, "", 2, 2, 0, 45000, 0, "0024208576", 2},
		"prenote-with-amount.ach":               {fault.Refuse, "3/6/amount", 1, 1, 0, 100, 0, "0012104288", 0},
		"records-after-file-control.ach":        {fault.Refuse, "9/5/record type", 2, 3, 1, 0, 67450, "0036312864", 3},
		"retry-payment.ach":                     {fault.Accept, "", 1, 1, 0, 45000, 0, "0012104288", 1},
		"return-account-holder-deceased.ach":    {fault.Accept, "", 1, 1, 1, 45000, 0, "0012104288", 1},
		"returns.ach":                           {fault.Accept, "", 1, 9, 9, 9036, 0, "0108938592", 9},
		"reversal.ach":                          {fault.Accept, "", 1, 1, 0, 0, 45000, "0012104288", 1},
		"several-batches.ach":                   {fault.Accept, "", 4, 6, 1, 55000, 67450, "0072625728", 6},
		"short-line.ach":                        {fault.Refuse, "8/9/", 1, 3, 1, 0, 67450, "0036312864", 3},
		"trace-numbers-descend.ach":             {fault.Refuse, "4/6/trace number", 1, 2, 0, 0, 200, "0024208576", 1},
		"trace-of-another-odfi.ach":             {fault.Refuse, "3/6/trace number", 1, 1, 0, 0, 100, "0012104288", 0},
		"truncated-inside-an-entry.ach":         {fault.Refuse, "4/6/", 1, 2, 0, 0, 57550, "0024208576", 1},
		"two-identical-entries.ach":             {fault.Accept, "", 1, 2, 0, 0, 90000, "0024208576", 2},
		"unknown-entry-class.ach":               {fault.Refuse, "2/5/standard entry class code", 1, 1, 0, 0, 100, "0012104288", 1},
		"unknown-record-type.ach":               {fault.Refuse, "3//record type", 1, 3, 1, 0, 67450, "0036312864", 3},
		"unknown-return-code.ach":               {fault.Refuse, "4/7/return code", 1, 1, 1, 100, 0, "0012104288", 0},
		"unknown-transaction-code.ach":          {fault.Refuse, "3/6/transaction code", 1, 1, 0, 0, 100, "0012104288", 0},
		"without-filler.ach":                    {fault.Accept, "", 1, 3, 1, 0, 67450, "0036312864", 3},
		"zero-amount.ach":                       {fault.Refuse, "3/6/amount", 1, 1, 0, 0, 0, "0012104288", 0},
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
		"nacha/ppd-mixedDebitCredit.ach":                     {fault.Accept, "", 1, 3, 0, 200000000, 200000000, "0069414030", 3},
		"nacha/ctx-debit.ach":                                {fault.Accept, "", 1, 1, 2, 100000000, 0, "0023138010", 1},
		"nacha/two-micro-deposits.ach":                       {fault.Accept, "", 2, 6, 6, 120, 120, "0072625728", 6},
		"nacha/flattenBatchesMultipleBatchHeaders.ach":       {fault.Accept, "", 4, 12, 12, 0, 1200000, "0277656120", 12},
		"nacha/ppd-debit-invalid-entryDetail-checkDigit.ach": {fault.Refuse, "1/1/", 1, 1, 0, 100000000, 0, "0023138010", 0},
		"nacha-returns-noc/return-WEB.ach":                   {fault.Accept, "", 2, 2, 2, 12354, 4565, "0018280120", 2},
		"nacha-returns-noc/cor-read.ach":                     {fault.Accept, "", 1, 1, 1, 0, 0, "0023138010", 1},
		"nacha-returns-noc/dishonored-return.ach":            {fault.Accept, "", 1, 2, 2, 48000, 0, "0024208576", 2},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) { check(t, filepath.Join(folder, name), want) })
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
		"batches": want.batches, "entries": want.entries, "addenda": want.addenda,
		"debit_cents": want.debit, "credit_cents": want.credit, "entry_hash": want.hash,
	}
	if !reflect.DeepEqual(facts, wantFacts) {
		t.Errorf("facts %v, want %v", facts, wantFacts)
	}
	given := 0
	if _, _, err := Scan(bytes.NewReader(content), func(Entry) error { given++; return nil }); err != nil || given != want.given {
		t.Errorf("%d entries given, error %v, want %d", given, err, want.given)
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

func scanAll(t *testing.T, r io.Reader) ([]Entry, Summary) {
	t.Helper()
	var entries []Entry
	sum, problems, err := Scan(r, func(e Entry) error { entries = append(entries, e); return nil })
	if err != nil || len(problems) > 0 {
		t.Fatalf("error %v, problems %v", err, problems)
	}
	return entries, sum
}

func TestScan_CIEHasNameAndNumberInEachOthersPlace(t *testing.T) {
	entries, sum := scanAll(t, open(t, "cie-bill-pay.ach"))
	got := entries[1]
	batch := Batch{
		Number: 1, ServiceClass: 220, SECCode: "CIE", CompanyName: "CEDAR VALLEY HLT", CompanyID: "9876543210",
		EntryDescription: "HEALTHPREM", DescriptiveDate: "NOV 26", EffectiveDate: calendar.MustParse("2026-11-24"), ODFI: "23138010", Line: 2,
	}
	want := Entry{
		Batch: got.Batch, TransactionCode: 22, RDFI: "121042882", Account: secret.New("0071300455"), Amount: 12550,
		IndividualID: "4728-1903-658", IndividualName: "LEE OKAFOR", Trace: "231380100000002",
		PaymentInfo: []string{fmt.Sprintf("%-80s", "INVOICE 0000441207")}, Line: 4,
	}
	if !reflect.DeepEqual(got, want) || *got.Batch != batch {
		t.Errorf("entry %+v of batch %+v, want %+v of %+v", got, *got.Batch, want, batch)
	}
	header := Header{
		Destination: "121042882", Origin: "231380104", DestinationName: "CEDAR BANK", OriginName: "PEOPLES BANK",
		Date: calendar.MustParse("2026-11-23"), Time: "0600", Modifier: "A",
	}
	if sum.Header != header {
		t.Errorf("header %+v, want %+v", sum.Header, header)
	}
}

func TestScan_CTXTextsRunOnOverAddenda(t *testing.T) {
	entries, _ := scanAll(t, open(t, "ctx-with-820-in-addenda.ach"))
	text := strings.Join(entries[0].PaymentInfo, "")
	if entries[0].IndividualName != "CEDAR VALLEY HLT" || len(text) != 4*80 || len(strings.Split(text, "~")[0]) != 105 {
		t.Errorf("name %q, text %q, want an ISA segment of 105 characters first", entries[0].IndividualName, text)
	}
}

func TestScan_Returns(t *testing.T) {
	entries, _ := scanAll(t, open(t, "return-account-holder-deceased.ach"))
	want := Return{Code: "R15", OriginalTrace: "231380100000070", OriginalRDFI: "12104288", DateOfDeath: calendar.MustParse("2026-11-01")}
	if entries[0].Return == nil || *entries[0].Return != want {
		t.Errorf("return %+v, want %+v", entries[0].Return, want)
	}
	if entries[0].Credit() {
		t.Error("the return of a debit reads as a credit")
	}
}

func TestScan_NotificationsOfChange(t *testing.T) {
	entries, _ := scanAll(t, open(t, "notifications-of-change.ach"))
	var codes []string
	for _, e := range entries {
		codes = append(codes, e.Change.Code)
	}
	if want := []string{"C01", "C02", "C03", "C05", "C06", "C07", "C09"}; !reflect.DeepEqual(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	if got := entries[0].Change; got.Corrected.Reveal() != "0071300466" || got.OriginalTrace != "231380100000070" {
		t.Errorf("change %+v", got)
	}
}

func TestScan_Prenotes(t *testing.T) {
	entries, _ := scanAll(t, open(t, "prenote-then-live.ach"))
	if !entries[0].Prenote() || entries[1].Prenote() {
		t.Errorf("prenotes %v and %v, want true and false", entries[0].Prenote(), entries[1].Prenote())
	}
}

func TestScan_RecordsWithoutLineBreaksAreCountedAsLines(t *testing.T) {
	content, err := io.ReadAll(open(t, "no-line-breaks.ach"))
	if err != nil {
		t.Fatal(err)
	}
	content[3*recordWidth] = 'X'
	_, problems := Inspect(bytes.NewReader(content))
	if got := firstPlace(problems); got != "4//record type" {
		t.Errorf("first problem at %q, want line 4: %v", got, problems)
	}
}

func TestScan_StopsAtTheCallersError(t *testing.T) {
	full, calls := errors.New("full"), 0
	_, _, err := Scan(open(t, "cie-bill-pay.ach"), func(Entry) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d entries, want %v after 1", err, calls, full)
	}
}

// TestScan_ProblemsHoldNoAccountNumber spoils an entry one column at a time.
func TestScan_ProblemsHoldNoAccountNumber(t *testing.T) {
	content, err := io.ReadAll(open(t, "cie-bill-pay.ach"))
	if err != nil {
		t.Fatal(err)
	}
	for column := range recordWidth {
		for _, bad := range []byte{'~', 0xE9, 0} {
			spoilt := bytes.Clone(content)
			spoilt[2*(recordWidth+1)+column] = bad
			_, problems := Inspect(bytes.NewReader(spoilt))
			for _, p := range problems {
				if text := p.String(); strings.Contains(text, "713004") || strings.Contains(text, "RIVERA") || strings.Contains(text, "\u00e9") {
					t.Errorf("column %d spoilt: problem %q shows what the entry holds", column+1, text)
				}
			}
		}
	}
}

func TestSniff(t *testing.T) {
	tests := map[string]bool{"cie-bill-pay.ach": true, "no-line-breaks.ach": true, "bad-record-size.ach": true, "empty.ach": false, "no-file-header.ach": false}
	for name, want := range tests {
		content, err := io.ReadAll(open(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := Sniff(content); got != want {
			t.Errorf("Sniff of %s gave %v, want %v", name, got, want)
		}
	}
	if Sniff([]byte("100CEDARVALLY01210428822611231800\n2CEDARVALLY")) {
		t.Error("Sniff takes a lockbox file")
	}
}

// rewrite writes entries again, each batch as it changes.
func rewrite(header Header, entries []Entry) ([]byte, error) {
	var file bytes.Buffer
	w := NewWriter(&file, header)
	for i, e := range entries {
		if i == 0 || e.Batch != entries[i-1].Batch {
			if err := w.Batch(e.Batch); err != nil {
				return nil, err
			}
		}
		if err := w.Entry(e); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return file.Bytes(), err
}

// withoutPlaces makes entries of different files comparable.
func withoutPlaces(entries []Entry) []string {
	var texts []string
	for _, e := range entries {
		batch, account := *e.Batch, e.Account.Reveal()
		batch.Line, e.Line, e.Batch = 0, 0, nil
		text := fmt.Sprintf("%+v %s %+v", batch, account, e)
		if e.Return != nil {
			text += fmt.Sprintf(" %+v", *e.Return)
		}
		if e.Change != nil {
			text += fmt.Sprintf(" %+v %s", *e.Change, e.Change.Corrected.Reveal())
		}
		texts = append(texts, strings.NewReplacer(fmt.Sprintf("%p", e.Return), "", fmt.Sprintf("%p", e.Change), "").Replace(text))
	}
	return texts
}

func TestWriter_ScanGivesBackWhatWasWritten(t *testing.T) {
	for _, name := range []string{
		"cie-bill-pay.ach", "ctx-with-820-in-addenda.ach", "several-batches.ach", "prenote-then-live.ach", "returns.ach",
		"return-account-holder-deceased.ach", "notifications-of-change.ach", "no-batches.ach",
	} {
		t.Run(name, func(t *testing.T) {
			entries, sum := scanAll(t, open(t, name))
			file, err := rewrite(sum.Header, entries)
			if err != nil {
				t.Fatal(err)
			}
			want, err := io.ReadAll(open(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(file, want) {
				t.Errorf("wrote\n%s\nwant\n%s", file, want)
			}
		})
	}
}

func TestWriter_RefusesWhatDoesNotFit(t *testing.T) {
	batch := &Batch{Number: 1, ServiceClass: 220, SECCode: "CIE", CompanyName: "CEDAR VALLEY", CompanyID: "9876543210", EntryDescription: "HEALTHPREM", ODFI: "23138010"}
	good := Entry{TransactionCode: 22, RDFI: "121042882", Account: secret.New("71300455"), Amount: 100, IndividualID: "472819036580", IndividualName: "PAT RIVERA", Trace: "231380100000001"}
	tests := map[string]func(*Entry){
		"a negative amount":             func(e *Entry) { e.Amount = -1 },
		"an amount of eleven digits":    func(e *Entry) { e.Amount = amountMax + 1 },
		"an account of 18 characters":   func(e *Entry) { e.Account = secret.New(strings.Repeat("1", 18)) },
		"a routing number of 8 digits":  func(e *Entry) { e.RDFI = "12104288" },
		"a wrong check digit":           func(e *Entry) { e.RDFI = "121042880" },
		"a trace of letters":            func(e *Entry) { e.Trace = "23138010000000X" },
		"a name too long for CIE":       func(e *Entry) { e.IndividualName = "PAT RIVERA-OKAFOR" },
		"a line break in the name":      func(e *Entry) { e.IndividualName = "PAT\nRIVERA" },
		"an unknown transaction code":   func(e *Entry) { e.TransactionCode = 12 },
		"a second addenda in CIE":       func(e *Entry) { e.PaymentInfo = []string{"A", "B"} },
		"an addenda of 81 characters":   func(e *Entry) { e.PaymentInfo = []string{strings.Repeat("x", 81)} },
		"a correction of 30 characters": func(e *Entry) { e.Change = &Change{Code: "C01", Corrected: secret.New(strings.Repeat("1", 30))} },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			e := good
			spoil(&e)
			w := NewWriter(io.Discard, Header{})
			if err := w.Batch(batch); err != nil {
				t.Fatal(err)
			}
			if err := w.Entry(e); fault.KindOf(err) != fault.Invalid {
				t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
			}
		})
	}
	t.Run("an entry without a batch", func(t *testing.T) {
		if err := NewWriter(io.Discard, Header{}).Entry(good); fault.KindOf(err) != fault.Invalid {
			t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
		}
	})
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
		places := bytes.Count(content, []byte("\n")) + len(content)/recordWidth + 1
		var entries []Entry
		sum, problems, err := Scan(bytes.NewReader(content), func(e Entry) error { entries = append(entries, e); return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			if p.Line < 0 || p.Line > places {
				t.Errorf("problem %v beyond the file's %d lines", p, places)
			}
		}
		if fault.Judge(problems) != fault.Accept {
			return
		}
		file, err := rewrite(sum.Header, entries)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, rewritten := scanAll(t, bytes.NewReader(file))
		if !reflect.DeepEqual(withoutPlaces(again), withoutPlaces(entries)) || rewritten.Header != sum.Header {
			t.Errorf("read %v\nwrote %v\n%s", withoutPlaces(again), withoutPlaces(entries), file)
		}
	})
}

// BenchmarkScan reads a file of 100,000 entries that is written as it is read.
func BenchmarkScan(b *testing.B) {
	const entries = 100_000
	for b.Loop() {
		file, out := io.Pipe()
		go func() { out.CloseWithError(writeMany(out, entries)) }()
		sum, problems, err := Scan(file, func(Entry) error { return nil })
		if err != nil || len(problems) > 0 || sum.Entries != entries {
			b.Fatalf("%d entries, problems %v, error %v", sum.Entries, problems, err)
		}
	}
}

func writeMany(out io.Writer, entries int) error {
	w := NewWriter(out, Header{Destination: " 121042882", Origin: " 231380104", Date: calendar.MustParse("2026-11-23"), Modifier: "A"})
	batch := &Batch{Number: 1, ServiceClass: 220, SECCode: "CIE", CompanyName: "CEDAR VALLEY", CompanyID: "9876543210", EntryDescription: "HEALTHPREM", ODFI: "23138010"}
	if err := w.Batch(batch); err != nil {
		return err
	}
	for i := range entries {
		e := Entry{
			TransactionCode: 22, RDFI: "121042882", Account: secret.New("71300455"), Amount: money.Cents(i + 1),
			IndividualID: "472819036580", IndividualName: "PAT RIVERA", Trace: fmt.Sprintf("23138010%07d", i+1),
		}
		if err := w.Entry(e); err != nil {
			return err
		}
	}
	return w.Close()
}
