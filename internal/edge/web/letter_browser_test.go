package web_test

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/edge/browsertest"
)

// Every page of mailed letters, in both languages, on a phone and a desk.
func TestLetterInBrowser_EveryState(t *testing.T) {
	states := map[string]func(r *reading, g *guest) answer{
		"ask":       func(r *reading, g *guest) answer { return g.get(r.letter) },
		"ask-empty": func(r *reading, g *guest) answer { return g.post(r.letter) },
		"no-match":  func(r *reading, g *guest) answer { return g.born("/letter/0123456789abcdefghjkmnpqrs") },
		"letter":    func(r *reading, g *guest) answer { return g.follow(g.born(r.letter)) },
		"bill": func(r *reading, g *guest) answer {
			r.options.Letters.Desk = billDesk{r.desk, r.bill(g.language)}
			r.handler = site(t, r.options)
			return g.follow(g.born(r.letter))
		},
		"closed": func(r *reading, g *guest) answer { g.born(r.letter); return g.post("/letter") },
		"over":   func(r *reading, g *guest) answer { g.get(r.letter); return g.get("/letter") },
	}
	pages := &gallery{site: openCounter(t).handler, shown: map[string]answer{}}
	for name, lead := range states {
		for _, language := range []string{"en", "es"} {
			r := openReading(t, language)
			g := r.guest(t)
			g.language = language
			pages.shown[name+"-"+language] = lead(r, g)
		}
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	browser := browsertest.Start(t)
	for name := range pages.shown {
		t.Run(name, func(t *testing.T) {
			p := browser.Open(t, server.URL+"/shown/"+name, 320, 800)
			checkFits(t, p)
			for _, window := range []struct {
				name  string
				width int64
			}{{"phone", 360}, {"desk", 1280}} {
				p.Do(chromedp.EmulateViewport(window.width, 800))
				for _, v := range p.Axe() {
					t.Errorf("axe, on a %s: %v", window.name, v)
				}
				checkFits(t, p)
				picture(t, p, "letter-"+name+"-"+window.name+".png", window.width)
			}
		})
	}
}
