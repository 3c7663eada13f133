package plan

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/yamldoc"
)

// ProcessorKind says which protocol a card processor speaks.
type ProcessorKind string

// Stripe is the protocol of package rail/card.
const Stripe ProcessorKind = "stripe"

// Processor is the card processor of an installation. Its secrets are not in the
// file: they are in the key folder or in the environment.
type Processor struct {
	Kind    ProcessorKind
	API     string        // base address of its API
	Timeout time.Duration // of one call
	// CountDisputed says that a chargeback of a premium counts against coverage from the
	// day on which it is opened; otherwise it counts when it is lost.
	CountDisputed bool

	// What payers' browsers need. An origin is scheme, host and port.
	PublishableKey string
	Script         string   // address of its script
	Integrity      string   // what the script hashes to, "sha384-...", or "" when it changes by itself
	Frames         []string // origins of its card fields
	Connect        []string // origins that its script calls
	Pages          []string // origins of its own pages, for browsers without scripts
}

// What holds of Stripe when the file does not say.
const (
	stripeAPI       = "https://api.stripe.com"
	stripeScript    = "https://js.stripe.com/clover/stripe.js"
	timeoutDefault  = 20 * time.Second
	timeoutLeast    = time.Second
	timeoutLongest  = 2 * time.Minute
	publishableTest = "pk_test_"
	publishableLive = "pk_live_"
)

var (
	stripeFrames  = []string{"https://js.stripe.com", "https://hooks.stripe.com"}
	stripeConnect = []string{"https://api.stripe.com"}
	stripePages   = []string{"https://checkout.stripe.com"}
)

// integrityForm is a SHA-384 digest in base64, as a page states it.
var integrityForm = regexp.MustCompile(`^sha384-[A-Za-z0-9+/]{64}$`)

func (p *Plan) readProcessor(v yamldoc.Value) {
	if !v.Present() {
		return
	}
	f := v.Fields("kind", "api", "script", "integrity", "frames", "connect", "pages", "publishable_key", "timeout", "disputed_premium")
	processor := &Processor{
		Kind: ProcessorKind(f.Need("kind").OneOf(string(Stripe))), API: stripeAPI, Script: stripeScript, Timeout: timeoutDefault,
		PublishableKey: p.readPublishableKey(f.Need("publishable_key")),
		Frames:         p.readOrigins(f.May("frames"), stripeFrames),
		Connect:        p.readOrigins(f.May("connect"), stripeConnect),
		Pages:          p.readOrigins(f.May("pages"), stripePages),
	}
	if api := f.May("api"); api.Present() {
		processor.API = p.readAddress(api)
	}
	if script := f.May("script"); script.Present() {
		processor.Script = p.readAddress(script)
	}
	if integrity := f.May("integrity"); integrity.Present() {
		if processor.Integrity = integrity.Text(); !integrityForm.MatchString(processor.Integrity) {
			integrity.Refuse("write sha384- and the script's SHA-384 digest in base64")
		}
	}
	if timeout := f.May("timeout"); timeout.Present() {
		processor.Timeout = readTimeout(timeout)
	}
	if disputed := f.May("disputed_premium"); disputed.Present() {
		processor.CountDisputed = disputed.OneOf("paid_until_lost", "unpaid") == "unpaid"
	}
	p.Processor = processor
	p.checkMerchants(v)
}

// readPublishableKey reads the key that browsers are given. It is of the same sort
// as the secret one, so that made-up and real money do not mix.
func (p *Plan) readPublishableKey(v yamldoc.Value) string {
	key := v.Text()
	switch {
	case key == "":
	case strings.HasPrefix(key, "sk_"), strings.HasPrefix(key, "rk_"):
		v.Refuse("a secret key does not belong in this file: put it into the key folder, and replace it at the processor")
	case p.Sandbox && !strings.HasPrefix(key, publishableTest):
		v.Refuse("a sandbox takes a key for tests: one that begins with %s", publishableTest)
	case !p.Sandbox && !strings.HasPrefix(key, publishableLive):
		v.Refuse("a plan without sandbox: true takes a live key: one that begins with %s", publishableLive)
	}
	return key
}

// readAddress reads a web address. Only a sandbox may use one without TLS, and only
// on its own machine.
func (p *Plan) readAddress(v yamldoc.Value) string {
	text := v.Text()
	if text == "" {
		return ""
	}
	at, err := url.Parse(text)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || strings.ContainsAny(at.Host, "*;,' "):
		v.Refuse("%q is no web address; write one such as https://api.example.com", text)
	case at.Scheme == "http" && p.Sandbox && isLoopback(at.Hostname()):
	case at.Scheme == "http" && isLoopback(at.Hostname()):
		v.Refuse("an address without TLS is for a plan with sandbox: true")
	case at.Scheme != "https":
		v.Refuse("%q must begin with https://", text)
	default:
	}
	return text
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (p *Plan) readOrigins(v yamldoc.Value, otherwise []string) []string {
	if !v.Present() {
		return otherwise
	}
	var origins []string
	for _, entry := range v.List() {
		origin := p.readAddress(entry)
		if at, err := url.Parse(origin); err == nil && origin != "" && origin != at.Scheme+"://"+at.Host {
			entry.Refuse("%q must be an origin: scheme and host, without a path", origin)
		}
		origins = append(origins, origin)
	}
	return origins
}

func readTimeout(v yamldoc.Value) time.Duration {
	text := v.Text()
	timeout, err := time.ParseDuration(text)
	if text != "" && (err != nil || timeout < timeoutLeast || timeout > timeoutLongest) {
		v.Refuse("%q must be a time from %s to %s, such as 20s", text, timeoutLeast, timeoutLongest)
	}
	return timeout
}

// checkMerchants refuses two merchant ids of one entity: nothing would say on which
// of them a card is charged.
func (p *Plan) checkMerchants(v yamldoc.Value) {
	first := map[string]ReceivingAccount{}
	for _, account := range p.accounts {
		if account.Kind != Merchant {
			continue
		}
		entity := string(account.Entity)
		if other, twice := first[entity]; twice {
			v.Refuse("%s and %s both are of the entity %q; with a processor each entity has one", other.Label(), account.Label(), entity)
		}
		first[entity] = account
	}
}
