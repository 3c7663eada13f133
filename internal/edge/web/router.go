package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
)

// loads says what a page may load beside our own assets.
type loads uint8

const (
	ordinary loads = iota
	cardPage       // also the processor's script and frames
)

// route is one address with its method.
type route struct {
	// name stands for the address in the log: "guest.start".
	name string
	// pattern is one of net/http's ServeMux: "GET /pay", "POST /pay/{id}".
	pattern string
	loads   loads
	// leaves says that a form of this page may lead to the processor's own page,
	// by a redirect after the form was sent; browsers hold that against the page
	// on which the form stands.
	leaves bool
	// bare is for machines: no session, no form, and no check of where a request
	// comes from, since it changes nothing.
	bare  bool
	serve func(v *visit)
}

// formMax bounds what may be sent with a form, in bytes.
const formMax = 64 << 10

// formLess are the methods that change nothing and bring no form.
var formLess = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

// routes are all addresses of the site.
func (s *Site) routes() []route {
	all := []route{
		{name: "asset", pattern: "GET /assets/{file}", bare: true, serve: (*visit).asset},
		{name: "healthz", pattern: "GET /healthz", bare: true, serve: func(v *visit) { v.status(http.StatusOK, `{"status":"ok"}`) }},
		{name: "readyz", pattern: "GET /readyz", bare: true, serve: (*visit).ready},
		{name: "report", pattern: "POST " + reportPath, bare: true, serve: (*visit).report},
		{name: "session", pattern: "POST " + sessionPath, serve: (*visit).stay},
	}
	guest := s.guestRoutes()
	all = append(all, guest...)
	all = append(all, s.letterRoutes()...)
	if s.Overview || len(guest) == 0 {
		all = append(all, route{name: "overview", pattern: "GET " + overviewPath, serve: (*visit).overview})
	}
	if len(guest) == 0 {
		all = append(all, route{name: "overview", pattern: "GET /{$}", serve: (*visit).overview})
	}
	return all
}

// bound is a route as the mux holds it. It finds its visit in the request.
type bound struct{ route *route }

// ServeHTTP implements http.Handler.
func (b bound) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	b.route.serve(v)
}

type visitKey struct{}

func newMux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for i := range routes {
		mux.Handle(routes[i].pattern, bound{&routes[i]})
	}
	return mux
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.newVisit(w, r)
	began := s.Clock.Now()
	defer func() {
		v.recovered(recover())
		v.log.Info("request", "method", methodOf(r), "status", v.w.status, "bytes", v.w.bytes,
			"ms", s.Clock.Now().Sub(began).Milliseconds())
	}()
	v.enter()
}

// methodOf names a request's method for the log: a stranger may send any word.
func methodOf(r *http.Request) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if slices.Contains(known, r.Method) {
		return r.Method
	}
	return "other"
}

func (s *Site) newVisit(w http.ResponseWriter, r *http.Request) *visit {
	id := ident.NewOpaque()
	v := &visit{Site: s, w: &recorder{ResponseWriter: w, status: http.StatusOK}, route: &noRoute}
	handler, _ := s.mux.Handler(r)
	if b, ok := handler.(bound); ok {
		v.route = b.route
	} else {
		v.other = handler
	}
	v.log = s.Log.With("request_id", string(id), "route", v.route.name)
	v.r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	v.secure = s.proxies.secure(r)
	v.chooseLanguage()
	v.chooseRegion()
	s.setSecurity(w.Header(), v.route, v.secure)
	w.Header().Set("X-Request-Id", string(id))
	return v
}

// noRoute stands for a request to no address of ours.
var noRoute = route{name: "none"}

// enter checks a request and hands it to its route.
func (v *visit) enter() {
	switch {
	case v.route == &noRoute:
		v.unrouted()
	case v.route.bare:
		v.mux.ServeHTTP(v.w, v.r)
	case v.crossOrigin.Check(v.r) != nil:
		v.log.Warn("a form came from another site and was refused")
		v.fail(http.StatusForbidden)
	default:
		v.enterPage()
	}
}

func (v *visit) enterPage() {
	if code := v.readForm(); code != 0 {
		v.fail(code)
		return
	}
	if err := v.openSession(); err != nil {
		v.log.Error("the session cannot be loaded", "error", err)
		v.fail(http.StatusServiceUnavailable)
		return
	}
	v.chooseLanguage() // a form may ask for another
	v.mux.ServeHTTP(v.w, v.r)
}

// readForm reads what was sent, and gives the status to refuse it with or 0.
func (v *visit) readForm() int {
	if slices.Contains(formLess, v.r.Method) {
		return 0
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, formMax)
	var tooLarge *http.MaxBytesError
	switch err := v.r.ParseForm(); {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	return 0
}

// unrouted answers a request that no route takes. The mux knows whether the
// method is wrong, the address has another form, or there is none.
func (v *visit) unrouted() {
	would := verdict{header: http.Header{}}
	v.other.ServeHTTP(&would, v.r)
	switch {
	case would.code == http.StatusMethodNotAllowed:
		v.w.Header().Set("Allow", would.header.Get("Allow"))
		v.fail(would.code)
	case would.code >= 300 && would.code < 400:
		v.w.Header().Set("Location", would.header.Get("Location"))
		v.send(would.code, nil)
	default:
		v.fail(http.StatusNotFound)
	}
}

// verdict is what the mux would answer by itself.
type verdict struct {
	header http.Header
	code   int
}

func (w *verdict) Header() http.Header         { return w.header }
func (w *verdict) WriteHeader(code int)        { w.code = code }
func (w *verdict) Write(b []byte) (int, error) { return len(b), nil }

// recovered turns a panic into a plain page, unless an answer is already on its
// way. The page says nothing of what happened; the log does, under the request's id.
func (v *visit) recovered(panicked any) {
	if panicked == nil {
		return
	}
	if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked)
	}
	v.log.Error("a page failed", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if !v.w.begun {
		v.session.abandon()
		v.fail(http.StatusInternalServerError)
	}
}

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

// readyMax is how long the database may take to answer before the process is
// called not ready. Load balancers commonly give up at five seconds.
const readyMax = 2 * time.Second
