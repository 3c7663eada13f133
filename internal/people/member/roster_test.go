package member

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/people/billpay"
)

const zoo = "../../../testdata/zoo/roster"

func readAll(t testing.TB, data []byte) ([]Row, []fault.Problem) {
	t.Helper()
	var rows []Row
	problems, err := ReadRoster(bytes.NewReader(data), func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		t.Fatalf("reading from memory fails: %v", err)
	}
	return rows, problems
}

func TestReadRoster_ReadsTheZoo(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"good.csv", ""},
		{"good_bom_crlf_quoted.csv", ""},
		{"unknown_column.csv", `line 1, record header, birthdate: the column "birthdate" is not known ("birth_date" is meant?)`},
		{"birth_date_in_american_order.csv", "line 2, record row 1, birth_date: is not a date of the form 2026-11-23"},
		{"alias_without_source.csv", "line 2, record row 1, alias: alias and alias_source go together"},
		{"row_too_short.csv", "line 2, record row 1: the row has 7 fields; the header names 11 columns"},
		{"addition_without_first_day.csv", "line 2, record row 1, coverage_from: an addition needs its first day of coverage"},
		{"latin1_not_utf8.csv", "line 2, record row 1, last_name: the text is not UTF-8"},
		{"semicolons.csv", "line 1, record header: the columns must be separated by commas"},
		{"quote_not_closed.csv", `line 3, record row 1: character 61: extraneous or missing " in quoted-field`},
		{"empty.csv", "line 1, record header: the file is empty"},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(zoo, c.file))
			if err != nil {
				t.Fatal(err)
			}
			rows, problems := readAll(t, data)
			if c.want == "" {
				if len(problems) > 0 || len(rows) == 0 {
					t.Fatalf("got %d rows and %v; want rows without problems", len(rows), problems)
				}
				return
			}
			if !slices.ContainsFunc(problems, func(p fault.Problem) bool { return strings.HasPrefix(p.String(), c.want) }) {
				t.Errorf("got %v, want %q", problems, c.want)
			}
			if fault.Judge(problems) != fault.Refuse {
				t.Error("the file is not refused")
			}
		})
	}
}

func TestReadRoster_FillsTheRow(t *testing.T) {
	rows, problems := readAll(t, []byte("action,source,subscriber_id,relationship,first_name,last_name,birth_date,ssn,phone,written_language,confidential_line1,coverage_line,coverage_to,alias,alias_source\r\n"+
		"terminate,CVEX,S1,child,Leo,Ruiz,2012-06-30,219-09-9999,(303) 555-0142,ES-mx,3 Safe St,DIRECT,2026-11-30,ab 12-3,oldbill\r\n"))
	if len(problems) > 0 || len(rows) != 1 {
		t.Fatalf("got %d rows, %v", len(rows), problems)
	}
	got := rows[0]
	c := got.Change
	if got.Line != 2 || c.Kind != Terminate || c.Identity != (Identity{Source: "CVEX", SubscriberID: "S1"}) || c.Relationship != Child {
		t.Errorf("line, kind, identity or relationship: %+v", got)
	}
	p := c.Person
	if p.SSN.Reveal() != "219099999" || p.Phone != "3035550142" || p.WrittenLanguage != "es-MX" || p.Confidential.Line1 != "3 Safe St" {
		t.Errorf("person: %+v", p)
	}
	if len(c.Coverages) != 1 || c.Coverages[0].Line != "DIRECT" || c.Coverages[0].To.String() != "2026-11-30" {
		t.Errorf("coverage: %+v", c.Coverages)
	}
	if want, _ := billpay.ParseAlias("oldbill", "AB123"); got.Alias != want {
		t.Errorf("alias: %v, want %v", got.Alias, want)
	}
}

func TestReadRoster_RefusesValuesWithoutRepeatingPrivateOnes(t *testing.T) {
	for _, c := range []struct{ situation, column, value, want string }{
		{"an SSN of eight digits", "ssn", "12345678", "has 9 digits"},
		{"an SSN area that is not issued", "ssn", "666-12-3456", "is issued"},
		{"an SSN with letters", "ssn", "12345678X", "has 9 digits"},
		{"a phone of nine digits", "phone", "303-555-014", "has 10 digits"},
		{"an e-mail address without @", "email", "ana.example.org", "name@example.org"},
		{"a ZIP code that lost its zero", "zip", "2139", "dropped a zero"},
		{"a state by name", "state", "Colorado", "two capital letters"},
		{"an unknown language", "spoken_language", "xx", "BCP 47"},
		{"an unknown format", "format", "huge", "large_print"},
		{"an unknown action", "action", "delete", "add, change, terminate"},
		{"death before birth", "death_date", "1970-01-01", "before the birth date"},
		{"coverage without line", "coverage_from", "2026-01-01", "names no line"},
		{"a line end inside a cell", "line1", "\"1 Home\nStreet\"", "does not print"},
		{"a cell that is far too long", "line1", strings.Repeat("x", 300), "at most 200"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			_, problems := readAll(t, fmt.Appendf(nil, "source,subscriber_id,relationship,last_name,birth_date,%s\nCVEX,S1,self,Ruiz,1984-03-09,%s\n", c.column, c.value))
			if len(problems) != 1 || !strings.Contains(problems[0].Message, c.want) || problems[0].Line != 2 {
				t.Fatalf("got %v, want one problem on line 2 with %q", problems, c.want)
			}
			if slices.Contains([]string{"ssn", "phone", "email"}, c.column) && strings.Contains(problems[0].String(), c.value) {
				t.Errorf("the problem repeats the value: %s", problems[0])
			}
		})
	}
}

func TestReadRoster_UnclosedQuoteDoesNotReadTheWholeFile(t *testing.T) {
	head := "source,subscriber_id,relationship,last_name,birth_date\nCVEX,S1,self,\""
	endless := &countingReader{head: []byte(head)}
	problems, err := ReadRoster(endless, func(Row) error { return nil })
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "quotation mark") {
		t.Fatalf("got %v, %v", problems, err)
	}
	if endless.read > 3*recordMax {
		t.Errorf("read %d bytes of an endless record", endless.read)
	}
}

// countingReader gives head and then the letter x without end.
type countingReader struct {
	head []byte
	read int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n := copy(b, c.head)
	c.head = c.head[n:]
	for i := n; i < len(b); i++ {
		b[i] = 'x'
	}
	c.read += len(b)
	return len(b), nil
}

func TestReadRoster_StopsAtTheProblemLimit(t *testing.T) {
	text := "source,subscriber_id,relationship,last_name,birth_date\n" + strings.Repeat("CVEX,S1,self,,1984-03-09\n", 200)
	rows, problems := readAll(t, []byte(text))
	if len(problems) != fault.ProblemsMax || len(rows) != 0 {
		t.Errorf("got %d problems and %d rows, want %d and none", len(problems), len(rows), fault.ProblemsMax)
	}
}

func TestReadRoster_GivesBackTheCallersError(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(zoo, "good.csv"))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	calls := 0
	_, err = ReadRoster(bytes.NewReader(data), func(Row) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("got %v after %d calls; want the caller's error after one", err, calls)
	}
}

func TestWriteRoster_IsReadBackAndShieldsFormulas(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(zoo, "good.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := readAll(t, data)
	rows[0].Change.Person.Name.First = `=HYPERLINK("http://example.org")`
	rows[1].Change.Person.Name.First = "'Otunga"
	var out bytes.Buffer
	if err := WriteRoster(&out, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), ",\"=") || strings.Contains(out.String(), ",=") {
		t.Errorf("a cell starts a formula:\n%s", out.String())
	}
	again, problems := readAll(t, out.Bytes())
	if len(problems) > 0 || !reflect.DeepEqual(rows, again) {
		t.Errorf("read back %v:\n got %+v\nwant %+v", problems, again, rows)
	}
}

func TestWriteRoster_LeavesOutSocialSecurityNumbers(t *testing.T) {
	rows, _ := readAll(t, []byte("source,subscriber_id,relationship,last_name,birth_date,ssn\nCVEX,S1,self,Ruiz,1984-03-09,219099999\n"))
	var out bytes.Buffer
	if err := WriteRoster(&out, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "219099999") {
		t.Error("the social security number is written")
	}
}

func TestRosterColumns_AreAllDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/formats/roster-csv.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range RosterColumns() {
		if !bytes.Contains(doc, []byte("`"+name+"`")) {
			t.Errorf("docs/formats/roster-csv.md does not name the column %s", name)
		}
	}
}

func TestWriteCardRoster(t *testing.T) {
	var out bytes.Buffer
	rows := []CardRow{{childNumber, Name{First: "+Leo", Last: "Ruiz"}, "front-range", "Cedar Valley Health", "es"}}
	if err := WriteCardRoster(&out, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	want := "number_grouped,number_plain,full_name,first_name,middle_name,last_name,name_suffix,region,plan,language\n" +
		"3141 5926 5352,314159265352,'+Leo Ruiz,'+Leo,,Ruiz,,front-range,Cedar Valley Health,es\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if err := WriteCardRoster(&out, slices.Values([]CardRow{{}})); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a card without number: got %v, want an invalid error", err)
	}
}

func FuzzReadRoster(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(zoo, "*.csv"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no zoo: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(strings.Join(RosterColumns(), ",") + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, problems := readAll(t, data)
		if len(problems) > fault.ProblemsMax {
			t.Fatalf("%d problems", len(problems))
		}
		for _, p := range problems {
			if p.Line < 1 || p.Message == "" {
				t.Fatalf("a problem without place or reason: %+v", p)
			}
		}
		for i := range rows {
			rows[i].Change.Person.SSN = Person{}.SSN
			rows[i].Line = 0
		}
		var out bytes.Buffer
		if err := WriteRoster(&out, slices.Values(rows)); err != nil {
			t.Fatal(err)
		}
		again, wrong := readAll(t, out.Bytes())
		for i := range again {
			again[i].Line = 0
		}
		if len(wrong) > 0 || !reflect.DeepEqual(rows, again) {
			t.Fatalf("not stable: %v\n got %+v\nwant %+v\n%q", wrong, again, rows, out.String())
		}
	})
}
