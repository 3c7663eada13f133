// Package web serves pages for people: paying without sign-in, reading a letter
// that was mailed (letter.go), a read-only
// overview of the installation, and the two addresses by which a machine asks
// whether it lives.
//
// It knows pages, languages and HTTP. It knows no SQL and no posting rule. No
// address of a page holds a person's name, a bill pay number or a card.
//
// Invariants:
//   - Pages work without scripts. Ours only make them easier, and stand in files
//     of our own: nothing inline, nothing from another origin, save the card
//     processor's on the card page (security.go). Every one is in the inventory.
//   - Every text is complete in every language of the catalogue (words.go).
//   - A page is composed whole before its first byte is sent, so that a failure
//     is a plain page with its own status and never half of another.
//   - Session, origin of forms, headers and limits are seen to in one place, before
//     a page's own code runs (router.go).
//   - Logs hold a request's route by name, and not its address, which a stranger
//     composes.
//
// Start reading at New, then Site.ServeHTTP, then composeOverview in overview.go.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/store"
)

// Source is what the overview reads; the store is one.
type Source interface {
	// Overview sums up the installation; today gives each legal entity's posting day.
	Overview(ctx context.Context, today map[chart.EntityNo]calendar.Date) (store.Overview, error)
	// Ready reports whether the database answers.
	Ready(ctx context.Context) error
}

// House is what the pages must know of the installation beside its plan.
type House interface {
	PurseOf(fund chart.Fund) chart.Purse
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Text is a text in every language of the pages.
type Text struct{ English, Spanish string }

// Step is something to try, with the command that does it.
type Step struct {
	Title   Text
	Command string // as it is typed; shown in every language alike
}

// Options says what is served.
type Options struct {
	Plan    *plan.Plan
	House   House
	Source  Source
	Clock   clock.Clock
	Log     *slog.Logger
	Notices []Text // said above everything else, such as MadeUp
	Steps   []Step // what to try next
	// Troubles tells what the office must see to now, on the overview; nil when nothing
	// can be wrong.
	Troubles func(context.Context) []Text

	// Guest is paying without sign-in; nil leaves it out, and the overview is then
	// the first page.
	Guest *Guest
	// Letters is reading letters that were mailed; nil leaves it out.
	Letters *Letters
	// Overview shows the totals to whoever asks, beside the guest pages.
	Overview bool
	// Sessions keeps sessions; needed for Guest and Letters.
	Sessions SessionStore
	// Processor is the card processor as browsers meet it; nil when there is none.
	Processor *Processor
	// PublicURL is where the site stands for the outside, "https://pay.example.org";
	// empty takes each request's own word for it.
	PublicURL string
	// TrustedProxies are the machines whose X-Forwarded-For and X-Forwarded-Proto
	// count; none by default.
	TrustedProxies []netip.Prefix
}

// MadeUp is the notice of an installation whose plan and people are invented.
var MadeUp = Text{
	English: "This is a made-up health plan. The people, bills and payments are invented, so you can try everything safely.",
	Spanish: "Este es un plan de salud inventado. Las personas, las facturas y los pagos son ficticios: puede probar todo sin riesgo.",
}

// Site is the handler of all pages.
type Site struct {
	Options
	figures     *figures
	mux         *http.ServeMux
	names       []route
	proxies     proxies
	policies    policies
	crossOrigin *http.CrossOriginProtection
	sessions    *sessions
	assets      *assets
	themes      map[string]*asset // by region
	reports     *reports
	inventory   []Listed
	watch       watchState
}

// New makes the site. Invalid when an option cannot be used; Unavailable when
// the program was built without the pages' assets.
func New(o Options) (*Site, error) {
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	if (o.Guest != nil || o.Letters != nil) && o.Sessions == nil {
		return nil, fault.New(fault.Invalid, "web.New", "paying without sign-in and reading letters need a place for sessions")
	}
	if o.Processor != nil {
		if err := o.Processor.check(); err != nil {
			return nil, err
		}
	}
	crossOrigin := http.NewCrossOriginProtection()
	if o.PublicURL != "" {
		// A proxy may hand us another host than the one that browsers speak to.
		if err := crossOrigin.AddTrustedOrigin(strings.TrimSuffix(o.PublicURL, "/")); err != nil {
			return nil, fault.New(fault.Invalid, "web.New", "the public address of the site cannot be used: %v", err).
				WithHint("Write scheme and host only: https://pay.example.org.")
		}
	}
	s := &Site{
		Options: o, figures: newFigures(o), assets: files, proxies: o.TrustedProxies, policies: policies{o.Processor},
		crossOrigin: crossOrigin, reports: newReports(o.Clock),
	}
	if o.Sessions != nil {
		s.sessions = newSessions(o.Sessions, o.Clock)
	}
	s.themes = files.addThemes(o.Plan.Regions, o.Log)
	s.names = s.routes()
	s.mux = newMux(s.names)
	s.inventory = s.list()
	return s, nil
}
