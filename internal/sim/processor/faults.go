package processor

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// Plan says how often what goes wrong. The same plan deals the same faults to the
// first, second, ... request at each address, in whatever order the addresses are
// asked.
type Plan struct {
	Seed     uint64       `json:"seed"`
	Requests []Mishap     `json:"requests,omitempty"` // the first that fits a request counts
	Outages  []Outage     `json:"outages,omitempty"`
	Webhooks WebhookFault `json:"webhooks,omitzero"`
}

// Mishap is what may go wrong with a request. Shares are from 0 to 1 and add up
// to 1 at most.
type Mishap struct {
	// Endpoint is a name such as "payment_intents.confirm"; "*" stands for any part.
	Endpoint string `json:"endpoint"`
	Account  string `json:"account,omitempty"` // "" is any, "platform" the platform's own
	// LostAfter is the share that is done and not answered: the connection is cut.
	LostAfter float64 `json:"lost_after,omitempty"`
	// LostBefore is the share whose connection is cut before anything is done.
	LostBefore float64 `json:"lost_before,omitempty"`
	// Delayed is the share that is done, and answered, DelayMS later; it is done even
	// when the asker has gone away.
	Delayed float64 `json:"delayed,omitempty"`
	DelayMS int64   `json:"delay_ms,omitempty"`
	// Error500 is answered with 500, and done every second time. Its key answers 500
	// for ever, as Stripe's does.
	Error500 float64 `json:"error_500,omitempty"`
	// Error503 and Error429 are answered so and not done.
	Error503 float64 `json:"error_503,omitempty"`
	Error429 float64 `json:"error_429,omitempty"`
}

// Outage is a time in which an endpoint or an account is answered with 503.
type Outage struct {
	Endpoint string `json:"endpoint"`
	Account  string `json:"account,omitempty"`
	AfterMS  int64  `json:"after_ms,omitempty"` // after the plan came in force
	ForMS    int64  `json:"for_ms"`
}

// WebhookFault is what may go wrong with a webhook, in shares.
type WebhookFault struct {
	Dropped   float64 `json:"dropped,omitempty"`   // never sent
	Doubled   float64 `json:"doubled,omitempty"`   // sent twice
	Delayed   float64 `json:"delayed,omitempty"`   // sent DelayMS later
	Reordered float64 `json:"reordered,omitempty"` // sent after the one that comes next
	DelayMS   int64   `json:"delay_ms,omitempty"`
}

// ReadPlan reads a fault plan from JSON and refuses what it does not know.
func ReadPlan(source io.Reader) (Plan, error) {
	const op = "processor.ReadPlan"
	text, err := io.ReadAll(io.LimitReader(source, planMax+1))
	if err != nil {
		return Plan{}, fault.New(fault.Unavailable, op, "the fault plan cannot be read: %v", err)
	}
	if len(text) > planMax {
		return Plan{}, fault.New(fault.Limit, op, "the fault plan is larger than %d bytes", planMax)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return Plan{}, fault.New(fault.Invalid, op, "the fault plan is not well formed: %v", err).
			WithHint("Its fields are in docs/integrators/card-simulator.md.")
	}
	if decoder.More() {
		return Plan{}, fault.New(fault.Invalid, op, "something follows the fault plan")
	}
	return p, p.check()
}

const planMax = 64 << 10

func (p *Plan) check() error {
	for i, m := range p.Requests {
		if err := checkEndpoint(m.Endpoint); err != nil {
			return err
		}
		if !areShares(m.LostAfter, m.LostBefore, m.Delayed, m.Error500, m.Error503, m.Error429) {
			return fault.New(fault.Invalid, "processor.ReadPlan", "requests, entry %d: the shares are not from 0 to 1 in all", i+1)
		}
		if m.DelayMS < 0 || m.Delayed > 0 && m.DelayMS == 0 {
			return fault.New(fault.Invalid, "processor.ReadPlan", "requests, entry %d: delayed needs a delay_ms above 0", i+1)
		}
	}
	for i, o := range p.Outages {
		if err := checkEndpoint(o.Endpoint); err != nil {
			return err
		}
		if o.ForMS <= 0 || o.AfterMS < 0 {
			return fault.New(fault.Invalid, "processor.ReadPlan", "outages, entry %d: for_ms must be above 0 and after_ms not below", i+1)
		}
	}
	w := p.Webhooks
	if !areShares(w.Dropped, w.Doubled, w.Delayed, w.Reordered) || w.DelayMS < 0 {
		return fault.New(fault.Invalid, "processor.ReadPlan", "webhooks: the shares are not from 0 to 1 in all")
	}
	return nil
}

func areShares(shares ...float64) bool {
	sum := 0.0
	for _, share := range shares {
		if share < 0 {
			return false
		}
		sum += share
	}
	return sum <= 1
}

// checkEndpoint refuses a pattern that no endpoint fits.
func checkEndpoint(pattern string) error {
	if !slices.ContainsFunc(endpointNames, func(name string) bool { return fits(pattern, name) }) {
		return fault.New(fault.Invalid, "processor.ReadPlan", "the fault plan names the endpoint %q, which is none", pattern).
			WithHint("Endpoints are " + strings.Join(endpointNames, ", ") + "; * stands for any part.")
	}
	return nil
}

func fits(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func fitsAccount(want, account string) bool {
	return want == "" || want == account || want == platform && account == ""
}

// luck is what befalls one request.
type luck struct {
	lostAfter, lostBefore, fails500, fails503, fails429 bool
	done                                                bool // whether a request that fails500 is carried out
	delay                                               time.Duration
}

// dealer deals the faults of a plan.
type dealer struct {
	mu    sync.Mutex
	plan  Plan
	since time.Time             // when it came in force
	dice  map[string]*rand.Rand // by endpoint
}

func newDealer(p Plan, now time.Time) *dealer {
	return &dealer{plan: p, since: now, dice: map[string]*rand.Rand{}}
}

func (d *dealer) set(p Plan, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan, d.since, d.dice = p, now, map[string]*rand.Rand{}
}

func (d *dealer) current() Plan {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.plan
}

// roll gives the next number of an address's own sequence, from 0 to below 1.
// Every draw rolls once, whatever the plan says, so that an added rule does not
// move the others.
func (d *dealer) roll(name string) float64 {
	dice := d.dice[name]
	if dice == nil {
		sum := fnv.New64a()
		io.WriteString(sum, name)
		dice = rand.New(rand.NewPCG(d.plan.Seed, sum.Sum64()))
		d.dice[name] = dice
	}
	return dice.Float64()
}

// request draws what befalls the next request at an endpoint.
func (d *dealer) request(endpoint, account string, now time.Time) luck {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.roll(endpoint)
	for _, o := range d.plan.Outages {
		begins := d.since.Add(time.Duration(o.AfterMS) * time.Millisecond)
		if fits(o.Endpoint, endpoint) && fitsAccount(o.Account, account) &&
			!now.Before(begins) && now.Before(begins.Add(time.Duration(o.ForMS)*time.Millisecond)) {
			return luck{fails503: true}
		}
	}
	for _, m := range d.plan.Requests {
		if fits(m.Endpoint, endpoint) && fitsAccount(m.Account, account) {
			return m.luckAt(at)
		}
	}
	return luck{}
}

// luckAt lays the shares side by side and sees on which the number falls.
func (m *Mishap) luckAt(at float64) luck {
	within := func(share float64) bool {
		hit := at < share
		at -= share
		return hit
	}
	switch {
	case within(m.LostAfter):
		return luck{lostAfter: true}
	case within(m.LostBefore):
		return luck{lostBefore: true}
	case within(m.Delayed):
		return luck{delay: time.Duration(m.DelayMS) * time.Millisecond}
	case within(m.Error500 / 2):
		return luck{fails500: true, done: true}
	case within(m.Error500 / 2):
		return luck{fails500: true}
	case within(m.Error503):
		return luck{fails503: true}
	case within(m.Error429):
		return luck{fails429: true}
	}
	return luck{}
}

// webhookLuck is what befalls one event.
type webhookLuck struct {
	dropped, doubled, reordered bool
	delay                       time.Duration
}

func (d *dealer) webhook() webhookLuck {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, w := d.roll("webhooks"), d.plan.Webhooks
	switch {
	case at < w.Dropped:
		return webhookLuck{dropped: true}
	case at < w.Dropped+w.Doubled:
		return webhookLuck{doubled: true}
	case at < w.Dropped+w.Doubled+w.Delayed:
		return webhookLuck{delay: time.Duration(w.DelayMS) * time.Millisecond}
	case at < w.Dropped+w.Doubled+w.Delayed+w.Reordered:
		return webhookLuck{reordered: true}
	}
	return webhookLuck{}
}
