package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/store"
)

// monday is 8:05 in the morning in Denver, 9:05 in Chicago.
var monday = time.Date(2026, time.November, 23, 15, 5, 0, 0, time.UTC)

var (
	premium  = chart.Purse{Entity: 1, Fund: chart.Premium}
	medical  = chart.Purse{Entity: 2, Fund: chart.Medical}
	pharmacy = chart.Purse{Entity: 2, Fund: chart.Pharmacy}
)

// fake is a source with figures of its own.
type fake struct {
	figures store.Overview
	err     error
	ready   error
	counts  int
	panics  bool
}

func (f *fake) Overview(context.Context, map[chart.EntityNo]calendar.Date) (store.Overview, error) {
	f.counts++
	if f.panics {
		panic("a secret detail")
	}
	return f.figures, f.err
}

func (f *fake) Ready(context.Context) error { return f.ready }

// visit is a site with its source, clock and log.
type visit struct {
	t       *testing.T
	source  *fake
	clock   *clock.Fixed
	log     bytes.Buffer
	handler http.Handler
}

func visiting(t *testing.T) *visit {
	t.Helper()
	v := &visit{t: t, source: &fake{figures: figures()}, clock: clock.At(monday)}
	v.handler = site(t, options(t, v.source, v.clock, slog.New(slog.NewTextHandler(&v.log, nil))))
	return v
}

func site(t testing.TB, o web.Options) *web.Site {
	t.Helper()
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err, fault.HintOf(err))
	}
	return s
}

func options(t testing.TB, source web.Source, clk clock.Clock, log *slog.Logger) web.Options {
	t.Helper()
	p, problems := plan.LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	house, err := plan.NewHouse(p, map[chart.EntityID]chart.EntityNo{"cvhp": 1, "cvmg": 2}, clk)
	if err != nil {
		t.Fatal(err)
	}
	return web.Options{
		Plan: p, House: house, Source: source, Clock: clk, Log: log, Notices: []web.Text{web.MadeUp},
		Steps: []web.Step{
			{Title: web.Text{English: "Take a file of checks", Spanish: "Reciba un archivo de cheques"}, Command: "bin/billfold import data/demo/try/lockbox.txt --data data/demo"},
			{Title: web.Text{English: "Prove every cent", Spanish: "Compruebe cada centavo"}, Command: "bin/billfold verify --data data/demo"},
		},
	}
}

// figures are those of a busy installation, every part of the page in use.
func figures() store.Overview {
	return store.Overview{
		At: monday, Members: 10_213, Households: 4_310, Employers: 12, FilesTaken: 3,
		Purses: map[chart.Purse]store.PurseOverview{
			premium: {
				OpenItems: 4_011, Owed: 1_604_400_00, Received: 234_511_00, Moved: -85_00, Applied: 233_000_00,
				Unapplied: 1_326_00, Suspense: 100_00, Agrees: true,
				ByRail: map[chart.Code]store.RailReceipt{
					chart.ClearLockbox: {Today: 1_200_00, InAll: 200_000_00}, chart.ClearACH: {InAll: 34_511_00},
				},
			},
			medical: {
				OpenItems: 921, Owed: 88_213_45, Received: 0, Moved: 85_00, Applied: 85_00, Agrees: true,
			},
			pharmacy: {OpenItems: 1, Owed: 9_99, Agrees: true},
		},
		Trial: map[chart.EntityNo]store.Trial{1: {Debits: 2_000_000_00, Credits: 2_000_000_00}, 2: {Debits: 5_00, Credits: 5_00}},
		Suspense: []store.SuspenseOverview{
			{Purse: premium, Reason: suspense.CheckDigit, Items: 1, Cents: 100_00, Oldest: calendar.MustParse("2026-11-20")},
		},
		Files: []store.FileOverview{
			{Name: "lockbox-2026-11-23.txt", Format: "lockbox", Verdict: fault.Accept, Done: true, Items: 40, Cents: 16_000_00, ReceivedAt: monday},
			{Name: "<b>remit</b> 999.ach", Format: "nacha", Verdict: fault.Refuse, ReceivedAt: monday.Add(-time.Hour)},
			{Name: "members.834", Format: "x12", Verdict: fault.Accept, ReceivedAt: monday.Add(-2 * time.Hour)},
		},
	}
}

func (v *visit) get(target string, header ...string) *http.Response {
	v.t.Helper()
	return v.send(http.MethodGet, target, header...)
}

func (v *visit) send(method, target string, header ...string) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	return w.Result()
}

// text gives a body with its unbreakable blanks as plain ones.
func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\u00a0", " ")
}

func checkHas(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestOverview_SaysHowThePlanStands(t *testing.T) {
	v := visiting(t)
	checkHas(t, text(t, v.get("/")),
		`<html lang="en">`, "Cedar Valley Health", "This is a made-up health plan", "November 23, 2026, 8:05 a.m. MST",
		"Cedar Valley Medical Group", "10,213", "$1,604,400.00", "-$85.00", "Check by mail", "$1,200.00",
		"Yes. Debits of $2,000,000.00 equal credits of $2,000,000.00.", "typing mistake", "3 days",
		"&lt;b&gt;remit&lt;/b&gt; 999.ach", "Not used: it has errors", "Being processed",
		"bin/billfold verify --data data/demo",
		"303-555-0142", `href="tel:&#43;13035550142"`, "TTY 711", "Monday to Friday: 8 a.m. to 6 p.m.", "Mountain time",
		"Monday to Friday: 8 a.m. to noon and 1 p.m. to 5 p.m.", "24 hours a day, every day", "Premiums (Medicare)",
		`<li lang="am">`)
	checkHas(t, text(t, v.get("/?lang=es")),
		`<html lang="es">`, "Este es un plan de salud inventado", "23 de noviembre de 2026, 8:05 a. m. MST", "Facturas sin pagar",
		"Sí. Los débitos", "3 días", "De lunes a viernes: de 8 a. m. a 6 p. m.", "hora de la Montaña", "Abierto ahora")
}

func TestOverview_SaysWhenTheBooksDoNotAddUp(t *testing.T) {
	v := visiting(t)
	v.source.figures.Trial[1] = store.Trial{Debits: 10, Credits: 11}
	p := v.source.figures.Purses[medical]
	p.Agrees = false
	v.source.figures.Purses[medical] = p
	checkHas(t, text(t, v.get("/")), "No. Debits of $0.10 do not equal credits of $0.11.", "do not agree with the books")
}

func TestOverview_OpenNowFollowsEachLinesOwnClock(t *testing.T) {
	v := visiting(t)
	open := strings.Count(text(t, v.get("/")), ">Open now<")
	v.clock.Advance(9*time.Hour + 55*time.Minute) // 18:00 in Denver, 19:00 in Chicago, to the minute
	if got := strings.Count(text(t, v.get("/")), ">Open now<"); open != 12 || got != 4 {
		t.Errorf("got %d lines open in the morning and %d in the evening, want 12 and 4", open, got)
	}
}

func TestOverview_OfAnEmptyInstallation(t *testing.T) {
	v := visiting(t)
	v.source.figures = store.Overview{At: monday}
	checkHas(t, text(t, v.get("/")), "There are none. Every payment has reached its owner.", "No files have come in yet.",
		"No money has come in yet.", "$0.00", "agree with the books")
}

func TestOverview_HidesNumbersInFileNames(t *testing.T) {
	v := visiting(t)
	// One check digit of ten is right.
	for last := range 10 {
		number := fmt.Sprintf("60010010000%d", last)
		v.source.figures.Files[0].Name = "letter " + number + ".txt"
		v.clock.Advance(time.Minute)
		if strings.Contains(text(t, v.get("/")), "letter ••••••••••••.txt") {
			return
		}
	}
	t.Error("no number was hidden")
}

func TestOverview_WithoutFiguresStillSaysWhomToCall(t *testing.T) {
	v := visiting(t)
	v.source.err = fault.New(fault.Unavailable, "store", "the disk of host db7 is gone")
	r := v.get("/")
	body := text(t, r)
	if r.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "db7") {
		t.Errorf("got status %d", r.StatusCode)
	}
	checkHas(t, body, "The totals cannot be counted right now", "303-555-0142")
	if !strings.Contains(v.log.String(), "db7") {
		t.Error("the log does not say why")
	}
}

func TestOverview_IsCountedOnceForManyReaders(t *testing.T) {
	v := visiting(t)
	for range 5 {
		v.get("/")
	}
	if v.source.counts != 1 {
		t.Errorf("counted %d times, want once", v.source.counts)
	}
	v.clock.Advance(3 * time.Second)
	v.source.err = errors.New("gone for a while")
	checkHas(t, text(t, v.get("/")), "10,213") // the last figures, which say their time
	if v.source.counts != 2 {
		t.Errorf("counted %d times, want again after a while", v.source.counts)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ situation, target, accept, want string }{
		{"nobody says", "/", "", "en"},
		{"the browser asks for Mexican Spanish", "/", "es-MX,es;q=0.9,en;q=0.5", "es"},
		{"the browser asks for German, then Spanish", "/", "de, es;q=0.5", "es"},
		{"the browser asks for a language that we lack", "/", "am", "en"},
		{"the address says so", "/?lang=es", "en-US", "es"},
		{"the address overrules the browser", "/?lang=en", "es", "en"},
		{"the address says nonsense", "/?lang=<script>", "es", "es"},
		{"the browser sends nonsense", "/", ";;;\x00,,q=", "en"},
		{"a page that does not exist", "/nowhere?lang=es", "", "es"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			r := visiting(t).get(c.target, "Accept-Language", c.accept)
			if got := r.Header.Get("Content-Language"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			checkHas(t, text(t, r), `<html lang="`+c.want+`">`)
		})
	}
}

func TestFailures(t *testing.T) {
	t.Run("an address that does not exist", func(t *testing.T) {
		r := visiting(t).get("/members/123")
		if r.StatusCode != http.StatusNotFound {
			t.Errorf("got %d", r.StatusCode)
		}
		checkHas(t, text(t, r), "This page does not exist", `href="/"`, `href="/?lang=es"`)
	})
	t.Run("a page that is sent to", func(t *testing.T) {
		r := visiting(t).send(http.MethodPost, "/?lang=es")
		if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("got %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
		}
		checkHas(t, text(t, r), "Esta página solo se puede leer")
	})
	t.Run("a page that panics tells the log and not the reader", func(t *testing.T) {
		v := visiting(t)
		v.source.panics = true
		r := v.get("/")
		body, id := text(t, r), r.Header.Get("X-Request-Id")
		if r.StatusCode != http.StatusInternalServerError || strings.Contains(body, "secret") || id == "" {
			t.Errorf("got %d, %s", r.StatusCode, body)
		}
		checkHas(t, body, "Something went wrong on our side", id)
		checkHas(t, v.log.String(), "a secret detail", "request_id="+id, "status=500")
		v.source.panics = false
		if again := v.get("/"); again.StatusCode != http.StatusOK {
			t.Errorf("the next reader got %d", again.StatusCode)
		}
	})
}

func TestLog_HoldsNothingAStrangerWrote(t *testing.T) {
	v := visiting(t)
	v.get("/?lang=es&number=600100100005", "User-Agent", "canary-agent")
	v.get("/canary-path/600100100005")
	for _, forbidden := range []string{"600100100005", "canary", "lang="} {
		if strings.Contains(v.log.String(), forbidden) {
			t.Errorf("the log holds %q:\n%s", forbidden, v.log.String())
		}
	}
	checkHas(t, v.log.String(), "route=overview method=GET status=200", "route=none method=GET status=404", "request_id=")
}

func TestHealth(t *testing.T) {
	v := visiting(t)
	for _, c := range []struct {
		situation, target string
		ready             error
		code              int
		body              string
	}{
		{"the process answers whatever the database does", "/healthz", errors.New("gone"), http.StatusOK, `{"status":"ok"}`},
		{"the database answers", "/readyz", nil, http.StatusOK, `{"status":"ready"}`},
		{"the database is gone", "/readyz", fault.New(fault.Unavailable, "", "host db7"), http.StatusServiceUnavailable, `{"status":"not_ready","reason":"unavailable"}`},
		{"the database is slow", "/readyz", fmt.Errorf("asking: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, `{"status":"not_ready","reason":"timeout"}`},
	} {
		t.Run(c.situation, func(t *testing.T) {
			v.source.ready = c.ready
			r := v.get(c.target)
			if got := strings.TrimSpace(text(t, r)); r.StatusCode != c.code || got != c.body {
				t.Errorf("got %d %s, want %d %s", r.StatusCode, got, c.code, c.body)
			}
		})
	}
}

func TestPages_AreWellFormed(t *testing.T) {
	v := visiting(t)
	for _, target := range []string{"/", "/?lang=es", "/overview", "/nowhere", "/nowhere?lang=es"} {
		t.Run(target, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader(text(t, v.get(target))))
			if err != nil {
				t.Fatal(err)
			}
			o := outline{t: t, ids: map[string]bool{}, seen: map[string]int{}}
			o.walk(root)
			for _, one := range []string{"h1", "main", "header", "footer", "nav", "title"} {
				if o.seen[one] != 1 {
					t.Errorf("got %d <%s>, want one", o.seen[one], one)
				}
			}
			for _, target := range o.targets {
				if !o.ids[target] {
					t.Errorf("a link or label points at #%s, which is not there", target)
				}
			}
			if len(o.links) == 0 || o.links[0] != "#main" {
				t.Errorf("the first link is not the skip link: %v", o.links)
			}
		})
	}
}

// outline checks a document's structure while it walks through it.
type outline struct {
	t       *testing.T
	level   int // of the last heading
	ids     map[string]bool
	seen    map[string]int
	links   []string
	targets []string // ids that something points at
}

func (o *outline) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		o.element(n)
	}
	for child := range n.ChildNodes() {
		o.walk(child)
	}
}

func (o *outline) element(n *html.Node) {
	o.seen[n.Data]++
	for _, a := range n.Attr {
		o.attribute(n.Data, a.Key, a.Val)
	}
	switch n.Data {
	case "style", "iframe", "form":
		o.t.Errorf("the page has a <%s>", n.Data)
	case "script":
		if attribute(n, "src") == "" || attribute(n, "integrity") == "" || n.FirstChild != nil {
			o.t.Error("a script stands in the page itself, or without its integrity")
		}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		level := int(n.Data[1] - '0')
		if level > o.level+1 {
			o.t.Errorf("<%s> follows a heading of level %d", n.Data, o.level)
		}
		o.level = level
	case "table":
		if c := n.FirstChild; c == nil || c.NextSibling == nil || c.NextSibling.Data != "caption" {
			o.t.Error("a table does not begin with its caption")
		}
	case "th":
		if s := attribute(n, "scope"); s != "col" && s != "row" {
			o.t.Errorf("a heading cell has scope %q", s)
		}
	}
}

func (o *outline) attribute(element, key, value string) {
	switch {
	case key == "id":
		if o.ids[value] {
			o.t.Errorf("the id %q stands twice", value)
		}
		o.ids[value] = true
	case key == "style" || strings.HasPrefix(key, "on"):
		o.t.Errorf("<%s> has %s, which the policy forbids", element, key)
	case key == "aria-labelledby":
		o.targets = append(o.targets, value)
	case key == "src" && !strings.HasPrefix(value, "/assets/"), key == "href" && (strings.Contains(value, "//") || !strings.ContainsAny(value[:1], "/#") && !strings.HasPrefix(value, "tel:+1")):
		o.t.Errorf("<%s> points away with %q", element, value)
	case key == "href" && element == "a":
		o.links = append(o.links, value)
		if id, local := strings.CutPrefix(value, "#"); local {
			o.targets = append(o.targets, id)
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
