package processor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// picturesEnv names a folder for pictures of every page tested, for people to
// look at.
const picturesEnv = "BILLFOLD_PICTURES"

// merchant is a page with card fields on another origin than the simulator's,
// under a policy without inline styles and scripts. It notes every message that
// reaches it.
func merchant(t *testing.T, sim, key string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pay", func(w http.ResponseWriter, r *http.Request) {
		locale := r.URL.Query().Get("locale")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self' "+sim+"; frame-src "+sim+"; style-src 'self'; form-action 'self'; base-uri 'none'")
		fmt.Fprintf(w, `<!doctype html><html lang="%[1]s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay</title><link rel="stylesheet" href="/site.css"><script src="%[2]s/v3/"></script><script src="/site.js" defer></script></head>
<body data-locale="%[1]s" data-key="%[3]s"><main><h1>Pay</h1><form>
<label for="number">Number</label><div id="number" class="box"></div>
<label for="expiry">Expiry</label><div id="expiry" class="box"></div>
<label for="cvc">Code</label><div id="cvc" class="box"></div>
<button type="submit">Pay</button></form><p role="status" id="said"></p></main></body></html>`, locale, sim, key)
	})
	mux.HandleFunc("GET /site.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, `body{font-family:sans-serif;margin:1rem}.box{border:1px solid #555;margin-bottom:1rem}.StripeElement--invalid{border-color:#a3200d}`)
	})
	mux.HandleFunc("GET /site.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `
window.heard = []; window.changes = {}; window.ready = 0;
window.addEventListener("message", (e) => heard.push(JSON.stringify(e.data)));
document.addEventListener("securitypolicyviolation", (e) => heard.push("VIOLATION " + e.violatedDirective));
const stripe = Stripe(document.body.dataset.key);
const elements = stripe.elements({ locale: document.body.dataset.locale });
const style = { base: { fontSize: "14px", color: "#222222" }, invalid: { color: "#990000" } };
window.fields = {};
for (const [type, id] of [["cardNumber", "number"], ["cardExpiry", "expiry"], ["cardCvc", "cvc"]]) {
  const field = elements.create(type, { style: style });
  field.on("ready", () => { window.ready++; });
  field.on("change", (c) => { changes[id] = c; });
  field.mount("#" + id);
  window.fields[id] = field;
}
document.querySelector("form").addEventListener("submit", async (e) => {
  e.preventDefault();
  const made = await stripe.createPaymentMethod({ type: "card", card: window.fields.number });
  document.getElementById("said").textContent = JSON.stringify(made);
});`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func evaluate[T any](p *browsertest.Page, script string) T {
	return browsertest.Ask(p, chromedp.Evaluate[T](script))
}

// until waits for something on the page, which stays the same one meanwhile.
func until(p *browsertest.Page, condition string) {
	browsertest.Ask(p, chromedp.Poll[bool]("Boolean("+condition+")"))
}

// openForm shows the merchant's page with its fields ready and the first focused
// by the keyboard.
func openForm(t *testing.T, browser *browsertest.Browser, address string, width int64) *browsertest.Page {
	t.Helper()
	p := browser.Open(t, address, width, 800)
	until(p, `window.ready === 3`)
	p.Do(chromedp.KeyEvent("\t"))
	return p
}

func TestFields_TakeACard(t *testing.T) {
	b := start(t, processor.Options{Clock: clock.System{}})
	host := merchant(t, b.url, b.p.PublishableKey())
	browser := browsertest.Start(t)

	t.Run("a card is typed by keyboard and only its id comes out", func(t *testing.T) {
		p := openForm(t, browser, host+"/pay?locale=en", 1280)
		p.Do(chromedp.KeyEvent(visa))
		until(p, `changes.number && changes.number.complete`)
		if got := evaluate[string](p, `changes.number.brand + document.getElementById("number").className`); got != "visabox StripeElement StripeElement--focus StripeElement--complete" {
			t.Errorf("the number reads %q", got)
		}
		p.Do(chromedp.KeyEvent("\t"), chromedp.KeyEvent("829"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("123"))
		until(p, `changes.expiry?.complete && changes.cvc?.complete`)
		p.Do(chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
		until(p, `document.getElementById("said").textContent !== ""`)
		said := evaluate[string](p, `document.getElementById("said").textContent`)
		id, ok := strings.CutPrefix(said, `{"paymentMethod":{"id":"`)
		if !ok || !strings.HasSuffix(id, `"}}`) {
			t.Fatalf("the page was told %s", said)
		}
		if _, err := b.api.V1PaymentMethods.Retrieve(t.Context(), strings.TrimSuffix(id, `"}}`), nil); err != nil {
			t.Errorf("the payment method is not there: %v", err)
		}
		heard := evaluate[string](p, `heard.join("\n")`)
		for _, secret := range []string{"4242", "0829", "123", "VIOLATION"} {
			if strings.Contains(heard, secret) {
				t.Errorf("the page heard %q in:\n%s", secret, heard)
			}
		}
		if got := evaluate[bool](p, `(() => { try { return Boolean(window[0].document) } catch (e) { return false } })()`); got {
			t.Error("the page can look into the field")
		}
	})

	t.Run("a label leads into its field, and clear empties it", func(t *testing.T) {
		p := browser.Open(t, host+"/pay?locale=en", 360, 800)
		until(p, `window.ready === 3`)
		p.Do(chromedp.Click(chromedp.CSS(`label[for="expiry"]`)))
		until(p, `document.getElementById("expiry").classList.contains("StripeElement--focus")`)
		p.Do(chromedp.KeyEvent("1"))
		until(p, `changes.expiry && !changes.expiry.empty`)
		evaluate[int](p, `fields.expiry.clear(), 0`)
		until(p, `changes.expiry?.empty`)
	})
}

func TestFields_SayWhatIsWrong(t *testing.T) {
	b := start(t, processor.Options{Clock: clock.System{}})
	host := merchant(t, b.url, b.p.PublishableKey())
	browser := browsertest.Start(t)

	t.Run("what is wrong is shown, in the language of the page", func(t *testing.T) {
		p := openForm(t, browser, host+"/pay?locale=es", 360)
		p.Do(chromedp.KeyEvent(testcard.Wrong))
		until(p, `changes.number && changes.number.error`)
		if got := evaluate[string](p, `changes.number.error.code + ": " + changes.number.error.message`); got != "invalid_number: El número de tarjeta no es válido. Revise cada dígito." {
			t.Errorf("got %q", got)
		}
		p.Do(chromedp.KeyEvent("\t"), chromedp.KeyEvent("1320"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("12"), chromedp.KeyEvent("\t"))
		until(p, `changes.expiry?.error && changes.cvc?.error`)
		if got := evaluate[string](p, `changes.expiry.error.code + " " + changes.cvc.error.code`); got != "invalid_expiry_month incomplete_cvc" {
			t.Errorf("got %q", got)
		}
		p.Do(chromedp.KeyEvent("\r"))
		until(p, `document.getElementById("said").textContent !== ""`)
		if said := evaluate[string](p, `document.getElementById("said").textContent`); !strings.Contains(said, `"code":"invalid_number"`) {
			t.Errorf("the page was told %s", said)
		}
		keep(t, p, "fields-wrong-es.png", 360)
	})

	t.Run("an empty form marks every field", func(t *testing.T) {
		p := openForm(t, browser, host+"/pay?locale=en", 360)
		p.Do(chromedp.Click(chromedp.CSS("button")))
		until(p, `document.querySelectorAll(".StripeElement--invalid").length === 3`)
		if said := evaluate[string](p, `document.getElementById("said").textContent`); !strings.Contains(said, "incomplete_number") {
			t.Errorf("the page was told %s", said)
		}
	})

	t.Run("a refused card and an unplugged processor say so", func(t *testing.T) {
		p := openForm(t, browser, host+"/pay?locale=en", 360)
		p.Do(chromedp.KeyEvent("4111111111111111"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("1230"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("123"),
			chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
		until(p, `document.getElementById("said").textContent.includes("Use a test card")`)
		b.p.Unplug()
		p.Do(chromedp.KeyEvent("\r"))
		until(p, `document.getElementById("said").textContent.includes("api_connection_error")`)
		b.p.PlugIn()
	})
}

func TestFields_AreAccessible(t *testing.T) {
	b := start(t, processor.Options{Clock: clock.System{}})
	host := merchant(t, b.url, b.p.PublishableKey())
	browser := browsertest.Start(t)

	t.Run("axe finds nothing, and the fields are large enough", func(t *testing.T) {
		for _, locale := range []string{"en", "es"} {
			p := openForm(t, browser, host+"/pay?locale="+locale, 360)
			for _, v := range p.Axe() {
				t.Errorf("axe: %v", v)
			}
			if got := evaluate[int](p, `Math.min(...[...document.querySelectorAll("iframe")].map((f) => f.getBoundingClientRect().height))`); got < 44 {
				t.Errorf("a field is %d pixels high", got)
			}
			keep(t, p, "fields-"+locale+".png", 360)
		}
	})

	t.Run("axe finds nothing inside a field", func(t *testing.T) {
		for _, kind := range []string{"card-number", "card-expiry", "card-cvc"} {
			p := browser.Open(t, b.url+"/fields/"+kind+"?locale=es&group="+strings.Repeat("0a", 16), 360, 100)
			for _, v := range p.Axe() {
				// A field is a part of a page, which has the landmark and the heading.
				if v.ID != "region" && v.ID != "landmark-one-main" && v.ID != "page-has-heading-one" {
					t.Errorf("axe in %s: %v", kind, v)
				}
			}
			if got := evaluate[string](p, `document.documentElement.lang + parseFloat(getComputedStyle(document.querySelector("input")).fontSize)`); got != "es16" {
				t.Errorf("%s: language and size are %s", kind, got)
			}
		}
	})
}

// How a number is set while it is typed, corrected and pasted.
func TestFields_SetWhatIsTyped(t *testing.T) {
	b := start(t, processor.Options{Clock: clock.System{}})
	browser := browsertest.Start(t)
	for _, tc := range []struct{ kind, typed, want string }{
		{"card-number", "42424242424242429999", "4242 4242 4242 4242"},
		{"card-number", "4242-4242 4242-4242", "4242 4242 4242 4242"},
		{"card-number", "378282246310005", "3782 822463 10005"},
		{"card-number", "42424\b", "4242"},
		{"card-expiry", "8", "08 / "},
		{"card-expiry", "1229", "12 / 29"},
		{"card-expiry", "12/29", "12 / 29"},
		{"card-expiry", "12\b", "12"},
		{"card-expiry", "12\b\b", "1"},
		{"card-cvc", "12345", "1234"},
	} {
		p := browser.Open(t, b.url+"/fields/"+tc.kind+"?locale=en&group="+strings.Repeat("0a", 16), 360, 100)
		p.Do(chromedp.Focus(chromedp.CSS("input")))
		for _, key := range tc.typed {
			p.Do(chromedp.KeyEvent(string(key)))
		}
		if got := evaluate[string](p, `document.querySelector("input").value`); got != tc.want {
			t.Errorf("%s: %q reads %q, want %q", tc.kind, tc.typed, got, tc.want)
		}
	}
}

func TestPage_InBrowser(t *testing.T) {
	b := start(t, processor.Options{Clock: clock.System{}})
	b.clock.Advance(clock.System{}.Now().Sub(b.clock.Now()))
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><title>Shop</title><p id="%s">Here we are again`, strings.Trim(r.URL.Path, "/"))
	}))
	t.Cleanup(shop.Close)
	browser := browsertest.Start(t)
	for _, locale := range []string{"en", "es"} {
		for _, width := range []int64{320, 1280} {
			t.Run(fmt.Sprintf("%s at %d", locale, width), func(t *testing.T) {
				c := b.sessionTo(plan, locale, "a1", shop.URL+"/done", shop.URL+"/back")
				p := browser.Open(t, c.URL, width, 800)
				look := func(state string) {
					t.Helper()
					for _, v := range p.Axe() {
						t.Errorf("axe, %s: %v", state, v)
					}
					if over := evaluate[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
						t.Errorf("%s: the page is %d pixels wider than its window", state, over)
					}
					if small := evaluate[int](p, `[...document.querySelectorAll("input,button")].filter((e) => e.getBoundingClientRect().height < 44 || parseFloat(getComputedStyle(e).fontSize) < 16).length`); small > 0 {
						t.Errorf("%s: %d inputs are too small", state, small)
					}
					keep(t, p, fmt.Sprintf("page-%s-%s-%d.png", state, locale, width), width)
				}
				look("open")
				p.Do(chromedp.Submit(chromedp.CSS("form")), chromedp.WaitVisible(chromedp.CSS(".wrong")))
				if got := evaluate[int](p, `document.querySelectorAll(".wrong").length`); got != 4 {
					t.Errorf("%d inputs are marked, want 4", got)
				}
				until(p, `document.activeElement.className === "problems"`) // the summary of what is wrong
				look("wrong")
				fill(p, "4000000000009995")
				p.Do(chromedp.WaitVisible(chromedp.CSS(".problems p")))
				look("declined")
				fill(p, visa)
				p.Do(chromedp.WaitVisible(chromedp.CSS("#done")))
			})
		}
	}
	if got := b.tally("a1", plan); got.Authorised.Count != 4 || got.Refused.Count != 4 {
		t.Errorf("books: %+v", got)
	}
}

// fill types a card into the hosted page by keyboard and sends it.
func fill(p *browsertest.Page, number string) {
	p.Do(chromedp.Focus(chromedp.CSS("#number")), chromedp.KeyEvent(number), chromedp.KeyEvent("\t"), chromedp.KeyEvent("08/29"), chromedp.KeyEvent("\t"),
		chromedp.KeyEvent("123"), chromedp.SetValue(chromedp.CSS("#zip"), "80301"), chromedp.Focus(chromedp.CSS("#zip")), chromedp.KeyEvent("\r"))
}

// keep keeps a picture if somebody wants to look at it.
func keep(t *testing.T, p *browsertest.Page, name string, width int64) {
	t.Helper()
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	height := evaluate[int64](p, `document.documentElement.scrollHeight`)
	p.Do(chromedp.EmulateViewport(width, height))
	if err := os.WriteFile(filepath.Join(dir, name), p.Screenshot(), 0o600); err != nil {
		t.Fatal(err)
	}
}
