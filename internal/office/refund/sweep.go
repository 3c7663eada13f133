package refund

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Candidate is a credit balance that a sweep looked at.
type Candidate struct {
	Book   ledger.BookNo
	Fund   chart.Fund
	Amount money.Cents
	Since  calendar.Date
	back.Judgement
}

// Swept tells what a sweep found, and what it asked for unless it was a look.
type Swept struct {
	Goes, Small int
	Cents       money.Cents // that goes back
	SmallCents  money.Cents // that stays
	Asked       int         // new refunds
}

func (s Swept) String() string {
	return fmt.Sprintf("%d credit balances of %s go back, %d of %s are too small", s.Goes, s.Cents.Grouped(), s.Small, s.SmallCents.Grouped())
}

// sweepTogether is how many credit balances make one transaction.
const sweepTogether = 500

// Sweep finds the credit balances that are due back by rule and asks for their
// refunds, chunk by chunk by ascending account. With look it asks for nothing. Each,
// if given, is told of every balance that goes or is too small. It may be killed and
// run again: a balance is asked for once until its refund is over.
func (d *Desk) Sweep(ctx context.Context, by ident.Actor, look bool, each func(Candidate) error) (Swept, error) {
	const op = "refund.Sweep"
	var swept Swept
	if by.IsZero() {
		return swept, fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	today := d.house.PostingDay(d.house.PurseOf(chart.Premium).Entity)
	since := today.AddDays(-d.o.Rules.ShortestWait(today))
	for after := ledger.BookNo(0); ; {
		rows, err := d.store.CreditRows(ctx, since, after, sweepTogether)
		if err != nil || len(rows) == 0 {
			return swept, fault.Wrap(op, err)
		}
		var changes []Change
		for _, row := range rows {
			after = row.Book
			j := d.o.Rules.Judge(row.Credit, today)
			if j.Verdict == back.Waits {
				continue
			}
			swept.count(row.Amount, j.Verdict)
			if each != nil {
				if err := each(Candidate{row.Book, row.Fund, row.Amount, row.Since, j}); err != nil {
					return swept, err
				}
			}
			if j.Verdict == back.Goes && !look {
				changes = append(changes, d.sweepOne(&row, j, today, by))
			}
		}
		if len(changes) > 0 {
			asked, err := d.store.ChangeRefunds(ctx, changes)
			if err != nil {
				return swept, fault.Wrap(op, err)
			}
			swept.Asked += asked
		}
	}
}

func (s *Swept) count(cents money.Cents, v back.Verdict) {
	if v == back.Small {
		s.Small, s.SmallCents = s.Small+1, s.SmallCents+cents
		return
	}
	s.Goes, s.Cents = s.Goes+1, s.Cents+cents
}

// sweepOne asks for the refund of a balance. Its money and tender are found when it is
// carried out.
func (d *Desk) sweepOne(row *CreditRow, j back.Judgement, today calendar.Date, by ident.Actor) Change {
	key := ident.Key(fmt.Sprintf("sweep:%d:%d:%s", row.Book, row.Purse.Fund.No(), today))
	reason := fmt.Sprintf("credit balance since %s, %s", row.Since, j.Rule.Authority)
	return d.wanted(key, row.Book, row.Purse, row.Amount, back.Swept, reason, j.DueBy, by)
}

func (d *Desk) wanted(
	key ident.Key, book ledger.BookNo, purse chart.Purse, amount money.Cents, cause back.Cause, reason string, due calendar.Date, by ident.Actor,
) Change {
	r := back.Refund{
		ID: payment.IDOf(key), Key: key, Book: book, Purse: purse, Amount: amount, Cause: cause, Reason: reason, DueBy: due, By: by,
		MadeAt: d.clock.Now(),
	}
	return d.step(&r, by, back.Requested, reason)
}

// Duties asks for the refunds of premium that payment statuses made due: coverage
// ended, or never began. It gives how many are new. Only what is unapplied by then
// goes back: what the status freed.
func (d *Desk) Duties(ctx context.Context, by ident.Actor) (int, error) {
	const op = "refund.Duties"
	if by.IsZero() {
		return 0, fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	total := 0
	for {
		rows, err := d.store.RefundDuties(ctx, sweepTogether)
		if err != nil || len(rows) == 0 {
			return total, fault.Wrap(op, err)
		}
		var changes []Change
		for _, row := range rows {
			reason := fmt.Sprintf("premium due back since %s: coverage ended or never began", row.On)
			changes = append(changes, d.wanted(DutyKey(row.Policy, row.Key), ledger.BookNo(row.Policy.Number), d.house.PurseOf(chart.Premium),
				row.Amount, back.Duty, reason, row.DueBy, by))
		}
		asked, err := d.store.ChangeRefunds(ctx, changes)
		if err != nil {
			return total, fault.Wrap(op, err)
		}
		if asked == 0 {
			return total, nil
		}
		total += asked
	}
}

// DutyKey is the idempotency key of the refund that a duty of a policy asks for.
func DutyKey(policy coverage.Key, duty string) ident.Key {
	return ident.Key(fmt.Sprintf("duty:%d:%d:%s", int64(policy.Number), policy.No, duty))
}

// TakeOverCards takes over refunds to cards that failed: those that this desk began go
// on with the next tender, and for those that were made otherwise a refund is asked
// for. It gives how many.
func (d *Desk) TakeOverCards(ctx context.Context, by ident.Actor) (int, error) {
	const op = "refund.TakeOverCards"
	if d.o.Cards == nil {
		return 0, nil
	}
	found, err := d.o.Cards.Exceptions(ctx)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	taken := 0
	for i := range found.Refunds {
		failed := &found.Refunds[i]
		if failed.State != checkout.CaseFailed || len(failed.Shares) == 0 || failed.Shares[0].At.Book.IsOperating() {
			continue
		}
		if err := d.takeOver(ctx, failed, by); err != nil {
			return taken, fault.Wrap(op, err)
		}
		taken++
	}
	return taken, nil
}

func (d *Desk) takeOver(ctx context.Context, failed *checkout.RefundCase, by ident.Actor) error {
	if rest, ours := strings.CutPrefix(string(failed.Order.Key), "refund:"); ours {
		id, _, _ := strings.Cut(rest, ":")
		r, err := d.store.RefundRequest(ctx, payment.ID(id))
		if err != nil || r.State != back.Ordered && r.State != back.Sent {
			return err
		}
		return d.fromCard(ctx, &r, by, failed.Problem)
	}
	came, err := d.books.Came(ctx, failed.Shares[0].At)
	if err != nil {
		return err
	}
	key := ident.Key(fmt.Sprintf("card-failed:%s:%d", failed.Attempt, failed.No))
	order := cashier.Order{Key: key, Actor: by, Reason: "the card refused the refund"}
	if _, err := d.o.Cards.CancelRefund(ctx, order, failed.Attempt, failed.No); err != nil {
		return err
	}
	change := d.wanted(key, failed.Shares[0].At.Book, came.Purse, failed.Amount, back.Failed, failed.Order.Reason, calendar.Date{}, by)
	change.Refund.Tried = []back.Tender{back.Card}
	_, err = d.store.ChangeRefunds(ctx, []Change{change})
	return err
}
