package processor

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").ParseFS(assets, "assets/*.html"))

// serveBrowsers serves the script for merchants' pages, the fields that it puts
// into them, and the hosted page.
func (p *Processor) serveBrowsers(mux *http.ServeMux) {
	// Any page may load the script, and hold it to a digest of its content.
	mux.Handle("GET /v3/{$}", file("v3.js", "text/javascript; charset=utf-8", map[string]string{
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "no-cache",
	}))
	own := map[string]string{"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-cache"}
	mux.Handle("GET /assets/field.js", file("field.js", "text/javascript; charset=utf-8", own))
	mux.Handle("GET /assets/field.css", file("field.css", "text/css; charset=utf-8", own))
	mux.Handle("GET /assets/page.css", file("page.css", "text/css; charset=utf-8", own))
	mux.HandleFunc("GET /fields/{kind}", showField)
	mux.HandleFunc("GET /c/pay/{id}", p.showPage)
	mux.HandleFunc("POST /c/pay/{id}", p.payPage)
}

// file serves one of the files that were built into the program.
func file(name, kind string, headers map[string]string) http.Handler {
	body, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("processor: " + err.Error())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("X-Content-Type-Options", "nosniff")
		for header, value := range headers {
			h.Set(header, value)
		}
		w.Write(body)
	})
}

// autocompletes are the kinds of field with what browsers fill in by themselves.
var autocompletes = map[string]string{"card-number": "cc-number", "card-expiry": "cc-exp", "card-cvc": "cc-csc"}

// fieldPolicy lets a field run its own script and speak with its own origin and
// nobody else. Any page may show it in a frame, as with every processor's fields.
const fieldPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"

var groupForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// showField is one field of a card, to be shown in a frame.
func showField(w http.ResponseWriter, r *http.Request) {
	kind, group := r.PathValue("kind"), r.URL.Query().Get("group")
	texts := wordsFor(r.URL.Query().Get("locale"), r)
	autocomplete, known := autocompletes[kind]
	if !known || !groupForm.MatchString(group) {
		http.NotFound(w, r)
		return
	}
	messages, err := json.Marshal(texts.Messages)
	if err != nil {
		panic(fmt.Errorf("processor: writing the words of a field: %w", err))
	}
	out := compose(http.StatusOK, "field.html", map[string]any{
		"Words": texts, "Field": texts.Fields[kind], "Kind": kind, "Group": group, "Messages": string(messages), "Autocomplete": autocomplete,
	})
	out.policy = fieldPolicy
	send(w, out)
}

// compose writes a page whole before any of it is sent.
func compose(status int, name string, content any) reply {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, content); err != nil {
		panic(fmt.Errorf("processor: composing %s: %w", name, err))
	}
	return reply{status: status, kind: "text/html; charset=utf-8", body: b.Bytes()}
}
