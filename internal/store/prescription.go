package store

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/prescription"
)

var _ prescription.Store = (*Store)(nil)

// PrescriptionBills implements prescription.Store.
func (s *Store) PrescriptionBills(
	ctx context.Context, books []ledger.BookNo,
) (map[ledger.BookNo][]cashier.PrescriptionBill, error) {
	bills := map[ledger.BookNo][]cashier.PrescriptionBill{}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, bill_no, number, month, cents, issued_on, due_on, item_book, item_no, body FROM prescription_bill WHERE ` +
			s.engine.list("book_no", 1, integerColumn) + ` ORDER BY book_no, bill_no`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var b cashier.PrescriptionBill
			var month, issued, due string
			err := scan(&b.Book, &b.No, &b.Number, &month, &b.Cents, &issued, &due, &b.ItemBook, &b.ItemNo, &b.Body)
			if err != nil {
				return err
			}
			if b.Month, err = scanMonth(month); err != nil {
				return err
			}
			bills[b.Book] = append(bills[b.Book], b)
			last := &bills[b.Book][len(bills[b.Book])-1]
			return scanDates(map[*calendar.Date]string{&last.IssuedOn: issued, &last.DueOn: due})
		},
	})
	return bills, fault.Wrap("store.PrescriptionBills", err)
}

// PrescriptionOpen implements prescription.Store.
func (s *Store) PrescriptionOpen(ctx context.Context, after ledger.BookNo, limit int) ([]openitem.Item, error) {
	var items []openitem.Item
	err := s.engine.read(ctx, query{
		text: `SELECT ` + itemColumns + ` FROM open_item WHERE prescription = 1 AND open_cents > 0 AND book_no IN (
				SELECT DISTINCT book_no FROM open_item WHERE prescription = 1 AND open_cents > 0 AND book_no > $1
				ORDER BY book_no LIMIT $2)
			ORDER BY book_no, item_no`,
		args: []any{int64(after), int64(limit)},
		each: func(scan func(...any) error) error {
			i, check, err := scanItem(scan)
			if err == nil && check != rowCheck(i.Digest()) {
				err = fault.New(fault.Corrupt, "store.PrescriptionOpen", "a stored item does not fit its digest")
			}
			items = append(items, i)
			return err
		},
	})
	return items, fault.Wrap("store.PrescriptionOpen", err)
}

func prescriptionBulk(bills []cashier.PrescriptionBill) *bulk {
	b := insertInto("prescription_bill", "book_no", "bill_no", "number", "month", "cents", "issued_on", "due_on", "item_book",
		"item_no", "body")
	for i := range bills {
		v := &bills[i]
		b.add(int64(v.Book), v.No, v.Number, v.Month.String(), int64(v.Cents), v.IssuedOn.String(), v.DueOn.String(),
			int64(v.ItemBook), v.ItemNo, v.Body)
	}
	return b
}
