package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/html"

	"github.com/billfold/billfold/internal/base/fault"
)

// WatchEvery is how often the payment page is looked at by default. PCI DSS
// 11.6.1 asks for a week at least.
const WatchEvery = 10 * time.Minute

// Watch looks at the payment page from outside, as a browser does, and holds what
// it gets against the inventory and the policy (PCI DSS 11.6.1): every byte of
// every script and style, the headers, and that nothing is loaded that is not
// listed. Whatever changed it (a proxy, a network of copies, a hand on the
// machine) is found in the next cycle.
type Watch struct {
	site    *Site
	base    string
	client  *http.Client
	scripts ScriptStore
	alarm   func(context.Context, []Finding)
	log     *slog.Logger
}

// WatchOptions says how to look.
type WatchOptions struct {
	// Base is the address under which browsers reach the site, best the public one,
	// so that what stands in between is looked at too.
	Base string
	// Scripts remembers the processor's script; nil remembers until the stop.
	Scripts ScriptStore
	// Alarm is told of findings that are alarms, besides the log; may be nil.
	Alarm func(context.Context, []Finding)
	// Client fetches; nil is one with a limit of half a minute.
	Client *http.Client
}

// ScriptStore remembers what the processor's script hashed to, and since when.
type ScriptStore interface {
	// LastScript gives the digest that was noted last for an address, or "".
	LastScript(ctx context.Context, address string) (sha256 string, err error)
	// NoteScript adds the digest that was seen at an instant.
	NoteScript(ctx context.Context, address, sha256 string, at time.Time) error
}

// Finding is something that is not as it was authorised, or cannot be told.
type Finding struct {
	Kind FindingKind
	What string // the listed name, or the page's route
	// Want and Got are digests, headers or addresses, as the kind has it.
	Want, Got string
}

// FindingKind says what is found.
type FindingKind string

// The kinds. The last two are no alarm.
const (
	BytesChanged   FindingKind = "bytes_changed"     // a listed file has other bytes
	HeaderChanged  FindingKind = "header_changed"    // a header that protects the page is gone or another
	NotListed      FindingKind = "not_listed"        // the page loads what is not in the inventory
	TagChanged     FindingKind = "integrity_changed" // a page does not insist on the listed integrity
	InlineFound    FindingKind = "inline_found"      // the page holds a script or style in itself
	ScriptRenewed  FindingKind = "script_renewed"    // the processor has changed its script
	NotReachable   FindingKind = "not_reachable"     // it could not be fetched
	fetchMax                   = 8 << 20             // bytes of one file
	watchFetchTime             = 30 * time.Second
)

// Alarming reports whether somebody must look into it at once.
func (f Finding) Alarming() bool { return f.Kind != ScriptRenewed && f.Kind != NotReachable }

// NewWatch makes a watch over the site.
func (s *Site) NewWatch(o WatchOptions) *Watch {
	w := &Watch{site: s, base: strings.TrimSuffix(o.Base, "/"), scripts: o.Scripts, alarm: o.Alarm, log: s.Log}
	if w.scripts == nil {
		w.scripts = &scriptMemory{seen: map[string]string{}}
	}
	client := http.Client{Timeout: watchFetchTime}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.client = &client
	return w
}

// Run looks at once and then at every tick, until ctx ends.
func (w *Watch) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		w.Look(ctx)
		select {
		case <-ticks:
		case <-ctx.Done():
			return
		}
	}
}

// Look looks once, tells the log and the overview, and gives what it found.
func (w *Watch) Look(ctx context.Context) []Finding {
	var found []Finding
	for _, page := range w.site.paymentPages() {
		found = append(found, w.page(ctx, page)...)
	}
	for _, listed := range w.site.inventory {
		if strings.HasPrefix(listed.Address, "/") {
			found = append(found, w.own(ctx, listed)...)
		} else {
			found = append(found, w.foreign(ctx, listed)...)
		}
	}
	if ctx.Err() != nil {
		return nil // the process stops: what could not be fetched says nothing
	}
	w.tell(ctx, found)
	return found
}

func (w *Watch) tell(ctx context.Context, found []Finding) {
	var alarms []Finding
	for _, f := range found {
		attrs := []any{"kind", f.Kind, "what", f.What, "want", f.Want, "got", f.Got}
		if !f.Alarming() {
			w.log.Warn("the payment page was looked at", attrs...)
			continue
		}
		alarms = append(alarms, f)
		w.log.Error("the payment page is not as it was authorised", attrs...)
	}
	w.site.watch.set(found)
	if w.alarm != nil && len(alarms) > 0 {
		w.alarm(ctx, alarms)
	}
}

// page holds a page's headers and what it loads against policy and inventory.
// Without a session it is the page that says so, with the same head.
func (w *Watch) page(ctx context.Context, r *route) []Finding {
	got, body, err := w.fetch(ctx, w.base+r.address())
	if err != nil {
		return []Finding{{Kind: NotReachable, What: r.name, Got: fault.KindOf(err).String()}}
	}
	want := http.Header{}
	w.site.setSecurity(want, r, strings.HasPrefix(w.base, "https://"))
	var found []Finding
	for name := range want {
		if want, got := want.Get(name), got.Header.Get(name); got != want {
			found = append(found, Finding{HeaderChanged, r.name + " " + name, want, got})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.What, b.What) })
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return append(found, Finding{NotReachable, r.name, "", "it is no page"})
	}
	for n := range root.Descendants() {
		found = append(found, w.element(r, n)...)
	}
	return found
}

// element looks at one element of a page.
func (w *Watch) element(r *route, n *html.Node) []Finding {
	address := ""
	switch {
	case n.Type != html.ElementNode:
		return nil
	case n.Data == "style":
		return []Finding{{Kind: InlineFound, What: r.name, Got: "style"}}
	case n.Data == "script":
		address = attributeOf(n, "src")
		if address == "" {
			return []Finding{{Kind: InlineFound, What: r.name, Got: "script"}}
		}
	case n.Data == "link" && strings.EqualFold(attributeOf(n, "rel"), "stylesheet"):
		address = attributeOf(n, "href")
	default:
		return nil
	}
	i := slices.IndexFunc(w.site.inventory, func(l Listed) bool { return l.Address == address })
	if i < 0 {
		return []Finding{{Kind: NotListed, What: r.name, Got: address}}
	}
	if want, got := w.site.inventory[i].Integrity, attributeOf(n, "integrity"); got != want {
		return []Finding{{TagChanged, r.name + " " + w.site.inventory[i].Name, want, got}}
	}
	return nil
}

func attributeOf(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// own fetches a file of ours as it is served and compares every byte.
func (w *Watch) own(ctx context.Context, listed Listed) []Finding {
	_, body, err := w.fetch(ctx, w.base+listed.Address)
	if err != nil {
		return []Finding{{Kind: NotReachable, What: listed.Name, Got: fault.KindOf(err).String()}}
	}
	if got := digest(body); got != listed.SHA256 {
		return []Finding{{BytesChanged, listed.Name, listed.SHA256, got}}
	}
	return nil
}

// foreign fetches the processor's script. One that promises not to change must
// not; one that promises nothing is remembered, and each change is noted with
// the digest before and after.
func (w *Watch) foreign(ctx context.Context, listed Listed) []Finding {
	unreachable := func(err error) []Finding {
		return []Finding{{Kind: NotReachable, What: listed.Name, Got: fault.KindOf(err).String()}}
	}
	_, body, err := w.fetch(ctx, listed.Address)
	if err != nil {
		return unreachable(err)
	}
	if listed.Integrity != "" {
		if got := integrityLike(listed.Integrity, body); got != listed.Integrity {
			return []Finding{{BytesChanged, listed.Name, listed.Integrity, got}}
		}
		return nil
	}
	before, err := w.scripts.LastScript(ctx, listed.Address)
	if err != nil {
		return unreachable(err)
	}
	now := digest(body)
	if now == before {
		return nil
	}
	if err := w.scripts.NoteScript(ctx, listed.Address, now, w.site.Clock.Now()); err != nil {
		return unreachable(err)
	}
	if before == "" {
		w.log.Info("the card processor's script was noted for the first time", "what", listed.Name, "sha256", now)
		return nil
	}
	return []Finding{{ScriptRenewed, listed.Name, before, now}}
}

func (w *Watch) fetch(ctx context.Context, address string) (*http.Response, []byte, error) {
	const op = "web.Watch"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, op, "an address to look at does not parse")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, op, "%s cannot be fetched", address)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, fetchMax))
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, op, "%s ended early", address)
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return nil, nil, fault.New(fault.Unavailable, op, "%s answers %d", address, answer.StatusCode)
	}
	return answer, body, nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// integrityLike gives a file's integrity by the algorithm of another.
func integrityLike(like string, body []byte) string {
	var sum []byte
	algorithm, _, _ := strings.Cut(like, "-")
	switch algorithm {
	case "sha256":
		s := sha256.Sum256(body)
		sum = s[:]
	case "sha512":
		s := sha512.Sum512(body)
		sum = s[:]
	default:
		s := sha512.Sum384(body)
		algorithm, sum = "sha384", s[:]
	}
	return fmt.Sprintf("%s-%s", algorithm, base64.StdEncoding.EncodeToString(sum))
}

// scriptMemory is a ScriptStore that forgets when the process stops.
type scriptMemory struct {
	mu   sync.Mutex
	seen map[string]string
}

func (m *scriptMemory) LastScript(_ context.Context, address string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[address], nil
}

func (m *scriptMemory) NoteScript(_ context.Context, address, sha256 string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[address] = sha256
	return nil
}

// watchState is what the last look found.
type watchState struct {
	mu    sync.Mutex
	found []Finding
}

func (s *watchState) set(found []Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = found
}

func (s *watchState) alarmed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.found, Finding.Alarming)
}
