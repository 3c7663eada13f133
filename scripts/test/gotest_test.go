package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTally_CountsTestsAndNotPackages(t *testing.T) {
	const events = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":0.1}
{"Action":"skip","Package":"no/tests"}
`
	r := &run{ctx: context.Background()}
	if err := r.tally(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if r.passed != 1 || r.failed != 1 || r.skipped != 1 {
		t.Errorf("got %d passed, %d failed, %d skipped; want one of each", r.passed, r.failed, r.skipped)
	}
}

func TestTally_RefusesWhatIsNoEvent(t *testing.T) {
	if err := (&run{}).tally(strings.NewReader("panic: not JSON\n")); err == nil {
		t.Error("output that is no event was taken for a test run")
	}
}

func TestSupport_IsWhatOnlyStartsProcesses(t *testing.T) {
	for path, want := range map[string]bool{
		"/internal/store/throwaway/pgtest": true, "/internal/edge/browsertest": true, "/cmd/billfold": true,
		"/internal/store": false, "/internal/edge/web": false, "/internal/rail/card": false, "/internal/sim/processor": false,
	} {
		if got := support.MatchString(modulePath + path); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestLinkDatabase_KnowsWhatATestLinks(t *testing.T) {
	t.Chdir("../..")
	links, err := (&run{ctx: t.Context()}).linkDatabase()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/internal/store": true, "/internal/edge/web": true, "/internal/format/x12": false} {
		if links[modulePath+path] != want {
			t.Errorf("%s: got %v", path, !want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, tc := range []struct {
		name    string
		pattern *regexp.Regexp
		text    string
		want    []string
	}{
		{"fuzz targets, and no other tests", fuzzTarget, "func FuzzA(f *testing.F) {\n}\nfunc TestB(t *testing.T) {\n\tFuzzC()\n", []string{"FuzzA"}},
		{"a goroutine", concurrent, "\tgo func() {\n", []string{"go f"}},
		{"a mutex", concurrent, "import (\n\t\"sync\"\n)", []string{`"sync"`}},
		{"neither", concurrent, "// go on\n\tgot := 1\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, match := range tc.pattern.FindAllStringSubmatch(tc.text, -1) {
				got = append(got, match[1])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q in %q", got, tc.want, tc.text)
			}
		})
	}
}
