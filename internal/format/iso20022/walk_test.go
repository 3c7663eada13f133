package iso20022

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/billfold/billfold/internal/format/line"
)

// told writes down what a walk tells.
type told struct {
	strings.Builder
	open  int
	fails error
}

func (v *told) Document(definition string, _ int) { v.WriteString("{" + definition + "}") }
func (v *told) Begin(Element)                     { v.open++ }
func (v *told) End(e Element) error {
	v.open--
	if e.Text != "" {
		v.WriteString(" " + e.Path + "=" + e.Text + e.Currency)
	}
	return v.fails
}

const head = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">`

func TestWalk(t *testing.T) {
	for _, tc := range []struct{ name, text, want, problem string }{
		{"values", head + `<A><B Ccy="USD"> 1.00 </B><C/></A></Document>`, "{camt.053.001.08} A/B=1.00USD", ""},
		{"a value in pieces", head + `<A>one<!-- x --> two<![CDATA[ & three]]></A></Document>`, "{camt.053.001.08} A=one two & three", ""},
		{"character entities", head + `<A>A&amp;B &#233;</A></Document>`, "{camt.053.001.08} A=A&B é", ""},
		{"another namespace within", head + `<A><x:B xmlns:x="urn:x"><x:C>1</x:C></x:B><D>2</D></A></Document>`, "{camt.053.001.08} A/D=2", ""},
		{"the business header", `<M><AppHdr xmlns="urn:h"><B>1</B></AppHdr>` + head + `<A>2</A></Document></M>`,
			"AppHdr/B=1{camt.053.001.08} A=2", ""},
		{"own entities", `<!DOCTYPE D [<!ENTITY a "b">]>` + head + `<A>&a;</A></Document>`, "", "document type"},
		{"an unknown entity", head + `<A>&a;</A></Document>`, "{camt.053.001.08}", "well-formed"},
		{"crossed tags", head + `<A><B></A></B></Document>`, "{camt.053.001.08}", "well-formed"},
		{"cut short", head + `<A>`, "{camt.053.001.08}", "ends in the middle"},
		{"nothing", "", "", "no Document"},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + head + `</Document>`, "", "encoding"},
		{"text between elements", head + `<A><B>1</B>and</A></Document>`, "{camt.053.001.08} A/B=1", "between elements"},
		{"text after the end", head + `<A>1</A></Document>more`, "{camt.053.001.08} A=1", "outside"},
		{"a value too long", head + `<A>` + strings.Repeat("x", textMax+1) + `</A></Document>`, "{camt.053.001.08}", "longer"},
		{"blanks around a value", head + `<A>` + strings.Repeat(" ", 2*textMax) + `x</A></Document>`, "{camt.053.001.08} A=x", ""},
		{"too deep", head + strings.Repeat("<A>", 60) + strings.Repeat("</A>", 60) + `</Document>`, "{camt.053.001.08}", "deeply"},
		{"a tag too long", head + `<A x="` + strings.Repeat("x", tokenMax) + `"/></Document>`, "{camt.053.001.08}", "longer"},
	} {
		var v told
		var problems line.Problems
		if err := Walk(strings.NewReader(tc.text), &problems, &v); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		got := ""
		if list := problems.List(); len(list) > 0 {
			got = list[0].Message
		}
		if strings.TrimSpace(v.String()) != tc.want || (got == "") != (tc.problem == "") || !strings.Contains(got, tc.problem) {
			t.Errorf("%s: told %q and %q, want %q and %q", tc.name, v.String(), got, tc.want, tc.problem)
		}
	}
}

func TestWalk_ErrorsOfOthersAreTheirs(t *testing.T) {
	broken := errors.New("broken")
	text := head + `<A>1</A></Document>`
	var problems line.Problems
	if err := Walk(strings.NewReader(text), &problems, &told{fails: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the visitor's error", err)
	}
	torn := io.MultiReader(strings.NewReader(text[:80]), iotest.ErrReader(broken))
	if err := Walk(torn, &problems, &told{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

func FuzzWalk(f *testing.F) {
	for _, folder := range []string{"camt", "pacs"} {
		paths, _ := filepath.Glob("../../../testdata/zoo/" + folder + "/*.xml")
		for _, path := range paths {
			if content, err := os.ReadFile(path); err == nil {
				f.Add(content)
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var v told
		var problems line.Problems
		if err := Walk(strings.NewReader(string(content)), &problems, &v); err != nil {
			t.Fatalf("reading from memory failed: %v", err)
		}
		if problems.Refusals() == 0 && v.open != 0 {
			t.Errorf("%d elements were not ended", v.open)
		}
	})
}
