package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/people/billpay"
)

// galleryForms are the forms that browsers sent.
type galleryForms struct {
	mu   sync.Mutex
	sent []url.Values
}

func (f *galleryForms) add(form url.Values) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, form)
}

func (f *galleryForms) all() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

// fakeProcessor serves a script that speaks as much of the processor's as ours
// uses, and the frames of its fields, from an origin of its own.
const fakeProcessor = `window.Stripe = (key, options) => ({
  elements: () => ({ create: (kind) => { let listen = () => {}; return {
    on: (name, cb) => { if (name === "change") listen = cb; },
    mount: (at) => { const f = document.createElement("iframe"); f.title = kind; f.src = %q + kind; at.append(f); window.slip = () => listen({error: {message: "the card's slip"}}); window.mend = () => listen({complete: true}); },
    focus: () => {} }; } }),
  createPaymentMethod: async (what) => { window.asked = (window.asked || 0) + 1; window.billing = JSON.stringify(what.billing_details || {});
    return window.decline ? { error: { message: "declined by test" } } : { paymentMethod: { id: "pm_test_" + key + "_" + options.locale } }; },
});`

func processorOrigin(t *testing.T) *httptest.Server {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3.js" {
			w.Header().Set("Content-Type", "text/javascript")
			w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
			fmt.Fprintf(w, fakeProcessor, s.URL+"/field/")
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>field</title><main><h1>field</h1><label>%s <input></label></main>`, strings.TrimPrefix(r.URL.Path, "/field/"))
	}))
	t.Cleanup(s.Close)
	return s
}

// shownGallery is the gallery as a browser meets it.
type shownGallery struct {
	*ground
	forms     *galleryForms
	processor string // its origin
	server    string
	browser   *browsertest.Browser
}

func showGallery(t *testing.T) *shownGallery {
	t.Helper()
	s := &shownGallery{processor: processorOrigin(t).URL}
	s.ground, s.forms = withGallery(t)
	s.site.Processor.Script, s.site.Processor.Frames = s.processor+"/v3.js", []string{s.processor}
	server := httptest.NewServer(s.site)
	t.Cleanup(server.Close)
	s.server, s.browser = server.URL, browsertest.Start(t)
	return s
}

func (s *shownGallery) open(t *testing.T, path string, width int64) *browsertest.Page {
	t.Helper()
	return s.browser.Open(t, s.server+path, width, 800)
}

// press presses the form's main button.
const press = `document.querySelector(".buttons .ds-c-button--solid").click()`

func TestGallery_Looks(t *testing.T) {
	g := showGallery(t)
	open := g.open
	for _, path := range []string{"/gallery", "/gallery/errors", "/gallery/card", "/card"} {
		for _, lang := range []string{"en", "es"} {
			for _, width := range []int64{360, 1280} {
				t.Run(fmt.Sprintf("%s in %s at %d", path, lang, width), func(t *testing.T) {
					p := open(t, path+"?lang="+lang, width)
					for _, v := range p.Axe() {
						t.Errorf("axe: %v", v)
					}
					checkFits(t, p)
					if stopped := askLater(p, stoppedByPolicy); stopped != "" {
						t.Errorf("the policy stopped %s", stopped)
					}
					keepPicture(t, p, fmt.Sprintf("%s-%s-%d.png", strings.ReplaceAll(path[1:], "/", "-"), lang, width), width)
				})
			}
		}
	}
	t.Run("nothing is cut off at 320 pixels", func(t *testing.T) {
		for _, path := range []string{"/gallery/errors?lang=es", "/gallery/card?lang=es", "/overview?lang=es"} {
			checkFits(t, open(t, path, 320))
		}
	})
	t.Run("nothing is cut off with text of twice the size", func(t *testing.T) {
		p := open(t, "/gallery/errors?lang=es", 1280)
		ask[int](p, `document.documentElement.style.setProperty("font-size", "200%"), 0`)
		checkFits(t, p)
	})
	t.Run("what is not allowed is stopped, and we see it", func(t *testing.T) {
		p := open(t, "/gallery", 1280)
		ask[int](p, `document.body.append(Object.assign(document.createElement("img"), {src: "https://elsewhere.invalid/x.png"})), 0`)
		if got := askLater(p, stoppedByPolicy); !strings.Contains(got, "img-src https://elsewhere.invalid") {
			t.Errorf("got %q", got)
		}
		ask[int](p, `document.body.setAttribute("style", "color: red"), 0`)
		if got := ask[string](p, `document.body.style.color`); got != "" {
			t.Errorf("an inline style took effect: %q", got)
		}
	})
}

func TestGallery_Keyboard(t *testing.T) {
	g := showGallery(t)
	open, forms := g.open, g.forms
	t.Run("the keyboard goes from top to bottom", func(t *testing.T) {
		p := open(t, "/gallery", 1280)
		var stops []string
		for range 13 {
			p.Do(chromedp.KeyEvent("\t"))
			stops = append(stops, ask[string](p, `(e => e.id || e.name || e.hash || e.className || e.tagName)(document.activeElement)`))
		}
		want := "#main A switch-language number SUMMARY fact mail for any amount ds-c-button ds-c-button--solid other buttons__back"
		if got := strings.Join(stops, " "); got != want {
			t.Errorf("the stops are\n%q, want\n%q", got, want)
		}
	})
	t.Run("Enter in a field sends the form and does not switch the language", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		before := len(forms.all())
		p.Do(chromedp.SendKeys("#number", "1234 5678 903"))
		ask[int](p, `document.getElementById("number").value = "`+goodNumber+`", 0`)
		p.Do(chromedp.SendKeys("#fact", "x\r"), chromedp.WaitVisible("h1"))
		p.Wait(`location.pathname === "/note"`)
		if sent := forms.all(); len(sent) != before+1 || sent[before].Has(languageSwitch) {
			t.Errorf("sent %v", sent[before:])
		}
		if got := ask[string](p, `document.documentElement.lang`); got != "en" {
			t.Errorf("the language is %s", got)
		}
	})
	t.Run("errors take the focus and lead to their fields", func(t *testing.T) {
		p := open(t, "/gallery/errors?lang=en", 1280)
		if got := ask[string](p, `document.activeElement.id + document.title.slice(0, 7)`); got != "errorsError: " {
			t.Errorf("got %q", got)
		}
		p.Do(chromedp.Click(`#errors a[href="#for"]`))
		if got := ask[string](p, `document.activeElement.id`); got != "for" {
			t.Errorf("the focus went to %q", got)
		}
	})
	t.Run("the language switch keeps what was typed", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		p.Do(chromedp.SendKeys("#number", "123"))
		p.Do(chromedp.SendKeys("#fact", "López"))
		ask[int](p, `document.querySelector("label[for=for-1]").click(), 0`)
		p.Do(chromedp.Click("button.head__switch"))
		p.Wait(`document.documentElement.lang === "es"`)
		if got := ask[string](p, `["number","fact"].map(n => document.getElementById(n).value).join() + document.getElementById("for-1").checked`); got != "123,Lópeztrue" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestGallery_Forms(t *testing.T) {
	g := showGallery(t)
	open, forms := g.open, g.forms
	t.Run("the number is grouped while it is typed, and the caret stays", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		p.Do(chromedp.SendKeys("#number", "12345678"))
		if got := ask[string](p, `number.value`); got != "1234 5678" {
			t.Errorf("got %q", got)
		}
		ask[int](p, `number.setSelectionRange(2, 2), 0`)
		p.Do(chromedp.KeyEvent("9"))
		if got := ask[string](p, `number.value + "|" + number.selectionStart`); got != "1293 4567 8|3" {
			t.Errorf("in the middle: got %q", got)
		}
	})
	t.Run("a slip is named before the form is sent", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		before := len(forms.all())
		for typed, want := range map[string]string{
			"314159265353": english.Pieces.NumberProblems[9], "123456789": english.Pieces.DigitsMissing.Of(1), "12O4 5678 9012": english.Pieces.NumberProblems[2],
			"4242 4242 4242 4242": english.Pieces.NumberProblems[7],
		} {
			ask[int](p, `number.value = "`+typed+`", number.dispatchEvent(new Event("input")), `+press+`, 0`)
			if got := ask[string](p, `document.querySelector("#number-error [data-error-text]").textContent`); got != want {
				t.Errorf("%s: got %q, want %q", typed, got, want)
			}
			if got := ask[string](p, `document.activeElement.id + number.getAttribute("aria-invalid") + number.getAttribute("aria-describedby")`); got != "numbertruenumber-hint number-error" {
				t.Errorf("%s: focus and states are %q", typed, got)
			}
		}
		if got := ask[string](p, `number.value`); got != "" && strings.Contains(got, "4242") {
			t.Errorf("a card's number stays in the field: %q", got)
		}
		if len(forms.all()) != before {
			t.Error("a form with a slip was sent")
		}
	})
	t.Run("what is sent again in spite of a slip is meant", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		before := len(forms.all())
		ask[int](p, `number.value = "HP-00427", number.dispatchEvent(new Event("input")), `+press+`, 0`)
		if len(forms.all()) != before {
			t.Error("the first time, the slip was not named")
		}
		ask[int](p, `number.value = "HP-00428", `+press+`, 0`)
		if len(forms.all()) != before {
			t.Error("another text was taken for the one that was named")
		}
		ask[int](p, press+`, 0`)
		p.Wait(`location.pathname === "/note"`)
		if n := len(forms.all()) - before; n != 1 {
			t.Errorf("sent again, %d forms came", n)
		}
	})
	t.Run("what the server reads is never refused", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		for _, typed := range []string{
			goodNumber, "3141 5926 5352", "3141-5926-5352", " 3141\u00a05926\u20135352. ", "#314159265352", "(314159265352)", "３１４１５９２６５３５２", "4728 190 363", "47281903658",
		} {
			if _, err := billpay.Parse(typed); err != nil {
				t.Fatal(typed, err)
			}
			if got := ask[string](p, `number.value = "`+typed+`", number.numberProblem()`); got != "" {
				t.Errorf("%q: %s", typed, got)
			}
		}
	})
	t.Run("a second press sends nothing", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280)
		before := len(forms.all())
		ask[int](p, `number.value = "`+goodNumber+`", (b => { b.click(); b.click(); b.click(); })(document.querySelector(".buttons .ds-c-button--solid")), 0`)
		p.Wait(`location.pathname === "/note"`)
		if n := len(forms.all()) - before; n != 1 {
			t.Errorf("the form was sent %d times", n)
		}
	})
	t.Run("more time is offered before the session ends", func(t *testing.T) {
		p := open(t, "/gallery?lang=en", 1280) // an earlier form has begun a session in this browser
		if got := ask[string](p, `document.querySelector("[data-session]").dataset.session + document.querySelector("[data-session]").hidden`); got != "15true" {
			t.Fatalf("the warning is %q", got)
		}
		ask[int](p, `document.querySelector("[data-session] button").click(), 0`)
		p.Wait(`document.querySelector("[data-session] p").textContent === document.querySelector("[data-session]").dataset.kept`)
	})

}

func TestGallery_CardFields(t *testing.T) {
	g := showGallery(t)
	open, forms := g.open, g.forms
	t.Run("the card fields come from the processor and only a token is sent", func(t *testing.T) {
		p := open(t, "/gallery/card?lang=en", 1280)
		p.Wait(`document.querySelectorAll("[data-card] iframe").length === 3`)
		if got := ask[string](p, `[document.querySelector("[data-card]").hidden, document.querySelector("[data-no-card]").hidden].join()`); got != "false,true" {
			t.Errorf("hidden are %s", got)
		}
		ask[int](p, `window.slip(), 0`)
		if got := ask[string](p, `document.querySelector("#cardCvc-error").innerText`); !strings.Contains(got, "the card's slip") {
			t.Errorf("the field's error is %q", got)
		}
		ask[int](p, `window.mend(), window.decline = true, `+press+`, 0`)
		p.Wait(`document.querySelector("[data-card-problem]").textContent === "declined by test"`)
		before := len(forms.all())
		ask[int](p, `window.decline = false, (b => { b.click(); b.click(); })(document.querySelector(".buttons .ds-c-button--solid")), 0`)
		p.Wait(`location.pathname === "/note"`)
		sent := forms.all()[before:]
		if len(sent) != 1 || sent[0].Get("card-token") != "pm_test_pk_test_en" {
			t.Errorf("sent %v", sent)
		}
	})
	t.Run("a form may lead to the processor's own page, from this page only", func(t *testing.T) {
		g.site.Processor.Pages = []string{g.processor}
		for path, leaves := range map[string]bool{"/gallery/card?lang=en": true, "/gallery?lang=en": false} {
			p := open(t, path, 1280)
			ask[int](p, `(f => { const b = document.createElement("button"); b.name = "hosted"; b.value = "1"; f.append(b); b.click(); })(document.getElementById("page-form")), 0`)
			if leaves {
				p.Wait(`location.origin === "` + g.processor + `"`)
				continue
			}
			if got := askLater(p, stoppedByPolicy); !strings.Contains(got, "form-action") {
				t.Errorf("%s: the policy stopped %q", path, got)
			}
		}
	})
	t.Run("without the processor's script its own page stays open", func(t *testing.T) {
		g.site.Processor.Script = g.processor + "/gone"
		p := open(t, "/gallery/card?lang=en", 1280)
		if got := ask[string](p, `[document.querySelector("[data-card]").hidden, document.querySelector("[data-no-card]").hidden].join()`); got != "true,false" {
			t.Errorf("hidden are %s", got)
		}
	})
}

func TestGallery_OtherMedia(t *testing.T) {
	g := showGallery(t)
	t.Run("paper shows what was paid and nothing to press", func(t *testing.T) {
		p := g.open(t, "/gallery?lang=en", 800)
		p.Media("print", nil)
		for selector, want := range map[string]string{
			".receipt__number": "true", ".foot__phones": "true", ".head__brand": "true", ".buttons": "false", ".head nav": "false",
			".skip": "false", ".receipt__print": "false", ".progress": "false",
		} {
			if got := ask[string](p, `String(document.querySelector("`+selector+`").checkVisibility())`); got != want {
				t.Errorf("%s: shown is %s, want %s", selector, got, want)
			}
		}
		keepPicture(t, p, "gallery-print.png", 800)
	})
	t.Run("with colours of the system, lines carry what colour carried", func(t *testing.T) {
		p := g.open(t, "/gallery/errors?lang=en", 360)
		p.Media("", map[string]string{"forced-colors": "active"})
		for _, selector := range []string{".ds-c-alert", ".field--error", ".buttons .ds-c-button--solid", ".progress__now", ".head"} {
			if got := ask[string](p, `(c => [c.borderTopWidth, c.borderLeftWidth, c.borderBottomWidth].join())(getComputedStyle(document.querySelector("`+selector+`")))`); got == "0px,0px,0px" {
				t.Errorf("%s has no line", selector)
			}
		}
		keepPicture(t, p, "gallery-forced.png", 360)
	})
	t.Run("nothing moves for whoever asked for that", func(t *testing.T) {
		p := g.open(t, "/gallery?lang=en", 360)
		p.Media("", map[string]string{"prefers-reduced-motion": "reduce"})
		if got := ask[string](p, `getComputedStyle(document.documentElement).scrollBehavior + getComputedStyle(document.querySelector(".ds-c-button")).transitionDuration`); got != "auto0s" {
			t.Errorf("got %q", got)
		}
	})
}

// goodNumber passes its check (docs/rules/bill-pay-number.md).
const goodNumber = "314159265352"

// stoppedByPolicy tells what the content security policy has stopped on a page.
const stoppedByPolicy = `new Promise(r => {
  new ReportingObserver(list => r(list.map(x => x.body.effectiveDirective + " " + x.body.blockedURL).join()),
    {types: ["csp-violation"], buffered: true}).observe();
  setTimeout(() => r(""), 100);
})`

// askLater asks for a promise's value.
func askLater(p *browsertest.Page, promise string) string {
	return browsertest.Ask(p, chromedp.Evaluate[string](promise, chromedp.EvalAwaitPromise))
}

func ask[T any](p *browsertest.Page, script string) T {
	return browsertest.Ask(p, chromedp.Evaluate[T](script))
}

func checkFits(t *testing.T, p *browsertest.Page) {
	t.Helper()
	if over := ask[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("the page is %d pixels wider than its window", over)
	}
}

func keepPicture(t *testing.T, p *browsertest.Page, name string, width int64) {
	t.Helper()
	dir := os.Getenv("BILLFOLD_PICTURES")
	if dir == "" {
		return
	}
	height := ask[int64](p, `document.documentElement.scrollHeight`)
	p.Do(chromedp.EmulateViewport(width, height))
	if err := os.WriteFile(filepath.Join(dir, name), p.Screenshot(), 0o600); err != nil {
		t.Fatal(err)
	}
}
