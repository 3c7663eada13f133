package yamldoc

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestParse_RefusesWhatIsNotAPlainDocument(t *testing.T) {
	for _, c := range []struct {
		situation, text, want string
		line                  int
	}{
		{"the file is empty", "", "it holds", 0},
		{"two documents", "a: 1\n---\nb: 2\n", "it holds 2", 0},
		{"an anchor", "a: &x 1\nb: *x\n", "anchors", 1},
		{"a merge key", "a: 1\n<<: b\n", "anchors", 2},
		{"a tag", "a: !!str 1\n", "anchors", 1},
		{"a key given twice", "a: 1\nb: 2\na: 3\n", "not YAML", 3},
		{"a bracket left open", "a: 1\nb: [1, 2\n", "not YAML", 2},
		{"brackets nested too deep", "a: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "nest deeper", 1},
		{"list marks nested too deep", strings.Repeat("- ", 200) + "x", "nest deeper", 1},
		{"a file too large", strings.Repeat("#", SizeMax+1), "at most", 0},
	} {
		t.Run(c.situation, func(t *testing.T) {
			file, root := Parse("x.yaml", []byte(c.text))
			problems := file.Problems()
			if root.Present() || len(problems) != 1 {
				t.Fatalf("got %v, root present %v; want one problem", problems, root.Present())
			}
			p := problems[0]
			if p.Record != "x.yaml" || p.Line != c.line || !strings.Contains(p.Message, c.want) {
				t.Errorf("got %q at line %d; want %q at line %d", p.Message, p.Line, c.want, c.line)
			}
		})
	}
}

func TestValue_KeepsDigitsAsWritten(t *testing.T) {
	_, root := Parse("x.yaml", []byte("zip: 01002\nversion: 1.10\nbox: 0o17\nlong: 000555010001\namount: 50,000.00\n"))
	f := root.Fields("zip", "version", "box", "long", "amount")
	for key, want := range map[string]string{"zip": "01002", "version": "1.10", "box": "0o17", "long": "000555010001", "amount": "50,000.00"} {
		if got := f.Need(key).Text(); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestValue_SaysEveryMistakeOnceWithItsPlace(t *testing.T) {
	text := "name: [a]\ncuont: 7\nlist:\n  - size: big\n  - size: 400\nflag: perhaps\nid: Not An Id\nzone: MST7\n"
	file, root := Parse("x.yaml", []byte(text))
	f := root.Fields("name", "count", "list", "flag", "id", "zone", "must")
	f.Need("name").Text()
	f.Need("count").Int(1, 9)
	for _, entry := range f.Need("list").List() {
		entry.Fields("size").Need("size").Int(1, 100)
	}
	f.Need("flag").Bool()
	f.Need("id").ID()
	f.Need("zone").Zone()
	f.Need("must").Text()
	want := []string{
		`line 1, record x.yaml: "count" is missing`,
		`line 1, record x.yaml: "must" is missing`,
		`line 1, record x.yaml, name: a single value is wanted here, not a list`,
		`line 2, record x.yaml, cuont: the key "cuont" is not known ("count" is meant?)`,
		`line 4, record x.yaml, list[0].size: "big" must be a whole number from 1 to 100`,
		`line 5, record x.yaml, list[1].size: "400" must be a whole number from 1 to 100`,
		`line 6, record x.yaml, flag: "perhaps" must be true or false`,
		`line 7, record x.yaml, id: "Not An Id" must have 2 to 32 lower-case letters, digits and hyphens and start with a letter`,
		`line 8, record x.yaml, zone: "MST7" is no IANA time zone; write one such as America/Denver`,
	}
	got := map[string]bool{}
	for _, p := range file.Problems() {
		got[p.String()] = true
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("missing: %s", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d problems, want %d: %v", len(got), len(want), file.Problems())
	}
}

func TestFile_ReportsABoundedNumberOfProblems(t *testing.T) {
	file, root := Parse("x.yaml", []byte(strings.Repeat("- x\n", fault.ProblemsMax*3)))
	for _, v := range root.List() {
		v.Int(0, 1)
	}
	if got := len(file.Problems()); got != fault.ProblemsMax {
		t.Errorf("got %d problems, want %d", got, fault.ProblemsMax)
	}
}
