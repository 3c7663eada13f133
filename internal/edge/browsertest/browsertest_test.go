package browsertest

import (
	"bytes"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/base/fault"
)

const (
	badPage  = `<!doctype html><html><title>Bad</title><body><img src="data:,"><input></body></html>`
	goodPage = `<!doctype html><html lang="en"><title>Good</title><body><main><h1>Good</h1>
<label>Amount <input></label></main></body></html>`
)

func TestBrowser(t *testing.T) {
	pages := http.NewServeMux()
	for path, body := range map[string]string{"/bad": badPage, "/good": goodPage} {
		pages.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, body)
		})
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	browser := Start(t)

	t.Run("axe finds what is wrong with a page", func(t *testing.T) {
		var found []string
		for _, v := range browser.Open(t, server.URL+"/bad", 800, 600).Axe() {
			found = append(found, v.ID)
		}
		for _, want := range []string{"html-has-lang", "image-alt", "label"} {
			if !slices.Contains(found, want) {
				t.Errorf("axe found %v, want %s among them", found, want)
			}
		}
	})

	t.Run("axe finds nothing wrong with a good page", func(t *testing.T) {
		for _, v := range browser.Open(t, server.URL+"/good", 800, 600).Axe() {
			t.Errorf("unexpected: %v", v)
		}
	})

	t.Run("a picture has the size of the window", func(t *testing.T) {
		page := browser.Open(t, server.URL+"/good", 390, 844)
		picture, err := png.DecodeConfig(bytes.NewReader(page.Screenshot()))
		if err != nil {
			t.Fatal(err)
		}
		if picture.Width != 390 || picture.Height != 844 {
			t.Errorf("the picture is %d by %d, want 390 by 844", picture.Width, picture.Height)
		}
	})

	t.Run("a page can be used and asked", func(t *testing.T) {
		page := browser.Open(t, server.URL+"/good", 800, 600)
		page.Do(chromedp.SendKeys(chromedp.CSS("input"), "12.50"))
		if got := Ask(page, chromedp.Value(chromedp.CSS("input"))); got != "12.50" {
			t.Errorf("the field holds %q after typing 12.50", got)
		}
	})
}

func TestFind_NamedBrowserMissing(t *testing.T) {
	t.Setenv(ChromiumEnv, "/nonexistent/chromium")
	if _, err := Find(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestBrowser_ATabTakenAgainIsLikeNew(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, goodPage)
	}))
	t.Cleanup(server.Close)
	browser := Start(t)

	t.Run("first", func(t *testing.T) {
		p := browser.Open(t, server.URL, 360, 800)
		p.Do(chromedp.SendKeys(chromedp.CSS("input"), "12.50"))
		p.Axe()
		browser.Open(t, server.URL, 360, 800)
		browser.Open(t, server.URL, 360, 800).Media("print", nil)
	})
	t.Run("second", func(t *testing.T) {
		for range 3 {
			p := browser.Open(t, server.URL, 1280, 800)
			state := `[document.hasFocus(), document.querySelector("input").value, "axe" in window, matchMedia("print").matches, innerWidth].join()`
			if got := Ask(p, chromedp.Evaluate[string](state)); got != "true,,false,false,1280" {
				t.Errorf("focus, text, axe, print and width are %s", got)
			}
		}
	})
}
