package x12

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

func seed(f *testing.F) {
	for _, name := range zooNames(f) {
		f.Add(zoo(f, name))
	}
}

// checkProblems proves what every report of a file must keep.
func checkProblems(t *testing.T, data []byte, problems []fault.Problem) {
	t.Helper()
	if len(problems) > fault.ProblemsMax {
		t.Errorf("%d problems are reported, at most %d may be", len(problems), fault.ProblemsMax)
	}
	lines := 1 + bytes.Count(data, []byte{'\n'})
	for _, p := range problems {
		if p.Line < 0 || p.Line > lines || p.Line == 0 && len(bytes.TrimSpace(data)) > 3 {
			t.Errorf("%v: the file has %d lines", p, lines)
		}
		if p.Message == "" {
			t.Errorf("a problem at line %d says nothing", p.Line)
		}
	}
}

func FuzzReader(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewScanner(bytes.NewReader(data))
		for ordinal := 1; ; ordinal++ {
			segment, err := s.Next()
			var syntax *SyntaxError
			if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &syntax) {
				t.Fatalf("an error without a position: %v", err)
			}
			if err != nil {
				break
			}
			if segment.Ordinal != ordinal || segment.Line < 1 || segment.Line > 1+bytes.Count(data, []byte{'\n'}) {
				t.Fatalf("segment %d says that it is %d, on line %d", ordinal, segment.Ordinal, segment.Line)
			}
		}
		result, err := Check(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, result.Problems())
		if got := fault.Judge(result.Problems()); got != result.Verdict() {
			t.Errorf("the problems say %s, the result %s", got, result.Verdict())
		}
		answer, err := Acknowledge(result, stamp)
		if err != nil {
			t.Fatalf("no acknowledgement: %v", err)
		}
		if _, problems := Inspect(bytes.NewReader(answer)); len(answer) > 0 && len(problems) > 0 {
			t.Errorf("the acknowledgement does not read: %v\n%s", problems, answer)
		}
	})
}

func FuzzRead834(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		members := 0
		summary, problems, err := Read834(bytes.NewReader(data), func(m Member834) error {
			members++
			if m.Person.Role == "" || m.SubscriberID == "" || m.Last < m.Segment {
				t.Errorf("a member without a name or number was handed on, or one that ends before it begins")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkProblems(t, data, problems)
		if summary.Subscribers+summary.Dependents != summary.Members {
			t.Errorf("%d subscribers and %d dependents are not %d members", summary.Subscribers, summary.Dependents, summary.Members)
		}
		if fault.Judge(problems) == fault.Accept && members != summary.Members {
			t.Errorf("%d of %d members of an accepted file were handed on", members, summary.Members)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		once, ok := rewrite(t, data, nil)
		if !ok {
			return
		}
		again, ok := rewrite(t, once, nil)
		if !ok || !bytes.Equal(once, again) {
			t.Errorf("written once:\n%q\nand again:\n%q", once, again)
		}
	})
}
