package remittance

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// daysApart is how far the day that a remittance names may lie from the day on
// which money of its amount was placed in the payer's book, to be taken for it.
const daysApart = 10

// Outcome is what became of settling a remittance.
type Outcome struct {
	ID
	Done bool
	Why  string // it is not done
}

// SettleOpen settles every remittance whose money is here by now.
func (m *Remittances) SettleOpen(ctx context.Context, by ident.Actor) ([]Outcome, error) {
	const op = "remittance.SettleOpen"
	open, err := m.store.Remittances(ctx, true)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var outcomes []Outcome
	for i := range slices.Backward(open) { // the oldest first
		o, err := m.settle(ctx, &open[i], nil, by)
		if err != nil {
			return outcomes, fault.Wrap(op, err)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// Settle settles one remittance with the money that staff name, or with what is
// found for it when they name none.
func (m *Remittances) Settle(ctx context.Context, id ID, with []cashier.Ref, by ident.Actor) (Outcome, error) {
	const op = "remittance.Settle"
	r, err := m.store.Remittance(ctx, id)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	if r.Settled {
		return Outcome{}, fault.New(fault.Conflict, op, "this remittance is settled already")
	}
	o, err := m.settle(ctx, &r, with, by)
	return o, fault.Wrap(op, err)
}

// settle puts the money of a remittance where it says, if it is here.
func (m *Remittances) settle(ctx context.Context, r *Remittance, with []cashier.Ref, by ident.Actor) (Outcome, error) {
	o := Outcome{ID: r.ID}
	order := cashier.Order{
		Key: ident.Key(fmt.Sprintf("remittance:%d:%d", r.File, r.ID.Set)), Actor: by,
		Reason: fmt.Sprintf("remittance of %s, trace %s", r.PaidOn, shortened(r.Trace)),
	}
	claim := payment.IDOf(order.Key)
	have, err := m.store.Read(ctx, cashier.Want{Claims: []payment.ID{claim}})
	if err != nil {
		return o, err
	}
	if _, done := have.Claims[claim]; !done {
		named := with != nil
		if !named {
			if with, o.Why, err = m.money(ctx, r); err != nil || o.Why != "" {
				return o, err
			}
		}
		s, err := m.settlement(ctx, r, with)
		if err != nil {
			return o, err
		}
		_, err = m.cashier.Settle(ctx, order, s)
		if kind := fault.KindOf(err); !named && (kind == fault.Conflict || kind == fault.Invalid) {
			o.Why = fault.MessageOf(err) // the money is somewhere else by now: staff look
			return o, nil
		}
		if err != nil {
			return o, err
		}
	}
	o.Done = true
	return o, m.store.Settled(ctx, r.ID, string(claim), by)
}

// shortened keeps what a payer wrote within what a reason may hold.
func shortened(trace string) string { return trace[:min(len(trace), 100)] }

// Excepted is what staff must look at of a remittance.
type Excepted struct {
	Lines  []KeptLine  // each with its text as it stands in the file
	Months []PaidMonth // what was not paid as billed
}

// Exceptions gives what staff must look at of a remittance, of whose kept file
// content is read anew.
func (m *Remittances) Exceptions(ctx context.Context, id ID, content io.Reader, read Reader) (Excepted, error) {
	const op = "remittance.Exceptions"
	var e Excepted
	var err error
	if e.Lines, err = m.store.ExceptedLines(ctx, id); err != nil {
		return e, fault.Wrap(op, err)
	}
	if e.Months, err = m.store.ExceptedMonths(ctx, id); err != nil || len(e.Lines) == 0 {
		return e, fault.Wrap(op, err)
	}
	set, next := 0, 0
	_, err = read(content, func(p Payment) error {
		set = p.Set
		return nil
	}, func(l Line) error {
		if set == id.Set && next < len(e.Lines) && e.Lines[next].No == l.No {
			e.Lines[next].Text, e.Lines[next].References = l.Text, l.References
			next++
		}
		return nil
	})
	return e, fault.Wrap(op, err)
}

// settlement says in the cashier's words what a remittance explains.
func (m *Remittances) settlement(ctx context.Context, r *Remittance, with []cashier.Ref) (cashier.Settlement, error) {
	s := cashier.Settlement{
		Remittance: fmt.Sprintf("%d:%d", r.File, r.ID.Set), Payer: ledger.BookNo(r.Payer), Purse: m.house.PurseOf(chart.Premium),
		On: r.PaidOn, Money: with,
	}
	sums, err := m.store.Sums(ctx, r.ID)
	for _, sum := range sums {
		if sum.Held {
			s.Held += sum.Cents
			continue
		}
		if account, other := accounts[sum.Kind]; other {
			s.Others = append(s.Others, cashier.OtherPaid{Account: account, Cents: sum.Cents})
			continue
		}
		s.Months = append(s.Months, cashier.MonthPaid{Month: sum.Month, Cents: sum.Cents})
	}
	// What names no month takes what the named ones left.
	slices.SortStableFunc(s.Months, func(a, b cashier.MonthPaid) int {
		switch {
		case a.Month.IsZero() == b.Month.IsZero():
			return a.Month.Compare(b.Month)
		case a.Month.IsZero():
			return 1
		}
		return -1
	})
	return s, err
}

// money finds where a remittance's money is, or says why it is not found: in
// suspense under its trace, or placed in the payer's book under the payer's number.
func (m *Remittances) money(ctx context.Context, r *Remittance) (refs []cashier.Ref, why string, err error) {
	if r.Amount <= 0 {
		return nil, "", nil
	}
	entries, err := m.store.SuspendedPayments(ctx, r.Amount)
	if err != nil {
		return nil, "", err
	}
	traced := map[payment.ID]bool{}
	for i := range entries {
		d := &entries[i].Details
		if entries[i].Reason == suspense.PossibleDuplicate {
			continue // whether it is a second payment at all, staff must find out
		}
		if names(d.Reference, r.Trace) || names(d.Source, r.Trace) {
			traced[entries[i].Payment] = true
		}
	}
	if len(traced) > 1 {
		return nil, "several payments of its amount in suspense name its trace", nil
	}
	for i := range entries {
		if e := &entries[i]; traced[e.Payment] {
			refs = append(refs, cashier.Ref{Book: e.Book, Seq: e.Seq})
		}
	}
	if len(refs) > 0 {
		return refs, "", nil
	}
	placed, err := m.store.PlacedPayments(ctx, ledger.BookNo(r.Payer), r.Amount, r.PaidOn.AddDays(-daysApart), r.PaidOn.AddDays(daysApart))
	switch {
	case err != nil:
		return nil, "", err
	case len(placed) == 0:
		return nil, "its money is not here", nil
	case len(placed) > 1:
		return nil, "the payer's account has several payments of its amount: name the one with --money", nil
	}
	return placed, "", nil
}

// names reports whether a text holds a trace as a word of its own, with or without
// zeros before it.
func names(text, trace string) bool {
	want := strings.TrimLeft(strings.ToUpper(strings.TrimSpace(trace)), "0")
	if want == "" {
		return false
	}
	upper := strings.ToUpper(text)
	for from := 0; ; {
		at := strings.Index(upper[from:], want)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(want)
		start := at
		for start > 0 && upper[start-1] == '0' {
			start--
		}
		if (start == 0 || !isWord(upper[start-1])) && (end == len(upper) || !isWord(upper[end])) {
			return true
		}
		from = at + 1
	}
}

func isWord(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 0x80 }
