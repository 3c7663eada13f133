// Package enrolment takes what sponsors and exchanges say of members and keeps
// the plan's file of them: it finds whom a row means, applies the change, issues
// bill pay numbers, opens billing accounts, keeps old numbers as aliases, and
// records who owes for whom.
//
// It works on rows in the house's own terms; adapters turn an 834 or a roster
// into them. What a change means is decided by people/member, and this package
// decides nothing about money. It does not know SQL or file formats.
//
// Invariants:
//   - A file is read twice: nothing is applied before all of it has proved good.
//   - Rows are applied in chunks, each one storage transaction, and every step
//     can be repeated: the same file again, or a file cut short by a crash and
//     started anew, changes nothing that was done.
//   - A number once issued is nobody else's, and resembles nothing that is on
//     file of its person. No collision reaches a caller.
//   - Nobody is terminated because a full file leaves them out.
//   - Reports and errors name opaque ids, lines and fields, never a person's data.
//
// Start reading at Import, then chunk.row in chunk.go. The rules are in
// docs/rules/privacy-household.md, the formats in docs/formats/834.md and
// docs/formats/roster-csv.md.
package enrolment

import (
	"context"
	"errors"
	"io"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// House is what enrolment must know of the installation.
type House interface {
	// Region finds a region's pack.
	Region(id region.ID) (region.Pack, bool)
	// RegionAt finds the region of an address, "" when none serves it.
	RegionAt(state, zip string) region.ID
}

// Issuer draws new bill pay numbers; see billpay.Issuer.
type Issuer interface {
	Draw(n int) []billpay.Number
}

// Enrolment keeps the file of members.
type Enrolment struct {
	store  Store
	house  House
	issuer Issuer
	clock  clock.Clock
}

// New makes an enrolment.
func New(store Store, house House, issuer Issuer, clk clock.Clock) *Enrolment {
	return &Enrolment{store, house, issuer, clk}
}

// Row is one row of a file: one member's change and what stands beside it.
type Row struct {
	Line   int    // physical line
	Record string // the row as its format names it: "INS", "row 12"
	Change member.Change
	// Household is the subscriber id of the subscriber who stands before a
	// dependant in the file, or "". Some sources give each dependant an id of
	// their own, which then is Change.Identity.SubscriberID.
	Household string
	Alias     billpay.Alias // the member's number in an earlier system, or none
	Sponsor   Sponsor       // who sponsors the coverage, or none
	// Replace says that the file is to replace what is on file: whom an audit row
	// does not find is enrolled, and what differs is changed.
	Replace bool
}

// Sponsor is an employer or sponsor as a file names it.
type Sponsor struct {
	Kind member.PartyKind
	ID   string // by its own system
	Name string
	Pays bool // premiums are billed to it and not to the subscriber
}

// Reader reads a file's rows and calls each with every good one, in the file's
// order and with bounded memory. It gives everything wrong with the text; the
// error is each's own or the file's.
type Reader func(file io.Reader, each func(Row) error) ([]fault.Problem, error)

// File is a file to import.
type File struct {
	Open func() io.Reader // called twice, for the same bytes
	Read Reader
	// Progress is told how many rows are done of how many; it may be nil.
	Progress func(done, total int)
}

// chunkRows is how many rows one storage transaction takes: enough that its
// cost is spread, few enough that nobody waits long behind it.
const chunkRows = 400

// retriesMax bounds how often a chunk is decided again because a record moved.
const retriesMax = 20

// Import applies a file. A file whose verdict is not accept is not applied, and
// the report says why: that is no error. An error is about the store or the
// reading; rows of earlier chunks then stand, and importing again goes on.
func (e *Enrolment) Import(ctx context.Context, access audit.Access, file File) (Report, error) {
	const op = "enrolment.Import"
	if err := access.Check(); err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	total := 0
	problems, err := pass(file, func(Row) error {
		total++
		return ctx.Err()
	})
	if err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	if verdict := fault.Judge(problems); verdict != fault.Accept {
		return Report{Verdict: verdict, Problems: problems, Rows: total}, nil
	}
	run := &run{e: e, access: access, total: total, file: file, named: map[string]map[billpay.Number]bool{}}
	run.report.Verdict = fault.Accept
	if problems, err = pass(file, func(row Row) error { return run.take(ctx, row) }); err == nil {
		err = run.flush(ctx)
	}
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Conflict, op, "the file changed between its two readings")
	}
	if err == nil {
		err = run.compare(ctx)
	}
	return run.report, fault.Wrap(op, err)
}

func pass(file File, each func(Row) error) ([]fault.Problem, error) {
	return file.Read(file.Open(), each)
}

// run is one import on its way.
type run struct {
	e       *Enrolment
	access  audit.Access
	file    File
	total   int
	waiting []Row
	report  Report
	// named holds, by source, whom a file that states everybody has named.
	named map[string]map[billpay.Number]bool
}

func (r *run) take(ctx context.Context, row Row) error {
	r.waiting = append(r.waiting, row)
	if len(r.waiting) < chunkRows {
		return nil
	}
	return r.flush(ctx)
}

func (r *run) flush(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	done, err := r.e.apply(ctx, r.access, r.waiting)
	if err != nil {
		return err
	}
	r.waiting = r.waiting[:0]
	r.report.merge(&done.report)
	for source, numbers := range done.named {
		if r.named[source] == nil {
			r.named[source] = map[billpay.Number]bool{}
		}
		for _, n := range numbers {
			r.named[source][n] = true
		}
	}
	if r.file.Progress != nil {
		r.file.Progress(r.report.Rows, r.total)
	}
	return nil
}

// apply decides and commits a chunk of rows, again and again until no record
// moved meanwhile.
func (e *Enrolment) apply(ctx context.Context, access audit.Access, rows []Row) (*chunk, error) {
	for range retriesMax {
		have, err := e.store.LoadMembers(ctx, wantOf(rows))
		if err != nil {
			return nil, err
		}
		c := newChunk(e, access, have)
		for _, row := range rows {
			c.row(row)
		}
		if err := c.finish(ctx); err != nil {
			return nil, err
		}
		if c.writes.isEmpty() {
			return c, nil
		}
		err = e.store.SaveMembers(ctx, &c.writes)
		if !errors.Is(err, ErrStale) {
			return c, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, fault.New(fault.Unavailable, "enrolment.apply", "members' records moved too often; try again")
}
