package console_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/billfold/billfold/internal/edge/browsertest"
)

// passkey has mortiz, who is signed in, add a passkey, sign out and come in with it. The
// browser's own virtual key stands for a real one.
func passkey(t *testing.T, s *served, b *browsertest.Browser) {
	p := b.Open(t, s.url+"/office/board?lang=en", 1280, 800)
	p.Do(virtualKey)
	p.Do(chromedp.Navigate(s.url + "/office/me"))
	p.Wait(`document.querySelector("[data-passkey]")?.offsetParent`)
	ask[int](p, `document.querySelector("[data-passkey]").click(), 0`)
	p.Wait(`[...document.querySelectorAll("tbody th")].some(th => th.textContent === "Passkey")`)
	ask[int](p, `document.querySelector(".head__leave").submit(), 0`)
	p.Wait(`location.pathname === "/office/sign-in"`)
	fill(p, "name", "mortiz", "password", password)
	p.Wait(`location.pathname === "/office/second" && document.querySelector("[data-passkey]")?.offsetParent`)
	ask[int](p, `document.querySelector("[data-passkey]").click(), 0`)
	p.Wait(`location.pathname === "/office/board"`)
}

// virtualKey gives the tab a key that is always there and always agrees.
var virtualKey = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		return err
	}
	_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
			HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	return err
})
