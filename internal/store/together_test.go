package store_test

import (
	"context"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/store/storetest"
)

// Small acts are written together, all or none.
func TestTogether_AllOrNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx, book := t.Context(), ledger.BookNo(o.Members(t, 1)[0])
		var methods []ident.Opaque
		for _, number := range []string{"1234567", "7654321"} {
			account, err := mandate.ParseBankAccount("121042882", number, "checking", "A Payer", false)
			if err != nil {
				t.Fatal(err)
			}
			m := mandate.Method{ID: ident.NewOpaque(), Book: book, Kind: mandate.Bank, State: mandate.MethodActive, Account: account, Shown: account.Mask()}
			if err := o.Store.KeepMethod(ctx, m, methodEvent(o, m.ID)); err != nil {
				t.Fatal(err)
			}
			methods = append(methods, m.ID)
		}
		end := func(ctx context.Context, id ident.Opaque) error {
			return o.Store.EndMethod(ctx, book, id, mandate.MethodDead, methodEvent(o, id))
		}
		twice := o.Store.Together(ctx, func(ctx context.Context) error {
			for _, id := range []ident.Opaque{methods[0], methods[1], methods[1]} {
				if err := end(ctx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if fault.KindOf(twice) != fault.Conflict {
			t.Errorf("two acts on one row: %v", twice)
		}
		for _, id := range methods {
			if m := active(t, o, book, id); !m.Active {
				t.Error("an act of a group that failed was kept")
			}
		}
		err := o.Store.Together(ctx, func(ctx context.Context) error {
			for _, id := range methods {
				if err := end(ctx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range methods {
			if m := active(t, o, book, id); m.Active {
				t.Error("an act of a group was not kept")
			}
		}
	})
}

func methodEvent(o *storetest.Office, subject ident.Opaque) mandate.Event {
	return mandate.Event{Subject: subject, Act: "test", At: o.Clock.Now(), Actor: ident.Actor{Kind: ident.Staff, Name: "clerk"}}
}

func active(t *testing.T, o *storetest.Office, book ledger.BookNo, id ident.Opaque) clearing.Method {
	t.Helper()
	m, err := o.Store.BankMethod(t.Context(), book, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
