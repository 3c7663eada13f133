package positivepay_test

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/positivepay"
)

var (
	day     = calendar.MustParse("2026-11-23")
	records = []positivepay.Record{
		{Routing: "102000021", Account: "555010001", Check: 100001, Amount: 1_234_56, Dated: day, Payee: "María-José O'Brien, Jr."},
		{Routing: "102000021", Account: "555010001", Check: 100002, Amount: 5, Dated: day, Payee: strings.Repeat("Long Name ", 9)},
		{Routing: "102000021", Account: "555010001", Check: 99998, Amount: 40_00, Dated: day.AddDays(-200), Payee: "Łukasz", Void: true},
	}
)

func write(t testing.TB, style positivepay.Style, records []positivepay.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := positivepay.Write(&out, style, day, records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func scan(data []byte) (all []positivepay.Record, totals positivepay.Totals, err error) {
	totals, err = positivepay.Scan(bytes.NewReader(data), func(r positivepay.Record) error {
		all = append(all, r)
		return nil
	})
	return all, totals, err
}

func TestWrite_IsTheGoldenFileAndReadsBack(t *testing.T) {
	for _, style := range positivepay.Styles() {
		got := write(t, style, records)
		golden := "testdata/issue." + string(style)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not %s (%v):\n%s", style, golden, err, got)
		}
		all, totals, err := scan(got)
		if err != nil || totals != (positivepay.Totals{Issued: 2, IssuedCents: 1_234_61, Void: 1, VoidCents: 40_00}) {
			t.Fatalf("%s: %+v, %v", style, totals, err)
		}
		for i, r := range records {
			if r.Payee = positivepay.Name(r.Payee); !reflect.DeepEqual(all[i], r) {
				t.Errorf("%s: read back %+v, want %+v", style, all[i], r)
			}
		}
	}
}

func TestName_IsWhatABankCompares(t *testing.T) {
	for name, want := range map[string]string{
		"María-José O'Brien, Jr.": "MARIA-JOSE O'BRIEN, JR.", "  two   blanks ": "TWO BLANKS", "Łukasz O’Brien ß": "LUKASZ O'BRIEN SS", "a\tb\n\"c\"": "A B C",
		strings.Repeat("x", 60): strings.Repeat("X", 50),
	} {
		if got := positivepay.Name(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestWrite_RefusesWhatDoesNotFit(t *testing.T) {
	for name, change := range map[string]func(r *positivepay.Record){
		"a short routing number":  func(r *positivepay.Record) { r.Routing = "1" },
		"an account with letters": func(r *positivepay.Record) { r.Account = "12A" },
		"no amount":               func(r *positivepay.Record) { r.Amount = 0 },
		"too much":                func(r *positivepay.Record) { r.Amount = money.Cents(1_000_000_000_000) },
		"no number":               func(r *positivepay.Record) { r.Check = 0 },
		"no date":                 func(r *positivepay.Record) { r.Dated = calendar.Date{} },
	} {
		r := records[0]
		change(&r)
		if _, err := positivepay.Write(&bytes.Buffer{}, positivepay.Fixed, day, []positivepay.Record{r}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestScan_RefusesWhatDoesNotHoldTogether(t *testing.T) {
	csv, fixed := string(write(t, positivepay.CSV, records)), string(write(t, positivepay.Fixed, records))
	lines := strings.SplitAfter(fixed, "\r\n")
	for name, text := range map[string]string{
		"nothing":                      "",
		"another header":               strings.Replace(csv, "routing", "bank", 1),
		"an amount that was changed":   strings.Replace(csv, "0.05", "0.06", 1),
		"a row taken out":              strings.Replace(csv, csv[strings.Index(csv, "check,102000021,555010001,100002"):strings.Index(csv, "check,102000021,555010001,99998")], "", 1),
		"no totals":                    csv[:strings.Index(csv, "total")],
		"an unknown action":            strings.Replace(csv, ",I,", ",X,", 1),
		"a line taken out":             strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), ""),
		"a line after the totals":      fixed + lines[1],
		"a short line":                 strings.Replace(fixed, lines[1], lines[1][1:], 1),
		"a header twice":               lines[0] + fixed,
		"an amount changed, in widths": strings.Replace(fixed, "000000000005", "000000000006", 1),
	} {
		if _, _, err := scan([]byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, style := range positivepay.Styles() {
		f.Add(write(f, style, records))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, totals, err := scan(data)
		if err != nil {
			return
		}
		for _, style := range positivepay.Styles() {
			again, sums, err := scan(write(t, style, all))
			if err != nil || sums != totals || len(again) != len(all) {
				t.Fatalf("what was read does not write and read back: %v %+v", err, sums)
			}
		}
	})
}
