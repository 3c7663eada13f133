package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/region"
)

// Visit is one request to the office on its way to an answer.
type Visit struct {
	*Door
	W       http.ResponseWriter
	R       *http.Request
	Words   *web.Words
	Account access.Account // of whoever is inside, else the zero Account

	log     *slog.Logger
	secure  bool // the reader's browser speaks TLS
	session access.Session
	token   secret.Text
	sent    bool // the browser sent a token
	status  int
}

const (
	formMax = 64 << 10 // bytes of a form
	textMax = 2000     // bytes of one value
)

func (d *Door) newVisit(w http.ResponseWriter, r *http.Request) *Visit {
	id := ident.NewOpaque()
	v := &Visit{Door: d, W: w, log: d.Log.With("request_id", string(id), "edge", "office")}
	v.R = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	v.secure = d.Site.Secure(w, r)
	w.Header().Set("X-Request-Id", string(id))
	v.chooseLanguage()
	return v
}

// FromElsewhere reports a form of another site's page.
func (v *Visit) FromElsewhere(r *http.Request) bool { return v.Site.FromElsewhere(r) }

func (v *Visit) method() string {
	if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, v.R.Method) {
		return v.R.Method
	}
	return "other"
}

// onThisMachine reports a request that did not leave the machine, by the address that
// the browser was given.
func onThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

const languageParam = "lang"

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

func (v *Visit) chooseLanguage() {
	all := web.Languages()
	named := func(tag string) *web.Words {
		for _, w := range all {
			if w.Tag == tag {
				return w
			}
		}
		return nil
	}
	if w := named(v.R.URL.Query().Get(languageParam)); w != nil {
		v.Words = w
		v.setCookie(v.plainCookie(web.LanguageCookie), "/", w.Tag, 365*24*60*60, http.SameSiteLaxMode)
		return
	}
	if cookie, err := v.R.Cookie(v.plainCookie(web.LanguageCookie)); err == nil {
		if v.Words = named(cookie.Value); v.Words != nil {
			return
		}
	}
	_, i := language.MatchStrings(matcher, v.R.Header.Get("Accept-Language"))
	v.Words = all[i]
}

// The office's own cookie: only its pages send it, no script reads it.
const sessionCookie = "office"

func (v *Visit) plainCookie(name string) string {
	if v.secure {
		return "__Host-" + name
	}
	return name
}

func (v *Visit) cookieName() string {
	if v.secure {
		return "__Secure-" + sessionCookie
	}
	return sessionCookie
}

func (v *Visit) setCookie(name, path, value string, seconds int, same http.SameSite) {
	http.SetCookie(v.W, &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: seconds, Secure: v.secure, HttpOnly: true, SameSite: same,
	})
}

// remember hands the browser a session's token, until it closes.
func (v *Visit) remember(token secret.Text) {
	v.token = token
	v.setCookie(v.cookieName(), Root, token.Reveal(), 0, http.SameSiteStrictMode)
}

func (v *Visit) forget() { v.setCookie(v.cookieName(), Root, "", -1, http.SameSiteStrictMode) }

// open loads the session that the browser names.
func (v *Visit) open() error {
	cookie, err := v.R.Cookie(v.cookieName())
	if err != nil || cookie.Value == "" {
		return nil
	}
	v.sent, v.token = true, secret.New(cookie.Value)
	v.session, v.Account, err = v.Desk.Session(v.Ctx(), v.token)
	return err
}

func (v *Visit) readForm() int {
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead {
		return 0
	}
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, formMax)
	if strings.HasPrefix(v.R.Header.Get("Content-Type"), "application/json") {
		return 0
	}
	var tooLarge *http.MaxBytesError
	switch err := v.R.ParseForm(); {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	return 0
}

// Ctx is the request's context.
func (v *Visit) Ctx() context.Context { return v.R.Context() }

// Now is the time.
func (v *Visit) Now() time.Time { return v.Clock.Now() }

// Actor is who acts.
func (v *Visit) Actor() ident.Actor { return v.Account.Actor() }

// Access is the actor's look at somebody's data, with its reason. The reason is
// fault.Denied when empty.
func (v *Visit) Access(reason string) (audit.Access, error) {
	return audit.By(v.Actor(), reason, "console")
}

// Value gives what the address names.
func (v *Visit) Value(name string) string { return v.R.PathValue(name) }

// Text gives a value of the form without blanks around it and control characters;
// what is too long or no UTF-8 is "".
func (v *Visit) Text(name string) string {
	value := v.R.PostForm.Get(name)
	if len(value) > textMax || !utf8.ValidString(value) {
		return ""
	}
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, value))
}

// T gives a text in the reader's language.
func (v *Visit) T(key string) string {
	text, err := v.text(v.Words, key)
	if err != nil {
		panic(err)
	}
	return text
}

// From is where the request comes from, for limits.
func (v *Visit) from() access.From { return access.From{Address: v.Site.Client(v.R)} }

// page is what every template of the office is given.
type page struct {
	*web.Words
	Ground   web.Ground
	Title    string
	Plan     string
	Logo     string
	Content  any
	Account  *access.Account // nil outside
	Menu     []menuEntry
	Notices  []string
	Note     string
	SwitchTo string
	Switch   *web.Words
	// IdleMinutes is how long the session lasts when nothing happens; 0 outside.
	IdleMinutes int
}

type menuEntry struct {
	Path, Label string
	Here        bool
}

// Show composes a page whole and sends it. Title is in the reader's language.
func (v *Visit) Show(code int, name, title string, content any) {
	p := v.page(title, content)
	var b bytes.Buffer
	if err := v.pages[v.Words].ExecuteTemplate(&b, name, p); err != nil {
		panic(fmt.Errorf("composing %s: %w", name, err))
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Words.Tag)
	v.Send(code, b.Bytes())
}

func (v *Visit) page(title string, content any) page {
	region := &v.Site.Plan.Regions[0]
	p := page{
		Words: v.Words, Ground: v.Site.Ground(region.ID, true), Title: title + " – " + v.T("office") + " – " + v.Site.Plan.Name,
		Plan: v.Site.Plan.Name, Logo: logoOf(region), Content: content, Switch: v.other(),
	}
	p.SwitchTo = (&url.URL{Path: v.R.URL.Path, RawQuery: languageParam + "=" + p.Switch.Tag}).String()
	for _, n := range v.Site.Notices {
		p.Notices = append(p.Notices, v.Words.In(n))
	}
	if v.session.Stage == access.Inside {
		p.Account, p.IdleMinutes = &v.Account, int(access.Idle.Minutes())
		p.Menu = v.menu()
		p.Note = v.takeNote()
	}
	return p
}

func logoOf(r *region.Pack) string { return r.Brand.LogoText }

func (v *Visit) menu() []menuEntry {
	var entries []menuEntry
	for _, item := range v.screens.Menu {
		if v.Account.May(item.Needs) {
			here := v.R.URL.Path == item.Path || strings.HasPrefix(v.R.URL.Path, item.Path+"/")
			entries = append(entries, menuEntry{item.Path, v.T(item.Label), here})
		}
	}
	return entries
}

func (v *Visit) other() *web.Words {
	for _, w := range web.Languages() {
		if w != v.Words {
			return w
		}
	}
	return v.Words
}

// Note keeps a word for the next page.
func (v *Visit) Note(text string) {
	v.session.Note = text
	if err := v.Desk.Save(v.Ctx(), v.token, &v.session); err != nil {
		v.log.Warn("a note for the next page could not be kept", "error", err)
	}
}

func (v *Visit) takeNote() string {
	note := v.session.Note
	if note != "" {
		v.Note("")
	}
	return note
}

// Send sends an answer.
func (v *Visit) Send(code int, body []byte) {
	v.status = code
	v.W.Header().Set("Content-Length", strconv.Itoa(len(body)))
	v.W.WriteHeader(code)
	_, _ = v.W.Write(body) // a reader who went away is no failure of ours
}

// SeeOther sends the reader on to an address of the office.
func (v *Visit) SeeOther(path string) {
	if !strings.HasPrefix(path, Root) {
		panic("auth: not an address of the office: " + path)
	}
	v.W.Header().Set("Location", path)
	v.Send(http.StatusSeeOther, nil)
}

// failure says what is wrong and where to go.
type failure struct{ Heading, Body, Detail, Home, HomeText string }

// Fail answers with a plain page.
func (v *Visit) Fail(code int) {
	f := v.Words.Failures[code]
	v.Show(code, "office-failure", f.Heading, failure{f.Heading, f.Body, "", Root, v.T("fail.home")})
}

// fail is Fail with a text of the office's own.
func (v *Visit) fail(code int, key string) {
	v.Show(code, "office-failure", v.T(key), failure{v.T(key), v.T(key + ".body"), "", Root, v.T("fail.home")})
}

// codeOf gives the status of a kind of failure.
var codeOf = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Denied: http.StatusForbidden, fault.Limit: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

// FailWith answers with what an operation says is wrong. What is our own mistake is
// logged and not shown.
func (v *Visit) FailWith(err error) {
	code, known := codeOf[fault.KindOf(err)]
	if !known {
		v.log.Error("a page of the office failed", "error", err)
		v.Fail(http.StatusInternalServerError)
		return
	}
	if code == http.StatusNotFound || code == http.StatusServiceUnavailable {
		v.log.Info("an operation could not be done", "error", fault.MessageOf(err))
		v.Fail(code)
		return
	}
	v.Show(code, "office-failure", v.T("fail.done"),
		failure{v.T("fail.done"), v.T("fail.done.body"), strings.TrimSpace(fault.MessageOf(err) + ". " + fault.HintOf(err)), Root, v.T("fail.home")})
}

// recovered turns a panic into a plain page; the log says what happened.
func (v *Visit) recovered(panicked any) {
	if panicked == nil {
		return
	}
	if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked)
	}
	v.log.Error("a page of the office failed", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if v.status == 0 {
		v.Send(http.StatusInternalServerError, nil)
	}
}

// Proof is the part of a form that asks for the second factor anew, where it was not
// shown in the last minutes. Templates show it by "proof".
type Proof struct {
	Needed bool
	Code   web.TextField
	Again  string // where a passkey is shown instead
}

// Proof makes the part for a page, with what was wrong before.
func (v *Visit) Proof(problem string) Proof {
	return Proof{
		Needed: !v.session.Fresh(v.Now()),
		Code: web.TextField{
			Field:        web.Field{Name: "code", Label: v.T("second.code"), Hint: v.T("proof.hint"), Error: problem},
			Autocomplete: "one-time-code", InputMode: "numeric", Width: 8,
		},
		Again: againPath + "?to=" + url.QueryEscape(v.R.URL.Path),
	}
}

// Proved checks the part of the form that Proof made, and gives what is wrong with it
// or "".
func (v *Visit) Proved() string {
	if v.session.Fresh(v.Now()) {
		return ""
	}
	code := v.Text("code")
	if code == "" {
		return v.T("proof.missing")
	}
	by, _, err := v.Desk.CheckCode(v.Ctx(), v.from(), v.Account.Name, code)
	if err == nil {
		err = v.Desk.Step(v.Ctx(), v.token, &v.session, by)
	}
	return v.wrong(err, "second.wrong")
}

// wrong says why a proof did not go through, or "".
func (v *Visit) wrong(err error, key string) string {
	switch {
	case err == nil:
		return ""
	case fault.KindOf(err) == fault.Denied:
		return v.T(key)
	case fault.KindOf(err) == fault.Limit:
		return v.T("limit")
	}
	v.log.Error("a proof cannot be checked", "error", err)
	return v.T("broken")
}
