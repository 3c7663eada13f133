package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/office/access"
)

// look opens a page and holds it against the rules of accessibility.
func look(t *testing.T, b *browsertest.Browser, address, name string, width int64) *browsertest.Page {
	t.Helper()
	p := b.Open(t, address, width, 800)
	for _, v := range p.Axe() {
		t.Errorf("%s at %d: axe: %v", name, width, v)
	}
	if over := ask[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("%s is %d pixels wider than its window of %d", name, over, width)
	}
	if stopped := browsertest.Ask(p, chromedp.Evaluate[string](stoppedByPolicy, chromedp.EvalAwaitPromise)); stopped != "" {
		t.Errorf("%s: the policy stopped %s", name, stopped)
	}
	picture(t, p, fmt.Sprintf("office-%s-%d.png", name, width), width)
	return p
}

func ask[T any](p *browsertest.Page, script string) T {
	return browsertest.Ask(p, chromedp.Evaluate[T](script))
}

// stoppedByPolicy tells what the content security policy has stopped on a page.
const stoppedByPolicy = `new Promise(r => {
  new ReportingObserver(list => r(list.map(x => x.body.effectiveDirective + " " + x.body.blockedURL).join()),
    {types: ["csp-violation"], buffered: true}).observe();
  setTimeout(() => r(""), 20);
})`

// picture keeps the whole page if somebody wants to look at it.
func picture(t *testing.T, p *browsertest.Page, name string, width int64) {
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

// fill types into fields and presses the form's main button.
func fill(p *browsertest.Page, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		p.Do(chromedp.SendKeys("#"+pairs[i], pairs[i+1]))
	}
	ask[int](p, `document.querySelector("main form .ds-c-button--solid").click(), 0`)
}

// enter signs somebody in, in the browser.
func (s *served) enter(t *testing.T, b *browsertest.Browser, name string) *browsertest.Page {
	t.Helper()
	p := b.Open(t, s.url+"/office/sign-in?lang=en", 1280, 800)
	fill(p, "name", name, "password", password)
	p.Wait(`location.pathname === "/office/second"`)
	fill(p, "code", s.next(t, name))
	p.Wait(`location.pathname === "/office/board"`)
	return p
}

func TestOffice_InBrowser(t *testing.T) {
	s := open(t)
	s.hire(t, "jlee", access.Specialist)
	s.hire(t, "mortiz", access.Supervisor)
	b := browsertest.Start(t)

	look(t, b, s.url+"/office/sign-in?lang=es", "sign-in-es", 360)
	look(t, b, s.url+"/office/join?lang=en", "join", 1280)
	_, invitation, err := s.staff.Invite(t.Context(), admin, "new", "The new one", []access.Role{access.Clerk})
	if err != nil {
		t.Fatal(err)
	}
	p := b.Open(t, s.url+"/office/join?lang=en", 1280, 800)
	fill(p, "name", "new", "invitation", invitation.Reveal(), "password", password, "again", password)
	p.Wait(`location.pathname === "/office/join/app"`)
	look(t, b, s.url+"/office/board", "app", 360)

	s.enter(t, b, "jlee")
	item := s.item(t, s.signIn(t, "jlee"))
	// By turns as a phone shows it in Spanish and a desk in English. Screens that are one
	// table like the queue are left out.
	for i, page := range []struct{ name, path string }{
		{"board", "/office/board"}, {"board", "/office/board"}, {"item", item}, {"item", item}, {"suspense", "/office/suspense"},
		{"accounts", "/office/accounts"}, {"day", "/office/day"}, {"me", "/office/me"},
	} {
		if i%2 == 0 {
			look(t, b, s.url+page.path+"?lang=es", page.name+"-es", 360)
		} else {
			look(t, b, s.url+page.path+"?lang=en", page.name, 1280)
		}
	}

	t.Run("money is released by two people", func(t *testing.T) {
		p := b.Open(t, s.url+item+"?lang=en", 1280, 800)
		fill(p, "number", s.member.Digits(), "reason", "the bank confirmed it")
		p.Wait(`document.querySelector("h1").textContent === "Is this right?"`)
		fill(p)
		p.Wait(`location.pathname === "/office/suspense"`)
		p.Do(chromedp.Navigate(s.url + "/office/approvals"))
		ask[int](p, `document.querySelector("#waiting").closest("table").querySelector("a").click(), 0`)
		p.Wait(`location.pathname.startsWith("/office/approvals/")`)
		asked := ask[string](p, `location.pathname`)
		if got := ask[int](p, `document.querySelectorAll("button[value=agree]").length`); got != 0 {
			t.Error("the maker is offered to agree")
		}
		ask[int](p, `document.querySelector(".head__leave").submit(), 0`)
		p.Wait(`location.pathname === "/office/sign-in"`)
		s.enter(t, b, "mortiz")
		s.Clock.Advance(access.Fresh)
		p = look(t, b, s.url+asked, "approval", 1280)
		fill(p, "code", s.next(t, "mortiz"))
		p.Wait(`location.pathname === "/office/approvals"`)
		if left := s.openOf(t); left != 0 {
			t.Errorf("%s is left in suspense", left)
		}
	})

	t.Run("a passkey is added and signs in", func(t *testing.T) { passkey(t, s, b) })
	t.Run("an idle session ends", func(t *testing.T) {
		s.Clock.Advance(access.Idle)
		p := b.Open(t, s.url+"/office/board?lang=en", 1280, 800)
		if got := ask[string](p, `location.pathname + document.querySelector("[role=status]").textContent`); !strings.HasPrefix(got, "/office/sign-in") || !strings.Contains(got, "has ended") {
			t.Errorf("got %q", got)
		}
	})
}
