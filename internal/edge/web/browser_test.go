package web_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/edge/browsertest"
)

// picturesEnv names a folder for pictures of every page tested, for people to
// look at.
const picturesEnv = "BILLFOLD_PICTURES"

func TestInBrowser(t *testing.T) {
	server := httptest.NewServer(site(t, options(t, &fake{figures: figures()}, clock.At(monday), slog.New(slog.DiscardHandler))))
	t.Cleanup(server.Close)
	browser := browsertest.Start(t)

	for _, page := range []struct{ name, path string }{
		{"overview-en", "/?lang=en"}, {"overview-es", "/?lang=es"}, {"missing-en", "/nowhere?lang=en"}, {"missing-es", "/nowhere?lang=es"},
	} {
		for _, window := range []struct {
			name  string
			width int64
		}{{"phone", 360}, {"desk", 1280}} {
			t.Run(page.name+" on a "+window.name, func(t *testing.T) {
				p := browser.Open(t, server.URL+page.path, window.width, 800)
				for _, v := range p.Axe() {
					t.Errorf("axe: %v", v)
				}
				checkFits(t, p)
				picture(t, p, page.name+"-"+window.name+".png", window.width)
			})
		}
	}

	// Text of twice the size in a window of 1280 lays out as one of 640 would; 320
	// is WCAG's narrowest (1.4.10).
	t.Run("nothing is cut off at 320 pixels", func(t *testing.T) {
		for _, path := range []string{"/?lang=en", "/?lang=es"} {
			checkFits(t, browser.Open(t, server.URL+path, 320, 800))
		}
	})

	t.Run("the first stop of the keyboard skips to the content", func(t *testing.T) {
		p := browser.Open(t, server.URL+"/", 1280, 800)
		p.Do(chromedp.KeyEvent("\t"))
		if got := browsertest.Ask(p, chromedp.Evaluate[string](`document.activeElement.hash`)); got != "#main" {
			t.Fatalf("the focus is on %q", got)
		}
		if top := browsertest.Ask(p, chromedp.Evaluate[int](`Math.round(document.activeElement.getBoundingClientRect().top)`)); top < 0 {
			t.Errorf("the link has the focus and cannot be seen: it is at %d", top)
		}
		p.Do(chromedp.KeyEvent("\r"))
		if got := browsertest.Ask(p, chromedp.Evaluate[string](`document.activeElement.id`)); got != "main" {
			t.Errorf("the focus went to %q, want the content", got)
		}
	})
}

func checkFits(t *testing.T, p *browsertest.Page) {
	t.Helper()
	over := browsertest.Ask(p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if over > 0 {
		t.Errorf("the page is %d pixels wider than its window", over)
	}
}

// picture keeps the whole page if somebody wants to look at it.
func picture(t *testing.T, p *browsertest.Page, name string, width int64) {
	t.Helper()
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	height := browsertest.Ask(p, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	p.Do(chromedp.EmulateViewport(width, height))
	if err := os.WriteFile(filepath.Join(dir, name), p.Screenshot(), 0o600); err != nil {
		t.Fatal(err)
	}
}
