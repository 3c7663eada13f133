// Package policy takes what files say of policies and keeps the plan's file of
// them: it finds the subscriber and the policy that a row means, decides whether
// the policy begins, changes, ends, is cancelled or taken up again, and adds the
// terms that became known. The billing run bills what stands here.
//
// It works on rows in the house's own terms; adapters turn an 834 or a CSV into
// them, and cover/coverage says what an 834's words mean. It enrols nobody: the
// members of an 834 are on file before its policies come (office/enrolment). It
// computes no premium and does not know SQL or file formats.
//
// Invariants:
//   - A file is read twice: nothing is kept before all of it has proved good.
//   - Terms and withholds are only ever added, with the day on which they became
//     known; what leaves a policy as it was in effect is not written.
//   - Rows are carried out in chunks, each one storage transaction, and can be
//     repeated: the same file again changes nothing.
//   - Every row is in the report's counts. One that means nobody, no policy or
//     nothing that can be done is an exception with its place, and nothing of it
//     is done.
//   - Reports and errors name opaque ids, places, dates and amounts, never a
//     number or a person's data.
//
// Start reading at Import, or CarryOut for what another system sends, then
// chunk.decide. The rules are in docs/formats/policies-csv.md and
// docs/formats/834.md.
package policy

import (
	"context"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Row is one row or loop of a file: what it says of one policy, either Stated or Sent.
type Row struct {
	Line    int    // physical line
	Record  string // the row as its format names it: "HD", "row 12"
	Segment int    // of an 834: the segment's ordinal in the file; 0 otherwise
	Stated  *coverage.Stated
	Sent    *Sent
}

// Sent is what an 834 says of one coverage of a household.
type Sent struct {
	coverage.Sent
	// Sender is who sends it; its Group is found here. Unlisted says that the plan's
	// configuration does not know the sender, so that nothing says what it enrols into.
	Sender     coverage.Sender
	Unlisted   bool
	Subscriber enrolment.Family // of whom the policy is
	// Persons are what the file says of who stands in Members, in their order, by
	// which their numbers are found.
	Persons []member.Change
	Part    Part
	// Replace says that the file is to replace what is on file: a policy that an
	// audit row does not find begins, and what differs is changed.
	Replace bool
	// Every says that no coverage is named and all of the subscriber's are meant.
	Every bool
}

// Part says what of a policy a Sent is about.
type Part string

// The parts.
const (
	Whole  Part = ""
	Joins  Part = "joins"  // Members join the policy from Begins
	Leaves Part = "leaves" // Members are covered through Ends and no longer
)

// Reader reads a file's rows and calls each with every good one, in the file's
// order and with bounded memory. It gives everything wrong with the text; the
// error is each's own or the file's.
type Reader func(file io.Reader, each func(Row) error) ([]fault.Problem, error)

// File is a file to import.
type File struct {
	Open func() io.Reader // called twice, for the same bytes
	Read Reader
	// Book is that of the kept file, under which an audit's findings are kept; 0 keeps none.
	Book ledger.BookNo
}

// Store keeps policies. Its methods return errors of package fault.
type Store interface {
	registry.Directory
	// LoadMembers gives who is on file under the wanted names.
	LoadMembers(ctx context.Context, want enrolment.Want) (enrolment.Have, error)
	// PoliciesOf gives the policies of subscribers, in the order of their keys.
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	// PolicyKeys finds the policies that a source means by its ids.
	PolicyKeys(ctx context.Context, source string, ids []string) (map[string]coverage.Key, error)
	// SavePolicies keeps policies that are new or changed since they were read, all
	// or none. It fails with fault.Conflict when one changed meanwhile.
	SavePolicies(ctx context.Context, held []coverage.Held, known map[coverage.Key]coverage.Held) error
	// CoveredPolicies gives at most so many policies of a source after a key that
	// cover a day or a later one.
	CoveredPolicies(ctx context.Context, source string, on calendar.Date, after coverage.Key, limit int) ([]coverage.Key, error)
	// SaveFindings keeps what an audit file states otherwise, numbered on from so many;
	// those that are kept already do not matter.
	SaveFindings(ctx context.Context, file ledger.BookNo, from int, findings []Finding) error
	// SaveCompared keeps the comparison of an audit file. It does nothing when one is kept.
	SaveCompared(ctx context.Context, c Compared) error
	// Batch gives a batch that was carried out. NotFound when there is none.
	Batch(ctx context.Context, id string) (KeptBatch, error)
	// SaveBatch keeps what SavePolicies keeps together with the batch that it came
	// from. Conflict also when a batch of this id is kept.
	SaveBatch(ctx context.Context, held []coverage.Held, known map[coverage.Key]coverage.Held, batch KeptBatch) error
}

// Policies keeps the file of policies.
type Policies struct {
	store Store
	trail *audit.Trail
	clock clock.Clock
}

// New makes the file of policies.
func New(store Store, trail *audit.Trail, clk clock.Clock) *Policies {
	return &Policies{store, trail, clk}
}

// chunkRows is how many rows one storage transaction takes.
const chunkRows = 400

// retriesMax bounds how often a chunk is decided again because a policy moved.
const retriesMax = 20

// Import carries a file out. A file whose verdict is not accept is not carried
// out, and the report says why: that is no error. An error is about the store or
// the reading; rows of earlier chunks then stand, and importing again goes on.
func (p *Policies) Import(ctx context.Context, access audit.Access, file File) (Report, error) {
	const op = "policy.Import"
	if err := access.Check(); err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	rows := 0
	problems, err := file.Read(file.Open(), func(Row) error {
		rows++
		return ctx.Err()
	})
	if err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	if verdict := fault.Judge(problems); verdict != fault.Accept {
		return Report{Verdict: verdict, Problems: problems, Rows: rows}, nil
	}
	run := &run{p: p, access: access, book: file.Book, named: map[string]map[coverage.Key]bool{}, unlisted: map[string]bool{}}
	run.report.Verdict = fault.Accept
	problems, err = file.Read(file.Open(), func(row Row) error { return run.take(ctx, row) })
	if err == nil {
		err = run.flush(ctx)
	}
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Conflict, op, "the file changed between its two readings")
	}
	if err == nil {
		err = run.absent(ctx)
	}
	if err == nil {
		err = run.conclude(ctx)
	}
	return run.report, fault.Wrap(op, err)
}

// run is one import on its way.
type run struct {
	p       *Policies
	access  audit.Access
	waiting []Row
	report  Report
	// named holds, by source, the policies that a file which states everybody has named.
	named    map[string]map[coverage.Key]bool
	unlisted map[string]bool // senders that the report has named
	book     ledger.BookNo
	audit    Compared
	found    int // findings that were kept
}

// take collects a chunk. Rows of one policy that stand together stay together, so
// that they are decided as one.
func (r *run) take(ctx context.Context, row Row) error {
	if n := len(r.waiting); n >= chunkRows && !sameStated(&r.waiting[n-1], &row) || n >= 2*chunkRows {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.waiting = append(r.waiting, row)
	return nil
}

func (r *run) flush(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	c, err := r.p.carryOut(ctx, r.access, r.waiting)
	if err != nil {
		return err
	}
	r.waiting = r.waiting[:0]
	for _, line := range c.unlisted {
		if !r.unlisted[line.source] {
			r.unlisted[line.source] = true
			c.report.NeedsStaff++
			c.report.add(line.Line)
		}
	}
	r.report.merge(&c.report)
	c.compared(&r.audit)
	if err := r.keep(ctx, c.findings); err != nil {
		return err
	}
	for source, keys := range c.named {
		if r.named[source] == nil {
			r.named[source] = map[coverage.Key]bool{}
		}
		for _, key := range keys {
			r.named[source][key] = true
		}
	}
	return nil
}

// carryOut decides and commits a chunk of rows, again and again until no policy
// moved meanwhile.
func (p *Policies) carryOut(ctx context.Context, access audit.Access, rows []Row) (*chunk, error) {
	for range retriesMax {
		c, err := p.read(ctx, rows)
		if err != nil {
			return nil, err
		}
		c.decideAll()
		if len(c.changed) == 0 {
			return c, nil
		}
		if err := p.trail.Record(ctx, access, audit.Enrol, c.books()...); err != nil {
			return nil, err
		}
		err = p.store.SavePolicies(ctx, c.changed, c.known)
		if fault.KindOf(err) != fault.Conflict {
			return c, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, fault.New(fault.Unavailable, "policy.carryOut", "policies moved too often; try again")
}
