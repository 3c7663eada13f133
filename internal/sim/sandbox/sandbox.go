package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
	"github.com/billfold/billfold/internal/sim/journal"
	"github.com/billfold/billfold/internal/sim/post"
	"github.com/billfold/billfold/internal/sim/processor"
)

// Faults is a fault plan for all counterparties.
type Faults struct {
	Seed          uint64             `json:"seed,omitempty"` // of those that have none
	Documents     []post.Fault       `json:"documents,omitempty"`
	ClearingHouse clearinghouse.Plan `json:"clearing_house,omitzero"`
	Processor     *processor.Plan    `json:"processor,omitempty"`
}

const faultsMax = 256 << 10

// ReadFaults reads a fault plan from JSON and refuses what it does not know.
func ReadFaults(source io.Reader) (Faults, error) {
	const op = "sandbox.ReadFaults"
	text, err := io.ReadAll(io.LimitReader(source, faultsMax+1))
	if err != nil || len(text) > faultsMax {
		return Faults{}, fault.New(fault.Limit, op, "the fault plan cannot be read, or is larger than %d bytes", faultsMax)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var f Faults
	if err := decoder.Decode(&f); err != nil {
		return Faults{}, fault.New(fault.Invalid, op, "the fault plan is not well formed: %v", err).
			WithHint("Its fields are in docs/integrators/sandbox.md.")
	}
	if f.ClearingHouse.Seed == 0 {
		f.ClearingHouse.Seed = f.Seed
	}
	if f.Processor != nil && f.Processor.Seed == 0 {
		f.Processor.Seed = f.Seed
	}
	if err := f.post().Check(); err != nil {
		return f, err
	}
	return f, f.ClearingHouse.Check()
}

func (f Faults) post() post.Plan { return post.Plan{Seed: f.Seed, Documents: f.Documents} }

// Options say what a sandbox plays.
type Options struct {
	Dir       string // of everything that it keeps
	URL       string // by which it is reached
	Clock     clock.Clock
	Log       *slog.Logger
	Begins    time.Time // when a new sandbox's clock begins; now when zero
	Routing   string    // of the bank; a made-up one when empty
	Accounts  []bank.Account
	Lockboxes map[string]string // lockbox number to account
	Companies map[string]string // company identification to account
	Merchants map[string]string // merchant account at the processor to account
	Faults    *Faults           // put in force at start; what was in force before when nil
	BAI2      bool              // how statements come; as BAI2 when neither is asked for
	Camt      bool
	Advices   bool
	Processor processor.Options // Dir, URL, Log and Plan are set here
}

// Sandbox is a running sandbox.
type Sandbox struct {
	options   Options
	zone      *time.Location
	clock     *businessClock
	journal   *journal.Journal[record]
	Bank      *bank.Bank
	House     *clearinghouse.House
	Processor *processor.Processor
	Post      *post.Office
	folder    *folder
	log       *slog.Logger

	mu      sync.Mutex // held while the day goes on
	payouts map[string]payout
}

// record is one line of the sandbox's own journal.
type record struct {
	Ahead  *time.Duration `json:"ahead,omitempty"`
	Payout *payout        `json:"payout,omitempty"`
}

const defaultRouting = "102003154"

// Open opens a sandbox on its folder and takes up what was there.
func Open(o Options) (*Sandbox, error) {
	zone, err := eastern()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "sandbox.Open", "the bank's time zone is not known: %v", err)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Routing == "" {
		o.Routing = defaultRouting
	}
	s := &Sandbox{options: o, zone: zone, clock: &businessClock{base: o.Clock}, log: o.Log, payouts: map[string]payout{}}
	if err := s.open(); err != nil {
		return nil, s.closeAfter(err)
	}
	return s, nil
}

func (s *Sandbox) closeAfter(err error) error {
	s.Close()
	return err
}

func (s *Sandbox) open() error {
	o := s.options
	isNew := true
	var err error
	s.journal, err = journal.Open(o.Dir, "sandbox.jsonl", func(r record) error {
		isNew = false
		s.apply(r)
		return nil
	})
	if err != nil {
		return err
	}
	if isNew && !o.Begins.IsZero() {
		ahead := o.Begins.Sub(o.Clock.Now())
		if err := s.journal.Add(record{Ahead: &ahead}); err != nil {
			return err
		}
		s.clock.set(ahead)
	}
	if s.folder, err = openFolder(filepath.Join(o.Dir, "exchange")); err != nil {
		return err
	}
	if err := s.openParties(); err != nil {
		return err
	}
	if o.Faults != nil {
		return s.SetFaults(*o.Faults)
	}
	return nil
}

// openParties opens the counterparties, the post first: the others send by it what a
// kill kept back.
func (s *Sandbox) openParties() error {
	o, today := s.options, firstDay(s.Now())
	var err error
	if s.Post, err = post.Open(post.Options{Dir: o.Dir, Mailbox: s.folder, Today: calendar.In(s.Now(), s.zone)}); err != nil {
		return err
	}
	if s.Bank, err = bank.Open(bank.Options{
		Dir: o.Dir, Routing: o.Routing, Accounts: o.Accounts, Lockboxes: o.Lockboxes, Opens: today, BAI2: o.BAI2, Camt: o.Camt,
		Advices: o.Advices, Deliver: s.Post.Deliver,
	}); err != nil {
		return err
	}
	if s.House, err = clearinghouse.Open(clearinghouse.Options{
		Dir: o.Dir, Routing: o.Routing, Companies: o.Companies, Bank: s.Bank, Deliver: s.Post.Deliver,
	}); err != nil {
		return err
	}
	p := o.Processor
	p.Dir, p.URL, p.Log, p.Clock = filepath.Join(o.Dir, "processor"), o.URL, o.Log, o.Clock
	s.Processor, err = processor.Open(p)
	return err
}

func (s *Sandbox) apply(r record) {
	if r.Ahead != nil {
		s.clock.set(*r.Ahead)
	}
	if r.Payout != nil {
		s.payouts[r.Payout.ID] = *r.Payout
	}
}

// Close ends everything; what was done stays done.
func (s *Sandbox) Close() error {
	var errs []error
	if s.Processor != nil {
		errs = append(errs, s.Processor.Close())
	}
	if s.House != nil {
		errs = append(errs, s.House.Close())
	}
	if s.Bank != nil {
		errs = append(errs, s.Bank.Close())
	}
	if s.Post != nil {
		errs = append(errs, s.Post.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// Now is the sandbox's time, in the bank's zone.
func (s *Sandbox) Now() time.Time { return s.clock.Now().In(s.zone) }

// Faults gives the fault plan in force.
func (s *Sandbox) Faults() Faults {
	p := s.Post.Plan()
	return Faults{Seed: p.Seed, Documents: p.Documents, ClearingHouse: s.House.Plan()}
}

// SetFaults puts a fault plan in force for what comes.
func (s *Sandbox) SetFaults(f Faults) error {
	if err := s.Post.SetPlan(f.post()); err != nil {
		return err
	}
	if err := s.House.SetPlan(f.ClearingHouse); err != nil {
		return err
	}
	if f.Processor == nil {
		return s.Processor.SetPlan(processor.Plan{})
	}
	return s.Processor.SetPlan(*f.Processor)
}

func (s *Sandbox) move(to time.Time) error {
	ahead, err := s.clock.to(to)
	if err != nil {
		return err
	}
	return s.journal.Add(record{Ahead: &ahead})
}

// Move moves the clock forward, and does what becomes due on the way. Invalid when the
// instant is behind.
func (s *Sandbox) Move(to time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// What lies in the mailbox came before the clock was moved.
	if err := s.advance(); err != nil {
		return err
	}
	if err := s.move(to); err != nil {
		return err
	}
	return s.advance()
}

// NextDay moves the clock to the evening of its n-th banking day from now, the open
// one included: what is due until its statements are out is done.
func (s *Sandbox) NextDay(n int) error {
	for range n {
		if err := s.Move(on(s.Bank.Day(), closesAt, s.zone)); err != nil {
			return err
		}
	}
	return nil
}

// Advance does what is due: it takes what came in, and ends the banking days that are
// over.
func (s *Sandbox) Advance() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.advance()
}

func (s *Sandbox) advance() error {
	if err := s.takeIn(); err != nil {
		return err
	}
	for {
		day, now := s.Bank.Day(), s.Now()
		if now.Before(on(day, returnsAt, s.zone)) {
			return nil
		}
		if err := s.Post.Day(day); err != nil {
			return err
		}
		if err := s.House.Return(); err != nil {
			return err
		}
		if now.Before(on(day, closesAt, s.zone)) {
			return nil
		}
		if err := s.endDay(); err != nil {
			return err
		}
	}
}

// endDay ends the bank's open day.
func (s *Sandbox) endDay() error {
	if err := s.House.Settle(); err != nil {
		return err
	}
	if err := s.payOut(); err != nil {
		return err
	}
	_, err := s.Bank.CloseDay()
	return err
}

// takeIn takes what the plan left in the mailbox.
func (s *Sandbox) takeIn() error {
	names, err := s.folder.arrived()
	if err != nil {
		return err
	}
	for _, name := range names {
		content, err := s.folder.read(name)
		if err != nil {
			return err
		}
		taken, err := s.takeFile(name, content)
		if err != nil {
			return err
		}
		if err := s.folder.put(name, taken); err != nil {
			return err
		}
	}
	return nil
}

// takeFile hands a file to whom it is for; false when it is for nobody.
func (s *Sandbox) takeFile(name string, content []byte) (bool, error) {
	switch {
	case isPositivePay(content):
		n, err := s.Bank.TakeIssued(bytes.NewReader(content))
		if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.NotFound {
			s.log.Warn("a positive pay file was refused", "file", name, "reason", fault.MessageOf(err))
			return false, nil
		}
		s.log.Info("a positive pay file was taken", "file", name, "checks", n)
		return true, err
	case len(content) > 0 && content[0] == '1':
		answer, err := s.House.Take(filepath.Base(name), content, s.Now())
		s.log.Info("the clearing house answered", "file", name, "verdict", answer.Verdict, "reason", answer.Reason)
		return answer.Verdict != clearinghouse.Rejected && answer.Verdict != clearinghouse.Duplicate, err
	}
	s.log.Warn("nobody takes this file", "file", name)
	return false, nil
}

// isPositivePay reports a CSV whose columns are those of checks, or a file in lines of
// a fixed width that begins with its date.
func isPositivePay(content []byte) bool {
	first, _, _ := bytes.Cut(content, []byte("\n"))
	return bytes.Contains(first, []byte("check_number")) || len(first) > 100 && first[0] == 'H'
}

const lookEvery = 200 * time.Millisecond

// Run does what happens by itself, until ctx ends.
func (s *Sandbox) Run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { s.Processor.Run(ctx) })
	parts.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			if err := s.Advance(); err != nil {
				s.log.Error("the sandbox could not go on", "error", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	parts.Wait()
}

// folder is the mailbox on disk: in/ is what the plan sends, out/ what it is sent.
type folder struct{ root string }

var folders = []string{"in/taken", "in/refused", "out/bank", "out/clearing-house"}

func openFolder(root string) (*folder, error) {
	for _, name := range folders {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			return nil, fault.New(fault.Unavailable, "sandbox.Open", "the mailbox cannot be made: %v", err)
		}
	}
	return &folder{root}, nil
}

// Place implements post.Mailbox.
func (f *folder) Place(kind, name string, content []byte) error {
	to := "out/bank"
	if kind == "ach_ack" || kind == "ach_returns" {
		to = "out/clearing-house"
	}
	at := filepath.Join(f.root, to, filepath.Base(name))
	half := filepath.Join(filepath.Dir(at), "."+filepath.Base(name)+".part")
	if err := os.WriteFile(half, content, 0o600); err != nil {
		return err
	}
	return os.Rename(half, at)
}

// arrived lists the whole files in the inbox and in folders of it that the plan made,
// by their path in it.
func (f *folder) arrived() ([]string, error) {
	in := filepath.Join(f.root, "in")
	var names []string
	err := filepath.WalkDir(in, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(in, path)
		if err != nil {
			return err
		}
		if e.IsDir() && (name == "taken" || name == "refused") {
			return fs.SkipDir
		}
		if e.Type().IsRegular() && !isHalf(e.Name()) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fault.New(fault.Unavailable, "sandbox.Advance", "the inbox cannot be read: %v", err)
	}
	return names, nil
}

// isHalf reports a name that senders use while a file is on its way.
func isHalf(name string) bool {
	ending := filepath.Ext(name)
	return name[0] == '.' || ending == ".part" || ending == ".tmp"
}

func (f *folder) read(name string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(f.root, "in", name))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "sandbox.Advance", "%s cannot be read: %v", name, err)
	}
	return content, nil
}

// put keeps a file that was looked at, beside others of its name.
func (f *folder) put(name string, taken bool) error {
	to := "in/refused"
	if taken {
		to = "in/taken"
	}
	base := filepath.Base(name)
	at := filepath.Join(f.root, to, base)
	for n := 2; ; n++ {
		if _, err := os.Lstat(at); err != nil {
			break
		}
		at = filepath.Join(f.root, to, fmt.Sprintf("%s.%d", base, n))
	}
	if err := os.Rename(filepath.Join(f.root, "in", name), at); err != nil {
		return fault.New(fault.Unavailable, "sandbox.Advance", "%s cannot be put away: %v", name, err)
	}
	return nil
}
