// Package browsertest lets a test look at a page as a member's browser shows
// it: at a given size, as a picture, and through the accessibility rules of
// axe-core.
//
// It drives a headless Chromium found on the machine or fetched from npm and
// knows no page of the product. Nothing is skipped: without a browser the test
// fails and says how to get one. No code outside tests may import it.
//
// Start reading at [Start] and [Browser.Open].
package browsertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/base/fault"
)

// stepMax bounds one step in the browser; a page that needs longer on a busy
// machine is stuck.
const stepMax = 60 * time.Second

// Browser is a Chromium with an empty profile. Start one per test and share it
// among its subtests: starting takes most of a second.
type Browser struct {
	ctx  context.Context
	mu   sync.Mutex
	idle []tab // show nothing and wait for the next page
}

type tab struct {
	ctx      context.Context
	closeTab func()
}

// Page is one tab showing one address.
type Page struct {
	tab
	t       testing.TB
	changed bool // the tab shows pages otherwise than a new one would
}

// Violation is one rule of axe-core that a page breaks.
type Violation struct {
	ID     string `json:"id"`     // the rule, such as "image-alt"
	Impact string `json:"impact"` // minor, moderate, serious or critical
	Help   string `json:"help"`
	Nodes  []struct {
		HTML string `json:"html"`
	} `json:"nodes"`
}

func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, node := range v.Nodes {
		fmt.Fprintf(&b, "\n\t%s", node.HTML)
	}
	return b.String()
}

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	chromium, err := Find()
	if err != nil {
		t.Fatalf("%v\n%s", err, fault.HintOf(err))
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options(t, chromium)...)
	t.Cleanup(endAllocator)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	// The first call starts the browser and ties its life to the context it is
	// given: a time limit here would end the browser later.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", chromium.Path, err)
	}
	return &Browser{ctx: ctx}
}

// options start a browser that asks nothing of the network but the page, and
// nothing of the machine but a folder. The sandbox is off: it refuses to work
// for root and in most containers, and only our own pages are opened.
func options(t testing.TB, chromium Chromium) []chromedp.ExecAllocatorOption {
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	return append(opts,
		chromedp.ExecPath(chromium.Path),
		chromedp.Env(chromium.Env...),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The list below the address bar, which nobody sees, is a page that costs more
		// than ours. The first two are chromedp's own.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup"),
		chromedp.Flag("no-zygote", true), // without a sandbox it only outlives its browser
	)
}

// Open shows address in a tab of width by height CSS pixels. A tab that an earlier
// test has done with is taken again: making one costs more than showing a page.
func (b *Browser) Open(t testing.TB, address string, width, height int64) *Page {
	t.Helper()
	tab, err := b.takeTab()
	if err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	p := &Page{tab: tab, t: t}
	t.Cleanup(func() { b.leave(p) })
	p.Do(chromedp.EmulateViewport(width, height), chromedp.Navigate(address))
	return p
}

func (b *Browser) takeTab() (tab, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := len(b.idle) - 1; last >= 0 {
		taken := b.idle[last]
		b.idle = b.idle[:last]
		return taken, chromedp.Do(taken.ctx, inFront)
	}
	ctx, closeTab := chromedp.NewContext(b.ctx)
	return tab{ctx: ctx, closeTab: closeTab}, chromedp.Do(ctx)
}

// leave ends the page with its scripts, and keeps its tab if that is like new.
func (b *Browser) leave(p *Page) {
	ctx, cancel := context.WithTimeout(p.ctx, stepMax)
	defer cancel()
	if p.changed || chromedp.Do(ctx, chromedp.Navigate("about:blank")) != nil {
		p.closeTab()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = append(b.idle, p.tab)
}

// inFront makes a tab the one that has the focus, as a new one does.
var inFront = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, page.BringToFront, cdp.Empty{})
	return err
})

// Do takes steps on the page (clicks, typing, waiting) and fails the test at
// the first that does not succeed.
func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepMax)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
}

// Ask takes one step that answers, such as chromedp.Text, and fails the test
// if it does not.
func Ask[T any](p *Page, step chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepMax)
	defer cancel()
	answer, err := chromedp.Run(ctx, step)
	if err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
	return answer
}

// Wait waits until a condition in the page's script holds, also across pages
// that are loaded meanwhile, and fails the test if it does not come to hold.
func (p *Page) Wait(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepMax)
	defer cancel()
	// While one page goes and the next comes there is nobody to ask: the error says
	// no more than that the condition does not hold yet.
	look := chromedp.Evaluate[bool](`new Promise(r => setTimeout(r, 20)).then(() => Boolean(`+condition+`))`, chromedp.EvalAwaitPromise)
	for ctx.Err() == nil {
		if holds, err := chromedp.Run(ctx, look); err == nil && holds {
			return
		}
	}
	p.t.Fatalf("in the browser: it never held that %s", condition)
}

// Media shows the page as on another medium ("print", or "" for the screen) and
// under features of it, such as forced-colors: active.
func (p *Page) Media(medium string, features map[string]string) {
	p.t.Helper()
	p.changed = true
	params := emulation.SetEmulatedMediaParams{Media: medium}
	for name, value := range features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	p.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, params)
		return err
	}))
}

// Screenshot gives the visible part of the page as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	return Ask(p, chromedp.CaptureScreenshot())
}

// Axe runs every rule of axe-core on the page and gives those it breaks.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	path, err := FindAxe()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, fault.HintOf(err))
	}
	if !Ask(p, chromedp.Evaluate[bool](`"axe" in window`)) {
		script, err := os.ReadFile(path)
		if err != nil {
			p.t.Fatal(err)
		}
		// "; 0" keeps the browser from describing axe's whole object to us.
		Ask(p, chromedp.Evaluate[int](string(script)+"; 0"))
	}
	return Ask(p, chromedp.Evaluate[[]Violation](`axe.run().then(r => r.violations)`, chromedp.EvalAwaitPromise))
}
