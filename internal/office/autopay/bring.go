package autopay

import (
	"context"
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Brought is what an import of another system's mandates did.
type Brought struct {
	Verdict  fault.Verdict   `json:"verdict"`
	Problems []fault.Problem `json:"problems,omitempty"` // when the verdict is not accept; nothing was kept then
	Rows     int             `json:"rows"`
	Kept     int             `json:"kept"`
	Before   int             `json:"kept_before"` // by an import of the same mandates that came earlier
}

// bringRows is how many mandates one storage transaction keeps.
const bringRows = 500

// bringing is a row and where it stands in its file.
type bringing struct {
	mandate.Row
	line, no int
}

// Prove reads a file of mandates to its end, keeps nothing, and gives what would stop
// it from being kept.
func (d *Desk) Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error) {
	proof := &prover{d: d, accounts: map[purseOf]int{}, ids: map[string]int{}}
	err := proof.read(ctx, open)
	return proof.problems, fault.Wrap("autopay.Prove", err)
}

// Import keeps a file of mandates. One that does not prove, names somebody who is not on
// file, or an account that has a mandate already, is refused whole, which the report
// says and is no error. Importing the same again changes nothing.
func (d *Desk) Import(ctx context.Context, a audit.Access, open func() io.Reader) (Brought, error) {
	const op = "autopay.Import"
	if err := a.Check(); err != nil {
		return Brought{}, fault.Wrap(op, err)
	}
	proof := &prover{d: d, accounts: map[purseOf]int{}, ids: map[string]int{}}
	if err := proof.read(ctx, open); err != nil {
		return Brought{}, fault.Wrap(op, err)
	}
	report := Brought{Verdict: fault.Judge(proof.problems), Problems: proof.problems, Rows: proof.rows}
	if report.Verdict != fault.Accept {
		return report, nil
	}
	err := inChunks(open, func(rows []bringing) error {
		kept, err := d.bring(ctx, a, rows)
		report.Kept, report.Before = report.Kept+kept, report.Before+len(rows)-kept
		return err
	})
	return report, fault.Wrap(op, err)
}

// inChunks reads a file that proved good and hands its rows on in chunks.
func inChunks(open func() io.Reader, each func([]bringing) error) error {
	var waiting []bringing
	n := 0
	_, err := mandate.ReadCSV(open(), func(line int, row mandate.Row) error {
		n++
		waiting = append(waiting, bringing{row, line, n})
		if len(waiting) < bringRows {
			return nil
		}
		err := each(waiting)
		waiting = nil
		return err
	})
	if err == nil && len(waiting) > 0 {
		err = each(waiting)
	}
	return err
}

// purseOf is a fund of a billing account, which has one mandate at most.
type purseOf struct {
	book ledger.BookNo
	fund chart.Fund
}

// prover reads a file for the first time.
type prover struct {
	d        *Desk
	accounts map[purseOf]int // the line on which each was seen
	ids      map[string]int
	rows     int
	problems []fault.Problem
}

func (v *prover) refuse(r *bringing, field, format string, args ...any) {
	if len(v.problems) < fault.ProblemsMax {
		v.problems = append(v.problems, fault.Problem{
			Line: r.line, Record: fmt.Sprintf("row %d", r.no), Field: field, Message: fmt.Sprintf(format, args...),
		})
	}
}

func (v *prover) read(ctx context.Context, open func() io.Reader) error {
	problems, err := mandate.ReadCSV(open(), func(int, mandate.Row) error {
		v.rows++
		return ctx.Err()
	})
	v.problems = problems
	if err != nil || len(problems) > 0 {
		return err
	}
	// Whom the rows name is asked only of a file that reads well.
	return inChunks(open, func(rows []bringing) error { return v.chunk(ctx, rows) })
}

func (v *prover) chunk(ctx context.Context, rows []bringing) error {
	found, err := v.d.owners(ctx, rows)
	if err != nil {
		return err
	}
	var books []ledger.BookNo
	for _, f := range found {
		if f.Err == nil {
			books = append(books, f.Book.No)
		}
	}
	live, err := v.d.Store.LiveIn(ctx, books)
	if err != nil {
		return err
	}
	has := map[purseOf]ident.Opaque{}
	for i := range live {
		has[purseOf{live[i].Book, live[i].Purse.Fund}] = live[i].ID
	}
	for i := range rows {
		v.row(&rows[i], found[i], has)
	}
	return nil
}

func (v *prover) row(r *bringing, f registry.Found, has map[purseOf]ident.Opaque) {
	if f.Err != nil {
		v.refuse(r, "number", "%s", fault.MessageOf(f.Err))
		return
	}
	at := purseOf{f.Book.No, r.Fund}
	if id, is := has[at]; is && id != idOf("mandate", keyOfRow(&r.Row)) {
		v.refuse(r, "number", "the account has a mandate for %s already", r.Fund)
	}
	if first, twice := v.accounts[at]; twice {
		v.refuse(r, "number", "line %d brings a mandate of this account for %s too", first, r.Fund)
	}
	name := r.Source + " " + r.SourceID
	if first, twice := v.ids[name]; twice {
		v.refuse(r, "source_id", "line %d has this id too", first)
	}
	v.accounts[at], v.ids[name] = r.line, r.line
	if r.GivenOn.After(v.d.day(r.Fund)) {
		v.refuse(r, "given_on", "it is to come")
	}
}

// keyOfRow names a mandate of another system for ever.
func keyOfRow(r *mandate.Row) ident.Key { return ident.Key("import:" + r.Source + ":" + r.SourceID) }

// owners finds the billing accounts that rows name, following merges.
func (d *Desk) owners(ctx context.Context, rows []bringing) ([]registry.Found, error) {
	refs := make([]registry.Reference, len(rows))
	for i := range rows {
		r := &rows[i]
		refs[i] = registry.Reference{Number: r.Number, Opaque: r.Opaque}
		if !r.Alias.IsZero() {
			refs[i].Handle, refs[i].Source = r.Alias.Handle(), r.Alias.Source()
		}
	}
	return registry.Resolve(ctx, d.Store, refs)
}

// bring keeps a chunk and gives how many mandates were new.
func (d *Desk) bring(ctx context.Context, a audit.Access, rows []bringing) (int, error) {
	found, err := d.owners(ctx, rows)
	if err != nil {
		return 0, err
	}
	givings := make([]Giving, len(rows))
	books := make([]ledger.BookNo, len(rows))
	for i := range rows {
		if found[i].Err != nil {
			return 0, fault.New(fault.Conflict, "autopay.bring", "line %d: %s; it was on file when the file was proved", rows[i].line, fault.MessageOf(found[i].Err))
		}
		books[i] = found[i].Book.No
		givings[i], err = d.giving(a, &rows[i].Row, books[i])
		if err != nil {
			return 0, err
		}
	}
	if err := d.Trail.Record(ctx, a, audit.ChangeAutopay, books...); err != nil {
		return 0, err
	}
	return d.Store.KeepMandates(ctx, givings)
}

// giving makes the mandate and its method of a row.
func (d *Desk) giving(a audit.Access, r *mandate.Row, book ledger.BookNo) (Giving, error) {
	key := keyOfRow(r)
	method := mandate.Method{
		ID: idOf("method", key), Book: book, Version: 1, Kind: r.Tender, State: mandate.MethodActive, Account: r.Account, Card: r.Card,
		Validation: r.Validation, ValidatedOn: r.ValidatedOn,
	}
	evidence := r.Evidence
	evidence.At = r.GivenOn.Time()
	m := mandate.Mandate{
		ID: idOf("mandate", key), Book: book, Version: 1, Method: method.ID, Tender: r.Tender, Purse: d.House.PurseOf(r.Fund), Purpose: r.Purpose,
		Class: mandate.ClassFor(r.Tender, r.GivenBy, r.Account.Business), Cap: r.Cap, Day: r.Day, Range: r.Range, Last: r.Expected,
		State: mandate.Active, BeginsOn: r.BeginsOn, Consent: mandate.Consent{
			Channel: mandate.Import, GivenBy: r.GivenBy, GivenOn: r.GivenOn, Language: r.Language, Wording: r.Wording, Digest: r.Digest, Evidence: evidence,
		},
	}
	e := d.event("import", key, a, "")
	return Giving{Method: &method, Mandate: m, Event: e, Body: "import"}, m.Check()
}
