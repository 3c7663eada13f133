package store

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

// NewBook is a book to open.
type NewBook struct {
	No      ledger.BookNo
	Kind    string // member, employer, sponsor, agency, or what an operating book is for
	Opaque  ident.Opaque
	Debtors cashier.Debtors
}

// Issued is the directory's source of numbers that this product issued.
const Issued = "billfold"

// Reserve reserves numbers in the directory and gives those that were free; a
// number that stands there already, issued or as an old number of any source,
// is left out, so that no collision reaches a caller.
func (s *Store) Reserve(ctx context.Context, numbers []billpay.Number) (free []billpay.Number, err error) {
	for {
		free, err = s.reserveOnce(ctx, numbers)
		if !errors.Is(err, cashier.ErrStale) {
			return free, err
		}
	}
}

func (s *Store) reserveOnce(ctx context.Context, numbers []billpay.Number) ([]billpay.Number, error) {
	handles := make([]string, len(numbers))
	for i, n := range numbers {
		handles[i] = n.Digits()
	}
	taken := map[string]bool{}
	err := s.engine.read(ctx, query{
		text: `SELECT handle FROM directory WHERE ` + s.engine.list("handle", 1, textColumn),
		args: []any{s.engine.texts(handles)},
		each: func(scan func(...any) error) error {
			var handle string
			err := scan(&handle)
			taken[handle] = true
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	at := s.clock.Now().UnixMicro()
	rows := insertInto("directory", "handle", "source", "book_no", "noted_at")
	free := make([]billpay.Number, 0, len(numbers))
	for i, n := range numbers {
		if taken[handles[i]] {
			continue
		}
		taken[handles[i]] = true // a number drawn twice in one batch counts once
		rows.add(handles[i], Issued, int64(n), at)
		free = append(free, n)
	}
	if len(free) == 0 {
		return nil, nil
	}
	return free, s.engine.write(ctx, rows)
}

// OpenBooks opens books whose numbers were reserved. It does nothing for a book
// that is open already.
func (s *Store) OpenBooks(ctx context.Context, books []NewBook) error {
	at := s.clock.Now().UnixMicro()
	empty := make([]byte, len(ledger.Digest{}))
	rows := insertInto("book", "book_no", "kind", "opaque_id", "status", "debtor_premium", "debtor_medical",
		"debtor_pharmacy", "digest", "opened_at")
	ids := insertInto("opaque_id", "opaque_id", "book_no")
	for _, b := range books {
		rows.add(int64(b.No), b.Kind, string(b.Opaque), string(cashier.Open), int64(b.Debtors.Premium),
			int64(b.Debtors.Medical), int64(b.Debtors.Pharmacy), empty, at)
		ids.add(string(b.Opaque), int64(b.No))
	}
	return s.engine.write(ctx, rows, ids)
}

// Entities gives legal entities their numbers in the books: the next free ones
// for those that have none, in the order given. A number never changes.
func (s *Store) Entities(ctx context.Context, ids []chart.EntityID) (map[chart.EntityID]chart.EntityNo, error) {
	numbers := map[chart.EntityID]chart.EntityNo{}
	last := chart.EntityNo(0)
	err := s.engine.read(ctx, query{
		text: `SELECT entity_id, entity_no FROM legal_entity`,
		each: func(scan func(...any) error) error {
			var id chart.EntityID
			var no chart.EntityNo
			err := scan(&id, &no)
			numbers[id], last = no, max(last, no)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	fresh := insertInto("legal_entity", "entity_id", "entity_no")
	for _, id := range ids {
		if _, known := numbers[id]; !known {
			last++
			numbers[id] = last
			fresh.add(string(id), int64(last))
		}
	}
	if fresh.rows == 0 {
		return numbers, nil
	}
	return numbers, s.engine.write(ctx, fresh)
}

// OpenOperatingBook opens a run of operating books for a file, a till or a day,
// and gives the first: its lanes have the numbers that follow. Numbers are
// drawn at random and kept apart from billing accounts by their range.
func (s *Store) OpenOperatingBook(ctx context.Context, kind string, lanes int) (ledger.BookNo, error) {
	if lanes >= ledger.OperatingRun {
		return 0, fault.New(fault.Internal, "store.OpenOperatingBook", "%d lanes are too many", lanes)
	}
	for {
		first := ledger.BookNo(1+rand.Int64N(int64(ledger.FirstBillingBook)/ledger.OperatingRun-1)) * ledger.OperatingRun
		books := make([]NewBook, lanes+1)
		for i := range books {
			books[i] = NewBook{No: first + ledger.BookNo(i), Kind: kind, Opaque: ident.NewOpaque()}
		}
		err := s.OpenBooks(ctx, books)
		if !errors.Is(err, cashier.ErrStale) {
			return first, err
		}
	}
}

// TillOf gives the operating book of a drawer on a posting day, and opens it
// with the day's first act.
func (s *Store) TillOf(ctx context.Context, drawer string, day calendar.Date) (ledger.BookNo, error) {
	find := func() (book ledger.BookNo, err error) {
		err = s.engine.read(ctx, query{
			text: `SELECT book_no FROM till WHERE drawer = $1 AND day = $2`,
			args: []any{drawer, day.String()},
			each: func(scan func(...any) error) error { return scan(&book) },
		})
		return book, err
	}
	book, err := find()
	if err != nil || book != 0 {
		return book, err
	}
	if book, err = s.OpenOperatingBook(ctx, "till", 0); err != nil {
		return 0, err
	}
	b := insertInto("till", "drawer", "day", "book_no")
	b.add(drawer, day.String(), int64(book))
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return find() // another counter act opened it first; the book opened here stays empty
	}
	return book, err
}

// OpaqueOf gives the id under which a book may be named outside. NotFound when
// there is no such book.
func (s *Store) OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error) {
	var opaque ident.Opaque
	err := s.engine.read(ctx, query{
		text: `SELECT opaque_id FROM book WHERE book_no = $1`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error { return scan(&opaque) },
	})
	if err == nil && opaque == "" {
		err = fault.New(fault.NotFound, "store.OpaqueOf", "there is no such billing account")
	}
	return opaque, err
}

// BookOf finds the book that an opaque id names. NotFound when it names none.
func (s *Store) BookOf(ctx context.Context, opaque ident.Opaque) (ledger.BookNo, error) {
	var book ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT book_no FROM opaque_id WHERE opaque_id = $1`,
		args: []any{string(opaque)},
		each: func(scan func(...any) error) error { return scan(&book) },
	})
	if err == nil && book == 0 {
		err = fault.New(fault.NotFound, "store.BookOf", "this id names nothing")
	}
	return book, err
}
