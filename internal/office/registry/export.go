package registry

import (
	"context"
	"io"
	"iter"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// Filter says which members an export holds; an empty field leaves none out.
type Filter struct {
	Source    string        // whose members, by the sponsor's or exchange's id
	Region    region.ID     // of the members
	CoveredOn calendar.Date // covered on this date or later
}

// exportPage is how many members an export reads and audits at a time.
const exportPage = 1000

// ExportCards writes the card printer's file of the members that a filter fits,
// with one entry in the audit trail of each, and gives how many it wrote.
func (r *Registry) ExportCards(ctx context.Context, access audit.Access, w io.Writer, filter Filter) (int, error) {
	var e export
	err := member.WriteCardRoster(w, func(yield func(member.CardRow) bool) {
		for m := range r.members(ctx, access, audit.ExportCards, filter, &e) {
			person := &m.Record.Person
			row := member.CardRow{Number: m.Number, Name: person.Name, Region: person.Region, Language: person.WrittenLanguage}
			if pack, ok := r.house.Region(region.ID(person.Region)); ok {
				row.Plan = pack.Brand.PlanName
				row.Language = pack.Language(person.WrittenLanguage).Tag
			}
			if !yield(row) {
				return
			}
			e.rows++
		}
	})
	return e.end("registry.ExportCards", err)
}

// ExportRoster writes members as a roster that can be imported again: a row for
// each line of coverage as it stands, without social security numbers. Each
// member gets one entry in the audit trail. It gives how many rows it wrote.
func (r *Registry) ExportRoster(ctx context.Context, access audit.Access, w io.Writer, filter Filter) (int, error) {
	var e export
	err := member.WriteRoster(w, func(yield func(member.Row) bool) {
		for m := range r.members(ctx, access, audit.ExportRoster, filter, &e) {
			for _, row := range rosterRows(m) {
				if !yield(row) {
					return
				}
				e.rows++
			}
		}
	})
	return e.end("registry.ExportRoster", err)
}

// rosterRows gives a member's rows: the latest stretch of each line.
func rosterRows(m *enrolment.Member) []member.Row {
	base := member.Row{Change: member.Change{
		Kind: member.Add, Identity: m.Record.Identity, Relationship: m.Record.Relationship, Person: m.Record.Person,
	}}
	var rows []member.Row
	for _, held := range m.Record.Coverages {
		var last *member.Span
		for i := range held.Spans {
			if !held.Spans[i].Cancelled {
				last = &held.Spans[i]
			}
		}
		if last == nil {
			continue
		}
		row := base
		row.Change.Coverages = []member.CoverageChange{{Line: held.Line, Plan: last.Plan, From: last.From, To: last.To}}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return []member.Row{base}
	}
	return rows
}

// export is what became of one.
type export struct {
	rows int
	err  error
}

func (e *export) end(op string, err error) (int, error) {
	if e.err != nil {
		err = e.err // why the writer ran out of rows
	}
	return e.rows, fault.Wrap(op, err)
}

// members walks the members that a filter fits, each page audited before its
// first member is given away. What stops it is left in e.
func (r *Registry) members(
	ctx context.Context, access audit.Access, action audit.Action, filter Filter, e *export,
) iter.Seq[*enrolment.Member] {
	return func(yield func(*enrolment.Member) bool) {
		if e.err = access.Check(); e.err != nil {
			return
		}
		var after billpay.Number
		for {
			var books []ledger.BookNo
			if books, e.err = r.store.ListMembers(ctx, filter, after, exportPage); e.err != nil || len(books) == 0 {
				return
			}
			if e.err = r.trail.Record(ctx, access, action, books...); e.err != nil {
				return
			}
			var page []enrolment.Member
			if page, e.err = r.store.Members(ctx, books); e.err != nil {
				return
			}
			for i := range page {
				if !yield(&page[i]) {
					return
				}
			}
			after = billpay.Number(books[len(books)-1])
		}
	}
}
