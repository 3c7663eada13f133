package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// Processor is what a browser must know of the card processor: the one other
// origin that a page may load from, and the card page only.
type Processor struct {
	Name   string // for the inventory of scripts
	Script string // the address of its script
	// Integrity is what the script must hash to ("sha384-..."), when the processor
	// promises that it does not change. Empty when it changes by itself.
	Integrity string
	Key       string   // the publishable key
	Frames    []string // origins of its fields
	Connects  []string // origins that its script calls
	Pages     []string // origins of its own pages, for browsers without scripts
}

// check refuses what would open the policy wider than an origin.
func (p *Processor) check() error {
	for _, origins := range [][]string{p.Frames, p.Connects, p.Pages} {
		for _, o := range origins {
			if got, err := originOf(o); err != nil || got != o {
				return fault.New(fault.Invalid, "web.New", "%q is no origin of the card processor", o).
					WithHint("Write scheme and host only: https://pay.example.org.")
			}
		}
	}
	if _, err := originOf(p.Script); err != nil {
		return fault.New(fault.Invalid, "web.New", "the address of the card processor's script cannot be used: %v", err)
	}
	return nil
}

// originOf gives the origin of an address, which must be secure unless it is on
// this machine.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fault.New(fault.Invalid, "web.originOf", "it does not parse")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isThisMachine(u.Hostname())) {
		return "", fault.New(fault.Invalid, "web.originOf", "it does not begin with https://")
	}
	if strings.ContainsAny(u.Host, " ;,'*") {
		return "", fault.New(fault.Invalid, "web.originOf", "its host has a sign that no host has")
	}
	return u.Scheme + "://" + u.Host, nil
}

func isThisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// policies are the content security policies of the site's routes.
type policies struct{ processor *Processor }

// reportPath takes what browsers report against a policy.
const reportPath = "/reports/csp"

// of gives the policy of a route. Nothing inline, nothing from elsewhere, and on
// the card page only what the processor needs (PCI DSS 6.4.3).
func (p policies) of(r *route) string {
	directive := func(name string, sources ...[]string) string {
		text := name
		for _, list := range sources {
			for _, source := range list {
				text += " " + source
			}
		}
		return text
	}
	self, none := []string{"'self'"}, []string{"'none'"}
	scripts, frames, connects, forms := self, none, self, self
	if p.processor != nil && r.loads == cardPage {
		script, _ := originOf(p.processor.Script) // checked by New
		scripts = append(scripts[:1:1], script)
		connects = append(connects[:1:1], p.processor.Connects...)
		frames = p.processor.Frames
	}
	if p.processor != nil && r.leaves {
		forms = append(forms[:1:1], p.processor.Pages...)
	}
	return strings.Join([]string{
		"default-src 'none'", directive("script-src", scripts), "style-src 'self'", "img-src 'self'", "font-src 'self'",
		directive("connect-src", connects), directive("frame-src", frames), directive("form-action", forms),
		"base-uri 'none'", "frame-ancestors 'none'", "report-uri " + reportPath, "report-to csp",
	}, "; ")
}

// hstsYear keeps browsers on TLS for a year. Names below ours are their owners' business.
const hstsYear = "max-age=31536000"

// setSecurity sets what every answer carries.
func (s *Site) setSecurity(h http.Header, r *route, secure bool) {
	h.Set("Content-Security-Policy", s.policies.of(r))
	h.Set("Reporting-Endpoints", `csp="`+reportPath+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	// To other sites nothing; to ourselves the page that a form stood on, by which
	// older browsers let us see that it was ours.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", hstsYear)
	}
}

// proxies are the machines in front of us whose word on a request counts.
type proxies []netip.Prefix

func (p proxies) trust(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// peer is who opened the connection; the zero address when that is no network.
func peer(r *http.Request) netip.Addr {
	port, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return port.Addr().Unmap().WithZone("")
}

// client is who asks: the peer, or behind trusted proxies the last address that
// none of them vouches for. What stands left of that anybody may have written.
func (p proxies) client(r *http.Request) netip.Addr {
	at := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(at); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return at
		}
		at = hop.Unmap().WithZone("")
	}
	return at
}

// Client gives the address that a request came from, for doors beside the site
// that stand behind the same proxies.
func (s *Site) Client(r *http.Request) netip.Addr { return s.proxies.client(r) }

// secure reports whether the reader's browser speaks TLS, to us or to a proxy
// that we trust.
func (p proxies) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	return p.trust(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
