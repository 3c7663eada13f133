package line

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestReader(t *testing.T) {
	const long = "<too long>"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"no ending on the last line", "a\nb", []string{"a", "b"}},
		{"carriage returns", "a\r\n\r\nb\r\n", []string{"a", "", "b"}},
		{"a line of the largest size", strings.Repeat("x", 31) + "\ny", []string{strings.Repeat("x", 31), "y"}},
		{"a line too long, then another", strings.Repeat("x", 100) + "\ny\n", []string{long, "y"}},
		{"a last line too long", "y\n" + strings.Repeat("x", 100), []string{"y", long}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(iotest.OneByteReader(strings.NewReader(test.text)), 32)
			var got []string
			for {
				text, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if r.TooLong() {
					text = []byte(long)
				}
				got = append(got, string(text))
			}
			if !reflect.DeepEqual(got, test.want) || r.Number() != len(test.want) {
				t.Errorf("Next of %q gave %q and %d lines, want %q", test.text, got, r.Number(), test.want)
			}
		})
	}
}

func TestReader_ReadingErrorIsTold(t *testing.T) {
	broken := errors.New("broken")
	for _, head := range []string{"", "a", strings.Repeat("x", 100)} {
		r := NewReader(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)), 32)
		if _, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("Next after %d bytes gave %v, want %v", len(head), err, broken)
		}
	}
}

func TestProblems_FullListKeepsTheVerdict(t *testing.T) {
	var p Problems
	for range fault.ProblemsMax + 10 {
		p.Control(1, "9", "count", "stated 1, computed 2")
	}
	p.Refuse(7, "x", "", "unknown record")
	if got := len(p.List()); got != fault.ProblemsMax {
		t.Errorf("kept %d problems, want %d", got, fault.ProblemsMax)
	}
	if got := fault.Judge(p.List()); got != fault.Refuse {
		t.Errorf("verdict %q, want %q", got, fault.Refuse)
	}
}
