package exchange

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

var update = flag.Bool("update", false, "write what is got as what is wanted")

const zoo = "../../../testdata/zoo"

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s, line %d:\n got %s\nwant %s", path, i+1, g, w)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func inspectBytes(name string, data []byte) []Inspection {
	return Inspect(name, bytes.NewReader(data), int64(len(data)))
}

// inspectOne is for files that are no archives.
func inspectOne(t testing.TB, name string, data []byte) Inspection {
	t.Helper()
	inspections := inspectBytes(name, data)
	if len(inspections) != 1 {
		t.Fatalf("%s: got %d inspections, want 1", name, len(inspections))
	}
	return inspections[0]
}

func filesUnder(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestInspect_EveryFileOfTheZoo(t *testing.T) {
	var got bytes.Buffer
	for _, path := range filesUnder(t, zoo) {
		in := inspectOne(t, path, read(t, path))
		relative, err := filepath.Rel(zoo, path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s: %s as %s\n", filepath.ToSlash(relative), in.Verdict, in.Format)
		checkConsistent(t, path, in)
	}
	golden(t, "zoo.golden", got.Bytes())
}

func checkConsistent(t testing.TB, name string, in Inspection) {
	t.Helper()
	if in.Verdict != fault.Judge(in.Problems) {
		t.Errorf("%s: verdict %s for problems %v", name, in.Verdict, in.Problems)
	}
	if in.Problems == nil || in.Facts == nil {
		t.Errorf("%s: problems or facts would be null", name)
	}
	if len(in.Problems) > fault.ProblemsMax+1 {
		t.Errorf("%s: %d problems", name, len(in.Problems))
	}
	for _, p := range in.Problems {
		if p.Message == "" || p.Line < 0 {
			t.Errorf("%s: problem %+v does not say what or where", name, p)
		}
	}
}

func TestInspect_JSON(t *testing.T) {
	for name, path := range map[string]string{
		"good Nacha":          "nacha/cie-bill-pay.ach",
		"Nacha wrong total":   "nacha/bad-file-credit-total.ach",
		"good lockbox":        "lockbox/several-batches.bai",
		"lockbox bad letters": "lockbox/letters-in-amount.bai",
		"good BAI2":           "bai2/prior-day.bai2",
		"good statement":      "camt/statement.xml",
		"good advice":         "pacs/advice.xml",
		"good Fedwire":        "fedwire/customer-transfer.txt",
		"good 834":            "x12/834_full_audit_two_households.txt",
		"good 820":            "x12/820_group_payment_balances.txt",
		"834 wrong count":     "x12/bad_834_wrong_segment_count.txt",
		"good roster":         "roster/good.csv",
		"roster short row":    "roster/row_too_short.csv",
		"good policies":       "policies/good.csv",
		"policies bad dates":  "policies/bad_dates.csv",
		"good rates":          "rates/good.csv",
		"rates with a gap":    "rates/gap_of_ages.csv",
		"empty":               "nacha/empty.ach",
	} {
		t.Run(name, func(t *testing.T) {
			in := inspectOne(t, path, read(t, filepath.Join(zoo, path)))
			got, err := json.MarshalIndent(in, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.ReplaceAll(name, " ", "-")+".json", append(got, '\n'))
		})
	}
}

// The public samples are read where they are at hand: see their PROVENANCE.md for
// why some are refused.
func TestInspect_PublicSamples(t *testing.T) {
	dir := os.Getenv("BILLFOLD_SAMPLES")
	if dir == "" {
		dir = "../../../../shared/samples"
	}
	for _, sample := range []struct {
		path, format string
		verdict      fault.Verdict
	}{
		{"nacha/ppd-mixedDebitCredit.ach", "nacha", fault.Accept},
		{"nacha/ctx-debit.ach", "nacha", fault.Accept},
		{"nacha/two-micro-deposits.ach", "nacha", fault.Accept},
		{"nacha/flattenBatchesMultipleBatchHeaders.ach", "nacha", fault.Accept},
		{"nacha/ppd-debit-invalid-entryDetail-checkDigit.ach", "nacha", fault.Refuse},
		{"nacha-returns-noc/return-WEB.ach", "nacha", fault.Accept},
		{"nacha-returns-noc/cor-read.ach", "nacha", fault.Accept},
		{"nacha-returns-noc/dishonored-return.ach", "nacha", fault.Accept},
		{"bai-lockbox/test_lockbox.bai", "lockbox", fault.Accept},
		{"bai2/sample1.txt", "bai2", fault.Accept},
		{"bai2/sample4-continuations-newline-delimited.txt", "bai2", fault.Flag},
		{"bai2/sample-parseError.txt", "bai2", fault.Refuse},
		{"bai2/citi_example.bai2", "bai2", fault.Accept},
		{"x12-834/sample_834_02.txt", "x12", fault.Accept},
		{"x12-834/sample_834_06.txt", "x12", fault.Accept},
		{"x12-834/834_deident_family.txt", "x12", fault.Accept},
		{"x12-834/834_deident_term.txt", "x12", fault.Accept},
		{"x12-820/sample_820_01.txt", "x12", fault.Accept},
		{"x12-820/sample_820_04.txt", "x12", fault.Accept},
		{"x12-820/sample.txt", "x12", fault.Refuse},
		{"x12-835/emedny_sample.txt", "x12", fault.Accept},
		{"x12-835/united_healthcare_legacy_sample.txt", "x12", fault.Accept},
		{"x12-835/blue_cross_nc_sample.txt", "x12", fault.Refuse},
		{"x12-837/sample_837_0.txt", "x12", fault.Accept},
		{"x12-837/sample_837_1.txt", "x12", fault.Accept},
		{"x12-837/837.edi", "x12", fault.Accept},
		{"x12-999/x12_999_rejected.txt", "x12", fault.Accept},
		{"x12-999/834_lui_id_5010.999.txt", "x12", fault.Accept},
		{"iso20022-camt/camt053.v8.xml", "camt", fault.Flag},
		{"iso20022-camt/camt053.v2.multi.statement.xml", "camt", fault.Accept},
		{"iso20022-camt/camt053.v2.wrong.xml", "camt", fault.Refuse},
		{"iso20022-camt/camt054.v8.xml", "camt", fault.Accept},
		{"iso20022-pacs/pacs.008.001.07.xml", "pacs", fault.Flag},
		{"fedwire/fedWireMessage-CustomerTransfer.txt", "fedwire", fault.Accept},
		{"fedwire/fedWireMessage-CustomerTransferPlus.txt", "fedwire", fault.Accept},
		{"fedwire/fedWireMessage-InvalidTag.txt", "fedwire", fault.Refuse},
		{"fhir-r4/Coverage-9876B1.json", "unknown", fault.Refuse},
	} {
		data, err := os.ReadFile(filepath.Join(dir, sample.path))
		if os.IsNotExist(err) {
			continue
		}
		t.Run(sample.path, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			in := inspectOne(t, sample.path, data)
			if in.Format != sample.format || in.Verdict != sample.verdict {
				t.Errorf("got %s as %s, want %s as %s; problems: %v", in.Verdict, in.Format, sample.verdict, sample.format, in.Problems)
			}
		})
	}
}

func TestInspect_SaysWhyAFileIsNotRead(t *testing.T) {
	ach := read(t, filepath.Join(zoo, "nacha/cie-bill-pay.ach"))
	roster := read(t, filepath.Join(zoo, "roster/good.csv"))
	for _, tc := range []struct {
		name   string
		data   []byte
		format string
		says   string
	}{
		{"empty", nil, "unknown", "the file is empty"},
		{"blank", []byte(" \r\n\n"), "unknown", "nothing but blanks"},
		{"UTF-16 with mark", utf16(append([]byte("\xff\xfe"), roster...)), "unknown", "UTF-16"},
		{"UTF-16 without mark", utf16(roster), "unknown", "UTF-16"},
		{"byte order mark before Nacha", append([]byte("\uFEFF"), ach...), "unknown", "byte order mark, and a nacha file"},
		{"empty line before Nacha", append([]byte("\n"), ach...), "unknown", "empty lines, and a nacha file"},
		{"NUL bytes", []byte("abc\x00\x00def and so on"), "unknown", "byte 4 is NUL"},
		{"NUL byte in a Nacha file", bytes.Replace(ach, []byte("622"), []byte("6\x002"), 1), "nacha", "column 2 is not a printable ASCII"},
		{"binary garbage", []byte("\x7fELF\x02\x01\x01\x03 and so on"), "unknown", "control character"},
		{"Latin-1 text", []byte("Beitr\xe4ge und Zahlungen der Mitglieder"), "unknown", "not UTF-8"},
		{"EBCDIC Nacha", []byte("\xf1\xf0\xf1\x40\xf0\xf9\xf1"), "unknown", "EBCDIC"},
		{"XML", []byte("<?xml version=\"1.0\"?><Document/>"), "unknown", "XML or a web page"},
		{"PDF", []byte("%PDF-1.7\n"), "unknown", "PDF"},
		{"PGP", []byte("-----BEGIN PGP MESSAGE-----\n"), "unknown", "decrypt it first"},
		{"prose", []byte("Dear plan, please find my payment"), "unknown", "no format that is read"},
		{"semicolons", bytes.ReplaceAll(roster, []byte(","), []byte(";")), "roster-csv", "separated by commas"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := inspectOne(t, tc.name, tc.data)
			if in.Format != tc.format || in.Verdict != fault.Refuse {
				t.Fatalf("got %s as %s, want refuse as %s", in.Verdict, in.Format, tc.format)
			}
			if len(in.Problems) == 0 || !strings.Contains(in.Problems[0].Message, tc.says) {
				t.Errorf("got %v, want a problem saying %q", in.Problems, tc.says)
			}
		})
	}
}

func utf16(text []byte) []byte {
	var wide []byte
	for i, c := range text {
		wide = append(wide, c)
		if i >= 2 || c < 0x80 {
			wide = append(wide, 0)
		}
	}
	return wide
}

func TestRecognise_CSVByItsOwnColumns(t *testing.T) {
	for header, want := range map[string]string{
		"source,subscriber_id,relationship,last_name,birth_date,alias,alias_source": "roster-csv",
		"alias,alias_source,fund,amount,due_on":                                     "open-items-csv",
		"\uFEFF\"Number\",Fund,Amount,Due_On\r":                                     "open-items-csv",
		"date,amount,balance,text":                                                  "unknown",
		"name,amount":                                                               "unknown",
	} {
		if got := recognise([]byte(header + "\n")).Name(); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	var got bytes.Buffer
	for _, path := range []string{
		"nacha/cie-bill-pay.ach", "nacha/bad-file-credit-total.ach", "lockbox/letters-in-amount.bai",
		"x12/834_full_audit_two_households.txt", "roster/row_too_short.csv", "bai2/empty.bai2",
	} {
		if err := Write(&got, inspectOne(t, path, read(t, filepath.Join(zoo, path)))); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "write.golden", got.Bytes())
}

func TestWrite_TerminalCodesDoNotPass(t *testing.T) {
	var got bytes.Buffer
	in := Inspection{File: "a\x1b[2J", Format: "x12", Verdict: fault.Refuse, Problems: []fault.Problem{{Message: "\x1b]0;x\a"}}}
	if err := Write(&got, in); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(got.String(), "\x1b\a") {
		t.Errorf("got %q", got.String())
	}
}

func FuzzInspect(f *testing.F) {
	for _, path := range filesUnder(f, zoo) {
		f.Add(read(f, path))
	}
	f.Add(zipped(f, entry{"a.ach", read(f, filepath.Join(zoo, "nacha/cie-bill-pay.ach"))}))
	f.Add(gzipped(f, "", read(f, filepath.Join(zoo, "roster/good.csv"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		inspections := inspectBytes("fuzz", data)
		if len(inspections) == 0 {
			t.Error("no inspection")
		}
		for _, in := range inspections {
			checkConsistent(t, in.Entry, in)
			if _, err := json.Marshal(in); err != nil {
				t.Error(err)
			}
			if err := Write(&bytes.Buffer{}, in); err != nil {
				t.Error(err)
			}
		}
	})
}
