package house

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	fileLinesMax     = 900 // beyond, a file holds more than one subject
	functionLinesMax = 100 // a reader sees two screens at most
)

// Exceptions to a rule, by file or by folder ending in "/", with the reason.
var (
	mayReadTime = map[string]string{
		"internal/base/clock/": "it is where the time comes from",
		"scripts/":             "tools of the build say how long a step took",
		"cmd/billfold/bench":   "a benchmark measures real time",
	}
	maySkip = map[string]string{
		"internal/format/":        "the shared sample files are read where they are at hand",
		"internal/office/intake/": "the shared sample files are read where they are at hand",
		"test/":                   "the shared sample files are read where they are at hand",
	}
	maySleep   = map[string]string{}
	mayHoldSQL = map[string]string{
		"internal/store/": "the store is where SQL lives",
	}
)

// moneyFloors are those whose numbers can end up in an amount.
var moneyFloors = []string{"books", "payments", "bills", "people", "cover", "office", "rail", "format"}

// source is one file of the repository, and its syntax if it is Go.
type source struct {
	path  string // slashes, from the root
	text  []byte
	lines []string
	set   *token.FileSet
	file  *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) excused(list map[string]string) bool {
	for prefix := range list {
		if strings.HasPrefix(s.path, prefix) {
			return true
		}
	}
	return false
}

func (s source) line(n ast.Node) int { return s.set.Position(n.Pos()).Line }

// notOurs are folders at the root that .gitignore names, and git's own.
var notOurs = []string{".git", "node_modules", "bin", "data"}

func sources(t *testing.T, keep func(path string) bool) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains(notOurs, path) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !keep(path) {
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, source{path: filepath.ToSlash(path), text: text, lines: strings.Split(string(text), "\n")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func goSources(t *testing.T) []source {
	t.Helper()
	all := sources(t, func(path string) bool { return strings.HasSuffix(path, ".go") })
	for i := range all {
		s := &all[i]
		s.set = token.NewFileSet()
		file, err := parser.ParseFile(s.set, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.file = file
	}
	return all
}

// uses calls found with each mention of pkg.name, such as time.Now.
func (s source) uses(pkg, name string, found func(line int)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok && selector.Sel.Name == name {
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == pkg {
				found(s.line(n))
			}
		}
		return true
	})
}

// A package that reads the time cannot be tested on another day.
func TestTidy_OnlyTheClockReadsTheTime(t *testing.T) {
	for _, s := range goSources(t) {
		for _, name := range []string{"Now", "Since", "Until"} {
			s.uses("time", name, func(line int) {
				if !s.excused(mayReadTime) {
					t.Errorf("%s:%d: time.%s; take a clock.Clock", s.path, line, name)
				}
			})
		}
	}
}

// A sleeping test is slow on a good day and fails on a bad one.
func TestTidy_TestsDoNotSleep(t *testing.T) {
	for _, s := range goSources(t) {
		s.uses("time", "Sleep", func(line int) {
			if s.isTest() && !s.excused(maySleep) {
				t.Errorf("%s:%d: time.Sleep in a test; wait for what is meant, or use testing/synctest", s.path, line)
			}
		})
	}
}

// A skipped test proves nothing and looks as if it did.
func TestTidy_TestsDoNotSkip(t *testing.T) {
	for _, s := range goSources(t) {
		for _, name := range []string{"Skip", "Skipf", "SkipNow"} {
			for _, receiver := range []string{"t", "tb", "b", "f"} {
				s.uses(receiver, name, func(line int) {
					if !s.excused(maySkip) {
						t.Errorf("%s:%d: a test skips itself", s.path, line)
					}
				})
			}
		}
	}
}

var sqlText = regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|index|role|database)\s|with\s+\w+\s+as\s*\()`)

// SQL in one place is what lets one query set run on every engine.
func TestTidy_SQLOnlyInTheStore(t *testing.T) {
	for _, s := range goSources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING || s.excused(mayHoldSQL) {
				return true
			}
			if text, err := strconv.Unquote(literal.Value); err == nil && sqlText.MatchString(text) {
				t.Errorf("%s:%d: SQL text outside the store: %.40q", s.path, s.line(n), text)
			}
			return true
		})
	}
}

var floating = []string{"float32", "float64", "ParseFloat", "FormatFloat"}

// A binary fraction cannot hold a cent. Tests may reckon rates and chances.
func TestTidy_NoFloatsNearMoney(t *testing.T) {
	for _, s := range goSources(t) {
		if s.isTest() || !strings.HasPrefix(s.path, "internal/") || !slices.Contains(moneyFloors, floor(s.path)) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if ok && slices.Contains(floating, name.Name) && !strings.Contains(s.lines[s.line(n)-1], "// not money: ") {
				t.Errorf("%s:%d: %s; use integers, or end the line with \"// not money: \" and the reason", s.path, s.line(n), name.Name)
			}
			return true
		})
	}
}

// A name that fits everything says nothing.
func TestTidy_PackageNamesSaySomething(t *testing.T) {
	banned := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "shared", "types"}
	for _, s := range goSources(t) {
		if slices.Contains(banned, s.file.Name.Name) {
			t.Errorf("%s: package %s; name it after what it knows", s.path, s.file.Name.Name)
		}
	}
}

func TestTidy_EveryPackageIntroducesItself(t *testing.T) {
	introduced := map[string]bool{}
	for _, s := range goSources(t) {
		dir := filepath.Dir(s.path)
		introduced[dir] = introduced[dir] || s.file.Doc != nil || strings.HasSuffix(s.file.Name.Name, "_test")
	}
	for dir, ok := range introduced {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestTidy_Sizes(t *testing.T) {
	for _, s := range goSources(t) {
		if len(s.lines) > fileLinesMax {
			t.Errorf("%s has %d lines, more than %d", s.path, len(s.lines), fileLinesMax)
		}
		for _, declared := range s.file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := s.set.Position(function.End()).Line - s.line(function) + 1; lines > functionLinesMax {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, s.line(function), function.Name.Name, lines, functionLinesMax)
			}
		}
	}
}

func TestTidy_Gofmt(t *testing.T) {
	for _, s := range goSources(t) {
		formatted, err := format.Source(s.text)
		if err != nil || !bytes.Equal(formatted, s.text) {
			t.Errorf("%s is not gofmt'd (%v); run `make fmt`", s.path, err)
		}
	}
}

// fuzzedThrough are packages whose every byte passes a target elsewhere.
var fuzzedThrough = map[string]string{
	"internal/format/line": "each format made of lines fuzzes it with itself",
}

// Whoever reads bytes from outside is fuzzed.
func TestTidy_EveryFormatIsFuzzed(t *testing.T) {
	fuzzed := map[string]bool{}
	for _, s := range goSources(t) {
		if !strings.HasPrefix(s.path, "internal/format/") {
			continue
		}
		dir := filepath.Dir(s.path)
		fuzzed[dir] = fuzzed[dir] || bytes.Contains(s.text, []byte("(f *testing.F)"))
	}
	for dir, ok := range fuzzed {
		if _, elsewhere := fuzzedThrough[dir]; !ok && !elsewhere {
			t.Errorf("%s has no Fuzz target", dir)
		}
	}
}

// unwanted is text that no file may hold, and why.
var unwanted = []struct {
	text *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`\b(TODO|FIXME)\b|// ?XXX\b`), "finish it, or open an issue"},
	{regexp.MustCompile(`(^|[^\w.])/(root|work|home/\w+)/`), "a path of one machine"},
	{regexp.MustCompile(`proxy\.golang\.org|registry\.npmjs\.org|registry\.yarnpkg\.com`), "builds use the registry that the machine is set up for"},
}

func TestTidy_Text(t *testing.T) {
	endings := []string{
		".go", ".md", ".sh", ".mjs", ".js", ".css", ".html", ".json", ".yaml", ".yml", ".sql", ".txtar", ".csv", ".svg", ".mod", "Makefile", "run", "NOTICE",
	}
	isText := func(path string) bool {
		return path != "tidy_test.go" && slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(path, end) })
	}
	for _, s := range sources(t, isText) {
		for i, line := range s.lines {
			for _, u := range unwanted {
				if found := u.text.FindString(line); found != "" {
					t.Errorf("%s:%d: %q: %s", s.path, i+1, found, u.why)
				}
			}
		}
	}
}
