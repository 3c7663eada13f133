package openitem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

const zoo = "../../../testdata/zoo/open-items/"

func readFile(t *testing.T, name string) ([]Row, []fault.Problem) {
	t.Helper()
	f, err := os.Open(zoo + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []Row
	problems, err := ReadCSV(f, func(r Row) error { rows = append(rows, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rows, problems
}

func TestReadCSV_GoodFile(t *testing.T) {
	rows, problems := readFile(t, "good.csv")
	if len(problems) > 0 || len(rows) != 3 {
		t.Fatalf("got %d rows and %v, want 3 and none", len(rows), problems)
	}
	number := billpay.Number(314159265352)
	if r := rows[0]; r.Number != number || r.Fund != chart.Premium || r.Item.Amount != 41250 || r.Item.Privacy != Ordinary || r.Line != 2 {
		t.Errorf("first row: got %+v", r)
	}
	if r := rows[1]; r.Alias.Handle() != "OLD77" || r.Alias.Source() != "oldbill" || r.Item.Amount != 104000 || r.Item.Text != "=Visit" {
		t.Errorf("second row: got %+v", r)
	}
	if r := rows[2]; r.Debtor != number || !r.Item.Fee || r.Item.Privacy != Sensitive || r.Item.DebtorOn.String() != "2026-11-01" {
		t.Errorf("third row: got %+v", r)
	}
}

func TestReadCSV_RefusesWithLineAndColumn(t *testing.T) {
	for _, c := range []struct {
		file, field, says string
		line              int
	}{
		{"number_with_swapped_digits.csv", "number", "check digit", 2},
		{"care_without_privacy.csv", "privacy", "privacy class", 2},
		{"half_cents_and_american_date.csv", "amount", "10.005", 2},
		{"amount_of_zero.csv", "amount", "above zero", 2},
		{"unknown_column.csv", "fnud", `"fund" is meant`, 1},
		{"named_two_ways.csv", "number", "2 ways", 2},
		{"quote_not_closed.csv", "", "quot", 2},
		{"empty.csv", "", "empty", 1},
	} {
		t.Run(c.file, func(t *testing.T) {
			rows, problems := readFile(t, c.file)
			if len(rows) > 0 || len(problems) == 0 {
				t.Fatalf("got %d rows and %v, want a problem", len(rows), problems)
			}
			if p := problems[0]; p.Line != c.line || p.Field != c.field || !strings.Contains(p.Message, c.says) {
				t.Errorf("got %v, want line %d, field %q, saying %q", p, c.line, c.field, c.says)
			}
			for _, p := range problems {
				if strings.Contains(p.Message, "314159265") {
					t.Errorf("the message repeats a number: %v", p)
				}
			}
		})
	}
}

func TestReadCSV_RefusesAHeader(t *testing.T) {
	for text, want := range map[string]string{
		"fund,amount,due_on\n":               "line 1, record header, number: one of the columns number, alias and opaque_id must say whom an item is about",
		"number,fund,amount\n":               "line 1, record header, due_on: the column is missing",
		"number;fund;amount;due_on\n":        "line 1, record header: the columns must be separated by commas; here they are separated by semicolons",
		"\xff\xfen\x00u\x00m\x00b\x00e\x00r": "line 1, record header: the text is UTF-16; save the file as UTF-8",
	} {
		problems, err := ReadCSV(strings.NewReader(text), func(Row) error { return nil })
		if err != nil || len(problems) != 1 || problems[0].String() != want {
			t.Errorf("%q: got %v, %v\nwant %s", text, problems, err, want)
		}
	}
}

func TestReadCSV_BoundsEveryCell(t *testing.T) {
	text := "number,fund,amount,due_on,privacy\n3141 5926 5352,premium,1.00,2026-12-01," + strings.Repeat("x", 201) + "\n"
	problems, err := ReadCSV(strings.NewReader(text), func(Row) error { return nil })
	want := "line 2, record row 1, privacy: the value has 201 bytes; at most 200 are taken"
	if err != nil || len(problems) != 1 || problems[0].String() != want {
		t.Errorf("got %v, %v\nwant %s", problems, err, want)
	}
}

// Privacy is stored by names of its own; each must mean the class of the rules.
func TestPrivacy_MeansItsClass(t *testing.T) {
	for privacy, want := range map[Privacy]member.Class{
		"": member.Ordinary, Ordinary: member.Ordinary, MinorConsent: member.MinorConsent, Sensitive: member.Sensitive,
		Confidential: member.ConfidentialCommunication, "of tomorrow": member.ConfidentialCommunication,
	} {
		if got := privacy.Class(); got != want {
			t.Errorf("%q: got %v, want %v", privacy, got, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	files, err := filepath.Glob(zoo + "*.csv")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		problems, err := ReadCSV(strings.NewReader(text), func(r Row) error {
			if r.Item.Amount <= 0 || r.Item.DueOn.IsZero() || r.Line < 2 {
				t.Errorf("a row that cannot be billed: %+v", r)
			}
			return nil
		})
		if err != nil || len(problems) > fault.ProblemsMax {
			t.Errorf("got %d problems and %v", len(problems), err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without a place or message: %+v", p)
			}
		}
	})
}
