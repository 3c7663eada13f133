package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
)

// Browsers report what the content security policy stopped. What is kept of a
// report is which directive, what kind of thing was stopped and which of our
// routes it was on; never an address in full, a sample of text or who sent it.

const (
	reportMax    = 16 << 10 // bytes of one sending
	reportKinds  = 200      // distinct violations that are counted apart
	reportBatch  = 20       // reports of one sending that are read
	reportRepeat = time.Hour
)

// violation is one kind of thing that browsers' policies stopped.
type violation struct {
	directive string // "script-src"
	blocked   string // an origin, or "inline", "eval", "data", ... , or "other"
	route     string // the page's route, or "none"
}

// reports counts violations. It is bounded: a stranger can send what he likes.
type reports struct {
	clock clock.Clock

	mu   sync.Mutex
	seen map[violation]*tally
}

type tally struct {
	count  int
	logged time.Time
}

func newReports(clk clock.Clock) *reports { return &reports{clock: clk, seen: map[violation]*tally{}} }

// note counts a violation and reports whether the log should hear of it.
func (r *reports) note(v violation) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, known := r.seen[v]
	if !known && len(r.seen) >= reportKinds {
		return false
	}
	if !known {
		t = &tally{}
		r.seen[v] = t
	}
	t.count++
	if now := r.clock.Now(); !known || now.Sub(t.logged) >= reportRepeat {
		t.logged = now
		return true
	}
	return false
}

// report takes what a browser sends to reportPath.
func (v *visit) report() {
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, reportMax))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		v.send(http.StatusRequestEntityTooLarge, nil)
		return
	case err != nil:
		v.send(http.StatusBadRequest, nil)
		return
	}
	for _, sent := range readReports(body) {
		found := violation{directive: sent.directive, blocked: sent.blocked, route: v.routeAt(sent.page)}
		if v.reports.note(found) {
			v.log.Warn("a browser's policy stopped something", "directive", found.directive, "blocked", found.blocked,
				"page", found.route)
		}
	}
	v.send(http.StatusNoContent, nil)
}

// routeAt names the route of a page's address.
func (s *Site) routeAt(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return noRoute.name
	}
	handler, _ := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: cmp.Or(at.Path, "/")}})
	if b, ok := handler.(bound); ok {
		return b.route.name
	}
	return noRoute.name
}

// sentReport is one report, cut down to what is kept and the page it is about.
type sentReport struct{ directive, blocked, page string }

// readReports reads both ways in which browsers send reports: one object under
// "csp-report" (report-uri), or a list of the Reporting API (report-to). What is
// neither gives none.
func readReports(body []byte) []sentReport {
	var old struct {
		Report struct {
			Directive string `json:"effective-directive"`
			Violated  string `json:"violated-directive"`
			Blocked   string `json:"blocked-uri"`
			Page      string `json:"document-uri"`
		} `json:"csp-report"`
	}
	if json.Unmarshal(body, &old) == nil && cmp.Or(old.Report.Directive, old.Report.Violated) != "" {
		r := old.Report
		return []sentReport{{directiveOf(cmp.Or(r.Directive, r.Violated)), blockedOf(r.Blocked), r.Page}}
	}
	var list []struct {
		Type string `json:"type"`
		Body struct {
			Directive string `json:"effectiveDirective"`
			Blocked   string `json:"blockedURL"`
			Page      string `json:"documentURL"`
		} `json:"body"`
	}
	if json.Unmarshal(body, &list) != nil {
		return nil
	}
	var reports []sentReport
	for _, r := range list[:min(len(list), reportBatch)] {
		if r.Type == "csp-violation" {
			reports = append(reports, sentReport{directiveOf(r.Body.Directive), blockedOf(r.Body.Blocked), r.Body.Page})
		}
	}
	return reports
}

// The directives that a report may name: those of our policies and the finer
// ones that browsers make of them.
var directives = []string{
	"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src",
	"font-src", "connect-src", "frame-src", "form-action", "base-uri", "frame-ancestors", "object-src", "media-src", "worker-src",
	"manifest-src", "child-src",
}

const otherThing = "other"

func directiveOf(text string) string {
	name, _, _ := strings.Cut(text, " ")
	if slices.Contains(directives, name) {
		return name
	}
	return otherThing
}

// blockedOf keeps the origin of what was stopped, or the keyword that stands for it.
func blockedOf(text string) string {
	keywords := []string{"inline", "eval", "wasm-eval", "self", "data", "blob", "about", "filesystem"}
	scheme, _, _ := strings.Cut(text, ":")
	if slices.Contains(keywords, scheme) {
		return scheme
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || len(u.Host) > 100 || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
		return otherThing
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}
