package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/limit"
)

// state is one page as a guest may come to see it.
type state struct {
	name string
	lead func(g *guest) answer
}

// states are all pages of paying as a guest, each in every state.
func states() []state {
	declined := func(class checkout.DeclineClass) state {
		return state{"declined-" + string(class), func(g *guest) answer { return g.pay("125.00", declineCard+string(class)) }}
	}
	all := []state{
		{"start", func(g *guest) answer { return g.get("/") }},
		{"start-empty", func(g *guest) answer { return g.post("/") }},
		{"start-slip", func(g *guest) answer {
			return g.post("/", "number", g.number.Grouped()[:12], "fact", canaryLast, "fund", "premium")
		}},
		{"start-no-match", func(g *guest) answer {
			return g.post("/", "number", g.number.Grouped(), "fact", "80999", "fund", "premium")
		}},
		{"bill", func(g *guest) answer { return g.get("/bill") }},
		{"bill-unknown", func(g *guest) answer { return g.post("/bill", "code", "ZZZZZ ZZZZZ") }},
		{"bill-expired", (*guest).expiredCode},
		{"bill-paid", func(g *guest) answer { g.payBill(goodCard); g.post("/another"); return g.post("/bill", "code", g.code) }},
		{"pay", func(g *guest) answer { g.find(); return g.get("/pay") }},
		{"pay-bill", func(g *guest) answer { return g.follow(g.post("/bill", "code", g.code)) }},
		{"pay-wrong", func(g *guest) answer { g.find(); return g.post("/pay", "amount", "12,50", "mail", "nobody") }},
		{"review", func(g *guest) answer { g.find(); return g.review("125.00", goodCard, "mail", "payer@example.org") }},
		{"review-bill", func(g *guest) answer {
			g.post("/bill", "code", g.code)
			g.post("/pay", "amount-premium", "412.37", "amount-medical", "88.15", "card-token", goodCard)
			return g.get("/review")
		}},
		{"review-bill-late", func(g *guest) answer {
			g.Clock.Advance(10 * 24 * time.Hour)
			g.post("/bill", "code", g.code)
			g.post("/pay", "amount-premium", "412.37", "amount-medical", "88.15", "card-token", goodCard)
			return g.get("/review")
		}},
		{"review-changed", func(g *guest) answer {
			g.find()
			g.review("125.00", goodCard)
			return g.post("/review", "attempt", "old")
		}},
		{"review-elsewhere", func(g *guest) answer { g.find(); return g.review("125.00", "") }},
		{"back-unpaid", func(g *guest) answer {
			g.find()
			g.post("/review", "attempt", g.review("125.00", "").attempt(g.t))
			return g.get("/pay/back")
		}},
		{"checking", func(g *guest) answer { return g.pay("125.00", lostCard, "mail", "payer@example.org") }},
		{"checking-still", func(g *guest) answer { g.pay("125.00", lostCard); return g.get("/result?still=1") }},
		{"not-taken", (*guest).notTaken},
		{"late", (*guest).lateApproval},
		{"paid", func(g *guest) answer { return g.pay("125.00", goodCard, "mail", "payer@example.org") }},
		{"paid-bill", func(g *guest) answer { return g.payBill(goodCard) }},
		{"paid-partly", func(g *guest) answer { return g.payBill(halfCard) }},
		{"paid-mailed", func(g *guest) answer {
			g.pay("125.00", goodCard)
			return g.post("/receipt", "mail", "payer@example.org")
		}},
		{"paid-mail-wrong", func(g *guest) answer { g.pay("125.00", goodCard); return g.post("/receipt", "mail", "nobody") }},
		{"challenge", (*guest).challenged},
		{"challenge-code", func(g *guest) answer { g.challenged(); return g.post("/code", "mail", "payer@example.org") }},
		{"challenge-wrong", func(g *guest) answer {
			g.challenged()
			g.post("/code", "mail", "payer@example.org")
			return g.post("/code", "code", "abc")
		}},
		{"limit", (*guest).limited},
		{"limit-cards", (*guest).cardsLimited},
		{"unavailable", func(g *guest) answer { return g.pay("125.00", awayCard) }},
		{"session-over", func(g *guest) answer { g.find(); g.Clock.Advance(time.Hour); return g.get("/pay") }},
		{"no-cookies", func(g *guest) answer { g.noCookie = true; g.find(); return g.get("/pay") }},
	}
	for _, class := range checkout.DeclineClasses() {
		all = append(all, declined(class))
	}
	return all
}

func (g *guest) expiredCode() answer {
	g.t.Helper()
	codes, err := g.Store.StatementCodes(g.t.Context(), []ledger.BookNo{ledger.BookNo(g.number)}, calendar.MustParse("2026-11-01"))
	if err != nil {
		g.t.Fatal(err)
	}
	return g.post("/bill", "code", codes[0])
}

func (g *guest) notTaken() answer {
	g.t.Helper()
	g.pay("125.00", lostNoCard)
	g.acquirer.settle()
	g.Clock.Advance(time.Minute)
	if _, err := g.desk.SettleDue(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	return g.get("/result")
}

func (g *guest) lateApproval() answer {
	g.find()
	id := g.review("125.00", declineCard+"funds").attempt(g.t)
	g.follow(g.post("/review", "attempt", id))
	g.late(id)
	return g.get("/result")
}

func (g *guest) challenged() answer {
	for range limit.Defaults().Looks.Number.Free {
		g.post("/", "number", g.number.Digits(), "fact", "Somebody", "fund", "premium")
	}
	return g.follow(g.post("/", "number", g.number.Digits(), "fact", canaryLast, "fund", "premium"))
}

func (g *guest) limited() answer {
	g.challenged()
	for g.post("/code", "mail", "payer@example.org").StatusCode == http.StatusOK {
		g.post("/code", "again", "1")
	}
	return g.post("/code", "mail", "payer@example.org")
}

func (g *guest) cardsLimited() answer {
	g.find()
	for _, class := range []string{"funds", "hard", "issuer"} {
		g.follow(g.post("/review", "attempt", g.review("10", declineCard+class).attempt(g.t)))
	}
	id := g.review("10", goodCard).attempt(g.t)
	if a := g.post("/review", "attempt", id); a.StatusCode != http.StatusSeeOther {
		return a
	}
	g.solve()
	return g.post("/review", "attempt", id)
}

// gallery shows pages again as they were answered, so that a browser can look at
// what came of a form.
type gallery struct {
	site  http.Handler
	shown map[string]answer
}

func (s *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := s.shown[strings.TrimPrefix(r.URL.Path, "/shown/")]
	if !ok {
		s.site.ServeHTTP(w, r)
		return
	}
	for _, name := range []string{"Content-Type", "Content-Language", "Content-Security-Policy"} {
		w.Header().Set(name, a.Header.Get(name))
	}
	_, _ = w.Write([]byte(a.raw))
}

func TestGuestInBrowser_EveryState(t *testing.T) {
	pages := &gallery{site: openCounter(t).handler, shown: map[string]answer{}}
	windows := []struct {
		name  string
		width int64
	}{{"phone", 360}, {"desk", 1280}}
	// Axe looks at each state in each language and in each window; at every pair of
	// both when soaking.
	every := os.Getenv("BILLFOLD_SOAK") != ""
	looksAt := map[string]int{}
	for i, s := range states() {
		for j, language := range []string{"en", "es"} {
			looksAt[s.name+"-"+language] = (i + j) % len(windows)
			g := openCounter(t).guest(t)
			g.language = language
			a := s.lead(g)
			if a.StatusCode == http.StatusSeeOther {
				t.Fatalf("%s: nothing is shown, it goes to %s", s.name, a.Header.Get("Location"))
			}
			pages.shown[s.name+"-"+language] = a
		}
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	browser := browsertest.Start(t)
	for name := range pages.shown {
		t.Run(name, func(t *testing.T) {
			// Text of twice the size in a window of 640 lays out as one of 320 would.
			p := browser.Open(t, server.URL+"/shown/"+name, 320, 800)
			checkFits(t, p)
			for i, window := range windows {
				p.Do(chromedp.EmulateViewport(window.width, 800))
				if every || i == looksAt[name] {
					for _, v := range p.Axe() {
						t.Errorf("axe, on a %s: %v", window.name, v)
					}
				}
				checkFits(t, p)
				picture(t, p, "guest-"+name+"-"+window.name+".png", window.width)
			}
		})
	}
}

// A payer without a mouse comes to every field and button, in the order in which
// they are read, and sees where he is.
func TestGuestInBrowser_ByKeyboard(t *testing.T) {
	c := openCounter(t)
	server := httptest.NewServer(c.handler)
	t.Cleanup(server.Close)
	p := browsertest.Start(t).Open(t, server.URL+"/?lang=en", 1280, 900)
	for range 40 {
		if browsertest.Ask(p, chromedp.Evaluate[string](`document.activeElement.id`)) == "number" {
			break
		}
		p.Do(chromedp.KeyEvent("\t"))
	}
	p.Do(chromedp.KeyEvent(c.number.Digits()))
	tabTo(t, p, "fact")
	p.Do(chromedp.KeyEvent(canaryZIP))
	tabTo(t, p, "fund")
	p.Do(chromedp.KeyEvent(" "))
	p.Do(chromedp.KeyEvent("\r"))
	p.Do(chromedp.WaitVisible(chromedp.CSS("#amount")))
	tabTo(t, p, "amount")
	p.Do(chromedp.KeyEvent("12,50\r"), chromedp.WaitVisible(chromedp.CSS("#errors")))
	browsertest.Ask(p, chromedp.Poll[bool](`document.activeElement.id === "errors"`)) // the summary is read at once
	p.Do(chromedp.KeyEvent("\t"))
	if got := browsertest.Ask(p, chromedp.Evaluate[string](`document.activeElement.hash`)); got != "#amount" {
		t.Errorf("the summary's first stop leads to %q", got)
	}
	// Pressed by its name: the key would be three events here, of which the last may
	// reach the field that the link leads to.
	p.Do(chromedp.Click(chromedp.CSS("#errors a")))
	browsertest.Ask(p, chromedp.Poll[bool](`document.activeElement.id === "amount"`))
}

// tabTo presses the tabulator until an element has the focus.
func tabTo(t *testing.T, p *browsertest.Page, id string) {
	t.Helper()
	for range 30 {
		p.Do(chromedp.KeyEvent("\t"))
		at := browsertest.Ask(p, chromedp.Evaluate[string](`document.activeElement.id`))
		visible := browsertest.Ask(p, chromedp.Evaluate[bool](
			`(() => { const r = document.activeElement.getBoundingClientRect(); return r.bottom > 0 && r.top < innerHeight })()`))
		if !visible {
			t.Errorf("%q has the focus out of sight", at)
		}
		if at == id {
			return
		}
	}
	t.Fatalf("the keyboard does not come to %q", id)
}
