package store

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
)

var _ biller.PolicyStore = (*Store)(nil)

// PolicyBooks implements biller.PolicyStore.
func (s *Store) PolicyBooks(ctx context.Context, period calendar.Month, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	var books []ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT p.book_no FROM policy p
			LEFT JOIN policy_billing b ON b.book_no = p.book_no AND b.policy_no = p.policy_no
			WHERE p.book_no > $1 AND (b.book_no IS NULL OR b.billed_through < $2 OR b.version <> p.version)
			ORDER BY p.book_no LIMIT $3`,
		args: []any{int64(after), period.String(), int64(limit)},
		each: func(scan func(...any) error) error {
			var no ledger.BookNo
			err := scan(&no)
			books = append(books, no)
			return err
		},
	})
	return books, fault.Wrap("store.PolicyBooks", err)
}

// PolicyKinds implements biller.PolicyStore.
func (s *Store) PolicyKinds(ctx context.Context, month calendar.Month) ([]biller.PolicyKind, error) {
	rows, err := s.engine.reader().QueryContext(ctx, `SELECT line, state, product,
			MAX(CASE WHEN EXISTS (SELECT 1 FROM policy_terms t
				WHERE t.book_no = p.book_no AND t.policy_no = p.policy_no AND t.stated = 0 AND t.rate_cents = 0) THEN 1 ELSE 0 END)
		FROM policy p WHERE from_on <= $1 AND (to_on = '' OR to_on >= $2) GROUP BY line, state, product ORDER BY line, state, product`, month.Last().String(), month.First().String())
	if err != nil {
		return nil, fault.Wrap("store.PolicyKinds", err)
	}
	defer rows.Close()
	var kinds []biller.PolicyKind
	for rows.Next() {
		var k biller.PolicyKind
		var rated int64
		if err := rows.Scan(&k.Line, &k.State, &k.Product, &rated); err != nil {
			return nil, fault.Wrap("store.PolicyKinds", err)
		}
		k.Rated = rated != 0
		kinds = append(kinds, k)
	}
	return kinds, fault.Wrap("store.PolicyKinds", rows.Err())
}

// BeginRun implements biller.PolicyStore.
func (s *Store) BeginRun(ctx context.Context, run biller.Run) (int64, error) {
	const op = "store.BeginRun"
	for range runRetries {
		var no, last int64
		err := s.engine.read(ctx, query{
			text: `SELECT run_no FROM run WHERE kind = $1 AND period = $2 AND day = $3`,
			args: []any{run.Kind, run.Period.String(), run.Day.String()},
			each: func(scan func(...any) error) error { return scan(&no) },
		}, query{
			text: `SELECT COALESCE(MAX(run_no), 0) FROM run`,
			each: func(scan func(...any) error) error { return scan(&last) },
		})
		if err != nil || no != 0 {
			return no, fault.Wrap(op, err)
		}
		b := insertInto("run", "kind", "period", "day", "run_no", "actor", "began_at")
		b.add(run.Kind, run.Period.String(), run.Day.String(), last+1, run.Actor.String(), s.clock.Now().UnixMicro())
		if err = s.engine.write(ctx, b); !errors.Is(err, cashier.ErrStale) {
			return last + 1, fault.Wrap(op, err)
		}
	}
	return 0, fault.New(fault.Unavailable, op, "another run begins at this moment; try again")
}

const runRetries = 5

// RunChunks implements biller.PolicyStore.
func (s *Store) RunChunks(ctx context.Context, run int64) ([]cashier.RunChunk, error) {
	var chunks []cashier.RunChunk
	err := s.engine.read(ctx, query{
		text: `SELECT run_no, from_no, to_no, done_at, report FROM run_chunk WHERE run_no = $1 ORDER BY from_no`, args: []any{run},
		each: func(scan func(...any) error) error {
			var c cashier.RunChunk
			var at int64
			err := scan(&c.Run, &c.From, &c.To, &at, &c.Report)
			c.DoneAt = instant(at)
			chunks = append(chunks, c)
			return err
		},
	})
	return chunks, fault.Wrap("store.RunChunks", err)
}

// LastRun implements biller.PolicyStore.
func (s *Store) LastRun(ctx context.Context, kind string, period calendar.Month) (int64, error) {
	var no int64
	err := s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(run_no), 0) FROM run WHERE kind = $1 AND period = $2`, args: []any{kind, period.String()},
		each: func(scan func(...any) error) error { return scan(&no) },
	})
	return no, fault.Wrap("store.LastRun", err)
}

// LastInvoices implements biller.PolicyStore.
func (s *Store) LastInvoices(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]biller.LastInvoice, error) {
	last := make(map[ledger.BookNo]biller.LastInvoice, len(books))
	err := s.engine.read(ctx, query{
		text: `SELECT i.book_no, i.invoice_no, i.period, i.sequence, i.posted_seq FROM invoice i WHERE ` +
			s.engine.list("i.book_no", 1, integerColumn) +
			` AND i.invoice_no = (SELECT MAX(l.invoice_no) FROM invoice l WHERE l.book_no = i.book_no)`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var v biller.LastInvoice
			var period string
			err := scan(&book, &v.No, &period, &v.Sequence, &v.Posted)
			if err == nil {
				v.Period, err = scanMonth(period)
			}
			last[book] = v
			return err
		},
	})
	return last, fault.Wrap("store.LastInvoices", err)
}

// PaidSince implements biller.PolicyStore.
func (s *Store) PaidSince(ctx context.Context, last map[ledger.BookNo]biller.LastInvoice) (map[ledger.BookNo][]invoice.Payment, error) {
	if len(last) == 0 {
		return nil, nil
	}
	rows := newBulk("w", []string{"book_no", "seq"})
	for _, book := range slices.Sorted(maps.Keys(last)) {
		rows.add(int64(book), last[book].Posted)
	}
	source, args := s.engine.given(rows)
	paid := map[ledger.BookNo][]invoice.Payment{}
	err := s.engine.read(ctx, query{
		text: `SELECT r.book_no, p.effective_on, r.applied_cents - COALESCE((SELECT SUM(q.amount_cents) FROM posting q
				JOIN open_item i ON i.book_no = q.book_no AND i.item_no = q.item_no AND i.prescription = 1
				WHERE q.book_no = r.book_no AND q.posted_on = r.posted_on AND q.seq = r.seq), 0) FROM ` + source + `
			JOIN receipt r ON r.book_no = w.book_no AND r.seq > w.seq AND r.applied_cents > 0
			JOIN posting p ON p.book_no = r.book_no AND p.posted_on = r.posted_on AND p.seq = r.seq AND p.line = 1
			WHERE r.fund_no = ` + strconv.Itoa(int(chart.Premium.No())) + `
				AND NOT EXISTS (SELECT 1 FROM ending e WHERE e.book_no = r.book_no AND e.seq = r.seq)
			ORDER BY r.book_no, r.seq`,
		args: args,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var on string
			var p invoice.Payment
			if err := scan(&book, &on, &p.Cents); err != nil || p.Cents == 0 {
				return err // all of it paid bills of the prescription payment plan
			}
			var err error
			p.On, err = scanDate(on)
			paid[book] = append(paid[book], p)
			return err
		},
	})
	return paid, fault.Wrap("store.PaidSince", err)
}

// Invoices gives the bills of a book, in order.
func (s *Store) Invoices(ctx context.Context, book ledger.BookNo) ([]invoice.Invoice, error) {
	var bills []invoice.Invoice
	err := s.engine.read(ctx, query{
		text: `SELECT body FROM invoice WHERE book_no = $1 ORDER BY invoice_no`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			var body string
			if err := scan(&body); err != nil {
				return err
			}
			var bill invoice.Invoice
			if err := json.Unmarshal([]byte(body), &bill); err != nil {
				return fault.New(fault.Corrupt, "store.Invoices", "a stored bill does not parse")
			}
			bills = append(bills, bill)
			return nil
		},
	})
	return bills, fault.Wrap("store.Invoices", err)
}
