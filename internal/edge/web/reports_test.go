package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func report(g *ground, body string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, reportPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/csp-report")
	w := httptest.NewRecorder()
	g.site.ServeHTTP(w, r)
	return w.Result()
}

// violations are those that were counted, with how often.
func (g *ground) violations() map[violation]int {
	counts := map[violation]int{}
	for v, t := range g.site.reports.seen {
		counts[v] = t.count
	}
	return counts
}

func TestReports_KeepWhatWasStoppedAndNothingElse(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	for _, body := range []string{
		`{"csp-report":{"document-uri":"https://pay.example.org/t/canary-token?q=canary","violated-directive":"script-src-elem 'self'","blocked-uri":"https://Evil.example/canary.js?x=1","script-sample":"canary"}}`,
		`[{"type":"csp-violation","age":1,"user_agent":"canary","url":"https://pay.example.org/note","body":{"documentURL":"https://pay.example.org/note","effectiveDirective":"style-src-attr","blockedURL":"inline","sample":"canary"}},
		  {"type":"deprecation","body":{}}]`,
		`{"csp-report":{"document-uri":"::","effective-directive":"canary-directive","blocked-uri":"canary:thing"}}`,
	} {
		if r := report(g, body); r.StatusCode != http.StatusNoContent {
			t.Errorf("got %d", r.StatusCode)
		}
	}
	want := map[violation]int{
		{"script-src-elem", "https://evil.example", "token"}: 1, {"style-src-attr", "inline", "note"}: 1, {"other", "other", "none"}: 1,
	}
	got := g.violations()
	for v, n := range want {
		if got[v] != n {
			t.Errorf("%+v is counted %d times: %v", v, got[v], got)
		}
	}
	if len(got) != len(want) || strings.Contains(g.log.String(), "canary") {
		t.Errorf("more is kept than was stopped: %v\n%s", got, g.log.String())
	}
}

func TestReports_AreBounded(t *testing.T) {
	g := onGround(t)
	for i := range 3 * reportKinds {
		report(g, fmt.Sprintf(`{"csp-report":{"effective-directive":"img-src","blocked-uri":"https://h%d.example/"}}`, i))
	}
	if n := len(g.violations()); n != reportKinds {
		t.Errorf("%d kinds are kept, want %d", n, reportKinds)
	}
	if r := report(g, strings.Repeat("x", reportMax+1)); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too much at once: got %d", r.StatusCode)
	}
}

func TestReports_TheLogHearsEachKindOncePerHour(t *testing.T) {
	g := onGround(t)
	said := func() int { return strings.Count(g.log.String(), "policy stopped") }
	for range 3 {
		report(g, `{"csp-report":{"effective-directive":"img-src","blocked-uri":"inline"}}`)
	}
	if said() != 1 {
		t.Errorf("said %d times", said())
	}
	g.clock.Advance(reportRepeat + time.Second)
	report(g, `{"csp-report":{"effective-directive":"img-src","blocked-uri":"inline"}}`)
	if said() != 2 {
		t.Errorf("said %d times after an hour", said())
	}
}

func FuzzReports(f *testing.F) {
	f.Add([]byte(`{"csp-report":{"effective-directive":"img-src","blocked-uri":"https://a.example/"}}`))
	f.Add([]byte(`[{"type":"csp-violation","body":{"effectiveDirective":"script-src","blockedURL":"eval"}}]`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range readReports(body) {
			if strings.ContainsAny(r.directive+r.blocked, " \n\"") || len(r.blocked) > 110 || strings.Count(r.blocked, "/") > 2 {
				t.Errorf("kept %q of %q", r, body)
			}
		}
	})
}
