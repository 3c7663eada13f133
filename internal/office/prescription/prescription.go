// Package prescription bills the Medicare Prescription Payment Plan (42 CFR
// 423.137): what a month costs was reckoned by whoever keeps the drug claims and
// comes in a file; here it becomes owed, apart from all premium, and it is told who
// is behind.
//
// It bills through the cashier and knows no SQL. Invariants: nothing is billed
// before a whole file has proved good and everybody it names is on file; a month
// that is named again is corrected by the difference, so that a file which comes
// twice bills once; there is no interest and no fee; nobody's coverage ends by what
// is unpaid here, only participation may, after the grace. Start reading at Import,
// then Standings. The file is docs/formats/prescription-bills-csv.md.
package prescription

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/registry"
)

// Store keeps the plan's bills. Its methods return errors of package fault.
type Store interface {
	registry.Directory
	// PrescriptionBills gives the bills of books, in order.
	PrescriptionBills(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo][]cashier.PrescriptionBill, error)
	// PrescriptionOpen gives the open items of the plan in at most so many books after
	// one, in the order of book and item.
	PrescriptionOpen(ctx context.Context, after ledger.BookNo, limit int) ([]openitem.Item, error)
}

// House is what must be known of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Plan is the payment plan of an installation.
type Plan struct {
	Store   Store
	Cashier *cashier.Cashier
	House   House
	Rules   *rule.Set
}

// File is a file of bills.
type File struct {
	Open func() io.Reader // called several times, for the same bytes
}

// Report is what an import did.
type Report struct {
	Verdict  fault.Verdict   `json:"verdict"`
	Problems []fault.Problem `json:"problems,omitempty"` // when the verdict is not accept; nothing was billed then
	Rows     int             `json:"rows"`
	Before   int             `json:"billed_before"` // rows that an earlier, interrupted import of this file had billed
	Counts
}

// Counts are what became of rows.
type Counts struct {
	Billed        int         `json:"billed"` // months billed for the first time
	BilledCents   money.Cents `json:"billed_cents"`
	Corrected     int         `json:"corrected"` // months that were billed before, otherwise
	MoreCents     money.Cents `json:"more_cents"`
	LessCents     money.Cents `json:"less_cents"` // taken back, above zero
	Unchanged     int         `json:"unchanged"`
	UnappliedBack money.Cents `json:"unapplied_cents"` // of what was taken back, paid already: money of the account now
}

func (c *Counts) add(o *Counts) {
	c.Billed, c.Corrected, c.Unchanged = c.Billed+o.Billed, c.Corrected+o.Corrected, c.Unchanged+o.Unchanged
	c.BilledCents, c.MoreCents = c.BilledCents+o.BilledCents, c.MoreCents+o.MoreCents
	c.LessCents, c.UnappliedBack = c.LessCents+o.LessCents, c.UnappliedBack+o.UnappliedBack
}

// chunkRows is how many rows one storage transaction bills. It is part of what the
// keys of a file's chunks mean.
const chunkRows = 500

// row is a bill, and where it stands in the file.
type row struct {
	premium.PrescriptionBill
	line, no int
}

// Prove reads a file to its end, bills nothing, and gives what would stop it from
// being billed.
func (p *Plan) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	proof := &prover{p: p, digest: sha256.New(), seen: map[participantMonth]int{}}
	err := proof.read(ctx, File{open})
	return proof.problems, fault.Wrap("prescription.Prove", err)
}

// Import bills a file. One that does not prove, or names somebody who is not on
// file, is refused whole, which the report says and is no error. An error is about
// the store or the reading: importing again goes on.
func (p *Plan) Import(ctx context.Context, actor ident.Actor, file File) (Report, error) {
	const op = "prescription.Import"
	if actor.IsZero() {
		return Report{}, fault.New(fault.Denied, op, "nothing is billed without a named actor")
	}
	proof := &prover{p: p, digest: sha256.New(), seen: map[participantMonth]int{}}
	if err := proof.read(ctx, file); err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	report := Report{Verdict: fault.Judge(proof.problems), Problems: proof.problems, Rows: proof.rows}
	if report.Verdict != fault.Accept {
		return report, nil
	}
	id, part := hex.EncodeToString(proof.digest.Sum(nil)[:16]), 0
	err := inChunks(file, func(rows []row) error {
		part++
		return p.bill(ctx, actor, id, part, rows, &report)
	})
	return report, fault.Wrap(op, err)
}

// inChunks reads a file that proved good and hands its rows on in chunks.
func inChunks(file File, each func([]row) error) error {
	var waiting []row
	n := 0
	_, err := premium.ReadPrescriptionBills(file.Open(), func(line int, b premium.PrescriptionBill) error {
		n++
		waiting = append(waiting, row{b, line, n})
		if len(waiting) < chunkRows {
			return nil
		}
		err := each(waiting)
		waiting = waiting[:0]
		return err
	})
	if err == nil && len(waiting) > 0 {
		err = each(waiting)
	}
	return err
}

type participantMonth struct {
	number ledger.BookNo
	month  calendar.Month
}

// prover reads a file for the first time.
type prover struct {
	p        *Plan
	digest   hash.Hash // of the rows as they were understood, in the file's order
	seen     map[participantMonth]int
	rows     int
	problems []fault.Problem
}

func (v *prover) read(ctx context.Context, file File) error {
	var twice []fault.Problem
	problems, err := premium.ReadPrescriptionBills(file.Open(), func(line int, b premium.PrescriptionBill) error {
		v.rows++
		fmt.Fprintf(v.digest, "%s|%s|%s|%s\n", b.Number.Digits(), b.Month, b.Cents, b.DueOn)
		at := participantMonth{ledger.BookNo(b.Number), b.Month}
		if first, again := v.seen[at]; again && len(twice) < fault.ProblemsMax {
			twice = append(twice, problem(row{b, line, v.rows}, "month", fmt.Sprintf("line %d bills this participant's month too", first)))
		} else if !again {
			v.seen[at] = line
		}
		return ctx.Err()
	})
	v.problems = append(problems, twice...)
	if err != nil || len(v.problems) > 0 {
		return err
	}
	// Whom the rows name is asked only of a file that reads well.
	return inChunks(file, func(rows []row) error {
		_, problems, err := v.p.participants(ctx, rows)
		room := fault.ProblemsMax - len(v.problems)
		v.problems = append(v.problems, problems[:min(room, len(problems))]...)
		return err
	})
}

func problem(r row, field, message string) fault.Problem {
	return fault.Problem{Line: r.line, Record: fmt.Sprintf("row %d", r.no), Field: field, Message: message}
}

// participants finds the billing accounts that rows are about.
func (p *Plan) participants(ctx context.Context, rows []row) ([]registry.Found, []fault.Problem, error) {
	refs := make([]registry.Reference, len(rows))
	for i := range rows {
		refs[i].Number = rows[i].Number
	}
	found, err := registry.Resolve(ctx, p.Store, refs)
	if err != nil {
		return nil, nil, err
	}
	var problems []fault.Problem
	for i := range found {
		if found[i].Err != nil {
			problems = append(problems, problem(rows[i], "number", fault.MessageOf(found[i].Err)))
		}
	}
	return found, problems, nil
}

// bill bills a chunk under a key made of the file's content.
func (p *Plan) bill(ctx context.Context, actor ident.Actor, id string, part int, rows []row, report *Report) error {
	found, problems, err := p.participants(ctx, rows)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return fault.New(fault.Conflict, "prescription.bill", "%s; it was on file when the file was proved", problems[0])
	}
	var books []ledger.BookNo
	for i := range found {
		books = append(books, found[i].Book.No)
		if given := found[i].Given.No; given != found[i].Book.No {
			books = append(books, given)
		}
	}
	var counts Counts
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("prescription:%s:%d", id, part)), Actor: actor}
	done, err := p.Cashier.ChargePrescriptions(ctx, order, id, part, books,
		func(ctx context.Context, have map[ledger.BookNo]cashier.Book) (cashier.Charging, error) {
			billed, err := p.Store.PrescriptionBills(ctx, books)
			if err != nil {
				return cashier.Charging{}, err
			}
			d := newDue(p, have, billed)
			for i := range rows {
				if err := d.row(&rows[i], found[i]); err != nil {
					return cashier.Charging{}, err
				}
			}
			counts = d.counts
			return d.out, nil
		})
	switch {
	case err != nil:
		return err
	case done.Replayed:
		report.Before += len(rows)
	default:
		report.add(&counts)
	}
	return nil
}
