package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/store/storetest"
)

// ground is a site with pages made for tests, on which the ground under all
// pages is tried.
type ground struct {
	t       *testing.T
	site    *Site
	clock   *clock.Fixed
	log     *bytes.Buffer
	cookies map[string]*http.Cookie
	https   bool
}

// gatekeeper is the address of a proxy that the site trusts.
const gatekeeper = "10.1.2.3"

func onGround(t *testing.T, extra ...route) *ground {
	t.Helper()
	o := storetest.Open(t, "sqlite")
	g := &ground{t: t, clock: o.Clock, log: &bytes.Buffer{}, cookies: map[string]*http.Cookie{}}
	p, problems := plan.LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	house, err := plan.NewHouse(p, map[chart.EntityID]chart.EntityNo{"cvhp": 1, "cvmg": 2}, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	g.site, err = New(Options{
		Plan: p, House: house, Source: o.Store, Clock: o.Clock, Log: slog.New(slog.NewTextHandler(g.log, nil)), Sessions: o.Store,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Notices: []Text{MadeUp},
		Processor: &Processor{
			Name: "Test processor", Script: "https://js.pay.example/v3/", Key: "pk_test", Frames: []string{"https://frames.pay.example"},
			Connects: []string{"https://api.pay.example"}, Pages: []string{"https://checkout.pay.example"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.site.names = slices.Concat(g.site.routes(), extra)
	g.site.mux = newMux(g.site.names)
	return g
}

// ask sends a request as a browser that keeps cookies would.
func (g *ground) ask(method, target string, form url.Values, header ...string) *http.Response {
	g.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.RemoteAddr = gatekeeper + ":4711"
	if g.https {
		r.Header.Set("X-Forwarded-Proto", "https")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range g.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	g.site.ServeHTTP(w, r)
	answer := w.Result()
	for _, c := range answer.Cookies() {
		if g.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	return answer
}

func (g *ground) get(target string, header ...string) *http.Response {
	return g.ask(http.MethodGet, target, nil, header...)
}

func (g *ground) post(target string, form url.Values, header ...string) *http.Response {
	return g.ask(http.MethodPost, target, form, header...)
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func noteRoutes() []route {
	show := func(v *visit, text string) {
		v.show(http.StatusOK, "failure", failurePage{Failure: Failure{"Note", text}, Home: "Home"})
	}
	return []route{
		{name: "note", pattern: "GET /note", serve: func(v *visit) {
			text := "nothing kept"
			v.kept("note", &text)
			show(v, text)
		}},
		{name: "note.keep", pattern: "POST /note", serve: func(v *visit) {
			v.keep("note", v.text("text"))
			v.seeOther("/note")
		}},
		{name: "note.rise", pattern: "POST /rise", serve: func(v *visit) { v.rise(); v.seeOther("/note") }},
		{name: "note.end", pattern: "POST /end", serve: func(v *visit) { v.endSession(); v.seeOther("/note") }},
		{name: "card", pattern: "GET /card", loads: cardPage, leaves: true, serve: (*visit).sessionOver},
		{name: "leave", pattern: "POST /leave", leaves: true, serve: func(v *visit) { v.leave(v.text("to")) }},
		{name: "who", pattern: "GET /who", serve: func(v *visit) { show(v, v.client().String()+" "+string(v.device())+" "+v.origin()) }},
		{name: "token", pattern: "GET /t/{token}", serve: func(v *visit) { show(v, v.r.PathValue("token")) }},
		{name: "crash", pattern: "POST /crash", serve: func(*visit) { panic("a secret detail") }},
	}
}

const plainPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"frame-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /reports/csp; report-to csp"

func TestHeaders_ByRoute(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	card := strings.NewReplacer("script-src 'self'", "script-src 'self' https://js.pay.example", "connect-src 'self'",
		"connect-src 'self' https://api.pay.example", "frame-src 'none'", "frame-src https://frames.pay.example", "form-action 'self'",
		"form-action 'self' https://checkout.pay.example").Replace(plainPolicy)
	for _, c := range []struct{ target, policy string }{
		{"/", plainPolicy}, {"/overview", plainPolicy}, {"/note", plainPolicy}, {"/nowhere", plainPolicy}, {"/healthz", plainPolicy},
		{g.site.assets.sheet.Path, plainPolicy}, {"/card", card},
	} {
		h := g.get(c.target).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": c.policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is\n%q, want\n%q", c.target, name, got, want)
			}
		}
		caching := "no-store"
		if strings.HasPrefix(c.target, "/assets/") {
			caching = "public, max-age=31536000, immutable"
		}
		if got := h.Get("Cache-Control"); got != caching {
			t.Errorf("%s: Cache-Control is %q, want %q", c.target, got, caching)
		}
	}
	g.https = true
	if got := g.get("/").Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("over TLS Strict-Transport-Security is %q", got)
	}
}

func TestProcessor_OnlyOriginsOpenThePolicy(t *testing.T) {
	good := Processor{Script: "https://js.pay.example/v3", Frames: []string{"https://pay.example"}, Pages: []string{"http://127.0.0.1:9"}}
	if err := good.check(); err != nil {
		t.Errorf("good origins are refused: %v", err)
	}
	for _, bad := range []string{"*", "https://*.pay.example", "http://pay.example", "https://pay.example/path", "https:", "'unsafe-inline'", "https://a.example; script-src *"} {
		p := good
		p.Frames = []string{bad}
		if err := p.check(); err == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
}

func TestForms_FromOtherSitesAreRefused(t *testing.T) {
	for _, c := range []struct {
		situation string
		header    []string
		code      int
	}{
		{"our own page", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusSeeOther},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a neighbouring name", []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"another site, from a browser that says only the origin", []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, http.StatusForbidden},
	} {
		t.Run(c.situation, func(t *testing.T) {
			g := onGround(t, noteRoutes()...)
			r := g.post("/note", url.Values{"text": {"canary"}}, c.header...)
			if r.StatusCode != c.code {
				t.Errorf("got %d, want %d", r.StatusCode, c.code)
			}
			if kept := strings.Contains(bodyOf(t, g.get("/note")), "canary"); kept != (c.code == http.StatusSeeOther) {
				t.Errorf("kept is %v", kept)
			}
		})
	}
}

func TestForms_AreBounded(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	if r := g.post("/note", url.Values{"text": {strings.Repeat("x", formMax)}}); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of more than %d bytes: got %d", formMax, r.StatusCode)
	}
	g.post("/note", url.Values{"text": {"  one\x00two\r\n "}})
	if body := bodyOf(t, g.get("/note")); !strings.Contains(body, "<p>one two</p>") {
		t.Errorf("control characters are not blanked: %s", body)
	}
	g.post("/note", url.Values{"text": {"\xff\xfe"}})
	if body := bodyOf(t, g.get("/note")); !strings.Contains(body, "<p></p>") {
		t.Error("what is no UTF-8 is kept")
	}
}

func TestSession_KeepsAndEnds(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	check := func(situation, want string) {
		t.Helper()
		if body := bodyOf(t, g.get("/note")); !strings.Contains(body, "<p>"+want+"</p>") {
			t.Errorf("%s: the page lacks %q", situation, want)
		}
	}
	check("at first", "nothing kept")
	if len(g.cookies) != 0 {
		t.Errorf("a reader who gave nothing has cookies: %v", g.cookies)
	}
	g.post("/note", url.Values{"text": {"kept text"}})
	check("after a form", "kept text")
	for range 6 {
		g.clock.Advance(sessionIdle - time.Second)
		check("while somebody is there", "kept text")
	}
	g.clock.Advance(sessionIdle)
	check("after a quarter of an hour without a sign", "nothing kept")

	g.post("/note", url.Values{"text": {"again"}})
	for range 9 {
		g.clock.Advance(14 * time.Minute)
		g.get("/note")
	}
	check("after two hours, however busy", "nothing kept")

	g.post("/note", url.Values{"text": {"last"}})
	g.post("/end", url.Values{})
	check("after it was ended", "nothing kept")
	if _, there := g.cookies[sessionCookie]; there {
		t.Error("the cookie of an ended session is left")
	}
	g.clock.Advance(24 * time.Hour)
	g.site.Sweep(t.Context())
}

// A token that somebody planted in a browser, or that was seen before the session
// came to mean something, opens nothing afterwards.
func TestSession_FixationIsWorthNothing(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	g.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: "planted"}
	g.post("/note", url.Values{"text": {"mine"}})
	first := g.cookies[sessionCookie].Value
	if first == "planted" {
		t.Fatal("a token that the site never gave is in use")
	}
	g.post("/rise", url.Values{})
	second := g.cookies[sessionCookie].Value
	if second == first {
		t.Fatal("the token did not change when the session came to mean more")
	}
	if body := bodyOf(t, g.get("/note")); !strings.Contains(body, "mine") {
		t.Error("what was kept is lost with the new token")
	}
	g.cookies[sessionCookie].Value = first
	if body := bodyOf(t, g.get("/note")); strings.Contains(body, "mine") {
		t.Error("the old token still opens the session")
	}
	// A page that was slow comes with the old token and must not bring it back.
	g.post("/note", url.Values{"text": {"other"}})
	if now := g.cookies[sessionCookie].Value; now == first || now == second {
		t.Error("an ended token was taken up again")
	}
}

func TestSession_TheTableHoldsNoTokenAndNoText(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	g.post("/note", url.Values{"text": {"canary-text"}})
	token := g.cookies[sessionCookie].Value
	if strings.Contains(g.log.String(), token) || strings.Contains(g.log.String(), "canary") {
		t.Error("the log holds a token or what was kept")
	}
	if _, found, err := g.site.Sessions.Session(t.Context(), token, g.clock.Now()); found || err != nil {
		t.Errorf("the session is found by its token itself: %v, %v", found, err)
	}
}

func TestSession_MoreTime(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	if r := g.post(sessionPath, url.Values{}); r.StatusCode != http.StatusGone {
		t.Errorf("without a session: got %d", r.StatusCode)
	}
	g.post("/note", url.Values{"text": {"mine"}})
	g.clock.Advance(30 * time.Second) // too short to be noted as activity by itself
	if r := g.post(sessionPath, url.Values{}); r.StatusCode != http.StatusOK {
		t.Errorf("got %d", r.StatusCode)
	}
	g.clock.Advance(sessionIdle - time.Second)
	if body := bodyOf(t, g.get("/note")); !strings.Contains(body, "mine") {
		t.Error("the session ended although more time was asked for")
	}
}

func TestSession_OverIsAFriendlyPage(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	r := g.get("/card?lang=es")
	if body := bodyOf(t, r); r.StatusCode != http.StatusGone || !strings.Contains(body, "Su sesión ha terminado") || !strings.Contains(body, `href="/"`) {
		t.Errorf("got %d", r.StatusCode)
	}
}

func TestCookies_AreOurs(t *testing.T) {
	for _, https := range []bool{false, true} {
		g := onGround(t, noteRoutes()...)
		g.https = https
		g.get("/who?lang=es&region=high-plains")
		g.post("/note", url.Values{"text": {"x"}})
		names := map[string]bool{}
		for _, c := range g.cookies {
			names[strings.TrimPrefix(c.Name, "__Host-")] = true
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s is open to others: %s", c.Name, c)
			}
			if c.Secure != https || strings.HasPrefix(c.Name, "__Host-") != https {
				t.Errorf("TLS is %v and the cookie is %s", https, c)
			}
			if lasts := c.MaxAge > 0; lasts == strings.HasSuffix(c.Name, sessionCookie) {
				t.Errorf("%s lasts %d seconds", c.Name, c.MaxAge)
			}
		}
		for _, want := range []string{sessionCookie, deviceCookie, languageCookie, regionCookie} {
			if !names[want] {
				t.Errorf("the cookie %s is not set: %v", want, names)
			}
		}
	}
}

func TestClient_TrustsOnlyItsProxies(t *testing.T) {
	for _, c := range []struct{ situation, remote, forwarded, want string }{
		{"nobody in front", "203.0.113.9:80", "", "203.0.113.9"},
		{"a stranger who claims another address", "203.0.113.9:80", "198.51.100.7", "203.0.113.9"},
		{"a trusted proxy", "10.1.2.3:80", "198.51.100.7", "198.51.100.7"},
		{"two trusted proxies", "10.1.2.3:80", "198.51.100.7, 10.9.9.9", "198.51.100.7"},
		{"a reader who wrote a hop of his own", "10.1.2.3:80", "192.0.2.1, 198.51.100.7", "198.51.100.7"},
		{"a hop that is no address", "10.1.2.3:80", "198.51.100.7, unknown", "10.1.2.3"},
		{"IPv4 written as IPv6", "[::ffff:10.1.2.3]:80", "2001:db8::1", "2001:db8::1"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := (proxies{netip.MustParsePrefix("10.0.0.0/8")}).client(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzClient(f *testing.F) {
	f.Add("10.1.2.3:80", "198.51.100.7, 10.9.9.9")
	f.Add("[::1]:1", ",,")
	f.Add("@", "x")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := proxies{netip.MustParsePrefix("10.0.0.0/8")}.client(r)
		if own := peer(r); got != own && !own.Is4() {
			t.Errorf("%q of %q: got %v, but %v is no proxy of ours", forwarded, remote, got, own)
		}
		if got.Zone() != "" || got.Is4In6() {
			t.Errorf("%v has two names", got)
		}
	})
}

func TestSecure_TakesNoStrangersWord(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "203.0.113.9:80"
	r.Header.Set("X-Forwarded-Proto", "https")
	if (proxies{netip.MustParsePrefix("10.0.0.0/8")}).secure(r) {
		t.Error("a stranger's header makes the connection secure")
	}
}

func TestLanguage_SwitchKeepsThePageAndStays(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	if body := bodyOf(t, g.get("/t/abc?x=canary")); !strings.Contains(body, `href="/t/abc?lang=es"`) || strings.Contains(body, "canary") {
		t.Error("the switch does not lead to the same page, or repeats what the address brought")
	}
	g.get("/note?lang=es")
	if got := g.get("/note").Header.Get("Content-Language"); got != "es" {
		t.Errorf("the choice is forgotten: %s", got)
	}
	g.post("/note", url.Values{"text": {"x"}, languageSwitch: {"en"}})
	if got := g.get("/note").Header.Get("Content-Language"); got != "en" {
		t.Errorf("a form's switch is forgotten: %s", got)
	}
}

func TestRegion_BrandsThePage(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	if body := bodyOf(t, g.get("/note?region=high-plains")); !strings.Contains(body, "High Plains") || !strings.Contains(body, "316-555-0110") {
		t.Error("the page does not show the region's brand and telephones")
	}
	if body := bodyOf(t, g.get("/note")); !strings.Contains(body, g.site.themes["high-plains"].Path) {
		t.Error("the region is forgotten")
	}
	if r := g.get("/note?region=nowhere"); r.StatusCode != http.StatusOK {
		t.Errorf("an unknown region: got %d", r.StatusCode)
	}
}

func TestLeave_OnlyToTheProcessor(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	if r := g.post("/leave", url.Values{"to": {"https://checkout.pay.example/c/1"}}); r.Header.Get("Location") != "https://checkout.pay.example/c/1" {
		t.Errorf("got %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
	for _, bad := range []string{"https://evil.example/", "//evil.example", "https://checkout.pay.example.evil.example/", "javascript:alert(1)", ""} {
		if r := g.post("/leave", url.Values{"to": {bad}}); r.StatusCode != http.StatusInternalServerError || r.Header.Get("Location") != "" {
			t.Errorf("%q: got %d to %q", bad, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestCrash_AfterAFormSaysNotToPayAgain(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	r := g.post("/crash", url.Values{})
	if body := bodyOf(t, r); r.StatusCode != http.StatusInternalServerError || strings.Contains(body, "secret") || !strings.Contains(body, "do not pay again") {
		t.Errorf("got %d: %s", r.StatusCode, body)
	}
}

func TestLog_NamesTheRouteAndNotThePath(t *testing.T) {
	g := onGround(t, noteRoutes()...)
	g.get("/t/canary-token?q=canary-query")
	g.ask("CANARY-METHOD", "/note", nil)
	if log := g.log.String(); strings.Contains(strings.ToLower(log), "canary") || !strings.Contains(log, "route=token method=GET") {
		t.Errorf("the log is %s", log)
	}
}

func TestAssets_ArePackedAndNamedByContent(t *testing.T) {
	g := onGround(t)
	sheet := g.site.assets.sheet
	plain, packed := g.get(sheet.Path), g.get(sheet.Path, "Accept-Encoding", "br, gzip;q=0.8")
	if plain.Header.Get("Content-Encoding") != "" || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %q and %q", plain.Header.Get("Content-Encoding"), packed.Header.Get("Content-Encoding"))
	}
	if n := len(bodyOf(t, packed)); n >= len(bodyOf(t, plain))/2 {
		t.Errorf("packed it has %d bytes", n)
	}
	if refused := g.get(sheet.Path, "Accept-Encoding", "gzip;q=0"); refused.Header.Get("Content-Encoding") != "" {
		t.Error("gzip is sent to a browser that refuses it")
	}
	if r := g.get("/assets/site-AAAAAAAA.css"); r.StatusCode != http.StatusNotFound {
		t.Errorf("another hash: got %d", r.StatusCode)
	}
}

func TestDates_AndNumbersInPages(t *testing.T) {
	if got := string(dateText(&spanish, calendar.MustParse("2026-11-03"))); got != `<time datetime="2026-11-03">3 de noviembre de 2026</time>` {
		t.Errorf("got %s", got)
	}
	got, err := last4(&english, "1234")
	if want := `ending in <span class="code" aria-hidden="true">1234</span><span class="ds-u-visibility--screen-reader">1 2 3 4</span>`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := last4(&english, "123456789012"); err == nil {
		t.Error("a whole number is shown")
	}
	if got := string(spoken(strings.Split("AJNF-VXVJ", "-"), "-")); !strings.Contains(got, ">AJNF-VXVJ<") || !strings.Contains(got, ">A J N F, V X V J<") {
		t.Errorf("got %s", got)
	}
}

// firstLoadMax is what a page may weigh for a reader who comes for the first
// time, in bytes over the wire.
const firstLoadMax = 100_000

func TestFirstLoad_IsSmall(t *testing.T) {
	g, _ := withGallery(t)
	address := regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)
	for _, target := range []string{"/overview?lang=es", "/gallery?lang=es", "/gallery/errors?lang=es", "/gallery/card?lang=es", "/nowhere"} {
		body := bodyOf(t, g.get(target))
		size := len(body) // pages are not packed: they hold secrets beside what a reader sent
		for _, found := range address.FindAllStringSubmatch(body, -1) {
			size += len(bodyOf(t, g.get(found[1], "Accept-Encoding", "gzip")))
		}
		t.Logf("%s: %d bytes", target, size)
		if size > firstLoadMax {
			t.Errorf("%s: the first load is %d bytes, want at most %d", target, size, firstLoadMax)
		}
	}
}
