package proof

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// paidItem is what a transaction put on an item and nothing has taken off since.
type paidItem struct {
	seq, item int64
	left      money.Cents
}

// away is money on an account outside items, unapplied money and suspense, until
// a later transaction moves all of it on.
type away struct {
	seq     int64
	account ledger.Account
	cents   money.Cents
}

// backRule is what one event on the way back must be.
type backRule struct {
	of   []ledger.Event // what it refers to
	ends bool           // and ends it
	// from and to are what it must take and put, in equal amounts; nil where
	// another rule sees to it.
	from, to func(m *movement) money.Cents
}

var placing = []ledger.Event{
	chart.PaymentReceived, chart.PaymentPlaced, chart.PaymentReapplied, chart.PaymentSuspended, chart.DisputeWon, chart.RefundCancelled,
}

func lain(m *movement) money.Cents     { return m.suspenseD + m.unappliedD + m.receivableD }
func payable(m *movement) money.Cents  { return m.returns.put }
func released(m *movement) money.Cents { return m.returns.taken }
func cleared(m *movement) money.Cents  { return m.clearing.put }
func gone(m *movement) money.Cents     { return m.clearing.taken }
func kept(m *movement) money.Cents     { return m.unclaimed.put }
func unkept(m *movement) money.Cents   { return m.unclaimed.taken }

// wayBack says what refunds and disputes are made of.
var wayBack = map[ledger.Event]backRule{
	chart.PaymentRefunded: {of: append(slices.Clone(placing), chart.ItemCredited), from: lain, to: payable},
	chart.PaymentDisputed: {of: append(slices.Clone(placing), chart.PaymentApplied), from: lain, to: gone},
	chart.RefundSent: {
		of: []ledger.Event{chart.PaymentRefunded, chart.RefundReturned, chart.RefundReclaimed}, ends: true, from: released, to: gone,
	},
	chart.RefundReturned: {of: []ledger.Event{chart.RefundSent}, ends: true, from: cleared, to: payable},
	chart.RefundCancelled: {
		of: []ledger.Event{chart.PaymentRefunded, chart.RefundReturned, chart.RefundReclaimed}, ends: true, from: released,
	},
	chart.RefundUnclaimed: {
		of: []ledger.Event{chart.PaymentRefunded, chart.RefundReturned, chart.RefundReclaimed}, ends: true, from: released, to: kept,
	},
	chart.RefundReclaimed: {of: []ledger.Event{chart.RefundUnclaimed}, ends: true, from: unkept, to: payable},
	chart.RefundRemitted:  {of: []ledger.Event{chart.RefundUnclaimed}, ends: true, from: unkept, to: gone},
	chart.DisputeWon:      {of: []ledger.Event{chart.PaymentDisputed}, ends: true, from: cleared},
}

// wayBack checks a transaction of a refund or dispute, and that no other
// transaction touches refunds-payable or unclaimed. Money that a refund sent or a dispute
// took comes back whole, to the account from which it went.
func (r *replay) wayBack(t *ledger.Transaction, m *movement) error {
	posting := func(expected, found string) error {
		return r.broken("posting", ", "+seqText(t.Seq), expected, found)
	}
	rule, known := wayBack[t.Event]
	if !known {
		if m.returns.account != 0 || m.unclaimed.account != 0 {
			return posting("refunds-payable and unclaimed in a refund only", fmt.Sprintf("%q", t.Event))
		}
		return nil
	}
	switch {
	case t.Phase != ledger.Posted || t.Of == 0 || !slices.Contains(rule.of, r.past[t.Of-1].event):
		return posting("a transaction that it takes from", "another or none")
	case rule.from(m) == 0 || rule.to != nil && rule.to(m) != rule.from(m):
		return posting("as much put there as was taken", "another amount")
	}
	if m.returns.taken > 0 && !moveOn(r.returns, t.Of, m.returns.account, m.returns.taken) {
		return posting("all that "+seqText(t.Of)+" put on refunds-payable", m.returns.taken.String())
	}
	if m.clearing.put > 0 && !moveOn(r.away, t.Of, m.clearing.account, m.clearing.put) {
		return posting("all that "+seqText(t.Of)+" took from its clearing account", m.clearing.put.String())
	}
	if m.unclaimed.taken > 0 && !moveOn(r.away, t.Of, m.unclaimed.account, m.unclaimed.taken) {
		return posting("all that "+seqText(t.Of)+" put on unclaimed", m.unclaimed.taken.String())
	}
	if m.unclaimed.put > 0 {
		r.away = append(r.away, away{t.Seq, m.unclaimed.account, m.unclaimed.put})
	}
	if m.returns.put > 0 {
		r.returns = append(r.returns, away{t.Seq, m.returns.account, m.returns.put})
	}
	if m.clearing.taken > 0 {
		r.away = append(r.away, away{t.Seq, m.clearing.account, m.clearing.taken})
	}
	return nil
}

// moveOn moves all that a transaction put away, once.
func moveOn(all []away, seq int64, account ledger.Account, cents money.Cents) bool {
	at, ok := slices.BinarySearchFunc(all, seq, func(a away, seq int64) int { return cmp.Compare(a.seq, seq) })
	if !ok || all[at].account != account || all[at].cents != cents {
		return false
	}
	all[at].cents = 0
	return true
}

// onPaid follows what was put on items by which transaction: whatever takes money
// off an item again takes it from one that put it there, and no more than that.
func (r *replay) onPaid(t *ledger.Transaction, p ledger.Posting) error {
	if p.Credit == r.items[p.Item-1].purse.Account(chart.Receivable) {
		r.paid = append(r.paid, paidItem{t.Seq, p.Item, p.Cents})
		return nil
	}
	if t.Of == 0 {
		return nil // it was billed, or came from another debtor
	}
	at, _ := slices.BinarySearchFunc(r.paid, t.Of, func(a paidItem, seq int64) int { return cmp.Compare(a.seq, seq) })
	for ; at < len(r.paid) && r.paid[at].seq == t.Of; at++ {
		if r.paid[at].item == p.Item && r.paid[at].left >= p.Cents {
			r.paid[at].left -= p.Cents
			return nil
		}
	}
	return r.broken("posting", ", "+seqText(t.Seq),
		fmt.Sprintf("%s that %s put on item %d", p.Cents, seqText(t.Of), p.Item), "less or none")
}
