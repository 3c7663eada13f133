package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/people/region"
)

// visit is one request on its way to an answer: where it goes, who asks, in
// which language and region, and what the session holds.
type visit struct {
	*Site
	w       *recorder
	r       *http.Request
	route   *route
	other   http.Handler // the mux's own answer when no route takes the request
	log     *slog.Logger // with the request's id and route
	words   *Words
	region  *region.Pack
	secure  bool // the reader's browser speaks TLS
	session session
	asked   ident.Opaque // of the device, once somebody asked
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) now() time.Time { return v.Clock.Now() }

// client is the network address of whoever asks.
func (v *visit) client() netip.Addr { return v.proxies.client(v.r) }

// Names of what our own parts of a page send.
const (
	languageParam  = "lang"            // in an address
	regionParam    = "region"          // in an address
	languageSwitch = "switch-language" // the button beside a form
)

// chooseLanguage takes the language from the button of the language switch, the
// address, an earlier choice, or what the browser asks for.
func (v *visit) chooseLanguage() {
	pressed := v.r.PostForm.Get(languageSwitch)
	for _, wish := range []string{pressed, v.r.URL.Query().Get(languageParam)} {
		if w := languageOf(wish); w != nil {
			v.remember(languageCookie, w.Tag)
			v.words = w
			return
		}
	}
	if cookie, err := v.r.Cookie(v.cookieName(languageCookie)); err == nil {
		if w := languageOf(cookie.Value); w != nil {
			v.words = w
			return
		}
	}
	_, i := language.MatchStrings(matcher, v.r.Header.Get("Accept-Language"))
	v.words = languages[i]
}

// chooseRegion takes the region whose brand and telephones the page shows from
// the address or an earlier choice, else the plan's first.
func (v *visit) chooseRegion() {
	v.region = &v.Plan.Regions[0]
	if v.pickRegion(v.r.URL.Query().Get(regionParam)) {
		v.remember(regionCookie, string(v.region.ID))
		return
	}
	if cookie, err := v.r.Cookie(v.cookieName(regionCookie)); err == nil {
		v.pickRegion(cookie.Value)
	}
}

func (v *visit) pickRegion(wish string) bool {
	i := slices.IndexFunc(v.Plan.Regions, func(p region.Pack) bool { return string(p.ID) == wish })
	if i >= 0 {
		v.region = &v.Plan.Regions[i]
	}
	return i >= 0
}

// remember keeps a choice that is nobody's secret for a year.
func (v *visit) remember(name, value string) {
	if cookie, err := v.r.Cookie(v.cookieName(name)); err == nil && cookie.Value == value {
		return
	}
	v.setCookie(name, value, yearSeconds)
}

// switching reports that a form came by the language switch: it is shown again
// as it was typed, in the other language, and nothing else is done.
func (v *visit) switching() bool { return v.r.PostForm.Has(languageSwitch) }

// textMax bounds one value of a form, in bytes.
const textMax = 2000

// text gives a value of the form without blanks around it and without control
// characters; what is too long or no UTF-8 is "".
func (v *visit) text(name string) string {
	value := v.r.PostForm.Get(name)
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

// has reports that the form brought a value of this name: a button, a box.
func (v *visit) has(name string) bool { return v.r.PostForm.Has(name) }

// device is the browser's own id, for limits; one that has none gets one.
func (v *visit) device() ident.Opaque {
	if v.asked != "" {
		return v.asked
	}
	if cookie, err := v.r.Cookie(v.cookieName(deviceCookie)); err == nil {
		if id, err := ident.ParseOpaque(cookie.Value); err == nil {
			v.asked = id
			return id
		}
	}
	v.asked = ident.NewOpaque()
	v.setCookie(deviceCookie, string(v.asked), yearSeconds)
	return v.asked
}

// origin is where the site stands for the outside: "https://pay.example.org".
func (v *visit) origin() string {
	if v.PublicURL != "" {
		return strings.TrimSuffix(v.PublicURL, "/")
	}
	scheme := "http"
	if v.secure {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: v.r.Host}).String()
}

// seeOther sends the reader on to an address of ours after a form.
func (v *visit) seeOther(path string) {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		panic("web: not an address of ours: " + path)
	}
	v.redirect(path)
}

// leave sends the reader to the processor's own page. Its origin must be among
// those that were configured, which the policy of the form's page allows.
func (v *visit) leave(to string) {
	origin, err := originOf(to)
	if err != nil || v.Processor == nil || !slices.Contains(v.Processor.Pages, origin) {
		v.log.Error("the card processor's page is at an origin that is not configured", "origin", origin)
		v.fail(http.StatusInternalServerError)
		return
	}
	v.redirect(to)
}

func (v *visit) redirect(to string) {
	if !v.endWell() {
		return
	}
	v.w.Header().Set("Location", to)
	v.send(http.StatusSeeOther, nil)
}

// endWell saves the session; when that fails it answers with a page that says so.
func (v *visit) endWell() bool {
	err := v.saveSession()
	if err == nil {
		return true
	}
	v.log.Error("the session cannot be saved", "error", err)
	v.session.abandon()
	v.fail(http.StatusServiceUnavailable)
	return false
}

func (v *visit) send(code int, body []byte) {
	v.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	v.w.WriteHeader(code)
	_, _ = v.w.Write(body) // a reader who went away is no failure of ours
}

// status answers a machine.
func (v *visit) status(code int, body string) {
	if !v.endWell() {
		return
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.send(code, []byte(body+"\n"))
}

// ready says whether the database answers; the reason is one of a closed set
// and tells a stranger nothing of the machine.
func (v *visit) ready() {
	ctx, cancel := context.WithTimeout(v.ctx(), readyMax)
	defer cancel()
	err := v.Source.Ready(ctx)
	switch {
	case err == nil:
		v.status(http.StatusOK, `{"status":"ready"}`)
	case errors.Is(err, context.DeadlineExceeded):
		v.status(http.StatusServiceUnavailable, `{"status":"not_ready","reason":"timeout"}`)
	default:
		v.status(http.StatusServiceUnavailable, `{"status":"not_ready","reason":"`+fault.KindOf(err).String()+`"}`)
	}
}
