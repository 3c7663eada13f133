// Package auth is the office's door: signing in with two factors, setting an account
// up, sessions, and the frame in which every page of the office stands.
//
// It knows HTTP, cookies, pages and passkeys (WebAuthn). It does not know who may do
// what: package access does, which a route's permission is asked of. It knows no
// screen of the office; those are handed to New.
//
// Invariants: no screen's own code runs before a second factor was shown, its
// permission was found, and a form was seen to come from our own page; the session is
// the office's own, in a cookie that only this site's pages send and no script reads;
// nothing is served without TLS but on the machine itself; every text is in every
// language (texts.go). Start reading at New, then Door.ServeHTTP.
package auth

import (
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
)

// Root is where the office's pages stand.
const Root = "/office"

// Route is one address of the office.
type Route struct {
	Name    string            // for the log
	Pattern string            // of net/http's ServeMux
	Needs   access.Permission // "" for whoever is signed in
	Serve   func(v *Visit)
}

// MenuItem is one entry of the menu, for whoever has its permission.
type MenuItem struct {
	Path  string
	Label string // key of a text
	Needs access.Permission
}

// Screens are what is behind the door.
type Screens struct {
	Routes []Route
	Menu   []MenuItem
	Files  fs.FS // templates, *.html
	Texts  map[string]web.Text
	Funcs  func(w *web.Words) template.FuncMap // what the templates call besides
}

// Options are what the door needs.
type Options struct {
	Desk  *access.Desk
	Site  *web.Site
	Clock clock.Clock
	Log   *slog.Logger
}

// Door is the handler of all pages of the office.
type Door struct {
	Options
	screens Screens
	texts   map[string]web.Text
	pages   map[*web.Words]*template.Template
	mux     *http.ServeMux
}

// New makes the door with the screens behind it.
func New(o Options, screens Screens) (*Door, error) {
	d := &Door{Options: o, screens: screens, texts: maps.Clone(texts), pages: map[*web.Words]*template.Template{}, mux: http.NewServeMux()}
	maps.Copy(d.texts, screens.Texts)
	for _, w := range web.Languages() {
		if err := d.parse(w); err != nil {
			return nil, fault.New(fault.Corrupt, "auth.New", "a page's template does not parse: %v", err)
		}
	}
	for _, r := range append(d.ownRoutes(), inside(screens.Routes)...) {
		d.mux.Handle(r.Pattern, &r)
	}
	return d, nil
}

// route is an address with who may come so far.
type route struct {
	Route
	stages []access.Stage // none: anybody
}

// ServeHTTP implements http.Handler. It finds its visit in the request.
func (r *route) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	v, _ := request.Context().Value(visitKey{}).(*Visit)
	v.R = request
	r.Serve(v)
}

type visitKey struct{}

func inside(routes []Route) []route {
	var all []route
	for _, r := range routes {
		all = append(all, route{r, []access.Stage{access.Inside}})
	}
	return all
}

func (d *Door) parse(w *web.Words) error {
	pages, err := d.Site.Pieces(w)
	if err != nil {
		return err
	}
	pages.Funcs(template.FuncMap{
		"t": func(key string) (string, error) { return d.text(w, key) },
	})
	if d.screens.Funcs != nil {
		pages.Funcs(d.screens.Funcs(w))
	}
	if pages, err = pages.ParseFS(files, "assets/*.html"); err != nil {
		return err
	}
	if d.screens.Files != nil {
		if pages, err = pages.ParseFS(d.screens.Files, "assets/*.html"); err != nil {
			return err
		}
	}
	d.pages[w] = pages
	return nil
}

// text gives a text in a language.
func (d *Door) text(w *web.Words, key string) (string, error) {
	if found, ok := d.texts[key]; ok {
		return w.In(found), nil
	}
	return "", fault.New(fault.Internal, "auth.text", "there is no text %q", key)
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := d.newVisit(w, r)
	began := d.Clock.Now()
	defer func() {
		v.recovered(recover())
		v.log.Info("request", "method", v.method(), "status", v.status, "ms", d.Clock.Now().Sub(began).Milliseconds())
	}()
	v.enter()
}

// enter lets a request as far as its session allows.
func (v *Visit) enter() {
	handler, _ := v.mux.Handler(v.R)
	found, ok := handler.(*route)
	switch {
	case !v.secure && !onThisMachine(v.R.Host):
		v.fail(http.StatusForbidden, "fail.tls")
		return
	case !ok:
		v.Fail(http.StatusNotFound)
		return
	case v.FromElsewhere(v.R):
		v.log.Warn("a form came from another site and was refused")
		v.Fail(http.StatusForbidden)
		return
	}
	v.log = v.log.With("route", found.Name)
	if code := v.readForm(); code != 0 {
		v.Fail(code)
		return
	}
	if err := v.open(); err != nil {
		v.log.Error("the session cannot be loaded", "error", err)
		v.Fail(http.StatusServiceUnavailable)
		return
	}
	if !found.lets(v.session.Stage) {
		v.elsewhere()
		return
	}
	if found.Needs != "" && !v.Account.May(found.Needs) {
		v.fail(http.StatusForbidden, "fail.permission")
		return
	}
	if v.session.Stage == access.Inside && len(v.session.Recovery) > 0 && !strings.HasPrefix(found.Name, "codes") {
		v.SeeOther(codesPath)
		return
	}
	v.mux.ServeHTTP(v.W, v.R)
}

func (r *route) lets(stage access.Stage) bool {
	for _, s := range r.stages {
		if s == stage {
			return true
		}
	}
	return len(r.stages) == 0
}

// elsewhere sends somebody to the page that comes next for them.
func (v *Visit) elsewhere() {
	switch v.session.Stage {
	case access.Joins:
		v.SeeOther(appPath)
	case access.Half:
		v.SeeOther(secondPath)
	case access.Inside:
		v.SeeOther(v.home())
	default:
		if v.sent { // there was a session
			v.forget()
			v.SeeOther(signInPath + "?ended=1")
			return
		}
		v.SeeOther(signInPath)
	}
}

// home is the first page that somebody may see.
func (v *Visit) home() string {
	for _, item := range v.screens.Menu {
		if v.Account.May(item.Needs) {
			return item.Path
		}
	}
	return mePath
}
