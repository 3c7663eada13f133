package fedwire

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

const zooDir = "../../../testdata/zoo/fedwire"

// What the reader makes of each file: the verdict, its messages and their sum in
// cents, and where the first problem is.
var zoo = map[string]string{
	"amount-missing.txt":         "refuse 1 0, line 1 {2000}",
	"bad-business-function.txt":  "refuse 1 52500, line 7 {3600}",
	"bad-type.txt":               "refuse 1 52500, line 2 {1510}",
	"customer-transfer-crlf.txt": "accept 1 52500",
	"customer-transfer.txt":      "accept 1 52500",
	"empty.txt":                  "refuse 0 0, line 1",
	"letters-in-amount.txt":      "refuse 1 0, line 4 {2000}",
	"message-too-long.txt":       "refuse 1 52500, line 1",
	"not-ascii.txt":              "refuse 1 52500, line 10",
	"one-line.txt":               "accept 1 52500",
	"second-message-broken.txt":  "refuse 2 105000, line 18 {3600}",
	"tag-twice.txt":              "refuse 1 52500, line 5 {2000}",
	"text-before-first-tag.txt":  "refuse 1 52500, line 1",
	"two-messages.txt":           "accept 2 62500",
	"unknown-tag.txt":            "refuse 1 52500, line 9 {4321}",
	"with-receipt-tags.txt":      "accept 1 52500",
}

var samples = map[string]string{
	"fedWireMessage-CustomerTransfer.txt":     "accept 1 1234567",
	"fedWireMessage-CustomerTransferPlus.txt": "accept 1 1234567",
	"fedWireMessage-InvalidTag.txt":           "refuse 1 1234567, line 1 {1599}",
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
	folder(t, filepath.Join(shared, "fedwire"), samples)
}

func folder(t *testing.T, dir string, want map[string]string) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
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
	text := fmt.Sprintf("%s %v %v", fault.Judge(problems), facts["messages"], facts["amount_cents"])
	if len(problems) > 0 {
		p := problems[0]
		text += strings.TrimRight(fmt.Sprintf(", line %d %s", p.Line, p.Record), " ")
	}
	return text
}

func TestScan_TellsWhatAMessageIs(t *testing.T) {
	var got []Message
	_, problems, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, "two-messages.txt"))), func(m Message) error {
		got = append(got, m)
		return nil
	})
	want := Message{IMAD: "20250310B1QDRCQR000118", TypeCode: "1000", Function: "CTR", AmountCents: 100_00, Line: 12}
	if err != nil || len(problems) > 0 || len(got) != 2 || got[1] != want {
		t.Errorf("got %+v, %v, %v; want %+v second", got, problems, err, want)
	}
}

func TestScan_ProblemsRepeatNoValue(t *testing.T) {
	for name := range zoo {
		_, problems := Inspect(bytes.NewReader(read(t, filepath.Join(zooDir, name))))
		for _, p := range problems {
			for _, value := range []string{"RIVERA", "7913468250", "472819036580", "XYZ"} {
				if strings.Contains(p.String(), value) {
					t.Errorf("%s: %q repeats a value of the file", name, p)
				}
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(zooDir, "*.txt"))
	for _, path := range paths {
		f.Add(read(f, path))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var total int64
		sum, problems, err := Scan(bytes.NewReader(content), func(m Message) error {
			total += m.AmountCents
			return nil
		})
		if err != nil {
			t.Fatalf("reading from memory failed: %v", err)
		}
		if fault.Judge(problems) == fault.Accept && (sum.Messages == 0 || total != sum.AmountCents) {
			t.Errorf("accepted %+v with messages of %d", sum, total)
		}
	})
}
