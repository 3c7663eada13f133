package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/billfold/billfold/internal/base/fault"
)

// Problem is why a request was not carried out (RFC 9457). It holds no personal
// data and repeats nothing of what was sent.
type Problem struct {
	Type      string    `json:"type" format:"uri-reference" doc:"Names the sort of problem; compare this and not the title." example:"/api/v1/problems#invalid"`
	Title     string    `json:"title" doc:"What sort of problem it is, for people." example:"The request is not valid"`
	Status    int       `json:"status" doc:"The status of the answer." example:"422"`
	Detail    string    `json:"detail,omitempty" doc:"What is wrong this time." example:"the parts sum to 40.00, not to 45.00"`
	Hint      string    `json:"hint,omitempty" doc:"What to do next." example:"Send the sum of the parts as amount_cents."`
	RequestID string    `json:"request_id,omitempty" doc:"By which our log knows this request; say it when you ask for help." example:"3k5m7p9r1t3v5x7z2b4d6f8h0j"`
	Errors    []Mistake `json:"errors,omitempty" doc:"Each thing that is wrong with the request, and where."`

	headers http.Header
}

// Mistake is one thing wrong with a request.
type Mistake struct {
	Location string `json:"location" doc:"Where it stands." example:"body.parts[0].fund"`
	Message  string `json:"message" doc:"What is wrong with it." example:"expected value to be one of \"premium, medical, pharmacy\""`
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

const problemMedia = "application/problem+json"

// ContentType implements huma.ContentTypeFilter.
func (*Problem) ContentType(string) string { return problemMedia }

// failure is a sort of problem that callers can tell apart.
type failure struct {
	name   string // the last word of its type
	status int
	title  string
	advice string // what a caller does about it
	// hidden says that the detail is for our log and not for the caller.
	hidden bool
}

// ofFault is the table by which every kind of failure becomes a problem. The
// types are described in docs/integrators/problems.md and do not change.
var ofFault = map[fault.Kind]failure{
	fault.Internal: {"internal", http.StatusInternalServerError, "Something failed on our side",
		"Try again with the same idempotency key; if it stays, tell us the request_id.", true},
	fault.Invalid: {"invalid", http.StatusUnprocessableEntity, "The request is not valid",
		"Correct what errors names. Sending the same again gives the same answer.", false},
	fault.NotFound: {"not-found", http.StatusNotFound, "There is no such thing, or none that this key may see",
		"Check the id or key that you asked for.", false},
	fault.Conflict: {"conflict", http.StatusConflict, "An earlier request or the present state forbids it",
		"Ask what became of the first request by its key. Use a new key only for something new.", false},
	fault.Denied: {"denied", http.StatusForbidden, "This key may not do that",
		"Use a key with the scope and mode that the operation needs.", false},
	fault.Limit: {"limit", http.StatusTooManyRequests, "Too many, too large or too often",
		"Wait as long as Retry-After says.", false},
	fault.Unavailable: {"unavailable", http.StatusServiceUnavailable, "A part that we need is down",
		"Try again with the same idempotency key: nothing is done twice.", true},
	fault.UnknownOutcome: {"unknown-outcome", http.StatusGatewayTimeout, "It is not known whether it was done",
		"Do not pay again under another key. Ask with the same key until it is known.", true},
	fault.Corrupt: {"corrupt", http.StatusInternalServerError, "Stored data does not prove",
		"Do not try again; tell us the request_id.", true},
}

// ofRequest are the problems of a request that reached no operation, by status.
var ofRequest = map[int]failure{
	http.StatusBadRequest: {"malformed", http.StatusBadRequest, "The request cannot be read",
		"Send one JSON document of the shape that the operation describes.", false},
	http.StatusUnauthorized: {"unauthenticated", http.StatusUnauthorized, "No valid API key came with the request",
		"Send Authorization: Bearer and the whole token.", false},
	http.StatusMethodNotAllowed: {"method-not-allowed", http.StatusMethodNotAllowed, "This address does not take that method",
		"Use a method that the Allow header names.", false},
	http.StatusNotAcceptable: {"not-acceptable", http.StatusNotAcceptable, "There is no answer of the type that was asked for",
		"Accept application/json.", false},
	http.StatusRequestTimeout: {"request-timeout", http.StatusRequestTimeout, "The request came too slowly",
		"Try again with the same idempotency key.", false},
	http.StatusRequestEntityTooLarge: {"too-large", http.StatusRequestEntityTooLarge, "The request is too large",
		"Split it: a payment has at most 50 parts, a batch 400 policies.", false},
	http.StatusUnsupportedMediaType: {"unsupported-media-type", http.StatusUnsupportedMediaType, "The request is of a type that is not taken",
		"Send Content-Type: application/json.", false},
}

// problemsPath is where the sorts of problem are listed; a type is an address
// within it.
const problemsPath = "/api/v1/problems"

func (f failure) problem(detail, hint string) *Problem {
	if f.hidden {
		detail, hint = "", ""
	}
	if hint == "" {
		hint = f.advice
	}
	return &Problem{Type: problemsPath + "#" + f.name, Title: f.title, Status: f.status, Detail: detail, Hint: hint}
}

// problemOf makes the answer to a failure of an operation.
func problemOf(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ofFault[fault.Unavailable].problem("", "")
	}
	return ofFault[fault.KindOf(err)].problem(fault.MessageOf(err), fault.HintOf(err))
}

// requestProblem makes the answer to a request that cannot be carried out as it
// stands; status is as HTTP names the failure.
func requestProblem(status int, detail string, errs ...error) *Problem {
	of, ok := ofRequest[status]
	if !ok {
		of = ofFault[fault.Internal]
		for _, kind := range fault.Kinds() {
			if ofFault[kind].status == status {
				of = ofFault[kind]
				break
			}
		}
	}
	p := of.problem(detail, "")
	for _, err := range errs {
		var at *huma.ErrorDetail
		if errors.As(err, &at) {
			p.Errors = append(p.Errors, Mistake{masked(at.Location), plain(at.Message)})
		}
	}
	return p
}

// mistaken makes the problem of a request whose field at location is wrong.
func mistaken(location, message string) *Problem {
	return requestProblem(http.StatusUnprocessableEntity, "a field is not valid",
		&huma.ErrorDetail{Location: location, Message: message})
}

// masked takes out of a location what is no name of ours: a caller's own
// property name can hold anything, a number too.
func masked(location string) string {
	const ours = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-[]0123456789"
	names := strings.Split(location, ".")
	for i, name := range names {
		digits := 0
		for _, r := range name {
			if r >= '0' && r <= '9' {
				digits++
			}
		}
		if strings.Trim(name, ours) != "" || digits > 3 || len(name) > 40 {
			names[i] = "?"
		}
	}
	return strings.Join(names, ".")
}

// plain turns what the JSON reader says, which names Go types and repeats
// values, into words for a caller.
func plain(message string) string {
	switch {
	case strings.HasPrefix(message, "json: "):
		return "a value is not of its field's type; amounts are whole cents"
	case strings.HasPrefix(message, "invalid character"), strings.HasPrefix(message, "unexpected end of JSON"):
		return "this is not JSON"
	case strings.HasPrefix(message, "unknown content type"):
		return "send application/json"
	}
	return message
}

// send answers with the problem outside the operations.
func (p *Problem) send(w http.ResponseWriter, v *visit) {
	p.RequestID = string(v.id)
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	w.Header().Set("Content-Type", problemMedia)
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // a caller who went away is no failure of ours
}

// ProblemType describes a sort of problem.
type ProblemType struct {
	Type   string `json:"type" format:"uri-reference" doc:"As it stands in a problem." example:"/api/v1/problems#invalid"`
	Status int    `json:"status" doc:"The status with which it comes." example:"422"`
	Title  string `json:"title" doc:"What it means." example:"The request is not valid"`
	Advice string `json:"advice" doc:"What a caller does about it." example:"Correct what errors names."`
}

// problemTypes lists every sort of problem, those of requests first.
func problemTypes() []ProblemType {
	var all []ProblemType
	add := func(f failure) {
		all = append(all, ProblemType{problemsPath + "#" + f.name, f.status, f.title, f.advice})
	}
	for status := 400; status < 500; status++ {
		if f, ok := ofRequest[status]; ok {
			add(f)
		}
	}
	for _, kind := range fault.Kinds() {
		add(ofFault[kind])
	}
	return all
}

// The library makes its own refusals through these. They hold what was sent,
// which must not be answered or logged.
func init() {
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		return requestProblem(status, detail, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, errs ...error) huma.StatusError {
		p := requestProblem(status, detail, errs...)
		p.RequestID = string(visitOf(ctx.Context()).id)
		return p
	}
	// A name in another letter case is a mistake that would otherwise pass.
	huma.ValidateStrictCasing = true
}
