package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/deliver"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/people/region"
)

// doors are the ways in over HTTP: pages for people, operations for other systems,
// and what the card processor sends.
type doors struct {
	site   *web.Site
	api    http.Handler
	cards  *cards // nil when the plan takes none
	limits *limit.Limits
	poster *cashier.Poster
	office http.Handler // the office's own screens; nil when they are not served
	staff  *access.Desk
}

// Lanes of the poster behind the API: one where one connection writes.
const (
	sqliteLanes   = 1
	postgresLanes = 4
)

func (o *office) openDoors(s serving) (*doors, error) {
	post, err := o.openMail(s)
	if err != nil {
		return nil, err
	}
	o.post = post
	d := &doors{limits: limit.New(o.store, limit.Defaults(), o.clock)}
	var teller checkout.Teller
	if post != nil {
		teller = post
	}
	if d.cards, err = o.openCards(s.where.keys(), teller, s.log); err != nil {
		return nil, err
	}
	if d.site, err = o.openSite(s, d, post); err != nil {
		return nil, err
	}
	lanes := sqliteLanes
	if o.store.Engine() == "postgres" {
		lanes = postgresLanes
	}
	d.poster = cashier.NewPoster(o.cashier, lanes)
	d.api = o.openAPI(s, d)
	if s.office {
		d.staff = o.staffDesk(d.limits)
		if d.office, err = o.openConsole(s, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (o *office) openSite(s serving, d *doors, post *deliver.Post) (*web.Site, error) {
	options := web.Options{
		Plan: o.plan, House: o.house, Source: o.store, Clock: o.clock, Log: s.log, Notices: s.notices, Steps: s.steps,
		Overview: s.overview, PublicURL: s.publicURL, TrustedProxies: s.proxies, Troubles: o.troubles,
	}
	if post != nil && post.ReadsLetters() {
		options.Letters = &web.Letters{Desk: o.mailDesk(), Readers: o.members.registry, Limits: d.limits}
		options.Sessions = o.store
	}
	if d.cards != nil {
		guest := &web.Guest{
			Desk: d.cards.desk, Cards: d.cards.processor, Directory: o.members.registry, Limits: d.limits,
			Challenger: limit.NewChallenger(d.limits, noMail{}),
		}
		if post != nil {
			guest.Challenger, guest.Receipts = limit.NewChallenger(d.limits, post), post
		}
		options.Guest, options.Sessions, options.Processor = guest, o.store, browserSide(o.plan.Processor)
	}
	return web.New(options)
}

func (o *office) openAPI(s serving, d *doors) http.Handler {
	options := api.Options{
		Plan: o.plan.Name, Sandbox: o.plan.Sandbox, MaxPayment: o.plan.Limits.MaxPayment, Keys: o.apiKeys, House: o.house,
		Directory: o.store, Poster: d.poster, Finder: o.cashier, Trail: o.members.trail, Registry: o.members.registry,
		Limits: d.limits, Orders: o.store, Policies: o.members.policies, Statuses: o, Clock: o.clock, Log: s.log,
	}
	if d.cards != nil {
		options.Desk, options.Processor = d.cards.desk, d.cards.processor
	}
	return api.New(options)
}

// ServeHTTP implements http.Handler.
func (d *doors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/processor/") {
		d.api.ServeHTTP(w, r)
		return
	}
	if d.office != nil && (r.URL.Path == auth.Root || strings.HasPrefix(r.URL.Path, auth.Root+"/")) {
		d.office.ServeHTTP(w, r)
		return
	}
	d.site.ServeHTTP(w, r)
}

const (
	// watchEvery is how often the payment pages are held against what was authorised.
	watchEvery = 10 * time.Minute
	// sweepEvery is how often what has expired is removed, and sweepMost how much.
	sweepEvery = time.Minute
	sweepMost  = 10_000
)

// run does what belongs to the doors, until ctx ends. Url is how they are reached
// when the plan's outside address is not known.
func (d *doors) run(ctx context.Context, parts *sync.WaitGroup, s serving, scripts web.ScriptStore, url string) {
	if s.publicURL != "" {
		url = s.publicURL
	}
	watch := d.site.NewWatch(web.WatchOptions{Base: url, Scripts: scripts})
	parts.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		watch.Run(ctx, tick.C)
	})
	parts.Go(func() { d.sweep(ctx, s.log) })
	if d.cards != nil {
		parts.Go(func() { d.cards.desk.Run(ctx) })
	}
}

func (d *doors) sweep(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		d.site.Sweep(ctx)
		if d.staff != nil {
			if err := d.staff.Sweep(ctx); err != nil && ctx.Err() == nil {
				log.Warn("ended sessions of staff could not be removed", "error", err)
			}
		}
		if _, err := d.limits.Sweep(ctx, sweepMost); err != nil && ctx.Err() == nil {
			log.Warn("expired counts could not be removed", "error", err)
		}
	}
}

// mailFile has the settings of the mail server, in the key folder because it holds
// a password.
const mailFile = "mail.yaml"

// openMail opens the road that letters take; nil when none is configured.
func (o *office) openMail(s serving) (*deliver.Post, error) {
	head := deliver.Letterhead{Plan: o.plan.Name, Interpreters: map[string][]string{}}
	if o.site != "" {
		head.Letters = o.site + letterPath
	}
	for i := range o.plan.Regions {
		addRegion(&head, &o.plan.Regions[i])
	}
	if s.spool != "" {
		head.From = "no-reply@billfold.invalid"
		spool, err := deliver.NewSpool(s.spool)
		if err != nil {
			return nil, err
		}
		return deliver.New(spool, head, o.house, o.clock)
	}
	path := filepath.Join(s.where.keys(), mailFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	settings, err := deliver.ReadSMTP(path)
	if err != nil {
		return nil, err
	}
	server, err := deliver.NewSMTP(settings)
	if err != nil {
		return nil, err
	}
	head.From = settings.From
	return deliver.New(server, head, o.house, o.clock)
}

// addRegion puts whom to call in a region on the letterhead, and that an interpreter
// costs nothing.
func addRegion(head *deliver.Letterhead, r *region.Pack) {
	if c, ok := r.Contact(region.Billing, region.AllTypes); ok {
		head.Contacts = append(head.Contacts, deliver.Contact{Region: r.Name, Number: c.Phone.Number.String(), TTY: c.Phone.TTY.String()})
	}
	for _, language := range r.Languages {
		head.Interpreters[language.Tag] = append(head.Interpreters[language.Tag], language.Interpreter)
	}
}

// noMail stands where no mail is configured: a payer who would be asked for a code
// is told to call instead.
type noMail struct{}

// Code implements limit.Mailer.
func (noMail) Code(context.Context, string, string, string, int) error {
	return fault.New(fault.Unavailable, "", "this installation sends no mail").WithHint("Configure " + mailFile + " in the key folder.")
}

// parseProxies reads the machines in front of us: addresses or prefixes.
func parseProxies(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fault.New(fault.Invalid, "", "%q is no address and no prefix of a proxy", text).
					WithHint("Write such as 10.0.0.5 or 10.0.0.0/24.")
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, prefix)
	}
	return all, nil
}
