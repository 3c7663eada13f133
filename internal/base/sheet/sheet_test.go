package sheet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/sheet"
)

type fruit string

type crate struct {
	State string
	Fruit fruit
	On    calendar.Date
	Month calendar.Month
	Price money.Cents
	Count int
	Ripe  bool
	Note  string
}

var crates = sheet.Table[crate]{
	Columns: []sheet.Column[crate]{
		sheet.Must(sheet.State("state", func(c *crate) *string { return &c.State })),
		sheet.OneOf("fruit", []fruit{"pear", "plum"}, func(c *crate) *fruit { return &c.Fruit }),
		sheet.Date("on", func(c *crate) *calendar.Date { return &c.On }),
		sheet.Month("month", func(c *crate) *calendar.Month { return &c.Month }),
		sheet.Cents("price", func(c *crate) *money.Cents { return &c.Price }),
		sheet.Whole("count", 1, 9, func(c *crate) *int { return &c.Count }),
		sheet.YesNo("ripe", func(c *crate) *bool { return &c.Ripe }),
		sheet.Text("note", func(c *crate) *string { return &c.Note }),
	},
	Check: func(_ int, c *crate, refuse sheet.Refuse) {
		if c.Ripe && c.Fruit == "" {
			refuse("fruit", "nothing can be ripe")
		}
	},
}

func TestRead_TakesEveryKindOfColumn(t *testing.T) {
	text := "\uFEFFState,\"Fruit\",on,month,price,count,ripe,note\r\nCO,pear,2028-02-29,2026-11,\"$1,040.50\",3,yes,'=SUM\r\n\r\nCA,,,,,,no,\r\n"
	var got []string
	problems, err := crates.Read(strings.NewReader(text), func(line int, c crate) error {
		got = append(got, fmt.Sprint(line, " ", c))
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := "2 {CO pear 2028-02-29 2026-11 1040.50 3 true =SUM}; 4 {CA    0.00 0 false }"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
}

func TestRead_RefusesWithLineRowAndColumn(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"empty":             {"", "line 1, record header: the file is empty; the first line names the columns"},
		"utf-16":            {"\xff\xfes\x00", "line 1, record header: the text is UTF-16; save the file as UTF-8"},
		"utf-16 big-endian": {"\xfe\xff\x00s", "line 1, record header: the text is UTF-16; save the file as UTF-8"},
		"semicolons":        {"state;fruit\n", "line 1, record header: the columns must be separated by commas; here they are separated by semicolons"},
		"tabs":              {"state\tfruit\n", "line 1, record header: the columns must be separated by commas; here they are separated by tabs"},
		"bars":              {"state|fruit\n", "line 1, record header: the columns must be separated by commas; here they are separated by vertical bars"},
		"near column":       {"state,friut\n", `line 1, record header, friut: the column "friut" is not known ("fruit" is meant?)`},
		"column twice":      {"state,state\n", "line 1, record header, state: the column is there twice"},
		"column missing":    {"fruit\n", "line 1, record header, state: the column is missing"},
		"value missing":     {"state,fruit\nCO,\n,pear\n", "line 3, record row 2, state: the value is missing"},
		"fields":            {"state\nCO,x\n", "line 2, record row 1: the row has 2 fields; the header names 1 columns"},
		"state":             {"state\nco\n", "line 2, record row 1, state: must be a USPS state code of two capital letters"},
		"word":              {"state,fruit\nCO,fig\n", `line 2, record row 1, fruit: "fig" is not known; write one of pear, plum`},
		"date":              {"state,on\nCO,2026-02-29\n", "line 2, record row 1, on: is not a date of the form 2026-11-23"},
		"month":             {"state,month\nCO,2026-13\n", "line 2, record row 1, month: is not a month of the form 2026-11"},
		"half cents":        {"state,price\nCO,1.005\n", `line 2, record row 1, price: "1.005" must have one or two digits after the point`},
		"below zero":        {"state,price\nCO,-1\n", `line 2, record row 1, price: "-1" is below zero`},
		"count":             {"state,count\nCO,10\n", `line 2, record row 1, count: "10" is no whole number from 1 to 9`},
		"yes":               {"state,ripe\nCO,Y\n", "line 2, record row 1, ripe: write yes or no"},
		"long":              {"state,note\nCO," + strings.Repeat("x", 201) + "\n", "line 2, record row 1, note: the value has 201 bytes; at most 200 are taken"},
		"does not print":    {"state,note\nCO,a\x00\n", "line 2, record row 1, note: the value has a line end, tab or other character that does not print"},
		"not utf-8":         {"state,note\nCO,\xff\n", "line 2, record row 1, note: the text is not UTF-8"},
		"row as a whole":    {"state,ripe\nCO,yes\n", "line 2, record row 1, fruit: nothing can be ripe"},
		"quote in a field":  {"state\nC\"O\n", `line 2, record row 1: character 2: bare " in non-quoted-field`},
		"quote never ended": {"state\n\"CO" + strings.Repeat("\nCO", 9000), "line 1, record row 1: after this line a record is longer than 16384 bytes; a quotation mark is probably not closed"},
	} {
		problems, err := crates.Read(strings.NewReader(tc.text), func(int, crate) error { return nil })
		if err != nil || len(problems) != 1 || problems[0].String() != tc.want {
			t.Errorf("%s: got %v, %v\nwant %s", name, problems, err, tc.want)
		}
	}
}

// A field after a quoted line end stands below the line on which its record starts.
func TestRead_TellsThePhysicalLineOfAField(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"column":  {"state,\"note\n\",friut\n", `line 2, record header, friut: the column "friut" is not known ("fruit" is meant?)`},
		"value":   {"state,note,on\nCO,\"a\n\n\",x\n", "line 4, record row 1, on: is not a date of the form 2026-11-23"},
		"missing": {"note,state\n\"a\n\",\n", "line 3, record row 1, state: the value is missing"},
		"check":   {"state,note,fruit,ripe\nCO,\"a\n\",,yes\n", "line 3, record row 1, fruit: nothing can be ripe"},
		"no such": {"state,note,ripe\nCO,\"a\n\",yes\n", "line 2, record row 1, fruit: nothing can be ripe"},
		"after":   {"state,note\nCO,\"a\n\"\nx,\n", "line 4, record row 2, state: must be a USPS state code of two capital letters"},
	} {
		problems, err := crates.Read(strings.NewReader(tc.text), func(int, crate) error { return nil })
		if err != nil || len(problems) != 1 || problems[0].String() != tc.want {
			t.Errorf("%s: got %v, %v\nwant %s", name, problems, err, tc.want)
		}
	}
}

func TestRead_WantsOneOfTheColumnsOfAChoice(t *testing.T) {
	table := crates
	table.Choices = []sheet.Choice{{Columns: []string{"fruit", "note", "count"}, Must: "must say what it holds"}}
	problems, err := table.Read(strings.NewReader("state\nCO\n"), func(int, crate) error { return nil })
	want := "line 1, record header, fruit: one of the columns fruit, note and count must say what it holds"
	if err != nil || len(problems) != 1 || problems[0].String() != want {
		t.Errorf("none: got %v, %v\nwant %s", problems, err, want)
	}
	problems, err = table.Read(strings.NewReader("state,count\nCO,\n"), func(int, crate) error { return nil })
	if err != nil || len(problems) != 0 {
		t.Errorf("one: got %v, %v", problems, err)
	}
}

func TestRead_KeepsTheBoundsOfTheTable(t *testing.T) {
	table := crates
	table.CellMax, table.RecordMax = 4, 64
	for text, want := range map[string]string{
		"state,fruit\nCO,plums\n":                        "line 2, record row 1, fruit: the value has 5 bytes; at most 4 are taken",
		"state,note\nCO,\"a" + strings.Repeat("\n", 200): "line 1, record row 1: after this line a record is longer than 64 bytes; a quotation mark is probably not closed",
		"state," + strings.Repeat(" ", 200) + "fruit\n":  "line 1, record header: after this line a record is longer than 64 bytes; a quotation mark is probably not closed",
	} {
		problems, err := table.Read(strings.NewReader(text), func(int, crate) error { return nil })
		if err != nil || len(problems) != 1 || problems[0].String() != want {
			t.Errorf("%q: got %v, %v\nwant %s", text, problems, err, want)
		}
	}
}

func TestShield_IsUndoneByRead(t *testing.T) {
	for _, value := range []string{"=1+1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x", "'", "'x", "'=x", "''", "plain", "O'Brien", "é"} {
		shielded := sheet.Shield(value)
		if strings.ContainsAny(shielded[:1], "=+-@") {
			t.Errorf("%q starts a formula", shielded)
		}
		var got string
		problems, err := crates.Read(strings.NewReader("state,note\nCO,"+shielded+"\n"), func(_ int, c crate) error { got = c.Note; return nil })
		if err != nil || len(problems) > 0 || got != value {
			t.Errorf("%q is read back as %q: %v, %v", shielded, got, problems, err)
		}
	}
	for _, running := range []string{"\tx", "\rx"} {
		if sheet.Shield(running) != "'"+running {
			t.Errorf("%q is not shielded", running)
		}
	}
}

func TestRead_StopsAtTheFirstErrorOfOthers(t *testing.T) {
	broken := errors.New("broken")
	if _, err := crates.Read(iotest.ErrReader(broken), func(int, crate) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("the reader's error: got %v", err)
	}
	rows := 0
	_, err := crates.Read(strings.NewReader("state\nCO\nCA\n"), func(int, crate) error { rows++; return broken })
	if !errors.Is(err, broken) || rows != 1 {
		t.Errorf("got %v after %d rows, want the caller's error after one", err, rows)
	}
	problems, err := crates.Read(strings.NewReader("state\n"+strings.Repeat("x\n", 500)), func(int, crate) error { return nil })
	if err != nil || len(problems) != fault.ProblemsMax {
		t.Errorf("got %d problems and %v, want %d", len(problems), err, fault.ProblemsMax)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("state,fruit,on,month,price,count,ripe,note\nCO,pear,2028-02-29,2026-11,1.5,3,yes,'=x\n")
	f.Add("\uFEFFstate\n\"C\nO\"\n")
	f.Add("state\n\"CO")
	f.Add("state,\"note\n\",on\nCO,\"'＝x\n\",x\n")
	f.Add("state;fruit\n")
	f.Fuzz(func(t *testing.T, text string) {
		problems, err := crates.Read(strings.NewReader(text), func(line int, c crate) error {
			if line < 2 || len(c.State) != 2 || c.Price < 0 || c.Count < 0 || c.Count > 9 {
				t.Errorf("line %d: took %v", line, c)
			}
			return nil
		})
		if err != nil || len(problems) > fault.ProblemsMax {
			t.Errorf("got %d problems and %v", len(problems), err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without place or message: %+v", p)
			}
		}
	})
}
