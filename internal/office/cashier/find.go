package cashier

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Find tells what became of a payment, and the claim on its key. NotFound when
// no payment has the id; other operations are not found either.
func (c *Cashier) Find(ctx context.Context, id payment.ID) (payment.Claim, Answer, error) {
	const op = "cashier.Find"
	have, err := c.store.Read(ctx, Want{Claims: []payment.ID{id}})
	if err != nil {
		return payment.Claim{}, Answer{}, fault.Wrap(op, err)
	}
	stored, ok := have.Claims[id]
	if !ok || stored.Act != payment.Pay {
		return payment.Claim{}, Answer{}, fault.New(fault.NotFound, op, "there is no payment with this id")
	}
	parts, err := c.receipts(ctx, newDesk(c.clock.Now(), Have{}), stored)
	if err != nil {
		return payment.Claim{}, Answer{}, fault.Wrap(op, err)
	}
	answer := answerOf(&stored.Claim, parts)
	answer.Accounts, err = c.accountsOf(ctx, nil, parts)
	return stored.Claim, answer, fault.Wrap(op, err)
}

func answerOf(claim *payment.Claim, parts []payment.ReceiptPart) Answer {
	return Answer{Payment: claim.ID, Received: claim.Received, RecordedAt: claim.RecordedAt, Parts: parts}
}

// opaqueOf gives the id by which a book that was read may be named, "" for none.
func (d *desk) opaqueOf(no ledger.BookNo) ident.Opaque {
	if b := d.books[no]; b != nil {
		return b.Opaque
	}
	return ""
}

// accountsOf gives the ids of the parts' billing accounts, from the books that
// were read and from the store for the others.
func (c *Cashier) accountsOf(
	ctx context.Context, read map[ledger.BookNo]*openBook, parts []payment.ReceiptPart,
) ([]ident.Opaque, error) {
	ids := make([]ident.Opaque, len(parts))
	var want Want
	for i := range parts {
		no := parts[i].About
		if b := read[no]; b != nil {
			ids[i] = b.Opaque
		} else if no != 0 {
			want.Books = append(want.Books, no)
		}
	}
	if len(want.Books) == 0 {
		return ids, nil
	}
	have, err := c.store.Read(ctx, want)
	if err != nil {
		return nil, fault.Wrap("cashier.accountsOf", err)
	}
	for i := range parts {
		if ids[i] == "" {
			ids[i] = have.Books[parts[i].About].Opaque
		}
	}
	return ids, nil
}
