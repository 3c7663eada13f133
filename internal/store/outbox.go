package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

var (
	_ event.Outbox = (*Store)(nil)
	_ event.Feed   = (*Store)(nil)
)

// feedName is the row of the feed that all facts are published to.
const feedName = "facts"

// paramsPerStatement bounds the parameters of one of the relay's statements.
// SQLite looks each parameter's name up in a list, so a long list costs its square.
const paramsPerStatement = 200

// TakeOutbox implements event.Outbox.
func (s *Store) TakeOutbox(ctx context.Context, most int) ([]event.Ref, error) {
	refs := make([]event.Ref, 0, most)
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, seq FROM outbox ORDER BY recorded_at, book_no, seq LIMIT $1`,
		args: []any{int64(most)},
		each: func(scan func(...any) error) error {
			var r event.Ref
			err := scan(&r.Book, &r.Seq)
			refs = append(refs, r)
			return err
		},
	})
	return refs, err
}

// DropOutbox implements event.Outbox. All rows go in one transaction. They are
// looked for among the oldest, since that is where they were taken from; one
// that slipped further back meanwhile is relayed again, which publishes nothing
// twice.
func (s *Store) DropOutbox(ctx context.Context, refs []event.Ref) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		const columns = 2
		var youngest int64
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(recorded_at), 0) FROM
			(SELECT recorded_at FROM outbox ORDER BY recorded_at, book_no, seq LIMIT $1) AS oldest`, 2*len(refs)).Scan(&youngest)
		if err != nil {
			return err
		}
		for part := range chunks(refs, paramsPerStatement/columns) {
			args := make([]any, 0, columns*len(part)+1)
			for _, r := range part {
				args = append(args, int64(r.Book), r.Seq)
			}
			args = append(args, youngest)
			text := `DELETE FROM outbox WHERE (book_no, seq) IN (VALUES ` + rowList(len(part), columns, "CAST($%d AS BIGINT)") + `)` +
				fmt.Sprintf(` AND recorded_at <= $%d`, len(args))
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return fault.Wrap("store.DropOutbox", err)
}

// chunks gives the values in parts of up to n.
func chunks[T any](values []T, n int) func(yield func([]T) bool) {
	return func(yield func([]T) bool) {
		for len(values) > 0 {
			part := values[:min(n, len(values))]
			if !yield(part) {
				return
			}
			values = values[len(part):]
		}
	}
}

// rowList writes rows of parameters, "($1, $2), ($3, $4)", each as format says.
func rowList(rows, columns int, format string) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, format, i+1)
	}
	b.WriteString(")")
	return b.String()
}

// EventSources implements event.Feed.
func (s *Store) EventSources(ctx context.Context, refs []event.Ref) ([]event.Source, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	transactions, err := s.transactions(ctx, refs)
	if err != nil {
		return nil, err
	}
	// What a transaction takes back or uses tells which payment it concerns.
	about := make([]event.Ref, 0, 2*len(transactions))
	for i := range transactions {
		t := &transactions[i]
		about = append(about, event.Ref{Book: t.Book, Seq: t.Seq})
		if t.Of != 0 {
			about = append(about, event.Ref{Book: t.Book, Seq: t.Of})
		}
	}
	docs, err := s.eventDocuments(ctx, about)
	if err != nil {
		return nil, err
	}
	if err := s.climb(ctx, transactions, docs); err != nil {
		return nil, err
	}
	sources := make([]event.Source, len(transactions))
	for i := range transactions {
		sources[i] = docs.source(&transactions[i])
	}
	return sources, nil
}

// climbMax bounds how many transactions can stand between one and the receipt of
// the payment that it concerns: a refund is sent, comes back, is sent again.
const climbMax = 8

// climb finds the receipt for transactions that are of one without a receipt,
// such as a refund that was sent, which is of the refund.
func (s *Store) climb(ctx context.Context, transactions []ledger.Transaction, docs *eventDocuments) error {
	below := map[event.Ref][]event.Ref{} // from where a search stands to those for whom it is made
	for i := range transactions {
		t := &transactions[i]
		own, of := event.Ref{Book: t.Book, Seq: t.Seq}, event.Ref{Book: t.Book, Seq: t.Of}
		if t.Of != 0 && docs.receipts[own] == nil && docs.receipts[of] == nil {
			below[of] = append(below[of], of)
		}
	}
	for range climbMax {
		if len(below) == 0 {
			return nil
		}
		steps, err := s.transactions(ctx, slices.Collect(maps.Keys(below)))
		if err != nil {
			return err
		}
		above := map[event.Ref][]event.Ref{}
		for i := range steps {
			if up := (event.Ref{Book: steps[i].Book, Seq: steps[i].Of}); up.Seq != 0 {
				above[up] = append(above[up], below[event.Ref{Book: up.Book, Seq: steps[i].Seq}]...)
			}
		}
		found := &eventDocuments{}
		if len(above) > 0 {
			if found, err = s.eventDocuments(ctx, slices.Collect(maps.Keys(above))); err != nil {
				return err
			}
		}
		for up, from := range above {
			if receipt := found.receipts[up]; receipt != nil {
				for _, ref := range from {
					docs.receipts[ref] = receipt
				}
				delete(above, up)
			}
		}
		below = above
	}
	return nil
}

// refLists gives the distinct books and sequence numbers of refs. A look-up by
// both lists finds the refs and some more, which the caller leaves out: pairs
// as such would need another text per engine.
func refLists(refs []event.Ref) (books, seqs []int64) {
	seenBook, seenSeq := map[ledger.BookNo]bool{}, map[int64]bool{}
	for _, r := range refs {
		if !seenBook[r.Book] {
			seenBook[r.Book] = true
			books = append(books, int64(r.Book))
		}
		if !seenSeq[r.Seq] {
			seenSeq[r.Seq] = true
			seqs = append(seqs, r.Seq)
		}
	}
	return books, seqs
}

func (s *Store) pairs(refs []event.Ref) (where string, args []any) {
	e := s.engine
	books, seqs := refLists(refs)
	where = ` WHERE ` + e.list("book_no", 1, integerColumn) + ` AND ` + e.list("seq", 2, integerColumn)
	return where, []any{e.ints(books), e.ints(seqs)}
}

func (s *Store) transactions(ctx context.Context, refs []event.Ref) ([]ledger.Transaction, error) {
	wanted := make(map[event.Ref]bool, len(refs))
	for _, r := range refs {
		wanted[r] = true
	}
	where, args := s.pairs(refs)
	var all []ledger.Transaction
	err := s.engine.read(ctx, query{
		text: `SELECT ` + postingColumns + ` FROM posting` + where + ` ORDER BY book_no, seq, line`,
		args: args,
		each: func(scan func(...any) error) error {
			row, err := scanPosting(scan)
			if err != nil || !wanted[event.Ref{Book: row.t.Book, Seq: row.t.Seq}] {
				return err
			}
			if n := len(all); n == 0 || all[n-1].Book != row.t.Book || all[n-1].Seq != row.t.Seq {
				all = append(all, row.t)
			}
			last := &all[len(all)-1]
			last.Postings = append(last.Postings, row.p)
			return nil
		},
	})
	return all, err
}

// eventDocuments are what stands beside transactions.
type eventDocuments struct {
	receipts map[event.Ref]*payment.ReceiptPart
	reasons  map[event.Ref]suspense.Reason
	opaque   map[ledger.BookNo]ident.Opaque
}

func (s *Store) eventDocuments(ctx context.Context, refs []event.Ref) (*eventDocuments, error) {
	d := &eventDocuments{
		receipts: make(map[event.Ref]*payment.ReceiptPart, len(refs)),
		reasons:  map[event.Ref]suspense.Reason{},
		opaque:   make(map[ledger.BookNo]ident.Opaque, len(refs)),
	}
	where, args := s.pairs(refs)
	err := s.engine.read(ctx, query{
		text: `SELECT ` + receiptColumns + ` FROM receipt` + where,
		args: args,
		each: func(scan func(...any) error) error {
			r, _, err := scanReceipt(scan)
			d.receipts[event.Ref{Book: r.Book, Seq: r.Seq}] = &r
			return err
		},
	}, query{
		// The details stay sealed: a fact has no use for them.
		text: `SELECT book_no, seq, reason FROM suspense` + where,
		args: args,
		each: func(scan func(...any) error) error {
			var ref event.Ref
			var reason suspense.Reason
			err := scan(&ref.Book, &ref.Seq, &reason)
			d.reasons[ref] = reason
			return err
		},
	}, query{
		text: `SELECT book_no, opaque_id FROM book WHERE ` + s.engine.list("book_no", 1, integerColumn),
		args: args[:1],
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var id ident.Opaque
			err := scan(&book, &id)
			d.opaque[book] = id
			return err
		},
	})
	return d, err
}

func (d *eventDocuments) source(t *ledger.Transaction) event.Source {
	own, of := event.Ref{Book: t.Book, Seq: t.Seq}, event.Ref{Book: t.Book, Seq: t.Of}
	s := event.Source{
		Transaction: *t, Book: d.opaque[t.Book], Receipt: d.receipts[own], OfReceipt: d.receipts[of], Suspense: d.reasons[own],
	}
	if s.Suspense == "" {
		s.Suspense = d.reasons[of]
	}
	return s
}

// InsertEvents implements event.Feed. The feed's row is locked first and until
// the commit, so positions are given in the order of commits: when a reader
// sees one, it sees all before it. A time or a database's own sequence would
// not do, for both are taken before the commit.
func (s *Store) InsertEvents(ctx context.Context, facts []event.Fact) (added int, err error) {
	if len(facts) == 0 {
		return 0, nil
	}
	err = s.engine.exec(ctx, func(tx execer) error {
		var top int64
		lock := tx.QueryRowContext(ctx, `UPDATE feed SET position = position WHERE feed = $1 RETURNING position`, feedName)
		if err := lock.Scan(&top); err != nil {
			return err
		}
		fresh, err := s.unpublished(ctx, tx, facts)
		if err != nil {
			return err
		}
		if err := s.appendFacts(ctx, tx, fresh, top); err != nil {
			return err
		}
		added = len(fresh)
		_, err = tx.ExecContext(ctx, `UPDATE feed SET position = position + $1 WHERE feed = $2`, int64(added), feedName)
		return err
	})
	if err != nil {
		return 0, fault.Wrap("store.InsertEvents", err)
	}
	return added, nil
}

// unpublished leaves out the facts that are in the feed, and twins.
func (s *Store) unpublished(ctx context.Context, tx execer, facts []event.Fact) ([]event.Fact, error) {
	refs := make([]event.Ref, len(facts))
	for i := range facts {
		refs[i] = facts[i].Ref
	}
	where, args := s.pairs(refs)
	rows, err := tx.QueryContext(ctx, `SELECT book_no, seq FROM published_event`+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[event.Ref]bool{}
	for rows.Next() {
		var r event.Ref
		if err := rows.Scan(&r.Book, &r.Seq); err != nil {
			return nil, err
		}
		known[r] = true
	}
	fresh := make([]event.Fact, 0, len(facts))
	for _, f := range facts {
		if !known[f.Ref] {
			known[f.Ref] = true
			fresh = append(fresh, f)
		}
	}
	return fresh, rows.Err()
}

func (s *Store) appendFacts(ctx context.Context, tx execer, facts []event.Fact, top int64) error {
	const columns = 9
	now := s.clock.Now().UnixMicro()
	for part := range chunks(facts, paramsPerStatement/columns) {
		args := make([]any, 0, columns*len(part))
		for _, f := range part {
			top++
			args = append(args, int64(f.Ref.Book), f.Ref.Seq, top, string(f.ID), string(f.Type), f.Time.UnixMicro(), now,
				string(f.Account), string(f.Data))
		}
		text := `INSERT INTO published_event (book_no, seq, position, event_id, event, recorded_at, published_at, account, data)
			VALUES ` + rowList(len(part), columns, "$%d")
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// Events lists up to most facts of the feed after a position, in order. A
// reader that goes on from the last position it was given misses none.
func (s *Store) Events(ctx context.Context, after event.Position, most int) ([]event.Published, error) {
	var all []event.Published
	err := s.engine.read(ctx, query{
		text: `SELECT position, event_id, event, recorded_at, published_at, account, data, book_no, seq FROM published_event
			WHERE position > $1 ORDER BY position LIMIT $2`,
		args: []any{int64(after), int64(most)},
		each: func(scan func(...any) error) error {
			var p event.Published
			var recorded, published int64
			var data string
			err := scan(&p.Position, &p.ID, &p.Type, &recorded, &published, &p.Account, &data, &p.Ref.Book, &p.Ref.Seq)
			p.Time, p.PublishedAt, p.Data = instant(recorded), instant(published), []byte(data)
			all = append(all, p)
			return err
		},
	})
	return all, err
}
