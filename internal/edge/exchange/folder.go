package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/intake"
)

// The parts of a folder. A file moves from incoming through working to done or
// refused; answers to partners appear in outgoing.
const (
	incoming = "incoming"
	working  = "working"
	done     = "done"
	refused  = "refused"
	outgoing = "outgoing"
)

// Folder is a folder in which partners leave files.
//
// A file is claimed by moving it into working under a name of its own and then
// locking it, so of several processes one takes it. The lock goes with its
// process: what stands in working unlocked was left by a crash and is taken
// again. Whoever takes must therefore know a file that it has had, as
// office/intake does. Once a file's report is written it is not taken again.
//
// A Folder is for one goroutine.
type Folder struct {
	dir   string
	clock clock.Clock
	disk  disk
	seen  map[string]look // what stood in incoming when it was looked at last
}

// look is what must stay the same between two looks at a file for it to count as
// complete.
type look struct {
	size     int64
	modified time.Time
}

// Take takes one file: the taking half of intake.Intake. Its error means that
// the work did not end, and the file is offered again.
type Take func(name string, content io.Reader) (intake.Result, error)

// Outcome is what became of a file in the folder; it is also the file's report.
type Outcome struct {
	Name string       `json:"name"` // as it came, in characters safe for a file name
	ID   ident.Opaque `json:"id"`
	// Verdict is accept if every file in it was accepted, else the worst of theirs.
	Verdict fault.Verdict `json:"verdict"`
	// Problems say why an archive could not be opened.
	Problems []fault.Problem `json:"problems"`
	// Results are of the file, or of each file in an archive.
	Results []intake.Result `json:"results"`
	// Place is where the file stands now, from the folder.
	Place string `json:"place"`
	// Acknowledgement is where the 999 or TA1 stands, from the folder, or "".
	Acknowledgement string    `json:"acknowledgement,omitempty"`
	TakenAt         time.Time `json:"taken_at"`
}

// OpenFolder opens a folder and makes what is missing in it. Only its owner may
// read it: the files are about people.
func OpenFolder(dir string, clk clock.Clock) (*Folder, error) {
	for _, part := range []string{incoming, working, done, refused, outgoing} {
		if err := os.MkdirAll(filepath.Join(dir, part), 0o700); err != nil {
			return nil, fault.New(fault.Unavailable, "exchange.OpenFolder", "the folder cannot be used: %v", err)
		}
	}
	return &Folder{dir: dir, clock: clk, disk: realDisk{}, seen: map[string]look{}}, nil
}

// Once takes every complete file: first what a crash left, then what came, each
// in the order of names. A file is complete when two calls in a row see it with
// the same size and time, so the first call after a start takes nothing new.
//
// A file whose taking fails stays and is tried again by the next call; the files
// after it are taken all the same, unless what failed is not the file's (a
// database that is down, a cancelled ctx). The error joins all failures.
func (f *Folder) Once(ctx context.Context, take Take) ([]Outcome, error) {
	var outcomes []Outcome
	var failed []error
	names, err := f.left()
	if err != nil {
		return nil, fault.Wrap("exchange.Once", err)
	}
	came, err := f.complete()
	if err != nil {
		return nil, fault.Wrap("exchange.Once", err)
	}
	for _, name := range came {
		names = append(names, claim{Name: name})
	}
	for _, c := range names {
		if ctx.Err() != nil {
			failed = append(failed, fault.New(fault.Unavailable, "exchange.Once", "stopped: %v", ctx.Err()))
			break
		}
		outcome, err := f.one(c, take)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", label(c.Name), err))
		}
		if outcome != nil {
			outcomes = append(outcomes, *outcome)
		}
		if kind := fault.KindOf(err); err != nil && (kind == fault.Unavailable || kind == fault.UnknownOutcome) {
			break
		}
	}
	return outcomes, fault.Wrap("exchange.Once", errors.Join(failed...))
}

// claim is a file in working; without an ID it stands in incoming yet.
type claim struct {
	ID   ident.Opaque
	Name string
}

// base is the claimed file's name in working and wherever it goes.
func (c claim) base() string { return string(c.ID) + "-" + c.Name }

func parseClaim(base string) (claim, bool) {
	id, name, ok := strings.Cut(base, "-")
	opaque, err := ident.ParseOpaque(id)
	return claim{opaque, name}, ok && err == nil && name != ""
}

// left lists what stands in working, in the order of the names that came.
func (f *Folder) left() ([]claim, error) {
	entries, err := os.ReadDir(f.path(working))
	if err != nil {
		return nil, unavailable(err)
	}
	var claims []claim
	for _, e := range entries {
		if c, ok := parseClaim(e.Name()); ok && e.Type().IsRegular() {
			claims = append(claims, c)
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(a.Name, b.Name) })
	return claims, nil
}

// complete looks at incoming and lists, by name, what has not changed since the
// look before.
func (f *Folder) complete() ([]string, error) {
	entries, err := os.ReadDir(f.path(incoming))
	if err != nil {
		return nil, unavailable(err)
	}
	now := make(map[string]look, len(entries))
	var names []string
	for _, e := range entries {
		if !e.Type().IsRegular() || isUnfinished(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process has it
		}
		if err != nil {
			return nil, unavailable(err)
		}
		this := look{info.Size(), info.ModTime()}
		if before, known := f.seen[e.Name()]; known && before.size == this.size && before.modified.Equal(this.modified) {
			names = append(names, e.Name())
		}
		now[e.Name()] = this
	}
	f.seen = now
	return names, nil
}

// isUnfinished recognises the names that transfer programs give to files until
// they are complete.
func isUnfinished(name string) bool {
	ending := strings.ToLower(filepath.Ext(name))
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") ||
		slices.Contains([]string{".part", ".tmp", ".filepart", ".partial"}, ending)
}

// one claims a file, takes it and puts it away. It gives neither outcome nor
// error for a file that another process has.
func (f *Folder) one(c claim, take Take) (*Outcome, error) {
	if c.ID == "" {
		came := c.Name
		c = claim{ident.NewOpaque(), label(came)}
		err := f.disk.Rename(f.path(incoming, came), f.path(working, c.base()))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, unavailable(err)
		}
		delete(f.seen, came)
	}
	content, size, err := lock(f.path(working, c.base()))
	if content == nil || err != nil {
		return nil, err
	}
	defer content.Close()
	outcome, err := f.reported(c)
	if outcome == nil && err == nil {
		outcome, err = f.take(c, content, size, take)
	}
	if err != nil {
		return nil, err
	}
	return outcome, f.putAway(c, outcome)
}

func (f *Folder) take(c claim, content io.ReaderAt, size int64, take Take) (*Outcome, error) {
	arrival := Open(c.Name, content, size)
	outcome := &Outcome{
		Name: c.Name, ID: c.ID, Verdict: fault.Judge(arrival.Problems), Problems: arrival.Problems,
		Results: []intake.Result{}, TakenAt: f.clock.Now(),
	}
	if outcome.Problems == nil {
		outcome.Problems = []fault.Problem{}
	}
	for _, file := range arrival.Files {
		result, err := takeFile(file, take)
		if err != nil {
			return nil, err
		}
		outcome.Results = append(outcome.Results, result)
		outcome.Verdict = worse(outcome.Verdict, result.Verdict)
	}
	to := refused
	if outcome.Verdict == fault.Accept {
		to = done
	}
	outcome.Place = filepath.Join(to, c.base())
	return outcome, f.report(c, outcome, arrival.Files)
}

func takeFile(file File, take Take) (intake.Result, error) {
	content, err := file.Open()
	if err != nil {
		return intake.Result{}, unavailable(err)
	}
	defer content.Close()
	return take(file.Name, content)
}

func worse(a, b fault.Verdict) fault.Verdict {
	order := []fault.Verdict{fault.Accept, fault.Flag, fault.Refuse}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func (f *Folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

func unavailable(err error) error {
	return fault.New(fault.Unavailable, "exchange.Folder", "the folder cannot be used: %v", err)
}
