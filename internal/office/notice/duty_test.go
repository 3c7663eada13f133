package notice

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
)

// A notice that status makes due and that has no letter would never be written:
// every constant of that type has one.
func TestKindFor_EveryNoticeOfStatusHasALetter(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../cover/grace/duties.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Notice" || !strings.HasPrefix(spec.Names[0].Name, "Notice") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if _, is := KindFor(grace.Notice(value), coverage.Direct); !is {
			t.Errorf("%s has no letter", spec.Names[0].Name)
		}
		return true
	})
	if found != len(ofStatus) {
		t.Errorf("package grace has %d notices, the table %d", found, len(ofStatus))
	}
}

func TestKindFor_COBRAHasItsOwn(t *testing.T) {
	for _, tc := range []struct {
		notice grace.Notice
		line   coverage.Line
		want   Kind
	}{
		{grace.NoticeTermination, coverage.COBRA, COBRAEarlyEnd}, {grace.NoticeTermination, coverage.StateCont, Termination},
		{grace.NoticeBinder, coverage.COBRA, COBRAFirstPayment}, {grace.NoticeBinder, coverage.ExchangeAPTC, BinderReminder},
	} {
		if got, is := KindFor(tc.notice, tc.line); !is || got != tc.want {
			t.Errorf("%s of %s: got %s, want %s", tc.notice, tc.line, got, tc.want)
		}
	}
}
