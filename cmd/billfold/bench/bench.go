// Package bench measures the product on the machine it runs on and says against
// what: each figure stands beside a reference that was measured in the same
// run, just before and just after where the reference is cheap, because
// absolute figures of a shared machine mean little.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/probe"
	"github.com/billfold/billfold/internal/store/throwaway"
)

// Names lists the benches.
var Names = []string{"online", "web", "file", "billing", "status", "lookup", "numbers", "autopay", "ach", "returns", "reconcile"}

// Options say what to measure and on what.
type Options struct {
	Engine  string        // sqlite or postgres
	DSN     string        // of an empty PostgreSQL database; a throw-away cluster when empty
	Dir     string        // where files and clusters go; the system's temporary folder when empty
	Seconds time.Duration // how long a rate is measured
	Items   int           // in the file of the file bench, and accounts of the lookup bench
	Numbers int           // issued by the numbers bench
	People  int           // accounts that callers pay to and look up; peopleDefault when 0
	// Probe writes the file bench's reference rows; nil means in this process, whose
	// memory then holds the reference's too.
	Probe func(ctx context.Context, at probe.Address, count, run int) (time.Duration, error)
	Say   func(format string, args ...any)
}

// peopleDefault is how many accounts callers are spread over.
const peopleDefault = 100_000

func (o Options) people() int { return cmp.Or(o.People, peopleDefault) }

// Reference is what a figure is held against.
type Reference struct {
	Name string  `json:"name"`
	Rate float64 `json:"rate"`
}

// Figure is one measurement.
type Figure struct {
	Bench     string    `json:"bench"`
	Engine    string    `json:"engine"`
	Rate      float64   `json:"rate"`
	Unit      string    `json:"unit"`
	P50       float64   `json:"p50_ms"`
	P99       float64   `json:"p99_ms"`
	RSS       int64     `json:"rss_mib"` // the most memory this process held so far
	Reference Reference `json:"reference"`
	Ratio     float64   `json:"ratio"`
	Retried   int64     `json:"retried,omitempty"` // collisions that were drawn again
}

func newFigure(bench, engine string, rate float64, unit string, latencies []time.Duration) Figure {
	slices.Sort(latencies)
	f := Figure{Bench: bench, Engine: engine, Rate: rate, Unit: unit, RSS: peakMemory()}
	if n := len(latencies); n > 0 {
		f.P50 = milliseconds(latencies[n/2])
		f.P99 = milliseconds(latencies[n*99/100])
	}
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (f Figure) against(name string, rates ...float64) Figure {
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	f.Reference = Reference{name, sum / float64(len(rates))}
	if sum > 0 {
		f.Ratio = f.Rate / f.Reference.Rate
	}
	return f
}

// Run measures one bench on a fresh database, and calls each with every figure.
func Run(ctx context.Context, name string, o Options, each func(Figure) error) error {
	bench, ok := map[string]func(context.Context, *office, Options, func(Figure) error) error{
		"online": single(benchOnline), "web": benchWeb, "file": single(benchFile), "lookup": single(benchLookup),
		"numbers": single(benchNumbers), "billing": single(benchBilling),
		"status": single(benchStatus), "autopay": benchAutopay, "reconcile": single(benchReconcile),
		"ach": single(benchACH), "returns": benchReturns,
	}[name]
	if !ok {
		return fault.New(fault.Invalid, "", "there is no bench %q: choose from %v", name, Names)
	}
	b, closing, err := openOffice(ctx, o)
	if err != nil {
		return err
	}
	defer closing()
	return bench(ctx, b, o, each)
}

// single is a bench of one figure.
func single(
	bench func(context.Context, *office, Options) (Figure, error),
) func(context.Context, *office, Options, func(Figure) error) error {
	return func(ctx context.Context, b *office, o Options, each func(Figure) error) error {
		f, err := bench(ctx, b, o)
		if err != nil {
			return err
		}
		return each(f)
	}
}

// house is the plan that benches bill for.
type house struct{ clock clock.Clock }

func (house) PurseOf(fund chart.Fund) chart.Purse { return chart.Purse{Entity: 1, Fund: fund} }
func (h house) PostingDay(chart.EntityNo) calendar.Date {
	return calendar.In(h.clock.Now(), time.UTC)
}
func (house) RuleFor(chart.Fund, calendar.Date) allocate.Rule { return allocate.OldestDueFirst }

// office is a fresh database with what a bench needs around it.
type office struct {
	store   *store.Store
	cashier *cashier.Cashier
	house   house
	till    ledger.BookNo
	vault   *vault.Vault
	cluster *throwaway.Cluster
	pgbench string // its program, once its tables are filled
	dsn     string
	dir     string
	round   int
}

func openOffice(ctx context.Context, o Options) (*office, func(), error) {
	dir, err := os.MkdirTemp(o.Dir, "billfold-bench-")
	if err != nil {
		return nil, nil, err
	}
	b := &office{house: house{clock.System{}}, dir: dir, dsn: o.DSN}
	closing := func() {
		if b.store != nil {
			b.store.Close()
		}
		if b.cluster != nil {
			b.cluster.Stop()
		}
		os.RemoveAll(dir)
	}
	if err := b.open(ctx, o); err != nil {
		closing()
		return nil, nil, err
	}
	return b, closing, nil
}

func (b *office) open(ctx context.Context, o Options) error {
	options := store.Options{Dir: filepath.Join(b.dir, "data")}
	if o.Engine == "postgres" {
		if b.dsn == "" {
			cluster, err := throwaway.Start(ctx, throwaway.Options{Dir: o.Dir})
			if err != nil {
				return err
			}
			b.cluster = cluster
			if err := cluster.CreateDatabase(ctx, "bench"); err != nil {
				return err
			}
			b.dsn = cluster.DSN("bench")
		}
		options = store.Options{DSN: b.dsn, Connections: 2 * postgresLanes}
	}
	var err error
	if b.vault, err = vault.Create(filepath.Join(b.dir, "keys")); err != nil {
		return err
	}
	if b.store, err = store.Open(ctx, options, b.vault, clock.System{}); err != nil {
		return err
	}
	b.cashier = cashier.New(b.store, b.house, clock.System{})
	b.till, err = b.store.OpenOperatingBook(ctx, "bench", 0)
	return err
}

// benchOnline holds online posting against what the engine does by itself:
// PostgreSQL's own benchmark, or one commit per payment on SQLite.
func benchOnline(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.people())
	numbers, err := b.openAccounts(ctx, o.people(), 2)
	if err != nil {
		return Figure{}, err
	}
	name, reference, err := b.transactions(ctx, o, numbers)
	if err != nil {
		return Figure{}, err
	}
	before, err := reference()
	if err != nil {
		return Figure{}, err
	}
	f, err := b.online(ctx, numbers, o.Seconds)
	if err != nil {
		return Figure{}, err
	}
	after, err := reference()
	return f.against(name, before, after), err
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// transactions gives the reference of what posts: PostgreSQL's own benchmark, or
// the same payments in one commit each.
func (b *office) transactions(ctx context.Context, o Options, numbers []billpay.Number) (string, func() (float64, error), error) {
	if b.store.Engine() != "postgres" {
		return "one commit per payment", func() (float64, error) { return b.onePerCommit(ctx, numbers, o.Seconds) }, nil
	}
	run, err := b.runPgbench(ctx, o)
	return "pgbench TPC-B-like, scale 20, -c 8 -j 2", run, err
}

// runPgbench fills pgbench's tables, once, and gives a function that measures.
func (b *office) runPgbench(ctx context.Context, o Options, flags ...string) (func() (float64, error), error) {
	if b.pgbench == "" {
		if err := b.fillPgbench(ctx, o); err != nil {
			return nil, err
		}
	}
	args := append(flags, "-c", "8", "-j", "2", "-T", strconv.Itoa(max(1, int(o.Seconds.Seconds()))), b.cluster.DSN("pgbench"))
	return func() (float64, error) {
		out, err := exec.CommandContext(ctx, b.pgbench, args...).Output()
		found := tps.FindSubmatch(out)
		if err != nil || found == nil {
			return 0, fault.New(fault.Internal, "", "pgbench: %v\n%s", err, out)
		}
		return strconv.ParseFloat(string(found[1]), 64)
	}, nil
}

func (b *office) fillPgbench(ctx context.Context, o Options) error {
	if b.cluster == nil {
		return fault.New(fault.Invalid, "", "the reference needs a server of its own: leave --dsn out")
	}
	bin, ok := b.cluster.Bin("pgbench")
	if !ok {
		return fault.New(fault.Unavailable, "", "pgbench is not among PostgreSQL's programs here").
			WithHint("It comes with a full PostgreSQL installation; name its folder in " + throwaway.BinEnv + ".")
	}
	if err := b.cluster.CreateDatabase(ctx, "pgbench"); err != nil {
		return err
	}
	o.Say("filling pgbench's tables")
	if out, err := exec.CommandContext(ctx, bin, "-i", "-q", "-s", "20", b.cluster.DSN("pgbench")).CombinedOutput(); err != nil {
		return fault.New(fault.Internal, "", "pgbench -i: %v\n%s", err, out)
	}
	b.pgbench = bin
	return nil
}

// benchFile holds a whole file's way against bare set-based SQL that writes the
// same rows on the same tables, a quarter of the items just before and a
// quarter just after.
func benchFile(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 1)
	if err != nil {
		return Figure{}, err
	}
	write := o.Probe
	if write == nil {
		write = func(ctx context.Context, at probe.Address, count, run int) (time.Duration, error) {
			return probe.Run(ctx, clock.System{}, at, count, run)
		}
	}
	bare := func(run int) (float64, error) {
		count := max(1, o.Items/4)
		took, err := write(ctx, b.probeAddress(), count, run)
		return float64(count) / took.Seconds(), err
	}
	o.Say("bare SQL")
	before, err := bare(1)
	if err != nil {
		return Figure{}, err
	}
	f, err := b.file(ctx, numbers, func(posted, of int) {
		if posted%100_000 < 500 {
			o.Say("%d of %d items posted", posted, of)
		}
	})
	if err != nil {
		return Figure{}, err
	}
	after, err := bare(2)
	return f.against("bare set-based SQL of the same rows", before, after), err
}

func (b *office) probeAddress() probe.Address {
	if b.store.Engine() == "postgres" {
		return probe.Address{DSN: b.dsn}
	}
	return probe.Address{Path: filepath.Join(b.dir, "data", store.DatabaseFile)}
}

// benchLookup reads accounts with their open items by number, from two callers per
// processor: busy, and not so many that the figure is the time in the queue.
func benchLookup(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 1)
	if err != nil {
		return Figure{}, err
	}
	before, err := b.oneRow(ctx, o, numbers)
	if err != nil {
		return Figure{}, err
	}
	n, latencies, err := b.look(ctx, o, numbers, func(n billpay.Number) cashier.Want {
		return cashier.Want{Books: []ledger.BookNo{ledger.BookNo(n)}}
	})
	if err != nil {
		return Figure{}, err
	}
	f := newFigure("lookup", b.store.Engine(), float64(n)/o.Seconds.Seconds(), "accounts/s", latencies)
	after, err := b.oneRow(ctx, o, numbers)
	return f.against(oneRow, before, after), err
}

const oneRow = "one row by key"

// oneRow is the reference of what looks up: the directory's row of a number.
func (b *office) oneRow(ctx context.Context, o Options, numbers []billpay.Number) (float64, error) {
	n, _, err := b.look(ctx, o, numbers, func(n billpay.Number) cashier.Want { return cashier.Want{Aliases: []string{n.Digits()}} })
	return float64(n) / o.Seconds.Seconds(), err
}

func (b *office) look(
	ctx context.Context, o Options, numbers []billpay.Number, want func(n billpay.Number) cashier.Want,
) (int64, []time.Duration, error) {
	return callers(ctx, 2*runtime.NumCPU(), o.Seconds, func(ctx context.Context, _ int, _ int64) error {
		have, err := b.store.Read(ctx, want(numbers[rand.IntN(len(numbers))]))
		if err == nil && len(have.Books)+len(have.Aliases) == 0 {
			err = fault.New(fault.Internal, "", "an account was not found")
		}
		return err
	})
}

// issueBatch is how many numbers are reserved in one transaction.
const issueBatch = 20_000

// benchNumbers issues numbers: drawn, checked against every number and old
// number on file, reserved for ever.
func benchNumbers(ctx context.Context, b *office, o Options) (Figure, error) {
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		return Figure{}, err
	}
	began := time.Now()
	issuer.Draw(o.Numbers / 10)
	drawn := float64(o.Numbers/10) / time.Since(began).Seconds()
	began = time.Now()
	issued, retried := 0, int64(0)
	for issued < o.Numbers {
		batch := issuer.Draw(min(issueBatch, o.Numbers-issued))
		slices.Sort(batch) // neighbours share pages
		free, err := b.store.Reserve(ctx, batch)
		if err != nil {
			return Figure{}, err
		}
		retried += int64(len(batch) - len(free))
		issued += len(free)
		if issued%1_000_000 < issueBatch {
			o.Say("%d of %d issued, %d collisions drawn again", issued, o.Numbers, retried)
		}
	}
	f := newFigure("numbers", b.store.Engine(), float64(issued)/time.Since(began).Seconds(), "numbers/s", nil)
	f.Retried = retried
	return f.against("drawing alone", drawn), nil
}

// String writes a figure for people.
func (f Figure) String() string {
	text := fmt.Sprintf("%-10s %-9s %12.0f %s", f.Bench, f.Engine, f.Rate, f.Unit)
	if f.P99 > 0 {
		text += fmt.Sprintf(", p50 %.2f ms, p99 %.2f ms", f.P50, f.P99)
	}
	text += fmt.Sprintf(", %d MiB at most", f.RSS)
	if f.Bench == "numbers" {
		text += fmt.Sprintf(", %d collisions drawn again", f.Retried)
	}
	return text + fmt.Sprintf("\n         %.2f times %s (%.0f/s)", f.Ratio, f.Reference.Name, f.Reference.Rate)
}
