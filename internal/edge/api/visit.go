package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/apikey"
)

// visit is one request on its way through the operations.
type visit struct {
	id  ident.Opaque // by which the log knows it
	key *apikey.Key  // once it was checked
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// ServeHTTP implements http.Handler: what every request gets, whatever its
// operation. The log holds the route and not the address, which a stranger
// composes.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.Clock.Now()
	v := &visit{id: ident.NewOpaque()}
	answer := &recorder{ResponseWriter: w, status: http.StatusOK}
	h := w.Header()
	h["X-Request-Id"] = []string{string(v.id)}
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	defer func() {
		s.recovered(recover(), answer, v)
		s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("request_id", string(v.id)),
			slog.String("route", r.Pattern), slog.Int("status", answer.status), slog.String("key", v.keyID()),
			slog.Int64("us", s.Clock.Now().Sub(began).Microseconds()))
	}()
	s.mux.ServeHTTP(answer, r)
}

// Shared by every answer, and so never changed.
var (
	noSniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

func (v *visit) keyID() string {
	if v.key == nil {
		return ""
	}
	return string(v.key.ID)
}

// recovered turns a panic into a problem that says nothing of it; the log does.
func (s *service) recovered(panicked any, w *recorder, v *visit) {
	if panicked == nil {
		return
	}
	if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked)
	}
	s.Log.Error("an operation failed", "request_id", v.id, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if !w.begun {
		ofFault[fault.Internal].problem("", "").send(w, v)
	}
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (w *recorder) WriteHeader(code int) {
	w.status, w.begun = code, true
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets the library set deadlines on the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// allow lets a request through whose key may do what scope says.
func (s *service) allow(scope apikey.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		v := visitOf(ctx.Context())
		key, err := s.Keys.Check(ctx.Context(), bearer(ctx.Header("Authorization")))
		var p *Problem
		switch {
		case err != nil && fault.KindOf(err) == fault.Denied:
			p = ofRequest[http.StatusUnauthorized].problem(fault.MessageOf(err), fault.HintOf(err))
			p.headers = http.Header{"Www-Authenticate": {`Bearer realm="billfold"`}}
		case err != nil:
			p = s.failed(ctx.Context(), err)
		case key.Sandbox && !s.Sandbox:
			p = ofFault[fault.Denied].problem("a sandbox key works only where the plan is a sandbox", "Use a live key here.")
		case !key.May(scope):
			p = ofFault[fault.Denied].problem(fmt.Sprintf("this key has no scope %s", scope),
				"Scopes never change: ask for a key that has it.")
			p.headers = http.Header{"Www-Authenticate": {fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope)}}
		default:
			v.key = key
			next(ctx)
			return
		}
		_, w := humago.Unwrap(ctx)
		p.send(w, v)
	}
}

// bearer gives the token of an Authorization header, or "".
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}

// failed makes the answer to a failure and logs what the caller is not told.
func (s *service) failed(ctx context.Context, err error) *Problem {
	p := problemOf(err)
	p.RequestID = string(visitOf(ctx).id)
	if ctx.Err() == nil && p.Status >= http.StatusInternalServerError {
		s.Log.Error("an operation failed", "request_id", p.RequestID, "error", err)
	}
	return p
}
