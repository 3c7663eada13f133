package pacs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
)

const zooDir = "../../../testdata/zoo/pacs"

// What the reader makes of each file: the verdict, its transactions and their sum
// in minor units, and where the first problem is.
var zoo = map[string]string{
	"advice-in-envelope.xml":       "accept 1 52500",
	"advice.xml":                   "accept 1 52500",
	"amount-missing.xml":           "refuse 1 0, line 13 TxInf IntrBkSttlmAmt",
	"amount-of-three-decimals.xml": "refuse 1 0, line 18 CdtTrfTxInf IntrBkSttlmAmt",
	"bad-control-sum.xml":          "flag 1 52500, line 8 GrpHdr CtrlSum",
	"bad-count.xml":                "flag 1 52500, line 7 GrpHdr NbOfTxs",
	"bad-date.xml":                 "refuse 1 52500, line 10 GrpHdr IntrBkSttlmDt",
	"bad-total.xml":                "flag 1 52500, line 9 GrpHdr TtlIntrBkSttlmAmt",
	"date-missing.xml":             "refuse 1 52500, line 13 CdtTrfTxInf IntrBkSttlmDt",
	"date-of-the-transfer.xml":     "accept 1 52500",
	"empty.xml":                    "refuse 0 0, line 1",
	"entity-bomb.xml":              "refuse 0 0, line 2",
	"intermediary-fees.xml":        "accept 1 51000",
	"no-reference-provided.xml":    "accept 1 52500",
	"no-transaction.xml":           "refuse 0 0, line 2 FIToFICstmrCdtTrf",
	"number-in-end-to-end-id.xml":  "accept 1 52500",
	"number-in-text.xml":           "accept 1 52500",
	"return-request.xml":           "accept 1 52500",
	"return.xml":                   "accept 1 7500",
	"truncated.xml":                "refuse 0 0, line 22",
	"two-currencies.xml":           "flag 2 53500, line 33 CdtTrfTxInf IntrBkSttlmAmt",
	"two-messages.xml":             "refuse 2 105000, line 31 Document",
	"two-numbers.xml":              "accept 1 52500",
	"two-transfers.xml":            "accept 2 53500",
}

// The sample states a total of twice its one transaction.
var samples = map[string]string{
	"pacs.008.001.07.xml": "flag 1 500000, line 31 GrpHdr CtrlSum",
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
	folder(t, filepath.Join(shared, "iso20022-pacs"), samples)
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
	text := fmt.Sprintf("%s %v %v", fault.Judge(problems), facts["transactions"], facts["amount_minor"])
	if len(problems) > 0 {
		p := problems[0]
		text += strings.TrimRight(fmt.Sprintf(", line %d %s %s", p.Line, p.Record, p.Field), " ")
	}
	return text
}

func TestScan_ReadsAnAdviceWhole(t *testing.T) {
	for _, name := range []string{"advice.xml", "advice-in-envelope.xml", "date-of-the-transfer.xml"} {
		var got Transfer
		_, problems, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, name))), func(x Transfer) error {
			got = x
			return nil
		})
		if err != nil || len(problems) > 0 {
			t.Fatalf("%s: %v %v", name, problems, err)
		}
		if got.IMAD != "20261123B1QDRCQR000117" || got.UETR != "8a562c67-ca16-48ba-b074-65581be6f001" || got.EndToEndID != "NOV PREMIUM" ||
			got.AmountMinor != 525_00 || got.Currency != "USD" || got.SettledOn != calendar.MustParse("2026-11-23") ||
			got.Debtor.Name != "Pat Rivera" || got.Debtor.Account.Reveal() != "004417720093" || got.Debtor.Bank != "121042882" ||
			got.Creditor.Account.Reveal() != "7913468250" || len(got.Structured) != 1 || got.Structured[0] != "472819036580" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// What came and what was sent differ by the charges of banks in between.
func TestScan_TellsWhatCameFromWhatWasSent(t *testing.T) {
	_, _, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, "intermediary-fees.xml"))), func(x Transfer) error {
		if x.AmountMinor != 510_00 || x.InstructedMinor != 525_00 || x.InstructedIn != "USD" {
			t.Errorf("got %+v", x)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestScan_GivesNoTransferOfReturns(t *testing.T) {
	for _, name := range []string{"return.xml", "return-request.xml"} {
		if _, _, err := Scan(bytes.NewReader(read(t, filepath.Join(zooDir, name))), func(Transfer) error {
			t.Errorf("%s: a return is given as a payment that came", name)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := string(read(t, filepath.Join(zooDir, "advice.xml")))
	for _, tc := range []struct{ name, from, to, want string }{
		{"as it is", "", "", ""},
		{"an element left out", "      <MsgId>20261123B1QDRCQR000117</MsgId>\n", "", "MsgId: the element is missing"},
		{"the wrong order", "<ChrgBr>SLEV</ChrgBr>\n      <Dbtr><Nm>Pat Rivera</Nm></Dbtr>",
			"<Dbtr><Nm>Pat Rivera</Nm></Dbtr>\n      <ChrgBr>SLEV</ChrgBr>", "ChrgBr: the element is missing"},
		{"an element of no use here", "<ChrgBr>", "<XchgRate>1</XchgRate><ChrgBr>", "XchgRate: the element does not belong here"},
		{"twice", "<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>SLEV</ChrgBr><ChrgBr>SLEV</ChrgBr>", "ChrgBr: the element stands there too often"},
		{"too wide", "NOV PREMIUM", strings.Repeat("N", 36), "EndToEndId: the value has not 1 to 35 characters"},
		{"an unknown code", "<ChrgBr>SLEV", "<ChrgBr>SLOW", "ChrgBr: the value is none of"},
		{"no UETR", "8a562c67-ca16-48ba", "8a562c67-ca16-18ba", "UETR: the value is not a UETR"},
		{"a routing number with a slip", "121042882", "121042883", "MmbId: the value is not a routing number"},
		{"an amount of three decimals", "525.00</IntrBkSttlmAmt>", "525.000</IntrBkSttlmAmt>", "IntrBkSttlmAmt: the value is no amount"},
		{"both of a choice", "<Id><Othr><Id>7913468250</Id></Othr></Id>",
			"<Id><Othr><Id>7913468250</Id></Othr><IBAN>NL56AGDH9619008421</IBAN></Id>", "IBAN: the element stands there too often"},
		{"none of a choice", "<Othr><Id>7913468250</Id></Othr>", "", "Id: one of the elements in it must be there"},
		{"a sum that differs", "<CtrlSum>525.00", "<CtrlSum>525.01", "CtrlSum: the sum of the transactions differs"},
		{"another message", "pacs.008.001.08", "pacs.008.001.09", "the message is not a pacs.008.001.08"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			content := strings.Replace(good, tc.from, tc.to, 1)
			problems, err := Check(func() io.Reader { return strings.NewReader(content) })
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(problems) > 0 {
				got = problems[0].String()
			}
			if tc.want == "" && got != "" || !strings.Contains(strings.ReplaceAll(got, ", :", ":"), tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(zooDir, "*.xml"))
	for _, path := range paths {
		f.Add(read(f, path))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var total int64
		sum, problems, err := Scan(bytes.NewReader(content), func(x Transfer) error {
			total += x.AmountMinor
			if x.AmountMinor < 0 || x.Currency == "" || x.SettledOn.IsZero() || x.Line == 0 {
				t.Errorf("a transfer is not whole: %+v", x)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("reading from memory failed: %v", err)
		}
		if fault.Judge(problems) == fault.Accept && (sum.Transactions == 0 || sum.Kind() == CreditTransfer && total != sum.AmountMinor) {
			t.Errorf("accepted %+v with transfers of %d", sum, total)
		}
		if _, err := Check(func() io.Reader { return bytes.NewReader(content) }); err != nil {
			t.Fatal(err)
		}
	})
}
