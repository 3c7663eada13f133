package x12

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func isa(delimiters string) string {
	e, rest := delimiters[:1], delimiters[1:]
	return "ISA" + strings.Join([]string{"", "00", "          ", "00", "          ", "ZZ", "SENDER         ", "ZZ", "RECEIVER       ",
		"261123", "0800", rest[:1], "00501", "000000101", "0", "T", rest[1:2]}, e) + rest[2:]
}

func TestScanner_TakesDelimitersFromTheISA(t *testing.T) {
	for _, test := range []struct {
		name, chars string
		want        Delimiters
	}{
		{"those of the guides", "*^:~", Delimiters{'*', '^', ':', '~'}},
		{"line feed ends segments", "|!>\n", Delimiters{'|', '!', '>', '\n'}},
		{"carriage return ends segments", "|!>\r", Delimiters{'|', '!', '>', '\r'}},
		{"control characters", "\x1d\x1f\x1c\x1e", Delimiters{'\x1d', '\x1f', '\x1c', '\x1e'}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := NewScanner(strings.NewReader(isa(test.chars)))
			segment, err := s.Next()
			if err != nil || segment.ID != "ISA" || len(segment.Elements) != isaElements {
				t.Fatalf("got %+v, %v", segment, err)
			}
			if got := s.Delimiters(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestScanner_RefusesDelimitersThatAreAmbiguous(t *testing.T) {
	for _, test := range []struct{ name, chars, says string }{
		{"letter ends segments", "*^:A", "segment terminator"},
		{"blank separates components", "*^ ~", "component separator"},
		{"digit repeats", "*7:~", "repetition separator"},
		{"element and component separator are the same", "*^*~", "both"},
		{"terminator and repetition separator are the same", "*~:~", "both"},
		{"line feed separates components", "*^\n~", "line end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewScanner(strings.NewReader(isa(test.chars))).Next()
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(syntax.Message, test.says) {
				t.Errorf("got %v, want a syntax error saying %q", err, test.says)
			}
		})
	}
}

func TestScanner_KeepsPositions(t *testing.T) {
	in := "\xef\xbb\xbf\n\r\n" + isa("*^:~") + "\r\nGS*FA~ST*999~\n\n\nAK1*wra\npped*x:y^z~"
	s := NewScanner(iotest.OneByteReader(strings.NewReader(in)))
	want := []struct {
		id            string
		line, ordinal int
	}{{"ISA", 3, 1}, {"GS", 4, 2}, {"ST", 4, 3}, {"AK1", 7, 4}}
	var last Segment
	for _, w := range want {
		segment, err := s.Next()
		if err != nil || segment.ID != w.id || segment.Line != w.line || segment.Ordinal != w.ordinal {
			t.Fatalf("got %+v, %v, want %+v", segment, err, w)
		}
		last = segment
	}
	if got := last.Element(1); got != "wrapped" {
		t.Errorf("a wrapped element: got %q", got)
	}
	if got := last.Component(2, 2); got != "y" {
		t.Errorf("component 2: got %q, want y", got)
	}
	if got := last.Repetitions(2); len(got) != 2 || got[1] != "z" {
		t.Errorf("repetitions: got %q", got)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: got %v, want EOF", err)
	}
}

func TestScanner_BoundsASegment(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(isa("*^:~")+"GS*"), iotest.ErrReader(errors.New("the disk is gone")))
	s := NewScanner(endless)
	_, _ = s.Next()
	if _, err := s.Next(); err == nil || err.Error() != "the disk is gone" {
		t.Errorf("a failing stream: got %v, want its own error", err)
	}
	s = NewScanner(strings.NewReader(isa("*^:~") + "GS*" + strings.Repeat("x", SegmentMax) + "~"))
	_, _ = s.Next()
	var syntax *SyntaxError
	if _, err := s.Next(); !errors.As(err, &syntax) || syntax.Ordinal != 2 || !strings.Contains(syntax.Message, "longer than") {
		t.Errorf("got %v, want segment 2 refused for its length", err)
	}
}

func TestRead_HandsOnSetsAndStopsAtTheCallersError(t *testing.T) {
	stop := errors.New("enough")
	var ids []string
	result, err := Read(bytes.NewReader(zoo(t, "834_two_interchanges_other_delimiters.txt")), func(set *Set, s Segment) error {
		ids = append(ids, s.ID)
		if set.Group.Interchange.Control == "000000102" && s.ID == "BGN" {
			if got := s.Position; got != 2 {
				t.Errorf("BGN stands at %d in its set, want 2", got)
			}
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want the caller's error", err)
	}
	if ids[0] != "ST" || len(result.Interchanges) != 2 || result.Interchanges[1].Delimiters.Terminator != '\'' {
		t.Errorf("got segments %v and %d interchanges", ids, len(result.Interchanges))
	}
}

func TestResult_VerdictHoldsBeyondTheProblemsKept(t *testing.T) {
	// Sixty sets with a wrong count, which flags, then one with no number in
	// its place, which refuses.
	var b strings.Builder
	b.WriteString(isa("*^:~") + "GS*HC*A*B*20261123*0800*1*X*005010X222A1~")
	for n := range 60 {
		control := string(rune('A'+n/10)) + string(rune('0'+n%10)) + "00"
		b.WriteString("ST*837*" + control + "~SE*9*" + control + "~")
	}
	b.WriteString("ST*837*9999~SE*x*9999~GE*61*1~IEA*1*000000101~")
	facts, problems := Inspect(strings.NewReader(b.String()))
	if facts["transaction_sets"].(map[string]int)["837"] != 61 || len(problems) != 50 {
		t.Errorf("got %v and %d problems", facts, len(problems))
	}
	result, _ := Check(strings.NewReader(b.String()))
	if result.Verdict() != "refuse" || !strings.Contains(problems[49].Message, "not a number") {
		t.Errorf("got %s, last problem %v", result.Verdict(), problems[49])
	}
}
