// Package biller makes things owed: members' premiums of a month (Monthly.Bill),
// what others owe of them (Payers.Bill), and the open items that another system
// bills, from the CSV of docs/formats/open-items-csv.md.
//
// It knows whom an item is about and bills through cashier; it posts nothing
// itself and knows no SQL. Invariants: nothing is billed before the whole file
// has proved good and everybody it names is on file; items are billed in chunks
// under keys made of the file's content, so the same file again, or one cut
// short by a crash, bills each item once. Start reading at ImportItems.
package biller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
)

// House is what the biller must know of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
}

// Biller makes things owed.
type Biller struct {
	directory registry.Directory
	cashier   *cashier.Cashier
	house     House
}

// New makes a biller.
func New(directory registry.Directory, c *cashier.Cashier, house House) *Biller {
	return &Biller{directory, c, house}
}

// ItemsFile is a CSV file of open items.
type ItemsFile struct {
	Open func() io.Reader // called several times, for the same bytes
	// Opening says that the items were revenue in an earlier system's books and
	// are only carried over.
	Opening bool
	// Progress is told how many rows are done of how many; it may be nil.
	Progress func(done, total int)
}

// ItemsReport is what an import did.
type ItemsReport struct {
	Verdict  fault.Verdict   `json:"verdict"`
	Problems []fault.Problem `json:"problems,omitempty"` // when the verdict is not accept; nothing was billed then
	Rows     int             `json:"rows"`
	Cents    money.Cents     `json:"cents"`
	Billed   int             `json:"billed"`
	Before   int             `json:"billed_before"` // rows that the same file had billed already
}

// chunkRows is how many items one storage transaction bills. It is part of what
// the keys of a file's chunks mean: another value would bill a file twice that
// was begun under this one.
const chunkRows = 500

// ImportItems bills a file of open items. A file that does not prove, or names
// somebody who is not on file, is refused whole, which the report says and is no
// error. An error is about the store or the reading: importing again goes on.
func (b *Biller) ImportItems(ctx context.Context, actor ident.Actor, file ItemsFile) (ItemsReport, error) {
	const op = "biller.ImportItems"
	if actor.IsZero() {
		return ItemsReport{}, fault.New(fault.Denied, op, "nothing is billed without a named actor")
	}
	proof := &prover{b: b, digest: sha256.New()}
	if err := proof.read(ctx, file); err != nil {
		return ItemsReport{}, fault.Wrap(op, err)
	}
	proof.report.Verdict = fault.Judge(proof.report.Problems)
	if proof.report.Verdict != fault.Accept {
		return proof.report, nil
	}
	run := &run{b: b, actor: actor, file: file, id: hex.EncodeToString(proof.digest.Sum(nil)[:16]), report: proof.report}
	err := run.read(ctx)
	return run.report, fault.Wrap(op, err)
}

// ProveItems reads a file of open items to its end, bills nothing, and gives
// what would stop it from being billed.
func (b *Biller) ProveItems(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	proof := &prover{b: b, digest: sha256.New()}
	err := proof.read(ctx, ItemsFile{Open: open})
	return proof.report.Problems, fault.Wrap("biller.ProveItems", err)
}

// prover reads a file for the first time.
type prover struct {
	b       *Biller
	report  ItemsReport
	digest  hash.Hash // of the rows as they were understood, in the file's order
	waiting []openitem.Row
}

func (p *prover) read(ctx context.Context, file ItemsFile) error {
	problems, err := openitem.ReadCSV(file.Open(), func(row openitem.Row) error {
		p.report.Rows++
		p.report.Cents += row.Item.Amount
		i := row.Item
		fmt.Fprintf(p.digest, "%s|%q|%q|%s|%s|%s|%s|%s|%s|%q|%q|%t|%s|%s\n", row.Number.Digits(), row.Alias.Source(), row.Alias.Handle(),
			row.Opaque, row.Debtor.Digits(), row.Fund, i.Amount, i.DueOn, i.ServiceOn, i.Invoice, i.Text, i.Fee, i.Privacy, i.DebtorOn)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	p.report.Problems = problems
	if len(problems) > 0 {
		return nil
	}
	// Whom the rows name is asked only of a file that reads well.
	_, err = openitem.ReadCSV(file.Open(), func(row openitem.Row) error {
		p.waiting = append(p.waiting, row)
		if len(p.waiting) < chunkRows {
			return nil
		}
		return p.flush(ctx)
	})
	if err == nil {
		err = p.flush(ctx)
	}
	return err
}

func (p *prover) flush(ctx context.Context) error {
	_, problems, err := p.b.items(ctx, p.waiting)
	p.waiting = p.waiting[:0]
	room := fault.ProblemsMax - len(p.report.Problems)
	p.report.Problems = append(p.report.Problems, problems[:min(room, len(problems))]...)
	return err
}

// items finds whom rows are about and who owes them.
func (b *Biller) items(ctx context.Context, rows []openitem.Row) ([]openitem.Item, []fault.Problem, error) {
	refs := make([]registry.Reference, 0, 2*len(rows))
	for _, row := range rows {
		refs = append(refs, registry.Reference{
			Number: row.Number, Handle: row.Alias.Handle(), Source: row.Alias.Source(), Opaque: row.Opaque,
		}, registry.Reference{Number: row.Debtor})
	}
	found, err := registry.Resolve(ctx, b.directory, refs)
	if err != nil {
		return nil, nil, err
	}
	items := make([]openitem.Item, len(rows))
	var problems []fault.Problem
	for i, row := range rows {
		about, debtor := found[2*i], found[2*i+1]
		if about.Err != nil {
			problems = append(problems, problem(row, "number", about.Err))
		}
		item := row.Item
		item.About, item.Purse = about.Book.No, b.house.PurseOf(row.Fund)
		if !row.Debtor.IsZero() {
			if debtor.Err != nil {
				problems = append(problems, problem(row, "debtor", debtor.Err))
			}
			item.Book = debtor.Book.No
		}
		items[i] = item
	}
	return items, problems, nil
}

func problem(row openitem.Row, field string, err error) fault.Problem {
	message := err.Error()
	var why *fault.Error
	if errors.As(err, &why) && why.Message != "" {
		message = why.Message
	}
	return fault.Problem{Line: row.Line, Field: field, Message: message}
}

// run bills a file that has proved good.
type run struct {
	b       *Biller
	actor   ident.Actor
	file    ItemsFile
	id      string // computed from the file's content
	chunk   int
	waiting []openitem.Row
	report  ItemsReport
}

func (r *run) read(ctx context.Context) error {
	_, err := openitem.ReadCSV(r.file.Open(), func(row openitem.Row) error {
		r.waiting = append(r.waiting, row)
		if len(r.waiting) < chunkRows {
			return nil
		}
		return r.flush(ctx)
	})
	if err == nil {
		err = r.flush(ctx)
	}
	return err
}

func (r *run) flush(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	r.chunk++
	rows := len(r.waiting)
	billed, err := r.bill(ctx, ident.Key(fmt.Sprintf("items:%s:%d", r.id, r.chunk)))
	if err != nil {
		return err
	}
	if billed {
		r.report.Billed += rows
	} else {
		r.report.Before += rows
	}
	r.waiting = r.waiting[:0]
	if r.file.Progress != nil {
		r.file.Progress(r.report.Billed+r.report.Before, r.report.Rows)
	}
	return nil
}

// bill bills the rows that wait, unless their key was used: the key names this
// content, but a merge since may resolve a number of it to another account.
func (r *run) bill(ctx context.Context, key ident.Key) (bool, error) {
	id := payment.IDOf(key)
	have, err := r.b.directory.Read(ctx, cashier.Want{Claims: []payment.ID{id}})
	if err != nil {
		return false, err
	}
	if _, done := have.Claims[id]; done {
		return false, nil
	}
	items, problems, err := r.b.items(ctx, r.waiting)
	if err != nil {
		return false, err
	}
	if len(problems) > 0 {
		return false, fault.New(fault.Conflict, "", "%s; it was on file when the file was proved", problems[0])
	}
	done, err := r.b.cashier.Bill(ctx, cashier.Order{Key: key, Actor: r.actor}, items, r.file.Opening)
	return err == nil && !done.Replayed, err
}
