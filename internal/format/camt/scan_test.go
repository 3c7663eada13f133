package camt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
)

const zooDir = "../../../testdata/zoo/camt"

// What the reader makes of each file: the verdict, its statements, entries and
// reversals, and where the first problem is.
var zoo = map[string]string{
	"account-missing.xml":            "refuse 1 3 0, line 8 Stmt Acct",
	"amount-missing.xml":             "refuse 1 3 0, line 52 Ntry Amt",
	"amount-of-nineteen-digits.xml":  "refuse 1 3 0, line 53 Ntry Amt",
	"amount-of-three-decimals.xml":   "refuse 1 3 0, line 53 Ntry Amt",
	"amount-with-comma.xml":          "refuse 1 3 0, line 53 Ntry Amt",
	"amount-with-sign.xml":           "refuse 1 3 0, line 53 Ntry Amt",
	"amount-without-currency.xml":    "refuse 1 3 0, line 53 Ntry Amt",
	"amounts-beyond-counting.xml":    "refuse 1 5 0, line 52 Ntry Amt",
	"another-message.xml":            "refuse 0 0 0, line 2 Document",
	"bad-booking-date.xml":           "refuse 1 3 0, line 29 Ntry BookgDt",
	"bad-reversal-indicator.xml":     "refuse 1 1 0, line 25 Ntry RvslInd",
	"bad-total-count.xml":            "flag 1 3 0, line 26 TtlNtries NbOfNtries",
	"bad-total-sum.xml":              "flag 1 3 0, line 27 TtlCdtNtries Sum",
	"balances-in-two-currencies.xml": "flag 1 0 0, line 19 Bal CLBD",
	"batch-of-details.xml":           "accept 1 1 0",
	"business-header.xml":            "accept 1 3 0",
	"byte-order-mark.xml":            "accept 1 3 0",
	"closing-balance-missing.xml":    "flag 1 3 0, line 8 Bal CLBD",
	"control-character.xml":          "refuse 1 3 0, line 43 Pty Nm",
	"deep.xml":                       "refuse 0 0 0, line 43",
	"direction-missing.xml":          "refuse 1 1 0, line 25 Ntry CdtDbtInd",
	"does-not-balance.xml":           "flag 1 3 0, line 19 Bal CLBD",
	"empty.xml":                      "refuse 0 0 0, line 1",
	"entity-bomb.xml":                "refuse 0 0 0, line 2",
	"entry-in-another-currency.xml":  "flag 1 1 0, line 25 Ntry Amt",
	"external-entity.xml":            "refuse 0 0 0, line 2",
	"intraday-report.xml":            "accept 1 2 0",
	"latin-1.xml":                    "refuse 0 0 0, line 1",
	"long-tag.xml":                   "refuse 0 0 0, line 31",
	"long-value.xml":                 "refuse 0 0 0, line 43",
	"no-document.xml":                "refuse 0 0 0, line 3",
	"no-entries.xml":                 "accept 1 0 0",
	"no-statement.xml":               "refuse 0 0 0, line 2 BkToCstmrStmt",
	"not-utf-8.xml":                  "refuse 0 0 0, line 43",
	"notification.xml":               "accept 1 1 0",
	"one-line.xml":                   "accept 1 3 0",
	"overdrawn.xml":                  "accept 1 1 0",
	"pending-and-booked.xml":         "accept 1 3 0",
	"prefixed-namespace.xml":         "accept 1 3 0",
	"previous-closing-balance.xml":   "accept 1 1 0",
	"returned-payment.xml":           "accept 1 1 0",
	"reversal.xml":                   "accept 1 2 1",
	"statement-crlf.xml":             "accept 1 3 0",
	"statement-of-version-2.xml":     "accept 1 3 0",
	"statement.xml":                  "accept 1 3 0",
	"supplementary-data.xml":         "accept 1 3 0",
	"tags-crossed.xml":               "refuse 0 0 0, line 15",
	"text-after-document.xml":        "refuse 1 3 0, line 72",
	"text-between-elements.xml":      "refuse 0 0 0, line 30",
	"totals.xml":                     "accept 1 3 0",
	"truncated.xml":                  "refuse 0 0 0, line 39",
	"two-messages.xml":               "refuse 2 4 0, line 74 Document",
	"two-pages.xml":                  "accept 2 2 0",
	"unknown-entity.xml":             "refuse 0 0 0, line 43",
	"unknown-status.xml":             "refuse 1 3 0, line 25 Ntry Sts",
	"utf-16.xml":                     "refuse 0 0 0, line 1",
	"yen-and-dinars.xml":             "accept 2 2 0",
}

// The closing balance of the .v8 statement is in another currency than the opening one;
// see the samples' notes.
var samples = map[string]string{
	"camt053.v2.multi.statement.xml": "accept 2 2 0",
	"camt053.v2.wrong.xml":           "refuse 0 0 0, line 2 BkToCstmrStmt",
	"camt053.v8.xml":                 "flag 1 1 0, line 74 Bal CLBD",
	"camt054.v8.xml":                 "accept 1 1 0",
}

func TestInspect_Zoo(t *testing.T) { folder(t, zooDir, zoo) }

func TestInspect_Samples(t *testing.T) {
	shared := os.Getenv("BILLFOLD_SAMPLES")
	if shared == "" {
		shared = "../../../../shared/samples"
	}
	if _, err := os.Stat(shared); err != nil {
		t.Skip("the shared sample files are not at hand")
	}
	folder(t, filepath.Join(shared, "iso20022-camt"), samples)
}

func folder(t *testing.T, dir string, want map[string]string) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(paths) != len(want) {
		t.Errorf("%s has %d files, want %d (%v)", dir, len(paths), len(want), err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if got := outcome(read(t, path)); got != want[name] {
			t.Errorf("%s: got %q, want %q", name, got, want[name])
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func outcome(content []byte) string {
	facts, problems := Inspect(bytes.NewReader(content))
	text := fmt.Sprintf("%s %v %v %v", fault.Judge(problems), facts["documents"], facts["entries"], facts["reversals"])
	if len(problems) > 0 {
		p := problems[0]
		text += strings.TrimRight(fmt.Sprintf(", line %d %s %s", p.Line, p.Record, p.Field), " ")
	}
	return text
}

func TestScan_ReadsAWireWhole(t *testing.T) {
	for _, name := range []string{"statement.xml", "one-line.xml", "prefixed-namespace.xml", "business-header.xml", "notification.xml"} {
		var first Entry
		sum, problems, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, name))), func(e Entry) error {
			if first.Details == nil {
				first = e
			}
			return nil
		})
		if err != nil || len(problems) > 0 {
			t.Fatalf("%s: %v %v", name, problems, err)
		}
		day := calendar.MustParse("2026-11-23")
		if first.AmountMinor != 525_00 || first.Currency != "USD" || !first.Credit || first.Reversal || first.Booked != day || first.Value != day ||
			first.BankReference != "FW20261123000117" || first.Code != (Code{"PMNT", "RCDT", "ESCT", ""}) {
			t.Errorf("%s: got the entry %+v", name, first)
		}
		d := first.Details[0]
		if d.EndToEndID != "NOV PREMIUM" || d.UETR != "8a562c67-ca16-48ba-b074-65581be6f001" || d.ClearingRef != "20261123B1QDRCQR000117" ||
			d.AmountMinor != 525_00 || d.Debtor.Name != "Pat Rivera" || d.Debtor.Account.Reveal() != "004417720093" ||
			d.Debtor.Bank != "121042882" || len(d.Structured) != 1 || d.Structured[0] != "472819036580" {
			t.Errorf("%s: got the detail %+v", name, d)
		}
		a := sum.Accounts[0]
		if a.Number.Reveal() != "7913468250" || a.ID != "20261123-7913" || a.Sequence != "327" || a.Currency != "USD" {
			t.Errorf("%s: got the account %+v", name, a)
		}
	}
}

func TestScan_CountsWhatAStatementSays(t *testing.T) {
	sum, _, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, "statement.xml"))), func(Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	a := sum.Accounts[0]
	if a.Entries != 3 || a.CreditMinor != 775_00 || a.DebitMinor != 75_00 || a.Opening.AmountMinor != 1000_00 || a.Closing.AmountMinor != 1700_00 {
		t.Errorf("got %+v", a)
	}
}

// A pending entry is in no balance.
func TestScan_GivesBookedEntriesOnly(t *testing.T) {
	given := 0
	sum, problems, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, "pending-and-booked.xml"))), func(Entry) error {
		given++
		return nil
	})
	if err != nil || len(problems) > 0 || given != 1 || sum.Booked != 1 || sum.Entries != 3 {
		t.Errorf("gave %d entries, counted %+v (%v, %v)", given, sum, problems, err)
	}
}

func TestScan_ErrorsOfOthersAreTheirs(t *testing.T) {
	content := read(t, filepath.Join(zooDir, "statement.xml"))
	broken := errors.New("broken")
	if _, _, err := Scan(bytes.NewReader(content), func(Entry) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the taker's error", err)
	}
	torn := io.MultiReader(bytes.NewReader(content[:700]), iotest.ErrReader(broken))
	if _, _, err := Scan(torn, func(Entry) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

func TestScan_ProblemsRepeatNoValue(t *testing.T) {
	for name := range zoo {
		_, problems := Inspect(bytes.NewReader(read(t, filepath.Join(zooDir, name))))
		for _, p := range problems {
			for _, value := range []string{"Rivera", "7913468250", "472819036580", "004417720093"} {
				if strings.Contains(p.String(), value) {
					t.Errorf("%s: %q repeats a value of the file", name, p)
				}
			}
		}
	}
}

// Memory must not follow the size of the file.
func TestScan_LongFileInBoundedMemory(t *testing.T) {
	content := string(read(t, filepath.Join(zooDir, "statement.xml")))
	at := strings.Index(content, "      <Ntry>")
	end := strings.LastIndex(content, "</Ntry>") + len("</Ntry>\n")
	const times = 200
	long := io.MultiReader(strings.NewReader(content[:at]), &repeated{text: content[at:end], left: times}, strings.NewReader(content[end:]))
	sum, problems, err := Scan(long, func(Entry) error { return nil })
	if err != nil || sum.Booked != 3*times || len(problems) != 1 || !problems[0].Control {
		t.Errorf("counted %d entries, %v, %v", sum.Booked, problems, err)
	}
}

type repeated struct {
	text string
	left int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestCheck(t *testing.T) {
	for name, kind := range map[string]Kind{
		"statement.xml": Statement, "totals.xml": Statement, "two-pages.xml": Statement, "reversal.xml": Statement,
		"returned-payment.xml": Statement, "batch-of-details.xml": Statement, "notification.xml": Notification,
	} {
		content := read(t, filepath.Join(zooDir, name))
		problems, err := Check(kind, func() io.Reader { return bytes.NewReader(content) })
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, problems, err)
		}
	}
	for _, name := range []string{"statement-of-version-2.xml", "does-not-balance.xml", "bad-total-sum.xml", "amount-with-comma.xml", "direction-missing.xml"} {
		content := read(t, filepath.Join(zooDir, name))
		if problems, _ := Check(Statement, func() io.Reader { return bytes.NewReader(content) }); len(problems) == 0 {
			t.Errorf("%s passes", name)
		}
	}
}

func FuzzScan(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(zooDir, "*.xml"))
	for _, path := range paths {
		f.Add(read(f, path))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		given := 0
		sum, problems, err := Scan(bytes.NewReader(content), func(e Entry) error {
			given++
			if e.AmountMinor < 0 || e.Currency == "" || e.Line == 0 {
				t.Errorf("an entry is not whole: %+v", e)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("reading from memory failed: %v", err)
		}
		if len(problems) > fault.ProblemsMax || given != sum.Booked {
			t.Errorf("%d problems, %d entries given and %d counted", len(problems), given, sum.Booked)
		}
		if fault.Judge(problems) == fault.Accept && len(sum.Accounts) == 0 {
			t.Error("a file without a statement is accepted")
		}
	})
}
