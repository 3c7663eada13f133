package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/billfold/billfold/cmd/billfold/demo"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/region"
)

// EntityOf implements api.House.
func (house) EntityOf(chart.EntityNo) plan.Entity { return plan.Entity{ID: "bench", Zone: time.UTC} }

// RegionAt implements enrolment.House: the bench's people state their region.
func (house) RegionAt(_, _ string) region.ID { return "" }

// Region implements registry.House: every region there is.
func (house) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC}, true
}

// webServer is the operations over HTTP as `billfold serve` has them, on a port
// of this machine.
type webServer struct {
	addr  string
	token string // of a sandbox key
	// What stands behind the operations, as the pages use it without HTTP in between.
	registry *registry.Registry
	limits   *limit.Limits
	close    func()
}

// serveWeb serves the operations over the bench's office.
func (b *office) serveWeb(ctx context.Context) (*webServer, error) {
	keys := apikey.New(b.store, b.vault, clock.System{})
	_, token, err := keys.Create(ctx, apikey.Order{Name: "bench", Sandbox: true, Scopes: apikey.Scopes(), By: clerk})
	if err != nil {
		return nil, err
	}
	poster := cashier.NewPoster(b.cashier, b.lanes())
	found := registry.New(b.store, b.house, clock.System{})
	found.HoldMisses(func(context.Context, time.Time) {})
	limits := limit.New(b.store, limit.Defaults(), clock.System{})
	handler := api.New(api.Options{
		Plan: "bench", Sandbox: true, Keys: keys, House: b.house, Directory: b.store, Poster: poster, Finder: b.cashier,
		Trail: audit.New(b.store, clock.System{}), Registry: found, Limits: limits,
		Orders: b.store, Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		poster.Close()
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	go server.Serve(listener)
	return &webServer{listener.Addr().String(), token.Reveal(), found, limits, func() {
		server.Close()
		poster.Close()
	}}, nil
}

// benchWeb measures what other systems do over HTTP, with everything that stands
// before and behind it: payments, and look-ups of an account by number and fact.
func benchWeb(ctx context.Context, b *office, o Options, each func(Figure) error) error {
	f, err := b.webPayments(ctx, o)
	if err != nil {
		return err
	}
	if err := each(f); err != nil {
		return err
	}
	return b.webLookups(ctx, o, each)
}

func (b *office) webPayments(ctx context.Context, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.people())
	numbers, err := b.openAccounts(ctx, o.people(), 2)
	if err != nil {
		return Figure{}, err
	}
	server, err := b.serveWeb(ctx)
	if err != nil {
		return Figure{}, err
	}
	defer server.close()
	name, reference, err := b.transactions(ctx, o, numbers)
	if err != nil {
		return Figure{}, err
	}
	pay := func(l *line, caller int, i int64) error {
		l.begin("POST /api/v1/payments", server.token)
		l.header("Idempotency-Key", fmt.Sprintf("bench:%d:%d:%d", b.round, caller, i))
		number := numbers[rand.IntN(len(numbers))].Digits()
		return l.send(http.StatusCreated, `{"amount_cents":125,"parts":[{"number":"`+number+
			`","fund":"premium","amount_cents":125}],"method":{"type":"sandbox"}}`)
	}
	return b.overHTTP(ctx, o, "web pay", "payments/s", server.addr, pay, name, reference)
}

// overHTTP measures what callers do on connections that they keep, between two
// runs of a reference.
func (b *office) overHTTP(
	ctx context.Context, o Options, bench, unit, addr string, act func(l *line, caller int, i int64) error,
	name string, reference func() (float64, error),
) (Figure, error) {
	lines := make([]*line, onlineCallers)
	defer func() {
		for _, l := range lines {
			if l != nil {
				l.conn.Close()
			}
		}
	}()
	return b.between(ctx, o, bench, unit, func(_ context.Context, caller int, i int64) error {
		// Opened only now: the server hangs up on a caller who says nothing for long.
		if lines[caller] == nil {
			l, err := dial(addr)
			if err != nil {
				return err
			}
			lines[caller] = l
		}
		return act(lines[caller], caller, i)
	}, name, reference)
}

// between measures what callers do, between two runs of a reference.
func (b *office) between(
	ctx context.Context, o Options, bench, unit string, act func(ctx context.Context, caller int, i int64) error,
	name string, reference func() (float64, error),
) (Figure, error) {
	run := func(d time.Duration) (int64, []time.Duration, error) {
		b.round++
		return callers(ctx, onlineCallers, d, act)
	}
	before, err := reference()
	if err != nil {
		return Figure{}, err
	}
	if _, _, err := run(o.Seconds / 5); err != nil { // warm-up
		return Figure{}, err
	}
	n, latencies, err := run(o.Seconds)
	if err != nil {
		return Figure{}, err
	}
	f := newFigure(bench, b.store.Engine(), float64(n)/o.Seconds.Seconds(), unit, latencies)
	after, err := reference()
	return f.against(name, before, after), err
}

// fact is what a payer would type.
type fact struct{ number, zip string }

// webLookups measures the look-up of an account by number and fact twice: as the
// guest's page makes it, and as another system does over HTTP.
func (b *office) webLookups(ctx context.Context, o Options, each func(Figure) error) error {
	members := o.people() / 5 // enrolling takes longer than opening accounts
	o.Say("enrolling %d members", members)
	facts, err := b.enrol(ctx, members)
	if err != nil {
		return err
	}
	server, err := b.serveWeb(ctx)
	if err != nil {
		return err
	}
	defer server.close()
	name, reference, err := b.rowByKey(ctx, o, facts)
	if err != nil {
		return err
	}
	look, err := server.look(facts)
	if err != nil {
		return err
	}
	f, err := b.between(ctx, o, "guest look", "look-ups/s", look, name, reference)
	if err != nil {
		return err
	}
	if err := each(f); err != nil {
		return err
	}
	f, err = b.overHTTP(ctx, o, "web look", "look-ups/s", server.addr, func(l *line, _ int, _ int64) error {
		f := facts[rand.IntN(len(facts))]
		l.begin("POST /api/v1/accounts/match", server.token)
		return l.send(http.StatusOK, `{"number":"`+f.number+`","fact":"`+f.zip+`"}`)
	}, name, reference)
	if err != nil {
		return err
	}
	return each(f)
}

// rowByKey gives the reference of look-ups.
func (b *office) rowByKey(ctx context.Context, o Options, facts []fact) (name string, run func() (float64, error), err error) {
	if b.store.Engine() == "postgres" {
		run, err = b.runPgbench(ctx, o, "-S")
		return "pgbench -S, scale 20, -c 8 -j 2", run, err
	}
	numbers := make([]billpay.Number, len(facts))
	for i, f := range facts {
		if numbers[i], err = billpay.Parse(f.number); err != nil {
			return "", nil, err
		}
	}
	return oneRow, func() (float64, error) { return b.oneRow(ctx, o, numbers) }, nil
}

// look gives a caller's look-up as the guest's page makes it: each payer from an
// address and a device of his own, asked of the limits, matched, audited.
func (s *webServer) look(facts []fact) (func(ctx context.Context, caller int, i int64) error, error) {
	access, err := audit.By(ident.Actor{Kind: ident.Guest, Name: "bench"}, "paying as a guest", "bench")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, caller int, i int64) error {
		f := facts[rand.IntN(len(facts))]
		number, err := billpay.Parse(f.number)
		if err != nil {
			return err
		}
		who := limit.Who{
			Number: number, Device: fmt.Sprintf("%d:%d", caller, i),
			Address: netip.AddrFrom4([4]byte{10, byte(caller), byte(i >> 8), byte(i)}),
		}
		_, err = s.registry.Match(ctx, access, f.number, f.zip, func(ctx context.Context, hit bool, number billpay.Number) error {
			verdict, err := s.limits.Looked(ctx, who, hit, number)
			if err == nil && verdict.Answer != limit.Allow {
				err = fault.New(fault.Internal, "", "a look-up was stopped by %s", verdict.Rule)
			}
			return err
		})
		return err
	}, nil
}

// enrol makes members up and gives what each would say of themselves.
func (b *office) enrol(ctx context.Context, members int) ([]fact, error) {
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		return nil, err
	}
	access, err := audit.By(clerk, "made-up members", "bench")
	if err != nil {
		return nil, err
	}
	people := demo.People{Members: members, Seed: 1, Today: b.house.PostingDay(1)}
	file := enrolment.File{Open: func() io.Reader { return bytes.NewReader(nil) }, Read: people.Rows}
	report, err := enrolment.New(b.store, b.house, issuer, clock.System{}).Import(ctx, access, file)
	if err != nil {
		return nil, err
	}
	if report.Added != members {
		return nil, fault.New(fault.Internal, "", "%d of %d members were enrolled", report.Added, members)
	}
	var facts []fact
	for after := billpay.Number(0); ; {
		books, err := b.store.ListMembers(ctx, registry.Filter{}, after, 1000)
		if err != nil || len(books) == 0 {
			return facts, err
		}
		members, err := b.store.Members(ctx, books)
		if err != nil {
			return nil, err
		}
		for i := range members {
			facts = append(facts, fact{members[i].Number.Digits(), members[i].Record.Person.Residence.ZIP})
		}
		after = billpay.Number(books[len(books)-1])
	}
}
