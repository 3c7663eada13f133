package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
)

var _ proof.SealStore = (*Store)(nil)

// Snapshot implements proof.Source: one read transaction, so that every table
// is seen at the same moment while posting goes on. On the embedded database
// the write-ahead log cannot be emptied meanwhile and grows by what is written.
func (s *Store) Snapshot(ctx context.Context, fn func(proof.Snapshot) error) error {
	return s.snapshot(ctx, func(v *view) error { return fn(v) })
}

// view is a read transaction.
type view struct {
	ctx      context.Context
	tx       *sql.Tx
	postgres bool
	seal     Sealer
	cursors  int
}

func (s *Store) snapshot(ctx context.Context, fn func(v *view) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	server := s.engine.name() == "postgres"
	if server {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.engine.reader().BeginTx(ctx, options)
	if err != nil {
		return fault.New(fault.Unavailable, "store.Snapshot", "the database did not answer: %v", err)
	}
	defer tx.Rollback() // it only reads
	return fn(&view{ctx: ctx, tx: tx, postgres: server, seal: s.seal})
}

// Rows fetched at a time on PostgreSQL, and of file chunks, which are large.
const (
	fetchRows   = 2000
	fetchChunks = 4
)

// stream runs a query whose rows are read as they are wanted. PostgreSQL's
// protocol gives one result at a time, so there a cursor is fetched by pages;
// the embedded engine steps through several queries at once by itself.
func stream[R any](v *view, page int, text string, scan func(scan func(...any) error) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		err := v.each(page, text, func(rows *sql.Rows) (func() bool, error) {
			row, err := scan(rows.Scan)
			return func() bool { return yield(row, nil) }, err
		})
		if err != nil {
			var none R
			yield(none, fault.New(fault.Unavailable, "store.Snapshot", "the rows cannot be read: %v", err))
		}
	}
}

// each reads rows one after the other and gives each on until give says stop.
func (v *view) each(page int, text string, read func(rows *sql.Rows) (give func() bool, err error)) error {
	if !v.postgres {
		rows, err := v.tx.QueryContext(v.ctx, text)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			give, err := read(rows)
			if err != nil || !give() {
				return err
			}
		}
		return rows.Err()
	}
	v.cursors++
	name := fmt.Sprintf("snapshot_%d", v.cursors)
	if _, err := v.tx.ExecContext(v.ctx, "DECLARE "+name+" NO SCROLL CURSOR FOR "+text); err != nil {
		return err
	}
	for {
		given, err := v.page(name, page, read)
		if err != nil {
			return err
		}
		for _, give := range given {
			if !give() {
				return nil
			}
		}
		if len(given) < page {
			return nil
		}
	}
}

func (v *view) page(cursor string, size int, read func(rows *sql.Rows) (func() bool, error)) ([]func() bool, error) {
	// A cursor's name stands for another shape of row in the next snapshot, so
	// the statement must not be remembered by its text.
	rows, err := v.tx.QueryContext(v.ctx, fmt.Sprintf("FETCH %d FROM %s", size, cursor), pgx.QueryExecModeDescribeExec)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	given := make([]func() bool, 0, size)
	for rows.Next() {
		give, err := read(rows)
		if err != nil {
			return nil, err
		}
		given = append(given, give)
	}
	return given, rows.Err()
}

// values turns stored columns into values and notes the first that is not what
// its column holds. It remembers dates and actors, of which there are few.
type values struct {
	bad    error
	dates  map[string]calendar.Date
	actors map[string]ident.Actor
}

const rememberedMax = 4096

func newValues() *values {
	return &values{dates: map[string]calendar.Date{}, actors: map[string]ident.Actor{}}
}

// take gives what was noted for a row and begins the next.
func (x *values) take() error {
	bad := x.bad
	x.bad = nil
	return bad
}

func (x *values) note(err error) {
	if x.bad == nil {
		x.bad = err
	}
}

func (x *values) refuse(format string, args ...any) {
	x.note(fault.New(fault.Corrupt, "store.scan", format, args...))
}

func (x *values) date(text sql.RawBytes) calendar.Date {
	if d, known := x.dates[string(text)]; known {
		return d
	}
	d, err := scanDate(string(text))
	if err != nil {
		x.note(err)
		return d
	}
	if len(x.dates) >= rememberedMax {
		clear(x.dates)
	}
	x.dates[string(text)] = d
	return d
}

func (x *values) actor(text sql.RawBytes) ident.Actor {
	if a, known := x.actors[string(text)]; known {
		return a
	}
	a, err := scanActor(string(text))
	if err != nil {
		x.note(err)
		return a
	}
	if len(x.actors) >= rememberedMax {
		clear(x.actors)
	}
	x.actors[string(text)] = a
	return a
}

func (x *values) small(n int64) int32 {
	if n < math.MinInt32 || n > math.MaxInt32 {
		x.refuse("%d is larger than its column holds", n)
	}
	return int32(n)
}

func (x *values) phase(n int64) ledger.Phase {
	if n < int64(ledger.Posted) || n > int64(ledger.VoidPending) {
		x.refuse("%d is no phase", n)
	}
	return ledger.Phase(n)
}

func (x *values) purse(entity, fund int64) chart.Purse {
	p, err := scanPurse(int64(x.small(entity)), int64(x.small(fund)))
	if err != nil {
		x.note(err)
	}
	return p
}

func (x *values) digest(to []byte, from sql.RawBytes) {
	if err := copyDigest(to, from); err != nil {
		x.note(err)
	}
}

// Claims implements proof.Snapshot.
func (v *view) Claims() iter.Seq2[proof.Claim, error] {
	x := newValues()
	return stream(v, fetchRows, `SELECT `+claimColumns+` FROM claim ORDER BY claim_id`, func(scan func(...any) error) (proof.Claim, error) {
		var c proof.Claim
		var body, received, actor, answer sql.RawBytes
		var recorded int64
		err := scan(&c.ID, &c.Key, &c.Act, &body, &c.Rail, &c.Amount, &received, &recorded, &actor, &c.Source, &c.Parts,
			&answer, &c.Check)
		if err != nil {
			return c, err
		}
		c.RecordedAt, c.Received, c.Actor = instant(recorded), x.date(received), x.actor(actor)
		x.digest(c.Body[:], body)
		if json.Unmarshal(answer, &c.Answer) != nil || answerText(c.Answer) != string(answer) {
			x.refuse("the answer is not as the program writes it")
		}
		c.Bad = x.take()
		return c, nil
	})
}

// Books implements proof.Snapshot.
func (v *view) Books() iter.Seq2[proof.Book, error] {
	x := newValues()
	const text = `SELECT b.book_no, b.opaque_id, COALESCE(o.book_no, 0), b.status, b.merged_into, b.seq, b.digest, b.last_item,
		CASE WHEN (b.merged_into = 0 OR m.book_no IS NOT NULL) AND (b.debtor_premium = 0 OR p.book_no IS NOT NULL)
			AND (b.debtor_medical = 0 OR c.book_no IS NOT NULL) AND (b.debtor_pharmacy = 0 OR r.book_no IS NOT NULL)
			THEN 1 ELSE 0 END
		FROM book b LEFT JOIN opaque_id o ON o.opaque_id = b.opaque_id
		LEFT JOIN book m ON m.book_no = b.merged_into LEFT JOIN book p ON p.book_no = b.debtor_premium
		LEFT JOIN book c ON c.book_no = b.debtor_medical LEFT JOIN book r ON r.book_no = b.debtor_pharmacy
		ORDER BY b.book_no`
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Book, error) {
		var b proof.Book
		var digest sql.RawBytes
		var resolved int64
		err := scan(&b.No, &b.Opaque, &b.Directed, &b.Status, &b.MergedInto, &b.Head.Seq, &digest, &b.LastItem, &resolved)
		if err != nil {
			return b, err
		}
		b.Resolved = resolved == 1
		x.digest(b.Head.Digest[:], digest)
		b.Bad = x.take()
		return b, nil
	})
}

// Lines implements proof.Snapshot.
func (v *view) Lines() iter.Seq2[proof.Line, error] {
	return v.lines(`SELECT ` + postingColumns + ` FROM posting ORDER BY book_no, seq, line`)
}

func (v *view) lines(text string) iter.Seq2[proof.Line, error] {
	x := newValues()
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Line, error) {
		var l proof.Line
		var posted, effective, actor, digest sql.RawBytes
		var debit, credit, phase, recorded int64
		err := scan(&l.Book, &posted, &l.Seq, &l.No, &debit, &credit, &l.Pair.Cents, &l.Pair.Item, &phase, &l.Of,
			&effective, &recorded, &l.Event, &l.Link, &actor, &l.Reason, &digest)
		if err != nil {
			return l, err
		}
		l.Pair.Debit, l.Pair.Credit = ledger.Account(x.small(debit)), ledger.Account(x.small(credit))
		l.Phase, l.RecordedAt, l.Actor = x.phase(phase), instant(recorded), x.actor(actor)
		l.PostedOn, l.EffectiveOn = x.date(posted), x.date(effective)
		x.digest(l.Chained[:], digest)
		l.Bad = x.take()
		return l, nil
	})
}

// Receipts implements proof.Snapshot.
func (v *view) Receipts() iter.Seq2[proof.Receipt, error] {
	x := newValues()
	const text = `SELECT ` + receiptColumns + ` FROM receipt ORDER BY book_no, seq`
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Receipt, error) {
		var r proof.Receipt
		var posted, sent sql.RawBytes
		var entity, fund int64
		err := scan(&r.Book, &r.Seq, &r.Payment, &r.No, &posted, &entity, &fund, &r.About, &r.Amount, &r.Applied,
			&r.Unapplied, &r.Check, &sent)
		if err != nil {
			return r, err
		}
		r.Purse, r.PostedOn, r.SentOn = x.purse(entity, fund), x.date(posted), x.date(sent)
		r.Bad = x.take()
		return r, nil
	})
}

// Items implements proof.Snapshot.
func (v *view) Items() iter.Seq2[proof.Item, error] {
	x := newValues()
	const text = `SELECT ` + itemColumns + ` FROM open_item ORDER BY book_no, item_no`
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Item, error) {
		var i proof.Item
		var debtor, service, due sql.RawBytes
		var entity, fund, fee, binder, prescription int64
		err := scan(&i.Book, &i.No, &entity, &fund, &i.About, &debtor, &i.Invoice, &i.Text, &fee, &i.Privacy, &service,
			&due, &i.Amount, &i.Open, &i.BilledSeq, &i.Check, &binder, &prescription)
		if err != nil {
			return i, err
		}
		i.Purse, i.Fee, i.Binder, i.Prescription = x.purse(entity, fund), fee == 1, binder == 1, prescription == 1
		i.DebtorOn, i.ServiceOn, i.DueOn = x.date(debtor), x.date(service), x.date(due)
		if fee != 0 && fee != 1 {
			x.refuse("%d is neither a fee nor none", fee)
		}
		if binder != 0 && binder != 1 {
			x.refuse("%d is neither a binder nor none", binder)
		}
		if prescription != 0 && prescription != 1 {
			x.refuse("%d is neither of the prescription payment plan nor not", prescription)
		}
		i.Bad = x.take()
		return i, nil
	})
}

// Unapplied implements proof.Snapshot.
func (v *view) Unapplied() iter.Seq2[proof.Unapplied, error] {
	x := newValues()
	const text = `SELECT ` + unappliedColumns + ` FROM unapplied ORDER BY book_no, seq`
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Unapplied, error) {
		var u proof.Unapplied
		var received sql.RawBytes
		var entity, fund int64
		if err := scan(&u.Book, &u.Seq, &entity, &fund, &received, &u.Amount, &u.Open); err != nil {
			return u, err
		}
		u.Purse, u.Received = x.purse(entity, fund), x.date(received)
		u.Bad = x.take()
		return u, nil
	})
}

// Suspense implements proof.Snapshot.
func (v *view) Suspense() iter.Seq2[proof.Suspense, error] {
	x := newValues()
	const text = `SELECT ` + suspenseColumns + ` FROM suspense ORDER BY book_no, seq`
	return stream(v, fetchRows, text, func(scan func(...any) error) (proof.Suspense, error) {
		var e proof.Suspense
		var received, sealed sql.RawBytes
		var entity, fund, opened int64
		err := scan(&e.Book, &e.Seq, &entity, &fund, &e.Rail, &e.Reason, &received, &opened, &e.Payment, &e.PartNo,
			&e.Amount, &e.Open, &sealed)
		if err != nil {
			return e, err
		}
		e.Purse, e.Received, e.OpenedAt = x.purse(entity, fund), x.date(received), instant(opened)
		plain, err := v.seal.Open(sealed, suspenseContext(e.Book, e.Seq))
		if err == nil {
			err = json.Unmarshal(plain, &e.Details)
		}
		if err != nil {
			x.note(err)
		}
		e.Bad = x.take()
		return e, nil
	})
}

// Endings implements proof.Snapshot.
func (v *view) Endings() iter.Seq2[cashier.Ending, error] {
	const text = `SELECT book_no, seq, by_seq FROM ending ORDER BY book_no, seq`
	return stream(v, fetchRows, text, func(scan func(...any) error) (e cashier.Ending, err error) {
		return e, scan(&e.Book, &e.Seq, &e.BySeq)
	})
}

// Files implements proof.Snapshot.
func (v *view) Files() iter.Seq2[proof.File, error] {
	// Everything that names a file asks for its row, so that one that is gone is missed.
	const text = `SELECT n.book_no, COALESCE(f.opaque_id, ''), COALESCE(f.name, ''), COALESCE(f.format, ''), f.sha256,
		COALESCE(f.bytes, 0), COALESCE(f.business_id, ''), COALESCE(f.verdict, ''), COALESCE(f.facts, ''),
		COALESCE(f.problems, ''), COALESCE(f.items, 0), COALESCE(f.total_cents, 0), COALESCE(f.received_at, 0),
		COALESCE(f.actor, ''), COALESCE(f.chunks, 0), f.row_digest, CASE WHEN d.book_no IS NULL THEN 0 ELSE 1 END,
		COALESCE(p.items, 0), COALESCE(p.cents, 0), COALESCE(t.items, 0), COALESCE(t.cents, 0)
		FROM (SELECT book_no FROM kept_file UNION SELECT book_no FROM file_identity UNION SELECT book_no FROM file_progress
			UNION SELECT book_no FROM file_done) n
		LEFT JOIN kept_file f ON f.book_no = n.book_no
		LEFT JOIN file_done d ON d.book_no = n.book_no
		LEFT JOIN (SELECT book_no, CAST(SUM(items) AS BIGINT) AS items, CAST(SUM(total_cents) AS BIGINT) AS cents
			FROM file_progress GROUP BY book_no) p ON p.book_no = n.book_no
		LEFT JOIN (SELECT book_no, CAST(SUM(items) AS BIGINT) AS items, CAST(SUM(total_cents) AS BIGINT) AS cents
			FROM file_told_again GROUP BY book_no) t ON t.book_no = n.book_no
		ORDER BY n.book_no`
	return stream(v, fetchChunks, text, func(scan func(...any) error) (proof.File, error) {
		var f proof.File
		var name, format, business, verdict, facts, problems, actor string
		var received, done int64
		err := scan(&f.Book, &f.Opaque, &name, &format, &f.SHA256, &f.Bytes, &business, &verdict, &facts, &problems,
			&f.Items, &f.Total, &received, &actor, &f.Chunks, &f.RowDigest, &done, &f.Posted, &f.Cents, &f.Again, &f.AgainCents)
		f.Done = done == 1
		f.Digest = ledger.DocumentDigest("file",
			[]int64{int64(f.Book), f.Bytes, f.Items, int64(f.Total), received, f.Chunks},
			[]string{string(f.Opaque), name, format, string(f.SHA256), business, verdict, facts, problems, actor})
		return f, err
	})
}

// Chunks implements proof.Snapshot.
func (v *view) Chunks() iter.Seq2[proof.Chunk, error] {
	const text = `SELECT book_no, chunk_no, sealed FROM kept_file_chunk ORDER BY book_no, chunk_no`
	return stream(v, fetchChunks, text, func(scan func(...any) error) (c proof.Chunk, err error) {
		return c, scan(&c.File, &c.No, &c.Sealed)
	})
}

// OpenChunk implements proof.Snapshot.
func (v *view) OpenChunk(c proof.Chunk) ([]byte, error) {
	return v.seal.Open(c.Sealed, chunkContext(c.File, int(c.No)))
}
