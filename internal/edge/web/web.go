// Package web serves pages for people: today one read-only overview of the
// installation, and the two addresses by which a machine asks whether it lives.
//
// It knows pages, languages and HTTP. It knows no SQL and no posting rule, and
// it is given sums only: no page holds a person's name, a bill pay number or an
// id of a person or payment.
//
// Invariants:
//   - Pages work without scripts; there are none, and the content security policy
//     allows none. Nothing is loaded from another origin.
//   - Every text is complete in every language of the catalogue (words.go).
//   - A page is composed whole before its first byte is sent, so that a failure
//     is a plain page with its own status and never half of another.
//   - Logs hold a request's route and not its address, which a stranger composes.
//
// Start reading at New, then composeOverview in overview.go.
package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/store"
)

// Source is what the pages read; the store is one.
type Source interface {
	// Overview sums up the installation; today gives each legal entity's posting day.
	Overview(ctx context.Context, today map[chart.EntityNo]calendar.Date) (store.Overview, error)
	// Ready reports whether the database answers.
	Ready(ctx context.Context) error
}

// House is what the pages must know of the installation beside its plan.
type House interface {
	PurseOf(fund chart.Fund) chart.Purse
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Text is a text in every language of the pages.
type Text struct{ English, Spanish string }

// Step is something to try, with the command that does it.
type Step struct {
	Title   Text
	Command string // as it is typed; shown in every language alike
}

// Options says what is served.
type Options struct {
	Plan    *plan.Plan
	House   House
	Source  Source
	Clock   clock.Clock
	Log     *slog.Logger
	Notices []Text // said above everything else, such as MadeUp
	Steps   []Step // what to try next
}

// MadeUp is the notice of an installation whose plan and people are invented.
var MadeUp = Text{
	English: "This is a made-up health plan. The people, bills and payments are invented, so you can try everything safely.",
	Spanish: "Este es un plan de salud inventado. Las personas, las facturas y los pagos son ficticios: puede probar todo sin riesgo.",
}

// readyMax is how long the database may take to answer before the process is
// called not ready. Load balancers commonly give up at five seconds.
const readyMax = 2 * time.Second

// site is the handler.
type site struct {
	Options
	figures *figures
	routes  map[string]func(http.ResponseWriter, *http.Request)
}

// New makes the handler of all pages.
func New(o Options) http.Handler {
	s := &site{Options: o, figures: newFigures(o)}
	s.routes = map[string]func(http.ResponseWriter, *http.Request){
		"/":        s.overview,
		"/healthz": func(w http.ResponseWriter, _ *http.Request) { status(w, http.StatusOK, `{"status":"ok"}`) },
		"/readyz":  s.ready,
	}
	for i := range assets {
		s.routes[assets[i].path] = assets[i].serve
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, id := s.Clock.Now(), ident.NewOpaque()
	answer := &recorder{ResponseWriter: w, status: http.StatusOK}
	setSecurity(w.Header())
	w.Header().Set("X-Request-Id", string(id))
	log := s.Log.With("request_id", string(id))
	defer func() {
		s.recovered(recover(), answer, r, log)
		log.Info("request", "method", r.Method, "route", s.routeOf(r), "status", answer.status, "bytes", answer.bytes,
			"ms", s.Clock.Now().Sub(began).Milliseconds())
	}()
	s.route(answer, r)
}

// routeOf names a request for the log: its path if it is one of ours.
func (s *site) routeOf(r *http.Request) string {
	if _, known := s.routes[r.URL.Path]; known {
		return r.URL.Path
	}
	return "none"
}

func (s *site) route(w http.ResponseWriter, r *http.Request) {
	serve, known := s.routes[r.URL.Path]
	switch {
	case !known:
		s.failure(w, r, http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		s.failure(w, r, http.StatusMethodNotAllowed)
	default:
		serve(w, r)
	}
}

// recovered turns a panic into a plain page, unless an answer is already on its
// way. The page says nothing of what happened; the log does, under the request's id.
func (s *site) recovered(panicked any, w *recorder, r *http.Request, log *slog.Logger) {
	if panicked == nil {
		return
	}
	if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked)
	}
	log.Error("a page failed", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if !w.begun {
		s.failure(w, r, http.StatusInternalServerError)
	}
}

// setSecurity sets what every answer carries. Pages may load their own style
// and pictures and nothing else, from nowhere else.
func setSecurity(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// ready says whether the database answers; the reason is one of a closed set
// and tells a stranger nothing of the machine.
func (s *site) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyMax)
	defer cancel()
	err := s.Source.Ready(ctx)
	switch {
	case err == nil:
		status(w, http.StatusOK, `{"status":"ready"}`)
	case errors.Is(err, context.DeadlineExceeded):
		status(w, http.StatusServiceUnavailable, `{"status":"not_ready","reason":"timeout"}`)
	default:
		status(w, http.StatusServiceUnavailable, `{"status":"not_ready","reason":"`+fault.KindOf(err).String()+`"}`)
	}
}

func status(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	send(w, code, []byte(body+"\n"))
}

// page composes a page and sends it.
func (s *site) page(w http.ResponseWriter, r *http.Request, code int, name string, content titled) {
	words := wordsFor(r)
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, page{
		Words: words, Plan: s.Plan.Name, Style: styleSheet.path, Icon: icon.path, Switch: otherLanguage(words), Content: content,
	})
	if err != nil {
		panic(fmt.Errorf("composing %s: %w", name, err))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", words.Tag)
	w.Header().Set("Vary", "Accept-Language")
	send(w, code, b.Bytes())
}

// page is what every template is given.
type page struct {
	*Words
	Plan        string
	Style, Icon string
	Switch      *Words // the language to switch to
	Content     titled
}

// titled is a page's content, which names the page.
type titled interface{ Title(w *Words) string }

// Title is what the browser shows for the page.
func (p page) Title() string { return p.Content.Title(p.Words) + " – " + p.Plan }

func send(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // a reader who went away is no failure of ours
}

// failure is a plain page that says what is wrong and where to go.
func (s *site) failure(w http.ResponseWriter, r *http.Request, code int) {
	words := wordsFor(r)
	content := failurePage{Code: code, Failure: words.Failures[code]}
	if code >= http.StatusInternalServerError {
		content.Reference = w.Header().Get("X-Request-Id")
	}
	s.page(w, r, code, "failure", content)
}

type failurePage struct {
	Failure
	Code      int
	Reference string // the request's id, when it helps whoever looks into it
}

// Title implements titled.
func (f failurePage) Title(*Words) string { return f.Heading }

var pages = template.Must(template.New("").ParseFS(files, "assets/*.html"))

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status, bytes int
	begun         bool
}

func (w *recorder) WriteHeader(code int) {
	w.status, w.begun = code, true
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begun = true
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}
