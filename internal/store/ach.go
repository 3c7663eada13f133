package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
)

var _ clearing.Orders = (*Store)(nil)

const achEntryColumns = `book_no, entry_id, direction, kind, method_id, mandate_id, refund_id, entity_no, fund_no, sec, recurring,
	amount_cents, credit_on, settle_on, items, state, why, tries, first_entry_id, file_no, trace, return_code, returned_on, actor,
	ordered_at, changed_at`

func achReturnContext(file ledger.BookNo, item int64) string {
	return fmt.Sprintf("ach/return/%d/%d", file, item)
}

// BankMethod implements clearing.Orders.
func (s *Store) BankMethod(ctx context.Context, book ledger.BookNo, method ident.Opaque) (clearing.Method, error) {
	var m clearing.Method
	found := false
	err := s.engine.read(ctx, query{
		text: `SELECT kind, state, business, validated_on FROM payment_method WHERE book_no = $1 AND method_id = $2`,
		args: []any{int64(book), string(method)},
		each: func(scan func(...any) error) error {
			found = true
			var kind, state, validated string
			var business int64
			err := scan(&kind, &state, &business, &validated)
			m = clearing.Method{Active: state == "active", Bank: kind == "bank", Business: business == 1, Validated: validated != ""}
			return err
		},
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, "store.BankMethod", "the account has no such payment method")
	}
	return m, fault.Wrap("store.BankMethod", err)
}

func achEntryRow(e *clearing.Entry) []any {
	items := ""
	if len(e.Items) > 0 {
		items = jsonText(e.Items)
	}
	return []any{
		int64(e.Book), string(e.ID), string(e.Direction), string(e.Kind), string(e.Method), string(e.Mandate), string(e.Refund),
		int64(e.Purse.Entity), int64(e.Purse.Fund.No()), string(e.SEC), flag(e.Recurring), int64(e.Amount), e.CreditOn.String(),
		e.SettleOn.String(), items, string(e.State), e.Why, int64(e.Tries), string(e.First), e.File, int64(e.Trace), e.ReturnCode,
		e.ReturnedOn.String(), e.Actor.String(), e.OrderedAt.UnixMicro(), e.ChangedAt.UnixMicro(),
	}
}

func scanAchEntry(scan func(...any) error, more ...any) (clearing.Entry, error) {
	var e clearing.Entry
	var entity, fund, recurring, ordered, changed int64
	var credit, settle, items, returned, actor string
	dest := append([]any{
		&e.Book, &e.ID, &e.Direction, &e.Kind, &e.Method, &e.Mandate, &e.Refund, &entity, &fund, &e.SEC, &recurring, &e.Amount, &credit,
		&settle, &items, &e.State, &e.Why, &e.Tries, &e.First, &e.File, &e.Trace, &e.ReturnCode, &returned, &actor, &ordered, &changed,
	}, more...)
	if err := scan(dest...); err != nil {
		return e, err
	}
	e.Recurring, e.OrderedAt, e.ChangedAt = recurring == 1, instant(ordered), instant(changed)
	if items != "" {
		if err := json.Unmarshal([]byte(items), &e.Items); err != nil {
			return e, fault.New(fault.Corrupt, "store.scan", "the stored items of an entry do not parse")
		}
	}
	var err error
	if e.Purse, err = scanPurse(entity, fund); err != nil {
		return e, err
	}
	if e.Actor, err = scanActor(actor); err != nil {
		return e, err
	}
	return e, scanDates(map[*calendar.Date]string{&e.CreditOn: credit, &e.SettleOn: settle, &e.ReturnedOn: returned})
}

// NewEntries implements clearing.Orders.
func (s *Store) NewEntries(ctx context.Context, entries []clearing.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return fault.Wrap("store.NewEntries", s.engine.write(ctx, newEntries(entries)))
}

func newEntries(entries []clearing.Entry) *bulk {
	rows := insertInto("ach_entry", columnNames(achEntryColumns)...)
	rows.known, rows.taken = true, "ON CONFLICT DO NOTHING"
	for i := range entries {
		rows.add(achEntryRow(&entries[i])...)
	}
	return rows
}

func (s *Store) achEntries(ctx context.Context, where string, args ...any) ([]clearing.Entry, error) {
	var entries []clearing.Entry
	err := s.engine.read(ctx, query{
		text: `SELECT ` + achEntryColumns + ` FROM ach_entry ` + where, args: args,
		each: func(scan func(...any) error) error {
			e, err := scanAchEntry(scan)
			entries = append(entries, e)
			return err
		},
	})
	return entries, err
}

// Entry implements clearing.Orders.
func (s *Store) Entry(ctx context.Context, ref clearing.EntryRef) (clearing.Entry, error) {
	const op = "store.Entry"
	entries, err := s.achEntries(ctx, `WHERE book_no = $1 AND entry_id = $2`, int64(ref.Book), string(ref.ID))
	switch {
	case err != nil:
		return clearing.Entry{}, fault.Wrap(op, err)
	case len(entries) == 0:
		return clearing.Entry{}, fault.New(fault.NotFound, op, "there is no such entry")
	}
	return entries[0], nil
}

// EntriesOf implements clearing.Orders.
func (s *Store) EntriesOf(ctx context.Context, book ledger.BookNo) ([]clearing.Entry, error) {
	entries, err := s.achEntries(ctx, `WHERE book_no = $1 ORDER BY ordered_at DESC, entry_id`, int64(book))
	return entries, fault.Wrap("store.EntriesOf", err)
}

// MoveEntry implements clearing.Orders.
func (s *Store) MoveEntry(ctx context.Context, was clearing.State, e *clearing.Entry) error {
	rows := movedEntries()
	moveEntry(rows, was, e)
	err := s.engine.write(ctx, rows)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.MoveEntry", "the entry moved on meanwhile")
	}
	return fault.Wrap("store.MoveEntry", err)
}

func movedEntries() *bulk {
	return updateOf("ach_entry", 2, 1, "book_no", "entry_id", "state", "state", "why", "return_code", "returned_on", "actor", "changed_at")
}

func moveEntry(rows *bulk, was clearing.State, e *clearing.Entry) {
	rows.add(int64(e.Book), string(e.ID), string(was), string(e.State), e.Why, e.ReturnCode, e.ReturnedOn.String(), e.Actor.String(),
		e.ChangedAt.UnixMicro())
}
