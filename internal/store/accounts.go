package store

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
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
